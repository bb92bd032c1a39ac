//! Operands of any kind and region, element by element: integers as 64-bit integers, floats
//! as double floats, both exact; and results, rounded, clamped and converted.

use super::compute;
use super::file::{self, RegisterFile};
use super::rounding::{self, FloatMode};
use crate::isa::{Condition, DataType};
use crate::kernel::op::{Op, Operand, Target, Where};
use crate::small_float::from_half;
use crate::trap::Trap;

/// An element for each channel.
pub(super) type Lanes<T> = [T; 32];

const OUTSIDE: Trap = Trap::IllegalOperand("an indirect register outside the register file");

/// Where in the register file a channel's element is that an address register leads to.
fn indirect(at: i32, size: usize) -> Result<usize, Trap> {
    let at = usize::try_from(at).map_err(|_| OUTSIDE)?;
    if at + size > file::GENERAL_BYTES {
        return Err(OUTSIDE);
    }
    Ok(at)
}

/// The low bytes of a number.
fn low<const N: usize>(bits: i64) -> [u8; N] {
    let bytes = bits.to_le_bytes();
    std::array::from_fn(|number| bytes[number])
}

/// Reads an operand's elements, `N` bytes each.
#[inline(always)]
fn gather<const N: usize, T: Copy + Default>(
    file: &RegisterFile,
    operand: &Operand,
    count: usize,
    value: impl Fn([u8; N]) -> T,
) -> Result<Lanes<T>, Trap> {
    let mut lanes = [T::default(); 32];
    let lanes_used = &mut lanes[..count];
    match operand.place {
        Where::Unit(at) => {
            for (channel, lane) in lanes_used.iter_mut().enumerate() {
                *lane = value(file.read(usize::from(at) + channel * N));
            }
        }
        Where::Scalar(at) => lanes_used.fill(value(file.read(usize::from(at)))),
        Where::Strided(rows) => {
            for (channel, lane) in lanes_used.iter_mut().enumerate() {
                *lane = value(file.read(usize::from(rows.at) + rows.offset(channel)));
            }
        }
        Where::Indirect {
            address,
            offset,
            rows,
            each_row,
        } => {
            for (channel, lane) in lanes_used.iter_mut().enumerate() {
                let row = if each_row { channel >> rows.width } else { 0 };
                // a0 has 16 words.
                let word = (usize::from(address) - file::ADDRESS + row * 2) % 32;
                let base = i32::from(u16::from_le_bytes(file.read(file::ADDRESS + word)));
                let at = base + i32::from(offset) + rows.offset(channel) as i32;
                *lane = value(file.read(indirect(at, N)?));
            }
        }
        Where::Accumulator { element, rows } => {
            for (channel, lane) in lanes_used.iter_mut().enumerate() {
                let element = usize::from(element) + rows.offset(channel);
                *lane = value(low(file.accumulators[element % file::ACCUMULATORS]));
            }
        }
        Where::Constant(bits) => lanes_used.fill(value(low(bits.into()))),
        Where::Words(words) => {
            for (channel, lane) in lanes_used.iter_mut().enumerate() {
                *lane = value(low(words[channel % 8].into()));
            }
        }
        Where::Floats(floats) => {
            for (channel, lane) in lanes_used.iter_mut().enumerate() {
                *lane = value(low(floats[channel % 4].to_bits().into()));
            }
        }
    }
    Ok(lanes)
}

/// The elements' bits, without modifiers.
pub(super) fn bits(
    file: &RegisterFile,
    operand: &Operand,
    count: usize,
) -> Result<Lanes<u32>, Trap> {
    match operand.kind.size() {
        1 => gather(file, operand, count, |[byte]: [u8; 1]| u32::from(byte)),
        2 => gather(file, operand, count, |bytes| {
            u32::from(u16::from_le_bytes(bytes))
        }),
        _ => gather(file, operand, count, u32::from_le_bytes),
    }
}

/// The elements as integers, without modifiers.
fn plain_integers(
    file: &RegisterFile,
    operand: &Operand,
    count: usize,
) -> Result<Lanes<i64>, Trap> {
    match operand.kind {
        DataType::UB => gather(file, operand, count, |[byte]: [u8; 1]| i64::from(byte)),
        DataType::B => gather(file, operand, count, |[byte]: [u8; 1]| {
            i64::from(byte as i8)
        }),
        DataType::UW | DataType::HF | DataType::UV | DataType::BF => {
            gather(file, operand, count, |bytes| {
                i64::from(u16::from_le_bytes(bytes))
            })
        }
        DataType::W | DataType::V => gather(file, operand, count, |bytes| {
            i64::from(i16::from_le_bytes(bytes))
        }),
        DataType::D => gather(file, operand, count, |bytes| {
            i64::from(i32::from_le_bytes(bytes))
        }),
        DataType::UD | DataType::F | DataType::VF => gather(file, operand, count, |bytes| {
            i64::from(u32::from_le_bytes(bytes))
        }),
        DataType::UQ | DataType::Q | DataType::DF | DataType::NF => {
            gather(file, operand, count, i64::from_le_bytes)
        }
    }
}

/// The elements as integers, with sign modifiers.
pub(super) fn integers(
    file: &RegisterFile,
    operand: &Operand,
    count: usize,
) -> Result<Lanes<i64>, Trap> {
    let mut lanes = plain_integers(file, operand, count)?;
    if operand.absolute {
        lanes = lanes.map(i64::wrapping_abs);
    }
    if operand.negate {
        // Of dwords in a dword: the least number stays what it is. Smaller ones are wider by then.
        let dwords = operand.kind == DataType::D;
        lanes = lanes.map(|lane| match lane.wrapping_neg() {
            lane if dwords => i64::from(lane as i32),
            lane => lane,
        });
    }
    Ok(lanes)
}

/// The elements as bits of an integer; `-` inverts them.
pub(super) fn logical(
    file: &RegisterFile,
    operand: &Operand,
    count: usize,
) -> Result<Lanes<i64>, Trap> {
    let mut lanes = plain_integers(file, operand, count)?;
    if operand.negate {
        lanes = lanes.map(|lane| !lane);
    }
    Ok(lanes)
}

/// The elements as floats, with sign modifiers; integers are converted.
pub(super) fn floats(
    file: &RegisterFile,
    mode: FloatMode,
    operand: &Operand,
    count: usize,
) -> Result<Lanes<f64>, Trap> {
    let mut lanes = match operand.kind {
        DataType::F | DataType::VF => gather(file, operand, count, |bytes| {
            let value = f32::from_le_bytes(bytes);
            if !mode.keep_single && value.is_subnormal() {
                f64::from(0_f32.copysign(value))
            } else {
                f64::from(value)
            }
        })?,
        DataType::HF => gather(file, operand, count, |bytes| {
            let bits = u16::from_le_bytes(bytes);
            let kept = if !mode.keep_half && bits & 0x7c00 == 0 {
                bits & 0x8000
            } else {
                bits
            };
            f64::from(from_half(kept))
        })?,
        _ => return Ok(integers(file, operand, count)?.map(|lane| lane as f64)),
    };
    if operand.absolute {
        lanes = lanes.map(f64::abs);
    }
    if operand.negate {
        lanes = lanes.map(|lane| -lane);
    }
    Ok(lanes)
}

/// The least and the greatest value of an integer type.
pub(super) fn range(kind: DataType) -> (i64, i64) {
    match kind {
        DataType::UB => (0, 0xff),
        DataType::B => (-0x80, 0x7f),
        DataType::UW | DataType::UV => (0, 0xffff),
        DataType::W | DataType::V => (-0x8000, 0x7fff),
        DataType::UD => (0, 0xffff_ffff),
        DataType::D => (-0x8000_0000, 0x7fff_ffff),
        _ => (i64::MIN, i64::MAX),
    }
}

/// A float as bits of a type.
fn encode(value: f64, kind: DataType, saturate: bool, mode: FloatMode) -> i64 {
    if !kind.is_float() {
        // Conversions to integers are clamped, and what is not a number becomes 0.
        let (low, high) = range(kind);
        return (value as i64).clamp(low, high);
    }
    let value = if saturate {
        // What is not a number becomes 0.
        if value > 0.0 { value.min(1.0) } else { 0.0 }
    } else {
        value
    };
    if kind == DataType::HF {
        let bits = rounding::half(value, mode.rounding);
        let flushed = !mode.keep_half && bits & 0x7c00 == 0;
        return i64::from(if flushed { bits & 0x8000 } else { bits });
    }
    let rounded = rounding::single(value, mode.rounding);
    let bits = rounded.to_bits();
    let flushed = !mode.keep_single && rounded.is_subnormal();
    i64::from(if flushed { bits & 0x8000_0000 } else { bits })
}

/// An integer as bits of a type.
fn encode_integer(value: i64, kind: DataType, saturate: bool, mode: FloatMode) -> i64 {
    if kind.is_float() {
        // Exact: no integer has more bits than a double float's 53 but products, of which the
        // first 53 are enough.
        return encode(value as f64, kind, saturate, mode);
    }
    if saturate {
        let (low, high) = range(kind);
        return value.clamp(low, high);
    }
    value
}

/// Whether a condition holds of a result: of what is written, after it is rounded, clamped and
/// converted.
fn meets(condition: Condition, bits: i64, kind: DataType) -> bool {
    match kind {
        DataType::HF => {
            let value = from_half(bits as u16);
            compute::meets(condition, value.into(), 0.0)
        }
        _ if kind.is_float() => {
            let value = f32::from_bits(bits as u32);
            compute::meets(condition, value.into(), 0.0)
        }
        _ => {
            let unused = 64 - (kind.size() * 8).min(64);
            let value = if kind.is_signed() {
                bits << unused >> unused
            } else {
                ((bits as u64) << unused >> unused) as i64
            };
            compute::orders(condition, value, 0)
        }
    }
}

/// Whether a condition holds of what an integer becomes in the result's type.
pub(super) fn integer_meets(mode: FloatMode, op: &Op, condition: Condition, value: i64) -> bool {
    let bits = encode_integer(value, op.result, op.saturate, mode);
    meets(condition, bits, op.result)
}

/// Whether a condition holds of what a float becomes in the result's type.
pub(super) fn float_meets(mode: FloatMode, op: &Op, condition: Condition, value: f64) -> bool {
    let bits = encode(value, op.result, op.saturate, mode);
    meets(condition, bits, op.result)
}

/// Integers as the bits that an op's results have.
pub(super) fn encoded_integers(mode: FloatMode, op: &Op, lanes: &Lanes<i64>) -> Lanes<i64> {
    encoded(op, lanes, |lane| {
        encode_integer(lane, op.result, op.saturate, mode)
    })
}

fn encoded<T: Copy>(op: &Op, lanes: &Lanes<T>, encode: impl Fn(T) -> i64) -> Lanes<i64> {
    let mut bits = [0; 32];
    for (bits, lane) in bits.iter_mut().zip(&lanes[..usize::from(op.exec_size)]) {
        *bits = encode(*lane);
    }
    bits
}

/// Puts integers where an op's results go.
pub(super) fn put_integers(
    file: &mut RegisterFile,
    mode: FloatMode,
    op: &Op,
    lanes: &Lanes<i64>,
    enabled: u32,
) -> Result<(), Trap> {
    put_bits(file, op, &encoded_integers(mode, op, lanes), enabled)
}

/// Puts floats where an op's results go.
pub(super) fn put_floats(
    file: &mut RegisterFile,
    mode: FloatMode,
    op: &Op,
    lanes: &Lanes<f64>,
    enabled: u32,
) -> Result<(), Trap> {
    let bits = encoded(op, lanes, |lane| encode(lane, op.result, op.saturate, mode));
    put_bits(file, op, &bits, enabled)
}

/// Puts bits where an op's results go, the accumulator among it.
pub(super) fn put_bits(
    file: &mut RegisterFile,
    op: &Op,
    lanes: &Lanes<i64>,
    enabled: u32,
) -> Result<(), Trap> {
    if op.writes_accumulator {
        put_accumulator(file, op, lanes, enabled);
    }
    put_target(file, op, lanes, enabled)
}

/// Puts bits into an op's target.
pub(super) fn put_target(
    file: &mut RegisterFile,
    op: &Op,
    lanes: &Lanes<i64>,
    enabled: u32,
) -> Result<(), Trap> {
    let count = usize::from(op.exec_size);
    let channels = (0..count).filter(|channel| enabled >> channel & 1 != 0);
    match op.target {
        Target::None => {}
        Target::Register { at, step, kind } => {
            for channel in channels {
                let at = usize::from(at) + channel * usize::from(step);
                put_one(file, at, kind, lanes[channel]);
            }
        }
        Target::Indirect {
            address,
            offset,
            step,
            kind,
        } => {
            let base = i32::from(u16::from_le_bytes(file.read(usize::from(address))));
            for channel in channels {
                let at = base + i32::from(offset) + channel as i32 * i32::from(step);
                let at = indirect(at, kind.size() as usize)?;
                put_one(file, at, kind, lanes[channel]);
            }
        }
        Target::Accumulator { element, step, .. } => {
            for channel in channels {
                let element = usize::from(element) + channel * usize::from(step);
                file.accumulators[element % file::ACCUMULATORS] = lanes[channel];
            }
        }
    }
    Ok(())
}

fn put_one(file: &mut RegisterFile, at: usize, kind: DataType, bits: i64) {
    match kind.size() {
        1 => file.write(at, [bits as u8]),
        2 => file.write(at, (bits as u16).to_le_bytes()),
        4 => file.write(at, (bits as u32).to_le_bytes()),
        _ => file.write(at, bits.to_le_bytes()),
    }
}

/// The accumulator's element that goes with an op's channel where no accumulator is named: acc0
/// begins with the op's first channel, whichever that is.
pub(super) fn accumulator(channel: usize) -> usize {
    channel % file::ACCUMULATORS
}

/// Puts bits into the accumulator that goes with the channels.
pub(super) fn put_accumulator(file: &mut RegisterFile, op: &Op, lanes: &Lanes<i64>, enabled: u32) {
    for (channel, lane) in lanes[..usize::from(op.exec_size)].iter().enumerate() {
        if enabled >> channel & 1 != 0 {
            file.accumulators[accumulator(channel)] = *lane;
        }
    }
}

/// Sets the flags of an op's channels that are enabled.
#[inline(always)]
pub(super) fn put_flags(file: &mut RegisterFile, op: &Op, holds: u32, enabled: u32) {
    let start = u32::from(op.flag_bit);
    let mask = u64::from(enabled).rotate_left(start);
    let bits = u64::from(holds).rotate_left(start);
    let flags = file.flags();
    file.set_flags(flags & !mask | bits & mask);
}
