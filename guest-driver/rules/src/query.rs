// SPDX-License-Identifier: GPL-2.0 OR MIT

//! DRM_IOCTL_I915_QUERY (`i915_query.c`): which questions have an answer, and its bytes.
//!
//! For each item the driver asks [`plan`]; an error of it is the item's, written to its
//! `length` as a negative number, while the ioctl goes on and succeeds. With a plan it asks
//! [`Plan::step`] what the item's `length` means. For data it reads the header that is in
//! the caller's buffer, has it judged by [`Plan::check_header`], writes the answer with
//! [`Plan::write`] to a buffer of its own, copies that out, and sets `length` to its size.

use super::errno::{valid_if, Errno, Result};
use super::platform::PlatformFacts;
use super::uapi_numbers::*;

/// Bytes of the longest answer.
pub const MAX_ANSWER: usize = 2048;

/// Bytes of the longest header an answer begins with.
pub const MAX_HEADER: usize = 16;

const TOPOLOGY_HEADER: usize = 16; // struct drm_i915_query_topology_info
const ENGINES_HEADER: usize = 16; // struct drm_i915_query_engine_info
const ENGINE: usize = 56; // struct drm_i915_engine_info
const REGIONS_HEADER: usize = 16; // struct drm_i915_query_memory_regions
const REGION: usize = 88; // struct drm_i915_memory_region_info

/// The ioctl itself: its flags are reserved, and an item of id 0 ends it (`EINVAL`).
pub fn check_query(flags: u32) -> Result {
    valid_if(flags == 0)
}

/// The question of an item, before it is planned: `EINVAL` is here the ioctl's error, not
/// the item's.
pub fn check_item(query_id: u64) -> Result {
    valid_if(query_id != 0)
}

/// A question that has an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Topology,
    Engines,
    MemoryRegions,
}

/// An item whose answer is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    question: Question,
    size: usize,
}

/// What is to be done about an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Set its length to this: only the size was asked for.
    AnswerSize(i32),
    /// Read this many bytes of the caller's buffer for [`Plan::check_header`], then write
    /// the answer.
    AnswerData {
        /// Bytes of the header.
        header: usize,
    },
}

/// Bytes for a mask of so many bits (`gt/intel_sseu.h:GEN_SSEU_STRIDE`).
fn stride(bits: u16) -> usize {
    usize::from(bits).div_ceil(8)
}

/// Whether an item has an answer, and how long it is. Errors are the item's.
pub fn plan(facts: &PlatformFacts, query_id: u64, flags: u32) -> Result<Plan> {
    let (question, size) = match query_id {
        DRM_I915_QUERY_TOPOLOGY_INFO => {
            valid_if(flags == 0)?;
            let slices = usize::from(facts.max_slices);
            let subslices = usize::from(facts.max_subslices);
            let masks = 1
                + slices * stride(facts.max_subslices)
                + slices * subslices * stride(facts.max_eus_per_subslice);
            (Question::Topology, TOPOLOGY_HEADER + masks)
        }
        DRM_I915_QUERY_ENGINE_INFO => {
            valid_if(flags == 0)?;
            let engines = facts.engines().len();
            (Question::Engines, ENGINES_HEADER + engines * ENGINE)
        }
        DRM_I915_QUERY_MEMORY_REGIONS => {
            valid_if(flags == 0)?;
            (Question::MemoryRegions, REGIONS_HEADER + REGION)
        }
        // No counters; but a way to ask for them that nobody knows is a mistake.
        DRM_I915_QUERY_PERF_CONFIG => {
            return Err(match flags {
                DRM_I915_QUERY_PERF_CONFIG_LIST
                | DRM_I915_QUERY_PERF_CONFIG_DATA_FOR_UUID
                | DRM_I915_QUERY_PERF_CONFIG_DATA_FOR_ID => Errno::ENODEV,
                _ => Errno::EINVAL,
            })
        }
        // No GuC to tell of itself and of the hardware; geometry subslices came with
        // Gen12.55.
        DRM_I915_QUERY_HWCONFIG_BLOB
        | DRM_I915_QUERY_GEOMETRY_SUBSLICES
        | DRM_I915_QUERY_GUC_SUBMISSION_VERSION => return Err(Errno::ENODEV),
        _ => return Err(Errno::EINVAL),
    };
    if size > MAX_ANSWER {
        return Err(Errno::ENODEV);
    }
    Ok(Plan { question, size })
}

impl Plan {
    /// Bytes of the answer.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// What the item's length means (`copy_query_item`): 0 asks for the size, too short is
    /// `EINVAL`. It is compared as an unsigned number, so that a negative one is long.
    pub const fn step(&self, length: i32) -> Result<Step> {
        if length == 0 {
            return Ok(Step::AnswerSize(self.size as i32));
        }
        if (length as u32 as usize) < self.size {
            return Err(Errno::EINVAL);
        }
        Ok(Step::AnswerData {
            header: match self.question {
                Question::Topology => TOPOLOGY_HEADER,
                Question::Engines => ENGINES_HEADER,
                Question::MemoryRegions => REGIONS_HEADER,
            },
        })
    }

    /// The header in the caller's buffer: zeroes, or `EINVAL`. That of the topology need
    /// only be readable.
    pub fn check_header(&self, header: &[u8]) -> Result {
        valid_if(self.question == Question::Topology || header.iter().all(|&byte| byte == 0))
    }

    /// Writes the answer to the first [`Self::size`] bytes of the buffer: `EINVAL` if it
    /// is shorter.
    pub fn write(&self, facts: &PlatformFacts, buffer: &mut [u8]) -> Result {
        let buffer = buffer.get_mut(..self.size).ok_or(Errno::EINVAL)?;
        buffer.fill(0);
        let mut out = Writer { buffer, at: 0 };
        match self.question {
            Question::Topology => out.topology(facts),
            Question::Engines => out.engines(facts),
            Question::MemoryRegions => out.memory_regions(facts),
        }
        debug_assert_eq!(out.at, self.size);
        Ok(())
    }
}

/// Writes little-endian fields one behind the other into a buffer that [`plan`] has
/// measured for them.
struct Writer<'a> {
    buffer: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        if let Some(place) = self.buffer.get_mut(self.at..self.at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
        self.at += bytes.len();
    }

    fn u16(&mut self, value: u16) {
        self.bytes(&value.to_le_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    fn reserved(&mut self, count: usize) {
        self.at += count;
    }

    /// `struct drm_i915_query_topology_info` and the masks behind it
    /// (`fill_topology_info`).
    fn topology(&mut self, facts: &PlatformFacts) {
        let subslice_stride = stride(facts.max_subslices);
        let eu_stride = stride(facts.max_eus_per_subslice);
        let subslice_offset = 1;
        let eu_offset = subslice_offset + usize::from(facts.max_slices) * subslice_stride;

        self.u16(0); // flags
        self.u16(facts.max_slices);
        self.u16(facts.max_subslices);
        self.u16(facts.max_eus_per_subslice);
        self.u16(subslice_offset as u16);
        self.u16(subslice_stride as u16);
        self.u16(eu_offset as u16);
        self.u16(eu_stride as u16);

        self.bytes(&facts.slice_mask.to_le_bytes()[..1]);
        let has = |mask: u32, bit: u16| mask & (1 << bit) != 0;
        for slice in 0..facts.max_slices {
            let mask = if has(facts.slice_mask, slice) {
                facts.subslice_mask
            } else {
                0
            };
            self.bytes(&mask.to_le_bytes()[..subslice_stride]);
        }
        for slice in 0..facts.max_slices {
            for subslice in 0..facts.max_subslices {
                let there = has(facts.slice_mask, slice) && has(facts.subslice_mask, subslice);
                let mask = if there { facts.eu_mask } else { 0 };
                self.bytes(&mask.to_le_bytes()[..eu_stride]);
            }
        }
    }

    /// `struct drm_i915_query_engine_info` (`query_engine_info`). An engine's logical
    /// instance is its place in its class, and so is the instance userspace knows.
    fn engines(&mut self, facts: &PlatformFacts) {
        self.u32(facts.engines().len() as u32);
        self.reserved(12);
        for engine in facts.engines() {
            self.u16(engine.name.class);
            self.u16(engine.name.instance);
            self.reserved(4);
            self.u64(I915_ENGINE_INFO_HAS_LOGICAL_INSTANCE);
            self.u64(engine.capabilities);
            self.u16(engine.name.instance);
            self.reserved(6 + 24);
        }
    }

    /// `struct drm_i915_query_memory_regions` (`query_memregion_info`): system memory,
    /// whose use is not tracked and all of which the CPU sees.
    fn memory_regions(&mut self, facts: &PlatformFacts) {
        self.u32(1);
        self.reserved(12);
        self.u16(I915_MEMORY_CLASS_SYSTEM);
        self.u16(0); // instance
        self.reserved(4);
        self.u64(facts.memory_size); // probed
        self.u64(facts.memory_size); // unallocated
        self.u64(facts.memory_size); // of the probed, what the CPU sees
        self.u64(facts.memory_size); // of the unallocated, what the CPU sees
        self.reserved(48);
    }
}

#[cfg(test)]
mod tests {
    use super::super::platform::tiger_lake;
    use super::*;

    fn answer(query_id: u64) -> ([u8; MAX_ANSWER], usize) {
        let facts = tiger_lake();
        let plan = plan(&facts, query_id, 0).unwrap();
        let mut buffer = [0xaa; MAX_ANSWER];
        plan.write(&facts, &mut buffer).unwrap();
        assert!(buffer[plan.size()..].iter().all(|&byte| byte == 0xaa));
        (buffer, plan.size())
    }

    // copy_query_item
    #[test]
    fn a_length_of_0_asks_and_a_short_one_is_refused() {
        let plan = plan(&tiger_lake(), DRM_I915_QUERY_ENGINE_INFO, 0).unwrap();
        let size = 16 + 5 * 56;
        assert_eq!(plan.size(), size as usize);
        assert_eq!(plan.step(0), Ok(Step::AnswerSize(size)));
        assert_eq!(plan.step(size - 1), Err(Errno::EINVAL));
        let data = Ok(Step::AnswerData { header: 16 });
        assert_eq!(plan.step(size), data);
        assert_eq!(plan.step(3600), data);
        assert_eq!(plan.step(-1), data);
        assert_eq!(plan.check_header(&[0; 16]), Ok(()));
        let mut header = [0; 16];
        header[15] = 1;
        assert_eq!(plan.check_header(&header), Err(Errno::EINVAL));
        assert_eq!(plan.write(&tiger_lake(), &mut [0; 16]), Err(Errno::EINVAL));
    }

    #[test]
    fn flags_and_unknown_questions() {
        let facts = tiger_lake();
        for (query_id, flags, error) in [
            (1, 1, Errno::EINVAL),
            (2, 1, Errno::EINVAL),
            (4, 1, Errno::EINVAL),
            (3, 0, Errno::EINVAL),
            (3, 1, Errno::ENODEV),
            (3, 3, Errno::ENODEV),
            (3, 4, Errno::EINVAL),
            (5, 0, Errno::ENODEV),
            (6, 0, Errno::ENODEV),
            (7, 0, Errno::ENODEV),
            (8, 0, Errno::EINVAL),
            (u64::MAX, 0, Errno::EINVAL),
        ] {
            assert_eq!(plan(&facts, query_id, flags), Err(error), "{query_id}");
        }
        assert_eq!(check_query(1), Err(Errno::EINVAL));
        assert_eq!(check_item(0), Err(Errno::EINVAL));
        assert_eq!(check_item(u64::MAX), Ok(()));
    }

    // fill_topology_info, gen12_sseu_info_init
    #[test]
    fn tiger_lakes_topology() {
        let (bytes, size) = answer(DRM_I915_QUERY_TOPOLOGY_INFO);
        let mut expected = [0; 30];
        expected[..16].copy_from_slice(&[0, 0, 1, 0, 6, 0, 16, 0, 1, 0, 1, 0, 2, 0, 2, 0]);
        expected[16] = 1;
        expected[17] = 0x3f;
        expected[18..].fill(0xff);
        assert_eq!(bytes[..size], expected);
    }

    #[test]
    fn eus_of_missing_subslices_are_missing() {
        let mut facts = tiger_lake();
        facts.subslice_mask = 0b10_0001;
        let plan = plan(&facts, DRM_I915_QUERY_TOPOLOGY_INFO, 0).unwrap();
        let mut bytes = [0; 30];
        plan.write(&facts, &mut bytes).unwrap();
        assert_eq!(
            bytes[17..],
            [0b10_0001, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
        );
    }

    // query_engine_info
    #[test]
    fn tiger_lakes_engines() {
        let (bytes, size) = answer(DRM_I915_QUERY_ENGINE_INFO);
        assert_eq!(
            bytes[..16],
            [5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        );
        let second_video = &bytes[16 + 3 * 56..][..56];
        let mut expected = [0; 56];
        expected[0] = 2; // class
        expected[2] = 1; // instance
        expected[8] = 1; // flags: the logical instance is there
        expected[16] = 3; // capabilities
        expected[24] = 1; // logical instance
        assert_eq!(second_video, expected);
        assert_eq!(size, 296);
    }

    // query_memregion_info
    #[test]
    fn system_memory_is_the_only_region() {
        let (bytes, size) = answer(DRM_I915_QUERY_MEMORY_REGIONS);
        assert_eq!(size, 104);
        assert_eq!(bytes[0], 1);
        assert_eq!(bytes[16..24], [0; 8]);
        for field in 0..4 {
            let at = 24 + field * 8;
            assert_eq!(bytes[at..at + 8], (1_u64 << 30).to_le_bytes());
        }
        assert!(bytes[56..104].iter().all(|&byte| byte == 0));
    }
}
