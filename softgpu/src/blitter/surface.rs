//! Where a pixel of a surface lies. Knows memory, not commands.

use std::ops::Range;

use super::tile::{COLUMN, Tile, Tiling};
use crate::execute::Stop;
use crate::view::View;

/// A surface: coordinates are in bytes across and rows down, and never negative.
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
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Surface {
    /// Address of the byte at (`x`, `y`), and how many bytes behind it, at most, lie
    /// next to it in the same row.
    pub(super) fn locate(&self, x: u32, y: u32) -> (u64, u32) {
        let Some(tile) = self.tiling.tile() else {
            let offset = i64::from(y) * self.pitch + i64::from(x);
            return (self.base.wrapping_add(offset as u64), u32::MAX);
        };
        let address = self
            .tile_at(tile, x, y)
            .wrapping_add(tile.offset(x % tile.width, y % tile.height).into());
        (address, tile.run - x % tile.run)
    }

    /// Address of the tile that the byte at (`x`, `y`) lies in.
    fn tile_at(&self, tile: &Tile, x: u32, y: u32) -> u64 {
        // A row of tiles takes as many bytes as its rows of pixels.
        let row = i64::from(y / tile.height) * self.pitch * i64::from(tile.height);
        let column = u64::from(x / tile.width) * u64::from(tile.bytes());
        self.base.wrapping_add(row as u64).wrapping_add(column)
    }

    /// The addresses between the lowest and the highest byte of the block's rows, all of
    /// their tiles included. `None`: they go round the end of the address space.
    pub(super) fn span(&self, block: Block) -> Option<Range<u64>> {
        let (left, right) = (block.x, block.x + block.width);
        let (first, last) = (block.y, block.y + block.height - 1);
        let (lowest, length) = match self.tiling.tile() {
            None => {
                let rows = i64::from(last - first) * self.pitch;
                let top = self.locate(left, first).0;
                let lowest = top.wrapping_add(rows.min(0) as u64);
                (lowest, rows.unsigned_abs() + u64::from(block.width))
            }
            Some(tile) => {
                let lowest = self.tile_at(tile, left, first);
                let highest = self.tile_at(tile, right - 1, last);
                (
                    lowest,
                    highest.wrapping_sub(lowest) + u64::from(tile.bytes()),
                )
            }
        };
        Some(lowest..lowest.checked_add(length)?)
    }

    /// Whether no two bytes of the block are the same in memory: rows don't reach over
    /// the next ones.
    pub(super) fn is_plain(&self, block: Block) -> bool {
        let pitch = self.pitch.unsigned_abs();
        match self.tiling {
            Tiling::Linear => pitch >= u64::from(block.width) || block.height == 1,
            _ => pitch >= u64::from(block.x) + u64::from(block.width),
        }
    }

    /// Calls `each` with every piece of the block that lies together in memory: its
    /// address, and where its bytes belong among the block's, row by row.
    fn pieces(
        &self,
        block: Block,
        mut each: impl FnMut(u64, Range<usize>) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        for row in 0..block.height {
            let mut x = 0;
            while x < block.width {
                let (address, run) = self.locate(block.x + x, block.y + row);
                let length = run.min(block.width - x);
                let at = row as usize * block.width as usize + x as usize;
                each(address, at..at + length as usize)?;
                x += length;
            }
        }
        Ok(())
    }

    /// If the block is whole tiles in a row, one behind the other in memory: their kind,
    /// and their address.
    fn whole_tiles(&self, block: Block) -> Option<(&'static Tile, u64)> {
        let tile = self.tiling.tile()?;
        let whole = block.width.is_multiple_of(tile.width)
            && block.height == tile.height
            && block.x.is_multiple_of(tile.width)
            && block.y.is_multiple_of(tile.height);
        whole.then(|| (tile, self.tile_at(tile, block.x, block.y)))
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
        Some((self.whole_tiles(block)?.1, other.whole_tiles(there)?.1))
    }

    /// Reads a block, row by row. `room` is room for a tile, if the block may hold one.
    pub(super) fn read(
        &self,
        view: &mut View<'_>,
        block: Block,
        out: &mut [u8],
        room: &mut [u8],
    ) -> Result<(), Stop> {
        if let Some((tile, address)) = self.whole_tiles(block)
            && tile.run == COLUMN
        {
            let room = &mut room[..tile.bytes() as usize];
            for number in 0..block.width / tile.width {
                let offset = u64::from(number) * u64::from(tile.bytes());
                view.read(address.wrapping_add(offset), room)?;
                unravel(tile, room, out, block.width, number);
            }
            return Ok(());
        }
        self.pieces(block, |address, range| {
            view.read(address, &mut out[range])?;
            Ok(())
        })
    }

    /// Writes a block, row by row, and no byte beside it. `room` is room for a tile, if the
    /// block may hold one.
    pub(super) fn write(
        &self,
        view: &mut View<'_>,
        block: Block,
        data: &[u8],
        room: &mut [u8],
    ) -> Result<(), Stop> {
        if let Some((tile, address)) = self.whole_tiles(block)
            && tile.run == COLUMN
        {
            let room = &mut room[..tile.bytes() as usize];
            for number in 0..block.width / tile.width {
                ravel(tile, data, room, block.width, number);
                let offset = u64::from(number) * u64::from(tile.bytes());
                view.write(address.wrapping_add(offset), room)?;
            }
            return Ok(());
        }
        self.pieces(block, |address, range| {
            view.write(address, &data[range])?;
            Ok(())
        })
    }

    /// Fills a block with one colour, whose bytes are given.
    pub(super) fn fill(
        &self,
        view: &mut View<'_>,
        block: Block,
        colour: &[u8],
    ) -> Result<(), Stop> {
        if let Some((tile, address)) = self.whole_tiles(block) {
            // The colour's bytes come round within the tile's columns.
            let length = u64::from(block.width) * u64::from(tile.height);
            return Ok(view.fill(address, length, colour)?);
        }
        self.pieces(block, |address, range| {
            Ok(view.fill(address, range.len() as u64, colour)?)
        })
    }

    /// Widths of the next blocks that suit the layout: from `x` to the next tile's edge,
    /// or whole tiles, at most about `most` bytes.
    pub(super) fn tile_edge_after(&self, x: u32, left: u32, most: u32) -> u32 {
        let Some(tile) = self.tiling.tile() else {
            return most;
        };
        if x.is_multiple_of(tile.width) && left >= tile.width {
            return left.min(most.max(tile.width)) / tile.width * tile.width;
        }
        tile.width - x % tile.width
    }

    /// Rows from `y` to the next tile's edge.
    pub(super) fn tile_floor_after(&self, y: u32) -> Option<u32> {
        let height = self.tiling.tile()?.height;
        Some(height - y % height)
    }
}

/// Where the rows of a block's tile of that number lie among the block's bytes, in pieces
/// of 16 bytes.
fn tile_rows(tile: &Tile, width: u32, number: u32) -> impl Iterator<Item = Range<usize>> {
    let (pieces, stride) = (tile.width / COLUMN, width / COLUMN);
    (0..tile.height).map(move |row| {
        let start = row * stride + number * pieces;
        start as usize..(start + pieces) as usize
    })
}

/// Brings a tile's bytes into rows.
fn unravel(tile: &Tile, bytes: &[u8], out: &mut [u8], width: u32, number: u32) {
    let (bytes, _) = bytes.as_chunks::<{ COLUMN as usize }>();
    let (out, _) = out.as_chunks_mut::<{ COLUMN as usize }>();
    for (range, &row) in tile_rows(tile, width, number).zip(tile.rows()) {
        for (piece, &column) in out[range].iter_mut().zip(tile.columns()) {
            *piece = bytes[usize::from(row + column) / COLUMN as usize];
        }
    }
}

/// Brings rows into a tile's order.
fn ravel(tile: &Tile, data: &[u8], out: &mut [u8], width: u32, number: u32) {
    let (data, _) = data.as_chunks::<{ COLUMN as usize }>();
    let (out, _) = out.as_chunks_mut::<{ COLUMN as usize }>();
    for (range, &row) in tile_rows(tile, width, number).zip(tile.rows()) {
        for (piece, &column) in data[range].iter().zip(tile.columns()) {
            out[usize::from(row + column) / COLUMN as usize] = *piece;
        }
    }
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

    #[test]
    fn a_span_holds_every_byte_of_its_block() {
        let block = Block {
            x: 100,
            y: 3,
            width: 700,
            height: 41,
        };
        for (tiling, pitch) in [
            (Tiling::Linear, 1000),
            (Tiling::Linear, -1000),
            (Tiling::X, 1024),
            (Tiling::Y, 1024),
        ] {
            let surface = Surface {
                base: 0x10_0000,
                pitch,
                tiling,
            };
            let span = surface.span(block).unwrap();
            for y in block.y..block.y + block.height {
                for x in block.x..block.x + block.width {
                    assert!(span.contains(&surface.locate(x, y).0), "{tiling:?}");
                }
            }
        }
    }
}
