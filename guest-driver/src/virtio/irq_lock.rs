// SPDX-License-Identifier: GPL-2.0 OR MIT

//! A spinlock that may be taken in interrupts: the kernel crate's lock, with a backend
//! that turns interrupts off while it is held. Knows nothing of virtio or DRM.

use kernel::{
    bindings,
    ffi::{c_char, c_ulong},
    sync::lock::{Backend, Lock},
};

use crate::raw;

/// [`IrqLock`]'s backend: `spin_lock_irqsave`.
pub(crate) struct IrqBackend;

/// Data that interrupt handlers, too, may touch. Never sleep while holding its guard.
pub(crate) type IrqLock<T> = Lock<T, IrqBackend>;

/// Makes an [`IrqLock`] with a lock class of its own, as `new_spinlock!` does.
macro_rules! new_irq_lock {
    ($inner:expr $(, $name:literal)? $(,)?) => {
        $crate::virtio::IrqLock::new(
            $inner, ::kernel::optional_name!($($name)?), ::kernel::static_lock_class!())
    };
}
pub(crate) use new_irq_lock;

// SAFETY: A spinlock lets one CPU in at a time; `relock` is the default, which locks the
// same way and stores the new interrupt flags.
unsafe impl Backend for IrqBackend {
    type State = bindings::spinlock_t;
    type GuardState = c_ulong;

    unsafe fn init(ptr: *mut Self::State, name: *const c_char, key: *mut bindings::lock_class_key) {
        // SAFETY: The caller vouches for `ptr`, `name` and `key`.
        unsafe { bindings::__spin_lock_init(ptr, name, key) }
    }

    unsafe fn lock(ptr: *mut Self::State) -> Self::GuardState {
        // SAFETY: The caller has initialised the lock.
        unsafe { raw::igpu_spin_lock_irqsave(ptr) }
    }

    unsafe fn try_lock(ptr: *mut Self::State) -> Option<Self::GuardState> {
        let mut flags = 0;
        // SAFETY: The caller has initialised the lock; `flags` can be written.
        unsafe { raw::igpu_spin_trylock_irqsave(ptr, &mut flags) }.then_some(flags)
    }

    unsafe fn unlock(ptr: *mut Self::State, guard_state: &Self::GuardState) {
        // SAFETY: The caller owns the lock, taken with these flags.
        unsafe { raw::igpu_spin_unlock_irqrestore(ptr, *guard_state) }
    }

    unsafe fn assert_is_held(ptr: *mut Self::State) {
        // SAFETY: The caller has initialised the lock.
        unsafe { bindings::spin_assert_is_held(ptr) }
    }
}
