// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What this layer asks of the driver above it.

use core::fmt;
use kernel::{prelude::*, sync::Arc};

use super::{debugfs::DebugFile, device::Device, file::File, gem::Object, ioctl::Ioctl};
use crate::{
    protocol::{DeviceConfig, Event, PlatformReply},
    virtio::Transport,
};

/// The driver: its data types, its ioctls, and what it does when something happens.
pub(crate) trait Driver: Sized {
    /// What the driver keeps for a device ([`Device::data`]).
    type Device: Send + Sync + 'static;
    /// What it keeps for an open file ([`File::data`]).
    type File: Send + Sync + 'static;
    /// What it keeps in an object ([`Object::data`]).
    type Object: Send + Sync + 'static;
    /// Its ioctls, in any order.
    const IOCTLS: &'static [Ioctl];
    /// Its debugfs files.
    const DEBUGFS: &'static [DebugFile];

    /// A device has appeared; userspace doesn't see it yet, commands may be sent.
    /// [`Device::data`] can't be used before this has returned. Process context.
    fn new(
        dev: &Device,
        transport: Arc<Transport>,
        config: &DeviceConfig,
        platform: &PlatformReply,
    ) -> Result<Arc<Self::Device>>;

    /// Userspace sees the device from now on. Process context.
    fn registered(_dev: &Device) {}

    /// A node is opened. Process context.
    fn open(dev: &Device) -> Result<Arc<Self::File>>;

    /// A file was closed for good; its handles are closed already. Called also long after
    /// the device has gone. Process context.
    fn close(_dev: &Device, _file: &File) {}

    /// A handle of the object in the file is being closed. Process context.
    fn object_close(_dev: &Device, _object: &Object, _file: &File) {}

    /// Writes what the file's user is told of its work, lines of `key:\tvalue`
    /// (drm-usage-stats). Process context; may wait for the device.
    fn usage(_dev: &Device, _file: &File, _out: &mut dyn fmt::Write) -> Result {
        Ok(())
    }

    /// Memory is short: takes unused objects off the device whose memory then can be given
    /// back, all that userspace doesn't need ([`Object::is_not_needed`]) and so many pages
    /// of others', and waits until the device has confirmed. Process context.
    fn unbind_idle(_dev: &Device, _pages: usize) -> Result {
        Ok(())
    }

    /// What an object imported from another device carries. Process context.
    fn imported_object() -> impl PinInit<Self::Object, Error>;

    /// The device at the end of the transport reports an event. Process context.
    fn event(_dev: &Device, _transport: &Transport, _event: &Event) {}

    /// The device was reset: what is made on it from now on is made over this transport, what
    /// was made before is lost. On an error that is not so. Process context; may wait for
    /// the device.
    fn renewed(dev: &Device, transport: &Arc<Transport>) -> Result;

    /// What a hang asks for has been done, and the end of its submission is told next.
    /// Process context.
    fn hang_handled(_dev: &Device) {}

    /// The guest suspends: end what is under way. Userspace is frozen. Process context.
    fn suspend(_dev: &Device) -> Result {
        Ok(())
    }

    /// The guest goes on, or doesn't suspend after all. Process context.
    fn resume(_dev: &Device) {}

    /// The device is gone: every command has been called back (the lost ones with
    /// `DeviceLost`), and no ioctl begins any more; some may still run. Process context.
    fn unplugged(_dev: &Device) {}

    /// After [`Self::unplugged`], when also all [`when_all`](super::when_all) waits have
    /// been cut. Process context.
    fn removed(_dev: &Device) {}
}

/// The driver this layer serves.
pub(super) type TheDriver = crate::driver::Igpu;
/// The driver's device data.
pub(crate) type DeviceData = <TheDriver as Driver>::Device;
/// The driver's file data.
pub(crate) type FileData = <TheDriver as Driver>::File;
/// The driver's object data.
pub(crate) type ObjectData = <TheDriver as Driver>::Object;
