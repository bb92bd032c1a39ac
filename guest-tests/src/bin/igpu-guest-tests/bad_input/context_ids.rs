//! Ids of contexts and address spaces that mean nothing: those of another file, and those
//! that another thread destroys meanwhile; and what a caller without capabilities is
//! refused.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use libtest_mimic::{Failed, Trial};
use nix::errno::Errno::{self, EINVAL, ENOENT, EPERM};
use virtio_igpu_guest_tests::client::{
    AddressSpace, Context, Device, Engine, Exec2, Object, Param, Result,
};
use virtio_igpu_guest_tests::gpu::Batch;
use virtio_igpu_guest_tests::sys::process::use_capabilities;
use virtio_igpu_guest_tests::sys::request::{self, Out};
use virtio_igpu_guest_tests::sys::uapi::*;

use crate::rig::{Outcome, PAGE, ensure, ensure_eq, expect_errno, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("bad_input":
        ids_of_another_file, contexts_destroyed_meanwhile, vms_destroyed_meanwhile,
        caller_without_capabilities,
    )
}

/// Everything that takes a context's id, by its name; it need not be one of this file's.
struct Calls<'d> {
    device: &'d Device,
    batch: Object<'d>,
}

impl<'d> Calls<'d> {
    fn new(device: &'d Device) -> Result<Self> {
        let batch = Object::create(device, PAGE)?;
        batch.map()?.write_dwords(0, &Batch::new().end());
        Ok(Self { device, batch })
    }

    /// All but the destruction.
    fn all(&self, ctx_id: u32) -> Vec<(&'static str, Result<()>)> {
        let device = self.device;
        let param = |param: u32, value: u64| drm_i915_gem_context_param {
            ctx_id,
            size: 0,
            param: param.into(),
            value,
        };
        let get = |which| {
            let mut argument = param(which, 0);
            device.call_out::<request::ContextGetParam>(&mut argument, Out::Null)
        };
        let set = |which, value| device.call::<request::ContextSetParam>(&mut param(which, value));
        let mut stats = drm_i915_reset_stats {
            ctx_id,
            ..Default::default()
        };
        let mut submission = Exec2::new(vec![self.batch.pinned_at(0x4000_0000)]);
        submission.argument.rsvd1 = ctx_id.into();
        vec![
            ("SETPARAM", set(I915_CONTEXT_PARAM_PRIORITY, 0)),
            ("SETPARAM of an unknown one", set(99, 0)),
            ("GETPARAM", get(I915_CONTEXT_PARAM_PRIORITY)),
            ("GETPARAM of an unknown one", get(99)),
            (
                "GET_RESET_STATS",
                device.call::<request::GetResetStats>(&mut stats),
            ),
            ("EXECBUFFER2", submission.submit(device)),
        ]
    }

    fn destroy(&self, ctx_id: u32) -> Result<()> {
        let mut argument = drm_i915_gem_context_destroy { ctx_id, pad: 0 };
        self.device.call::<request::ContextDestroy>(&mut argument)
    }
}

/// Ids of contexts and VMs mean nothing in another file, and the file they are of keeps
/// them.
fn ids_of_another_file() -> Outcome {
    let (one, two) = (Device::open()?, Device::open()?);
    let context = Context::create(&one)?;
    let vm = AddressSpace::create_legacy(&one)?;
    let calls = Calls::new(&two)?;
    for (what, result) in calls.all(context.id()) {
        expect_errno(result, ENOENT, what)?;
    }
    expect_errno(calls.destroy(context.id()), ENOENT, "CONTEXT_DESTROY")?;
    let chained = Context::with_params(&two, &[Param::Vm(vm.id())]);
    expect_errno(chained, ENOENT, "the VM in a chain")?;
    let set = Context::create(&two)?.set(&Param::Vm(vm.id()));
    expect_errno(set, ENOENT, "the VM in a call")?;
    let destroyed = AddressSpace::from_id(&two, vm.id()).destroy();
    expect_errno(destroyed, ENOENT, "VM_DESTROY")?;
    context.set(&Param::Vm(vm.id()))?;
    context.get(I915_CONTEXT_PARAM_GTT_SIZE)?;
    Ok(())
}

/// Fails unless it went well or failed with one of these.
fn allow<T: Debug>(
    what: &str,
    result: Result<T>,
    errnos: &[Errno],
) -> std::result::Result<(), String> {
    match result {
        Err(error) if !error.errno().is_some_and(|errno| errnos.contains(&errno)) => Err(format!(
            "{what}: {error}, expected success or one of {errnos:?}"
        )),
        _ => Ok(()),
    }
}

/// How often an id is made and destroyed under the others' calls.
const ROUNDS: u32 = 300;

/// Runs `calls` in two threads for as long as `churn` takes, and reports the first that
/// went wrong.
fn meanwhile(
    calls: impl Fn() -> std::result::Result<(), String> + Sync,
    churn: impl FnOnce() -> Outcome,
) -> Outcome {
    let over = AtomicBool::new(false);
    let (churned, called) = thread::scope(|scope| {
        let threads = [(); 2].map(|()| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    calls()?;
                }
                Ok(())
            })
        });
        let churned = churn();
        over.store(true, Ordering::Relaxed);
        let called: Vec<std::result::Result<(), String>> = threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err("a thread panicked".into()))
            })
            .collect();
        (churned, called)
    });
    churned?;
    called
        .into_iter()
        .collect::<std::result::Result<(), String>>()?;
    Ok(())
}

/// A context that one thread makes and destroys, before its first use, at it or after it:
/// all others' calls on its id succeed or are ENOENT. (The lowest free id is given out, so
/// it is the same id each time.)
fn contexts_destroyed_meanwhile() -> Outcome {
    let device = Device::open()?;
    let calls = Calls::new(&device)?;
    let id = Context::create(&device)?.id();
    meanwhile(
        || {
            for (what, result) in calls.all(id) {
                let errnos: &[_] = match what {
                    "SETPARAM of an unknown one" | "GETPARAM of an unknown one" => {
                        &[ENOENT, EINVAL]
                    }
                    _ => &[ENOENT],
                };
                allow(what, result, errnos)?;
            }
            allow("CONTEXT_DESTROY", calls.destroy(id), &[ENOENT])
        },
        || {
            for _ in 0..ROUNDS {
                let context = Context::create(&device)?;
                ensure_eq!(context.id(), id, "the id that is free");
                thread::yield_now();
                // Somebody else may have destroyed it.
                drop(context);
            }
            Ok(())
        },
    )?;
    calls.batch.wait(-1)?;
    // Nothing of it is left behind.
    let context = Context::create(&device)?;
    ensure_eq!(context.id(), id, "the id after all that");
    context.get(I915_CONTEXT_PARAM_GTT_SIZE)?;
    Ok(())
}

/// An address space whose handle one thread makes and destroys: others that set it, before
/// first use, succeed or get ENOENT, and what they have of it works.
fn vms_destroyed_meanwhile() -> Outcome {
    let device = Device::open()?;
    let id = AddressSpace::create_legacy(&device)?.id();
    meanwhile(
        || {
            let vm = Param::Vm(id);
            match Context::with_params(&device, &[vm.clone(), vm.clone()]) {
                Ok(context) => {
                    allow("SETPARAM VM", context.set(&vm), &[ENOENT])?;
                    allow("GETPARAM", context.get(I915_CONTEXT_PARAM_GTT_SIZE), &[])?;
                }
                Err(error) => allow::<()>("VM in a chain", Err(error), &[ENOENT])?,
            }
            Ok(())
        },
        || {
            for _ in 0..ROUNDS {
                let vm = AddressSpace::create_legacy(&device)?;
                ensure_eq!(vm.id(), id, "the handle that is free");
                thread::yield_now();
                vm.destroy()?;
            }
            Ok(())
        },
    )
}

/// What `capable` guards, and which of two errors comes first.
fn caller_without_capabilities() -> Outcome {
    // In a thread of its own, which takes what it gives up with it.
    let thread = thread::spawn(|| -> std::result::Result<(), String> {
        unprivileged().map_err(|failed| failed.message().unwrap_or("no reason given").to_owned())
    });
    let result = thread
        .join()
        .map_err(|_| Failed::from("the thread panicked"))?;
    Ok(result?)
}

fn unprivileged() -> Outcome {
    let device = Device::open()?;
    let fresh = Context::create(&device)?;
    let used = Context::create(&device)?;
    let before = used.reset_stats()?;
    use_capabilities(false).map_err(|errno| format!("giving up capabilities: {errno}"))?;
    for context in [&fresh, &used] {
        let set = |param: &Param| context.set(param);
        expect_errno(
            set(&Param::Bannable(false)),
            EPERM,
            "BANNABLE 0: CAP_SYS_ADMIN",
        )?;
        set(&Param::Bannable(true))?;
        expect_errno(set(&Param::Priority(1)), EPERM, "PRIORITY 1: CAP_SYS_NICE")?;
        expect_errno(
            set(&Param::Priority(1023)),
            EPERM,
            "PRIORITY 1023: CAP_SYS_NICE",
        )?;
        expect_errno(
            set(&Param::Priority(1024)),
            EINVAL,
            "PRIORITY 1024: the range first",
        )?;
        set(&Param::Priority(0))?;
        set(&Param::Priority(-1023))?;
        let sized = |param: u32, value| {
            let mut argument = drm_i915_gem_context_param {
                ctx_id: context.id(),
                size: 8,
                param: param.into(),
                value,
            };
            device.call::<request::ContextSetParam>(&mut argument)
        };
        let result = sized(I915_CONTEXT_PARAM_BANNABLE, 0);
        expect_errno(result, EINVAL, "BANNABLE's size first")?;
        let result = sized(I915_CONTEXT_PARAM_PRIORITY, 1);
        expect_errno(result, EINVAL, "PRIORITY's size first")?;
    }
    let chained = Context::with_params(
        &device,
        &[Param::engines(&[Engine::RCS0]), Param::Priority(1)],
    );
    expect_errno(chained, EPERM, "PRIORITY in a chain")?;
    let chained = Context::with_params(&device, &[Param::Bannable(false)]);
    expect_errno(chained, EPERM, "BANNABLE in a chain")?;
    ensure_eq!(used.get(I915_CONTEXT_PARAM_BANNABLE)?, 1, "BANNABLE");
    let priority = (-1023_i64).cast_unsigned();
    ensure_eq!(used.get(I915_CONTEXT_PARAM_PRIORITY)?, priority, "PRIORITY");
    let stats = used.reset_stats()?;
    ensure_eq!(stats.resets, 0, "resets, which are CAP_SYS_ADMIN's to know");
    ensure!(
        before.guilty == stats.guilty,
        "the guilt is everybody's to know"
    );
    Ok(())
}
