//! What the model refuses at once. What goes wrong later, while work executes, is
//! an [`Outcome`](crate::Outcome). Knows the ids and nothing else.

use crate::ids::{AddressSpaceId, ContextId, TimelineId};
use crate::platform::EngineClass;
use crate::sseu::Sseu;

/// Why a call was refused. A refused call has changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    /// No such address space.
    #[error("there is no {0}")]
    UnknownAddressSpace(AddressSpaceId),
    /// No such context.
    #[error("there is no {0}")]
    UnknownContext(ContextId),
    /// The context has no slot of that number.
    #[error("{context} has no slot {slot}")]
    UnknownSlot {
        /// Whose slot.
        context: ContextId,
        /// The number given.
        slot: u16,
    },
    /// The platform has no such engine.
    #[error("the platform has no {class:?} engine in the set {instances:#x}")]
    UnknownEngine {
        /// The class asked for.
        class: EngineClass,
        /// The instances asked for, a bit each.
        instances: u16,
    },
    /// An address space of that id exists.
    #[error("{0} exists already")]
    AddressSpaceExists(AddressSpaceId),
    /// A context of that id exists.
    #[error("{0} exists already")]
    ContextExists(ContextId),
    /// The timeline is in use.
    #[error("{0} is in use already")]
    TimelineExists(TimelineId),
    /// A point to be signalled does not lie after the last one of its timeline.
    #[error("{timeline} is to signal {value} after {last}")]
    PointNotIncreasing {
        /// Whose point.
        timeline: TimelineId,
        /// The value given.
        value: u64,
        /// The last value given before.
        last: u64,
    },
    /// A range's start, length or an extent is not a multiple of 4 KiB, is empty, or
    /// its extents do not add up to its length.
    #[error(
        "range {address:#x}+{length:#x} is empty, not in whole pages, or does not match its extents"
    )]
    BadRange {
        /// Where the range or extent starts.
        address: u64,
        /// Its length in bytes.
        length: u64,
    },
    /// A range passes the end of the address space.
    #[error("range {address:#x}+{length:#x} passes the end of the address space")]
    RangeTooHigh {
        /// Where the range starts.
        address: u64,
        /// Its length in bytes.
        length: u64,
    },
    /// An extent does not lie wholly inside one region of guest memory.
    #[error("extent {address:#x}+{length:#x} is not guest memory")]
    ExtentOutsideMemory {
        /// Guest-physical start of the extent.
        address: u64,
        /// Its length in bytes.
        length: u64,
    },
    /// A priority outside -1023..=1023.
    #[error("priority {0} is outside -1023..=1023")]
    BadPriority(i32),
    /// A gang needs for each batch a slot of one engine, and no engine twice.
    #[error("{context}: slots {first} to {last} can't start together")]
    NoGang {
        /// Whose slots.
        context: ContextId,
        /// The first slot.
        first: u16,
        /// The last slot.
        last: u16,
    },
    /// Units the platform does not have or can't power alone.
    #[error("{0:?} can't be powered")]
    BadSseu(Sseu),
    /// A limit of [`limits`](crate::limits) would be passed.
    #[error("limit reached: at most {limit} {what}")]
    Limit {
        /// What there would be too much of.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// An engine thread could not be started.
    #[error("the operating system refused an engine thread")]
    NoThread,
}
