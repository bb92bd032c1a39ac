//! What a message asks for, with nothing left of how its descriptor encodes it. Knows
//! descriptors, not payloads.

mod data_cache;
mod data_port;
mod sampler;

pub use sampler::{Sample, Sampling};

use crate::isa::SharedFunction;
use crate::shared::atomic::AtomicOperation;
use crate::trap::Trap;

/// What a message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Each channel reads or writes at an address of its own.
    Scattered(Scattered),
    /// Consecutive bytes, whatever the channels.
    Block(Block),
    /// Each channel changes a value at an address of its own.
    Atomic(Atomic),
    /// Each channel reads, writes or changes a texel.
    Typed(Typed),
    /// A rectangle of an image's bytes.
    Media(Media),
    /// Each channel samples an image.
    Sample(Sample),
    /// What was written before is seen by who reads after.
    Fence,
    /// The thread reaches its group's barrier.
    Barrier,
    /// The thread ends.
    EndOfThread,
}

/// Where addresses lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// Shared local memory.
    Local,
    /// All memory: from the general state base address with 32-bit addresses, from 0 with 64-bit
    /// ones.
    Stateless,
    /// The surface that the extended descriptor names.
    Bindless,
    /// The surface of this entry of the binding table.
    Table(u8),
}

impl Binding {
    /// From the low byte of a data port message's descriptor.
    fn of_descriptor(descriptor: u32) -> Result<Self, Trap> {
        match descriptor as u8 {
            index @ 0..=239 => Ok(Self::Table(index)),
            252 => Ok(Self::Bindless),
            253 | 255 => Ok(Self::Stateless),
            254 => Ok(Self::Local),
            _ => Err(Trap::BadMessage("reserved binding table index")),
        }
    }

    /// The same, for messages that want an image.
    fn of_image(descriptor: u32) -> Result<Self, Trap> {
        match Self::of_descriptor(descriptor)? {
            binding @ (Self::Table(_) | Self::Bindless) => Ok(binding),
            Self::Local | Self::Stateless => {
                Err(Trap::BadMessage("access to texels without surface"))
            }
        }
    }
}

/// How a payload gives addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addresses {
    /// 32 bits, bytes from the binding's beginning.
    Bytes,
    /// 32 bits, dwords from the binding's beginning.
    Dwords,
    /// 32 bits, owords (16 bytes) from the binding's beginning.
    Owords,
    /// 64 bits, GPU virtual addresses.
    Long,
}

/// Reads or writes of elements at an address of each channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scattered {
    /// It writes.
    pub write: bool,
    /// Where.
    pub binding: Binding,
    /// How the addresses are given.
    pub addresses: Addresses,
    /// Channels: 8 or 16.
    pub lanes: u8,
    /// Bytes of an element: 1, 2, 4 or 8. In registers those below 4 have a dword each.
    pub bytes: u8,
    /// Which elements from the address on, a bit each; never none.
    pub elements: u8,
    /// An untyped surface access: of aligned dwords, and a header says by its dword 7 which
    /// channels execute besides the instruction's mask.
    pub untyped: bool,
}

/// A read or write of consecutive bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// It writes.
    pub write: bool,
    /// Where.
    pub binding: Binding,
    /// Where in it.
    pub address: BlockAddress,
    /// Bytes: 16, or whole registers up to 8.
    pub bytes: u16,
    /// 16 bytes are those of a register's upper half.
    pub high: bool,
}

/// Where a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockAddress {
    /// The header says.
    Header(Addresses),
    /// So many bytes into the thread's scratch space.
    Scratch(u32),
}

/// An atomic change at an address of each channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Atomic {
    /// What becomes of the value.
    pub operation: AtomicOperation,
    /// Where.
    pub binding: Binding,
    /// How the addresses are given.
    pub addresses: Addresses,
    /// Channels: 8 or 16; none: as many as the instruction has.
    pub lanes: Option<u8>,
    /// Bytes of a value: 2, 4 or 8.
    pub bytes: u8,
    /// It answers what was there.
    pub answers: bool,
}

/// An access to texels by coordinates of each of 8 channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Typed {
    /// What is done.
    pub access: TypedAccess,
    /// The image.
    pub binding: Binding,
    /// A header's sample mask is of 16 channels, and these are its upper 8.
    pub high: bool,
}

/// What is done with a texel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypedAccess {
    /// These components are read, a bit each.
    Read {
        /// Never none.
        components: u8,
    },
    /// These components are written, a bit each.
    Write {
        /// Never none.
        components: u8,
    },
    /// It is changed.
    Atomic {
        /// How.
        operation: AtomicOperation,
        /// Bytes of it: 2 or 4.
        bytes: u8,
        /// What was there is answered.
        answers: bool,
    },
}

/// A read or write of a rectangle of bytes, which the header describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Media {
    /// It writes.
    pub write: bool,
    /// The image.
    pub binding: Binding,
}

impl Operation {
    /// What a message with this descriptor to that shared function asks for.
    pub fn decode(function: SharedFunction, descriptor: u32) -> Result<Self, Trap> {
        match function {
            SharedFunction::DataPort0 => data_cache::decode(descriptor),
            SharedFunction::DataPort1 => data_port::decode(descriptor),
            SharedFunction::ConstantCache => data_cache::decode_constant(descriptor),
            SharedFunction::Gateway => match bits(descriptor, 0, 3) {
                4 => Ok(Self::Barrier),
                _ => Err(Trap::BadMessage("gateway message that is no barrier")),
            },
            SharedFunction::ThreadSpawner => match bits(descriptor, 0, 3) {
                0 => Ok(Self::EndOfThread),
                _ => Err(Trap::BadMessage(
                    "thread spawner message that is no end of thread",
                )),
            },
            SharedFunction::Sampler => sampler::decode(descriptor),
            SharedFunction::RenderCache => data_port::decode_render_cache(descriptor),
            SharedFunction::Null => Err(Trap::BadMessage("message to nobody")),
            SharedFunction::Urb => Err(Trap::BadMessage("URB message")),
            SharedFunction::DataPort2 => Err(Trap::BadMessage("message to data port 2")),
            SharedFunction::MotionEstimation
            | SharedFunction::PixelInterpolator
            | SharedFunction::Refinement => {
                Err(Trap::BadMessage("message to a unit that isn't modelled"))
            }
        }
    }
}

/// `count` bits from `first` on.
pub(super) const fn bits(value: u32, first: u32, count: u32) -> u32 {
    (value >> first) & ((1 << count) - 1)
}

/// Whether a bit is set.
pub(super) const fn bit(value: u32, number: u32) -> bool {
    value >> number & 1 != 0
}

/// The type field of a data port message.
const fn message_type(descriptor: u32) -> u32 {
    bits(descriptor, 14, 5)
}

/// Bytes of a block, and whether they are a register's upper half, by the field (10:8) that
/// counts owords.
fn owords(descriptor: u32) -> Result<(u16, bool), Trap> {
    match bits(descriptor, 8, 3) {
        0 => Ok((16, false)),
        1 => Ok((16, true)),
        2 => Ok((32, false)),
        3 => Ok((64, false)),
        4 => Ok((128, false)),
        5 => Ok((256, false)),
        _ => Err(Trap::BadMessage("reserved size of an oword block")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FUNCTIONS: [SharedFunction; 13] = [
        SharedFunction::Null,
        SharedFunction::Sampler,
        SharedFunction::Gateway,
        SharedFunction::DataPort2,
        SharedFunction::RenderCache,
        SharedFunction::Urb,
        SharedFunction::ThreadSpawner,
        SharedFunction::MotionEstimation,
        SharedFunction::ConstantCache,
        SharedFunction::DataPort0,
        SharedFunction::PixelInterpolator,
        SharedFunction::DataPort1,
        SharedFunction::Refinement,
    ];

    proptest! {
        /// Any descriptor is an operation or a malformed message; no decoded one is empty.
        #[test]
        fn any_descriptor_decodes_or_is_refused(descriptor in any::<u32>(), function in 0..13usize) {
            match Operation::decode(FUNCTIONS[function], descriptor) {
                Ok(Operation::Scattered(it)) => {
                    prop_assert!(it.elements != 0);
                    prop_assert!(matches!(it.lanes, 8 | 16));
                    prop_assert!(matches!(it.bytes, 1 | 2 | 4 | 8));
                }
                Ok(Operation::Block(it)) => prop_assert!(it.bytes >= 16 && it.bytes <= 256),
                Ok(_) => {}
                Err(trap) => prop_assert!(matches!(trap, Trap::BadMessage(_))),
            }
        }
    }

    /// Descriptors as a compiler of OpenCL C makes them.
    #[test]
    fn descriptors_of_compiled_kernels() {
        let scattered = |write, binding, lanes, bytes, elements, untyped| {
            Ok(Operation::Scattered(Scattered {
                write,
                binding,
                addresses: Addresses::Bytes,
                lanes,
                bytes,
                elements,
                untyped,
            }))
        };
        let decode = Operation::decode;
        use SharedFunction::{DataPort0, DataPort1, Gateway, ThreadSpawner};
        // Untyped surface read and write, x and xyzw.
        assert_eq!(
            decode(DataPort1, 0x0420_5e00),
            scattered(false, Binding::Table(0), 16, 4, 1, true)
        );
        assert_eq!(
            decode(DataPort1, 0x0402_5efe),
            scattered(true, Binding::Local, 16, 4, 1, true)
        );
        assert_eq!(
            decode(DataPort1, 0x0480_5001),
            scattered(false, Binding::Table(1), 16, 4, 15, true)
        );
        // Byte scattered read of bytes, words and a dword.
        assert_eq!(
            decode(DataPort0, 0x0421_0102),
            scattered(false, Binding::Table(2), 16, 1, 1, false)
        );
        assert_eq!(
            decode(DataPort0, 0x0403_0503),
            scattered(true, Binding::Table(3), 16, 2, 1, false)
        );
        assert_eq!(
            decode(DataPort0, 0x0211_0805),
            scattered(false, Binding::Table(5), 8, 4, 1, false)
        );
        // A64 dword scattered write.
        assert_eq!(
            decode(DataPort1, 0x0406_81ff),
            Ok(Operation::Scattered(Scattered {
                write: true,
                binding: Binding::Stateless,
                addresses: Addresses::Long,
                lanes: 8,
                bytes: 4,
                elements: 1,
                untyped: false,
            }))
        );
        // Oword blocks: 32 bytes at a byte offset, and at an address.
        assert_eq!(
            decode(DataPort0, 0x0218_4200),
            Ok(Operation::Block(Block {
                write: false,
                binding: Binding::Table(0),
                address: BlockAddress::Header(Addresses::Bytes),
                bytes: 32,
                high: false,
            }))
        );
        assert_eq!(
            decode(DataPort1, 0x021d_0aff),
            Ok(Operation::Block(Block {
                write: false,
                binding: Binding::Stateless,
                address: BlockAddress::Header(Addresses::Long),
                bytes: 32,
                high: false,
            }))
        );
        // A64 compare and exchange, and an exchange that answers.
        let atomic = |operation, answers| {
            Ok(Operation::Atomic(Atomic {
                operation,
                binding: Binding::Stateless,
                addresses: Addresses::Long,
                lanes: Some(8),
                bytes: 4,
                answers,
            }))
        };
        assert_eq!(
            decode(DataPort1, 0x0404_8eff),
            atomic(AtomicOperation::CompareExchange, false)
        );
        assert_eq!(
            decode(DataPort1, 0x0414_a4ff),
            atomic(AtomicOperation::Exchange, true)
        );
        // Fences, barrier, end.
        assert_eq!(decode(DataPort0, 0x0219_e0fe), Ok(Operation::Fence));
        assert_eq!(decode(DataPort0, 0x0219_e000), Ok(Operation::Fence));
        assert_eq!(decode(Gateway, 0x0200_0004), Ok(Operation::Barrier));
        assert_eq!(
            decode(ThreadSpawner, 0x0200_0010),
            Ok(Operation::EndOfThread)
        );
    }
}
