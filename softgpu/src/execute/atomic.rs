//! Arithmetic: MI_MATH on the general purpose registers, MI_ATOMIC on memory.

use super::{Flow, Machine, Stop, address, bad_field};
use crate::command::bits;
use crate::completion::HangReason;

/// The arithmetic unit's own registers, which live for one MI_MATH.
#[derive(Default)]
struct Unit {
    source_a: u64,
    source_b: u64,
    accumulator: u64,
    zero: bool,
    carry: bool,
}

const SOURCE_A: u32 = 0x20;
const SOURCE_B: u32 = 0x21;
const ACCUMULATOR: u32 = 0x31;
const ZERO: u32 = 0x32;
const CARRY: u32 = 0x33;

/// MI_MATH: a little program of load, add, store and the like.
pub(crate) fn math(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let mut unit = Unit::default();
    for &instruction in &dwords[1..] {
        let operation = bits(instruction, 31, 20);
        let first = bits(instruction, 19, 10);
        let second = bits(instruction, 9, 0);
        match operation {
            0x000 => {}
            0x080 => unit.load(first, machine.operand(&unit, second)?)?,
            0x480 => unit.load(first, !machine.operand(&unit, second)?)?,
            0x081 => unit.load(first, 0)?,
            0x481 => unit.load(first, u64::MAX)?,
            0x100..=0x104 => unit.compute(operation),
            0x180 => machine.store_operand(first, unit.value(second)?)?,
            0x580 => machine.store_operand(first, !unit.value(second)?)?,
            _ => return bad_field("arithmetic operation"),
        }
    }
    Ok(Flow::Next)
}

impl Unit {
    fn load(&mut self, target: u32, value: u64) -> Result<(), Stop> {
        match target {
            SOURCE_A => self.source_a = value,
            SOURCE_B => self.source_b = value,
            _ => return bad_field("arithmetic operand"),
        }
        Ok(())
    }

    fn compute(&mut self, operation: u32) {
        let (a, b) = (self.source_a, self.source_b);
        (self.accumulator, self.carry) = match operation {
            0x100 => a.overflowing_add(b),
            0x101 => a.overflowing_sub(b),
            0x102 => (a & b, false),
            0x103 => (a | b, false),
            _ => (a ^ b, false),
        };
        self.zero = self.accumulator == 0;
    }

    /// What can be stored: flags are all ones when set.
    fn value(&self, source: u32) -> Result<u64, Stop> {
        let flag = |set: bool| if set { u64::MAX } else { 0 };
        Ok(match source {
            ACCUMULATOR => self.accumulator,
            ZERO => flag(self.zero),
            CARRY => flag(self.carry),
            _ => return bad_field("arithmetic operand"),
        })
    }
}

impl Machine<'_> {
    fn operand(&self, unit: &Unit, source: u32) -> Result<u64, Stop> {
        if source < 16 {
            return Ok(self.registers.gpr(source as usize));
        }
        unit.value(source)
    }

    fn store_operand(&mut self, target: u32, value: u64) -> Result<(), Stop> {
        if target >= 16 {
            return bad_field("arithmetic operand");
        }
        self.registers.set_gpr(target as usize, value);
        Ok(())
    }
}

/// One of MI_ATOMIC's operations on a word of `mask`'s width: the new value.
fn operate(operation: u32, old: u64, first: u64, second: u64, mask: u64) -> Option<u64> {
    // Comparisons with a sign: moved up so that the word's top bit is bit 63.
    let shift = mask.leading_zeros();
    let signed = |value: u64| (value << shift) as i64;
    let new = match operation {
        0x1 => old & first,
        0x2 => old | first,
        0x3 => old ^ first,
        0x4 => first,
        0x5 => old.wrapping_add(1),
        0x6 | 0xf => old.wrapping_sub(1),
        0x7 => old.wrapping_add(first),
        0x8 => old.wrapping_sub(first),
        0x9 => first.wrapping_sub(old),
        0xa if signed(old) > signed(first) => old,
        0xb if signed(old) < signed(first) => old,
        0xa | 0xb => first,
        0xc => old.max(first),
        0xd => old.min(first),
        0xe if old == first => second,
        0xe => old,
        _ => return None,
    };
    Some(new & mask)
}

/// MI_ATOMIC: dwords and qwords in all operations, octwords compared and replaced.
/// Operands come from the command or, without inline data, from the general purpose
/// registers 0 and 1 on; what memory held comes back in register 0 where asked for.
pub(crate) fn atomic(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let header = dwords[0];
    let at = address(dwords[1], dwords[2], 2);
    let code = bits(header, 15, 8);
    let (width, operation) = (code >> 5, code & 0x1f);
    if width != bits(header, 20, 19) {
        return bad_field("atomic operation of another size");
    }
    let inline = bits(header, 18, 18) != 0;
    let data = &dwords[3..];
    // Inline operands alternate: low dword of the first, of the second, next dwords.
    let inline_operand = |operand: usize, pair: usize| {
        let dword = |index: usize| data.get(index).copied().map(u64::from);
        let low = dword(pair * 4 + operand)?;
        let high = dword(pair * 4 + 2 + operand).unwrap_or(0);
        Some(low | high << 32)
    };
    let operand = |operand: usize, pair: usize| -> Result<u64, Stop> {
        if inline {
            return inline_operand(operand, pair).ok_or(HangReason::BadLength.into());
        }
        Ok(machine.registers.gpr(operand + pair * 2))
    };
    let (first, second) = (operand(0, 0)?, operand(1, 0)?);
    let returned = match width {
        0 => {
            let mask = u64::from(u32::MAX);
            let change = |old: u32| {
                operate(operation, old.into(), first & mask, second & mask, mask)
                    .map_or(old, |new| new as u32)
            };
            operate(operation, 0, 0, 0, mask).ok_or(UNKNOWN)?;
            (u64::from(machine.view.update_u32(at, change)?), None)
        }
        1 => {
            operate(operation, 0, 0, 0, u64::MAX).ok_or(UNKNOWN)?;
            let change = |old| operate(operation, old, first, second, u64::MAX).unwrap_or(old);
            (machine.view.update_u64(at, change)?, None)
        }
        2 if operation == 0xe => {
            // Not one access: no engine of ours or processor of the guest relies on
            // sixteen bytes at once without a lock of its own.
            let (first_high, second_high) = (operand(0, 1)?, operand(1, 1)?);
            let old = (machine.view.read_u64(at)?, machine.view.read_u64(at + 8)?);
            if old == (first, first_high) {
                machine.view.write_u64(at, second)?;
                machine.view.write_u64(at + 8, second_high)?;
            }
            (old.0, Some(old.1))
        }
        _ => return bad_field("atomic operation"),
    };
    if bits(header, 16, 16) != 0 {
        machine.registers.set_gpr(0, returned.0);
        if let Some(high) = returned.1 {
            machine.registers.set_gpr(1, high);
        }
    }
    Ok(Flow::Next)
}

const UNKNOWN: Stop = Stop::Hang {
    reason: HangReason::BadField {
        what: "atomic operation",
    },
    fault_address: None,
};
