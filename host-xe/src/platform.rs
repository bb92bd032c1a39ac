// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The host's GPU as the guest is to see it.
//!
//! xe tells the device id, the revision, the width of addresses and which engines there are.
//! What i915's uAPI has beyond that (where an engine's registers begin, its capabilities, the
//! shader units) is the same for every device of a platform, and stands here.

use virtio_igpu_executor::{Engine, Platform};
use virtio_igpu_host_gpu::xe::{Config, EngineName};

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

/// The platform; none if guests can't be shown such a device. Engines that i915 does not know
/// on it are left out.
pub(crate) fn describe(config: &Config, engines: &[EngineName]) -> Option<Platform> {
    let subslices = if TIGER_LAKE_GT2.contains(&config.device_id) {
        6
    } else if TIGER_LAKE_GT1.contains(&config.device_id) {
        2
    } else {
        return None;
    };
    let there = |class: u16, instance: u16| {
        let same = |name: &&EngineName| {
            (name.engine_class, name.engine_instance) == (class, instance) && name.gt_id == 0
        };
        engines.iter().any(|name| same(&name))
    };
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
                // i915's defaults. xe's own can't be told, nor changed, through its calls.
                heartbeat_interval_ms: 2500,
                preempt_timeout_ms: if class == 0 { 7500 } else { 640 },
                timeslice_duration_ms: 1,
                stop_timeout_ms: 100,
            },
        )
        .collect();
    Some(Platform {
        name: "tgl".into(),
        device_id: config.device_id,
        revision: config.revision,
        graphics_version: 12,
        graphics_release: 0,
        address_bits: config.address_bits,
        sseu: false,
        relocations: true,
        vm_bind: true,
        timestamp_frequency: 19_200_000,
        slices: 1,
        subslices,
        eus: 16,
        engines,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_there_is_shown() {
        let config = Config {
            device_id: 0x9a49,
            revision: 1,
            address_bits: 48,
            max_priority: 1,
            has_vram: false,
        };
        let name = |engine_class, engine_instance| EngineName {
            engine_class,
            engine_instance,
            gt_id: 0,
            pad: 0,
        };
        let engines = [name(0, 0), name(1, 0), name(2, 0), name(3, 0), name(4, 0)];
        let platform = describe(&config, &engines).expect("a Tiger Lake");
        let shown: Vec<_> = platform
            .engines
            .iter()
            .map(|e| (e.class, e.instance))
            .collect();
        assert_eq!(shown, [(0, 0), (1, 0), (2, 0), (3, 0)]);
        let unknown = Config {
            device_id: 0x64a0,
            ..config
        };
        assert_eq!(describe(&unknown, &engines), None);
    }
}
