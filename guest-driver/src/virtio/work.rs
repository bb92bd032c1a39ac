// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The module's own workqueue, and closures that run on it once.
//!
//! The queue exists from the module's start to its end; its end waits for all that is
//! queued, so nothing of the module runs after it is gone.

use core::{
    mem::ManuallyDrop,
    ptr::{self, NonNull},
    sync::atomic::{AtomicPtr, Ordering},
};
use kernel::{
    bindings,
    prelude::*,
    workqueue::{self, new_work, Queue, Work, WorkItem},
};

use crate::raw;

/// The queue; null before [`WorkQueue::new`] and after its drop.
static QUEUE: AtomicPtr<bindings::workqueue_struct> = AtomicPtr::new(ptr::null_mut());

/// Owns the module's workqueue. One exists, held by the module.
pub(crate) struct WorkQueue(());

impl WorkQueue {
    /// Makes the queue. Once, at module start.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: The name is a C string.
        let queue = unsafe { raw::igpu_alloc_workqueue(c"virtio_igpu".as_ptr().cast()) };
        if queue.is_null() {
            return Err(ENOMEM);
        }
        QUEUE.store(queue.cast(), Ordering::Release);
        Ok(Self(()))
    }
}

impl Drop for WorkQueue {
    fn drop(&mut self) {
        let queue = QUEUE.swap(ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: It came from alloc_workqueue and nobody finds it any more: this runs at
        // module exit, when no device is left. Destroying drains it first.
        unsafe { bindings::destroy_workqueue(queue) }
    }
}

/// The module's workqueue, for `Work` items: unbound, high priority.
pub(crate) fn queue() -> &'static Queue {
    // SAFETY: Whoever runs code of this module runs between the queue's making and its
    // destruction, which is the module's last act; so it isn't null and lives.
    unsafe { Queue::from_raw(QUEUE.load(Ordering::Acquire)) }
}

/// Waits until all that is queued at this moment has run. Process context.
pub(crate) fn flush() {
    // SAFETY: As in `queue`.
    unsafe { bindings::__flush_workqueue(QUEUE.load(Ordering::Acquire)) }
}

/// The closure and the work item that runs it.
#[pin_data]
struct Closure<F> {
    /// The kernel's part.
    #[pin]
    work: Work<Closure<F>>,
    /// What to run; taken when it runs.
    run: Option<F>,
}

workqueue::impl_has_work! {
    impl{F} HasWork<Self> for Closure<F> { self.work }
}

impl<F: FnOnce() + Send + 'static> WorkItem for Closure<F> {
    type Pointer = Pin<KBox<Self>>;

    fn run(mut this: Self::Pointer) {
        let run = this.as_mut().project().run.take();
        drop(this);
        if let Some(run) = run {
            run();
        }
    }
}

/// A closure ready to run once in process context: whoever queues it needs no memory any
/// more. Dropped without being queued, the closure is dropped uncalled.
pub(crate) struct Deferred {
    /// A `Pin<KBox<Closure<F>>>`, as a pointer.
    closure: NonNull<()>,
    /// What turns the pointer back into the box and queues it (true) or drops it.
    end: unsafe fn(NonNull<()>, bool),
}

// SAFETY: It owns a closure that is `Send`: `new` demands it.
unsafe impl Send for Deferred {}
// SAFETY: It offers nothing through a shared reference.
unsafe impl Sync for Deferred {}

impl Deferred {
    /// Makes `run` ready. Process context.
    pub(crate) fn new<F: FnOnce() + Send + 'static>(run: F) -> Result<Self> {
        let closure = KBox::pin_init(
            pin_init!(Closure {
                work <- new_work!("virtio_igpu::Deferred"),
                run: Some(run),
            }),
            GFP_KERNEL,
        )?;
        // SAFETY: The pointer is only turned back into the pinned box it was.
        let closure = KBox::leak(unsafe { Pin::into_inner_unchecked(closure) });
        Ok(Self {
            closure: NonNull::from(closure).cast(),
            end: end::<F>,
        })
    }

    /// Queues it. Any context; never fails.
    pub(crate) fn queue(self) {
        let this = ManuallyDrop::new(self);
        // SAFETY: `end` was made for this closure, and `this` is forgotten.
        unsafe { (this.end)(this.closure, true) }
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        // SAFETY: `end` was made for this closure, which nobody else ends.
        unsafe { (self.end)(self.closure, false) }
    }
}

/// Queues or drops the closure.
///
/// # Safety
///
/// `closure` is the pinned box of a `Closure<F>`, given up by its owner.
unsafe fn end<F: FnOnce() + Send + 'static>(closure: NonNull<()>, enqueue: bool) {
    // SAFETY: The caller says what it is and that it is ours.
    let closure = unsafe { KBox::from_raw(closure.cast::<Closure<F>>().as_ptr()) };
    let closure = KBox::into_pin(closure);
    if enqueue {
        queue().enqueue(closure);
    }
}
