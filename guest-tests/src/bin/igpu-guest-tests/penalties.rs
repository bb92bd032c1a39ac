//! What hangs cost: the context that caused them, the client that owns it, and what the
//! parameters of i915 change about it.

use libtest_mimic::{Failed, Trial};
use nix::errno::Errno::{EINVAL, EIO, ENODEV};
use virtio_igpu_guest_tests::client::{
    Context, Device, Engine, Exec2, Object, Param, Setting, sync_file_status,
};
use virtio_igpu_guest_tests::gpu::Batch;
use virtio_igpu_guest_tests::sys::uapi::*;

use crate::rig::{NONSENSE, Outcome, PAGE, ensure, ensure_eq, expect_errno, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("penalties":
        ban_is_for_the_engine, third_hang_bans, unbannable_context_is_never_banned,
        client_is_banned_by_bans, client_is_banned_by_fast_hangs,
        engine_resets_are_not_counted, reset_parameter, hangcheck_parameter,
    )
}

const AT: u64 = 0x1_0000_0000;

/// Two batches: one that ends at once, and one at which every engine hangs.
struct Batches<'d> {
    device: &'d Device,
    good: Object<'d>,
    bad: Object<'d>,
}

impl<'d> Batches<'d> {
    fn new(device: &'d Device) -> Result<Self, Failed> {
        let good = Object::create(device, PAGE)?;
        good.map()?.write_dwords(0, &Batch::new().end());
        let bad = Object::create(device, PAGE)?;
        let mut batch = Batch::new();
        batch.raw(&[NONSENSE]);
        bad.map()?.write_dwords(0, &batch.end());
        Ok(Self { device, good, bad })
    }

    /// Runs a batch on the legacy ring, and says how its fence ended.
    fn run(
        &self,
        object: &Object<'_>,
        context: &Context<'_>,
        ring: u32,
    ) -> virtio_igpu_guest_tests::client::Result<i32> {
        let list = vec![object.pinned_at(AT)];
        let fence = Exec2::new(list)
            .context(context)
            .engine(ring)
            .submit_with_fence(self.device)?;
        object.wait(-1)?;
        sync_file_status(&fence)
    }

    fn hang(&self, context: &Context<'_>, ring: u32) -> Outcome {
        let status = self.run(&self.bad, context, ring)?;
        ensure!(status < 0, "the bad batch's fence has the status {status}");
        Ok(())
    }

    fn works(&self, context: &Context<'_>, ring: u32) -> Outcome {
        let status = self.run(&self.good, context, ring)?;
        ensure_eq!(status, 1, "the good batch's fence");
        Ok(())
    }
}

/// `intel_context_ban`: a non-recoverable context is banned from the engine that it hung,
/// and goes on with the others.
fn ban_is_for_the_engine() -> Outcome {
    let device = Device::open()?;
    let batches = Batches::new(&device)?;
    let context = Context::with_params(&device, &[Param::Recoverable(false)])?;
    batches.hang(&context, I915_EXEC_BLT)?;
    let again = batches.run(&batches.good, &context, I915_EXEC_BLT);
    expect_errno(again, EIO, "a batch for the same engine")?;
    batches.works(&context, I915_EXEC_RENDER)?;
    ensure_eq!(context.reset_stats()?.guilty, 1, "hangs it is guilty of");
    Ok(())
}

/// `mark_guilty`: the third hang within two minutes bans also a recoverable context.
fn third_hang_bans() -> Outcome {
    let device = Device::open()?;
    let batches = Batches::new(&device)?;
    let context = Context::create(&device)?;
    for _ in 0..2 {
        batches.hang(&context, I915_EXEC_BLT)?;
        batches.works(&context, I915_EXEC_BLT)?;
    }
    // Hangs on all engines count together; the ban is for the last one's.
    batches.hang(&context, I915_EXEC_RENDER)?;
    let again = batches.run(&batches.good, &context, I915_EXEC_RENDER);
    expect_errno(again, EIO, "a batch after the third hang")?;
    batches.works(&context, I915_EXEC_BLT)?;
    ensure_eq!(context.reset_stats()?.guilty, 3, "hangs it is guilty of");
    Ok(())
}

/// `mark_guilty`: a context that is not bannable only has its hangs counted.
fn unbannable_context_is_never_banned() -> Outcome {
    let device = Device::open()?;
    let batches = Batches::new(&device)?;
    let context = Context::with_params(&device, &[Param::Bannable(false)])?;
    for _ in 0..10 {
        batches.hang(&context, I915_EXEC_BLT)?;
        batches.works(&context, I915_EXEC_BLT)?;
    }
    ensure_eq!(context.reset_stats()?.guilty, 10, "hangs it is guilty of");
    // The client would be banned by nine points.
    Context::create(&device)?.destroy()?;
    Ok(())
}

/// `client_mark_guilty`: three banned contexts ban their client, two don't.
fn client_is_banned_by_bans() -> Outcome {
    let device = Device::open()?;
    let batches = Batches::new(&device)?;
    let healthy = Context::create(&device)?;
    for _ in 0..3 {
        let context = Context::with_params(&device, &[Param::Recoverable(false)])?;
        batches.hang(&context, I915_EXEC_BLT)?;
    }
    expect_errno(
        Context::create(&device),
        EIO,
        "a context of a banned client",
    )?;
    let unknown = Context::create_raw(&device, 4, 0);
    expect_errno(unknown, EINVAL, "unknown flags, which come before the ban")?;
    // What is there goes on, and another file is another client.
    batches.works(&healthy, I915_EXEC_BLT)?;
    Context::create(&Device::open()?)?;
    Ok(())
}

/// `client_mark_guilty`, `i915_gem_open`: a hang within a minute of another, or of opening
/// the file, is a point; nine are a ban.
fn client_is_banned_by_fast_hangs() -> Outcome {
    let device = Device::open()?;
    let batches = Batches::new(&device)?;
    for _ in 0..9 {
        let context = Context::create(&device)?;
        batches.hang(&context, I915_EXEC_BLT)?;
    }
    expect_errno(Context::create(&device), EIO, "a context after nine hangs")?;
    Ok(())
}

/// GET_RESET_STATS: `reset_count` counts resets of the whole device, which there are only
/// if engines may not be reset one by one (`intel_gt_handle_error`).
fn engine_resets_are_not_counted() -> Outcome {
    let device = Device::open()?;
    let batches = Batches::new(&device)?;
    let context = Context::create(&device)?;
    let before = context.reset_stats()?.resets;
    batches.hang(&context, I915_EXEC_BLT)?;
    let after = context.reset_stats()?;
    ensure_eq!(
        (after.resets, after.guilty),
        (before, 1),
        "resets and guilt"
    );
    let reset = Setting::parameter("reset")?;
    reset.set("1")?;
    batches.hang(&context, I915_EXEC_BLT)?;
    let after = context.reset_stats()?;
    ensure_eq!(
        (after.resets, after.guilty),
        (before + 1, 2),
        "resets and guilt"
    );
    Ok(())
}

/// `intel_has_reset_engine`: without resets of engines a context can't be made to end with
/// its file, neither before first use nor after.
fn reset_parameter() -> Outcome {
    let device = Device::open()?;
    let reset = Setting::parameter("reset")?;
    for (value, resets) in [("0", 0), ("1", 1), ("2", 2), ("3", 2)] {
        reset.set(value)?;
        ensure_eq!(
            device.param(I915_PARAM_HAS_GPU_RESET)?,
            resets,
            "HAS_GPU_RESET"
        );
        let fresh = Context::create(&device)?;
        let used = Context::create(&device)?;
        used.get(I915_CONTEXT_PARAM_PRIORITY)?;
        for context in [&fresh, &used] {
            let set = context.set(&Param::Persistence(false));
            if resets == 2 {
                set?;
            } else {
                expect_errno(set, ENODEV, "PERSISTENCE 0 without resets of engines")?;
            }
            context.set(&Param::Persistence(true))?;
        }
    }
    Ok(())
}

/// `proto_context_create`, `proto_context_set_persistence`, `__context_set_persistence`:
/// where nobody looks for hangs nothing outlives its file.
fn hangcheck_parameter() -> Outcome {
    let device = Device::open()?;
    let before = Context::create(&device)?;
    before.get(I915_CONTEXT_PARAM_PRIORITY)?;
    let hangcheck = Setting::parameter("enable_hangcheck")?;
    hangcheck.set("0")?;
    ensure_eq!(device.param(I915_PARAM_HAS_GPU_RESET)?, 0, "HAS_GPU_RESET");
    let context = Context::create(&device)?;
    let on = Param::Persistence(true);
    expect_errno(context.set(&on), EINVAL, "PERSISTENCE 1 before first use")?;
    ensure_eq!(
        context.get(I915_CONTEXT_PARAM_PERSISTENCE)?,
        0,
        "PERSISTENCE"
    );
    expect_errno(context.set(&on), EINVAL, "PERSISTENCE 1 after first use")?;
    // A live context may be told to be what it is.
    context.set(&Param::Persistence(false))?;
    before.set(&on)?;
    ensure_eq!(
        before.get(I915_CONTEXT_PARAM_PERSISTENCE)?,
        1,
        "PERSISTENCE"
    );
    // So may none be that was given a map and nothing else.
    let chained = Context::with_params(&device, &[Param::engines(&[Engine::BCS0]), on.clone()]);
    expect_errno(chained, EINVAL, "PERSISTENCE 1 in a chain")
}
