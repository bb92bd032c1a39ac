// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Where an object goes that userspace does not pin (`i915_gem_gtt.c:i915_gem_gtt_insert`).
//!
//! i915 takes the smallest hole that fits, and the lowest of several; where nothing fits
//! it evicts. [`find`] does the search over whatever ordered list of used ranges the
//! caller has, in one pass and without memory of its own; with [`Choice::Smallest`] it
//! looks at every hole, with the others it takes less.

use super::address::{Range, PAGE_SIZE};
use super::execbuffer2::{address_limit, CheckedObject};
use super::platform::PlatformFacts;

/// The lowest address of a batch that has relocations with negative deltas: those must
/// not lead below zero (`gem/i915_gem_execbuffer.c:BATCH_OFFSET_BIAS`).
const RELOCATED_BATCH_BIAS: u64 = 256 * 1024;

/// Which of several holes is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The smallest, of equal ones the lowest: what i915 does.
    Smallest,
    /// The lowest.
    Lowest,
    /// The highest, and in it the highest place.
    Highest,
}

/// The addresses an object may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    /// The first.
    pub start: u64,
    /// The first it may not have.
    pub end: u64,
}

impl Zone {
    /// The zone of an object of EXECBUFFER2: below 4 GiB unless it says that it may be
    /// anywhere. `relocated_batch` is a batch that has relocations and is not pinned.
    pub fn of(facts: &PlatformFacts, object: &CheckedObject, relocated_batch: bool) -> Self {
        Self {
            start: if relocated_batch {
                RELOCATED_BATCH_BIAS
            } else {
                0
            },
            end: address_limit(facts, object.anywhere),
        }
    }
}

/// The place in `[start, end)` for `size` bytes at a multiple of `alignment`.
fn fit(start: u64, end: u64, size: u64, alignment: u64, highest: bool) -> Option<u64> {
    let place = if highest {
        end.checked_sub(size)? / alignment * alignment
    } else {
        start.checked_next_multiple_of(alignment)?
    };
    (place >= start && place.checked_add(size)? <= end).then_some(place)
}

/// A free place for `size` bytes at a multiple of `alignment` in the zone, given the used
/// ranges in ascending order, none of which overlap; `None` if there is none. Sizes and
/// alignments are those of a [`CheckedObject`].
pub fn find(
    used: impl Iterator<Item = Range>,
    zone: Zone,
    size: u64,
    alignment: u64,
    choice: Choice,
) -> Option<Range> {
    let alignment = alignment.max(PAGE_SIZE);
    let mut best: Option<(u64, u64)> = None; // size of the hole, place
    let mut free_from = zone.start;
    // The end of the zone ends the last hole.
    let limits = used
        .map(|range| (range.start(), range.end()))
        .chain(core::iter::once((zone.end, zone.end)));
    for (used_from, used_to) in limits {
        let hole_end = used_from.min(zone.end);
        if hole_end > free_from {
            let highest = choice == Choice::Highest;
            if let Some(place) = fit(free_from, hole_end, size, alignment, highest) {
                let hole = hole_end - free_from;
                match choice {
                    Choice::Lowest => return Range::new(place, size).ok(),
                    Choice::Highest => best = Some((hole, place)),
                    Choice::Smallest => {
                        if best.is_none_or(|(smallest, _)| hole < smallest) {
                            best = Some((hole, place));
                        }
                    }
                }
            }
        }
        free_from = free_from.max(used_to);
        if free_from >= zone.end {
            break;
        }
    }
    Range::new(best?.1, size).ok()
}

#[cfg(test)]
mod tests {
    use super::super::execbuffer2::{check_object, ExecObject};
    use super::super::platform::tiger_lake;
    use super::super::uapi_numbers::EXEC_OBJECT_SUPPORTS_48B_ADDRESS;
    use super::*;

    fn range(page: u64, pages: u64) -> Range {
        Range::new(page * PAGE_SIZE, pages * PAGE_SIZE).unwrap()
    }

    fn page(used: &[Range], pages: u64, alignment_pages: u64, choice: Choice) -> Option<u64> {
        let zone = Zone {
            start: 0,
            end: 100 * PAGE_SIZE,
        };
        find(
            used.iter().copied(),
            zone,
            pages * PAGE_SIZE,
            alignment_pages * PAGE_SIZE,
            choice,
        )
        .map(|range| range.start() / PAGE_SIZE)
    }

    #[test]
    fn holes_are_chosen_by_size_or_place() {
        // Holes: 10..20, 30..34, 50..100.
        let used = [range(0, 10), range(20, 10), range(34, 16)];
        assert_eq!(page(&used, 2, 1, Choice::Smallest), Some(30));
        assert_eq!(page(&used, 2, 1, Choice::Lowest), Some(10));
        assert_eq!(page(&used, 2, 1, Choice::Highest), Some(98));
        assert_eq!(page(&used, 2, 16, Choice::Smallest), Some(32));
        assert_eq!(page(&used, 3, 16, Choice::Smallest), Some(16));
        assert_eq!(page(&used, 11, 1, Choice::Smallest), Some(50));
        assert_eq!(page(&used, 51, 1, Choice::Smallest), None);
        assert_eq!(page(&used, 2, 64, Choice::Highest), Some(64));
        assert_eq!(page(&[], 100, 1, Choice::Lowest), Some(0));
        assert_eq!(page(&[range(0, 100)], 1, 1, Choice::Lowest), None);
        // What is used beyond the zone does not matter.
        assert_eq!(page(&[range(90, 1000)], 90, 1, Choice::Smallest), Some(0));
    }

    #[test]
    fn objects_without_48_bit_addresses_stay_below_4_gib() {
        let facts = tiger_lake();
        let object = |flags| {
            let object = ExecObject {
                flags,
                ..ExecObject::default()
            };
            check_object(&facts, &object, 4096, false).unwrap()
        };
        assert_eq!(
            Zone::of(&facts, &object(0), false),
            Zone {
                start: 0,
                end: (1 << 32) - PAGE_SIZE
            }
        );
        assert_eq!(
            Zone::of(&facts, &object(EXEC_OBJECT_SUPPORTS_48B_ADDRESS), true),
            Zone {
                start: 256 * 1024,
                end: 1 << 48
            }
        );
    }
}
