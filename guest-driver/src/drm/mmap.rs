// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Objects in the address spaces of processes. Process context throughout.

use core::{
    ptr, slice,
    sync::atomic::{AtomicPtr, Ordering},
};
use kernel::{
    bindings,
    ffi::{c_int, c_void},
    page::PAGE_SIZE,
    prelude::*,
    sync::aref::ARef,
    types::{Opaque, ScopeGuard},
};

use super::{
    device::{Device, Static},
    file::File,
    gem::{BackingKind, Object},
};
use crate::raw;

/// How userspace wants a mapping cached. The virtual GPU and the CPU always see the same
/// memory, so all kinds are mapped alike, write-back, and an object has one offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MmapKind {
    /// Write-back.
    WriteBack,
    /// Write-combining.
    WriteCombine,
    /// Uncached.
    Uncached,
}

/// Pages put in at one fault, if they are in the mapping: what one page table holds. A fault
/// costs as much as tens of pages, and i915 puts in all.
const FAULT_AROUND: u64 = 512;

impl Object {
    /// The offset at which the node's mmap(2) maps the object. Files that have a handle of
    /// it may map it there. `ENOMEM`, `ENOSPC`.
    pub(crate) fn mmap_offset(&self, _file: &File, _kind: MmapKind) -> Result<u64> {
        // SAFETY: The object lives. A second call does nothing.
        let ret = unsafe { bindings::drm_gem_create_mmap_offset(self.as_raw()) };
        kernel::error::to_result(ret)?;
        // SAFETY: The node is in the device's offset space since then.
        Ok(unsafe { raw::igpu_vma_node_offset(&raw mut (*self.as_raw()).vma_node) })
    }

    /// Maps `[offset, offset + size)` into the caller, and says where: i915's GEM_MMAP.
    /// Errors: `ENXIO` if the object has no memory of its own; `EINVAL` past its end;
    /// mmap(2)'s.
    pub(crate) fn mmap_legacy(&self, offset: u64, size: u64, _write_combine: bool) -> Result<u64> {
        if self.backing() != BackingKind::Shmem {
            return Err(ENXIO);
        }
        let end = offset.checked_add(size).ok_or(EINVAL)?;
        if end > self.size() as u64 {
            return Err(EINVAL);
        }
        // SAFETY: A shmem object has a file; mmap takes a reference of its own.
        let address =
            unsafe { raw::igpu_mmap_shared((*self.as_raw()).filp, size as usize, offset as usize) };
        let error = address as isize;
        if (-4095..0).contains(&error) {
            return Err(Error::from_errno(error as c_int));
        }
        Ok(address as u64)
    }
}

/// The file that mappings of a device's objects hold open, instead of the one that they
/// were made through: so a client that closes its file and keeps its mappings has its
/// contexts closed. There is one while there are mappings, and as long it keeps the device.
pub(super) struct MappingFile(AtomicPtr<bindings::file>);

impl MappingFile {
    /// No mapping yet.
    pub(super) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// A reference to the file of `dev`, whose this is. `ENOMEM`, `ENFILE`.
    fn get(&self, dev: &Device) -> Result<*mut bindings::file> {
        // SAFETY: The place holds a file that `release` takes out of it before it is freed;
        // the function looks at it under RCU alone.
        let file = unsafe { bindings::get_file_active(self.0.as_ptr()) };
        if !file.is_null() {
            return Ok(file);
        }
        let owned: ARef<Device> = dev.into();
        let data = ARef::into_raw(owned);
        // SAFETY: The name and the operations are statics. The file keeps the device, until
        // `release`.
        let file = kernel::error::from_err_ptr(unsafe {
            raw::anon_inode_getfile(
                c"i915.gem".as_ptr().cast(),
                MAPPING_FOPS.0.get(),
                data.as_ptr().cast(),
                bindings::O_RDWR as c_int,
            )
        });
        let file = file.inspect_err(|_| {
            // SAFETY: No file has taken the reference over.
            drop(unsafe { ARef::from_raw(data) });
        })?;
        // SAFETY: Nobody else has the file yet; the device's inode lives as long as the
        // device, which the file keeps. All mappings of the device's objects are found
        // through it when their pages are taken away.
        unsafe { (*file).f_mapping = (*(*dev.as_raw()).anon_inode).i_mapping };
        // If somebody was faster there are two, which is no harm.
        self.0.store(file, Ordering::Release);
        Ok(file)
    }
}

/// The last mapping is gone.
unsafe extern "C" fn release(_: *mut bindings::inode, file: *mut bindings::file) -> c_int {
    // SAFETY: `MappingFile::get` has put a reference to the device there.
    let dev = unsafe {
        ARef::<Device>::from_raw(ptr::NonNull::new_unchecked((*file).private_data.cast()))
    };
    let slot = &dev.mapping_file().0;
    let _ = slot.compare_exchange(file, ptr::null_mut(), Ordering::AcqRel, Ordering::Relaxed);
    0
}

/// The operations of the file that mappings hold open.
static MAPPING_FOPS: Static<bindings::file_operations> =
    Static(Opaque::new(bindings::file_operations {
        owner: crate::THIS_MODULE.as_ptr(),
        release: Some(release),
        ..pin_init::zeroed()
    }));

/// A process maps the node.
pub(super) unsafe extern "C" fn mmap_node(
    file: *mut bindings::file,
    vma: *mut bindings::vm_area_struct,
) -> c_int {
    // SAFETY: It is the file of a node of ours, which keeps its DRM file.
    let file = unsafe { File::from_raw((*file).private_data.cast()) };
    // SAFETY: The mapping is being made; nobody else has it.
    match unsafe { map_object(file, vma) } {
        Ok(()) => 0,
        Err(error) => error.to_errno(),
    }
}

/// Maps the object that lies at the mapping's offset, whole or a part of it. `ENODEV`;
/// `EINVAL` if none lies there, or it ends before the mapping; `EACCES` if the file has no
/// handle of it; `ENOMEM`, `ENFILE`.
///
/// # Safety
///
/// `vma` is being made, by a process that maps the node through `file`.
unsafe fn map_object(file: &File, vma: *mut bindings::vm_area_struct) -> Result {
    let dev = file.device();
    if dev.is_unplugged() {
        return Err(ENODEV);
    }
    let mapping_file = dev.mapping_file().get(dev)?;
    // SAFETY: The reference is ours, and no longer needed when this ends.
    let _put = ScopeGuard::new(|| unsafe { bindings::fput(mapping_file) });
    // SAFETY: The device lives, and the mapping.
    let object = unsafe {
        let pages = (raw::igpu_vma_end(vma) - raw::igpu_vma_begin(vma)) / PAGE_SIZE;
        raw::igpu_object_at(dev.as_raw(), (*vma).vm_pgoff, pages)
    };
    let object = ptr::NonNull::new(object).ok_or(EINVAL)?;
    // SAFETY: Every object of our device is one of ours; the reference is ours.
    let object = unsafe { ARef::<Object>::from_raw(object.cast()) };
    // SAFETY: Object and file live.
    if !unsafe {
        let node = &raw mut (*object.as_raw()).vma_node;
        bindings::drm_vma_node_is_allowed(node, file.as_raw())
    } {
        return Err(EACCES);
    }
    // SAFETY: The mapping is being made, within the object; it takes a reference of its own.
    kernel::error::to_result(unsafe {
        bindings::drm_gem_mmap_obj(object.as_raw(), object.size(), vma)
    })?;
    // SAFETY: The mapping is still being made; it takes a reference of its own.
    unsafe { bindings::vma_set_file(vma, mapping_file) };
    Ok(())
}

/// DRM maps an object of ours. DRM sets the operations and takes the reference.
pub(super) unsafe extern "C" fn mmap(
    _object: *mut bindings::drm_gem_object,
    vma: *mut bindings::vm_area_struct,
) -> c_int {
    // SAFETY: The mapping is being made; nobody else has it.
    if unsafe { raw::igpu_vma_is_private_writable(vma) } {
        // A page that is written to would be copied, and there are no pages here.
        return EINVAL.to_errno();
    }
    // SAFETY: As above.
    unsafe { raw::igpu_vma_prepare(vma) };
    0
}

/// A process touches a page that isn't in its tables yet. An object's memory is the
/// guest's own, so it stays usable when the device has gone.
unsafe extern "C" fn fault(vmf: *mut bindings::vm_fault) -> bindings::vm_fault_t {
    const SIGBUS: bindings::vm_fault_t = bindings::vm_fault_reason_VM_FAULT_SIGBUS;
    const NOPAGE: bindings::vm_fault_t = bindings::vm_fault_reason_VM_FAULT_NOPAGE;

    // SAFETY: The kernel calls with a fault in a mapping of ours.
    let (vma, address, pgoff) = unsafe {
        let fault = &(*vmf).__bindgen_anon_1;
        (fault.vma, fault.address, fault.pgoff)
    };
    // SAFETY: DRM has put the object there, with a reference.
    let object = unsafe { Object::from_raw((*vma).vm_private_data.cast()) };
    let pinned = match object.pin() {
        Ok(pinned) => pinned,
        Err(error) if error == ENOMEM => return bindings::vm_fault_reason_VM_FAULT_OOM,
        Err(_) => return SIGBUS,
    };
    // Mappings of the node begin at the object's offset, those of a dma-buf at 0.
    // SAFETY: The object lives.
    let start = unsafe { raw::igpu_vma_node_start(&raw mut (*object.as_raw()).vma_node) };
    let Some(first) = (pgoff as u64).checked_sub(start as u64) else {
        return SIGBUS;
    };
    // Purging takes the pages away with this lock held, after it has taken them out of
    // all mappings; so none may be put in without it.
    let _pages = object.pages.lock();
    // SAFETY: The mapping can't go while a fault in it is handled.
    let room = (unsafe { raw::igpu_vma_end(vma) } - address) / PAGE_SIZE;
    let pages = object.size() as u64 / PAGE_SIZE as u64;
    let count = FAULT_AROUND
        .min(room as u64)
        .min(pages.saturating_sub(first));
    let offset = first * PAGE_SIZE as u64;
    let Ok(extents) = pinned.extents(offset, count * PAGE_SIZE as u64) else {
        return SIGBUS;
    };
    let mut at = address;
    for extent in extents {
        let frame = extent.address.get() / PAGE_SIZE as u64;
        let frames = extent.length.get() as usize / PAGE_SIZE;
        // SAFETY: The mapping holds page frames only, and the addresses lie in it; it can't go
        // while a fault in it is handled.
        let put = unsafe { raw::igpu_vma_insert_frames(vma, at, frame as usize, frames) };
        if put != 0 {
            return bindings::vm_fault_reason_VM_FAULT_OOM;
        }
        at += frames * PAGE_SIZE;
    }
    if at == address {
        // Past the object's end.
        SIGBUS
    } else {
        NOPAGE
    }
}

/// A debugger reads or writes a process's mapping.
unsafe extern "C" fn access(
    vma: *mut bindings::vm_area_struct,
    address: usize,
    buffer: *mut c_void,
    length: c_int,
    write: c_int,
) -> c_int {
    // SAFETY: The kernel calls with a mapping of ours, which stays meanwhile.
    let (object, pgoff) = unsafe {
        (
            Object::from_raw((*vma).vm_private_data.cast()),
            (*vma).vm_pgoff,
        )
    };
    // SAFETY: The mapping and the object live.
    let (begin, start) = unsafe {
        (
            raw::igpu_vma_begin(vma),
            raw::igpu_vma_node_start(&raw mut (*object.as_raw()).vma_node),
        )
    };
    let Ok(bytes) = usize::try_from(length) else {
        return EINVAL.to_errno();
    };
    let offset = pgoff
        .checked_sub(start)
        .and_then(|pages| pages.checked_mul(PAGE_SIZE))
        .and_then(|first| first.checked_add(address.checked_sub(begin)?));
    let Some(offset) = offset else {
        return EINVAL.to_errno();
    };
    let result = if write == 0 {
        // SAFETY: The kernel passes a buffer of `length` bytes to be filled.
        object.read_bytes(offset, unsafe {
            slice::from_raw_parts_mut(buffer.cast::<u8>(), bytes)
        })
    } else {
        // SAFETY: The kernel passes a buffer of `length` bytes that are written.
        object.write_bytes(offset, unsafe {
            slice::from_raw_parts(buffer.cast::<u8>(), bytes)
        })
    };
    match result {
        Ok(()) => length,
        Err(error) => error.to_errno(),
    }
}

/// What the kernel calls for mappings of our objects.
pub(super) static VM_OPS: Static<bindings::vm_operations_struct> =
    Static(Opaque::new(bindings::vm_operations_struct {
        open: Some(bindings::drm_gem_vm_open),
        close: Some(bindings::drm_gem_vm_close),
        fault: Some(fault),
        access: Some(access),
        ..pin_init::zeroed()
    }));
