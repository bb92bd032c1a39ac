// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What an update takes away, kept until the device has confirmed that it is gone; and
//! updates that the device has refused.

use crate::drm::sync::IrqLock;
use crate::drm::work;
use crate::new_irq_lock;
use crate::rules::address::Range;
use crate::vm::mapping::{Mapping, Shown, Tree};
use kernel::prelude::*;
use kernel::rbtree::{RBTree, RBTreeNode};
use kernel::sync::atomic::{Atomic, Relaxed};
use kernel::sync::Arc;
use kernel::workqueue::{self, new_work, Work, WorkItem};

/// More mappings than this are not freed in an interrupt.
const MANY: usize = 16;

/// The mappings that an update takes away, whole or in part: their pages stay pinned while
/// this lives. The update's commands hold it until the device has answered.
#[pin_data]
pub(super) struct Displaced {
    /// What the update is of.
    range: Range,
    /// The bind timeline's value of its first command.
    update: u64,
    /// Put among the refused ones.
    refused: Atomic<bool>,
    #[pin]
    held: IrqLock<Held>,
    /// Frees it where there is time.
    #[pin]
    free_work: Work<Displaced>,
}

struct Held {
    /// Mappings that are gone from the tree.
    whole: Tree,
    /// How many.
    count: usize,
    /// What the mappings show of which a piece is left: those at the range's two ends.
    parts: [Option<Shown>; 2],
    /// The next of a [`DisplacedList`].
    next: Option<Arc<Displaced>>,
}

workqueue::impl_has_work! {
    impl HasWork<Self> for Displaced { self.free_work }
}

impl WorkItem for Displaced {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        drop(this);
    }
}

impl Displaced {
    /// Nothing yet, of the update of `range` whose first value is `update`. ENOMEM.
    pub(super) fn new(range: Range, update: u64) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                range,
                update,
                refused: Atomic::new(false),
                held <- new_irq_lock!(
                    Held { whole: RBTree::new(), count: 0, parts: [None, None], next: None },
                    "Displaced::held"
                ),
                free_work <- new_work!("virtio_igpu::Displaced"),
            }),
            GFP_KERNEL,
        )
    }

    /// What the update is of.
    pub(super) fn range(&self) -> Range {
        self.range
    }

    /// Whether the update made the mapping that shows this.
    pub(super) fn made(&self, shown: &Shown) -> bool {
        self.update == shown.update
    }

    /// Keeps a mapping, which began at `start` and is gone from the tree; `see` is told
    /// what it shows.
    pub(super) fn hold(
        &self,
        start: u64,
        node: RBTreeNode<u64, Mapping>,
        see: impl FnOnce(&Shown),
    ) {
        let mut held = self.held.lock();
        held.whole.insert(node);
        held.count += 1;
        if let Some(mapping) = held.whole.get(&start) {
            see(&mapping.shown);
        }
    }

    /// Keeps what a mapping shows of which a piece is left.
    pub(super) fn hold_part(&self, shown: Shown) {
        let mut held = self.held.lock();
        let [first, second] = &mut held.parts;
        let place = if first.is_none() { first } else { second };
        *place = Some(shown);
    }

    /// The device has confirmed the update. Any context.
    pub(super) fn release(self: Arc<Self>) {
        if self.held.lock().count > MANY {
            // It is on no queue: this happens once for the update's last command, and if
            // not, the one that comes second frees it.
            let _ = work::queue().enqueue(self);
        }
    }
}

/// Displaced mappings in a list through themselves: takes no memory.
pub(super) struct DisplacedList(Option<Arc<Displaced>>);

impl DisplacedList {
    /// None.
    pub(super) const fn new() -> Self {
        Self(None)
    }

    /// Adds those of an update that the device has refused, unless they were added before.
    /// Any context.
    pub(super) fn push_refused(&mut self, displaced: Arc<Displaced>) {
        if displaced.refused.cmpxchg(false, true, Relaxed).is_ok() {
            self.push(displaced);
        }
    }

    /// Adds what is on no list.
    pub(super) fn push(&mut self, displaced: Arc<Displaced>) {
        displaced.held.lock().next = self.0.take();
        self.0 = Some(displaced);
    }

    /// Takes one out.
    pub(super) fn pop(&mut self) -> Option<Arc<Displaced>> {
        let first = self.0.take()?;
        self.0 = first.held.lock().next.take();
        Some(first)
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl Drop for DisplacedList {
    fn drop(&mut self) {
        // Not one from within the other: there may be many.
        while self.pop().is_some() {}
    }
}
