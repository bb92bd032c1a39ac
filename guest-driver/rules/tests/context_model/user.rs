//! The caller's memory: what `uapi/` of the driver reads from it, and what it answers.

use virtio_igpu_context_model::{Answer, Errno as Expected, Extension, Value, NO_ENGINE};
use virtio_igpu_rules::engine_map::{EngineMap, EngineSlot, LoadBalance, Siblings};
use virtio_igpu_rules::errno::Errno;
use virtio_igpu_rules::platform::{ClassInstance, PlatformFacts};
use virtio_igpu_rules::sseu::{Sseu, UserSseu};

fn name((class, instance): (u16, u16)) -> ClassInstance {
    ClassInstance { class, instance }
}

/// Reads an engine map and its extensions. Behind the entries there are empty ones.
pub(crate) fn engine_map(
    facts: &PlatformFacts,
    value: &Value,
    count: usize,
) -> Result<EngineMap, Errno> {
    let Value::Engines(entries, extensions) = value else {
        return Err(Errno::EFAULT);
    };
    let mut map = EngineMap::new(count)?;
    for index in 0..count {
        let entry = entries.get(index).copied().unwrap_or(NO_ENGINE);
        map.place(facts, index, name(entry))?;
    }
    for extension in extensions {
        match extension {
            Extension::Balance { slot, siblings } => {
                let balance = LoadBalance {
                    engine_index: *slot,
                    num_siblings: siblings.len() as u16,
                    ..LoadBalance::default()
                };
                let mut list = Siblings::new();
                for sibling in &siblings[..map.check_load_balance(&balance)?] {
                    list.add(facts, name(*sibling))?;
                }
                map.place_load_balance(&balance, &list)?;
            }
            Extension::Unknown => return Err(Errno::EINVAL),
        }
    }
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

/// The slices a new context has on a slot.
pub(crate) fn slices_of(facts: &PlatformFacts, slot: &EngineSlot) -> Sseu {
    match slot {
        EngineSlot::Physical {
            sseu: Some(sseu), ..
        } => *sseu,
        _ => Sseu::whole_device(facts),
    }
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
