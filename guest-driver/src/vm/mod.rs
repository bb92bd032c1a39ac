// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Address spaces: what is mapped where, and the commands that keep the device's page
//! tables the same.
//!
//! An [`AddressSpace`] is in one of two modes for life ([`Mode`]). In bind mode userspace
//! maps and unmaps ([`bind`]); in legacy mode EXECBUFFER2 does, object by object, and
//! closing an object's handle takes its mapping away ([`legacy`]). Both keep their
//! mappings in one tree under one lock, and both speak to the device with the same
//! range updates ([`update`]).
//!
//! May know: `protocol`, `rules`, the safe layers `virtio` and `drm`. Knows nothing of
//! ioctl structures.
//!
//! # Lifetimes
//!
//! A [`View`] is an object's pages, pinned for an address space, and keeps the object.
//! Every mapping holds one (but those of no memory). When a mapping goes, the command that
//! removes it from the device's page tables holds it until the device has answered
//! ([`displaced`]). So pages are unpinned only when the device has confirmed that it can't
//! reach them any more, also when the process dies. When an address space ends, all its
//! mappings are unbound, and the command that ends it on the device holds them.
//!
//! # Locks, outermost first
//!
//! 1. [`AddressSpace`]'s `vm_bind`, in bind mode: what is bound. Held by a bind or unbind
//!    while it changes the tree, and by a submission from where its working set is fixed
//!    until it is queued. Memory is allocated under it: nothing that reclaim waits for may
//!    take it.
//! 2. reservation objects of buffer objects (`drm::resv`)
//! 3. a context slot's submission lock (`context::slot`)
//! 4. [`AddressSpace`]'s `state`: the tree, the bind timeline. Commands are handed to the
//!    transport under it, so that values on the timeline go up in the order of sending.
//! 5. with interrupts off, and none within another but `refused` and `kept` around
//!    `Displaced::held`: [`AddressSpace`]'s `idle` (activity of views), `refused`, `kept`
//! 6. with interrupts off: `drm::user_memory`'s `state` and in it [`userptr`]'s `registry`,
//!    which the kernel has taken where a process changes its memory, also in reclaim. So
//!    what is held around memory allocations must not be taken in them, and no view is
//!    dropped while they are held. The other way round all the others may be held.
//!
//! Pages of a process are pinned with none of these locks held: that takes the process's mmap
//! lock, and waits for whoever is changing its memory or has to supply it, which may be for
//! ever. What may be locked when the mmap lock is (page faults): an object's `pages`, under
//! which nothing but memory is allocated.
//!
//! A kernel with lockdep is told of this order when an address space is made.

mod address_space;
mod bind;
mod captured;
mod displaced;
mod legacy;
mod mapping;
mod objects;
mod table;
mod update;
mod userptr;
mod view;

pub(crate) use address_space::{AddressSpace, BindPoint, Mode, Order};
pub(crate) use bind::{Memory, Operation, Version};
pub(crate) use captured::{CaptureSet, CapturedRange};
pub(crate) use legacy::{LegacyBinding, LegacyRequest};
pub(crate) use table::VmTable;
pub(crate) use userptr::{invalidated, rebound, Named};
pub(crate) use view::{ActiveViews, View};

use kernel::sync::atomic::{Atomic, Relaxed};

/// Counted up and down with each address space's life.
static ALIVE: Atomic<u64> = Atomic::new(0);

/// Address spaces alive, of all files.
pub(crate) fn alive() -> u64 {
    ALIVE.load(Relaxed)
}

/// Extents sent to the device since the module was loaded.
static EXTENTS: Atomic<u64> = Atomic::new(0);

/// Extents of guest memory that were sent to the device to be mapped, of all address spaces,
/// since the module was loaded.
pub(crate) fn extents_sent() -> u64 {
    EXTENTS.load(Relaxed)
}
