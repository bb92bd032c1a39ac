//! Atomics of each channel.

use super::{DATA, Message, Setup, dword, dwords, qwords};
use crate::isa::SharedFunction::DataPort1;
use proptest::prelude::*;

/// The integer operations by their field, as plain arithmetic of numbers of so many bits.
fn integer(field: u32, bits: u32, old: u64, first: u64, second: u64) -> u64 {
    let mask = u64::MAX >> (64 - bits);
    let signed = |value: u64| match bits {
        16 => i64::from(value as i16),
        32 => i64::from(value as i32),
        _ => value as i64,
    };
    let new = match field {
        1 => old & first,
        2 => old | first,
        3 => old ^ first,
        4 => first,
        5 => old.wrapping_add(1),
        6 | 15 => old.wrapping_sub(1),
        7 => old.wrapping_add(first),
        8 => old.wrapping_sub(first),
        9 => first.wrapping_sub(old),
        10 => signed(old).max(signed(first)) as u64,
        11 => signed(old).min(signed(first)) as u64,
        12 => old.max(first),
        13 => old.min(first),
        14 if old == first => second,
        _ => old,
    };
    new & mask
}

fn operands(field: u32) -> usize {
    match field {
        5 | 6 | 15 => 0,
        14 => 2,
        _ => 1,
    }
}

/// Messages of integer atomics: type, control besides operation and answer, binding table index,
/// channels, bits.
const INTEGER: [(u32, u32, u32, usize, u32); 8] = [
    (0x02, 0, 3, 16, 32),
    (0x02, 0x10, 3, 8, 32),
    (0x02, 0x10, 254, 8, 32),
    (0x03, 0, 3, 16, 16),
    (0x12, 0, 255, 8, 32),
    (0x12, 0x10, 255, 8, 64),
    (0x13, 0, 255, 16, 16),
    (0x02, 0, 252, 16, 32),
];

proptest! {
    /// All integer atomics of all widths, channels one after the other, several at one address.
    #[test]
    fn integers(
        places in proptest::array::uniform16(0..6u32),
        values in proptest::array::uniform32(prop_oneof![any::<u64>(), 0..3u64]),
        mask in any::<u32>(),
    ) {
        for field in 1..16 {
            for (kind, control, index, lanes, bits) in INTEGER {
                let mut setup = Setup::new(false);
                setup.bind_raw(3, 4096);
                let bytes = bits / 8;
                let keep = u64::MAX >> (64 - bits);
                let mut memory: Vec<u64> = (0..6).map(|at| values[at] & keep).collect();
                for (at, value) in memory.iter().enumerate() {
                    let bytes = &value.to_le_bytes()[..bytes as usize];
                    setup.data(at as u64 * bytes.len() as u64)[..bytes.len()].copy_from_slice(bytes);
                    setup.local.write(0, at as u32 * bytes.len() as u32, bytes).expect("lenient");
                }
                let cell = |values: &[u64]| if bits == 64 {
                    qwords(values)
                } else {
                    // Bits above the width don't count.
                    dwords(&values.iter().map(|it| *it as u32).collect::<Vec<_>>())
                };
                let offsets: Vec<u32> = places[..lanes].iter().map(|at| at * bytes).collect();
                let first = if index == 255 {
                    qwords(&offsets.iter().map(|at| DATA + u64::from(*at)).collect::<Vec<_>>())
                } else {
                    dwords(&offsets)
                };
                let (one, two) = (&values[..lanes], &values[16..16 + lanes]);
                let mut data = Vec::new();
                if operands(field) > 0 { data.extend(cell(one)); }
                if operands(field) > 1 { data.extend(cell(two)); }
                let message = Message {
                    extended: 3 << 12,
                    ..Message::data(DataPort1, kind, control | field | 0x20, index).masked(mask)
                };
                let registers = cell(one).len();
                let answer = setup.send(&message, &first, &data, registers).expect("good");
                for lane in 0..lanes {
                    let number = if bits == 64 { lane * 2 } else { lane };
                    if mask >> lane & 1 == 0 {
                        prop_assert_eq!(dword(&answer, number), 0xeeee_eeee);
                        continue;
                    }
                    let value = &mut memory[places[lane] as usize];
                    let old = *value;
                    *value = integer(field, bits, old, one[lane] & keep, two[lane] & keep);
                    let expected = if field == 15 { *value } else { old };
                    prop_assert_eq!(dword(&answer, number), expected as u32);
                    if bits == 64 {
                        prop_assert_eq!(dword(&answer, number + 1), (expected >> 32) as u32);
                    }
                }
                for (at, value) in memory.iter().enumerate() {
                    let length = bytes as usize;
                    let mut found = [0; 8];
                    if index == 254 {
                        let at = (at * length) as u32;
                        setup.local.read(0, at, &mut found[..length]).expect("lenient");
                    } else {
                        let data = setup.data((at * length) as u64);
                        found[..length].copy_from_slice(&data[..length]);
                    }
                    prop_assert_eq!(u64::from_le_bytes(found), *value);
                }
            }
        }
    }
}

/// Float atomics: the answer is what was there.
#[test]
fn floats() {
    let cases: [(u32, f32, f32, f32, f32); 7] = [
        (1, 1.5, 2.5, 0.0, 2.5),
        (1, f32::NAN, -2.5, 0.0, -2.5),
        (2, 1.5, -2.5, 0.0, -2.5),
        (2, 1.5, f32::NAN, 0.0, 1.5),
        (3, -0.0, 0.0, 7.0, 7.0),
        (3, 1.0, 2.0, 7.0, 1.0),
        (4, 1.5, 2.25, 0.0, 3.75),
    ];
    for (field, old, one, two, new) in cases {
        for (kind, index) in [(0x1b, 3), (0x1d, 255), (0x1c, 3), (0x1e, 255)] {
            let half = matches!(kind, 0x1c | 0x1e);
            let encode = |value: f32| {
                if half {
                    u32::from(crate::small_float::to_half(value))
                } else {
                    value.to_bits()
                }
            };
            let width = if half { 2 } else { 4 };
            let mut setup = Setup::new(false);
            setup.bind_raw(3, 4096);
            setup.data(8)[..width].copy_from_slice(&encode(old).to_le_bytes()[..width]);
            let first = if index == 255 {
                qwords(&[DATA + 8; 8])
            } else {
                dwords(&[8; 8])
            };
            let mut data = dwords(&[encode(one); 8]);
            data.extend(dwords(&[encode(two); 8]));
            let message = Message {
                exec_size: 8,
                ..Message::data(DataPort1, kind, field | 0x30, index).masked(1)
            };
            let answer = setup.send(&message, &first, &data, 1).expect("good");
            assert_eq!(dword(&answer, 0), encode(old));
            let mut found = [0; 4];
            found[..width].copy_from_slice(&setup.data(8)[..width]);
            assert_eq!(u32::from_le_bytes(found), encode(new), "{field} {kind:#x}");
        }
    }
}

/// Outside a surface atomics answer 0 and change nothing; without an answer they need no
/// registers for it.
#[test]
fn outside() {
    let mut setup = Setup::new(false);
    setup.bind_raw(3, 64);
    let before = setup.data(0).to_vec();
    let message = Message::data(DataPort1, 2, 0x3f, 3);
    let answer = setup
        .send(&message, &dwords(&[64; 8]), &[], 1)
        .expect("good");
    assert_eq!(answer, [[0; 32]]);
    assert!(setup.data(0) == before);
    let silent = Message::data(DataPort1, 2, 0x1f, 3).masked(1);
    setup.send(&silent, &dwords(&[0; 8]), &[], 0).expect("good");
    assert!(setup.data(0) != before);
}
