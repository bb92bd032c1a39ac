//! A thread of an EU: its registers and what its instructions do with them. May know
//! instructions, and messages only as bytes that leave and come back.
//!
//! A kernel's ops are run one after the other. Most are vectors of dwords and have a way of
//! their own ([`packed`]), compiled for what the host's processor has ([`vectors`]); all
//! others go element by element ([`compute`]), slower, by the same rules.

mod compute;
pub(crate) mod file;
mod flow;
mod math;
mod operand;
mod packed;
#[cfg(test)]
mod reference;
mod rounding;
mod send;
#[cfg(test)]
mod tests;
mod vectors;

use crate::isa::PredicateControl;
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
            left -= 1;
            if op.joins {
                self.channels.arrive(next);
            }
            let enabled = self.enabled(op);
            let step = match op.action {
                Action::Packed(packed) => {
                    self.vectors
                        .execute(&mut self.file, self.mode, op, packed, enabled);
                    Ok(())
                }
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
                Action::Nop => Ok(()),
                Action::Branch(opcode, control) => {
                    match self.branch(kernel, op, next, opcode, control, enabled) {
                        Ok(target) => {
                            next = target;
                            continue;
                        }
                        Err(trap) => Err(trap),
                    }
                }
                Action::Send {
                    function,
                    descriptor,
                    extended,
                    end_of_thread,
                } => {
                    if enabled != 0 || end_of_thread {
                        let message = send::Outgoing {
                            function,
                            descriptor,
                            extended,
                        };
                        match self.send(op, message, enabled, sender, functions, local) {
                            Ok(()) if end_of_thread || self.ended => {
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

    /// The channels that execute an op; bit 0 is its first.
    #[inline(always)]
    fn enabled(&self, op: &Op) -> u32 {
        let all = op.channels();
        let mask = if op.mask_disabled {
            all
        } else {
            self.channels.active() >> op.channel_offset & all
        };
        match op.predicate {
            None => mask,
            // `sel` chooses by it.
            Some(_) if selects(op) => mask,
            Some(control) => mask & predicate(self.file.flags(), op, control),
        }
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

/// Whether an op's predicate says which source is taken, not whether it is executed.
#[inline(always)]
fn selects(op: &Op) -> bool {
    use crate::isa::Opcode;
    use crate::kernel::op::Packed;
    matches!(
        op.action,
        Action::Compute(Opcode::Sel, _)
            | Action::Packed(
                Packed::Select
                    | Packed::SelectFloat
                    | Packed::ChooseInteger
                    | Packed::ChooseUnsigned
                    | Packed::ChooseFloat
            )
    )
}

/// The channels whose predicate holds; bit 0 is the op's first.
#[inline(always)]
fn predicate(flags: u64, op: &Op, control: PredicateControl) -> u32 {
    let start = u32::from(op.flag_bit);
    let bits = match control {
        PredicateControl::Sequential => flags.rotate_right(start) as u32,
        control => grouped(flags, start, control),
    };
    if op.inverted {
        !bits & op.channels()
    } else {
        bits & op.channels()
    }
}

/// Predicates that look at more than the channel's bit.
#[cold]
fn grouped(flags: u64, start: u32, control: PredicateControl) -> u32 {
    let (low, high) = (flags as u32, (flags >> 32) as u32);
    match control {
        PredicateControl::Sequential => flags.rotate_right(start) as u32,
        PredicateControl::AnyVertical => (low | high).rotate_right(start),
        PredicateControl::AllVertical => (low & high).rotate_right(start),
        PredicateControl::AnyHorizontal(group) | PredicateControl::AllHorizontal(group) => {
            let group = u32::from(group.clamp(1, 32));
            let all = u32::MAX >> (32 - group);
            let mut result = 0;
            for channel in (0..32).step_by(group as usize) {
                // The groups are the flag register's, wherever the op's channels begin.
                let first = (start + channel) & !(group - 1);
                let bits = flags.rotate_right(first % 64) as u32 & all;
                let holds = match control {
                    PredicateControl::AnyHorizontal(_) => bits != 0,
                    _ => bits == all,
                };
                if holds {
                    result |= all << channel;
                }
            }
            result
        }
    }
}
