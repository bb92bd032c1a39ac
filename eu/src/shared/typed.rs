//! Reads, writes and atomics of an image's texels by their coordinates.

use crate::memory::Memory;
use crate::shared::atomic::change;
use crate::shared::image::{Coordinates, Image};
use crate::shared::message::Registers;
use crate::shared::operation::{Typed, TypedAccess};
use crate::shared::payload::{LANES, Payload};
use crate::shared::surface::Kind;
use crate::shared::target::Port;
use crate::trap::{StrictFinding, Trap};

/// Channels of these messages.
const CHANNELS: usize = 8;

/// What coordinates a message has for each channel: column, row, layer, level.
type Operands = [[u32; LANES]; 4];

/// Executes an access of each channel, in their order. The port goes to the surface's base.
#[inline(never)]
pub(super) fn execute<M: Memory>(
    port: &mut Port<'_, M>,
    image: Option<&Image>,
    index: u32,
    what: &Typed,
    mask: u32,
    mut payload: Payload<'_>,
    answer: &mut Registers,
) -> Result<(), Trap> {
    // What is no coordinate is data, a register each.
    let data = match what.access {
        TypedAccess::Read { .. } => 0,
        TypedAccess::Write { components } => components.count_ones() as usize,
        TypedAccess::Atomic { operation, .. } => operation.operands(),
    };
    let count = payload
        .registers()
        .checked_sub(data)
        .filter(|count| (1..=4).contains(count))
        .ok_or(Trap::BadMessage("coordinates of a typed access"))?;
    let mut coordinates: Operands = [[0; LANES]; 4];
    for operand in &mut coordinates[..count] {
        *operand = payload.dwords(CHANNELS)?;
    }
    let mut values = [[0; LANES]; 4];
    for value in &mut values[..data.min(4)] {
        *value = payload.dwords(CHANNELS)?;
    }
    let answers = match what.access {
        TypedAccess::Read { components } => components.count_ones() as usize,
        TypedAccess::Write { .. } => 0,
        TypedAccess::Atomic { answers, .. } => usize::from(answers),
    };
    if !answer.is_empty() && answer.len() < answers {
        return Err(Trap::BadMessage("answer too short"));
    }
    for lane in (0..CHANNELS).filter(|lane| mask >> lane & 1 != 0) {
        let offset = match image {
            None => None,
            Some(image) => {
                let offset = place(image, &coordinates.map(|operand| operand[lane]));
                if offset.is_none() && port.strict {
                    let at = coordinates.map(|operand| u64::from(operand[lane]));
                    let [width, height, _] = image.size(0).map(u64::from);
                    return Err(Trap::Strict(StrictFinding::OutsideSurface {
                        surface: index,
                        offset: at[2]
                            .wrapping_mul(height)
                            .wrapping_add(at[1])
                            .wrapping_mul(width)
                            .wrapping_add(at[0]),
                        write: !matches!(what.access, TypedAccess::Read { .. }),
                    }));
                }
                offset.map(|offset| (image, offset))
            }
        };
        let values = values.map(|value| value[lane]);
        match what.access {
            TypedAccess::Read { components } => {
                let texel = match offset {
                    Some((image, offset)) if image.format.is_uneven() => raw(port, image, offset)?,
                    Some((image, offset)) => read(port, image, offset)?,
                    None => [0, 0, 0, image.map_or(0, |image| image.format.one())],
                };
                let wanted = (0..4).filter(|number| components >> number & 1 != 0);
                for (register, component) in answer.iter_mut().zip(wanted) {
                    register[lane * 4..][..4].copy_from_slice(&texel[component].to_le_bytes());
                }
            }
            TypedAccess::Write { components } => {
                if let Some((image, offset)) = offset {
                    write(port, image, offset, components, &values)?;
                }
            }
            TypedAccess::Atomic {
                operation, bytes, ..
            } => {
                let operands = [values[0], values[1]]
                    .map(|value| u64::from(value & u32::MAX >> (32 - u32::from(bytes) * 8)));
                let value = match offset {
                    Some((_, offset)) => change(port, operation, bytes, offset, operands)?,
                    None => 0,
                };
                if let (1, Some(register)) = (answers, answer.first_mut()) {
                    register[lane * 4..][..4].copy_from_slice(&(value as u32).to_le_bytes());
                }
            }
        }
    }
    Ok(())
}

/// Where the texel of these coordinates is; none outside the image.
fn place(image: &Image, [u, v, r, lod]: &[u32; 4]) -> Option<u64> {
    let surface = &image.surface;
    let level = surface.first_level.checked_add(*lod)?;
    let at: Coordinates = match surface.kind {
        Kind::Buffer | Kind::Structured => [*u, 0, 0],
        Kind::Image(1) if surface.array => [*u, 0, *v],
        Kind::Image(1) => [*u, 0, 0],
        Kind::Image(2) if !surface.array => [*u, *v, 0],
        _ => [*u, *v, *r],
    };
    let mut size = image.size(level);
    if surface.kind == Kind::Cube {
        size[2] = size[2].max(surface.view_extent);
    }
    let inside = at.iter().zip(size).all(|(at, size)| *at < size);
    if inside {
        image.offset(level, at)
    } else {
        None
    }
}

/// Reads a texel's components.
fn read<M: Memory>(port: &mut Port<'_, M>, image: &Image, offset: u64) -> Result<[u32; 4], Trap> {
    let mut texel = [0; 16];
    port.read(offset, &mut texel[..usize::from(image.format.bytes)])?;
    Ok(image.format.components_of(&texel))
}

/// Reads a texel whose components typed reads can't tell apart: its bits are the first one.
/// (Mesa's driver binds such images with their own format, has shaders read one component, and
/// takes that apart.)
fn raw<M: Memory>(port: &mut Port<'_, M>, image: &Image, offset: u64) -> Result<[u32; 4], Trap> {
    let mut texel = [0; 4];
    let length = texel.len().min(image.format.bytes.into());
    port.read(offset, &mut texel[..length])?;
    Ok([u32::from_le_bytes(texel), 0, 0, image.format.one()])
}

/// Writes those of a texel's components that a mask has; `values` has only them.
fn write<M: Memory>(
    port: &mut Port<'_, M>,
    image: &Image,
    offset: u64,
    components: u8,
    values: &[u32; 4],
) -> Result<(), Trap> {
    let mut all = [0; 4];
    let wanted = (0..4).filter(|number| components >> number & 1 != 0);
    for (value, component) in values.iter().zip(wanted) {
        all[component] = *value;
    }
    let format = &image.format;
    let length = usize::from(format.bytes);
    let (mut texel, used) = format.pack(&all, components);
    if format.mask() & !components != 0 {
        let mut old = [0; 16];
        port.read(offset, &mut old[..length])?;
        for ((new, used), old) in texel.iter_mut().zip(used).zip(old) {
            *new |= old & !used;
        }
    }
    port.write(offset, &texel[..length])
}
