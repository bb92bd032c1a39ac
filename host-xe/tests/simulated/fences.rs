// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Timeline sync objects: chains of fences, eventfds that wait for them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use softgpu::{Completion, CompletionSink, ContextId, HangReport, Point, TimelineId};
use virtio_igpu_host_gpu::{syncobj, uapi};

use super::errno::{EINVAL, ENOENT, EOPNOTSUPP, ETIME};
use super::memory::get;

/// A point of a chain: its number, and the fence that it has; none if that is over.
#[derive(Debug)]
struct Link {
    seqno: u64,
    fence: Option<Point>,
}

#[derive(Debug, Default)]
struct Chain {
    /// In how many files it is a sync object.
    files: u32,
    /// The last point that was reached.
    reached: u64,
    /// The points behind it.
    links: VecDeque<Link>,
}

#[derive(Debug, Default)]
struct All {
    /// How far the software GPU's timelines have come.
    done: HashMap<TimelineId, u64>,
    chains: HashMap<u32, Chain>,
    next_handle: u32,
    eventfds: Vec<(u32, u64, OwnedFd)>,
    banned: HashSet<ContextId>,
}

/// All fences of a client. No call to the GPU is made under their lock: the GPU reports here.
#[derive(Debug, Default)]
pub(crate) struct Fences {
    all: Mutex<All>,
    changed: Condvar,
}

impl CompletionSink for Fences {
    fn completed(&self, completion: Completion) {
        let mut all = self.all.lock().expect("no panic before");
        let Point { timeline, value } = completion.point;
        let done = all.done.entry(timeline).or_default();
        *done = (*done).max(value);
        all.look();
        self.changed.notify_all();
    }

    fn hung(&self, report: HangReport) {
        // A queue is banned before its jobs end.
        self.all
            .lock()
            .expect("no panic before")
            .banned
            .insert(report.context);
    }
}

impl All {
    fn is_done(&self, point: Point) -> bool {
        self.done
            .get(&point.timeline)
            .is_some_and(|&done| done >= point.value)
    }

    /// Moves all chains on, and tells the eventfds that wait for that.
    fn look(&mut self) {
        let mut chains = std::mem::take(&mut self.chains);
        for chain in chains.values_mut() {
            let over = |link: &Link| link.fence.is_none_or(|point| self.is_done(point));
            while chain.links.front().is_some_and(over) {
                chain.reached = chain.links.pop_front().map_or(0, |link| link.seqno);
            }
        }
        self.chains = chains;
        let chains = &self.chains;
        self.eventfds.retain(|(handle, point, eventfd)| {
            // What was submitted under a greater number reaches it too.
            let waits = chains
                .get(handle)
                .is_none_or(|chain| chain.reached < *point);
            if !waits {
                let _ = rustix::io::write(eventfd, &1_u64.to_ne_bytes());
            }
            waits
        });
    }
}

impl Fences {
    pub(crate) fn create(&self) -> u32 {
        let mut all = self.all.lock().expect("no panic before");
        all.next_handle += 1;
        let handle = all.next_handle;
        let chain = Chain {
            files: 1,
            ..Chain::default()
        };
        all.chains.insert(handle, chain);
        handle
    }

    /// One more file has it.
    pub(crate) fn get(&self, handle: u32) -> Result<(), i32> {
        let mut all = self.all.lock().expect("no panic before");
        all.chains.get_mut(&handle).ok_or(EINVAL)?.files += 1;
        Ok(())
    }

    /// One file less has it.
    pub(crate) fn put(&self, handle: u32) {
        let mut all = self.all.lock().expect("no panic before");
        let Some(chain) = all.chains.get_mut(&handle) else {
            return;
        };
        chain.files -= 1;
        if chain.files == 0 {
            all.chains.remove(&handle);
            all.eventfds.retain(|eventfd| eventfd.0 != handle);
        }
    }

    /// Adds a point. Numbers that don't rise are what the kernel only grumbles about.
    pub(crate) fn add(&self, handle: u32, seqno: u64, fence: Option<Point>) -> Result<(), i32> {
        let mut all = self.all.lock().expect("no panic before");
        let chain = all.chains.get_mut(&handle).ok_or(ENOENT)?;
        let last = chain.links.back().map_or(chain.reached, |link| link.seqno);
        assert!(
            seqno > last,
            "point {seqno} of sync object {handle} after {last}"
        );
        chain.links.push_back(Link { seqno, fence });
        all.look();
        drop(all);
        self.changed.notify_all();
        Ok(())
    }

    /// What the GPU has to wait for so that a point is reached. EINVAL if nothing was
    /// submitted that reaches it.
    pub(crate) fn find(&self, handle: u32, seqno: u64, to: &mut Vec<Point>) -> Result<(), i32> {
        let all = self.all.lock().expect("no panic before");
        let chain = all.chains.get(&handle).ok_or(ENOENT)?;
        if chain.reached >= seqno {
            return Ok(());
        }
        let end = chain
            .links
            .iter()
            .position(|link| link.seqno >= seqno)
            .ok_or(EINVAL)?;
        for link in chain.links.iter().take(end + 1) {
            let Some(point) = link.fence.filter(|&point| !all.is_done(point)) else {
                continue;
            };
            match to.iter_mut().find(|known| known.timeline == point.timeline) {
                Some(known) => known.value = known.value.max(point.value),
                None => to.push(point),
            }
        }
        Ok(())
    }

    pub(crate) fn reached(&self, handle: u32) -> Result<u64, i32> {
        let all = self.all.lock().expect("no panic before");
        all.chains
            .get(&handle)
            .map(|chain| chain.reached)
            .ok_or(ENOENT)
    }

    pub(crate) fn done(&self, timeline: TimelineId) -> u64 {
        let all = self.all.lock().expect("no panic before");
        all.done.get(&timeline).copied().unwrap_or(0)
    }

    pub(crate) fn is_banned(&self, context: ContextId) -> bool {
        self.all
            .lock()
            .expect("no panic before")
            .banned
            .contains(&context)
    }

    pub(crate) fn check_eventfd(&self, args: &uapi::drm_syncobj_eventfd) -> Result<(), i32> {
        if args.flags != 0 {
            return Err(EOPNOTSUPP);
        }
        if args.pad != 0 {
            return Err(EINVAL);
        }
        Ok(())
    }

    pub(crate) fn eventfd(&self, handle: u32, args: &uapi::drm_syncobj_eventfd) -> Result<(), i32> {
        // SAFETY: the descriptor is the caller's for as long as the call goes on.
        let eventfd = unsafe { BorrowedFd::borrow_raw(args.fd) };
        let eventfd = eventfd.try_clone_to_owned().map_err(|_| EINVAL)?;
        let mut all = self.all.lock().expect("no panic before");
        all.eventfds.push((handle, args.point, eventfd));
        all.look();
        Ok(())
    }

    pub(crate) fn wait(
        &self,
        handle: u32,
        args: &mut uapi::drm_syncobj_timeline_wait,
    ) -> Result<(), i32> {
        // SAFETY: it is said to be an array of one.
        let point: u64 = unsafe { get(args.points) }?;
        let mut all = self.all.lock().expect("no panic before");
        loop {
            let chain = all.chains.get(&handle).ok_or(ENOENT)?;
            if chain.reached >= point {
                return Ok(());
            }
            let left = args.timeout_nsec - syncobj::deadline(0);
            if left <= 0 {
                return Err(ETIME);
            }
            let left = Duration::from_nanos(left as u64);
            all = self
                .changed
                .wait_timeout(all, left)
                .expect("no panic before")
                .0;
        }
    }
}
