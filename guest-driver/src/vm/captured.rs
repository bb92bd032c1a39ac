// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What of an address space goes into the error state when a submission hangs.
//!
//! EXECBUFFER2 says it with each submission, of the objects it lists; the batches are
//! captured always, as i915 does. VM_BIND says it of a mapping. Of those a hung submission
//! shows what was mapped when it was made: what came later is none of its business, and
//! may not be cleared yet; what was unmapped since then is gone.

use crate::drm;
use crate::vm::address_space::State;
use crate::vm::mapping::Mapping;
use crate::vm::view::ActiveView;
use crate::vm::{ActiveViews, AddressSpace, View};
use kernel::sync::Arc;

/// How often, and how long each time, a capture waits for somebody who changes the address
/// space. Whoever does may be waiting for memory, and that for the very submission whose
/// hang is captured: so it is not waited for without end.
const ATTEMPTS: u32 = 100;
const ATTEMPT_MS: u32 = 10;

/// What a submission may use, as far as the error state is concerned.
pub(crate) enum CaptureSet {
    /// EXECBUFFER2: what it listed. Kept mapped.
    Listed(ActiveViews),
    /// EXECBUFFER3: what was mapped at this value of the bind timeline.
    BoundUntil(u64),
}

/// Memory to be captured.
pub(crate) struct CapturedRange {
    /// GPU address.
    pub(crate) address: u64,
    /// Bytes.
    pub(crate) length: u64,
    /// Where in the object it starts.
    pub(crate) offset: u64,
    /// The pages.
    pub(crate) view: Arc<View>,
    /// Userspace asked for it.
    pub(crate) by_user: bool,
    /// One of the submission's batches begins in it.
    pub(crate) is_batch: bool,
}

impl CapturedRange {
    /// Whether a GPU address lies in it.
    pub(crate) fn holds(&self, address: u64) -> bool {
        (self.address..self.address + self.length).contains(&address)
    }
}

impl CaptureSet {
    /// Calls `each` with what a hang of a submission has captured, as long as it says yes;
    /// `is_batch` says whether one of its batches begins in a range, by address and length. Process context; allocates nothing, and waits for nobody for longer than
    /// a second.
    pub(crate) fn for_each_captured(
        &self,
        vm: &AddressSpace,
        is_batch: &dyn Fn(u64, u64) -> bool,
        each: &mut dyn FnMut(CapturedRange) -> bool,
    ) {
        let mut judge = |mut range: CapturedRange| {
            range.is_batch = is_batch(range.address, range.length);
            // EXECBUFFER3's batches lie where userspace has a say.
            let wanted = match self {
                Self::Listed(_) => range.by_user || range.is_batch,
                Self::BoundUntil(_) => range.by_user,
            };
            !wanted || each(range)
        };
        match self {
            Self::Listed(views) => {
                let _ = views.views.iter().all(|view| judge(view.range()));
            }
            Self::BoundUntil(value) => {
                let look = |state: &State| {
                    for (start, mapping) in state.mappings.iter() {
                        if let Some(range) = mapping.captured_by(*start, *value) {
                            if !judge(range) {
                                break;
                            }
                        }
                    }
                };
                vm.look_at_mappings(look);
            }
        }
    }
}

impl ActiveView {
    fn range(&self) -> CapturedRange {
        CapturedRange {
            address: self.address,
            length: self.length,
            offset: 0,
            view: self.view.clone(),
            by_user: self.capture,
            is_batch: false,
        }
    }
}

impl Mapping {
    /// This mapping, at `start`, if it is marked and was there at `value` of the bind
    /// timeline.
    fn captured_by(&self, start: u64, value: u64) -> Option<CapturedRange> {
        let shown = &self.shown;
        let view = shown.view.as_ref()?;
        (shown.capture && shown.update <= value).then(|| CapturedRange {
            address: start,
            length: self.length,
            offset: self.offset,
            view: view.clone(),
            by_user: true,
            is_batch: false,
        })
    }
}

impl AddressSpace {
    fn look_at_mappings(&self, look: impl FnOnce(&State)) {
        for _ in 0..ATTEMPTS {
            if let Some(state) = self.mappings.state.try_lock() {
                look(&state);
                return;
            }
            drm::sync::sleep_ms(ATTEMPT_MS);
        }
    }
}
