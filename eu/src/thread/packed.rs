//! Operations on dwords that stand one behind the other: what most of a kernel's instructions
//! are. Written over arrays of 8, 16 and 32, which the compiler makes vectors of. All sources
//! are read before anything is written.

use super::compute;
use super::file::RegisterFile;
use super::operand;
use super::predicate;
use super::rounding::{FloatMode, Rounding};
use crate::isa::{Condition, Opcode};
use crate::kernel::op::{Domain, Op, Operand, Packed, Target, Where};

/// Executes an op for the channels that are enabled.
#[inline(always)]
pub(super) fn execute(
    file: &mut RegisterFile,
    mode: FloatMode,
    op: &Op,
    packed: Packed,
    enabled: u32,
) {
    match op.exec_size {
        16 => wide::<16>(file, mode, op, packed, enabled),
        32 => wide::<32>(file, mode, op, packed, enabled),
        _ => wide::<8>(file, mode, op, packed, enabled),
    }
}

/// An operand's dwords, as they stand in registers.
#[inline(always)]
fn raw<const N: usize>(file: &RegisterFile, operand: &Operand) -> [u32; N] {
    match operand.place {
        Where::Unit(at) => {
            let at = usize::from(at);
            let mut lanes = [0; N];
            if let Some(bytes) = file.bytes.get(at..at + N * 4) {
                for (lane, bytes) in lanes.iter_mut().zip(bytes.as_chunks::<4>().0) {
                    *lane = u32::from_le_bytes(*bytes);
                }
            }
            lanes
        }
        Where::Scalar(at) => [file.dword(usize::from(at)); N],
        Where::Constant(bits) => [bits; N],
        _ => [0; N],
    }
}

/// An operand's integers.
#[inline(always)]
fn integers<const N: usize>(file: &RegisterFile, operand: &Operand) -> [u32; N] {
    let lanes = raw(file, operand);
    if operand.negate {
        each(lanes, u32::wrapping_neg)
    } else {
        lanes
    }
}

/// An operand's bits.
#[inline(always)]
fn logical<const N: usize>(file: &RegisterFile, operand: &Operand) -> [u32; N] {
    let invert = if operand.negate { u32::MAX } else { 0 };
    each(raw(file, operand), |lane: u32| lane ^ invert)
}

/// An operand's floats, denormals flushed or not.
#[inline(always)]
fn floats<const N: usize>(file: &RegisterFile, operand: &Operand, keep: bool) -> [f32; N] {
    let mut lanes = raw::<N>(file, operand);
    if !keep {
        lanes = each(lanes, flushed);
    }
    if operand.absolute || operand.negate {
        let clear = if operand.absolute {
            0x7fff_ffff
        } else {
            u32::MAX
        };
        let flip = if operand.negate { 0x8000_0000 } else { 0 };
        lanes = each(lanes, |lane| lane & clear ^ flip);
    }
    each(lanes, f32::from_bits)
}

#[inline(always)]
fn flushed(bits: u32) -> u32 {
    if bits & 0x7f80_0000 == 0 {
        bits & 0x8000_0000
    } else {
        bits
    }
}

/// Puts dwords where the results go.
#[inline(always)]
fn put<const N: usize>(file: &mut RegisterFile, op: &Op, lanes: [u32; N], enabled: u32) {
    let Target::Register { at, .. } = op.target else {
        return;
    };
    let at = usize::from(at);
    let Some(bytes) = file.bytes.get_mut(at..at + N * 4) else {
        return;
    };
    let (chunks, _) = bytes.as_chunks_mut::<4>();
    let Ok(chunks) = <&mut [[u8; 4]; N]>::try_from(chunks) else {
        return;
    };
    if N == usize::from(op.exec_size) && enabled == op.channels() {
        for (chunk, lane) in chunks.iter_mut().zip(lanes) {
            *chunk = lane.to_le_bytes();
        }
        return;
    }
    for (channel, (chunk, lane)) in chunks.iter_mut().zip(lanes).enumerate() {
        let old = u32::from_le_bytes(*chunk);
        let new = if enabled >> channel & 1 != 0 {
            lane
        } else {
            old
        };
        *chunk = new.to_le_bytes();
    }
}

/// Puts floats where the results go.
#[inline(always)]
fn put_floats<const N: usize>(
    file: &mut RegisterFile,
    op: &Op,
    mut lanes: [f32; N],
    enabled: u32,
    keep: bool,
) {
    if op.saturate {
        // What is not a number becomes 0.
        lanes = each(lanes, |lane| if lane > 0.0 { lane.min(1.0) } else { 0.0 });
    }
    let mut bits = each(lanes, f32::to_bits);
    if !keep {
        bits = each(bits, flushed);
    }
    put(file, op, bits, enabled);
}

/// `f` of each lane. A loop, as `map` may stay a call that is not compiled for the processor's
/// vectors.
#[inline(always)]
fn each<T: Copy, U: Copy + Default, const N: usize>(a: [T; N], f: impl Fn(T) -> U) -> [U; N] {
    let mut lanes = [U::default(); N];
    for channel in 0..N {
        lanes[channel] = f(a[channel]);
    }
    lanes
}

/// `f` of each two lanes.
#[inline(always)]
fn zip<T: Copy, U: Copy + Default, const N: usize>(
    a: [T; N],
    b: [T; N],
    f: impl Fn(T, T) -> U,
) -> [U; N] {
    let mut lanes = [U::default(); N];
    for channel in 0..N {
        lanes[channel] = f(a[channel], b[channel]);
    }
    lanes
}

#[inline(always)]
fn to_mask<const N: usize>(holds: [bool; N]) -> u32 {
    let mut mask = 0;
    for (channel, holds) in holds.into_iter().enumerate() {
        mask |= u32::from(holds) << channel;
    }
    mask
}

/// The result of a comparison: flags, and all ones where it holds.
#[inline(always)]
fn compare<T: Copy + PartialOrd, const N: usize>(
    file: &mut RegisterFile,
    op: &Op,
    a: [T; N],
    b: [T; N],
    enabled: u32,
) {
    let holds = match op.condition {
        Some(Condition::Equal) => zip(a, b, |a, b| a == b),
        Some(Condition::Greater) => zip(a, b, |a, b| a > b),
        Some(Condition::GreaterOrEqual) => zip(a, b, |a, b| a >= b),
        Some(Condition::Less) => zip(a, b, |a, b| a < b),
        Some(Condition::LessOrEqual) => zip(a, b, |a, b| a <= b),
        _ => zip(a, b, |a, b| a != b),
    };
    operand::put_flags(file, op, to_mask(holds), enabled);
    if op.target != Target::None {
        put(
            file,
            op,
            each(holds, |holds| u32::from(holds).wrapping_neg()),
            enabled,
        );
    }
}

#[inline(always)]
fn wide<const N: usize>(
    file: &mut RegisterFile,
    mode: FloatMode,
    op: &Op,
    packed: Packed,
    enabled: u32,
) {
    let [first, second, third] = &op.sources;
    let keep = mode.keep_single;
    match packed {
        Packed::Move => put(file, op, raw::<N>(file, first), enabled),
        Packed::Not => put(file, op, each(logical::<N>(file, first), |a| !a), enabled),
        Packed::And => {
            let lanes = zip::<_, _, N>(logical(file, first), logical(file, second), |a, b| a & b);
            put(file, op, lanes, enabled);
        }
        Packed::Or => {
            let lanes = zip::<_, _, N>(logical(file, first), logical(file, second), |a, b| a | b);
            put(file, op, lanes, enabled);
        }
        Packed::Xor => {
            let lanes = zip::<_, _, N>(logical(file, first), logical(file, second), |a, b| a ^ b);
            put(file, op, lanes, enabled);
        }
        Packed::Shl => {
            let lanes = zip::<_, _, N>(integers(file, first), integers(file, second), |a, b| {
                a << (b & 31)
            });
            put(file, op, lanes, enabled);
        }
        Packed::Shr => {
            let lanes = zip::<_, _, N>(integers(file, first), integers(file, second), |a, b| {
                a >> (b & 31)
            });
            put(file, op, lanes, enabled);
        }
        Packed::Asr => {
            let lanes = zip::<u32, _, N>(integers(file, first), integers(file, second), |a, b| {
                ((a as i32) >> (b & 31)) as u32
            });
            put(file, op, lanes, enabled);
        }
        Packed::AddInteger => {
            let lanes = zip::<_, _, N>(
                integers(file, first),
                integers(file, second),
                u32::wrapping_add,
            );
            put(file, op, lanes, enabled);
        }
        Packed::Select | Packed::SelectFloat => {
            let chosen = match op.predicate {
                Some(control) => predicate(file.flags(), op, control),
                None => u32::MAX,
            };
            let (a, b) = if packed == Packed::Select {
                (integers::<N>(file, first), integers::<N>(file, second))
            } else {
                // Bits are moved: nothing is flushed.
                let bits = |operand| each(floats::<N>(file, operand, true), f32::to_bits);
                (bits(first), bits(second))
            };
            let mut lanes = b;
            for channel in 0..N {
                if chosen >> channel & 1 != 0 {
                    lanes[channel] = a[channel];
                }
            }
            put(file, op, lanes, enabled);
        }
        Packed::CompareInteger => {
            let lanes = |operand| each(raw::<N>(file, operand), |lane| lane as i32);
            let (a, b) = (lanes(first), lanes(second));
            compare(file, op, a, b, enabled);
        }
        Packed::CompareUnsigned => {
            let (a, b) = (raw::<N>(file, first), raw(file, second));
            compare(file, op, a, b, enabled);
        }
        Packed::CompareFloat => {
            let (a, b) = (floats::<N>(file, first, keep), floats(file, second, keep));
            compare(file, op, a, b, enabled);
        }
        _ if mode.rounding != Rounding::Nearest => general(file, mode, op, packed, enabled),
        Packed::AddFloat => {
            let (a, b) = (floats::<N>(file, first, keep), floats(file, second, keep));
            put_floats(file, op, zip(a, b, |a, b| a + b), enabled, keep);
        }
        Packed::MultiplyFloat => {
            let (a, b) = (floats::<N>(file, first, keep), floats(file, second, keep));
            put_floats(file, op, zip(a, b, |a, b| a * b), enabled, keep);
        }
        Packed::MadFloat => {
            let sums = floats::<N>(file, first, keep);
            let (a, b) = (
                floats::<N>(file, second, keep),
                floats::<N>(file, third, keep),
            );
            let mut lanes = sums;
            for channel in 0..N {
                lanes[channel] = a[channel].mul_add(b[channel], sums[channel]);
            }
            put_floats::<N>(file, op, lanes, enabled, keep);
        }
        Packed::IntegerToFloat => {
            let lanes = each(raw::<N>(file, first), |lane| (lane as i32 as f32).to_bits());
            put(file, op, lanes, enabled);
        }
        Packed::UnsignedToFloat => {
            let lanes = each(raw::<N>(file, first), |lane| (lane as f32).to_bits());
            put(file, op, lanes, enabled);
        }
    }
}

/// The same op, element by element: in the rounding modes that processors are slow to change.
#[cold]
fn general(file: &mut RegisterFile, mode: FloatMode, op: &Op, packed: Packed, enabled: u32) {
    let (opcode, domain) = match packed {
        Packed::AddFloat => (Opcode::Add, Domain::Float),
        Packed::MultiplyFloat => (Opcode::Mul, Domain::Float),
        Packed::MadFloat => (Opcode::Mad, Domain::Float),
        _ => (Opcode::Mov, Domain::Integer),
    };
    // Packed operands lie inside the register file: nothing to trap for.
    let done = compute::execute(file, mode, op, opcode, domain, enabled);
    debug_assert!(done.is_ok());
}
