//! Order: barriers, several submissions, semaphores, events, timestamps.

use super::{Test, same};
use crate::gpu::{Buffer, Kernel, Offers, Outcome, Program, Rig, Slot};

/// The tests.
pub(super) fn tests(offers: &Offers) -> Vec<Test> {
    vec![
        Test::new("sync::barriers", barriers),
        Test::new("sync::pipelines", pipelines),
        Test::new("sync::submissions", submissions),
        Test::new("sync::semaphores", semaphores),
        Test::new("sync::timelines", timelines).only(offers.v12.timeline_semaphore != 0),
        Test::new("sync::events", events),
        Test::new("sync::event_of_the_host", host_event),
        Test::new("sync::timestamps", timestamps).only(offers.timestamp_bits > 0),
        Test::new("sync::hundred_submissions", hundred),
    ]
}

const COUNT: usize = 640;
const GROUPS: [u32; 3] = [10, 1, 1];

fn adder(rig: &Rig<'_>) -> Outcome<(Program, Buffer)> {
    let buffer = rig.buffer(&vec![1u32; COUNT])?;
    let program = rig.program(&Kernel::new("add").push(8), &[&[Slot::Storage(buffer)]])?;
    Ok((program, buffer))
}

fn held(rig: &Rig<'_>, buffer: &Buffer, steps: &[[u32; 2]]) -> Outcome {
    let step =
        |value: u32, [times, more]: &[u32; 2]| value.wrapping_mul(*times).wrapping_add(*more);
    let value = steps.iter().fold(1, step);
    same("values", &rig.read::<u32>(buffer), &[value; COUNT])
}

/// Steps of which each needs the one before, in one command buffer.
fn barriers(rig: &Rig<'_>) -> Outcome {
    let (program, buffer) = adder(rig)?;
    let steps: Vec<[u32; 2]> = (0..40).map(|n| [n * 2 + 3, n]).collect();
    let commands = rig.commands()?;
    commands.bind(&program);
    for step in &steps {
        commands.push(&program, step);
        commands.dispatch(GROUPS);
        commands.barrier();
    }
    commands.run()?;
    held(rig, &buffer, &steps)
}

/// Pipelines of different kinds by turns in one command buffer.
fn pipelines(rig: &Rig<'_>) -> Outcome {
    let (add, buffer) = adder(rig)?;
    let scan = rig.program(
        &Kernel::new("shared_scan").constant(0, 128),
        &[&[Slot::Storage(buffer)]],
    )?;
    let sort = rig.program(&Kernel::new("shared_sort"), &[&[Slot::Storage(buffer)]])?;
    let commands = rig.commands()?;
    commands.bind(&add);
    commands.push(&add, &[3u32, 4]);
    commands.dispatch(GROUPS);
    commands.barrier();
    commands.bind(&scan);
    commands.dispatch([4, 1, 1]);
    commands.barrier();
    commands.bind(&sort);
    commands.dispatch([2, 1, 1]);
    commands.barrier();
    commands.bind(&add);
    commands.push(&add, &[2u32, 1]);
    commands.dispatch(GROUPS);
    commands.run()?;
    let wanted: Vec<u32> = (0..COUNT as u32)
        .map(|i| match i {
            // Each sum twice, in order.
            0..512 => (i % 256 / 2 + 1) * 7 * 2 + 1,
            _ => 15,
        })
        .collect();
    same("values", &rig.read::<u32>(&buffer), &wanted)
}

/// Submissions one after the other: what one wrote the next sees only by a barrier.
fn submissions(rig: &Rig<'_>) -> Outcome {
    let (program, buffer) = adder(rig)?;
    let steps: Vec<[u32; 2]> = (0..8).map(|n| [n * 2 + 5, n + 1]).collect();
    let mut fences = Vec::new();
    for step in &steps {
        let commands = rig.commands()?;
        commands.barrier();
        commands.bind(&program);
        commands.push(&program, step);
        commands.dispatch(GROUPS);
        commands.barrier();
        fences.push(commands.submit()?);
    }
    for fence in fences {
        rig.wait(fence)?;
    }
    held(rig, &buffer, &steps)
}

fn chained(rig: &Rig<'_>, links: &[(Vec<Pair>, Vec<Pair>)]) -> Outcome {
    let (program, buffer) = adder(rig)?;
    let steps: Vec<[u32; 2]> = (0..links.len() as u32).map(|n| [n * 4 + 3, n]).collect();
    let mut fences = Vec::new();
    for (step, (after, then)) in steps.iter().zip(links) {
        let commands = rig.commands()?;
        commands.bind(&program);
        commands.push(&program, step);
        commands.dispatch(GROUPS);
        fences.push(commands.submit_after(after, then)?);
    }
    for fence in fences {
        rig.wait(fence)?;
    }
    held(rig, &buffer, &steps)
}

/// A semaphore and the value it shall have.
type Pair = (ash::vk::Semaphore, u64);

fn semaphores(rig: &Rig<'_>) -> Outcome {
    let one = rig.semaphore(None)?;
    let two = rig.semaphore(None)?;
    let three = rig.semaphore(None)?;
    chained(
        rig,
        &[
            (vec![], vec![(one, 0)]),
            (vec![(one, 0)], vec![(two, 0), (three, 0)]),
            (vec![(two, 0), (three, 0)], vec![(one, 0)]),
            (vec![(one, 0)], vec![]),
        ],
    )
}

fn timelines(rig: &Rig<'_>) -> Outcome {
    let line = rig.semaphore(Some(10))?;
    chained(
        rig,
        &[
            (vec![(line, 10)], vec![(line, 11)]),
            (vec![(line, 11)], vec![(line, 20)]),
            (vec![(line, 15)], vec![(line, 1 << 40)]),
            (vec![(line, 1 << 40)], vec![]),
        ],
    )?;
    match rig.reached(line)? {
        value if value == 1 << 40 => Ok(()),
        value => Err(format!("the timeline has reached {value}").into()),
    }
}

/// An event between two dispatches of one command buffer.
fn events(rig: &Rig<'_>) -> Outcome {
    let (program, buffer) = adder(rig)?;
    let event = rig.event()?;
    let commands = rig.commands()?;
    commands.bind(&program);
    commands.push(&program, &[7u32, 1]);
    commands.dispatch(GROUPS);
    commands.set_event(event);
    commands.wait_event(event, false);
    commands.push(&program, &[9u32, 2]);
    commands.dispatch(GROUPS);
    commands.run()?;
    held(rig, &buffer, &[[7, 1], [9, 2]])
}

/// An event that the host sets before the commands that wait for it are there.
fn host_event(rig: &Rig<'_>) -> Outcome {
    let (program, buffer) = adder(rig)?;
    let event = rig.event()?;
    rig.set_event(event)?;
    let commands = rig.commands()?;
    commands.bind(&program);
    commands.wait_event(event, true);
    commands.push(&program, &[7u32, 1]);
    commands.dispatch(GROUPS);
    commands.run()?;
    held(rig, &buffer, &[[7, 1]])
}

/// Time goes on while a dispatch runs.
fn timestamps(rig: &Rig<'_>) -> Outcome {
    let (program, buffer) = adder(rig)?;
    let queries = rig.timestamps(3)?;
    let commands = rig.commands()?;
    commands.reset_queries(queries, 3);
    commands.timestamp(queries, 0);
    commands.bind(&program);
    commands.push(&program, &[7u32, 1]);
    commands.dispatch(GROUPS);
    commands.timestamp(queries, 1);
    commands.barrier();
    commands.dispatch(GROUPS);
    commands.timestamp(queries, 2);
    commands.run()?;
    held(rig, &buffer, &[[7, 1], [7, 1]])?;
    let times = rig.query_values(queries, 3)?;
    let ordered = times[0] <= times[1] && times[1] <= times[2] && times[0] < times[2];
    let nanoseconds = times[2].wrapping_sub(times[0]) as f64
        * f64::from(rig.gpu.host.offers.limits.timestamp_period);
    match ordered && nanoseconds < 60e9 {
        true => Ok(()),
        false => Err(format!("the timestamps are {times:?}").into()),
    }
}

/// Many submissions before the first is waited for.
fn hundred(rig: &Rig<'_>) -> Outcome {
    let (program, buffer) = adder(rig)?;
    let mut last = None;
    let steps: Vec<[u32; 2]> = (0..100).map(|n| [n * 2 + 1, n * 3]).collect();
    for step in &steps {
        let commands = rig.commands()?;
        commands.barrier();
        commands.bind(&program);
        commands.push(&program, step);
        commands.dispatch(GROUPS);
        last = Some(commands.submit()?);
    }
    rig.wait(last.ok_or("nothing was submitted")?)?;
    held(rig, &buffer, &steps)
}
