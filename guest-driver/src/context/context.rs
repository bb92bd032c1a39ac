// SPDX-License-Identifier: GPL-2.0 OR MIT

//! A live context: on the device and here.

use crate::context::slot::Slot;
use crate::context::table::Proto;
use crate::context::Client;
use crate::driver::Igpu;
use crate::drm::{self, Fence};
use crate::protocol::{self, ContextEngine, ContextFlags, Status, SubmitReply};
use crate::rules::proto_context::{ban, ContextParams};
use crate::rules::sseu::Sseu;
use crate::rules::{EngineMap, EngineSlot};
use crate::virtio::{Prepared, Transport};
use crate::vm::{AddressSpace, Mode};
use kernel::fmt;
use kernel::prelude::*;
use kernel::sync::aref::ARef;
use kernel::sync::atomic::{Atomic, Relaxed};
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
    pub(crate) sseu: KVec<Sseu>,
}

/// A live context. Lives while its id or an unfinished submission holds it.
#[pin_data(PinnedDrop)]
pub(crate) struct Context {
    number: u32,
    vm: Arc<AddressSpace>,
    map: KBox<EngineMap>,
    user_engines: bool,
    /// By their index on the device: the map's slots in order, a parallel slot as many as
    /// it is wide.
    slots: KVec<Arc<Slot>>,
    /// For each slot of the map, the first of its slots on the device.
    first_slots: KVec<u16>,
    transport: Arc<Transport>,
    /// What a hang is counted against.
    hangs: Arc<HangCount>,
    #[pin]
    params: Mutex<LiveParams>,
    /// The command that ends it, made when it was born so that the end can't fail.
    destroy: Option<Prepared>,
    /// A context made with `I915_CONTEXT_CREATE_FLAGS_SINGLE_TIMELINE`: the last
    /// submission to any slot, which the next to any slot follows.
    #[pin]
    single_timeline: Mutex<Option<ARef<Fence>>>,
    is_single_timeline: bool,
    /// Cancels its work, for a closed context that is not persistent. Made at birth too.
    #[pin]
    cancel: Mutex<Option<Prepared>>,
}

/// What is counted of a context's hangs; outlives the context with its last submission.
pub(crate) struct HangCount {
    client: Arc<Client>,
    igpu: Arc<Igpu>,
    guilty: Atomic<u32>,
    innocent: Atomic<u32>,
    banned: Atomic<bool>,
    bannable: Atomic<bool>,
    recoverable: Atomic<bool>,
    /// Nanoseconds of the client's life at the last two hangs; 0 for none.
    last: Atomic<u64>,
    before_last: Atomic<u64>,
}

impl Context {
    /// Builds the context that `proto` asks for. Sends one command and waits for nothing.
    /// ENOMEM, EINVAL as the rules have it.
    pub(super) fn build(
        dev: &drm::Device,
        igpu: &Arc<Igpu>,
        client: &Arc<Client>,
        proto: &Proto,
    ) -> Result<Arc<Self>> {
        proto.check_first_use()?;
        let facts = igpu.facts();
        let transport = igpu.transport().clone();
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
                let new =
                    |name: fmt::Arguments<'_>| Slot::new(dev, &transport, timeline, class, name);
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

        let vm = match proto.vm() {
            Some(vm) => vm.clone(),
            None => AddressSpace::new(dev, igpu, Mode::Legacy)?,
        };
        let destroy = transport.prepare(
            &protocol::DestroyContext {
                context: number.into(),
                reserved: 0.into(),
            },
            &[],
            |_, _| (),
        )?;
        let cancel = transport.prepare(
            &protocol::CancelContext {
                context: number.into(),
                reserved: 0.into(),
            },
            &[],
            |_, _| (),
        )?;
        let create = (!engines.is_empty())
            .then(|| {
                let command = protocol::CreateContext {
                    context: number.into(),
                    address_space: vm.number().into(),
                    flags: device_flags(&params).into(),
                    priority: params.priority().into(),
                    engine_count: (engines.len() as u32).into(),
                    reserved: 0.into(),
                };
                transport.prepare(&command, &[engines.as_bytes()], move |status, _| {
                    if status != Status::Ok && status != Status::DeviceLost {
                        pr_err!("the device refused context {}: {:?}\n", number, status);
                    }
                })
            })
            .transpose()?;

        let mut sseu = KVec::with_capacity(map.slots().len(), GFP_KERNEL)?;
        for slot in map.slots() {
            let wanted = match slot {
                EngineSlot::Physical {
                    sseu: Some(sseu), ..
                } => *sseu,
                _ => Sseu::whole_device(facts),
            };
            sseu.push(wanted, GFP_KERNEL)?;
        }
        let flags = params.flags();
        let hangs = Arc::new(
            HangCount {
                client: client.clone(),
                igpu: igpu.clone(),
                guilty: Atomic::new(0),
                innocent: Atomic::new(0),
                banned: Atomic::new(false),
                bannable: Atomic::new(flags.bannable),
                recoverable: Atomic::new(flags.recoverable),
                last: Atomic::new(0),
                before_last: Atomic::new(0),
            },
            GFP_KERNEL,
        )?;
        let on_device = create.is_some();
        let context = Arc::pin_init(
            try_pin_init!(Self {
                number,
                vm,
                map,
                user_engines: params.has_user_engines(),
                slots,
                first_slots,
                transport,
                hangs,
                params <- new_mutex!(LiveParams { params, sseu }, "Context::params"),
                single_timeline <- new_mutex!(None, "Context::single_timeline"),
                is_single_timeline: proto.single_timeline(),
                destroy: on_device.then_some(destroy),
                cancel <- new_mutex!(on_device.then_some(cancel), "Context::cancel"),
            }),
            GFP_KERNEL,
        )?;
        if let Some(create) = create {
            context.transport.submit(create);
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

    /// The way to the device.
    pub(crate) fn transport(&self) -> &Arc<Transport> {
        &self.transport
    }

    /// Its engine map: its own, or the legacy one.
    pub(crate) fn map(&self) -> &EngineMap {
        &self.map
    }

    /// The engine map userspace gave it.
    pub(crate) fn user_map(&self) -> Option<&EngineMap> {
        self.user_engines.then_some(&*self.map)
    }

    /// The first slot on the device of the map's slot `index`.
    pub(crate) fn device_slot(&self, index: usize) -> Option<usize> {
        self.first_slots.get(index).map(|slot| usize::from(*slot))
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

    /// Takes over what changed in `params`, told under its lock.
    pub(crate) fn params_changed(&self, params: &ContextParams) {
        let flags = params.flags();
        self.hangs.bannable.store(flags.bannable, Relaxed);
        self.hangs.recoverable.store(flags.recoverable, Relaxed);
    }

    /// Whether its hangs have had it banned: submissions are refused with EIO.
    pub(crate) fn is_banned(&self) -> bool {
        self.hangs.banned.load(Relaxed)
    }

    /// What GET_RESET_STATS answers.
    pub(crate) fn reset_stats(&self) -> ResetStats {
        ResetStats {
            guilty: self.hangs.guilty.load(Relaxed),
            innocent: self.hangs.innocent.load(Relaxed),
        }
    }

    /// A submission has ended. Any context.
    pub(crate) fn submission_ended(&self, status: Status, reply: &SubmitReply) {
        match status {
            Status::Hung => self.hangs.record_hang(),
            Status::Cancelled if reply.was_active.get() != 0 => {
                self.hangs.innocent.fetch_add(1, Relaxed);
            }
            _ => {}
        }
    }

    /// The id is closed. A context that is not persistent has its work cancelled at once;
    /// a persistent one runs it out.
    pub(super) fn close(&self) {
        if self.params.lock().params.flags().persistent {
            return;
        }
        if self.slots.iter().all(|slot| slot.is_idle()) {
            return;
        }
        if let Some(cancel) = self.cancel.lock().take() {
            self.transport.submit(cancel);
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
    /// The context has hung an engine (`gt/intel_reset.c:mark_guilty` of i915). A context
    /// that is not bannable never is banned; one that is not recoverable is at once, others
    /// with their third hang in two minutes.
    fn record_hang(&self) {
        self.igpu.count_reset();
        self.guilty.fetch_add(1, Relaxed);
        if !self.bannable.load(Relaxed) {
            return;
        }
        let now = self.client.age_ns();
        let last = self.last.xchg(now, Relaxed);
        let before_last = self.before_last.xchg(last, Relaxed);
        let often =
            before_last != 0 && now - before_last < ban::CONTEXT_FAST_HANG_SECONDS * 1_000_000_000;
        let banned = often || !self.recoverable.load(Relaxed);
        if banned {
            self.banned.store(true, Relaxed);
        }
        self.client.record_hang(banned);
    }
}

#[pinned_drop]
impl PinnedDrop for Context {
    fn drop(self: Pin<&mut Self>) {
        // Submissions hold the context until they are answered, so none is left.
        let this = self.project();
        if let Some(destroy) = this.destroy.take() {
            this.transport.submit(destroy);
        }
    }
}
