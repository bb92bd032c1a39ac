//! Where most of some figures lie.

use std::fmt;

use serde::Serialize;

/// The middle of the values, and the middles of the lower and the upper half.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The middle.
    pub median: f64,
    /// A quarter of the values lie below.
    pub low: f64,
    /// A quarter lie above.
    pub high: f64,
}

impl Spread {
    /// Of at least one value.
    pub fn of(mut values: Vec<f64>) -> Self {
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
        let digits = if self.median < 100.0 { 2 } else { 0 };
        let (median, low, high) = (self.median, self.low, self.high);
        f.pad(&format!(
            "{median:.digits$} ({low:.digits$} to {high:.digits$})"
        ))
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
