// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The virtio side of the driver: binds the device and carries typed commands over its
//! queues. Safe to use from outside; the raw bindings stay in here and in `drm/`.
//!
//! Knows the protocol and the kernel; nothing of DRM or of what commands mean.

mod bound;
mod call;
mod command;
mod completion;
mod counters;
mod device;
mod device_config;
mod events;
mod irq_lock;
pub(crate) mod pci;
mod queue;
mod recovery;
mod returns;
pub(crate) mod trace;
mod transport;
pub(crate) mod work;

pub(crate) use call::status_to_result;
pub(crate) use command::Prepared;
pub(crate) use device::{Client, Parent, Registration};
pub(crate) use irq_lock::{new_irq_lock, IrqBackend, IrqLock};
pub(crate) use returns::ReturnLine;
pub(crate) use transport::{EventListener, Transport};
