// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The way to the device: typed commands out, replies and events in.
//!
//! A transport outlives its device: once the device is gone (unbound, broken, or it
//! doesn't answer) every command fails with [`Status::DeviceLost`], those under way at
//! once, later ones as they come. So every callback is called, always, exactly once.

use core::{
    ptr,
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
};
use kernel::{
    bindings, new_mutex,
    prelude::*,
    sync::{Arc, ArcBorrow, Mutex},
    workqueue::{self, new_work, Work, WorkItem},
};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::{
    call::CALL_TIMEOUT_MS,
    command::{CommandList, Prepared},
    counters::Counters,
    events::EventQueue,
    irq_lock::{new_irq_lock, IrqLock},
    queue::{CommandQueue, Trouble},
    trace, work,
};
use crate::{
    protocol::{Command, Event, Hello, HelloFlags, Queue, Status, Suspend},
    raw,
};

/// The device's status says that it has to be reset (virtio 1.3, section 2.1).
pub(super) const STATUS_NEEDS_RESET: u8 = 0x40;

/// Who hears the device's events, in process context.
pub(crate) trait EventListener: Send + Sync {
    /// The device at the end of `transport` reports `event`.
    fn event(&self, transport: &Transport, event: &Event);

    /// Somebody has called [`Transport::hang_handled`].
    fn hang_handled(&self);
}

/// Who wants to know that a device was given up, in process context.
pub(super) trait LossListener: Send + Sync {
    /// It is reset, and all its commands have failed. `needs_reset`: it had asked for that
    /// itself.
    fn lost(&self, needs_reset: bool);
}

/// The bond with the virtio device.
struct Life {
    /// The device; null once it is unbound.
    vdev: *mut raw::virtio_device,
    /// The device has been reset and its queues are closed.
    closed: bool,
    /// The device had asked for that.
    needs_reset: bool,
}

// SAFETY: The virtio device may be used from any thread.
unsafe impl Send for Life {}

/// The queues of one device. Always in an `Arc`.
#[pin_data]
pub(crate) struct Transport {
    /// A number that no other transport has had.
    cookie: u64,
    /// The bond with the device. Taken before any queue's lock; held during a reset.
    #[pin]
    life: Mutex<Life>,
    /// Set once, when the device is given up; from then on nothing is sent.
    lost: AtomicBool,
    #[pin]
    control: CommandQueue,
    #[pin]
    bind: CommandQueue,
    #[pin]
    submit: CommandQueue,
    #[pin]
    events: EventQueue,
    /// Commands that could not be sent, waiting for the worker to call back.
    #[pin]
    failed: IrqLock<CommandList>,
    /// Who hears events; none before the driver is ready and after it is gone.
    #[pin]
    listener: Mutex<Option<Arc<dyn EventListener>>>,
    /// Who hears of the loss; none once that is so, or the device has left the driver.
    #[pin]
    loss_listener: Mutex<Option<Arc<dyn LossListener>>>,
    /// Held while events are read and heard: one at a time, in their order.
    #[pin]
    hearing: Mutex<()>,
    /// Command queues whose interrupt has come and that nobody has looked at since.
    rung: [AtomicBool; 3],
    /// Interrupts that have come since somebody began to look; zero if nobody does.
    rings: AtomicU32,
    /// Fails commands, and the device if it is given up.
    #[pin]
    fail_work: Work<Transport, 1>,
    /// Reads events.
    #[pin]
    event_work: Work<Transport, 2>,
    counters: Arc<Counters>,
}

workqueue::impl_has_work! {
    impl HasWork<Self, 1> for Transport { self.fail_work }
    impl HasWork<Self, 2> for Transport { self.event_work }
}

/// The queues that commands are sent on, in the order in which the device takes from them.
const COMMAND_QUEUES: [Queue; 3] = [Queue::Control, Queue::Bind, Queue::Submit];

/// The command queues before one of them.
struct EarlierQueues<'a> {
    all: [&'a CommandQueue; 2],
    count: usize,
}

impl<'a> core::ops::Deref for EarlierQueues<'a> {
    type Target = [&'a CommandQueue];

    fn deref(&self) -> &Self::Target {
        &self.all[..self.count]
    }
}

impl WorkItem<1> for Transport {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        if this.is_lost() {
            let needs_reset = this.close();
            // It is told once.
            let listener = this.loss_listener.lock().take();
            if let Some(listener) = listener {
                listener.lost(needs_reset);
            }
        }
        this.complete_failed();
    }
}

impl WorkItem<2> for Transport {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        this.hear_events();
    }
}

impl Transport {
    /// A transport whose queues aren't open yet. It counts on where `counters` are.
    pub(super) fn new(
        vdev: *mut raw::virtio_device,
        counters: Arc<Counters>,
        loss_listener: Arc<dyn LossListener>,
    ) -> Result<Arc<Self>> {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Arc::pin_init(
            pin_init!(Self {
                cookie: LAST.fetch_add(1, Ordering::Relaxed) + 1,
                life <- new_mutex!(
                    Life { vdev, closed: false, needs_reset: false },
                    "virtio_igpu::Transport::life"
                ),
                lost: AtomicBool::new(false),
                control <- CommandQueue::new(),
                bind <- CommandQueue::new(),
                submit <- CommandQueue::new(),
                events <- EventQueue::new(),
                failed <- new_irq_lock!(CommandList::new(), "virtio_igpu::Transport::failed"),
                listener <- new_mutex!(None, "virtio_igpu::Transport::listener"),
                loss_listener <- new_mutex!(
                    Some(loss_listener),
                    "virtio_igpu::Transport::loss_listener"
                ),
                hearing <- new_mutex!((), "virtio_igpu::Transport::hearing"),
                rung: [const { AtomicBool::new(false) }; 3],
                rings: AtomicU32::new(0),
                fail_work <- new_work!("virtio_igpu::Transport::fail_work"),
                event_work <- new_work!("virtio_igpu::Transport::event_work"),
                counters,
            }),
            GFP_KERNEL,
        )
    }

    /// Opens the queues, in the order of their numbers.
    ///
    /// # Safety
    ///
    /// The virtqueues live until [`Self::close`] and an RCU grace period after it.
    pub(super) unsafe fn open(
        &self,
        vqs: &[*mut raw::virtqueue; crate::protocol::QUEUE_COUNT],
    ) -> Result {
        // SAFETY: The caller vouches for the virtqueues; each has one user.
        unsafe { self.control.open(vqs[Queue::Control as usize]) };
        // SAFETY: As above.
        unsafe { self.bind.open(vqs[Queue::Bind as usize]) };
        // SAFETY: As above.
        unsafe { self.submit.open(vqs[Queue::Submit as usize]) };
        // SAFETY: As above.
        unsafe { self.events.open(vqs[Queue::Event as usize]) }
    }

    /// Makes a command ready to be sent: copies it and its lists and allocates all that
    /// sending needs. Process context.
    ///
    /// `lists` are the bytes behind the command's fixed part, in order. The header is put
    /// in front here. Errors: `ENOMEM`; `E2BIG` past
    /// [`MAX_COMMAND_SIZE`](crate::protocol::MAX_COMMAND_SIZE). Nothing stays behind then.
    ///
    /// `done` is called exactly once after the command was submitted, in an interrupt or a
    /// worker, with no lock held: it must not sleep. When the device is lost it gets
    /// [`Status::DeviceLost`] and a zeroed reply.
    pub(crate) fn prepare<C, F>(&self, command: &C, lists: &[&[u8]], done: F) -> Result<Prepared>
    where
        C: Command + IntoBytes + Immutable,
        C::Reply: FromBytes + Send + 'static,
        F: FnOnce(Status, &C::Reply) + Send + 'static,
    {
        Prepared::new(command, lists, done)
    }

    /// Sends a command. Any context; never fails, sleeps or calls back from inside: the
    /// caller may hold locks that the callback takes. With the ring full the command waits
    /// its turn. Commands of one queue go in the order of these calls.
    pub(crate) fn submit(&self, command: Prepared) {
        let queue = command.queue();
        let mut commands = CommandList::new();
        commands.push(command.into_raw());
        self.send(queue, commands);
    }

    /// A number that no other transport of this module has had; not zero.
    pub(crate) fn cookie(&self) -> u64 {
        self.cookie
    }

    /// Whether the device is gone, for what is at this end of it for good: after its reset
    /// there is another transport. Any context.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// What was counted. Any context.
    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Has the listener hear every event that the device has reported by now. Process
    /// context; not from within the listener.
    pub(crate) fn hear_events(&self) {
        let listener = self.listener.lock().clone();
        let Some(listener) = listener else {
            return;
        };
        let _one_at_a_time = self.hearing.lock();
        while let Some(event) = self.events.next(self.counters.queue(Queue::Event)) {
            listener.event(self, &event);
        }
    }

    /// Tells the listener that all is done that a hang asks for, and its submission's end
    /// will be told next. Process context.
    pub(crate) fn hang_handled(&self) {
        let listener = self.listener.lock().clone();
        if let Some(listener) = listener {
            listener.hang_handled();
        }
    }

    /// Gives the device up: a worker resets it and fails every command. Any context.
    pub(crate) fn give_up(&self) {
        if !self.lost.swap(true, Ordering::AcqRel) {
            let _ = work::queue().enqueue::<_, 1>(self.arc());
        }
    }

    /// Resets the device and fails every command, now. On return no command is under way
    /// and every callback that was due has been called, or is being called by the worker.
    /// Whether the device had asked for the reset. Process context; no lock that a callback
    /// takes may be held.
    pub(super) fn close(&self) -> bool {
        self.lost.store(true, Ordering::Release);
        let mut failed = CommandList::new();
        let needs_reset = {
            let mut life = self.life.lock();
            if !life.closed && !life.vdev.is_null() {
                // SAFETY: The device is bound: `life.vdev` is cleared before it goes.
                let status = unsafe { raw::igpu_get_status(life.vdev) };
                life.needs_reset = status & STATUS_NEEDS_RESET != 0;
                // SAFETY: The device is bound: `life.vdev` is cleared before it goes.
                unsafe { raw::virtio_reset_device(life.vdev) };
                for queue in [&self.control, &self.bind, &self.submit] {
                    // SAFETY: The device has just been reset.
                    unsafe { queue.close(&mut failed) };
                }
                // SAFETY: The device has just been reset.
                unsafe { self.events.close() };
            }
            life.closed = true;
            life.needs_reset
        };
        failed.complete_all();
        self.complete_failed();
        needs_reset
    }

    /// Has what the device knows kept over its next reset, resets it and takes the virtqueues
    /// away. What is sent from here on waits for [`Self::resume`]. EBUSY if something that is
    /// under way does not end; the device's error. Process context.
    pub(super) fn suspend(&self) -> Result {
        if self.is_lost() {
            // Now, if the worker hasn't: the virtqueues are about to go.
            self.close();
            return Ok(());
        }
        let queues = [&self.control, &self.bind, &self.submit];
        queues.iter().for_each(|queue| queue.suspend());
        let kept = self.wait_until_idle(&queues).and_then(|()| {
            self.call_by(&Suspend::default(), &[], |command| {
                self.submit_suspended(command)
            })
        });
        if let Err(error) = kept {
            self.let_go();
            return Err(error);
        }
        let life = self.life.lock();
        if !life.closed && !life.vdev.is_null() {
            // SAFETY: The device is bound: `life.vdev` is cleared before it goes.
            unsafe { raw::virtio_reset_device(life.vdev) };
            for queue in queues {
                // SAFETY: The device has just been reset; what it was told of last has been
                // answered, and nothing was sent since.
                unsafe { queue.detach() };
            }
            // SAFETY: The device has just been reset.
            unsafe { self.events.close() };
        }
        Ok(())
    }

    fn wait_until_idle(&self, queues: &[&CommandQueue]) -> Result {
        for _ in 0..CALL_TIMEOUT_MS {
            if queues.iter().all(|queue| queue.is_idle()) {
                return Ok(());
            }
            // SAFETY: We are in process context, with no lock held.
            unsafe { bindings::msleep(1) };
        }
        Err(EBUSY)
    }

    /// Goes on with what the device has kept: to be called with the virtqueues open. ENOENT if
    /// it has kept nothing. Process context.
    pub(super) fn resume(&self) -> Result {
        self.call_by(&Hello::new(HelloFlags::RESUME), &[], |command| {
            self.submit_suspended(command)
        })?;
        self.let_go();
        Ok(())
    }

    /// Sends a command on the control queue, which is suspended.
    fn submit_suspended(&self, command: Prepared) {
        let mut failed = CommandList::new();
        let counters = self.counters.queue(Queue::Control);
        let trouble = self
            .control
            .send_suspended(command.into_raw(), &mut failed, counters);
        self.see_to(Queue::Control, trouble, failed);
    }

    /// Sends what waits since the queues were suspended.
    fn let_go(&self) {
        for queue in [Queue::Control, Queue::Bind, Queue::Submit] {
            let earlier = self.earlier(queue);
            let counters = self.counters.queue(queue);
            let trouble = self.commands(queue).resume(counters, &earlier);
            self.see_to(queue, trouble, CommandList::new());
        }
    }

    /// Forgets the virtio device, which goes after this, or gets another transport. Process
    /// context.
    pub(super) fn unbind(&self) {
        self.life.lock().vdev = ptr::null_mut();
    }

    /// Sets who hears events from now on. Process context.
    pub(super) fn listen(&self, listener: Arc<dyn EventListener>) {
        let before = self.listener.lock().replace(listener);
        drop(before);
        let _ = work::queue().enqueue::<_, 2>(self.arc());
    }

    /// Nobody hears of events or of the loss any more. A call that had begun may still be
    /// running: flush the workqueue. Process context.
    pub(super) fn fall_silent(&self) {
        let before = self.listener.lock().take();
        drop(before);
        let before = self.loss_listener.lock().take();
        drop(before);
    }

    /// The queue's interrupt. Hard interrupt context.
    pub(super) fn interrupt(&self, queue: usize) {
        trace::interrupt(queue as u32);
        let queue = match queue {
            0 => Queue::Control,
            1 => Queue::Bind,
            2 => Queue::Submit,
            _ => {
                self.counters.queue(Queue::Event).interrupts.add(1);
                self.events.hush();
                let _ = work::queue().enqueue::<_, 2>(self.arc());
                return;
            }
        };
        self.counters.queue(queue).interrupts.add(1);
        self.rung[queue as usize].store(true, Ordering::Release);
        // Whoever is at it takes this queue too: one at a time, or what one has taken could be
        // told of after what another has.
        if self.rings.fetch_add(1, Ordering::AcqRel) != 0 {
            return;
        }
        let mut seen = 1;
        loop {
            self.take_finished().complete_all();
            let next = self
                .rings
                .compare_exchange(seen, 0, Ordering::AcqRel, Ordering::Acquire);
            match next {
                Ok(_) => return,
                Err(more) => seen = more,
            }
        }
    }

    /// Takes what is finished out of the queues that have been rung, and with it all that was
    /// over before, on whichever queue; in the order in which it was over.
    fn take_finished(&self) -> CommandList {
        let mut all = CommandList::new();
        for queue in COMMAND_QUEUES {
            if !self.rung[queue as usize].swap(false, Ordering::AcqRel) {
                continue;
            }
            let counters = self.counters.queue(queue);
            let mut finished = CommandList::new();
            let earlier = self.earlier(queue);
            let trouble = self
                .commands(queue)
                .collect(&mut finished, counters, &earlier);
            self.see_to(queue, trouble, CommandList::new());
            all.merge(finished);
        }
        // What was over before the last that we have is there by now, and is found by a look at
        // all queues that begins after we had it.
        let mut any = !all.is_empty();
        while any {
            any = false;
            for queue in COMMAND_QUEUES {
                let mut finished = CommandList::new();
                let more = self.commands(queue).collect_more(
                    &mut finished,
                    self.counters.queue(queue),
                    &self.earlier(queue),
                );
                if let Some(trouble) = more {
                    self.see_to(queue, trouble, CommandList::new());
                    all.merge(finished);
                    any = true;
                }
            }
        }
        all
    }

    fn send(&self, queue: Queue, mut commands: CommandList) {
        let mut failed = CommandList::new();
        let trouble = self.commands(queue).send(
            &mut commands,
            &mut failed,
            self.counters.queue(queue),
            &self.earlier(queue),
        );
        self.see_to(queue, trouble, failed);
    }

    /// The queues whose commands the device takes first: what was sent to them before is to
    /// be in their rings before a command of this queue is.
    fn earlier(&self, queue: Queue) -> EarlierQueues<'_> {
        let count = match queue {
            Queue::Bind => 1,
            Queue::Submit => 2,
            Queue::Control | Queue::Event => 0,
        };
        EarlierQueues {
            all: [&self.control, &self.bind],
            count,
        }
    }

    /// The queue for commands with that number. Commands for the event queue don't exist.
    fn commands(&self, queue: Queue) -> &CommandQueue {
        match queue {
            Queue::Bind => &self.bind,
            Queue::Submit => &self.submit,
            Queue::Control | Queue::Event => &self.control,
        }
    }

    /// Has the worker call back for what could not be sent, give up a broken device, and
    /// lets in what later queues have parked because of this one.
    fn see_to(&self, queue: Queue, trouble: Trouble, failed: CommandList) {
        let mut broken = trouble.broken;
        for later in [Queue::Bind, Queue::Submit] {
            if trouble.unparked && later as u16 > queue as u16 {
                let earlier = self.earlier(later);
                let counters = self.counters.queue(later);
                let of_later = self.commands(later).admit(counters, &earlier);
                broken |= of_later.broken;
            }
        }
        if broken {
            self.give_up();
        }
        if !failed.is_empty() {
            self.failed.lock().append(failed);
            let _ = work::queue().enqueue::<_, 1>(self.arc());
        }
    }

    fn complete_failed(&self) {
        let failed = self.failed.lock().take();
        failed.complete_all();
    }

    /// The `Arc` this lives in.
    fn arc(&self) -> Arc<Self> {
        // SAFETY: `new` is the only way to make one, and it puts it in an `Arc`, whose
        // count isn't zero while `self` is borrowed.
        unsafe { ArcBorrow::from_raw(ptr::from_ref(self)) }.into()
    }
}
