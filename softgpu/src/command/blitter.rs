//! The rows of type 2: the blitter's commands, on copy engines only.

use super::FieldKind::{Choice, Signed};
use super::{Action, Command, Field, Length, Privilege, address, field, flag, hex, number};
use crate::blitter::commands;
use crate::platform::EngineSet;

const DEPTHS: &[&str] = &["8 bits", "565", "1555", "32 bits"];
const FAST_DEPTHS: &[&str] = &[
    "8 bits", "16 bits", "?", "32 bits", "64 bits", "128 bits", "?", "?",
];
const TILINGS: &[&str] = &["linear", "X", "Y", "64 KiB"];

const fn blit(
    name: &'static str,
    opcode: u32,
    dwords: u16,
    fields: &'static [Field],
    action: Action,
) -> Command {
    Command {
        name,
        mask: 0xffc0_0000,
        value: 2 << 29 | opcode << 22,
        length: Length::Field {
            bits: 8,
            bias: 2,
            min: dwords,
            max: dwords,
        },
        privilege: Privilege::User,
        engines: EngineSet::COPY,
        fields,
        action,
    }
}

const fn signed(name: &'static str, dword: u8, high: u8, low: u8) -> Field {
    field(name, dword, high, low, Signed)
}

/// Sorted by opcode.
pub(super) static TABLE: &[Command] = &[
    blit(
        "XY_FAST_COPY_BLT",
        0x42,
        10,
        &[
            field("source tiling", 0, 21, 20, Choice(TILINGS)),
            field("destination tiling", 0, 14, 13, Choice(TILINGS)),
            field("depth", 1, 26, 24, Choice(FAST_DEPTHS)),
            number("destination pitch", 1, 15, 0),
            signed("x1", 2, 15, 0),
            signed("y1", 2, 31, 16),
            signed("x2", 3, 15, 0),
            signed("y2", 3, 31, 16),
            address("destination", 4, 0),
            signed("source x1", 6, 15, 0),
            signed("source y1", 6, 31, 16),
            number("source pitch", 7, 15, 0),
            address("source", 8, 0),
        ],
        Action::Execute(commands::fast_copy),
    ),
    blit(
        "XY_COLOR_BLT",
        0x50,
        7,
        &[
            flag("write alpha", 0, 21),
            flag("write RGB", 0, 20),
            flag("tiled", 0, 11),
            flag("clip", 1, 30),
            field("depth", 1, 25, 24, Choice(DEPTHS)),
            hex("raster operation", 1, 23, 16),
            signed("pitch", 1, 15, 0),
            signed("x1", 2, 15, 0),
            signed("y1", 2, 31, 16),
            signed("x2", 3, 15, 0),
            signed("y2", 3, 31, 16),
            address("destination", 4, 0),
            hex("colour", 6, 31, 0),
        ],
        Action::Execute(commands::color),
    ),
    blit(
        "XY_SRC_COPY_BLT",
        0x53,
        10,
        &[
            flag("write alpha", 0, 21),
            flag("write RGB", 0, 20),
            flag("source tiled", 0, 15),
            flag("destination tiled", 0, 11),
            flag("clip", 1, 30),
            field("depth", 1, 25, 24, Choice(DEPTHS)),
            hex("raster operation", 1, 23, 16),
            signed("destination pitch", 1, 15, 0),
            signed("x1", 2, 15, 0),
            signed("y1", 2, 31, 16),
            signed("x2", 3, 15, 0),
            signed("y2", 3, 31, 16),
            address("destination", 4, 0),
            signed("source x1", 6, 15, 0),
            signed("source y1", 6, 31, 16),
            signed("source pitch", 7, 15, 0),
            address("source", 8, 0),
        ],
        Action::Execute(commands::src_copy),
    ),
];
