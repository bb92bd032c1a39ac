// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What waits here goes to the driver, as soon as the driver can be told what it waits for.
//!
//! xe takes a wait only for a point whose fence is there. So a job stays here until all that
//! it waits for was sent; from then on the order is the driver's business.

use std::io;

use virtio_igpu_executor::{Backing, Ending, Point, Timeline};
use virtio_igpu_host_gpu::xe::{Bind, EngineName, MAX_SYNCS, PRIORITY_NORMAL, Queue, Sync};

use crate::jobs::{Owner, Work};
use crate::state::{Space, State};

/// Ranges that go to the driver in one call.
const MAX_BINDS: usize = 1024;

/// Errors of the system calls, by number.
const EAGAIN: i32 = 11;
const EIO: i32 = 5;
const ENODEV: i32 = 19;
const ECANCELED: i32 = 125;

/// What became of a job that was to be sent.
enum Sent {
    /// The driver has this many.
    Jobs(usize),
    /// Not now.
    Later,
}

fn lost(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(ENODEV | EIO))
}

impl State {
    /// Sends all that can be sent.
    pub(crate) fn pump(&mut self) {
        loop {
            let mut any = false;
            let held: Vec<_> = self.held.iter().copied().collect();
            for timeline in held {
                any |= self.send(timeline);
            }
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
                    if let Some(line) = self.lines.get_mut(&timeline) {
                        line.was_sent(count);
                    }
                    self.busy.insert(timeline);
                    any = true;
                }
                Some(Sent::Later) => return any,
                None => {
                    self.held.remove(&timeline);
                    return any;
                }
            }
        }
        any
    }

    /// What the driver has to wait for so that these points are reached; none if it can't be
    /// told yet.
    fn syncs(&self, waits: &[Point]) -> Option<Vec<Sync>> {
        let mut syncs: Vec<Sync> = Vec::new();
        for wait in waits {
            let Some(line) = self.lines.get(&wait.timeline).filter(|line| !line.dead) else {
                continue;
            };
            if wait.value <= line.reached {
                continue;
            }
            if wait.value > line.sent {
                return None;
            }
            let handle = line.syncobj.handle();
            match syncs.iter_mut().find(|sync| sync.handle == handle) {
                Some(sync) => sync.value = sync.value.max(wait.value),
                None => syncs.push(Sync {
                    handle,
                    value: wait.value,
                    signal: false,
                }),
            }
        }
        (syncs.len() < MAX_SYNCS).then_some(syncs)
    }

    /// Sends a line's next job, or several; none if there is none.
    fn send_next(&mut self, timeline: Timeline) -> Option<Sent> {
        let line = self.lines.get_mut(&timeline)?;
        let (owner, handle) = (line.owner, line.syncobj.handle());
        let job = line.next()?;
        let value = job.value;
        if job.ending.is_some() {
            return Some(self.pass(timeline));
        }
        let waits = std::mem::take(&mut job.waits);
        let syncs = self.syncs(&waits);
        if let Some(job) = self.lines.get_mut(&timeline).and_then(|line| line.next()) {
            job.waits = waits;
        }
        let Some(mut syncs) = syncs else {
            return Some(Sent::Later);
        };
        let sent = match owner {
            Owner::Space(id) => self.send_updates(timeline, id, &mut syncs),
            Owner::Slot(..) => {
                syncs.push(Sync {
                    handle,
                    value,
                    signal: true,
                });
                self.send_batch(timeline, &syncs)
            }
        };
        Some(sent)
    }

    /// A job that is not executed reaches its point when those before it have.
    fn pass(&mut self, timeline: Timeline) -> Sent {
        let Some(line) = self.lines.get_mut(&timeline) else {
            return Sent::Later;
        };
        let Some(value) = line.next().map(|job| job.value) else {
            return Sent::Later;
        };
        match line.syncobj.signal(value) {
            Ok(()) => Sent::Jobs(1),
            Err(error) => {
                self.lose(&error);
                Sent::Later
            }
        }
    }

    /// Settles the line's next job, and passes it.
    fn give_up(&mut self, timeline: Timeline, ending: Ending) -> Sent {
        if let Some(job) = self.lines.get_mut(&timeline).and_then(|line| line.next()) {
            job.settle(ending);
        }
        self.pass(timeline)
    }

    fn send_batch(&mut self, timeline: Timeline, syncs: &[Sync]) -> Sent {
        let job = self.lines.get_mut(&timeline).and_then(|line| line.next());
        let Some(&mut Work::Batch { address, priority }) = job.map(|job| &mut job.work) else {
            return self.give_up(timeline, Ending::Cancelled);
        };
        // A queue that is found banned while nothing of it is under way is made anew, once.
        for _ in 0..2 {
            let result = match self.queue(timeline, priority) {
                Ok(Some(queue)) => queue.exec(address, syncs),
                Ok(None) => return self.give_up(timeline, Ending::Cancelled),
                Err(error) => Err(error),
            };
            let error = match result {
                Ok(()) => {
                    self.counts.submissions += 1;
                    return Sent::Jobs(1);
                }
                Err(error) => error,
            };
            let under_way = self.lines.get(&timeline).is_some_and(|l| l.sent_jobs > 0);
            match error.raw_os_error() {
                // As many as a queue may have, or one that has hung: its end is under way.
                Some(EAGAIN | ECANCELED) if under_way => return Sent::Later,
                Some(ECANCELED) => {
                    if let Some((slot, _)) = self.slot(timeline) {
                        slot.queue = None;
                    }
                }
                _ if lost(&error) => {
                    self.lose(&error);
                    return Sent::Later;
                }
                _ => {
                    log::warn!("a batch is not executed: {error}");
                    return self.give_up(timeline, Ending::Cancelled);
                }
            }
        }
        self.give_up(timeline, Ending::Cancelled)
    }

    /// The queue of a slot; none if it is not to execute anything.
    fn queue(&mut self, timeline: Timeline, priority: i32) -> io::Result<Option<&Queue>> {
        let Some(Owner::Slot(id, number)) = self.lines.get(&timeline).map(|line| line.owner) else {
            return Ok(None);
        };
        let Some(context) = self.contexts.get_mut(&id) else {
            return Ok(None);
        };
        let cancelled = context.cancelled;
        let space = self.spaces.get(&context.space);
        let (Some(slot), Some(space)) = (context.slots.get_mut(usize::from(number)), space) else {
            return Ok(None);
        };
        if cancelled || slot.banned {
            return Ok(None);
        }
        if slot.queue.is_none() {
            let instances = slot.instances;
            let fits = |name: &&EngineName| {
                let instance = u32::from(name.engine_instance);
                name.engine_class == slot.class
                    && name.gt_id == 0
                    && instances.checked_shr(instance).unwrap_or(0) & 1 != 0
            };
            let engines: Vec<_> = self
                .engines
                .iter()
                .filter(|name| fits(name))
                .copied()
                .collect();
            let wanted = match priority {
                ..0 => 0,
                0 => PRIORITY_NORMAL,
                _ => PRIORITY_NORMAL + 1,
            };
            let priority = wanted.min(self.config.max_priority);
            slot.queue = Some(Queue::new(&space.vm, &engines, priority)?);
            self.counts.queues += 1;
        }
        Ok(slot.queue.as_ref())
    }

    /// Sends a line's next updates: as many as can go in one call.
    fn send_updates(&mut self, timeline: Timeline, id: u32, syncs: &mut Vec<Sync>) -> Sent {
        let (mut binds, mut count, mut last) = self.gather(timeline, syncs);
        loop {
            let Some(line) = self.lines.get_mut(&timeline) else {
                return Sent::Later;
            };
            let signal = Sync {
                handle: line.syncobj.handle(),
                value: last,
                signal: true,
            };
            let space = match self.spaces.get_mut(&id) {
                Some(space) if space.timeline == timeline => Some(space),
                _ => self.leaving.get_mut(&timeline),
            };
            let Some(Space { vm, mappings, .. }) = space else {
                return self.give_up(timeline, Ending::Cancelled);
            };
            syncs.push(signal);
            let result = vm.bind(&self.memory, &binds, syncs);
            syncs.pop();
            let error = match result {
                Ok(()) => {
                    let sent = line.jobs.iter().skip(line.sent_jobs).take(count);
                    for job in sent {
                        if let Work::Update {
                            address,
                            length,
                            backing,
                        } = &job.work
                        {
                            mappings.update(*address, *length, backing);
                        }
                    }
                    self.counts.bind_calls += 1;
                    self.counts.binds += binds.len() as u64;
                    self.counts.updates += count as u64;
                    return Sent::Jobs(count);
                }
                Err(error) => error,
            };
            if lost(&error) {
                self.lose(&error);
                return Sent::Later;
            }
            if count == 1 {
                log::warn!("memory is not bound: {error}");
                return self.give_up(timeline, Ending::OutOfMemory);
            }
            // One of them is at fault: they go one by one.
            let Some(job) = line.next() else {
                return Sent::Later;
            };
            (binds, count, last) = (Vec::new(), 1, job.value);
            add_binds(&job.work, &mut binds);
        }
    }

    /// The next updates of a line that wait for no more than the first, and change no range
    /// twice: what they change, how many they are, and the last one's value.
    fn gather(&self, timeline: Timeline, syncs: &[Sync]) -> (Vec<Bind>, usize, u64) {
        let (mut binds, mut ranges, mut last) = (Vec::new(), Vec::<(u64, u64)>::new(), 0);
        let jobs = self.lines.get(&timeline).map(|line| (line, line.sent_jobs));
        let jobs = jobs
            .into_iter()
            .flat_map(|(line, sent)| line.jobs.iter().skip(sent));
        for job in jobs {
            let Work::Update {
                address,
                length,
                backing,
            } = &job.work
            else {
                break;
            };
            let end = address + length;
            if !ranges.is_empty() {
                let size = match backing {
                    Backing::Memory { extents, .. } => extents.len(),
                    _ => 1,
                };
                let overlaps = |&(from, to): &(u64, u64)| from < end && *address < to;
                let waited_for = |sync: &Sync| {
                    let same = |known: &&Sync| known.handle == sync.handle;
                    syncs
                        .iter()
                        .find(same)
                        .is_some_and(|known| known.value >= sync.value)
                };
                let may_go = |more: Vec<Sync>| more.iter().all(waited_for);
                if job.ending.is_some()
                    || binds.len() + size > MAX_BINDS
                    || ranges.iter().any(overlaps)
                    || !self.syncs(&job.waits).is_some_and(may_go)
                {
                    break;
                }
            }
            ranges.push((*address, end));
            add_binds(&job.work, &mut binds);
            last = job.value;
        }
        (binds, ranges.len(), last)
    }
}

/// The steps of an update.
fn add_binds(work: &Work, binds: &mut Vec<Bind>) {
    let &Work::Update {
        address,
        length,
        ref backing,
    } = work
    else {
        return;
    };
    match backing {
        Backing::Null => binds.push(Bind::Null { address, length }),
        Backing::Nothing => binds.push(Bind::Nothing { address, length }),
        Backing::Memory { extents, read_only } => {
            let mut address = address;
            for &extent in extents {
                binds.push(Bind::Memory {
                    address,
                    extent,
                    read_only: *read_only,
                });
                address += extent.length;
            }
        }
    }
}
