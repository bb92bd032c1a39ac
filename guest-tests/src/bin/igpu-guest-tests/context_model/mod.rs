//! Random programs of several threads on the contexts of one file or two: every answer
//! must be one that the reference model of i915's contexts gives in some order of the
//! calls. The rules that are encoded there are those of `gem/i915_gem_context.c`.
//!
//! A failure names the seeds of the programs. `IGPU_MODEL_SEED` runs that pair again, many
//! times since threads never meet twice alike, and `IGPU_MODEL_PROGRAMS` sets how many
//! pairs are run.

mod calls;

use std::sync::{Arc, Barrier, Mutex, PoisonError};

use libtest_mimic::{Failed, Trial};
use virtio_igpu_context_model::{Call, Clock, Event, Platform, Program, Shape, explain};
use virtio_igpu_guest_tests::client::{Context, Device};
use virtio_igpu_guest_tests::sys::process::use_capabilities;

use crate::rig::{Outcome, ensure, ensure_eq, settled_counters, trials};
use calls::Client;

pub(crate) fn tests() -> Vec<Trial> {
    trials!("context_model":
        threads_see_what_the_model_answers, racing_first_uses_build_one_context,
    )
}

/// Up to twelve calls at once: what orders there are to be looked through grows fast.
const SHAPE: Shape = Shape {
    threads: THREADS as u64,
    calls: 4,
    failures: false,
};
const THREADS: usize = 3;

/// Pairs of programs that the test runs.
const PAIRS: u64 = 400;
/// How often a chosen pair is run.
const REPEATS: u64 = 500;

/// Programs that run at once, each on a file of its own.
struct Pair {
    programs: Vec<Program>,
    clients: Vec<Client>,
    clock: Clock,
    /// Of each file.
    events: Vec<Mutex<Vec<Event>>>,
}

impl Pair {
    /// Every other pair is of one program.
    fn of(seed: u64) -> Result<Self, Failed> {
        let count = 1 + seed % 2;
        let seeds = (0..count).map(|index| seed << 1 | index);
        let programs: Vec<_> = seeds.map(|seed| Program::new(seed, &SHAPE)).collect();
        let clients: Result<_, _> = programs.iter().map(|_| Client::open()).collect();
        Ok(Self {
            clients: clients?,
            clock: Clock::default(),
            events: programs.iter().map(|_| Mutex::default()).collect(),
            programs,
        })
    }

    /// Makes calls on a file and notes them.
    fn make<'c>(&self, file: usize, thread: usize, calls: impl IntoIterator<Item = &'c Call>) {
        let client = &self.clients[file];
        let threads = &self.programs[file].threads;
        let caller = threads
            .get(thread)
            .map_or(Program::ROOT, |(caller, _)| *caller);
        let events: Vec<Event> = calls
            .into_iter()
            .map(|call| {
                self.clock
                    .event(thread, caller, call, |call| client.call(call))
            })
            .collect();
        let all = self.events[file].lock();
        all.unwrap_or_else(PoisonError::into_inner).extend(events);
    }

    /// What one of the threads does: calls of both programs by turns.
    fn run(&self, thread: usize) -> Result<(), nix::errno::Errno> {
        let calls = |file: usize| {
            let threads = &self.programs[file].threads;
            threads.get(thread).map_or(&[][..], |(_, calls)| calls)
        };
        let caller = |file: usize| self.programs[file].threads.get(thread);
        for turn in 0..SHAPE.calls as usize + 1 {
            for file in 0..self.programs.len() {
                let Some(call) = calls(file).get(turn) else {
                    continue;
                };
                use_capabilities(caller(file).is_none_or(|(caller, _)| caller.privileged))?;
                self.make(file, thread, [call]);
            }
        }
        use_capabilities(true)
    }

    /// Whether what was seen can be explained.
    fn judge(&self, platform: &Platform) -> Outcome {
        for (program, events) in self.programs.iter().zip(&self.events) {
            let events = events.lock().unwrap_or_else(PoisonError::into_inner);
            explain(platform, &events).map_err(|error| format!("{program}{error}"))?;
        }
        Ok(())
    }
}

/// Threads that run pairs of programs, one pair after the other.
struct Crew {
    pair: Mutex<Option<Arc<Pair>>>,
    begin: Barrier,
    end: Barrier,
}

impl Crew {
    fn new() -> Self {
        Self {
            pair: Mutex::new(None),
            begin: Barrier::new(THREADS + 1),
            end: Barrier::new(THREADS + 1),
        }
    }

    fn set(&self, pair: Option<Arc<Pair>>) {
        *self.pair.lock().unwrap_or_else(PoisonError::into_inner) = pair;
    }

    fn get(&self) -> Option<Arc<Pair>> {
        let pair = self.pair.lock();
        pair.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What each thread of the crew does.
    fn work(&self, thread: usize) -> Result<(), nix::errno::Errno> {
        let mut result = Ok(());
        loop {
            self.begin.wait();
            let Some(pair) = self.get() else {
                return result;
            };
            // The others wait for this one in any case.
            result = result.and(pair.run(thread));
            drop(pair);
            self.end.wait();
        }
    }

    /// Runs a pair and judges it.
    fn run(&self, seed: u64, platform: &Platform) -> Outcome {
        let pair = Arc::new(Pair::of(seed)?);
        for (file, program) in pair.programs.iter().enumerate() {
            pair.make(file, THREADS, &program.prologue);
        }
        self.set(Some(pair.clone()));
        self.begin.wait();
        self.end.wait();
        for (file, program) in pair.programs.iter().enumerate() {
            pair.make(file, THREADS, &program.epilogue);
        }
        pair.judge(platform).map_err(|error| {
            let text = error.message().unwrap_or("unexplained");
            format!("IGPU_MODEL_SEED={seed}: {text}").into()
        })
    }
}

fn from_environment(name: &str) -> Result<Option<u64>, Failed> {
    match std::env::var(name) {
        Ok(text) => match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(error) => Err(format!("{name}={text}: {error}").into()),
        },
        Err(_) => Ok(None),
    }
}

/// The answers of threads that use, change, destroy and close the same contexts.
fn threads_see_what_the_model_answers() -> Outcome {
    let platform = calls::platform()?;
    let seeds: Vec<u64> = match from_environment("IGPU_MODEL_SEED")? {
        Some(seed) => vec![seed; REPEATS as usize],
        None => (0..from_environment("IGPU_MODEL_PROGRAMS")?.unwrap_or(PAIRS)).collect(),
    };
    let crew = Crew::new();
    std::thread::scope(|scope| {
        let crew = &crew;
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || crew.work(thread)))
            .collect();
        let outcome = seeds.iter().try_for_each(|seed| crew.run(*seed, &platform));
        crew.set(None);
        crew.begin.wait();
        for thread in threads {
            match thread.join() {
                Ok(result) => result.map_err(|errno| format!("capabilities: {errno}"))?,
                Err(_) => return Err("a thread panicked".into()),
            }
        }
        outcome
    })
}

/// `i915_gem_context_lookup`: however many threads use a context first, it is built once.
/// The device is told no more than when one thread does.
fn racing_first_uses_build_one_context() -> Outcome {
    const ROUNDS: u64 = 100;
    let device = Device::open()?;
    let mut costs = Vec::new();
    for racing in [1, 4] {
        let before = settled_counters()?;
        for _ in 0..ROUNDS {
            let context = Context::create(&device)?;
            let begin = Barrier::new(racing);
            std::thread::scope(|scope| {
                let first_use = || {
                    begin.wait();
                    context.reset_stats()
                };
                let threads: Vec<_> = (0..racing).map(|_| scope.spawn(first_use)).collect();
                threads.into_iter().try_for_each(|thread| {
                    let stats = thread.join().map_err(|_| "a thread panicked")?;
                    stats.map(drop).map_err(Failed::from)
                })
            })?;
            context.destroy()?;
        }
        costs.push(settled_counters()?.since(&before).sum("commands_"));
    }
    ensure!(costs[0] > 0, "a first use costs no message");
    ensure_eq!(costs[0] % ROUNDS, 0, "messages of {ROUNDS} contexts");
    ensure_eq!(costs[1], costs[0], "messages when four threads race");
    Ok(())
}
