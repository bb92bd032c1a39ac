//! How work ends that does not run to its end, and what is left of what goes.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use std::time::{Duration, Instant};

use common::{BASE, BINDS, END, LENGTH, Rig, SPACE, at, never_ran, of, split, store};
use softgpu::*;

const MILLISECOND: Duration = Duration::from_millis(1);

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
    rig.comes_to_rest();
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
fn engines_that_execute_nothing_still_end_everything_in_order() {
    let rig = Rig::configured(Platform::TGL, |config| GpuConfig {
        null: true,
        ..config
    });
    rig.context(1, EngineClass::Render, 1, 0);
    rig.context(2, EngineClass::Copy, 1, 0);
    rig.put(0x1000, &store(0x8000, 1));
    rig.spinner(0x2000, false);
    rig.submit(1, 0x1000, &[of(2, 1)], 1);
    rig.nothing_completes_for(5 * MILLISECOND);
    rig.submit(2, 0x2000, &[], 1);
    rig.expect(2, 1, Outcome::Completed);
    rig.expect(1, 1, Outcome::Completed);
    assert_eq!(rig.dword(0x8000), 0);
}
