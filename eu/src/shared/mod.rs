//! The shared functions: what answers the messages that threads send. May know GPU
//! addresses, surfaces and shared local memory, and of a thread no more than its message.

mod local;
pub mod message;

pub use local::LocalMemory;
pub use message::{Answer, REGISTER, Registers, Request, Sender};

use crate::memory::Memory;
use crate::trap::Trap;

/// Where what messages name by an index or an offset is found: what state commands and the
/// interface descriptor have said for all threads of a walk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bases {
    /// General state base address: scratch space is relative to it. GPU virtual address.
    pub general: u64,
    /// Surface state base address: binding tables and the surface states they name.
    pub surface: u64,
    /// Dynamic state base address: sampler states.
    pub dynamic: u64,
    /// Bindless surface state base address.
    pub bindless_surface: u64,
    /// Bindless sampler state base address.
    pub bindless_sampler: u64,
    /// The binding table, bytes from `surface`.
    pub binding_table: u32,
    /// The sampler states, bytes from `dynamic`.
    pub samplers: u32,
    /// What the hardware lets pass for no good reason is a trap.
    pub strict: bool,
}

/// The shared functions as the threads of one walk on one host thread reach them.
#[derive(Debug)]
pub struct SharedFunctions<M> {
    bases: Bases,
    memory: M,
}

impl<M: Memory> SharedFunctions<M> {
    /// Shared functions with nothing of memory cached.
    pub fn new(bases: Bases, memory: M) -> Self {
        Self { bases, memory }
    }

    /// The memory, for whoever has lent it.
    pub fn memory(&mut self) -> &mut M {
        &mut self.memory
    }

    /// Answers a message. `answer` holds what the destination's registers hold, as many as the
    /// descriptor says; channels that don't execute are left as they are.
    pub fn send(
        &mut self,
        sender: Sender,
        request: &Request<'_>,
        local: &mut LocalMemory,
        answer: &mut Registers,
    ) -> Result<Answer, Trap> {
        let _ = (sender, request, local, answer, self.bases);
        Err(Trap::BadMessage("no such shared function"))
    }
}
