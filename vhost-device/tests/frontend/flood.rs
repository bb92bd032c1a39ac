// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A driver that means harm: it makes chains available as fast as it can, the same ones
//! again and again, and does not look at what comes back.

use std::path::Path;
use std::time::Instant;

use protocol::Queue;
use virtio_igpu_protocol as protocol;
use vm_memory::{Bytes, GuestAddress};

use super::ring::Descriptor;
use super::{Guest, PATIENCE};

/// Chains that a queue of such a driver holds: as many as the device allows.
pub(crate) const LARGE: u16 = 1024;

impl Guest {
    /// Connects with queues of the greatest size.
    pub(crate) fn connect_large(path: &Path) -> Self {
        Self::connect_with(path, true, LARGE)
    }

    /// Writes a command and its chain, without making it available. Returns where it is, and
    /// its head.
    pub(crate) fn lay_out(&mut self, queue: Queue, bytes: &[u8], room: u32) -> (u64, u16) {
        let command = self.buffer(bytes.len() as u64);
        let at = GuestAddress(command);
        self.memory.write_slice(bytes, at).unwrap();
        let reply = self.buffer(u64::from(room));
        let chain = [
            Descriptor::readable(command, bytes.len() as u32),
            Descriptor::writable(reply, room),
        ];
        let head = self.rings[queue as usize].lay_out(&self.memory, &chain);
        (command, head)
    }

    /// Makes a chain available as often as the queue has room for it, however often it is
    /// there already, and notifies the device if it wants to know. Returns how often.
    pub(crate) fn fill(&mut self, queue: Queue, head: u16) -> u16 {
        let ring = &mut self.rings[queue as usize];
        let room = ring.room(&self.memory);
        if room > 0 {
            ring.push_heads(&self.memory, head, room);
            ring.kick(&self.memory);
        }
        room
    }

    /// As many chains as the queue holds, but for one of two descriptors: each with room for a
    /// command of 128 bytes, behind that so much that means nothing, and room for a reply in
    /// pieces of a byte. Returns where each command is to be written, and its head.
    pub(crate) fn lay_out_long(
        &mut self,
        queue: Queue,
        padding: u32,
        pieces: u16,
    ) -> Vec<(u64, u16)> {
        let tail = self.buffer(u64::from(padding));
        let count = (LARGE - 2) / (pieces + 2);
        let mut chains = Vec::new();
        for _ in 0..count {
            let command = self.buffer(128);
            let reply = self.buffer(u64::from(pieces));
            let mut chain = vec![
                Descriptor::readable(command, 128),
                Descriptor::readable(tail, padding),
            ];
            let bytes = (0..u64::from(pieces)).map(|at| Descriptor::writable(reply + at, 1));
            chain.extend(bytes);
            let head = self.rings[queue as usize].lay_out(&self.memory, &chain);
            chains.push((command, head));
        }
        chains
    }

    /// Waits until all that was made available has come back.
    pub(crate) fn until_back(&mut self, queue: Queue) {
        let end = Instant::now() + PATIENCE;
        while self.rings[queue as usize].under_way(&self.memory) > 0 {
            assert!(Instant::now() < end, "not everything comes back");
            std::thread::yield_now();
        }
    }

    /// Takes what has come back on all queues, and asks nobody what it was.
    pub(crate) fn reap(&mut self) {
        for ring in &mut self.rings {
            ring.reap(&self.memory);
        }
    }

    /// Waits until the device has taken all that was made available, and sleeps.
    pub(crate) fn until_taken(&mut self, queue: Queue) {
        let end = Instant::now() + PATIENCE;
        while !self.rings[queue as usize].all_taken(&self.memory) {
            assert!(
                Instant::now() < end,
                "the device does not take what is there"
            );
            std::thread::yield_now();
        }
    }
}
