//! Batches, predicates, semaphores, arbitration.

use super::*;

#[test]
fn batches_chain_and_call() {
    let mut bench = render();
    let [low, high] = split(BATCH + 0x400);
    let [second_low, second_high] = split(BATCH + 0x800);
    // The chained batch calls a second-level one and goes on behind the call.
    bench.put(
        BATCH + 0x400,
        &[
            0x18c0_0101,
            second_low,
            second_high,
            0x1000_0002,
            LO,
            HI,
            1,
            0x0500_0000,
        ],
    );
    bench.put(BATCH + 0x800, &[0x1000_0002, LO + 4, HI, 2, 0x0500_0000]);
    bench.finish(&[0x1880_0101, low, high, 0x1000_0002, LO + 8, HI, 3]);
    // What stands behind the chaining is never executed.
    assert_eq!([0, 4, 8].map(|at| bench.dword(DATA + at)), [1, 2, 0]);
}

#[test]
fn a_batch_start_in_a_second_level_batch_chains() {
    let mut bench = render();
    let [low, high] = split(BATCH + 0x400);
    let [third_low, third_high] = split(BATCH + 0x800);
    bench.put(BATCH + 0x400, &[0x18c0_0101, third_low, third_high]);
    bench.put(BATCH + 0x800, &[0x1000_0002, LO, HI, 1, 0x0500_0000]);
    bench.finish(&[0x18c0_0101, low, high, 0x1000_0002, LO + 4, HI, 2]);
    assert_eq!([0, 4].map(|at| bench.dword(DATA + at)), [1, 2]);
}

#[test]
fn a_predicated_batch_start_needs_the_predicate() {
    let mut bench = render();
    let [low, high] = split(BATCH + 0x400);
    bench.put(BATCH + 0x400, &[0x1000_0002, LO, HI, 1, 0x0500_0000]);
    bench.finish(&[0x1880_8101, low, high]);
    assert_eq!(bench.dword(DATA), 0);
    // MI_PREDICATE: load, set, sources equal (both are 0).
    bench.finish(&[0x0600_0082, 0x1880_8101, low, high]);
    assert_eq!(bench.dword(DATA), 1);
}

#[test]
fn set_predicate_skips_until_switched_off() {
    let mut bench = render();
    bench.finish(&[
        0x0080_000f,
        0x1000_0002,
        LO,
        HI,
        1, // never
        0x0080_0000,
        0x1000_0002,
        LO + 4,
        HI,
        2,
    ]);
    assert_eq!([0, 4].map(|at| bench.dword(DATA + at)), [0, 2]);
}

#[test]
fn semaphores_compare_in_every_mode() {
    let mut bench = render();
    // Memory against the command's dword, by operation: whether it goes on.
    let passes = |memory: u32, command: u32| {
        [
            memory > command,
            memory >= command,
            memory < command,
            memory <= command,
            memory == command,
            memory != command,
        ]
    };
    for (memory, inline) in [(1, 2), (2, 2), (3, 2), (u32::MAX, 0)] {
        for (operation, pass) in passes(memory, inline).into_iter().enumerate() {
            bench.put(DATA, &[memory]);
            let header = 0x0e00_8002 | (operation as u32) << 12;
            let pause = bench.run(&[header, inline, LO, HI]);
            let expected = if pass {
                Pause::Finished
            } else {
                Pause::Waiting
            };
            assert_eq!(pause, expected, "{memory} operation {operation} {inline}");
        }
    }
    let undefined = bench.run(&[0x0e00_e002, 0, LO, HI]);
    assert!(matches!(reason(undefined), HangReason::BadField { .. }));
}

#[test]
fn a_waiting_semaphore_goes_on_when_memory_changes() {
    let mut bench = render();
    assert_eq!(
        bench.run(&[0x0e00_c003, 5, LO, HI, 0, 0x1000_0002, LO + 8, HI, 9]),
        Pause::Waiting
    );
    assert_eq!(bench.go_on(100), Pause::Waiting);
    bench.put(DATA, &[5]);
    assert_eq!(bench.go_on(100), Pause::Finished);
    assert_eq!(bench.dword(DATA + 8), 9);
}

#[test]
fn conditional_end_goes_on_only_if_the_comparison_holds() {
    let mut bench = render();
    let store = [0x1000_0002, LO + 8, HI, 1];
    let mut ends = |header: u32, data: u32| {
        bench.put(DATA + 8, &[0]);
        let mut batch = vec![header, data, LO, HI];
        batch.extend(store);
        bench.put(DATA, &[7, 0xff]);
        bench.finish(&batch);
        bench.dword(DATA + 8) == 0
    };
    assert!(!ends(0x1b20_0002, 6), "7 > 6 goes on");
    assert!(ends(0x1b20_0002, 7));
    assert!(
        !ends(0x1b00_0002, 7),
        "without the compare bit nothing is compared"
    );
    assert!(!ends(0x1b20_4002, 7), "equal");
    assert!(ends(0x1b20_5002, 7), "not equal");
    // Mask mode: (7 & 0xff) > 6.
    assert!(!ends(0x1b28_0002, 6));
    assert!(ends(0x1b28_0002, 7));
}

#[test]
fn conditional_end_leaves_all_levels_or_one() {
    let mut bench = render();
    let [low, high] = split(BATCH + 0x400);
    for (header, expected) in [(0x1b20_0002, 0), (0x1b24_0002, 3)] {
        bench.put(BATCH + 0x400, &[header, 0, LO, HI, 0x0500_0000]);
        bench.finish(&[0x18c0_0101, low, high, 0x1000_0002, LO + 8, HI, 3]);
        assert_eq!(bench.dword(DATA + 8), expected);
    }
}

#[test]
fn arbitration_points_count_only_while_switched_on() {
    let mut bench = render();
    bench
        .urgent
        .store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(bench.run(&[0x0280_0000]), Pause::Arbitration);
    assert_eq!(bench.go_on(10), Pause::Finished);
    bench.finish(&[0x0400_0000, 0x0280_0000]);
    assert_eq!(
        bench.run(&[0x0400_0000, 0x0400_0001, 0x0280_0000]),
        Pause::Arbitration
    );
}

#[test]
fn a_batch_of_the_position_only_pipe_is_none_of_the_render_engine() {
    for (class, stored) in [(EngineClass::Render, 7), (EngineClass::Copy, 0)] {
        let mut bench = Bench::new(class);
        let [low, high] = split(BATCH + 0x400);
        bench.put(BATCH + 0x400, &[0x0500_0000]);
        bench.finish(&[0x18a0_0101, low, high, 0x1000_0002, LO, HI, 7]);
        assert_eq!(bench.dword(DATA), stored);
    }
}

#[test]
fn a_semaphore_looks_at_a_register_in_either_mode() {
    for mode in [0, 0x8000] {
        let mut bench = render();
        // The low bits of the register's address don't count; nor does its space.
        let wait = [0x0e01_4002 | mode, 5, 0x2600 | 3, 0xffff_ffff];
        assert_eq!(bench.run(&wait), Pause::Waiting);
        bench.execution.registers.set_gpr(0, 5);
        assert_eq!(bench.go_on(10), Pause::Finished);
    }
}
