//! Who acts for an engine: its own thread, or, for a moment, one that submits while that sleeps.
//!
//! Whoever has an engine's job acts for it: the scheduler gives out none while the engine has
//! one. So a thread that submits may take what an idle engine is to do, as the engine's own
//! thread would, and must see to it that this thread is woken if there is more.

use super::State;
use crate::turn::Turn;

/// Engines, by their places in the platform's list, which has no more than 32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct EngineSet(u32);

impl EngineSet {
    fn add(&mut self, engine: usize) {
        self.0 |= 1 << engine;
    }
}

impl Iterator for EngineSet {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let first = self.0.trailing_zeros();
        self.0 &= self.0.wrapping_sub(1);
        (first < u32::BITS).then_some(first as usize)
    }
}

impl State {
    /// From here on engines that get something to do are not woken, but noted.
    pub(crate) fn hold_bells(&mut self) {
        self.held_bells = Some(EngineSet::default());
    }

    /// Ends that: the engines that were noted, which are the caller's to wake.
    pub(crate) fn release_bells(&mut self) -> EngineSet {
        self.held_bells.take().unwrap_or_default()
    }

    /// Wakes an engine that has something to do.
    pub(super) fn wake(&mut self, engine: usize) {
        match &mut self.held_bells {
            Some(held) => held.add(engine),
            None => self.signals[engine].bell.ring(),
        }
    }

    /// Wakes an engine if there is anything that it may have to see to.
    pub(crate) fn wake_for_rest(&mut self, engine: usize) {
        let queue = &self.engines[engine];
        let free = queue.running.is_none();
        let queued = queue.next.is_some() || queue.reserved.is_some();
        let rest = queued || !queue.ready.is_empty() || !queue.parked.is_empty();
        if queue.handed_over.is_some() || (free && rest) {
            self.signals[engine].bell.ring();
        }
    }

    /// Whether a job of the engine's is being executed.
    pub(crate) fn is_running(&self, engine: usize) -> bool {
        self.engines[engine].running.is_some()
    }

    /// Leaves a job that was begun for an engine to its own thread.
    pub(crate) fn hand_over(&mut self, engine: usize, turn: Turn) {
        self.engines[engine].handed_over = Some(Box::new(turn));
    }

    /// What was begun for an engine, for its thread to go on with.
    pub(crate) fn take_over(&mut self, engine: usize) -> Option<Box<Turn>> {
        self.engines[engine].handed_over.take()
    }
}

#[cfg(test)]
mod tests {
    use super::EngineSet;

    #[test]
    fn a_set_yields_each_engine_once_in_order() {
        let mut set = EngineSet::default();
        for engine in [31, 0, 5, 0] {
            set.add(engine);
        }
        assert_eq!(set.collect::<Vec<_>>(), [0, 5, 31]);
        assert_eq!(EngineSet::default().count(), 0);
    }
}
