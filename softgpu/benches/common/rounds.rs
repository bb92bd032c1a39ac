//! Rounds, in which what is to be compared is measured in turn, and what is said of them.

use std::time::Duration;

use serde_json::{Value, json};

/// How often something short is done in a round.
pub(crate) const TRIPS: usize = 200;

/// Median and quartiles.
pub(crate) fn spread(mut values: Vec<f64>) -> Value {
    values.sort_by(f64::total_cmp);
    let at = |part: f64| values[((values.len() - 1) as f64 * part).round() as usize];
    json!({ "median": at(0.5), "low": at(0.25), "high": at(0.75) })
}

/// Seconds of each, measured in turn.
pub(crate) fn in_turn<const N: usize>(
    rounds: usize,
    mut measure: [&mut dyn FnMut() -> Duration; N],
) -> [Vec<f64>; N] {
    let mut all = [(); N].map(|()| Vec::new());
    for _ in 0..rounds {
        for (measure, times) in measure.iter_mut().zip(&mut all) {
            times.push(measure().as_secs_f64());
        }
    }
    all
}

/// One's times in the other's, round by round.
pub(crate) fn ratios(one: &[f64], other: &[f64]) -> Vec<f64> {
    one.iter()
        .zip(other)
        .map(|(one, other)| one / other)
        .collect()
}

/// Each round's median of many.
pub(crate) fn median_of_many(once: &mut dyn FnMut() -> Duration) -> Duration {
    let mut times: Vec<_> = (0..TRIPS).map(|_| once()).collect();
    times.sort_unstable();
    times[TRIPS / 2]
}
