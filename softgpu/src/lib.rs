//! A software model of the front end of Intel's Tiger Lake GPU (Gen12, Xe-LP).
//!
//! The model executes command buffers: command streamers, the blitter, GPU page
//! tables, the scheduling of contexts and the detection of hangs. It knows nothing
//! of virtual machines, and takes memory from whoever has some. What each command
//! does, and what becomes of wrong ones, stands in `docs/softgpu.md`.
//!
//! A batch that stores a number, from memory to completion:
//!
//! ```
//! use std::sync::{Arc, mpsc};
//! use softgpu::*;
//!
//! struct Sink(mpsc::Sender<Completion>);
//! impl CompletionSink for Sink {
//!     fn completed(&self, completion: Completion) {
//!         let _ = self.0.send(completion);
//!     }
//!     fn hung(&self, report: HangReport) {
//!         eprintln!("{report}");
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // 64 KiB of memory; the batch goes to its beginning.
//! let memory = Memory::owned(0, 0x10000)?;
//! let batch = [0x1000_0002_u32, 0x10_0800, 0, 42, 0x0500_0000];
//! for (number, dword) in batch.iter().enumerate() {
//!     memory.write_u32(number as u64 * 4, *dword)?;
//! }
//!
//! let (sender, completions) = mpsc::channel();
//! let gpu = Gpu::new(GpuConfig {
//!     strict: true,
//!     ..GpuConfig::new(Platform::TGL, memory.clone(), Arc::new(Sink(sender)))
//! })?;
//!
//! // An address space with that memory at 1 MiB, and a context on the render engine.
//! let (binds, submissions) = (TimelineId(1), TimelineId(2));
//! gpu.create_address_space(AddressSpaceId(1), binds)?;
//! gpu.create_context(ContextId(1), ContextDescription {
//!     address_space: AddressSpaceId(1),
//!     recoverable: false,
//!     slots: vec![EngineSlot { class: EngineClass::Render, instances: 1, timeline: submissions }],
//! })?;
//!
//! // The bind and the batch that needs it, back to back.
//! gpu.bind(Bind {
//!     address_space: AddressSpaceId(1),
//!     va: 0x10_0000,
//!     length: 0x10000,
//!     extents: vec![Extent { address: 0, length: 0x10000 }],
//!     read_only: false,
//!     null: false,
//!     waits: vec![],
//!     signal: 1,
//! })?;
//! gpu.submit(Submission {
//!     context: ContextId(1),
//!     slot: 0,
//!     batches: vec![0x10_0000],
//!     waits: vec![Wait::End(Point { timeline: binds, value: 1 })],
//!     signal: 1,
//!     priority: 0,
//!     sseu: None,
//!     cancelled: false,
//! })?;
//!
//! assert_eq!(completions.recv()?.point, Point { timeline: binds, value: 1 });
//! assert_eq!(completions.recv()?.outcome, Outcome::Completed);
//! assert_eq!(memory.read_u32(0x800)?, 42);
//! # Ok(())
//! # }
//! ```

mod blitter;
mod call;
mod chores;
mod clock;
pub mod command;
mod completion;
mod compute;
mod counters;
mod deterministic;
mod engine;
mod error;
mod execute;
mod gpu;
mod heartbeat;
mod ids;
pub mod limits;
pub mod memory;
mod page_table;
pub mod platform;
pub mod record;
mod scheduler;
mod sseu;
mod turn;
mod view;

pub use call::Call;
pub use completion::{
    Completion, CompletionSink, EngineRegisters, HangReason, HangReport, KernelFault, KernelLine,
    KernelPlace, Outcome,
};
pub use counters::{Counters, EngineCounters};
pub use deterministic::{DeterministicGpu, Step};
pub use error::GpuError;
pub use gpu::{Bind, ContextDescription, EngineSlot, Extent, Gpu, GpuConfig, Submission, Unbind};
pub use ids::{AddressSpaceId, ContextId, Point, TimelineId, Wait};
pub use memory::{Memory, MemoryError, Region};
pub use platform::{EngineClass, EngineId, EngineTiming, NotSoManyEus, Platform};
pub use record::Recorder;
pub use sseu::Sseu;
