//! Arrays of an invocation's own, for which registers do not suffice.

use super::data::Random;
use super::{Expected, Test, map, same};
use crate::gpu::{Kernel, Outcome, Rig, Slot};

/// The tests.
pub(super) fn tests() -> Vec<Test> {
    let data = || Random::new(81).dwords(2 * 700);
    vec![
        Test::new("scratch::indexed", move |rig| {
            map(rig, "scratch_indexed", 2, &data(), indexed)
        })
        .both(),
        Test::new("scratch::types", move |rig| {
            map(rig, "scratch_types", 2, &data(), types)
        })
        .both(),
        Test::new("scratch::large", large).both(),
    ]
}

fn indexed(o: &[u32], e: &mut Expected) {
    let (a, b) = (o[0], o[1]);
    let mut own: Vec<u32> = (0..64).map(|n| a.wrapping_mul(n)).collect();
    for n in 0..32u32 {
        let at = (a >> (n & 15) & 63) as usize;
        let other = (b >> (n & 15) & 63) as usize;
        let kept = own[at];
        own[at] = own[other].wrapping_add(n);
        own[other] = kept ^ b;
    }
    let sum = own
        .iter()
        .fold(0u32, |sum, it| sum.wrapping_mul(5).wrapping_add(*it));
    e.bits("the sum", sum);
    e.bits("own[a]", own[a as usize & 63]);
    e.bits("own[b]", own[b as usize & 63]);
}

fn types(o: &[u32], e: &mut Expected) {
    let (a, b) = (o[0], o[1]);
    let (mut at, mut keys, mut way) = (a & 15, 0u32, 0);
    for n in 0..12 {
        keys = keys.wrapping_mul(3).wrapping_add((at * 7) ^ a);
        way += at + n % 3;
        at = match b >> n & 1 {
            0 => (at * 5).wrapping_add(b) & 15,
            _ => (at * 3).wrapping_add(a) & 15,
        };
    }
    e.bits("keys", keys);
    e.float("the way", way as f32);
    e.bits("the end", at);
    let table = |row: u32, column: u32| (row * 8 + column).wrapping_mul(b);
    let sum = table(a & 7, b & 7).wrapping_add(table(b & 7, a >> 3 & 7));
    e.bits("the table", sum);
}

fn large(rig: &Rig<'_>) -> Outcome {
    let seeds = Random::new(82).dwords(160);
    let results = rig.space(seeds.len() * 16)?;
    let slots = [Slot::Storage(rig.buffer(&seeds)?), Slot::Storage(results)];
    let program = rig.program(&Kernel::new("scratch_large"), &[&slots])?;
    rig.run::<u32>(&program, &[], [seeds.len() as u32 / 32, 1, 1])?;
    let mut wanted = Vec::new();
    for seed in seeds {
        let mut state = seed;
        let mut own: Vec<u32> = (0..1024)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state
            })
            .collect();
        for n in (1..1024).rev() {
            let at = (own[n] >> 7) as usize % (n + 1);
            own.swap(at, n);
        }
        let mixed = own.iter().fold(0u32, |mixed, it| mixed.rotate_left(5) ^ it);
        wanted.extend([mixed, own[0], own[seed as usize & 1023], own[1023]]);
    }
    same("results", &rig.read::<u32>(&results), &wanted)
}
