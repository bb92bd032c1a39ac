//! VM_BIND as version 1 has it, for userspace written to it: binds only where nothing is,
//! unbinds only what was bound. Ignored unless the module was loaded with
//! `vm_bind_version=1`.

use libtest_mimic::Trial;
use nix::errno::Errno::{EEXIST, EINVAL, ENOSPC};
use virtio_igpu_guest_tests::client::{BindCall, Device, Object, Syncobj};
use virtio_igpu_guest_tests::sys::request;
use virtio_igpu_guest_tests::sys::uapi::*;

use crate::rig::{Outcome, PAGE, PATIENCE, RCS0, Rig, ensure_eq, expect_errno, trials};

pub(crate) fn tests() -> Vec<Trial> {
    let offered = Device::open().and_then(|device| device.param(I915_PARAM_VM_BIND_VERSION));
    let there = offered.is_ok_and(|version| version == 1);
    let trials = trials!("vm_bind_version_1":
        range_in_use_is_refused, exact_unbind, nothing_beyond_the_rfc,
    );
    trials
        .into_iter()
        .map(|trial| trial.with_ignored_flag(!there))
        .collect()
}

const AT: u64 = 0x1_0000_0000;

/// Which of 8 pages from [`AT`] on show the object.
fn reached(rig: &Rig<'_>, object: &Object<'_>) -> Result<Vec<bool>, libtest_mimic::Failed> {
    let memory = object.map()?;
    memory.fill_u32(0);
    rig.run(RCS0, |batch| {
        for page in 0..8 {
            batch.store_u32(AT + page * PAGE, 1 + page as u32);
        }
    })?;
    Ok((0..object.size() / PAGE)
        .map(|page| memory.read_u32((page * PAGE) as usize) != 0)
        .collect())
}

/// EEXIST where the start lies in a mapping, ENOSPC where another part does.
fn range_in_use_is_refused() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (old, new) = (
        Object::create(&device, 2 * PAGE)?,
        Object::create(&device, 8 * PAGE)?,
    );
    rig.vm.bind(&old, AT + 3 * PAGE)?;
    let bind = |page, pages| rig.vm.bind_section(&new, AT + page * PAGE, 0, pages * PAGE);
    expect_errno(bind(3, 2), EEXIST, "the same range")?;
    expect_errno(bind(3, 1), EEXIST, "its first page")?;
    expect_errno(bind(4, 4), EEXIST, "from its last page on")?;
    expect_errno(bind(0, 8), ENOSPC, "around it")?;
    expect_errno(bind(2, 2), ENOSPC, "into it")?;
    ensure_eq!(reached(&rig, &old)?, [true; 2], "what was bound before");
    let bound = Syncobj::create(&device)?;
    bind(0, 3)?;
    rig.vm
        .bind_async(&old, AT + 5 * PAGE, bound.signal_fence(1))?;
    bound.wait_point(1, PATIENCE)?;
    let expected = [true, true, true, false, false, false, false, false];
    ensure_eq!(reached(&rig, &new)?, expected, "what was free");
    Ok(())
}

/// EINVAL but for a range that is just one mapping's, and for one where nothing is.
fn exact_unbind() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let object = Object::create(&device, 4 * PAGE)?;
    rig.vm.bind(&object, AT)?;
    for (start, pages, what) in [
        (0, 2, "the first half"),
        (2, 2, "the second half"),
        (1, 2, "the middle"),
        (0, 8, "more"),
        (1, 4, "as much, shifted"),
    ] {
        let unbind = rig.vm.unbind(AT + start * PAGE, pages * PAGE);
        expect_errno(unbind, EINVAL, what)?;
    }
    ensure_eq!(reached(&rig, &object)?, [true; 4], "after what was refused");
    rig.vm.unbind(AT + 4 * PAGE, 4 * PAGE)?;
    rig.vm.unbind(AT, 4 * PAGE)?;
    ensure_eq!(reached(&rig, &object)?, [false; 4], "after the exact range");
    rig.vm.bind(&object, AT)?;
    ensure_eq!(reached(&rig, &object)?, [true; 4], "bound again");
    Ok(())
}

/// No flag and no structure of ours is known.
fn nothing_beyond_the_rfc() -> Outcome {
    let device = Device::open()?;
    ensure_eq!(
        device.param(I915_PARAM_VM_BIND_EXTENSIONS)?,
        0,
        "extensions"
    );
    let rig = Rig::new(&device)?;
    let object = Object::create(&device, PAGE)?;
    for flag in [I915_GEM_VM_BIND_READONLY, I915_GEM_VM_BIND_NULL] {
        let mut argument = drm_i915_gem_vm_bind {
            flags: flag,
            ..rig.vm.bind_argument(&object, AT, 0, PAGE)
        };
        let bind = device.call::<request::VmBind>(&mut argument);
        expect_errno(bind, EINVAL, "a flag")?;
    }
    let array = BindCall::new().bind(&object, AT).submit(&rig.vm);
    expect_errno(array, EINVAL, "an array")?;
    let fences = BindCall::new().submit_unbind(&rig.vm, AT, PAGE);
    expect_errno(fences, EINVAL, "fences")?;
    ensure_eq!(reached(&rig, &object)?, [false], "what was refused");
    Ok(())
}
