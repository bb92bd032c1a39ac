// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What the device costs without a guest: the daemon driven over vhost-user by the tests'
//! frontend, beside an eventfd ping-pong of two threads. What is compared is measured in
//! turn, round by round, so that whatever else the machine does falls on both. Then the same
//! with a neighbour that asks for as much as it can ([`neighbour`]).
//!
//! This side has the first core for itself, as a guest's processor would; the daemon, and
//! the other thread of the ping-pong, have the others.
//!
//! `cargo bench -p vhost-device --bench figures` prints JSON; `cargo xtask bench --no-guest`
//! makes a table of it. With VIRTIO_IGPU_BENCH_DAEMON, more words for the daemon, one a line, it
//! executes on something else than the software GPU, and there are no neighbours.

#![allow(
    clippy::unwrap_used,
    reason = "a bench says what went wrong by where it fails"
)]

#[path = "../tests/frontend/mod.rs"]
mod frontend;
#[path = "figures/neighbour.rs"]
mod neighbour;

use std::fs;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use frontend::daemon::Daemon;
use frontend::gpu::{BATCH_END, SUBMIT_REPLY, submit};
use frontend::{Guest, OBJECTS, Ticket, encode, status};
use neighbour::{Burden, Flood, Hostile};
use protocol::{Queue, ReadRegister, ReadRegisterReply, Status};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde_json::{Value, json};
use virtio_igpu_protocol as protocol;
use vm_memory::{Bytes, GuestAddress};
use vmm_sys_util::epoll::{ControlOperation, Epoll, EpollEvent, EventSet};
use vmm_sys_util::eventfd::EventFd;
use zerocopy::little_endian::U32;

const ROUNDS: usize = 20;
/// Round trips of a round, back to back.
const TRIPS: usize = 200;
/// Those that begin when the device has gone to sleep, and how long it is given for that.
const LONE_TRIPS: usize = 15;
const PAUSE: Duration = Duration::from_millis(4);
/// How long the idle daemon is watched.
const IDLE: Duration = Duration::from_secs(5);
/// Where the batch is bound.
const BATCH: u64 = 0x10_0000;

/// Median and quartiles.
fn spread(mut values: Vec<f64>) -> Value {
    values.sort_by(f64::total_cmp);
    let at = |part: f64| values[((values.len() - 1) as f64 * part).round() as usize];
    json!({ "median": at(0.5), "low": at(0.25), "high": at(0.75) })
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

/// The first core there is, and the rest; both the same if there is but one.
fn cores() -> (CpuSet, CpuSet) {
    let all = sched_getaffinity(None).unwrap();
    let mut cores = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core));
    let (mut first, mut others) = (CpuSet::new(), CpuSet::new());
    first.set(cores.next().unwrap());
    cores.for_each(|core| others.set(core));
    if others.count() == 0 {
        others = first;
    }
    (first, others)
}

/// A thread that answers each signal of one eventfd by one of another.
struct Partner {
    there: EventFd,
    back: EventFd,
    over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Partner {
    fn new() -> Self {
        let (there, back) = (EventFd::new(0).unwrap(), EventFd::new(0).unwrap());
        let over = Arc::new(AtomicBool::new(false));
        let (heard, answer) = (there.try_clone().unwrap(), back.try_clone().unwrap());
        let seen = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            while heard.read().is_ok() && !seen.load(Ordering::Relaxed) {
                answer.write(1).unwrap();
            }
        });
        Self {
            there,
            back,
            over,
            thread: Some(thread),
        }
    }

    fn round_trip(&self) {
        self.there.write(1).unwrap();
        self.back.read().unwrap();
    }
}

impl Drop for Partner {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.there.write(1).unwrap();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The driver's side, with something to submit.
struct Driver {
    guest: Guest,
    /// Waits for any ring's.
    interrupts: Epoll,
    next_point: u64,
}

/// What is sent.
#[derive(Clone, Copy)]
enum What {
    /// A register's value: the least that a command can be.
    Control,
    /// A batch that does nothing.
    Submission,
}

impl Driver {
    fn new(daemon: &Daemon) -> Self {
        let mut guest = Guest::connect(&daemon.socket());
        guest.set_up();
        guest.write_dwords(OBJECTS, &[BATCH_END, 0]);
        guest.bind_now(BATCH, OBJECTS, 0x1000, 1);
        let interrupts = Epoll::new().unwrap();
        for ring in &guest.rings {
            let (fd, event) = (ring.call.as_raw_fd(), EpollEvent::new(EventSet::IN, 0));
            interrupts.ctl(ControlOperation::Add, fd, event).unwrap();
        }
        Self {
            guest,
            interrupts,
            next_point: 0,
        }
    }

    fn send(&mut self, what: What) -> Ticket {
        let (queue, bytes, room) = match what {
            What::Control => {
                let command = ReadRegister {
                    offset: U32::new(0x2358),
                    reserved: U32::ZERO,
                };
                let room = size_of::<ReadRegisterReply>() as u32;
                (Queue::Control, encode(&command, &[]), room)
            }
            What::Submission => {
                self.next_point += 1;
                let bytes = submit(1, 0, BATCH, &[], self.next_point);
                (Queue::Submit, bytes, SUBMIT_REPLY)
            }
        };
        self.guest.send(queue, &bytes, room)
    }

    /// A round trip in which this side looks at the ring until the answer is there.
    fn looking(&mut self, what: What) -> Duration {
        let begin = Instant::now();
        let ticket = self.send(what);
        let queue = ticket.queue();
        while !self.taken(queue, ticket) {
            std::hint::spin_loop();
        }
        let time = begin.elapsed();
        self.check(ticket);
        time
    }

    /// A round trip in which this side sleeps until it is interrupted.
    fn interrupted(&mut self, what: What) -> Duration {
        let begin = Instant::now();
        let ticket = self.send(what);
        let queue = ticket.queue();
        loop {
            let ring = &mut self.guest.rings[queue as usize];
            ring.arm(&self.guest.memory);
            if self.taken(queue, ticket) {
                break;
            }
            let mut events = [EpollEvent::default(); 4];
            self.interrupts.wait(-1, &mut events).unwrap();
            let _ = self.guest.rings[queue as usize].call.read();
        }
        let time = begin.elapsed();
        self.check(ticket);
        time
    }

    fn taken(&mut self, queue: Queue, ticket: Ticket) -> bool {
        let ring = &mut self.guest.rings[queue as usize];
        ring.take_used(&self.guest.memory, ticket.head()).is_some()
    }

    /// What was measured is what was asked for.
    fn check(&self, ticket: Ticket) {
        let mut reply = [0; 8];
        let at = GuestAddress(ticket.reply());
        self.guest.memory.read_slice(&mut reply, at).unwrap();
        assert_eq!(status(&reply), Status::Ok);
    }
}

/// Medians of many trips, and of trips after a pause each.
fn back_to_back(mut trip: impl FnMut() -> Duration) -> f64 {
    for _ in 0..10 {
        let _warm = trip();
    }
    median((0..TRIPS).map(|_| trip()).collect())
}

fn after_pauses(mut trip: impl FnMut() -> Duration) -> f64 {
    let one = |_| {
        std::thread::sleep(PAUSE);
        trip()
    };
    median((0..LONE_TRIPS).map(one).collect())
}

fn timed(action: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    action();
    begin.elapsed()
}

/// Nanoseconds of processors that a process has had.
fn processor_time(process: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let times = tasks.flatten().map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        let first = text.split(' ').next().and_then(|word| word.parse().ok());
        first.unwrap_or(0u64)
    });
    times.sum()
}

/// The one column in the other, round by round.
fn ratios<const N: usize>(rounds: &[[f64; N]], one: usize, other: usize) -> Value {
    let of_round = |round: &[f64; N]| round[one] / round[other];
    spread(rounds.iter().map(of_round).collect())
}

/// Back to back, and after pauses.
fn submissions(driver: &mut Driver) -> [f64; 2] {
    [
        back_to_back(|| driver.looking(What::Submission)),
        after_pauses(|| driver.interrupted(What::Submission)),
    ]
}

/// A submission while a neighbour is hostile, beside the same just before.
fn neighbours(driver: &mut Driver, first: &CpuSet, others: &CpuSet) -> Vec<Value> {
    sched_setaffinity(None, others).unwrap();
    let daemon = Daemon::start(&[]);
    sched_setaffinity(None, first).unwrap();
    let hostile = Hostile::new(daemon, *first);
    let mut burden = Burden::new(&mut driver.guest, 1);
    let guests = Flood::OF_GUEST.map(|(flood, name)| (true, flood, name));
    let contexts = Flood::OF_CONTEXT.map(|(flood, name)| (false, flood, name));
    let all = [&guests[..], &contexts[..]].concat();
    let mut rounds = vec![Vec::new(); all.len()];
    for _ in 0..ROUNDS {
        for (rounds, (of_guest, flood, _)) in rounds.iter_mut().zip(&all) {
            let [awake, asleep] = submissions(driver);
            if *of_guest {
                hostile.flood(*flood);
            } else {
                burden.begin(&mut driver.guest, *flood);
            }
            std::thread::sleep(PAUSE);
            let [awake_then, asleep_then] = submissions(driver);
            if *of_guest {
                hostile.flood(Flood::Nothing);
            } else {
                burden.end(&mut driver.guest, *flood);
            }
            std::thread::sleep(PAUSE);
            rounds.push([awake, awake_then, asleep, asleep_then]);
        }
    }
    let rows = all.iter().zip(&rounds);
    let row = |((of_guest, _, name), rounds): (&(bool, Flood, &str), &Vec<[f64; 4]>)| {
        json!({
            "of": if *of_guest { "guest" } else { "context" },
            "name": name,
            "awake_us": spread(rounds.iter().map(|round| round[1]).collect()),
            "awake": ratios(rounds, 1, 0),
            "asleep_us": spread(rounds.iter().map(|round| round[3]).collect()),
            "asleep": ratios(rounds, 3, 2),
        })
    };
    rows.map(row).collect()
}

fn main() {
    let (first, others) = cores();
    // What is started now stays there.
    sched_setaffinity(None, &others).unwrap();
    let words = std::env::var("VIRTIO_IGPU_BENCH_DAEMON").ok();
    let daemon: Vec<_> = words.iter().flat_map(|words| words.lines()).collect();
    let daemon = Daemon::start(&daemon);
    let partner = Partner::new();
    sched_setaffinity(None, &first).unwrap();
    let mut driver = Driver::new(&daemon);

    let mut rounds: Vec<[f64; 6]> = Vec::new();
    for _ in 0..ROUNDS {
        let ping_pong = || timed(|| partner.round_trip());
        rounds.push([
            back_to_back(ping_pong),
            back_to_back(|| driver.looking(What::Control)),
            back_to_back(|| driver.looking(What::Submission)),
            after_pauses(ping_pong),
            after_pauses(|| driver.interrupted(What::Control)),
            after_pauses(|| driver.interrupted(What::Submission)),
        ]);
    }
    std::thread::sleep(PAUSE);
    let (before, begin) = (processor_time(daemon.child.id()), Instant::now());
    std::thread::sleep(IDLE);
    let used = processor_time(daemon.child.id()) - before;
    let idle = 100.0 * used as f64 / begin.elapsed().as_nanos() as f64;

    let column = |place: usize| spread(rounds.iter().map(|round| round[place]).collect());
    let ratio = |one: usize, other: usize| ratios(&rounds, one, other);
    let report = json!({
        "rounds": ROUNDS,
        "awake": {
            "ping_pong_us": column(0),
            "control_us": column(1), "control": ratio(1, 0),
            "submission_us": column(2), "submission": ratio(2, 0),
        },
        "asleep": {
            "ping_pong_us": column(3),
            "control_us": column(4), "control": ratio(4, 3),
            "submission_us": column(5), "submission": ratio(5, 3),
        },
        "idle_percent": idle,
        "neighbours": match words {
            None => Value::from(neighbours(&mut driver, &first, &others)),
            Some(_) => Value::Null,
        },
    });
    println!("{report:#}");
}
