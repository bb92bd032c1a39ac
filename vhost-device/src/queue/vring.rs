// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A virtqueue as vhost-user-backend keeps it, but one whose doorbell may have been set anew.
//!
//! The worker learns from epoll that a queue's doorbell rang, and then reads whatever doorbell
//! the queue has. Between the two the frontend may have stopped the queue and started it with
//! another one, on which nobody rang yet: the read finds nothing, and vhost-user-backend takes
//! that for an error that ends the worker. The device would then never answer again.

use std::fs::File;
use std::io::{self, ErrorKind};

use vhost_user_backend::{VringRwLock, VringStateGuard, VringStateMutGuard, VringT};
use virtio_queue::Error;
use vm_memory::GuestMemoryAtomic;

use crate::GuestMemory;

type Memory = GuestMemoryAtomic<GuestMemory>;
type Inner = VringRwLock<Memory>;

/// A virtqueue's state, which the worker and the frontend's messages share.
#[derive(Clone)]
pub struct Vring(Inner);

impl<'a> VringStateGuard<'a, Memory> for Vring {
    type G = <Inner as VringStateGuard<'a, Memory>>::G;
}

impl<'a> VringStateMutGuard<'a, Memory> for Vring {
    type G = <Inner as VringStateMutGuard<'a, Memory>>::G;
}

impl VringT<Memory> for Vring {
    /// Whether the queue is enabled, after its doorbell has been read. A doorbell on which
    /// nobody rang is not this queue's any more: there is nothing to do.
    fn read_kick(&self) -> io::Result<bool> {
        match self.0.read_kick() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            read => read,
        }
    }

    fn new(memory: Memory, max_queue_size: u16) -> Result<Self, Error> {
        Inner::new(memory, max_queue_size).map(Self)
    }

    fn get_ref(&self) -> <Self as VringStateGuard<'_, Memory>>::G {
        self.0.get_ref()
    }

    fn get_mut(&self) -> <Self as VringStateMutGuard<'_, Memory>>::G {
        self.0.get_mut()
    }

    fn add_used(&self, head: u16, length: u32) -> Result<(), Error> {
        self.0.add_used(head, length)
    }

    fn signal_used_queue(&self) -> io::Result<()> {
        self.0.signal_used_queue()
    }

    fn enable_notification(&self) -> Result<bool, Error> {
        self.0.enable_notification()
    }

    fn disable_notification(&self) -> Result<(), Error> {
        self.0.disable_notification()
    }

    fn needs_notification(&self) -> Result<bool, Error> {
        self.0.needs_notification()
    }

    fn set_enabled(&self, enabled: bool) {
        self.0.set_enabled(enabled);
    }

    fn set_queue_info(&self, descriptors: u64, available: u64, used: u64) -> Result<(), Error> {
        self.0.set_queue_info(descriptors, available, used)
    }

    fn queue_next_avail(&self) -> u16 {
        self.0.queue_next_avail()
    }

    fn set_queue_next_avail(&self, base: u16) {
        self.0.set_queue_next_avail(base);
    }

    fn set_queue_next_used(&self, index: u16) {
        self.0.set_queue_next_used(index);
    }

    fn queue_used_idx(&self) -> Result<u16, Error> {
        self.0.queue_used_idx()
    }

    fn set_queue_size(&self, size: u16) {
        self.0.set_queue_size(size);
    }

    fn set_queue_event_idx(&self, enabled: bool) {
        self.0.set_queue_event_idx(enabled);
    }

    fn set_queue_ready(&self, ready: bool) {
        self.0.set_queue_ready(ready);
    }

    fn set_kick(&self, file: Option<File>) {
        self.0.set_kick(file);
    }

    fn set_call(&self, file: Option<File>) {
        self.0.set_call(file);
    }

    fn set_err(&self, file: Option<File>) {
        self.0.set_err(file);
    }
}

#[cfg(test)]
mod tests {
    use rustix::event::EventfdFlags;

    use super::*;

    #[test]
    fn a_doorbell_on_which_nobody_rang_is_nothing_to_do_rather_than_an_error() {
        let memory = Memory::new(GuestMemory::new());
        let vring = Vring::new(memory, 16).unwrap();
        vring.set_enabled(true);
        let doorbell = rustix::event::eventfd(0, EventfdFlags::NONBLOCK).unwrap();
        vring.set_kick(Some(doorbell.try_clone().unwrap().into()));
        assert!(!vring.read_kick().unwrap());
        rustix::io::write(&doorbell, &1_u64.to_ne_bytes()).unwrap();
        assert!(vring.read_kick().unwrap());
        assert!(!vring.read_kick().unwrap());
    }
}
