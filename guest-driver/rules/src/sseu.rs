// SPDX-License-Identifier: GPL-2.0 OR MIT

//! A context's slice, subslice and EU configuration (`I915_CONTEXT_PARAM_SSEU`): one
//! validation for proto-contexts and live contexts.

use super::errno::{valid_if, Result};
use super::platform::{ClassInstance, PlatformFacts};
use super::uapi_numbers::I915_CONTEXT_SSEU_FLAG_ENGINE_INDEX;

/// Bytes of `struct drm_i915_gem_context_param_sseu`.
pub const USER_SSEU_SIZE: u32 = 32;

/// `struct drm_i915_gem_context_param_sseu`, read from the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserSseu {
    /// The engine by name, or by [`ClassInstance::instance`] as a map index.
    pub engine: ClassInstance,
    /// Bits of `I915_CONTEXT_SSEU_FLAG_*`.
    pub flags: u32,
    /// Slices to be powered.
    pub slice_mask: u64,
    /// Subslices of each slice.
    pub subslice_mask: u64,
    /// Least number of EUs of each subslice.
    pub min_eus_per_subslice: u16,
    /// Greatest number of EUs of each subslice.
    pub max_eus_per_subslice: u16,
    /// Must be zero.
    pub reserved: u32,
}

impl UserSseu {
    /// The checks before the engine is looked up; says whether it is named by map index.
    pub fn check_header(&self) -> Result<bool> {
        valid_if(self.reserved == 0)?;
        valid_if(self.flags & !I915_CONTEXT_SSEU_FLAG_ENGINE_INDEX == 0)?;
        Ok(self.flags & I915_CONTEXT_SSEU_FLAG_ENGINE_INDEX != 0)
    }
}

/// A configuration of slices. No field of one that was asked for is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sseu {
    /// Slices that are powered.
    pub slice_mask: u8,
    /// Subslices of each slice.
    pub subslice_mask: u8,
    /// Least number of EUs of each subslice.
    pub min_eus_per_subslice: u8,
    /// Greatest number of EUs of each subslice.
    pub max_eus_per_subslice: u8,
}

impl Sseu {
    /// What belongs to no slice at all.
    pub const NOTHING: Self = Self {
        slice_mask: 0,
        subslice_mask: 0,
        min_eus_per_subslice: 0,
        max_eus_per_subslice: 0,
    };

    /// What a context has that was told nothing: all of the device
    /// (`gt/intel_sseu.h:intel_sseu_from_device_info`).
    pub fn whole_device(facts: &PlatformFacts) -> Self {
        Self {
            slice_mask: facts.slice_mask as u8,
            subslice_mask: facts.subslice_mask as u8,
            min_eus_per_subslice: facts.max_eus_per_subslice as u8,
            max_eus_per_subslice: facts.max_eus_per_subslice as u8,
        }
    }

    /// What the caller wants, if the device can be configured so
    /// (`gem/i915_gem_context.c:i915_gem_user_to_context_sseu`): `EINVAL` otherwise.
    pub fn from_user(facts: &PlatformFacts, user: &UserSseu) -> Result<Self> {
        valid_if(
            user.slice_mask != 0
                && user.subslice_mask != 0
                && user.min_eus_per_subslice != 0
                && user.max_eus_per_subslice != 0,
        )?;
        valid_if(user.max_eus_per_subslice >= user.min_eus_per_subslice)?;
        valid_if(user.slice_mask & !u64::from(facts.slice_mask) == 0)?;
        valid_if(user.subslice_mask & !u64::from(facts.subslice_mask) == 0)?;
        valid_if(user.max_eus_per_subslice <= facts.max_eus_per_subslice)?;

        if facts.has_sseu() {
            let device_slices = facts.slice_mask.count_ones();
            let device_subslices = facts.subslice_mask.count_ones();
            let slices = user.slice_mask.count_ones();
            let subslices = user.subslice_mask.count_ones();
            // Several slices go with all their subslices only.
            valid_if(slices <= 1 || subslices == device_subslices)?;
            // The field that counts subslices can say up to four, and beyond that pairs.
            valid_if(subslices <= 4 || subslices % 2 == 0)?;
            // One slice or all, and of one slice half the subslices or all: what the
            // video motion estimator needs, and all that i915 lets through.
            valid_if(slices == 1 || slices == device_slices)?;
            valid_if(
                slices != 1 || subslices == device_subslices || subslices == device_subslices / 2,
            )?;
            // EUs are not to be chosen.
            valid_if(
                user.min_eus_per_subslice == facts.max_eus_per_subslice
                    && user.max_eus_per_subslice == facts.max_eus_per_subslice,
            )?;
        }
        // The device's masks have 8 bits, so what is a subset of them has too.
        Ok(Self {
            slice_mask: user.slice_mask as u8,
            subslice_mask: user.subslice_mask as u8,
            min_eus_per_subslice: user.min_eus_per_subslice as u8,
            max_eus_per_subslice: user.max_eus_per_subslice as u8,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::errno::Errno;
    use super::super::platform::ice_lake;
    use super::*;

    fn user(subslices: u64) -> UserSseu {
        UserSseu {
            slice_mask: 1,
            subslice_mask: subslices,
            min_eus_per_subslice: 8,
            max_eus_per_subslice: 8,
            ..UserSseu::default()
        }
    }

    #[test]
    fn half_or_all_subslices_of_the_slice_are_allowed() {
        let facts = ice_lake();
        assert!(Sseu::from_user(&facts, &user(0xff)).is_ok());
        assert!(Sseu::from_user(&facts, &user(0x0f)).is_ok());
        for subslices in [0x01, 0x03, 0x07, 0x1f, 0x3f, 0x7f, 0x1ff, 0] {
            assert_eq!(
                Sseu::from_user(&facts, &user(subslices)),
                Err(Errno::EINVAL),
                "{subslices:#x}"
            );
        }
    }

    #[test]
    fn the_number_of_eus_is_fixed() {
        let facts = ice_lake();
        for (min, max) in [(0, 8), (8, 0), (7, 8), (8, 7), (8, 9), (4, 4)] {
            let user = UserSseu {
                min_eus_per_subslice: min,
                max_eus_per_subslice: max,
                ..user(0xff)
            };
            assert_eq!(Sseu::from_user(&facts, &user), Err(Errno::EINVAL));
        }
    }

    #[test]
    fn header_checks() {
        let mut sseu = user(0xff);
        assert_eq!(sseu.check_header(), Ok(false));
        sseu.flags = 1;
        assert_eq!(sseu.check_header(), Ok(true));
        sseu.flags = 2;
        assert_eq!(sseu.check_header(), Err(Errno::EINVAL));
        sseu.flags = 0;
        sseu.reserved = 1;
        assert_eq!(sseu.check_header(), Err(Errno::EINVAL));
    }
}
