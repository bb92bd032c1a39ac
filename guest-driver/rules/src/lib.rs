// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The guest driver's decisions, without its effects: what a proto-context accepts, what
//! an engine map may hold, what a bind does to the mappings that are there, how an ioctl's
//! values are checked and in which order, what a question about the platform is answered.
//!
//! Nothing here touches user memory, takes a lock, allocates or knows a kernel type. A
//! rule that needs something looked up between two checks is split there: the first part
//! says what to look up, the second judges what was found; where userspace's structures
//! are read field by field, a parameter does the reading ([`user_memory`]). All of it is
//! therefore the same under cargo, where property tests run it on the host, and in the
//! kernel, where the driver's crate includes this file as a module. The crate lends it one
//! function there, the kernel's way to clamp an index against speculation (`sync`).
//!
//! The reference is the i915 driver of Linux 7.2: each item names the function whose
//! behaviour it encodes, and behaves like it down to the errno and to which of two errors
//! comes first. For `VM_BIND` and `EXECBUFFER3`, which i915 never merged, it is the
//! project's uAPI header.
//!
//! # Vocabulary
//!
//! - *engine index*: the place of an engine in the platform's list, [`EngineIndex`].
//! - *slot*: an entry of a context's engine map, [`EngineSlot`].
//! - *canonical address*: a GPU address whose bits above the 48th repeat bit 47, the form
//!   in which userspace writes and reads addresses. The driver works with 48 bits.

// Under cargo this is a crate of its own and needs no std; in the kernel it is a module
// of the driver's crate, where the attribute below has no meaning.
#![cfg_attr(not(CONFIG_RUST), no_std)]
// What a version of the driver does not use yet is no mistake in the module.
#![cfg_attr(CONFIG_RUST, allow(dead_code, unreachable_pub, unused_imports))]

pub mod address;
pub mod address_allocator;
pub mod ban;
pub mod context_table;
pub mod engine_map;
pub mod engine_properties;
pub mod errno;
pub mod error_state;
pub mod execbuffer2;
pub mod execbuffer3;
pub mod extensions;
pub mod getparam;
pub mod mapping_tree;
pub mod number;
pub mod object;
pub mod platform;
pub mod proto_context;
pub mod query;
pub mod range_map;
pub mod sseu;
mod sync;
pub mod uapi_numbers;
pub mod uapi_structs;
pub mod user_memory;
pub mod vm_bind;
pub mod vm_bind_extensions;

pub use engine_map::{EngineMap, EngineSlot};
pub use errno::Errno;
pub use platform::{EngineIndex, PlatformFacts};
