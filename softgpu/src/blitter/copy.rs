//! Copies and fills: whole bytes, without a raster operation. In pieces that suit both
//! layouts, in an order that leaves the same as the hardware's.

use super::straight::Straight;
use super::surface::{Block, Surface};
use super::tile::Tiling;
use crate::execute::{Machine, Stop};

/// Most bytes of a block that is staged, of tiles that are smaller: as much as the nearest
/// cache holds beside other things.
const STAGE: u32 = 32 * 1024;
/// Most bytes of a block that is copied straight, of tiles that are smaller: so many that it
/// matters little what it takes to find them.
const STRAIGHT: u32 = 128 * 1024;
/// Most rows of a block that is staged where nothing is tiled.
const STAGE_HEIGHT: u32 = 32;
/// Most bytes of a tile.
const TILE: usize = 64 * 1024;
/// Bytes copied or filled straight before others get their turn.
const STRETCH: u64 = 256 * 1024;

/// A copy: blocks of the same size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Copy {
    pub(super) from: Surface,
    pub(super) from_block: Block,
    pub(super) to: Surface,
    pub(super) to_block: Block,
}

/// Room for blocks on their way.
#[derive(Default)]
struct Stage {
    block: Vec<u8>,
    tile: Vec<u8>,
}

impl Stage {
    /// Room for a block of so many bytes, and for a tile.
    fn of(&mut self, bytes: usize) -> (&mut [u8], &mut [u8]) {
        if self.block.len() < bytes {
            self.block.resize(bytes, 0);
        }
        self.tile.resize(TILE, 0);
        (&mut self.block[..bytes], &mut self.tile)
    }
}

/// How the parts of a copy may follow each other.
enum Order {
    /// As it suits: nothing is written that is read.
    Any,
    /// Within one surface: columns from the right, rows from the bottom.
    Within { leftwards: bool, upwards: bool },
    /// A row after the other; from the bottom.
    Rows { upwards: bool },
}

impl Copy {
    /// The same of a part of the blocks.
    fn part(&self, columns: (u32, u32), rows: (u32, u32)) -> Self {
        Self {
            from_block: self.from_block.part(columns, rows),
            to_block: self.to_block.part(columns, rows),
            ..*self
        }
    }

    /// Bytes copied.
    fn bytes(&self) -> usize {
        self.to_block.width as usize * self.to_block.height as usize
    }

    /// See [`Surface::same_tiles`].
    fn same_tiles(&self) -> Option<(u64, u64)> {
        self.from
            .same_tiles(self.from_block, &self.to, self.to_block)
    }

    fn order(&self) -> Order {
        let (from, to) = (&self.from_block, &self.to_block);
        let upwards = self.from.base == self.to.base && from.y < to.y;
        if !self.to.is_plain(*to) {
            return Order::Rows { upwards };
        }
        if let (Some(read), Some(written)) = (self.from.span(*from), self.to.span(*to))
            && (read.end <= written.start || written.end <= read.start)
        {
            return Order::Any;
        }
        // Rows that don't reach over the surface's right edge don't meet other rows.
        let right = from.x.max(to.x) + to.width;
        let one_surface = self.from == self.to && u64::from(right) <= self.to.pitch.unsigned_abs();
        if !one_surface {
            return Order::Rows { upwards };
        }
        let apart = from.x.abs_diff(to.x) >= to.width || from.y.abs_diff(to.y) >= to.height;
        if apart {
            return Order::Any;
        }
        Order::Within {
            leftwards: from.x < to.x,
            upwards,
        }
    }
}

/// Splits `length` into pieces of at most what `limit` says for each place.
fn split(length: u32, limit: impl Fn(u32) -> u32) -> Vec<(u32, u32)> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < length {
        let piece = limit(at).clamp(1, length - at);
        out.push((at, piece));
        at += piece;
    }
    out
}

impl Block {
    /// The part of it that begins at (`x`, `y`).
    fn part(&self, (x, width): (u32, u32), (y, height): (u32, u32)) -> Self {
        Self {
            x: self.x + x,
            y: self.y + y,
            width,
            height,
        }
    }
}

impl Machine<'_> {
    /// Executes a copy.
    pub(super) fn copy_blocks(&mut self, copy: &Copy) -> Result<(), Stop> {
        let linear = copy.from.tiling == Tiling::Linear && copy.to.tiling == Tiling::Linear;
        match copy.order() {
            Order::Any if linear => self.copy_linear(copy),
            Order::Any => self.copy_by_blocks(copy, None),
            Order::Within { leftwards, upwards } => {
                self.copy_by_blocks(copy, Some([leftwards, upwards]))
            }
            Order::Rows { upwards } => self.copy_by_rows(copy, upwards),
        }
    }

    /// Linear to linear: whole rows, joined where they touch.
    fn copy_linear(&mut self, copy: &Copy) -> Result<(), Stop> {
        let (rows, width) = joined_rows(copy.to_block, &[copy.from.pitch, copy.to.pitch]);
        let mut since = 0;
        for row in 0..rows {
            let (to, _) = copy.to.locate(copy.to_block.x, copy.to_block.y + row);
            let (from, _) = copy.from.locate(copy.from_block.x, copy.from_block.y + row);
            let mut done = 0;
            while done < width {
                let length = (width - done).min(STRETCH);
                self.view
                    .copy(from.wrapping_add(done), to.wrapping_add(done), length)?;
                done += length;
                since += length;
                if since >= STRETCH {
                    since = 0;
                    self.breathe()?;
                }
            }
        }
        Ok(())
    }

    /// A block at a time: in directions, leftwards and upwards, where they matter, and by way
    /// of a buffer then, or where the layouts leave no other.
    fn copy_by_blocks(&mut self, copy: &Copy, directions: Option<[bool; 2]>) -> Result<(), Stop> {
        let apart = directions.is_none();
        let [leftwards, upwards] = directions.unwrap_or_default();
        // By the larger tiles, so that most blocks are whole tiles on both sides.
        let weight = |surface: &Surface| surface.tiling.tile().map_or(0, |tile| tile.weight());
        let (guide, guided) = if weight(&copy.from) > weight(&copy.to) {
            (copy.from, copy.from_block)
        } else {
            (copy.to, copy.to_block)
        };
        let tiled = weight(&guide) != 0;
        let columns_of = |start: u32, width: u32, most: u32| {
            split(width, |x| {
                if tiled {
                    guide.tile_edge_after(guided.x + start + x, width - x, most)
                } else {
                    most / STAGE_HEIGHT
                }
            })
        };
        let mut bands = split(guided.height, |row| {
            guide
                .tile_floor_after(guided.y + row)
                .unwrap_or(STAGE_HEIGHT)
        });
        let mut columns = columns_of(0, guided.width, if apart { STRAIGHT } else { STAGE });
        if upwards {
            bands.reverse();
        }
        if leftwards {
            columns.reverse();
        }
        let (mut straight, mut stage) = (Straight::new(copy.bytes()), Stage::default());
        for &band in &bands {
            for &(x, width) in &columns {
                if !apart {
                    self.copy_staged(&copy.part((x, width), band), &mut stage)?;
                    continue;
                }
                let part = copy.part((x, width), band);
                if let Some((from, to)) = part.same_tiles() {
                    self.view.copy(from, to, part.bytes() as u64)?;
                    continue;
                }
                let (from, to) = ((&part.from, part.from_block), (&part.to, part.to_block));
                if straight.copy(&mut self.view, from, to) {
                    continue;
                }
                for (start, width) in columns_of(x, width, STAGE) {
                    self.copy_staged(&copy.part((x + start, width), band), &mut stage)?;
                }
            }
            self.breathe()?;
        }
        Ok(())
    }

    /// By way of a buffer, all of it read before it is written.
    fn copy_staged(&mut self, part: &Copy, stage: &mut Stage) -> Result<(), Stop> {
        let (bytes, room) = stage.of(part.bytes());
        if let Some((from, to)) = part.same_tiles() {
            self.view.read(from, bytes)?;
            self.view.write(to, bytes)?;
            return Ok(());
        }
        part.from
            .read(&mut self.view, part.from_block, bytes, room)?;
        part.to.write(&mut self.view, part.to_block, bytes, room)
    }

    /// Row by row, each read before it is written.
    fn copy_by_rows(&mut self, copy: &Copy, upwards: bool) -> Result<(), Stop> {
        let height = copy.to_block.height;
        let mut row = vec![0; copy.to_block.width as usize];
        let mut since = 0;
        for number in 0..height {
            let number = if upwards { height - 1 - number } else { number };
            let part = |block: Block| block.part((0, block.width), (number, 1));
            copy.from
                .read(&mut self.view, part(copy.from_block), &mut row, &mut [])?;
            copy.to
                .write(&mut self.view, part(copy.to_block), &row, &mut [])?;
            since += row.len();
            if since as u64 >= STRETCH {
                since = 0;
                self.breathe()?;
            }
        }
        Ok(())
    }

    /// Fills a block with one colour, whose bytes are given.
    pub(super) fn fill_block(
        &mut self,
        surface: Surface,
        block: Block,
        colour: &[u8],
    ) -> Result<(), Stop> {
        if surface.tiling == Tiling::Linear {
            return self.fill_linear(surface, block, colour);
        }
        let bands = split(block.height, |row| {
            surface.tile_floor_after(block.y + row).unwrap_or(1)
        });
        let columns = split(block.width, |x| {
            surface.tile_edge_after(block.x + x, block.width - x, u32::MAX)
        });
        for &band in &bands {
            for &column in &columns {
                surface.fill(&mut self.view, block.part(column, band), colour)?;
            }
            self.breathe()?;
        }
        Ok(())
    }

    fn fill_linear(&mut self, surface: Surface, block: Block, colour: &[u8]) -> Result<(), Stop> {
        let (rows, width) = joined_rows(block, &[surface.pitch]);
        // Whole pixels.
        let stretch = STRETCH / colour.len() as u64 * colour.len() as u64;
        let mut since = 0;
        for row in 0..rows {
            let (address, _) = surface.locate(block.x, block.y + row);
            let mut done = 0;
            while done < width {
                let length = (width - done).min(stretch);
                self.view.fill(address.wrapping_add(done), length, colour)?;
                done += length;
                since += length;
                if since >= stretch {
                    since = 0;
                    self.breathe()?;
                }
            }
        }
        Ok(())
    }
}

/// How many rows, and of how many bytes, when those are joined that touch in all surfaces
/// of these pitches.
fn joined_rows(block: Block, pitches: &[i64]) -> (u32, u64) {
    let width = u64::from(block.width);
    if pitches.iter().all(|&pitch| pitch == width as i64) {
        (1, width * u64::from(block.height))
    } else {
        (block.height, width)
    }
}
