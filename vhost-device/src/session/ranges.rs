// SPDX-License-Identifier: Apache-2.0 OR MIT

//! How many extents an address space has bound, without asking the executor: the ledger
//! behind the limit on bound extents. Knows ranges and counts, nothing of memory.
//!
//! The count is an upper bound. A range that is cut keeps, for each piece, as many
//! extents as the whole had, or as the piece has pages if those are fewer.

use std::collections::BTreeMap;

const PAGE: u64 = virtio_igpu_protocol::GPU_PAGE_SIZE;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    length: u64,
    extents: u64,
    /// Whether it holds memory.
    backed: bool,
}

/// The bound ranges of one address space. They don't overlap.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranges {
    entries: BTreeMap<u64, Entry>,
    extents: u64,
    bytes: u64,
}

impl Ranges {
    /// Extents bound, at most.
    pub(super) fn extents(&self) -> u64 {
        self.extents
    }

    /// Bytes of memory bound, as often as they are.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Ranges bound.
    pub(super) fn count(&self) -> u64 {
        self.entries.len() as u64
    }

    /// By how much the number of ranges changes with a [`Ranges::replace`].
    pub(super) fn growth(&self, start: u64, length: u64, bound: bool) -> i64 {
        let end = start + length;
        let before = self.before(start).map(|at| self.entries[&at].length + at);
        let inside = self.entries.range(start..end);
        let reaches_past = |at: u64, length: u64| i64::from(at + length > end);
        // What begins before the range keeps its beginning, and its end if that is past it.
        let cut = before.map_or(0, |its_end| i64::from(its_end > end));
        let replaced = inside.map(|(at, entry)| reaches_past(*at, entry.length) - 1);
        i64::from(bound) + cut + replaced.sum::<i64>()
    }

    /// Where the range begins that reaches from before `start` past it.
    fn before(&self, start: u64) -> Option<u64> {
        let (at, entry) = self.entries.range(..start).next_back()?;
        (*at + entry.length > start).then_some(*at)
    }

    fn insert(&mut self, start: u64, entry: Entry) {
        self.extents += entry.extents;
        self.bytes += u64::from(entry.backed) * entry.length;
        self.entries.insert(start, entry);
    }

    /// The range now holds `extents` extents (none: it is unbound), of memory if it is
    /// `backed`. The caller vouches that `start + length` doesn't wrap.
    pub(super) fn replace(&mut self, start: u64, length: u64, extents: u64, backed: bool) {
        let end = start + length;
        let first = self.before(start).unwrap_or(start);
        let touched: Vec<u64> = self.entries.range(first..end).map(|(at, _)| *at).collect();
        for at in touched {
            let Some(entry) = self.entries.remove(&at) else {
                continue;
            };
            self.extents -= entry.extents;
            self.bytes -= u64::from(entry.backed) * entry.length;
            let mut keep = |from: u64, to: u64| {
                if from < to {
                    let length = to - from;
                    let extents = entry.extents.min(length.div_ceil(PAGE));
                    let backed = entry.backed;
                    self.insert(
                        from,
                        Entry {
                            length,
                            extents,
                            backed,
                        },
                    );
                }
            };
            keep(at, start.min(at + entry.length));
            keep(end.max(at), at + entry.length);
        }
        if extents > 0 {
            self.insert(
                start,
                Entry {
                    length,
                    extents,
                    backed,
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_cut_dropped_and_counted() {
        let mut ranges = Ranges::default();
        ranges.replace(0x10_000, 0x10_000, 16, true);
        ranges.replace(0x20_000, 0x10_000, 1, false);
        assert_eq!((ranges.extents(), ranges.bytes()), (17, 0x10_000));
        // A hole in the first: three pages before it, twelve behind.
        ranges.replace(0x13_000, 0x1000, 0, false);
        assert_eq!(ranges.extents(), 3 + 12 + 1);
        assert_eq!(ranges.bytes(), 0xf000);
        // Over the edge of both.
        ranges.replace(0x1f_000, 0x2000, 2, true);
        assert_eq!(ranges.extents(), 3 + 11 + 2 + 1);
        assert_eq!(ranges.bytes(), 0xf000 - 0x1000 + 0x2000);
        ranges.replace(0, u64::MAX, 0, false);
        assert_eq!((ranges.extents(), ranges.bytes()), (0, 0));
        assert!(ranges.entries.is_empty());
    }

    #[test]
    fn the_count_is_never_less_than_a_page_by_page_model_says() {
        // A page-by-page model in which each bind has as many extents as pages.
        let mut seed = 7_u64;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        let mut ranges = Ranges::default();
        let mut pages = [false; 64];
        for _ in 0..2000 {
            let start = random(64);
            let length = 1 + random(64 - start);
            let bind = random(2) == 1;
            let extents = if bind { length } else { 0 };
            let count = ranges.count() as i64;
            let grows = ranges.growth(start * PAGE, length * PAGE, bind);
            ranges.replace(start * PAGE, length * PAGE, extents, true);
            assert_eq!(ranges.count() as i64, count + grows);
            pages[start as usize..(start + length) as usize].fill(bind);
            assert_eq!(
                ranges.extents(),
                pages.iter().filter(|page| **page).count() as u64
            );
        }
    }
}
