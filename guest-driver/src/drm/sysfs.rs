// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Folders in sysfs below a device's primary node (`/sys/class/drm/cardN/`), their files
//! described by tables.

use core::{fmt, mem::offset_of, ptr::NonNull, slice};
use kernel::{bindings, ffi::c_char, page::PAGE_SIZE, prelude::*, sync::aref::ARef, types::Opaque};

use super::device::{Device, Static};

/// Writes out what reading a file gives; the number is the folder's.
pub(crate) type Show = fn(&Device, usize, &mut dyn fmt::Write) -> Result;
/// Takes what was written to a file; the number is the folder's.
pub(crate) type Store = fn(&Device, usize, &[u8]) -> Result;

/// A file. Always a static: sysfs keeps its address. Both functions run in process context
/// with the device kept from going.
#[repr(C)]
pub(crate) struct SysfsFile {
    /// The kernel's part. First.
    base: Opaque<bindings::attribute>,
    show: Show,
    store: Option<Store>,
}

// SAFETY: The kernel's part isn't written, and its name is a static string.
unsafe impl Sync for SysfsFile {}

impl SysfsFile {
    /// A file with that name, readable by everybody.
    pub(crate) const fn read_only(name: &'static CStr, show: Show) -> Self {
        Self::new(name, 0o444, show, None)
    }

    /// A file with that name, readable by everybody and writable by root.
    pub(crate) const fn writable(name: &'static CStr, show: Show, store: Store) -> Self {
        Self::new(name, 0o644, show, Some(store))
    }

    const fn new(name: &'static CStr, mode: u16, show: Show, store: Option<Store>) -> Self {
        let mut base: bindings::attribute = pin_init::zeroed();
        base.name = name.as_ptr().cast();
        base.mode = mode;
        Self {
            base: Opaque::new(base),
            show,
            store,
        }
    }
}

/// A folder of ours as the kernel knows it. Freed when the kernel has done with it.
#[repr(C)]
struct Node {
    /// The kernel's part. First.
    base: Opaque<bindings::kobject>,
    dev: ARef<Device>,
    number: usize,
}

/// A folder in sysfs. Dropped, it is removed with its files, once nobody reads or writes
/// them any more; folders within are to be dropped first. Process context.
pub(crate) struct SysfsFolder(NonNull<Node>);

// SAFETY: The kernel's part may be used on any thread, and the rest is `Send` and `Sync`.
unsafe impl Send for SysfsFolder {}
// SAFETY: As above.
unsafe impl Sync for SysfsFolder {}

impl SysfsFolder {
    /// A folder of that name below the primary node of `dev`, which is registered, with a
    /// number that its files' functions are told. ENOMEM, EEXIST.
    pub(crate) fn below_card(
        dev: &Device,
        name: &CStr,
        number: usize,
        files: &'static [SysfsFile],
    ) -> Result<Self> {
        // SAFETY: A registered device has a primary node, whose kobject lives until the
        // device is unregistered.
        let parent = unsafe { &raw mut (*(*(*dev.as_raw()).primary).kdev).kobj };
        // SAFETY: See above.
        unsafe { Self::new(parent, dev.into(), name, number, files) }
    }

    /// A folder of that name within this one. As [`Self::below_card`].
    pub(crate) fn folder(
        &self,
        name: &CStr,
        number: usize,
        files: &'static [SysfsFile],
    ) -> Result<Self> {
        // SAFETY: The node lives: this owns a reference.
        let node = unsafe { self.0.as_ref() };
        // SAFETY: As above.
        unsafe { Self::new(node.base.get(), node.dev.clone(), name, number, files) }
    }

    /// # Safety
    ///
    /// `parent` is a kobject that is in sysfs during the call.
    unsafe fn new(
        parent: *mut bindings::kobject,
        dev: ARef<Device>,
        name: &CStr,
        number: usize,
        files: &'static [SysfsFile],
    ) -> Result<Self> {
        const { assert!(offset_of!(Node, base) == 0) };
        let node = KBox::new(
            Node {
                base: Opaque::new(pin_init::zeroed()),
                dev,
                number,
            },
            GFP_KERNEL,
        )?;
        let node = NonNull::from(KBox::leak(node));
        let kobject = node.cast::<bindings::kobject>().as_ptr();
        // SAFETY: The node is ours and zeroed, and stays where it is; `TYPE` is a static.
        unsafe { bindings::kobject_init(kobject, TYPE.0.get()) };
        // From here on it is freed by dropping the reference.
        let folder = Self(node);
        // SAFETY: The kobject is initialised, the caller vouches for the parent, and the
        // format takes one string, which is copied.
        kernel::error::to_result(unsafe {
            bindings::kobject_add(kobject, parent, c"%s".as_ptr().cast(), name.as_ptr())
        })?;
        for file in files {
            // SAFETY: The folder is in sysfs; the file is a static.
            kernel::error::to_result(unsafe {
                bindings::sysfs_create_file_ns(kobject, file.base.get(), core::ptr::null())
            })?;
        }
        Ok(folder)
    }
}

impl Drop for SysfsFolder {
    fn drop(&mut self) {
        let kobject = self.0.cast::<bindings::kobject>().as_ptr();
        // SAFETY: The kobject is initialised and lives. Removing one that was never added,
        // or whose parent's removal has removed it, does no harm.
        unsafe { bindings::kobject_del(kobject) };
        // SAFETY: The reference is ours, and given up.
        unsafe { bindings::kobject_put(kobject) };
    }
}

/// The last reference is gone.
unsafe extern "C" fn release(kobject: *mut bindings::kobject) {
    // SAFETY: The kobject is the first field of a node made by `SysfsFolder::new` in a
    // KBox, and nobody has it any more.
    drop(unsafe { KBox::from_raw(kobject.cast::<Node>()) });
}

/// The folder and the file that the kernel means.
///
/// # Safety
///
/// `kobject` is a folder's, and `attribute` one of its files', both in use by sysfs.
unsafe fn of<'a>(
    kobject: *mut bindings::kobject,
    attribute: *mut bindings::attribute,
) -> (&'a Node, &'a SysfsFile) {
    const { assert!(offset_of!(SysfsFile, base) == 0) };
    // SAFETY: Both are first fields, and live while sysfs uses the file.
    unsafe { (&*kobject.cast(), &*attribute.cast()) }
}

/// A page that is being filled.
struct Text<'a> {
    page: &'a mut [u8],
    length: usize,
}

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let place = self.page.get_mut(self.length..end).ok_or(fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

unsafe extern "C" fn show(
    kobject: *mut bindings::kobject,
    attribute: *mut bindings::attribute,
    buffer: *mut c_char,
) -> isize {
    // SAFETY: sysfs calls with what `SysfsFolder::new` has given it.
    let (node, file) = unsafe { of(kobject, attribute) };
    // SAFETY: sysfs passes a page to fill, zeroed.
    let page = unsafe { slice::from_raw_parts_mut(buffer.cast::<u8>(), PAGE_SIZE) };
    let mut text = Text { page, length: 0 };
    let result = match node.dev.enter() {
        Some(_guard) => (file.show)(&node.dev, node.number, &mut text),
        None => Err(ENODEV),
    };
    match result {
        Ok(()) => text.length as isize,
        Err(error) => error.to_errno() as isize,
    }
}

unsafe extern "C" fn store(
    kobject: *mut bindings::kobject,
    attribute: *mut bindings::attribute,
    buffer: *const c_char,
    length: usize,
) -> isize {
    // SAFETY: As in `show`.
    let (node, file) = unsafe { of(kobject, attribute) };
    // SAFETY: sysfs passes `length` bytes, which nobody writes meanwhile.
    let bytes = unsafe { slice::from_raw_parts(buffer.cast::<u8>(), length) };
    let Some(store) = file.store else {
        return EIO.to_errno() as isize;
    };
    let result = match node.dev.enter() {
        Some(_guard) => store(&node.dev, node.number, bytes),
        None => Err(ENODEV),
    };
    match result {
        Ok(()) => length as isize,
        Err(error) => error.to_errno() as isize,
    }
}

/// What the kernel calls for our files.
static OPERATIONS: Static<bindings::sysfs_ops> = Static(Opaque::new(bindings::sysfs_ops {
    show: Some(show),
    store: Some(store),
}));

/// What our folders are.
static TYPE: Static<bindings::kobj_type> = Static(Opaque::new(bindings::kobj_type {
    release: Some(release),
    sysfs_ops: OPERATIONS.0.get(),
    ..pin_init::zeroed()
}));
