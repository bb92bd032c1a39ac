// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The calls on sync objects, with DRM's checks.

use std::fs::File;
use std::os::fd::{BorrowedFd, IntoRawFd};
use std::os::unix::fs::FileExt;

use rustix::fs::{MemfdFlags, memfd_create};
use virtio_igpu_host_gpu::uapi;

use super::calls::{Client, check};
use super::errno::{EINVAL, ENOMEM};
use super::memory::{get, put};

impl Client {
    pub(crate) fn syncobj_create(
        &mut self,
        args: &mut uapi::drm_syncobj_create,
    ) -> Result<(), i32> {
        check(args.flags == 0, EINVAL)?;
        let chain = self.device.fences.create();
        args.handle = self.device.number();
        self.syncobjs.insert(args.handle, chain);
        Ok(())
    }

    pub(crate) fn syncobj_destroy(
        &mut self,
        args: &mut uapi::drm_syncobj_destroy,
    ) -> Result<(), i32> {
        check(args.pad == 0, EINVAL)?;
        // drm_syncobj_destroy says EINVAL.
        let chain = self.syncobjs.remove(&args.handle).ok_or(EINVAL)?;
        self.device.fences.put(chain);
        Ok(())
    }

    pub(crate) fn syncobj_query(
        &mut self,
        args: &mut uapi::drm_syncobj_timeline_array,
    ) -> Result<(), i32> {
        check(args.flags == 0 && args.count_handles > 0, EINVAL)?;
        for index in 0..u64::from(args.count_handles) {
            // SAFETY: the caller says that there are that many.
            let handle = unsafe { get(args.handles + index * 4) }?;
            let value = self.device.fences.reached(self.chain(handle)?)?;
            // SAFETY: likewise.
            unsafe { put(args.points + index * 8, value) }?;
        }
        Ok(())
    }

    pub(crate) fn syncobj_signal(
        &mut self,
        args: &mut uapi::drm_syncobj_timeline_array,
    ) -> Result<(), i32> {
        check(args.flags == 0 && args.count_handles > 0, EINVAL)?;
        for index in 0..u64::from(args.count_handles) {
            // SAFETY: the caller says that there are that many.
            let handle = unsafe { get(args.handles + index * 4) }?;
            // SAFETY: likewise.
            let point: u64 = unsafe { get(args.points + index * 8) }?;
            self.device.fences.add(self.chain(handle)?, point, None)?;
        }
        Ok(())
    }

    pub(crate) fn syncobj_eventfd(
        &mut self,
        args: &mut uapi::drm_syncobj_eventfd,
    ) -> Result<(), i32> {
        self.device.fences.check_eventfd(args)?;
        let chain = self.chain(args.handle)?;
        self.device.fences.eventfd(chain, args)
    }

    /// What is handed out is a file with the chain's number, which says all there is to say.
    pub(crate) fn syncobj_export(
        &mut self,
        args: &mut uapi::drm_syncobj_handle,
    ) -> Result<(), i32> {
        check(args.pad == 0 && args.flags == 0, EINVAL)?;
        let chain = self.chain(args.handle)?;
        let file = memfd_create("syncobj", MemfdFlags::CLOEXEC).map_err(|_| ENOMEM)?;
        let file = File::from(file);
        file.write_all_at(&chain.to_ne_bytes(), 0)
            .map_err(|_| ENOMEM)?;
        args.fd = file.into_raw_fd();
        Ok(())
    }

    pub(crate) fn syncobj_import(
        &mut self,
        args: &mut uapi::drm_syncobj_handle,
    ) -> Result<(), i32> {
        check(args.pad == 0 && args.flags == 0, EINVAL)?;
        // SAFETY: the descriptor is the caller's for as long as the call goes on.
        let fd = unsafe { BorrowedFd::borrow_raw(args.fd) };
        let file = File::from(fd.try_clone_to_owned().map_err(|_| EINVAL)?);
        let mut chain = [0; 4];
        file.read_exact_at(&mut chain, 0).map_err(|_| EINVAL)?;
        let chain = u32::from_ne_bytes(chain);
        self.device.fences.get(chain)?;
        args.handle = self.device.number();
        self.syncobjs.insert(args.handle, chain);
        Ok(())
    }
}
