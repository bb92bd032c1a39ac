//! Which registers there are, and how they behave.

use super::*;

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
fn what_is_the_drivers_can_be_neither_read_nor_written() {
    for engine in Platform::TGL.engines {
        let mut bench = Bench::new(engine.id.class);
        bench.instance = engine.id.instance;
        // RING_HEAD, HWS_PGA, MI_MODE, EIR, SEMAPHORE_TOKEN, CTX_SR_CTL, SEMA_WAIT_POLL,
        // FORCE_TO_NONPRIV.
        for offset in [0x34, 0x80, 0x9c, 0xb0, 0x2b4, 0x244, 0x24c, 0x4d0] {
            let offset = engine.mmio_base + offset;
            bench.put(DATA, &[9]);
            assert_eq!(write_and_read(&mut bench, offset, 0x0001_0001), 0);
            assert_eq!(bench.tally.dropped_register_writes, 1, "{offset:#x}");
        }
    }
}

#[test]
fn timestamps_go_at_the_platforms_frequency() {
    for engine in Platform::TGL.engines {
        let mut bench = Bench::new(engine.id.class);
        bench.instance = engine.id.instance;
        let read = [
            0x1208_0002,
            0x358,
            LO,
            HI, // TIMESTAMP
            0x1208_0002,
            0x35c,
            LO + 4,
            HI,
            0x1208_0002,
            0x3a8,
            LO + 8,
            HI, // CTX_TIMESTAMP
            0x1200_0002,
            0x2358,
            LO + 12,
            HI, // the render engine's TIMESTAMP
        ];
        let began = std::time::Instant::now();
        bench.finish(&read);
        let first = [0, 8].map(|at| bench.dword(DATA + at));
        let before = std::time::Instant::now();
        std::thread::sleep(std::time::Duration::from_millis(2));
        let least = before.elapsed();
        bench.finish(&read);
        let most = began.elapsed();
        let second = [0, 8].map(|at| bench.dword(DATA + at));
        let ticks =
            |time: std::time::Duration| (time.as_nanos() * 19_200_000 / 1_000_000_000) as u32;
        // All engines have the same clock, of 36 bits.
        let passed = bench.dword(DATA + 12).wrapping_sub(second[0]);
        assert!(passed <= ticks(most) + 1, "{passed} ticks between engines");
        assert!(bench.dword(DATA + 4) < 16);
        for (first, second) in first.into_iter().zip(second) {
            let passed = second.wrapping_sub(first);
            assert!(
                (ticks(least)..=ticks(most) + 1).contains(&passed),
                "{passed} ticks"
            );
        }
    }
}

#[test]
fn byte_write_disables_reach_masked_registers_too() {
    let mut bench = render();
    // INSTPM: mask and value are 16 bits each; without the mask's upper byte (3) only the
    // lower byte's bits can change, without the value's lower byte (0) they don't.
    bench.finish(&[0x1100_0001, 0x20c0, 0xffff_ffff]);
    assert_eq!(write_and_read(&mut bench, 0x20c0, 0xffff_0000), 0);
    bench.finish(&[0x1100_0801, 0x20c0, 0xffff_ffff]);
    bench.finish(&[0x1200_0002, 0x20c0, LO, HI]);
    assert_eq!(bench.dword(DATA), 0x00ff);
    bench.finish(&[0x1100_0f01, 0x20c0, 0xffff_0000]);
    bench.finish(&[0x1200_0002, 0x20c0, LO, HI]);
    assert_eq!(bench.dword(DATA), 0x00ff);
}

#[test]
fn a_no_op_with_a_number_is_remembered() {
    let mut bench = render();
    bench.finish(&[0x007f_ffff, 0x0000_0001, 0x1200_0002, 0x2094, LO, HI]);
    assert_eq!(bench.dword(DATA), 0x3f_ffff);
    let registers = bench.execution.hung_registers(HangReason::UnknownCommand);
    assert_eq!((registers.nop_id, registers.error), (0x3f_ffff, 1));
}
