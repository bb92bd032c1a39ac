//! The guest suspends and goes on: what clients have made is as it was, and what does not end
//! by itself is cancelled (i915's `i915_gem_suspend`, `i915_gem_resume`).
//!
//! The kernel's own test of suspension is used (`/sys/power/pm_test`, `devices`): it suspends
//! and resumes every device, and does not send the machine to sleep in between.

use std::fs;
use std::path::Path;

use libtest_mimic::{Completion, Failed, Trial};
use virtio_igpu_guest_tests::client::setting::{self, Setting};
use virtio_igpu_guest_tests::client::{Device, Exec2, Object};
use virtio_igpu_guest_tests::gpu::Batch;

use crate::endless::{EIO, Endless, Kind};
use crate::rig::{BCS0, Outcome, PAGE, RCS0, Rig, ensure_eq};

/// A test's function.
type Test = fn() -> Outcome;

pub(crate) fn tests() -> Vec<Trial> {
    let tests: [(&str, Test); 3] = [
        ("everything_is_as_it_was", everything_is_as_it_was),
        ("registers_are_kept", registers_are_kept),
        (
            "what_does_not_end_is_cancelled",
            what_does_not_end_is_cancelled,
        ),
    ];
    tests
        .into_iter()
        .map(|(name, test)| {
            Trial::ignorable_test(format!("suspend::{name}"), move || {
                if !Path::new(TEST).exists() {
                    return Ok(Completion::ignored_with(
                        "the kernel has no CONFIG_PM_DEBUG",
                    ));
                }
                test().map(|()| Completion::Completed)
            })
        })
        .collect()
}

const TEST: &str = "/sys/power/pm_test";
/// Seconds that the kernel's test leaves the devices suspended.
const DELAY: &str = "/sys/module/suspend/parameters/pm_test_delay";

const DATA: u64 = 0x1_0000_0000;
const OTHER: u64 = 0x2_4000_0000;
/// A general purpose register, the context's own (`CS_GPR`), of the blitter and of render.
const GPR0: [u32; 2] = [0x2_2600, 0x2600];

/// Suspends all devices, and resumes them: to memory or, with `freeze`, to idle.
fn suspend(state: &str) -> Outcome {
    if Path::new(DELAY).exists() {
        fs::write(DELAY, "1")?;
    }
    fs::write(TEST, "devices")?;
    let suspended = fs::write("/sys/power/state", state);
    fs::write(TEST, "none")?;
    suspended.map_err(|error| Failed::from(format!("{state} to /sys/power/state: {error}")))
}

/// Mappings of both kinds of address space, contexts and timelines go on, twice.
fn everything_is_as_it_was() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(DATA, PAGE)?;
    let legacy = Object::create(&device, PAGE)?;
    legacy.map()?.write_dwords(0, &Batch::new().end());
    let list = || vec![legacy.pinned_at(OTHER)];
    Exec2::new(list()).submit(&device)?;
    for (round, state) in ["mem", "freeze"].into_iter().enumerate() {
        let value = round as u32 + 1;
        rig.run(BCS0, |batch| {
            batch.store_u32(DATA, value);
        })?;
        suspend(state)?;
        ensure_eq!(memory.read_u32(0), value, "what was stored before");
        rig.run(RCS0, |batch| {
            batch.store_u32(DATA + 4, value);
        })?;
        ensure_eq!(memory.read_u32(4), value, "what was stored afterwards");
        Exec2::new(list()).submit(&device)?;
        legacy.wait(-1)?;
        let (_new, fresh) = rig.memory(OTHER, PAGE)?;
        rig.run(BCS0, |batch| {
            batch.store_u32(OTHER, value);
        })?;
        ensure_eq!(fresh.read_u32(0), value, "what was stored in a new object");
    }
    let stats = rig.context.reset_stats()?;
    ensure_eq!((stats.guilty, stats.innocent), (0, 0), "hangs");
    Ok(())
}

/// The registers that a context has of its own.
fn registers_are_kept() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(DATA, PAGE)?;
    const LOAD: u32 = 0x1100_0001;
    const STORE: u32 = 0x1200_0002;
    for (engine, register) in [(BCS0, GPR0[0]), (RCS0, GPR0[1])] {
        rig.run(engine, |batch| {
            batch.raw(&[LOAD, register, 0x1234_0000 + engine]);
        })?;
    }
    suspend("mem")?;
    for (engine, register) in [(BCS0, GPR0[0]), (RCS0, GPR0[1])] {
        rig.run(engine, |batch| {
            batch.raw(&[STORE, register, DATA as u32, (DATA >> 32) as u32]);
        })?;
        ensure_eq!(memory.read_u32(0), 0x1234_0000 + engine, "the register");
    }
    Ok(())
}

/// `wait_for_suspend`: what runs on for half a second is cancelled, as if the GPU were wedged;
/// resumed, it takes work.
fn what_does_not_end_is_cancelled() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let spinner = Endless::submit(&device, &rig.vm, &rig.context, BCS0, Kind::Obliging)?;
    let reset = Setting::parameter("reset")?;
    reset.set("0")?;
    suspend("mem")?;
    ensure_eq!(spinner.outcome(&device)?, EIO, "the spinner's fence");
    let wedged = setting::debug_folder()?.join("i915_wedged");
    ensure_eq!(setting::read(&wedged)?, "0", "i915_wedged");
    let (_object, memory) = rig.memory(DATA, PAGE)?;
    rig.run(BCS0, |batch| {
        batch.store_u32(DATA, 3);
    })?;
    ensure_eq!(memory.read_u32(0), 3, "what was stored afterwards");
    ensure_eq!(
        rig.context.reset_stats()?.guilty,
        0,
        "hangs it is guilty of"
    );
    Ok(())
}
