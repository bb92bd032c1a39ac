// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Locks for interrupt context, and time limits. To wait for a condition, use the kernel
//! crate's `CondVar`, which takes guards of [`IrqLock`] as well as of `Mutex`.

use core::time::Duration;
use kernel::{bindings, error::Error, time::Jiffies};

use crate::raw;
pub(crate) use crate::virtio::{IrqBackend, IrqLock};

/// A wait's time limit was reached. The kernel crate has no constant for it.
pub(crate) const ETIME: Error = errno(bindings::ETIME);
/// A fence's command was never sent.
pub(crate) const ECANCELED: Error = errno(bindings::ECANCELED);
/// The lock is held already.
pub(super) const EALREADY: Error = errno(bindings::EALREADY);
/// Somebody else must have these locks first.
pub(super) const EDEADLK: Error = errno(bindings::EDEADLK);

/// The kernel crate makes errors of numbers only at run time.
const fn errno(number: u32) -> Error {
    assert!(number > 0 && number < 4096);
    // SAFETY: An `Error` is one non-zero i32 that holds a negative errno, and nothing
    // else: see `check_errno`, which the module's start calls.
    unsafe { core::mem::transmute::<i32, Error>(-(number as i32)) }
}

/// Whether the constants here are what the kernel crate makes of the same numbers.
pub(crate) fn check_errno() -> bool {
    [
        (ETIME, bindings::ETIME),
        (ECANCELED, bindings::ECANCELED),
        (EDEADLK, bindings::EDEADLK),
        (EALREADY, bindings::EALREADY),
    ]
    .into_iter()
    .all(|(error, number)| error == Error::from_errno(-(number as i32)))
}

/// Nanoseconds of a timer tick: no wait is more exact.
pub(crate) const JIFFY_NS: u64 = 1_000_000_000 / raw::igpu_constants_IGPU_HZ as u64;

/// The longest time there is for the scheduler's timers, in the milliseconds that
/// `jiffies_to_msecs` makes of it: 32 bits.
pub(crate) fn max_schedule_timeout_ms() -> u64 {
    // SAFETY: It only calculates.
    unsafe { raw::igpu_max_schedule_timeout_ms() }
}

/// So many timer ticks, in nanoseconds.
pub(crate) fn jiffies_to_ns(jiffies: usize) -> u64 {
    // SAFETY: It only calculates.
    unsafe { raw::igpu_jiffies_to_nsecs(jiffies) }
}

/// Sleeps for at least so long. Process context.
pub(crate) fn sleep_ms(milliseconds: u32) {
    // SAFETY: The caller may sleep.
    unsafe { bindings::msleep(milliseconds) }
}

/// The time since 1970. Any context.
pub(crate) fn real_time() -> Duration {
    // SAFETY: It only reads clocks.
    Duration::from_nanos(unsafe { bindings::ktime_get_real_fast_ns() })
}

/// The time since the machine was started. Any context.
pub(crate) fn boot_time() -> Duration {
    // SAFETY: It only reads clocks.
    Duration::from_nanos(unsafe { bindings::ktime_get_boot_fast_ns() })
}

/// Lets others run who want to. Process context.
pub(crate) fn give_way() {
    // SAFETY: The caller may sleep.
    unsafe { raw::igpu_cond_resched() }
}

/// How long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timeout {
    /// Not at all: look only.
    Poll,
    /// For as long as it takes.
    Forever,
    /// For at least this long.
    Nanoseconds(u64),
}

/// The longest wait the scheduler knows, which is for ever.
const MAX_JIFFIES: u64 = i64::MAX as u64;

impl Timeout {
    /// In timer ticks, rounded up so that the wait is never too short.
    pub(crate) fn jiffies(self) -> Jiffies {
        let ticks = match self {
            Self::Poll => 0,
            Self::Forever => MAX_JIFFIES,
            Self::Nanoseconds(0) => 0,
            Self::Nanoseconds(ns) => {
                // The tick that runs already may be almost over: one more.
                (ns.div_ceil(JIFFY_NS) + 1).min(MAX_JIFFIES - 1)
            }
        };
        ticks as Jiffies
    }

    /// What is left of it after `elapsed` nanoseconds.
    pub(super) fn left_after(self, elapsed: u64) -> u64 {
        match self {
            Self::Poll => 0,
            Self::Forever => u64::MAX,
            Self::Nanoseconds(ns) => ns.saturating_sub(elapsed),
        }
    }
}
