// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What goes to the driver: replies, events, interrupts; and the end of a guest's work when
//! the driver breaks a ring.

use std::mem::offset_of;
use std::ops::Range;
use std::time::Instant;

use protocol::{EngineRegisters, Event, EventKind, Queue, ReplyHeader, Status, SubmitReply};
use smallvec::SmallVec;
use virtio_igpu_protocol as protocol;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromZeros, IntoBytes};

use super::{Guest, InFlight};
use crate::executor::{Completion, Ending, Hang, Point};
use crate::mailbox::Report;
use crate::queue::{self, BrokenRing, Chain};
use crate::session::Work;
use crate::trace::Record;

impl Guest {
    /// Writes a reply, with its number, and gives the chain back.
    pub(super) fn give_back(&mut self, queue: Queue, chain: &Chain, reply: &[u8]) {
        const ORDER: Range<usize> = offset_of!(ReplyHeader, order)..size_of::<ReplyHeader>();
        let index = queue as usize;
        let Some(memory) = self.memory() else { return };
        let mut reply: SmallVec<[u8; 64]> = SmallVec::from_slice(reply);
        if queue != Queue::Event
            && let Some(order) = reply.get_mut(ORDER)
        {
            self.replies = self.replies.wrapping_add(1);
            order.copy_from_slice(&self.replies.to_le_bytes());
        }
        let written = chain.write(&memory, &reply);
        let given = queue::push_used(&self.vrings[index], &memory, chain.head, written);
        if let Err(broken) = given {
            if !self.broken[index] {
                self.break_ring(index, broken);
            }
            return;
        }
        self.metrics.queues.get(index).bytes_out += u64::from(written);
        self.given_back[index] = true;
    }

    /// Interrupts the driver for what was given back, once for each queue.
    pub(super) fn interrupt(&mut self) {
        let Some(memory) = self.memory() else { return };
        if self.given_back[Queue::Submit as usize] {
            self.hold.interrupted();
        }
        for (index, vring) in self.vrings.iter().enumerate() {
            if std::mem::take(&mut self.given_back[index]) && queue::interrupt(vring, &memory) {
                self.metrics.queues.get(index).interrupts += 1;
                self.trace(|at| Record::Interrupt { queue: index, at });
            }
        }
    }

    /// Passes on what the executor has reported, on a thread of the executor's.
    pub(in crate::device) fn deliver_at_once(&mut self) {
        self.at_once = true;
        self.deliver();
        self.interrupt();
        self.at_once = false;
        if self.to_lose.is_some() {
            self.mailbox.come_back();
        }
    }

    /// Passes on what the executor has reported.
    pub(super) fn deliver(&mut self) {
        for report in self.mailbox.take() {
            match report {
                Report::Completed(completion, at) => self.complete(&completion, at),
                Report::Hung(hang) => {
                    log::info!(
                        "context {} hung: {} (command {:#010x} at {:#x})",
                        hang.context,
                        hang.reason,
                        hang.command,
                        hang.command_address
                    );
                    self.send_event(&hang_event(&hang));
                }
                Report::Lost(reason) => {
                    log::error!("the GPU is gone, and the guest's work with it: {reason}");
                    self.metrics.gpu_lost = Some(reason.clone());
                    self.lose(reason);
                }
            }
            if self.lost {
                // All work has ended, and with it what else was reported.
                break;
            }
        }
    }

    fn complete(&mut self, completion: &Completion, at: Instant) {
        let replying = self.tracer.is_some().then(Instant::now);
        let Some(done) = self.in_flight.remove(&completion.point) else {
            log::error!("the executor ended something that was not begun: {completion:?}");
            return;
        };
        if let Some(session) = &mut self.session {
            session.finished(done.held);
        }
        let endings = &mut self.metrics.endings;
        let (status, count) = match completion.ending {
            Ending::Done => (Status::Ok, &mut endings.done),
            Ending::Cancelled => (Status::Cancelled, &mut endings.cancelled),
            Ending::Hung => (Status::Hung, &mut endings.hung),
            Ending::OutOfMemory => (Status::OutOfMemory, &mut endings.out_of_memory),
        };
        *count += 1;
        let stage = match done.work {
            Work::Submission { .. } => &mut self.metrics.stages.submit_executor_to_completion,
            _ => &mut self.metrics.stages.bind_executor_to_completion,
        };
        stage.add(at.saturating_duration_since(done.accepted));
        let (busy_ns, was_active) = (completion.busy_ns, completion.was_active);
        self.reply(completion.point, &done, status, busy_ns, was_active);
        let used = Instant::now();
        let stages = &mut self.metrics.stages;
        stages
            .completion_to_used
            .add(used.saturating_duration_since(at));
        let whole = match done.work {
            Work::Submission { .. } => &mut stages.submit_whole,
            _ => &mut stages.bind_whole,
        };
        whole.add(used.saturating_duration_since(done.taken));
        if let Some(replying) = replying {
            self.trace_ended(&done, completion, [at, replying, used]);
        }
    }

    fn reply(
        &mut self,
        point: Point,
        done: &InFlight,
        status: Status,
        busy_ns: u64,
        was_active: bool,
    ) {
        let header = ReplyHeader::new(status);
        if matches!(done.work, Work::Submission { .. }) {
            let timeline = (status == Status::Ok).then_some(point.timeline);
            self.hold.ended(timeline);
            let reply = SubmitReply {
                header,
                busy_ns: U64::new(busy_ns),
                was_active: U32::new(u32::from(was_active)),
                reserved: U32::ZERO,
            };
            self.give_back(done.queue, &done.chain, reply.as_bytes());
        } else {
            self.give_back(done.queue, &done.chain, header.as_bytes());
        }
    }

    /// Gives the driver an event, if it has a buffer for it.
    pub(super) fn send_event(&mut self, event: &Event) {
        let index = Queue::Event as usize;
        let Some(memory) = self.memory() else { return };
        while !self.broken[index] {
            let Some(vring) = self.vrings.get(index) else {
                break;
            };
            match queue::pop(vring, &memory, 0) {
                Ok(Some(chain)) => {
                    let counts = self.metrics.queues.get(index);
                    counts.chains += 1;
                    counts.descriptors += u64::from(chain.descriptors);
                    if chain.fault.is_none() && chain.room() >= size_of::<Event>() {
                        self.metrics.events += 1;
                        self.give_back(Queue::Event, &chain, event.as_bytes());
                        return;
                    }
                    self.metrics.malformed += 1;
                    self.give_back(Queue::Event, &chain, &[]);
                }
                Ok(None) => break,
                Err(broken) => self.break_ring(index, broken),
            }
        }
        self.metrics.events_lost += 1;
    }

    /// The driver broke a ring. Nothing more is taken from it, and the guest's work is
    /// lost; the other queues answer so until the device is reset.
    pub(super) fn break_ring(&mut self, index: usize, why: BrokenRing) {
        self.metrics.broken_rings += 1;
        self.broken[index] = true;
        log::error!("the driver broke queue {index}: {why}; the device must be reset");
        self.lose(format!("queue {index} is broken: {why}"));
    }

    /// Ends all work as lost, and tells the driver why.
    pub(super) fn lose(&mut self, reason: String) {
        if self.lost {
            return;
        }
        if self.at_once {
            self.to_lose = Some(reason);
            return;
        }
        self.lost = true;
        self.end_session();
        for (point, done) in std::mem::take(&mut self.in_flight) {
            self.metrics.endings.device_lost += 1;
            self.reply(point, &done, Status::DeviceLost, 0, false);
        }
        let mut event = Event::new_zeroed();
        event.kind = U32::new(EventKind::DeviceLost as u32);
        tell(&mut event, &reason);
        self.send_event(&event);
    }
}

fn hang_event(hang: &Hang) -> Event {
    let mut event = Event::new_zeroed();
    event.kind = U32::new(EventKind::Hang as u32);
    event.context = U32::new(hang.context);
    event.slot = U16::new(hang.slot);
    event.class = U16::new(hang.class);
    event.instance = U16::new(hang.instance);
    event.command_address = U64::new(hang.command_address);
    event.command = U32::new(hang.command);
    event.fault_address = U64::new(hang.fault_address);
    event.signal = U64::new(hang.point.value);
    event.registers = EngineRegisters {
        batch_address: U64::new(hang.registers.batch_address),
        batch_state: U32::new(hang.registers.batch_state),
        error: U32::new(hang.registers.error),
        done: U32::new(hang.registers.done),
        parser_mode: U32::new(hang.registers.parser_mode),
        nop_id: U32::new(hang.registers.nop_id),
        reserved: U32::new(0),
    };
    tell(&mut event, &hang.reason);
    event
}

/// Puts a reason into an event, cut at a character's end, with room for a NUL.
fn tell(event: &mut Event, reason: &str) {
    let mut end = reason.len().min(event.reason.len() - 1);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    event.reason[..end].copy_from_slice(&reason.as_bytes()[..end]);
}
