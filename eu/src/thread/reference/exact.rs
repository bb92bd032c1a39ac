//! Sums of products of floats, exact, and rounded as IEEE 754 has it: plain fixed-point numbers
//! that are long enough for any.

/// Bits behind the point: more than the product of two of the smallest floats has.
const FRACTION: i32 = 320;
/// Limbs of 64 bits.
const LIMBS: usize = 12;

/// A number in two's complement, the lowest limb first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exact([u64; LIMBS]);

/// Which way to round, by cr0's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Nearest,
    Up,
    Down,
    Zero,
}

/// A float format.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    /// Bits of the significand, with the one that isn't stored.
    pub(super) precision: i32,
    /// Exponent of the smallest normal number.
    pub(super) least: i32,
    /// Exponent of the largest number.
    pub(super) most: i32,
}

pub(super) const SINGLE: Format = Format {
    precision: 24,
    least: -126,
    most: 127,
};
pub(super) const HALF: Format = Format {
    precision: 11,
    least: -14,
    most: 15,
};

/// A finite number as an integer times a power of 2.
fn parts(value: f64) -> (i128, i32) {
    if value == 0.0 {
        return (0, 0);
    }
    let bits = value.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32;
    assert!(exponent != 0 && exponent != 0x7ff, "no single float");
    let mut significand = i128::from(bits & ((1 << 52) - 1) | 1 << 52);
    let mut exponent = exponent - 1075;
    while significand % 2 == 0 {
        significand /= 2;
        exponent += 1;
    }
    let signed = if value < 0.0 {
        -significand
    } else {
        significand
    };
    (signed, exponent)
}

impl Exact {
    /// `number` times 2 to the power of `exponent`.
    fn new(number: i128, exponent: i32) -> Self {
        let mut limbs = [0; LIMBS];
        let shift = usize::try_from(exponent + FRACTION).expect("not below the last bit");
        for bit in 0..128 {
            if number.unsigned_abs() >> bit & 1 != 0 {
                let place = bit + shift;
                limbs[place / 64] |= 1 << (place % 64);
            }
        }
        let exact = Self(limbs);
        if number < 0 { exact.negated() } else { exact }
    }

    pub(super) fn integer(number: i128) -> Self {
        Self::new(number, 0)
    }

    /// A float; what is beyond all floats' ends is still that.
    pub(super) fn float(value: f64) -> Self {
        let value = if value.abs() > 2_f64.powi(200) {
            2_f64.powi(200).copysign(value)
        } else if value != 0.0 && value.abs() < 2_f64.powi(-220) {
            2_f64.powi(-220).copysign(value)
        } else {
            value
        };
        let (number, exponent) = parts(value);
        Self::new(number, exponent)
    }

    pub(super) fn product(a: f64, b: f64) -> Self {
        let ((a, a_exponent), (b, b_exponent)) = (parts(a), parts(b));
        Self::new(a * b, a_exponent + b_exponent)
    }

    pub(super) fn plus(self, other: Self) -> Self {
        let mut limbs = [0; LIMBS];
        let mut carry = 0;
        for (number, limb) in limbs.iter_mut().enumerate() {
            let sum = u128::from(self.0[number]) + u128::from(other.0[number]) + carry;
            *limb = sum as u64;
            carry = sum >> 64;
        }
        Self(limbs)
    }

    fn negated(self) -> Self {
        let one = Self({
            let mut limbs = [0; LIMBS];
            limbs[0] = 1;
            limbs
        });
        Self(self.0.map(|limb| !limb)).plus(one)
    }

    fn is_negative(&self) -> bool {
        self.0[LIMBS - 1] >> 63 != 0
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0 == [0; LIMBS]
    }

    fn bit(&self, place: usize) -> bool {
        self.0[place / 64] >> (place % 64) & 1 != 0
    }

    /// The number of a format that it is rounded to; +0 for 0.
    pub(super) fn rounded(self, format: Format, way: Way) -> f64 {
        let negative = self.is_negative();
        let magnitude = if negative { self.negated() } else { self };
        let Some(top) = (0..LIMBS * 64).rev().find(|&place| magnitude.bit(place)) else {
            return 0.0;
        };
        let exponent = top as i32 - FRACTION;
        let last = exponent.max(format.least) - (format.precision - 1);
        let cut = (last + FRACTION) as usize;
        let mut whole = 0_u64;
        for place in (cut..=top.max(cut)).rev() {
            whole = whole << 1 | u64::from(magnitude.bit(place));
        }
        let half = magnitude.bit(cut - 1);
        let rest = (0..cut - 1).any(|place| magnitude.bit(place));
        let away = match way {
            Way::Nearest => half && (rest || whole & 1 == 1),
            Way::Up => !negative && (half || rest),
            Way::Down => negative && (half || rest),
            Way::Zero => false,
        };
        let mut value = (whole + u64::from(away)) as f64 * 2_f64.powi(last);
        if value >= 2_f64.powi(format.most + 1) {
            let inwards = match way {
                Way::Nearest => false,
                Way::Up => negative,
                Way::Down => !negative,
                Way::Zero => true,
            };
            value = if inwards {
                2_f64.powi(format.most + 1) - 2_f64.powi(format.most + 1 - format.precision)
            } else {
                f64::INFINITY
            };
        }
        if negative { -value } else { value }
    }
}

/// The processor rounds sums and products to nearest.
#[test]
fn sums_and_products_are_the_processors() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..20_000 {
        let [a, b, c] = [(); 3].map(|()| f32::from_bits(random.u32(..)));
        if !(a.is_finite() && b.is_finite() && c.is_finite()) {
            continue;
        }
        let exact = Exact::product(a.into(), b.into()).plus(Exact::float(c.into()));
        let ours = exact.rounded(SINGLE, Way::Nearest) as f32;
        assert_eq!(ours, a.mul_add(b, c), "{a} * {b} + {c}");
    }
}
