// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What has come to its end: found out on one thread, which the files' eventfds wake.

use std::sync::Arc;

use parking_lot::Mutex;
use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use virtio_igpu_executor::{Ending, Sink, Timeline};
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
    /// Held by who reports: reports go one after the other, in order.
    reporting: Mutex<()>,
    sink: Arc<dyn Sink>,
}

impl<D: Driver> Shared<D> {
    pub(crate) fn new(state: State<D>, sink: Arc<dyn Sink>) -> Self {
        Self {
            state: Mutex::new(state),
            reporting: Mutex::new(()),
            sink,
        }
    }

    /// Reports what there is to report, unless somebody does so already, who then goes on with
    /// this. No lock of the state's is held meanwhile: the sink may come back here.
    pub(crate) fn report(&self) {
        while !self.state.lock().reports.is_empty() {
            let Some(_reporting) = self.reporting.try_lock() else {
                return;
            };
            loop {
                let report = self.state.lock().reports.pop_front();
                match report {
                    Some(Report::Ended(completion)) => self.sink.completed(completion),
                    Some(Report::Hung(hang)) => self.sink.hung(*hang),
                    None => break,
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

    /// A line has reached a value.
    fn advance(&mut self, timeline: Timeline, value: u64) {
        let Some(line) = self.lines.get_mut(&timeline) else {
            return;
        };
        let home = line.home;
        if line.armed.is_some_and(|armed| armed <= value) {
            line.armed = None;
        }
        let sent = line.sent_jobs;
        let over = |job: &&Job| job.value <= value;
        let ended = line.jobs.iter().take(sent).take_while(over).count();
        if ended == 0 {
            return;
        }
        let open = line.jobs.iter().take(ended).any(|job| job.ending.is_none());
        if open && let Some(at_fault) = self.find_hang(timeline) {
            self.note_hang(timeline, at_fault, "the host's driver has reset its engine");
        }
        for _ in 0..ended {
            let line = self.lines.get(&timeline);
            let ending = line
                .and_then(|line| line.jobs.front())
                .and_then(|job| job.ending);
            self.end_first(timeline, ending.unwrap_or(Ending::Done), true);
        }
        if let Some(line) = self.lines.get_mut(&timeline) {
            if line.sent_jobs == 0 {
                line.busy = false;
                if let Some(home) = self.homes.get_mut(&home) {
                    home.busy.retain(|&busy| busy != timeline);
                }
            } else if line.armed.is_none() {
                self.to_arm.push(timeline);
            }
        }
        self.bury(timeline);
    }

    /// If a slot's queue hung: settles its jobs, and gives the value of the one at fault. No
    /// driver tells which that was. It took long, and what had ended before was ended long
    /// before; so it is the first that has just ended.
    fn find_hang(&mut self, timeline: Timeline) -> Option<u64> {
        let (slot, flags) = self.slot(timeline)?;
        let verdict = match slot.queue.as_mut()?.verdict() {
            Ok(Verdict::Fine) => return None,
            Ok(verdict) => verdict,
            Err(error) => {
                log::warn!("the driver does not tell whether a queue hung: {error}");
                return None;
            }
        };
        let dead = verdict == Verdict::Dead;
        if dead {
            slot.queue = None;
        }
        slot.banned |= !flags.recoverable;
        let banned = slot.banned;
        let line = self.lines.get_mut(&timeline)?;
        let sent = line.sent_jobs;
        let first = line
            .jobs
            .iter_mut()
            .take(sent)
            .find(|job| job.ending.is_none())?;
        first.settle(Ending::Hung);
        let value = first.value;
        let rest = match (banned, dead) {
            (true, _) => usize::MAX,
            (false, true) => sent,
            (false, false) => 0,
        };
        for job in line.jobs.iter_mut().take(rest) {
            job.settle(Ending::Cancelled);
        }
        Some(value)
    }
}
