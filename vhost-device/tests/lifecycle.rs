// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Guests that come, go, reset and are killed; and the daemon's own arguments, signals
//! and files.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it fails"
)]

mod frontend;

use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::{Duration, Instant};

use frontend::daemon::{Daemon, PROGRAM};
use frontend::gpu::{
    ARB_CHECK, BATCH_END, COPY, RENDER, bind, create_address_space, create_context, engine, extent,
    jump, store, submit,
};
use frontend::{Guest, OBJECTS, encode};
use protocol::{
    CancelContext, DestroyAddressSpace, DestroyContext, Point, QueryPlatform, Queue, ResetActive,
    Status, SubmitReply,
};
use rustix::process::Signal;
use virtio_igpu_protocol as protocol;
use zerocopy::FromBytes;
use zerocopy::little_endian::{U16, U32};

const BATCH: u64 = 0x10_0000;
const DATA: u64 = 0x20_0000;

/// A guest with an endless batch on its way: it writes once, then spins.
fn spinning(daemon: &Daemon) -> (Guest, frontend::Ticket) {
    let mut guest = Guest::connect(&daemon.socket());
    let ticket = spin(&mut guest);
    (guest, ticket)
}

fn spin(guest: &mut Guest) -> frontend::Ticket {
    guest.set_up();
    guest.bind_now(BATCH, OBJECTS, 0x1000, 1);
    guest.bind_now(DATA, OBJECTS + 0x1000, 0x1000, 2);
    guest.write_dwords(OBJECTS + 0x1000, &[0]);
    let batch = [&store(DATA, 0xbeef)[..], &[ARB_CHECK], &jump(BATCH + 16)].concat();
    guest.write_dwords(OBJECTS, &batch);
    let ticket = guest.send_submit(&submit(1, 0, BATCH, &[], 1));
    let end = Instant::now() + frontend::PATIENCE;
    while guest.read_dword(OBJECTS + 0x1000) != 0xbeef {
        assert!(Instant::now() < end, "the batch doesn't start");
        std::thread::sleep(Duration::from_millis(1));
    }
    ticket
}

#[test]
fn a_guest_killed_in_mid_submission_leaves_the_daemon_ready_for_the_next() {
    let daemon = Daemon::start(&[]);
    for number in 1..=3 {
        let (mut guest, ticket) = spinning(&daemon);
        assert!(guest.try_wait(ticket, Duration::from_millis(20)).is_none());
        drop(guest);
        daemon.until(|| daemon.stats()["guests"] == number);
        let stats = daemon.stats();
        assert_eq!(stats["submissions"], 1);
        assert_eq!(stats["endings"]["done"], 2);
    }
}

#[test]
fn descriptors_of_files_and_threads_are_given_back_with_each_guest() {
    let daemon = Daemon::start(&[]);
    let count = |what: &str| {
        let folder = format!("/proc/{}/{what}", daemon.child.id());
        std::fs::read_dir(folder).unwrap().count()
    };
    let mut before = (0, 0);
    for number in 1..=20 {
        if number == 2 {
            // The last guest's counters are kept, and little else.
            before = (count("fd"), count("task"));
        }
        let mut guest = Guest::connect(&daemon.socket());
        guest.set_up();
        drop(guest);
        daemon.until(|| daemon.stats()["guests"] == number);
    }
    assert_eq!((count("fd"), count("task")), before);
}

fn end(guest: &mut Guest, ticket: frontend::Ticket) -> (Status, u64, u32) {
    let reply = SubmitReply::read_from_bytes(&guest.wait(ticket)).unwrap();
    assert_eq!(reply.reserved.get(), 0);
    let status = reply.header.status();
    (status, reply.busy_ns.get(), reply.was_active.get())
}

#[test]
fn cancelling_and_resetting_end_endless_batches_begun_or_not() {
    let daemon = Daemon::start(&[]);
    let (mut guest, ticket) = spinning(&daemon);
    let cancel = CancelContext {
        context: U32::new(1),
        reserved: U32::ZERO,
    };
    let mut running = ticket;
    let mut signal = 1;
    for by_reset in [true, true, false] {
        // Behind the spinner, in its slot and in the other; and one that waits for what
        // nobody sends.
        let queued = [
            submit(1, 0, BATCH, &[], signal + 1),
            submit(1, 1, BATCH, &[Point::new(20, signal)], signal),
            submit(1, 1, BATCH, &[Point::new(10, 99)], signal + 1),
        ]
        .map(|bytes| guest.send_submit(&bytes));
        std::thread::sleep(Duration::from_millis(20));
        let ended = match by_reset {
            true => guest.status(&ResetActive::default()),
            false => guest.status(&cancel),
        };
        assert_eq!(ended, Status::Ok);
        let (status, busy_ns, was_active) = end(&mut guest, running);
        assert_eq!((status, was_active), (Status::Cancelled, 1));
        assert!(busy_ns >= 15_000_000, "{busy_ns}");
        for ticket in queued {
            assert_eq!(end(&mut guest, ticket), (Status::Cancelled, 0, 0));
        }
        signal += 2;
        running = guest.send_submit(&submit(1, 0, BATCH, &[], signal));
        if by_reset {
            // A reset bans nobody.
            assert!(guest.try_wait(running, Duration::from_millis(20)).is_none());
        } else {
            assert_eq!(end(&mut guest, running), (Status::Cancelled, 0, 0));
        }
    }
}

#[test]
fn a_submission_says_how_long_it_had_its_engine() {
    let daemon = Daemon::start(&[]);
    let (mut guest, ticket) = spinning(&daemon);
    let before = Instant::now();
    std::thread::sleep(Duration::from_millis(30));
    let least = before.elapsed().as_nanos() as u64;
    guest.write_dwords(OBJECTS + 16, &[BATCH_END]);
    let (status, busy_ns, was_active) = end(&mut guest, ticket);
    assert_eq!((status, was_active), (Status::Ok, 0));
    assert!(busy_ns >= least, "{busy_ns} {least}");
    // One that ends at once, one that hangs, and one that hung.
    let ticket = guest.send_submit(&submit(1, 0, BATCH + 16, &[], 2));
    let (status, busy_ns, was_active) = end(&mut guest, ticket);
    assert_eq!((status, was_active), (Status::Ok, 0));
    assert!(busy_ns > 0 && busy_ns < least, "{busy_ns}");
    guest.write_dwords(OBJECTS, &[0x7 << 29]);
    let ticket = guest.send_submit(&submit(1, 0, BATCH, &[], 3));
    let (status, busy_ns, was_active) = end(&mut guest, ticket);
    assert_eq!((status, was_active), (Status::Hung, 0));
    assert!(busy_ns > 0, "{busy_ns}");
}

/// Memory of its own that a process holds, in KiB: guest memory is shared.
fn resident(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("RssAnon"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn contexts_that_come_and_go_leave_no_memory_behind() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.hello();
    let number = U32::new(1);
    let destroy_context = DestroyContext {
        context: number,
        reserved: U32::ZERO,
    };
    let destroy_space = DestroyAddressSpace {
        address_space: number,
        reserved: U32::ZERO,
    };
    let commands = [
        encode(&create_address_space(1, 10), &[]),
        create_context(1, 1, &[engine(RENDER, 1, 20), engine(COPY, 1, 21)]),
        encode(&destroy_context, &[]),
        encode(&destroy_space, &[]),
    ];
    let mut rounds = |count: u32| {
        for _ in 0..count {
            let tickets: Vec<_> = (0..5)
                .flat_map(|_| &commands)
                .map(|bytes| guest.push(Queue::Control, bytes, 8))
                .collect();
            guest.kick(Queue::Control);
            for ticket in tickets {
                assert_eq!(guest.wait_status(ticket), Status::Ok);
            }
        }
    };
    rounds(1_000);
    let before = resident(daemon.child.id());
    rounds(20_000);
    let after = resident(daemon.child.id());
    assert!(after <= before + 512, "{before} KiB before, {after} after");
    let stats = daemon.stats_when(|stats| stats["commands"]["destroy_context"] == 105_000);
    for what in ["address_spaces", "contexts", "slots", "timelines"] {
        assert_eq!(stats["executor"][what], 0, "{what}");
    }
}

/// Ticks of a core that a process has used, of which there are 100 in a second.
fn ticks(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<_> = text[text.rfind(')').unwrap() + 2..].split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
#[ignore = "takes 15 seconds; measures rather than tests"]
fn what_an_idle_guest_and_a_spinning_one_cost() {
    let daemon = Daemon::start(&[]);
    let measure = |what: &str, most: u64| {
        let (time, before) = (Duration::from_secs(5), ticks(daemon.child.id()));
        std::thread::sleep(time);
        let used = ticks(daemon.child.id()) - before;
        let percent = used as f64 / 5.0;
        eprintln!("{what}: {percent:.1} % of a core");
        assert!(used <= most, "{what}: {used} ticks of 500");
    };
    measure("no guest", 0);
    let (mut guest, ticket) = spinning(&daemon);
    measure("a spinner", 25);
    guest.write_dwords(OBJECTS + 16, &[BATCH_END]);
    assert_eq!(guest.wait_status(ticket), Status::Ok);
    measure("an idle guest", 0);
}

#[test]
fn other_queues_go_on_while_a_batch_spins() {
    let daemon = Daemon::start(&[]);
    let (mut guest, ticket) = spinning(&daemon);
    guest.write_dwords(OBJECTS + 0x800, &[BATCH_END]);
    for signal in 1..=50 {
        let bytes = submit(1, 1, BATCH + 0x800, &[], signal);
        let copy = guest.send_submit(&bytes);
        assert_eq!(guest.wait_status(copy), Status::Ok);
    }
    assert!(guest.try_wait(ticket, Duration::ZERO).is_none());
    // The batch ends when the CPU writes its end.
    guest.write_dwords(OBJECTS + 16, &[BATCH_END]);
    assert_eq!(guest.wait_status(ticket), Status::Ok);
}

#[test]
fn a_driver_that_resets_the_device_starts_anew() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    for round in 1..=3 {
        let ticket = spin(&mut guest);
        let bases = guest.stop_queues();
        assert_eq!(bases, [3, 2, 1, 0]);
        // What ran has come back before the queues stood.
        assert_eq!(guest.wait_status(ticket), Status::Cancelled);
        guest.start_queues();
        assert_eq!(
            guest.status(&create_address_space(1, 10)),
            Status::InvalidCommand
        );
        let stats = daemon.stats_when(|stats| stats["sessions"] == 2 * round);
        assert_eq!(stats["endings"]["cancelled"], round);
        // And the other way of resetting.
        guest.set_up();
        reset(&mut guest);
    }
}

/// Resets the device as a driver does, and starts it again.
fn reset(guest: &mut Guest) {
    vhost::vhost_user::VhostUserFrontend::reset_device(&mut guest.frontend).unwrap();
    for index in 0..protocol::QUEUE_COUNT {
        vhost::VhostBackend::get_vring_base(&guest.frontend, index).unwrap();
    }
    let features = 1 << 32 | 1 << 30 | 1 << 29 | 1 << 28;
    vhost::VhostBackend::set_features(&guest.frontend, features).unwrap();
    guest.start_queues();
}

fn resume(guest: &mut Guest) -> Status {
    let hello = protocol::Hello {
        version: U16::new(protocol::VERSION),
        flags: U16::new(protocol::HelloFlags::RESUME),
        reserved: Default::default(),
    };
    guest.status(&hello)
}

#[test]
fn a_guest_that_suspends_finds_everything_as_it_was() {
    const R0: u32 = 0x2600;
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    guest.bind_now(BATCH, OBJECTS, 0x1000, 1);
    // A register that is the context's own.
    guest.write_dwords(OBJECTS, &[0x1100_0001, R0, 0x1234, BATCH_END]);
    let ticket = guest.send_submit(&submit(1, 0, BATCH, &[], 1));
    assert_eq!(guest.wait_status(ticket), Status::Ok);
    assert_eq!(guest.status(&protocol::Suspend::default()), Status::Ok);
    reset(&mut guest);
    assert_eq!(resume(&mut guest), Status::Ok);
    let [low, high] = [BATCH as u32 + 0x800, (BATCH >> 32) as u32];
    guest.write_dwords(OBJECTS, &[0x1200_0002, R0, low, high, BATCH_END]);
    // Timelines go on: a value that was reached is none to be signalled.
    let ticket = guest.send_submit(&submit(1, 0, BATCH, &[], 1));
    assert_eq!(guest.wait_status(ticket), Status::InvalidCommand);
    let ticket = guest.send_submit(&submit(1, 0, BATCH, &[Point::new(10, 1)], 2));
    assert_eq!(guest.wait_status(ticket), Status::Ok);
    assert_eq!(guest.read_dword(OBJECTS + 0x800), 0x1234);
    assert_eq!(guest.status(&create_address_space(1, 12)), Status::Exists);
}

#[test]
fn a_guest_that_suspends_and_starts_anew_finds_nothing() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    assert_eq!(guest.status(&protocol::Suspend::default()), Status::Ok);
    reset(&mut guest);
    guest.set_up();
    assert_eq!(resume(&mut guest), Status::NotFound);
}

#[test]
fn what_is_under_way_forbids_to_suspend_and_another_command_takes_it_back() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    assert_eq!(resume(&mut guest), Status::NotFound);
    let ticket = spin(&mut guest);
    let suspend = protocol::Suspend::default();
    assert_eq!(guest.status(&suspend), Status::InvalidCommand);
    guest.write_dwords(OBJECTS + 16, &[BATCH_END]);
    assert_eq!(guest.wait_status(ticket), Status::Ok);
    assert_eq!(guest.status(&suspend), Status::Ok);
    assert_eq!(guest.status(&create_address_space(2, 11)), Status::Ok);
    reset(&mut guest);
    assert_eq!(resume(&mut guest), Status::NotFound);
    guest.set_up();
}

#[test]
fn a_machine_that_is_paused_goes_on_where_it_was() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    guest.bind_now(BATCH, OBJECTS, 0x1000, 1);
    guest.write_dwords(OBJECTS, &[BATCH_END]);
    let bases = guest.stop_queues();
    guest.resume_queues(&bases);
    let ticket = guest.send_submit(&submit(1, 0, BATCH, &[Point::new(10, 1)], 1));
    assert_eq!(guest.wait_status(ticket), Status::Ok);
    assert_eq!(guest.status(&create_address_space(1, 11)), Status::Exists);
}

#[test]
fn guest_memory_may_be_set_anew_while_queues_run() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    guest.bind_now(BATCH, OBJECTS, 0x1000, 1);
    let mut batch = store(BATCH + 0x800, 9).to_vec();
    batch.push(BATCH_END);
    guest.write_dwords(OBJECTS, &batch);
    guest.set_memory();
    let ticket = guest.send_submit(&submit(1, 0, BATCH, &[], 1));
    assert_eq!(guest.wait_status(ticket), Status::Ok);
    assert_eq!(guest.read_dword(OBJECTS + 0x800), 9);
    let ticket = guest.send_bind(&bind(1, DATA, &[extent(OBJECTS, 0x1000)], &[], 2));
    assert_eq!(guest.wait_status(ticket), Status::Ok);
}

#[test]
fn with_once_the_daemon_ends_with_its_guest_and_takes_its_socket_along() {
    let daemon = Daemon::start(&["--once"]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.hello();
    drop(guest);
    let socket = daemon.socket();
    daemon.until(|| !socket.exists());
    let (status, said) = daemon.end();
    assert!(status.success(), "{said}");
    assert_eq!(said, "");
}

#[test]
fn signals_end_it_with_or_without_a_guest() {
    for signal in [Signal::TERM, Signal::INT] {
        let daemon = Daemon::start(&[]);
        daemon.signal(signal);
        let socket = daemon.socket();
        daemon.until(|| !socket.exists());
        let (status, said) = daemon.end();
        assert!(status.success(), "{said}");
        let daemon = Daemon::start(&[]);
        let (guest, _) = spinning(&daemon);
        daemon.signal(signal);
        let socket = daemon.socket();
        daemon.until(|| !socket.exists());
        assert_eq!(daemon.stats()["submissions"], 1);
        let (status, said) = daemon.end();
        assert!(status.success(), "{said}");
        drop(guest);
    }
}

/// Runs the program to its end: whether it succeeded, and what it said.
fn run(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(PROGRAM).args(arguments).output().unwrap();
    (
        output.status.success(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn bad_arguments_are_told_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("file"), "").unwrap();
    let _listening = UnixListener::bind(path("in-use")).unwrap();
    let long = path(&"x".repeat(200));
    for (arguments, sentence) in [
        (
            vec!["--socket-path", &path("file")],
            "exists and is not a socket",
        ),
        (
            vec!["--socket-path", folder.path().to_str().unwrap()],
            "exists and is not a socket",
        ),
        (
            vec!["--socket-path", &path("in-use")],
            "is in use by another process",
        ),
        (vec!["--socket-path", &path("no/where")], "can't listen on"),
        (vec!["--socket-path", "/proc/socket"], "can't listen on"),
        (vec!["--socket-path", &long], "can't listen on"),
        (
            vec!["--socket-path", &path("s"), "--executor", "abacus"],
            "there is no executor \"abacus\"",
        ),
        (
            vec!["--socket-path", &path("s"), "--platform", "dg9"],
            "no platform \"dg9\"",
        ),
        (
            vec![
                "--socket-path",
                &path("s"),
                "--stats-file",
                &path("no/where"),
            ],
            "the stats file can't be written",
        ),
    ] {
        let (success, said) = run(&arguments);
        assert!(!success);
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(sentence), "{said}");
        assert!(!std::path::Path::new(&path("s")).exists());
    }
    let (success, said) = run(&[]);
    assert!(!success && said.contains("--socket-path PATH"), "{said}");
}

#[test]
fn a_stale_socket_is_replaced_and_a_busy_one_is_left_alone() {
    let first = Daemon::start(&["--once"]);
    let socket = first.socket();
    let (success, said) = run(&["--socket-path", socket.to_str().unwrap()]);
    assert!(!success && said.contains("in use"), "{said}");
    // The try did not count as the first one's guest.
    Guest::connect(&socket).hello();
    first.until(|| !socket.exists());

    let folder = tempfile::tempdir().unwrap();
    let stale = folder.path().join("stale");
    drop(UnixListener::bind(&stale).unwrap());
    assert!(stale.exists());
    let mut child = Command::new(PROGRAM)
        .arg("--socket-path")
        .arg(&stale)
        .spawn()
        .unwrap();
    let end = Instant::now() + frontend::PATIENCE;
    while std::os::unix::net::UnixStream::connect(&stale).is_err() {
        assert!(Instant::now() < end, "the stale socket isn't replaced");
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut guest = Guest::connect(&stale);
    guest.hello();
    assert_eq!(guest.ask(&QueryPlatform::default()).engine_count.get(), 5);
    child.kill().unwrap();
    child.wait().unwrap();
}
