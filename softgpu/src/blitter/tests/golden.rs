//! Golden tests: each command's dwords as the manuals lay them out, and what they draw.
//!
//! Which commands a Tiger Lake has stands in its manual, volume 10 (IHD-OS-TGL-Vol 10-12.21),
//! "2D Command Map", pages 3 and 4. The tables of dwords cited here are those of Sandy
//! Bridge, volume 1 part 5 (IHD-OS-V1 Pt5 - 05 11, "SNB"), which is the last that is public
//! with all of them; addresses have had a second dword since Broadwell (Kaby Lake volume
//! 11, IHD-OS-KBL-Vol 11-1.17, "KBL", page 29: BR27 to BR30). Of the three commands that
//! are newer the pages aren't at hand: they are cited by name of Tiger Lake's volume 2a,
//! with Intel's compute-runtime (`hw_cmds_generated_gen12lp.inl`) and the IGT test suite
//! (`lib/intel_blt.c`) as what was read.
//!
//! Each golden batch is executed three times: as it is; with every reserved bit set, which
//! changes nothing; and one dword shorter and longer, which hangs.

use super::bench_with;
use crate::command::{Field, FieldKind, lookup};
use crate::completion::HangReason;
use crate::execute::testing::{BASE, Bench, DATA};
use crate::execute::{Pause, Stop};
use crate::platform::EngineClass;

/// Where the source lies behind `DATA`, and the pattern.
const SOURCE: u64 = 0x2000;
const PATTERN: u64 = 0x3000;

/// A canvas of 0x99 with a pitch of 16 bytes; a source of the same pitch, whose bytes count
/// from 0; a pattern whose bytes count from 0xc0.
fn bench() -> Bench {
    let bench = bench_with(&vec![0x99; 0x4000]);
    let counted: Vec<u8> = (0..=255).collect();
    bench.memory.write(DATA - BASE + SOURCE, &counted).unwrap();
    let colours: Vec<u8> = (0xc0..=0xff).collect();
    bench.memory.write(DATA - BASE + PATTERN, &colours).unwrap();
    bench
}

/// The bits of a command's dword that nothing is defined for.
fn reserved(fields: &[Field], dword: usize) -> u32 {
    fields.iter().fold(u32::MAX, |left, field| {
        let first = usize::from(field.dword);
        let bits = u32::MAX >> (31 - (field.high - field.low)) << field.low;
        match field.kind {
            FieldKind::Address if dword == first || dword == first + 1 => 0,
            FieldKind::Rest if dword >= first => 0,
            _ if dword == first => left & !bits,
            _ => left,
        }
    })
}

/// Executes `before` and the golden command, and compares `rows` of eight bytes of the
/// canvas, in hexadecimal.
pub(super) fn golden(name: &str, before: &[u32], command: &[u32], rows: &[&str]) {
    let row = lookup(command[0], EngineClass::Copy).unwrap();
    assert_eq!(row.name, name);
    let draw = |command: &[u32]| {
        let mut bench = bench();
        bench.finish(&[before, command].concat());
        let picture = (0..rows.len() as u64).map(|row| {
            let mut bytes = [0; 8];
            let at = DATA - BASE + row * 16;
            bench.memory.read(at, &mut bytes).unwrap();
            bytes.map(|byte| format!("{byte:02x}")).concat()
        });
        picture.collect::<Vec<_>>()
    };
    assert_eq!(draw(command), rows, "{name}");
    let mut scribbled = command.to_vec();
    for (number, dword) in scribbled.iter_mut().enumerate() {
        let known = if number == 0 { 0xffc0_00ff } else { 0 };
        *dword |= reserved(row.fields, number) & !known;
    }
    assert_eq!(draw(&scribbled), rows, "{name} with reserved bits set");
    for length in [command.len() - 1, command.len() + 1] {
        let mut other = command.to_vec();
        other[0] = command[0] & !0xff | (length as u32).wrapping_sub(2) & 0xff;
        other.resize(length.max(command.len()), 0);
        let pause = bench().run(&[before, &other].concat());
        let wrong = Pause::Stopped(Stop::from(HangReason::BadLength));
        assert_eq!(pause, wrong, "{name} of {length} dwords");
    }
}

/// Nothing drawn.
pub(super) const BLANK: &str = "9999999999999999";

#[test]
fn color() {
    // SNB page 41: 1.9.8. From (2, 1) to (5, 3), 8 bits, operation F0.
    golden(
        "XY_COLOR_BLT",
        &[],
        &[
            0x5400_0005,
            0x00f0_0010,
            0x0001_0002,
            0x0003_0005,
            0x0001_0000,
            0x7f,
            0xaa,
        ],
        &[BLANK, "9999aaaaaa999999", "9999aaaaaa999999", BLANK],
    );
    // 32 bits, colour without alpha.
    golden(
        "XY_COLOR_BLT",
        &[],
        &[
            0x5410_0005,
            0x03f0_0010,
            0,
            0x0001_0002,
            0x0001_0000,
            0x7f,
            0x4433_2211,
        ],
        &["1122339911223399", BLANK],
    );
}

#[test]
fn linear_color() {
    // SNB page 32: 1.8.1. Three bytes of two rows.
    golden(
        "COLOR_BLT",
        &[],
        &[
            0x5000_0004,
            0x00f0_0010,
            0x0002_0003,
            0x0001_0001,
            0x7f,
            0x55,
        ],
        &["9955555599999999", "9955555599999999", BLANK],
    );
}

#[test]
fn linear_source_copy() {
    // SNB page 32: 1.8.2. Two rows of three bytes, from the third on.
    golden(
        "SRC_COPY_BLT",
        &[],
        &[
            0x50c0_0006,
            0x00cc_0010,
            0x0002_0003,
            0x0001_0000,
            0x7f,
            16,
            0x0001_2002,
            0x7f,
        ],
        &["0203049999999999", "1213149999999999", BLANK],
    );
    // Backwards: the addresses are those of the last bytes.
    golden(
        "SRC_COPY_BLT",
        &[],
        &[
            0x50c0_0006,
            0x40cc_0010,
            0x0001_0003,
            0x0001_0002,
            0x7f,
            16,
            0x0001_2004,
            0x7f,
        ],
        &["0203049999999999", BLANK],
    );
}

#[test]
fn source_copy() {
    // SNB page 57: 1.9.15. From (1, 1) of the source to (3, 0).
    golden(
        "XY_SRC_COPY_BLT",
        &[],
        &[
            0x54c0_0008,
            0x00cc_0010,
            0x0000_0003,
            0x0002_0006,
            0x0001_0000,
            0x7f,
            0x0001_0001,
            16,
            0x0001_2000,
            0x7f,
        ],
        &["9999991112139999", "9999992122239999", BLANK],
    );
}

#[test]
fn source_copy_chroma() {
    // SNB page 58: 1.9.16; modes on page 75. What lies between 0x02 and 0x04 isn't copied.
    golden(
        "XY_SRC_COPY_CHROMA_BLT",
        &[],
        &[
            0x5cc2_000a,
            0x00cc_0010,
            0,
            0x0001_0007,
            0x0001_0000,
            0x7f,
            0,
            16,
            0x0001_2000,
            0x7f,
            2,
            4,
        ],
        &["0001999999050699", BLANK],
    );
}

#[test]
fn clipping() {
    // SNB page 38: 1.9.3. The left and upper edges belong to it, the others don't.
    golden(
        "XY_SETUP_CLIP_BLT",
        &[],
        &[0x40c0_0001, 0x0001_0002, 0x0003_0004],
        &[BLANK],
    );
    golden(
        "XY_COLOR_BLT",
        &[0x40c0_0001, 0x0001_0002, 0x0003_0004],
        &[
            0x5400_0005,
            0x40f0_0010,
            0,
            0x0008_0008,
            0x0001_0000,
            0x7f,
            0xaa,
        ],
        &[BLANK, "9999aaaa99999999", "9999aaaa99999999", BLANK],
    );
}

/// XY_SETUP_BLT: colours 0x11 and 0x22, the pattern in memory, operation F0, no clipping.
const SETUP: &[u32] = &[
    0x4040_0008,
    0x00f0_0010,
    0,
    0,
    0x0001_0000,
    0x7f,
    0x11,
    0x22,
    0x0001_3000,
    0x7f,
];
/// The same for text: a source, operation CC, transparent.
const SETUP_TEXT: &[u32] = &[
    0x4040_0008,
    0x20cc_0010,
    0,
    0,
    0x0001_0000,
    0x7f,
    0x11,
    0x22,
    0x0001_3000,
    0x7f,
];
/// XY_SETUP_MONO_PATTERN_SL_BLT: the pattern's rows are 0x80, 0x40 and so on.
const SETUP_MONO: &[u32] = &[
    0x4440_0008,
    0x00f0_0010,
    0,
    0,
    0x0001_0000,
    0x7f,
    0x11,
    0x22,
    0x1020_4080,
    0x0102_0408,
];

#[test]
fn setups_draw_nothing() {
    // SNB page 35: 1.9.1; page 37: 1.9.2.
    golden("XY_SETUP_BLT", &[], SETUP, &[BLANK, BLANK]);
    golden(
        "XY_SETUP_MONO_PATTERN_SL_BLT",
        &[],
        SETUP_MONO,
        &[BLANK, BLANK],
    );
}

#[test]
fn pixel() {
    // SNB page 38: 1.9.4; BR05 on page 78: the background is its colour.
    let pixel = [0x4900_0000, 0x0001_0003];
    golden(
        "XY_PIXEL_BLT",
        SETUP,
        &pixel,
        &[BLANK, "9999991199999999", BLANK],
    );
}

#[test]
fn scan_lines() {
    // SNB page 39: 1.9.5. The colour pattern, turned by (1, 2).
    golden(
        "XY_SCANLINES_BLT",
        SETUP,
        &[0x4940_1201, 0x0000_0006, 0x0002_0008],
        &["999999999999d7d0", "999999999999dfd8", BLANK],
    );
    // The monochrome one.
    golden(
        "XY_SCANLINES_BLT",
        SETUP_MONO,
        &[0x4940_0001, 0x0000_0000, 0x0002_0004],
        &["2211111199999999", "1122111199999999", BLANK],
    );
    // Solid: all background (BR01 on page 76). Solid and transparent: nothing (page 69).
    let mut solid = SETUP_MONO.to_vec();
    solid[1] |= 1 << 31;
    let lines = [0x4940_0001, 0, 0x0001_0003];
    golden("XY_SCANLINES_BLT", &solid, &lines, &["1111119999999999"]);
    solid[1] |= 1 << 28;
    golden("XY_SCANLINES_BLT", &solid, &lines, &[BLANK]);
}

#[test]
fn text() {
    // SNB page 40: 1.9.6. The source's bytes from 0x50 on, packed bit by bit: three bits of
    // 0101_0000 a row; then byte by byte.
    golden(
        "XY_TEXT_BLT",
        SETUP_TEXT,
        &[0x4980_0003, 0x0000_0001, 0x0002_0004, 0x0001_2050, 0x7f],
        &["9999229999999999", "9922999999999999", BLANK],
    );
    golden(
        "XY_TEXT_BLT",
        SETUP_TEXT,
        &[0x4981_0003, 0x0000_0001, 0x0002_0004, 0x0001_2050, 0x7f],
        &["9999229999999999", "9999229999999999", BLANK],
    );
    // SNB page 40: 1.9.7, in the command. Not transparent: in both colours.
    let mut opaque = SETUP_TEXT.to_vec();
    opaque[1] &= !(1 << 29);
    golden(
        "XY_TEXT_IMMEDIATE_BLT",
        &opaque,
        &[0x4c41_0003, 0, 0x0002_0008, 0x0000_0ff1, 0],
        &["2222222211111122", "1111111122222222", BLANK],
    );
}

#[test]
fn fast_copy() {
    // Volume 2a, XY_FAST_COPY_BLT; IGT's gen12_fast_copy_data. 32 bits.
    golden(
        "XY_FAST_COPY_BLT",
        &[],
        &[
            0x5080_0008,
            0x0300_0010,
            0,
            0x0002_0001,
            0x0001_0000,
            0x7f,
            0x0001_0001,
            16,
            0x0001_2000,
            0x7f,
        ],
        &["1415161799999999", "2425262799999999", BLANK],
    );
}

#[test]
fn block_copy() {
    // Volume 2a, XY_BLOCK_COPY_BLT; IGT's gen12_block_copy_data. 16 bits; the surfaces'
    // offsets, (1, 0) and (0, 1), are added to the corners.
    golden(
        "XY_BLOCK_COPY_BLT",
        &[],
        &[
            0x5048_000a,
            15,
            0,
            0x0001_0002,
            0x0001_0000,
            0x7f,
            1,
            0x0000_0001,
            15,
            0x0001_2000,
            0x7f,
            0x0001_0000,
        ],
        &["9999121314159999", BLANK],
    );
}

#[test]
fn fast_color() {
    // Volume 2a, XY_FAST_COLOR_BLT; compute-runtime's XY_FAST_COLOR_BLT. 64 bits.
    golden(
        "XY_FAST_COLOR_BLT",
        &[],
        &[
            0x5118_0009,
            15,
            0,
            0x0001_0001,
            0x0001_0000,
            0x7f,
            0,
            0x4433_2211,
            0x8877_6655,
            0,
            0,
        ],
        &["1122334455667788", BLANK],
    );
}

/// A golden test that was forgotten would show here: the commands above by name.
#[test]
fn every_command_has_its_golden_test() {
    let text = concat!(
        include_str!("golden.rs"),
        include_str!("golden_operands.rs")
    );
    for command in crate::command::commands() {
        if command.value >> 29 == 2 {
            let quoted = format!("\"{}\"", command.name);
            assert!(text.contains(&quoted), "{}", command.name);
        }
    }
}
