// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The seam between a guest's session and what executes its work.
//!
//! A session validates, an executor executes. The trait speaks of address spaces,
//! contexts, ranges, submissions, points and resets; it knows neither the wire nor
//! virtqueues. Only what a real GPU behind a kernel driver could do as well belongs here;
//! what one of them can't do is refused as [`Refused::Unsupported`], and
//! `executor-conformance` holds every executor to the rest.

use std::borrow::Cow;
use std::sync::Arc;

use smallvec::SmallVec;

/// Guest memory, as vhost-user hands it to the daemon: one mapping for each region.
pub type GuestMemory = vm_memory::GuestMemoryMmap<()>;

/// A timeline, by a number the session never uses twice.
pub type Timeline = u64;

/// A point on a timeline: reached once the timeline's value is at least `value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Point {
    /// Whose value.
    pub timeline: Timeline,
    /// The value to be reached.
    pub value: u64,
}

/// Guest-physical memory: whole pages inside the guest's memory, checked by the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Guest-physical address.
    pub address: u64,
    /// Bytes.
    pub length: u64,
}

/// What work waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wait {
    /// The point.
    pub point: Point,
    /// Whether for the start, not the end, of what reaches it.
    pub start: bool,
}

/// What a context's next hang does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextFlags {
    /// Whether submissions after a hang run.
    pub recoverable: bool,
    /// Whether no state is recorded of its hangs, where an executor records any.
    pub no_error_capture: bool,
}

/// What of the render engine is powered while a batch executes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// One engine slot of a context to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Engine class, in i915's numbers.
    pub class: u16,
    /// Instances the slot may run on, a bit each. The session has checked that the
    /// platform has at least one and no other is named.
    pub instances: u16,
    /// The timeline of its submissions. New, at value 0.
    pub timeline: Timeline,
}

/// A context to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The address space its batches run in.
    pub address_space: u32,
    /// What its hangs do.
    pub flags: ContextFlags,
    /// Its engine slots, 1 to 64.
    pub slots: Vec<Slot>,
}

/// What to put into a range of GPU addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backing {
    /// Memory, in order; the lengths add up to the range's.
    Memory {
        /// The pieces.
        extents: Vec<Extent>,
        /// Writes vanish.
        read_only: bool,
    },
    /// Reads give zero, writes vanish.
    Null,
    /// Nothing: unmap.
    Nothing,
}

/// An update of a range of an address space's mappings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The address space.
    pub address_space: u32,
    /// GPU address, whole pages, inside the address space.
    pub address: u64,
    /// Bytes, not zero.
    pub length: u64,
    /// What the range holds afterwards.
    pub backing: Backing,
    /// Points to be reached first.
    pub waits: Vec<Point>,
    /// The value of the bind timeline when done.
    pub signal: u64,
}

/// GPU addresses of batches. Most often there is one, which takes no allocation.
pub type Batches = SmallVec<[u64; 2]>;

/// What a submission waits for. Most often that is little, which takes no allocation.
pub type Waits = SmallVec<[Wait; 4]>;

/// Batches to execute: one, or several that start together, each on its engine, and end
/// together when one hangs or is cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The context.
    pub context: u32,
    /// Index of the first batch's engine slot. The next batch's is the next one.
    pub slot: u16,
    /// GPU address of each batch's first dword, at least one. With several, each slot has
    /// one engine and no two the same.
    pub batches: Batches,
    /// What has to come first.
    pub waits: Waits,
    /// The value of the first slot's timeline when all are done.
    pub signal: u64,
    /// -1023 to 1023, higher first.
    pub priority: i32,
    /// What is powered; `None`: the whole device.
    pub sseu: Option<Sseu>,
    /// It is not to be executed, and ends as cancelled behind the slot's earlier ones.
    pub cancelled: bool,
}

/// How an update or a submission ended. Its point is reached in every case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Done.
    Done,
    /// Not run, or not to its end; not at fault.
    Cancelled,
    /// It hung its engine.
    Hung,
    /// An update for which there was no room.
    OutOfMemory,
}

/// The end of an update or a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The point now reached.
    pub point: Point,
    /// How it ended.
    pub ending: Ending,
    /// Nanoseconds on an engine; zero where not known.
    pub busy_ns: u64,
    /// Whether it was on an engine when it was cancelled.
    pub was_active: bool,
}

/// A submission that hung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hang {
    /// The context at fault.
    pub context: u32,
    /// Its engine slot.
    pub slot: u16,
    /// Class of the engine that hung.
    pub class: u16,
    /// Instance of that engine.
    pub instance: u16,
    /// The submission.
    pub point: Point,
    /// GPU address of the command it stopped at.
    pub command_address: u64,
    /// That command's first dword.
    pub command: u32,
    /// The GPU address whose access failed, or zero.
    pub fault_address: u64,
    /// The engine's registers.
    pub registers: HungRegisters,
    /// Why, in words.
    pub reason: String,
}

/// Registers of an engine that hung, as i915's error state has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HungRegisters {
    /// BBADDR: where the first-level batch is.
    pub batch_address: u64,
    /// BB_STATE.
    pub batch_state: u32,
    /// ESR.
    pub error: u32,
    /// INSTDONE.
    pub done: u32,
    /// INSTPM.
    pub parser_mode: u32,
    /// NOPID.
    pub nop_id: u32,
}

/// Where an executor reports. Called from any thread, also from inside calls of
/// [`Executor`]; it takes no lock that is held around those.
pub trait Sink: Send + Sync {
    /// An update or a submission has ended. Exactly once for each that was accepted,
    /// unless the executor is dropped first.
    fn completed(&self, completion: Completion);
    /// A submission hung. Its completion follows.
    fn hung(&self, hang: Hang);
    /// The GPU is gone for good, for that reason: unplugged, say, or past resetting. Told
    /// once; nothing is executed any more, and whatever the executor has ends, as cancelled if
    /// need be. Who does not listen hears of it by that alone.
    fn lost(&self, reason: String) {
        let _ = reason;
    }
}

/// Why an executor refused a call. A refused call has changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No such address space, context or slot.
    #[error("{0}")]
    NotFound(String),
    /// The id or timeline is in use.
    #[error("{0}")]
    Exists(String),
    /// A limit of the executor is reached.
    #[error("{0}")]
    Limit(String),
    /// Memory it can't reach.
    #[error("{0}")]
    BadExtent(String),
    /// A range it can't map.
    #[error("{0}")]
    BadRange(String),
    /// Something it does not offer.
    #[error("{0}")]
    Unsupported(String),
    /// The host has no room.
    #[error("{0}")]
    OutOfMemory(String),
}

/// What executes a guest's work. No call waits for work to end.
///
/// Updates of one address space are applied in order, submissions of one slot executed in
/// order; everything else is ordered by points alone. A point on a timeline the executor
/// does not know counts as reached. Dropping an executor stops its work at once, and
/// nothing touches guest memory afterwards.
pub trait Executor: Send {
    /// Guest memory has changed. Returns when the old one is no longer touched.
    fn set_memory(&mut self, memory: Arc<GuestMemory>) -> Result<(), Refused>;
    /// Makes an empty address space and its bind timeline, at value 0.
    fn create_address_space(&mut self, id: u32, timeline: Timeline) -> Result<(), Refused>;
    /// Forgets an address space and all its mappings.
    fn destroy_address_space(&mut self, id: u32) -> Result<(), Refused>;
    /// Makes a context.
    fn create_context(&mut self, id: u32, context: Context) -> Result<(), Refused>;
    /// Cancels what the context has unfinished, and forgets it.
    fn destroy_context(&mut self, id: u32) -> Result<(), Refused>;
    /// Changes what a context's next hang does.
    fn set_context_flags(&mut self, id: u32, flags: ContextFlags) -> Result<(), Refused>;
    /// Cancels what the context has unfinished.
    fn cancel_context(&mut self, id: u32) -> Result<(), Refused>;
    /// Lets what the context has unfinished run out, for as long as hang detection sees to
    /// it that it ends.
    fn close_context(&mut self, id: u32) -> Result<(), Refused>;
    /// For how many nanoseconds batches of each of the context's slots have had an engine
    /// since it was made; never less than before, nor than [`Completion`]s have told.
    fn context_runtime_ns(&mut self, id: u32) -> Result<Vec<u64>, Refused>;
    /// Cancels every unfinished submission.
    fn reset_active(&mut self);
    /// Resets engines, by their place in [`Platform::engines`], a bit each: what they
    /// execute ends as hung, soon. Returns how many submissions that are.
    fn reset_engines(&mut self, engines: u32) -> u32;
    /// Changes how an engine shares its time and finds hangs.
    fn set_engine_properties(&mut self, properties: EngineProperties) -> Result<(), Refused>;
    /// Takes an update. It, and what waits for it, may be held back until [`Executor::flush`],
    /// so that many can go to the GPU's driver together.
    fn update(&mut self, update: Update) -> Result<(), Refused>;
    /// Takes a submission. It may be held back like an update.
    fn submit(&mut self, submission: Submission) -> Result<(), Refused>;
    /// Nothing more is at hand: what was held back goes now. Called whenever the caller has
    /// passed on all that the guest had made available.
    fn flush(&mut self);
    /// What userspace would read from a register, if it may.
    fn read_register(&self, offset: u32) -> Option<u64>;
    /// For how many nanoseconds a batch has been on each engine, in the platform's order.
    fn engine_busy_ns(&self) -> Vec<u64>;
    /// What the executor has counted, for the stats file.
    fn counters(&self) -> serde_json::Value;
}

/// How an engine shares its time and finds hangs, in the words of i915's sysfs. A time of 0
/// switches that mechanism off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineProperties {
    /// Class.
    pub class: u16,
    /// Instance as userspace counts.
    pub instance: u16,
    /// Heartbeat interval, in milliseconds.
    pub heartbeat_interval_ms: u32,
    /// Preemption time-out, in milliseconds.
    pub preempt_timeout_ms: u32,
    /// Time slice, in milliseconds.
    pub timeslice_duration_ms: u32,
    /// Whether heartbeats are sent at all.
    pub hang_detection: bool,
}

/// What i915 calls the engines of a class (`enum drm_i915_gem_engine_class`), before their
/// instance.
pub fn engine_class_name(class: u16) -> Option<&'static str> {
    let names = ["rcs", "bcs", "vcs", "vecs"];
    names.get(usize::from(class)).copied()
}

/// One engine of a platform, in the words of i915's engine query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Engine {
    /// Class.
    pub class: u16,
    /// Instance as userspace counts.
    pub instance: u16,
    /// Instance as hardware counts.
    pub hardware_instance: u16,
    /// Capability bits.
    pub capabilities: u64,
    /// Byte offset of its registers.
    pub mmio_base: u32,
    /// Heartbeat interval, in milliseconds.
    pub heartbeat_interval_ms: u32,
    /// Preemption time-out, in milliseconds.
    pub preempt_timeout_ms: u32,
    /// Time slice, in milliseconds.
    pub timeslice_duration_ms: u32,
    /// Stop time-out, in milliseconds.
    pub stop_timeout_ms: u32,
}

/// The shader units that are there, of those that there could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topology {
    /// Slices, a bit each.
    pub slices: u32,
    /// Subslices of each slice, a bit each.
    pub subslices: u32,
    /// Execution units of each subslice, a bit each.
    pub eus: u32,
    /// How many bits of each of these masks mean something.
    pub max: [u16; 3],
}

impl Topology {
    /// One of which nothing is missing: so many slices, subslices of each, execution units of
    /// each of those; at most 32.
    pub fn whole(max: [u16; 3]) -> Self {
        let [slices, subslices, eus] = max.map(|count| match u32::from(count) {
            count @ ..32 => (1 << count) - 1,
            _ => u32::MAX,
        });
        Self {
            slices,
            subslices,
            eus,
            max,
        }
    }
}

/// What an executor's GPU is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// Short name, at most 15 bytes.
    pub name: Cow<'static, str>,
    /// PCI device id.
    pub device_id: u16,
    /// PCI revision.
    pub revision: u16,
    /// Graphics version.
    pub graphics_version: u16,
    /// Graphics release.
    pub graphics_release: u16,
    /// Bits of a GPU address.
    pub address_bits: u16,
    /// Userspace may set slice and EU configuration.
    pub sseu: bool,
    /// Relocations are taken.
    pub relocations: bool,
    /// VM_BIND is offered.
    pub vm_bind: bool,
    /// Timestamp frequency, in Hz.
    pub timestamp_frequency: u32,
    /// The shader units.
    pub topology: Topology,
    /// The engines, at most 16.
    pub engines: Vec<Engine>,
}

impl Platform {
    /// The instances of an engine class, a bit each.
    pub fn instances(&self, class: u16) -> u16 {
        self.engines
            .iter()
            .filter(|engine| engine.class == class && engine.instance < 16)
            .fold(0, |mask, engine| mask | 1 << engine.instance)
    }
}

/// Makes a guest's executor: one is made for each guest's session.
pub trait Factory: Send + Sync {
    /// What the GPU is.
    fn platform(&self) -> &Platform;
    /// Starts an executor.
    fn start(
        &self,
        memory: Arc<GuestMemory>,
        sink: Arc<dyn Sink>,
    ) -> Result<Box<dyn Executor>, Refused>;
}
