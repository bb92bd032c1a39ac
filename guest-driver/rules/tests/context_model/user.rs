// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The caller's memory: what `uapi/` of the driver reads from it, and what it answers.

use crate::common::{Bytes, Userspace};
use virtio_igpu_context_model::{Answer, Errno as Expected, Extension, Value, NO_ENGINE};
use virtio_igpu_rules::engine_map::{EngineMap, MAX_SLOTS};
use virtio_igpu_rules::errno::Errno;
use virtio_igpu_rules::platform::{ClassInstance, PlatformFacts};
use virtio_igpu_rules::sseu::{Sseu, UserSseu};

fn name((class, instance): (u16, u16)) -> ClassInstance {
    ClassInstance { class, instance }
}

/// Where the map is, and where its extensions are, each at a multiple of the latter.
const MAP_AT: u64 = 0x1_0000;
const LINK_AT: u64 = 0x10_0000;

/// Reads an engine map and its extensions. Behind the entries there are empty ones.
pub(crate) fn engine_map(
    facts: &PlatformFacts,
    value: &Value,
    count: usize,
) -> Result<EngineMap, Errno> {
    let mut memory = Userspace::default();
    if let Value::Engines(entries, extensions) = value {
        let link = |index: usize| match index {
            _ if index == extensions.len() => 0,
            _ => LINK_AT * (1 + index as u64),
        };
        let map = Bytes::default().u64(link(0)).engines(entries);
        memory.put(MAP_AT, map.engines(&[NO_ENGINE; MAX_SLOTS]).0);
        for (index, extension) in extensions.iter().enumerate() {
            let header = |name| Bytes::default().link(link(index + 1), name, None);
            let bytes = match extension {
                Extension::Balance { slot, siblings } => header(0)
                    .u16(*slot)
                    .u16(siblings.len() as u16)
                    .u32(0)
                    .u64(0)
                    .engines(siblings),
                Extension::Unknown => header(3),
            };
            memory.put(link(index), bytes.0);
        }
    }
    let mut map = EngineMap::new(count)?;
    map.read(facts, &memory, MAP_AT)?;
    Ok(map)
}

/// Reads a configuration of slices.
pub(crate) fn slices(value: &Value) -> Result<UserSseu, Errno> {
    let Value::Slices(slices) = value else {
        return Err(Errno::EFAULT);
    };
    Ok(UserSseu {
        engine: name(slices.engine),
        flags: slices.by_index.into(),
        slice_mask: slices.slices,
        subslice_mask: slices.subslices,
        min_eus_per_subslice: slices.units.0,
        max_eus_per_subslice: slices.units.1,
        reserved: 0,
    })
}

/// What GETPARAM says of slices.
pub(crate) fn slices_answer(sseu: &Sseu) -> Answer {
    Answer::Slices(
        sseu.slice_mask.into(),
        sseu.subslice_mask.into(),
        (
            sseu.min_eus_per_subslice.into(),
            sseu.max_eus_per_subslice.into(),
        ),
    )
}

/// What the caller is told.
pub(crate) fn answer_of(result: Result<Answer, Errno>) -> Answer {
    result.unwrap_or_else(|errno| {
        Answer::Failed(match errno {
            Errno::EPERM => Expected::EPERM,
            Errno::ENOENT => Expected::ENOENT,
            Errno::ENOMEM => Expected::ENOMEM,
            Errno::EEXIST => Expected::EEXIST,
            Errno::ENODEV => Expected::ENODEV,
            Errno::EINVAL => Expected::EINVAL,
            Errno::EOPNOTSUPP => Expected::EOPNOTSUPP,
            other => return Answer::FailedOtherwise(other as i32),
        })
    })
}
