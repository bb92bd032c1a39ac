//! A kernel's intermediate form: instructions with all that can be known beforehand worked
//! out. The interpreter runs it; a compiler could be fed with it.

use crate::isa::{Condition, DataType, MathFunction, Opcode, PredicateControl, SharedFunction};
use crate::shared::operation::Operation;
use crate::trap::Trap;

/// An instruction, ready to be run.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    /// What it does.
    pub(crate) action: Action,
    /// Channels: 1 to 32.
    pub(crate) exec_size: u8,
    /// The first channel.
    pub(crate) channel_offset: u8,
    /// All channels execute, whatever the execution mask.
    pub(crate) mask_disabled: bool,
    /// Some branch leads here: channels may wait for it.
    pub(crate) joins: bool,
    /// Which channels execute, by flags.
    pub(crate) predicate: Option<PredicateControl>,
    /// They do where the predicate does not hold.
    pub(crate) inverted: bool,
    /// The first channel's bit in the flag registers, f0 in the low dword.
    pub(crate) flag_bit: u8,
    /// Which comparison goes to the flags.
    pub(crate) condition: Option<Condition>,
    /// The result is clamped.
    pub(crate) saturate: bool,
    /// The result also goes to the accumulator.
    pub(crate) writes_accumulator: bool,
    /// It reads what is worked out only when it is read: ce0, ip, tm0.
    pub(crate) reads_special: bool,
    /// It writes cr0.
    pub(crate) writes_control: bool,
    /// Where the result goes.
    pub(crate) target: Target,
    /// Type of the result, also where it goes nowhere.
    pub(crate) result: DataType,
    /// What it reads.
    pub(crate) sources: [Operand; 3],
    /// Of a packed op, how it comes by that.
    pub(crate) lanes: [Lane; 3],
    /// Of a packed op, the first byte of the result if that is whole dwords, one behind the
    /// other.
    pub(crate) whole: Option<u16>,
    /// Bytes from the instruction base address to it.
    pub(crate) offset: u32,
    /// Bytes from the instruction base address to what is behind it.
    pub(crate) end: u32,
    /// Index of the op that JIP names.
    pub(crate) jip: u32,
    /// Index of the op that UIP names.
    pub(crate) uip: u32,
}

impl Op {
    /// A bit for each channel.
    #[inline(always)]
    pub(crate) fn channels(&self) -> u32 {
        u32::MAX >> (32 - u32::from(self.exec_size))
    }
}

/// What an op does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Action {
    /// Nothing.
    Nop,
    /// A trap.
    Trap(Trap),
    /// Dwords, one operand behind the other or the same for all channels; what most of a
    /// kernel's instructions are.
    Packed(Packed),
    /// Any operation on elements that are computed with like this.
    Compute(Opcode, Domain),
    /// `math`.
    Math(MathFunction, Domain),
    /// A branch.
    Branch(Opcode, bool),
    /// `send`.
    Send(Message),
    /// `sync.bar`.
    Barrier,
}

/// What a `send` says of its message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Message {
    /// To whom.
    pub(crate) function: SharedFunction,
    /// The descriptor; none: in a0.0.
    pub(crate) descriptor: Option<u32>,
    /// What the descriptor asks for, if that is known and something.
    pub(crate) operation: Option<Operation>,
    /// The extended descriptor, or which dword of a0 holds it.
    pub(crate) extended: Result<u32, u8>,
    /// The thread ends.
    pub(crate) end_of_thread: bool,
}

/// What an operation computes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Domain {
    /// Integers.
    Integer,
    /// Floats; half floats are computed as floats.
    Float,
}

/// Operations that are computed as vectors of dwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packed {
    /// A move of integers' low bits.
    Move,
    /// A move of a float's bits, with sign modifiers.
    MoveFloat,
    /// `sel` by predicate.
    Select,
    SelectFloat,
    /// `sel` by comparison.
    ChooseInteger,
    ChooseUnsigned,
    ChooseFloat,
    Not,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    Asr,
    AddInteger,
    /// The low dword of the product.
    MultiplyInteger,
    MadInteger,
    /// `mul` into an accumulator: the whole product.
    MultiplyWhole,
    /// `mach`.
    MultiplyHigh,
    /// `addc`: the carry goes to the accumulator.
    AddCarry,
    /// `subb`: the borrow does.
    SubtractBorrow,
    CompareInteger,
    CompareUnsigned,
    CompareFloat,
    AddFloat,
    MultiplyFloat,
    MadFloat,
    Floor,
    Ceil,
    RoundEven,
    Truncate,
    Fraction,
    IntegerToFloat,
    UnsignedToFloat,
    FloatToInteger,
    FloatToUnsigned,
    /// With half floats.
    Half(Half),
}

/// Operations with half floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    /// A move from or to single floats.
    Convert,
    Add,
    Multiply,
    Mad,
    Compare,
}

/// How a packed op comes by an operand's dwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// They stand one behind the other from this byte on, as they are needed.
    Here(u16),
    /// One for all channels stands at this byte.
    Same(u16),
    /// This one for all channels.
    Constant(u32),
    /// They are the low halves of accumulators' elements, from this one on.
    Accumulator(u8),
    /// They are gathered or changed as the operand says.
    Otherwise,
}

/// Where a result goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Nowhere.
    None,
    /// To registers.
    Register {
        /// The first element, in bytes from r0.
        at: u16,
        /// From one element to the next, in bytes.
        step: u16,
        /// Of the elements.
        kind: DataType,
    },
    /// To general registers, at what an address register says.
    Indirect {
        /// Where the address register stands, in bytes from r0.
        address: u16,
        /// What is added to it.
        offset: i16,
        /// From one element to the next, in bytes.
        step: u16,
        /// Of the elements.
        kind: DataType,
    },
    /// To accumulators.
    Accumulator {
        /// The first element.
        element: u8,
        /// From one element to the next.
        step: u8,
        /// Of the elements.
        kind: DataType,
    },
}

impl Target {
    /// Type of the elements; dwords where there are none.
    pub(crate) fn kind(&self) -> Option<DataType> {
        match *self {
            Self::None => None,
            Self::Register { kind, .. }
            | Self::Indirect { kind, .. }
            | Self::Accumulator { kind, .. } => Some(kind),
        }
    }
}

/// What an op reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Operand {
    /// Where it is.
    pub(crate) place: Where,
    /// Of the elements.
    pub(crate) kind: DataType,
    /// `-` or `~`.
    pub(crate) negate: bool,
    /// `(abs)`.
    pub(crate) absolute: bool,
}

impl Operand {
    /// What isn't read.
    pub(crate) const NONE: Self = Self {
        place: Where::Constant(0),
        kind: DataType::UD,
        negate: false,
        absolute: false,
    };
}

/// Where the elements of an operand are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Where {
    /// One behind the other from this byte on.
    Unit(u16),
    /// One for all channels, at this byte.
    Scalar(u16),
    /// By a region.
    Strided(Rows),
    /// By a region, from where an address register says.
    Indirect {
        /// Where the address register stands, in bytes from r0.
        address: u16,
        /// What is added to it.
        offset: i16,
        /// The elements, from there.
        rows: Rows,
        /// Each row has an address register of its own, one word behind the other.
        each_row: bool,
    },
    /// In accumulators.
    Accumulator {
        /// The first element.
        element: u8,
        /// The others, in elements.
        rows: Rows,
    },
    /// The same bits for all channels, 32 of them: smaller types stand in the low ones.
    Constant(u32),
    /// Eight words, over and over.
    Words([i16; 8]),
    /// Four floats, over and over.
    Floats([f32; 4]),
}

/// A region in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    /// The first element.
    pub(crate) at: u16,
    /// From one row to the next.
    pub(crate) vertical: u16,
    /// Elements of a row, as a power of 2.
    pub(crate) width: u8,
    /// From one element to the next in a row.
    pub(crate) horizontal: u16,
}

impl Rows {
    /// Bytes from the first element's beginning to this channel's.
    #[inline(always)]
    pub(crate) fn offset(&self, channel: usize) -> usize {
        let row = channel >> self.width;
        let column = channel & ((1 << self.width) - 1);
        row * usize::from(self.vertical) + column * usize::from(self.horizontal)
    }
}
