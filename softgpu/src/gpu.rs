//! The GPU as its user sees it: what it can be told, and nothing of how it does it.

use std::sync::Arc;

use crate::completion::CompletionSink;
use crate::counters::Counters;
use crate::error::GpuError;
use crate::ids::{AddressSpaceId, ContextId, Point, TimelineId};
use crate::memory::Memory;
use crate::platform::{EngineClass, EngineId, EngineTiming, Platform};

/// What a GPU is made from.
#[derive(Clone)]
pub struct GpuConfig {
    /// Which GPU.
    pub platform: Platform,
    /// Guest-physical memory.
    pub memory: Memory,
    /// Strict mode: an access to an unmapped address, or a write to a read-only
    /// page, hangs the context with a report instead of reaching the scratch page.
    pub strict: bool,
    /// Where completions and hangs are reported.
    pub sink: Arc<dyn CompletionSink>,
}

/// One way of a context to submit work: a timeline, served by any one engine of a
/// class out of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineSlot {
    /// Class of the engines.
    pub class: EngineClass,
    /// Which of the class, bit n for instance n: one bit for a plain engine, several
    /// for a virtual one. Bits of engines that don't exist are ignored, as long as
    /// one is left.
    pub instances: u16,
    /// The timeline its submissions signal. New; starts at 0.
    pub timeline: TimelineId,
}

/// What a context is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextDescription {
    /// Whose mappings its batches see.
    pub address_space: AddressSpaceId,
    /// -1023..=1023, higher first.
    pub priority: i32,
    /// Whether submissions after a hang are still executed (with registers reset);
    /// otherwise the context is banned by its first hang.
    pub recoverable: bool,
    /// Its engines; a submission names one by its index.
    pub slots: Vec<EngineSlot>,
}

/// A piece of guest-physical memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Guest-physical address, a multiple of 4 KiB.
    pub address: u64,
    /// Bytes, a multiple of 4 KiB, not 0.
    pub length: u64,
}

/// Put memory, or nothing, at a range of GPU virtual addresses, in place of whatever
/// was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    /// Where.
    pub address_space: AddressSpaceId,
    /// First GPU virtual address, a multiple of 4 KiB; bits above the platform's
    /// address width are cut off (canonical form).
    pub va: u64,
    /// Bytes, a multiple of 4 KiB, not 0.
    pub length: u64,
    /// The memory, in order; lengths add up to `length`. Empty for `null`.
    pub extents: Vec<Extent>,
    /// Writes vanish (strict mode: fault).
    pub read_only: bool,
    /// No memory: reads give 0, writes vanish, in strict mode too.
    pub null: bool,
    /// What has to be reached first.
    pub waits: Vec<Point>,
    /// The value of the address space's bind timeline when done.
    pub signal: u64,
}

/// Take away whatever is mapped in a range of GPU virtual addresses. When the point
/// is signalled, no engine uses the memory through this range any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbind {
    /// Where.
    pub address_space: AddressSpaceId,
    /// First GPU virtual address, as in [`Bind::va`].
    pub va: u64,
    /// Bytes, a multiple of 4 KiB, not 0.
    pub length: u64,
    /// What has to be reached first.
    pub waits: Vec<Point>,
    /// The value of the address space's bind timeline when done.
    pub signal: u64,
}

/// Execute a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Whose.
    pub context: ContextId,
    /// On which of its slots.
    pub slot: u16,
    /// GPU virtual address of the batch's first command.
    pub batch: u64,
    /// What has to be reached first.
    pub waits: Vec<Point>,
    /// The value of the slot's timeline when done.
    pub signal: u64,
}

/// A software GPU with its engine threads. Dropping it stops the threads promptly,
/// endless batches included, and reports nothing more.
pub struct Gpu {
    config: GpuConfig,
}

impl Gpu {
    /// Makes the GPU and starts a thread for each engine.
    pub fn new(config: GpuConfig) -> Result<Self, GpuError> {
        Ok(Self { config })
    }

    /// The platform it models.
    pub fn platform(&self) -> &Platform {
        &self.config.platform
    }

    /// Replaces guest-physical memory. Returns when no engine uses the old one.
    pub fn set_memory(&self, _memory: Memory) {}

    /// Makes an empty address space whose binds signal `bind_timeline` (new; starts at 0).
    pub fn create_address_space(
        &self,
        _id: AddressSpaceId,
        _bind_timeline: TimelineId,
    ) -> Result<(), GpuError> {
        Ok(())
    }

    /// Unmaps everything, ends pending binds as cancelled and forgets the id and its
    /// timeline. Contexts on it live on and see nothing mapped.
    pub fn destroy_address_space(&self, _id: AddressSpaceId) -> Result<(), GpuError> {
        Ok(())
    }

    /// Makes a context.
    pub fn create_context(
        &self,
        _id: ContextId,
        _description: ContextDescription,
    ) -> Result<(), GpuError> {
        Ok(())
    }

    /// Cancels what the context has submitted and forgets its id at once. Its
    /// timelines go when the last submission has been reported.
    pub fn destroy_context(&self, _id: ContextId) -> Result<(), GpuError> {
        Ok(())
    }

    /// Changes a context's priority, pending submissions included.
    pub fn set_priority(&self, _id: ContextId, _priority: i32) -> Result<(), GpuError> {
        Ok(())
    }

    /// Bans a context: what it has submitted, running or not, and whatever it will
    /// submit ends as cancelled.
    pub fn cancel_context(&self, _id: ContextId) -> Result<(), GpuError> {
        Ok(())
    }

    /// Ends every submission that has begun to execute as cancelled. Contexts are
    /// not banned; what waits behind is executed.
    pub fn reset_active(&self) {}

    /// Queues a mapping. Binds of one address space are applied in order.
    pub fn bind(&self, _bind: Bind) -> Result<(), GpuError> {
        Ok(())
    }

    /// Queues an unmapping, in order with the address space's binds.
    pub fn unbind(&self, _unbind: Unbind) -> Result<(), GpuError> {
        Ok(())
    }

    /// Queues a batch. Submissions of one slot are executed in order.
    pub fn submit(&self, _submission: Submission) -> Result<(), GpuError> {
        Ok(())
    }

    /// The 36-bit count of every TIMESTAMP register, in ticks of the platform's
    /// frequency since the GPU was made.
    pub fn read_timestamp(&self) -> u64 {
        0
    }

    /// What the driver would read from a register outside any context (TIMESTAMP and
    /// little else); `offset` is relative to the engine's base. `None`: no such.
    pub fn read_register(&self, _engine: EngineId, _offset: u32) -> Option<u64> {
        None
    }

    /// Changes how an engine shares its time.
    pub fn set_engine_timing(
        &self,
        _engine: EngineId,
        _timing: EngineTiming,
    ) -> Result<(), GpuError> {
        Ok(())
    }

    /// What has been counted so far.
    pub fn counters(&self) -> Counters {
        Counters::default()
    }
}
