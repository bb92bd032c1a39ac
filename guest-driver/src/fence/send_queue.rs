// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Hands one timeline's commands to the transport in their order, each once the fences
//! that the guest waits for are signalled.

use crate::drm::{self, sync::IrqLock, Fence};
use crate::fence::cancellation::{Held, Ticket};
use crate::new_irq_lock;
use crate::virtio::{Prepared, Transport};
use kernel::prelude::*;
use kernel::rbtree::{RBTree, RBTreeNodeReservation};
use kernel::sync::aref::ARef;
use kernel::sync::Arc;

/// A command that is not handed over yet.
struct Unsent {
    command: Prepared,
    fence: ARef<Fence>,
    /// The fences it waits for are signalled.
    ready: bool,
    /// For a submission: whether it was cancelled meanwhile.
    held: Option<Held>,
}

/// A place in a [`SendQueue`], allocated ahead.
pub(crate) struct Place(RBTreeNodeReservation<u64, Unsent>);

impl Place {
    /// ENOMEM.
    pub(crate) fn reserve() -> Result<Self> {
        Ok(Self(RBTreeNodeReservation::new(GFP_KERNEL)?))
    }
}

/// The commands of one timeline on their way to the transport.
#[pin_data]
pub(crate) struct SendQueue {
    transport: Arc<Transport>,
    /// By the value on the timeline.
    #[pin]
    unsent: IrqLock<RBTree<u64, Unsent>>,
}

impl SendQueue {
    /// An empty queue in front of `transport`.
    pub(crate) fn new(transport: Arc<Transport>) -> Result<Arc<Self>> {
        Arc::pin_init(
            try_pin_init!(Self {
                transport,
                unsent <- new_irq_lock!(RBTree::new(), "SendQueue::unsent"),
            }),
            GFP_KERNEL,
        )
    }

    /// Hands `command`, which signals `value` and `fence`, over after all with a lower
    /// value and after `foreign`. The caller's lock sees to it that values go up. A
    /// submission, which has a `ticket`, is not executed if it is cancelled before.
    /// Process context. ENOMEM, only if there is no `place` or something in `foreign`: the
    /// command is dropped unsent.
    pub(crate) fn send(
        self: &Arc<Self>,
        dev: &drm::Device,
        place: Option<Place>,
        value: u64,
        command: Prepared,
        fence: ARef<Fence>,
        ticket: Option<Ticket>,
        foreign: &[ARef<Fence>],
    ) -> Result {
        if foreign.is_empty() {
            let unsent = self.unsent.lock();
            if unsent.is_empty() {
                fence.send(|| self.transport.submit(command));
                return Ok(());
            }
        }
        let place = match place {
            Some(place) => place,
            None => Place::reserve()?,
        };
        fence.announce_sending();

        let entry = Unsent {
            command,
            fence,
            ready: foreign.is_empty(),
            held: ticket.map(Ticket::hold),
        };
        self.unsent.lock().insert(place.0.into_node(value, entry));
        if foreign.is_empty() {
            // What was in front may have left meanwhile.
            self.flush();
            return Ok(());
        }

        let queue = self.clone();
        let waiting = drm::when_all(dev, foreign, move |_error| queue.make_ready(value));
        if waiting.is_err() {
            let removed = self.unsent.lock().remove_node(&value);
            drop(removed);
            self.flush();
        }
        waiting
    }

    /// The command with `value` need not wait any more. Any context.
    fn make_ready(&self, value: u64) {
        if let Some(entry) = self.unsent.lock().get_mut(&value) {
            entry.ready = true;
        }
        self.flush();
    }

    /// Nothing in the queue need wait any more: the device cancels all of it when it comes.
    /// Process context.
    pub(crate) fn stop_waiting(&self) {
        for (_, entry) in self.unsent.lock().iter_mut() {
            entry.ready = true;
        }
        self.flush();
    }

    /// Hands over what is at the front and ready. Any context.
    fn flush(&self) {
        let mut unsent = self.unsent.lock();
        loop {
            let Some(front) = unsent.cursor_front_mut() else {
                return;
            };
            if !front.current().1.ready {
                return;
            }
            let (_, node) = front.remove_current();
            let (_, entry) = node.to_key_value();
            let Unsent {
                mut command,
                fence,
                held,
                ..
            } = entry;
            if held.is_some_and(|held| held.is_cancelled()) {
                command.cancel();
            }
            fence.send(|| self.transport.submit(command));
        }
    }
}
