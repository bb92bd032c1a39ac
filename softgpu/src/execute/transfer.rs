//! Commands that move data between the command, registers and memory.

use super::{Flow, Machine, Stop, address, bad_field};
use crate::command::bits;

impl Machine<'_> {
    /// The register a field names, with the engine's base added (`relative`), or moved from
    /// the class's first engine to this one (`remapped`).
    fn named_register(&self, field: u32, relative: bool, remapped: bool) -> u32 {
        let offset = self.register_offset(field, relative);
        if remapped {
            self.around.remapped(offset)
        } else {
            offset
        }
    }

    /// The same by the bits of most commands' headers.
    fn header_register(&self, header: u32, field: u32) -> u32 {
        let set = |bit| bits(header, bit, bit) != 0;
        self.named_register(field, set(19), set(17))
    }
}

/// MI_STORE_DATA_IMM: one or more dwords, or qwords, to memory.
pub(crate) fn store_data_imm(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let data = &dwords[3..];
    let at = address(dwords[1], dwords[2], 2);
    if bits(dwords[0], 21, 21) == 0 {
        for (number, &value) in data.iter().enumerate() {
            machine
                .view
                .write_u32(at.wrapping_add(number as u64 * 4), value)?;
        }
        return Ok(Flow::Next);
    }
    if !data.len().is_multiple_of(2) {
        return bad_field("odd number of dwords in a store of qwords");
    }
    for (number, pair) in data.chunks_exact(2).enumerate() {
        let value = u64::from(pair[0]) | u64::from(pair[1]) << 32;
        machine
            .view
            .write_u64(at.wrapping_add(number as u64 * 8), value)?;
    }
    Ok(Flow::Next)
}

/// MI_LOAD_REGISTER_IMM: pairs of register and value. A bit for each byte says which are
/// not written.
pub(crate) fn load_register_imm(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let pairs = &dwords[1..];
    if !pairs.len().is_multiple_of(2) {
        return bad_field("register without a value");
    }
    for pair in pairs.chunks_exact(2) {
        let offset = machine.header_register(dwords[0], pair[0]);
        machine.write_register_bytes(offset, pair[1], bits(dwords[0], 11, 8));
    }
    Ok(Flow::Next)
}

/// MI_LOAD_REGISTER_MEM.
pub(crate) fn load_register_mem(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let offset = machine.header_register(dwords[0], dwords[1]);
    let value = machine.view.read_u32(address(dwords[2], dwords[3], 2))?;
    machine.write_register(offset, value);
    Ok(Flow::Next)
}

/// MI_LOAD_REGISTER_REG: source first.
pub(crate) fn load_register_reg(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let set = |bit| bits(dwords[0], bit, bit) != 0;
    let source = machine.named_register(dwords[1], set(18), set(16));
    let target = machine.named_register(dwords[2], set(19), set(17));
    let value = machine.read_register(source);
    machine.write_register(target, value);
    Ok(Flow::Next)
}

/// MI_STORE_REGISTER_MEM, if bit 21 is set only while the predicate's result is.
pub(crate) fn store_register_mem(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    if bits(dwords[0], 21, 21) != 0 && !machine.registers.predicate_result() {
        return Ok(Flow::Next);
    }
    let offset = machine.header_register(dwords[0], dwords[1]);
    let value = machine.read_register(offset);
    machine
        .view
        .write_u32(address(dwords[2], dwords[3], 2), value)?;
    Ok(Flow::Next)
}

/// MI_COPY_MEM_MEM: one dword; destination first.
pub(crate) fn copy_mem_mem(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let value = machine.view.read_u32(address(dwords[3], dwords[4], 2))?;
    machine
        .view
        .write_u32(address(dwords[1], dwords[2], 2), value)?;
    Ok(Flow::Next)
}

/// MI_REPORT_PERF_COUNT: a report of 64 dwords with all counters 0, since none is switched
/// on: the report's number, the time, and no context.
pub(crate) fn report_perf_count(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let at = address(dwords[1], dwords[2], 6);
    let mut report = [0; 256];
    let timestamp = machine.around.clock.timestamp() as u32;
    report[..4].copy_from_slice(&dwords[3].to_le_bytes());
    report[4..8].copy_from_slice(&timestamp.to_le_bytes());
    machine.view.write(at, &report)?;
    Ok(Flow::Next)
}
