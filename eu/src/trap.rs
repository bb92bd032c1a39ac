//! What a kernel can do that ends its context: every way out of a kernel but its end.

use crate::memory::MemoryFault;

/// Why a thread cannot go on. Where it was is said by whoever ran the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trap {
    /// The bits are no instruction of this generation.
    #[error("illegal instruction")]
    IllegalInstruction,
    /// An instruction whose fields contradict each other or the generation's restrictions.
    #[error("illegal instruction: {0}")]
    IllegalOperand(&'static str),
    /// Execution reached an address that holds no instruction.
    #[error("jump to {0:#x}, outside the kernel")]
    OutsideKernel(u64),
    /// A message that no shared function understands.
    #[error("malformed message: {0}")]
    BadMessage(&'static str),
    /// All threads of the group wait for a barrier that one of them has not announced itself at.
    #[error("a barrier that is never passed")]
    EndlessBarrier,
    /// Strict mode: an access outside its surface, to memory that is not mapped, or to SLM in a
    /// way that depends on luck.
    #[error("{0}")]
    Strict(StrictFinding),
    /// Memory refused an access.
    #[error("{} fault at {:#x}", if .0.write { "write" } else { "read" }, .0.address)]
    Memory(MemoryFault),
}

impl From<MemoryFault> for Trap {
    fn from(fault: MemoryFault) -> Self {
        Self::Memory(fault)
    }
}

/// What strict mode finds in a kernel that the hardware lets pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StrictFinding {
    /// An access behind the end of a surface; the offset is in bytes.
    #[error("{} outside surface {surface} at offset {offset:#x}", if *.write { "write" } else { "read" })]
    OutsideSurface {
        /// Binding table index.
        surface: u32,
        /// Byte offset, or for an image its index of the element.
        offset: u64,
        /// It was a write.
        write: bool,
    },
    /// SLM was read that no thread of the group has written.
    #[error("uninitialised shared local memory read at {0:#x}")]
    UninitialisedSlm(u32),
    /// Two threads of the group access the same dword of SLM with no barrier between them, at
    /// least one of them writing, not both by atomics.
    #[error("race on shared local memory at {address:#x} with thread {other}")]
    SlmRace {
        /// Byte address in SLM.
        address: u32,
        /// The other thread's number in the group.
        other: u32,
    },
}
