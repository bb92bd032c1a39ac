// SPDX-License-Identifier: GPL-2.0 OR MIT

//! How many of something the device takes: the driver never asks for more, so that nothing
//! which can't fail any more is refused.

use kernel::prelude::*;
use kernel::sync::atomic::{Atomic, Relaxed};
use kernel::sync::Arc;

/// What may be had of something at a time.
pub(crate) struct Quota {
    limit: u32,
    taken: Atomic<u32>,
}

/// One of it, taken while this lives. To be dropped once the device has been told that it goes.
pub(crate) struct Share(Arc<Quota>);

impl Quota {
    /// At most `limit` at a time. ENOMEM.
    pub(crate) fn new(limit: u32) -> Result<Arc<Self>> {
        let taken = Atomic::new(0);
        Ok(Arc::new(Self { limit, taken }, GFP_KERNEL)?)
    }

    /// Takes one more; ENOMEM if there is none left. Any context.
    pub(crate) fn take(self: &Arc<Self>) -> Result<Share> {
        let share = Share(self.clone());
        if self.taken.fetch_add(1, Relaxed) >= self.limit {
            return Err(ENOMEM);
        }
        Ok(share)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Relaxed);
    }
}
