//! What the GPU is, as data: identity, engines, topology, clocks, features.
//!
//! Numbers are those the i915 driver of Linux uses for the same parts
//! (`i915_pci.c`, `gt/intel_engine_cs.c`, `gt/intel_sseu.c`, `i915_pciids.h`).
//! Nothing here knows how an engine works.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What an engine can do. The discriminants are those of
/// `enum drm_i915_gem_engine_class`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u16)]
pub enum EngineClass {
    /// 3D, compute, and all of MI (rcs).
    Render = 0,
    /// The blitter (bcs).
    Copy = 1,
    /// Video decode and encode (vcs).
    Video = 2,
    /// Video post-processing (vecs).
    VideoEnhance = 3,
}

impl EngineClass {
    /// The class of that number in `enum drm_i915_gem_engine_class`.
    pub const fn from_uapi(class: u16) -> Option<Self> {
        match class {
            0 => Some(Self::Render),
            1 => Some(Self::Copy),
            2 => Some(Self::Video),
            3 => Some(Self::VideoEnhance),
            _ => None,
        }
    }

    /// Its number in `enum drm_i915_gem_engine_class`.
    pub const fn uapi(self) -> u16 {
        self as u16
    }

    /// This class's bit in an [`EngineSet`].
    pub const fn set(self) -> EngineSet {
        EngineSet(1 << self as u8)
    }
}

/// A set of engine classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineSet(u8);

impl EngineSet {
    /// Every class.
    pub const ALL: Self = Self(0b1111);
    /// The render engine alone.
    pub const RENDER: Self = EngineClass::Render.set();
    /// The copy engine alone.
    pub const COPY: Self = EngineClass::Copy.set();
    /// Video decode engines alone.
    pub const VIDEO: Self = EngineClass::Video.set();
    /// Video enhancement engines alone.
    pub const VIDEO_ENHANCE: Self = EngineClass::VideoEnhance.set();
    /// Everything but the render engine.
    pub const NOT_RENDER: Self = Self(0b1110);

    /// Whether `class` is in the set.
    pub const fn contains(self, class: EngineClass) -> bool {
        self.0 & class.set().0 != 0
    }
}

/// One engine of a GPU, by class and instance as userspace counts instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EngineId {
    /// What it can do.
    pub class: EngineClass,
    /// Which of its class, counted without gaps (`engine_instance` of the uAPI).
    pub instance: u16,
}

impl fmt::Display for EngineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = match self.class {
            EngineClass::Render => "rcs",
            EngineClass::Copy => "bcs",
            EngineClass::Video => "vcs",
            EngineClass::VideoEnhance => "vecs",
        };
        write!(f, "{class}{}", self.instance)
    }
}

/// What i915 lists as `capabilities` of an engine
/// (`I915_VIDEO_CLASS_CAPABILITY_HEVC`, `I915_VIDEO_AND_ENHANCE_CLASS_CAPABILITY_SFC`).
pub mod capability {
    /// HEVC decode.
    pub const HEVC: u64 = 1 << 0;
    /// Scaler and format converter attached.
    pub const SFC: u64 = 1 << 1;
}

/// How an engine shares its time. A duration of zero switches that mechanism off,
/// as in i915's sysfs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineTiming {
    /// How long a batch runs while another of the same or a higher priority waits.
    pub timeslice: Duration,
    /// How long a batch that has to make room may take to its next arbitration
    /// point before its context is reset.
    pub preempt_timeout: Duration,
    /// How often a running batch is asked for a sign of life.
    pub heartbeat: Duration,
    /// Whether it is asked at all. Without, the heartbeat's interval still says whether
    /// contexts may outlive their closing here.
    pub hang_detection: bool,
}

/// One engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineDescription {
    /// Class and instance as userspace counts them.
    pub id: EngineId,
    /// Instance as the hardware counts them: Tiger Lake has no vcs1, so its second
    /// video engine is hardware instance 2.
    pub hardware_instance: u16,
    /// First register of its command streamer, bytes into the register space.
    pub mmio_base: u32,
    /// Bits of [`capability`].
    pub capabilities: u64,
    /// i915's defaults.
    pub timing: EngineTiming,
}

/// Graphics version as i915 prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GraphicsVersion {
    /// 11 for Ice Lake, 12 for Tiger Lake.
    pub major: u8,
    /// 0 for both.
    pub minor: u8,
}

/// Which shader cores there are (`struct drm_i915_query_topology_info`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topology {
    /// Slices.
    pub slices: u8,
    /// Subslices for which there is room in a slice; on Gen12 these are dual subslices.
    pub subslices: u8,
    /// Those that a slice has, a bit each. The others are fused off, as in the smaller parts
    /// that are sold of a design.
    pub subslice_mask: u8,
    /// Execution units in a subslice.
    pub eus_per_subslice: u8,
}

impl Topology {
    /// One of which nothing is fused off.
    const fn whole(slices: u8, subslices: u8, eus_per_subslice: u8) -> Self {
        Self {
            slices,
            subslices,
            subslice_mask: low_bits(subslices),
            eus_per_subslice,
        }
    }

    /// Execution units in all.
    pub const fn eus(&self) -> u32 {
        self.eus_of(self.subslice_mask.count_ones())
    }

    /// Execution units with so many subslices in a slice.
    const fn eus_of(&self, subslices: u32) -> u32 {
        self.slices as u32 * subslices * self.eus_per_subslice as u32
    }
}

/// A mask with that many of its lowest bits set.
const fn low_bits(count: u8) -> u8 {
    (1_u16 << count).wrapping_sub(1) as u8
}

/// A platform is not made with so many execution units.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{platform} has {choices} execution units, not {eus}")]
pub struct NotSoManyEus {
    platform: &'static str,
    /// What it can have, in words.
    choices: String,
    eus: u32,
}

/// What the i915 driver offers on a platform beside the basics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// Userspace may choose slices, subslices and units for a context (Gen11 only).
    pub sseu_settable: bool,
    /// VM_BIND mode address spaces (Gen12 and later).
    pub vm_bind: bool,
    /// CPU and GPU share the last-level cache.
    pub llc: bool,
}

/// A GPU as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Platform {
    /// Short name: `tgl`, `icl`.
    pub name: &'static str,
    /// What people call it.
    pub marketing_name: &'static str,
    /// PCI device id, which is also `I915_PARAM_CHIPSET_ID`.
    pub device_id: u16,
    /// PCI revision; 0 would mean the first stepping with all its workarounds.
    pub revision: u8,
    /// Graphics version.
    pub graphics_version: GraphicsVersion,
    /// All engines, in uAPI order.
    pub engines: &'static [EngineDescription],
    /// Shader cores.
    pub topology: Topology,
    /// Ticks per second of every TIMESTAMP register.
    pub timestamp_frequency_hz: u64,
    /// Width of a GPU virtual address.
    pub ppgtt_bits: u8,
    /// Optional features.
    pub features: Features,
}

const TIMING: EngineTiming = EngineTiming {
    timeslice: Duration::from_millis(1),
    preempt_timeout: Duration::from_millis(640),
    heartbeat: Duration::from_millis(2500),
    hang_detection: true,
};

/// i915 gives the render engine of Gen12 and later more time to be preempted, for
/// compute walkers (`CONFIG_DRM_I915_PREEMPT_TIMEOUT_COMPUTE`).
const TIMING_COMPUTE: EngineTiming = EngineTiming {
    preempt_timeout: Duration::from_millis(7500),
    ..TIMING
};

const fn engine(
    class: EngineClass,
    instance: u16,
    hardware_instance: u16,
    mmio_base: u32,
    capabilities: u64,
    timing: EngineTiming,
) -> EngineDescription {
    EngineDescription {
        id: EngineId { class, instance },
        hardware_instance,
        mmio_base,
        capabilities,
        timing,
    }
}

impl Platform {
    /// Tiger Lake GT2.
    pub const TGL: Self = Self {
        name: "tgl",
        marketing_name: "Tiger Lake GT2 (Iris Xe)",
        device_id: 0x9a49,
        revision: 3,
        graphics_version: GraphicsVersion {
            major: 12,
            minor: 0,
        },
        engines: &[
            engine(EngineClass::Render, 0, 0, 0x2000, 0, TIMING_COMPUTE),
            engine(EngineClass::Copy, 0, 0, 0x2_2000, 0, TIMING),
            engine(
                EngineClass::Video,
                0,
                0,
                0x1c_0000,
                capability::HEVC | capability::SFC,
                TIMING,
            ),
            engine(
                EngineClass::Video,
                1,
                2,
                0x1d_0000,
                capability::HEVC | capability::SFC,
                TIMING,
            ),
            engine(
                EngineClass::VideoEnhance,
                0,
                0,
                0x1c_8000,
                capability::SFC,
                TIMING,
            ),
        ],
        topology: Topology::whole(1, 6, 16),
        timestamp_frequency_hz: 19_200_000,
        ppgtt_bits: 48,
        features: Features {
            sseu_settable: false,
            vm_bind: true,
            llc: true,
        },
    };

    /// Ice Lake GT2.
    pub const ICL: Self = Self {
        name: "icl",
        marketing_name: "Ice Lake GT2 (Iris Plus)",
        device_id: 0x8a52,
        revision: 7,
        graphics_version: GraphicsVersion {
            major: 11,
            minor: 0,
        },
        engines: &[
            engine(EngineClass::Render, 0, 0, 0x2000, 0, TIMING),
            engine(EngineClass::Copy, 0, 0, 0x2_2000, 0, TIMING),
            engine(
                EngineClass::Video,
                0,
                0,
                0x1c_0000,
                capability::HEVC | capability::SFC,
                TIMING,
            ),
            engine(
                EngineClass::Video,
                1,
                2,
                0x1d_0000,
                capability::HEVC,
                TIMING,
            ),
            engine(
                EngineClass::VideoEnhance,
                0,
                0,
                0x1c_8000,
                capability::SFC,
                TIMING,
            ),
        ],
        topology: Topology::whole(1, 8, 8),
        timestamp_frequency_hz: 12_000_000,
        ppgtt_bits: 48,
        features: Features {
            sseu_settable: true,
            vm_bind: false,
            llc: true,
        },
    };

    /// Every platform the model knows.
    pub const ALL: &'static [Self] = &[Self::TGL, Self::ICL];

    /// The platform of that short name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|platform| platform.name == name)
    }

    /// The same with so many execution units in all: the first subslices of each slice stay,
    /// the others are fused off. There is no part of a subslice.
    pub fn with_eus(mut self, eus: u32) -> Result<Self, NotSoManyEus> {
        let topology = &mut self.topology;
        let mut counts = 1..=topology.subslices;
        if let Some(count) = counts.find(|count| topology.eus_of((*count).into()) == eus) {
            topology.subslice_mask = low_bits(count);
            return Ok(self);
        }
        let smaller =
            (1..topology.subslices).map(|count| topology.eus_of(count.into()).to_string());
        let smaller = smaller.collect::<Vec<_>>().join(", ");
        let most = topology.eus_of(topology.subslices.into());
        Err(NotSoManyEus {
            platform: self.marketing_name,
            choices: format!("{smaller} or {most}"),
            eus,
        })
    }

    /// Where `engine` stands in [`Platform::engines`].
    pub fn engine_index(&self, engine: EngineId) -> Option<usize> {
        self.engines
            .iter()
            .position(|description| description.id == engine)
    }

    /// The bits of a GPU virtual address that count. Userspace hands over canonical
    /// addresses, sign-extended from the top one of these; the model cuts them off.
    pub const fn address_mask(&self) -> u64 {
        (1 << self.ppgtt_bits) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiger_lake_has_the_engines_and_units_of_gt2() {
        let names: Vec<_> = Platform::TGL
            .engines
            .iter()
            .map(|e| e.id.to_string())
            .collect();
        assert_eq!(names, ["rcs0", "bcs0", "vcs0", "vcs1", "vecs0"]);
        assert_eq!(Platform::TGL.topology.eus(), 96);
        assert_eq!(Platform::ICL.topology.eus(), 64);
        assert_eq!(Platform::by_name("tgl"), Some(Platform::TGL));
        assert_eq!(Platform::by_name("adl"), None);
    }

    #[test]
    fn a_smaller_part_lacks_whole_subslices() {
        let quarter = Platform::ICL.with_eus(16).unwrap().topology;
        assert_eq!((quarter.subslice_mask, quarter.eus()), (0b11, 16));
        assert_eq!(quarter.subslices, 8);
        assert_eq!(Platform::TGL.with_eus(96), Ok(Platform::TGL));
        for eus in [0, 8, 24, 112, u32::MAX] {
            let refused = Platform::TGL.with_eus(eus).unwrap_err();
            let text = format!(
                "Tiger Lake GT2 (Iris Xe) has 16, 32, 48, 64, 80 or 96 execution units, not {eus}"
            );
            assert_eq!(refused.to_string(), text);
        }
    }

    #[test]
    fn every_class_survives_the_uapi_number() {
        for engine in Platform::TGL.engines {
            assert_eq!(
                EngineClass::from_uapi(engine.id.class.uapi()),
                Some(engine.id.class)
            );
        }
        assert_eq!(EngineClass::from_uapi(4), None);
    }
}
