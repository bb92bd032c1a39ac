//! The rows of type 0, MI (memory interface).

mod control;
mod data;

use super::{Action, Command, Field, Length, Privilege};
use crate::platform::EngineSet;

const ALL: EngineSet = EngineSet::ALL;
const RENDER: EngineSet = EngineSet::RENDER;
const NO_FIELDS: &[Field] = &[];

/// How two dwords are compared: what lies in memory on the left.
const COMPARISONS: &[&str] = &[">", ">=", "<", "<=", "==", "!=", "?", "?"];

/// A command of one dword.
const fn one(
    name: &'static str,
    opcode: u32,
    engines: EngineSet,
    fields: &'static [Field],
    action: Action,
) -> Command {
    let (mask, value) = (0xff80_0000, opcode << 23);
    Command {
        name,
        mask,
        value,
        length: Length::One,
        privilege: Privilege::User,
        engines,
        fields,
        action,
    }
}

/// A command of `min` to `max` dwords, with a length field of `bits`.
const fn long(
    name: &'static str,
    opcode: u32,
    bits: u8,
    (min, max): (u16, u16),
    engines: EngineSet,
    fields: &'static [Field],
    action: Action,
) -> Command {
    let length = Length::Field {
        bits,
        bias: 2,
        min,
        max,
    };
    Command {
        length,
        ..one(name, opcode, engines, fields, action)
    }
}

/// The same for privileged batches alone.
const fn privileged(command: Command) -> Command {
    Command {
        privilege: Privilege::Kernel,
        ..command
    }
}

/// The same, privileged if that bit of that dword is set.
const fn unless(command: Command, dword: u8, bit: u8) -> Command {
    Command {
        privilege: Privilege::UserUnless { dword, bit },
        ..command
    }
}

const ROWS: usize = control::TABLE.len() + data::TABLE.len();

/// All rows.
pub(super) static TABLE: &[Command] = &{
    let mut rows = [control::TABLE[0]; ROWS];
    let mut row = 0;
    while row < ROWS {
        rows[row] = if row < control::TABLE.len() {
            control::TABLE[row]
        } else {
            data::TABLE[row - control::TABLE.len()]
        };
        row += 1;
    }
    rows
};
