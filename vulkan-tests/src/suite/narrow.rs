//! Integers of 8, 16 and 64 bits, floats of 16 and 64, and small numbers in buffers, where the
//! device offers them.

use super::check::{Expect, Expected, ulp};
use super::data::{FLOAT_CORNERS, Random, from_half, half, pairs};
use super::{Test, map, same};
use crate::gpu::{Kernel, Offers, Outcome, Rig, Slot};

/// The tests.
pub(super) fn tests(offers: &Offers) -> Vec<Test> {
    let words = offers.base.shader_int16 != 0;
    let bytes = offers.v12.shader_int8 != 0;
    let small = offers.v11.storage_buffer16_bit_access != 0
        && offers.v12.storage_buffer8_bit_access != 0
        && words
        && bytes;
    vec![
        Test::new("narrow::int64", |rig| map(rig, "int64", 4, &longs(), int64))
            .both()
            .only(offers.base.shader_int64 != 0),
        Test::new("narrow::int16", |rig| {
            map(rig, "int16", 2, &shorts(16), int16)
        })
        .both()
        .only(words),
        Test::new("narrow::int8", |rig| map(rig, "int8", 2, &shorts(8), int8))
            .both()
            .only(words && bytes),
        Test::new("narrow::float16", |rig| {
            map(rig, "float16", 2, &halves(), float16)
        })
        .both()
        .only(offers.v12.shader_float16 != 0),
        Test::new("narrow::float64", |rig| {
            map(rig, "float64", 4, &doubles(), float64)
        })
        .only(offers.base.shader_float64 != 0),
        Test::new("narrow::storage", storage).both().only(small),
    ]
}

fn longs() -> Vec<u32> {
    let corners = [
        0,
        1,
        2,
        7,
        0xffff_ffff,
        0x1_0000_0000,
        0x1_0000_0001,
        0x7fff_ffff_ffff_ffff,
        0x8000_0000_0000_0000,
        0x8000_0000_0000_0001,
        0xffff_ffff_ffff_fffe,
        u64::MAX,
        10_000_000_019,
    ];
    let mut random = Random::new(64);
    let mut all = Vec::new();
    let mut add = |a: u64, b: u64| {
        for it in [a, b] {
            all.extend([it as u32, (it >> 32) as u32]);
        }
    };
    for a in corners {
        corners.iter().for_each(|b| add(a, *b));
    }
    for _ in 0..200 {
        let shift = random.below(64);
        add(random.long(), random.long() >> shift);
    }
    all
}

fn int64(o: &[u32], e: &mut Expected) {
    let join = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    let (a, b) = (join(o[0], o[1]), join(o[2], o[3]));
    let (c, d) = (a as i64, b as i64);
    let shift = o[2] & 63;
    e.long("+", a.wrapping_add(b));
    e.long("-", a.wrapping_sub(b));
    e.long("*", a.wrapping_mul(b));
    e.long("/", a.checked_div(b).unwrap_or(0));
    e.long("%", a.checked_rem(b).unwrap_or(0));
    e.long("signed /", c.checked_div(d).unwrap_or(0) as u64);
    e.long("&", a & b);
    e.long("|", a | b);
    e.long("^", a ^ b);
    e.long("~", !a);
    e.long("<<", a << shift);
    e.long(">>", a >> shift);
    e.long("signed >>", (c >> shift) as u64);
    e.long("min", a.min(b));
    e.long("max", c.max(d) as u64);
    e.long("abs", c.wrapping_abs() as u64);
    e.long("sign", c.signum() as u64);
    e.truth("<", a < b);
    e.truth("signed <", c < d);
    e.truth("signed >=", c >= d);
    e.truth("==", a == b);
    e.long("int64_t(int)", i64::from(o[0] as i32) as u64);
    e.long("u32 * u32", u64::from(o[0]) * u64::from(o[2]));
    e.truth("float(uint64_t)", true);
}

fn shorts(bits: u32) -> Vec<u32> {
    let mask = (1u32 << bits) - 1;
    let top = 1u32 << (bits - 1);
    let corners = [0, 1, 2, 3, 7, 15, 16, top - 1, top, top + 1, mask - 1, mask];
    let mut random = Random::new(u64::from(bits));
    let mut data = pairs(&corners, 300, || random.dword() & mask);
    // What is above the narrow number has to be left out.
    data.iter_mut().for_each(|it| *it |= (*it ^ 0x5) << bits);
    data
}

fn int16(o: &[u32], e: &mut Expected) {
    let (a, b) = (o[0] as u16, o[1] as u16);
    let (c, d) = (a as i16, b as i16);
    e.bits("+", a.wrapping_add(b).into());
    e.bits("-", a.wrapping_sub(b).into());
    e.bits("*", a.wrapping_mul(b).into());
    e.bits("/", a.checked_div(b).unwrap_or(0).into());
    e.bits("%", a.checked_rem(b).unwrap_or(0).into());
    e.int("signed /", c.checked_div(d).unwrap_or(0).into());
    e.int("signed +", c.wrapping_add(d).into());
    e.int("signed *", c.wrapping_mul(d).into());
    e.bits("<<", (a << (b & 15)).into());
    e.bits(">>", (a >> (b & 15)).into());
    e.int("signed >>", (c >> (d & 15)).into());
    e.bits("min", a.min(b).into());
    e.int("max", c.max(d).into());
    // The least has no opposite: what comes of it is left open.
    e.put(
        "abs",
        match c {
            i16::MIN => Expect::Any,
            c => Expect::Bits(u32::from(c.unsigned_abs())),
        },
    );
    e.int("sign", d.signum().into());
    e.bits("~", (!a).into());
    e.truth("signed <", c < d);
    e.truth("<", a < b);
    for (it, by) in [(a, 3), (b, 5), (a ^ b, 7), (a & b, 9)] {
        e.bits("vector *", it.wrapping_mul(by).into());
    }
    e.bits("packUint2x16", u32::from(b) | u32::from(a) << 16);
}

fn int8(o: &[u32], e: &mut Expected) {
    let (a, b) = (o[0] as u8, o[1] as u8);
    let (c, d) = (a as i8, b as i8);
    e.bits("+", a.wrapping_add(b).into());
    e.bits("-", a.wrapping_sub(b).into());
    e.bits("*", a.wrapping_mul(b).into());
    e.bits("/", a.checked_div(b).unwrap_or(0).into());
    e.bits("%", a.checked_rem(b).unwrap_or(0).into());
    e.int("signed /", c.checked_div(d).unwrap_or(0).into());
    e.int("signed +", c.wrapping_add(d).into());
    e.int("signed *", c.wrapping_mul(d).into());
    e.bits("<<", (a << (b & 7)).into());
    e.bits(">>", (a >> (b & 7)).into());
    e.int("signed >>", (c >> (d & 7)).into());
    e.bits("min", a.min(b).into());
    e.int("max", c.max(d).into());
    e.truth("signed <", c < d);
    e.truth("<", a < b);
    e.bits("pack32", u32::from_le_bytes([a, b, a ^ b, a & b]));
    e.int("int8 * int8 in 16", (i16::from(c) * i16::from(d)).into());
}

fn halves() -> Vec<u32> {
    let corners = [
        0u32, 0x8000, 0x3c00, 0xbc00, 0x3800, 0x3e00, 0x4100, 0xc100, 0x7bff, 0xfbff, 0x0400,
        0x5640, 0x3555, 0x64ff,
    ];
    let mut random = Random::new(1616);
    // Normal numbers: whether denormals are kept is left open.
    pairs(&corners, 400, || {
        let bits = random.dword();
        (bits & 0x83ff) | ((1 + (bits >> 16) % 30) << 10)
    })
}

/// The bits of a half float near a value: results are compared as bits, so all are listed.
fn half_near(exact: f64, ulps: f64) -> Expect {
    if exact.is_nan() {
        return Expect::OneOf(
            (0x7c01..0x8000)
                .step_by(511)
                .map(Expect::Bits)
                .chain([Expect::Bits(0x7e00), Expect::Bits(0xfe00)])
                .collect(),
        );
    }
    if exact.is_infinite() {
        return Expect::Bits(half(exact).into());
    }
    let step = ulp(exact, 11, -14);
    let mut all = Vec::new();
    let nearest = half(exact);
    let reach = 2 * ulps.ceil() as u16 + 1;
    for bits in nearest.saturating_sub(reach)..=nearest.saturating_add(reach) {
        let value = from_half(bits);
        if bits == nearest || (value - exact).abs() <= ulps * step {
            all.push(Expect::Bits(bits.into()));
        }
    }
    let smallest = 2f64.powi(-14);
    if exact.abs() < smallest {
        all.extend([Expect::Bits(0), Expect::Bits(0x8000)]);
    }
    if exact.abs() + step * ulps > 65504.0 {
        all.push(Expect::Bits(if exact < 0.0 { 0xfc00 } else { 0x7c00 }));
    }
    if exact == 0.0 {
        all.push(Expect::Bits(0x8000));
    }
    Expect::OneOf(all)
}

fn float16(o: &[u32], e: &mut Expected) {
    let (a, b) = (from_half(o[0] as u16), from_half(o[1] as u16));
    let exact = |value| half_near(value, 0.5);
    e.put("+", exact(a + b));
    e.put("-", exact(a - b));
    e.put("*", exact(a * b));
    e.put(
        "/",
        match (2f64.powi(-14)..=2f64.powi(14)).contains(&b.abs()) {
            true => half_near(a / b, 2.5),
            false => Expect::Any,
        },
    );
    let product = from_half(half(a * b));
    e.put(
        "fma",
        Expect::OneOf(vec![exact(a * b + a), exact(product + a)]),
    );
    // 1 / inversesqrt: each is by 2 and 2.5 ulp.
    e.put("sqrt", half_near(a.abs().sqrt(), 4.5));
    e.put("abs", exact(a.abs()));
    e.put("negated", exact(-a));
    e.put("min", exact(a.min(b)));
    e.put("max", exact(a.max(b)));
    e.put("floor", exact(a.floor()));
    e.put("ceil", exact(a.ceil()));
    e.put("trunc", exact(a.trunc()));
    e.put("roundEven", exact(a.round_ties_even()));
    e.truth("<", a < b);
    e.truth("==", a == b);
    e.float("float()", a as f32);
    e.int("int()", a.clamp(-1000.0, 1000.0) as i32);
    e.put("float16_t()", half_near(f64::from(a as f32 * 0.333), 1.0));
    for (it, by) in [(a, 2.0), (b, 4.0), (a, 8.0), (b, 0.5)] {
        e.put("vector *", exact(it * by));
    }
}

fn doubles() -> Vec<u32> {
    let mut random = Random::new(6464);
    let mut all = Vec::new();
    for number in 0..300 {
        for _ in 0..2 {
            let corner = f64::from(FLOAT_CORNERS[random.below(18) as usize]);
            let value = match number % 3 {
                0 => corner,
                _ => f64::from_bits(
                    random.long() & !(0x7ff << 52) | (u64::from(900 + random.below(250)) << 52),
                ),
            };
            let bits = value.to_bits();
            all.extend([bits as u32, (bits >> 32) as u32]);
        }
    }
    all
}

fn float64(o: &[u32], e: &mut Expected) {
    let join = |low: u32, high: u32| f64::from_bits(u64::from(low) | u64::from(high) << 32);
    let (a, b) = (join(o[0], o[1]), join(o[2], o[3]));
    let mut put = |name, value: f64| e.long(name, value.to_bits());
    put("+", a + b);
    put("-", a - b);
    put("*", a * b);
    // Of zeroes with different signs either may be the smaller.
    let zeroes = a == 0.0 && b == 0.0;
    for (name, value) in [("min", a.min(b)), ("max", a.max(b))] {
        match zeroes {
            true => {
                e.put(name, Expect::Any);
                e.put(name, Expect::Any);
            }
            false => e.long(name, value.to_bits()),
        }
    }
    let mut put = |name, value: f64| e.long(name, value.to_bits());
    put("abs", a.abs());
    put("negated", -a);
    put("floor", a.floor());
    put("trunc", a.trunc());
    e.truth("<", a < b);
    e.truth("==", a == b);
    e.long("double()", f64::from(o[2] & 0xff_ffff).to_bits());
}

fn storage(rig: &Rig<'_>) -> Outcome {
    let mut random = Random::new(8);
    let count = 256;
    let bytes: Vec<u8> = (0..count).map(|_| random.dword() as u8).collect();
    let words: Vec<i16> = (0..count).map(|_| random.dword() as i16).collect();
    let (new_bytes, new_words) = (rig.space(count)?, rig.space(count * 2)?);
    let sums = rig.space(count * 4)?;
    let slots = [
        Slot::Storage(rig.buffer(&bytes)?),
        Slot::Storage(rig.buffer(&words)?),
        Slot::Storage(new_bytes),
        Slot::Storage(new_words),
        Slot::Storage(sums),
    ];
    let program = rig.program(&Kernel::new("storage_small"), &[&slots])?;
    rig.run::<u32>(&program, &[], [count as u32 / 32, 1, 1])?;
    let wanted: Vec<u8> = bytes
        .iter()
        .map(|it| it.wrapping_mul(3).wrapping_add(1))
        .collect();
    same("bytes", &rig.read::<u8>(&new_bytes), &wanted)?;
    let wanted: Vec<u16> = (0i32..)
        .zip(&words)
        .map(|(i, it)| (i32::from(*it) - i) as u16)
        .collect();
    same("words", &rig.read::<u16>(&new_words), &wanted)?;
    let sum = |(word, byte): (&i16, &u8)| i32::from(*word) * 1000 + i32::from(*byte);
    let wanted: Vec<i32> = words.iter().zip(&bytes).map(sum).collect();
    same("sums", &rig.read::<i32>(&sums), &wanted)?;
    Ok(())
}
