// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The driver's timelines and their points, in the executor's numbers.
//!
//! The executor's numbers are never used twice, so a report about an old timeline can't
//! be taken for one about a new timeline of the same wire number. A command that is
//! refused after its point was announced never reaches the executor; whoever waits for
//! its point waits for the accepted command before it instead.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, VecDeque};

use virtio_igpu_protocol as protocol;

use crate::executor::{Point, Timeline, Wait, Waits};

/// Refused points that are remembered, the newest of all timelines.
const MAX_REFUSED: usize = 65_536;

#[derive(Debug, Default)]
struct State {
    id: Timeline,
    /// The greatest value that was announced, by an accepted command or a refused one.
    announced: u64,
    /// The greatest value of an accepted command.
    accepted: u64,
    /// Values of refused commands, each with what was accepted before it.
    refused: BTreeMap<u64, u64>,
}

/// A guest's timelines by wire number.
#[derive(Debug, Default)]
pub(super) struct Timelines {
    timelines: HashMap<u32, State>,
    /// What stands in `refused` of the timelines, and of those that are gone, as it came.
    refused: VecDeque<(u32, u64)>,
    next: Timeline,
}

impl Timelines {
    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.timelines.len()
    }

    /// Whether the number is in use.
    pub(super) fn contains(&self, number: u32) -> bool {
        self.timelines.contains_key(&number)
    }

    /// A number for the executor's new timeline.
    pub(super) fn reserve(&mut self) -> Timeline {
        self.next += 1;
        self.next
    }

    /// Adds a timeline at value 0 that was made under a reserved number.
    pub(super) fn insert(&mut self, number: u32, id: Timeline) {
        self.timelines.insert(
            number,
            State {
                id,
                ..State::default()
            },
        );
    }

    /// Forgets a timeline.
    pub(super) fn remove(&mut self, number: u32) {
        self.timelines.remove(&number);
    }

    /// Whether `value` may be the next one to be signalled.
    pub(super) fn is_next(&self, number: u32, value: u64) -> bool {
        self.timelines
            .get(&number)
            .is_some_and(|state| value > state.announced)
    }

    /// The executor's name for a point that an accepted command will signal.
    pub(super) fn point(&self, number: u32, value: u64) -> Option<Point> {
        self.timelines.get(&number).map(|state| Point {
            timeline: state.id,
            value,
        })
    }

    /// A command that signals `value` was accepted.
    pub(super) fn accept(&mut self, number: u32, value: u64) {
        if let Some(state) = self.timelines.get_mut(&number) {
            state.announced = value;
            state.accepted = value;
        }
    }

    /// A command that was to signal `value` was refused.
    pub(super) fn refuse(&mut self, number: u32, value: u64) {
        if let Some(state) = self.timelines.get_mut(&number) {
            state.announced = value;
            state.refused.insert(value, state.accepted);
            self.refused.push_back((number, value));
            if self.refused.len() > MAX_REFUSED
                && let Some((number, value)) = self.refused.pop_front()
                && let Some(state) = self.timelines.get_mut(&number)
            {
                state.refused.remove(&value);
            }
        }
    }

    /// What the executor has to wait for so that these points are reached: of each timeline
    /// the last end and the last start. A point of a timeline that doesn't exist is reached.
    pub(super) fn waits(&self, points: &[protocol::Point]) -> Waits {
        let waits = points.iter().filter_map(|point| self.wait(point));
        let mut waits: Waits = waits.collect();
        if waits.len() > 1 {
            waits.sort_unstable_by_key(|wait| {
                (wait.point.timeline, wait.start, Reverse(wait.point.value))
            });
            waits.dedup_by_key(|wait| (wait.point.timeline, wait.start));
        }
        waits
    }

    fn wait(&self, wanted: &protocol::Point) -> Option<Wait> {
        let state = self.timelines.get(&wanted.timeline.get())?;
        let value = wanted.value.get();
        let (value, refused) = match state.refused.range(value..).next() {
            // Nothing accepted signals `value` or more before the refused one.
            Some((_, &before)) if before < value => (before, true),
            _ => (value, false),
        };
        let point = Point {
            timeline: state.id,
            value,
        };
        (value > 0).then_some(Wait {
            point,
            // What is refused has neither start nor end before the one before it ends.
            start: wanted.is_start() && !refused,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_a_refused_point_waits_for_the_accepted_one_before() {
        let mut timelines = Timelines::default();
        let id = timelines.reserve();
        timelines.insert(7, id);
        timelines.accept(7, 4);
        timelines.refuse(7, 6);
        timelines.refuse(7, 8);
        timelines.accept(7, 10);
        assert!(!timelines.is_next(7, 10));
        assert!(timelines.is_next(7, 11));
        for (asked, waited) in [
            (0, None),
            (1, Some(1)),
            (4, Some(4)),
            (5, Some(4)),
            (6, Some(4)),
            (7, Some(4)),
            (8, Some(4)),
            (9, Some(9)),
            (10, Some(10)),
            (12, Some(12)),
        ] {
            let points = timelines.waits(&[protocol::Point::new(7, asked)]);
            assert_eq!(
                points.first().map(|wait| wait.point.value),
                waited,
                "{asked}"
            );
            // Of a refused point there is no start, only the end of what came before.
            let starts = timelines.waits(&[protocol::Point::start(7, asked)]);
            let refused = waited.is_some_and(|waited| waited != asked);
            assert_eq!(
                starts.first().map(|wait| wait.start),
                waited.map(|_| !refused)
            );
        }
        assert!(timelines.waits(&[protocol::Point::new(8, 1)]).is_empty());
        let mut many = Timelines::default();
        for number in 1..=4 {
            many.insert(number, number.into());
        }
        for value in 1..=MAX_REFUSED as u64 {
            many.refuse(value as u32 % 4 + 1, value);
        }
        many.remove(2);
        many.refuse(1, MAX_REFUSED as u64 + 1);
        many.refuse(1, MAX_REFUSED as u64 + 2);
        assert_eq!(many.refused.len(), MAX_REFUSED);
        let remembered = many.timelines.values().map(|state| state.refused.len());
        assert_eq!(remembered.sum::<usize>(), MAX_REFUSED * 3 / 4 + 1);
        let mut fresh = Timelines::default();
        fresh.insert(1, 1);
        fresh.refuse(1, 3);
        assert!(fresh.waits(&[protocol::Point::new(1, 3)]).is_empty());
    }
}
