//! Integers of 32 bits: every result is exact.

use super::data::{CORNERS, Random, pairs};
use super::{Test, map};

/// The tests.
pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new("integers::unsigned", |rig| {
            map(rig, "integer_unsigned", 2, &data(1), unsigned)
        })
        .both(),
        Test::new("integers::signed", |rig| {
            map(rig, "integer_signed", 2, &data(2), signed)
        })
        .both(),
        Test::new("integers::bits", |rig| {
            map(rig, "integer_bits", 2, &data(3), bits)
        })
        .both(),
        Test::new("integers::vectors", |rig| {
            let mut random = Random::new(4);
            let mut data = random.dwords(8 * 300);
            data.iter_mut().step_by(3).for_each(|it| *it &= 7);
            map(rig, "integer_vectors", 8, &data, vectors)
        })
        .both(),
    ]
}

fn data(seed: u64) -> Vec<u32> {
    let mut random = Random::new(seed);
    pairs(&CORNERS, 300, || random.dword() >> random.below(32))
}

fn unsigned(o: &[u32], e: &mut super::Expected) {
    let (a, b) = (o[0], o[1]);
    let wide = u64::from(a) * u64::from(b);
    e.bits("+", a.wrapping_add(b));
    e.bits("-", a.wrapping_sub(b));
    e.bits("*", a.wrapping_mul(b));
    e.bits("/", a.checked_div(b).unwrap_or(0));
    e.bits("%", a.checked_rem(b).unwrap_or(0));
    e.bits("/ 7", a / 7);
    e.bits("% 10", a % 10);
    e.bits("&", a & b);
    e.bits("|", a | b);
    e.bits("^", a ^ b);
    e.bits("~", !a);
    e.bits("<<", a << (b & 31));
    e.bits(">>", a >> (b & 31));
    e.bits("min", a.min(b));
    e.bits("max", a.max(b));
    e.bits("clamp", a.clamp(5, 0x9000_0000));
    e.truth("<", a < b);
    e.truth("<=", a <= b);
    e.truth("==", a == b);
    e.truth("!=", a != b);
    e.truth(">=", a >= b);
    e.truth(">", a > b);
    e.bits("uaddCarry", a.wrapping_add(b));
    e.truth("its carry", a.checked_add(b).is_none());
    e.bits("usubBorrow", a.wrapping_sub(b));
    e.truth("its borrow", a < b);
    e.bits("umulExtended, high", (wide >> 32) as u32);
    e.bits("umulExtended, low", wide as u32);
    e.bits("a * 3 + b", a.wrapping_mul(3).wrapping_add(b));
    e.bits("(a << 5) - b", (a << 5).wrapping_sub(b));
}

fn signed(o: &[u32], e: &mut super::Expected) {
    let (a, b) = (o[0] as i32, o[1] as i32);
    let wide = i64::from(a) * i64::from(b);
    e.int("+", a.wrapping_add(b));
    e.int("-", a.wrapping_sub(b));
    e.int("*", a.wrapping_mul(b));
    e.int("/", a.checked_div(b).unwrap_or(0));
    let plain = a >= 0 && b >= 0;
    e.int("%", a.checked_rem(b).filter(|_| plain).unwrap_or(0));
    e.int("/ 7", a / 7);
    e.int("negated", a.wrapping_neg());
    e.int("abs", a.wrapping_abs());
    e.int("sign", a.signum());
    e.int("<<", a << (b & 31));
    e.int(">>", a >> (b & 31));
    e.int("min", a.min(b));
    e.int("max", a.max(b));
    e.int("clamp", a.clamp(-100, 100));
    e.truth("<", a < b);
    e.truth("<=", a <= b);
    e.truth(">=", a >= b);
    e.truth(">", a > b);
    e.bits("imulExtended, high", (wide >> 32) as u32);
    e.bits("imulExtended, low", wide as u32);
    e.int("?:", if a < 0 { b } else { a });
    e.int("mix", if a & 1 == 1 { b } else { a });
}

fn extract(a: u32, offset: u32, bits: u32) -> u32 {
    match bits {
        0 => 0,
        bits => (a >> offset) & (u32::MAX >> (32 - bits)),
    }
}

fn extract_signed(a: u32, offset: u32, bits: u32) -> i32 {
    match bits {
        0 => 0,
        bits => ((extract(a, offset, bits) << (32 - bits)) as i32) >> (32 - bits),
    }
}

fn insert(a: u32, b: u32, offset: u32, bits: u32) -> u32 {
    let mask = match bits {
        0 => 0,
        bits => (u32::MAX >> (32 - bits)) << offset,
    };
    (a & !mask) | ((b << offset) & mask)
}

fn find_msb(a: u32) -> i32 {
    31 - a.leading_zeros() as i32
}

fn bits(o: &[u32], e: &mut super::Expected) {
    let (a, b) = (o[0], o[1]);
    let offset = b & 31;
    let bits = (b >> 8) % (33 - offset);
    e.bits("bitCount", a.count_ones());
    let lowest = if a == 0 {
        -1
    } else {
        a.trailing_zeros() as i32
    };
    e.int("findLSB", lowest);
    e.int("findMSB", find_msb(a));
    e.int(
        "findMSB, signed",
        find_msb(if (a as i32) < 0 { !a } else { a }),
    );
    e.bits("bitfieldReverse", a.reverse_bits());
    e.bits("bitfieldExtract", extract(a, offset, bits));
    e.int("bitfieldExtract, signed", extract_signed(a, offset, bits));
    e.bits("bitfieldInsert", insert(a, b, offset, bits));
    e.bits("bitfieldExtract 8 8", extract(a, 8, 8));
    e.int("bitfieldExtract 16 16, signed", extract_signed(a, 16, 16));
    e.bits("bitfieldInsert 4 9", insert(a, b, 4, 9));
    e.bits("rotated", a.rotate_left(13));
    e.bits("selected", (a & b) | (!a & 0x5a5a_5a5a));
    let swapped = (a & 0xff00_ff00) >> 8 | (a & 0x00ff_00ff) << 8;
    e.bits("bytes swapped", swapped);
}

fn vectors(o: &[u32], e: &mut super::Expected) {
    let (a, b) = (&o[..4], &o[4..]);
    for lane in 0..4 {
        e.bits("sum", a[lane].wrapping_add(b[3 - lane]));
    }
    let products = (0..4).map(|lane| a[lane].wrapping_mul(b[lane]));
    e.bits("products", products.fold(0, |all, it| all ^ it));
    let less: Vec<bool> = (0..4).map(|lane| a[lane] < b[lane]).collect();
    less.iter().for_each(|it| e.truth("lessThan", *it));
    e.truth("any", less.contains(&true));
    e.truth("all", !less.contains(&false));
    e.truth("all not", !less.contains(&true));
    for lane in 0..4 {
        e.bits("mix", if less[lane] { b[lane] } else { a[lane] });
    }
    e.bits("a[b.x]", a[b[0] as usize & 3]);
    for (lane, value) in a.iter().enumerate() {
        let changed = lane == b[1] as usize & 3;
        e.bits("changed[b.y]", if changed { 77 } else { *value });
    }
    e.truth("==", a == b);
    e.truth("==, of itself", true);
}
