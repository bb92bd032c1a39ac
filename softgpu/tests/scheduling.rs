//! What the scheduler promises, seen from outside: order, sharing, preemption.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use std::time::{Duration, Instant};

use common::{ARB_CHECK, BASE, BINDS, END, LENGTH, Rig, SPACE, at, of, split, store};
use softgpu::*;

const MILLISECOND: Duration = Duration::from_millis(1);

#[test]
fn points_order_work_across_engines_and_binds() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Render, 1, 0);
    rig.context(2, EngineClass::Copy, 1, 0);
    // Each adds what the one before left: submitted in the wrong order.
    let copy = |from: u64, to: u64| {
        let (from, to) = (split(BASE + from), split(BASE + to));
        [0x1700_0003, to[0], to[1], from[0], from[1], END]
    };
    rig.put(0x1000, &store(0x8000, 5));
    rig.put(0x2000, &copy(0x8000, 0x8010));
    rig.put(0x3000, &copy(0x8010, 0x8020));
    rig.submit(2, 0x3000, &[of(1, 2)], 1);
    rig.submit(1, 0x1000, &[at(BINDS, 2)], 1);
    rig.submit(1, 0x2000, &[of(1, 1)], 2);
    rig.nothing_completes_for(20 * MILLISECOND);
    rig.bind(BASE + LENGTH, 0, 0x1000, 2);
    assert_eq!(rig.next().point, at(BINDS, 2));
    rig.expect(1, 1, Outcome::Completed);
    rig.expect(1, 2, Outcome::Completed);
    rig.expect(2, 1, Outcome::Completed);
    assert_eq!(rig.dword(0x8020), 5);
}

#[test]
fn binds_wait_for_submissions() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Video, 0b10, 0);
    rig.spinner(0x1000, true);
    rig.submit(1, 0x1000, &[], 1);
    let unbind = Unbind {
        address_space: SPACE,
        va: BASE,
        length: 0x1000,
        waits: vec![of(1, 1)],
        signal: 2,
    };
    rig.gpu.unbind(unbind).unwrap();
    rig.nothing_completes_for(10 * MILLISECOND);
    rig.end_spinner(0x1000);
    rig.expect(1, 1, Outcome::Completed);
    assert_eq!(rig.next().point, at(BINDS, 2));
}

#[test]
fn a_point_of_an_unknown_timeline_counts_as_reached() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Render, 1, 0);
    rig.context(2, EngineClass::Copy, 1, 0);
    rig.put(0x1000, &[END]);
    rig.submit(1, 0x1000, &[at(TimelineId(77), 9)], 1);
    rig.expect(1, 1, Outcome::Completed);
    // And one whose timeline goes while it is waited for.
    rig.submit(1, 0x1000, &[of(2, 100)], 2);
    rig.nothing_completes_for(5 * MILLISECOND);
    rig.gpu.destroy_context(ContextId(2)).unwrap();
    rig.expect(1, 2, Outcome::Completed);
}

#[test]
fn a_spinner_ends_within_milliseconds_of_the_write_and_costs_little() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Render, 1, 0);
    let spell = 50 * MILLISECOND;
    // What it costs, in shares of a core, and how soon it ends, in one spell of some: what
    // else this machine does takes time that counts as the engine's.
    let mut tries = (1..=20).map(|value| {
        rig.spinner(0x1000, true);
        rig.put(0x1f00, &[0]);
        rig.submit(1, 0x1000, &[], value);
        rig.wait_for_dword(0x1f00, 1);
        let before = rig.gpu.counters().total().busy_ns;
        rig.nothing_completes_for(spell);
        let spent = rig.gpu.counters().total().busy_ns - before;
        let start = Instant::now();
        rig.end_spinner(0x1000);
        rig.expect(1, value, Outcome::Completed);
        (spent as f64 / spell.as_nanos() as f64, start.elapsed())
    });
    assert!(tries.any(|(share, end)| share < 0.05 && end < 5 * MILLISECOND));
}

#[test]
fn a_contexts_runtime_counts_what_has_ended_and_what_runs() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Render, 1, 0);
    rig.context(2, EngineClass::Render, 1, 0);
    let runtime = |context| rig.gpu.context_runtime_ns(ContextId(context)).unwrap();
    assert_eq!(runtime(1), [0]);
    let mut told = 0;
    for value in 1..=3 {
        rig.spinner(0x1000, true);
        let before = runtime(1)[0];
        let start = Instant::now();
        rig.submit(1, 0x1000, &[], value);
        rig.wait_for_dword(0x1f00, 1);
        let begun = runtime(1)[0];
        let slept = Instant::now();
        std::thread::sleep(Duration::from_millis(20));
        let (passed, most) = (slept.elapsed(), start.elapsed());
        let now = runtime(1)[0];
        assert!(now - begun >= passed.as_nanos() as u64 * 9 / 10, "it spins");
        assert!(begun - before <= most.as_nanos() as u64);
        rig.end_spinner(0x1000);
        told += rig.next().busy_ns;
        let ended = runtime(1)[0];
        assert!(ended >= told && ended >= now, "{ended} {told} {now}");
    }
    assert_eq!(runtime(2), [0], "nobody else's time");
    let unknown = rig.gpu.context_runtime_ns(ContextId(3));
    assert_eq!(unknown, Err(GpuError::UnknownContext(ContextId(3))));
}

#[test]
fn spinners_of_one_priority_leave_room_for_each_other() {
    let rig = Rig::new();
    for context in 1..=3 {
        rig.context(context, EngineClass::Render, 1, 0);
    }
    rig.put(0x4000, &store(0x8000, 7));
    for context in [1, 2] {
        let offset = u64::from(context) * 0x1000;
        rig.spinner(offset, true);
        rig.submit(context, offset, &[], 1);
        rig.wait_for_dword(offset + 0xf00, 1);
    }
    rig.submit(3, 0x4000, &[], 1);
    rig.expect(3, 1, Outcome::Completed);
    rig.end_spinner(0x2000);
    rig.expect(2, 1, Outcome::Completed);
    rig.end_spinner(0x1000);
    rig.expect(1, 1, Outcome::Completed);
    assert!(rig.hangs.lock().unwrap().is_empty());
}

#[test]
fn higher_priority_goes_first_and_lower_waits() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Copy, 1, 0);
    rig.context(2, EngineClass::Copy, 1, 10);
    rig.context(3, EngineClass::Copy, 1, -10);
    rig.put(0x4000, &store(0x8000, 1));
    rig.spinner(0x1000, true);
    rig.submit(1, 0x1000, &[], 1);
    rig.wait_for_dword(0x1f00, 1);
    rig.submit(3, 0x4000, &[], 1);
    rig.submit(2, 0x4000, &[], 1);
    rig.expect(2, 1, Outcome::Completed);
    rig.nothing_completes_for(20 * MILLISECOND);
    // A more important submission behind it raises it above the spinner.
    let mut important = rig.submission(3, 0, &[0x4000], 2);
    important.priority = 20;
    rig.gpu.submit(important).unwrap();
    rig.expect(3, 1, Outcome::Completed);
    rig.expect(3, 2, Outcome::Completed);
    rig.end_spinner(0x1000);
    rig.expect(1, 1, Outcome::Completed);
}

#[test]
fn what_something_urgent_waits_for_is_as_urgent() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Copy, 1, 0);
    rig.context(2, EngineClass::Copy, 1, -10);
    rig.context(3, EngineClass::Render, 1, -10);
    rig.context(4, EngineClass::Video, 1, 10);
    rig.put(0x4000, &store(0x8000, 1));
    rig.spinner(0x1000, true);
    rig.submit(1, 0x1000, &[], 1);
    rig.wait_for_dword(0x1f00, 1);
    // 4 waits for 3, 3 waits for 2's second, which stands behind its first.
    rig.submit(2, 0x4000, &[], 1);
    rig.submit(2, 0x4000, &[], 2);
    rig.submit(2, 0x4000, &[], 3);
    rig.submit(3, 0x4000, &[of(2, 2)], 1);
    rig.nothing_completes_for(20 * MILLISECOND);
    rig.submit(4, 0x4000, &[of(3, 1)], 1);
    rig.expect(2, 1, Outcome::Completed);
    rig.expect(2, 2, Outcome::Completed);
    rig.expect(3, 1, Outcome::Completed);
    rig.expect(4, 1, Outcome::Completed);
    // Nothing urgent waits for this one.
    rig.nothing_completes_for(20 * MILLISECOND);
    rig.end_spinner(0x1000);
    rig.expect(1, 1, Outcome::Completed);
    rig.expect(2, 3, Outcome::Completed);
}

#[test]
fn what_was_waited_for_before_it_came_is_as_urgent() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Copy, 1, 0);
    rig.context(2, EngineClass::Copy, 1, -10);
    rig.context(3, EngineClass::Video, 1, 10);
    rig.put(0x4000, &store(0x8000, 1));
    rig.spinner(0x1000, true);
    rig.submit(1, 0x1000, &[], 1);
    rig.wait_for_dword(0x1f00, 1);
    rig.submit(3, 0x4000, &[of(2, 1)], 1);
    rig.submit(2, 0x4000, &[], 1);
    rig.expect(2, 1, Outcome::Completed);
    rig.expect(3, 1, Outcome::Completed);
    rig.end_spinner(0x1000);
    rig.expect(1, 1, Outcome::Completed);
}

#[test]
fn a_busy_batch_gives_up_its_slice_at_arbitration_points() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Render, 1, 0);
    rig.context(2, EngineClass::Render, 1, 0);
    // Counts for ever, so that it is no spinner.
    let [low, high] = split(BASE + 0x8000);
    let start = split(BASE + 0x1000);
    let count = 0x1780_0001 | 0x05 << 8;
    rig.put(
        0x1000,
        &[ARB_CHECK, count, low, high, 0x1880_0101, start[0], start[1]],
    );
    rig.put(0x4000, &store(0x8010, 1));
    rig.submit(1, 0x1000, &[], 1);
    for value in 1..=20 {
        rig.submit(2, 0x4000, &[], value);
        rig.expect(2, value, Outcome::Completed);
    }
    assert!(rig.gpu.counters().total().preemptions > 0);
    let before = rig.dword(0x8000);
    rig.gpu.cancel_context(ContextId(1)).unwrap();
    rig.expect(1, 1, Outcome::Cancelled);
    assert!(rig.dword(0x8000) >= before && before > 0);
}

#[test]
fn a_semaphore_is_signalled_by_another_engine_or_by_less_important_work() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Render, 1, 100);
    rig.context(2, EngineClass::Copy, 1, 0);
    rig.context(3, EngineClass::Render, 1, -100);
    let [low, high] = split(BASE + 0x8000);
    let wait = |value: u32| [0x0e00_c002, value, low, high, END];
    rig.put(0x1000, &wait(1));
    rig.put(0x2000, &store(0x8000, 1));
    rig.put(0x3000, &wait(2));
    rig.put(0x4000, &store(0x8000, 2));
    rig.submit(1, 0x1000, &[], 1);
    rig.submit(2, 0x2000, &[], 1);
    let both = [rig.next(), rig.next()];
    assert!(
        both.iter()
            .all(|completion| completion.outcome == Outcome::Completed)
    );
    rig.submit(1, 0x3000, &[], 2);
    rig.nothing_completes_for(5 * MILLISECOND);
    rig.submit(3, 0x4000, &[], 1);
    let both = [rig.next().point, rig.next().point];
    assert!(both.contains(&of(1, 2)) && both.contains(&of(3, 1)));
}

#[test]
fn a_virtual_engine_runs_where_there_is_room() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Video, 0b01, 0);
    rig.context(2, EngineClass::Video, 0b11, 0);
    rig.spinner(0x1000, false);
    rig.submit(1, 0x1000, &[], 1);
    rig.wait_for_dword(0x1f00, 1);
    rig.put(0x2000, &store(0x8000, 1));
    for value in 1..=50 {
        rig.submit(2, 0x2000, &[], value);
    }
    for value in 1..=50 {
        rig.expect(2, value, Outcome::Completed);
    }
    rig.end_spinner(0x1000);
    rig.expect(1, 1, Outcome::Completed);
}

#[test]
fn bad_calls_are_refused_and_change_nothing() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Render, 1, 0);
    let gpu = &rig.gpu;
    let submission = rig.submission(1, 0, &[0], 0);
    let refused = |change: &dyn Fn(&mut Submission)| {
        let mut submission = submission.clone();
        change(&mut submission);
        gpu.submit(submission).unwrap_err()
    };
    assert!(matches!(
        refused(&|_| ()),
        GpuError::PointNotIncreasing { last: 0, .. }
    ));
    assert!(matches!(
        refused(&|s| s.slot = 1),
        GpuError::UnknownSlot { slot: 1, .. }
    ));
    assert!(matches!(
        refused(&|s| s.context.0 = 9),
        GpuError::UnknownContext(_)
    ));
    assert!(matches!(
        refused(&|s| s.batches.clear()),
        GpuError::UnknownSlot { slot: 0, .. }
    ));
    assert!(matches!(
        refused(&|s| s.priority = -1024),
        GpuError::BadPriority(-1024)
    ));
    assert!(matches!(
        refused(&|s| s.batches = vec![BASE; limits::MAX_BATCHES + 1]),
        GpuError::Limit { .. }
    ));
    let half = Sseu {
        subslice_mask: 7,
        ..Sseu::whole_device(&Platform::TGL)
    };
    assert_eq!(refused(&|s| s.sseu = Some(half)), GpuError::BadSseu(half));
    let many = vec![Wait::End(of(1, 9)); limits::MAX_WAITS + 1];
    let too_many = refused(&|s| (s.waits, s.signal) = (many.clone(), 1));
    assert!(matches!(too_many, GpuError::Limit { .. }));

    let bind = |va, length, extents: &[(u64, u64)]| {
        let extents = extents
            .iter()
            .map(|&(address, length)| Extent { address, length })
            .collect();
        gpu.bind(Bind {
            address_space: SPACE,
            va,
            length,
            extents,
            read_only: false,
            null: false,
            waits: vec![],
            signal: 2,
        })
        .unwrap_err()
    };
    assert!(matches!(
        bind(1, 0x1000, &[(0, 0x1000)]),
        GpuError::BadRange { .. }
    ));
    assert!(matches!(
        bind(0, 0x2000, &[(0, 0x1000)]),
        GpuError::BadRange { .. }
    ));
    assert!(matches!(bind(0, 0, &[]), GpuError::BadRange { .. }));
    let top = (1 << 48) - 0x1000;
    assert!(matches!(
        bind(top, 0x2000, &[(0, 0x2000)]),
        GpuError::RangeTooHigh { .. }
    ));
    let outside = bind(0, 0x1000, &[(LENGTH, 0x1000)]);
    assert!(matches!(outside, GpuError::ExtentOutsideMemory { .. }));
    let overflow = bind(0, 0x1000, &[(0, u64::MAX - 0xfff), (0, 0x2000)]);
    assert!(matches!(overflow, GpuError::ExtentOutsideMemory { .. }));

    assert!(matches!(
        gpu.create_address_space(SPACE, TimelineId(5)),
        Err(GpuError::AddressSpaceExists(_))
    ));
    assert!(matches!(
        gpu.create_address_space(AddressSpaceId(2), BINDS),
        Err(GpuError::TimelineExists(_))
    ));
    let slot = EngineSlot {
        class: EngineClass::Copy,
        instances: 0b10,
        timeline: TimelineId(5),
    };
    let description = |slots: Vec<EngineSlot>| ContextDescription {
        address_space: SPACE,
        recoverable: true,
        slots,
    };
    let create = |slots| gpu.create_context(ContextId(5), description(slots));
    assert!(matches!(
        create(vec![slot]),
        Err(GpuError::UnknownEngine { .. })
    ));
    let twice = vec![
        EngineSlot {
            instances: 1,
            ..slot
        };
        2
    ];
    assert!(matches!(create(twice), Err(GpuError::TimelineExists(_))));
    assert!(matches!(
        gpu.set_recoverable(ContextId(5), true),
        Err(GpuError::UnknownContext(_))
    ));
    assert!(matches!(
        gpu.cancel_context(ContextId(5)),
        Err(GpuError::UnknownContext(_))
    ));
    assert_eq!(gpu.counters().pending, 0);
    // Nothing of all that took a number or a timeline.
    create(vec![EngineSlot {
        instances: 1,
        ..slot
    }])
    .unwrap();
}

#[test]
fn binds_and_batches_race_without_harm() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Copy, 1, 0);
    // Fills 1 MiB of a range that is bound anew all the time.
    let [low, high] = split(BASE + 0x10_0000_0000);
    rig.put(
        0x1000,
        &[
            0x5430_0005,
            0x03f0_1000,
            0,
            0x0100_0400,
            low,
            high,
            0x0101_0101,
            END,
        ],
    );
    for value in 1..=20 {
        rig.submit(1, 0x1000, &[], value);
    }
    for round in 0..200 {
        rig.bind(
            BASE + 0x10_0000_0000,
            (round % 2) * 0x10_0000 + 0x10_0000,
            0x10_0000,
            round + 2,
        );
    }
    let mut left = 220;
    while left > 0 {
        assert_eq!(rig.next().outcome, Outcome::Completed);
        left -= 1;
    }
    assert_eq!(
        rig.dword(0x0f_fffc),
        0,
        "nothing before the range was touched"
    );
}
