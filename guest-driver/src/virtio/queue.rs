// SPDX-License-Identifier: GPL-2.0 OR MIT

//! A virtqueue that carries commands: the ring, and the commands that wait for room in it.

use core::{
    ptr,
    ptr::NonNull,
    sync::atomic::{AtomicBool, Ordering},
};
use kernel::{
    prelude::*,
    sync::{lock::Guard, rcu},
};

use super::{
    command::{CommandList, Outcome, RawCommand},
    counters::QueueCounters,
    irq_lock::{new_irq_lock, IrqBackend, IrqLock},
    trace,
};
use crate::{protocol::Status, raw};

/// What the queue's lock guards.
struct Ring {
    /// The virtqueue; null before the queues are found and once the device is lost.
    vq: *mut raw::virtqueue,
    /// Commands in the ring.
    in_flight: u32,
    /// Commands for which the ring had no room, or that follow commands for which another
    /// ring had none; oldest first.
    parked: CommandList,
    /// A command was added and the device hasn't been told.
    unkicked: bool,
    /// The device is suspended, or about to be: commands are parked, and stay so.
    suspended: bool,
}

// SAFETY: The virtqueue may be used on any CPU by whoever holds the lock.
unsafe impl Send for Ring {}

/// A queue of commands. Its lock is taken in interrupts and never held while a callback
/// runs, nor while the device is notified.
///
/// The device takes what was put into an earlier queue's ring first before what was put
/// into a later one's afterwards. So nothing may overtake a parked command of an earlier
/// queue: it is parked too, and let in by whoever has let in the last of those.
#[pin_data]
pub(super) struct CommandQueue {
    #[pin]
    ring: IrqLock<Ring>,
    /// Whether there are parked commands. Written with the ring's lock held; later queues
    /// look at it with theirs.
    has_parked: AtomicBool,
    /// Whether commands are in the ring. Written with the ring's lock held. Who learns of a
    /// command's end sees it set for every other that was sent before and has not ended.
    has_in_flight: AtomicBool,
}

/// What the caller of [`CommandQueue::send`] or [`CommandQueue::collect`] has to see to.
#[derive(Default)]
pub(super) struct Trouble {
    /// The ring is broken, or takes nothing though it is empty: the device must be given up.
    pub(super) broken: bool,
    /// The last parked command is gone: what the later queues have parked may go too.
    pub(super) unparked: bool,
}

impl CommandQueue {
    /// A queue without a virtqueue: everything sent to it fails.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            ring <- new_irq_lock!(Ring {
                vq: ptr::null_mut(),
                in_flight: 0,
                parked: CommandList::new(),
                unkicked: false,
                suspended: false,
            }, "virtio_igpu::CommandQueue::ring"),
            has_parked: AtomicBool::new(false),
            has_in_flight: AtomicBool::new(false),
        })
    }

    /// Gives it its virtqueue.
    ///
    /// # Safety
    ///
    /// `vq` must live until [`Self::close`] has returned and an RCU grace period has
    /// passed, and nobody else may use it.
    pub(super) unsafe fn open(&self, vq: *mut raw::virtqueue) {
        self.ring.lock().vq = vq;
    }

    /// Sends commands in order, with one notification; without a virtqueue they are put on
    /// `failed`. `earlier` are the queues whose commands come first. Any context.
    pub(super) fn send(
        &self,
        commands: &mut CommandList,
        failed: &mut CommandList,
        counters: &QueueCounters,
        earlier: &[&Self],
    ) -> Trouble {
        // The virtqueue outlives the notification below, which is outside the lock.
        let _vq_lives = rcu::read_lock();
        let mut ring = self.ring.lock();
        let held_up = Self::held_up(earlier);
        if !held_up {
            // Nothing holds up any more what an earlier queue did: it goes first.
            ring.admit(counters);
        }
        while let Some(command) = commands.pop() {
            if ring.vq.is_null() && !ring.suspended {
                command.set_outcome(Outcome::Failed(Status::DeviceLost));
                failed.push(command);
            } else if held_up
                || ring.suspended
                || !ring.parked.is_empty()
                || ring.add(command, counters).is_err()
            {
                counters.parked.add(1);
                ring.parked.push(command);
            }
        }
        self.finish(ring, counters, held_up)
    }

    /// Lets parked commands in, if there is room and no earlier queue has any. Any context.
    pub(super) fn admit(&self, counters: &QueueCounters, earlier: &[&Self]) -> Trouble {
        let _vq_lives = rcu::read_lock();
        let mut ring = self.ring.lock();
        if ring.vq.is_null() {
            return Trouble::default();
        }
        let held_up = Self::held_up(earlier);
        if !held_up {
            ring.admit(counters);
        }
        self.finish(ring, counters, held_up)
    }

    /// Whether any of the earlier queues has parked commands. Who asks holds a later queue's
    /// lock: if a command of that queue follows one that is parked, it sees so; and who lets
    /// the last in takes that lock afterwards, so it finds what was parked on this answer.
    fn held_up(earlier: &[&Self]) -> bool {
        let parked = |queue: &&Self| queue.has_parked.load(Ordering::Acquire);
        earlier.iter().any(parked)
    }

    /// Ends an operation on the ring: notes whether commands are parked, lets go of the lock
    /// and notifies the device. What has come of it. `held_up`: what is parked was not let
    /// in, whatever room there is. The virtqueue must live until this has returned: the
    /// caller is in an RCU read section.
    fn finish(
        &self,
        mut ring: Guard<'_, Ring, IrqBackend>,
        counters: &QueueCounters,
        held_up: bool,
    ) -> Trouble {
        let parked = !ring.parked.is_empty();
        let before = self.has_parked.swap(parked, Ordering::AcqRel);
        self.has_in_flight
            .store(ring.in_flight != 0, Ordering::Release);
        let trouble = Trouble {
            broken: ring.is_broken() || (!held_up && ring.never_fits()),
            unparked: before && !parked,
        };
        let notify = ring.prepare_kick();
        drop(ring);
        kick(notify, counters);
        trouble
    }

    /// Takes out what the device has finished, onto `finished`, and lets parked commands
    /// in. Arms the interrupt again. Called from the interrupt.
    pub(super) fn collect(
        &self,
        finished: &mut CommandList,
        counters: &QueueCounters,
        earlier: &[&Self],
    ) -> Trouble {
        let _vq_lives = rcu::read_lock();
        let mut ring = self.ring.lock();
        if ring.vq.is_null() {
            return Trouble::default();
        }
        loop {
            // SAFETY: The virtqueue isn't null, so it lives, and we hold its lock.
            unsafe { raw::virtqueue_disable_cb(ring.vq) };
            ring.take_all(finished, counters);
            // SAFETY: As above.
            if unsafe { raw::virtqueue_enable_cb(ring.vq) } {
                break;
            }
            // SAFETY: As above.
            if unsafe { raw::virtqueue_is_broken(ring.vq) } {
                break;
            }
        }
        let held_up = Self::held_up(earlier);
        if !held_up {
            ring.admit(counters);
        }
        self.finish(ring, counters, held_up)
    }

    /// Takes out what the device has finished, onto `finished`, and lets parked commands in:
    /// without having been interrupted, and without a say in when it will be. None if nothing
    /// was there. Any context.
    pub(super) fn collect_more(
        &self,
        finished: &mut CommandList,
        counters: &QueueCounters,
        earlier: &[&Self],
    ) -> Option<Trouble> {
        if !self.has_in_flight.load(Ordering::Acquire) {
            return None;
        }
        let _vq_lives = rcu::read_lock();
        let mut ring = self.ring.lock();
        if ring.vq.is_null() {
            return None;
        }
        let before = ring.in_flight;
        ring.take_all(finished, counters);
        if ring.in_flight == before {
            return None;
        }
        // The interrupt may find nothing, and then it is not told to us.
        let held_up = Self::held_up(earlier);
        if !held_up {
            ring.admit(counters);
        }
        Some(self.finish(ring, counters, held_up))
    }

    /// From here on commands are parked.
    pub(super) fn suspend(&self) {
        self.ring.lock().suspended = true;
    }

    /// Whether nothing is in the ring.
    pub(super) fn is_idle(&self) -> bool {
        self.ring.lock().in_flight == 0
    }

    /// Sends a command while the queue is suspended.
    pub(super) fn send_suspended(
        &self,
        command: RawCommand,
        failed: &mut CommandList,
        counters: &QueueCounters,
    ) -> Trouble {
        let _vq_lives = rcu::read_lock();
        let mut ring = self.ring.lock();
        if ring.vq.is_null() || ring.add(command, counters).is_err() {
            command.set_outcome(Outcome::Failed(Status::DeviceLost));
            failed.push(command);
        }
        self.finish(ring, counters, true)
    }

    /// Takes the virtqueue of a suspended queue away. What is parked stays.
    ///
    /// # Safety
    ///
    /// The device has been reset, and nothing is in the ring.
    pub(super) unsafe fn detach(&self) {
        self.ring.lock().vq = ptr::null_mut();
    }

    /// Commands are sent again, also those parked meanwhile.
    pub(super) fn resume(&self, counters: &QueueCounters, earlier: &[&Self]) -> Trouble {
        self.ring.lock().suspended = false;
        self.admit(counters, earlier)
    }

    /// Takes the virtqueue away and puts every command that is still there on `failed`:
    /// those the device had, then those parked.
    ///
    /// # Safety
    ///
    /// The device has been reset: it doesn't touch the buffers any more.
    pub(super) unsafe fn close(&self, failed: &mut CommandList) {
        let mut ring = self.ring.lock();
        let vq = core::mem::replace(&mut ring.vq, ptr::null_mut());
        if !vq.is_null() {
            // SAFETY: The virtqueue lives until after this call, and we hold its lock; the
            // device is reset.
            while let Some(token) = NonNull::new(unsafe { raw::virtqueue_detach_unused_buf(vq) }) {
                // SAFETY: Each token in this virtqueue came from `add`, and a command that
                // is still in it has not been ended.
                let command = unsafe { RawCommand::from_token(token) };
                command.set_outcome(Outcome::Failed(Status::DeviceLost));
                failed.push(command);
            }
        }
        ring.in_flight = 0;
        ring.suspended = false;
        while let Some(command) = ring.parked.pop() {
            command.set_outcome(Outcome::Failed(Status::DeviceLost));
            failed.push(command);
        }
        self.has_parked.store(false, Ordering::Release);
    }
}

impl Ring {
    /// Puts a command into the ring. An error leaves it the caller's.
    fn add(&mut self, command: RawCommand, counters: &QueueCounters) -> Result {
        // SAFETY: Callers have seen that the virtqueue isn't null, so it lives; having
        // `&mut self` is holding its lock.
        unsafe { command.add_to(self.vq) }?;
        counters.commands.add(1);
        counters.bytes_out.add(command.length().into());
        self.in_flight += 1;
        self.unkicked = true;
        Ok(())
    }

    /// Puts parked commands into the ring while there is room.
    fn admit(&mut self, counters: &QueueCounters) {
        if self.suspended {
            return;
        }
        while let Some(command) = self.parked.peek() {
            if self.add(command, counters).is_err() {
                break;
            }
            self.parked.pop();
        }
    }

    /// Takes out all that the device has finished, onto `finished`.
    fn take_all(&mut self, finished: &mut CommandList, counters: &QueueCounters) {
        while let Some((command, length)) = self.get() {
            counters.bytes_in.add(length.into());
            command.set_outcome(Outcome::Answered(length));
            finished.push(command);
        }
    }

    /// The next command the device has finished, with the bytes it wrote.
    fn get(&mut self) -> Option<(RawCommand, u32)> {
        let mut length = 0;
        // SAFETY: As in `add`.
        let token = unsafe { raw::virtqueue_get_buf(self.vq, &mut length) };
        let token = NonNull::new(token)?;
        self.in_flight = self.in_flight.saturating_sub(1);
        // SAFETY: The virtqueue returns each token once, and all came from `add`.
        Some((unsafe { RawCommand::from_token(token) }, length))
    }

    /// Whether what is parked would wait for ever: nothing is in the ring whose return could
    /// make room. It can't be failed by itself: the device was told of points that it would
    /// reach.
    fn never_fits(&self) -> bool {
        !self.vq.is_null() && !self.suspended && self.in_flight == 0 && !self.parked.is_empty()
    }

    /// Whether the ring is no longer sound.
    fn is_broken(&self) -> bool {
        // SAFETY: As in `add`.
        !self.vq.is_null() && unsafe { raw::virtqueue_is_broken(self.vq) }
    }

    /// The virtqueue, if the device must be told of something new in it.
    fn prepare_kick(&mut self) -> Option<*mut raw::virtqueue> {
        if self.vq.is_null() || !core::mem::take(&mut self.unkicked) {
            return None;
        }
        // SAFETY: As in `add`.
        unsafe { raw::virtqueue_kick_prepare(self.vq) }.then_some(self.vq)
    }
}

/// Tells the device that there is something new. The caller holds an RCU read lock since
/// it found the virtqueue.
fn kick(notify: Option<*mut raw::virtqueue>, counters: &QueueCounters) {
    if let Some(vq) = notify {
        counters.kicks.add(1);
        // SAFETY: As below.
        trace::kick(unsafe { (*vq).index });
        // SAFETY: The virtqueue is freed only a grace period after it can't be found any
        // more, and the caller's read lock began while it could be.
        unsafe { raw::virtqueue_notify(vq) };
    }
}
