// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Engine maps from userspace (`struct i915_context_param_engines`).

use crate::rules::platform::ClassInstance;
use crate::rules::{EngineMap, PlatformFacts};
use crate::uapi::user;
use crate::uapi_types::i915_engine_class_instance;
use kernel::prelude::*;

impl From<i915_engine_class_instance> for ClassInstance {
    fn from(name: i915_engine_class_instance) -> Self {
        Self {
            class: name.engine_class,
            instance: name.engine_instance,
        }
    }
}

/// The map of `count` slots at `address`, its extensions applied: see [`EngineMap::read`].
/// ENOMEM besides.
pub(super) fn read(facts: &PlatformFacts, address: u64, count: usize) -> Result<KBox<EngineMap>> {
    let mut map = KBox::new(EngineMap::new(count)?, GFP_KERNEL)?;
    map.read(facts, &user::Caller, address)?;
    Ok(map)
}
