// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Syncobjs: containers of fences that userspace names by handles.

use core::{mem::ManuallyDrop, ptr, ptr::NonNull};
use kernel::{
    prelude::*,
    sync::aref::{ARef, AlwaysRefCounted},
    types::Opaque,
};

use super::{fence::Fence, file::File};
use crate::raw;

/// A syncobj. Shared as `ARef<Syncobj>`.
#[repr(transparent)]
pub(crate) struct Syncobj(Opaque<raw::drm_syncobj>);

// SAFETY: Syncobjs are made to be shared between threads.
unsafe impl Send for Syncobj {}
// SAFETY: As above.
unsafe impl Sync for Syncobj {}

// SAFETY: The counter is the syncobj's own; it lives while that isn't zero.
unsafe impl AlwaysRefCounted for Syncobj {
    fn inc_ref(&self) {
        // SAFETY: The syncobj lives while it is borrowed.
        unsafe { raw::igpu_syncobj_get(self.as_raw()) }
    }

    unsafe fn dec_ref(this: NonNull<Self>) {
        // SAFETY: The caller gives up a reference.
        unsafe { raw::igpu_syncobj_put(this.cast().as_ptr()) }
    }
}

impl Syncobj {
    fn as_raw(&self) -> *mut raw::drm_syncobj {
        self.0.get()
    }

    /// The syncobj with that handle in the file. `ENOENT`.
    pub(crate) fn find(file: &File, handle: u32) -> Result<ARef<Self>> {
        // SAFETY: The file is open.
        let syncobj = unsafe { raw::drm_syncobj_find(file.as_raw(), handle) };
        let syncobj = NonNull::new(syncobj).ok_or(ENOENT)?;
        // SAFETY: The reference that comes with the result is ours.
        Ok(unsafe { ARef::from_raw(syncobj.cast()) })
    }

    /// The fence in it: for a timeline, the head of its chain.
    pub(crate) fn fence(&self) -> Option<ARef<Fence>> {
        // SAFETY: The syncobj lives while it is borrowed.
        let fence = unsafe { raw::igpu_syncobj_fence_get(self.as_raw()) };
        // SAFETY: The reference that comes with the result is ours.
        unsafe { Fence::take_raw(fence) }
    }

    /// What to wait for to have reached `point`; 0 means the binary fence. None if it is
    /// reached already; `EINVAL` if nothing has been submitted for it yet.
    pub(crate) fn wait_fence(&self, point: u64) -> Result<Option<ARef<Fence>>> {
        let head = self.fence().ok_or(EINVAL)?;
        if point == 0 {
            return Ok((!head.is_signaled()).then_some(head));
        }
        let mut fence = ARef::into_raw(head).cast().as_ptr();
        // SAFETY: `fence` comes with a reference, which the call takes over; on success it
        // leaves another, or null.
        let ret = unsafe { raw::dma_fence_chain_find_seqno(&mut fence, point) };
        // SAFETY: In both cases the reference that comes with it is ours.
        let fence = unsafe { Fence::take_raw(fence) };
        kernel::error::to_result(ret)?;
        Ok(fence.filter(|fence| !fence.is_signaled()))
    }

    /// Puts a fence in the place of whatever it holds, or empties it. Any context.
    pub(crate) fn replace_fence(&self, fence: Option<&Fence>) {
        let fence = fence.map_or(ptr::null_mut(), Fence::as_raw);
        // SAFETY: The syncobj lives; it takes a reference of its own.
        unsafe { raw::drm_syncobj_replace_fence(self.as_raw(), fence) }
    }

    /// Puts a fence at `point` of its timeline. Points should rise.
    pub(crate) fn add_point(&self, node: ChainNode, fence: &Fence, point: u64) {
        let node = ManuallyDrop::new(node);
        // SAFETY: The syncobj lives; the node isn't in use and is handed over; it takes a
        // reference of its own to the fence.
        unsafe { raw::drm_syncobj_add_point(self.as_raw(), node.0, fence.as_raw(), point) }
    }
}

/// The memory that [`Syncobj::add_point`] needs.
pub(crate) struct ChainNode(*mut raw::dma_fence_chain);

// SAFETY: It is memory that nobody else has.
unsafe impl Send for ChainNode {}

impl ChainNode {
    /// `ENOMEM`. Process context.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: It only allocates.
        let node = unsafe { raw::igpu_fence_chain_alloc() };
        if node.is_null() {
            return Err(ENOMEM);
        }
        Ok(Self(node))
    }
}

impl Drop for ChainNode {
    fn drop(&mut self) {
        // SAFETY: It was allocated by `new` and not used.
        unsafe { raw::igpu_fence_chain_free(self.0) }
    }
}
