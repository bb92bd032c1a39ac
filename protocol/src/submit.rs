// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 OR MIT

//! The submit queue's command: batches to execute.

use super::header::{Command, Opcode, Queue, ReplyHeader};
use zerocopy::little_endian::{I32, U16, U32, U64};
use zerocopy_derive::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Executes batches on engine slots of a context, the first on `slot`, the next on
/// `slot + 1` and so on, after the slots' earlier submissions and after the points it
/// waits for. Behind the fixed part follow `batch_count` entries of [`Batch`], then
/// `wait_count` entries of [`Point`](super::Point). The chain comes back when all batches
/// have finished, and that is the point `(slot's timeline, signal)`.
///
/// Several batches are a gang: they start together, each on its engine, none is preempted
/// before it has ended, and when one hangs or is cancelled all end. Each slot of a gang
/// names one engine, and no two the same.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Submit {
    /// The context.
    pub context: U32,
    /// Index of the context's first engine slot.
    pub slot: U16,
    /// Batches that follow, 1 to [`MAX_BATCHES`](super::MAX_BATCHES).
    pub batch_count: U16,
    /// The first slot's timeline's value once this is done; greater than any sent before.
    pub signal: U64,
    /// Scheduling priority, -1023 to 1023, higher first.
    pub priority: I32,
    /// What of the render engine is powered; all zero: the whole device.
    pub sseu: Sseu,
    /// Points that follow, at most [`MAX_WAITS`](super::MAX_WAITS).
    pub wait_count: U32,
    /// Of [`SubmitFlags`].
    pub flags: U32,
}

/// Bits of [`Submit::flags`].
#[derive(Clone, Copy, Debug)]
pub struct SubmitFlags;

impl SubmitFlags {
    /// Its batches are not executed: it ends as [`Status::Cancelled`](super::Status) behind
    /// the slot's earlier submissions, without waiting for anything else.
    pub const CANCELLED: u32 = 1 << 0;
}

/// Where a batch of a [`Submit`] is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct Batch {
    /// GPU address of the batch's first dword, a multiple of 8.
    pub address: U64,
}

/// What of the render engine's slices, subslices and EUs a batch has powered
/// (`struct drm_i915_gem_context_param_sseu`). Batches read it in R_PWR_CLK_STATE.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
    Unaligned,
)]
#[repr(C)]
pub struct Sseu {
    /// Slices, a bit each.
    pub slice_mask: u8,
    /// Subslices of each slice, a bit each.
    pub subslice_mask: u8,
    /// Least number of EUs of each subslice.
    pub min_eus_per_subslice: u8,
    /// Greatest number of EUs of each subslice.
    pub max_eus_per_subslice: u8,
}

impl Command for Submit {
    const OPCODE: Opcode = Opcode::Submit;
    const QUEUE: Queue = Queue::Submit;
    type Reply = SubmitReply;
}

/// The reply to [`Submit`], written when the submission is over.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct SubmitReply {
    /// How the submission ended.
    pub header: ReplyHeader,
    /// Nanoseconds the batches had an engine, added up, for the client's busyness.
    pub busy_ns: U64,
    /// 1 if the submission was on an engine when it was cancelled (a reset's innocent
    /// victim: i915's `batch_pending`), else 0.
    pub was_active: U32,
    /// Zero.
    pub reserved: U32,
}
