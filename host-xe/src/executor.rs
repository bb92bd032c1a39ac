// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The seam's calls.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::JoinHandle;

use rustix::event::EventfdFlags;
use virtio_igpu_executor::{
    Backing, Context, ContextFlags, Ending, EngineProperties, Executor, GuestMemory, Point,
    Refused, Sink, Submission, Timeline, Update,
};
use virtio_igpu_host_gpu::DrmFile;
use virtio_igpu_host_gpu::syncobj::Syncobj;
use virtio_igpu_host_gpu::xe::{self, Bind, Config, EngineName, Sync, Vm, host_address};

use crate::completion::Shared;
use crate::jobs::{Job, Line, Owner, Work};
use crate::mappings::Mappings;
use crate::state::{ContextState, Counts, SlotState, Space, State};

/// The render engine's TIMESTAMP register, the one that REG_READ may read.
const RENDER_TIMESTAMP: u32 = 0x2358;
/// Ranges that are rebound in one call.
const MAX_REBINDS: usize = 1024;
/// How long memory that moves may take to be rebound.
const PATIENCE_NS: i64 = 5_000_000_000;
const PAGE: u64 = 4096;

/// One guest's executor.
pub(crate) struct Xe {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Xe {
    pub(crate) fn start(
        file: Arc<dyn DrmFile>,
        config: Config,
        engines: Vec<EngineName>,
        memory: Arc<GuestMemory>,
        sink: Arc<dyn Sink>,
    ) -> io::Result<Self> {
        let eventfd: OwnedFd = rustix::event::eventfd(0, EventfdFlags::CLOEXEC)?;
        let state = State {
            file,
            config,
            engines,
            memory,
            contexts: Default::default(),
            spaces: Default::default(),
            leaving: Default::default(),
            buried: Default::default(),
            lines: Default::default(),
            held: Default::default(),
            busy: Default::default(),
            reports: Default::default(),
            eventfd: Arc::new(eventfd),
            lost: false,
            stop: false,
            counts: Counts::default(),
        };
        let shared = Arc::new(Shared::new(state, sink));
        let listening = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("xe".into())
            .spawn(move || listening.listen())?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Does something with the state, then reports what has come of it.
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.shared.state.lock();
        let result = act(&mut state);
        if !state.buried.is_empty() {
            wake(&state.eventfd);
        }
        drop(state);
        self.shared.report();
        result
    }
}

/// Wakes the thread.
fn wake(eventfd: &OwnedFd) {
    // It can't be full: nobody adds more than 1 at a time.
    let _ = rustix::io::write(eventfd, &1_u64.to_ne_bytes());
}

impl Drop for Xe {
    fn drop(&mut self) {
        let eventfd = {
            let mut state = self.shared.state.lock();
            state.stop = true;
            Arc::clone(&state.eventfd)
        };
        wake(&eventfd);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let mut state = self.shared.state.lock();
        // Queues first: that kills what runs. Then address spaces, each of which waits until
        // nothing of it is bound.
        state.contexts.clear();
        state.leaving.clear();
        state.buried.clear();
        state.spaces.clear();
        state.lines.clear();
        state.reports.clear();
    }
}

fn not_found(what: &str, id: u32) -> Refused {
    Refused::NotFound(format!("there is no {what} {id}"))
}

fn no_room(error: io::Error) -> Refused {
    Refused::OutOfMemory(format!("the host's GPU: {error}"))
}

impl State {
    fn context(&mut self, id: u32) -> Result<&mut ContextState, Refused> {
        self.contexts
            .get_mut(&id)
            .ok_or_else(|| not_found("context", id))
    }

    fn new_line(&mut self, owner: Owner) -> Result<Line, Refused> {
        let syncobj = Syncobj::new(&self.file).map_err(no_room)?;
        Ok(Line::new(syncobj, owner))
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
            self.held.insert(timeline);
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

    /// Binds everything anew, from the memory that there is now.
    fn rebind(&mut self) -> io::Result<()> {
        let memory = Arc::clone(&self.memory);
        for space in self.spaces.values_mut().chain(self.leaving.values_mut()) {
            let binds: Vec<_> = space
                .mappings
                .iter()
                .map(
                    |(address, piece)| match host_address(&memory, piece.extent) {
                        Some(_) => Bind::Memory {
                            address,
                            extent: piece.extent,
                            read_only: piece.read_only,
                        },
                        None => Bind::Nothing {
                            address,
                            length: piece.extent.length,
                        },
                    },
                )
                .collect();
            let done = Syncobj::new(&self.file)?;
            let mut value = 0;
            for some in binds.chunks(MAX_REBINDS) {
                value += 1;
                let sync = Sync {
                    handle: done.handle(),
                    value,
                    signal: true,
                };
                space.vm.bind(&memory, some, &[sync])?;
            }
            if value > 0 {
                done.wait(value, xe::deadline(PATIENCE_NS))?;
            }
            space.vm.forget_memory(&memory);
        }
        Ok(())
    }

    fn check_update(&self, update: &Update) -> Result<(), Refused> {
        let end = update.address.checked_add(update.length);
        let whole = (update.address | update.length).is_multiple_of(PAGE) && update.length > 0;
        if !whole || end.is_none_or(|end| end > 1 << self.config.address_bits) {
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

impl Executor for Xe {
    fn set_memory(&mut self, memory: Arc<GuestMemory>) -> Result<(), Refused> {
        self.with(|state| {
            state.memory = memory;
            state.rebind().map_err(no_room)
        })
    }

    fn create_address_space(&mut self, id: u32, timeline: Timeline) -> Result<(), Refused> {
        self.with(|state| {
            if state.spaces.contains_key(&id) {
                return Err(Refused::Exists(format!("there is an address space {id}")));
            }
            state.check_free(timeline)?;
            let line = state.new_line(Owner::Space(id))?;
            let vm = Vm::new(&state.file, state.config.address_bits).map_err(no_room)?;
            let space = Space {
                vm,
                timeline,
                mappings: Mappings::default(),
            };
            state.lines.insert(timeline, line);
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
            state.leaving.insert(timeline, space);
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
            if !state.spaces.contains_key(&context.address_space) {
                return Err(not_found("address space", context.address_space));
            }
            for (number, slot) in context.slots.iter().enumerate() {
                let is_one = |name: &EngineName| {
                    let instance = u32::from(name.engine_instance);
                    let named = slot.instances.checked_shr(instance).unwrap_or(0) & 1 != 0;
                    name.engine_class == slot.class && name.gt_id == 0 && named
                };
                if !state.engines.iter().any(is_one) {
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
                lines.push(state.new_line(Owner::Slot(id, number as u16))?);
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
            let timelines = context.slots.iter().map(|slot| slot.timeline);
            state.lines.extend(timelines.zip(lines));
            state.contexts.insert(id, made);
            Ok(())
        })
    }

    fn destroy_context(&mut self, id: u32) -> Result<(), Refused> {
        self.with(|state| {
            state.context(id)?;
            state.collect();
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
            state.context(id)?.flags = flags;
            Ok(())
        })
    }

    fn cancel_context(&mut self, id: u32) -> Result<(), Refused> {
        self.with(|state| {
            state.context(id)?.cancelled = true;
            state.collect();
            for timeline in state.timelines(id) {
                state.kill(timeline);
            }
            state.pump();
            Ok(())
        })
    }

    /// xe ends every batch that takes too long, whatever becomes of its owner.
    fn close_context(&mut self, id: u32) -> Result<(), Refused> {
        self.with(|state| state.context(id).map(|_| ()))
    }

    /// xe tells no times through its calls.
    fn context_runtime_ns(&mut self, id: u32) -> Result<Vec<u64>, Refused> {
        self.with(|state| {
            let context = state.context(id)?;
            Ok(vec![0; context.slots.len()])
        })
    }

    fn reset_active(&mut self) {
        self.with(|state| {
            state.collect();
            let ids: Vec<_> = state.contexts.keys().copied().collect();
            for timeline in ids
                .into_iter()
                .flat_map(|id| state.timelines(id))
                .collect::<Vec<_>>()
            {
                state.kill(timeline);
            }
            state.pump();
        });
    }

    /// xe resets no engine when asked. What an engine may be executing is the first unfinished
    /// batch of each queue that may use it and that has nothing to wait for: those are killed.
    fn reset_engines(&mut self, engines: u32) -> u32 {
        self.with(|state| {
            state.collect();
            let mut hung = 0;
            let ids: Vec<_> = state.contexts.keys().copied().collect();
            for timeline in ids
                .into_iter()
                .flat_map(|id| state.timelines(id))
                .collect::<Vec<_>>()
            {
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
            let job = Job {
                value: update.signal,
                work: Work::Update {
                    address: update.address,
                    length: update.length,
                    backing: update.backing,
                },
                waits: update.waits,
                ending: None,
            };
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
            let waits: Vec<Point> = submission.waits.iter().map(|wait| wait.point).collect();
            let mut job = Job {
                value: submission.signal,
                work: Work::Batch {
                    address,
                    priority: submission.priority,
                },
                waits,
                ending: None,
            };
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
        let (file, render) = {
            let state = self.shared.state.lock();
            let render = state
                .engines
                .iter()
                .find(|name| name.engine_class == 0)
                .copied();
            (Arc::clone(&state.file), render)
        };
        if offset != RENDER_TIMESTAMP {
            return None;
        }
        xe::timestamp(&*file, render?).ok()
    }

    fn engine_busy_ns(&self) -> Vec<u64> {
        let state = self.shared.state.lock();
        let platform = crate::platform::describe(&state.config, &state.engines);
        vec![0; platform.map_or(0, |platform| platform.engines.len())]
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
            "binds": counts.binds,
            "queues_made": counts.queues,
            "wakes": counts.wakes,
            "hangs": counts.hangs,
            "pending": state.lines.values().map(jobs).sum::<usize>(),
            "address_spaces": state.spaces.len(),
            "contexts": state.contexts.len(),
        })
    }
}

impl State {
    /// Whether a slot may use any of these engines, by their place in the platform.
    fn on_engines(&mut self, timeline: Timeline, engines: u32) -> bool {
        let platform = crate::platform::describe(&self.config, &self.engines);
        let Some((slot, _)) = self.slot(timeline) else {
            return false;
        };
        let list = platform
            .map(|platform| platform.engines)
            .unwrap_or_default();
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
        let reached = |wait: &Point| {
            let line = self.lines.get(&wait.timeline);
            line.is_none_or(|line| line.dead || line.reached >= wait.value)
        };
        job.waits.iter().all(reached).then_some(job.value)
    }
}
