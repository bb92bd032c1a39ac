// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Looking on for what comes next, instead of sleeping or interrupting at once. When that is
//! worth while, [`linger`](crate::device::linger) and [`hold`](crate::device::hold) decide.

use std::time::Instant;

use protocol::Queue;
use virtio_igpu_protocol as protocol;

use super::{COMMAND_QUEUES, Guest};
use crate::GuestMemory;
use crate::queue::{self, Vring};

/// The most commands under way that are looked at before an interrupt is held back.
const MOST_LOOKED_AT: usize = 64;

impl Guest {
    /// Whether queues are as the driver has left them, and the guest's work is not lost.
    fn is_steady(&self) -> bool {
        self.session.is_some() && self.stopped.iter().all(Option::is_none)
    }

    /// Whether nothing but submissions has been given back that may be told later.
    fn may_hold(&mut self) -> Option<Instant> {
        if !self.polling || !self.is_steady() {
            return None;
        }
        let submit = Queue::Submit as usize;
        let mut given = self.given_back.iter().enumerate();
        if !given.all(|(index, given)| *given == (index == submit)) {
            return None;
        }
        let (until, timeline) = self.hold.until(Instant::now())?;
        // More than a few end together without that.
        let few = self.in_flight.len() <= MOST_LOOKED_AT;
        let alone = || {
            self.in_flight
                .keys()
                .all(|point| point.timeline == timeline)
        };
        (few && alone()).then_some(until)
    }

    /// Interrupts the driver for what was given back, unless that may be told later.
    pub(super) fn interrupt_unless_held(&mut self) {
        if self.may_hold().is_none() {
            self.interrupt();
        }
    }

    /// Holds the driver's interrupt back for a moment, if that has paid lately. Whether there
    /// is something to do meanwhile.
    pub(super) fn hold_interrupt(&mut self) -> bool {
        let (Some(until), Some(memory)) = (self.may_hold(), self.memory()) else {
            return false;
        };
        while Instant::now() < until {
            if self.has_commands(&memory) {
                self.hold.paid();
                return true;
            }
            if self.mailbox.has_reports() {
                return true;
            }
            std::thread::yield_now();
        }
        self.hold.in_vain();
        false
    }

    /// Whether a command waits in a ring. A ring that turns out broken is something to do: the
    /// next round says so. None is known to be: then there would be no session.
    fn has_commands(&self, memory: &GuestMemory) -> bool {
        let waiting = |vring: &Vring| queue::available(vring, memory).map_or(true, |n| n > 0);
        let mut commands = self.vrings.iter().take(COMMAND_QUEUES.len());
        commands.any(waiting)
    }

    /// Looks on for a moment, if that has paid lately. Whether there is something to do. Not
    /// while queues are stopped, or the guest's work is lost: what stands in the rings may be
    /// laid out anew any moment, and nobody has been told yet.
    pub(super) fn look_on(&mut self) -> bool {
        let patience = self.linger.patience();
        if !self.polling || patience.is_zero() || !self.is_steady() {
            return false;
        }
        let Some(memory) = self.memory() else {
            return false;
        };
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if self.has_commands(&memory) || self.mailbox.has_reports() {
                return true;
            }
            std::thread::yield_now();
        }
        self.linger.in_vain();
        false
    }
}
