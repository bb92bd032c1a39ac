//! The instructions of MI_MATH, as numbers and as text. May know nothing else.

use std::fmt;

use super::bits;

/// One instruction: an operation and up to two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instruction(pub(crate) u32);

/// What an instruction does. Operands that an operation has no use for don't count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Nothing.
    Nothing,
    /// First operand, a source, becomes the second.
    Load,
    /// It becomes the second's complement.
    LoadInverted,
    /// It becomes 0.
    Load0,
    /// It becomes all ones.
    Load1,
    /// Of the sources.
    Add,
    /// Second source from the first.
    Subtract,
    /// Of the sources.
    And,
    /// Of the sources.
    Or,
    /// Of the sources.
    ExclusiveOr,
    /// First operand, a register, becomes the second.
    Store,
    /// It becomes the second's complement.
    StoreInverted,
}

/// A register of the arithmetic unit, or of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// A general purpose register, 0 to 15.
    Register(usize),
    /// Source A.
    SourceA,
    /// Source B.
    SourceB,
    /// The result.
    Accumulator,
    /// All ones if the result was 0.
    Zero,
    /// All ones if there was a carry, or a borrow.
    Carry,
}

impl Instruction {
    /// The operation. `None`: there is none of that number.
    pub(crate) fn operation(self) -> Option<Operation> {
        Some(match bits(self.0, 31, 20) {
            0x000 => Operation::Nothing,
            0x080 => Operation::Load,
            0x480 => Operation::LoadInverted,
            0x081 => Operation::Load0,
            0x481 => Operation::Load1,
            0x100 => Operation::Add,
            0x101 => Operation::Subtract,
            0x102 => Operation::And,
            0x103 => Operation::Or,
            0x104 => Operation::ExclusiveOr,
            0x180 => Operation::Store,
            0x580 => Operation::StoreInverted,
            _ => return None,
        })
    }

    /// The first operand. `None`: there is none of that number.
    pub(crate) fn first(self) -> Option<Operand> {
        Operand::of(bits(self.0, 19, 10))
    }

    /// The second operand.
    pub(crate) fn second(self) -> Option<Operand> {
        Operand::of(bits(self.0, 9, 0))
    }
}

impl Operand {
    fn of(number: u32) -> Option<Self> {
        Some(match number {
            0..16 => Self::Register(number as usize),
            0x20 => Self::SourceA,
            0x21 => Self::SourceB,
            0x31 => Self::Accumulator,
            0x32 => Self::Zero,
            0x33 => Self::Carry,
            _ => return None,
        })
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register(number) => write!(f, "r{number}"),
            Self::SourceA => f.write_str("a"),
            Self::SourceB => f.write_str("b"),
            Self::Accumulator => f.write_str("accumulator"),
            Self::Zero => f.write_str("zero"),
            Self::Carry => f.write_str("carry"),
        }
    }
}

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = |f: &mut fmt::Formatter<'_>| match self.first() {
            Some(operand) => operand.fmt(f),
            None => f.write_str("?"),
        };
        let second = |f: &mut fmt::Formatter<'_>| match self.second() {
            Some(operand) => operand.fmt(f),
            None => f.write_str("?"),
        };
        let Some(operation) = self.operation() else {
            return write!(f, "unknown {:08x}", self.0);
        };
        match operation {
            Operation::Nothing => f.write_str("nothing"),
            Operation::Add => f.write_str("add"),
            Operation::Subtract => f.write_str("subtract"),
            Operation::And => f.write_str("and"),
            Operation::Or => f.write_str("or"),
            Operation::ExclusiveOr => f.write_str("exclusive or"),
            Operation::Load0 => {
                first(f)?;
                f.write_str(" = 0")
            }
            Operation::Load1 => {
                first(f)?;
                f.write_str(" = !0")
            }
            Operation::Load | Operation::Store => {
                first(f)?;
                f.write_str(" = ")?;
                second(f)
            }
            Operation::LoadInverted | Operation::StoreInverted => {
                first(f)?;
                f.write_str(" = !")?;
                second(f)
            }
        }
    }
}
