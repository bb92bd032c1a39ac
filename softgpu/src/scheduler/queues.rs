//! What users ask for: spaces, contexts, binds, submissions, cancelling. Each call
//! checks everything first and changes nothing if it refuses.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::timeline::Owner;
use super::{
    Batch, Chore, GangKey, LifeSigns, Moment, Place, Queue, QueuedBind, Slot, SlotKey, Space,
    SpaceKey, State, TableChange, Work,
};
use crate::completion::{Completion, Outcome};
use crate::error::GpuError;
use crate::gpu::{ContextDescription, Submission};
use crate::ids::{AddressSpaceId, ContextId, Point, TimelineId, Wait};
use crate::limits;
use crate::page_table::AddressSpace;
use crate::platform::Platform;

/// A limit, as an error.
fn limit(reached: bool, what: &'static str, limit: usize) -> Result<(), GpuError> {
    if reached {
        Err(GpuError::Limit { what, limit })
    } else {
        Ok(())
    }
}

/// What a thread that cancels has to say when it has reported.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reported {
    /// This moment is reached.
    Work(Moment),
    /// This gang is over; the thread works on the slot.
    Gang(GangKey, SlotKey),
}

/// Whether a priority is one that contexts may have.
fn check_priority(priority: i32) -> Result<(), GpuError> {
    if (limits::MIN_PRIORITY..=limits::MAX_PRIORITY).contains(&priority) {
        return Ok(());
    }
    Err(GpuError::BadPriority(priority))
}

impl Slot {
    /// Whether the batch in front, if there is one, is to be cancelled.
    pub(super) fn to_be_cancelled(&self) -> bool {
        let below = if self.banned {
            u64::MAX
        } else {
            self.cancel_below
        };
        let front = self.queue.entries.front();
        self.queue.front_is_below(below) || front.is_some_and(|front| front.cancelled)
    }

    /// Has the engine that executes it stop.
    pub(super) fn interrupt(&self) {
        if matches!(self.place, Place::Running(_)) {
            self.abort.store(true, Ordering::Relaxed);
        }
    }
}

impl State {
    pub(crate) fn create_space(
        &mut self,
        id: AddressSpaceId,
        timeline: TimelineId,
    ) -> Result<(), GpuError> {
        if self.space_ids.contains_key(&id) {
            return Err(GpuError::AddressSpaceExists(id));
        }
        let full = self.spaces.len() >= limits::MAX_ADDRESS_SPACES;
        limit(full, "address spaces", limits::MAX_ADDRESS_SPACES)?;
        let name = timeline;
        let key = SpaceKey(self.fresh());
        let timeline = self.timelines.add(name, Owner::Space(key))?;
        self.space_ids.insert(id, key);
        let space = Space {
            tables: Arc::new(AddressSpace::default()),
            name,
            timeline,
            queue: Queue::default(),
            claimed: false,
            destroyed: false,
        };
        self.spaces.insert(key, space);
        Ok(())
    }

    /// Forgets the id; the tables come back, to be closed without the lock.
    pub(crate) fn destroy_space(
        &mut self,
        id: AddressSpaceId,
    ) -> Result<Arc<AddressSpace>, GpuError> {
        let key = self
            .space_ids
            .remove(&id)
            .ok_or(GpuError::UnknownAddressSpace(id))?;
        let space = self
            .spaces
            .get_mut(&key)
            .ok_or(GpuError::UnknownAddressSpace(id))?;
        space.destroyed = true;
        self.timelines.release_name(space.name, space.timeline);
        let tables = Arc::clone(&space.tables);
        self.reconsider_space(key);
        Ok(tables)
    }

    fn space(&self, id: AddressSpaceId) -> Result<(SpaceKey, &Space), GpuError> {
        let unknown = GpuError::UnknownAddressSpace(id);
        let &key = self.space_ids.get(&id).ok_or(unknown)?;
        Ok((key, self.spaces.get(&key).ok_or(unknown)?))
    }

    pub(crate) fn create_context(
        &mut self,
        platform: &Platform,
        id: ContextId,
        description: &ContextDescription,
        now: Instant,
    ) -> Result<(), GpuError> {
        if self.contexts.contains_key(&id) {
            return Err(GpuError::ContextExists(id));
        }
        let slots = &description.slots;
        limit(
            self.contexts.len() >= limits::MAX_CONTEXTS,
            "contexts",
            limits::MAX_CONTEXTS,
        )?;
        limit(
            slots.len() > limits::MAX_SLOTS,
            "slots of a context",
            limits::MAX_SLOTS,
        )?;
        let full = self.slots.len() + slots.len() > limits::MAX_SLOTS_TOTAL;
        limit(full, "slots", limits::MAX_SLOTS_TOTAL)?;
        let tables = Arc::clone(&self.space(description.address_space)?.1.tables);
        let mut timelines = HashSet::new();
        let mut engines = Vec::new();
        for slot in slots {
            if self.timelines.contains(slot.timeline) || !timelines.insert(slot.timeline) {
                return Err(GpuError::TimelineExists(slot.timeline));
            }
            let serves = |engine: &crate::platform::EngineDescription| {
                let bit = 1_u16.checked_shl(engine.id.instance.into()).unwrap_or(0);
                engine.id.class == slot.class && slot.instances & bit != 0
            };
            let found: Vec<_> = (0..platform.engines.len())
                .filter(|&index| serves(&platform.engines[index]))
                .collect();
            if found.is_empty() {
                let (class, instances) = (slot.class, slot.instances);
                return Err(GpuError::UnknownEngine { class, instances });
            }
            engines.push(found);
        }
        let mut keys = Vec::with_capacity(slots.len());
        for (index, (slot, engines)) in slots.iter().zip(engines).enumerate() {
            let key = SlotKey(self.fresh());
            let timeline = self.timelines.add(slot.timeline, Owner::Slot(key))?;
            let slot = Slot {
                context: id,
                index: index as u16,
                tables: Arc::clone(&tables),
                engines,
                name: slot.timeline,
                timeline,
                recoverable: description.recoverable,
                queue: Queue::default(),
                place: Place::Idle,
                execution: None,
                busy: Duration::ZERO,
                taken: None,
                ended: Duration::ZERO,
                begun: false,
                cancel_below: 0,
                banned: false,
                closed: false,
                reset: false,
                destroyed: false,
                abort: Arc::new(AtomicBool::new(false)),
                life: LifeSigns::new(now),
                backoff: Duration::ZERO,
                stalled: false,
            };
            self.slots.insert(key, slot);
            keys.push(key);
        }
        self.contexts.insert(id, keys);
        Ok(())
    }

    pub(super) fn context(&self, id: ContextId) -> Result<Vec<SlotKey>, GpuError> {
        self.contexts
            .get(&id)
            .cloned()
            .ok_or(GpuError::UnknownContext(id))
    }

    pub(crate) fn destroy_context(&mut self, id: ContextId) -> Result<(), GpuError> {
        let keys = self
            .contexts
            .remove(&id)
            .ok_or(GpuError::UnknownContext(id))?;
        for key in keys {
            if let Some(slot) = self.slots.get_mut(&key) {
                slot.destroyed = true;
                self.timelines.release_name(slot.name, slot.timeline);
            }
            self.ban(key);
        }
        Ok(())
    }

    pub(crate) fn cancel_context(&mut self, id: ContextId) -> Result<(), GpuError> {
        for key in self.context(id)? {
            self.ban(key);
        }
        Ok(())
    }

    pub(super) fn ban(&mut self, key: SlotKey) {
        let Some(slot) = self.slots.get_mut(&key) else {
            return;
        };
        slot.banned = true;
        slot.interrupt();
        self.reconsider(key);
    }

    /// Cancels every batch that has been submitted.
    pub(crate) fn reset_active(&mut self) {
        let mut unfinished = Vec::new();
        // All are marked first: none may begin because another has ended.
        for (&key, slot) in &mut self.slots {
            if !slot.queue.entries.is_empty() {
                slot.cancel_below = slot.queue.next_number();
                slot.interrupt();
                unfinished.push(key);
            }
        }
        // In an order that no hash decides.
        unfinished.sort_unstable();
        for key in unfinished {
            self.reconsider(key);
        }
    }

    pub(crate) fn set_recoverable(
        &mut self,
        id: ContextId,
        recoverable: bool,
    ) -> Result<(), GpuError> {
        for key in self.context(id)? {
            if let Some(slot) = self.slots.get_mut(&key) {
                slot.recoverable = recoverable;
            }
        }
        Ok(())
    }

    /// Whether there is room for one more piece of work with so many waits.
    fn check_room(&self, waits: usize) -> Result<(), GpuError> {
        limit(
            self.pending >= limits::MAX_PENDING,
            "pending pieces of work",
            limits::MAX_PENDING,
        )?;
        limit(
            waits > limits::MAX_WAITS,
            "waits of a piece of work",
            limits::MAX_WAITS,
        )?;
        let full = self.pending_waits + waits > limits::MAX_WAITS_TOTAL;
        limit(full, "pending waits", limits::MAX_WAITS_TOTAL)
    }

    /// Queues a submission whose batches see `power` in R_PWR_CLK_STATE.
    pub(crate) fn submit(&mut self, submission: Submission, power: u32) -> Result<(), GpuError> {
        let Submission {
            context,
            slot: first,
            batches,
            waits,
            signal,
            priority,
            cancelled,
            ..
        } = submission;
        let unknown = GpuError::UnknownSlot {
            context,
            slot: first,
        };
        let keys = self
            .contexts
            .get(&context)
            .ok_or(GpuError::UnknownContext(context))?;
        let count = batches.len();
        limit(
            count > limits::MAX_BATCHES,
            "batches of a submission",
            limits::MAX_BATCHES,
        )?;
        let first_index = usize::from(first);
        let keys = keys
            .get(first_index..first_index + count)
            .filter(|keys| !keys.is_empty())
            .ok_or(unknown)?
            .to_vec();
        let leader = self.slots.get(&keys[0]).ok_or(unknown)?;
        let moment = Moment {
            timeline: leader.timeline,
            value: signal,
        };
        let timeline = leader.name;
        if count > 1 && !self.can_start_together(&keys) {
            return Err(GpuError::NoGang {
                context,
                first,
                last: first + (count - 1) as u16,
            });
        }
        check_priority(priority)?;
        let point = Point {
            timeline,
            value: signal,
        };
        self.timelines.check(moment.timeline, point)?;
        self.check_room(waits.len())?;
        let before = self.timelines.promise(moment);
        let number = leader.queue.next_number();
        let mut waits = self.register(waits, Work::Batch(keys[0], number));
        self.pending += 1;
        let gang = (count > 1).then(|| self.add_gang(&keys, point, moment));
        for (&key, address) in keys.iter().zip(batches) {
            if let Some(slot) = self.slots.get_mut(&key) {
                let signal = if key == keys[0] {
                    signal
                } else {
                    slot.queue.entries.back().map_or(0, |last| last.signal)
                };
                slot.queue.entries.push_back(Batch {
                    address,
                    signal,
                    power,
                    priority: limits::MIN_PRIORITY,
                    gang,
                    cancelled,
                    waits: std::mem::take(&mut waits),
                });
            }
        }
        self.prioritise(before, moment, priority);
        // Any of the slots may be the one that is banned.
        for key in keys {
            self.reconsider(key);
        }
        Ok(())
    }

    pub(crate) fn bind(
        &mut self,
        id: AddressSpaceId,
        change: TableChange,
        waits: Vec<Point>,
        signal: u64,
    ) -> Result<(), GpuError> {
        let (key, space) = self.space(id)?;
        let moment = Moment {
            timeline: space.timeline,
            value: signal,
        };
        let (name, number) = (space.name, space.queue.next_number());
        self.timelines.check(
            moment.timeline,
            Point {
                timeline: name,
                value: signal,
            },
        )?;
        self.check_room(waits.len())?;
        let extents = change.backings.len();
        let full = self.pending_extents + extents > limits::MAX_EXTENTS_PENDING;
        limit(full, "pending extents", limits::MAX_EXTENTS_PENDING)?;
        let before = self.timelines.promise(moment);
        let waits = waits.into_iter().map(Wait::End);
        let waits = self.register(waits, Work::Bind(key, number));
        self.pending += 1;
        self.pending_extents += extents;
        if let Some(space) = self.spaces.get_mut(&key) {
            space.queue.entries.push_back(QueuedBind {
                change,
                signal,
                waits,
                priority: limits::MIN_PRIORITY,
            });
        }
        self.prioritise(before, moment, limits::MIN_PRIORITY);
        self.reconsider_space(key);
        Ok(())
    }

    /// Sees what is to be done about an address space's queue.
    pub(super) fn reconsider_space(&mut self, key: SpaceKey) {
        let Some(space) = self.spaces.get(&key) else {
            return;
        };
        let front = space.queue.entries.front();
        let ready = front.is_some_and(|bind| bind.waits.unmet == 0) || space.destroyed;
        if ready && !space.claimed {
            self.chores.push_back(Chore::Bind(key));
        }
    }

    /// The tables of an address space whose queue this thread may now work on. It must
    /// go on with [`State::next_bind`] until that gives nothing.
    pub(crate) fn claim_space(&mut self, key: SpaceKey) -> Option<Arc<AddressSpace>> {
        let space = self.spaces.get_mut(&key).filter(|space| !space.claimed)?;
        space.claimed = true;
        Some(Arc::clone(&space.tables))
    }

    /// The next bind of a claimed address space that is ready, with its point; no
    /// change: it is cancelled. Nothing: the claim has ended.
    pub(crate) fn next_bind(
        &mut self,
        key: SpaceKey,
    ) -> Option<(Point, Moment, Option<TableChange>)> {
        let space = self.spaces.get_mut(&key)?;
        let ready = space
            .queue
            .entries
            .front()
            .is_some_and(|bind| bind.waits.unmet == 0);
        if space.queue.entries.is_empty() || !(ready || space.destroyed) {
            space.claimed = false;
            if space.destroyed {
                let timeline = space.timeline;
                self.spaces.remove(&key);
                let works = self.timelines.remove(timeline);
                self.release(works);
            }
            return None;
        }
        let (destroyed, name, timeline) = (space.destroyed, space.name, space.timeline);
        let (_, bind) = space.queue.pop()?;
        self.unregister(&bind.waits);
        self.pending_extents -= bind.change.backings.len();
        let value = bind.signal;
        let point = Point {
            timeline: name,
            value,
        };
        let moment = Moment { timeline, value };
        Some((point, moment, (!destroyed).then_some(bind.change)))
    }

    /// Work that reaches this moment has been reported.
    pub(crate) fn reported(&mut self, moment: Moment) {
        self.pending -= 1;
        let works = self.timelines.advance(moment);
        self.release(works);
    }

    /// What was cancelled has been reported.
    pub(crate) fn reported_cancelled(&mut self, reported: Reported) {
        match reported {
            Reported::Work(moment) => self.reported(moment),
            Reported::Gang(gang, slot) => self.finish_gang(gang, Some(slot)),
        }
    }

    /// Takes a slot whose batches are to be cancelled. The thread must go on with
    /// [`State::next_cancelled`] until that gives nothing.
    pub(crate) fn claim_slot(&mut self, key: SlotKey) -> bool {
        let Some(slot) = self.slots.get(&key) else {
            return false;
        };
        if matches!(
            slot.place,
            Place::Running(_) | Place::Claimed | Place::Ended
        ) {
            return false;
        }
        self.unqueue(key);
        if let Some(slot) = self.slots.get_mut(&key) {
            slot.place = Place::Claimed;
        }
        true
    }

    /// The next batch to be reported as cancelled. Nothing: the claim has ended.
    pub(crate) fn next_cancelled(
        &mut self,
        platform: &Platform,
        key: SlotKey,
    ) -> Option<(Completion, Reported)> {
        let slot = self.slots.get_mut(&key)?;
        if !slot.to_be_cancelled() {
            slot.place = Place::Idle;
            self.reconsider(key);
            return None;
        }
        let was_active = std::mem::take(&mut slot.begun);
        if was_active && let Some(execution) = &mut slot.execution {
            execution.reset(platform);
        }
        let busy = std::mem::take(&mut slot.busy);
        slot.ended += busy;
        slot.stalled = false;
        slot.reset = false;
        let (name, timeline) = (slot.name, slot.timeline);
        if let Some(gang) = slot.queue.entries.front()?.gang {
            slot.place = Place::Ended;
            let completion = self.end_member(gang, Outcome::Cancelled, busy, was_active)?;
            return Some((completion, Reported::Gang(gang, key)));
        }
        let (_, batch) = slot.queue.pop()?;
        self.unregister(&batch.waits);
        let value = batch.signal;
        let completion = Completion {
            point: Point {
                timeline: name,
                value,
            },
            outcome: Outcome::Cancelled,
            busy_ns: busy.as_nanos() as u64,
            was_active,
        };
        Some((completion, Reported::Work(Moment { timeline, value })))
    }

    /// Removes a slot that was destroyed and has nothing left to do.
    pub(super) fn remove_slot(&mut self, key: SlotKey) {
        if let Some(slot) = self.slots.remove(&key) {
            let works = self.timelines.remove(slot.timeline);
            self.release(works);
        }
    }
}
