// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Timelines, and the work that is under way on them.

use std::collections::VecDeque;

use smallvec::SmallVec;
use virtio_igpu_executor::{Backing, Ending, Point};
use virtio_igpu_host_gpu::syncobj::Syncobj;

use crate::homes::HomeId;

/// What a job waits for. Most wait for few.
pub(crate) type Waits = SmallVec<[Point; 4]>;

/// What a job does.
#[derive(Debug)]
pub(crate) enum Work {
    /// Changes a range of an address space.
    Update {
        /// GPU address.
        address: u64,
        /// Bytes.
        length: u64,
        /// What the range holds afterwards.
        backing: Backing,
        /// What was under way when it first could have been made, and had to be let end.
        before: Option<Waits>,
    },
    /// Executes a batch.
    Batch {
        /// Its GPU address.
        address: u64,
        /// Its priority, as the guest has it.
        priority: i32,
    },
}

/// An accepted update or submission.
#[derive(Debug)]
pub(crate) struct Job {
    /// The timeline's value when it is over.
    pub(crate) value: u64,
    /// What it does, until it was sent.
    pub(crate) work: Work,
    /// What comes first.
    pub(crate) waits: Waits,
    /// What has to end before an update that has been made is over.
    pub(crate) until: Waits,
    /// How it ends, if that is settled: it is not to be executed then, or no more.
    pub(crate) ending: Option<Ending>,
}

impl Job {
    pub(crate) fn new(value: u64, work: Work, waits: Waits) -> Self {
        Self {
            value,
            work,
            waits,
            until: Waits::new(),
            ending: None,
        }
    }

    /// It ends so, whatever it does and waits for.
    pub(crate) fn settle(&mut self, ending: Ending) {
        if self.ending.is_none() {
            self.ending = Some(ending);
        }
        self.waits.clear();
    }
}

/// Whose timeline it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// An address space's.
    Space(u32),
    /// That of a context's slot.
    Slot(u32, u16),
}

/// A timeline, with its unfinished jobs in their order: first those the driver has, then those
/// that wait here.
#[derive(Debug)]
pub(crate) struct Line {
    /// None where the driver has no fences for what is done on it.
    pub(crate) syncobj: Option<Syncobj>,
    /// The file that the sync object belongs to.
    pub(crate) home: HomeId,
    pub(crate) owner: Owner,
    /// The greatest value that was accepted.
    pub(crate) accepted: u64,
    /// The greatest value that the driver was told to reach.
    pub(crate) sent: u64,
    /// The value that was reached, and reported.
    pub(crate) reached: u64,
    /// The value that the driver says is reached.
    pub(crate) known: u64,
    /// It is among those of which something waits to be reported.
    pub(crate) deferred: bool,
    /// The value at which the eventfd is told, if it waits for one.
    pub(crate) armed: Option<u64>,
    pub(crate) jobs: VecDeque<Job>,
    /// How many of them the driver has.
    pub(crate) sent_jobs: usize,
    /// It is among those with jobs that wait here.
    pub(crate) held: bool,
    /// It is among its file's busy ones.
    pub(crate) busy: bool,
    /// Other files have it among their imports.
    pub(crate) shared: bool,
    /// The owner is gone: nobody can wait for it any more.
    pub(crate) dead: bool,
}

impl Line {
    pub(crate) fn new(syncobj: Option<Syncobj>, home: HomeId, owner: Owner) -> Self {
        Self {
            syncobj,
            home,
            owner,
            accepted: 0,
            sent: 0,
            reached: 0,
            known: 0,
            deferred: false,
            armed: None,
            jobs: VecDeque::new(),
            sent_jobs: 0,
            held: false,
            busy: false,
            shared: false,
            dead: false,
        }
    }

    /// The sync object's number in its file; 0 if there is none.
    pub(crate) fn handle(&self) -> u32 {
        self.syncobj.as_ref().map_or(0, Syncobj::handle)
    }

    /// Settles all its jobs.
    pub(crate) fn settle(&mut self, ending: Ending) {
        for job in &mut self.jobs {
            job.settle(ending);
        }
    }

    /// The first job that waits here.
    pub(crate) fn next(&mut self) -> Option<&mut Job> {
        self.jobs.get_mut(self.sent_jobs)
    }

    /// The driver has the next `count` jobs.
    pub(crate) fn was_sent(&mut self, count: usize) {
        self.sent_jobs += count;
        if let Some(job) = self.sent_jobs.checked_sub(1).and_then(|n| self.jobs.get(n)) {
            self.sent = job.value;
        }
    }
}
