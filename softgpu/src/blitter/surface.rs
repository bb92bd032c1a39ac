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

    /// If the block is whole tiles: their kind.
    fn whole_tiles(&self, block: Block) -> Option<&'static Tile> {
        let tile = self.tiling.tile()?;
        let whole = (block.width | block.x).is_multiple_of(tile.width)
            && (block.height | block.y).is_multiple_of(tile.height);
        whole.then_some(tile)
    }

    /// Calls `each` with every row of tiles of a block that is whole tiles: their address,
    /// and which of the block's rows is their first. The tiles of a row lie one behind
    /// the other.
    fn tile_rows(
        &self,
        tile: &Tile,
        block: Block,
        mut each: impl FnMut(u64, u32) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        for row in (0..block.height).step_by(tile.height as usize) {
            each(self.tile_at(tile, block.x, block.y + row), row)?;
        }
        Ok(())
    }

    /// If both blocks are a row of whole tiles of one layout, of which the bytes can be
    /// copied as they are: where they lie, this one's first.
    pub(super) fn same_tiles(
        &self,
        block: Block,
        other: &Self,
        there: Block,
    ) -> Option<(u64, u64)> {
        if self.tiling != other.tiling {
            return None;
        }
        let tile = self.whole_tiles(block)?;
        other.whole_tiles(there)?;
        (block.height == tile.height).then(|| {
            (
                self.tile_at(tile, block.x, block.y),
                other.tile_at(tile, there.x, there.y),
            )
        })
    }

    /// How many bytes behind the first of a row of the block its pieces of 16 bytes lie, the
    /// same in every row and further and further behind. `false`: its rows don't consist of
    /// whole ones that lie together.
    pub(super) fn columns(&self, block: Block, out: &mut Vec<u32>) -> bool {
        out.clear();
        if !block.width.is_multiple_of(COLUMN) {
            return false;
        }
        let across = (0..block.width).step_by(COLUMN as usize);
        let Some(tile) = self.tiling.tile() else {
            out.extend(across);
            return true;
        };
        if !block.x.is_multiple_of(COLUMN) {
            return false;
        }
        let place = |x| x / tile.width * tile.bytes() + tile.offset(x % tile.width, 0);
        out.extend(across.map(|x| place(block.x + x) - place(block.x)));
        true
    }

    /// Reads a block, row by row. `room` is room for a tile, if the block may hold one.
    pub(super) fn read(
        &self,
        view: &mut View<'_>,
        block: Block,
        out: &mut [u8],
        room: &mut [u8],
    ) -> Result<(), Stop> {
        if let Some(tile) = self.whole_tiles(block)
            && tile.run == COLUMN
        {
            let room = &mut room[..tile.bytes() as usize];
            return self.tile_rows(tile, block, |address, row| {
                let out = &mut out[(row * block.width) as usize..];
                for number in 0..block.width / tile.width {
                    let offset = u64::from(number) * u64::from(tile.bytes());
                    view.read(address.wrapping_add(offset), room)?;
                    unravel(tile, room, out, block.width, number);
                }
                Ok(())
            });
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
        if let Some(tile) = self.whole_tiles(block)
            && tile.run == COLUMN
        {
            let room = &mut room[..tile.bytes() as usize];
            return self.tile_rows(tile, block, |address, row| {
                let data = &data[(row * block.width) as usize..];
                for number in 0..block.width / tile.width {
                    ravel(tile, data, room, block.width, number);
                    let offset = u64::from(number) * u64::from(tile.bytes());
                    view.write(address.wrapping_add(offset), room)?;
                }
                Ok(())
            });
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
        if let Some(tile) = self.whole_tiles(block) {
            // The colour's bytes come round within the tile's columns.
            let length = u64::from(block.width) * u64::from(tile.height);
            return self.tile_rows(tile, block, |address, _| {
                Ok(view.fill(address, length, colour)?)
            });
        }
        self.pieces(block, |address, range| {
            Ok(view.fill(address, range.len() as u64, colour)?)
        })
    }

    /// Widths of the next blocks that suit the layout: from `x` to the next tile's edge,
    /// or whole tiles, in all at most `bytes`, but at least a tile.
    pub(super) fn tile_edge_after(&self, x: u32, left: u32, bytes: u32) -> u32 {
        let Some(tile) = self.tiling.tile() else {
            return bytes;
        };
        let most = bytes / tile.height;
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

/// Bytes of a column.
const PIECE: usize = COLUMN as usize;
/// A column's bytes of a row.
type Piece = [u8; PIECE];

/// Goes through a tile row by row: for each column of a row, `each` is called with what
/// lies there among `rows`, which has `C` columns for this tile and `stride` in all, and
/// what lies there in the tile. `C` and `N`, the tile's columns of a row and in all, are
/// parameters so that no index needs to be checked.
#[inline]
fn zip_tile<R, T, const C: usize, const N: usize>(
    places: (&[u16], &[u16]),
    rows: impl Iterator<Item = R>,
    mut tile: T,
    each: impl Fn(R, &mut T, [usize; C]),
) {
    let Some(columns) = places.0.first_chunk::<C>() else {
        return;
    };
    for (row, &place) in rows.zip(places.1) {
        let at = columns.map(|column| usize::from(column + place) % N);
        each(row, &mut tile, at);
    }
}

/// Brings a tile's bytes into rows: it is that number among the tiles of rows of `width`.
fn unravel(tile: &Tile, bytes: &[u8], out: &mut [u8], width: u32, number: u32) {
    fn go<const C: usize, const N: usize>(
        places: (&[u16], &[u16]),
        bytes: &[Piece],
        out: &mut [Piece],
        stride: usize,
        start: usize,
    ) {
        let (Ok(bytes), rows) = (<&[Piece; N]>::try_from(bytes), out.chunks_mut(stride)) else {
            return;
        };
        zip_tile::<_, _, C, N>(places, rows, bytes, |out: &mut [Piece], bytes, at| {
            if let Some(out) = out[start..].first_chunk_mut::<C>() {
                for (out, at) in out.iter_mut().zip(at) {
                    *out = bytes[at];
                }
            }
        });
    }
    let (bytes, _) = bytes.as_chunks::<PIECE>();
    let (out, _) = out.as_chunks_mut::<PIECE>();
    let (stride, start) = (width as usize / PIECE, number as usize * tile.columns());
    let places = tile.places();
    match (tile.columns(), bytes.len()) {
        (4, _) => go::<4, 256>(places, bytes, out, stride, start),
        (8, _) => go::<8, 256>(places, bytes, out, stride, start),
        (16, 256) => go::<16, 256>(places, bytes, out, stride, start),
        (16, _) => go::<16, 4096>(places, bytes, out, stride, start),
        (32, _) => go::<32, 4096>(places, bytes, out, stride, start),
        _ => go::<64, 4096>(places, bytes, out, stride, start),
    }
}

/// Brings rows into a tile's order.
fn ravel(tile: &Tile, data: &[u8], out: &mut [u8], width: u32, number: u32) {
    fn go<const C: usize, const N: usize>(
        places: (&[u16], &[u16]),
        data: &[Piece],
        out: &mut [Piece],
        stride: usize,
        start: usize,
    ) {
        let (Ok(out), rows) = (<&mut [Piece; N]>::try_from(out), data.chunks(stride)) else {
            return;
        };
        zip_tile::<_, _, C, N>(places, rows, out, |data: &[Piece], out, at| {
            if let Some(data) = data[start..].first_chunk::<C>() {
                for (at, piece) in at.into_iter().zip(data) {
                    out[at] = *piece;
                }
            }
        });
    }
    let (data, _) = data.as_chunks::<PIECE>();
    let (out, _) = out.as_chunks_mut::<PIECE>();
    let (stride, start) = (width as usize / PIECE, number as usize * tile.columns());
    let places = tile.places();
    match (tile.columns(), out.len()) {
        (4, _) => go::<4, 256>(places, data, out, stride, start),
        (8, _) => go::<8, 256>(places, data, out, stride, start),
        (16, 256) => go::<16, 256>(places, data, out, stride, start),
        (16, _) => go::<16, 4096>(places, data, out, stride, start),
        (32, _) => go::<32, 4096>(places, data, out, stride, start),
        _ => go::<64, 4096>(places, data, out, stride, start),
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
