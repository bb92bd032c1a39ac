// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Batches that never end: who is told what, who is banned, who goes on.

use virtio_igpu_executor::Ending;

use super::cases;
use crate::batch::Batch;
use crate::rig::{BASE, COPY, RENDER, Rig, flags};

cases![
    a_hang_is_found_and_told,
    a_recoverable_context_goes_on,
    a_context_that_does_not_recover_is_banned,
    a_hang_leaves_other_contexts_alone,
    a_hang_leaves_other_engines_alone,
    who_waits_for_a_hang_goes_on,
    again_and_again,
    flags_count_at_the_next_hang,
    every_engine_is_found,
];

fn a_hang_is_found_and_told(rig: &mut Rig) {
    rig.find_hangs_soon();
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    let (begun, endless) = rig.endless();
    let point = rig.submit(&ctx, 1, endless, &[]);
    rig.wait_for(begun, 1);
    rig.ends(point, Ending::Hung);
    let [hang] = rig.hangs() else {
        panic!("{:?}", rig.hangs());
    };
    assert_eq!((hang.context, hang.slot), (ctx.id, 1));
    assert_eq!((hang.class, hang.instance), (COPY, 0));
    assert_eq!(hang.point, point);
    assert!(!hang.reason.is_empty());
}

fn a_recoverable_context_goes_on(rig: &mut Rig) {
    rig.find_hangs_soon();
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let (_, endless) = rig.endless();
    let place = rig.place();
    let hung = rig.submit(&ctx, 0, endless, &[]);
    rig.ends(hung, Ending::Hung);
    let batch = rig.store(BASE + place, 1);
    let point = rig.submit(&ctx, 0, batch, &[]);
    rig.ends(point, Ending::Done);
    assert_eq!(rig.read(place), 1);
}

fn a_context_that_does_not_recover_is_banned(rig: &mut Rig) {
    rig.find_hangs_soon();
    let space = rig.space();
    let ctx = rig.context_with(space, &[RENDER], false);
    let (_, endless) = rig.endless();
    let place = rig.place();
    let batch = rig.store(BASE + place, 1);
    let hung = rig.submit(&ctx, 0, endless, &[]);
    let behind = rig.submit(&ctx, 0, batch, &[]);
    rig.ends(hung, Ending::Hung);
    rig.ends(behind, Ending::Cancelled);
    let later = rig.submit(&ctx, 0, batch, &[]);
    rig.ends(later, Ending::Cancelled);
    assert_eq!(rig.read(place), 0);
    assert_eq!(rig.hangs().len(), 1);
}

fn a_hang_leaves_other_contexts_alone(rig: &mut Rig) {
    rig.find_hangs_soon();
    let space = rig.space();
    let hanging = rig.context_with(space, &[RENDER], false);
    let good = rig.context_with(space, &[RENDER], false);
    let (begun, endless) = rig.endless();
    let place = rig.place();
    let hung = rig.submit(&hanging, 0, endless, &[]);
    rig.wait_for(begun, 1);
    let batch = rig.store(BASE + place, 1);
    let points: Vec<_> = (0..5).map(|_| rig.submit(&good, 0, batch, &[])).collect();
    for point in points {
        rig.ends(point, Ending::Done);
    }
    rig.ends(hung, Ending::Hung);
    assert_eq!(rig.read(place), 1);
    let later = rig.submit(&good, 0, batch, &[]);
    rig.ends(later, Ending::Done);
    assert!(rig.hangs().iter().all(|hang| hang.context == hanging.id));
}

fn a_hang_leaves_other_engines_alone(rig: &mut Rig) {
    rig.find_hangs_soon();
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    let gate = rig.gate(None);
    let held = rig.submit(&ctx, 1, gate.batch, &[]);
    rig.begun(gate);
    let (_, endless) = rig.endless();
    let hung = rig.submit(&ctx, 0, endless, &[]);
    rig.ends(hung, Ending::Hung);
    assert!(!rig.has_ended(held));
    rig.open(gate);
    rig.ends(held, Ending::Done);
}

fn who_waits_for_a_hang_goes_on(rig: &mut Rig) {
    rig.find_hangs_soon();
    let space = rig.space();
    let hanging = rig.context_with(space, &[RENDER], false);
    let ctx = rig.context(space, &[COPY]);
    let (_, endless) = rig.endless();
    let place = rig.place();
    let hung = rig.submit(&hanging, 0, endless, &[]);
    let batch = rig.store(BASE + place, 1);
    let waiting = rig.submit(&ctx, 0, batch, &[hung]);
    let bound = rig.update(
        space,
        (0x30_0000_0000, 4096),
        crate::rig::memory(&[(place, 4096)], false),
        &[hung],
    );
    rig.ends(waiting, Ending::Done);
    rig.ends(bound, Ending::Done);
    rig.ended_before(hung, waiting);
    assert_eq!(rig.read(place), 1);
}

/// Of one address space a driver may take no more after some hangs; so each has its own.
fn again_and_again(rig: &mut Rig) {
    rig.find_hangs_soon();
    let space = rig.space();
    let good = rig.context(space, &[RENDER]);
    let empty = rig.batch(&Batch::new().end());
    for round in 1..=5 {
        let space = rig.space();
        let ctx = rig.context_with(space, &[RENDER], false);
        let (_, endless) = rig.endless();
        let hung = rig.submit(&ctx, 0, endless, &[]);
        rig.ends(hung, Ending::Hung);
        assert_eq!(rig.hangs().len(), round);
        let point = rig.submit(&good, 0, empty, &[]);
        rig.ends(point, Ending::Done);
        rig.executor().destroy_context(ctx.id).expect("there");
    }
}

fn flags_count_at_the_next_hang(rig: &mut Rig) {
    rig.find_hangs_soon();
    let space = rig.space();
    let empty = rig.batch(&Batch::new().end());
    for recoverable in [false, true] {
        let ctx = rig.context_with(space, &[RENDER], !recoverable);
        let (begun, endless) = rig.endless();
        let hung = rig.submit(&ctx, 0, endless, &[]);
        rig.wait_for(begun, 1);
        rig.executor()
            .set_context_flags(ctx.id, flags(recoverable))
            .expect("the context is there");
        rig.ends(hung, Ending::Hung);
        let later = rig.submit(&ctx, 0, empty, &[]);
        let expected = match recoverable {
            true => Ending::Done,
            false => Ending::Cancelled,
        };
        rig.ends(later, expected);
    }
}

fn every_engine_is_found(rig: &mut Rig) {
    rig.find_hangs_soon();
    let space = rig.space();
    let engines = rig.platform.engines.clone();
    let hanging: Vec<_> = engines
        .iter()
        .map(|engine| {
            let slot = (engine.class, 1 << engine.instance);
            let ctx = rig.context_on(space, &[slot], false);
            let (_, endless) = rig.endless();
            rig.submit(&ctx, 0, endless, &[])
        })
        .collect();
    for (engine, point) in engines.iter().zip(hanging) {
        rig.ends(point, Ending::Hung);
        let hang = rig.hangs().iter().find(|hang| hang.point == point);
        let hang = hang.expect("a hang was told");
        assert_eq!((hang.class, hang.instance), (engine.class, engine.instance));
    }
}
