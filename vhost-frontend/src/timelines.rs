// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The seam's timelines and points on the wire.
//!
//! A timeline has a number of 32 bits there. A value of it has to be another one where a
//! command was refused after its point had been announced: on the wire that point counts as
//! reached, while in the seam the value is free, and who waits for it waits on.

use std::collections::HashMap;

use protocol::Status;
use virtio_igpu_executor::{Point, Timeline, Wait};
use virtio_igpu_protocol as protocol;

#[derive(Debug)]
struct Known {
    number: u32,
    /// The greatest value of a command that was sent and not refused.
    accepted: u64,
    /// From behind a value on: how much greater values are on the wire.
    shifts: Vec<(u64, u64)>,
}

impl Known {
    fn value(&self, value: u64) -> u64 {
        let shift = self.shifts.iter().rev().find(|(after, _)| *after < value);
        value + shift.map_or(0, |(_, shift)| *shift)
    }
}

/// All timelines that were ever named.
#[derive(Debug, Default)]
pub(crate) struct Timelines {
    known: HashMap<Timeline, Known>,
}

impl Timelines {
    fn get(&mut self, timeline: Timeline) -> &mut Known {
        let number = self.known.len() as u32 + 1;
        self.known.entry(timeline).or_insert(Known {
            number,
            accepted: 0,
            shifts: Vec::new(),
        })
    }

    /// Its number on the wire.
    pub(crate) fn number(&mut self, timeline: Timeline) -> u32 {
        self.get(timeline).number
    }

    /// A point's value on the wire.
    pub(crate) fn value(&mut self, point: Point) -> u64 {
        self.get(point.timeline).value(point.value)
    }

    /// Waits on the wire: of a timeline only the last, as the first come before it.
    pub(crate) fn waits(&mut self, waits: &[Wait]) -> Vec<protocol::Point> {
        let mut last: Vec<Wait> = Vec::new();
        for wait in waits {
            let same = |other: &&mut Wait| {
                other.point.timeline == wait.point.timeline && other.start == wait.start
            };
            match last.iter_mut().find(same) {
                Some(other) => other.point.value = other.point.value.max(wait.point.value),
                None => last.push(*wait),
            }
        }
        last.into_iter()
            .map(|wait| {
                let (number, value) = (self.number(wait.point.timeline), self.value(wait.point));
                match wait.start {
                    true => protocol::Point::start(number, value),
                    false => protocol::Point::new(number, value),
                }
            })
            .collect()
    }

    /// A command that signals this point has been taken.
    pub(crate) fn accept(&mut self, point: Point) {
        self.get(point.timeline).accepted = point.value;
    }

    /// A command that would have signalled this point was refused with that status.
    pub(crate) fn refuse(&mut self, point: Point, status: Status) {
        // These two announce nothing.
        if matches!(status, Status::NotFound | Status::InvalidCommand) {
            return;
        }
        let known = self.get(point.timeline);
        let (gone, accepted) = (known.value(point.value), known.accepted);
        known.shifts.push((accepted, gone - accepted));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_value_is_free_again_and_another_one_on_the_wire() {
        let mut timelines = Timelines::default();
        let point = |value| Point { timeline: 9, value };
        timelines.accept(point(4));
        timelines.refuse(point(10), Status::NotFound);
        assert_eq!(timelines.value(point(10)), 10);
        timelines.refuse(point(10), Status::BadExtent);
        assert_eq!(
            [4, 5, 10].map(|value| timelines.value(point(value))),
            [4, 11, 16]
        );
        timelines.refuse(point(5), Status::BadRange);
        assert_eq!([4, 5].map(|value| timelines.value(point(value))), [4, 12]);
        timelines.accept(point(5));
        assert_eq!(
            [0, 4, 5, 6].map(|value| timelines.value(point(value))),
            [0, 4, 12, 13]
        );
    }

    #[test]
    fn of_each_timeline_the_last_end_and_the_last_start_are_waited_for() {
        let mut timelines = Timelines::default();
        let wait = |timeline, value, start| Wait {
            point: Point { timeline, value },
            start,
        };
        let waits = [
            wait(1 << 40, 3, false),
            wait(1 << 41, 1, false),
            wait(1 << 40, 7, false),
            wait(1 << 40, 2, true),
            wait(1 << 40, 5, false),
        ];
        let expected = [
            protocol::Point::new(1, 7),
            protocol::Point::new(2, 1),
            protocol::Point::start(1, 2),
        ];
        assert_eq!(timelines.waits(&waits), expected);
    }
}
