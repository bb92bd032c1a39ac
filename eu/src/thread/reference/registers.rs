//! What an instruction reads and writes, channel by channel, out of a copy of the registers.

use super::exact::{Exact, Format, HALF, SINGLE, Way};
use crate::isa::*;

/// A thread's registers, as far as the tests' instructions reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Registers {
    /// r0 to r127.
    pub(super) general: Vec<u8>,
    /// a0.
    pub(super) address: [u16; 16],
    /// f0 in the low half, f1.
    pub(super) flags: u64,
    /// What accumulators hold: integers, or floats' bits.
    pub(super) accumulators: Vec<i64>,
    /// cr0.0.
    pub(super) control: u32,
    /// The dispatch mask.
    pub(super) mask: u32,
}

/// An element as a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    Integer(i128),
    Float(f64),
}

impl Value {
    pub(super) fn integer(self) -> i128 {
        match self {
            Self::Integer(value) => value,
            Self::Float(value) => panic!("{value} is no integer"),
        }
    }

    pub(super) fn float(self) -> f64 {
        match self {
            Self::Integer(value) => panic!("{value} is no float"),
            Self::Float(value) => value,
        }
    }
}

/// The type that constants are read as.
pub(super) fn element(kind: DataType) -> DataType {
    match kind {
        DataType::UV => DataType::UW,
        DataType::V => DataType::W,
        DataType::VF => DataType::F,
        kind => kind,
    }
}

pub(super) fn kind_of(source: &Source) -> DataType {
    let (Source::Register { kind, .. } | Source::Immediate { kind, .. }) = source;
    element(*kind)
}

/// The format of a float type.
pub(super) fn format(kind: DataType) -> Format {
    if kind == DataType::HF { HALF } else { SINGLE }
}

/// Bits of a type as a number; denormals as they are.
pub(super) fn number(bits: u64, kind: DataType) -> Value {
    match kind {
        DataType::B => Value::Integer((bits as i8).into()),
        DataType::UB => Value::Integer((bits as u8).into()),
        DataType::W => Value::Integer((bits as i16).into()),
        DataType::UW => Value::Integer((bits as u16).into()),
        DataType::D => Value::Integer((bits as i32).into()),
        DataType::UD => Value::Integer((bits as u32).into()),
        DataType::F => Value::Float(f32::from_bits(bits as u32).into()),
        DataType::HF => {
            let (exponent, fraction) = (bits >> 10 & 31, (bits & 0x3ff) as f64);
            let magnitude = match exponent {
                0 => fraction * 2_f64.powi(-24),
                31 if fraction == 0.0 => f64::INFINITY,
                31 => f64::NAN,
                exponent => (1024.0 + fraction) * 2_f64.powi(exponent as i32 - 25),
            };
            Value::Float(if bits & 0x8000 != 0 {
                -magnitude
            } else {
                magnitude
            })
        }
        kind => panic!("{kind:?}"),
    }
}

/// A number that a float type has as its bits.
pub(super) fn float_bits(value: f64, kind: DataType) -> u64 {
    if kind == DataType::F {
        return (value as f32).to_bits().into();
    }
    let sign = if value.is_sign_negative() { 0x8000 } else { 0 };
    let magnitude = value.abs();
    sign | if value.is_nan() {
        0x7e00
    } else if magnitude.is_infinite() {
        0x7c00
    } else if magnitude < 2_f64.powi(-14) {
        (magnitude * 2_f64.powi(24)) as u64
    } else {
        let exponent = magnitude.log2().floor() as i32;
        let exponent = if 2_f64.powi(exponent) > magnitude {
            exponent - 1
        } else {
            exponent
        };
        let fraction = magnitude / 2_f64.powi(exponent) - 1.0;
        ((exponent + 15) as u64) << 10 | (fraction * 1024.0) as u64
    }
}

impl Registers {
    pub(super) fn way(&self) -> Way {
        [Way::Nearest, Way::Up, Way::Down, Way::Zero][(self.control >> 4 & 3) as usize]
    }

    /// Zero of the same sign for a denormal, unless the type's are kept.
    pub(super) fn flushed(&self, value: f64, kind: DataType) -> f64 {
        let keep = match kind {
            DataType::HF => self.control >> 10 & 1,
            _ => self.control >> 7 & 1,
        };
        if keep == 0 && value.abs() < 2_f64.powi(format(kind).least) {
            0_f64.copysign(value)
        } else {
            value
        }
    }

    /// An exact result in a float type.
    pub(super) fn round(&self, exact: Exact, kind: DataType) -> f64 {
        self.flushed(exact.rounded(format(kind), self.way()), kind)
    }

    fn file(&self, at: usize, size: usize) -> u64 {
        let bytes = &self.general[at..at + size];
        bytes
            .iter()
            .rev()
            .fold(0, |bits, byte| bits << 8 | u64::from(*byte))
    }

    /// A source's bits.
    pub(super) fn bits(&self, source: &Source, channel: usize) -> u64 {
        let (place, region, kind) = match *source {
            Source::Immediate { bits, kind } => return constant(bits, kind, channel),
            Source::Register {
                place,
                region,
                kind,
                ..
            } => (place, region, kind),
        };
        let size = kind.size() as usize;
        let (row, column, vertical, horizontal) = match region {
            Region::Strided {
                vertical,
                width,
                horizontal,
            } => {
                let width = usize::from(width);
                (channel / width, channel % width, vertical, horizontal)
            }
            Region::RowAddresses { width, horizontal } => {
                let width = usize::from(width);
                (channel / width, channel % width, 0, horizontal)
            }
        };
        let element = row * usize::from(vertical) + column * usize::from(horizontal);
        match place {
            Place::Indirect { address, offset } => {
                let of_row = match region {
                    Region::RowAddresses { .. } => row,
                    Region::Strided { .. } => 0,
                };
                let base = self.address[(usize::from(address) + of_row) % 16];
                let at = i64::from(base) + i64::from(offset) + (element * size) as i64;
                self.file(at as usize, size)
            }
            Place::Direct {
                register: Register::General(number),
                byte,
            } => {
                let at = usize::from(number) * 32 + usize::from(byte) + element * size;
                self.file(at, size)
            }
            Place::Direct {
                register: Register::Architecture(ArchitectureRegister::Accumulator(number)),
                ..
            } => {
                assert_eq!(size, 4);
                self.accumulators[usize::from(number) * 8 + element] as u32 as u64
            }
            Place::Direct {
                register: Register::Architecture(ArchitectureRegister::Flag(number)),
                byte,
            } => {
                let at = u32::from(number) * 32 + u32::from(byte) * 8 + (element * size * 8) as u32;
                self.flags >> at & (u64::MAX >> (64 - size * 8))
            }
            place => panic!("{place:?}"),
        }
    }

    /// A source's number, with modifiers; of a logic operation `-` inverts the bits.
    pub(super) fn value(&self, source: &Source, channel: usize, logic: bool) -> Value {
        let kind = kind_of(source);
        let value = number(self.bits(source, channel), kind);
        let (negate, absolute) = match *source {
            Source::Register {
                negate, absolute, ..
            } => (negate, absolute),
            Source::Immediate { .. } => (false, false),
        };
        match value {
            Value::Integer(value) => {
                let value = if absolute { value.abs() } else { value };
                Value::Integer(match (negate, logic) {
                    (true, true) => !value,
                    // The least dword stays what it is.
                    (true, false) if kind == DataType::D && value == i32::MIN.into() => value,
                    (true, false) => -value,
                    _ => value,
                })
            }
            Value::Float(value) => {
                let value = self.flushed(value, kind);
                let value = if absolute { value.abs() } else { value };
                Value::Float(if negate { -value } else { value })
            }
        }
    }

    /// Puts a result's bits where a channel's go.
    pub(super) fn put(&mut self, to: &Destination, channel: usize, bits: i64) {
        let size = to.kind.size() as usize;
        let element = channel * usize::from(to.stride);
        let at = match to.place {
            Place::Direct {
                register: Register::General(number),
                byte,
            } => usize::from(number) * 32 + usize::from(byte) + element * size,
            Place::Indirect { address, offset } => {
                let base = i64::from(self.address[usize::from(address)]);
                (base + i64::from(offset)) as usize + element * size
            }
            Place::Direct {
                register: Register::Architecture(register),
                byte,
            } => {
                match register {
                    ArchitectureRegister::Null => {}
                    ArchitectureRegister::Accumulator(number) => {
                        self.accumulators[usize::from(number) * 8 + element] = bits;
                    }
                    ArchitectureRegister::Address => {
                        self.address[usize::from(byte) / 2 + element] = bits as u16;
                    }
                    ArchitectureRegister::Flag(number) => {
                        let at = u32::from(number) * 32 + u32::from(byte) * 8;
                        let mask = u64::MAX >> (64 - size * 8);
                        self.flags &= !(mask << at);
                        self.flags |= (bits as u64 & mask) << at;
                    }
                    ArchitectureRegister::Control(_) => self.control = bits as u32,
                    register => panic!("{register:?}"),
                }
                return;
            }
        };
        self.general[at..at + size].copy_from_slice(&bits.to_le_bytes()[..size]);
    }
}

/// A constant's bits for a channel.
fn constant(bits: u64, kind: DataType, channel: usize) -> u64 {
    match kind {
        DataType::UV => bits >> (channel % 8 * 4) & 15,
        DataType::V => {
            let nibble = bits >> (channel % 8 * 4) & 15;
            if nibble < 8 { nibble } else { nibble | 0xfff0 }
        }
        DataType::VF => {
            let byte = bits >> (channel % 4 * 8) & 0xff;
            let magnitude = if byte & 0x7f == 0 {
                0.0
            } else {
                (1.0 + (byte & 15) as f32 / 16.0) * 2_f32.powi((byte >> 4 & 7) as i32 - 3)
            };
            let sign = if byte & 0x80 != 0 { 1 << 31 } else { 0 };
            u64::from(magnitude.to_bits()) | sign
        }
        _ => bits,
    }
}
