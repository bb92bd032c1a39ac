// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The files of an engine's folder in sysfs, as i915 has them (`gt/sysfs_engines.c`). The
//! folder's number is the engine's place.

use super::Engine;
use crate::drm::{self, SysfsFile};
use crate::rules::engine_properties::{capability_names, Property};
use core::fmt;
use kernel::prelude::*;

/// A file that shows a property and takes a new value of it.
macro_rules! current {
    ($name:literal, $property:ident) => {
        SysfsFile::writable(
            $name,
            |dev, place, out| {
                let value = dev.data().engines().property(place, Property::$property)?;
                line(out, fmt!("{}", value))
            },
            |dev, place, text| {
                let engines = dev.data().engines();
                engines.change(place, Property::$property, text)
            },
        )
    };
}

/// A file that shows what a property was at first.
macro_rules! default {
    ($name:literal, $property:ident) => {
        SysfsFile::read_only($name, |dev, place, out| {
            let value = Property::$property.of(&engine(dev, place)?.defaults);
            line(out, fmt!("{}", value))
        })
    };
}

/// The files of an engine's folder.
pub(super) static CURRENT: [SysfsFile; 11] = [
    SysfsFile::read_only(c"name", name),
    SysfsFile::read_only(c"class", class),
    SysfsFile::read_only(c"instance", instance),
    SysfsFile::read_only(c"mmio_base", mmio_base),
    SysfsFile::read_only(c"capabilities", capabilities),
    SysfsFile::read_only(c"known_capabilities", known_capabilities),
    current!(c"max_busywait_duration_ns", MaxBusywait),
    current!(c"stop_timeout_ms", StopTimeout),
    current!(c"heartbeat_interval_ms", Heartbeat),
    current!(c"timeslice_duration_ms", Timeslice),
    current!(c"preempt_timeout_ms", PreemptTimeout),
];

/// The files of the folder `.defaults` in it.
pub(super) static DEFAULTS: [SysfsFile; 5] = [
    default!(c"max_busywait_duration_ns", MaxBusywait),
    default!(c"stop_timeout_ms", StopTimeout),
    default!(c"heartbeat_interval_ms", Heartbeat),
    default!(c"timeslice_duration_ms", Timeslice),
    default!(c"preempt_timeout_ms", PreemptTimeout),
];

fn engine(dev: &drm::Device, place: usize) -> Result<&Engine> {
    dev.data().engines().all().get(place).ok_or(ENODEV)
}

fn line(out: &mut dyn fmt::Write, text: fmt::Arguments<'_>) -> Result {
    writeln!(out, "{text}").map_err(|_| ENOMEM)
}

fn name(dev: &drm::Device, place: usize, out: &mut dyn fmt::Write) -> Result {
    let name = engine(dev, place)?.name().to_str().map_err(|_| EINVAL)?;
    line(out, fmt!("{}", name))
}

fn class(dev: &drm::Device, place: usize, out: &mut dyn fmt::Write) -> Result {
    line(out, fmt!("{}", engine(dev, place)?.info.class.get()))
}

fn instance(dev: &drm::Device, place: usize, out: &mut dyn fmt::Write) -> Result {
    line(out, fmt!("{}", engine(dev, place)?.info.instance.get()))
}

fn mmio_base(dev: &drm::Device, place: usize, out: &mut dyn fmt::Write) -> Result {
    line(out, fmt!("{:#x}", engine(dev, place)?.info.mmio_base.get()))
}

/// What of the class's capabilities the engine has; bits without a name as numbers.
fn capabilities(dev: &drm::Device, place: usize, out: &mut dyn fmt::Write) -> Result {
    let info = &engine(dev, place)?.info;
    let bits = info.capabilities.get();
    let names = capability_names(info.class.get());
    let bits = (0..u64::BITS).filter(|bit| bits >> bit & 1 != 0);
    words(out, bits, names)
}

/// What engines of the class can have.
fn known_capabilities(dev: &drm::Device, place: usize, out: &mut dyn fmt::Write) -> Result {
    let names = capability_names(engine(dev, place)?.info.class.get());
    let known = |bit: &u32| {
        names
            .get(*bit as usize)
            .is_some_and(|name| !name.is_empty())
    };
    words(out, (0..names.len() as u32).filter(known), names)
}

/// The names of bits, in one line; for no bits not even the line's end.
fn words(
    out: &mut dyn fmt::Write,
    bits: impl Iterator<Item = u32>,
    names: &[&'static str],
) -> Result {
    let write = || -> fmt::Result {
        let mut first = true;
        for bit in bits {
            if !first {
                out.write_str(" ")?;
            }
            first = false;
            match names.get(bit as usize) {
                Some(name) if !name.is_empty() => out.write_str(name)?,
                _ => write!(out, "[{bit:x}]")?,
            }
        }
        if first {
            Ok(())
        } else {
            out.write_str("\n")
        }
    };
    write().map_err(|_| ENOMEM)
}
