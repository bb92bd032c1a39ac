// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Contexts and their slots: many, virtual engines, gangs, run times.

use virtio_igpu_executor::{Ending, Refused};

use super::cases;
use crate::Feature;
use crate::batch::Batch;
use crate::rig::{BASE, COPY, PAGE, RENDER, Rig, VIDEO};

cases![
    two_slots_on_one_engine,
    many_contexts,
    contexts_share_an_engine,
    a_virtual_engine,
    a_gang_runs_together,
    times_never_shrink,
    numbers_are_used_again,
];

fn two_slots_on_one_engine(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, RENDER]);
    let place = rig.place();
    let gate = rig.gate(None);
    let held = rig.submit(&ctx, 0, gate.batch, &[]);
    let batch = rig.store(BASE + place, 1);
    // It waits at a semaphore, where the engine may take the other slot's.
    let free = rig.submit(&ctx, 1, batch, &[]);
    rig.ends(free, Ending::Done);
    assert!(!rig.has_ended(held));
    rig.open(gate);
    rig.ends(held, Ending::Done);
}

fn many_contexts(rig: &mut Rig) {
    let space = rig.space();
    let place = rig.places(2);
    let mut points = Vec::new();
    let mut contexts = Vec::new();
    for number in 0..200_u32 {
        let ctx = rig.context(space, &[RENDER, COPY]);
        let address = BASE + place + u64::from(number) * 4;
        let batch = rig.store(address, number + 1);
        points.push(rig.submit(&ctx, number as usize % 2, batch, &[]));
        contexts.push(ctx);
    }
    for (number, point) in points.into_iter().enumerate() {
        rig.ends(point, Ending::Done);
        assert_eq!(rig.read(place + number as u64 * 4), number as u32 + 1);
    }
    for ctx in contexts {
        rig.executor().destroy_context(ctx.id).expect("it is there");
    }
}

fn contexts_share_an_engine(rig: &mut Rig) {
    let space = rig.space();
    let contexts = [(); 4].map(|()| rig.context(space, &[RENDER]));
    let gates = [(); 3].map(|()| rig.gate(None));
    let held: Vec<_> = (0..3)
        .map(|number| rig.submit(&contexts[number], 0, gates[number].batch, &[]))
        .collect();
    let batch = rig.batch(&Batch::new().end());
    let free = rig.submit(&contexts[3], 0, batch, &[]);
    rig.ends(free, Ending::Done);
    for gate in gates.into_iter().rev() {
        rig.open(gate);
    }
    for point in held {
        rig.ends(point, Ending::Done);
    }
}

fn a_virtual_engine(rig: &mut Rig) {
    let space = rig.space();
    let instances = rig.platform.instances(VIDEO);
    if instances.count_ones() < 2 {
        return;
    }
    let ctx = rig.context_on(space, &[(VIDEO, instances)], true);
    let place = rig.place();
    rig.write(place, 1);
    let mut last = None;
    for number in 0..20 {
        let from = BASE + place + number * 4;
        let batch = rig.batch(&Batch::new().copy(from + 4, from).end());
        last = Some(rig.submit(&ctx, 0, batch, &[]));
    }
    rig.ends(last.expect("twenty"), Ending::Done);
    assert_eq!(rig.read(place + 80), 1, "one after the other");
}

fn a_gang_runs_together(rig: &mut Rig) {
    let space = rig.space();
    if rig.platform.instances(VIDEO) & 3 != 3 {
        return;
    }
    let ctx = rig.context_on(space, &[(VIDEO, 1), (VIDEO, 2)], false);
    let place = rig.place();
    // Each is over only after the other has begun.
    let half = |mine: u64, other: u64| {
        Batch::new()
            .store(BASE + place + mine, 1)
            .wait_until(BASE + place + other, 1)
            .end()
    };
    let batches = [half(0, 64), half(64, 0)].map(|dwords| rig.batch(&dwords));
    let (point, mut submission) = rig.submission(&ctx, 0, batches[0], &[]);
    submission.batches = batches.into();
    let answer = rig.submit_as(point, submission);
    if rig.offers(Feature::Gangs) {
        answer.expect("a gang is taken");
        rig.ends(point, Ending::Done);
    } else {
        assert!(matches!(answer, Err(Refused::Unsupported(_))), "{answer:?}");
    }
}

fn times_never_shrink(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    let place = rig.places(64);
    let mut told = 0;
    let mut before = vec![0; 2];
    for value in 0..10 {
        let batch = rig.batch(&Batch::new().fill(BASE + place, 64, value).end());
        let point = rig.submit(&ctx, 1, batch, &[]);
        let completion = rig.completion(point);
        assert_eq!(completion.ending, Ending::Done);
        told += completion.busy_ns;
        let times = rig.executor().context_runtime_ns(ctx.id);
        let times = times.expect("the context is there");
        assert_eq!(times.len(), 2);
        assert!(times[1] >= told, "{times:?} {told}");
        assert!(times.iter().zip(&before).all(|(now, then)| now >= then));
        before = times;
    }
    let engines = rig.executor().engine_busy_ns();
    assert_eq!(engines.len(), rig.platform.engines.len());
    assert_eq!(told > 0, rig.offers(Feature::BusyTimes));
    if rig.offers(Feature::BusyTimes) {
        let copies = rig.platform.engines.iter().position(|e| e.class == COPY);
        assert!(engines[copies.expect("a blitter")] >= told);
    }
}

fn numbers_are_used_again(rig: &mut Rig) {
    let place = rig.places(4);
    for round in 0..4_u64 {
        let (id, timeline) = (1, 7 + round);
        let address = BASE + round * PAGE;
        rig.executor()
            .create_address_space(id, timeline)
            .expect("free");
        let space = crate::rig::Space { id, timeline };
        let code = rig.store(address, 1);
        let bound = rig.bind(space, BASE, &[(place, 4 * PAGE)]);
        let code_page = code - BASE;
        let bound_code = rig.bind(space, code, &[(code_page, PAGE)]);
        let ctx = rig.context(space, &[RENDER]);
        let done = rig.submit(&ctx, 0, code, &[bound, bound_code]);
        rig.ends(done, Ending::Done);
        assert_eq!(rig.read(place + round * PAGE), 1);
        rig.executor().destroy_context(ctx.id).expect("there");
        rig.executor().destroy_address_space(id).expect("there");
    }
}
