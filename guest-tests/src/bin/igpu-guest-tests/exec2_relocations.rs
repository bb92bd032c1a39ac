//! EXECBUFFER2 with relocations: the kernel puts addresses where the batch needs them.

use libtest_mimic::Trial;
use virtio_igpu_guest_tests::client::{Device, Exec2, Object, Relocation, Result};
use virtio_igpu_guest_tests::sys::uapi::*;

use crate::exec2::{BATCH, TARGET, program};
use crate::rig::{Outcome, PAGE, ensure_eq, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("exec2": relocations, relocations_by_list_index)
}

/// A batch that leaves its target's address open, and the place where it belongs.
fn open_store<'d>(device: &'d Device, target_handle: u32) -> Result<(Object<'d>, Relocation)> {
    let batch = program(device, |batch| {
        batch.store_u32(0xbad_0000, 18);
    })?;
    let relocation = Relocation {
        target_handle,
        delta: 12,
        offset: 4,
        presumed_offset: u64::MAX,
        read_domains: I915_GEM_DOMAIN_RENDER,
        write_domain: I915_GEM_DOMAIN_RENDER,
    };
    Ok((batch, relocation))
}

/// A relocation puts the target's address, and a distance, where the batch needs it.
fn relocations() -> Outcome {
    let device = Device::open()?;
    let target = Object::create(&device, PAGE)?;
    let (batch, relocation) = open_store(&device, target.handle())?;
    let list = vec![target.pinned_at(TARGET), batch.pinned_at(BATCH)];
    let mut submission = Exec2::new(list).relocate(1, vec![relocation]);
    submission.submit(&device)?;
    let told = submission
        .relocations
        .as_ref()
        .map(|(_, list)| list[0].presumed_offset);
    ensure_eq!(told, Some(TARGET), "the address that comes back");
    target.wait(-1)?;
    ensure_eq!(target.map()?.read_u32(12), 18, "what the batch writes");
    Ok(())
}

/// With HANDLE_LUT relocations name their targets by place in the list.
fn relocations_by_list_index() -> Outcome {
    let device = Device::open()?;
    let target = Object::create(&device, PAGE)?;
    let (batch, relocation) = open_store(&device, 0)?;
    let list = vec![target.pinned_at(TARGET), batch.pinned_at(BATCH)];
    let submission = Exec2::new(list).flags(I915_EXEC_HANDLE_LUT);
    submission.relocate(1, vec![relocation]).submit(&device)?;
    target.wait(-1)?;
    ensure_eq!(target.map()?.read_u32(12), 18, "what the batch writes");
    Ok(())
}
