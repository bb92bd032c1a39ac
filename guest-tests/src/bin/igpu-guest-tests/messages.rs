//! What the calls cost in messages to the device, by the driver's own counters.

use libtest_mimic::{Failed, Trial};
use virtio_igpu_guest_tests::client::{Context, Counters, Device, Engine, Exec3, Object, Syncobj};
use virtio_igpu_guest_tests::sys::memory::Mapping;

use crate::rig::{Outcome, PAGE, PATIENCE, RCS0, Rig, ensure, ensure_eq, settled_counters, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("messages":
        counters_are_there, objects_cost_none, unused_contexts_cost_none,
        one_for_each_bind, one_for_each_execbuffer3, large_bind_is_still_one,
        queued_binds_share_doorbells,
    )
}

const AT: u64 = 0x1_0000_0000;

/// What the counters grow by while something is done.
fn cost(action: impl FnOnce() -> Outcome) -> Result<Counters, Failed> {
    let before = settled_counters()?;
    action()?;
    Ok(settled_counters()?.since(&before))
}

/// The counters that the other tests read are there.
fn counters_are_there() -> Outcome {
    let counters = Counters::read()?;
    for name in ["commands_control", "commands_bind", "commands_submit"] {
        ensure!(counters.has(name), "no counter {name}");
    }
    for prefix in ["kicks_", "interrupts_", "bytes_"] {
        ensure!(
            counters.iter().any(|(name, _)| name.starts_with(prefix)),
            "no {prefix}*"
        );
    }
    Ok(())
}

/// Creating, mapping, writing, exporting and closing objects concerns the guest alone.
fn objects_cost_none() -> Outcome {
    let device = Device::open()?;
    let grown = cost(|| {
        for pages in 1..=50 {
            let object = Object::create(&device, pages * PAGE)?;
            object.map()?.write_u32(0, 1);
            object.pwrite(0, &[1])?;
            object.export()?;
            let pages = Mapping::anonymous(PAGE as usize).map_err(|error| error.to_string())?;
            Object::userptr(&device, &pages)?.close()?;
        }
        Ok(())
    })?;
    ensure_eq!(grown.sum("commands_"), 0, "messages for 100 objects");
    Ok(())
}

/// Contexts that are created, given parameters, and destroyed without use.
fn unused_contexts_cost_none() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let grown = cost(|| {
        for _ in 0..100 {
            Context::for_vm(&device, &rig.vm, &[Engine::RCS0, Engine::BCS0])?;
        }
        Ok(())
    })?;
    ensure_eq!(
        grown.sum("commands_"),
        0,
        "messages for 100 unused contexts"
    );
    Ok(())
}

/// One message for a VM_BIND, one for a VM_UNBIND.
fn one_for_each_bind() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let object = Object::create(&device, 16 * PAGE)?;
    let grown = cost(|| {
        for round in 0..32 {
            rig.vm.bind(&object, AT + round * 0x10_0000)?;
        }
        Ok(())
    })?;
    ensure_eq!(grown.sum("commands_"), 32, "messages for 32 binds");
    let grown = cost(|| {
        for round in 0..32 {
            rig.vm.unbind(AT + round * 0x10_0000, 16 * PAGE)?;
        }
        Ok(())
    })?;
    ensure_eq!(grown.sum("commands_"), 32, "messages for 32 unbinds");
    Ok(())
}

/// One message for an EXECBUFFER3, once the context has been used.
fn one_for_each_execbuffer3() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    rig.run(RCS0, |_| {})?;
    let done = Syncobj::create(&device)?;
    let batch = rig.write(0, |_| {});
    let grown = cost(|| {
        for point in 1..=32 {
            Exec3::new(&rig.context, RCS0, batch)
                .fence(done.signal_fence(point))
                .submit(&device)?;
        }
        done.wait_point(32, PATIENCE)?;
        Ok(())
    })?;
    ensure_eq!(grown.sum("commands_"), 32, "messages for 32 submissions");
    Ok(())
}

/// A bind is a range: 16 MiB are one message.
fn large_bind_is_still_one() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let object = Object::create(&device, 16 << 20)?;
    let grown = cost(|| Ok(rig.vm.bind(&object, AT)?))?;
    ensure_eq!(grown.sum("commands_"), 1, "messages for a bind of 16 MiB");
    Ok(())
}

/// Binds that nobody waits for are not each announced to the device.
fn queued_binds_share_doorbells() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let object = Object::create(&device, PAGE)?;
    let bound = Syncobj::create(&device)?;
    let grown = cost(|| {
        for round in 1..=64 {
            rig.vm
                .bind_async(&object, AT + round * PAGE, bound.signal_fence(round))?;
        }
        bound.wait_point(64, PATIENCE)?;
        Ok(())
    })?;
    ensure_eq!(grown.sum("commands_"), 64, "messages for 64 binds");
    ensure!(
        grown.sum("kicks_") <= 64,
        "more doorbells ({}) than messages",
        grown.sum("kicks_")
    );
    Ok(())
}
