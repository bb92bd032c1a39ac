//! How much of everything one user of the model may have. A hostile guest hits
//! these instead of the host's memory.

/// Address spaces that exist at once.
pub const MAX_ADDRESS_SPACES: usize = 131_072;
/// Contexts that exist at once.
pub const MAX_CONTEXTS: usize = 131_072;
/// Slots of one context (i915 allows an engine map of 64 entries).
pub const MAX_SLOTS: usize = 64;
/// Slots of all contexts together. Each that has executed something holds one set of
/// registers.
pub const MAX_SLOTS_TOTAL: usize = 1 << 20;
/// Batches of one submission: each needs an engine of its own.
pub const MAX_BATCHES: usize = 16;
/// Submissions and binds that wait or run, over all timelines.
pub const MAX_PENDING: usize = 262_144;
/// Points one submission or bind may wait for.
pub const MAX_WAITS: usize = 4_096;
/// Points all pending work together may wait for.
pub const MAX_WAITS_TOTAL: usize = 2 << 20;
/// Extents of one bind.
pub const MAX_EXTENTS: usize = 1 << 20;
/// Extents of all pending binds together.
pub const MAX_EXTENTS_PENDING: usize = 4 << 20;
/// Mapped extents of one address space.
pub const MAX_MAPPED_EXTENTS: usize = 64 << 20;
/// Regions of guest memory.
pub const MAX_REGIONS: usize = 512;
/// Lowest priority of a context.
pub const MIN_PRIORITY: i32 = -1023;
/// Highest priority of a context.
pub const MAX_PRIORITY: i32 = 1023;
/// Nested batch levels: the ring calls a first-level batch, that one a second-level
/// one. Gen12.0 has no third.
pub const MAX_BATCH_LEVELS: usize = 2;
