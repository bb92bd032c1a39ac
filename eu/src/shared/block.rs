//! Reads and writes of consecutive bytes.

use crate::memory::Memory;
use crate::shared::message::{REGISTER, Registers};
use crate::shared::operation::{Addresses, Block, BlockAddress};
use crate::shared::payload::{Header, Payload};
use crate::shared::target::Port;
use crate::trap::Trap;

/// Executes a block read or write.
#[inline(never)]
pub(super) fn execute<M: Memory>(
    port: &mut Port<'_, M>,
    what: &Block,
    header: Option<Header<'_>>,
    mut payload: Payload<'_>,
    answer: &mut Registers,
) -> Result<(), Trap> {
    let header = header.ok_or(Trap::BadMessage("block without header"))?;
    let offset = match what.address {
        BlockAddress::Header(Addresses::Long) => header.qword() & !3,
        BlockAddress::Header(Addresses::Owords) => u64::from(header.dword(2)) * 16,
        BlockAddress::Header(Addresses::Dwords) => u64::from(header.dword(2)) * 4,
        BlockAddress::Header(Addresses::Bytes) => u64::from(header.dword(2) & !3),
        BlockAddress::Scratch(offset) => u64::from(offset),
    };
    let length = usize::from(what.bytes);
    let begin = if what.high { REGISTER / 2 } else { 0 };
    if what.write {
        let data = payload.take((begin + length).next_multiple_of(REGISTER))?;
        let data = &data[begin..][..length];
        let there = there(port, offset, length);
        if there > 0 {
            port.write(offset, &data[..there])?;
        }
        if there < length {
            port.outside(offset + there as u64, true)?;
        }
        return Ok(());
    }
    let answer = answer.as_flattened_mut();
    if answer.is_empty() {
        return Ok(());
    }
    let Some(answer) = answer.get_mut(begin..begin + length) else {
        return Err(Trap::BadMessage("answer too short"));
    };
    let there = there(port, offset, length);
    let (inside, outside) = answer.split_at_mut(there);
    if there > 0 {
        port.read(offset, inside)?;
    }
    outside.fill(0);
    if there < length {
        port.outside(offset + there as u64, false)?;
    }
    Ok(())
}

/// How many bytes of a block are inside, in whole dwords.
fn there<M: Memory>(port: &Port<'_, M>, offset: u64, length: usize) -> usize {
    if port.contains(offset, length) {
        return length;
    }
    (0..length)
        .step_by(4)
        .take_while(|&begin| {
            offset
                .checked_add(begin as u64)
                .is_some_and(|offset| port.contains(offset, 4))
        })
        .count()
        * 4
}
