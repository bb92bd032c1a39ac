//! Buffers: uniform and storage, their layouts and their ends, texels, addresses.

use ash::vk::Format;

use super::data::Random;
use super::{Test, same};
use crate::gpu::{Kernel, Offers, Outcome, Rig, Slot};

/// The tests.
pub(super) fn tests(offers: &Offers) -> Vec<Test> {
    let addresses = offers.v12.buffer_device_address != 0;
    vec![
        Test::new("buffers::uniform", uniform).both(),
        Test::new("buffers::vectors", vectors).both(),
        Test::new("buffers::bounds", bounds)
            .robust()
            .only(offers.base.robust_buffer_access != 0),
        Test::new("buffers::texels", texels).both(),
        Test::new("buffers::addresses", addressed)
            .both()
            .only(addresses),
        Test::new("buffers::parts", parts),
    ]
}

/// Numbers of std140 at their bytes, `(byte, bits)`.
fn laid_out(size: usize, numbers: &[(usize, u32)]) -> Vec<u32> {
    let mut words = vec![0xdead_beef; size / 4];
    for (byte, bits) in numbers {
        words[byte / 4] = *bits;
    }
    words
}

fn uniform(rig: &Rig<'_>) -> Outcome {
    let float = |value: f32| value.to_bits();
    let mut numbers = vec![(0, 41)];
    numbers.extend((0..4).map(|n| (16 + 16 * n, float(1.5 + n as f32))));
    numbers.extend([(80, 7), (84, 9)]);
    // A part: way and weight at 0, the columns of a matrix at 16 and 32.
    let value = |part: usize, n: usize| (part * 100 + n) as f32;
    for part in 0..3 {
        let at = 96 + part * 48;
        numbers.extend((0..4).map(|n| (at + 4 * n, float(value(part, n)))));
        for column in 0..2 {
            for row in 0..2 {
                let bits = float(value(part, 10 + column * 2 + row));
                numbers.push((at + 16 + column * 16 + row * 4, bits));
            }
        }
    }
    numbers.extend([(240, -1i32 as u32), (244, 5), (248, -3i32 as u32)]);
    for column in 0..3 {
        for row in 0..3 {
            let bits = float((column * 3 + row) as f32 + 0.25);
            numbers.push((256 + column * 16 + row * 4, bits));
        }
    }
    let given = rig.buffer(&laid_out(304, &numbers))?;
    let count = 48;
    let results = rig.space(count * 32)?;
    let slots = [Slot::Uniform(given), Slot::Storage(results)];
    let program = rig.program(&Kernel::new("buffer_uniform"), &[&slots])?;
    rig.run::<u32>(&program, &[], [count as u32 / 8, 1, 1])?;
    let mut wanted = Vec::new();
    for i in 0..count {
        let part = i % 3;
        wanted.extend([
            41.0,
            1.5 + (i & 3) as f32,
            [7.0, 9.0][i & 1],
            value(part, (i + 1) % 3),
            value(part, 3),
            value(part, 10 + (i & 1) * 2 + (i >> 1 & 1)),
            [-1.0, 5.0, -3.0][part],
            (part * 3 + i % 2) as f32 + 0.25,
        ]);
    }
    same("results", &rig.read::<f32>(&results), &wanted)
}

fn vectors(rig: &Rig<'_>) -> Outcome {
    let count = 96usize;
    let mut random = Random::new(141);
    // place, number, pair, last, and a dword that nobody reads.
    let items: Vec<[f32; 8]> = (0..count)
        .map(|_| std::array::from_fn(|_| random.below(1000) as f32))
        .collect();
    let words: Vec<u32> = items
        .iter()
        .flat_map(|it| {
            let mut words = it.map(f32::to_bits);
            words[3] = it[3] as u32;
            words
        })
        .collect();
    let (sums, turned) = (rig.space(count * 16)?, rig.buffer(&vec![5u32; count * 8])?);
    let slots = [
        Slot::Storage(rig.buffer(&words)?),
        Slot::Storage(sums),
        Slot::Storage(turned),
    ];
    let program = rig.program(&Kernel::new("buffer_vectors"), &[&slots])?;
    rig.run::<u32>(&program, &[], [count as u32 / 32, 1, 1])?;
    let wanted: Vec<f32> = items
        .iter()
        .flat_map(|it| [it[0] + it[5], it[1] + it[4], it[2] + it[3], it[6] + 1.0])
        .collect();
    same("sums", &rig.read::<f32>(&sums), &wanted)?;
    let wanted: Vec<u32> = items
        .iter()
        .rev()
        .flat_map(|it| {
            let bits = it.map(f32::to_bits);
            [
                bits[2],
                bits[1],
                bits[0],
                !(it[3] as u32),
                bits[4],
                bits[5],
                bits[6],
            ]
        })
        .collect();
    let got: Vec<u32> = rig.read(&turned);
    let got: Vec<u32> = got
        .chunks_exact(8)
        .flat_map(|it| it[..7].to_vec())
        .collect();
    same("items", &got, &wanted)
}

/// Reads beyond the end give zero or what is in the buffer; writes go nowhere else.
fn bounds(rig: &Rig<'_>) -> Outcome {
    let whole = rig.buffer(&(1..=1024u32).collect::<Vec<_>>())?;
    let small = Slot::Part(whole, 1024, 32);
    let given = rig.buffer(&vec![9u32; 256])?;
    let results = rig.space(32 * 12)?;
    let slots = [
        small,
        Slot::UniformPart(given, 0, 64),
        Slot::Storage(results),
    ];
    let program = rig.program(&Kernel::new("buffer_bounds").push(4), &[&slots])?;
    for far in [1u32, 8, 1000, 0x0100_0000, 0x0800_0001] {
        rig.run(&program, &[far], [1, 1, 1])?;
        let all: Vec<u32> = rig.read(&whole);
        let inside = |value: u32| (257..=264).contains(&value);
        for (i, got) in rig.read::<u32>(&results).chunks_exact(3).enumerate() {
            let at = (i as u64 * u64::from(far)) as u32;
            let good = match at {
                0..8 => got[0] == 257 + at || got[0] == 0xdead,
                _ => got[0] == 0 || inside(got[0]) || got[0] == 0xdead,
            };
            let uniform = match at {
                0..4 => got[1] == 9,
                _ => got[1] == 0 || got[1] == 9,
            };
            if !good || !uniform || got[2] != 8 {
                return Err(format!("invocation {i} by {far} read {got:x?}").into());
            }
        }
        for (number, value) in all.iter().enumerate() {
            let own = (256..264).contains(&number);
            if *value != number as u32 + 1 && !own {
                return Err(
                    format!("by {far}, dword {number} beyond the end is {value:#x}").into(),
                );
            }
        }
        rig.write(&whole, 1024, &(257..=264u32).collect::<Vec<_>>());
    }
    Ok(())
}

fn texels(rig: &Rig<'_>) -> Outcome {
    let count = 75usize;
    let mut random = Random::new(142);
    let floats: Vec<f32> = (0..count * 4).map(|_| random.float(-9.0, 9.0)).collect();
    let bytes: Vec<u8> = (0..count * 4).map(|_| random.dword() as u8).collect();
    let counts = random.dwords(count);
    let (floats_buffer, bytes_buffer) = (rig.buffer(&floats)?, rig.buffer(&bytes)?);
    let (colours, counted) = (rig.space(count * 4)?, rig.buffer(&counts)?);
    let results = rig.space(count * 16)?;
    let length = count as u64;
    let view = |buffer, format, bytes| rig.texels(buffer, format, 0, bytes);
    let slots = [
        Slot::Texels(view(
            &floats_buffer,
            Format::R32G32B32A32_SFLOAT,
            length * 16,
        )?),
        Slot::Texels(view(&bytes_buffer, Format::R8G8B8A8_UINT, length * 4)?),
        Slot::StorageTexels(view(&colours, Format::R8G8B8A8_UNORM, length * 4)?),
        Slot::StorageTexels(view(&counted, Format::R32_UINT, length * 4)?),
        Slot::Storage(results),
    ];
    let program = rig.program(&Kernel::new("buffer_texels"), &[&slots])?;
    rig.run::<u32>(&program, &[], [count.div_ceil(32) as u32, 1, 1])?;
    same("floats", &rig.read::<f32>(&results), &floats)?;
    let wanted: Vec<u8> = bytes
        .chunks_exact(4)
        .flat_map(|it| [it[3], it[2], it[1], it[0]])
        .collect();
    same("colours", &rig.read::<u8>(&colours), &wanted)?;
    let more = 2 * count as u32;
    let wanted: Vec<u32> = counts.iter().map(|it| it.wrapping_add(more)).collect();
    same("counts", &rig.read::<u32>(&counted), &wanted)
}

fn addressed(rig: &Rig<'_>) -> Outcome {
    let count = 100u32;
    let from = Random::new(143).dwords(count as usize);
    let source = rig.buffer(&from)?;
    let target = rig.buffer(&vec![0u32; count as usize + 1])?;
    // Five nodes, each in a buffer of its own, the last before the first again.
    let mut nodes = Vec::new();
    for n in 0..5u32 {
        nodes.push(rig.buffer(&[0u32, 0, n * 17 + 3, 0])?);
    }
    for (n, node) in nodes.iter().enumerate() {
        rig.write(node, 0, &[nodes[(n + 1) % 5].address]);
    }
    let program = rig.program(&Kernel::new("buffer_address").push(32), &[])?;
    let push = [
        source.address,
        target.address,
        nodes[0].address,
        count.into(),
    ];
    rig.run(&program, &push, [4, 1, 1])?;
    let mut wanted: Vec<u32> = (0..count)
        .map(|i| {
            let turns = 0..=i & 15;
            let sum = turns.fold(0u32, |sum, n| {
                sum.wrapping_mul(3).wrapping_add(n % 5 * 17 + 3)
            });
            from[(count - 1 - i) as usize].wrapping_add(sum)
        })
        .collect();
    wanted.push((0..128).sum());
    same("words", &rig.read::<u32>(&target), &wanted)
}

/// Parts of one buffer as two.
fn parts(rig: &Rig<'_>) -> Outcome {
    let limit = rig
        .gpu
        .host
        .offers
        .limits
        .min_storage_buffer_offset_alignment;
    let step = limit.max(4) as usize;
    let words = step / 4;
    let buffer = rig.buffer(&vec![1u32; 4 * words.max(64)])?;
    let bytes = 2 * step as u64;
    let program = rig.program(
        &Kernel::new("add").push(8),
        &[&[Slot::Part(buffer, step as u64, bytes)]],
    )?;
    let groups = (2 * words as u32).div_ceil(64);
    rig.run(&program, &[5u32, 2], [groups, 1, 1])?;
    let wanted: Vec<u32> = (0..4 * words.max(64))
        .map(|it| {
            if (words..3 * words).contains(&it) {
                7
            } else {
                1
            }
        })
        .collect();
    same("values", &rig.read::<u32>(&buffer), &wanted)
}
