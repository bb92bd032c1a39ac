// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Files in `/sys/kernel/debug/dri/N/`, described by a table.

use core::{fmt, ptr};
use kernel::{
    bindings,
    ffi::{c_char, c_int, c_void},
    prelude::*,
    types::Opaque,
    uaccess::{UserPtr, UserSlice},
};

use super::{
    contents,
    contents::ContentsFile,
    device::{Device, Static},
    driver::{Driver, TheDriver},
};
use crate::raw;

/// One file. Both functions run in process context with the device kept from going.
pub(crate) struct DebugFile {
    /// Its name, or `folder/name`: at most one folder.
    pub(crate) path: &'static CStr,
    /// Its permission bits.
    pub(crate) mode: u16,
    /// Writes out what reading it gives.
    pub(crate) show: Option<fn(&Device, &mut dyn fmt::Write) -> Result>,
    /// Takes what was written to it, white space at both ends cut off.
    pub(crate) write: Option<fn(&Device, &str) -> Result>,
    /// Instead of both: it shows a long text.
    pub(crate) contents: Option<&'static ContentsFile>,
}

impl DebugFile {
    /// A file whose text is made anew for each reader.
    pub(crate) const fn new(
        path: &'static CStr,
        mode: u16,
        show: Option<fn(&Device, &mut dyn fmt::Write) -> Result>,
        write: Option<fn(&Device, &str) -> Result>,
    ) -> Self {
        Self {
            path,
            mode,
            show,
            write,
            contents: None,
        }
    }

    /// A file that shows a long text, and clears it when it is written to.
    pub(crate) const fn contents(path: &'static CStr, contents: &'static ContentsFile) -> Self {
        Self {
            path,
            mode: 0o644,
            show: None,
            write: None,
            contents: Some(contents),
        }
    }
}

/// A file of one device: what debugfs keeps for us.
pub(super) struct Entry {
    /// The device; it lives longer than its folder in debugfs.
    dev: *const Device,
    file: &'static DebugFile,
}

// SAFETY: The device may be used on any thread.
unsafe impl Send for Entry {}
// SAFETY: As above; the fields are never written.
unsafe impl Sync for Entry {}

/// The longest text that can be written to a file.
const MAX_WRITE: usize = 4096;
/// The longest folder name, with its terminator.
const MAX_FOLDER: usize = 64;

/// A number as the kernel reads them from files: decimal, or with `0x` or `0`.
pub(crate) fn parse_u64(text: &str) -> Result<u64> {
    let (digits, radix) = if let Some(hex) = text.strip_prefix("0x") {
        (hex, 16)
    } else if text.len() > 1 && text.starts_with('0') {
        (&text[1..], 8)
    } else {
        (text, 10)
    };
    u64::from_str_radix(digits, radix).map_err(|_| EINVAL)
}

/// Makes the driver's files. A file that can't be made is left out (debugfs may be off).
pub(super) fn create(dev: &Device) -> Result {
    let files = <TheDriver as Driver>::DEBUGFS;
    let mut entries = KVec::with_capacity(files.len(), GFP_KERNEL)?;
    for file in files {
        entries.push(Entry { dev, file }, GFP_KERNEL)?;
    }
    for entry in dev.keep_debugfs(entries) {
        // SAFETY: The device lives, and its folder was made with it.
        let root = unsafe { (*dev.as_raw()).debugfs_root };
        let (folder, name) = split(entry.file.path)?;
        let folder = match folder {
            // SAFETY: The name is a C string, and the device's folder keeps its folders.
            Some(name) => unsafe {
                raw::igpu_debugfs_lookup_or_create_dir(name.as_ptr().cast(), root)
            },
            None => root,
        };
        // SAFETY: The name is a C string; the folder is debugfs's own answer, which it
        // takes back even if it is an error; the entry lives until after DRM has removed
        // the device's folder, which waits for the file's users; the operations are a
        // static.
        unsafe {
            raw::igpu_debugfs_create_file(
                name.as_ptr().cast(),
                entry.file.mode,
                folder,
                ptr::from_ref(entry).cast_mut().cast(),
                entry.operations(),
            )
        };
    }
    Ok(())
}

/// The folder's name, as a C string, and the file's.
fn split(path: &'static CStr) -> Result<(Option<[u8; MAX_FOLDER]>, &'static CStr)> {
    let bytes = path.to_bytes_with_nul();
    let Some(slash) = bytes.iter().position(|&byte| byte == b'/') else {
        return Ok((None, path));
    };
    let mut folder = [0; MAX_FOLDER];
    folder
        .get_mut(..slash)
        .filter(|_| slash < MAX_FOLDER)
        .ok_or(EINVAL)?
        .copy_from_slice(&bytes[..slash]);
    let name = CStr::from_bytes_with_nul(&bytes[slash + 1..]).map_err(|_| EINVAL)?;
    Ok((Some(folder), name))
}

/// The entry a seq_file is about.
///
/// # Safety
///
/// `seq` is the seq_file of a file opened by `open`.
unsafe fn entry_of<'a>(seq: *mut bindings::seq_file) -> &'a Entry {
    // SAFETY: `open` has set it to the entry, which lives while the file is in use.
    unsafe { &*(*seq).private.cast::<Entry>() }
}

impl Entry {
    /// The file, if it shows a long text.
    pub(super) fn contents(&self) -> Option<&'static ContentsFile> {
        self.file.contents
    }

    fn operations(&self) -> *const bindings::file_operations {
        match self.file.contents {
            Some(_) => contents::DEBUGFS_OPERATIONS.0.get(),
            None => FOPS.0.get(),
        }
    }

    pub(super) fn device(&self) -> &Device {
        // SAFETY: The device's folder is removed before the device is freed, and that
        // waits for the users of its files.
        unsafe { &*self.dev }
    }
}

unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
    // SAFETY: debugfs calls with a node of ours, whose data is the entry.
    unsafe { bindings::single_open(file, Some(show), raw::igpu_inode_private(inode)) }
}

/// Where a file's text goes.
struct Text(*mut bindings::seq_file);

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: The seq_file is the one being filled. When it is full, it notes that and
        // the whole is done again with more room.
        unsafe { bindings::seq_write(self.0, text.as_ptr().cast(), text.len()) };
        Ok(())
    }
}

unsafe extern "C" fn show(seq: *mut bindings::seq_file, _: *mut c_void) -> c_int {
    // SAFETY: The seq_file was made by `open`.
    let entry = unsafe { entry_of(seq) };
    let Some(show) = entry.file.show else {
        return EACCES.to_errno();
    };
    let Some(_guard) = entry.device().enter() else {
        return ENODEV.to_errno();
    };
    match show(entry.device(), &mut Text(seq)) {
        Ok(()) => 0,
        Err(error) => error.to_errno(),
    }
}

unsafe extern "C" fn write(
    file: *mut bindings::file,
    from: *const c_char,
    length: usize,
    position: *mut bindings::loff_t,
) -> isize {
    // SAFETY: `open` has made the file a seq_file.
    let entry = unsafe { entry_of((*file).private_data.cast()) };
    match take(entry, from, length) {
        Ok(()) => {
            // SAFETY: The VFS passes a position to be moved on.
            unsafe { *position += length as bindings::loff_t };
            length as isize
        }
        Err(error) => error.to_errno() as isize,
    }
}

/// Copies the text in and hands it to the file's function.
fn take(entry: &Entry, from: *const c_char, length: usize) -> Result {
    let write = entry.file.write.ok_or(EACCES)?;
    if length >= MAX_WRITE {
        return Err(EINVAL);
    }
    let mut bytes = KVec::new();
    UserSlice::new(UserPtr::from_addr(from as usize), length).read_all(&mut bytes, GFP_KERNEL)?;
    let text = core::str::from_utf8(&bytes).map_err(|_| EINVAL)?;
    let _guard = entry.device().enter().ok_or(ENODEV)?;
    write(
        entry.device(),
        text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\0'),
    )
}

/// The files' operations.
static FOPS: Static<bindings::file_operations> = Static(Opaque::new(bindings::file_operations {
    owner: crate::THIS_MODULE.as_ptr(),
    open: Some(open),
    read: Some(bindings::seq_read),
    write: Some(write),
    llseek: Some(bindings::seq_lseek),
    release: Some(bindings::single_release),
    ..pin_init::zeroed()
}));
