//! A device that is wedged: what it refuses, what becomes of what was unfinished, and how it
//! goes on (i915's `gt/intel_reset.c`).

use std::path::PathBuf;

use libtest_mimic::{Failed, Trial};
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::setting::{self, Setting};
use virtio_igpu_guest_tests::client::{Context, Device, Exec2, Exec3, Object, Syncobj};
use virtio_igpu_guest_tests::gpu::Batch;
use virtio_igpu_guest_tests::sys::request::GemThrottle;

use crate::endless::{EIO, Endless, Kind};
use crate::rig::{
    BCS0, NONSENSE, Outcome, PAGE, PATIENCE, RCS0, Rig, ensure, ensure_eq, expect_errno, trials,
};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("wedging":
        what_a_wedged_device_refuses, what_was_unfinished_is_lost, nothing_queued_is_executed,
        a_hang_wedges_where_resets_are_forbidden, a_reset_that_is_forbidden_leaves_it_wedged,
        idling_cancels_what_does_not_end,
    )
}

const DATA: u64 = 0x1_0000_0000;
/// All engines.
const ALL: &str = "0xffffffffffffffff";
/// i915's `DROP_ACTIVE`, `DROP_IDLE` and `DROP_RESET_ACTIVE`.
const CANCEL_AND_IDLE: &str = "0xc8";

/// Resets are forbidden while this lives. Afterwards the device is as it was, wedged or not
/// before.
struct Forbidden(Option<Setting>);

impl Forbidden {
    fn now() -> Result<Self, Failed> {
        let reset = Setting::parameter("reset")?;
        reset.set("0")?;
        Ok(Self(Some(reset)))
    }
}

impl Drop for Forbidden {
    fn drop(&mut self) {
        self.0 = None;
        // A device that stays wedged makes the next test fail, which says why.
        if let Ok(wedged) = wedged_file() {
            let _ = setting::write(&wedged, ALL);
        }
    }
}

fn wedged_file() -> Result<PathBuf, Failed> {
    Ok(setting::debug_folder()?.join("i915_wedged"))
}

fn is_wedged() -> Result<bool, Failed> {
    Ok(setting::read(&wedged_file()?)? == "1")
}

/// The engine at this place takes work and does it.
fn works(rig: &Rig<'_>, engine: u32, data: u64) -> Outcome {
    let (_object, memory) = rig.memory(data, PAGE)?;
    rig.run(engine, |batch| {
        batch.store_u32(data, 5);
    })?;
    ensure_eq!(memory.read_u32(0), 5, "what a batch has stored");
    Ok(())
}

/// `i915_gem_do_execbuffer`, `i915_gem_context_create_ioctl`, `i915_gem_throttle_ioctl`: EIO.
/// All that needs no GPU goes on. A reset that is allowed ends it.
fn what_a_wedged_device_refuses() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let empty = Object::create(&device, PAGE)?;
    empty.map()?.write_dwords(0, &Batch::new().end());
    let resets = rig.context.reset_stats()?.resets;
    let wedged = wedged_file()?;
    let forbidden = Forbidden::now()?;
    setting::write(&wedged, ALL)?;
    ensure!(is_wedged()?, "i915_wedged says that it is not");

    let exec2 = Exec2::new(vec![empty.pinned_at(DATA)]).submit(&device);
    expect_errno(exec2, Errno::EIO, "EXECBUFFER2")?;
    let address = rig.write(0, |_| ());
    let exec3 = Exec3::new(&rig.context, BCS0, address).submit(&device);
    expect_errno(exec3, Errno::EIO, "EXECBUFFER3")?;
    expect_errno(Context::create(&device), Errno::EIO, "CONTEXT_CREATE")?;
    let throttle = device.call::<GemThrottle>(&mut []);
    expect_errno(throttle, Errno::EIO, "GEM_THROTTLE")?;
    empty.wait(-1)?;
    ensure_eq!(empty.busy()?, 0, "GEM_BUSY");
    let (_object, memory) = rig.memory(DATA, PAGE)?;
    ensure_eq!(memory.read_u32(0), 0, "a new object");

    drop(forbidden);
    ensure!(!is_wedged()?, "i915_wedged says that it still is");
    ensure_eq!(
        rig.context.reset_stats()?.resets,
        resets + 2,
        "resets of the device: that which wedged it, and that which ended it"
    );
    works(&rig, BCS0, 2 * DATA)?;
    Context::create(&device)?;
    Ok(())
}

/// `intel_gt_set_wedged`: all that is unfinished ends with EIO, and no context is to blame.
fn what_was_unfinished_is_lost() -> Outcome {
    let device = Device::open()?;
    let (one, two) = (Rig::new(&device)?, Rig::new(&device)?);
    let forbidden = Forbidden::now()?;
    let spinner = Endless::submit(&device, &one.vm, &one.context, BCS0, Kind::Obliging)?;
    let stubborn = Endless::submit(&device, &two.vm, &two.context, RCS0, Kind::Stubborn)?;
    setting::write(&wedged_file()?, ALL)?;
    ensure_eq!(spinner.outcome(&device)?, EIO, "the spinner's fence");
    ensure_eq!(
        stubborn.outcome(&device)?,
        EIO,
        "the stubborn batch's fence"
    );
    drop(forbidden);
    for rig in [&one, &two] {
        ensure_eq!(
            rig.context.reset_stats()?.guilty,
            0,
            "hangs it is guilty of"
        );
        works(rig, BCS0, 2 * DATA)?;
        works(rig, RCS0, 3 * DATA)?;
    }
    Ok(())
}

/// What is queued behind others, on the same engine and on another, is lost as well, and none
/// of it is executed.
fn nothing_queued_is_executed() -> Outcome {
    let device = Device::open()?;
    let (first, other) = (Rig::new(&device)?, Rig::new(&device)?);
    let (_first, first_data) = first.memory(DATA, PAGE)?;
    let (_other, other_data) = other.memory(DATA, PAGE)?;
    let forbidden = Forbidden::now()?;
    let go = Syncobj::create(&device)?;
    let spinner = first.spinner(1);
    Exec3::new(&first.context, BCS0, spinner.address())
        .fence(go.signal_fence(0))
        .submit(&device)?;
    let mut fences = Vec::new();
    for place in 0..20 {
        let (rig, engine) = if place % 2 == 0 {
            (&first, BCS0)
        } else {
            (&other, RCS0)
        };
        let done = Syncobj::create(&device)?;
        let address = rig.write(2 + place / 2, |batch| {
            batch.store_u32(DATA + 4 * place, 1);
        });
        Exec3::new(&rig.context, engine, address)
            .fence(go.wait_fence(0))
            .fence(done.signal_fence(0))
            .submit(&device)?;
        fences.push(done);
    }
    setting::write(&wedged_file()?, ALL)?;
    for done in &fences {
        done.wait(PATIENCE)?;
        ensure_eq!(done.status()?, EIO, "the fence of something queued");
    }
    drop(forbidden);
    for memory in [&first_data, &other_data] {
        for place in 0..20 {
            ensure_eq!(
                memory.read_u32(4 * place),
                0,
                "what batch {place} was to store"
            );
        }
    }
    works(&first, BCS0, 2 * DATA)?;
    works(&other, RCS0, 2 * DATA)
}

/// `intel_gt_reset`: a hang is followed by a reset, and where none is allowed the device is
/// wedged.
fn a_hang_wedges_where_resets_are_forbidden() -> Outcome {
    let device = Device::open()?;
    let (bad, good) = (Rig::new(&device)?, Rig::new(&device)?);
    let forbidden = Forbidden::now()?;
    let innocent = Endless::submit(&device, &good.vm, &good.context, RCS0, Kind::Obliging)?;
    let hang = bad.run(BCS0, |batch| {
        batch.raw(&[NONSENSE]);
    });
    ensure!(hang.is_err(), "a batch of nonsense was executed");
    ensure_eq!(innocent.outcome(&device)?, EIO, "the other engine's batch");
    ensure!(is_wedged()?, "i915_wedged says that it is not");
    drop(forbidden);
    ensure!(!is_wedged()?, "i915_wedged says that it still is");
    works(&good, RCS0, 2 * DATA)
}

/// `intel_gt_reset` again: what is wedged is reset by the next one that is allowed, and by no
/// other.
fn a_reset_that_is_forbidden_leaves_it_wedged() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let wedged = wedged_file()?;
    let caches = setting::debug_folder()?.join("i915_gem_drop_caches");
    let forbidden = Forbidden::now()?;
    setting::write(&wedged, ALL)?;
    setting::write(&wedged, ALL)?;
    ensure!(is_wedged()?, "a forbidden reset has ended it");
    setting::write(&caches, CANCEL_AND_IDLE)?;
    ensure!(is_wedged()?, "idling the GPU has ended it");
    // No engine: no reset.
    let reset = Setting::parameter("reset")?;
    reset.set("1")?;
    setting::write(&wedged, "0")?;
    ensure!(is_wedged()?, "a reset of no engine has ended it");
    setting::write(&caches, CANCEL_AND_IDLE)?;
    ensure!(!is_wedged()?, "i915_wedged says that it still is");
    works(&rig, BCS0, DATA)?;
    drop(reset);
    drop(forbidden);
    works(&rig, BCS0, 2 * DATA)
}

/// `gt_drop_caches`: what doesn't end within 200 ms is cancelled, as if the device were wedged,
/// and it is reset at once.
fn idling_cancels_what_does_not_end() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let spinner = Endless::submit(&device, &rig.vm, &rig.context, BCS0, Kind::Obliging)?;
    let before = rig.context.reset_stats()?;
    let caches = setting::debug_folder()?.join("i915_gem_drop_caches");
    setting::write(&caches, CANCEL_AND_IDLE)?;
    ensure_eq!(spinner.outcome(&device)?, EIO, "the spinner's fence");
    ensure!(!is_wedged()?, "i915_wedged says that it is");
    let after = rig.context.reset_stats()?;
    ensure_eq!(after.guilty, 0, "hangs it is guilty of");
    ensure_eq!(after.resets, before.resets + 1, "resets of the device");
    works(&rig, BCS0, DATA)
}
