// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The search for a free place, against trying every place there is.

#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

use proptest::collection::vec;
use proptest::prelude::*;
use virtio_igpu_rules::address::{Range, PAGE_SIZE};
use virtio_igpu_rules::address_allocator::{find, Choice, Zone};

const PAGES: usize = 64;

fn ranges(used: &[bool]) -> Vec<Range> {
    let mut ranges = Vec::new();
    let mut page = 0;
    while page < used.len() {
        let run = used[page..].iter().take_while(|&&used| used).count();
        if run != 0 {
            ranges.push(Range::new(page as u64 * PAGE_SIZE, run as u64 * PAGE_SIZE).unwrap());
        }
        page += run.max(1);
    }
    ranges
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_place_is_found_where_there_is_one(
        used in vec(proptest::bool::weighted(0.4), PAGES),
        (start, end) in (0..PAGES, 0..PAGES + 8),
        pages in 1..8_usize,
        alignment in 0..4_u32,
    ) {
        let aligned = 1_usize << alignment;
        let free = |page: usize| page >= start && page < end && !used.get(page).unwrap_or(&false);
        let places: Vec<usize> = (0..PAGES + 8)
            .filter(|place| place % aligned == 0)
            .filter(|&place| (place..place + pages).all(free))
            .collect();
        let hole = |place: usize| {
            let below = (0..place).rev().take_while(|&page| free(page)).count();
            let above = (place..).take_while(|&page| free(page)).count();
            below + above
        };
        let expected = |choice| match choice {
            Choice::Lowest => places.first().copied(),
            Choice::Highest => places.last().copied(),
            Choice::Smallest => places.iter().copied().min_by_key(|&place| (hole(place), place)),
        };
        let zone = Zone {
            start: start as u64 * PAGE_SIZE,
            end: end as u64 * PAGE_SIZE,
        };
        for choice in [Choice::Lowest, Choice::Highest, Choice::Smallest] {
            let found = find(
                ranges(&used).into_iter(),
                zone,
                pages as u64 * PAGE_SIZE,
                aligned as u64 * PAGE_SIZE,
                choice,
            );
            prop_assert_eq!(
                found.map(|range| (range.start() / PAGE_SIZE) as usize),
                expected(choice),
                "{:?}",
                choice
            );
            prop_assert!(found.is_none_or(|range| range.length() == pages as u64 * PAGE_SIZE));
        }
    }
}
