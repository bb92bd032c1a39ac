// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What `/proc/PID/fdinfo/N` says of an open file of the device (drm-usage-stats): its
//! memory here, its work by the driver.

use core::fmt;
use kernel::{bindings, ffi::c_void};

use super::{
    device::Device,
    driver::{Driver, TheDriver},
    file::File,
    gem::{BackingKind, Object},
    resv::Usage,
};
use crate::raw;

/// What i915 calls system memory there.
const SYSTEM_MEMORY: &core::ffi::CStr = c"system0";

/// Where the text goes.
struct Printer(*mut bindings::drm_printer);

impl fmt::Write for Printer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: The printer is in use, and as many bytes are read as there are.
        unsafe { raw::igpu_print(self.0.cast(), text.as_ptr().cast(), text.len()) };
        Ok(())
    }
}

/// Adds an object to the sums (`i915_drm_client.c:obj_meminfo`).
unsafe extern "C" fn add(data: *mut c_void, object: *mut bindings::drm_gem_object, shared: bool) {
    // SAFETY: `show` passes its sums, and DRM's table holds live objects of ours.
    let (sums, object) = unsafe {
        (
            &mut *data.cast::<bindings::drm_memory_stats>(),
            Object::from_raw(object),
        )
    };
    let size = object.size() as u64;
    if shared {
        sums.shared += size;
    } else {
        sums.private += size;
    }
    if !object.has_pages() {
        return;
    }
    sums.resident += size;
    if !object.resv().test_signaled(Usage::Bookkeep) {
        sums.active += size;
    } else if object.backing() == BackingKind::Shmem && object.is_not_needed() {
        sums.purgeable += size;
    }
}

/// DRM's `show_fdinfo`: what DRM itself doesn't say. Process context, with the device kept
/// from going.
pub(super) unsafe extern "C" fn show(
    printer: *mut bindings::drm_printer,
    file: *mut bindings::drm_file,
) {
    let mut sums = bindings::drm_memory_stats::default();
    let also = bindings::drm_gem_object_status_DRM_GEM_OBJECT_ACTIVE
        | bindings::drm_gem_object_status_DRM_GEM_OBJECT_RESIDENT
        | bindings::drm_gem_object_status_DRM_GEM_OBJECT_PURGEABLE;
    // SAFETY: DRM calls with an open file of ours and a printer in use.
    let (dev, file) = unsafe {
        raw::igpu_for_each_object(file, Some(add), (&raw mut sums).cast());
        let region = SYSTEM_MEMORY.as_ptr().cast();
        bindings::drm_print_memory_stats(printer, &sums, also, region);
        (Device::from_raw((*(*file).minor).dev), File::from_raw(file))
    };
    // What can't be had is left out.
    let _ = TheDriver::usage(dev, file, &mut Printer(printer));
}
