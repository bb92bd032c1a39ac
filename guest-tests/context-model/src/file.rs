//! The model: an open file's contexts and address spaces, as i915 keeps them.
//!
//! i915's calls are not all atomic. GETPARAM finds the context, building it if need be, and
//! reads the parameter later; of the address space it makes a handle later still;
//! CONTEXT_CREATE looks up an address space when it comes to that link of the chain, and
//! finds an id in the end. [`File::step`] does one such part of a call at a time, and what
//! happens between two parts is what other threads may be seen to do there.

use std::collections::BTreeMap;

use crate::call::{Answer, Call, Caller, Engine, Errno, Link, Set, Value, param};
use crate::maps::{Configuration, Slot, can_balance, read_map, read_slices};

/// The GPU, and how the driver was loaded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Platform {
    /// 11 or 12.
    pub graphics_version: u16,
    /// The module parameter `enable_hangcheck`.
    pub hangcheck: bool,
    /// The engines, in the order of the legacy map.
    pub engines: Vec<Engine>,
    /// Bytes of an address space.
    pub address_space: u64,
    /// The subslices there are, as a mask.
    pub subslices: u64,
    /// Execution units of each.
    pub units: u16,
}

impl Platform {
    pub(crate) fn has(&self, engine: Engine) -> bool {
        self.engines.contains(&engine)
    }
}

/// What proto-contexts and contexts have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Settings {
    no_error_capture: bool,
    bannable: bool,
    recoverable: bool,
    persistent: bool,
    priority: i64,
}

/// `struct i915_gem_proto_context`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Proto {
    settings: Settings,
    vm: Option<usize>,
    map: Option<Vec<Slot>>,
    /// By slot; without a map of its own for the render engine, as slot 0.
    slices: BTreeMap<usize, Configuration>,
}

/// `struct i915_gem_context`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Context {
    settings: Settings,
    vm: usize,
    map: Vec<Slot>,
    own_map: bool,
    slices: BTreeMap<usize, Configuration>,
    closed: bool,
    /// What an observer calls it.
    seen_as: Option<u64>,
}

/// `struct i915_address_space`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Vm {
    bind_mode: bool,
    seen_as: Option<u64>,
}

/// What an id stands for: one or the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Entry {
    Proto(Proto),
    Context(usize),
}

/// How far a call has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Progress {
    /// Nothing has happened yet.
    Begun,
    /// The descriptor was found to be open.
    Entered,
    /// A chain was followed up to this link.
    Creating(Box<Proto>, usize),
    /// A context was found.
    Found(usize),
    /// An address space was found that is to be given a handle.
    Handing(usize),
}

/// What a part of a call leads to.
pub(crate) enum Step {
    /// There is more to do.
    Next(Progress),
    /// The call is over, and its answer was the one observed.
    Over,
}

/// `struct drm_i915_file_private`, and whether its descriptor is open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct File {
    platform: Platform,
    open: bool,
    ids: BTreeMap<u32, Entry>,
    handles: BTreeMap<u32, usize>,
    contexts: Vec<Context>,
    vms: Vec<Vm>,
}

type Result<T> = std::result::Result<T, Errno>;

/// The step that ends a call, if the answer is the one observed.
fn agree(answer: Answer, observed: &Answer) -> Option<Step> {
    (answer == *observed).then_some(Step::Over)
}

fn refuse(errno: Errno, observed: &Answer) -> Option<Step> {
    agree(Answer::Failed(errno), observed)
}

/// `agree` for what may have failed.
fn conclude(result: Result<Answer>, observed: &Answer) -> Option<Step> {
    agree(result.unwrap_or_else(Answer::Failed), observed)
}

fn demand(holds: bool, errno: Errno) -> Result<()> {
    if holds { Ok(()) } else { Err(errno) }
}

impl File {
    /// `i915_gem_context_open`: a file that was just opened has the default context, which
    /// is a context from the beginning.
    pub fn open(platform: &Platform) -> Self {
        let mut file = Self {
            platform: platform.clone(),
            open: true,
            ids: BTreeMap::new(),
            handles: BTreeMap::new(),
            contexts: Vec::new(),
            vms: Vec::new(),
        };
        let proto = file.new_proto();
        file.contexts.push(file.context_of(&proto, 0));
        file.vms.push(Vm {
            bind_mode: false,
            seen_as: None,
        });
        file.ids.insert(0, Entry::Context(0));
        file
    }

    /// How many contexts were built.
    pub fn contexts_built(&self) -> usize {
        self.contexts.len()
    }

    /// Does the next part of a call. `None` if that can't be, seeing what was answered.
    pub(crate) fn step(
        &mut self,
        caller: Caller,
        call: &Call,
        progress: &Progress,
        observed: &Answer,
    ) -> Option<Step> {
        match progress {
            Progress::Begun if self.open => Some(Step::Next(Progress::Entered)),
            Progress::Begun => refuse(Errno::EBADF, observed),
            Progress::Entered => self.enter(caller, call, observed),
            Progress::Creating(proto, next) => {
                let Call::Create { chain, .. } = call else {
                    return None;
                };
                self.create(caller, chain, (**proto).clone(), *next, observed)
            }
            Progress::Found(context) => self.act(caller, call, *context, observed),
            Progress::Handing(vm) => self.hand_out(*vm, observed),
        }
    }

    fn enter(&mut self, caller: Caller, call: &Call, observed: &Answer) -> Option<Step> {
        match call {
            Call::CreateVm { bind_mode } => {
                if *bind_mode && self.platform.graphics_version < 12 {
                    return refuse(Errno::EOPNOTSUPP, observed);
                }
                self.vms.push(Vm {
                    bind_mode: *bind_mode,
                    seen_as: None,
                });
                self.hand_out(self.vms.len() - 1, observed)
            }
            Call::DestroyVm { vm } => match self.handles.remove(vm) {
                Some(_) => agree(Answer::Done, observed),
                None => refuse(Errno::ENOENT, observed),
            },
            Call::Create { flags, .. } if flags & !2 != 0 => refuse(Errno::EINVAL, observed),
            Call::Create { chain, .. } => {
                let proto = self.new_proto();
                self.create(caller, chain, proto, 0, observed)
            }
            Call::Set { context, set } => match self.ids.get_mut(context) {
                None => refuse(Errno::ENOENT, observed),
                Some(Entry::Context(found)) => Some(Step::Next(Progress::Found(*found))),
                Some(Entry::Proto(proto)) => {
                    let mut changed = proto.clone();
                    let result = self.set_proto(caller, &mut changed, set);
                    if result.is_ok() {
                        self.ids.insert(*context, Entry::Proto(changed));
                    }
                    conclude(result.map(|()| Answer::Done), observed)
                }
            },
            Call::Get { context, .. }
            | Call::GetSlices { context, .. }
            | Call::ResetStats { context } => self.look_up(*context, false, observed),
            Call::Submit {
                context, no_memory, ..
            } => self.look_up(*context, *no_memory, observed),
            Call::Destroy { context: 0 } => refuse(Errno::ENOENT, observed),
            Call::Destroy { context } => match self.ids.remove(context) {
                None => refuse(Errno::ENOENT, observed),
                Some(entry) => {
                    if let Entry::Context(context) = entry {
                        self.contexts[context].closed = true;
                    }
                    agree(Answer::Done, observed)
                }
            },
            Call::Close => {
                self.open = false;
                agree(Answer::Done, observed)
            }
        }
    }

    /// `proto_context_create`
    fn new_proto(&self) -> Proto {
        Proto {
            settings: Settings {
                no_error_capture: false,
                bannable: true,
                recoverable: true,
                persistent: self.platform.hangcheck,
                priority: 0,
            },
            vm: None,
            map: None,
            slices: BTreeMap::new(),
        }
    }

    /// `i915_gem_context_create_ioctl`, from a link of the chain on: up to the next link
    /// that looks something up, or to the end.
    fn create(
        &mut self,
        caller: Caller,
        chain: &[Link],
        mut proto: Proto,
        begin: usize,
        observed: &Answer,
    ) -> Option<Step> {
        let looks_up = |link: &Link| matches!(link, Link::Set(set) if set.param == param::VM);
        for (index, link) in chain.iter().enumerate().skip(begin) {
            let result = match link {
                Link::Set(set) => self.set_proto(caller, &mut proto, set),
                // create_setparam, invalid_ext
                Link::SetOther(_) | Link::Clone => Err(Errno::EINVAL),
            };
            if let Err(errno) = result {
                return refuse(errno, observed);
            }
            if looks_up(link) {
                return Some(Step::Next(Progress::Creating(Box::new(proto), index + 1)));
            }
        }
        if self.is_recoverable_in_bind_mode(&proto) {
            return refuse(Errno::EINVAL, observed);
        }
        match observed {
            Answer::NewContext(id) if *id != 0 && !self.ids.contains_key(id) => {
                self.ids.insert(*id, Entry::Proto(proto));
                Some(Step::Over)
            }
            _ => None,
        }
    }

    /// Contexts on an address space in VM_BIND mode must not be recoverable.
    fn is_recoverable_in_bind_mode(&self, proto: &Proto) -> bool {
        proto.settings.recoverable && proto.vm.is_some_and(|vm| self.vms[vm].bind_mode)
    }

    /// `set_proto_ctx_param`
    fn set_proto(&self, caller: Caller, proto: &mut Proto, set: &Set) -> Result<()> {
        match (set.param, &set.value) {
            (param::VM, Value::Number(id)) => {
                demand(set.size == 0, Errno::EINVAL)?;
                let id = u32::try_from(*id).map_err(|_| Errno::ENOENT)?;
                proto.vm = Some(*self.handles.get(&id).ok_or(Errno::ENOENT)?);
                Ok(())
            }
            (param::ENGINES, Value::Engines(entries, extensions)) => {
                demand(proto.map.is_none(), Errno::EINVAL)?;
                proto.map = Some(read_map(&self.platform, set.size, entries, extensions)?);
                proto.slices.clear();
                Ok(())
            }
            (param::PERSISTENCE, Value::Number(value)) => {
                demand(set.size == 0, Errno::EINVAL)?;
                demand(*value == 0 || self.platform.hangcheck, Errno::EINVAL)?;
                proto.settings.persistent = *value != 0;
                Ok(())
            }
            (param::SSEU, Value::Slices(wanted)) => {
                demand(set.size >= 32, Errno::EINVAL)?;
                demand(self.platform.graphics_version == 11, Errno::ENODEV)?;
                demand(wanted.by_index == proto.map.is_some(), Errno::EINVAL)?;
                let slot = match &proto.map {
                    Some(map) => {
                        let slot = usize::from(wanted.engine.1);
                        let renders = matches!(map.get(slot), Some(Slot::Engine((0, _))));
                        demand(renders, Errno::EINVAL)?;
                        slot
                    }
                    None => {
                        demand(wanted.engine == (0, 0), Errno::EINVAL)?;
                        0
                    }
                };
                let configuration = read_slices(&self.platform, wanted)?;
                proto.slices.insert(slot, configuration);
                Ok(())
            }
            (param::PROTECTED_CONTENT, Value::Number(value)) => demand(*value == 0, Errno::ENODEV),
            _ => self.set_common(caller, &mut proto.settings, set),
        }
    }

    /// What `set_proto_ctx_param` and `ctx_setparam` do alike.
    fn set_common(&self, caller: Caller, settings: &mut Settings, set: &Set) -> Result<()> {
        let Value::Number(value) = set.value else {
            return Err(Errno::EINVAL);
        };
        demand(set.size == 0, Errno::EINVAL)?;
        match set.param {
            param::NO_ERROR_CAPTURE => settings.no_error_capture = value != 0,
            param::BANNABLE => {
                demand(value != 0 || caller.privileged, Errno::EPERM)?;
                settings.bannable = value != 0;
            }
            param::RECOVERABLE => settings.recoverable = value != 0,
            param::PRIORITY => {
                let priority = value.cast_signed();
                demand((-1023..=1023).contains(&priority), Errno::EINVAL)?;
                demand(priority <= 0 || caller.privileged, Errno::EPERM)?;
                settings.priority = priority;
            }
            _ => return Err(Errno::EINVAL),
        }
        Ok(())
    }

    /// `i915_gem_context_lookup`: the context behind an id, built now if it isn't yet.
    fn look_up(&mut self, id: u32, no_memory: bool, observed: &Answer) -> Option<Step> {
        let proto = match self.ids.get(&id) {
            None => return refuse(Errno::ENOENT, observed),
            Some(Entry::Context(context)) => return Some(Step::Next(Progress::Found(*context))),
            Some(Entry::Proto(proto)) => proto,
        };
        let balanced = |slot: &Slot| match slot {
            Slot::Balanced(siblings) => can_balance(siblings),
            _ => true,
        };
        let sound = proto.map.iter().flatten().all(balanced);
        if !sound || self.is_recoverable_in_bind_mode(proto) {
            return refuse(Errno::EINVAL, observed);
        }
        if no_memory {
            return refuse(Errno::ENOMEM, observed);
        }
        let vm = proto.vm.unwrap_or(self.vms.len());
        let context = self.context_of(proto, vm);
        if vm == self.vms.len() {
            self.vms.push(Vm {
                bind_mode: false,
                seen_as: None,
            });
        }
        self.contexts.push(context);
        let context = self.contexts.len() - 1;
        self.ids.insert(id, Entry::Context(context));
        Some(Step::Next(Progress::Found(context)))
    }

    fn context_of(&self, proto: &Proto, vm: usize) -> Context {
        let legacy = || {
            let engines = self.platform.engines.iter();
            engines.map(|engine| Slot::Engine(*engine)).collect()
        };
        Context {
            settings: proto.settings.clone(),
            vm,
            map: proto.map.clone().unwrap_or_else(legacy),
            own_map: proto.map.is_some(),
            slices: proto.slices.clone(),
            closed: false,
            seen_as: None,
        }
    }

    /// What a call does with the context it has found.
    fn act(
        &mut self,
        caller: Caller,
        call: &Call,
        context: usize,
        observed: &Answer,
    ) -> Option<Step> {
        match call {
            Call::Set { set, .. } => {
                let result = self.set_live(caller, context, set);
                conclude(result.map(|()| Answer::Done), observed)
            }
            Call::Get {
                param: param::VM, ..
            } => Some(Step::Next(Progress::Handing(self.contexts[context].vm))),
            Call::Get { param, .. } => conclude(self.get(context, *param), observed),
            Call::GetSlices {
                engine, by_index, ..
            } => {
                let all = (
                    1,
                    self.platform.subslices,
                    (self.platform.units, self.platform.units),
                );
                let slot = self.slot(context, *engine, *by_index);
                let set = slot.map(|slot| {
                    let context = &self.contexts[context];
                    // execlists_create_virtual gives a virtual engine none.
                    let first = match context.map[slot] {
                        Slot::Balanced(_) => (0, 0, (0, 0)),
                        _ => all,
                    };
                    context.slices.get(&slot).copied().unwrap_or(first)
                });
                conclude(set.map(|(s, ss, eu)| Answer::Slices(s, ss, eu)), observed)
            }
            Call::ResetStats { .. } => agree(Answer::Stats(0, 0), observed),
            Call::Submit { engine, .. } => match self.submit(context, *engine) {
                Err(errno) => refuse(errno, observed),
                Ok(()) => match observed {
                    Answer::Submitted(seen) => self.recognise(context, *seen),
                    _ => None,
                },
            },
            _ => None,
        }
    }

    /// `ctx_setparam`
    fn set_live(&mut self, caller: Caller, context: usize, set: &Set) -> Result<()> {
        let bind_mode = self.vms[self.contexts[context].vm].bind_mode;
        let mut settings = self.contexts[context].settings.clone();
        match (set.param, &set.value) {
            (param::PERSISTENCE, Value::Number(value)) => {
                demand(set.size == 0, Errno::EINVAL)?;
                let wanted = *value != 0;
                let allowed = wanted == settings.persistent || !wanted || self.platform.hangcheck;
                demand(allowed, Errno::EINVAL)?;
                settings.persistent = wanted;
            }
            (param::SSEU, Value::Slices(wanted)) => {
                demand(set.size >= 32, Errno::EINVAL)?;
                demand(self.platform.graphics_version == 11, Errno::ENODEV)?;
                let slot = self.slot(context, wanted.engine, wanted.by_index)?;
                let renders = match &self.contexts[context].map[slot] {
                    Slot::Engine((class, _)) => *class == 0,
                    Slot::Balanced(siblings) => siblings.iter().all(|(class, _)| *class == 0),
                    Slot::Empty => false,
                };
                demand(renders, Errno::ENODEV)?;
                let configuration = read_slices(&self.platform, wanted)?;
                self.contexts[context].slices.insert(slot, configuration);
            }
            _ => {
                self.set_common(caller, &mut settings, set)?;
                demand(!(bind_mode && settings.recoverable), Errno::EINVAL)?;
            }
        }
        self.contexts[context].settings = settings;
        Ok(())
    }

    /// `i915_gem_context_getparam_ioctl`
    fn get(&self, context: usize, param: u64) -> Result<Answer> {
        let settings = &self.contexts[context].settings;
        Ok(Answer::Value(match param {
            param::GTT_SIZE => self.platform.address_space,
            param::NO_ERROR_CAPTURE => settings.no_error_capture.into(),
            param::BANNABLE => settings.bannable.into(),
            param::RECOVERABLE => settings.recoverable.into(),
            param::PERSISTENCE => settings.persistent.into(),
            param::PRIORITY => settings.priority.cast_unsigned(),
            param::PROTECTED_CONTENT => 0,
            _ => return Err(Errno::EINVAL),
        }))
    }

    /// `lookup_user_engine`
    fn slot(&self, context: usize, engine: Engine, by_index: bool) -> Result<usize> {
        let context = &self.contexts[context];
        demand(by_index == context.own_map, Errno::EINVAL)?;
        let slot = if by_index {
            usize::from(engine.1)
        } else {
            let mut engines = self.platform.engines.iter();
            engines
                .position(|other| *other == engine)
                .ok_or(Errno::EINVAL)?
        };
        self.engine(context, slot)?;
        Ok(slot)
    }

    /// `i915_gem_context_get_engine`
    fn engine(&self, context: &Context, slot: usize) -> Result<()> {
        demand(!context.closed, Errno::ENOENT)?;
        let there = context.map.get(slot).is_some_and(|s| *s != Slot::Empty);
        demand(there, Errno::EINVAL)
    }

    /// `eb_select_context` behind its look-up, `eb_select_engine`
    fn submit(&self, context: usize, engine: u32) -> Result<()> {
        let context = &self.contexts[context];
        demand(!self.vms[context.vm].bind_mode, Errno::EOPNOTSUPP)?;
        if context.own_map {
            return self.engine(context, engine as usize);
        }
        // I915_EXEC_DEFAULT, _RENDER, _BSD, _BLT, _VEBOX
        let class = match engine {
            0 | 1 => 0,
            2 => 2,
            3 => 1,
            4 => 3,
            _ => return Err(Errno::EINVAL),
        };
        demand(self.platform.has((class, 0)), Errno::EINVAL)?;
        demand(!context.closed, Errno::ENOENT)
    }

    /// A new handle for an address space.
    fn hand_out(&mut self, vm: usize, observed: &Answer) -> Option<Step> {
        match observed {
            Answer::NewVm(id) if *id != 0 && !self.handles.contains_key(id) => {
                self.handles.insert(*id, vm);
                Some(Step::Over)
            }
            _ => None,
        }
    }

    /// Whether the context and address space that an observer saw are these: always the
    /// same ones, and nobody else's.
    fn recognise(&mut self, context: usize, seen: Option<(u64, u64)>) -> Option<Step> {
        let Some((seen_context, seen_vm)) = seen else {
            return Some(Step::Over);
        };
        let vm = self.contexts[context].vm;
        let contexts = self.contexts.iter().map(|other| other.seen_as);
        let vms = self.vms.iter().map(|other| other.seen_as);
        let same = is_or_can_be(context, seen_context, contexts) && is_or_can_be(vm, seen_vm, vms);
        self.contexts[context].seen_as = Some(seen_context);
        self.vms[vm].seen_as = Some(seen_vm);
        same.then_some(Step::Over)
    }
}

/// Whether the thing at `index` is called `name`, or has no name yet and `name` is free.
fn is_or_can_be(index: usize, name: u64, names: impl Iterator<Item = Option<u64>>) -> bool {
    let names: Vec<_> = names.collect();
    match names[index] {
        Some(known) => known == name,
        None => !names.contains(&Some(name)),
    }
}
