// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Taking commands off the queues, in turns: no longer at a time than others can do without
//! the guest's lock, and no more than the guest's [pace](crate::device::pace) allows.
//!
//! # The order of commands over queues
//!
//! A command on the control queue is taken before any on the bind queue that the driver
//! made available after it, and likewise bind before submit. [`Guest::round`] keeps this
//! by reading the queues' available indices in the opposite order, submit first, and then
//! taking chains in the promised order up to what it read. Why that suffices: let the
//! driver make A available on an earlier queue, then B on a later one. If B is in this
//! round, the later queue's index was read when it already covered B; the driver wrote
//! the earlier queue's index before that, each index is read with acquire ordering, and
//! the earlier queue's index was read afterwards, so it covers A. A is then taken in this
//! round, before B. What is made available while a round goes on belongs to the next.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::{Queue, ReplyHeader, Status, SubmitReply};
use virtio_igpu_protocol as protocol;
use zerocopy::IntoBytes;

use super::{COMMAND_QUEUES, Guest, InFlight, Round};
use crate::GuestMemory;
use crate::device::pace::Cost;
use crate::queue::{self, Chain};
use crate::session::{self, Answer, Refusal, Work};

/// How long the worker attends to the queues before it lets others have the guest's lock: who
/// handles vhost-user messages and who looks at the counters.
const LONGEST_TURN: Duration = Duration::from_millis(2);

/// How long it takes commands before it looks whether work has ended meanwhile.
const LONGEST_TAKING: Duration = Duration::from_micros(250);

/// What became of a round over the queues.
enum Taken {
    /// There was nothing to take.
    Nothing,
    /// All that was there when it began.
    All,
    /// Some of it. The next turn goes on with it.
    Some,
}

impl Guest {
    /// Takes what is there to be taken and gives back what is done. Returns for how long
    /// nobody needs to look after the guest: it has been asking for too much, and the caller
    /// is to call [`Guest::rested`] afterwards.
    pub(in crate::device) fn work(&mut self, by_mailbox: bool) -> Option<Duration> {
        self.mailbox.wake_up(by_mailbox);
        if let Some(reason) = self.to_lose.take() {
            self.lose(reason);
        }
        let begun = Instant::now();
        let end = begun + LONGEST_TURN;
        let mut in_vain = false;
        loop {
            self.want_doorbells(false);
            let mut taken = self.round(end);
            if mem::take(&mut self.rung) {
                in_vain = !self.heed_doorbell(begun);
            }
            while matches!(taken, Taken::All) {
                self.deliver();
                self.interrupt_unless_held();
                taken = self.round(end);
            }
            self.deliver();
            let now = Instant::now();
            if matches!(taken, Taken::Some) || now >= end {
                break;
            }
            if self.hold_interrupt() {
                continue;
            }
            self.interrupt();
            if self.look_on() {
                continue;
            }
            if !self.want_doorbells(true) && self.mailbox.sleep() {
                if !in_vain {
                    self.linger.sleep(Instant::now());
                }
                return self.rest();
            }
        }
        self.interrupt();
        let rest = self.rest();
        if rest.is_none() || !self.mailbox.sleep() {
            self.mailbox.come_back();
        }
        rest
    }

    /// For how long to leave the guest alone.
    fn rest(&mut self) -> Option<Duration> {
        let rest = self.pace.rest(Instant::now())?;
        self.metrics.rests += 1;
        Some(rest)
    }

    /// The guest has been left alone for as long as it was to be.
    pub(in crate::device) fn rested(&mut self) {
        self.mailbox.come_back();
    }

    /// A doorbell rang when the worker slept, and a round has been made since. Returns whether
    /// it was for anything.
    fn heed_doorbell(&mut self, at: Instant) -> bool {
        let for_something = self.pace.doorbell(at);
        if for_something {
            self.linger.doorbell(at);
        } else {
            self.metrics.doorbells_in_vain += 1;
        }
        for_something
    }

    fn want_doorbells(&mut self, wanted: bool) -> bool {
        let Some(memory) = self.memory() else {
            return false;
        };
        let mut more = false;
        for queue in COMMAND_QUEUES {
            let index = queue as usize;
            if let Some(vring) = self.vrings.get(index)
                && !self.broken[index]
            {
                more |= queue::want_doorbell(vring, &memory, wanted);
            }
        }
        more
    }

    /// Takes every command that is available now, in the order the driver was promised
    /// (see above), or goes on with that if the last turn ended before it had.
    fn round(&mut self, end: Instant) -> Taken {
        let Some(memory) = self.memory() else {
            return Taken::Nothing;
        };
        self.check_restarts();
        let round = self.round.take();
        let Some(mut round) = round.or_else(|| self.begin_round(&memory)) else {
            return Taken::Nothing;
        };
        let mut deliver_at = Instant::now() + LONGEST_TAKING;
        for queue in COMMAND_QUEUES {
            let index = queue as usize;
            while round.left[index] > 0 && !self.broken[index] {
                round.left[index] -= 1;
                let limit = protocol::MAX_COMMAND_SIZE as usize;
                let chain = match queue::pop(&self.vrings[index], &memory, limit) {
                    Ok(Some(chain)) => chain,
                    Ok(None) => break,
                    Err(broken) => {
                        self.break_ring(index, broken);
                        break;
                    }
                };
                let now = self.take(queue, chain, &memory);
                if now >= end || self.pace.is_spent(now) {
                    self.round = Some(round);
                    self.flush();
                    return Taken::Some;
                }
                if now >= deliver_at {
                    self.deliver();
                    self.interrupt_unless_held();
                    deliver_at = now + LONGEST_TAKING;
                }
            }
        }
        self.reset_active(&round.resets);
        self.flush();
        Taken::All
    }

    /// Tells the executor that nothing more is at hand.
    fn flush(&mut self) {
        if let Some(session) = &mut self.session {
            session.executor().flush();
        }
    }

    /// What a round has to take: what is there now. Nothing if there is nothing.
    fn begin_round(&mut self, memory: &GuestMemory) -> Option<Round> {
        let mut left = [0; COMMAND_QUEUES.len()];
        for queue in COMMAND_QUEUES.into_iter().rev() {
            let index = queue as usize;
            let vring = self.vrings.get(index)?;
            // A queue that started since its restart was judged waits for the next round.
            if self.broken[index] || self.stopped[index].is_some() {
                continue;
            }
            match queue::available(vring, memory) {
                Ok(count) => left[index] = count,
                Err(broken) => self.break_ring(index, broken),
            }
        }
        let resets = mem::take(&mut self.resets);
        let any = left.iter().any(|&count| count > 0) || !resets.is_empty();
        any.then_some(Round { left, resets })
    }

    /// Cancels everything, once, and tells all who asked for it.
    fn reset_active(&mut self, chains: &[Chain]) {
        if chains.is_empty() {
            return;
        }
        if let Some(session) = &mut self.session {
            session.executor().reset_active();
        }
        let reply = ReplyHeader::new(Status::Ok);
        for chain in chains {
            self.give_back(Queue::Control, chain, reply.as_bytes());
        }
    }

    /// Takes one command. Returns when that was done.
    fn take(&mut self, queue: Queue, mut chain: Chain, memory: &Arc<GuestMemory>) -> Instant {
        let taken = Instant::now();
        let counts = self.metrics.queues.get(queue as usize);
        counts.chains += 1;
        counts.descriptors += u64::from(chain.descriptors);
        counts.bytes_in += chain.command.len() as u64;
        let name = session::command_name(&chain.command);
        let answer = self.answer(queue, &chain, memory);
        log::trace!("{name} on {queue:?}: {answer:?}");
        let accepted = Instant::now();
        let stage = &mut self.metrics.stages.queue_to_executor;
        stage.add(accepted.saturating_duration_since(taken));
        let label = self.trace_taken(queue, name, &chain, taken);
        self.pace.take(accepted, cost(&answer));
        match answer {
            Ok(Answer::Now(reply)) => {
                self.metrics.command(name);
                self.give_back(queue, &chain, &reply);
            }
            Ok(Answer::AfterNextRound) => {
                self.metrics.command(name);
                self.resets.push(chain);
            }
            Ok(Answer::Later(point, work, held)) => {
                self.metrics.command(name);
                match work {
                    Work::Submission { batches } => {
                        self.metrics.submissions += 1;
                        self.metrics.batches += u64::from(batches);
                        self.metrics.gangs += u64::from(batches > 1);
                    }
                    Work::Unbind => self.metrics.unbinds += 1,
                    Work::Bind { extents, bytes } => {
                        self.metrics.binds += 1;
                        self.metrics.extents += extents;
                        self.metrics.bytes_bound += bytes;
                    }
                }
                chain.forget_command(size_of::<SubmitReply>());
                self.in_flight.insert(
                    point,
                    InFlight {
                        queue,
                        chain,
                        work,
                        held,
                        taken,
                        accepted,
                        label,
                    },
                );
            }
            Err(refusal) => {
                self.metrics.command(name);
                self.metrics.refusal(session::status_name(refusal.status));
                self.metrics.malformed += u64::from(refusal.status == Status::InvalidCommand);
                log::debug!("refused {name} on the {queue:?} queue: {refusal}");
                let room = chain.room();
                let reply = if room < size_of::<ReplyHeader>() {
                    Vec::new()
                } else {
                    session::refusal_reply(refusal.status, &chain.command, room)
                };
                self.give_back(queue, &chain, &reply);
            }
        }
        accepted
    }

    fn answer(
        &mut self,
        queue: Queue,
        chain: &Chain,
        memory: &Arc<GuestMemory>,
    ) -> Result<Answer, Refusal> {
        if let Some(fault) = chain.fault {
            return Err(Refusal::malformed(fault));
        }
        if chain.room() < size_of::<ReplyHeader>() {
            return Err(Refusal::malformed("no room for a reply header"));
        }
        if self.lost {
            return Err(Refusal::new(
                Status::DeviceLost,
                "the device must be reset first",
            ));
        }
        let session = self.session(&chain.command, memory)?;
        session.command(queue, &chain.command, chain.room())
    }
}

/// What a command costs that was answered like this.
fn cost(answer: &Result<Answer, Refusal>) -> Cost {
    match answer {
        Ok(Answer::Later(..)) => Cost::Nothing,
        Err(refusal) if refusal.status == Status::InvalidCommand => Cost::Nonsense,
        Ok(Answer::Now(_) | Answer::AfterNextRound) | Err(_) => Cost::AtOnce,
    }
}
