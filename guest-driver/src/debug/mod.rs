// SPDX-License-Identifier: GPL-2.0 OR MIT

//! debugfs: the files that IGT and Intel's tools look for, and our own counters.
//!
//! May know: everything of the driver, to show it. Changes nothing but what i915's files
//! of the same names change.

mod params;

use crate::context;
use crate::drm::reclaim::{self, Which};
use crate::drm::{self, parse_u64, DebugFile, Timeout, ETIME};
use crate::error_state;
use crate::gem;
use crate::protocol::Queue;
use crate::vm;
use core::fmt;

use kernel::prelude::*;

/// Everything in `/sys/kernel/debug/dri/N/` that is ours.
pub(crate) const FILES: &[DebugFile] = &[
    DebugFile::new(
        c"i915_gem_drop_caches",
        0o644,
        Some(drop_caches_show),
        Some(drop_caches),
    ),
    DebugFile::new(c"i915_wedged", 0o644, Some(wedged_show), Some(wedged)),
    DebugFile::new(c"i915_gem_objects", 0o444, Some(objects), None),
    DebugFile::new(c"i915_engine_info", 0o444, Some(engines), None),
    DebugFile::new(c"igpu_counters", 0o444, Some(counters), None),
    DebugFile::new(c"igpu_last_hang", 0o444, Some(last_hang), None),
    DebugFile::new(
        c"i915_params/reset",
        0o600,
        Some(params::reset_show),
        Some(params::reset),
    ),
    DebugFile::new(
        c"i915_params/enable_hangcheck",
        0o600,
        Some(params::enable_hangcheck_show),
        Some(params::enable_hangcheck),
    ),
    DebugFile::contents(c"i915_error_state", &error_state::FILE),
];

/// Bits of `i915_gem_drop_caches`, as in i915's `i915_debugfs.c`.
mod drop_bits {
    pub(super) const UNBOUND: u64 = 1 << 0;
    pub(super) const BOUND: u64 = 1 << 1;
    pub(super) const ACTIVE: u64 = 1 << 3;
    pub(super) const SHRINK_ALL: u64 = 1 << 5;
    pub(super) const IDLE: u64 = 1 << 6;
    pub(super) const RESET_ACTIVE: u64 = 1 << 7;
    pub(super) const ALL: u64 = (1 << 10) - 1;
}

/// Milliseconds that work gets to end by itself before it is cancelled
/// (`I915_IDLE_ENGINES_TIMEOUT`).
const IDLE_TIMEOUT_MS: u64 = 200;

/// What can be written.
fn drop_caches_show(_dev: &drm::Device, out: &mut dyn fmt::Write) -> Result {
    writeln!(out, "{:#010x}", drop_bits::ALL).map_err(|_| ENOMEM)
}

/// Idles the GPU. With RESET_ACTIVE what doesn't end soon is cancelled, and a device that is
/// wedged is reset. With UNBOUND, BOUND or SHRINK_ALL objects' memory is given back as if
/// memory were short, that of busy ones excepted. Everything else the bits name (retired
/// requests, freed objects) is never held back here.
fn drop_caches(dev: &drm::Device, text: &str) -> Result {
    let bits = parse_u64(text)?;
    let igpu = dev.data();
    if bits & drop_bits::RESET_ACTIVE != 0 {
        match igpu.wait_idle(Timeout::Nanoseconds(IDLE_TIMEOUT_MS * 1_000_000)) {
            Err(error) if error == ETIME => igpu.cancel_all(dev)?,
            other => other?,
        }
    }
    if bits & (drop_bits::IDLE | drop_bits::ACTIVE) != 0 {
        dev.unlocked(|| igpu.wait_idle(Timeout::Forever))?;
    }
    if bits & drop_bits::RESET_ACTIVE != 0 && igpu.link().resets().is_wedged() {
        igpu.handle_error(dev, u64::MAX, false)?;
    }
    if bits & (drop_bits::BOUND | drop_bits::SHRINK_ALL) != 0 {
        reclaim::shrink(dev, Which::Idle)?;
    } else if bits & drop_bits::UNBOUND != 0 {
        reclaim::shrink(dev, Which::Unbound)?;
    }
    Ok(())
}

fn wedged_show(dev: &drm::Device, out: &mut dyn fmt::Write) -> Result {
    writeln!(out, "{}", u32::from(dev.data().is_wedged())).map_err(|_| ENOMEM)
}

/// Resets the engines in the mask. There is an error state afterwards: that of what was
/// reset, or one that says that nothing was.
fn wedged(dev: &drm::Device, text: &str) -> Result {
    dev.data().handle_error(dev, parse_u64(text)?, true)
}

fn objects(_dev: &drm::Device, out: &mut dyn fmt::Write) -> Result {
    writeln!(
        out,
        "{} shrinkable [0 free] objects, {} bytes",
        gem::alive(),
        gem::alive_bytes()
    )
    .map_err(|_| ENOMEM)
}

fn engines(dev: &drm::Device, out: &mut dyn fmt::Write) -> Result {
    let igpu = dev.data();
    let mut write = || -> fmt::Result {
        writeln!(out, "GT awake? yes [{}]", igpu.unfinished())?;
        writeln!(
            out,
            "CS timestamp frequency: {} Hz",
            igpu.facts().timestamp_frequency
        )?;
        for engine in igpu.engines().all() {
            let name = engine.name().to_str().map_err(|_| fmt::Error)?;
            writeln!(out, "{name}")?;
        }
        writeln!(out, "Reset count: {}", igpu.reset_count())
    };
    write().map_err(|_| ENOMEM)
}

/// `name value`, a line each: what has been sent to the device and come back since the
/// module was loaded, and how much of each kind is alive.
fn counters(dev: &drm::Device, out: &mut dyn fmt::Write) -> Result {
    const QUEUES: [(Queue, &str); 4] = [
        (Queue::Control, "control"),
        (Queue::Bind, "bind"),
        (Queue::Submit, "submit"),
        (Queue::Event, "event"),
    ];
    let igpu = dev.data();
    let transport = igpu.transport();
    let mut write = || -> fmt::Result {
        for (queue, name) in QUEUES {
            let counters = transport.counters().queue(queue);
            writeln!(out, "commands_{} {}", name, counters.commands.get())?;
            writeln!(out, "kicks_{} {}", name, counters.kicks.get())?;
            writeln!(out, "interrupts_{} {}", name, counters.interrupts.get())?;
            writeln!(out, "bytes_out_{} {}", name, counters.bytes_out.get())?;
            writeln!(out, "bytes_in_{} {}", name, counters.bytes_in.get())?;
            writeln!(out, "parked_{} {}", name, counters.parked.get())?;
        }
        writeln!(out, "extents_sent {}", vm::extents_sent())?;
        writeln!(out, "contexts {}", context::live())?;
        writeln!(out, "address_spaces {}", vm::alive())?;
        writeln!(out, "objects {}", gem::alive())?;
        writeln!(
            out,
            "userptr_bytes_pinned {}",
            drm::user_memory::pinned_bytes()
        )?;
        writeln!(out, "userptr_invalidated {}", vm::invalidated())?;
        writeln!(out, "userptr_rebound {}", vm::rebound())?;
        writeln!(out, "submissions_unfinished {}", igpu.unfinished())?;
        writeln!(out, "resets {}", igpu.reset_count())
    };
    write().map_err(|_| ENOMEM)
}

fn last_hang(dev: &drm::Device, out: &mut dyn fmt::Write) -> Result {
    let Some(event) = dev.data().last_hang() else {
        return writeln!(out, "no hang").map_err(|_| ENOMEM);
    };
    let mut write = || -> fmt::Result {
        writeln!(
            out,
            "context {} slot {}",
            event.context.get(),
            event.slot.get()
        )?;
        writeln!(out, "engine {}:{}", event.class.get(), event.instance.get())?;
        writeln!(
            out,
            "command {:#010x} at {:#x}",
            event.command.get(),
            event.command_address.get()
        )?;
        writeln!(out, "fault address {:#x}", event.fault_address.get())
    };
    write().map_err(|_| ENOMEM)
}
