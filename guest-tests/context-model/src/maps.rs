//! Engine maps and configurations of slices.

use crate::call::{Engine, Errno, Extension, NO_ENGINE, Slices};
use crate::file::Platform;

/// A slot of an engine map.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Slot {
    Empty,
    Engine(Engine),
    Balanced(Vec<Engine>),
}

/// Slices, subslices, least and most execution units.
pub(crate) type Configuration = (u64, u64, (u16, u16));

/// The most slots: `I915_EXEC_RING_MASK + 1`.
const MOST_SLOTS: u32 = 64;

/// `set_proto_ctx_engines`, for a context that has no map. Entries that `size` counts and
/// the list has not are empty.
pub(crate) fn read_map(
    platform: &Platform,
    size: u32,
    entries: &[Engine],
    extensions: &[Extension],
) -> Result<Vec<Slot>, Errno> {
    if size < 8 || !(size - 8).is_multiple_of(4) || (size - 8) / 4 > MOST_SLOTS {
        return Err(Errno::EINVAL);
    }
    let mut slots = Vec::new();
    for index in 0..(size - 8) / 4 {
        let name = entries.get(index as usize).copied().unwrap_or(NO_ENGINE);
        slots.push(if name == NO_ENGINE {
            Slot::Empty
        } else if platform.has(name) {
            Slot::Engine(name)
        } else {
            return Err(Errno::ENOENT);
        });
    }
    for extension in extensions {
        match extension {
            Extension::Balance { slot, siblings } => {
                let slot = slots.get_mut(usize::from(*slot)).ok_or(Errno::EINVAL)?;
                if *slot != Slot::Empty {
                    return Err(Errno::EEXIST);
                }
                if !siblings.iter().all(|name| platform.has(*name)) {
                    return Err(Errno::EINVAL);
                }
                *slot = match siblings.as_slice() {
                    [] => Slot::Empty,
                    [one] => Slot::Engine(*one),
                    several => Slot::Balanced(several.to_vec()),
                };
            }
            Extension::Unknown => return Err(Errno::EINVAL),
        }
    }
    Ok(slots)
}

/// `execlists_create_virtual`: whether these engines can share a slot.
pub(crate) fn can_balance(siblings: &[Engine]) -> bool {
    let distinct = |(index, name): (usize, &Engine)| !siblings[..index].contains(name);
    siblings.iter().all(|(class, _)| *class == siblings[0].0)
        && siblings.iter().enumerate().all(distinct)
}

/// `i915_gem_user_to_context_sseu` on a device of Gen11 with one slice: half of its
/// subslices or all, and all of the execution units.
pub(crate) fn read_slices(platform: &Platform, wanted: &Slices) -> Result<Configuration, Errno> {
    let has = platform.subslices.count_ones();
    let wants = wanted.subslices.count_ones();
    let possible = wanted.slices == 1
        && wanted.subslices & !platform.subslices == 0
        && (wants == has || wants == has / 2)
        && wanted.units == (platform.units, platform.units);
    if possible {
        Ok((wanted.slices, wanted.subslices, wanted.units))
    } else {
        Err(Errno::EINVAL)
    }
}
