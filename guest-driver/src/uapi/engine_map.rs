// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Reads an engine map and its extensions from userspace
//! (`struct i915_context_param_engines`).

use crate::rules::engine_map::{
    check_bonded_engine, Bond, LoadBalance, ParallelEngines, ParallelSubmit, Siblings,
};
use crate::rules::platform::ClassInstance;
use crate::rules::{EngineMap, PlatformFacts};
use crate::uapi::user;
use crate::uapi_types::{
    i915_context_engines_bond, i915_context_engines_load_balance,
    i915_context_engines_parallel_submit, i915_context_param_engines, i915_engine_class_instance,
    I915_CONTEXT_ENGINES_EXT_BOND, I915_CONTEXT_ENGINES_EXT_LOAD_BALANCE,
    I915_CONTEXT_ENGINES_EXT_PARALLEL_SUBMIT,
};
use kernel::prelude::*;

impl From<i915_engine_class_instance> for ClassInstance {
    fn from(name: i915_engine_class_instance) -> Self {
        Self {
            class: name.engine_class,
            instance: name.engine_instance,
        }
    }
}

/// The `index`-th engine named in the array behind a structure of type `H` at `address`.
fn engine_behind<H>(address: u64, index: usize) -> Result<ClassInstance> {
    let array = address.checked_add(size_of::<H>() as u64).ok_or(EFAULT)?;
    Ok(user::read_element::<i915_engine_class_instance>(array, index)?.into())
}

/// The map of `count` slots at `address`, its extensions applied. EFAULT, ENOENT, EINVAL,
/// EEXIST, E2BIG, ENOMEM.
pub(super) fn read(facts: &PlatformFacts, address: u64, count: usize) -> Result<KBox<EngineMap>> {
    let mut map = KBox::new(EngineMap::new(count)?, GFP_KERNEL)?;
    for index in 0..count {
        map.place(
            facts,
            index,
            engine_behind::<i915_context_param_engines>(address, index)?,
        )?;
    }
    let header: i915_context_param_engines = user::read(address)?;
    user::for_each_extension(header.extensions, |name, link| match name {
        I915_CONTEXT_ENGINES_EXT_LOAD_BALANCE => load_balance(facts, &mut map, link),
        I915_CONTEXT_ENGINES_EXT_BOND => bond(facts, &map, link),
        I915_CONTEXT_ENGINES_EXT_PARALLEL_SUBMIT => parallel_submit(facts, &mut map, link),
        _ => Err(EINVAL),
    })?;
    Ok(map)
}

fn load_balance(facts: &PlatformFacts, map: &mut EngineMap, link: u64) -> Result {
    type Header = i915_context_engines_load_balance;
    let header: Header = user::read(link)?;
    let balance = LoadBalance {
        engine_index: header.engine_index,
        num_siblings: header.num_siblings,
        flags: header.flags,
        mbz64: header.mbz64,
    };
    let mut siblings = Siblings::new();
    for index in 0..map.check_load_balance(&balance)? {
        siblings.add(facts, engine_behind::<Header>(link, index)?)?;
    }
    Ok(map.place_load_balance(&balance, &siblings)?)
}

fn bond(facts: &PlatformFacts, map: &EngineMap, link: u64) -> Result {
    type Header = i915_context_engines_bond;
    let header: Header = user::read(link)?;
    let bond = Bond {
        master: header.master.into(),
        virtual_index: header.virtual_index,
        num_bonds: header.num_bonds,
        flags: header.flags,
        mbz64: header.mbz64,
    };
    for index in 0..map.check_bond(facts, &bond)? {
        check_bonded_engine(facts, engine_behind::<Header>(link, index)?)?;
    }
    Ok(())
}

fn parallel_submit(facts: &PlatformFacts, map: &mut EngineMap, link: u64) -> Result {
    type Header = i915_context_engines_parallel_submit;
    let header: Header = user::read(link)?;
    let parallel = ParallelSubmit {
        engine_index: header.engine_index,
        width: header.width,
        num_siblings: header.num_siblings,
        flags: header.flags,
        mbz64: header.mbz64,
    };
    let mut engines = ParallelEngines::new();
    for index in 0..map.check_parallel(&parallel)? {
        engines.add(facts, engine_behind::<Header>(link, index)?)?;
    }
    Ok(map.place_parallel(&parallel, &engines)?)
}
