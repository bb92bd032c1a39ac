//! Whether what several threads saw can have happened: Wing and Gong's search for an order
//! of the calls, one after the other, that the model answers alike.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::call::{Answer, Call, Caller};
use crate::file::{File, Platform, Progress, Step};

/// A clock that all threads of a run read: it never shows the same time twice.
#[derive(Debug, Default)]
pub struct Clock(AtomicU64);

impl Clock {
    /// The time.
    pub fn now(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }

    /// Makes a call, and notes when it began and ended.
    pub fn event(
        &self,
        thread: usize,
        caller: Caller,
        call: &Call,
        make: impl FnOnce(&Call) -> Answer,
    ) -> Event {
        let begin = self.now();
        let answer = make(call);
        Event {
            thread,
            caller,
            call: call.clone(),
            begin,
            answer,
            end: self.now(),
        }
    }
}

/// A call that was made.
#[derive(Clone, Debug)]
pub struct Event {
    /// Which thread made it. A thread's calls don't overlap.
    pub thread: usize,
    /// What that thread may do.
    pub caller: Caller,
    /// What was called.
    pub call: Call,
    /// When, on the run's [`Clock`].
    pub begin: u64,
    /// What it was answered.
    pub answer: Answer,
    /// When, on the run's [`Clock`].
    pub end: u64,
}

/// Answers that no order of the calls explains.
#[derive(Debug)]
pub struct Unexplained {
    events: Vec<Event>,
    furthest: usize,
}

impl fmt::Display for Unexplained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "no order of these calls gives these answers ({} of {} explained at most):",
            self.furthest,
            self.events.len()
        )?;
        // What comes later has nothing to do with it.
        for event in self.events.iter().take(self.furthest + 4) {
            writeln!(
                f,
                "  {:>4}..{:<4} thread {} {} {:?} -> {:?}",
                event.begin,
                event.end,
                event.thread,
                if event.caller.privileged {
                    "root"
                } else {
                    "user"
                },
                event.call,
                event.answer
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Unexplained {}

/// Looks for an order of the events of one file that explains all answers; returns the
/// file's state at the end of it.
pub fn explain(platform: &Platform, events: &[Event]) -> Result<File, Unexplained> {
    let mut events = events.to_vec();
    events.sort_by_key(|event| event.begin);
    let threads = events.iter().map(|event| event.thread + 1).max();
    let mut search = Search {
        by_thread: vec![Vec::new(); threads.unwrap_or(0)],
        refuted: HashSet::new(),
        furthest: 0,
    };
    for event in &events {
        search.by_thread[event.thread].push(event);
    }
    let begin = State {
        file: File::open(platform),
        threads: vec![(0, Progress::Begun); search.by_thread.len()],
    };
    match search.from(begin) {
        Some(file) => Ok(file),
        None => Err(Unexplained {
            furthest: search.furthest,
            events,
        }),
    }
}

/// How far an order has come: the file, and of each thread how many calls are over and
/// what is done of the next one.
#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    file: File,
    threads: Vec<(usize, Progress)>,
}

struct Search<'e> {
    by_thread: Vec<Vec<&'e Event>>,
    /// From where there is no way to the end.
    refuted: HashSet<State>,
    furthest: usize,
}

impl Search<'_> {
    /// Depth first, one part of a call at a time.
    fn from(&mut self, state: State) -> Option<File> {
        let over = state.threads.iter().map(|(over, _)| over).sum();
        self.furthest = self.furthest.max(over);
        let pending = |(events, (over, _)): (&Vec<&Event>, &(usize, _))| {
            events.get(*over).map(|event| event.end)
        };
        let ends = self.by_thread.iter().zip(&state.threads).map(pending);
        // Nothing of a call can come after the end of one that isn't over, and nothing
        // before its own begin: so what began after the earliest such end has to wait.
        let Some(deadline) = ends.flatten().min() else {
            return Some(state.file);
        };
        if self.refuted.contains(&state) {
            return None;
        }
        for thread in 0..self.by_thread.len() {
            let (over, progress) = &state.threads[thread];
            let Some(event) = self.by_thread[thread].get(*over).copied() else {
                continue;
            };
            if event.begin > deadline {
                continue;
            }
            let mut next = state.clone();
            let step = next
                .file
                .step(event.caller, &event.call, progress, &event.answer);
            next.threads[thread] = match step {
                None => continue,
                Some(Step::Next(progress)) => (*over, progress),
                Some(Step::Over) => (over + 1, Progress::Begun),
            };
            if let Some(file) = self.from(next) {
                return Some(file);
            }
        }
        self.refuted.insert(state);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Errno, Set, Value, param};

    const ROOT: Caller = Caller { privileged: true };

    fn platform() -> Platform {
        Platform {
            graphics_version: 12,
            hangcheck: true,
            engines: vec![(0, 0), (1, 0)],
            address_space: 1 << 48,
            subslices: 0x3f,
            units: 16,
        }
    }

    fn event(thread: usize, begin: u64, end: u64, call: Call, answer: Answer) -> Event {
        Event {
            thread,
            caller: ROOT,
            call,
            begin,
            answer,
            end,
        }
    }

    fn create() -> Call {
        Call::Create {
            flags: 0,
            chain: Vec::new(),
        }
    }

    fn priority(value: u64) -> Call {
        let set = Set {
            param: param::PRIORITY,
            size: 0,
            value: Value::Number(value),
        };
        Call::Set { context: 1, set }
    }

    const GET: Call = Call::Get {
        context: 1,
        param: param::PRIORITY,
    };

    fn submit(context: u32) -> Call {
        Call::Submit {
            context,
            engine: 0,
            no_memory: false,
        }
    }

    #[test]
    fn what_overlaps_may_have_happened_in_either_order() {
        for seen in [0, 5] {
            let events = [
                event(0, 0, 1, create(), Answer::NewContext(1)),
                event(0, 2, 5, priority(5), Answer::Done),
                event(1, 3, 4, GET, Answer::Value(seen)),
            ];
            assert!(explain(&platform(), &events).is_ok(), "{seen}");
        }
    }

    #[test]
    fn what_is_over_has_happened() {
        let events = [
            event(0, 0, 1, create(), Answer::NewContext(1)),
            event(0, 2, 3, priority(5), Answer::Done),
            event(1, 4, 5, GET, Answer::Value(0)),
        ];
        let unexplained = explain(&platform(), &events).unwrap_err();
        assert!(unexplained.to_string().contains("2 of 3"), "{unexplained}");
    }

    #[test]
    fn two_first_uses_are_of_one_context() {
        for (second, explained) in [((7, 8), true), ((9, 8), false), ((7, 9), false)] {
            let events = [
                event(0, 0, 1, create(), Answer::NewContext(1)),
                event(0, 2, 5, submit(1), Answer::Submitted(Some((7, 8)))),
                event(1, 3, 4, submit(1), Answer::Submitted(Some(second))),
            ];
            let result = explain(&platform(), &events);
            assert_eq!(result.is_ok(), explained, "{second:?}");
        }
    }

    #[test]
    fn two_ids_are_two_contexts() {
        let events = [
            event(0, 0, 1, create(), Answer::NewContext(1)),
            event(0, 2, 3, submit(1), Answer::Submitted(Some((7, 8)))),
            event(0, 4, 5, submit(0), Answer::Submitted(Some((7, 8)))),
        ];
        assert!(explain(&platform(), &events).is_err());
    }

    #[test]
    fn an_id_in_use_is_not_given_out() {
        let events = [
            event(0, 0, 3, create(), Answer::NewContext(1)),
            event(1, 1, 2, create(), Answer::NewContext(1)),
        ];
        assert!(explain(&platform(), &events).is_err());
    }

    #[test]
    fn getparam_finds_first_and_reads_later() {
        // The context was in use when its priority was set, and so it was when VM was
        // refused, which only GETPARAM can have done.
        let vm = Call::Set {
            context: 1,
            set: Set {
                param: param::PROTECTED_CONTENT,
                size: 0,
                value: Value::Number(0),
            },
        };
        let events = [
            event(0, 0, 1, create(), Answer::NewContext(1)),
            event(0, 2, 9, GET, Answer::Value(5)),
            event(1, 3, 4, vm, Answer::Failed(Errno::EINVAL)),
            event(1, 5, 6, priority(5), Answer::Done),
        ];
        assert!(explain(&platform(), &events).is_ok());
    }

    #[test]
    fn a_call_that_found_the_file_open_may_end_after_its_close() {
        let closed = Answer::Failed(Errno::EBADF);
        let events = [
            event(0, 0, 5, create(), Answer::NewContext(1)),
            event(1, 1, 2, Call::Close, Answer::Done),
            event(1, 3, 4, create(), closed),
        ];
        assert!(explain(&platform(), &events).is_ok());
        let events = [
            event(1, 1, 2, Call::Close, Answer::Done),
            event(0, 3, 4, create(), Answer::NewContext(1)),
        ];
        assert!(explain(&platform(), &events).is_err());
    }
}
