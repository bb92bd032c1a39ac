// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Reading and writing objects' memory: between an object and the user or the kernel. Process
//! context throughout.

use core::ptr;
use kernel::{
    bindings,
    ffi::c_int,
    page::PAGE_SIZE,
    prelude::*,
    uaccess::{UserSliceReader, UserSliceWriter},
};

use super::gem::{BackingKind, Object};
use crate::rules::object::Retention;

impl Object {
    /// Copies from the object to the user, all that `writer` has room for. Doesn't wait for
    /// fences. Errors: `EINVAL` if that isn't within the object; `EFAULT`; those of
    /// [`Self::pin`]; of an import, its exporter's. Process context.
    pub(crate) fn read(&self, offset: usize, writer: &mut UserSliceWriter) -> Result {
        if self.backing() == BackingKind::Imported {
            return self.read_foreign(offset, writer);
        }
        let length = writer.len();
        let mut page: KVec<u8> = KVec::from_elem(0, PAGE_SIZE, GFP_KERNEL)?;
        self.pin_making_room()?
            .for_each_part(offset, length, |start, length| {
                let page = page.get_mut(..length).ok_or(EINVAL)?;
                // SAFETY: The bytes are mapped, and `page` has as many of its own. They may
                // change meanwhile, since userspace and the device have them too: that is why
                // they are copied before anything looks at them.
                unsafe { ptr::copy_nonoverlapping(start, page.as_mut_ptr(), length) };
                writer.write_slice(page)
            })
    }

    /// The same from the user to the object. Memory that the object doesn't hold is written
    /// to without its holding it, as i915 does (`shmem_pwrite`).
    pub(crate) fn write(&self, offset: usize, reader: &mut UserSliceReader) -> Result {
        match self.backing() {
            BackingKind::Imported => return self.write_foreign(offset, reader),
            BackingKind::Shmem if !self.has_pages() => return self.write_to_file(offset, reader),
            _ => {}
        }
        let length = reader.len();
        let mut page: KVec<u8> = KVec::from_elem(0, PAGE_SIZE, GFP_KERNEL)?;
        self.pin_making_room()?
            .for_each_part(offset, length, |start, length| {
                let page = page.get_mut(..length).ok_or(EINVAL)?;
                // A copy that fails fills the rest with zeroes: not to be seen in the object.
                reader.read_slice(page)?;
                // SAFETY: The bytes are mapped, and `page` has as many of its own.
                unsafe { ptr::copy_nonoverlapping(page.as_ptr(), start, length) };
                Ok(())
            })
    }

    /// [`Self::write`] to the file that the memory is.
    fn write_to_file(&self, offset: usize, reader: &mut UserSliceReader) -> Result {
        // More than a page at a time, since each costs a look for the page.
        const PART: usize = 16 * PAGE_SIZE;
        let end = offset.checked_add(reader.len()).ok_or(EINVAL)?;
        if end > self.size() {
            return Err(EINVAL);
        }
        let mut part: KVVec<u8> = KVVec::new();
        part.resize(reader.len().min(PART), 0, GFP_KERNEL)?;
        let mut at = offset;
        while at < end {
            let part = part.get_mut(..(end - at).min(PART)).ok_or(EINVAL)?;
            reader.read_slice(part)?;
            if self.pages.lock().retention != Retention::Wanted {
                return Err(EFAULT);
            }
            // Without the lock, which page faults take, and the file's own is held over page
            // faults. Whoever gets the pages now, or drops them, meets a write that comes
            // before or after.
            let mut position = at as bindings::loff_t;
            // SAFETY: A shmem object has a file, and as many bytes are read as there are.
            let written = unsafe {
                bindings::kernel_write(
                    (*self.as_raw()).filp,
                    part.as_ptr().cast(),
                    part.len(),
                    &mut position,
                )
            };
            if written < 0 {
                return Err(match Error::from_errno(written as c_int) {
                    // tmpfs's words for no memory.
                    error if error == ENOSPC => ENOMEM,
                    error => error,
                });
            }
            if written as usize != part.len() {
                return Err(EIO);
            }
            at += part.len();
        }
        Ok(())
    }

    /// Copies from the object to the kernel. Errors as [`Self::read`]. Process context.
    pub(super) fn read_bytes(&self, offset: usize, to: &mut [u8]) -> Result {
        self.pin()?.copy_to(offset, to)
    }

    /// Copies from the kernel to the object. Errors as [`Self::write`]. Process context.
    pub(super) fn write_bytes(&self, offset: usize, from: &[u8]) -> Result {
        self.pin()?.copy_from(offset, from)
    }
}
