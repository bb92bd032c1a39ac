//! One time axis for guest and host: what has to be added to the guest's clock, found from
//! what cannot have happened before what.
//!
//! A command reaches the device after the driver has sent it, so the host's stamp of its
//! taking less the guest's of its sending is at least the offset; its fence is signalled
//! after the device has given it back, so the host's stamp of that less the guest's of the
//! signal is at most the offset. Each command bounds the offset from both sides, and the
//! clocks drift apart steadily: of the lines that keep to all bounds, the one that keeps
//! farthest from them is taken, and the one that is farthest from it says how wrong it can
//! be.

/// A bound of the offset: when, by the guest's clock, and how much. Microseconds.
pub(super) type Bound = (f64, f64);

/// How far one clock may run from another: the fastest and slowest that are tried.
const MOST_DRIFT: f64 = 0.01;

/// The guest's clock in the host's terms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fit {
    begin: f64,
    offset: f64,
    drift: f64,
    /// How wrong a time can be, at most, from the first command to the last.
    pub(super) error: f64,
}

impl Fit {
    /// The host's time at a time of the guest's.
    pub(super) fn host(&self, guest: f64) -> f64 {
        guest + self.offset + self.drift * (guest - self.begin)
    }

    /// How much faster the host's clock runs, in millionths.
    pub(super) fn drift_ppm(&self) -> f64 {
        self.drift * 1e6
    }
}

/// What is left between the bounds around a line of that drift: its middle, and half the
/// room around it.
fn room(begin: f64, drift: f64, least: &[Bound], most: &[Bound]) -> (f64, f64) {
    let level = |&(at, offset): &Bound| offset - drift * (at - begin);
    let least = least.iter().map(level).fold(f64::NEG_INFINITY, f64::max);
    let most = most.iter().map(level).fold(f64::INFINITY, f64::min);
    ((least + most) / 2.0, (most - least) / 2.0)
}

/// The line between what the offset is `least` and `most`. `None` without both.
pub(super) fn fit(least: &[Bound], most: &[Bound]) -> Option<Fit> {
    if least.is_empty() || most.is_empty() {
        return None;
    }
    let all = || least.iter().chain(most).map(|(at, _)| *at);
    let begin = all().fold(f64::INFINITY, f64::min);
    let end = all().fold(f64::NEG_INFINITY, f64::max);
    // The room is a concave function of the drift.
    let (mut low, mut high) = match end > begin {
        true => (-MOST_DRIFT, MOST_DRIFT),
        false => (0.0, 0.0),
    };
    for _ in 0..100 {
        let (one, other) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if room(begin, one, least, most).1 < room(begin, other, least, most).1 {
            low = one;
        } else {
            high = other;
        }
    }
    let drift = (low + high) / 2.0;
    let (offset, half) = room(begin, drift, least, most);
    let mut fit = Fit {
        begin,
        offset,
        drift,
        error: 0.0,
    };
    // Where no line keeps to all bounds the clocks did not drift steadily: by as much as is
    // missing, each bound is widened.
    let widened = (-half).max(0.0);
    let edge = |upwards: bool, at: f64, drift: f64| {
        let (middle, half) = room(begin, drift, least, most);
        let level = if upwards {
            middle + half
        } else {
            middle - half
        };
        let widened = if upwards { widened } else { -widened };
        level + widened + drift * (at - begin)
    };
    let is_possible = |drift: f64| room(begin, drift, least, most).1 + widened >= 0.0;
    let slowest = last_possible(drift, -MOST_DRIFT, is_possible);
    let fastest = last_possible(drift, MOST_DRIFT, is_possible);
    // What is farthest from this line, among the lines that keep to all bounds, is so at an
    // end of the run.
    for at in [begin, end] {
        let told = fit.host(at) - at;
        for upwards in [false, true] {
            let distance = |drift: f64| (edge(upwards, at, drift) - told).abs();
            let (mut low, mut high) = (slowest, fastest);
            for _ in 0..100 {
                let (one, other) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
                if distance(one) < distance(other) {
                    low = one;
                } else {
                    high = other;
                }
            }
            fit.error = fit.error.max(distance((low + high) / 2.0));
        }
    }
    Some(fit)
}

/// From what is possible towards what is not: the last that is.
fn last_possible(mut possible: f64, mut not: f64, is_possible: impl Fn(f64) -> bool) -> f64 {
    if is_possible(not) {
        return not;
    }
    for _ in 0..60 {
        let middle = (possible + not) / 2.0;
        match is_possible(middle) {
            true => possible = middle,
            false => not = middle,
        }
    }
    possible
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_that_drifts_is_found_within_the_bound_that_is_told() {
        let mut seed = 1_u64;
        let mut random = |below: f64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as f64 / (1_u64 << 31) as f64 * below
        };
        for drift in [0.0, 4e-5, -3e-4] {
            let truth = |at: f64| 5_000.0 + drift * (at - 1e6);
            let (mut least, mut most) = (Vec::new(), Vec::new());
            for command in 0..2000 {
                let at = 1e6 + f64::from(command) * 500.0;
                most.push((at, truth(at) + 5.0 + random(200.0)));
                least.push((at + 100.0, truth(at + 100.0) - 9.0 - random(300.0)));
            }
            let fit = fit(&least, &most).expect("a line");
            assert!(fit.error < 25.0, "{fit:?}");
            for at in [1e6, 1.3e6, 2e6] {
                let wrong = (fit.host(at) - at - truth(at)).abs();
                assert!(wrong <= fit.error, "{wrong} at {at}: {fit:?}");
            }
        }
    }

    #[test]
    fn a_single_command_bounds_too_and_none_does_not() {
        let fit_one = fit(&[(100.0, 40.0)], &[(90.0, 60.0)]).expect("a line");
        assert!(fit_one.error >= 9.9 && (fit_one.host(95.0) - 145.0).abs() < 10.1);
        assert_eq!(fit(&[], &[(1.0, 1.0)]), None);
        assert_eq!(fit(&[(1.0, 1.0)], &[]), None);
    }
}
