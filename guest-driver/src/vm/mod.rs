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
//! A [`View`] is an object's pages, pinned for an address space. Mappings hold it; when
//! the last mapping of it goes, the command that removes it from the device's page tables
//! holds it until the device has answered. So pages are unpinned only when the device has
//! confirmed that it can't reach them any more, also when the process dies.
//!
//! # Locks, outermost first
//!
//! 1. reservation objects of buffer objects (`drm::resv`)
//! 2. a context slot's submission lock (`context::slot`)
//! 3. [`AddressSpace`]'s `state`: the tree, the bind timeline. Commands are handed to the
//!    transport under it, so that values on the timeline go up in the order of sending.
//! 4. [`AddressSpace`]'s `idle` (interrupts off): activity of views.

mod address_space;
mod bind;
mod legacy;
mod table;
mod update;
mod view;

pub(crate) use address_space::{AddressSpace, BindPoint, Mode, Order};
pub(crate) use bind::BindRequest;
pub(crate) use legacy::{LegacyBinding, LegacyRequest};
pub(crate) use table::VmTable;
pub(crate) use view::{ActiveViews, View};

use kernel::sync::atomic::{Atomic, Relaxed};

/// Counted up and down with each address space's life.
static ALIVE: Atomic<u64> = Atomic::new(0);

/// Address spaces alive, of all files.
pub(crate) fn alive() -> u64 {
    ALIVE.load(Relaxed)
}
