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
///
/// A submission may also wait for the *start* of another's point
/// ([`PointFlags::START`]): until the submission that signals it, or a later one of the
/// timeline, has begun to execute, or has ended without.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct Point {
    /// The timeline's number, chosen by the driver.
    pub timeline: U32,
    /// Bits of [`PointFlags`].
    pub flags: U32,
    /// The value to be reached.
    pub value: U64,
}

impl Point {
    /// The point `value` of `timeline`.
    pub const fn new(timeline: u32, value: u64) -> Self {
        Self {
            timeline: U32::new(timeline),
            flags: U32::ZERO,
            value: U64::new(value),
        }
    }

    /// The start of the point `value` of `timeline`.
    pub const fn start(timeline: u32, value: u64) -> Self {
        Self {
            flags: U32::new(PointFlags::START),
            ..Self::new(timeline, value)
        }
    }

    /// Whether it names the start, not the end.
    pub const fn is_start(&self) -> bool {
        self.flags.get() & PointFlags::START != 0
    }
}

/// Bits of [`Point::flags`].
pub struct PointFlags;

impl PointFlags {
    /// The start of the work that signals the point is meant, not its end. For
    /// submissions' waits alone.
    pub const START: u32 = 1 << 0;
    /// Every bit that means something.
    pub const ALL: u32 = Self::START;
}
