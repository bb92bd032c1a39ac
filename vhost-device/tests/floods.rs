// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Guests that ask for as much as they can, over the real socket: each is held to its limits,
//! works again afterwards, and does not keep its neighbours waiting. What is asserted is
//! counted; what a neighbour sees in time is measured by `benches/figures.rs`.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it fails"
)]

mod frontend;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use frontend::daemon::Daemon;
use frontend::flood::LARGE;
use frontend::gpu::{
    BATCH_END, RENDER, SUBMIT_REPLY, VIDEO, bind, create_address_space, create_context, engine,
    extent, submit, wait_for,
};
use frontend::{Guest, OBJECTS, encode};
use protocol::{CancelContext, Point, QueryPlatform, Queue, Status};
use serde_json::Value;
use virtio_igpu_protocol as protocol;
use vm_memory::{Bytes, GuestAddress};
use zerocopy::little_endian::U32;

/// How often a guest is to have been left alone before a test is content.
const RESTS: u64 = 200;

/// Where the batches are bound, in address space 1: one that ends, and one that first waits for
/// the dword at [`GATE`].
const ENDS: u64 = 0x10_0000;
const WAITS: u64 = ENDS + 0x100;
const GATE: u64 = ENDS + 0x800;

/// A guest with large queues, the batches, and context 2, the neighbour's: the render engine
/// (timeline 30) and a video engine (timeline 31) in the address space of context 1.
fn hostile(daemon: &Daemon) -> Guest {
    let mut guest = Guest::connect_large(&daemon.socket());
    guest.set_up();
    let engines = [engine(RENDER, 1, 30), engine(VIDEO, 1, 31)];
    assert_eq!(guest.control(&create_context(2, 1, &engines)), Status::Ok);
    guest.write_dwords(OBJECTS, &[BATCH_END, 0]);
    let waits = [&wait_for(GATE, 1)[..], &[BATCH_END, 0]].concat();
    guest.write_dwords(OBJECTS + 0x100, &waits);
    guest.bind_now(ENDS, OBJECTS, 0x1000, 1);
    guest
}

/// Lets what waits at the gate go on.
fn open_gate(guest: &mut Guest) {
    guest.write_dwords(OBJECTS + 0x800, &[1]);
}

/// Kilobytes of its own that a process has in memory.
fn resident_kib(daemon: &Daemon) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:"));
    let word = line.and_then(|line| line.split_whitespace().nth(1));
    word.and_then(|word| word.parse().ok()).unwrap()
}

/// How long a process has had a processor.
fn processor_time(daemon: &Daemon) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{}/task", daemon.child.id())).unwrap();
    let times = tasks.flatten().map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        let first = text.split(' ').next().and_then(|word| word.parse().ok());
        first.unwrap_or(0)
    });
    Duration::from_nanos(times.sum())
}

fn count(stats: &Value, path: &str) -> u64 {
    stats.pointer(path).and_then(Value::as_u64).unwrap_or(0)
}

/// The flood is over: context 2's submissions end as ever, and nobody rests any more.
fn assert_works(daemon: &Daemon, guest: &mut Guest) {
    guest.until_taken(Queue::Control);
    std::thread::sleep(Duration::from_millis(400));
    guest.reap();
    let before = count(&daemon.stats_when(|_| true), "/rests");
    for signal in 1_000_001..=1_000_200 {
        let ticket = guest.send_submit(&submit(2, 1, ENDS, &[], signal));
        assert_eq!(guest.wait_status(ticket), Status::Ok);
    }
    let after = count(&daemon.stats_when(|_| true), "/rests");
    assert_eq!(before, after);
}

/// Whether the guest has been left alone often enough since it had been so `before` times: it
/// does get so far, however slow the machine.
fn left_alone_since(daemon: &Daemon, before: u64, begin: Instant) -> bool {
    assert!(begin.elapsed() < frontend::PATIENCE, "it never is");
    count(&daemon.stats_when(|_| true), "/rests") >= before + RESTS
}

/// A neighbour on the same host, with a device of its own.
struct Neighbour {
    _daemon: Daemon,
    guest: Guest,
    signal: u64,
}

impl Neighbour {
    fn new() -> Self {
        let daemon = Daemon::start(&[]);
        let mut guest = Guest::connect(&daemon.socket());
        guest.set_up();
        guest.write_dwords(OBJECTS, &[BATCH_END, 0]);
        guest.bind_now(ENDS, OBJECTS, 0x1000, 1);
        Self {
            _daemon: daemon,
            guest,
            signal: 0,
        }
    }

    fn submits(&mut self) {
        self.signal += 1;
        let ticket = self
            .guest
            .send_submit(&submit(1, 0, ENDS, &[], self.signal));
        assert_eq!(self.guest.wait_status(ticket), Status::Ok);
    }
}

#[test]
fn who_never_reaps_has_so_much_under_way_and_no_more() {
    let daemon = Daemon::start(&[]);
    let mut guest = hostile(&daemon);
    let mut neighbour = Neighbour::new();
    let submit_queue = Queue::Submit as usize;
    let before = resident_kib(&daemon);
    // Each command is as long as one may be, though little of it means anything; its reply
    // is in many pieces; and the queue is filled again and again though nothing came back.
    let most = u64::from(protocol::MAX_PENDING_COMMANDS);
    let padding = protocol::MAX_COMMAND_SIZE - 128;
    let chains = guest.lay_out_long(Queue::Submit, padding, 32);
    let mut signal = 0;
    while signal < most {
        for (command, head) in &chains {
            signal += 1;
            let bytes = submit(1, 0, WAITS, &[], signal);
            let at = GuestAddress(*command);
            guest.memory.write_slice(&bytes, at).unwrap();
            guest.rings[submit_queue].push_head(&guest.memory, *head);
        }
        guest.kick(Queue::Submit);
        guest.until_taken(Queue::Submit);
        neighbour.submits();
    }
    let over = signal - most;
    let stats = daemon.stats_when(|stats| count(stats, "/submissions") == most);
    assert_eq!(count(&stats, "/refused/limit_exceeded"), over);
    assert_eq!(count(&stats, "/executor/pending"), most);
    // Its entries in the session, the scheduler and the map of what is under way, and not the
    // 69 KiB of its bytes.
    let grown = resident_kib(&daemon) - before;
    assert!(grown < 3 * most, "{grown} KiB");
    // The limit is the guest's, whichever context asks.
    guest.reap();
    let ticket = guest.send_submit(&submit(2, 1, ENDS, &[], 1));
    assert_eq!(guest.wait_status(ticket), Status::LimitExceeded);
    open_gate(&mut guest);
    daemon.stats_when(|stats| count(stats, "/endings/done") == most + 1);
    for (context, slot, signal) in [(1, 0, signal + 1), (2, 1, 2)] {
        guest.reap();
        let ticket = guest.send_submit(&submit(context, slot, ENDS, &[], signal));
        assert_eq!(guest.wait_status(ticket), Status::Ok);
    }
}

#[test]
fn who_kicks_without_work_is_left_alone_for_a_while() {
    let daemon = Daemon::start(&[]);
    let mut guest = hostile(&daemon);
    let mut neighbour = Neighbour::new();
    let over = AtomicBool::new(false);
    let doorbells: Vec<_> = [0, 1, 2]
        .map(|queue: usize| guest.rings[queue].kick.try_clone().unwrap())
        .into();
    let (begin, used) = (Instant::now(), processor_time(&daemon));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                for doorbell in &doorbells {
                    doorbell.write(1).unwrap();
                }
            }
        });
        let mut signal = 0;
        while !left_alone_since(&daemon, 0, begin) {
            neighbour.submits();
            signal += 1;
            let ticket = guest.send_submit(&submit(2, 1, ENDS, &[], signal));
            assert_eq!(guest.wait_status(ticket), Status::Ok);
        }
        over.store(true, Ordering::Relaxed);
    });
    let stats = daemon.stats_when(|_| true);
    let (time, used) = (begin.elapsed(), processor_time(&daemon) - used);
    // What it may in advance, and then 3 a millisecond.
    let in_vain = count(&stats, "/doorbells_in_vain");
    let most = 512 + 4 * time.as_millis() as u64;
    assert!((512..most).contains(&in_vain), "{in_vain} in {time:?}");
    assert!(used < time / 4, "{used:?} of {time:?}");
    assert_works(&daemon, &mut guest);
}

#[test]
fn who_floods_with_the_smallest_commands_is_served_at_a_rate() {
    let management = tempfile::tempdir().unwrap();
    let socket = management.path().join("management");
    let daemon = Daemon::start(&["--management-socket", socket.to_str().unwrap()]);
    let mut guest = hostile(&daemon);
    let mut neighbour = Neighbour::new();
    let query = encode(&QueryPlatform::default(), &[]);
    let (_, query) = guest.lay_out(Queue::Control, &query, 1024);
    let (_, nonsense) = guest.lay_out(Queue::Control, &[0xff], 8);
    for (head, each_ms) in [(query, 100), (nonsense, 12)] {
        let before = count(&daemon.stats_when(|_| true), "/queues/control/chains");
        let begin = Instant::now();
        let rests = count(&daemon.stats(), "/rests");
        while !left_alone_since(&daemon, rests, begin) {
            for _ in 0..50 {
                guest.fill(Queue::Control, head);
                std::thread::sleep(Duration::from_micros(100));
            }
            // Those who need the guest's lock get it: who handles vhost-user messages, and
            // who asks for the counters.
            let config = guest.config();
            assert_eq!(config.magic.get(), protocol::MAGIC);
            let mut stream = UnixStream::connect(&socket).unwrap();
            stream.write_all(b"GET /clients HTTP/1.1\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            neighbour.submits();
        }
        let stats = daemon.stats_when(|_| true);
        let time = begin.elapsed().as_millis() as u64 + 1;
        let taken = count(&stats, "/queues/control/chains") - before;
        // What it may in advance, a queue that was full, and then its rate.
        let advance = 164 * each_ms;
        assert!(
            (advance..2 * advance + each_ms * time).contains(&taken),
            "{taken} in {time} ms"
        );
    }
    assert_works(&daemon, &mut guest);
}

#[test]
fn who_floods_one_context_keeps_no_other_waiting_behind_it() {
    let daemon = Daemon::start(&[]);
    let mut guest = hostile(&daemon);
    // Both wait for the same mapping, on the same engine; the one has 500, the other one.
    let reached = [Point::new(10, 2)];
    let flood = |signal| submit(1, 0, ENDS, &reached, signal);
    for signal in 1..=500 {
        guest.push(Queue::Submit, &flood(signal), SUBMIT_REPLY);
    }
    let ticket = guest.push(
        Queue::Submit,
        &submit(2, 0, ENDS, &reached, 1),
        SUBMIT_REPLY,
    );
    guest.kick(Queue::Submit);
    guest.until_taken(Queue::Submit);
    guest.bind_now(ENDS + 0x1000, OBJECTS, 0x1000, 2);
    daemon.stats_when(|stats| count(stats, "/endings/done") == 503);
    let order = guest.rings[Queue::Submit as usize].order(&guest.memory);
    let place = order.iter().position(|head| *head == ticket.head());
    assert!(place.unwrap() < 3, "{place:?}");
}

#[test]
fn what_has_ended_is_told_while_a_flood_of_commands_is_taken() {
    let daemon = Daemon::start(&[]);
    let mut guest = hostile(&daemon);
    // One context's binds, and another's submission that one of the first of them lets go on.
    assert_eq!(guest.status(&create_address_space(5, 50)), Status::Ok);
    let extents = vec![extent(OBJECTS, 0x1000); 1024];
    let (flood, mut value) = (64, 0);
    let mut before_it = Vec::new();
    for signal in 1..=20 {
        let reached = [Point::new(50, value + 8)];
        let ticket = guest.send_submit(&submit(2, 1, ENDS, &reached, signal));
        guest.until_taken(Queue::Submit);
        let ring = &guest.rings[Queue::Bind as usize];
        let before = ring.used_index(&guest.memory);
        for _ in 0..flood {
            value += 1;
            guest.push(Queue::Bind, &bind(5, 0, &extents, &[], value), SUBMIT_REPLY);
        }
        guest.kick(Queue::Bind);
        assert_eq!(guest.wait_status(ticket), Status::Ok);
        let ring = &guest.rings[Queue::Bind as usize];
        before_it.push(ring.used_index(&guest.memory).wrapping_sub(before));
        guest.until_taken(Queue::Bind);
    }
    // As many binds as came back before the submission did.
    before_it.sort_unstable();
    assert!(before_it[10] <= flood / 2, "{before_it:?}");
}

#[test]
fn the_frontend_is_answered_while_a_flood_of_commands_is_taken() {
    let daemon = Daemon::start(&[]);
    let mut guest = hostile(&daemon);
    assert_eq!(guest.status(&create_address_space(5, 50)), Status::Ok);
    let extents = vec![extent(OBJECTS, 0x1000); 256];
    let (flood, mut value) = (LARGE / 2, 0);
    let mut before_it = Vec::new();
    for _ in 0..20 {
        for _ in 0..flood {
            value += 1;
            let bytes = bind(5, 0, &extents, &[], value);
            guest.push(Queue::Bind, &bytes, SUBMIT_REPLY);
        }
        guest.kick(Queue::Bind);
        let bind_queue = Queue::Bind as usize;
        // Not before it has begun.
        let before = guest.rings[bind_queue].room(&guest.memory);
        while guest.rings[bind_queue].room(&guest.memory) == before {
            std::hint::spin_loop();
        }
        let before = guest.rings[bind_queue].used_index(&guest.memory);
        assert_eq!(guest.config().magic.get(), protocol::MAGIC);
        let after = guest.rings[bind_queue].used_index(&guest.memory);
        before_it.push(after.wrapping_sub(before));
        guest.until_taken(Queue::Bind);
    }
    // As many binds as came back before the answer did.
    before_it.sort_unstable();
    assert!(before_it[10] <= flood / 2, "{before_it:?}");
}

#[test]
fn who_asks_for_a_million_waits_gets_half_of_them() {
    let daemon = Daemon::start(&[]);
    let mut guest = hostile(&daemon);
    let mut neighbour = Neighbour::new();
    // 128 timelines that nothing moves on: an end and a start to wait for of each.
    let mut points = Vec::new();
    for context in 0..2 {
        let timelines = (0..64).map(|slot| 1000 + 64 * context + slot);
        let slots: Vec<_> = timelines
            .clone()
            .map(|one| engine(RENDER, 1, one))
            .collect();
        let command = create_context(10 + context, 1, &slots);
        assert_eq!(guest.control(&command), Status::Ok);
        points.extend(timelines.flat_map(|one| [Point::new(one, 1), Point::start(one, 1)]));
    }
    assert_eq!(points.len(), protocol::MAX_WAITS as usize);
    let before = resident_kib(&daemon);
    let fit = u64::from(protocol::MAX_PENDING_WAITS / protocol::MAX_WAITS);
    let asked = 2 * fit;
    let mut signal = 0;
    while signal < asked {
        for _ in 0..256 {
            signal += 1;
            let bytes = submit(1, 1, ENDS, &points, signal);
            guest.push(Queue::Submit, &bytes, SUBMIT_REPLY);
        }
        guest.kick(Queue::Submit);
        guest.until_taken(Queue::Submit);
        neighbour.submits();
    }
    let stats = daemon.stats_when(|stats| count(stats, "/refused/limit_exceeded") >= asked - fit);
    assert_eq!(count(&stats, "/submissions"), fit);
    assert_eq!(
        count(&stats, "/executor/waits"),
        u64::from(protocol::MAX_PENDING_WAITS)
    );
    let grown = resident_kib(&daemon) - before;
    assert!(grown < 128 * 1024, "{grown} KiB");
    // Who waits for nothing goes on.
    guest.reap();
    for signal in 1..=10 {
        let ticket = guest.send_submit(&submit(2, 1, ENDS, &[], signal));
        assert_eq!(guest.wait_status(ticket), Status::Ok);
    }
    let cancel = CancelContext {
        context: U32::new(1),
        reserved: U32::ZERO,
    };
    assert_eq!(guest.status(&cancel), Status::Ok);
    let stats = daemon.stats_when(|stats| count(stats, "/endings/cancelled") == fit);
    assert_eq!(count(&stats, "/executor/waits"), 0);
    assert_works(&daemon, &mut guest);
}
