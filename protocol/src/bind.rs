// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 OR MIT

//! Commands of the bind queue: page-table updates, each a range.
//!
//! The updates of one address space are applied in the order they were sent, each after
//! the points it waits for. The chain comes back when its update has been applied (or
//! refused), and that is the point `(bind timeline, signal)`.

use super::header::{Command, Opcode, Queue, ReplyHeader};
use zerocopy::little_endian::{U32, U64};
use zerocopy_derive::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Guest-physical memory, contiguous. Both fields are multiples of
/// [`GPU_PAGE_SIZE`](super::GPU_PAGE_SIZE), and the whole of it must be the guest's RAM.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct Extent {
    /// Guest-physical address, in bytes.
    pub address: U64,
    /// Length, in bytes, not zero.
    pub length: U64,
}

/// Bits of [`Bind::flags`].
pub struct BindFlags;

impl BindFlags {
    /// The GPU may not write: a write vanishes, as a read-only page-table entry has it.
    pub const READ_ONLY: u32 = 1 << 0;
    /// No memory stands behind the range: reads give zero, writes vanish. No extents.
    pub const NULL: u32 = 1 << 1;
    /// Every bit that means something.
    pub const ALL: u32 = Self::READ_ONLY | Self::NULL;
}

/// Maps a range of GPU addresses to guest memory, in the extents' order; whatever was
/// mapped in the range before is replaced, in one step. Behind the fixed part follow
/// `wait_count` entries of [`Point`](super::Point), then `extent_count` of [`Extent`].
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Bind {
    /// The address space.
    pub address_space: U32,
    /// Bits of [`BindFlags`].
    pub flags: U32,
    /// The range's GPU address, in bytes, a multiple of the page size.
    pub address: U64,
    /// Its length, in bytes: the sum of the extents' lengths.
    pub length: U64,
    /// The bind timeline's value once this is done; greater than any sent before.
    pub signal: U64,
    /// Points that follow, at most [`MAX_WAITS`](super::MAX_WAITS).
    pub wait_count: U32,
    /// Extents that follow, at most [`MAX_EXTENTS`](super::MAX_EXTENTS).
    pub extent_count: U32,
}

impl Command for Bind {
    const OPCODE: Opcode = Opcode::Bind;
    const QUEUE: Queue = Queue::Bind;
    type Reply = ReplyHeader;
}

/// Unmaps a range of GPU addresses; where nothing is mapped nothing happens. Behind the
/// fixed part follow `wait_count` entries of [`Point`](super::Point).
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Unbind {
    /// The address space.
    pub address_space: U32,
    /// Must be zero.
    pub flags: U32,
    /// The range's GPU address, in bytes, a multiple of the page size.
    pub address: U64,
    /// Its length, in bytes, a multiple of the page size, not zero.
    pub length: U64,
    /// The bind timeline's value once this is done; greater than any sent before.
    pub signal: U64,
    /// Points that follow, at most [`MAX_WAITS`](super::MAX_WAITS).
    pub wait_count: U32,
    /// Must be zero.
    pub reserved: U32,
}

impl Command for Unbind {
    const OPCODE: Opcode = Opcode::Unbind;
    const QUEUE: Queue = Queue::Bind;
    type Reply = ReplyHeader;
}
