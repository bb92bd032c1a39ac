//! Compacted instructions: 8 bytes that stand for 16, by tables of the bits that are most in use.
//!
//! Each table is indexed by a field of the compacted instruction, and says where in the native
//! one the bits of its entries go, from the lowest on. What is copied as it is stands in
//! [`COPIED`] and [`TERNARY_COPIED`]; all other bits are 0. The tables are those of Gen12.0;
//! Gen12.5 has others.

use super::DecodeError;
use super::bits::Field;
use super::layout;
use super::opcode::{Format, Opcode};

/// A table of patterns.
struct Table {
    /// Where the compacted instruction has the number of the pattern.
    index: Field,
    /// Where the pattern's bits go, the lowest first.
    pieces: &'static [Field],
    /// The patterns; as many as the index can tell.
    entries: &'static [u64],
}

impl Table {
    /// Puts the pattern that a compacted instruction names into a native one.
    fn spread(&self, compacted: u128, mut native: u128) -> u128 {
        let index = self.index.of(compacted) as usize;
        let mut pattern = self.entries.get(index).copied().unwrap_or(0);
        for piece in self.pieces {
            native = piece.set(native, pattern);
            pattern >>= piece.width();
        }
        native
    }
}

/// Fields that are copied: where they are, and where they go.
type Copied = &'static [(Field, Field)];

/// The opcode, the scoreboard, the breakpoint, and the numbers of the destination and source 0.
const COPIED: Copied = &[
    (Field::new(6, 0), Field::new(6, 0)),
    (Field::new(15, 8), Field::new(15, 8)),
    (Field::bit(7), Field::bit(30)),
    (Field::new(23, 16), Field::new(63, 56)),
    (Field::new(47, 40), Field::new(79, 72)),
];

/// The number of source 1.
const COPIED_SOURCE_1: Copied = &[(Field::new(63, 56), Field::new(111, 104))];

/// As [`COPIED`], and the numbers of sources 1 and 2.
const TERNARY_COPIED: Copied = &[
    (Field::new(6, 0), Field::new(6, 0)),
    (Field::new(15, 8), Field::new(15, 8)),
    (Field::bit(7), Field::bit(30)),
    (Field::new(23, 16), Field::new(63, 56)),
    (Field::new(47, 40), Field::new(79, 72)),
    (Field::new(63, 56), Field::new(111, 104)),
    (Field::new(55, 48), Field::new(127, 120)),
];

/// An immediate in place of source 1.
const IMMEDIATE: Field = Field::new(63, 52);

/// The native form of a compacted instruction.
pub(super) fn expand(opcode: Opcode, compacted: u64) -> Result<u128, DecodeError> {
    let compacted = u128::from(compacted);
    match opcode.info().format {
        Format::Basic | Format::Math | Format::Sync => expand_basic(opcode, compacted),
        Format::Ternary => {
            let native = copy(TERNARY_COPIED, compacted, 0);
            let native = TERNARY_CONTROL.spread(compacted, native);
            let native = TERNARY_SOURCE.spread(compacted, native);
            Ok(TERNARY_SUBREGISTER.spread(compacted, native))
        }
        Format::Bare | Format::Send | Format::Jump | Format::JumpTwo => {
            Err(DecodeError::NotCompactable(opcode))
        }
    }
}

fn expand_basic(opcode: Opcode, compacted: u128) -> Result<u128, DecodeError> {
    let native = copy(COPIED, compacted, 0);
    let native = CONTROL.spread(compacted, native);
    let native = DATA_TYPE.spread(compacted, native);
    let native = SUBREGISTER.spread(compacted, native);
    let native = SOURCE_0.spread(compacted, native);
    let kind = if layout::SOURCE_0.immediate.is_set(native) {
        layout::SOURCE_0.kind
    } else if layout::SOURCE_1.immediate.is_set(native) {
        layout::SOURCE_1.kind
    } else {
        let native = copy(COPIED_SOURCE_1, compacted, native);
        return Ok(SOURCE_1.spread(compacted, native));
    };
    let bits = expand_immediate(kind.byte(native), IMMEDIATE.of(compacted) as u32)
        .ok_or(DecodeError::NotCompactable(opcode))?;
    Ok(layout::IMMEDIATE_LOW.set(native, u64::from(bits)))
}

/// The 32 bits that the 12 bits of a compacted immediate stand for, by its type.
fn expand_immediate(kind: u8, bits: u32) -> Option<u32> {
    // Extended by its highest bit to 32 bits.
    let extended = (((bits << 20) as i32) >> 20) as u32;
    let twice = |word: u32| word << 16 | word & 0xFFFF;
    match kind {
        // ud, and the vectors uv, v, vf.
        0b0010 | 0b0000 | 0b0100 | 0b1000 => Some(bits),
        // uw.
        0b0001 => Some(twice(bits)),
        // d.
        0b0110 => Some(extended),
        // w.
        0b0101 => Some(twice(extended)),
        // f and hf: the upper bits.
        0b1010 => Some(bits << 20),
        0b1001 => Some(twice(bits << 4)),
        _ => None,
    }
}

fn copy(fields: Copied, compacted: u128, mut native: u128) -> u128 {
    for (from, to) in fields {
        native = to.set(native, from.of(compacted));
    }
    native
}

/// How many channels, which, and under which conditions.
const CONTROL: Table = Table {
    index: Field::new(28, 24),
    pieces: &[
        Field::new(18, 16),
        Field::new(21, 19),
        Field::new(23, 22),
        Field::new(27, 24),
        Field::new(28, 28),
        Field::new(31, 31),
        Field::new(32, 32),
        Field::new(33, 33),
        Field::new(34, 34),
        Field::new(95, 92),
    ],
    entries: &[
        0x000004, 0x000003, 0x002000, 0x002004, 0x002003, 0x080004, 0x000024, 0x0A0004, 0x000000,
        0x010004, 0x000013, 0x060004, 0x020004, 0x022004, 0x040004, 0x000104, 0x0A0003, 0x000184,
        0x002001, 0x000144, 0x0001C4, 0x082004, 0x000023, 0x000033, 0x0A2004, 0x080003, 0x022000,
        0x010003, 0x0A0084, 0x020003, 0x008003, 0x002024,
    ],
};

/// Types, register files and the destination's stride.
const DATA_TYPE: Table = Table {
    index: Field::new(34, 30),
    pieces: &[
        Field::new(35, 35),
        Field::new(39, 36),
        Field::new(43, 40),
        Field::new(46, 46),
        Field::new(47, 47),
        Field::new(49, 48),
        Field::new(50, 50),
        Field::new(66, 66),
        Field::new(91, 88),
        Field::new(98, 98),
    ],
    entries: &[
        0xD6954, 0x06954, 0x02B54, 0x56D54, 0xD4954, 0xD2954, 0x54D54, 0x00800, 0xD0954, 0x2ECCC,
        0xB68CC, 0x52D54, 0x96844, 0x50D54, 0x36CCC, 0x16C44, 0x07154, 0x2CCCC, 0x00822, 0x02844,
        0x26C2A, 0x0EC22, 0x97044, 0x0694C, 0x8C8CC, 0x06854, 0x2EC4C, 0x02822, 0x06834, 0x06814,
        0x068D4, 0x02954,
    ],
};

/// Subregisters.
const SUBREGISTER: Table = Table {
    index: Field::new(39, 35),
    pieces: &[Field::new(55, 51), Field::new(71, 67), Field::new(103, 99)],
    entries: &[
        0x0000, 0x4000, 0x1000, 0x3000, 0x0080, 0x2000, 0x5000, 0x0008, 0x0100, 0x6000, 0x7000,
        0x0200, 0x0004, 0x0300, 0x0280, 0x0180, 0x0380, 0x001C, 0x0010, 0x000C, 0x0018, 0x0014,
        0x0002, 0x0140, 0x0040, 0x0084, 0x005C, 0x0042, 0x018C, 0x0020, 0x0060, 0x6300,
    ],
};

/// Source 0's region and modifiers.
const SOURCE_0: Table = Table {
    index: Field::new(51, 48),
    pieces: &[
        Field::new(45, 44),
        Field::new(65, 64),
        Field::new(80, 80),
        Field::new(83, 81),
        Field::new(86, 84),
        Field::new(87, 87),
    ],
    entries: &[
        0x464, 0x000, 0x466, 0x465, 0x002, 0x200, 0x240, 0x340, 0x224, 0x300, 0x226, 0x344, 0x467,
        0x100, 0x001, 0xF10,
    ],
};

/// Source 1's region and modifiers.
const SOURCE_1: Table = Table {
    index: Field::new(55, 52),
    pieces: &[
        Field::new(97, 96),
        Field::new(112, 112),
        Field::new(115, 113),
        Field::new(119, 116),
        Field::new(121, 120),
    ],
    entries: &[
        0x119, 0x000, 0x919, 0x800, 0x519, 0x8D0, 0x080, 0x089, 0x889, 0x0D0, 0x0D1, 0x0C0, 0xD19,
        0x400, 0xC00, 0x8D1,
    ],
};

/// As [`CONTROL`], and types, of three sources.
const TERNARY_CONTROL: Table = Table {
    index: Field::new(28, 24),
    pieces: &[
        Field::new(18, 16),
        Field::new(21, 19),
        Field::new(22, 22),
        Field::new(23, 23),
        Field::new(27, 24),
        Field::new(28, 28),
        Field::new(31, 31),
        Field::new(32, 32),
        Field::new(33, 33),
        Field::new(34, 34),
        Field::new(38, 36),
        Field::new(39, 39),
        Field::new(42, 40),
        Field::new(48, 48),
        Field::new(50, 50),
        Field::new(82, 80),
        Field::new(90, 88),
        Field::new(95, 92),
    ],
    entries: &[
        0x04A540004,
        0x04A540003,
        0x048540003,
        0x04A542003,
        0x048542003,
        0x048540013,
        0x04A540013,
        0x048542013,
        0x04A542013,
        0x04A542004,
        0x048540004,
        0x04A550004,
        0x04A540024,
        0x048542004,
        0x04A542000,
        0x04A550003,
        0x048542033,
        0x048542023,
        0x04A542033,
        0x04A542023,
        0x048540023,
        0x048540033,
        0x04A540023,
        0x04A540033,
        0x048550004,
        0x04A552004,
        0x04A542024,
        0x04A442000,
        0x048540024,
        0x04A550024,
        0x04A542002,
        0x048550003,
    ],
};

/// Regions, register files and modifiers of three sources.
const TERNARY_SOURCE: Table = Table {
    index: Field::new(34, 30),
    pieces: &[
        Field::new(35, 35),
        Field::new(43, 43),
        Field::new(45, 44),
        Field::new(46, 46),
        Field::new(47, 47),
        Field::new(65, 64),
        Field::new(66, 66),
        Field::new(83, 83),
        Field::new(85, 84),
        Field::new(87, 86),
        Field::new(91, 91),
        Field::new(97, 96),
        Field::new(98, 98),
        Field::new(113, 112),
        Field::new(114, 114),
    ],
    entries: &[
        0x12C300, 0x12C242, 0x16C343, 0x12C343, 0x160143, 0x16C34B, 0x14C343, 0x10C300, 0x16C300,
        0x16CB43, 0x16E343, 0x160100, 0x10C343, 0x12E300, 0x12E343, 0x12C34B, 0x120143, 0x12C308,
        0x120100, 0x16E300, 0x12CB00, 0x14C300, 0x12CB43, 0x16CB4B, 0x14C34B, 0x16E34B, 0x162143,
        0x160943, 0x16C308, 0x16CB00, 0x120943, 0x14CB43,
    ],
};

/// Subregisters of three sources.
const TERNARY_SUBREGISTER: Table = Table {
    index: Field::new(39, 35),
    pieces: &[
        Field::new(55, 51),
        Field::new(71, 67),
        Field::new(103, 99),
        Field::new(119, 115),
    ],
    entries: &[
        0x00000, 0x20000, 0x00180, 0xA0000, 0x80380, 0x60000, 0x40000, 0x02000, 0x01000, 0xC0000,
        0x80000, 0xE0000, 0x06000, 0x00080, 0x04000, 0x03000, 0x05000, 0x07000, 0x00100, 0x00200,
        0x00300, 0x00280, 0x00380, 0xC0380, 0x20100, 0x20180, 0x40180, 0x80300, 0x80280, 0x60080,
        0xA0380, 0x40080,
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: [&Table; 8] = [
        &CONTROL,
        &DATA_TYPE,
        &SUBREGISTER,
        &SOURCE_0,
        &SOURCE_1,
        &TERNARY_CONTROL,
        &TERNARY_SOURCE,
        &TERNARY_SUBREGISTER,
    ];

    /// Each table has as many entries as its index can name, no wider than its pieces, and no
    /// pattern twice.
    #[test]
    fn tables_are_complete() {
        for table in TABLES {
            assert_eq!(table.entries.len(), 1 << table.index.width());
            let width: u32 = table.pieces.iter().map(|piece| piece.width()).sum();
            for (place, entry) in table.entries.iter().enumerate() {
                assert_eq!(*entry >> width, 0);
                assert!(!table.entries[..place].contains(entry));
            }
        }
    }

    /// Signed immediates are extended, words stand in both halves, floats are the upper bits.
    #[test]
    fn immediates() {
        assert_eq!(expand_immediate(0b0110, 0xFFF), Some(u32::MAX));
        assert_eq!(expand_immediate(0b0101, 0x800), Some(0xF800_F800));
        assert_eq!(expand_immediate(0b0001, 0x800), Some(0x0800_0800));
        assert_eq!(expand_immediate(0b1010, 0x3F8), Some(1f32.to_bits()));
        assert_eq!(expand_immediate(0b1001, 0x3C0), Some(0x3C00_3C00));
        assert_eq!(expand_immediate(0b1011, 0), None);
    }
}
