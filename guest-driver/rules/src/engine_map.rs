// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Engine maps: what the engine selector of a submission means
//! (`gem/i915_gem_context.c:set_proto_ctx_engines` and its extensions,
//! `gem/i915_gem_execbuffer.c:eb_select_engine`).
//!
//! A map is filled while nobody else can see it: [`EngineMap::new`] makes one of empty
//! slots, [`EngineMap::place`] takes the array's entries, then the extensions are applied
//! in the chain's order. What fails leaves the caller to drop the map; the context keeps
//! the one it had. Once a context has it the map never changes, so no lock guards it.

use super::errno::{valid_if, Errno, Result};
use super::platform::{ClassInstance, EngineIndex, PlatformFacts};
use super::sseu::Sseu;
use super::sync::clamp_index;
use super::uapi_numbers::*;

/// The most slots of a map: `I915_EXEC_RING_MASK + 1`.
pub const MAX_SLOTS: usize = 64;

/// Bytes of `struct i915_context_param_engines` without its array, and of an entry.
const HEADER_SIZE: u32 = 8;
const ENTRY_SIZE: u32 = 4;

/// What a slot of an engine map stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineSlot {
    /// Nothing: submitting to it is `EINVAL`.
    None,
    /// One engine.
    Physical {
        /// The engine.
        engine: EngineIndex,
        /// Slices the context is to have on it; the whole device if nothing was said.
        sseu: Option<Sseu>,
    },
    /// Whichever of several engines is idle.
    Virtual(Siblings),
    /// Several engines of a class that take a batch each and start together:
    /// `first` and those after it, `width` in all, at least two.
    Parallel {
        /// The engine of the first batch.
        first: EngineIndex,
        /// How many engines, and batches.
        width: u8,
    },
}

impl EngineSlot {
    /// How many batches a submission to this slot has.
    pub fn width(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Physical { .. } | Self::Virtual(_) => 1,
            Self::Parallel { width, .. } => usize::from(*width),
        }
    }

    /// The class, and in it the instances as a mask, on which batch `batch` of a
    /// submission may run; `None` for a slot or batch that does not exist.
    pub fn placement(&self, facts: &PlatformFacts, batch: usize) -> Option<(u16, u16)> {
        let one = |engine: EngineIndex| {
            let name = facts.engine(engine).name;
            (name.class, 1 << name.instance)
        };
        match *self {
            Self::Physical { engine, .. } if batch == 0 => Some(one(engine)),
            Self::Virtual(siblings) if batch == 0 => {
                let mut engines = siblings.engines();
                let (class, mut instances) = one(engines.next()?);
                for engine in engines {
                    instances |= one(engine).1;
                }
                Some((class, instances))
            }
            Self::Parallel { first, width } if batch < usize::from(width) => {
                let engine = facts.indices().nth(first.get() + batch)?;
                Some(one(engine))
            }
            _ => None,
        }
    }

    /// The class of the slot's engines (`ce->engine->class`); `None` for an empty slot.
    pub fn class(&self, facts: &PlatformFacts) -> Option<u16> {
        self.placement(facts, 0).map(|(class, _)| class)
    }
}

/// The engines a virtual engine chooses from, added one by one as they are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Siblings {
    mask: u16,
    class: u16,
    count: u16,
    mismatched: bool,
}

impl Siblings {
    /// No sibling yet.
    pub const fn new() -> Self {
        Self {
            mask: 0,
            class: 0,
            count: 0,
            mismatched: false,
        }
    }

    /// Adds the engine userspace names: `EINVAL` if there is none of that name. That it
    /// is there twice or of another class than the first is noticed when the context is
    /// built ([`EngineMap::check_buildable`]), as i915 does.
    pub fn add(&mut self, facts: &PlatformFacts, name: ClassInstance) -> Result {
        let engine = facts.find_engine(name).ok_or(Errno::EINVAL)?;
        let class = facts.engine(engine).name.class;
        let bit = 1 << engine.get();
        if self.count == 0 {
            self.class = class;
        } else if self.class != class || self.mask & bit != 0 {
            self.mismatched = true;
        }
        self.mask |= bit;
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    /// The engines, each once, in the platform's order.
    pub fn engines(&self) -> impl Iterator<Item = EngineIndex> {
        let mask = self.mask;
        EngineIndex::all().filter(move |engine| mask & (1 << engine.get()) != 0)
    }
}

/// `struct i915_context_engines_load_balance` without its array, read from the caller.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadBalance {
    /// The slot to fill.
    pub engine_index: u16,
    /// Entries of the array.
    pub num_siblings: u16,
    /// Must be zero.
    pub flags: u32,
    /// Must be zero.
    pub mbz64: u64,
}

/// `struct i915_context_engines_bond` without its array, read from the caller.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bond {
    /// The engine the siblings are bonded to.
    pub master: ClassInstance,
    /// The slot.
    pub virtual_index: u16,
    /// Entries of the array.
    pub num_bonds: u16,
    /// Must be zero.
    pub flags: u64,
    /// Must be zero.
    pub mbz64: [u64; 4],
}

/// `struct i915_context_engines_parallel_submit` without its array, read from the caller.
/// Its `mbz16` is not looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct ParallelSubmit {
    /// The slot to fill.
    pub engine_index: u16,
    /// Batches of a submission.
    pub width: u16,
    /// Possible engines of each batch.
    pub num_siblings: u16,
    /// Must be zero.
    pub flags: u64,
    /// Must be zero.
    pub mbz64: [u64; 3],
}

/// The engines of a parallel slot, added one by one as they are read.
#[derive(Clone, Copy, Debug, Default)]
pub struct ParallelEngines {
    first: Option<EngineIndex>,
    last: Option<EngineIndex>,
    count: u16,
}

impl ParallelEngines {
    /// No engine yet.
    pub const fn new() -> Self {
        Self {
            first: None,
            last: None,
            count: 0,
        }
    }

    /// Adds the engine of the next batch: `EINVAL` if there is none of that name, if it
    /// renders or computes (those engines have no handshake between batches), or if it is
    /// not the one after the engine before it.
    pub fn add(&mut self, facts: &PlatformFacts, name: ClassInstance) -> Result {
        let engine = facts.find_engine(name).ok_or(Errno::EINVAL)?;
        let class = facts.engine(engine).name.class;
        valid_if(class != I915_ENGINE_CLASS_RENDER && class != I915_ENGINE_CLASS_COMPUTE)?;
        if let Some(last) = self.last {
            valid_if(facts.engine(last).name.class == class)?;
            // Engines are listed by class and instance: the next in the list is the next
            // in logical order.
            valid_if(engine.get() == last.get() + 1)?;
        }
        self.first = self.first.or(Some(engine));
        self.last = Some(engine);
        self.count = self.count.saturating_add(1);
        Ok(())
    }
}

/// The engine map of a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineMap {
    slots: [EngineSlot; MAX_SLOTS],
    count: u8,
}

/// How many entries follow the header of `I915_CONTEXT_PARAM_ENGINES`' value, given the
/// parameter's size: `EINVAL` if that is not a header and whole entries, or too many.
/// No entry at all is a map on which nothing can be submitted.
pub const fn entry_count(size: u32) -> Result<usize> {
    if size < HEADER_SIZE || (size - HEADER_SIZE) % ENTRY_SIZE != 0 {
        return Err(Errno::EINVAL);
    }
    let count = ((size - HEADER_SIZE) / ENTRY_SIZE) as usize;
    if count > MAX_SLOTS {
        return Err(Errno::EINVAL);
    }
    Ok(count)
}

impl EngineMap {
    /// A map of `count` empty slots, at most [`MAX_SLOTS`].
    pub const fn new(count: usize) -> Result<Self> {
        if count > MAX_SLOTS {
            return Err(Errno::EINVAL);
        }
        Ok(Self {
            slots: [EngineSlot::None; MAX_SLOTS],
            count: count as u8,
        })
    }

    /// The map of a context to which none was given: every engine of the platform, at its
    /// own index. It is addressed by [`select_legacy`], not by slot numbers.
    pub fn legacy(facts: &PlatformFacts, render_sseu: Option<Sseu>) -> Self {
        let mut map = Self {
            slots: [EngineSlot::None; MAX_SLOTS],
            count: facts.engines().len() as u8,
        };
        for (slot, engine) in map.slots.iter_mut().zip(facts.indices()) {
            let renders = facts.engine(engine).name.class == I915_ENGINE_CLASS_RENDER;
            *slot = EngineSlot::Physical {
                engine,
                sseu: render_sseu.filter(|_| renders),
            };
        }
        map
    }

    /// The slots, in order.
    pub fn slots(&self) -> &[EngineSlot] {
        &self.slots[..usize::from(self.count)]
    }

    /// The slot a submission names by number (`i915_gem_context_get_engine`): `EINVAL` if
    /// there is none or nothing in it.
    pub fn get(&self, index: usize) -> Result<&EngineSlot> {
        let slots = self.slots();
        valid_if(index < slots.len())?;
        match &slots[clamp_index(index, slots.len())] {
            EngineSlot::None => Err(Errno::EINVAL),
            slot => Ok(slot),
        }
    }

    /// Fills a slot with the engine its array entry names; the entry {INVALID, NONE}
    /// leaves it empty. `ENOENT` for a name nobody has.
    pub fn place(&mut self, facts: &PlatformFacts, index: usize, name: ClassInstance) -> Result {
        let nothing = ClassInstance {
            class: I915_ENGINE_CLASS_INVALID,
            instance: I915_ENGINE_CLASS_INVALID_NONE,
        };
        let filled = if name == nothing {
            EngineSlot::None
        } else {
            EngineSlot::Physical {
                engine: facts.find_engine(name).ok_or(Errno::ENOENT)?,
                sseu: None,
            }
        };
        *self.slot_mut(index).ok_or(Errno::EINVAL)? = filled;
        Ok(())
    }

    /// Judges a load balancer before its siblings are read, and says how many to read
    /// (`set_proto_ctx_engines_balance`). None is no error and changes nothing.
    pub fn check_load_balance(&self, balance: &LoadBalance) -> Result<usize> {
        match self.slot(balance.engine_index) {
            None => return Err(Errno::EINVAL),
            Some(EngineSlot::None) => {}
            Some(_) => return Err(Errno::EEXIST),
        }
        valid_if(balance.flags == 0 && balance.mbz64 == 0)?;
        Ok(usize::from(balance.num_siblings))
    }

    /// Puts a load balancer of these siblings in its slot. A single sibling is the engine
    /// itself; none leaves the slot empty.
    pub fn place_load_balance(&mut self, balance: &LoadBalance, siblings: &Siblings) -> Result {
        self.check_load_balance(balance)?;
        let filled = match siblings.engines().next() {
            None => EngineSlot::None,
            Some(engine) if siblings.count == 1 => EngineSlot::Physical { engine, sseu: None },
            Some(_) => EngineSlot::Virtual(*siblings),
        };
        *self
            .slot_mut(usize::from(balance.engine_index))
            .ok_or(Errno::EINVAL)? = filled;
        Ok(())
    }

    /// Judges a bond before its engines are read, and says how many to read
    /// (`set_proto_ctx_engines_bond`). Each of them is to be judged by
    /// [`check_bonded_engine`]. A bond has no effect: i915 checks it and forgets it, for
    /// the slot it bonds must be a physical engine, which has no choice to make.
    pub fn check_bond(&self, facts: &PlatformFacts, bond: &Bond) -> Result<usize> {
        match self.slot(bond.virtual_index) {
            Some(EngineSlot::Physical { .. }) => {}
            _ => return Err(Errno::EINVAL),
        }
        valid_if(bond.flags == 0 && bond.mbz64.iter().all(|&word| word == 0))?;
        check_bonded_engine(facts, bond.master)?;
        Ok(usize::from(bond.num_bonds))
    }

    /// Judges a parallel slot before its engines are read, and says how many to read
    /// (`set_proto_ctx_engines_parallel_submit`). Without the GuC each batch has one
    /// possible engine.
    pub fn check_parallel(&self, parallel: &ParallelSubmit) -> Result<usize> {
        valid_if(parallel.num_siblings == 1)?;
        valid_if(self.slot(parallel.engine_index) == Some(&EngineSlot::None))?;
        valid_if(parallel.flags == 0 && parallel.mbz64.iter().all(|&word| word == 0))?;
        valid_if(parallel.width >= 2)?;
        Ok(usize::from(parallel.width))
    }

    /// Puts a parallel slot of these engines in its place.
    pub fn place_parallel(
        &mut self,
        parallel: &ParallelSubmit,
        engines: &ParallelEngines,
    ) -> Result {
        self.check_parallel(parallel)?;
        valid_if(engines.count == parallel.width)?;
        let first = engines.first.ok_or(Errno::EINVAL)?;
        // Consecutive engines of a platform: no more than its list has.
        let width = engines.count as u8;
        *self
            .slot_mut(usize::from(parallel.engine_index))
            .ok_or(Errno::EINVAL)? = EngineSlot::Parallel { first, width };
        Ok(())
    }

    /// Whether contexts can be built with this map, asked at first use: `EINVAL` for a
    /// load balancer with an engine twice or of two classes
    /// (`gt/intel_execlists_submission.c:execlists_create_virtual`).
    pub fn check_buildable(&self) -> Result {
        valid_if(
            !self
                .slots()
                .iter()
                .any(|slot| matches!(slot, EngineSlot::Virtual(siblings) if siblings.mismatched)),
        )
    }

    /// Sets the slices for the engine in a slot (`set_proto_ctx_sseu`): `EINVAL` unless
    /// it is the render engine itself.
    pub(super) fn render_sseu(
        &mut self,
        facts: &PlatformFacts,
        index: usize,
    ) -> Result<&mut Option<Sseu>> {
        match self.slot_mut(index) {
            Some(EngineSlot::Physical { engine, sseu })
                if facts.engine(*engine).name.class == I915_ENGINE_CLASS_RENDER =>
            {
                Ok(sseu)
            }
            _ => Err(Errno::EINVAL),
        }
    }

    fn slot(&self, index: u16) -> Option<&EngineSlot> {
        let (index, slots) = (usize::from(index), self.slots());
        if index < slots.len() {
            slots.get(clamp_index(index, slots.len()))
        } else {
            None
        }
    }

    fn slot_mut(&mut self, index: usize) -> Option<&mut EngineSlot> {
        let count = usize::from(self.count);
        if index < count {
            self.slots.get_mut(clamp_index(index, count))
        } else {
            None
        }
    }
}

/// Judges the name of an engine in a bond: `EINVAL` for one nobody has. (i915 refuses
/// bonds altogether, with `ENODEV`, on platforms after Tiger Lake and its siblings.)
pub fn check_bonded_engine(facts: &PlatformFacts, name: ClassInstance) -> Result {
    valid_if(facts.find_engine(name).is_some())
}

/// The engine that EXECBUFFER2's flags select on a context without a map
/// (`eb_select_legacy_ring`), an index into [`EngineMap::legacy`].
///
/// `pick_video` is asked, with the number of video engines, when the caller leaves the
/// choice among several to the driver; a file keeps the choice it first got
/// (`gen8_dispatch_bsd_engine`).
pub fn select_legacy(
    facts: &PlatformFacts,
    flags: u64,
    pick_video: impl FnOnce(usize) -> usize,
) -> Result<EngineIndex> {
    let ring = flags & I915_EXEC_RING_MASK;
    let bsd = flags & I915_EXEC_BSD_MASK;
    valid_if(ring == I915_EXEC_BSD || bsd == 0)?;

    let video_engines = facts.class_count(I915_ENGINE_CLASS_VIDEO);
    let (class, instance) = match ring {
        I915_EXEC_DEFAULT | I915_EXEC_RENDER => (I915_ENGINE_CLASS_RENDER, 0),
        I915_EXEC_BLT => (I915_ENGINE_CLASS_COPY, 0),
        I915_EXEC_VEBOX => (I915_ENGINE_CLASS_VIDEO_ENHANCE, 0),
        I915_EXEC_BSD if video_engines > 1 => {
            let instance = match bsd {
                I915_EXEC_BSD_DEFAULT => pick_video(video_engines) % video_engines,
                I915_EXEC_BSD_RING1 => 0,
                I915_EXEC_BSD_RING2 => 1,
                _ => return Err(Errno::EINVAL),
            };
            (I915_ENGINE_CLASS_VIDEO, instance as u16)
        }
        I915_EXEC_BSD => (I915_ENGINE_CLASS_VIDEO, 0),
        _ => return Err(Errno::EINVAL),
    };
    facts
        .find_engine(ClassInstance { class, instance })
        .ok_or(Errno::EINVAL)
}

/// The slot that EXECBUFFER2's flags select on a context with a map of its own.
pub const fn select_user(flags: u64) -> usize {
    (flags & I915_EXEC_RING_MASK) as usize
}

#[cfg(test)]
mod tests {
    use super::super::platform::{ice_lake, tiger_lake};
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
        for (index, &name) in names.iter().enumerate() {
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
        assert_eq!(map.place(&facts, 1, name(4, 0)), Err(Errno::ENOENT));
        assert_eq!(map.place(&facts, 1, name(0xfffe, 0)), Err(Errno::ENOENT));
        assert_eq!(map.get(0).unwrap().placement(&facts, 0), Some((1, 1)));
        assert_eq!(map.get(1), Err(Errno::EINVAL));
        assert_eq!(map.get(2), Err(Errno::EINVAL));
        assert_eq!(map_of(&[]).get(0), Err(Errno::EINVAL));
    }

    // gem/i915_gem_context.c:set_proto_ctx_engines_balance
    #[test]
    fn a_load_balancer_wants_a_free_slot() {
        let map = map_of(&[name(0, 0), NOTHING]);
        let balance = |engine_index| LoadBalance {
            engine_index,
            num_siblings: 2,
            ..LoadBalance::default()
        };
        assert_eq!(map.check_load_balance(&balance(2)), Err(Errno::EINVAL));
        assert_eq!(map.check_load_balance(&balance(0)), Err(Errno::EEXIST));
        assert_eq!(map.check_load_balance(&balance(1)), Ok(2));
        let mut reserved = balance(1);
        reserved.flags = 1;
        assert_eq!(map.check_load_balance(&reserved), Err(Errno::EINVAL));
        // The slot's state is looked at before the reserved fields.
        reserved.engine_index = 0;
        assert_eq!(map.check_load_balance(&reserved), Err(Errno::EEXIST));
    }

    #[test]
    fn one_sibling_is_the_engine_and_none_leaves_the_slot_empty() {
        let facts = tiger_lake();
        let balance = LoadBalance::default();
        let mut map = map_of(&[NOTHING]);
        map.place_load_balance(&balance, &siblings_of(&[])).unwrap();
        assert_eq!(map.get(0), Err(Errno::EINVAL));
        map.place_load_balance(&balance, &siblings_of(&[name(2, 1)]))
            .unwrap();
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
        let balance = LoadBalance::default();
        for (names, built) in [
            ([name(2, 0), name(2, 1)], Ok(())),
            ([name(2, 0), name(3, 0)], Err(Errno::EINVAL)),
            ([name(2, 1), name(2, 1)], Err(Errno::EINVAL)),
        ] {
            let mut map = map_of(&[NOTHING]);
            map.place_load_balance(&balance, &siblings_of(&names))
                .unwrap();
            assert_eq!(map.check_buildable(), built);
            if built.is_ok() {
                assert_eq!(map.get(0).unwrap().placement(&facts, 0), Some((2, 0b11)));
            }
        }
        assert_eq!(Siblings::new().add(&facts, name(2, 2)), Err(Errno::EINVAL));
    }

    // gem/i915_gem_context.c:set_proto_ctx_engines_bond
    #[test]
    fn a_bond_is_checked_on_a_physical_slot() {
        let facts = tiger_lake();
        let mut map = map_of(&[name(2, 0), NOTHING, NOTHING]);
        map.place_load_balance(
            &LoadBalance {
                engine_index: 2,
                ..LoadBalance::default()
            },
            &siblings_of(&[name(2, 0), name(2, 1)]),
        )
        .unwrap();
        let bond = |virtual_index, master| Bond {
            master,
            virtual_index,
            num_bonds: 1,
            ..Bond::default()
        };
        assert_eq!(map.check_bond(&facts, &bond(0, name(0, 0))), Ok(1));
        for index in [1, 2, 3] {
            assert_eq!(
                map.check_bond(&facts, &bond(index, name(0, 0))),
                Err(Errno::EINVAL)
            );
        }
        assert_eq!(
            map.check_bond(&facts, &bond(0, name(0, 1))),
            Err(Errno::EINVAL)
        );
        let mut reserved = bond(0, name(0, 0));
        reserved.mbz64[3] = 1;
        assert_eq!(map.check_bond(&facts, &reserved), Err(Errno::EINVAL));
    }

    // gem/i915_gem_context.c:set_proto_ctx_engines_parallel_submit
    #[test]
    fn a_parallel_slot_takes_neighbours_of_a_class_without_shaders() {
        let facts = tiger_lake();
        let mut map = map_of(&[NOTHING, name(0, 0)]);
        let parallel = ParallelSubmit {
            engine_index: 0,
            width: 2,
            num_siblings: 1,
            ..ParallelSubmit::default()
        };
        for wrong in [
            ParallelSubmit {
                num_siblings: 2,
                ..parallel
            },
            ParallelSubmit {
                num_siblings: 0,
                ..parallel
            },
            ParallelSubmit {
                engine_index: 1,
                ..parallel
            },
            ParallelSubmit {
                engine_index: 2,
                ..parallel
            },
            ParallelSubmit {
                width: 1,
                ..parallel
            },
            ParallelSubmit {
                flags: 1,
                ..parallel
            },
            ParallelSubmit {
                mbz64: [0, 0, 1],
                ..parallel
            },
        ] {
            assert_eq!(map.check_parallel(&wrong), Err(Errno::EINVAL), "{wrong:?}");
        }
        assert_eq!(map.check_parallel(&parallel), Ok(2));

        for wrong in [
            [name(0, 0), name(1, 0)],
            [name(1, 0), name(2, 0)],
            [name(2, 1), name(2, 0)],
            [name(2, 0), name(2, 0)],
            [name(2, 1), name(2, 2)],
        ] {
            let mut engines = ParallelEngines::new();
            let added = wrong.iter().try_for_each(|&name| engines.add(&facts, name));
            assert_eq!(added, Err(Errno::EINVAL), "{wrong:?}");
        }
        let mut engines = ParallelEngines::new();
        engines.add(&facts, name(2, 0)).unwrap();
        assert_eq!(map.place_parallel(&parallel, &engines), Err(Errno::EINVAL));
        engines.add(&facts, name(2, 1)).unwrap();
        map.place_parallel(&parallel, &engines).unwrap();
        let slot = map.get(0).unwrap();
        assert_eq!(slot.width(), 2);
        assert_eq!(slot.placement(&facts, 1), Some((2, 0b10)));
        assert_eq!(slot.placement(&facts, 2), None);
    }

    #[test]
    fn a_parallel_slot_leaves_no_engine_out() {
        let mut facts = tiger_lake();
        facts.engines[5] = facts.engines[4];
        facts.engines[4].name = name(2, 2);
        facts.engine_count = 6;
        facts.check().unwrap();
        let add = |names: [ClassInstance; 2]| {
            let mut engines = ParallelEngines::new();
            names
                .into_iter()
                .try_for_each(|name| engines.add(&facts, name))
        };
        assert_eq!(add([name(2, 1), name(2, 2)]), Ok(()));
        assert_eq!(add([name(2, 0), name(2, 2)]), Err(Errno::EINVAL));
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
}
