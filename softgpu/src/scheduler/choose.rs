//! What an engine takes next, and what is told to one that is busy. The rules are
//! i915's: higher priority first and at once, equal ones in turn a time slice each.

use std::cmp::Reverse;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{
    Chore, GangKey, Hold, Job, LifeSigns, Moment, Parked, Place, Returned, Slot, SlotKey, State,
};
use crate::completion::Outcome;
use crate::execute::Execution;
use crate::execute::program::Program;
use crate::ids::Point;
use crate::platform::Platform;

/// How long a batch that makes no progress is left alone at first, and at most. The
/// latter bounds how late the end of a spinner is noticed, and what polling costs.
const FIRST_BACKOFF: Duration = Duration::from_micros(50);
const LAST_BACKOFF: Duration = Duration::from_micros(700);

/// What an engine is to do.
#[derive(Debug)]
pub(crate) enum Choice {
    /// Execute this.
    Execute(Box<Job>),
    /// Sleep until then, or until woken.
    Sleep(Option<Instant>),
    /// Do the chores, and ask again.
    Chores,
}

impl State {
    /// Sees what is to be done about a slot that no thread works on.
    pub(super) fn reconsider(&mut self, key: SlotKey) {
        let Some(slot) = self.slots.get(&key) else {
            return;
        };
        if matches!(
            slot.place,
            Place::Running(_) | Place::Claimed | Place::Ended
        ) {
            return;
        }
        let Some(front) = slot.queue.entries.front() else {
            if slot.destroyed {
                self.remove_slot(key);
            }
            return;
        };
        if slot.to_be_cancelled() {
            // No engine may take it from here on.
            self.unqueue(key);
            self.chores.push_back(Chore::Cancel(key));
        } else if slot.place == Place::Idle && front.waits.unmet == 0 {
            match front.gang {
                Some(gang) => self.reconsider_gang(gang),
                None => {
                    let sequence = self.fresh();
                    self.make_ready(key, sequence);
                }
            }
        }
    }

    /// Puts a slot into the ready sets of its engines.
    pub(super) fn make_ready(&mut self, key: SlotKey, sequence: u64) {
        let priority = self.priority(key);
        let Some(slot) = self.slots.get_mut(&key) else {
            return;
        };
        slot.place = Place::Ready(sequence);
        let entry = (Reverse(priority), sequence, key);
        let engines = slot.engines.clone();
        for engine in engines {
            self.engines[engine].ready.insert(entry);
            self.signal(engine);
            if self.engines[engine].running.is_none() {
                self.wake(engine);
            }
        }
        self.wake_reserved();
    }

    /// Takes a slot out of whatever queue it is in.
    pub(super) fn unqueue(&mut self, key: SlotKey) {
        self.unqueue_at(key, self.clock.now());
    }

    /// The same, at a time from which on the slot may be on an engine.
    fn unqueue_at(&mut self, key: SlotKey, now: Instant) {
        let (priority, gang) = (self.priority(key), self.gang_in_front(key));
        let Some(slot) = self.slots.get_mut(&key) else {
            return;
        };
        match slot.place {
            Place::Ready(sequence) => {
                let entry = (Reverse(priority), sequence, key);
                slot.place = Place::Idle;
                let engines = slot.engines.clone();
                for engine in engines {
                    let queue = &mut self.engines[engine];
                    queue.ready.remove(&entry);
                    if gang.is_some() && queue.reserved == gang {
                        queue.reserved = None;
                        self.signals[engine].bell.ring();
                    }
                    self.signal(engine);
                }
            }
            Place::Next(engine) => {
                slot.place = Place::Idle;
                self.engines[engine].next = None;
                self.signal(engine);
                self.signals[engine].bell.ring();
            }
            Place::Parked(engine) => {
                slot.place = Place::Idle;
                self.credit_parked(engine, now);
                self.engines[engine]
                    .parked
                    .retain(|parked| parked.slot != key);
                self.note_occupancy(engine, now);
                self.signal(engine);
                // What it held up may run now.
                self.signals[engine].bell.ring();
            }
            Place::Idle | Place::Running(_) | Place::Claimed | Place::Ended => {}
        }
    }

    /// Credits parked slots with the time in which nothing was executed: hardware would
    /// have spun, those of the highest priority a slice each in turn.
    pub(super) fn credit_parked(&mut self, engine: usize, now: Instant) {
        let Some(since) = self.engines[engine].idle_since else {
            return;
        };
        let queue = &self.engines[engine];
        let priorities = queue.parked.iter().map(|parked| self.priority(parked.slot));
        let Some(highest) = priorities.clone().max() else {
            return;
        };
        let sharers = priorities.filter(|&priority| priority == highest).count() as u32;
        let share = now.saturating_duration_since(since) / sharers;
        let queue = &mut self.engines[engine];
        queue.idle_since = Some(now);
        for parked in &queue.parked {
            if let Some(slot) = self.slots.get_mut(&parked.slot)
                && slot.priority() == highest
            {
                slot.busy += share;
            }
        }
    }

    /// The priority of what is in front of a slot's queue.
    pub(super) fn priority(&self, key: SlotKey) -> i32 {
        self.slots.get(&key).map_or(i32::MIN, Slot::priority)
    }

    /// Whether an engine has nothing at all to do.
    fn is_idle(&self, engine: usize) -> bool {
        let queue = &self.engines[engine];
        let free = queue.running.is_none() && queue.next.is_none() && queue.reserved.is_none();
        free && queue.parked.is_empty()
    }

    /// Whether an engine that has something to do leaves a ready slot to one that has not.
    fn leaves(&self, engine: usize, key: SlotKey) -> bool {
        let Some(slot) = self.slots.get(&key) else {
            return false;
        };
        let others = slot.engines.iter().filter(|&&other| other != engine);
        !self.is_idle(engine) && others.into_iter().any(|&other| self.is_idle(other))
    }

    /// The best of what is ready for an engine, of at least that priority, and its gang.
    /// Gangs that can't be had now are passed over, and so is what an idle engine will take.
    fn first_ready(
        &self,
        engine: usize,
        floor: Option<i32>,
    ) -> Option<(i32, SlotKey, Option<GangKey>)> {
        self.engines[engine]
            .ready
            .iter()
            .map(|&(Reverse(priority), _, key)| (priority, key, self.gang_in_front(key)))
            .take_while(|&(priority, ..)| floor.is_none_or(|floor| priority >= floor))
            .find(|&(_, key, gang)| match gang {
                Some(gang) => self.gang_can_be_had(gang, engine),
                None => !self.leaves(engine, key),
            })
    }

    /// Tells a busy engine whether others want it.
    pub(super) fn signal(&self, engine: usize) {
        let queue = &self.engines[engine];
        let running = queue.running.map(|key| self.priority(key));
        let ready = self
            .first_ready(engine, None)
            .map(|(priority, ..)| priority);
        let (mut urgent, mut contended) = (ready > running, ready.is_some() && ready == running);
        for parked in &queue.parked {
            let priority = Some(self.priority(parked.slot));
            urgent |= parked.hold != Hold::No && priority > running;
            contended |= priority >= running;
        }
        let signals = &self.signals[engine];
        signals
            .urgent
            .store(urgent && running.is_some(), Ordering::Relaxed);
        signals
            .contended
            .store(contended && running.is_some(), Ordering::Relaxed);
    }

    /// A semaphore was signalled: has every batch that waits at one looked at again, at once
    /// if it was left alone for a moment before, so that signals cost no more than a batch
    /// that has just begun to wait.
    pub(crate) fn signal_semaphores(&mut self) {
        self.semaphore_signals += 1;
        for (queue, signals) in self.engines.iter_mut().zip(self.signals.iter()) {
            let mut sooner = false;
            for parked in queue.parked.iter_mut().filter(|parked| parked.at_semaphore) {
                let poll_at = parked.since + FIRST_BACKOFF;
                sooner |= poll_at < parked.poll_at;
                parked.poll_at = parked.poll_at.min(poll_at);
            }
            if sooner && queue.running.is_none() {
                signals.bell.ring();
            }
        }
    }

    /// Has batches that are put aside by an engine, which now has something else to do for
    /// longer, go on wherever else they may.
    pub(crate) fn release_parked(&mut self, engine: usize) {
        let elsewhere = |&key: &SlotKey| {
            let slot = self.slots.get(&key);
            slot.is_some_and(|slot| slot.engines.len() > 1)
        };
        let parked = self.engines[engine].parked.iter();
        let movable: Vec<_> = parked.map(|parked| parked.slot).filter(elsewhere).collect();
        for key in movable {
            self.unqueue(key);
            self.reconsider(key);
        }
    }

    /// What the engine is to do now.
    pub(crate) fn choose(&mut self, platform: &Platform, engine: usize, now: Instant) -> Choice {
        let first = self.parked_for_reset(engine).or(self.engines[engine].next);
        if let Some(slot) = first {
            return self.take(platform, engine, slot, now);
        }
        let queue = &self.engines[engine];
        let next_poll = queue.parked.iter().map(|parked| parked.poll_at).min();
        let exclusive = queue
            .parked
            .iter()
            .find(|parked| parked.hold == Hold::Exclusive);
        if let Some(&parked) = exclusive {
            if parked.poll_at > now {
                return Choice::Sleep(Some(parked.poll_at));
            }
            return self.take(platform, engine, parked.slot, now);
        }
        let floor = queue
            .parked
            .iter()
            .filter(|parked| parked.hold == Hold::Preemptible)
            .map(|parked| self.priority(parked.slot))
            .max();
        let ready = self.first_ready(engine, floor);
        let due = queue
            .parked
            .iter()
            .filter(|parked| parked.poll_at <= now)
            .filter(|parked| {
                ready.is_none_or(|(priority, ..)| {
                    queue.polls_left > 0 && self.priority(parked.slot) >= priority
                })
            })
            .min_by_key(|parked| parked.poll_at);
        match (due, ready) {
            (Some(&Parked { slot, .. }), _) => {
                let queue = &mut self.engines[engine];
                queue.polls_left = queue.polls_left.saturating_sub(1);
                self.take(platform, engine, slot, now)
            }
            (None, Some((_, _, Some(gang)))) => {
                if self.reserve(engine, gang)
                    && let Some(slot) = self.engines[engine].next
                {
                    return self.take(platform, engine, slot, now);
                }
                Choice::Sleep(next_poll)
            }
            (None, Some((_, slot, None))) => {
                let queue = &mut self.engines[engine];
                queue.polls_left = queue.parked.len();
                self.take(platform, engine, slot, now)
            }
            (None, None) => {
                self.engines[engine].reserved = None;
                Choice::Sleep(next_poll)
            }
        }
    }

    /// Gives a ready or parked slot to an engine.
    fn take(&mut self, platform: &Platform, engine: usize, key: SlotKey, now: Instant) -> Choice {
        self.credit_parked(engine, now);
        self.engines[engine].idle_since = None;
        self.unqueue_at(key, now);
        if self.engines[engine].reserved.take().is_some() {
            self.wake_reserved();
        }
        let timing = self.engines[engine].timing;
        let priority = self.priority(key);
        if self.has_no_business_on(engine, key) {
            self.ban(key);
            return Choice::Chores;
        }
        let Some(slot) = self.slots.get_mut(&key) else {
            return Choice::Sleep(Some(now));
        };
        let Some(front) = slot.queue.entries.front() else {
            // Never so: a slot is queued only with a batch.
            return Choice::Sleep(Some(now));
        };
        let mut execution = slot
            .execution
            .take()
            .unwrap_or_else(|| Box::new(Execution::new(platform)));
        let value = front.signal;
        let (point, moment) = match front.gang.and_then(|gang| self.gangs.get(&gang)) {
            Some(gang) => gang.end(),
            None => {
                let (timeline, name) = (slot.timeline, slot.name);
                let point = Point {
                    timeline: name,
                    value,
                };
                (point, Moment { timeline, value })
            }
        };
        let (batch, power, gang) = (front.address, front.power, front.gang);
        let begins = !slot.begun;
        if begins {
            slot.begun = true;
            slot.life = LifeSigns::new(now);
            execution.program = Program::start(batch);
            execution.walk = None;
            execution.registers.set_power(platform, power);
        }
        slot.place = Place::Running(engine);
        slot.taken = Some(now);
        slot.abort.store(slot.reset, Ordering::Relaxed);
        let job = Job {
            slot: key,
            context: slot.context,
            index: slot.index,
            tables: slot.tables.clone(),
            execution,
            batch,
            point,
            moment,
            abort: slot.abort.clone(),
            life: slot.life,
            timing,
            priority,
            busy: slot.busy,
            taken: now,
            gang,
            signals_heard: self.semaphore_signals,
        };
        self.engines[engine].running = Some(key);
        self.note_occupancy(engine, now);
        if begins && gang.is_none() {
            let works = self.timelines.start(moment);
            self.release(works);
        }
        self.signal(engine);
        Choice::Execute(Box::new(job))
    }

    /// Takes a job back from an engine. What ended has been reported before.
    pub(crate) fn give_back(
        &mut self,
        platform: &Platform,
        engine: usize,
        job: Job,
        returned: &Returned,
        now: Instant,
    ) {
        self.engines[engine].running = None;
        self.engines[engine].idle_since = Some(now);
        let exclusive = Hold::Exclusive;
        if !matches!(returned, Returned::Parked { hold, .. } if *hold == exclusive) {
            // Something else can have the engine now: that is all a pulse asks.
            self.signals[engine].pulse.store(false, Ordering::Relaxed);
        }
        let key = job.slot;
        let Some(slot) = self.slots.get_mut(&key) else {
            return;
        };
        slot.place = Place::Idle;
        slot.life = job.life;
        slot.busy = job.busy + now.saturating_duration_since(job.taken);
        slot.taken = None;
        let mut execution = job.execution;
        match *returned {
            Returned::Yielded => {
                slot.stalled = false;
                slot.execution = Some(execution);
            }
            Returned::Parked {
                hold,
                at_semaphore,
                progressed,
            } => {
                slot.backoff = if slot.stalled && !progressed {
                    (slot.backoff * 2).clamp(FIRST_BACKOFF, LAST_BACKOFF)
                } else {
                    FIRST_BACKOFF
                };
                slot.stalled = true;
                slot.execution = Some(execution);
                slot.place = Place::Parked(engine);
                // It may have looked before the signal, and before what that is about.
                let signalled = at_semaphore && self.semaphore_signals != job.signals_heard;
                let backoff = if signalled {
                    FIRST_BACKOFF
                } else {
                    slot.backoff
                };
                if hold == Hold::Exclusive {
                    self.release_parked(engine);
                }
                self.engines[engine].parked.push(Parked {
                    slot: key,
                    hold,
                    at_semaphore,
                    since: now,
                    poll_at: now + backoff,
                });
            }
            Returned::Ended(outcome) => {
                slot.stalled = false;
                slot.begun = false;
                slot.reset = false;
                slot.ended += std::mem::take(&mut slot.busy);
                let recoverable = slot.recoverable;
                if outcome != Outcome::Completed {
                    execution.reset(platform);
                }
                slot.execution = Some(execution);
                match job.gang {
                    None => drop(slot.queue.pop()),
                    Some(_) => slot.place = Place::Ended,
                }
                if outcome == Outcome::Hung && !recoverable {
                    slot.banned = true;
                }
                match job.gang {
                    None => self.reported(job.moment),
                    Some(gang) if self.gang_is_over(gang) => self.finish_gang(gang, None),
                    Some(_) => {}
                }
            }
        }
        self.note_occupancy(engine, now);
        self.reconsider(key);
        self.signal(engine);
        self.wake_reserved();
    }
}
