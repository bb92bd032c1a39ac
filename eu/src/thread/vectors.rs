//! The interpreter compiled for what the host's processor has: the same code, with longer
//! vectors. One of the rooms with `unsafe`: what is compiled for a feature may only be called
//! where it is there.

use super::{Pause, Thread};
use crate::kernel::Kernel;
use crate::memory::Memory;
use crate::shared::{LocalMemory, Sender, SharedFunctions};
use crate::trap::Trap;

/// What [`Thread::run`] takes.
pub(super) struct Run<'a, M> {
    pub(super) thread: &'a mut Thread,
    pub(super) kernel: &'a Kernel,
    pub(super) sender: Sender,
    pub(super) functions: &'a mut SharedFunctions<M>,
    pub(super) local: &'a mut LocalMemory,
    pub(super) budget: &'a mut u64,
}

impl<M: Memory> Run<'_, M> {
    #[inline(always)]
    fn here(self) -> Result<Pause, Trap> {
        self.thread.run_here(
            self.kernel,
            self.sender,
            self.functions,
            self.local,
            self.budget,
        )
    }
}

/// Runs a thread.
#[cfg(target_arch = "x86_64")]
pub(super) fn run<M: Memory>(run: Run<'_, M>) -> Result<Pause, Trap> {
    if std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512vl")
        && std::arch::is_x86_feature_detected!("avx512bw")
        && std::arch::is_x86_feature_detected!("avx512dq")
        && has_avx2()
    {
        // SAFETY: the processor has all that `run_avx512` is compiled for, as was just asked.
        return unsafe { run_avx512(run) };
    }
    if has_avx2() {
        // SAFETY: the processor has all that `run_avx2` is compiled for, as was just asked.
        return unsafe { run_avx2(run) };
    }
    run.here()
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
        && std::arch::is_x86_feature_detected!("fma")
        && std::arch::is_x86_feature_detected!("bmi2")
        && std::arch::is_x86_feature_detected!("lzcnt")
        && std::arch::is_x86_feature_detected!("popcnt")
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,bmi2,lzcnt,popcnt")]
fn run_avx2<M: Memory>(run: Run<'_, M>) -> Result<Pause, Trap> {
    run.here()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,bmi2,lzcnt,popcnt,avx512f,avx512vl,avx512bw,avx512dq")]
fn run_avx512<M: Memory>(run: Run<'_, M>) -> Result<Pause, Trap> {
    run.here()
}

/// Runs a thread.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn run<M: Memory>(run: Run<'_, M>) -> Result<Pause, Trap> {
    run.here()
}
