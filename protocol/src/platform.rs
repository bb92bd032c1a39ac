// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 OR MIT

//! What the platform is: the answer from which the driver answers userspace's queries.

use super::header::ReplyHeader;
use super::limits::MAX_ENGINES;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy_derive::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// One engine of the platform.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
    Unaligned,
)]
#[repr(C)]
pub struct EngineInfo {
    /// `enum drm_i915_gem_engine_class`: 0 render, 1 copy, 2 video, 3 video enhance.
    pub class: U16,
    /// The instance userspace names, counted from 0 within the class.
    pub instance: U16,
    /// The instance in hardware's own counting (Tiger Lake's second video engine is 2).
    pub hardware_instance: U16,
    /// Must be zero.
    pub reserved: U16,
    /// `I915_VIDEO_CLASS_CAPABILITY_HEVC` (1) and `_AND_ENHANCE_CAPABILITY_SFC` (2).
    pub capabilities: U64,
    /// Byte offset of the engine's registers.
    pub mmio_base: U32,
    /// i915's default heartbeat interval, in milliseconds.
    pub heartbeat_interval_ms: U32,
    /// i915's default preemption time-out, in milliseconds.
    pub preempt_timeout_ms: U32,
    /// i915's default time slice, in milliseconds.
    pub timeslice_duration_ms: U32,
    /// i915's default stop time-out, in milliseconds.
    pub stop_timeout_ms: U32,
    /// Must be zero.
    pub reserved2: U32,
}

/// Bits of [`PlatformReply::features`].
pub struct PlatformFeatures;

impl PlatformFeatures {
    /// i915 lets userspace set a context's slice and EU configuration (Gen11).
    pub const SSEU: u32 = 1 << 0;
    /// The platform takes EXECBUFFER2 relocations: Tiger Lake and all before it.
    pub const RELOCATIONS: u32 = 1 << 1;
    /// i915 offers VM_BIND: Gen12 and later.
    pub const VM_BIND: u32 = 1 << 2;
}

/// The reply to [`QueryPlatform`](super::QueryPlatform).
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct PlatformReply {
    /// How the command ended.
    pub header: ReplyHeader,
    /// Graphics version: 12 for Tiger Lake, 11 for Ice Lake.
    pub graphics_version: U16,
    /// Graphics release: 0.
    pub graphics_release: U16,
    /// Bits of the per-process address: 48 (four levels) or 47.
    pub address_bits: U16,
    /// Valid entries in `engines`.
    pub engine_count: U16,
    /// Bits of [`PlatformFeatures`].
    pub features: U32,
    /// Command-streamer timestamp frequency, in Hz (`I915_PARAM_CS_TIMESTAMP_FREQUENCY`).
    pub timestamp_frequency: U32,
    /// Slices: a mask.
    pub slice_mask: U32,
    /// Subslices of a slice as i915's topology query shows them: a mask.
    pub subslice_mask: U32,
    /// Execution units of a subslice: a mask.
    pub eu_mask: U32,
    /// The most slices, subslices of a slice and EUs of a subslice that the query's
    /// masks have room for.
    pub max_slices: U16,
    /// See `max_slices`.
    pub max_subslices: U16,
    /// See `max_slices`.
    pub max_eus_per_subslice: U16,
    /// Must be zero.
    pub reserved: U16,
    /// The engines, in the order i915's engine query lists them.
    pub engines: [EngineInfo; MAX_ENGINES],
}
