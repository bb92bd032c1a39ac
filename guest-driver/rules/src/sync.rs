// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Points on timelines, and indices from userspace.

use core::hint::black_box;

/// A point on a timeline: reached once the timeline's value is at least `value`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// The timeline's number.
    pub timeline: u32,
    /// The value to be reached.
    pub value: u64,
}

impl Point {
    /// Whether the point is reached when its timeline stands at `value`.
    pub const fn is_reached_at(&self, value: u64) -> bool {
        value >= self.value
    }

    /// The point after this one on its timeline; `None` at the end of all numbers.
    pub const fn next(&self) -> Option<Self> {
        match self.value.checked_add(1) {
            Some(value) => Some(Self {
                timeline: self.timeline,
                value,
            }),
            None => None,
        }
    }
}

/// The storage given to [`WaitList::new`] is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Points to be waited for, at most one for each timeline: the greatest, which all
/// smaller ones precede. Kept in storage the caller lends.
#[derive(Debug)]
pub struct WaitList<'a> {
    storage: &'a mut [Point],
    count: usize,
}

impl<'a> WaitList<'a> {
    /// An empty list that holds as many timelines as `storage` has room for.
    pub fn new(storage: &'a mut [Point]) -> Self {
        Self { storage, count: 0 }
    }

    /// Adds a point to wait for. A point at value 0 is reached from the start and is not
    /// kept. [`Full`] if it is on one timeline too many; the list is then as before.
    pub fn add(&mut self, point: Point) -> Result<(), Full> {
        if point.value == 0 {
            return Ok(());
        }
        // Kept in order of timelines, so that a long list is searched quickly.
        match self
            .points()
            .binary_search_by_key(&point.timeline, |p| p.timeline)
        {
            Ok(at) => {
                let kept = &mut self.storage[at];
                kept.value = kept.value.max(point.value);
            }
            Err(at) => {
                if self.count == self.storage.len() {
                    return Err(Full);
                }
                self.storage.copy_within(at..self.count, at + 1);
                self.storage[at] = point;
                self.count += 1;
            }
        }
        Ok(())
    }

    /// Forgets the timeline's point, if there is one: for the timeline a command is
    /// itself ordered on.
    pub fn remove(&mut self, timeline: u32) {
        if let Ok(at) = self
            .points()
            .binary_search_by_key(&timeline, |p| p.timeline)
        {
            self.storage.copy_within(at + 1..self.count, at);
            self.count -= 1;
        }
    }

    /// The points, by timeline.
    pub fn points(&self) -> &[Point] {
        &self.storage[..self.count]
    }
}

/// The index if it is less than `len`, else 0, decided without a branch so that the
/// processor can't guess wrong and read beyond (`include/linux/nospec.h`). The caller has
/// checked the index; this keeps the check from being speculated past.
pub fn clamp_index(index: usize, len: usize) -> usize {
    // Out of the optimiser's sight: it would otherwise see the caller's check and drop it.
    let index = black_box(index);
    let outside = (index | len.wrapping_sub(1).wrapping_sub(index)) as isize;
    // All ones if the top bit is clear, which it is for an index inside.
    let mask = !(outside >> (isize::BITS - 1)) as usize;
    index & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_outside_is_zero() {
        for len in [1, 2, 5, 64] {
            for index in 0..70 {
                assert_eq!(clamp_index(index, len), if index < len { index } else { 0 });
            }
            assert_eq!(clamp_index(usize::MAX, len), 0);
        }
        assert_eq!(clamp_index(0, 0), 0);
    }

    #[test]
    fn the_greatest_point_of_each_timeline_is_kept() {
        let mut storage = [Point::default(); 2];
        let mut list = WaitList::new(&mut storage);
        let point = |timeline, value| Point { timeline, value };
        list.add(point(7, 3)).unwrap();
        list.add(point(7, 4)).unwrap();
        list.add(point(2, 9)).unwrap();
        list.add(point(7, 2)).unwrap();
        list.add(point(5, 0)).unwrap();
        assert_eq!(list.add(point(5, 1)), Err(Full));
        assert_eq!(list.points(), &[point(2, 9), point(7, 4)]);
        list.remove(2);
        list.remove(3);
        assert_eq!(list.points(), &[point(7, 4)]);
    }

    #[test]
    fn a_point_is_reached_at_its_value() {
        let point = Point {
            timeline: 1,
            value: 5,
        };
        assert!(!point.is_reached_at(4));
        assert!(point.is_reached_at(5) && point.is_reached_at(6));
        assert_eq!(point.next().map(|next| next.value), Some(6));
        let last = Point {
            timeline: 1,
            value: u64::MAX,
        };
        assert_eq!(last.next(), None);
    }
}
