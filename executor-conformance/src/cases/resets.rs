// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Work that is stopped on purpose.

use virtio_igpu_executor::Ending;

use super::cases;
use crate::batch::Batch;
use crate::rig::{BASE, COPY, RENDER, Rig};

cases![
    a_cancelled_context_ends_at_once,
    a_cancelled_context_stays_cancelled,
    cancelling_leaves_others_alone,
    everything_active_is_cancelled,
    after_a_reset_contexts_go_on,
    an_engine_is_reset,
    a_reset_of_idle_engines_finds_nothing,
    a_closed_context_runs_out,
    a_cancelled_submission_keeps_its_place,
    a_cancelled_submission_waits_for_nothing,
];

fn a_cancelled_context_ends_at_once(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let (begun, endless) = rig.endless();
    let place = rig.place();
    let batch = rig.store(BASE + place, 1);
    let running = rig.submit(&ctx, 0, endless, &[]);
    let behind = rig.submit(&ctx, 0, batch, &[]);
    rig.wait_for(begun, 1);
    rig.executor().cancel_context(ctx.id).expect("there");
    rig.ends(running, Ending::Cancelled);
    rig.ends(behind, Ending::Cancelled);
    assert_eq!(rig.read(place), 0);
    assert!(rig.hangs().is_empty(), "nobody is at fault");
}

fn a_cancelled_context_stays_cancelled(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    rig.executor().cancel_context(ctx.id).expect("there");
    let place = rig.place();
    let batch = rig.store(BASE + place, 1);
    let point = rig.submit(&ctx, 0, batch, &[]);
    rig.ends(point, Ending::Cancelled);
    assert_eq!(rig.read(place), 0);
}

fn cancelling_leaves_others_alone(rig: &mut Rig) {
    let space = rig.space();
    let (ctx, other) = (rig.context(space, &[RENDER]), rig.context(space, &[RENDER]));
    let gates = [rig.gate(None), rig.gate(None)];
    let cancelled = rig.submit(&ctx, 0, gates[0].batch, &[]);
    let held = rig.submit(&other, 0, gates[1].batch, &[]);
    let batch = rig.batch(&Batch::new().end());
    let waiting = rig.submit(&other, 0, batch, &[cancelled]);
    rig.begun(gates[0]);
    rig.executor().cancel_context(ctx.id).expect("there");
    rig.ends(cancelled, Ending::Cancelled);
    rig.stays(held);
    rig.open(gates[1]);
    rig.ends(held, Ending::Done);
    rig.ends(waiting, Ending::Done);
}

fn everything_active_is_cancelled(rig: &mut Rig) {
    let space = rig.space();
    let contexts = [
        rig.context(space, &[RENDER, COPY]),
        rig.context(space, &[RENDER, COPY]),
    ];
    let mut points = Vec::new();
    let empty = rig.batch(&Batch::new().end());
    for ctx in &contexts {
        for slot in 0..2 {
            let (_, endless) = rig.endless();
            points.push(rig.submit(ctx, slot, endless, &[]));
            points.push(rig.submit(ctx, slot, empty, &[]));
        }
    }
    // And one that waits for what never comes.
    let never = virtio_igpu_executor::Point {
        timeline: contexts[0].timelines[0],
        value: 1 << 20,
    };
    points.push(rig.submit(&contexts[1], 0, empty, &[never]));
    rig.executor().flush();
    rig.executor().reset_active();
    for point in points {
        rig.ends(point, Ending::Cancelled);
    }
    assert!(rig.hangs().is_empty(), "nobody is at fault");
}

fn after_a_reset_contexts_go_on(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context_with(space, &[RENDER], false);
    let (begun, endless) = rig.endless();
    let running = rig.submit(&ctx, 0, endless, &[]);
    rig.wait_for(begun, 1);
    rig.executor().reset_active();
    rig.ends(running, Ending::Cancelled);
    let place = rig.place();
    let batch = rig.store(BASE + place, 1);
    let point = rig.submit(&ctx, 0, batch, &[]);
    rig.ends(point, Ending::Done);
    assert_eq!(rig.read(place), 1);
}

fn an_engine_is_reset(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    let (begun, endless) = rig.endless();
    let gate = rig.gate(None);
    let hung = rig.submit(&ctx, 0, endless, &[]);
    let held = rig.submit(&ctx, 1, gate.batch, &[]);
    rig.wait_for(begun, 1);
    rig.begun(gate);
    let render = rig.platform.engines.iter().position(|e| e.class == RENDER);
    let engines = 1 << render.expect("a render engine");
    assert_eq!(rig.executor().reset_engines(engines), 1);
    rig.ends(hung, Ending::Hung);
    rig.stays(held);
    rig.open(gate);
    rig.ends(held, Ending::Done);
    let empty = rig.batch(&Batch::new().end());
    let point = rig.submit(&ctx, 0, empty, &[]);
    rig.ends(point, Ending::Done);
}

fn a_reset_of_idle_engines_finds_nothing(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    assert_eq!(rig.executor().reset_engines(u32::MAX), 0);
    let empty = rig.batch(&Batch::new().end());
    let point = rig.submit(&ctx, 0, empty, &[]);
    rig.ends(point, Ending::Done);
}

fn a_closed_context_runs_out(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.place();
    let gate = rig.gate(Some((BASE + place, 1)));
    let held = rig.submit(&ctx, 0, gate.batch, &[]);
    let batch = rig.store(BASE + place + 4, 2);
    let behind = rig.submit(&ctx, 0, batch, &[]);
    rig.begun(gate);
    rig.executor().close_context(ctx.id).expect("there");
    rig.stays(held);
    rig.open(gate);
    rig.ends(behind, Ending::Done);
    assert_eq!([rig.read(place), rig.read(place + 4)], [1, 2]);
    rig.executor().destroy_context(ctx.id).expect("there");
}

fn a_cancelled_submission_keeps_its_place(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.place();
    let gate = rig.gate(None);
    let first = rig.submit(&ctx, 0, gate.batch, &[]);
    let batch = rig.store(BASE + place, 1);
    let (second, mut submission) = rig.submission(&ctx, 0, batch, &[]);
    submission.cancelled = true;
    rig.submit_as(second, submission).expect("it is taken");
    let batch = rig.store(BASE + place + 4, 1);
    let third = rig.submit(&ctx, 0, batch, &[]);
    rig.begun(gate);
    rig.stays(second);
    rig.open(gate);
    rig.ends(first, Ending::Done);
    rig.ends(second, Ending::Cancelled);
    rig.ends(third, Ending::Done);
    assert_eq!([rig.read(place), rig.read(place + 4)], [0, 1]);
}

fn a_cancelled_submission_waits_for_nothing(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    let never = virtio_igpu_executor::Point {
        timeline: ctx.timelines[1],
        value: 9,
    };
    let empty = rig.batch(&Batch::new().end());
    let (point, mut submission) = rig.submission(&ctx, 0, empty, &[never]);
    submission.cancelled = true;
    rig.submit_as(point, submission).expect("it is taken");
    rig.ends(point, Ending::Cancelled);
}
