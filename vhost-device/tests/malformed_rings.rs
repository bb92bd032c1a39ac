// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What an ill-behaved driver gets for its descriptor chains and rings: an empty chain
//! back, or a device that must be reset; and never a daemon that fails.

mod frontend;

use frontend::daemon::Daemon;
use frontend::gpu::{bind, extent, submit};
use frontend::ring::{Descriptor, INDIRECT, NEXT, WRITE};
use frontend::{Guest, LOW, OBJECTS, PATIENCE, encode};
use protocol::{Point, Queue, ReadRegister, ReplyHeader, Status};
use virtio_igpu_protocol as protocol;
use vm_memory::{Bytes, GuestAddress};
use zerocopy::FromBytes;
use zerocopy::little_endian::U32;

fn a_bind() -> Vec<u8> {
    bind(1, 0x1_0000, &[extent(OBJECTS, 0x1000)], &[], 1)
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
