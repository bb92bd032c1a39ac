// SPDX-License-Identifier: GPL-2.0 OR MIT

//! VM_CREATE and VM_DESTROY.

use crate::drm;
use crate::rules::vm_bind;
use crate::uapi::user;
use crate::uapi_types::drm_i915_gem_vm_control;
use crate::vm::{AddressSpace, Mode};
use kernel::prelude::*;

/// `DRM_IOCTL_I915_GEM_VM_CREATE`.
pub(crate) fn create(
    dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_vm_control,
) -> Result<i32> {
    let igpu = dev.data();
    let bind_mode = vm_bind::check_vm_create(igpu.facts(), args.flags)?;
    // No extension is defined: any link is EINVAL, once its header has been read.
    user::for_each_extension(args.extensions, |_, _| Err(EINVAL))?;
    let mode = if bind_mode { Mode::Bind } else { Mode::Legacy };
    let vm = AddressSpace::new(igpu, mode)?;
    args.vm_id = file.data().vms().add(vm)?;
    Ok(0)
}

/// `DRM_IOCTL_I915_GEM_VM_DESTROY`: takes the handle back. The address space lives on
/// while a context uses it.
pub(crate) fn destroy(
    _dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_vm_control,
) -> Result<i32> {
    vm_bind::check_vm_destroy(args.flags, args.extensions)?;
    drop(file.data().vms().remove(args.vm_id)?);
    Ok(0)
}
