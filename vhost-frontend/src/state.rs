// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What is under way on the queues, and what becomes of what comes back.
//!
//! The device may have as much work as its queues hold. What is more waits here, as it does in
//! the guest's driver, and goes when something comes back. That it would be refused is learnt
//! too late for the call: it ends as cancelled then.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use protocol::{Event, EventKind, Queue, ReplyHeader, Status, SubmitReply};
use virtio_igpu_executor::{
    Completion, Ending, GuestMemory, Hang, HungRegisters, Point, Sink, Submission, Timeline, Update,
};
use virtio_igpu_protocol as protocol;
use zerocopy::FromBytes;

use crate::commands;
use crate::ring::Ring;
use crate::timelines::Timelines;

/// Slots that are kept for what has to be answered though work fills the queue.
const KEPT: usize = 2;

/// What a call waits for.
pub(crate) type Ticket = u64;

/// A command of the bind or the submit queue.
pub(crate) struct Work {
    /// Whom to tell that it is refused; nobody if it was held here.
    caller: Option<Ticket>,
    pub(crate) command: Sent,
    pub(crate) point: Point,
    /// The point's value on the wire.
    pub(crate) value: u64,
    pub(crate) waits: Vec<protocol::Point>,
}

/// A command, as the seam has it.
pub(crate) enum Sent {
    Update(Update),
    Submission(Submission),
}

impl Work {
    fn bytes(&self) -> Vec<u8> {
        match &self.command {
            Sent::Update(update) => commands::update(update, &self.waits, self.value),
            Sent::Submission(submission) => commands::submit(submission, &self.waits, self.value),
        }
    }

    fn room(&self) -> u32 {
        match &self.command {
            Sent::Update(_) => size_of::<ReplyHeader>() as u32,
            Sent::Submission(_) => size_of::<SubmitReply>() as u32,
        }
    }

    pub(crate) fn new(
        command: Sent,
        point: Point,
        value: u64,
        waits: Vec<protocol::Point>,
    ) -> Self {
        Self {
            caller: None,
            command,
            point,
            value,
            waits,
        }
    }
}

/// What is in a slot.
enum Pending {
    /// A call waits for the reply.
    Asked(Ticket),
    Work(Box<Work>),
}

/// A queue of work.
struct Lane {
    queue: Queue,
    held: VecDeque<Work>,
}

/// All of it.
pub(crate) struct State {
    pub(crate) memory: Arc<GuestMemory>,
    pub(crate) rings: [Ring; protocol::QUEUE_COUNT],
    sink: Arc<dyn Sink>,
    pending: [HashMap<u16, Pending>; protocol::QUEUE_COUNT],
    lanes: [Lane; 2],
    /// Ends of what was held here, that earlier ones of their timelines have to come before.
    late: Vec<Completion>,
    answers: HashMap<Ticket, Vec<u8>>,
    next_ticket: Ticket,
    pub(crate) timelines: Timelines,
    /// Bind timelines, and the timelines of contexts' slots.
    pub(crate) spaces: HashMap<u32, Timeline>,
    pub(crate) contexts: HashMap<u32, Vec<Timeline>>,
}

const ALL: [Queue; 3] = [Queue::Control, Queue::Bind, Queue::Submit];

impl State {
    /// Nothing is under way.
    pub(crate) fn new(
        memory: Arc<GuestMemory>,
        rings: [Ring; protocol::QUEUE_COUNT],
        sink: Arc<dyn Sink>,
    ) -> Self {
        let lane = |queue| Lane {
            queue,
            held: VecDeque::new(),
        };
        Self {
            memory,
            rings,
            sink,
            pending: Default::default(),
            lanes: [lane(Queue::Bind), lane(Queue::Submit)],
            late: Vec::new(),
            answers: HashMap::new(),
            next_ticket: 1,
            timelines: Timelines::default(),
            spaces: HashMap::new(),
            contexts: HashMap::new(),
        }
    }

    fn ticket(&mut self) -> Ticket {
        self.next_ticket += 1;
        self.next_ticket
    }

    /// Gives the device buffers for its events.
    pub(crate) fn listen_to_events(&mut self) {
        let ring = &mut self.rings[Queue::Event as usize];
        while ring.room() > 0 {
            ring.push(&self.memory, &[], size_of::<Event>() as u32);
        }
        ring.kick(&self.memory);
    }

    /// Sends a command whose reply somebody waits for.
    pub(crate) fn ask(&mut self, queue: Queue, command: &[u8], room: u32) -> Ticket {
        let ticket = self.ticket();
        let ring = &mut self.rings[queue as usize];
        let slot = ring.push(&self.memory, command, room);
        self.pending[queue as usize].insert(slot, Pending::Asked(ticket));
        ring.kick(&self.memory);
        ticket
    }

    /// The reply, if it is there. Of work: why it was refused.
    pub(crate) fn answer(&mut self, ticket: Ticket) -> Option<Vec<u8>> {
        self.answers.remove(&ticket)
    }

    /// Sends work. If there is room for it now, two tickets: when the second one is answered,
    /// the first one has been if it was refused.
    pub(crate) fn send(&mut self, mut work: Work) -> Option<(Ticket, Ticket)> {
        let (lane, mark) = match work.command {
            Sent::Update(_) => (0, commands::bind_mark()),
            Sent::Submission(_) => (1, commands::submit_mark()),
        };
        let queue = self.lanes[lane].queue;
        let room = self.rings[queue as usize].room();
        if room <= KEPT || !self.lanes[lane].held.is_empty() {
            self.lanes[lane].held.push_back(work);
            return None;
        }
        let refused = self.ticket();
        work.caller = Some(refused);
        let reply = work.room();
        self.push(queue, work);
        Some((refused, self.ask(queue, &mark, reply)))
    }

    fn push(&mut self, queue: Queue, work: Work) {
        let ring = &mut self.rings[queue as usize];
        let slot = ring.push(&self.memory, &work.bytes(), work.room());
        self.pending[queue as usize].insert(slot, Pending::Work(Box::new(work)));
    }

    /// What is held here is not to be executed.
    pub(crate) fn cancel_held(&mut self) {
        for work in &mut self.lanes[1].held {
            if let Sent::Submission(submission) = &mut work.command {
                submission.cancelled = true;
            }
        }
    }

    /// Looks at what has come back, until nothing is left. The device interrupts for the next.
    pub(crate) fn look(&mut self) {
        loop {
            // An event is there before the chain that it is about.
            let used = ALL.map(|queue| self.rings[queue as usize].used(&self.memory));
            self.events();
            for (queue, end) in ALL.into_iter().zip(used) {
                while let Some((slot, reply)) = self.rings[queue as usize].take(&self.memory, end) {
                    let pending = self.pending[queue as usize].remove(&slot);
                    self.back(pending.expect("something is in the slot"), reply);
                }
            }
            self.send_held();
            self.tell_late();
            let mut more = false;
            for ring in &self.rings {
                more |= ring.arm(&self.memory);
            }
            if !more {
                return;
            }
        }
    }

    fn back(&mut self, pending: Pending, reply: Vec<u8>) {
        let work = match pending {
            Pending::Asked(ticket) => {
                self.answers.insert(ticket, reply);
                return;
            }
            Pending::Work(work) => work,
        };
        let header = ReplyHeader::read_from_prefix(&reply);
        let status = header.expect("a reply has a header").0.status();
        let (mut busy_ns, mut was_active) = (0, false);
        if let Sent::Submission(_) = work.command {
            let reply = SubmitReply::read_from_bytes(&reply).expect("a whole reply");
            busy_ns = reply.busy_ns.get();
            was_active = reply.was_active.get() != 0;
        }
        let completion = |ending| Completion {
            point: work.point,
            ending,
            busy_ns,
            was_active,
        };
        match (commands::ending(status), work.caller) {
            (Some(ending), _) => self.sink.completed(completion(ending)),
            (None, Some(caller)) => {
                self.answers.insert(caller, reply);
            }
            (None, None) => {
                // Its owner may have gone meanwhile.
                if status != Status::NotFound {
                    eprintln!("what was held until there was room is refused: {status:?}");
                }
                self.late.push(completion(Ending::Cancelled));
            }
        }
    }

    fn send_held(&mut self) {
        for lane in 0..self.lanes.len() {
            let queue = self.lanes[lane].queue;
            while self.rings[queue as usize].room() > KEPT
                && let Some(work) = self.lanes[lane].held.pop_front()
            {
                self.push(queue, work);
            }
            self.rings[queue as usize].kick(&self.memory);
        }
    }

    fn tell_late(&mut self) {
        let under_way = |point: Point| {
            let mut all = self.pending.iter().flat_map(HashMap::values);
            all.any(|pending| match pending {
                Pending::Work(work) => {
                    work.point.timeline == point.timeline && work.point.value < point.value
                }
                Pending::Asked(_) => false,
            })
        };
        let late = std::mem::take(&mut self.late);
        let (later, now): (Vec<_>, Vec<_>) =
            late.into_iter().partition(|late| under_way(late.point));
        now.into_iter()
            .for_each(|completion| self.sink.completed(completion));
        self.late = later;
    }

    fn events(&mut self) {
        let queue = Queue::Event as usize;
        let end = self.rings[queue].used(&self.memory);
        while let Some((_, bytes)) = self.rings[queue].take(&self.memory, end) {
            let event = Event::read_from_bytes(&bytes).expect("a whole event");
            match EventKind::from_u32(event.kind.get()) {
                Some(EventKind::Hang) => {
                    let hang = self.hang(&event);
                    self.sink.hung(hang);
                }
                // Every call says so from now on.
                Some(EventKind::DeviceLost) => {}
                None => panic!("an event of the kind {}", event.kind),
            }
        }
        self.listen_to_events();
    }

    fn hang(&self, event: &Event) -> Hang {
        let (context, slot) = (event.context.get(), event.slot.get());
        let of_it = |pending: &&Pending| {
            let Pending::Work(work) = pending else {
                return false;
            };
            let Sent::Submission(submission) = &work.command else {
                return false;
            };
            let slots = submission.slot..submission.slot + submission.batches.len() as u16;
            submission.context == context
                && slots.contains(&slot)
                && work.value == event.signal.get()
        };
        let Some(Pending::Work(work)) = self.pending[Queue::Submit as usize].values().find(of_it)
        else {
            panic!("a hang of context {context}, slot {slot}, which has nothing under way");
        };
        let registers = &event.registers;
        let reason = event.reason.iter().take_while(|byte| **byte != 0);
        Hang {
            context,
            slot,
            class: event.class.get(),
            instance: event.instance.get(),
            point: work.point,
            command_address: event.command_address.get(),
            command: event.command.get(),
            fault_address: event.fault_address.get(),
            registers: HungRegisters {
                batch_address: registers.batch_address.get(),
                batch_state: registers.batch_state.get(),
                error: registers.error.get(),
                done: registers.done.get(),
                parser_mode: registers.parser_mode.get(),
                nop_id: registers.nop_id.get(),
            },
            reason: String::from_utf8_lossy(&reason.copied().collect::<Vec<_>>()).into_owned(),
        }
    }
}
