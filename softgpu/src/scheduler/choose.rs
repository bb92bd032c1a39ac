//! What an engine takes next, and what is told to one that is busy. The rules are
//! i915's: higher priority first and at once, equal ones in turn a time slice each.

use std::cmp::Reverse;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Chore, Hold, Job, LifeSigns, Moment, Parked, Place, Returned, Slot, SlotKey, State};
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
        if matches!(slot.place, Place::Running(_) | Place::Claimed) {
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
            self.make_ready(key);
        }
    }

    fn make_ready(&mut self, key: SlotKey) {
        let sequence = self.fresh();
        let Some(slot) = self.slots.get_mut(&key) else {
            return;
        };
        slot.place = Place::Ready(sequence);
        let entry = (Reverse(slot.priority()), sequence, key);
        let engines = slot.engines.clone();
        for engine in engines {
            self.engines[engine].ready.insert(entry);
            self.signal(engine);
            if self.engines[engine].running.is_none() {
                self.signals[engine].wake.notify_one();
            }
        }
    }

    /// Takes a slot out of whatever queue it is in.
    pub(super) fn unqueue(&mut self, key: SlotKey) {
        let Some(slot) = self.slots.get_mut(&key) else {
            return;
        };
        match slot.place {
            Place::Ready(sequence) => {
                let entry = (Reverse(slot.priority()), sequence, key);
                slot.place = Place::Idle;
                let engines = slot.engines.clone();
                for engine in engines {
                    self.engines[engine].ready.remove(&entry);
                    self.signal(engine);
                }
            }
            Place::Parked(engine) => {
                slot.place = Place::Idle;
                self.credit_parked(engine, Instant::now());
                self.engines[engine]
                    .parked
                    .retain(|parked| parked.slot != key);
                self.signal(engine);
                // What it held up may run now.
                self.signals[engine].wake.notify_one();
            }
            Place::Idle | Place::Running(_) | Place::Claimed => {}
        }
    }

    /// Credits parked slots with the time in which nothing was executed: hardware would
    /// have spun, those of the highest priority a slice each in turn.
    fn credit_parked(&mut self, engine: usize, now: Instant) {
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

    pub(super) fn priority(&self, key: SlotKey) -> i32 {
        self.slots.get(&key).map_or(i32::MIN, Slot::priority)
    }

    /// Tells a busy engine whether others want it.
    pub(super) fn signal(&self, engine: usize) {
        let queue = &self.engines[engine];
        let running = queue.running.map(|key| self.priority(key));
        let ready = queue.ready.first().map(|&(Reverse(priority), ..)| priority);
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

    /// What the engine is to do now.
    pub(crate) fn choose(&mut self, platform: &Platform, engine: usize, now: Instant) -> Choice {
        if let Some(slot) = self.parked_for_reset(engine) {
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
        let ready = queue
            .ready
            .first()
            .filter(|&&(Reverse(priority), ..)| floor.is_none_or(|floor| priority >= floor))
            .map(|&(Reverse(priority), _, key)| (priority, key));
        let due = queue
            .parked
            .iter()
            .filter(|parked| parked.poll_at <= now)
            .filter(|parked| {
                ready.is_none_or(|(priority, _)| {
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
            (None, Some((_, slot))) => {
                let queue = &mut self.engines[engine];
                queue.polls_left = queue.parked.len();
                self.take(platform, engine, slot, now)
            }
            (None, None) => Choice::Sleep(next_poll),
        }
    }

    /// Gives a ready or parked slot to an engine.
    fn take(&mut self, platform: &Platform, engine: usize, key: SlotKey, now: Instant) -> Choice {
        self.credit_parked(engine, now);
        self.engines[engine].idle_since = None;
        self.unqueue(key);
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
        let point = Point {
            timeline: slot.name,
            value,
        };
        let moment = Moment {
            timeline: slot.timeline,
            value,
        };
        let batch = front.address;
        if !slot.begun {
            slot.begun = true;
            slot.life = LifeSigns::new(now);
            execution.program = Program::start(batch);
        }
        slot.place = Place::Running(engine);
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
        };
        self.engines[engine].running = Some(key);
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
        let mut execution = job.execution;
        match *returned {
            Returned::Yielded => {
                slot.stalled = false;
                slot.execution = Some(execution);
            }
            Returned::Parked { hold, progressed } => {
                slot.backoff = if slot.stalled && !progressed {
                    (slot.backoff * 2).clamp(FIRST_BACKOFF, LAST_BACKOFF)
                } else {
                    FIRST_BACKOFF
                };
                slot.stalled = true;
                slot.execution = Some(execution);
                slot.place = Place::Parked(engine);
                let poll_at = now + slot.backoff;
                self.engines[engine].parked.push(Parked {
                    slot: key,
                    hold,
                    poll_at,
                });
            }
            Returned::Ended(outcome) => {
                slot.stalled = false;
                slot.begun = false;
                slot.reset = false;
                slot.busy = Duration::ZERO;
                let (context, recoverable) = (slot.context, slot.recoverable);
                if outcome != Outcome::Completed {
                    execution.reset(platform);
                }
                slot.execution = Some(execution);
                slot.queue.pop();
                if outcome == Outcome::Hung && !recoverable {
                    slot.banned = true;
                    self.ban_siblings(context);
                }
                self.reported(job.moment);
            }
        }
        self.reconsider(key);
        self.signal(engine);
    }
}
