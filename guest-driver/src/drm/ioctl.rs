// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Typed ioctls, and the table DRM finds them in.

use core::{
    mem::size_of,
    ptr::{self, NonNull},
};
use kernel::{bindings, ffi::c_int, ffi::c_void, prelude::*};

use super::{
    device::Device,
    driver::{Driver, TheDriver},
    file::File,
    uapi_types::Plain,
};

/// Flag: the caller is authenticated on the primary node, or uses a render node.
pub(crate) const AUTH: u32 = bindings::drm_ioctl_flags_DRM_AUTH;
/// Flag: the caller is DRM master.
pub(crate) const MASTER: u32 = bindings::drm_ioctl_flags_DRM_MASTER;
/// Flag: the caller has CAP_SYS_ADMIN.
pub(crate) const ROOT_ONLY: u32 = bindings::drm_ioctl_flags_DRM_ROOT_ONLY;
/// Flag: allowed on render nodes.
pub(crate) const RENDER_ALLOW: u32 = bindings::drm_ioctl_flags_DRM_RENDER_ALLOW;
/// Which way an ioctl's argument is copied, as in C's `DRM_IO*` macros: by the user's view.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Direction {
    /// No argument: `DRM_IO`.
    None,
    /// From the driver: `DRM_IOR`.
    Read,
    /// To the driver: `DRM_IOW`.
    Write,
    /// Both: `DRM_IOWR`.
    ReadWrite,
}

/// One ioctl. Made by [`ioctl!`].
pub(crate) struct Ioctl {
    /// Its number, from `DRM_COMMAND_BASE` on.
    nr: u8,
    direction: Direction,
    /// Bytes of the argument.
    size: usize,
    flags: u32,
    call: unsafe extern "C" fn(
        *mut bindings::drm_device,
        *mut c_void,
        *mut bindings::drm_file,
    ) -> c_int,
}

/// Describes an ioctl: number from `DRM_COMMAND_BASE` on, [`Direction`], argument type,
/// flags, handler `fn(&Device, &File, &mut T) -> Result<i32>`.
///
/// The handler runs in process context. DRM refuses ioctls with `ENODEV` once the device
/// has gone; a handler that runs already when it goes goes on, finds its commands failing
/// and the fences it waits for signalled, and its data alive. So removal never waits for a
/// handler, however long that waits for something else.
macro_rules! ioctl {
    ($nr:expr, $direction:ident, $type:ty, $flags:expr, $handler:expr $(,)?) => {
        $crate::drm::Ioctl::new::<$type, _>(
            $nr,
            $crate::drm::Direction::$direction,
            $flags,
            $handler,
        )
    };
}
pub(crate) use ioctl;

impl Ioctl {
    /// See [`ioctl!`]. `handler` is a function's name: it has no size.
    pub(crate) const fn new<T, H>(nr: u8, direction: Direction, flags: u32, _handler: H) -> Self
    where
        T: Plain,
        H: Fn(&Device, &File, &mut T) -> Result<i32> + Copy + 'static,
    {
        assert!(size_of::<H>() == 0);
        Self {
            nr,
            direction,
            size: size_of::<T>(),
            flags,
            call: call::<T, H>,
        }
    }
}

/// Runs the handler.
unsafe extern "C" fn call<T, H>(
    dev: *mut bindings::drm_device,
    data: *mut c_void,
    file: *mut bindings::drm_file,
) -> c_int
where
    T: Plain,
    H: Fn(&Device, &File, &mut T) -> Result<i32> + Copy + 'static,
{
    // SAFETY: DRM calls with a live device of ours.
    let device = unsafe { Device::from_raw(dev) };
    // SAFETY: DRM calls with a file of that device, open during the call.
    let file = unsafe { File::from_raw(file) };
    // SAFETY: `Ioctl::new` has checked that a handler has no size, and has seen one; so a
    // dangling pointer is a valid reference to another, equal one.
    let handler = unsafe { NonNull::<H>::dangling().as_ref() };
    let argument = if size_of::<T>() == 0 {
        NonNull::<T>::dangling().as_ptr()
    } else {
        data.cast()
    };
    // SAFETY: DRM passes a buffer of the size in the table, aligned for any type and
    // filled whole, by the user or with zeroes; any bytes are a `T`.
    let argument = unsafe { &mut *argument };
    match handler(device, file, argument) {
        Ok(value) => value,
        Err(error) => error.to_errno(),
    }
}

/// Driver ioctls there can be: `DRM_COMMAND_END - DRM_COMMAND_BASE`.
const TABLE_SIZE: usize = 0x60;

/// The table as DRM wants it: by number, with holes.
#[repr(transparent)]
pub(super) struct Table([bindings::drm_ioctl_desc; TABLE_SIZE]);

// SAFETY: The table is never written.
unsafe impl Sync for Table {}

impl Table {
    /// Its first entry.
    pub(super) const fn as_ptr(&self) -> *const bindings::drm_ioctl_desc {
        self.0.as_ptr()
    }

    /// How many entries it has.
    pub(super) const fn len(&self) -> c_int {
        TABLE_SIZE as c_int
    }
}

/// The driver's ioctls.
pub(super) static TABLE: Table = table(<TheDriver as Driver>::IOCTLS);

const fn table(list: &[Ioctl]) -> Table {
    let mut entries = [const {
        bindings::drm_ioctl_desc {
            cmd: 0,
            flags: 0,
            func: None,
            name: ptr::null(),
        }
    }; TABLE_SIZE];
    let mut i = 0;
    while i < list.len() {
        let ioctl = &list[i];
        assert!(entries[ioctl.nr as usize].func.is_none());
        entries[ioctl.nr as usize] = bindings::drm_ioctl_desc {
            cmd: command(ioctl),
            flags: ioctl.flags,
            func: Some(ioctl.call),
            name: c"".as_ptr().cast(),
        };
        i += 1;
    }
    Table(entries)
}

/// The ioctl's whole number, as C's `_IOC` makes it.
const fn command(ioctl: &Ioctl) -> u32 {
    let direction = match ioctl.direction {
        Direction::None => 0,
        Direction::Write => 1,
        Direction::Read => 2,
        Direction::ReadWrite => 3,
    };
    assert!(ioctl.size < 1 << 14);
    direction << 30 | (ioctl.size as u32) << 16 | (b'd' as u32) << 8 | 0x40 + ioctl.nr as u32
}
