//! Binds, unbinds, arrays of them and submissions in VM_BIND mode while memory runs out:
//! each is carried out whole or not at all, and the GPU finds what was bound before.

use libtest_mimic::Trial;
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{BindCall, Device, Exec3, Object, Syncobj};

use super::every_allocation;
use crate::rig::{Outcome, PAGE, PATIENCE, RCS0, Rig, ensure_eq, trials};

pub(super) fn tests() -> Vec<Trial> {
    trials!("fault_injection":
        vm_bind, vm_bind_of_a_private_object, vm_bind_with_a_fence, vm_bind_over_the_middle,
        vm_unbind_of_the_middle, vm_bind_of_an_array, vm_bind_that_waits, first_execbuffer3,
        later_execbuffer3, creating_a_private_object,
    )
}

const AT: u64 = 0x1_0000_0000;
const PAGES: u64 = 8;

/// Which of an object's pages the GPU reaches from [`AT`] on.
fn reached(rig: &Rig<'_>, object: &Object<'_>) -> Result<Vec<bool>, libtest_mimic::Failed> {
    let memory = object.map()?;
    memory.fill_u32(0);
    rig.run(RCS0, |batch| {
        for page in 0..PAGES {
            batch.store_u32(AT + page * PAGE, 1 + page as u32);
        }
    })?;
    Ok((0..PAGES)
        .map(|page| memory.read_u32((page * PAGE) as usize) == 1 + page as u32)
        .collect())
}

fn all_but(holes: std::ops::Range<u64>) -> Vec<bool> {
    (0..PAGES).map(|page| !holes.contains(&page)).collect()
}

/// VM_BIND where nothing is mapped.
fn vm_bind() -> Outcome {
    let device = Device::open()?;
    every_allocation("VM_BIND", 5, |attempt| {
        let rig = Rig::new(&device)?;
        let object = Object::create(&device, PAGES * PAGE)?;
        if attempt.call(|| rig.vm.bind(&object, AT))?.is_none() {
            ensure_eq!(reached(&rig, &object)?, all_but(0..PAGES), "not bound");
            rig.vm.bind(&object, AT)?;
        }
        ensure_eq!(reached(&rig, &object)?, all_but(0..0), "bound");
        Ok(())
    })
}

/// The same with a private object.
fn vm_bind_of_a_private_object() -> Outcome {
    let device = Device::open()?;
    every_allocation("VM_BIND of a private object", 5, |attempt| {
        let rig = Rig::new(&device)?;
        let object = Object::create_private(&device, PAGES * PAGE, &rig.vm)?;
        if attempt.call(|| rig.vm.bind(&object, AT))?.is_none() {
            ensure_eq!(reached(&rig, &object)?, all_but(0..PAGES), "not bound");
            rig.vm.bind(&object, AT)?;
        }
        ensure_eq!(reached(&rig, &object)?, all_but(0..0), "bound");
        Ok(())
    })
}

/// VM_BIND with a point of a timeline to signal: a bind that fails leaves it alone.
fn vm_bind_with_a_fence() -> Outcome {
    let device = Device::open()?;
    every_allocation("VM_BIND with a fence", 5, |attempt| {
        let rig = Rig::new(&device)?;
        let (object, bound) = (
            Object::create(&device, PAGES * PAGE)?,
            Syncobj::create(&device)?,
        );
        let bind = |point| rig.vm.bind_async(&object, AT, bound.signal_fence(point));
        if attempt.call(|| bind(1))?.is_none() {
            ensure_eq!(bound.reached()?, 0, "the timeline");
            ensure_eq!(reached(&rig, &object)?, all_but(0..PAGES), "not bound");
            bind(1)?;
        }
        bound.wait_point(1, PATIENCE)?;
        ensure_eq!(reached(&rig, &object)?, all_but(0..0), "bound");
        Ok(())
    })
}

/// VM_BIND over the middle of a mapping, which splits it.
fn vm_bind_over_the_middle() -> Outcome {
    let device = Device::open()?;
    every_allocation("VM_BIND over the middle", 5, |attempt| {
        let rig = Rig::new(&device)?;
        let object = Object::create(&device, PAGES * PAGE)?;
        let other = Object::create(&device, 2 * PAGE)?;
        rig.vm.bind(&object, AT)?;
        let middle = AT + 3 * PAGE;
        if attempt.call(|| rig.vm.bind(&other, middle))?.is_none() {
            ensure_eq!(reached(&rig, &object)?, all_but(0..0), "as before");
            rig.vm.bind(&other, middle)?;
        }
        ensure_eq!(reached(&rig, &object)?, all_but(3..5), "with a patch");
        ensure_eq!(other.map()?.read_u32(0), 4, "what the patch has got");
        Ok(())
    })
}

/// VM_UNBIND of the middle of a mapping.
fn vm_unbind_of_the_middle() -> Outcome {
    let device = Device::open()?;
    every_allocation("VM_UNBIND", 4, |attempt| {
        let rig = Rig::new(&device)?;
        let object = Object::create(&device, PAGES * PAGE)?;
        rig.vm.bind(&object, AT)?;
        let unbind = || rig.vm.unbind(AT + 2 * PAGE, 3 * PAGE);
        if attempt.call(unbind)?.is_none() {
            ensure_eq!(reached(&rig, &object)?, all_but(0..0), "as before");
            unbind()?;
        }
        ensure_eq!(reached(&rig, &object)?, all_but(2..5), "with a hole");
        Ok(())
    })
}

/// An array of binds and unbinds: all of it or nothing.
fn vm_bind_of_an_array() -> Outcome {
    let device = Device::open()?;
    every_allocation("VM_BIND of an array", 15, |attempt| {
        let rig = Rig::new(&device)?;
        let object = Object::create(&device, PAGES * PAGE)?;
        let other = Object::create(&device, 2 * PAGE)?;
        rig.vm.bind(&object, AT)?;
        let call = BindCall::new()
            .unbind(AT, PAGE)
            .bind(&other, AT + 2 * PAGE)
            .null(AT + 6 * PAGE, PAGE)
            .unbind(AT + 3 * PAGE, PAGE);
        if attempt.call(|| call.submit(&rig.vm))?.is_none() {
            ensure_eq!(reached(&rig, &object)?, all_but(0..0), "as before");
            ensure_eq!(other.map()?.read_u32(0), 0, "what isn't bound");
            call.submit(&rig.vm)?;
        }
        let mut expected = all_but(2..4);
        (expected[0], expected[6]) = (false, false);
        ensure_eq!(reached(&rig, &object)?, expected, "after the array");
        let other = other.map()?;
        let got = (other.read_u32(0), other.read_u32(PAGE as usize));
        ensure_eq!(got, (3, 0), "what the other object has got");
        Ok(())
    })
}

/// A bind with fences to wait for, past and not.
fn vm_bind_that_waits() -> Outcome {
    let device = Device::open()?;
    let other = Rig::new(&device)?;
    // Its context is built now, so that it is among what is counted before.
    other.run(RCS0, |_| {})?;
    every_allocation("VM_BIND that waits", 8, |attempt| {
        let rig = Rig::new(&device)?;
        let object = Object::create(&device, PAGES * PAGE)?;
        let (ran, bound) = (Syncobj::create(&device)?, Syncobj::create(&device)?);
        let spinner = other.spinner(0);
        Exec3::new(&other.context, RCS0, spinner.address())
            .fence(ran.signal_fence(1))
            .submit(&device)?;
        let call = BindCall::new()
            .bind(&object, AT)
            .fence(ran.wait_fence(1))
            .fence(bound.signal_fence(1));
        if attempt.call(|| call.submit(&rig.vm))?.is_none() {
            ensure_eq!(reached(&rig, &object)?, all_but(0..PAGES), "not bound");
            call.submit(&rig.vm)?;
        }
        other.end(&spinner);
        bound.wait_point(1, PATIENCE)?;
        ensure_eq!(reached(&rig, &object)?, all_but(0..0), "bound");
        Ok(())
    })
}

/// EXECBUFFER3 of a context not used before, which is built by it.
fn first_execbuffer3() -> Outcome {
    let device = Device::open()?;
    every_allocation("first EXECBUFFER3", 10, |attempt| {
        let rig = Rig::new(&device)?;
        submits(&device, &rig, |submit| Ok(attempt.call(submit)?.is_some()))
    })
}

/// EXECBUFFER3 of a context in use, with private and other objects bound.
fn later_execbuffer3() -> Outcome {
    let device = Device::open()?;
    every_allocation("later EXECBUFFER3", 5, |attempt| {
        let rig = Rig::new(&device)?;
        let private = Object::create_private(&device, PAGE, &rig.vm)?;
        rig.vm.bind(&private, AT + 0x10_0000)?;
        rig.run(RCS0, |_| {})?;
        submits(&device, &rig, |submit| Ok(attempt.call(submit)?.is_some()))
    })
}

/// Submits by `first`, which says whether that went well; if not, nothing has run and
/// nothing is signalled, and it is submitted again.
fn submits(
    device: &Device,
    rig: &Rig<'_>,
    first: impl FnOnce(
        &dyn Fn() -> virtio_igpu_guest_tests::client::Result<()>,
    ) -> Result<bool, libtest_mimic::Failed>,
) -> Outcome {
    let object = Object::create(device, PAGE)?;
    rig.vm.bind(&object, AT)?;
    let (memory, done) = (object.map()?, Syncobj::create(device)?);
    let batch = rig.write(0, |batch| {
        batch.store_u32(AT, 7);
    });
    let submission = Exec3::new(&rig.context, RCS0, batch).fence(done.signal_fence(1));
    let submit = || submission.submit(device);
    if !first(&submit)? {
        ensure_eq!((done.reached()?, memory.read_u32(0)), (0, 0), "not run");
        submit()?;
    }
    done.wait_point(1, PATIENCE)?;
    ensure_eq!(memory.read_u32(0), 7, "what the batch writes");
    Ok(())
}

/// GEM_CREATE_EXT of the first private object of an address space.
fn creating_a_private_object() -> Outcome {
    let device = Device::open()?;
    every_allocation("the first private object", 3, |attempt| {
        let rig = Rig::new(&device)?;
        let create = || Object::create_private(&device, PAGES * PAGE, &rig.vm);
        let object = match attempt.strike(create)? {
            Ok(object) => object,
            // Without memory for an inode shmem says that there is no space, in i915 too.
            Err(error) if matches!(error.errno(), Some(Errno::ENOMEM | Errno::ENOSPC)) => create()?,
            Err(error) => return Err(error.into()),
        };
        rig.vm.bind(&object, AT)?;
        ensure_eq!(reached(&rig, &object)?, all_but(0..0), "bound");
        Ok(())
    })
}
