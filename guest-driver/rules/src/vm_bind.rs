// SPDX-License-Identifier: GPL-2.0 OR MIT

//! VM_BIND and VM_UNBIND: what is checked, in which order, with which error.
//!
//! i915 never merged these ioctls, so the project's uAPI header rules. Each ioctl's checks
//! come in stages with look-ups in between, and the type of one stage is what the next
//! begins with, so that none can be left out:
//!
//! | stage of VM_BIND | on failure |
//! | --- | --- |
//! | [`check_bind`] | `EINVAL` |
//! | [`BindExtensions::read`](super::vm_bind_extensions::BindExtensions::read) | `EINVAL`, `E2BIG`, `EFAULT` |
//! | look up the VM; [`check_bind_mode`] | `ENOENT`; `EOPNOTSUPP` |
//! | look up the object | `ENOENT` |
//! | [`BindRequest::check_object`] | `EINVAL` |
//! | the chain's fences: read; each: [`check_fence_flags`](super::execbuffer3::check_fence_flags), look it up, [`fence_action`](super::execbuffer3::fence_action) | `EFAULT`; `EINVAL`, `ENOENT`, `EINVAL` |
//! | look up the fence | `ENOENT`, `ENOMEM` |
//! | version 1: [`range_map::check_unoccupied`](super::range_map::check_unoccupied) | `EEXIST`, `ENOSPC` |
//!
//! With an array of operations, [`BindRequest::check_no_operation`] comes behind the mode
//! (`EINVAL`), the array is read (`EFAULT`), and for one entry after the other its own flags
//! are checked, its object looked up and its range checked.
//!
//! | stage of VM_UNBIND | on failure |
//! | --- | --- |
//! | [`check_unbind`]; the chain, as above | `EINVAL` |
//! | look up the VM; [`check_bind_mode`] | `ENOENT`; `EOPNOTSUPP` |
//! | [`UnbindRequest::check_range`] | `EINVAL` |
//! | look up the fence | `ENOENT`, `ENOMEM` |
//! | version 1: [`range_map::check_exact`](super::range_map::check_exact) | `EINVAL` |

use super::address::{is_canonical, is_page_aligned, noncanonical, range_overflows, Range};
use super::errno::{valid_if, Errno, Result};
use super::platform::PlatformFacts;
use super::uapi_numbers::*;

/// `struct drm_i915_gem_timeline_fence`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimelineFence {
    /// The syncobj.
    pub handle: u32,
    /// Bits of `I915_TIMELINE_FENCE_*`.
    pub flags: u32,
    /// The point; 0 for a binary syncobj.
    pub value: u64,
}

/// The fence a bind or unbind is to signal; `None` for an ioctl that waits itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutFence {
    /// The syncobj.
    pub handle: u32,
    /// The point; 0 for a binary syncobj.
    pub value: u64,
}

impl OutFence {
    /// Waiting on it and unknown flags are `EINVAL`; without the signal flag the rest is
    /// not looked at.
    fn from_user(fence: &TimelineFence) -> Result<Option<Self>> {
        valid_if(fence.flags & !I915_TIMELINE_FENCE_SIGNAL == 0)?;
        Ok((fence.flags != 0).then_some(Self {
            handle: fence.handle,
            value: fence.value,
        }))
    }
}

/// A range as userspace writes it, its start in canonical form.
fn user_range(facts: &PlatformFacts, start: u64, length: u64) -> Result<Range> {
    valid_if(is_canonical(start))?;
    let range = Range::new(noncanonical(start), length)?;
    valid_if(!range_overflows(
        range.start(),
        range.length(),
        facts.address_space_size(),
    ))?;
    Ok(range)
}

/// VM_CREATE's flags: whether the address space is to be in bind mode. Unknown flags are
/// `EINVAL`, bind mode on a platform without is `EOPNOTSUPP`.
pub fn check_vm_create(facts: &PlatformFacts, flags: u32) -> Result<bool> {
    valid_if(flags & !I915_VM_CREATE_FLAGS_USE_VM_BIND == 0)?;
    let bind_mode = flags & I915_VM_CREATE_FLAGS_USE_VM_BIND != 0;
    if bind_mode && facts.vm_bind_version == 0 {
        return Err(Errno::EOPNOTSUPP);
    }
    Ok(bind_mode)
}

/// VM_DESTROY (`gem/i915_gem_context.c:i915_gem_vm_destroy_ioctl`), before the look-up.
pub fn check_vm_destroy(flags: u32, extensions: u64) -> Result {
    valid_if(flags == 0 && extensions == 0)
}

/// Whether an address space is in the mode an ioctl is for: `EOPNOTSUPP` if not.
/// VM_BIND, VM_UNBIND and EXECBUFFER3 want bind mode, EXECBUFFER2 wants its absence.
pub const fn check_bind_mode(wanted: bool, bind_mode: bool) -> Result {
    if bind_mode == wanted {
        Ok(())
    } else {
        Err(Errno::EOPNOTSUPP)
    }
}

/// `struct drm_i915_gem_vm_bind` but for the VM and the chain of extensions.
#[derive(Clone, Copy, Debug, Default)]
pub struct BindArguments {
    /// The object.
    pub handle: u32,
    /// GPU address, canonical.
    pub start: u64,
    /// Where in the object the section begins.
    pub offset: u64,
    /// Length of the section.
    pub length: u64,
    /// Bits of `I915_GEM_VM_BIND_*`.
    pub flags: u64,
    /// What to signal.
    pub fence: TimelineFence,
}

/// A VM_BIND whose flags are in order.
#[derive(Clone, Copy, Debug)]
pub struct BindRequest(BindArguments);

/// A VM_BIND with nothing left to check but whether the fence exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedBind {
    /// The GPU addresses.
    pub range: Range,
    /// The byte of the object that stands at the range's start.
    pub offset: u64,
    /// The mapping's contents go to the error state of a hang.
    pub capture: bool,
    /// The GPU's writes vanish.
    pub read_only: bool,
    /// What to signal.
    pub fence: Option<OutFence>,
}

/// The address space an object may be bound in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Any.
    Shared,
    /// The one at hand, whose private object it is.
    ThisVm,
    /// Another, whose private object it is.
    AnotherVm,
}

/// VM_BIND, before the look-ups: unknown flags are `EINVAL`, and those of our own are
/// unknown to version 1. A null mapping has no object and no other flag.
pub fn check_bind(facts: &PlatformFacts, arguments: BindArguments) -> Result<BindRequest> {
    let known = match facts.vm_bind_version {
        0 | 1 => I915_GEM_VM_BIND_CAPTURE,
        _ => I915_GEM_VM_BIND_CAPTURE | I915_GEM_VM_BIND_READONLY | I915_GEM_VM_BIND_NULL,
    };
    valid_if(arguments.flags & !known == 0)?;
    if arguments.flags & I915_GEM_VM_BIND_NULL != 0 {
        valid_if(arguments.flags == I915_GEM_VM_BIND_NULL)?;
        valid_if(arguments.handle == 0 && arguments.offset == 0)?;
    }
    Ok(BindRequest(arguments))
}

impl BindRequest {
    /// The object to look up; none for a null mapping.
    pub const fn object(&self) -> Option<u32> {
        if self.0.flags & I915_GEM_VM_BIND_NULL == 0 {
            Some(self.0.handle)
        } else {
            None
        }
    }

    /// VM_BIND with an array of operations, which says all that the argument would: what it
    /// is to signal. `EINVAL` unless the rest is zero.
    pub fn check_no_operation(&self) -> Result<Option<OutFence>> {
        let arguments = &self.0;
        valid_if(arguments.handle == 0 && arguments.flags == 0)?;
        valid_if(arguments.start == 0 && arguments.offset == 0 && arguments.length == 0)?;
        OutFence::from_user(&arguments.fence)
    }

    /// VM_BIND of a null mapping. Everything that is wrong is `EINVAL`.
    pub fn check_null(&self, facts: &PlatformFacts) -> Result<CheckedBind> {
        let arguments = &self.0;
        let fence = OutFence::from_user(&arguments.fence)?;
        Ok(CheckedBind {
            range: user_range(facts, arguments.start, arguments.length)?,
            offset: 0,
            capture: false,
            read_only: false,
            fence,
        })
    }

    /// VM_BIND, once the object is known. Everything that is wrong is `EINVAL`.
    pub fn check_object(
        &self,
        facts: &PlatformFacts,
        object_size: u64,
        owner: Owner,
    ) -> Result<CheckedBind> {
        let arguments = &self.0;
        valid_if(arguments.length != 0)?;
        valid_if(is_page_aligned(arguments.offset) && is_page_aligned(arguments.length))?;
        let fence = OutFence::from_user(&arguments.fence)?;
        valid_if(!range_overflows(
            arguments.offset,
            arguments.length,
            object_size,
        ))?;
        valid_if(owner != Owner::AnotherVm)?;
        Ok(CheckedBind {
            range: user_range(facts, arguments.start, arguments.length)?,
            offset: arguments.offset,
            capture: arguments.flags & I915_GEM_VM_BIND_CAPTURE != 0,
            read_only: arguments.flags & I915_GEM_VM_BIND_READONLY != 0,
            fence,
        })
    }
}

/// `struct drm_i915_gem_vm_unbind` but for the id that is looked up.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnbindArguments {
    /// Must be zero.
    pub reserved: u32,
    /// GPU address, canonical.
    pub start: u64,
    /// Length of the range.
    pub length: u64,
    /// Must be zero.
    pub flags: u64,
    /// What to signal.
    pub fence: TimelineFence,
}

/// A VM_UNBIND whose flags are in order.
#[derive(Clone, Copy, Debug)]
pub struct UnbindRequest(UnbindArguments);

/// VM_UNBIND, before the look-up: reserved fields and flags are `EINVAL`.
pub fn check_unbind(arguments: UnbindArguments) -> Result<UnbindRequest> {
    valid_if(arguments.reserved == 0 && arguments.flags == 0)?;
    Ok(UnbindRequest(arguments))
}

impl UnbindRequest {
    /// VM_UNBIND, once the VM is known: the range and what to signal. Everything that is
    /// wrong is `EINVAL`; nothing being mapped in the range is not wrong.
    pub fn check_range(&self, facts: &PlatformFacts) -> Result<(Range, Option<OutFence>)> {
        let fence = OutFence::from_user(&self.0.fence)?;
        let range = user_range(facts, self.0.start, self.0.length)?;
        Ok((range, fence))
    }
}

/// The extension of GEM_CREATE_EXT that makes an object private to a VM: what is wrong
/// with it before the VM is looked up. `EINVAL` for reserved fields (those of the link's
/// header, that is), `ENOENT` for VM 0, which no VM is.
pub fn check_private_object(vm_id: u32) -> Result {
    if vm_id == 0 {
        return Err(Errno::ENOENT);
    }
    Ok(())
}

/// Whether a VM may own private objects: `EINVAL` unless it is in bind mode.
pub fn check_private_owner(bind_mode: bool) -> Result {
    valid_if(bind_mode)
}

#[cfg(test)]
mod tests {
    use super::super::platform::{ice_lake, tiger_lake};
    use super::*;

    const GOOD: BindArguments = BindArguments {
        handle: 1,
        start: 0x10_0000,
        offset: 4096,
        length: 8192,
        flags: 0,
        fence: TimelineFence {
            handle: 0,
            flags: 0,
            value: 0,
        },
    };

    fn bind(arguments: BindArguments) -> Result<CheckedBind> {
        check_bind(&tiger_lake(), arguments)?.check_object(&tiger_lake(), 12288, Owner::Shared)
    }

    #[test]
    fn a_bind_in_order_is_accepted() {
        let fence = TimelineFence {
            handle: 3,
            flags: I915_TIMELINE_FENCE_SIGNAL,
            value: 7,
        };
        let bound = bind(BindArguments {
            flags: I915_GEM_VM_BIND_CAPTURE,
            fence,
            ..GOOD
        })
        .unwrap();
        assert_eq!(bound.range, Range::new(0x10_0000, 8192).unwrap());
        assert_eq!(bound.offset, 4096);
        assert!(bound.capture);
        assert_eq!(
            bound.fence,
            Some(OutFence {
                handle: 3,
                value: 7
            })
        );
        // Without the signal flag the fence is not looked at.
        let fence = TimelineFence {
            handle: 99,
            flags: 0,
            value: 1,
        };
        assert_eq!(bind(BindArguments { fence, ..GOOD }).unwrap().fence, None);
    }

    #[test]
    fn flags_are_refused_before_any_look_up() {
        let facts = tiger_lake();
        let flags = |flags| check_bind(&facts, BindArguments { flags, ..GOOD }).map(|_| ());
        let (null, read_only) = (I915_GEM_VM_BIND_NULL, I915_GEM_VM_BIND_READONLY);
        assert_eq!(flags(2), Err(Errno::EINVAL));
        assert_eq!(flags(1 << 63), Err(Errno::EINVAL));
        assert_eq!(flags(read_only | I915_GEM_VM_BIND_CAPTURE), Ok(()));
        // A null mapping names no object.
        assert_eq!(flags(null), Err(Errno::EINVAL));
        assert!(check_bind(&facts, BindArguments { length: 0, ..GOOD }).is_ok());
        let nothing = BindArguments {
            handle: 0,
            offset: 0,
            flags: null,
            ..GOOD
        };
        let request = check_bind(&facts, nothing).unwrap();
        assert_eq!(request.object(), None);
        assert!(request.check_null(&facts).is_ok());
        for wrong in [
            BindArguments {
                offset: 4096,
                ..nothing
            },
            BindArguments {
                flags: null | read_only,
                ..nothing
            },
            BindArguments {
                flags: null | I915_GEM_VM_BIND_CAPTURE,
                ..nothing
            },
        ] {
            assert!(check_bind(&facts, wrong).is_err());
        }
        let mut version_1 = tiger_lake();
        version_1.vm_bind_version = 1;
        assert!(check_bind(&version_1, nothing).is_err());
        assert!(check_bind(&version_1, GOOD).is_ok());
    }

    #[test]
    fn bad_ranges_are_einval() {
        for wrong in [
            BindArguments { length: 0, ..GOOD },
            BindArguments {
                length: 4095,
                ..GOOD
            },
            BindArguments {
                start: GOOD.start + 8,
                ..GOOD
            },
            BindArguments { offset: 8, ..GOOD },
            BindArguments {
                offset: 8192,
                ..GOOD
            },
            BindArguments {
                length: 16384,
                ..GOOD
            },
            BindArguments {
                offset: u64::MAX - 4095,
                ..GOOD
            },
            BindArguments {
                start: 1 << 48,
                ..GOOD
            },
            BindArguments {
                start: 1 << 47,
                ..GOOD
            },
            BindArguments {
                start: u64::MAX - 4095,
                ..GOOD
            },
            BindArguments {
                fence: TimelineFence {
                    flags: I915_TIMELINE_FENCE_WAIT,
                    ..TimelineFence::default()
                },
                ..GOOD
            },
        ] {
            assert_eq!(bind(wrong), Err(Errno::EINVAL), "{wrong:?}");
        }
        // The last page but one, in canonical form, with two pages.
        let high = BindArguments {
            start: u64::MAX - 8191,
            ..GOOD
        };
        assert_eq!(bind(high).unwrap().range.end(), 1 << 48);
    }

    #[test]
    fn a_private_object_is_bound_in_its_own_vm_only() {
        let request = check_bind(&tiger_lake(), GOOD).unwrap();
        let bound = |owner| {
            request
                .check_object(&tiger_lake(), 12288, owner)
                .map(|_| ())
        };
        assert_eq!(bound(Owner::ThisVm), Ok(()));
        assert_eq!(bound(Owner::AnotherVm), Err(Errno::EINVAL));
        assert_eq!(check_private_object(0), Err(Errno::ENOENT));
        assert_eq!(check_private_owner(false), Err(Errno::EINVAL));
    }

    #[test]
    fn unbind_checks_reserved_fields_first_and_the_range_last() {
        let good = UnbindArguments {
            start: 4096,
            length: 4096,
            ..UnbindArguments::default()
        };
        let facts = tiger_lake();
        assert!(check_unbind(good).unwrap().check_range(&facts).is_ok());
        for wrong in [
            UnbindArguments {
                reserved: 1,
                ..good
            },
            UnbindArguments { flags: 1, ..good },
        ] {
            assert!(check_unbind(wrong).is_err());
        }
        for (start, length) in [
            (0, 0),
            (1, 4096),
            (0, 1),
            (1 << 47, 4096),
            (0, (1 << 48) + 4096),
        ] {
            let wrong = UnbindArguments {
                start,
                length,
                ..good
            };
            let checked = check_unbind(wrong).unwrap().check_range(&facts);
            assert_eq!(checked, Err(Errno::EINVAL));
        }
        let all = UnbindArguments {
            start: 0,
            length: 1 << 48,
            ..good
        };
        assert!(check_unbind(all).unwrap().check_range(&facts).is_ok());
    }

    #[test]
    fn vm_create_refuses_bind_mode_before_gen12() {
        assert_eq!(check_vm_create(&tiger_lake(), 0), Ok(false));
        assert_eq!(check_vm_create(&tiger_lake(), 1), Ok(true));
        assert_eq!(check_vm_create(&tiger_lake(), 2), Err(Errno::EINVAL));
        assert_eq!(check_vm_create(&ice_lake(), 1), Err(Errno::EOPNOTSUPP));
        assert_eq!(check_vm_create(&ice_lake(), 3), Err(Errno::EINVAL));
        assert_eq!(check_vm_destroy(1, 0), Err(Errno::EINVAL));
        assert_eq!(check_vm_destroy(0, 1), Err(Errno::EINVAL));
    }
}
