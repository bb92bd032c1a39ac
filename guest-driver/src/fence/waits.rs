// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The fences a command must follow, sorted into those the device resolves and those the
//! guest waits for.

use crate::drm::{self, Fence, Sent};
use crate::protocol::{self, Point, PointFlags};
use kernel::prelude::*;
use kernel::sync::aref::ARef;

/// The fences a command must follow. Signalled ones are dropped, and of several points
/// on one timeline the last is kept.
pub(crate) struct Waits {
    /// Points of our own, each with its fence.
    points: KVec<(Point, ARef<Fence>)>,
    /// Those whose start is waited for.
    starts: KVec<(Point, ARef<Fence>)>,
    /// Fences of others, and those that say when a command of our own is handed over.
    foreign: KVec<ARef<Fence>>,
}

impl Waits {
    /// Nothing to wait for.
    pub(crate) fn new() -> Self {
        Self {
            points: KVec::new(),
            starts: KVec::new(),
            foreign: KVec::new(),
        }
    }

    /// Whether there is nothing to follow.
    pub(crate) fn is_empty(&self) -> bool {
        self.points.is_empty() && self.starts.is_empty() && self.foreign.is_empty()
    }

    /// Follows `fence`, taken apart if it is an array or a chain. ENOMEM.
    pub(crate) fn add(&mut self, dev: &drm::Device, fence: &Fence) -> Result {
        if fence.is_signaled() {
            return Ok(());
        }
        for leaf in fence.leaves()? {
            self.add_leaf(dev, leaf, false)?;
        }
        Ok(())
    }

    /// Follows the start, not the end, of the submission that signals `fence`
    /// (`I915_EXEC_FENCE_SUBMIT`). Of fences of others only the end is known. ENOMEM.
    pub(crate) fn add_start(&mut self, dev: &drm::Device, fence: &Fence) -> Result {
        for leaf in fence.leaves()? {
            self.add_leaf(dev, leaf, true)?;
        }
        Ok(())
    }

    fn add_leaf(&mut self, dev: &drm::Device, leaf: ARef<Fence>, start: bool) -> Result {
        if leaf.is_signaled() {
            return Ok(());
        }
        let mut point = match leaf.as_point(dev.cookie()) {
            Some((point, Sent::Yes)) => point,
            Some((point, Sent::Announced(sending))) => {
                self.foreign.push(sending, GFP_KERNEL)?;
                point
            }
            Some((_, Sent::Unknown)) | None => {
                return Ok(self.foreign.push(leaf, GFP_KERNEL)?);
            }
        };
        let points = if start {
            point.flags = PointFlags::START.into();
            &mut self.starts
        } else {
            &mut self.points
        };
        match points
            .iter_mut()
            .find(|(known, _)| known.timeline == point.timeline)
        {
            Some(known) => {
                if known.0.value.get() < point.value.get() {
                    *known = (point, leaf);
                }
            }
            None => points.push((point, leaf), GFP_KERNEL)?,
        }
        Ok(())
    }

    /// Drops what is on `timeline`, for a command that comes later on that timeline
    /// anyway.
    pub(crate) fn forget_timeline(&mut self, timeline: u32) {
        let others = |point: &Point| point.timeline.get() != timeline;
        self.points.retain(|(point, _)| others(point));
        self.starts.retain(|(point, _)| others(point));
    }

    /// The points to name in the command, at most
    /// [`MAX_WAITS`](protocol::MAX_WAITS), and the fences to wait for before it is handed
    /// over. Starts are named before ends, for whom the guest can wait as well. ENOMEM.
    pub(crate) fn finish(self) -> Result<(KVec<Point>, KVec<ARef<Fence>>)> {
        if self.starts.is_empty() && self.points.is_empty() {
            return Ok((KVec::new(), self.foreign));
        }
        let limit = protocol::MAX_WAITS as usize;
        let count = self.starts.len() + self.points.len();
        let mut points = KVec::with_capacity(count.min(limit), GFP_KERNEL)?;
        let mut foreign = self.foreign;
        for (point, fence) in Iterator::chain(self.starts.into_iter(), self.points) {
            if points.len() < limit {
                points.push(point, GFP_KERNEL)?;
            } else {
                foreign.push(fence, GFP_KERNEL)?;
            }
        }
        Ok((points, foreign))
    }
}
