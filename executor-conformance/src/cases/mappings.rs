// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What a GPU address shows: binds, aliases, partial unbinds, replacements.

use virtio_igpu_executor::{Backing, Ending};

use super::cases;
use crate::Feature;
use crate::batch::Batch;
use crate::rig::{BASE, COPY, PAGE, REGIONS, RENDER, Rig, memory};

cases![
    a_store_reaches_bound_memory,
    a_bind_and_what_needs_it_go_back_to_back,
    one_page_at_two_addresses,
    scattered_extents_follow_each_other,
    extents_of_two_regions,
    the_middle_is_unbound,
    the_middle_is_replaced,
    an_unbind_over_several_mappings_and_gaps,
    what_is_not_bound_is_scratch,
    a_null_mapping_is_zero,
    a_null_mapping_replaces_memory,
    what_is_read_only_is_not_written,
    read_only_here_and_writable_there,
    nothing_to_unbind_is_no_error,
    updates_apply_in_order,
    an_unbind_waits_for_the_batch,
    address_spaces_are_apart,
    many_binds_at_once,
    a_bind_of_many_extents,
    the_last_page_of_the_address_space,
    low_addresses,
    memory_outlives_its_mapping,
    new_mappings_of_the_same_memory,
];

/// Far from what every space has bound.
const ELSEWHERE: u64 = 0x20_0000_0000;

/// Where the u32 at `address` arrives when a batch copies it.
fn shown(rig: &mut Rig, ctx: &crate::rig::Ctx, address: u64) -> u32 {
    let to = rig.place();
    rig.write(to, 0xdead);
    let batch = rig.batch(&Batch::new().copy(BASE + to, address).end());
    let point = rig.submit(ctx, 0, batch, &[]);
    rig.ends(point, Ending::Done);
    rig.read(to)
}

fn stored(rig: &mut Rig, ctx: &crate::rig::Ctx, address: u64, value: u32) {
    let batch = rig.store(address, value);
    let point = rig.submit(ctx, 0, batch, &[]);
    rig.ends(point, Ending::Done);
}

fn a_store_reaches_bound_memory(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.place();
    stored(rig, &ctx, BASE + place + 8, 42);
    assert_eq!((rig.read(place + 4), rig.read(place + 8)), (0, 42));
    assert_eq!(rig.read(place + 12), 0);
}

fn a_bind_and_what_needs_it_go_back_to_back(rig: &mut Rig) {
    let space = rig.empty_space();
    let ctx = rig.context(space, &[COPY]);
    let place = rig.place();
    let batch = rig.store(BASE + place, 7);
    let bound = rig.bind(space, BASE, &[REGIONS[0]]);
    let done = rig.submit(&ctx, 0, batch, &[bound]);
    rig.ends(done, Ending::Done);
    assert_eq!(rig.read(place), 7);
    rig.ended_before(bound, done);
}

fn one_page_at_two_addresses(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.place();
    for alias in [ELSEWHERE, ELSEWHERE + 0x1234_5000] {
        let point = rig.bind(space, alias, &[(place, PAGE)]);
        rig.ends(point, Ending::Done);
    }
    stored(rig, &ctx, ELSEWHERE + 16, 9);
    assert_eq!(rig.read(place + 16), 9);
    assert_eq!(shown(rig, &ctx, ELSEWHERE + 0x1234_5010), 9);
    // Of two names, one goes.
    let point = rig.unbind(space, ELSEWHERE, PAGE);
    rig.ends(point, Ending::Done);
    stored(rig, &ctx, ELSEWHERE + 0x1234_5014, 10);
    assert_eq!(rig.read(place + 20), 10);
}

fn scattered_extents_follow_each_other(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let pages: Vec<u64> = (0..6).map(|_| rig.place()).collect();
    let order = [pages[4], pages[0], pages[5], pages[2]];
    let extents: Vec<_> = order.iter().map(|&page| (page, PAGE)).collect();
    let point = rig.bind(space, ELSEWHERE, &extents);
    rig.ends(point, Ending::Done);
    for (number, &page) in order.iter().enumerate() {
        let value = number as u32 + 1;
        stored(rig, &ctx, ELSEWHERE + number as u64 * PAGE + 4092, value);
        assert_eq!(rig.read(page + 4092), value);
    }
    assert_eq!(rig.read(pages[1] + 4092), 0);
}

fn extents_of_two_regions(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let low = rig.place();
    let high = REGIONS[1].0 + 3 * PAGE;
    let extents = [(low, PAGE), (high, 2 * PAGE)];
    let point = rig.bind(space, ELSEWHERE, &extents);
    rig.ends(point, Ending::Done);
    for (offset, physical, value) in [(0, low, 1), (PAGE, high, 2), (2 * PAGE, high + PAGE, 3)] {
        stored(rig, &ctx, ELSEWHERE + offset, value);
        assert_eq!(rig.read(physical), value);
    }
}

fn the_middle_is_unbound(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.places(8);
    let bound = rig.bind(space, ELSEWHERE, &[(place, 8 * PAGE)]);
    rig.ends(bound, Ending::Done);
    let unbound = rig.unbind(space, ELSEWHERE + 3 * PAGE, 2 * PAGE);
    rig.ends(unbound, Ending::Done);
    for page in 0..8 {
        stored(rig, &ctx, ELSEWHERE + page * PAGE, page as u32 + 1);
        let expected = if (3..5).contains(&page) { 0 } else { page + 1 };
        assert_eq!(
            rig.read(place + page * PAGE),
            expected as u32,
            "page {page}"
        );
    }
}

fn the_middle_is_replaced(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let (place, other) = (rig.places(8), rig.places(2));
    rig.bind(space, ELSEWHERE, &[(place, 8 * PAGE)]);
    let replaced = rig.bind(space, ELSEWHERE + 3 * PAGE, &[(other, 2 * PAGE)]);
    rig.ends(replaced, Ending::Done);
    for page in 0..8 {
        let physical = match page {
            3 | 4 => other + (page - 3) * PAGE,
            _ => place + page * PAGE,
        };
        stored(rig, &ctx, ELSEWHERE + page * PAGE, page as u32 + 1);
        assert_eq!(rig.read(physical), page as u32 + 1, "page {page}");
    }
    assert_eq!(rig.read(place + 3 * PAGE), 0);
}

fn an_unbind_over_several_mappings_and_gaps(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.places(8);
    for page in [0, 1, 3, 6, 7] {
        rig.bind(
            space,
            ELSEWHERE + page * PAGE,
            &[(place + page * PAGE, PAGE)],
        );
    }
    let unbound = rig.unbind(space, ELSEWHERE + PAGE, 6 * PAGE);
    rig.ends(unbound, Ending::Done);
    for page in 0..8 {
        stored(rig, &ctx, ELSEWHERE + page * PAGE, 5);
        let expected = if [0, 7].contains(&page) { 5 } else { 0 };
        assert_eq!(rig.read(place + page * PAGE), expected, "page {page}");
    }
}

fn what_is_not_bound_is_scratch(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.place();
    let batch = Batch::new()
        .store(ELSEWHERE, 1)
        .store(BASE + place, 2)
        .end();
    let batch = rig.batch(&batch);
    let point = rig.submit(&ctx, 0, batch, &[]);
    rig.ends(point, Ending::Done);
    assert_eq!(rig.read(place), 2);
}

fn a_null_mapping_is_zero(rig: &mut Rig) {
    let space = rig.space();
    if !rig.maps(Feature::Null, space, Backing::Null) {
        return;
    }
    let ctx = rig.context(space, &[RENDER]);
    let point = rig.update(space, (ELSEWHERE, 16 * PAGE), Backing::Null, &[]);
    rig.ends(point, Ending::Done);
    stored(rig, &ctx, ELSEWHERE + 5 * PAGE, 77);
    assert_eq!(shown(rig, &ctx, ELSEWHERE + 5 * PAGE), 0);
}

fn a_null_mapping_replaces_memory(rig: &mut Rig) {
    let space = rig.space();
    if !rig.maps(Feature::Null, space, Backing::Null) {
        return;
    }
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.places(3);
    rig.bind(space, ELSEWHERE, &[(place, 3 * PAGE)]);
    rig.update(space, (ELSEWHERE + PAGE, PAGE), Backing::Null, &[]);
    for page in 0..3 {
        stored(rig, &ctx, ELSEWHERE + page * PAGE, 4);
    }
    let values = [0, 1, 2].map(|page| rig.read(place + page * PAGE));
    assert_eq!(values, [4, 0, 4]);
    // And memory replaces it again.
    let point = rig.bind(space, ELSEWHERE + PAGE, &[(place + PAGE, PAGE)]);
    rig.ends(point, Ending::Done);
    stored(rig, &ctx, ELSEWHERE + PAGE, 5);
    assert_eq!(rig.read(place + PAGE), 5);
}

fn what_is_read_only_is_not_written(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.place();
    if !rig.maps(Feature::ReadOnly, space, memory(&[(place, PAGE)], true)) {
        return;
    }
    rig.write(place, 11);
    let backing = memory(&[(place, PAGE)], true);
    let point = rig.update(space, (ELSEWHERE, PAGE), backing, &[]);
    rig.ends(point, Ending::Done);
    stored(rig, &ctx, ELSEWHERE, 12);
    assert_eq!(rig.read(place), 11);
    assert_eq!(shown(rig, &ctx, ELSEWHERE), 11);
}

fn read_only_here_and_writable_there(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.place();
    if !rig.maps(Feature::ReadOnly, space, memory(&[(place, PAGE)], true)) {
        return;
    }
    let backing = memory(&[(place, PAGE)], true);
    rig.update(space, (ELSEWHERE, PAGE), backing, &[]);
    let point = rig.bind(space, ELSEWHERE + PAGE, &[(place, PAGE)]);
    rig.ends(point, Ending::Done);
    stored(rig, &ctx, ELSEWHERE + PAGE, 12);
    assert_eq!(shown(rig, &ctx, ELSEWHERE), 12);
}

fn nothing_to_unbind_is_no_error(rig: &mut Rig) {
    let space = rig.empty_space();
    for _ in 0..2 {
        let point = rig.unbind(space, ELSEWHERE, 64 * PAGE);
        rig.ends(point, Ending::Done);
    }
}

fn updates_apply_in_order(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let pages: Vec<u64> = (0..9).map(|_| rig.place()).collect();
    let mut last = None;
    for &page in &pages {
        last = Some(rig.bind(space, ELSEWHERE, &[(page, PAGE)]));
    }
    let last = last.expect("nine binds");
    let batch = rig.store(ELSEWHERE, 3);
    let point = rig.submit(&ctx, 0, batch, &[last]);
    rig.ends(point, Ending::Done);
    let values: Vec<u32> = pages.iter().map(|&page| rig.read(page)).collect();
    assert_eq!(values, [0, 0, 0, 0, 0, 0, 0, 0, 3]);
}

fn an_unbind_waits_for_the_batch(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.place();
    let bound = rig.bind(space, ELSEWHERE, &[(place, PAGE)]);
    let gate = rig.gate(Some((ELSEWHERE, 6)));
    let done = rig.submit(&ctx, 0, gate.batch, &[bound]);
    let unbound = rig.update(space, (ELSEWHERE, PAGE), Backing::Nothing, &[done]);
    rig.begun(gate);
    rig.stays(unbound);
    rig.open(gate);
    rig.ends(unbound, Ending::Done);
    assert_eq!(rig.read(place), 6);
    stored(rig, &ctx, ELSEWHERE, 8);
    assert_eq!(rig.read(place), 6);
}

fn address_spaces_are_apart(rig: &mut Rig) {
    let spaces = [rig.space(), rig.space()];
    let places = [rig.place(), rig.place()];
    for (space, place) in spaces.into_iter().zip(places) {
        let point = rig.bind(space, ELSEWHERE, &[(place, PAGE)]);
        rig.ends(point, Ending::Done);
    }
    for (number, space) in spaces.into_iter().enumerate() {
        let ctx = rig.context(space, &[RENDER]);
        stored(rig, &ctx, ELSEWHERE, number as u32 + 1);
    }
    assert_eq!(places.map(|place| rig.read(place)), [1, 2]);
    // One goes, the other stays.
    rig.executor().destroy_context(0).expect_err("no context 0");
    let point = rig.unbind(spaces[0], ELSEWHERE, PAGE);
    rig.ends(point, Ending::Done);
    let ctx = rig.context(spaces[1], &[RENDER]);
    stored(rig, &ctx, ELSEWHERE, 3);
    assert_eq!(places.map(|place| rig.read(place)), [1, 3]);
}

fn many_binds_at_once(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.places(64);
    let points: Vec<_> = (0..64)
        .map(|page| {
            // Not neighbours, and not in the order of their addresses.
            let address = ELSEWHERE + ((page * 37) % 64) * 16 * PAGE;
            (
                address,
                rig.bind(space, address, &[(place + page * PAGE, PAGE)]),
            )
        })
        .collect();
    let mut batch = Batch::new();
    for (number, &(address, _)) in points.iter().enumerate() {
        batch = batch.store(address, number as u32 + 1);
    }
    let batch = rig.batch(&batch.end());
    let last = points[63].1;
    let done = rig.submit(&ctx, 0, batch, &[last]);
    rig.ends(done, Ending::Done);
    for (page, &(_, point)) in points.iter().enumerate() {
        rig.ends(point, Ending::Done);
        assert_eq!(rig.read(place + page as u64 * PAGE), page as u32 + 1);
    }
    let gone: Vec<_> = points
        .iter()
        .map(|&(address, _)| rig.unbind(space, address, PAGE))
        .collect();
    let done = rig.submit(&ctx, 0, batch, &gone[63..]);
    for page in 0..64 {
        rig.write(place + page * PAGE, 0);
    }
    rig.ends(done, Ending::Done);
    for point in gone {
        rig.ends(point, Ending::Done);
    }
}

fn a_bind_of_many_extents(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.places(600);
    // Every second page, from behind.
    let extents: Vec<_> = (0..300)
        .map(|n| (place + (598 - 2 * n) * PAGE, PAGE))
        .collect();
    let point = rig.bind(space, ELSEWHERE, &extents);
    rig.ends(point, Ending::Done);
    for number in [0, 1, 149, 298, 299] {
        stored(rig, &ctx, ELSEWHERE + number * PAGE, number as u32 + 1);
        let (page, _) = extents[number as usize];
        assert_eq!(rig.read(page), number as u32 + 1);
    }
}

fn the_last_page_of_the_address_space(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let last = (1_u64 << rig.platform.address_bits) - PAGE;
    let place = rig.place();
    let point = rig.bind(space, last, &[(place, PAGE)]);
    rig.ends(point, Ending::Done);
    stored(rig, &ctx, last + 4092, 21);
    assert_eq!(rig.read(place + 4092), 21);
    let point = rig.unbind(space, last, PAGE);
    rig.ends(point, Ending::Done);
}

fn low_addresses(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.place();
    let point = rig.bind(space, PAGE, &[(place, PAGE)]);
    rig.ends(point, Ending::Done);
    stored(rig, &ctx, PAGE, 22);
    assert_eq!(rig.read(place), 22);
}

fn memory_outlives_its_mapping(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.place();
    for value in 1..20 {
        let bound = rig.bind(space, ELSEWHERE, &[(place, PAGE)]);
        let batch = rig.store(ELSEWHERE + u64::from(value) * 4, value);
        let done = rig.submit(&ctx, 0, batch, &[bound]);
        let backing = Backing::Nothing;
        let unbound = rig.update(space, (ELSEWHERE, PAGE), backing, &[done]);
        rig.ends(unbound, Ending::Done);
    }
    for value in 1..20 {
        assert_eq!(rig.read(place + u64::from(value) * 4), value);
    }
}

fn new_mappings_of_the_same_memory(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.places(2);
    let point = rig.bind(space, ELSEWHERE, &[(place, 2 * PAGE)]);
    rig.ends(point, Ending::Done);
    stored(rig, &ctx, ELSEWHERE, 1);
    let files = rig.files();
    rig.remap(files);
    stored(rig, &ctx, ELSEWHERE + PAGE, 2);
    assert_eq!([rig.read(place), rig.read(place + PAGE)], [1, 2]);
    let point = rig.unbind(space, ELSEWHERE, PAGE);
    rig.ends(point, Ending::Done);
    stored(rig, &ctx, ELSEWHERE, 3);
    assert_eq!(rig.read(place), 1);
}
