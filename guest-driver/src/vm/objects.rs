// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Whose memory is bound in an address space in bind mode: the objects that carry the
//! fences of its submissions.
//!
//! All private objects of an address space share one reservation, so that a submission
//! costs the same however many of them there are. Every other object has its own. A
//! submission's fence is put on each as BOOKKEEP: nobody synchronises with it implicitly.

use crate::drm::resv::{LockedObjects, Usage};
use crate::drm::{self, Fence, Object};
use crate::gem::ObjectData;
use crate::rules::address::PAGE_SIZE;
use crate::vm::mapping::Shown;
use kernel::prelude::*;
use kernel::rbtree::{RBTree, RBTreeNode};
use kernel::sync::aref::ARef;
use kernel::sync::lock::mutex::MutexBackend;
use kernel::sync::lock::Guard;

/// An object that other address spaces may bind as well.
pub(super) struct SharedObject {
    object: ARef<Object>,
    /// Its mappings here.
    mappings: u64,
}

/// Memory to remember a shared object in.
pub(super) type SharedNode = RBTreeNode<usize, SharedObject>;

/// The objects bound in an address space in bind mode.
pub(super) struct BoundObjects {
    /// By the object's address in memory.
    shared: RBTree<usize, SharedObject>,
    /// Its reservation is that of all private objects; there is none before the first.
    private_root: Option<ARef<Object>>,
}

/// Names an object by its address in memory, as good as long as something holds it.
pub(super) fn object_key(object: &Object) -> usize {
    core::ptr::from_ref(object) as usize
}

impl BoundObjects {
    /// None.
    pub(super) fn new() -> Self {
        Self {
            shared: RBTree::new(),
            private_root: None,
        }
    }

    /// Memory to remember `object`, unless it is private and needs none. ENOMEM.
    pub(super) fn reserve(object: &Object) -> Result<Option<SharedNode>> {
        if object.data().is_private() {
            return Ok(None);
        }
        let shared = SharedObject {
            object: object.into(),
            mappings: 0,
        };
        Ok(Some(RBTreeNode::new(
            object_key(object),
            shared,
            GFP_KERNEL,
        )?))
    }

    /// There is a mapping of an object more. `node` is what [`Self::reserve`] gave, and may
    /// be missing where the object has a mapping already.
    pub(super) fn add(&mut self, shown: &Shown, node: Option<SharedNode>) {
        let Some(object) = shared_object(shown) else {
            return;
        };
        let key = object_key(object);
        if self.shared.get(&key).is_none() {
            if let Some(node) = node {
                self.shared.insert(node);
            }
        }
        if let Some(shared) = self.shared.get_mut(&key) {
            shared.mappings += 1;
        }
    }

    /// A mapping of an object has gone.
    pub(super) fn remove(&mut self, shown: &Shown) {
        let Some(object) = shared_object(shown) else {
            return;
        };
        let key = object_key(object);
        let Some(shared) = self.shared.get_mut(&key) else {
            return;
        };
        shared.mappings -= 1;
        if shared.mappings == 0 {
            self.shared.remove(&key);
        }
    }

    /// Whether nothing but private objects is bound.
    pub(super) fn is_empty(&self) -> bool {
        self.shared.is_empty()
    }

    /// The object whose reservation a new private object is to share. ENOMEM.
    pub(super) fn private_root(&mut self, dev: &drm::Device) -> Result<ARef<Object>> {
        if let Some(root) = &self.private_root {
            return Ok(root.clone());
        }
        let root = Object::new(dev, PAGE_SIZE as usize, ObjectData::imported())?;
        self.private_root = Some(root.clone());
        Ok(root)
    }

    /// Every object whose reservation is to get a submission's fence.
    fn reservations(&self) -> impl Iterator<Item = &Object> {
        let shared = self.shared.values().map(|shared| &*shared.object);
        Iterator::chain(self.private_root.as_deref().into_iter(), shared)
    }
}

/// The object that is shown, if it has a reservation of its own.
fn shared_object(shown: &Shown) -> Option<&Object> {
    let object = shown.view.as_ref()?.object();
    (!object.data().is_private()).then_some(object)
}

/// Holds off binds and other submissions: what is bound is fixed while it lives. Taken
/// before any reservation.
pub(crate) struct WorkingSet<'a>(pub(super) Guard<'a, BoundObjects, MutexBackend>);

impl WorkingSet<'_> {
    /// Locks the reservations of all that is bound, with room for a fence. ENOMEM,
    /// ERESTARTSYS.
    pub(crate) fn lock_reservations(&self) -> Result<LockedWorkingSet<'_>> {
        let objects = &*self.0;
        let mut locked = LockedObjects::lock(objects.reservations())?;
        for object in objects.reservations() {
            locked.reserve(object, 1)?;
        }
        Ok(LockedWorkingSet { objects, locked })
    }
}

/// A [`WorkingSet`] with all its reservations locked.
pub(crate) struct LockedWorkingSet<'a> {
    objects: &'a BoundObjects,
    locked: LockedObjects<'a>,
}

impl LockedWorkingSet<'_> {
    /// Hangs a submission's fence on all that is bound. Once.
    pub(crate) fn publish(mut self, fence: &Fence) {
        for object in self.objects.reservations() {
            self.locked.add_fence(object, fence, Usage::Bookkeep);
        }
    }
}
