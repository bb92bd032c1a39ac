// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What waits here goes to the driver, as soon as the driver can be told what it waits for.
//!
//! A driver takes a wait only for a point whose fence is there. So a job stays here until all
//! that it waits for was sent; from then on the order is the driver's business.

use std::io;

use virtio_igpu_executor::{Ending, Timeline};
use virtio_igpu_host_gpu::errno::{EAGAIN, ECANCELED, EIO};
use virtio_igpu_host_gpu::syncobj::Sync;

use crate::homes::HomeId;
use crate::jobs::{Owner, Work};
use crate::state::State;
use crate::{Binds, Driver, Queue};

/// Syncs of one call.
const MAX_SYNCS: usize = 1024;

/// What became of a job that was to be sent.
pub(crate) enum Sent {
    /// The driver has this many.
    Jobs(usize),
    /// Not now.
    Later,
}

impl<D: Driver> State<D> {
    /// Sends all that can be sent.
    pub(crate) fn pump(&mut self) {
        loop {
            let mut any = self.end_updates();
            let mut held = std::mem::take(&mut self.scratch.timelines);
            held.clone_from(&self.held);
            for &timeline in &held {
                any |= self.send(timeline);
            }
            self.scratch.timelines = held;
            let lines = &self.lines;
            self.held
                .retain(|timeline| lines.get(timeline).is_some_and(|line| line.held));
            if self.lost {
                self.end_everything();
                return;
            }
            if !any {
                break;
            }
        }
        self.arm();
    }

    /// Sends what a line holds, as far as that goes. Whether there was anything.
    fn send(&mut self, timeline: Timeline) -> bool {
        let mut any = false;
        while !self.lost {
            match self.send_next(timeline) {
                Some(Sent::Jobs(count)) => {
                    self.was_sent(timeline, count);
                    any = true;
                }
                Some(Sent::Later) => return any,
                None => {
                    if let Some(line) = self.lines.get_mut(&timeline) {
                        line.held = false;
                    }
                    return any;
                }
            }
        }
        any
    }

    fn was_sent(&mut self, timeline: Timeline, count: usize) {
        let Some(line) = self.lines.get_mut(&timeline) else {
            return;
        };
        line.was_sent(count);
        if !line.busy {
            line.busy = true;
            match (&line.syncobj, self.homes.get_mut(&line.home)) {
                (Some(_), Some(home)) => home.busy.push(timeline),
                _ => self.applied.push(timeline),
            }
        }
        // Those behind others are seen to when those have ended.
        let first = line.sent_jobs == count;
        if first && line.armed.is_none() && line.syncobj.is_some() {
            self.to_arm.push(timeline);
        }
    }

    /// What the driver has to wait for before a line's next job. False if it can't be told yet.
    fn syncs(&mut self, timeline: Timeline, syncs: &mut Vec<Sync>) -> io::Result<bool> {
        syncs.clear();
        let Some(line) = self.lines.get_mut(&timeline) else {
            return Ok(false);
        };
        let home = line.home;
        let Some(job) = line.next() else {
            return Ok(false);
        };
        if job.waits.is_empty() {
            return Ok(true);
        }
        let waits = std::mem::take(&mut job.waits);
        let mut answer = Ok(true);
        for wait in &waits {
            let Some(line) = self.lines.get(&wait.timeline).filter(|line| !line.dead) else {
                continue;
            };
            if wait.value <= line.reached {
                continue;
            }
            if wait.value > line.sent {
                answer = Ok(false);
                break;
            }
            if line.syncobj.is_none() {
                // An update that has been made holds for every later batch of its own address
                // space, though not all that it waits for to be over may be.
                if line.home != home {
                    answer = Ok(false);
                    break;
                }
                continue;
            }
            let handle = match line.home == home {
                true => line.handle(),
                false => match self.import(home, wait.timeline) {
                    Ok(handle) => handle,
                    Err(error) => {
                        answer = Err(error);
                        break;
                    }
                },
            };
            match syncs.iter_mut().find(|sync| sync.handle == handle) {
                Some(sync) => sync.value = sync.value.max(wait.value),
                None => syncs.push(Sync {
                    handle,
                    value: wait.value,
                    signal: false,
                }),
            }
        }
        if let Some(job) = self.lines.get_mut(&timeline).and_then(|line| line.next()) {
            job.waits = waits;
        }
        answer.map(|complete| complete && syncs.len() < MAX_SYNCS)
    }

    /// The number that a line's sync object has in another file.
    fn import(&mut self, home: HomeId, timeline: Timeline) -> io::Result<u32> {
        let gone = || io::Error::other("the address space is gone");
        let home = self.homes.get_mut(&home).ok_or_else(gone)?;
        if let Some(known) = home.imports.get(&timeline) {
            return Ok(known.handle());
        }
        let line = self.lines.get_mut(&timeline).ok_or_else(gone)?;
        let syncobj = line.syncobj.as_ref().ok_or_else(gone)?;
        let import = syncobj.in_file(&home.file)?;
        let handle = import.handle();
        line.shared = true;
        home.imports.insert(timeline, import);
        Ok(handle)
    }

    /// Sends a line's next job, or several; none if there is none.
    fn send_next(&mut self, timeline: Timeline) -> Option<Sent> {
        let line = self.lines.get_mut(&timeline)?;
        let owner = line.owner;
        if line.next()?.ending.is_some() {
            return Some(self.pass(timeline));
        }
        if let (Owner::Space(id), Binds::AtOnce) = (owner, D::BINDS) {
            return Some(self.make_update(timeline, id));
        }
        let mut syncs = std::mem::take(&mut self.scratch.syncs);
        let sent = match (self.syncs(timeline, &mut syncs), owner) {
            (Ok(false), _) => Sent::Later,
            (Ok(true), Owner::Space(id)) => self.queue_updates(timeline, id, &mut syncs),
            (Ok(true), Owner::Slot(..)) => self.send_batch(timeline, &mut syncs),
            (Err(error), _) => {
                log::warn!("a timeline can't be waited for: {error}");
                self.give_up(timeline, Ending::Cancelled)
            }
        };
        self.scratch.syncs = syncs;
        Some(sent)
    }

    /// A job that is not executed reaches its point when those before it have.
    fn pass(&mut self, timeline: Timeline) -> Sent {
        let Some(line) = self.lines.get_mut(&timeline) else {
            return Sent::Later;
        };
        if let Owner::Space(id) = line.owner
            && let Some(space) = self.spaces.get_mut(&id)
        {
            space.closed &= space.timeline != timeline;
        }
        let Some(value) = line.next().map(|job| job.value) else {
            return Sent::Later;
        };
        match line.syncobj.as_ref().map(|syncobj| syncobj.signal(value)) {
            None | Some(Ok(())) => Sent::Jobs(1),
            Some(Err(error)) => {
                self.lose(&error);
                Sent::Later
            }
        }
    }

    /// Settles the line's next job, and passes it.
    pub(crate) fn give_up(&mut self, timeline: Timeline, ending: Ending) -> Sent {
        if let Some(job) = self.lines.get_mut(&timeline).and_then(|line| line.next()) {
            job.settle(ending);
        }
        self.pass(timeline)
    }

    fn send_batch(&mut self, timeline: Timeline, syncs: &mut Vec<Sync>) -> Sent {
        let Some(line) = self.lines.get_mut(&timeline) else {
            return Sent::Later;
        };
        let (handle, under_way) = (line.handle(), line.sent_jobs > 0);
        let Some(job) = line.next() else {
            return Sent::Later;
        };
        let value = job.value;
        let Work::Batch { address, priority } = job.work else {
            return self.give_up(timeline, Ending::Cancelled);
        };
        syncs.push(Sync {
            handle,
            value,
            signal: true,
        });
        // A queue that is found dead while nothing of it is under way is made anew, once.
        for _ in 0..2 {
            let error = match self.exec(timeline, address, priority, syncs) {
                Ok(Some(sent)) => return sent,
                Ok(None) => return self.give_up(timeline, Ending::Cancelled),
                Err(error) => error,
            };
            if self.is_lost(&error) {
                return Sent::Later;
            }
            match error.raw_os_error() {
                // As many as a queue may have, or one that has hung: its end is under way.
                Some(EAGAIN | ECANCELED | EIO) if under_way => return Sent::Later,
                Some(ECANCELED | EIO) => {
                    if let Some((slot, _)) = self.slot(timeline) {
                        slot.queue = None;
                    }
                }
                _ if error.kind() == io::ErrorKind::NotFound => {
                    self.note_hang(timeline, value, "nothing is mapped where its batch begins");
                    if let Some((slot, flags)) = self.slot(timeline) {
                        slot.banned |= !flags.recoverable;
                    }
                    return self.give_up(timeline, Ending::Hung);
                }
                _ => {
                    log::warn!("a batch is not executed: {error}");
                    return self.give_up(timeline, Ending::Cancelled);
                }
            }
        }
        self.give_up(timeline, Ending::Cancelled)
    }

    /// Executes a batch of a slot; none if it is not to be.
    fn exec(
        &mut self,
        timeline: Timeline,
        address: u64,
        priority: i32,
        syncs: &[Sync],
    ) -> io::Result<Option<Sent>> {
        let Some(Owner::Slot(id, number)) = self.lines.get(&timeline).map(|line| line.owner) else {
            return Ok(None);
        };
        let Some(context) = self.contexts.get_mut(&id) else {
            return Ok(None);
        };
        let (cancelled, recoverable) = (context.cancelled, context.flags.recoverable);
        let space = self.spaces.get_mut(&context.space);
        let (Some(slot), Some(space)) = (context.slots.get_mut(usize::from(number)), space) else {
            return Ok(None);
        };
        if cancelled || slot.banned {
            return Ok(None);
        }
        if space.closed {
            return Ok(Some(Sent::Later));
        }
        let queue = match &mut slot.queue {
            Some(queue) => queue,
            none => {
                let engines = (slot.class, slot.instances);
                let made = self
                    .driver
                    .new_queue(&space.space, engines, priority, recoverable)?;
                self.counts.queues += 1;
                none.insert(made)
            }
        };
        queue.exec(&mut space.space, address, priority, syncs)?;
        self.counts.submissions += 1;
        Ok(Some(Sent::Jobs(1)))
    }
}
