// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What the calling process may do, and the machine it runs on. Process context.

use kernel::{bindings, ffi::c_int, prelude::*};

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

/// The name and number of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProcessName {
    /// Letters, digits, signs and spaces, NUL padded.
    name: [u8; Self::BYTES],
    /// Its number.
    pub(crate) pid: i32,
}

impl ProcessName {
    /// `TASK_COMM_LEN`.
    const BYTES: usize = 16;

    /// The caller's. What a terminal would not show as it is, becomes a question mark.
    pub(crate) fn current() -> Self {
        let mut name = [0u8; Self::BYTES];
        // SAFETY: There is room for a name.
        let pid = unsafe { raw::igpu_current_name(name.as_mut_ptr().cast()) };
        for byte in name.iter_mut() {
            if !(byte.is_ascii_graphic() || *byte == b' ' || *byte == 0) {
                *byte = b'?';
            }
        }
        Self { name, pid }
    }

    /// The name.
    pub(crate) fn name(&self) -> &str {
        let length = self.name.iter().position(|byte| *byte == 0);
        let name = self.name.get(..length.unwrap_or(Self::BYTES));
        name.and_then(|name| core::str::from_utf8(name).ok())
            .unwrap_or("?")
    }
}

/// The kernel's release and machine, as `uname` tells them.
pub(crate) fn kernel_name() -> (&'static str, &'static str) {
    // SAFETY: What it points at is never written once the kernel runs, and is terminated.
    let text = |start: *const kernel::ffi::c_char| unsafe {
        CStr::from_char_ptr(start).to_str().unwrap_or("?")
    };
    // SAFETY: It only gives addresses.
    unsafe {
        (
            text(raw::igpu_kernel_release()),
            text(raw::igpu_kernel_machine()),
        )
    }
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
