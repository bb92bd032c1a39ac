//! Each command of the command streamers once, on every engine that has it: as it is, with
//! every bit set for which the table defines nothing, and with lengths that it can't have.

use super::*;
use crate::command::{Action, Command, FieldKind, Length, Privilege, commands, lookup};

/// A command and what comes of it. Register offsets are from the engine's base.
struct Golden {
    /// Its name in the table.
    command: &'static str,
    /// What its section of the manual says, in short.
    says: &'static str,
    /// Which of the batch's dwords it begins with.
    at: usize,
    batch: &'static [u32],
    /// What memory holds at DATA before and after.
    before: &'static [u32],
    after: &'static [u32],
}

const fn golden(
    command: &'static str,
    says: &'static str,
    (at, batch): (usize, &'static [u32]),
    before: &'static [u32],
    after: &'static [u32],
) -> Golden {
    Golden {
        command,
        says,
        at,
        batch,
        before,
        after,
    }
}

/// A batch of the command, `first`, and a store of 7 behind it.
macro_rules! then_store {
    ($($first:expr),*) => {
        (0, &[$($first,)* 0x1000_0002, LO, HI, 7])
    };
}

#[rustfmt::skip]
const GOLDEN: &[Golden] = &[
    golden("MI_NOOP", "loads the identification number into NOPID where enabled",
        (0, &[0x0041_2345, 0x1208_0002, 0x94, LO, HI]),
        &[], &[0x1_2345]),
    golden("MI_SET_PREDICATE", "1: what follows is not executed while MI_PREDICATE_RESULT_2 is clear",
        (3, &[0x1108_0001, 0x3bc, 0, 0x0080_0001, 0x1000_0002, LO, HI, 1, 0x0080_0000,
            0x1000_0002, LO + 4, HI, 2]),
        &[], &[0, 2]),
    golden("MI_SET_PREDICATE", "2: while it is set",
        (3, &[0x1108_0001, 0x3bc, 0, 0x0080_0002, 0x1000_0002, LO, HI, 1, 0x0080_0000]),
        &[], &[1]),
    golden("MI_SET_PREDICATE", "3: while MI_PREDICATE_RESULT is clear",
        (3, &[0x1108_0001, 0x418, 1, 0x0080_0003, 0x1000_0002, LO, HI, 1, 0x0080_0000]),
        &[], &[1]),
    golden("MI_SET_PREDICATE", "4: while MI_PREDICATE_RESULT is set",
        (3, &[0x1108_0001, 0x418, 1, 0x0080_0004, 0x1000_0002, LO, HI, 1, 0x0080_0000]),
        &[], &[0]),
    golden("MI_SET_PREDICATE", "15: never",
        (0, &[0x0080_000f, 0x1000_0002, LO, HI, 1, 0x0080_0000]),
        &[], &[0]),
    golden("MI_USER_INTERRUPT", "interrupts", then_store!(0x0100_0000), &[], &[7]),
    golden("MI_WAIT_FOR_EVENT", "waits for the display", then_store!(0x0180_0000), &[], &[7]),
    golden("MI_WAIT_FOR_EVENT_2", "waits for the display", then_store!(0x0200_0000), &[], &[7]),
    golden("MI_ARB_CHECK", "a preemption point", then_store!(0x0280_0000), &[], &[7]),
    golden("MI_RS_CONTROL", "of the resource streamer", then_store!(0x0300_0001), &[], &[7]),
    golden("MI_REPORT_HEAD", "writes to the status page", then_store!(0x0380_0000), &[], &[7]),
    golden("MI_ARB_ON_OFF", "switches arbitration", then_store!(0x0400_0001), &[], &[7]),
    golden("MI_BATCH_BUFFER_END", "ends the batch", (0, &[0x0500_0000, 0x1000_0002, LO, HI, 7]),
        &[], &[0]),
    golden("MI_SUSPEND_FLUSH", "of the display", then_store!(0x0580_0001), &[], &[7]),
    golden("MI_PREDICATE", "loads the comparison's result: sources equal",
        (0, &[0x0600_0082, 0x1208_0002, 0x418, LO, HI]),
        &[], &[1]),
    golden("MI_PREDICATE", "loads its inverse",
        (0, &[0x0600_00c2, 0x1208_0002, 0x418, LO, HI]),
        &[5], &[0]),
    golden("MI_PREDICATE", "combines: true and (source 0 - source 1 = data)",
        (7, &[0x1108_0005, 0x400, 9, 0x408, 4, 0x410, 5, 0x0600_0080, 0x0600_008b,
            0x1208_0002, 0x418, LO, HI]),
        &[], &[1]),
    golden("MI_PREDICATE", "combines: true exclusive or true",
        (1, &[0x0600_0080, 0x0600_0098, 0x1208_0002, 0x418, LO, HI]),
        &[5], &[0]),
    golden("MI_PREDICATE", "combines: false or false",
        (1, &[0x0600_0081, 0x0600_0091, 0x1208_0002, 0x418, LO, HI]),
        &[5], &[0]),
    golden("MI_PREDICATE", "keeps the result",
        (1, &[0x0600_0080, 0x0600_0001, 0x1208_0002, 0x418, LO, HI]),
        &[5], &[1]),
    golden("MI_TOPOLOGY_FILTER", "discards draws of another topology",
        (0, &[0x0680_0005, 0x784b_0000, 4, 0x7b00_0005, 4, 3, 0, 1, 0, 0, 0x1000_0002, LO, HI, 7]),
        &[], &[7]),
    golden("MI_SET_APPID", "names a protected session", then_store!(0x0700_0001), &[], &[7]),
    golden("MI_RS_CONTEXT", "of the resource streamer", then_store!(0x0780_0000), &[], &[7]),
    golden("MI_LOAD_SCAN_LINES_INCL", "privileged", then_store!(0x0900_0000, 0), &[], &[7]),
    golden("MI_LOAD_SCAN_LINES_EXCL", "privileged", then_store!(0x0980_0000, 0), &[], &[7]),
    golden("MI_DISPLAY_FLIP", "privileged", then_store!(0x0a00_0001, 0, 0), &[], &[7]),
    golden("MI_SET_CONTEXT", "privileged", then_store!(0x0c00_0000, 0), &[], &[7]),
    golden("MI_MATH", "loads, adds, stores: register 1 = register 0 + all ones",
        (5, &[0x1108_0003, 0x600, 8, 0x604, 1, 0x0d00_0003, 0x0800_8000, 0x4810_8400,
            0x1000_0000, 0x1800_0431, 0x1208_0002, 0x608, LO, HI, 0x1208_0002, 0x60c, LO + 4, HI]),
        &[], &[7, 1]),
    golden("MI_SEMAPHORE_SIGNAL", "tells the scheduler", then_store!(0x0d80_0000, 0), &[], &[7]),
    golden("MI_SEMAPHORE_WAIT", "goes on if memory compares: greater",
        (0, &[0x0e00_8002, 4, LO, HI, 0x1000_0002, LO + 4, HI, 7]),
        &[5], &[5, 7]),
    golden("MI_SEMAPHORE_WAIT", "with a token; in signal mode: equal",
        (0, &[0x0e00_4003, 5, LO, HI, 0x20, 0x1000_0002, LO + 4, HI, 7]),
        &[5], &[5, 7]),
    golden("MI_FORCE_WAKEUP", "speaks to power management", then_store!(0x0e80_0000, 0x0002_0002),
        &[], &[7]),
    golden("MI_STORE_DATA_IMM", "stores dwords",
        (0, &[0x1000_0003, LO, HI, 1, 2]),
        &[], &[1, 2]),
    golden("MI_STORE_DATA_IMM", "stores qwords",
        (0, &[0x1020_0005, LO, HI, 1, 2, 3, 4]),
        &[], &[1, 2, 3, 4]),
    golden("MI_STORE_DATA_IMM", "privileged with the global address space",
        (0, &[0x1040_0002, LO, HI, 1]),
        &[9], &[9]),
    golden("MI_STORE_DATA_INDEX", "privileged", then_store!(0x1080_0001, 0, 0), &[], &[7]),
    golden("MI_LOAD_REGISTER_IMM", "loads several registers",
        (0, &[0x1108_0003, 0x600, 1, 0x608, 2, 0x1208_0002, 0x600, LO, HI, 0x1208_0002, 0x608,
            LO + 4, HI]),
        &[], &[1, 2]),
    golden("MI_LOAD_REGISTER_IMM", "writes no byte whose bit is set",
        (3, &[0x1108_0001, 0x600, 0x1122_3344, 0x1108_0a01, 0x600, 0x5566_7788, 0x1208_0002, 0x600,
            LO, HI]),
        &[], &[0x1166_3388]),
    golden("MI_LOAD_REGISTER_IMM", "a register that isn't listed: no-op",
        then_store!(0x1108_0001, 0x2b4, 5), &[], &[7]),
    golden("MI_UPDATE_GTT", "privileged", then_store!(0x1180_0001, 0, 0), &[], &[7]),
    golden("MI_STORE_REGISTER_MEM", "stores a register",
        (3, &[0x1108_0001, 0x600, 6, 0x1208_0002, 0x600, LO, HI]),
        &[], &[6]),
    golden("MI_STORE_REGISTER_MEM", "if predicated while MI_PREDICATE_RESULT is set",
        (3, &[0x1108_0001, 0x600, 6, 0x1228_0002, 0x600, LO, HI]),
        &[9], &[9]),
    golden("MI_STORE_REGISTER_MEM", "privileged with the global address space",
        (0, &[0x1248_0002, 0x600, LO, HI]),
        &[9], &[9]),
    golden("MI_FLUSH_DW", "writes a dword",
        (0, &[0x1300_4002, LO, HI, 1]),
        &[8, 9], &[1, 9]),
    golden("MI_FLUSH_DW", "writes a qword; the video caches' bit is not of the length",
        (0, &[0x1300_4083, LO, HI, 1, 2]),
        &[8, 9], &[1, 2]),
    golden("MI_FLUSH_DW", "not to the status page",
        (0, &[0x1320_4002, LO, HI, 1]),
        &[8], &[8]),
    golden("MI_FLUSH_DW", "not to the global address space",
        (0, &[0x1300_4002, LO | 4, HI, 1]),
        &[8, 9], &[8, 9]),
    golden("MI_CLFLUSH", "flushes caches", then_store!(0x1380_0001, LO, HI), &[], &[7]),
    golden("MI_REPORT_PERF_COUNT", "writes a report with that number",
        (4, &[0x1000_0002, LO + 8, HI, 9, 0x1400_0002, LO, HI, 0xabcd, 0x1000_0002, LO + 4, HI, 0]),
        &[], &[0xabcd, 0, 0]),
    golden("MI_REPORT_PERF_COUNT", "privileged with the global address space",
        (0, &[0x1400_0002, LO | 1, HI, 0xabcd]),
        &[9], &[9]),
    golden("MI_LOAD_REGISTER_MEM", "loads a register",
        (0, &[0x1488_0002, 0x600, LO, HI, 0x1208_0002, 0x600, LO + 4, HI]),
        &[5], &[5, 5]),
    golden("MI_LOAD_REGISTER_MEM", "privileged with the global address space",
        (0, &[0x14c8_0002, 0x600, LO, HI, 0x1208_0002, 0x600, LO + 4, HI]),
        &[5, 5], &[5, 0]),
    golden("MI_LOAD_REGISTER_REG", "moves a register, source first",
        (3, &[0x1108_0001, 0x600, 6, 0x150c_0001, 0x600, 0x608, 0x1208_0002, 0x608, LO, HI]),
        &[], &[6]),
    golden("MI_RS_STORE_DATA_IMM", "of the resource streamer",
        then_store!(0x1580_0002, LO, HI, 3), &[], &[7]),
    golden("MI_COPY_MEM_MEM", "copies a dword, destination first",
        (0, &[0x1700_0003, LO + 4, HI, LO, HI]),
        &[5], &[5, 5]),
    golden("MI_COPY_MEM_MEM", "privileged with a source in the global address space",
        (0, &[0x1740_0003, LO + 4, HI, LO, HI]),
        &[5], &[5, 0]),
    golden("MI_ATOMIC", "adds registers 0 and returns to register 4",
        (3, &[0x1108_0001, 0x600, 3, 0x1781_0701, LO, HI, 0x1208_0002, 0x620, LO + 4, HI]),
        &[5], &[8, 5]),
    golden("MI_ATOMIC", "compares an inline qword and replaces it",
        (0, &[0x178c_2e05, LO, HI, 5, 1, 6, 2]),
        &[5, 6], &[1, 2]),
    golden("MI_ATOMIC", "as a post-sync operation: both dwords are of one operand",
        (0, &[0x17ac_2703, LO, HI, 1, 2]),
        &[5, 6], &[6, 8]),
    golden("MI_BATCH_BUFFER_START", "chains",
        (0, &[0x1880_0101, BATCH as u32 + 28, HI, 0x1000_0002, LO, HI, 1,
            0x1000_0002, LO + 4, HI, 2]),
        &[], &[0, 2]),
    golden("MI_BATCH_BUFFER_START", "predicated off",
        then_store!(0x1880_8101, BATCH as u32, HI), &[], &[7]),
    golden("MI_CONDITIONAL_BATCH_BUFFER_END", "goes on while memory is greater",
        then_store!(0x1b20_0002, 4, LO + 8, HI), &[0, 0, 5], &[7, 0, 5]),
    golden("MI_CONDITIONAL_BATCH_BUFFER_END", "ends the batch if not",
        then_store!(0x1b20_0002, 5, LO + 8, HI), &[0, 0, 5], &[0, 0, 5]),
    golden("MI_CONDITIONAL_BATCH_BUFFER_END", "privileged with the global address space",
        then_store!(0x1b60_0002, 5, LO + 8, HI), &[0, 0, 5], &[7, 0, 5]),
    golden("PIPE_CONTROL", "writes a qword",
        (0, &[0x7a00_0004, 0x0010_4000, LO, HI, 1, 2]),
        &[], &[1, 2]),
    golden("PIPE_CONTROL", "writes the depth count",
        (0, &[0x7a00_0004, 0x0010_a000, LO, HI, 1, 2]),
        &[8, 9], &[0, 0]),
    golden("PIPE_CONTROL", "loads a register",
        (0, &[0x7a00_0004, 0x0090_0000, 0x2600, 0, 6, 0, 0x1200_0002, 0x2600, LO, HI]),
        &[], &[6]),
    golden("PIPE_CONTROL", "not to the status page",
        (0, &[0x7a00_0004, 0x0030_4000, LO, HI, 1, 2]),
        &[8, 9], &[8, 9]),
    golden("PIPE_CONTROL", "not to the global address space",
        (0, &[0x7a00_0004, 0x0110_4000, LO, HI, 1, 2]),
        &[8, 9], &[8, 9]),
];

/// The rows this is about: type 0, and PIPE_CONTROL.
fn rows() -> impl Iterator<Item = &'static Command> {
    commands().filter(|row| row.value >> 29 == 0 || row.name == "PIPE_CONTROL")
}

fn row(golden: &Golden) -> &'static Command {
    rows().find(|row| row.name == golden.command).unwrap()
}

fn classes(row: &Command) -> impl Iterator<Item = EngineClass> {
    let engines = row.engines;
    [
        EngineClass::Render,
        EngineClass::Copy,
        EngineClass::Video,
        EngineClass::VideoEnhance,
    ]
    .into_iter()
    .filter(move |class| engines.contains(*class))
}

fn check(golden: &Golden, class: EngineClass, batch: &[u32], how: &str) {
    let mut bench = Bench::new(class);
    bench.strict = false;
    bench.put(DATA, golden.before);
    let pause = bench.run(batch);
    let what = format!("{}: {} ({class:?}, {how})", golden.command, golden.says);
    assert_eq!(pause, Pause::Finished, "{what}");
    let after: Vec<_> = (0..golden.after.len() as u64)
        .map(|index| bench.dword(DATA + index * 4))
        .collect();
    assert_eq!(after, golden.after, "{what}");
}

#[test]
fn each_command_does_what_the_manual_says() {
    for golden in GOLDEN {
        let header = golden.batch[golden.at];
        for class in classes(row(golden)) {
            let found = lookup(header, class).unwrap();
            assert_eq!(found.name, golden.command);
            assert!(
                found.length_is_valid(found.dwords(header)),
                "{}",
                golden.says
            );
            check(golden, class, golden.batch, "as it is");
        }
    }
}

#[test]
fn every_command_is_there() {
    for row in rows() {
        assert!(
            GOLDEN.iter().any(|golden| golden.command == row.name),
            "{}",
            row.name
        );
    }
}

/// The bits of dword `number` of a command for which the table defines nothing.
fn undefined_bits(row: &Command, number: usize) -> u32 {
    let mut defined = if number == 0 { row.mask } else { 0 };
    if let (0, Length::Field { bits, .. }) = (number, row.length) {
        defined |= (1 << bits) - 1;
    }
    for field in row.fields {
        let here = usize::from(field.dword);
        let own = u32::MAX >> (31 - field.high) & u32::MAX << field.low;
        match field.kind {
            FieldKind::Rest | FieldKind::Registers | FieldKind::Arithmetic if number >= here => {
                return 0;
            }
            // Addresses have 48 bits; those above are the sign.
            FieldKind::Address if number == here + 1 => defined |= 0xffff,
            _ if number == here => defined |= own,
            _ => {}
        }
    }
    !defined
}

#[test]
fn bits_for_which_nothing_is_defined_are_ignored() {
    let mut tried = 0;
    for golden in GOLDEN {
        let row = row(golden);
        let length = row.dwords(golden.batch[golden.at]);
        let mut batch = golden.batch.to_vec();
        for (number, dword) in batch[golden.at..].iter_mut().take(length).enumerate() {
            let undefined = undefined_bits(row, number);
            tried += undefined.count_ones();
            *dword |= undefined;
        }
        for class in classes(row) {
            check(golden, class, &batch, "with undefined bits set");
        }
    }
    assert!(tried > 1000, "{tried}");
}

#[test]
fn a_command_of_a_wrong_length_hangs() {
    for row in rows() {
        let Length::Field {
            bits,
            bias,
            min,
            max,
        } = row.length
        else {
            continue;
        };
        let longest = (1 << bits) - 1 + u16::from(bias);
        let wrong = [min.checked_sub(1), (max < longest).then_some(max + 1)];
        for dwords in wrong.into_iter().flatten() {
            let Some(field) = dwords.checked_sub(bias.into()) else {
                continue;
            };
            for class in classes(row) {
                let mut bench = Bench::new(class);
                let pause = bench.run(&[row.value | u32::from(field), 0, 0, 0, 0, 0]);
                assert_eq!(
                    reason(pause),
                    HangReason::BadLength,
                    "{} of {dwords}",
                    row.name
                );
                assert_eq!(bench.execution.program.current, BATCH);
            }
        }
    }
}

#[test]
fn lengths_that_do_not_fit_the_other_fields_hang() {
    let mut bench = render();
    for batch in [
        // A register without a value, half a qword, inline operands that aren't there or
        // should not be, an immediate that isn't there.
        &[0x1100_0002, 0x2600, 1, 0x2604][..],
        &[0x1020_0002, LO, HI, 1],
        &[0x1784_0701, LO, HI],
        &[0x178c_2704, LO, HI, 1, 0, 0],
        &[0x1780_0703, LO, HI, 1, 0],
    ] {
        let reason = reason(bench.run(batch));
        assert!(
            matches!(reason, HangReason::BadLength | HangReason::BadField { .. }),
            "{batch:x?}: {reason}"
        );
    }
    let mut copy = Bench::new(EngineClass::Copy);
    let pause = copy.run(&[0x1300_4001, LO, HI]);
    assert_eq!(reason(pause), HangReason::BadLength);
}

#[test]
fn what_is_not_defined_hangs() {
    let mut bench = render();
    for (batch, what) in [
        (&[0x0080_0005][..], "predicate enable"),
        (&[0x0600_0040], "predicate load"),
        (&[0x0e00_e002, 0, LO, HI], "comparison"),
        (&[0x0e00_f003, 0, LO, HI, 0], "comparison"),
        (&[0x1b20_6002, 0, LO, HI], "comparison"),
        (&[0x0d00_0000, 0x7ff0_0000], "arithmetic operation"),
        (&[0x0d00_0000, 0x0800_0000], "arithmetic operand"),
        (&[0x0d00_0000, 0x0800_8010], "arithmetic operand"),
        (&[0x0d00_0000, 0x1800_4031], "arithmetic operand"),
        (&[0x0d00_0000, 0x1800_0420], "arithmetic operand"),
        (&[0x1780_0001, LO, HI], "atomic operation"),
        (&[0x1780_1001, LO, HI], "atomic operation"),
        (&[0x1788_0701, LO, HI], "atomic operation of another size"),
        (&[0x1798_6701, LO, HI], "atomic operation's size"),
        (&[0x1790_4701, LO, HI], "atomic operation"),
        (&[0x17a0_0701, LO, HI], "atomic post-sync operation"),
        (&[0x17a5_0703, LO, HI, 1, 0], "atomic post-sync operation"),
        (
            &[0x7a00_0004, 0x0080_4000, 0, 0, 0, 0],
            "two post-sync operations",
        ),
    ] {
        let expected = HangReason::BadField { what };
        assert_eq!(reason(bench.run(batch)), expected, "{batch:x?}");
    }
    let mut copy = Bench::new(EngineClass::Copy);
    let reserved = copy.run(&[0x1300_8002, LO, HI, 1]);
    let what = "post-sync operation";
    assert_eq!(reason(reserved), HangReason::BadField { what });
}

#[test]
fn what_only_a_privileged_batch_may_use_is_counted_and_strict_mode_hangs() {
    let mut privileged = 0;
    for row in rows() {
        let shortest = match row.length {
            Length::One => 1,
            Length::Field { min, .. } => usize::from(min),
        };
        let mut batch = vec![row.value | shortest.saturating_sub(2) as u32];
        batch.resize(shortest, 0);
        match row.privilege {
            Privilege::User => continue,
            Privilege::Kernel => assert!(matches!(row.action, Action::Ignore)),
            Privilege::UserUnless { dword, bit } => batch[usize::from(dword)] |= 1 << bit,
        }
        privileged += 1;
        for class in classes(row) {
            let mut bench = Bench::new(class);
            assert_eq!(
                reason(bench.run(&batch)),
                HangReason::Privileged,
                "{}",
                row.name
            );
            bench.strict = false;
            bench.finish(&batch);
            assert_eq!(bench.tally.privilege_violations, 1, "{}", row.name);
            assert_eq!(bench.tally.faults, 0, "{}", row.name);
        }
    }
    assert_eq!(privileged, 13);
    // Flushes flush and notify all the same.
    let mut bench = render();
    bench.strict = false;
    bench.finish(&[0x7a00_0004, 0x0110_4100, LO, HI, 1, 2]);
    assert_eq!(
        (bench.tally.privilege_violations, bench.tally.interrupts),
        (1, 1)
    );
    // Without a write there is nothing to forbid.
    bench.finish(&[0x7a00_0004, 0x0130_0100, LO, HI, 1, 2]);
    assert_eq!(
        (bench.tally.privilege_violations, bench.tally.interrupts),
        (0, 1)
    );
}
