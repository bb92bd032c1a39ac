// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Memory of processes (userptr) in address spaces: what a process changes is mapped anew
//! before the next submission, and let go of when the process has given it up.
//!
//! A process that changes memory waits for nobody. What the device still does with the old
//! pages, by submissions made before, it does to pages that stay pinned for it.
//!
//! - Before a submission in bind mode, [`AddressSpace::working_set`] has mapped anew what was
//!   changed. If the memory has gone that is EFAULT, until its range is unbound. Pages that
//!   turn out to be the same, as after a fork, stay mapped and no update is sent.
//! - In legacy mode the submission's own list says what it needs: what has changed is
//!   unmapped, once nothing uses it, and mapped anew (see [`legacy`](super::legacy)).
//! - If the process has given the pages up (it unmapped, moved or dropped them, or died), a
//!   worker unmaps them behind the submissions that may use them, without waiting for the
//!   next one. The pages go when the device has confirmed.
//!
//! # Reaching the address space
//!
//! The process's change reaches views through [`UserViews`], which the address space, its
//! views and the [`Watcher`]s share. That the worker can reach the address space, it has a
//! reference of it there, which would keep it for ever; so it is there only while something
//! that userspace can name, a handle or a context, holds the address space: see [`Named`].

use crate::drm::user_memory::{Watch, Watcher};
use crate::drm::work;
use crate::drm::{self, Object, PinnedPages};
use crate::fence::Waits;
use crate::new_irq_lock;
use crate::rules::address::Range;
use crate::rules::mapping_tree;
use crate::virtio::IrqLock;
use crate::vm::address_space::State;
use crate::vm::mapping::Shown;
use crate::vm::update::Update;
use crate::vm::{AddressSpace, Mode, View};
use core::ops::Deref;
use kernel::current;
use kernel::prelude::*;
use kernel::rbtree::{RBTree, RBTreeNode};
use kernel::sync::atomic::{Acquire, Atomic, Relaxed, Release};
use kernel::sync::Arc;
use kernel::workqueue::{self, new_work, Work, WorkItem};

/// The number of the next view of user memory.
static NEXT_NUMBER: Atomic<u64> = Atomic::new(1);

/// Views whose memory a process has changed, since the module was loaded.
static INVALIDATED: Atomic<u64> = Atomic::new(0);
/// Views mapped anew because of that.
static REBOUND: Atomic<u64> = Atomic::new(0);

/// Views whose memory a process has changed, since the module was loaded.
pub(crate) fn invalidated() -> u64 {
    INVALIDATED.load(Relaxed)
}

/// Views mapped anew because of that.
pub(crate) fn rebound() -> u64 {
    REBOUND.load(Relaxed)
}

/// What is known of a view of user memory.
#[derive(Clone, Copy)]
struct Entry {
    /// Where it is mapped, or parts of it are.
    range: Range,
    /// It is in the tree, or was. Before, nobody may take it for unmapped.
    placed: bool,
    /// The process has changed the memory.
    stale: bool,
    /// The process has given the pages up, and they are mapped still.
    gone: bool,
}

impl Entry {
    /// Whether it must be mapped anew before it is used.
    fn is_due(&self) -> bool {
        self.placed && self.stale
    }
}

/// What the registry's lock guards.
struct Registry {
    /// By the views' numbers.
    entries: RBTree<u64, Entry>,
    /// Handles and contexts that hold the address space.
    names: usize,
    /// The address space, while there are such.
    vm: Option<Arc<AddressSpace>>,
}

/// An address space's views of user memory.
#[pin_data]
pub(super) struct UserViews {
    /// Taken where a process's memory is changed, in interrupts too; inside the lock of
    /// `drm::user_memory`.
    #[pin]
    registry: IrqLock<Registry>,
    /// How many must be mapped anew. Written under the lock.
    due: Atomic<u32>,
    /// Unmaps what the process has given up.
    #[pin]
    work: Work<UserViews>,
}

workqueue::impl_has_work! {
    impl HasWork<Self> for UserViews { self.work }
}

impl WorkItem for UserViews {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        let vm = this.registry.lock().vm.clone();
        if let Some(vm) = vm {
            vm.release_gone();
        }
    }
}

impl UserViews {
    /// None. ENOMEM.
    pub(super) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                registry <- new_irq_lock!(
                    Registry { entries: RBTree::new(), names: 0, vm: None },
                    "UserViews::registry"
                ),
                due: Atomic::new(0),
                work <- new_work!("UserViews::work"),
            }),
            GFP_KERNEL,
        )
    }

    /// Changes what is known of a view, if anything is. True if the worker has to be run.
    fn update(&self, number: u64, change: impl FnOnce(&mut Entry)) -> bool {
        let mut registry = self.registry.lock();
        let Some(entry) = registry.entries.get_mut(&number) else {
            return false;
        };
        let before = entry.is_due();
        change(entry);
        let entry = *entry;
        match (before, entry.is_due()) {
            (false, true) => self.due.store(self.due.load(Relaxed) + 1, Release),
            (true, false) => self.due.store(self.due.load(Relaxed) - 1, Release),
            _ => {}
        }
        entry.placed && entry.gone && registry.vm.is_some()
    }

    /// Forgets a view: nothing is mapped by it any more. Any context.
    fn forget(&self, number: u64) {
        self.update(number, |entry| entry.placed = false);
        let node = self.registry.lock().entries.remove_node(&number);
        drop(node);
    }

    /// The first view from `number` on of which that is so.
    fn next(&self, number: u64, mut is_so: impl FnMut(&Entry) -> bool) -> Option<(u64, Entry)> {
        let mut registry = self.registry.lock();
        let mut cursor = registry.entries.cursor_lower_bound_mut(&number)?;
        loop {
            let (number, entry) = cursor.current();
            if is_so(entry) {
                return Some((*number, *entry));
            }
            cursor = cursor.move_next()?;
        }
    }
}

/// Tells an address space's views of user memory.
struct ViewWatcher {
    views: Arc<UserViews>,
    number: u64,
}

impl Watcher for ViewWatcher {
    fn invalidated(&self, gone: bool) {
        INVALIDATED.fetch_add(1, Relaxed);
        let release = self.views.update(self.number, |entry| {
            entry.stale = true;
            entry.gone |= gone;
        });
        if release {
            // If it is queued already it has not begun.
            let _ = work::queue().enqueue(self.views.clone());
        }
    }
}

/// What a [`View`] of user memory has beside its pages.
pub(super) struct UserView {
    number: u64,
    views: Arc<UserViews>,
    /// None if there are no pages.
    watch: Option<Watch>,
}

impl UserView {
    /// Tells from now on when the process changes `pages`, or, without any, that it has.
    /// ENOMEM.
    fn new(views: &Arc<UserViews>, pages: Option<&PinnedPages>, range: Range) -> Result<Self> {
        let number = NEXT_NUMBER.fetch_add(1, Relaxed);
        let entry = Entry {
            range,
            placed: false,
            stale: pages.is_none(),
            gone: false,
        };
        let node = RBTreeNode::new(number, entry, GFP_KERNEL)?;
        let mut this = Self {
            number,
            views: views.clone(),
            watch: None,
        };
        let replaced = views.registry.lock().entries.insert(node);
        drop(replaced);
        if let Some(pages) = pages {
            let watcher = ViewWatcher {
                views: views.clone(),
                number,
            };
            this.watch = pages.watch(number, KBox::new(watcher, GFP_KERNEL)?)?;
        }
        Ok(this)
    }

    /// It has been put into the tree. Under the address space's `state` lock.
    fn placed(&self) {
        if self.views.update(self.number, |entry| entry.placed = true) {
            let _ = work::queue().enqueue(self.views.clone());
        }
    }
}

impl Drop for UserView {
    fn drop(&mut self) {
        // First, so that nobody tells of it any more.
        drop(self.watch.take());
        self.views.forget(self.number);
    }
}

/// An address space as what userspace names holds it: a handle or a context. While there is
/// one, memory that a process gives up is let go of at once; afterwards nothing comes any
/// more that could use it, and it goes with the address space.
pub(crate) struct Named(Arc<AddressSpace>);

impl Named {
    /// Of an address space. Any context.
    pub(crate) fn new(vm: Arc<AddressSpace>) -> Self {
        let mut registry = vm.user.registry.lock();
        registry.names += 1;
        let before = registry.vm.replace(vm.clone());
        drop(registry);
        drop(before);
        Self(vm)
    }
}

impl Deref for Named {
    type Target = Arc<AddressSpace>;

    fn deref(&self) -> &Arc<AddressSpace> {
        &self.0
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        let mut registry = self.0.user.registry.lock();
        registry.names -= 1;
        let last = if registry.names == 0 {
            registry.vm.take()
        } else {
            None
        };
        drop(registry);
        drop(last);
    }
}

impl AddressSpace {
    /// A view of `object` for mappings in `range`, with its pages pinned. To be told of by
    /// [`Self::placed`] when it is in the tree. ENOMEM; EFAULT and ERESTARTSYS for user
    /// memory, for which no lock may be held.
    pub(super) fn new_view(&self, object: &Object, range: Range) -> Result<Arc<View>> {
        self.view_of(object.pin_making_room()?, range)
    }

    /// The same, with the `state` lock held: EAGAIN if user memory isn't pinned already.
    pub(super) fn new_view_at_once(&self, object: &Object, range: Range) -> Result<Arc<View>> {
        self.view_of(object.pin_at_once()?, range)
    }

    fn view_of(&self, pages: PinnedPages, range: Range) -> Result<Arc<View>> {
        let user = if pages.is_user_memory() {
            let user = UserView::new(&self.user, Some(&pages), range)?;
            Some(KBox::new(user, GFP_KERNEL)?)
        } else {
            None
        };
        View::new(pages, user)
    }

    /// A view has been put into the tree. Under the `state` lock.
    pub(super) fn placed(&self, view: &View) {
        if let Some(user) = view.user() {
            user.placed();
        }
    }

    /// Whether [`Self::revalidate`] has something to do.
    pub(super) fn has_stale_views(&self) -> bool {
        self.user.due.load(Acquire) != 0
    }

    /// Bind mode: maps anew what processes have changed. EFAULT if the memory isn't there
    /// any more, or is another process's; ENOMEM; ERESTARTSYS. An error leaves it to be done.
    /// With no lock held.
    pub(super) fn revalidate(self: &Arc<Self>, dev: &drm::Device) -> Result {
        if !self.has_stale_views() {
            return Ok(());
        }
        let mut next = 0;
        while let Some((number, entry)) = self.user.next(next, Entry::is_due) {
            next = number + 1;
            if current!().signal_pending() {
                return Err(ERESTARTSYS);
            }
            let Some(old) = self.find_view(number, entry.range)? else {
                continue;
            };
            let new = self.new_view(old.object(), entry.range)?;
            self.replace_view(dev, number, entry.range, &new)?;
        }
        Ok(())
    }

    /// The view with that number, if it is mapped; otherwise it is forgotten.
    fn find_view(&self, number: u64, range: Range) -> Result<Option<Arc<View>>> {
        let order = self.order();
        let pieces = order.0.pieces_of(number, range)?;
        let shown = pieces
            .first()
            .and_then(|start| Some(&order.0.mappings.get(start)?.shown));
        let view = shown.and_then(|shown| shown.view.clone());
        if view.is_none() {
            self.user.forget(number);
        }
        Ok(view)
    }

    /// Bind mode: has `new` in place of the view `number`, wherever that is mapped. An error
    /// leaves a rest to be done.
    fn replace_view(
        self: &Arc<Self>,
        dev: &drm::Device,
        number: u64,
        range: Range,
        new: &Arc<View>,
    ) -> Result {
        // The objects that are bound stay the same.
        let _objects = self.mappings.vm_bind.lock();
        let mut order = self.order();
        let state = &mut *order.0;
        for start in state.pieces_of(number, range)? {
            self.replace_piece(dev, state, start, new)?;
            self.placed(new);
        }
        self.user.forget(number);
        Ok(())
    }

    /// Has `new` in place of the view in the mapping at `start`.
    fn replace_piece(
        self: &Arc<Self>,
        dev: &drm::Device,
        state: &mut State,
        start: u64,
        new: &Arc<View>,
    ) -> Result {
        let Some(mapping) = state.mappings.get(&start) else {
            return Ok(());
        };
        let (offset, old) = (mapping.offset, mapping.shown.clone());
        let range = Range::new(start, mapping.length)?;
        let old_pages = old.view.as_ref().and_then(|view| view.pages());
        let mut shown = Shown {
            view: Some(new.clone()),
            read_only: old.read_only,
            capture: old.capture,
            update: old.update,
        };
        let unchanged = match (old_pages, new.pages()) {
            (Some(old), Some(new)) => old.is_same_memory(new),
            _ => false,
        };
        if !unchanged {
            shown.update = state.last_value + 1;
            let update = match new.pages() {
                Some(_) => Update::Map {
                    shown: &shown,
                    offset,
                },
                None => Update::Unmap,
            };
            let mut waits = Waits::new();
            if old_pages.is_some() {
                // Submissions may be using what goes.
                self.add_submission_waits(state, &mut waits)?;
            }
            let sent = self.send_update(dev, state, range, &update, waits)?;
            sent.displaced.hold_part(old);
            if new.pages().is_some() {
                REBOUND.fetch_add(1, Relaxed);
            }
        }
        if let Some(mapping) = state.mappings.get_mut(&start) {
            mapping.shown = shown;
        }
        Ok(())
    }

    /// Unmaps what processes have given up. What there is no memory for stays, until the
    /// next time, or it is unbound or mapped anew.
    fn release_gone(self: &Arc<Self>) {
        let mut next = 0;
        let is_gone = |entry: &Entry| entry.placed && entry.gone;
        while let Some((number, entry)) = self.user.next(next, is_gone) {
            next = number + 1;
            let _ = match self.mode() {
                Mode::Bind => self.release_bound(number, entry.range),
                Mode::Legacy => self.release_legacy(number, entry.range),
            };
        }
    }

    /// Bind mode: leaves nothing mapped in the place of a view.
    fn release_bound(self: &Arc<Self>, number: u64, range: Range) -> Result {
        let Some(old) = self.find_view(number, range)? else {
            return Ok(());
        };
        let user = UserView::new(&self.user, None, range)?;
        let hollow = View::without_pages(old.object(), KBox::new(user, GFP_KERNEL)?)?;
        self.replace_view(old.object().device(), number, range, &hollow)
    }

    /// Legacy mode: unmaps a view, now or when nothing uses it any more.
    fn release_legacy(self: &Arc<Self>, number: u64, range: Range) -> Result {
        let Some(old) = self.find_view(number, range)? else {
            return Ok(());
        };
        self.user.update(number, |entry| entry.gone = false);
        self.close_view(old.object().device(), range.start(), &old);
        Ok(())
    }
}

impl State {
    /// The starts of the mappings of the view `number`, which lie in `range`. ENOMEM.
    fn pieces_of(&self, number: u64, range: Range) -> Result<KVec<u64>> {
        let mut starts = KVec::new();
        for mapping in mapping_tree::touching(&self.mappings, range) {
            let start = mapping.range.start();
            let shown = self.mappings.get(&start).map(|mapping| &mapping.shown);
            let view = shown.and_then(|shown| shown.view.as_ref());
            if view.is_some_and(|view| view.is_numbered(number)) {
                starts.push(start, GFP_KERNEL)?;
            }
        }
        Ok(starts)
    }
}

impl View {
    /// Whether it is the view of user memory with that number.
    fn is_numbered(&self, number: u64) -> bool {
        self.user().is_some_and(|user| user.number == number)
    }
}
