// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Sequences of binds and unbinds on a tree of mappings, against a flat map of pages.

#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use virtio_igpu_rules::address::{Range, PAGE_SIZE};
use virtio_igpu_rules::errno::Errno;
use virtio_igpu_rules::range_map::{
    check_exact, check_unoccupied, cut, touches, Cut, Mapping, NODES_FOR_BIND, NODES_FOR_UNBIND,
};

const PAGES: u64 = 64;

#[derive(Clone, Copy, Debug)]
enum Operation {
    Bind {
        start: u64,
        length: u64,
        object: u32,
        offset: u64,
    },
    Unbind {
        start: u64,
        length: u64,
    },
}

fn operation() -> impl Strategy<Value = Operation> {
    let span = (0..PAGES, 1..=16_u64);
    let bind =
        (span.clone(), 0..4_u32, 0..100_u64).prop_map(|((start, length), object, offset)| {
            let length = length.min(PAGES - start);
            Operation::Bind {
                start,
                length,
                object,
                offset,
            }
        });
    let unbind = span.prop_map(|(start, length)| Operation::Unbind {
        start,
        length: length.min(PAGES - start),
    });
    prop_oneof![2 => bind, 1 => unbind]
}

fn pages(start: u64, length: u64) -> Range {
    Range::new(start * PAGE_SIZE, length * PAGE_SIZE).unwrap()
}

/// What a driver keeps: mappings by start address, and whose they are.
#[derive(Default)]
struct Tree(BTreeMap<u64, (Mapping, u32)>);

impl Tree {
    fn touching(&self, range: Range) -> impl Iterator<Item = Mapping> + '_ {
        let mappings = self.0.values().map(|(mapping, _)| *mapping);
        mappings.filter(move |mapping| touches(mapping, &range))
    }

    /// Takes the range out of every mapping; how many new nodes that took.
    fn clear(&mut self, range: Range) -> usize {
        let starts: Vec<u64> = self.touching(range).map(|m| m.range.start()).collect();
        let mut new_nodes = 0;
        for start in starts {
            let (mapping, object) = self.0.remove(&start).unwrap();
            let cut = cut(&mapping, &range);
            new_nodes += cut.new_nodes();
            let mut put = |piece: Mapping| {
                assert!(!touches(&piece, &range));
                self.0.insert(piece.range.start(), (piece, object));
            };
            match cut {
                Cut::Keep => panic!("{mapping:?} touches {range:?}"),
                Cut::Remove => {}
                Cut::KeepHead(head) => {
                    assert_eq!(head.range.start(), start);
                    put(head);
                }
                Cut::KeepTail(tail) => put(tail),
                Cut::Split { head, tail } => {
                    put(head);
                    put(tail);
                }
            }
        }
        new_nodes
    }

    fn bind(&mut self, mapping: Mapping, object: u32) -> usize {
        let new_nodes = self.clear(mapping.range);
        let before = self.0.insert(mapping.range.start(), (mapping, object));
        assert_eq!(before, None);
        new_nodes + 1
    }

    /// Which page of which object stands at each page of the address space.
    fn flat(&self) -> [Option<(u32, u64)>; PAGES as usize] {
        let mut flat = [None; PAGES as usize];
        for (mapping, object) in self.0.values() {
            for page in 0..mapping.range.length() / PAGE_SIZE {
                let at = &mut flat[(mapping.range.start() / PAGE_SIZE + page) as usize];
                assert_eq!(*at, None, "mappings overlap");
                *at = Some((*object, mapping.offset / PAGE_SIZE + page));
            }
        }
        flat
    }
}

fn model(flat: &mut [Option<(u32, u64)>], operation: Operation) {
    match operation {
        Operation::Bind {
            start,
            length,
            object,
            offset,
        } => {
            for page in 0..length {
                flat[(start + page) as usize] = Some((object, offset + page));
            }
        }
        Operation::Unbind { start, length } => {
            flat[start as usize..(start + length) as usize].fill(None);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 10_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn replacing_and_partial_unbinds_do_what_a_page_map_does(
        operations in vec(operation(), 200),
    ) {
        let mut tree = Tree::default();
        let mut flat = [None; PAGES as usize];
        for operation in operations {
            match operation {
                Operation::Bind { start, length, object, offset } => {
                    let range = pages(start, length);
                    let mapping = Mapping { range, offset: offset * PAGE_SIZE };
                    prop_assert!(tree.bind(mapping, object) <= NODES_FOR_BIND);
                }
                Operation::Unbind { start, length } => {
                    prop_assert!(tree.clear(pages(start, length)) <= NODES_FOR_UNBIND);
                }
            }
            model(&mut flat, operation);
            prop_assert_eq!(tree.flat(), flat);
        }
    }

    #[test]
    fn version_1_never_touches_another_mapping(operations in vec(operation(), 50)) {
        let mut tree = Tree::default();
        let mut flat = [None; PAGES as usize];
        for operation in operations {
            match operation {
                Operation::Bind { start, length, object, offset } => {
                    let range = pages(start, length);
                    let used = &flat[start as usize..(start + length) as usize];
                    let expected = match used.iter().position(Option::is_some) {
                        None => Ok(()),
                        Some(0) => Err(Errno::EEXIST),
                        Some(_) => Err(Errno::ENOSPC),
                    };
                    let checked = check_unoccupied(tree.touching(range), &range);
                    prop_assert_eq!(checked, expected);
                    if checked.is_ok() {
                        tree.bind(Mapping { range, offset: offset * PAGE_SIZE }, object);
                        model(&mut flat, operation);
                    }
                }
                Operation::Unbind { start, length } => {
                    let range = pages(start, length);
                    let touched: Vec<Mapping> = tree.touching(range).collect();
                    let expected = match touched.as_slice() {
                        [] => Ok(false),
                        [one] if one.range == range => Ok(true),
                        _ => Err(Errno::EINVAL),
                    };
                    let checked = check_exact(tree.touching(range), &range);
                    prop_assert_eq!(checked, expected);
                    if checked == Ok(true) {
                        prop_assert_eq!(tree.clear(range), 0);
                        model(&mut flat, operation);
                    }
                }
            }
            prop_assert_eq!(tree.flat(), flat);
        }
    }
}
