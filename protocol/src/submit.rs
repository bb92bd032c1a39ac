// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 OR MIT

//! The submit queue's command: a batch to execute.

use super::header::{Command, Opcode, Queue, ReplyHeader};
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy_derive::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Executes a batch on one engine slot of a context, after the slot's earlier
/// submissions and after the points it waits for. Behind the fixed part follow
/// `wait_count` entries of [`Point`](super::Point). The chain comes back when the batch
/// has finished, and that is the point `(slot's timeline, signal)`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Submit {
    /// The context.
    pub context: U32,
    /// Index of the context's engine slot.
    pub slot: U16,
    /// Must be zero.
    pub flags: U16,
    /// GPU address of the batch's first dword, a multiple of 8.
    pub batch: U64,
    /// The slot's timeline's value once this is done; greater than any sent before.
    pub signal: U64,
    /// Points that follow, at most [`MAX_WAITS`](super::MAX_WAITS).
    pub wait_count: U32,
    /// Must be zero.
    pub reserved: U32,
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
    /// Nanoseconds the batch had an engine, for the client's busyness.
    pub busy_ns: U64,
    /// 1 if the submission was on an engine when it was cancelled (a reset's innocent
    /// victim: i915's `batch_pending`), else 0.
    pub was_active: U32,
    /// Zero.
    pub reserved: U32,
}
