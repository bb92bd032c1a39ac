// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What the driver has with the device from one of the device's resets to the next. Whatever
//! is made on the device (contexts, address spaces) holds the link it was made over; when the
//! device is lost, the link and all that hangs from it stay lost, and what is made after the
//! device's reset is made over the next link.
//!
//! May know: `virtio`, `quota`, `reset`.

use crate::drm::sync::IrqLock;
use crate::new_irq_lock;
use crate::protocol::QueryLimits;
use crate::quota::{Quota, Share};
use crate::reset::Resets;
use crate::virtio::Transport;
use kernel::prelude::*;
use kernel::sync::Arc;

/// A link to the device.
#[pin_data]
pub(crate) struct Link {
    transport: Arc<Transport>,
    /// Contexts that the device takes.
    contexts: Arc<Quota>,
    /// Address spaces that the device takes.
    address_spaces: Arc<Quota>,
    /// Whether the device takes work.
    #[pin]
    resets: Resets,
}

impl Link {
    /// The link over `transport`, on which the device has nothing yet. ENOMEM; as
    /// [`Transport::call`]. Process context.
    pub(crate) fn new(transport: Arc<Transport>) -> Result<Arc<Self>> {
        let limits = transport.call(&QueryLimits::default(), &[])?;
        let resets = Resets::new(transport.clone())?;
        Arc::pin_init(
            try_pin_init!(Self {
                transport,
                contexts: Quota::new(limits.contexts.get())?,
                address_spaces: Quota::new(limits.address_spaces.get())?,
                resets <- resets,
            }),
            GFP_KERNEL,
        )
    }

    /// The way to the device.
    pub(crate) fn transport(&self) -> &Arc<Transport> {
        &self.transport
    }

    /// For a context to be made on the device. ENOMEM.
    pub(crate) fn take_context(&self) -> Result<Share> {
        self.contexts.take()
    }

    /// For an address space to be made on the device. ENOMEM.
    pub(crate) fn take_address_space(&self) -> Result<Share> {
        self.address_spaces.take()
    }

    /// Whether the device takes work, and its resets.
    pub(crate) fn resets(&self) -> &Resets {
        &self.resets
    }

    /// Whether it is lost, with all that hangs from it. Any context.
    pub(crate) fn is_lost(&self) -> bool {
        self.transport.is_lost()
    }

    /// Whether submissions are refused with EIO: the device is wedged, or lost.
    pub(crate) fn is_wedged(&self) -> bool {
        self.resets.is_wedged() || self.is_lost()
    }
}

/// Which link is the device's now.
#[pin_data]
pub(crate) struct CurrentLink {
    #[pin]
    link: IrqLock<Arc<Link>>,
}

impl CurrentLink {
    /// This one. ENOMEM.
    pub(crate) fn new(link: Arc<Link>) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                link <- new_irq_lock!(link, "CurrentLink::link"),
            }),
            GFP_KERNEL,
        )
    }

    /// The device's link now. Any context.
    pub(crate) fn get(&self) -> Arc<Link> {
        self.link.lock().clone()
    }

    /// From now on it is this one. Process context.
    pub(crate) fn set(&self, link: Arc<Link>) {
        let before = core::mem::replace(&mut *self.link.lock(), link);
        drop(before);
    }
}
