//! Commands that decide what is executed next: batches, arbitration, semaphores,
//! predicates.

use super::{Flow, Machine, Stop, address, bad_field};
use crate::command::bits;
use crate::platform::EngineClass;

/// Compares what lies in memory (or a register) with what the command says.
fn compare(operation: u32, memory: u32, command: u32) -> Result<bool, Stop> {
    Ok(match operation {
        0 => memory > command,
        1 => memory >= command,
        2 => memory < command,
        3 => memory <= command,
        4 => memory == command,
        5 => memory != command,
        _ => return bad_field("comparison"),
    })
}

/// MI_NOOP: leaves a number in NOPID where asked to.
pub(crate) fn noop(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    if bits(dwords[0], 22, 22) != 0 {
        machine.registers.set_nop_id(bits(dwords[0], 21, 0));
    }
    Ok(Flow::Next)
}

/// MI_TOPOLOGY_FILTER: from here on only draws of that topology are drawn; 0 for all.
pub(crate) fn topology_filter(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    machine
        .state
        .set_topology_filter(bits(dwords[0], 5, 0) as u8);
    Ok(Flow::Next)
}

/// MI_ARB_CHECK: an arbitration point.
pub(crate) fn arb_check(_: &mut Machine<'_>, _: &[u32]) -> Result<Flow, Stop> {
    Ok(Flow::Arbitrate)
}

/// MI_ARB_ON_OFF: whether arbitration points count from here on.
pub(crate) fn arb_on_off(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    machine.program.arbitration = dwords[0] & 1 != 0;
    Ok(Flow::Next)
}

/// MI_BATCH_BUFFER_END: back to the caller, the ring for a first-level batch.
pub(crate) fn batch_buffer_end(_: &mut Machine<'_>, _: &[u32]) -> Result<Flow, Stop> {
    Ok(Flow::Return)
}

/// MI_BATCH_BUFFER_START: chains to another batch of the same level, or calls one of
/// the second level; the bit that says which counts in a first-level batch only.
pub(crate) fn batch_buffer_start(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    // Of the position-only pipe: the render engine goes past it.
    if bits(dwords[0], 21, 21) != 0 && machine.around.engine.id.class == EngineClass::Render {
        return Ok(Flow::Next);
    }
    let predicated = bits(dwords[0], 15, 15) != 0;
    if predicated && !machine.registers.predicate_result() {
        return Ok(Flow::Next);
    }
    let target = machine.view.canonical(address(dwords[1], dwords[2], 2));
    if bits(dwords[0], 22, 22) == 0 || machine.program.in_second_level() {
        return Ok(Flow::Jump(target));
    }
    Ok(Flow::Call(target))
}

/// MI_CONDITIONAL_BATCH_BUFFER_END: ends the batch unless what lies in memory
/// compares to the command's dword as its operation says. In mask mode memory holds
/// a mask and, behind it, the value. Bit 18 ends the current level alone.
pub(crate) fn conditional_batch_buffer_end(
    machine: &mut Machine<'_>,
    dwords: &[u32],
) -> Result<Flow, Stop> {
    let header = dwords[0];
    if bits(header, 21, 21) == 0 {
        return Ok(Flow::Next);
    }
    let at = address(dwords[2], dwords.get(3).copied().unwrap_or(0), 3);
    let memory = if bits(header, 19, 19) != 0 {
        let pair = machine.view.read_u64(at)?;
        pair as u32 & (pair >> 32) as u32
    } else {
        machine.view.read_u32(at)?
    };
    if compare(bits(header, 14, 12), memory, dwords[1])? {
        return Ok(Flow::Next);
    }
    Ok(if bits(header, 18, 18) != 0 {
        Flow::Return
    } else {
        Flow::Finish
    })
}

/// MI_SEMAPHORE_SIGNAL: whoever waits at a semaphore is to look again, on any engine.
pub(crate) fn semaphore_signal(_: &mut Machine<'_>, _: &[u32]) -> Result<Flow, Stop> {
    Ok(Flow::Signal)
}

/// MI_SEMAPHORE_WAIT: goes on when a dword of memory, or in register-poll mode a
/// register, compares as said. Signal mode waits like polling mode: a signal only
/// says when to look.
pub(crate) fn semaphore_wait(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let header = dwords[0];
    let value = if bits(header, 16, 16) != 0 {
        let offset = machine.register_offset(dwords[2], false);
        machine.read_register(offset)
    } else {
        machine.view.read_u32(address(dwords[2], dwords[3], 2))?
    };
    if compare(bits(header, 14, 12), value, dwords[1])? {
        return Ok(Flow::Arbitrate);
    }
    Ok(Flow::Wait)
}

/// MI_PREDICATE: computes MI_PREDICATE_RESULT from the source registers.
pub(crate) fn predicate(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let (source0, source1, data) = machine.registers.predicate_sources();
    let compared = match bits(dwords[0], 1, 0) {
        0 => true,
        1 => false,
        2 => source0 == source1,
        _ => source0.wrapping_sub(source1) == data,
    };
    let old = machine.registers.predicate_result();
    let loaded = match bits(dwords[0], 7, 6) {
        0 => return Ok(Flow::Next),
        2 => compared,
        3 => !compared,
        _ => return bad_field("predicate load"),
    };
    let result = match bits(dwords[0], 4, 3) {
        0 => loaded,
        1 => old & loaded,
        2 => old | loaded,
        _ => old ^ loaded,
    };
    machine.registers.set_predicate_result(result);
    Ok(Flow::Next)
}

/// MI_SET_PREDICATE: from here on commands are skipped while a result is set or clear.
pub(crate) fn set_predicate(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let mode = bits(dwords[0], 3, 0);
    if !matches!(mode, 0..=4 | 15) {
        return bad_field("predicate enable");
    }
    machine.registers.set_predicate_mode(mode as u8);
    Ok(Flow::Next)
}

/// Commands that MI_SET_PREDICATE does not switch off: itself, and the end of a batch, so
/// that what lies behind a batch is never executed.
pub(super) fn ignores_predicate(header: u32) -> bool {
    matches!(header >> 23, 0x01 | 0x0a)
}
