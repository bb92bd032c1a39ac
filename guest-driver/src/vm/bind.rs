// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Bind mode: userspace maps and unmaps ranges, and mappings stay until it does.
//!
//! What an update takes away may be in use by submissions made before it; so it follows
//! every submission of the address space that is still unfinished, on the device, while
//! nobody waits in the guest. What comes after it, binds and submissions alike, follows
//! it. An update that only adds follows nothing but the updates before it.
//!
//! # When the device refuses an update
//!
//! Then the device has in the range what it had before, or part of it. The update's fence
//! carries the error. What the update was to take away is kept until the address space
//! ends, since the device may still reach it; and the next bind, unbind or submission
//! first unbinds what the refused update has left in doubt ([`AddressSpace::settle`]), so
//! that tree and device agree.

use crate::drm::{self, Fence, Object};
use crate::fence::Waits;
use crate::rules::address::Range;
use crate::rules::mapping_tree::{self, Displaced as Gone};
use crate::rules::range_map;
use crate::vm::address_space::{Mappings, State};
use crate::vm::displaced::Displaced;
use crate::vm::mapping::{Shown, Spare, Tree};
use crate::vm::objects::{BoundObjects, SharedNode, WorkingSet};
use crate::vm::update::{FirstError, PreparedUpdate, Update};
use crate::vm::{AddressSpace, Order};
use kernel::prelude::*;
use kernel::rbtree::RBTreeNodeReservation;
use kernel::sync::aref::ARef;
use kernel::sync::Arc;

/// What is to be seen at a range of GPU addresses.
pub(crate) enum Memory<'a> {
    /// An object's memory.
    Section {
        /// The object.
        object: &'a Object,
        /// Its byte at the range's start.
        offset: u64,
        /// The GPU's writes vanish.
        read_only: bool,
        /// Its contents go into the error state when a submission hangs.
        capture: bool,
    },
    /// Zeroes; writes vanish.
    Null,
}

/// A range to map or to unmap, checked.
pub(crate) struct Operation<'a> {
    /// GPU addresses.
    pub(crate) range: Range,
    /// What is to be seen there; `None`: nothing.
    pub(crate) memory: Option<Memory<'a>>,
}

/// An operation, with all that it needs allocated but its command.
struct Ready {
    range: Range,
    map: Option<ReadyMap>,
    /// For the piece more that there is when a mapping is split.
    spare: Option<Spare>,
}

/// The part of [`Ready`] that a mapping needs.
struct ReadyMap {
    shown: Shown,
    offset: u64,
    memory: Spare,
    shared: Option<SharedNode>,
}

impl Ready {
    /// Pins what `vm` is to have mapped. ENOMEM, EFAULT, ERESTARTSYS. With no lock held.
    fn new(vm: &AddressSpace, operation: &Operation<'_>) -> Result<Self> {
        let map = match &operation.memory {
            None => None,
            Some(Memory::Null) => Some(ReadyMap {
                shown: Shown {
                    view: None,
                    read_only: false,
                    capture: false,
                    update: 0,
                },
                offset: 0,
                memory: RBTreeNodeReservation::new(GFP_KERNEL)?,
                shared: None,
            }),
            Some(Memory::Section {
                object,
                offset,
                read_only,
                capture,
            }) => Some(ReadyMap {
                shown: Shown {
                    view: Some(vm.new_view(object, operation.range)?),
                    read_only: *read_only,
                    capture: *capture,
                    update: 0,
                },
                offset: *offset,
                memory: RBTreeNodeReservation::new(GFP_KERNEL)?,
                shared: BoundObjects::reserve(object)?,
            }),
        };
        Ok(Self {
            range: operation.range,
            map,
            spare: Some(RBTreeNodeReservation::new(GFP_KERNEL)?),
        })
    }

    /// Unmaps a range. ENOMEM.
    fn unmap(range: Range) -> Result<Self> {
        Ok(Self {
            range,
            map: None,
            spare: Some(RBTreeNodeReservation::new(GFP_KERNEL)?),
        })
    }
}

/// Which version of VM_BIND an operation has to obey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// Binds only what is free, unbinds only what was bound.
    One,
    /// Binds and unbinds anything.
    Two,
}

impl AddressSpace {
    /// Carries out operations in their order, after `waits`: all or, with an error, none.
    /// The fence signals when the device has applied them. ENOMEM, EFAULT, ERESTARTSYS;
    /// EIO for a mapping on a device that is lost;
    /// with version 1, EEXIST or ENOSPC for a bind of a range in use, EINVAL for an unbind
    /// of a range that is not one mapping's.
    pub(crate) fn apply(
        self: &Arc<Self>,
        dev: &drm::Device,
        operations: &[Operation<'_>],
        waits: Waits,
        version: Version,
    ) -> Result<ARef<Fence>> {
        // What is to be taken away can be; what goes with it is that the device has it not.
        let maps = |operation: &Operation<'_>| operation.memory.is_some();
        if self.link().is_lost() && operations.iter().any(maps) {
            return Err(EIO);
        }
        let mut ready = KVVec::with_capacity(operations.len(), GFP_KERNEL)?;
        for operation in operations {
            ready.push(Ready::new(self, operation)?, GFP_KERNEL)?;
        }
        let mut objects = self.mappings.vm_bind.lock();
        let mut order = self.order();
        let state = &mut *order.0;
        self.settle_locked(dev, &mut objects, state)?;
        if version == Version::One {
            for ready in &ready {
                let touching = mapping_tree::touching(&state.mappings, ready.range);
                match ready.map {
                    Some(_) => range_map::check_unoccupied(touching, &ready.range)?,
                    None => {
                        range_map::check_exact(touching, &ready.range)?;
                    }
                }
            }
        }
        let always = !waits.is_empty();
        self.apply_ready(dev, &mut objects, state, ready, waits, always)
    }

    /// With `always`, the device is told also to unmap where nothing is mapped.
    fn apply_ready(
        self: &Arc<Self>,
        dev: &drm::Device,
        objects: &mut BoundObjects,
        state: &mut State,
        mut ready: KVVec<Ready>,
        mut waits: Waits,
        always: bool,
    ) -> Result<ARef<Fence>> {
        let touches = |state: &State, range| {
            mapping_tree::touching(&state.mappings, range)
                .next()
                .is_some()
        };
        // What the operations before it have mapped, no submission uses.
        if ready.iter().any(|ready| touches(state, ready.range)) {
            self.add_submission_waits(state, &mut waits)?;
        }
        let errors = FirstError::new()?;
        let mut updates: KVVec<Option<PreparedUpdate>> =
            KVVec::with_capacity(ready.len(), GFP_KERNEL)?;
        // Where nothing is mapped, nothing need be taken away; unless an earlier operation
        // maps something there.
        let mut needed = always;
        for ready in ready.iter_mut() {
            needed |= ready.map.is_some();
            if !needed && !touches(state, ready.range) {
                updates.push(None, GFP_KERNEL)?;
                continue;
            }
            let value = state.last_value + 1;
            let update = match &mut ready.map {
                Some(map) => {
                    map.shown.update = value;
                    Update::Map {
                        shown: &map.shown,
                        offset: map.offset,
                    }
                }
                None => Update::Unmap,
            };
            let waits = core::mem::replace(&mut waits, Waits::new());
            let update = self.prepare_update(state, ready.range, &update, waits, &errors)?;
            updates.push(Some(update), GFP_KERNEL)?;
        }

        let mut last = None;
        for (ready, update) in ready.into_iter().zip(updates) {
            let Some(update) = update else {
                continue;
            };
            // Only the first can fail, and nothing has been changed by then.
            let sent = self.commit_update(dev, state, update)?;
            let view = ready.map.as_ref().and_then(|map| map.shown.view.clone());
            state.apply(objects, ready, &sent.displaced);
            if let Some(view) = view {
                self.placed(&view);
            }
            last = Some(sent.fence);
        }
        // Nothing to be done; but it may be that the device is still at it.
        Ok(last
            .or_else(|| state.last_update.clone())
            .unwrap_or_else(Fence::signaled))
    }

    /// Fixes what is bound: a submission made while the result lives sees just that, with
    /// the memory that processes have then. ENOMEM; EFAULT if memory of a process that is
    /// bound isn't there any more; ERESTARTSYS. With no lock held.
    pub(crate) fn working_set(self: &Arc<Self>, dev: &drm::Device) -> Result<WorkingSet<'_>> {
        loop {
            self.revalidate(dev)?;
            let mut objects = self.mappings.vm_bind.lock();
            if !self.mappings.refused.lock().is_empty() {
                let mut order = self.order();
                self.settle_locked(dev, &mut objects, &mut order.0)?;
            }
            // Otherwise a process has changed memory again, which is pinned without locks.
            if !self.has_stale_views() {
                return Ok(WorkingSet(objects));
            }
        }
    }

    /// Unbinds what updates that the device has refused have left in doubt. ENOMEM leaves
    /// the rest for the next time.
    fn settle_locked(
        self: &Arc<Self>,
        dev: &drm::Device,
        objects: &mut BoundObjects,
        state: &mut State,
    ) -> Result {
        loop {
            let Some(refused) = self.mappings.refused.lock().pop() else {
                return Ok(());
            };
            let settled = self.settle(dev, objects, state, &refused);
            let list = match settled {
                Ok(()) => &self.mappings.kept,
                Err(_) => &self.mappings.refused,
            };
            list.lock().push(refused);
            settled?;
        }
    }

    fn settle(
        self: &Arc<Self>,
        dev: &drm::Device,
        objects: &mut BoundObjects,
        state: &mut State,
        refused: &Arc<Displaced>,
    ) -> Result {
        let mut ready = KVVec::new();
        let made = |shown: &Shown| refused.made(shown);
        for range in mapping_tree::in_doubt(&state.mappings, &refused.range(), made) {
            ready.push(Ready::unmap(range)?, GFP_KERNEL)?;
        }
        if ready.is_empty() {
            return Ok(());
        }
        // Where the tree has nothing the device may have something that submissions use.
        let mut waits = Waits::new();
        self.add_submission_waits(state, &mut waits)?;
        self.apply_ready(dev, objects, state, ready, waits, true)?;
        Ok(())
    }

    /// Whether something is mapped at `address`, as long as `order` is held.
    pub(crate) fn is_mapped(&self, order: &Order<'_>, address: u64) -> bool {
        mapping_tree::is_mapped(&order.0.mappings, address)
    }

    /// The object whose reservation a new private object of this address space is to
    /// share. ENOMEM.
    pub(crate) fn private_root(&self, dev: &drm::Device) -> Result<ARef<Object>> {
        self.mappings.vm_bind.lock().private_root(dev)
    }
}

impl State {
    /// Does to the tree what the device is told to do. Can't fail.
    fn apply(&mut self, objects: &mut BoundObjects, ready: Ready, displaced: &Displaced) {
        let Ready {
            range,
            map,
            mut spare,
        } = ready;
        let Some(map) = map else {
            return self.take_out(objects, &range, &mut spare, displaced);
        };
        objects.add(&map.shown, map.shared);
        let mapping = range_map::Mapping {
            range,
            offset: map.offset,
        };
        mapping_tree::bind(
            &mut self.mappings,
            mapping,
            map.shown,
            map.memory,
            &mut spare,
            |mapping, gone| keep(mapping, gone, objects, displaced),
        );
    }

    /// Takes a range out of the tree. Can't fail: `spare` is for the one piece more that
    /// there may be.
    fn take_out(
        &mut self,
        objects: &mut BoundObjects,
        range: &Range,
        spare: &mut Option<Spare>,
        displaced: &Displaced,
    ) {
        mapping_tree::unbind(&mut self.mappings, range, spare, |mapping, gone| {
            keep(mapping, gone, objects, displaced);
        });
    }
}

/// Keeps what is gone from the tree until the device has confirmed it, and counts the
/// mappings that are left of its object.
fn keep(
    mapping: &range_map::Mapping,
    gone: Gone<Tree>,
    objects: &mut BoundObjects,
    displaced: &Displaced,
) {
    let start = mapping.range.start();
    match gone {
        Gone::Whole(node) => displaced.hold(start, node, |shown| objects.remove(shown)),
        Gone::End(shown) => displaced.hold_part(shown),
        Gone::Middle(shown) => {
            objects.add(&shown, None);
            displaced.hold_part(shown);
        }
    }
}

impl Mappings {
    /// The address space ends: unbinds everything. What is gone is kept in the result,
    /// until the device has ended the address space too.
    pub(super) fn unbind_all(&self, displaced: &Displaced) {
        let mut objects = self.vm_bind.lock();
        let mut state = self.state.lock();
        state.take_out(&mut objects, &displaced.range(), &mut None, displaced);
        kernel::warn_on!(!state.mappings.is_empty() || !objects.is_empty());
    }
}
