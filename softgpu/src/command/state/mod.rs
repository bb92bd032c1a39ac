//! The rows of type 3: 3D, media and compute. State is kept in the context, for kernels and
//! for whoever looks at it. Of work kernels alone are executed; what is for other units,
//! which the model does not have, hangs.

mod fields;
mod media;
mod render;

use super::FieldKind::Rest;
use super::{Action, Command, Field, Length, Privilege, field};
use crate::platform::{EngineClass, EngineSet};

/// What is printed of state whose fields the table doesn't tell apart.
const DWORDS: &[Field] = &[field("dwords", 1, 31, 0, Rest)];

/// State of one dword.
const fn short(
    name: &'static str,
    opcode: u32,
    engines: EngineSet,
    fields: &'static [Field],
) -> Command {
    Command {
        name,
        mask: 0xffff_0000,
        value: opcode << 16,
        length: Length::One,
        privilege: Privilege::User,
        engines,
        fields,
        action: Action::State,
    }
}

/// State with a length field of `bits`, of any length.
const fn long(
    name: &'static str,
    opcode: u32,
    bits: u8,
    engines: EngineSet,
    fields: &'static [Field],
) -> Command {
    let length = Length::Field {
        bits,
        bias: 2,
        min: 2,
        max: u16::MAX,
    };
    Command {
        length,
        ..short(name, opcode, engines, fields)
    }
}

/// Work of the same form.
const fn work(name: &'static str, opcode: u32, bits: u8, engines: EngineSet) -> Command {
    Command {
        action: Action::MissingUnit,
        ..long(name, opcode, bits, engines, DWORDS)
    }
}

/// The command that begins with `header`.
pub(super) fn lookup(header: u32, class: EngineClass) -> Option<&'static Command> {
    let table = match class {
        EngineClass::Render => render::ROWS,
        EngineClass::Video => media::VIDEO_ROWS,
        EngineClass::VideoEnhance => media::ENHANCE_ROWS,
        EngineClass::Copy => return None,
    };
    let key = header & 0xffff_0000;
    let row = table
        .binary_search_by_key(&key, |command| command.value)
        .ok()?;
    table.get(row)
}

/// All rows, for those who list the table.
pub(super) fn rows() -> impl Iterator<Item = &'static Command> {
    [render::ROWS, media::VIDEO_ROWS, media::ENHANCE_ROWS]
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_so_that_they_are_found() {
        for table in [render::ROWS, media::VIDEO_ROWS, media::ENHANCE_ROWS] {
            assert!(table.is_sorted_by(|one, next| one.value < next.value));
        }
    }
}
