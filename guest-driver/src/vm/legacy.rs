// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Legacy mode: EXECBUFFER2 names objects, and what it names is mapped for it.
//!
//! A mapping stays after the submission, so that the next one that names the same object
//! at the same address sends no update. It goes when another object is pinned over it,
//! when the address space is full, when memory is short, or when the object's handle is
//! closed; each time once no submission uses it any more.

use crate::drm::gem::BackingKind;
use crate::drm::work::Deferred;
use crate::drm::{self, Object};
use crate::fence::Waits;
use crate::rules::address::Range;
use crate::rules::address_allocator::{self, Choice, Zone};
use crate::rules::execbuffer2::CheckedObject;
use crate::rules::mapping_tree;
use crate::vm::address_space::State;
use crate::vm::mapping::{Mapping, Shown};
use crate::vm::objects::object_key;
use crate::vm::update::Update;
use crate::vm::view::ActiveView;
use crate::vm::{ActiveViews, AddressSpace, BindPoint, View};
use kernel::current;
use kernel::page::PAGE_SIZE;
use kernel::prelude::*;
use kernel::rbtree::RBTreeNode;
use kernel::sync::aref::ARef;
use kernel::sync::Arc;

/// An object that a submission names, and where it may be.
pub(crate) struct LegacyRequest {
    /// The object.
    pub(crate) object: ARef<Object>,
    /// What the submission says of it.
    pub(crate) checked: CheckedObject,
    /// The addresses it may have.
    pub(crate) zone: Zone,
}

/// Where the objects of a submission are mapped.
pub(crate) struct LegacyBinding {
    /// GPU address of each object, in the order of the requests.
    pub(crate) addresses: KVec<u64>,
    /// Keeps them mapped.
    pub(crate) views: ActiveViews,
}

/// Why an attempt at placing came to nothing.
enum Obstacle {
    /// This view's submissions must finish first.
    InUse(Arc<View>),
    /// An error; EAGAIN if user memory must be pinned first.
    Error(Error),
}

impl From<Error> for Obstacle {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl LegacyRequest {
    /// Whether the object is a process's memory.
    fn is_user_memory(&self) -> bool {
        self.object.backing() == BackingKind::UserMemory
    }

    /// Its view, mapped at `start`, as the submission uses it.
    fn active(&self, view: Arc<View>, start: u64) -> ActiveView {
        ActiveView {
            view,
            address: start,
            length: self.object.size() as u64,
            capture: self.checked.capture,
        }
    }

    /// Whether a mapping at `start` serves.
    fn accepts(&self, start: u64, mapping: &Mapping) -> bool {
        (!self.checked.pinned || start == self.checked.offset)
            && mapping.length >= self.checked.size
            && self.fits(start)
    }

    /// Whether the rules about alignment and zone allow it at `start`.
    fn fits(&self, start: u64) -> bool {
        start & (self.checked.alignment - 1) == 0
            && start >= self.zone.start
            && start
                .checked_add(self.checked.size)
                .is_some_and(|end| end <= self.zone.end)
    }
}

impl AddressSpace {
    /// Maps every requested object, waiting interruptibly for what is in the way. What a
    /// process has changed of its memory is mapped anew. ENOSPC when there is no room beside
    /// the other requests; ENOMEM; ERESTARTSYS; EFAULT for user memory that isn't there or is
    /// another process's.
    pub(crate) fn bind_legacy(
        self: &Arc<Self>,
        dev: &drm::Device,
        requests: &[LegacyRequest],
    ) -> Result<LegacyBinding> {
        let mut binding = LegacyBinding {
            addresses: KVec::from_elem(0, requests.len(), GFP_KERNEL)?,
            views: ActiveViews::new(self.clone(), requests.len())?,
        };
        loop {
            // Without the lock, since it may wait for the process, or for memory.
            for request in requests {
                if request.is_user_memory() || !request.object.has_pages() {
                    drop(request.object.pin_making_room()?);
                }
            }
            let attempt = {
                let mut order = self.order();
                self.place_all(dev, &mut order.0, requests, &mut binding)
            };
            match attempt {
                Ok(()) => return Ok(binding),
                Err(Obstacle::InUse(view)) => {
                    binding.views.clear();
                    dev.unlocked(|| self.wait_idle(&view))?;
                }
                // Changed again since it was pinned.
                Err(Obstacle::Error(error)) if error == EAGAIN => {
                    binding.views.clear();
                    if current!().signal_pending() {
                        return Err(ERESTARTSYS);
                    }
                }
                Err(Obstacle::Error(error)) => return Err(error),
            }
        }
    }

    /// One attempt at [`Self::bind_legacy`].
    fn place_all(
        self: &Arc<Self>,
        dev: &drm::Device,
        state: &mut State,
        requests: &[LegacyRequest],
        binding: &mut LegacyBinding,
    ) -> Result<(), Obstacle> {
        const NOT_PLACED: u64 = u64::MAX;
        let LegacyBinding { addresses, views } = binding;
        addresses
            .iter_mut()
            .for_each(|address| *address = NOT_PLACED);

        // What must be at an address comes first: others make room, of the list as well.
        self.keep_all(dev, state, requests, true, addresses, views)?;
        for (request, address) in requests.iter().zip(addresses.iter_mut()) {
            if request.checked.pinned && *address == NOT_PLACED {
                *address = request.checked.offset;
                self.clear_the_way(dev, state, &request.checked, views)?;
                self.map_object(dev, state, request, *address, views)?;
            }
        }
        self.keep_all(dev, state, requests, false, addresses, views)?;
        // The rest lies where it lay last, or where there is room.
        for (request, address) in requests.iter().zip(addresses.iter_mut()) {
            if *address != NOT_PLACED {
                continue;
            }
            *address = loop {
                if let Some(start) = state.room_for(request) {
                    break start;
                }
                self.make_room(dev, state, views)?;
            };
            self.map_object(dev, state, request, *address, views)?;
        }
        Ok(())
    }

    /// Notes the addresses of those pinned objects, or of those others, that are mapped where
    /// they may be: see [`Self::keep`].
    fn keep_all(
        self: &Arc<Self>,
        dev: &drm::Device,
        state: &mut State,
        requests: &[LegacyRequest],
        pinned: bool,
        addresses: &mut [u64],
        views: &mut ActiveViews,
    ) -> Result<(), Obstacle> {
        for (request, address) in requests.iter().zip(addresses) {
            if request.checked.pinned != pinned {
                continue;
            }
            if let Some(start) = self.keep(dev, state, request, views)? {
                *address = start;
            }
        }
        Ok(())
    }

    /// The address at which the request's object is mapped, if it may be there; it is active
    /// then. If it is mapped elsewhere, that goes.
    fn keep(
        self: &Arc<Self>,
        dev: &drm::Device,
        state: &mut State,
        request: &LegacyRequest,
        views: &mut ActiveViews,
    ) -> Result<Option<u64>, Obstacle> {
        let Some(start) = state.by_object.get(&object_key(&request.object)).copied() else {
            return Ok(None);
        };
        let Some(mapping) = state.mappings.get(&start) else {
            return Ok(None);
        };
        let Some(view) = mapping.shown.view.clone() else {
            return Ok(None);
        };
        let current = view.is_current();
        if current && request.accepts(start, mapping) {
            view.set_closed(false);
            views.add(request.active(view, start))?;
            return Ok(Some(start));
        }
        if views.contains(&view) {
            // Listed a second time, elsewhere.
            return Err(if current { ENOSPC } else { EAGAIN }.into());
        }
        if view.is_active() {
            return Err(Obstacle::InUse(view));
        }
        self.evict(dev, state, start)?;
        Ok(None)
    }

    /// Unmaps what lies where an object must be; ENOSPC if that is one that must be there too.
    fn clear_the_way(
        self: &Arc<Self>,
        dev: &drm::Device,
        state: &mut State,
        checked: &CheckedObject,
        own: &ActiveViews,
    ) -> Result<(), Obstacle> {
        while let Some((start, view)) = first_overlap(state, checked.offset, checked.size) {
            if own.contains(&view) {
                return Err(ENOSPC.into());
            }
            if view.is_active() {
                return Err(Obstacle::InUse(view));
            }
            self.evict(dev, state, start)?;
        }
        Ok(())
    }

    /// Unmaps all that no submission uses; ENOSPC if nothing but this submission's own
    /// objects is left.
    fn make_room(
        self: &Arc<Self>,
        dev: &drm::Device,
        state: &mut State,
        own: &ActiveViews,
    ) -> Result<(), Obstacle> {
        let mut idle = KVec::new();
        let mut busy = None;
        for (start, mapping) in state.mappings.iter() {
            match &mapping.shown.view {
                Some(view) if own.contains(view) => {}
                Some(view) if view.is_active() => busy = Some(view.clone()),
                _ => idle.push(*start, GFP_KERNEL).map_err(Error::from)?,
            }
        }
        if idle.is_empty() {
            return Err(busy.map_or(ENOSPC.into(), Obstacle::InUse));
        }
        for start in idle {
            self.evict(dev, state, start)?;
        }
        Ok(())
    }

    /// Maps the requested object at `start`, where nothing is mapped, and makes it active.
    fn map_object(
        self: &Arc<Self>,
        dev: &drm::Device,
        state: &mut State,
        request: &LegacyRequest,
        start: u64,
        views: &mut ActiveViews,
    ) -> Result {
        let range = Range::new(start, request.object.size() as u64)?;
        let view = self.new_view_at_once(&request.object, range)?;
        let shown = Shown {
            view: Some(view.clone()),
            read_only: false,
            // The submission says so, not the mapping.
            capture: false,
            update: state.last_value + 1,
        };
        let mapping = Mapping {
            length: request.checked.size,
            offset: 0,
            shown: shown.clone(),
        };
        let node = RBTreeNode::new(start, mapping, GFP_KERNEL)?;
        let key = RBTreeNode::new(object_key(&request.object), start, GFP_KERNEL)?;
        let update = Update::Map {
            shown: &shown,
            offset: 0,
        };
        self.send_update(dev, state, range, &update, Waits::new())?;
        state.mappings.insert(node);
        state.by_object.insert(key);
        self.placed(&view);
        views.add(request.active(view, start))
    }

    /// Unmaps the mapping at `start`, which no submission uses.
    fn evict(self: &Arc<Self>, dev: &drm::Device, state: &mut State, start: u64) -> Result {
        let Some(mapping) = state.mappings.get(&start) else {
            return Ok(());
        };
        let range = Range::new(start, mapping.length)?;
        let view = mapping.shown.view.as_deref();
        let key = view.map(|view| object_key(view.object()));
        let sent = self.send_update(dev, state, range, &Update::Unmap, Waits::new())?;
        if let Some(node) = state.mappings.remove_node(&start) {
            sent.displaced.hold(start, node, |_| ());
        }
        if let Some(key) = key {
            state.by_object.remove(&key);
        }
        Ok(())
    }

    /// Memory is short: unmaps objects that no submission uses and whose memory then can be
    /// given back, all that are not needed and `pages` of the others, which are taken off
    /// that number. Adds to `updates` what to wait for.
    pub(crate) fn unbind_idle(
        self: &Arc<Self>,
        dev: &drm::Device,
        pages: &mut usize,
        updates: &mut KVec<BindPoint>,
    ) {
        if self.mode() != crate::vm::Mode::Legacy {
            return;
        }
        let mut order = self.order();
        let state = &mut *order.0;
        let mut idle = KVec::new();
        for (start, mapping) in state.mappings.iter() {
            let Some(view) = &mapping.shown.view else {
                continue;
            };
            if view.is_active() || !view.object().is_reclaimable(*pages > 0) {
                continue;
            }
            // Out of memory: the rest stays until it is asked for again.
            if idle.push(*start, GFP_KERNEL).is_err() {
                break;
            }
            if !view.object().is_not_needed() {
                *pages = pages.saturating_sub(view.object().size() / PAGE_SIZE);
            }
        }
        for start in &idle {
            if self.evict(dev, state, *start).is_err() {
                break;
            }
        }
        if let Some(last) = state.last_update.as_ref().filter(|_| !idle.is_empty()) {
            let _ = updates.push(last.clone(), GFP_KERNEL);
        }
    }

    /// A handle of `object` is closed: its mapping goes, now or when the submissions that
    /// use it have finished.
    pub(crate) fn close_object(self: &Arc<Self>, dev: &drm::Device, object: &Object) {
        if self.mode() != crate::vm::Mode::Legacy {
            return;
        }
        let mut order = self.order();
        let state = &mut *order.0;
        let Some(start) = state.by_object.get(&object_key(object)).copied() else {
            return;
        };
        let mapping = state.mappings.get(&start);
        let Some(view) = mapping.and_then(|mapping| mapping.shown.view.clone()) else {
            return;
        };
        self.close_mapping(dev, state, start, &view);
    }

    /// The mapping at `start` goes, now or when the submissions that use it have finished,
    /// if it is still `view`'s.
    pub(super) fn close_view(self: &Arc<Self>, dev: &drm::Device, start: u64, view: &Arc<View>) {
        let mut order = self.order();
        let state = &mut *order.0;
        let mapping = state.mappings.get(&start);
        let mapped = mapping.and_then(|mapping| mapping.shown.view.as_ref());
        if mapped.is_some_and(|mapped| Arc::ptr_eq(mapped, view)) {
            self.close_mapping(dev, state, start, view);
        }
    }

    fn close_mapping(
        self: &Arc<Self>,
        dev: &drm::Device,
        state: &mut State,
        start: u64,
        view: &Arc<View>,
    ) {
        view.set_closed(true);
        // Out of memory: the mapping stays until it is in somebody's way or the address
        // space ends.
        if view.is_active() {
            let _ = state.closed.push(start, GFP_KERNEL);
            let _ = self.sweep_when_idle(dev, view);
        } else {
            let _ = self.evict(dev, state, start);
        }
    }

    /// Has [`Self::sweep`] run when a closed view becomes idle.
    fn sweep_when_idle(self: &Arc<Self>, dev: &drm::Device, view: &View) -> Result {
        let vm = self.clone();
        let dev: ARef<drm::Device> = dev.into();
        let sweep = Deferred::new(move || vm.sweep(&dev))?;
        if let Err(sweep) = self.arm_sweep(sweep, view) {
            // One is armed already, or the view became idle just now.
            if !view.is_active() {
                sweep.queue();
            }
        }
        Ok(())
    }

    /// Unmaps what is closed and idle.
    fn sweep(self: &Arc<Self>, dev: &drm::Device) {
        let mut order = self.order();
        let state = &mut *order.0;
        let closed = core::mem::replace(&mut state.closed, KVec::new());
        for start in closed {
            let mapping = state.mappings.get(&start);
            let Some(view) = mapping.and_then(|mapping| mapping.shown.view.clone()) else {
                continue;
            };
            if !view.is_closed() {
                continue;
            }
            if view.is_active() {
                let _ = state.closed.push(start, GFP_KERNEL);
                let _ = self.sweep_when_idle(dev, &view);
            } else {
                let _ = self.evict(dev, state, start);
            }
        }
    }
}

impl State {
    /// Where there is room for an object that is not pinned: where it lay last, or in the
    /// hole that i915 would take.
    fn room_for(&self, request: &LegacyRequest) -> Option<u64> {
        let CheckedObject {
            offset,
            size,
            alignment,
            ..
        } = request.checked;
        if request.fits(offset) && first_overlap(self, offset, size).is_none() {
            return Some(offset);
        }
        let used = self
            .mappings
            .iter()
            .filter_map(|(start, mapping)| Range::new(*start, mapping.length).ok());
        address_allocator::find(used, request.zone, size, alignment, Choice::Smallest)
            .map(|range| range.start())
    }
}

/// The first mapping that overlaps `[start, start + length)`.
fn first_overlap(state: &State, start: u64, length: u64) -> Option<(u64, Arc<View>)> {
    let range = Range::new(start, length).ok()?;
    let first = mapping_tree::touching(&state.mappings, range).next()?;
    let start = first.range.start();
    let view = state.mappings.get(&start)?.shown.view.clone()?;
    Some((start, view))
}
