//! Patterns: 8 by 8 pixels that a surface is paved with.

use super::packet::Depth;

/// Pixels of a side.
pub(super) const SIDE: usize = 8;

/// A pattern, or the one colour of a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    rows: [[u32; SIDE]; SIDE],
    /// Which pixels of a row are written, a bit each.
    opaque: [u8; SIDE],
    /// Which of its pixels lies at the surface's corner.
    seed: (u32, u32),
}

impl Pattern {
    /// All of one colour.
    pub(super) fn solid(colour: u32) -> Self {
        Self {
            rows: [[colour; SIDE]; SIDE],
            opaque: [u8::MAX; SIDE],
            seed: (0, 0),
        }
    }

    /// Pixels of that depth, row by row; what `bytes` lacks is 0.
    pub(super) fn coloured(depth: Depth, bytes: &[u8]) -> Self {
        let mut pattern = Self::solid(0);
        let pixels = pattern.rows.as_flattened_mut();
        for (pixel, bytes) in pixels.iter_mut().zip(bytes.chunks(depth.bytes() as usize)) {
            *pixel = bytes
                .iter()
                .rev()
                .fold(0, |value, &byte| value << 8 | u32::from(byte));
        }
        pattern
    }

    /// One bit for each pixel, a byte for each row, the leftmost in bit 7.
    pub(super) fn mono(bits: [u8; SIDE], background: u32, foreground: u32) -> Self {
        let mut pattern = Self::solid(background);
        for (row, bits) in pattern.rows.iter_mut().zip(bits) {
            for (x, pixel) in row.iter_mut().enumerate() {
                if bits << x & 0x80 != 0 {
                    *pixel = foreground;
                }
            }
        }
        pattern
    }

    /// Where a bit is 0, nothing is written.
    pub(super) fn masked(self, bits: [u8; SIDE]) -> Self {
        Self {
            opaque: bits.map(u8::reverse_bits),
            ..self
        }
    }

    /// With that pixel at x = 0, y = 0 of the surface.
    pub(super) fn seeded(self, x: u32, y: u32) -> Self {
        Self {
            seed: (x, y),
            ..self
        }
    }

    /// The colour, if there is only one and it is written everywhere.
    pub(super) fn only_colour(&self) -> Option<u32> {
        let colour = self.rows[0][0];
        let pixels = self.rows.as_flattened();
        let solid = pixels.iter().all(|&pixel| pixel == colour);
        (solid && self.is_opaque()).then_some(colour)
    }

    /// Whether every pixel is written.
    pub(super) fn is_opaque(&self) -> bool {
        self.opaque == [u8::MAX; SIDE]
    }

    /// The pixel that comes to lie at (`x`, `y`) of the surface, and whether it is written.
    #[inline]
    pub(super) fn at(&self, x: u32, y: u32) -> (u32, bool) {
        let (x, y) = ((x + self.seed.0) as usize % SIDE, y + self.seed.1);
        let row = y as usize % SIDE;
        (self.rows[row][x], self.opaque[row] >> x & 1 != 0)
    }
}

/// The patterns of XY_MONO_PAT_FIXED_BLT by their numbers, a byte a row, as the manual
/// draws them. `None`: no such pattern.
pub(super) fn fixed(number: u32) -> Option<[u8; SIDE]> {
    Some(match number {
        // HS_HORIZONTAL, HS_VERTICAL, HS_FDIAGONAL, HS_BDIAGONAL, HS_CROSS, HS_DIAGCROSS.
        0 => [0, 0, 0, 0xff, 0, 0, 0, 0],
        1 => [0x08; SIDE],
        2 => [0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01],
        3 => [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80],
        4 => [0x08, 0x08, 0x08, 0xff, 0x08, 0x08, 0x08, 0x08],
        5 => [0x81, 0x42, 0x24, 0x18, 0x18, 0x24, 0x42, 0x81],
        // Screen door, SD wide, walking bit (one), walking zero.
        8 => [0x55, 0xaa, 0x55, 0xaa, 0x55, 0xaa, 0x55, 0xaa],
        9 => [0xcc, 0x33, 0xcc, 0x33, 0xcc, 0x33, 0xcc, 0x33],
        10 => [0x88, 0x44, 0x22, 0x11, 0x88, 0x44, 0x22, 0x11],
        11 => [0x77, 0xbb, 0xdd, 0xee, 0x77, 0xbb, 0xdd, 0xee],
        _ => return None,
    })
}
