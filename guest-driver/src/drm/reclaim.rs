// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What gives objects' memory back when the machine is short of it: a shrinker.
//!
//! An object that has had its pages once keeps them, out of the kernel's reach. When memory
//! is short the kernel asks, and what nobody has pinned goes: with its contents if userspace
//! doesn't need them, else, if there is swap, to shmem, from where the kernel swaps it.
//!
//! What is mapped on the GPU is pinned. Objects that no submission uses any more have to be
//! taken off the device first, which takes the device's answer: a worker does that.
//!
//! # Locks
//!
//! The shrinker is called wherever memory is allocated, so with any lock held under which
//! that is done, among them objects' `pages` and reservations: of these it only tries to
//! take its own. DRM's lock of the lists is held for moments in which nobody allocates.

use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use kernel::{
    bindings,
    ffi::{c_uint, c_ulong},
    page::PAGE_SIZE,
    prelude::*,
    sync::{aref::ARef, Arc},
    types::Opaque,
    workqueue::{self, new_work, Work, WorkItem},
};

use super::{
    device::Device,
    driver::{Driver, TheDriver},
    gem::{BackingKind, Object},
    pages::{GivenBack, PinnedPages},
    sync::IrqLock,
    work,
};
use crate::{new_irq_lock, raw, rules::object::Retention};

/// What a scan answers that can do nothing.
const STOP: c_ulong = c_ulong::MAX;

/// A device's objects whose memory can be given back, and what does it.
#[pin_data]
pub(crate) struct Reclaim {
    /// Objects that hold pages which userspace doesn't need.
    #[pin]
    not_needed: Opaque<bindings::drm_gem_lru>,
    /// The others that hold pages of their own.
    #[pin]
    needed: Opaque<bindings::drm_gem_lru>,
    /// Asks for memory, while the device is there.
    shrinker: AtomicPtr<bindings::shrinker>,
    /// Pages that scans of `needed` may still release.
    release_left: AtomicUsize,
    /// Pages that they have released.
    released: AtomicUsize,
    /// For the worker: the device, if the worker is asked to run.
    #[pin]
    asked: IrqLock<Option<ARef<Device>>>,
    /// For the worker: pages that scans haven't found.
    missing: AtomicUsize,
    /// The worker.
    #[pin]
    work: Work<Reclaim>,
}

workqueue::impl_has_work! {
    impl HasWork<Self> for Reclaim { self.work }
}

// SAFETY: DRM's lock guards the lists.
unsafe impl Send for Reclaim {}
// SAFETY: As above.
unsafe impl Sync for Reclaim {}

impl Reclaim {
    /// Without objects; nobody asks yet. `ENOMEM`.
    pub(super) fn new() -> Result<Arc<Self>> {
        fn list() -> impl PinInit<Opaque<bindings::drm_gem_lru>> {
            // SAFETY: The list stays where it is: it lies in a pinned Arc.
            Opaque::ffi_init(|list| unsafe { bindings::drm_gem_lru_init(list) })
        }
        Arc::pin_init(
            pin_init!(Self {
                not_needed <- list(),
                needed <- list(),
                shrinker: AtomicPtr::new(core::ptr::null_mut()),
                release_left: AtomicUsize::new(0),
                released: AtomicUsize::new(0),
                asked <- new_irq_lock!(None, "Reclaim::asked"),
                missing: AtomicUsize::new(0),
                work <- new_work!("virtio_igpu::Reclaim"),
            }),
            GFP_KERNEL,
        )
    }

    /// Lets the kernel ask for memory, until [`Self::stop`]. Without it, if there is no
    /// memory for that, objects work as well. `dev` is registered. Process context.
    pub(super) fn start(&self, dev: &Device) {
        // SAFETY: The text is a C string without formats.
        let shrinker = unsafe { bindings::shrinker_alloc(0, c"drm-i915_gem".as_ptr().cast()) };
        if shrinker.is_null() {
            pr_warn!("no memory for a shrinker\n");
            return;
        }
        // SAFETY: It isn't registered yet. `stop` ends it before the device goes.
        unsafe {
            (*shrinker).count_objects = Some(count);
            (*shrinker).scan_objects = Some(scan);
            (*shrinker).private_data = dev.as_raw().cast();
            bindings::shrinker_register(shrinker);
        }
        self.shrinker.store(shrinker, Ordering::Release);
    }

    /// The kernel asks no more, nor does anything that it has asked for run here, but for
    /// the worker. Process context.
    pub(super) fn stop(&self) {
        let shrinker = self.shrinker.swap(core::ptr::null_mut(), Ordering::AcqRel);
        if !shrinker.is_null() {
            // SAFETY: It was registered, and nobody else ends it.
            unsafe { bindings::shrinker_free(shrinker) };
        }
    }

    /// Pages that are held, of objects that are not needed and, if there is where to swap
    /// them to, of others.
    fn count(&self) -> usize {
        // SAFETY: Numbers that may change at any time.
        let (not_needed, needed) = unsafe {
            (
                (&raw const (*self.not_needed.get()).count).read_volatile(),
                (&raw const (*self.needed.get()).count).read_volatile(),
            )
        };
        let swappable = if can_swap() { needed } else { 0 };
        not_needed.saturating_add(swappable).max(0) as usize
    }

    /// Gives back what nobody has pinned, about `pages` at most, what isn't needed first.
    /// How many pages that were. Any context that may sleep, reclaim too.
    fn give_back(&self, dev: &Device, pages: usize) -> usize {
        let mut freed = scan_list(dev, &self.not_needed, pages, purge);
        if freed < pages && can_swap() {
            // Several at a time share the limit, and count each other's: no harm is in that.
            let before = self.released.load(Ordering::Relaxed);
            self.release_left.store(pages - freed, Ordering::Relaxed);
            scan_list(dev, &self.needed, pages - freed, release);
            freed += self.released.load(Ordering::Relaxed).wrapping_sub(before);
        }
        freed
    }

    /// Has the worker take off the device what is not in use, `pages` of what userspace
    /// needs. Any context.
    fn ask(self: &Arc<Self>, dev: &Device, pages: usize) {
        self.missing.fetch_max(pages, Ordering::Relaxed);
        let mut asked = self.asked.lock();
        if asked.is_none() {
            *asked = Some(dev.into());
            drop(asked);
            // If it runs it looks once more.
            let _ = work::patient_queue().enqueue(self.clone());
        }
    }
}

impl WorkItem for Reclaim {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        let Some(dev) = this.asked.lock().take() else {
            return;
        };
        let pages = this.missing.swap(0, Ordering::Relaxed);
        let Some(_guard) = dev.enter() else {
            return;
        };
        let wanted = if can_swap() { pages } else { 0 };
        // What could be taken off is free to go now; if an error left something, the kernel
        // will ask again.
        let _ = TheDriver::unbind_idle(&dev, wanted);
        this.give_back(&dev, pages);
    }
}

/// Which objects [`shrink`] takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those that are not bound on the device.
    Unbound,
    /// All that no submission uses.
    Idle,
}

/// Gives back the memory of these objects, as if memory were short: what isn't needed, and
/// the rest if there is swap. For `Idle` objects waits for the device. `ERESTARTSYS`,
/// `ENOMEM`. Process context.
pub(crate) fn shrink(dev: &Device, which: Which) -> Result {
    if which == Which::Idle {
        let pages = if can_swap() { usize::MAX } else { 0 };
        TheDriver::unbind_idle(dev, pages)?;
    }
    // What is said to be reclaim may not do what reclaim must not.
    // SAFETY: They come in pairs.
    let flags = unsafe { raw::igpu_reclaim_begin() };
    dev.reclaim().give_back(dev, usize::MAX);
    // SAFETY: As above.
    unsafe { raw::igpu_reclaim_end(flags) };
    Ok(())
}

/// Whether there is where to swap to. Any context.
fn can_swap() -> bool {
    // SAFETY: It only reads a number.
    unsafe { raw::igpu_can_swap() }
}

/// What DRM calls for each object of a list, its reservation held.
type Visit =
    unsafe extern "C" fn(*mut bindings::drm_gem_object, *mut bindings::ww_acquire_ctx) -> bool;

/// Calls `visit` for a list's objects until those to which it says yes come to `pages`. How many
/// these are.
fn scan_list(
    dev: &Device,
    list: &Opaque<bindings::drm_gem_lru>,
    pages: usize,
    visit: Visit,
) -> usize {
    // DRM counts what it frees in 32 bits.
    const MOST: usize = 1 << 30;
    let mut remaining = 0;
    // SAFETY: The device lives, and the list is one of its own.
    unsafe {
        bindings::drm_gem_lru_scan(
            dev.as_raw(),
            list.get(),
            pages.min(MOST) as c_uint,
            &mut remaining,
            Some(visit),
            core::ptr::null_mut(),
        )
    }
}

unsafe extern "C" fn purge(
    object: *mut bindings::drm_gem_object,
    _: *mut bindings::ww_acquire_ctx,
) -> bool {
    // SAFETY: DRM calls with an object of ours, to which it has a reference.
    unsafe { Object::from_raw(object) }.give_back(false) != GivenBack::Kept
}

/// Always says no, and counts itself: the object may be back on its list at once, which DRM
/// takes for a mistake of who says yes.
unsafe extern "C" fn release(
    object: *mut bindings::drm_gem_object,
    _: *mut bindings::ww_acquire_ctx,
) -> bool {
    // SAFETY: DRM calls with an object of ours, to which it has a reference.
    let object = unsafe { Object::from_raw(object) };
    let reclaim = object.device().reclaim();
    let left = reclaim.release_left.load(Ordering::Relaxed);
    if left != 0 && object.give_back(true) != GivenBack::Kept {
        let pages = object.size() / PAGE_SIZE;
        reclaim.released.fetch_add(pages, Ordering::Relaxed);
        reclaim
            .release_left
            .store(left.saturating_sub(pages), Ordering::Relaxed);
    }
    false
}

/// The device whose shrinker it is.
///
/// # Safety
///
/// `shrinker` is one that [`Reclaim::start`] has registered, in use by the kernel.
unsafe fn device_of<'a>(shrinker: *mut bindings::shrinker) -> &'a Device {
    // SAFETY: The device ends its shrinker, and waits for its users, before it goes.
    unsafe { Device::from_raw((*shrinker).private_data.cast()) }
}

unsafe extern "C" fn count(
    shrinker: *mut bindings::shrinker,
    _: *mut bindings::shrink_control,
) -> c_ulong {
    // SAFETY: The kernel calls with our shrinker.
    unsafe { device_of(shrinker) }.reclaim().count()
}

unsafe extern "C" fn scan(
    shrinker: *mut bindings::shrinker,
    control: *mut bindings::shrink_control,
) -> c_ulong {
    // SAFETY: The kernel calls with our shrinker and what it wants.
    let (dev, wanted) = unsafe { (device_of(shrinker), (*control).nr_to_scan) };
    let reclaim = dev.reclaim();
    let freed = reclaim.give_back(dev, wanted);
    if freed < wanted {
        reclaim.ask(dev, wanted - freed);
    }
    if freed == 0 {
        STOP
    } else {
        freed
    }
}

impl Object {
    /// It holds pages of its own, or is needed more, or less. Its `pages` are locked.
    pub(super) fn note_reclaimable(&self, retention: Retention) {
        if self.backing() != BackingKind::Shmem {
            return;
        }
        let reclaim = self.device().reclaim();
        let list = if retention == Retention::Unwanted {
            &reclaim.not_needed
        } else {
            &reclaim.needed
        };
        // SAFETY: Both live; the list is the device's.
        unsafe { bindings::drm_gem_lru_move_tail(list.get(), self.as_raw()) };
    }

    /// It holds no pages any more. Its `pages` are locked.
    pub(super) fn forget_reclaimable(&self) {
        // SAFETY: The object lives.
        unsafe { bindings::drm_gem_lru_remove(self.as_raw()) };
    }

    /// As [`Object::pin`]; if there is no memory has other objects give theirs back first,
    /// which can take a while. Process context, with no lock held.
    pub(crate) fn pin_making_room(&self) -> Result<PinnedPages> {
        let pinned = self.pin();
        if !matches!(pinned, Err(error) if error == ENOMEM) {
            return pinned;
        }
        let (dev, pages) = (self.device(), self.size() / PAGE_SIZE);
        // What went before an error helps as well.
        let _ = TheDriver::unbind_idle(dev, if can_swap() { pages } else { 0 });
        dev.reclaim().give_back(dev, pages);
        self.pin()
    }

    /// Whether it is memory that can be given back once it is off the device: without `swap`
    /// only if it isn't needed. Any context.
    pub(crate) fn is_reclaimable(&self, swap: bool) -> bool {
        self.backing() == BackingKind::Shmem
            && !self.is_exported()
            && (swap || self.is_not_needed())
    }
}
