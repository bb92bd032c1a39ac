// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What an ill-behaved driver gets: an error in the reply, an empty chain back, or a
//! device that must be reset; and never a daemon that fails.

mod frontend;

use frontend::daemon::Daemon;
use frontend::gpu::{bind, create_address_space, create_context, engine, extent, submit, unbind};
use frontend::ring::{Descriptor, INDIRECT, NEXT, WRITE};
use frontend::{Guest, HIGH, LOW, OBJECTS, PATIENCE, encode, status};
use protocol::{
    CancelContext, Extent, Point, QueryPlatform, Queue, ReadRegister, ReplyHeader, Status,
};
use virtio_igpu_protocol as protocol;
use vm_memory::{Bytes, GuestAddress};
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, IntoBytes};

const BIG: u32 = 1024;

/// The bytes with some of them replaced.
fn patch(mut bytes: Vec<u8>, at: usize, with: &[u8]) -> Vec<u8> {
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
}

fn a_bind() -> Vec<u8> {
    bind(
        1,
        0x1_0000,
        &[extent(OBJECTS, 0x1000)],
        &[Point::new(10, 0)],
        1,
    )
}

fn a_submit() -> Vec<u8> {
    submit(1, 0, 0x1_0000, &[Point::new(10, 0)], 1)
}

fn a_context() -> Vec<u8> {
    create_context(7, 1, &[engine(0, 1, 70)])
}

/// One of each command, all acceptable.
fn each_command() -> Vec<(Queue, Vec<u8>)> {
    let hello = protocol::Hello::read_from_bytes(&[1, 0, 0, 0, 0, 0, 0, 0]).unwrap();
    let one = U32::new(1);
    let zero = U32::ZERO;
    vec![
        (Queue::Control, encode(&hello, &[])),
        (Queue::Control, encode(&QueryPlatform::default(), &[])),
        (
            Queue::Control,
            encode(
                &ReadRegister {
                    offset: U32::new(0x2358),
                    reserved: zero,
                },
                &[],
            ),
        ),
        (Queue::Control, encode(&create_address_space(7, 71), &[])),
        (Queue::Control, a_context()),
        (
            Queue::Control,
            encode(
                &CancelContext {
                    context: one,
                    reserved: zero,
                },
                &[],
            ),
        ),
        (
            Queue::Control,
            encode(
                &protocol::SetPriority {
                    context: one,
                    priority: 5.into(),
                },
                &[],
            ),
        ),
        (
            Queue::Control,
            encode(&protocol::ResetActive::default(), &[]),
        ),
        (
            Queue::Control,
            encode(
                &protocol::DestroyContext {
                    context: one,
                    reserved: zero,
                },
                &[],
            ),
        ),
        (
            Queue::Control,
            encode(
                &protocol::DestroyAddressSpace {
                    address_space: one,
                    reserved: zero,
                },
                &[],
            ),
        ),
        (Queue::Bind, a_bind()),
        (Queue::Bind, unbind(1, 0x1_0000, 0x1000, 1)),
        (Queue::Submit, a_submit()),
    ]
}

const QUEUES: [Queue; 3] = [Queue::Control, Queue::Bind, Queue::Submit];

#[test]
fn truncated_prolonged_and_misplaced_commands_are_invalid() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    let mut check = |queue, bytes: &[u8], what: &str| {
        let reply = guest.call(queue, bytes, BIG);
        assert_eq!(
            status(&reply),
            Status::InvalidCommand,
            "{what}: {bytes:02x?}"
        );
    };
    for (queue, bytes) in each_command() {
        for length in 0..bytes.len() {
            check(queue, &bytes[..length], "cut");
            if length >= 8 {
                let says = (length as u32).to_le_bytes();
                check(
                    queue,
                    &patch(bytes.clone(), 4, &says),
                    "its length too small",
                );
                check(
                    queue,
                    &patch(bytes[..length].to_vec(), 4, &says),
                    "cut, says so",
                );
            }
        }
        let longer = [&bytes[..], &[0; 8]].concat();
        let says = (longer.len() as u32).to_le_bytes();
        check(queue, &patch(longer, 4, &says), "too long");
        check(
            queue,
            &patch(bytes.clone(), 4, &u32::MAX.to_le_bytes()),
            "its length too large",
        );
        check(
            queue,
            &patch(bytes.clone(), 4, &0_u32.to_le_bytes()),
            "its length zero",
        );
        check(
            queue,
            &patch(bytes.clone(), 2, &[1]),
            "header's reserved field",
        );
        for number in [0_u16, 4, 0x102, 0x201, u16::MAX] {
            check(
                queue,
                &patch(bytes.clone(), 0, &number.to_le_bytes()),
                "unknown number",
            );
        }
        for other in QUEUES.into_iter().filter(|other| *other != queue) {
            check(other, &bytes, "wrong queue");
        }
    }
    // The guest's things are as they were.
    let ticket = guest.send_bind(&a_bind());
    assert_eq!(guest.wait_status(ticket), Status::Ok);
    let stats = daemon.stats_when(|stats| stats["binds"] == 1);
    assert_eq!(stats["malformed"], stats["refused"]["invalid_command"]);
    assert_eq!(stats["broken_rings"], 0);
}

#[test]
fn fields_that_say_nonsense_are_refused_each_with_its_status() {
    use Status::{BadExtent, BadRange, InvalidCommand, NotFound, Unsupported};
    let top = 1_u64 << 48;
    let page = 0x1000;
    let with = |address, extents: &[Extent]| bind(1, address, extents, &[], 1);
    let one = |address, length| with(0x1_0000, &[extent(address, length)]);
    let null = |bytes: Vec<u8>| patch(bytes, 12, &2_u32.to_le_bytes());
    let points = vec![Point::new(10, 0); protocol::MAX_WAITS as usize + 1];
    let extents = vec![extent(OBJECTS, page); protocol::MAX_EXTENTS as usize + 1];
    let engines = vec![engine(0, 1, 70); protocol::MAX_CONTEXT_ENGINES as usize + 1];
    let table: Vec<(&str, Queue, Vec<u8>, Status)> = vec![
        (
            "hello reserved",
            Queue::Control,
            patch(each_command()[0].1.clone(), 10, &[1]),
            InvalidCommand,
        ),
        (
            "query reserved",
            Queue::Control,
            patch(each_command()[1].1.clone(), 15, &[1]),
            InvalidCommand,
        ),
        (
            "register reserved",
            Queue::Control,
            patch(each_command()[2].1.clone(), 12, &[1]),
            InvalidCommand,
        ),
        (
            "cancel reserved",
            Queue::Control,
            patch(each_command()[5].1.clone(), 12, &[1]),
            InvalidCommand,
        ),
        (
            "priority",
            Queue::Control,
            patch(each_command()[6].1.clone(), 12, &1024_i32.to_le_bytes()),
            InvalidCommand,
        ),
        (
            "reset reserved",
            Queue::Control,
            patch(each_command()[7].1.clone(), 8, &[1]),
            InvalidCommand,
        ),
        (
            "destroy reserved",
            Queue::Control,
            patch(each_command()[8].1.clone(), 12, &[1]),
            InvalidCommand,
        ),
        (
            "destroy space reserved",
            Queue::Control,
            patch(each_command()[9].1.clone(), 12, &[1]),
            InvalidCommand,
        ),
        (
            "context flags",
            Queue::Control,
            patch(a_context(), 16, &4_u32.to_le_bytes()),
            InvalidCommand,
        ),
        (
            "context priority",
            Queue::Control,
            patch(a_context(), 20, &i32::MIN.to_le_bytes()),
            InvalidCommand,
        ),
        (
            "context reserved",
            Queue::Control,
            patch(a_context(), 28, &[1]),
            InvalidCommand,
        ),
        (
            "context engines",
            Queue::Control,
            create_context(7, 1, &[]),
            InvalidCommand,
        ),
        (
            "context engines",
            Queue::Control,
            create_context(7, 1, &engines),
            InvalidCommand,
        ),
        (
            "context engine count",
            Queue::Control,
            patch(a_context(), 24, &u32::MAX.to_le_bytes()),
            InvalidCommand,
        ),
        (
            "context instances",
            Queue::Control,
            create_context(7, 1, &[engine(0, 0, 70)]),
            InvalidCommand,
        ),
        (
            "context class",
            Queue::Control,
            create_context(7, 1, &[engine(4, 1, 70)]),
            Unsupported,
        ),
        (
            "bind flags",
            Queue::Bind,
            patch(a_bind(), 12, &4_u32.to_le_bytes()),
            InvalidCommand,
        ),
        (
            "bind space",
            Queue::Bind,
            patch(a_bind(), 8, &9_u32.to_le_bytes()),
            NotFound,
        ),
        (
            "bind wait reserved",
            Queue::Bind,
            patch(a_bind(), 48 + 4, &[1]),
            InvalidCommand,
        ),
        (
            "bind wait count",
            Queue::Bind,
            patch(a_bind(), 40, &u32::MAX.to_le_bytes()),
            InvalidCommand,
        ),
        (
            "bind extent count",
            Queue::Bind,
            patch(a_bind(), 44, &u32::MAX.to_le_bytes()),
            InvalidCommand,
        ),
        (
            "bind waits",
            Queue::Bind,
            bind(1, 0x1_0000, &[extent(OBJECTS, page)], &points, 1),
            InvalidCommand,
        ),
        (
            "bind extents",
            Queue::Bind,
            with(0, &extents),
            InvalidCommand,
        ),
        (
            "bind sum",
            Queue::Bind,
            patch(a_bind(), 24, &0x2000_u64.to_le_bytes()),
            InvalidCommand,
        ),
        (
            "bind sum wraps",
            Queue::Bind,
            with(0, &[extent(0, u64::MAX - 0xfff), extent(0, 0x2000)]),
            InvalidCommand,
        ),
        (
            "bind nothing",
            Queue::Bind,
            patch(with(0x1_0000, &[]), 24, &0x1000_u64.to_le_bytes()),
            InvalidCommand,
        ),
        (
            "bind null with extents",
            Queue::Bind,
            null(a_bind()),
            InvalidCommand,
        ),
        (
            "bind null, empty",
            Queue::Bind,
            null(with(0x1_0000, &[])),
            BadRange,
        ),
        (
            "bind signal",
            Queue::Bind,
            patch(a_bind(), 32, &0_u64.to_le_bytes()),
            InvalidCommand,
        ),
        (
            "bind waits for itself",
            Queue::Bind,
            bind(
                1,
                0x1_0000,
                &[extent(OBJECTS, page)],
                &[Point::new(10, 1)],
                1,
            ),
            InvalidCommand,
        ),
        ("bind empty", Queue::Bind, with(0x1_0000, &[]), BadRange),
        (
            "bind address",
            Queue::Bind,
            with(0x1_0800, &[extent(OBJECTS, page)]),
            BadRange,
        ),
        ("bind length", Queue::Bind, one(OBJECTS, 0x800), BadRange),
        (
            "bind past the end",
            Queue::Bind,
            with(top, &[extent(OBJECTS, page)]),
            BadRange,
        ),
        (
            "bind over the end",
            Queue::Bind,
            with(top - page, &[extent(OBJECTS, 2 * page)]),
            BadRange,
        ),
        (
            "bind far past the end",
            Queue::Bind,
            with(1 << 60, &[extent(OBJECTS, page)]),
            BadRange,
        ),
        (
            "extent address",
            Queue::Bind,
            one(OBJECTS + 0x800, page),
            BadExtent,
        ),
        (
            "extent empty",
            Queue::Bind,
            with(0x1_0000, &[extent(OBJECTS, page), extent(OBJECTS, 0)]),
            BadExtent,
        ),
        (
            "extent lengths",
            Queue::Bind,
            with(0x1_0000, &[extent(OBJECTS, 0x800), extent(OBJECTS, 0x800)]),
            BadExtent,
        ),
        (
            "extent in the hole",
            Queue::Bind,
            one(LOW.1, page),
            BadExtent,
        ),
        (
            "extent into the hole",
            Queue::Bind,
            one(LOW.1 - page, 2 * page),
            BadExtent,
        ),
        (
            "extent past the end",
            Queue::Bind,
            one(HIGH.0 + HIGH.1, page),
            BadExtent,
        ),
        (
            "extent wraps",
            Queue::Bind,
            one(u64::MAX - 0xfff, 0x2000),
            BadExtent,
        ),
        (
            "extent far away",
            Queue::Bind,
            one(1 << 62, page),
            BadExtent,
        ),
        (
            "unbind flags",
            Queue::Bind,
            patch(unbind(1, 0, page, 1), 12, &[1]),
            InvalidCommand,
        ),
        (
            "unbind reserved",
            Queue::Bind,
            patch(unbind(1, 0, page, 1), 44, &[1]),
            InvalidCommand,
        ),
        ("unbind space", Queue::Bind, unbind(9, 0, page, 1), NotFound),
        ("unbind empty", Queue::Bind, unbind(1, 0, 0, 1), BadRange),
        (
            "unbind address",
            Queue::Bind,
            unbind(1, 1, page, 1),
            BadRange,
        ),
        (
            "unbind length",
            Queue::Bind,
            unbind(1, 0, page + 1, 1),
            BadRange,
        ),
        (
            "unbind wraps",
            Queue::Bind,
            unbind(1, top - page, u64::MAX - 0xfff, 1),
            BadRange,
        ),
        (
            "unbind signal",
            Queue::Bind,
            unbind(1, 0, page, 0),
            InvalidCommand,
        ),
        (
            "submit context",
            Queue::Submit,
            submit(9, 0, 0, &[], 1),
            NotFound,
        ),
        (
            "submit slot",
            Queue::Submit,
            submit(1, 2, 0, &[], 1),
            NotFound,
        ),
        (
            "submit flags",
            Queue::Submit,
            patch(a_submit(), 14, &[1]),
            InvalidCommand,
        ),
        (
            "submit reserved",
            Queue::Submit,
            patch(a_submit(), 36, &[1]),
            InvalidCommand,
        ),
        (
            "submit waits",
            Queue::Submit,
            submit(1, 0, 0, &points, 1),
            InvalidCommand,
        ),
        (
            "submit waits for itself",
            Queue::Submit,
            submit(1, 0, 0, &[Point::new(20, 2)], 1),
            InvalidCommand,
        ),
        (
            "submit signal",
            Queue::Submit,
            submit(1, 0, 0, &[], 0),
            InvalidCommand,
        ),
        (
            "submit batch",
            Queue::Submit,
            submit(1, 0, 4, &[], 1),
            BadRange,
        ),
        (
            "submit batch",
            Queue::Submit,
            submit(1, 0, top, &[], 1),
            BadRange,
        ),
    ];
    let daemon = Daemon::start(&[]);
    for (what, queue, bytes, expected) in table {
        let mut guest = Guest::connect(&daemon.socket());
        guest.set_up();
        let reply = guest.call(queue, &bytes, BIG);
        assert_eq!(status(&reply), expected, "{what}");
        // And the device goes on.
        assert_eq!(
            guest.status(&create_address_space(2, 11)),
            Status::Ok,
            "{what}"
        );
        drop(guest);
    }
}

#[test]
fn without_room_for_its_reply_a_command_is_not_carried_out() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    let create = encode(&create_address_space(2, 11), &[]);
    for room in 0..8 {
        assert_eq!(guest.call(Queue::Control, &create, room).len(), 0);
    }
    let query = encode(&QueryPlatform::default(), &[]);
    let whole = size_of::<protocol::PlatformReply>() as u32;
    let reply = guest.call(Queue::Control, &query, whole - 1);
    assert_eq!((reply.len(), status(&reply)), (8, Status::InvalidCommand));
    assert_eq!(
        guest.call(Queue::Control, &query, whole + 100).len(),
        whole as usize
    );
    let ticket = guest.send(Queue::Submit, &submit(1, 0, 0, &[], 1), 23);
    assert_eq!(guest.wait_status(ticket), Status::InvalidCommand);
    assert_eq!(guest.control(&create), Status::Ok);
}

const AT: u64 = 0x90_0000;

#[test]
fn chains_that_can_not_carry_a_command_come_back() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    let query = encode(
        &ReadRegister {
            offset: U32::new(0x2358),
            reserved: U32::ZERO,
        },
        &[],
    );
    guest.memory.write_slice(&query, GuestAddress(AT)).unwrap();
    let readable = Descriptor::readable;
    let writable = Descriptor::writable;
    let reply = AT + 0x1000;
    let length = query.len() as u32;
    // What the driver sends, how many bytes it gets, and the status if any.
    let table: Vec<(&str, Vec<Descriptor>, u32, Option<Status>)> = vec![
        (
            "plain",
            vec![readable(AT, length), writable(reply, 16)],
            16,
            Some(Status::Ok),
        ),
        (
            "in pieces, some empty",
            vec![
                readable(AT, 3),
                readable(AT + 3, 0),
                readable(AT + 3, length - 3),
                writable(reply, 1),
                writable(reply, 0),
                writable(reply + 1, 15),
            ],
            16,
            Some(Status::Ok),
        ),
        ("no writable part", vec![readable(AT, length)], 0, None),
        (
            "no readable part",
            vec![writable(reply, 16)],
            8,
            Some(Status::InvalidCommand),
        ),
        ("nothing at all", vec![readable(AT, 0)], 0, None),
        (
            "writable before readable",
            vec![writable(reply, 16), readable(AT, length)],
            8,
            Some(Status::InvalidCommand),
        ),
        (
            "readable in the hole",
            vec![readable(LOW.1 + 0x1000, length), writable(reply, 16)],
            8,
            Some(Status::InvalidCommand),
        ),
        (
            "readable over the edge",
            vec![readable(LOW.1 - 4, length), writable(reply, 16)],
            8,
            Some(Status::InvalidCommand),
        ),
        (
            "readable wraps",
            vec![readable(u64::MAX - 4, length), writable(reply, 16)],
            8,
            Some(Status::InvalidCommand),
        ),
        (
            "writable in the hole",
            vec![readable(AT, length), writable(LOW.1, 16)],
            0,
            None,
        ),
        (
            "writable wraps",
            vec![readable(AT, length), writable(u64::MAX, 16)],
            0,
            None,
        ),
        (
            "far too long",
            vec![readable(OBJECTS, 8 << 20), writable(reply, 16)],
            8,
            Some(Status::InvalidCommand),
        ),
    ];
    for (what, chain, written, expected) in table {
        let head = guest.push_chain(Queue::Control, &chain);
        guest.kick(Queue::Control);
        assert_eq!(
            guest.wait_used(Queue::Control, head, PATIENCE),
            Some(written),
            "{what}"
        );
        if let Some(expected) = expected {
            let header: [u8; 8] = guest.memory.read_obj(GuestAddress(reply)).unwrap();
            let header = ReplyHeader::read_from_bytes(&header).unwrap();
            assert_eq!(header.status(), expected, "{what}");
        }
    }
    // An indirect table is as good as a direct one.
    let mut table = [readable(AT, length), writable(reply, 16)];
    table[0].flags |= NEXT;
    table[0].next = 1;
    let bytes = [table[0].bytes(), table[1].bytes()].concat();
    guest
        .memory
        .write_slice(&bytes, GuestAddress(AT + 0x2000))
        .unwrap();
    let indirect = Descriptor {
        address: AT + 0x2000,
        length: 32,
        flags: INDIRECT,
        next: 0,
    };
    let head = guest.push_chain(Queue::Control, &[indirect]);
    guest.kick(Queue::Control);
    assert_eq!(guest.wait_used(Queue::Control, head, PATIENCE), Some(16));
}

/// Breaks the control ring in one way.
type Breaker = fn(&mut Guest);

fn raw_chain(guest: &mut Guest, descriptor: Descriptor) {
    let memory = guest.memory.clone();
    guest.rings[0].write_descriptor(&memory, 40, &descriptor);
    guest.rings[0].push_head(&memory, 40);
}

#[test]
fn a_broken_ring_loses_the_device_until_it_is_reset() {
    let table: Vec<(&str, Breaker)> = vec![
        ("available index", |guest| {
            let memory = guest.memory.clone();
            let index = guest.rings[0].available.wrapping_add(65);
            guest.rings[0].set_available(&memory, index);
        }),
        ("available index goes back", |guest| {
            let memory = guest.memory.clone();
            let index = guest.rings[0].available.wrapping_sub(1);
            guest.rings[0].set_available(&memory, index);
        }),
        ("head past the table", |guest| {
            let memory = guest.memory.clone();
            guest.rings[0].push_head(&memory, 64);
        }),
        ("next past the table", |guest| {
            raw_chain(
                guest,
                Descriptor {
                    address: AT,
                    length: 8,
                    flags: NEXT,
                    next: 64,
                },
            );
        }),
        ("loop", |guest| {
            raw_chain(
                guest,
                Descriptor {
                    address: AT,
                    length: 8,
                    flags: NEXT,
                    next: 40,
                },
            );
        }),
        ("loop of writable descriptors", |guest| {
            raw_chain(
                guest,
                Descriptor {
                    address: AT,
                    length: 8,
                    flags: NEXT | WRITE,
                    next: 40,
                },
            );
        }),
        ("more than 4 GiB", |guest| {
            let memory = guest.memory.clone();
            let last = Descriptor {
                address: AT,
                length: u32::MAX,
                flags: 0,
                next: 0,
            };
            guest.rings[0].write_descriptor(&memory, 41, &last);
            raw_chain(
                guest,
                Descriptor {
                    address: AT,
                    length: 8,
                    flags: NEXT,
                    next: 41,
                },
            );
        }),
        ("indirect table in the hole", |guest| {
            let at = LOW.1 + 0x1000;
            raw_chain(
                guest,
                Descriptor {
                    address: at,
                    length: 32,
                    flags: INDIRECT,
                    next: 0,
                },
            );
        }),
        ("indirect table of a part", |guest| {
            raw_chain(
                guest,
                Descriptor {
                    address: AT,
                    length: 17,
                    flags: INDIRECT,
                    next: 0,
                },
            );
        }),
        ("empty indirect table", |guest| {
            raw_chain(
                guest,
                Descriptor {
                    address: AT,
                    length: 0,
                    flags: INDIRECT,
                    next: 0,
                },
            );
        }),
        ("indirect table that names itself", |guest| {
            let table = Descriptor {
                address: AT,
                length: 16,
                flags: INDIRECT,
                next: 0,
            };
            guest
                .memory
                .write_slice(&table.bytes(), GuestAddress(AT))
                .unwrap();
            raw_chain(guest, table);
        }),
        ("indirect table that loops", |guest| {
            let entry = Descriptor {
                address: AT,
                length: 1,
                flags: NEXT,
                next: 0,
            };
            guest
                .memory
                .write_slice(&entry.bytes(), GuestAddress(AT))
                .unwrap();
            raw_chain(
                guest,
                Descriptor {
                    address: AT,
                    length: 16,
                    flags: INDIRECT,
                    next: 0,
                },
            );
        }),
        ("indirect table longer than the queue", |guest| {
            for index in 0..100_u64 {
                let next = index as u16 + 1;
                let flags = if index < 99 { NEXT } else { 0 };
                let entry = Descriptor {
                    address: AT,
                    length: 1,
                    flags,
                    next,
                };
                let at = GuestAddress(AT + index * 16);
                guest.memory.write_slice(&entry.bytes(), at).unwrap();
            }
            raw_chain(
                guest,
                Descriptor {
                    address: AT,
                    length: 1600,
                    flags: INDIRECT,
                    next: 0,
                },
            );
        }),
    ];
    let daemon = Daemon::start(&[]);
    for (what, breaker) in table {
        let mut guest = Guest::connect(&daemon.socket());
        guest.set_up();
        let size = size_of::<protocol::Event>() as u32;
        let event = guest.push_chain(Queue::Event, &[Descriptor::writable(AT + 0x8000, size)]);
        // This never runs: it waits for a point nobody signals.
        let stuck = guest.send_submit(&submit(1, 0, 0, &[Point::new(10, 99)], 1));
        breaker(&mut guest);
        // Not all of these look to EVENT_IDX like something new.
        guest.rings[0].kick.write(1).unwrap();
        assert_eq!(guest.wait_status(stuck), Status::DeviceLost, "{what}");
        assert_eq!(
            guest.wait_used(Queue::Event, event, PATIENCE),
            Some(size),
            "{what}"
        );
        let kind: u32 = guest.memory.read_obj(GuestAddress(AT + 0x8000)).unwrap();
        assert_eq!(kind, protocol::EventKind::DeviceLost as u32, "{what}");
        let ticket = guest.send_bind(&a_bind());
        assert_eq!(guest.wait_status(ticket), Status::DeviceLost, "{what}");
        guest.stop_queues();
        guest.start_queues();
        guest.set_up();
        let ticket = guest.send_bind(&a_bind());
        assert_eq!(guest.wait_status(ticket), Status::Ok, "{what}");
        drop(guest);
        daemon.until(|| daemon.stats()["broken_rings"] == 1);
        assert_eq!(daemon.stats()["sessions"], 2, "{what}");
    }
}

#[test]
fn random_bytes_do_no_harm() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    let mut seed = 0x1234_5678_9abc_def0_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let commands = each_command();
    for _ in 0..3000 {
        // A good command with a few bytes changed, or noise.
        let (queue, mut bytes) = commands[random() as usize % commands.len()].clone();
        if random() % 8 == 0 {
            bytes = (0..random() % 200).map(|_| random() as u8).collect();
        }
        for _ in 0..random() % 4 {
            if !bytes.is_empty() {
                let at = random() as usize % bytes.len();
                bytes[at] = [0, 1, 2, 0x7f, 0xff, random() as u8][random() as usize % 6];
            }
        }
        // What is accepted may wait for what never comes: nobody waits for it here.
        let ticket = guest.send(queue, &bytes, BIG);
        if queue == Queue::Control {
            guest.wait(ticket);
        } else if random() % 16 == 0 {
            guest.status(&protocol::ResetActive::default());
        }
        if guest.try_wait(ticket, std::time::Duration::ZERO).is_none() && queue != Queue::Control {
            // Free the ring now and then of what waits for ever.
            guest.stop_queues();
            guest.start_queues();
            guest.set_up();
        }
    }
    guest.stop_queues();
    guest.start_queues();
    guest.set_up();
    let bytes = [a_bind().as_bytes(), &[]].concat();
    let ticket = guest.send_bind(&bytes);
    assert_eq!(guest.wait_status(ticket), Status::Ok);
}
