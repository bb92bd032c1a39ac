//! What operations compute, element by element: every type, region and modifier. What most
//! instructions are has a faster way in [`packed`](super::packed) that has to give the same.

use super::file::RegisterFile;
use super::mask::predicate;
use super::operand::{self, Lanes};
use super::rounding::{self, FloatMode, Rounding};
use crate::isa::{Condition, DataType, Opcode};
use crate::kernel::op::{Domain, Op, Operand};
use crate::trap::Trap;

/// Executes an op for the channels that are enabled.
#[inline(never)]
pub(super) fn execute(
    file: &mut RegisterFile,
    mode: FloatMode,
    op: &Op,
    opcode: Opcode,
    domain: Domain,
    enabled: u32,
) -> Result<(), Trap> {
    match opcode {
        Opcode::Mov if copies(op, 1) => return copy(file, op, enabled),
        Opcode::Movi => return copy(file, op, enabled),
        Opcode::Sel | Opcode::Csel => return select(file, mode, op, opcode, domain, enabled),
        Opcode::Cmp | Opcode::Cmpn => return compare(file, mode, op, opcode, domain, enabled),
        Opcode::Mach => return multiply_high(file, mode, op, enabled),
        Opcode::Addc | Opcode::Subb => return carry(file, mode, op, opcode, enabled),
        _ => {}
    }
    match domain {
        Domain::Integer => {
            let result = integer(file, op, opcode)?;
            if let Some(condition) = op.condition {
                let holds = each(op, |channel| match condition {
                    Condition::Overflow => overflows(result[channel], op.result),
                    _ => operand::integer_meets(mode, op, condition, result[channel]),
                });
                operand::put_flags(file, op, holds, enabled);
            }
            operand::put_integers(file, mode, op, &result, enabled)
        }
        Domain::Float => {
            let result = float(file, mode, op, opcode)?;
            if let Some(condition) = op.condition {
                let holds = each(op, |channel| {
                    operand::float_meets(mode, op, condition, result[channel])
                });
                operand::put_flags(file, op, holds, enabled);
            }
            operand::put_floats(file, mode, op, &result, enabled)
        }
    }
}

/// A bit for each channel.
fn each(op: &Op, holds: impl Fn(usize) -> bool) -> u32 {
    let mut bits = 0;
    for channel in 0..usize::from(op.exec_size) {
        bits |= u32::from(holds(channel)) << channel;
    }
    bits
}

/// Whether the first sources only have their bits moved to the result.
fn copies(op: &Op, count: usize) -> bool {
    if op.saturate || op.condition.is_some() {
        return false;
    }
    let kind = op.result;
    op.sources[..count].iter().all(|source| {
        let same = source.kind == kind
            || !source.kind.is_float() && !kind.is_float() && source.kind.size() == kind.size();
        same && !source.negate && !source.absolute
    })
}

fn copy(file: &mut RegisterFile, op: &Op, enabled: u32) -> Result<(), Trap> {
    let bits = operand::bits(file, &op.sources[0], usize::from(op.exec_size))?;
    operand::put_bits(file, op, &bits.map(i64::from), enabled)
}

/// Whether a comparison of floats holds.
pub(super) fn meets(condition: Condition, a: f64, b: f64) -> bool {
    match condition {
        Condition::Equal => a == b,
        Condition::NotEqual => a != b,
        Condition::Greater => a > b,
        Condition::GreaterOrEqual => a >= b,
        Condition::Less => a < b,
        Condition::LessOrEqual => a <= b,
        Condition::Overflow => a.is_infinite(),
        Condition::Unordered => a.is_nan() || b.is_nan(),
        Condition::EarlyOut => false,
    }
}

pub(super) fn orders(condition: Condition, a: i64, b: i64) -> bool {
    match condition {
        Condition::Equal => a == b,
        Condition::NotEqual => a != b,
        Condition::Greater => a > b,
        Condition::GreaterOrEqual => a >= b,
        Condition::Less => a < b,
        Condition::LessOrEqual => a <= b,
        Condition::Overflow | Condition::Unordered | Condition::EarlyOut => false,
    }
}

/// Whether an integer does not fit its type.
fn overflows(result: i64, kind: DataType) -> bool {
    let (low, high) = operand::range(kind);
    result < low || result > high
}

/// The channels whose first two sources compare like that. With `numbers_first` also those whose
/// second is not a number.
fn ordered(
    file: &RegisterFile,
    mode: FloatMode,
    op: &Op,
    domain: Domain,
    condition: Condition,
    numbers_first: bool,
) -> Result<u32, Trap> {
    let count = usize::from(op.exec_size);
    Ok(match domain {
        Domain::Float => {
            let a = operand::floats(file, mode, &op.sources[0], count)?;
            let b = operand::floats(file, mode, &op.sources[1], count)?;
            each(op, |channel| {
                let (a, b) = (a[channel], b[channel]);
                numbers_first && b.is_nan() || meets(condition, a, b)
            })
        }
        Domain::Integer => {
            let a = operand::integers(file, &op.sources[0], count)?;
            let b = operand::integers(file, &op.sources[1], count)?;
            each(op, |channel| orders(condition, a[channel], b[channel]))
        }
    })
}

/// The first where its bit is set, the second elsewhere.
fn pick<T: Copy>(first: u32, a: &Lanes<T>, b: &Lanes<T>) -> Lanes<T> {
    std::array::from_fn(|channel| {
        if first >> channel & 1 != 0 {
            a[channel]
        } else {
            b[channel]
        }
    })
}

/// `sel` and `csel`.
fn select(
    file: &mut RegisterFile,
    mode: FloatMode,
    op: &Op,
    opcode: Opcode,
    domain: Domain,
    enabled: u32,
) -> Result<(), Trap> {
    let count = usize::from(op.exec_size);
    let first = if opcode == Opcode::Csel {
        let condition = op.condition.unwrap_or(Condition::NotEqual);
        let tested = operand::floats(file, mode, &op.sources[2], count)?;
        each(op, |channel| meets(condition, tested[channel], 0.0))
    } else if let Some(condition) = op.condition {
        // As a minimum or maximum: of a number and what is none, the number.
        ordered(file, mode, op, domain, condition, true)?
    } else {
        match op.predicate {
            Some(control) => predicate(file.flags(), op, control),
            None => u32::MAX,
        }
    };
    // A minimum or maximum is arithmetic; other choices move bits, signs changed or not.
    let arithmetic = opcode == Opcode::Sel && op.condition.is_some() && domain == Domain::Float;
    let same = |source: &Operand| source.kind == op.result;
    if !arithmetic && !op.saturate && op.sources[..2].iter().all(same) {
        let a = signed_bits(file, &op.sources[0], count)?;
        let b = signed_bits(file, &op.sources[1], count)?;
        let result = pick(first, &a, &b);
        return operand::put_bits(file, op, &result, enabled);
    }
    match domain {
        Domain::Float => {
            let a = operand::floats(file, mode, &op.sources[0], count)?;
            let b = operand::floats(file, mode, &op.sources[1], count)?;
            let result = pick(first, &a, &b);
            operand::put_floats(file, mode, op, &result, enabled)
        }
        Domain::Integer => {
            let a = operand::integers(file, &op.sources[0], count)?;
            let b = operand::integers(file, &op.sources[1], count)?;
            let result = pick(first, &a, &b);
            operand::put_integers(file, mode, op, &result, enabled)
        }
    }
}

/// The elements' bits, with sign modifiers.
fn signed_bits(file: &RegisterFile, source: &Operand, count: usize) -> Result<Lanes<i64>, Trap> {
    if !source.kind.is_float() {
        return operand::integers(file, source, count);
    }
    let sign = 1 << (source.kind.size() * 8 - 1);
    let bits = operand::bits(file, source, count)?;
    Ok(bits.map(|bits| {
        let bits = if source.absolute { bits & !sign } else { bits };
        i64::from(if source.negate { bits ^ sign } else { bits })
    }))
}

/// `cmp` and `cmpn`: flags, and all ones where it holds.
fn compare(
    file: &mut RegisterFile,
    mode: FloatMode,
    op: &Op,
    opcode: Opcode,
    domain: Domain,
    enabled: u32,
) -> Result<(), Trap> {
    let condition = op.condition.unwrap_or(Condition::NotEqual);
    let holds = ordered(file, mode, op, domain, condition, opcode == Opcode::Cmpn)?;
    operand::put_flags(file, op, holds, enabled);
    let result = std::array::from_fn(|channel| -i64::from(holds >> channel & 1));
    operand::put_bits(file, op, &result, enabled)
}

/// `mach`: the product of the first source and the second's high half on top of the
/// accumulator, which holds the product with the low half. With the accumulator written its high
/// dword is the result, without its low one.
fn multiply_high(
    file: &mut RegisterFile,
    mode: FloatMode,
    op: &Op,
    enabled: u32,
) -> Result<(), Trap> {
    let count = usize::from(op.exec_size);
    let a = operand::integers(file, &op.sources[0], count)?;
    let b = operand::integers(file, &op.sources[1], count)?;
    let mut product = [0_i64; 32];
    for channel in 0..count {
        let high = a[channel].wrapping_mul(b[channel] >> 16) << 16;
        product[channel] = file.accumulators[operand::accumulator(channel)].wrapping_add(high);
    }
    let unsigned = op.sources[0].kind == DataType::UD && op.sources[1].kind == DataType::UD;
    let result: Lanes<i64> = product.map(|product| match (op.writes_accumulator, unsigned) {
        (true, true) => (product as u64 >> 32) as i64,
        (true, false) => product >> 32,
        (false, _) => product,
    });
    if op.writes_accumulator {
        operand::put_accumulator(file, op, &product, enabled);
    }
    operand::put_target(
        file,
        op,
        &operand::encoded_integers(mode, op, &result),
        enabled,
    )
}

/// `addc` and `subb`: the accumulator gets the carry or the borrow.
fn carry(
    file: &mut RegisterFile,
    mode: FloatMode,
    op: &Op,
    opcode: Opcode,
    enabled: u32,
) -> Result<(), Trap> {
    let count = usize::from(op.exec_size);
    let low = |lane: i64| lane & 0xffff_ffff;
    let a = operand::integers(file, &op.sources[0], count)?.map(low);
    let b = operand::integers(file, &op.sources[1], count)?.map(low);
    let result: Lanes<i64> = std::array::from_fn(|channel| match opcode {
        Opcode::Addc => a[channel] + b[channel],
        _ => a[channel] - b[channel],
    });
    let carries = result.map(|lane| i64::from(!(0..=0xffff_ffff).contains(&lane)));
    operand::put_accumulator(file, op, &carries, enabled);
    if let Some(condition) = op.condition {
        let holds = each(op, |channel| orders(condition, low(result[channel]), 0));
        operand::put_flags(file, op, holds, enabled);
    }
    operand::put_target(
        file,
        op,
        &operand::encoded_integers(mode, op, &result),
        enabled,
    )
}

/// Operations on integers.
fn integer(file: &RegisterFile, op: &Op, opcode: Opcode) -> Result<Lanes<i64>, Trap> {
    let count = usize::from(op.exec_size);
    let source = |number: usize| operand::integers(file, &op.sources[number], count);
    let bits = |number: usize| operand::logical(file, &op.sources[number], count);
    let width = op.sources[0].kind.size() * 8;
    let unary = |a: Lanes<i64>, f: &dyn Fn(i64) -> i64| {
        let mut lanes = a;
        for lane in &mut lanes[..count] {
            *lane = f(*lane);
        }
        lanes
    };
    let binary = |a: Lanes<i64>, b: Lanes<i64>, f: &dyn Fn(i64, i64) -> i64| {
        let mut lanes = a;
        for (lane, b) in lanes[..count].iter_mut().zip(b) {
            *lane = f(*lane, b);
        }
        lanes
    };
    Ok(match opcode {
        Opcode::Mov | Opcode::Rndd | Opcode::Rndu | Opcode::Rnde | Opcode::Rndz => source(0)?,
        Opcode::Not => unary(bits(0)?, &|a| !a),
        Opcode::And => binary(bits(0)?, bits(1)?, &|a, b| a & b),
        Opcode::Or => binary(bits(0)?, bits(1)?, &|a, b| a | b),
        Opcode::Xor => binary(bits(0)?, bits(1)?, &|a, b| a ^ b),
        Opcode::Shl => binary(source(0)?, source(1)?, &|a, b| a << (b & 31)),
        Opcode::Shr => binary(source(0)?, source(1)?, &|a, b| {
            i64::from(a as u32 >> (b & 31))
        }),
        Opcode::Asr => binary(source(0)?, source(1)?, &|a, b| a >> (b & 31)),
        Opcode::Rol | Opcode::Ror => binary(bits(0)?, source(1)?, &|a, b| {
            let left = opcode == Opcode::Rol;
            if width == 16 {
                let (a, b) = (a as u16, b as u32 & 15);
                i64::from(if left {
                    a.rotate_left(b)
                } else {
                    a.rotate_right(b)
                })
            } else {
                let (a, b) = (a as u32, b as u32 & 31);
                i64::from(if left {
                    a.rotate_left(b)
                } else {
                    a.rotate_right(b)
                })
            }
        }),
        Opcode::Bfrev => unary(source(0)?, &|a| i64::from((a as u32).reverse_bits())),
        Opcode::Lzd => unary(source(0)?, &|a| i64::from((a as u32).leading_zeros())),
        Opcode::Cbit => unary(source(0)?, &|a| {
            let mask = if width >= 64 {
                u64::MAX
            } else {
                (1 << width) - 1
            };
            i64::from((a as u64 & mask).count_ones())
        }),
        Opcode::Fbl => unary(source(0)?, &|a| match a as u32 {
            0 => 0xffff_ffff,
            a => i64::from(a.trailing_zeros()),
        }),
        Opcode::Fbh => {
            let signed = op.sources[0].kind.is_signed();
            unary(source(0)?, &|a| {
                let a = a as u32;
                let a = if signed && a >> 31 != 0 { !a } else { a };
                if a == 0 {
                    0xffff_ffff
                } else {
                    i64::from(a.leading_zeros())
                }
            })
        }
        Opcode::Add => binary(source(0)?, source(1)?, &i64::wrapping_add),
        Opcode::Avg => binary(source(0)?, source(1)?, &|a, b| (a + b + 1) >> 1),
        Opcode::Mul => binary(source(0)?, source(1)?, &i64::wrapping_mul),
        Opcode::Mac => {
            let mut lanes = binary(source(0)?, source(1)?, &i64::wrapping_mul);
            for (channel, lane) in lanes[..count].iter_mut().enumerate() {
                let accumulator = file.accumulators[operand::accumulator(channel)];
                *lane = lane.wrapping_add(accumulator);
            }
            lanes
        }
        Opcode::Mad => {
            let product = binary(source(1)?, source(2)?, &i64::wrapping_mul);
            binary(source(0)?, product, &i64::wrapping_add)
        }
        Opcode::Bfi1 => binary(source(0)?, source(1)?, &|width, offset| {
            ((1 << (width & 31)) - 1) << (offset & 31)
        }),
        Opcode::Bfi2 => {
            let (mask, inside, outside) = (source(0)?, source(1)?, source(2)?);
            std::array::from_fn(|channel| {
                let mask = mask[channel];
                let inside = inside[channel].checked_shl(mask.trailing_zeros());
                mask & inside.unwrap_or(0) | !mask & outside[channel]
            })
        }
        Opcode::Bfe => {
            let (widths, offsets, values) = (source(0)?, source(1)?, source(2)?);
            let signed = op.sources[2].kind.is_signed();
            std::array::from_fn(|channel| {
                extract(widths[channel], offsets[channel], values[channel], signed)
            })
        }
        Opcode::Dp4a => {
            let (sums, a, b) = (source(0)?, source(1)?, source(2)?);
            let signed = |number: usize| op.sources[number].kind.is_signed();
            let byte = |lane: i64, number: u32, signed: bool| {
                let byte = (lane >> (8 * number)) as u8;
                if signed {
                    i64::from(byte as i8)
                } else {
                    i64::from(byte)
                }
            };
            std::array::from_fn(|channel| {
                (0..4).fold(sums[channel], |sum, number| {
                    sum + byte(a[channel], number, signed(1)) * byte(b[channel], number, signed(2))
                })
            })
        }
        _ => {
            return Err(Trap::IllegalOperand(
                "an operation that integers don't have",
            ));
        }
    })
}

/// `bfe`: `width` bits from `offset` on.
fn extract(width: i64, offset: i64, value: i64, signed: bool) -> i64 {
    let (width, offset) = (width as u32 & 31, offset as u32 & 31);
    if width == 0 {
        return 0;
    }
    let left = 32_u32.saturating_sub(width + offset);
    let right = if width + offset < 32 {
        32 - width
    } else {
        offset
    };
    if signed {
        i64::from((value as i32) << left >> right)
    } else {
        i64::from((value as u32) << left >> right)
    }
}

/// Operations on floats; results are exact enough to be rounded in any mode.
fn float(
    file: &RegisterFile,
    mode: FloatMode,
    op: &Op,
    opcode: Opcode,
) -> Result<Lanes<f64>, Trap> {
    let count = usize::from(op.exec_size);
    let source = |number: usize| operand::floats(file, mode, &op.sources[number], count);
    let unary = |f: &dyn Fn(f64) -> f64| {
        let mut lanes = source(0)?;
        for lane in &mut lanes[..count] {
            *lane = f(*lane);
        }
        Ok(lanes)
    };
    let binary = |f: &dyn Fn(f64, f64) -> f64| {
        let (mut lanes, b) = (source(0)?, source(1)?);
        for (lane, b) in lanes[..count].iter_mut().zip(b) {
            *lane = f(*lane, b);
        }
        Ok(lanes)
    };
    match opcode {
        Opcode::Mov => source(0),
        Opcode::Frc => unary(&|a| {
            if a.is_finite() {
                rounding::add(a, -a.floor(), Rounding::Nearest)
            } else {
                f64::NAN
            }
        }),
        Opcode::Rndd => unary(&f64::floor),
        Opcode::Rndu => unary(&f64::ceil),
        Opcode::Rnde => unary(&f64::round_ties_even),
        Opcode::Rndz => unary(&f64::trunc),
        Opcode::Add => binary(&|a, b| rounding::add(a, b, mode.rounding)),
        Opcode::Mul => binary(&|a, b| a * b),
        Opcode::Mac => {
            let (a, b) = (source(0)?, source(1)?);
            Ok(std::array::from_fn(|channel| {
                let bits = file.accumulators[operand::accumulator(channel)];
                let sum = f64::from(f32::from_bits(bits as u32));
                rounding::multiply_add(a[channel], b[channel], sum, mode.rounding)
            }))
        }
        Opcode::Mad => {
            let (sums, a, b) = (source(0)?, source(1)?, source(2)?);
            Ok(std::array::from_fn(|channel| {
                rounding::multiply_add(a[channel], b[channel], sums[channel], mode.rounding)
            }))
        }
        _ => Err(Trap::IllegalOperand("an operation that floats don't have")),
    }
}
