// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Contexts: proto-contexts, the live contexts they become at first use, and the file
//! that owns both.
//!
//! # Lifecycle
//!
//! ```text
//!  CONTEXT_CREATE          first use                 last holder gone
//!      |                       |                          |
//!      v                       v                          v
//!  ProtoContext  ------->  Context  ----- id closed ---> (runs out) ---> gone
//!  (record only)   build   (on the device)
//!      |
//!      +--- id closed, never used: nothing was ever sent
//! ```
//!
//! CONTEXT_CREATE records what userspace asks for and sends nothing. The first call that
//! needs the context builds it: its address space if it has none, a timeline for each
//! slot of its engine map, one `CreateContext` command nobody waits for. From then on
//! address space and engine map are fixed: [`Context`] has no method that changes them.
//!
//! # Locks
//!
//! An id stands either for a proto-context or for a live context. Live ones are found
//! under the array's own spinlock, the way of every submission. Who finds none takes the
//! table's `ids` mutex, which guards every proto-context a client can reach, looks again,
//! builds, and publishes before it lets go: so two threads that race on first use get one
//! context, and a failed build leaves the proto-context as it was. These steps are
//! [`rules::context_table`](crate::rules::context_table), tested with threads on the host;
//! `table` gives them the kernel's locks.
//!
//! No function trusts its caller to hold a lock: what a lock guards is inside it, so a
//! function that needs it held takes the guard, or the `&mut` that only a guard gives.
//!
//! Order, outermost first: `ContextTable::ids`, then those of `vm` (building makes an
//! address space). A live context's `params` mutex and a slot's submission lock are taken
//! without any of these.
//!
//! May know: `protocol`, `rules`, `virtio`, `drm`, `fence`, `vm`. Knows nothing of ioctl
//! structures.

mod client;
mod context;
mod slot;
mod table;
mod usage;

pub(crate) use client::Client;
pub(crate) use context::Context;
pub(crate) use slot::Slot;
pub(crate) use table::{ContextTable, Proto};

use kernel::sync::atomic::{Atomic, Relaxed};

/// Counted up and down with each live context's life.
static LIVE: Atomic<u64> = Atomic::new(0);

/// Live contexts, of all files.
pub(crate) fn live() -> u64 {
    LIVE.load(Relaxed)
}
