// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The limits that the command line sets for each guest, over the real socket: the one more is
//! refused with its own status, changes nothing, and goes when something has been let go of.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it fails"
)]

mod frontend;

use std::process::Command;

use frontend::daemon::{Daemon, PROGRAM};
use frontend::gpu::{
    BATCH_END, RENDER, bind, create_address_space, create_context, engine, extent, store, submit,
    unbind,
};
use frontend::{Guest, OBJECTS};
use protocol::{DestroyAddressSpace, DestroyContext, LimitsReply, Point, QueryLimits, Status};
use serde_json::json;
use virtio_igpu_protocol as protocol;

const PAGE: u64 = 0x1000;
const BATCH: u64 = 0x10_0000;

/// A guest of a daemon with these limits, which has said hello.
fn limited(arguments: &[&str]) -> (Daemon, Guest) {
    let daemon = Daemon::start(arguments);
    let mut guest = Guest::connect(&daemon.socket());
    guest.hello();
    (daemon, guest)
}

/// A guest of its own that binds and unbinds in its address space 1.
struct Binder {
    guest: Guest,
    signal: u64,
}

impl Binder {
    fn new(arguments: &[&str]) -> (Daemon, Self) {
        let (daemon, mut guest) = limited(arguments);
        assert_eq!(guest.status(&create_address_space(1, 1)), Status::Ok);
        (daemon, Self { guest, signal: 0 })
    }

    /// Binds memory at a page of the address space.
    fn bind(&mut self, page: u64, pages: u64) -> Status {
        self.signal += 1;
        let extents = [extent(OBJECTS, pages * PAGE)];
        let ticket = self
            .guest
            .send_bind(&bind(1, page * PAGE, &extents, &[], self.signal));
        self.guest.wait_status(ticket)
    }

    fn unbind(&mut self, page: u64, pages: u64) -> Status {
        self.signal += 1;
        let bytes = unbind(1, page * PAGE, pages * PAGE, self.signal);
        let ticket = self.guest.send_bind(&bytes);
        self.guest.wait_status(ticket)
    }
}

#[test]
fn a_guest_is_told_how_much_it_may_have() {
    let (_daemon, mut guest) = limited(&[]);
    let reply: LimitsReply = guest.ask(&QueryLimits::default());
    assert_eq!(reply.contexts.get(), protocol::MAX_CONTEXTS);
    assert_eq!(reply.address_spaces.get(), protocol::MAX_ADDRESS_SPACES);
    assert_eq!(reply.mappings.get(), protocol::MAX_BOUND_EXTENTS);
    assert_eq!(reply.bound_memory.get(), u64::MAX);
    let arguments = [
        "--max-contexts=3",
        "--max-address-spaces=2",
        "--max-mappings=5",
    ];
    let (_daemon, mut guest) = limited(&[&arguments[..], &["--max-bound-memory=7M"]].concat());
    let reply: LimitsReply = guest.ask(&QueryLimits::default());
    assert_eq!((reply.contexts.get(), reply.address_spaces.get()), (3, 2));
    assert_eq!(
        (reply.mappings.get(), reply.bound_memory.get()),
        (5, 7 << 20)
    );
}

#[test]
fn one_context_or_address_space_more_is_refused_until_another_goes() {
    let (daemon, mut guest) = limited(&["--max-contexts=3", "--max-address-spaces=2"]);
    for id in 1..=2 {
        assert_eq!(guest.status(&create_address_space(id, id)), Status::Ok);
    }
    assert_eq!(
        guest.status(&create_address_space(3, 3)),
        Status::LimitExceeded
    );
    let context = |id: u32| create_context(id, 1, &[engine(RENDER, 1, 10 + id)]);
    for id in 1..=3 {
        assert_eq!(guest.control(&context(id)), Status::Ok);
    }
    assert_eq!(guest.control(&context(4)), Status::LimitExceeded);
    let stats = daemon.stats_when(|stats| stats["refused"]["limit_exceeded"] == 2);
    let resources = &stats["resources"];
    assert_eq!(resources["contexts"], json!({ "now": 3, "limit": 3 }));
    assert_eq!(resources["address_spaces"], json!({ "now": 2, "limit": 2 }));
    assert_eq!(
        resources["bound_memory"],
        json!({ "now": 0, "limit": null })
    );
    // The refused ones' timelines are free.
    let destroy = DestroyAddressSpace {
        address_space: 2.into(),
        reserved: 0.into(),
    };
    assert_eq!(guest.status(&destroy), Status::Ok);
    assert_eq!(guest.status(&create_address_space(3, 3)), Status::Ok);
    let destroy = DestroyContext {
        context: 2.into(),
        reserved: 0.into(),
    };
    assert_eq!(guest.status(&destroy), Status::Ok);
    assert_eq!(guest.control(&context(4)), Status::Ok);
}

#[test]
fn mappings_are_counted_as_they_are_cut() {
    let (daemon, mut binder) = Binder::new(&["--max-mappings=3"]);
    assert_eq!(binder.bind(0, 4), Status::Ok);
    assert_eq!(binder.bind(8, 1), Status::Ok);
    // A hole in the first makes two of it.
    assert_eq!(binder.unbind(1, 1), Status::Ok);
    assert_eq!(binder.bind(9, 1), Status::LimitExceeded);
    assert_eq!(binder.unbind(3, 1), Status::Ok);
    // In place of another, and over several.
    assert_eq!(binder.bind(8, 1), Status::Ok);
    assert_eq!(binder.bind(0, 16), Status::Ok);
    assert_eq!(binder.bind(1, 1), Status::Ok);
    // Three pieces: to cut one of them is one more.
    assert_eq!(binder.unbind(8, 1), Status::LimitExceeded);
    assert_eq!(binder.bind(8, 1), Status::LimitExceeded);
    assert_eq!(binder.unbind(15, 1), Status::Ok);
    let stats = daemon.stats_when(|stats| stats["refused"]["limit_exceeded"] == 3);
    assert_eq!(
        stats["resources"]["mappings"],
        json!({ "now": 3, "limit": 3 })
    );
    assert_eq!(stats["resources"]["bound_memory"]["now"], 15 * PAGE);
    assert_eq!(binder.unbind(0, 16), Status::Ok);
    for page in 0..3 {
        assert_eq!(binder.bind(2 * page, 1), Status::Ok);
    }
}

#[test]
fn bound_memory_counts_until_it_is_unbound() {
    let (daemon, mut binder) = Binder::new(&["--max-bound-memory=64K"]);
    assert_eq!(binder.bind(0, 12), Status::Ok);
    assert_eq!(binder.bind(32, 4), Status::Ok);
    assert_eq!(binder.bind(64, 1), Status::OutOfMemory);
    // Nor in place of other memory: both are bound until one is not.
    assert_eq!(binder.bind(0, 1), Status::OutOfMemory);
    let stats = daemon.stats_when(|stats| stats["refused"]["out_of_memory"] == 2);
    let full = json!({ "now": 16 * PAGE, "limit": 16 * PAGE });
    assert_eq!(stats["resources"]["bound_memory"], full);

    // An unbind that waits has not happened yet.
    assert_eq!(binder.guest.status(&create_address_space(2, 2)), Status::Ok);
    let engines = [engine(RENDER, 1, 10)];
    let context = create_context(1, 1, &engines);
    assert_eq!(binder.guest.control(&context), Status::Ok);
    binder.guest.write_dwords(OBJECTS, &[BATCH_END]);
    binder.signal += 1;
    let waiting = waiting_unbind(32 * PAGE, 4 * PAGE, binder.signal);
    let ticket = binder.guest.send_bind(&waiting);
    let other = bind(2, 0, &[extent(OBJECTS, PAGE)], &[], 1);
    let refused = binder.guest.send_bind(&other);
    assert_eq!(binder.guest.wait_status(refused), Status::OutOfMemory);
    let done = binder.guest.send_submit(&submit(1, 0, 0, &[], 1));
    assert_eq!(binder.guest.wait_status(done), Status::Ok);
    assert_eq!(binder.guest.wait_status(ticket), Status::Ok);
    let other = bind(2, 0, &[extent(OBJECTS, PAGE)], &[], 2);
    let bound = binder.guest.send_bind(&other);
    assert_eq!(binder.guest.wait_status(bound), Status::Ok);

    // What goes with its address space is unbound.
    let destroy = DestroyContext {
        context: 1.into(),
        reserved: 0.into(),
    };
    assert_eq!(binder.guest.status(&destroy), Status::Ok);
    for (id, now) in [(1, PAGE), (2, 0)] {
        let destroy = DestroyAddressSpace {
            address_space: id.into(),
            reserved: 0.into(),
        };
        assert_eq!(binder.guest.status(&destroy), Status::Ok);
        daemon.stats_when(|stats| stats["resources"]["bound_memory"]["now"] == now);
    }
}

/// An unbind in address space 1 that waits for the first submission on timeline 10.
fn waiting_unbind(address: u64, length: u64, signal: u64) -> Vec<u8> {
    let mut command = protocol::Unbind {
        address_space: 1.into(),
        ..zerocopy::FromZeros::new_zeroed()
    };
    command.address = address.into();
    command.length = length.into();
    command.signal = signal.into();
    command.wait_count = 1.into();
    frontend::encode(
        &command,
        &[zerocopy::IntoBytes::as_bytes(&Point::new(10, 1))],
    )
}

#[test]
fn a_refused_bind_leaves_what_was_there() {
    let (_daemon, mut binder) = Binder::new(&["--max-bound-memory=16K"]);
    let engines = [engine(RENDER, 1, 10)];
    assert_eq!(
        binder.guest.control(&create_context(1, 1, &engines)),
        Status::Ok
    );
    // The batch writes into the page behind itself, whose memory is behind its own.
    assert_eq!(binder.bind(BATCH / PAGE, 2), Status::Ok);
    let mut batch = store(BATCH + PAGE, 7).to_vec();
    batch.push(BATCH_END);
    binder.guest.write_dwords(OBJECTS, &batch);
    assert_eq!(binder.bind(BATCH / PAGE + 1, 3), Status::OutOfMemory);
    let done = binder.guest.send_submit(&submit(1, 0, BATCH, &[], 1));
    assert_eq!(binder.guest.wait_status(done), Status::Ok);
    assert_eq!(binder.guest.read_dword(OBJECTS + PAGE), 7);
}

#[test]
fn what_is_no_limit_is_refused_at_the_start() {
    for arguments in [
        ["--max-contexts", "0"],
        ["--max-contexts", "131073"],
        ["--max-address-spaces", "131073"],
        ["--max-mappings", "67108865"],
        ["--max-bound-memory", "1X"],
    ] {
        let output = Command::new(PROGRAM)
            .args(["--socket-path", "/nowhere/socket"])
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(
            said.contains(arguments[0]) && said.contains(arguments[1]),
            "{said}"
        );
    }
}
