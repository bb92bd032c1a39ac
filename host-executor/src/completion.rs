// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What has come to its end: found out on one thread, which the files' eventfds wake.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use virtio_igpu_executor::{Ending, Point, Sink, Timeline};
use virtio_igpu_host_gpu::syncobj;

use crate::homes::HomeId;
use crate::jobs::{Job, Line};
use crate::state::{Report, State};
use crate::{Driver, Queue, Verdict};

/// Files that are told of at once.
const MAX_TOLD: usize = 64;

/// The state, and where it is reported to.
pub(crate) struct Shared<D: Driver> {
    pub(crate) state: Mutex<State<D>>,
    /// Held by who reports: reports go one after the other, in order. What is on its way.
    reporting: Mutex<VecDeque<Report>>,
    sink: Arc<dyn Sink>,
}

impl<D: Driver> Shared<D> {
    pub(crate) fn new(state: State<D>, sink: Arc<dyn Sink>) -> Self {
        Self {
            state: Mutex::new(state),
            reporting: Mutex::default(),
            sink,
        }
    }

    /// Reports what there is to report, unless somebody does so already, who then goes on with
    /// this. No lock of the state's is held meanwhile: the sink may come back here.
    pub(crate) fn report(&self) {
        while !self.state.lock().reports.is_empty() {
            let Some(mut reports) = self.reporting.try_lock() else {
                return;
            };
            std::mem::swap(&mut *reports, &mut self.state.lock().reports);
            for report in reports.drain(..) {
                match report {
                    Report::Ended(completion) => self.sink.completed(completion),
                    Report::Hung(hang) => self.sink.hung(*hang),
                    Report::Lost(reason) => self.sink.lost(reason),
                }
            }
        }
    }

    /// What the thread does until it is told to stop.
    pub(crate) fn listen(&self) {
        let (listener, bell) = {
            let state = self.state.lock();
            (Arc::clone(&state.listener), Arc::clone(&state.bell))
        };
        let mut told: Vec<epoll::Event> = Vec::with_capacity(MAX_TOLD);
        loop {
            told.clear();
            match epoll::wait(&listener, spare_capacity(&mut told), None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    log::error!("the host's GPU can't be listened to: {error}");
                    return;
                }
            }
            let mut state = self.state.lock();
            if state.stop {
                return;
            }
            state.counts.wakes += 1;
            for event in &told {
                match event.data.u64() {
                    0 => {
                        let _ = rustix::io::read(&bell, &mut [0; 8]);
                    }
                    home => state.told(home),
                }
            }
            state.pump();
            let buried = std::mem::take(&mut state.buried);
            drop(state);
            self.report();
            drop(buried);
        }
    }
}

impl<D: Driver> State<D> {
    /// A file's eventfd was told: ends what is over.
    fn told(&mut self, id: HomeId) {
        let Some(home) = self.homes.get_mut(&id) else {
            return;
        };
        home.listen();
        // Where all that it waits for is reached, and nothing was sent behind that, nothing is
        // left to be asked.
        let last = |timeline: &Timeline| {
            let line = self.lines.get(timeline);
            line.is_some_and(|line| line.armed == Some(line.sent))
        };
        if home.told == home.armed && home.busy.iter().all(last) {
            let mut timelines = std::mem::take(&mut self.scratch.timelines);
            timelines.clone_from(&home.busy);
            for &timeline in &timelines {
                let sent = self.lines.get(&timeline).map_or(0, |line| line.sent);
                self.advance(timeline, sent);
            }
            self.scratch.timelines = timelines;
        } else {
            self.collect(id);
        }
    }

    /// Finds out how far everything has come.
    pub(crate) fn collect_all(&mut self) {
        let homes: Vec<HomeId> = self.homes.keys().copied().collect();
        for home in homes {
            self.collect(home);
        }
    }

    /// Finds out how far a file's busy lines have come, and ends what is over.
    fn collect(&mut self, id: HomeId) {
        let Some(home) = self.homes.get(&id) else {
            return;
        };
        if home.busy.is_empty() {
            return;
        }
        let file = Arc::clone(&home.file);
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.timelines.clone_from(&home.busy);
        scratch.handles.clear();
        let handle = |timeline| self.lines.get(timeline).map_or(0, Line::handle);
        scratch.handles.extend(scratch.timelines.iter().map(handle));
        match syncobj::query(&*file, &scratch.handles, &mut scratch.values) {
            Ok(()) => {
                for (&timeline, &value) in scratch.timelines.iter().zip(&scratch.values) {
                    self.advance(timeline, value);
                }
            }
            Err(error) => self.lose(&error),
        }
        self.scratch = scratch;
    }

    /// The driver says that a line has reached a value.
    fn advance(&mut self, timeline: Timeline, value: u64) {
        let Some(line) = self.lines.get_mut(&timeline) else {
            return;
        };
        line.known = line.known.max(value);
        if line.armed.is_some_and(|armed| armed <= value) {
            line.armed = None;
        }
        let mut any = self.end_known(timeline);
        let mut again = std::mem::take(&mut self.again);
        while any && !self.deferred.is_empty() {
            any = false;
            std::mem::swap(&mut again, &mut self.deferred);
            for timeline in again.drain(..) {
                if let Some(line) = self.lines.get_mut(&timeline) {
                    line.deferred = false;
                    any |= self.end_known(timeline);
                }
            }
        }
        self.again = again;
    }

    /// Ends what is over of a line, up to the first that waited for something whose end has not
    /// been reported. Whether there was anything.
    fn end_known(&mut self, timeline: Timeline) -> bool {
        let (mut any, mut asked) = (false, false);
        loop {
            let Some(line) = self.lines.get(&timeline) else {
                return any;
            };
            let over = |job: &&Job| line.sent_jobs > 0 && job.value <= line.known;
            let Some(job) = line.jobs.front().filter(over) else {
                break;
            };
            // What is done at once was done before it.
            let at_once = |wait: &Point| {
                let line = self.lines.get(&wait.timeline);
                line.is_some_and(|line| line.syncobj.is_none())
            };
            if !job
                .waits
                .iter()
                .all(|wait| self.is_reached(wait) || at_once(wait))
            {
                if let Some(line) = self.lines.get_mut(&timeline)
                    && !line.deferred
                {
                    line.deferred = true;
                    self.deferred.push(timeline);
                }
                break;
            }
            let (mut ending, value) = (job.ending, job.value);
            // Once: what came before the next report was before the hang.
            if !asked && ending.is_none() {
                asked = true;
                match self.find_hang(timeline) {
                    Ok(false) => {}
                    Ok(true) => {
                        self.note_hang(timeline, value, "the host's driver has reset its engine");
                        ending = Some(Ending::Hung);
                    }
                    Err(error) => {
                        self.lose(&error);
                        return any;
                    }
                }
            }
            self.end_first(timeline, ending.unwrap_or(Ending::Done), true);
            any = true;
        }
        let Some(line) = self.lines.get_mut(&timeline) else {
            return any;
        };
        if line.sent_jobs > 0 {
            if line.armed.is_none() {
                self.to_arm.push(timeline);
            }
        } else if line.busy {
            line.busy = false;
            if let Some(home) = self.homes.get_mut(&line.home) {
                home.busy.retain(|&busy| busy != timeline);
            }
        }
        self.bury(timeline);
        any
    }

    /// Whether a slot's queue hung, and if so settles its jobs behind the first. No driver tells
    /// which job was at fault. It took long, and what had ended before was ended long before;
    /// so it is the first that has just ended. An error: the device is lost.
    fn find_hang(&mut self, timeline: Timeline) -> io::Result<bool> {
        let Some((slot, flags)) = self.slot(timeline) else {
            return Ok(false);
        };
        let verdict = match slot.queue.as_mut().map(|queue| queue.verdict()) {
            None | Some(Ok(Verdict::Fine)) => return Ok(false),
            Some(Ok(verdict)) => verdict,
            Some(Err(error)) if self.driver.is_lost(&error) => return Err(error),
            Some(Err(error)) => {
                log::warn!("the driver does not tell whether a queue hung: {error}");
                return Ok(false);
            }
        };
        let dead = verdict == Verdict::Dead;
        if dead {
            slot.queue = None;
        }
        slot.banned |= !flags.recoverable;
        let banned = slot.banned;
        if let Some(line) = self.lines.get_mut(&timeline) {
            let rest = match (banned, dead) {
                (true, _) => usize::MAX,
                (false, true) => line.sent_jobs,
                (false, false) => 0,
            };
            for job in line.jobs.iter_mut().take(rest).skip(1) {
                job.settle(Ending::Cancelled);
            }
        }
        Ok(true)
    }
}
