// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The fences a call names: syncobjs to wait for and to signal.

use crate::drm::{self, ChainNode, Fence, Syncobj};
use crate::fence::Waits;
use crate::rules::execbuffer2::array_fence_action;
use crate::rules::execbuffer3::{self, PointState};
use crate::rules::vm_bind::OutFence;
use crate::uapi::user;
use crate::uapi_types::{drm_i915_gem_exec_fence, drm_i915_gem_timeline_fence};
use kernel::prelude::*;
use kernel::sync::aref::ARef;

/// A syncobj to signal, with what that takes allocated.
pub(crate) struct Signal {
    syncobj: ARef<Syncobj>,
    /// A point on the timeline; `None`: the binary fence.
    point: Option<(u64, ChainNode)>,
}

impl Signal {
    /// The syncobj `handle`, at point `value` or, if that is 0, its binary fence. ENOENT,
    /// ENOMEM.
    pub(crate) fn find(file: &drm::File, handle: u32, value: u64) -> Result<Self> {
        Self::new(Syncobj::find(file, handle)?, value)
    }

    fn new(syncobj: ARef<Syncobj>, value: u64) -> Result<Self> {
        let point = if value == 0 {
            None
        } else {
            Some((value, ChainNode::new()?))
        };
        Ok(Self { syncobj, point })
    }

    /// What VM_BIND and VM_UNBIND are to signal. ENOENT, ENOMEM.
    pub(crate) fn of_bind(file: &drm::File, fence: Option<OutFence>) -> Result<Option<Self>> {
        fence
            .map(|fence| Self::find(file, fence.handle, fence.value))
            .transpose()
    }

    /// Has it signal when `fence` does.
    pub(crate) fn attach(self, fence: &Fence) {
        match self.point {
            Some((value, node)) => self.syncobj.add_point(node, fence, value),
            None => self.syncobj.replace_fence(Some(fence)),
        }
    }
}

/// What a submission is to signal: mostly nothing, or one syncobj.
pub(crate) struct Signals {
    first: Option<Signal>,
    others: KVVec<Signal>,
}

impl Signals {
    /// Whether there is nothing to signal.
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// One more. ENOMEM.
    pub(crate) fn push(&mut self, signal: Signal) -> Result {
        match self.first {
            None => self.first = Some(signal),
            Some(_) => self.others.push(signal, GFP_KERNEL)?,
        }
        Ok(())
    }

    /// Has all signal when `fence` does.
    pub(crate) fn attach_all(self, fence: &Fence) {
        for signal in Iterator::chain(self.first.into_iter(), self.others) {
            signal.attach(fence);
        }
    }
}

/// Which of i915's two ways to name fences: they differ in what may be waited for.
#[derive(Clone, Copy)]
enum Kind {
    /// EXECBUFFER3, and EXECBUFFER2's extension.
    Timeline,
    /// EXECBUFFER2's plain array.
    Array,
}

/// The fences of a submission.
pub(crate) struct SubmissionFences {
    /// What it follows.
    pub(crate) waits: Waits,
    /// What it signals.
    signals: Signals,
}

impl SubmissionFences {
    /// None.
    pub(crate) fn new() -> Self {
        Self {
            waits: Waits::new(),
            signals: Signals {
                first: None,
                others: KVVec::new(),
            },
        }
    }

    /// Takes in `count` timeline fences at `address`, of EXECBUFFER3 or of EXECBUFFER2's
    /// timeline extension, with the checks of i915's `add_timeline_fence_array`. EFAULT,
    /// EINVAL, ENOENT, ENOMEM.
    pub(crate) fn add_timeline_fences(
        &mut self,
        file: &drm::File,
        count: usize,
        read: impl Fn(usize) -> Result<drm_i915_gem_timeline_fence>,
    ) -> Result {
        for index in 0..count {
            let fence = read(index)?;
            self.add(file, fence.handle, fence.flags, fence.value, Kind::Timeline)?;
        }
        Ok(())
    }

    /// Takes in the fence array of EXECBUFFER2. Its flags are those of timeline fences.
    pub(crate) fn add_fence_array(
        &mut self,
        file: &drm::File,
        address: u64,
        count: usize,
    ) -> Result {
        for index in 0..count {
            let fence: drm_i915_gem_exec_fence = user::read_element(address, index)?;
            self.add(file, fence.handle, fence.flags, 0, Kind::Array)?;
        }
        Ok(())
    }

    fn add(&mut self, file: &drm::File, handle: u32, flags: u32, value: u64, kind: Kind) -> Result {
        execbuffer3::check_fence_flags(flags)?;
        let syncobj = Syncobj::find(file, handle)?;
        let pending = syncobj.wait_fence(value);
        let state = match &pending {
            Ok(Some(_)) => PointState::Pending,
            Ok(None) => PointState::Signaled,
            Err(_) => PointState::Nothing,
        };
        let action = match kind {
            Kind::Timeline => execbuffer3::fence_action(flags, value, state)?,
            Kind::Array => array_fence_action(flags, state != PointState::Nothing)?,
        };
        if let (true, Ok(Some(fence))) = (action.wait, &pending) {
            self.waits.add(fence)?;
        }
        if action.signal {
            self.signals.push(Signal::new(syncobj, value)?)?;
        }
        Ok(())
    }

    /// Parts what is waited for from what is signalled.
    pub(crate) fn split(self) -> (Waits, Signals) {
        (self.waits, self.signals)
    }
}
