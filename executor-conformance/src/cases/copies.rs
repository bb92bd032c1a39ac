// SPDX-License-Identifier: Apache-2.0 OR MIT

//! That batches are executed unchanged: what the engines do with their commands.

use virtio_igpu_executor::Ending;

use super::cases;
use crate::Feature;
use crate::batch::Batch;
use crate::rig::{BASE, COPY, PAGE, RENDER, Rig};

cases![
    the_blitter_copies,
    the_blitter_fills,
    command_streamers_copy,
    every_engine_stores,
    a_pipe_control_writes,
    a_flush_writes,
    a_batch_jumps_into_another,
    the_render_engines_clock_goes_on,
];

fn the_blitter_copies(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[COPY]);
    let (from, to) = (rig.places(16), rig.places(17));
    for page in 0..16 {
        rig.write(from + page * PAGE, page as u32 + 1);
        rig.write(from + page * PAGE + 4092, page as u32 + 100);
    }
    let batch = Batch::new().blit(BASE + to, BASE + from, 16).end();
    let batch = rig.batch(&batch);
    let point = rig.submit(&ctx, 0, batch, &[]);
    rig.ends(point, Ending::Done);
    for page in 0..16 {
        assert_eq!(rig.read(to + page * PAGE), page as u32 + 1);
        assert_eq!(rig.read(to + page * PAGE + 4092), page as u32 + 100);
    }
    assert_eq!(rig.read(to + 16 * PAGE), 0);
}

fn the_blitter_fills(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[COPY]);
    let to = rig.places(5);
    let batch = rig.batch(&Batch::new().fill(BASE + to, 4, 0xc0ffee).end());
    let point = rig.submit(&ctx, 0, batch, &[]);
    rig.ends(point, Ending::Done);
    assert_eq!(rig.read(to), 0xc0ffee);
    assert_eq!(rig.read(to + 4 * PAGE - 4), 0xc0ffee);
    assert_eq!(rig.read(to + 4 * PAGE), 0);
}

fn command_streamers_copy(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    for slot in 0..2 {
        let place = rig.place();
        rig.write(place, 31 + slot as u32);
        let batch = Batch::new().copy(BASE + place + 8, BASE + place).end();
        let batch = rig.batch(&batch);
        let point = rig.submit(&ctx, slot, batch, &[]);
        rig.ends(point, Ending::Done);
        assert_eq!(rig.read(place + 8), 31 + slot as u32);
    }
}

fn every_engine_stores(rig: &mut Rig) {
    let space = rig.space();
    let place = rig.place();
    for (number, engine) in rig.platform.engines.clone().into_iter().enumerate() {
        let slot = (engine.class, 1 << engine.instance);
        let ctx = rig.context_on(space, &[slot], true);
        let address = place + number as u64 * 4;
        let batch = rig.store(BASE + address, 1);
        let point = rig.submit(&ctx, 0, batch, &[]);
        rig.ends(point, Ending::Done);
        assert_eq!(rig.read(address), 1, "{engine:?}");
    }
}

fn a_pipe_control_writes(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.place();
    let batch = Batch::new().pipe_control(BASE + place, 0x5_0000_0006);
    let batch = rig.batch(&batch.end());
    let point = rig.submit(&ctx, 0, batch, &[]);
    rig.ends(point, Ending::Done);
    assert_eq!([rig.read(place), rig.read(place + 4)], [6, 5]);
}

fn a_flush_writes(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[COPY]);
    let place = rig.place();
    let batch = Batch::new().flush_and_write(BASE + place, 7);
    let batch = rig.batch(&batch.end());
    let point = rig.submit(&ctx, 0, batch, &[]);
    rig.ends(point, Ending::Done);
    assert_eq!(rig.read(place), 7);
}

fn a_batch_jumps_into_another(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.place();
    let second = rig.store(BASE + place, 8);
    let first = rig.batch(&Batch::new().jump(second).endless());
    let point = rig.submit(&ctx, 0, first, &[]);
    rig.ends(point, Ending::Done);
    assert_eq!(rig.read(place), 8);
}

fn the_render_engines_clock_goes_on(rig: &mut Rig) {
    const TIMESTAMP: u32 = 0x2358;
    let offered = rig.offers(Feature::Timestamp);
    let before = rig.executor().read_register(TIMESTAMP);
    assert_eq!(before.is_some(), offered);
    if offered {
        std::thread::sleep(std::time::Duration::from_millis(2));
        let after = rig.executor().read_register(TIMESTAMP);
        assert_ne!(before, after);
    }
    assert_eq!(rig.executor().read_register(0x2000), None);
}
