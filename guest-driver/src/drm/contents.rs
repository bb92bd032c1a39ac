// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Files that show a long text which doesn't change: `error` in sysfs, below a device's
//! primary node, and files of the same kind in debugfs.

use core::{mem::offset_of, slice};
use kernel::{
    bindings,
    ffi::{c_char, c_int},
    prelude::*,
    sync::Arc,
    types::Opaque,
    uaccess::{UserPtr, UserSlice},
};

use super::device::{Device, Static};
use crate::raw;

/// A long text.
pub(crate) trait Contents: Send + Sync {
    /// Copies what is at `offset` and after it to `to`, and says how many bytes that were:
    /// 0 at the end.
    fn read(&self, offset: u64, to: &mut [u8]) -> usize;
}

/// A text that is shown now.
pub(crate) type SharedContents = Arc<dyn Contents>;

/// What a file shows. Both functions run in process context with the device kept from
/// going.
pub(crate) struct ContentsFile {
    /// The text that there is now, if there is one.
    pub(crate) current: fn(&Device) -> Option<SharedContents>,
    /// What a reader in sysfs finds when there is none. In debugfs the file is empty.
    pub(crate) none: &'static [u8],
    /// Something was written: the text goes.
    pub(crate) clear: fn(&Device),
}

/// Most bytes that one call reads in debugfs.
const MAX_READ: usize = 1 << 16;

/// A file in sysfs. Always a static: sysfs keeps its address.
#[repr(C)]
pub(crate) struct SysfsContents {
    /// The kernel's part. First.
    base: Opaque<bindings::bin_attribute>,
    file: &'static ContentsFile,
}

// SAFETY: The kernel's part isn't written, and its name is a static string.
unsafe impl Sync for SysfsContents {}

impl SysfsContents {
    /// A file of that name, which root can read and write.
    pub(crate) const fn new(name: &'static CStr, file: &'static ContentsFile) -> Self {
        let mut base: bindings::bin_attribute = pin_init::zeroed();
        base.attr.name = name.as_ptr().cast();
        base.attr.mode = 0o600;
        base.read = Some(read_sysfs);
        base.write = Some(write_sysfs);
        Self {
            base: Opaque::new(base),
            file,
        }
    }

    /// Makes it below the primary node of `dev`, which is registered. It goes with the
    /// node. ENOMEM, EEXIST.
    pub(crate) fn create(&'static self, dev: &Device) -> Result {
        // SAFETY: A registered device has a primary node, whose kobject lives until the
        // device is unregistered; the file is a static. When the node's folder goes, it is
        // waited for whoever reads or writes the file.
        kernel::error::to_result(unsafe {
            let parent = &raw mut (*(*(*dev.as_raw()).primary).kdev).kobj;
            bindings::sysfs_create_bin_file(parent, self.base.get())
        })
    }
}

/// The device and the file that sysfs means.
///
/// # Safety
///
/// `kobject` is a primary node's, and `attribute` a file that `SysfsContents::create` has
/// made below it, in use by sysfs.
unsafe fn of_sysfs<'a>(
    kobject: *mut bindings::kobject,
    attribute: *const bindings::bin_attribute,
) -> (&'a Device, &'a ContentsFile) {
    const { assert!(offset_of!(SysfsContents, base) == 0) };
    // SAFETY: The kobject lies in the node's device, whose data is DRM's minor as long as
    // its folder is in sysfs; that lives, with the DRM device, until after that.
    let dev = unsafe {
        let kdev = kobject
            .byte_sub(offset_of!(bindings::device, kobj))
            .cast::<bindings::device>();
        let minor = (*kdev).driver_data.cast::<bindings::drm_minor>();
        Device::from_raw((*minor).dev)
    };
    // SAFETY: It is the first field of a static.
    (dev, unsafe { (*attribute.cast::<SysfsContents>()).file })
}

unsafe extern "C" fn read_sysfs(
    _: *mut bindings::file,
    kobject: *mut bindings::kobject,
    attribute: *const bindings::bin_attribute,
    buffer: *mut c_char,
    offset: bindings::loff_t,
    length: usize,
) -> isize {
    // SAFETY: sysfs calls with what `create` has given it.
    let (dev, file) = unsafe { of_sysfs(kobject, attribute) };
    // SAFETY: sysfs passes `length` bytes to fill, of memory that holds something.
    let to = unsafe { slice::from_raw_parts_mut(buffer.cast::<u8>(), length) };
    let Ok(offset) = u64::try_from(offset) else {
        return EINVAL.to_errno() as isize;
    };
    let Some(_guard) = dev.enter() else {
        return ENODEV.to_errno() as isize;
    };
    let length = match (file.current)(dev) {
        Some(contents) => contents.read(offset, to),
        None => file.none.read(offset, to),
    };
    length as isize
}

unsafe extern "C" fn write_sysfs(
    _: *mut bindings::file,
    kobject: *mut bindings::kobject,
    attribute: *const bindings::bin_attribute,
    _: *mut c_char,
    _: bindings::loff_t,
    length: usize,
) -> isize {
    // SAFETY: As in `read_sysfs`.
    let (dev, file) = unsafe { of_sysfs(kobject, attribute) };
    let Some(_guard) = dev.enter() else {
        return ENODEV.to_errno() as isize;
    };
    (file.clear)(dev);
    length as isize
}

impl Contents for [u8] {
    fn read(&self, offset: u64, to: &mut [u8]) -> usize {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.get(start..).unwrap_or(&[]);
        let length = rest.len().min(to.len());
        to[..length].copy_from_slice(&rest[..length]);
        length
    }
}

/// An open file in debugfs: what it showed when it was opened.
struct Opened {
    contents: Option<SharedContents>,
}

/// The device and the file that debugfs means.
///
/// # Safety
///
/// `inode` is that of a file that [`super::debugfs`] has made, in use.
unsafe fn of_debugfs<'a>(inode: *mut bindings::inode) -> Option<(&'a Device, &'a ContentsFile)> {
    // SAFETY: The caller vouches for it.
    let entry = unsafe { &*raw::igpu_inode_private(inode).cast::<super::debugfs::Entry>() };
    Some((entry.device(), entry.contents()?))
}

unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
    // SAFETY: debugfs calls with a node of ours.
    let Some((dev, shown)) = (unsafe { of_debugfs(inode) }) else {
        return EIO.to_errno();
    };
    let Some(_guard) = dev.enter() else {
        return ENODEV.to_errno();
    };
    let contents = (shown.current)(dev);
    match KBox::new(Opened { contents }, GFP_KERNEL) {
        Ok(opened) => {
            // SAFETY: The file is being opened, and its private data are ours.
            unsafe { (*file).private_data = KBox::into_raw(opened).cast() };
            0
        }
        Err(_) => ENOMEM.to_errno(),
    }
}

unsafe extern "C" fn release(_: *mut bindings::inode, file: *mut bindings::file) -> c_int {
    // SAFETY: `open` has put it there, and nobody uses the file any more.
    drop(unsafe { KBox::from_raw((*file).private_data.cast::<Opened>()) });
    0
}

unsafe extern "C" fn read(
    file: *mut bindings::file,
    to: *mut c_char,
    length: usize,
    position: *mut bindings::loff_t,
) -> isize {
    // SAFETY: `open` has put it there.
    let opened = unsafe { &*(*file).private_data.cast::<Opened>() };
    // SAFETY: The VFS passes a position, which is never negative.
    let offset = unsafe { *position } as u64;
    let Some(contents) = &opened.contents else {
        return 0;
    };
    let copy = || -> Result<usize> {
        let mut bytes = KVVec::new();
        bytes.resize(length.min(MAX_READ), 0, GFP_KERNEL)?;
        let read = contents.read(offset, &mut bytes);
        UserSlice::new(UserPtr::from_addr(to as usize), read)
            .writer()
            .write_slice(&bytes[..read])?;
        Ok(read)
    };
    match copy() {
        Ok(read) => {
            // SAFETY: As above.
            unsafe { *position += read as bindings::loff_t };
            read as isize
        }
        Err(error) => error.to_errno() as isize,
    }
}

/// Clears the text, if there was one when the file was opened, as i915 does.
unsafe extern "C" fn write(
    file: *mut bindings::file,
    _: *const c_char,
    length: usize,
    _: *mut bindings::loff_t,
) -> isize {
    // SAFETY: `open` has put it there.
    let opened = unsafe { &*(*file).private_data.cast::<Opened>() };
    if opened.contents.is_none() {
        return 0;
    }
    // SAFETY: An open file has its inode, which is a node of ours.
    let Some((dev, shown)) = (unsafe { of_debugfs((*file).f_inode) }) else {
        return EIO.to_errno() as isize;
    };
    let Some(_guard) = dev.enter() else {
        return ENODEV.to_errno() as isize;
    };
    (shown.clear)(dev);
    length as isize
}

/// The operations of such files in debugfs.
pub(super) static DEBUGFS_OPERATIONS: Static<bindings::file_operations> =
    Static(Opaque::new(bindings::file_operations {
        owner: crate::THIS_MODULE.as_ptr(),
        open: Some(open),
        read: Some(read),
        write: Some(write),
        llseek: Some(bindings::default_llseek),
        release: Some(release),
        ..pin_init::zeroed()
    }));
