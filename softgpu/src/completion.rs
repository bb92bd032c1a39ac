//! What the model tells its user: work that ended, contexts that hung. Plain data
//! and one trait; may know the command table, for printing, and nothing of how work executes.

use std::fmt;

use eu::trap::Trap;
use serde::{Deserialize, Serialize};

use crate::command::{disassemble, line_at};
use crate::ids::{ContextId, Point};
use crate::platform::EngineId;

/// How a submission or bind ended. In every case its point is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// Executed to its end.
    Completed,
    /// The batch hung and its context was reset; a [`HangReport`] went before.
    Hung,
    /// Not executed, or not to its end: the GPU was reset, its context was cancelled,
    /// destroyed or banned by an earlier hang, or its address space was destroyed.
    Cancelled,
    /// A bind that would have passed
    /// [`MAX_MAPPED_EXTENTS`](crate::limits::MAX_MAPPED_EXTENTS); nothing was changed.
    OutOfSpace,
}

/// A submission or bind has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Completion {
    /// The point it was to signal, now reached.
    pub point: Point,
    /// How it ended.
    pub outcome: Outcome,
    /// Nanoseconds the batch had an engine: executing, or waiting there while nothing
    /// else executed. 0 for a bind.
    pub busy_ns: u64,
    /// Whether it was cancelled after it had begun to execute.
    pub was_active: bool,
}

impl Completion {
    /// The end of work that never had an engine.
    pub(crate) fn without_engine(point: Point, outcome: Outcome) -> Self {
        Self {
            point,
            outcome,
            busy_ns: 0,
            was_active: false,
        }
    }
}

/// Why a context hung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangReason {
    /// No such command on this engine.
    UnknownCommand,
    /// The command's length field is too short or too long for what it says.
    BadLength,
    /// A field of the command holds what the hardware does not define.
    BadField {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The command needs fixed-function 3D or media, which the model doesn't have, or
    /// shader cores of another generation than those that it has.
    MissingUnit,
    /// A kernel did what it may not.
    Kernel(KernelFault),
    /// Strict mode: the command is for privileged batches only, or wants to write where
    /// these alone may.
    Privileged,
    /// The command streamer was sent to an address where nothing is mapped.
    FetchUnmapped,
    /// Strict mode: an access to an address where nothing is mapped.
    UnmappedAccess {
        /// Whether it was a write.
        write: bool,
    },
    /// Strict mode: a write to a read-only page.
    ReadOnlyWrite,
    /// Guest memory that was bound is no longer there.
    MemoryGone,
    /// A second-level batch started a second-level batch.
    TooManyLevels,
    /// The batch had to make room and reached no arbitration point in time.
    PreemptTimeout,
    /// The batch ran alone and reached no arbitration point in time.
    HeartbeatTimeout,
    /// The engine was reset while it executed the batch.
    EngineReset,
}

impl fmt::Display for HangReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCommand => f.write_str("unknown command"),
            Self::BadLength => f.write_str("command of a wrong length"),
            Self::BadField { what } => write!(f, "undefined field: {what}"),
            Self::MissingUnit => f.write_str("no such unit: 3D pipeline, video"),
            Self::Kernel(fault) => fault.fmt(f),
            Self::Privileged => f.write_str("privileged command"),
            Self::FetchUnmapped => f.write_str("batch runs where nothing is mapped"),
            Self::UnmappedAccess { write: false } => f.write_str("read where nothing is mapped"),
            Self::UnmappedAccess { write: true } => f.write_str("write where nothing is mapped"),
            Self::ReadOnlyWrite => f.write_str("write to a read-only page"),
            Self::MemoryGone => f.write_str("bound guest memory is gone"),
            Self::TooManyLevels => f.write_str("batch nested too deep"),
            Self::PreemptTimeout => f.write_str("no arbitration point while others wait"),
            Self::HeartbeatTimeout => f.write_str("no arbitration point for too long"),
            Self::EngineReset => f.write_str("reset of the engine"),
        }
    }
}

/// Where a kernel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelPlace {
    /// The instruction base address (GPU virtual address).
    pub base: u64,
    /// Bytes from there to the kernel's first instruction.
    pub kernel: u32,
    /// Bytes from the base to the instruction.
    pub offset: u32,
    /// X, Y and Z of the thread group.
    pub group: [u32; 3],
    /// The thread's number in its group.
    pub thread: u32,
}

impl KernelPlace {
    /// Where the instruction stands (GPU virtual address).
    pub fn address(&self) -> u64 {
        self.base.wrapping_add(self.offset.into())
    }
}

impl fmt::Display for KernelPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [x, y, z] = self.group;
        write!(
            f,
            "kernel at {:#x} {:+#x}, thread {} of group {x}, {y}, {z}",
            self.base.wrapping_add(self.kernel.into()),
            i64::from(self.offset) - i64::from(self.kernel),
            self.thread
        )
    }
}

/// What a kernel did that it may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelFault {
    /// Where.
    pub place: KernelPlace,
    /// What.
    pub trap: Trap,
}

impl fmt::Display for KernelFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.trap, self.place)
    }
}

/// An instruction of a kernel as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelLine {
    /// Where it stands (GPU virtual address).
    pub address: u64,
    /// As Intel's assembler has it.
    pub text: String,
}

/// What i915's error state shows of a command streamer's registers, as far as the model has
/// them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EngineRegisters {
    /// BBADDR: where the first-level batch is, behind the call if it has called another.
    pub batch_address: u64,
    /// BB_STATE: the batch lies in an address space of its own.
    pub batch_state: u32,
    /// ESR: what the command parser reports. Bit 0 is a bad instruction, bit 2 a lack of
    /// privilege.
    pub error: u32,
    /// INSTDONE: a bit for each unit that has nothing to do; the model shows none at work.
    pub done: u32,
    /// INSTPM, of the render engine.
    pub parser_mode: u32,
    /// NOPID: the number of the last MI_NOOP that had one.
    pub nop_id: u32,
}

/// A context that hung, as it was at that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HangReport {
    /// Whose batch.
    pub context: ContextId,
    /// On which of its slots.
    pub slot: u16,
    /// On which engine.
    pub engine: EngineId,
    /// The point its submission was to signal.
    pub point: Point,
    /// Why.
    pub reason: HangReason,
    /// Where the batch of the submission starts (GPU virtual address).
    pub batch: u64,
    /// Where the command at fault stands (GPU virtual address).
    pub address: u64,
    /// Its first dword; 0 where it could not be fetched.
    pub dword: u32,
    /// The GPU virtual address whose access failed, where one did.
    pub fault_address: Option<u64>,
    /// GPU virtual address of the first of `dwords`.
    pub dwords_address: u64,
    /// The batch around `address`, at most [`HangReport::WINDOW`] dwords.
    pub dwords: Vec<u32>,
    /// Where the kernel was that the command had started and that had not ended.
    pub kernel: Option<KernelPlace>,
    /// The instructions around that place.
    pub code: Vec<KernelLine>,
    /// The engine's registers.
    pub registers: EngineRegisters,
    /// The context's state for 3D, media and compute: the last command of each kind, with
    /// what it has left of those before it, at most 2048 dwords. The command table
    /// ([`command::line_at`](crate::command::line_at)) says what is in it.
    pub state: Vec<Vec<u32>>,
    /// State commands for which there was no room in that.
    pub state_lost: u64,
}

impl HangReport {
    /// Most dwords of the batch that a report carries.
    pub const WINDOW: usize = 64;

    /// All of it, for people: a line that says what happened, then the registers, the batch
    /// around the command at fault, and the state.
    pub fn details(&self) -> impl fmt::Display + '_ {
        Details(self)
    }
}

impl HangReason {
    /// What ESR shows for it.
    pub(crate) fn error_status(&self) -> u32 {
        match self {
            Self::UnknownCommand
            | Self::BadLength
            | Self::BadField { .. }
            | Self::MissingUnit
            | Self::TooManyLevels => 1 << 0,
            Self::Privileged => 1 << 2,
            _ => 0,
        }
    }
}

struct Details<'a>(&'a HangReport);

impl fmt::Display for Details<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        let registers = &report.registers;
        writeln!(f, "{report}")?;
        writeln!(
            f,
            "  BBADDR {:#014x}, BB_STATE {:#x}, ESR {:#x}, INSTDONE {:#x}, INSTPM {:#x}, NOPID {:#x}",
            registers.batch_address,
            registers.batch_state,
            registers.error,
            registers.done,
            registers.parser_mode,
            registers.nop_id
        )?;
        let class = report.engine.class;
        // What lies in front of the command may begin within one, so that from there on
        // commands are told wrongly; from the command on they are right.
        let behind = report.address.saturating_sub(report.dwords_address) / 4;
        let (before, rest) = report.dwords.split_at(
            report
                .dwords
                .len()
                .min(usize::try_from(behind).unwrap_or(0)),
        );
        for line in disassemble(before, report.dwords_address, class) {
            writeln!(f, "    {line}")?;
        }
        for line in disassemble(rest, report.address, class) {
            let here = line.address == report.address;
            writeln!(f, "  {} {line}", if here { ">" } else { " " })?;
        }
        if let Some(place) = &report.kernel {
            writeln!(f, "  {place}")?;
            for line in &report.code {
                let here = line.address == place.address();
                let mark = if here { ">" } else { " " };
                writeln!(f, "  {mark} {:#014x}: {}", line.address, line.text)?;
            }
        }
        for dwords in &report.state {
            if let Some(line) = line_at(dwords, 0, class) {
                writeln!(f, "  state: {}", line.text())?;
            }
        }
        if report.state_lost > 0 {
            writeln!(f, "  state: {} commands not kept", report.state_lost)?;
        }
        Ok(())
    }
}

impl fmt::Display for HangReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} hung {} (slot {}): {}, command {:#010x} at {:#x} in the batch at {:#x}",
            self.context, self.engine, self.slot, self.reason, self.dword, self.address, self.batch
        )?;
        if let Some(address) = self.fault_address {
            write!(f, ", fault address {address:#x}")?;
        }
        Ok(())
    }
}

/// Where the model reports to.
///
/// The calls come from the model's engine threads, and also from inside
/// [`Gpu::bind`](crate::Gpu::bind), [`Gpu::unbind`](crate::Gpu::unbind),
/// [`Gpu::submit`](crate::Gpu::submit) and the calls that cancel or destroy, on the
/// caller's own thread: whatever lock the sink takes must not be held around those.
/// The model holds no lock of its own during a call, so a sink may call the model
/// back. Calls for one timeline come in the order of its points; the work that
/// waits for a point starts after the sink has heard of it. A slow sink slows the
/// engine that calls it and no other.
pub trait CompletionSink: Send + Sync {
    /// A submission or bind has ended.
    fn completed(&self, completion: Completion);

    /// A context hung; `completed` with [`Outcome::Hung`] follows.
    fn hung(&self, report: HangReport);

    /// A batch executed MI_USER_INTERRUPT.
    fn user_interrupt(&self, context: ContextId, slot: u16) {
        let _ = (context, slot);
    }
}
