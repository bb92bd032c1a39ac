//! Arithmetic: MI_MATH on the general purpose registers, MI_ATOMIC on memory.

use super::{Flow, Machine, Stop, address, bad_field};
use crate::command::arithmetic::{Instruction, Operand, Operation};
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

/// MI_MATH: a little program of load, add, store and the like.
pub(crate) fn math(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let mut unit = Unit::default();
    for &dword in &dwords[1..] {
        let instruction = Instruction(dword);
        let Some(operation) = instruction.operation() else {
            return bad_field("arithmetic operation");
        };
        let first = instruction.first();
        let second = instruction.second();
        match operation {
            Operation::Nothing => {}
            Operation::Load => {
                let value = machine.operand(&unit, second)?;
                unit.load(first, value)?;
            }
            Operation::LoadInverted => {
                let value = machine.operand(&unit, second)?;
                unit.load(first, !value)?;
            }
            Operation::Load0 => unit.load(first, 0)?,
            Operation::Load1 => unit.load(first, u64::MAX)?,
            Operation::Store => machine.store_operand(first, unit.value(second)?)?,
            Operation::StoreInverted => machine.store_operand(first, !unit.value(second)?)?,
            Operation::Add
            | Operation::Subtract
            | Operation::And
            | Operation::Or
            | Operation::ExclusiveOr => unit.compute(operation),
        }
    }
    Ok(Flow::Next)
}

impl Unit {
    fn load(&mut self, target: Option<Operand>, value: u64) -> Result<(), Stop> {
        match target {
            Some(Operand::SourceA) => self.source_a = value,
            Some(Operand::SourceB) => self.source_b = value,
            _ => return bad_field("arithmetic operand"),
        }
        Ok(())
    }

    fn compute(&mut self, operation: Operation) {
        let (a, b) = (self.source_a, self.source_b);
        (self.accumulator, self.carry) = match operation {
            Operation::Add => a.overflowing_add(b),
            Operation::Subtract => a.overflowing_sub(b),
            Operation::And => (a & b, false),
            Operation::Or => (a | b, false),
            _ => (a ^ b, false),
        };
        self.zero = self.accumulator == 0;
    }

    /// What can be stored: flags are all ones when set.
    fn value(&self, source: Option<Operand>) -> Result<u64, Stop> {
        let flag = |set: bool| if set { u64::MAX } else { 0 };
        Ok(match source {
            Some(Operand::Accumulator) => self.accumulator,
            Some(Operand::Zero) => flag(self.zero),
            Some(Operand::Carry) => flag(self.carry),
            _ => return bad_field("arithmetic operand"),
        })
    }
}

impl Machine<'_> {
    fn operand(&self, unit: &Unit, source: Option<Operand>) -> Result<u64, Stop> {
        match source {
            Some(Operand::Register(number)) => Ok(self.registers.gpr(number)),
            _ => unit.value(source),
        }
    }

    fn store_operand(&mut self, target: Option<Operand>, value: u64) -> Result<(), Stop> {
        let Some(Operand::Register(number)) = target else {
            return bad_field("arithmetic operand");
        };
        self.registers.set_gpr(number, value);
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

/// Width of what an atomic operation works on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Width {
    Dword,
    Qword,
    Octword,
}

/// What an atomic operation works with, low qword first.
struct Operands {
    first: [u64; 2],
    second: [u64; 2],
}

impl Width {
    /// The width a command says twice: in its size field, and in its operation.
    fn of(header: u32) -> Result<Self, Stop> {
        let size = bits(header, 20, 19);
        if bits(header, 15, 13) != size {
            return bad_field("atomic operation of another size");
        }
        match size {
            0 => Ok(Self::Dword),
            1 => Ok(Self::Qword),
            2 => Ok(Self::Octword),
            _ => bad_field("atomic operation's size"),
        }
    }

    /// Dwords of inline data: first and second operand take turns.
    fn inline_dwords(self) -> usize {
        match self {
            Self::Dword => 2,
            Self::Qword => 4,
            Self::Octword => 8,
        }
    }
}

impl Operands {
    /// From the command: a dword of the first, a dword of the second, and so on.
    fn inline(data: &[u32]) -> Self {
        let dword = |index: usize| u64::from(data.get(index).copied().unwrap_or(0));
        let qword = |at: usize| dword(at) | dword(at + 2) << 32;
        Self {
            first: [qword(0), qword(4)],
            second: [qword(1), qword(5)],
        }
    }

    /// From the command of a post-sync operation: the two dwords behind the address are
    /// the halves of the only operand, or, of a comparison, the two operands.
    fn post_sync(data: &[u32], compares: bool) -> Self {
        let dword = |index: usize| u64::from(data.get(index).copied().unwrap_or(0));
        let (first, second) = if compares {
            (dword(0), dword(1))
        } else {
            (dword(0) | dword(1) << 32, 0)
        };
        Self {
            first: [first, 0],
            second: [second, 0],
        }
    }
}

/// The operation that compares and replaces.
const COMPARE: u32 = 0xe;

/// The operation that gives back the decremented value.
const PRE_DECREMENT: u32 = 0xf;

/// MI_ATOMIC: dwords and qwords in all operations, octwords compared and replaced.
/// Operands come from the command or, without inline data, the first from the general
/// purpose registers 0 and 1, the second from 2 and 3. What memory held goes to registers 4
/// and 5 where asked for, of a dword to the lower half.
pub(crate) fn atomic(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let header = dwords[0];
    let at = address(dwords[1], dwords[2], 2);
    let operation = bits(header, 12, 8);
    let width = Width::of(header)?;
    let inline = bits(header, 18, 18) != 0;
    let returns = bits(header, 16, 16) != 0;
    let post_sync = bits(header, 21, 21) != 0;
    let compares = operation == COMPARE;
    let data = &dwords[3..];
    if inline == data.is_empty() {
        return Err(HangReason::BadLength.into());
    }
    let operands = if post_sync {
        let supported = match width {
            Width::Dword => true,
            Width::Qword => !compares,
            Width::Octword => false,
        };
        if !supported || !inline || returns {
            return bad_field("atomic post-sync operation");
        }
        if data.len() < 2 {
            return Err(HangReason::BadLength.into());
        }
        Operands::post_sync(data, compares)
    } else if inline {
        if data.len() < width.inline_dwords() {
            return Err(HangReason::BadLength.into());
        }
        Operands::inline(data)
    } else {
        let gpr = |number| machine.registers.gpr(number);
        Operands {
            first: [gpr(0), gpr(1)],
            second: [gpr(2), gpr(3)],
        }
    };
    let ([first, first_high], [second, second_high]) = (operands.first, operands.second);
    let old = match width {
        Width::Dword => {
            let mask = u64::from(u32::MAX);
            operate(operation, 0, 0, 0, mask).ok_or(UNKNOWN)?;
            let change = |old: u32| {
                operate(operation, old.into(), first & mask, second & mask, mask)
                    .map_or(old, |new| new as u32)
            };
            [u64::from(machine.view.update_u32(at, change)?), 0]
        }
        Width::Qword => {
            operate(operation, 0, 0, 0, u64::MAX).ok_or(UNKNOWN)?;
            let change = |old| operate(operation, old, first, second, u64::MAX).unwrap_or(old);
            [machine.view.update_u64(at, change)?, 0]
        }
        Width::Octword if compares => {
            // Not one access: no engine of ours or processor of the guest relies on
            // sixteen bytes at once without a lock of its own.
            let high_at = at.wrapping_add(8);
            let old = [machine.view.read_u64(at)?, machine.view.read_u64(high_at)?];
            if old == [first, first_high] {
                machine.view.write_u64(at, second)?;
                machine.view.write_u64(high_at, second_high)?;
            }
            old
        }
        Width::Octword => return bad_field("atomic operation"),
    };
    if returns {
        // A pre-decrement gives back what it leaves, all others what they found.
        let [low, high] = match operation {
            PRE_DECREMENT => [old[0].wrapping_sub(1), 0],
            _ => old,
        };
        match width {
            Width::Dword => {
                let kept = machine.registers.gpr(4) & !u64::from(u32::MAX);
                machine
                    .registers
                    .set_gpr(4, kept | low & u64::from(u32::MAX));
            }
            Width::Qword => machine.registers.set_gpr(4, low),
            Width::Octword => {
                machine.registers.set_gpr(4, low);
                machine.registers.set_gpr(5, high);
            }
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
