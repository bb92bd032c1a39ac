//! Copies and fills: whole bytes, without a raster operation. In pieces that suit both
//! layouts, in an order that leaves the same as the hardware's.

use super::surface::{Block, Surface};
use super::tile::Tiling;
use crate::execute::{Machine, Stop};

/// Most bytes of a block that is staged, of tiles that are smaller: as much as the nearest
/// cache holds beside other things.
const STAGE: u32 = 32 * 1024;
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
            Order::Any => self.copy_staged(copy, None),
            Order::Within { leftwards, upwards } => {
                self.copy_staged(copy, Some([leftwards, upwards]))
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

    /// By way of a buffer, a block at a time; in directions, leftwards and upwards, where
    /// they matter.
    fn copy_staged(&mut self, copy: &Copy, directions: Option<[bool; 2]>) -> Result<(), Stop> {
        let apart = directions.is_none();
        let [leftwards, upwards] = directions.unwrap_or_default();
        let Copy {
            from,
            from_block,
            to,
            to_block,
        } = *copy;
        // By the larger tiles, so that most blocks are whole tiles on both sides.
        let weight = |surface: &Surface| surface.tiling.tile().map_or(0, |tile| tile.weight());
        let (guide, guided) = if weight(&from) > weight(&to) {
            (from, from_block)
        } else {
            (to, to_block)
        };
        let tiled = weight(&guide) != 0;
        let mut bands = split(to_block.height, |row| {
            guide
                .tile_floor_after(guided.y + row)
                .unwrap_or(STAGE_HEIGHT)
        });
        let mut columns = split(to_block.width, |x| {
            if tiled {
                guide.tile_edge_after(guided.x + x, to_block.width - x, STAGE)
            } else {
                STAGE / STAGE_HEIGHT
            }
        });
        if upwards {
            bands.reverse();
        }
        if leftwards {
            columns.reverse();
        }
        let largest = |parts: &[(u32, u32)]| parts.iter().map(|part| part.1).max().unwrap_or(0);
        let mut stage = vec![0; largest(&bands) as usize * largest(&columns) as usize];
        let mut room = vec![0; TILE];
        for &band in &bands {
            for &column in &columns {
                let (from_part, to_part) =
                    (from_block.part(column, band), to_block.part(column, band));
                let stage = &mut stage[..band.1 as usize * column.1 as usize];
                if let Some((from, to)) = from.same_tiles(from_part, &to, to_part) {
                    if apart {
                        self.view.copy(from, to, stage.len() as u64)?;
                    } else {
                        self.view.read(from, stage)?;
                        self.view.write(to, stage)?;
                    }
                    continue;
                }
                from.read(&mut self.view, from_part, stage, &mut room)?;
                to.write(&mut self.view, to_part, stage, &mut room)?;
            }
            self.breathe()?;
        }
        Ok(())
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
