// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The module's own workqueues, and closures that run on them once.
//!
//! The queues exist from the module's start to its end; their end waits for all that is
//! queued, so nothing of the module runs after they are gone.

use core::{
    mem::ManuallyDrop,
    ptr::{self, NonNull},
    sync::atomic::{AtomicPtr, Ordering},
};
use kernel::{
    bindings,
    prelude::*,
    workqueue::{self, new_work, DelayedWork, Queue, Work, WorkItem},
};

use crate::raw;

/// A queue's place; null before [`WorkQueues::new`] and after their drop.
type Place = AtomicPtr<bindings::workqueue_struct>;

/// Runs works side by side.
static UNORDERED: Place = AtomicPtr::new(ptr::null_mut());
/// Runs one work after the other.
static ORDERED: Place = AtomicPtr::new(ptr::null_mut());
/// Runs side by side what takes long, at no special priority.
static PATIENT: Place = AtomicPtr::new(ptr::null_mut());
/// Runs what brings devices up. Stands still while the guest suspends.
static FREEZABLE: Place = AtomicPtr::new(ptr::null_mut());

/// Owns the module's workqueues. One exists, held by the module.
pub(crate) struct WorkQueues(());

impl WorkQueues {
    /// Makes the queues. Once, at module start. `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        // What was made when a later one fails is dropped with this.
        let queues = Self(());
        // SAFETY: The name is a C string.
        let unordered = unsafe { raw::igpu_alloc_workqueue(c"virtio_igpu".as_ptr().cast(), true) };
        UNORDERED.store(unordered.cast(), Ordering::Release);
        // SAFETY: As above.
        let ordered =
            unsafe { raw::igpu_alloc_ordered_workqueue(c"virtio_igpu_ordered".as_ptr().cast()) };
        ORDERED.store(ordered.cast(), Ordering::Release);
        // SAFETY: As above.
        let patient =
            unsafe { raw::igpu_alloc_workqueue(c"virtio_igpu_long".as_ptr().cast(), false) };
        PATIENT.store(patient.cast(), Ordering::Release);
        let freezable =
            // SAFETY: As above.
            unsafe { raw::igpu_alloc_freezable_workqueue(c"virtio_igpu_reset".as_ptr().cast()) };
        FREEZABLE.store(freezable.cast(), Ordering::Release);
        if [unordered, ordered, patient, freezable].contains(&ptr::null_mut()) {
            return Err(ENOMEM);
        }
        Ok(queues)
    }
}

impl Drop for WorkQueues {
    fn drop(&mut self) {
        // What takes long may queue the others, and what runs in order what runs in any.
        for place in [&FREEZABLE, &PATIENT, &ORDERED, &UNORDERED] {
            let queue = place.load(Ordering::Acquire);
            if !queue.is_null() {
                // It stays in its place meanwhile: what is still queued may queue more on it.
                // SAFETY: It came from alloc_workqueue. Destroying drains it first, of what
                // its own work queues too; nobody else finds it any more, since this runs at
                // module exit, when no device is left.
                unsafe { bindings::destroy_workqueue(queue) };
                place.store(ptr::null_mut(), Ordering::Release);
            }
        }
    }
}

/// The module's workqueue, for `Work` items: unbound, high priority.
pub(crate) fn queue() -> &'static Queue {
    at(&UNORDERED)
}

/// The module's workqueue for what takes long.
pub(crate) fn patient_queue() -> &'static Queue {
    at(&PATIENT)
}

/// The module's workqueue for what brings devices up.
pub(super) fn freezable_queue() -> &'static Queue {
    at(&FREEZABLE)
}

/// Has a delayed work never run again, after this, and waits for it if it runs. Whether it was
/// to run: then what it was queued as is the caller's again. Process context.
pub(super) fn disable<T, const ID: u64>(work: &DelayedWork<T, ID>) -> bool {
    // SAFETY: The work lives while it is borrowed.
    let work = unsafe { Work::raw_get(DelayedWork::raw_as_work(work)) };
    // SAFETY: A delayed work's work is within it.
    let delayed = unsafe { kernel::container_of!(work, bindings::delayed_work, work) };
    // SAFETY: It is initialised.
    unsafe { bindings::disable_delayed_work_sync(delayed) }
}

fn at(place: &Place) -> &'static Queue {
    // SAFETY: Whoever runs code of this module runs between the queues' making and their
    // destruction, which is the module's last act; so it isn't null and lives.
    unsafe { Queue::from_raw(place.load(Ordering::Acquire)) }
}

/// Waits until all that is queued at this moment has run. Process context.
pub(crate) fn flush() {
    for place in [&PATIENT, &ORDERED, &UNORDERED] {
        // SAFETY: As in `at`.
        unsafe { bindings::__flush_workqueue(place.load(Ordering::Acquire)) }
    }
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
    /// What turns the pointer back into the box and queues it, or drops it.
    end: unsafe fn(NonNull<()>, Option<&Queue>),
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
        self.queue_on(queue());
    }

    /// Queues it behind everything else that was queued by this: it runs when all that has
    /// ended, so it should be short. Any context; never fails.
    pub(crate) fn queue_in_order(self) {
        self.queue_on(at(&ORDERED));
    }

    fn queue_on(self, queue: &Queue) {
        let this = ManuallyDrop::new(self);
        // SAFETY: `end` was made for this closure, and `this` is forgotten.
        unsafe { (this.end)(this.closure, Some(queue)) }
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        // SAFETY: `end` was made for this closure, which nobody else ends.
        unsafe { (self.end)(self.closure, None) }
    }
}

/// Queues or drops the closure.
///
/// # Safety
///
/// `closure` is the pinned box of a `Closure<F>`, given up by its owner.
unsafe fn end<F: FnOnce() + Send + 'static>(closure: NonNull<()>, queue: Option<&Queue>) {
    // SAFETY: The caller says what it is and that it is ours.
    let closure = unsafe { KBox::from_raw(closure.cast::<Closure<F>>().as_ptr()) };
    let closure = KBox::into_pin(closure);
    if let Some(queue) = queue {
        queue.enqueue(closure);
    }
}
