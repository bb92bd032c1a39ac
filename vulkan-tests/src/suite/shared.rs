//! Shared memory and barriers.

use super::data::Random;
use super::{Test, same};
use crate::gpu::{Kernel, Offers, Outcome, Rig, Slot};

/// The tests.
pub(super) fn tests(offers: &Offers) -> Vec<Test> {
    let most = offers.limits.max_compute_work_group_invocations;
    let mut all = vec![
        Test::new("shared::transpose", transpose).both(),
        Test::new("shared::sort", sort).both(),
        Test::new("shared::types", types).both(),
    ];
    for size in [8u32, 32, 64, 128, 256, 512, 1024] {
        let there = size <= most;
        let reduce = move |rig: &Rig<'_>| reduce(rig, size);
        all.push(Test::new(format!("shared::reduce::{size}"), reduce).only(there));
        let scan = move |rig: &Rig<'_>| scan(rig, size);
        all.push(Test::new(format!("shared::scan::{size}"), scan).only(there));
    }
    let whole = offers.limits.max_compute_shared_memory_size / 4;
    for words in [1024, 8192, whole] {
        let name = format!("shared::large::{words}");
        all.push(Test::new(name, move |rig| large(rig, words)).only(words <= whole));
    }
    all.dedup_by(|a, b| a.name == b.name);
    all
}

fn reduce(rig: &Rig<'_>, size: u32) -> Outcome {
    let groups = 13;
    let values = Random::new(71).dwords((groups * size) as usize);
    let results = rig.space(groups as usize * 16)?;
    let slots = [Slot::Storage(rig.buffer(&values)?), Slot::Storage(results)];
    let program = rig.program(&Kernel::new("shared_reduce").constant(0, size), &[&slots])?;
    rig.run::<u32>(&program, &[], [groups, 1, 1])?;
    let wanted: Vec<u32> = values
        .chunks_exact(size as usize)
        .flat_map(|group| {
            let sum = group.iter().fold(0u32, |all, it| all.wrapping_add(*it));
            let (least, most) = (group.iter().min(), group.iter().max());
            [sum, *least.unwrap_or(&0), *most.unwrap_or(&0), size]
        })
        .collect();
    same("results", &rig.read::<u32>(&results), &wanted)
}

fn scan(rig: &Rig<'_>, size: u32) -> Outcome {
    let groups = 5;
    let values = Random::new(72).dwords((groups * size) as usize);
    let buffer = rig.buffer(&values)?;
    let kernel = Kernel::new("shared_scan").constant(0, size);
    let program = rig.program(&kernel, &[&[Slot::Storage(buffer)]])?;
    rig.run::<u32>(&program, &[], [groups, 1, 1])?;
    let mut wanted = Vec::new();
    for group in values.chunks_exact(size as usize) {
        let mut sum = 0u32;
        for it in group {
            sum = sum.wrapping_add(*it);
            wanted.push(sum);
        }
    }
    same("sums", &rig.read::<u32>(&buffer), &wanted)
}

fn transpose(rig: &Rig<'_>) -> Outcome {
    let (width, height) = (53u32, 38u32);
    let from: Vec<f32> = (0..width * height).map(|it| it as f32 * 0.5).collect();
    let to = rig.space(from.len() * 4)?;
    let slots = [Slot::Storage(rig.buffer(&from)?), Slot::Storage(to)];
    let program = rig.program(&Kernel::new("shared_transpose").push(8), &[&slots])?;
    let groups = [width.div_ceil(16), height.div_ceil(16), 1];
    rig.run(&program, &[width, height], groups)?;
    let wanted: Vec<f32> = (0..width * height)
        .map(|it| from[(it % height * width + it / height) as usize])
        .collect();
    same("the matrix", &rig.read::<f32>(&to), &wanted)
}

fn sort(rig: &Rig<'_>) -> Outcome {
    let mut values = Random::new(73).dwords(256 * 6);
    let buffer = rig.buffer(&values)?;
    let program = rig.program(&Kernel::new("shared_sort"), &[&[Slot::Storage(buffer)]])?;
    rig.run::<u32>(&program, &[], [6, 1, 1])?;
    values
        .chunks_exact_mut(256)
        .for_each(<[u32]>::sort_unstable);
    same("sorted", &rig.read::<u32>(&buffer), &values)
}

fn large(rig: &Rig<'_>, words: u32) -> Outcome {
    let groups = 3;
    let results = rig.space(groups as usize * 1024)?;
    let kernel = Kernel::new("shared_large").constant(1, words);
    let program = rig.program(&kernel, &[&[Slot::Storage(results)]])?;
    rig.run::<u32>(&program, &[], [groups, 1, 1])?;
    let mut wanted = Vec::new();
    for group in 0..groups {
        let seed = group.wrapping_mul(0x0123_4567);
        for i in 0..256 {
            let each = words / 256;
            let sum = (0..each).fold(0u32, |sum, n| {
                let at = words - 1 - i * each - n;
                let value = at.wrapping_mul(2_654_435_761) ^ seed;
                sum.wrapping_mul(31).wrapping_add(value)
            });
            wanted.push(sum);
        }
    }
    same("sums", &rig.read::<u32>(&results), &wanted)
}

fn types(rig: &Rig<'_>) -> Outcome {
    let results = rig.space(60 * 24)?;
    let program = rig.program(&Kernel::new("shared_types"), &[&[Slot::Storage(results)]])?;
    rig.run::<u32>(&program, &[], [1, 1, 1])?;
    let wanted: Vec<u32> = (0..60u32)
        .flat_map(|me| {
            let i = 59 - me;
            let (x, y, z) = (i % 4, i / 4 % 3, i / 12);
            let odd = i & 1 == 1;
            [
                x | y << 4 | z << 8,
                i,
                z + i * 10,
                if odd { i } else { 7 },
                if odd { 7 } else { i.wrapping_neg() },
                u32::from(i % 3 == 0),
            ]
        })
        .collect();
    same("results", &rig.read::<u32>(&results), &wanted)
}
