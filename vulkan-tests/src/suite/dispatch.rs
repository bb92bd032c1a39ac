//! Dispatches: sizes of workgroups and how many there are, also from a buffer; specialisation.

use super::{Test, same};
use crate::gpu::{Kernel, Outcome, Rig, Slot};

/// The tests.
pub(super) fn tests() -> Vec<Test> {
    let mut all = Vec::new();
    for (size, groups) in [
        ([1, 1, 1], [1, 1, 1]),
        ([1, 1, 1], [700, 1, 1]),
        ([64, 1, 1], [33, 3, 2]),
        ([7, 5, 3], [4, 6, 5]),
        ([1, 1, 17], [3, 1, 9]),
        ([33, 1, 1], [5, 2, 1]),
        ([2, 63, 1], [1, 9, 3]),
        ([128, 1, 1], [1, 1, 1]),
        ([16, 8, 1], [40, 30, 1]),
        ([3, 3, 3], [11, 1, 13]),
    ] {
        let name = |it: [u32; 3]| format!("{}x{}x{}", it[0], it[1], it[2]);
        let name = format!("dispatch::ids::{}_of_{}", name(groups), name(size));
        all.push(Test::new(name, move |rig| ids(rig, size, groups)));
    }
    all.push(Test::new("dispatch::none", none));
    all.push(Test::new("dispatch::indirect", indirect));
    all.push(Test::new("dispatch::indirect_computed", computed));
    all.push(Test::new("dispatch::constants", constants).both());
    all.push(Test::new("dispatch::constants_default", constants_default));
    all
}

fn ids(rig: &Rig<'_>, size: [u32; 3], groups: [u32; 3]) -> Outcome {
    let count: u32 = size.iter().chain(&groups).product();
    let seen = rig.buffer(&vec![0u32; count as usize])?;
    let wrong = rig.buffer(&[0u32])?;
    let slots = [Slot::Storage(seen), Slot::Storage(wrong)];
    let kernel = (0u32..)
        .zip(size)
        .fold(Kernel::new("ids"), |it, (id, size)| it.constant(id, size));
    let program = rig.program(&kernel, &[&slots])?;
    rig.run::<u32>(&program, &[], groups)?;
    same("wrong ids", &rig.read::<u32>(&wrong), &[0])?;
    let wanted: Vec<u32> = (1..=count).collect();
    same("seen", &rig.read::<u32>(&seen), &wanted)
}

/// No workgroups in one direction are none at all.
fn none(rig: &Rig<'_>) -> Outcome {
    let buffer = rig.buffer(&[1u32; 64])?;
    let program = rig.program(&Kernel::new("add").push(8), &[&[Slot::Storage(buffer)]])?;
    for groups in [[0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 0, 0]] {
        rig.run(&program, &[2u32, 1], groups)?;
    }
    same("values", &rig.read::<u32>(&buffer), &[1; 64])
}

fn indirect(rig: &Rig<'_>) -> Outcome {
    let sizes = rig.buffer(&[9u32, 3, 2, 2, 0, 1, 1, 1, 1, 1])?;
    let groups = 3 * 2 * 2;
    let seen = rig.buffer(&vec![0u32; groups * 8])?;
    let wrong = rig.buffer(&[0u32])?;
    let slots = [Slot::Storage(seen), Slot::Storage(wrong)];
    let kernel = Kernel::new("ids")
        .constant(0, 4)
        .constant(1, 2)
        .constant(2, 1);
    let program = rig.program(&kernel, &[&slots])?;
    let commands = rig.commands()?;
    commands.bind(&program);
    commands.dispatch_indirect(&sizes, 4);
    // None at all.
    commands.dispatch_indirect(&sizes, 16);
    commands.run()?;
    same("wrong ids", &rig.read::<u32>(&wrong), &[0])?;
    let wanted: Vec<u32> = (1..=groups as u32 * 8).collect();
    same("seen", &rig.read::<u32>(&seen), &wanted)
}

/// A dispatch of as many workgroups as the one before it worked out.
fn computed(rig: &Rig<'_>) -> Outcome {
    let sizes = rig.buffer(&[10u32, 0, 0, 0])?;
    let first = rig.program(&Kernel::new("sizes").push(4), &[&[Slot::Storage(sizes)]])?;
    let groups = 4 * 2 * 3;
    let seen = rig.buffer(&vec![0u32; groups * 6])?;
    let wrong = rig.buffer(&[0u32])?;
    let slots = [Slot::Storage(seen), Slot::Storage(wrong)];
    let kernel = Kernel::new("ids")
        .constant(0, 3)
        .constant(1, 1)
        .constant(2, 2);
    let second = rig.program(&kernel, &[&slots])?;
    let commands = rig.commands()?;
    // First two workgroups, then four: the last counts.
    for by in [10u32, 3] {
        commands.bind(&first);
        commands.push(&first, &[by]);
        commands.dispatch([1, 1, 1]);
        commands.barrier();
    }
    commands.bind(&second);
    commands.dispatch_indirect(&sizes, 4);
    commands.run()?;
    same("wrong ids", &rig.read::<u32>(&wrong), &[0])?;
    let wanted: Vec<u32> = (1..=groups as u32 * 6).collect();
    same("seen", &rig.read::<u32>(&seen), &wanted)
}

fn constants_of(
    rig: &Rig<'_>,
    kernel: Kernel,
    [number, signed, real, truth]: [u32; 4],
    size: [u32; 3],
) -> Outcome {
    let count = size.iter().product::<u32>();
    let results = rig.space(count as usize * 16)?;
    let program = rig.program(&kernel, &[&[Slot::Storage(results)]])?;
    rig.run::<u32>(&program, &[], [1, 1, 1])?;
    let derived = number * 2 + 1;
    let wanted: Vec<u32> = (0..count)
        .flat_map(|i| {
            let square = (i % derived) * (i % derived);
            let real = f32::from_bits(real) * 4.0;
            let last = match truth {
                0 => size[1] * 1000 + size[2],
                _ => size[0],
            };
            [square + number, signed, real.to_bits(), last]
        })
        .collect();
    same("results", &rig.read::<u32>(&results), &wanted)
}

fn constants(rig: &Rig<'_>) -> Outcome {
    let values = [5, -90i32 as u32, 2.5f32.to_bits(), 1];
    for size in [[6, 4, 3], [1, 1, 1], [40, 1, 2]] {
        let kernel = (0u32..)
            .zip(values)
            .fold(Kernel::new("constants"), |it, (id, value)| {
                it.constant(id, value)
            });
        let kernel = (10u32..)
            .zip(size)
            .fold(kernel, |it, (id, size)| it.constant(id, size));
        constants_of(rig, kernel, values, size)?;
    }
    Ok(())
}

/// What is not given has the value that the shader says.
fn constants_default(rig: &Rig<'_>) -> Outcome {
    let size = [8, 2, 1];
    let kernel = (10u32..)
        .zip(size)
        .fold(Kernel::new("constants"), |it, (id, size)| {
            it.constant(id, size)
        });
    constants_of(rig, kernel, [3, -7i32 as u32, 0.5f32.to_bits(), 0], size)
}
