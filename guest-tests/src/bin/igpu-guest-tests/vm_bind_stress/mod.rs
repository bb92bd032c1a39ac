//! Address spaces under everything at once: threads bind, unbind, submit and change memory
//! that is bound, each on its own or all on one address space, while other processes that do
//! the same are killed. Then nothing may be left of any of it. On a kernel with fault
//! injection the calls' allocations fail, too.
//!
//! Lasts a few seconds, or as many as `IGPU_STRESS_SECONDS` says.

mod client;
mod faults;
mod shared;

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use virtio_igpu_context_model::Random;
use virtio_igpu_guest_tests::client::{Counters, Device};

use crate::rig::{Outcome, ensure, ensure_eq, settled_counters, vm_bind_trials, wait_until};

pub(crate) fn tests() -> Vec<Trial> {
    vm_bind_trials!("vm_bind_stress": everything_at_once)
}

/// How long it lasts if nothing else is said.
const SECONDS: u64 = 4;
/// Threads with an address space each.
const CLIENTS: u64 = 2;
/// What makes a process a victim: the seed of its random program.
const VICTIM: &str = "IGPU_STRESS_VICTIM";
/// A victim that nobody kills ends by itself after this long.
const VICTIM_LIFE: Duration = Duration::from_secs(60);

/// When it is over: at the end of its time, or when somebody has failed.
struct Clock {
    end: Instant,
    failed: AtomicBool,
}

impl Clock {
    fn new(lasts: Duration) -> Self {
        Self {
            end: Instant::now() + lasts,
            failed: AtomicBool::new(false),
        }
    }

    fn is_over(&self) -> bool {
        self.failed.load(Ordering::Relaxed) || Instant::now() >= self.end
    }

    /// Runs a part of it; the others stop when it fails.
    fn watch<T>(&self, part: impl FnOnce() -> Result<T, Failed>) -> Result<T, Failed> {
        let result = part();
        if result.is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
        result
    }
}

/// What has been done, so that nobody takes an idle run for a pass.
#[derive(Default)]
struct Done {
    binds: AtomicU64,
    unbinds: AtomicU64,
    submissions: AtomicU64,
    changes: AtomicU64,
    failures: AtomicU64,
}

impl Done {
    fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// If this process is to be a victim, does what clients do until it is killed, and then it
/// does not return true.
pub(crate) fn was_victim() -> bool {
    let Some(seed) = std::env::var(VICTIM)
        .ok()
        .and_then(|seed| seed.parse().ok())
    else {
        return false;
    };
    let (clock, done) = (Clock::new(VICTIM_LIFE), Done::default());
    let mut random = Random::new(seed);
    let mut run = || -> Outcome {
        let device = Device::open()?;
        client::with_endless_batch(&device, random.once_in(3), || {
            client::run(&clock, seed, &done)
        })
    };
    if let Err(failed) = run() {
        eprintln!("victim {seed}: {}", failed.message().unwrap_or("failed"));
    }
    true
}

/// Starts processes and kills them, one after the other.
fn kill_victims(clock: &Clock, random: &mut Random) -> Result<u64, Failed> {
    let mut killed = 0;
    while !clock.is_over() {
        let seed = random.bits();
        let mut victim = Command::new("/proc/self/exe")
            .env(VICTIM, seed.to_string())
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| format!("starting a victim: {error}"))?;
        std::thread::sleep(Duration::from_millis(100 + random.below(500)));
        let ended = victim
            .try_wait()
            .map_err(|error| format!("a victim: {error}"))?;
        ensure!(ended.is_none(), "victim {seed} ended by itself: {ended:?}");
        let wait = victim.kill().and_then(|()| victim.wait());
        wait.map_err(|error| format!("killing a victim: {error}"))?;
        killed += 1;
    }
    Ok(killed)
}

/// What has to be again what it was.
const HELD: [&str; 5] = [
    "contexts",
    "address_spaces",
    "objects",
    "submissions_unfinished",
    "userptr_bytes_pinned",
];

/// The counters of [`HELD`].
fn held() -> Result<[u64; 5], Failed> {
    let counters = Counters::read()?;
    for name in HELD {
        ensure!(counters.has(name), "there is no counter {name}");
    }
    Ok(HELD.map(|name| counters.get(name)))
}

/// Everything at once, and afterwards nothing is left.
fn everything_at_once() -> Outcome {
    let seconds = match std::env::var("IGPU_STRESS_SECONDS") {
        Ok(text) => text
            .parse()
            .map_err(|error| format!("IGPU_STRESS_SECONDS: {error}"))?,
        Err(_) => SECONDS,
    };
    settled_counters()?;
    let before = held()?;
    let clock = Clock::new(Duration::from_secs(seconds));
    let done = Done::default();
    let (clock, done) = (&clock, &done);
    let killed = std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for number in 0..CLIENTS {
            threads.push(scope.spawn(move || clock.watch(|| client::run(clock, number, done))));
        }
        threads.push(scope.spawn(move || clock.watch(|| shared::run(clock, done))));
        let killed = clock.watch(|| kill_victims(clock, &mut Random::new(seconds)));
        for thread in threads {
            thread.join().map_err(|_| "a thread panicked")??;
        }
        killed
    })?;
    let counts = [&done.binds, &done.unbinds, &done.submissions, &done.changes];
    let counts = counts.map(|count| count.load(Ordering::Relaxed));
    let failures = done.failures.load(Ordering::Relaxed);
    println!(
        "{seconds} s: {} binds, {} unbinds, {} submissions, {} changes of memory, {killed} \
         killed, {failures} calls that ran out of memory",
        counts[0], counts[1], counts[2], counts[3]
    );
    ensure!(
        killed > 0 && counts.iter().all(|count| *count > 0),
        "not everything was done"
    );
    ensure_eq!(
        faults::are_injected(),
        failures > 0,
        "whether allocations failed"
    );
    let back = wait_until("everything is given back", || {
        held().is_ok_and(|now| now == before)
    });
    if back.is_err() {
        return Err(format!("of {HELD:?} there were {before:?}, there are {:?}", held()?).into());
    }
    Ok(())
}
