// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The platforms the property tests run on.

use virtio_igpu_rules::platform::MAX_ENGINES;
use virtio_igpu_rules::platform::{ClassInstance, Engine, PlatformFacts, ResetSupport};

/// The engines, by name, in the platform's order.
pub(crate) const ENGINES: [(u16, u16); 5] = [(0, 0), (1, 0), (2, 0), (2, 1), (3, 0)];

/// A platform of Gen12 like Tiger Lake, or of Gen11 like Ice Lake.
pub(crate) fn platform(graphics_version: u16) -> PlatformFacts {
    let gen12 = graphics_version == 12;
    let mut engines = [Engine::default(); MAX_ENGINES];
    for (engine, (class, instance)) in engines.iter_mut().zip(ENGINES) {
        engine.name = ClassInstance { class, instance };
    }
    let facts = PlatformFacts {
        chipset_id: 0x9a49,
        revision: 3,
        graphics_version,
        address_bits: 48,
        relocations: !gen12,
        vm_bind_version: if gen12 { 2 } else { 0 },
        timestamp_frequency: 19_200_000,
        slice_mask: 1,
        subslice_mask: if gen12 { 0x3f } else { 0xff },
        eu_mask: if gen12 { 0xffff } else { 0xff },
        max_slices: 1,
        max_subslices: if gen12 { 6 } else { 8 },
        max_eus_per_subslice: if gen12 { 16 } else { 8 },
        scheduler: 0x1f,
        reset: ResetSupport::Engine,
        memory_size: 1 << 30,
        engine_count: ENGINES.len(),
        engines,
    };
    facts.check().unwrap();
    facts
}
