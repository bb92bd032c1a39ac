// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Making buffer objects and reaching their memory: GEM_CREATE(_EXT), USERPTR, MMAP,
//! MMAP_OFFSET, PREAD, PWRITE.

use crate::drm::gem::{BackingKind, MmapKind};
use crate::drm::process::{is_user_memory, is_user_range};
use crate::drm::resv::Usage;
use crate::drm::{self, Object, Timeout};
use crate::gem::ObjectData;
use crate::rules::object;
use crate::rules::vm_bind;
use crate::uapi::user;
use crate::uapi_types::{
    drm_i915_gem_create, drm_i915_gem_create_ext, drm_i915_gem_create_ext_memory_regions,
    drm_i915_gem_create_ext_protected_content, drm_i915_gem_create_ext_vm_private,
    drm_i915_gem_memory_class_instance, drm_i915_gem_mmap, drm_i915_gem_mmap_offset,
    drm_i915_gem_pread, drm_i915_gem_pwrite, drm_i915_gem_userptr,
    I915_GEM_CREATE_EXT_MEMORY_REGIONS, I915_GEM_CREATE_EXT_PROTECTED_CONTENT,
    I915_GEM_CREATE_EXT_SET_PAT, I915_GEM_CREATE_EXT_VM_PRIVATE,
};
use crate::vm::{AddressSpace, Mode};
use kernel::prelude::*;
use kernel::sync::aref::ARef;
use kernel::sync::Arc;
use kernel::uaccess::UserSlice;

/// Makes an object of `size` bytes and a handle for it; private to an address space, it
/// shares one reservation with all that are.
fn create_object(
    dev: &drm::Device,
    file: &drm::File,
    size: u64,
    private_to: Option<&Arc<AddressSpace>>,
) -> Result<(u64, u32)> {
    let size = object::check_create(size)?;
    // More than the guest's memory can't ever be used (`i915_gem_object_create_region`).
    let bytes = usize::try_from(size).map_err(|_| E2BIG)?;
    let number = private_to.map_or(0, |vm| vm.number());
    let data = ObjectData::new(size, number, object::DEFAULT_CACHING);
    let object = match private_to {
        Some(vm) => Object::new_sharing_resv(dev, bytes, vm.private_root(dev)?, data)?,
        None => Object::new(dev, bytes, data)?,
    };
    let handle = object.create_handle(file)?;
    Ok((size, handle))
}

/// `DRM_IOCTL_I915_GEM_CREATE`.
pub(crate) fn create(
    dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_create,
) -> Result<i32> {
    (args.size, args.handle) = create_object(dev, file, args.size, None)?;
    Ok(0)
}

/// `DRM_IOCTL_I915_GEM_CREATE_EXT`.
pub(crate) fn create_ext(
    dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_create_ext,
) -> Result<i32> {
    object::check_create_ext_flags(args.flags)?;
    let mut regions_named = false;
    let mut private_to = None;
    user::for_each_extension(args.extensions, |name, link| match name {
        I915_GEM_CREATE_EXT_MEMORY_REGIONS => {
            let extension: drm_i915_gem_create_ext_memory_regions = user::read(link)?;
            for index in 0..object::check_regions(extension.pad, extension.num_regions)? {
                let region: drm_i915_gem_memory_class_instance =
                    user::read_element(extension.regions, index)?;
                object::check_region(index, region.memory_class, region.memory_instance)?;
            }
            object::check_regions_once(regions_named)?;
            regions_named = true;
            Ok(())
        }
        I915_GEM_CREATE_EXT_PROTECTED_CONTENT => {
            let extension: drm_i915_gem_create_ext_protected_content = user::read(link)?;
            Ok(object::check_protected(extension.flags)?)
        }
        I915_GEM_CREATE_EXT_SET_PAT => Ok(object::check_pat_index()?),
        I915_GEM_CREATE_EXT_VM_PRIVATE => {
            let extension: drm_i915_gem_create_ext_vm_private = user::read(link)?;
            vm_bind::check_private_object(extension.vm_id)?;
            let vm = file.data().vms().get(extension.vm_id)?;
            vm_bind::check_private_owner(vm.mode() == Mode::Bind)?;
            private_to = Some(vm);
            Ok(())
        }
        _ => Err(EINVAL),
    })?;
    object::check_create_ext_placement(args.flags)?;
    (args.size, args.handle) = create_object(dev, file, args.size, private_to.as_ref())?;
    Ok(0)
}

/// `DRM_IOCTL_I915_GEM_USERPTR`.
pub(crate) fn userptr(
    dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_userptr,
) -> Result<i32> {
    let facts = dev.data().facts();
    let wanted = object::check_userptr(
        facts,
        args.user_ptr,
        args.user_size,
        args.flags,
        is_user_range,
    )?;
    let size = usize::try_from(args.user_size).map_err(|_| E2BIG)?;
    let data = ObjectData::new(args.user_size, 0, object::DEFAULT_CACHING);
    if wanted.probe && !is_user_memory(args.user_ptr, args.user_size) {
        return Err(EFAULT);
    }
    let object =
        Object::from_user_memory(dev, args.user_ptr as usize, size, wanted.read_only, data)?;
    args.handle = object.create_handle(file)?;
    Ok(0)
}

/// `DRM_IOCTL_I915_GEM_MMAP`.
pub(crate) fn mmap(
    _dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_mmap,
) -> Result<i32> {
    let kind = object::check_mmap(args.flags)?;
    let object = Object::lookup(file, args.handle)?;
    let has_file = object.backing() == BackingKind::Shmem;
    object::check_mmap_object(has_file, object.size() as u64, args.offset, args.size)?;
    let write_combine = kind == object::MmapKind::WriteCombine;
    args.addr_ptr = object.mmap_legacy(args.offset, args.size, write_combine)?;
    Ok(0)
}

/// `DRM_IOCTL_I915_GEM_MMAP_OFFSET`, and `_MMAP_GTT`, which is its flag 0.
pub(crate) fn mmap_offset(
    _dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_mmap_offset,
) -> Result<i32> {
    // No extension is defined: any link is EINVAL, once its header has been read.
    user::for_each_extension(args.extensions, |_, _| Err(EINVAL))?;
    let kind = object::check_mmap_offset(args.flags)?;
    let object = Object::lookup(file, args.handle)?;
    kind.check(object.backing() == BackingKind::Shmem)?;
    let kind = match kind {
        object::MmapKind::WriteBack | object::MmapKind::Fixed => MmapKind::WriteBack,
        object::MmapKind::WriteCombine => MmapKind::WriteCombine,
        object::MmapKind::Uncached => MmapKind::Uncached,
    };
    args.offset = object.mmap_offset(file, kind)?;
    Ok(0)
}

/// Bytes between an object and the caller's memory.
struct Transfer {
    object: ARef<Object>,
    offset: usize,
    memory: UserSlice,
}

impl Transfer {
    /// Checks a PREAD or, with `write`, a PWRITE, and waits for who uses the object;
    /// `None` if there is nothing to be done. EFAULT, ENOENT, EINVAL, ERESTARTSYS.
    fn begin(
        dev: &drm::Device,
        file: &drm::File,
        handle: u32,
        (offset, size): (u64, u64),
        address: u64,
        write: bool,
    ) -> Result<Option<Self>> {
        if !object::has_bytes(size) {
            return Ok(None);
        }
        if !is_user_range(address, size) {
            return Err(EFAULT);
        }
        let object = Object::lookup(file, handle)?;
        object::check_transfer_range(object.size() as u64, offset, size, write, false)?;
        object::check_transfer_object(object.backing() == BackingKind::UserMemory)?;
        // A reader waits for the writers, a writer for all.
        let usage = if write { Usage::Read } else { Usage::Write };
        dev.unlocked(|| object.resv().wait(usage, Timeout::Forever))?;
        Ok(Some(Self {
            object,
            offset: offset as usize,
            memory: UserSlice::new(user::pointer(address)?, size as usize),
        }))
    }
}

/// `DRM_IOCTL_I915_GEM_PREAD`.
pub(crate) fn pread(
    dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_pread,
) -> Result<i32> {
    let range = (args.offset, args.size);
    if let Some(transfer) = Transfer::begin(dev, file, args.handle, range, args.data_ptr, false)? {
        let Transfer {
            object,
            offset,
            memory,
        } = transfer;
        object.read(offset, &mut memory.writer())?;
    }
    Ok(0)
}

/// `DRM_IOCTL_I915_GEM_PWRITE`.
pub(crate) fn pwrite(
    dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_pwrite,
) -> Result<i32> {
    let range = (args.offset, args.size);
    if let Some(transfer) = Transfer::begin(dev, file, args.handle, range, args.data_ptr, true)? {
        let Transfer {
            object,
            offset,
            memory,
        } = transfer;
        object.write(offset, &mut memory.reader())?;
    }
    Ok(0)
}
