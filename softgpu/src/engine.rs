//! The engine threads: each takes jobs from the scheduler and executes them quantum
//! by quantum, watching the time. What is decided between two quanta is decided
//! here; what happens in one is in [`execute`](crate::execute).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard, RwLock};

use crate::clock::Clock;
use crate::completion::{Completion, HangReason, HangReport, Outcome};
use crate::counters::{LiveCounters, count};
use crate::execute::{Machine, Pause, Stop, Surroundings, Tally};
use crate::gpu::GpuConfig;
use crate::heartbeat;
use crate::memory::Memory;
use crate::page_table::{TableFull, Tlb};
use crate::scheduler::{
    Choice, Chore, EngineSignals, GangKey, Hold, Job, LifeSigns, Returned, State, TableChange,
};
use crate::view::View;

/// Commands in a quantum, about: how long a bind may have to wait for a batch.
const QUANTUM: u32 = 512;

/// A blit this big counts as a sign of life, at this many bytes: the model is slower
/// than the hardware whose heartbeat it keeps.
const LIVELY_BYTES: u64 = 4096;

/// A batch that has executed for so long goes on: what could go on elsewhere is not to
/// wait for it.
const STAYING: Duration = Duration::from_millis(2);

/// What a batch sees that nothing may preempt.
static NOT_URGENT: AtomicBool = AtomicBool::new(false);

/// What all threads of a GPU share.
pub(crate) struct Shared {
    pub(crate) config: GpuConfig,
    pub(crate) clock: Clock,
    /// Held for reading while commands execute.
    pub(crate) memory: RwLock<Memory>,
    pub(crate) state: Mutex<State>,
    pub(crate) signals: Arc<[EngineSignals]>,
    pub(crate) counters: Vec<LiveCounters>,
    pub(crate) stop: AtomicBool,
}

/// How executing a job went.
enum End {
    /// It is to be given back like this.
    Returned(Returned),
    /// The GPU is being dropped.
    Stopped,
}

impl Shared {
    /// An engine thread's life.
    pub(crate) fn engine_main(&self, engine: usize) {
        let mut state = self.state.lock();
        while !self.stop.load(Ordering::Relaxed) {
            let job = match state.choose(&self.config.platform, engine, Instant::now()) {
                Choice::Execute(job) => job,
                Choice::Sleep(None) => {
                    self.signals[engine].wake.wait(&mut state);
                    continue;
                }
                Choice::Sleep(Some(until)) => {
                    self.signals[engine].wake.wait_until(&mut state, until);
                    continue;
                }
                Choice::Chores => {
                    state = self.do_chores(state);
                    continue;
                }
            };
            drop(state);
            let mut job = *job;
            let End::Returned(returned) = self.execute(engine, &mut job) else {
                return;
            };
            if let Returned::Ended(outcome) = returned {
                let counters = &self.counters[engine];
                count(&counters.submissions, 1);
                count(&counters.hangs, u64::from(outcome == Outcome::Hung));
                count(
                    &counters.cancelled,
                    u64::from(outcome == Outcome::Cancelled),
                );
                let busy = job.busy + job.taken.elapsed();
                state = match job.gang {
                    Some(gang) => self.end_member(gang, outcome, busy),
                    None => {
                        self.config.sink.completed(Completion {
                            point: job.point,
                            outcome,
                            busy_ns: busy.as_nanos() as u64,
                            was_active: outcome == Outcome::Cancelled,
                        });
                        self.state.lock()
                    }
                };
            } else {
                state = self.state.lock();
            }
            let platform = &self.config.platform;
            state.give_back(platform, engine, job, &returned, Instant::now());
            state = self.do_chores(state);
        }
    }

    /// Notes the end of a gang's batch; reports the gang if that was its last.
    fn end_member(&self, gang: GangKey, outcome: Outcome, busy: Duration) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        if let Some(completion) = state.end_member(gang, outcome, busy, true) {
            MutexGuard::unlocked(&mut state, || self.config.sink.completed(completion));
        }
        state
    }

    /// Does what the scheduler wants done without its lock, until there is nothing.
    pub(crate) fn do_chores<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
    ) -> MutexGuard<'a, State> {
        while !self.stop.load(Ordering::Relaxed)
            && let Some(chore) = state.next_chore()
        {
            match chore {
                Chore::Cancel(slot) if state.claim_slot(slot) => {
                    while let Some((completion, reported)) =
                        state.next_cancelled(&self.config.platform, slot)
                    {
                        MutexGuard::unlocked(&mut state, || {
                            self.config.sink.completed(completion);
                        });
                        state.reported_cancelled(reported);
                    }
                }
                Chore::Cancel(_) => {}
                Chore::Bind(space) => {
                    let Some(tables) = state.claim_space(space) else {
                        continue;
                    };
                    while let Some((point, moment, change)) = state.next_bind(space) {
                        let extents = change.as_ref().map_or(0, |change| change.backings.len());
                        let applied = change.is_some();
                        MutexGuard::unlocked(&mut state, || {
                            let outcome = apply(&tables, change);
                            let completion = Completion::without_engine(point, outcome);
                            self.config.sink.completed(completion);
                        });
                        state.binds += u64::from(applied);
                        state.extents_bound += extents as u64;
                        state.reported(moment);
                    }
                }
            }
        }
        state
    }

    /// Executes a job until it ends, makes no progress, or has to make room.
    fn execute(&self, engine: usize, job: &mut Job) -> End {
        let signals = &self.signals[engine];
        let taken = Instant::now();
        let mut now = taken;
        let mut slice_over = false;
        let mut progressed = false;
        let mut alone = false;
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return End::Stopped;
            }
            if job.abort.load(Ordering::Relaxed) {
                if self.state.lock().is_reset(job.slot) {
                    return self.hang(engine, job, HangReason::EngineReset, None);
                }
                return End::Returned(Returned::Ended(Outcome::Cancelled));
            }
            if signals.retimed.swap(false, Ordering::Relaxed) {
                job.timing = self.state.lock().timing(engine);
            }
            let (pause, tally) = self.quantum(engine, job, slice_over);
            let began = std::mem::replace(&mut now, Instant::now());
            job.execution.run_time += now - began;
            self.account(engine, job, &tally, now - began);
            let preemptible = job.gang.is_none();
            if tally.arbitrations > 0 && preemptible {
                job.life = LifeSigns::new(now);
                signals.pulse.store(false, Ordering::Relaxed);
            } else if tally.bytes_blitted >= LIVELY_BYTES {
                job.life.last_sign = now;
            }
            progressed |= tally.changed || tally.bytes_blitted > 0 || pause == Pause::Budget;
            progressed |= pause == Pause::Waiting && tally.commands > 1;

            let contended = preemptible && signals.contended.load(Ordering::Relaxed);
            let timeslice = job.timing.timeslice;
            slice_over = contended && !timeslice.is_zero() && now - taken >= timeslice;
            let stalled = matches!(pause, Pause::Waiting | Pause::Spinning { .. });
            let wanted = preemptible
                && (signals.urgent.load(Ordering::Relaxed)
                    || signals.pulse.load(Ordering::Relaxed))
                || contended && (stalled || slice_over) && !timeslice.is_zero();
            let hold = match pause {
                Pause::Budget => {
                    if !alone && now - taken >= STAYING {
                        alone = true;
                        self.state.lock().release_parked(engine);
                    }
                    if let Some(reason) = self.overdue(engine, job, wanted, now) {
                        return self.hang(engine, job, reason, None);
                    }
                    continue;
                }
                Pause::Finished => return End::Returned(Returned::Ended(Outcome::Completed)),
                Pause::Arbitration => {
                    count(&self.counters[engine].preemptions, 1);
                    return End::Returned(Returned::Yielded);
                }
                Pause::Stopped(Stop::Hang {
                    reason,
                    fault_address,
                }) => {
                    return self.hang(engine, job, reason, fault_address);
                }
                // Seen by the next round's checks.
                Pause::Stopped(Stop::Aborted) => continue,
                Pause::Waiting | Pause::Spinning { .. } if !preemptible => Hold::Exclusive,
                Pause::Waiting if job.execution.program.arbitration => Hold::No,
                Pause::Spinning { arbitrated: true } => Hold::Preemptible,
                Pause::Waiting | Pause::Spinning { arbitrated: false } => Hold::Exclusive,
            };
            count(&self.counters[engine].polls, 1);
            if hold == Hold::Exclusive
                && let Some(reason) = self.overdue(engine, job, wanted, now)
            {
                return self.hang(engine, job, reason, None);
            }
            return End::Returned(Returned::Parked { hold, progressed });
        }
    }

    /// Executes a few commands under the locks that keep memory and mappings still.
    fn quantum(&self, engine: usize, job: &mut Job, slice_over: bool) -> (Pause, Tally) {
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
            registers: &mut execution.registers,
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
            context_ticks: run_ticks.wrapping_sub(self.clock.timestamp()),
        };
        let pause = machine.run(QUANTUM, slice_over);
        (pause, machine.tally)
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
            (&counters.faults, tally.faults),
            (&counters.bytes_blitted, tally.bytes_blitted),
            (&counters.interrupts, tally.interrupts),
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
        });
        End::Returned(Returned::Ended(Outcome::Hung))
    }
}

/// Does what a bind says; none: it was cancelled.
fn apply(tables: &crate::page_table::AddressSpace, change: Option<TableChange>) -> Outcome {
    let Some(TableChange {
        start,
        length,
        backings,
    }) = change
    else {
        return Outcome::Cancelled;
    };
    let result = tables.update(|table| {
        if backings.is_empty() {
            table.unmap(start, start + length)
        } else {
            table.map(start, backings.into_iter())
        }
    });
    match result {
        Ok(()) => Outcome::Completed,
        Err(TableFull) => Outcome::OutOfSpace,
    }
}
