// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What has come to its end: found out on one thread, which an eventfd wakes.

use std::sync::Arc;

use parking_lot::Mutex;
use virtio_igpu_executor::{Ending, Sink, Timeline};
use virtio_igpu_host_gpu::syncobj;

use crate::state::{Report, State};

/// The state, and where it is reported to.
pub(crate) struct Shared {
    pub(crate) state: Mutex<State>,
    /// Held by who reports: reports go one after the other, in order.
    reporting: Mutex<()>,
    sink: Arc<dyn Sink>,
}

impl Shared {
    pub(crate) fn new(state: State, sink: Arc<dyn Sink>) -> Self {
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
        let eventfd = Arc::clone(&self.state.lock().eventfd);
        let mut count = [0; 8];
        loop {
            let read = rustix_read(&eventfd, &mut count);
            let mut state = self.state.lock();
            if state.stop || read.is_err() {
                return;
            }
            state.counts.wakes += 1;
            state.collect();
            state.pump();
            let buried = std::mem::take(&mut state.buried);
            drop(state);
            self.report();
            drop(buried);
        }
    }
}

fn rustix_read(eventfd: &std::os::fd::OwnedFd, count: &mut [u8]) -> std::io::Result<()> {
    loop {
        match rustix::io::read(eventfd, &mut *count) {
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

impl State {
    /// Finds out how far all busy lines have come, and ends what is over.
    pub(crate) fn collect(&mut self) {
        let busy: Vec<Timeline> = self.busy.iter().copied().collect();
        let handle = |timeline| self.lines.get(timeline).map_or(0, |l| l.syncobj.handle());
        let handles: Vec<u32> = busy.iter().map(handle).collect();
        if handles.is_empty() {
            return;
        }
        let mut values = Vec::new();
        if let Err(error) = syncobj::query(&*self.file, &handles, &mut values) {
            self.lose(&error);
            return;
        }
        for (timeline, value) in busy.into_iter().zip(values) {
            self.advance(timeline, value);
        }
    }

    /// A line has reached a value.
    fn advance(&mut self, timeline: Timeline, value: u64) {
        let Some(line) = self.lines.get_mut(&timeline) else {
            return;
        };
        if line.armed.is_some_and(|armed| armed <= value) {
            line.armed = None;
        }
        let sent = line.sent_jobs;
        let over = |value: u64| move |job: &&crate::jobs::Job| job.value <= value;
        let ended = line.jobs.iter().take(sent).take_while(over(value)).count();
        if ended == 0 {
            return;
        }
        let open = line.jobs.iter().take(ended).any(|job| job.ending.is_none());
        if open && let Some(at_fault) = self.find_hang(timeline) {
            self.note_hang(timeline, at_fault, "the host's driver has banned its queue");
        }
        for _ in 0..ended {
            let line = self.lines.get(&timeline);
            let ending = line
                .and_then(|line| line.jobs.front())
                .and_then(|job| job.ending);
            self.end_first(timeline, ending.unwrap_or(Ending::Done), true);
        }
        let idle = |line: &crate::jobs::Line| line.sent_jobs == 0;
        if self.lines.get(&timeline).is_none_or(idle) {
            self.busy.remove(&timeline);
        }
        self.bury(timeline);
    }

    /// If a slot's queue was banned: settles its jobs, and gives the value of the one at fault.
    /// xe does not tell which that was. All that a banned queue had ends at once, long after
    /// what had ended well before, so it is the first that has just ended.
    fn find_hang(&mut self, timeline: Timeline) -> Option<u64> {
        let (slot, flags) = self.slot(timeline)?;
        match slot.queue.as_ref()?.is_banned() {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => {
                log::warn!("xe does not tell whether a queue was banned: {error}");
                return None;
            }
        }
        slot.queue = None;
        slot.banned = !flags.recoverable;
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
        let rest = if banned { usize::MAX } else { sent };
        for job in line.jobs.iter_mut().take(rest) {
            job.settle(Ending::Cancelled);
        }
        Some(value)
    }
}
