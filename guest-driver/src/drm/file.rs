// SPDX-License-Identifier: GPL-2.0 OR MIT

//! An open file of the device, as ioctl handlers see it.

use kernel::{bindings, ffi::c_int, prelude::*, sync::Arc, types::Opaque};

use super::{
    device::Device,
    driver::{Driver, FileData, TheDriver},
};

/// An open file. Only ever borrowed, while a call on it runs.
#[repr(transparent)]
pub(crate) struct File(Opaque<bindings::drm_file>);

// SAFETY: What is offered through a shared reference may be used on any thread.
unsafe impl Sync for File {}

impl File {
    /// # Safety
    ///
    /// `file` is an open file of our driver, and stays one for `'a`.
    pub(super) unsafe fn from_raw<'a>(file: *mut bindings::drm_file) -> &'a Self {
        // SAFETY: The layout is the same; the caller vouches for the lifetime.
        unsafe { &*file.cast() }
    }

    /// The C file.
    pub(super) fn as_raw(&self) -> *mut bindings::drm_file {
        self.0.get()
    }

    /// The device whose file it is.
    pub(super) fn device(&self) -> &Device {
        // SAFETY: An open file keeps its node, and the node its device.
        unsafe { Device::from_raw((*(*self.as_raw()).minor).dev) }
    }

    /// What the driver keeps for this file.
    pub(crate) fn data(&self) -> &Arc<FileData> {
        // SAFETY: `open` has set it to a box of an Arc, which lives until `postclose`
        // returns, after which there is no `File` any more.
        unsafe { &*(*self.as_raw()).driver_priv.cast::<Arc<FileData>>() }
    }

    /// Whether it is in non-blocking mode at this moment.
    pub(crate) fn is_nonblocking(&self) -> bool {
        // SAFETY: An open file's `filp` lives as long as it does; the flags are a word
        // that may change at any time.
        let flags = unsafe { (&raw const (*(*self.as_raw()).filp).f_flags).read_volatile() };
        flags & bindings::O_NONBLOCK != 0
    }
}

/// DRM's `open`: gives the file its data.
pub(super) unsafe extern "C" fn open(
    dev: *mut bindings::drm_device,
    file: *mut bindings::drm_file,
) -> c_int {
    // SAFETY: DRM calls with a live device of ours.
    let device = unsafe { Device::from_raw(dev) };
    let data = TheDriver::open(device).and_then(|data| Ok(KBox::new(data, GFP_KERNEL)?));
    match data {
        Ok(data) => {
            // SAFETY: The file is being opened: nobody else has it yet.
            unsafe { (*file).driver_priv = KBox::into_raw(data).cast() };
            0
        }
        Err(error) => error.to_errno(),
    }
}

/// DRM's `postclose`: takes the data back.
pub(super) unsafe extern "C" fn postclose(
    dev: *mut bindings::drm_device,
    file: *mut bindings::drm_file,
) {
    // SAFETY: DRM calls with a live device of ours.
    let device = unsafe { Device::from_raw(dev) };
    // SAFETY: `open` has succeeded on the file, and nobody else uses it any more.
    TheDriver::close(device, unsafe { File::from_raw(file) });
    // SAFETY: `open` has set it to this; nobody uses it any more.
    drop(unsafe { KBox::from_raw((*file).driver_priv.cast::<Arc<FileData>>()) });
}
