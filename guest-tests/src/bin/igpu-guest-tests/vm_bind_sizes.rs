//! VM_BIND with ranges of many sizes and alignments, large pages among them.

use libtest_mimic::Trial;
use virtio_igpu_guest_tests::client::{Device, Object};
use virtio_igpu_guest_tests::sys::memory::Mapping;

use crate::rig::{Outcome, PAGE, RCS0, Rig, ensure_eq, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("vm_bind_sizes":
        aligned_64k, aligned_2m, misaligned_2m, large_at_small_offset, hole_in_2m,
        many_small_mappings, userptr_2m,
    )
}

const KIB_64: u64 = 64 << 10;
const MIB_2: u64 = 2 << 20;

/// Writes a number of its own to each of these offsets by the GPU, and compares.
fn check(rig: &Rig<'_>, memory: &Mapping, at: u64, offsets: &[u64]) -> Outcome {
    rig.run(RCS0, |batch| {
        for offset in offsets {
            batch.store_u32(at + offset, number(at, *offset));
        }
    })?;
    for offset in offsets {
        let got = memory.read_u32(*offset as usize);
        ensure_eq!(got, number(at, *offset), "at {at:#x} + {offset:#x}");
    }
    Ok(())
}

fn number(at: u64, offset: u64) -> u32 {
    ((at >> 12) * 31 + offset / 4 + 1) as u32
}

/// Offsets at the borders of all pages that an entry of either size could have.
fn borders(size: u64) -> Vec<u64> {
    let steps = (0..size).step_by(KIB_64 as usize);
    steps
        .flat_map(|offset| [offset, offset + PAGE, offset + KIB_64 - 4])
        .filter(|o| *o < size)
        .collect()
}

/// 64 KiB at a multiple of 64 KiB.
fn aligned_64k() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let at = 0x1_2345_0000;
    let (_object, memory) = rig.memory(at, 3 * KIB_64)?;
    check(&rig, &memory, at, &borders(3 * KIB_64))
}

/// 2 MiB at a multiple of 2 MiB.
fn aligned_2m() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let at = 0x1_2340_0000;
    let (_object, memory) = rig.memory(at, 2 * MIB_2)?;
    check(&rig, &memory, at, &borders(2 * MIB_2))
}

/// 2 MiB across the borders of page directories.
fn misaligned_2m() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    for at in [
        0x3f_ffff_f000,
        0x7f_c000_1000 - MIB_2,
        0x80_0000_0000 - PAGE,
    ] {
        let (_object, memory) = rig.memory(at, MIB_2 + PAGE)?;
        check(&rig, &memory, at, &borders(MIB_2 + PAGE))?;
    }
    Ok(())
}

/// Address and offset into the object are aligned differently.
fn large_at_small_offset() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let object = Object::create(&device, 2 * MIB_2)?;
    let memory = object.map()?;
    let (at, offset) = (0x40_0000_0000, 5 * PAGE);
    rig.vm.bind_section(&object, at, offset, MIB_2)?;
    // The same numbers, where the object has them.
    let places = borders(MIB_2);
    rig.run(RCS0, |batch| {
        for place in &places {
            batch.store_u32(at + place, number(at, *place));
        }
    })?;
    for place in &places {
        let got = memory.read_u32((offset + place) as usize);
        ensure_eq!(got, number(at, *place), "at {place:#x} of the section");
    }
    Ok(())
}

/// A page taken out of a large mapping, and one of another object put there.
fn hole_in_2m() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (at, hole) = (0x1_2340_0000, 77 * PAGE);
    let (_object, memory) = rig.memory(at, MIB_2)?;
    rig.vm.unbind(at + hole, PAGE)?;
    rig.run(RCS0, |batch| {
        batch
            .store_u32(at + hole, 1)
            .store_u32(at + hole - 4, 2)
            .store_u32(at + hole + PAGE, 3);
    })?;
    let around = |offset: u64| memory.read_u32((hole + offset) as usize);
    let before = memory.read_u32(hole as usize - 4);
    ensure_eq!((around(0), before, around(PAGE)), (0, 2, 3), "with a hole");
    let (_patch, patch) = rig.memory(at + hole, PAGE)?;
    rig.run(RCS0, |batch| {
        batch.store_u32(at + hole, 4);
    })?;
    ensure_eq!(
        (around(0), patch.read_u32(0)),
        (0, 4),
        "with a patch in the hole"
    );
    Ok(())
}

/// A thousand mappings of single pages, in no order.
fn many_small_mappings() -> Outcome {
    const COUNT: u64 = 1000;
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let object = Object::create(&device, COUNT * PAGE)?;
    let memory = object.map()?;
    let at = 0x7_0000_0000;
    // 617 has no factor in common with 1000: page n of the range shows page 617 n.
    for page in 0..COUNT {
        rig.vm
            .bind_section(&object, at + page * PAGE, page * 617 % COUNT * PAGE, PAGE)?;
    }
    rig.run(RCS0, |batch| {
        for page in (0..COUNT).step_by(9) {
            batch.store_u32(at + page * PAGE, page as u32 + 1);
        }
    })?;
    for page in (0..COUNT).step_by(9) {
        let got = memory.read_u32((page * 617 % COUNT * PAGE) as usize);
        ensure_eq!(got, page as u32 + 1, "page {page}");
    }
    Ok(())
}

/// 2 MiB of the process's own pages.
fn userptr_2m() -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(MIB_2 as usize)?;
    let rig = Rig::new(&device)?;
    let object = Object::userptr(&device, &pages)?;
    let at = 0x1_2340_0000;
    rig.vm.bind(&object, at)?;
    check(&rig, &pages, at, &borders(MIB_2))?;
    rig.vm.unbind(at, MIB_2)?;
    Ok(())
}
