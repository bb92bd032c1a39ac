// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Objects shared with other devices and drivers, as dma-bufs. Process context.

use core::{ptr, sync::atomic::Ordering};
use kernel::{bindings, ffi::c_int, page::PAGE_SIZE, prelude::*, sync::aref::ARef};

use super::{
    device::Device,
    driver::{Driver, TheDriver},
    gem::{Backing, Object},
};

/// The error as the pointer that C takes for one.
fn err_ptr<T>(error: Error) -> *mut T {
    ptr::without_provenance_mut(error.to_errno() as isize as usize)
}

/// Exports an object, if it may be.
pub(super) unsafe extern "C" fn export(
    object: *mut bindings::drm_gem_object,
    flags: c_int,
) -> *mut bindings::dma_buf {
    // SAFETY: DRM calls with a live object of ours.
    if unsafe { Object::from_raw(object) }
        .no_export
        .load(Ordering::Acquire)
    {
        return err_ptr(EINVAL);
    }
    // SAFETY: The arguments are passed on.
    unsafe { bindings::drm_gem_prime_export(object, flags) }
}

/// Another device needs the memory to stay.
pub(super) unsafe extern "C" fn pin(object: *mut bindings::drm_gem_object) -> c_int {
    // SAFETY: DRM calls with a live object of ours.
    match unsafe { Object::from_raw(object) }.pin() {
        Ok(pinned) => {
            // `unpin` takes this count off. The reference isn't kept: the other device
            // holds the dma-buf, which holds the object.
            pinned.object().pins.fetch_add(1, Ordering::Relaxed);
            0
        }
        Err(error) => error.to_errno(),
    }
}

/// It does no more.
pub(super) unsafe extern "C" fn unpin(object: *mut bindings::drm_gem_object) {
    // SAFETY: DRM calls with a live object of ours.
    let object = unsafe { Object::from_raw(object) };
    object.pins.fetch_sub(1, Ordering::Release);
}

/// The memory as another device wants it. Called while it is pinned.
pub(super) unsafe extern "C" fn get_sg_table(
    object: *mut bindings::drm_gem_object,
) -> *mut bindings::sg_table {
    // SAFETY: DRM calls with a live object of ours.
    let this = unsafe { Object::from_raw(object) };
    let pinned = match this.pin() {
        Ok(pinned) => pinned,
        Err(error) => return err_ptr(error),
    };
    let Some(pages) = pinned.pages().as_raw() else {
        return err_ptr(EINVAL);
    };
    // SAFETY: There is a page for each of the object's.
    unsafe {
        bindings::drm_prime_pages_to_sg(
            this.device().as_raw(),
            pages,
            (this.size() / PAGE_SIZE) as u32,
        )
    }
}

/// Makes an object of another device's memory. DRM keeps table and attachment together
/// until the object goes.
pub(super) unsafe extern "C" fn import_sg_table(
    dev: *mut bindings::drm_device,
    attachment: *mut bindings::dma_buf_attachment,
    table: *mut bindings::sg_table,
) -> *mut bindings::drm_gem_object {
    // SAFETY: DRM calls with a live device of ours and an attachment to a dma-buf.
    let (device, size) = unsafe { (Device::from_raw(dev), (*(*attachment).dmabuf).size) };
    let object = Object::make(
        device,
        size,
        Backing::Imported(table),
        None,
        TheDriver::imported_object(),
    );
    match object {
        Ok(object) => ARef::into_raw(object).cast().as_ptr(),
        Err(error) => err_ptr(error),
    }
}
