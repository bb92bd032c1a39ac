// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The i915 parameters that tools write in `i915_params/`. They decide what the rules let
//! contexts be told, and what is answered and counted. The device decides by itself when
//! it takes a context to hang, and resets nothing but the engine.

use core::fmt;
use kernel::prelude::*;
use kernel::sync::atomic::{Atomic, Relaxed};

use crate::drm::{self, parse_u64};

/// `reset`: how far resets may go; i915's default, engines one by one.
static RESET: Atomic<u32> = Atomic::new(3);
/// `enable_hangcheck`: whether hangs are looked for at all.
static ENABLE_HANGCHECK: Atomic<u32> = Atomic::new(1);

fn set(value: &Atomic<u32>, text: &str) -> Result {
    let number = match text {
        "Y" | "y" => 1,
        "N" | "n" => 0,
        text => parse_u64(text)?,
    };
    value.store(u32::try_from(number)?, Relaxed);
    Ok(())
}

fn show(value: &Atomic<u32>, out: &mut dyn fmt::Write) -> Result {
    writeln!(out, "{}", value.load(Relaxed)).map_err(|_| ENOMEM)
}

/// Reads `reset`.
pub(super) fn reset_show(_dev: &drm::Device, out: &mut dyn fmt::Write) -> Result {
    show(&RESET, out)
}

/// What may be reset: nothing with 0, the whole device with 1, engines from 2 on.
pub(crate) fn reset_level() -> u32 {
    RESET.load(Relaxed)
}

/// Whether hangs are looked for, as far as userspace can tell.
pub(crate) fn hangcheck_enabled() -> bool {
    ENABLE_HANGCHECK.load(Relaxed) != 0
}

/// Writes `reset`: tools write 4294967295 for "the default".
pub(super) fn reset(_dev: &drm::Device, text: &str) -> Result {
    set(&RESET, text)
}

/// Reads `enable_hangcheck`.
pub(super) fn enable_hangcheck_show(_dev: &drm::Device, out: &mut dyn fmt::Write) -> Result {
    show(&ENABLE_HANGCHECK, out)
}

/// Writes `enable_hangcheck`.
pub(super) fn enable_hangcheck(_dev: &drm::Device, text: &str) -> Result {
    set(&ENABLE_HANGCHECK, text)
}
