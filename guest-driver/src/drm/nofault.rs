// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The caller's memory where no page fault may be taken, with locks held that a fault takes.

use kernel::{bindings, ffi::c_void};
use zerocopy::{FromBytes, IntoBytes};

/// Reads the structure at `address` of the calling process, if it is in memory at this
/// moment; `None` also if there is none. Process context.
pub(crate) fn read_if_there<T: FromBytes + IntoBytes>(address: u64) -> Option<T> {
    let mut value = T::new_zeroed();
    let bytes = value.as_mut_bytes();
    // SAFETY: `bytes` can be written; what the process has at `address`, or that it has
    // nothing there, is for the callee to find out.
    let left = unsafe {
        bindings::copy_from_user_nofault(
            bytes.as_mut_ptr().cast::<c_void>(),
            core::ptr::without_provenance(usize::try_from(address).ok()?),
            bytes.len(),
        )
    };
    (left == 0).then_some(value)
}
