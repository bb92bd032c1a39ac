// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Resets of the device as a whole, and what comes of them (`gt/intel_reset.c` of i915): the
//! device goes on, or, where the parameter `reset` forbids resets, it is wedged. Then what was
//! unfinished ends with EIO and nothing new is taken, until a reset that is allowed.
//!
//! May know: `protocol`, `rules`, `virtio`, `drm`, `driver`, `fence`.

use crate::driver::Igpu;
use crate::drm::{self, Timeout, ETIME};
use crate::fence::{Cancellations, Ticket};
use crate::protocol;
use crate::rules::platform::ResetSupport;
use crate::virtio::{Prepared, Transport};
use kernel::prelude::*;
use kernel::sync::atomic::{Atomic, Relaxed};
use kernel::sync::{new_mutex, Arc, Mutex};

/// For how long the ends of what the device has cancelled are waited for, in milliseconds.
const CANCEL_PATIENCE_MS: u64 = 1000;

/// How long what is unfinished may take when the guest suspends (`I915_GT_SUSPEND_IDLE_TIMEOUT`),
/// in milliseconds.
const SUSPEND_PATIENCE_MS: u64 = 500;

/// Whether the device takes work over a [link](crate::link), and who changes that.
#[pin_data]
pub(crate) struct Resets {
    transport: Arc<Transport>,
    wedged: Atomic<bool>,
    cancellations: Arc<Cancellations>,
    /// Somebody who tells of it resets the whole device: the hangs that come of it don't.
    under_way: Atomic<bool>,
    /// What is cancelled now goes into the error state.
    captures: Atomic<bool>,
    /// Held by who resets the device. It guards the command that wedges the device where no
    /// memory can be waited for; none while it is wedged.
    #[pin]
    wedge: Mutex<Option<Prepared>>,
}

/// What cancels all that was sent. ENOMEM.
fn cancellation(transport: &Transport) -> Result<Prepared> {
    let command = protocol::ResetActive { reserved: 0.into() };
    transport.prepare(&command, &[], |_, _| ())
}

impl Resets {
    /// Of a device that takes work. ENOMEM.
    pub(crate) fn new(transport: Arc<Transport>) -> Result<impl PinInit<Self>> {
        let wedge = cancellation(&transport)?;
        let cancellations = Cancellations::new()?;
        Ok(pin_init!(Self {
            transport,
            wedged: Atomic::new(false),
            cancellations,
            under_way: Atomic::new(false),
            captures: Atomic::new(false),
            wedge <- new_mutex!(Some(wedge), "Resets::wedge"),
        }))
    }

    /// Whether nothing is taken. Any context.
    pub(crate) fn is_wedged(&self) -> bool {
        self.wedged.load(Relaxed)
    }

    /// For a submission that is being made. Whether the device is wedged is to be asked
    /// afterwards.
    pub(crate) fn ticket(&self) -> Ticket {
        self.cancellations.ticket()
    }

    /// Whether what is cancelled now goes into the error state.
    pub(crate) fn captures(&self) -> bool {
        self.captures.load(Relaxed)
    }

    /// Whether a hang is told of by somebody else: it was asked for.
    pub(crate) fn is_under_way(&self) -> bool {
        self.under_way.load(Relaxed)
    }

    /// From here on nothing is taken, and what is unfinished ends with EIO.
    fn forbid(&self) {
        self.wedged.store(true, Relaxed);
        self.cancellations.cancel_all();
    }

    /// Whatever wedged the device is over. ENOMEM: it stays wedged.
    fn allow(&self, wedge: &mut Option<Prepared>) -> Result {
        *wedge = Some(cancellation(&self.transport)?);
        self.wedged.store(false, Relaxed);
        Ok(())
    }

    /// Wedges the device after a hang that may not be followed by a reset. Waits for nothing.
    /// Process context.
    pub(crate) fn wedge_after_hang(&self) {
        // Whoever holds it resets the device, and will see to what has hung.
        let Some(mut wedge) = self.wedge.try_lock() else {
            return;
        };
        if let Some(cancel) = wedge.take() {
            self.forbid();
            self.transport.submit(cancel);
        }
    }
}

impl Igpu {
    /// Userspace asks for the reset of the engines in one of i915's engine masks
    /// (`intel_gt_handle_error`): what they execute hangs. Where only the whole device can be
    /// reset, or nothing, or the device is wedged, that is told by uevents. `capture`: there is
    /// an error state afterwards, that of what was reset, or one that says that nothing was.
    /// ERESTARTSYS, ENOMEM, ENODEV.
    pub(crate) fn handle_error(&self, dev: &drm::Device, mask: u64, capture: bool) -> Result {
        let link = self.link();
        let resets = link.resets();
        if link.is_lost() {
            // Nothing is there to be reset: the GPU stays wedged.
            self.tell_of_reset(dev, || ());
            return Ok(());
        }
        let mut wedge = resets.wedge.lock();
        if capture && self.unfinished() == 0 {
            self.errors().record_idle(self);
        }
        if !self.engines().any_in(mask) {
            return Ok(());
        }
        if wedge.is_some() && self.environment().reset == ResetSupport::Engine {
            return self.reset_and_record(mask, capture);
        }
        resets.under_way.store(true, Relaxed);
        let result = self.tell_of_reset(dev, || {
            self.reset_device(dev, resets, &mut wedge, mask, capture)
        });
        resets.under_way.store(false, Relaxed);
        result
    }

    /// Tells userspace of a reset of the whole device before and, if work is taken then, after
    /// it (`intel_gt_reset_global`). Process context.
    pub(crate) fn tell_of_reset<R>(&self, dev: &drm::Device, reset: impl FnOnce() -> R) -> R {
        dev.uevent(&[c"ERROR=1"]);
        dev.uevent(&[c"RESET=1"]);
        let result = reset();
        if !self.is_wedged() {
            dev.uevent(&[c"ERROR=0"]);
        }
        result
    }

    /// Resets the engines in the mask; with `capture` an error state is there afterwards.
    fn reset_and_record(&self, mask: u64, capture: bool) -> Result {
        let submissions = self.reset_engines(mask)?;
        if capture && submissions == 0 {
            self.errors().record_idle(self);
        }
        Ok(())
    }

    /// `intel_gt_reset`.
    fn reset_device(
        &self,
        dev: &drm::Device,
        resets: &Resets,
        wedge: &mut Option<Prepared>,
        mask: u64,
        capture: bool,
    ) -> Result {
        let was_wedged = wedge.is_none();
        if was_wedged {
            self.cancel_unfinished(dev, resets)?;
            // What waits for others ends when they do, with an error like all the rest.
            dev.unlocked(|| self.wait_idle(Timeout::Forever))?;
            resets.allow(wedge)?;
        }
        self.count_reset();
        match self.environment().reset {
            ResetSupport::None => self.wedge(dev, resets, wedge, capture),
            _ if was_wedged => Ok(()),
            _ => self.reset_and_record(mask, capture),
        }
    }

    /// Cancels what is unfinished, and has nothing more taken (`intel_gt_set_wedged`).
    fn wedge(
        &self,
        dev: &drm::Device,
        resets: &Resets,
        wedge: &mut Option<Prepared>,
        capture: bool,
    ) -> Result {
        *wedge = None;
        resets.captures.store(capture, Relaxed);
        resets.forbid();
        let result = self.cancel_unfinished(dev, resets);
        resets.captures.store(false, Relaxed);
        result
    }

    /// Has the device cancel what was sent to it by now, and waits until it has: what only waits
    /// for others stays unfinished.
    fn cancel_unfinished(&self, dev: &drm::Device, resets: &Resets) -> Result {
        let command = protocol::ResetActive { reserved: 0.into() };
        resets.transport.call(&command, &[])?;
        for _ in 0..CANCEL_PATIENCE_MS {
            if self.unfinished() <= resets.cancellations.held() {
                break;
            }
            match dev.unlocked(|| self.wait_idle(Timeout::Nanoseconds(1_000_000))) {
                Err(error) if error == ETIME => {}
                other => return other,
            }
        }
        Ok(())
    }

    /// Cancels every unfinished submission, as i915 does when it is asked to idle the GPU and
    /// that takes too long: the device is wedged.
    pub(crate) fn cancel_all(&self, dev: &drm::Device) -> Result {
        let link = self.link();
        let mut wedge = link.resets().wedge.lock();
        self.wedge(dev, link.resets(), &mut wedge, false)
    }

    /// The guest suspends: gives what is unfinished a moment, and then cancels it, as if the
    /// device were wedged (`wait_for_suspend`).
    pub(crate) fn quiesce(&self, dev: &drm::Device) -> Result {
        let patience = Timeout::Nanoseconds(SUSPEND_PATIENCE_MS * 1_000_000);
        match self.wait_idle(patience) {
            Ok(()) => Ok(()),
            Err(_) => self.cancel_all(dev),
        }
    }

    /// The guest goes on: whatever wedged the device is over (`gt_sanitize`).
    pub(crate) fn recover(&self) {
        let link = self.link();
        let resets = link.resets();
        let mut wedge = resets.wedge.lock();
        if wedge.is_none() {
            if let Err(error) = resets.allow(&mut wedge) {
                pr_err!("the GPU stays wedged: {:?}\n", error);
            }
        }
    }
}
