//! Timelines: what has been reached, and who waits for more. Knows nothing of what
//! the work is.

use std::collections::{BTreeMap, HashMap};

use super::Work;
use crate::error::GpuError;
use crate::ids::{Point, TimelineId};

/// One timeline.
#[derive(Debug, Default)]
struct Timeline {
    reached: u64,
    /// The last value that work has promised to signal.
    promised: u64,
    waiters: BTreeMap<u64, Vec<Work>>,
}

/// All timelines.
#[derive(Debug, Default)]
pub(super) struct Timelines {
    all: HashMap<TimelineId, Timeline>,
}

impl Timelines {
    /// Adds a timeline at 0.
    pub(super) fn add(&mut self, id: TimelineId) -> Result<(), GpuError> {
        if self.all.contains_key(&id) {
            return Err(GpuError::TimelineExists(id));
        }
        self.all.insert(id, Timeline::default());
        Ok(())
    }

    /// Whether the timeline exists.
    pub(super) fn contains(&self, id: TimelineId) -> bool {
        self.all.contains_key(&id)
    }

    /// Whether work may promise to signal `value`.
    pub(super) fn check(&self, id: TimelineId, value: u64) -> Result<(), GpuError> {
        let last = self.all.get(&id).map_or(0, |timeline| timeline.promised);
        if value > last {
            return Ok(());
        }
        Err(GpuError::PointNotIncreasing {
            timeline: id,
            value,
            last,
        })
    }

    /// Notes that work will signal `value`.
    pub(super) fn promise(&mut self, id: TimelineId, value: u64) {
        if let Some(timeline) = self.all.get_mut(&id) {
            timeline.promised = value;
        }
    }

    /// Has `work` wait for a point, unless it is reached or its timeline is gone.
    /// Whether it waits.
    pub(super) fn wait(&mut self, point: Point, work: Work) -> bool {
        match self.all.get_mut(&point.timeline) {
            Some(timeline) if timeline.reached < point.value => {
                timeline.waiters.entry(point.value).or_default().push(work);
                true
            }
            _ => false,
        }
    }

    /// Has `work` wait no longer.
    pub(super) fn forget(&mut self, points: &[Point], work: Work) {
        for point in points {
            let Some(timeline) = self.all.get_mut(&point.timeline) else {
                continue;
            };
            if let Some(waiters) = timeline.waiters.get_mut(&point.value) {
                waiters.retain(|&waiter| waiter != work);
                if waiters.is_empty() {
                    timeline.waiters.remove(&point.value);
                }
            }
        }
    }

    /// Moves a timeline on; returns each wait that this ends.
    pub(super) fn advance(&mut self, id: TimelineId, value: u64) -> Vec<Work> {
        let Some(timeline) = self.all.get_mut(&id) else {
            return Vec::new();
        };
        timeline.reached = timeline.reached.max(value);
        if timeline.waiters.is_empty() {
            return Vec::new();
        }
        let later = match timeline.reached.checked_add(1) {
            Some(next) => timeline.waiters.split_off(&next),
            None => BTreeMap::new(),
        };
        std::mem::replace(&mut timeline.waiters, later)
            .into_values()
            .flatten()
            .collect()
    }

    /// Removes a timeline; returns each wait that this ends.
    pub(super) fn remove(&mut self, id: TimelineId) -> Vec<Work> {
        let timeline = self.all.remove(&id).unwrap_or_default();
        timeline.waiters.into_values().flatten().collect()
    }
}
