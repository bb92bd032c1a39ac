//! Control flow: loops, branches, switches, functions, early ends.

use super::data::{CORNERS, Random, pairs};
use super::{Expected, Test, map, same};
use crate::gpu::{Kernel, Outcome, Rig, Slot};

/// The tests.
pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new("flow::loops", |rig| {
            map(rig, "flow_loops", 2, &data(61), loops)
        })
        .both(),
        Test::new("flow::branches", |rig| {
            map(rig, "flow_branches", 2, &data(62), branches)
        })
        .both(),
        Test::new("flow::switches", |rig| {
            map(rig, "flow_switch", 2, &data(63), switches)
        })
        .both(),
        Test::new("flow::functions", |rig| {
            map(rig, "flow_functions", 2, &data(64), functions)
        })
        .both(),
        Test::new("flow::early_ends", early).both(),
    ]
}

fn data(seed: u64) -> Vec<u32> {
    let mut random = Random::new(seed);
    pairs(&CORNERS, 400, || random.dword())
}

fn loops(o: &[u32], e: &mut Expected) {
    let (a, b) = (o[0], o[1]);
    let (mut n, mut steps) = (a % 1000 + 1, 0);
    while n != 1 && steps < 300 {
        n = if n & 1 == 0 { n / 2 } else { 3 * n + 1 };
        steps += 1;
    }
    e.bits("Collatz's steps", steps);
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    e.bits("the greatest divisor", x);
    let mut sum = 0;
    for i in 0..a & 15 {
        for j in 0..b & 15 {
            if j > i + 3 {
                break;
            }
            if (i ^ j) & 1 == 1 {
                continue;
            }
            sum += i * 16 + j;
            if sum > 900 {
                break;
            }
        }
        if sum > 1200 {
            break;
        }
    }
    e.bits("loops in loops", sum);
    e.bits("do while", ((b & 63).div_ceil(3) * 3).max(3));
}

fn branches(o: &[u32], e: &mut Expected) {
    let (a, b) = (o[0], o[1]);
    let add = u32::wrapping_add;
    let times = |r: u32, by: u32| r.wrapping_mul(by);
    let mut r = 1u32;
    if a & 1 != 0 {
        r = 4;
        if a & 2 != 0 {
            r = add(times(r, 5), b);
            if a & 4 != 0 {
                r ^= 0x55;
            } else {
                r = add(r, 9);
                if b & 1 != 0 {
                    r = times(r, 7);
                }
            }
        } else if b & 2 != 0 {
            r = add(times(r, 11), a);
        } else {
            r = add(times(r, 13), b);
        }
    } else {
        r += match (b & 4 != 0, b & 8 != 0) {
            (true, true) => 100,
            (true, false) => 200,
            _ => 300,
        };
        r = add(times(r, 17), a);
    }
    e.bits("nested branches", r);
    let wild = (a > b && a & 8 != 0) || (b & 16 != 0 && a != 0);
    e.truth("a condition", wild);
    e.bits(
        "chosen",
        match (wild, a & 32 != 0, b & 32 != 0) {
            (true, true, _) => a,
            (true, false, _) => b,
            (false, _, true) => 5,
            (false, _, false) => 6,
        },
    );
}

fn switches(o: &[u32], e: &mut Expected) {
    let (a, b) = (o[0], o[1]);
    e.bits(
        "switch",
        match a % 9 {
            0 => 10,
            1 => 25,
            2 => 5,
            4 | 5 => b,
            7 if b & 1 == 0 => 70,
            7 => 71,
            _ => 99,
        },
    );
    let (mut state, mut turns) = (a & 3, 0);
    for i in 0..20 {
        match state {
            0 => {
                state = (b >> i) & 3;
                turns += 1;
            }
            1 => {
                state = 2;
                turns += 10;
                continue;
            }
            2 => {
                state = 0;
                turns += 100;
            }
            _ => {
                turns += 1000;
                state = (a >> i) & 1;
            }
        }
        if turns > 5000 {
            break;
        }
    }
    e.bits("turns", turns);
    e.bits("state", state);
}

fn functions(o: &[u32], e: &mut Expected) {
    let (a, b) = (o[0], o[1]);
    let twist = |x: u32| x.wrapping_mul(0x9e37_79b1) ^ x >> 15;
    let first_over = |mut start: u32, limit: u32| {
        for i in 0..64 {
            if start > limit {
                return i;
            }
            if start == 0 {
                return 1000;
            }
            start = start.wrapping_add(start / 2 + 1);
        }
        64
    };
    e.bits("twist", twist(a));
    e.bits(
        "both",
        match a > b {
            true => twist(a).wrapping_add(first_over(a & 255, b & 0xff_ffff)),
            false => first_over(b & 255, twist(a) & 0xffff),
        },
    );
    let (low, high) = (a & 0xffff, a >> 16);
    let total = 5 + low + high;
    let next = b ^ low;
    e.bits("low", next & 0xffff);
    e.bits("high", next >> 16);
    e.bits("total", total + (next & 0xffff) + (next >> 16));
}

fn early(rig: &Rig<'_>) -> Outcome {
    let (groups, size) = (20u32, 48u32);
    let values = rig.buffer(&vec![7u32; (groups * size) as usize])?;
    let program = rig.program(&Kernel::new("flow_early"), &[&[Slot::Storage(values)]])?;
    rig.run::<u32>(&program, &[], [groups, 1, 1])?;
    let wanted: Vec<u32> = (0..groups * size)
        .map(|i| match (i / size % 3, i & 3, i & 15) {
            (1, ..) => 7,
            (_, 2, _) => 1,
            (_, _, n @ 0..8) => 11 + 100 * n,
            _ => 11 + 800 + 10000,
        })
        .collect();
    same("values", &rig.read::<u32>(&values), &wanted)
}
