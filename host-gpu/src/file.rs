// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What a driver's file is to everything above it.

use std::ffi::c_void;
use std::fmt;
use std::io;
use std::sync::Arc;

use rustix::ioctl::Opcode;

/// An open file of a DRM device. What a client of the driver makes belongs to one, and ends
/// with it.
pub trait DrmFile: Send + Sync + fmt::Debug {
    /// Makes a call, once: an interrupted one is the caller's to repeat.
    ///
    /// # Safety
    /// `argument` points to what the call of that number takes, writable, and every pointer in
    /// it to as much memory as the call reads or writes there, until this returns. Addresses
    /// that the call gives to the GPU stay mapped, and are accessed by raw pointers only, until
    /// the GPU has lost them again.
    unsafe fn ioctl(&self, opcode: Opcode, argument: *mut c_void) -> io::Result<()>;
}

/// A device that can be opened any number of times.
pub trait DrmNode: Send + Sync {
    /// A new client.
    fn open(&self) -> io::Result<Arc<dyn DrmFile>>;
}

/// Makes a call, again for as long as it is interrupted.
///
/// # Safety
/// `T` is the structure of the call of that number; and see [`DrmFile::ioctl`].
pub(crate) unsafe fn call<T>(
    file: &dyn DrmFile,
    opcode: Opcode,
    argument: &mut T,
) -> io::Result<()> {
    loop {
        let argument = std::ptr::from_mut(argument).cast();
        // SAFETY: `argument` is the call's structure, exclusively borrowed, and the caller
        // answers for what is in it.
        let result = unsafe { file.ioctl(opcode, argument) };
        match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
