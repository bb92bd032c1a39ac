// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Reservations: the fences that hang on an object, and the locks to change them.

use core::{marker::PhantomData, ptr};
use kernel::{
    bindings,
    ffi::c_void,
    prelude::*,
    sync::aref::ARef,
    time::{Instant, Monotonic},
    types::Opaque,
};

use super::{
    fence::{waited, Fence},
    gem::Object,
    sync::{Timeout, EALREADY, EDEADLK, ETIME},
};
use crate::{few::Few, raw};

/// What a fence on an object is for. To ask for one is to ask for those before it as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Usage {
    /// The kernel's own moves: everybody waits for them.
    Kernel,
    /// Writes with implicit synchronisation.
    Write,
    /// Reads with implicit synchronisation.
    Read,
    /// Everything else: nobody synchronises with it implicitly.
    Bookkeep,
}

impl Usage {
    fn as_raw(self) -> bindings::dma_resv_usage {
        match self {
            Self::Kernel => bindings::dma_resv_usage_DMA_RESV_USAGE_KERNEL,
            Self::Write => bindings::dma_resv_usage_DMA_RESV_USAGE_WRITE,
            Self::Read => bindings::dma_resv_usage_DMA_RESV_USAGE_READ,
            Self::Bookkeep => bindings::dma_resv_usage_DMA_RESV_USAGE_BOOKKEEP,
        }
    }

    fn from_raw(usage: bindings::dma_resv_usage) -> Self {
        match usage {
            bindings::dma_resv_usage_DMA_RESV_USAGE_KERNEL => Self::Kernel,
            bindings::dma_resv_usage_DMA_RESV_USAGE_WRITE => Self::Write,
            bindings::dma_resv_usage_DMA_RESV_USAGE_READ => Self::Read,
            _ => Self::Bookkeep,
        }
    }
}

/// An object's reservation. Shared with the exporter or importers of the object.
#[repr(transparent)]
pub(crate) struct Resv(Opaque<bindings::dma_resv>);

// SAFETY: Reservations are made to be shared between threads.
unsafe impl Sync for Resv {}

impl Resv {
    /// # Safety
    ///
    /// `resv` lives for `'a`.
    pub(super) unsafe fn from_raw<'a>(resv: *mut bindings::dma_resv) -> &'a Self {
        // SAFETY: The layout is the same; the caller vouches for the lifetime.
        unsafe { &*resv.cast() }
    }

    fn as_raw(&self) -> *mut bindings::dma_resv {
        self.0.get()
    }

    /// Whether all its fences of that usage have signalled. Any context.
    pub(crate) fn test_signaled(&self, usage: Usage) -> bool {
        // SAFETY: The reservation lives while it is borrowed.
        unsafe { bindings::dma_resv_test_signaled(self.as_raw(), usage.as_raw()) }
    }

    /// Waits until they have; on success the nanoseconds left of `timeout`. Errors: `ETIME`;
    /// `ERESTARTSYS` on a signal. Process context.
    pub(crate) fn wait(&self, usage: Usage, timeout: Timeout) -> Result<u64> {
        let start = Instant::<Monotonic>::now();
        if self.test_signaled(usage) {
            return Ok(timeout.left_after(0));
        }
        if timeout == Timeout::Poll || timeout == Timeout::Nanoseconds(0) {
            return Err(ETIME);
        }
        // SAFETY: The reservation lives while it is borrowed.
        let left = unsafe {
            bindings::dma_resv_wait_timeout(self.as_raw(), usage.as_raw(), true, timeout.jiffies())
        };
        waited(left, timeout, start)
    }

    /// Its fences of that usage, as they are at one moment. `ENOMEM`. Process context.
    pub(crate) fn fences(&self, usage: Usage) -> Result<KVec<ARef<Fence>>> {
        let mut count = 0;
        let mut array = ptr::null_mut();
        // SAFETY: The reservation lives while it is borrowed; both results can be written.
        let ret = unsafe {
            bindings::dma_resv_get_fences(self.as_raw(), usage.as_raw(), &mut count, &mut array)
        };
        kernel::error::to_result(ret)?;
        let mut fences = KVec::new();
        let room = fences.reserve(count as usize, GFP_KERNEL);
        for i in 0..count as usize {
            // SAFETY: The array has `count` fences.
            let fence = unsafe { *array.add(i) };
            // SAFETY: Each comes with a reference, which is ours.
            if let Some(fence) = unsafe { Fence::take_raw(fence) } {
                if room.is_ok() {
                    let _ = fences.push(fence, GFP_KERNEL);
                }
            }
        }
        // SAFETY: The array is ours, null or from kmalloc.
        unsafe { bindings::kfree(array.cast()) };
        room?;
        Ok(fences)
    }

    /// Its unsignalled fences of that usage at one moment, each with its own usage.
    /// `ENOMEM`. Process context.
    pub(crate) fn fences_with_usage(&self, usage: Usage) -> Result<KVec<(ARef<Fence>, Usage)>> {
        let mut fences = KVec::<(ARef<Fence>, Usage)>::new();
        let mut result = Ok(());
        self.for_each(usage, |fence, usage| {
            // Seen before: the list changed, and the walk began anew.
            let known = fences.iter().any(|(known, _)| ptr::eq(&**known, fence));
            if !known && result.is_ok() {
                result = fences.push((fence.into(), usage), GFP_KERNEL);
            }
        });
        result?;
        Ok(fences)
    }

    /// Calls `each` for each unsignalled fence of that usage. When the list changes
    /// meanwhile it begins anew, so `each` may see a fence twice. Any context.
    pub(crate) fn for_each(&self, usage: Usage, mut each: impl FnMut(&Fence, Usage)) {
        let mut each: &mut dyn FnMut(&Fence, Usage) = &mut each;
        // SAFETY: The reservation lives; `call_back` gets back what is passed here.
        unsafe {
            raw::igpu_resv_for_each(
                self.as_raw(),
                usage.as_raw(),
                Some(call_back),
                (&raw mut each).cast(),
            )
        };
    }
}

/// Calls the closure that [`Resv::for_each`] passed.
unsafe extern "C" fn call_back(
    data: *mut c_void,
    fence: *mut bindings::dma_fence,
    usage: bindings::dma_resv_usage,
) {
    // SAFETY: `data` is the pointer to the reference that was passed.
    let each = unsafe { &mut *data.cast::<&mut dyn FnMut(&Fence, Usage)>() };
    // SAFETY: The fence lives during the call.
    each(unsafe { Fence::from_raw(fence) }, Usage::from_raw(usage));
}

/// Reservations, mostly of a few objects.
type Reservations = Few<*mut bindings::dma_resv, 4>;

/// The reservations of several objects, all locked; unlocked by its drop. Stays on its
/// thread.
pub(crate) struct LockedObjects<'a> {
    /// The kernel's part, which one reservation alone needs none of; may not move while locks
    /// are held.
    context: Option<KBox<Opaque<bindings::ww_acquire_ctx>>>,
    /// What is locked: each once.
    locked: Reservations,
    _objects: PhantomData<&'a Object>,
    _not_send: PhantomData<*mut ()>,
}

impl<'a> LockedObjects<'a> {
    /// Locks the objects' reservations, without deadlock whoever else locks which of them.
    /// An object may come up more than once. Errors: `ENOMEM`; `ERESTARTSYS` on a signal.
    /// Process context.
    pub(crate) fn lock(objects: impl Iterator<Item = &'a Object>) -> Result<Self> {
        let mut wanted = Reservations::new(ptr::null_mut());
        for object in objects {
            wanted.push(object.resv().as_raw())?;
        }
        let mut this = Self {
            context: None,
            locked: Reservations::new(ptr::null_mut()),
            _objects: PhantomData,
            _not_send: PhantomData,
        };
        if wanted.as_slice().len() > 1 {
            let context = KBox::new(Opaque::uninit(), GFP_KERNEL)?;
            // SAFETY: The context's memory stays where it is until `drop`, which undoes this.
            unsafe { raw::igpu_ww_acquire_init(context.get()) };
            this.context = Some(context);
        }
        this.lock_all(wanted.as_slice())?;
        if let Some(context) = &this.context {
            // SAFETY: The context is initialised, and all its locks are held.
            unsafe { raw::igpu_ww_acquire_done(context.get()) };
        }
        Ok(this)
    }

    /// The kernel's part, or null.
    fn context(&self) -> *mut bindings::ww_acquire_ctx {
        self.context
            .as_ref()
            .map_or(ptr::null_mut(), |context| context.get())
    }

    /// Locks all of `wanted`; on an error some may be locked.
    fn lock_all(&mut self, wanted: &[*mut bindings::dma_resv]) -> Result {
        let mut first = None;
        loop {
            if let Some(resv) = first {
                // SAFETY: The reservation lives: its object is borrowed for as long as this.
                // No lock of this context is held.
                let ret = unsafe { raw::igpu_resv_lock_slow_interruptible(resv, self.context()) };
                kernel::error::to_result(ret)?;
                self.note_locked(resv)?;
            }
            let mut contended = None;
            for &resv in wanted {
                // SAFETY: As above.
                let ret = unsafe { raw::igpu_resv_lock_interruptible(resv, self.context()) };
                if ret == EALREADY.to_errno() {
                    // Locked in this context: the first, or one that comes up again.
                    continue;
                }
                if ret == EDEADLK.to_errno() {
                    contended = Some(resv);
                    break;
                }
                kernel::error::to_result(ret)?;
                self.note_locked(resv)?;
            }
            if contended.is_none() {
                return Ok(());
            }
            self.unlock_all();
            first = contended;
        }
    }

    /// Remembers to unlock what was just locked. ENOMEM: it is unlocked.
    fn note_locked(&mut self, resv: *mut bindings::dma_resv) -> Result {
        self.locked.push(resv).inspect_err(|_| {
            // SAFETY: It lives, and we have locked it.
            unsafe { raw::igpu_resv_unlock(resv) };
        })
    }

    fn unlock_all(&mut self) {
        for &resv in self.locked.as_slice() {
            // SAFETY: It lives, and we have locked it.
            unsafe { raw::igpu_resv_unlock(resv) };
        }
        self.locked.clear();
    }

    /// The object's reservation, if it is locked here.
    fn find(&self, object: &Object) -> Result<*mut bindings::dma_resv> {
        let resv = object.resv().as_raw();
        if self.context.is_none() {
            return match self.locked.as_slice() {
                [locked] if ptr::eq(*locked, resv) => Ok(resv),
                _ => Err(EINVAL),
            };
        }
        // SAFETY: The reservation lives. If it is locked here, the word is our context, and
        // doesn't change; if not, it may change, but never to ours.
        let holder = unsafe { (&raw const (*resv).lock.ctx).read_volatile() };
        if ptr::eq(holder, self.context()) {
            Ok(resv)
        } else {
            Err(EINVAL)
        }
    }

    /// Makes room for `slots` more fences on the object, so that [`Self::add_fence`] can't
    /// fail. `ENOMEM`; `EINVAL` if the object isn't locked here. Process context.
    pub(crate) fn reserve(&mut self, object: &Object, slots: u32) -> Result {
        let resv = self.find(object)?;
        // SAFETY: We hold its lock.
        kernel::error::to_result(unsafe { bindings::dma_resv_reserve_fences(resv, slots) })
    }

    /// Hangs a fence on the object, for which room has been reserved since it was locked.
    pub(crate) fn add_fence(&mut self, object: &Object, fence: &Fence, usage: Usage) {
        let Ok(resv) = self.find(object) else {
            kernel::warn_on!(true);
            return;
        };
        // SAFETY: We hold its lock; the reservation takes a reference of its own.
        unsafe { bindings::dma_resv_add_fence(resv, fence.as_raw(), usage.as_raw()) };
    }

    /// The object's fences of that usage. `ENOMEM`. Process context.
    pub(crate) fn fences(&self, object: &Object, usage: Usage) -> Result<KVec<ARef<Fence>>> {
        object.resv().fences(usage)
    }
}

impl Drop for LockedObjects<'_> {
    fn drop(&mut self) {
        self.unlock_all();
        if let Some(context) = &self.context {
            // SAFETY: The context was initialised before it was put here, and holds no lock
            // any more.
            unsafe { raw::igpu_ww_acquire_fini(context.get()) };
        }
    }
}
