//! Floats of fewer than 32 bits, as registers, formats and atomics have them.

/// A half float as a float, exactly.
pub(crate) fn from_half(half: u16) -> f32 {
    let sign = u32::from(half & 0x8000) << 16;
    f32::from_bits(sign | unsigned(u32::from(half & 0x7fff), 10).to_bits())
}

/// The nearest half float, of two the even one.
pub(crate) fn to_half(value: f32) -> u16 {
    let sign = (value.to_bits() >> 16) as u16 & 0x8000;
    sign | to_unsigned(value.abs(), 10) as u16
}

/// A float of 5 exponent bits and so many mantissa bits, without sign, as a float, exactly.
pub(crate) fn unsigned(bits: u32, mantissa: u32) -> f32 {
    let exponent = bits >> mantissa & 0x1f;
    let fraction = bits & ((1 << mantissa) - 1);
    match exponent {
        0 => fraction as f32 / (1u32 << (14 + mantissa)) as f32,
        31 => f32::from_bits(0x7f80_0000 | fraction << (23 - mantissa)),
        _ => f32::from_bits((exponent + 112) << 23 | fraction << (23 - mantissa)),
    }
}

/// The nearest float of 5 exponent bits and so many mantissa bits, of two the even one; without
/// sign: what is below 0 becomes 0.
pub(crate) fn to_unsigned(value: f32, mantissa: u32) -> u32 {
    let infinity = 31 << mantissa;
    if value.is_nan() {
        return infinity | 1 << (mantissa - 1);
    }
    if value <= 0.0 {
        return 0;
    }
    if value.is_infinite() {
        return infinity;
    }
    let bits = value.to_bits();
    let exponent = (bits >> 23) as i32 - 127;
    if exponent > 15 {
        return infinity;
    }
    // The significand with its leading one, and how many of its low bits are dropped.
    let significand = bits & 0x7f_ffff | 0x80_0000;
    let (base, drop) = if exponent >= -14 {
        (((exponent + 14) as u32) << mantissa, 23 - mantissa)
    } else {
        (0, 23 - mantissa + (-14 - exponent).min(24) as u32)
    };
    if drop > 24 {
        return 0;
    }
    let mut kept = significand >> drop;
    let rest = significand & ((1 << drop) - 1);
    let half = 1 << (drop - 1);
    if rest > half || rest == half && kept & 1 != 0 {
        kept += 1;
    }
    // A carry into the exponent is the right number, and from the greatest one infinity.
    base + kept
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All half floats survive a round trip; those of 11 and 10 bits do too.
    #[test]
    fn round_trips() {
        for half in 0..=u16::MAX {
            let value = from_half(half);
            if value.is_nan() {
                assert!(from_half(to_half(value)).is_nan());
            } else {
                assert_eq!(to_half(value), half, "{value}");
            }
        }
        for (mantissa, count) in [(6, 1 << 11), (5, 1 << 10)] {
            for bits in 0..count {
                let value = unsigned(bits, mantissa);
                if !value.is_nan() {
                    assert_eq!(to_unsigned(value, mantissa), bits);
                }
            }
        }
    }

    /// Between two half floats, the nearest one is chosen, of two the even one.
    #[test]
    fn halves_are_rounded_to_nearest_even() {
        for half in 0..0x7c00u16 {
            let low = f64::from(from_half(half));
            let high = if half == 0x7bff {
                65536.0
            } else {
                f64::from(from_half(half + 1))
            };
            let middle = ((low + high) / 2.0) as f32;
            let even = half + (half & 1);
            assert_eq!(to_half(middle), even, "{middle}");
            assert_eq!(to_half(middle.next_down()), half);
            assert_eq!(to_half(middle.next_up()), half + 1);
            assert_eq!(to_half(-middle), even | 0x8000);
        }
        assert_eq!(to_half(1e9), 0x7c00);
        assert_eq!(to_half(1e-9), 0);
        assert_eq!(to_unsigned(1e9, 6), 31 << 6);
        assert_eq!(to_unsigned(-1.0, 6), 0);
    }
}
