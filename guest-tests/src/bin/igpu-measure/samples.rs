//! Times of one call over many rounds, and counters at rest.

use std::time::{Duration, Instant};

use virtio_igpu_guest_tests::client::{Counters, Result};

/// Calls of a burst.
const BURST: u32 = 10;

/// Nanoseconds that a call takes, made so many times: on average over the fastest of the
/// bursts of ten. A burst is shorter than what a busy machine's scheduler gives away at
/// once, so the fastest one was not interrupted by other work.
pub(crate) fn time_each<E>(
    times: u32,
    mut call: impl FnMut(u32) -> std::result::Result<(), E>,
) -> std::result::Result<f64, E> {
    let mut fastest = f64::INFINITY;
    for burst in 0..times / BURST {
        let begin = Instant::now();
        for time in burst * BURST..(burst + 1) * BURST {
            call(time)?;
        }
        fastest = fastest.min(begin.elapsed().as_secs_f64());
    }
    Ok(fastest * 1e9 / f64::from(BURST))
}

/// Lets the device catch up, so that its interrupts don't fall into what comes next.
pub(crate) fn settle() {
    std::thread::sleep(Duration::from_millis(20));
}

/// The driver's counters when they have come to rest.
pub(crate) fn counters() -> Result<Counters> {
    let mut last = Counters::read()?;
    loop {
        std::thread::sleep(Duration::from_millis(50));
        let now = Counters::read()?;
        if now == last {
            return Ok(now);
        }
        last = now;
    }
}
