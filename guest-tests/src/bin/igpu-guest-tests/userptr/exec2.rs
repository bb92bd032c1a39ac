//! EXECBUFFER2 with memory that the process changes.

use libtest_mimic::{Failed, Trial};
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{Device, Exec2, Object, Result};
use virtio_igpu_guest_tests::gpu::Compare;
use virtio_igpu_guest_tests::sys::memory::Mapping;
use virtio_igpu_guest_tests::sys::remap::Forked;

use super::{GATE_AT, PAGE_BYTES, nothing_is_pinned};
use crate::exec2::{BATCH, TARGET, program};
use crate::rig::{A_WHILE, Outcome, PAGE, ensure, ensure_eq, expect_errno, trials, wait_until};

pub(super) fn tests() -> Vec<Trial> {
    trials!("userptr":
        exec2_finds_renewed_memory, exec2_without_the_memory_is_efault,
        exec2_waits_for_the_old_pages, exec2_of_another_process_is_efault,
    )
}

/// EXECBUFFER2 of a batch that writes `value` to the object, which lies at [`TARGET`].
pub(super) fn exec2_store(device: &Device, object: &Object<'_>, value: u32) -> Result<()> {
    let batch = program(device, |batch| {
        batch.store_u32(TARGET, value);
    })?;
    Exec2::new(vec![object.written_at(TARGET), batch.pinned_at(BATCH)]).submit(device)?;
    object.wait(-1).map(drop)
}

/// EXECBUFFER2: the object is at the same address, with the memory of now.
fn exec2_finds_renewed_memory() -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(4 * PAGE_BYTES)?;
    let object = Object::userptr(&device, &pages)?;
    for round in 1..=4 {
        exec2_store(&device, &object, round)?;
        ensure_eq!(pages.read_u32(0), round, "what the GPU wrote");
        match round {
            1 => pages.renew(0, 4 * PAGE_BYTES)?,
            2 => pages.discard(0, PAGE_BYTES)?,
            3 => pages.move_in(0, Mapping::anonymous(4 * PAGE_BYTES)?)?,
            _ => drop(Forked::run(|| 0)?.wait()?),
        }
    }
    exec2_store(&device, &object, 9)?;
    ensure_eq!(pages.read_u32(0), 9, "what the GPU wrote after a fork");
    Ok(())
}

/// EXECBUFFER2 of memory that isn't there: EFAULT, and the object's pages go by themselves.
fn exec2_without_the_memory_is_efault() -> Outcome {
    let device = Device::open()?;
    nothing_is_pinned()?;
    let pages = Mapping::anonymous(4 * PAGE_BYTES)?;
    let object = Object::userptr(&device, &pages)?;
    exec2_store(&device, &object, 1)?;
    pages.withdraw(2 * PAGE_BYTES, PAGE_BYTES)?;
    nothing_is_pinned()?;
    expect_errno(
        exec2_store(&device, &object, 2),
        Errno::EFAULT,
        "with a page missing",
    )?;
    pages.renew(2 * PAGE_BYTES, PAGE_BYTES)?;
    exec2_store(&device, &object, 3)?;
    ensure_eq!(pages.read_u32(0), 3, "with all pages again");
    Ok(())
}

/// EXECBUFFER2 has an object in one place, and so with one set of pages: as in i915 it waits
/// for batches that use the old ones.
fn exec2_waits_for_the_old_pages() -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(PAGE_BYTES)?;
    let object = Object::userptr(&device, &pages)?;
    let gate = Object::create(&device, PAGE)?;
    let gate_memory = gate.map()?;
    let batch = program(&device, |batch| {
        batch.store_u32(GATE_AT + 4, 1);
        batch.wait_until(GATE_AT, Compare::Equal, 1);
        batch.store_u32(TARGET, 7);
    })?;
    let list = vec![
        object.written_at(TARGET),
        gate.written_at(GATE_AT),
        batch.pinned_at(BATCH),
    ];
    Exec2::new(list).submit(&device)?;
    wait_until("the batch has begun", || gate_memory.read_u32(4) == 1)?;
    pages.renew(0, PAGE_BYTES)?;
    std::thread::scope(|scope| {
        let second = scope.spawn(|| exec2_store(&device, &object, 8));
        std::thread::sleep(A_WHILE);
        let waits = !second.is_finished();
        gate_memory.write_u32(0, 1);
        second
            .join()
            .map_err(|_| Failed::from("the second submission panicked"))??;
        ensure!(waits, "the second submission did not wait");
        Ok(())
    })?;
    ensure_eq!(pages.read_u32(0), 8, "what is in the new page");
    Ok(())
}

/// EXECBUFFER2 with another process's memory: EFAULT, also while it is unchanged.
fn exec2_of_another_process_is_efault() -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(PAGE_BYTES)?;
    let object = Object::userptr(&device, &pages)?;
    exec2_store(&device, &object, 1)?;
    let child = Forked::run(|| match exec2_store(&device, &object, 2) {
        Err(error) if error.errno() == Some(Errno::EFAULT) => 0,
        _ => 1,
    })?;
    ensure_eq!(child.wait()?, 0, "whether the child was refused");
    exec2_store(&device, &object, 3)?;
    ensure_eq!(pages.read_u32(0), 3, "what the parent's batch wrote");
    Ok(())
}
