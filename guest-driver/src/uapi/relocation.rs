// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Relocations of EXECBUFFER2: addresses of objects, written into objects.

use crate::drm;
use crate::rules::address::canonical;
use crate::rules::execbuffer2::{self, Header, Relocation};
use crate::uapi::execbuffer2::wait_unused;
use crate::uapi::user;
use crate::uapi_types::{
    drm_i915_gem_exec_object2, drm_i915_gem_relocation_entry, I915_EXEC_HANDLE_LUT,
    I915_EXEC_NO_RELOC,
};
use crate::vm::LegacyRequest;
use kernel::prelude::*;

/// Writes the relocations of all objects. With `I915_EXEC_NO_RELOC` the caller vouches
/// that they are right as long as no object has moved from where it said. An object that a
/// relocation says is written counts as written. EFAULT, ENOENT, EINVAL, ERESTARTSYS.
pub(super) fn relocate(
    dev: &drm::Device,
    header: &Header,
    objects: &[drm_i915_gem_exec_object2],
    requests: &mut [LegacyRequest],
    addresses: &[u64],
) -> Result {
    let moved = objects
        .iter()
        .zip(addresses)
        .any(|(object, address)| object.offset != canonical(*address));
    if header.flags & u64::from(I915_EXEC_NO_RELOC) != 0 && !moved {
        return Ok(());
    }
    for (index, object) in objects.iter().enumerate() {
        let source = requests.get(index).ok_or(EINVAL)?.object.clone();
        execbuffer2::check_relocation_count(object.relocation_count)?;
        let mut idle = false;
        for index in 0..object.relocation_count as usize {
            let entry: drm_i915_gem_relocation_entry =
                user::read_element(object.relocs_ptr, index)?;
            let target_index = target(header, objects, entry.target_handle);
            let target = target_index.and_then(|target| addresses.get(target).copied());
            let relocation = Relocation {
                delta: entry.delta,
                offset: entry.offset,
                presumed_offset: entry.presumed_offset,
                read_domains: entry.read_domains,
                write_domain: entry.write_domain,
            };
            let size = source.size() as u64;
            let done = execbuffer2::check_relocation(&relocation, target, size)?;
            if let Some(request) = target_index.and_then(|target| requests.get_mut(target)) {
                // As if it had been listed with EXEC_OBJECT_WRITE.
                request.checked.write |= done.write;
            }
            let (Some(value), Some(target)) = (done.value, target) else {
                continue;
            };
            if !idle {
                wait_unused(dev, &source)?;
                idle = true;
            }
            source.write_bytes(entry.offset as usize, &value.to_le_bytes())?;
            let place = object.relocs_ptr
                + (index * size_of::<drm_i915_gem_relocation_entry>()) as u64
                + core::mem::offset_of!(drm_i915_gem_relocation_entry, presumed_offset) as u64;
            // As i915: a list that can't be written back is not an error.
            let _ = user::write(place, &canonical(target));
        }
    }
    Ok(())
}

/// The object a relocation names: by its place in the list, or by its handle.
fn target(header: &Header, objects: &[drm_i915_gem_exec_object2], handle: u32) -> Option<usize> {
    if header.flags & u64::from(I915_EXEC_HANDLE_LUT) != 0 {
        return ((handle as usize) < objects.len()).then_some(handle as usize);
    }
    objects.iter().position(|object| object.handle == handle)
}
