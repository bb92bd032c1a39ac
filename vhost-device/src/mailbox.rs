// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Where executors drop their reports, to be passed on to the driver.
//!
//! While the queue worker is awake it looks into the mailbox itself, so that reports made
//! from inside its own calls (an update that is applied at once) cost no system call. When
//! it sleeps, the thread that reports is asked to pass on what is there by itself, by a
//! [`Courier`]: to wake another thread for that would cost more. If it can't, the worker is
//! woken by the eventfd that it sleeps on. Knows nothing of queues or sessions.

use std::io;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use vmm_sys_util::eventfd::{EFD_CLOEXEC, EFD_NONBLOCK, EventFd};

use crate::executor::{Completion, Hang, Sink};

/// Something an executor reported.
#[derive(Clone, Debug)]
pub enum Report {
    /// Work ended, at that moment.
    Completed(Completion, Instant),
    /// A submission hung.
    Hung(Hang),
    /// The GPU is gone, for that reason.
    Lost(String),
}

/// Passes on what is in the mailbox, on the thread that calls, and without waiting for
/// anybody; or says that the worker has to (`false`).
pub type Courier = dyn Fn() -> bool + Send + Sync;

#[derive(Default)]
struct State {
    reports: Vec<Report>,
    /// The worker is awake and will look before it sleeps.
    awake: bool,
    /// The eventfd has been written since the worker last looked.
    notified: bool,
    /// Nobody wants to hear more.
    closed: bool,
}

/// The mailbox of one session.
pub struct Mailbox {
    state: Mutex<State>,
    wake: Arc<EventFd>,
    courier: Arc<Courier>,
}

impl Mailbox {
    /// An empty mailbox that has `courier` pass on what is reported while the worker sleeps,
    /// or wakes the worker through `wake`.
    pub fn new(wake: Arc<EventFd>, courier: Arc<Courier>) -> Self {
        Self {
            state: Mutex::default(),
            wake,
            courier,
        }
    }

    /// An eventfd fit for [`Mailbox::new`].
    pub fn wake_fd() -> io::Result<Arc<EventFd>> {
        EventFd::new(EFD_NONBLOCK | EFD_CLOEXEC).map(Arc::new)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is sound between any two statements that hold the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn post(&self, report: Report) {
        let mut state = self.state();
        if state.closed {
            return;
        }
        state.reports.push(report);
        if state.awake || state.notified {
            return;
        }
        drop(state);
        if (self.courier)() {
            return;
        }
        let mut state = self.state();
        if !state.awake && !state.notified && !state.reports.is_empty() {
            state.notified = true;
            // A full counter would wake the worker all the same.
            let _ = self.wake.write(1);
        }
    }

    /// The worker is up, woken by the eventfd or by something else: from now on reports
    /// don't wake it.
    pub fn wake_up(&self, by_eventfd: bool) {
        let mut state = self.state();
        state.awake = true;
        if mem::take(&mut state.notified) || by_eventfd {
            // Empty if somebody else's mailbox shared the eventfd and read it.
            let _ = self.wake.read();
        }
    }

    /// Everything reported so far.
    pub fn take(&self) -> Vec<Report> {
        mem::take(&mut self.state().reports)
    }

    /// Whether something has been reported that was not taken.
    pub fn has_reports(&self) -> bool {
        !self.state().reports.is_empty()
    }

    /// The worker wants to sleep. Refused (`false`) if there is something to do first.
    pub fn sleep(&self) -> bool {
        let mut state = self.state();
        state.awake = !state.reports.is_empty();
        !state.awake
    }

    /// Has the worker come back at once, though nothing is reported.
    pub fn come_back(&self) {
        let mut state = self.state();
        state.awake = false;
        if !state.notified {
            state.notified = true;
            let _ = self.wake.write(1);
        }
    }

    /// Drops what is there and whatever else will be reported.
    pub fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.reports.clear();
    }

    /// Waits until something is reported, at most for `patience`.
    pub fn wait(&self, patience: Duration) {
        let end = Instant::now() + patience;
        while self.state().reports.is_empty() && Instant::now() < end {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}

impl Sink for Mailbox {
    fn completed(&self, completion: Completion) {
        self.post(Report::Completed(completion, Instant::now()));
    }

    fn hung(&self, hang: Hang) {
        self.post(Report::Hung(hang));
    }

    fn lost(&self, reason: String) {
        self.post(Report::Lost(reason));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::{Ending, Point};
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    fn completion(value: u64) -> Completion {
        let point = Point { timeline: 1, value };
        Completion {
            point,
            ending: Ending::Done,
            busy_ns: 0,
            was_active: false,
        }
    }

    #[test]
    fn a_sleeping_worker_is_woken_once_and_an_awake_one_never() {
        let mailbox = Mailbox::new(Mailbox::wake_fd().unwrap(), Arc::new(|| false));
        mailbox.completed(completion(1));
        mailbox.completed(completion(2));
        assert_eq!(mailbox.wake.read().unwrap(), 1);
        mailbox.completed(completion(3));
        assert!(mailbox.wake.read().is_err());
        mailbox.wake_up(false);
        assert_eq!(mailbox.take().len(), 3);
        mailbox.completed(completion(4));
        assert!(mailbox.wake.read().is_err());
        assert!(!mailbox.sleep());
        assert_eq!(mailbox.take().len(), 1);
        assert!(mailbox.sleep());
        mailbox.completed(completion(5));
        assert_eq!(mailbox.wake.read().unwrap(), 1);
        mailbox.close();
        mailbox.completed(completion(6));
        assert!(mailbox.take().is_empty());
    }

    #[test]
    fn a_courier_that_passes_on_leaves_the_worker_asleep() {
        let rounds = Arc::new(AtomicUsize::new(0));
        let willing = Arc::new(AtomicBool::new(true));
        let courier = {
            let (rounds, willing) = (Arc::clone(&rounds), Arc::clone(&willing));
            move || {
                rounds.fetch_add(1, Ordering::Relaxed);
                willing.load(Ordering::Relaxed)
            }
        };
        let mailbox = Mailbox::new(Mailbox::wake_fd().unwrap(), Arc::new(courier));
        mailbox.completed(completion(1));
        assert_eq!(rounds.load(Ordering::Relaxed), 1);
        assert!(mailbox.wake.read().is_err());
        willing.store(false, Ordering::Relaxed);
        mailbox.completed(completion(2));
        assert_eq!(mailbox.wake.read().unwrap(), 1);
        mailbox.completed(completion(3));
        assert_eq!(rounds.load(Ordering::Relaxed), 2, "the worker is coming");
        mailbox.wake_up(true);
        mailbox.completed(completion(4));
        assert_eq!(rounds.load(Ordering::Relaxed), 2, "the worker is awake");
        assert_eq!(mailbox.take().len(), 4);
    }
}
