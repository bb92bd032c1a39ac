//! The rows of type 2: the blitter's commands, on copy engines only. Which there are and
//! their opcodes: Tiger Lake manual, volume 10, "2D Command Map". Tables of their dwords:
//! Sandy Bridge manual, volume 1 part 5, from "Fill/Move Instructions" on, with addresses
//! of one dword instead of two (BR27 to BR30 of Kaby Lake volume 11 are the second ones).

use super::FieldKind::{Choice, Rest, Signed};
use super::{Action, Command, Field, Length, Privilege, address, field, flag, hex, number};
use crate::blitter::{classic, fast, setup};
use crate::execute::Handler;
use crate::platform::EngineSet;

const DEPTHS: &[&str] = &["8 bits", "565", "1555", "32 bits"];
const FAST_DEPTHS: &[&str] = &[
    "8 bits", "16 bits", "?", "32 bits", "64 bits", "128 bits", "?", "?",
];
const BLOCK_DEPTHS: &[&str] = &[
    "8 bits", "16 bits", "32 bits", "64 bits", "96 bits", "128 bits", "?", "?",
];
const FAST_TILINGS: &[&str] = &["linear", "X", "Y", "64 KiB"];
const BLOCK_TILINGS: &[&str] = &["linear", "Y", "?", "?"];
const KEYS: &[&str] = &[
    "none",
    "source",
    "none",
    "source with alpha",
    "none",
    "destination with alpha",
    "none",
    "destination",
];
const FIXED: &[&str] = &[
    "horizontal",
    "vertical",
    "forward diagonal",
    "backward diagonal",
    "cross",
    "diagonal cross",
    "?",
    "?",
    "screen door",
    "wide screen door",
    "walking one",
    "walking zero",
    "?",
    "?",
    "?",
    "?",
];

/// A command that may have from `min` to `max` dwords.
const fn sized(
    name: &'static str,
    opcode: u32,
    (min, max): (u16, u16),
    fields: &'static [Field],
    handler: Handler,
) -> Command {
    Command {
        name,
        mask: 0xffc0_0000,
        value: 2 << 29 | opcode << 22,
        length: Length::Field {
            bits: 8,
            bias: 2,
            min,
            max,
        },
        privilege: Privilege::User,
        engines: EngineSet::COPY,
        fields,
        action: Action::Execute(handler),
    }
}

/// A command of so many dwords.
const fn blit(
    name: &'static str,
    opcode: u32,
    dwords: u16,
    fields: &'static [Field],
    handler: Handler,
) -> Command {
    sized(name, opcode, (dwords, dwords), fields, handler)
}

/// As many dwords as the length field can say.
const MOST: u16 = 257;
/// Dwords of the smallest and the largest pattern in a command.
const PATTERN: (u16, u16) = (16, 64);

/// A command with a colour pattern behind `head` dwords.
const fn with_pattern(
    name: &'static str,
    opcode: u32,
    head: u16,
    fields: &'static [Field],
    handler: Handler,
) -> Command {
    let range = (head + PATTERN.0, head + PATTERN.1);
    sized(name, opcode, range, fields, handler)
}

const fn signed(name: &'static str, dword: u8, high: u8, low: u8) -> Field {
    field(name, dword, high, low, Signed)
}

/// Several lists of fields as one.
macro_rules! fields {
    ($($part:expr),+ $(,)?) => {
        const {
            const LENGTH: usize = 0 $(+ $part.len())+;
            &join::<LENGTH>(&[$($part),+])
        }
    };
}

const fn join<const LENGTH: usize>(parts: &[&[Field]]) -> [Field; LENGTH] {
    let mut all = [field("", 0, 0, 0, Signed); LENGTH];
    let (mut part, mut at) = (0, 0);
    while part < parts.len() {
        let mut number = 0;
        while number < parts[part].len() {
            all[at] = parts[part][number];
            at += 1;
            number += 1;
        }
        part += 1;
    }
    all
}

const BYTE_MASK: &[Field] = &[flag("write alpha", 0, 21), flag("write RGB", 0, 20)];
const TILED: &[Field] = &[flag("tiled", 0, 11)];
const SOURCE_TILED: &[Field] = &[flag("source tiled", 0, 15)];
const SEEDS: &[Field] = &[number("seed x", 0, 14, 12), number("seed y", 0, 10, 8)];
const FIRST_BIT: &[Field] = &[number("first bit", 0, 19, 17)];
const KEY: &[Field] = &[field("key", 0, 19, 17, Choice(KEYS))];
const CLIP: &[Field] = &[flag("clip", 1, 30)];
const SOLID: &[Field] = &[flag("solid", 1, 31)];
const SOURCE_MASK: &[Field] = &[flag("source transparent", 1, 29)];
const PATTERN_MASK: &[Field] = &[flag("pattern transparent", 1, 28)];
const DRAW: &[Field] = &[
    field("depth", 1, 25, 24, Choice(DEPTHS)),
    hex("raster operation", 1, 23, 16),
    signed("pitch", 1, 15, 0),
];

/// Two corners, from a dword on.
const fn corners(dword: u8) -> [Field; 4] {
    [
        signed("x1", dword, 15, 0),
        signed("y1", dword, 31, 16),
        signed("x2", dword + 1, 15, 0),
        signed("y2", dword + 1, 31, 16),
    ]
}

/// The rest of the head of most commands.
const TARGET: &[Field] = fields![DRAW, &corners(2), &[address("destination", 4, 0)]];
/// The head of most commands.
const HEAD: &[Field] = fields![BYTE_MASK, TILED, CLIP, TARGET];

const fn clip_rectangle(dword: u8) -> [Field; 4] {
    [
        number("clip x1", dword, 14, 0),
        number("clip y1", dword, 30, 16),
        number("clip x2", dword + 1, 14, 0),
        number("clip y2", dword + 1, 30, 16),
    ]
}

const SETUP: &[Field] = fields![
    BYTE_MASK,
    TILED,
    CLIP,
    DRAW,
    &clip_rectangle(2),
    &[
        address("destination", 4, 0),
        hex("background", 6, 31, 0),
        hex("foreground", 7, 31, 0),
    ],
];

const fn source_corner(dword: u8) -> [Field; 2] {
    [
        signed("source x1", dword, 15, 0),
        signed("source y1", dword, 31, 16),
    ]
}

const fn source_pitch(dword: u8) -> [Field; 1] {
    [signed("source pitch", dword, 15, 0)]
}

const SOURCE: &[Field] = &[address("source", 8, 0)];
const COPIED: &[Field] = fields![&source_corner(6), &source_pitch(7), SOURCE];
const FULL_SOURCE: &[Field] = fields![&source_pitch(6), &source_corner(7), SOURCE];
const MONO_SOURCE: &[Field] = &[
    address("source", 6, 0),
    hex("source background", 8, 31, 0),
    hex("source foreground", 9, 31, 0),
];

const fn pattern_address(dword: u8) -> [Field; 1] {
    [address("pattern", dword, 6)]
}

const fn rest(dword: u8) -> [Field; 1] {
    [field("data", dword, 31, 0, Rest)]
}

const fn key_range(dword: u8) -> [Field; 2] {
    [
        hex("key low", dword, 31, 0),
        hex("key high", dword + 1, 31, 0),
    ]
}

const fn colours(dword: u8) -> [Field; 2] {
    [
        hex("background", dword, 31, 0),
        hex("foreground", dword + 1, 31, 0),
    ]
}

const fn mono_pattern(dword: u8) -> [Field; 2] {
    [
        hex("pattern rows 0 to 3", dword, 31, 0),
        hex("pattern rows 4 to 7", dword + 1, 31, 0),
    ]
}

/// Destination of XY_BLOCK_COPY_BLT and XY_FAST_COLOR_BLT. The pitch is one more.
const BLOCK_TARGET: &[Field] = fields![
    &[
        field("depth", 0, 21, 19, Choice(BLOCK_DEPTHS)),
        field("tiling", 1, 31, 30, Choice(BLOCK_TILINGS)),
        number("pitch less 1", 1, 17, 0),
    ],
    &corners(2),
    &[
        address("destination", 4, 0),
        number("x offset", 6, 13, 0),
        number("y offset", 6, 29, 16),
    ],
];

/// Sorted by opcode.
pub(super) static TABLE: &[Command] = &[
    blit(
        "XY_SETUP_BLT",
        0x01,
        10,
        fields![SOURCE_MASK, SETUP, &pattern_address(8)],
        setup::setup,
    ),
    blit(
        "XY_SETUP_CLIP_BLT",
        0x03,
        3,
        &clip_rectangle(1),
        setup::setup_clip,
    ),
    blit(
        "XY_SETUP_MONO_PATTERN_SL_BLT",
        0x11,
        10,
        fields![SOLID, PATTERN_MASK, SETUP, &mono_pattern(8)],
        setup::setup_mono_pattern,
    ),
    blit(
        "XY_PIXEL_BLT",
        0x24,
        2,
        &[
            flag("tiled", 0, 11),
            signed("x", 1, 15, 0),
            signed("y", 1, 31, 16),
        ],
        classic::pixel,
    ),
    blit(
        "XY_SCANLINES_BLT",
        0x25,
        3,
        fields![TILED, SEEDS, &corners(1)],
        classic::scanlines,
    ),
    blit(
        "XY_TEXT_BLT",
        0x26,
        5,
        fields![
            &[flag("byte packed", 0, 16)],
            TILED,
            &corners(1),
            &[address("source", 3, 0)],
        ],
        classic::text_from_memory,
    ),
    sized(
        "XY_TEXT_IMMEDIATE_BLT",
        0x31,
        (3, MOST),
        fields![&[flag("byte packed", 0, 16)], TILED, &corners(1), &rest(3),],
        classic::text_immediate,
    ),
    blit(
        "COLOR_BLT",
        0x40,
        6,
        fields![
            BYTE_MASK,
            DRAW,
            &[
                number("width", 2, 15, 0),
                number("height", 2, 31, 16),
                address("destination", 3, 0),
                hex("colour", 5, 31, 0),
            ],
        ],
        fast::linear_color,
    ),
    blit(
        "XY_BLOCK_COPY_BLT",
        0x41,
        12,
        fields![
            BLOCK_TARGET,
            &source_corner(7),
            &[
                field("source tiling", 8, 31, 30, Choice(BLOCK_TILINGS)),
                number("source pitch less 1", 8, 17, 0),
                address("source", 9, 0),
                number("source x offset", 11, 13, 0),
                number("source y offset", 11, 29, 16),
            ],
        ],
        fast::block_copy,
    ),
    blit(
        "XY_FAST_COPY_BLT",
        0x42,
        10,
        fields![
            &[
                field("source tiling", 0, 21, 20, Choice(FAST_TILINGS)),
                flag("source Yf", 1, 31),
                field("tiling", 0, 14, 13, Choice(FAST_TILINGS)),
                flag("Yf", 1, 30),
                field("depth", 1, 26, 24, Choice(FAST_DEPTHS)),
                number("pitch", 1, 15, 0),
            ],
            &corners(2),
            &[address("destination", 4, 0)],
            &source_corner(6),
            &[number("source pitch", 7, 15, 0)],
            SOURCE,
        ],
        fast::fast_copy,
    ),
    blit(
        "SRC_COPY_BLT",
        0x43,
        8,
        fields![
            BYTE_MASK,
            &[flag("backwards", 1, 30)],
            DRAW,
            &[
                number("width", 2, 15, 0),
                number("height", 2, 31, 16),
                address("destination", 3, 0),
            ],
            &source_pitch(5),
            &[address("source", 6, 0)],
        ],
        fast::linear_source_copy,
    ),
    blit(
        "XY_FAST_COLOR_BLT",
        0x44,
        11,
        fields![BLOCK_TARGET, &[field("colour", 7, 31, 0, Rest)]],
        fast::fast_color,
    ),
    blit(
        "XY_COLOR_BLT",
        0x50,
        7,
        fields![HEAD, &[hex("colour", 6, 31, 0)]],
        classic::color,
    ),
    blit(
        "XY_PAT_BLT",
        0x51,
        8,
        fields![SEEDS, HEAD, &pattern_address(6)],
        classic::pattern,
    ),
    blit(
        "XY_MONO_PAT_BLT",
        0x52,
        10,
        fields![SEEDS, PATTERN_MASK, HEAD, &colours(6), &mono_pattern(8)],
        classic::mono_pattern,
    ),
    blit(
        "XY_SRC_COPY_BLT",
        0x53,
        10,
        fields![SOURCE_TILED, HEAD, COPIED],
        classic::source_copy,
    ),
    blit(
        "XY_MONO_SRC_COPY_BLT",
        0x54,
        10,
        fields![FIRST_BIT, SOURCE_MASK, HEAD, MONO_SOURCE],
        classic::mono_source_copy,
    ),
    blit(
        "XY_FULL_BLT",
        0x55,
        12,
        fields![SEEDS, SOURCE_TILED, HEAD, FULL_SOURCE, &pattern_address(10)],
        classic::full,
    ),
    blit(
        "XY_FULL_MONO_SRC_BLT",
        0x56,
        12,
        fields![
            SEEDS,
            FIRST_BIT,
            SOURCE_MASK,
            HEAD,
            MONO_SOURCE,
            &pattern_address(10),
        ],
        classic::full_mono_source,
    ),
    blit(
        "XY_FULL_MONO_PATTERN_BLT",
        0x57,
        14,
        fields![
            SEEDS,
            SOLID,
            PATTERN_MASK,
            SOURCE_TILED,
            HEAD,
            FULL_SOURCE,
            &colours(10),
            &mono_pattern(12),
        ],
        classic::full_mono_pattern,
    ),
    blit(
        "XY_FULL_MONO_PATTERN_MONO_SRC_BLT",
        0x58,
        14,
        fields![
            SEEDS,
            FIRST_BIT,
            SOLID,
            PATTERN_MASK,
            SOURCE_MASK,
            HEAD,
            MONO_SOURCE,
            &colours(10),
            &mono_pattern(12),
        ],
        classic::full_mono_pattern_mono_source,
    ),
    blit(
        "XY_MONO_PAT_FIXED_BLT",
        0x59,
        8,
        fields![
            &[field("pattern", 0, 18, 15, Choice(FIXED))],
            SEEDS,
            PATTERN_MASK,
            HEAD,
            &colours(6),
        ],
        classic::mono_pattern_fixed,
    ),
    sized(
        "XY_MONO_SRC_COPY_IMMEDIATE_BLT",
        0x71,
        (8, MOST),
        fields![FIRST_BIT, SOURCE_MASK, HEAD, &colours(6), &rest(8)],
        classic::mono_source_copy_immediate,
    ),
    with_pattern(
        "XY_PAT_BLT_IMMEDIATE",
        0x72,
        6,
        fields![SEEDS, HEAD, &rest(6)],
        classic::pattern_immediate,
    ),
    blit(
        "XY_SRC_COPY_CHROMA_BLT",
        0x73,
        12,
        fields![KEY, SOURCE_TILED, HEAD, COPIED, &key_range(10)],
        classic::source_copy_chroma,
    ),
    with_pattern(
        "XY_FULL_IMMEDIATE_PATTERN_BLT",
        0x74,
        10,
        fields![SEEDS, SOURCE_TILED, HEAD, FULL_SOURCE, &rest(10)],
        classic::full_immediate_pattern,
    ),
    with_pattern(
        "XY_FULL_MONO_SRC_IMMEDIATE_PATTERN_BLT",
        0x75,
        10,
        fields![SEEDS, FIRST_BIT, SOURCE_MASK, HEAD, MONO_SOURCE, &rest(10)],
        classic::full_mono_source_immediate_pattern,
    ),
    blit(
        "XY_PAT_CHROMA_BLT",
        0x76,
        10,
        fields![KEY, SEEDS, HEAD, &pattern_address(6), &key_range(8)],
        classic::pattern_chroma,
    ),
    with_pattern(
        "XY_PAT_CHROMA_BLT_IMMEDIATE",
        0x77,
        8,
        fields![KEY, SEEDS, HEAD, &key_range(6), &rest(8)],
        classic::pattern_chroma_immediate,
    ),
];
