// SPDX-License-Identifier: GPL-2.0 OR MIT

//! An object's pages, pinned for an address space, and who uses them.

use crate::drm::{Object, PinnedPages};
use crate::vm::userptr::UserView;
use crate::vm::AddressSpace;
use kernel::prelude::*;
use kernel::sync::aref::ARef;
use kernel::sync::atomic::{Atomic, Relaxed};
use kernel::sync::Arc;

/// An object's pages, pinned. Shared by all mappings of the object in one address space,
/// by the pieces a mapping is split into, and by the commands that take them away.
pub(crate) struct View {
    memory: Memory,
    /// For user memory, what tells when the process changes it.
    user: Option<KBox<UserView>>,
    /// Unfinished EXECBUFFER2 submissions that use it. Changed under the address space's
    /// `idle` lock.
    active: Atomic<u32>,
    /// The [`ActiveViews`] it was last added to. Written under the address space's
    /// `state` lock.
    owner: Atomic<u64>,
    /// The object's handle is closed: the mapping goes when it is idle. Changed under the
    /// address space's `state` lock.
    closed: Atomic<bool>,
}

/// What a view has of its object.
enum Memory {
    /// The pages.
    Pinned(PinnedPages),
    /// None: it was a process's memory, which has given it up. Nothing is mapped on the
    /// device.
    Gone(ARef<Object>),
}

impl View {
    /// Of pinned pages; with `user` if they are a process's. ENOMEM.
    pub(super) fn new(pages: PinnedPages, user: Option<KBox<UserView>>) -> Result<Arc<Self>> {
        Self::with(Memory::Pinned(pages), user)
    }

    /// Of a process's memory that isn't there. ENOMEM.
    pub(super) fn without_pages(object: &Object, user: KBox<UserView>) -> Result<Arc<Self>> {
        Self::with(Memory::Gone(object.into()), Some(user))
    }

    fn with(memory: Memory, user: Option<KBox<UserView>>) -> Result<Arc<Self>> {
        Ok(Arc::new(
            Self {
                memory,
                user,
                active: Atomic::new(0),
                owner: Atomic::new(0),
                closed: Atomic::new(false),
            },
            GFP_KERNEL,
        )?)
    }

    /// The pages, unless they are a process's that has given them up.
    pub(crate) fn pages(&self) -> Option<&PinnedPages> {
        match &self.memory {
            Memory::Pinned(pages) => Some(pages),
            Memory::Gone(_) => None,
        }
    }

    /// The object whose pages these are.
    pub(crate) fn object(&self) -> &Object {
        match &self.memory {
            Memory::Pinned(pages) => pages.object(),
            Memory::Gone(object) => object,
        }
    }

    /// Whether they are what the object has: a process may have changed its memory.
    pub(super) fn is_current(&self) -> bool {
        self.pages().is_some_and(PinnedPages::is_current)
    }

    /// For user memory, what tells when the process changes it.
    pub(super) fn user(&self) -> Option<&UserView> {
        self.user.as_deref()
    }

    /// Whether an unfinished EXECBUFFER2 submission uses it.
    pub(crate) fn is_active(&self) -> bool {
        self.active.load(Relaxed) != 0
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Relaxed)
    }

    pub(super) fn set_closed(&self, closed: bool) {
        self.closed.store(closed, Relaxed);
    }
}

/// A view that a submission uses, and where it has it mapped.
pub(crate) struct ActiveView {
    pub(super) view: Arc<View>,
    /// GPU address of the mapping, which shows the object from its beginning.
    pub(super) address: u64,
    /// Bytes of it.
    pub(super) length: u64,
    /// `EXEC_OBJECT_CAPTURE`.
    pub(super) capture: bool,
}

/// Views that a submission uses, kept active as long as this lives. Droppable in atomic
/// context.
pub(crate) struct ActiveViews {
    vm: Arc<AddressSpace>,
    pub(super) views: KVec<ActiveView>,
    /// Tells this set from all others.
    number: u64,
}

/// The number of the next [`ActiveViews`].
static NEXT_NUMBER: Atomic<u64> = Atomic::new(1);

impl ActiveViews {
    /// With room for `capacity` views.
    pub(crate) fn new(vm: Arc<AddressSpace>, capacity: usize) -> Result<Self> {
        let views = KVec::with_capacity(capacity, GFP_KERNEL)?;
        Ok(Self {
            vm,
            views,
            number: NEXT_NUMBER.fetch_add(1, Relaxed),
        })
    }

    /// Marks the view active. ENOMEM when there is no room left for it.
    pub(super) fn add(&mut self, active: ActiveView) -> Result {
        if self.views.len() == self.views.capacity() {
            return Err(ENOMEM);
        }
        let view = &active.view;
        let idle = self.vm.idle_lock();
        view.active.store(view.active.load(Relaxed) + 1, Relaxed);
        drop(idle);
        view.owner.store(self.number, Relaxed);
        Ok(self.views.push(active, GFP_KERNEL)?)
    }

    /// Marks all idle again.
    pub(crate) fn clear(&mut self) {
        self.vm.retire(&self.views);
        self.views.clear();
        self.number = NEXT_NUMBER.fetch_add(1, Relaxed);
    }

    /// Whether `view` is among them. Under the address space's `state` lock.
    pub(crate) fn contains(&self, view: &Arc<View>) -> bool {
        view.owner.load(Relaxed) == self.number
    }

    /// Whether all are what their objects have: a process may have changed its memory.
    pub(crate) fn are_current(&self) -> bool {
        self.views.iter().all(|active| active.view.is_current())
    }

    pub(super) fn decrement(views: &[ActiveView]) -> bool {
        let mut closed_one = false;
        for ActiveView { view, .. } in views {
            let left = view.active.load(Relaxed) - 1;
            view.active.store(left, Relaxed);
            closed_one |= left == 0 && view.is_closed();
        }
        closed_one
    }
}

impl Drop for ActiveViews {
    fn drop(&mut self) {
        self.clear();
    }
}
