//! Commands that move data between the command, registers and memory.

use super::{Flow, Machine, Stop, address, bad_field};
use crate::command::bits;

/// The part of register space that "remap" moves to the engine's own base.
const REMAPPED: std::ops::Range<u32> = 0x2000..0x3000;

impl Machine<'_> {
    /// The register a field names, by the header's bits for the engine's base (19) and
    /// for the remapping of the render engine's registers (17).
    fn named_register(&self, header: u32, field: u32) -> Result<u32, Stop> {
        let offset = self.register_offset(field, bits(header, 19, 19) != 0)?;
        if bits(header, 17, 17) != 0 && REMAPPED.contains(&offset) {
            return Ok(offset - REMAPPED.start + self.around.engine.mmio_base);
        }
        Ok(offset)
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

/// MI_LOAD_REGISTER_IMM: pairs of register and value.
pub(crate) fn load_register_imm(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let pairs = &dwords[1..];
    if !pairs.len().is_multiple_of(2) {
        return bad_field("register without a value");
    }
    for pair in pairs.chunks_exact(2) {
        let offset = machine.named_register(dwords[0], pair[0])?;
        machine.write_register(offset, pair[1]);
    }
    Ok(Flow::Next)
}

/// MI_LOAD_REGISTER_MEM.
pub(crate) fn load_register_mem(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let offset = machine.named_register(dwords[0], dwords[1])?;
    let value = machine.view.read_u32(address(dwords[2], dwords[3], 2))?;
    machine.write_register(offset, value);
    Ok(Flow::Next)
}

/// MI_LOAD_REGISTER_REG: source first. Bits 18 and 19 add the engine's base.
pub(crate) fn load_register_reg(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let source = machine.register_offset(dwords[1], bits(dwords[0], 18, 18) != 0)?;
    let target = machine.register_offset(dwords[2], bits(dwords[0], 19, 19) != 0)?;
    let value = machine.read_register(source);
    machine.write_register(target, value);
    Ok(Flow::Next)
}

/// MI_STORE_REGISTER_MEM, if bit 21 is set only while the predicate's result is.
pub(crate) fn store_register_mem(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    if bits(dwords[0], 21, 21) != 0 && !machine.registers.predicate_result() {
        return Ok(Flow::Next);
    }
    let offset = machine.named_register(dwords[0], dwords[1])?;
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
