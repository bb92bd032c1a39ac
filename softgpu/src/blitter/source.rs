//! Monochrome sources: a bit for each pixel, expanded to two colours.

use super::packet::Area;
use crate::completion::HangReason;
use crate::execute::Stop;
use crate::view::View;

/// How the rows of a monochrome source follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// Each row begins with a 16-bit word of its own, and its first pixel is that bit of
    /// the first byte, counted from the highest.
    Words { first: u32 },
    /// Text: each row begins with a byte of its own.
    Bytes,
    /// Text: each row begins with the bit behind the last row's.
    Bits,
}

/// Where the bits are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bits<'c> {
    /// In memory, at that address.
    Memory(u64),
    /// In the command.
    Command(&'c [u32]),
}

/// A monochrome source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MonoSource<'c> {
    pub(super) bits: Bits<'c>,
    pub(super) packing: Packing,
    /// Colour of a bit that is 0, unless `transparent`.
    pub(super) background: u32,
    /// Colour of a bit that is 1.
    pub(super) foreground: u32,
    /// Where a bit is 0, nothing is written.
    pub(super) transparent: bool,
}

impl MonoSource<'_> {
    /// The place of the first bit of a row of the command's own rectangle.
    fn row(&self, area: &Area, row: u32) -> u64 {
        let (width, row) = (u64::from(area.full_width), u64::from(row));
        match self.packing {
            Packing::Words { first } => {
                row * (width + u64::from(first)).next_multiple_of(16) + u64::from(first)
            }
            Packing::Bytes => row * width.next_multiple_of(8),
            Packing::Bits => row * width,
        }
    }

    /// Bytes of the whole source.
    pub(super) fn bytes(&self, area: &Area) -> u64 {
        let end = self.row(area, area.full_height - 1) + u64::from(area.full_width);
        match self.packing {
            Packing::Words { .. } => end.next_multiple_of(16) / 8,
            Packing::Bytes | Packing::Bits => end.div_ceil(8),
        }
    }

    /// Whether the command brings just as many quadwords as there are; the hardware would
    /// wait for those that are missing, or take the others for a command.
    pub(super) fn check(&self, area: &Area) -> Result<(), Stop> {
        match self.bits {
            Bits::Command(dwords) if dwords.len() as u64 != self.bytes(area).div_ceil(8) * 2 => {
                Err(HangReason::BadLength.into())
            }
            _ => Ok(()),
        }
    }

    /// Reads a row of the area, each pixel's bit into a byte. `bytes` is room.
    pub(super) fn read(
        &self,
        view: &mut View<'_>,
        area: &Area,
        row: u32,
        bytes: &mut Vec<u8>,
        out: &mut [bool],
    ) -> Result<(), Stop> {
        let start = self.row(area, area.skipped.1 + row) + u64::from(area.skipped.0);
        let shift = (start % 8) as usize;
        match self.bits {
            Bits::Memory(address) => {
                bytes.resize((shift + out.len()).div_ceil(8), 0);
                view.read(address.wrapping_add(start / 8), bytes)?;
                expand(bytes.iter().copied(), shift, out);
            }
            Bits::Command(dwords) => {
                let bytes = dwords.iter().flat_map(|dword| dword.to_le_bytes());
                expand(bytes.skip((start / 8) as usize), shift, out);
            }
        }
        Ok(())
    }
}

/// The bits of `bytes` from bit `shift` on, the highest of a byte first.
fn expand(bytes: impl Iterator<Item = u8>, shift: usize, out: &mut [bool]) {
    let bits = bytes.flat_map(|byte| (0..8).map(move |bit| byte << bit & 0x80 != 0));
    for (out, bit) in out.iter_mut().zip(bits.skip(shift)) {
        *out = bit;
    }
}
