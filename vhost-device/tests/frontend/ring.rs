// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The driver's side of a split virtqueue, plainly: it may also write nonsense.

use std::time::Duration;

use vhost::vhost_user::{Frontend, VhostUserFrontend};
use vhost::{VhostBackend, VringConfigData};
use vm_memory::{Bytes, GuestAddress, GuestMemoryBackend, GuestMemoryMmap};
use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};

pub(crate) const NEXT: u16 = 1;
pub(crate) const WRITE: u16 = 2;
pub(crate) const INDIRECT: u16 = 4;

/// One descriptor. `next` is filled in by [`Ring::push`] unless NEXT is set already.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Descriptor {
    pub(crate) address: u64,
    pub(crate) length: u32,
    pub(crate) flags: u16,
    pub(crate) next: u16,
}

impl Descriptor {
    pub(crate) fn readable(address: u64, length: u32) -> Self {
        Self {
            address,
            length,
            flags: 0,
            next: 0,
        }
    }

    pub(crate) fn writable(address: u64, length: u32) -> Self {
        Self {
            address,
            length,
            flags: WRITE,
            next: 0,
        }
    }

    pub(crate) fn bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.address.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.length.to_le_bytes());
        bytes[12..14].copy_from_slice(&self.flags.to_le_bytes());
        bytes[14..].copy_from_slice(&self.next.to_le_bytes());
        bytes
    }
}

/// A ring in guest memory.
pub(crate) struct Ring {
    at: u64,
    size: u16,
    event_idx: bool,
    next_descriptor: u16,
    pub(crate) available: u16,
    kicked: u16,
    seen: u16,
    used: Vec<(u16, u32)>,
    armed: bool,
    pub(crate) kick: EventFd,
    pub(crate) call: EventFd,
    pub(crate) interrupts: u64,
}

impl Ring {
    pub(crate) fn new(memory: &GuestMemoryMmap, at: u64, size: u16, event_idx: bool) -> Self {
        memory
            .write_slice(&vec![0; 0x1_0000], GuestAddress(at))
            .unwrap();
        Self {
            at,
            size,
            event_idx,
            next_descriptor: 0,
            available: 0,
            kicked: 0,
            seen: 0,
            used: Vec::new(),
            armed: false,
            kick: EventFd::new(EFD_NONBLOCK).unwrap(),
            call: EventFd::new(EFD_NONBLOCK).unwrap(),
            interrupts: 0,
        }
    }

    fn descriptor_at(&self, index: u16) -> GuestAddress {
        GuestAddress(self.at + u64::from(index) * 16)
    }

    fn available_at(&self, offset: u64) -> GuestAddress {
        GuestAddress(self.at + 0x4000 + offset)
    }

    fn used_at(&self, offset: u64) -> GuestAddress {
        GuestAddress(self.at + 0x8000 + offset)
    }

    /// Tells the backend all about the ring, and enables it.
    pub(crate) fn start(
        &self,
        frontend: &mut Frontend,
        memory: &GuestMemoryMmap,
        index: usize,
        base: u16,
    ) {
        let host = |address| memory.get_host_address(address).unwrap() as u64;
        frontend.set_vring_num(index, self.size).unwrap();
        let addresses = VringConfigData {
            queue_max_size: 1024,
            queue_size: self.size,
            flags: 0,
            desc_table_addr: host(self.descriptor_at(0)),
            avail_ring_addr: host(self.available_at(0)),
            used_ring_addr: host(self.used_at(0)),
            log_addr: None,
        };
        frontend.set_vring_addr(index, &addresses).unwrap();
        frontend.set_vring_base(index, base).unwrap();
        frontend.set_vring_call(index, &self.call).unwrap();
        frontend.set_vring_kick(index, &self.kick).unwrap();
        frontend.set_vring_enable(index, true).unwrap();
    }

    /// Writes one descriptor of the table.
    pub(crate) fn write_descriptor(
        &self,
        memory: &GuestMemoryMmap,
        index: u16,
        descriptor: &Descriptor,
    ) {
        memory
            .write_slice(&descriptor.bytes(), self.descriptor_at(index))
            .unwrap();
    }

    /// Makes a chain available. Descriptors are taken round the table: a test has fewer
    /// under way than the table holds.
    pub(crate) fn push(&mut self, memory: &GuestMemoryMmap, chain: &[Descriptor]) -> u16 {
        let head = self.lay_out(memory, chain);
        self.push_head(memory, head);
        head
    }

    /// Writes a chain's descriptors.
    pub(crate) fn lay_out(&mut self, memory: &GuestMemoryMmap, chain: &[Descriptor]) -> u16 {
        let head = self.next_descriptor;
        for (number, descriptor) in chain.iter().enumerate() {
            let index = self.next_descriptor;
            self.next_descriptor = (self.next_descriptor + 1) % self.size;
            let mut descriptor = *descriptor;
            if descriptor.flags & NEXT == 0 && number + 1 < chain.len() {
                descriptor.flags |= NEXT;
                descriptor.next = self.next_descriptor;
            }
            self.write_descriptor(memory, index, &descriptor);
        }
        head
    }

    /// Makes whatever `head` leads to available.
    pub(crate) fn push_head(&mut self, memory: &GuestMemoryMmap, head: u16) {
        let slot = u64::from(self.available % self.size);
        memory
            .write_obj(head, self.available_at(4 + slot * 2))
            .unwrap();
        let index = self.available.wrapping_add(1);
        self.set_available(memory, index);
    }

    /// The same, so many times.
    pub(crate) fn push_heads(&mut self, memory: &GuestMemoryMmap, head: u16, times: u16) {
        for number in 0..times {
            let slot = u64::from(self.available.wrapping_add(number) % self.size);
            let at = self.available_at(4 + slot * 2);
            memory.write_obj(head, at).unwrap();
        }
        self.set_available(memory, self.available.wrapping_add(times));
    }

    /// How many chains have come back so far, in 16 bits.
    pub(crate) fn used_index(&self, memory: &GuestMemoryMmap) -> u16 {
        let at = self.used_at(2);
        memory
            .load(at, std::sync::atomic::Ordering::Acquire)
            .unwrap()
    }

    /// Whether the device has taken all there is, and wants to hear of the next.
    pub(crate) fn all_taken(&self, memory: &GuestMemoryMmap) -> bool {
        let at = self.used_at(4 + u64::from(self.size) * 8);
        memory.read_obj::<u16>(at).unwrap() == self.available
    }

    /// Takes what has come back, and asks nobody what it was.
    pub(crate) fn reap(&mut self, memory: &GuestMemoryMmap) {
        self.seen = self.used_index(memory);
        self.used.clear();
    }

    /// How many that were made available have not come back.
    pub(crate) fn under_way(&self, memory: &GuestMemoryMmap) -> u16 {
        self.available.wrapping_sub(self.used_index(memory))
    }

    /// How many more may be made available, if what comes back is no longer needed.
    pub(crate) fn room(&self, memory: &GuestMemoryMmap) -> u16 {
        self.size - self.under_way(memory).min(self.size)
    }

    /// Sets the available index.
    pub(crate) fn set_available(&mut self, memory: &GuestMemoryMmap, index: u16) {
        self.available = index;
        memory
            .store(
                index,
                self.available_at(2),
                std::sync::atomic::Ordering::Release,
            )
            .unwrap();
    }

    /// Notifies the device, if it asked for it.
    pub(crate) fn kick(&mut self, memory: &GuestMemoryMmap) {
        std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
        let old = std::mem::replace(&mut self.kicked, self.available);
        let wanted = if self.event_idx {
            let event: u16 = memory
                .read_obj(self.used_at(4 + u64::from(self.size) * 8))
                .unwrap();
            let added = self.available.wrapping_sub(old);
            self.available.wrapping_sub(event).wrapping_sub(1) < added
        } else {
            memory.read_obj::<u16>(self.used_at(0)).unwrap() & 1 == 0
        };
        if wanted {
            self.kick.write(1).unwrap();
        }
    }

    /// Looks what has come back; whether `head` is among it.
    pub(crate) fn take_used(&mut self, memory: &GuestMemoryMmap, head: u16) -> Option<u32> {
        let index: u16 = memory
            .load(self.used_at(2), std::sync::atomic::Ordering::Acquire)
            .unwrap();
        while self.seen != index {
            let entry = u64::from(self.seen % self.size) * 8;
            let id: u32 = memory.read_obj(self.used_at(4 + entry)).unwrap();
            let length: u32 = memory.read_obj(self.used_at(8 + entry)).unwrap();
            self.used.push((id as u16, length));
            self.seen = self.seen.wrapping_add(1);
        }
        let found = self.used.iter().position(|(id, _)| *id == head)?;
        Some(self.used.remove(found).1)
    }

    /// Heads that have come back and nobody took, in the order they came.
    pub(crate) fn order(&mut self, memory: &GuestMemoryMmap) -> Vec<u16> {
        let none = u16::MAX;
        assert!(self.take_used(memory, none).is_none());
        self.used.iter().map(|(head, _)| *head).collect()
    }

    /// Asks for an interrupt after the next chain, unless a test asked for another.
    pub(crate) fn arm(&self, memory: &GuestMemoryMmap) {
        if !self.armed {
            let at = self.available_at(4 + u64::from(self.size) * 2);
            memory.write_obj(self.seen, at).unwrap();
            std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
        }
    }

    /// Waits for an interrupt, a little.
    pub(crate) fn wait_for_interrupt(&mut self) {
        let end = std::time::Instant::now() + Duration::from_millis(2);
        while std::time::Instant::now() < end {
            if let Ok(count) = self.call.read() {
                self.interrupts += count;
                return;
            }
            std::thread::yield_now();
        }
    }

    /// Asks for an interrupt once that many more chains have come back.
    pub(crate) fn interrupt_after(&mut self, memory: &GuestMemoryMmap, chains: u16) {
        self.armed = true;
        let event = self.seen.wrapping_add(chains).wrapping_sub(1);
        memory
            .write_obj(event, self.available_at(4 + u64::from(self.size) * 2))
            .unwrap();
    }
}
