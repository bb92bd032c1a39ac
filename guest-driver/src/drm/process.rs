// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The calling process: what it may do, what it is called; and the machine it runs on.
//! Process context.

use kernel::{bindings, ffi::c_int};

use crate::raw;

/// What a process may be allowed to do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Capability {
    /// Raise priorities.
    SysNice,
    /// Administer the system.
    SysAdmin,
    /// Watch performance.
    Perfmon,
}

/// Whether the caller has the capability, in the initial user namespace.
pub(crate) fn capable(capability: Capability) -> bool {
    let number = match capability {
        Capability::SysNice => bindings::CAP_SYS_NICE,
        Capability::SysAdmin => bindings::CAP_SYS_ADMIN,
        Capability::Perfmon => bindings::CAP_PERFMON,
    };
    // SAFETY: It looks at the current task only.
    unsafe { bindings::capable(number as c_int) }
}

/// The caller's name, NUL padded.
pub(crate) fn current_name() -> [u8; 16] {
    let mut name = [0; 16];
    // SAFETY: `name` has TASK_COMM_LEN bytes.
    unsafe { raw::igpu_current_name(name.as_mut_ptr().cast()) };
    name
}

/// The caller's process id, in the initial namespace.
pub(crate) fn current_pid() -> i32 {
    // SAFETY: It looks at the current task only.
    unsafe { raw::igpu_current_pid() }
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
