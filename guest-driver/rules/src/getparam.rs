// SPDX-License-Identifier: GPL-2.0 OR MIT

//! DRM_IOCTL_I915_GETPARAM (`i915_getparam.c:i915_getparam_ioctl`).

use super::errno::{Errno, Result};
use super::platform::{ClassInstance, ResetSupport};
use super::proto_context::Environment;
use super::uapi_numbers::*;

/// The version of mappings through the aperture that i915 reports, with or without one
/// (`gem/i915_gem_mman.c:i915_gem_mmap_gtt_version`).
const MMAP_GTT_VERSION: i32 = 5;

/// The version of the perf interface, which i915 reports whether or not it has counters
/// to show (`i915_perf.c:i915_perf_ioctl_version`).
const PERF_REVISION: i32 = 7;

/// A number that i915 answers as one that is not zero.
fn nonzero(value: u32) -> Result<i32> {
    if value == 0 {
        Err(Errno::ENODEV)
    } else {
        Ok(value as i32)
    }
}

/// What a parameter is answered.
pub fn answer(environment: &Environment<'_>, parameter: i32) -> Result<i32> {
    let facts = environment.facts;
    let has_engine = |class, instance| {
        Ok(i32::from(
            facts
                .find_engine(ClassInstance { class, instance })
                .is_some(),
        ))
    };
    match parameter {
        I915_PARAM_IRQ_ACTIVE
        | I915_PARAM_ALLOW_BATCHBUFFER
        | I915_PARAM_LAST_DISPATCH
        | I915_PARAM_HAS_EXEC_CONSTANTS => Err(Errno::ENODEV),

        I915_PARAM_CHIPSET_ID => Ok(i32::from(facts.chipset_id)),
        I915_PARAM_REVISION => Ok(i32::from(facts.revision)),
        I915_PARAM_CS_TIMESTAMP_FREQUENCY | I915_PARAM_OA_TIMESTAMP_FREQUENCY => {
            Ok(facts.timestamp_frequency as i32)
        }

        I915_PARAM_HAS_BSD => has_engine(I915_ENGINE_CLASS_VIDEO, 0),
        I915_PARAM_HAS_BSD2 => has_engine(I915_ENGINE_CLASS_VIDEO, 1),
        I915_PARAM_HAS_BLT => has_engine(I915_ENGINE_CLASS_COPY, 0),
        I915_PARAM_HAS_VEBOX => has_engine(I915_ENGINE_CLASS_VIDEO_ENHANCE, 0),
        // Every engine has a context image of its own: from Gen8 on all classes do.
        I915_PARAM_HAS_CONTEXT_ISOLATION => Ok(facts
            .engines()
            .iter()
            .fold(0, |classes, engine| classes | 1 << engine.name.class)),

        I915_PARAM_HAS_SCHEDULER => Ok(facts.scheduler as i32),
        I915_PARAM_HAS_SEMAPHORES => Ok(i32::from(
            facts.schedules_with(I915_SCHEDULER_CAP_SEMAPHORES),
        )),
        I915_PARAM_HAS_GPU_RESET => Ok(match environment.reset {
            _ if !environment.hangcheck => 0,
            ResetSupport::None => 0,
            ResetSupport::Device => 1,
            ResetSupport::Engine => 2,
        }),

        I915_PARAM_SUBSLICE_TOTAL => {
            nonzero(facts.subslice_mask.count_ones() * facts.slice_mask.count_ones())
        }
        I915_PARAM_EU_TOTAL => nonzero(
            facts.eu_mask.count_ones()
                * facts.subslice_mask.count_ones()
                * facts.slice_mask.count_ones(),
        ),
        I915_PARAM_SLICE_MASK => nonzero(facts.slice_mask),
        I915_PARAM_SUBSLICE_MASK => nonzero(facts.subslice_mask),

        I915_PARAM_HAS_LLC => Ok(1),
        I915_PARAM_HAS_ALIASING_PPGTT => Ok(I915_GEM_PPGTT_FULL),
        I915_PARAM_MMAP_GTT_VERSION => Ok(MMAP_GTT_VERSION),
        I915_PARAM_PERF_REVISION => Ok(PERF_REVISION),
        I915_PARAM_VM_BIND_VERSION => Ok(facts.vm_bind_version as i32),
        I915_PARAM_VM_BIND_EXTENSIONS => Ok(match facts.vm_bind_version {
            0 | 1 => 0,
            _ => {
                I915_VM_BIND_HAS_READONLY
                    | I915_VM_BIND_HAS_NULL
                    | I915_VM_BIND_HAS_FENCES
                    | I915_VM_BIND_HAS_OPS
            }
        }),

        // No fence registers, overlay, eDRAM, privileged batches (gone since Gen6),
        // command parser (Gen7 and Gen9's blitter), pooled EUs (Broxton), resource
        // streamer, nor an aperture whose writes are seen at once.
        I915_PARAM_NUM_FENCES_AVAIL
        | I915_PARAM_HAS_OVERLAY
        | I915_PARAM_HAS_WT
        | I915_PARAM_HAS_SECURE_BATCHES
        | I915_PARAM_CMD_PARSER_VERSION
        | I915_PARAM_HAS_RESOURCE_STREAMER
        | I915_PARAM_HAS_POOLED_EU
        | I915_PARAM_MIN_EU_IN_POOL
        | I915_PARAM_MMAP_GTT_COHERENT => Ok(0),

        // No HuC, no protected content.
        I915_PARAM_HUC_STATUS | I915_PARAM_PXP_STATUS => Err(Errno::ENODEV),

        // i915 without the GuC reports success, and this as the value.
        I915_PARAM_HAS_CONTEXT_FREQ_HINT => Ok(Errno::EINVAL.code()),

        I915_PARAM_MMAP_VERSION
        | I915_PARAM_HAS_GEM
        | I915_PARAM_HAS_PAGEFLIPPING
        | I915_PARAM_HAS_EXECBUF2
        | I915_PARAM_HAS_RELAXED_FENCING
        | I915_PARAM_HAS_COHERENT_RINGS
        | I915_PARAM_HAS_RELAXED_DELTA
        | I915_PARAM_HAS_GEN7_SOL_RESET
        | I915_PARAM_HAS_WAIT_TIMEOUT
        | I915_PARAM_HAS_PRIME_VMAP_FLUSH
        | I915_PARAM_HAS_PINNED_BATCHES
        | I915_PARAM_HAS_EXEC_NO_RELOC
        | I915_PARAM_HAS_EXEC_HANDLE_LUT
        | I915_PARAM_HAS_COHERENT_PHYS_GTT
        | I915_PARAM_HAS_EXEC_SOFTPIN
        | I915_PARAM_HAS_EXEC_ASYNC
        | I915_PARAM_HAS_EXEC_FENCE
        | I915_PARAM_HAS_EXEC_CAPTURE
        | I915_PARAM_HAS_EXEC_BATCH_FIRST
        | I915_PARAM_HAS_EXEC_FENCE_ARRAY
        | I915_PARAM_HAS_EXEC_SUBMIT_FENCE
        | I915_PARAM_HAS_EXEC_TIMELINE_FENCES
        | I915_PARAM_HAS_USERPTR_PROBE => Ok(1),

        _ => Err(Errno::EINVAL),
    }
}

#[cfg(test)]
mod tests {
    use super::super::platform::{ice_lake, tiger_lake, PlatformFacts};
    use super::*;

    fn on(facts: &PlatformFacts) -> Environment<'_> {
        Environment {
            facts,
            hangcheck: true,
            reset: facts.reset,
        }
    }

    /// Every parameter of the header on Tiger Lake, in its order.
    #[test]
    fn tiger_lake_answers() {
        let enodev = Err(Errno::ENODEV);
        let expected = [
            enodev,
            enodev,
            enodev,
            Ok(0x9a49),
            Ok(1),
            Ok(0),
            Ok(0),
            Ok(1),
            Ok(1),
            Ok(1),
            Ok(1),
            Ok(1),
            Ok(1),
            enodev,
            Ok(1),
            Ok(1),
            Ok(1),
            Ok(2),
            Ok(1),
            Ok(1),
            Ok(1),
            Ok(1),
            Ok(0),
            Ok(1),
            Ok(1),
            Ok(1),
            Ok(0),
            Ok(0),
            Ok(1),
            Ok(1),
            Ok(1),
            Ok(3),
            Ok(6),
            Ok(96),
            Ok(2),
            Ok(0),
            Ok(1),
            Ok(0),
            Ok(0),
            Ok(5),
            Ok(0x1f),
            enodev,
            Ok(1),
            Ok(1),
            Ok(1),
            Ok(1),
            Ok(0x3f),
            Ok(1),
            Ok(1),
            Ok(0xf),
            Ok(19_200_000),
            Ok(0),
            Ok(1),
            Ok(7),
            Ok(1),
            Ok(1),
            Ok(19_200_000),
            enodev,
            Ok(-22),
        ];
        assert_eq!(expected.len(), 59);
        for (parameter, expected) in (1..).zip(expected) {
            assert_eq!(
                answer(&on(&tiger_lake()), parameter),
                expected,
                "parameter {parameter}"
            );
        }
        assert_eq!(
            answer(&on(&tiger_lake()), I915_PARAM_VM_BIND_VERSION),
            Ok(2)
        );
    }

    #[test]
    fn unknown_parameters_are_einval() {
        for parameter in [0, -1, 60, 0x10038, 0x1003a, i32::MIN, i32::MAX] {
            assert_eq!(answer(&on(&tiger_lake()), parameter), Err(Errno::EINVAL));
        }
    }

    #[test]
    fn resets_are_what_the_parameters_let_be_reset() {
        let facts = tiger_lake();
        for (hangcheck, reset, has) in [
            (true, ResetSupport::Engine, 2),
            (true, ResetSupport::Device, 1),
            (true, ResetSupport::None, 0),
            (false, ResetSupport::Engine, 0),
        ] {
            let environment = Environment {
                facts: &facts,
                hangcheck,
                reset,
            };
            assert_eq!(answer(&environment, I915_PARAM_HAS_GPU_RESET), Ok(has));
        }
    }

    #[test]
    fn ice_lake_has_64_eus_and_no_vm_bind() {
        let facts = ice_lake();
        assert_eq!(answer(&on(&facts), I915_PARAM_EU_TOTAL), Ok(64));
        assert_eq!(answer(&on(&facts), I915_PARAM_VM_BIND_VERSION), Ok(0));
        assert_eq!(answer(&on(&facts), I915_PARAM_VM_BIND_EXTENSIONS), Ok(0));
    }

    #[test]
    fn extensions_of_vm_bind_come_with_version_2() {
        let mut facts = tiger_lake();
        let extensions = answer(&on(&facts), I915_PARAM_VM_BIND_EXTENSIONS);
        assert_eq!(extensions, Ok(0xf));
        facts.vm_bind_version = 1;
        let extensions = answer(&on(&facts), I915_PARAM_VM_BIND_EXTENSIONS);
        assert_eq!(extensions, Ok(0));
    }

    #[test]
    fn a_topology_without_subslices_is_enodev() {
        let mut facts = tiger_lake();
        facts.subslice_mask = 0;
        for parameter in [
            I915_PARAM_SUBSLICE_TOTAL,
            I915_PARAM_EU_TOTAL,
            I915_PARAM_SUBSLICE_MASK,
        ] {
            assert_eq!(answer(&on(&facts), parameter), Err(Errno::ENODEV));
        }
    }
}
