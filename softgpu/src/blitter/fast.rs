//! The commands without coordinates, COLOR_BLT and SRC_COPY_BLT, and those without raster
//! operations, XY_FAST_COPY_BLT, XY_BLOCK_COPY_BLT and XY_FAST_COLOR_BLT: what their
//! dwords mean.

use super::copy::Copy;
use super::draw::{Drawing, Source};
use super::packet::{Area, Depth, point, surface};
use super::pattern::Pattern;
use super::raster::needs_source;
use super::surface::{Block, Surface};
use super::tile::{Grain, Tiling};
use crate::command::bits;
use crate::execute::{Flow, Machine, Stop, address, bad_field};

/// A surface, and the rectangle's corner in it.
type Place = (Surface, (i32, i32));

impl Machine<'_> {
    /// The area's bytes of a surface.
    fn bytes_of(area: &Area, pixel: u32, (x, y): (u32, u32)) -> Block {
        Block {
            x: x * pixel,
            y,
            width: area.width * pixel,
            height: area.height,
        }
    }

    /// Copies a rectangle between two corners of the destination.
    fn copy_rectangle(
        &mut self,
        pixel: u32,
        (to, corner): Place,
        opposite: (i32, i32),
        (from, source): Place,
    ) -> Result<Flow, Stop> {
        let Some(area) = Area::new(corner, opposite, Some(source), None) else {
            return Ok(Flow::Next);
        };
        self.blitted(&area, pixel);
        self.copy_blocks(&Copy {
            from,
            from_block: Self::bytes_of(&area, pixel, area.shifted(source)),
            to,
            to_block: Self::bytes_of(&area, pixel, (area.x, area.y)),
        })?;
        Ok(Flow::Next)
    }
}

/// XY_FAST_COPY_BLT: a rectangle copied between any two of the layouts. Its pitches may
/// not be negative.
pub(crate) fn fast_copy(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let (header, flags) = (dwords[0], dwords[1]);
    let pixel = match bits(flags, 26, 24) {
        0 => 1,
        1 => 2,
        3 => 4,
        4 => 8,
        5 => 16,
        _ => return bad_field("colour depth"),
    };
    let side = |machine: &Machine<'_>, method, standard, pitch, low, high| {
        if bits(pitch, 15, 15) != 0 {
            return bad_field("negative pitch of a fast copy");
        }
        let base = machine.view.canonical(address(low, high, 0));
        let tiling = fast_tiling(method, standard, pixel);
        surface(base, bits(pitch, 14, 0).into(), tiling)
    };
    let to = side(
        machine,
        bits(header, 14, 13),
        bits(flags, 30, 30) != 0,
        flags,
        dwords[4],
        dwords[5],
    )?;
    let from = side(
        machine,
        bits(header, 21, 20),
        bits(flags, 31, 31) != 0,
        dwords[7],
        dwords[8],
        dwords[9],
    )?;
    machine.copy_rectangle(
        pixel,
        (to, point(dwords[2])),
        point(dwords[3]),
        (from, point(dwords[6])),
    )
}

/// XY_FAST_COPY_BLT's tiling: two bits of the first dword, and one of the second that
/// chooses between kinds of 4 KiB Y tiles.
fn fast_tiling(method: u32, standard: bool, pixel: u32) -> Tiling {
    match (method, standard) {
        (0, _) => Tiling::Linear,
        (1, _) => Tiling::X,
        (2, false) => Tiling::Y,
        (2, true) => Tiling::Yf(Grain::of(pixel)),
        _ => Tiling::Ys(Grain::of(pixel)),
    }
}

/// Bytes of a pixel of XY_BLOCK_COPY_BLT and XY_FAST_COLOR_BLT.
fn block_pixel(header: u32) -> Result<u32, Stop> {
    Ok(match bits(header, 21, 19) {
        0 => 1,
        1 => 2,
        2 => 4,
        3 => 8,
        4 => 12,
        5 => 16,
        _ => return bad_field("colour depth"),
    })
}

impl Machine<'_> {
    /// A surface of these two, from its control dword, and its address.
    fn block_surface(&self, control: u32, at: &[u32], pixel: u32) -> Result<Surface, Stop> {
        let tiling = match bits(control, 31, 30) {
            0 => Tiling::Linear,
            1 if pixel == 12 => return bad_field("tiles of 96-bit pixels"),
            1 => Tiling::Y,
            _ => return bad_field("tiling"),
        };
        let base = self.view.canonical(address(at[0], at[1], 0));
        surface(base, i64::from(bits(control, 17, 0)) + 1, tiling)
    }
}

/// A point, moved by the offsets of a surface.
fn moved(corner: u32, offsets: u32) -> (i32, i32) {
    let (x, y) = point(corner);
    (
        x + bits(offsets, 13, 0) as i32,
        y + bits(offsets, 29, 16) as i32,
    )
}

/// XY_BLOCK_COPY_BLT: a rectangle copied between linear and Y-tiled surfaces.
pub(crate) fn block_copy(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let pixel = block_pixel(dwords[0])?;
    let to = machine.block_surface(dwords[1], &dwords[4..], pixel)?;
    let from = machine.block_surface(dwords[8], &dwords[9..], pixel)?;
    machine.copy_rectangle(
        pixel,
        (to, moved(dwords[2], dwords[6])),
        moved(dwords[3], dwords[6]),
        (from, moved(dwords[7], dwords[11])),
    )
}

/// XY_FAST_COLOR_BLT: a rectangle of one colour of up to 128 bits.
pub(crate) fn fast_color(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let pixel = block_pixel(dwords[0])?;
    let to = machine.block_surface(dwords[1], &dwords[4..], pixel)?;
    let (corner, opposite) = (moved(dwords[2], dwords[6]), moved(dwords[3], dwords[6]));
    let Some(area) = Area::new(corner, opposite, None, None) else {
        return Ok(Flow::Next);
    };
    let colour: Vec<u8> = dwords[7..11]
        .iter()
        .flat_map(|dword| dword.to_le_bytes())
        .collect();
    machine.blitted(&area, pixel);
    let block = Machine::bytes_of(&area, pixel, (area.x, area.y));
    machine.fill_block(to, block, &colour[..pixel as usize])?;
    Ok(Flow::Next)
}

/// What COLOR_BLT and SRC_COPY_BLT have in common: a number of rows of a number of bytes.
struct Rows {
    area: Area,
    depth: Depth,
    raster: u8,
    mask: u32,
    /// Bytes of a row.
    bytes: u32,
}

impl Rows {
    /// `None`: there are none.
    fn new(dwords: &[u32]) -> Option<Self> {
        let depth = Depth::of(dwords[1]);
        let bytes = bits(dwords[2], 15, 0);
        let opposite = (
            (bytes / depth.bytes()) as i32,
            bits(dwords[2], 31, 16) as i32,
        );
        let mask = if depth == Depth::Bits32 {
            let alpha = bits(dwords[0], 21, 21) * 0xff00_0000;
            let colour = bits(dwords[0], 20, 20) * 0x00ff_ffff;
            alpha | colour
        } else {
            u32::MAX
        };
        Some(Self {
            area: Area::new((0, 0), opposite, None, None)?,
            depth,
            raster: bits(dwords[1], 23, 16) as u8,
            mask,
            bytes,
        })
    }
}

fn linear(base: u64, pitch: u32) -> Surface {
    Surface {
        base,
        pitch: i64::from(pitch as u16 as i16),
        tiling: Tiling::Linear,
    }
}

/// COLOR_BLT: rows of one colour, or combined with it.
pub(crate) fn linear_color(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let Some(rows) = Rows::new(dwords) else {
        return Ok(Flow::Next);
    };
    if needs_source(rows.raster) {
        return bad_field("raster operation or key with a source, and there is none");
    }
    let base = machine.view.canonical(address(dwords[3], dwords[4], 0));
    machine.draw(&Drawing {
        destination: linear(base, dwords[1]),
        area: rows.area,
        depth: rows.depth,
        raster: rows.raster,
        mask: rows.mask,
        pattern: Pattern::solid(dwords[5]),
        source: Source::None,
        key: None,
    })?;
    Ok(Flow::Next)
}

/// SRC_COPY_BLT: rows copied, or combined. The command says in which direction each row
/// goes, from its first byte or its last, and by its pitches' signs in which the rows go.
pub(crate) fn linear_source_copy(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let Some(rows) = Rows::new(dwords) else {
        return Ok(Flow::Next);
    };
    // Backwards, the addresses are those of the rows' last bytes.
    let backwards = bits(dwords[1], 30, 30) != 0;
    let back = if backwards {
        u64::from(rows.bytes) - 1
    } else {
        0
    };
    let base = |machine: &Machine<'_>, low, high| {
        machine
            .view
            .canonical(address(low, high, 0).wrapping_sub(back))
    };
    let destination = linear(base(machine, dwords[3], dwords[4]), dwords[1]);
    let source = linear(base(machine, dwords[6], dwords[7]), dwords[5]);
    machine.draw(&Drawing {
        destination,
        area: rows.area,
        depth: rows.depth,
        raster: rows.raster,
        mask: rows.mask,
        pattern: Pattern::solid(0),
        source: Source::Colour(source, (0, 0)),
        key: None,
    })?;
    Ok(Flow::Next)
}
