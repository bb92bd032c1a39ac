//! The engine threads: each takes jobs from the scheduler, executes them and gives them
//! back. A thread that submits may do the same for an engine whose own sleeps, for a moment
//! ([`Shared::attend`]): of all threads, the one that the scheduler has given a job of the
//! engine's acts for it until it has given the job back. What is decided between two quanta
//! of a job is in [`turn`](crate::turn); what happens in one is in
//! [`execute`](crate::execute). The same, step by step and without threads, is in
//! [`deterministic`](crate::deterministic).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard, RwLock};

use crate::clock::Clock;
use crate::completion::{Completion, Outcome};
use crate::compute::Cores;
use crate::counters::{LiveCounters, count};
use crate::gpu::GpuConfig;
use crate::memory::Memory;
use crate::scheduler::{Choice, EngineSet, EngineSignals, GangKey, Job, Returned, State};
use crate::turn::{Budget, End, Turn};

/// What all threads of a GPU share.
pub(crate) struct Shared {
    pub(crate) config: GpuConfig,
    pub(crate) clock: Clock,
    /// Held for reading while commands execute.
    pub(crate) memory: Arc<RwLock<Memory>>,
    pub(crate) state: Mutex<State>,
    pub(crate) signals: Arc<[EngineSignals]>,
    pub(crate) counters: Vec<LiveCounters>,
    pub(crate) cores: Cores,
    pub(crate) stop: AtomicBool,
    /// There are no threads: whoever owns the GPU steps it.
    pub(crate) stepped: bool,
}

impl Shared {
    /// An engine thread's life.
    pub(crate) fn engine_main(&self, engine: usize) {
        let mut state = self.state.lock();
        while !self.stop.load(Ordering::Relaxed) {
            let spin = self.config.idle_spin;
            let turn = if let Some(turn) = state.take_over(engine) {
                *turn
            } else if state.is_running(engine) {
                // Somebody else acts for it, and rings when that is over.
                self.signals[engine].bell.wait(&mut state, None, spin);
                continue;
            } else {
                let now = self.clock.now();
                match state.choose(&self.config.platform, engine, now) {
                    Choice::Execute(job) => Turn::new(*job, now),
                    Choice::Sleep(until) => {
                        self.signals[engine].bell.wait(&mut state, until, spin);
                        continue;
                    }
                    Choice::Chores => {
                        state = self.do_chores(state);
                        continue;
                    }
                }
            };
            drop(state);
            let Some(after) = self.finish(engine, turn) else {
                return;
            };
            state = after;
        }
    }

    /// Executes a job until it ends, makes no progress, or has to make room; gives it back,
    /// and does what there is to do then. Nothing: the GPU is being dropped.
    fn finish(&self, engine: usize, mut turn: Turn) -> Option<MutexGuard<'_, State>> {
        let returned = loop {
            match self.go_on(engine, &mut turn, Budget::QUANTUM) {
                None => {}
                Some(End::Stopped) => return None,
                Some(End::Returned(returned)) => break returned,
            }
        };
        self.report(engine, &turn.job, &returned);
        let state = self.give_back(engine, turn.job, &returned);
        Some(self.do_chores(state))
    }

    /// Acts for the engines that were not woken though they have something to do
    /// ([`State::hold_bells`]): for the first for a moment, on this thread; what is left
    /// then, and the others, are their own threads' to do. A sink that submits when something
    /// has ended nests this, once for each engine at most: the one that has ended has its
    /// engine until that is reported.
    pub(crate) fn attend<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        engines: EngineSet,
    ) -> MutexGuard<'a, State> {
        let mut attended = false;
        for engine in engines {
            if !attended && !state.is_running(engine) {
                let platform = &self.config.platform;
                let choice = state.choose(platform, engine, self.clock.now());
                if let Choice::Execute(job) = choice {
                    drop(state);
                    state = self.begin(engine, *job);
                    attended = true;
                }
            }
            state.wake_for_rest(engine);
        }
        state
    }

    /// Executes the beginning of a job: of most it is all.
    fn begin(&self, engine: usize, job: Job) -> MutexGuard<'_, State> {
        let mut turn = Turn::new(job, self.clock.now());
        match self.go_on(engine, &mut turn, Budget::LIGHT) {
            Some(End::Returned(returned)) => {
                self.report(engine, &turn.job, &returned);
                self.give_back(engine, turn.job, &returned)
            }
            Some(End::Stopped) => self.state.lock(),
            None => {
                let mut state = self.state.lock();
                state.hand_over(engine, turn);
                state
            }
        }
    }

    /// Reports that work has ended.
    pub(crate) fn completed(&self, completion: Completion) {
        if let Some(recorder) = &self.config.recorder {
            recorder.completed(&completion);
        }
        self.config.sink.completed(completion);
    }

    /// Counts a job that has ended, and reports it unless it is one of a gang.
    pub(crate) fn report(&self, engine: usize, job: &Job, returned: &Returned) {
        let Returned::Ended(outcome) = *returned else {
            return;
        };
        let counters = &self.counters[engine];
        count(&counters.submissions, 1);
        count(&counters.hangs, u64::from(outcome == Outcome::Hung));
        let cancelled = outcome == Outcome::Cancelled;
        count(&counters.cancelled, u64::from(cancelled));
        if job.gang.is_none() {
            self.completed(Completion {
                point: job.point,
                outcome,
                busy_ns: self.busy(job).as_nanos() as u64,
                was_active: cancelled,
            });
        }
    }

    /// Gives the scheduler a job back that has been reported.
    pub(crate) fn give_back(
        &self,
        engine: usize,
        job: Job,
        returned: &Returned,
    ) -> MutexGuard<'_, State> {
        let mut state = match (returned, job.gang) {
            (&Returned::Ended(outcome), Some(gang)) => {
                self.end_member(gang, outcome, self.busy(&job))
            }
            _ => self.state.lock(),
        };
        let platform = &self.config.platform;
        state.give_back(platform, engine, job, returned, self.clock.now());
        state
    }

    /// How long a job's batch has had an engine.
    fn busy(&self, job: &Job) -> Duration {
        job.busy + self.clock.now().saturating_duration_since(job.taken)
    }

    /// Notes the end of a gang's batch; reports the gang if that was its last.
    fn end_member(&self, gang: GangKey, outcome: Outcome, busy: Duration) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        if let Some(completion) = state.end_member(gang, outcome, busy, true) {
            MutexGuard::unlocked(&mut state, || self.completed(completion));
        }
        state
    }
}
