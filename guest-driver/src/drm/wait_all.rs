// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Something to be done once fences have signalled, without a thread that waits.
//!
//! A wait ends when its count is down to zero: one for each fence that has not signalled,
//! and one for whoever sets it up. Each fence's count is taken off by the fence's callback
//! or, when the device goes, by whoever removes that callback; never by both. Who takes
//! off the last one runs the closure.

use core::{
    cell::UnsafeCell,
    mem::offset_of,
    sync::atomic::{AtomicI32, AtomicUsize, Ordering},
};
use kernel::{
    alloc::flags::GFP_NOWAIT,
    bindings, new_mutex,
    prelude::*,
    sync::{aref::ARef, Arc, Mutex},
};

use super::{device::Device, fence::Fence, sync::IrqLock, work::Deferred};
use crate::new_irq_lock;

/// One fence of a wait.
#[repr(C)]
struct Slot {
    /// What the fence knows. First.
    callback: bindings::dma_fence_cb,
    /// The wait this belongs to; it lives until its closure has run.
    wait: *const Wait,
    fence: ARef<Fence>,
    /// Whether the callback was handed to the fence.
    armed: bool,
}

/// A wait for several fences.
#[pin_data]
struct Wait {
    /// How many counts are left.
    left: AtomicUsize,
    /// The first error of a fence, as an errno; 0 for none.
    error: AtomicI32,
    /// One for each fence; held while they are set up and while they are cut. Fences use
    /// `callback` without it, under their own locks.
    #[pin]
    slots: Mutex<KVec<Slot>>,
    /// What is run at the end; taken by who takes off the last count. It holds an `Arc` of
    /// the wait, which therefore lives at least as long as a callback may come.
    run: UnsafeCell<Option<Deferred>>,
    /// Where it stands in the device's list.
    place: AtomicUsize,
}

// SAFETY: The counts say who may touch the cells, as written there.
unsafe impl Send for Wait {}
// SAFETY: As above.
unsafe impl Sync for Wait {}

/// Runs `then` once all of `fences` have signalled, with the first error any of them had.
///
/// It runs on a workqueue of the module, in process context; if all have signalled already,
/// at once in the caller's. What waits for the same fences runs in the order of these calls,
/// as what follows an i915 fence is queued, so `then` should be short. When the device goes, waits that are left end with `ENODEV`.
/// Errors: `ENOMEM`; `ENODEV` if the device has gone; `then` is dropped uncalled. Process
/// context.
pub(crate) fn when_all(
    dev: &Device,
    fences: &[ARef<Fence>],
    then: impl FnOnce(Result) + Send + 'static,
) -> Result {
    if fences.iter().all(|fence| fence.is_signaled()) {
        then(match fences.iter().find_map(|fence| fence.error()) {
            Some(error) => Err(error),
            None => Ok(()),
        });
        return Ok(());
    }

    let wait = Arc::pin_init(
        pin_init!(Wait {
            left: AtomicUsize::new(fences.len() + 1),
            error: AtomicI32::new(0),
            slots <- new_mutex!(KVec::new(), "virtio_igpu::Wait::slots"),
            run: UnsafeCell::new(None),
            place: AtomicUsize::new(usize::MAX),
        }),
        GFP_KERNEL,
    )?;
    let its = wait.clone();
    let list: ARef<Device> = dev.into();
    let run = Deferred::new(move || {
        list.waits().remove(&its);
        let error = its.error.load(Ordering::Acquire);
        // Its memory goes before the closure runs, which may take long.
        drop(its);
        drop(list);
        then(if error == 0 {
            Ok(())
        } else {
            Err(Error::from_errno(error))
        });
    })?;
    let mut slots = wait.slots.lock();
    slots.reserve(fences.len(), GFP_KERNEL)?;
    for fence in fences {
        slots.push(
            Slot {
                callback: pin_init::zeroed(),
                wait: &*wait,
                fence: fence.clone(),
                armed: false,
            },
            GFP_KERNEL,
        )?;
    }
    // From here on it can be cut, which then waits for the slots' lock.
    dev.waits().add(&wait)?;
    // SAFETY: The count of this function keeps everybody else from it.
    unsafe { *wait.run.get() = Some(run) };
    for slot in slots.iter_mut() {
        slot.armed = true;
        // SAFETY: Fence and slot live until the wait is over: the closure holds the wait,
        // and it runs after the callback has been called or removed.
        let ret = unsafe {
            bindings::dma_fence_add_callback(
                slot.fence.as_raw(),
                &mut slot.callback,
                Some(signaled),
            )
        };
        if ret != 0 {
            // It has signalled: the callback won't come.
            slot.armed = false;
            wait.finish(slot.fence.error());
        }
    }
    drop(slots);
    wait.finish(None);
    Ok(())
}

/// A fence has signalled. Any context, with the fence's lock held.
unsafe extern "C" fn signaled(_: *mut bindings::dma_fence, callback: *mut bindings::dma_fence_cb) {
    const { assert!(offset_of!(Slot, callback) == 0) };
    // SAFETY: The callback is the first field of a slot, which lives until the wait ends.
    let slot = unsafe { &*callback.cast::<Slot>() };
    // SAFETY: A wait lives until it has ended, which it has not before this.
    let wait = unsafe { &*slot.wait };
    // SAFETY: A fence that is signalling has its error set.
    let error = unsafe { (*slot.fence.as_raw()).error };
    wait.finish((error != 0).then(|| Error::from_errno(error)));
}

impl Wait {
    /// Takes one count off; whoever takes the last has the closure run. Any context. The
    /// wait may be gone when this returns, unless the caller holds an `Arc` of it.
    fn finish(&self, error: Option<Error>) {
        if let Some(error) = error {
            let _ = self.error.compare_exchange(
                0,
                error.to_errno(),
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
        }
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            // SAFETY: The last count is ours, so nobody else touches it.
            let run = unsafe { (*self.run.get()).take() };
            if let Some(run) = run {
                run.queue_in_order();
            }
        }
    }

    /// Ends the wait: what has not signalled won't be waited for. Process context.
    fn cut(&self) {
        let mut slots = self.slots.lock();
        for slot in slots.iter_mut().filter(|slot| slot.armed) {
            slot.armed = false;
            // SAFETY: The callback was handed to this fence, and lives. If it has come
            // already, the fence says so.
            let removed = unsafe {
                bindings::dma_fence_remove_callback(slot.fence.as_raw(), &mut slot.callback)
            };
            if removed {
                self.finish(Some(ENODEV));
            }
        }
    }
}

/// What the list's lock guards.
struct Waits {
    /// The waits; holes are in `free`, whose capacity is at least the list's length.
    list: KVec<Option<Arc<Wait>>>,
    free: KVec<usize>,
    /// The device has gone: nothing comes in any more.
    cut: bool,
}

/// The waits of a device.
#[pin_data]
pub(super) struct WaitList {
    #[pin]
    waits: IrqLock<Waits>,
}

impl WaitList {
    /// An empty list.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            waits <- new_irq_lock!(
                Waits { list: KVec::new(), free: KVec::new(), cut: false },
                "virtio_igpu::WaitList::waits"
            ),
        })
    }

    fn add(&self, wait: &Arc<Wait>) -> Result {
        let mut waits = self.waits.lock();
        if waits.cut {
            return Err(ENODEV);
        }
        let place = match waits.free.pop() {
            Some(place) => place,
            None => {
                let place = waits.list.len();
                waits.free.reserve(place + 1, GFP_NOWAIT)?;
                waits.list.push(None, GFP_NOWAIT)?;
                place
            }
        };
        wait.place.store(place, Ordering::Relaxed);
        waits.list[place] = Some(wait.clone());
        Ok(())
    }

    fn remove(&self, wait: &Wait) {
        let place = wait.place.load(Ordering::Relaxed);
        let mut waits = self.waits.lock();
        let removed = waits.list.get_mut(place).and_then(Option::take);
        if removed.is_some() {
            // Has the capacity: see `add`.
            let _ = waits.free.push(place, GFP_NOWAIT);
        }
        drop(waits);
        drop(removed);
    }

    /// Ends all waits, and lets no more in. Process context.
    pub(super) fn cut(&self) {
        let mut next = 0;
        loop {
            let mut waits = self.waits.lock();
            waits.cut = true;
            let Some(place) = (next..waits.list.len()).find(|&at| waits.list[at].is_some()) else {
                return;
            };
            let wait = waits.list[place].clone();
            drop(waits);
            next = place + 1;
            if let Some(wait) = wait {
                wait.cut();
            }
        }
    }
}
