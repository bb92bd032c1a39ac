//! From bits to [`Instruction`].

use super::bits::Field;
use super::codes::*;
use super::compaction;
use super::instruction::*;
use super::layout::{self, SourceFields, TernaryFields};
use super::opcode::{Format, Opcode, OpcodeInfo};

/// Why bytes are no instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Fewer bytes than the instruction has.
    #[error("an instruction of {needed} bytes, {have} are left")]
    TooShort {
        /// Bytes that it has.
        needed: u32,
        /// Bytes that there are.
        have: u32,
    },
    /// No opcode has this number.
    #[error("unknown opcode {0:#04x}")]
    UnknownOpcode(u8),
    /// The opcode, or the type of its immediate, has no compacted form.
    #[error("`{}` compacted", .0.name())]
    NotCompactable(Opcode),
    /// A field has a value that means nothing.
    #[error("reserved {what} {value:#x}")]
    Reserved {
        /// The field.
        what: &'static str,
        /// Its value.
        value: u8,
    },
}

pub(super) fn reserved<T>(what: &'static str, value: u8) -> Result<T, DecodeError> {
    Err(DecodeError::Reserved { what, value })
}

/// Decodes the instruction that bytes begin with; those behind it are not looked at.
pub fn decode(bytes: &[u8]) -> Result<Instruction, DecodeError> {
    let too_short = |needed| DecodeError::TooShort {
        needed,
        have: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
    };
    let first = bytes.first_chunk().ok_or(too_short(COMPACTED))?;
    let first = u64::from_le_bytes(*first);
    let number = layout::OPCODE.byte(u128::from(first));
    let opcode = Opcode::from_number(number).ok_or(DecodeError::UnknownOpcode(number))?;
    let compacted = layout::COMPACTED.is_set(u128::from(first));
    let bits = if compacted {
        compaction::expand(opcode, first)?
    } else {
        u128::from_le_bytes(*bytes.first_chunk().ok_or(too_short(NATIVE))?)
    };
    Encoded {
        bits,
        info: opcode.info(),
        compacted,
    }
    .decode()
}

/// A native instruction's bits.
struct Encoded {
    bits: u128,
    info: &'static OpcodeInfo,
    compacted: bool,
}

impl Encoded {
    fn decode(&self) -> Result<Instruction, DecodeError> {
        let mut instruction = self.common()?;
        match self.info.format {
            Format::Bare => {}
            Format::Basic => self.basic(&mut instruction)?,
            Format::Math => self.math(&mut instruction)?,
            Format::Ternary => self.ternary(&mut instruction)?,
            Format::Send => self.send(&mut instruction)?,
            Format::Sync => self.sync(&mut instruction)?,
            Format::Jump | Format::JumpTwo => self.jump(&mut instruction)?,
        }
        Ok(instruction)
    }

    fn is_set(&self, field: Field) -> bool {
        field.is_set(self.bits)
    }

    fn byte(&self, field: Field) -> u8 {
        field.byte(self.bits)
    }

    /// What all instructions have; no operands yet.
    fn common(&self) -> Result<Instruction, DecodeError> {
        let allows = &self.info.allows;
        let opcode = self.info.opcode;
        let bare = self.info.format == Format::Bare;
        let exec_size = match self.byte(layout::EXEC_SIZE) {
            _ if bare => 1,
            size @ 0..=5 => 1 << size,
            size => return reserved("execution size", size),
        };
        // jmpi is of all channels or none.
        let channel_offset = if bare || opcode == Opcode::Jmpi {
            0
        } else {
            self.byte(layout::CHANNEL_OFFSET) * 4
        };
        let predicate = match self.byte(layout::PREDICATE) {
            0 => None,
            _ if !allows.predicate => None,
            control => Some(Predicate {
                control: predicate_control(control)?,
                inverted: self.is_set(layout::PREDICATE_INVERTED),
            }),
        };
        let condition = match self.byte(layout::CONDITION) {
            0 => None,
            _ if !allows.condition || self.long_immediate() => None,
            code => Some(condition(code)?),
        };
        let bit_33 = self.is_set(layout::WRITES_ACCUMULATOR);
        Ok(Instruction {
            opcode,
            compacted: self.compacted,
            exec_size,
            channel_offset,
            mask_disabled: !bare && self.is_set(layout::MASK_DISABLED),
            predicate,
            flag: Flag {
                register: self.byte(layout::FLAG_REGISTER),
                subregister: self.byte(layout::FLAG_SUBREGISTER),
            },
            condition,
            saturate: allows.saturate && self.is_set(layout::SATURATE),
            writes_accumulator: bit_33
                && matches!(
                    self.info.format,
                    Format::Basic | Format::Math | Format::Ternary
                ),
            branch_control: bit_33 && allows.branch_control,
            atomic: !bare && self.is_set(layout::ATOMIC),
            breakpoint: opcode != Opcode::Illegal && self.is_set(layout::BREAKPOINT),
            scoreboard: if opcode == Opcode::Illegal {
                0
            } else {
                self.byte(layout::SCOREBOARD)
            },
            destination: None,
            sources: [None; 3],
            math: None,
            sync: None,
            jip: None,
            uip: None,
            message: None,
        })
    }

    /// Source 0 is a constant of 64 bits, which lies over the condition.
    fn long_immediate(&self) -> bool {
        self.info.format == Format::Basic
            && self.is_set(layout::SOURCE_0.immediate)
            && is_long(self.byte(layout::SOURCE_0.kind))
    }

    fn basic(&self, instruction: &mut Instruction) -> Result<(), DecodeError> {
        instruction.destination = Some(self.destination()?);
        instruction.sources[0] = Some(self.source(&layout::SOURCE_0)?);
        if self.info.sources == 2 {
            if self.is_set(layout::SOURCE_0.immediate) {
                return reserved("constant as the first of two sources", 1);
            }
            instruction.sources[1] = Some(self.source(&layout::SOURCE_1)?);
        }
        Ok(())
    }

    fn math(&self, instruction: &mut Instruction) -> Result<(), DecodeError> {
        let function = math_function(self.byte(layout::CONDITION))?;
        instruction.math = Some(function);
        instruction.destination = Some(self.destination()?);
        instruction.sources[0] = Some(self.source(&layout::SOURCE_0)?);
        if function.sources() == 2 {
            instruction.sources[1] = Some(self.source(&layout::SOURCE_1)?);
        }
        if function.is_macro() {
            // Implied by the function.
            instruction.condition = Some(Condition::EarlyOut);
        }
        Ok(())
    }

    fn destination(&self) -> Result<Destination, DecodeError> {
        let fields = &layout::DESTINATION;
        let place = if self.is_set(fields.indirect) {
            Place::Indirect {
                address: self.byte(fields.address),
                offset: signed_offset(fields.offset.of(self.bits)),
            }
        } else {
            self.direct(fields.general, fields.register, fields.byte)
        };
        Ok(Destination {
            place,
            stride: match self.byte(fields.stride) {
                0 => return reserved("destination stride", 0),
                code => 1 << (code - 1),
            },
            kind: register_kind(self.byte(fields.kind))?,
        })
    }

    fn direct(&self, general: Field, register: Field, byte: Field) -> Place {
        Place::Direct {
            register: register_name(self.is_set(general), self.byte(register)),
            byte: self.byte(byte),
        }
    }

    fn source(&self, fields: &SourceFields) -> Result<Source, DecodeError> {
        let code = self.byte(fields.kind);
        if self.is_set(fields.immediate) {
            let kind = immediate_kind(code)?;
            let low = layout::IMMEDIATE_LOW.of(self.bits);
            let bits = match kind.size() {
                8 => layout::IMMEDIATE_HIGH.of(self.bits) << 32 | low,
                2 if !matches!(kind, DataType::UV | DataType::V) => low & 0xFFFF,
                _ => low,
            };
            return Ok(Source::Immediate { bits, kind });
        }
        let indirect = self.is_set(fields.indirect);
        let place = if indirect {
            Place::Indirect {
                address: self.byte(fields.address),
                offset: signed_offset(fields.offset.of(self.bits)),
            }
        } else {
            self.direct(fields.general, fields.register, fields.byte)
        };
        let width = match self.byte(fields.width) {
            code @ 0..=4 => 1 << code,
            code => return reserved("region width", code),
        };
        let horizontal = stride(self.byte(fields.horizontal));
        let region = match self.byte(fields.vertical) {
            code @ 0..=6 => Region::Strided {
                vertical: stride(code),
                width,
                horizontal,
            },
            0xF if indirect => Region::RowAddresses { width, horizontal },
            code => return reserved("vertical stride", code),
        };
        let allowed = self.info.allows.modifiers;
        Ok(Source::Register {
            place,
            region,
            kind: register_kind(code)?,
            negate: allowed && self.is_set(fields.negate),
            absolute: allowed && self.is_set(fields.absolute),
        })
    }

    fn ternary(&self, instruction: &mut Instruction) -> Result<(), DecodeError> {
        let float = self.is_set(layout::TERNARY_FLOAT);
        let fields = &layout::DESTINATION;
        instruction.destination = Some(Destination {
            place: Place::Direct {
                register: register_name(self.is_set(fields.general), self.byte(fields.register)),
                byte: self.byte(layout::TERNARY_BYTE) * 8,
            },
            stride: 1 + self.byte(layout::TERNARY_STRIDE),
            kind: ternary_kind(float, self.byte(layout::TERNARY_KIND))?,
        });
        for (source, fields) in instruction.sources.iter_mut().zip(&layout::TERNARY) {
            *source = Some(self.ternary_source(fields, float)?);
        }
        Ok(())
    }

    fn ternary_source(&self, fields: &TernaryFields, float: bool) -> Result<Source, DecodeError> {
        let kind = ternary_kind(float, self.byte(fields.kind))?;
        if let Some((immediate, bits)) = fields.immediate
            && self.is_set(immediate)
        {
            return Ok(Source::Immediate {
                bits: ternary_immediate(bits.of(self.bits), kind),
                kind,
            });
        }
        let horizontal = stride(self.byte(fields.horizontal));
        let region = match fields.vertical {
            // <horizontal>: each channel that far behind the one before.
            None => Region::Strided {
                vertical: horizontal,
                width: 1,
                horizontal: 0,
            },
            Some((upper, lower)) => {
                let vertical =
                    [0, 1, 4, 8][usize::from(self.byte(upper)) * 2 + usize::from(self.byte(lower))];
                Region::Strided {
                    vertical,
                    width: implied_width(vertical, horizontal),
                    horizontal,
                }
            }
        };
        let allowed = self.info.allows.modifiers;
        Ok(Source::Register {
            place: self.direct(fields.general, fields.register, fields.byte),
            region,
            kind,
            negate: allowed && self.is_set(fields.negate),
            absolute: allowed && self.is_set(fields.absolute),
        })
    }

    fn send(&self, instruction: &mut Instruction) -> Result<(), DecodeError> {
        let whole = |general, register| Place::Direct {
            register: register_name(self.is_set(general), self.byte(register)),
            byte: 0,
        };
        let payload = |fields: &SourceFields| Source::Register {
            place: whole(fields.general, fields.register),
            region: Region::PACKED,
            kind: DataType::UD,
            negate: false,
            absolute: false,
        };
        let destination = &layout::DESTINATION;
        instruction.destination = Some(Destination {
            place: whole(destination.general, destination.register),
            stride: 1,
            kind: DataType::UD,
        });
        instruction.sources[0] = Some(payload(&layout::SOURCE_0));
        instruction.sources[1] = Some(payload(&layout::SOURCE_1));
        let descriptor = if self.is_set(layout::DESCRIPTOR_IN_REGISTER) {
            None
        } else {
            Some(self.gather(&layout::DESCRIPTOR))
        };
        let extended = if self.is_set(layout::EXTENDED_IN_REGISTER) {
            ExtendedDescriptor::Register(self.byte(layout::EXTENDED_REGISTER))
        } else {
            ExtendedDescriptor::Immediate(self.gather(&layout::EXTENDED))
        };
        instruction.message = Some(Message {
            function: shared_function(self.byte(layout::CONDITION))?,
            descriptor,
            extended,
            end_of_thread: self.is_set(layout::SATURATE),
            fusion: self.is_set(layout::WRITES_ACCUMULATOR),
        });
        Ok(())
    }

    /// A number whose bits lie in several places.
    fn gather(&self, pieces: &[(Field, u32)]) -> u32 {
        pieces.iter().fold(0, |number, (field, to)| {
            number | (field.of(self.bits) as u32) << to
        })
    }

    fn sync(&self, instruction: &mut Instruction) -> Result<(), DecodeError> {
        instruction.sync = Some(match self.byte(layout::CONDITION) {
            0 => SyncFunction::Nop,
            2 => SyncFunction::AllReads,
            3 => SyncFunction::AllWrites,
            14 => SyncFunction::Barrier,
            15 => SyncFunction::Host,
            code => return reserved("sync function", code),
        });
        if self.is_set(layout::SOURCE_0.immediate) {
            instruction.sources[0] = Some(Source::Immediate {
                bits: layout::IMMEDIATE_LOW.of(self.bits),
                kind: DataType::UD,
            });
        }
        Ok(())
    }

    fn jump(&self, instruction: &mut Instruction) -> Result<(), DecodeError> {
        use Opcode::{Brc, Brd, Call, Calla, Jmpi, Ret};
        let opcode = self.info.opcode;
        if matches!(opcode, Call | Calla) {
            let fields = &layout::DESTINATION;
            instruction.destination = Some(Destination {
                place: self.direct(fields.general, fields.register, fields.byte),
                stride: 1,
                kind: DataType::UD,
            });
        }
        let fields = &layout::SOURCE_0;
        if !self.is_set(fields.immediate) {
            if !matches!(opcode, Jmpi | Brd | Brc | Call | Calla | Ret) {
                return reserved("place of the jump target", 0);
            }
            instruction.sources[0] = Some(Source::Register {
                place: self.direct(fields.general, fields.register, fields.byte),
                region: Region::SCALAR,
                kind: DataType::D,
                negate: false,
                absolute: false,
            });
            return Ok(());
        }
        instruction.jip = Some(layout::IMMEDIATE_LOW.of(self.bits) as u32 as i32);
        if self.info.format == Format::JumpTwo {
            if !self.is_set(layout::SOURCE_1.immediate) {
                return reserved("place of the second jump target", 0);
            }
            instruction.uip = Some(layout::IMMEDIATE_HIGH.of(self.bits) as u32 as i32);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{disassemble_kernel, opcode::OPCODES};
    use super::*;

    proptest! {
        /// Any bytes decode or say why they don't, whatever there are of them, and what decodes
        /// can be printed. Half of them have an opcode, and no more fields that are reserved than
        /// chance has it.
        #[test]
        fn any_bytes(
            mut bytes in prop::collection::vec(any::<u8>(), 0..40),
            opcode in prop::option::of(0..OPCODES.len()),
        ) {
            if let (Some(first), Some(opcode)) = (bytes.first_mut(), opcode) {
                *first = OPCODES[opcode].number;
            }
            if let Ok(instruction) = decode(&bytes) {
                prop_assert!(bytes.len() >= instruction.length() as usize);
                prop_assert!(instruction.to_string().contains(instruction.opcode.name()));
            }
            prop_assert!(bytes.len() >= 8 || disassemble_kernel(&bytes) == "L0:\n");
            prop_assert!(disassemble_kernel(&bytes).lines().count() <= 1 + 4 * bytes.len() / 8);
        }
    }

    /// `send.dc1 (16|M0) null r12 r78 0x80 0x04025E00 {@2,$2}`: descriptors are put together from
    /// their pieces.
    #[test]
    fn descriptors() {
        let mut bits = 0u128;
        let spread = |mut bits: u128, pieces: &[(Field, u32)], value: u32| {
            for (field, from) in pieces {
                bits = field.set(bits, u64::from(value >> from));
            }
            bits
        };
        bits = layout::OPCODE.set(bits, 0x31);
        bits = layout::CONDITION.set(bits, 12);
        bits = spread(bits, &layout::DESCRIPTOR, 0xFFFF_FFFF);
        bits = spread(bits, &layout::EXTENDED, 0x1234_5680);
        let message = decode(&bits.to_le_bytes()).unwrap().message.unwrap();
        assert_eq!(message.function, SharedFunction::DataPort1);
        assert_eq!(message.descriptor, Some(0xFFFF_FFFF));
        assert_eq!(message.extended, ExtendedDescriptor::Immediate(0x1234_5680));
    }

    /// The 16 bits of a three-source constant are extended by its type's sign.
    #[test]
    fn ternary_immediates() {
        assert_eq!(ternary_immediate(0xFFFF, DataType::D), 0xFFFF_FFFF);
        assert_eq!(
            ternary_immediate(0x8000, DataType::Q),
            0xFFFF_FFFF_FFFF_8000
        );
        assert_eq!(ternary_immediate(0xFFFF, DataType::UD), 0xFFFF);
        assert_eq!(ternary_immediate(0xFFFF, DataType::W), 0xFFFF);
    }

    /// Bytes that are missing are said to be.
    #[test]
    fn too_short() {
        let short = |needed, have| Err(DecodeError::TooShort { needed, have });
        assert_eq!(decode(&[]), short(8, 0));
        assert_eq!(decode(&[0; 15]), short(16, 15));
        assert_eq!(decode(&[0x7F; 8]), Err(DecodeError::UnknownOpcode(0x7F)));
    }
}
