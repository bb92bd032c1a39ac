//! Between integers and floats, and several numbers in a dword.

use super::check::{Expect, Expected};
use super::data::{CORNERS, FLOAT_CORNERS, Random, from_half, half};
use super::{Test, map};

/// The tests.
pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new("conversions::numbers", |rig| {
            map(rig, "conversions", 2, &numbers(), converted)
        })
        .both(),
        Test::new("conversions::packing", |rig| {
            map(rig, "packing", 4, &vectors(), packed)
        })
        .both(),
    ]
}

fn numbers() -> Vec<u32> {
    let mut random = Random::new(41);
    let mut all = Vec::new();
    for a in FLOAT_CORNERS
        .into_iter()
        .chain([2147483520.0, 1e9, -1e9, 0.999])
    {
        for b in CORNERS {
            all.extend([a.to_bits(), b]);
        }
    }
    for _ in 0..300 {
        let shift = random.below(24);
        let a = random.float(-3e9, 4e9) / (1u32 << shift) as f32;
        all.extend([a.to_bits(), random.dword() >> shift]);
    }
    all
}

/// An integer as a float: correctly rounded, in a direction that is left open.
fn of_integer(value: i64) -> Expect {
    Expect::Ulps(value as f64, 0.999_999)
}

fn converted(o: &[u32], e: &mut Expected) {
    let (a, b) = (f32::from_bits(o[0]), o[1]);
    let fits = a.abs() < 2_147_483_000.0;
    e.int("int()", if fits { a as i32 } else { 0 });
    let fits = a > -1.0 && a < 4_294_967_000.0;
    e.bits("uint()", if fits { a as u32 } else { 0 });
    e.put("float(uint)", of_integer(b.into()));
    e.put("float(int)", of_integer((b as i32).into()));
    e.float("float(16 bits)", (b & 0xffff) as f32);
    e.truth("bool(uint)", b != 0);
    e.float("float(bool)", if b != 0 { 1.0 } else { 0.0 });
    e.truth("bool(float)", a != 0.0);
    e.float("float(signed byte)", f32::from(b as u8 as i8));
    e.float("float(second byte)", f32::from((b >> 8) as u8));
}

fn vectors() -> Vec<u32> {
    let mut random = Random::new(42);
    let mut all = Vec::new();
    for number in 0..300 {
        for _ in 0..4 {
            let value = match number % 4 {
                0 => [0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -3.0, 0.25][random.below(8) as usize],
                1 => random.float(-1.2, 1.2),
                2 => random.float(-70000.0, 70000.0),
                _ => random.float(-1.0, 1.0) / 512.0,
            };
            all.push(value.to_bits());
        }
    }
    all
}

/// A number from `low` to 1 in steps of `scale`, at a place of a dword: within one step, since the
/// rounding of the product is left open.
fn steps(value: f32, low: f64, scale: f64) -> [i64; 2] {
    let exact = f64::from(value).clamp(low, 1.0) * scale;
    // The product is rounded to a float before it is rounded to a step.
    let slack = exact.abs() / 8_388_608.0;
    [
        (exact - slack).round_ties_even() as i64,
        (exact + slack).round_ties_even() as i64,
    ]
}

/// All dwords whose parts, each of so many bits, are one of the two given.
fn join(parts: &[[i64; 2]], bits: u32) -> Expect {
    let mut all = vec![0u32];
    for (number, choices) in (0u32..).zip(parts) {
        let mask = u32::MAX >> (32 - bits);
        all = all
            .iter()
            .flat_map(|it| choices.map(|choice| it | (choice as u32 & mask) << (number * bits)))
            .collect();
    }
    all.dedup();
    Expect::OneOf(all.into_iter().map(Expect::Bits).collect())
}

fn packed(o: &[u32], e: &mut Expected) {
    let v: Vec<f32> = o.iter().map(|it| f32::from_bits(*it)).collect();
    // A half float may be rounded either way, and denormals may be zero.
    let halves: Vec<Vec<u32>> = v[..2]
        .iter()
        .map(|it| {
            let exact = f64::from(*it);
            let nearest = half(exact);
            let mut all = vec![u32::from(nearest)];
            for other in [nearest.wrapping_sub(1), nearest.wrapping_add(1)] {
                let value = from_half(other);
                let between = (value - exact) * (from_half(nearest) - exact) < 0.0;
                if between || (from_half(nearest).is_infinite() && value.abs() == 65504.0) {
                    all.push(other.into());
                }
            }
            if exact.abs() < 2f64.powi(-14) {
                all.extend([0, 0x8000]);
            }
            all
        })
        .collect();
    let pairs = halves[0]
        .iter()
        .flat_map(|low| halves[1].iter().map(move |high| low | high << 16));
    e.put(
        "packHalf2x16",
        Expect::OneOf(pairs.map(Expect::Bits).collect()),
    );
    let all = |v: &[f32], low, scale| -> Vec<[i64; 2]> {
        v.iter().map(|it| steps(*it, low, scale)).collect()
    };
    e.put("packUnorm2x16", join(&all(&v[..2], 0.0, 65535.0), 16));
    e.put("packSnorm2x16", join(&all(&v[2..], -1.0, 32767.0), 16));
    e.put("packUnorm4x8", join(&all(&v, 0.0, 255.0), 8));
    e.put("packSnorm4x8", join(&all(&v, -1.0, 127.0), 8));
    let bits = o[0].wrapping_mul(2_654_435_761) ^ o[1];
    let words = [bits as u16, (bits >> 16) as u16];
    for word in words {
        let value = from_half(word);
        e.put(
            "unpackHalf2x16",
            match value.abs() < 2f64.powi(-14) {
                true => Expect::OneOf(vec![
                    Expect::float(value as f32),
                    Expect::float(0.0),
                    Expect::float(-0.0),
                ]),
                false => Expect::float(value as f32),
            },
        );
    }
    for word in words {
        e.ulps("unpackUnorm2x16", f64::from(word) / 65535.0, 2.5);
    }
    for word in words {
        let value = f64::from(word as i16) / 32767.0;
        e.ulps("unpackSnorm2x16", value.max(-1.0), 2.5);
    }
    for byte in bits.to_le_bytes() {
        e.ulps("unpackUnorm4x8", f64::from(byte) / 255.0, 2.5);
    }
    for byte in bits.to_le_bytes() {
        let value = f64::from(byte as i8) / 127.0;
        e.ulps("unpackSnorm4x8", value.max(-1.0), 2.5);
    }
}
