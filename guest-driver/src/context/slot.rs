// SPDX-License-Identifier: GPL-2.0 OR MIT

//! One engine slot of a live context: its submission timeline, and the room on it.

use crate::drm::{self, Fence, Timeline};
use crate::fence::SendQueue;
use crate::virtio::{ReturnLine, Transport};
use kernel::fmt;
use kernel::prelude::*;
use kernel::sync::aref::ARef;
use kernel::sync::lock::mutex::MutexBackend;
use kernel::sync::lock::Guard;
use kernel::sync::{new_mutex, Arc, Mutex};
use kernel::time::{Delta, Instant, Monotonic};

/// Unfinished submissions a slot takes before the next one has to wait. i915's rings of
/// 16 KiB hold about as many.
const MAX_UNFINISHED: usize = 256;

/// A submission that may be unfinished.
struct Unfinished {
    fence: ARef<Fence>,
    made: Instant<Monotonic>,
}

/// What a slot's submission lock guards.
pub(crate) struct SlotState {
    /// The timeline's last value given out.
    pub(crate) last_value: u64,
    /// The submissions that may be unfinished, oldest first.
    unfinished: KVec<Unfinished>,
}

/// One engine slot of a live context.
#[pin_data]
pub(crate) struct Slot {
    timeline: Timeline,
    class: u16,
    queue: Arc<SendQueue>,
    returns: Arc<ReturnLine>,
    /// The submission lock: submissions of a slot are made one at a time.
    #[pin]
    state: Mutex<SlotState>,
}

impl Slot {
    /// A slot on engines of class `class` (`enum drm_i915_gem_engine_class`), whose fences
    /// call their timeline `name`.
    pub(crate) fn new(
        transport: &Arc<Transport>,
        timeline: u32,
        class: u16,
        name: fmt::Arguments<'_>,
    ) -> Result<Arc<Self>> {
        let queue = SendQueue::new(transport.clone())?;
        let timeline = Timeline::new(transport, timeline, class.into(), name);
        Arc::pin_init(
            try_pin_init!(Self {
                timeline,
                class,
                queue,
                returns: ReturnLine::new()?,
                state <- new_mutex!(
                    SlotState { last_value: 0, unfinished: KVec::new() },
                    "Slot::state"
                ),
            }),
            GFP_KERNEL,
        )
    }

    /// Its submission timeline.
    pub(crate) fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// The class of its engines.
    pub(crate) fn class(&self) -> u16 {
        self.class
    }

    /// Where its commands go.
    pub(crate) fn queue(&self) -> &Arc<SendQueue> {
        &self.queue
    }

    /// The order in which the ends of its submissions are told.
    pub(crate) fn returns(&self) -> &Arc<ReturnLine> {
        &self.returns
    }

    /// Whether [`Self::wait_for_room`] would find room at once, as far as is known without
    /// looking at each unfinished submission.
    pub(crate) fn has_room(&self) -> bool {
        self.state.lock().unfinished.len() < MAX_UNFINISHED
    }

    /// Waits until there is room for one more submission: for the oldest half of the
    /// unfinished to end, interruptibly, or answers EWOULDBLOCK if `nonblocking`, as i915
    /// does with a full ring. To be called with no lock held; who is late by then adds
    /// to the full slot, which is no harm.
    pub(crate) fn wait_for_room(&self, dev: &drm::Device, nonblocking: bool) -> Result {
        loop {
            let mut state = self.state.lock();
            if state.unfinished.len() >= MAX_UNFINISHED {
                state
                    .unfinished
                    .retain(|submission| !submission.fence.is_signaled());
            }
            if state.unfinished.len() < MAX_UNFINISHED {
                return Ok(());
            }
            if nonblocking {
                return Err(EAGAIN);
            }
            let middle = state.unfinished[MAX_UNFINISHED / 2].fence.clone();
            drop(state);
            dev.unlocked(|| middle.wait(drm::Timeout::Forever))?;
        }
    }

    /// Takes the submission lock, with room to remember one more submission. ENOMEM.
    pub(crate) fn lock(&self) -> Result<Guard<'_, SlotState, MutexBackend>> {
        let mut state = self.state.lock();
        if state.unfinished.len() == state.unfinished.capacity() {
            state
                .unfinished
                .retain(|submission| !submission.fence.is_signaled());
        }
        state.unfinished.reserve(1, GFP_KERNEL)?;
        Ok(state)
    }

    /// The newest unfinished submission made at least `age` ago.
    pub(crate) fn newest_older_than(&self, age: Delta) -> Option<ARef<Fence>> {
        let state = self.state.lock();
        let old = |submission: &&Unfinished| {
            submission.made.elapsed().as_nanos() >= age.as_nanos()
                && !submission.fence.is_signaled()
        };
        state
            .unfinished
            .iter()
            .rev()
            .find(old)
            .map(|submission| submission.fence.clone())
    }

    /// Whether all its submissions have finished.
    pub(crate) fn is_idle(&self) -> bool {
        self.state
            .lock()
            .unfinished
            .iter()
            .all(|submission| submission.fence.is_signaled())
    }
}

impl SlotState {
    /// Counts a submission as unfinished until its fence signals.
    pub(crate) fn remember(&mut self, fence: ARef<Fence>) {
        // `Slot::lock` has made room for one.
        drop(self.unfinished.push_within_capacity(Unfinished {
            fence,
            made: Instant::now(),
        }));
    }
}
