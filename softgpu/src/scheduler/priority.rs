//! Which priority work has: the one its context had when it was submitted, or that of
//! whatever waits for it, if that is higher (i915's `i915_scheduler.c:__i915_schedule`).
//!
//! Queues are executed in order, so a batch has at least the priority of those behind
//! it: along a queue priorities never rise, and what is in front says how urgent the
//! queue is.

use std::cmp::Reverse;
use std::collections::VecDeque;

use super::timeline::{Moment, Owner, TimelineKey};
use super::{Batch, GangKey, Place, QueuedBind, Slot, SlotKey, State, Waits, Work};
use crate::limits;

/// What stands in a queue.
trait Queued {
    fn signal(&self) -> u64;
    fn priority(&mut self) -> &mut i32;
    fn waits(&self) -> &Waits;
    fn gang(&self) -> Option<GangKey>;
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

    fn gang(&self) -> Option<GangKey> {
        self.gang
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

    fn gang(&self) -> Option<GangKey> {
        None
    }
}

/// What is to be raised because something else was.
#[derive(Default)]
struct Concerned {
    /// What it waits for.
    awaited: Vec<Moment>,
    /// The gangs it belongs to.
    gangs: Vec<GangKey>,
}

/// The entry that signals `value`, or the first behind it.
fn place_of<T: Queued>(queue: &VecDeque<T>, value: u64) -> Option<usize> {
    let place = queue.partition_point(|entry| entry.signal() < value);
    // None: it is reached, or what signals it is yet to come.
    (place < queue.len()).then_some(place)
}

/// Raises what must end before the entry `last` does, and that one, to `priority`.
fn raise_queue<T: Queued>(
    queue: &mut VecDeque<T>,
    last: usize,
    priority: i32,
    concerned: &mut Concerned,
) {
    for entry in queue.range_mut(..=last).rev() {
        if *entry.priority() >= priority {
            // So have all in front of it, and what they wait for.
            return;
        }
        *entry.priority() = priority;
        concerned.gangs.extend(entry.gang());
        if entry.waits().unmet > 0 {
            let awaited = entry.waits().awaited.iter();
            concerned.awaited.extend(awaited.map(|one| one.moment));
        }
    }
}

impl Slot {
    /// The priority of the batch in front.
    pub(super) fn priority(&self) -> i32 {
        let front = self.queue.entries.front();
        front.map_or(limits::MIN_PRIORITY, |batch| batch.priority)
    }
}

impl State {
    /// Gives the newest entry of a queue, which signals `moment` and has one in front of it
    /// that signals the value `before`, its priority: at least `least`, and at least that of
    /// what waits for it already. What it waits for, and
    /// what stands in front of it, is raised with it.
    pub(super) fn prioritise(&mut self, before: u64, moment: Moment, least: i32) {
        let waiting = self.timelines.waiting(before, moment);
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
        let mut concerned = Concerned::default();
        concerned.awaited.push(moment);
        // Each piece of work is raised at most once, so this ends.
        loop {
            if let Some(gang) = concerned.gangs.pop() {
                for member in self.gang_members(gang) {
                    let slot = self.slots.get(&member);
                    let entries = slot.map(|slot| &slot.queue.entries);
                    let place =
                        entries.and_then(|all| all.iter().rposition(|one| one.gang == Some(gang)));
                    if let Some(place) = place {
                        self.raise_slot(member, place, priority, &mut concerned);
                    }
                }
            } else if let Some(Moment { timeline, value }) = concerned.awaited.pop() {
                self.raise_timeline(timeline, value, priority, &mut concerned);
            } else {
                return;
            }
        }
    }

    fn raise_timeline(
        &mut self,
        timeline: TimelineKey,
        value: u64,
        priority: i32,
        concerned: &mut Concerned,
    ) {
        match self.timelines.owner(timeline) {
            Some(Owner::Slot(key)) => {
                let slot = self.slots.get(&key);
                if let Some(place) = slot.and_then(|slot| place_of(&slot.queue.entries, value)) {
                    self.raise_slot(key, place, priority, concerned);
                }
            }
            Some(Owner::Space(key)) => {
                if let Some(space) = self.spaces.get_mut(&key)
                    && let Some(place) = place_of(&space.queue.entries, value)
                {
                    raise_queue(&mut space.queue.entries, place, priority, concerned);
                }
            }
            None => {}
        }
    }

    fn raise_slot(&mut self, key: SlotKey, last: usize, priority: i32, concerned: &mut Concerned) {
        let Some(slot) = self.slots.get_mut(&key) else {
            return;
        };
        let before = slot.priority();
        raise_queue(&mut slot.queue.entries, last, priority, concerned);
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
