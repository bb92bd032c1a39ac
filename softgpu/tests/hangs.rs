//! Batches that hang, seen from outside: what is reported, who is banned, who goes on.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use std::time::Duration;

use common::{BASE, END, Rig, SPACE, split, store};
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
