//! The GPU without threads: whoever owns it steps it, a seed decides who is next at each
//! step and for how long, and time is virtual. Everything else is what the threads use:
//! the scheduler, what is decided between quanta, and execution.
//!
//! Each engine is where its thread would be, and a step takes one of them, or a piece of
//! what any thread might do (a bind, a cancelled batch), to the next place where threads
//! may get in between. Engines sleep and are woken as the threads are.

use std::fmt;
use std::ops::Deref;
use std::time::{Duration, Instant};

use parking_lot::MutexGuard;

use crate::chores::{Claim, claim};
use crate::clock::Clock;
use crate::engine::Shared;
use crate::gpu::{Gpu, GpuConfig};
use crate::platform::EngineId;
use crate::scheduler::{Choice, Job, Returned};
use crate::turn::{Budget, End, QUANTUM, Turn};

/// How long a step takes in which nothing is executed.
const STEP: Duration = Duration::from_nanos(50);

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// This engine executed some commands.
    Executed(EngineId),
    /// This engine took up a batch, gave one back, or went to sleep.
    Scheduled(EngineId),
    /// A bind was applied, a cancelled submission reported, or the like.
    Bookkeeping,
    /// Nobody could do anything before the time went on by so much: batches wait for
    /// memory to change, or spin.
    Waited(Duration),
    /// There is nothing to do until the next call.
    Idle,
}

/// Where an engine is.
#[derive(Debug)]
enum Place {
    /// About to ask the scheduler.
    Awake,
    /// Asleep until its bell is rung or that moment has come.
    Asleep(Option<Instant>),
    /// Executing.
    Executing(Box<Turn>),
    /// It has reported a job's end.
    Reported(Box<(Job, Returned)>),
}

/// A source of numbers that a seed decides: SplitMix64 (Steele, Lea and Flood, "Fast
/// splittable pseudorandom number generators", 2014). Recordings hang on it: it may not
/// change.
#[derive(Clone, Debug)]
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// A software GPU without threads, from [`Gpu::deterministic`]; what it can be told is in
/// [`Gpu`].
///
/// A seed decides the order in which engines, binds and reports take their turns and how
/// much each does in one; the clock is virtual and moves with what is executed, at about
/// hardware's speed. So the same seed and the same calls between the same steps give the
/// same completions in the same order, the same timestamps, and the same memory.
///
/// Nothing happens between steps, and the sink is called from inside
/// [`step`](Self::step) alone.
pub struct DeterministicGpu {
    gpu: Gpu,
    numbers: Numbers,
    engines: Vec<Place>,
    claims: Vec<Claim>,
}

impl Deref for DeterministicGpu {
    type Target = Gpu;

    fn deref(&self) -> &Gpu {
        &self.gpu
    }
}

impl fmt::Debug for DeterministicGpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeterministicGpu")
            .field("gpu", &self.gpu)
            .field("elapsed", &self.elapsed())
            .finish_non_exhaustive()
    }
}

/// Whose turn it may be.
#[derive(Clone, Copy)]
enum Candidate {
    Engine(usize),
    Claim(usize),
}

impl Gpu {
    /// Makes a GPU without threads, to be stepped; `seed` decides its interleavings.
    pub fn deterministic(config: GpuConfig, seed: u64) -> DeterministicGpu {
        let clock = Clock::stopped(config.platform.timestamp_frequency_hz);
        let engines = config.platform.engines.iter();
        DeterministicGpu {
            engines: engines.map(|_| Place::Awake).collect(),
            gpu: Self::stopped(config, clock, Some(seed)),
            numbers: Numbers(seed),
            claims: Vec::new(),
        }
    }
}

impl DeterministicGpu {
    /// Virtual time since it was made.
    pub fn elapsed(&self) -> Duration {
        self.gpu.shared.clock.elapsed()
    }

    /// Does one thing.
    pub fn step(&mut self) -> Step {
        if let Some(recorder) = &self.gpu.shared.config.recorder {
            recorder.step();
        }
        self.take_chores();
        let candidates = self.candidates();
        if candidates.is_empty() {
            return self.wait();
        }
        let chosen = candidates[self.numbers.below(candidates.len())];
        let shared = &*self.gpu.shared;
        let step = match chosen {
            Candidate::Engine(engine) => {
                let id = shared.config.platform.engines[engine].id;
                // A long quantum now and then, short ones more often.
                let shifts = QUANTUM.ilog2() as usize + 1;
                let shift = self.numbers.below(shifts).min(self.numbers.below(shifts));
                let budget = Budget::commands(1 << shift);
                let place = std::mem::replace(&mut self.engines[engine], Place::Awake);
                let executed = matches!(place, Place::Executing(_));
                self.engines[engine] = step_engine(shared, engine, place, budget);
                if executed {
                    return Step::Executed(id);
                }
                Step::Scheduled(id)
            }
            Candidate::Claim(index) => {
                let mut state = shared.state.lock();
                if !shared.go_on_with(&mut state, &self.claims[index]) {
                    self.claims.remove(index);
                }
                Step::Bookkeeping
            }
        };
        shared.clock.advance(STEP);
        step
    }

    /// Steps until there is nothing to do, or that much virtual time has passed. Whether
    /// there is nothing to do: batches that wait for memory, or spin, never come to that.
    pub fn run_until_idle(&mut self, limit: Duration) -> bool {
        let end = self.elapsed() + limit;
        loop {
            if self.step() == Step::Idle {
                return true;
            }
            if self.elapsed() >= end {
                return false;
            }
        }
    }

    /// Takes up what calls and steps have left to do.
    fn take_chores(&mut self) {
        let mut state = self.gpu.shared.state.lock();
        while let Some(chore) = state.next_chore() {
            self.claims.extend(claim(&mut state, chore));
        }
    }

    fn candidates(&self) -> Vec<Candidate> {
        let shared = &self.gpu.shared;
        let now = shared.clock.now();
        let awake = |engine: &usize| match self.engines[*engine] {
            Place::Asleep(until) => {
                shared.signals[*engine].bell.is_rung() || until.is_some_and(|until| until <= now)
            }
            _ => true,
        };
        let engines = (0..self.engines.len()).filter(awake);
        let claims = (0..self.claims.len()).map(Candidate::Claim);
        engines.map(Candidate::Engine).chain(claims).collect()
    }

    /// All sleep: it is later.
    fn wait(&self) -> Step {
        let wakes = self.engines.iter().filter_map(|place| match place {
            Place::Asleep(until) => *until,
            _ => None,
        });
        let clock = &self.gpu.shared.clock;
        let Some(first) = wakes.min() else {
            return Step::Idle;
        };
        let time = first.saturating_duration_since(clock.now());
        clock.advance(time);
        Step::Waited(time)
    }
}

/// Takes an engine to the next place where others may get in between.
fn step_engine(shared: &Shared, engine: usize, place: Place, budget: Budget) -> Place {
    match place {
        Place::Awake | Place::Asleep(_) => {
            let mut state = shared.state.lock();
            match state.choose(&shared.config.platform, engine, shared.clock.now()) {
                Choice::Execute(job) => {
                    Place::Executing(Box::new(Turn::new(*job, shared.clock.now())))
                }
                Choice::Sleep(until) => {
                    shared.signals[engine].bell.silence();
                    Place::Asleep(until)
                }
                Choice::Chores => Place::Awake,
            }
        }
        Place::Executing(mut turn) => match shared.go_on(engine, &mut turn, budget) {
            None => Place::Executing(turn),
            // Never so: nobody drops a GPU that is being stepped.
            Some(End::Stopped) => Place::Awake,
            Some(End::Returned(returned)) => {
                let job = turn.job;
                shared.report(engine, &job, &returned);
                if job.gang.is_some() {
                    drop(shared.give_back(engine, job, &returned));
                    return Place::Awake;
                }
                Place::Reported(Box::new((job, returned)))
            }
        },
        Place::Reported(ended) => {
            let (job, returned) = *ended;
            let state: MutexGuard<'_, _> = shared.give_back(engine, job, &returned);
            drop(state);
            Place::Awake
        }
    }
}
