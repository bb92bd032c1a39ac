//! Numbers for shaders to work on: the ones that break things, and random ones, the same each time.

/// A generator of random numbers (xorshift with a multiplication).
pub(crate) struct Random(u64);

impl Random {
    /// The sequence of that number.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next 64 bits.
    pub(crate) fn long(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// The next dword.
    pub(crate) fn dword(&mut self) -> u32 {
        (self.long() >> 32) as u32
    }

    /// The next number below this.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        self.dword() % end.max(1)
    }

    /// The next float from `low` to `high`.
    pub(crate) fn float(&mut self, low: f32, high: f32) -> f32 {
        let part = f64::from(self.dword()) / f64::from(u32::MAX);
        (f64::from(low) + part * (f64::from(high) - f64::from(low))) as f32
    }

    /// So many dwords.
    pub(crate) fn dwords(&mut self, count: usize) -> Vec<u32> {
        (0..count).map(|_| self.dword()).collect()
    }
}

/// Dwords at which integer arithmetic goes wrong first.
pub(crate) const CORNERS: [u32; 18] = [
    0,
    1,
    2,
    3,
    7,
    31,
    32,
    33,
    0x7f,
    0xff,
    0x8000,
    0xffff,
    0x0001_0000,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0xffff_fffe,
    0xffff_ffff,
];

/// Floats at which arithmetic goes wrong first, without denormals.
pub(crate) const FLOAT_CORNERS: [f32; 18] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    0.333_333_34,
    1e-20,
    -3e10,
    16_777_216.0,
    8_388_609.0,
    1e30,
    f32::MAX,
    f32::MIN_POSITIVE,
    65504.0,
];

/// All pairs of these, then random ones.
pub(crate) fn pairs(corners: &[u32], random: usize, mut next: impl FnMut() -> u32) -> Vec<u32> {
    let mut all = Vec::new();
    for a in corners {
        for b in corners {
            all.extend([*a, *b]);
        }
    }
    all.extend((0..2 * random).map(|_| next()));
    all
}

/// Rounds to the nearest half float, ties to even; the bits of it.
pub(crate) fn half(value: f64) -> u16 {
    let sign = if value.is_sign_negative() { 0x8000 } else { 0 };
    let size = value.abs();
    if value.is_nan() {
        return 0x7e00;
    }
    if size >= 65520.0 {
        return sign | 0x7c00;
    }
    let exponent = if size < 2f64.powi(-14) {
        -14
    } else {
        (size.log2().floor() as i32).clamp(-14, 15)
    };
    let steps = (size / 2f64.powi(exponent - 10)).round_ties_even() as u32;
    // A carry out of the fraction goes on into the exponent by itself.
    let bits = match steps >= 1024 {
        true => (((exponent + 15) as u32) << 10) + (steps - 1024),
        false => steps,
    };
    sign | bits as u16
}

/// The value of a half float.
pub(crate) fn from_half(bits: u16) -> f64 {
    let sign = if bits & 0x8000 != 0 { -1.0 } else { 1.0 };
    let fraction = f64::from(bits & 0x3ff);
    match i32::from(bits >> 10 & 31) {
        31 if bits & 0x3ff != 0 => f64::NAN,
        31 => sign * f64::INFINITY,
        0 => sign * fraction * 2f64.powi(-24),
        exponent => sign * (1024.0 + fraction) * 2f64.powi(exponent - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::{from_half, half};

    #[test]
    fn every_half_comes_back() {
        for bits in 0..=u16::MAX {
            let value = from_half(bits);
            if !value.is_nan() {
                assert_eq!(half(value), bits, "{value}");
            }
        }
        assert_eq!(half(65519.0), 0x7bff);
        assert_eq!(half(65520.0), 0x7c00);
        assert_eq!(half(1.0 + 2f64.powi(-11)), 0x3c00);
        assert_eq!(half(1.0 + 3.0 * 2f64.powi(-11)), 0x3c02);
    }
}
