//! Which instructions are computed as vectors of dwords: those whose results are the low bits of
//! what dwords give, or floats, with sources that need no address register.

use super::op::{Half, Lane, Op, Operand, Packed, Target, Where};
use crate::isa::{Condition, DataType, Instruction, Opcode};

/// The operation on dwords that an instruction is, if it is one.
pub(super) fn packed(instruction: &Instruction, op: &Op) -> Option<Packed> {
    // What cr0 says changes how the rest is executed; what is worked out when it is read takes
    // the longer way.
    if op.writes_control || op.reads_special {
        return None;
    }
    let count = instruction.sources.iter().flatten().count();
    let sources = &op.sources[..count];
    if sources
        .iter()
        .any(|it| matches!(it.place, Where::Indirect { .. }))
    {
        return None;
    }
    if let Some(product) = product(instruction.opcode, op, sources) {
        return Some(product);
    }
    let carries = matches!(instruction.opcode, Opcode::Addc | Opcode::Subb);
    if op.writes_accumulator && !carries {
        return None;
    }
    match op.target {
        Target::None | Target::Register { .. } => {}
        // An accumulator keeps more of a product than a dword.
        Target::Accumulator { .. }
            if !matches!(instruction.opcode, Opcode::Mul | Opcode::Mad) || floats(sources) => {}
        _ => return None,
    }
    let kind = op.target.kind();
    match instruction.opcode {
        _ if halves(sources, kind) => of_halves(instruction.opcode, op, sources).map(Packed::Half),
        Opcode::Cmp if !op.saturate => comparison(op, sources),
        Opcode::Sel if op.condition.is_some() => choice(op, sources, kind?),
        _ if floats(sources) => of_floats(instruction.opcode, op, kind?),
        _ if integers(sources) => of_integers(instruction.opcode, op, kind),
        _ => None,
    }
}

/// Products of which more than a dword matters.
fn product(opcode: Opcode, op: &Op, sources: &[Operand]) -> Option<Packed> {
    let integer = op.target.kind().is_some_and(|kind| !kind.is_float());
    let plain = integer && !op.saturate && op.condition.is_none();
    if !plain || !integers(sources) || sources.iter().any(|it| it.negate) {
        return None;
    }
    match (opcode, op.target) {
        (Opcode::Mul, Target::Accumulator { step: 1, .. }) if !op.writes_accumulator => {
            Some(Packed::MultiplyWhole)
        }
        (Opcode::Mach, Target::Register { .. }) => Some(Packed::MultiplyHigh),
        _ => None,
    }
}

/// How an op comes by an operand's dwords.
pub(super) fn lane(packed: Packed, operand: &Operand) -> Lane {
    if let Packed::Half(_) = packed {
        // It reads its operands itself: nothing is to be gathered for it.
        return Lane::Here(0);
    }
    let changed = operand.negate || operand.absolute;
    match operand.place {
        Where::Unit(at) if operand.kind.size() == 4 && !changed => Lane::Here(at),
        Where::Scalar(at) if operand.kind.size() == 4 && !changed => Lane::Same(at),
        Where::Accumulator { element, rows } if operand.kind.size() == 4 && !changed => {
            let unit = rows.horizontal == 1 && rows.vertical == 1 << rows.width;
            if unit {
                Lane::Accumulator(element)
            } else {
                Lane::Otherwise
            }
        }
        Where::Constant(bits) => {
            let dword = extended(bits, operand.kind);
            Lane::Constant(modified(dword, operand, is_logical(packed)))
        }
        _ => Lane::Otherwise,
    }
}

/// Where a result stands, if it is whole dwords one behind the other.
pub(super) fn whole(target: &Target) -> Option<u16> {
    match *target {
        Target::Register { at, step: 4, kind } if kind.size() == 4 => Some(at),
        _ => None,
    }
}

/// Whether a modifier of its operands inverts bits instead of a number's sign.
pub(crate) fn is_logical(packed: Packed) -> bool {
    matches!(packed, Packed::And | Packed::Or | Packed::Xor | Packed::Not)
}

/// The dword that a smaller integer is extended to.
#[inline(always)]
pub(crate) fn extended(bits: u32, kind: DataType) -> u32 {
    match kind {
        DataType::UB => u32::from(bits as u8),
        DataType::B => bits as u8 as i8 as u32,
        DataType::UW => u32::from(bits as u16),
        DataType::W => bits as u16 as i16 as u32,
        _ => bits,
    }
}

/// A dword with its operand's modifiers.
#[inline(always)]
pub(crate) fn modified(dword: u32, operand: &Operand, logical: bool) -> u32 {
    if operand.kind.is_float() {
        let clear = if operand.absolute {
            0x7fff_ffff
        } else {
            u32::MAX
        };
        let flip = if operand.negate { 0x8000_0000 } else { 0 };
        dword & clear ^ flip
    } else if !operand.negate {
        dword
    } else if logical {
        !dword
    } else {
        dword.wrapping_neg()
    }
}

fn floats(sources: &[Operand]) -> bool {
    sources.iter().all(|it| it.kind == DataType::F)
}

/// Whether all sources are integers that can be had as dwords.
fn integers(sources: &[Operand]) -> bool {
    let integer = |it: &Operand| !it.kind.is_float() && it.kind.size() <= 4 && !it.absolute;
    sources.iter().all(integer)
}

/// Whether all are floats, and some of them half ones.
fn halves(sources: &[Operand], kind: Option<DataType>) -> bool {
    let mut kinds = sources.iter().map(|it| it.kind).chain(kind);
    kinds.clone().any(|it| it == DataType::HF)
        && kinds.all(|it| matches!(it, DataType::F | DataType::HF))
}

/// The operation with half floats, if single ones hold what it computes.
fn of_halves(opcode: Opcode, op: &Op, sources: &[Operand]) -> Option<Half> {
    if !matches!(op.target, Target::None | Target::Register { .. }) {
        return None;
    }
    if opcode == Opcode::Cmp && !op.saturate {
        return orders(op).map(|()| Half::Compare);
    }
    // Of two roundings the first must not be seen.
    let once = op.result == DataType::F || sources.iter().all(|it| it.kind == DataType::HF);
    if op.condition.is_some() {
        return None;
    }
    match opcode {
        // Bits are moved where both are the same.
        Opcode::Mov if op.result != sources.first()?.kind => Some(Half::Convert),
        Opcode::Add if once => Some(Half::Add),
        Opcode::Mul if once => Some(Half::Multiply),
        Opcode::Mad if once => Some(Half::Mad),
        _ => None,
    }
}

fn of_floats(opcode: Opcode, op: &Op, kind: DataType) -> Option<Packed> {
    if op.condition.is_some() {
        return None;
    }
    let moved = !op.sources[0].negate && !op.sources[0].absolute;
    match (opcode, kind) {
        (Opcode::Mov, DataType::D) if !op.saturate => return Some(Packed::FloatToInteger),
        (Opcode::Mov, DataType::UD) if !op.saturate => return Some(Packed::FloatToUnsigned),
        _ => {}
    }
    if kind != DataType::F {
        return None;
    }
    Some(match opcode {
        // Bits are moved: nothing is flushed.
        Opcode::Mov if moved && !op.saturate => Packed::MoveFloat,
        Opcode::Sel if op.predicate.is_some() && !op.saturate => Packed::SelectFloat,
        Opcode::Add => Packed::AddFloat,
        Opcode::Mul => Packed::MultiplyFloat,
        Opcode::Mad => Packed::MadFloat,
        Opcode::Rndd => Packed::Floor,
        Opcode::Rndu => Packed::Ceil,
        Opcode::Rnde => Packed::RoundEven,
        Opcode::Rndz => Packed::Truncate,
        Opcode::Frc => Packed::Fraction,
        _ => return None,
    })
}

fn of_integers(opcode: Opcode, op: &Op, kind: Option<DataType>) -> Option<Packed> {
    if op.saturate {
        return None;
    }
    let carries = matches!(opcode, Opcode::Addc | Opcode::Subb);
    let logical = matches!(opcode, Opcode::And | Opcode::Or | Opcode::Xor | Opcode::Not);
    match op.condition {
        None => {}
        // Whether a result is 0 is asked of a dword.
        Some(Condition::Equal | Condition::NotEqual) if logical && op.result.size() == 4 => {}
        Some(_) => return None,
    }
    if kind == Some(DataType::F) {
        let unsigned = op.sources[0].kind == DataType::UD;
        return match opcode {
            // A negated dword does not fit one.
            Opcode::Mov if op.sources[0].negate => None,
            Opcode::Mov if unsigned => Some(Packed::UnsignedToFloat),
            Opcode::Mov => Some(Packed::IntegerToFloat),
            _ => None,
        };
    }
    if kind.is_some_and(|kind| kind.is_float() || kind.size() > 4) {
        return None;
    }
    if carries {
        // A carry is that of dwords.
        let dwords = op.sources[..2].iter().all(|it| it.kind.size() == 4);
        let whole = kind.is_none_or(|kind| kind.size() == 4);
        if !dwords || !whole || op.sources[..2].iter().any(|it| it.negate) {
            return None;
        }
    }
    Some(match opcode {
        Opcode::Mov => Packed::Move,
        Opcode::Sel if op.predicate.is_some() => Packed::Select,
        Opcode::Not => Packed::Not,
        Opcode::And => Packed::And,
        Opcode::Or => Packed::Or,
        Opcode::Xor => Packed::Xor,
        Opcode::Shl => Packed::Shl,
        Opcode::Shr if !op.sources[0].negate => Packed::Shr,
        Opcode::Asr if op.sources[0].kind != DataType::UD && !op.sources[0].negate => Packed::Asr,
        Opcode::Add => Packed::AddInteger,
        Opcode::Mul => Packed::MultiplyInteger,
        Opcode::Mad => Packed::MadInteger,
        Opcode::Addc => Packed::AddCarry,
        Opcode::Subb => Packed::SubtractBorrow,
        _ => return None,
    })
}

/// How two sources are compared: integers as dwords with or without a sign, whichever holds both.
fn ordered(sources: &[Operand]) -> Option<Ordered> {
    if floats(sources) {
        return Some(Ordered::Floats);
    }
    if !integers(sources) || sources.iter().any(|it| it.negate) {
        return None;
    }
    let unsigned = |it: &Operand| {
        let constant = match it.place {
            Where::Constant(bits) => Some(bits),
            _ => None,
        };
        let positive = match (it.kind, constant) {
            (DataType::W, Some(bits)) => bits as u16 <= i16::MAX as u16,
            (DataType::D, Some(bits)) => bits <= i32::MAX as u32,
            _ => false,
        };
        !it.kind.is_signed() || positive
    };
    if sources.iter().all(unsigned) {
        return Some(Ordered::Unsigned);
    }
    let signed = sources.iter().all(|it| it.kind != DataType::UD);
    signed.then_some(Ordered::Signed)
}

enum Ordered {
    Floats,
    Signed,
    Unsigned,
}

fn comparison(op: &Op, sources: &[Operand]) -> Option<Packed> {
    orders(op)?;
    Some(match ordered(sources)? {
        Ordered::Floats => Packed::CompareFloat,
        Ordered::Signed => Packed::CompareInteger,
        Ordered::Unsigned => Packed::CompareUnsigned,
    })
}

/// `sel` with a condition: a minimum or a maximum.
fn choice(op: &Op, sources: &[Operand], kind: DataType) -> Option<Packed> {
    orders(op)?;
    if op.saturate {
        return None;
    }
    match ordered(sources)? {
        Ordered::Floats => (kind == DataType::F).then_some(Packed::ChooseFloat),
        _ if kind.is_float() || kind.size() > 4 => None,
        Ordered::Signed => Some(Packed::ChooseInteger),
        Ordered::Unsigned => Some(Packed::ChooseUnsigned),
    }
}

/// Whether a condition compares by size.
fn orders(op: &Op) -> Option<()> {
    let condition = op.condition?;
    let compares = !matches!(
        condition,
        Condition::Overflow | Condition::Unordered | Condition::EarlyOut
    );
    compares.then_some(())
}
