//! What becomes of a context's work when nobody has its id any more (i915's
//! `context_close`, `kill_context`).

use libtest_mimic::{Failed, Trial};
use virtio_igpu_guest_tests::client::{AddressSpace, Context, Device, Engine, Param, Setting};

use crate::endless::{EIO, Endless, Kind};
use crate::rig::{BCS0, Outcome, RCS0, Rig, ensure, ensure_eq, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("persistence":
        closed_file_ends_what_is_not_persistent, closed_file_leaves_what_is_persistent,
        destroyed_context_is_like_a_closed_file, what_waits_is_cancelled_too,
        stubborn_work_ends_too, stubborn_persistent_work_has_to_make_room,
        others_are_not_disturbed, no_heartbeat_no_persistence,
        heartbeat_that_is_switched_off_ends_the_closed, no_hangcheck_no_persistence,
        closed_contexts_hangs_are_held_against_nobody,
    )
}

/// A client with an address space and a context on it, persistent or not.
fn client(device: &Device, persistent: bool) -> Result<(AddressSpace<'_>, Context<'_>), Failed> {
    let vm = AddressSpace::create(device)?;
    let context = Context::for_vm(device, &vm, &Engine::TIGER_LAKE)?;
    context.set(&Param::Persistence(persistent))?;
    Ok((vm, context))
}

/// Endless work of a client that has closed its file meanwhile. A mapping of the batch
/// stays, which doesn't keep the file open.
fn orphan(persistent: bool, engine: u32, kind: Kind) -> Result<Endless, Failed> {
    let device = Device::open()?;
    let (vm, context) = client(&device, persistent)?;
    let work = Endless::submit(&device, &vm, &context, engine, kind)?;
    // Only the close is to count, as when a process dies.
    std::mem::forget(context);
    std::mem::forget(vm);
    Ok(work)
}

/// Time-outs that are short enough for a test, on an engine.
fn short_timeout(engine: &str) -> Result<Setting, Failed> {
    let timeout = Setting::engine(engine, "preempt_timeout_ms")?;
    timeout.set("50")?;
    Ok(timeout)
}

/// At once, with EIO.
fn closed_file_ends_what_is_not_persistent() -> Outcome {
    let observer = Device::open()?;
    for engine in [RCS0, BCS0] {
        let work = orphan(false, engine, Kind::Obliging)?;
        ensure_eq!(work.outcome(&observer)?, EIO, "the fence");
    }
    Ok(())
}

/// It runs on until memory tells it to end.
fn closed_file_leaves_what_is_persistent() -> Outcome {
    let observer = Device::open()?;
    let work = orphan(true, BCS0, Kind::Obliging)?;
    ensure!(work.runs_on(&observer)?, "it ended with the file");
    work.end();
    ensure_eq!(work.outcome(&observer)?, 1, "the fence");
    Ok(())
}

/// CONTEXT_DESTROY means the same for one context.
fn destroyed_context_is_like_a_closed_file() -> Outcome {
    let device = Device::open()?;
    for persistent in [false, true] {
        let (vm, context) = client(&device, persistent)?;
        let work = Endless::submit(&device, &vm, &context, BCS0, Kind::Obliging)?;
        context.destroy()?;
        if persistent {
            ensure!(work.runs_on(&device)?, "it ended with the context");
            work.end();
        }
        let status = if persistent { 1 } else { EIO };
        ensure_eq!(work.outcome(&device)?, status, "the fence");
    }
    Ok(())
}

/// What waits, for its own context's work or for somebody else's, goes with its context;
/// what it waits for does not.
fn what_waits_is_cancelled_too() -> Outcome {
    let device = Device::open()?;
    let other = Rig::new(&device)?;
    let long = Endless::submit(&device, &other.vm, &other.context, RCS0, Kind::Obliging)?;
    let (vm, context) = client(&device, false)?;
    let running = Endless::submit(&device, &vm, &context, BCS0, Kind::Obliging)?;
    let (waiting_vm, waiting_context) = client(&device, false)?;
    let waiting = Endless::queue(
        &device,
        &waiting_vm,
        &waiting_context,
        BCS0,
        Kind::Obliging,
        &[&long, &running],
    )?;
    ensure!(waiting.runs_on(&device)?, "it did not wait");
    waiting_context.destroy()?;
    ensure_eq!(waiting.outcome(&device)?, EIO, "what waited");
    ensure!(running.runs_on(&device)?, "what it waited for ended too");
    context.destroy()?;
    ensure_eq!(running.outcome(&device)?, EIO, "what it waited for, later");
    long.end();
    ensure_eq!(long.outcome(&device)?, 1, "somebody else's work");
    Ok(())
}

/// Also what can't be interrupted.
fn stubborn_work_ends_too() -> Outcome {
    let observer = Device::open()?;
    let work = orphan(false, BCS0, Kind::Stubborn)?;
    ensure_eq!(work.outcome(&observer)?, EIO, "the fence");
    Ok(())
}

/// The request to make room that a closing context causes (`intel_engine_pulse`) is not
/// met, and after the preemption time-out the batch is reset.
fn stubborn_persistent_work_has_to_make_room() -> Outcome {
    let observer = Device::open()?;
    let _timeout = short_timeout("bcs0")?;
    let work = orphan(true, BCS0, Kind::Stubborn)?;
    ensure_eq!(work.outcome(&observer)?, EIO, "the fence");
    Ok(())
}

/// Others' work, on the same engine and on others, goes on.
fn others_are_not_disturbed() -> Outcome {
    let device = Device::open()?;
    let (same, other) = (Rig::new(&device)?, Rig::new(&device)?);
    let same = Endless::submit(&device, &same.vm, &same.context, BCS0, Kind::Obliging)?;
    let other = Endless::submit(&device, &other.vm, &other.context, RCS0, Kind::Stubborn)?;
    let work = orphan(false, BCS0, Kind::Stubborn)?;
    ensure_eq!(work.outcome(&device)?, EIO, "the closed client's fence");
    for work in [same, other] {
        ensure!(work.runs_on(&device)?, "another's work ended too");
        work.end();
        ensure_eq!(work.outcome(&device)?, 1, "another's fence");
    }
    Ok(())
}

/// On an engine without heartbeat nothing would find that it hangs: it is cancelled.
fn no_heartbeat_no_persistence() -> Outcome {
    let observer = Device::open()?;
    let _timeout = short_timeout("bcs0")?;
    let heartbeat = Setting::engine("bcs0", "heartbeat_interval_ms")?;
    heartbeat.set("0")?;
    for kind in [Kind::Obliging, Kind::Stubborn] {
        let work = orphan(true, BCS0, kind)?;
        ensure_eq!(work.outcome(&observer)?, EIO, "{kind:?}: the fence");
    }
    Ok(())
}

/// The same when the heartbeat is switched off later.
fn heartbeat_that_is_switched_off_ends_the_closed() -> Outcome {
    let device = Device::open()?;
    let _timeout = short_timeout("bcs0")?;
    let rig = Rig::new(&device)?;
    let open = Endless::submit(&device, &rig.vm, &rig.context, BCS0, Kind::Obliging)?;
    let closed = orphan(true, BCS0, Kind::Obliging)?;
    ensure!(closed.runs_on(&device)?, "it ended with the file");
    let heartbeat = Setting::engine("bcs0", "heartbeat_interval_ms")?;
    heartbeat.set("0")?;
    ensure_eq!(closed.outcome(&device)?, EIO, "the closed client's fence");
    ensure!(open.runs_on(&device)?, "the open client's work ended too");
    open.end();
    ensure_eq!(open.outcome(&device)?, 1, "the open client's fence");
    Ok(())
}

/// Without `enable_hangcheck` every context's work ends with it, whatever it asked for.
fn no_hangcheck_no_persistence() -> Outcome {
    let observer = Device::open()?;
    let device = Device::open()?;
    let (vm, context) = client(&device, true)?;
    let work = Endless::submit(&device, &vm, &context, BCS0, Kind::Obliging)?;
    let hangcheck = Setting::parameter("enable_hangcheck")?;
    hangcheck.set("N")?;
    std::mem::forget(context);
    std::mem::forget(vm);
    drop(device);
    ensure_eq!(work.outcome(&observer)?, EIO, "the fence");
    Ok(())
}

/// `mark_guilty`: a closed context's hang gives its client no score, which would forbid it
/// to make contexts (EIO) after a few.
fn closed_contexts_hangs_are_held_against_nobody() -> Outcome {
    let device = Device::open()?;
    let _timeout = short_timeout("bcs0")?;
    for _ in 0..10 {
        let (vm, context) = client(&device, true)?;
        let work = Endless::submit(&device, &vm, &context, BCS0, Kind::Stubborn)?;
        context.destroy()?;
        ensure_eq!(work.outcome(&device)?, EIO, "the fence");
    }
    Context::create(&device)?;
    Ok(())
}
