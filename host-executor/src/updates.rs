// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Updates of address spaces, on drivers that queue them and on drivers that don't.
//!
//! Where they count for the next batch, an update is made when all that it waits for is over.
//! What it takes away, batches under way may still use: it ends when those have. One that
//! replaces something, or cuts a mapping, would be seen half done; it is made when nothing of
//! its address space is under way. For that it lets end what it finds; what has come meanwhile
//! without needing it is let end too, and then nothing is sent before it.

use std::io;

use virtio_igpu_executor::{Backing, Ending, Point, Timeline};
use virtio_igpu_host_gpu::syncobj::Sync;

use crate::jobs::{Owner, Waits, Work};
use crate::send::Sent;
use crate::state::{Retiring, SpaceState, State};
use crate::{Change, Driver, Effect, Space};

/// Ranges that go to the driver in one call.
const MAX_BINDS: usize = 1024;

/// How many mappings a driver makes of something.
fn pieces(backing: &Backing) -> usize {
    match backing {
        Backing::Memory { extents, .. } => extents.len(),
        _ => 1,
    }
}

impl<D: Driver> State<D> {
    /// Queues a line's next updates: as many as can go in one call.
    pub(crate) fn queue_updates(
        &mut self,
        timeline: Timeline,
        id: u32,
        syncs: &mut Vec<Sync>,
    ) -> Sent {
        let mut count = self.gather(timeline, syncs);
        loop {
            let Some(line) = self.lines.get(&timeline) else {
                return Sent::Later;
            };
            let space = match self.spaces.get_mut(&id) {
                Some(space) if space.timeline == timeline => Some(space),
                _ => self.leaving.get_mut(&line.home),
            };
            let Some(SpaceState { space, .. }) = space else {
                return self.give_up(timeline, Ending::Cancelled);
            };
            let jobs = line.jobs.iter().skip(line.sent_jobs).take(count);
            let mut last = 0;
            let changes: Vec<Change<'_>> = jobs
                .filter_map(|job| {
                    last = job.value;
                    change(&job.work)
                })
                .collect();
            syncs.push(Sync {
                handle: line.handle(),
                value: last,
                signal: true,
            });
            let result = space.change(&self.memory, &changes, syncs);
            syncs.pop();
            let error = match result {
                Ok(()) => {
                    self.counts.bind_calls += 1;
                    self.counts.updates += count as u64;
                    return Sent::Jobs(count);
                }
                Err(error) => error,
            };
            if self.is_lost(&error) {
                return Sent::Later;
            }
            if count == 1 {
                return self.not_made(timeline, &error);
            }
            // One of them is at fault: they go one by one.
            count = 1;
        }
    }

    fn not_made(&mut self, timeline: Timeline, error: &io::Error) -> Sent {
        log::warn!("memory is not bound: {error}");
        self.give_up(timeline, Ending::OutOfMemory)
    }

    /// How many of a line's next updates wait for no more than the first, and change no range
    /// twice.
    fn gather(&self, timeline: Timeline, syncs: &[Sync]) -> usize {
        let (mut binds, mut ranges) = (0, Vec::<(u64, u64)>::new());
        let Some(line) = self.lines.get(&timeline) else {
            return 0;
        };
        let home = line.home;
        // A wait for what is over, or for no more than the first of them waits for.
        let waited_for = |wait: &Point| {
            let known = |handle| {
                let same = |sync: &&Sync| sync.handle == handle && sync.value >= wait.value;
                syncs.iter().any(|sync| same(&sync))
            };
            let line = self.lines.get(&wait.timeline).filter(|line| !line.dead);
            line.is_none_or(|line| {
                let here = line.home == home && known(line.handle());
                let imports = self.homes.get(&home).map(|home| &home.imports);
                let import = imports.and_then(|imports| imports.get(&wait.timeline));
                wait.value <= line.reached
                    || here
                    || import.is_some_and(|import| known(import.handle()))
            })
        };
        for job in line.jobs.iter().skip(line.sent_jobs) {
            let Some(Change {
                address,
                length,
                backing,
            }) = change(&job.work)
            else {
                break;
            };
            let (end, size) = (address + length, pieces(backing));
            let overlaps = |&(from, to): &(u64, u64)| from < end && address < to;
            if !ranges.is_empty()
                && (job.ending.is_some()
                    || binds + size > MAX_BINDS
                    || ranges.iter().any(overlaps)
                    || !job.waits.iter().all(waited_for))
            {
                break;
            }
            ranges.push((address, end));
            binds += size;
        }
        ranges.len()
    }

    /// What batches of an address space are under way.
    fn under_way(&self, space: &SpaceState<D>) -> Waits {
        let busy = self.homes.get(&space.home).map(|home| &home.busy);
        let last = |&timeline: &Timeline| {
            let line = self.lines.get(&timeline)?;
            let value = line.sent;
            matches!(line.owner, Owner::Slot(..)).then_some(Point { timeline, value })
        };
        busy.into_iter().flatten().filter_map(last).collect()
    }

    /// Makes a line's next update, if it can be made.
    pub(crate) fn make_update(&mut self, timeline: Timeline, id: u32) -> Sent {
        let Some(line) = self.lines.get(&timeline) else {
            return Sent::Later;
        };
        let Some(job) = line.jobs.get(line.sent_jobs) else {
            return Sent::Later;
        };
        if !job.waits.iter().all(|point| self.is_reached(point)) {
            return Sent::Later;
        }
        let is_over = |waits: &Waits| waits.iter().all(|point| self.is_over(point));
        let space = self.spaces.get(&id);
        let space = space.filter(|space| space.timeline == timeline);
        let (Some(space), Work::Update { before, .. }, Some(change)) =
            (space, &job.work, change(&job.work))
        else {
            return self.give_up(timeline, Ending::Cancelled);
        };
        let end = change.address + change.length;
        let overlaps = |old: &Retiring| old.address < end && change.address < old.end;
        let in_the_way = |old: &Retiring| overlaps(old) && !is_over(&old.until);
        if space.retiring.iter().any(in_the_way) {
            return Sent::Later;
        }
        let effect = space.space.effect(&change);
        let under_way = match effect {
            Effect::Adds => Waits::new(),
            Effect::Removes | Effect::Cuts => self.under_way(space),
        };
        if effect == Effect::Cuts && !under_way.is_empty() {
            let patience_is_over = before.as_ref().is_some_and(is_over);
            let first = before.is_none();
            if let Some(space) = self.spaces.get_mut(&id) {
                space.closed = patience_is_over;
            }
            if first
                && let Some(job) = self.lines.get_mut(&timeline).and_then(|line| line.next())
                && let Work::Update { before, .. } = &mut job.work
            {
                *before = Some(under_way);
            }
            return Sent::Later;
        }
        let range = (change.address, end);
        let Some(space) = self.spaces.get_mut(&id) else {
            return Sent::Later;
        };
        let result = space.space.change(&self.memory, &[change], &[]);
        space.closed = false;
        if let Err(error) = result {
            return match self.is_lost(&error) {
                true => Sent::Later,
                false => self.not_made(timeline, &error),
            };
        }
        if !under_way.is_empty() {
            let mut retiring = std::mem::take(&mut space.retiring);
            retiring.retain(|old| !old.until.iter().all(|point| self.is_over(point)));
            retiring.push(Retiring {
                address: range.0,
                end: range.1,
                until: under_way.clone(),
            });
            if let Some(space) = self.spaces.get_mut(&id) {
                space.retiring = retiring;
            }
        }
        self.counts.updates += 1;
        if let Some(job) = self.lines.get_mut(&timeline).and_then(|line| line.next()) {
            job.until = under_way;
        }
        Sent::Jobs(1)
    }

    /// Whether what reaches a point is over, whoever may still wait for it.
    fn is_over(&self, point: &Point) -> bool {
        let line = self.lines.get(&point.timeline);
        line.is_none_or(|line| line.reached >= point.value || line.dead && line.jobs.is_empty())
    }

    /// Ends what updates have been made and have nothing to wait for any more. Whether there
    /// were any.
    pub(crate) fn end_updates(&mut self) -> bool {
        let mut any = false;
        let mut applied = std::mem::take(&mut self.applied);
        applied.retain(|&timeline| {
            loop {
                let Some(line) = self.lines.get(&timeline) else {
                    return false;
                };
                let job = line.jobs.front().filter(|_| line.sent_jobs > 0);
                let Some(job) = job else {
                    break;
                };
                if !job.until.iter().all(|point| self.is_over(point)) {
                    return true;
                }
                let ending = job.ending.unwrap_or(Ending::Done);
                self.end_first(timeline, ending, false);
                any = true;
            }
            if let Some(line) = self.lines.get_mut(&timeline) {
                line.busy = false;
                if let Owner::Space(id) = line.owner {
                    self.forget_retired(id);
                }
            }
            self.bury(timeline);
            false
        });
        // Nothing was added meanwhile.
        self.applied = applied;
        any
    }

    /// Forgets ranges that no batch under way uses any more: all that was made has ended.
    fn forget_retired(&mut self, id: u32) {
        if let Some(space) = self.spaces.get_mut(&id) {
            space.retiring.clear();
        }
    }
}

/// What an update changes.
fn change(work: &Work) -> Option<Change<'_>> {
    match work {
        Work::Update {
            address,
            length,
            backing,
            ..
        } => Some(Change {
            address: *address,
            length: *length,
            backing,
        }),
        Work::Batch { .. } => None,
    }
}
