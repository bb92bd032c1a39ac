// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The seam's calls.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::JoinHandle;

use rustix::event::{EventfdFlags, epoll};
use virtio_igpu_executor::{
    Backing, Context, ContextFlags, Ending, EngineProperties, Executor, GuestMemory, Point,
    Refused, Sink, Submission, Timeline, Update,
};
use virtio_igpu_host_gpu::memory::host_address;
use virtio_igpu_host_gpu::syncobj::{Syncobj, deadline};

use crate::completion::Shared;
use crate::homes::{Home, HomeId};
use crate::jobs::{Job, Line, Owner, Waits, Work};
use crate::state::{ContextState, Counts, Scratch, SlotState, SpaceState, State};
use crate::{Binds, Driver, Queue, Space};

/// The render engine's TIMESTAMP register, the one that REG_READ may read.
const RENDER_TIMESTAMP: u32 = 0x2358;
/// How long what is under way may take to end when it has to.
const PATIENCE_NS: i64 = 5_000_000_000;
const PAGE: u64 = 4096;

/// One guest's executor, on a device of this driver's.
pub struct HostExecutor<D: Driver> {
    shared: Arc<Shared<D>>,
    thread: Option<JoinHandle<()>>,
}

impl<D: Driver> std::fmt::Debug for HostExecutor<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an executor on {}", D::NAME)
    }
}

impl<D: Driver> HostExecutor<D> {
    /// Starts one for a guest with this memory, as a factory gives it out.
    pub fn boxed(
        driver: &Arc<D>,
        memory: Arc<GuestMemory>,
        sink: Arc<dyn Sink>,
    ) -> Result<Box<dyn Executor>, Refused> {
        let executor = Self::start(Arc::clone(driver), memory, sink)
            .map_err(|error| Refused::OutOfMemory(error.to_string()))?;
        Ok(Box::new(executor))
    }

    fn start(driver: Arc<D>, memory: Arc<GuestMemory>, sink: Arc<dyn Sink>) -> io::Result<Self> {
        let listener = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let bell = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let none = epoll::EventData::new_u64(0);
        epoll::add(&listener, &bell, none, epoll::EventFlags::IN)?;
        let state = State {
            driver,
            memory,
            contexts: Default::default(),
            spaces: Default::default(),
            leaving: Default::default(),
            buried: Default::default(),
            homes: Default::default(),
            last_home: 0,
            lines: Default::default(),
            held: Default::default(),
            applied: Default::default(),
            deferred: Default::default(),
            again: Default::default(),
            to_arm: Default::default(),
            reports: Default::default(),
            listener: Arc::new(listener),
            bell: Arc::new(bell),
            lost: false,
            stop: false,
            counts: Counts::default(),
            scratch: Scratch::default(),
        };
        let shared = Arc::new(Shared::new(state, sink));
        let listening = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name(D::NAME.into())
            .spawn(move || listening.listen())?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Does something with the state, then reports what has come of it.
    fn with<T>(&self, act: impl FnOnce(&mut State<D>) -> T) -> T {
        let mut state = self.shared.state.lock();
        let result = act(&mut state);
        if !state.buried.is_empty() {
            wake(&state.bell);
        }
        let any = !state.reports.is_empty();
        drop(state);
        if any {
            self.shared.report();
        }
        result
    }
}

/// Wakes the thread.
fn wake(bell: &OwnedFd) {
    // It can't be full: nobody adds more than 1 at a time.
    let _ = rustix::io::write(bell, &1_u64.to_ne_bytes());
}

impl<D: Driver> Drop for HostExecutor<D> {
    fn drop(&mut self) {
        let bell = {
            let mut state = self.shared.state.lock();
            state.stop = true;
            Arc::clone(&state.bell)
        };
        wake(&bell);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let mut state = self.shared.state.lock();
        // Queues first: that kills what runs, which then ends. Address spaces after that.
        state.contexts.clear();
        if let Err(error) = state.let_end() {
            log::error!("what a guest had on the host's GPU does not end: {error}");
        }
        state.leaving.clear();
        state.buried.clear();
        state.spaces.clear();
        state.lines.clear();
        state.homes.clear();
        state.reports.clear();
    }
}

fn not_found(what: &str, id: u32) -> Refused {
    Refused::NotFound(format!("there is no {what} {id}"))
}

fn no_room(error: io::Error) -> Refused {
    Refused::OutOfMemory(format!("the host's GPU: {error}"))
}

impl<D: Driver> State<D> {
    fn context(&mut self, id: u32) -> Result<&mut ContextState<D>, Refused> {
        self.contexts
            .get_mut(&id)
            .ok_or_else(|| not_found("context", id))
    }

    /// A file for an address space, with the address space in it.
    fn new_home(&mut self) -> io::Result<(HomeId, Home, D::Space)> {
        let space = self.driver.new_space()?;
        self.last_home += 1;
        let home = Home::new(self.last_home, Arc::clone(space.file()), &self.listener)?;
        Ok((self.last_home, home, space))
    }

    fn new_slot_line(&mut self, home: HomeId, owner: Owner) -> Result<Line, Refused> {
        let gone = || Refused::NotFound("the address space is gone".into());
        let file = &self.homes.get(&home).ok_or_else(gone)?.file;
        let syncobj = Syncobj::new(file).map_err(no_room)?;
        Ok(Line::new(Some(syncobj), home, owner))
    }

    /// Waits until nothing is under way.
    fn let_end(&mut self) -> io::Result<()> {
        let until = deadline(PATIENCE_NS);
        for home in self.homes.values() {
            for timeline in &home.busy {
                let line = self.lines.get(timeline);
                if let Some(line) = line
                    && let Some(syncobj) = &line.syncobj
                    && let Err(error) = syncobj.wait(line.sent, until)
                    && !self.driver.is_lost(&error)
                {
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn check_free(&self, timeline: Timeline) -> Result<(), Refused> {
        match self.lines.contains_key(&timeline) {
            true => Err(Refused::Exists(format!("timeline {timeline} is in use"))),
            false => Ok(()),
        }
    }

    /// Takes a job of a line.
    fn push(&mut self, timeline: Timeline, job: Job) {
        if let Some(line) = self.lines.get_mut(&timeline) {
            line.accepted = job.value;
            line.jobs.push_back(job);
            if !line.held {
                line.held = true;
                self.held.push(timeline);
            }
        }
        if self.lost {
            self.end_everything();
        }
    }

    fn check_value(&self, timeline: Timeline, value: u64) -> Result<(), Refused> {
        let line = self.lines.get(&timeline);
        match line.is_some_and(|line| value > line.accepted) {
            true => Ok(()),
            false => Err(Refused::Exists(format!(
                "{value} is not greater than timeline {timeline}'s last value"
            ))),
        }
    }

    fn timelines(&self, id: u32) -> Vec<Timeline> {
        let context = self.contexts.get(&id);
        let slots = context.into_iter().flat_map(|context| &context.slots);
        slots.map(|slot| slot.timeline).collect()
    }

    /// The timelines of all contexts' slots.
    fn all_slots(&self) -> Vec<Timeline> {
        let slots = self.contexts.values().flat_map(|context| &context.slots);
        slots.map(|slot| slot.timeline).collect()
    }

    /// Maps everything anew, from the memory that there is now.
    fn remap(&mut self) -> io::Result<()> {
        if D::BINDS == Binds::AtOnce {
            self.let_end()?;
        }
        let memory = Arc::clone(&self.memory);
        for space in self.spaces.values_mut().chain(self.leaving.values_mut()) {
            space.space.remap(&memory)?;
        }
        Ok(())
    }

    fn check_update(&self, update: &Update) -> Result<(), Refused> {
        let end = update.address.checked_add(update.length);
        let whole = (update.address | update.length).is_multiple_of(PAGE) && update.length > 0;
        if !whole || end.is_none_or(|end| end > 1 << self.driver.platform().address_bits) {
            return Err(Refused::BadRange(
                "the range leaves the address space".into(),
            ));
        }
        let Backing::Memory { extents, .. } = &update.backing else {
            return Ok(());
        };
        for &extent in extents {
            let whole = (extent.address | extent.length).is_multiple_of(PAGE);
            if !whole || extent.length == 0 || host_address(&self.memory, extent).is_none() {
                let why = format!("{extent:x?} is not one piece of guest memory");
                return Err(Refused::BadExtent(why));
            }
        }
        let sum: u64 = extents.iter().map(|extent| extent.length).sum();
        match sum == update.length {
            true => Ok(()),
            false => Err(Refused::BadRange("the extents don't fill the range".into())),
        }
    }
}

impl<D: Driver> Executor for HostExecutor<D> {
    fn set_memory(&mut self, memory: Arc<GuestMemory>) -> Result<(), Refused> {
        self.with(|state| {
            state.memory = memory;
            state.remap().map_err(no_room)
        })
    }

    fn create_address_space(&mut self, id: u32, timeline: Timeline) -> Result<(), Refused> {
        self.with(|state| {
            if state.spaces.contains_key(&id) {
                return Err(Refused::Exists(format!("there is an address space {id}")));
            }
            state.check_free(timeline)?;
            let (number, home, space) = state.new_home().map_err(no_room)?;
            let syncobj = match D::BINDS {
                Binds::Queued => Some(Syncobj::new(&home.file).map_err(no_room)?),
                Binds::AtOnce => None,
            };
            state.homes.insert(number, home);
            let space = SpaceState {
                space,
                home: number,
                timeline,
                retiring: Vec::new(),
                closed: false,
            };
            let line = Line::new(syncobj, number, Owner::Space(id));
            state.add_line(timeline, line);
            state.spaces.insert(id, space);
            Ok(())
        })
    }

    fn destroy_address_space(&mut self, id: u32) -> Result<(), Refused> {
        self.with(|state| {
            if state.contexts.values().any(|context| context.space == id) {
                return Err(Refused::Exists("a context uses the address space".into()));
            }
            let Some(space) = state.spaces.remove(&id) else {
                return Err(not_found("address space", id));
            };
            let timeline = space.timeline;
            if let Some(line) = state.lines.get_mut(&timeline) {
                line.dead = true;
                let sent = line.sent_jobs;
                for job in line.jobs.iter_mut().skip(sent) {
                    job.settle(Ending::Cancelled);
                }
            }
            state.leaving.insert(space.home, space);
            state.bury(timeline);
            state.pump();
            Ok(())
        })
    }

    fn create_context(&mut self, id: u32, context: Context) -> Result<(), Refused> {
        self.with(|state| {
            if state.contexts.contains_key(&id) {
                return Err(Refused::Exists(format!("there is a context {id}")));
            }
            let space = state.spaces.get(&context.address_space);
            let home = space
                .ok_or_else(|| not_found("address space", context.address_space))?
                .home;
            for (number, slot) in context.slots.iter().enumerate() {
                let there = state.driver.platform().instances(slot.class);
                if slot.instances == 0 || slot.instances & !there != 0 {
                    let why = format!("there is no such engine of class {}", slot.class);
                    return Err(Refused::NotFound(why));
                }
                state.check_free(slot.timeline)?;
                let before = &context.slots[..number];
                if before.iter().any(|other| other.timeline == slot.timeline) {
                    return Err(Refused::Exists("a timeline is named twice".into()));
                }
            }
            let mut lines = Vec::new();
            for number in 0..context.slots.len() {
                lines.push(state.new_slot_line(home, Owner::Slot(id, number as u16))?);
            }
            let slots = context.slots.iter().map(|slot| SlotState {
                class: slot.class,
                instances: slot.instances,
                timeline: slot.timeline,
                queue: None,
                banned: false,
            });
            let made = ContextState {
                space: context.address_space,
                flags: context.flags,
                slots: slots.collect(),
                cancelled: false,
            };
            for (slot, line) in context.slots.iter().zip(lines) {
                state.add_line(slot.timeline, line);
            }
            state.contexts.insert(id, made);
            Ok(())
        })
    }

    fn destroy_context(&mut self, id: u32) -> Result<(), Refused> {
        self.with(|state| {
            state.context(id)?;
            state.collect_all();
            for timeline in state.timelines(id) {
                state.kill(timeline);
                if let Some(line) = state.lines.get_mut(&timeline) {
                    line.dead = true;
                }
                state.bury(timeline);
            }
            state.contexts.remove(&id);
            state.pump();
            Ok(())
        })
    }

    fn set_context_flags(&mut self, id: u32, flags: ContextFlags) -> Result<(), Refused> {
        self.with(|state| {
            let context = state.context(id)?;
            context.flags = flags;
            for queue in context
                .slots
                .iter_mut()
                .filter_map(|slot| slot.queue.as_mut())
            {
                queue.set_recoverable(flags.recoverable);
            }
            Ok(())
        })
    }

    fn cancel_context(&mut self, id: u32) -> Result<(), Refused> {
        self.with(|state| {
            state.context(id)?.cancelled = true;
            state.collect_all();
            for timeline in state.timelines(id) {
                state.kill(timeline);
            }
            state.pump();
            Ok(())
        })
    }

    /// Drivers end every batch that takes too long, whatever becomes of its owner.
    fn close_context(&mut self, id: u32) -> Result<(), Refused> {
        self.with(|state| state.context(id).map(|_| ()))
    }

    /// Drivers tell no times through their calls.
    fn context_runtime_ns(&mut self, id: u32) -> Result<Vec<u64>, Refused> {
        self.with(|state| {
            let context = state.context(id)?;
            Ok(vec![0; context.slots.len()])
        })
    }

    fn reset_active(&mut self) {
        self.with(|state| {
            state.collect_all();
            for timeline in state.all_slots() {
                state.kill(timeline);
            }
            state.pump();
        });
    }

    /// No driver resets an engine when a client asks. What an engine may be executing is the first unfinished
    /// batch of each queue that may use it and that has nothing to wait for: those are killed.
    fn reset_engines(&mut self, engines: u32) -> u32 {
        self.with(|state| {
            state.collect_all();
            let mut hung = 0;
            for timeline in state.all_slots() {
                let named = state.on_engines(timeline, engines);
                let Some(value) = named.then(|| state.active(timeline)).flatten() else {
                    continue;
                };
                hung += 1;
                if let Some(job) = state
                    .lines
                    .get_mut(&timeline)
                    .and_then(|l| l.jobs.front_mut())
                {
                    job.settle(Ending::Hung);
                }
                state.note_hang(timeline, value, "the guest has reset its engine");
                if let Some((slot, flags)) = state.slot(timeline) {
                    slot.banned |= !flags.recoverable;
                }
                state.kill(timeline);
            }
            state.pump();
            hung
        })
    }

    fn set_engine_properties(&mut self, _: EngineProperties) -> Result<(), Refused> {
        let why = "the timing of the host's engines is the host's";
        Err(Refused::Unsupported(why.into()))
    }

    fn update(&mut self, update: Update) -> Result<(), Refused> {
        let id = update.address_space;
        self.with(|state| {
            let space = state.spaces.get(&id);
            let timeline = space
                .ok_or_else(|| not_found("address space", id))?
                .timeline;
            state.check_value(timeline, update.signal)?;
            state.check_update(&update)?;
            if let Some(why) = state.driver.cannot_map(&update.backing) {
                return Err(Refused::Unsupported(why.into()));
            }
            let work = Work::Update {
                address: update.address,
                length: update.length,
                backing: update.backing,
                before: None,
            };
            let job = Job::new(update.signal, work, Waits::from_vec(update.waits));
            state.push(timeline, job);
            Ok(())
        })
    }

    fn submit(&mut self, submission: Submission) -> Result<(), Refused> {
        let id = submission.context;
        self.with(|state| {
            let context = state.context(id)?;
            let slot = context.slots.get(usize::from(submission.slot));
            let slot = slot.ok_or_else(|| not_found("slot", submission.slot.into()))?;
            let timeline = slot.timeline;
            state.check_value(timeline, submission.signal)?;
            let unsupported = |why: &str| Err(Refused::Unsupported(why.into()));
            let &[address] = &submission.batches[..] else {
                return unsupported("batches don't start together on this GPU");
            };
            if submission.sseu.is_some() {
                return unsupported("what is powered can't be chosen on this GPU");
            }
            if submission.waits.iter().any(|wait| wait.start) {
                return unsupported("starts can't be waited for on this GPU");
            }
            let waits = submission.waits.iter().map(|wait| wait.point).collect();
            let work = Work::Batch {
                address,
                priority: submission.priority,
            };
            let mut job = Job::new(submission.signal, work, waits);
            if submission.cancelled {
                job.settle(Ending::Cancelled);
            }
            state.push(timeline, job);
            Ok(())
        })
    }

    fn flush(&mut self) {
        self.with(State::pump);
    }

    fn read_register(&self, offset: u32) -> Option<u64> {
        if offset != RENDER_TIMESTAMP {
            return None;
        }
        let driver = Arc::clone(&self.shared.state.lock().driver);
        driver.timestamp().ok()
    }

    fn engine_busy_ns(&self) -> Vec<u64> {
        let state = self.shared.state.lock();
        vec![0; state.driver.platform().engines.len()]
    }

    fn counters(&self) -> serde_json::Value {
        let state = self.shared.state.lock();
        let counts = &state.counts;
        let jobs = |line: &Line| line.jobs.len();
        serde_json::json!({
            "engines": {},
            "submissions": counts.submissions,
            "updates": counts.updates,
            "bind_calls": counts.bind_calls,
            "queues_made": counts.queues,
            "wakes": counts.wakes,
            "hangs": counts.hangs,
            "pending": state.lines.values().map(jobs).sum::<usize>(),
            "address_spaces": state.spaces.len(),
            "contexts": state.contexts.len(),
        })
    }
}

impl<D: Driver> State<D> {
    /// Whether a slot may use any of these engines, by their place in the platform.
    fn on_engines(&mut self, timeline: Timeline, engines: u32) -> bool {
        let driver = Arc::clone(&self.driver);
        let Some((slot, _)) = self.slot(timeline) else {
            return false;
        };
        let list = &driver.platform().engines;
        list.iter().take(32).enumerate().any(|(place, engine)| {
            engines >> place & 1 != 0
                && engine.class == slot.class
                && slot.instances >> engine.instance & 1 != 0
        })
    }

    /// The first unfinished batch of a slot, if the driver has it and nothing holds it up.
    fn active(&self, timeline: Timeline) -> Option<u64> {
        let line = self.lines.get(&timeline)?;
        let job = line
            .jobs
            .front()
            .filter(|job| line.sent_jobs > 0 && job.ending.is_none())?;
        let reached = |wait: &Point| self.is_reached(wait);
        job.waits.iter().all(reached).then_some(job.value)
    }
}
