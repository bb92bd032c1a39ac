// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What binds and unbinds do to an address space's tree of mappings.
//!
//! The tree itself is the caller's ([`MappingTree`]): in the driver one of the kernel's
//! red-black trees, in the tests a `BTreeMap`. Which mappings a range touches, what becomes
//! of each, and what the caller has to keep until the device no longer knows it, is decided
//! here, for both alike. Every step looks up one mapping, so an operation costs the
//! logarithm of what is mapped for each mapping that it touches, and allocates nothing.
//!
//! No failure half-way: the memory that an operation may need in the tree is the caller's
//! to get first ([`NODES_FOR_BIND`](super::range_map::NODES_FOR_BIND),
//! [`NODES_FOR_UNBIND`](super::range_map::NODES_FOR_UNBIND)).

use super::address::Range;
use super::range_map::{cut, touches, Cut, Mapping};

/// A tree of mappings by start address, of which no two overlap.
pub trait MappingTree {
    /// What is seen at a mapping's addresses. Each piece of a mapping that is cut has it.
    type Shown: Clone;
    /// A mapping taken out, in the memory it had in the tree.
    type Node;
    /// Memory for a mapping in the tree.
    type Spare;

    /// The first mapping that ends behind `address`; it may begin before it.
    fn first_ending_after(&self, address: u64) -> Option<Mapping>;
    /// What is seen at the mapping that begins at `start`.
    fn shown(&self, start: u64) -> Option<&Self::Shown>;
    /// Leaves the first `length` bytes of the mapping that begins at `start`.
    fn shorten(&mut self, start: u64, length: u64);
    /// Takes out the mapping that begins at `start`.
    fn take(&mut self, start: u64) -> Option<Self::Node>;
    /// Puts a mapping in, where there is none.
    fn put(&mut self, spare: Self::Spare, mapping: Mapping, shown: Self::Shown);
    /// Drops a mapping that was taken out, and keeps its memory.
    fn empty(node: Self::Node) -> Self::Spare;
}

/// A mapping from which a range was taken. What it shows has to last until the device has
/// confirmed that it is gone.
pub enum Displaced<T: MappingTree> {
    /// All of it.
    Whole(T::Node),
    /// Its begin or its end: one piece is left in the tree.
    End(T::Shown),
    /// Its middle: two pieces are left in the tree.
    Middle(T::Shown),
}

impl<T: MappingTree> Displaced<T> {
    /// How many mappings there are now in the place of the one.
    pub const fn pieces_left(&self) -> usize {
        match self {
            Self::Whole(_) => 0,
            Self::End(_) => 1,
            Self::Middle(_) => 2,
        }
    }
}

/// The mappings that have an address in `range`, in order.
pub struct Touching<'a, T> {
    tree: &'a T,
    range: Range,
    from: u64,
}

impl<T: MappingTree> Iterator for Touching<'_, T> {
    type Item = Mapping;

    fn next(&mut self) -> Option<Mapping> {
        let found = self.tree.first_ending_after(self.from);
        let mapping = found.filter(|mapping| touches(mapping, &self.range))?;
        self.from = mapping.range.end();
        Some(mapping)
    }
}

/// The mappings of `tree` that have an address in `range`, in order.
pub fn touching<T: MappingTree>(tree: &T, range: Range) -> Touching<'_, T> {
    Touching {
        tree,
        range,
        from: range.start(),
    }
}

/// Whether something is mapped at `address`.
pub fn is_mapped<T: MappingTree>(tree: &T, address: u64) -> bool {
    tree.first_ending_after(address)
        .is_some_and(|mapping| mapping.range.contains(address))
}

/// Unbinds `range`: afterwards nothing is mapped in it, and everything else is as it was.
/// Takes `spare` if a mapping is split in two. `displaced` is told of each mapping that had
/// a part in the range, in order, as it was.
pub fn unbind<T: MappingTree>(
    tree: &mut T,
    range: &Range,
    spare: &mut Option<T::Spare>,
    mut displaced: impl FnMut(&Mapping, Displaced<T>),
) {
    let mut from = range.start();
    loop {
        let found = tree.first_ending_after(from);
        let Some(mapping) = found.filter(|mapping| touches(mapping, range)) else {
            return;
        };
        let start = mapping.range.start();
        from = mapping.range.end();
        match cut(&mapping, range) {
            Cut::Keep => {}
            Cut::Remove => {
                if let Some(node) = tree.take(start) {
                    displaced(&mapping, Displaced::Whole(node));
                }
            }
            Cut::KeepHead(head) => {
                let shown = tree.shown(start).cloned();
                tree.shorten(start, head.range.length());
                if let Some(shown) = shown {
                    displaced(&mapping, Displaced::End(shown));
                }
            }
            Cut::KeepTail(tail) => {
                let shown = tree.shown(start).cloned();
                if let (Some(shown), Some(node)) = (shown, tree.take(start)) {
                    tree.put(T::empty(node), tail, shown.clone());
                    displaced(&mapping, Displaced::End(shown));
                }
            }
            Cut::Split { head, tail } => {
                let shown = tree.shown(start).cloned();
                tree.shorten(start, head.range.length());
                if let (Some(shown), Some(memory)) = (shown, spare.take()) {
                    tree.put(memory, tail, shown.clone());
                    displaced(&mapping, Displaced::Middle(shown));
                }
            }
        }
    }
}

/// What has to be unbound after an update of `range` that the device refused, so that tree
/// and device agree again: the parts of the range where nothing is mapped, or what the
/// refused update itself has mapped. What was bound there later stays.
pub fn in_doubt<'a, T: MappingTree>(
    tree: &'a T,
    range: &Range,
    refused: impl Fn(&T::Shown) -> bool + 'a,
) -> impl Iterator<Item = Range> + 'a {
    let end = range.end();
    let mut from = range.start();
    core::iter::from_fn(move || {
        while from < end {
            let start = from;
            let next = tree
                .first_ending_after(from)
                .filter(|mapping| mapping.range.start() < end);
            let Some(mapping) = next else {
                from = end;
                return Range::new(start, end - start).ok();
            };
            let (begin, behind) = (mapping.range.start(), mapping.range.end().min(end));
            from = behind;
            if tree.shown(begin).is_some_and(&refused) {
                return Range::new(start, behind - start).ok();
            }
            if begin > start {
                return Range::new(start, begin - start).ok();
            }
        }
        None
    })
}

/// Binds `mapping`, in place of whatever its range holds. `memory` is for itself, `spare`
/// for the piece more that there is if it lies in the middle of another.
pub fn bind<T: MappingTree>(
    tree: &mut T,
    mapping: Mapping,
    shown: T::Shown,
    memory: T::Spare,
    spare: &mut Option<T::Spare>,
    displaced: impl FnMut(&Mapping, Displaced<T>),
) {
    unbind(tree, &mapping.range, spare, displaced);
    tree.put(memory, mapping, shown);
}
