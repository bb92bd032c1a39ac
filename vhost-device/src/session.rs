// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What one guest has, and what it may do with it.
//!
//! A session takes a command's bytes, decodes them ([`decode`]), holds them against the
//! guest's ids, limits and memory ([`control`], [`work`]) and calls the executor. It knows
//! the wire and the seam; it knows no virtqueue, so it can be driven without one.

pub mod clients;
mod control;
pub mod decode;
pub mod limits;
mod ranges;
#[cfg(test)]
mod tests;
mod timelines;
mod work;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use protocol::{Opcode, Queue, ReplyHeader, Status};
use virtio_igpu_protocol as protocol;
use zerocopy::IntoBytes;

use crate::GuestMemory;
use crate::executor::{Executor, Platform, Point, Refused};
use decode::Request;
use limits::Limits;
use ranges::Ranges;
use timelines::Timelines;

pub use control::OLDEST_VERSION;

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Refusal {
    /// What the driver is told.
    pub status: Status,
    /// What the log is told.
    pub why: Cow<'static, str>,
}

impl Refusal {
    /// A refusal with that status.
    pub fn new(status: Status, why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            why: why.into(),
        }
    }

    /// The command is no command.
    pub fn malformed(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Status::InvalidCommand, why)
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let status = match refused {
            Refused::NotFound(_) => Status::NotFound,
            Refused::Exists(_) => Status::Exists,
            Refused::Limit(_) => Status::LimitExceeded,
            Refused::BadExtent(_) => Status::BadExtent,
            Refused::BadRange(_) => Status::BadRange,
            Refused::Unsupported(_) => Status::Unsupported,
            Refused::OutOfMemory(_) => Status::OutOfMemory,
        };
        Self::new(status, refused.to_string())
    }
}

/// What accepted work is, for the counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A mapping of this many extents and bytes.
    Bind {
        /// Extents on the wire.
        extents: u64,
        /// Bytes of guest memory.
        bytes: u64,
    },
    /// An unmapping.
    Unbind,
    /// A submission.
    Submission {
        /// Its batches.
        batches: u32,
    },
}

/// What became of a command.
#[derive(Debug)]
pub enum Answer {
    /// It is over, and this is the reply.
    Now(Vec<u8>),
    /// All unfinished work is to be cancelled once what the driver had sent before has been
    /// taken, that is, after another round over the queues; then it is over.
    AfterNextRound,
    /// The executor has it; the reply comes when this point's completion does.
    Later(Point, Work, Held),
}

/// What an unfinished command takes of the guest's limits, besides being one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Points it waits for.
    waits: u32,
    /// Extents it binds.
    extents: u32,
    /// Bytes that are bound until it ends, and not any more.
    unbinds: u64,
}

/// An address space the guest has made.
struct AddressSpace {
    timeline: u32,
    contexts: u32,
    ranges: Ranges,
}

/// A context the guest has made.
struct Context {
    address_space: u32,
    slots: Vec<Slot>,
    submissions: u64,
}

/// An engine slot of it.
struct Slot {
    timeline: u32,
    class: u16,
    instances: u16,
}

/// One guest's state, from one reset of the device to the next; over a reset that it suspends
/// for.
pub struct Session {
    executor: Box<dyn Executor>,
    platform: Platform,
    memory: Arc<GuestMemory>,
    greeted: bool,
    /// The guest's last command was [`protocol::Suspend`].
    suspended: bool,
    /// It was kept over a reset, and the guest has not said since that it goes on with it.
    resumed: bool,
    address_spaces: HashMap<u32, AddressSpace>,
    contexts: HashMap<u32, Context>,
    timelines: Timelines,
    limits: Limits,
    bound_extents: u64,
    /// Ranges that are bound.
    mappings: u64,
    /// Bytes that are, and those that are no more once the updates under way have ended.
    bound_memory: u64,
    unfinished: u32,
    /// What all of these take.
    held: Held,
}

impl Session {
    /// A session of a guest that has said nothing yet.
    pub fn new(
        executor: Box<dyn Executor>,
        platform: Platform,
        memory: Arc<GuestMemory>,
        limits: Limits,
    ) -> Self {
        Self {
            executor,
            platform,
            memory,
            greeted: false,
            suspended: false,
            resumed: false,
            address_spaces: HashMap::new(),
            contexts: HashMap::new(),
            timelines: Timelines::default(),
            limits,
            bound_extents: 0,
            mappings: 0,
            bound_memory: 0,
            unfinished: 0,
            held: Held::default(),
        }
    }

    /// Whether it is to be kept over a reset of the device.
    pub fn is_suspended(&self) -> bool {
        self.suspended
    }

    /// It was kept, and the guest asks for it.
    pub fn resume(&mut self) {
        self.suspended = false;
        self.greeted = false;
        self.resumed = true;
    }

    /// What executes this guest's work.
    pub fn executor(&mut self) -> &mut dyn Executor {
        &mut *self.executor
    }

    /// For how many nanoseconds a batch has been on each engine, in the platform's order.
    pub fn engine_busy_ns(&self) -> Vec<u64> {
        self.executor.engine_busy_ns()
    }

    /// The guest's memory has changed.
    pub fn set_memory(&mut self, memory: Arc<GuestMemory>) -> Result<(), Refusal> {
        self.executor.set_memory(Arc::clone(&memory))?;
        self.memory = memory;
        Ok(())
    }

    /// Accepted work has ended, which held that much.
    pub fn finished(&mut self, held: Held) {
        self.unfinished = self.unfinished.saturating_sub(1);
        self.held.waits = self.held.waits.saturating_sub(held.waits);
        self.held.extents = self.held.extents.saturating_sub(held.extents);
        self.bound_memory = self.bound_memory.saturating_sub(held.unbinds);
    }

    /// Takes a command that came on `queue` with `room` bytes for its reply.
    pub fn command(&mut self, queue: Queue, bytes: &[u8], room: usize) -> Result<Answer, Refusal> {
        let request = decode::decode(queue, bytes)?;
        if decode::opcode(bytes).is_some_and(|opcode| room < reply_size(opcode)) {
            return Err(Refusal::malformed("no room for the whole reply"));
        }
        if !self.greeted && !matches!(request, Request::Hello(_)) {
            return Err(Refusal::malformed("the first command must be Hello"));
        }
        self.suspended = false;
        match request {
            Request::Bind(command, waits, extents) => self.bind(&command, &waits, &extents),
            Request::Unbind(command, waits) => self.unbind(&command, &waits),
            Request::Submit(command, batches, waits) => self.submit(&command, &batches, &waits),
            Request::ResetActive => Ok(Answer::AfterNextRound),
            request => self.control(request).map(Answer::Now),
        }
    }
}

/// Bytes of the reply to a command.
pub fn reply_size(opcode: Opcode) -> usize {
    match opcode {
        Opcode::Hello => size_of::<protocol::HelloReply>(),
        Opcode::QueryPlatform => size_of::<protocol::PlatformReply>(),
        Opcode::QueryLimits => size_of::<protocol::LimitsReply>(),
        Opcode::ReadRegister => size_of::<protocol::ReadRegisterReply>(),
        Opcode::QueryContextRuntime => size_of::<protocol::ContextRuntimeReply>(),
        Opcode::ResetEngines => size_of::<protocol::ResetEnginesReply>(),
        Opcode::Submit => size_of::<protocol::SubmitReply>(),
        _ => size_of::<ReplyHeader>(),
    }
}

/// The reply to a refused command: a header, and zeros up to the size of the reply the
/// driver expects, if there is room for that many.
pub fn refusal_reply(status: Status, bytes: &[u8], room: usize) -> Vec<u8> {
    let mut reply = ReplyHeader::new(status).as_bytes().to_vec();
    if let Some(size) = decode::opcode(bytes)
        .map(reply_size)
        .filter(|&size| size <= room)
    {
        reply.resize(size, 0);
    }
    reply
}

/// Whether a command is a [`protocol::Hello`] of a guest that goes on with what it had before.
pub fn asks_to_resume(bytes: &[u8]) -> bool {
    let request = decode::decode(Queue::Control, bytes);
    let resume = protocol::HelloFlags::RESUME;
    matches!(request, Ok(Request::Hello(hello)) if hello.flags.get() & resume != 0)
}

/// A command's name in the counters and the log.
pub fn command_name(bytes: &[u8]) -> &'static str {
    match decode::opcode(bytes) {
        None => "unknown",
        Some(Opcode::Hello) => "hello",
        Some(Opcode::Suspend) => "suspend",
        Some(Opcode::QueryPlatform) => "query_platform",
        Some(Opcode::QueryLimits) => "query_limits",
        Some(Opcode::ReadRegister) => "read_register",
        Some(Opcode::CreateAddressSpace) => "create_address_space",
        Some(Opcode::DestroyAddressSpace) => "destroy_address_space",
        Some(Opcode::CreateContext) => "create_context",
        Some(Opcode::DestroyContext) => "destroy_context",
        Some(Opcode::SetContextFlags) => "set_context_flags",
        Some(Opcode::CancelContext) => "cancel_context",
        Some(Opcode::CloseContext) => "close_context",
        Some(Opcode::QueryContextRuntime) => "query_context_runtime",
        Some(Opcode::ResetActive) => "reset_active",
        Some(Opcode::ResetEngines) => "reset_engines",
        Some(Opcode::SetEngineProperties) => "set_engine_properties",
        Some(Opcode::Bind) => "bind",
        Some(Opcode::Unbind) => "unbind",
        Some(Opcode::Submit) => "submit",
    }
}

/// A status's name in the counters and the log.
pub fn status_name(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::InvalidCommand => "invalid_command",
        Status::NotFound => "not_found",
        Status::Exists => "exists",
        Status::LimitExceeded => "limit_exceeded",
        Status::BadExtent => "bad_extent",
        Status::BadRange => "bad_range",
        Status::Unsupported => "unsupported",
        Status::Cancelled => "cancelled",
        Status::Hung => "hung",
        Status::DeviceLost => "device_lost",
        Status::OutOfMemory => "out_of_memory",
    }
}
