//! Buffer objects.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::libc;

use super::{AddressSpace, Device, Error, Result};
use crate::sys::memory::{self, Mapping};
use crate::sys::request::{self, Out};
use crate::sys::uapi::*;

/// How an object is mapped by MMAP_OFFSET.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MmapMode {
    /// Cached.
    WriteBack,
    /// Uncached, writes combined.
    WriteCombined,
    /// Uncached.
    Uncached,
    /// Through the aperture, which not every GPU has.
    Aperture,
    /// As the object's placement demands: for GPUs with memory of their own.
    Fixed,
}

/// An object, by a handle that is closed on drop.
#[derive(Debug)]
pub struct Object<'d> {
    device: &'d Device,
    handle: u32,
    size: u64,
}

impl<'d> Object<'d> {
    /// GEM_CREATE; the size becomes what the driver makes of it.
    pub fn create(device: &'d Device, size: u64) -> Result<Self> {
        let mut argument = drm_i915_gem_create {
            size,
            ..Default::default()
        };
        device.call::<request::GemCreate>(&mut argument)?;
        Ok(Self {
            device,
            handle: argument.handle,
            size: argument.size,
        })
    }

    /// GEM_CREATE_EXT with these extensions (an address, or 0).
    pub fn create_ext(device: &'d Device, size: u64, extensions: u64) -> Result<Self> {
        let mut argument = drm_i915_gem_create_ext {
            size,
            extensions,
            ..Default::default()
        };
        device.call::<request::GemCreateExt>(&mut argument)?;
        Ok(Self {
            device,
            handle: argument.handle,
            size: argument.size,
        })
    }

    /// An object that can be bound in one address space only.
    pub fn create_private(device: &'d Device, size: u64, vm: &AddressSpace<'_>) -> Result<Self> {
        let name = I915_GEM_CREATE_EXT_VM_PRIVATE;
        let base = i915_user_extension {
            name,
            ..Default::default()
        };
        let extension = drm_i915_gem_create_ext_vm_private {
            base,
            vm_id: vm.id(),
        };
        Self::create_ext(device, size, crate::sys::address_of(&extension))
    }

    /// An object made of the pages of a mapping. The mapping has to outlive it.
    pub fn userptr(device: &'d Device, pages: &'d Mapping) -> Result<Self> {
        let size = pages.len() as u64;
        let handle =
            memory::userptr(device.fd(), pages, 0, size, 0).map_err(|errno| Error::Ioctl {
                name: "IOCTL_I915_GEM_USERPTR",
                errno,
            })?;
        Ok(Self {
            device,
            handle,
            size,
        })
    }

    /// An object of another device or client, by dma-buf.
    pub fn import(device: &'d Device, dma_buf: impl AsFd, size: u64) -> Result<Self> {
        let fd = dma_buf.as_fd().as_raw_fd();
        let mut argument = drm_prime_handle {
            fd,
            ..Default::default()
        };
        device.call::<request::PrimeFdToHandle>(&mut argument)?;
        Ok(Self {
            device,
            handle: argument.handle,
            size,
        })
    }

    /// Another owner of the same handle number must not exist: for objects whose handle
    /// came back from a call made by hand.
    pub fn from_handle(device: &'d Device, handle: u32, size: u64) -> Self {
        Self {
            device,
            handle,
            size,
        }
    }

    /// The handle.
    pub fn handle(&self) -> u32 {
        self.handle
    }

    /// The size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The device it belongs to.
    pub fn device(&self) -> &'d Device {
        self.device
    }

    /// Exports the object as a dma-buf.
    pub fn export(&self) -> Result<OwnedFd> {
        let flags = (libc::O_CLOEXEC | libc::O_RDWR).cast_unsigned();
        let mut argument = drm_prime_handle {
            handle: self.handle,
            flags,
            fd: -1,
        };
        self.device
            .call::<request::PrimeHandleToFd>(&mut argument)?;
        Ok(crate::sys::take_descriptor(argument.fd))
    }

    /// Where the node has to be mapped to see the object.
    pub fn mmap_offset(&self, mode: MmapMode) -> Result<u64> {
        let flags = match mode {
            MmapMode::Aperture => I915_MMAP_OFFSET_GTT,
            MmapMode::WriteCombined => I915_MMAP_OFFSET_WC,
            MmapMode::WriteBack => I915_MMAP_OFFSET_WB,
            MmapMode::Uncached => I915_MMAP_OFFSET_UC,
            MmapMode::Fixed => I915_MMAP_OFFSET_FIXED,
        };
        let mut argument = drm_i915_gem_mmap_offset {
            handle: self.handle,
            flags: flags.into(),
            ..Default::default()
        };
        self.device.call::<request::GemMmapOffset>(&mut argument)?;
        Ok(argument.offset)
    }

    /// Maps the whole object.
    pub fn map_as(&self, mode: MmapMode) -> Result<Mapping> {
        let offset = self.mmap_offset(mode)?;
        Mapping::of_file(self.device.fd(), offset, self.length()?)
            .map_err(Error::system("mmap of an object"))
    }

    /// Maps the whole object, cached.
    pub fn map(&self) -> Result<Mapping> {
        self.map_as(MmapMode::WriteBack)
    }

    /// Maps the whole object by the legacy ioctl.
    pub fn map_legacy(&self, flags: u32) -> Result<Mapping> {
        Mapping::of_object(self.device.fd(), self.handle, self.length()?, flags.into()).map_err(
            |errno| Error::Ioctl {
                name: "IOCTL_I915_GEM_MMAP",
                errno,
            },
        )
    }

    /// Reads from the object by PREAD.
    pub fn pread(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        let mut argument = drm_i915_gem_pread {
            handle: self.handle,
            offset,
            size: into.len() as u64,
            ..Default::default()
        };
        self.device
            .call_out::<request::GemPread>(&mut argument, Out::Memory(into))
    }

    /// Writes to the object by PWRITE.
    pub fn pwrite(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut argument = drm_i915_gem_pwrite {
            handle: self.handle,
            offset,
            size: bytes.len() as u64,
            data_ptr: crate::sys::address_of_slice(bytes),
            ..Default::default()
        };
        self.device.call::<request::GemPwrite>(&mut argument)
    }

    /// Which engines use the object: readers in the upper half, the writer below.
    pub fn busy(&self) -> Result<u32> {
        let mut argument = drm_i915_gem_busy {
            handle: self.handle,
            busy: 0,
        };
        self.device.call::<request::GemBusy>(&mut argument)?;
        Ok(argument.busy)
    }

    /// Waits until nobody uses the object; a negative time-out waits for ever. Returns
    /// the time that was left.
    pub fn wait(&self, timeout_ns: i64) -> Result<i64> {
        let mut argument = drm_i915_gem_wait {
            bo_handle: self.handle,
            flags: 0,
            timeout_ns,
        };
        self.device.call::<request::GemWait>(&mut argument)?;
        Ok(argument.timeout_ns)
    }

    /// Makes the object ready for the CPU to read, or to write too.
    pub fn set_domain(&self, read_domains: u32, write_domain: u32) -> Result<()> {
        let handle = self.handle;
        let mut argument = drm_i915_gem_set_domain {
            handle,
            read_domains,
            write_domain,
        };
        self.device.call::<request::GemSetDomain>(&mut argument)
    }

    /// Closes the handle now, and says how that went.
    pub fn close(self) -> Result<()> {
        let device = self.device;
        let mut argument = drm_gem_close {
            handle: self.handle,
            pad: 0,
        };
        std::mem::forget(self);
        device.call::<request::GemClose>(&mut argument)
    }

    fn length(&self) -> Result<usize> {
        usize::try_from(self.size).map_err(|_| Error::Unexpected("the object is too large".into()))
    }
}

impl Drop for Object<'_> {
    fn drop(&mut self) {
        let mut argument = drm_gem_close {
            handle: self.handle,
            pad: 0,
        };
        // Nothing is left to be done if it fails: the handle is gone or the device is.
        let _ = self.device.call::<request::GemClose>(&mut argument);
    }
}
