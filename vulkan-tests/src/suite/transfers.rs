//! Commands that copy and fill buffers. Drivers may draw for them, on a queue that can: where the
//! GPU can't, they end in a lost device. So these tests are left out unless they are asked for
//! (`--ignored transfers`).

use super::{Test, same};
use crate::gpu::{Kernel, Outcome, Rig, Slot};

/// The tests.
pub(super) fn tests() -> Vec<Test> {
    let all = vec![
        Test::new("transfers::copy", copy),
        Test::new("transfers::fill", fill),
        Test::new("transfers::update", update),
    ];
    all.into_iter().map(|it| it.only(false)).collect()
}

/// Bytes of one buffer into another, between dispatches on both.
fn copy(rig: &Rig<'_>) -> Outcome {
    let (from, to) = (rig.buffer(&vec![3u32; 256])?, rig.buffer(&vec![1u32; 256])?);
    let first = rig.program(&Kernel::new("add").push(8), &[&[Slot::Storage(from)]])?;
    let second = rig.rebound(&first, &[&[Slot::Storage(to)]])?;
    let commands = rig.commands()?;
    commands.bind(&first);
    commands.push(&first, &[5u32, 1]);
    commands.dispatch([4, 1, 1]);
    commands.barrier();
    commands.copy(&from, &to, [16, 64, 200]);
    commands.barrier();
    commands.bind(&second);
    commands.dispatch([4, 1, 1]);
    commands.run()?;
    let wanted: Vec<u32> = (0..256)
        .map(|it| if (16..66).contains(&it) { 81 } else { 6 })
        .collect();
    same("values", &rig.read::<u32>(&to), &wanted)
}

fn fill(rig: &Rig<'_>) -> Outcome {
    let buffer = rig.buffer(&vec![1u32; 4096])?;
    let commands = rig.commands()?;
    commands.fill(&buffer, 256, 12000, 0x0102_0304);
    commands.barrier();
    commands.run()?;
    let wanted: Vec<u32> = (0..4096)
        .map(|it| {
            if (64..3064).contains(&it) {
                0x0102_0304
            } else {
                1
            }
        })
        .collect();
    same("values", &rig.read::<u32>(&buffer), &wanted)
}

/// Bytes that travel with the commands, and dispatches before and after them.
fn update(rig: &Rig<'_>) -> Outcome {
    let buffer = rig.buffer(&vec![1u32; 256])?;
    let program = rig.program(&Kernel::new("add").push(8), &[&[Slot::Storage(buffer)]])?;
    let commands = rig.commands()?;
    commands.bind(&program);
    commands.push(&program, &[2u32, 1]);
    commands.dispatch([4, 1, 1]);
    commands.barrier();
    let bytes: Vec<u32> = (100..140).collect();
    commands.update(&buffer, 64, &bytes);
    commands.barrier();
    commands.dispatch([4, 1, 1]);
    commands.run()?;
    let wanted: Vec<u32> = (0..256)
        .map(|it| match it {
            16..56 => (it + 84) * 2 + 1,
            _ => 7,
        })
        .collect();
    same("values", &rig.read::<u32>(&buffer), &wanted)
}
