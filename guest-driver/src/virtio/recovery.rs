// SPDX-License-Identifier: GPL-2.0 OR MIT

//! A device that was lost comes up again by itself: our own QEMU device says when the daemon
//! that served it has gone, and its configuration when there is one again. Then it is reset,
//! by the same way of the virtio core as when somebody resets the PCI function.
//!
//! The worker stands still while the guest suspends. It only tries for the devices' locks: who
//! holds one of them may wait for the worker to end.

use kernel::{bindings, prelude::*, sync::Arc, workqueue::WorkItem};

use super::{
    bound::{Awaited, Bound},
    device::Client,
    device_config,
};
use crate::{protocol::MAGIC, raw};

/// Between two looks at whether a daemon serves the device, in milliseconds.
pub(super) const PERIOD_MS: u32 = 500;
/// Between two looks at whether the daemon has gone: the next mustn't be there before that
/// has been seen.
const SHORT_PERIOD_MS: u32 = 100;

impl<T: Client> WorkItem for Bound<T> {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        if let Some(milliseconds) = this.recover() {
            this.look_in(milliseconds);
        }
    }
}

impl<T: Client> Bound<T> {
    /// Brings the device up again if it can be; if not, when to try next.
    fn recover(&self) -> Option<u32> {
        // SAFETY: The device stays bound while this runs: `end` waits for it.
        let Some(_locked) = (unsafe { Locked::take(self.vdev) }) else {
            return Some(SHORT_PERIOD_MS);
        };
        if self.is_up() {
            return None;
        }
        // SAFETY: As above. It is our own: no other is waited for.
        let magic = unsafe { device_config::read_magic(self.vdev) };
        if self.awaited() == Awaited::AnotherDaemon {
            if magic == MAGIC {
                return Some(SHORT_PERIOD_MS);
            }
            self.wait_for(Awaited::Daemon);
        }
        if magic != MAGIC {
            return Some(PERIOD_MS);
        }
        // SAFETY: As above.
        match unsafe { device_config::read(self.vdev, true) } {
            Ok(Some(config)) if self.is_the_same(&config) => (),
            Ok(Some(_)) => {
                pr_err!("the daemon serves another GPU than the one before: bind it anew\n");
                self.wait_for(Awaited::AnotherDaemon);
                return Some(SHORT_PERIOD_MS);
            }
            Ok(None) => return Some(PERIOD_MS),
            Err(_) => {
                self.wait_for(Awaited::AnotherDaemon);
                return Some(SHORT_PERIOD_MS);
            }
        }
        // The core would say again that an attempt before this has failed.
        // SAFETY: As above; nothing is under way on it.
        unsafe { raw::virtio_reset_device(self.vdev) };
        // SAFETY: As above; its lock is held.
        let prepared = unsafe { raw::virtio_device_reset_prepare(self.vdev) };
        if prepared != 0 {
            return Some(PERIOD_MS);
        }
        // If it fails, `come_back` has said so, and when to try next.
        // SAFETY: As above.
        let _ = unsafe { raw::virtio_device_reset_done(self.vdev) };
        None
    }
}

/// The driver core's locks of a virtio device and of what it hangs from: nobody binds,
/// unbinds, suspends or resets either while this lives.
struct Locked {
    parent: *mut bindings::device,
    device: *mut bindings::device,
}

impl Locked {
    /// Takes them, if nobody has one.
    ///
    /// # Safety
    ///
    /// `vdev` lives as long as the result.
    unsafe fn take(vdev: *mut raw::virtio_device) -> Option<Self> {
        // SAFETY: The caller vouches for the device, whose parent outlives it.
        let (parent, device) = unsafe { ((*vdev).dev.parent, &raw mut (*vdev).dev) };
        // SAFETY: As above.
        if !unsafe { raw::igpu_device_trylock(parent) } {
            return None;
        }
        // SAFETY: As above.
        if !unsafe { raw::igpu_device_trylock(device) } {
            // SAFETY: It was locked above.
            unsafe { raw::igpu_device_unlock(parent) };
            return None;
        }
        Some(Self { parent, device })
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // SAFETY: `take` has locked both.
        unsafe {
            raw::igpu_device_unlock(self.device);
            raw::igpu_device_unlock(self.parent);
        }
    }
}
