// SPDX-License-Identifier: GPL-2.0 OR MIT

//! A process's own memory as an object's (userptr): pinned for the device, and noticed when
//! the process changes it.
//!
//! The kernel tells by an MMU notifier before a page of the range is unmapped, moved or
//! replaced. As in i915 the notifier's callback waits for nothing: it notes that the pages
//! are not the process's any more and tells who has them ([`Watcher`]). The pages stay
//! pinned, so whatever the device still does with them meets nobody else's memory, until
//! the last [`PinnedPages`] of them has gone. Who pins the object afterwards gets what the
//! process has there then.
//!
//! # Locks
//!
//! The callback runs wherever the kernel changes a process's memory, with that process's
//! locks and, in reclaim, with everything held that an allocation may be made under. So
//! all it takes is [`UserMemory`]'s `state`, a spinlock, and under it what [`Watcher`]s
//! take, spinlocks too; it allocates nothing, and drops nothing while it holds them that
//! could take them again. Pages are pinned with none of our locks held: faults for them
//! may take for ever.

use core::{
    mem::offset_of,
    ptr::{self, NonNull},
    sync::atomic::{fence, AtomicU64, AtomicUsize, Ordering},
};
use kernel::{
    bindings, current,
    ffi::{c_int, c_ulong},
    page::PAGE_SIZE,
    prelude::*,
    rbtree::{RBTree, RBTreeNode},
    sync::aref::{ARef, AlwaysRefCounted},
    types::Opaque,
    workqueue::{self, new_work, Work, WorkItem},
};

use super::{
    device::Static,
    gem::{Backing, Object},
    pages::{Pages, PinnedPages},
    sync::IrqLock,
    work,
};
use crate::{new_irq_lock, raw};

/// Pages of processes that are pinned.
static PINNED: AtomicU64 = AtomicU64::new(0);

/// Bytes of processes' memory that are pinned, each as often as it is.
pub(crate) fn pinned_bytes() -> u64 {
    PINNED.load(Ordering::Relaxed) * PAGE_SIZE as u64
}

/// Somebody who must know when a process changes memory whose pages it has.
pub(crate) trait Watcher: Send + Sync {
    /// The process's memory is not what it was when the pages were pinned, or is about to
    /// be: who pins them anew will know. `gone` if the process has, as far as is known,
    /// given the old pages up; if not, they may well be found there again. May come more
    /// than once. Any context, with a spinlock held that [`Watch`]'s drop takes.
    fn invalidated(&self, gone: bool);
}

/// What the lock of [`UserMemory`] guards.
struct State {
    /// The pages, as long as the process has not changed its memory since they were pinned.
    current: Option<ARef<UserPages>>,
    /// Who is told, by numbers of their own.
    watchers: RBTree<u64, KBox<dyn Watcher>>,
}

/// A range of a process's addresses, watched while this lives. Dropped in process context.
#[repr(C)]
#[pin_data(PinnedDrop)]
pub(super) struct UserMemory {
    /// The kernel's part. First, so that a pointer to one is a pointer to the other.
    #[pin]
    notifier: Opaque<bindings::mmu_interval_notifier>,
    address: usize,
    length: usize,
    /// The process may only read there.
    read_only: bool,
    #[pin]
    state: IrqLock<State>,
}

// SAFETY: The notifier may be used on any thread; the rest is `Send`.
unsafe impl Send for UserMemory {}
// SAFETY: What changes is behind the lock, or the kernel's, which locks by itself.
unsafe impl Sync for UserMemory {}

impl UserMemory {
    /// The caller's `[address, address + length)`, whole pages. `ENOMEM`; `EOVERFLOW` for a
    /// range that wraps. Process context.
    pub(super) fn new(address: usize, length: usize, read_only: bool) -> Result<Pin<KBox<Self>>> {
        const { assert!(offset_of!(UserMemory, notifier) == 0) };
        // SAFETY: It looks at the current task only.
        let mm = unsafe { raw::igpu_current_mm() };
        if mm.is_null() {
            return Err(EFAULT);
        }
        KBox::try_pin_init(
            try_pin_init!(Self {
                address,
                length,
                read_only,
                state <- new_irq_lock!(
                    State { current: None, watchers: RBTree::new() },
                    "virtio_igpu::UserMemory::state"
                ),
                // Last, since the callback may come before this returns.
                notifier <- Opaque::try_ffi_init(|slot| {
                    // SAFETY: `slot` can be written and stays where it is until the drop,
                    // which ends the notifications; the operations are a static; the
                    // process is the current one, so it lives.
                    kernel::error::to_result(unsafe {
                        bindings::mmu_interval_notifier_insert(
                            slot,
                            mm,
                            *address,
                            *length,
                            OPERATIONS.0.get(),
                        )
                    })
                }),
            }? Error),
            GFP_KERNEL,
        )
    }

    /// Whether the caller is the process whose memory it is.
    fn is_ours(&self) -> bool {
        // SAFETY: The process is noted when the notifier is set up and not changed; the
        // notifier keeps it from being another's.
        let owner = unsafe { (*self.notifier.get()).mm };
        // SAFETY: It looks at the current task only.
        ptr::eq(owner, unsafe { raw::igpu_current_mm() })
    }

    /// Whether there are pages of the process's memory as it is. Any context.
    pub(super) fn has_pages(&self) -> bool {
        self.state.lock().current.is_some()
    }

    /// The pages, if they are pinned and the process has not changed its memory since.
    fn current(&self) -> Option<ARef<UserPages>> {
        self.state.lock().current.clone()
    }

    /// The pages as they are now. `EFAULT` if the memory is another process's, or isn't
    /// there; `ENOMEM`; `ERESTARTSYS` on a signal, if the process changes its memory all the
    /// time. Process context, with no lock held.
    fn pin(&self) -> Result<ARef<UserPages>> {
        if !self.is_ours() {
            return Err(EFAULT);
        }
        loop {
            if let Some(pages) = self.current() {
                return Ok(pages);
            }
            // SAFETY: The notifier is set up. This may wait for somebody who is changing
            // the memory.
            let sequence = unsafe { bindings::mmu_interval_read_begin(self.notifier.get()) };
            let pages = self.pin_pages()?;
            let mut state = self.state.lock();
            // SAFETY: The callback notes a change under the lock that we hold.
            if !unsafe { raw::igpu_interval_read_retry(self.notifier.get(), sequence) } {
                let before = state.current.replace(pages.clone());
                drop(state);
                drop(before);
                return Ok(pages);
            }
            drop(state);
            drop(pages);
            if current!().signal_pending() {
                return Err(ERESTARTSYS);
            }
        }
    }

    /// Pins what the process has there at this moment.
    fn pin_pages(&self) -> Result<ARef<UserPages>> {
        let count = self.length / PAGE_SIZE;
        let mut pages = KVVec::<*mut bindings::page>::new();
        pages.resize(count, ptr::null_mut(), GFP_KERNEL)?;
        let mut flags = bindings::FOLL_LONGTERM;
        if !self.read_only {
            flags |= bindings::FOLL_WRITE;
        }
        let mut pinned = 0;
        let mut result = Ok(());
        while pinned < count && result.is_ok() {
            let part = (count - pinned).min(1 << 16);
            // SAFETY: There is room for `part` pages.
            let ret = unsafe {
                bindings::pin_user_pages_fast(
                    self.address + pinned * PAGE_SIZE,
                    part as c_int,
                    flags,
                    pages.as_mut_ptr().add(pinned),
                )
            };
            match ret {
                1.. => pinned += ret as usize,
                0 => result = Err(EFAULT),
                error => result = Err(Error::from_errno(error)),
            }
        }
        pages.truncate(pinned);
        let pages = UserArray::new(pages, self.read_only);
        result?;
        UserPages::new(pages)
    }
}

#[pinned_drop]
impl PinnedDrop for UserMemory {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: It was set up by `new`. When this returns no callback runs, nor will.
        unsafe { bindings::mmu_interval_notifier_remove(self.notifier.get()) };
    }
}

/// The process is about to change its memory. Any context that a process's memory is
/// changed in; see the module's documentation.
unsafe extern "C" fn invalidate(
    notifier: *mut bindings::mmu_interval_notifier,
    range: *const bindings::mmu_notifier_range,
    sequence: c_ulong,
) -> bool {
    // SAFETY: The notifier is the first field of a `UserMemory`, which lives until its
    // removal has returned.
    let memory = unsafe { &*notifier.cast::<UserMemory>() };
    // A fork, a change of protection or tracking leaves the pages the process's.
    // SAFETY: The kernel passes the change that it is about to make.
    let gone = matches!(
        unsafe { (*range).event },
        bindings::mmu_notifier_event_MMU_NOTIFY_UNMAP
            | bindings::mmu_notifier_event_MMU_NOTIFY_CLEAR
            | bindings::mmu_notifier_event_MMU_NOTIFY_RELEASE
    );
    let mut state = memory.state.lock();
    // SAFETY: This is the notifier's callback, and the lock is the one under which `pin`
    // looks at the sequence.
    unsafe { raw::igpu_interval_set_seq(notifier, sequence) };
    let pages = state.current.take();
    for (_, watcher) in state.watchers.iter() {
        watcher.invalidated(gone);
    }
    drop(state);
    // With the lock free. Unpinning is put off if these were the last.
    drop(pages);
    true
}

/// What the kernel calls.
static OPERATIONS: Static<bindings::mmu_interval_notifier_ops> =
    Static(Opaque::new(bindings::mmu_interval_notifier_ops {
        invalidate: Some(invalidate),
        ..pin_init::zeroed()
    }));

/// Pages of a process that are pinned; its drop unpins them, and may sleep.
pub(super) struct UserArray {
    pages: KVVec<*mut bindings::page>,
    read_only: bool,
}

// SAFETY: The pages are held by their pins, which belong to no thread.
unsafe impl Send for UserArray {}
// SAFETY: It isn't changed.
unsafe impl Sync for UserArray {}

impl UserArray {
    /// `pages` have been pinned, each once, for reading only if `read_only`.
    fn new(pages: KVVec<*mut bindings::page>, read_only: bool) -> Self {
        PINNED.fetch_add(pages.len() as u64, Ordering::Relaxed);
        Self { pages, read_only }
    }

    /// The pages, in order.
    pub(super) fn pages(&self) -> &[*mut bindings::page] {
        &self.pages
    }
}

impl Drop for UserArray {
    fn drop(&mut self) {
        // SAFETY: They have been pinned, once, and nobody needs them any more.
        unsafe {
            bindings::unpin_user_pages_dirty_lock(
                self.pages.as_mut_ptr(),
                self.pages.len(),
                !self.read_only,
            )
        };
        PINNED.fetch_sub(self.pages.len() as u64, Ordering::Relaxed);
    }
}

/// A process's pages as they were at one moment, pinned while this lives. Shared as
/// `ARef<UserPages>`; references may be taken and dropped in any context.
#[pin_data]
pub(super) struct UserPages {
    references: AtomicUsize,
    pages: Pages,
    /// Frees it, since unpinning sleeps and the last reference may go in an interrupt.
    #[pin]
    work: Work<UserPages>,
}

workqueue::impl_has_work! {
    impl HasWork<Self> for UserPages { self.work }
}

impl WorkItem for UserPages {
    type Pointer = Pin<KBox<Self>>;

    fn run(this: Self::Pointer) {
        drop(this);
    }
}

impl UserPages {
    fn new(pages: UserArray) -> Result<ARef<Self>> {
        let pages = Pages::of_user(pages)?;
        let this = KBox::pin_init(
            pin_init!(Self {
                references: AtomicUsize::new(1),
                pages,
                work <- new_work!("virtio_igpu::UserPages::work"),
            }),
            GFP_KERNEL,
        )?;
        // SAFETY: They stay pinned: only `dec_ref` makes a box of them again.
        let this = KBox::leak(unsafe { Pin::into_inner_unchecked(this) });
        // SAFETY: The one reference is ours.
        Ok(unsafe { ARef::from_raw(NonNull::from(this)) })
    }

    /// The pages.
    pub(super) fn pages(&self) -> &Pages {
        &self.pages
    }
}

// SAFETY: The counter is its own; it lives while that isn't zero.
unsafe impl AlwaysRefCounted for UserPages {
    fn inc_ref(&self) {
        self.references.fetch_add(1, Ordering::Relaxed);
    }

    unsafe fn dec_ref(this: NonNull<Self>) {
        // SAFETY: The caller gives up a reference, so it lives until here.
        let references = unsafe { &(*this.as_ptr()).references };
        if references.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            // SAFETY: `new` has made it of a pinned box, and nobody has it any more.
            let this = unsafe { Pin::new_unchecked(KBox::from_raw(this.as_ptr())) };
            work::queue().enqueue(this);
        }
    }
}

/// Has somebody told when a process changes its memory, while this lives. Dropped in any
/// context, but not by the [`Watcher`].
pub(crate) struct Watch {
    object: ARef<Object>,
    number: u64,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(memory) = self.object.user_memory() {
            let node = memory.state.lock().watchers.remove_node(&self.number);
            drop(node);
        }
    }
}

impl PinnedPages {
    /// Has `watcher` told when the process changes its memory, which may have been already;
    /// `None` for memory that no process has. `number` tells it from the memory's other
    /// watchers. `ENOMEM`. Process context.
    pub(crate) fn watch(&self, number: u64, watcher: KBox<dyn Watcher>) -> Result<Option<Watch>> {
        let (Some(memory), Some(pages)) = (self.object().user_memory(), self.user()) else {
            return Ok(None);
        };
        let node = RBTreeNode::new(number, watcher, GFP_KERNEL)?;
        let watch = Watch {
            object: self.object().into(),
            number,
        };
        let mut state = memory.state.lock();
        let replaced = state.watchers.insert(node);
        let valid = state
            .current
            .as_ref()
            .is_some_and(|current| ptr::eq(&**current, pages));
        if !valid {
            if let Some(watcher) = state.watchers.get(&number) {
                watcher.invalidated(true);
            }
        }
        drop(state);
        drop(replaced);
        Ok(Some(watch))
    }

    /// Whether the memory is still what the object has: false once a process has changed
    /// it. Any context.
    pub(crate) fn is_current(&self) -> bool {
        let (Some(memory), Some(pages)) = (self.object().user_memory(), self.user()) else {
            return true;
        };
        let state = memory.state.lock();
        state
            .current
            .as_ref()
            .is_some_and(|current| ptr::eq(&**current, pages))
    }
}

impl Object {
    /// The process's memory that it is, if it is some.
    fn user_memory(&self) -> Option<&UserMemory> {
        match &self.backing {
            Backing::User(memory) => Some(memory),
            Backing::Shmem | Backing::Imported(_) => None,
        }
    }

    /// The memory of a process pinned as it is now, if that is what the object is. Errors
    /// as [`Object::pin`].
    pub(super) fn pin_user(&self) -> Option<Result<ARef<UserPages>>> {
        Some(self.user_memory()?.pin())
    }

    /// As [`Object::pin`], but of a process's memory takes only what is pinned already, so
    /// that it doesn't wait for the process: `EAGAIN` if nothing is. Process context.
    pub(crate) fn pin_at_once(&self) -> Result<PinnedPages> {
        let Some(memory) = self.user_memory() else {
            return self.pin();
        };
        if !memory.is_ours() {
            return Err(EFAULT);
        }
        let pages = memory.current().ok_or(EAGAIN)?;
        Ok(PinnedPages::of_user(self, pages))
    }
}
