//! What a value may be: exactly something, or near it by Vulkan's table "Precision of GLSL.std.450
//! instructions" and of SPIR-V's.

use std::fmt;

/// What one dword of a result may be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expect {
    /// Exactly these bits.
    Bits(u32),
    /// A float at most so many units in the last place from the exact value.
    Ulps(f64, f64),
    /// A float at most so far from the exact value.
    Within(f64, f64),
    /// A float that is no number.
    Nan,
    /// One of these.
    OneOf(Vec<Expect>),
    /// Left open by Vulkan.
    Any,
}

/// The distance of neighbouring floats at a value; `digits` is 24 for float, 11 for float16, and
/// `least` the exponent of the smallest normal.
pub(crate) fn ulp(value: f64, digits: i32, least: i32) -> f64 {
    let exponent = match value == 0.0 {
        true => least,
        false => (value.abs().log2().floor() as i32).clamp(least, 1100),
    };
    2f64.powi(exponent + 1 - digits)
}

impl Expect {
    /// Exactly this float.
    pub(crate) fn float(value: f32) -> Self {
        match value.is_nan() {
            true => Self::Nan,
            false => Self::Bits(value.to_bits()),
        }
    }

    /// Whether a dword will do.
    pub(crate) fn takes(&self, got: u32) -> bool {
        let float = f64::from(f32::from_bits(got));
        match self {
            Self::Bits(bits) => got == *bits,
            Self::Ulps(exact, ulps) => near(float, *exact, ulps * ulp(*exact, 24, -126)),
            Self::Within(exact, distance) => near(float, *exact, *distance),
            Self::Nan => float.is_nan(),
            Self::OneOf(all) => all.iter().any(|it| it.takes(got)),
            Self::Any => true,
        }
    }
}

/// Denormals may be zero, and what rounds beyond the largest float may be infinite.
fn near(got: f64, exact: f64, distance: f64) -> bool {
    if exact.is_nan() {
        return got.is_nan();
    }
    if got.is_nan() {
        return false;
    }
    if exact.is_infinite() {
        return got == exact;
    }
    if got.is_infinite() {
        return got.signum() == exact.signum() && exact.abs() + distance > f64::from(f32::MAX);
    }
    let tiny = f64::from(f32::MIN_POSITIVE);
    (got - exact).abs() <= distance || (exact.abs() < tiny + distance && got == 0.0)
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bits(bits) => write!(f, "{bits:#010x} ({:e})", f32::from_bits(*bits)),
            Self::Ulps(value, ulps) => write!(f, "{value:e} by {ulps} ulp"),
            Self::Within(value, distance) => write!(f, "{value:e} by {distance:e}"),
            Self::Nan => write!(f, "no number"),
            Self::OneOf(all) => {
                for (number, it) in all.iter().enumerate() {
                    write!(f, "{}{it}", if number > 0 { " or " } else { "" })?;
                }
                Ok(())
            }
            Self::Any => write!(f, "anything"),
        }
    }
}

/// What an element's results may be, each with its name.
#[derive(Default)]
pub(crate) struct Expected {
    /// In the order in which the shader writes them.
    pub(crate) all: Vec<(&'static str, Expect)>,
}

impl Expected {
    /// The next result.
    pub(crate) fn put(&mut self, name: &'static str, expect: Expect) {
        self.all.push((name, expect));
    }

    /// The next is this dword.
    pub(crate) fn bits(&mut self, name: &'static str, bits: u32) {
        self.put(name, Expect::Bits(bits));
    }

    /// The next is this number.
    pub(crate) fn int(&mut self, name: &'static str, value: i32) {
        self.bits(name, value as u32);
    }

    /// The next is true or false.
    pub(crate) fn truth(&mut self, name: &'static str, value: bool) {
        self.bits(name, value.into());
    }

    /// The next two are this number, its low half first.
    pub(crate) fn long(&mut self, name: &'static str, value: u64) {
        self.bits(name, value as u32);
        self.bits(name, (value >> 32) as u32);
    }

    /// The next is exactly this float.
    pub(crate) fn float(&mut self, name: &'static str, value: f32) {
        self.put(name, Expect::float(value));
    }

    /// The next is a float near this.
    pub(crate) fn ulps(&mut self, name: &'static str, exact: f64, ulps: f64) {
        self.put(name, Expect::Ulps(exact, ulps));
    }

    /// The next is a float within this distance.
    pub(crate) fn within(&mut self, name: &'static str, exact: f64, distance: f64) {
        self.put(name, Expect::Within(exact, distance));
    }
}

#[cfg(test)]
mod tests {
    use super::{Expect, ulp};

    #[test]
    fn units_in_the_last_place_are_those_of_the_exact_value() {
        assert_eq!(ulp(1.0, 24, -126), f64::from(f32::EPSILON));
        assert_eq!(ulp(-1.5, 24, -126), f64::from(f32::EPSILON));
        assert_eq!(ulp(0.0, 24, -126), 2f64.powi(-149));
        assert!(Expect::Ulps(1.0, 1.0).takes(0x3f80_0001));
        assert!(!Expect::Ulps(1.0, 1.0).takes(0x3f80_0002));
    }

    #[test]
    fn denormals_may_be_zero_and_overflow_infinite() {
        assert!(Expect::Ulps(1e-40, 0.5).takes(0));
        assert!(!Expect::Ulps(1e-30, 0.5).takes(0));
        assert!(Expect::Ulps(1e39, 1.0).takes(f32::INFINITY.to_bits()));
        assert!(!Expect::Ulps(1e39, 1.0).takes(f32::NEG_INFINITY.to_bits()));
        assert!(Expect::Ulps(f64::NAN, 1.0).takes(f32::NAN.to_bits()));
    }
}
