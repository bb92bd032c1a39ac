//! PIPE_CONTROL and MI_FLUSH_DW.

use super::*;

#[test]
fn flushes_write_what_they_are_told() {
    let mut copy = Bench::new(EngineClass::Copy);
    copy.finish(&[0x1300_4002, LO, HI, 7]); // dword
    assert_eq!(copy.qword(DATA), 7);
    copy.finish(&[0x1300_4103, LO + 8, HI, 8, 9]); // qword, notify
    assert_eq!(copy.qword(DATA + 8), 9 << 32 | 8);
    assert_eq!(copy.tally.interrupts, 1);
    copy.finish(&[0x1300_c003, LO + 16, HI, 0, 0]); // timestamp
    assert_ne!(copy.qword(DATA + 16), 0);
    copy.finish(&[0x1300_0001, 0, 0]); // nothing

    let mut bench = render();
    bench.finish(&[0x7a00_0004, 0x0010_4000, LO, HI, 1, 2]);
    assert_eq!(bench.qword(DATA), 2 << 32 | 1);
    bench.finish(&[0x7a00_0004, 0x0000_c100, LO + 8, HI, 0, 0]);
    let first = bench.qword(DATA + 8);
    bench.finish(&[0x7a00_0004, 0x0000_c000, LO + 8, HI, 0, 0]);
    assert!(bench.qword(DATA + 8) > first && first > 0);
    bench.put(DATA + 16, &[1, 1]);
    bench.finish(&[0x7a00_0004, 0x0000_8000, LO + 16, HI, 5, 5]); // depth count
    assert_eq!(bench.qword(DATA + 16), 0);
    // Each on its own engines.
    assert_eq!(
        reason(copy.run(&[0x7a00_0004, 0, 0, 0, 0, 0])),
        HangReason::UnknownCommand
    );
    assert_eq!(
        reason(bench.run(&[0x1300_0001, 0, 0])),
        HangReason::UnknownCommand
    );
}

#[test]
fn a_flush_loads_a_register_only_if_a_batch_may() {
    let mut bench = render();
    // CS_GPR 0, then SEMAPHORE_TOKEN; other post-sync data is not written.
    bench.finish(&[0x7a00_0004, 0x0090_0100, 0x2600, HI, 6, 7]);
    assert_eq!(bench.execution.registers.gpr(0), 6);
    assert_eq!(bench.tally.interrupts, 1);
    bench.finish(&[0x7a00_0004, 0x0090_0000, 0x22b4, HI, 6, 7]);
    assert_eq!(bench.tally.dropped_register_writes, 1);
}

#[test]
fn a_flush_writes_to_whole_qwords() {
    let mut bench = render();
    bench.finish(&[0x7a00_0004, 0x0000_4000, LO | 4, HI | 0xffff_0000, 1, 2]);
    assert_eq!(bench.qword(DATA), 2 << 32 | 1);
    // Data that a short form lacks is 0.
    bench.finish(&[0x7a00_0003, 0x0000_4000, LO, HI, 5]);
    assert_eq!(bench.qword(DATA), 5);
    let mut copy = Bench::new(EngineClass::Copy);
    copy.put(DATA, &[9, 9]);
    copy.finish(&[0x1300_c001, LO, HI]);
    assert!(copy.dword(DATA + 4) < 16, "the timestamp has 36 bits");
}
