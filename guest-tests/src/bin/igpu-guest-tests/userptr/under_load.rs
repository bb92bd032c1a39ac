//! Memory that the process changes while batches run that use it.

use libtest_mimic::Trial;
use virtio_igpu_guest_tests::client::{Device, Exec3, Syncobj};
use virtio_igpu_guest_tests::sys::memory::Mapping;
use virtio_igpu_guest_tests::sys::remap::Forked;

use super::{AT, Bound, Gate, PAGE_BYTES};
use crate::rig::{BCS0, Outcome, PATIENCE, ensure_eq, vm_bind_trials};

pub(super) fn tests() -> Vec<Trial> {
    vm_bind_trials!("userptr":
        a_running_batch_keeps_the_old_pages, unmap_under_load, fork_under_load,
        fork_while_a_batch_waits,
    )
}

/// A batch that was submitted before the change writes to the pages of then, and the
/// process finds nothing of it in its new ones.
fn a_running_batch_keeps_the_old_pages() -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(4 * PAGE_BYTES)?;
    let bound = Bound::new(&device, &pages)?;
    let gate = Gate::new(&bound.rig)?;
    let done = bound.store_behind(&gate, 0, 7)?;
    pages.renew(0, 4 * PAGE_BYTES)?;
    pages.write_u32(0, 1);
    // Behind it, and seen in the new pages.
    let second = Syncobj::create(&device)?;
    let address = bound.rig.write(1, |batch| {
        batch.store_u32(AT + 4, 8);
    });
    Exec3::new(&bound.rig.context, BCS0, address)
        .fence(second.signal_fence(0))
        .submit(&device)?;
    ensure_eq!(done.status()?, 0, "the batch in front");
    gate.open(&done)?;
    second.wait(PATIENCE)?;
    ensure_eq!(
        (pages.read_u32(0), pages.read_u32(4)),
        (1, 8),
        "what the process finds in its new pages"
    );
    Ok(())
}

/// Memory is renewed again and again while batches write to it: each submission is seen
/// in the memory that there was then, and nothing is ever found of one before.
fn unmap_under_load() -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(16 * PAGE_BYTES)?;
    let bound = Bound::new(&device, &pages)?;
    let gate = Gate::new(&bound.rig)?;
    let mut running = None;
    for round in 0..20_u32 {
        let done = bound.store_behind(&gate, u64::from(round % 4), 1000 + round)?;
        match round % 4 {
            0 => pages.renew(0, 16 * PAGE_BYTES)?,
            1 => pages.discard(0, 8 * PAGE_BYTES)?,
            2 => pages.move_in(0, Mapping::anonymous(16 * PAGE_BYTES)?)?,
            _ => {
                pages.withdraw(0, PAGE_BYTES)?;
                pages.renew(0, PAGE_BYTES)?;
            }
        }
        ensure_eq!(pages.read_u32(0), 0, "a new page in round {round}");
        running = Some(done);
        if let Some(done) = &running {
            gate.open(done)?;
        }
        gate.close();
        ensure_eq!(
            pages.read_u32(0),
            0,
            "a batch before the change, in round {round}"
        );
        bound.store(0, round + 1)?;
        ensure_eq!(pages.read_u32(0), round + 1, "the batch of round {round}");
    }
    drop(running);
    Ok(())
}

/// A process forks while batches run that write to its memory: it keeps the pages that the
/// GPU writes to, and the child has its own, with what was there at the fork.
fn fork_while_a_batch_waits() -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(2 * PAGE_BYTES)?;
    pages.write_u32(0, 5);
    let bound = Bound::new(&device, &pages)?;
    let gate = Gate::new(&bound.rig)?;
    let done = bound.store_behind(&gate, 0, 7)?;
    let child = Forked::run(|| {
        // The parent lets the batch through once it has this.
        let mine = pages.read_u32(0) == 5;
        pages.write_u32(0, 6);
        pages.write_u32(PAGE_BYTES, 6);
        u8::from(!(mine && pages.read_u32(0) == 6))
    })?;
    // The parent touches a page first, too.
    pages.write_u32(PAGE_BYTES, 8);
    ensure_eq!(child.wait()?, 0, "what the child saw");
    gate.open(&done)?;
    ensure_eq!(
        (pages.read_u32(0), pages.read_u32(PAGE_BYTES)),
        (7, 8),
        "what the parent has"
    );
    bound.store(1, 9)?;
    ensure_eq!(pages.read_u32(PAGE_BYTES), 9, "what came afterwards");
    Ok(())
}

/// Forks in a row, each child writing to all of its copy while the GPU and the parent write
/// to theirs.
fn fork_under_load() -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(8 * PAGE_BYTES)?;
    let bound = Bound::new(&device, &pages)?;
    let gate = Gate::new(&bound.rig)?;
    for round in 0..12_u32 {
        let done = bound.store_behind(&gate, u64::from(round % 4), round + 1)?;
        let mut children = Vec::new();
        for _ in 0..3 {
            children.push(Forked::run(|| {
                for page in 0..8 {
                    pages.write_u32(page * PAGE_BYTES, 0xbad);
                    pages.write_u32(page * PAGE_BYTES + 4, 0xbad);
                }
                0
            })?);
        }
        for page in 0..8 {
            pages.write_u32(page * PAGE_BYTES + 4, round);
        }
        gate.open(&done)?;
        gate.close();
        bound.store(7, round + 2)?;
        for child in children {
            ensure_eq!(child.wait()?, 0, "a child");
        }
        ensure_eq!(
            (pages.read_u32(0), pages.read_u32(7 * PAGE_BYTES)),
            (round + 1, round + 2),
            "what the GPU wrote in round {round}"
        );
        for page in 0..8 {
            let got = pages.read_u32(page * PAGE_BYTES + 4);
            ensure_eq!(got, round, "what the parent wrote to page {page}");
        }
    }
    Ok(())
}
