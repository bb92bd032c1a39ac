//! What takes batches off their engines for other reasons than another's turn: resets of
//! engines, contexts whose owner is gone, changes of an engine's timing.

use std::cmp::Reverse;
use std::sync::atomic::Ordering;

use super::{Hold, Place, SlotKey, State};
use crate::error::GpuError;
use crate::ids::ContextId;
use crate::platform::EngineTiming;

impl State {
    /// How an engine shares its time.
    pub(crate) fn timing(&self, engine: usize) -> EngineTiming {
        self.engines[engine].timing
    }

    /// Changes how an engine shares its time, also for what is on it. A new heartbeat
    /// looks at once whether the engine lives; without one, what nobody owns is cancelled.
    pub(crate) fn set_timing(&mut self, engine: usize, timing: EngineTiming) {
        let before = std::mem::replace(&mut self.engines[engine].timing, timing);
        self.signals[engine].retimed.store(true, Ordering::Relaxed);
        if before.heartbeat != timing.heartbeat {
            self.pulse(engine);
        }
        for key in self.on_engine(engine) {
            if self.has_no_business_on(engine, key) {
                self.ban(key);
            }
        }
    }

    /// Notes that nobody owns a context any more. It runs out, where a heartbeat sees to
    /// it that it ends.
    pub(crate) fn close_context(&mut self, id: ContextId) -> Result<(), GpuError> {
        for key in self.context(id)? {
            let Some(slot) = self.slots.get_mut(&key) else {
                continue;
            };
            slot.closed = true;
            let (Place::Running(engine) | Place::Parked(engine)) = slot.place else {
                continue;
            };
            if self.has_no_business_on(engine, key) {
                self.ban(key);
            } else {
                self.pulse(engine);
            }
        }
        Ok(())
    }

    /// Whether a slot is nobody's and its batch could stay on the engine for ever.
    pub(super) fn has_no_business_on(&self, engine: usize, key: SlotKey) -> bool {
        self.engines[engine].timing.heartbeat.is_zero()
            && self.slots.get(&key).is_some_and(|slot| slot.closed)
    }

    /// Slots whose batches an engine executes or has put aside.
    fn on_engine(&self, engine: usize) -> Vec<SlotKey> {
        let queue = &self.engines[engine];
        let parked = queue.parked.iter().map(|parked| parked.slot);
        queue.running.into_iter().chain(parked).collect()
    }

    /// Has the batch that holds the engine pass an arbitration point within the preemption
    /// time-out, or be reset.
    fn pulse(&self, engine: usize) {
        let queue = &self.engines[engine];
        let held = queue.parked.iter().any(|it| it.hold == Hold::Exclusive);
        if queue.running.is_some() || held {
            self.signals[engine].pulse.store(true, Ordering::Relaxed);
        }
    }

    /// Resets engines: what each of them executes hangs. Returns how many batches that is.
    pub(crate) fn reset_engines(&mut self, engines: impl Iterator<Item = usize>) -> u32 {
        let mut found = 0;
        for engine in engines {
            let queue = &self.engines[engine];
            // Of those that were put aside hardware would execute one of the most important.
            let parked = queue.parked.iter().map(|parked| parked.slot);
            let mut ready = queue.ready.iter().map(|&(.., key)| key);
            let victim = queue
                .running
                .or_else(|| parked.min_by_key(|&key| Reverse(self.priority(key))))
                .or_else(|| ready.find(|key| self.slots.get(key).is_some_and(|slot| slot.begun)));
            let Some(slot) = victim.and_then(|key| self.slots.get_mut(&key)) else {
                continue;
            };
            found += 1;
            slot.reset = true;
            slot.abort.store(true, Ordering::Relaxed);
            self.signals[engine].bell.ring();
        }
        found
    }

    /// Whether the batch in front of a slot is one that its engine was reset under.
    pub(crate) fn is_reset(&self, key: SlotKey) -> bool {
        self.slots.get(&key).is_some_and(|slot| slot.reset)
    }

    /// A slot put aside by the engine that is to hang.
    pub(super) fn parked_for_reset(&self, engine: usize) -> Option<SlotKey> {
        let parked = self.engines[engine].parked.iter();
        parked
            .map(|parked| parked.slot)
            .find(|&key| self.is_reset(key))
    }
}
