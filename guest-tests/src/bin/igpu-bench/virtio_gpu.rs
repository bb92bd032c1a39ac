//! virtio-gpu with a 3D context, as a driver over virgl would use it.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use virtio_igpu_guest_tests::client::{Device, Error, Result};
use virtio_igpu_guest_tests::sys::memory::Mapping;
use virtio_igpu_guest_tests::sys::request::{self, Out, virtgpu_execbuffer};
use virtio_igpu_guest_tests::sys::uapi::*;

use crate::gpu::{COPIED, Gpu, PAGE, PATIENCE};

/// The driver's name to DRM.
const DRIVER: &str = "virtio_gpu";
/// virgl: a buffer of bytes, to be read as vertices.
const PIPE_BUFFER: u32 = 0;
const FORMAT_R8_UNORM: u32 = 64;
const BIND_VERTEX_BUFFER: u32 = 1 << 4;
/// virgl: a command that does nothing, VIRGL_CCMD_NOP with no operands.
const NOP: [u32; 1] = [0];

/// A file whose context the host has made, and the objects that are used over and over.
pub(crate) struct VirtioGpu {
    device: Device,
    listed: u32,
    copied: u32,
    /// Of submissions that nobody has waited for yet: closing them is no part of these.
    fences: Vec<OwnedFd>,
}

impl VirtioGpu {
    pub(crate) fn new() -> Result<Self> {
        let device = Device::open_driver(DRIVER)?;
        let mut gpu = Self {
            device,
            listed: 0,
            copied: 0,
            fences: Vec::with_capacity(64),
        };
        if gpu.param(VIRTGPU_PARAM_3D_FEATURES)? == 0 {
            return Err(Error::Unexpected(
                "the guest's virtio-gpu has no 3D contexts".into(),
            ));
        }
        gpu.listed = gpu.create(PAGE)?;
        gpu.copied = gpu.create(COPIED)?;
        // The host's first use of a buffer is no measure of the others.
        gpu.copy(false)?;
        gpu.copy(true)?;
        Ok(gpu)
    }

    fn param(&self, param: u32) -> Result<i32> {
        let mut value = [0; 4];
        let mut argument = drm_virtgpu_getparam {
            param: param.into(),
            ..Default::default()
        };
        self.device
            .call_out::<request::VirtgpuGetParam>(&mut argument, Out::Memory(&mut value))?;
        Ok(i32::from_ne_bytes(value))
    }

    fn create(&self, bytes: u64) -> Result<u32> {
        let size = u32::try_from(bytes).map_err(|_| Error::Unexpected("too large".into()))?;
        let mut argument = drm_virtgpu_resource_create {
            target: PIPE_BUFFER,
            format: FORMAT_R8_UNORM,
            bind: BIND_VERTEX_BUFFER,
            width: size,
            height: 1,
            depth: 1,
            array_size: 1,
            size,
            ..Default::default()
        };
        self.device
            .call::<request::VirtgpuResourceCreate>(&mut argument)?;
        Ok(argument.bo_handle)
    }

    fn close(&self, handle: u32) -> Result<()> {
        self.device
            .call::<request::GemClose>(&mut drm_gem_close { handle, pad: 0 })
    }

    fn wait(&self, handle: u32) -> Result<()> {
        self.device
            .call::<request::VirtgpuWait>(&mut drm_virtgpu_3d_wait { handle, flags: 0 })
    }

    /// A submission that does nothing, with its fence if one is wanted.
    fn execute(&self, want_fence: bool, objects: &[u32]) -> Result<Option<OwnedFd>> {
        virtgpu_execbuffer(self.device.fd(), &NOP, objects, want_fence).map_err(|errno| {
            Error::Ioctl {
                name: "IOCTL_VIRTGPU_EXECBUFFER",
                errno,
            }
        })
    }
}

impl Gpu for VirtioGpu {
    fn getparam(&mut self) -> Result<()> {
        self.param(VIRTGPU_PARAM_3D_FEATURES).map(drop)
    }

    fn round_trip(&mut self) -> Option<Result<()>> {
        None
    }

    fn submit(&mut self, count: u32) -> Result<()> {
        for _ in 1..count {
            self.execute(false, &[])?;
        }
        self.drain()
    }

    fn submit_only(&mut self) -> Result<()> {
        self.fences.extend(self.execute(true, &[])?);
        Ok(())
    }

    fn drain(&mut self) -> Result<()> {
        self.fences.clear();
        let fence = self.execute(true, &[])?;
        let fence = fence.ok_or_else(|| Error::Unexpected("no fence".into()))?;
        let timeout = PollTimeout::try_from(PATIENCE)
            .map_err(|_| Error::Unexpected("the patience is too long".into()))?;
        let mut fds = [PollFd::new(fence.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, timeout).map_err(Error::system("poll"))? {
            1 => Ok(()),
            _ => Err(Error::Unexpected("virtio-gpu did not finish".into())),
        }
    }

    fn submit_with_object(&mut self) -> Result<()> {
        self.execute(false, &[self.listed])?;
        self.wait(self.listed)
    }

    fn allocate(&mut self, bytes: u64) -> Result<()> {
        let handle = self.create(bytes)?;
        let mut argument = drm_virtgpu_map {
            handle,
            ..Default::default()
        };
        self.device.call::<request::VirtgpuMap>(&mut argument)?;
        let memory = Mapping::of_file(self.device.fd(), argument.offset, bytes as usize)
            .map_err(Error::system("mmap of a resource"))?;
        for offset in (0..memory.len()).step_by(PAGE as usize) {
            memory.write_u32(offset, 1);
        }
        drop(memory);
        self.close(handle)
    }

    fn show(&mut self, bytes: u64) -> Result<()> {
        let handle = self.create(bytes)?;
        self.wait(handle)?;
        self.close(handle)
    }

    fn copy(&mut self, into_guest: bool) -> Result<()> {
        let whole = drm_virtgpu_3d_box {
            w: COPIED as u32,
            h: 1,
            d: 1,
            ..Default::default()
        };
        if into_guest {
            let mut argument = drm_virtgpu_3d_transfer_from_host {
                bo_handle: self.copied,
                box_: whole,
                ..Default::default()
            };
            self.device
                .call::<request::VirtgpuTransferFromHost>(&mut argument)?;
        } else {
            let mut argument = drm_virtgpu_3d_transfer_to_host {
                bo_handle: self.copied,
                box_: whole,
                ..Default::default()
            };
            self.device
                .call::<request::VirtgpuTransferToHost>(&mut argument)?;
        }
        self.wait(self.copied)
    }

    /// The kernel counts them by the queue's name, `virtioN-control`.
    fn interrupts(&self) -> Option<u64> {
        let mut devices = fs::read_dir("/sys/bus/virtio/drivers/virtio_gpu").ok()?;
        let name = devices.find_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            name.starts_with("virtio").then_some(name)
        })?;
        let wanted = format!("{name}-control");
        let text = fs::read_to_string("/proc/interrupts").ok()?;
        let line = text
            .lines()
            .find(|line| line.trim_end().ends_with(&wanted))?;
        let counts = line.split_whitespace().skip(1);
        Some(counts.map_while(|word| word.parse::<u64>().ok()).sum())
    }
}
