//! Floats in decimal where few digits tell all their bits, else in hexadecimal.

/// A float of 32 bits.
pub(super) fn single(value: f32) -> String {
    let bits = u64::from(value.to_bits());
    if value.is_nan() {
        return not_a_number(bits, 23, 8);
    }
    decimal(f64::from(value), |read| read as f32 == value).unwrap_or_else(|| format!("0x{bits:X}"))
}

/// A float of 64 bits.
pub(super) fn double(value: f64) -> String {
    if value.is_nan() {
        return not_a_number(value.to_bits(), 52, 11);
    }
    decimal(value, |read| read == value).unwrap_or_else(|| format!("0x{:X}", value.to_bits()))
}

/// A float of 16 bits.
pub(super) fn half(bits: u16) -> String {
    let exponent = bits >> 10 & 0x1F;
    let mantissa = f32::from(bits & 0x3FF);
    if exponent == 0x1F && bits & 0x3FF != 0 {
        return not_a_number(u64::from(bits), 10, 5);
    }
    let magnitude = match exponent {
        0 => mantissa * 2f32.powi(-24),
        0x1F => f32::INFINITY,
        exponent => (1024.0 + mantissa) * 2f32.powi(i32::from(exponent) - 25),
    };
    let value = if bits & 0x8000 != 0 {
        -magnitude
    } else {
        magnitude
    };
    // Digits enough for 32 bits, as all of these are such.
    decimal(f64::from(value), |read| read as f32 == value).unwrap_or_else(|| format!("0x{bits:X}"))
}

fn not_a_number(bits: u64, mantissa: u32, exponent: u32) -> String {
    let sign = if bits >> (mantissa + exponent) & 1 != 0 {
        "-"
    } else {
        ""
    };
    let quiet = 1 << (mantissa - 1);
    let kind = if bits & quiet != 0 { "qnan" } else { "snan" };
    format!("{sign}{kind}(0x{:X})", bits & (quiet - 1))
}

/// The number with six significant digits, or in scientific notation with seven, if that is
/// `exact` when read again.
fn decimal(value: f64, exact: impl Fn(f64) -> bool) -> Option<String> {
    if value.is_infinite() {
        return Some(if value < 0.0 { "-inf" } else { "inf" }.to_owned());
    }
    let short = general(value);
    if short.parse().is_ok_and(&exact) {
        let whole = !short.contains(['.', 'e']);
        return Some(if whole { short + ".0" } else { short });
    }
    let long = scientific(value, 6);
    long.parse().is_ok_and(&exact).then_some(long)
}

/// C's `%g`.
fn general(value: f64) -> String {
    let short = scientific(value, 5);
    let (digits, exponent) = short.split_once('e').unwrap_or((&short, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..6).contains(&exponent) {
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        return format!("{digits}{}", exponent_text(exponent));
    }
    let fixed = format!("{value:.*}", usize::try_from(5 - exponent).unwrap_or(0));
    if fixed.contains('.') {
        fixed.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        fixed
    }
}

/// C's `%e`.
fn scientific(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{mantissa}{}", exponent_text(exponent.parse().unwrap_or(0)))
}

fn exponent_text(exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the assembler prints them.
    #[test]
    fn texts() {
        assert_eq!(single(0.0), "0.0");
        assert_eq!(single(-0.0), "-0.0");
        assert_eq!(single(10000.0), "10000.0");
        assert_eq!(single(1e6), "1e+06");
        assert_eq!(single(8.333_332e-3), "8.333332e-03");
        assert_eq!(single(2.725e-6), "2.725e-06");
        assert_eq!(single(f32::from_bits(0x3FC9_0FDA)), "0x3FC90FDA");
        assert_eq!(single(-3.140_625), "-3.140625e+00");
        assert_eq!(single(f32::from_bits(0x7FC0_0000)), "qnan(0x0)");
        assert_eq!(single(f32::from_bits(0xFF80_0001)), "-snan(0x1)");
        assert_eq!(half(0x3C00), "1.0");
        assert_eq!(half(0xFC00), "-inf");
        assert_eq!(double(0.5), "0.5");
    }
}
