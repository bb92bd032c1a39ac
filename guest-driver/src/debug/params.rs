// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The i915 parameters that tools write in `i915_params/`: whether hangs are looked for,
//! and how far resets may go.

use crate::drm;
use crate::rules::number;
use core::fmt;
use kernel::prelude::*;

/// Reads `reset`: 0 for no resets, 1 for the whole device, 2 and more for single engines.
pub(super) fn reset_show(dev: &drm::Device, out: &mut dyn fmt::Write) -> Result {
    let value = dev.data().engines().reset_parameter();
    writeln!(out, "{value}").map_err(|_| ENOMEM)
}

/// Writes `reset`, a number or a yes or no: tools write 4294967295 for "the default".
pub(super) fn reset(dev: &drm::Device, text: &str) -> Result {
    let text = text.as_bytes();
    let number = number::parse_u64(text).ok();
    let value = match number.and_then(|number| u32::try_from(number).ok()) {
        Some(value) => value,
        None => number::parse_bool(text)?.into(),
    };
    dev.data().engines().set_reset_parameter(value);
    Ok(())
}

/// Reads `enable_hangcheck`: `Y` or `N`.
pub(super) fn enable_hangcheck_show(dev: &drm::Device, out: &mut dyn fmt::Write) -> Result {
    let on = dev.data().engines().detects_hangs();
    writeln!(out, "{}", if on { 'Y' } else { 'N' }).map_err(|_| ENOMEM)
}

/// Writes `enable_hangcheck`.
pub(super) fn enable_hangcheck(dev: &drm::Device, text: &str) -> Result {
    let wanted = number::parse_bool(text.as_bytes())?;
    dev.data().engines().detect_hangs(wanted)
}
