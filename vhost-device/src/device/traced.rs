// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What a guest's device notes in the trace, where there is one.

use std::time::Instant;

use protocol::Queue;
use virtio_igpu_protocol as protocol;

use super::guest::{Guest, InFlight};
use crate::executor::Completion;
use crate::queue::Chain;
use crate::session::Session;
use crate::trace::{Label, Owner, Record};

impl Guest {
    /// Notes what happens now.
    pub(super) fn trace(&self, record: impl FnOnce(Instant) -> Record) {
        if let Some(tracer) = &self.tracer {
            tracer.note(record(Instant::now()));
        }
    }

    /// Notes that a command was taken, and has been answered or accepted. Returns what it is
    /// called from here on.
    pub(super) fn trace_taken(
        &self,
        queue: Queue,
        name: &'static str,
        chain: &Chain,
        begun: Instant,
    ) -> Option<Label> {
        let tracer = self.tracer.as_ref()?;
        let ended = Instant::now();
        let label = Label::of(queue, &chain.command);
        tracer.note(Record::Taken {
            queue: queue as usize,
            name,
            label,
            begun,
            ended,
        });
        label
    }

    /// Notes that a command has ended, and when that was reported, its reply begun and done.
    pub(super) fn trace_ended(
        &self,
        done: &InFlight,
        completion: &Completion,
        [reported, replying, used]: [Instant; 3],
    ) {
        let (Some(tracer), Some(label)) = (&self.tracer, done.label) else {
            return;
        };
        let session = self.session.as_ref();
        let engine = match label.owner {
            Owner::Slot { context, slot } => {
                session.and_then(|session: &Session| session.slot_engines(context, slot))
            }
            Owner::AddressSpace(_) => None,
        };
        tracer.note(Record::Ended {
            queue: done.queue as usize,
            label,
            engine,
            ending: completion.ending,
            busy_ns: completion.busy_ns,
            taken: done.taken,
            accepted: done.accepted,
            reported,
            replying,
            used,
        });
    }
}
