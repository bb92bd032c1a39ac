//! What the values of fields mean.

use super::decode::{DecodeError, reserved};
use super::instruction::*;

/// Strides as basic instructions encode them.
pub(super) fn stride(code: u8) -> u8 {
    match code {
        0 => 0,
        code => 1 << (code - 1),
    }
}

/// Elements of a row of a three-source region, which doesn't say.
pub(super) fn implied_width(vertical: u8, horizontal: u8) -> u8 {
    match (vertical, horizontal) {
        (0, _) => 1,
        (vertical, 0) => vertical,
        (vertical, horizontal) => (vertical / horizontal).max(1),
    }
}

/// A constant of a three-source instruction: 16 bits, which are extended to those of its type.
pub(super) fn ternary_immediate(bits: u64, kind: DataType) -> u64 {
    let signed = i64::from(bits as i16);
    match kind {
        DataType::D => u64::from(signed as u32),
        DataType::Q => signed as u64,
        _ if kind.size() == 1 => bits & 0xFF,
        _ => bits,
    }
}

/// An offset of 10 bits.
pub(super) fn signed_offset(bits: u64) -> i16 {
    ((bits as i16) << 6) >> 6
}

pub(super) fn is_long(code: u8) -> bool {
    code & 0b11 == 0b11
}

/// A type of registers.
pub(super) fn register_kind(code: u8) -> Result<DataType, DecodeError> {
    Ok(match code {
        0b0000 => DataType::UB,
        0b0001 => DataType::UW,
        0b0010 => DataType::UD,
        0b0011 => DataType::UQ,
        0b0100 => DataType::B,
        0b0101 => DataType::W,
        0b0110 => DataType::D,
        0b0111 => DataType::Q,
        0b1001 => DataType::HF,
        0b1010 => DataType::F,
        0b1011 => DataType::DF,
        _ => return reserved("type", code),
    })
}

/// A type of constants: bytes are vectors.
pub(super) fn immediate_kind(code: u8) -> Result<DataType, DecodeError> {
    Ok(match code {
        0b0000 => DataType::UV,
        0b0100 => DataType::V,
        0b1000 => DataType::VF,
        code => return register_kind(code),
    })
}

/// A type of a three-source instruction, whose types are all floats or all integers.
pub(super) fn ternary_kind(float: bool, code: u8) -> Result<DataType, DecodeError> {
    register_kind(if float { code | 0b1000 } else { code })
}

pub(super) fn register_name(general: bool, number: u8) -> Register {
    if general {
        return Register::General(number);
    }
    use ArchitectureRegister as A;
    let low = number & 0xF;
    Register::Architecture(match number >> 4 {
        0x0 if low == 0 => A::Null,
        0x1 if low == 0 => A::Address,
        0x2 => A::Accumulator(low),
        0x3 if low < 2 => A::Flag(low),
        0x4 if low == 0 => A::ChannelEnable,
        0x5 if low < 8 => A::MessageControl(low),
        0x6 if low == 0 => A::StackPointer,
        0x7 if low == 0 => A::State(low),
        0x8 if low == 0 => A::Control(low),
        0x9 if low == 0 => A::Notification(low),
        0xA if low == 0 => A::InstructionPointer,
        0xB if low == 0 => A::ThreadDependency,
        0xC if low == 0 => A::Timestamp(low),
        0xD if low < 4 => A::FlowControl(low),
        0xF if low == 0 => A::Debug(low),
        _ => A::Reserved(number),
    })
}

pub(super) fn predicate_control(code: u8) -> Result<PredicateControl, DecodeError> {
    Ok(match code {
        1 => PredicateControl::Sequential,
        2 => PredicateControl::AnyVertical,
        3 => PredicateControl::AllVertical,
        4..=13 => {
            let channels = 2 << (code / 2 - 2);
            if code.is_multiple_of(2) {
                PredicateControl::AnyHorizontal(channels)
            } else {
                PredicateControl::AllHorizontal(channels)
            }
        }
        _ => return reserved("predicate control", code),
    })
}

pub(super) fn condition(code: u8) -> Result<Condition, DecodeError> {
    Ok(match code {
        1 => Condition::Equal,
        2 => Condition::NotEqual,
        3 => Condition::Greater,
        4 => Condition::GreaterOrEqual,
        5 => Condition::Less,
        6 => Condition::LessOrEqual,
        8 => Condition::Overflow,
        9 => Condition::Unordered,
        _ => return reserved("condition", code),
    })
}

pub(super) fn math_function(code: u8) -> Result<MathFunction, DecodeError> {
    Ok(match code {
        1 => MathFunction::Inverse,
        2 => MathFunction::Logarithm,
        3 => MathFunction::Exponential,
        4 => MathFunction::SquareRoot,
        5 => MathFunction::InverseSquareRoot,
        6 => MathFunction::Sine,
        7 => MathFunction::Cosine,
        9 => MathFunction::FloatDivide,
        10 => MathFunction::Power,
        11 => MathFunction::IntegerDivide,
        12 => MathFunction::IntegerQuotient,
        13 => MathFunction::IntegerRemainder,
        14 => MathFunction::InverseMacro,
        15 => MathFunction::InverseSquareRootMacro,
        _ => return reserved("math function", code),
    })
}

pub(super) fn shared_function(code: u8) -> Result<SharedFunction, DecodeError> {
    Ok(match code {
        0 => SharedFunction::Null,
        2 => SharedFunction::Sampler,
        3 => SharedFunction::Gateway,
        4 => SharedFunction::DataPort2,
        5 => SharedFunction::RenderCache,
        6 => SharedFunction::Urb,
        7 => SharedFunction::ThreadSpawner,
        8 => SharedFunction::MotionEstimation,
        9 => SharedFunction::ConstantCache,
        10 => SharedFunction::DataPort0,
        11 => SharedFunction::PixelInterpolator,
        12 => SharedFunction::DataPort1,
        13 => SharedFunction::Refinement,
        _ => return reserved("shared function", code),
    })
}
