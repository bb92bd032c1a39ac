// SPDX-License-Identifier: GPL-2.0 OR MIT

//! GEM objects: memory that userspace names by handles.
//!
//! Where the memory comes from and how it is pinned is in `pages`, how it gets into
//! processes in `mmap`, how it is shared with other devices in `prime`.

use core::{
    mem::{offset_of, ManuallyDrop},
    ptr::NonNull,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};
use kernel::{
    bindings, new_mutex, page,
    prelude::*,
    sync::{
        aref::{ARef, AlwaysRefCounted},
        Mutex,
    },
    types::Opaque,
    workqueue::{self, new_work, Work, WorkItem},
};

use super::{
    device::{Device, Static},
    driver::{Driver, ObjectData, TheDriver},
    file::File,
    mmap,
    pages::Memory,
    prime,
    resv::Resv,
    user_memory::UserMemory,
    work,
};
use crate::raw;

pub(crate) use super::mmap::MmapKind;

/// Where an object's memory comes from.
pub(super) enum Backing {
    /// Its own shmem file.
    Shmem,
    /// The memory of a process.
    User(Pin<KBox<UserMemory>>),
    /// A dma-buf of another device, mapped for ours.
    Imported(*mut bindings::sg_table),
}

/// [`Backing`], without its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BackingKind {
    /// Memory of the object's own.
    Shmem,
    /// Memory of a process (userptr).
    UserMemory,
    /// Memory of another device's dma-buf.
    Imported,
}

/// An object. Shared as `ARef<Object>`; references may be taken and dropped in any context.
#[repr(C)]
#[pin_data]
pub(crate) struct Object {
    /// DRM's part. First, so that a pointer to one is a pointer to the other.
    base: Opaque<bindings::drm_gem_object>,
    /// Where the memory comes from; never changes.
    pub(super) backing: Backing,
    /// The memory, once it is there. Taken with the mmap lock held (page faults); nothing
    /// but memory is allocated while it is held.
    #[pin]
    pub(super) pages: Mutex<Memory>,
    /// It holds its memory: for who can't take the lock.
    pub(super) has_pages: AtomicBool,
    /// Userspace doesn't need the memory: for who can't take the lock.
    pub(super) not_needed: AtomicBool,
    /// How many need the pages to stay. Counted up with `pages` held.
    pub(super) pins: AtomicU32,
    /// The object may not be exported.
    pub(super) no_export: AtomicBool,
    /// The object whose reservation it shares; kept as long as it does.
    resv_owner: Option<ARef<Object>>,
    /// Frees it, when its last reference goes where one can't sleep.
    #[pin]
    free_work: Work<Object>,
    /// The driver's part.
    #[pin]
    data: ObjectData,
}

workqueue::impl_has_work! {
    impl HasWork<Self> for Object { self.free_work }
}

// SAFETY: Objects are shared between threads; the sg_table of an import is only read.
unsafe impl Send for Object {}
// SAFETY: As above.
unsafe impl Sync for Object {}

// SAFETY: The counter is DRM's own; an object lives while it isn't zero.
unsafe impl AlwaysRefCounted for Object {
    fn inc_ref(&self) {
        // SAFETY: The object lives while it is borrowed.
        unsafe { raw::igpu_object_get(self.as_raw()) }
    }

    unsafe fn dec_ref(this: NonNull<Self>) {
        let base = this.cast::<bindings::drm_gem_object>().as_ptr();
        // SAFETY: The caller gives up a reference, so the object lives until here.
        let count = unsafe { &raw mut (*base).refcount.refcount };
        // SAFETY: As above.
        if unsafe { bindings::refcount_dec_and_test(count) } {
            // Freeing sleeps, and this may be an interrupt.
            // SAFETY: That was the last reference: nobody else has the object.
            let object = unsafe { boxed(base) };
            work::queue().enqueue(object);
        }
    }
}

impl WorkItem for Object {
    type Pointer = Pin<KBox<Self>>;

    fn run(this: Self::Pointer) {
        free(this);
    }
}

/// The box an object lives in.
///
/// # Safety
///
/// The object's last reference has gone.
unsafe fn boxed(base: *mut bindings::drm_gem_object) -> Pin<KBox<Object>> {
    // SAFETY: `Object::make` has put every object into a pinned box.
    unsafe { Pin::new_unchecked(KBox::from_raw(base.cast())) }
}

/// Frees an object that nobody has any more. Process context.
fn free(object: Pin<KBox<Object>>) {
    let dev = object.device().as_raw();
    object.release_pages();
    if let Backing::Imported(table) = object.backing {
        // SAFETY: It is an import if DRM has noted the attachment (it has not if the
        // import failed half way: then DRM still owns the table).
        unsafe {
            if !(*object.as_raw()).import_attach.is_null() {
                bindings::drm_prime_gem_destroy(object.as_raw(), table);
            }
        }
    }
    // SAFETY: The object was initialised by `make`.
    unsafe { bindings::drm_gem_object_release(object.as_raw()) };
    drop(object);
    // SAFETY: `make` has taken the reference for this object.
    unsafe { bindings::drm_dev_put(dev) };
}

impl Object {
    /// An object of `size` bytes, rounded up to whole pages, in memory of its own, which is
    /// zeroed and only comes when it is used. Errors: `EINVAL` for size 0; `ENOMEM`; shmem's
    /// for a size it can't have. Process context.
    pub(crate) fn new<E>(
        dev: &Device,
        size: usize,
        data: impl PinInit<ObjectData, E>,
    ) -> Result<ARef<Self>>
    where
        Error: From<E>,
    {
        let size = size
            .checked_next_multiple_of(page::PAGE_SIZE)
            .ok_or(E2BIG)?;
        Self::make(dev, size, Backing::Shmem, None, data)
    }

    /// The same, with the reservation of `owner` in place of one of its own. It can't be
    /// exported.
    pub(crate) fn new_sharing_resv<E>(
        dev: &Device,
        size: usize,
        owner: ARef<Self>,
        data: impl PinInit<ObjectData, E>,
    ) -> Result<ARef<Self>>
    where
        Error: From<E>,
    {
        let size = size
            .checked_next_multiple_of(page::PAGE_SIZE)
            .ok_or(E2BIG)?;
        let object = Self::make(dev, size, Backing::Shmem, Some(owner), data)?;
        object.refuse_export();
        Ok(object)
    }

    /// An object whose memory is the calling process's `[address, address + size)`. It is
    /// pinned when it is used, by that process (`EFAULT` then if it can't be), and anew when
    /// the process has changed it. Errors: `EINVAL` if not whole pages; `ENOMEM`. Process
    /// context.
    pub(crate) fn from_user_memory<E>(
        dev: &Device,
        address: usize,
        size: usize,
        read_only: bool,
        data: impl PinInit<ObjectData, E>,
    ) -> Result<ARef<Self>>
    where
        Error: From<E>,
    {
        if size == 0 || address % page::PAGE_SIZE != 0 || size % page::PAGE_SIZE != 0 {
            return Err(EINVAL);
        }
        let memory = UserMemory::new(address, size, read_only)?;
        let object = Self::make(dev, size, Backing::User(memory), None, data)?;
        object.refuse_export();
        Ok(object)
    }

    /// An object of whole pages.
    pub(super) fn make<E>(
        dev: &Device,
        size: usize,
        backing: Backing,
        resv_owner: Option<ARef<Self>>,
        data: impl PinInit<ObjectData, E>,
    ) -> Result<ARef<Self>>
    where
        Error: From<E>,
    {
        const { assert!(offset_of!(Object, base) == 0) };
        if size == 0 {
            return Err(EINVAL);
        }
        let object = KBox::try_pin_init(
            try_pin_init!(Self {
                base: Opaque::zeroed(),
                backing,
                pages <- new_mutex!(Memory::new(), "virtio_igpu::Object::pages"),
                has_pages: AtomicBool::new(false),
                not_needed: AtomicBool::new(false),
                pins: AtomicU32::new(0),
                no_export: AtomicBool::new(false),
                resv_owner,
                free_work <- new_work!("virtio_igpu::Object::free_work"),
                data <- data,
            }? Error),
            GFP_KERNEL,
        )?;
        let base = object.as_raw();
        let ret = if matches!(object.backing, Backing::Shmem) {
            // SAFETY: `base` is zeroed memory that stays where it is.
            unsafe { bindings::drm_gem_object_init(dev.as_raw(), base, size) }
        } else {
            // SAFETY: As above.
            unsafe { bindings::drm_gem_private_object_init(dev.as_raw(), base, size) };
            0
        };
        // SAFETY: The object is initialised; nobody else has it.
        unsafe { (*base).funcs = FUNCS.0.get() };
        if ret != 0 {
            // SAFETY: The part that needs no file was initialised even so.
            unsafe { bindings::drm_gem_private_object_fini(base) };
            return Err(Error::from_errno(ret));
        }
        if matches!(object.backing, Backing::Shmem) {
            // SAFETY: A shmem object has a file.
            unsafe { raw::igpu_file_set_gfp_mask((*base).filp) };
        }
        if let Some(owner) = &object.resv_owner {
            // SAFETY: Nobody else has the object yet. The owner, and in it the reservation,
            // lives as long as the object holds it, that is, until its memory goes.
            unsafe { (*base).resv = (*owner.as_raw()).resv };
        }
        // SAFETY: The device lives. `free` gives this reference back.
        unsafe { bindings::drm_dev_get(dev.as_raw()) };
        // SAFETY: The object stays pinned: only `boxed` makes it a box again.
        let object = unsafe { Pin::into_inner_unchecked(object) };
        let object = NonNull::from(&mut **ManuallyDrop::new(object));
        // SAFETY: A new object comes with one reference, which is ours.
        Ok(unsafe { ARef::from_raw(object) })
    }

    /// # Safety
    ///
    /// `object` is the DRM part of an object made here, and lives for `'a`.
    pub(super) unsafe fn from_raw<'a>(object: *mut bindings::drm_gem_object) -> &'a Self {
        // SAFETY: DRM's part is the first field; the caller vouches for the rest.
        unsafe { &*object.cast() }
    }

    /// DRM's part.
    pub(super) fn as_raw(&self) -> *mut bindings::drm_gem_object {
        self.base.get()
    }

    /// Its device.
    pub(crate) fn device(&self) -> &Device {
        // SAFETY: The object holds a reference to its device.
        unsafe { Device::from_raw((*self.as_raw()).dev) }
    }

    /// Bytes; a multiple of the page size.
    pub(crate) fn size(&self) -> usize {
        // SAFETY: It is set once.
        unsafe { (*self.as_raw()).size }
    }

    /// What the driver keeps in it.
    pub(crate) fn data(&self) -> &ObjectData {
        &self.data
    }

    /// Where its memory comes from.
    pub(crate) fn backing(&self) -> BackingKind {
        match self.backing {
            Backing::Shmem => BackingKind::Shmem,
            Backing::User(_) => BackingKind::UserMemory,
            Backing::Imported(_) => BackingKind::Imported,
        }
    }

    /// A new handle of the object in the file. `ENOMEM`, `ENOSPC`. Process context.
    pub(crate) fn create_handle(&self, file: &File) -> Result<u32> {
        let mut handle = 0;
        // SAFETY: File and object live; the handle takes a reference of its own.
        let ret =
            unsafe { bindings::drm_gem_handle_create(file.as_raw(), self.as_raw(), &mut handle) };
        kernel::error::to_result(ret)?;
        Ok(handle)
    }

    /// The object with that handle in the file. `ENOENT`.
    pub(crate) fn lookup(file: &File, handle: u32) -> Result<ARef<Self>> {
        // SAFETY: The file is open.
        let object = unsafe { bindings::drm_gem_object_lookup(file.as_raw(), handle) };
        let object = NonNull::new(object).ok_or(ENOENT)?;
        // SAFETY: Every object of our device is one of ours; the reference that comes with
        // the result is ours.
        Ok(unsafe { ARef::from_raw(object.cast()) })
    }

    /// Whether it is, or comes from, a dma-buf at this moment.
    pub(crate) fn is_exported(&self) -> bool {
        // SAFETY: A pointer that is only looked at.
        let dma_buf = unsafe { (&raw const (*self.as_raw()).dma_buf).read_volatile() };
        !dma_buf.is_null() || self.backing() == BackingKind::Imported
    }

    /// From now on it can't be exported: `EINVAL`.
    pub(crate) fn refuse_export(&self) {
        self.no_export.store(true, Ordering::Release);
    }

    /// Its reservation.
    pub(crate) fn resv(&self) -> &Resv {
        // SAFETY: An object's reservation is its own, or that of the dma-buf or of the object
        // that it holds.
        unsafe { Resv::from_raw((*self.as_raw()).resv) }
    }
}

/// DRM drops the last reference. Process context.
unsafe extern "C" fn free_object(base: *mut bindings::drm_gem_object) {
    // SAFETY: DRM calls when the last reference has gone.
    free(unsafe { boxed(base) });
}

/// A handle is being closed. Process context.
unsafe extern "C" fn close(base: *mut bindings::drm_gem_object, file: *mut bindings::drm_file) {
    // SAFETY: DRM calls with a live object of ours and an open file.
    let (object, file) = unsafe { (Object::from_raw(base), File::from_raw(file)) };
    TheDriver::object_close(object.device(), object, file);
}

/// What DRM calls for our objects.
static FUNCS: Static<bindings::drm_gem_object_funcs> =
    Static(Opaque::new(bindings::drm_gem_object_funcs {
        free: Some(free_object),
        close: Some(close),
        export: Some(prime::export),
        pin: Some(prime::pin),
        unpin: Some(prime::unpin),
        get_sg_table: Some(prime::get_sg_table),
        mmap: Some(mmap::mmap),
        vm_ops: mmap::VM_OPS.0.get(),
        ..pin_init::zeroed()
    }));
