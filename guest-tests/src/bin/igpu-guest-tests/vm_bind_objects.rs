//! VM_BIND and the objects: handles that are closed, private objects, other clients' objects,
//! and what a submission leaves on them.

use libtest_mimic::Trial;
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{AddressSpace, Device, Exec3, Object, Syncobj};
use virtio_igpu_guest_tests::sys::uapi::I915_GEM_DOMAIN_CPU;

use crate::rig::{Outcome, PAGE, PATIENCE, RCS0, Rig, ensure_eq, expect_errno, trials, wait_until};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("vm_bind_objects":
        mapping_outlives_handle, private_object, imported_object,
        submissions_leave_objects_idle, private_objects_are_not_for_others,
    )
}

const AT: u64 = 0x1_0000_0000;
const RESULT: u64 = 0x2_0000_0000;

/// A mapping keeps the memory, also when the object's handle is closed.
fn mapping_outlives_handle() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (object, memory) = rig.memory(AT, PAGE)?;
    object.close()?;
    rig.run(RCS0, |batch| {
        batch.store_u32(AT, 1);
    })?;
    ensure_eq!(
        memory.read_u32(0),
        1,
        "the memory, seen by an older mapping"
    );
    drop(memory);
    let (_result, result) = rig.memory(RESULT, PAGE)?;
    rig.run(RCS0, |batch| {
        batch.copy_u32(RESULT, AT);
    })?;
    ensure_eq!(
        result.read_u32(0),
        1,
        "the memory, with nothing but the GPU's mapping left"
    );
    Ok(())
}

/// A private object works in its address space like any other.
fn private_object() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let object = Object::create_private(&device, PAGE, &rig.vm)?;
    rig.vm.bind(&object, AT)?;
    rig.run(RCS0, |batch| {
        batch.store_u32(AT, 1);
    })?;
    ensure_eq!(object.map()?.read_u32(0), 1, "the private object");
    Ok(())
}

/// An object of another client is bound like one's own.
fn imported_object() -> Outcome {
    let (giver, device) = (Device::open()?, Device::open()?);
    let rig = Rig::new(&device)?;
    let given = Object::create(&giver, PAGE)?;
    let object = Object::import(&device, given.export()?, PAGE)?;
    rig.vm.bind(&object, AT)?;
    rig.run(RCS0, |batch| {
        batch.store_u32(AT, 1);
    })?;
    ensure_eq!(given.map()?.read_u32(0), 1, "the memory, seen by the giver");
    Ok(())
}

/// A submission's fence is on the objects as BOOKKEEP: GEM_BUSY, GEM_WAIT and SET_DOMAIN
/// don't see it, whether an object is private or not.
fn submissions_leave_objects_idle() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (shared, _) = rig.memory(AT, PAGE)?;
    let private = Object::create_private(&device, PAGE, &rig.vm)?;
    rig.vm.bind(&private, RESULT)?;
    let done = Syncobj::create(&device)?;
    let spinner = rig.spinner(0);
    Exec3::new(&rig.context, RCS0, spinner.address())
        .fence(done.signal_fence(1))
        .submit(&device)?;
    wait_until("the spinner has started", || rig.has_started(&spinner))?;
    for object in [&shared, &private] {
        ensure_eq!(object.busy()?, 0, "GEM_BUSY");
        object.wait(0)?;
        object.set_domain(I915_GEM_DOMAIN_CPU, I915_GEM_DOMAIN_CPU)?;
    }
    ensure_eq!(done.reached()?, 0, "the batch, after all that");
    rig.end(&spinner);
    done.wait_point(1, PATIENCE)?;
    Ok(())
}

/// A private object is exported to nobody, and bound nowhere else; it outlives its address
/// space's handle.
fn private_objects_are_not_for_others() -> Outcome {
    let device = Device::open()?;
    let (rig, other) = (Rig::new(&device)?, AddressSpace::create(&device)?);
    let objects = [(); 3].map(|()| Object::create_private(&device, PAGE, &rig.vm));
    for (index, object) in (0..).zip(&objects) {
        let object = object.as_ref().map_err(ToString::to_string)?;
        expect_errno(object.export(), Errno::EINVAL, "an export")?;
        expect_errno(other.bind(object, AT), Errno::EINVAL, "another VM")?;
        rig.vm.bind(object, AT + index * PAGE)?;
    }
    rig.run(RCS0, |batch| {
        for page in 0..3 {
            batch.store_u32(AT + page * PAGE, 1 + page as u32);
        }
    })?;
    drop(rig);
    for (index, object) in (1..).zip(&objects) {
        let object = object.as_ref().map_err(ToString::to_string)?;
        ensure_eq!(object.map()?.read_u32(0), index, "the object");
    }
    Ok(())
}
