//! Atomic operations: what becomes of a value, and the messages that ask for it.

use crate::memory::Memory;
use crate::shared::message::Registers;
use crate::shared::operation::{Addresses, Atomic};
use crate::shared::payload::{LANES, Payload};
use crate::shared::target::Port;
use crate::small_float::{from_half, to_half};
use crate::trap::Trap;

/// What becomes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtomicOperation {
    /// Bitwise.
    And,
    /// Bitwise.
    Or,
    /// Bitwise.
    Xor,
    /// The operand.
    Exchange,
    /// One more.
    Increment,
    /// One less.
    Decrement,
    /// One less, and that is the answer.
    PreDecrement,
    /// The sum with the operand.
    Add,
    /// The value less the operand.
    Subtract,
    /// The operand less the value.
    ReverseSubtract,
    /// The greater of two signed integers.
    SignedMaximum,
    /// The lesser of two signed integers.
    SignedMinimum,
    /// The greater of two unsigned integers.
    UnsignedMaximum,
    /// The lesser of two unsigned integers.
    UnsignedMinimum,
    /// The second operand if the value equals the first.
    CompareExchange,
    /// The greater of two floats; if one isn't a number, the other.
    FloatMaximum,
    /// The lesser of two floats; if one isn't a number, the other.
    FloatMinimum,
    /// The second operand if the value equals the first, as floats.
    FloatCompareExchange,
    /// The sum of two floats.
    FloatAdd,
}

impl AtomicOperation {
    /// By the field of integer atomics.
    pub(super) fn of_integer_field(field: u32) -> Result<Self, Trap> {
        Ok(match field {
            1 => Self::And,
            2 => Self::Or,
            3 => Self::Xor,
            4 => Self::Exchange,
            5 => Self::Increment,
            6 => Self::Decrement,
            7 => Self::Add,
            8 => Self::Subtract,
            9 => Self::ReverseSubtract,
            10 => Self::SignedMaximum,
            11 => Self::SignedMinimum,
            12 => Self::UnsignedMaximum,
            13 => Self::UnsignedMinimum,
            14 => Self::CompareExchange,
            15 => Self::PreDecrement,
            _ => {
                return Err(Trap::BadMessage(
                    "atomic compare and exchange of two values",
                ));
            }
        })
    }

    /// By the field of float atomics.
    pub(super) fn of_float_field(field: u32) -> Result<Self, Trap> {
        Ok(match field {
            1 => Self::FloatMaximum,
            2 => Self::FloatMinimum,
            3 => Self::FloatCompareExchange,
            4 => Self::FloatAdd,
            _ => return Err(Trap::BadMessage("unknown float atomic")),
        })
    }

    /// How many operands it has.
    pub(super) fn operands(self) -> usize {
        match self {
            Self::Increment | Self::Decrement | Self::PreDecrement => 0,
            Self::CompareExchange | Self::FloatCompareExchange => 2,
            _ => 1,
        }
    }

    /// What becomes of the value `old` of 2, 4 or 8 bytes.
    pub(super) fn apply(self, bytes: u8, old: u64, first: u64, second: u64) -> u64 {
        let unused = 64 - u32::from(bytes) * 8;
        let signed = |value: u64| (value << unused) as i64 >> unused;
        let float = |value: u64| match bytes {
            2 => from_half(value as u16),
            _ => f32::from_bits(value as u32),
        };
        let unfloat = |value: f32| match bytes {
            2 => u64::from(to_half(value)),
            _ => u64::from(value.to_bits()),
        };
        let choose = |which: bool| if which { first } else { old };
        let new = match self {
            Self::And => old & first,
            Self::Or => old | first,
            Self::Xor => old ^ first,
            Self::Exchange => first,
            Self::Increment => old.wrapping_add(1),
            Self::Decrement | Self::PreDecrement => old.wrapping_sub(1),
            Self::Add => old.wrapping_add(first),
            Self::Subtract => old.wrapping_sub(first),
            Self::ReverseSubtract => first.wrapping_sub(old),
            Self::SignedMaximum => choose(signed(first) > signed(old)),
            Self::SignedMinimum => choose(signed(first) < signed(old)),
            Self::UnsignedMaximum => choose(first > old),
            Self::UnsignedMinimum => choose(first < old),
            Self::CompareExchange if old == first => second,
            Self::FloatCompareExchange if float(old) == float(first) => second,
            Self::CompareExchange | Self::FloatCompareExchange => old,
            Self::FloatMaximum => choose(float(first) > float(old) || float(old).is_nan()),
            Self::FloatMinimum => choose(float(first) < float(old) || float(old).is_nan()),
            Self::FloatAdd => unfloat(float(old) + float(first)),
        };
        new & (u64::MAX >> unused)
    }

    /// What is answered: what the value was, or what it has become.
    pub(super) fn answer(self, bytes: u8, old: u64) -> u64 {
        match self {
            Self::PreDecrement => self.apply(bytes, old, 0, 0),
            _ => old,
        }
    }
}

/// Changes one value through a port; answers what the operation answers. Values of 2 bytes are
/// changed within their dword.
pub(super) fn change<M: Memory>(
    port: &mut Port<'_, M>,
    operation: AtomicOperation,
    bytes: u8,
    offset: u64,
    [first, second]: [u64; 2],
) -> Result<u64, Trap> {
    let old = match bytes {
        8 => port.update_u64(offset, &mut |old| operation.apply(8, old, first, second))?,
        4 => u64::from(port.update_u32(offset, &mut |old| {
            operation.apply(4, u64::from(old), first, second) as u32
        })?),
        _ => {
            let shift = (offset as u32 & 2) * 8;
            let old = port.update_u32(offset, &mut |old| {
                let new = operation.apply(2, u64::from(old >> shift & 0xffff), first, second);
                old & !(0xffff << shift) | (new as u32) << shift
            })?;
            u64::from(old >> shift & 0xffff)
        }
    };
    if !port.contains(offset & !u64::from(bytes.max(4) - 1), bytes.max(4).into()) {
        return Ok(0);
    }
    Ok(operation.answer(bytes, old))
}

/// Executes an atomic of each channel, in their order.
#[inline(never)]
pub(super) fn execute<M: Memory>(
    port: &mut Port<'_, M>,
    atomic: &Atomic,
    lanes: usize,
    mask: u32,
    mut payload: Payload<'_>,
    answer: &mut Registers,
) -> Result<(), Trap> {
    let offsets = offsets(&mut payload, atomic.addresses, lanes)?;
    let mut operands = [[0; LANES]; 2];
    for operand in &mut operands[..atomic.operation.operands()] {
        if atomic.bytes == 8 {
            *operand = payload.qwords(lanes)?;
        } else {
            let keep = u64::from(u32::MAX >> (32 - u32::from(atomic.bytes) * 8));
            for (value, dword) in operand.iter_mut().zip(payload.dwords(lanes)?) {
                *value = u64::from(dword) & keep;
            }
        }
    }
    let cell = usize::from(atomic.bytes.max(4));
    let answer = answer.as_flattened_mut();
    let answers = atomic.answers && !answer.is_empty();
    if answers && answer.len() < lanes * cell {
        return Err(Trap::BadMessage("answer too short"));
    }
    for lane in (0..lanes).filter(|lane| mask >> lane & 1 != 0) {
        let values = [operands[0][lane], operands[1][lane]];
        let value = change(port, atomic.operation, atomic.bytes, offsets[lane], values)?;
        if answers {
            answer[lane * cell..][..cell].copy_from_slice(&value.to_le_bytes()[..cell]);
        }
    }
    Ok(())
}

/// Takes the channels' addresses, as bytes.
#[inline]
pub(super) fn offsets(
    payload: &mut Payload<'_>,
    addresses: Addresses,
    lanes: usize,
) -> Result<[u64; LANES], Trap> {
    let shift = match addresses {
        Addresses::Long => return payload.qwords(lanes),
        Addresses::Bytes => 0,
        Addresses::Dwords => 2,
        Addresses::Owords => 4,
    };
    let (dwords, _) = payload.take(lanes * 4)?.as_chunks();
    let mut offsets = [0; LANES];
    for (offset, dword) in offsets.iter_mut().zip(dwords) {
        *offset = u64::from(u32::from_le_bytes(*dword)) << shift;
    }
    Ok(offsets)
}
