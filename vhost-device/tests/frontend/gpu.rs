// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Commands with their fields filled in, and batches in the few instructions tests need.

use protocol::{
    Batch, Bind, ContextEngine, CreateAddressSpace, CreateContext, Extent, Point, Queue, Sseu,
    Status, Submit, Unbind,
};
use virtio_igpu_protocol as protocol;
use vm_memory::{Bytes, GuestAddress};
use zerocopy::IntoBytes;
use zerocopy::little_endian::{I32, U16, U32, U64};

use super::{Guest, Ticket, encode, status};

pub(crate) const RENDER: u16 = 0;
pub(crate) const COPY: u16 = 1;
pub(crate) const VIDEO: u16 = 2;

const HEADER: u32 = size_of::<protocol::ReplyHeader>() as u32;
pub(crate) const SUBMIT_REPLY: u32 = size_of::<protocol::SubmitReply>() as u32;

/// MI_BATCH_BUFFER_END
pub(crate) const BATCH_END: u32 = 0x0a << 23;
/// MI_ARB_CHECK
pub(crate) const ARB_CHECK: u32 = 0x05 << 23;

/// MI_STORE_DATA_IMM of a dword, per-process addresses.
pub(crate) fn store(address: u64, value: u32) -> [u32; 4] {
    [
        0x20 << 23 | 2,
        address as u32,
        (address >> 32) as u32,
        value,
    ]
}

/// MI_SEMAPHORE_WAIT until the dword at `address` is `value`.
pub(crate) fn wait_for(address: u64, value: u32) -> [u32; 4] {
    [
        0x1c << 23 | 0xc002,
        value,
        address as u32,
        (address >> 32) as u32,
    ]
}

/// MI_BATCH_BUFFER_START, per-process addresses.
pub(crate) fn jump(address: u64) -> [u32; 3] {
    [
        0x31 << 23 | 1 << 8 | 1,
        address as u32,
        (address >> 32) as u32,
    ]
}

/// MI_COPY_MEM_MEM of a dword.
pub(crate) fn copy(to: u64, from: u64) -> [u32; 5] {
    [
        0x2e << 23 | 3,
        to as u32,
        (to >> 32) as u32,
        from as u32,
        (from >> 32) as u32,
    ]
}

pub(crate) fn extent(address: u64, length: u64) -> Extent {
    Extent {
        address: U64::new(address),
        length: U64::new(length),
    }
}

pub(crate) fn create_address_space(id: u32, timeline: u32) -> CreateAddressSpace {
    CreateAddressSpace {
        address_space: U32::new(id),
        bind_timeline: U32::new(timeline),
    }
}

pub(crate) fn engine(class: u16, instances: u16, timeline: u32) -> ContextEngine {
    ContextEngine {
        class: U16::new(class),
        instances: U16::new(instances),
        timeline: U32::new(timeline),
    }
}

pub(crate) fn create_context(id: u32, address_space: u32, engines: &[ContextEngine]) -> Vec<u8> {
    let command = CreateContext {
        context: U32::new(id),
        address_space: U32::new(address_space),
        flags: U32::new(1),
        engine_count: U32::new(engines.len() as u32),
    };
    encode(&command, &[engines.as_bytes()])
}

pub(crate) fn bind(
    address_space: u32,
    address: u64,
    extents: &[Extent],
    waits: &[Point],
    signal: u64,
) -> Vec<u8> {
    let length = extents
        .iter()
        .fold(0_u64, |sum, extent| sum.wrapping_add(extent.length.get()));
    let command = Bind {
        address_space: U32::new(address_space),
        flags: U32::ZERO,
        address: U64::new(address),
        length: U64::new(length),
        signal: U64::new(signal),
        wait_count: U32::new(waits.len() as u32),
        extent_count: U32::new(extents.len() as u32),
    };
    encode(&command, &[waits.as_bytes(), extents.as_bytes()])
}

pub(crate) fn unbind(address_space: u32, address: u64, length: u64, signal: u64) -> Vec<u8> {
    let command = Unbind {
        address_space: U32::new(address_space),
        flags: U32::ZERO,
        address: U64::new(address),
        length: U64::new(length),
        signal: U64::new(signal),
        wait_count: U32::ZERO,
        reserved: U32::ZERO,
    };
    encode(&command, &[])
}

pub(crate) fn submit(context: u32, slot: u16, batch: u64, waits: &[Point], signal: u64) -> Vec<u8> {
    submit_gang(context, slot, &[batch], waits, signal)
}

/// Several batches, on `slot` and those behind it.
pub(crate) fn submit_gang(
    context: u32,
    slot: u16,
    batches: &[u64],
    waits: &[Point],
    signal: u64,
) -> Vec<u8> {
    let command = Submit {
        context: U32::new(context),
        slot: U16::new(slot),
        batch_count: U16::new(batches.len() as u16),
        signal: U64::new(signal),
        priority: I32::ZERO,
        sseu: Sseu::default(),
        wait_count: U32::new(waits.len() as u32),
        flags: U32::ZERO,
    };
    let batch = |&address: &u64| Batch {
        address: U64::new(address),
    };
    let batches: Vec<Batch> = batches.iter().map(batch).collect();
    encode(&command, &[batches.as_bytes(), waits.as_bytes()])
}

impl Guest {
    pub(crate) fn control(&mut self, bytes: &[u8]) -> Status {
        status(&self.call(Queue::Control, bytes, HEADER))
    }

    pub(crate) fn send_bind(&mut self, bytes: &[u8]) -> Ticket {
        self.send(Queue::Bind, bytes, HEADER)
    }

    pub(crate) fn send_submit(&mut self, bytes: &[u8]) -> Ticket {
        self.send(Queue::Submit, bytes, SUBMIT_REPLY)
    }

    /// Writes a batch's dwords into guest memory.
    pub(crate) fn write_dwords(&mut self, address: u64, dwords: &[u32]) {
        self.memory
            .write_slice(dwords.as_bytes(), GuestAddress(address))
            .unwrap();
    }

    pub(crate) fn read_dword(&self, address: u64) -> u32 {
        self.memory.read_obj(GuestAddress(address)).unwrap()
    }

    /// Hello, address space 1 (bind timeline 10), context 1 on it with the render engine
    /// (timeline 20) and the copy engine (timeline 21).
    pub(crate) fn set_up(&mut self) {
        self.hello();
        assert_eq!(self.status(&create_address_space(1, 10)), Status::Ok);
        let engines = [engine(RENDER, 1, 20), engine(COPY, 1, 21)];
        assert_eq!(self.control(&create_context(1, 1, &engines)), Status::Ok);
    }

    /// Binds one extent in address space 1 and waits for it.
    pub(crate) fn bind_now(&mut self, address: u64, at: u64, length: u64, signal: u64) {
        let ticket = self.send_bind(&bind(1, address, &[extent(at, length)], &[], signal));
        assert_eq!(self.wait_status(ticket), Status::Ok);
    }
}
