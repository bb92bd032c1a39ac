// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Engine maps made of random entries and extensions, against a model that keeps lists of
//! names.

#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

mod common;

use common::{platform, ENGINES};
use proptest::collection::vec;
use proptest::prelude::*;
use virtio_igpu_rules::engine_map::{
    check_bonded_engine, Bond, EngineMap, EngineSlot, LoadBalance, ParallelEngines, ParallelSubmit,
    Siblings,
};
use virtio_igpu_rules::errno::Errno;
use virtio_igpu_rules::platform::ClassInstance;

type Name = (u16, u16);

const NOTHING: Name = (0xffff, 0xffff);

#[derive(Clone, Debug)]
enum Extension {
    Balance {
        slot: u16,
        reserved: bool,
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
    },
}

fn name() -> impl Strategy<Value = Name> {
    prop_oneof![
        8 => (0..4_u16, 0..2_u16),
        1 => Just((4, 0)),
        1 => Just((0xfffe, 0)),
    ]
}

fn extension() -> impl Strategy<Value = Extension> {
    let slot = || 0..5_u16;
    prop_oneof![
        (slot(), proptest::bool::weighted(0.05), vec(name(), 0..4)).prop_map(
            |(slot, reserved, siblings)| Extension::Balance {
                slot,
                reserved,
                siblings
            }
        ),
        (slot(), name(), vec(name(), 0..3)).prop_map(|(slot, master, bonds)| Extension::Bond {
            slot,
            master,
            bonds
        }),
        (
            slot(),
            prop_oneof![5 => Just(1_u16), 1 => 0..4_u16],
            vec(video(), 1..4)
        )
            .prop_map(|(slot, num_siblings, engines)| Extension::Parallel {
                slot,
                num_siblings,
                engines,
            }),
    ]
}

fn video() -> impl Strategy<Value = Name> {
    prop_oneof![3 => (Just(2), 0..2_u16), 1 => name()]
}

fn class_instance((class, instance): Name) -> ClassInstance {
    ClassInstance { class, instance }
}

/// A slot of the model.
#[derive(Clone, Debug, PartialEq)]
enum Slot {
    Empty,
    Engine(Name),
    Balanced(Vec<Name>),
    Parallel(Vec<Name>),
}

fn exists(name: &Name) -> bool {
    ENGINES.contains(name)
}

fn model_apply(slots: &mut [Slot], extension: &Extension) -> Result<(), Errno> {
    let einval = |allowed: bool| if allowed { Ok(()) } else { Err(Errno::EINVAL) };
    match extension {
        Extension::Balance {
            slot,
            reserved,
            siblings,
        } => {
            let slot = slots.get_mut(usize::from(*slot)).ok_or(Errno::EINVAL)?;
            if *slot != Slot::Empty {
                return Err(Errno::EEXIST);
            }
            einval(!reserved)?;
            einval(siblings.iter().all(exists))?;
            match siblings.as_slice() {
                [] => {}
                [one] => *slot = Slot::Engine(*one),
                several => *slot = Slot::Balanced(several.to_vec()),
            }
        }
        Extension::Bond {
            slot,
            master,
            bonds,
        } => {
            let slot = slots.get(usize::from(*slot)).ok_or(Errno::EINVAL)?;
            einval(matches!(slot, Slot::Engine(_)))?;
            einval(exists(master) && bonds.iter().all(exists))?;
        }
        Extension::Parallel {
            slot,
            num_siblings,
            engines,
        } => {
            einval(*num_siblings == 1)?;
            let slot = slots.get_mut(usize::from(*slot)).ok_or(Errno::EINVAL)?;
            einval(*slot == Slot::Empty)?;
            einval(engines.len() >= 2)?;
            einval(engines.iter().all(exists))?;
            einval(engines.iter().all(|&(class, _)| class != 0))?;
            let consecutive = |pair: &[Name]| pair[0].0 == pair[1].0 && pair[0].1 + 1 == pair[1].1;
            einval(engines.windows(2).all(consecutive))?;
            *slot = Slot::Parallel(engines.clone());
        }
    }
    Ok(())
}

fn apply(map: &mut EngineMap, extension: &Extension) -> Result<(), Errno> {
    let facts = platform(12);
    match extension {
        Extension::Balance {
            slot,
            reserved,
            siblings,
        } => {
            let balance = LoadBalance {
                engine_index: *slot,
                num_siblings: siblings.len() as u16,
                flags: u32::from(*reserved),
                mbz64: 0,
            };
            let count = map.check_load_balance(&balance)?;
            assert_eq!(count, siblings.len());
            let mut set = Siblings::new();
            for &sibling in siblings {
                set.add(&facts, class_instance(sibling))?;
            }
            map.place_load_balance(&balance, &set)
        }
        Extension::Bond {
            slot,
            master,
            bonds,
        } => {
            let bond = Bond {
                master: class_instance(*master),
                virtual_index: *slot,
                num_bonds: bonds.len() as u16,
                ..Bond::default()
            };
            assert!(map.check_bond(&facts, &bond)? == bonds.len());
            bonds
                .iter()
                .try_for_each(|&bond| check_bonded_engine(&facts, class_instance(bond)))
        }
        Extension::Parallel {
            slot,
            num_siblings,
            engines,
        } => {
            let parallel = ParallelSubmit {
                engine_index: *slot,
                width: engines.len() as u16,
                num_siblings: *num_siblings,
                ..ParallelSubmit::default()
            };
            map.check_parallel(&parallel)?;
            let mut set = ParallelEngines::new();
            for &engine in engines {
                set.add(&facts, class_instance(engine))?;
            }
            map.place_parallel(&parallel, &set)
        }
    }
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

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn maps_are_what_the_model_says(
        entries in vec(prop_oneof![1 => name(), 1 => Just(NOTHING)], 0..5),
        extensions in vec(extension(), 0..4),
    ) {
        let facts = platform(12);
        let mut map = EngineMap::new(entries.len()).unwrap();
        let mut slots = vec![];
        for (index, entry) in entries.iter().enumerate() {
            let expected = if *entry == NOTHING || exists(entry) {
                Ok(())
            } else {
                Err(Errno::ENOENT)
            };
            prop_assert_eq!(map.place(&facts, index, class_instance(*entry)), expected);
            if expected.is_err() {
                return Ok(());
            }
            slots.push(match *entry {
                NOTHING => Slot::Empty,
                name => Slot::Engine(name),
            });
        }
        for extension in &extensions {
            let before = map.clone();
            let applied = apply(&mut map, extension);
            prop_assert_eq!(applied, model_apply(&mut slots, extension));
            if applied.is_err() {
                prop_assert_eq!(map, before);
                return Ok(());
            }
        }

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
    }
}
