// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Objects shared with other devices and drivers, as dma-bufs. Process context.

use core::{ptr, sync::atomic::Ordering};
use kernel::{
    bindings,
    ffi::c_int,
    page::PAGE_SIZE,
    prelude::*,
    sync::aref::ARef,
    uaccess::{UserSliceReader, UserSliceWriter},
};

use super::{
    device::Device,
    driver::{Driver, TheDriver},
    gem::{Backing, Object},
};
use crate::raw;

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

/// Memory of another device, which the CPU may access while this lives. Only the exporter
/// knows how.
struct ForeignMemory<'a> {
    /// Keeps the dma-buf.
    _object: &'a Object,
    dma_buf: *mut bindings::dma_buf,
    map: bindings::iosys_map,
    direction: bindings::dma_data_direction,
}

impl<'a> ForeignMemory<'a> {
    /// Has the exporter map an imported object's bytes `[offset, offset + length)`, with all
    /// others, for reading or writing; waits for fences as that needs. `EINVAL` if they
    /// aren't within the dma-buf, or it isn't an import; `ERESTARTSYS`; the exporter's errors.
    /// Process context.
    fn map(object: &'a Object, offset: usize, length: usize, write: bool) -> Result<Self> {
        // SAFETY: An import's attachment, and the dma-buf with it, is kept until it goes.
        let (dma_buf, size) = unsafe {
            let attachment = (*object.as_raw()).import_attach;
            if attachment.is_null() {
                return Err(EINVAL);
            }
            ((*attachment).dmabuf, (*(*attachment).dmabuf).size)
        };
        if offset.checked_add(length).is_none_or(|end| end > size) {
            return Err(EINVAL);
        }
        let direction = match write {
            true => bindings::dma_data_direction_DMA_BIDIRECTIONAL,
            false => bindings::dma_data_direction_DMA_FROM_DEVICE,
        };
        let mut map = bindings::iosys_map::default();
        // SAFETY: The dma-buf lives.
        kernel::error::to_result(unsafe {
            bindings::dma_buf_begin_cpu_access(dma_buf, direction)
        })?;
        // SAFETY: The same; its reservation is not held.
        let mapped = unsafe { bindings::dma_buf_vmap_unlocked(dma_buf, &mut map) };
        if let Err(error) = kernel::error::to_result(mapped) {
            // SAFETY: It was begun above.
            unsafe { bindings::dma_buf_end_cpu_access(dma_buf, direction) };
            return Err(error);
        }
        Ok(Self {
            _object: object,
            dma_buf,
            map,
            direction,
        })
    }
}

impl Drop for ForeignMemory<'_> {
    fn drop(&mut self) {
        // SAFETY: It was mapped and begun by `map`.
        unsafe {
            bindings::dma_buf_vunmap_unlocked(self.dma_buf, &mut self.map);
            bindings::dma_buf_end_cpu_access(self.dma_buf, self.direction);
        }
    }
}

impl Object {
    /// [`Object::read`] of an import.
    pub(super) fn read_foreign(&self, offset: usize, writer: &mut UserSliceWriter) -> Result {
        let end = offset.checked_add(writer.len()).ok_or(EINVAL)?;
        let memory = ForeignMemory::map(self, offset, writer.len(), false)?;
        let mut page: KVec<u8> = KVec::from_elem(0, PAGE_SIZE, GFP_KERNEL)?;
        for at in (offset..end).step_by(PAGE_SIZE) {
            let part = &mut page[..PAGE_SIZE.min(end - at)];
            // SAFETY: The bytes are mapped: the whole range is. `part` has as many.
            unsafe { raw::igpu_map_read(part.as_mut_ptr().cast(), &memory.map, at, part.len()) };
            writer.write_slice(part)?;
        }
        Ok(())
    }

    /// [`Object::write`] of an import.
    pub(super) fn write_foreign(&self, offset: usize, reader: &mut UserSliceReader) -> Result {
        let end = offset.checked_add(reader.len()).ok_or(EINVAL)?;
        let mut memory = ForeignMemory::map(self, offset, reader.len(), true)?;
        let mut page: KVec<u8> = KVec::from_elem(0, PAGE_SIZE, GFP_KERNEL)?;
        for at in (offset..end).step_by(PAGE_SIZE) {
            let part = &mut page[..PAGE_SIZE.min(end - at)];
            // A copy that fails fills the rest with zeroes: not to be seen in the object.
            reader.read_slice(part)?;
            // SAFETY: As in `read_foreign`.
            unsafe { raw::igpu_map_write(&mut memory.map, at, part.as_ptr().cast(), part.len()) };
        }
        Ok(())
    }
}
