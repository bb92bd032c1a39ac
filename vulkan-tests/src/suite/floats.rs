//! Floats of 32 bits, by Vulkan's precision table.

use super::check::{Expect, Expected};
use super::data::{FLOAT_CORNERS, Random};
use super::{Test, map};

/// The tests.
pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new("floats::arithmetic", |rig| {
            map(rig, "float_arithmetic", 3, &triples(), arithmetic)
        })
        .both(),
        Test::new("floats::rounding", |rig| {
            map(rig, "float_rounding", 1, &singles(), rounding)
        })
        .both(),
        Test::new("floats::exponents", |rig| {
            map(rig, "float_exponents", 2, &powers(), exponents)
        })
        .both(),
        Test::new("floats::angles", |rig| {
            map(rig, "float_angles", 2, &angles(), trigonometry)
        })
        .both(),
        Test::new("floats::special", |rig| {
            map(rig, "float_special", 2, &specials(), special)
        })
        .both(),
        Test::new("floats::parts", |rig| {
            map(rig, "float_parts", 2, &parted(), parts)
        })
        .both(),
    ]
}

/// Half a unit in the last place of a float near 1.
const HALF_ULP: f64 = 1.0 / 16_777_216.0;

fn bits(values: impl IntoIterator<Item = f32>) -> Vec<u32> {
    values.into_iter().map(f32::to_bits).collect()
}

/// Any normal float with an exponent of at most `range` either way.
fn normal(random: &mut Random, range: u32) -> f32 {
    let exponent = 127 - range + random.below(2 * range + 1);
    f32::from_bits(random.dword() & 0x807f_ffff | exponent << 23)
}

fn triples() -> Vec<u32> {
    let mut random = Random::new(31);
    let mut all = Vec::new();
    for a in FLOAT_CORNERS {
        for b in FLOAT_CORNERS {
            all.extend([a, b, normal(&mut random, 40)]);
        }
    }
    for _ in 0..400 {
        let range = 1 + random.below(60);
        all.extend((0..3).map(|_| normal(&mut random, range)));
    }
    bits(all)
}

/// A value rounded to a float; where that is a denormal it may be zero.
fn rounded(exact: f32) -> Expect {
    match exact.is_subnormal() {
        true => Expect::OneOf(vec![
            Expect::float(exact),
            Expect::float(0.0),
            Expect::float(-0.0),
        ]),
        false => Expect::float(exact),
    }
}

/// One of two, where they are zeroes with different signs, which Vulkan lets be equal.
fn either(value: f32, a: f32, b: f32) -> Expect {
    match a == 0.0 && b == 0.0 {
        true => Expect::OneOf(vec![Expect::float(a), Expect::float(b)]),
        false => Expect::float(value),
    }
}

fn zero_of_any_sign(value: f32) -> Expect {
    either(value, value, -value)
}

fn arithmetic(o: &[u32], e: &mut Expected) {
    let [a, b, c] = [0, 1, 2].map(|it| f32::from_bits(o[it]));
    let exact = |value: f32| f64::from(value);
    e.put("+", rounded(a + b));
    e.put("-", rounded(a - b));
    e.put("*", rounded(a * b));
    // 2.5 ulp while the divisor is from 2^-126 to 2^126.
    let fits = (-126f32).exp2() <= b.abs() && b.abs() <= 126f32.exp2();
    e.put(
        "/",
        match fits {
            true => Expect::Ulps(exact(a) / exact(b), 2.5),
            false => Expect::Any,
        },
    );
    let parted = a * b + c;
    e.put(
        "fma",
        Expect::OneOf(vec![rounded(a.mul_add(b, c)), rounded(parted)]),
    );
    e.float("negated", -a);
    e.float("abs", a.abs());
    let sign = if a == 0.0 { a } else { a.signum() };
    e.put("sign", zero_of_any_sign(sign));
    e.put("min", either(a.min(b), a, b));
    e.put("max", either(a.max(b), a, b));
    e.put("clamp", zero_of_any_sign(a.clamp(-2.0, 3.0)));
    e.put("clamp to 0, 1", zero_of_any_sign(a.clamp(0.0, 1.0)));
    e.float("step", if b < a { 0.0 } else { 1.0 });
    e.float("mix", if c > 0.0 { b } else { a });
    e.truth("<", a < b);
    e.truth("<=", a <= b);
    e.truth("==", a == b);
    e.truth("!=", a != b);
    e.truth(">", a > b);
    e.truth(">=", a >= b);
    let fits = (-126f32).exp2() <= a.abs() && a.abs() <= 126f32.exp2();
    e.put(
        "1 /",
        match fits {
            true => Expect::Ulps(1.0 / exact(a), 2.5),
            false => Expect::Any,
        },
    );
    e.put("* 2", rounded(a * 2.0));
    e.put("* 0.1", rounded(a * 0.1));
    e.float("-abs", -b.abs());
}

fn singles() -> Vec<u32> {
    let mut random = Random::new(32);
    let corners = FLOAT_CORNERS.into_iter().flat_map(|it| [it, -it]);
    let halves = (-40..40).map(|it| it as f32 * 0.5);
    let near = (0..40).map(|it| f32::from_bits(0x4afffff0 + it));
    let mut all = bits(corners.chain(halves).chain(near));
    all.extend((0..400).map(|_| normal(&mut random, 30).to_bits()));
    all
}

fn rounding(o: &[u32], e: &mut Expected) {
    let a = f32::from_bits(o[0]);
    e.put("floor", zero_of_any_sign(a.floor()));
    e.put("ceil", zero_of_any_sign(a.ceil()));
    e.put("trunc", zero_of_any_sign(a.trunc()));
    // Halves go either way.
    e.put(
        "round",
        Expect::OneOf(vec![
            zero_of_any_sign(a.round()),
            zero_of_any_sign(a.round_ties_even()),
        ]),
    );
    e.put("roundEven", zero_of_any_sign(a.round_ties_even()));
    e.put("fract", zero_of_any_sign(a - a.floor()));
    e.put("modf", zero_of_any_sign(a - a.trunc()));
    e.put("modf, whole", zero_of_any_sign(a.trunc()));
    e.put("floor of -a", zero_of_any_sign((-a).floor()));
}

fn powers() -> Vec<u32> {
    let mut random = Random::new(33);
    let mut all = Vec::new();
    for a in [
        1.0,
        2.0,
        0.5,
        4.0,
        1.000_000_1,
        0.999_999_94,
        10.0,
        1e10,
        1e-10,
    ] {
        for b in [0.0, 1.0, -1.0, 2.0, 0.5, -0.5, 3.5, -7.25, 8.0] {
            all.extend([a, b]);
        }
    }
    for _ in 0..400 {
        let range = 1 + random.below(30);
        let a = normal(&mut random, range).abs();
        all.extend([a, random.float(-15.0, 15.0)]);
    }
    bits(all)
}

/// How far `exp2` or `exp` of a number may be off, as a part of the result: 3 + 2 |x| ulp.
fn exponent_error(x: f64) -> f64 {
    (3.0 + 2.0 * x.abs()) * 2.0 * HALF_ULP
}

/// Some part of the exact value away from it.
fn by_part(exact: f64, part: f64) -> Expect {
    Expect::Within(exact, exact.abs() * part)
}

/// A logarithm: 3 ulp, and from 0.5 to 2 an absolute error of 2^-21.
fn logarithm(x: f64, exact: f64) -> Expect {
    match (0.5..=2.0).contains(&x) {
        true => Expect::Within(exact, 2f64.powi(-21)),
        false => Expect::Ulps(exact, 3.0),
    }
}

fn exponents(o: &[u32], e: &mut Expected) {
    let [a, b] = [0, 1].map(|it| f64::from(f32::from_bits(o[it])));
    e.put("exp2", by_part(b.exp2(), exponent_error(b)));
    e.put("exp", by_part(b.exp(), exponent_error(b)));
    e.put("log2", logarithm(a, a.log2()));
    e.put("log", logarithm(a, a.ln()));
    // Inherited from 1 / inversesqrt: 2.5 and 2 ulp.
    e.ulps("sqrt", a.sqrt(), 4.5);
    e.ulps("inversesqrt", 1.0 / a.sqrt(), 2.0);
    // Inherited from exp2(y * log2(x)).
    let log = a.log2();
    let log_error = match (0.5..=2.0).contains(&a) {
        true => 2f64.powi(-21),
        false => log.abs() * 6.0 * HALF_ULP,
    };
    let whole = b * log;
    let error = b.abs() * log_error + whole.abs() * HALF_ULP;
    let part = error.exp2() * (1.0 + exponent_error(whole.abs() + error)) - 1.0;
    let small = whole < -125.0;
    e.put(
        "pow",
        match whole > 127.0 || small {
            true => Expect::Any,
            false => by_part(a.powf(b), part),
        },
    );
    // Inherited from exp(b) and exp(-b).
    let error = exponent_error(b) * b.abs().cosh() + 4.0 * HALF_ULP * b.abs().cosh();
    e.within("sinh", b.sinh(), error);
    e.within("cosh", b.cosh(), error);
    let part = 2.0 * error / b.abs().cosh() + 8.0 * HALF_ULP;
    e.within("tanh", b.tanh(), part);
}

fn angles() -> Vec<u32> {
    let mut random = Random::new(34);
    let pi = std::f32::consts::PI;
    let mut all = Vec::new();
    for a in [0.0, -0.0, pi, -pi, pi / 2.0, -pi / 2.0, pi / 4.0, 1e-6] {
        for b in [0.0, 1.0, -1.0, 0.5, -0.5, 0.999, 1e-4] {
            all.extend([a, b]);
        }
    }
    for _ in 0..400 {
        all.extend([random.float(-pi, pi), random.float(-1.0, 1.0)]);
    }
    bits(all)
}

fn trigonometry(o: &[u32], e: &mut Expected) {
    let [a, b] = [0, 1].map(|it| f64::from(f32::from_bits(o[it])));
    let ulp = 2.0 * HALF_ULP;
    e.within("sin", a.sin(), 2f64.powi(-11));
    e.within("cos", a.cos(), 2f64.powi(-11));
    // Inherited from atan2(x, sqrt(1 - x * x)) and the like: atan is by 4096 ulp.
    e.within("asin", b.asin(), 4096.0 * ulp * 2.0);
    e.within("acos", b.acos(), 4096.0 * ulp * 4.0);
    e.ulps("atan", f64::from(b as f32 * 10.0).atan(), 4096.0);
    e.put(
        "atan of two",
        match a == 0.0 && b == 0.0 {
            true => Expect::Any,
            // Above and below the negative axis the result is pi and -pi.
            false if a == 0.0 => Expect::OneOf(vec![
                Expect::Ulps(a.atan2(b), 4096.0),
                Expect::Ulps((-a).atan2(b), 4096.0),
            ]),
            false => Expect::Ulps(a.atan2(b), 4096.0),
        },
    );
    e.ulps("radians", a.to_radians(), 2.0);
    e.ulps("degrees", a.to_degrees(), 2.0);
}

fn specials() -> Vec<u32> {
    let values = [
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        -f32::NAN,
        0.0,
        -0.0,
        1.0,
        -2.5,
        f32::MAX,
        1.25e-38,
    ];
    let pairs = values.iter().flat_map(|a| values.map(|b| [*a, b]));
    bits(pairs.flatten())
}

fn special(o: &[u32], e: &mut Expected) {
    let [a, b] = [0, 1].map(|it| f32::from_bits(o[it]));
    e.truth("isnan", a.is_nan());
    e.truth("isinf", a.is_infinite());
    e.truth("a + b is no finite number", !(a + b).is_finite());
    e.truth("==", a == b);
    e.truth("<", a < b);
    e.truth("not <", a.partial_cmp(&b) != Some(std::cmp::Ordering::Less));
    e.truth("!= itself", a.is_nan());
    e.bits("floatBitsToUint", o[0]);
    e.bits("floatBitsToInt", o[1]);
    e.bits("sign bit turned", o[0] ^ 0x8000_0000);
    let kind = match a.partial_cmp(&0.0) {
        Some(std::cmp::Ordering::Greater) => 1,
        Some(std::cmp::Ordering::Less) => 2,
        _ => 3,
    };
    e.bits("> 0, < 0, else", kind);
    e.put(
        "1 /",
        match a.abs() > 126f32.exp2() && a.is_finite() || a.abs() < (-126f32).exp2() && a != 0.0 {
            true => Expect::Any,
            false => Expect::Ulps(1.0 / f64::from(a), 2.5),
        },
    );
    e.float("+ 1", a + 1.0);
    e.float("* 2", a * 2.0);
}

fn parted() -> Vec<u32> {
    let mut random = Random::new(35);
    let mut all = Vec::new();
    for a in [0.0, 1.0, -1.0, 0.5, 0.75, 2.0, 1000.0, -1e-10, 3.0, -3.0] {
        all.extend([a, f32::from_bits(random.dword())]);
    }
    let mut all = bits(all);
    for _ in 0..300 {
        all.extend([normal(&mut random, 10).to_bits(), random.dword()]);
    }
    all
}

fn parts(o: &[u32], e: &mut Expected) {
    let a = f32::from_bits(o[0]);
    let exponent = match a == 0.0 {
        true => 0,
        false => (a.to_bits() >> 23 & 255) as i32 - 126,
    };
    let fraction = f64::from(a) * 2f64.powi(-exponent);
    e.float("frexp", fraction as f32);
    e.int("its exponent", exponent);
    let by = (o[1] % 40) as i32 - 20;
    e.float("ldexp", (fraction * 2f64.powi(by)) as f32);
    e.float("ldexp by 1", a * 2.0);
    // Inherited from a - 3 * floor(a / 3), whose division is by 2.5 ulp: near a multiple of 3 the
    // result may be at either end.
    let wide = f64::from(a);
    let error = 4.0 * (wide.abs() + 3.0) * 2.0 * HALF_ULP;
    let exact = wide.rem_euclid(3.0);
    e.put(
        "mod",
        Expect::OneOf(vec![
            Expect::Within(exact, error),
            match exact < error || exact > 3.0 - error {
                true => Expect::OneOf(vec![Expect::Within(0.0, error), Expect::Within(3.0, error)]),
                false => Expect::Within(exact, error),
            },
        ]),
    );
    let t = ((wide + 1.0) / 5.0).clamp(0.0, 1.0);
    e.within("smoothstep", t * t * (3.0 - 2.0 * t), 16.0 * HALF_ULP);
    let error = (wide.abs() + 8.0) * 4.0 * HALF_ULP;
    e.within("mix", wide * 0.75 + 2.0, error);
}
