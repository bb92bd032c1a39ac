//! What a report of a hang tells, seen from outside.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use common::{BASE, END, Rig, split, store};
use softgpu::*;

/// 3DPRIMITIVE of one triangle.
const DRAW: [u32; 7] = [0x7b00_0005, 4, 3, 0, 1, 0, 0];

fn hang(rig: &Rig, context: u32, offset: u64, signal: u64) -> HangReport {
    rig.submit(context, offset, &[], signal);
    rig.expect(context, signal, Outcome::Hung);
    rig.hangs.lock().unwrap().pop().unwrap()
}

#[test]
fn it_has_the_registers_and_the_state_that_led_to_it() {
    let rig = Rig::new();
    rig.describe(1, EngineClass::Render, 1, 0, true);
    // The state is set by an earlier batch, and stays with the context.
    rig.put(0, &[0x6904_0302, 0x7002_0002, 0, 32, 0x40, END]);
    rig.submit(1, 0, &[], 1);
    rig.expect(1, 1, Outcome::Completed);
    // A numbered no-op, a second-level batch, and in that a draw.
    let [low, high] = split(BASE + 0x2000);
    rig.put(0x1000, &[0x0040_0123, 0x18c0_0101, low, high, END]);
    rig.put(0x2000, &[0]);
    rig.put(0x2004, &DRAW);
    let report = hang(&rig, 1, 0x1000, 2);
    assert_eq!(report.reason, HangReason::MissingUnit);
    assert_eq!(
        (report.batch, report.address),
        (BASE + 0x1000, BASE + 0x2004)
    );
    let expected = EngineRegisters {
        // Behind the call.
        batch_address: BASE + 0x1010,
        batch_state: 0x20,
        error: 1,
        done: u32::MAX,
        parser_mode: 0,
        nop_id: 0x123,
    };
    assert_eq!(report.registers, expected);
    assert_eq!(
        report.state,
        [vec![0x6904_0302], vec![0x7002_0002, 0, 32, 0x40]]
    );
    assert_eq!(report.state_lost, 0);
    let details = report.details().to_string();
    for part in [
        "no such unit",
        "ESR 0x1",
        "> 0x001000002004: 7b000005  3DPRIMITIVE",
        "vertices 3",
        "state: PIPELINE_SELECT, pipeline compute",
        "state: MEDIA_INTERFACE_DESCRIPTOR_LOAD, bytes 32, offset 0x40",
    ] {
        assert!(details.contains(part), "{part}: {details}");
    }
    // The reset has taken the state with it.
    let report = hang(&rig, 1, 0x1000, 3);
    assert_eq!(report.state, Vec::<Vec<u32>>::new());
}

#[test]
fn a_lack_of_privilege_is_counted_or_in_strict_mode_reported() {
    for strict in [false, true] {
        let rig = Rig::with_strict(strict);
        rig.describe(1, EngineClass::Copy, 1, 0, true);
        // MI_UPDATE_GTT, then a store.
        rig.put(0, &[0x1180_0001, 0x1000, 5]);
        rig.put(12, &store(0x3000, 7));
        if strict {
            let report = hang(&rig, 1, 0, 1);
            assert_eq!(report.reason, HangReason::Privileged);
            assert_eq!((report.address, report.registers.error), (BASE, 4));
        } else {
            rig.submit(1, 0, &[], 1);
            rig.expect(1, 1, Outcome::Completed);
            assert_eq!(rig.dword(0x3000), 7);
        }
        assert_eq!(rig.gpu.counters().total().privilege_violations, 1);
    }
}
