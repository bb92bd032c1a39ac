//! Batches that start together, and waits for a start, seen from outside.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use std::time::Duration;

use common::{END, Rig, of, split, store};
use softgpu::*;

const MILLISECOND: Duration = Duration::from_millis(1);
const VIDEO: [(EngineClass, u8); 2] = [(EngineClass::Video, 0), (EngineClass::Video, 1)];
const ARBITRATION_OFF: u32 = 0x0400_0000;

fn store_part(offset: u64, value: u32) -> [u32; 4] {
    let [low, high] = split(common::BASE + offset);
    [0x1000_0002, low, high, value]
}

/// Waits until the dword at `offset` is `value`.
fn wait_part(offset: u64, value: u32) -> [u32; 4] {
    let [low, high] = split(common::BASE + offset);
    [0x0e00_c002, value, low, high]
}

/// Puts two batches at `offset` and behind it that need each other, and let nothing else
/// onto their engines meanwhile. Gives their offsets.
fn handshake(rig: &Rig, offset: u64) -> [u64; 2] {
    let (here, there) = (offset + 0x400, offset + 0x440);
    rig.memory.fill(offset, 0x1000, 0).unwrap();
    for (batch, mine, theirs) in [(offset, here, there), (offset + 0x200, there, here)] {
        let mut dwords = vec![ARBITRATION_OFF];
        dwords.extend(store_part(mine, 1));
        dwords.extend(wait_part(theirs, 1));
        // And once more the other way round: neither is over before both have run.
        dwords.extend(store_part(mine + 8, 1));
        dwords.extend(wait_part(theirs + 8, 1));
        dwords.push(END);
        rig.put(batch, &dwords);
    }
    [offset, offset + 0x200]
}

fn points(completions: &[Completion]) -> Vec<(u64, u64, Outcome)> {
    let entry = |one: &Completion| (one.point.timeline.0, one.point.value, one.outcome);
    completions.iter().map(entry).collect()
}

#[test]
fn batches_of_a_gang_run_at_the_same_time_and_end_as_one() {
    let rig = Rig::new();
    rig.wide_context(1, &VIDEO);
    for value in 1..=20 {
        let batches = handshake(&rig, 0x1000);
        rig.gpu
            .submit(rig.submission(1, 0, &batches, value))
            .unwrap();
        let completion = rig.next();
        assert_eq!(
            points(&[completion]),
            [(10, value, Outcome::Completed)],
            "one end, on the first slot's timeline"
        );
    }
    // Slots go on one by one as well.
    rig.put(0x3000, &store(0x8000, 3));
    rig.gpu.submit(rig.submission(1, 1, &[0x3000], 1)).unwrap();
    assert_eq!(points(&[rig.next()]), [(11, 1, Outcome::Completed)]);
    rig.nothing_completes_for(5 * MILLISECOND);
    rig.comes_to_rest();
}

#[test]
fn submissions_of_a_gangs_slots_keep_their_order() {
    let rig = Rig::new();
    rig.wide_context(1, &VIDEO);
    rig.spinner(0x1000, true);
    rig.put(0x4000, &[END]);
    let batches = handshake(&rig, 0x2000);
    // On the second slot a spinner is before the gang, on both something behind it.
    rig.gpu.submit(rig.submission(1, 1, &[0x1000], 1)).unwrap();
    rig.gpu.submit(rig.submission(1, 0, &batches, 1)).unwrap();
    rig.gpu.submit(rig.submission(1, 0, &[0x4000], 2)).unwrap();
    rig.gpu.submit(rig.submission(1, 1, &[0x4000], 2)).unwrap();
    rig.nothing_completes_for(20 * MILLISECOND);
    assert_eq!(rig.dword(0x2400), 0, "the first batch waits for the second");
    rig.end_spinner(0x1000);
    assert_eq!(
        points(&[rig.next(), rig.next()]),
        [(11, 1, Outcome::Completed), (10, 1, Outcome::Completed)]
    );
    let mut last = points(&[rig.next(), rig.next()]);
    last.sort_by_key(|&(timeline, ..)| timeline);
    assert_eq!(
        last,
        [(10, 2, Outcome::Completed), (11, 2, Outcome::Completed)]
    );
}

#[test]
fn an_engine_does_other_work_while_a_gang_cannot_have_the_others() {
    let rig = Rig::new();
    rig.wide_context(1, &VIDEO);
    rig.context(2, EngineClass::Video, 0b01, 10);
    rig.context(3, EngineClass::Video, 0b10, 0);
    rig.spinner(0x1000, true);
    rig.submit(2, 0x1000, &[], 1);
    rig.wait_for_dword(0x1f00, 1);
    let batches = handshake(&rig, 0x2000);
    rig.gpu.submit(rig.submission(1, 0, &batches, 1)).unwrap();
    rig.put(0x4000, &store(0x8000, 1));
    for value in 1..=20 {
        rig.submit(3, 0x4000, &[], value);
        rig.expect(3, value, Outcome::Completed);
    }
    assert_eq!([rig.dword(0x2400), rig.dword(0x2440)], [0, 0]);
    rig.end_spinner(0x1000);
    rig.expect(2, 1, Outcome::Completed);
    rig.expect(10, 1, Outcome::Completed);
}

#[test]
fn gangs_over_overlapping_engines_all_run() {
    const EACH: u64 = 40;
    let rig = Rig::new();
    let enhance = (EngineClass::VideoEnhance, 0);
    let sets = [
        VIDEO,
        [VIDEO[1], enhance],
        [enhance, VIDEO[0]],
        [VIDEO[1], VIDEO[0]],
    ];
    let mut left = 0;
    for (number, set) in sets.iter().enumerate() {
        rig.wide_context(number as u32 + 1, set);
    }
    rig.context(9, EngineClass::Video, 0b11, 0);
    rig.put(0x4000, &store(0x8000, 1));
    for value in 1..=EACH {
        for context in 1..=sets.len() as u32 {
            let place = 0x1_0000 + ((value - 1) * 4 + u64::from(context - 1)) * 0x1000;
            let batches = handshake(&rig, place);
            rig.gpu
                .submit(rig.submission(context, 0, &batches, value))
                .unwrap();
            left += 1;
        }
        rig.submit(9, 0x4000, &[], value);
        left += 1;
    }
    for _ in 0..left {
        assert_eq!(rig.next().outcome, Outcome::Completed);
    }
    assert!(rig.hangs.lock().unwrap().is_empty());
}

#[test]
fn a_gang_that_has_started_is_not_preempted() {
    let rig = Rig::new();
    rig.wide_context(1, &VIDEO);
    rig.context(2, EngineClass::Video, 0b01, 100);
    rig.spinner(0x1000, true);
    rig.spinner(0x2000, true);
    rig.gpu
        .submit(rig.submission(1, 0, &[0x1000, 0x2000], 1))
        .unwrap();
    rig.wait_for_dword(0x1f00, 1);
    rig.wait_for_dword(0x2f00, 1);
    rig.put(0x4000, &store(0x8000, 1));
    rig.submit(2, 0x4000, &[], 1);
    rig.nothing_completes_for(20 * MILLISECOND);
    // Its first batch's end frees that engine.
    rig.end_spinner(0x1000);
    rig.expect(2, 1, Outcome::Completed);
    rig.nothing_completes_for(5 * MILLISECOND);
    rig.end_spinner(0x2000);
    rig.expect(10, 1, Outcome::Completed);
}

#[test]
fn when_one_batch_of_a_gang_hangs_all_end() {
    let rig = Rig::new();
    rig.wide_context(1, &VIDEO);
    rig.put(0x4000, &[END]);
    rig.spinner(0x1000, true);
    // Waits for the spinner to have started; then an unknown command.
    let mut dwords = wait_part(0x1f00, 1).to_vec();
    dwords.push(0x7fff_0000);
    rig.put(0x2000, &dwords);
    for batches in [[0x1000, 0x2000], [0x2000, 0x1000]] {
        let value = if batches[0] == 0x1000 { 1 } else { 3 };
        rig.memory.write_u32(0x1f00, 0).unwrap();
        rig.gpu
            .submit(rig.submission(1, 0, &batches, value))
            .unwrap();
        rig.gpu
            .submit(rig.submission(1, 0, &[0x4000, 0x4000], value + 1))
            .unwrap();
        let ends = points(&[rig.next(), rig.next()]);
        assert_eq!(
            ends,
            [
                (10, value, Outcome::Hung),
                (10, value + 1, Outcome::Completed)
            ]
        );
    }
    assert_eq!(rig.hangs.lock().unwrap().len(), 2);
    // Of a context that is not recoverable, nothing runs afterwards.
    rig.gpu.set_recoverable(ContextId(1), false).unwrap();
    rig.memory.write_u32(0x1f00, 0).unwrap();
    rig.gpu
        .submit(rig.submission(1, 0, &[0x1000, 0x2000], 5))
        .unwrap();
    rig.gpu
        .submit(rig.submission(1, 0, &[0x4000, 0x4000], 6))
        .unwrap();
    assert_eq!(
        points(&[rig.next(), rig.next()]),
        [(10, 5, Outcome::Hung), (10, 6, Outcome::Cancelled)]
    );
}

/// Which of its slots is banned makes no difference.
#[test]
fn a_gang_with_a_banned_slot_is_cancelled() {
    for banned in [0, 1] {
        let rig = Rig::new();
        rig.wide_context(1, &VIDEO);
        rig.gpu.set_recoverable(ContextId(1), false).unwrap();
        rig.put(0x2000, &[0x7fff_0000]);
        rig.put(0x4000, &[END]);
        rig.gpu
            .submit(rig.submission(1, banned, &[0x2000], 1))
            .unwrap();
        let timeline = 10 + u64::from(banned);
        assert_eq!(points(&[rig.next()]), [(timeline, 1, Outcome::Hung)]);
        rig.gpu
            .submit(rig.submission(1, 0, &[0x4000, 0x4000], 2))
            .unwrap();
        assert_eq!(points(&[rig.next()]), [(10, 2, Outcome::Cancelled)]);
    }
}

#[test]
fn a_gang_whose_batches_never_end_is_found() {
    let rig = Rig::new();
    rig.wide_context(1, &VIDEO);
    for instance in 0..2 {
        let timing = EngineTiming {
            timeslice: MILLISECOND,
            preempt_timeout: 20 * MILLISECOND,
            heartbeat: 20 * MILLISECOND,
            ..rig.gpu.platform().engines[2].timing
        };
        let class = EngineClass::Video;
        rig.gpu
            .set_engine_timing(EngineId { class, instance }, timing)
            .unwrap();
    }
    let mut wait = wait_part(0x8000, 1).to_vec();
    wait.push(END);
    rig.put(0x1000, &wait);
    rig.gpu
        .submit(rig.submission(1, 0, &[0x1000, 0x1000], 1))
        .unwrap();
    assert_eq!(points(&[rig.next()]), [(10, 1, Outcome::Hung)]);
    let hangs = rig.hangs.lock().unwrap();
    assert_eq!(hangs[0].reason, HangReason::HeartbeatTimeout);
}

#[test]
fn cancelled_gangs_end_once_whether_they_have_begun_or_not() {
    let rig = Rig::new();
    rig.wide_context(1, &VIDEO);
    rig.spinner(0x1000, true);
    rig.spinner(0x2000, false);
    for round in 0..6 {
        let value = round * 3 + 1;
        rig.memory.write_u32(0x1f00, 0).unwrap();
        for value in value..value + 3 {
            rig.gpu
                .submit(rig.submission(1, 0, &[0x1000, 0x2000], value))
                .unwrap();
        }
        rig.wait_for_dword(0x1f00, 1);
        rig.gpu.reset_active();
        let ends = [rig.next(), rig.next(), rig.next()];
        let active = ends.map(|end| end.was_active);
        assert_eq!(active, [true, false, false]);
        assert!(ends.iter().all(|end| end.outcome == Outcome::Cancelled));
        assert_eq!(
            ends.map(|end| end.point.value),
            [value, value + 1, value + 2]
        );
    }
    rig.gpu
        .submit(rig.submission(1, 0, &[0x1000, 0x2000], 100))
        .unwrap();
    rig.gpu.destroy_context(ContextId(1)).unwrap();
    assert_eq!(points(&[rig.next()]), [(10, 100, Outcome::Cancelled)]);
    assert_eq!(rig.comes_to_rest().slots, 0);
}

#[test]
fn gangs_that_nobody_owns_end_when_one_of_their_engines_has_no_heartbeat() {
    let rig = Rig::new();
    rig.wide_context(1, &VIDEO);
    rig.spinner(0x1000, true);
    rig.spinner(0x2000, true);
    let (class, instance) = (VIDEO[1].0, 1);
    let timing = EngineTiming {
        heartbeat: Duration::ZERO,
        ..rig.gpu.platform().engines[3].timing
    };
    rig.gpu
        .set_engine_timing(EngineId { class, instance }, timing)
        .unwrap();
    for value in 1..=3 {
        rig.gpu
            .submit(rig.submission(1, 0, &[0x1000, 0x2000], value))
            .unwrap();
    }
    rig.wait_for_dword(0x2f00, 1);
    rig.gpu.close_context(ContextId(1)).unwrap();
    for value in 1..=3 {
        rig.expect(10, value, Outcome::Cancelled);
    }
    rig.comes_to_rest();
}

#[test]
fn a_reset_engine_ends_the_gang_on_it() {
    let rig = Rig::new();
    rig.wide_context(1, &VIDEO);
    rig.spinner(0x1000, true);
    rig.spinner(0x2000, true);
    rig.put(0x4000, &[END]);
    rig.gpu
        .submit(rig.submission(1, 0, &[0x1000, 0x2000], 1))
        .unwrap();
    rig.gpu
        .submit(rig.submission(1, 0, &[0x4000, 0x4000], 2))
        .unwrap();
    rig.wait_for_dword(0x1f00, 1);
    rig.wait_for_dword(0x2f00, 1);
    // rcs0, bcs0, vcs0.
    assert_eq!(rig.gpu.reset_engines(0b100), 1);
    rig.expect(10, 1, Outcome::Hung);
    rig.expect(10, 2, Outcome::Completed);
    assert_eq!(rig.hangs.lock().unwrap().len(), 1);
}

#[test]
fn gangs_race_with_resets_and_everything_ends_once_in_order() {
    const EACH: u64 = 200;
    let rig = Rig::new();
    rig.spinner(0x1000, true);
    rig.put(0x8000, &[END]);
    for context in 1..=4 {
        rig.wide_context(context, &VIDEO);
    }
    let mut last = [0; 5];
    let mut sent = 0;
    for value in 1..=EACH {
        for context in 1..=4 {
            let spins = (value + u64::from(context)) % 5 == 0;
            let first = if spins { 0x1000 } else { 0x8000 };
            let batches: &[u64] = if value % 3 == 0 {
                &[first]
            } else {
                &[first, 0x8000]
            };
            rig.gpu
                .submit(rig.submission(context, 0, batches, value))
                .unwrap();
            sent += 1;
        }
        if value % 8 == 0 {
            rig.gpu.reset_active();
        }
    }
    while sent > 0 {
        let Ok(completion) = rig.completions.recv_timeout(5 * MILLISECOND) else {
            rig.gpu.reset_active();
            continue;
        };
        let context = (completion.point.timeline.0 / 10) as usize;
        assert_eq!(
            completion.point.value,
            last[context] + 1,
            "in order, each once"
        );
        last[context] += 1;
        sent -= 1;
    }
    rig.comes_to_rest();
}

#[test]
fn only_slots_with_an_engine_each_make_a_gang() {
    let rig = Rig::new();
    rig.wide_context(1, &[VIDEO[0], VIDEO[0]]);
    let twice = rig.submission(1, 0, &[0x1000, 0x1000], 1);
    assert!(matches!(
        rig.gpu.submit(twice),
        Err(GpuError::NoGang {
            first: 0,
            last: 1,
            ..
        })
    ));
    rig.wide_context(2, &VIDEO);
    let past = rig.submission(2, 1, &[0x1000, 0x1000], 1);
    assert!(matches!(
        rig.gpu.submit(past),
        Err(GpuError::UnknownSlot { .. })
    ));
    assert_eq!(rig.gpu.counters().pending, 0);
}

#[test]
fn a_wait_for_a_start_ends_when_the_work_begins() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Video, 0b01, 0);
    rig.context(2, EngineClass::Video, 0b10, 0);
    rig.spinner(0x1000, true);
    rig.spinner(0x2000, false);
    rig.put(0x4000, &store(0x8000, 1));
    let bond = |value, start| {
        let mut bond = rig.submission(2, 0, &[0x4000], value);
        bond.waits = vec![Wait::Start(of(1, start))];
        rig.gpu.submit(bond).unwrap();
    };
    // Sent before what it waits for.
    bond(1, 2);
    rig.nothing_completes_for(5 * MILLISECOND);
    rig.submit(1, 0x1000, &[], 1);
    rig.submit(1, 0x2000, &[], 2);
    rig.wait_for_dword(0x1f00, 1);
    // The earlier one's start is not it.
    rig.nothing_completes_for(10 * MILLISECOND);
    rig.end_spinner(0x1000);
    rig.expect(1, 1, Outcome::Completed);
    // It runs while what it waited for runs.
    rig.expect(2, 1, Outcome::Completed);
    bond(2, 1);
    rig.expect(2, 2, Outcome::Completed);
    rig.end_spinner(0x2000);
    rig.expect(1, 2, Outcome::Completed);
    // One that is cancelled before it has begun counts as well.
    bond(3, 4);
    rig.gpu.cancel_context(ContextId(1)).unwrap();
    rig.submit(1, 0x1000, &[], 4);
    rig.expect(1, 4, Outcome::Cancelled);
    rig.expect(2, 3, Outcome::Completed);
    // And so does the end of the timeline.
    bond(4, 9);
    rig.gpu.destroy_context(ContextId(1)).unwrap();
    rig.expect(2, 4, Outcome::Completed);
}

#[test]
fn batches_see_the_units_that_they_were_submitted_with() {
    let rig = Rig::with(Platform::ICL, false);
    rig.context(1, EngineClass::Render, 1, 0);
    rig.spinner(0x1000, true);
    rig.submit(1, 0x1000, &[], 1);
    for (offset, to) in [(0x4000, 0x8000), (0x4100, 0x8010), (0x4200, 0x8020)] {
        let [low, high] = split(common::BASE + to);
        rig.put(offset, &[0x1200_0002, 0x20c8, low, high, END]);
    }
    let half = Sseu {
        subslice_mask: 0x0f,
        ..Sseu::whole_device(&Platform::ICL)
    };
    for (value, offset, sseu) in [
        (2, 0x4000, None),
        (3, 0x4100, Some(half)),
        (4, 0x4200, None),
    ] {
        let mut submission = rig.submission(1, 0, &[offset], value);
        submission.sseu = sseu;
        rig.gpu.submit(submission).unwrap();
    }
    rig.end_spinner(0x1000);
    for value in 1..=4 {
        rig.expect(1, value, Outcome::Completed);
    }
    assert_eq!(
        [0x8000, 0x8010, 0x8020].map(|at| rig.dword(at)),
        [0x8004_2088, 0x8004_1c88, 0x8004_2088]
    );
}

#[test]
fn spinners_of_virtual_engines_spread_over_all_siblings() {
    let rig = Rig::new();
    for context in 1..=4_u32 {
        rig.context(context, EngineClass::Video, 0b11, 0);
        rig.spinner(0x1000 * u64::from(context), true);
    }
    for round in 1..=20 {
        let before = rig.gpu.engines_occupied_ns();
        for context in [1_u32, 2] {
            let offset = 0x1000 * u64::from(context);
            rig.spinner(offset, true);
            rig.submit(context, offset, &[], round);
        }
        rig.wait_for_dword(0x1f00, 1);
        rig.wait_for_dword(0x2f00, 1);
        rig.nothing_completes_for(2 * MILLISECOND);
        let after = rig.gpu.engines_occupied_ns();
        for engine in [2, 3] {
            assert!(after[engine] - before[engine] >= 1_900_000, "round {round}");
        }
        for context in [1_u32, 2] {
            rig.end_spinner(0x1000 * u64::from(context));
        }
        for _ in 0..2 {
            assert_eq!(rig.next().outcome, Outcome::Completed);
        }
    }
    // More of them than engines share the engines.
    for context in 1..=4_u32 {
        let offset = 0x1000 * u64::from(context);
        rig.spinner(offset, true);
        rig.submit(context, offset, &[], 21);
    }
    for context in 1..=4_u32 {
        rig.wait_for_dword(0x1000 * u64::from(context) + 0xf00, 1);
    }
}

#[test]
fn a_virtual_engines_batch_goes_elsewhere_when_its_engine_is_taken_for_long() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Video, 0b11, 0);
    // Counts for ever without arbitration point; and one that only spins.
    let [low, high] = split(common::BASE + 0x8000);
    let start = split(common::BASE + 0x4000);
    let counts = [
        0x1780_0001 | 0x05 << 8,
        low,
        high,
        0x1880_0101,
        start[0],
        start[1],
    ];
    rig.put(0x4000, &counts);
    rig.spinner(0x2000, false);
    let mut number = 1;
    for hog in [0x2000, 0x4000] {
        for instances in [0b01, 0b10] {
            rig.spinner(0x1000, true);
            rig.submit(1, 0x1000, &[], number);
            rig.wait_for_dword(0x1f00, 1);
            number += 1;
            let context = 10 + number as u32;
            rig.context(context, EngineClass::Video, instances, 1023);
            rig.submit(context, hog, &[], 1);
            rig.nothing_completes_for(10 * MILLISECOND);
            rig.end_spinner(0x1000);
            rig.expect(1, number - 1, Outcome::Completed);
            rig.gpu.cancel_context(ContextId(context)).unwrap();
            rig.expect(context, 1, Outcome::Cancelled);
        }
    }
    assert!(rig.hangs.lock().unwrap().is_empty());
}

#[test]
fn an_engine_is_occupied_while_a_batch_is_on_it() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Video, 0b10, 0);
    rig.spinner(0x1000, true);
    rig.submit(1, 0x1000, &[], 1);
    rig.wait_for_dword(0x1f00, 1);
    let time = 50 * MILLISECOND;
    let occupied = || rig.gpu.engines_occupied_ns();
    let (start, before) = (std::time::Instant::now(), occupied());
    rig.nothing_completes_for(time);
    let (after, passed) = (occupied(), start.elapsed());
    let spent: Vec<_> = after.iter().zip(&before).map(|(a, b)| a - b).collect();
    // rcs0, bcs0, vcs0, vcs1, vecs0.
    assert_eq!([spent[0], spent[1], spent[2], spent[4]], [0; 4]);
    assert!(
        u128::from(spent[3]) * 100 >= time.as_nanos() * 98,
        "{spent:?}"
    );
    assert!(u128::from(spent[3]) <= passed.as_nanos(), "{spent:?}");
    rig.end_spinner(0x1000);
    rig.expect(1, 1, Outcome::Completed);
    std::thread::sleep(2 * MILLISECOND);
    let done = occupied();
    std::thread::sleep(10 * MILLISECOND);
    assert_eq!(occupied(), done);
}
