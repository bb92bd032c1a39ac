// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What a bind or an unbind of a range does to the mappings that are there.
//!
//! The caller keeps its mappings by start address in whatever tree it likes, never two
//! that overlap. For a bind or unbind it goes through those that [`touches`] the range, in
//! order, asks [`cut`] of each what becomes of it, and applies that. All of it happens
//! under the caller's lock; what is decided here depends on nothing else.
//!
//! # No failure half-way
//!
//! Only the first and the last mapping that a range touches can outlive it, and only when
//! they are the same mapping does a piece more remain than was there. So a bind needs at
//! most [`NODES_FOR_BIND`] new nodes, itself and one such piece, and an unbind
//! [`NODES_FOR_UNBIND`]: the caller allocates them first, with the lock not yet taken, and
//! after that nothing can fail. A piece that begins elsewhere than its mapping did must be
//! filed under its new start, in the node the mapping had.

use super::address::Range;
use super::errno::{Errno, Result};

/// New nodes a bind needs at most: the new mapping's and one for a piece split off.
pub const NODES_FOR_BIND: usize = 2;

/// New nodes an unbind needs at most: one for a piece split off.
pub const NODES_FOR_UNBIND: usize = 1;

/// A mapping: GPU addresses, and where in its object they begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The GPU addresses.
    pub range: Range,
    /// The byte of the object that stands at the range's start.
    pub offset: u64,
}

impl Mapping {
    /// The part of the mapping that lies before an address inside it.
    fn before(&self, address: u64) -> Option<Self> {
        let length = address.checked_sub(self.range.start())?;
        let range = Range::new(self.range.start(), length).ok()?;
        Some(Self {
            range,
            offset: self.offset,
        })
    }

    /// The part of the mapping that lies from an address inside it on.
    fn from(&self, address: u64) -> Option<Self> {
        let length = self.range.end().checked_sub(address)?;
        let range = Range::new(address, length).ok()?;
        Some(Self {
            range,
            offset: self.offset + (address - self.range.start()),
        })
    }
}

/// What becomes of a mapping when a range is taken out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It stays as it is: the range does not touch it.
    Keep,
    /// Nothing is left of it.
    Remove,
    /// This is left, at the same start.
    KeepHead(Mapping),
    /// This is left, at a start further on.
    KeepTail(Mapping),
    /// These two are left: the head at the same start, the tail as a mapping more.
    Split {
        /// What lies before the range.
        head: Mapping,
        /// What lies behind it.
        tail: Mapping,
    },
}

impl Cut {
    /// New nodes it takes.
    pub const fn new_nodes(&self) -> usize {
        matches!(self, Self::Split { .. }) as usize
    }
}

/// Whether a mapping is one of those to ask [`cut`] about.
pub const fn touches(mapping: &Mapping, range: &Range) -> bool {
    mapping.range.overlaps(range)
}

/// What is left of a mapping when `range` is taken out of it.
pub fn cut(mapping: &Mapping, range: &Range) -> Cut {
    if !touches(mapping, range) {
        return Cut::Keep;
    }
    match (mapping.before(range.start()), mapping.from(range.end())) {
        (None, None) => Cut::Remove,
        (Some(head), None) => Cut::KeepHead(head),
        (None, Some(tail)) => Cut::KeepTail(tail),
        (Some(head), Some(tail)) => Cut::Split { head, tail },
    }
}

/// Version 1 of VM_BIND binds only where nothing is bound. Given the mappings that touch
/// the range, in order: `EEXIST` if the range's start lies in one, `ENOSPC` if another
/// part of it does.
pub fn check_unoccupied(mut touching: impl Iterator<Item = Mapping>, range: &Range) -> Result {
    match touching.find(|mapping| touches(mapping, range)) {
        None => Ok(()),
        Some(first) if first.range.contains(range.start()) => Err(Errno::EEXIST),
        Some(_) => Err(Errno::ENOSPC),
    }
}

/// Version 1 of VM_BIND unbinds exactly what was bound. Given the mappings that touch the
/// range: whether there is anything to unbind, which is then the one mapping of just this
/// range. Nothing there is no error; anything else is `EINVAL`.
pub fn check_exact(touching: impl Iterator<Item = Mapping>, range: &Range) -> Result<bool> {
    let mut found = false;
    for mapping in touching.filter(|mapping| touches(mapping, range)) {
        if mapping.range != *range {
            return Err(Errno::EINVAL);
        }
        found = true;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: u64, end: u64) -> Range {
        Range::new(start * 4096, (end - start) * 4096).unwrap()
    }

    fn mapping(start: u64, end: u64, offset: u64) -> Mapping {
        Mapping {
            range: range(start, end),
            offset: offset * 4096,
        }
    }

    #[test]
    fn a_range_cuts_head_tail_middle_or_all() {
        let whole = mapping(10, 20, 3);
        assert_eq!(cut(&whole, &range(5, 10)), Cut::Keep);
        assert_eq!(cut(&whole, &range(20, 25)), Cut::Keep);
        assert_eq!(cut(&whole, &range(10, 20)), Cut::Remove);
        assert_eq!(cut(&whole, &range(9, 21)), Cut::Remove);
        assert_eq!(
            cut(&whole, &range(15, 20)),
            Cut::KeepHead(mapping(10, 15, 3))
        );
        assert_eq!(
            cut(&whole, &range(5, 15)),
            Cut::KeepTail(mapping(15, 20, 8))
        );
        let split = cut(&whole, &range(11, 19));
        assert_eq!(
            split,
            Cut::Split {
                head: mapping(10, 11, 3),
                tail: mapping(19, 20, 12)
            }
        );
        assert_eq!(split.new_nodes(), 1);
    }

    #[test]
    fn version_1_refuses_an_occupied_range() {
        let bound = [mapping(10, 20, 0), mapping(30, 40, 0)];
        let check = |start, end| check_unoccupied(bound.into_iter(), &range(start, end));
        assert_eq!(check(20, 30), Ok(()));
        assert_eq!(check(10, 11), Err(Errno::EEXIST));
        assert_eq!(check(19, 31), Err(Errno::EEXIST));
        assert_eq!(check(5, 11), Err(Errno::ENOSPC));
        assert_eq!(check(20, 31), Err(Errno::ENOSPC));
    }

    #[test]
    fn version_1_unbinds_whole_mappings_only() {
        let bound = [mapping(10, 20, 0), mapping(20, 30, 0)];
        let check = |start, end| check_exact(bound.into_iter(), &range(start, end));
        assert_eq!(check(10, 20), Ok(true));
        assert_eq!(check(40, 50), Ok(false));
        assert_eq!(check(10, 30), Err(Errno::EINVAL));
        // A range of the same length, shifted.
        assert_eq!(check(11, 21), Err(Errno::EINVAL));
    }
}
