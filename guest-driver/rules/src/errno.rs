// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The error numbers an ioctl of this driver can end with.

/// An error number of Linux on x86 (`include/uapi/asm-generic/errno*.h`), named as there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
#[allow(clippy::upper_case_acronyms)]
pub enum Errno {
    /// The caller lacks the capability.
    EPERM = 1,
    /// No such handle, id or fence.
    ENOENT = 2,
    /// The context, the client or the device is no longer served.
    EIO = 5,
    /// The object is of a kind that has no such operation.
    ENXIO = 6,
    /// A list or size beyond the limit.
    E2BIG = 7,
    /// No memory.
    ENOMEM = 12,
    /// An address that is not the caller's.
    EFAULT = 14,
    /// In use.
    EBUSY = 16,
    /// Already there.
    EEXIST = 17,
    /// The platform has no such thing.
    ENODEV = 19,
    /// The caller's mistake.
    EINVAL = 22,
    /// No room in the address space.
    ENOSPC = 28,
    /// A number with more digits than there is room for.
    ERANGE = 34,
    /// Understood, and refused in this mode or on this platform.
    EOPNOTSUPP = 95,
}

impl Errno {
    /// The number as the kernel returns it: negative.
    pub const fn code(self) -> i32 {
        -(self as i32)
    }
}

/// What a rule says: a value, or the error the ioctl ends with.
pub type Result<T = (), E = Errno> = core::result::Result<T, E>;

/// `EINVAL` unless `allowed`.
pub(super) const fn valid_if(allowed: bool) -> Result {
    if allowed {
        Ok(())
    } else {
        Err(Errno::EINVAL)
    }
}
