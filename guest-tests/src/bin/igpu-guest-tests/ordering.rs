//! Order across engines by timeline syncobjs alone.

use libtest_mimic::Trial;
use virtio_igpu_guest_tests::client::{Context, Device, Engine, Exec3, Syncobj};
use virtio_igpu_guest_tests::gpu::{Rectangle, Surface, Tail};

use crate::rig::{BCS0, Outcome, PAGE, PATIENCE, RCS0, Rig, ensure, ensure_eq, trials, wait_until};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("ordering":
        two_engines_in_turn, five_engines_in_a_ring, fan_out_and_in, blit_then_store_then_blit,
        two_address_spaces, late_work_of_one_engine_does_not_hold_another,
    )
}

const AT: u64 = 0x1_0000_0000;

/// Each submission appends what it finds to a log: any other order would show.
fn relay(engines: &[u32], count: u64) -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_log, log) = rig.memory(AT, 2 * PAGE)?;
    let (_code, code) = rig.memory(AT + 0x10_0000, PAGE * 16)?;
    let turn = Syncobj::create(&device)?;
    for number in 0..count {
        let mut batch = virtio_igpu_guest_tests::gpu::Batch::new();
        batch
            .copy_u32(AT + PAGE + 4 * number, AT)
            .store_u32(AT, number as u32 + 1);
        let offset = 64 * number;
        code.write_dwords(offset as usize, &batch.end());
        let engine = engines[number as usize % engines.len()];
        let mut submission = Exec3::new(&rig.context, engine, AT + 0x10_0000 + offset);
        if number > 0 {
            submission = submission.fence(turn.wait_fence(number));
        }
        submission
            .fence(turn.signal_fence(number + 1))
            .submit(&device)?;
    }
    turn.wait_point(count, PATIENCE)?;
    for number in 0..count {
        let seen = log.read_u32((PAGE + 4 * number) as usize);
        ensure_eq!(
            seen,
            number as u32,
            "how many ran before submission {number}"
        );
    }
    Ok(())
}

/// rcs0 and bcs0 take turns a hundred times.
fn two_engines_in_turn() -> Outcome {
    relay(&[RCS0, BCS0], 100)
}

/// All engines take turns.
fn five_engines_in_a_ring() -> Outcome {
    relay(&[0, 1, 2, 3, 4], 100)
}

/// Four engines wait for one, and one for the four.
fn fan_out_and_in() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    let timeline = Syncobj::create(&device)?;
    let spinner = rig.spinner(0);
    let submission = Exec3::new(&rig.context, RCS0, spinner.address());
    submission.fence(timeline.signal_fence(1)).submit(&device)?;
    let parts = [(); 4].map(|()| Syncobj::create(&device));
    let mut last = Exec3::new(
        &rig.context,
        RCS0,
        rig.write(5, |batch| {
            for part in 0..4 {
                batch.copy_u32(AT + 64 + 4 * part, AT + 4 * part);
            }
        }),
    );
    for (engine, part) in (1..).zip(&parts) {
        let part = part.as_ref().map_err(ToString::to_string)?;
        let batch = rig.write(u64::from(engine), |batch| {
            batch.store_u32(AT + 4 * u64::from(engine - 1), engine);
        });
        let submission = Exec3::new(&rig.context, engine, batch).fence(timeline.wait_fence(1));
        submission.fence(part.signal_fence(0)).submit(&device)?;
        last = last.fence(part.wait_fence(0));
    }
    last.fence(timeline.signal_fence(2)).submit(&device)?;
    wait_until("the spinner has started", || rig.has_started(&spinner))?;
    let early = [0, 4, 8, 12].map(|offset| memory.read_u32(offset));
    ensure_eq!(
        early,
        [0; 4],
        "what the four have written before the first has ended"
    );
    rig.end(&spinner);
    timeline.wait_point(2, PATIENCE)?;
    let seen = [64, 68, 72, 76].map(|offset| memory.read_u32(offset));
    ensure_eq!(seen, [1, 2, 3, 4], "what the last has seen of the four");
    Ok(())
}

/// The blitter fills, the render engine changes a pixel, the blitter copies the result.
fn blit_then_store_then_blit() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (to, size) = (AT + 0x10_0000, 64 * PAGE);
    let (_from, _) = rig.memory(AT, size)?;
    let (_to, result) = rig.memory(to, size)?;
    let (source, target) = (Surface::linear(AT, 1024), Surface::linear(to, 1024));
    let whole = Rectangle::whole(256, 256);
    let timeline = Syncobj::create(&device)?;
    let fill = rig.write(0, |batch| {
        batch.fill(source, whole, 0x0101_0101).flush(Tail::None);
    });
    let store = rig.write(1, |batch| {
        for index in 0..256u64 {
            batch.store_u32(AT + index * 1028, 0xff00_0000 | index as u32);
        }
    });
    let copy = rig.write(3, |batch| {
        batch.copy(target, whole, source, 0, 0).flush(Tail::None);
    });
    for (engine, batch, point) in [(BCS0, fill, 1), (RCS0, store, 2), (BCS0, copy, 3)] {
        let mut submission = Exec3::new(&rig.context, engine, batch);
        if point > 1 {
            submission = submission.fence(timeline.wait_fence(point - 1));
        }
        submission
            .fence(timeline.signal_fence(point))
            .submit(&device)?;
    }
    timeline.wait_point(3, PATIENCE)?;
    for index in 0..256u32 {
        let (on, off) = (index * 1028, index * 1024 + (index + 1) % 256 * 4);
        ensure_eq!(
            result.read_u32(on as usize),
            0xff00_0000 | index,
            "on the diagonal"
        );
        ensure_eq!(
            result.read_u32(off as usize),
            0x0101_0101,
            "beside the diagonal"
        );
    }
    Ok(())
}

/// A timeline orders work of different address spaces too, on memory that both map.
fn two_address_spaces() -> Outcome {
    let device = Device::open()?;
    let (one, two) = (Rig::new(&device)?, Rig::new(&device)?);
    let (object, memory) = one.memory(AT, PAGE)?;
    let there = 0x66_0000_0000;
    two.vm.bind(&object, there)?;
    let timeline = Syncobj::create(&device)?;
    for round in 0..20u64 {
        let (rig, at) = if round % 2 == 0 {
            (&one, AT)
        } else {
            (&two, there)
        };
        let batch = rig.write(round % 16, |batch| {
            batch
                .copy_u32(at + 64 + 4 * round, at)
                .store_u32(at, round as u32 + 1);
        });
        let mut submission = Exec3::new(&rig.context, RCS0, batch);
        if round > 0 {
            submission = submission.fence(timeline.wait_fence(round));
        }
        submission
            .fence(timeline.signal_fence(round + 1))
            .submit(&device)?;
        // The places of a rig's batches are used again: they must have been run.
        if round % 8 == 7 {
            timeline.wait_point(round + 1, PATIENCE)?;
        }
    }
    timeline.wait_point(20, PATIENCE)?;
    let seen: Vec<u32> = (0..20)
        .map(|round| memory.read_u32(64 + 4 * round))
        .collect();
    ensure!(
        seen.iter().copied().eq(0..20),
        "how many ran before each: {seen:?}"
    );
    Ok(())
}

/// A busy engine, and work that waits for it, don't keep other contexts' work waiting.
fn late_work_of_one_engine_does_not_hold_another() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    let slow = Syncobj::create(&device)?;
    let spinner = rig.spinner(0);
    let submission = Exec3::new(&rig.context, BCS0, spinner.address());
    submission.fence(slow.signal_fence(1)).submit(&device)?;
    let blocked = rig.write(1, |batch| {
        batch.store_u32(AT, 1);
    });
    let submission = Exec3::new(&rig.context, RCS0, blocked).fence(slow.wait_fence(1));
    submission.fence(slow.signal_fence(2)).submit(&device)?;
    wait_until("the spinner has started", || rig.has_started(&spinner))?;
    let free = Context::for_vm(
        &device,
        &rig.vm,
        &[Engine::RCS0, Engine::VECS0, Engine::BCS0],
    )?;
    let done = Syncobj::create(&device)?;
    for place in 0..3u64 {
        let batch = rig.write(2 + place, |batch| {
            batch.store_u32(AT + 4 + 4 * place, 2);
        });
        let submission = Exec3::new(&free, place as u32, batch);
        submission
            .fence(done.signal_fence(place + 1))
            .submit(&device)?;
        done.wait_point(place + 1, PATIENCE)?;
    }
    ensure_eq!(slow.reached()?, 0, "the busy engine's timeline");
    rig.end(&spinner);
    slow.wait_point(2, PATIENCE)?;
    let dwords = [0, 4, 8, 12].map(|offset| memory.read_u32(offset));
    ensure_eq!(dwords, [1, 2, 2, 2], "what all have written");
    Ok(())
}
