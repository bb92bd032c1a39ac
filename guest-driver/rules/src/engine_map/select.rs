// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What the engine selector of EXECBUFFER2 means
//! (`gem/i915_gem_execbuffer.c:eb_select_engine`).

use super::super::errno::{valid_if, Errno, Result};
use super::super::platform::{ClassInstance, EngineIndex, PlatformFacts};
use super::super::uapi_numbers::*;

/// The engine that EXECBUFFER2's flags select on a context without a map
/// (`eb_select_legacy_ring`), an index into [`EngineMap::legacy`].
///
/// `pick_video` is asked, with the number of video engines, when the caller leaves the
/// choice among several to the driver; a file keeps the choice it first got
/// (`gen8_dispatch_bsd_engine`).
pub fn select_legacy(
    facts: &PlatformFacts,
    flags: u64,
    pick_video: impl FnOnce(usize) -> usize,
) -> Result<EngineIndex> {
    let ring = flags & I915_EXEC_RING_MASK;
    let bsd = flags & I915_EXEC_BSD_MASK;
    valid_if(ring == I915_EXEC_BSD || bsd == 0)?;

    let video_engines = facts.class_count(I915_ENGINE_CLASS_VIDEO);
    let (class, instance) = match ring {
        I915_EXEC_DEFAULT | I915_EXEC_RENDER => (I915_ENGINE_CLASS_RENDER, 0),
        I915_EXEC_BLT => (I915_ENGINE_CLASS_COPY, 0),
        I915_EXEC_VEBOX => (I915_ENGINE_CLASS_VIDEO_ENHANCE, 0),
        I915_EXEC_BSD if video_engines > 1 => {
            let instance = match bsd {
                I915_EXEC_BSD_DEFAULT => pick_video(video_engines) % video_engines,
                I915_EXEC_BSD_RING1 => 0,
                I915_EXEC_BSD_RING2 => 1,
                _ => return Err(Errno::EINVAL),
            };
            (I915_ENGINE_CLASS_VIDEO, instance as u16)
        }
        I915_EXEC_BSD => (I915_ENGINE_CLASS_VIDEO, 0),
        _ => return Err(Errno::EINVAL),
    };
    facts
        .find_engine(ClassInstance { class, instance })
        .ok_or(Errno::EINVAL)
}

/// The slot that EXECBUFFER2's flags select on a context with a map of its own.
pub const fn select_user(flags: u64) -> usize {
    (flags & I915_EXEC_RING_MASK) as usize
}
