// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 OR MIT

//! The device's configuration space (virtio 1.3, section 2.5).

use super::limits::MAX_ENGINES;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy_derive::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// `"iGPU"`, read as a little-endian dword.
pub const MAGIC: u32 = u32::from_le_bytes(*b"iGPU");

/// Bytes of the configuration space: as much as vhost-user can carry. What is behind
/// [`DeviceConfig`] is zero, so that a VMM need not know which version this is.
pub const CONFIG_SPACE_SIZE: usize = 256;

const _: () = assert!(DEVICE_CONFIG_SIZE <= CONFIG_SPACE_SIZE);

/// Bytes of [`DeviceConfig`]: the least that QEMU's `config_size` property must say.
pub const DEVICE_CONFIG_SIZE: usize = core::mem::size_of::<DeviceConfig>();

/// What a driver reads before it sends anything. Read-only to the driver. All but
/// `engine_busy_ns` is constant while the device lives.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct DeviceConfig {
    /// [`MAGIC`]. Stock QEMU lends us another device's virtio id; this tells us apart.
    pub magic: U32,
    /// The oldest protocol version the device speaks.
    pub version_min: U16,
    /// The newest protocol version the device speaks.
    pub version_max: U16,
    /// The platform's name in lower case, NUL padded: `tgl`, `icl`.
    pub platform: [u8; 16],
    /// The PCI device id of the GPU shown to userspace (`I915_PARAM_CHIPSET_ID`).
    pub device_id: U16,
    /// The PCI revision of that GPU (`I915_PARAM_REVISION`).
    pub revision: U16,
    /// Zero.
    pub reserved: U32,
    /// For how many nanoseconds a batch has been on each engine, in the order of
    /// [`PlatformReply::engines`](super::PlatformReply), since the guest's last reset of
    /// the device. Read in two halves it may have moved on between them.
    pub engine_busy_ns: [U64; MAX_ENGINES],
}
