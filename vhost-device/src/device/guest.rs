// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A guest's queues and the work that is under way for it.
//!
//! Everything here runs under one lock, on the queue worker's thread or on the one that
//! handles vhost-user messages, and nothing here waits for work to end (but for
//! [`Guest::stop_queue`], which stops it first). While the worker sleeps, a thread of the
//! executor gives back what it has completed by itself ([`Guest::deliver_at_once`]); it ends
//! no session, for which it would have to wait for itself.

mod giving_back;
mod polling;
mod taking;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::{Queue, Status};
use vhost_user_backend::VringT;
use virtio_igpu_protocol as protocol;
use vm_memory::{GuestAddressSpace, GuestMemoryAtomic};
use vmm_sys_util::eventfd::EventFd;

use super::Options;
use super::hold::Hold;
use super::linger::Linger;
use super::pace::Pace;
use crate::GuestMemory;
use crate::executor::{Factory, Point, Sink};
use crate::mailbox::{Courier, Mailbox};
use crate::metrics::Metrics;
use crate::queue::{self, Chain, Vring};
use crate::session::{self, Held, Refusal, Session, Work, limits::Limits};
use crate::trace::{Label, Record, Tracer};

/// The queues that carry commands, in the order in which they are taken.
const COMMAND_QUEUES: [Queue; 3] = [Queue::Control, Queue::Bind, Queue::Submit];

/// How long cancelled work may take to end when a queue is stopped.
const STOP_PATIENCE: Duration = Duration::from_millis(500);

/// A chain whose command the executor has.
pub(super) struct InFlight {
    pub(super) queue: Queue,
    chain: Chain,
    work: Work,
    held: Held,
    pub(super) taken: Instant,
    pub(super) accepted: Instant,
    /// What it is in the trace, if there is one.
    pub(super) label: Option<Label>,
}

/// A round over the queues.
struct Round {
    /// Chains it has still to take of each queue.
    left: [u16; COMMAND_QUEUES.len()],
    /// Chains that ask for everything to be cancelled when it is over.
    resets: Vec<Chain>,
}

/// A session between a guest's suspension and its resumption, with what its executor reports
/// to. It has no work under way.
struct Kept {
    session: Session,
    mailbox: Arc<Mailbox>,
}

/// What every mailbox of a guest is made with.
pub(super) struct Mailboxes {
    wake: Arc<EventFd>,
    courier: Arc<Courier>,
}

impl Mailboxes {
    /// See [`Mailbox::new`].
    pub(super) fn new(wake: Arc<EventFd>, courier: Arc<Courier>) -> Self {
        Self { wake, courier }
    }

    fn make(&self) -> Arc<Mailbox> {
        let (wake, courier) = (Arc::clone(&self.wake), Arc::clone(&self.courier));
        Arc::new(Mailbox::new(wake, courier))
    }
}

/// A guest, its session and its queues.
pub(super) struct Guest {
    factory: Arc<dyn Factory>,
    mailboxes: Mailboxes,
    mailbox: Arc<Mailbox>,
    memory: Option<GuestMemoryAtomic<GuestMemory>>,
    vrings: Vec<Vring>,
    pub(super) session: Option<Session>,
    /// The session of a guest that has suspended and reset the device.
    kept: Option<Kept>,
    /// Why the guest's work is lost: nothing goes on before a reset.
    lost: bool,
    /// The executor gives back by itself what it has completed.
    at_once: bool,
    /// Why the worker is to end the session: it was found on a thread of the executor's.
    to_lose: Option<String>,
    broken: [bool; protocol::QUEUE_COUNT],
    /// Where a queue stood when it was stopped.
    stopped: [Option<u16>; protocol::QUEUE_COUNT],
    /// Whether a queue's first event, which vhost-user-backend makes up, is past.
    begun: [bool; protocol::QUEUE_COUNT],
    /// Queues to which chains were given back since the driver was last told.
    given_back: [bool; protocol::QUEUE_COUNT],
    /// Replies given back so far, modulo 2^32.
    replies: u32,
    in_flight: HashMap<Point, InFlight>,
    /// The round over the queues that has begun and not ended.
    round: Option<Round>,
    /// Chains that ask for everything to be cancelled, once another round is over: what the
    /// driver had submitted before may not have been in the round that they were taken in.
    resets: Vec<Chain>,
    /// Whether to look on at all for what may come next.
    polling: bool,
    limits: Limits,
    linger: Linger,
    hold: Hold,
    pace: Pace,
    /// A doorbell has rung, and nobody has looked yet what for.
    rung: bool,
    metrics: Metrics,
    last_counters: serde_json::Value,
    pub(super) tracer: Option<Arc<Tracer>>,
}

impl Guest {
    pub(super) fn new(factory: Arc<dyn Factory>, mailboxes: Mailboxes, options: Options) -> Self {
        let Options {
            polling,
            limits,
            tracer,
        } = options;
        Self {
            factory,
            mailbox: mailboxes.make(),
            mailboxes,
            memory: None,
            vrings: Vec::new(),
            session: None,
            kept: None,
            lost: false,
            at_once: false,
            to_lose: None,
            broken: [false; protocol::QUEUE_COUNT],
            stopped: [None; protocol::QUEUE_COUNT],
            begun: [false; protocol::QUEUE_COUNT],
            given_back: [false; protocol::QUEUE_COUNT],
            replies: 0,
            in_flight: HashMap::new(),
            round: None,
            resets: Vec::new(),
            polling,
            limits,
            linger: Linger::default(),
            hold: Hold::default(),
            pace: Pace::new(Instant::now()),
            rung: false,
            metrics: Metrics::default(),
            last_counters: serde_json::Value::Null,
            tracer,
        }
    }

    pub(super) fn metrics(&mut self) -> &Metrics {
        if let Some(session) = &self.session {
            self.metrics.resources = session.resources().into();
        }
        &self.metrics
    }

    /// What the executor of the present session, or of the last one, has counted.
    pub(super) fn executor_counters(&mut self) -> serde_json::Value {
        if let Some(session) = &mut self.session {
            self.last_counters = session.executor().counters();
        }
        self.last_counters.clone()
    }

    /// Where the executor of the present session reports to.
    pub(super) fn sink(&self) -> Option<Arc<dyn Sink>> {
        self.session.as_ref()?;
        Some(Arc::clone(&self.mailbox) as Arc<dyn Sink>)
    }

    /// For how many nanoseconds a batch has been on each engine, in the platform's order.
    pub(super) fn engine_busy_ns(&self) -> Vec<u64> {
        let session = self.session.as_ref();
        session.map(Session::engine_busy_ns).unwrap_or_default()
    }

    pub(super) fn set_queues(&mut self, vrings: &[Vring]) {
        if self.vrings.len() != vrings.len() {
            self.vrings = vrings.to_vec();
        }
    }

    pub(super) fn set_memory(&mut self, memory: GuestMemoryAtomic<GuestMemory>) {
        let now = memory.memory().into_inner();
        self.memory = Some(memory);
        let kept = self.kept.as_mut().map(|kept| &mut kept.session);
        let session = self.session.as_mut().or(kept);
        let failed = session.map(|session| session.set_memory(now));
        if let Some(Err(refusal)) = failed {
            log::error!("the executor can't use the guest's new memory: {refusal}");
            self.lose("its new memory can't be used".to_owned());
        }
    }

    /// Forgets everything the guest did, and stops its work; but keeps what a guest that
    /// suspends has made.
    pub(super) fn reset(&mut self) {
        if let Some(session) = self.session.take_if(|session| session.is_suspended()) {
            let mailbox = self.new_mailbox();
            self.kept = Some(Kept { session, mailbox });
        } else {
            self.end_session();
        }
        self.in_flight.clear();
        self.round = None;
        self.resets.clear();
        self.linger = Linger::default();
        self.hold = Hold::default();
        self.lost = false;
        self.to_lose = None;
        self.broken = [false; protocol::QUEUE_COUNT];
        self.stopped = [None; protocol::QUEUE_COUNT];
        self.begun = [false; protocol::QUEUE_COUNT];
        self.given_back = [false; protocol::QUEUE_COUNT];
    }

    /// The driver resets the device: forgets everything, and touches no ring before it is set
    /// up anew. What the driver had told it before may still wake the worker.
    pub(super) fn reset_device(&mut self) {
        self.reset();
        for vring in &self.vrings {
            vring.set_queue_ready(false);
        }
    }

    /// The guest is gone: lets go of its work, its queues and its memory.
    pub(super) fn close(&mut self) {
        self.reset();
        self.kept = None;
        self.vrings.clear();
        self.memory = None;
    }

    /// Stops the executor. Nothing touches guest memory on its behalf afterwards, and
    /// nothing more is reported.
    fn end_session(&mut self) {
        self.executor_counters();
        self.mailbox.close();
        self.session = None;
        self.new_mailbox();
    }

    /// Puts an empty mailbox in the place of the one there is, which it returns.
    fn new_mailbox(&mut self) -> Arc<Mailbox> {
        let new = self.mailboxes.make();
        let before = std::mem::replace(&mut self.mailbox, new);
        self.mailbox.wake_up(true);
        self.mailbox.sleep();
        before
    }

    /// The guest's session. With the first command after a reset it is the one that was kept,
    /// if that is what the guest asks for, or a new one.
    fn session(
        &mut self,
        command: &[u8],
        memory: &Arc<GuestMemory>,
    ) -> Result<&mut Session, Refusal> {
        if self.session.is_none() {
            let asked = session::asks_to_resume(command);
            match self.kept.take().filter(|_| asked) {
                Some(Kept {
                    mut session,
                    mailbox,
                }) => {
                    mailbox.wake_up(true);
                    self.mailbox = mailbox;
                    session.resume();
                    self.session = Some(session);
                }
                None => {
                    let sink = Arc::clone(&self.mailbox);
                    let executor = self.factory.start(Arc::clone(memory), sink)?;
                    self.metrics.sessions += 1;
                    self.metrics.gpu_lost = None;
                    let platform = self.factory.platform().clone();
                    let new = Session::new(executor, platform, Arc::clone(memory), self.limits);
                    self.session = Some(new);
                }
            }
        }
        self.session.as_mut().ok_or(Refusal::new(
            Status::DeviceLost,
            "the device must be reset first",
        ))
    }

    /// The queue was stopped: lets no work go on behind the driver's back. What was
    /// taken comes back as cancelled before this returns.
    pub(super) fn stop_queue(&mut self, index: usize) {
        if index < COMMAND_QUEUES.len() && !self.in_flight.is_empty() {
            let end = Instant::now() + STOP_PATIENCE;
            self.mailbox.wake_up(false);
            while !self.in_flight.is_empty() && Instant::now() < end {
                if let Some(session) = &mut self.session {
                    session.executor().reset_active();
                }
                self.mailbox.wait(Duration::from_millis(5));
                self.deliver();
            }
            if !self.in_flight.is_empty() {
                log::warn!("{} commands did not end when told to", self.in_flight.len());
                self.lose("work did not end when it was told to".to_owned());
            }
            self.interrupt();
            self.mailbox.come_back();
        }
        if let Some(left) = self
            .round
            .as_mut()
            .and_then(|round| round.left.get_mut(index))
        {
            *left = 0;
        }
        if let Some(vring) = self.vrings.get(index) {
            self.stopped[index] = Some(vring.queue_next_avail());
            self.begun[index] = false;
        }
    }

    /// A queue's event: the driver's notification, or the queue's start.
    pub(super) fn doorbell(&mut self, index: usize) {
        if self.begun.get(index) == Some(&true) {
            self.rung = true;
            self.metrics.queues.get(index).doorbells += 1;
            self.trace(|at| Record::Doorbell { queue: index, at });
        }
        if let Some(begun) = self.begun.get_mut(index) {
            *begun = true;
        }
    }

    /// Finds out what it means that stopped queues run again. Where they were stopped:
    /// the machine was only paused. From anywhere else, or from the beginning: the
    /// driver has reset the device.
    fn check_restarts(&mut self) {
        let mut reset = false;
        for (index, vring) in self.vrings.iter().enumerate() {
            if self.stopped[index].is_some() && queue::running(vring) {
                let base = vring.queue_next_avail();
                let control = index == Queue::Control as usize;
                reset |= self.stopped[index].take() != Some(base)
                    || (control && base == 0 && self.session.is_some());
            }
        }
        if reset {
            log::info!("the driver has reset the device");
            let begun = self.begun;
            self.reset();
            self.begun = begun;
        }
    }

    fn memory(&self) -> Option<Arc<GuestMemory>> {
        self.memory
            .as_ref()
            .map(|memory| memory.memory().into_inner())
    }
}
