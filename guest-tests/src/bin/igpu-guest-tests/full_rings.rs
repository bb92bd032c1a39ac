//! More commands than the rings have room for: nothing is lost, and nothing overtakes
//! what it follows. The rings are fullest while the device isn't scheduled;
//! `cargo xtask test --only lifecycle` runs this with a daemon that is stopped again and
//! again.

use libtest_mimic::{Failed, Trial};
use virtio_igpu_guest_tests::client::{Context, Device, Exec2, Object};
use virtio_igpu_guest_tests::gpu::Batch;

use crate::exec2::{BATCH, TARGET};
use crate::rig::{Outcome, PATIENCE, ensure_eq, settled_counters, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("full_rings": contexts_used_once)
}

/// Threads, which share a file.
const THREADS: u32 = 2;
/// Contexts of each thread.
const CONTEXTS: u32 = 2000;
/// Bytes from one batch to the next.
const STRIDE: u32 = 64;

/// Two threads make contexts, each of which has an address space of its own, runs one batch
/// there and is destroyed while that may be under way: some eight commands on three queues
/// that depend on one another, and nobody waits for any. Every batch has run, and nothing
/// is left.
fn contexts_used_once() -> Outcome {
    let before = settled_counters()?;
    {
        let device = Device::open()?;
        let target = Object::create(&device, u64::from(THREADS * CONTEXTS * 4))?;
        std::thread::scope(|scope| {
            let (device, target) = (&device, &target);
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| scope.spawn(move || use_contexts(device, target, thread * CONTEXTS)))
                .collect();
            let ended = threads.into_iter().map(|thread| thread.join());
            ended
                .map(|result| result.unwrap_or_else(|_| Err("a thread has panicked".into())))
                .collect::<Result<Vec<()>, Failed>>()
        })?;
        target.wait(PATIENCE.as_nanos() as i64)?;
        let memory = target.map()?;
        for number in 0..THREADS * CONTEXTS {
            let stored = memory.read_u32((number * 4) as usize);
            ensure_eq!(stored, number + 1, "what batch {number} stored");
        }
    }
    let after = settled_counters()?;
    for counter in ["contexts", "address_spaces", "submissions_unfinished"] {
        ensure_eq!(after.get(counter), before.get(counter), "{counter} alive");
    }
    Ok(())
}

/// One batch in each of [`CONTEXTS`] new contexts: number `first + n` stores its number,
/// counted from 1, in its dword of `target`.
fn use_contexts(device: &Device, target: &Object<'_>, first: u32) -> Outcome {
    let batches = Object::create(device, u64::from(CONTEXTS * STRIDE))?;
    let memory = batches.map()?;
    for number in 0..CONTEXTS {
        let own = first + number;
        let mut batch = Batch::new();
        batch.store_u32(TARGET + u64::from(own) * 4, own + 1);
        memory.write_dwords((number * STRIDE) as usize, &batch.end());
    }
    for number in 0..CONTEXTS {
        let context = Context::create(device)?;
        let objects = vec![target.pinned_at(TARGET), batches.pinned_at(BATCH)];
        let mut submission = Exec2::new(objects).context(&context);
        submission.argument.batch_start_offset = number * STRIDE;
        submission.argument.batch_len = STRIDE;
        submission.submit(device)?;
        context.destroy()?;
    }
    Ok(())
}
