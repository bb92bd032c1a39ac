//! Work that never ends or makes no sense: the one context at fault is reset, all others
//! go on, and everybody is told.

use libtest_mimic::Trial;
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{Context, Device, Engine, Exec2, Exec3, Object, Syncobj};
use virtio_igpu_guest_tests::gpu::Batch;

use crate::rig::{
    BCS0, NONSENSE, Outcome, PAGE, PATIENCE, RCS0, Rig, ensure, ensure_eq, expect_errno, trials,
};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("hangs":
        unknown_command_hangs_its_context_only, endless_batch_is_reset,
        non_recoverable_context_is_banned, recoverable_context_goes_on,
        innocent_contexts_work_survives, stats_tell_the_guilty,
    )
}

const AT: u64 = 0x1_0000_0000;

/// An unknown command: the fence carries an error, another context's work doesn't.
fn unknown_command_hangs_its_context_only() -> Outcome {
    let device = Device::open()?;
    let (bad, good) = (Rig::new(&device)?, Rig::new(&device)?);
    let (_object, memory) = good.memory(AT, PAGE)?;
    let done = Syncobj::create(&device)?;
    let batch = bad.write(0, |batch| {
        batch.raw(&[NONSENSE]);
    });
    Exec3::new(&bad.context, BCS0, batch)
        .fence(done.signal_fence(0))
        .submit(&device)?;
    good.run(BCS0, |batch| {
        batch.store_u32(AT, 1);
    })?;
    done.wait(PATIENCE)?;
    let status = done.status()?;
    ensure!(status < 0, "the bad batch's fence has the status {status}");
    ensure_eq!(memory.read_u32(0), 1, "what the good context writes");
    ensure_eq!(
        good.context.reset_stats()?.guilty,
        0,
        "the good context's guilt"
    );
    Ok(())
}

/// A batch that jumps to itself without a point where it could be interrupted.
fn endless_batch_is_reset() -> Outcome {
    let device = Device::open()?;
    let (bad, good) = (Rig::new(&device)?, Rig::new(&device)?);
    let done = Syncobj::create(&device)?;
    let address = bad.write(0, |_| {});
    bad.write(0, |batch| {
        batch.jump(address);
    });
    Exec3::new(&bad.context, RCS0, address)
        .fence(done.signal_fence(0))
        .submit(&device)?;
    done.wait(PATIENCE)?;
    let status = done.status()?;
    ensure!(
        status < 0,
        "the endless batch's fence has the status {status}"
    );
    good.run(RCS0, |_| {})?;
    Ok(())
}

/// A non-recoverable context takes no more work after a hang: EIO.
fn non_recoverable_context_is_banned() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let done = Syncobj::create(&device)?;
    let batch = rig.write(0, |batch| {
        batch.raw(&[NONSENSE]);
    });
    Exec3::new(&rig.context, BCS0, batch)
        .fence(done.signal_fence(0))
        .submit(&device)?;
    done.wait(PATIENCE)?;
    let fine = rig.write(1, |_| {});
    let result = Exec3::new(&rig.context, BCS0, fine).submit(&device);
    expect_errno(result, Errno::EIO, "another submission")?;
    // The address space is not at fault.
    let next = Context::for_vm(&device, &rig.vm, &[Engine::BCS0])?;
    Exec3::new(&next, 0, fine)
        .fence(done.signal_fence(0))
        .submit(&device)?;
    done.wait(PATIENCE)?;
    ensure_eq!(done.status()?, 1, "the next context's fence");
    Ok(())
}

/// A recoverable context loses the batch at fault, and goes on.
fn recoverable_context_goes_on() -> Outcome {
    let device = Device::open()?;
    let context = Context::create(&device)?;
    let object = Object::create(&device, PAGE)?;
    let mut batch = Batch::new();
    batch.raw(&[NONSENSE]);
    let memory = object.map()?;
    memory.write_dwords(0, &batch.end());
    let run = || {
        let list = vec![object.pinned_at(AT)];
        let blitter = virtio_igpu_guest_tests::sys::uapi::I915_EXEC_BLT;
        Exec2::new(list)
            .context(&context)
            .engine(blitter)
            .submit_with_fence(&device)
    };
    let first = run()?;
    object.wait(-1)?;
    let status = virtio_igpu_guest_tests::client::sync_file_status(&first)?;
    ensure!(status < 0, "the bad batch's fence has the status {status}");
    memory.write_dwords(0, &Batch::new().end());
    let second = run()?;
    object.wait(-1)?;
    let status = virtio_igpu_guest_tests::client::sync_file_status(&second)?;
    ensure_eq!(status, 1, "the good batch's status");
    Ok(())
}

/// Work of others that stood in the hung engine's queue is done after the reset.
fn innocent_contexts_work_survives() -> Outcome {
    let device = Device::open()?;
    let (bad, good) = (Rig::new(&device)?, Rig::new(&device)?);
    let (_object, memory) = good.memory(AT, PAGE)?;
    let mut fences = Vec::new();
    let address = bad.write(0, |_| {});
    bad.write(0, |batch| {
        batch.jump(address);
    });
    Exec3::new(&bad.context, BCS0, address).submit(&device)?;
    for index in 0..8u64 {
        let batch = good.write(index, |batch| {
            batch.store_u32(AT + 4 * index, index as u32 + 1);
        });
        let submission = Exec3::new(&good.context, BCS0, batch);
        let done = Syncobj::create(&device)?;
        submission.fence(done.signal_fence(0)).submit(&device)?;
        fences.push(done);
    }
    for (index, done) in fences.iter().enumerate() {
        done.wait(PATIENCE)?;
        ensure_eq!(
            memory.read_u32(4 * index),
            index as u32 + 1,
            "submission {index}"
        );
        ensure_eq!(done.status()?, 1, "fence {index}");
    }
    Ok(())
}

/// GET_RESET_STATS: one hang more for the guilty context, none for the other.
fn stats_tell_the_guilty() -> Outcome {
    let device = Device::open()?;
    let (bad, good) = (Rig::new(&device)?, Rig::new(&device)?);
    good.run(BCS0, |_| {})?;
    let before = bad.context.reset_stats()?;
    let done = Syncobj::create(&device)?;
    let batch = bad.write(0, |batch| {
        batch.raw(&[NONSENSE]);
    });
    Exec3::new(&bad.context, BCS0, batch)
        .fence(done.signal_fence(1))
        .submit(&device)?;
    done.wait_point(1, PATIENCE)?;
    let after = bad.context.reset_stats()?;
    ensure_eq!(after.guilty, before.guilty + 1, "the guilty one's count");
    ensure_eq!(good.context.reset_stats()?.guilty, 0, "the other's count");
    Ok(())
}
