// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A connection to a daemon, as QEMU makes it: features, guest memory, configuration space.

use std::io;
use std::path::Path;

use rustix::fs::MemfdFlags;
use vhost::vhost_user::message::{
    VhostUserConfigFlags, VhostUserHeaderFlag, VhostUserProtocolFeatures, VhostUserVirtioFeatures,
};
use vhost::vhost_user::{Frontend, VhostUserFrontend};
use vhost::{VhostBackend, VhostUserMemoryRegionInfo};
use virtio_igpu_executor::GuestMemory;
use virtio_igpu_protocol as protocol;
use vm_memory::{FileOffset, GuestAddress, GuestMemoryBackend};
use zerocopy::FromBytes;

use crate::ring::OWN;

const VIRTIO_F_VERSION_1: u64 = 1 << 32;
const VIRTIO_RING_F_EVENT_IDX: u64 = 1 << 29;

/// What went wrong between the two.
pub(crate) type Result<T> = std::result::Result<T, vhost::Error>;

/// The frontend's own region of guest memory.
pub(crate) fn own_memory() -> io::Result<GuestMemory> {
    let file = rustix::fs::memfd_create("rings", MemfdFlags::CLOEXEC)?;
    rustix::fs::ftruncate(&file, OWN.1)?;
    let file = FileOffset::new(file.into(), 0);
    let ranges = [(GuestAddress(OWN.0), OWN.1 as usize, Some(file))];
    GuestMemory::from_ranges_with_files(ranges).map_err(io::Error::other)
}

/// Connects and negotiates. The daemon answers every message.
pub(crate) fn connect(socket: &Path) -> Result<Frontend> {
    let mut frontend = Frontend::connect(socket, protocol::QUEUE_COUNT as u64)?;
    frontend.set_owner()?;
    let wanted = VIRTIO_F_VERSION_1
        | VIRTIO_RING_F_EVENT_IDX
        | VhostUserVirtioFeatures::PROTOCOL_FEATURES.bits();
    let offered = frontend.get_features()?;
    assert_eq!(offered & wanted, wanted, "the device lacks a feature");
    let offered = frontend.get_protocol_features()?;
    let wanted_too = VhostUserProtocolFeatures::CONFIG
        | VhostUserProtocolFeatures::MQ
        | VhostUserProtocolFeatures::REPLY_ACK;
    assert!(offered.contains(wanted_too), "the daemon lacks a feature");
    frontend.set_protocol_features(wanted_too)?;
    frontend.set_hdr_flags(VhostUserHeaderFlag::NEED_REPLY);
    frontend.set_features(wanted)?;
    Ok(frontend)
}

/// Tells the daemon where guest memory is, and the frontend's own.
pub(crate) fn set_memory(frontend: &Frontend, memories: [&GuestMemory; 2]) -> Result<()> {
    let regions = memories.into_iter().flat_map(GuestMemoryBackend::iter);
    let table: std::result::Result<Vec<_>, _> = regions
        .map(VhostUserMemoryRegionInfo::from_guest_region)
        .collect();
    frontend.set_mem_table(&table?).map(|_| ())
}

/// The configuration space.
pub(crate) fn config(frontend: &Frontend) -> Result<protocol::DeviceConfig> {
    let size = protocol::DEVICE_CONFIG_SIZE;
    let (zeros, flags) = (vec![0; size], VhostUserConfigFlags::empty());
    let (_, bytes) = frontend.clone().get_config(0, size as u32, flags, &zeros)?;
    let config = protocol::DeviceConfig::read_from_bytes(&bytes);
    Ok(config.expect("as many bytes as were asked for"))
}
