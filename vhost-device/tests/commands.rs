// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What a well-behaved driver gets: answers, memory changed by batches, order by points,
//! interrupts only as often as asked for.

mod frontend;

use std::time::{Duration, Instant};

use frontend::daemon::Daemon;
use frontend::gpu::{
    self, ARB_CHECK, BATCH_END, COPY, RENDER, VIDEO, bind, copy, create_address_space,
    create_context, engine, extent, jump, store, submit, submit_gang, unbind, wait_for,
};
use frontend::{Guest, HIGH, OBJECTS, encode};
use protocol::{
    CancelContext, DestroyAddressSpace, DestroyContext, PlatformReply, Point, QueryContextRuntime,
    QueryPlatform, Queue, ReadRegister, ResetActive, SetContextFlags, Status, Submit, SubmitFlags,
    SubmitReply,
};
use virtio_igpu_protocol as protocol;
use zerocopy::FromBytes;
use zerocopy::little_endian::U32;

/// GPU addresses of the tests' objects.
const BATCH: u64 = 0x10_0000;
const DATA: u64 = 0x7fff_0000_0000;

#[test]
fn the_platform_is_told_by_config_and_query() {
    for (arguments, name, device, version, sseu) in [
        (&["--platform", "tgl"][..], &b"tgl\0"[..], 0x9a49, 12, 0),
        (&["--platform", "icl"], b"icl\0", 0x8a52, 11, 1),
    ] {
        let daemon = Daemon::start(arguments);
        let mut guest = Guest::connect(&daemon.socket());
        let config = guest.config();
        assert_eq!(config.magic.get(), protocol::MAGIC);
        assert!(config.version_min.get() <= protocol::VERSION);
        assert_eq!(config.version_max.get(), protocol::VERSION);
        assert_eq!(&config.platform[..4], name);
        assert_eq!(config.device_id.get(), device);
        guest.hello();
        let platform: PlatformReply = guest.ask(&QueryPlatform::default());
        assert_eq!(platform.header.status(), Status::Ok);
        assert_eq!(platform.graphics_version.get(), version);
        let vm_bind = if version >= 12 { 4 } else { 0 };
        assert_eq!(platform.features.get(), sseu | 2 | vm_bind);
        assert_eq!(platform.engine_count.get(), 5);
        assert_eq!(platform.engines[0].mmio_base.get(), 0x2000);
        let vcs1 = platform.engines[3];
        assert_eq!((vcs1.class.get(), vcs1.instance.get()), (2, 1));
        assert_eq!(vcs1.hardware_instance.get(), 2);
        assert_eq!(platform.engines[5], Default::default());
    }
}

#[test]
fn the_timestamp_can_be_read_and_nothing_else() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.hello();
    let read = |offset| ReadRegister {
        offset: U32::new(offset),
        reserved: U32::ZERO,
    };
    let first = guest.ask(&read(0x2358));
    assert_eq!(first.header.status(), Status::Ok);
    std::thread::sleep(Duration::from_millis(10));
    let second = guest.ask(&read(0x2358));
    // 10 ms are 192,000 ticks.
    assert!(second.value.get() > first.value.get() + 100_000);
    assert_eq!(guest.ask(&read(0x2000)).header.status(), Status::NotFound);
}

#[test]
fn a_submission_that_comes_cancelled_is_not_executed_and_moves_its_timeline_on() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    guest.bind_now(BATCH, OBJECTS, 0x1000, 1);
    let batch = [&store(BATCH + 0x800, 7)[..], &[BATCH_END]].concat();
    guest.write_dwords(OBJECTS, &batch);
    let mut cancelled = submit(1, 0, BATCH, &[], 1);
    let flags = size_of::<protocol::CommandHeader>() + std::mem::offset_of!(Submit, flags);
    cancelled[flags..flags + 4].copy_from_slice(&SubmitFlags::CANCELLED.to_le_bytes());
    let ticket = guest.send_submit(&cancelled);
    let reply = SubmitReply::read_from_bytes(&guest.wait(ticket)).unwrap();
    assert_eq!(reply.header.status(), Status::Cancelled);
    assert_eq!((reply.busy_ns.get(), reply.was_active.get()), (0, 0));
    assert_eq!(guest.read_dword(OBJECTS + 0x800), 0);
    // What follows it goes on.
    let waits = [Point::new(20, 1)];
    let ticket = guest.send_submit(&submit(1, 1, BATCH, &waits, 1));
    assert_eq!(guest.wait_status(ticket), Status::Ok);
    assert_eq!(guest.read_dword(OBJECTS + 0x800), 7);
}

#[test]
fn batches_of_one_submission_run_at_the_same_time_and_come_back_as_one() {
    let daemon = Daemon::start(&["--once"]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    let engines = [engine(VIDEO, 1, 30), engine(VIDEO, 2, 31)];
    assert_eq!(guest.control(&create_context(2, 1, &engines)), Status::Ok);
    guest.bind_now(BATCH, OBJECTS, 0x3000, 1);
    // Each lets nothing else onto its engine until it has heard of the other twice.
    const ARBITRATION_OFF: u32 = 0x08 << 23;
    for (page, mine, theirs) in [(0, 0x2000, 0x2040), (0x1000, 0x2040, 0x2000)] {
        let mut dwords = vec![ARBITRATION_OFF];
        for flag in [0, 4] {
            dwords.extend(store(BATCH + mine + flag, 1));
            dwords.extend(wait_for(BATCH + theirs + flag, 1));
        }
        dwords.push(BATCH_END);
        guest.write_dwords(OBJECTS + page, &dwords);
    }
    let gang = submit_gang(2, 0, &[BATCH, BATCH + 0x1000], &[], 1);
    let ticket = guest.send_submit(&gang);
    let reply = SubmitReply::read_from_bytes(&guest.wait(ticket)).unwrap();
    assert_eq!(reply.header.status(), Status::Ok);
    assert!(reply.busy_ns.get() > 0);
    // Time on both engines is counted, and on no other.
    let config = guest.config();
    let busy: Vec<_> = config
        .engine_busy_ns
        .iter()
        .map(|ns| ns.get() > 0)
        .collect();
    assert_eq!(busy[..6], [false, false, true, true, false, false]);
    // A wait for a start: the waiting one comes back while the other still spins.
    let spin = [&[ARB_CHECK][..], &jump(BATCH)].concat();
    guest.write_dwords(OBJECTS, &spin);
    guest.write_dwords(OBJECTS + 0x1000, &[BATCH_END]);
    let spinner = guest.send_submit(&submit(2, 0, BATCH, &[], 2));
    let waits = [Point::start(30, 2)];
    let bonded = guest.send_submit(&submit(2, 1, BATCH + 0x1000, &waits, 1));
    assert_eq!(guest.wait_status(bonded), Status::Ok);
    assert!(guest.try_wait(spinner, Duration::from_millis(20)).is_none());
    // What it has had by now can be asked for.
    let query = |context: u32| QueryContextRuntime {
        context: context.into(),
        reserved: U32::ZERO,
    };
    let runtime = guest.ask(&query(2));
    assert_eq!(runtime.header.status(), Status::Ok);
    assert!(runtime.runtime_ns[0].get() > reply.busy_ns.get() / 2 + 15_000_000);
    assert!(runtime.runtime_ns[1].get() > 0);
    assert!(runtime.runtime_ns[2..].iter().all(|ns| ns.get() == 0));
    assert_eq!(guest.ask(&query(9)).header.status(), Status::NotFound);
    guest.write_dwords(OBJECTS, &[BATCH_END]);
    assert_eq!(guest.wait_status(spinner), Status::Ok);
    drop(guest);
    let socket = daemon.socket();
    let stats = daemon.folder.path().join("stats.json");
    daemon.until(|| !socket.exists());
    let stats: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(stats).unwrap()).unwrap();
    assert_eq!(stats["submissions"], 3);
    assert_eq!(stats["batches"], 4);
    assert_eq!(stats["gangs"], 1);
    assert_eq!(stats["endings"]["hung"], 0);
}

#[test]
fn a_batch_stores_into_memory_that_was_bound_in_the_same_breath() {
    for event_idx in [true, false] {
        let daemon = Daemon::start(&["--once"]);
        let mut guest = Guest::connect_with(&daemon.socket(), event_idx, frontend::QUEUE_SIZE);
        guest.set_up();
        let mut batch = store(DATA + 0x1008, 0x1234_5678).to_vec();
        batch.push(BATCH_END);
        guest.write_dwords(OBJECTS, &batch);
        // The data lies in two extents, one of them in the upper memory.
        let data = [
            extent(OBJECTS + 0x3000, 0x1000),
            extent(HIGH.0 + 0x5000, 0x2000),
        ];
        let first = guest.push(
            Queue::Bind,
            &bind(1, BATCH, &[extent(OBJECTS, 0x1000)], &[], 1),
            8,
        );
        let second = guest.push(Queue::Bind, &bind(1, DATA, &data, &[], 2), 8);
        let waits = [Point::new(10, 2)];
        let third = guest.push(
            Queue::Submit,
            &submit(1, 0, BATCH, &waits, 1),
            gpu::SUBMIT_REPLY,
        );
        // Only the submit queue is kicked: the binds must be taken first all the same.
        guest.kick(Queue::Submit);
        let reply = guest.wait(third);
        let reply = SubmitReply::read_from_bytes(&reply).unwrap();
        assert_eq!(reply.header.status(), Status::Ok);
        assert_eq!(guest.read_dword(HIGH.0 + 0x5008), 0x1234_5678);
        assert_eq!(guest.wait_status(first), Status::Ok);
        assert_eq!(guest.wait_status(second), Status::Ok);
        // Unbound, the same store goes nowhere.
        guest.write_dwords(HIGH.0 + 0x5008, &[0]);
        let ticket = guest.send_bind(&unbind(1, DATA, 0x3000, 3));
        assert_eq!(guest.wait_status(ticket), Status::Ok);
        let ticket = guest.send_submit(&submit(1, 0, BATCH, &[], 2));
        assert_eq!(guest.wait_status(ticket), Status::Ok);
        assert_eq!(guest.read_dword(HIGH.0 + 0x5008), 0);
        drop(guest);
        let socket = daemon.socket();
        let stats = daemon.folder.path().join("stats.json");
        daemon.until(|| !socket.exists());
        let stats: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(stats).unwrap()).unwrap();
        assert_eq!(stats["guests"], 1);
        assert_eq!(stats["submissions"], 2);
        assert_eq!(stats["binds"], 2);
        assert_eq!(stats["unbinds"], 1);
        assert_eq!(stats["extents"], 3);
        assert_eq!(stats["bytes_bound"], 0x4000);
        assert_eq!(stats["endings"]["done"], 5);
        assert_eq!(stats["queues"]["submit"]["chains"], 2);
        assert!(doorbells(&stats["queues"]["submit"]) <= 2);
        assert_eq!(stats["malformed"], 0);
        assert_eq!(stats["executor"]["engines"]["rcs0"]["submissions"], 2);
    }
}

#[test]
fn points_order_engines_and_submissions_end_out_of_order() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    guest.bind_now(BATCH, OBJECTS, 0x8000, 1);
    // Batch n copies dword n - 1 of the last page to dword n.
    let cell = |n: u64| BATCH + 0x7000 + n * 4;
    for n in 1..=6 {
        let mut batch = copy(cell(n), cell(n - 1)).to_vec();
        batch.push(BATCH_END);
        guest.write_dwords(OBJECTS + n * 0x100, &batch);
    }
    let mut batch = store(cell(0), 77).to_vec();
    batch.push(BATCH_END);
    guest.write_dwords(OBJECTS, &batch);
    // Sent last first, alternating between the engines; each waits for the one before.
    let mut tickets = Vec::new();
    let slot = |n: u64| (n % 2) as u16;
    let point = |n: u64| Point::new(20 + u32::from(slot(n)), n + 1);
    let contexts = 7;
    for n in 2..=contexts {
        let engines = [
            engine(RENDER, 1, n as u32 * 100),
            engine(COPY, 1, n as u32 * 100 + 1),
        ];
        assert_eq!(
            guest.control(&create_context(n as u32, 1, &engines)),
            Status::Ok
        );
    }
    let timeline = |n: u64| (n as u32 + 1) * 100 + u32::from(slot(n));
    for n in (1..=6).rev() {
        let wait = if n == 1 {
            point(0)
        } else {
            Point::new(timeline(n - 1), 1)
        };
        let bytes = submit(n as u32 + 1, slot(n), BATCH + n * 0x100, &[wait], 1);
        tickets.push(guest.send_submit(&bytes));
    }
    assert!(
        guest
            .try_wait(tickets[0], Duration::from_millis(50))
            .is_none()
    );
    let last = guest.send_submit(&submit(1, 0, BATCH, &[], 1));
    for ticket in tickets {
        assert_eq!(guest.wait_status(ticket), Status::Ok);
    }
    assert_eq!(guest.wait_status(last), Status::Ok);
    for n in 0..=6 {
        assert_eq!(guest.read_dword(OBJECTS + 0x7000 + n * 4), 77, "cell {n}");
    }
}

#[test]
fn a_refused_bind_counts_as_reached() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    guest.bind_now(BATCH, OBJECTS, 0x1000, 1);
    guest.write_dwords(OBJECTS, &[BATCH_END]);
    let ticket = guest.send_bind(&bind(1, DATA, &[extent(HIGH.0 - 0x1000, 0x1000)], &[], 5));
    assert_eq!(guest.wait_status(ticket), Status::BadExtent);
    let ticket = guest.send_submit(&submit(1, 0, BATCH, &[Point::new(10, 5)], 1));
    assert_eq!(guest.wait_status(ticket), Status::Ok);
    // Its value is spent.
    let ticket = guest.send_bind(&bind(1, DATA, &[extent(HIGH.0, 0x1000)], &[], 5));
    assert_eq!(guest.wait_status(ticket), Status::InvalidCommand);
}

#[test]
fn interrupts_come_as_often_as_event_idx_asks() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    let index = Queue::Bind as usize;
    let memory = guest.memory.clone();
    guest.rings[index].interrupt_after(&memory, 16);
    let before = guest.rings[index].interrupts;
    let tickets: Vec<_> = (1..=16)
        .map(|n| {
            guest.push(
                Queue::Bind,
                &bind(1, n << 16, &[extent(OBJECTS, 0x1000)], &[], n),
                8,
            )
        })
        .collect();
    guest.kick(Queue::Bind);
    for ticket in tickets {
        assert_eq!(guest.wait_status(ticket), Status::Ok);
    }
    guest.rings[index].wait_for_interrupt();
    assert_eq!(guest.rings[index].interrupts - before, 1);
    let stats = daemon.stats_when(|stats| stats["binds"] == 16);
    assert!(doorbells(&stats["queues"]["bind"]) <= 1);
    assert_eq!(stats["queues"]["bind"]["interrupts"], 1);
}

/// How often the device was told of new commands. It is told less often where it happens to
/// be looking when they come.
fn doorbells(queue: &serde_json::Value) -> u64 {
    queue["doorbells"].as_u64().unwrap_or(u64::MAX)
}

#[test]
fn a_submission_costs_at_most_one_doorbell_and_one_interrupt() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    guest.bind_now(BATCH, OBJECTS, 0x1000, 1);
    guest.write_dwords(OBJECTS, &[BATCH_END]);
    let memory = guest.memory.clone();
    let index = Queue::Submit as usize;
    let count = 100;
    for signal in 1..=count {
        // As a driver that sleeps until the interrupt comes.
        guest.rings[index].interrupt_after(&memory, 1);
        let before = guest.rings[index].interrupts;
        let ticket = guest.send_submit(&submit(1, 0, BATCH, &[], signal));
        let end = Instant::now() + frontend::PATIENCE;
        while guest.rings[index].interrupts == before {
            assert!(Instant::now() < end, "no interrupt comes");
            guest.rings[index].wait_for_interrupt();
        }
        assert_eq!(guest.wait_status(ticket), Status::Ok);
    }
    let stats = daemon.stats_when(|stats| stats["endings"]["done"] == count + 1);
    let queue = &stats["queues"]["submit"];
    assert_eq!(queue["chains"], count);
    assert!(doorbells(queue) <= count, "{queue}");
    assert_eq!(queue["interrupts"], count);
    // No other queue was disturbed: not more than that for each command.
    for (name, commands) in [("control", 3), ("bind", 1)] {
        let queue = &stats["queues"][name];
        assert_eq!(queue["chains"], commands);
        assert!(doorbells(queue) <= commands, "{queue}");
        assert!(queue["interrupts"].as_u64() <= Some(commands), "{queue}");
    }
}

#[test]
fn ids_and_timelines_are_the_drivers_to_choose_once() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    let context = |id: u32| DestroyContext {
        context: U32::new(id),
        reserved: U32::ZERO,
    };
    let space = |id: u32| DestroyAddressSpace {
        address_space: U32::new(id),
        reserved: U32::ZERO,
    };
    assert_eq!(guest.status(&create_address_space(1, 11)), Status::Exists);
    assert_eq!(guest.status(&create_address_space(2, 10)), Status::Exists);
    assert_eq!(guest.status(&create_address_space(2, 20)), Status::Exists);
    let render = |timeline| engine(RENDER, 1, timeline);
    for (bytes, status) in [
        (create_context(1, 1, &[render(30)]), Status::Exists),
        (create_context(2, 9, &[render(30)]), Status::NotFound),
        (create_context(2, 1, &[render(20)]), Status::Exists),
        (
            create_context(2, 1, &[render(30), render(30)]),
            Status::Exists,
        ),
        (
            create_context(2, 1, &[engine(RENDER, 2, 30)]),
            Status::Unsupported,
        ),
        (
            create_context(2, 1, &[engine(9, 1, 30)]),
            Status::Unsupported,
        ),
        (
            create_context(2, 1, &[engine(2, 3, 30), render(31)]),
            Status::Ok,
        ),
    ] {
        assert_eq!(guest.control(&bytes), status);
    }
    assert_eq!(guest.status(&space(1)), Status::Exists);
    assert_eq!(guest.status(&space(9)), Status::NotFound);
    for (id, status) in [
        (9, Status::NotFound),
        (2, Status::Ok),
        (2, Status::NotFound),
    ] {
        assert_eq!(guest.status(&context(id)), status);
    }
    let flags = |id, flags| SetContextFlags {
        context: U32::new(id),
        flags: U32::new(flags),
    };
    assert_eq!(guest.status(&flags(1, 3)), Status::Ok);
    assert_eq!(guest.status(&flags(1, 4)), Status::InvalidCommand);
    assert_eq!(guest.status(&flags(2, 0)), Status::NotFound);
    let cancel = |id| CancelContext {
        context: U32::new(id),
        reserved: U32::ZERO,
    };
    assert_eq!(guest.status(&cancel(2)), Status::NotFound);
    assert_eq!(guest.status(&cancel(1)), Status::Ok);
    assert_eq!(guest.status(&ResetActive::default()), Status::Ok);
    assert_eq!(guest.status(&context(1)), Status::Ok);
    assert_eq!(guest.status(&space(1)), Status::Ok);
    // All gone: the same numbers can be used again.
    assert_eq!(guest.status(&create_address_space(1, 20)), Status::Ok);
    assert_eq!(
        guest.control(&create_context(1, 1, &[render(10)])),
        Status::Ok
    );
}

#[test]
fn a_hang_is_told_as_an_event_and_as_the_submissions_status() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    guest.bind_now(BATCH, OBJECTS, 0x1000, 1);
    let size = size_of::<protocol::Event>() as u32;
    // The first buffer is too short to hold an event and comes back empty.
    let at = 0x90_0000;
    let short = guest.push_chain(Queue::Event, &[frontend::ring::Descriptor::writable(at, 8)]);
    let buffer = guest.push_chain(
        Queue::Event,
        &[frontend::ring::Descriptor::writable(at, size)],
    );
    // A command of a client that no engine has.
    let numbered_noop = 1 << 22 | 77;
    guest.write_dwords(OBJECTS, &[numbered_noop, 0x7 << 29 | 0x1234, BATCH_END]);
    let ticket = guest.send_submit(&submit(1, 1, BATCH, &[], 1));
    assert_eq!(guest.wait_status(ticket), Status::Hung);
    assert_eq!(
        guest.wait_used(Queue::Event, short, frontend::PATIENCE),
        Some(0)
    );
    assert_eq!(
        guest.wait_used(Queue::Event, buffer, frontend::PATIENCE),
        Some(size)
    );
    let mut bytes = vec![0; size as usize];
    vm_memory::Bytes::read_slice(&guest.memory, &mut bytes, vm_memory::GuestAddress(at)).unwrap();
    let event = protocol::Event::read_from_bytes(&bytes).unwrap();
    assert_eq!(event.kind.get(), protocol::EventKind::Hang as u32);
    assert_eq!((event.context.get(), event.slot.get()), (1, 1));
    assert_eq!((event.class.get(), event.instance.get()), (COPY, 0));
    assert_eq!(event.command_address.get(), BATCH + 4);
    assert_eq!(event.command.get(), 0x7 << 29 | 0x1234);
    assert_eq!(event.signal.get(), 1);
    assert_eq!(event.registers.batch_address.get(), BATCH + 4);
    assert_eq!(event.registers.batch_state.get(), 0x20);
    assert_eq!(event.registers.error.get(), 1);
    assert_eq!(event.registers.done.get(), u32::MAX);
    assert_eq!(event.registers.nop_id.get(), 77);
    assert_eq!(event.reason[95], 0);
    assert!(event.reason[0] != 0);
    // Nobody listens to the next one; it is lost, and counted.
    let ticket = guest.send_submit(&submit(1, 1, BATCH, &[], 2));
    assert_eq!(guest.wait_status(ticket), Status::Hung);
    let stats = daemon.stats_when(|stats| stats["endings"]["hung"] == 2);
    assert_eq!(
        (&stats["events"], &stats["events_lost"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn a_reset_engines_batch_comes_back_hung_and_the_reply_counts_it() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    guest.bind_now(BATCH, OBJECTS, 0x1000, 1);
    let reset = frontend::samples::reset_engines(0b11);
    let size = size_of::<protocol::ResetEnginesReply>() as u32;
    let counted = |guest: &mut Guest| {
        let reply = guest.call(Queue::Control, &reset, size);
        assert_eq!(frontend::status(&reply), Status::Ok);
        let reply = protocol::ResetEnginesReply::read_from_bytes(&reply).unwrap();
        reply.submissions.get()
    };
    assert_eq!(counted(&mut guest), 0, "nothing is executed");
    // Jumps to itself on the copy engine.
    guest.write_dwords(OBJECTS, &[0x1880_0101, BATCH as u32, (BATCH >> 32) as u32]);
    let ticket = guest.send_submit(&submit(1, 1, BATCH, &[], 1));
    while counted(&mut guest) == 0 {}
    assert_eq!(guest.wait_status(ticket), Status::Hung);
}

#[test]
fn a_closed_contexts_batch_ends_where_the_heartbeat_is_off() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    guest.bind_now(BATCH, OBJECTS, 0x1000, 1);
    guest.write_dwords(OBJECTS, &[0x1880_0101, BATCH as u32, (BATCH >> 32) as u32]);
    let properties = frontend::samples::properties(COPY, 0);
    assert_eq!(guest.status(&properties), Status::Ok);
    let ticket = guest.send_submit(&submit(1, 1, BATCH, &[], 1));
    let close = frontend::samples::a_close();
    assert_eq!(guest.control(&close), Status::Ok);
    assert_eq!(guest.wait_status(ticket), Status::Cancelled);
}

#[test]
fn hello_comes_first_and_may_come_again() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    assert_eq!(
        guest.status(&QueryPlatform::default()),
        Status::InvalidCommand
    );
    assert_eq!(
        guest.status(&create_address_space(1, 10)),
        Status::InvalidCommand
    );
    let mut hello = protocol::Hello::read_from_bytes(&[0; 8]).unwrap();
    for version in [0, protocol::VERSION + 1] {
        hello.version = version.into();
        assert_eq!(guest.status(&hello), Status::InvalidCommand);
    }
    guest.set_up();
    guest.hello();
    assert_eq!(guest.status(&create_address_space(1, 10)), Status::Exists);
    // Trailing readable bytes behind the command's length are nobody's business.
    let bytes = [encode(&QueryPlatform::default(), &[]), vec![0xff; 5]].concat();
    let size = size_of::<PlatformReply>() as u32;
    assert_eq!(
        frontend::status(&guest.call(Queue::Control, &bytes, size)),
        Status::Ok
    );
}
