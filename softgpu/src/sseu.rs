//! What of the render engine's units a batch has powered, and how the hardware says so.

use serde::{Deserialize, Serialize};

use crate::error::GpuError;
use crate::platform::Platform;

/// Slices, subslices and EUs that are powered while a batch executes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sseu {
    /// Slices, a bit each.
    pub slice_mask: u8,
    /// Subslices of each slice, a bit each.
    pub subslice_mask: u8,
    /// Least number of EUs of each subslice.
    pub min_eus_per_subslice: u8,
    /// Greatest number of EUs of each subslice.
    pub max_eus_per_subslice: u8,
}

/// R_PWR_CLK_STATE: power gating by request, and its fields (PRM "Render Power Clock
/// State"; `gt/intel_engine_regs.h` of i915).
const ENABLE: u32 = 1 << 31;
const SLICE_COUNT_ENABLE: u32 = 1 << 18;
const SLICE_COUNT_SHIFT: u32 = 12;
const SUBSLICE_COUNT_ENABLE: u32 = 1 << 11;
const SUBSLICE_COUNT_SHIFT: u32 = 8;
const EU_MAX_SHIFT: u32 = 4;

impl Sseu {
    /// All that the platform has.
    pub fn whole_device(platform: &Platform) -> Self {
        let topology = platform.topology;
        Self {
            slice_mask: (1 << topology.slices) - 1,
            subslice_mask: topology.subslice_mask,
            min_eus_per_subslice: topology.eus_per_subslice,
            max_eus_per_subslice: topology.eus_per_subslice,
        }
    }

    /// Refuses what the platform does not have.
    pub(crate) fn check(&self, platform: &Platform) -> Result<(), GpuError> {
        let whole = Self::whole_device(platform);
        let within = |part: u8, of: u8| part != 0 && part & !of == 0;
        let good = within(self.slice_mask, whole.slice_mask)
            && within(self.subslice_mask, whole.subslice_mask)
            && self.min_eus_per_subslice != 0
            && self.min_eus_per_subslice <= self.max_eus_per_subslice
            && self.max_eus_per_subslice <= whole.max_eus_per_subslice;
        if good && (platform.features.sseu_settable || *self == whole) {
            return Ok(());
        }
        Err(GpuError::BadSseu(*self))
    }

    /// R_PWR_CLK_STATE for it, as i915 programs it (`gt/intel_sseu.c:intel_sseu_make_rpcs`).
    /// Gen12 gates whole slices only.
    pub(crate) fn power_clock_state(&self, platform: &Platform) -> u32 {
        let mut slices = self.slice_mask.count_ones();
        let subslices = self.subslice_mask.count_ones();
        let mut value = ENABLE | SLICE_COUNT_ENABLE;
        if platform.graphics_version.major == 11 {
            let half = (platform.topology.subslice_mask.count_ones() / 2).min(4);
            if slices == 1 && subslices > half {
                // The field counts up to four subslices: more are said as two slices.
                slices = 2;
            } else {
                value |= SUBSLICE_COUNT_ENABLE | (subslices & 7) << SUBSLICE_COUNT_SHIFT;
            }
            value |= u32::from(self.min_eus_per_subslice & 0xf)
                | u32::from(self.max_eus_per_subslice & 0xf) << EU_MAX_SHIFT;
        }
        value | (slices & 0x3f) << SLICE_COUNT_SHIFT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_clock_states_are_those_of_i915() {
        let icl = Platform::ICL;
        let whole = Sseu::whole_device(&icl);
        assert_eq!(whole.power_clock_state(&icl), 0x8004_2088);
        let half = Sseu {
            subslice_mask: 0x0f,
            ..whole
        };
        assert_eq!(half.power_clock_state(&icl), 0x8004_1c88);
        // All four of a smaller part's are more than half of them.
        let small = icl.with_eus(32).unwrap();
        let all = Sseu::whole_device(&small);
        assert_eq!(all.power_clock_state(&small), 0x8004_2088);
        let tgl = Platform::TGL;
        let whole = Sseu::whole_device(&tgl);
        assert_eq!(whole.subslice_mask, 0x3f);
        assert_eq!(whole.power_clock_state(&tgl), 0x8004_1000);
    }

    #[test]
    fn only_what_the_platform_has_can_be_asked_for() {
        let whole = Sseu::whole_device(&Platform::ICL);
        assert!(whole.check(&Platform::ICL).is_ok());
        let bad = [
            Sseu {
                slice_mask: 0,
                ..whole
            },
            Sseu {
                slice_mask: 2,
                ..whole
            },
            Sseu {
                subslice_mask: 0,
                ..whole
            },
            Sseu {
                min_eus_per_subslice: 0,
                ..whole
            },
            Sseu {
                max_eus_per_subslice: 7,
                ..whole
            },
            Sseu {
                max_eus_per_subslice: 9,
                ..whole
            },
        ];
        for sseu in bad {
            assert_eq!(sseu.check(&Platform::ICL), Err(GpuError::BadSseu(sseu)));
        }
        let smaller = Platform::ICL.with_eus(32).unwrap();
        assert_eq!(whole.check(&smaller), Err(GpuError::BadSseu(whole)));
        assert!(Sseu::whole_device(&smaller).check(&smaller).is_ok());
        // Tiger Lake has no choice.
        let tgl = Sseu::whole_device(&Platform::TGL);
        assert!(tgl.check(&Platform::TGL).is_ok());
        let half = Sseu {
            subslice_mask: 0x7,
            ..tgl
        };
        assert!(half.check(&Platform::TGL).is_err());
    }
}
