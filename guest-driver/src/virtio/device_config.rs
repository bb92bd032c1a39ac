// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The device's configuration space: whether it is ours, and who serves it.

use core::mem::{offset_of, size_of};
use kernel::prelude::*;
use zerocopy::{little_endian::U32, FromZeros, IntoBytes};

use crate::{
    protocol::{DeviceConfig, DEVICE_CONFIG_SIZE, MAGIC, VERSION},
    raw,
};

/// `VIRTIO_F_VERSION_1`: the device is not a legacy one.
const FEATURE_VERSION_1: u32 = 32;

/// The device's first number: [`MAGIC`], or 0 while no daemon serves our own device.
///
/// # Safety
///
/// `vdev` is a live virtio device with the configuration of a virtual GPU.
pub(super) unsafe fn read_magic(vdev: *mut raw::virtio_device) -> u32 {
    let mut magic = U32::new(0);
    let bytes = magic.as_mut_bytes();
    let offset = offset_of!(DeviceConfig, magic) as u32;
    // SAFETY: The caller vouches for the device, which has that many bytes.
    unsafe {
        raw::igpu_read_config(
            vdev,
            offset,
            bytes.as_mut_ptr().cast(),
            size_of::<U32>() as u32,
        )
    };
    magic.get()
}

/// Reads and checks the device's configuration. None if it is our own device and no daemon
/// serves it. ENODEV, EINVAL.
///
/// # Safety
///
/// `vdev` is a live virtio device; `is_own` says whether it has the id of ours.
pub(super) unsafe fn read(
    vdev: *mut raw::virtio_device,
    is_own: bool,
) -> Result<Option<DeviceConfig>> {
    // SAFETY: The caller vouches for the device.
    if !unsafe { raw::igpu_has_feature(vdev, FEATURE_VERSION_1) } {
        pr_err!("the virtio device is a legacy one, not a virtual GPU\n");
        return Err(ENODEV);
    }
    // SAFETY: The caller vouches for the device.
    let length = unsafe { raw::igpu_config_length(vdev) } as usize;
    if length < DEVICE_CONFIG_SIZE {
        pr_err!(
            "the virtio device has {length} bytes of configuration, a virtual GPU {}\n",
            DEVICE_CONFIG_SIZE
        );
        return Err(ENODEV);
    }
    let mut config = DeviceConfig::new_zeroed();
    let bytes = config.as_mut_bytes();
    // SAFETY: The device has that many bytes, and `bytes` room for them.
    unsafe {
        raw::igpu_read_config(
            vdev,
            0,
            bytes.as_mut_ptr().cast(),
            size_of::<DeviceConfig>() as u32,
        )
    };
    match config.magic.get() {
        MAGIC => (),
        0 if is_own => return Ok(None),
        _ => {
            pr_err!("the virtio device does not say that it is a virtual GPU\n");
            return Err(ENODEV);
        }
    }
    if !(config.version_min.get()..=config.version_max.get()).contains(&VERSION) {
        pr_err!(
            "the device speaks protocol versions {} to {}, this driver {VERSION}\n",
            config.version_min.get(),
            config.version_max.get()
        );
        return Err(EINVAL);
    }
    Ok(Some(config))
}

/// Whether it is the same GPU in both, whoever serves it.
pub(super) fn is_same_gpu(one: &DeviceConfig, other: &DeviceConfig) -> bool {
    let identity = |config: &DeviceConfig| (config.platform, config.device_id, config.revision);
    identity(one) == identity(other)
}
