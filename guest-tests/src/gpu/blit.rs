//! The blitter's commands: fills and copies of rectangles of 32-bit pixels.

use super::Tiling;
use super::batch::{Batch, high, low};

/// Pixels in memory, as the blitter addresses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surface {
    /// GPU address of the first byte.
    pub address: u64,
    /// Bytes from one row to the next.
    pub pitch: u32,
    /// How rows are laid out.
    pub tiling: Tiling,
}

/// A rectangle of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rectangle {
    /// Left edge.
    pub x: u32,
    /// Upper edge.
    pub y: u32,
    /// Pixels to the right.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// Headers: the 2D client's opcode, and dwords in all less two.
const XY_COLOR_BLT: u32 = 2 << 29 | 0x50 << 22 | 5;
const XY_SRC_COPY_BLT: u32 = 2 << 29 | 0x53 << 22 | 8;
const XY_FAST_COPY_BLT: u32 = 2 << 29 | 0x42 << 22 | 8;

/// Write all four bytes of a pixel.
const WRITE_RGBA: u32 = 3 << 20;
const DEPTH_32: u32 = 3 << 24;
/// Raster operations: the colour as it is, the source as it is.
const ROP_COLOR: u32 = 0xf0 << 16;
const ROP_SOURCE: u32 = 0xcc << 16;

impl Rectangle {
    /// The whole of a picture.
    pub const fn whole(width: u32, height: u32) -> Self {
        Self {
            x: 0,
            y: 0,
            width,
            height,
        }
    }

    /// Upper left corner as the blitter wants it.
    const fn upper_left(&self) -> u32 {
        self.y << 16 | self.x
    }

    /// The first pixel outside, to the lower right.
    const fn lower_right(&self) -> u32 {
        (self.y + self.height) << 16 | (self.x + self.width)
    }
}

impl Surface {
    /// A surface whose rows simply follow each other.
    pub const fn linear(address: u64, pitch: u32) -> Self {
        Self {
            address,
            pitch,
            tiling: Tiling::Linear,
        }
    }

    /// The pitch field: bytes when linear, dwords when tiled.
    const fn pitch_field(&self) -> u32 {
        match self.tiling {
            Tiling::Linear => self.pitch,
            Tiling::X | Tiling::Y => self.pitch / 4,
        }
    }
}

impl Batch {
    /// XY_COLOR_BLT: fills a rectangle of a linear surface.
    pub fn fill(&mut self, to: Surface, area: Rectangle, color: u32) -> &mut Self {
        debug_assert_eq!(
            to.tiling,
            Tiling::Linear,
            "fills are used on linear surfaces only"
        );
        self.raw(&[
            XY_COLOR_BLT | WRITE_RGBA,
            DEPTH_32 | ROP_COLOR | to.pitch_field(),
            area.upper_left(),
            area.lower_right(),
            low(to.address),
            high(to.address),
            color,
        ])
    }

    /// XY_FAST_COPY_BLT: copies a rectangle from (x, y) of one surface to `area` of
    /// another, either of any tiling.
    pub fn copy(
        &mut self,
        to: Surface,
        area: Rectangle,
        from: Surface,
        x: u32,
        y: u32,
    ) -> &mut Self {
        let tilings = (from.tiling as u32) << 20 | (to.tiling as u32) << 13;
        self.raw(&[
            XY_FAST_COPY_BLT | tilings,
            DEPTH_32 | to.pitch_field(),
            area.upper_left(),
            area.lower_right(),
            low(to.address),
            high(to.address),
            y << 16 | x,
            from.pitch_field(),
            low(from.address),
            high(from.address),
        ])
    }

    /// XY_SRC_COPY_BLT: the older copy, used on linear surfaces.
    pub fn source_copy(
        &mut self,
        to: Surface,
        area: Rectangle,
        from: Surface,
        x: u32,
        y: u32,
    ) -> &mut Self {
        debug_assert_eq!(
            (to.tiling, from.tiling),
            (Tiling::Linear, Tiling::Linear),
            "linear only"
        );
        self.raw(&[
            XY_SRC_COPY_BLT | WRITE_RGBA,
            DEPTH_32 | ROP_SOURCE | to.pitch_field(),
            area.upper_left(),
            area.lower_right(),
            low(to.address),
            high(to.address),
            y << 16 | x,
            from.pitch_field(),
            low(from.address),
            high(from.address),
        ])
    }
}
