//! What becomes of rectangles without pixels, of undefined fields, and of what the manual
//! asks for and the model doesn't; docs/softgpu.md states it.

use super::{bench_with, bytes_of};
use crate::completion::HangReason;
use crate::execute::testing::{BASE, Bench, DATA};
use crate::execute::{Pause, Stop};

const LENGTH: usize = 0x4_0000;

fn bench() -> Bench {
    let bytes: Vec<u8> = (0..LENGTH as u32).map(|at| ((at * 7) >> 3) as u8).collect();
    bench_with(&bytes)
}

fn bad_field(pause: Pause) -> bool {
    matches!(
        pause,
        Pause::Stopped(Stop::Hang {
            reason: HangReason::BadField { .. },
            ..
        })
    )
}

/// XY_COLOR_BLT, linear, 32 bits.
fn fill(flags: u32, corner: u32, opposite: u32) -> [u32; 7] {
    [
        0x5430_0005,
        0x03f0_0000 | flags,
        corner,
        opposite,
        0x0001_0000,
        0x7f,
        0x1234_5678,
    ]
}

/// XY_FAST_COPY_BLT of 16 by 16 pixels of 32 bits.
fn copy(header: u32, flags: u32, source_pitch: u32) -> [u32; 10] {
    [
        0x5080_0008 | header,
        0x0300_0000 ^ flags,
        0,
        0x0010_0010,
        0x0001_0000,
        0x7f,
        0,
        source_pitch,
        0x0003_0000,
        0x7f,
    ]
}

#[test]
fn a_rectangle_without_pixels_is_nothing() {
    let mut bench = bench();
    let before = bytes_of(&bench, LENGTH);
    // Second corner above and left of the first; no height; only negative coordinates.
    for (corner, opposite) in [
        (0x0010_0010, 0x0008_0008),
        (0x0010_0010, 0x0010_0020),
        (0xfff0_fff0, 0x0000_0000),
    ] {
        bench.finish(&fill(0x400, corner, opposite));
        assert_eq!(bench.tally.bytes_blitted, 0);
    }
    // No byte of a pixel written.
    let mut none = fill(0x400, 0, 0x0008_0008);
    none[0] &= !(3 << 20);
    bench.finish(&none);
    // A new context's clip rectangle is empty.
    bench.finish(&fill(0x4000_0400, 0, 0x0008_0008));
    assert_eq!(before, bytes_of(&bench, LENGTH));
}

#[test]
fn undefined_fields_hang() {
    let mut bench = bench();
    assert_eq!(bench.run(&copy(0, 0x80, 0x80)), Pause::Finished);
    assert!(bad_field(bench.run(&copy(0, 0x0100_0080, 0x80))), "depth");
    assert!(
        bad_field(bench.run(&copy(0, 0x8000, 0x80))),
        "sign of a pitch"
    );
    // Tiles of X, Y, Yf and 64 KiB whose pitch is half a tile.
    for (tiling, yf, half) in [(1, 0, 64), (2, 0, 16), (2, 1 << 30, 16), (3, 0, 64)] {
        let header = tiling << 13;
        assert!(bad_field(bench.run(&copy(header, yf | half, 0x80))));
        assert_eq!(
            bench.run(&copy(header, yf | (2 * half), 0x80)),
            Pause::Finished
        );
    }
    let tiled = |pitch| {
        let mut fill = fill(pitch, 0, 0x0010_0010);
        fill[0] |= 1 << 11;
        fill
    };
    assert!(bad_field(bench.run(&tiled(0))), "no pitch");
    assert!(bad_field(bench.run(&tiled(0xff80))), "negative pitch");
    assert!(bad_field(bench.run(&tiled(0x40))), "half a tile");
    let mut without = fill(0x400, 0, 0x0010_0010);
    without[1] = 0x03cc_0400;
    assert!(bad_field(bench.run(&without)), "no source");
    let pattern = |header: u32| {
        [
            header,
            0x00f0_0010,
            0,
            0x0001_0001,
            0x0001_0000,
            0x7f,
            0x0001_3000,
            0x7f,
            0,
            0xff,
        ]
    };
    assert!(bad_field(bench.run(&pattern(0x5d82_0008))), "source key");
    assert!(bad_field(bench.run(&pattern(0x5d86_0008))), "source key");
    let fixed = |number: u32| {
        let header = 0x5640_0006 | number << 15;
        [header, 0x00f0_0010, 0, 0x0001_0001, 0x0001_0000, 0x7f, 0, 0]
    };
    for number in [6, 7, 12, 13, 14, 15] {
        assert!(
            bad_field(bench.run(&fixed(number))),
            "fixed pattern {number}"
        );
    }
    let block = |depth: u32, tiling: u32| {
        [
            0x5100_0009 | depth << 19,
            tiling << 30 | 0x7f,
            0,
            0x0001_0001,
            0x0001_0000,
            0x7f,
            0,
            1,
            2,
            3,
            4,
        ]
    };
    assert_eq!(bench.run(&block(4, 0)), Pause::Finished);
    assert!(bad_field(bench.run(&block(4, 1))), "96 bits tiled");
    assert!(bad_field(bench.run(&block(6, 0))), "depth");
    assert!(bad_field(bench.run(&block(2, 2))), "tiling");
}

#[test]
fn immediate_data_must_be_as_long_as_what_it_is_for() {
    let mut bench = bench();
    let wrong = Pause::Stopped(Stop::from(HangReason::BadLength));
    // One row of eight pixels: a quadword.
    let setup = [
        0x4040_0008,
        0x00cc_0010,
        0,
        0,
        0x0001_0000,
        0x7f,
        0,
        0,
        0,
        0,
    ];
    bench.finish(&setup);
    for (dwords, pause) in [(0, wrong), (1, wrong), (2, Pause::Finished), (4, wrong)] {
        let mut text = vec![0x4c41_0001 + dwords, 0, 0x0001_0008];
        text.resize(3 + dwords as usize, 0);
        assert_eq!(bench.run(&text), pause, "{dwords} dwords");
    }
    // Patterns of 16, 32 and 64 dwords by depth.
    for (depth, right) in [(0, 16), (1, 32), (2, 32), (3, 64)] {
        for dwords in [16, 32, 64] {
            let mut fill = vec![
                0x5cb0_0004 + dwords,
                depth << 24 | 0x00f0_0400,
                0,
                0x0001_0001,
                0x0001_0000,
                0x7f,
            ];
            fill.resize(6 + dwords as usize, 0);
            let pause = if dwords == right {
                Pause::Finished
            } else {
                wrong
            };
            assert_eq!(bench.run(&fill), pause, "depth {depth}, {dwords} dwords");
        }
    }
}

#[test]
fn what_needs_no_operand_reads_none() {
    // In strict mode a read of what isn't mapped hangs.
    let mut bench = bench();
    let nowhere = [0x1000, 0];
    let full = |raster: u32| {
        [
            0x5540_000a,
            raster << 16 | 0x10,
            0,
            0x0001_0004,
            0x0001_0000,
            0x7f,
            16,
            0,
            nowhere[0],
            nowhere[1],
            nowhere[0],
            nowhere[1],
        ]
    };
    for (raster, reads) in [(0x55, false), (0xff, false), (0xcc, true), (0xf0, true)] {
        let hangs = bench.run(&full(raster)) != Pause::Finished;
        assert_eq!(hangs, reads, "{raster:#x}");
    }
}

#[test]
fn a_context_keeps_its_own_setup_and_a_reset_forgets_it() {
    let mut bench = bench();
    let setup = [
        0x4040_0008,
        0x00f0_0010,
        0,
        0,
        0x0001_0000,
        0x7f,
        0x77,
        0,
        0,
        0,
    ];
    let pixel = [0x4900_0000, 0];
    bench.finish(&setup);
    // Another context of the same address space, whose setup is all 0: its destination
    // isn't mapped.
    let fresh = crate::execute::Execution::new(&crate::platform::Platform::TGL);
    let first = std::mem::replace(&mut bench.execution, fresh);
    assert_ne!(bench.run(&pixel), Pause::Finished);
    bench.execution = first;
    bench.finish(&pixel);
    assert_eq!(bytes_of(&bench, 1), [0x77]);
    bench.execution.reset(&crate::platform::Platform::TGL);
    assert_ne!(bench.run(&pixel), Pause::Finished);
}

#[test]
fn addresses_lose_their_high_bits_before_they_are_compared() {
    // One row down within one surface, its address stated in canonical form once: still
    // one surface, so the rows go from the bottom.
    let mut bench = bench();
    let before = bytes_of(&bench, 64);
    bench.finish(&[
        0x54c0_0008,
        0x00cc_0010,
        0x0001_0000,
        0x0004_0010,
        0x0001_0000,
        0xffff_007f,
        0,
        16,
        0x0001_0000,
        0x7f,
    ]);
    let after = bytes_of(&bench, 64);
    assert_eq!(after[..16], before[..16]);
    assert_eq!(after[16..], before[..48]);
    assert!(bench.memory.contains(DATA - BASE, 64));
}
