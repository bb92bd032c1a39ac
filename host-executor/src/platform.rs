// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The host's GPU as the guest is to see it.
//!
//! Drivers tell the device id, the revision, the width of addresses and which engines there are.
//! What i915's uAPI has beyond that (where an engine's registers begin, its capabilities) is the
//! same for every device of a platform, and stands here.

use virtio_igpu_executor::{Engine, Platform, Topology};

/// PCI ids of Tiger Lake, GT2 and GT1.
const TIGER_LAKE_GT2: &[u16] = &[
    0x9a40, 0x9a49, 0x9a59, 0x9a78, 0x9ac0, 0x9ac9, 0x9ad9, 0x9af8,
];
const TIGER_LAKE_GT1: &[u16] = &[0x9a60, 0x9a68, 0x9a70];

/// `I915_VIDEO_CLASS_CAPABILITY_HEVC` and `I915_VIDEO_AND_ENHANCE_CLASS_CAPABILITY_SFC`.
const HEVC: u64 = 1 << 0;
const SFC: u64 = 1 << 1;

/// An engine of Tiger Lake: class, instance, hardware instance, registers, capabilities.
const ENGINES: &[(u16, u16, u16, u32, u64)] = &[
    (0, 0, 0, 0x2000, 0),
    (1, 0, 0, 0x2_2000, 0),
    (2, 0, 0, 0x1c_0000, HEVC | SFC),
    (2, 1, 2, 0x1d_0000, HEVC | SFC),
    (3, 0, 0, 0x1c_8000, SFC),
];

/// What a driver has told of its device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// PCI device id.
    pub device_id: u16,
    /// PCI revision.
    pub revision: u16,
    /// Bits of a GPU address.
    pub address_bits: u16,
    /// Class and instance of each engine, in i915's numbers.
    pub engines: Vec<(u16, u16)>,
    /// Frequency of the command streamers' clock in Hz, if it was told.
    pub timestamp_frequency: Option<u32>,
    /// The shader units, if they were told.
    pub topology: Option<Topology>,
    /// It has memory of its own.
    pub has_vram: bool,
}

/// Why a guest can't be shown a GPU, in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotShown {
    /// Its platform is not known here.
    #[error("the GPU 8086:{0:04x} is none that a guest can be shown, which is Tiger Lake alone")]
    Unknown(u16),
    /// It has memory of its own.
    #[error("the GPU 8086:{0:04x} has memory of its own, which a guest can't be given")]
    Discrete(u16),
}

/// The platform, if guests can be shown such a device. Engines that i915 does not know on it are
/// left out.
pub fn describe(found: &Found) -> Result<Platform, NotShown> {
    if found.has_vram {
        return Err(NotShown::Discrete(found.device_id));
    }
    let usual = if TIGER_LAKE_GT2.contains(&found.device_id) {
        6
    } else if TIGER_LAKE_GT1.contains(&found.device_id) {
        2
    } else {
        return Err(NotShown::Unknown(found.device_id));
    };
    let there = |class: u16, instance: u16| found.engines.contains(&(class, instance));
    let engines = ENGINES
        .iter()
        .filter(|engine| there(engine.0, engine.1))
        .map(
            |&(class, instance, hardware_instance, mmio_base, capabilities)| Engine {
                class,
                instance,
                hardware_instance,
                capabilities,
                mmio_base,
                // i915's defaults. The host's own can't be changed by its clients.
                heartbeat_interval_ms: 2500,
                preempt_timeout_ms: if class == 0 { 7500 } else { 640 },
                timeslice_duration_ms: 1,
                stop_timeout_ms: 100,
            },
        )
        .collect();
    Ok(Platform {
        name: "tgl".into(),
        device_id: found.device_id,
        revision: found.revision,
        graphics_version: 12,
        graphics_release: 0,
        address_bits: found.address_bits,
        sseu: false,
        relocations: true,
        vm_bind: true,
        timestamp_frequency: found.timestamp_frequency.unwrap_or(19_200_000),
        topology: found.topology.unwrap_or(Topology::whole([1, usual, 16])),
        engines,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_there_is_shown() {
        let found = Found {
            device_id: 0x9a49,
            revision: 1,
            address_bits: 48,
            engines: vec![(0, 0), (1, 0), (2, 0), (3, 0), (4, 0)],
            timestamp_frequency: None,
            topology: None,
            has_vram: false,
        };
        let platform = describe(&found).expect("a Tiger Lake");
        let shown: Vec<_> = platform
            .engines
            .iter()
            .map(|e| (e.class, e.instance))
            .collect();
        assert_eq!(shown, [(0, 0), (1, 0), (2, 0), (3, 0)]);
        let unknown = Found {
            device_id: 0x64a0,
            ..found
        };
        assert_eq!(describe(&unknown), Err(NotShown::Unknown(0x64a0)));
        let discrete = Found {
            device_id: 0x9a49,
            has_vram: true,
            ..unknown
        };
        assert_eq!(describe(&discrete), Err(NotShown::Discrete(0x9a49)));
    }

    #[test]
    fn what_the_driver_tells_counts() {
        let fused = Topology {
            subslices: 0b11_0111,
            ..Topology::whole([1, 6, 16])
        };
        let found = Found {
            device_id: 0x9a60,
            revision: 3,
            address_bits: 48,
            engines: vec![(0, 0)],
            timestamp_frequency: Some(12_000_000),
            topology: Some(fused),
            has_vram: false,
        };
        let platform = describe(&found).expect("a Tiger Lake");
        assert_eq!(platform.timestamp_frequency, 12_000_000);
        assert_eq!(platform.topology, fused);
    }
}
