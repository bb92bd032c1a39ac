// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Timeline sync objects: DRM's fences with a number, which belong to a file.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::Arc;

use rustix::time::{ClockId, clock_gettime};

use crate::file::{DrmFile, call};
use crate::uapi;

/// What a call waits for, or signals when done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sync {
    /// The sync object's number in the file.
    pub handle: u32,
    /// Its value; not 0.
    pub value: u64,
    /// Signalled, not waited for.
    pub signal: bool,
}

/// A moment of CLOCK_MONOTONIC, `nanoseconds` from now.
pub fn deadline(nanoseconds: i64) -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec + nanoseconds
}

/// A timeline sync object.
#[derive(Debug)]
pub struct Syncobj {
    file: Arc<dyn DrmFile>,
    handle: u32,
}

impl Syncobj {
    /// One that has reached 0.
    pub fn new(file: &Arc<dyn DrmFile>) -> io::Result<Self> {
        let mut create = uapi::drm_syncobj_create::default();
        // SAFETY: the structure is this call's, and has no pointers.
        unsafe { call(&**file, uapi::IOCTL_SYNCOBJ_CREATE, &mut create) }?;
        Ok(Self {
            file: Arc::clone(file),
            handle: create.handle,
        })
    }

    /// Its number in its file.
    pub fn handle(&self) -> u32 {
        self.handle
    }

    /// Reaches a value, once all that was submitted before is reached.
    pub fn signal(&self, value: u64) -> io::Result<()> {
        let mut array = uapi::drm_syncobj_timeline_array {
            handles: (&raw const self.handle) as u64,
            points: (&raw const value) as u64,
            count_handles: 1,
            flags: 0,
        };
        // SAFETY: the structure is this call's; both arrays have one entry and live on.
        unsafe { call(&*self.file, uapi::IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &mut array) }
    }

    /// Waits for a value, whether it was submitted yet or not, until `deadline`: nanoseconds of
    /// CLOCK_MONOTONIC.
    pub fn wait(&self, value: u64, deadline: i64) -> io::Result<()> {
        let mut wait = uapi::drm_syncobj_timeline_wait {
            handles: (&raw const self.handle) as u64,
            points: (&raw const value) as u64,
            timeout_nsec: deadline,
            count_handles: 1,
            flags: uapi::DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
            ..Default::default()
        };
        // SAFETY: the structure is this call's; both arrays have one entry and live on.
        unsafe { call(&*self.file, uapi::IOCTL_SYNCOBJ_TIMELINE_WAIT, &mut wait) }
    }

    /// The same timeline, with a number in another file.
    pub fn in_file(&self, file: &Arc<dyn DrmFile>) -> io::Result<Self> {
        let mut export = uapi::drm_syncobj_handle {
            handle: self.handle,
            fd: -1,
            ..Default::default()
        };
        // SAFETY: the structure is this call's, and has no pointers.
        unsafe { call(&*self.file, uapi::IOCTL_SYNCOBJ_HANDLE_TO_FD, &mut export) }?;
        // SAFETY: the call has opened it for this process, and nothing else knows it.
        let fd = unsafe { OwnedFd::from_raw_fd(export.fd) };
        let mut import = uapi::drm_syncobj_handle {
            fd: fd.as_raw_fd(),
            ..Default::default()
        };
        // SAFETY: the structure is this call's, and has no pointers.
        unsafe { call(&**file, uapi::IOCTL_SYNCOBJ_FD_TO_HANDLE, &mut import) }?;
        Ok(Self {
            file: Arc::clone(file),
            handle: import.handle,
        })
    }

    /// Adds 1 to an eventfd when a value is reached.
    pub fn tell_eventfd(&self, value: u64, eventfd: BorrowedFd<'_>) -> io::Result<()> {
        tell_eventfd(&*self.file, self.handle, value, eventfd)
    }
}

impl Drop for Syncobj {
    fn drop(&mut self) {
        let mut destroy = uapi::drm_syncobj_destroy {
            handle: self.handle,
            pad: 0,
        };
        // It fails only if the device is gone, and the sync object with it.
        // SAFETY: the structure is this call's, and has no pointers.
        let _ = unsafe { call(&*self.file, uapi::IOCTL_SYNCOBJ_DESTROY, &mut destroy) };
    }
}

pub(crate) fn tell_eventfd(
    file: &dyn DrmFile,
    handle: u32,
    point: u64,
    eventfd: BorrowedFd<'_>,
) -> io::Result<()> {
    let mut tell = uapi::drm_syncobj_eventfd {
        handle,
        point,
        fd: eventfd.as_raw_fd(),
        ..Default::default()
    };
    // SAFETY: the structure is this call's, and has no pointers.
    unsafe { call(file, uapi::IOCTL_SYNCOBJ_EVENTFD, &mut tell) }
}

/// How far each of these sync objects, all of `file`, has come: `values` gets as many.
pub fn query(file: &dyn DrmFile, handles: &[u32], values: &mut Vec<u64>) -> io::Result<()> {
    values.clear();
    values.resize(handles.len(), 0);
    let mut array = uapi::drm_syncobj_timeline_array {
        handles: handles.as_ptr() as u64,
        points: values.as_mut_ptr() as u64,
        count_handles: handles.len() as u32,
        flags: 0,
    };
    // SAFETY: the structure is this call's; both arrays have that many entries and live on, and
    // the second, which is written to, is exclusively borrowed.
    unsafe { call(file, uapi::IOCTL_SYNCOBJ_QUERY, &mut array) }
}
