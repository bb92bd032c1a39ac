//! How floats are rounded: by the modes in cr0, from results that are exact enough for any of
//! them.

/// Rounding modes, as cr0.0 has them in bits 5:4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Rounding {
    /// To nearest, ties to even.
    #[default]
    Nearest,
    /// Towards positive infinity.
    Up,
    /// Towards negative infinity.
    Down,
    /// Towards zero.
    Zero,
}

/// How a thread computes with floats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FloatMode {
    pub(super) rounding: Rounding,
    /// Denormal single floats are kept, not flushed to zero.
    pub(super) keep_single: bool,
    /// Denormal half floats are kept.
    pub(super) keep_half: bool,
}

impl FloatMode {
    /// The mode that cr0.0 says.
    pub(super) fn of(control: u32) -> Self {
        Self {
            rounding: match control >> 4 & 3 {
                0 => Rounding::Nearest,
                1 => Rounding::Up,
                2 => Rounding::Down,
                _ => Rounding::Zero,
            },
            keep_single: control & 1 << 7 != 0,
            keep_half: control & 1 << 10 != 0,
        }
    }
}

/// The sum, rounded to odd: to the neighbour whose last bit is 1 where it is not exact. Rounding
/// that once more, to at most 51 bits and in any mode, gives what rounding the exact sum gives. A 0
/// of two numbers that cancel out is negative if rounding goes down (IEEE 754).
pub(super) fn add(a: f64, b: f64, rounding: Rounding) -> f64 {
    let sum = a + b;
    if sum == 0.0 && rounding == Rounding::Down && a.is_sign_negative() != b.is_sign_negative() {
        return -0.0;
    }
    if !sum.is_finite() {
        return sum;
    }
    // What the addition lost, exactly.
    let part = sum - a;
    let error = (a - (sum - part)) + (b - part);
    if error == 0.0 || sum.to_bits() & 1 == 1 {
        return sum;
    }
    if error > 0.0 {
        sum.next_up()
    } else {
        sum.next_down()
    }
}

/// `a * b + c`, rounded to odd; `a` and `b` are single floats, whose product is exact.
pub(super) fn multiply_add(a: f64, b: f64, c: f64, rounding: Rounding) -> f64 {
    add(a * b, c, rounding)
}

/// Rounds to a single float.
pub(super) fn single(value: f64, rounding: Rounding) -> f32 {
    let nearest = value as f32;
    if rounding == Rounding::Nearest || value.is_nan() || value.is_infinite() {
        return nearest;
    }
    let back = f64::from(nearest);
    let up = match rounding {
        Rounding::Nearest => return nearest,
        Rounding::Up => true,
        Rounding::Down => false,
        Rounding::Zero => value < 0.0,
    };
    if up && back < value {
        nearest.next_up()
    } else if !up && back > value {
        nearest.next_down()
    } else {
        nearest
    }
}

/// Rounds to a half float.
pub(super) fn half(value: f64, rounding: Rounding) -> u16 {
    let sign = if value.is_sign_negative() { 0x8000 } else { 0 };
    if value.is_nan() {
        return sign | 0x7e00;
    }
    let magnitude = value.abs();
    if magnitude.is_infinite() {
        return sign | 0x7c00;
    }
    if magnitude == 0.0 {
        return sign;
    }
    let exponent = ((magnitude.to_bits() >> 52) as i32 - 1023).max(-14);
    // In units of the last place: exact, as only the exponent changes.
    let units = magnitude * power(10 - exponent);
    let whole = match (rounding, sign != 0) {
        (Rounding::Nearest, _) => units.round_ties_even(),
        (Rounding::Up, false) | (Rounding::Down, true) => units.ceil(),
        _ => units.floor(),
    };
    let largest = 2047.0;
    if exponent > 15 || exponent == 15 && whole > largest {
        let inwards = match rounding {
            Rounding::Nearest => false,
            Rounding::Up => sign != 0,
            Rounding::Down => sign == 0,
            Rounding::Zero => true,
        };
        return sign | if inwards { 0x7bff } else { 0x7c00 };
    }
    // Up to 2048: that is the next exponent's first, and adds up to it.
    let whole = whole as u16;
    if whole < 1024 {
        // Denormal: the exponent is the least one.
        return sign | whole;
    }
    sign | ((((exponent + 14) as u16) << 10) + whole)
}

/// 2 to the power of `exponent`, which is small.
fn power(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent.clamp(-1022, 1023)) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::small_float::from_half;
    use proptest::prelude::*;

    #[test]
    fn every_half_float_comes_back() {
        for bits in 0..=u16::MAX {
            let value = from_half(bits);
            for mode in [
                Rounding::Nearest,
                Rounding::Up,
                Rounding::Down,
                Rounding::Zero,
            ] {
                if value.is_nan() {
                    assert_eq!(half(f64::from(value), mode) & 0x7c00, 0x7c00);
                } else {
                    assert_eq!(half(f64::from(value), mode), bits, "{value}");
                }
            }
        }
    }

    /// IEEE 754: a directed rounding gives the neighbour on that side, and exact values stay.
    #[test]
    fn half_floats_between_two_are_rounded_by_the_mode() {
        for bits in 0..0x7bff_u16 {
            let (low, high) = (f64::from(from_half(bits)), f64::from(from_half(bits + 1)));
            let third = low + (high - low) / 3.0;
            let middle = (low + high) / 2.0;
            let even = if bits & 1 == 0 { bits } else { bits + 1 };
            assert_eq!(half(third, Rounding::Nearest), bits);
            assert_eq!(half(middle, Rounding::Nearest), even);
            assert_eq!(half(third, Rounding::Up), bits + 1);
            assert_eq!(half(third, Rounding::Down), bits);
            assert_eq!(half(third, Rounding::Zero), bits);
            assert_eq!(half(-third, Rounding::Up), bits | 0x8000);
            assert_eq!(half(-third, Rounding::Down), (bits + 1) | 0x8000);
        }
        assert_eq!(half(65519.9, Rounding::Nearest), 0x7bff);
        assert_eq!(half(65520.0, Rounding::Nearest), 0x7c00);
        assert_eq!(half(1e300, Rounding::Zero), 0x7bff);
    }

    proptest! {
        /// The processor's own fused multiplication and addition round to nearest.
        #[test]
        fn fused_operations_round_once(a: f32, b: f32, c: f32) {
            let exact = multiply_add(a.into(), b.into(), c.into(), Rounding::Nearest);
            let ours = single(exact, Rounding::Nearest);
            let theirs = a.mul_add(b, c);
            prop_assert!(ours == theirs || ours.is_nan() && theirs.is_nan());
            let (down, up) = (single(exact, Rounding::Down), single(exact, Rounding::Up));
            if ours.is_finite() {
                prop_assert!(down <= ours && ours <= up);
                prop_assert!(up == down || up == down.next_up());
            }
        }
    }
}
