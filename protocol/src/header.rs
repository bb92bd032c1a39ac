// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 OR MIT

//! What every command and every reply begins with.

use zerocopy::little_endian::{U16, U32};
use zerocopy_derive::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// How many virtqueues the device has.
pub const QUEUE_COUNT: usize = 4;

/// The device's virtqueues, by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Queue {
    /// Lifecycle and questions: version, platform, address spaces, contexts, resets.
    Control = 0,
    /// Page-table updates, each a range.
    Bind = 1,
    /// Batches to execute. A chain comes back when its batch has finished, so chains
    /// come back out of order.
    Submit = 2,
    /// Empty buffers for the device to write an [`Event`](super::Event) into.
    Event = 3,
}

/// A command's payload type: its number, its queue and the reply it gets.
pub trait Command {
    /// The number in [`CommandHeader::opcode`].
    const OPCODE: Opcode;
    /// The queue the command is sent on. On any other it is refused with
    /// [`Status::InvalidCommand`].
    const QUEUE: Queue;
    /// What the device writes back; it begins with a [`ReplyHeader`].
    type Reply;
}

/// Command numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Opcode {
    /// [`Hello`](super::Hello)
    Hello = 0x0001,
    /// [`QueryPlatform`](super::QueryPlatform)
    QueryPlatform = 0x0002,
    /// [`ReadRegister`](super::ReadRegister)
    ReadRegister = 0x0003,
    /// [`Suspend`](super::Suspend)
    Suspend = 0x0004,
    /// [`QueryLimits`](super::QueryLimits)
    QueryLimits = 0x0005,
    /// [`CreateAddressSpace`](super::CreateAddressSpace)
    CreateAddressSpace = 0x0010,
    /// [`DestroyAddressSpace`](super::DestroyAddressSpace)
    DestroyAddressSpace = 0x0011,
    /// [`CreateContext`](super::CreateContext)
    CreateContext = 0x0020,
    /// [`DestroyContext`](super::DestroyContext)
    DestroyContext = 0x0021,
    /// [`SetContextFlags`](super::SetContextFlags)
    SetContextFlags = 0x0022,
    /// [`CancelContext`](super::CancelContext)
    CancelContext = 0x0023,
    /// [`CloseContext`](super::CloseContext)
    CloseContext = 0x0024,
    /// [`QueryContextRuntime`](super::QueryContextRuntime)
    QueryContextRuntime = 0x0025,
    /// [`ResetActive`](super::ResetActive)
    ResetActive = 0x0030,
    /// [`ResetEngines`](super::ResetEngines)
    ResetEngines = 0x0031,
    /// [`SetEngineProperties`](super::SetEngineProperties)
    SetEngineProperties = 0x0032,
    /// [`Bind`](super::Bind)
    Bind = 0x0100,
    /// [`Unbind`](super::Unbind)
    Unbind = 0x0101,
    /// [`Submit`](super::Submit)
    Submit = 0x0200,
}

impl Opcode {
    /// The opcode with this number, if there is one.
    pub const fn from_u16(number: u16) -> Option<Self> {
        Some(match number {
            0x0001 => Self::Hello,
            0x0002 => Self::QueryPlatform,
            0x0003 => Self::ReadRegister,
            0x0004 => Self::Suspend,
            0x0005 => Self::QueryLimits,
            0x0010 => Self::CreateAddressSpace,
            0x0011 => Self::DestroyAddressSpace,
            0x0020 => Self::CreateContext,
            0x0021 => Self::DestroyContext,
            0x0022 => Self::SetContextFlags,
            0x0023 => Self::CancelContext,
            0x0024 => Self::CloseContext,
            0x0025 => Self::QueryContextRuntime,
            0x0030 => Self::ResetActive,
            0x0031 => Self::ResetEngines,
            0x0032 => Self::SetEngineProperties,
            0x0100 => Self::Bind,
            0x0101 => Self::Unbind,
            0x0200 => Self::Submit,
            _ => return None,
        })
    }
}

/// The first bytes of every command.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct CommandHeader {
    /// An [`Opcode`].
    pub opcode: U16,
    /// Must be zero.
    pub reserved: U16,
    /// Bytes of the whole command, this header included. Must be what the command's
    /// fixed part and its lists come to, and no more than the chain's readable bytes.
    pub length: U32,
}

impl CommandHeader {
    /// A header for a command of `length` bytes in all.
    pub const fn new(opcode: Opcode, length: u32) -> Self {
        Self {
            opcode: U16::new(opcode as u16),
            reserved: U16::ZERO,
            length: U32::new(length),
        }
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// Done.
    Ok = 0,
    /// Malformed: unknown number, wrong queue, wrong length, a reserved field that is
    /// not zero, or a count past its limit.
    InvalidCommand = 1,
    /// An address space, context or engine slot that does not exist.
    NotFound = 2,
    /// The id is in use.
    Exists = 3,
    /// One more of these than the device allows a guest.
    LimitExceeded = 4,
    /// A guest-physical extent that is not the guest's memory.
    BadExtent = 5,
    /// A GPU address range that is misaligned, wraps or leaves the address space.
    BadRange = 6,
    /// Understood, and not offered by this platform or executor.
    Unsupported = 7,
    /// The submission did not run, or not to its end, because its context was cancelled
    /// or the device reset; the context is not at fault.
    Cancelled = 8,
    /// The submission hung the engine and its context is at fault.
    Hung = 9,
    /// The device has lost the guest's work and must be reset before it takes more.
    DeviceLost = 10,
    /// The host is out of memory for this guest.
    OutOfMemory = 11,
}

impl Status {
    /// The status with this number. A number from a newer device counts as
    /// [`Status::DeviceLost`]: whatever it means, the command did not succeed.
    pub const fn from_u32(number: u32) -> Self {
        match number {
            0 => Self::Ok,
            1 => Self::InvalidCommand,
            2 => Self::NotFound,
            3 => Self::Exists,
            4 => Self::LimitExceeded,
            5 => Self::BadExtent,
            6 => Self::BadRange,
            7 => Self::Unsupported,
            8 => Self::Cancelled,
            9 => Self::Hung,
            11 => Self::OutOfMemory,
            _ => Self::DeviceLost,
        }
    }
}

/// The first bytes of every reply, and the whole reply of commands that ask nothing.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ReplyHeader {
    /// A [`Status`].
    pub status: U32,
    /// Which of the device's replies this is: counted over all queues, modulo 2^32, as they are
    /// given back. What a command has waited for is over, and given back, before it is itself:
    /// so a driver that finds replies on several queues knows in which order to take them.
    pub order: U32,
}

impl ReplyHeader {
    /// A reply header that says `status`.
    pub const fn new(status: Status) -> Self {
        Self {
            status: U32::new(status as u32),
            order: U32::ZERO,
        }
    }

    /// The status the device reported.
    pub fn status(&self) -> Status {
        Status::from_u32(self.status.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_opcode_number_names_itself() {
        for number in 0..=u16::MAX {
            if let Some(opcode) = Opcode::from_u16(number) {
                assert_eq!(opcode as u16, number);
            }
        }
    }

    #[test]
    fn every_status_number_names_itself_and_unknown_ones_mean_failure() {
        for number in 0..12 {
            assert_eq!(Status::from_u32(number) as u32, number);
        }
        assert_eq!(Status::from_u32(12), Status::DeviceLost);
        assert_eq!(Status::from_u32(u32::MAX), Status::DeviceLost);
    }
}
