// SPDX-License-Identifier: GPL-2.0 OR MIT

//! An open file as the driver keeps it: the rules with locks around them, and nothing of a
//! GPU. What the driver does with the kernel's locks and counted references is done here
//! with shuttle's locks, whose every use may be where another thread goes on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::Arc;

use shuttle::sync::{Mutex, MutexGuard};
use virtio_igpu_context_model::{param, Answer, Call, Caller, Link, Set, Value};
use virtio_igpu_rules::context_table::{ContextIds, Entry, Found, IdMap, LiveContexts, Removed};
use virtio_igpu_rules::engine_map::{select_legacy, select_user};
use virtio_igpu_rules::errno::Errno;
use virtio_igpu_rules::platform::{ClassInstance, PlatformFacts};
use virtio_igpu_rules::proto_context::{
    self, ContextParams, Environment, Get, KnownCaller, Parameter, ProtoContext, SetLive, SetProto,
};
use virtio_igpu_rules::sseu::{Sseu, UserSseu};
use virtio_igpu_rules::vm_bind;
use virtio_igpu_rules::EngineMap;

use crate::user::{self, answer_of};

type Result<T = ()> = std::result::Result<T, Errno>;

/// What is there of a run, and what there was.
#[derive(Default)]
pub(crate) struct Counts {
    names: AtomicU64,
    vms: AtomicUsize,
    contexts: AtomicUsize,
    /// Contexts that were built, and found by their id from then on.
    pub(crate) published: AtomicUsize,
}

impl Counts {
    fn name(&self) -> u64 {
        self.names.fetch_add(1, Ordering::Relaxed)
    }

    /// Address spaces and contexts that have not been dropped.
    pub(crate) fn left(&self) -> (usize, usize) {
        let left = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        (left(&self.vms), left(&self.contexts))
    }
}

/// An address space.
struct Vm {
    name: u64,
    bind_mode: bool,
    counts: Arc<Counts>,
}

impl Vm {
    fn new(counts: &Arc<Counts>, bind_mode: bool) -> Arc<Self> {
        counts.vms.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self {
            name: counts.name(),
            bind_mode,
            counts: counts.clone(),
        })
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        self.counts.vms.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A context.
pub(crate) struct Context {
    name: u64,
    vm: Arc<Vm>,
    map: EngineMap,
    /// Parameters, and slices by slot.
    params: Mutex<(ContextParams, Vec<Sseu>)>,
    counts: Arc<Counts>,
}

impl Drop for Context {
    fn drop(&mut self) {
        self.counts.contexts.fetch_sub(1, Ordering::Relaxed);
    }
}

type Proto = ProtoContext<Arc<Vm>, Box<EngineMap>>;

/// Ids from 1 on, the lowest free one first.
struct Ids<T>(BTreeMap<u32, T>);

impl<T> IdMap<T> for Ids<T> {
    type Error = Errno;

    fn add(&mut self, value: T) -> Result<u32> {
        let free = (1..).find(|id| !self.0.contains_key(id));
        let id = free.ok_or(Errno::ENOMEM)?;
        self.0.insert(id, value);
        Ok(id)
    }

    fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        self.0.get_mut(&id)
    }

    fn remove(&mut self, id: u32) -> Option<T> {
        self.0.remove(&id)
    }

    fn pop(&mut self) -> Option<(u32, T)> {
        self.0.pop_first()
    }
}

type FileIds = ContextIds<Ids<Entry<Proto>>, Proto>;

/// The contexts that were used, as the driver's spinlocked array.
#[derive(Default)]
struct Live(Mutex<BTreeMap<u32, Arc<Context>>>);

/// [`Live`] as seen by a call for which there may be no memory to publish with.
struct View<'f> {
    live: &'f Live,
    no_memory: bool,
}

impl LiveContexts<Arc<Context>> for View<'_> {
    type Error = Errno;

    fn find(&self, id: u32) -> Option<Arc<Context>> {
        self.live.0.lock().unwrap().get(&id).cloned()
    }

    fn publish(&self, id: u32, context: Arc<Context>) -> Result {
        if self.no_memory {
            return Err(Errno::ENOMEM);
        }
        context.counts.published.fetch_add(1, Ordering::Relaxed);
        self.live.0.lock().unwrap().insert(id, context);
        Ok(())
    }

    fn withdraw(&self, id: u32) -> Option<Arc<Context>> {
        self.live.0.lock().unwrap().remove(&id)
    }
}

/// What is done worse than the driver does it, to see that it is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// Nothing.
    None,
    /// The context is built without the lock, from a copy of the proto-context.
    BuildsUnlocked,
    /// CONTEXT_SETPARAM looks a live context up a second time.
    LooksUpAgain,
    /// A context that can't be published takes its proto-context along.
    LosesOnFailure,
    /// GETPARAM doesn't count as a use when the parameter is unknown.
    GetsWithoutUse,
}

/// An open file.
pub(crate) struct File {
    facts: PlatformFacts,
    hangcheck: bool,
    mistake: Mistake,
    counts: Arc<Counts>,
    ids: Mutex<FileIds>,
    live: Live,
    vms: Mutex<Ids<Arc<Vm>>>,
}

impl File {
    pub(crate) fn open(
        facts: &PlatformFacts,
        hangcheck: bool,
        mistake: Mistake,
        counts: &Arc<Counts>,
    ) -> Self {
        let environment = Environment {
            facts,
            hangcheck,
            reset: facts.reset,
        };
        let default = Proto::new(&environment, false);
        Self {
            facts: *facts,
            hangcheck,
            mistake,
            counts: counts.clone(),
            ids: Mutex::new(ContextIds::new(Ids(BTreeMap::new()), default)),
            live: Live::default(),
            vms: Mutex::new(Ids(BTreeMap::new())),
        }
    }

    fn environment(&self) -> Environment<'_> {
        Environment {
            facts: &self.facts,
            hangcheck: self.hangcheck,
            reset: self.facts.reset,
        }
    }

    fn lock(&self) -> MutexGuard<'_, FileIds> {
        self.ids.lock().unwrap()
    }

    fn view(&self) -> View<'_> {
        View {
            live: &self.live,
            no_memory: false,
        }
    }

    /// Makes a call other than a close.
    pub(crate) fn call(&self, caller: Caller, call: &Call) -> Answer {
        let caller = KnownCaller {
            admin: caller.privileged,
            nice: caller.privileged,
        };
        answer_of(match call {
            Call::CreateVm { bind_mode } => self.create_vm(*bind_mode),
            Call::DestroyVm { vm } => {
                let removed = self.vms.lock().unwrap().remove(*vm);
                removed.map(|_| Answer::Done).ok_or(Errno::ENOENT)
            }
            Call::Create { flags, chain } => self.create(&caller, *flags, chain),
            Call::Set { context, set } => self.set(&caller, *context, set),
            Call::Get { context, param } => self.get(*context, *param),
            Call::GetSlices {
                context,
                engine,
                by_index,
            } => self.get_slices(*context, *engine, *by_index),
            Call::Submit {
                context,
                engine,
                no_memory,
            } => self.submit(*context, *engine, *no_memory),
            Call::ResetStats { context } => self.look_up(*context).map(|_| Answer::Stats(0, 0)),
            Call::Destroy { context } => self.destroy(*context),
            Call::Close => Err(Errno::EINVAL),
        })
    }

    fn create_vm(&self, bind_mode: bool) -> Result<Answer> {
        vm_bind::check_vm_create(&self.facts, u32::from(bind_mode))?;
        let vm = Vm::new(&self.counts, bind_mode);
        self.vms.lock().unwrap().add(vm).map(Answer::NewVm)
    }

    fn create(&self, caller: &KnownCaller, flags: u32, chain: &[Link]) -> Result<Answer> {
        let flags = proto_context::check_create(flags, false, false)?;
        let mut proto = Proto::new(&self.environment(), flags.single_timeline);
        for link in chain {
            match link {
                Link::Set(set) => {
                    proto_context::check_create_parameter(0)?;
                    self.set_proto(caller, &mut proto, set)?;
                }
                Link::SetOther(_) => proto_context::check_create_parameter(1)?,
                Link::Clone => return Err(Errno::EINVAL),
            }
        }
        proto.check_create()?;
        self.lock().add(proto).map(Answer::NewContext)
    }

    fn set(&self, caller: &KnownCaller, id: u32, set: &Set) -> Result<Answer> {
        let found = ContextIds::access(
            id,
            &self.view(),
            || self.lock(),
            |proto| self.build(proto, false),
            |proto| self.set_proto(caller, proto, set),
        )?;
        match found {
            Found::Proto(()) => {}
            Found::Live(_) if self.mistake == Mistake::LooksUpAgain => {
                self.set_live(caller, &*self.look_up(id)?, set)?;
            }
            Found::Live(context) => self.set_live(caller, &context, set)?,
        }
        Ok(Answer::Done)
    }

    fn set_proto(&self, caller: &KnownCaller, proto: &mut Proto, set: &Set) -> Result {
        match proto.set(&self.environment(), caller, &parameter(set))? {
            SetProto::Done => {}
            SetProto::Vm { id } => {
                let vm = self.vms.lock().unwrap().get_mut(id).cloned();
                let vm = vm.ok_or(Errno::ENOENT)?;
                let bind_mode = vm.bind_mode;
                drop(proto.set_vm(vm, bind_mode));
            }
            SetProto::Engines { count } => {
                let map = Box::new(user::engine_map(&self.facts, &set.value, count)?);
                proto.set_engines(map).map_err(|(errno, _map)| errno)?;
            }
            SetProto::Sseu => proto.set_sseu(&self.facts, &user::slices(&set.value)?)?,
        }
        Ok(())
    }

    fn set_live(&self, caller: &KnownCaller, context: &Context, set: &Set) -> Result {
        let mut params = context.params.lock().unwrap();
        let (params, slices) = &mut *params;
        match params.set(&self.environment(), caller, &parameter(set))? {
            SetLive::Done | SetLive::Flags(_) | SetLive::Priority(_) => {}
            SetLive::Sseu => {
                let wanted = user::slices(&set.value)?;
                let slot = params.sseu_slot(&self.facts, &context.map, &wanted)?;
                slices[slot.get()] =
                    proto_context::live_sseu(&self.facts, context.map.slot(slot), &wanted)?;
            }
        }
        Ok(())
    }

    fn look_up(&self, id: u32) -> Result<Arc<Context>> {
        self.look_up_or_fail(id, None)
    }

    /// Looks up; with a failure there is no memory to build with, or to publish with.
    fn look_up_or_fail(&self, id: u32, failure: Option<Failure>) -> Result<Arc<Context>> {
        let view = View {
            live: &self.live,
            no_memory: failure == Some(Failure::Publishing),
        };
        let cannot_build = failure == Some(Failure::Building);
        match self.mistake {
            Mistake::BuildsUnlocked => return self.look_up_unlocked(id, &view),
            Mistake::LosesOnFailure => {
                let found = ContextIds::lookup(
                    id,
                    &view,
                    || self.lock(),
                    |proto| self.build(proto, cannot_build),
                );
                if failure.is_some() && found.is_err() && id != 0 {
                    let removed = self.lock().remove(id, &view);
                    drop(removed);
                }
                return found;
            }
            _ => {}
        }
        ContextIds::lookup(
            id,
            &view,
            || self.lock(),
            |proto| self.build(proto, cannot_build),
        )
    }

    /// How it is not to be done.
    fn look_up_unlocked(&self, id: u32, view: &View<'_>) -> Result<Arc<Context>> {
        if let Some(context) = view.find(id) {
            return Ok(context);
        }
        let copy = |proto: &mut Proto| Ok(proto.clone());
        let none = |_: &Proto| Err(Errno::ENOENT);
        match ContextIds::access(id, view, || self.lock(), none, copy) {
            Ok(Found::Live(context)) => Ok(context),
            Ok(Found::Proto(proto)) => {
                let context = self.build(&proto, false)?;
                ContextIds::lookup(
                    id,
                    view,
                    || self.lock(),
                    |_| Ok::<_, Errno>(context.clone()),
                )?;
                Ok(context)
            }
            // The default context, which is always taken for one that was used.
            Err(_) => {
                ContextIds::lookup(id, view, || self.lock(), |proto| self.build(proto, false))
            }
        }
    }

    fn build(&self, proto: &Proto, no_memory: bool) -> Result<Arc<Context>> {
        proto.check_first_use()?;
        if no_memory {
            return Err(Errno::ENOMEM);
        }
        let map = proto.effective_engines(&self.facts);
        let slices = map.slots().iter().map(|slot| slot.first_sseu(&self.facts));
        let slices = slices.collect();
        let vm = proto.vm().cloned();
        self.counts.contexts.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(Context {
            name: self.counts.name(),
            vm: vm.unwrap_or_else(|| Vm::new(&self.counts, false)),
            map,
            params: Mutex::new((proto.params(), slices)),
            counts: self.counts.clone(),
        }))
    }

    fn get(&self, id: u32, param: u64) -> Result<Answer> {
        if self.mistake == Mistake::GetsWithoutUse && param > param::CONTEXT_IMAGE {
            return Err(Errno::EINVAL);
        }
        let context = self.look_up(id)?;
        let params = context.params.lock().unwrap();
        match params.0.get(&self.facts, param, 0)? {
            Get::Value(value) => Ok(Answer::Value(value)),
            Get::NewVmId => {
                let vm = context.vm.clone();
                self.vms.lock().unwrap().add(vm).map(Answer::NewVm)
            }
            Get::SseuSize | Get::Sseu => Err(Errno::EINVAL),
        }
    }

    fn get_slices(&self, id: u32, engine: (u16, u16), by_index: bool) -> Result<Answer> {
        let context = self.look_up(id)?;
        let params = context.params.lock().unwrap();
        let wanted = UserSseu {
            engine: ClassInstance {
                class: engine.0,
                instance: engine.1,
            },
            flags: by_index.into(),
            ..UserSseu::default()
        };
        match params.0.get(&self.facts, param::SSEU, 32)? {
            Get::Sseu => {
                let slot = params.0.sseu_slot(&self.facts, &context.map, &wanted)?;
                Ok(user::slices_answer(&params.1[slot.get()]))
            }
            _ => Err(Errno::EINVAL),
        }
    }

    fn submit(&self, id: u32, engine: u32, no_memory: bool) -> Result<Answer> {
        // i915 builds the default context when the file is opened: it has no first use that
        // could fail, and the model has none.
        let failure = (no_memory && id != 0).then_some(if engine == 0 {
            Failure::Building
        } else {
            Failure::Publishing
        });
        let context = self.look_up_or_fail(id, failure)?;
        vm_bind::check_bind_mode(false, context.vm.bind_mode)?;
        let own_map = context.params.lock().unwrap().0.has_user_engines();
        let slot = if own_map {
            select_user(engine.into())
        } else {
            select_legacy(&self.facts, engine.into(), |_| 0)?.get()
        };
        context.map.get(slot)?;
        Ok(Answer::Submitted(Some((context.name, context.vm.name))))
    }

    fn destroy(&self, id: u32) -> Result<Answer> {
        proto_context::check_destroy(id, 0)?;
        let removed: Option<Removed<Proto, Arc<Context>>> = self.lock().remove(id, &self.view());
        removed.map(|_| Answer::Done).ok_or(Errno::ENOENT)
    }
}

/// What there is no memory for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failure {
    Building,
    Publishing,
}

impl Drop for File {
    /// The last reference to the file is gone: all ids go.
    fn drop(&mut self) {
        loop {
            let removed = self.lock().pop(&self.view());
            if removed.is_none() {
                return;
            }
        }
    }
}

fn parameter(set: &Set) -> Parameter {
    let value = match set.value {
        Value::Number(value) => value,
        // An address: no rule looks at it.
        Value::Engines(..) | Value::Slices(_) => 0x1000,
    };
    Parameter {
        param: set.param,
        size: set.size,
        value,
    }
}
