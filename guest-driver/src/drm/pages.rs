// SPDX-License-Identifier: GPL-2.0 OR MIT

//! An object's memory: getting it, keeping it there, giving it back. What is special about a
//! process's own memory is in `user_memory`; how it is read and written in `copying`.

use core::{
    ptr::{self, NonNull},
    sync::atomic::Ordering,
};
use kernel::{
    bindings,
    ffi::{c_int, c_void},
    page::PAGE_SIZE,
    prelude::*,
    sync::aref::ARef,
};

use super::{
    gem::{Backing, BackingKind, Object},
    user_memory::{UserArray, UserPages},
};
use crate::{
    protocol::Extent,
    raw,
    rules::object::{Advice, Retention},
};

/// A run of an object's bytes that is contiguous in guest-physical memory.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Piece {
    /// Where in the object it begins.
    offset: u64,
    /// Its guest-physical address.
    address: u64,
    /// Its length.
    length: u64,
}

/// The pages as the kernel gave them.
enum Source {
    /// From shmem: the kernel's own array.
    Shmem(*mut *mut bindings::page),
    /// From a process, pinned.
    User(UserArray),
    /// From a dma-buf: no pages, only addresses.
    Imported,
}

/// What the lock of an object's memory guards.
pub(super) struct Memory {
    /// All of it, while it is held. A process's memory is not kept here.
    pages: Option<KBox<Pages>>,
    /// What userspace has said of it, and what came of that.
    pub(super) retention: Retention,
}

impl Memory {
    /// Wanted, and not there yet.
    pub(super) const fn new() -> Self {
        Self {
            pages: None,
            retention: Retention::Wanted,
        }
    }
}

/// What came of an attempt to give an object's memory back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GivenBack {
    /// It is gone, with what was in it.
    Purged,
    /// It is the kernel's, which may swap it.
    Released,
    /// It stays: somebody needs it, or is about to.
    Kept,
}

/// An object's memory, all of it, held.
pub(super) struct Pages {
    source: Source,
    /// In order, without holes.
    pieces: KVVec<Piece>,
}

// SAFETY: Pages may be used on any thread.
unsafe impl Send for Pages {}
// SAFETY: It isn't changed once it is made.
unsafe impl Sync for Pages {}

impl Pages {
    /// Pages of a process. `ENOMEM`. Process context.
    pub(super) fn of_user(array: UserArray) -> Result<Self> {
        let pages = array.pages();
        // SAFETY: The array has that many pages.
        let pieces = unsafe { pieces_of(pages.as_ptr(), pages.len()) }?;
        Ok(Self {
            source: Source::User(array),
            pieces,
        })
    }

    /// The `index`th page, if the memory has pages we may look at.
    fn page(&self, index: usize) -> Option<*mut bindings::page> {
        match &self.source {
            // SAFETY: Callers stay within the object, for each page of which there is one.
            Source::Shmem(pages) => Some(unsafe { *pages.add(index) }),
            Source::User(array) => array.pages().get(index).copied(),
            Source::Imported => None,
        }
    }

    /// All pages, as C wants them.
    pub(super) fn as_raw(&self) -> Option<*mut *mut bindings::page> {
        match &self.source {
            Source::Shmem(pages) => Some(*pages),
            Source::User(array) => Some(array.pages().as_ptr().cast_mut()),
            Source::Imported => None,
        }
    }

    /// The index of the piece with the byte `offset`.
    fn find(&self, offset: u64) -> usize {
        self.pieces
            .partition_point(|piece| piece.offset + piece.length <= offset)
    }
}

/// Adds memory at the end, merged with the last piece where it goes on.
fn add(pieces: &mut KVVec<Piece>, address: u64, length: u64) -> Result {
    let mut offset = 0;
    if let Some(last) = pieces.last_mut() {
        if last.address + last.length == address {
            last.length += length;
            return Ok(());
        }
        offset = last.offset + last.length;
    }
    pieces.push(
        Piece {
            offset,
            address,
            length,
        },
        GFP_KERNEL,
    )?;
    Ok(())
}

/// The pieces that `count` pages make.
///
/// # Safety
///
/// `pages` are `count` pages.
unsafe fn pieces_of(pages: *const *mut bindings::page, count: usize) -> Result<KVVec<Piece>> {
    let mut pieces = KVVec::new();
    for index in 0..count {
        // SAFETY: The caller vouches for it.
        let address = unsafe { raw::igpu_page_to_phys(*pages.add(index)) };
        add(&mut pieces, address, PAGE_SIZE as u64)?;
    }
    Ok(pieces)
}

/// The object's pages, held while this lives. May be cloned, and dropped in any context;
/// keeps the object alive.
pub(crate) struct PinnedPages {
    object: ARef<Object>,
    held: Held,
}

/// What [`PinnedPages`] holds.
enum Held {
    /// The object's pages, which stay while the object's `pins` isn't zero.
    Object(NonNull<Pages>),
    /// What a process had at some moment.
    User(ARef<UserPages>),
}

// SAFETY: `Pages` may be shared, and the object may be.
unsafe impl Send for PinnedPages {}
// SAFETY: As above.
unsafe impl Sync for PinnedPages {}

impl Clone for PinnedPages {
    fn clone(&self) -> Self {
        let held = match &self.held {
            Held::Object(pages) => {
                // Not zero, because of `self`: so the pages can't be about to go.
                self.object.pins.fetch_add(1, Ordering::Relaxed);
                Held::Object(*pages)
            }
            Held::User(pages) => Held::User(pages.clone()),
        };
        Self {
            object: self.object.clone(),
            held,
        }
    }
}

impl Drop for PinnedPages {
    fn drop(&mut self) {
        match &self.held {
            Held::Object(_) => {
                self.object.pins.fetch_sub(1, Ordering::Release);
            }
            Held::User(_) => {}
        }
    }
}

impl PinnedPages {
    /// What a process had, of an object that is its memory.
    pub(super) fn of_user(object: &Object, pages: ARef<UserPages>) -> Self {
        Self {
            object: object.into(),
            held: Held::User(pages),
        }
    }

    /// Whether the object is a process's memory.
    pub(crate) fn is_user_memory(&self) -> bool {
        self.user().is_some()
    }

    /// What a process had, if the object is a process's memory.
    pub(super) fn user(&self) -> Option<&UserPages> {
        match &self.held {
            Held::Object(_) => None,
            Held::User(pages) => Some(pages),
        }
    }

    /// Whether both are the same memory, in the same order.
    pub(crate) fn is_same_memory(&self, other: &Self) -> bool {
        self.pages().pieces[..] == other.pages().pieces[..]
    }

    /// The object.
    pub(crate) fn object(&self) -> &Object {
        &self.object
    }

    /// The pages.
    pub(super) fn pages(&self) -> &Pages {
        match &self.held {
            // SAFETY: The object's pins, of which one is ours, keep them where they are.
            Held::Object(pages) => unsafe { pages.as_ref() },
            Held::User(pages) => pages.pages(),
        }
    }

    /// The memory of `[offset, offset + length)`, in order, in as few extents as it has.
    /// `EINVAL` if that isn't whole pages within the object.
    pub(crate) fn extents(
        &self,
        offset: u64,
        length: u64,
    ) -> Result<impl Iterator<Item = Extent> + '_> {
        let end = offset.checked_add(length).ok_or(EINVAL)?;
        let page = PAGE_SIZE as u64;
        if offset % page != 0 || length % page != 0 || end > self.object.size() as u64 {
            return Err(EINVAL);
        }
        let pages = self.pages();
        let first = pages.find(offset);
        Ok(pages.pieces[first..]
            .iter()
            .take_while(move |piece| piece.offset < end)
            .map(move |piece| {
                let from = piece.offset.max(offset);
                let to = (piece.offset + piece.length).min(end);
                Extent {
                    address: (piece.address + (from - piece.offset)).into(),
                    length: (to - from).into(),
                }
            }))
    }

    /// Copies the bytes from `offset` on to `to`. They may change meanwhile. `EINVAL` as
    /// [`Self::for_each_part`]. Allocates nothing.
    pub(crate) fn copy_to(&self, offset: usize, to: &mut [u8]) -> Result {
        let mut done = 0;
        self.for_each_part(offset, to.len(), |start, length| {
            let part = to.get_mut(done..done + length).ok_or(EINVAL)?;
            // SAFETY: The bytes are mapped, and `part` has as many of its own.
            unsafe { ptr::copy_nonoverlapping(start, part.as_mut_ptr(), length) };
            done += length;
            Ok(())
        })
    }

    /// Copies `from` to the bytes from `offset` on. `EINVAL` as [`Self::for_each_part`].
    /// Allocates nothing.
    pub(crate) fn copy_from(&self, offset: usize, from: &[u8]) -> Result {
        let mut done = 0;
        self.for_each_part(offset, from.len(), |start, length| {
            let part = from.get(done..done + length).ok_or(EINVAL)?;
            // SAFETY: The bytes are mapped, and `part` has as many of its own.
            unsafe { ptr::copy_nonoverlapping(part.as_ptr(), start, length) };
            done += length;
            Ok(())
        })
    }

    /// Calls `each` with each page's part of `[offset, offset + length)`: its address in
    /// the kernel and how many bytes. `EINVAL` if it isn't within the object, or isn't
    /// memory the CPU may look at.
    pub(super) fn for_each_part(
        &self,
        offset: usize,
        length: usize,
        mut each: impl FnMut(*mut u8, usize) -> Result,
    ) -> Result {
        let end = offset.checked_add(length).ok_or(EINVAL)?;
        if end > self.object.size() {
            return Err(EINVAL);
        }
        let mut at = offset;
        while at < end {
            let page = self.pages().page(at / PAGE_SIZE).ok_or(EINVAL)?;
            let within = at % PAGE_SIZE;
            let part = (PAGE_SIZE - within).min(end - at);
            // SAFETY: The page is held.
            let address = unsafe { raw::igpu_kmap_local(page) };
            // SAFETY: The page is mapped, and `within` lies in it.
            let start = unsafe { address.cast::<u8>().add(within) };
            let result = each(start, part);
            // SAFETY: It was mapped above, and later mappings have been undone.
            unsafe { raw::igpu_kunmap_local(address) };
            result?;
            at += part;
        }
        Ok(())
    }
}

impl Object {
    /// Gets the object's memory, if it isn't there, and holds it. Errors: `ENOMEM`; `EFAULT`
    /// if it isn't there and userspace has said that it isn't needed; for a process's memory
    /// also `EFAULT` if it isn't there any more, or is another process's, and `ERESTARTSYS`
    /// on a signal. Process context; for a process's memory
    /// with no lock held.
    pub(crate) fn pin(&self) -> Result<PinnedPages> {
        // What isn't needed may be used as long as it is there, and is not taken anew.
        if self.backing() == BackingKind::UserMemory && self.is_not_needed() && !self.has_pages() {
            return Err(EFAULT);
        }
        if let Some(user) = self.pin_user() {
            return Ok(PinnedPages::of_user(self, user?));
        }
        let mut memory = self.pages.lock();
        if memory.pages.is_none() {
            if memory.retention != Retention::Wanted {
                return Err(EFAULT);
            }
            let pages = match &self.backing {
                Backing::Shmem => self.get_shmem()?,
                Backing::Imported(table) => self.get_imported(*table)?,
                // Dealt with above.
                Backing::User(_) => return Err(EFAULT),
            };
            let Ok(room) = KBox::<Pages>::new_uninit(GFP_KERNEL) else {
                drop(memory);
                self.put(&pages, false);
                return Err(ENOMEM);
            };
            memory.pages = Some(KBox::write(room, pages));
            self.has_pages.store(true, Ordering::Relaxed);
            self.note_reclaimable(memory.retention);
        }
        let Some(pages) = memory.pages.as_deref_mut() else {
            return Err(ENOMEM);
        };
        self.pins.fetch_add(1, Ordering::Acquire);
        let pages = NonNull::from(pages);
        drop(memory);
        Ok(PinnedPages {
            object: self.into(),
            held: Held::Object(pages),
        })
    }

    fn get_shmem(&self) -> Result<Pages> {
        // SAFETY: A shmem object that lives.
        let pages = unsafe { bindings::drm_gem_get_pages(self.as_raw()) };
        let pages = kernel::error::from_err_ptr(pages)?;
        // SAFETY: The array has a page for each of the object's.
        match unsafe { pieces_of(pages, self.size() / PAGE_SIZE) } {
            Ok(pieces) => Ok(Pages {
                source: Source::Shmem(pages),
                pieces,
            }),
            Err(error) => {
                // SAFETY: They came from drm_gem_get_pages.
                unsafe { bindings::drm_gem_put_pages(self.as_raw(), pages, false, false) };
                Err(error)
            }
        }
    }

    fn get_imported(&self, table: *mut bindings::sg_table) -> Result<Pages> {
        unsafe extern "C" fn each(data: *mut c_void, address: u64, length: u64) -> c_int {
            // SAFETY: It is the list that is passed below.
            let pieces = unsafe { &mut *data.cast::<KVVec<Piece>>() };
            match add(pieces, address, length) {
                Ok(()) => 0,
                Err(error) => error.to_errno(),
            }
        }
        let mut pieces = KVVec::<Piece>::new();
        // SAFETY: The table of an import is mapped as long as the object lives.
        let ret = unsafe { raw::igpu_sg_for_each(table, Some(each), (&raw mut pieces).cast()) };
        kernel::error::to_result(ret)?;
        let length: u64 = pieces.iter().map(|piece| piece.length).sum();
        if length < self.size() as u64 {
            return Err(EINVAL);
        }
        Ok(Pages {
            source: Source::Imported,
            pieces,
        })
    }

    /// Whether an address space may have a mapping of it. A mapping keeps the pages, but for
    /// a process's memory, which a mapping can outlive.
    pub(crate) fn may_be_bound(&self) -> bool {
        self.backing() == BackingKind::UserMemory || self.pins.load(Ordering::Relaxed) != 0
    }

    /// Takes an advice for the memory, and says whether it is still there. What isn't needed
    /// goes at once if the object doesn't hold it, else when memory is short: see `reclaim`.
    /// Process context.
    pub(crate) fn advise(&self, advice: Advice) -> bool {
        let mut memory = self.pages.lock();
        memory.retention = memory.retention.advised(advice);
        let not_needed = memory.retention == Retention::Unwanted;
        self.not_needed.store(not_needed, Ordering::Relaxed);
        if matches!(self.backing, Backing::Shmem) {
            if memory.pages.is_some() {
                self.note_reclaimable(memory.retention);
            } else if not_needed {
                self.truncate(&mut memory);
            }
        }
        memory.retention.is_retained()
    }

    /// Whether userspace has said that it doesn't need the memory, and it isn't gone for that.
    /// Any context.
    pub(crate) fn is_not_needed(&self) -> bool {
        self.not_needed.load(Ordering::Relaxed)
    }

    /// Whether it holds its memory. Any context.
    pub(crate) fn has_pages(&self) -> bool {
        match &self.backing {
            Backing::User(memory) => memory.has_pages(),
            _ => self.has_pages.load(Ordering::Relaxed),
        }
    }

    /// Gives the memory back, if nobody needs it to stay: with what is in it if that isn't
    /// needed, else, with `swap`, to the kernel. For reclaim: waits for nobody who may be
    /// waiting for memory, and allocates nothing.
    pub(super) fn give_back(&self, swap: bool) -> GivenBack {
        if !matches!(self.backing, Backing::Shmem) {
            return GivenBack::Kept;
        }
        // Who holds the lock may be allocating, and be the caller.
        let Some(mut memory) = self.pages.try_lock() else {
            return GivenBack::Kept;
        };
        let purge = memory.retention == Retention::Unwanted;
        if !purge && !swap {
            return GivenBack::Kept;
        }
        // Pages get into a dma-buf's mappings only with the lock held, so an export after
        // this finds none of the pages that go.
        if self.pins.load(Ordering::Acquire) != 0 || self.is_exported() {
            return GivenBack::Kept;
        }
        // No page fault puts a page back before the lock is free.
        // SAFETY: Object and device live; the node may be mapped nowhere.
        unsafe {
            raw::igpu_vma_node_unmap(
                &raw mut (*self.as_raw()).vma_node,
                (*(*self.device().as_raw()).anon_inode).i_mapping,
            )
        };
        if let Some(pages) = memory.pages.take() {
            self.put(&pages, !purge);
        }
        self.has_pages.store(false, Ordering::Relaxed);
        self.forget_reclaimable();
        if purge {
            self.truncate(&mut memory);
            GivenBack::Purged
        } else {
            GivenBack::Released
        }
    }

    /// Drops what is in the memory, which the object doesn't hold, for good.
    fn truncate(&self, memory: &mut Memory) {
        // SAFETY: A shmem object has a file.
        unsafe { raw::igpu_file_truncate((*self.as_raw()).filp) };
        memory.retention = Retention::Purged;
        self.not_needed.store(false, Ordering::Relaxed);
    }

    /// Gives the memory back for good. Nobody has the object any more.
    pub(super) fn release_pages(&self) {
        // The lock is free. This may be in reclaim, which may not wait for it.
        let pages = self
            .pages
            .try_lock()
            .and_then(|mut memory| memory.pages.take());
        if let Some(pages) = pages {
            self.put(&pages, true);
        }
    }

    fn put(&self, pages: &Pages, dirty: bool) {
        match &pages.source {
            Source::Shmem(array) => {
                // SAFETY: They came from drm_gem_get_pages, and nobody needs them.
                unsafe { bindings::drm_gem_put_pages(self.as_raw(), *array, dirty, dirty) }
            }
            // Unpinned by its drop.
            Source::User(_) => {}
            Source::Imported => {}
        }
    }
}
