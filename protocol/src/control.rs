// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 OR MIT

//! Commands of the control queue.

use super::header::{Command, Opcode, Queue, ReplyHeader};
use super::limits::MAX_CONTEXT_ENGINES;
use super::platform::PlatformReply;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy_derive::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

macro_rules! control_command {
    ($type:ty, $opcode:ident, $reply:ty) => {
        impl Command for $type {
            const OPCODE: Opcode = Opcode::$opcode;
            const QUEUE: Queue = Queue::Control;
            type Reply = $reply;
        }
    };
}

/// Chooses the protocol version. The first command; any other before it is refused with
/// [`Status::InvalidCommand`](super::Status::InvalidCommand), and so is a version
/// outside the device's range. Forgets nothing if sent again.
///
/// With [`HelloFlags::RESUME`], the first command after a reset that followed [`Suspend`]: the
/// guest goes on with what it had before. [`Status::NotFound`](super::Status::NotFound) if the
/// device has nothing of it any more.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Hello {
    /// The version the driver will speak.
    pub version: U16,
    /// Of [`HelloFlags`].
    pub flags: U16,
    /// Must be zero.
    pub reserved: [U16; 2],
}
control_command!(Hello, Hello, HelloReply);

impl Hello {
    /// In the newest version that is known here; `flags` of [`HelloFlags`].
    pub const fn new(flags: u16) -> Self {
        Self {
            version: U16::new(super::VERSION),
            flags: U16::new(flags),
            reserved: [U16::new(0); 2],
        }
    }
}

/// Bits of [`Hello::flags`].
#[derive(Clone, Copy, Debug)]
pub struct HelloFlags;

impl HelloFlags {
    /// The guest goes on where [`Suspend`] left it.
    pub const RESUME: u16 = 1 << 0;
}

/// The reply to [`Hello`].
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct HelloReply {
    /// How the command ended.
    pub header: ReplyHeader,
    /// The version now spoken.
    pub version: U16,
    /// Zero.
    pub reserved: [U16; 3],
}

/// The guest is about to suspend: what it has made (address spaces, contexts with their
/// registers, timelines) is kept over the next reset of the device, for a [`Hello`] with
/// [`HelloFlags::RESUME`]. [`Status::InvalidCommand`](super::Status::InvalidCommand) while work
/// is under way. The last command before that reset: any other takes it back.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Suspend {
    /// Must be zero.
    pub reserved: U64,
}
control_command!(Suspend, Suspend, ReplyHeader);

/// Asks what the platform is. Answered with a [`PlatformReply`].
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct QueryPlatform {
    /// Must be zero.
    pub reserved: U64,
}
control_command!(QueryPlatform, QueryPlatform, PlatformReply);

/// Asks how much this guest may have, which may be less than the limits of the wire. Answered
/// with a [`LimitsReply`]. From version 4 on.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct QueryLimits {
    /// Must be zero.
    pub reserved: U64,
}
control_command!(QueryLimits, QueryLimits, LimitsReply);

/// The reply to [`QueryLimits`]: at most so much at a time.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct LimitsReply {
    /// How the command ended.
    pub header: ReplyHeader,
    /// Contexts: [`MAX_CONTEXTS`](super::MAX_CONTEXTS) or less.
    pub contexts: U32,
    /// Address spaces: [`MAX_ADDRESS_SPACES`](super::MAX_ADDRESS_SPACES) or less.
    pub address_spaces: U32,
    /// Bound ranges, null ones included, over all address spaces:
    /// [`MAX_BOUND_EXTENTS`](super::MAX_BOUND_EXTENTS) or less.
    pub mappings: U64,
    /// Bytes of guest memory bound over all address spaces, as often as they are; all ones if
    /// there is no limit.
    pub bound_memory: U64,
}

/// Reads a register that userspace may read through i915's REG_READ. Only the render
/// engine's timestamp (0x2358) is known; anything else is
/// [`Status::NotFound`](super::Status::NotFound).
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ReadRegister {
    /// Byte offset of the register.
    pub offset: U32,
    /// Must be zero.
    pub reserved: U32,
}
control_command!(ReadRegister, ReadRegister, ReadRegisterReply);

/// The reply to [`ReadRegister`].
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ReadRegisterReply {
    /// How the command ended.
    pub header: ReplyHeader,
    /// The register's value; a 36-bit timestamp for 0x2358.
    pub value: U64,
}

/// Makes an empty address space, and its bind timeline at value 0.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct CreateAddressSpace {
    /// The new address space's number, chosen by the driver.
    pub address_space: U32,
    /// The number of its bind timeline.
    pub bind_timeline: U32,
}
control_command!(CreateAddressSpace, CreateAddressSpace, ReplyHeader);

/// Ends an address space with all that is still mapped in it. The driver sends it when
/// no context uses the address space and all its updates are done;
/// [`Status::Exists`](super::Status::Exists) if a context still does.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct DestroyAddressSpace {
    /// The address space.
    pub address_space: U32,
    /// Must be zero.
    pub reserved: U32,
}
control_command!(DestroyAddressSpace, DestroyAddressSpace, ReplyHeader);

/// Bits of [`CreateContext::flags`] and [`SetContextFlags::flags`].
pub struct ContextFlags;

impl ContextFlags {
    /// After a hang later submissions to the slot run (`I915_CONTEXT_PARAM_RECOVERABLE`);
    /// without it they are cancelled.
    pub const RECOVERABLE: u32 = 1 << 0;
    /// No error state is recorded for this context (`I915_CONTEXT_PARAM_NO_ERROR_CAPTURE`).
    pub const NO_ERROR_CAPTURE: u32 = 1 << 1;
    /// Every bit that means something.
    pub const ALL: u32 = Self::RECOVERABLE | Self::NO_ERROR_CAPTURE;
}

/// Makes a context: register state of its own on each of its engine slots, and a
/// submission timeline for each slot, at value 0. Behind the fixed part follow
/// `engine_count` entries of [`ContextEngine`].
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct CreateContext {
    /// The new context's number, chosen by the driver.
    pub context: U32,
    /// The address space its batches run in.
    pub address_space: U32,
    /// Bits of [`ContextFlags`].
    pub flags: U32,
    /// Entries that follow, 1 to [`MAX_CONTEXT_ENGINES`](super::MAX_CONTEXT_ENGINES).
    pub engine_count: U32,
}
control_command!(CreateContext, CreateContext, ReplyHeader);

/// One engine slot of a context.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ContextEngine {
    /// `enum drm_i915_gem_engine_class`.
    pub class: U16,
    /// The instances of that class the slot may run on: one bit for a physical engine,
    /// several for a virtual engine. Not zero.
    pub instances: U16,
    /// The number of the slot's submission timeline.
    pub timeline: U32,
}

/// Ends a context. The driver sends it when all its submissions are finished; any that
/// is not is cancelled first.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct DestroyContext {
    /// The context.
    pub context: U32,
    /// Must be zero.
    pub reserved: U32,
}
control_command!(DestroyContext, DestroyContext, ReplyHeader);

/// Changes what a context's next hang, of whichever submission, does. Priority and powered
/// units travel with each [`Submit`](super::Submit) instead: a change of theirs holds for
/// what is submitted later.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct SetContextFlags {
    /// The context.
    pub context: U32,
    /// Bits of [`ContextFlags`], all of them anew.
    pub flags: U32,
}
control_command!(SetContextFlags, SetContextFlags, ReplyHeader);

/// Cancels all of a context's unfinished submissions; they end with
/// [`Status::Cancelled`](super::Status::Cancelled). A non-persistent context's end.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct CancelContext {
    /// The context.
    pub context: U32,
    /// Must be zero.
    pub reserved: U32,
}
control_command!(CancelContext, CancelContext, ReplyHeader);

/// Says that a context's owner is gone, and what it has unfinished runs out. Batches in it
/// that an engine executes now have to reach an arbitration point within the engine's
/// preemption time-out, and those that come to an engine without heartbeat, where nothing
/// would end them if they hang, are cancelled with all else of their slot: now, or when the
/// heartbeat is switched off. A persistent context's close.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct CloseContext {
    /// The context.
    pub context: U32,
    /// Must be zero.
    pub reserved: U32,
}
control_command!(CloseContext, CloseContext, ReplyHeader);

/// Asks for how long batches of a context have had engines: those that have ended, and those
/// that have not. Answered with a [`ContextRuntimeReply`].
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct QueryContextRuntime {
    /// The context.
    pub context: U32,
    /// Must be zero.
    pub reserved: U32,
}
control_command!(
    QueryContextRuntime,
    QueryContextRuntime,
    ContextRuntimeReply
);

/// The reply to [`QueryContextRuntime`].
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ContextRuntimeReply {
    /// How the command ended.
    pub header: ReplyHeader,
    /// Nanoseconds for each of the context's engine slots, in their order, since it was made.
    /// They include what [`SubmitReply::busy_ns`](super::SubmitReply::busy_ns) said of its
    /// submissions, and never get less. Zero behind the last slot.
    pub runtime_ns: [U64; MAX_CONTEXT_ENGINES as usize],
}

/// Cancels every unfinished submission of the guest, as i915's `i915_gem_drop_caches`
/// debugfs file does with what still runs. Those count that were made available on the submit
/// queue before this command, taken or not; when it comes back they are cancelled.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ResetActive {
    /// Must be zero.
    pub reserved: U64,
}
control_command!(ResetActive, ResetActive, ReplyHeader);

/// Resets engines: the batch that each of them executes ends with
/// [`Status::Hung`](super::Status::Hung), as if it had been found to hang; all else goes on.
/// i915's `i915_wedged` debugfs file.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ResetEngines {
    /// Bit n for the n-th engine of [`PlatformReply::engines`]. Not zero.
    pub engines: U32,
    /// Must be zero.
    pub reserved: U32,
}
control_command!(ResetEngines, ResetEngines, ResetEnginesReply);

/// The reply to [`ResetEngines`].
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ResetEnginesReply {
    /// How the command ended.
    pub header: ReplyHeader,
    /// Submissions that were found on the engines. Each comes back soon: as hung, unless
    /// it ends by itself that very moment.
    pub submissions: U32,
    /// Zero.
    pub reserved: U32,
}

/// Bits of [`SetEngineProperties::flags`].
pub struct EngineFlags;

impl EngineFlags {
    /// Heartbeats are sent, if there is an interval (`enable_hangcheck`).
    pub const HANG_DETECTION: u32 = 1 << 0;
    /// Every bit that means something.
    pub const ALL: u32 = Self::HANG_DETECTION;
}

/// Changes how an engine shares its time and finds hangs, from now on, for this guest. At
/// first an engine has what [`EngineInfo`](super::EngineInfo) says, and hang detection.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct SetEngineProperties {
    /// `enum drm_i915_gem_engine_class`.
    pub class: U16,
    /// The instance of that class.
    pub instance: U16,
    /// Bits of [`EngineFlags`].
    pub flags: U32,
    /// Milliseconds between heartbeats; 0: none.
    pub heartbeat_interval_ms: U32,
    /// Milliseconds that a batch has to reach an arbitration point when it must make room;
    /// 0: as long as it likes.
    pub preempt_timeout_ms: U32,
    /// Milliseconds of a time slice; 0: none, a batch runs on until a higher priority comes.
    pub timeslice_duration_ms: U32,
    /// Must be zero.
    pub reserved: U32,
}
control_command!(SetEngineProperties, SetEngineProperties, ReplyHeader);
