// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What an ill-behaved driver gets for its commands: an error in the reply, and nothing
//! changed.

mod frontend;

use frontend::daemon::Daemon;
use frontend::gpu::{
    bind, create_address_space, create_context, engine, extent, submit, submit_gang, unbind,
};
use frontend::samples::{
    a_bind, a_close, a_context, a_submit, each_command, properties, reset_engines, sample,
};
use frontend::{Guest, HIGH, LOW, OBJECTS, encode, status};
use protocol::{Extent, Opcode, Point, QueryPlatform, Queue, Status};
use virtio_igpu_protocol as protocol;

const BIG: u32 = 1024;

/// The bytes with some of them replaced.
fn patch(mut bytes: Vec<u8>, at: usize, with: &[u8]) -> Vec<u8> {
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
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
        for number in [0_u16, 6, 0x102, 0x201, u16::MAX] {
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
            patch(sample(Opcode::Hello), 12, &[1]),
            InvalidCommand,
        ),
        (
            "hello flags",
            Queue::Control,
            patch(sample(Opcode::Hello), 10, &[2]),
            InvalidCommand,
        ),
        (
            "hello of a guest of which nothing was kept",
            Queue::Control,
            patch(sample(Opcode::Hello), 10, &[1]),
            NotFound,
        ),
        (
            "query reserved",
            Queue::Control,
            patch(sample(Opcode::QueryPlatform), 15, &[1]),
            InvalidCommand,
        ),
        (
            "register reserved",
            Queue::Control,
            patch(sample(Opcode::ReadRegister), 12, &[1]),
            InvalidCommand,
        ),
        (
            "cancel reserved",
            Queue::Control,
            patch(sample(Opcode::CancelContext), 12, &[1]),
            InvalidCommand,
        ),
        (
            "close reserved",
            Queue::Control,
            patch(a_close(), 12, &[1]),
            InvalidCommand,
        ),
        (
            "close of an unknown context",
            Queue::Control,
            patch(a_close(), 8, &[9]),
            NotFound,
        ),
        (
            "reset reserved",
            Queue::Control,
            patch(reset_engines(1), 12, &[1]),
            InvalidCommand,
        ),
        (
            "reset of no engine",
            Queue::Control,
            reset_engines(0),
            InvalidCommand,
        ),
        (
            "reset of an engine too many",
            Queue::Control,
            reset_engines(1 << 5 | 1),
            Unsupported,
        ),
        (
            "reset of all that could be",
            Queue::Control,
            reset_engines(u32::MAX),
            Unsupported,
        ),
        (
            "engine properties reserved",
            Queue::Control,
            patch(encode(&properties(0, 0), &[]), 28, &[1]),
            InvalidCommand,
        ),
        (
            "engine properties' flags",
            Queue::Control,
            patch(encode(&properties(0, 0), &[]), 12, &[2]),
            InvalidCommand,
        ),
        (
            "properties of an unknown class",
            Queue::Control,
            encode(&properties(4, 0), &[]),
            Unsupported,
        ),
        (
            "properties of a class past all",
            Queue::Control,
            encode(&properties(u16::MAX, 0), &[]),
            Unsupported,
        ),
        (
            "properties of an unknown instance",
            Queue::Control,
            encode(&properties(2, 2), &[]),
            Unsupported,
        ),
        (
            "properties of an instance past all",
            Queue::Control,
            encode(&properties(0, u16::MAX), &[]),
            Unsupported,
        ),
        (
            "priority",
            Queue::Control,
            patch(sample(Opcode::SetContextFlags), 12, &1024_i32.to_le_bytes()),
            InvalidCommand,
        ),
        (
            "running time reserved",
            Queue::Control,
            patch(sample(Opcode::QueryContextRuntime), 12, &[1]),
            InvalidCommand,
        ),
        (
            "running time of an unknown context",
            Queue::Control,
            patch(sample(Opcode::QueryContextRuntime), 8, &[9]),
            NotFound,
        ),
        (
            "reset reserved",
            Queue::Control,
            patch(sample(Opcode::ResetActive), 8, &[1]),
            InvalidCommand,
        ),
        (
            "destroy reserved",
            Queue::Control,
            patch(sample(Opcode::DestroyContext), 12, &[1]),
            InvalidCommand,
        ),
        (
            "destroy space reserved",
            Queue::Control,
            patch(sample(Opcode::DestroyAddressSpace), 12, &[1]),
            InvalidCommand,
        ),
        (
            "context flags",
            Queue::Control,
            patch(a_context(), 16, &4_u32.to_le_bytes()),
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
            patch(a_context(), 20, &u32::MAX.to_le_bytes()),
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
            "submit without a batch",
            Queue::Submit,
            submit_gang(1, 0, &[], &[], 1),
            InvalidCommand,
        ),
        (
            "submit of more batches than there are",
            Queue::Submit,
            patch(a_submit(), 14, &[2]),
            InvalidCommand,
        ),
        (
            "submit of too many batches",
            Queue::Submit,
            submit_gang(1, 0, &[0; 17], &[], 1),
            InvalidCommand,
        ),
        (
            "submit past the slots",
            Queue::Submit,
            submit_gang(1, 1, &[0, 0], &[], 1),
            NotFound,
        ),
        (
            "submit second batch",
            Queue::Submit,
            submit_gang(1, 0, &[0, 4], &[], 1),
            BadRange,
        ),
        (
            "submit priority",
            Queue::Submit,
            patch(a_submit(), 24, &1024_u32.to_le_bytes()),
            InvalidCommand,
        ),
        (
            "submit some powered units",
            Queue::Submit,
            patch(a_submit(), 28, &[1, 1, 0, 0]),
            InvalidCommand,
        ),
        (
            "submit fewer at most than at least",
            Queue::Submit,
            patch(a_submit(), 28, &[1, 1, 8, 7]),
            InvalidCommand,
        ),
        (
            "submit powered units on a platform without that choice",
            Queue::Submit,
            patch(a_submit(), 28, &[1, 7, 16, 16]),
            Unsupported,
        ),
        (
            "submit wait flags",
            Queue::Submit,
            patch(a_submit(), 52, &[2]),
            InvalidCommand,
        ),
        (
            "submit waits for its own start",
            Queue::Submit,
            submit(1, 0, 0, &[Point::start(20, 2)], 1),
            InvalidCommand,
        ),
        (
            "bind waits for a start",
            Queue::Bind,
            bind(1, 0, &[extent(OBJECTS, page)], &[Point::start(20, 1)], 1),
            InvalidCommand,
        ),
        (
            "submit flags",
            Queue::Submit,
            patch(a_submit(), 36, &[2]),
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
