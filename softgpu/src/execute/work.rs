//! What all work has in common, and the work of a unit that the model does not have: a draw
//! hangs, unless it comes to nothing.

use super::{Flow, Machine, Stop};
use crate::command::bits;
use crate::completion::HangReason;

/// 3DPRIM_VERTEX_COUNT and 3DPRIM_INSTANCE_COUNT: what an indirect draw draws.
const INDIRECT_DRAW: [u32; 2] = [0x2434, 0x2438];
/// GPGPU_DISPATCHDIMX, Y and Z: what an indirect dispatch dispatches.
pub(crate) const INDIRECT_DISPATCH: [u32; 3] = [0x2500, 0x2504, 0x2508];

impl Machine<'_> {
    /// Whether the predicate switches off work whose header asks for it.
    pub(crate) fn work_is_predicated_off(&mut self, header: u32) -> bool {
        bits(header, 8, 8) != 0 && !self.registers.predicate_result()
    }

    /// The sizes of work: `given` or, if it is indirect, in registers.
    pub(crate) fn sizes<const N: usize>(
        &mut self,
        header: u32,
        given: [u32; N],
        indirect: [u32; N],
    ) -> [u32; N] {
        if bits(header, 10, 10) != 0 {
            indirect.map(|offset| self.read_register(offset))
        } else {
            given
        }
    }
}

/// 3DPRIMITIVE: nothing if predicated off, filtered out for its topology, or empty.
pub(crate) fn draw(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    if machine.work_is_predicated_off(dwords[0]) || machine.state.filters_draw() {
        return Ok(Flow::Next);
    }
    let sizes = machine.sizes(dwords[0], [dwords[2], dwords[4]], INDIRECT_DRAW);
    // With an end offset the number of vertices follows from what was streamed out.
    let streamed = bits(dwords[1], 9, 9) != 0;
    if sizes.contains(&0) && !streamed {
        return Ok(Flow::Next);
    }
    Err(HangReason::MissingUnit.into())
}
