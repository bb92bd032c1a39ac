//! Address spaces.

use super::{Device, Object, Result};
use crate::sys::request;
use crate::sys::uapi::*;

/// An address space, by an id that is given back on drop.
#[derive(Debug)]
pub struct AddressSpace<'d> {
    device: &'d Device,
    id: u32,
}

impl<'d> AddressSpace<'d> {
    /// An address space in which EXECBUFFER2 places objects.
    pub fn create_legacy(device: &'d Device) -> Result<Self> {
        Self::create_flags(device, 0)
    }

    /// An address space in VM_BIND mode.
    pub fn create(device: &'d Device) -> Result<Self> {
        Self::create_flags(device, I915_VM_CREATE_FLAGS_USE_VM_BIND)
    }

    fn create_flags(device: &'d Device, flags: u32) -> Result<Self> {
        let mut argument = drm_i915_gem_vm_control {
            flags,
            ..Default::default()
        };
        device.call::<request::VmCreate>(&mut argument)?;
        Ok(Self {
            device,
            id: argument.vm_id,
        })
    }

    /// Takes over an id that came back from a context's parameter.
    pub fn from_id(device: &'d Device, id: u32) -> Self {
        Self { device, id }
    }

    /// The device it belongs to.
    pub fn device(&self) -> &'d Device {
        self.device
    }

    /// The id.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Maps the whole object at `start`, and returns when the GPU sees it.
    pub fn bind(&self, object: &Object<'_>, start: u64) -> Result<()> {
        self.bind_section(object, start, 0, object.size())
    }

    /// Maps a section of the object at `start`, and returns when the GPU sees it.
    pub fn bind_section(
        &self,
        object: &Object<'_>,
        start: u64,
        offset: u64,
        length: u64,
    ) -> Result<()> {
        self.device
            .call::<request::VmBind>(&mut self.bind_argument(object, start, offset, length))
    }

    /// Maps the whole object at `start`; the fence signals when the GPU sees it.
    pub fn bind_async(
        &self,
        object: &Object<'_>,
        start: u64,
        fence: drm_i915_gem_timeline_fence,
    ) -> Result<()> {
        let argument = self.bind_argument(object, start, 0, object.size());
        self.device
            .call::<request::VmBind>(&mut drm_i915_gem_vm_bind { fence, ..argument })
    }

    /// The argument of a bind, for those that change it before the call.
    pub fn bind_argument(
        &self,
        object: &Object<'_>,
        start: u64,
        offset: u64,
        length: u64,
    ) -> drm_i915_gem_vm_bind {
        let (vm_id, handle) = (self.id, object.handle());
        drm_i915_gem_vm_bind {
            vm_id,
            handle,
            start,
            offset,
            length,
            ..Default::default()
        }
    }

    /// Unmaps a range, and returns when the GPU sees nothing there any more.
    pub fn unbind(&self, start: u64, length: u64) -> Result<()> {
        self.unbind_async(start, length, drm_i915_gem_timeline_fence::default())
    }

    /// Unmaps a range; the fence signals when the GPU sees nothing there any more.
    pub fn unbind_async(
        &self,
        start: u64,
        length: u64,
        fence: drm_i915_gem_timeline_fence,
    ) -> Result<()> {
        let vm_id = self.id;
        let mut argument = drm_i915_gem_vm_unbind {
            vm_id,
            start,
            length,
            fence,
            ..Default::default()
        };
        self.device.call::<request::VmUnbind>(&mut argument)
    }

    /// Gives the id back now, and says how that went.
    pub fn destroy(self) -> Result<()> {
        let (device, vm_id) = (self.device, self.id);
        std::mem::forget(self);
        let mut argument = drm_i915_gem_vm_control {
            vm_id,
            ..Default::default()
        };
        device.call::<request::VmDestroy>(&mut argument)
    }
}

impl Drop for AddressSpace<'_> {
    fn drop(&mut self) {
        let mut argument = drm_i915_gem_vm_control {
            vm_id: self.id,
            ..Default::default()
        };
        // Nothing is left to be done if it fails: the id is gone or the device is.
        let _ = self.device.call::<request::VmDestroy>(&mut argument);
    }
}
