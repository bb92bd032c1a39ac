// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 OR MIT

//! Points on timelines: how anything asynchronous is named.

use zerocopy::little_endian::{U32, U64};
use zerocopy_derive::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// A point on a timeline: reached once the timeline's value is at least `value`.
///
/// The driver chooses the timeline's number when it creates the address space or the
/// context the timeline belongs to, and does not use a number again while anything can
/// still name the old one. A timeline starts at value 0 and dies with its owner; the
/// driver destroys an owner only when all its points are reached, so a point on a
/// timeline that does not exist counts as reached.
///
/// A point is reached also when its command failed or was cancelled: who waits for it
/// waits for the end of that command, not for its success.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct Point {
    /// The timeline's number, chosen by the driver.
    pub timeline: U32,
    /// Must be zero.
    pub reserved: U32,
    /// The value to be reached.
    pub value: U64,
}

impl Point {
    /// The point `value` of `timeline`.
    pub const fn new(timeline: u32, value: u64) -> Self {
        Self {
            timeline: U32::new(timeline),
            reserved: U32::ZERO,
            value: U64::new(value),
        }
    }
}
