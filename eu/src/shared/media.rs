//! Media blocks: rectangles of bytes of an image.

use crate::memory::Memory;
use crate::shared::image::Image;
use crate::shared::message::{REGISTER, Registers};
use crate::shared::payload::{Header, Payload};
use crate::shared::target::Port;
use crate::shared::tile;
use crate::trap::{StrictFinding, Trap};

/// The most bytes of a block.
const MOST: usize = 8 * REGISTER;

/// Reads or writes a block; the port goes to the surface's base. Rows begin in the payload at
/// multiples of their length rounded up to a power of two.
#[inline(never)]
pub(super) fn execute<M: Memory>(
    port: &mut Port<'_, M>,
    image: Option<&Image>,
    index: u32,
    write: bool,
    header: Option<Header<'_>>,
    mut payload: Payload<'_>,
    answer: &mut Registers,
) -> Result<(), Trap> {
    let header = header.ok_or(Trap::BadMessage("block without header"))?;
    let left = i64::from(header.dword(0) as i32);
    let top = i64::from(header.dword(1) as i32);
    let width = (header.dword(2) & 0x3f) as usize + 1;
    let height = (header.dword(2) >> 16 & 0x3f) as usize + 1;
    let pitch = width.next_power_of_two().max(4);
    let bytes = pitch * height;
    if bytes > MOST {
        return Err(Trap::BadMessage("media block of more than 8 registers"));
    }
    if write {
        let data = payload.take(bytes)?;
        let Some(image) = image else {
            return Ok(());
        };
        for (row, data) in data.chunks_exact(pitch).enumerate() {
            write_row(port, image, index, left, top + row as i64, &data[..width])?;
        }
        return Ok(());
    }
    let answer = answer.as_flattened_mut();
    if answer.is_empty() {
        return Ok(());
    }
    let answer = answer
        .get_mut(..bytes)
        .ok_or(Trap::BadMessage("answer too short"))?;
    for (row, answer) in answer.chunks_exact_mut(pitch).enumerate() {
        match image {
            Some(image) => read_row(
                port,
                image,
                index,
                left,
                top + row as i64,
                &mut answer[..width],
            )?,
            None => answer.fill(0),
        }
    }
    Ok(())
}

/// Bytes and rows of the image. These messages take the width for one in dwords where texels
/// are smaller than that, as IGT's fills rely on (`lib/gpu_cmds.c`).
fn extent(image: &Image) -> (i64, i64) {
    let [width, height, _] = image.size(0).map(i64::from);
    (width * i64::from(image.format.bytes.max(4)), height)
}

/// Bytes from the base to a byte that is inside.
fn place(image: &Image, x: i64, y: i64) -> Option<u64> {
    let bytes = u64::from(image.format.bytes);
    let column = u32::try_from(x as u64 / bytes).ok()?;
    let texel = image.offset(0, [column, u32::try_from(y).ok()?, 0])?;
    Some(texel + x as u64 % bytes)
}

fn outside<M: Memory>(
    port: &Port<'_, M>,
    image: &Image,
    index: u32,
    (x, y): (i64, i64),
    write: bool,
) -> Result<(), Trap> {
    if !port.strict {
        return Ok(());
    }
    let (width, _) = extent(image);
    Err(Trap::Strict(StrictFinding::OutsideSurface {
        surface: index,
        offset: y.wrapping_mul(width).wrapping_add(x) as u64,
        write,
    }))
}

/// Writes a row of bytes; what is outside isn't.
fn write_row<M: Memory>(
    port: &mut Port<'_, M>,
    image: &Image,
    index: u32,
    left: i64,
    y: i64,
    data: &[u8],
) -> Result<(), Trap> {
    let (width, height) = extent(image);
    let right = left + data.len() as i64;
    let (begin, end) = (left.max(0), right.min(width));
    if begin > left || end < right || y < 0 || y >= height {
        outside(
            port,
            image,
            index,
            (if end < right { end } else { left }, y),
            true,
        )?;
    }
    if y < 0 || y >= height {
        return Ok(());
    }
    let mut x = begin;
    while x < end {
        let length = run(image, x).min((end - x) as u64);
        let Some(offset) = place(image, x, y) else {
            return Ok(());
        };
        let from = (x - left) as usize;
        port.write(offset, &data[from..from + length as usize])?;
        x += length as i64;
    }
    Ok(())
}

/// Reads a row of bytes; what is outside is what is at the image's edge.
fn read_row<M: Memory>(
    port: &mut Port<'_, M>,
    image: &Image,
    index: u32,
    left: i64,
    y: i64,
    row: &mut [u8],
) -> Result<(), Trap> {
    let (width, height) = extent(image);
    let right = left + row.len() as i64;
    if left < 0 || right > width || y < 0 || y >= height {
        outside(port, image, index, (left, y), false)?;
    }
    let inside = y.clamp(0, height - 1);
    let texel = i64::from(image.format.bytes);
    let mut at = 0;
    while at < row.len() {
        let x = left + at as i64;
        let (from, length) = if x < 0 {
            // The first texel's bytes, again and again.
            (x.rem_euclid(texel), 1)
        } else if x >= width {
            (width - texel + x % texel, 1)
        } else {
            let length = run(image, x).min((width - x) as u64);
            (x, length.min((row.len() - at) as u64))
        };
        let out = &mut row[at..at + length as usize];
        match place(image, from, inside) {
            Some(offset) => port.read(offset, out)?,
            None => out.fill(0),
        }
        at += length as usize;
    }
    Ok(())
}

/// How many bytes from there on lie one after the other.
fn run(image: &Image, x: i64) -> u64 {
    let surface = &image.surface;
    let moved = u64::from(surface.offset[0]) * u64::from(image.format.bytes);
    tile::run(surface.tiling, x as u64 + moved)
}
