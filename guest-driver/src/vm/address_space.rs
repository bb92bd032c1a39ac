// SPDX-License-Identifier: GPL-2.0 OR MIT

//! An address space: its identity on the device, its tree of mappings, its lifetime.

use crate::driver::Igpu;
use crate::drm::sync::{IrqBackend, IrqLock};
use crate::drm::work::Deferred;
use crate::drm::{Fence, Timeline};
use crate::fence::{SendQueue, Waits};
use crate::link::Link;
use crate::new_irq_lock;
use crate::protocol::{self, Status};
use crate::rules::address::Range;
use crate::vm::displaced::{Displaced, DisplacedList};
use crate::vm::mapping::Tree;
use crate::vm::objects::BoundObjects;
use crate::vm::userptr::UserViews;
use crate::vm::view::ActiveView;
use crate::vm::{ActiveViews, View};
use kernel::prelude::*;
use kernel::rbtree::RBTree;
use kernel::sync::aref::ARef;
use kernel::sync::atomic::Relaxed;
use kernel::sync::lock::mutex::MutexBackend;
use kernel::sync::lock::Guard;
use kernel::sync::{new_condvar, new_mutex, Arc, CondVar, Mutex};

/// Who decides what is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Userspace, with VM_BIND (`I915_VM_CREATE_FLAGS_USE_VM_BIND`).
    Bind,
    /// EXECBUFFER2, from each submission's list of objects.
    Legacy,
}

/// A fence that signals when an address space's page tables have come to a certain state.
pub(crate) type BindPoint = ARef<Fence>;

/// What `state` guards.
pub(super) struct State {
    /// What is mapped.
    pub(super) mappings: Tree,
    /// Legacy mode: where each object is mapped, by the object's address in memory.
    pub(super) by_object: RBTree<usize, u64>,
    /// Legacy mode: starts of mappings whose object's handle was closed while a
    /// submission used them.
    pub(super) closed: KVec<u64>,
    /// The bind timeline's last value given out.
    pub(super) last_value: u64,
    /// The last update's fence, while it may be unsignalled.
    pub(super) last_update: Option<BindPoint>,
    /// Bind mode: for each submission timeline the last fence that may be unsignalled.
    pub(super) in_flight: KVec<(u32, ARef<Fence>)>,
}

/// What is mapped, in an allocation of its own: the command that destroys the address
/// space on the device holds it until the device has answered.
#[pin_data]
pub(super) struct Mappings {
    /// Bind mode: held around every change of the tree, and around submissions.
    #[pin]
    pub(super) vm_bind: Mutex<BoundObjects>,
    #[pin]
    pub(super) state: Mutex<State>,
    /// What updates were to take away that the device has refused.
    #[pin]
    pub(super) refused: IrqLock<DisplacedList>,
    /// The same, once what they left in doubt is unbound.
    #[pin]
    pub(super) kept: IrqLock<DisplacedList>,
}

/// An address space. Lives while a handle, a context or a submission holds it.
#[pin_data(PinnedDrop)]
pub(crate) struct AddressSpace {
    number: u32,
    mode: Mode,
    pub(super) timeline: Timeline,
    pub(super) updates: Arc<SendQueue>,
    /// The device it is on.
    pub(super) link: Arc<Link>,
    pub(super) mappings: Arc<Mappings>,
    /// Its views of processes' memory.
    pub(super) user: Arc<UserViews>,
    /// Guards the activity of views; interrupts off.
    #[pin]
    idle: IrqLock<Idle>,
    #[pin]
    became_idle: CondVar,
    /// Ends it, in process context. Made when it was born, so that the end can't fail.
    end: Option<Deferred>,
}

/// What `idle` guards, beside each view's count of activity.
struct Idle {
    /// Runs when a closed view becomes idle. Set while there is such a view.
    sweep: Option<Deferred>,
}

impl AddressSpace {
    /// Makes an empty address space, here and on the device; the device isn't waited
    /// for. ENOMEM; EIO while the device is lost.
    pub(crate) fn new(igpu: &Igpu, mode: Mode) -> Result<Arc<Self>> {
        let link = igpu.link();
        if link.is_lost() {
            return Err(EIO);
        }
        let transport = link.transport().clone();
        let share = link.take_address_space()?;
        let number = igpu.next_number();
        let timeline_number = igpu.next_number();

        let mappings = Arc::pin_init(
            try_pin_init!(Mappings {
                vm_bind <- new_mutex!(BoundObjects::new(), "AddressSpace::vm_bind"),
                state <- new_mutex!(State {
                    mappings: RBTree::new(),
                    by_object: RBTree::new(),
                    closed: KVec::new(),
                    last_value: 0,
                    last_update: None,
                    in_flight: KVec::new(),
                }, "AddressSpace::state"),
                refused <- new_irq_lock!(DisplacedList::new(), "AddressSpace::refused"),
                kept <- new_irq_lock!(DisplacedList::new(), "AddressSpace::kept"),
            }),
            GFP_KERNEL,
        )?;

        mappings.prove_order();
        let everything = Range::new(0, igpu.facts().address_space_size())?;
        let displaced = Displaced::new(everything, 0)?;
        let held = (displaced.clone(), mappings.clone());
        let destroy = transport.prepare(
            &protocol::DestroyAddressSpace {
                address_space: number.into(),
                reserved: 0.into(),
            },
            &[],
            move |_status, _reply| held.0.release(),
        )?;
        let end = {
            let (mappings, transport) = (mappings.clone(), transport.clone());
            Deferred::new(move || {
                mappings.unbind_all(&displaced);
                drop(displaced);
                drop(mappings);
                transport.submit(destroy);
                drop(share);
            })?
        };
        let create = transport.prepare(
            &protocol::CreateAddressSpace {
                address_space: number.into(),
                bind_timeline: timeline_number.into(),
            },
            &[],
            move |status, _reply| {
                if status != Status::Ok && status != Status::DeviceLost {
                    pr_err!(
                        "the device refused address space {}: {:?}\n",
                        number,
                        status
                    );
                }
            },
        )?;

        let timeline = Timeline::new(&transport, timeline_number, u32::MAX, fmt!("vm{}", number));
        let updates = SendQueue::new(transport)?;
        let address_space = Arc::pin_init(
            try_pin_init!(Self {
                number,
                mode,
                timeline,
                updates,
                link,
                mappings,
                user: UserViews::new()?,
                idle <- new_irq_lock!(Idle { sweep: None }, "AddressSpace::idle"),
                became_idle <- new_condvar!("AddressSpace::became_idle"),
                end: Some(end),
            }),
            GFP_KERNEL,
        )?;
        super::ALIVE.fetch_add(1, Relaxed);
        address_space.link.transport().submit(create);
        Ok(address_space)
    }

    /// The device has refused the update that was to take this away, and may still reach
    /// it. Any context.
    pub(super) fn keep_refused(&self, displaced: Arc<Displaced>) {
        self.mappings.refused.lock().push_refused(displaced);
    }

    /// The number it has on the device.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// The device it is on, from the reset it was made after to the next.
    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// Who decides what is mapped in it.
    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// Adds to `waits` what a submission to this address space must follow: the last
    /// page-table update. To be called, and the submission to be handed over, under the
    /// guard of [`Self::order`].
    pub(crate) fn add_update_wait(&self, order: &mut Order<'_>, waits: &mut Waits) -> Result {
        let Some(last) = &order.0.last_update else {
            return Ok(());
        };
        if last.is_signaled() {
            order.0.last_update = None;
            return Ok(());
        }
        waits.add(last)
    }

    /// Fixes an order between submissions and page-table updates while the guard lives.
    pub(crate) fn order(&self) -> Order<'_> {
        Order(self.mappings.state.lock())
    }

    /// Bind mode: room to remember one more submission, so that
    /// [`Self::remember_submission`] can't fail.
    pub(crate) fn reserve_submission(&self, order: &mut Order<'_>) -> Result {
        let in_flight = &mut order.0.in_flight;
        if in_flight.len() == in_flight.capacity() {
            in_flight.retain(|(_, fence)| !fence.is_signaled());
        }
        Ok(in_flight.reserve(1, GFP_KERNEL)?)
    }

    /// Bind mode: later updates that take something away follow this submission.
    pub(crate) fn remember_submission(
        &self,
        order: &mut Order<'_>,
        timeline: u32,
        fence: ARef<Fence>,
    ) {
        let in_flight = &mut order.0.in_flight;
        match in_flight.iter_mut().find(|(known, _)| *known == timeline) {
            Some(known) => known.1 = fence,
            // Reserved: there is room.
            None => drop(in_flight.push_within_capacity((timeline, fence))),
        }
    }

    /// The fences of the submissions that an update which takes something away must
    /// follow.
    pub(super) fn add_submission_waits(&self, state: &mut State, waits: &mut Waits) -> Result {
        state.in_flight.retain(|(_, fence)| !fence.is_signaled());
        for (_, fence) in state.in_flight.iter() {
            waits.add(fence)?;
        }
        Ok(())
    }

    /// Guards the activity of this address space's views.
    pub(super) fn idle_lock(&self) -> Guard<'_, impl Sized, IrqBackend> {
        self.idle.lock()
    }

    /// `views`, each active once more than it should be, are no longer used by a
    /// submission. Any context.
    pub(super) fn retire(&self, views: &[ActiveView]) {
        if views.is_empty() {
            return;
        }
        let mut idle = self.idle.lock();
        let sweep = if ActiveViews::decrement(views) {
            idle.sweep.take()
        } else {
            None
        };
        self.became_idle.notify_all();
        drop(idle);
        if let Some(sweep) = sweep {
            sweep.queue();
        }
    }

    /// Waits, interruptibly, until no submission uses `view`. ERESTARTSYS.
    pub(super) fn wait_idle(&self, view: &View) -> Result {
        let mut idle = self.idle.lock();
        while view.is_active() {
            if self.became_idle.wait_interruptible(&mut idle) {
                return Err(ERESTARTSYS);
            }
        }
        Ok(())
    }

    /// Has `sweep` run once a closed view becomes idle; gives it back if one is set
    /// already or nothing closed is active.
    pub(super) fn arm_sweep(&self, sweep: Deferred, view: &View) -> Result<(), Deferred> {
        let mut idle = self.idle.lock();
        if !view.is_active() || idle.sweep.is_some() {
            return Err(sweep);
        }
        idle.sweep = Some(sweep);
        Ok(())
    }
}

impl Mappings {
    /// Takes its locks in their order, so that lockdep knows it before anything takes them
    /// in another.
    fn prove_order(&self) {
        #[cfg(CONFIG_PROVE_LOCKING)]
        {
            let _vm_bind = self.vm_bind.lock();
            let _state = self.state.lock();
            let _refused = self.refused.lock();
        }
    }
}

/// Holds off page-table updates and submissions of an address space: see
/// [`AddressSpace::order`].
pub(crate) struct Order<'a>(pub(super) Guard<'a, State, MutexBackend>);

impl Order<'_> {
    /// The bind timeline's last value given out.
    pub(crate) fn last_value(&self) -> u64 {
        self.0.last_value
    }
}

#[pinned_drop]
impl PinnedDrop for AddressSpace {
    fn drop(self: Pin<&mut Self>) {
        super::ALIVE.fetch_sub(1, Relaxed);
        // Submissions and updates hold the address space until they are answered, so none
        // is left. This may be an interrupt, where the last of them was.
        if let Some(end) = self.project().end.take() {
            end.queue();
        }
    }
}
