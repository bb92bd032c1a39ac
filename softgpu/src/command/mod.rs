//! The commands of the command streamers as one table: how a command is told, how
//! long it is, which engines have it, what its fields are, and what executes it.
//! Decoder, disassembler and executor all read this table; a new command is a new
//! row. Encodings as in Mesa's `src/intel/genxml/gen12.xml`, i915's
//! `gt/intel_gpu_commands.h` and volume 2a of the Tiger Lake programmer's reference.

pub(crate) mod arithmetic;
mod blitter;
mod disassemble;
mod memory_interface;
mod state;

use std::fmt;

use crate::execute::Handler;
use crate::platform::{EngineClass, EngineSet};

pub use disassemble::{Line, disassemble, line_at};

/// How many dwords a command has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// One, without a length field.
    One,
    /// The low `bits` of the first dword, plus `bias`; valid from `min` to `max`.
    Field {
        /// Width of the length field.
        bits: u8,
        /// What to add to it.
        bias: u8,
        /// Fewest dwords that make sense.
        min: u16,
        /// Most dwords that make sense.
        max: u16,
    },
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::One => f.write_str("1"),
            Self::Field { min, max, .. } if min == max => write!(f, "{min}"),
            Self::Field { min, max, .. } if max == u16::MAX => write!(f, "{min}.."),
            Self::Field { min, max, .. } => write!(f, "{min}..{max}"),
        }
    }
}

/// How a field's value is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Decimal.
    Number,
    /// Hexadecimal.
    Hex,
    /// Hexadecimal, printed only when not 0.
    HexIfSet,
    /// Hexadecimal, with the bits where they are: registers, offsets and sizes.
    Offset,
    /// Two's complement decimal.
    Signed,
    /// Printed only when set.
    Flag,
    /// A 64-bit address in this dword and the next; low bits as the field says.
    Address,
    /// One of these names.
    Choice(&'static [&'static str]),
    /// This dword and every one after it.
    Rest,
    /// This dword and every one after it: registers, each with the value for it.
    Registers,
    /// This dword and every one after it: instructions of MI_MATH.
    Arithmetic,
}

/// Bits `high..=low` of a dword of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// What it is called.
    pub name: &'static str,
    /// Which dword of the command.
    pub dword: u8,
    /// Highest bit.
    pub high: u8,
    /// Lowest bit.
    pub low: u8,
    /// How to print it.
    pub kind: FieldKind,
}

impl Field {
    /// The field's value in the first dword that holds it.
    pub fn extract(&self, dword: u32) -> u32 {
        bits(dword, self.high, self.low)
    }
}

/// Bits `high..=low` of `dword`.
pub(crate) const fn bits(dword: u32, high: u8, low: u8) -> u32 {
    let width = high - low + 1;
    (dword >> low) & (u32::MAX >> (32 - width))
}

/// Who may use a command. A batch of user space is unprivileged; where it uses what it may
/// not, the command streamer replaces the command by a no-op, notes a privilege violation
/// and goes on (`enable_error_interrupt` in i915's `gt/intel_execlists_submission.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// Any batch.
    User,
    /// Privileged batches, which none is here.
    Kernel,
    /// Any batch, unless this bit is set, which asks for the global address space.
    UserUnless {
        /// Which dword of the command.
        dword: u8,
        /// Which bit of it.
        bit: u8,
    },
}

impl Privilege {
    /// The dword of the command that decides.
    pub(crate) fn dword(self) -> usize {
        match self {
            Self::User | Self::Kernel => 0,
            Self::UserUnless { dword, .. } => usize::from(dword),
        }
    }

    /// Whether a batch of user space may execute `dwords`, a whole command.
    pub fn allows(self, dwords: &[u32]) -> bool {
        match self {
            Self::User => true,
            Self::Kernel => false,
            Self::UserUnless { dword, bit } => dwords
                .get(usize::from(dword))
                .is_none_or(|dword| bits(*dword, bit, bit) == 0),
        }
    }
}

/// What the model does with a command.
#[derive(Clone, Copy)]
pub(crate) enum Action {
    /// Calls this.
    Execute(Handler),
    /// Nothing: it has no effect that the model could show.
    Ignore,
    /// State for units the model does not have: kept for whoever looks at the context.
    State,
    /// Work for units the model does not have: hangs.
    MissingUnit,
    /// The same that may come to nothing; this finds out, and hangs if not.
    Work(Handler),
}

/// What can be told of a command's treatment; see docs/softgpu.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// Executed.
    Executed,
    /// Accepted; it has no effect the model could show.
    Ignored,
    /// State for missing units; accepted and kept in the context.
    State,
    /// Work for missing units; the context hangs.
    MissingUnit,
    /// Privileged; becomes a no-op.
    Privileged,
}

/// One row of the table.
#[derive(Clone, Copy)]
pub struct Command {
    /// The name the reference manuals give it.
    pub name: &'static str,
    /// Which bits of the first dword tell it.
    pub mask: u32,
    /// What they are.
    pub value: u32,
    /// How long it is.
    pub length: Length,
    /// Who may use it.
    pub privilege: Privilege,
    /// Which engines have it.
    pub engines: EngineSet,
    /// Its fields, for printing.
    pub fields: &'static [Field],
    pub(crate) action: Action,
}

impl Command {
    /// What the model does with it.
    pub fn treatment(&self) -> Treatment {
        if self.privilege == Privilege::Kernel {
            return Treatment::Privileged;
        }
        match self.action {
            Action::Execute(_) => Treatment::Executed,
            Action::Ignore => Treatment::Ignored,
            Action::State => Treatment::State,
            Action::MissingUnit | Action::Work(_) => Treatment::MissingUnit,
        }
    }

    /// Its length in dwords as its first dword states it, valid or not.
    pub fn dwords(&self, header: u32) -> usize {
        match self.length {
            Length::One => 1,
            Length::Field {
                bits: width, bias, ..
            } => bits(header, width - 1, 0) as usize + usize::from(bias),
        }
    }

    /// Whether it may be `dwords` long.
    pub fn length_is_valid(&self, dwords: usize) -> bool {
        match self.length {
            Length::One => dwords == 1,
            Length::Field { min, max, .. } => {
                (usize::from(min)..=usize::from(max)).contains(&dwords)
            }
        }
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("name", &self.name)
            .field("mask", &format_args!("{:#010x}", self.mask))
            .field("value", &format_args!("{:#010x}", self.value))
            .field("treatment", &self.treatment())
            .finish_non_exhaustive()
    }
}

/// Every command the model knows.
pub fn commands() -> impl Iterator<Item = &'static Command> {
    memory_interface::TABLE
        .iter()
        .chain(blitter::TABLE)
        .chain(state::rows())
}

/// The command that begins with `header` on engines of `class`.
#[inline]
pub fn lookup(header: u32, class: EngineClass) -> Option<&'static Command> {
    let command = match header >> 29 {
        0 => {
            let row = MEMORY_INTERFACE_INDEX[bits(header, 28, 23) as usize];
            memory_interface::TABLE.get(usize::from(row))?
        }
        2 => {
            let row = BLITTER_INDEX[bits(header, 28, 22) as usize];
            blitter::TABLE.get(usize::from(row))?
        }
        3 => return state::lookup(header, class),
        _ => return None,
    };
    command.engines.contains(class).then_some(command)
}

/// Whether the client that `header` names exists (bits 31:29: MI, 2D and the 3D and media
/// pipes). A command of another has no length to skip it by.
pub(crate) fn has_client(header: u32) -> bool {
    matches!(header >> 29, 0 | 2 | 3)
}

/// Whether the command is the 2D client's, which may move a lot of memory, or starts a kernel.
pub(crate) fn may_take_long(header: u32) -> bool {
    header >> 29 == 2 || header >> 24 == 0x71
}

/// No such row.
const NONE: u8 = u8::MAX;

static MEMORY_INTERFACE_INDEX: [u8; 64] = index(memory_interface::TABLE, 23);
static BLITTER_INDEX: [u8; 128] = index(blitter::TABLE, 22);

/// Row numbers by opcode, which starts at bit `shift`.
const fn index<const N: usize>(table: &[Command], shift: u32) -> [u8; N] {
    let mut rows = [NONE; N];
    let mut row = 0;
    while row < table.len() {
        rows[(table[row].value >> shift) as usize % N] = row as u8;
        row += 1;
    }
    rows
}

const fn field(name: &'static str, dword: u8, high: u8, low: u8, kind: FieldKind) -> Field {
    Field {
        name,
        dword,
        high,
        low,
        kind,
    }
}

const fn number(name: &'static str, dword: u8, high: u8, low: u8) -> Field {
    field(name, dword, high, low, FieldKind::Number)
}

const fn hex(name: &'static str, dword: u8, high: u8, low: u8) -> Field {
    field(name, dword, high, low, FieldKind::Hex)
}

const fn offset(name: &'static str, dword: u8, high: u8, low: u8) -> Field {
    field(name, dword, high, low, FieldKind::Offset)
}

const fn hex_if_set(name: &'static str, dword: u8, high: u8, low: u8) -> Field {
    field(name, dword, high, low, FieldKind::HexIfSet)
}

const fn flag(name: &'static str, dword: u8, bit: u8) -> Field {
    field(name, dword, bit, bit, FieldKind::Flag)
}

const fn address(name: &'static str, dword: u8, low: u8) -> Field {
    field(name, dword, 31, low, FieldKind::Address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Platform;

    #[test]
    fn every_row_is_found_by_its_own_value() {
        for command in commands() {
            assert_eq!(command.value & !command.mask, 0, "{command:?}");
            for engine in Platform::TGL.engines {
                let class = engine.id.class;
                if command.engines.contains(class) {
                    let found = lookup(command.value, class).unwrap();
                    assert_eq!(found.name, command.name);
                }
            }
        }
    }

    #[test]
    fn fields_lie_inside_the_longest_form() {
        for command in commands() {
            let longest = match command.length {
                Length::One => 1,
                Length::Field { max, .. } => usize::from(max),
            };
            for field in command.fields {
                assert!(
                    field.high >= field.low && field.high < 32,
                    "{command:?}: {}",
                    field.name
                );
                assert!(
                    usize::from(field.dword) < longest,
                    "{command:?}: {}",
                    field.name
                );
            }
        }
    }
}
