// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The order in which a timeline's commands are called back when one of them takes its
//! time.
//!
//! Who hears that a submission has hung, or was cancelled, may want to look at memory first,
//! which takes long and may sleep. So such a command is called back by a worker, and what comes back behind
//! it on the same line waits for it: the timeline's fences signal in their order. All else
//! is called back where it came in. Takes no memory, so it can't fail.

use core::sync::atomic::{AtomicBool, Ordering};
use kernel::{
    prelude::*,
    sync::Arc,
    workqueue::{self, new_work, Work, WorkItem},
};

use super::{
    command::{CommandList, RawCommand},
    irq_lock::{new_irq_lock, IrqLock},
    work,
};
use crate::protocol::Status;

/// Commands of one timeline on their way to their callbacks.
#[pin_data]
pub(crate) struct ReturnLine {
    /// The worker runs or is about to. Written with `held` locked.
    busy: AtomicBool,
    /// What waits for the worker, in order.
    #[pin]
    held: IrqLock<CommandList>,
    #[pin]
    work: Work<ReturnLine>,
}

workqueue::impl_has_work! {
    impl HasWork<Self> for ReturnLine { self.work }
}

impl ReturnLine {
    /// An empty line. ENOMEM.
    pub(crate) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                busy: AtomicBool::new(false),
                held <- new_irq_lock!(CommandList::new(), "virtio_igpu::ReturnLine::held"),
                work <- new_work!("virtio_igpu::ReturnLine::work"),
            }),
            GFP_KERNEL,
        )
    }

    /// Calls `command` back, whose outcome is noted on it: now, or by the worker. Any
    /// context, no locks held.
    pub(super) fn take(self: Arc<Self>, command: RawCommand) {
        let slow = matches!(command.status(), Status::Hung | Status::Cancelled);
        if !slow && !self.busy.load(Ordering::Acquire) {
            command.call_back();
            return;
        }
        let mut held = self.held.lock();
        let busy = self.busy.load(Ordering::Relaxed);
        if !slow && !busy {
            drop(held);
            command.call_back();
            return;
        }
        held.push(command);
        if !busy {
            self.busy.store(true, Ordering::Release);
            drop(held);
            // It can't be queued already: the worker clears `busy` last.
            let _ = work::patient_queue().enqueue(self);
        }
    }
}

impl WorkItem for ReturnLine {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        loop {
            let mut held = this.held.lock();
            let Some(command) = held.pop() else {
                this.busy.store(false, Ordering::Release);
                return;
            };
            drop(held);
            command.call_back();
        }
    }
}
