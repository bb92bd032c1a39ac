//! The names by which a user of the model speaks of its things, and the points
//! on timelines that order work. Plain data: knows nothing else of the crate.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An address space, by the number its creator chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AddressSpaceId(pub u32);

/// A context, by the number its creator chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ContextId(pub u32);

/// A timeline, by the number its creator chose. Address spaces (for binds) and
/// context slots (for submissions) own one each; all share one name space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TimelineId(pub u64);

/// A moment on a timeline: reached when the timeline's value is at least `value`.
///
/// A point of a timeline that doesn't exist counts as reached: its owner was
/// destroyed, and that happens only after all its work has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Point {
    /// Which timeline.
    pub timeline: TimelineId,
    /// The value it has to reach.
    pub value: u64,
}

/// What a submission waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Wait {
    /// The point is reached.
    End(Point),
    /// The work that will reach the point, or later work of its timeline, has begun to
    /// execute, or has ended without.
    Start(Point),
}

impl fmt::Display for AddressSpaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "address space {}", self.0)
    }
}

impl fmt::Display for ContextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "context {}", self.0)
    }
}

impl fmt::Display for TimelineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "timeline {}", self.0)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.timeline.0, self.value)
    }
}
