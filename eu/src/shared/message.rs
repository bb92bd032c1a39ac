//! A message between a thread and a shared function, as bytes.

use super::operation::Operation;

/// Bytes of a register.
pub const REGISTER: usize = 32;

/// Some whole registers of a payload or an answer.
pub type Registers = [[u8; REGISTER]];

/// What a thread sends.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What it asks for, by whom it is sent to and its descriptor.
    pub operation: &'a Operation,
    /// The message descriptor: function control (18:0), header present (19), answer's registers
    /// (24:20), first payload's registers (28:25).
    pub descriptor: u32,
    /// The extended message descriptor.
    pub extended: u32,
    /// Channels of the instruction: 1 to 32.
    pub exec_size: u8,
    /// The channels that execute; bit 0 is the instruction's first channel.
    pub mask: u32,
    /// The first payload, as many registers as the descriptor says.
    pub first: &'a Registers,
    /// The second payload (split send), as many registers as the extended descriptor says; may
    /// be none.
    pub second: &'a Registers,
}

/// Of whom a message is: what shared functions know of a thread besides its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Its number in its thread group.
    pub thread: u32,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done; what it answers stands in the registers given for that.
    Done,
    /// The thread has announced itself at its group's barrier.
    BarrierReached,
    /// The thread has ended.
    EndOfThread,
}
