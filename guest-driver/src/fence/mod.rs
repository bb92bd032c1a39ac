// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What follows what: the points and fences a command waits for, and the order in which
//! a timeline's commands are handed to the transport.
//!
//! A point of our own is named on the wire and resolved by the device; a fence of
//! somebody else is waited for in the guest, before the command is handed over. A point
//! counts as ours only once its command has been handed over ([`Fence::mark_sent`]):
//! so no command on a ring ever waits for one that is still behind it, and full rings
//! can't deadlock.
//!
//! May know: `protocol`, `virtio`, `drm`. Knows nothing of contexts and address spaces.
//!
//! [`Fence::mark_sent`]: crate::drm::Fence::mark_sent

mod send_queue;
mod waits;

pub(crate) use send_queue::{Place, SendQueue};
pub(crate) use waits::Waits;
