//! Random sequences of instructions, executed by the interpreter and by a reference of the
//! plainest kind, which shares nothing with it but the instructions: a channel at a time, with
//! 128-bit integers, and floats that are exact until they are rounded. After each instruction all
//! registers are compared: bit by bit, floats of `math` within units in the last place.
//!
//! `VIRTIO_IGPU_SEQUENCES` says how many sequences, `VIRTIO_IGPU_SEED` which.

mod compute;
mod exact;
mod generate;
mod registers;

use std::collections::HashSet;

use super::file;
use super::rounding::FloatMode;
use super::{Thread, ThreadSetup};
use crate::isa::*;
use crate::kernel::Kernel;
use crate::memory::{Memory, MemoryFault};
use crate::shared::{Bases, LocalMemory, Sender, SharedFunctions};
use registers::{Registers, Value};

/// Sequences, unless the environment says how many.
const SEQUENCES: u64 = 12_000;
/// Instructions of each.
const LENGTH: usize = 20;

/// No instruction here has a use for memory.
struct Nothing;

impl Memory for Nothing {
    fn read(&mut self, _: u64, _: &mut [u8]) -> Result<(), MemoryFault> {
        Ok(())
    }

    fn write(&mut self, _: u64, _: &[u8]) -> Result<(), MemoryFault> {
        Ok(())
    }

    fn update_u32(&mut self, _: u64, _: &mut dyn FnMut(u32) -> u32) -> Result<u32, MemoryFault> {
        Ok(0)
    }

    fn update_u64(&mut self, _: u64, _: &mut dyn FnMut(u64) -> u64) -> Result<u64, MemoryFault> {
        Ok(0)
    }
}

/// A thread with these registers.
fn thread(registers: &Registers) -> Thread {
    let setup = ThreadSetup {
        mask: registers.mask,
        control: registers.control,
        state: [0; 4],
    };
    let mut thread = Thread::new(setup, registers.general.as_chunks().0);
    for (number, word) in registers.address.iter().enumerate() {
        let at = file::ADDRESS + number * 2;
        thread.file.write(at, word.to_le_bytes());
    }
    thread.file.set_flags(registers.flags);
    thread.file.accumulators[..registers.accumulators.len()]
        .copy_from_slice(&registers.accumulators);
    thread.mode = FloatMode::of(registers.control);
    thread
}

/// The registers of a thread.
fn seen(thread: &Thread) -> Registers {
    let file = &thread.file;
    Registers {
        general: file.bytes[..file::GENERAL_BYTES].to_vec(),
        address: std::array::from_fn(|number| {
            u16::from_le_bytes(file.read(file::ADDRESS + number * 2))
        }),
        flags: file.flags(),
        accumulators: file.accumulators.to_vec(),
        control: file.dword(file::CONTROL),
        mask: thread.channels.active(),
    }
}

/// Bits of a type as a float, if they are one.
fn as_float(bits: u64, kind: DataType) -> Option<f64> {
    match registers::number(bits, kind) {
        Value::Float(value) => Some(value),
        Value::Integer(_) => None,
    }
}

/// Whether two results of an instruction are the same, as far as it says what they are.
fn alike(one: &Instruction, expected: u64, got: u64) -> bool {
    if expected == got {
        return true;
    }
    let kind = one.destination.map_or(DataType::UD, |to| to.kind);
    let mask = u64::MAX >> (64 - kind.size() * 8);
    let (Some(a), Some(b)) = (as_float(expected & mask, kind), as_float(got & mask, kind)) else {
        return false;
    };
    if a.is_nan() && b.is_nan() {
        return true;
    }
    let Some(units) = compute::tolerance(one) else {
        return false;
    };
    // Of a 0 the sign counts, and infinity is not near anything.
    let largest = if kind == DataType::HF {
        65504.0
    } else {
        f64::from(f32::MAX)
    };
    let near = (a - b).abs() <= units * compute::unit(a, kind);
    near || (a.is_infinite() && b.abs() == largest || b.is_infinite() && a.abs() == largest)
        && a.signum() == b.signum()
}

/// The first difference of the registers, in words, after an instruction.
fn difference(one: &Instruction, expected: &Registers, got: &Registers) -> Option<String> {
    let kind = one.destination.map_or(DataType::UD, |to| to.kind);
    let size = kind.size() as usize;
    let element = |bytes: &[u8]| {
        let mut all = [0; 8];
        all[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(all)
    };
    let pairs = expected.general.chunks(size).zip(got.general.chunks(size));
    for (number, (expected, got)) in pairs.enumerate() {
        let (expected, got) = (element(expected), element(got));
        if !alike(one, expected, got) {
            let at = number * size;
            return Some(format!(
                "r{}.{}: expected {expected:#x}, got {got:#x}",
                at / 32,
                at % 32
            ));
        }
    }
    if expected.flags != got.flags {
        return Some(format!(
            "flags: expected {:#x}, got {:#x}",
            expected.flags, got.flags
        ));
    }
    if expected.address != got.address || expected.control != got.control {
        return Some("a0 or cr0".into());
    }
    // The whole product is there for `mach`; of other results nobody reads more than a dword.
    let whole = matches!(one.opcode, Opcode::Mach)
        || one.opcode == Opcode::Mul && !kind.is_float() && kind.size() == 4;
    let mask = if whole { u64::MAX } else { 0xffff_ffff };
    let pairs = expected.accumulators.iter().zip(&got.accumulators);
    for (number, (&expected, &got)) in pairs.enumerate() {
        let (expected, got) = (expected as u64 & mask, got as u64 & mask);
        if !alike(one, expected, got) {
            return Some(format!(
                "accumulator element {number}: expected {expected:#x}, got {got:#x}"
            ));
        }
    }
    None
}

fn number(variable: &str, otherwise: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Runs one sequence; says with which opcode it comes out wrong, and how.
fn sequence(seed: u64) -> Result<(), (Opcode, String)> {
    let mut generator = generate::Generator::new(seed);
    let mut before = generator.registers();
    let instructions: Vec<Instruction> = (0..LENGTH).map(|_| generator.instruction()).collect();
    let kernel = Kernel::of(&instructions);
    let mut thread = thread(&before);
    let mut functions = SharedFunctions::new(Bases::default(), Nothing);
    let mut local = LocalMemory::default();
    for one in &instructions {
        let text = || format!("{}\n{one:?}", disassemble(one, Targets::Relative));
        let sender = Sender { thread: 0 };
        let mut budget = 1;
        thread
            .run(&kernel, sender, &mut functions, &mut local, &mut budget)
            .map_err(|trap| (one.opcode, format!("{trap}\n{}", text())))?;
        let got = seen(&thread);
        let mut expected = before.clone();
        compute::execute(&mut expected, one);
        if let Some(difference) = difference(one, &expected, &got) {
            let control = before.control;
            let how = format!("{difference}\ncr0 {control:#x}\n{}", text());
            return Err((one.opcode, how));
        }
        before = got;
    }
    Ok(())
}

#[test]
fn random_sequences_do_what_is_described() {
    let sequences = number("VIRTIO_IGPU_SEQUENCES", SEQUENCES);
    let seed = number("VIRTIO_IGPU_SEED", 1);
    let (mut wrong, mut opcodes) = (0, HashSet::new());
    for number in 0..sequences {
        if let Err((opcode, difference)) = sequence(seed << 32 | number) {
            wrong += 1;
            // One of each is enough to read.
            if opcodes.insert(opcode) {
                println!("sequence {number} of seed {seed}: {difference}\n");
            }
        }
    }
    assert_eq!(wrong, 0, "of {sequences} sequences");
}
