//! Messages against plain references.

mod any_message;
mod atomics;
mod blocks;
mod images;
mod samples;
mod scattered;

use crate::isa::SharedFunction;
use crate::memory::{Memory, MemoryFault};
use crate::shared::operation::Operation;
use crate::shared::surface::tests::raw;
use crate::shared::{Answer, Bases, LocalMemory, Request, Sender, SharedFunctions};
use crate::trap::Trap;

/// Where the tests' surface states are.
pub(super) const SURFACES: u64 = 0x1_0000;
/// The binding table, from there.
pub(super) const TABLE: u32 = 0x4000;
/// The sampler states, from there too.
pub(super) const SAMPLERS: u32 = 0x5000;
/// Where the tests' data is.
pub(super) const DATA: u64 = 0x2_0000;
/// The general state base address.
pub(super) const GENERAL: u64 = 0x1_8000;

/// Some memory; the rest reads as 0 and swallows writes. Counts its calls.
#[derive(Clone, Debug)]
pub(super) struct Bytes {
    pub(super) bytes: Vec<u8>,
    pub(super) calls: u32,
}

impl Bytes {
    fn at(&mut self, address: u64, length: usize) -> Option<&mut [u8]> {
        let begin = usize::try_from(address).ok()?;
        self.bytes.get_mut(begin..begin.checked_add(length)?)
    }
}

impl Memory for Bytes {
    fn read(&mut self, address: u64, out: &mut [u8]) -> Result<(), MemoryFault> {
        self.calls += 1;
        match self.at(address, out.len()) {
            Some(bytes) => out.copy_from_slice(bytes),
            None => out.fill(0),
        }
        Ok(())
    }

    fn write(&mut self, address: u64, data: &[u8]) -> Result<(), MemoryFault> {
        self.calls += 1;
        if let Some(bytes) = self.at(address, data.len()) {
            bytes.copy_from_slice(data);
        }
        Ok(())
    }

    fn update_u32(
        &mut self,
        address: u64,
        change: &mut dyn FnMut(u32) -> u32,
    ) -> Result<u32, MemoryFault> {
        assert!(address.is_multiple_of(4));
        let mut bytes = [0; 4];
        self.read(address, &mut bytes)?;
        let old = u32::from_le_bytes(bytes);
        self.write(address, &change(old).to_le_bytes())?;
        Ok(old)
    }

    fn update_u64(
        &mut self,
        address: u64,
        change: &mut dyn FnMut(u64) -> u64,
    ) -> Result<u64, MemoryFault> {
        assert!(address.is_multiple_of(8));
        let mut bytes = [0; 8];
        self.read(address, &mut bytes)?;
        let old = u64::from_le_bytes(bytes);
        self.write(address, &change(old).to_le_bytes())?;
        Ok(old)
    }
}

/// Shared functions, with data whose bytes all differ from their neighbours.
pub(super) struct Setup {
    pub(super) functions: SharedFunctions<Bytes>,
    pub(super) local: LocalMemory,
}

impl Setup {
    pub(super) fn new(strict: bool) -> Self {
        let mut bytes = vec![0; 0x3_4000];
        for (number, byte) in bytes[GENERAL as usize..].iter_mut().enumerate() {
            *byte = (number as u32).wrapping_mul(0x9e37_79b1).to_be_bytes()[0];
        }
        let bases = Bases {
            general: GENERAL,
            surface: SURFACES,
            bindless_surface: SURFACES,
            dynamic: SURFACES,
            binding_table: TABLE,
            samplers: SAMPLERS,
            strict,
            ..Bases::default()
        };
        let mut local = LocalMemory::new(4096, false);
        for offset in 0..4096u32 {
            let byte = offset.wrapping_mul(0x9e37_79b1).to_be_bytes()[1];
            local.write(0, offset, &[byte]).expect("lenient");
        }
        let memory = Bytes { bytes, calls: 0 };
        Self {
            functions: SharedFunctions::new(bases, memory),
            local,
        }
    }

    /// Gives an entry of the binding table, and the bindless surface of that number, a state.
    pub(super) fn bind(&mut self, index: u32, state: &[u8; 64]) {
        let memory = self.functions.memory();
        let at = SURFACES as usize + index as usize * 64;
        memory.bytes[at..at + 64].copy_from_slice(state);
        let entry = SURFACES as usize + TABLE as usize + index as usize * 4;
        memory.bytes[entry..entry + 4].copy_from_slice(&(index * 64).to_le_bytes());
    }

    /// Gives the sampler of a number a state, and its border a colour.
    pub(super) fn sampler(&mut self, number: u32, state: [u32; 4], border: [u32; 4]) {
        let at = (SURFACES + u64::from(SAMPLERS + number * 16)) as usize;
        let colour = 0x6000 + number * 64;
        let [first, second, third, fourth] = state;
        let memory = &mut self.functions.memory().bytes;
        let state = dwords(&[first, second, third | colour, fourth]);
        memory[at..at + 16].copy_from_slice(&state[0][..16]);
        let at = SURFACES as usize + colour as usize;
        memory[at..at + 16].copy_from_slice(&dwords(&border)[0][..16]);
    }

    /// Binds a buffer of so many bytes of the data.
    pub(super) fn bind_raw(&mut self, index: u32, size: u32) {
        self.bind(index, &raw(DATA, size));
    }

    pub(super) fn data(&mut self, offset: u64) -> &mut [u8] {
        &mut self.functions.memory().bytes[(DATA + offset) as usize..]
    }

    /// Sends a message; registers of the answer hold 0xee before.
    pub(super) fn send(
        &mut self,
        message: &Message,
        first: &[[u8; 32]],
        second: &[[u8; 32]],
        answer: usize,
    ) -> Result<Vec<[u8; 32]>, Trap> {
        let operation = Operation::decode(message.function, message.descriptor)?;
        let request = Request {
            operation: &operation,
            descriptor: message.descriptor,
            extended: message.extended,
            exec_size: message.exec_size,
            mask: message.mask,
            first,
            second,
        };
        let mut registers = vec![[0xee; 32]; answer];
        let sender = Sender { thread: 0 };
        let answer = self
            .functions
            .send(sender, &request, &mut self.local, &mut registers)?;
        assert_eq!(answer, Answer::Done);
        Ok(registers)
    }
}

/// A message but for its payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    pub(super) function: SharedFunction,
    pub(super) descriptor: u32,
    pub(super) extended: u32,
    pub(super) exec_size: u8,
    pub(super) mask: u32,
}

impl Message {
    /// To a data port: message type, control field (13:8), binding table index.
    pub(super) fn data(function: SharedFunction, kind: u32, control: u32, index: u32) -> Self {
        Self {
            function,
            descriptor: kind << 14 | control << 8 | index,
            extended: 0,
            exec_size: 16,
            mask: 0xffff,
        }
    }

    pub(super) fn masked(self, mask: u32) -> Self {
        Self { mask, ..self }
    }

    pub(super) fn with_header(self) -> Self {
        Self {
            descriptor: self.descriptor | 1 << 19,
            ..self
        }
    }
}

/// Registers that hold these dwords.
pub(super) fn dwords(values: &[u32]) -> Vec<[u8; 32]> {
    let mut registers = vec![[0; 32]; values.len().div_ceil(8)];
    let bytes = registers.as_flattened_mut();
    for (bytes, value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
        *bytes = value.to_le_bytes();
    }
    registers
}

/// Registers that hold these qwords.
pub(super) fn qwords(values: &[u64]) -> Vec<[u8; 32]> {
    let halves: Vec<u32> = values
        .iter()
        .flat_map(|value| [*value as u32, (value >> 32) as u32])
        .collect();
    dwords(&halves)
}

/// A dword in registers.
pub(super) fn dword(registers: &[[u8; 32]], number: usize) -> u32 {
    let (dwords, _) = registers.as_flattened().as_chunks();
    u32::from_le_bytes(dwords[number])
}

/// A header of these dwords.
pub(super) fn header(dwords_at: &[(usize, u32)]) -> [u8; 32] {
    let mut values = [0; 8];
    for (number, value) in dwords_at {
        values[*number] = *value;
    }
    dwords(&values)[0]
}
