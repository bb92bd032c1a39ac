//! Golden tests of the commands with patterns, with monochrome sources and with three
//! operands; `golden.rs` says how they are made and what is cited.

use super::golden::{BLANK, golden};

#[test]
fn patterns() {
    // SNB page 42: 1.9.9. Seeds (1, 0): at x = 2 the pattern's fourth pixel.
    golden(
        "XY_PAT_BLT",
        &[],
        &[
            0x5440_1006,
            0x00f0_0010,
            0x0000_0002,
            0x0002_0005,
            0x0001_0000,
            0x7f,
            0x0001_3000,
            0x7f,
        ],
        &["9999c3c4c5999999", "9999cbcccd999999", BLANK],
    );
    // SNB page 44: 1.9.10. Only where the destination lies in the range: not at x = 3.
    golden(
        "XY_PAT_CHROMA_BLT",
        &[
            0x5400_0005,
            0x00f0_0010,
            0x0000_0003,
            0x0001_0004,
            0x0001_0000,
            0x7f,
            0xaa,
        ],
        &[
            0x5d8e_0008,
            0x00f0_0010,
            0x0000_0002,
            0x0001_0005,
            0x0001_0000,
            0x7f,
            0x0001_3000,
            0x7f,
            0x90,
            0x9f,
        ],
        &["9999c2aac4999999", BLANK],
    );
}

#[test]
fn patterns_in_the_command() {
    let pattern = |first: u32| (0..16).map(move |dword| 0x0302_0100 + dword * 0x0404_0404 + first);
    // SNB page 45: 1.9.11: 16 dwords for 8 bits.
    let head = [
        0x5c80_0014,
        0x00f0_0010,
        0x0000_0001,
        0x0002_0003,
        0x0001_0000,
        0x7f,
    ];
    let command: Vec<u32> = head.into_iter().chain(pattern(0)).collect();
    golden(
        "XY_PAT_BLT_IMMEDIATE",
        &[],
        &command,
        &["9901029999999999", "99090a9999999999", BLANK],
    );
    // SNB page 46: 1.9.12: the key stands before it.
    let head = [
        0x5dce_0016,
        0x00f0_0010,
        0x0000_0001,
        0x0002_0003,
        0x0001_0000,
        0x7f,
        0x99,
        0x99,
    ];
    let command: Vec<u32> = head.into_iter().chain(pattern(0)).collect();
    golden(
        "XY_PAT_CHROMA_BLT_IMMEDIATE",
        &[],
        &command,
        &["9901029999999999", "99090a9999999999", BLANK],
    );
    // SNB page 64: 1.9.20. Operation 5A: pattern xor destination; the source isn't needed.
    let head = [
        0x5d00_0018,
        0x005a_0010,
        0,
        0x0001_0002,
        0x0001_0000,
        0x7f,
        16,
        0,
        0x0001_2000,
        0x7f,
    ];
    let command: Vec<u32> = head.into_iter().chain(pattern(0x4040_4040)).collect();
    let rows = &["d9d8999999999999", BLANK];
    golden("XY_FULL_IMMEDIATE_PATTERN_BLT", &[], &command, rows);
    // SNB page 67: 1.9.22. Operation FC, pattern or source: bits of 0x50 from its second.
    let head = [
        0x5d42_0018,
        0x00fc_0010,
        0,
        0x0001_0004,
        0x0001_0000,
        0x7f,
        0x0001_2050,
        0x7f,
        0,
        0x80,
    ];
    let command: Vec<u32> = head.into_iter().chain(pattern(0)).collect();
    let rows = &["8001820399999999", BLANK];
    golden(
        "XY_FULL_MONO_SRC_IMMEDIATE_PATTERN_BLT",
        &[],
        &command,
        rows,
    );
}

#[test]
fn mono_patterns() {
    // SNB page 48: 1.9.13; page 51: pixel 0 is bit 7. Transparent, then not.
    let mut command = [
        0x5480_0008,
        0x10f0_0010,
        0,
        0x0002_0004,
        0x0001_0000,
        0x7f,
        0x11,
        0x22,
        0x1020_4080,
        0x0102_0408,
    ];
    let rows = &["2299999999999999", "9922999999999999", BLANK];
    golden("XY_MONO_PAT_BLT", &[], &command, rows);
    command[1] = 0x00f0_0010;
    let rows = &["2211111199999999", "1122111199999999", BLANK];
    golden("XY_MONO_PAT_BLT", &[], &command, rows);
    // SNB page 49: 1.9.14. Pattern 9, "SD wide", of page 55.
    golden(
        "XY_MONO_PAT_FIXED_BLT",
        &[],
        &[
            0x5644_8006,
            0x00f0_0010,
            0,
            0x0002_0008,
            0x0001_0000,
            0x7f,
            0x11,
            0x22,
        ],
        &["2222111122221111", "1111222211112222", BLANK],
    );
}

#[test]
fn mono_sources() {
    // SNB page 60: 1.9.17. Rows begin on 16-bit words; the first pixel is bit 5 of 0x50.
    golden(
        "XY_MONO_SRC_COPY_BLT",
        &[],
        &[
            0x5504_0008,
            0x00cc_0010,
            0,
            0x0002_0004,
            0x0001_0000,
            0x7f,
            0x0001_2050,
            0x7f,
            0x11,
            0x22,
        ],
        &["1122111199999999", "1122111199999999", BLANK],
    );
    // SNB page 61: 1.9.18: the exact number of quadwords.
    golden(
        "XY_MONO_SRC_COPY_IMMEDIATE_BLT",
        &[],
        &[
            0x5c40_0008,
            0x20cc_0010,
            0,
            0x0002_0004,
            0x0001_0000,
            0x7f,
            0x11,
            0x22,
            0x0060_0090,
            0,
        ],
        &["2299992299999999", "9922229999999999", BLANK],
    );
}

#[test]
fn full() {
    // SNB page 62: 1.9.19. Operation FC: pattern or source.
    golden(
        "XY_FULL_BLT",
        &[],
        &[
            0x5540_000a,
            0x00fc_0010,
            0,
            0x0002_0003,
            0x0001_0000,
            0x7f,
            16,
            0x0001_0001,
            0x0001_2000,
            0x7f,
            0x0001_3000,
            0x7f,
        ],
        &["d1d3d39999999999", "e9ebeb9999999999", BLANK],
    );
    // SNB page 66: 1.9.21.
    golden(
        "XY_FULL_MONO_SRC_BLT",
        &[],
        &[
            0x5580_000a,
            0x00fc_0010,
            0,
            0x0001_0004,
            0x0001_0000,
            0x7f,
            0x0001_2050,
            0x7f,
            0,
            0x10,
            0x0001_3000,
            0x7f,
        ],
        &["c0d1c2d399999999", BLANK],
    );
    // SNB page 69: 1.9.23. Where the pattern's bit is 0, nothing is written.
    golden(
        "XY_FULL_MONO_PATTERN_BLT",
        &[],
        &[
            0x55c0_000c,
            0x10fc_0010,
            0,
            0x0001_0004,
            0x0001_0000,
            0x7f,
            16,
            0x0000_0001,
            0x0001_2000,
            0x7f,
            0,
            0x40,
            0xa0,
            0,
        ],
        &["4199439999999999", BLANK],
    );
    // SNB page 71: 1.9.24. Both transparent: where both bits are 1 (KBL page 8).
    golden(
        "XY_FULL_MONO_PATTERN_MONO_SRC_BLT",
        &[],
        &[
            0x5600_000c,
            0x30fc_0010,
            0,
            0x0001_0004,
            0x0001_0000,
            0x7f,
            0x0001_2050,
            0x7f,
            1,
            2,
            4,
            8,
            0x60,
            0,
        ],
        &["990a999999999999", BLANK],
    );
}
