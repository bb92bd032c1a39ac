// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Ends in every state: executors, contexts and address spaces with work under way.

use std::time::Duration;

use virtio_igpu_executor::{Backing, Ending, Point};

use super::cases;
use crate::Feature;
use crate::batch::Batch;
use crate::rig::{BASE, COPY, PAGE, RENDER, Rig, memory};

cases![
    dropped_at_once,
    dropped_with_everything_idle,
    dropped_while_batches_run,
    dropped_while_work_waits,
    dropped_before_a_flush,
    nothing_is_touched_after_the_drop,
    a_context_ends_with_work,
    an_address_space_ends_with_mappings,
    an_address_space_ends_with_updates,
    contexts_come_and_go,
];

/// A batch that writes to `place` as fast as it can, for ever.
fn writer(rig: &mut Rig, place: u64) -> u64 {
    let address = BASE + place;
    let body = Batch::new()
        .arbitrate()
        .store(address, 1)
        .store(address, 2)
        .store(address, 3)
        .endless();
    let batch = BASE + rig.places(1);
    let mut dwords = body;
    dwords.extend(Batch::new().jump(batch).endless());
    for (number, &dword) in dwords.iter().enumerate() {
        rig.write(batch - BASE + number as u64 * 4, dword);
    }
    batch
}

fn dropped_at_once(rig: &mut Rig) {
    rig.drop_executor();
}

fn dropped_with_everything_idle(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    let batch = rig.batch(&Batch::new().end());
    let point = rig.submit(&ctx, 0, batch, &[]);
    rig.ends(point, Ending::Done);
    rig.drop_executor();
}

fn dropped_while_batches_run(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    for slot in 0..2 {
        let (begun, endless) = rig.endless();
        rig.submit(&ctx, slot, endless, &[]);
        rig.wait_for(begun, 1);
    }
    rig.drop_executor();
}

fn dropped_while_work_waits(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    let never = Point {
        timeline: ctx.timelines[0],
        value: 1 << 30,
    };
    let batch = rig.batch(&Batch::new().end());
    rig.submit(&ctx, 1, batch, &[never]);
    let place = rig.place();
    let backing = memory(&[(place, PAGE)], false);
    rig.update(space, (0x30_0000_0000, PAGE), backing, &[never]);
    rig.executor().flush();
    rig.drop_executor();
}

fn dropped_before_a_flush(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.place();
    let batch = rig.batch(&Batch::new().end());
    let bound = rig.bind(space, 0x30_0000_0000, &[(place, PAGE)]);
    rig.submit(&ctx, 0, batch, &[bound]);
    rig.drop_executor();
}

fn nothing_is_touched_after_the_drop(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    let places = [rig.place(), rig.place()];
    for (slot, place) in places.into_iter().enumerate() {
        let batch = writer(rig, place);
        rig.submit(&ctx, slot, batch, &[]);
        rig.wait_until(|rig| rig.read(place) != 0);
    }
    rig.drop_executor();
    for place in places {
        rig.write(place, 77);
    }
    std::thread::sleep(Duration::from_millis(30));
    assert_eq!(places.map(|place| rig.read(place)), [77, 77]);
}

fn a_context_ends_with_work(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    let other = rig.context(space, &[RENDER]);
    let (begun, endless) = rig.endless();
    let running = rig.submit(&ctx, 0, endless, &[]);
    let empty = rig.batch(&Batch::new().end());
    let behind = rig.submit(&ctx, 0, empty, &[]);
    let elsewhere = rig.submit(&ctx, 1, empty, &[running]);
    let waiting = rig.submit(&other, 0, empty, &[behind]);
    rig.wait_for(begun, 1);
    rig.executor().destroy_context(ctx.id).expect("there");
    for point in [running, behind, elsewhere] {
        rig.ends(point, Ending::Cancelled);
    }
    rig.ends(waiting, Ending::Done);
    assert!(rig.hangs().is_empty(), "nobody is at fault");
}

fn an_address_space_ends_with_mappings(rig: &mut Rig) {
    for _ in 0..3 {
        let space = rig.space();
        let place = rig.places(4);
        rig.bind(space, 0x30_0000_0000, &[(place, 4 * PAGE)]);
        if rig.maps(Feature::Null, space, Backing::Null) {
            rig.update(space, (0x40_0000_0000, PAGE), Backing::Null, &[]);
        }
        let last = rig.unbind(space, 0x30_0000_0000, PAGE);
        rig.ends(last, Ending::Done);
        rig.executor()
            .destroy_address_space(space.id)
            .expect("there");
    }
}

fn an_address_space_ends_with_updates(rig: &mut Rig) {
    let space = rig.space();
    let other = rig.space();
    let never = Point {
        timeline: other.timeline,
        value: 1 << 30,
    };
    let place = rig.place();
    let backing = memory(&[(place, PAGE)], false);
    let held = rig.update(space, (0x30_0000_0000, PAGE), backing, &[never]);
    let behind = rig.unbind(space, 0x40_0000_0000, PAGE);
    rig.stays(held);
    rig.executor()
        .destroy_address_space(space.id)
        .expect("there");
    rig.ends(held, Ending::Cancelled);
    rig.ends(behind, Ending::Cancelled);
}

fn contexts_come_and_go(rig: &mut Rig) {
    let space = rig.space();
    let place = rig.place();
    for round in 0..50_u32 {
        let ctx = rig.context(space, &[RENDER, COPY]);
        let batch = rig.store(BASE + place, round + 1);
        let point = rig.submit(&ctx, (round % 2) as usize, batch, &[]);
        rig.ends(point, Ending::Done);
        assert_eq!(rig.read(place), round + 1);
        rig.executor().destroy_context(ctx.id).expect("there");
    }
}
