//! Surfaces as images: their levels and layers, and where a texel is.

use crate::shared::format::Format;
use crate::shared::standard_tile::StandardTile;
use crate::shared::surface::{Kind, Surface, Tiling};
use crate::shared::tile;
use crate::trap::Trap;

/// The most levels that an image has.
const LEVELS: u32 = 15;

/// Texels that levels of images of one dimension are aligned to.
const LINE_ALIGNMENT: u32 = 64;

/// A texel's place: column, row, layer or slice.
pub(super) type Coordinates = [u32; 3];

/// A surface with a format.
#[derive(Clone, Copy, Debug)]
pub(super) struct Image {
    pub(super) surface: Surface,
    pub(super) format: Format,
    /// Of tilings that go by the texel.
    tile: Option<StandardTile>,
}

impl Image {
    /// A surface whose texels can be reached one by one; none if it is nothing.
    pub(super) fn of(surface: &Surface) -> Result<Option<Self>, Trap> {
        if surface.kind == Kind::Null {
            return Ok(None);
        }
        if surface.tiling == Tiling::Other {
            return Err(Trap::BadMessage("image with a tiling that isn't modelled"));
        }
        if surface.samples > 1 {
            return Err(Trap::BadMessage("image with several samples"));
        }
        let format = Format::of(surface.format)
            .ok_or(Trap::BadMessage("image with a format that isn't modelled"))?;
        let deep = surface.kind == Kind::Image(3);
        let tile = match surface.tiling {
            Tiling::Yf => Some(StandardTile::new(false, deep, format.bytes)),
            Tiling::Ys => Some(StandardTile::new(true, deep, format.bytes)),
            _ => None,
        };
        let flat = matches!(surface.kind, Kind::Image(2 | 3) | Kind::Cube);
        if format.side_bits() > 0 && !flat {
            return Err(Trap::BadMessage("blocks of texels in what has no rows"));
        }
        if tile == Some(None) {
            return Err(Trap::BadMessage("a tiling that the format doesn't have"));
        }
        Ok(Some(Self {
            surface: *surface,
            format,
            tile: tile.flatten(),
        }))
    }

    /// Columns, rows and layers, slices or faces of a level that texels are counted in.
    pub(super) fn size(&self, level: u32) -> Coordinates {
        let surface = &self.surface;
        let smaller = |texels: u32| (texels >> level.min(31)).max(1);
        let layers = if surface.array { surface.depth } else { 1 };
        match surface.kind {
            Kind::Image(1) => [smaller(surface.width), 1, layers],
            Kind::Image(2) => [smaller(surface.width), smaller(surface.height), layers],
            Kind::Image(_) => [
                smaller(surface.width),
                smaller(surface.height),
                smaller(surface.depth),
            ],
            Kind::Cube => {
                let edge = smaller(surface.width);
                [edge, smaller(surface.height), layers.saturating_mul(6)]
            }
            Kind::Buffer | Kind::Structured => {
                let elements = u32::try_from(surface.elements).unwrap_or(u32::MAX);
                [elements, 1, 1]
            }
            Kind::Null => [0; 3],
        }
    }

    /// Bytes from the surface's base to a texel, which is inside the level; none if there is no
    /// such level.
    pub(super) fn offset(&self, level: u32, [x, y, layer]: Coordinates) -> Option<u64> {
        let surface = &self.surface;
        let bytes = u64::from(self.format.bytes);
        if matches!(surface.kind, Kind::Buffer | Kind::Structured) {
            return Some(u64::from(x) * u64::from(surface.pitch));
        }
        if level >= LEVELS {
            return None;
        }
        if let Some(tile) = &self.tile {
            return self.offset_in_tiles(tile, level, [x, y, layer]);
        }
        let layer = u64::from(layer) + u64::from(surface.first_layer);
        let step = u64::from(surface.layer_rows);
        let (left, top) = if surface.kind == Kind::Image(1) {
            // Levels and layers side by side.
            let before = (0..level).map(|level| {
                let width = (surface.width >> level).max(1);
                u64::from(width.next_multiple_of(LINE_ALIGNMENT))
            });
            (before.sum::<u64>() + layer * step, 0)
        } else {
            let [left, top] = self.level(level);
            (left, top + layer * step)
        };
        let [x, y, right, down] = self.in_elements([x, y, surface.offset[0], surface.offset[1]]);
        let x = (x + left + right) * bytes;
        let y = y + top + down;
        tile::offset(surface.tiling, surface.pitch.into(), x, y)
    }

    /// The same where tiles go by the texel.
    fn offset_in_tiles(
        &self,
        tile: &StandardTile,
        level: u32,
        [x, y, layer]: Coordinates,
    ) -> Option<u64> {
        let surface = &self.surface;
        let ([left, top], tail) = match level.checked_sub(surface.tail) {
            Some(below) => (self.level(surface.tail), tile.tail(below)?),
            None => (self.level(level), [0; 3]),
        };
        let layer = u64::from(layer) + u64::from(surface.first_layer);
        let step = u64::from(surface.layer_rows);
        let (rows, slice) = match surface.kind {
            Kind::Image(3) => (0, layer),
            _ => (layer * step, 0),
        };
        let [x, y, right, down] = self.in_elements([x, y, surface.offset[0], surface.offset[1]]);
        let x = x + left + right + tail[0];
        let y = y + top + down + tail[1] + rows;
        let bytes = u64::from(self.format.bytes);
        Some(tile.offset(surface.pitch.into(), step, [x * bytes, y, slice + tail[2]]))
    }

    /// Which elements these columns and rows of texels are in.
    fn in_elements(&self, texels: [u32; 4]) -> [u64; 4] {
        texels.map(|texels| u64::from(texels >> self.format.side_bits()))
    }

    /// Where a level begins in its layer, in elements: the first at the top, the second below it,
    /// the third right of that, the others below that one.
    fn level(&self, level: u32) -> [u64; 2] {
        let [across, down] = match &self.tile {
            Some(tile) => tile.extent(),
            None => self.surface.alignment,
        };
        let elements = |texels: u32, level: u32, alignment: u32| {
            let count = (texels >> level)
                .max(1)
                .div_ceil(1 << self.format.side_bits());
            u64::from(count.next_multiple_of(alignment))
        };
        let width = |level: u32| elements(self.surface.width, level, across);
        let height = |level: u32| elements(self.surface.height, level, down);
        match level {
            0 => [0, 0],
            1 => [0, height(0)],
            _ => [width(1), height(0) + (2..level).map(height).sum::<u64>()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::surface::tests::state;

    fn image(dwords: &[(usize, u32)]) -> Image {
        let surface = Surface::decode(&state(dwords)).expect("a surface");
        Image::of(&surface).expect("modelled").expect("not null")
    }

    /// Levels of an image of 100 by 50 texels of 4 bytes, aligned to 4.
    #[test]
    fn levels() {
        let image = image(&[
            (0, 1 << 29 | 1 << 28 | 0xc7 << 18 | 1 << 16 | 1 << 14),
            (1, 84 / 4),
            (2, 99 | 49 << 16),
            (3, 511 | 2 << 21),
        ]);
        assert_eq!(image.size(0), [100, 50, 3]);
        assert_eq!(image.size(3), [12, 6, 3]);
        assert_eq!(image.size(40), [1, 1, 3]);
        let place = |x: u64, y: u64| Some(y * 512 + x * 4);
        assert_eq!(image.offset(0, [5, 7, 0]), place(5, 7));
        assert_eq!(image.offset(0, [5, 7, 2]), place(5, 7 + 168));
        assert_eq!(image.offset(1, [0, 0, 0]), place(0, 52));
        assert_eq!(image.offset(2, [1, 1, 0]), place(53, 53));
        assert_eq!(image.offset(3, [0, 0, 1]), place(52, 52 + 12 + 84));
        assert_eq!(image.offset(4, [0, 0, 0]), place(52, 52 + 12 + 8));
        assert_eq!(image.offset(15, [0, 0, 0]), None);
    }

    /// Layers of one dimension lie side by side.
    #[test]
    fn lines() {
        let image = image(&[
            (0, 1 << 28 | 0x140 << 18),
            (1, 256 / 4),
            (2, 99),
            (3, 1023 | 3 << 21),
        ]);
        assert_eq!(image.size(0), [100, 1, 4]);
        assert_eq!(image.offset(0, [3, 0, 2]), Some(515));
        assert_eq!(image.offset(1, [3, 0, 0]), Some(131));
    }
}
