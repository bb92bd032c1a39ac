//! Golden tests: a batch of raw dwords and what it leaves behind.

use super::program::Program;
use super::testing::{BASE, BATCH, Bench, DATA, split};
use super::{Pause, Stop};
use crate::command;
use crate::completion::HangReason;
use crate::page_table::Backing;
use crate::platform::{EngineClass, Platform};

const LO: u32 = DATA as u32;
const HI: u32 = (DATA >> 32) as u32;

fn render() -> Bench {
    Bench::new(EngineClass::Render)
}

fn reason(pause: Pause) -> HangReason {
    match pause {
        Pause::Stopped(Stop::Hang { reason, .. }) => reason,
        other => panic!("no hang but {other:?}"),
    }
}

#[test]
fn store_data_imm_stores_dwords_and_qwords() {
    let mut bench = render();
    bench.finish(&[0x1000_0002, LO, HI, 42]);
    assert_eq!(bench.qword(DATA), 42);
    bench.finish(&[0x1020_0003, LO + 8, HI, 0x5566_7788, 0x1122_3344]);
    assert_eq!(bench.qword(DATA + 8), 0x1122_3344_5566_7788);
    // More dwords than one; canonical high bits.
    bench.finish(&[0x1000_0004, LO + 16, HI | 0xffff_0000, 1, 2, 3]);
    assert_eq!(
        [16, 20, 24, 28].map(|at| bench.dword(DATA + at)),
        [1, 2, 3, 0]
    );
    assert_eq!(bench.tally.commands, 2);
}

#[test]
fn a_command_too_short_or_too_long_hangs() {
    let mut bench = render();
    assert_eq!(
        reason(bench.run(&[0x1000_0001, LO, HI])),
        HangReason::BadLength
    );
    assert_eq!(
        reason(bench.run(&[0x1880_0002, 0, 0, 0])),
        HangReason::BadLength
    );
    assert_eq!(
        reason(bench.run(&[0x1100_0000, 0x2600])),
        HangReason::BadLength
    );
    let odd = bench.run(&[0x1100_0002, 0x2600, 1, 0x2604]);
    assert!(matches!(reason(odd), HangReason::BadField { .. }));
}

#[test]
fn registers_are_loaded_stored_and_moved() {
    let mut bench = render();
    bench.put(DATA, &[0xcafe]);
    bench.finish(&[
        0x1100_0003,
        0x2600,
        7,
        0x2604,
        8, // LRI two registers
        0x1480_0002,
        0x2608,
        LO,
        HI, // LRM
        0x1500_0001,
        0x2608,
        0x2610, // LRR
        0x1200_0002,
        0x2600,
        LO + 16,
        HI, // SRM
        0x1200_0002,
        0x2604,
        LO + 20,
        HI,
        0x1200_0002,
        0x2610,
        LO + 24,
        HI,
    ]);
    assert_eq!(
        [16, 20, 24].map(|at| bench.dword(DATA + at)),
        [7, 8, 0xcafe]
    );
    assert_eq!(bench.tally.dropped_register_writes, 0);
    bench.finish(&[0x1700_0003, LO + 40, HI, LO, HI]); // MI_COPY_MEM_MEM
    assert_eq!(bench.dword(DATA + 40), 0xcafe);
}

#[test]
fn unknown_and_read_only_registers_drop_what_is_written() {
    let mut bench = render();
    bench.finish(&[
        0x1100_0005,
        0x2358,
        1,
        0xa_0000,
        2,
        0x2_2600,
        3, // timestamp, unknown, other engine
        0x1200_0002,
        0xa_0000,
        LO,
        HI,
    ]);
    assert_eq!(bench.tally.dropped_register_writes, 3);
    assert_eq!(bench.dword(DATA), 0);
}

#[test]
fn every_engine_has_its_own_registers_at_its_base() {
    for engine in Platform::TGL.engines {
        let mut bench = Bench::new(engine.id.class);
        bench.instance = engine.id.instance;
        let first = Platform::TGL
            .engines
            .iter()
            .find(|first| first.id.class == engine.id.class)
            .unwrap();
        bench.finish(&[
            0x1108_0001,
            0x600,
            5, // relative to the base
            0x1200_0002,
            engine.mmio_base + 0x600,
            LO,
            HI, // absolute
            0x1102_0001,
            first.mmio_base + 0x608,
            6, // remapped from the first engine's of the class
            0x1208_0002,
            0x608,
            LO + 4,
            HI,
            0x1503_0001, // both remapped
            first.mmio_base + 0x608,
            first.mmio_base + 0x610,
            0x1202_0002,
            first.mmio_base + 0x610,
            LO + 8,
            HI,
        ]);
        assert_eq!(
            [0, 4, 8].map(|at| bench.dword(DATA + at)),
            [5, 6, 6],
            "{}",
            engine.id
        );
        assert_eq!(bench.tally.dropped_register_writes, 0);
    }
}

#[test]
fn the_auxiliary_invalidation_register_clears_itself() {
    let mut bench = render();
    // Write 1, wait in register-poll mode until it reads 0.
    bench.finish(&[0x1100_0001, 0x4208, 1, 0x0e01_c002, 0, 0x4208, 0]);
    assert_eq!(bench.tally.dropped_register_writes, 0);
}

#[test]
fn masked_registers_change_only_the_bits_named() {
    let mut bench = Bench::new(EngineClass::Copy);
    bench.finish(&[
        0x1100_0001,
        0x2_2200,
        0x0003_0003,
        0x1100_0001,
        0x2_2200,
        0x0001_0000,
        0x1200_0002,
        0x2_2200,
        LO,
        HI,
    ]);
    assert_eq!(bench.dword(DATA), 2);
}

/// Writes a register and reads it back.
fn write_and_read(bench: &mut Bench, offset: u32, value: u32) -> u32 {
    bench.finish(&[0x1100_0001, offset, value, 0x1200_0002, offset, LO, HI]);
    bench.dword(DATA)
}

#[test]
fn registers_of_the_context_keep_the_bits_they_have() {
    let mut bench = render();
    for (offset, value, kept) in [
        // SO_WRITE_OFFSET and PS_INVOCATION_COUNT count in fours.
        (0x5280, 0xffff_ffff, 0xffff_fffc),
        (0x22c8, 0x5555_5557, 0x5555_5554),
        (0x22cc, 0x5555_5557, 0x5555_5557),
        // MI_PREDICATE_RESULT is one bit.
        (0x2418, 0xffff_ffff, 1),
        (0x241c, 0xdead_beef, 0xdead_beef),
        // INSTPM, GT_MODE and CACHE_MODE_0 are masked.
        (0x20c0, 0xffff_0100, 0x100),
        (0x7008, 0xffff_a0a0, 0xa0a0),
        (0x7000, 0x00ff_ffff, 0xff),
        // Read-only on Gen12: PS_INVOCATION_COUNT's sum, R_PWR_CLK_STATE.
        (0x2348, 7, 0),
        (0x20c8, 7, 0),
        // There on Gen11 alone: L3_CONFIG, TD_CTL.
        (0x7034, 7, 0),
        (0xe400, 7, 0),
    ] {
        assert_eq!(
            write_and_read(&mut bench, offset, value),
            kept,
            "{offset:#x}"
        );
    }
}

#[test]
fn a_new_context_has_the_registers_of_its_context_workarounds() {
    let mut bench = render();
    let mut read = |offset| {
        bench.finish(&[0x1200_0002, offset, LO, HI]);
        bench.dword(DATA)
    };
    // CS_CHICKEN1, FF_MODE2, HIZ_CHICKEN, COMMON_SLICE_CHICKEN4 and 3.
    assert_eq!(
        [0x2580, 0x6604, 0x7018, 0x7300, 0x7304].map(&mut read),
        [2, 0xe004_0000, 0x2000, 0x40, 0x200]
    );
    bench
        .execution
        .registers
        .set_power(&Platform::TGL, 0x8004_1000);
    bench.finish(&[0x1200_0002, 0x20c8, LO, HI]);
    assert_eq!(bench.dword(DATA), 0x8004_1000);
}

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
fn arithmetic_works_on_the_general_purpose_registers() {
    let mut bench = render();
    let set = |register: u32, value: u64| {
        [
            0x1100_0003,
            0x2600 + register * 8,
            value as u32,
            0x2604 + register * 8,
            (value >> 32) as u32,
        ]
    };
    let load = |target: u32, register: u32| 0x080 << 20 | target << 10 | register;
    let store = |register: u32, source: u32| 0x180 << 20 | register << 10 | source;
    let (a, b, accumulator, zero, carry) = (0x20, 0x21, 0x31, 0x32, 0x33);
    let mut batch = Vec::new();
    batch.extend(set(0, u64::MAX));
    batch.extend(set(1, 1));
    batch.extend([
        0x0d00_0000 | 5, // six instructions
        load(a, 0),
        load(b, 1),
        0x100 << 20, // add
        store(2, accumulator),
        store(3, carry),
        store(4, zero),
        0x0d00_0000 | 3,
        load(a, 1),
        load(b, 0),
        0x101 << 20, // subtract
        store(5, accumulator),
    ]);
    bench.finish(&batch);
    let registers = [2, 3, 4, 5].map(|register| bench.execution.registers.gpr(register));
    assert_eq!(registers, [0, u64::MAX, u64::MAX, 2]);
    let unknown = bench.run(&[0x0d00_0000, 0x7ff << 20]);
    assert!(matches!(reason(unknown), HangReason::BadField { .. }));
}

#[test]
fn atomics_do_what_their_operations_say() {
    let mut bench = render();
    // Inline dwords: operation, old, operands, new.
    for (operation, old, first, second, new) in [
        (0x1, 0b1100, 0b1010, 0, 0b1000),
        (0x2, 0b1100, 0b1010, 0, 0b1110),
        (0x3, 0b1100, 0b1010, 0, 0b0110),
        (0x4, 1, 2, 0, 2),
        (0x5, u32::MAX, 0, 0, 0),
        (0x6, 0, 0, 0, u32::MAX),
        (0x7, 5, 6, 0, 11),
        (0x8, 5, 6, 0, u32::MAX),
        (0x9, 5, 6, 0, 1),
        (0xa, u32::MAX, 1, 0, 1),
        (0xb, u32::MAX, 1, 0, u32::MAX),
        (0xc, u32::MAX, 1, 0, u32::MAX),
        (0xd, u32::MAX, 1, 0, 1),
        (0xe, 5, 5, 9, 9),
        (0xe, 5, 6, 9, 5),
    ] {
        bench.put(DATA, &[old, 0xaaaa]);
        let header = 0x1780_0009 | 1 << 18 | 1 << 16 | operation << 8;
        bench.finish(&[header, LO, HI, first, second, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bench.dword(DATA), new, "operation {operation:#x}");
        assert_eq!(bench.dword(DATA + 4), 0xaaaa);
        assert_eq!(bench.execution.registers.gpr(4), u64::from(old));
    }
    // A qword from registers.
    bench.execution.registers.set_gpr(0, 1 << 40);
    bench.put(DATA, &[3, 0]);
    bench.finish(&[0x1780_0001 | 1 << 19 | 0x27 << 8, LO, HI]);
    assert_eq!(bench.qword(DATA), 1 << 40 | 3);
}

#[test]
fn what_the_model_lacks_hangs_or_is_skipped() {
    let mut bench = render();
    // STATE_BASE_ADDRESS with a length shorter than usual: honoured, rest are no-ops.
    let mut batch = vec![0x6101_0011];
    batch.extend([0; 21]);
    batch.extend([0x6904_0102, 0x7000_0007, 0, 0, 0, 0, 0, 0, 0, 0]);
    bench.finish(&batch);
    let mut walker = [1; 15];
    walker[0] = 0x7105_000d;
    assert_eq!(reason(bench.run(&walker)), HangReason::NoShaderCores);
    let draw = [0x7b00_0005, 4, 3, 0, 1, 0, 0];
    assert_eq!(reason(bench.run(&draw)), HangReason::NoShaderCores);
    assert_eq!(
        reason(bench.run(&[0x1180_0001, 0, 0])),
        HangReason::Privileged
    );
    assert_eq!(
        reason(bench.run(&[0xdead_beef])),
        HangReason::UnknownCommand
    );
    assert_eq!(bench.execution.program.current, BATCH);
    // The same dword is another command on a video engine.
    let mut video = Bench::new(EngineClass::Video);
    let weights: Vec<u32> = std::iter::once(0x7105_0060).chain([0; 97]).collect();
    video.finish(&weights);
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
fn a_loop_that_changes_nothing_is_noticed() {
    let mut bench = render();
    let [low, high] = split(BATCH);
    assert_eq!(
        bench.run(&[0x1880_0101, low, high]),
        Pause::Spinning { arbitrated: false }
    );
    let with_point = bench.run(&[0x0280_0000, 0, 0, 0x1880_0101, low, high]);
    assert_eq!(with_point, Pause::Spinning { arbitrated: true });
    assert_eq!(bench.go_on(100_000), Pause::Spinning { arbitrated: true });
    // A loop that counts in memory is not one.
    let header = 0x1780_0001 | 0x05 << 8;
    assert_eq!(
        bench.run(&[header, LO, HI, 0x1880_0101, low, high]),
        Pause::Budget
    );
    // Storing what is there already is one.
    let store = bench.run(&[0x1000_0002, LO + 8, HI, 1, 0x1880_0101, low, high]);
    assert_eq!(store, Pause::Spinning { arbitrated: false });
}

#[test]
fn a_batch_that_leaves_its_mapping_hangs() {
    let mut bench = render();
    let end = BASE + 0x20_0000;
    bench.execution.program = Program::start(end - 8);
    let pause = bench.go_on(10);
    assert_eq!(reason(pause), HangReason::FetchUnmapped);
    assert_eq!(bench.execution.program.current, end);
    // Half a command at the end.
    bench.put(end - 8, &[0x1000_0002, LO]);
    bench.execution.program = Program::start(end - 8);
    assert_eq!(reason(bench.go_on(10)), HangReason::FetchUnmapped);
    assert_eq!(bench.execution.program.current, end - 8);
}

#[test]
fn a_command_may_cross_mappings() {
    let mut bench = render();
    let end = BASE + 0x20_0000;
    let backing = Backing::Memory {
        address: 0x3000,
        read_only: true,
    };
    bench
        .space
        .update(|table| table.map(end, [(0x1000, backing)].into_iter()).unwrap());
    bench.put(end - 8, &[0x1000_0002, LO]);
    bench.put(BASE + 0x3000, &[HI, 77, 0x0500_0000]);
    bench.execution.program = Program::start(end - 8);
    assert_eq!(bench.go_on(10), Pause::Finished);
    assert_eq!(bench.dword(DATA), 77);
}

#[test]
fn strict_mode_names_the_address_that_faulted() {
    let mut bench = render();
    let pause = bench.run(&[0x1000_0002, 0x4000, 0, 1]);
    let expected = Stop::Hang {
        reason: HangReason::UnmappedAccess { write: true },
        fault_address: Some(0x4000),
    };
    assert_eq!(pause, Pause::Stopped(expected));
    bench.strict = false;
    bench.finish(&[0x1000_0002, 0x4000, 0, 1]);
    assert_eq!(bench.tally.faults, 1);
}

#[test]
fn random_batches_do_no_harm() {
    let mut seed = 7_u64;
    let mut next = || {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 32) as u32
    };
    let rows: Vec<_> = command::commands().collect();
    for class in [EngineClass::Render, EngineClass::Copy, EngineClass::Video] {
        let mut bench = Bench::new(class);
        bench.strict = false;
        for round in 0..600 {
            let mut batch = Vec::with_capacity(512);
            while batch.len() < 500 {
                let dword = next();
                batch.push(match dword % 8 {
                    0..3 => {
                        let row = rows[next() as usize % rows.len()];
                        row.value | next() & !row.mask & 0x007f_ff0f
                    }
                    3 => LO + next() % 0x1000,
                    4 => HI,
                    _ => next() >> (next() % 32),
                });
            }
            bench.strict = round % 2 == 0;
            bench.run(&batch);
            bench.go_on(100);
        }
    }
}
