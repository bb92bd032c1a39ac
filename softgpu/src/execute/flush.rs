//! Flushes and what they write when done, and interrupts. Caches need no flushing
//! here: everything the model writes is in memory at once.

use super::{Flow, Machine, Stop, address, bad_field};
use crate::command::bits;

/// What a flush writes when it is done.
fn post_sync(machine: &mut Machine<'_>, operation: u32, at: u64, data: &[u32]) -> Result<(), Stop> {
    match operation {
        0 => {}
        1 => match *data {
            [] => machine.view.write_u64(at, 0)?,
            [value] => machine.view.write_u32(at, value)?,
            [low, high, ..] => {
                machine
                    .view
                    .write_u64(at, u64::from(low) | u64::from(high) << 32)?;
            }
        },
        3 => {
            let timestamp = machine.around.clock.timestamp();
            machine.view.write_u64(at, timestamp)?;
        }
        _ => return bad_field("post-sync operation"),
    }
    Ok(())
}

/// MI_FLUSH_DW. Its length decides whether a dword (4 dwords) or a qword (5) of
/// immediate data is written. The bit that would index the status page is ignored:
/// no batch here has one.
pub(crate) fn flush_dw(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let operation = bits(dwords[0], 15, 14);
    let at = address(dwords[1], dwords[2], 3);
    if bits(dwords[0], 21, 21) == 0 {
        post_sync(machine, operation, at, &dwords[3..])?;
    }
    machine.tally.interrupts += u64::from(bits(dwords[0], 8, 8));
    Ok(Flow::Next)
}

/// PIPE_CONTROL. Dwords that a short form lacks are 0. The depth count is 0: nothing
/// is ever drawn.
pub(crate) fn pipe_control(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let dword = |number: usize| dwords.get(number).copied().unwrap_or(0);
    let flags = dword(1);
    let operation = bits(flags, 15, 14);
    if bits(flags, 23, 23) != 0 {
        // The destination is a register instead.
        if operation == 1 {
            let offset = machine.register_offset(dword(2), false)?;
            machine.write_register(offset, dword(4));
        }
    } else if bits(flags, 21, 21) == 0 {
        let at = address(dword(2), dword(3), 3);
        match operation {
            2 => machine.view.write_u64(at, 0)?,
            _ => post_sync(machine, operation, at, &[dword(4), dword(5)])?,
        }
    }
    machine.tally.interrupts += u64::from(bits(flags, 8, 8));
    Ok(Flow::Next)
}

/// MI_USER_INTERRUPT.
pub(crate) fn user_interrupt(machine: &mut Machine<'_>, _: &[u32]) -> Result<Flow, Stop> {
    machine.tally.interrupts += 1;
    machine.tally.user_interrupts += 1;
    Ok(Flow::Next)
}
