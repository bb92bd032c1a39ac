//! MI_MATH and MI_ATOMIC against references that share nothing with the model: sums in 128
//! bits, memory as bytes.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;

/// Programs, and operations, that are tried.
const CASES: u32 = 20_000;

fn runner() -> TestRunner {
    TestRunner::new(ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        ..ProptestConfig::default()
    })
}

/// Numbers with edges among them.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        (0_u64..3),
        (0_u64..3).prop_map(|number| u64::MAX - number),
        (0_u64..3).prop_map(|number| (1 << 63) - 1 + number),
        (0_u64..3).prop_map(|number| (1 << 32) - 1 + number),
        (0_u64..3).prop_map(|number| (1 << 31) - 1 + number),
    ]
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Register(u32),
    Accumulator,
    Zero,
    Carry,
}

#[derive(Clone, Copy, Debug)]
enum Instruction {
    Nothing,
    Load {
        to_b: bool,
        source: Source,
        inverted: bool,
    },
    Constant {
        to_b: bool,
        ones: bool,
    },
    Compute(u32),
    Store {
        register: u32,
        source: Source,
        inverted: bool,
    },
}

impl Source {
    fn code(self) -> u32 {
        match self {
            Self::Register(number) => number,
            Self::Accumulator => 0x31,
            Self::Zero => 0x32,
            Self::Carry => 0x33,
        }
    }
}

impl Instruction {
    fn code(self) -> u32 {
        let (operation, first, second) = match self {
            Self::Nothing => (0, 0, 0),
            Self::Load {
                to_b,
                source,
                inverted,
            } => (
                0x080 | u32::from(inverted) << 10,
                0x20 | u32::from(to_b),
                source.code(),
            ),
            Self::Constant { to_b, ones } => {
                (0x081 | u32::from(ones) << 10, 0x20 | u32::from(to_b), 0)
            }
            Self::Compute(operation) => (operation, 0, 0),
            Self::Store {
                register,
                source,
                inverted,
            } => (0x180 | u32::from(inverted) << 10, register, source.code()),
        };
        operation << 20 | first << 10 | second
    }
}

fn flag() -> impl Strategy<Value = Source> {
    prop_oneof![
        Just(Source::Accumulator),
        Just(Source::Zero),
        Just(Source::Carry),
    ]
}

fn instruction() -> impl Strategy<Value = Instruction> {
    let source = prop_oneof![3 => (0_u32..16).prop_map(Source::Register), 1 => flag()];
    prop_oneof![
        1 => Just(Instruction::Nothing),
        4 => (any::<bool>(), source, any::<bool>()).prop_map(|(to_b, source, inverted)| {
            Instruction::Load { to_b, source, inverted }
        }),
        1 => (any::<bool>(), any::<bool>())
            .prop_map(|(to_b, ones)| Instruction::Constant { to_b, ones }),
        4 => (0x100_u32..0x105).prop_map(Instruction::Compute),
        4 => (0_u32..16, flag(), any::<bool>()).prop_map(|(register, source, inverted)| {
            Instruction::Store { register, source, inverted }
        }),
    ]
}

/// The arithmetic unit as its section tells it, in numbers wide enough to see a carry.
fn compute(registers: &mut [u64; 16], program: &[Instruction]) {
    let (mut a, mut b, mut result) = (0_u64, 0_u64, 0_i128);
    let mut has_computed = false;
    for instruction in program {
        let accumulator = result as u64;
        let value = |registers: &[u64; 16], source: Source| match source {
            Source::Register(number) => registers[number as usize],
            Source::Accumulator => accumulator,
            Source::Zero if has_computed && accumulator == 0 => u64::MAX,
            Source::Carry if !(0..1 << 64).contains(&result) => u64::MAX,
            Source::Zero | Source::Carry => 0,
        };
        match *instruction {
            Instruction::Nothing => {}
            Instruction::Load {
                to_b,
                source,
                inverted,
            } => {
                let value = value(registers, source);
                let value = if inverted { !value } else { value };
                if to_b { b = value } else { a = value }
            }
            Instruction::Constant { to_b, ones } => {
                let value = if ones { u64::MAX } else { 0 };
                if to_b { b = value } else { a = value }
            }
            Instruction::Compute(operation) => {
                has_computed = true;
                result = match operation {
                    0x100 => i128::from(a) + i128::from(b),
                    0x101 => i128::from(a) - i128::from(b),
                    0x102 => i128::from(a & b),
                    0x103 => i128::from(a | b),
                    _ => i128::from(a ^ b),
                };
            }
            Instruction::Store {
                register,
                source,
                inverted,
            } => {
                let value = value(registers, source);
                registers[register as usize] = if inverted { !value } else { value };
            }
        }
    }
}

#[test]
fn arithmetic_is_as_a_reference_computes_it() {
    let programs = (
        prop::array::uniform16(number()),
        prop::collection::vec(instruction(), 1..64),
    );
    let bench = std::cell::RefCell::new(render());
    let tried = runner().run(&programs, |(registers, program)| {
        let mut bench = bench.borrow_mut();
        for (number, &value) in registers.iter().enumerate() {
            bench.execution.registers.set_gpr(number, value);
        }
        let mut batch = vec![0x0d00_0000 | (program.len() as u32 - 1)];
        batch.extend(program.iter().map(|instruction| instruction.code()));
        bench.finish(&batch);
        let mut expected = registers;
        compute(&mut expected, &program);
        let got: [u64; 16] = std::array::from_fn(|number| bench.execution.registers.gpr(number));
        prop_assert_eq!(got, expected);
        Ok(())
    });
    tried.unwrap();
}

#[derive(Clone, Debug)]
struct Atomic {
    operation: u32,
    /// Of 4, 8 or 16 bytes.
    width: usize,
    inline: bool,
    returns: bool,
    /// Into the memory tried, in dwords.
    at: usize,
    memory: [u64; 6],
    registers: [u64; 16],
    first: [u64; 2],
    second: [u64; 2],
    /// Makes comparisons find what they look for.
    matching: bool,
}

fn atomic() -> impl Strategy<Value = Atomic> {
    let kind = prop_oneof![
        (1_u32..16).prop_map(|operation| (operation, 4)),
        (1_u32..16).prop_map(|operation| (operation, 8)),
        Just((0xe, 16)),
    ];
    (
        kind,
        (any::<bool>(), any::<bool>(), any::<bool>()),
        0_usize..9,
        prop::array::uniform6(number()),
        prop::array::uniform16(number()),
        (number(), number(), number(), number()),
    )
        .prop_map(|(kind, flags, at, memory, registers, operands)| Atomic {
            operation: kind.0,
            width: kind.1,
            inline: flags.0,
            returns: flags.1,
            matching: flags.2,
            at,
            memory,
            registers,
            first: [operands.0, operands.1],
            second: [operands.2, operands.3],
        })
}

/// A number of `width` bytes.
fn bytes_to_number(bytes: &[u8]) -> u128 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | u128::from(byte))
}

/// What an operation makes of `old`, and what it returns; all of `width` bytes.
fn operate(operation: u32, width: usize, old: u128, first: u128, second: u128) -> (u128, u128) {
    let modulus = 1_u128.checked_shl(width as u32 * 8);
    let signed = |number: u128| {
        let modulus = modulus.unwrap_or(0) as i128;
        let number = number as i128;
        if number >= modulus / 2 {
            number - modulus
        } else {
            number
        }
    };
    // Added and subtracted in twice the width, so that nothing is lost before the modulus.
    let wrap = |number: i128| number.rem_euclid(modulus.unwrap_or(1) as i128) as u128;
    let (a, b) = (old as i128, first as i128);
    let new = match operation {
        0x1 => old & first,
        0x2 => old | first,
        0x3 => old ^ first,
        0x4 => first,
        0x5 => wrap(a + 1),
        0x6 | 0xf => wrap(a - 1),
        0x7 => wrap(a + b),
        0x8 => wrap(a - b),
        0x9 => wrap(b - a),
        0xa => {
            if signed(old) >= signed(first) {
                old
            } else {
                first
            }
        }
        0xb => {
            if signed(old) <= signed(first) {
                old
            } else {
                first
            }
        }
        0xc => old.max(first),
        0xd => old.min(first),
        _ => {
            if old == first {
                second
            } else {
                old
            }
        }
    };
    (new, if operation == 0xf { new } else { old })
}

#[test]
fn atomics_are_as_a_reference_computes_them() {
    let bench = std::cell::RefCell::new(render());
    let tried = runner().run(&atomic(), |mut case| {
        let mut bench = bench.borrow_mut();
        let mut memory: Vec<u8> = case
            .memory
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        let place = case.at * 4..case.at * 4 + case.width;
        let place = if place.end > memory.len() {
            0..case.width
        } else {
            place
        };
        let old = bytes_to_number(&memory[place.clone()]);
        if case.matching {
            case.first = [old as u64, (old >> 64) as u64];
        }
        for (number, word) in case.memory.iter().enumerate() {
            bench.put(DATA + number as u64 * 8, &split(*word));
        }
        let mut registers = case.registers;
        if !case.inline {
            registers[..2].copy_from_slice(&case.first);
            registers[2..4].copy_from_slice(&case.second);
        }
        for (number, &value) in registers.iter().enumerate() {
            bench.execution.registers.set_gpr(number, value);
        }
        let size = case.width.trailing_zeros() - 2;
        let code = case.operation | size << 5;
        let flags = u32::from(case.inline) << 18 | u32::from(case.returns) << 16;
        let operands = if case.inline { case.width / 2 } else { 0 };
        let header = 0x1780_0001 + operands as u32;
        let header = header | size << 19 | flags | code << 8;
        let [low, high] = split(DATA + place.start as u64);
        let mut batch = vec![header, low, high];
        for dword in 0..operands / 2 {
            let part = |operand: [u64; 2]| (operand[dword / 2] >> (dword % 2 * 32)) as u32;
            batch.extend([part(case.first), part(case.second)]);
        }
        bench.finish(&batch);

        let cut = |operand: [u64; 2]| {
            let bytes: Vec<u8> = operand.iter().flat_map(|word| word.to_le_bytes()).collect();
            bytes_to_number(&bytes[..case.width])
        };
        let (new, returned) = operate(
            case.operation,
            case.width,
            old,
            cut(case.first),
            cut(case.second),
        );
        memory[place].copy_from_slice(&new.to_le_bytes()[..case.width]);
        if case.returns {
            match case.width {
                4 => registers[4] = registers[4] >> 32 << 32 | returned as u64,
                8 => registers[4] = returned as u64,
                _ => (registers[4], registers[5]) = (returned as u64, (returned >> 64) as u64),
            }
        }
        let got: Vec<u8> = (0..6_u64)
            .flat_map(|number| bench.qword(DATA + number * 8).to_le_bytes())
            .collect();
        prop_assert_eq!(got, memory);
        let got: [u64; 16] = std::array::from_fn(|number| bench.execution.registers.gpr(number));
        prop_assert_eq!(got, registers);
        Ok(())
    });
    tried.unwrap();
}
