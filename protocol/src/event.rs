// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 OR MIT

//! What the device tells unasked, in buffers the driver keeps on the event queue.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy_derive::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum EventKind {
    /// A submission hung its engine and its context was reset.
    Hang = 1,
    /// The device can't go on: every unfinished submission has ended with
    /// [`Status::DeviceLost`](super::Status::DeviceLost).
    DeviceLost = 2,
}

impl EventKind {
    /// The kind with this number, if there is one.
    pub const fn from_u32(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::Hang),
            2 => Some(Self::DeviceLost),
            _ => None,
        }
    }
}

/// Registers of the engine that hung; zeroes in events of another kind.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct EngineRegisters {
    /// BBADDR: GPU address where the first-level batch is, behind the call if it has called
    /// another.
    pub batch_address: U64,
    /// BB_STATE.
    pub batch_state: U32,
    /// ESR: what the command parser reports.
    pub error: U32,
    /// INSTDONE: the units that have nothing to do.
    pub done: U32,
    /// INSTPM.
    pub parser_mode: U32,
    /// NOPID: the number of the last MI_NOOP that had one.
    pub nop_id: U32,
    /// Zero.
    pub reserved: U32,
}

/// One event. Lost, and counted by the device, when the driver has no buffer there.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Event {
    /// An [`EventKind`].
    pub kind: U32,
    /// The context at fault.
    pub context: U32,
    /// Its engine slot.
    pub slot: U16,
    /// Class of the engine it hung.
    pub class: U16,
    /// Instance of that engine.
    pub instance: U16,
    /// Zero.
    pub reserved: U16,
    /// GPU address of the command the engine stopped at.
    pub command_address: U64,
    /// That command's first dword.
    pub command: U32,
    /// Zero.
    pub reserved2: U32,
    /// The GPU address whose access failed, or zero.
    pub fault_address: U64,
    /// The submission: its slot's timeline value.
    pub signal: U64,
    /// The engine's registers, as i915's error state has them.
    pub registers: EngineRegisters,
    /// Why, in words, NUL padded UTF-8.
    pub reason: [u8; 96],
}
