// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The kernel's completion with the waits that the kernel crate's lacks: bounded in time.

use kernel::{bindings, prelude::*, time::Jiffies, types::Opaque};

/// Something that happens once, and that threads wait for.
#[pin_data]
pub(crate) struct Completion {
    #[pin]
    inner: Opaque<bindings::completion>,
}

// SAFETY: The C completion may be used from any thread.
unsafe impl Send for Completion {}
// SAFETY: All its operations lock by themselves.
unsafe impl Sync for Completion {}

impl Completion {
    /// One that hasn't happened.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            inner <- Opaque::ffi_init(|slot: *mut bindings::completion| {
                // SAFETY: `slot` can be written; the initialiser runs on it once.
                unsafe { bindings::init_completion(slot) }
            }),
        })
    }

    /// It has happened: all who wait, and who come later, go on. Any context.
    pub(crate) fn complete_all(&self) {
        // SAFETY: The completion is initialised.
        unsafe { bindings::complete_all(self.inner.get()) }
    }

    /// Waits at most `timeout`; false if it has not happened by then. `ERESTARTSYS` if the
    /// thread is killed. Process context.
    pub(crate) fn wait_killable(&self, timeout: Jiffies) -> Result<bool> {
        // SAFETY: The completion is initialised.
        let left =
            unsafe { bindings::wait_for_completion_killable_timeout(self.inner.get(), timeout) };
        if left < 0 {
            return Err(ERESTARTSYS);
        }
        Ok(left != 0)
    }
}
