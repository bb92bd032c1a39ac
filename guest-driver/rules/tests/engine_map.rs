// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Engine maps as userspace writes them, with any fields and with bytes that can't be
//! read, against a model of `set_proto_ctx_engines` and of its extensions that keeps lists
//! of names. The model says what i915 reads and judges, and in which order.

#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

mod common;

use std::ops::Range;

use common::{platform, Bytes, Userspace, ENGINES};
use proptest::collection::vec;
use proptest::prelude::*;
use virtio_igpu_rules::engine_map::{entry_count, EngineMap, EngineSlot};
use virtio_igpu_rules::errno::Errno;

type Name = (u16, u16);

const NOTHING: Name = (0xffff, 0xffff);

/// Where the map is, and where its extensions are, each at a multiple of the latter.
const MAP_AT: u64 = 0x1_0000;
const LINK_AT: u64 = 0x10_0000;

/// A link of the chain. Reserved words are those of the link's header first, then the
/// extension's own in the order of the structure.
#[derive(Clone, Debug)]
struct Link {
    reserved: Option<usize>,
    extension: Extension,
}

#[derive(Clone, Debug)]
enum Extension {
    Balance {
        slot: u16,
        siblings: Vec<Name>,
    },
    Bond {
        slot: u16,
        master: Name,
        bonds: Vec<Name>,
    },
    Parallel {
        slot: u16,
        num_siblings: u16,
        engines: Vec<Name>,
        mbz16: u16,
    },
    Unknown(u32),
}

/// Words of the header that must be zero: `flags` and `rsvd`.
const HEADER_WORDS: usize = 5;

impl Link {
    /// Whether the extension's own reserved word with this number isn't zero.
    fn own(&self, word: usize) -> bool {
        self.reserved == Some(HEADER_WORDS + word)
    }

    fn bytes(&self, next: u64) -> Vec<u8> {
        let own = |word| u64::from(self.own(word));
        let header = |name| Bytes::default().link(next, name, self.reserved);
        let bytes = match &self.extension {
            Extension::Balance { slot, siblings } => header(0)
                .u16(*slot)
                .u16(siblings.len() as u16)
                .u32(own(0) as u32)
                .u64(own(1))
                .engines(siblings),
            Extension::Bond {
                slot,
                master,
                bonds,
            } => (1..5)
                .fold(
                    header(1)
                        .engines(&[*master])
                        .u16(*slot)
                        .u16(bonds.len() as u16)
                        .u64(own(0)),
                    |bytes, word| bytes.u64(own(word)),
                )
                .engines(bonds),
            Extension::Parallel {
                slot,
                num_siblings,
                engines,
                mbz16,
            } => (1..4)
                .fold(
                    header(2)
                        .u16(*slot)
                        .u16(engines.len() as u16)
                        .u16(*num_siblings)
                        .u16(*mbz16)
                        .u64(own(0)),
                    |bytes, word| bytes.u64(own(word)),
                )
                .engines(engines),
            Extension::Unknown(name) => header(*name),
        };
        bytes.0
    }
}

fn name() -> impl Strategy<Value = Name> {
    prop_oneof![
        12 => (0..4_u16, 0..2_u16),
        1 => Just((4, 0)),
        1 => Just((0xfffe, 0)),
        1 => Just((0x102, 1)),
    ]
}

fn video() -> impl Strategy<Value = Name> {
    prop_oneof![6 => (Just(2), 0..2_u16), 1 => name()]
}

fn link() -> impl Strategy<Value = Link> {
    let slot = || prop_oneof![9 => 0..5_u16, 1 => any::<u16>()];
    let extension = prop_oneof![
        4 => (slot(), vec(name(), 0..4))
            .prop_map(|(slot, siblings)| Extension::Balance { slot, siblings }),
        4 => (slot(), name(), vec(name(), 0..3))
            .prop_map(|(slot, master, bonds)| Extension::Bond { slot, master, bonds }),
        4 => (
            slot(),
            prop_oneof![5 => Just(1_u16), 1 => 0..4_u16],
            vec(video(), 0..4),
            prop_oneof![4 => Just(0_u16), 1 => any::<u16>()],
        )
            .prop_map(|(slot, num_siblings, engines, mbz16)| Extension::Parallel {
                slot,
                num_siblings,
                engines,
                mbz16,
            }),
        1 => prop_oneof![Just(3_u32), any::<u32>().prop_filter("known", |name| *name > 2)]
            .prop_map(Extension::Unknown),
    ];
    let reserved = prop_oneof![8 => Just(None), 1 => (0..10_usize).prop_map(Some)];
    (reserved, extension).prop_map(|(reserved, extension)| Link {
        reserved,
        extension,
    })
}

/// A slot of the model.
#[derive(Clone, Debug, PartialEq)]
enum Slot {
    Empty,
    Engine(Name),
    Balanced(Vec<Name>),
    Parallel(Vec<Name>),
}

/// The engine of this name, of which eight bits each are looked at.
fn engine(name: &Name) -> Option<Name> {
    let low = (name.0 & 0xff, name.1 & 0xff);
    ENGINES.contains(&low).then_some(low)
}

fn einval(allowed: bool) -> Result<(), Errno> {
    if allowed {
        Ok(())
    } else {
        Err(Errno::EINVAL)
    }
}

/// The model: what i915 reads of a structure, field by field, and what it says to each.
struct Model {
    slots: Vec<Slot>,
    hole: Range<u64>,
}

impl Model {
    /// Reads a field of this many bytes.
    fn touch(&self, address: u64, size: u64) -> Result<(), Errno> {
        let unreadable = address < self.hole.end && self.hole.start < address + size;
        if unreadable && !self.hole.is_empty() {
            Err(Errno::EFAULT)
        } else {
            Ok(())
        }
    }

    fn reserved(&self, address: u64, size: u64, set: bool) -> Result<(), Errno> {
        self.touch(address, size)?;
        einval(!set)
    }

    fn names(
        &self,
        address: u64,
        names: &[Name],
        mut judge: impl FnMut(&Name) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        for (place, name) in (address..).step_by(4).zip(names) {
            self.touch(place, 4)?;
            judge(name)?;
        }
        Ok(())
    }

    fn map(&mut self, entries: &[Name], links: &[Link]) -> Result<(), Errno> {
        for (place, entry) in (MAP_AT + 8..).step_by(4).zip(entries) {
            self.touch(place, 4)?;
            self.slots.push(match *entry {
                NOTHING => Slot::Empty,
                _ => Slot::Engine(engine(entry).ok_or(Errno::ENOENT)?),
            });
        }
        self.touch(MAP_AT, 8)?;
        for (address, link) in (LINK_AT..).step_by(LINK_AT as usize).zip(links) {
            for word in 0..HEADER_WORDS {
                let set = link.reserved == Some(word);
                self.reserved(address + 12 + 4 * word as u64, 4, set)?;
            }
            self.touch(address + 8, 4)?;
            self.extension(address, link)?;
            self.touch(address, 8)?;
        }
        Ok(())
    }

    fn extension(&mut self, at: u64, link: &Link) -> Result<(), Errno> {
        match &link.extension {
            Extension::Balance { slot, siblings } => {
                self.touch(at + 32, 2)?;
                let slot = usize::from(*slot);
                match self.slots.get(slot) {
                    None => return Err(Errno::EINVAL),
                    Some(Slot::Empty) => {}
                    Some(_) => return Err(Errno::EEXIST),
                }
                self.touch(at + 34, 2)?;
                self.reserved(at + 36, 4, link.own(0))?;
                self.reserved(at + 40, 8, link.own(1))?;
                let mut found = vec![];
                self.names(at + 48, siblings, |name| {
                    found.push(engine(name).ok_or(Errno::EINVAL)?);
                    Ok(())
                })?;
                match found.as_slice() {
                    [] => {}
                    [one] => self.slots[slot] = Slot::Engine(*one),
                    several => self.slots[slot] = Slot::Balanced(several.to_vec()),
                }
            }
            Extension::Bond {
                slot,
                master,
                bonds,
            } => {
                self.touch(at + 36, 2)?;
                let slot = self.slots.get(usize::from(*slot)).ok_or(Errno::EINVAL)?;
                einval(matches!(slot, Slot::Engine(_)))?;
                self.reserved(at + 40, 8, link.own(0))?;
                for word in 0..4 {
                    self.reserved(at + 48 + 8 * word, 8, link.own(1 + word as usize))?;
                }
                let known = |name: &Name| einval(engine(name).is_some());
                self.names(at + 32, &[*master], known)?;
                self.touch(at + 38, 2)?;
                self.names(at + 80, bonds, known)?;
            }
            Extension::Parallel {
                slot,
                num_siblings,
                engines,
                mbz16: _,
            } => {
                self.touch(at + 32, 6)?;
                einval(*num_siblings == 1)?;
                let slot = usize::from(*slot);
                einval(self.slots.get(slot) == Some(&Slot::Empty))?;
                self.reserved(at + 40, 8, link.own(0))?;
                for word in 0..3 {
                    self.reserved(at + 48 + 8 * word, 8, link.own(1 + word as usize))?;
                }
                einval(engines.len() >= 2)?;
                let mut found: Vec<Name> = vec![];
                let mut class = engines[0].0;
                self.names(at + 72, engines, |name| {
                    let engine = engine(name).ok_or(Errno::EINVAL)?;
                    einval(engine.0 != 0)?;
                    einval(name.0 == class)?;
                    class = name.0;
                    einval(found.last().is_none_or(|last| last.1 + 1 == engine.1))?;
                    found.push(engine);
                    Ok(())
                })?;
                self.slots[slot] = Slot::Parallel(found);
            }
            Extension::Unknown(_) => return Err(Errno::EINVAL),
        }
        Ok(())
    }
}

/// Lays a map and its extensions out in memory.
fn userspace(entries: &[Name], links: &[Link]) -> Userspace {
    let address = |index: usize| match index {
        _ if index == links.len() => 0,
        _ => LINK_AT * (1 + index as u64),
    };
    let mut memory = Userspace::default();
    memory.put(MAP_AT, Bytes::default().u64(address(0)).engines(entries).0);
    for (index, link) in links.iter().enumerate() {
        memory.put(address(index), link.bytes(address(index + 1)));
    }
    memory
}

/// What the rules make of it.
fn read(entries: usize, memory: &Userspace) -> Result<EngineMap, Errno> {
    let mut map = EngineMap::new(entry_count(8 + 4 * entries as u32)?)?;
    map.read(&platform(12), memory, MAP_AT)?;
    Ok(map)
}

/// The names a slot's batches may run on, batch by batch.
fn placements(slot: &EngineSlot) -> Vec<Vec<Name>> {
    let facts = platform(12);
    (0..slot.width())
        .map(|batch| {
            let (class, instances) = slot.placement(&facts, batch).unwrap();
            let instances = (0..16).filter(move |instance| instances & (1 << instance) != 0);
            instances.map(|instance| (class, instance)).collect()
        })
        .collect()
}

fn model_placements(slot: &Slot) -> Vec<Vec<Name>> {
    match slot {
        Slot::Empty => vec![],
        Slot::Engine(name) => vec![vec![*name]],
        Slot::Balanced(names) => {
            let mut names = names.clone();
            names.sort_unstable();
            vec![names]
        }
        Slot::Parallel(names) => names.iter().map(|&name| vec![name]).collect(),
    }
}

fn check_slots(map: &EngineMap, slots: &[Slot]) -> Result<(), TestCaseError> {
    // execlists_create_virtual
    let sensible = |slot: &Slot| match slot {
        Slot::Balanced(names) => {
            let one_class = names.iter().all(|&(class, _)| class == names[0].0);
            let distinct = (1..names.len()).all(|n| !names[..n].contains(&names[n]));
            one_class && distinct
        }
        _ => true,
    };
    let buildable = slots.iter().all(sensible);
    prop_assert_eq!(map.check_buildable().is_ok(), buildable);
    prop_assert_eq!(map.slots().len(), slots.len());
    for (index, slot) in slots.iter().enumerate() {
        match map.get(index) {
            Err(error) => {
                prop_assert_eq!(error, Errno::EINVAL);
                prop_assert_eq!(slot, &Slot::Empty);
            }
            Ok(filled) if buildable => {
                prop_assert_eq!(placements(filled), model_placements(slot));
            }
            Ok(_) => prop_assert_ne!(slot, &Slot::Empty),
        }
    }
    prop_assert_eq!(map.get(slots.len()), Err(Errno::EINVAL));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn maps_are_what_the_model_says(
        entries in vec(prop_oneof![2 => name(), 3 => Just(NOTHING)], 0..5),
        links in vec(link(), 0..4),
        // Relative to the map, or to a link.
        hole in prop_oneof![
            1 => Just((0, 0_u64, 0_u64)),
            1 => (0..5_usize, 0..100_u64, 1..16_u64),
        ],
    ) {
        let (part, offset, length) = hole;
        let start = offset + match part {
            0 => MAP_AT,
            link => LINK_AT * link as u64,
        };
        let mut memory = userspace(&entries, &links);
        memory.set_hole(start..start + length);
        let mut model = Model { slots: vec![], hole: start..start + length };
        let expected = model.map(&entries, &links);
        match read(entries.len(), &memory) {
            Err(error) => prop_assert_eq!(Err(error), expected),
            Ok(map) => {
                prop_assert_eq!(expected, Ok(()));
                check_slots(&map, &model.slots)?;
            }
        }
    }
}

/// A map with each of the extensions, all of them good.
fn good() -> (Vec<Name>, Vec<Link>) {
    let link = |extension| Link {
        reserved: None,
        extension,
    };
    let links = vec![
        link(Extension::Balance {
            slot: 1,
            siblings: vec![(2, 0), (2, 1)],
        }),
        link(Extension::Bond {
            slot: 0,
            master: (1, 0),
            bonds: vec![(2, 1)],
        }),
        link(Extension::Parallel {
            slot: 2,
            num_siblings: 1,
            engines: vec![(2, 0), (2, 1)],
            mbz16: 0,
        }),
    ];
    (vec![(0, 0), NOTHING, NOTHING], links)
}

// Every byte that i915 reads, and none that it doesn't.
#[test]
fn any_unreadable_byte_is_efault() {
    let (entries, links) = good();
    let mut memory = userspace(&entries, &links);
    assert!(read(entries.len(), &memory).is_ok());
    let mut parts = vec![(MAP_AT, 8 + 4 * entries.len() as u64)];
    for (index, link) in links.iter().enumerate() {
        parts.push((LINK_AT * (1 + index as u64), link.bytes(0).len() as u64));
    }
    let mbz16 = 3 * LINK_AT + 38..3 * LINK_AT + 40;
    let mut unread = 0;
    for (address, size) in parts {
        for byte in address..address + size {
            memory.set_hole(byte..byte + 1);
            let result = read(entries.len(), &memory).map(drop);
            if mbz16.contains(&byte) {
                assert_eq!(result, Ok(()), "{byte:#x}");
                unread += 1;
            } else {
                assert_eq!(result, Err(Errno::EFAULT), "{byte:#x}");
            }
        }
    }
    assert_eq!(unread, 2);
}

// A structure at the end of the address space does not go on at its beginning.
#[test]
fn addresses_do_not_wrap_around() {
    let (entries, links) = good();
    let mut memory = userspace(&entries, &links);
    memory.put(u64::MAX - 11, vec![0; 11]);
    memory.put(0, vec![0; 64]);
    let mut map = EngineMap::new(8).unwrap();
    assert_eq!(
        map.read(&platform(12), &memory, u64::MAX - 11),
        Err(Errno::EFAULT)
    );
}
