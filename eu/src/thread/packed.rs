//! Operations on dwords: what most of a kernel's instructions are. Those whose operands stand
//! one dword behind the other, or are one for all, are quickest. Written over arrays of 8, 16 and 32, which the compiler makes vectors of. All sources
//! are read before anything is written.

use super::compute;
use super::file::{self, RegisterFile};
use super::operand;
use super::predicate;
use super::rounding::{FloatMode, Rounding};
use crate::isa::{Condition, DataType, Opcode};
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

/// An operand's dwords: integers extended, floats as they are.
#[inline(always)]
fn raw<const N: usize>(file: &RegisterFile, operand: &Operand) -> [u32; N] {
    match operand.place {
        Where::Unit(at) if operand.kind.size() == 4 => {
            let at = usize::from(at);
            let mut lanes = [0; N];
            if let Some(bytes) = file.bytes.get(at..at + N * 4) {
                for (lane, bytes) in lanes.iter_mut().zip(bytes.as_chunks::<4>().0) {
                    *lane = u32::from_le_bytes(*bytes);
                }
            }
            lanes
        }
        Where::Scalar(at) if operand.kind.size() == 4 => [file.dword(usize::from(at)); N],
        Where::Constant(bits) => [extended(bits, operand.kind); N],
        _ => gathered(file, operand),
    }
}

/// The dword that a smaller integer is extended to.
#[inline(always)]
fn extended(bits: u32, kind: DataType) -> u32 {
    match kind {
        DataType::UB => u32::from(bits as u8),
        DataType::B => bits as u8 as i8 as u32,
        DataType::UW => u32::from(bits as u16),
        DataType::W => bits as u16 as i16 as u32,
        _ => bits,
    }
}

/// [`raw`] of what does not stand one dword behind the other.
#[inline(never)]
fn gathered<const N: usize>(file: &RegisterFile, operand: &Operand) -> [u32; N] {
    let mut lanes = [0; N];
    // No packed operand is found by an address register, which is all that can be refused.
    if let Ok(bits) = operand::bits(file, operand, N) {
        for (lane, bits) in lanes.iter_mut().zip(bits) {
            *lane = extended(bits, operand.kind);
        }
    }
    lanes
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

/// Puts dwords, or what the target's type has of them, where the results go.
#[inline(always)]
fn put<const N: usize>(file: &mut RegisterFile, op: &Op, lanes: [u32; N], enabled: u32) {
    let Target::Register { at, step, kind } = op.target else {
        return scatter(file, op, &lanes, enabled);
    };
    if step != 4 || kind.size() != 4 {
        return scatter(file, op, &lanes, enabled);
    }
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

/// [`put`] where results do not stand one dword behind the other. By [`operand::put_target`],
/// whose elements are twice as wide, it would take half as long again.
#[inline(never)]
fn scatter(file: &mut RegisterFile, op: &Op, lanes: &[u32], enabled: u32) {
    let count = usize::from(op.exec_size);
    let channels = lanes[..count]
        .iter()
        .enumerate()
        .filter(|(channel, _)| enabled >> channel & 1 != 0);
    match op.target {
        Target::Register { at, step, kind } => {
            for (channel, lane) in channels {
                let at = usize::from(at) + channel * usize::from(step);
                match kind.size() {
                    1 => file.write(at, [*lane as u8]),
                    2 => file.write(at, (*lane as u16).to_le_bytes()),
                    _ => file.set_dword(at, *lane),
                }
            }
        }
        Target::Accumulator {
            element,
            step,
            kind,
        } => {
            for (channel, lane) in channels {
                let element = usize::from(element) + channel * usize::from(step);
                let value = if kind.is_signed() {
                    i64::from(*lane as i32)
                } else {
                    i64::from(*lane)
                };
                file.accumulators[element % file::ACCUMULATORS] = value;
            }
        }
        Target::None | Target::Indirect { .. } => {}
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

/// What two sources compare to.
#[inline(always)]
fn ordered<T: Copy + PartialOrd, const N: usize>(op: &Op, a: [T; N], b: [T; N]) -> [bool; N] {
    match op.condition {
        Some(Condition::Equal) => zip(a, b, |a, b| a == b),
        Some(Condition::Greater) => zip(a, b, |a, b| a > b),
        Some(Condition::GreaterOrEqual) => zip(a, b, |a, b| a >= b),
        Some(Condition::Less) => zip(a, b, |a, b| a < b),
        Some(Condition::LessOrEqual) => zip(a, b, |a, b| a <= b),
        _ => zip(a, b, |a, b| a != b),
    }
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
    let holds = ordered(op, a, b);
    operand::put_flags(file, op, to_mask(holds), enabled);
    if op.target != Target::None {
        let lanes = each(holds, |holds| u32::from(holds).wrapping_neg());
        put(file, op, lanes, enabled);
    }
}

/// The first where it is chosen, the second elsewhere.
#[inline(always)]
fn chosen<const N: usize>(first: [bool; N], a: [u32; N], b: [u32; N]) -> [u32; N] {
    let mut lanes = b;
    for channel in 0..N {
        lanes[channel] = if first[channel] {
            a[channel]
        } else {
            b[channel]
        };
    }
    lanes
}

/// A result of logic, whose flags say whether it is 0.
#[inline(always)]
fn put_logical<const N: usize>(file: &mut RegisterFile, op: &Op, lanes: [u32; N], enabled: u32) {
    if let Some(condition) = op.condition {
        let zero = condition == Condition::Equal;
        let holds = to_mask(each(lanes, |lane| (lane == 0) == zero));
        operand::put_flags(file, op, holds, enabled);
    }
    put(file, op, lanes, enabled);
}

/// A result and what it carries, which goes to the accumulator.
#[inline(always)]
fn put_carry<const N: usize>(
    file: &mut RegisterFile,
    op: &Op,
    lanes: [u32; N],
    carries: [bool; N],
    enabled: u32,
) {
    let count = usize::from(op.exec_size).min(N);
    for (channel, carry) in carries[..count].iter().enumerate() {
        if enabled >> channel & 1 != 0 {
            file.accumulators[operand::accumulator(channel)] = i64::from(*carry);
        }
    }
    put(file, op, lanes, enabled);
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
        Packed::Move => put(file, op, integers::<N>(file, first), enabled),
        Packed::MoveFloat => put(file, op, raw::<N>(file, first), enabled),
        Packed::Not => {
            let lanes = each(logical::<N>(file, first), |a| !a);
            put_logical(file, op, lanes, enabled);
        }
        Packed::And => {
            let lanes = zip::<_, _, N>(logical(file, first), logical(file, second), |a, b| a & b);
            put_logical(file, op, lanes, enabled);
        }
        Packed::Or => {
            let lanes = zip::<_, _, N>(logical(file, first), logical(file, second), |a, b| a | b);
            put_logical(file, op, lanes, enabled);
        }
        Packed::Xor => {
            let lanes = zip::<_, _, N>(logical(file, first), logical(file, second), |a, b| a ^ b);
            put_logical(file, op, lanes, enabled);
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
        Packed::MultiplyInteger => {
            let lanes = zip::<_, _, N>(
                integers(file, first),
                integers(file, second),
                u32::wrapping_mul,
            );
            put(file, op, lanes, enabled);
        }
        Packed::MadInteger => {
            let product = zip::<_, _, N>(
                integers(file, second),
                integers(file, third),
                u32::wrapping_mul,
            );
            let lanes = zip(integers(file, first), product, u32::wrapping_add);
            put(file, op, lanes, enabled);
        }
        Packed::AddCarry => {
            let (a, b) = (raw::<N>(file, first), raw(file, second));
            let lanes = zip(a, b, u32::wrapping_add);
            put_carry(file, op, lanes, zip(a, lanes, |a, sum| sum < a), enabled);
        }
        Packed::SubtractBorrow => {
            let (a, b) = (raw::<N>(file, first), raw(file, second));
            let lanes = zip(a, b, u32::wrapping_sub);
            put_carry(file, op, lanes, zip(a, b, |a, b| a < b), enabled);
        }
        Packed::Select | Packed::SelectFloat => {
            let mask = match op.predicate {
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
                lanes[channel] = if mask >> channel & 1 != 0 {
                    a[channel]
                } else {
                    b[channel]
                };
            }
            put(file, op, lanes, enabled);
        }
        Packed::ChooseInteger => {
            let (a, b) = (raw::<N>(file, first), raw::<N>(file, second));
            let signed = |lanes| each(lanes, |lane: u32| lane as i32);
            let lanes = chosen(ordered(op, signed(a), signed(b)), a, b);
            put(file, op, lanes, enabled);
        }
        Packed::ChooseUnsigned => {
            let (a, b) = (raw::<N>(file, first), raw::<N>(file, second));
            put(file, op, chosen(ordered(op, a, b), a, b), enabled);
        }
        Packed::ChooseFloat => {
            let (a, b) = (
                floats::<N>(file, first, keep),
                floats::<N>(file, second, keep),
            );
            // Of a number and what is none, the number.
            let nan = each(b, f32::is_nan);
            let first = zip(ordered(op, a, b), nan, |holds, nan| holds || nan);
            let lanes = chosen(first, each(a, f32::to_bits), each(b, f32::to_bits));
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
        Packed::FloatToInteger => {
            let lanes = each(floats::<N>(file, first, true), |lane| lane as i32 as u32);
            put(file, op, lanes, enabled);
        }
        Packed::FloatToUnsigned => {
            let lanes = each(floats::<N>(file, first, true), |lane| lane as u32);
            put(file, op, lanes, enabled);
        }
        Packed::Floor => rounded::<N>(file, mode, op, enabled, f32::floor),
        Packed::Ceil => rounded::<N>(file, mode, op, enabled, f32::ceil),
        Packed::RoundEven => rounded::<N>(file, mode, op, enabled, f32::round_ties_even),
        Packed::Truncate => rounded::<N>(file, mode, op, enabled, f32::trunc),
        _ if mode.rounding != Rounding::Nearest => general(file, mode, op, packed, enabled),
        Packed::Fraction => rounded::<N>(file, mode, op, enabled, |lane| {
            if lane.is_finite() {
                lane - lane.floor()
            } else {
                f32::NAN
            }
        }),
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
            let a = floats::<N>(file, second, keep);
            let b = floats::<N>(file, third, keep);
            let mut lanes = sums;
            for channel in 0..N {
                lanes[channel] = a[channel].mul_add(b[channel], sums[channel]);
            }
            put_floats::<N>(file, op, lanes, enabled, keep);
        }
        Packed::IntegerToFloat => {
            let lanes = each(raw::<N>(file, first), |lane| lane as i32 as f32);
            put_floats(file, op, lanes, enabled, true);
        }
        Packed::UnsignedToFloat => {
            let lanes = each(raw::<N>(file, first), |lane| lane as f32);
            put_floats(file, op, lanes, enabled, true);
        }
    }
}

/// A function of one float whose result is exact, or nearly.
#[inline(always)]
fn rounded<const N: usize>(
    file: &mut RegisterFile,
    mode: FloatMode,
    op: &Op,
    enabled: u32,
    f: impl Fn(f32) -> f32,
) {
    let keep = mode.keep_single;
    let lanes = each(floats::<N>(file, &op.sources[0], keep), f);
    put_floats(file, op, lanes, enabled, keep);
}

/// The same op, element by element: in the rounding modes that processors are slow to change.
#[cold]
fn general(file: &mut RegisterFile, mode: FloatMode, op: &Op, packed: Packed, enabled: u32) {
    let (opcode, domain) = match packed {
        Packed::AddFloat => (Opcode::Add, Domain::Float),
        Packed::MultiplyFloat => (Opcode::Mul, Domain::Float),
        Packed::MadFloat => (Opcode::Mad, Domain::Float),
        Packed::Fraction => (Opcode::Frc, Domain::Float),
        _ => (Opcode::Mov, Domain::Integer),
    };
    // These operands lie inside the register file: nothing to trap for.
    let done = compute::execute(file, mode, op, opcode, domain, enabled);
    debug_assert!(done.is_ok());
}
