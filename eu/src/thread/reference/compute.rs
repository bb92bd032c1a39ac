//! What an instruction does, one channel after the other, as its description says.

use super::exact::Exact;
use super::registers::{Registers, Value, element, float_bits, format, kind_of, number};
use crate::isa::*;

/// A channel's result, before it is converted to the destination's type.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    Integer(i128),
    /// A finite float, and the 0 that it is if it is 0.
    Exact(Exact, f64),
    /// A float that only has to be converted.
    Float(f64),
    /// Bits that are moved.
    Bits(u64),
}

/// Executes an instruction: reads all channels, then writes all.
pub(super) fn execute(registers: &mut Registers, one: &Instruction) {
    let one = &spread(one);
    let enabled = enabled(registers, one);
    let channels: Vec<usize> = (0..usize::from(one.exec_size))
        .filter(|channel| enabled >> channel & 1 != 0)
        .collect();
    let mut results = Vec::new();
    for &channel in &channels {
        results.push(result(registers, one, channel));
    }
    for (&channel, result) in channels.iter().zip(results) {
        if let Some(flag) = result.flag {
            let bit = flag_bit(one) + channel as u32;
            registers.flags &= !(1 << bit);
            registers.flags |= u64::from(flag) << bit;
        }
        if let Some(accumulator) = result.accumulator {
            registers.accumulators[channel] = accumulator;
        }
        if let Some(to) = &one.destination {
            registers.put(to, channel, result.bits);
        }
    }
}

/// The same with a nibble for each channel in its constant vectors. As they are their nibbles are
/// for results that are words apart: of dwords a channel has two, and takes the first.
fn spread(one: &Instruction) -> Instruction {
    let mut one = *one;
    let to = one.destination.expect("a destination");
    let words = (u32::from(to.stride) * to.kind.size() / 2).max(1);
    for source in one.sources.iter_mut().flatten() {
        if let Source::Immediate { bits, kind } = source
            && matches!(kind, DataType::V | DataType::UV)
        {
            let nibble = |channel: u32| *bits >> (channel * words * 4 % 32) & 15;
            *bits = (0..8).map(|channel| nibble(channel) << (channel * 4)).sum();
        }
    }
    one
}

fn flag_bit(one: &Instruction) -> u32 {
    u32::from(one.flag.register) * 32
        + u32::from(one.flag.subregister) * 16
        + u32::from(one.channel_offset)
}

/// Whether a channel's predicate holds.
fn predicate(registers: &Registers, one: &Instruction, channel: usize) -> bool {
    let Some(predicate) = one.predicate else {
        return true;
    };
    let place = flag_bit(one) + channel as u32;
    let bit = |place: u32| registers.flags >> place & 1 != 0;
    let group = |size: u8| {
        let size = u32::from(size);
        let first = place / size * size;
        first..first + size
    };
    let holds = match predicate.control {
        PredicateControl::Sequential => bit(place),
        PredicateControl::AnyVertical => bit(place % 32) || bit(place % 32 + 32),
        PredicateControl::AllVertical => bit(place % 32) && bit(place % 32 + 32),
        PredicateControl::AnyHorizontal(size) => group(size).any(bit),
        PredicateControl::AllHorizontal(size) => group(size).all(bit),
    };
    holds != predicate.inverted
}

fn enabled(registers: &Registers, one: &Instruction) -> u32 {
    let mut enabled = 0;
    for channel in 0..usize::from(one.exec_size) {
        let place = channel + usize::from(one.channel_offset);
        let dispatched = one.mask_disabled || registers.mask >> place & 1 != 0;
        let selects = one.opcode == Opcode::Sel;
        if dispatched && (selects || predicate(registers, one, channel)) {
            enabled |= 1 << channel;
        }
    }
    enabled
}

/// What a channel writes.
struct Result {
    bits: i64,
    flag: Option<bool>,
    accumulator: Option<i64>,
}

fn result(registers: &Registers, one: &Instruction, channel: usize) -> Result {
    let to = one.destination.expect("a destination").kind;
    let mut carry = None;
    let mut product = None;
    let outcome = outcome(registers, one, channel, &mut carry, &mut product);
    let (bits, value) = converted(registers, one, outcome, to);
    let compares = matches!(one.opcode, Opcode::Cmp | Opcode::Cmpn);
    let flag = match (one.condition, one.opcode) {
        (None, _) | (_, Opcode::Sel | Opcode::Csel) => None,
        (Some(_), _) if compares => Some(bits != 0),
        (Some(Condition::Overflow), _) => match outcome {
            Outcome::Integer(value) => Some(!range(to).contains(&value)),
            _ => panic!("overflow of a float"),
        },
        (Some(condition), _) => {
            // Of the result as it is written.
            let zero = match value {
                Value::Integer(_) => Value::Integer(0),
                Value::Float(_) => Value::Float(0.0),
            };
            Some(holds(condition, value, zero))
        }
    };
    let mut accumulator = carry.or(product);
    if one.writes_accumulator && accumulator.is_none() {
        accumulator = Some(bits);
    }
    Result {
        bits,
        flag,
        accumulator,
    }
}

fn range(kind: DataType) -> std::ops::RangeInclusive<i128> {
    let bits = kind.size() * 8;
    if kind.is_signed() {
        -(1 << (bits - 1))..=(1 << (bits - 1)) - 1
    } else {
        0..=(1 << bits) - 1
    }
}

/// The result in the destination's type: what goes to a register, or whole to an accumulator; and
/// the number that it is.
fn converted(
    registers: &Registers,
    one: &Instruction,
    outcome: Outcome,
    to: DataType,
) -> (i64, Value) {
    if let Outcome::Bits(bits) = outcome {
        return (bits as i64, number(bits, to));
    }
    if !to.is_float() {
        let range = range(to);
        let clamped = |value: i128| value.clamp(*range.start(), *range.end());
        let value = match outcome {
            Outcome::Integer(value) if one.saturate => clamped(value),
            Outcome::Integer(value) => value,
            Outcome::Exact(..) | Outcome::Bits(_) => panic!("no conversion"),
            Outcome::Float(value) if value.is_nan() => 0,
            Outcome::Float(value) => clamped(value.trunc() as i128),
        };
        return (value as i64, number(value as u64, to));
    }
    let value = match outcome {
        Outcome::Integer(value) => registers.round(Exact::integer(value), to),
        Outcome::Exact(exact, zero) if exact.is_zero() => zero,
        Outcome::Exact(exact, _) => registers.round(exact, to),
        Outcome::Float(value) if value.is_finite() && value != 0.0 => {
            registers.round(Exact::float(value), to)
        }
        Outcome::Float(value) => value,
        Outcome::Bits(_) => panic!("no conversion"),
    };
    let value = match one.saturate {
        true if value > 1.0 => 1.0,
        // What is not a number becomes 0, and so does what is negative.
        true if value > 0.0 => value,
        true => 0.0,
        false => value,
    };
    (float_bits(value, to) as i64, Value::Float(value))
}

fn holds(condition: Condition, a: Value, b: Value) -> bool {
    fn ordered<T: PartialOrd>(condition: Condition, a: T, b: T) -> bool {
        match condition {
            Condition::Equal => a == b,
            Condition::NotEqual => a != b,
            Condition::Greater => a > b,
            Condition::GreaterOrEqual => a >= b,
            Condition::Less => a < b,
            Condition::LessOrEqual => a <= b,
            Condition::Unordered => a.partial_cmp(&b).is_none(),
            Condition::Overflow | Condition::EarlyOut => panic!("{condition:?}"),
        }
    }
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => ordered(condition, a, b),
        (Value::Float(a), Value::Float(b)) => ordered(condition, a, b),
        _ => panic!("{a:?} and {b:?}"),
    }
}

/// What an operation gives; `addc` and its like also have something for the accumulator.
fn outcome(
    registers: &Registers,
    one: &Instruction,
    channel: usize,
    carry: &mut Option<i64>,
    product: &mut Option<i64>,
) -> Outcome {
    use Opcode as O;
    let sources: Vec<&Source> = one.sources.iter().flatten().collect();
    let logic = matches!(one.opcode, O::Not | O::And | O::Or | O::Xor);
    let value = |which: usize| registers.value(sources[which], channel, logic);
    let to = one.destination.expect("a destination").kind;
    let condition = one.condition.unwrap_or(Condition::NotEqual);
    match one.opcode {
        O::Mov | O::Movi => {
            let from = kind_of(sources[0]);
            if moves_bits(one, &sources[..1], to) {
                return Outcome::Bits(registers.bits(sources[0], channel));
            }
            return match value(0) {
                Value::Integer(value) => Outcome::Integer(value),
                Value::Float(value) if from == to && value != 0.0 && value.is_finite() => {
                    Outcome::Exact(Exact::float(value), value)
                }
                Value::Float(value) => Outcome::Float(value),
            };
        }
        O::Sel | O::Csel => {
            let first = match (one.opcode, one.condition) {
                (O::Csel, _) => holds(condition, value(2), zero_like(value(2))),
                (_, None) => predicate(registers, one, channel),
                (_, Some(condition)) => match (value(0), value(1)) {
                    (Value::Float(_), Value::Float(b)) if b.is_nan() => true,
                    (a, b) => holds(condition, a, b),
                },
            };
            let chosen = if first { 0 } else { 1 };
            let arithmetic = one.opcode == O::Sel && one.condition.is_some();
            let same = sources[..2].iter().all(|source| kind_of(source) == to);
            if !arithmetic && !one.saturate && same && to.is_float() {
                let sign = 1 << (to.size() * 8 - 1);
                let mut bits = registers.bits(sources[chosen], channel);
                if let Source::Register {
                    negate, absolute, ..
                } = sources[chosen]
                {
                    bits = if *absolute { bits & !sign } else { bits };
                    bits = if *negate { bits ^ sign } else { bits };
                }
                return Outcome::Bits(bits);
            }
            return match value(chosen) {
                Value::Integer(value) => Outcome::Integer(value),
                Value::Float(value) => Outcome::Float(value),
            };
        }
        O::Cmp | O::Cmpn => {
            let (a, b) = (value(0), value(1));
            let unordered = match b {
                Value::Float(b) => one.opcode == O::Cmpn && b.is_nan(),
                Value::Integer(_) => false,
            };
            let all = u64::MAX >> (64 - to.size() * 8);
            let holds = unordered || holds(condition, a, b);
            return Outcome::Bits(if holds { all } else { 0 });
        }
        O::Math => return math(registers, one, &sources, channel),
        _ => {}
    }
    if element(kind_of(sources[0])).is_float() {
        return float(registers, one, &sources, channel);
    }
    let integer = |which: usize| value(which).integer();
    let low = |which: usize| integer(which) as u32;
    let shift = |which: usize| (integer(which) & 31) as u32;
    let accumulator = || i128::from(registers.accumulators[channel]);
    Outcome::Integer(match one.opcode {
        O::Not => !integer(0),
        O::And => integer(0) & integer(1),
        O::Or => integer(0) | integer(1),
        O::Xor => integer(0) ^ integer(1),
        O::Shl => integer(0) << shift(1),
        O::Shr => i128::from(low(0) >> shift(1)),
        O::Asr => integer(0) >> shift(1),
        O::Rol | O::Ror => {
            let width = kind_of(sources[0]).size() * 8;
            let (a, count) = (integer(0) as u64, integer(1) as u32 % width);
            let left = if one.opcode == O::Rol {
                count
            } else {
                (width - count) % width
            };
            i128::from(a << left | a >> (width - left))
        }
        O::Bfrev => (0..32).fold(0, |all, bit| all << 1 | integer(0) >> bit & 1),
        O::Lzd => first_bit((0..32).rev(), low(0), true).map_or(32, |bit| 31 - bit),
        O::Cbit => {
            let width = kind_of(sources[0]).size() * 8;
            (0..width).map(|bit| integer(0) >> bit & 1).sum()
        }
        O::Fbl => first_bit(0..32, low(0), true).unwrap_or(0xffff_ffff),
        O::Fbh => {
            let negative = kind_of(sources[0]).is_signed() && low(0) >> 31 != 0;
            let found = first_bit((0..32).rev(), low(0), !negative);
            found.map_or(0xffff_ffff, |bit| 31 - bit)
        }
        O::Add => integer(0) + integer(1),
        O::Avg => (integer(0) + integer(1) + 1).div_euclid(2),
        O::Mul => integer(0) * integer(1),
        O::Mac => integer(0) * integer(1) + accumulator(),
        O::Mad => integer(0) + integer(1) * integer(2),
        O::Mach => {
            let whole = accumulator() + integer(0) * ((integer(1) >> 16) << 16);
            let unsigned = sources.iter().all(|it| kind_of(it) == DataType::UD);
            let whole = if unsigned {
                i128::from(whole as u64)
            } else {
                i128::from(whole as i64)
            };
            if one.writes_accumulator {
                *product = Some(whole as i64);
                whole >> 32
            } else {
                whole
            }
        }
        O::Addc => {
            let sum = integer(0) + integer(1);
            *carry = Some((sum >> 32) as i64);
            sum & 0xffff_ffff
        }
        O::Subb => {
            *carry = Some(i64::from(integer(0) < integer(1)));
            (integer(0) - integer(1)) & 0xffff_ffff
        }
        O::Bfi1 => ((1 << shift(0)) - 1) << shift(1),
        O::Bfi2 => {
            // The second source begins at the mask's lowest bit.
            let lowest = first_bit(0..32, low(0), true).unwrap_or(0);
            let inside = integer(1) << lowest;
            integer(0) & inside | !integer(0) & integer(2)
        }
        O::Bfe => {
            // Bits behind the top are copies of it, or 0.
            let signed = kind_of(sources[2]).is_signed();
            let wide = integer(2) >> shift(1);
            let field = wide & ((1 << shift(0)) - 1);
            let inside = shift(0) + shift(1) <= 32;
            if !inside {
                wide
            } else if signed && shift(0) > 0 && field >> (shift(0) - 1) & 1 != 0 {
                field - (1 << shift(0))
            } else {
                field
            }
        }
        O::Dp4a => {
            let byte = |which: usize, number: u32| {
                let kind = match kind_of(sources[which]).is_signed() {
                    true => DataType::B,
                    false => DataType::UB,
                };
                number_of((low(which) >> (number * 8) & 0xff).into(), kind)
            };
            integer(0) + (0..4).map(|n| byte(1, n) * byte(2, n)).sum::<i128>()
        }
        opcode => panic!("{opcode:?}"),
    })
}

fn number_of(bits: u64, kind: DataType) -> i128 {
    number(bits, kind).integer()
}

fn first_bit(mut places: impl Iterator<Item = i128>, bits: u32, set: bool) -> Option<i128> {
    places.find(|place| (bits >> place & 1 != 0) == set)
}

fn zero_like(value: Value) -> Value {
    match value {
        Value::Integer(_) => Value::Integer(0),
        Value::Float(_) => Value::Float(0.0),
    }
}

/// Whether a `mov` leaves the bits as they are.
fn moves_bits(one: &Instruction, sources: &[&Source], to: DataType) -> bool {
    let plain = sources.iter().all(|source| match source {
        Source::Register {
            negate, absolute, ..
        } => !negate && !absolute,
        Source::Immediate { .. } => true,
    });
    let same = sources.iter().all(|source| kind_of(source) == to);
    plain && same && !one.saturate && one.condition.is_none()
}

/// A sum of a product and a number, with IEEE 754's sign of 0.
fn sum(registers: &Registers, a: f64, b: f64, c: f64) -> Outcome {
    if !(a * b + c).is_finite() {
        return Outcome::Float(a * b + c);
    }
    let exact = Exact::product(a, b).plus(Exact::float(c));
    // A double float is exact where the sum is 0.
    let mut zero = if exact.is_zero() { a * b + c } else { 0.0 };
    let opposite = (a * b).is_sign_negative() != c.is_sign_negative();
    if registers.way() == super::exact::Way::Down && opposite {
        zero = -0.0;
    }
    Outcome::Exact(exact, zero)
}

fn float(registers: &Registers, one: &Instruction, sources: &[&Source], channel: usize) -> Outcome {
    use Opcode as O;
    let float = |which: usize| registers.value(sources[which], channel, false).float();
    match one.opcode {
        O::Add => sum(registers, float(0), 1.0, float(1)),
        O::Mul => {
            let (a, b) = (float(0), float(1));
            if !(a * b).is_finite() || a == 0.0 || b == 0.0 {
                return Outcome::Float(a * b);
            }
            Outcome::Exact(Exact::product(a, b), 0.0)
        }
        O::Mad => sum(registers, float(1), float(2), float(0)),
        O::Mac => {
            let accumulator = registers.accumulators[channel] as u32;
            let accumulator = f64::from(f32::from_bits(accumulator));
            sum(registers, float(0), float(1), accumulator)
        }
        O::Frc if float(0).is_finite() => {
            let exact = Exact::float(float(0)).plus(Exact::float(-float(0).floor()));
            Outcome::Exact(exact, 0.0)
        }
        O::Frc => Outcome::Float(f64::NAN),
        O::Rndd => Outcome::Float(float(0).floor()),
        O::Rndu => Outcome::Float(float(0).ceil()),
        O::Rndz => Outcome::Float(float(0).trunc()),
        O::Rnde => {
            let (value, floor) = (float(0), float(0).floor());
            Outcome::Float(if !value.is_finite() {
                value
            } else if value - floor < 0.5 || value - floor == 0.5 && floor % 2.0 == 0.0 {
                floor.copysign(value)
            } else {
                (floor + 1.0).copysign(value)
            })
        }
        opcode => panic!("{opcode:?}"),
    }
}

/// `math`, by other ways than the obvious functions where there are any.
fn math(registers: &Registers, one: &Instruction, sources: &[&Source], channel: usize) -> Outcome {
    use MathFunction as F;
    let value = |which: usize| registers.value(sources[which], channel, false);
    let function = one.math.expect("a function");
    if matches!(function, F::IntegerQuotient | F::IntegerRemainder) {
        let (a, b) = (value(0).integer(), value(1).integer());
        let range = range(kind_of(sources[0]));
        let quotient = match b {
            0 if a < 0 => *range.start(),
            0 => *range.end(),
            // Towards zero: the signs apart.
            b => (a.abs() / b.abs()) * a.signum() * b.signum(),
        };
        return Outcome::Integer(match function {
            F::IntegerQuotient => quotient,
            _ if b == 0 => a,
            _ => a - quotient * b,
        });
    }
    let a = value(0).float();
    Outcome::Float(match function {
        F::Inverse => a.powi(-1),
        F::Logarithm => a.ln() / std::f64::consts::LN_2,
        F::Exponential => (a * std::f64::consts::LN_2).exp(),
        F::SquareRoot | F::InverseSquareRoot if a < 0.0 => f64::NAN,
        F::InverseSquareRoot if a == 0.0 => 1.0 / a,
        F::SquareRoot => a.powf(0.5).copysign(if a == 0.0 { a } else { 1.0 }),
        F::InverseSquareRoot => (1.0 / a).sqrt(),
        F::Sine => (a / 2.0).sin() * (a / 2.0).cos() * 2.0,
        F::Cosine => {
            // Without the loss where it is near 0.
            let (sine, cosine) = (a / 2.0).sin_cos();
            (cosine - sine) * (cosine + sine)
        }
        F::FloatDivide => a * value(1).float().recip(),
        F::Power => {
            let b = value(1).float();
            if a == 0.0 || !a.is_finite() || !b.is_finite() || b == 0.0 {
                a.abs().powf(b)
            } else {
                (b * a.abs().ln()).exp()
            }
        }
        function => panic!("{function:?}"),
    })
}

/// Units in the last place that a result may differ by: none but of `math`'s floats, which are not
/// the exact result rounded.
pub(super) fn tolerance(one: &Instruction) -> Option<f64> {
    let to = one.destination?.kind;
    (one.opcode == Opcode::Math && to.is_float()).then_some(1.0)
}

/// Distance of a float type's numbers around a value.
pub(super) fn unit(value: f64, kind: DataType) -> f64 {
    let format = format(kind);
    let exponent = if value == 0.0 {
        format.least
    } else {
        (value.abs().log2().floor() as i32).max(format.least)
    };
    2_f64.powi(exponent - (format.precision - 1))
}
