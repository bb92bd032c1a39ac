//! A thread group: threads that share a barrier and shared local memory, run in turns on one
//! host thread.

use crate::kernel::Kernel;
use crate::memory::Memory;
use crate::shared::{LocalMemory, REGISTER, Sender, SharedFunctions};
use crate::thread::{Pause, Thread, ThreadSetup};
use crate::trap::Trap;

/// A thread group in execution.
#[derive(Debug)]
pub struct Group {
    threads: Vec<Thread>,
    /// Barriers that all have passed.
    barriers: u64,
    local: LocalMemory,
    /// The thread whose turn it is.
    next: usize,
}

/// How a call of [`Group::run`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// All threads have ended.
    Finished,
    /// The budget is used up.
    Paused,
}

/// Where and why a kernel cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("thread {thread} at {offset:#x}: {trap}")]
pub struct Stopped {
    /// Number of the thread in its group.
    pub thread: u32,
    /// Bytes from the instruction base address to the instruction.
    pub offset: u32,
    /// Why.
    pub trap: Trap,
}

impl Group {
    /// A group without threads.
    pub fn new(local: LocalMemory) -> Self {
        Self {
            threads: Vec::new(),
            barriers: 0,
            local,
            next: 0,
        }
    }

    /// Adds a thread whose first registers hold `payload` (r0 first, at most 128 registers), the
    /// others 0.
    pub fn add(&mut self, setup: ThreadSetup, payload: &[[u8; REGISTER]]) {
        self.threads.push(Thread::new(setup, payload));
    }

    /// How many threads have ended, and how often all have passed a barrier: grows as long as
    /// the group gets somewhere.
    pub fn events(&self) -> u64 {
        let ended = self.threads.iter().filter(|thread| thread.has_ended());
        self.barriers + ended.count() as u64
    }

    /// The thread whose turn it is, by its number in the group, and bytes from the instruction
    /// base address to its next instruction. None once there is no thread.
    pub fn position(&self, kernel: &Kernel) -> Option<(u32, u32)> {
        let thread = self.threads.get(self.next)?;
        Some((self.next as u32, thread.offset(kernel)))
    }

    /// Executes about `budget` instructions, which it takes off that.
    pub fn run<M: Memory>(
        &mut self,
        kernel: &Kernel,
        functions: &mut SharedFunctions<M>,
        budget: &mut u64,
    ) -> Result<Progress, Stopped> {
        loop {
            let mut ended = 0;
            let mut at_barrier = 0;
            for turn in 0..self.threads.len() {
                let number = (self.next + turn) % self.threads.len();
                let thread = &mut self.threads[number];
                let sender = Sender {
                    thread: number as u32,
                };
                let pause = thread.run(kernel, sender, functions, &mut self.local, budget);
                match pause.map_err(|trap| Stopped {
                    thread: number as u32,
                    offset: thread.offset(kernel),
                    trap,
                })? {
                    Pause::Ended => ended += 1,
                    Pause::Barrier => at_barrier += 1,
                    Pause::Budget => {
                        self.next = number;
                        return Ok(Progress::Paused);
                    }
                }
            }
            self.next = 0;
            if ended == self.threads.len() {
                return Ok(Progress::Finished);
            }
            // Threads that have ended are not waited for.
            debug_assert_eq!(ended + at_barrier, self.threads.len());
            for (number, thread) in self.threads.iter_mut().enumerate() {
                if thread.waits_in_vain() {
                    return Err(Stopped {
                        thread: number as u32,
                        offset: thread.offset(kernel),
                        trap: Trap::EndlessBarrier,
                    });
                }
                thread.pass_barrier();
            }
            self.local.barrier_passed();
            self.barriers += 1;
        }
    }
}
