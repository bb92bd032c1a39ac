// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The driver's side of one split virtqueue, in the frontend's own region of guest memory:
//! slots for commands, each with two descriptors and a buffer of its own.

use std::io;
use std::sync::atomic::{Ordering, fence};

use protocol::Queue;
use vhost::VhostBackend;
use vhost::VringConfigData;
use vhost::vhost_user::{Frontend, VhostUserFrontend};
use virtio_igpu_executor::GuestMemory;
use virtio_igpu_protocol as protocol;
use vm_memory::{Bytes, GuestAddress, GuestMemoryBackend};
use vmm_sys_util::eventfd::{EFD_CLOEXEC, EFD_NONBLOCK, EventFd};

/// Where the frontend's own region of guest memory is, and its bytes.
pub(crate) const OWN: (u64, u64) = (1 << 40, 128 << 20);
/// Commands that one queue can hold.
pub(crate) const SLOTS: u16 = 256;
/// Bytes of a slot's buffer: the longest command, and behind it the longest reply.
const BUFFER: u64 = 0x1_2000;
const REPLY: u64 = 0x1_1800;
/// Bytes of a ring.
const RING: u64 = 0x1_0000;
const AVAILABLE: u64 = 0x4000;
const USED: u64 = 0x8000;
const SIZE: u16 = SLOTS * 2;
const NEXT: u16 = 1;
const WRITE: u16 = 2;

const _: () = assert!(protocol::MAX_COMMAND_SIZE as u64 <= REPLY);
const _: () = assert!(size_of::<protocol::PlatformReply>() as u64 <= BUFFER - REPLY);
const _: () = assert!((RING + SLOTS as u64 * BUFFER) * protocol::QUEUE_COUNT as u64 <= OWN.1);

/// One queue.
pub(crate) struct Ring {
    queue: Queue,
    free: Vec<u16>,
    available: u16,
    kicked: u16,
    seen: u16,
    kick: EventFd,
    pub(crate) call: EventFd,
}

impl Ring {
    /// A queue that nothing is in.
    pub(crate) fn new(queue: Queue) -> io::Result<Self> {
        Ok(Self {
            queue,
            free: (0..SLOTS).rev().collect(),
            available: 0,
            kicked: 0,
            seen: 0,
            kick: EventFd::new(EFD_NONBLOCK | EFD_CLOEXEC)?,
            call: EventFd::new(EFD_NONBLOCK | EFD_CLOEXEC)?,
        })
    }

    fn at(&self, offset: u64) -> GuestAddress {
        GuestAddress(OWN.0 + self.queue as u64 * RING + offset)
    }

    /// Where a slot's command is.
    fn command_at(&self, slot: u16) -> u64 {
        let buffers = OWN.0 + protocol::QUEUE_COUNT as u64 * RING;
        let number = self.queue as u64 * u64::from(SLOTS) + u64::from(slot);
        buffers + number * BUFFER
    }

    /// Tells the daemon all about it, and starts it.
    pub(crate) fn start(
        &self,
        frontend: &mut Frontend,
        memory: &GuestMemory,
    ) -> Result<(), vhost::Error> {
        let index = self.queue as usize;
        let host = |offset| {
            let address = memory.get_host_address(self.at(offset));
            address.expect("the ring is in the frontend's own region") as u64
        };
        let addresses = VringConfigData {
            queue_max_size: SIZE,
            queue_size: SIZE,
            flags: 0,
            desc_table_addr: host(0),
            avail_ring_addr: host(AVAILABLE),
            used_ring_addr: host(USED),
            log_addr: None,
        };
        frontend.set_vring_num(index, SIZE)?;
        frontend.set_vring_addr(index, &addresses)?;
        frontend.set_vring_base(index, 0)?;
        frontend.set_vring_call(index, &self.call)?;
        frontend.set_vring_kick(index, &self.kick)?;
        frontend.set_vring_enable(index, true)
    }

    /// How many more commands fit.
    pub(crate) fn room(&self) -> usize {
        self.free.len()
    }

    fn write(&self, memory: &GuestMemory, offset: u64, bytes: &[u8]) {
        let written = memory.write_slice(bytes, self.at(offset));
        written.expect("the ring is in the frontend's own region");
    }

    fn load(&self, memory: &GuestMemory, offset: u64) -> u16 {
        let value = memory.load::<u16>(self.at(offset), Ordering::Acquire);
        value.expect("the ring is in the frontend's own region")
    }

    fn describe(&self, memory: &GuestMemory, index: u16, buffer: (u64, u32), flags: u16) {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&buffer.0.to_le_bytes());
        bytes[8..12].copy_from_slice(&buffer.1.to_le_bytes());
        bytes[12..14].copy_from_slice(&flags.to_le_bytes());
        bytes[14..].copy_from_slice(&(index + 1).to_le_bytes());
        self.write(memory, u64::from(index) * 16, &bytes);
    }

    /// Makes a command available, with room for a reply; without a command, a buffer. There
    /// has to be room for it. Its slot.
    pub(crate) fn push(&mut self, memory: &GuestMemory, command: &[u8], room: u32) -> u16 {
        let slot = self.free.pop().expect("there is room");
        let (at, head) = (self.command_at(slot), slot * 2);
        let reply = (at + REPLY, room);
        if command.is_empty() {
            self.describe(memory, head, reply, WRITE);
        } else {
            let written = memory.write_slice(command, GuestAddress(at));
            written.expect("the buffer is in the frontend's own region");
            self.describe(memory, head, (at, command.len() as u32), NEXT);
            self.describe(memory, head + 1, reply, WRITE);
        }
        let entry = AVAILABLE + 4 + u64::from(self.available % SIZE) * 2;
        self.write(memory, entry, &head.to_le_bytes());
        self.available = self.available.wrapping_add(1);
        let stored = memory.store(self.available, self.at(AVAILABLE + 2), Ordering::Release);
        stored.expect("the ring is in the frontend's own region");
        slot
    }

    /// Notifies the device of what was made available, if it wants to know.
    pub(crate) fn kick(&mut self, memory: &GuestMemory) {
        fence(Ordering::SeqCst);
        let old = std::mem::replace(&mut self.kicked, self.available);
        let event = self.load(memory, USED + 4 + u64::from(SIZE) * 8);
        let added = self.available.wrapping_sub(old);
        if self.available.wrapping_sub(event).wrapping_sub(1) < added {
            // A full counter wakes the device all the same.
            let _ = self.kick.write(1);
        }
    }

    /// How far the device has come with giving back.
    pub(crate) fn used(&self, memory: &GuestMemory) -> u16 {
        self.load(memory, USED + 2)
    }

    /// The next slot that has come back before `end`, with what was written to it.
    pub(crate) fn take(&mut self, memory: &GuestMemory, end: u16) -> Option<(u16, Vec<u8>)> {
        if self.seen == end {
            return None;
        }
        let entry = USED + 4 + u64::from(self.seen % SIZE) * 8;
        let mut bytes = [0; 8];
        let read = memory.read_slice(&mut bytes, self.at(entry));
        read.expect("the ring is in the frontend's own region");
        let bytes = u64::from_le_bytes(bytes);
        let (head, length) = (bytes as u32, (bytes >> 32) as u32);
        self.seen = self.seen.wrapping_add(1);
        let slot = (head / 2) as u16;
        assert!(
            head.is_multiple_of(2) && head < u32::from(SIZE) && !self.free.contains(&slot),
            "the device gives back chain {head} of {:?}, which it doesn't have",
            self.queue
        );
        assert!(
            u64::from(length) <= BUFFER - REPLY,
            "the device says that it wrote {length} bytes"
        );
        let mut reply = vec![0; length as usize];
        let at = GuestAddress(self.command_at(slot) + REPLY);
        let read = memory.read_slice(&mut reply, at);
        read.expect("the buffer is in the frontend's own region");
        self.free.push(slot);
        Some((slot, reply))
    }

    /// Asks for an interrupt when the next command comes back. Whether one has by now.
    pub(crate) fn arm(&self, memory: &GuestMemory) -> bool {
        let at = AVAILABLE + 4 + u64::from(SIZE) * 2;
        self.write(memory, at, &self.seen.to_le_bytes());
        fence(Ordering::SeqCst);
        self.used(memory) != self.seen
    }
}
