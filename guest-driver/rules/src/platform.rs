// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What the rules must know of the platform, as plain values the driver copies from the
//! device's answer once, when it starts.

use super::errno::{Errno, Result};
use super::uapi_numbers::*;

/// The most engines a platform has.
pub const MAX_ENGINES: usize = 16;

/// The place of an engine in [`PlatformFacts::engines`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EngineIndex(u8);

impl EngineIndex {
    /// The index, always less than [`MAX_ENGINES`].
    pub const fn get(self) -> usize {
        self.0 as usize
    }

    /// Every index there can be.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..MAX_ENGINES as u8).map(Self)
    }
}

/// How userspace names an engine: `struct i915_engine_class_instance`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassInstance {
    /// `enum drm_i915_gem_engine_class`.
    pub class: u16,
    /// The instance, counted within the class.
    pub instance: u16,
}

/// One engine of the platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Engine {
    /// What userspace calls it.
    pub name: ClassInstance,
    /// `I915_VIDEO_CLASS_CAPABILITY_HEVC` and `_AND_ENHANCE_CLASS_CAPABILITY_SFC`.
    pub capabilities: u64,
}

/// What of the GPU can be reset after a hang (`intel_has_gpu_reset`,
/// `intel_has_reset_engine`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResetSupport {
    /// Nothing.
    None,
    /// The whole device.
    Device,
    /// One engine, leaving the others alone.
    Engine,
}

impl ResetSupport {
    /// As much of it as the module parameter `reset` allows: nothing with 0, the whole
    /// device with 1, engines from 2 on.
    pub fn limited(self, parameter: u32) -> Self {
        self.min(match parameter {
            0 => Self::None,
            1 => Self::Device,
            _ => Self::Engine,
        })
    }
}

/// What the platform is and what the driver offers on it.
#[derive(Clone, Copy, Debug)]
pub struct PlatformFacts {
    /// PCI device id of the GPU that is modelled, whatever the virtio function's own is.
    pub chipset_id: u16,
    /// PCI revision of that GPU.
    pub revision: u8,
    /// 12 for Tiger Lake, 11 for Ice Lake.
    pub graphics_version: u16,
    /// Bits of an address space.
    pub address_bits: u16,
    /// EXECBUFFER2 takes relocations. i915 takes them before Gen12 and, alone of Gen12,
    /// on Tiger Lake.
    pub relocations: bool,
    /// Version of VM_BIND: 0 none, 1 without and 2 with replacing and partial unbinding.
    pub vm_bind_version: u32,
    /// Frequency of the command streamer's timestamp, in Hz.
    pub timestamp_frequency: u32,
    /// Mask of slices.
    pub slice_mask: u32,
    /// Mask of subslices, the same in each slice.
    pub subslice_mask: u32,
    /// Mask of execution units, the same in each subslice.
    pub eu_mask: u32,
    /// Bits `slice_mask` has room for.
    pub max_slices: u16,
    /// Bits `subslice_mask` has room for.
    pub max_subslices: u16,
    /// Bits `eu_mask` has room for.
    pub max_eus_per_subslice: u16,
    /// Bits of `I915_SCHEDULER_CAP_*` that hold for every engine.
    pub scheduler: u32,
    /// What can be reset.
    pub reset: ResetSupport,
    /// Bytes of the guest's memory, the size of the one memory region.
    pub memory_size: u64,
    /// Valid entries of `engines`.
    pub engine_count: usize,
    /// The engines, by class and within it by instance, instances counted from 0.
    pub engines: [Engine; MAX_ENGINES],
}

impl PlatformFacts {
    /// Whether the values make sense together; `ENODEV` if the device's answer does not.
    /// To be asked once: every other rule relies on it.
    pub fn check(&self) -> Result {
        let fits = |mask: u32, bits: u16, limit: u16| {
            bits != 0 && bits <= limit && (bits == 32 || mask >> bits == 0)
        };
        let engines = self.engines.get(..self.engine_count).unwrap_or(&[]);
        let ordered = engines.iter().enumerate().all(|(index, engine)| {
            match index.checked_sub(1).map(|before| engines[before].name) {
                Some(before) if before.class == engine.name.class => {
                    engine.name.instance == before.instance + 1
                }
                Some(before) if before.class > engine.name.class => false,
                _ => engine.name.instance == 0,
            }
        });
        if !engines.is_empty()
            && ordered
            && engines
                .iter()
                .all(|engine| engine.name.class <= I915_ENGINE_CLASS_COMPUTE)
            && (32..=48).contains(&self.address_bits)
            && fits(self.slice_mask, self.max_slices, 8)
            && fits(self.subslice_mask, self.max_subslices, 8)
            && fits(self.eu_mask, self.max_eus_per_subslice, 16)
        {
            Ok(())
        } else {
            Err(Errno::ENODEV)
        }
    }

    /// The engines there are.
    pub fn engines(&self) -> &[Engine] {
        &self.engines[..self.engine_count.min(MAX_ENGINES)]
    }

    /// The engine at an index.
    pub fn engine(&self, index: EngineIndex) -> Engine {
        self.engines[index.get() % MAX_ENGINES]
    }

    /// The indices of the engines there are, in order.
    pub fn indices(&self) -> impl Iterator<Item = EngineIndex> {
        (0..self.engines().len() as u8).map(EngineIndex)
    }

    /// The engine userspace means (`gt/intel_engine_user.c:intel_engine_lookup_user`).
    ///
    /// That function's parameters have eight bits, so that the upper half of what
    /// userspace wrote is not looked at; it is not here either.
    pub fn find_engine(&self, name: ClassInstance) -> Option<EngineIndex> {
        let low_bytes = ClassInstance {
            class: name.class & 0xff,
            instance: name.instance & 0xff,
        };
        self.indices()
            .find(|&index| self.engine(index).name == low_bytes)
    }

    /// How many engines a class has.
    pub fn class_count(&self, class: u16) -> usize {
        self.engines()
            .iter()
            .filter(|engine| engine.name.class == class)
            .count()
    }

    /// Bytes of an address space (`vm->total`).
    pub fn address_space_size(&self) -> u64 {
        1 << self.address_bits
    }

    /// Whether all bits of `capability` are offered on every engine.
    pub fn schedules_with(&self, capability: u32) -> bool {
        self.scheduler & capability == capability
    }

    /// Whether userspace may configure slices: Gen11 alone
    /// (`gem/i915_gem_context.c:set_sseu`).
    pub fn has_sseu(&self) -> bool {
        self.graphics_version == 11
    }
}

/// Tiger Lake GT2 as the device describes it, for tests.
#[cfg(test)]
pub(super) fn tiger_lake() -> PlatformFacts {
    let mut facts = PlatformFacts {
        chipset_id: 0x9a49,
        revision: 3,
        graphics_version: 12,
        address_bits: 48,
        relocations: false,
        vm_bind_version: 2,
        timestamp_frequency: 19_200_000,
        slice_mask: 1,
        subslice_mask: 0x3f,
        eu_mask: 0xffff,
        max_slices: 1,
        max_subslices: 6,
        max_eus_per_subslice: 16,
        scheduler: 0x1f,
        reset: ResetSupport::Engine,
        memory_size: 1 << 30,
        engine_count: 5,
        engines: [Engine::default(); MAX_ENGINES],
    };
    for (index, (class, instance, capabilities)) in
        [(0, 0, 0), (1, 0, 0), (2, 0, 3), (2, 1, 3), (3, 0, 2)]
            .into_iter()
            .enumerate()
    {
        facts.engines[index] = Engine {
            name: ClassInstance { class, instance },
            capabilities,
        };
    }
    facts
}

/// Ice Lake GT2, for tests.
#[cfg(test)]
pub(super) fn ice_lake() -> PlatformFacts {
    PlatformFacts {
        chipset_id: 0x8a52,
        revision: 7,
        graphics_version: 11,
        relocations: true,
        vm_bind_version: 0,
        subslice_mask: 0xff,
        eu_mask: 0xff,
        max_subslices: 8,
        max_eus_per_subslice: 8,
        ..tiger_lake()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_are_found_by_class_and_instance() {
        let facts = tiger_lake();
        facts.check().unwrap();
        ice_lake().check().unwrap();
        let find = |class, instance| {
            facts
                .find_engine(ClassInstance { class, instance })
                .map(EngineIndex::get)
        };
        assert_eq!(find(0, 0), Some(0));
        assert_eq!(find(2, 1), Some(3));
        assert_eq!(find(2, 2), None);
        assert_eq!(find(0xffff, 0xffff), None);
        // intel_engine_lookup_user takes eight bits of each.
        assert_eq!(find(0x100, 0), Some(0));
        assert_eq!(facts.class_count(I915_ENGINE_CLASS_VIDEO), 2);
    }

    // intel_has_gpu_reset, intel_has_reset_engine
    #[test]
    fn the_reset_parameter_limits_what_is_reset() {
        use ResetSupport::{Device, Engine, None};
        for (parameter, limited) in [
            (0, [None, None, None]),
            (1, [None, Device, Device]),
            (2, [None, Device, Engine]),
            (u32::MAX, [None, Device, Engine]),
        ] {
            assert_eq!(
                [None, Device, Engine].map(|can| can.limited(parameter)),
                limited
            );
        }
    }

    #[test]
    fn a_senseless_answer_of_the_device_is_refused() {
        let mut facts = tiger_lake();
        facts.engine_count = 17;
        assert_eq!(facts.check(), Err(Errno::ENODEV));
        facts.engine_count = 0;
        assert_eq!(facts.check(), Err(Errno::ENODEV));
        facts = tiger_lake();
        facts.engines.swap(2, 3);
        assert_eq!(facts.check(), Err(Errno::ENODEV));
        facts = tiger_lake();
        facts.slice_mask = 2;
        assert_eq!(facts.check(), Err(Errno::ENODEV));
        facts = tiger_lake();
        facts.address_bits = 64;
        assert_eq!(facts.check(), Err(Errno::ENODEV));
    }
}
