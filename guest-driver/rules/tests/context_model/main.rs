// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Random programs of several threads on one file's contexts: every answer must be one that
//! the reference model of i915's contexts gives in some order of the calls.
//!
//! shuttle decides at every lock which thread goes on, from a seed. A failure names the
//! program's seed; `IGPU_MODEL_SEED` runs that program alone, with many schedules, and
//! `IGPU_MODEL_PROGRAMS` sets how many programs are run.

#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

#[path = "../common/mod.rs"]
mod common;
mod file;
mod user;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use common::{platform, ENGINES};
use file::{Counts, File, Mistake};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{thread, Config, FailurePersistence, Runner};
use virtio_igpu_context_model::{
    explain, Answer, Call, Clock, Errno, Event, Platform, Program, Random, Shape,
};
use virtio_igpu_rules::platform::PlatformFacts;

/// Up to twelve calls at once: what orders there are to be looked through grows fast.
const SHAPE: Shape = Shape {
    threads: 3,
    calls: 4,
    failures: true,
};

/// Programs that a run of the tests tries, each with a few schedules.
const PROGRAMS: u64 = 12_000;

/// What a program runs on.
#[derive(Clone)]
struct Setting {
    facts: PlatformFacts,
    hangcheck: bool,
}

impl Setting {
    fn of(program: &Program) -> Self {
        let mut random = Random::new(!program.seed);
        Self {
            facts: platform(if random.once_in(2) { 11 } else { 12 }),
            hangcheck: !random.once_in(4),
        }
    }

    fn model(&self) -> Platform {
        let gen11 = self.facts.graphics_version == 11;
        Platform {
            graphics_version: self.facts.graphics_version,
            hangcheck: self.hangcheck,
            engines: ENGINES.to_vec(),
            address_space: 1 << 48,
            subslices: if gen11 { 0xff } else { 0x3f },
            units: if gen11 { 8 } else { 16 },
        }
    }
}

/// What a run of a program came to.
struct Observed {
    events: Vec<Event>,
    /// Address spaces and contexts that were left when the file was closed.
    left: (usize, usize),
    published: usize,
}

/// The file behind the descriptor, if it is open. A call that found it open holds it.
type Descriptor = shuttle::sync::Mutex<Option<Arc<File>>>;

fn enter(
    descriptor: &Descriptor,
    caller: virtio_igpu_context_model::Caller,
    call: &Call,
) -> Answer {
    let file = descriptor.lock().unwrap().clone();
    let Some(file) = file else {
        return Answer::Failed(Errno::EBADF);
    };
    if *call == Call::Close {
        let closed = descriptor.lock().unwrap().take();
        return if closed.is_some() {
            Answer::Done
        } else {
            Answer::Failed(Errno::EBADF)
        };
    }
    file.call(caller, call)
}

/// Runs a program once, on the schedule that is being tried.
fn run_once(program: &Arc<Program>, setting: &Setting, mistake: Mistake) -> Observed {
    let counts = Arc::new(Counts::default());
    let file = File::open(&setting.facts, setting.hangcheck, mistake, &counts);
    let descriptor = Arc::new(Descriptor::new(Some(Arc::new(file))));
    let clock = Arc::new(Clock::default());
    let main = program.threads.len();
    let alone = |calls: &[Call]| {
        let event = |call| {
            clock.event(main, Program::ROOT, call, |call| {
                enter(&descriptor, Program::ROOT, call)
            })
        };
        calls.iter().map(event).collect::<Vec<_>>()
    };
    let mut events = alone(&program.prologue);
    let threads: Vec<_> = (0..main)
        .map(|index| {
            let (program, descriptor, clock) = (program.clone(), descriptor.clone(), clock.clone());
            thread::spawn(move || {
                let (caller, calls) = &program.threads[index];
                let event = |call| {
                    clock.event(index, *caller, call, |call| {
                        enter(&descriptor, *caller, call)
                    })
                };
                calls.iter().map(event).collect::<Vec<_>>()
            })
        })
        .collect();
    for thread in threads {
        events.extend(thread.join().unwrap());
    }
    events.extend(alone(&program.epilogue));
    drop(descriptor.lock().unwrap().take());
    Observed {
        events,
        left: counts.left(),
        published: counts.published.load(Ordering::Relaxed),
    }
}

/// Runs a program on schedules of this scheduler's choice.
fn run(
    program: &Arc<Program>,
    setting: &Setting,
    mistake: Mistake,
    scheduler: impl Scheduler + 'static,
) -> Vec<Observed> {
    let runs = Arc::new(Mutex::new(Vec::new()));
    let mut config = Config::new();
    // The program and a seed are enough to repeat it.
    config.failure_persistence = FailurePersistence::None;
    let results = runs.clone();
    let (program, setting) = (program.clone(), setting.clone());
    Runner::new(scheduler, config).run(move || {
        let observed = run_once(&program, &setting, mistake);
        results.lock().unwrap().push(observed);
    });
    Arc::into_inner(runs).unwrap().into_inner().unwrap()
}

/// What is wrong with what was observed.
fn judge(setting: &Setting, observed: &Observed) -> Result<(), String> {
    let file = explain(&setting.model(), &observed.events).map_err(|error| error.to_string())?;
    // There may be fewer: where a call found nothing, the order may have it find what was
    // destroyed in between.
    let (built, published) = (file.contexts_built(), observed.published);
    if published > built {
        return Err(format!(
            "{published} contexts were built, at most {built} wanted"
        ));
    }
    if observed.left != (0, 0) {
        return Err(format!(
            "address spaces, contexts left: {:?}",
            observed.left
        ));
    }
    Ok(())
}

/// Runs a program on a few schedules, and judges each.
fn try_program(seed: u64, mistake: Mistake, schedules: usize) -> Result<(), String> {
    let program = Arc::new(Program::new(seed, &SHAPE));
    let setting = Setting::of(&program);
    let mut observed = run(
        &program,
        &setting,
        mistake,
        RandomScheduler::new_from_seed(seed, schedules),
    );
    // Few changes of threads, at the right places, are what bugs that need them need.
    observed.extend(run(
        &program,
        &setting,
        mistake,
        PctScheduler::new_from_seed(seed, 3, schedules),
    ));
    observed.iter().try_for_each(|observed| {
        judge(&setting, observed).map_err(|wrong| {
            let version = setting.facts.graphics_version;
            let hangcheck = setting.hangcheck;
            format!("{program}on Gen{version}, hangcheck {hangcheck}: {wrong}")
        })
    })
}

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let number = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    Some(number.unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

#[test]
fn threads_see_what_the_model_answers() {
    if let Some(seed) = from_environment("IGPU_MODEL_SEED") {
        try_program(seed, Mistake::None, 1000).unwrap_or_else(|wrong| panic!("{wrong}"));
        return;
    }
    let programs = from_environment("IGPU_MODEL_PROGRAMS").unwrap_or(PROGRAMS);
    for seed in 0..programs {
        try_program(seed, Mistake::None, 2).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
}

/// The check finds what the guarantees of the table are there against.
#[test]
fn mistakes_are_noticed() {
    for mistake in [
        Mistake::BuildsUnlocked,
        Mistake::LooksUpAgain,
        Mistake::LosesOnFailure,
        Mistake::GetsWithoutUse,
    ] {
        let noticed = (0..PROGRAMS).find(|seed| try_program(*seed, mistake, 2).is_err());
        println!("{mistake:?}: noticed by program {noticed:?}");
        assert!(noticed.is_some(), "{mistake:?} goes unnoticed");
    }
}
