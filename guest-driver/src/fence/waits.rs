// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The fences a command must follow, sorted into those the device resolves and those the
//! guest waits for.

use crate::drm::{Fence, Sent, Timeline};
use crate::protocol::{self, Point, PointFlags};
use crate::virtio::Transport;
use kernel::prelude::*;
use kernel::sync::aref::ARef;

/// A point of our own to follow.
struct OwnPoint {
    point: Point,
    /// Of the transport over which the device knows it.
    cookie: u64,
    fence: ARef<Fence>,
}

impl OwnPoint {
    fn is_on(&self, cookie: u64, timeline: u32) -> bool {
        self.cookie == cookie && self.point.timeline.get() == timeline
    }
}

/// The fences a command must follow. Signalled ones are dropped, and of several points
/// on one timeline the last is kept.
pub(crate) struct Waits {
    /// Points of our own.
    points: KVec<OwnPoint>,
    /// Those whose start is waited for.
    starts: KVec<OwnPoint>,
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
    pub(crate) fn add(&mut self, fence: &Fence) -> Result {
        if fence.is_signaled() {
            return Ok(());
        }
        for leaf in fence.leaves()? {
            self.add_leaf(leaf, false)?;
        }
        Ok(())
    }

    /// Follows the start, not the end, of the submission that signals `fence`
    /// (`I915_EXEC_FENCE_SUBMIT`). Of fences of others only the end is known. ENOMEM.
    pub(crate) fn add_start(&mut self, fence: &Fence) -> Result {
        for leaf in fence.leaves()? {
            self.add_leaf(leaf, true)?;
        }
        Ok(())
    }

    fn add_leaf(&mut self, leaf: ARef<Fence>, start: bool) -> Result {
        if leaf.is_signaled() {
            return Ok(());
        }
        let (mut point, cookie) = match leaf.as_point() {
            Some((point, cookie, Sent::Yes)) => (point, cookie),
            Some((point, cookie, Sent::Announced(sending))) => {
                self.foreign.push(sending, GFP_KERNEL)?;
                (point, cookie)
            }
            Some((_, _, Sent::Unknown)) | None => {
                return Ok(self.foreign.push(leaf, GFP_KERNEL)?);
            }
        };
        let points = if start {
            point.flags = PointFlags::START.into();
            &mut self.starts
        } else {
            &mut self.points
        };
        let new = OwnPoint {
            point,
            cookie,
            fence: leaf,
        };
        match points
            .iter_mut()
            .find(|known| known.is_on(cookie, point.timeline.get()))
        {
            Some(known) => {
                if known.point.value.get() < point.value.get() {
                    *known = new;
                }
            }
            None => points.push(new, GFP_KERNEL)?,
        }
        Ok(())
    }

    /// Drops what is on `timeline`, for a command that comes later on that timeline
    /// anyway.
    pub(crate) fn forget_timeline(&mut self, timeline: &Timeline) {
        let others = |own: &mut OwnPoint| !own.is_on(timeline.cookie(), timeline.number());
        self.points.retain(others);
        self.starts.retain(others);
    }

    /// The points to name in a command over `transport`, at most
    /// [`MAX_WAITS`](protocol::MAX_WAITS), and the fences to wait for before it is handed
    /// over. Starts are named before ends, for whom the guest can wait as well; points that
    /// the device knows over another transport it doesn't know over this one, so the guest
    /// waits. ENOMEM.
    pub(crate) fn finish(self, transport: &Transport) -> Result<(KVec<Point>, KVec<ARef<Fence>>)> {
        if self.starts.is_empty() && self.points.is_empty() {
            return Ok((KVec::new(), self.foreign));
        }
        let limit = protocol::MAX_WAITS as usize;
        let count = self.starts.len() + self.points.len();
        let mut points = KVec::with_capacity(count.min(limit), GFP_KERNEL)?;
        let mut foreign = self.foreign;
        for own in Iterator::chain(self.starts.into_iter(), self.points) {
            if points.len() < limit && own.cookie == transport.cookie() {
                points.push(own.point, GFP_KERNEL)?;
            } else {
                foreign.push(own.fence, GFP_KERNEL)?;
            }
        }
        Ok((points, foreign))
    }
}
