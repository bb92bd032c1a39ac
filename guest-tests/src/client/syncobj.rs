//! Syncobjs, binary and timeline, and sync_files.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use super::{Device, Error, Result};
use crate::sys::request;
use crate::sys::uapi::*;

/// A syncobj, by a handle that is given back on drop.
#[derive(Debug)]
pub struct Syncobj<'d> {
    device: &'d Device,
    handle: u32,
}

impl<'d> Syncobj<'d> {
    /// A syncobj without a fence.
    pub fn create(device: &'d Device) -> Result<Self> {
        Self::create_flags(device, 0)
    }

    /// A syncobj with a fence that has signalled.
    pub fn create_signaled(device: &'d Device) -> Result<Self> {
        Self::create_flags(device, DRM_SYNCOBJ_CREATE_SIGNALED)
    }

    fn create_flags(device: &'d Device, flags: u32) -> Result<Self> {
        let mut argument = drm_syncobj_create { handle: 0, flags };
        device.call::<request::SyncobjCreate>(&mut argument)?;
        Ok(Self {
            device,
            handle: argument.handle,
        })
    }

    /// The handle.
    pub fn handle(&self) -> u32 {
        self.handle
    }

    /// For a VM_BIND ioctl: wait for a point, or with 0 for the binary fence.
    pub fn wait_fence(&self, value: u64) -> drm_i915_gem_timeline_fence {
        let flags = I915_TIMELINE_FENCE_WAIT;
        drm_i915_gem_timeline_fence {
            handle: self.handle,
            flags,
            value,
        }
    }

    /// For a VM_BIND ioctl: signal a point, or with 0 the binary fence.
    pub fn signal_fence(&self, value: u64) -> drm_i915_gem_timeline_fence {
        let flags = I915_TIMELINE_FENCE_SIGNAL;
        drm_i915_gem_timeline_fence {
            handle: self.handle,
            flags,
            value,
        }
    }

    /// Waits for the binary fence.
    pub fn wait(&self, timeout: Duration) -> Result<()> {
        let handles = [self.handle];
        let mut argument = drm_syncobj_wait {
            handles: crate::sys::address_of_slice(&handles),
            timeout_nsec: deadline(timeout)?,
            count_handles: 1,
            ..Default::default()
        };
        self.device.call::<request::SyncobjWait>(&mut argument)
    }

    /// Waits for a point, also for one that nobody has submitted yet.
    pub fn wait_point(&self, point: u64, timeout: Duration) -> Result<()> {
        self.wait_point_flags(point, timeout, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT)
    }

    /// Waits for a point with these flags.
    pub fn wait_point_flags(&self, point: u64, timeout: Duration, flags: u32) -> Result<()> {
        let (handles, points) = ([self.handle], [point]);
        let mut argument = drm_syncobj_timeline_wait {
            handles: crate::sys::address_of_slice(&handles),
            points: crate::sys::address_of_slice(&points),
            timeout_nsec: deadline(timeout)?,
            count_handles: 1,
            flags,
            ..Default::default()
        };
        self.device
            .call::<request::SyncobjTimelineWait>(&mut argument)
    }

    /// Signals the binary fence.
    pub fn signal(&self) -> Result<()> {
        let mut argument = drm_syncobj_array::default();
        let handles = [self.handle];
        argument.handles = crate::sys::address_of_slice(&handles);
        argument.count_handles = 1;
        self.device.call::<request::SyncobjSignal>(&mut argument)
    }

    /// Signals a point.
    pub fn signal_point(&self, point: u64) -> Result<()> {
        let (handles, points) = ([self.handle], [point]);
        let mut argument = drm_syncobj_timeline_array {
            handles: crate::sys::address_of_slice(&handles),
            points: crate::sys::address_of_slice(&points),
            count_handles: 1,
            flags: 0,
        };
        self.device
            .call::<request::SyncobjTimelineSignal>(&mut argument)
    }

    /// Takes the fence out.
    pub fn reset(&self) -> Result<()> {
        let handles = [self.handle];
        let mut argument = drm_syncobj_array {
            handles: crate::sys::address_of_slice(&handles),
            count_handles: 1,
            ..Default::default()
        };
        self.device.call::<request::SyncobjReset>(&mut argument)
    }

    /// The point that the timeline has reached.
    pub fn reached(&self) -> Result<u64> {
        let mut points = [0];
        request::syncobj_query(self.device.fd(), &[self.handle], &mut points).map_err(|errno| {
            Error::Ioctl {
                name: "IOCTL_SYNCOBJ_QUERY",
                errno,
            }
        })?;
        Ok(points[0])
    }

    /// The binary fence as a sync_file.
    pub fn export_sync_file(&self) -> Result<OwnedFd> {
        let flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE;
        let mut argument = drm_syncobj_handle::default();
        (argument.handle, argument.flags, argument.fd) = (self.handle, flags, -1);
        self.device
            .call::<request::SyncobjHandleToFd>(&mut argument)?;
        Ok(crate::sys::take_descriptor(argument.fd))
    }

    /// Puts a sync_file's fence in.
    pub fn import_sync_file(&self, file: impl AsFd) -> Result<()> {
        let flags = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE;
        let mut argument = drm_syncobj_handle::default();
        (argument.handle, argument.flags) = (self.handle, flags);
        argument.fd = file.as_fd().as_raw_fd();
        self.device
            .call::<request::SyncobjFdToHandle>(&mut argument)
    }

    /// How the binary fence fares: 0 while it is not signalled, 1 when it is, and a
    /// negative error number when it was signalled with an error. (Of a timeline's points
    /// DRM forgets the errors when they are reached.)
    pub fn status(&self) -> Result<i32> {
        sync_file_status(self.export_sync_file()?)
    }
}

impl Drop for Syncobj<'_> {
    fn drop(&mut self) {
        let mut argument = drm_syncobj_destroy {
            handle: self.handle,
            pad: 0,
        };
        // Nothing is left to be done if it fails: the handle is gone or the device is.
        let _ = self.device.call::<request::SyncobjDestroy>(&mut argument);
    }
}

/// How a sync_file's fence fares, as [`Syncobj::status`] tells it.
pub fn sync_file_status(file: impl AsFd) -> Result<i32> {
    request::sync_file_status(file.as_fd()).map_err(|errno| Error::Ioctl {
        name: "SYNC_IOC_FILE_INFO",
        errno,
    })
}

/// A time from now as DRM wants it: nanoseconds of the monotonic clock.
fn deadline(timeout: Duration) -> Result<i64> {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map_err(Error::system("clock_gettime"))?;
    let deadline = Duration::from(now).saturating_add(timeout);
    Ok(i64::try_from(deadline.as_nanos()).unwrap_or(i64::MAX))
}
