// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Values by the ids that are given out for them, in a `struct xarray` that allocates.

use crate::raw;
use core::ptr::NonNull;
use kernel::alloc::Flags;
use kernel::bindings;
use kernel::prelude::*;
use kernel::types::{ForeignOwnable, Opaque};

/// Values by id. An id is the lowest one free when it was given out, from 1 on; finding a
/// value takes a step for each six bits of the largest id in use.
///
/// Not shared: who shares it puts a lock around it, and can then hand out references to
/// what is in it (the kernel crate's `XArray` has a spinlock of its own instead, and
/// doesn't choose ids).
pub(crate) struct IdArray<T: ForeignOwnable> {
    /// On the heap since an xarray must not move. What is in it came from
    /// `T::into_foreign`, is ours, and is reached through nothing else.
    array: KBox<Opaque<bindings::xarray>>,
    values: core::marker::PhantomData<T>,
}

// SAFETY: The array owns its values and nothing else refers to them; with `T: Send` they
// may be reached from, and dropped on, another thread. The xarray is not bound to one.
unsafe impl<T: ForeignOwnable + Send> Send for IdArray<T> {}

impl<T: ForeignOwnable> IdArray<T> {
    /// No ids. ENOMEM.
    pub(crate) fn new(flags: Flags) -> Result<Self> {
        let array = KBox::new(Opaque::uninit(), flags)?;
        // SAFETY: The array is ours, and stays where it is until it is dropped.
        unsafe { raw::igpu_ids_init(array.get()) };
        Ok(Self {
            array,
            values: core::marker::PhantomData,
        })
    }

    /// Gives out the lowest free id, with `value` behind it. ENOMEM. Process context.
    pub(crate) fn add(&mut self, value: T) -> Result<u32> {
        const { assert!(T::FOREIGN_ALIGN >= 4, "an xarray uses the low two bits") };
        let value = value.into_foreign();
        let mut id = 0;
        // SAFETY: The array was initialised by `new`; the pointer is not null and aligned
        // to four, so the array takes it as a pointer.
        let error = unsafe { raw::igpu_ids_add(self.array.get(), &mut id, value.cast()) };
        if error < 0 {
            // SAFETY: The pointer came from `into_foreign` above and was not stored.
            drop(unsafe { T::from_foreign(value) });
            // Only if all of 2^32 ids are given out does the array say something else.
            return Err(ENOMEM);
        }
        Ok(id)
    }

    fn load(&self, id: u32) -> Option<NonNull<c_void>> {
        // SAFETY: The array was initialised by `new`.
        let value = unsafe { bindings::xa_load(self.array.get(), id as usize) };
        NonNull::new(value.cast())
    }

    /// What stands behind `id`.
    pub(crate) fn get(&self, id: u32) -> Option<T::Borrowed<'_>> {
        let value = self.load(id)?;
        // SAFETY: It came from `into_foreign`, and the borrow of `self` keeps it there.
        Some(unsafe { T::borrow(value.as_ptr().cast()) })
    }

    /// What stands behind `id`.
    pub(crate) fn get_mut(&mut self, id: u32) -> Option<T::BorrowedMut<'_>> {
        let value = self.load(id)?;
        // SAFETY: It came from `into_foreign`, and the borrow of `self` keeps it there
        // and keeps others from it.
        Some(unsafe { T::borrow_mut(value.as_ptr().cast()) })
    }

    /// Takes `id` back.
    pub(crate) fn remove(&mut self, id: u32) -> Option<T> {
        if id == 0 {
            // The array has a mark of its own there, which erasing would take away.
            return None;
        }
        // SAFETY: The array was initialised by `new`.
        let value = unsafe { bindings::xa_erase(self.array.get(), id as usize) };
        let value = NonNull::new(value)?;
        // SAFETY: It came from `into_foreign`, and is in the array no more; no borrow of
        // it is left since `self` is borrowed mutably.
        Some(unsafe { T::from_foreign(value.as_ptr().cast()) })
    }

    /// The lowest id in use that is at least `id`.
    pub(crate) fn next_id(&self, id: u32) -> Option<u32> {
        let mut index = id as usize;
        // SAFETY: The array was initialised by `new`; `index` is ours to be written.
        let found = unsafe {
            bindings::xa_find(
                self.array.get(),
                &mut index,
                u32::MAX as usize,
                bindings::XA_PRESENT,
            )
        };
        (!found.is_null()).then_some(index as u32)
    }

    /// Every id in use, in order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = u32> + '_ {
        let mut next = Some(0);
        core::iter::from_fn(move || {
            let id = self.next_id(next?)?;
            next = id.checked_add(1);
            Some(id)
        })
    }

    /// Takes the lowest id in use back.
    pub(crate) fn pop(&mut self) -> Option<(u32, T)> {
        let id = self.next_id(0)?;
        Some((id, self.remove(id)?))
    }
}

impl<T: ForeignOwnable> Drop for IdArray<T> {
    fn drop(&mut self) {
        while self.pop().is_some() {}
        // SAFETY: The array was initialised by `new` and is not used again.
        unsafe { bindings::xa_destroy(self.array.get()) };
    }
}
