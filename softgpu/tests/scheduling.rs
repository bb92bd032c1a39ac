//! What the scheduler promises, seen from outside: order, sharing, preemption, hangs.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use std::time::{Duration, Instant};

use common::{ARB_CHECK, BASE, BINDS, END, LENGTH, Rig, SPACE, at, never_ran, of, split, store};
use softgpu::*;

/// A 2D command that no blitter has ever had; on other engines it is unknown too.
const NONSENSE: u32 = 2 << 29 | 0x7f << 22;
const MILLISECOND: Duration = Duration::from_millis(1);

fn timing(rig: &Rig, class: EngineClass, preempt: u64, heartbeat: u64) {
    let timing = EngineTiming {
        timeslice: MILLISECOND,
        preempt_timeout: Duration::from_millis(preempt),
        heartbeat: Duration::from_millis(heartbeat),
        hang_detection: true,
    };
    rig.gpu
        .set_engine_timing(EngineId { class, instance: 0 }, timing)
        .unwrap();
}

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
    rig.spinner(0x1000, true);
    rig.submit(1, 0x1000, &[], 1);
    rig.wait_for_dword(0x1f00, 1);
    let before = rig.gpu.counters().total();
    let time = 200 * MILLISECOND;
    rig.nothing_completes_for(time);
    let spent = rig.gpu.counters().total().busy_ns - before.busy_ns;
    // Of a core, in per cent; a loaded machine gets some room.
    assert!(
        spent * 100 / (time.as_nanos() as u64) < 10,
        "{spent} ns of {time:?}"
    );
    let start = Instant::now();
    rig.end_spinner(0x1000);
    rig.expect(1, 1, Outcome::Completed);
    assert!(start.elapsed() < 50 * MILLISECOND, "{:?}", start.elapsed());
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
fn a_hang_is_reported_and_leaves_others_alone() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Render, 1, 0);
    rig.context(2, EngineClass::Render, 1, 0);
    rig.put(0x1000, &[0, 0, NONSENSE, END]);
    rig.put(0x2000, &store(0x8000, 3));
    rig.submit(1, 0x1000, &[], 1);
    rig.submit(1, 0x2000, &[], 2);
    rig.submit(2, 0x2000, &[], 1);
    let mut outcomes = [rig.next(), rig.next(), rig.next()];
    outcomes.sort_by_key(|completion| completion.point);
    let expected = [Outcome::Hung, Outcome::Cancelled, Outcome::Completed];
    assert_eq!(outcomes.map(|completion| completion.outcome), expected);
    assert_eq!(rig.dword(0x8000), 3);
    let hangs = rig.hangs.lock().unwrap();
    let [report] = &hangs[..] else {
        panic!("{hangs:?}")
    };
    assert_eq!(report.reason, HangReason::UnknownCommand);
    assert_eq!((report.address, report.dword), (BASE + 0x1008, NONSENSE));
    assert_eq!(
        (report.context, report.engine.to_string()),
        (ContextId(1), "rcs0".to_owned())
    );
    let at_fault = (report.address - report.dwords_address) / 4;
    assert_eq!(report.dwords[at_fault as usize], NONSENSE);
    assert!(report.to_string().contains("unknown command"));
}

#[test]
fn a_hang_bans_from_its_slot_alone() {
    let rig = Rig::new();
    let slot = |class, timeline| EngineSlot {
        class,
        instances: 1,
        timeline: TimelineId(timeline),
    };
    let description = ContextDescription {
        address_space: SPACE,
        recoverable: false,
        slots: vec![slot(EngineClass::Copy, 1), slot(EngineClass::Render, 2)],
    };
    rig.gpu.create_context(ContextId(1), description).unwrap();
    rig.put(0x1000, &[NONSENSE]);
    rig.put(0x2000, &store(0x8000, 3));
    rig.submit(1, 0x1000, &[], 1);
    rig.expect(1, 1, Outcome::Hung);
    rig.gpu.submit(rig.submission(1, 1, &[0x2000], 1)).unwrap();
    rig.expect(2, 1, Outcome::Completed);
    rig.submit(1, 0x2000, &[], 2);
    rig.expect(1, 2, Outcome::Cancelled);
}

#[test]
fn a_recoverable_context_goes_on_after_a_hang() {
    let rig = Rig::new();
    rig.describe(1, EngineClass::Copy, 1, 0, true);
    rig.put(0x1000, &[0x1108_0001, 0x600, 9, NONSENSE]);
    let [low, high] = split(BASE + 0x8000);
    rig.put(0x2000, &[0x1208_0002, 0x600, low, high, END]);
    rig.put(0x8000, &[1]);
    rig.submit(1, 0x1000, &[], 1);
    rig.submit(1, 0x2000, &[], 2);
    rig.expect(1, 1, Outcome::Hung);
    rig.expect(1, 2, Outcome::Completed);
    assert_eq!(rig.dword(0x8000), 0, "registers are reset");
}

#[test]
fn a_batch_that_cannot_be_preempted_is_reset_when_others_wait() {
    let rig = Rig::new();
    timing(&rig, EngineClass::Video, 50, 100_000);
    rig.context(1, EngineClass::Video, 1, 0);
    rig.context(2, EngineClass::Video, 1, 0);
    rig.spinner(0x1000, false);
    rig.put(0x2000, &store(0x8000, 1));
    rig.submit(1, 0x1000, &[], 1);
    rig.wait_for_dword(0x1f00, 1);
    rig.nothing_completes_for(100 * MILLISECOND);
    rig.submit(2, 0x2000, &[], 1);
    rig.expect(1, 1, Outcome::Hung);
    rig.expect(2, 1, Outcome::Completed);
    assert_eq!(
        rig.hangs.lock().unwrap()[0].reason,
        HangReason::PreemptTimeout
    );
}

#[test]
fn a_batch_that_cannot_be_preempted_is_found_by_the_heartbeat() {
    let rig = Rig::new();
    timing(&rig, EngineClass::Video, 20, 30);
    rig.context(1, EngineClass::Video, 1, 0);
    rig.spinner(0x1000, false);
    rig.submit(1, 0x1000, &[], 1);
    rig.expect(1, 1, Outcome::Hung);
    assert_eq!(
        rig.hangs.lock().unwrap()[0].reason,
        HangReason::HeartbeatTimeout
    );
    // One that can be is left alone.
    rig.context(2, EngineClass::Video, 1, 0);
    rig.spinner(0x2000, true);
    rig.submit(2, 0x2000, &[], 1);
    rig.nothing_completes_for(150 * MILLISECOND);
    rig.end_spinner(0x2000);
    rig.expect(2, 1, Outcome::Completed);
}

#[test]
fn a_reset_cancels_all_that_was_submitted_and_nothing_later() {
    let rig = Rig::new();
    let engines = [EngineClass::Render, EngineClass::Copy];
    rig.put(0x8000, &store(0x9000, 1));
    // A spinner on each engine, the second without arbitration points; behind each, in
    // the same context and in two more, what must not begin once the spinner has ended.
    for (number, class) in engines.into_iter().enumerate() {
        let (first, offset) = (number as u32 * 3 + 1, number as u64 * 0x1000 + 0x1000);
        for context in first..first + 3 {
            rig.context(context, class, 1, 0);
        }
        rig.spinner(offset, number == 0);
        rig.submit(first, offset, &[], 1);
        rig.wait_for_dword(offset + 0xf00, 1);
        rig.submit(first, 0x8000, &[], 2);
        rig.submit(first, 0x8000, &[], 3);
        rig.submit(first + 1, 0x8000, &[of(first, 1)], 1);
        rig.submit(first + 2, 0x8000, &[at(BINDS, 99)], 1);
    }
    let unbind = Unbind {
        address_space: SPACE,
        va: BASE + LENGTH,
        length: 0x1000,
        waits: vec![of(1, 3), of(5, 1)],
        signal: 2,
    };
    rig.gpu.unbind(unbind).unwrap();
    rig.gpu.reset_active();
    let mut ended: Vec<_> = (0..11).map(|_| rig.next()).collect();
    ended.sort_by_key(|completion| completion.point);
    let bind = ended.pop().unwrap();
    assert_eq!(bind, never_ran(at(BINDS, 2), Outcome::Completed));
    for completion in ended {
        let Point { timeline, value } = completion.point;
        if matches!(timeline.0, 1 | 4) && value == 1 {
            assert_eq!(completion.outcome, Outcome::Cancelled);
            assert!(completion.was_active && completion.busy_ns > 0);
        } else {
            let expected = never_ran(completion.point, Outcome::Cancelled);
            assert_eq!(completion, expected);
        }
    }
    assert_eq!(rig.dword(0x9000), 0);
    assert_eq!(rig.gpu.counters().waits, 0);
    assert!(rig.hangs.lock().unwrap().is_empty());
    // No context is banned.
    for context in 1..=6 {
        rig.submit(context, 0x8000, &[], 9);
        rig.expect(context, 9, Outcome::Completed);
    }
    assert_eq!(rig.dword(0x9000), 1);
}

#[test]
fn resets_race_with_submissions_and_everything_ends_once_in_order() {
    const CONTEXTS: u32 = 8;
    const EACH: u64 = 300;
    let rig = Rig::new();
    rig.spinner(0x1000, true);
    rig.put(0x8000, &[END]);
    for context in 1..=CONTEXTS {
        rig.context(context, EngineClass::Video, 0b11, 0);
    }
    let gpu = &rig.gpu;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for value in 1..=EACH {
                for context in 1..=CONTEXTS {
                    // Every seventh never ends by itself.
                    let spins = (value + u64::from(context)) % 7 == 0;
                    gpu.submit(Submission {
                        context: ContextId(context),
                        slot: 0,
                        batches: vec![BASE + if spins { 0x1000 } else { 0x8000 }],
                        waits: vec![],
                        signal: value,
                        priority: 0,
                        sseu: None,
                        cancelled: false,
                    })
                    .unwrap();
                }
            }
        });
        let mut last = [0; CONTEXTS as usize + 1];
        for number in 0..u64::from(CONTEXTS) * EACH {
            let completion = loop {
                match rig.completions.recv_timeout(MILLISECOND) {
                    Ok(completion) => break completion,
                    Err(_) => rig.gpu.reset_active(),
                }
            };
            if number % 50 == 0 {
                rig.gpu.reset_active();
            }
            let Point { timeline, value } = completion.point;
            let last = &mut last[timeline.0 as usize];
            assert_eq!(value, *last + 1);
            *last = value;
        }
    });
    assert_eq!(rig.gpu.counters().pending, 0);
}

#[test]
fn completions_say_how_long_a_batch_had_its_engine() {
    let rig = Rig::new();
    for context in 1..=3 {
        rig.context(context, EngineClass::Render, 1, 0);
    }
    let spin = |contexts: &[u32], time: Duration| {
        for &context in contexts {
            let offset = u64::from(context) * 0x1000;
            rig.spinner(offset, true);
            rig.submit(context, offset, &[], 1);
            rig.wait_for_dword(offset + 0xf00, 1);
        }
        std::thread::sleep(time);
        for &context in contexts {
            rig.end_spinner(u64::from(context) * 0x1000);
        }
        let start = Instant::now();
        let ends: Vec<_> = contexts.iter().map(|_| rig.next()).collect();
        (ends, start.elapsed())
    };
    // Alone it has all the engine's time, though it costs next to nothing.
    let time = 50 * MILLISECOND;
    let before = Instant::now();
    let (ends, _) = spin(&[1], time);
    let had = Duration::from_nanos(ends[0].busy_ns);
    assert!(had >= time && had <= before.elapsed(), "{had:?}");
    assert_eq!(
        (ends[0].outcome, ends[0].was_active),
        (Outcome::Completed, false)
    );
    // Two share it: they can't have had more than there was, and little is lost.
    let before = Instant::now();
    let (ends, _) = spin(&[2, 3], 2 * time);
    let each = [ends[0], ends[1]].map(|end| Duration::from_nanos(end.busy_ns));
    let had = each[0] + each[1];
    assert!(had >= 2 * time && had <= before.elapsed(), "{each:?}");
    assert!(each.into_iter().all(|had| had >= time / 4), "{each:?}");
}

#[test]
fn a_cancelled_batch_says_whether_it_had_begun() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Video, 1, 0);
    rig.context(2, EngineClass::Video, 1, 0);
    rig.spinner(0x1000, true);
    rig.submit(1, 0x1000, &[], 1);
    rig.wait_for_dword(0x1f00, 1);
    // Waits at a semaphore, beside the spinner.
    let [low, high] = split(BASE + 0x8000);
    let started = store(0x8010, 1);
    let wait = [0x0e00_c002, 1, low, high, END];
    rig.put(0x2000, &[&started[..4], &wait[..]].concat());
    rig.submit(2, 0x2000, &[], 1);
    rig.submit(2, 0x2000, &[], 2);
    rig.wait_for_dword(0x8010, 1);
    std::thread::sleep(5 * MILLISECOND);
    rig.gpu.cancel_context(ContextId(2)).unwrap();
    let (first, second) = (rig.next(), rig.next());
    assert_eq!((first.point, first.outcome), (of(2, 1), Outcome::Cancelled));
    assert!(first.was_active && first.busy_ns > 0);
    assert_eq!(second, never_ran(of(2, 2), Outcome::Cancelled));
    rig.gpu.destroy_context(ContextId(1)).unwrap();
    let last = rig.next();
    assert_eq!((last.point, last.outcome), (of(1, 1), Outcome::Cancelled));
    assert!(last.was_active && last.busy_ns >= 1_000_000, "{last:?}");
}

#[test]
fn contexts_and_address_spaces_that_go_leave_nothing_behind() {
    let rig = Rig::new();
    rig.put(0x1000, &[END]);
    rig.spinner(0x2000, true);
    let before = rig.gpu.counters();
    let mut ended = 0;
    for number in 0..100_000_u32 {
        let (context, space) = (number % 7 + 1, AddressSpaceId(number % 5 + 2));
        let binds = TimelineId(2000 + u64::from(number % 5));
        rig.gpu.create_address_space(space, binds).unwrap();
        let slot = |timeline| EngineSlot {
            class: EngineClass::Render,
            instances: 1,
            timeline: TimelineId(timeline),
        };
        let timeline = u64::from(context);
        let description = ContextDescription {
            address_space: if number % 3 == 0 { SPACE } else { space },
            recoverable: true,
            slots: vec![slot(timeline), slot(timeline + 100)],
        };
        rig.gpu
            .create_context(ContextId(context), description)
            .unwrap();
        // Some have work that ended, some have work that runs, waits or is waited for.
        let mut expected = 0;
        if number % 100 == 0 {
            rig.submit(context, 0x1000, &[], 1);
            rig.submit(context, 0x2000, &[], 2);
            rig.submit(context, 0x1000, &[at(binds, 7), of(context + 100, 9)], 3);
            rig.gpu
                .unbind(Unbind {
                    address_space: space,
                    va: 0,
                    length: 0x1000,
                    waits: vec![of(context, 3)],
                    signal: 1,
                })
                .unwrap();
            expected = 4;
        }
        if number % 2 == 0 {
            rig.gpu.destroy_context(ContextId(context)).unwrap();
            rig.gpu.destroy_address_space(space).unwrap();
        } else {
            rig.gpu.destroy_address_space(space).unwrap();
            rig.gpu.destroy_context(ContextId(context)).unwrap();
        }
        // Their numbers may be used again when all has ended.
        for _ in 0..expected {
            rig.next();
            ended += 1;
        }
    }
    assert_eq!(ended, 4000);
    let start = Instant::now();
    loop {
        let now = rig.gpu.counters();
        let kept = |c: &Counters| {
            (
                c.pending,
                c.waits,
                c.address_spaces,
                c.contexts,
                c.slots,
                c.timelines,
            )
        };
        if kept(&now) == kept(&before) {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(5), "{now:?}");
        std::thread::sleep(MILLISECOND);
    }
}

#[test]
fn cancelling_ends_what_runs_and_what_waits_in_order() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Render, 1, 0);
    rig.spinner(0x1000, false);
    rig.submit(1, 0x1000, &[], 1);
    rig.submit(1, 0x1000, &[at(BINDS, 99)], 2);
    rig.submit(1, 0x1000, &[], 3);
    rig.wait_for_dword(0x1f00, 1);
    rig.gpu.cancel_context(ContextId(1)).unwrap();
    for value in 1..=3 {
        rig.expect(1, value, Outcome::Cancelled);
    }
    rig.submit(1, 0x1000, &[], 4);
    assert_eq!(rig.next(), never_ran(of(1, 4), Outcome::Cancelled));
    rig.gpu.destroy_context(ContextId(1)).unwrap();
    rig.context(1, EngineClass::Render, 1, 0);
    rig.put(0x1000, &[END]);
    rig.submit(1, 0x1000, &[], 1);
    rig.expect(1, 1, Outcome::Completed);
}

#[test]
fn a_destroyed_address_space_shows_nothing() {
    let rig = Rig::with_strict(true);
    rig.context(1, EngineClass::Render, 1, 0);
    rig.context(2, EngineClass::Render, 1, 0);
    rig.gpu
        .bind(Bind {
            address_space: SPACE,
            va: 0,
            length: 0x1000,
            extents: vec![],
            read_only: false,
            null: true,
            waits: vec![of(2, 1)],
            signal: 2,
        })
        .unwrap();
    rig.gpu.destroy_address_space(SPACE).unwrap();
    assert_eq!(rig.next(), never_ran(at(BINDS, 2), Outcome::Cancelled));
    rig.submit(1, 0x1000, &[], 1);
    rig.expect(1, 1, Outcome::Hung);
    assert_eq!(
        rig.hangs.lock().unwrap()[0].reason,
        HangReason::FetchUnmapped
    );
    rig.gpu.create_address_space(SPACE, BINDS).unwrap();
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
fn dropping_the_gpu_ends_endless_batches() {
    let rig = Rig::new();
    for (number, engine) in Platform::TGL.engines.iter().enumerate() {
        let context = number as u32 + 1;
        rig.context(context, engine.id.class, 1 << engine.id.instance, 0);
        rig.spinner(0x1000 * u64::from(context), number % 2 == 0);
        rig.submit(context, 0x1000 * u64::from(context), &[], 1);
    }
    let start = Instant::now();
    drop(rig);
    assert!(start.elapsed() < Duration::from_secs(2));
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
