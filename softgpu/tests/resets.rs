//! What ends batches before their time, seen from outside: heartbeats and time-outs that
//! users set, resets of engines, contexts that nobody owns any more.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use std::time::Duration;

use common::{BASE, END, Rig, split, store};
use softgpu::*;

const MILLISECOND: Duration = Duration::from_millis(1);
/// Longer than any test takes.
const LONG: u64 = 100_000;

/// Tiger Lake's first video engine, for these tests.
const VCS0: EngineId = EngineId {
    class: EngineClass::Video,
    instance: 0,
};

fn timing(preempt_timeout: u64, heartbeat: u64) -> EngineTiming {
    EngineTiming {
        timeslice: MILLISECOND,
        preempt_timeout: Duration::from_millis(preempt_timeout),
        heartbeat: Duration::from_millis(heartbeat),
        hang_detection: true,
    }
}

/// A GPU whose contexts 1 to 3 are on the first video engine, with a spinner of context 1
/// on it.
fn spinning(timing: EngineTiming, preemptible: bool) -> Rig {
    let rig = Rig::new();
    rig.gpu.set_engine_timing(VCS0, timing).unwrap();
    for context in 1..=3 {
        rig.context(context, EngineClass::Video, 1, 0);
    }
    rig.spinner(0x1000, preemptible);
    rig.submit(1, 0x1000, &[], 1);
    rig.wait_for_dword(0x1f00, 1);
    rig
}

fn reason(rig: &Rig) -> HangReason {
    rig.hangs.lock().unwrap()[0].reason
}

#[test]
fn without_heartbeat_nothing_is_found_to_hang() {
    let rig = spinning(timing(20, 0), false);
    rig.nothing_completes_for(200 * MILLISECOND);
    // The interval counts from the moment that it is set.
    rig.gpu.set_engine_timing(VCS0, timing(0, 10)).unwrap();
    rig.expect(1, 1, Outcome::Hung);
    assert_eq!(reason(&rig), HangReason::HeartbeatTimeout);
}

#[test]
fn without_hang_detection_nothing_is_found_to_hang() {
    let mut timing = timing(20, 10);
    timing.hang_detection = false;
    let rig = spinning(timing, false);
    rig.nothing_completes_for(200 * MILLISECOND);
    timing.hang_detection = true;
    rig.gpu.set_engine_timing(VCS0, timing).unwrap();
    rig.expect(1, 1, Outcome::Hung);
}

#[test]
fn without_preempt_timeout_others_wait_for_the_last_heartbeat() {
    let rig = spinning(timing(0, LONG), false);
    rig.put(0x2000, &store(0x8000, 1));
    rig.submit(2, 0x2000, &[], 1);
    rig.nothing_completes_for(100 * MILLISECOND);
    // A time-out that is set now holds for what waits now.
    rig.gpu.set_engine_timing(VCS0, timing(10, LONG)).unwrap();
    rig.expect(1, 1, Outcome::Hung);
    assert_eq!(reason(&rig), HangReason::PreemptTimeout);
    rig.expect(2, 1, Outcome::Completed);
}

#[test]
fn a_longer_time_slice_keeps_others_waiting() {
    let rig = Rig::new();
    let mut timing = timing(LONG, LONG);
    timing.timeslice = Duration::from_secs(100);
    rig.gpu.set_engine_timing(VCS0, timing).unwrap();
    rig.context(1, EngineClass::Video, 1, 0);
    rig.context(2, EngineClass::Video, 1, 0);
    // Counts in memory, for ever, and could be interrupted each time round.
    let start = split(BASE + 0x1000);
    let counter = split(BASE + 0x8000);
    let increment = 0x1780_0501;
    let batch = [
        increment,
        counter[0],
        counter[1],
        0x0280_0000,
        0x1880_0101,
        start[0],
        start[1],
    ];
    rig.put(0x1000, &batch);
    rig.put(0x2000, &[END]);
    rig.submit(1, 0x1000, &[], 1);
    rig.submit(2, 0x2000, &[], 1);
    rig.nothing_completes_for(100 * MILLISECOND);
    timing.timeslice = MILLISECOND;
    rig.gpu.set_engine_timing(VCS0, timing).unwrap();
    rig.expect(2, 1, Outcome::Completed);
    rig.gpu.cancel_context(ContextId(1)).unwrap();
    rig.expect(1, 1, Outcome::Cancelled);
}

#[test]
fn a_new_heartbeat_asks_at_once_for_a_sign_of_life() {
    let rig = spinning(timing(20, LONG), false);
    rig.nothing_completes_for(100 * MILLISECOND);
    rig.gpu
        .set_engine_timing(VCS0, timing(20, LONG + 1))
        .unwrap();
    rig.expect(1, 1, Outcome::Hung);
    assert_eq!(reason(&rig), HangReason::PreemptTimeout);
}

#[test]
fn what_can_be_interrupted_survives_a_new_heartbeat() {
    let rig = spinning(timing(10, LONG), true);
    rig.gpu
        .set_engine_timing(VCS0, timing(10, LONG + 1))
        .unwrap();
    rig.nothing_completes_for(100 * MILLISECOND);
    // What comes later is not held to account for it.
    rig.end_spinner(0x1000);
    rig.expect(1, 1, Outcome::Completed);
    rig.spinner(0x2000, false);
    rig.submit(2, 0x2000, &[], 1);
    rig.nothing_completes_for(100 * MILLISECOND);
    rig.end_spinner(0x2000);
    rig.expect(2, 1, Outcome::Completed);
}

#[test]
fn a_reset_engine_loses_what_it_executes_and_nothing_else() {
    for preemptible in [true, false] {
        let rig = spinning(timing(LONG, LONG), preemptible);
        rig.describe(4, EngineClass::Copy, 1, 0, true);
        rig.spinner(0x3000, true);
        rig.submit(4, 0x3000, &[], 1);
        rig.put(0x2000, &store(0x8000, 1));
        rig.submit(2, 0x2000, &[], 1);
        if preemptible {
            // It takes turns with the spinner, which then has the engine back.
            rig.expect(2, 1, Outcome::Completed);
            rig.nothing_completes_for(100 * MILLISECOND);
        }
        // Bits of engines that are not there mean nothing.
        assert_eq!(rig.gpu.reset_engines(1 << 2 | 1 << 31), 1);
        rig.expect(1, 1, Outcome::Hung);
        assert_eq!(reason(&rig), HangReason::EngineReset);
        if !preemptible {
            rig.expect(2, 1, Outcome::Completed);
        }
        assert_eq!(rig.dword(0x8000), 1);
        rig.nothing_completes_for(20 * MILLISECOND);
        rig.end_spinner(0x3000);
        rig.expect(4, 1, Outcome::Completed);
        assert_eq!(rig.hangs.lock().unwrap().len(), 1);
        rig.nothing_completes_for(100 * MILLISECOND);
        assert_eq!(rig.gpu.reset_engines(u32::MAX), 0, "all are idle");
    }
}

#[test]
fn a_recoverable_context_goes_on_after_a_reset() {
    let rig = Rig::new();
    rig.describe(1, EngineClass::Video, 1, 0, true);
    rig.spinner(0x1000, true);
    rig.put(0x2000, &store(0x8000, 1));
    rig.submit(1, 0x1000, &[], 1);
    rig.wait_for_dword(0x1f00, 1);
    rig.submit(1, 0x2000, &[], 2);
    assert_eq!(rig.gpu.reset_engines(1 << 2), 1);
    rig.expect(1, 1, Outcome::Hung);
    rig.expect(1, 2, Outcome::Completed);
}

#[test]
fn a_closed_context_runs_out() {
    let rig = spinning(timing(10, LONG), true);
    rig.put(0x2000, &store(0x8000, 1));
    rig.submit(1, 0x2000, &[], 2);
    rig.gpu.close_context(ContextId(1)).unwrap();
    rig.nothing_completes_for(100 * MILLISECOND);
    rig.end_spinner(0x1000);
    rig.expect(1, 1, Outcome::Completed);
    rig.expect(1, 2, Outcome::Completed);
    assert_eq!(
        rig.gpu.close_context(ContextId(9)),
        Err(GpuError::UnknownContext(ContextId(9)))
    );
}

#[test]
fn a_closed_context_has_to_make_room_when_asked() {
    let rig = spinning(timing(20, LONG), false);
    rig.gpu.close_context(ContextId(1)).unwrap();
    rig.expect(1, 1, Outcome::Hung);
    assert_eq!(reason(&rig), HangReason::PreemptTimeout);
}

#[test]
fn a_closed_context_ends_where_there_is_no_heartbeat() {
    for preemptible in [true, false] {
        let rig = spinning(timing(LONG, 0), preemptible);
        rig.submit(1, 0x1000, &[], 2);
        rig.gpu.close_context(ContextId(1)).unwrap();
        rig.expect(1, 1, Outcome::Cancelled);
        rig.expect(1, 2, Outcome::Cancelled);
    }
}

#[test]
fn closed_contexts_end_when_the_heartbeat_is_switched_off() {
    let rig = spinning(timing(LONG, LONG), true);
    // Two take turns, one waits for what will never be.
    rig.spinner(0x2000, true);
    rig.submit(2, 0x2000, &[], 1);
    rig.wait_for_dword(0x2f00, 1);
    rig.spinner(0x3000, true);
    rig.submit(3, 0x3000, &[common::of(2, 1)], 1);
    for context in [1, 3] {
        rig.gpu.close_context(ContextId(context)).unwrap();
    }
    rig.nothing_completes_for(50 * MILLISECOND);
    rig.gpu.set_engine_timing(VCS0, timing(LONG, 0)).unwrap();
    rig.expect(1, 1, Outcome::Cancelled);
    // The one that has an owner goes on; what isn't on an engine is judged when it comes there.
    rig.nothing_completes_for(50 * MILLISECOND);
    rig.end_spinner(0x2000);
    rig.expect(2, 1, Outcome::Completed);
    rig.expect(3, 1, Outcome::Cancelled);
}

#[test]
fn what_comes_cancelled_ends_in_its_turn_and_is_not_executed() {
    let rig = spinning(timing(LONG, 0), true);
    rig.put(0x2000, &store(0x8000, 1));
    rig.put(0x3000, &store(0x8004, 1));
    let mut submission = rig.submission(1, 0, &[0x2000], 2);
    submission.cancelled = true;
    rig.gpu.submit(submission).unwrap();
    rig.submit(1, 0x3000, &[], 3);
    rig.nothing_completes_for(50 * MILLISECOND);
    rig.end_spinner(0x1000);
    rig.expect(1, 1, Outcome::Completed);
    rig.expect(1, 2, Outcome::Cancelled);
    rig.expect(1, 3, Outcome::Completed);
    assert_eq!([rig.dword(0x8000), rig.dword(0x8004)], [0, 1]);
}

#[test]
fn what_comes_cancelled_waits_for_nothing_else() {
    let rig = spinning(timing(LONG, 0), true);
    rig.put(0x2000, &store(0x8000, 1));
    let mut submission = rig.submission(2, 0, &[0x2000], 1);
    submission.cancelled = true;
    submission.waits = vec![Wait::End(common::of(1, 1))];
    rig.gpu.submit(submission).unwrap();
    rig.expect(2, 1, Outcome::Cancelled);
    assert_eq!(rig.dword(0x8000), 0);
}

#[test]
fn a_gang_that_comes_cancelled_ends_as_one() {
    let rig = Rig::new();
    let video = EngineClass::Video;
    rig.wide_context(1, &[(video, 0), (video, 1)]);
    rig.put(0x2000, &store(0x8000, 1));
    let mut submission = rig.submission(1, 0, &[0x2000, 0x2000], 1);
    submission.cancelled = true;
    rig.gpu.submit(submission).unwrap();
    let ended = rig.next();
    assert_eq!(ended.point, common::at(TimelineId(10), 1));
    assert_eq!(ended.outcome, Outcome::Cancelled);
    assert_eq!(rig.dword(0x8000), 0);
    // Both engines are free again.
    rig.gpu
        .submit(rig.submission(1, 0, &[0x2000, 0x2000], 2))
        .unwrap();
    assert_eq!(rig.next().outcome, Outcome::Completed);
}

/// A command of no client has no length: the command streamer never gets past it, as little as
/// hardware's does. Only a reset or a cancellation ends that.
#[test]
fn a_command_of_no_client_stops_the_engine_until_it_is_reset() {
    let rig = Rig::new();
    rig.gpu.set_engine_timing(VCS0, timing(LONG, 0)).unwrap();
    for context in 1..=2 {
        rig.context(context, EngineClass::Video, 1, 0);
    }
    rig.put(0x1000, &[0, 0xdead_beef, END]);
    rig.put(0x2000, &store(0x8000, 1));
    rig.submit(1, 0x1000, &[], 1);
    rig.submit(2, 0x2000, &[], 1);
    rig.nothing_completes_for(50 * MILLISECOND);
    // What has been fetched is not looked at again.
    rig.put(0x1004, &[END]);
    rig.nothing_completes_for(50 * MILLISECOND);
    let engines = rig.gpu.platform().engine_index(VCS0).unwrap();
    assert_eq!(rig.gpu.reset_engines(1 << engines), 1);
    rig.expect(1, 1, Outcome::Hung);
    rig.expect(2, 1, Outcome::Completed);
    let hangs = rig.hangs.lock().unwrap();
    assert_eq!(hangs[0].reason, HangReason::UnknownCommand);
    assert_eq!(hangs[0].address, BASE + 0x1004);
}

#[test]
fn a_command_of_no_client_is_found_by_heartbeats() {
    let rig = Rig::new();
    rig.gpu.set_engine_timing(VCS0, timing(LONG, 10)).unwrap();
    rig.context(1, EngineClass::Video, 1, 0);
    rig.put(0x1000, &[0xdead_beef]);
    rig.submit(1, 0x1000, &[], 1);
    rig.expect(1, 1, Outcome::Hung);
    assert_eq!(reason(&rig), HangReason::UnknownCommand);
}
