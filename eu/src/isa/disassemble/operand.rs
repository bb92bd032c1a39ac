//! Operands.

use super::super::instruction::*;
use super::super::opcode::{Format, Opcode};
use super::{Printer, float};

impl Printer<'_> {
    /// A register, or the address of one.
    pub(super) fn place(&mut self, place: Place, kind: DataType) {
        match place {
            Place::Direct { register, byte } => {
                self.line.put(&register_name(register));
                let macro_step = self.instruction.math.is_some_and(MathFunction::is_macro);
                if macro_step {
                    self.line.put(&match byte & 0xF {
                        8 => ".nomme".to_owned(),
                        number => format!(".mme{number}"),
                    });
                    return;
                }
                use ArchitectureRegister as A;
                let scale = match register {
                    Register::Architecture(
                        A::FlowControl(_)
                        | A::MessageControl(_)
                        | A::ChannelEnable
                        | A::InstructionPointer,
                    ) => 1,
                    _ => kind.size() as u8,
                };
                let subregister = byte / scale;
                let has = self.instruction.message.is_none() && has_subregisters(register);
                if has || subregister != 0 {
                    self.line.put(&format!(".{subregister}"));
                }
            }
            Place::Indirect { address, offset } => {
                let offset = match offset {
                    0 => String::new(),
                    offset => format!(",{offset}"),
                };
                self.line.put(&format!("r[a0.{address}{offset}]"));
            }
        }
    }

    /// A source.
    pub(super) fn source(&mut self, index: usize, source: &Source) {
        match source {
            Source::Register {
                place,
                region,
                kind,
                negate,
                absolute,
            } => {
                let bitwise = matches!(
                    self.instruction.opcode,
                    Opcode::And | Opcode::Or | Opcode::Xor | Opcode::Not
                );
                self.line.put(match (negate, absolute) {
                    (false, false) => "",
                    (false, true) => "(abs)",
                    (true, false) if bitwise => "~",
                    (true, false) => "-",
                    (true, true) => "-(abs)",
                });
                self.place(*place, *kind);
                if !self.is_plain() {
                    self.region(index, *region);
                    self.line.put(&format!(":{}", kind.name()));
                }
            }
            Source::Immediate { bits, kind } => {
                self.line.put_free(&immediate(*bits, *kind));
                if self.instruction.sync.is_none() {
                    self.line.put(&format!(":{}", kind.name()));
                }
            }
        }
    }

    fn region(&mut self, index: usize, region: Region) {
        let ternary = self.instruction.opcode.info().format == Format::Ternary;
        self.line.put(&match region {
            Region::Strided { vertical, .. } if ternary && index == 2 => format!("<{vertical}>"),
            Region::Strided {
                vertical,
                horizontal,
                ..
            } if ternary => format!("<{vertical};{horizontal}>"),
            Region::Strided {
                vertical,
                width,
                horizontal,
            } => format!("<{vertical};{width},{horizontal}>"),
            Region::RowAddresses { width, horizontal } => format!("<{width},{horizontal}>"),
        });
    }
}

fn register_name(register: Register) -> String {
    use ArchitectureRegister as A;
    match register {
        Register::General(number) => format!("r{number}"),
        Register::Architecture(register) => match register {
            A::Null => "null".to_owned(),
            A::Address => "a0".to_owned(),
            A::Accumulator(number @ ..8) => format!("acc{number}"),
            A::Accumulator(number) => format!("mme{}", number - 8),
            A::Flag(number) => format!("f{number}"),
            A::ChannelEnable => "ce".to_owned(),
            A::MessageControl(number) => format!("msg{number}"),
            A::StackPointer => "sp".to_owned(),
            A::State(number) => format!("sr{number}"),
            A::Control(number) => format!("cr{number}"),
            A::Notification(number) => format!("n{number}"),
            A::InstructionPointer => "ip".to_owned(),
            A::ThreadDependency => "tdr0".to_owned(),
            A::Timestamp(number) => format!("tm{number}"),
            A::FlowControl(number) => format!("fc{number}"),
            A::Debug(number) => format!("dbg{number}"),
            A::Reserved(number) => format!("arf0x{number:02X}?"),
        },
    }
}

fn has_subregisters(register: Register) -> bool {
    use ArchitectureRegister as A;
    !matches!(
        register,
        Register::Architecture(A::Null | A::ChannelEnable | A::InstructionPointer)
    )
}

/// A constant: signed integers in decimal, floats where that tells all their bits, the others in
/// hexadecimal.
fn immediate(bits: u64, kind: DataType) -> String {
    match kind {
        DataType::B => (bits as i8).to_string(),
        DataType::W => (bits as i16).to_string(),
        DataType::D => (bits as i32).to_string(),
        DataType::Q => (bits as i64).to_string(),
        DataType::HF => float::half(bits as u16),
        DataType::F => float::single(f32::from_bits(bits as u32)),
        DataType::DF => float::double(f64::from_bits(bits)),
        _ => format!("0x{bits:X}"),
    }
}

impl DataType {
    /// Its name in assembly.
    pub fn name(self) -> &'static str {
        match self {
            Self::UB => "ub",
            Self::B => "b",
            Self::UW => "uw",
            Self::W => "w",
            Self::UD => "ud",
            Self::D => "d",
            Self::UQ => "uq",
            Self::Q => "q",
            Self::HF => "hf",
            Self::BF => "bf",
            Self::F => "f",
            Self::DF => "df",
            Self::NF => "nf",
            Self::UV => "uv",
            Self::V => "v",
            Self::VF => "vf",
        }
    }
}
