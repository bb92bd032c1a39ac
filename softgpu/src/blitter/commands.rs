//! The blitter's commands: what their dwords mean (volume 10, "Copy Engine").

use super::copy::{Operation, Rectangle};
use super::surface::{Surface, Tiling};
use crate::command::bits;
use crate::execute::{Flow, Machine, Stop, address, bad_field};

/// A signed 16-bit coordinate in the low or high half of a dword.
fn coordinate(dword: u32, high_half: bool) -> i32 {
    let half = if high_half { dword >> 16 } else { dword };
    i32::from(half as u16 as i16)
}

/// Pitches of tiled surfaces are in dwords, of linear ones in bytes.
fn surface(dword: u32, base: u64, tiling: Tiling) -> Result<Surface, Stop> {
    let pitch = i64::from(dword as u16 as i16);
    if tiling == Tiling::Linear {
        return Ok(Surface {
            base,
            pitch,
            tiling,
        });
    }
    let pitch = pitch * 4;
    let tile = if tiling == Tiling::X { 512 } else { 128 };
    if pitch <= 0 || pitch % tile != 0 {
        return bad_field("pitch of a tiled surface is not in whole tiles");
    }
    // The low bits of a tiled surface's address are not used.
    Ok(Surface {
        base: base & !0xfff,
        pitch,
        tiling,
    })
}

/// The rectangle of the two corners, second one exclusive; `None`: empty.
fn rectangle(corner: u32, opposite: u32, source: u32) -> Option<Rectangle> {
    let (x, y) = (coordinate(corner, false), coordinate(corner, true));
    let width = coordinate(opposite, false) - x;
    let height = coordinate(opposite, true) - y;
    (width > 0 && height > 0).then_some(Rectangle {
        x,
        y,
        width: width as u32,
        height: height as u32,
        source_x: coordinate(source, false),
        source_y: coordinate(source, true),
    })
}

/// Depth of XY_COLOR_BLT and XY_SRC_COPY_BLT: bytes of a pixel, and which of them are
/// written: 32-bit pixels have bits for colour and alpha.
fn depth(header: u32, flags: u32) -> (u32, u16) {
    match bits(flags, 25, 24) {
        0 => (1, 1),
        1 | 2 => (2, 3),
        _ => {
            let alpha = if bits(header, 21, 21) != 0 { 0b1000 } else { 0 };
            let colour = if bits(header, 20, 20) != 0 { 0b0111 } else { 0 };
            (4, alpha | colour)
        }
    }
}

fn blitted(machine: &mut Machine<'_>, rectangle: Rectangle, pixel: u32) -> Flow {
    let pixels = u64::from(rectangle.width) * u64::from(rectangle.height);
    machine.tally.bytes_blitted += pixels * u64::from(pixel);
    Flow::Next
}

/// XY_COLOR_BLT: a rectangle of one colour, or combined with it.
pub(crate) fn color(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let (header, flags) = (dwords[0], dwords[1]);
    let tiling = tiled(bits(header, 11, 11), machine.registers.blitter_control(), 1);
    let destination = surface(flags, address(dwords[4], dwords[5], 0), tiling)?;
    let (pixel, mask) = depth(header, flags);
    let Some(rectangle) = rectangle(dwords[2], dwords[3], 0) else {
        return Ok(Flow::Next);
    };
    let mut pattern = [0; 16];
    for (byte, out) in pattern.iter_mut().enumerate() {
        *out = dwords[6].to_le_bytes()[byte % pixel as usize];
    }
    let raster = bits(flags, 23, 16) as u8;
    if super::raster::needs_source(raster) {
        return bad_field("raster operation with a source in a colour fill");
    }
    let operation = Operation {
        raster,
        mask,
        pixel,
        pattern,
    };
    machine.fill_rectangle(destination, rectangle, operation)?;
    Ok(blitted(machine, rectangle, pixel))
}

/// XY_SRC_COPY_BLT: a rectangle copied, or combined with the destination. Overlapping
/// copies inside one surface come out right.
pub(crate) fn src_copy(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let (header, flags) = (dwords[0], dwords[1]);
    let control = machine.registers.blitter_control();
    let to_tiling = tiled(bits(header, 11, 11), control, 1);
    let from_tiling = tiled(bits(header, 15, 15), control, 0);
    let destination = surface(flags, address(dwords[4], dwords[5], 0), to_tiling)?;
    let source = surface(dwords[7], address(dwords[8], dwords[9], 0), from_tiling)?;
    let (pixel, mask) = depth(header, flags);
    let Some(rectangle) = rectangle(dwords[2], dwords[3], dwords[6]) else {
        return Ok(Flow::Next);
    };
    let raster = bits(flags, 23, 16) as u8;
    let operation = Operation {
        raster,
        mask,
        pixel,
        pattern: [0; 16],
    };
    machine.copy_rectangle(destination, source, rectangle, operation)?;
    Ok(blitted(machine, rectangle, pixel))
}

/// "Tiled" means X tiles, unless BCS_SWCTRL's bit says Y.
fn tiled(tiled: u32, control: u32, bit: u8) -> Tiling {
    match (tiled != 0, bits(control, bit, bit) != 0) {
        (false, _) => Tiling::Linear,
        (true, false) => Tiling::X,
        (true, true) => Tiling::Y,
    }
}

/// XY_FAST_COPY_BLT: a rectangle copied between any two of the layouts.
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
    let to_tiling = fast_tiling(bits(header, 14, 13), bits(flags, 30, 30))?;
    let from_tiling = fast_tiling(bits(header, 21, 20), bits(flags, 31, 31))?;
    let destination = surface(flags, address(dwords[4], dwords[5], 0), to_tiling)?;
    let source = surface(dwords[7], address(dwords[8], dwords[9], 0), from_tiling)?;
    let Some(rectangle) = rectangle(dwords[2], dwords[3], dwords[6]) else {
        return Ok(Flow::Next);
    };
    let operation = Operation {
        raster: 0xcc,
        mask: u16::MAX,
        pixel,
        pattern: [0; 16],
    };
    machine.copy_rectangle(destination, source, rectangle, operation)?;
    Ok(blitted(machine, rectangle, pixel))
}

/// XY_FAST_COPY_BLT's tiling: two bits of the first dword, and one of the second that
/// chooses between kinds of Y tiles.
fn fast_tiling(method: u32, other_y: u32) -> Result<Tiling, Stop> {
    Ok(match (method, other_y) {
        (0, _) => Tiling::Linear,
        (1, _) => Tiling::X,
        (2, 0) => Tiling::Y,
        (2, _) => return bad_field("tiling: Yf"),
        _ => return bad_field("tiling: 64 KiB tiles"),
    })
}
