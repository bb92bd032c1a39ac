//! A walk in execution: thread groups on several host threads, a quantum at a time. Groups are
//! handed out in order; each is executed to its end by one host thread at a time, and waits
//! where it is while the walk has no quantum. Groups that have to wait for later ones get as
//! far as they would on hardware with as few places as there are host threads.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use eu::group::{Group, Progress, Stopped};
use eu::kernel::Kernel;
use eu::shared::{Bases, LocalMemory, SharedFunctions};
use eu::thread::ThreadSetup;
use eu::trap::Trap;
use parking_lot::Mutex;

use super::Cores;
use super::memory::KernelMemory;
use super::payload::{BUFFER, Payload};
use crate::completion::{HangReason, KernelFault, KernelPlace};
use crate::execute::{Machine, Pause, Stop};
use crate::memory::Memory;
use crate::page_table::{AddressSpace, Tlb};
use crate::platform::Platform;
use crate::view::View;

/// Instructions that stand for a command in a quantum's budget.
const INSTRUCTIONS_EACH: u64 = 128;
/// Instructions that the engine's thread executes before it calls for others: what is over
/// by then is not worth waking them.
const ALONE: u64 = 4096;
/// Instructions after which binds are let in, and the time is looked at.
const SLICE: u64 = 2048;
/// How long a quantum takes at most: instructions that send messages may take long.
const LONGEST: Duration = Duration::from_millis(2);
/// What starting a group costs of the budget, and what each of its threads does, in
/// instructions.
const START: u64 = 64;
const START_THREAD: u64 = 16;
/// Threads of an execution unit.
const THREADS_OF_EU: u32 = 7;

/// Which groups there are, and which channels of their threads execute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The first group, in X, Y and Z.
    pub(crate) first: [u32; 3],
    /// Those behind the last.
    pub(crate) end: [u32; 3],
    /// A group's threads in X, Y and Z.
    pub(crate) size: [u32; 3],
    /// Channels of all threads, as a mask.
    pub(crate) channels: u32,
    /// Channels of the last thread in X.
    pub(crate) right: u32,
    /// Channels of the last thread in Y.
    pub(crate) bottom: u32,
}

impl Shape {
    /// Whether there are no groups.
    pub(crate) fn is_empty(&self) -> bool {
        (0..3).any(|axis| self.first[axis] >= self.end[axis])
    }

    /// Threads of a group.
    fn threads(&self) -> u32 {
        self.size.iter().product()
    }

    /// The group after this one.
    pub(crate) fn after(&self, group: [u32; 3]) -> Option<[u32; 3]> {
        let mut next = group;
        for axis in 0..3 {
            next[axis] += 1;
            if next[axis] < self.end[axis] {
                return Some(next);
            }
            next[axis] = self.first[axis];
        }
        None
    }

    /// How many groups there are from this one on, as far as they can be counted.
    pub(crate) fn from(&self, group: [u32; 3]) -> u64 {
        let count = |axis: usize| u64::from(self.end[axis] - self.first[axis]);
        let behind = |axis: usize| u64::from(self.end[axis] - 1 - group[axis]);
        let planes = behind(2).saturating_mul(count(1)).saturating_mul(count(0));
        let rows = behind(1).saturating_mul(count(0));
        planes.saturating_add(rows).saturating_add(behind(0) + 1)
    }

    /// The channels of a thread that execute.
    pub(crate) fn mask(&self, thread: u32) -> u32 {
        let x = thread % self.size[0];
        let y = thread / self.size[0] % self.size[1];
        let mut mask = self.channels;
        if x + 1 == self.size[0] {
            mask &= self.right;
        }
        if y + 1 == self.size[1] {
            mask &= self.bottom;
        }
        mask
    }
}

/// What all groups of a walk have in common.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) kernel: Arc<Kernel>,
    pub(crate) bases: Bases,
    pub(crate) shape: Shape,
    pub(crate) payload: Payload,
    /// cr0.0.
    pub(crate) control: u32,
    /// Bytes of shared local memory.
    pub(crate) local_memory: u32,
}

/// A group that has a place on the shader cores.
#[derive(Debug)]
struct Resident {
    group: Group,
    at: [u32; 3],
    place: u32,
    /// Threads that have ended and barriers that were passed.
    events: u64,
    /// Instructions since the last of these.
    silent: u64,
}

/// Where a walk is.
#[derive(Debug)]
struct Desk {
    /// The group to be started next.
    next: Option<[u32; 3]>,
    /// Groups that wait for a quantum.
    paused: VecDeque<Resident>,
    /// Places that are free.
    places: Vec<u32>,
    stopped: Option<KernelFault>,
}

/// What the host threads of a walk share.
#[derive(Debug)]
struct Floor {
    plan: Plan,
    desk: Mutex<Desk>,
}

/// A walk in execution.
#[derive(Debug)]
pub(crate) struct Walk {
    floor: Arc<Floor>,
    /// For how long it has executed since its last sign of life.
    pub(crate) silent: Duration,
}

/// What was done in a quantum.
#[derive(Clone, Copy, Debug, Default)]
struct Done {
    groups: u64,
    threads: u64,
    instructions: u64,
    faults: u64,
    changes: u64,
    /// A group has ended, or has not been silent for long.
    alive: bool,
}

impl std::ops::AddAssign for Done {
    fn add_assign(&mut self, other: Self) {
        self.groups += other.groups;
        self.threads += other.threads;
        self.instructions += other.instructions;
        self.faults += other.faults;
        self.changes += other.changes;
        self.alive |= other.alive;
    }
}

impl Walk {
    /// A walk that is about to begin. Its shape is not empty.
    pub(crate) fn new(plan: Plan, platform: &Platform) -> Self {
        let threads = platform.topology.eus() * THREADS_OF_EU;
        let places = (threads / plan.shape.threads()).max(1);
        let desk = Desk {
            next: Some(plan.shape.first),
            paused: VecDeque::new(),
            places: (0..places).rev().collect(),
            stopped: None,
        };
        let desk = Mutex::new(desk);
        Self {
            floor: Arc::new(Floor { plan, desk }),
            silent: Duration::ZERO,
        }
    }
}

impl Floor {
    /// A group to be executed: one that was begun, or the next.
    fn take(&self) -> Option<Resident> {
        let (at, place) = {
            let mut desk = self.desk.lock();
            if desk.stopped.is_some() {
                return None;
            }
            if let Some(resident) = desk.paused.pop_front() {
                return Some(resident);
            }
            let at = desk.next?;
            let place = desk.places.pop()?;
            desk.next = self.plan.shape.after(at);
            (at, place)
        };
        Some(self.start(at, place))
    }

    /// A group whose threads are at their first instruction.
    fn start(&self, at: [u32; 3], place: u32) -> Resident {
        let plan = &self.plan;
        let strict = plan.bases.strict;
        let mut group = Group::new(LocalMemory::new(plan.local_memory, strict));
        let mut buffer = BUFFER;
        let threads = plan.shape.threads();
        for thread in 0..threads {
            let hardware = place * threads + thread;
            let mask = plan.shape.mask(thread);
            let payload = &plan.payload;
            let registers = payload.registers(at, thread, hardware, place, &mut buffer);
            // Thread (2:0), EU (7:4) and subslice (11:8).
            let unit = hardware & 7 | (hardware >> 3 & 0xf) << 4 | (hardware >> 7 & 0xf) << 8;
            let setup = ThreadSetup {
                mask,
                control: plan.control,
                state: [unit, 0, mask, mask],
            };
            group.add(setup, registers);
        }
        Resident {
            group,
            at,
            place,
            events: 0,
            silent: 0,
        }
    }

    /// How many groups there are to be executed now.
    fn left(&self) -> u64 {
        let desk = self.desk.lock();
        if desk.stopped.is_some() {
            return 0;
        }
        let next = desk.next.map_or(0, |next| self.plan.shape.from(next));
        next.saturating_add(desk.paused.len() as u64)
    }

    /// Executes groups until there are no more, about `allowance` instructions are executed, or
    /// the time is up.
    fn work(&self, view: &mut View<'_>, mut allowance: u64, limits: Limits) -> Done {
        let (faults, changes) = (view.faults(), view.changes());
        let threads = u64::from(self.plan.shape.threads());
        let mut done = Done::default();
        let mut since = 0;
        let mut functions = SharedFunctions::new(self.plan.bases, KernelMemory(view));
        while allowance > 0
            && let Some(mut resident) = self.take()
        {
            if resident.events == 0 && resident.silent == 0 {
                let cost = START + threads * START_THREAD;
                allowance = allowance.saturating_sub(cost);
                since += cost;
            }
            loop {
                let slice = SLICE.min(allowance.max(1));
                let mut budget = slice;
                let kernel = &self.plan.kernel;
                let result = resident.group.run(kernel, &mut functions, &mut budget);
                let executed = slice.saturating_sub(budget);
                done.instructions += executed;
                // However little that was, it was not nothing.
                allowance = allowance.saturating_sub(executed.max(1));
                since += executed;
                if since >= SLICE {
                    since = 0;
                    functions.memory().0.yield_to_binds();
                    if limits.until.is_some_and(|until| Instant::now() >= until) {
                        allowance = 0;
                    }
                }
                match result {
                    Ok(Progress::Finished) => {
                        done.groups += 1;
                        done.threads += threads;
                        done.alive = true;
                        self.desk.lock().places.push(resident.place);
                        break;
                    }
                    Ok(Progress::Paused) => {
                        let events = resident.group.events();
                        if std::mem::replace(&mut resident.events, events) == events {
                            resident.silent = resident.silent.saturating_add(executed.max(1));
                        } else {
                            resident.silent = 0;
                        }
                        done.alive |= resident.silent <= limits.patience;
                        if allowance == 0 {
                            self.desk.lock().paused.push_back(resident);
                            break;
                        }
                    }
                    Err(stopped) => {
                        let fault = self.fault(resident.at, stopped);
                        self.desk.lock().stopped.get_or_insert(fault);
                        break;
                    }
                }
            }
        }
        drop(functions);
        done.faults = view.faults() - faults;
        done.changes = view.changes() - changes;
        done
    }

    fn fault(&self, group: [u32; 3], stopped: Stopped) -> KernelFault {
        KernelFault {
            place: self.place(group, stopped.thread, stopped.offset),
            trap: stopped.trap,
        }
    }

    fn place(&self, group: [u32; 3], thread: u32, offset: u32) -> KernelPlace {
        KernelPlace {
            base: self.plan.kernel.base(),
            kernel: self.plan.kernel.start(),
            offset,
            group,
            thread,
        }
    }
}

/// What ends a quantum but its instructions, and when a group is silent.
#[derive(Clone, Copy)]
struct Limits {
    until: Option<Instant>,
    patience: u64,
}

/// What host threads reach memory by.
struct Reach<'a> {
    space: &'a Arc<AddressSpace>,
    memory: &'a Memory,
    address_mask: u64,
    strict: bool,
}

impl Walk {
    /// Where the first group is that has begun and not ended.
    pub(crate) fn place(&self) -> Option<KernelPlace> {
        let desk = self.floor.desk.lock();
        let resident = desk.paused.front()?;
        let (thread, offset) = resident.group.position(&self.floor.plan.kernel)?;
        Some(self.floor.place(resident.at, thread, offset))
    }

    /// Executes about `allowance` instructions on each host thread that takes part.
    fn run(
        &self,
        cores: &Cores,
        view: &mut View<'_>,
        reach: &Reach<'_>,
        allowance: u64,
        until: Option<Instant>,
    ) -> Done {
        let floor = &self.floor;
        let patience = cores.patience;
        let limits = Limits { until, patience };
        let alone = match cores.pool.limit() {
            1 => allowance,
            _ => allowance.min(ALONE),
        };
        let mut done = floor.work(view, alone, limits);
        let left = floor.left();
        let rest = allowance - alone;
        if left == 0 || rest == 0 {
            return done;
        }
        let (sender, results) = mpsc::channel();
        let others = left.saturating_sub(1).min(cores.pool.limit() as u64 - 1);
        for _ in 0..others {
            let sender = sender.clone();
            let floor = Arc::clone(floor);
            let (space, memory) = (Arc::clone(reach.space), reach.memory.clone());
            let (mask, strict) = (reach.address_mask, reach.strict);
            cores.pool.run(Box::new(move || {
                let mut tlb = Tlb::default();
                let mut view = View::new(&space, &mut tlb, &memory, mask, strict);
                let done = floor.work(&mut view, rest, limits);
                drop(view);
                // Whoever waits for it is there until it has come.
                let _ = sender.send(done);
            }));
        }
        drop(sender);
        done += floor.work(view, rest, limits);
        // Binds that the others wait for wait for this thread too.
        view.unlocked(|| {
            for other in results {
                done += other;
            }
        });
        done
    }
}

impl Machine<'_> {
    /// Goes on with the walk, if there is one. Nothing: it is over.
    pub(crate) fn walk_on(
        &mut self,
        left: &mut u32,
        slice_over: bool,
    ) -> Result<Option<Pause>, Stop> {
        let Some(walk) = self.walk.as_ref() else {
            return Ok(None);
        };
        if self.light {
            return Ok(Some(Pause::Budget));
        }
        let memory = self.view.memory().clone();
        let reach = Reach {
            space: self.space,
            memory: &memory,
            address_mask: self.around.platform.address_mask(),
            strict: self.view.is_strict(),
        };
        let allowance = u64::from(*left) * INSTRUCTIONS_EACH;
        let until = self.around.clock.deadline(LONGEST);
        let done = walk.run(self.cores, &mut self.view, &reach, allowance, until);
        let over = walk.floor.left() == 0;
        let stopped = walk.floor.desk.lock().stopped;
        self.tally.groups += done.groups;
        self.tally.eu_threads += done.threads;
        self.tally.instructions += done.instructions;
        self.tally.kernel_faults += done.faults;
        self.tally.alive |= done.alive;
        if done.instructions + done.changes > 0 {
            self.view.note_change();
        }
        if let Some(fault) = stopped {
            *self.walk = None;
            let fault_address = match fault.trap {
                Trap::Memory(fault) => Some(fault.address),
                _ => None,
            };
            return Err(Stop::Hang {
                reason: HangReason::Kernel(fault),
                fault_address,
            });
        }
        if over {
            *self.walk = None;
            let commands = done.instructions / INSTRUCTIONS_EACH;
            *left = left.saturating_sub(u32::try_from(commands).unwrap_or(u32::MAX));
            return Ok(None);
        }
        if self.program.arbitration {
            // As far as groups end it could be preempted on hardware too, between two of them.
            self.tally.arbitrations += u64::from(done.alive);
            self.program.note_arbitration();
            if slice_over || self.around.urgent.load(Ordering::Relaxed) {
                return Ok(Some(Pause::Arbitration));
            }
        }
        Ok(Some(Pause::Budget))
    }
}
