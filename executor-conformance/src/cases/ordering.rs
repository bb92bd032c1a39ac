// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What comes before what: slots, points, engines and contexts.

use virtio_igpu_executor::{Ending, Point, Refused, Wait};

use super::cases;
use crate::Feature;
use crate::batch::Batch;
use crate::rig::{BASE, COPY, RENDER, Rig, end_of};

cases![
    a_slot_keeps_its_order,
    slots_of_one_context_go_by_themselves,
    engines_wait_for_each_other,
    contexts_and_spaces_wait_for_each_other,
    one_waits_for_two_and_two_for_one,
    a_chain_over_two_engines,
    a_point_before_its_submission,
    a_bind_before_what_it_waits_for,
    a_later_point_reaches_an_earlier_one,
    unknown_and_dead_timelines_are_reached,
    value_zero_is_reached,
    gaps_between_values,
    many_waits,
    a_thousand_on_one_slot,
    starts_are_waited_for,
    a_priority_is_taken,
];

fn a_slot_keeps_its_order(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.place();
    let gate = rig.gate(None);
    rig.submit(&ctx, 0, gate.batch, &[]);
    let mut points = Vec::new();
    for value in 1..=20 {
        // Each copies what the one before has stored.
        let batch = Batch::new()
            .copy(BASE + place + 4 * u64::from(value), BASE + place)
            .store(BASE + place, value);
        let batch = rig.batch(&batch.end());
        points.push(rig.submit(&ctx, 0, batch, &[]));
    }
    rig.stays(points[0]);
    rig.open(gate);
    rig.ends(points[19], Ending::Done);
    for value in 1..=20 {
        assert_eq!(rig.read(place + 4 * u64::from(value)), value - 1);
    }
}

fn slots_of_one_context_go_by_themselves(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    let place = rig.place();
    let gate = rig.gate(None);
    let held = rig.submit(&ctx, 0, gate.batch, &[]);
    let batch = rig.store(BASE + place, 1);
    let free = rig.submit(&ctx, 1, batch, &[]);
    rig.ends(free, Ending::Done);
    assert!(!rig.has_ended(held));
    rig.open(gate);
    rig.ends(held, Ending::Done);
}

fn engines_wait_for_each_other(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    let place = rig.place();
    let gate = rig.gate(Some((BASE + place, 5)));
    let first = rig.submit(&ctx, 0, gate.batch, &[]);
    let batch = Batch::new().copy(BASE + place + 4, BASE + place).end();
    let batch = rig.batch(&batch);
    let second = rig.submit(&ctx, 1, batch, &[first]);
    rig.stays(second);
    rig.open(gate);
    rig.ends(second, Ending::Done);
    rig.ended_before(first, second);
    assert_eq!(rig.read(place + 4), 5);
}

fn contexts_and_spaces_wait_for_each_other(rig: &mut Rig) {
    let (one, two) = (rig.space(), rig.space());
    let (one, two) = (rig.context(one, &[RENDER]), rig.context(two, &[RENDER]));
    let place = rig.place();
    let gate = rig.gate(Some((BASE + place, 5)));
    let first = rig.submit(&one, 0, gate.batch, &[]);
    let batch = Batch::new().copy(BASE + place + 4, BASE + place).end();
    let batch = rig.batch(&batch);
    let second = rig.submit(&two, 0, batch, &[first]);
    rig.stays(second);
    rig.open(gate);
    rig.ends(second, Ending::Done);
    assert_eq!(rig.read(place + 4), 5);
}

fn one_waits_for_two_and_two_for_one(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    let other = rig.context(space, &[RENDER, COPY]);
    let place = rig.place();
    let gate = rig.gate(Some((BASE + place, 1)));
    let top = rig.submit(&ctx, 0, gate.batch, &[]);
    let left = Batch::new().copy(BASE + place + 4, BASE + place).end();
    let left = rig.batch(&left);
    let left = rig.submit(&ctx, 1, left, &[top]);
    let right = Batch::new().copy(BASE + place + 8, BASE + place).end();
    let right = rig.batch(&right);
    let right = rig.submit(&other, 0, right, &[top]);
    let bottom = Batch::new()
        .copy(BASE + place + 12, BASE + place + 4)
        .copy(BASE + place + 16, BASE + place + 8)
        .end();
    let bottom = rig.batch(&bottom);
    let bottom = rig.submit(&other, 1, bottom, &[left, right]);
    rig.stays(bottom);
    rig.open(gate);
    rig.ends(bottom, Ending::Done);
    assert_eq!([12, 16].map(|at| rig.read(place + at)), [1, 1]);
}

fn a_chain_over_two_engines(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    let place = rig.place();
    rig.write(place, 1);
    let mut before: Vec<Point> = Vec::new();
    for number in 0..100_u64 {
        let from = BASE + place + number * 4;
        let batch = rig.batch(&Batch::new().copy(from + 4, from).end());
        let point = rig.submit(&ctx, number as usize % 2, batch, &before);
        before = vec![point];
    }
    rig.ends(before[0], Ending::Done);
    assert_eq!(rig.read(place + 400), 1);
}

fn a_point_before_its_submission(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    let place = rig.place();
    let ahead = Point {
        timeline: ctx.timelines[0],
        value: 2,
    };
    let batch = Batch::new().copy(BASE + place + 4, BASE + place).end();
    let batch = rig.batch(&batch);
    let waiting = rig.submit(&ctx, 1, batch, &[ahead]);
    rig.stays(waiting);
    for value in [1, 2] {
        let batch = rig.store(BASE + place, value);
        rig.submit(&ctx, 0, batch, &[]);
    }
    rig.ends(waiting, Ending::Done);
    assert_eq!(rig.read(place + 4), 2);
}

fn a_bind_before_what_it_waits_for(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let other = rig.context(space, &[COPY]);
    let place = rig.place();
    let ahead = Point {
        timeline: ctx.timelines[0],
        value: 1,
    };
    let extents = crate::rig::memory(&[(place, 4096)], false);
    let far = 0x30_0000_0000;
    let bound = rig.update(space, (far, 4096), extents, &[ahead]);
    // Behind it in the same space.
    let behind = rig.unbind(space, far + 4096, 4096);
    let batch = rig.store(far, 4);
    let stored = rig.submit(&other, 0, batch, &[bound]);
    rig.stays(bound);
    assert!(!rig.has_ended(behind));
    let batch = rig.batch(&Batch::new().end());
    rig.submit(&ctx, 0, batch, &[]);
    rig.ends(stored, Ending::Done);
    rig.ends(behind, Ending::Done);
    assert_eq!(rig.read(place), 4);
}

fn a_later_point_reaches_an_earlier_one(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    let (_, mut first) = rig.submission(&ctx, 0, 0, &[]);
    let (point, _) = rig.submission(&ctx, 0, 0, &[]);
    first.batches = vec![rig.batch(&Batch::new().end())].into();
    first.signal = point.value;
    rig.submit_as(point, first).expect("a gap in the values");
    let between = Point {
        value: point.value - 1,
        ..point
    };
    let batch = rig.batch(&Batch::new().end());
    let second = rig.submit(&ctx, 1, batch, &[between]);
    rig.ends(second, Ending::Done);
    rig.ends(point, Ending::Done);
}

fn unknown_and_dead_timelines_are_reached(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let dead = rig.context(space, &[RENDER]);
    let batch = rig.batch(&Batch::new().end());
    rig.executor().destroy_context(dead.id).expect("destroyed");
    let waits = [dead.timelines[0], 1 << 40].map(|timeline| Point {
        timeline,
        value: 1000,
    });
    let point = rig.submit(&ctx, 0, batch, &waits);
    rig.ends(point, Ending::Done);
}

fn value_zero_is_reached(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    let batch = rig.batch(&Batch::new().end());
    let nothing = Point {
        timeline: ctx.timelines[1],
        value: 0,
    };
    let point = rig.submit(&ctx, 0, batch, &[nothing]);
    rig.ends(point, Ending::Done);
}

fn gaps_between_values(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let batch = rig.batch(&Batch::new().end());
    let mut last = Point {
        timeline: ctx.timelines[0],
        value: 0,
    };
    for step in [1, 5, 1 << 33] {
        let (_, mut submission) = rig.submission(&ctx, 0, batch, &[last]);
        last.value += step;
        submission.signal = last.value;
        rig.submit_as(last, submission).expect("values may jump");
    }
    rig.ends(last, Ending::Done);
}

fn many_waits(rig: &mut Rig) {
    let space = rig.space();
    let batch = rig.batch(&Batch::new().end());
    let ctx = rig.context(space, &[RENDER, COPY]);
    let points: Vec<_> = (0..300)
        .map(|number| rig.submit(&ctx, number % 2, batch, &[]))
        .collect();
    let last = rig.context(space, &[RENDER]);
    let point = rig.submit(&last, 0, batch, &points);
    rig.ends(point, Ending::Done);
    for before in points {
        rig.ended_before(before, point);
    }
}

fn a_thousand_on_one_slot(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    let place = rig.place();
    let gate = rig.gate(None);
    rig.submit(&ctx, 0, gate.batch, &[]);
    let empty = rig.batch(&Batch::new().end());
    let mut last = None;
    for _ in 0..2500 {
        last = Some(rig.submit(&ctx, 0, empty, &[]));
    }
    let store = rig.store(BASE + place, 1);
    let behind = last.expect("many submissions");
    let stored = rig.submit(&ctx, 1, store, &[behind]);
    rig.stays(behind);
    rig.open(gate);
    rig.ends(stored, Ending::Done);
    assert_eq!(rig.read(place), 1);
}

fn starts_are_waited_for(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER, COPY]);
    let gate = rig.gate(None);
    let ahead = rig.gate(None);
    let holding = rig.context(space, &[RENDER]);
    let held = rig.submit(&holding, 0, ahead.batch, &[]);
    let first = rig.submit(&ctx, 0, gate.batch, &[held]);
    let batch = rig.batch(&Batch::new().end());
    let (second, mut submission) = rig.submission(&ctx, 1, batch, &[]);
    submission.waits.push(Wait {
        point: first,
        start: true,
    });
    let answer = rig.submit_as(second, submission);
    if rig.offers(Feature::Starts) {
        answer.expect("a wait for a start is taken");
        rig.stays(second);
        rig.open(ahead);
        rig.ends(second, Ending::Done);
        assert!(!rig.has_ended(first), "its start is enough");
    } else {
        assert!(matches!(answer, Err(Refused::Unsupported(_))), "{answer:?}");
        rig.open(ahead);
    }
    rig.open(gate);
    rig.ends(first, Ending::Done);
}

fn a_priority_is_taken(rig: &mut Rig) {
    let space = rig.space();
    let batch = rig.batch(&Batch::new().end());
    for priority in [-1023, -1, 0, 1, 512, 1023] {
        let ctx = rig.context(space, &[RENDER]);
        let (point, mut submission) = rig.submission(&ctx, 0, batch, &[]);
        submission.priority = priority;
        rig.submit_as(point, submission).expect("any priority");
        rig.ends(point, Ending::Done);
    }
    // One slot, rising and falling.
    let ctx = rig.context(space, &[RENDER]);
    let place = rig.place();
    let mut last = None;
    for (number, priority) in [0, 1023, -1023, 5].into_iter().enumerate() {
        let from = BASE + place + number as u64 * 4;
        rig.write(place, 1);
        let batch = rig.batch(&Batch::new().copy(from + 4, from).end());
        let (point, mut submission) = rig.submission(&ctx, 0, batch, &[]);
        submission.priority = priority;
        submission.waits = last.into_iter().map(end_of).collect();
        rig.submit_as(point, submission).expect("any priority");
        last = Some(point);
    }
    rig.ends(last.expect("four"), Ending::Done);
    assert_eq!(rig.read(place + 16), 1);
}
