// SPDX-License-Identifier: GPL-2.0 OR MIT

//! How an engine shares its time, as i915 shows it in sysfs
//! (`/sys/class/drm/cardN/engine/*/`, `gt/sysfs_engines.c`) and lets root change it.

use super::errno::{valid_if, Result};
use super::number;
use super::uapi_numbers::{
    I915_ENGINE_CLASS_COMPUTE, I915_ENGINE_CLASS_COPY, I915_ENGINE_CLASS_RENDER,
    I915_ENGINE_CLASS_VIDEO, I915_ENGINE_CLASS_VIDEO_ENHANCE,
};

/// What can be changed of an engine. A time of 0 switches that mechanism off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineProperties {
    /// For how long who waits for work looks for its end before sleeping. Kept and shown;
    /// nobody here waits that way.
    pub max_busywait_duration_ns: u64,
    /// How long a batch runs while another of its priority waits.
    pub timeslice_duration_ms: u32,
    /// How long others have to finish before a reset. Kept and shown; a reset here is of
    /// one context and touches no others.
    pub stop_timeout_ms: u32,
    /// How long a batch may take to its next arbitration point when it has to make room.
    pub preempt_timeout_ms: u32,
    /// How often an engine that works is asked for a sign of life.
    pub heartbeat_interval_ms: u32,
}

/// The limits of what may be written (`intel_clamp_*` in `gt/intel_engine_cs.c`).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of busy waiting: two timer ticks.
    pub busywait_ns: u64,
    /// Of everything else: the longest time a timer takes.
    pub time_ms: u64,
}

/// A property that can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Property {
    /// [`EngineProperties::max_busywait_duration_ns`]
    MaxBusywait,
    /// [`EngineProperties::timeslice_duration_ms`]
    Timeslice,
    /// [`EngineProperties::stop_timeout_ms`]
    StopTimeout,
    /// [`EngineProperties::preempt_timeout_ms`]
    PreemptTimeout,
    /// [`EngineProperties::heartbeat_interval_ms`]
    Heartbeat,
}

impl Property {
    /// Its value.
    pub fn of(self, properties: &EngineProperties) -> u64 {
        match self {
            Self::MaxBusywait => properties.max_busywait_duration_ns,
            Self::Timeslice => properties.timeslice_duration_ms.into(),
            Self::StopTimeout => properties.stop_timeout_ms.into(),
            Self::PreemptTimeout => properties.preempt_timeout_ms.into(),
            Self::Heartbeat => properties.heartbeat_interval_ms.into(),
        }
    }

    /// The properties with this one as `text` says. `EINVAL` if that is no number or past
    /// the limit, `ERANGE` if it has more than 64 bits (`*_store`).
    pub fn change(
        self,
        properties: &EngineProperties,
        text: &[u8],
        limits: &Limits,
    ) -> Result<EngineProperties> {
        let value = number::parse_u64(text)?;
        let limit = match self {
            Self::MaxBusywait => limits.busywait_ns,
            _ => limits.time_ms,
        };
        valid_if(value <= limit)?;
        let mut changed = *properties;
        // Times in milliseconds are limited to 32 bits.
        let milliseconds = value as u32;
        match self {
            Self::MaxBusywait => changed.max_busywait_duration_ns = value,
            Self::Timeslice => changed.timeslice_duration_ms = milliseconds,
            Self::StopTimeout => changed.stop_timeout_ms = milliseconds,
            Self::PreemptTimeout => changed.preempt_timeout_ms = milliseconds,
            Self::Heartbeat => changed.heartbeat_interval_ms = milliseconds,
        }
        Ok(changed)
    }
}

/// What engines of a class are called, without the instance
/// (`intel_engine_class_repr`).
pub fn class_name(class: u16) -> &'static str {
    match class {
        I915_ENGINE_CLASS_RENDER => "rcs",
        I915_ENGINE_CLASS_COPY => "bcs",
        I915_ENGINE_CLASS_VIDEO => "vcs",
        I915_ENGINE_CLASS_VIDEO_ENHANCE => "vecs",
        I915_ENGINE_CLASS_COMPUTE => "ccs",
        _ => "other",
    }
}

/// What the capability bits of an engine class mean, by bit; some bits mean nothing there
/// (`vcs_caps`, `vecs_caps`).
pub fn capability_names(class: u16) -> &'static [&'static str] {
    match class {
        I915_ENGINE_CLASS_VIDEO => &["hevc", "sfc"],
        I915_ENGINE_CLASS_VIDEO_ENHANCE => &["", "sfc"],
        _ => &[],
    }
}

/// The bit of an engine in i915's engine masks, such as `i915_wedged` takes
/// (`enum intel_engine_id`), by class and the hardware's own instance. `None`: there is no
/// such engine.
pub fn mask_bit(class: u16, hardware_instance: u16) -> Option<u32> {
    let (first, count) = match class {
        I915_ENGINE_CLASS_RENDER => (0, 1),
        I915_ENGINE_CLASS_COPY => (1, 9),
        I915_ENGINE_CLASS_VIDEO => (10, 8),
        I915_ENGINE_CLASS_VIDEO_ENHANCE => (18, 4),
        I915_ENGINE_CLASS_COMPUTE => (22, 4),
        _ => return None,
    };
    (hardware_instance < count).then(|| first + u32::from(hardware_instance))
}
