//! State that a context keeps from one blit to the next: what the setup commands load.
//! The manual lists it as part of the context image (BLT Engine State: BR01, BR05 to
//! BR07, BR09, BR20, BR21, BR24 and BR25, with the halves of the addresses).

use super::packet::Clip;
use crate::command::bits;
use crate::execute::{Flow, Machine, Stop, address};

/// What the setup commands loaded last. A new context's is all zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Setup {
    /// BR01: solid pattern, clipping, transparency, depth, raster operation, pitch.
    pub(super) control: u32,
    /// Bits 21:20 of the setup command: which bytes of 32-bit pixels are written.
    pub(super) byte_mask: u32,
    /// The last one was XY_SETUP_MONO_PATTERN_SL_BLT.
    pub(super) mono_pattern: bool,
    /// BR05.
    pub(super) background: u32,
    /// BR06.
    pub(super) foreground: u32,
    /// BR07 and BR30.
    pub(super) pattern_address: u64,
    /// BR09 and BR27.
    pub(super) destination: u64,
    /// BR20 and BR21.
    pub(super) pattern: [u32; 2],
    /// BR24 and BR25.
    clip: [u32; 2],
}

impl Setup {
    /// The clip rectangle. Its coordinates are 15 bits without a sign.
    pub(super) fn clip(&self) -> Clip {
        let half = |dword: u32, low: u8| bits(dword, low + 14, low) as i32;
        let [first, second] = self.clip;
        [
            half(first, 0),
            half(first, 16),
            half(second, 0),
            half(second, 16),
        ]
    }
}

/// What both commands that set everything up have in common.
fn common(machine: &Machine<'_>, dwords: &[u32]) -> Setup {
    Setup {
        control: dwords[1],
        byte_mask: bits(dwords[0], 21, 20),
        clip: [dwords[2], dwords[3]],
        destination: address(dwords[4], dwords[5], 0),
        background: dwords[6],
        foreground: dwords[7],
        ..*machine.registers.blitter_setup()
    }
}

/// XY_SETUP_BLT.
pub(crate) fn setup(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let setup = Setup {
        mono_pattern: false,
        pattern_address: address(dwords[8], dwords[9], 6),
        ..common(machine, dwords)
    };
    machine.registers.set_blitter_setup(setup);
    Ok(Flow::Next)
}

/// XY_SETUP_MONO_PATTERN_SL_BLT: the pattern stands in the command.
pub(crate) fn setup_mono_pattern(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let setup = Setup {
        mono_pattern: true,
        pattern: [dwords[8], dwords[9]],
        ..common(machine, dwords)
    };
    machine.registers.set_blitter_setup(setup);
    Ok(Flow::Next)
}

/// XY_SETUP_CLIP_BLT: the clip rectangle alone.
pub(crate) fn setup_clip(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let setup = Setup {
        clip: [dwords[1], dwords[2]],
        ..*machine.registers.blitter_setup()
    };
    machine.registers.set_blitter_setup(setup);
    Ok(Flow::Next)
}
