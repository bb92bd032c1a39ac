//! Times of one call over many rounds, and counters at rest.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;
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

/// The middle of the values, and the middles of the lower and the upper half.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Spread {
    /// Of at least one value.
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let place = part * (values.len() - 1) as f64;
            let (below, above) = (place.floor() as usize, place.ceil() as usize);
            values[below] + (values[above] - values[below]) * place.fract()
        };
        Self {
            median: at(0.5),
            low: at(0.25),
            high: at(0.75),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.2} ({:.2} to {:.2})", self.median, self.low, self.high);
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn middles_of_all_and_of_the_halves() {
        let spread = Spread::of(vec![5.0, 1.0, 3.0, 2.0, 4.0]);
        assert_eq!((spread.low, spread.median, spread.high), (2.0, 3.0, 4.0));
        let spread = Spread::of(vec![2.0, 1.0]);
        assert_eq!((spread.low, spread.median, spread.high), (1.25, 1.5, 1.75));
    }
}
