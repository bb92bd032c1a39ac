//! Descriptors of the data cache (data port 0) and the constant cache.

use super::{
    Addresses, Binding, Block, BlockAddress, Operation, Scattered, bit, bits, message_type, owords,
};
use crate::trap::Trap;

/// A message to data port 0.
pub(super) fn decode(descriptor: u32) -> Result<Operation, Trap> {
    if bit(descriptor, 18) {
        return Ok(scratch(descriptor));
    }
    match message_type(descriptor) {
        0x00 => block(descriptor, Addresses::Owords, false),
        0x01 => block(descriptor, Addresses::Bytes, false),
        0x08 => block(descriptor, Addresses::Owords, true),
        0x09 => block(descriptor, Addresses::Bytes, true),
        0x03 => dwords(descriptor, false),
        0x0b => dwords(descriptor, true),
        0x04 => bytes(descriptor, false),
        0x0c => bytes(descriptor, true),
        0x07 => Ok(Operation::Fence),
        0x02 | 0x0a => Err(Trap::BadMessage("oword dual block")),
        _ => Err(Trap::BadMessage("unknown message to data port 0")),
    }
}

/// A message to the constant cache, which only reads.
pub(super) fn decode_constant(descriptor: u32) -> Result<Operation, Trap> {
    match message_type(descriptor) {
        0x00 => block(descriptor, Addresses::Owords, false),
        0x01 => block(descriptor, Addresses::Bytes, false),
        0x03 => dwords(descriptor, false),
        _ => Err(Trap::BadMessage("unknown message to the constant cache")),
    }
}

fn block(descriptor: u32, addresses: Addresses, write: bool) -> Result<Operation, Trap> {
    let (bytes, high) = owords(descriptor)?;
    Ok(Operation::Block(Block {
        write,
        binding: Binding::of_descriptor(descriptor)?,
        address: BlockAddress::Header(addresses),
        bytes,
        high,
    }))
}

/// Hwords (32 bytes) of a thread's scratch space; these messages have no binding.
fn scratch(descriptor: u32) -> Operation {
    Operation::Block(Block {
        write: bit(descriptor, 17),
        binding: Binding::Stateless,
        address: BlockAddress::Scratch(bits(descriptor, 0, 12) * 32),
        bytes: 32 << bits(descriptor, 12, 2),
        high: false,
    })
}

fn dwords(descriptor: u32, write: bool) -> Result<Operation, Trap> {
    Ok(Operation::Scattered(Scattered {
        write,
        binding: Binding::of_descriptor(descriptor)?,
        addresses: Addresses::Dwords,
        lanes: lanes(descriptor),
        bytes: 4,
        elements: run(descriptor),
        untyped: false,
    }))
}

fn bytes(descriptor: u32, write: bool) -> Result<Operation, Trap> {
    let bytes = match bits(descriptor, 10, 2) {
        0 => 1,
        1 => 2,
        2 => 4,
        _ => return Err(Trap::BadMessage("byte scattered with elements of 8 bytes")),
    };
    Ok(Operation::Scattered(Scattered {
        write,
        binding: Binding::of_descriptor(descriptor)?,
        addresses: Addresses::Bytes,
        lanes: lanes(descriptor),
        bytes,
        elements: 1,
        untyped: false,
    }))
}

/// Channels by bit 8.
fn lanes(descriptor: u32) -> u8 {
    if bit(descriptor, 8) { 16 } else { 8 }
}

/// The first 1, 2, 4 or 8 elements, by the field (11:10).
pub(super) fn run(descriptor: u32) -> u8 {
    [0x01, 0x03, 0x0f, 0xff][bits(descriptor, 10, 2) as usize]
}
