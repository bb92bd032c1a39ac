//! The engines' files in sysfs: what they show, what they take, and that it has an effect
//! (i915's `gt/sysfs_engines.c`).

use std::collections::BTreeSet;
use std::fs;
use std::io;

use libtest_mimic::{Failed, Trial};
use nix::errno::Errno;
use nix::time::{ClockId, clock_getres};
use virtio_igpu_guest_tests::client::setting::{self, Setting};
use virtio_igpu_guest_tests::client::{Context, Device, Exec3, Param, Syncobj};
use virtio_igpu_guest_tests::sys::uapi::*;

use crate::endless::{EIO, Endless, Kind};
use crate::rig::{BCS0, Outcome, PATIENCE, RCS0, Rig, ensure, ensure_eq, expect_errno, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("engines":
        one_folder_for_each_engine, facts_are_the_querys, defaults_are_what_was_first,
        read_only_files_are, values_are_taken_within_limits, preempt_timeout_has_effect,
        heartbeat_has_effect, hangcheck_has_effect, parameters_decide_what_is_allowed,
        wedged_resets_what_is_executed,
    )
}

/// The properties that can be written.
const PROPERTIES: [&str; 5] = [
    "heartbeat_interval_ms",
    "max_busywait_duration_ns",
    "preempt_timeout_ms",
    "stop_timeout_ms",
    "timeslice_duration_ms",
];

/// Folders by the engines' names, in `engine/`.
fn one_folder_for_each_engine() -> Outcome {
    let device = Device::open()?;
    let names: BTreeSet<String> = device
        .engines()?
        .iter()
        .map(|info| info.engine.name())
        .collect();
    let mut folders = BTreeSet::new();
    for entry in fs::read_dir(setting::engine_folder()?)? {
        folders.insert(entry?.file_name().to_string_lossy().into_owned());
    }
    ensure_eq!(folders, names, "folders of engines");
    Ok(())
}

/// Name, class, instance and capabilities are those of the engine query; every engine has
/// registers of its own.
fn facts_are_the_querys() -> Outcome {
    let device = Device::open()?;
    let mut bases = BTreeSet::new();
    for info in device.engines()? {
        let name = info.engine.name();
        let folder = setting::engine_folder()?.join(&name);
        let read = |file: &str| setting::read(&folder.join(file));
        ensure_eq!(read("name")?, name, "name");
        ensure_eq!(read("class")?, info.engine.class.to_string(), "class");
        ensure_eq!(
            read("instance")?,
            info.engine.instance.to_string(),
            "instance"
        );
        let base = read("mmio_base")?;
        ensure!(
            base.strip_prefix("0x")
                .is_some_and(|digits| u32::from_str_radix(digits, 16).is_ok()),
            "mmio_base of {name}: {base}"
        );
        ensure!(bases.insert(base), "mmio_base of {name} is another's");
        let known = match info.engine.class {
            2 => vec!["hevc", "sfc"],
            3 => vec!["sfc"],
            _ => vec![],
        };
        ensure_eq!(
            read("known_capabilities")?,
            known.join(" "),
            "known capabilities of {name}"
        );
        let bits = [("hevc", 1), ("sfc", 2)];
        let has: Vec<&str> = bits
            .iter()
            .filter(|(_, bit)| info.capabilities & bit != 0)
            .map(|(name, _)| *name)
            .collect();
        ensure_eq!(
            read("capabilities")?,
            has.join(" "),
            "capabilities of {name}"
        );
    }
    Ok(())
}

/// `.defaults` has what the properties were at first, whatever they are now.
fn defaults_are_what_was_first() -> Outcome {
    let folder = setting::engine_folder()?.join("vcs0");
    for property in PROPERTIES {
        let default = || setting::read(&folder.join(".defaults").join(property));
        let file = Setting::engine("vcs0", property)?;
        let first = default()?;
        ensure_eq!(file.read()?, first, "{property} of an engine as it was");
        file.set("12345")?;
        ensure_eq!(file.read()?, "12345", "{property} as it is");
        ensure_eq!(default()?, first, "the default {property}");
    }
    Ok(())
}

/// What can't be changed can't be opened for writing, not even by root.
fn read_only_files_are() -> Outcome {
    let folder = setting::engine_folder()?.join("rcs0");
    let facts = [
        "name",
        "class",
        "instance",
        "mmio_base",
        "capabilities",
        "known_capabilities",
    ];
    let facts = facts.map(|file| folder.join(file));
    let defaults = PROPERTIES.map(|file| folder.join(".defaults").join(file));
    for path in facts.iter().chain(&defaults) {
        let result = setting::write(path, "1");
        ensure_eq!(
            errno_of(&result),
            Some(Errno::EACCES),
            "writing {}",
            path.display()
        );
    }
    Ok(())
}

fn errno_of<T>(result: &io::Result<T>) -> Option<Errno> {
    let error = result.as_ref().err()?;
    error.raw_os_error().map(Errno::from_raw)
}

/// Numbers as `kstrtoull` reads them, up to what i915's clamps let through.
fn values_are_taken_within_limits() -> Outcome {
    // A coarse clock's resolution is the kernel's tick.
    let tick = clock_getres(ClockId::CLOCK_MONOTONIC_COARSE)?;
    let tick_ns = u64::try_from(tick.tv_nsec())?;
    for property in PROPERTIES {
        let file = Setting::engine("vecs0", property)?;
        // Two ticks; the longest timer in milliseconds, as its lower 32 bits come out.
        let limit: u64 = if property == "max_busywait_duration_ns" {
            2 * tick_ns
        } else {
            (1 << 32) - tick_ns / 1_000_000
        };
        let (most, more) = (limit.to_string(), (limit + 1).to_string());
        let taken = [
            ("0", "0"),
            ("77\n", "77"),
            ("+5", "5"),
            ("0x10", "16"),
            ("010", "8"),
            (&most, &most),
        ];
        for (text, value) in taken {
            file.set(text)?;
            ensure_eq!(file.read()?, value, "{property} after {text:?}");
        }
        let refused = [
            (more.as_str(), Errno::EINVAL),
            ("18446744073709551615", Errno::EINVAL),
            ("18446744073709551616", Errno::ERANGE),
            ("-1", Errno::EINVAL),
            ("1 2", Errno::EINVAL),
            ("ten", Errno::EINVAL),
            ("\n", Errno::EINVAL),
        ];
        for (text, errno) in refused {
            let result = file.write(text);
            ensure_eq!(errno_of(&result), Some(errno), "{property}: {text:?}");
            ensure_eq!(file.read()?, most, "{property} after {text:?}");
        }
    }
    Ok(())
}

/// A batch that can't be interrupted keeps others off its engine for as long as the
/// preemption time-out says; 0 is for ever, and a new value holds at once.
fn preempt_timeout_has_effect() -> Outcome {
    let device = Device::open()?;
    let (bad, good) = (Rig::new(&device)?, Rig::new(&device)?);
    let _heartbeat = quiet("bcs0")?;
    let timeout = Setting::engine("bcs0", "preempt_timeout_ms")?;
    timeout.set("0")?;
    let hog = Endless::submit(&device, &bad.vm, &bad.context, BCS0, Kind::Stubborn)?;
    let done = Syncobj::create(&device)?;
    let batch = good.write(0, |_| {});
    Exec3::new(&good.context, BCS0, batch)
        .fence(done.signal_fence(0))
        .submit(&device)?;
    ensure!(hog.runs_on(&device)?, "reset without a time-out");
    ensure_eq!(bad.context.reset_stats()?.guilty, 0, "hangs by then");
    timeout.set("10")?;
    ensure_eq!(hog.outcome(&device)?, EIO, "the stubborn batch's fence");
    done.wait(PATIENCE)?;
    ensure_eq!(done.status()?, 1, "the waiting batch's fence");
    ensure_eq!(bad.context.reset_stats()?.guilty, 1, "hangs at the end");
    Ok(())
}

/// Switches an engine's heartbeat off.
fn quiet(engine: &str) -> Result<Setting, Failed> {
    let heartbeat = Setting::engine(engine, "heartbeat_interval_ms")?;
    heartbeat.set("0")?;
    Ok(heartbeat)
}

/// A batch that can't be interrupted and is alone is found by the heartbeat, or not at all;
/// one that can be is left alone.
fn heartbeat_has_effect() -> Outcome {
    let device = Device::open()?;
    let (bad, good) = (Rig::new(&device)?, Rig::new(&device)?);
    let heartbeat = quiet("bcs0")?;
    let timeout = Setting::engine("bcs0", "preempt_timeout_ms")?;
    timeout.set("20")?;
    let hog = Endless::submit(&device, &bad.vm, &bad.context, BCS0, Kind::Stubborn)?;
    ensure!(hog.runs_on(&device)?, "reset without a heartbeat");
    heartbeat.set("10")?;
    ensure_eq!(hog.outcome(&device)?, EIO, "the stubborn batch's fence");
    let spinner = Endless::submit(&device, &good.vm, &good.context, BCS0, Kind::Obliging)?;
    ensure!(spinner.runs_on(&device)?, "the obliging batch was reset");
    spinner.end();
    ensure_eq!(spinner.outcome(&device)?, 1, "the obliging batch's fence");
    Ok(())
}

/// Without `enable_hangcheck` no heartbeat is sent, whatever its interval.
fn hangcheck_has_effect() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let hangcheck = Setting::parameter("enable_hangcheck")?;
    ensure_eq!(hangcheck.read()?, "Y", "enable_hangcheck at first");
    hangcheck.set("0")?;
    ensure_eq!(hangcheck.read()?, "N", "enable_hangcheck after 0");
    let heartbeat = Setting::engine("bcs0", "heartbeat_interval_ms")?;
    let timeout = Setting::engine("bcs0", "preempt_timeout_ms")?;
    timeout.set("20")?;
    heartbeat.set("10")?;
    let hog = Endless::submit(&device, &rig.vm, &rig.context, BCS0, Kind::Stubborn)?;
    ensure!(hog.runs_on(&device)?, "reset without hang detection");
    hangcheck.set("1")?;
    ensure_eq!(hog.outcome(&device)?, EIO, "the stubborn batch's fence");
    Ok(())
}

/// `I915_PARAM_HAS_GPU_RESET` and `I915_CONTEXT_PARAM_PERSISTENCE` go by the parameters
/// (`intel_has_gpu_reset`, `__context_set_persistence`).
fn parameters_decide_what_is_allowed() -> Outcome {
    let device = Device::open()?;
    let context = Context::create(&device)?;
    let has_reset = || device.param(I915_PARAM_HAS_GPU_RESET);
    let reset = Setting::parameter("reset")?;
    for (value, has, clearing) in [("0", 0, false), ("1", 1, false), ("4294967295", 2, true)] {
        reset.set(value)?;
        ensure_eq!(reset.read()?, value, "reset");
        ensure_eq!(has_reset()?, has, "HAS_GPU_RESET with reset={value}");
        let result = context.set(&Param::Persistence(false));
        if clearing {
            result?;
        } else {
            expect_errno(result, Errno::ENODEV, "clearing persistence")?;
        }
    }
    let hangcheck = Setting::parameter("enable_hangcheck")?;
    hangcheck.set("N")?;
    ensure_eq!(has_reset()?, 0, "HAS_GPU_RESET without hangcheck");
    let result = context.set(&Param::Persistence(true));
    expect_errno(result, Errno::EINVAL, "setting persistence")?;
    let fresh = Context::create(&device)?;
    ensure_eq!(
        fresh.get(I915_CONTEXT_PARAM_PERSISTENCE)?,
        0,
        "a new context's persistence"
    );
    hangcheck.set("Y")?;
    context.set(&Param::Persistence(true))?;
    Ok(())
}

/// `i915_wedged` resets the engines in the mask: what they execute hangs, and when the call
/// returns its context knows. What other engines execute goes on.
fn wedged_resets_what_is_executed() -> Outcome {
    let device = Device::open()?;
    let (bad, good) = (Rig::new(&device)?, Rig::new(&device)?);
    let wedged = setting::debug_folder()?.join("i915_wedged");
    let spinner = Endless::submit(&device, &bad.vm, &bad.context, BCS0, Kind::Obliging)?;
    let other = Endless::submit(&device, &good.vm, &good.context, RCS0, Kind::Obliging)?;
    setting::write(&wedged, "0")?;
    ensure!(spinner.runs_on(&device)?, "reset with an empty mask");
    // Bit 1 is the blitter's (`enum intel_engine_id`).
    setting::write(&wedged, "0x2")?;
    ensure_eq!(bad.context.reset_stats()?.guilty, 1, "the victim's hangs");
    ensure_eq!(spinner.outcome(&device)?, EIO, "the victim's fence");
    ensure!(other.runs_on(&device)?, "the other engine was reset too");
    other.end();
    ensure_eq!(other.outcome(&device)?, 1, "the other batch's fence");
    ensure_eq!(good.context.reset_stats()?.guilty, 0, "the other's hangs");
    ensure_eq!(setting::read(&wedged)?, "0", "i915_wedged");
    Ok(())
}
