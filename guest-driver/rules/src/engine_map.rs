// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Engine maps: what the engine selector of a submission means
//! (`gem/i915_gem_context.c:set_proto_ctx_engines` and its extensions,
//! `gem/i915_gem_execbuffer.c:eb_select_engine`).
//!
//! A map is filled while nobody else can see it: [`EngineMap::new`] makes one of empty
//! slots, and [`EngineMap::read`] fills it as userspace wrote it, with
//! [`EngineMap::place`] for the array's entries and one method for each extension. What
//! fails leaves the caller to drop the map; the context keeps the one it had. Once a
//! context has it the map never changes, so no lock guards it.

use super::errno::{valid_if, Errno, Result};
use super::platform::{ClassInstance, EngineIndex, PlatformFacts};
use super::sseu::Sseu;
use super::sync::clamp_index;
use super::uapi_numbers::*;

mod read;
mod select;

pub use select::{select_legacy, select_user};

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

    /// The slices with which a context's life on this slot begins (`ce->sseu`): what it was
    /// given, else the whole device. A virtual engine has none, as it is none of the
    /// engines that the device's slices belong to (`execlists_create_virtual`).
    pub fn first_sseu(&self, facts: &PlatformFacts) -> Sseu {
        match self {
            Self::Physical {
                sseu: Some(sseu), ..
            } => *sseu,
            Self::Physical { sseu: None, .. } | Self::Parallel { .. } => Sseu::whole_device(facts),
            Self::Virtual(_) | Self::None => Sseu::NOTHING,
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

/// A slot that is there.
///
/// Made by the methods of [`EngineMap`] that look slots up by userspace's indices, and
/// clamped there against speculation (`array_index_nospec`): whoever has one needs no
/// check and can't be led astray by a guess about one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotIndex(u8);

impl SlotIndex {
    /// The index, less than [`MAX_SLOTS`].
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

/// The engines of a parallel slot, added one by one as they are read.
#[derive(Clone, Copy, Debug)]
pub struct ParallelEngines {
    first: EngineIndex,
    last: EngineIndex,
    /// The class of the last one as userspace wrote it.
    class: u16,
    width: u8,
}

impl ParallelEngines {
    /// The engine of the first batch, as [`Self::add`].
    pub fn first(facts: &PlatformFacts, name: ClassInstance) -> Result<Self> {
        let engine = Self::find(facts, name)?;
        Ok(Self {
            first: engine,
            last: engine,
            class: name.class,
            width: 1,
        })
    }

    /// Adds the engine of the next batch: `EINVAL` if there is none of that name, if it
    /// renders or computes (those engines have no handshake between batches), or if it is
    /// not the one after the engine before it.
    pub fn add(&mut self, facts: &PlatformFacts, name: ClassInstance) -> Result {
        let engine = Self::find(facts, name)?;
        // The classes are compared as they were written, while eight bits of them name
        // the engine.
        valid_if(name.class == self.class)?;
        // Engines are listed by class and instance: the next in the list is the next in
        // logical order.
        valid_if(engine.get() == self.last.get() + 1)?;
        self.last = engine;
        // One engine each: no more than a platform's list has.
        self.width += 1;
        Ok(())
    }

    fn find(facts: &PlatformFacts, name: ClassInstance) -> Result<EngineIndex> {
        let engine = facts.find_engine(name).ok_or(Errno::EINVAL)?;
        let class = facts.engine(engine).name.class;
        valid_if(class != I915_ENGINE_CLASS_RENDER && class != I915_ENGINE_CLASS_COMPUTE)?;
        Ok(engine)
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

    /// Every slot's index, in order.
    pub fn indices(&self) -> impl Iterator<Item = SlotIndex> {
        (0..self.count).map(SlotIndex)
    }

    /// The slot at an index of this map's.
    pub fn slot(&self, index: SlotIndex) -> &EngineSlot {
        &self.slots[index.get() % MAX_SLOTS]
    }

    /// The slot with this number, if the map has that many.
    fn find(&self, index: usize) -> Option<SlotIndex> {
        let count = usize::from(self.count);
        // A clamped index is less than the count, which has eight bits.
        (index < count).then(|| SlotIndex(clamp_index(index, count) as u8))
    }

    /// The slot a submission names by number (`i915_gem_context_get_engine`): `EINVAL` if
    /// there is none or nothing in it.
    pub fn find_filled(&self, index: usize) -> Result<SlotIndex> {
        let index = self.find(index).ok_or(Errno::EINVAL)?;
        valid_if(*self.slot(index) != EngineSlot::None)?;
        Ok(index)
    }

    /// What is in the slot that [`Self::find_filled`] finds.
    pub fn get(&self, index: usize) -> Result<&EngineSlot> {
        Ok(self.slot(self.find_filled(index)?))
    }

    fn fill(&mut self, index: SlotIndex, slot: EngineSlot) {
        self.slots[index.get() % MAX_SLOTS] = slot;
    }

    /// Fills a slot with the engine its array entry names; the entry {INVALID, NONE}
    /// leaves it empty. `ENOENT` for a name nobody has.
    pub fn place(
        &mut self,
        facts: &PlatformFacts,
        index: SlotIndex,
        name: ClassInstance,
    ) -> Result {
        let nothing = ClassInstance {
            class: I915_ENGINE_CLASS_INVALID,
            instance: I915_ENGINE_CLASS_INVALID_NONE,
        };
        if name != nothing {
            let engine = facts.find_engine(name).ok_or(Errno::ENOENT)?;
            self.fill(index, EngineSlot::Physical { engine, sseu: None });
        }
        Ok(())
    }

    /// The slot a load balancer is for (`set_proto_ctx_engines_balance`): `EINVAL` if
    /// there is none, `EEXIST` if something is in it.
    pub fn find_balanced(&self, engine_index: u16) -> Result<SlotIndex> {
        let index = self.find(engine_index.into()).ok_or(Errno::EINVAL)?;
        match self.slot(index) {
            EngineSlot::None => Ok(index),
            _ => Err(Errno::EEXIST),
        }
    }

    /// Puts a load balancer of these siblings in its slot. A single sibling is the engine
    /// itself; none leaves the slot empty.
    pub fn place_balanced(&mut self, index: SlotIndex, siblings: &Siblings) {
        let filled = match siblings.engines().next() {
            None => EngineSlot::None,
            Some(engine) if siblings.count == 1 => EngineSlot::Physical { engine, sseu: None },
            Some(_) => EngineSlot::Virtual(*siblings),
        };
        self.fill(index, filled);
    }

    /// The slot a bond is for (`set_proto_ctx_engines_bond`): `EINVAL` if there is none, or
    /// anything but one engine in it. A bond has no effect: i915 checks it and forgets
    /// it, for a physical engine has no choice to make.
    pub fn find_bonded(&self, virtual_index: u16) -> Result<SlotIndex> {
        let index = self.find(virtual_index.into()).ok_or(Errno::EINVAL)?;
        match self.slot(index) {
            EngineSlot::Physical { .. } => Ok(index),
            _ => Err(Errno::EINVAL),
        }
    }

    /// The slot parallel engines are for (`set_proto_ctx_engines_parallel_submit`):
    /// `EINVAL` if there is none, or something in it.
    pub fn find_parallel(&self, engine_index: u16) -> Result<SlotIndex> {
        let index = self.find(engine_index.into()).ok_or(Errno::EINVAL)?;
        valid_if(*self.slot(index) == EngineSlot::None)?;
        Ok(index)
    }

    /// Puts a parallel slot of these engines in its place.
    pub fn place_parallel(&mut self, index: SlotIndex, engines: &ParallelEngines) {
        let ParallelEngines { first, width, .. } = *engines;
        self.fill(index, EngineSlot::Parallel { first, width });
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
        let index = self.find(index).ok_or(Errno::EINVAL)?;
        match &mut self.slots[index.get() % MAX_SLOTS] {
            EngineSlot::Physical { engine, sseu }
                if facts.engine(*engine).name.class == I915_ENGINE_CLASS_RENDER =>
            {
                Ok(sseu)
            }
            _ => Err(Errno::EINVAL),
        }
    }
}

#[cfg(test)]
mod tests;
