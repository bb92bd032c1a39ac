//! Gangs: batches of one context that start together, each on an engine of its own.
//!
//! A gang is queued with one batch in each of its slots. Once all of them are in front and
//! its waits are over, they stand in their engines' ready sets with one priority and one
//! sequence number, so that all engines agree which of two gangs comes first. An engine
//! that would take one keeps itself free for the gang; when the last of its engines does,
//! all take their batches. An engine keeps itself free only while the others can be had:
//! while one of them is taken by something more important, it goes on with other work.
//! So no engine waits for a gang that waits for another engine's endless batch, and two
//! gangs never wait for each other.
//!
//! What has started is not preempted, and a slot is not used again before the whole gang
//! has ended.

use std::cmp::Reverse;
use std::time::Duration;

use super::{Hold, Moment, Place, SlotKey, State};
use crate::completion::{Completion, Outcome};
use crate::ids::Point;

/// A gang, by a number that is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GangKey(u64);

/// Batches that start together.
#[derive(Debug)]
pub(super) struct Gang {
    /// Its slots, each with one engine; the first one's timeline is signalled.
    members: Vec<SlotKey>,
    point: Point,
    moment: Moment,
    /// Batches that have not ended.
    left: usize,
    /// How it ends, as far as is known.
    outcome: Outcome,
    busy: Duration,
    was_active: bool,
}

impl Gang {
    /// What is reached when it is over.
    pub(super) fn end(&self) -> (Point, Moment) {
        (self.point, self.moment)
    }
}

impl State {
    /// Whether each of these slots has one engine, and no two the same.
    pub(super) fn can_start_together(&self, keys: &[SlotKey]) -> bool {
        let mut engines = Vec::with_capacity(keys.len());
        keys.iter().all(
            |key| match self.slots.get(key).map(|slot| slot.engines.as_slice()) {
                Some(&[engine]) if !engines.contains(&engine) => {
                    engines.push(engine);
                    true
                }
                _ => false,
            },
        )
    }

    /// Adds a gang, whose batches the caller queues.
    pub(super) fn add_gang(
        &mut self,
        members: &[SlotKey],
        point: Point,
        moment: Moment,
    ) -> GangKey {
        let key = GangKey(self.fresh());
        let gang = Gang {
            members: members.to_vec(),
            point,
            moment,
            left: members.len(),
            outcome: Outcome::Completed,
            busy: Duration::ZERO,
            was_active: false,
        };
        self.gangs.insert(key, gang);
        key
    }

    /// The gang whose batch is in front of a slot's queue.
    pub(super) fn gang_in_front(&self, key: SlotKey) -> Option<GangKey> {
        self.slots.get(&key)?.queue.entries.front()?.gang
    }

    /// The slots of a gang.
    pub(super) fn gang_members(&self, gang: GangKey) -> Vec<SlotKey> {
        let gang = self.gangs.get(&gang);
        gang.map(|gang| gang.members.clone()).unwrap_or_default()
    }

    /// The slots of a gang with their engines.
    fn members(&self, gang: GangKey) -> Vec<(SlotKey, usize)> {
        let members = self
            .gangs
            .get(&gang)
            .map_or(&[][..], |gang| gang.members.as_slice());
        let with_engine = |&key: &SlotKey| {
            let slot = self.slots.get(&key)?;
            Some((key, *slot.engines.first()?))
        };
        members.iter().filter_map(with_engine).collect()
    }

    /// Makes a gang ready if all its batches are in front and it waits for nothing.
    pub(super) fn reconsider_gang(&mut self, gang: GangKey) {
        let members = self.members(gang);
        let ready = members.iter().all(|&(key, _)| {
            self.slots.get(&key).is_some_and(|slot| {
                let front = slot.queue.entries.front();
                slot.place == Place::Idle
                    && !slot.to_be_cancelled()
                    && front.is_some_and(|front| front.gang == Some(gang) && front.waits.unmet == 0)
            })
        });
        if !ready {
            return;
        }
        let sequence = self.fresh();
        for (key, _) in members {
            self.make_ready(key, sequence);
        }
    }

    /// Whether the other engines of a gang, as `engine` sees them, can be had: they are
    /// free or do what the gang may displace.
    pub(super) fn gang_can_be_had(&self, gang: GangKey, engine: usize) -> bool {
        self.members(gang)
            .into_iter()
            .filter(|&(_, other)| other != engine)
            .all(|(key, other)| self.engine_can_be_had(key, other, gang))
    }

    fn engine_can_be_had(&self, key: SlotKey, engine: usize, gang: GangKey) -> bool {
        let queue = &self.engines[engine];
        let priority = self.priority(key);
        let sharing = !queue.timing.timeslice.is_zero();
        let gives_way = |slot: SlotKey| {
            let its = self.priority(slot);
            self.gang_in_front(slot).is_none() && (its < priority || its == priority && sharing)
        };
        let held = queue
            .parked
            .iter()
            .filter(|parked| parked.hold != Hold::No)
            .map(|parked| parked.slot);
        let mut before = queue
            .ready
            .iter()
            .take_while(|&&(Reverse(its), ..)| its > priority)
            .filter(|&&(_, _, slot)| self.gang_in_front(slot).is_none());
        queue.next.is_none()
            && queue
                .reserved
                .is_none_or(|reserved| reserved == gang || !self.comes_before(reserved, gang))
            && queue.running.into_iter().chain(held).all(gives_way)
            && before.next().is_none()
    }

    /// Whether one ready gang is to be taken before another.
    fn comes_before(&self, one: GangKey, other: GangKey) -> bool {
        let order = |gang: GangKey| {
            let leader = *self.gangs.get(&gang)?.members.first()?;
            match self.slots.get(&leader)?.place {
                Place::Ready(sequence) => Some((Reverse(self.priority(leader)), sequence)),
                _ => None,
            }
        };
        match (order(one), order(other)) {
            (Some(one), Some(other)) => one < other,
            _ => false,
        }
    }

    /// Keeps an engine free for a gang; starts the gang if that was the last one.
    /// Returns whether it has started.
    pub(super) fn reserve(&mut self, engine: usize, gang: GangKey) -> bool {
        let before = self.engines[engine].reserved.replace(gang);
        let is_new = before != Some(gang);
        if is_new && before.is_some() {
            self.wake_reserved();
        }
        let members = self.members(gang);
        let complete = members
            .iter()
            .all(|&(_, engine)| self.engines[engine].reserved == Some(gang));
        if complete {
            self.start_gang(gang, &members);
        } else if is_new {
            for (_, other) in members {
                if other != engine {
                    // It may have passed the gang over for our sake.
                    self.signal(other);
                    self.signals[other].bell.ring();
                }
            }
        }
        complete
    }

    fn start_gang(&mut self, gang: GangKey, members: &[(SlotKey, usize)]) {
        for &(key, engine) in members {
            self.unqueue(key);
            if let Some(slot) = self.slots.get_mut(&key) {
                slot.place = Place::Next(engine);
            }
            self.engines[engine].next = Some(key);
            self.signals[engine].bell.ring();
        }
        if let Some(gang) = self.gangs.get(&gang) {
            let works = self.timelines.start(gang.moment);
            self.release(works);
        }
    }

    /// Has engines that are kept free think again: something has changed elsewhere.
    pub(super) fn wake_reserved(&self) {
        for (queue, signals) in self.engines.iter().zip(self.signals.iter()) {
            if queue.reserved.is_some() {
                signals.bell.ring();
            }
        }
    }

    /// A batch of a gang has ended, the one in front of this slot's queue. If it was the
    /// last, gives the gang's completion: when that is reported, [`State::finish_gang`]
    /// is to be called.
    pub(crate) fn end_member(
        &mut self,
        key: GangKey,
        outcome: Outcome,
        busy: Duration,
        begun: bool,
    ) -> Option<Completion> {
        let gang = self.gangs.get_mut(&key)?;
        gang.left -= 1;
        gang.busy += busy;
        gang.was_active |= begun;
        if gang.outcome == Outcome::Completed || outcome == Outcome::Hung {
            gang.outcome = outcome;
        }
        let completion = (gang.left == 0).then(|| Completion {
            point: gang.point,
            outcome: gang.outcome,
            busy_ns: gang.busy.as_nanos() as u64,
            was_active: gang.outcome == Outcome::Cancelled && gang.was_active,
        });
        if outcome != Outcome::Completed {
            for other in gang.members.clone() {
                self.cancel_member(other, key);
            }
        }
        completion
    }

    /// Has a slot's batch of a gang be cancelled, now if it is in front, or when it is.
    fn cancel_member(&mut self, key: SlotKey, gang: GangKey) {
        let Some(slot) = self.slots.get_mut(&key) else {
            return;
        };
        let mut batches = slot.queue.entries.iter_mut().enumerate();
        let Some((place, batch)) = batches.find(|(_, batch)| batch.gang == Some(gang)) else {
            return;
        };
        batch.cancelled = true;
        if place == 0 {
            slot.interrupt();
            self.reconsider(key);
        }
    }

    /// Whether all batches of a gang have ended.
    pub(super) fn gang_is_over(&self, gang: GangKey) -> bool {
        self.gangs.get(&gang).is_none_or(|gang| gang.left == 0)
    }

    /// A gang's end has been reported: its slots go on. The one that is `claimed` stays
    /// with the thread that cancels its queue.
    pub(super) fn finish_gang(&mut self, key: GangKey, claimed: Option<SlotKey>) {
        let Some(gang) = self.gangs.remove(&key) else {
            return;
        };
        for &member in &gang.members {
            let Some(slot) = self.slots.get_mut(&member) else {
                continue;
            };
            slot.place = if claimed == Some(member) {
                Place::Claimed
            } else {
                Place::Idle
            };
            if let Some((_, batch)) = slot.queue.pop() {
                self.unregister(&batch.waits);
            }
        }
        self.reported(gang.moment);
        for member in gang.members {
            self.reconsider(member);
        }
    }
}
