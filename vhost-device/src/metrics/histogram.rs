// SPDX-License-Identifier: Apache-2.0 OR MIT

//! How often durations of each size came: a log-linear histogram in fixed memory.
//!
//! Each power of two is cut into [`PARTS`] equal buckets, so a bucket is never wider than an
//! eighth of what falls into it; below [`PARTS`] nanoseconds each has its own. What is longer
//! than [`LONGEST_NS`] counts as that long.

/// Buckets of each power of two.
pub const PARTS: u64 = 1 << PART_BITS;
const PART_BITS: u32 = 3;

/// Powers of two that are told apart: durations up to 2^37 ns, over two minutes.
const POWERS: u32 = 37;

/// The longest that has a bucket of its own.
pub const LONGEST_NS: u64 = (1 << POWERS) - 1;

const BUCKETS: usize = (POWERS - PART_BITS + 1) as usize * PARTS as usize;

/// How many of each size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram([u64; BUCKETS]);

impl Default for Histogram {
    fn default() -> Self {
        Self([0; BUCKETS])
    }
}

/// The bucket of a duration.
fn bucket(ns: u64) -> usize {
    let ns = ns.min(LONGEST_NS);
    if ns < PARTS {
        return ns as usize;
    }
    let power = ns.ilog2();
    let part = (ns >> (power - PART_BITS)) - PARTS;
    (u64::from(power - PART_BITS + 1) * PARTS + part) as usize
}

/// The longest duration of a bucket.
fn upper(bucket: usize) -> u64 {
    let (row, part) = (bucket as u64 / PARTS, bucket as u64 % PARTS);
    match row {
        0 => part,
        row => ((PARTS + part + 1) << (row - 1)) - 1,
    }
}

impl Histogram {
    /// Counts a duration, in nanoseconds.
    pub fn add(&mut self, ns: u64) {
        self.0[bucket(ns)] += 1;
    }

    /// The buckets that aren't empty: the longest duration that falls into each, in
    /// nanoseconds, and how many did.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        let filled = self.0.iter().enumerate().filter(|(_, count)| **count > 0);
        filled.map(|(bucket, &count)| (upper(bucket), count))
    }

    /// How many took no longer than `ns`, which is the longest of its bucket.
    pub fn up_to(&self, ns: u64) -> u64 {
        self.0[..=bucket(ns)].iter().sum()
    }

    /// The duration which `share` (0 to 1) of all do not exceed, rounded up to its bucket's
    /// longest; zero if there are none.
    pub fn quantile(&self, share: f64) -> u64 {
        let all: u64 = self.0.iter().sum();
        let wanted = ((all as f64 * share).ceil() as u64).clamp(1, all.max(1));
        let mut seen = 0;
        for (upper, count) in self.buckets() {
            seen += count;
            if seen >= wanted {
                return upper;
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_and_are_narrow() {
        assert_eq!(bucket(0), 0);
        assert_eq!(bucket(LONGEST_NS), BUCKETS - 1);
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        assert_eq!(upper(BUCKETS - 1), LONGEST_NS);
        for at in 0..BUCKETS {
            let (first, last) = (if at == 0 { 0 } else { upper(at - 1) + 1 }, upper(at));
            assert_eq!((bucket(first), bucket(last)), (at, at));
            assert!((last - first) * PARTS <= first, "{first} to {last}");
        }
    }

    #[test]
    fn quantiles_are_at_most_an_eighth_too_long() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), 0);
        (1..=1000).for_each(|microsecond| histogram.add(microsecond * 1000));
        for (share, is) in [
            (0.5, 500_000),
            (0.9, 900_000),
            (0.99, 990_000),
            (1.0, 1_000_000),
        ] {
            let told = histogram.quantile(share);
            assert!(told >= is && told <= is + is / PARTS, "{share}: {told}");
        }
        assert_eq!(histogram.up_to(LONGEST_NS), 1000);
        assert_eq!(histogram.up_to((1 << 19) - 1), 524);
        assert_eq!(
            histogram.buckets().map(|(_, count)| count).sum::<u64>(),
            1000
        );
    }
}
