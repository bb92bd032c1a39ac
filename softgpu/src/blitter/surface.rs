//! Where a pixel of a surface lies: linear, X- and Y-tiled layouts (volume 5, "Tiling").
//! Knows memory, not commands.
//!
//! An X tile is 512 bytes by 8 rows, row by row; a Y tile 128 bytes by 32 rows, in
//! columns of 16 bytes. Both fill a page of 4 KiB. No address bits are swizzled
//! since Gen8.

use std::ops::Range;

use crate::execute::Stop;
use crate::view::View;

/// Bytes of a tile of either kind.
const TILE: u64 = 4096;
/// Bytes and rows of a Y tile.
const Y_TILE: (u32, u32) = (128, 32);
/// Bytes of a column of a Y tile.
const COLUMN: u32 = 16;

/// How a surface lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tiling {
    Linear,
    X,
    Y,
}

impl Tiling {
    /// Bytes and rows of a tile.
    fn tile(self) -> Option<(u32, u32)> {
        match self {
            Self::Linear => None,
            Self::X => Some((512, 8)),
            Self::Y => Some(Y_TILE),
        }
    }
}

/// A surface: coordinates are in bytes across and rows down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Surface {
    pub(super) base: u64,
    /// Bytes from a row to the next; for tiled surfaces a whole number of tiles.
    pub(super) pitch: i64,
    pub(super) tiling: Tiling,
}

/// A rectangle of a surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// A piece of a row of a block that lies in one piece of memory.
struct Run {
    address: u64,
    /// Where it belongs in the block's bytes.
    at: usize,
    length: usize,
}

impl Surface {
    /// Address of the byte at (`x`, `y`), and how many bytes behind it, at most, lie
    /// next to it in the same row.
    pub(super) fn locate(&self, x: i64, y: i64) -> (u64, u32) {
        let Some((width, height)) = self.tiling.tile() else {
            let offset = y.wrapping_mul(self.pitch).wrapping_add(x);
            return (self.base.wrapping_add(offset as u64), u32::MAX);
        };
        let (width, height) = (i64::from(width), i64::from(height));
        let (column, inside_x) = (x.div_euclid(width), x.rem_euclid(width) as u32);
        let (row, inside_y) = (y.div_euclid(height), y.rem_euclid(height) as u32);
        // A row of tiles takes as many bytes as its rows of pixels.
        let tile = row
            .wrapping_mul(self.pitch.wrapping_mul(height))
            .wrapping_add(column.wrapping_mul(TILE as i64));
        let (inside, run) = match self.tiling {
            Tiling::X => (inside_y * 512 + inside_x, 512 - inside_x),
            _ => (
                inside_x / COLUMN * (COLUMN * 32) + inside_y * COLUMN + inside_x % COLUMN,
                COLUMN - inside_x % COLUMN,
            ),
        };
        (
            self.base
                .wrapping_add(tile as u64)
                .wrapping_add(inside.into()),
            run,
        )
    }

    /// Calls `each` with every run of the block.
    fn runs(
        &self,
        block: Block,
        mut each: impl FnMut(Run) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        for row in 0..block.height {
            let mut x = 0;
            while x < block.width {
                let (address, run) = self.locate(block.x + i64::from(x), block.y + i64::from(row));
                let length = run.min(block.width - x) as usize;
                let at = row as usize * block.width as usize + x as usize;
                each(Run {
                    address,
                    at,
                    length,
                })?;
                x += length as u32;
            }
        }
        Ok(())
    }

    /// If the block is whole tiles in a row, one behind the other in memory: their address.
    fn whole_tiles(&self, block: Block) -> Option<u64> {
        let (width, height) = self.tiling.tile()?;
        let whole = block.width.is_multiple_of(width)
            && block.height == height
            && block.x.rem_euclid(width.into()) == 0
            && block.y.rem_euclid(height.into()) == 0;
        whole.then(|| self.locate(block.x, block.y).0)
    }

    /// If both blocks are whole tiles of one layout, of which the bytes can be copied as
    /// they are: where they lie, this one's first.
    pub(super) fn same_tiles(
        &self,
        block: Block,
        other: &Self,
        there: Block,
    ) -> Option<(u64, u64)> {
        if self.tiling != other.tiling {
            return None;
        }
        Some((self.whole_tiles(block)?, other.whole_tiles(there)?))
    }

    /// Reads a block, row by row.
    pub(super) fn read(
        &self,
        view: &mut View<'_>,
        block: Block,
        out: &mut [u8],
    ) -> Result<(), Stop> {
        if self.tiling == Tiling::Y
            && let Some(address) = self.whole_tiles(block)
        {
            let mut tile = [0; TILE as usize];
            for number in 0..block.width / Y_TILE.0 {
                view.read(address.wrapping_add(u64::from(number) * TILE), &mut tile)?;
                let (columns, _) = tile.as_chunks::<{ COLUMN as usize }>();
                let (rows, _) = out.as_chunks_mut::<{ COLUMN as usize }>();
                for (row, range) in tile_rows(block, number).enumerate() {
                    for (column, piece) in rows[range].iter_mut().enumerate() {
                        *piece = columns[column * 32 + row];
                    }
                }
            }
            return Ok(());
        }
        self.runs(block, |run| {
            view.read(run.address, &mut out[run.at..run.at + run.length])?;
            Ok(())
        })
    }

    /// Writes a block, row by row, and no byte beside it.
    pub(super) fn write(&self, view: &mut View<'_>, block: Block, data: &[u8]) -> Result<(), Stop> {
        if self.tiling == Tiling::Y
            && let Some(address) = self.whole_tiles(block)
        {
            let mut tile = [0; TILE as usize];
            for number in 0..block.width / Y_TILE.0 {
                let (columns, _) = tile.as_chunks_mut::<{ COLUMN as usize }>();
                let (rows, _) = data.as_chunks::<{ COLUMN as usize }>();
                for (row, range) in tile_rows(block, number).enumerate() {
                    for (column, piece) in rows[range].iter().enumerate() {
                        columns[column * 32 + row] = *piece;
                    }
                }
                view.write(address.wrapping_add(u64::from(number) * TILE), &tile)?;
            }
            return Ok(());
        }
        self.runs(block, |run| {
            view.write(run.address, &data[run.at..run.at + run.length])?;
            Ok(())
        })
    }

    /// Widths of the next blocks that suit the layout: from `x` to the next tile's edge,
    /// or whole tiles, at most `most` bytes.
    pub(super) fn tile_edge_after(&self, x: i64, left: u32, most: u32) -> Option<u32> {
        let (width, _) = self.tiling.tile()?;
        let inside = x.rem_euclid(i64::from(width)) as u32;
        if inside == 0 && left >= width {
            return Some(left.min(most) / width * width);
        }
        Some(width - inside)
    }

    /// Rows from `y` to the next tile's edge.
    pub(super) fn tile_floor_after(&self, y: i64) -> Option<u32> {
        let (_, height) = self.tiling.tile()?;
        Some(height - y.rem_euclid(i64::from(height)) as u32)
    }
}

/// Where the rows of a block's tile of that number lie among the block's bytes, in pieces
/// of 16 bytes.
fn tile_rows(block: Block, number: u32) -> impl Iterator<Item = Range<usize>> {
    let (pieces, stride) = (Y_TILE.0 / COLUMN, block.width / COLUMN);
    (0..Y_TILE.1).map(move |row| {
        let start = row * stride + number * pieces;
        start as usize..(start + pieces) as usize
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_laid_out_as_the_manual_says() {
        let surface = |tiling| Surface {
            base: 0x10000,
            pitch: 1024,
            tiling,
        };
        // X: second row of the first tile; first byte of the second tile; second row of tiles.
        assert_eq!(surface(Tiling::X).locate(0, 1), (0x10000 + 512, 512));
        assert_eq!(surface(Tiling::X).locate(515, 0), (0x10000 + 4096 + 3, 509));
        assert_eq!(surface(Tiling::X).locate(0, 8), (0x10000 + 2 * 4096, 512));
        // Y: second row; second column; second tile; second row of tiles.
        assert_eq!(surface(Tiling::Y).locate(3, 1), (0x10000 + 16 + 3, 13));
        assert_eq!(surface(Tiling::Y).locate(16, 0), (0x10000 + 512, 16));
        assert_eq!(surface(Tiling::Y).locate(128, 0), (0x10000 + 4096, 16));
        assert_eq!(surface(Tiling::Y).locate(0, 32), (0x10000 + 8 * 4096, 16));
        assert_eq!(
            surface(Tiling::Linear).locate(5, 2),
            (0x10000 + 2053, u32::MAX)
        );
    }
}
