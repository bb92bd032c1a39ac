//! Execution of one context's batches on one engine, a step at a time. Nothing here
//! knows of threads, queues or other contexts: [`Execution::run`] executes until
//! something happens that its caller has to decide about.
//!
//! Glossary. *Arbitration point*: a command between which and the next one the
//! hardware may switch contexts. *Quantum*: what one call of `run` executes while it
//! holds the address space's lock.

pub(crate) mod arithmetic;
pub(crate) mod flow;
pub(crate) mod flush;
pub(crate) mod program;
pub(crate) mod registers;
pub(crate) mod state;
pub(crate) mod transfer;
pub(crate) mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::RwLock;

use crate::clock::Clock;
use crate::command::{self, Action, Command};
use crate::completion::{EngineRegisters, HangReason};
use crate::compute::Cores;
use crate::compute::walk::Walk;
use crate::memory::Memory;
use crate::page_table::AddressSpace;
use crate::platform::{EngineDescription, Platform};
use crate::view::{Fault, FaultKind, View};

use program::{Loop, Program};
use registers::RegisterFile;
use state::StateRecord;

/// Longest command that is executed: MI_STORE_DATA_IMM with all of its length field.
const LONGEST_COMMAND: usize = 1025;

/// Zero dwords skipped at once: MI_NOOPs.
const NOOP_RUN: u64 = 1024;

/// What executes a command: its dwords, all of them, at least as many as the table's
/// shortest form.
pub(crate) type Handler = fn(&mut Machine<'_>, &[u32]) -> Result<Flow, Stop>;

/// Where execution goes after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// To the next command.
    Next,
    /// To the next command, and an arbitration point lies between.
    Arbitrate,
    /// To another address.
    Jump(u64),
    /// To another address, to come back behind this command.
    Call(u64),
    /// Back one level.
    Return,
    /// Back to the ring: the batch is over.
    Finish,
    /// To the next command; others hear of a signal first.
    Signal,
    /// Nowhere: the command waits for memory or a register to change.
    Wait,
    /// Nowhere, ever: only a reset gets the command streamer out of it.
    Stuck,
}

/// Why a command could not be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The context hangs.
    Hang {
        reason: HangReason,
        fault_address: Option<u64>,
    },
    /// Whoever runs the engine wants it back at once.
    Aborted,
}

impl From<HangReason> for Stop {
    fn from(reason: HangReason) -> Self {
        Self::Hang {
            reason,
            fault_address: None,
        }
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        let reason = match fault.kind {
            FaultKind::Read => HangReason::UnmappedAccess { write: false },
            FaultKind::Write => HangReason::UnmappedAccess { write: true },
            FaultKind::ReadOnly => HangReason::ReadOnlyWrite,
            FaultKind::MemoryGone => HangReason::MemoryGone,
        };
        Self::Hang {
            reason,
            fault_address: Some(fault.address),
        }
    }
}

/// Shorthand for an undefined field.
pub(crate) fn bad_field<T>(what: &'static str) -> Result<T, Stop> {
    Err(HangReason::BadField { what }.into())
}

/// What a run's surroundings are.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) platform: &'a Platform,
    pub(crate) engine: &'a EngineDescription,
    pub(crate) clock: &'a Clock,
    /// Set when the engine is wanted back at the next arbitration point.
    pub(crate) urgent: &'a AtomicBool,
    /// Set when the batch is to end wherever it is.
    pub(crate) abort: &'a AtomicBool,
}

/// What happened in a quantum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) commands: u64,
    pub(crate) dropped_register_writes: u64,
    /// Commands that became no-ops, and writes that were dropped, for want of privilege.
    pub(crate) privilege_violations: u64,
    pub(crate) faults: u64,
    pub(crate) bytes_blitted: u64,
    pub(crate) interrupts: u64,
    /// Kernels that were started: GPGPU_WALKERs and MEDIA_OBJECTs.
    pub(crate) kernels: u64,
    /// Their thread groups that ended.
    pub(crate) groups: u64,
    /// The threads of these.
    pub(crate) eu_threads: u64,
    /// Instructions that their threads executed.
    pub(crate) instructions: u64,
    /// Those of the faults that other host threads' kernels met.
    pub(crate) kernel_faults: u64,
    /// A thread group has ended, or is not silent for long.
    pub(crate) alive: bool,
    /// MI_USER_INTERRUPTs among the interrupts.
    pub(crate) user_interrupts: u64,
    /// Arbitration points passed with arbitration on.
    pub(crate) arbitrations: u64,
    /// A loop went round and had changed something.
    pub(crate) changed: bool,
}

/// What commands act on.
pub(crate) struct Machine<'a> {
    pub(crate) view: View<'a>,
    /// What the view is of.
    pub(crate) space: &'a Arc<AddressSpace>,
    /// The memory behind it, for host threads that hold no lock on it yet.
    pub(crate) memory: &'a Arc<RwLock<Memory>>,
    pub(crate) cores: &'a Cores,
    /// The work that is not over yet.
    pub(crate) walk: &'a mut Option<Box<Walk>>,
    pub(crate) registers: &'a mut RegisterFile,
    pub(crate) state: &'a mut StateRecord,
    pub(crate) program: &'a mut Program,
    pub(crate) around: Surroundings<'a>,
    pub(crate) tally: Tally,
    /// What to add to the timestamp for the context's own running time.
    pub(crate) context_ticks: u64,
    /// Whether to end the quantum before a blit, which may take long.
    pub(crate) light: bool,
}

/// Why a quantum ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// The batch is over.
    Finished,
    /// The budget is used up, or what comes next is too much for it; there is more to do.
    Budget,
    /// A semaphore was signalled: whoever waits is to look. There is more to do.
    Signalled,
    /// An arbitration point, and the engine is wanted.
    Arbitration,
    /// A semaphore that is not yet as waited for.
    Waiting,
    /// The batch goes round in a loop that changes nothing.
    Spinning {
        /// An arbitration point lies in the loop.
        arbitrated: bool,
    },
    /// The command could not be executed.
    Stopped(Stop),
}

/// A context's state on one engine: what the hardware keeps in the context image,
/// and where its current batch is.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) registers: RegisterFile,
    pub(crate) state: StateRecord,
    pub(crate) program: Program,
    /// The work that the batch has started and is not over yet.
    pub(crate) walk: Option<Box<Walk>>,
    pub(crate) tlb: crate::page_table::Tlb,
    /// How long the context has run in all.
    pub(crate) run_time: Duration,
}

impl Execution {
    pub(crate) fn new(platform: &Platform) -> Self {
        Self {
            registers: RegisterFile::new(platform),
            state: StateRecord::default(),
            program: Program::default(),
            walk: None,
            tlb: crate::page_table::Tlb::default(),
            run_time: Duration::ZERO,
        }
    }

    /// The registers that tell how it hung.
    pub(crate) fn hung_registers(&mut self, reason: HangReason) -> EngineRegisters {
        EngineRegisters {
            batch_address: self.program.first_level(),
            // RING_BB_PPGTT.
            batch_state: 1 << 5,
            error: reason.error_status(),
            done: u32::MAX,
            parser_mode: self.registers.parser_mode(),
            nop_id: self.registers.nop_id(),
        }
    }

    /// As a reset leaves it: default registers, no state, no batch.
    pub(crate) fn reset(&mut self, platform: &Platform) {
        self.registers = RegisterFile::new(platform);
        self.state = StateRecord::default();
        self.program = Program::default();
        self.walk = None;
    }
}

/// How a quantum ends, and every one after it, when the command streamer is stuck.
const STUCK: Pause = Pause::Spinning { arbitrated: false };

impl Machine<'_> {
    /// Executes until something happens, at most about `budget` commands. `slice_over`
    /// says that the engine is wanted at the next arbitration point anyway.
    pub(crate) fn run(&mut self, budget: u32, slice_over: bool) -> Pause {
        self.registers.begin();
        let pause = self.run_on(budget, slice_over);
        self.tally.faults = self.view.faults() + self.tally.kernel_faults;
        if self.view.changes() + self.registers.changes() != 0 {
            self.program.note_changes();
            self.tally.changed = true;
        }
        pause
    }

    fn run_on(&mut self, budget: u32, slice_over: bool) -> Pause {
        if self.program.stuck {
            return STUCK;
        }
        let mut left = budget;
        let mut buffer = [0; LONGEST_COMMAND];
        while left > 0 {
            match self.walk_on(&mut left, slice_over) {
                Ok(None) => {}
                Ok(Some(pause)) => return pause,
                Err(stop) => return Pause::Stopped(stop),
            }
            if left == 0 {
                break;
            }
            let flow = match self.step(&mut buffer, &mut left) {
                Ok(flow) => flow,
                Err(stop) => return Pause::Stopped(stop),
            };
            match flow {
                Flow::Next => {}
                Flow::Arbitrate => {
                    if self.arbitrate(slice_over) {
                        return Pause::Arbitration;
                    }
                }
                Flow::Jump(_) | Flow::Call(_) => {
                    let changes = self.view.changes() + self.registers.changes();
                    if changes != 0 {
                        self.view.forget_changes();
                        self.registers.begin();
                        self.tally.changed = true;
                    }
                    if let Loop::ChangesNothing { arbitrated } = self.program.note_jump(changes) {
                        return Pause::Spinning { arbitrated };
                    }
                }
                Flow::Return if !self.program.running() => return Pause::Finished,
                Flow::Return => {}
                Flow::Finish => return Pause::Finished,
                Flow::Signal => return Pause::Signalled,
                Flow::Wait => {
                    if self.program.arbitration {
                        self.tally.arbitrations += 1;
                    }
                    return Pause::Waiting;
                }
                Flow::Stuck => {
                    self.program.stuck = true;
                    return STUCK;
                }
            }
        }
        Pause::Budget
    }

    fn arbitrate(&mut self, slice_over: bool) -> bool {
        if !self.program.arbitration {
            return false;
        }
        self.tally.arbitrations += 1;
        self.program.note_arbitration();
        slice_over || self.around.urgent.load(Ordering::Relaxed)
    }

    /// Executes one command, or a run of MI_NOOPs, and moves on.
    fn step(&mut self, buffer: &mut [u32; LONGEST_COMMAND], left: &mut u32) -> Result<Flow, Stop> {
        *left -= 1;
        let at = self.view.canonical(self.program.next);
        self.program.current = at;
        let unmapped = Stop::Hang {
            reason: HangReason::FetchUnmapped,
            fault_address: Some(at),
        };
        let header = if let Some((window, length)) = self.view.window(at, NOOP_RUN * 4) {
            let Some(header) = window.read_u32(0) else {
                // A mapping ends on a page, so only an unaligned batch gets here.
                return Err(unmapped);
            };
            if header == 0 {
                let noops = window.zero_dwords(0).max(1);
                debug_assert!(noops as u64 * 4 <= length);
                self.tally.commands += noops as u64;
                self.program.next = at + noops as u64 * 4;
                *left = left.saturating_sub(noops as u32 / 16);
                return Ok(Flow::Next);
            }
            header
        } else {
            self.view.fetch_supplied(at).ok_or(unmapped)?
        };
        if self.light && command::may_take_long(header) {
            *left = 0;
            return Ok(Flow::Next);
        }
        self.tally.commands += 1;
        let class = self.around.engine.id.class;
        let Some(command) = command::lookup(header, class) else {
            if command::has_client(header) || self.view.is_strict() {
                return Err(HangReason::UnknownCommand.into());
            }
            return Ok(Flow::Stuck);
        };
        let dwords = command.dwords(header);
        if !command.length_is_valid(dwords) {
            return Err(HangReason::BadLength.into());
        }
        let behind = at + dwords as u64 * 4;
        let flow = self.perform(command, header, dwords, &mut buffer[..])?;
        match flow {
            Flow::Next | Flow::Arbitrate | Flow::Signal => self.program.next = behind,
            Flow::Jump(target) => self.program.next = target,
            Flow::Call(target) => self.program.call(target, behind)?,
            Flow::Return => self.program.finish_level(),
            Flow::Finish => self.program.finish(),
            Flow::Wait | Flow::Stuck => {}
        }
        Ok(flow)
    }

    fn perform(
        &mut self,
        command: &Command,
        header: u32,
        dwords: usize,
        buffer: &mut [u32],
    ) -> Result<Flow, Stop> {
        if self.registers.predicated_off() && !flow::ignores_predicate(header) {
            return Ok(Flow::Next);
        }
        let wanted = match command.action {
            Action::Execute(_) | Action::Work(_) => dwords,
            Action::State => StateRecord::wanted(dwords),
            Action::MissingUnit => return Err(HangReason::MissingUnit.into()),
            // Its privilege may hang on what it says.
            Action::Ignore => 1 + command.privilege.dword(),
        };
        let buffer = buffer.get_mut(..wanted).ok_or(HangReason::BadLength)?;
        buffer[0] = header;
        self.fetch(self.program.current + 4, &mut buffer[1..])?;
        if !command.privilege.allows(buffer) {
            self.violate_privilege()?;
            return Ok(Flow::Next);
        }
        match command.action {
            Action::Execute(handler) | Action::Work(handler) => handler(self, buffer),
            Action::State => {
                self.state.keep(command, buffer);
                Ok(Flow::Next)
            }
            Action::Ignore | Action::MissingUnit => Ok(Flow::Next),
        }
    }

    /// Notes that the batch wanted what it may not; strict mode hangs it.
    pub(crate) fn violate_privilege(&mut self) -> Result<(), Stop> {
        self.tally.privilege_violations += 1;
        if self.view.is_strict() {
            return Err(HangReason::Privileged.into());
        }
        Ok(())
    }

    /// Reads the rest of a command, which may lie in several mappings.
    fn fetch(&mut self, mut address: u64, out: &mut [u32]) -> Result<(), Stop> {
        let mut done = 0;
        while done < out.len() {
            let at = self.view.canonical(address);
            let unmapped = Stop::Hang {
                reason: HangReason::FetchUnmapped,
                fault_address: Some(at),
            };
            let wanted = (out.len() - done) as u64 * 4;
            let Some((window, _)) = self.view.window(at, wanted) else {
                out[done] = self.view.fetch_supplied(at).ok_or(unmapped)?;
                done += 1;
                address = at + 4;
                continue;
            };
            let mut offset = 0;
            while done < out.len()
                && let Some(dword) = window.read_u32(offset)
            {
                out[done] = dword;
                done += 1;
                offset += 4;
            }
            if offset == 0 {
                return Err(unmapped);
            }
            address = at + offset as u64;
        }
        Ok(())
    }

    /// The counter of the context's own running time (CTX_TIMESTAMP).
    pub(crate) fn context_timestamp(&self) -> u32 {
        (self
            .around
            .clock
            .timestamp()
            .wrapping_add(self.context_ticks)) as u32
    }

    /// Whether the engine is to stop wherever it is; asked inside long commands.
    pub(crate) fn check_abort(&self) -> Result<(), Stop> {
        if self.around.abort.load(Ordering::Relaxed) {
            Err(Stop::Aborted)
        } else {
            Ok(())
        }
    }
}

/// A 64-bit address from its two dwords, with `low` bits cut off.
pub(crate) fn address(low_dword: u32, high_dword: u32, low: u8) -> u64 {
    (u64::from(high_dword) << 32 | u64::from(low_dword)) & !((1 << low) - 1)
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
