//! A thread of an EU: its registers and what its instructions do with them. May know
//! instructions, and messages only as bytes that leave and come back.

use crate::kernel::Kernel;
use crate::memory::Memory;
use crate::shared::{LocalMemory, REGISTER, Sender, SharedFunctions};
use crate::trap::Trap;

/// What the dispatcher sets in a thread besides its payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadSetup {
    /// Channels that execute: the execution mask's bits, up to 32.
    pub mask: u32,
    /// cr0.0 as the interface descriptor has it: rounding mode (5:4), denormals kept for double
    /// (6), single (7) and half floats (10), and the rest.
    pub control: u32,
    /// sr0.0 and following as a kernel reads them: which EU and thread it is on.
    pub state: [u32; 4],
}

/// Why a thread stopped for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// It has ended.
    Ended,
    /// It waits at the barrier.
    Barrier,
    /// The budget is used up.
    Budget,
}

/// A thread.
#[derive(Debug)]
pub struct Thread {
    setup: ThreadSetup,
}

impl Thread {
    /// A thread at its kernel's first instruction, with these registers from r0 on.
    pub fn new(setup: ThreadSetup, payload: &[[u8; REGISTER]]) -> Self {
        let _ = payload;
        Self { setup }
    }

    /// Bytes from the instruction base address to the instruction that comes next.
    pub fn offset(&self, kernel: &Kernel) -> u32 {
        kernel.start()
    }

    /// Lets it pass the barrier that it waits at, if it does.
    pub fn pass_barrier(&mut self) {}

    /// Executes until it ends or waits, or has used up the budget.
    pub fn run<M: Memory>(
        &mut self,
        kernel: &Kernel,
        sender: Sender,
        functions: &mut SharedFunctions<M>,
        local: &mut LocalMemory,
        budget: &mut u64,
    ) -> Result<Pause, Trap> {
        let _ = (kernel, sender, functions, local, budget, self.setup);
        Ok(Pause::Ended)
    }
}
