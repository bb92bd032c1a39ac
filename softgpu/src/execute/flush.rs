//! Flushes and what they write when done, and interrupts. Caches need no flushing
//! here: everything the model writes is in memory at once.

use super::{Flow, Machine, Stop, address, bad_field};
use crate::command::bits;
use crate::completion::HangReason;

/// What a flush writes when it is done.
enum Write {
    Nothing,
    Dword(u32),
    Qword(u64),
}

impl Machine<'_> {
    /// Writes what a flush writes, unless it goes where no batch may write: to the global
    /// address space, or to the status page, which lies there.
    fn post_sync(&mut self, write: Write, at: u64, privileged: bool) -> Result<(), Stop> {
        match write {
            Write::Nothing => Ok(()),
            _ if privileged => self.violate_privilege(),
            Write::Dword(value) => Ok(self.view.write_u32(at, value)?),
            Write::Qword(value) => Ok(self.view.write_u64(at, value)?),
        }
    }
}

fn qword(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// MI_FLUSH_DW. Its length decides whether a dword (4 dwords) or a qword (5) of
/// immediate data is written.
pub(crate) fn flush_dw(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let header = dwords[0];
    let write = match (bits(header, 15, 14), &dwords[3..]) {
        (0, _) => Write::Nothing,
        (1, []) => return Err(HangReason::BadLength.into()),
        (1, &[value]) => Write::Dword(value),
        (1, &[low, high, ..]) => Write::Qword(qword(low, high)),
        (3, _) => Write::Qword(machine.around.clock.timestamp()),
        _ => return bad_field("post-sync operation"),
    };
    let privileged = bits(header, 21, 21) != 0 || bits(dwords[1], 2, 2) != 0;
    machine.post_sync(write, address(dwords[1], dwords[2], 3), privileged)?;
    machine.tally.interrupts += u64::from(bits(header, 8, 8));
    Ok(Flow::Next)
}

/// PIPE_CONTROL. Dwords that a short form lacks are 0. The data written is always a qword,
/// at an address of which the low 3 bits don't count. A register write is a post-sync
/// operation of its own: the field for the others has to be 0.
pub(crate) fn pipe_control(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let dword = |number: usize| dwords.get(number).copied().unwrap_or(0);
    let flags = dword(1);
    let operation = bits(flags, 15, 14);
    if bits(flags, 23, 23) != 0 {
        if operation != 0 {
            return bad_field("two post-sync operations");
        }
        let offset = machine.register_offset(dword(2), false);
        machine.write_register(offset, dword(4));
    } else {
        let write = match operation {
            0 => Write::Nothing,
            1 => Write::Qword(qword(dword(4), dword(5))),
            2 => Write::Qword(machine.depth_count()),
            _ => Write::Qword(machine.around.clock.timestamp()),
        };
        let privileged = bits(flags, 21, 21) != 0 || bits(flags, 24, 24) != 0;
        machine.post_sync(write, address(dword(2), dword(3), 3), privileged)?;
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
