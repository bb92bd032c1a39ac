// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A guest without a guest: the daemon as a child process, and the other side of its
//! socket with guest memory, split rings and commands, as QEMU and the driver have them.

#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it fails"
)]

pub(crate) mod daemon;
pub(crate) mod flood;
pub(crate) mod gpu;
pub(crate) mod ring;
pub(crate) mod samples;

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use protocol::{Command, CommandHeader, Hello, Queue, ReplyHeader, Status};
use rustix::fs::MemfdFlags;
use vhost::vhost_user::message::{
    VhostUserConfigFlags, VhostUserProtocolFeatures, VhostUserVirtioFeatures,
};
use vhost::vhost_user::{Frontend, VhostUserFrontend};
use vhost::{VhostBackend, VhostUserMemoryRegionInfo};
use virtio_igpu_protocol as protocol;
use vm_memory::{
    Bytes, FileOffset, GuestAddress, GuestMemoryBackend, GuestMemoryMmap, GuestRegionMmap,
};
use zerocopy::little_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use ring::{Descriptor, Ring};

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Guest memory: two regions with a hole between them.
pub(crate) const LOW: (u64, u64) = (0, 32 << 20);
pub(crate) const HIGH: (u64, u64) = (4 << 30, 16 << 20);

/// Where rings lie, where command buffers are taken from, and where objects may be put.
const RINGS: u64 = 0x1_0000;
const BUFFERS: (u64, u64) = (1 << 20, 8 << 20);
pub(crate) const OBJECTS: u64 = 16 << 20;

pub(crate) const QUEUE_SIZE: u16 = 64;
const VIRTIO_F_VERSION_1: u64 = 1 << 32;
const VIRTIO_RING_F_INDIRECT_DESC: u64 = 1 << 28;
const VIRTIO_RING_F_EVENT_IDX: u64 = 1 << 29;

/// A chain that was made available.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    queue: usize,
    head: u16,
    reply: u64,
    room: u32,
}

impl Ticket {
    /// The queue it was made available on.
    pub(crate) fn queue(self) -> Queue {
        [Queue::Control, Queue::Bind, Queue::Submit, Queue::Event][self.queue]
    }

    /// Its first descriptor.
    pub(crate) fn head(self) -> u16 {
        self.head
    }

    /// Where its reply is written.
    pub(crate) fn reply(self) -> u64 {
        self.reply
    }
}

/// The guest's side of a connection.
pub(crate) struct Guest {
    pub(crate) frontend: Frontend,
    pub(crate) memory: GuestMemoryMmap,
    pub(crate) rings: Vec<Ring>,
    pub(crate) event_idx: bool,
    queue_size: u16,
    next_buffer: u64,
}

fn memory() -> GuestMemoryMmap {
    let regions = [LOW, HIGH].map(|(start, length)| {
        let file = rustix::fs::memfd_create("guest", MemfdFlags::CLOEXEC).unwrap();
        rustix::fs::ftruncate(&file, length).unwrap();
        (
            GuestAddress(start),
            length as usize,
            Some(FileOffset::new(file.into(), 0)),
        )
    });
    GuestMemoryMmap::from_ranges_with_files(regions).unwrap()
}

impl Guest {
    /// Connects, negotiates and starts the queues.
    pub(crate) fn connect(path: &Path) -> Self {
        Self::connect_with(path, true, QUEUE_SIZE)
    }

    /// As [`Guest::connect`], with or without EVENT_IDX, and with queues of that size.
    pub(crate) fn connect_with(path: &Path, event_idx: bool, queue_size: u16) -> Self {
        let frontend = Frontend::connect(path, protocol::QUEUE_COUNT as u64).unwrap();
        Self::start(frontend, event_idx, queue_size)
    }

    /// As [`Guest::connect`], over a connection that is there.
    pub(crate) fn over(stream: UnixStream) -> Self {
        let frontend = Frontend::from_stream(stream, protocol::QUEUE_COUNT as u64);
        Self::start(frontend, true, QUEUE_SIZE)
    }

    fn start(mut frontend: Frontend, event_idx: bool, queue_size: u16) -> Self {
        frontend.set_owner().unwrap();
        let offered = frontend.get_features().unwrap();
        let mut wanted = VIRTIO_F_VERSION_1
            | VIRTIO_RING_F_INDIRECT_DESC
            | VhostUserVirtioFeatures::PROTOCOL_FEATURES.bits();
        assert_eq!(offered, wanted | VIRTIO_RING_F_EVENT_IDX);
        if event_idx {
            wanted |= VIRTIO_RING_F_EVENT_IDX;
        }
        let features = frontend.get_protocol_features().unwrap();
        assert!(features.contains(
            VhostUserProtocolFeatures::CONFIG
                | VhostUserProtocolFeatures::MQ
                | VhostUserProtocolFeatures::RESET_DEVICE
        ));
        frontend.set_protocol_features(features).unwrap();
        assert_eq!(
            frontend.get_queue_num().unwrap(),
            protocol::QUEUE_COUNT as u64
        );
        frontend.set_features(wanted).unwrap();
        let memory = memory();
        let mut guest = Self {
            frontend,
            memory,
            rings: Vec::new(),
            event_idx,
            queue_size,
            next_buffer: BUFFERS.0,
        };
        guest.set_memory();
        guest.start_queues();
        guest
    }

    /// Tells the backend where guest memory is.
    pub(crate) fn set_memory(&mut self) {
        let table: Vec<_> = self
            .memory
            .iter()
            .map(|region: &GuestRegionMmap| {
                VhostUserMemoryRegionInfo::from_guest_region(region).unwrap()
            })
            .collect();
        self.frontend.set_mem_table(&table).unwrap();
    }

    /// Lays out fresh rings and starts them, as a driver that has just reset the device.
    pub(crate) fn start_queues(&mut self) {
        self.rings.clear();
        for index in 0..protocol::QUEUE_COUNT {
            let at = RINGS + index as u64 * 0x1_0000;
            let ring = Ring::new(&self.memory, at, self.queue_size, self.event_idx);
            ring.start(&mut self.frontend, &self.memory, index, 0);
            self.rings.push(ring);
        }
    }

    /// Stops the queues. Returns where each stood.
    pub(crate) fn stop_queues(&mut self) -> Vec<u32> {
        (0..protocol::QUEUE_COUNT)
            .map(|index| {
                self.frontend.set_vring_enable(index, false).unwrap();
                self.frontend.get_vring_base(index).unwrap()
            })
            .collect()
    }

    /// Starts stopped queues where they stood.
    pub(crate) fn resume_queues(&mut self, bases: &[u32]) {
        for (index, ring) in self.rings.iter().enumerate() {
            ring.start(&mut self.frontend, &self.memory, index, bases[index] as u16);
        }
    }

    /// The configuration space.
    pub(crate) fn config(&mut self) -> protocol::DeviceConfig {
        let size = protocol::DEVICE_CONFIG_SIZE;
        let zeros = vec![0; size];
        let flags = VhostUserConfigFlags::empty();
        let (_, bytes) = self
            .frontend
            .get_config(0, size as u32, flags, &zeros)
            .unwrap();
        protocol::DeviceConfig::read_from_bytes(&bytes).unwrap()
    }

    /// Room for a command or a reply; what was taken long ago is taken again.
    pub(crate) fn buffer(&mut self, length: u64) -> u64 {
        let length = length.next_multiple_of(64);
        if self.next_buffer + length > BUFFERS.1 {
            self.next_buffer = BUFFERS.0;
        }
        self.next_buffer += length;
        self.next_buffer - length
    }

    /// Makes a chain available, without a notification.
    pub(crate) fn push_chain(&mut self, queue: Queue, chain: &[Descriptor]) -> u16 {
        self.rings[queue as usize].push(&self.memory, chain)
    }

    /// Makes a command available, with `room` bytes for its reply.
    pub(crate) fn push(&mut self, queue: Queue, bytes: &[u8], room: u32) -> Ticket {
        let command = self.buffer(bytes.len() as u64);
        self.memory
            .write_slice(bytes, GuestAddress(command))
            .unwrap();
        let reply = self.buffer(u64::from(room));
        let mut chain = vec![Descriptor::readable(command, bytes.len() as u32)];
        if room > 0 {
            chain.push(Descriptor::writable(reply, room));
        }
        let head = self.push_chain(queue, &chain);
        Ticket {
            queue: queue as usize,
            head,
            reply,
            room,
        }
    }

    /// Notifies the device of what was made available, if it wants to know.
    pub(crate) fn kick(&mut self, queue: Queue) {
        self.rings[queue as usize].kick(&self.memory);
    }

    /// Makes a command available and notifies the device.
    pub(crate) fn send(&mut self, queue: Queue, bytes: &[u8], room: u32) -> Ticket {
        let ticket = self.push(queue, bytes, room);
        self.kick(queue);
        ticket
    }

    /// Waits for a chain to come back: how many bytes were written to it.
    pub(crate) fn wait_used(&mut self, queue: Queue, head: u16, patience: Duration) -> Option<u32> {
        let end = Instant::now() + patience;
        loop {
            let ring = &mut self.rings[queue as usize];
            if let Some(length) = ring.take_used(&self.memory, head) {
                return Some(length);
            }
            ring.arm(&self.memory);
            if let Some(length) = ring.take_used(&self.memory, head) {
                return Some(length);
            }
            if Instant::now() > end {
                return None;
            }
            self.rings[queue as usize].wait_for_interrupt();
        }
    }

    /// The reply to a command, if it comes in time.
    pub(crate) fn try_wait(&mut self, ticket: Ticket, patience: Duration) -> Option<Vec<u8>> {
        let length = self.wait_used(ticket.queue(), ticket.head, patience)?;
        assert!(length <= ticket.room);
        let mut reply = vec![0; length as usize];
        self.memory
            .read_slice(&mut reply, GuestAddress(ticket.reply))
            .unwrap();
        Some(reply)
    }

    /// The reply to a command.
    pub(crate) fn wait(&mut self, ticket: Ticket) -> Vec<u8> {
        self.try_wait(ticket, PATIENCE).expect("the reply comes")
    }

    /// The status a command ends with.
    pub(crate) fn wait_status(&mut self, ticket: Ticket) -> Status {
        status(&self.wait(ticket))
    }

    /// Sends a command and waits for its reply.
    pub(crate) fn call(&mut self, queue: Queue, bytes: &[u8], room: u32) -> Vec<u8> {
        let ticket = self.send(queue, bytes, room);
        self.wait(ticket)
    }

    /// Sends a command of a type and waits for its reply of that type's type.
    pub(crate) fn ask<C>(&mut self, command: &C) -> C::Reply
    where
        C: Command + IntoBytes + Immutable,
        C::Reply: FromBytes + KnownLayout + Immutable,
    {
        let bytes = encode(command, &[]);
        let reply = self.call(C::QUEUE, &bytes, size_of::<C::Reply>() as u32);
        C::Reply::read_from_bytes(&reply).expect("a whole reply")
    }

    /// Sends a command and waits for its status.
    pub(crate) fn status<C: Command + IntoBytes + Immutable>(&mut self, command: &C) -> Status {
        let bytes = encode(command, &[]);
        let reply = self.call(C::QUEUE, &bytes, size_of::<C::Reply>() as u32);
        status(&reply)
    }

    /// Says hello.
    pub(crate) fn hello(&mut self) {
        let hello = Hello {
            version: U16::new(protocol::VERSION),
            ..Hello::read_from_bytes(&[0; 8]).unwrap()
        };
        let reply = self.ask(&hello);
        assert_eq!(reply.header.status(), Status::Ok);
        assert_eq!(reply.version.get(), protocol::VERSION);
    }
}

/// The status a reply begins with.
pub(crate) fn status(reply: &[u8]) -> Status {
    ReplyHeader::read_from_prefix(reply)
        .expect("a reply header")
        .0
        .status()
}

/// A command's bytes: header, fixed part, lists.
pub(crate) fn encode<C: Command + IntoBytes + Immutable>(command: &C, lists: &[&[u8]]) -> Vec<u8> {
    let payload = [command.as_bytes(), &lists.concat()].concat();
    let length = size_of::<CommandHeader>() + payload.len();
    let header = CommandHeader::new(C::OPCODE, length as u32);
    [header.as_bytes(), &payload].concat()
}
