//! Batches as a whole: loops, edges of mappings, anything at all.

use super::*;

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
