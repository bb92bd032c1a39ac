//! A kernel: machine code decoded once, as the interpreter runs it.

use crate::isa::Instruction;
use crate::memory::Memory;
use crate::trap::Trap;

/// A decoded kernel.
#[derive(Debug)]
pub struct Kernel {
    /// Instruction base address.
    base: u64,
    /// Bytes from there to the first instruction.
    start: u32,
    instructions: Vec<Instruction>,
}

impl Kernel {
    /// Decodes all that can be reached from the instruction at `start` bytes behind the
    /// instruction base address `base`.
    pub fn load(memory: &mut impl Memory, base: u64, start: u32) -> Result<Self, Trap> {
        let _ = memory;
        Ok(Self {
            base,
            start,
            instructions: Vec::new(),
        })
    }

    /// Whether memory still holds the code that was decoded.
    pub fn is_current(&self, memory: &mut impl Memory) -> bool {
        let _ = memory;
        true
    }

    /// Bytes from the instruction base address to the first instruction.
    pub fn start(&self) -> u32 {
        self.start
    }

    /// The instruction base address.
    pub fn base(&self) -> u64 {
        self.base
    }

    /// How many instructions there are.
    pub fn len(&self) -> usize {
        self.instructions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.instructions.is_empty()
    }
}
