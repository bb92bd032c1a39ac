//! `math`: the functions of the extended math unit. Floats are computed as double floats
//! and rounded once, so that they are within the unit's documented precision (1 to 4 units in the
//! last place, by function).

use super::file::RegisterFile;
use super::operand;
use super::rounding::FloatMode;
use crate::isa::{DataType, MathFunction};
use crate::kernel::op::{Domain, Op};
use crate::trap::Trap;

/// Executes a function for the channels that are enabled.
#[inline(never)]
pub(super) fn execute(
    file: &mut RegisterFile,
    mode: FloatMode,
    op: &Op,
    function: MathFunction,
    domain: Domain,
    enabled: u32,
) -> Result<(), Trap> {
    let count = usize::from(op.exec_size);
    if domain == Domain::Integer {
        let a = operand::integers(file, &op.sources[0], count)?;
        let b = operand::integers(file, &op.sources[1], count)?;
        let kind = op.sources[0].kind;
        let divide = |a: i64, b: i64| divided(a, b, kind);
        let mut lanes = [0; 32];
        for (channel, lane) in lanes[..count].iter_mut().enumerate() {
            let (quotient, remainder) = divide(a[channel], b[channel]);
            *lane = match function {
                MathFunction::IntegerQuotient => quotient,
                MathFunction::IntegerRemainder => remainder,
                // Quotient and remainder at once would go to two registers.
                _ => {
                    return Err(Trap::IllegalOperand(
                        "a math function that integers don't have",
                    ));
                }
            };
        }
        return operand::put_integers(file, mode, op, &lanes, enabled);
    }
    let a = operand::floats(file, mode, &op.sources[0], count)?;
    let b = operand::floats(file, mode, &op.sources[1], count)?;
    let f: fn(f64, f64) -> f64 = match function {
        MathFunction::Inverse => |a, _| 1.0 / a,
        MathFunction::Logarithm => |a, _| a.log2(),
        MathFunction::Exponential => |a, _| a.exp2(),
        MathFunction::SquareRoot => |a, _| a.sqrt(),
        MathFunction::InverseSquareRoot => |a, _| 1.0 / a.sqrt(),
        MathFunction::Sine => |a, _| a.sin(),
        MathFunction::Cosine => |a, _| a.cos(),
        MathFunction::FloatDivide => |a, b| a / b,
        MathFunction::Power => |a, b| a.abs().powf(b),
        MathFunction::IntegerDivide
        | MathFunction::IntegerQuotient
        | MathFunction::IntegerRemainder
        | MathFunction::InverseMacro
        | MathFunction::InverseSquareRootMacro => {
            return Err(Trap::IllegalOperand(
                "a math function that floats don't have",
            ));
        }
    };
    let mut lanes = [0.0; 32];
    for (channel, lane) in lanes[..count].iter_mut().enumerate() {
        if enabled >> channel & 1 != 0 {
            *lane = f(a[channel], b[channel]);
        }
    }
    operand::put_floats(file, mode, op, &lanes, enabled)
}

/// Quotient and remainder, the remainder with the dividend's sign. By 0: all ones, or the
/// largest number of the quotient's sign, and the dividend.
fn divided(a: i64, b: i64, kind: DataType) -> (i64, i64) {
    if b == 0 {
        let (low, high) = operand::range(kind);
        return (if a < 0 { low } else { high }, a);
    }
    (a.wrapping_div(b), a.wrapping_rem(b))
}
