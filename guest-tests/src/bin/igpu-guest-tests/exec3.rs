//! EXECBUFFER3: engines, fences, and many submissions.

use libtest_mimic::Trial;
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{Context, Device, Engine, Exec3, Syncobj};
use virtio_igpu_guest_tests::gpu::{Compare, Tail, registers};
use virtio_igpu_guest_tests::sys::uapi::{
    DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
};

use crate::rig::{
    A_WHILE, BCS0, Outcome, PAGE, PATIENCE, RCS0, Rig, ensure, ensure_eq, expect_errno, flush,
    trials, wait_until,
};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("exec3":
        every_engine, every_engine_flushes_with_a_write, map_decides_the_engine,
        one_engine_twice_in_a_map, timestamps_rise, registers_are_the_contexts_own,
        binary_out_fence, timeline_out_fence, several_out_fences, no_fence_at_all,
        out_fence_is_not_early, in_fence_of_a_signalled_syncobj, in_fence_holds_back,
        cpu_signalled_point_releases, gpu_waits_for_memory, chained_batches,
        many_submissions_in_order, many_contexts,
    )
}

const AT: u64 = 0x1_0000_0000;

/// Each engine of the map runs its batch.
fn every_engine() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    for (index, engine) in (0..).zip(Engine::TIGER_LAKE) {
        let place = 16 * u64::from(index);
        rig.run(index, |batch| {
            batch.store_u32(AT + place, 100 + index);
        })?;
        ensure_eq!(
            memory.read_u32(place as usize),
            100 + index,
            "{}",
            engine.name()
        );
    }
    Ok(())
}

/// MI_FLUSH_DW (PIPE_CONTROL on the render engine) writes a u64 at its end.
fn every_engine_flushes_with_a_write() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    for (index, engine) in (0..).zip(Engine::TIGER_LAKE) {
        let (place, value) = (
            16 * u64::from(index),
            0x1_0000_0001 * (u64::from(index) + 5),
        );
        rig.run(index, |batch| {
            flush(batch, index, Tail::Write(AT + place, value))
        })?;
        ensure_eq!(memory.read_u64(place as usize), value, "{}", engine.name());
    }
    Ok(())
}

/// The engine index is one of the context's map: the same place, other engines. Only
/// the render engine knows PIPE_CONTROL.
fn map_decides_the_engine() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    let reversed = Context::for_vm(
        &device,
        &rig.vm,
        &[Engine::BCS0, Engine::NONE, Engine::RCS0],
    )?;
    let done = Syncobj::create(&device)?;
    let batch = rig.write(0, |batch| {
        batch.pipe_control(Tail::Write(AT, 1));
    });
    Exec3::new(&reversed, 2, batch)
        .fence(done.signal_fence(0))
        .submit(&device)?;
    done.wait(PATIENCE)?;
    ensure_eq!(
        (done.status()?, memory.read_u64(0)),
        (1, 1),
        "PIPE_CONTROL at place 2"
    );
    let nowhere = Exec3::new(&reversed, 1, batch).submit(&device);
    expect_errno(nowhere, Errno::EINVAL, "a place that was left empty")
}

/// Two places with the same engine are two queues of their own.
fn one_engine_twice_in_a_map() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    let twice = Context::for_vm(&device, &rig.vm, &[Engine::VCS0, Engine::VCS0])?;
    let done = Syncobj::create(&device)?;
    for index in 0..2 {
        let batch = rig.write(index, |batch| {
            batch.store_u32(AT + 4 * index, 70 + index as u32);
        });
        let submission = Exec3::new(&twice, index as u32, batch);
        submission
            .fence(done.signal_fence(index + 1))
            .submit(&device)?;
        done.wait_point(index + 1, PATIENCE)?;
    }
    ensure_eq!(
        (memory.read_u32(0), memory.read_u32(4)),
        (70, 71),
        "what was written"
    );
    Ok(())
}

/// The engine's clock runs on within a batch and between batches.
fn timestamps_rise() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    let mut last = 0;
    for round in 0..4 {
        let engine = if round % 2 == 0 { RCS0 } else { BCS0 };
        rig.run(engine, |batch| {
            flush(batch, engine, Tail::Timestamp(AT));
            flush(batch, engine, Tail::Timestamp(AT + 8));
        })?;
        let (begin, end) = (memory.read_u64(0), memory.read_u64(8));
        ensure!(
            last < begin && begin <= end,
            "round {round}: {last}, {begin}, {end}"
        );
        last = end;
    }
    Ok(())
}

/// General purpose registers are kept for a context and an engine, and nobody else's.
fn registers_are_the_contexts_own() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    let stranger = Context::for_vm(&device, &rig.vm, &[Engine::RCS0])?;
    let register = registers::general_purpose(registers::RCS0);
    rig.run(RCS0, |batch| {
        batch.load_register(register, 0x5eed);
    })?;
    let done = Syncobj::create(&device)?;
    let batch = rig.write(1, |batch| {
        batch
            .store_register(register, AT)
            .load_register(register, 0xbad);
    });
    Exec3::new(&stranger, 0, batch)
        .fence(done.signal_fence(1))
        .submit(&device)?;
    done.wait_point(1, PATIENCE)?;
    rig.run(RCS0, |batch| {
        batch.store_register(register, AT + 4);
    })?;
    ensure_eq!(memory.read_u32(0), 0, "the register in a new context");
    ensure_eq!(
        memory.read_u32(4),
        0x5eed,
        "the register in its own context"
    );
    Ok(())
}

/// A fence with the value 0 makes the syncobj a binary one.
fn binary_out_fence() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    let done = Syncobj::create(&device)?;
    let batch = rig.write(0, |batch| {
        batch.store_u32(AT, 1);
    });
    Exec3::new(&rig.context, RCS0, batch)
        .fence(done.signal_fence(0))
        .submit(&device)?;
    done.wait(PATIENCE)?;
    ensure_eq!(memory.read_u32(0), 1, "what the batch writes");
    ensure_eq!(done.status()?, 1, "the fence's status");
    Ok(())
}

/// Points are reached in the order of the submissions, whatever their distances.
fn timeline_out_fence() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let done = Syncobj::create(&device)?;
    let batch = rig.write(0, |_| {});
    for point in [1, 2, 10, 1 << 40] {
        Exec3::new(&rig.context, RCS0, batch)
            .fence(done.signal_fence(point))
            .submit(&device)?;
        done.wait_point(point, PATIENCE)?;
        ensure_eq!(done.reached()?, point, "the timeline");
    }
    Ok(())
}

/// One submission may signal several syncobjs, binary ones and points.
fn several_out_fences() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (one, two, three) = (
        Syncobj::create(&device)?,
        Syncobj::create(&device)?,
        Syncobj::create(&device)?,
    );
    let batch = rig.write(0, |_| {});
    let submission = Exec3::new(&rig.context, RCS0, batch);
    let submission = submission
        .fence(one.signal_fence(0))
        .fence(two.signal_fence(7));
    submission.fence(three.signal_fence(1)).submit(&device)?;
    one.wait(PATIENCE)?;
    two.wait_point(7, PATIENCE)?;
    three.wait_point(1, PATIENCE)?;
    Ok(())
}

/// A submission needs no fences.
fn no_fence_at_all() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    let batch = rig.write(0, |batch| {
        batch.store_u32(AT, 1);
    });
    Exec3::new(&rig.context, RCS0, batch).submit(&device)?;
    wait_until("the batch has run", || memory.read_u32(0) == 1)
}

/// The fence doesn't signal before the batch has ended; it is there at once, though.
fn out_fence_is_not_early() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let done = Syncobj::create(&device)?;
    let spinner = rig.spinner(0);
    let submission = Exec3::new(&rig.context, BCS0, spinner.address());
    submission.fence(done.signal_fence(1)).submit(&device)?;
    let available = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE | DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT;
    done.wait_point_flags(1, PATIENCE, available)?;
    wait_until("the spinner has started", || rig.has_started(&spinner))?;
    expect_errno(
        done.wait_point(1, A_WHILE),
        Errno::ETIME,
        "a wait while the batch runs",
    )?;
    rig.end(&spinner);
    done.wait_point(1, PATIENCE)?;
    Ok(())
}

/// A fence that has signalled holds nothing back, be it binary or a point.
fn in_fence_of_a_signalled_syncobj() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let binary = Syncobj::create_signaled(&device)?;
    let (timeline, done) = (Syncobj::create(&device)?, Syncobj::create(&device)?);
    timeline.signal_point(5)?;
    let batch = rig.write(0, |_| {});
    let submission = Exec3::new(&rig.context, RCS0, batch);
    let submission = submission
        .fence(binary.wait_fence(0))
        .fence(timeline.wait_fence(5));
    submission.fence(done.signal_fence(1)).submit(&device)?;
    done.wait_point(1, PATIENCE)?;
    Ok(())
}

/// A batch waits for the fence of work that still runs, on another context's engine.
fn in_fence_holds_back() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    let (first, done) = (Syncobj::create(&device)?, Syncobj::create(&device)?);
    let spinner = rig.spinner(0);
    let submission = Exec3::new(&rig.context, BCS0, spinner.address());
    submission.fence(first.signal_fence(3)).submit(&device)?;
    let batch = rig.write(1, |batch| {
        batch.store_u32(AT, 1);
    });
    let other = Context::for_vm(&device, &rig.vm, &[Engine::VECS0])?;
    let submission = Exec3::new(&other, 0, batch).fence(first.wait_fence(3));
    submission.fence(done.signal_fence(1)).submit(&device)?;
    wait_until("the spinner has started", || rig.has_started(&spinner))?;
    expect_errno(
        done.wait_point(1, A_WHILE),
        Errno::ETIME,
        "while the first runs",
    )?;
    ensure_eq!(
        memory.read_u32(0),
        0,
        "what the second writes, while the first runs"
    );
    rig.end(&spinner);
    done.wait_point(1, PATIENCE)?;
    ensure_eq!(memory.read_u32(0), 1, "what the second writes");
    Ok(())
}

/// A wait is for a fence that exists: EINVAL before anybody has promised the point.
/// Once the CPU has signalled it, the same submission goes through.
fn cpu_signalled_point_releases() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (timeline, done) = (Syncobj::create(&device)?, Syncobj::create(&device)?);
    let batch = rig.write(0, |_| {});
    let submission = || {
        let submission = Exec3::new(&rig.context, RCS0, batch);
        submission
            .fence(timeline.wait_fence(2))
            .fence(done.signal_fence(1))
            .submit(&device)
    };
    expect_errno(
        submission(),
        Errno::EINVAL,
        "a wait for what nobody has promised",
    )?;
    timeline.signal_point(2)?;
    submission()?;
    done.wait_point(1, PATIENCE)?;
    Ok(())
}

/// MI_SEMAPHORE_WAIT: a batch waits for memory that another engine's batch writes.
fn gpu_waits_for_memory() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    let done = Syncobj::create(&device)?;
    let waiter = rig.write(0, |batch| {
        batch
            .wait_until(AT, Compare::GreaterOrEqual, 5)
            .copy_u32(AT + 4, AT);
    });
    Exec3::new(&rig.context, BCS0, waiter)
        .fence(done.signal_fence(1))
        .submit(&device)?;
    expect_errno(
        done.wait_point(1, A_WHILE),
        Errno::ETIME,
        "before the memory changes",
    )?;
    let writer = rig.write(1, |batch| {
        batch.store_u32(AT, 5);
    });
    Exec3::new(&rig.context, RCS0, writer).submit(&device)?;
    done.wait_point(1, PATIENCE)?;
    ensure_eq!(memory.read_u32(4), 5, "what the waiting batch has copied");
    Ok(())
}

/// MI_BATCH_BUFFER_START goes on in another batch.
fn chained_batches() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    let second = rig.write(2, |batch| {
        batch.store_u32(AT + 4, 2);
    });
    rig.run(RCS0, |batch| {
        batch.store_u32(AT, 1).jump(second).store_u32(AT + 8, 3);
    })?;
    let dwords = [0, 4, 8].map(|offset| memory.read_u32(offset));
    ensure_eq!(dwords, [1, 2, 0], "what the two batches have written");
    Ok(())
}

/// Submissions to one place of one context run in their order, without fences.
fn many_submissions_in_order() -> Outcome {
    const COUNT: u32 = 500;
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_log, log) = rig.memory(AT, PAGE * 2)?;
    // Each batch takes its number from memory and leaves its successor's.
    let (_code, code) = rig.memory(AT + 0x10_0000, PAGE * 16)?;
    let done = Syncobj::create(&device)?;
    for number in 0..COUNT {
        let mut batch = virtio_igpu_guest_tests::gpu::Batch::new();
        batch
            .copy_u32(AT + PAGE + 4 * u64::from(number), AT)
            .store_u32(AT, number + 1);
        let offset = 64 * number as usize;
        code.write_dwords(offset, &batch.end());
        let submission = Exec3::new(&rig.context, RCS0, AT + 0x10_0000 + offset as u64);
        submission
            .fence(done.signal_fence(u64::from(number) + 1))
            .submit(&device)?;
    }
    done.wait_point(COUNT.into(), PATIENCE)?;
    for number in 0..COUNT {
        let seen = log.read_u32((PAGE + 4 * u64::from(number)) as usize);
        ensure_eq!(seen, number, "how many ran before submission {number}");
    }
    Ok(())
}

/// More contexts than engines, all with work at once.
fn many_contexts() -> Outcome {
    const COUNT: usize = 40;
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    let (_code, code) = rig.memory(AT + 0x10_0000, PAGE)?;
    let done = Syncobj::create(&device)?;
    let engines = Engine::TIGER_LAKE;
    let mut contexts = Vec::new();
    let mut fences = Vec::new();
    for index in 0..COUNT {
        contexts.push(Context::for_vm(
            &device,
            &rig.vm,
            &[engines[index % engines.len()]],
        )?);
        fences.push(Syncobj::create(&device)?);
        let mut batch = virtio_igpu_guest_tests::gpu::Batch::new();
        batch.store_u32(AT + 4 * index as u64, index as u32 + 1);
        code.write_dwords(64 * index, &batch.end());
    }
    for (index, (context, fence)) in contexts.iter().zip(&fences).enumerate() {
        let batch = AT + 0x10_0000 + 64 * index as u64;
        Exec3::new(context, 0, batch)
            .fence(fence.signal_fence(1))
            .submit(&device)?;
    }
    for fence in &fences {
        fence.wait_point(1, PATIENCE)?;
    }
    for index in 0..COUNT {
        ensure_eq!(
            memory.read_u32(4 * index),
            index as u32 + 1,
            "context {index}"
        );
    }
    drop(done);
    Ok(())
}
