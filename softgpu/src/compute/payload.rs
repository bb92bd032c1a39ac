//! What a thread's first registers hold when it starts: a header (R0), and data.
//!
//! Data comes in two ways. Indirect data is the walker's own; the registers for each thread come
//! first, then those that are the same for all. Constants (CURBE) are the context's; there it
//! is the other way round. In memory, what is for all comes first in both.

use eu::shared::{REGISTER, Registers};

use super::state::{Descriptor, Scratch};
use crate::execute::{Stop, bad_field};

/// General registers of a thread.
const REGISTERS: usize = 128;

/// Which data a walk's threads have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    /// Constants.
    Constants(Vec<u8>),
    /// Indirect data.
    Indirect(Vec<u8>),
}

/// What threads of a walk are started with.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    data: Data,
    /// Registers behind the data: those of a MEDIA_OBJECT alone.
    inline: Vec<u8>,
    data_offset: usize,
    cross: usize,
    each: usize,
    /// R0 without what differs from thread to thread.
    header: [u32; 8],
    scratch: Scratch,
    barrier: bool,
}

impl Payload {
    /// The payload of a kernel's threads.
    pub(crate) fn new(
        descriptor: &Descriptor,
        scratch: Scratch,
        data: Data,
        inline: Vec<u8>,
    ) -> Result<Self, Stop> {
        let cross = descriptor.cross_thread_registers as usize;
        let each = descriptor.thread_registers as usize;
        let mut header = [0; 8];
        header[3] = descriptor.samplers | scratch.size;
        header[4] = descriptor.binding_table;
        if 1 + cross + each + inline.len().div_ceil(REGISTER) > REGISTERS {
            return bad_field("more data than a thread has registers");
        }
        Ok(Self {
            data,
            inline,
            data_offset: descriptor.data_offset as usize,
            cross,
            each,
            header,
            scratch,
            barrier: descriptor.barrier,
        })
    }

    /// R0 of a thread of that group, with the number `hardware` among the threads that
    /// execute at the same time, in a group at that place.
    fn header(&self, group: [u32; 3], hardware: u32, place: u32) -> [u8; REGISTER] {
        let mut header = self.header;
        header[1] = group[0];
        header[2] = if self.barrier {
            (place & 0x7f) << 24
        } else {
            0
        };
        header[5] = self.scratch.pointer(hardware) | hardware & 0x3ff;
        header[6] = group[1];
        header[7] = group[2];
        let mut bytes = [0; REGISTER];
        for (to, dword) in bytes.chunks_exact_mut(4).zip(header) {
            to.copy_from_slice(&dword.to_le_bytes());
        }
        bytes
    }

    /// The registers from R0 on of a thread, `thread` being its number in its group. Data that
    /// there is not enough of is 0.
    pub(crate) fn registers<'b>(
        &self,
        group: [u32; 3],
        thread: u32,
        hardware: u32,
        place: u32,
        buffer: &'b mut [[u8; REGISTER]; REGISTERS],
    ) -> &'b Registers {
        let mut length = 1;
        buffer[0] = self.header(group, hardware, place);
        let mut copy = |bytes: &[u8], first: usize, count: usize| {
            for register in first..first + count {
                let from = bytes.get(register * REGISTER..).unwrap_or_default();
                let from = &from[..from.len().min(REGISTER)];
                buffer[length] = [0; REGISTER];
                buffer[length][..from.len()].copy_from_slice(from);
                length += 1;
            }
        };
        let own = self.cross + thread as usize * self.each;
        match &self.data {
            Data::Constants(data) => {
                copy(data, self.data_offset, self.cross);
                copy(data, self.data_offset + own, self.each);
            }
            Data::Indirect(data) => {
                copy(data, own, self.each);
                copy(data, 0, self.cross);
            }
        }
        copy(&self.inline, 0, self.inline.len().div_ceil(REGISTER));
        &buffer[..length]
    }
}

/// Room for a thread's registers.
pub(crate) const BUFFER: [[u8; REGISTER]; REGISTERS] = [[0; REGISTER]; REGISTERS];
