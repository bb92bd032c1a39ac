//! The GPU's clock: one 36-bit counter at the platform's frequency, which every
//! TIMESTAMP register shows.

use std::time::{Duration, Instant};

/// Bits of the counter that count (volume 2c, RCS_TIMESTAMP).
const TIMESTAMP_BITS: u32 = 36;

/// Counts ticks since it was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
    frequency_hz: u64,
}

impl Clock {
    pub(crate) fn new(frequency_hz: u64) -> Self {
        Self {
            start: Instant::now(),
            frequency_hz,
        }
    }

    /// The counter now.
    pub(crate) fn timestamp(&self) -> u64 {
        self.ticks(self.start.elapsed()) & ((1 << TIMESTAMP_BITS) - 1)
    }

    /// How many ticks a duration has.
    pub(crate) fn ticks(&self, duration: Duration) -> u64 {
        (duration.as_nanos() * u128::from(self.frequency_hz) / 1_000_000_000) as u64
    }
}
