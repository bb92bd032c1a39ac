// SPDX-License-Identifier: GPL-2.0 OR MIT

//! EXECBUFFER3: what is checked, in which order, with which error; and timeline fences, which
//! VM_BIND and EXECBUFFER2 take as well.
//!
//! i915 never merged EXECBUFFER3, so the project's uAPI header rules.
//!
//! | stage of EXECBUFFER3 | on failure |
//! | --- | --- |
//! | [`check_execbuffer3`] | `EINVAL` |
//! | read the fences | `EFAULT` |
//! | each: [`check_fence_flags`], look it up, [`fence_action`] | `EINVAL`, `ENOENT`, `EINVAL` |
//! | look up the context; [`check_bind_mode`](super::vm_bind::check_bind_mode) of its VM | `ENOENT`; `EOPNOTSUPP` |
//! | [`select_slot`] | `EINVAL` |
//! | read the batch addresses | `EFAULT` |
//! | each: [`check_batch_address`], and that it is mapped | `EINVAL` |
//! | the context is banned, or the device wedged | `EIO` |

use super::address::{is_canonical, noncanonical};
use super::engine_map::{EngineMap, SlotIndex};
use super::errno::{valid_if, Errno, Result};
use super::platform::PlatformFacts;
use super::uapi_numbers::*;

/// `struct drm_i915_gem_execbuffer3` but for the ids that are looked up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Execbuffer3 {
    /// Must be zero.
    pub flags: u64,
    /// Must be zero.
    pub rsvd1: u32,
    /// Entries of the fence array.
    pub fence_count: u32,
    /// Must be zero.
    pub rsvd2: u64,
    /// Must be zero.
    pub extensions: u64,
}

/// The most fences of an EXECBUFFER3: more, and the array would not be addressable.
pub const MAX_FENCES: u32 = i32::MAX as u32 / 16;

/// EXECBUFFER3, before anything is read or looked up: how many fences to read.
pub fn check_execbuffer3(arguments: &Execbuffer3) -> Result<usize> {
    valid_if(arguments.flags == 0 && arguments.rsvd1 == 0 && arguments.rsvd2 == 0)?;
    valid_if(arguments.extensions == 0)?;
    valid_if(arguments.fence_count <= MAX_FENCES)?;
    Ok(arguments.fence_count as usize)
}

/// A fence of EXECBUFFER3, before its syncobj is looked up: `EINVAL` for unknown flags.
pub fn check_fence_flags(flags: u32) -> Result {
    valid_if(flags & !(I915_TIMELINE_FENCE_WAIT | I915_TIMELINE_FENCE_SIGNAL) == 0)
}

/// What the syncobj holds at the point that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointState {
    /// No fence: nobody has said who will signal the point.
    Nothing,
    /// The point is past.
    Signaled,
    /// A fence that stands for the point.
    Pending,
}

/// What a submission does with a fence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FenceAction {
    /// Wait for the fence that stands for the point.
    pub wait: bool,
    /// Put the submission's fence in its place, or on the timeline at a point not 0.
    pub signal: bool,
}

/// What a submission does with a timeline fence, once its syncobj is known
/// (`gem/i915_gem_execbuffer.c:add_timeline_fence_array`): waiting for nothing and both
/// waiting and signalling a point other than 0 are `EINVAL`.
pub fn fence_action(flags: u32, value: u64, state: PointState) -> Result<FenceAction> {
    let wait = flags & I915_TIMELINE_FENCE_WAIT != 0;
    let signal = flags & I915_TIMELINE_FENCE_SIGNAL != 0;
    if wait && !signal {
        valid_if(state != PointState::Nothing)?;
    }
    valid_if(!(wait && signal && value != 0))?;
    Ok(FenceAction {
        wait: wait && state == PointState::Pending,
        signal,
    })
}

/// The slot EXECBUFFER3 submits to: `EINVAL` on a context without a map of its own or for
/// a slot that is not there.
pub fn select_slot(user_map: Option<&EngineMap>, engine_index: u32) -> Result<SlotIndex> {
    user_map
        .ok_or(Errno::EINVAL)?
        .find_filled(engine_index as usize)
}

/// The 48-bit form of a batch's address: `EINVAL` if it is not canonical, lies outside
/// the address space or is no multiple of 8. That something is mapped there is for the
/// caller to check, with the same error.
pub fn check_batch_address(facts: &PlatformFacts, address: u64) -> Result<u64> {
    valid_if(is_canonical(address) && address % 8 == 0)?;
    let address = noncanonical(address);
    valid_if(address < facts.address_space_size())?;
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::super::platform::tiger_lake;
    use super::*;

    #[test]
    fn execbuffer3_header() {
        let good = Execbuffer3 {
            fence_count: 2,
            ..Execbuffer3::default()
        };
        assert_eq!(check_execbuffer3(&good), Ok(2));
        for wrong in [
            Execbuffer3 { flags: 1, ..good },
            Execbuffer3 { rsvd1: 1, ..good },
            Execbuffer3 { rsvd2: 1, ..good },
            Execbuffer3 {
                extensions: 1,
                ..good
            },
            Execbuffer3 {
                fence_count: u32::MAX,
                ..good
            },
        ] {
            assert_eq!(check_execbuffer3(&wrong), Err(Errno::EINVAL));
        }
    }

    #[test]
    fn fences_of_a_submission() {
        use PointState::{Nothing, Pending, Signaled};
        let (wait, signal) = (I915_TIMELINE_FENCE_WAIT, I915_TIMELINE_FENCE_SIGNAL);
        let action = |wait, signal| Ok(FenceAction { wait, signal });
        assert_eq!(check_fence_flags(4), Err(Errno::EINVAL));
        assert_eq!(fence_action(wait, 1, Nothing), Err(Errno::EINVAL));
        assert_eq!(fence_action(wait, 0, Nothing), Err(Errno::EINVAL));
        assert_eq!(fence_action(wait, 1, Pending), action(true, false));
        assert_eq!(fence_action(wait, 1, Signaled), action(false, false));
        assert_eq!(fence_action(signal, 1, Nothing), action(false, true));
        assert_eq!(fence_action(wait | signal, 1, Pending), Err(Errno::EINVAL));
        assert_eq!(fence_action(wait | signal, 0, Pending), action(true, true));
        assert_eq!(fence_action(wait | signal, 0, Nothing), action(false, true));
        assert_eq!(fence_action(0, 0, Nothing), action(false, false));
    }

    #[test]
    fn the_slot_must_be_in_a_user_map() {
        assert_eq!(select_slot(None, 0), Err(Errno::EINVAL));
        let map = EngineMap::legacy(&tiger_lake(), None);
        assert!(select_slot(Some(&map), 4).is_ok());
        assert_eq!(select_slot(Some(&map), 5), Err(Errno::EINVAL));
        assert_eq!(select_slot(Some(&map), u32::MAX), Err(Errno::EINVAL));
    }

    #[test]
    fn batch_addresses_are_canonical_and_aligned() {
        let facts = tiger_lake();
        assert_eq!(check_batch_address(&facts, 0x1008), Ok(0x1008));
        assert_eq!(check_batch_address(&facts, 0x1004), Err(Errno::EINVAL));
        assert_eq!(check_batch_address(&facts, 1 << 47), Err(Errno::EINVAL));
        assert_eq!(
            check_batch_address(&facts, 0xffff_8000_0000_0000),
            Ok(1 << 47)
        );
    }
}
