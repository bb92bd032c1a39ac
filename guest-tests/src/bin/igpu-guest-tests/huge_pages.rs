//! Objects in pages of 2 MiB, where the guest has such: they reach the device in few
//! extents.

use std::fs;

use libtest_mimic::{Failed, Trial};
use virtio_igpu_guest_tests::client::{Device, Object};
use virtio_igpu_guest_tests::sys::memory::{Mapping, userptr};

use crate::rig::{Outcome, RCS0, Rig, ensure, ensure_eq, settled_counters, vm_bind_trials};

pub(crate) fn tests() -> Vec<Trial> {
    vm_bind_trials!("huge_pages": object_comes_in_few_extents, own_memory_comes_in_few_extents)
}

const MIB_2: u64 = 2 << 20;
/// Bytes of what is bound.
const BYTES: u64 = 64 << 20;
const AT: u64 = 0x10_0000_0000;
/// Bytes of an extent on the wire, and of a bind without any (at most).
const EXTENT: u64 = 16;
const BIND: u64 = 128;

/// How many pages of 2 MiB are free, as the kernel counts blocks of memory: a line a zone,
/// with the number of free blocks of 4 KiB, 8 KiB and so on.
fn free_huge_pages() -> Result<u64, Failed> {
    let text = fs::read_to_string("/proc/buddyinfo")?;
    let mut pages = 0;
    for line in text.lines() {
        let orders = line.split_whitespace().skip(4);
        for (order, count) in orders.enumerate().skip(9) {
            let count: u64 = count.parse().map_err(|_| format!("buddyinfo: {line}"))?;
            pages += count << (order - 9);
        }
    }
    Ok(pages)
}

/// Binds the object, whose first byte is at `offset` of `memory`, and has the GPU write to
/// each 2 MiB of it.
fn check(rig: &Rig<'_>, object: &Object<'_>, memory: &Mapping, offset: u64) -> Outcome {
    let free = free_huge_pages()?;
    let before = settled_counters()?;
    rig.vm.bind(object, AT)?;
    let sent = settled_counters()?.since(&before).get("bytes_out_bind");
    let places = || (0..BYTES / MIB_2).map(|part| part * MIB_2 + 0x12_3450);
    rig.run(RCS0, |batch| {
        for (place, value) in places().zip(1..) {
            batch.store_u32(AT + place, value);
        }
    })?;
    for (place, value) in places().zip(1..) {
        let got = memory.read_u32((offset + place) as usize);
        ensure_eq!(got, value, "what the GPU wrote at {place:#x}");
    }
    rig.vm.unbind(AT, BYTES)?;
    // With some to spare for what else runs. With less free nothing is promised.
    if free >= 2 * BYTES / MIB_2 {
        let most = BIND + EXTENT * (BYTES / MIB_2);
        ensure!(
            sent <= most,
            "{sent} bytes were sent to bind 64 MiB, expected at most {most}"
        );
    }
    Ok(())
}

/// An object's memory, from shmem.
fn object_comes_in_few_extents() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let object = Object::create(&device, BYTES)?;
    let memory = object.map()?;
    check(&rig, &object, &memory, 0)
}

/// A process's memory.
fn own_memory_comes_in_few_extents() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let pages = Mapping::anonymous((BYTES + MIB_2) as usize)?;
    // The part of it that begins where pages of 2 MiB do.
    let skip = pages.address().next_multiple_of(MIB_2) - pages.address();
    let handle = userptr(device.fd(), &pages, skip as usize, BYTES, 0)?;
    let object = Object::from_handle(&device, handle, BYTES);
    check(&rig, &object, &pages, skip)
}
