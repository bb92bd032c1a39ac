// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Errors of the drivers' calls that executors tell apart, as `io::Error` numbers them.

use rustix::io::Errno;

/// The device is wedged, or a context banned.
pub const EIO: i32 = Errno::IO.raw_os_error();
/// There is no room now.
pub const EAGAIN: i32 = Errno::AGAIN.raw_os_error();
/// The device is gone.
pub const ENODEV: i32 = Errno::NODEV.raw_os_error();
/// A queue is banned, or the device wedged.
pub const ECANCELED: i32 = Errno::CANCELED.raw_os_error();
