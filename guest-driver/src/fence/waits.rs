// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The fences a command must follow, sorted into those the device resolves and those the
//! guest waits for.

use crate::drm::{self, Fence, Sent};
use crate::protocol::{self, Point};
use kernel::prelude::*;
use kernel::sync::aref::ARef;

/// The fences a command must follow. Signalled ones are dropped, and of several points
/// on one timeline the last is kept.
pub(crate) struct Waits {
    /// Points of our own, each with its fence.
    points: KVec<(Point, ARef<Fence>)>,
    /// Fences of others, and those that say when a command of our own is handed over.
    foreign: KVec<ARef<Fence>>,
}

impl Waits {
    /// Nothing to wait for.
    pub(crate) fn new() -> Self {
        Self {
            points: KVec::new(),
            foreign: KVec::new(),
        }
    }

    /// The same fences once more. ENOMEM.
    pub(crate) fn try_clone(&self) -> Result<Self> {
        let mut clone = Self::new();
        for point in self.points.iter() {
            clone.points.push(point.clone(), GFP_KERNEL)?;
        }
        for fence in self.foreign.iter() {
            clone.foreign.push(fence.clone(), GFP_KERNEL)?;
        }
        Ok(clone)
    }

    /// Follows `fence`, taken apart if it is an array or a chain. ENOMEM.
    pub(crate) fn add(&mut self, dev: &drm::Device, fence: &Fence) -> Result {
        if fence.is_signaled() {
            return Ok(());
        }
        for leaf in fence.leaves()? {
            self.add_leaf(dev, leaf)?;
        }
        Ok(())
    }

    fn add_leaf(&mut self, dev: &drm::Device, leaf: ARef<Fence>) -> Result {
        if leaf.is_signaled() {
            return Ok(());
        }
        let point = match leaf.as_point(dev.cookie()) {
            Some((point, Sent::Yes)) => point,
            Some((point, Sent::Announced(sending))) => {
                self.foreign.push(sending, GFP_KERNEL)?;
                point
            }
            Some((_, Sent::Unknown)) | None => {
                return Ok(self.foreign.push(leaf, GFP_KERNEL)?);
            }
        };
        match self
            .points
            .iter_mut()
            .find(|(known, _)| known.timeline == point.timeline)
        {
            Some(known) => {
                if known.0.value.get() < point.value.get() {
                    *known = (point, leaf);
                }
            }
            None => self.points.push((point, leaf), GFP_KERNEL)?,
        }
        Ok(())
    }

    /// Follows the sending, not the end, of the submission that signals `fence`
    /// (`I915_EXEC_FENCE_SUBMIT`): what has been sent stands before us on the device.
    /// ENOMEM.
    pub(crate) fn add_unsent(&mut self, dev: &drm::Device, fence: &Fence) -> Result {
        for leaf in fence.leaves()? {
            match leaf.as_point(dev.cookie()) {
                Some((_, Sent::Yes)) => {}
                Some((_, Sent::Announced(sending))) => self.foreign.push(sending, GFP_KERNEL)?,
                Some((_, Sent::Unknown)) | None => self.foreign.push(leaf, GFP_KERNEL)?,
            }
        }
        Ok(())
    }

    /// Drops what is on `timeline`, for a command that comes later on that timeline
    /// anyway.
    pub(crate) fn forget_timeline(&mut self, timeline: u32) {
        self.points
            .retain(|(point, _)| point.timeline.get() != timeline);
    }

    /// The points to name in the command, at most
    /// [`MAX_WAITS`](protocol::MAX_WAITS), and the fences to wait for before it is handed
    /// over. ENOMEM.
    pub(crate) fn finish(self) -> Result<(KVec<Point>, KVec<ARef<Fence>>)> {
        let limit = protocol::MAX_WAITS as usize;
        let mut points = KVec::with_capacity(self.points.len().min(limit), GFP_KERNEL)?;
        let mut foreign = self.foreign;
        for (point, fence) in self.points {
            if points.len() < limit {
                points.push(point, GFP_KERNEL)?;
            } else {
                foreign.push(fence, GFP_KERNEL)?;
            }
        }
        Ok((points, foreign))
    }
}
