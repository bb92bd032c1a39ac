//! What is bound: many sets, arrays, sets that move, are changed or pushed.

use super::data::Random;
use super::{Test, same};
use crate::gpu::{Buffer, Kernel, Offers, Outcome, Rig, Slot};

/// The tests.
pub(super) fn tests(offers: &Offers) -> Vec<Test> {
    let indexed = offers.v12.shader_storage_buffer_array_non_uniform_indexing != 0;
    vec![
        Test::new("descriptors::sets", sets).both(),
        Test::new("descriptors::indexed", non_uniform)
            .both()
            .only(indexed),
        Test::new("descriptors::moving", moving),
        Test::new("descriptors::rebound", rebound),
        Test::new("descriptors::pushed", pushed).only(offers.push_descriptors),
        Test::new("descriptors::push_constants", push_constants).both(),
    ]
}

const COUNT: usize = 128;

fn sets(rig: &Rig<'_>) -> Outcome {
    let mut random = Random::new(151);
    let values: Vec<Vec<u32>> = (0..5).map(|_| random.dwords(COUNT)).collect();
    let buffers: Vec<Buffer> = values
        .iter()
        .map(|it| rig.buffer(it))
        .collect::<Outcome<_>>()?;
    let few = [10u32, 20, 30, 40];
    let output = rig.space(COUNT * 4)?;
    let program = rig.program(
        &Kernel::new("sets"),
        &[
            &[Slot::Storage(buffers[0])],
            &[Slot::Storages(buffers[1..].to_vec())],
            // The first buffer again.
            &[Slot::Uniform(rig.buffer(&few)?), Slot::Storage(buffers[0])],
            &[Slot::Storage(output)],
        ],
    )?;
    rig.run::<u32>(&program, &[], [COUNT as u32 / 32, 1, 1])?;
    let wanted: Vec<u32> = (0..COUNT)
        .map(|i| {
            let parts = [2, 3, 5, 7, 11].iter().zip(&values);
            let sum = parts.fold(0u32, |sum, (by, of)| {
                sum.wrapping_add(of[i].wrapping_mul(*by))
            });
            sum.wrapping_add(few[i & 3])
        })
        .collect();
    same("sums", &rig.read::<u32>(&output), &wanted)
}

fn non_uniform(rig: &Rig<'_>) -> Outcome {
    let mut random = Random::new(152);
    let values: Vec<Vec<u32>> = (0..8).map(|_| random.dwords(COUNT)).collect();
    let buffers: Vec<Buffer> = values
        .iter()
        .map(|it| rig.buffer(it))
        .collect::<Outcome<_>>()?;
    let output = rig.space(COUNT * 4)?;
    let slots = [Slot::Storages(buffers), Slot::Storage(output)];
    let program = rig.program(&Kernel::new("sets_indexed").push(4), &[&slots])?;
    for which in [0u32, 3, 6] {
        rig.run(&program, &[which], [COUNT as u32 / 32, 1, 1])?;
        let wanted: Vec<u32> = (0..COUNT)
            .map(|i| {
                let own = (i * 7 + which as usize) & 7;
                let more = values[which as usize & 7][i];
                values[own][i].wrapping_mul(16).wrapping_add(more)
            })
            .collect();
        same("values", &rig.read::<u32>(&output), &wanted)?;
    }
    Ok(())
}

fn moving(rig: &Rig<'_>) -> Outcome {
    let buffer = rig.buffer(&vec![1u32; 1024])?;
    let program = rig.program(&Kernel::new("add").push(8), &[&[Slot::Moving(buffer, 256)]])?;
    let commands = rig.commands()?;
    for (number, offset) in (2u32..).zip([0u32, 1024, 3072, 1024]) {
        commands.bind_at(&program, &[offset]);
        commands.push(&program, &[number, 1]);
        commands.dispatch([1, 1, 1]);
        commands.barrier();
    }
    commands.run()?;
    let wanted: Vec<u32> = (0..1024)
        .map(|it| match it {
            0..64 => 3,
            256..320 => (3 + 1) * 5 + 1,
            768..832 => 5,
            _ => 1,
        })
        .collect();
    same("values", &rig.read::<u32>(&buffer), &wanted)
}

/// One pipeline with thirty sets, one after the other in one command buffer.
fn rebound(rig: &Rig<'_>) -> Outcome {
    let mut programs = Vec::new();
    let mut buffers = Vec::new();
    for number in 0..30u32 {
        buffers.push(rig.buffer(&vec![number; 64])?);
    }
    let kernel = Kernel::new("add").push(8);
    let first = rig.program(&kernel, &[&[Slot::Storage(buffers[0])]])?;
    for buffer in &buffers[1..] {
        programs.push(rig.rebound(&first, &[&[Slot::Storage(*buffer)]])?);
    }
    programs.insert(0, first);
    let commands = rig.commands()?;
    for (number, program) in (0u32..).zip(&programs) {
        commands.bind(program);
        commands.push(program, &[number, 1000]);
        commands.dispatch([1, 1, 1]);
    }
    commands.run()?;
    for (number, buffer) in (0u32..).zip(&buffers) {
        let wanted = vec![number * number + 1000; 64];
        same(
            &format!("buffer {number}"),
            &rig.read::<u32>(buffer),
            &wanted,
        )?;
    }
    Ok(())
}

fn pushed(rig: &Rig<'_>) -> Outcome {
    let buffers = [rig.buffer(&[1u32; 64])?, rig.buffer(&[2u32; 64])?];
    let slots = buffers.map(Slot::Storage);
    let kernel = Kernel::new("add").push(8).pushed_set();
    let program = rig.program(&kernel, &[&slots[..1]])?;
    let commands = rig.commands()?;
    commands.bind(&program);
    for (number, slot) in (3u32..).zip(&slots) {
        commands.push_slots(&program, std::slice::from_ref(slot))?;
        commands.push(&program, &[number, 7]);
        commands.dispatch([1, 1, 1]);
    }
    commands.run()?;
    same("first", &rig.read::<u32>(&buffers[0]), &[10; 64])?;
    same("second", &rig.read::<u32>(&buffers[1]), &[15; 64])
}

fn push_constants(rig: &Rig<'_>) -> Outcome {
    let results = rig.space(128)?;
    let kernel = Kernel::new("push_constants").push(128);
    let program = rig.program(&kernel, &[&[Slot::Storage(results)]])?;
    for seed in [153, 154] {
        let words = Random::new(seed).dwords(32);
        rig.run(&program, &words, [1, 1, 1])?;
        same("words", &rig.read::<u32>(&results), &words)?;
    }
    Ok(())
}
