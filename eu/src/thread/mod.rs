//! A thread of an EU: its registers and what its instructions do with them. May know
//! instructions, and messages only as bytes that leave and come back.
//!
//! A kernel's ops are run one after the other. Most are vectors of dwords and have a way of
//! their own ([`packed`]), compiled for what the host's processor has ([`vectors`]); all
//! others go element by element ([`compute`]), slower, by the same rules.

mod compute;
pub(crate) mod file;
mod flow;
mod halves;
mod mask;
mod math;
mod operand;
mod packed;
mod products;
#[cfg(test)]
mod reference;
mod rounding;
mod send;
#[cfg(test)]
mod tests;
mod vectors;

use crate::kernel::Kernel;
use crate::kernel::op::{Action, Op};
use crate::memory::Memory;
use crate::shared::{LocalMemory, REGISTER, Sender, SharedFunctions};
use crate::trap::Trap;

use file::RegisterFile;
use flow::Channels;
use rounding::FloatMode;
use vectors::Vectors;

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

/// How a thread stands to its group's barrier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Barrier {
    /// It has not said that it is there.
    #[default]
    Away,
    /// It has, and not all others.
    Reached,
    /// All have.
    Passed,
}

/// A thread.
#[derive(Clone, Debug)]
pub struct Thread {
    file: Box<RegisterFile>,
    channels: Channels,
    /// Index of the op that comes next; none before the first.
    next: Option<u32>,
    mode: FloatMode,
    vectors: Vectors,
    barrier: Barrier,
    ended: bool,
    /// Instructions executed: what its timestamp counts.
    executed: u64,
}

impl Thread {
    /// A thread at its kernel's first instruction, with these registers from r0 on; what is behind
    /// r127 is ignored.
    pub fn new(setup: ThreadSetup, payload: &[[u8; REGISTER]]) -> Self {
        let mut file = RegisterFile::zeroed();
        let payload = payload.as_flattened();
        let length = payload.len().min(file::GENERAL_BYTES);
        file.bytes[..length].copy_from_slice(&payload[..length]);
        file.set_dword(file::CONTROL, setup.control);
        for (number, value) in setup.state.into_iter().enumerate() {
            file.set_dword(file::STATE + number * 4, value);
        }
        Self {
            file,
            channels: Channels::new(setup.mask),
            next: None,
            mode: FloatMode::of(setup.control),
            vectors: Vectors::detect(),
            barrier: Barrier::Away,
            ended: false,
            executed: 0,
        }
    }

    /// Bytes from the instruction base address to the instruction that comes next, or that could
    /// not be executed.
    pub fn offset(&self, kernel: &Kernel) -> u32 {
        let index = self.next.unwrap_or(kernel.entry()) as usize;
        kernel
            .ops()
            .get(index)
            .map_or(kernel.start(), |op| op.offset)
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether it waits at the barrier without having told anybody, and so for ever.
    pub fn waits_in_vain(&self) -> bool {
        !self.ended && self.barrier == Barrier::Away
    }

    /// Lets it pass the barrier that it has reached.
    pub fn pass_barrier(&mut self) {
        if self.barrier == Barrier::Reached {
            self.barrier = Barrier::Passed;
        }
    }

    /// Executes until it ends or waits, or has used up the budget: one for each instruction.
    ///
    /// # Errors
    ///
    /// An instruction could not be executed: the thread stays there.
    pub fn run<M: Memory>(
        &mut self,
        kernel: &Kernel,
        sender: Sender,
        functions: &mut SharedFunctions<M>,
        local: &mut LocalMemory,
        budget: &mut u64,
    ) -> Result<Pause, Trap> {
        if self.ended {
            return Ok(Pause::Ended);
        }
        let before = *budget;
        let result = self.run_on(kernel, sender, functions, local, budget);
        self.executed += before - *budget;
        result
    }

    fn run_on<M: Memory>(
        &mut self,
        kernel: &Kernel,
        sender: Sender,
        functions: &mut SharedFunctions<M>,
        local: &mut LocalMemory,
        budget: &mut u64,
    ) -> Result<Pause, Trap> {
        let ops = kernel.ops();
        let mut next = self.next.unwrap_or(kernel.entry());
        let mut left = *budget;
        let pause = loop {
            let Some(op) = ops.get(next as usize) else {
                break Err(Trap::OutsideKernel(kernel.base()));
            };
            if left == 0 {
                break Ok(Pause::Budget);
            }
            if op.joins {
                self.channels.arrive(next);
            }
            let active = self.channels.active();
            if let Action::Packed(_) = op.action {
                let rest = &ops[next as usize..];
                let most = usize::try_from(left).map_or(rest.len(), |left| rest.len().min(left));
                let count = self
                    .vectors
                    .run(&mut self.file, self.mode, &rest[..most], active);
                left -= count as u64;
                next += count as u32;
                continue;
            }
            left -= 1;
            let enabled = mask::enabled(&self.file, op, active);
            let step = match op.action {
                // Done.
                Action::Nop | Action::Packed(_) => Ok(()),
                Action::Compute(opcode, domain) => {
                    if op.reads_special {
                        self.show_special(op, left);
                    }
                    let done =
                        compute::execute(&mut self.file, self.mode, op, opcode, domain, enabled);
                    if op.writes_control {
                        self.mode = FloatMode::of(self.file.dword(file::CONTROL));
                    }
                    done
                }
                Action::Math(function, domain) => {
                    math::execute(&mut self.file, self.mode, op, function, domain, enabled)
                }
                Action::Branch(opcode, control) => {
                    match self.branch(kernel, op, next, opcode, control, enabled) {
                        Ok(target) => {
                            next = target;
                            continue;
                        }
                        Err(trap) => Err(trap),
                    }
                }
                Action::Send(ref message) => {
                    if enabled != 0 || message.end_of_thread {
                        match self.send(op, message, enabled, sender, functions, local) {
                            Ok(()) if message.end_of_thread || self.ended => {
                                self.ended = true;
                                break Ok(Pause::Ended);
                            }
                            done => done,
                        }
                    } else {
                        Ok(())
                    }
                }
                Action::Barrier => {
                    if self.barrier != Barrier::Passed {
                        break Ok(Pause::Barrier);
                    }
                    self.barrier = Barrier::Away;
                    Ok(())
                }
                Action::Trap(trap) => Err(trap),
            };
            if let Err(trap) = step {
                break Err(trap);
            }
            next += 1;
        };
        self.next = Some(next);
        *budget = left;
        pause
    }

    /// Works out what is only there when it is read.
    #[cold]
    fn show_special(&mut self, op: &Op, left: u64) {
        let active = self.channels.active();
        self.file.set_dword(file::CHANNEL_ENABLE, active);
        self.file.set_dword(file::INSTRUCTION_POINTER, op.offset);
        let time = self.executed.wrapping_sub(left);
        self.file.write(file::TIMESTAMP, time.to_le_bytes());
    }
}
