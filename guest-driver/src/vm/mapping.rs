// SPDX-License-Identifier: GPL-2.0 OR MIT

//! A mapping, and the tree of them that an address space has: [`MappingTree`] on one of
//! the kernel's trees.

use crate::rules::address::Range;
use crate::rules::mapping_tree::MappingTree;
use crate::rules::range_map;
use crate::vm::View;
use kernel::rbtree::{RBTree, RBTreeNode, RBTreeNodeReservation};
use kernel::sync::Arc;

/// Mappings by start address. No two overlap.
pub(super) type Tree = RBTree<u64, Mapping>;

/// Memory for a mapping in a [`Tree`].
pub(super) type Spare = RBTreeNodeReservation<u64, Mapping>;

/// A range of GPU addresses at which something is seen; the start is the tree's key.
pub(super) struct Mapping {
    /// Bytes.
    pub(super) length: u64,
    /// Where in the object it starts, in bytes.
    pub(super) offset: u64,
    /// What is seen.
    pub(super) shown: Shown,
}

/// What is seen at the addresses of a mapping and of the pieces it is cut into.
#[derive(Clone)]
pub(super) struct Shown {
    /// The pages, which it keeps pinned; none where reads are zero and writes vanish.
    pub(super) view: Option<Arc<View>>,
    /// The GPU's writes vanish.
    pub(super) read_only: bool,
    /// The contents go into the error state when a submission hangs.
    pub(super) capture: bool,
    /// The bind timeline's value of the update that made the mapping.
    pub(super) update: u64,
}

// What a mapping takes, with its view and beside the table of its object's extents: each
// part is rounded up to one of kmalloc's sizes.
const _: () = {
    // The kernel's part of a tree's node; an `Arc`'s count.
    const LINKS: usize = 3 * size_of::<usize>();
    const COUNT: usize = size_of::<usize>();
    assert!(LINKS + size_of::<u64>() + size_of::<Mapping>() <= 96);
    assert!(COUNT + size_of::<View>() <= 64);
};

impl Mapping {
    /// As the rules see it, at `start`.
    pub(super) fn at(&self, start: u64) -> Option<range_map::Mapping> {
        Some(range_map::Mapping {
            range: Range::new(start, self.length).ok()?,
            offset: self.offset,
        })
    }
}

impl MappingTree for Tree {
    type Shown = Shown;
    type Node = RBTreeNode<u64, Mapping>;
    type Spare = Spare;

    fn first_ending_after(&self, address: u64) -> Option<range_map::Mapping> {
        let ends_after = |(start, mapping): (&u64, &Mapping)| {
            (mapping.length > address.saturating_sub(*start))
                .then(|| mapping.at(*start))
                .flatten()
        };
        // What begins at the address or behind it ends behind it; one before may reach there.
        match self.cursor_lower_bound(&address) {
            Some(cursor) => {
                let before = cursor.peek_prev().and_then(ends_after);
                before.or_else(|| ends_after(cursor.current()))
            }
            None => self
                .cursor_back()
                .and_then(|cursor| ends_after(cursor.current())),
        }
    }

    fn shown(&self, start: u64) -> Option<&Shown> {
        Some(&self.get(&start)?.shown)
    }

    fn shorten(&mut self, start: u64, length: u64) {
        if let Some(mapping) = self.get_mut(&start) {
            mapping.length = length;
        }
    }

    fn take(&mut self, start: u64) -> Option<Self::Node> {
        self.remove_node(&start)
    }

    fn put(&mut self, spare: Spare, mapping: range_map::Mapping, shown: Shown) {
        let value = Mapping {
            length: mapping.range.length(),
            offset: mapping.offset,
            shown,
        };
        self.insert(spare.into_node(mapping.range.start(), value));
    }

    fn empty(node: Self::Node) -> Spare {
        node.into_reservation()
    }
}
