//! The GPU's clock: what time it is for the scheduler, and one 36-bit counter at the
//! platform's frequency, which every TIMESTAMP register shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Bits of the counter that count (volume 2c, RCS_TIMESTAMP).
const TIMESTAMP_BITS: u32 = 36;

/// How long a batch's look at a virtual clock takes: more than a tick, so that who looks
/// again sees a later time.
const LOOK: Duration = Duration::from_nanos(100);

/// Counts from when it was made. Clones share the time.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    start: Instant,
    frequency_hz: u64,
    /// Of a virtual clock, nanoseconds since the start: it is moved on by hand alone.
    virtual_ns: Option<Arc<AtomicU64>>,
}

impl Clock {
    /// The host's time.
    pub(crate) fn new(frequency_hz: u64) -> Self {
        Self {
            start: Instant::now(),
            frequency_hz,
            virtual_ns: None,
        }
    }

    /// A time of its own, which stands still unless it is moved on.
    pub(crate) fn stopped(frequency_hz: u64) -> Self {
        Self {
            virtual_ns: Some(Arc::default()),
            ..Self::new(frequency_hz)
        }
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Instant {
        match &self.virtual_ns {
            None => Instant::now(),
            Some(_) => self.start + self.elapsed(),
        }
    }

    /// When that long has passed; never, if time passes only by what is executed.
    pub(crate) fn deadline(&self, time: Duration) -> Option<Instant> {
        match &self.virtual_ns {
            None => Instant::now().checked_add(time),
            Some(_) => None,
        }
    }

    /// How long ago it was made.
    pub(crate) fn elapsed(&self) -> Duration {
        match &self.virtual_ns {
            None => self.start.elapsed(),
            Some(ns) => Duration::from_nanos(ns.load(Ordering::Relaxed)),
        }
    }

    /// Moves a virtual clock on.
    pub(crate) fn advance(&self, time: Duration) {
        if let Some(ns) = &self.virtual_ns {
            ns.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
        }
    }

    /// The counter as a batch sees it now.
    pub(crate) fn timestamp(&self) -> u64 {
        self.advance(LOOK);
        self.read_timestamp()
    }

    /// The counter now.
    pub(crate) fn read_timestamp(&self) -> u64 {
        self.ticks(self.elapsed()) & ((1 << TIMESTAMP_BITS) - 1)
    }

    /// How many ticks a duration has.
    pub(crate) fn ticks(&self, duration: Duration) -> u64 {
        (duration.as_nanos() * u128::from(self.frequency_hz) / 1_000_000_000) as u64
    }
}
