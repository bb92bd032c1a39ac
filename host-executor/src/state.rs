// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What one guest has on the host's GPU.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustc_hash::FxHashMap;
use virtio_igpu_executor::{
    Completion, ContextFlags, Ending, GuestMemory, Hang, HungRegisters, Point, Timeline,
};
use virtio_igpu_host_gpu::syncobj::Sync;

use crate::Driver;
use crate::homes::{Home, HomeId};
use crate::jobs::{Line, Owner, Waits};

/// A range whose mapping is gone for batches to come, but not for those under way.
#[derive(Debug)]
pub(crate) struct Retiring {
    pub(crate) address: u64,
    pub(crate) end: u64,
    pub(crate) until: Waits,
}

/// An address space.
pub(crate) struct SpaceState<D: Driver> {
    pub(crate) space: D::Space,
    pub(crate) home: HomeId,
    pub(crate) timeline: Timeline,
    pub(crate) retiring: Vec<Retiring>,
    /// No batch is sent until an update has been made.
    pub(crate) closed: bool,
}

/// An engine slot.
pub(crate) struct SlotState<D: Driver> {
    pub(crate) class: u16,
    pub(crate) instances: u16,
    pub(crate) timeline: Timeline,
    /// What executes its batches: made with the first, and anew when it is dead.
    pub(crate) queue: Option<D::Queue>,
    /// It hung, and does not recover.
    pub(crate) banned: bool,
}

/// A context.
pub(crate) struct ContextState<D: Driver> {
    pub(crate) space: u32,
    pub(crate) flags: ContextFlags,
    pub(crate) slots: Vec<SlotState<D>>,
    /// All that comes is cancelled.
    pub(crate) cancelled: bool,
}

/// Something to be reported.
#[derive(Debug)]
pub(crate) enum Report {
    Ended(Completion),
    Hung(Box<Hang>),
    Lost(String),
}

/// What has been counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) submissions: u64,
    pub(crate) updates: u64,
    pub(crate) bind_calls: u64,
    pub(crate) queues: u64,
    pub(crate) wakes: u64,
    pub(crate) hangs: u64,
}

/// Room that is used again and again.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) timelines: Vec<Timeline>,
    pub(crate) syncs: Vec<Sync>,
    pub(crate) handles: Vec<u32>,
    pub(crate) values: Vec<u64>,
}

/// Everything, under one lock.
pub(crate) struct State<D: Driver> {
    pub(crate) driver: Arc<D>,
    pub(crate) memory: Arc<GuestMemory>,
    /// Queues end before address spaces: nothing is unmapped under what still runs. The numbers of
    /// both are the guest's, who makes nobody wait but itself by choosing them badly.
    pub(crate) contexts: FxHashMap<u32, ContextState<D>>,
    pub(crate) spaces: FxHashMap<u32, SpaceState<D>>,
    /// Destroyed address spaces of which something has not ended.
    pub(crate) leaving: HashMap<HomeId, SpaceState<D>>,
    /// Those of which everything has. To end one may take waiting: the thread does it, without
    /// the lock.
    pub(crate) buried: Vec<SpaceState<D>>,
    pub(crate) homes: FxHashMap<HomeId, Home>,
    pub(crate) last_home: HomeId,
    pub(crate) lines: FxHashMap<Timeline, Line>,
    /// Lines with jobs that wait here.
    pub(crate) held: Vec<Timeline>,
    /// Lines with updates that were made and have not ended.
    pub(crate) applied: Vec<Timeline>,
    /// Lines whose first job is over, and is reported when what it waited for has been.
    pub(crate) deferred: Vec<Timeline>,
    /// Room for those that are looked at again.
    pub(crate) again: Vec<Timeline>,
    /// Lines whose first job the eventfd may have to wait for.
    pub(crate) to_arm: Vec<Timeline>,
    pub(crate) reports: VecDeque<Report>,
    /// What the thread waits with, and what wakes it for other reasons.
    pub(crate) listener: Arc<OwnedFd>,
    pub(crate) bell: Arc<OwnedFd>,
    /// The device is gone: whatever comes is cancelled.
    pub(crate) lost: bool,
    pub(crate) stop: bool,
    pub(crate) counts: Counts,
    pub(crate) scratch: Scratch,
}

impl<D: Driver> State<D> {
    /// The slot that a timeline belongs to, if its context is there.
    pub(crate) fn slot(&mut self, timeline: Timeline) -> Option<(&mut SlotState<D>, ContextFlags)> {
        let Owner::Slot(context, slot) = self.lines.get(&timeline)?.owner else {
            return None;
        };
        let context = self.contexts.get_mut(&context)?;
        let flags = context.flags;
        let slot = context.slots.get_mut(usize::from(slot))?;
        (slot.timeline == timeline).then_some((slot, flags))
    }

    /// Whether a point is reached, or nobody can reach it any more.
    pub(crate) fn is_reached(&self, point: &Point) -> bool {
        let line = self.lines.get(&point.timeline);
        line.is_none_or(|line| line.dead || line.reached >= point.value)
    }

    /// Ends a line's first job.
    pub(crate) fn end_first(&mut self, timeline: Timeline, ending: Ending, was_active: bool) {
        let Some(line) = self.lines.get_mut(&timeline) else {
            return;
        };
        let Some(job) = line.jobs.pop_front() else {
            return;
        };
        line.sent_jobs = line.sent_jobs.saturating_sub(1);
        line.reached = line.reached.max(job.value);
        self.reports.push_back(Report::Ended(Completion {
            point: Point {
                timeline,
                value: job.value,
            },
            ending,
            busy_ns: 0,
            was_active: was_active && ending == Ending::Cancelled,
        }));
    }

    /// Notes a hang, to be told before the job's end.
    pub(crate) fn note_hang(&mut self, timeline: Timeline, value: u64, reason: &str) {
        let Some(Owner::Slot(context, slot)) = self.lines.get(&timeline).map(|line| line.owner)
        else {
            return;
        };
        let Some((state, _)) = self.slot(timeline) else {
            return;
        };
        // Of several instances, no driver tells which it was.
        let (class, instance) = (state.class, state.instances.trailing_zeros() as u16);
        self.counts.hangs += 1;
        let hang = Hang {
            context,
            slot,
            class,
            instance,
            point: Point { timeline, value },
            command_address: 0,
            command: 0,
            fault_address: 0,
            registers: HungRegisters::default(),
            reason: reason.to_owned(),
        };
        self.reports.push_back(Report::Hung(Box::new(hang)));
    }

    /// Kills what a slot has unfinished: it ends as cancelled.
    pub(crate) fn kill(&mut self, timeline: Timeline) {
        if let Some((slot, _)) = self.slot(timeline) {
            slot.queue = None;
        }
        if let Some(line) = self.lines.get_mut(&timeline) {
            line.settle(Ending::Cancelled);
        }
    }

    /// Adds a line to its file's.
    pub(crate) fn add_line(&mut self, timeline: Timeline, line: Line) {
        if let Some(home) = self.homes.get_mut(&line.home) {
            home.lines += 1;
        }
        self.lines.insert(timeline, line);
    }

    /// Forgets a dead line that has nothing unfinished, and with the last one its file.
    pub(crate) fn bury(&mut self, timeline: Timeline) {
        let over = |line: &Line| line.dead && line.jobs.is_empty();
        if !self.lines.get(&timeline).is_some_and(over) {
            return;
        }
        let Some(line) = self.lines.remove(&timeline) else {
            return;
        };
        if line.shared {
            for home in self.homes.values_mut() {
                home.imports.remove(&timeline);
            }
        }
        let Some(home) = self.homes.get_mut(&line.home) else {
            return;
        };
        home.busy.retain(|&busy| busy != timeline);
        home.lines -= 1;
        if home.lines == 0 {
            self.homes.remove(&line.home);
            self.buried.extend(self.leaving.remove(&line.home));
        }
    }

    /// Whether a call that failed means that the device is gone. Everything ends then.
    pub(crate) fn is_lost(&mut self, error: &io::Error) -> bool {
        let lost = self.driver.is_lost(error);
        if lost {
            self.lose(error);
        }
        lost
    }

    /// The device is gone: everything ends.
    pub(crate) fn lose(&mut self, error: &io::Error) {
        if !self.lost {
            self.lost = true;
            let reason = format!("the host's GPU is lost: {error}");
            self.reports.push_back(Report::Lost(reason));
        }
        self.end_everything();
    }

    /// Ends all jobs, of a device that is lost.
    pub(crate) fn end_everything(&mut self) {
        let mut timelines = std::mem::take(&mut self.scratch.timelines);
        timelines.clear();
        let with_jobs = |(&timeline, line): (&Timeline, &Line)| {
            (!line.jobs.is_empty() || line.dead).then_some(timeline)
        };
        timelines.extend(self.lines.iter().filter_map(with_jobs));
        for &timeline in &timelines {
            loop {
                let line = self.lines.get(&timeline);
                let Some(job) = line.and_then(|line| line.jobs.front()) else {
                    break;
                };
                let ending = job.ending.unwrap_or(Ending::Cancelled);
                self.end_first(timeline, ending, false);
            }
            if let Some(line) = self.lines.get_mut(&timeline) {
                (line.held, line.busy) = (false, false);
            }
            self.bury(timeline);
        }
        self.scratch.timelines = timelines;
        self.held.clear();
        self.applied.clear();
        self.deferred.clear();
        for home in self.homes.values_mut() {
            home.busy.clear();
        }
    }

    /// Has the eventfds told when lines' first jobs are over.
    pub(crate) fn arm(&mut self) {
        let mut failed = None;
        for timeline in self.to_arm.drain(..) {
            let Some(line) = self.lines.get_mut(&timeline) else {
                continue;
            };
            let Some(home) = self.homes.get_mut(&line.home) else {
                continue;
            };
            let (Some(first), Some(syncobj)) = (line.jobs.front(), &line.syncobj) else {
                continue;
            };
            if line.armed.is_none() && line.sent_jobs > 0 && first.value > line.known {
                match syncobj.tell_eventfd(first.value, home.eventfd.as_fd()) {
                    Ok(()) => {
                        line.armed = Some(first.value);
                        home.armed += 1;
                    }
                    Err(error) => failed = Some(error),
                }
            }
        }
        if let Some(error) = failed {
            self.lose(&error);
        }
    }
}
