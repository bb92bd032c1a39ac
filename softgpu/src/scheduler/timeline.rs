//! Timelines: what has been reached, and who waits for more. Knows nothing of what
//! the work is.

use std::collections::{BTreeMap, HashMap};

use super::{SlotKey, SpaceKey, Work};
use crate::error::GpuError;
use crate::ids::{Point, TimelineId, Wait};

/// A timeline, by a number that is never used again. A user's number can be used for
/// another one as soon as its owner is destroyed, while old work still ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TimelineKey(u64);

/// A moment on a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(super) timeline: TimelineKey,
    pub(super) value: u64,
}

/// Whose queue moves a timeline on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A slot's.
    Slot(SlotKey),
    /// An address space's.
    Space(SpaceKey),
}

/// One timeline.
#[derive(Debug)]
struct Timeline {
    owner: Owner,
    reached: u64,
    /// The last value whose work has begun.
    started: u64,
    /// The last value that work has promised to signal.
    promised: u64,
    waiters: Waiters,
    /// Who waits for a start.
    start_waiters: Waiters,
}

/// Who waits, by the value and in the order in which they came: each can be taken out again
/// however many wait for the same.
type Waiters = BTreeMap<(u64, u64), Work>;

impl Timeline {
    fn waiters(&mut self, start: bool) -> &mut Waiters {
        if start {
            &mut self.start_waiters
        } else {
            &mut self.waiters
        }
    }
}

/// Takes out who waits for a value up to `reached`.
fn take_up_to(waiters: &mut Waiters, reached: u64) -> Vec<Work> {
    if waiters.is_empty() {
        return Vec::new();
    }
    let later = match reached.checked_add(1) {
        Some(next) => waiters.split_off(&(next, 0)),
        None => BTreeMap::new(),
    };
    std::mem::replace(waiters, later).into_values().collect()
}

/// A moment that work waits for, or its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Awaited {
    pub(super) moment: Moment,
    start: bool,
    /// Its place among all waits.
    order: u64,
}

/// All timelines.
#[derive(Debug, Default)]
pub(super) struct Timelines {
    names: HashMap<TimelineId, TimelineKey>,
    all: HashMap<TimelineKey, Timeline>,
    next_key: u64,
    next_wait: u64,
}

impl Timelines {
    /// Adds a timeline at 0.
    pub(super) fn add(&mut self, id: TimelineId, owner: Owner) -> Result<TimelineKey, GpuError> {
        if self.names.contains_key(&id) {
            return Err(GpuError::TimelineExists(id));
        }
        self.next_key += 1;
        let key = TimelineKey(self.next_key);
        self.names.insert(id, key);
        let timeline = Timeline {
            owner,
            reached: 0,
            started: 0,
            promised: 0,
            waiters: BTreeMap::new(),
            start_waiters: BTreeMap::new(),
        };
        self.all.insert(key, timeline);
        Ok(key)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether the user's number is taken.
    pub(super) fn contains(&self, id: TimelineId) -> bool {
        self.names.contains_key(&id)
    }

    /// Frees the user's number; the timeline goes on until it is removed.
    pub(super) fn release_name(&mut self, id: TimelineId, key: TimelineKey) {
        if self.names.get(&id) == Some(&key) {
            self.names.remove(&id);
        }
    }

    /// Whether work may promise to signal a point, whose timeline is `key`.
    pub(super) fn check(&self, key: TimelineKey, point: Point) -> Result<(), GpuError> {
        let last = self.all.get(&key).map_or(0, |timeline| timeline.promised);
        if point.value > last {
            return Ok(());
        }
        let Point { timeline, value } = point;
        Err(GpuError::PointNotIncreasing {
            timeline,
            value,
            last,
        })
    }

    /// Notes that work will signal this. Returns what was promised last.
    pub(super) fn promise(&mut self, moment: Moment) -> u64 {
        let timeline = self.all.get_mut(&moment.timeline);
        timeline.map_or(0, |timeline| {
            std::mem::replace(&mut timeline.promised, moment.value)
        })
    }

    /// Whose queue moves a timeline on.
    pub(super) fn owner(&self, key: TimelineKey) -> Option<Owner> {
        self.all.get(&key).map(|timeline| timeline.owner)
    }

    /// What waits for no more than a moment, and for more than the value `before`.
    pub(super) fn waiting(&self, before: u64, moment: Moment) -> Vec<Work> {
        let Some(timeline) = self.all.get(&moment.timeline) else {
            return Vec::new();
        };
        if before >= moment.value {
            return Vec::new();
        }
        let range = (before + 1, 0)..=(moment.value, u64::MAX);
        let ends = timeline.waiters.range(range.clone());
        let starts = timeline.start_waiters.range(range);
        ends.chain(starts).map(|(_, work)| *work).collect()
    }

    /// Has `work` wait. None: what it waits for is reached, or its timeline is gone.
    pub(super) fn wait(&mut self, wait: Wait, work: Work) -> Option<Awaited> {
        let (point, start) = match wait {
            Wait::End(point) => (point, false),
            Wait::Start(point) => (point, true),
        };
        let &key = self.names.get(&point.timeline)?;
        let timeline = self.all.get_mut(&key)?;
        let at = if start {
            timeline.started
        } else {
            timeline.reached
        };
        if at >= point.value {
            return None;
        }
        let order = self.next_wait;
        self.next_wait += 1;
        timeline.waiters(start).insert((point.value, order), work);
        let moment = Moment {
            timeline: key,
            value: point.value,
        };
        Some(Awaited {
            moment,
            start,
            order,
        })
    }

    /// Has nobody wait any longer for these.
    pub(super) fn forget(&mut self, awaited: &[Awaited]) {
        for one in awaited {
            if let Some(timeline) = self.all.get_mut(&one.moment.timeline) {
                let waiters = timeline.waiters(one.start);
                waiters.remove(&(one.moment.value, one.order));
            }
        }
    }

    /// Work of a timeline has begun; returns each wait that this ends.
    pub(super) fn start(&mut self, moment: Moment) -> Vec<Work> {
        let Some(timeline) = self.all.get_mut(&moment.timeline) else {
            return Vec::new();
        };
        timeline.started = timeline.started.max(moment.value);
        take_up_to(&mut timeline.start_waiters, timeline.started)
    }

    /// Moves a timeline on; returns each wait that this ends.
    pub(super) fn advance(&mut self, moment: Moment) -> Vec<Work> {
        let Some(timeline) = self.all.get_mut(&moment.timeline) else {
            return Vec::new();
        };
        timeline.reached = timeline.reached.max(moment.value);
        timeline.started = timeline.started.max(moment.value);
        let mut works = take_up_to(&mut timeline.start_waiters, timeline.started);
        works.extend(take_up_to(&mut timeline.waiters, timeline.reached));
        works
    }

    /// Removes a timeline; returns each wait that this ends.
    pub(super) fn remove(&mut self, key: TimelineKey) -> Vec<Work> {
        let Some(timeline) = self.all.remove(&key) else {
            return Vec::new();
        };
        let (starts, ends) = (timeline.start_waiters, timeline.waiters);
        starts.into_values().chain(ends.into_values()).collect()
    }
}
