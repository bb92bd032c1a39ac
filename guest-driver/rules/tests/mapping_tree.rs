// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Address spaces against flat maps of pages: random sequences of binds, replacing binds,
//! partial unbinds, aliases, private objects, closed handles, ends of address spaces, with a
//! device that is late and sometimes refuses.
//!
//! What the driver does around the rules is done here in the same way: commands that are
//! queued, what they take away held until the device has answered, refused ones settled
//! before the next operation. Checked are the tree against the flat map, how often each
//! object is mapped, that the device never reaches memory which has been given back, and
//! that nothing is left at the end.

#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

mod common;

use std::collections::{BTreeMap, VecDeque};
use std::rc::{Rc, Weak};

use virtio_igpu_rules::address::{Range, PAGE_SIZE};
use virtio_igpu_rules::errno::Errno;
use virtio_igpu_rules::mapping_tree::{
    bind, in_doubt, is_mapped, touching, unbind, Displaced, MappingTree,
};
use virtio_igpu_rules::platform::PlatformFacts;
use virtio_igpu_rules::range_map::Mapping;
use virtio_igpu_rules::vm_bind::{check_bind, BindArguments, Owner};

/// Sequences, and operations in each.
const SEQUENCES: u64 = 10_000;
const OPERATIONS: u64 = 200;
/// Pages of an address space that are used, and of an object.
const PAGES: u64 = 40;
const OBJECT_PAGES: u64 = 12;
const OBJECTS: usize = 6;
const SPACES: usize = 2;

/// Random numbers (splitmix64): the sequence's number is the seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

/// Memory that mappings keep.
struct Object {
    number: usize,
    /// The address space that alone may bind it.
    private_to: Option<usize>,
}

/// What a mapping shows: memory, and which update made it.
#[derive(Clone)]
struct Shown {
    object: Rc<Object>,
    update: u64,
}

/// Memory of a tree's mapping: counted, to see that no more is used than the rules say.
struct Memory;

struct Entry {
    length: u64,
    offset: u64,
    shown: Shown,
}

#[derive(Default)]
struct Tree(BTreeMap<u64, Entry>);

fn mapping(start: u64, entry: &Entry) -> Mapping {
    Mapping {
        range: Range::new(start, entry.length).unwrap(),
        offset: entry.offset,
    }
}

impl MappingTree for Tree {
    type Shown = Shown;
    type Node = Entry;
    type Spare = Memory;

    fn first_ending_after(&self, address: u64) -> Option<Mapping> {
        let (start, before) = self.0.range(..address).next_back().unzip();
        let reaching = start
            .zip(before)
            .map(|(start, entry)| mapping(*start, entry));
        reaching
            .filter(|mapping| mapping.range.end() > address)
            .or_else(|| {
                let (start, entry) = self.0.range(address..).next()?;
                Some(mapping(*start, entry))
            })
    }

    fn shown(&self, start: u64) -> Option<&Shown> {
        Some(&self.0.get(&start)?.shown)
    }

    fn shorten(&mut self, start: u64, length: u64) {
        let entry = self.0.get_mut(&start).unwrap();
        assert!(0 < length && length < entry.length);
        entry.length = length;
    }

    fn take(&mut self, start: u64) -> Option<Entry> {
        self.0.remove(&start)
    }

    fn put(&mut self, _memory: Memory, mapping: Mapping, shown: Shown) {
        let entry = Entry {
            length: mapping.range.length(),
            offset: mapping.offset,
            shown,
        };
        assert!(self.0.insert(mapping.range.start(), entry).is_none());
    }

    fn empty(_entry: Entry) -> Memory {
        Memory
    }
}

/// What a page of an address space shows: an object's page, and which update made it so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Page {
    object: usize,
    page: u64,
    update: u64,
}

/// An update on its way to the device.
struct Update {
    range: Range,
    /// What the device is to have there, page by page.
    pages: Vec<Option<(usize, u64)>>,
    number: u64,
    held: Vec<Shown>,
}

struct Space {
    tree: Tree,
    flat: Vec<Option<Page>>,
    device: Vec<Option<(usize, u64)>>,
    queue: VecDeque<Update>,
    last_update: u64,
    /// How often each object is mapped.
    mapped: BTreeMap<usize, usize>,
    /// Updates that the device has refused, to be settled; and what they hold.
    refused: Vec<Update>,
    kept: Vec<Update>,
}

fn page_range(start: u64, pages: u64) -> Range {
    Range::new(start * PAGE_SIZE, pages * PAGE_SIZE).unwrap()
}

fn indices(range: &Range) -> std::ops::Range<usize> {
    (range.start() / PAGE_SIZE) as usize..(range.end() / PAGE_SIZE) as usize
}

impl Space {
    fn new() -> Self {
        Self {
            tree: Tree::default(),
            flat: vec![None; PAGES as usize],
            device: vec![None; PAGES as usize],
            queue: VecDeque::new(),
            last_update: 0,
            mapped: BTreeMap::new(),
            refused: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Has the tree changed by `change`, and keeps what goes in an update for the device.
    fn update(
        &mut self,
        range: Range,
        pages: Vec<Option<(usize, u64)>>,
        change: impl FnOnce(&mut Tree, &mut dyn FnMut(&Mapping, Displaced<Tree>)),
    ) {
        self.last_update += 1;
        let mut held = Vec::new();
        let mapped = &mut self.mapped;
        change(&mut self.tree, &mut |was, displaced| {
            assert!(was.range.overlaps(&range));
            let left = displaced.pieces_left();
            let shown = match displaced {
                Displaced::Whole(entry) => entry.shown,
                Displaced::End(shown) | Displaced::Middle(shown) => shown,
            };
            let count = mapped.get_mut(&shown.object.number).unwrap();
            *count = *count + left - 1;
            if *count == 0 {
                mapped.remove(&shown.object.number);
            }
            held.push(shown);
        });
        self.queue.push_back(Update {
            range,
            pages,
            number: self.last_update,
            held,
        });
    }

    fn bind(&mut self, range: Range, object: &Rc<Object>, offset: u64) {
        self.settle();
        let update = self.last_update + 1;
        let shown = Shown {
            object: object.clone(),
            update,
        };
        *self.mapped.entry(object.number).or_default() += 1;
        let first = offset / PAGE_SIZE;
        let pages = indices(&range).zip(first..);
        let pages = pages.map(|(_, page)| Some((object.number, page))).collect();
        let new = Mapping { range, offset };
        self.update(range, pages, |tree, displaced| {
            bind(tree, new, shown, Memory, &mut Some(Memory), displaced);
        });
        for (index, page) in indices(&range).zip(first..) {
            self.flat[index] = Some(Page {
                object: object.number,
                page,
                update,
            });
        }
    }

    fn unbind(&mut self, range: Range) {
        self.settle();
        self.unbind_now(range);
    }

    fn unbind_now(&mut self, range: Range) {
        let pages = vec![None; indices(&range).len()];
        self.update(range, pages, |tree, displaced| {
            unbind(tree, &range, &mut Some(Memory), displaced);
        });
        self.flat[indices(&range)].fill(None);
    }

    /// Before an operation: what refused updates have left in doubt is unbound.
    fn settle(&mut self) {
        while let Some(refused) = self.refused.pop() {
            let number = refused.number;
            let made = move |shown: &Shown| shown.update == number;
            let doubtful: Vec<Range> = in_doubt(&self.tree, &refused.range, made).collect();
            // Just the pages that nothing later has been bound to.
            let mut pages = vec![false; PAGES as usize];
            for range in &doubtful {
                pages[indices(range)].fill(true);
            }
            for (index, (doubted, page)) in pages.iter().zip(&self.flat).enumerate() {
                let in_range = indices(&refused.range).contains(&index);
                let later = page.is_some_and(|page| page.update != number);
                assert_eq!(*doubted, in_range && !later, "page {index} in doubt");
            }
            for range in doubtful {
                self.unbind_now(range);
            }
            self.kept.push(refused);
        }
    }

    /// The device carries out the first update of its queue, or refuses it.
    fn device_step(&mut self, refuses: bool) {
        let Some(update) = self.queue.pop_front() else {
            return;
        };
        if refuses {
            self.refused.push(update);
            return;
        }
        self.device[indices(&update.range)].copy_from_slice(&update.pages);
        drop(update.held);
    }

    /// The tree is what the flat map is, and nothing overlaps.
    fn check(&self) {
        let mut flat = vec![None; PAGES as usize];
        let mut mapped = BTreeMap::<usize, usize>::new();
        for (start, entry) in &self.tree.0 {
            let here = mapping(*start, entry);
            *mapped.entry(entry.shown.object.number).or_default() += 1;
            for (index, page) in indices(&here.range).zip(here.offset / PAGE_SIZE..) {
                assert_eq!(flat[index], None, "mappings overlap");
                flat[index] = Some(Page {
                    object: entry.shown.object.number,
                    page,
                    update: entry.shown.update,
                });
            }
        }
        assert_eq!(flat, self.flat);
        assert_eq!(mapped, self.mapped);
    }

    /// The address space ends: everything is unbound, on the device too.
    fn destroy(&mut self) {
        let all = page_range(0, PAGES);
        let pages = vec![None; PAGES as usize];
        self.update(all, pages, |tree, displaced| {
            // Nothing is split where all goes.
            unbind(tree, &all, &mut None, displaced);
        });
        assert!(self.tree.0.is_empty() && self.mapped.is_empty());
        assert_eq!(touching(&self.tree, all).next(), None);
    }
}

struct World {
    facts: PlatformFacts,
    spaces: [Space; SPACES],
    handles: [Option<Rc<Object>>; OBJECTS],
    objects: Vec<Weak<Object>>,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            facts: common::platform(12),
            spaces: [(); SPACES].map(|()| Space::new()),
            handles: [const { None }; OBJECTS],
            objects: Vec::new(),
        };
        for place in 0..OBJECTS {
            world.create(place);
        }
        world
    }

    /// A new object behind the handle: two can be bound anywhere, the others in one
    /// address space.
    fn create(&mut self, place: usize) {
        let object = Rc::new(Object {
            number: self.objects.len(),
            private_to: place.checked_sub(2).map(|place| place % SPACES),
        });
        self.objects.push(Rc::downgrade(&object));
        self.handles[place] = Some(object);
    }

    fn bind(&mut self, random: &mut Random) {
        let space = random.below(SPACES as u64) as usize;
        let Some(object) = self.handles[random.below(OBJECTS as u64) as usize].clone() else {
            return;
        };
        let offset = random.below(OBJECT_PAGES);
        let length = 1 + random.below(OBJECT_PAGES - offset);
        let start = random.below(PAGES - length + 1);
        let owner = match object.private_to {
            None => Owner::Shared,
            Some(owner) if owner == space => Owner::ThisVm,
            Some(_) => Owner::AnotherVm,
        };
        let arguments = BindArguments {
            start: start * PAGE_SIZE,
            offset: offset * PAGE_SIZE,
            length: length * PAGE_SIZE,
            ..BindArguments::default()
        };
        let request = check_bind(&self.facts, arguments);
        let size = OBJECT_PAGES * PAGE_SIZE;
        match request.unwrap().check_object(&self.facts, size, owner) {
            Ok(checked) => {
                assert_ne!(owner, Owner::AnotherVm);
                self.spaces[space].bind(checked.range, &object, checked.offset);
            }
            Err(errno) => assert_eq!((errno, owner), (Errno::EINVAL, Owner::AnotherVm)),
        }
    }

    fn unbind(&mut self, random: &mut Random) {
        let space = random.below(SPACES as u64) as usize;
        let start = random.below(PAGES);
        let length = 1 + random.below(16.min(PAGES - start));
        self.spaces[space].unbind(page_range(start, length));
    }

    fn operation(&mut self, random: &mut Random) {
        match random.below(100) {
            0..50 => self.bind(random),
            50..72 => self.unbind(random),
            72..94 => {
                let space = &mut self.spaces[random.below(SPACES as u64) as usize];
                for _ in 0..=random.below(4) {
                    space.device_step(random.one_in(12));
                }
            }
            94..99 => {
                // The handle is closed; mappings keep the object. Another takes its place.
                let place = random.below(OBJECTS as u64) as usize;
                self.handles[place] = None;
                self.create(place);
            }
            _ => self.end(random.below(SPACES as u64) as usize),
        }
        self.nothing_is_reached_that_is_gone();
    }

    /// An address space ends, and another takes its place once the device has said so.
    fn end(&mut self, space: usize) {
        self.spaces[space].destroy();
        while !self.spaces[space].queue.is_empty() {
            self.spaces[space].device_step(false);
            self.nothing_is_reached_that_is_gone();
        }
        assert!(self.spaces[space].device.iter().all(Option::is_none));
        self.spaces[space] = Space::new();
    }

    /// Whatever the device can reach is still held.
    fn nothing_is_reached_that_is_gone(&self) {
        for space in &self.spaces {
            for (object, _) in space.device.iter().flatten() {
                assert!(self.objects[*object].strong_count() > 0);
            }
        }
    }
}

fn sequence(seed: u64) {
    let mut random = Random(seed);
    let mut world = World::new();
    for number in 0..OPERATIONS {
        world.operation(&mut random);
        if number % 8 == 0 {
            world.spaces.iter().for_each(Space::check);
        }
    }
    // The device catches up, and then has what the flat map has.
    for space in &mut world.spaces {
        while !space.queue.is_empty() || !space.refused.is_empty() {
            space.settle();
            space.device_step(false);
        }
        space.check();
        let flat = space.flat.iter();
        let expected: Vec<_> = flat.map(|page| page.map(|p| (p.object, p.page))).collect();
        assert_eq!(space.device, expected);
        for (index, page) in (0..).zip(&space.flat) {
            assert_eq!(is_mapped(&space.tree, index * PAGE_SIZE), page.is_some());
        }
    }
    for space in 0..SPACES {
        world.end(space);
    }
    world.handles = [const { None }; OBJECTS];
    assert!(world
        .objects
        .iter()
        .all(|object| object.strong_count() == 0));
}

/// Every sequence, over as many threads as there are processors.
#[test]
fn address_spaces_do_what_flat_maps_of_pages_do() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    std::thread::scope(|scope| {
        for first in 0..threads {
            scope.spawn(move || {
                for seed in (first..SEQUENCES).step_by(threads as usize) {
                    let ran = std::panic::catch_unwind(|| sequence(seed));
                    assert!(ran.is_ok(), "the sequence with seed {seed}");
                }
            });
        }
    });
}
