//! Which priority work has: the one its context had when it was submitted, or that of
//! whatever waits for it, if that is higher (i915's `i915_scheduler.c:__i915_schedule`).
//!
//! Queues are executed in order, so a batch has at least the priority of those behind
//! it: along a queue priorities never rise, and what is in front says how urgent the
//! queue is.

use std::cmp::Reverse;
use std::collections::VecDeque;

use super::timeline::{Moment, Owner};
use super::{Batch, Place, QueuedBind, Slot, SlotKey, State, Waits, Work};
use crate::limits;

/// What stands in a queue.
trait Queued {
    fn signal(&self) -> u64;
    fn priority(&mut self) -> &mut i32;
    fn waits(&self) -> &Waits;
}

impl Queued for Batch {
    fn signal(&self) -> u64 {
        self.signal
    }

    fn priority(&mut self) -> &mut i32 {
        &mut self.priority
    }

    fn waits(&self) -> &Waits {
        &self.waits
    }
}

impl Queued for QueuedBind {
    fn signal(&self) -> u64 {
        self.signal
    }

    fn priority(&mut self) -> &mut i32 {
        &mut self.priority
    }

    fn waits(&self) -> &Waits {
        &self.waits
    }
}

/// Raises what must end before `value` is signalled to `priority`; adds what that waits
/// for to `awaited`.
fn raise_queue<T: Queued>(
    queue: &mut VecDeque<T>,
    value: u64,
    priority: i32,
    awaited: &mut Vec<Moment>,
) {
    let last = queue.partition_point(|entry| entry.signal() < value);
    if last == queue.len() {
        // It is reached, or what signals it is yet to come.
        return;
    }
    for entry in queue.range_mut(..=last).rev() {
        if *entry.priority() >= priority {
            // So have all in front of it, and what they wait for.
            return;
        }
        *entry.priority() = priority;
        if entry.waits().unmet > 0 {
            awaited.extend(&entry.waits().moments);
        }
    }
}

impl Slot {
    /// The priority of the batch in front.
    pub(super) fn priority(&self) -> i32 {
        let front = self.queue.entries.front();
        front.map_or(self.context_priority, |batch| batch.priority)
    }
}

impl State {
    /// Gives the newest entry of a queue, which signals `moment`, its priority: at least
    /// `least`, and at least that of what waits for it already. What it waits for, and
    /// what stands in front of it, is raised with it.
    pub(super) fn prioritise(&mut self, moment: Moment, least: i32) {
        let waiting = self.timelines.waiting(moment);
        let priorities = waiting.into_iter().map(|work| self.work_priority(work));
        let priority = priorities.fold(least, i32::max);
        self.raise(moment, priority);
    }

    fn work_priority(&mut self, work: Work) -> i32 {
        let priority = match work {
            Work::Batch(key, number) => self
                .slots
                .get_mut(&key)
                .and_then(|slot| slot.queue.get_mut(number))
                .map(|batch| batch.priority),
            Work::Bind(key, number) => self
                .spaces
                .get_mut(&key)
                .and_then(|space| space.queue.get_mut(number))
                .map(|bind| bind.priority),
        };
        priority.unwrap_or(limits::MIN_PRIORITY)
    }

    /// Raises all that must end before `moment` is reached to at least `priority`, and
    /// whatever that waits for.
    fn raise(&mut self, moment: Moment, priority: i32) {
        // Each piece of work is raised at most once, so this ends.
        let mut awaited = vec![moment];
        while let Some(Moment { timeline, value }) = awaited.pop() {
            match self.timelines.owner(timeline) {
                Some(Owner::Slot(key)) => self.raise_slot(key, value, priority, &mut awaited),
                Some(Owner::Space(key)) => {
                    if let Some(space) = self.spaces.get_mut(&key) {
                        raise_queue(&mut space.queue.entries, value, priority, &mut awaited);
                    }
                }
                None => {}
            }
        }
    }

    fn raise_slot(&mut self, key: SlotKey, value: u64, priority: i32, awaited: &mut Vec<Moment>) {
        let Some(slot) = self.slots.get_mut(&key) else {
            return;
        };
        let before = slot.priority();
        raise_queue(&mut slot.queue.entries, value, priority, awaited);
        let after = slot.priority();
        if before == after {
            return;
        }
        let place = slot.place;
        for engine in slot.engines.clone() {
            if let Place::Ready(sequence) = place {
                let ready = &mut self.engines[engine].ready;
                ready.remove(&(Reverse(before), sequence, key));
                ready.insert((Reverse(after), sequence, key));
            }
            self.signal(engine);
        }
    }
}
