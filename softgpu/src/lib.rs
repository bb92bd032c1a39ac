//! A software model of the front end of Intel's Tiger Lake GPU (Gen12, Xe-LP).
//!
//! The model executes command buffers: command streamers, the blitter, GPU page
//! tables, the scheduling of contexts and the detection of hangs. It knows nothing
//! of virtual machines, and takes memory from whoever has some.

mod completion;
mod counters;
mod error;
mod gpu;
mod ids;
pub mod limits;
pub mod memory;
pub mod platform;

pub use completion::{Completion, CompletionSink, HangReason, HangReport, Outcome};
pub use counters::{Counters, EngineCounters};
pub use error::GpuError;
pub use gpu::{Bind, ContextDescription, EngineSlot, Extent, Gpu, GpuConfig, Submission, Unbind};
pub use ids::{AddressSpaceId, ContextId, Point, TimelineId};
pub use memory::{Memory, MemoryError, Region};
pub use platform::{EngineClass, EngineId, EngineTiming, Platform};
