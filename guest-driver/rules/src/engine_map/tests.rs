// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What a map holds, by the function of i915 that says so. How it is read is tested in
//! the crate's `tests/`.

use super::super::platform::{ice_lake, tiger_lake};
use super::super::uapi_numbers::*;
use super::*;

const NOTHING: ClassInstance = ClassInstance {
    class: 0xffff,
    instance: 0xffff,
};

fn name(class: u16, instance: u16) -> ClassInstance {
    ClassInstance { class, instance }
}

fn map_of(names: &[ClassInstance]) -> EngineMap {
    let mut map = EngineMap::new(names.len()).unwrap();
    for (index, &name) in map.indices().zip(names) {
        map.place(&tiger_lake(), index, name).unwrap();
    }
    map
}

fn siblings_of(names: &[ClassInstance]) -> Siblings {
    let mut siblings = Siblings::new();
    for &name in names {
        siblings.add(&tiger_lake(), name).unwrap();
    }
    siblings
}

// gem/i915_gem_context.c:set_proto_ctx_engines
#[test]
fn the_size_must_be_a_header_and_whole_entries_up_to_64() {
    assert_eq!(entry_count(0), Err(Errno::EINVAL));
    assert_eq!(entry_count(7), Err(Errno::EINVAL));
    assert_eq!(entry_count(8), Ok(0));
    assert_eq!(entry_count(10), Err(Errno::EINVAL));
    assert_eq!(entry_count(8 + 64 * 4), Ok(64));
    assert_eq!(entry_count(8 + 65 * 4), Err(Errno::EINVAL));
    assert_eq!(EngineMap::new(65), Err(Errno::EINVAL));
}

#[test]
fn an_unknown_engine_is_enoent_and_an_empty_slot_einval_to_submit() {
    let facts = tiger_lake();
    let mut map = map_of(&[name(1, 0), NOTHING]);
    let second = map.indices().nth(1).unwrap();
    assert_eq!(map.place(&facts, second, name(4, 0)), Err(Errno::ENOENT));
    assert_eq!(
        map.place(&facts, second, name(0xfffe, 0)),
        Err(Errno::ENOENT)
    );
    assert_eq!(map.get(0).unwrap().placement(&facts, 0), Some((1, 1)));
    for index in [1, 2, 63, 64, usize::MAX] {
        assert_eq!(map.get(index), Err(Errno::EINVAL));
        assert_eq!(map.find_filled(index), Err(Errno::EINVAL));
    }
    assert_eq!(map_of(&[]).get(0), Err(Errno::EINVAL));
}

// gem/i915_gem_context.c:set_proto_ctx_engines_balance, _bond, _parallel_submit
#[test]
fn each_extension_wants_its_kind_of_slot() {
    let mut map = map_of(&[name(0, 0), NOTHING, NOTHING, NOTHING]);
    let slot = |map: &EngineMap, index| map.find_balanced(index).unwrap();
    let balanced = slot(&map, 2);
    map.place_balanced(balanced, &siblings_of(&[name(2, 0), name(2, 1)]));
    let parallel = map.find_parallel(3).unwrap();
    let mut engines = ParallelEngines::first(&tiger_lake(), name(2, 0)).unwrap();
    engines.add(&tiger_lake(), name(2, 1)).unwrap();
    map.place_parallel(parallel, &engines);
    let found = |found: Result<SlotIndex>| found.map(SlotIndex::get);
    for (index, balance, bond, parallel) in [
        (0, Err(Errno::EEXIST), Ok(0), Err(Errno::EINVAL)),
        (1, Ok(1), Err(Errno::EINVAL), Ok(1)),
        (
            2,
            Err(Errno::EEXIST),
            Err(Errno::EINVAL),
            Err(Errno::EINVAL),
        ),
        (
            3,
            Err(Errno::EEXIST),
            Err(Errno::EINVAL),
            Err(Errno::EINVAL),
        ),
        (
            4,
            Err(Errno::EINVAL),
            Err(Errno::EINVAL),
            Err(Errno::EINVAL),
        ),
        (
            0xffff,
            Err(Errno::EINVAL),
            Err(Errno::EINVAL),
            Err(Errno::EINVAL),
        ),
    ] {
        assert_eq!(found(map.find_balanced(index)), balance, "{index}");
        assert_eq!(found(map.find_bonded(index)), bond, "{index}");
        assert_eq!(found(map.find_parallel(index)), parallel, "{index}");
    }
}

#[test]
fn one_sibling_is_the_engine_and_none_leaves_the_slot_empty() {
    let facts = tiger_lake();
    let mut map = map_of(&[NOTHING]);
    let slot = map.find_balanced(0).unwrap();
    map.place_balanced(slot, &siblings_of(&[]));
    assert_eq!(map.get(0), Err(Errno::EINVAL));
    map.place_balanced(slot, &siblings_of(&[name(2, 1)]));
    assert_eq!(
        map.get(0),
        Ok(&EngineSlot::Physical {
            engine: facts.find_engine(name(2, 1)).unwrap(),
            sseu: None
        })
    );
}

// gt/intel_execlists_submission.c:execlists_create_virtual
#[test]
fn siblings_of_two_classes_or_twice_are_noticed_at_first_use() {
    let facts = tiger_lake();
    for (names, built) in [
        ([name(2, 0), name(2, 1)], Ok(())),
        ([name(2, 0), name(3, 0)], Err(Errno::EINVAL)),
        ([name(2, 1), name(2, 1)], Err(Errno::EINVAL)),
    ] {
        let mut map = map_of(&[NOTHING]);
        let slot = map.find_balanced(0).unwrap();
        map.place_balanced(slot, &siblings_of(&names));
        assert_eq!(map.check_buildable(), built);
        if built.is_ok() {
            assert_eq!(map.get(0).unwrap().placement(&facts, 0), Some((2, 0b11)));
        }
    }
    assert_eq!(Siblings::new().add(&facts, name(2, 2)), Err(Errno::EINVAL));
}

// execlists_create_virtual leaves the virtual engine's sseu zero; all others begin with
// that of the device (intel_engine_cs.c:engine_setup_common, intel_context_init).
#[test]
fn a_virtual_engine_has_no_slices() {
    let facts = tiger_lake();
    let whole = Sseu::whole_device(&facts);
    let mut map = map_of(&[name(1, 0), NOTHING]);
    assert_eq!(map.get(0).unwrap().first_sseu(&facts), whole);
    let slot = map.find_balanced(1).unwrap();
    map.place_balanced(slot, &siblings_of(&[name(2, 0), name(2, 1)]));
    assert_eq!(map.get(1).unwrap().first_sseu(&facts), Sseu::NOTHING);
    map.place_balanced(slot, &siblings_of(&[name(2, 0)]));
    assert_eq!(map.get(1).unwrap().first_sseu(&facts), whole);
    let mut engines = ParallelEngines::first(&facts, name(2, 0)).unwrap();
    engines.add(&facts, name(2, 1)).unwrap();
    map.place_parallel(slot, &engines);
    assert_eq!(map.get(1).unwrap().first_sseu(&facts), whole);
}

// gem/i915_gem_context.c:set_proto_ctx_engines_parallel_submit
#[test]
fn a_parallel_slot_takes_neighbours_of_a_class_without_shaders() {
    let facts = tiger_lake();
    let add = |names: [ClassInstance; 2]| {
        let mut engines = ParallelEngines::first(&facts, names[0])?;
        engines.add(&facts, names[1])?;
        Ok(engines)
    };
    for wrong in [
        [name(0, 0), name(1, 0)],
        [name(1, 0), name(2, 0)],
        [name(2, 1), name(2, 0)],
        [name(2, 0), name(2, 0)],
        [name(2, 1), name(2, 2)],
        [name(2, 2), name(2, 1)],
        // The same engines, but the classes are compared as they were written.
        [name(2, 0), name(0x102, 1)],
    ] {
        assert_eq!(add(wrong).map(drop), Err(Errno::EINVAL), "{wrong:?}");
    }
    for right in [
        [name(2, 0), name(2, 1)],
        [name(0x102, 0), name(0x102, 0x301)],
    ] {
        let mut map = map_of(&[NOTHING]);
        let slot = map.find_parallel(0).unwrap();
        map.place_parallel(slot, &add(right).unwrap());
        let slot = map.get(0).unwrap();
        assert_eq!(slot.width(), 2);
        assert_eq!(slot.placement(&facts, 0), Some((2, 0b01)));
        assert_eq!(slot.placement(&facts, 1), Some((2, 0b10)));
        assert_eq!(slot.placement(&facts, 2), None);
    }
}

#[test]
fn a_parallel_slot_leaves_no_engine_out() {
    let mut facts = tiger_lake();
    facts.engines[5] = facts.engines[4];
    facts.engines[4].name = name(2, 2);
    facts.engine_count = 6;
    facts.check().unwrap();
    let add = |first, next| ParallelEngines::first(&facts, first)?.add(&facts, next);
    assert_eq!(add(name(2, 1), name(2, 2)), Ok(()));
    assert_eq!(add(name(2, 0), name(2, 2)), Err(Errno::EINVAL));
}

// gem/i915_gem_execbuffer.c:eb_select_legacy_ring
#[test]
fn legacy_selectors_name_engines() {
    let facts = tiger_lake();
    let select = |flags| {
        select_legacy(&facts, flags, |count| {
            assert_eq!(count, 2);
            1
        })
        .map(|engine| {
            let name = facts.engine(engine).name;
            (name.class, name.instance)
        })
    };
    assert_eq!(select(I915_EXEC_DEFAULT), Ok((0, 0)));
    assert_eq!(select(I915_EXEC_RENDER), Ok((0, 0)));
    assert_eq!(select(I915_EXEC_BLT), Ok((1, 0)));
    assert_eq!(select(I915_EXEC_VEBOX), Ok((3, 0)));
    assert_eq!(select(I915_EXEC_BSD), Ok((2, 1)));
    assert_eq!(select(I915_EXEC_BSD | I915_EXEC_BSD_RING1), Ok((2, 0)));
    assert_eq!(select(I915_EXEC_BSD | I915_EXEC_BSD_RING2), Ok((2, 1)));
    assert_eq!(
        select(I915_EXEC_BSD | I915_EXEC_BSD_MASK),
        Err(Errno::EINVAL)
    );
    assert_eq!(
        select(I915_EXEC_RENDER | I915_EXEC_BSD_RING1),
        Err(Errno::EINVAL)
    );
    for ring in 5..64 {
        assert_eq!(select(ring), Err(Errno::EINVAL));
    }
}

#[test]
fn with_one_video_engine_the_bsd_selector_is_ignored() {
    let mut facts = ice_lake();
    facts.engines[3] = facts.engines[4];
    facts.engine_count = 4;
    facts.check().unwrap();
    let video = facts.find_engine(name(2, 0)).unwrap();
    for bsd in [0, I915_EXEC_BSD_RING2, I915_EXEC_BSD_MASK] {
        assert_eq!(
            select_legacy(&facts, I915_EXEC_BSD | bsd, |_| panic!("asked")),
            Ok(video)
        );
    }
    facts.engine_count = 1;
    assert_eq!(
        select_legacy(&facts, I915_EXEC_BLT, |_| 0),
        Err(Errno::EINVAL)
    );
}

#[test]
fn the_legacy_map_has_each_engine_at_its_index() {
    let facts = ice_lake();
    let sseu = Sseu::whole_device(&facts);
    let map = EngineMap::legacy(&facts, Some(sseu));
    assert_eq!(map.slots().len(), 5);
    for engine in facts.indices() {
        match map.get(engine.get()) {
            Ok(EngineSlot::Physical {
                engine: in_slot,
                sseu: set,
            }) => {
                assert_eq!(*in_slot, engine);
                assert_eq!(set.is_some(), engine.get() == 0);
            }
            other => panic!("{other:?}"),
        }
    }
}
