//! A job's time on an engine: quantum after quantum, watching the time. What is decided
//! between two quanta is decided here; what happens in one is in
//! [`execute`](crate::execute).

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::completion::{HangReason, HangReport, Outcome};
use crate::compute;
use crate::counters::count;
use crate::engine::Shared;
use crate::execute::{Machine, Pause, Stop, Surroundings, Tally};
use crate::heartbeat;
use crate::page_table::Tlb;
use crate::scheduler::{Hold, Job, LifeSigns, Returned};
use crate::view::View;

/// How much a quantum may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Commands, about.
    pub(crate) commands: u32,
    /// Whether it ends before a blit.
    pub(crate) light: bool,
}

/// Commands in an engine's quantum, about: how long a bind may have to wait for a batch.
pub(crate) const QUANTUM: u32 = 512;

impl Budget {
    /// An engine's quantum.
    pub(crate) const QUANTUM: Self = Self::commands(QUANTUM);

    /// What somebody else's thread does for an engine: some microseconds' worth.
    pub(crate) const LIGHT: Self = Self {
        commands: 64,
        light: true,
    };

    /// So many commands, whichever they are.
    pub(crate) const fn commands(commands: u32) -> Self {
        let light = false;
        Self { commands, light }
    }
}

/// A blit this big counts as a sign of life, at this many bytes: the model is slower
/// than the hardware whose heartbeat it keeps.
const LIVELY_BYTES: u64 = 4096;

/// A batch that has executed for so long goes on: what could go on elsewhere is not to
/// wait for it.
const STAYING: Duration = Duration::from_millis(2);

/// What a batch sees that nothing may preempt.
static NOT_URGENT: AtomicBool = AtomicBool::new(false);

/// How long the model's own engine takes for what it does, where time is virtual: about
/// what the hardware does.
mod pace {
    /// Nanoseconds for a quantum.
    pub(super) const QUANTUM: u64 = 100;
    /// Nanoseconds for a command.
    pub(super) const COMMAND: u64 = 50;
    /// Bytes blitted in a nanosecond.
    pub(super) const BYTES_EACH_NS: u64 = 8;
    /// Kernels' instructions executed in a nanosecond.
    pub(super) const INSTRUCTIONS_EACH_NS: u64 = 8;
}

/// A job that an engine is executing.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) job: Job,
    /// When it was taken, and until when its time is accounted for.
    taken: Instant,
    now: Instant,
    /// Others of its priority wait, and its time slice is over.
    slice_over: bool,
    /// It has done something since it was taken.
    progressed: bool,
    /// What was put aside has been told to go on elsewhere.
    alone: bool,
}

impl Turn {
    pub(crate) fn new(job: Job, now: Instant) -> Self {
        Self {
            job,
            taken: now,
            now,
            slice_over: false,
            progressed: false,
            alone: false,
        }
    }
}

/// How executing a job went.
pub(crate) enum End {
    /// It is to be given back like this.
    Returned(Returned),
    /// The GPU is being dropped.
    Stopped,
}

impl Shared {
    /// Executes a quantum of a job, and decides what follows. Nothing: it goes on. If it does
    /// not, nothing of it is in execution any more.
    pub(crate) fn go_on(&self, engine: usize, turn: &mut Turn, budget: Budget) -> Option<End> {
        let end = self.next(engine, turn, budget)?;
        if let Some(walk) = &turn.job.execution.walk {
            walk.recall();
        }
        Some(end)
    }

    fn next(&self, engine: usize, turn: &mut Turn, budget: Budget) -> Option<End> {
        if self.stepped {
            // Meanwhile others may have had their turn.
            turn.now = self.clock.now();
        }
        if self.stop.load(Ordering::Relaxed) {
            return Some(End::Stopped);
        }
        let signals = &self.signals[engine];
        if turn.job.abort.load(Ordering::Relaxed) {
            if self.state.lock().is_reset(turn.job.slot) {
                return Some(self.hang(engine, &mut turn.job, HangReason::EngineReset, None));
            }
            return Some(End::Returned(Returned::Ended(Outcome::Cancelled)));
        }
        if signals.retimed.swap(false, Ordering::Relaxed) {
            turn.job.timing = self.state.lock().timing(engine);
        }
        if self.config.null {
            return Some(End::Returned(Returned::Ended(Outcome::Completed)));
        }
        let (pause, tally) = self.quantum(engine, &mut turn.job, budget, turn.slice_over);
        self.decide(engine, turn, pause, &tally)
    }

    /// What follows from a quantum.
    fn decide(&self, engine: usize, turn: &mut Turn, pause: Pause, tally: &Tally) -> Option<End> {
        let signals = &self.signals[engine];
        let now = self.clock.now();
        let began = std::mem::replace(&mut turn.now, now);
        let job = &mut turn.job;
        job.execution.run_time += now - began;
        self.account(engine, job, tally, now - began);
        let preemptible = job.gang.is_none();
        if tally.alive {
            job.life.last_sign = now;
        }
        if let Some(walk) = &mut job.execution.walk {
            // It may be preempted when it should not: what counts is how long it executes. While
            // others have its groups in hand and have not said yet how they are, nobody knows.
            if tally.alive {
                walk.silent = Duration::ZERO;
            } else if tally.instructions > 0 {
                walk.silent += now - began;
            }
            job.life.last_sign = now.checked_sub(walk.silent).unwrap_or(now);
        }
        if tally.arbitrations > 0 && preemptible {
            job.life = LifeSigns::new(now);
            signals.pulse.store(false, Ordering::Relaxed);
        } else if tally.bytes_blitted >= LIVELY_BYTES {
            job.life.last_sign = now;
        }
        turn.progressed |= tally.changed
            || tally.instructions > 0
            || tally.bytes_blitted > 0
            || pause == Pause::Budget;
        turn.progressed |= pause == Pause::Waiting && tally.commands > 1;

        let contended = preemptible && signals.contended.load(Ordering::Relaxed);
        let timeslice = job.timing.timeslice;
        let ran = now - turn.taken;
        turn.slice_over = contended && !timeslice.is_zero() && ran >= timeslice;
        let stalled = matches!(pause, Pause::Waiting | Pause::Spinning { .. });
        let wanted = preemptible
            && (signals.urgent.load(Ordering::Relaxed) || signals.pulse.load(Ordering::Relaxed))
            || contended && (stalled || turn.slice_over) && !timeslice.is_zero();
        let hold = match pause {
            Pause::Budget | Pause::Signalled => {
                if pause == Pause::Signalled {
                    self.state.lock().signal_semaphores();
                }
                if !turn.alone && ran >= STAYING {
                    turn.alone = true;
                    self.state.lock().release_parked(engine);
                }
                let reason = self.overdue(engine, job, wanted, now)?;
                return Some(self.hang(engine, job, reason, None));
            }
            Pause::Finished => {
                return Some(End::Returned(Returned::Ended(Outcome::Completed)));
            }
            Pause::Arbitration => {
                count(&self.counters[engine].preemptions, 1);
                return Some(End::Returned(Returned::Yielded));
            }
            Pause::Stopped(Stop::Hang {
                reason,
                fault_address,
            }) => {
                return Some(self.hang(engine, job, reason, fault_address));
            }
            // Seen by the next round's checks.
            Pause::Stopped(Stop::Aborted) => return None,
            Pause::Waiting | Pause::Spinning { .. } if !preemptible => Hold::Exclusive,
            Pause::Waiting if job.execution.program.arbitration => Hold::No,
            Pause::Spinning { arbitrated: true } => Hold::Preemptible,
            Pause::Waiting | Pause::Spinning { arbitrated: false } => Hold::Exclusive,
        };
        count(&self.counters[engine].polls, 1);
        if hold == Hold::Exclusive
            && let Some(reason) = self.overdue(engine, job, wanted, now)
        {
            return Some(self.hang(engine, job, reason, None));
        }
        let progressed = turn.progressed;
        Some(End::Returned(Returned::Parked {
            hold,
            at_semaphore: pause == Pause::Waiting,
            progressed,
        }))
    }

    /// Executes a few commands under the locks that keep memory and mappings still.
    fn quantum(
        &self,
        engine: usize,
        job: &mut Job,
        budget: Budget,
        slice_over: bool,
    ) -> (Pause, Tally) {
        if let Some(walk) = &job.execution.walk {
            walk.wait_for_others();
        }
        let memory = self.memory.read();
        let platform = &self.config.platform;
        let execution = &mut *job.execution;
        let run_ticks = self.clock.ticks(execution.run_time);
        let mut machine = Machine {
            view: View::new(
                &job.tables,
                &mut execution.tlb,
                &memory,
                platform.address_mask(),
                self.config.strict,
            ),
            space: &job.tables,
            memory: &self.memory,
            cores: &self.cores,
            walk: &mut execution.walk,
            registers: &mut execution.registers,
            state: &mut execution.state,
            program: &mut execution.program,
            around: Surroundings {
                platform,
                engine: &platform.engines[engine],
                clock: &self.clock,
                urgent: match job.gang {
                    None => &self.signals[engine].urgent,
                    Some(_) => &NOT_URGENT,
                },
                abort: &job.abort,
            },
            tally: Tally::default(),
            light: budget.light,
            context_ticks: run_ticks.wrapping_sub(self.clock.read_timestamp()),
        };
        let pause = machine.run(budget.commands, slice_over);
        let tally = machine.tally;
        if self.stepped {
            let blits = tally.bytes_blitted / pace::BYTES_EACH_NS
                + tally.instructions / pace::INSTRUCTIONS_EACH_NS;
            let commands = tally.commands * pace::COMMAND;
            let time = pace::QUANTUM + commands + blits;
            self.clock.advance(Duration::from_nanos(time));
        }
        (pause, tally)
    }

    fn account(&self, engine: usize, job: &Job, tally: &Tally, time: Duration) {
        let counters = &self.counters[engine];
        count(&counters.busy_ns, time.as_nanos() as u64);
        count(&counters.commands, tally.commands);
        let rare = [
            (
                &counters.dropped_register_writes,
                tally.dropped_register_writes,
            ),
            (&counters.privilege_violations, tally.privilege_violations),
            (&counters.faults, tally.faults),
            (&counters.bytes_blitted, tally.bytes_blitted),
            (&counters.interrupts, tally.interrupts),
            (&counters.kernels, tally.kernels),
            (&counters.thread_groups, tally.groups),
            (&counters.eu_threads, tally.eu_threads),
            (&counters.eu_instructions, tally.instructions),
        ];
        for (counter, amount) in rare {
            if amount > 0 {
                count(counter, amount);
            }
        }
        for _ in 0..tally.user_interrupts {
            self.config.sink.user_interrupt(job.context, job.index);
        }
    }

    /// Whether a batch that passes no arbitration point has done so for too long.
    fn overdue(
        &self,
        engine: usize,
        job: &mut Job,
        wanted: bool,
        now: Instant,
    ) -> Option<HangReason> {
        let timing = job.timing;
        if wanted {
            let since = *job.life.wanted_since.get_or_insert(now);
            let waited = now.saturating_duration_since(since);
            if !timing.preempt_timeout.is_zero() && waited > timing.preempt_timeout {
                return Some(HangReason::PreemptTimeout);
            }
        } else {
            job.life.wanted_since = None;
        }
        let usual = self.config.platform.engines[engine].timing.heartbeat;
        let priority = job.gang.is_none().then_some(job.priority);
        let patience = heartbeat::patience(timing, usual, priority)?;
        let silence = now.saturating_duration_since(job.life.last_sign);
        (silence > patience).then_some(HangReason::HeartbeatTimeout)
    }

    fn hang(
        &self,
        engine: usize,
        job: &mut Job,
        reason: HangReason,
        fault_address: Option<u64>,
    ) -> End {
        // Whatever it was found by.
        let reason = if job.execution.program.stuck {
            HangReason::UnknownCommand
        } else {
            reason
        };
        let kernel = match reason {
            HangReason::Kernel(fault) => Some(fault.place),
            _ => job.execution.walk.as_ref().and_then(|walk| {
                walk.recall();
                walk.place()
            }),
        };
        let mut code = Vec::new();
        let address = job.execution.program.current;
        let before = (HangReport::WINDOW as u64 / 2) * 4;
        let dwords_address = address.saturating_sub(before);
        let mut dwords = Vec::with_capacity(HangReport::WINDOW);
        let mut dword = 0;
        {
            let memory = self.memory.read();
            let mask = self.config.platform.address_mask();
            let mut tlb = Tlb::default();
            let mut view = View::new(&job.tables, &mut tlb, &memory, mask, true);
            for number in 0..HangReport::WINDOW as u64 {
                let at = dwords_address + number * 4;
                let value = view.read_u32(at).unwrap_or(0);
                if at == address {
                    dword = value;
                }
                dwords.push(value);
            }
            if let Some(place) = &kernel {
                code = compute::report::code(&mut view, place);
            }
        }
        self.config.sink.hung(HangReport {
            context: job.context,
            slot: job.index,
            engine: self.config.platform.engines[engine].id,
            point: job.point,
            reason,
            batch: job.batch,
            address,
            dword,
            fault_address,
            dwords_address,
            dwords,
            kernel,
            code,
            registers: job.execution.hung_registers(reason),
            state: job
                .execution
                .state
                .commands()
                .map(<[u32]>::to_vec)
                .collect(),
            state_lost: job.execution.state.lost(),
        });
        End::Returned(Returned::Ended(Outcome::Hung))
    }
}
