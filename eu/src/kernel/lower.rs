//! From an instruction to an op: operands become places in the register file, checked once.

use super::op::{Action, Domain, Lane, Message, Op, Operand, Rows, Target, Where};
use super::packed;
use crate::isa::{
    ArchitectureRegister, DataType, Destination, ExtendedDescriptor, Instruction, Opcode, Place,
    Region, Register, Source, SyncFunction,
};
use crate::shared::operation::Operation;
use crate::thread::file;
use crate::trap::Trap;

/// Nothing to jump to.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// An op that only traps.
pub(crate) fn trap(offset: u32, end: u32, trap: Trap) -> Op {
    Op {
        action: Action::Trap(trap),
        exec_size: 1,
        channel_offset: 0,
        mask_disabled: true,
        joins: false,
        predicate: None,
        inverted: false,
        flag_bit: 0,
        condition: None,
        saturate: false,
        writes_accumulator: false,
        reads_special: false,
        writes_control: false,
        target: Target::None,
        result: DataType::UD,
        sources: [Operand::NONE; 3],
        lanes: [Lane::Here(0); 3],
        whole: None,
        offset,
        end,
        jip: NOWHERE,
        uip: NOWHERE,
    }
}

/// The op of an instruction at `offset`; jump targets are left to whoever knows all ops.
pub(crate) fn lower(instruction: &Instruction, offset: u32) -> Op {
    let end = offset.saturating_add(instruction.length());
    match lowered(instruction, offset, end) {
        Ok(op) => op,
        Err(why) => trap(offset, end, why),
    }
}

fn lowered(instruction: &Instruction, offset: u32, end: u32) -> Result<Op, Trap> {
    let mut op = Op {
        exec_size: instruction.exec_size,
        channel_offset: instruction.channel_offset,
        mask_disabled: instruction.mask_disabled,
        predicate: instruction.predicate.map(|predicate| predicate.control),
        inverted: instruction.predicate.is_some_and(|it| it.inverted),
        flag_bit: flag_bit(instruction),
        condition: instruction.condition,
        saturate: instruction.saturate,
        writes_accumulator: instruction.writes_accumulator,
        ..trap(offset, end, Trap::IllegalInstruction)
    };
    if !matches!(op.exec_size, 1 | 2 | 4 | 8 | 16 | 32)
        || u32::from(op.exec_size) + u32::from(op.channel_offset) > 32
    {
        return Err(Trap::IllegalOperand("channels behind the 32nd"));
    }
    // Payloads are whole registers, as many as the descriptors say: those of a message of 16
    // channels may end with r127 where a region of as many would not.
    let channels = match instruction.message {
        Some(_) => 1,
        None => instruction.exec_size,
    };
    let nibbles = nibbles(instruction.destination.as_ref());
    for (operand, source) in op.sources.iter_mut().zip(&instruction.sources) {
        if let Some(source) = source {
            *operand = operand_of(source, channels, nibbles)?;
            op.reads_special |= reads_special(source);
        }
    }
    if let Some(destination) = &instruction.destination {
        op.target = target_of(destination, channels)?;
        op.result = destination.kind;
        op.writes_control = matches!(
            destination.place,
            Place::Direct {
                register: Register::Architecture(ArchitectureRegister::Control(_)),
                ..
            }
        );
    }
    op.action = action(instruction, &op)?;
    if let Action::Packed(packed) = op.action {
        for (number, lane) in op.lanes.iter_mut().enumerate() {
            if instruction.sources[number].is_some() {
                *lane = packed::lane(packed, &op.sources[number]);
            }
        }
        op.whole = packed::whole(&op.target);
    }
    Ok(op)
}

/// The first channel's bit among f0 and f1: the subregister gives a half, the channel offset
/// moves on from there.
fn flag_bit(instruction: &Instruction) -> u8 {
    let flag = instruction.flag;
    let start = u32::from(flag.register) * 32 + u32::from(flag.subregister) * 16;
    ((start + u32::from(instruction.channel_offset)) % 64) as u8
}

/// Whether `csel` chooses between what is in the destination and the same: compilers put that
/// behind comparisons for the hardware's sake.
fn changes_nothing(instruction: &Instruction) -> bool {
    let (Some(to), [Some(first), Some(second), _]) = (instruction.destination, instruction.sources)
    else {
        return false;
    };
    let same = |source: Source| match source {
        Source::Register {
            place,
            region,
            kind,
            negate: false,
            absolute: false,
        } => {
            let (stride, count) = (to.stride, instruction.exec_size);
            let packed = matches!(region, Region::Strided { vertical, width, horizontal }
                if horizontal == stride && (width >= count || vertical == width * horizontal));
            place == to.place && kind == to.kind && packed
        }
        _ => false,
    };
    !instruction.saturate && same(first) && same(second)
}

fn reads_special(source: &Source) -> bool {
    matches!(
        source,
        Source::Register {
            place: Place::Direct {
                register: Register::Architecture(
                    ArchitectureRegister::ChannelEnable
                        | ArchitectureRegister::InstructionPointer
                        | ArchitectureRegister::Timestamp(_)
                ),
                ..
            },
            ..
        }
    )
}

fn action(instruction: &Instruction, op: &Op) -> Result<Action, Trap> {
    let opcode = instruction.opcode;
    Ok(match opcode {
        Opcode::Illegal => return Err(Trap::IllegalInstruction),
        Opcode::Nop => Action::Nop,
        Opcode::Sync => match instruction.sync {
            Some(SyncFunction::Barrier) => Action::Barrier,
            Some(SyncFunction::Host) => {
                return Err(Trap::IllegalOperand("nobody can answer sync.host"));
            }
            _ => Action::Nop,
        },
        Opcode::Jmpi
        | Opcode::Brd
        | Opcode::If
        | Opcode::Brc
        | Opcode::Else
        | Opcode::Endif
        | Opcode::While
        | Opcode::Break
        | Opcode::Cont
        | Opcode::Halt
        | Opcode::Calla
        | Opcode::Call
        | Opcode::Ret
        | Opcode::Goto
        | Opcode::Join => Action::Branch(opcode, instruction.branch_control),
        Opcode::Send | Opcode::Sendc => {
            let Some(message) = instruction.message else {
                return Err(Trap::IllegalInstruction);
            };
            let known = |descriptor| Operation::decode(message.function, descriptor).ok();
            Action::Send(Message {
                function: message.function,
                descriptor: message.descriptor,
                operation: message.descriptor.and_then(known),
                extended: match message.extended {
                    ExtendedDescriptor::Immediate(bits) => Ok(bits),
                    ExtendedDescriptor::Register(number) => Err(number),
                },
                end_of_thread: message.end_of_thread,
            })
        }
        Opcode::Math => match instruction.math {
            Some(function) => Action::Math(function, domain(instruction)?),
            None => return Err(Trap::IllegalInstruction),
        },
        Opcode::Movi => Action::Compute(opcode, Domain::Integer),
        Opcode::Csel if changes_nothing(instruction) => Action::Nop,
        _ => match packed::packed(instruction, op) {
            Some(packed) => Action::Packed(packed),
            None => Action::Compute(opcode, domain(instruction)?),
        },
    })
}

/// What an instruction computes with: what its sources are.
fn domain(instruction: &Instruction) -> Result<Domain, Trap> {
    let mut domain = Domain::Integer;
    let kinds = instruction
        .sources
        .iter()
        .flatten()
        .map(|source| match source {
            Source::Register { kind, .. } | Source::Immediate { kind, .. } => *kind,
        });
    for kind in kinds.chain(instruction.destination.map(|it| it.kind)) {
        if matches!(
            kind,
            DataType::UQ | DataType::Q | DataType::DF | DataType::NF | DataType::BF
        ) {
            return Err(Trap::IllegalOperand("a type this generation does not have"));
        }
    }
    for source in instruction.sources.iter().flatten() {
        let (Source::Register { kind, .. } | Source::Immediate { kind, .. }) = source;
        if kind.is_float() {
            domain = Domain::Float;
        }
    }
    Ok(domain)
}

const OUTSIDE: Trap = Trap::IllegalOperand("a region reaches outside the register file");

/// Where a register file's part ends in which a region must stay.
fn end_of(register: Register) -> usize {
    match register {
        Register::General(_) => file::GENERAL_BYTES,
        Register::Architecture(_) => file::SIZE,
    }
}

fn target_of(destination: &Destination, exec_size: u8) -> Result<Target, Trap> {
    let kind = destination.kind;
    let size = kind.size() as usize;
    let stride = usize::from(destination.stride.max(1));
    let step = stride * size;
    match destination.place {
        Place::Direct {
            register: Register::Architecture(ArchitectureRegister::Null),
            ..
        } => Ok(Target::None),
        Place::Direct {
            register: Register::Architecture(ArchitectureRegister::Accumulator(number)),
            byte,
        } => {
            let element = accumulator_element(number, byte, kind)?;
            let last = usize::from(element) + (usize::from(exec_size) - 1) * stride;
            if last >= file::ACCUMULATORS {
                return Err(OUTSIDE);
            }
            Ok(Target::Accumulator {
                element,
                step: stride as u8,
                kind,
            })
        }
        Place::Direct { register, byte } => {
            let base = file::position(register)
                .ok_or(Trap::IllegalOperand("a register that does not exist"))?;
            let at = base + usize::from(byte);
            if at + (usize::from(exec_size) - 1) * step + size > end_of(register) {
                return Err(OUTSIDE);
            }
            Ok(Target::Register {
                at: at as u16,
                step: step as u16,
                kind,
            })
        }
        Place::Indirect { address, offset } => Ok(Target::Indirect {
            address: address_register(address),
            offset,
            step: step as u16,
            kind,
        }),
    }
}

fn address_register(word: u8) -> u16 {
    (file::ADDRESS + usize::from(word & 15) * 2) as u16
}

/// The element of the accumulators that a byte of one of them begins: eight to a register, of
/// words sixteen.
fn accumulator_element(number: u8, byte: u8, kind: DataType) -> Result<u8, Trap> {
    let size = kind.size() as usize;
    let each = if size <= 2 { 16 } else { 8 };
    let element = usize::from(number) * each + usize::from(byte) / size.max(2);
    if element >= file::ACCUMULATORS {
        return Err(Trap::IllegalOperand("an accumulator that does not exist"));
    }
    Ok(element as u8)
}

/// From one channel's element of a vector of nibbles to the next one's. The nibbles stand for
/// words, and go where words would: where results are a dword apart, every second is taken.
fn nibbles(destination: Option<&Destination>) -> usize {
    let step = destination.map_or(2, |to| usize::from(to.stride) * to.kind.size() as usize);
    (step / 2).max(1)
}

/// A source for so many channels; `nibbles` apart are those of constant vectors.
fn operand_of(source: &Source, exec_size: u8, nibbles: usize) -> Result<Operand, Trap> {
    match *source {
        Source::Immediate { bits, kind } => Ok(Operand {
            place: constant(bits, kind, nibbles),
            kind: match kind {
                DataType::UV => DataType::UW,
                DataType::V => DataType::W,
                DataType::VF => DataType::F,
                kind => kind,
            },
            ..Operand::NONE
        }),
        Source::Register {
            place,
            region,
            kind,
            negate,
            absolute,
        } => Ok(Operand {
            place: place_of(place, region, kind, exec_size)?,
            kind,
            negate,
            absolute,
        }),
    }
}

fn constant(bits: u64, kind: DataType, nibbles: usize) -> Where {
    let nibble = |channel: usize| (bits >> (4 * (channel * nibbles % 8)) & 15) as i16;
    match kind {
        DataType::UV => Where::Words(std::array::from_fn(nibble)),
        DataType::V => Where::Words(std::array::from_fn(|channel| nibble(channel) << 12 >> 12)),
        DataType::VF => Where::Floats(std::array::from_fn(|number| {
            restricted_float((bits >> (8 * number)) as u8)
        })),
        _ => Where::Constant(bits as u32),
    }
}

/// An 8-bit float: sign, three bits of exponent biased by 3, four of mantissa; no denormals, and
/// 0 where all bits but the sign are.
fn restricted_float(bits: u8) -> f32 {
    let sign = u32::from(bits >> 7) << 31;
    if bits & 0x7f == 0 {
        return f32::from_bits(sign);
    }
    let exponent = u32::from(bits >> 4 & 7) + 127 - 3;
    f32::from_bits(sign | exponent << 23 | u32::from(bits & 15) << 19)
}

fn place_of(place: Place, region: Region, kind: DataType, exec_size: u8) -> Result<Where, Trap> {
    let size = kind.size() as usize;
    let (vertical, width, horizontal) = match region {
        Region::Strided {
            vertical,
            width,
            horizontal,
        } => (vertical, width, horizontal),
        Region::RowAddresses { width, horizontal } => (0, width, horizontal),
    };
    if !width.is_power_of_two() {
        return Err(Trap::IllegalOperand("a row's width"));
    }
    let rows = |unit: usize| Rows {
        at: 0,
        vertical: (usize::from(vertical) * unit) as u16,
        width: width.trailing_zeros() as u8,
        horizontal: (usize::from(horizontal) * unit) as u16,
    };
    let last = |rows: &Rows| {
        (0..usize::from(exec_size))
            .map(|channel| rows.offset(channel))
            .max()
            .unwrap_or(0)
    };
    match place {
        Place::Direct {
            register: Register::Architecture(ArchitectureRegister::Accumulator(number)),
            byte,
        } => {
            let element = accumulator_element(number, byte, kind)?;
            let rows = rows(1);
            if usize::from(element) + last(&rows) >= file::ACCUMULATORS {
                return Err(OUTSIDE);
            }
            Ok(Where::Accumulator { element, rows })
        }
        Place::Direct { register, byte } => {
            let base = file::position(register)
                .ok_or(Trap::IllegalOperand("a register that does not exist"))?;
            let at = base + usize::from(byte);
            let null = register == Register::Architecture(ArchitectureRegister::Null);
            let rows = if null {
                Rows {
                    at: 0,
                    vertical: 0,
                    width: 0,
                    horizontal: 0,
                }
            } else {
                rows(size)
            };
            if at + last(&rows) + size > end_of(register) {
                return Err(OUTSIDE);
            }
            let channels = usize::from(exec_size);
            if last(&rows) == 0 {
                return Ok(Where::Scalar(at as u16));
            }
            if (0..channels).all(|channel| rows.offset(channel) == channel * size) {
                return Ok(Where::Unit(at as u16));
            }
            Ok(Where::Strided(Rows {
                at: at as u16,
                ..rows
            }))
        }
        Place::Indirect { address, offset } => Ok(Where::Indirect {
            address: address_register(address),
            offset,
            rows: rows(size),
            each_row: matches!(region, Region::RowAddresses { .. }),
        }),
    }
}
