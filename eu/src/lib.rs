//! A software model of the shader cores of Intel's Tiger Lake GPU (Gen12.0, Xe-LP): the
//! machine code of its execution units (EUs) and the units that their threads send messages
//! to.
//!
//! - [`isa`]: the machine code: what an instruction says, decoded and printed. Knows bits.
//! - [`thread`]: a thread's registers, and the interpreter. Knows instructions, and messages
//!   as bytes that leave a thread and come back.
//! - [`kernel`]: machine code decoded once, as the interpreter runs it.
//! - [`group`]: thread groups: threads that take turns, barriers.
//! - [`shared`]: the shared functions that messages go to (data port, sampler, gateway,
//!   thread spawner), with surfaces and shared local memory. Knows GPU addresses.
//! - [`memory`]: how all of that reaches memory. Whoever uses the crate implements it.
//! - [`trap`]: what a kernel can do that ends its context.
//!
//! Nothing here knows of command streamers, contexts, page tables, host threads or virtual
//! machines.
//!
//! Glossary. *GRF*: the general register file, 128 registers of 32 bytes for each thread.
//! *ARF*: the architecture registers: null, address, accumulators, flags and more. *Channel*:
//! one of the up to 32 lanes of an instruction. *Region*: which elements of the register file
//! the channels of an operand are. *Shared function*: a unit outside the EU that is reached by
//! messages (`send`). *Thread group*: the threads that share a barrier and shared local memory
//! (SLM).

pub mod group;
pub mod isa;
pub mod kernel;
pub mod memory;
pub mod shared;
mod small_float;
pub mod thread;
pub mod trap;
