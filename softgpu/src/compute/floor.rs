//! What the host threads of a walk share: the groups that are still to be executed, and what
//! has been done. Each thread comes and goes as it likes: it takes a group, executes it until
//! the group has ended or the thread's own time is up, and puts it back if it has not ended.
//! Nobody waits for anybody here but whoever calls all of them back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use eu::group::{Group, Progress, Stopped};
use eu::kernel::Kernel;
use eu::shared::{Bases, LocalMemory, SharedFunctions};
use eu::thread::ThreadSetup;
use parking_lot::{Condvar, Mutex};

use super::memory::KernelMemory;
use super::payload::{BUFFER, Payload};
use super::shape::Shape;
use crate::completion::{KernelFault, KernelPlace};
use crate::view::View;

/// Instructions after which binds are let in, and the time is looked at.
const SLICE: u64 = 2048;
/// What starting a group costs of an allowance, and what each of its threads does, in
/// instructions.
const START: u64 = 64;
const START_THREAD: u64 = 16;

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
    /// Groups that were begun and wait for a thread.
    paused: VecDeque<Resident>,
    /// Places that are free.
    places: Vec<u32>,
    stopped: Option<KernelFault>,
    /// Host threads beside the engine's that have been asked to come, and have not gone.
    guests: usize,
    /// Those of them that may have a group in hand.
    working: usize,
    /// What they have done, as far as nobody has asked.
    done: Done,
}

impl Desk {
    /// How many groups there are to be taken.
    fn left(&self, shape: &Shape) -> u64 {
        let next = self.next.map_or(0, |next| shape.from(next));
        next.saturating_add(self.paused.len() as u64)
    }

    /// Whether there is a group that can be taken now.
    fn has_group(&self) -> bool {
        !self.paused.is_empty() || self.next.is_some() && !self.places.is_empty()
    }
}

/// What the host threads of a walk share.
#[derive(Debug)]
pub(crate) struct Floor {
    plan: Plan,
    desk: Mutex<Desk>,
    /// Rung whenever another thread has put down what it had in hand.
    bell: Condvar,
    /// No group is to be taken, and those in hand are to be put down. Written under the
    /// desk's lock.
    recalled: AtomicBool,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Done {
    pub(crate) groups: u64,
    pub(crate) threads: u64,
    pub(crate) instructions: u64,
    pub(crate) faults: u64,
    pub(crate) changes: u64,
    /// A group has ended, or has not been silent for long.
    pub(crate) alive: bool,
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

/// How far a walk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// There are groups that nobody has in hand.
    Open,
    /// There are none, but others have some in hand.
    Others,
    /// All have ended.
    Over,
    /// One could not go on.
    Stopped(KernelFault),
}

/// What ends a thread's work but its instructions, and when a group is silent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) until: Option<Instant>,
    /// Instructions that a group may execute between two signs of life.
    pub(crate) patience: u64,
}

impl Floor {
    /// A walk of which nothing has begun. Its shape is not empty.
    pub(crate) fn new(plan: Plan, places: u32) -> Self {
        let desk = Desk {
            next: Some(plan.shape.first),
            paused: VecDeque::new(),
            places: (0..places).rev().collect(),
            stopped: None,
            guests: 0,
            working: 0,
            done: Done::default(),
        };
        Self {
            plan,
            desk: Mutex::new(desk),
            bell: Condvar::new(),
            recalled: AtomicBool::new(false),
        }
    }

    /// How far it is, and what the other threads have done since this was asked last.
    pub(crate) fn look(&self) -> (Standing, Done) {
        let mut desk = self.desk.lock();
        let standing = match desk.stopped {
            Some(fault) => Standing::Stopped(fault),
            None if desk.left(&self.plan.shape) > 0 => Standing::Open,
            None if desk.working > 0 => Standing::Others,
            None => Standing::Over,
        };
        (standing, std::mem::take(&mut desk.done))
    }

    /// Lets groups be taken (again).
    pub(crate) fn open(&self) {
        let desk = self.desk.lock();
        self.recalled
            .store(desk.stopped.is_some(), Ordering::Relaxed);
    }

    /// Has all groups put down, and returns when that is so: none is in execution then. No
    /// lock may be held that another thread may wait for.
    pub(crate) fn recall(&self) {
        let mut desk = self.desk.lock();
        self.recalled.store(true, Ordering::Relaxed);
        while desk.working > 0 {
            self.bell.wait(&mut desk);
        }
    }

    /// Tells the other threads to go, without waiting for it.
    pub(crate) fn close(&self) {
        let _desk = self.desk.lock();
        self.recalled.store(true, Ordering::Relaxed);
    }

    /// Waits while there is nothing to be done but by others, so long at most. No lock may be
    /// held that another thread may wait for.
    pub(crate) fn wait_for_others(&self, longest: Duration) {
        let mut desk = self.desk.lock();
        if desk.working > 0 && desk.stopped.is_none() && !desk.has_group() {
            self.bell.wait_for(&mut desk, longest);
        }
    }

    /// How many other threads could still find something to do, if so many may come; they
    /// count as guests from now on.
    pub(crate) fn invite(&self, most: usize) -> usize {
        let mut desk = self.desk.lock();
        let room = most.saturating_sub(desk.guests);
        // The first that is left is for whoever asks.
        let useful = desk.left(&self.plan.shape).saturating_sub(1);
        let free = useful.saturating_sub(desk.guests as u64);
        let guests = room.min(usize::try_from(free).unwrap_or(room));
        desk.guests += guests;
        guests
    }

    /// A group to be executed: one that was begun, or the next.
    fn take(&self) -> Option<Resident> {
        let (at, place) = {
            let mut desk = self.desk.lock();
            if self.recalled.load(Ordering::Relaxed) {
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

    /// Executes groups until there are no more, about `allowance` instructions are executed,
    /// the time is up, or all are called back.
    pub(crate) fn work(&self, view: &mut View<'_>, mut allowance: u64, limits: Limits) -> Done {
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
                    let late = || limits.until.is_some_and(|until| Instant::now() >= until);
                    if self.recalled.load(Ordering::Relaxed) || late() {
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
                        let mut desk = self.desk.lock();
                        desk.stopped.get_or_insert(fault);
                        self.recalled.store(true, Ordering::Relaxed);
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

    /// Where the first group is that has begun and not ended, of those that nobody executes.
    pub(crate) fn first_place(&self) -> Option<KernelPlace> {
        let desk = self.desk.lock();
        let resident = desk.paused.front()?;
        let (thread, offset) = resident.group.position(&self.plan.kernel)?;
        Some(self.place(resident.at, thread, offset))
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

/// A host thread's being there for a walk that is not its engine's: it has been
/// [invited](Floor::invite).
pub(crate) struct Guest(pub(crate) Arc<Floor>);

impl Guest {
    /// Works with what the view shows, if there is something to do. False: there is not.
    pub(crate) fn work(&self, view: &mut View<'_>, allowance: u64, limits: Limits) -> bool {
        let floor = &self.0;
        {
            let mut desk = floor.desk.lock();
            let recalled = floor.recalled.load(Ordering::Relaxed);
            if recalled || !desk.has_group() {
                return false;
            }
            desk.working += 1;
        }
        let mut shift = Shift {
            floor,
            done: Done::default(),
        };
        shift.done = floor.work(view, allowance, limits);
        true
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.desk.lock().guests -= 1;
    }
}

/// A guest that may have a group in hand: whatever becomes of it, it is not waited for longer.
struct Shift<'a> {
    floor: &'a Floor,
    done: Done,
}

impl Drop for Shift<'_> {
    fn drop(&mut self) {
        let mut desk = self.floor.desk.lock();
        desk.working -= 1;
        desk.done += self.done;
        drop(desk);
        self.floor.bell.notify_all();
    }
}
