// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What a guest, or a context, sees of a neighbour that asks for as much as it can: a submission
//! and its answer meanwhile, in the same while the neighbour's driver does nothing.
//!
//! The other guest has a daemon of its own, which shares the cores with the one that is
//! measured; its driver shares the first core, as a virtual processor might. It makes the same
//! chains available again and again, so that it takes little of that core: what is measured is
//! what its daemon does with what it is given.

use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use protocol::{DestroyContext, Point, QueryPlatform, Queue, Status};
use rustix::thread::{CpuSet, sched_setaffinity};
use virtio_igpu_protocol as protocol;
use vm_memory::{Bytes, GuestAddress};
use zerocopy::little_endian::U32;

use crate::frontend::daemon::Daemon;
use crate::frontend::gpu::{
    BATCH_END, RENDER, SUBMIT_REPLY, VIDEO, create_context, engine, submit, wait_for,
};
use crate::frontend::{Guest, OBJECTS, encode};

/// What a hostile guest does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flood {
    /// Nothing.
    Nothing,
    /// Doorbells without work.
    Doorbells,
    /// Chains that hold no command.
    Nonsense,
    /// Commands that are answered at once.
    Queries,
    /// Batches that do nothing.
    Submissions,
    /// As many submissions as may be under way, none of which ends.
    Unfinished,
    /// As many waits as there may be, for what never comes.
    Waits,
}

impl Flood {
    /// Those of a guest, with their names in the report.
    pub(crate) const OF_GUEST: [(Self, &str); 6] = [
        (Self::Doorbells, "doorbells"),
        (Self::Nonsense, "nonsense"),
        (Self::Queries, "queries"),
        (Self::Submissions, "submissions"),
        (Self::Unfinished, "unfinished"),
        (Self::Waits, "waits"),
    ];

    /// Those of a context beside another of the same guest.
    pub(crate) const OF_CONTEXT: [(Self, &str); 2] =
        [(Self::Unfinished, "unfinished"), (Self::Waits, "waits")];
}

/// How often a hostile driver makes its rings full again.
const PERIOD: Duration = Duration::from_micros(100);

/// Submissions that it makes available at a time.
const AT_A_TIME: usize = 256;

/// Where its batches are bound: one that ends, and one that first waits for the dword at the
/// gate.
const ENDS: u64 = 0x800_0000;
const WAITS: u64 = ENDS + 0x100;
const GATE: u64 = ENDS + 0x800;
/// Where they are in the guest's memory.
const AT: u64 = OBJECTS + 0x10_0000;

/// The hostile context's number and its timeline; those of the contexts that it waits for.
const CONTEXT: u32 = 100;
const TIMELINE: u32 = 100;
const AWAITED: [u32; 2] = [200, 201];

/// A context that burdens its guest, and what it has sent.
pub(crate) struct Burden {
    signal: u64,
}

impl Burden {
    /// Makes the context in address space 1, whose last update signalled `bind`.
    pub(crate) fn new(guest: &mut Guest, bind: u64) -> Self {
        let slots = [engine(VIDEO, 1, TIMELINE)];
        let command = create_context(CONTEXT, 1, &slots);
        assert_eq!(guest.control(&command), Status::Ok);
        guest.write_dwords(AT, &[BATCH_END, 0]);
        let waits = [&wait_for(GATE, 1)[..], &[BATCH_END, 0]].concat();
        guest.write_dwords(AT + 0x100, &waits);
        guest.bind_now(ENDS, AT, 0x1000, bind + 1);
        Self { signal: 0 }
    }

    /// Sends so many submissions, and waits until the device has taken them.
    fn send(&mut self, guest: &mut Guest, count: u32, batch: u64, waits: &[Point]) {
        for number in 1..=count {
            self.signal += 1;
            let bytes = submit(CONTEXT, 0, batch, waits, self.signal);
            guest.push(Queue::Submit, &bytes, SUBMIT_REPLY);
            if number % 16 == 0 || number == count {
                guest.kick(Queue::Submit);
                guest.until_taken(Queue::Submit);
            }
        }
    }

    /// Begins. The guest's other contexts have room for 1024 commands.
    pub(crate) fn begin(&mut self, guest: &mut Guest, flood: Flood) {
        match flood {
            Flood::Unfinished => {
                guest.write_dwords(AT + 0x800, &[0]);
                self.send(guest, protocol::MAX_PENDING_COMMANDS - 1024, WAITS, &[]);
            }
            Flood::Waits => {
                let mut points = Vec::new();
                for (context, first) in AWAITED.into_iter().zip([1000, 2000]) {
                    let timelines = first..first + protocol::MAX_CONTEXT_ENGINES;
                    let slot = |timeline| engine(RENDER, 1, timeline);
                    let slots: Vec<_> = timelines.clone().map(slot).collect();
                    let command = create_context(context, 1, &slots);
                    assert_eq!(guest.control(&command), Status::Ok);
                    points.extend(
                        timelines.flat_map(|one| [Point::new(one, 1), Point::start(one, 1)]),
                    );
                }
                let count = protocol::MAX_PENDING_WAITS / points.len() as u32;
                self.send(guest, count, ENDS, &points);
            }
            _ => {}
        }
    }

    /// Ends, and waits until nothing is left.
    pub(crate) fn end(&mut self, guest: &mut Guest, flood: Flood) {
        match flood {
            Flood::Unfinished => guest.write_dwords(AT + 0x800, &[1]),
            Flood::Waits => {
                for context in AWAITED {
                    let command = DestroyContext {
                        context: U32::new(context),
                        reserved: U32::ZERO,
                    };
                    assert_eq!(guest.status(&command), Status::Ok);
                }
            }
            _ => return,
        }
        guest.until_back(Queue::Submit);
        guest.reap();
    }
}

/// A hostile driver with its device.
pub(crate) struct Hostile {
    _daemon: Daemon,
    /// Gone when it is to end.
    orders: Option<Sender<Flood>>,
    obeyed: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Hostile {
    /// One whose device is `daemon`, and whose driver is on `cores`.
    pub(crate) fn new(daemon: Daemon, cores: CpuSet) -> Self {
        let mut guest = Guest::connect_large(&daemon.socket());
        let (orders, heard) = channel();
        let (obeys, obeyed) = channel();
        let thread = std::thread::spawn(move || {
            sched_setaffinity(None, &cores).unwrap();
            guest.set_up();
            let burden = Burden::new(&mut guest, 0);
            Flooding::new(guest, burden).follow(&heard, &obeys);
        });
        Self {
            _daemon: daemon,
            orders: Some(orders),
            obeyed,
            thread: Some(thread),
        }
    }

    /// Has it do that from now on, and nothing else.
    pub(crate) fn flood(&self, flood: Flood) {
        self.orders.as_ref().unwrap().send(flood).unwrap();
        self.obeyed.recv().unwrap();
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The hostile driver.
struct Flooding {
    guest: Guest,
    burden: Burden,
    nonsense: u16,
    query: u16,
    /// Submissions to be made available in turn, each with where it says what it signals.
    submissions: Vec<(GuestAddress, u16)>,
    next: usize,
}

impl Flooding {
    fn new(mut guest: Guest, burden: Burden) -> Self {
        let (_, nonsense) = guest.lay_out(Queue::Control, &[0xff], 8);
        let query = encode(&QueryPlatform::default(), &[]);
        let (_, query) = guest.lay_out(Queue::Control, &query, 1024);
        let marked = submit(CONTEXT, 0, ENDS, &[], u64::MAX);
        let place = marked
            .windows(8)
            .position(|bytes| bytes == [0xff; 8])
            .unwrap();
        let lay_out = |_| {
            let (at, head) = guest.lay_out(Queue::Submit, &marked, SUBMIT_REPLY);
            (GuestAddress(at + place as u64), head)
        };
        let submissions = (0..2 * AT_A_TIME).map(lay_out).collect();
        Self {
            guest,
            burden,
            nonsense,
            query,
            submissions,
            next: 0,
        }
    }

    fn follow(mut self, orders: &Receiver<Flood>, obeys: &Sender<()>) {
        let mut flood = Flood::Nothing;
        loop {
            match orders.try_recv() {
                Ok(next) => {
                    self.burden.end(&mut self.guest, flood);
                    flood = next;
                    self.burden.begin(&mut self.guest, flood);
                    obeys.send(()).unwrap();
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return,
            }
            self.once(flood);
            std::thread::sleep(PERIOD);
        }
    }

    fn once(&mut self, flood: Flood) {
        match flood {
            Flood::Nothing | Flood::Unfinished | Flood::Waits => {}
            Flood::Doorbells => {
                for _ in 0..4 {
                    for ring in &self.guest.rings[..3] {
                        ring.kick.write(1).unwrap();
                    }
                    std::thread::yield_now();
                }
            }
            Flood::Nonsense => {
                self.guest.fill(Queue::Control, self.nonsense);
            }
            Flood::Queries => {
                self.guest.fill(Queue::Control, self.query);
            }
            Flood::Submissions => self.submit(),
        }
    }

    /// Makes some submissions available, unless so many are under way.
    fn submit(&mut self) {
        let ring = &mut self.guest.rings[Queue::Submit as usize];
        if usize::from(ring.room(&self.guest.memory)) < self.submissions.len() + AT_A_TIME {
            return;
        }
        for _ in 0..AT_A_TIME {
            let (signal, head) = self.submissions[self.next % self.submissions.len()];
            self.next += 1;
            self.burden.signal += 1;
            self.guest
                .memory
                .write_obj(self.burden.signal, signal)
                .unwrap();
            ring.push_head(&self.guest.memory, head);
        }
        ring.kick(&self.guest.memory);
    }
}
