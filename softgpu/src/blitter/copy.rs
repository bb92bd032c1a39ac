//! Moving rectangles about: in blocks that suit both layouts, in an order that keeps
//! overlapping copies right.

use super::raster;
use super::surface::{Block, Surface, Tiling};
use crate::execute::{Machine, Stop};

/// Most bytes across a block that is staged.
const BLOCK_WIDTH: u32 = 1024;
/// Most rows of a block that is staged.
const BLOCK_HEIGHT: u32 = 32;
/// Bytes copied or filled straight before others get their turn.
const STRETCH: u64 = 256 * 1024;

/// What to do with each pixel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    /// Ternary raster operation.
    pub(super) raster: u8,
    /// Bytes of a pixel that are written, a bit each.
    pub(super) mask: u16,
    /// Bytes of a pixel.
    pub(super) pixel: u32,
    /// The pattern: one pixel's bytes.
    pub(super) pattern: [u8; 16],
}

impl Operation {
    fn whole_pixels(&self) -> bool {
        self.mask.trailing_ones() >= self.pixel
    }

    fn apply(&self, source: &[u8], destination: &mut [u8]) {
        let pixel = self.pixel as usize;
        let pixels = source
            .chunks_exact(pixel)
            .zip(destination.chunks_exact_mut(pixel));
        for (source, destination) in pixels {
            for byte in 0..pixel {
                if self.mask & (1 << byte) != 0 {
                    destination[byte] = raster::combine(
                        self.raster,
                        self.pattern[byte],
                        source[byte],
                        destination[byte],
                    );
                }
            }
        }
    }
}

/// A destination rectangle in pixels, and where its pixels come from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rectangle {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) source_x: i32,
    pub(super) source_y: i32,
}

/// Pieces of `0..length` that `limit` allows at each start, in order.
fn pieces(length: u32, mut limit: impl FnMut(u32) -> u32) -> Vec<(u32, u32)> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < length {
        let piece = limit(at).clamp(1, length - at);
        out.push((at, piece));
        at += piece;
    }
    out
}

impl Machine<'_> {
    /// To be called every so often in a long blit: lets binds in, and ends the blit if
    /// the engine is wanted back.
    fn breathe(&mut self) -> Result<(), Stop> {
        self.view.yield_to_binds();
        self.check_abort()
    }

    /// Copies a rectangle, combining it with the destination as `operation` says.
    pub(super) fn copy_rectangle(
        &mut self,
        destination: Surface,
        source: Surface,
        rectangle: Rectangle,
        operation: Operation,
    ) -> Result<(), Stop> {
        let straight = operation.raster == 0xcc && operation.whole_pixels();
        if straight
            && destination.tiling == Tiling::Linear
            && source.tiling == Tiling::Linear
            && !overlaps(&destination, &source, rectangle, operation.pixel)
        {
            return self.copy_rows(destination, source, rectangle, operation.pixel);
        }
        self.copy_blocks(destination, source, rectangle, operation, straight)
    }

    /// Linear to linear, not overlapping: whole rows, joined where they touch.
    fn copy_rows(
        &mut self,
        destination: Surface,
        source: Surface,
        rectangle: Rectangle,
        pixel: u32,
    ) -> Result<(), Stop> {
        let width = u64::from(rectangle.width) * u64::from(pixel);
        let joined = destination.pitch == source.pitch && destination.pitch == width as i64;
        let (rows, width) = if joined {
            (1, width * u64::from(rectangle.height))
        } else {
            (rectangle.height, width)
        };
        let across = |x: i32| i64::from(x) * i64::from(pixel);
        let mut since = 0;
        for row in 0..i64::from(rows) {
            let (to, _) = destination.locate(across(rectangle.x), i64::from(rectangle.y) + row);
            let (from, _) = source.locate(
                across(rectangle.source_x),
                i64::from(rectangle.source_y) + row,
            );
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

    /// By way of a buffer, a block at a time.
    fn copy_blocks(
        &mut self,
        destination: Surface,
        source: Surface,
        rectangle: Rectangle,
        operation: Operation,
        straight: bool,
    ) -> Result<(), Stop> {
        let pixel = operation.pixel;
        let across = |x: i32| i64::from(x) * i64::from(pixel);
        let (to_x, from_x) = (across(rectangle.x), across(rectangle.source_x));
        let (to_y, from_y) = (i64::from(rectangle.y), i64::from(rectangle.source_y));
        let (backwards_x, backwards_y) = directions(&destination, &source, rectangle, pixel);
        // Tiles of the destination, so that most blocks are whole tiles; of the source
        // where only that is tiled, or its tiles are the ones with short runs.
        let by_source = destination.tiling == Tiling::Linear
            || destination.tiling == Tiling::X && source.tiling == Tiling::Y;
        let (guide, guide_x, guide_y) = if by_source {
            (source, from_x, from_y)
        } else {
            (destination, to_x, to_y)
        };
        let mut bands = pieces(rectangle.height, |row| {
            guide
                .tile_floor_after(guide_y + i64::from(row))
                .unwrap_or(BLOCK_HEIGHT)
        });
        let width = rectangle.width * pixel;
        let mut columns = pieces(width, |x| {
            let edge = guide
                .tile_edge_after(guide_x + i64::from(x), width - x, BLOCK_WIDTH)
                .unwrap_or(BLOCK_WIDTH);
            // Whole pixels only, so that masks and raster operations see them.
            if straight {
                edge
            } else {
                (edge / pixel).max(1) * pixel
            }
        });
        if backwards_y {
            bands.reverse();
        }
        if backwards_x {
            columns.reverse();
        }
        let mut stage = vec![0; (BLOCK_WIDTH * BLOCK_HEIGHT) as usize];
        let mut behind = vec![0; if straight { 0 } else { stage.len() }];
        for &(y, height) in &bands {
            for &(x, width) in &columns {
                let (x, y) = (i64::from(x), i64::from(y));
                let from = Block {
                    x: from_x + x,
                    y: from_y + y,
                    width,
                    height,
                };
                let to = Block {
                    x: to_x + x,
                    y: to_y + y,
                    width,
                    height,
                };
                let stage = &mut stage[..(width * height) as usize];
                if straight && let Some((from, to)) = source.same_tiles(from, &destination, to) {
                    self.view.read(from, stage)?;
                    self.view.write(to, stage)?;
                    continue;
                }
                source.read(&mut self.view, from, stage)?;
                if straight {
                    destination.write(&mut self.view, to, stage)?;
                    continue;
                }
                let behind = &mut behind[..stage.len()];
                destination.read(&mut self.view, to, behind)?;
                operation.apply(stage, behind);
                destination.write(&mut self.view, to, behind)?;
            }
            self.breathe()?;
        }
        Ok(())
    }

    /// Combines a rectangle with the operation's pattern; there is no source.
    pub(super) fn fill_rectangle(
        &mut self,
        destination: Surface,
        rectangle: Rectangle,
        operation: Operation,
    ) -> Result<(), Stop> {
        let blind = operation.whole_pixels() && !raster::needs_destination(operation.raster);
        let pixel = operation.pixel;
        let width = rectangle.width * pixel;
        let left = i64::from(rectangle.x) * i64::from(pixel);
        let mut colour = [0; 16];
        for (byte, out) in colour.iter_mut().enumerate() {
            *out = raster::combine(operation.raster, operation.pattern[byte % 16], 0, 0);
        }
        let colour = &colour[..pixel as usize];
        let one_byte = colour.iter().all(|byte| *byte == colour[0]);
        if blind && one_byte && destination.tiling == Tiling::Linear {
            return self.fill_rows(destination, rectangle, width, left, colour[0]);
        }
        let mut stage = vec![0; (BLOCK_WIDTH * BLOCK_HEIGHT) as usize];
        let source = vec![0; if blind { 0 } else { stage.len() }];
        if blind {
            for chunk in stage.chunks_exact_mut(colour.len()) {
                chunk.copy_from_slice(colour);
            }
        }
        let bands = pieces(rectangle.height, |row| {
            let y = i64::from(rectangle.y) + i64::from(row);
            destination.tile_floor_after(y).unwrap_or(BLOCK_HEIGHT)
        });
        let columns = pieces(width, |x| {
            let edge = destination
                .tile_edge_after(left + i64::from(x), width - x, BLOCK_WIDTH)
                .unwrap_or(BLOCK_WIDTH);
            (edge / pixel).max(1) * pixel
        });
        for &(y, height) in &bands {
            for &(x, width) in &columns {
                let block = Block {
                    x: left + i64::from(x),
                    y: i64::from(rectangle.y) + i64::from(y),
                    width,
                    height,
                };
                let stage = &mut stage[..(width * height) as usize];
                if !blind {
                    destination.read(&mut self.view, block, stage)?;
                    operation.apply(&source[..stage.len()], stage);
                }
                destination.write(&mut self.view, block, stage)?;
            }
            self.breathe()?;
        }
        Ok(())
    }

    fn fill_rows(
        &mut self,
        destination: Surface,
        rectangle: Rectangle,
        width: u32,
        left: i64,
        value: u8,
    ) -> Result<(), Stop> {
        let joined = destination.pitch == i64::from(width);
        let (rows, width) = if joined {
            (1, u64::from(width) * u64::from(rectangle.height))
        } else {
            (rectangle.height, u64::from(width))
        };
        let mut since = 0;
        for row in 0..i64::from(rows) {
            let (address, _) = destination.locate(left, i64::from(rectangle.y) + row);
            let mut done = 0;
            while done < width {
                let length = (width - done).min(STRETCH);
                self.view.fill(address.wrapping_add(done), length, value)?;
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
}

/// Whether a copy inside one surface reads what it writes. Two surfaces that share
/// memory but not their layout are copied in ascending order.
fn overlaps(destination: &Surface, source: &Surface, rectangle: Rectangle, pixel: u32) -> bool {
    if destination.tiling == Tiling::Linear && source.tiling == Tiling::Linear {
        let span = |surface: &Surface, x: i32, y: i32| {
            let left = i64::from(x) * i64::from(pixel);
            let (first, _) = surface.locate(left, y.into());
            let (last, _) = surface.locate(left, i64::from(y) + i64::from(rectangle.height) - 1);
            let width = u64::from(rectangle.width) * u64::from(pixel);
            (first.min(last), first.max(last).saturating_add(width))
        };
        let to = span(destination, rectangle.x, rectangle.y);
        let from = span(source, rectangle.source_x, rectangle.source_y);
        return to.0 < from.1 && from.0 < to.1;
    }
    destination == source
        && rectangle.x.abs_diff(rectangle.source_x) < rectangle.width
        && rectangle.y.abs_diff(rectangle.source_y) < rectangle.height
}

/// Whether columns and rows have to be copied backwards, so that nothing is written
/// before it is read.
fn directions(
    destination: &Surface,
    source: &Surface,
    rectangle: Rectangle,
    pixel: u32,
) -> (bool, bool) {
    if !overlaps(destination, source, rectangle, pixel) {
        return (false, false);
    }
    let pitch = destination.pitch;
    if destination.tiling != Tiling::Linear || source.pitch != pitch || pitch == 0 {
        return (
            rectangle.x > rectangle.source_x,
            rectangle.y > rectangle.source_y,
        );
    }
    // By addresses: the two may have different bases.
    let at = |surface: &Surface, x: i32, y: i32| {
        surface.locate(i64::from(x) * i64::from(pixel), y.into()).0
    };
    let to = at(destination, rectangle.x, rectangle.y);
    let from = at(source, rectangle.source_x, rectangle.source_y);
    let distance = to.wrapping_sub(from) as i64;
    let half = pitch.abs() / 2;
    let rows = distance
        .wrapping_add(half * distance.signum())
        .wrapping_div(pitch);
    (
        distance.wrapping_sub(rows.wrapping_mul(pitch)) > 0,
        rows > 0,
    )
}
