// SPDX-License-Identifier: GPL-2.0 OR MIT

//! sync_files: fences as file descriptors. Process context.

use core::ptr::NonNull;
use kernel::{
    bindings,
    fs::file::{File, FileDescriptorReservation},
    prelude::*,
    sync::aref::ARef,
};

use super::fence::Fence;
use crate::raw;

/// A descriptor set aside for a sync_file. Dropped, it is free again.
pub(crate) struct ReservedFd(FileDescriptorReservation);

impl ReservedFd {
    /// A sync_file for the fence, to have this descriptor. `ENOMEM`.
    pub(crate) fn attach(self, fence: &Fence) -> Result<SyncFile> {
        // SAFETY: The fence lives; the sync_file takes a reference of its own.
        let sync_file = unsafe { raw::sync_file_create(fence.as_raw()) };
        // SAFETY: If it isn't null it is a new sync_file, with a file.
        let file = NonNull::new(sync_file).map(|sync_file| unsafe { (*sync_file.as_ptr()).file });
        let file = file.and_then(NonNull::new).ok_or(ENOMEM)?;
        Ok(SyncFile {
            descriptor: self.0,
            // SAFETY: The file's reference is ours. Nobody has begun an fdget_pos on it.
            file: unsafe { ARef::from_raw(file.cast()) },
        })
    }
}

/// A sync_file with a descriptor set aside for it. Dropped before it is installed, it was
/// never there.
pub(crate) struct SyncFile {
    descriptor: FileDescriptorReservation,
    file: ARef<File>,
}

impl SyncFile {
    /// Sets a descriptor aside. `EMFILE`, `ENOMEM`.
    pub(crate) fn reserve() -> Result<ReservedFd> {
        let descriptor = FileDescriptorReservation::get_unused_fd_flags(bindings::O_CLOEXEC)?;
        Ok(ReservedFd(descriptor))
    }

    /// The descriptor it will have.
    pub(crate) fn fd(&self) -> i32 {
        self.descriptor.reserved_fd() as i32
    }

    /// Hands it to the process, under that descriptor.
    pub(crate) fn install(self) -> i32 {
        let fd = self.fd();
        self.descriptor.fd_install(self.file);
        fd
    }

    /// The fence behind a descriptor. `EINVAL` if it is no sync_file's.
    pub(crate) fn fence_of(fd: i32) -> Result<ARef<Fence>> {
        // SAFETY: Any number may be passed.
        let fence = unsafe { raw::sync_file_get_fence(fd) };
        // SAFETY: The reference that comes with the result is ours.
        unsafe { Fence::take_raw(fence) }.ok_or(EINVAL)
    }
}
