//! Which channels execute an op: those that the thread's control flow lets, less those that
//! its predicate excludes.

use super::file::RegisterFile;
use crate::isa::{Opcode, PredicateControl};
use crate::kernel::op::{Action, Op, Packed};

/// The channels that execute an op, of those of the thread that are active; bit 0 is the op's
/// first.
#[inline(always)]
pub(super) fn enabled(file: &RegisterFile, op: &Op, active: u32) -> u32 {
    let all = op.channels();
    let mask = if op.mask_disabled {
        all
    } else {
        active >> op.channel_offset & all
    };
    match op.predicate {
        None => mask,
        // `sel` chooses by it.
        Some(_) if selects(op) => mask,
        Some(control) => mask & predicate(file.flags(), op, control),
    }
}

/// Whether an op's predicate says which source is taken, not whether it is executed.
#[inline(always)]
fn selects(op: &Op) -> bool {
    matches!(
        op.action,
        Action::Compute(Opcode::Sel, _)
            | Action::Packed(
                Packed::Select
                    | Packed::SelectFloat
                    | Packed::ChooseInteger
                    | Packed::ChooseUnsigned
                    | Packed::ChooseFloat
            )
    )
}

/// The channels whose predicate holds; bit 0 is the op's first.
#[inline(always)]
pub(super) fn predicate(flags: u64, op: &Op, control: PredicateControl) -> u32 {
    let start = u32::from(op.flag_bit);
    let bits = match control {
        PredicateControl::Sequential => flags.rotate_right(start) as u32,
        control => grouped(flags, start, control),
    };
    if op.inverted {
        !bits & op.channels()
    } else {
        bits & op.channels()
    }
}

/// Predicates that look at more than the channel's bit.
#[cold]
fn grouped(flags: u64, start: u32, control: PredicateControl) -> u32 {
    let (low, high) = (flags as u32, (flags >> 32) as u32);
    match control {
        PredicateControl::Sequential => flags.rotate_right(start) as u32,
        PredicateControl::AnyVertical => (low | high).rotate_right(start),
        PredicateControl::AllVertical => (low & high).rotate_right(start),
        PredicateControl::AnyHorizontal(group) | PredicateControl::AllHorizontal(group) => {
            let group = u32::from(group.clamp(1, 32));
            let all = u32::MAX >> (32 - group);
            let mut result = 0;
            for channel in (0..32).step_by(group as usize) {
                // The groups are the flag register's, wherever the op's channels begin.
                let first = (start + channel) & !(group - 1);
                let bits = flags.rotate_right(first % 64) as u32 & all;
                let holds = match control {
                    PredicateControl::AnyHorizontal(_) => bits != 0,
                    _ => bits == all,
                };
                if holds {
                    result |= all << channel;
                }
            }
            result
        }
    }
}
