//! Times of calls.

use std::time::{Duration, Instant};

use virtio_igpu_guest_tests::spread::Spread;

/// The time of a call in microseconds, over so many samples; each of them of `burst` calls
/// in a row, of which the time is an equal part.
pub(crate) fn time_us<E>(
    times: u32,
    burst: u32,
    mut call: impl FnMut() -> Result<(), E>,
) -> Result<Spread, E> {
    let mut samples = Vec::with_capacity(times as usize);
    for _ in 0..times {
        let begin = Instant::now();
        for _ in 0..burst {
            call()?;
        }
        samples.push(begin.elapsed().as_secs_f64() * 1e6 / f64::from(burst));
    }
    Ok(Spread::of(samples))
}

/// Lets the devices come to rest.
pub(crate) fn settle() {
    std::thread::sleep(Duration::from_millis(5));
}
