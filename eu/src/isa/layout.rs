//! Where the fields of a native instruction are.

use super::bits::Field;

pub(super) const OPCODE: Field = Field::new(6, 0);
pub(super) const SCOREBOARD: Field = Field::new(15, 8);
pub(super) const EXEC_SIZE: Field = Field::new(18, 16);
/// In units of four channels.
pub(super) const CHANNEL_OFFSET: Field = Field::new(21, 19);
pub(super) const FLAG_SUBREGISTER: Field = Field::bit(22);
pub(super) const FLAG_REGISTER: Field = Field::bit(23);
pub(super) const PREDICATE: Field = Field::new(27, 24);
pub(super) const PREDICATE_INVERTED: Field = Field::bit(28);
pub(super) const COMPACTED: Field = Field::bit(29);
pub(super) const BREAKPOINT: Field = Field::bit(30);
pub(super) const MASK_DISABLED: Field = Field::bit(31);
pub(super) const ATOMIC: Field = Field::bit(32);
/// Or branch control, or a message's fusion control.
pub(super) const WRITES_ACCUMULATOR: Field = Field::bit(33);
/// Or a message's end of thread.
pub(super) const SATURATE: Field = Field::bit(34);
/// Or the function of `math`, `sync` or the receiver of a message.
pub(super) const CONDITION: Field = Field::new(95, 92);

/// Immediates of 32 bits, the lower half of those of 64 bits, and JIP.
pub(super) const IMMEDIATE_LOW: Field = Field::new(127, 96);
/// The upper half of immediates of 64 bits, and UIP.
pub(super) const IMMEDIATE_HIGH: Field = Field::new(95, 64);

/// The destination of all but three-source instructions; of those all but type and stride.
pub(super) struct DestinationFields {
    /// Set for the general file.
    pub(super) general: Field,
    pub(super) register: Field,
    pub(super) byte: Field,
    pub(super) indirect: Field,
    pub(super) address: Field,
    pub(super) offset: Field,
    pub(super) kind: Field,
    pub(super) stride: Field,
}

pub(super) const DESTINATION: DestinationFields = DestinationFields {
    general: Field::bit(50),
    register: Field::new(63, 56),
    byte: Field::new(55, 51),
    indirect: Field::bit(35),
    address: Field::new(63, 60),
    offset: Field::new(59, 50),
    kind: Field::new(39, 36),
    stride: Field::new(49, 48),
};

/// A source of a one- or two-source instruction.
pub(super) struct SourceFields {
    /// It is a constant.
    pub(super) immediate: Field,
    /// Set for the general file.
    pub(super) general: Field,
    pub(super) register: Field,
    pub(super) byte: Field,
    pub(super) indirect: Field,
    pub(super) address: Field,
    pub(super) offset: Field,
    pub(super) kind: Field,
    pub(super) vertical: Field,
    pub(super) width: Field,
    pub(super) horizontal: Field,
    pub(super) negate: Field,
    pub(super) absolute: Field,
}

pub(super) const SOURCE_0: SourceFields = SourceFields {
    immediate: Field::bit(46),
    general: Field::bit(66),
    register: Field::new(79, 72),
    byte: Field::new(71, 67),
    indirect: Field::bit(80),
    address: Field::new(79, 76),
    offset: Field::new(75, 66),
    kind: Field::new(43, 40),
    vertical: Field::new(87, 84),
    width: Field::new(83, 81),
    horizontal: Field::new(65, 64),
    negate: Field::bit(45),
    absolute: Field::bit(44),
};

pub(super) const SOURCE_1: SourceFields = SourceFields {
    immediate: Field::bit(47),
    general: Field::bit(98),
    register: Field::new(111, 104),
    byte: Field::new(103, 99),
    indirect: Field::bit(112),
    address: Field::new(111, 108),
    offset: Field::new(107, 98),
    kind: Field::new(91, 88),
    vertical: Field::new(119, 116),
    width: Field::new(115, 113),
    horizontal: Field::new(97, 96),
    negate: Field::bit(121),
    absolute: Field::bit(120),
};

/// A source of a three-source instruction.
pub(super) struct TernaryFields {
    /// Where it can be a constant: whether it is, and its 16 bits.
    pub(super) immediate: Option<(Field, Field)>,
    pub(super) general: Field,
    pub(super) register: Field,
    pub(super) byte: Field,
    pub(super) kind: Field,
    /// Upper and lower bit; source 2 has none.
    pub(super) vertical: Option<(Field, Field)>,
    pub(super) horizontal: Field,
    pub(super) negate: Field,
    pub(super) absolute: Field,
}

pub(super) const TERNARY: [TernaryFields; 3] = [
    TernaryFields {
        immediate: Some((Field::bit(46), Field::new(79, 64))),
        general: Field::bit(66),
        register: Field::new(79, 72),
        byte: Field::new(71, 67),
        kind: Field::new(42, 40),
        vertical: Some((Field::bit(43), Field::bit(35))),
        horizontal: Field::new(65, 64),
        negate: Field::bit(45),
        absolute: Field::bit(44),
    },
    TernaryFields {
        immediate: None,
        general: Field::bit(98),
        register: Field::new(111, 104),
        byte: Field::new(103, 99),
        kind: Field::new(90, 88),
        vertical: Some((Field::bit(91), Field::bit(83))),
        horizontal: Field::new(97, 96),
        negate: Field::bit(87),
        absolute: Field::bit(86),
    },
    TernaryFields {
        immediate: Some((Field::bit(47), Field::new(127, 112))),
        general: Field::bit(114),
        register: Field::new(127, 120),
        byte: Field::new(119, 115),
        kind: Field::new(82, 80),
        vertical: None,
        horizontal: Field::new(113, 112),
        negate: Field::bit(85),
        absolute: Field::bit(84),
    },
];

/// Place of a three-source destination in its register, in units of 8 bytes.
pub(super) const TERNARY_BYTE: Field = Field::new(55, 54);
/// Type of a three-source destination.
pub(super) const TERNARY_KIND: Field = Field::new(38, 36);
/// The types of a three-source instruction are floats.
pub(super) const TERNARY_FLOAT: Field = Field::bit(39);
/// Its stride is 2.
pub(super) const TERNARY_STRIDE: Field = Field::bit(48);

/// The message descriptor comes from a0.0.
pub(super) const DESCRIPTOR_IN_REGISTER: Field = Field::bit(48);
/// The extended message descriptor comes from a dword of a0.
pub(super) const EXTENDED_IN_REGISTER: Field = Field::bit(49);
/// That dword.
pub(super) const EXTENDED_REGISTER: Field = Field::new(42, 40);

/// The pieces of the message descriptor: their fields, and the lowest bit each goes to.
pub(super) const DESCRIPTOR: [(Field, u32); 5] = [
    (Field::new(91, 81), 0),
    (Field::new(121, 113), 11),
    (Field::new(55, 51), 20),
    (Field::new(71, 67), 25),
    (Field::new(123, 122), 30),
];

/// The pieces of the extended message descriptor.
pub(super) const EXTENDED: [(Field, u32); 5] = [
    (Field::new(103, 99), 6),
    (Field::new(47, 35), 11),
    (Field::new(65, 64), 24),
    (Field::new(97, 96), 26),
    (Field::new(127, 124), 28),
];
