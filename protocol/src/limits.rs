// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 OR MIT

//! What one guest may ask for. The device refuses more; the driver never sends more.

/// Points one command may wait for.
pub const MAX_WAITS: u32 = 256;
/// Batches of one [`Submit`](super::Submit): each needs an engine of its own.
pub const MAX_BATCHES: u32 = MAX_ENGINES as u32;
/// Extents in one [`Bind`](super::Bind); a mapping of more is sent as several.
pub const MAX_EXTENTS: u32 = 4096;
/// Address spaces one guest may have: one for each context, as i915 makes them.
pub const MAX_ADDRESS_SPACES: u32 = 131_072;
/// Contexts one guest may have.
pub const MAX_CONTEXTS: u32 = 131_072;
/// Engine slots of one context; i915 allows 64 in a user engine map
/// (`I915_EXEC_RING_MASK + 1`).
pub const MAX_CONTEXT_ENGINES: u32 = 64;
/// Engines of one platform.
pub const MAX_ENGINES: usize = 16;
/// Bytes of a GPU page, the unit of every range.
pub const GPU_PAGE_SIZE: u64 = 4096;
/// Commands a guest may have unfinished over all its queues.
pub const MAX_PENDING_COMMANDS: u32 = 8192;
/// Points that all unfinished commands of a guest together may wait for: what a bind queue and
/// a submit queue of 1024 chains each can hold, every list full. A point that is reached when
/// the command is taken counts as well; of a timeline's points, only the last does.
pub const MAX_PENDING_WAITS: u32 = 2 * 1024 * MAX_WAITS;
/// Extents that all unfinished commands of a guest together may bind: what a bind queue of 1024
/// chains can hold.
pub const MAX_PENDING_EXTENTS: u32 = 1024 * MAX_EXTENTS;
/// Bytes of the longest command: a [`Bind`](super::Bind) with every list full.
pub const MAX_COMMAND_SIZE: u32 = 128 + MAX_WAITS * 16 + MAX_EXTENTS * 16;
/// Mappings, counted as extents, that one guest may have bound over all address spaces.
pub const MAX_BOUND_EXTENTS: u64 = 64 * 1024 * 1024;
