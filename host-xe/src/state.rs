// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What one guest has on the host's GPU.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use virtio_igpu_executor::{
    Completion, ContextFlags, Ending, GuestMemory, Hang, HungRegisters, Point, Timeline,
};
use virtio_igpu_host_gpu::DrmFile;
use virtio_igpu_host_gpu::xe::{Config, EngineName, Queue, Vm};

use crate::jobs::{Line, Owner};
use crate::mappings::Mappings;

/// An address space.
#[derive(Debug)]
pub(crate) struct Space {
    pub(crate) vm: Vm,
    pub(crate) timeline: Timeline,
    pub(crate) mappings: Mappings,
}

/// An engine slot.
#[derive(Debug)]
pub(crate) struct SlotState {
    pub(crate) class: u16,
    pub(crate) instances: u16,
    pub(crate) timeline: Timeline,
    /// What executes its batches: made with the first, and anew when it has hung.
    pub(crate) queue: Option<Queue>,
    /// It hung, and does not recover.
    pub(crate) banned: bool,
}

/// A context.
#[derive(Debug)]
pub(crate) struct ContextState {
    pub(crate) space: u32,
    pub(crate) flags: ContextFlags,
    pub(crate) slots: Vec<SlotState>,
    /// All that comes is cancelled.
    pub(crate) cancelled: bool,
}

/// Something to be reported.
#[derive(Debug)]
pub(crate) enum Report {
    Ended(Completion),
    Hung(Box<Hang>),
}

/// What has been counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) submissions: u64,
    pub(crate) updates: u64,
    pub(crate) bind_calls: u64,
    pub(crate) binds: u64,
    pub(crate) queues: u64,
    pub(crate) wakes: u64,
    pub(crate) hangs: u64,
}

/// Everything, under one lock.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) file: Arc<dyn DrmFile>,
    pub(crate) config: Config,
    pub(crate) engines: Vec<EngineName>,
    pub(crate) memory: Arc<GuestMemory>,
    /// Queues end before address spaces: nothing is unmapped under what still runs.
    pub(crate) contexts: HashMap<u32, ContextState>,
    pub(crate) spaces: HashMap<u32, Space>,
    /// Destroyed address spaces whose updates have not ended, by their timelines.
    pub(crate) leaving: HashMap<Timeline, Space>,
    /// Those whose updates have ended. To end one takes waiting: the thread does it, without
    /// the lock.
    pub(crate) buried: Vec<Space>,
    pub(crate) lines: HashMap<Timeline, Line>,
    /// Lines with jobs that wait here.
    pub(crate) held: BTreeSet<Timeline>,
    /// Lines with jobs that the driver has.
    pub(crate) busy: BTreeSet<Timeline>,
    pub(crate) reports: VecDeque<Report>,
    pub(crate) eventfd: Arc<OwnedFd>,
    /// The device is gone: whatever comes is cancelled.
    pub(crate) lost: bool,
    pub(crate) stop: bool,
    pub(crate) counts: Counts,
}

impl State {
    /// The slot that a timeline belongs to, if its context is there.
    pub(crate) fn slot(&mut self, timeline: Timeline) -> Option<(&mut SlotState, ContextFlags)> {
        let Owner::Slot(context, slot) = self.lines.get(&timeline)?.owner else {
            return None;
        };
        let context = self.contexts.get_mut(&context)?;
        let flags = context.flags;
        let slot = context.slots.get_mut(usize::from(slot))?;
        (slot.timeline == timeline).then_some((slot, flags))
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
        // Of several instances, xe does not tell which it was.
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

    /// Forgets a dead line that has nothing unfinished.
    pub(crate) fn bury(&mut self, timeline: Timeline) {
        let over = |line: &Line| line.dead && line.jobs.is_empty();
        if self.lines.get(&timeline).is_some_and(over) {
            self.lines.remove(&timeline);
            self.buried.extend(self.leaving.remove(&timeline));
            self.held.remove(&timeline);
            self.busy.remove(&timeline);
        }
    }

    /// The device is gone: everything ends.
    pub(crate) fn lose(&mut self, error: &io::Error) {
        if !self.lost {
            log::error!("the host's GPU is lost: {error}");
            self.lost = true;
        }
        self.end_everything();
    }

    /// Ends all jobs, of a device that is lost.
    pub(crate) fn end_everything(&mut self) {
        let timelines: Vec<_> = self.held.union(&self.busy).copied().collect();
        for timeline in timelines {
            loop {
                let line = self.lines.get(&timeline);
                let Some(job) = line.and_then(|line| line.jobs.front()) else {
                    break;
                };
                let ending = job.ending.unwrap_or(Ending::Cancelled);
                self.end_first(timeline, ending, false);
            }
            self.bury(timeline);
        }
        self.held.clear();
        self.busy.clear();
    }

    /// Has the eventfd told when each busy line's first job is over.
    pub(crate) fn arm(&mut self) {
        let mut failed = None;
        for timeline in &self.busy {
            let Some(line) = self.lines.get_mut(timeline) else {
                continue;
            };
            let Some(first) = line.jobs.front() else {
                continue;
            };
            if line.armed.is_none() {
                match line.syncobj.tell_eventfd(first.value, self.eventfd.as_fd()) {
                    Ok(()) => line.armed = Some(first.value),
                    Err(error) => failed = Some(error),
                }
            }
        }
        if let Some(error) = failed {
            self.lose(&error);
        }
    }
}
