// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What the calling process may do, and the machine it runs on. Process context.

use kernel::{bindings, ffi::c_int};

use crate::raw;

/// What a process may be allowed to do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Capability {
    /// Raise priorities.
    SysNice,
    /// Administer the system.
    SysAdmin,
}

/// Whether the caller has the capability, in the initial user namespace.
pub(crate) fn capable(capability: Capability) -> bool {
    let number = match capability {
        Capability::SysNice => bindings::CAP_SYS_NICE,
        Capability::SysAdmin => bindings::CAP_SYS_ADMIN,
    };
    // SAFETY: It looks at the current task only.
    unsafe { bindings::capable(number as c_int) }
}

/// An index from the caller that was found to be less than `size`, and that stays so while
/// the processor speculates past the finding (`array_index_nospec`): 0 if it isn't. To be
/// used between the check and whatever is read at the index. Any context.
pub(crate) fn index_nospec(index: usize, size: usize) -> usize {
    // SAFETY: It computes with its arguments alone.
    unsafe { raw::igpu_index_nospec(index, size) }
}

/// Bytes of memory the machine has.
pub(crate) fn total_memory() -> u64 {
    // SAFETY: It only reads a counter.
    unsafe { raw::igpu_total_memory() }
}

/// Whether a range can be the caller's own memory (`access_ok`); not whether there is any.
pub(crate) fn is_user_range(address: u64, length: u64) -> bool {
    // SAFETY: It compares addresses.
    unsafe { raw::igpu_access_ok(address, length) }
}

/// Whether there is memory of the caller's own, no device's, in all of a range of addresses
/// that [`is_user_range`] takes. Process context.
pub(crate) fn is_user_memory(address: u64, length: u64) -> bool {
    // SAFETY: It looks at the current task only, an ioctl's, which has memory.
    unsafe { raw::igpu_user_range_is_memory(address as usize, length as usize) }
}
