// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What follows what: the points and fences a command waits for, and the order in which
//! a timeline's commands are handed to the transport.
//!
//! A point of our own is named on the wire and resolved by the device; a fence of
//! somebody else is waited for in the guest, before the command is handed over. If the
//! command of our own point has not been handed over, the guest waits for that, not for
//! its end ([`Fence::announce_sending`]): so no command on a ring ever waits for one that is
//! still behind it, full rings can't deadlock, and the device knows what waits for what.
//!
//! May know: `protocol`, `virtio`, `drm`. Knows nothing of contexts and address spaces.
//!
//! [`Fence::announce_sending`]: crate::drm::Fence::announce_sending

mod cancellation;
mod send_queue;
mod waits;

pub(crate) use cancellation::{Cancellations, Ticket};
pub(crate) use send_queue::{Place, SendQueue};
pub(crate) use waits::Waits;
