// SPDX-License-Identifier: GPL-2.0 OR MIT

//! A live context: on the device and here.

use crate::context::client::{Client, HangRecord};
use crate::context::slot::Slot;
use crate::context::table::Proto;
use crate::context::usage::ContextUsage;
use crate::driver::Igpu;
use crate::drm::process::ProcessName;
use crate::drm::Fence;
use crate::link::Link;
use crate::new_irq_lock;
use crate::protocol::{self, ContextEngine, ContextFlags, Status, SubmitReply};
use crate::quota::Share;
use crate::rules::ban::{ContextHangs, Verdict};
use crate::rules::engine_map::{SlotIndex, MAX_SLOTS};
use crate::rules::proto_context::{self, ContextParams};
use crate::rules::sseu::Sseu;
use crate::rules::EngineMap;
use crate::virtio::{IrqLock, Prepared};
use crate::vm::{AddressSpace, Mode, Named};
use kernel::fmt;
use kernel::prelude::*;
use kernel::sync::aref::ARef;
use kernel::sync::atomic::Relaxed;
use kernel::sync::{new_mutex, Arc, Mutex};
use zerocopy::IntoBytes;

/// What GET_RESET_STATS answers for a context.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ResetStats {
    /// Hangs it caused (`batch_active`).
    pub(crate) guilty: u32,
    /// Submissions it lost to resets it did not cause (`batch_pending`).
    pub(crate) innocent: u32,
}

/// What can still be set of a live context.
pub(crate) struct LiveParams {
    /// All but the slices.
    pub(crate) params: ContextParams,
    /// For each slot of the engine map the slices it asks for.
    sseu: [Sseu; MAX_SLOTS],
}

impl LiveParams {
    /// The slices that a slot of the engine map asks for.
    pub(crate) fn sseu_mut(&mut self, index: SlotIndex) -> &mut Sseu {
        &mut self.sseu[index.get() % MAX_SLOTS]
    }
}

/// A live context. Lives while its id or an unfinished submission holds it.
#[pin_data(PinnedDrop)]
pub(crate) struct Context {
    number: u32,
    vm: Named,
    map: KBox<EngineMap>,
    user_engines: bool,
    /// By their index on the device: the map's slots in order, a parallel slot as many as
    /// it is wide.
    slots: KVec<Arc<Slot>>,
    /// For each slot of the map, the first of its slots on the device.
    first_slots: KVec<u16>,
    /// The device it is on.
    link: Arc<Link>,
    /// What a hang is counted against.
    hangs: Arc<HangCount>,
    /// What its time on engines is counted for.
    usage: Arc<ContextUsage>,
    /// Whose doing it is.
    process: ProcessName,
    #[pin]
    params: Mutex<LiveParams>,
    /// The command that ends it, made when it was born so that the end can't fail.
    destroy: Option<Prepared>,
    /// A context made with `I915_CONTEXT_CREATE_FLAGS_SINGLE_TIMELINE`: the last
    /// submission to any slot, which the next to any slot follows.
    #[pin]
    single_timeline: Mutex<Option<ARef<Fence>>>,
    is_single_timeline: bool,
    /// Its share of what the device takes. Goes after `destroy` is sent.
    _share: Share,
    /// What is sent when it is closed. Made at birth too; none once it is closed, or if
    /// it isn't on the device.
    #[pin]
    ending: Mutex<Option<Ending>>,
}

/// The commands for a context whose id is closed; one of them is sent.
struct Ending {
    /// Cancels its work.
    cancel: Prepared,
    /// Lets its work run out, where hangs are found.
    close: Prepared,
}

/// What is counted of a context's hangs; outlives the context with its last submission.
#[pin_data]
pub(crate) struct HangCount {
    client: Arc<HangRecord>,
    igpu: Arc<Igpu>,
    /// Interrupts off: hangs are told by the device at any time.
    #[pin]
    state: IrqLock<HangState>,
}

/// What [`HangCount::state`]'s lock guards.
struct HangState {
    /// What the context is or isn't, as `Context::params` has it: a copy for where that
    /// mutex can't be taken.
    flags: proto_context::ContextFlags,
    /// Hangs it caused.
    hangs: ContextHangs,
    /// Submissions it lost to resets it did not cause.
    innocent: u32,
    /// The id is closed: hangs count no more, neither here nor for the client.
    closed: bool,
    /// For each slot on the device, whether hangs have had the context banned from it.
    banned: KVec<bool>,
}

impl Context {
    /// Builds the context that `proto` asks for. Sends one command and waits for nothing.
    /// ENOMEM, EINVAL as the rules have it.
    pub(super) fn build(igpu: &Arc<Igpu>, client: &Client, proto: &Proto) -> Result<Arc<Self>> {
        proto.check_first_use()?;
        let facts = igpu.facts();
        let vm = match proto.vm() {
            Some(vm) => vm.clone(),
            None => AddressSpace::new(igpu, Mode::Legacy)?,
        };
        // It is lost with its address space: no other device knows that.
        let link = vm.link().clone();
        let transport = link.transport();
        let share = link.take_context()?;
        let number = igpu.next_number();
        let params = proto.params();
        let map = KBox::new(proto.effective_engines(facts), GFP_KERNEL)?;

        let mut engines: KVec<ContextEngine> = KVec::new();
        let mut slots: KVec<Arc<Slot>> = KVec::new();
        let mut first_slots = KVec::with_capacity(map.slots().len(), GFP_KERNEL)?;
        for slot in map.slots() {
            first_slots.push(slots.len() as u16, GFP_KERNEL)?;
            for batch in 0..slot.width() {
                let (class, instances) = slot.placement(facts, batch).ok_or(EINVAL)?;
                let timeline = igpu.next_number();
                let engine = ContextEngine {
                    class: class.into(),
                    instances: instances.into(),
                    timeline: timeline.into(),
                };
                engines.push(engine, GFP_KERNEL)?;
                let new = |name: fmt::Arguments<'_>| Slot::new(transport, timeline, class, name);
                // Who looks at the fences of a single timeline is to see one.
                let slot = if proto.single_timeline() {
                    new(fmt!("ctx{}", number))?
                } else {
                    new(fmt!("ctx{} class{}", number, class))?
                };
                slots.push(slot, GFP_KERNEL)?;
            }
        }
        if engines.len() > protocol::MAX_CONTEXT_ENGINES as usize {
            return Err(EINVAL);
        }

        let destroy = transport.prepare(
            &protocol::DestroyContext {
                context: number.into(),
                reserved: 0.into(),
            },
            &[],
            |_, _| (),
        )?;
        let ending = Ending {
            cancel: transport.prepare(
                &protocol::CancelContext {
                    context: number.into(),
                    reserved: 0.into(),
                },
                &[],
                |_, _| (),
            )?,
            close: transport.prepare(
                &protocol::CloseContext {
                    context: number.into(),
                    reserved: 0.into(),
                },
                &[],
                |_, _| (),
            )?,
        };
        let create = (!engines.is_empty())
            .then(|| {
                let command = protocol::CreateContext {
                    context: number.into(),
                    address_space: vm.number().into(),
                    flags: device_flags(&params).into(),
                    engine_count: (engines.len() as u32).into(),
                };
                transport.prepare(&command, &[engines.as_bytes()], move |status, _| {
                    if status != Status::Ok && status != Status::DeviceLost {
                        pr_err!("the device refused context {}: {:?}\n", number, status);
                    }
                })
            })
            .transpose()?;

        let mut live = LiveParams {
            params,
            sseu: [Sseu::NOTHING; MAX_SLOTS],
        };
        for index in map.indices() {
            *live.sseu_mut(index) = map.slot(index).first_sseu(facts);
        }
        let state = HangState {
            flags: params.flags(),
            hangs: ContextHangs::new(),
            innocent: 0,
            closed: false,
            banned: KVec::from_elem(false, slots.len(), GFP_KERNEL)?,
        };
        let hangs = Arc::pin_init(
            pin_init!(HangCount {
                client: client.hangs().clone(),
                igpu: igpu.clone(),
                state <- new_irq_lock!(state, "HangCount::state"),
            }),
            GFP_KERNEL,
        )?;
        let mut classes = KVec::with_capacity(slots.len(), GFP_KERNEL)?;
        for slot in &slots {
            classes.push(slot.class(), GFP_KERNEL)?;
        }
        let usage = ContextUsage::new(client.usage(), number, classes)?;
        let on_device = create.is_some();
        let context = Arc::pin_init(
            try_pin_init!(Self {
                number,
                vm: Named::new(vm),
                map,
                user_engines: params.has_user_engines(),
                slots,
                first_slots,
                link,
                hangs,
                usage,
                process: ProcessName::current(),
                params <- new_mutex!(live, "Context::params"),
                single_timeline <- new_mutex!(None, "Context::single_timeline"),
                is_single_timeline: proto.single_timeline(),
                _share: share,
                destroy: on_device.then_some(destroy),
                ending <- new_mutex!(on_device.then_some(ending), "Context::ending"),
            }),
            GFP_KERNEL,
        )?;
        super::LIVE.fetch_add(1, Relaxed);
        if let Some(create) = create {
            context.link.transport().submit(create);
        }
        Ok(context)
    }

    /// The number it has on the device.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Its address space.
    pub(crate) fn vm(&self) -> &Arc<AddressSpace> {
        &self.vm
    }

    /// The device it is on.
    pub(crate) fn igpu(&self) -> &Arc<Igpu> {
        &self.hangs.igpu
    }

    /// What its time on engines is counted for.
    pub(crate) fn usage(&self) -> &Arc<ContextUsage> {
        &self.usage
    }

    /// The device it is on, from the reset it was made after to the next.
    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// Its engine map: its own, or the legacy one.
    pub(crate) fn map(&self) -> &EngineMap {
        &self.map
    }

    /// The engine map userspace gave it.
    pub(crate) fn user_map(&self) -> Option<&EngineMap> {
        self.user_engines.then_some(&*self.map)
    }

    /// The slots on the device of the map's slot `index`: as many as it is wide.
    pub(crate) fn device_slots(&self, index: SlotIndex) -> core::ops::Range<usize> {
        let width = self.map.slot(index).width();
        // A slot of the map has an entry.
        let first = self.first_slots.get(index.get());
        let first = first.map_or(0, |slot| usize::from(*slot));
        first..first + width
    }

    /// A slot, by its index on the device.
    pub(crate) fn slot(&self, device_slot: usize) -> Option<&Arc<Slot>> {
        self.slots.get(device_slot)
    }

    /// All slots.
    pub(crate) fn slots(&self) -> &[Arc<Slot>] {
        &self.slots
    }

    /// Its parameters, and the lock that guards them.
    pub(crate) fn params(&self) -> &Mutex<LiveParams> {
        &self.params
    }

    /// For a context whose slots are all one timeline: the lock under which its
    /// submissions are made, outside any slot's, with the last one's fence.
    pub(crate) fn single_timeline(&self) -> Option<&Mutex<Option<ARef<Fence>>>> {
        self.is_single_timeline.then_some(&self.single_timeline)
    }

    /// Takes over what changed in the flags, told under the lock of the parameters: it
    /// holds for the next hang. ENOMEM: nothing has changed.
    pub(crate) fn flags_changed(&self, before: &ContextParams, after: &ContextParams) -> Result {
        let flags = device_flags(after);
        let is_on_device = self.destroy.is_some();
        if is_on_device && flags != device_flags(before) {
            let command = protocol::SetContextFlags {
                context: self.number.into(),
                flags: flags.into(),
            };
            // Under the lock: the device hears of them in their order.
            let transport = self.link.transport();
            transport.submit(transport.prepare(&command, &[], |_, _| ())?);
        }
        self.hangs.state.lock().flags = after.flags();
        Ok(())
    }

    /// The priority of what is submitted now, and the units it has powered on this slot on
    /// the device.
    pub(crate) fn submission_params(&self, device_slot: usize) -> (i32, protocol::Sseu) {
        // The last slot of the map that begins there or before: empty ones have none.
        let index = self
            .first_slots
            .partition_point(|first| usize::from(*first) <= device_slot);
        let live = self.params.lock();
        let sseu = index.checked_sub(1).and_then(|index| live.sseu.get(index));
        let chosen = sseu.filter(|sseu| **sseu != Sseu::whole_device(self.igpu().facts()));
        let sseu = chosen.map_or_else(protocol::Sseu::default, |sseu| protocol::Sseu {
            slice_mask: sseu.slice_mask,
            subslice_mask: sseu.subslice_mask,
            min_eus_per_subslice: sseu.min_eus_per_subslice,
            max_eus_per_subslice: sseu.max_eus_per_subslice,
        });
        (live.params.priority(), sseu)
    }

    /// Whether its hangs have had it banned from one of these slots on the device:
    /// submissions to it are refused with EIO. A ban is for the engine slot that hung
    /// (`intel_context_ban`), the others go on; but what is lost with the device is banned as
    /// a whole.
    pub(crate) fn is_banned(&self, device_slots: core::ops::Range<usize>) -> bool {
        if self.link.is_lost() {
            return true;
        }
        let state = self.hangs.state.lock();
        let slots = state.banned.get(device_slots);
        slots.is_some_and(|slots| slots.contains(&true))
    }

    /// What GET_RESET_STATS answers. A context that is lost with the device is told so, also
    /// if it had no work.
    pub(crate) fn reset_stats(&self) -> ResetStats {
        let is_lost = self.link.is_lost();
        let state = self.hangs.state.lock();
        ResetStats {
            guilty: state.hangs.guilty(),
            innocent: state.innocent.max(is_lost.into()),
        }
    }

    /// The process that has built it.
    pub(crate) fn process(&self) -> &ProcessName {
        &self.process
    }

    /// Whether its hangs are recorded (NO_ERROR_CAPTURE). Any context.
    pub(crate) fn captures_errors(&self) -> bool {
        !self.hangs.state.lock().flags.no_error_capture
    }

    /// A submission to this slot on the device has ended. Any context.
    pub(crate) fn submission_ended(&self, device_slot: usize, status: Status, reply: &SubmitReply) {
        match status {
            Status::Hung => self.hangs.record_hang(device_slot),
            Status::Cancelled if reply.was_active.get() == 0 => {}
            Status::Cancelled | Status::DeviceLost => {
                let mut state = self.hangs.state.lock();
                state.innocent = state.innocent.wrapping_add(1);
            }
            _ => {}
        }
    }

    /// Whether its id is closed: submissions that have found it before are refused. To be
    /// asked with the lock held of the slot that is submitted to.
    pub(crate) fn is_closed(&self) -> bool {
        self.hangs.state.lock().closed
    }

    /// The id is closed (`context_close`, `kill_context`). A context that is not persistent
    /// has its work cancelled at once, what waits for others included; a persistent one runs
    /// it out. Where hangs are not found nothing may outlive its context.
    pub(super) fn close(&self) {
        self.hangs.state.lock().closed = true;
        let Some(Ending { cancel, close }) = self.ending.lock().take() else {
            return;
        };
        // Who has a slot's lock and has not seen that it is closed is waited for here.
        if self.slots.iter().all(|slot| slot.is_idle()) {
            return;
        }
        let persistent = self.params.lock().params.flags().persistent;
        if persistent && self.igpu().engines().detects_hangs() {
            self.link.transport().submit(close);
            return;
        }
        self.link.transport().submit(cancel);
        for slot in &self.slots {
            slot.queue().stop_waiting();
        }
    }
}

/// [`ContextFlags`] for the device.
fn device_flags(params: &ContextParams) -> u32 {
    let flags = params.flags();
    let mut bits = 0;
    if flags.recoverable {
        bits |= ContextFlags::RECOVERABLE;
    }
    if flags.no_error_capture {
        bits |= ContextFlags::NO_ERROR_CAPTURE;
    }
    bits
}

impl HangCount {
    /// The context has hung an engine (`gt/intel_reset.c:mark_guilty` of i915). Any
    /// context.
    fn record_hang(&self, device_slot: usize) {
        self.judge_hang(device_slot);
        // Last: who waits for the hang is to see what has come of it.
        self.igpu.count_hang();
    }

    fn judge_hang(&self, device_slot: usize) {
        let now = self.client.age_ns();
        let mut state = self.state.lock();
        let state = &mut *state;
        let banned = if state.closed {
            true
        } else {
            match state.hangs.record(now, &state.flags) {
                Verdict::Pardoned => false,
                verdict => {
                    let banned = verdict == Verdict::Banned;
                    self.client.record(now, banned);
                    banned
                }
            }
        };
        if let Some(slot) = state.banned.get_mut(device_slot).filter(|_| banned) {
            *slot = true;
        }
    }
}

#[pinned_drop]
impl PinnedDrop for Context {
    fn drop(self: Pin<&mut Self>) {
        super::LIVE.fetch_sub(1, Relaxed);
        // Submissions hold the context until they are answered, so none is left.
        let this = self.project();
        if let Some(destroy) = this.destroy.take() {
            this.link.transport().submit(destroy);
        }
    }
}
