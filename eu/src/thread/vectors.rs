//! Operations on dwords, compiled for what the host's processor has: the same code, with longer
//! vectors. One of the rooms with `unsafe`: what is compiled for a feature may only be called
//! where it is there.

use super::file::RegisterFile;
use super::packed;
use super::rounding::FloatMode;
use crate::kernel::op::Op;

/// What the host's processor has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vectors {
    /// AVX2 and what goes with it. Nothing but [`Vectors::detect`] sets it.
    #[cfg(target_arch = "x86_64")]
    avx2: bool,
}

impl Vectors {
    /// Asks the processor.
    pub(super) fn detect() -> Self {
        Self {
            #[cfg(target_arch = "x86_64")]
            avx2: std::arch::is_x86_feature_detected!("avx2")
                && std::arch::is_x86_feature_detected!("fma")
                && std::arch::is_x86_feature_detected!("bmi2")
                && std::arch::is_x86_feature_detected!("lzcnt")
                && std::arch::is_x86_feature_detected!("popcnt"),
        }
    }

    /// Executes ops as far as they are [`packed`]; returns how many.
    #[inline(always)]
    pub(super) fn run(
        self,
        file: &mut RegisterFile,
        mode: FloatMode,
        ops: &[Op],
        active: u32,
    ) -> usize {
        #[cfg(target_arch = "x86_64")]
        if self.avx2 {
            // SAFETY: `avx2` is only true where the processor has said that it has all that the
            // function is compiled for.
            return unsafe { with_avx2(file, mode, ops, active) };
        }
        packed::run(file, mode, ops, active)
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,bmi2,lzcnt,popcnt")]
fn with_avx2(file: &mut RegisterFile, mode: FloatMode, ops: &[Op], active: u32) -> usize {
    packed::run(file, mode, ops, active)
}
