// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What is refused, and that a refused call has changed nothing.

use virtio_igpu_executor::{
    Backing, Context, Ending, Extent, Refused, Slot, Sseu, Submission, Update,
};

use super::cases;
use crate::batch::Batch;
use crate::rig::{BASE, PAGE, REGIONS, RENDER, Rig, flags};

cases![
    what_is_not_there_is_not_found,
    what_is_there_exists,
    a_timeline_in_use_is_refused,
    an_engine_that_is_not_there,
    a_range_past_the_address_space,
    memory_that_is_not_the_guests,
    a_refused_update_leaves_its_point,
    a_refused_submission_leaves_its_point,
    a_destroyed_context_is_gone,
    units_where_they_cannot_be_chosen,
];

macro_rules! refused {
    ($answer:expr, $kind:ident) => {
        let answer = $answer;
        assert!(matches!(answer, Err(Refused::$kind(_))), "{answer:?}");
    };
}

fn what_is_not_there_is_not_found(rig: &mut Rig) {
    const NONE: u32 = 4_000_000_000;
    refused!(rig.executor().destroy_address_space(NONE), NotFound);
    refused!(rig.executor().destroy_context(NONE), NotFound);
    refused!(rig.executor().cancel_context(NONE), NotFound);
    refused!(rig.executor().close_context(NONE), NotFound);
    refused!(
        rig.executor().set_context_flags(NONE, flags(true)),
        NotFound
    );
    refused!(rig.executor().context_runtime_ns(NONE), NotFound);
    let context = Context {
        address_space: NONE,
        flags: flags(true),
        slots: vec![Slot {
            class: RENDER,
            instances: 1,
            timeline: 1 << 50,
        }],
    };
    refused!(rig.executor().create_context(1, context), NotFound);
    let update = Update {
        address_space: NONE,
        address: BASE,
        length: PAGE,
        backing: Backing::Nothing,
        waits: vec![],
        signal: 1,
    };
    refused!(rig.executor().update(update), NotFound);
    let submission = Submission {
        context: NONE,
        slot: 0,
        batches: vec![BASE].into(),
        waits: vec![].into(),
        signal: 1,
        priority: 0,
        sseu: None,
        cancelled: false,
    };
    refused!(rig.executor().submit(submission.clone()), NotFound);
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let submission = Submission {
        context: ctx.id,
        slot: 1,
        ..submission
    };
    refused!(rig.executor().submit(submission), NotFound);
}

fn what_is_there_exists(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let (_, timeline) = rig.numbers();
    refused!(
        rig.executor().create_address_space(space.id, timeline),
        Exists
    );
    let context = Context {
        address_space: space.id,
        flags: flags(true),
        slots: vec![Slot {
            class: RENDER,
            instances: 1,
            timeline,
        }],
    };
    refused!(rig.executor().create_context(ctx.id, context), Exists);
    // Neither has touched what was there.
    let place = rig.place();
    let batch = rig.store(BASE + place, 1);
    let point = rig.submit(&ctx, 0, batch, &[]);
    rig.ends(point, Ending::Done);
    assert_eq!(rig.read(place), 1);
    // Nor taken the timeline.
    let (id, _) = rig.numbers();
    rig.executor()
        .create_address_space(id, timeline)
        .expect("free");
}

fn a_timeline_in_use_is_refused(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    for timeline in [space.timeline, ctx.timelines[0]] {
        let (id, free) = rig.numbers();
        refused!(rig.executor().create_address_space(id, timeline), Exists);
        let slot = |timeline| Slot {
            class: RENDER,
            instances: 1,
            timeline,
        };
        let context = |slots| Context {
            address_space: space.id,
            flags: flags(true),
            slots,
        };
        let taken = context(vec![slot(free), slot(timeline)]);
        refused!(rig.executor().create_context(id, taken), Exists);
        let twice = context(vec![slot(free), slot(free)]);
        refused!(rig.executor().create_context(id, twice), Exists);
        let good = context(vec![slot(free)]);
        rig.executor()
            .create_context(id, good)
            .expect("all is free");
    }
}

fn an_engine_that_is_not_there(rig: &mut Rig) {
    let space = rig.space();
    let (id, timeline) = rig.numbers();
    let context = Context {
        address_space: space.id,
        flags: flags(true),
        slots: vec![Slot {
            class: 77,
            instances: 1,
            timeline,
        }],
    };
    let answer = rig.executor().create_context(id, context);
    assert!(
        matches!(answer, Err(Refused::NotFound(_) | Refused::Unsupported(_))),
        "{answer:?}"
    );
    refused!(rig.executor().destroy_context(id), NotFound);
}

fn update_of(space: crate::rig::Space, address: u64, extent: (u64, u64)) -> Update {
    Update {
        address_space: space.id,
        address,
        length: extent.1,
        backing: Backing::Memory {
            extents: vec![Extent {
                address: extent.0,
                length: extent.1,
            }],
            read_only: false,
        },
        waits: vec![],
        signal: 1000,
    }
}

fn a_range_past_the_address_space(rig: &mut Rig) {
    let space = rig.space();
    let end = 1_u64 << rig.platform.address_bits;
    let place = rig.places(2);
    for address in [end - PAGE, end] {
        let update = update_of(space, address, (place, 2 * PAGE));
        refused!(rig.executor().update(update), BadRange);
    }
    let update = Update {
        backing: Backing::Nothing,
        ..update_of(space, end - PAGE, (place, 2 * PAGE))
    };
    refused!(rig.executor().update(update), BadRange);
}

fn memory_that_is_not_the_guests(rig: &mut Rig) {
    let space = rig.space();
    let (low, high) = (REGIONS[0], REGIONS[1]);
    for address in [low.1, high.0 - PAGE, high.0 + high.1, 1 << 45] {
        let update = update_of(space, 0x30_0000_0000, (address, PAGE));
        refused!(rig.executor().update(update), BadExtent);
    }
    let across = update_of(space, 0x30_0000_0000, (low.1 - PAGE, 2 * PAGE));
    refused!(rig.executor().update(across), BadExtent);
}

fn a_refused_update_leaves_its_point(rig: &mut Rig) {
    let space = rig.space();
    let mut update = update_of(space, 0x30_0000_0000, (1 << 45, PAGE));
    let point = rig.next_point(space.timeline);
    update.signal = point.value;
    refused!(rig.executor().update(update), BadExtent);
    // The same value again, by what is accepted.
    let ctx = rig.context(space, &[RENDER]);
    let batch = rig.batch(&Batch::new().end());
    let waiting = rig.submit(&ctx, 0, batch, &[point]);
    rig.stays(waiting);
    let next = rig.unbind(space, 0x30_0000_0000, PAGE);
    rig.ends(next, Ending::Done);
    rig.ends(waiting, Ending::Done);
}

fn a_refused_submission_leaves_its_point(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let batch = rig.batch(&Batch::new().end());
    let (point, mut submission) = rig.submission(&ctx, 0, batch, &[]);
    submission.slot = 9;
    let answer = rig.submit_as(point, submission.clone());
    assert!(matches!(answer, Err(Refused::NotFound(_))), "{answer:?}");
    submission.slot = 0;
    rig.submit_as(point, submission).expect("the value is free");
    rig.ends(point, Ending::Done);
}

fn a_destroyed_context_is_gone(rig: &mut Rig) {
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    rig.executor().destroy_context(ctx.id).expect("there");
    refused!(rig.executor().destroy_context(ctx.id), NotFound);
    let batch = rig.batch(&Batch::new().end());
    let (point, submission) = rig.submission(&ctx, 0, batch, &[]);
    let answer = rig.submit_as(point, submission);
    assert!(matches!(answer, Err(Refused::NotFound(_))), "{answer:?}");
}

fn units_where_they_cannot_be_chosen(rig: &mut Rig) {
    if rig.platform.sseu {
        return;
    }
    let space = rig.space();
    let ctx = rig.context(space, &[RENDER]);
    let batch = rig.batch(&Batch::new().end());
    let (point, mut submission) = rig.submission(&ctx, 0, batch, &[]);
    submission.sseu = Some(Sseu {
        slice_mask: 0xff,
        subslice_mask: 0xff,
        min_eus_per_subslice: 255,
        max_eus_per_subslice: 255,
    });
    let answer = rig.submit_as(point, submission);
    assert!(matches!(answer, Err(Refused::Unsupported(_))), "{answer:?}");
}
