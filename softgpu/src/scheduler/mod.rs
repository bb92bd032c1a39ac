//! Who executes what, when: timelines, the queues of slots and address spaces, and
//! what each engine takes next. Knows nothing of commands; executes nothing.
//!
//! Everything here is under one lock that is held for bookkeeping only: not while
//! commands execute, page tables change or the sink is called.

mod attend;
mod bell;
mod choose;
mod gang;
mod priority;
mod queues;
mod reset;
mod timeline;

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::completion::Outcome;
use crate::counters::{Counters, EngineCounters};
use crate::error::GpuError;
use crate::execute::Execution;
use crate::ids::{AddressSpaceId, ContextId, Point, TimelineId, Wait};
use crate::page_table::{AddressSpace, Backing};
use crate::platform::EngineTiming;
use crate::turn::Turn;

pub(crate) use attend::EngineSet;
pub(crate) use bell::Bell;
pub(crate) use choose::Choice;
use gang::Gang;
pub(crate) use gang::GangKey;
pub(crate) use timeline::Moment;
use timeline::{Awaited, TimelineKey, Timelines};

/// A slot, by a number that is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SlotKey(u64);

/// An address space, by a number that is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SpaceKey(u64);

/// A piece of queued work: whose, and the how manieth of its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// A submission.
    Batch(SlotKey, u64),
    /// A bind or unbind.
    Bind(SpaceKey, u64),
}

/// Something to be done without the lock, by whatever thread is at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chore {
    /// End what is to be cancelled of a slot's queue.
    Cancel(SlotKey),
    /// Apply what an address space's queue has ready.
    Bind(SpaceKey),
}

/// A queue whose entries keep their numbers.
#[derive(Debug)]
struct Queue<T> {
    entries: VecDeque<T>,
    /// Number of the entry in front.
    first: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            first: 0,
        }
    }
}

impl<T> Queue<T> {
    fn next_number(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        self.entries
            .get_mut(number.checked_sub(self.first)? as usize)
    }

    /// Whether the entry in front has a number below this.
    fn front_is_below(&self, number: u64) -> bool {
        self.first < number && !self.entries.is_empty()
    }

    fn pop(&mut self) -> Option<(u64, T)> {
        let entry = self.entries.pop_front()?;
        self.first += 1;
        Some((self.first - 1, entry))
    }
}

/// What work waits for.
#[derive(Debug, Default)]
struct Waits {
    awaited: Vec<Awaited>,
    /// How many of them are not reached.
    unmet: usize,
}

/// A queued batch.
#[derive(Debug)]
struct Batch {
    address: u64,
    /// The value of the slot's timeline when it is over. Of a gang, only the first slot's
    /// timeline moves: in the others it is that of the batch in front.
    signal: u64,
    /// What R_PWR_CLK_STATE is while it executes.
    power: u32,
    /// The gang it belongs to, if to any.
    gang: Option<GangKey>,
    /// It is to be cancelled, since others of its gang were.
    cancelled: bool,
    /// Of a gang, the first one's waits are those of all.
    waits: Waits,
    /// At least that of every batch behind it; of a gang, all have the same.
    priority: i32,
}

/// What a bind does to the page table.
#[derive(Debug)]
pub(crate) struct TableChange {
    pub(crate) start: u64,
    pub(crate) length: u64,
    /// What to put there; none: unmap.
    pub(crate) backings: Vec<(u64, Backing)>,
}

/// A queued bind.
#[derive(Debug)]
struct QueuedBind {
    change: TableChange,
    signal: u64,
    waits: Waits,
    /// That of what waits for it.
    priority: i32,
}

/// An address space with its queue.
#[derive(Debug)]
struct Space {
    tables: Arc<AddressSpace>,
    name: TimelineId,
    timeline: TimelineKey,
    queue: Queue<QueuedBind>,
    /// A thread is working on the queue.
    claimed: bool,
    destroyed: bool,
}

/// Where a slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nothing to execute, or what is next still waits.
    Idle,
    /// In the ready sets of its engines, with this sequence number.
    Ready(u64),
    /// On an engine, and not making progress.
    Parked(usize),
    /// Being executed by an engine.
    Running(usize),
    /// A thread is cancelling its queue.
    Claimed,
    /// Of a gang that has started: the engine takes it next.
    Next(usize),
    /// Its batch of a gang has ended, others of the gang have not.
    Ended,
}

/// How a batch that makes no progress holds on to its engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Waits at a semaphore: everything else may run meanwhile.
    No,
    /// Spins through arbitration points: what has at least its priority may run.
    Preemptible,
    /// Can't be interrupted.
    Exclusive,
}

/// When a batch last showed life, and since when it should make room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LifeSigns {
    pub(crate) last_sign: Instant,
    pub(crate) wanted_since: Option<Instant>,
}

impl LifeSigns {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            last_sign: now,
            wanted_since: None,
        }
    }
}

/// One way of a context to submit, with its queue and its state.
#[derive(Debug)]
struct Slot {
    context: ContextId,
    index: u16,
    tables: Arc<AddressSpace>,
    /// Engines that may execute it, by their place in the platform's list.
    engines: Vec<usize>,
    name: TimelineId,
    timeline: TimelineKey,
    recoverable: bool,
    queue: Queue<Batch>,
    place: Place,
    /// Made when a batch is first executed; away while an engine executes one.
    execution: Option<Box<Execution>>,
    /// How long the batch in front has had an engine. While it is being executed, and
    /// since parked slots were last credited, there is more.
    busy: Duration,
    /// Since when an engine executes the batch in front, if one does.
    taken: Option<Instant>,
    /// How long those before it had an engine.
    ended: Duration,
    /// The batch in front has begun to execute.
    begun: bool,
    /// Batches with numbers below this are to be cancelled.
    cancel_below: u64,
    /// Everything is to be cancelled.
    banned: bool,
    /// Nobody owns the context any more: it may not be on an engine without heartbeat.
    closed: bool,
    /// The batch in front was executed when its engine was reset.
    reset: bool,
    /// To be removed when the queue is empty.
    destroyed: bool,
    abort: Arc<AtomicBool>,
    life: LifeSigns,
    /// How long it is left alone the next time it makes no progress.
    backoff: Duration,
    /// Whether it made no progress when it was executed last.
    stalled: bool,
}

/// A slot that makes no progress.
#[derive(Clone, Copy, Debug)]
struct Parked {
    slot: SlotKey,
    hold: Hold,
    /// It waits at a semaphore: a signal has it looked at sooner.
    at_semaphore: bool,
    since: Instant,
    poll_at: Instant,
}

/// What one engine has to do.
#[derive(Debug)]
struct EngineQueue {
    /// Best first: highest priority, then longest waiting.
    ready: BTreeSet<(Reverse<i32>, u64, SlotKey)>,
    parked: Vec<Parked>,
    running: Option<SlotKey>,
    /// The slot of a gang that has started, to be taken before anything else.
    next: Option<SlotKey>,
    /// The gang it is kept free for, until the gang's other engines are free as well.
    reserved: Option<GangKey>,
    /// How long batches have been on it, up to `occupied_since`.
    occupied: Duration,
    /// Since when there has been one.
    occupied_since: Option<Instant>,
    /// Since when nothing is executed and nobody has been credited for the time.
    idle_since: Option<Instant>,
    timing: EngineTiming,
    /// How many parked slots may be polled before a ready one has its turn.
    polls_left: usize,
    /// What another thread has begun for it, and it is to go on with.
    handed_over: Option<Box<Turn>>,
}

/// What other threads may look at without the lock.
#[derive(Debug, Default)]
pub(crate) struct EngineSignals {
    /// Something of a higher priority wants the engine.
    pub(crate) urgent: AtomicBool,
    /// Something of the same priority wants a share of it.
    pub(crate) contended: AtomicBool,
    /// The batch is to show that it can make room, by passing an arbitration point.
    pub(crate) pulse: AtomicBool,
    /// The engine's timing has changed.
    pub(crate) retimed: AtomicBool,
    /// Wakes it.
    pub(crate) bell: Bell,
}

/// What an engine gets to execute.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) slot: SlotKey,
    pub(crate) context: ContextId,
    pub(crate) index: u16,
    pub(crate) tables: Arc<AddressSpace>,
    pub(crate) execution: Box<Execution>,
    pub(crate) batch: u64,
    pub(crate) point: Point,
    pub(crate) moment: Moment,
    pub(crate) abort: Arc<AtomicBool>,
    pub(crate) life: LifeSigns,
    pub(crate) timing: EngineTiming,
    pub(crate) priority: i32,
    /// How long the batch had an engine before.
    pub(crate) busy: Duration,
    /// Since when it has this one.
    pub(crate) taken: Instant,
    /// The gang it belongs to: it is not to be preempted.
    pub(crate) gang: Option<GangKey>,
    /// How many signals there had been when it was taken.
    signals_heard: u64,
}

/// How an engine gives a job back.
#[derive(Debug)]
pub(crate) enum Returned {
    /// It made room for another.
    Yielded,
    /// It makes no progress.
    Parked {
        hold: Hold,
        /// What it waits for is a semaphore.
        at_semaphore: bool,
        /// It did make progress since it was taken.
        progressed: bool,
    },
    /// It ended.
    Ended(Outcome),
}

/// The scheduler's state; see the module's text.
#[derive(Debug)]
pub(crate) struct State {
    timelines: Timelines,
    space_ids: HashMap<AddressSpaceId, SpaceKey>,
    spaces: HashMap<SpaceKey, Space>,
    contexts: HashMap<ContextId, Vec<SlotKey>>,
    slots: HashMap<SlotKey, Slot>,
    gangs: HashMap<GangKey, Gang>,
    engines: Vec<EngineQueue>,
    signals: Arc<[EngineSignals]>,
    clock: Clock,
    chores: VecDeque<Chore>,
    /// The engines to be woken later, while that is put off.
    held_bells: Option<EngineSet>,
    /// How many times semaphores were signalled.
    semaphore_signals: u64,
    next_key: u64,
    pending: usize,
    pending_waits: usize,
    pending_extents: usize,
    pub(crate) binds: u64,
    pub(crate) extents_bound: u64,
}

impl State {
    pub(crate) fn new(
        timings: &[EngineTiming],
        signals: Arc<[EngineSignals]>,
        clock: Clock,
    ) -> Self {
        let engine = |&timing: &EngineTiming| EngineQueue {
            ready: BTreeSet::new(),
            parked: Vec::new(),
            running: None,
            next: None,
            reserved: None,
            occupied: Duration::ZERO,
            occupied_since: None,
            idle_since: None,
            timing,
            polls_left: 0,
            handed_over: None,
        };
        Self {
            timelines: Timelines::default(),
            space_ids: HashMap::new(),
            spaces: HashMap::new(),
            contexts: HashMap::new(),
            slots: HashMap::new(),
            gangs: HashMap::new(),
            engines: timings.iter().map(engine).collect(),
            signals,
            clock,
            chores: VecDeque::new(),
            held_bells: None,
            semaphore_signals: 0,
            next_key: 0,
            pending: 0,
            pending_waits: 0,
            pending_extents: 0,
            binds: 0,
            extents_bound: 0,
        }
    }

    fn fresh(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }

    /// All counts, those of the engines included.
    pub(crate) fn counters(&self, engines: Vec<EngineCounters>) -> Counters {
        Counters {
            engines,
            binds: self.binds,
            extents_bound: self.extents_bound,
            pending: self.pending as u64,
            waits: self.pending_waits as u64,
            address_spaces: self.spaces.len() as u64,
            contexts: self.contexts.len() as u64,
            slots: self.slots.len() as u64,
            timelines: self.timelines.len() as u64,
        }
    }

    /// For how long batches have been on each engine, in nanoseconds.
    pub(crate) fn occupied_ns(&self, now: Instant) -> Vec<u64> {
        let occupied = |engine: &EngineQueue| {
            let since = engine.occupied_since.unwrap_or(now);
            (engine.occupied + now.saturating_duration_since(since)).as_nanos() as u64
        };
        self.engines.iter().map(occupied).collect()
    }

    /// For how long batches of each of a context's slots have had an engine, in nanoseconds.
    pub(crate) fn runtime_ns(&mut self, id: ContextId, now: Instant) -> Result<Vec<u64>, GpuError> {
        let keys = self.context(id)?;
        for engine in 0..self.engines.len() {
            self.credit_parked(engine, now);
        }
        let runtime = |key: &SlotKey| {
            self.slots.get(key).map_or(0, |slot| {
                let taken = slot.taken.unwrap_or(now);
                let executed = now.saturating_duration_since(taken);
                (slot.ended + slot.busy + executed).as_nanos() as u64
            })
        };
        Ok(keys.iter().map(runtime).collect())
    }

    /// Counts the time for which there is a batch on an engine. To be called after each
    /// change of that, with the time from or to which the batch's own is counted: an engine is
    /// never on for less than its batches.
    fn note_occupancy(&mut self, engine: usize, now: Instant) {
        let queue = &mut self.engines[engine];
        let occupied = queue.running.is_some() || !queue.parked.is_empty();
        match queue.occupied_since {
            None if occupied => queue.occupied_since = Some(now),
            Some(since) if !occupied => {
                queue.occupied += now.saturating_duration_since(since);
                queue.occupied_since = None;
            }
            _ => {}
        }
    }

    /// The next thing to be done without the lock.
    pub(crate) fn next_chore(&mut self) -> Option<Chore> {
        self.chores.pop_front()
    }

    /// Ends waits: what waits for nothing more becomes ready.
    fn release(&mut self, works: Vec<Work>) {
        for work in works {
            self.pending_waits -= 1;
            match work {
                Work::Batch(slot, number) => {
                    let Some(entry) = self.slots.get_mut(&slot) else {
                        continue;
                    };
                    if let Some(batch) = entry.queue.get_mut(number) {
                        batch.waits.unmet -= 1;
                        self.reconsider(slot);
                    }
                }
                Work::Bind(space, number) => {
                    let Some(entry) = self.spaces.get_mut(&space) else {
                        continue;
                    };
                    if let Some(bind) = entry.queue.get_mut(number) {
                        bind.waits.unmet -= 1;
                        self.reconsider_space(space);
                    }
                }
            }
        }
    }

    /// Registers new work's waits.
    fn register(&mut self, waits: impl IntoIterator<Item = Wait>, work: Work) -> Waits {
        let awaited: Vec<_> = waits
            .into_iter()
            .filter_map(|wait| self.timelines.wait(wait, work))
            .collect();
        self.pending_waits += awaited.len();
        Waits {
            unmet: awaited.len(),
            awaited,
        }
    }

    /// Forgets the waits of work that is not waited for any longer.
    fn unregister(&mut self, waits: &Waits) {
        if waits.unmet > 0 {
            self.timelines.forget(&waits.awaited);
            self.pending_waits -= waits.unmet;
        }
    }

    /// Tells every running batch to end at once: the GPU is being dropped.
    pub(crate) fn abort_all(&self) {
        for slot in self.slots.values() {
            slot.abort.store(true, Ordering::Relaxed);
        }
    }
}
