// SPDX-License-Identifier: GPL-2.0 OR MIT

//! An engine map as userspace writes it: `struct i915_context_param_engines` with its
//! array and its extensions.

use super::super::errno::{valid_if, Errno, Result};
use super::super::extensions::for_each_link;
use super::super::platform::{ClassInstance, PlatformFacts};
use super::super::uapi_numbers::*;
use super::super::uapi_structs::{bond, engines, load_balance, parallel_submit, ENGINE_SIZE};
use super::super::user_memory::{UserMemory, UserStruct};
use super::{EngineMap, ParallelEngines, Siblings};

/// The place of an entry of an array of engines that begins at `array`.
fn entry(array: u64, index: u16) -> u64 {
    array + u64::from(index) * ENGINE_SIZE
}

/// An engine that a bond names: `EINVAL` for one nobody has.
fn check_bonded(facts: &PlatformFacts, name: ClassInstance) -> Result {
    valid_if(facts.find_engine(name).is_some())
}

impl EngineMap {
    /// Fills a map of empty slots, as many as [`super::entry_count`] has found, with what
    /// is at `address` (`set_proto_ctx_engines`). On an error the map is to be dropped:
    /// `EFAULT`, `ENOENT`, `EINVAL`, `EEXIST`, `E2BIG`.
    pub fn read(
        &mut self,
        facts: &PlatformFacts,
        memory: &impl UserMemory,
        address: u64,
    ) -> Result {
        let header = UserStruct::new(memory, address);
        for (number, slot) in (0..).zip(self.indices()) {
            let name = header.engine(entry(engines::ENGINES, number))?;
            self.place(facts, slot, name)?;
        }
        let first = header.u64(engines::EXTENSIONS)?;
        for_each_link(memory, first, |name, link| {
            let extension = UserStruct::new(memory, link);
            match name {
                I915_CONTEXT_ENGINES_EXT_LOAD_BALANCE => self.read_balance(facts, &extension),
                I915_CONTEXT_ENGINES_EXT_BOND => self.read_bond(facts, &extension),
                I915_CONTEXT_ENGINES_EXT_PARALLEL_SUBMIT => self.read_parallel(facts, &extension),
                _ => Err(Errno::EINVAL),
            }
        })
    }

    /// `struct i915_context_engines_load_balance`, in the order of
    /// `set_proto_ctx_engines_balance`.
    fn read_balance(
        &mut self,
        facts: &PlatformFacts,
        balance: &UserStruct<'_, impl UserMemory>,
    ) -> Result {
        let slot = self.find_balanced(balance.u16(load_balance::ENGINE_INDEX)?)?;
        let num_siblings = balance.u16(load_balance::NUM_SIBLINGS)?;
        balance.reserved_u32(load_balance::FLAGS)?;
        balance.reserved_u64(load_balance::MBZ64)?;
        let mut siblings = Siblings::new();
        for number in 0..num_siblings {
            siblings.add(facts, balance.engine(entry(load_balance::ENGINES, number))?)?;
        }
        self.place_balanced(slot, &siblings);
        Ok(())
    }

    /// `struct i915_context_engines_bond`, in the order of `set_proto_ctx_engines_bond`.
    /// i915 refuses bonds altogether, with `ENODEV`, on platforms after Tiger Lake and its
    /// siblings, of which there is none here.
    fn read_bond(&self, facts: &PlatformFacts, bond: &UserStruct<'_, impl UserMemory>) -> Result {
        self.find_bonded(bond.u16(bond::VIRTUAL_INDEX)?)?;
        bond.reserved_u64(bond::FLAGS)?;
        for word in 0..bond::MBZ64_WORDS {
            bond.reserved_u64(bond::MBZ64 + 8 * word)?;
        }
        check_bonded(facts, bond.engine(bond::MASTER)?)?;
        for number in 0..bond.u16(bond::NUM_BONDS)? {
            check_bonded(facts, bond.engine(entry(bond::ENGINES, number))?)?;
        }
        Ok(())
    }

    /// `struct i915_context_engines_parallel_submit`, in the order of
    /// `set_proto_ctx_engines_parallel_submit`. Its `mbz16` is not looked at. Without the
    /// GuC each batch has one possible engine.
    fn read_parallel(
        &mut self,
        facts: &PlatformFacts,
        parallel: &UserStruct<'_, impl UserMemory>,
    ) -> Result {
        let engine_index = parallel.u16(parallel_submit::ENGINE_INDEX)?;
        let width = parallel.u16(parallel_submit::WIDTH)?;
        let num_siblings = parallel.u16(parallel_submit::NUM_SIBLINGS)?;
        valid_if(num_siblings == 1)?;
        let slot = self.find_parallel(engine_index)?;
        parallel.reserved_u64(parallel_submit::FLAGS)?;
        for word in 0..parallel_submit::MBZ64_WORDS {
            parallel.reserved_u64(parallel_submit::MBZ64 + 8 * word)?;
        }
        valid_if(width >= 2)?;
        let name = |number| parallel.engine(entry(parallel_submit::ENGINES, number));
        let mut engines = ParallelEngines::first(facts, name(0)?)?;
        for number in 1..width {
            engines.add(facts, name(number)?)?;
        }
        self.place_parallel(slot, &engines);
        Ok(())
    }
}
