// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Timeline sync objects: DRM's fences with a number, which belong to a file.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::Arc;

use crate::file::{DrmFile, call};
use crate::uapi;

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
