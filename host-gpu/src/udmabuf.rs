// SPDX-License-Identifier: Apache-2.0 OR MIT

//! udmabuf: pieces of memory files as one dma-buf, which any GPU driver takes.

use std::ffi::c_void;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;

use rustix::io::Errno;
use rustix::ioctl::{Ioctl, IoctlOutput, Opcode};
use virtio_igpu_executor::{Extent, GuestMemory};

use crate::memory::in_file;
use crate::uapi;

/// Pieces of one dma-buf: the kernel's default limit (`list_limit`).
pub const MAX_PIECES: usize = 1024;
/// Bytes of one dma-buf: the kernel's default limit (`size_limit_mb`).
pub const MAX_BYTES: u64 = 64 << 20;

/// The device that makes them.
#[derive(Debug)]
pub struct Udmabuf(File);

/// What the call takes: the header, and the pieces behind it.
#[repr(C)]
struct Create {
    header: uapi::udmabuf_create_list,
    pieces: [uapi::udmabuf_create_item; MAX_PIECES],
}

/// The call, whose answer is a new descriptor.
struct CreateList<'a>(&'a mut Create);

// SAFETY: the number is this call's, and it reads a header with `count` pieces behind it, which
// `Create` has room for and `Udmabuf::create` has set; its answer is a descriptor.
unsafe impl Ioctl for CreateList<'_> {
    type Output = OwnedFd;
    const IS_MUTATING: bool = false;

    fn opcode(&self) -> Opcode {
        uapi::IOCTL_UDMABUF_CREATE_LIST
    }

    fn as_ptr(&mut self) -> *mut c_void {
        std::ptr::from_mut(self.0).cast()
    }

    unsafe fn output_from_ptr(output: IoctlOutput, _: *mut c_void) -> rustix::io::Result<OwnedFd> {
        // SAFETY: the call has succeeded: it has opened this descriptor for this process, and
        // nothing else knows it.
        Ok(unsafe { OwnedFd::from_raw_fd(output) })
    }
}

impl Udmabuf {
    /// The device at a path, usually `/dev/udmabuf`.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Self(file))
    }

    /// Pieces of guest memory, one behind the other: their pages, no copies. They have to be
    /// whole pages of memory files that can't shrink (F_SEAL_SHRINK), at most [`MAX_PIECES`] and
    /// [`MAX_BYTES`]; what has no file is `Unsupported`.
    pub fn create(&self, memory: &GuestMemory, extents: &[Extent]) -> io::Result<OwnedFd> {
        if extents.is_empty() || extents.len() > MAX_PIECES {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut create = Box::new(Create {
            header: uapi::udmabuf_create_list {
                flags: uapi::UDMABUF_FLAGS_CLOEXEC,
                count: extents.len() as u32,
                ..Default::default()
            },
            pieces: [Default::default(); MAX_PIECES],
        });
        for (piece, extent) in create.pieces.iter_mut().zip(extents) {
            let (file, offset) = in_file(memory, *extent)?;
            *piece = uapi::udmabuf_create_item {
                memfd: file.as_raw_fd() as u32,
                offset,
                size: extent.length,
                ..Default::default()
            };
        }
        loop {
            // SAFETY: the call is made of what belongs to it, see `CreateList`.
            let made = unsafe { rustix::ioctl::ioctl(&self.0, CreateList(&mut create)) };
            match made {
                Err(Errno::INTR) => {}
                made => return made.map_err(Into::into),
            }
        }
    }
}
