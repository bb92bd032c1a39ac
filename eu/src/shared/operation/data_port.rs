//! Descriptors of data port 1, and of the render cache, which knows some of its messages.

use super::data_cache::run;
use super::{
    Addresses, Atomic, Binding, Block, BlockAddress, Media, Operation, Scattered, Typed,
    TypedAccess, bit, bits, message_type, owords,
};
use crate::shared::atomic::AtomicOperation;
use crate::trap::Trap;

/// A message to data port 1.
pub(super) fn decode(descriptor: u32) -> Result<Operation, Trap> {
    use Addresses::{Bytes, Long};
    match message_type(descriptor) {
        0x01 => untyped(descriptor, Bytes, false),
        0x09 => untyped(descriptor, Bytes, true),
        0x11 => untyped(descriptor, Long, false),
        0x19 => untyped(descriptor, Long, true),
        0x10 => scattered(descriptor, false),
        0x1a => scattered(descriptor, true),
        0x14 => block(descriptor, false),
        0x15 => block(descriptor, true),
        0x02 => integer(descriptor, Bytes, Some(lanes(descriptor)), 4),
        0x03 => integer(descriptor, Bytes, Some(lanes(descriptor)), 2),
        0x12 => {
            let bytes = if bit(descriptor, 12) { 8 } else { 4 };
            integer(descriptor, Long, Some(8), bytes)
        }
        0x13 => integer(descriptor, Long, None, 2),
        0x1b => float(descriptor, Bytes, Some(lanes(descriptor)), 4),
        0x1c => float(descriptor, Bytes, Some(lanes(descriptor)), 2),
        0x1d => float(descriptor, Long, None, 4),
        0x1e => float(descriptor, Long, None, 2),
        0x04 => media(descriptor, false),
        0x0a => media(descriptor, true),
        0x05 => typed(descriptor, false),
        0x0d => typed(descriptor, true),
        0x06 => typed_atomic(descriptor, 4),
        0x07 => typed_atomic(descriptor, 2),
        0x0b | 0x0c => Err(Trap::BadMessage("atomic on an append counter")),
        _ => Err(Trap::BadMessage("unknown message to data port 1")),
    }
}

/// A message to the render cache. Those to render targets aren't modelled.
pub(super) fn decode_render_cache(descriptor: u32) -> Result<Operation, Trap> {
    match bits(descriptor, 14, 4) {
        0x04 => media(descriptor, false),
        0x0a => media(descriptor, true),
        0x0c | 0x0d => Err(Trap::BadMessage("access to a render target")),
        _ => Err(Trap::BadMessage("unknown message to the render cache")),
    }
}

fn media(descriptor: u32, write: bool) -> Result<Operation, Trap> {
    if bits(descriptor, 8, 3) != 0 {
        return Err(Trap::BadMessage("media block of interlaced rows"));
    }
    Ok(Operation::Media(Media {
        write,
        binding: Binding::of_image(descriptor)?,
    }))
}

/// Components by a mask of those that are left out (11:8).
fn typed(descriptor: u32, write: bool) -> Result<Operation, Trap> {
    let components = !bits(descriptor, 8, 4) as u8 & 0xf;
    if components == 0 {
        return Err(Trap::BadMessage("access to no component of a texel"));
    }
    let high = match bits(descriptor, 12, 2) {
        1 => false,
        2 => true,
        _ => return Err(Trap::BadMessage("channels of an access to texels")),
    };
    Ok(Operation::Typed(Typed {
        access: if write {
            TypedAccess::Write { components }
        } else {
            TypedAccess::Read { components }
        },
        binding: Binding::of_image(descriptor)?,
        high,
    }))
}

fn typed_atomic(descriptor: u32, bytes: u8) -> Result<Operation, Trap> {
    Ok(Operation::Typed(Typed {
        access: TypedAccess::Atomic {
            operation: AtomicOperation::of_integer_field(bits(descriptor, 8, 4))?,
            bytes,
            answers: bit(descriptor, 13),
        },
        binding: Binding::of_image(descriptor)?,
        high: bit(descriptor, 12),
    }))
}

/// Where 64-bit addresses lead; the index only tells how coherent caches are.
fn long_binding(descriptor: u32) -> Result<Binding, Trap> {
    match Binding::of_descriptor(descriptor)? {
        Binding::Stateless => Ok(Binding::Stateless),
        _ => Err(Trap::BadMessage("64-bit addresses with a surface")),
    }
}

fn binding(descriptor: u32, addresses: Addresses) -> Result<Binding, Trap> {
    match addresses {
        Addresses::Long => long_binding(descriptor),
        _ => Binding::of_descriptor(descriptor),
    }
}

/// Dwords, by a mask of those that are left out (11:8).
fn untyped(descriptor: u32, addresses: Addresses, write: bool) -> Result<Operation, Trap> {
    let elements = !bits(descriptor, 8, 4) as u8 & 0xf;
    if elements == 0 {
        return Err(Trap::BadMessage("untyped access to no dword"));
    }
    let lanes = match bits(descriptor, 12, 2) {
        1 => 16,
        2 => 8,
        _ => return Err(Trap::BadMessage("SIMD mode of an untyped access")),
    };
    Ok(Operation::Scattered(Scattered {
        write,
        binding: binding(descriptor, addresses)?,
        addresses,
        lanes,
        bytes: 4,
        elements,
        untyped: true,
    }))
}

/// Bytes, dwords or qwords at 64-bit addresses.
fn scattered(descriptor: u32, write: bool) -> Result<Operation, Trap> {
    let (bytes, elements) = match bits(descriptor, 8, 2) {
        0 => match bits(descriptor, 10, 2) {
            0 => (1, 1),
            1 => (2, 1),
            2 => (4, 1),
            _ => return Err(Trap::BadMessage("byte scattered with elements of 8 bytes")),
        },
        1 => (4, run(descriptor)),
        2 => (8, run(descriptor)),
        _ => return Err(Trap::BadMessage("scattered access with status")),
    };
    Ok(Operation::Scattered(Scattered {
        write,
        binding: long_binding(descriptor)?,
        addresses: Addresses::Long,
        lanes: if bit(descriptor, 12) { 16 } else { 8 },
        bytes,
        elements,
        untyped: false,
    }))
}

/// Owords, aligned (0) or not (1), or hwords (3) at a 64-bit address.
fn block(descriptor: u32, write: bool) -> Result<Operation, Trap> {
    let (bytes, high) = match bits(descriptor, 11, 2) {
        0 | 1 => owords(descriptor)?,
        3 => match bits(descriptor, 8, 3) {
            log @ 0..=3 => (32 << log, false),
            _ => return Err(Trap::BadMessage("reserved size of an hword block")),
        },
        _ => return Err(Trap::BadMessage("oword dual block")),
    };
    Ok(Operation::Block(Block {
        write,
        binding: long_binding(descriptor)?,
        address: BlockAddress::Header(Addresses::Long),
        bytes,
        high,
    }))
}

/// Channels by bit 12, which is set for 8.
fn lanes(descriptor: u32) -> u8 {
    if bit(descriptor, 12) { 8 } else { 16 }
}

fn integer(
    descriptor: u32,
    addresses: Addresses,
    lanes: Option<u8>,
    bytes: u8,
) -> Result<Operation, Trap> {
    Ok(Operation::Atomic(Atomic {
        operation: AtomicOperation::of_integer_field(bits(descriptor, 8, 4))?,
        binding: binding(descriptor, addresses)?,
        addresses,
        lanes,
        bytes,
        answers: bit(descriptor, 13),
    }))
}

fn float(
    descriptor: u32,
    addresses: Addresses,
    lanes: Option<u8>,
    bytes: u8,
) -> Result<Operation, Trap> {
    Ok(Operation::Atomic(Atomic {
        operation: AtomicOperation::of_float_field(bits(descriptor, 8, 3))?,
        binding: binding(descriptor, addresses)?,
        addresses,
        lanes,
        bytes,
        answers: bit(descriptor, 13),
    }))
}
