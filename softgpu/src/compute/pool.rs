//! Host threads that thread groups execute on beside the engine's own. They are started when
//! there is something for them to do, and end with the GPU.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::{Condvar, Mutex};

/// A piece of work.
type Task = Box<dyn FnOnce() + Send>;

/// What the threads share.
#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<Task>,
    stop: bool,
}

/// Host threads for kernels.
pub(crate) struct Pool {
    /// How many may work at once, with the engine's own.
    limit: usize,
    queue: Arc<Queue>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl Pool {
    /// A pool of `limit` threads less one, none of them started; 0: as many as the host has
    /// processors.
    pub(crate) fn new(limit: usize) -> Self {
        let limit = match limit {
            0 => thread::available_parallelism().map_or(1, usize::from),
            limit => limit,
        };
        Self {
            limit,
            queue: Arc::default(),
            threads: Mutex::default(),
        }
    }

    /// How many may work at once, with the engine's own.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Has another thread do something, if one is free soon: what no thread could be started
    /// for is dropped, and so is the oldest of more tasks than there are threads.
    pub(crate) fn run(&self, task: Task) {
        {
            let mut threads = self.threads.lock();
            if threads.len() + 1 < self.limit {
                let queue = Arc::clone(&self.queue);
                let name = format!("eu{}", threads.len());
                let thread = thread::Builder::new().name(name);
                if let Ok(thread) = thread.spawn(move || queue.work()) {
                    threads.push(thread);
                }
            }
            if threads.is_empty() {
                return;
            }
        }
        let old = {
            let mut state = self.queue.state.lock();
            state.tasks.push_back(task);
            // What nobody has begun by now is hardly worth it any more.
            (state.tasks.len() > self.limit).then(|| state.tasks.pop_front())
        };
        drop(old);
        self.queue.bell.notify_one();
    }
}

impl Queue {
    /// A thread's life.
    fn work(&self) {
        let mut state = self.state.lock();
        while !state.stop {
            match state.tasks.pop_front() {
                Some(task) => {
                    drop(state);
                    task();
                    state = self.state.lock();
                }
                None => self.bell.wait(&mut state),
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.queue.state.lock().stop = true;
        self.queue.bell.notify_all();
        for thread in self.threads.get_mut().drain(..) {
            // A panic has been printed; there is nothing to add.
            let _ = thread.join();
        }
    }
}
