//! Random instructions of every kind that computes: opcodes, types, regions, modifiers,
//! predicates, conditions, constants, accumulators, indirect operands.

use super::registers::Registers;
use crate::isa::*;

const INTEGERS: [DataType; 6] = [
    DataType::D,
    DataType::UD,
    DataType::W,
    DataType::UW,
    DataType::B,
    DataType::UB,
];
const FLOATS: [DataType; 4] = [DataType::F, DataType::F, DataType::F, DataType::HF];
const ORDERED: [Condition; 6] = [
    Condition::Equal,
    Condition::NotEqual,
    Condition::Greater,
    Condition::GreaterOrEqual,
    Condition::Less,
    Condition::LessOrEqual,
];
/// Opcodes of integers, and of floats.
const OF_INTEGERS: [Opcode; 31] = [
    Opcode::Mov,
    Opcode::Movi,
    Opcode::Sel,
    Opcode::Not,
    Opcode::And,
    Opcode::Or,
    Opcode::Xor,
    Opcode::Shl,
    Opcode::Shr,
    Opcode::Asr,
    Opcode::Rol,
    Opcode::Ror,
    Opcode::Bfrev,
    Opcode::Lzd,
    Opcode::Cbit,
    Opcode::Fbl,
    Opcode::Fbh,
    Opcode::Add,
    Opcode::Avg,
    Opcode::Mul,
    Opcode::Mac,
    Opcode::Mad,
    Opcode::Mach,
    Opcode::Addc,
    Opcode::Subb,
    Opcode::Bfi1,
    Opcode::Bfi2,
    Opcode::Bfe,
    Opcode::Dp4a,
    Opcode::Cmp,
    Opcode::Csel,
];
const OF_FLOATS: [Opcode; 15] = [
    Opcode::Mov,
    Opcode::Sel,
    Opcode::Add,
    Opcode::Mul,
    Opcode::Mac,
    Opcode::Mad,
    Opcode::Frc,
    Opcode::Rndd,
    Opcode::Rndu,
    Opcode::Rnde,
    Opcode::Rndz,
    Opcode::Cmp,
    Opcode::Cmpn,
    Opcode::Csel,
    Opcode::Math,
];
const FUNCTIONS: [MathFunction; 9] = [
    MathFunction::Inverse,
    MathFunction::Logarithm,
    MathFunction::Exponential,
    MathFunction::SquareRoot,
    MathFunction::InverseSquareRoot,
    MathFunction::Sine,
    MathFunction::Cosine,
    MathFunction::FloatDivide,
    MathFunction::Power,
];

/// What is random.
pub(super) struct Generator {
    random: fastrand::Rng,
    /// What the accumulators hold: they are read as what was written.
    accumulators: DataType,
}

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            accumulators: DataType::D,
        }
    }

    fn one_in(&mut self, count: u32) -> bool {
        self.random.u32(0..count) == 0
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.random.usize(0..choices.len())]
    }

    /// Registers with numbers of all kinds in them.
    pub(super) fn registers(&mut self) -> Registers {
        let mut general = Vec::new();
        while general.len() < 4096 {
            let kind = self.random.u32(0..8);
            for _ in 0..4 {
                let dword = match kind {
                    0 | 1 => self.random.u32(..),
                    2 => (self.random.i32(-20..20)) as u32,
                    3 => self.random.u32(..) >> self.random.u32(0..32),
                    4 => (self.random.f32() * 64.0 - 32.0).to_bits(),
                    5 => (self.random.i32(-64..64) as f32 / 4.0).to_bits(),
                    // Halves near each other.
                    6 => 0x3000_3000 + (self.random.u32(..) & 0x9fff_9fff),
                    _ => self.of(&[
                        0,
                        0x8000_0000,
                        0x7f80_0000,
                        0xff80_0000,
                        0x7fc0_0000,
                        0x0000_0001,
                        0x807f_ffff,
                        0x0080_0000,
                        0x7f7f_ffff,
                        0x7fff_ffff,
                        0xffff_ffff,
                        0x7c00_fc00,
                        0x0001_83ff,
                        0x3f80_0000,
                        0x7e00_7bff,
                    ]),
                };
                general.extend(dword.to_le_bytes());
            }
        }
        self.accumulators = DataType::D;
        Registers {
            general,
            address: [(); 16].map(|()| self.random.u16(150..750) * 4),
            flags: self.random.u64(..),
            accumulators: (0..160).map(|_| self.random.i32(..).into()).collect(),
            control: self.random.u32(0..4) << 4 | self.random.u32(0..16) << 7,
            mask: match self.random.u32(0..3) {
                0 => u32::MAX,
                1 => self.random.u32(..),
                _ => u32::MAX >> self.random.u32(0..32),
            },
        }
    }

    /// The next instruction of a sequence.
    pub(super) fn instruction(&mut self) -> Instruction {
        if self.one_in(25) {
            return self.set_architecture();
        }
        if self.random.bool() {
            self.of_integers()
        } else {
            self.of_floats()
        }
    }

    fn plain(&mut self, opcode: Opcode, to: DataType) -> Instruction {
        let exec_size = self.of(&[1, 2, 4, 8, 8, 16, 16, 32]);
        let step = exec_size.max(4);
        Instruction {
            opcode,
            compacted: false,
            exec_size,
            channel_offset: self.random.u8(0..32 / step) * step,
            mask_disabled: self.one_in(3),
            predicate: None,
            flag: Flag::default(),
            condition: None,
            saturate: false,
            writes_accumulator: false,
            branch_control: false,
            atomic: false,
            breakpoint: false,
            scoreboard: 0,
            destination: Some(self.destination(to)),
            sources: [None; 3],
            math: None,
            sync: None,
            jip: None,
            uip: None,
            message: None,
        }
    }

    /// Address registers, flags and control, which decide about what comes.
    fn set_architecture(&mut self) -> Instruction {
        let (register, byte, kind, bits) = match self.random.u32(0..3) {
            0 => (
                ArchitectureRegister::Address,
                self.random.u8(0..16) * 2,
                DataType::UW,
                self.random.u64(150..750) * 4,
            ),
            1 => (
                ArchitectureRegister::Flag(self.random.u8(0..2)),
                self.random.u8(0..2) * 2,
                DataType::UW,
                self.random.u16(..).into(),
            ),
            _ => (
                ArchitectureRegister::Control(0),
                0,
                DataType::UD,
                self.random.u64(0..4) << 4 | self.random.u64(0..16) << 7,
            ),
        };
        let mut one = self.plain(Opcode::Mov, kind);
        (one.exec_size, one.channel_offset, one.mask_disabled) = (1, 0, true);
        one.destination = Some(Destination {
            place: Place::Direct {
                register: Register::Architecture(register),
                byte,
            },
            stride: 1,
            kind,
        });
        one.sources[0] = Some(Source::Immediate { bits, kind });
        one
    }

    fn destination(&mut self, kind: DataType) -> Destination {
        let place = match self.random.u32(0..20) {
            0 => Place::Direct {
                register: Register::Architecture(ArchitectureRegister::Null),
                byte: 0,
            },
            1 => Place::Indirect {
                address: self.random.u8(0..16),
                offset: self.random.i16(-128..128) * 4,
            },
            _ => {
                let size = kind.size() as u8;
                Place::Direct {
                    register: Register::General(self.random.u8(0..100)),
                    byte: if self.one_in(3) {
                        self.random.u8(0..32 / size) * size
                    } else {
                        0
                    },
                }
            }
        };
        Destination {
            place,
            stride: self.of(&[1, 1, 1, 2, 4]),
            kind,
        }
    }

    fn region(&mut self) -> Region {
        let (vertical, width, horizontal) = self.of(&[
            (8, 8, 1),
            (8, 8, 1),
            (16, 16, 1),
            (1, 1, 0),
            (0, 1, 0),
            (0, 1, 0),
            (16, 8, 2),
            (2, 1, 0),
            (4, 4, 1),
            (0, 4, 1),
            (8, 4, 2),
            (4, 1, 0),
            (2, 2, 1),
            (1, 2, 0),
            (32, 8, 4),
            (1, 4, 1),
        ]);
        Region::Strided {
            vertical,
            width,
            horizontal,
        }
    }

    fn constant(&mut self, kind: DataType) -> Source {
        let (kind, bits) = match kind {
            DataType::W if self.one_in(3) => (DataType::V, self.random.u32(..).into()),
            DataType::UW if self.one_in(3) => (DataType::UV, self.random.u32(..).into()),
            DataType::F if self.one_in(3) => (DataType::VF, self.random.u32(..).into()),
            DataType::F => {
                let value = self.of(&[0.0, 1.0, -1.5, 0.1, 1e-39, 1e30, f32::NAN]);
                (kind, value.to_bits().into())
            }
            DataType::B => (DataType::W, (self.random.i8(..) as u16).into()),
            DataType::UB => (DataType::UW, self.random.u8(..).into()),
            kind if kind.size() == 2 => (kind, self.random.u16(..).into()),
            kind if self.random.bool() => (kind, (self.random.i32(-40..40) as u32).into()),
            kind => (kind, self.random.u32(..).into()),
        };
        Source::Immediate { bits, kind }
    }

    /// A source; modifiers are for the caller to allow.
    fn source(&mut self, kind: DataType, modifiers: bool, constants: bool) -> Source {
        let (negate, absolute) = (
            modifiers && self.one_in(4),
            modifiers && kind.is_float() | kind.is_signed() && self.one_in(5),
        );
        let size = kind.size() as u8;
        match self.random.u32(0..16) {
            0..=2 if constants => return self.constant(kind),
            3 => {
                let rows = self.random.bool();
                let region = if rows {
                    let (width, horizontal) = self.of(&[(1, 0), (2, 1), (4, 1), (8, 1)]);
                    Region::RowAddresses { width, horizontal }
                } else {
                    self.region()
                };
                return Source::Register {
                    place: Place::Indirect {
                        address: self.random.u8(0..16),
                        offset: self.random.i16(-128..128) * 4,
                    },
                    region,
                    kind,
                    negate,
                    absolute,
                };
            }
            4 | 5 if size == 4 && kind.is_float() == self.accumulators.is_float() => {
                return Source::Register {
                    place: Place::Direct {
                        register: Register::Architecture(ArchitectureRegister::Accumulator(
                            self.random.u8(0..2),
                        )),
                        byte: 0,
                    },
                    region: Region::PACKED,
                    kind,
                    negate,
                    absolute,
                };
            }
            6 if kind == DataType::UW => {
                return Source::Register {
                    place: Place::Direct {
                        register: Register::Architecture(ArchitectureRegister::Flag(
                            self.random.u8(0..2),
                        )),
                        byte: self.random.u8(0..2) * 2,
                    },
                    region: Region::SCALAR,
                    kind,
                    negate: false,
                    absolute: false,
                };
            }
            _ => {}
        }
        Source::Register {
            place: Place::Direct {
                register: Register::General(self.random.u8(0..100)),
                byte: if self.one_in(3) {
                    self.random.u8(0..32 / size) * size
                } else {
                    0
                },
            },
            region: self.region(),
            kind,
            negate,
            absolute,
        }
    }

    /// A predicate, flags, and a condition where the opcode sets flags by its result.
    fn flags(&mut self, one: &mut Instruction, condition: bool) {
        one.flag = Flag {
            register: self.random.u8(0..2),
            subregister: if one.exec_size <= 16 && one.channel_offset == 0 {
                self.random.u8(0..2)
            } else {
                0
            },
        };
        if one.opcode.info().allows.predicate && self.one_in(3) {
            one.predicate = Some(self.predicate());
        }
        if condition && self.one_in(4) {
            one.condition = Some(self.of(&ORDERED));
        }
    }

    fn predicate(&mut self) -> Predicate {
        let group = self.of(&[2, 4, 8, 16, 32]);
        Predicate {
            control: match self.random.u32(0..8) {
                0 => PredicateControl::AnyVertical,
                1 => PredicateControl::AllVertical,
                2 => PredicateControl::AnyHorizontal(group),
                3 => PredicateControl::AllHorizontal(group),
                _ => PredicateControl::Sequential,
            },
            inverted: self.random.bool(),
        }
    }

    /// Has the result go to an accumulator, named or beside the destination.
    fn use_accumulator(&mut self, one: &mut Instruction) {
        let Some(to) = &mut one.destination else {
            return;
        };
        // `mach` goes on with what `mul` has left there.
        let often = if one.opcode == Opcode::Mul { 3 } else { 6 };
        if to.kind.size() != 4 || !self.one_in(often) {
            return;
        }
        self.accumulators = to.kind;
        if self.random.bool() {
            one.writes_accumulator = true;
        } else {
            to.place = Place::Direct {
                register: Register::Architecture(ArchitectureRegister::Accumulator(
                    self.random.u8(0..2),
                )),
                byte: 0,
            };
            to.stride = 1;
        }
    }

    fn of_integers(&mut self) -> Instruction {
        use Opcode as O;
        let opcode = self.of(&OF_INTEGERS);
        let kinds = [(); 3].map(|()| self.of(&INTEGERS));
        let dword = self.of(&[DataType::D, DataType::UD]);
        let any = self.of(&INTEGERS);
        // Types of the sources, of the result, and whether signs may be changed.
        let (sources, to, modifiers) = match opcode {
            O::Mov if self.one_in(4) => (vec![any], self.of(&FLOATS), true),
            O::Mov => (vec![any], kinds[0], true),
            O::Movi => (vec![any], any, false),
            O::Not => (vec![any], kinds[0], true),
            O::Cbit => (
                vec![self.of(&[DataType::UB, DataType::UW, DataType::UD])],
                DataType::UD,
                false,
            ),
            O::Bfrev | O::Fbl | O::Lzd => (vec![DataType::UD], DataType::UD, false),
            O::Fbh => (vec![dword], DataType::UD, false),
            O::Addc | O::Subb => (vec![DataType::UD; 2], DataType::UD, false),
            O::Rol | O::Ror => {
                let kind = self.of(&[DataType::UD, DataType::UW]);
                (vec![kind, kind], kind, false)
            }
            O::Shr => {
                let kind = self.of(&[DataType::UD, DataType::UW, DataType::UB]);
                (vec![kind, kinds[0]], kinds[1], false)
            }
            O::Asr => {
                let kind = self.of(&[DataType::D, DataType::W, DataType::B]);
                (vec![kind, kinds[0]], kinds[1], true)
            }
            O::Mul if self.random.bool() => (vec![dword, DataType::UW], dword, true),
            O::Mul | O::Mac => {
                let words = [DataType::W, DataType::UW, DataType::B, DataType::UB];
                (vec![self.of(&words), self.of(&words)], kinds[2], true)
            }
            O::Mach => (vec![dword; 2], dword, false),
            O::Mad => {
                let words = [DataType::W, DataType::UW];
                (
                    vec![dword, self.of(&words), self.of(&words)],
                    self.of(&[DataType::D, DataType::UD, DataType::W]),
                    true,
                )
            }
            O::Bfi1 => (vec![dword; 2], dword, false),
            O::Bfi2 | O::Bfe => (vec![dword; 3], dword, false),
            O::Dp4a => (
                vec![
                    dword,
                    self.of(&[DataType::D, DataType::UD]),
                    self.of(&[DataType::D, DataType::UD]),
                ],
                dword,
                false,
            ),
            O::Csel => (vec![any; 3], any, false),
            O::Shl | O::And | O::Or | O::Xor | O::Add => (kinds[..2].to_vec(), kinds[2], true),
            _ => (kinds[..2].to_vec(), kinds[2], false),
        };
        let mut one = self.plain(opcode, to);
        for (number, kind) in sources.iter().enumerate() {
            let last = number + 1 == sources.len() && sources.len() < 3;
            let constants = last || sources.len() == 3 && number != 1 && kind.size() == 2;
            one.sources[number] = Some(self.source(*kind, modifiers, constants));
            // Of bits there is no absolute value.
            if let (O::Not | O::And | O::Or | O::Xor, Some(Source::Register { absolute, .. })) =
                (opcode, &mut one.sources[number])
            {
                *absolute = false;
            }
        }
        self.flags(
            &mut one,
            opcode.info().allows.condition && opcode != O::Movi,
        );
        match opcode {
            O::Movi => {
                one.sources[0] = Some(Source::Register {
                    place: Place::Indirect {
                        address: self.random.u8(0..16),
                        offset: self.random.i16(-128..128) * 4,
                    },
                    region: Region::RowAddresses {
                        width: 1,
                        horizontal: 0,
                    },
                    kind: any,
                    negate: false,
                    absolute: false,
                });
            }
            O::Cmp | O::Csel => one.condition = Some(self.of(&ORDERED)),
            O::Sel if one.condition.is_some() => one.predicate = None,
            O::Sel => one.predicate = Some(self.predicate()),
            O::Mach => one.writes_accumulator = self.random.bool(),
            _ => {}
        }
        let saturates = matches!(
            opcode,
            O::Mov | O::Add | O::Mul | O::Avg | O::Mad | O::Mac | O::Dp4a | O::Sel
        );
        one.saturate = saturates && self.one_in(4);
        if opcode == O::Add && !one.saturate && self.one_in(8) {
            one.condition = Some(Condition::Overflow);
        }
        match opcode {
            O::Addc | O::Subb => {
                one.writes_accumulator = true;
                self.accumulators = DataType::UD;
            }
            O::Mach => {
                if one.writes_accumulator {
                    self.accumulators = dword;
                }
            }
            O::Cmp | O::Mac => {}
            _ => self.use_accumulator(&mut one),
        }
        one
    }

    fn of_floats(&mut self) -> Instruction {
        use Opcode as O;
        let opcode = self.of(&OF_FLOATS);
        let kinds = [(); 3].map(|()| self.of(&FLOATS));
        let kind = kinds[0];
        let count = usize::from(opcode.info().sources);
        let (mut sources, to) = match opcode {
            O::Mov if self.random.bool() => (vec![kind], self.of(&INTEGERS)),
            O::Add | O::Mul | O::Mad | O::Mov => (kinds[..count].to_vec(), self.of(&FLOATS)),
            O::Mac => (vec![DataType::F; 2], DataType::F),
            _ => (vec![kind; count], kind),
        };
        let mut one = self.plain(opcode, to);
        let mut modifiers = true;
        if opcode == O::Math {
            let function = self.of(&FUNCTIONS);
            one.math = Some(function);
            sources.truncate(function.sources().into());
            if self.one_in(5) {
                let kind = self.of(&[DataType::D, DataType::UD]);
                one.math = Some(self.of(&[
                    MathFunction::IntegerQuotient,
                    MathFunction::IntegerRemainder,
                ]));
                sources = vec![kind; 2];
                one.destination = Some(self.destination(kind));
                modifiers = false;
            }
        }
        for (number, kind) in sources.iter().enumerate() {
            let last = number + 1 == sources.len() && sources.len() < 3;
            one.sources[number] = Some(self.source(*kind, modifiers, last));
        }
        let condition = opcode.info().allows.condition && to.is_float();
        self.flags(&mut one, condition);
        match opcode {
            O::Cmp | O::Cmpn | O::Csel => one.condition = Some(self.of(&ORDERED)),
            O::Sel if one.condition.is_some() => one.predicate = None,
            O::Sel => one.predicate = Some(self.predicate()),
            _ => {}
        }
        one.saturate =
            opcode.info().allows.saturate && one.math.is_none() && to.is_float() && self.one_in(4);
        if opcode == O::Cmp && self.one_in(8) {
            one.condition = Some(Condition::Unordered);
        }
        if !matches!(opcode, O::Cmp | O::Cmpn | O::Mac | O::Math) {
            self.use_accumulator(&mut one);
        }
        if opcode == O::Mac && !self.accumulators.is_float() {
            // Not of what integers have left there.
            one.opcode = O::Mul;
        }
        one
    }
}
