//! Reads and writes at an address of each channel.

use crate::memory::Memory;
use crate::shared::atomic::offsets;
use crate::shared::message::{REGISTER, Registers};
use crate::shared::operation::Scattered;
use crate::shared::payload::{LANES, Payload};
use crate::shared::target::Port;
use crate::trap::Trap;

/// Bytes of most stretches, and of the longest one that is accessed at once.
const SHORT: usize = LANES * 16;
const LONG: usize = LANES * 64;

/// The greatest distance between channels' addresses that a stretch has.
const STRIDE: usize = 64;

/// How far each channel's address is from the first one's, by the distance between two.
const STEPS: [[u64; LANES]; STRIDE + 1] = {
    let mut steps = [[0; LANES]; STRIDE + 1];
    let mut stride = 0;
    while stride <= STRIDE {
        let mut lane = 0;
        while lane < LANES {
            steps[stride][lane] = (stride * lane) as u64;
            lane += 1;
        }
        stride += 1;
    }
    steps
};

/// Addresses of consecutive channels at a constant distance from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    /// The first and the last channel that executes.
    first: usize,
    last: usize,
    /// All between them do too.
    unbroken: bool,
    /// Bytes from one channel's address to the next one's.
    stride: usize,
}

/// How the channels' addresses follow each other, if they do: as a compiler makes them of indices
/// of neighbouring work items, or of one index for all.
fn stretch(offsets: &[u64; LANES], mask: u32) -> Option<Stretch> {
    let mask = mask & 0xffff;
    if mask == 0 {
        return None;
    }
    let first = mask.trailing_zeros() as usize;
    let last = 31 - mask.leading_zeros() as usize;
    let (begin, end) = (offsets[first & 15], offsets[last & 15]);
    let count = (last - first) as u64;
    let stride = match end.checked_sub(begin)? {
        0 => 0,
        between if between > count * STRIDE as u64 => return None,
        between => (between as u32).checked_div(count as u32)? as usize,
    };
    let steps = STEPS.get(stride)?;
    let origin = begin.wrapping_sub(steps[first & 15]);
    let unbroken = mask >> first == (2 << (last - first)) - 1;
    let mut different = 0;
    if mask == 0xffff {
        for (offset, step) in offsets.iter().zip(steps) {
            different |= offset ^ origin.wrapping_add(*step);
        }
    } else {
        for lane in first..=last {
            let expected = origin.wrapping_add(steps[lane & 15]);
            let executes = u64::from(mask >> lane & 1).wrapping_neg();
            different |= (offsets[lane & 15] ^ expected) & executes;
        }
    }
    (different == 0).then_some(Stretch {
        first,
        last,
        unbroken,
        stride,
    })
}

/// Executes reads or writes of each channel, in their order.
pub(super) fn execute<M: Memory>(
    port: &mut Port<'_, M>,
    what: &Scattered,
    mask: u32,
    payload: Payload<'_>,
    answer: &mut Registers,
) -> Result<(), Trap> {
    match what.bytes {
        1 => access::<M, 1, 4>(port, what, mask, payload, answer),
        2 => access::<M, 2, 4>(port, what, mask, payload, answer),
        4 => access::<M, 4, 4>(port, what, mask, payload, answer),
        _ => access::<M, 8, 8>(port, what, mask, payload, answer),
    }
}

/// The same for elements of so many bytes, with so many in registers.
fn access<M: Memory, const BYTES: usize, const CELL: usize>(
    port: &mut Port<'_, M>,
    what: &Scattered,
    mask: u32,
    mut payload: Payload<'_>,
    answer: &mut Registers,
) -> Result<(), Trap> {
    let lanes = usize::from(what.lanes).min(LANES);
    let mut offsets = offsets(&mut payload, what.addresses, lanes)?;
    if what.untyped {
        // Of whole dwords.
        for offset in &mut offsets {
            *offset &= !3;
        }
    }
    let elements = Elements::of::<BYTES>(what.elements);
    if what.write {
        let mut planes: [&[[u8; CELL]]; 8] = [&[]; 8];
        for plane in &mut planes[..elements.count] {
            *plane = payload.take(lanes * CELL)?.as_chunks().0;
        }
        return write::<M, BYTES, CELL>(port, &elements, &offsets, mask, &planes[..elements.count]);
    }
    let (cells, _) = answer.as_flattened_mut().as_chunks_mut::<CELL>();
    if cells.is_empty() {
        return Ok(());
    }
    // A plane of an element of all channels.
    let plane = (lanes * CELL).next_multiple_of(REGISTER) / CELL;
    let Some(cells) = cells.get_mut(..elements.count * plane) else {
        return Err(Trap::BadMessage("answer too short"));
    };
    read::<M, BYTES, CELL>(port, &elements, &offsets, mask, cells, plane)
}

/// Which elements are transferred.
struct Elements {
    /// A bit each.
    mask: u8,
    count: usize,
    /// Bytes from an address to the first one, and behind the last one.
    low: usize,
    high: usize,
}

impl Elements {
    fn of<const BYTES: usize>(mask: u8) -> Self {
        Self {
            mask,
            count: mask.count_ones() as usize,
            low: mask.trailing_zeros() as usize * BYTES,
            high: (8 - mask.leading_zeros() as usize) * BYTES,
        }
    }

    /// Bytes from the first one to each, in order.
    fn starts<const BYTES: usize>(&self) -> impl Iterator<Item = usize> + use<BYTES> {
        let (mask, low) = (self.mask, self.low);
        let there = (0..8).filter(move |number| mask >> number & 1 != 0);
        there.map(move |number| number * BYTES - low)
    }
}

fn read<M: Memory, const BYTES: usize, const CELL: usize>(
    port: &mut Port<'_, M>,
    elements: &Elements,
    offsets: &[u64; LANES],
    mask: u32,
    cells: &mut [[u8; CELL]],
    plane: usize,
) -> Result<(), Trap> {
    let span = elements.high - elements.low;
    if let Some(it) = stretch(offsets, mask) {
        let length = (it.last - it.first) * it.stride + span;
        let begin = offsets[it.first & 15].wrapping_add(elements.low as u64);
        let gapless = it.stride <= span && it.unbroken;
        // What lies between is read too, which only shared local memory minds.
        if (gapless || !port.is_local()) && port.contains(begin, length) {
            if CELL == BYTES && it.stride == BYTES && span == BYTES && it.unbroken {
                // One element of each channel, side by side in memory as in the registers.
                let cells = cells[it.first..=it.last].as_flattened_mut();
                return port.read(begin, cells);
            }
            let mut short = [0; SHORT];
            if let Some(bytes) = short.get_mut(..length) {
                port.read(begin, bytes)?;
                spread::<BYTES, CELL>(elements, &it, mask, bytes, cells, plane);
                return Ok(());
            }
            let mut long = [0; LONG];
            if let Some(bytes) = long.get_mut(..length) {
                port.read(begin, bytes)?;
                spread::<BYTES, CELL>(elements, &it, mask, bytes, cells, plane);
                return Ok(());
            }
        }
    }
    for lane in (0..LANES).filter(|lane| mask >> lane & 1 != 0) {
        let begin = offsets[lane].wrapping_add(elements.low as u64);
        for (cells, start) in cells
            .chunks_exact_mut(plane)
            .zip(elements.starts::<BYTES>())
        {
            let mut element = [0; BYTES];
            port.read(begin.wrapping_add(start as u64), &mut element)?;
            cells[lane] = widen(&element);
        }
    }
    Ok(())
}

/// Puts a stretch's bytes where the answer has them.
fn spread<const BYTES: usize, const CELL: usize>(
    elements: &Elements,
    stretch: &Stretch,
    mask: u32,
    bytes: &[u8],
    cells: &mut [[u8; CELL]],
    plane: usize,
) {
    let lanes = stretch.first..=stretch.last;
    for (cells, start) in cells
        .chunks_exact_mut(plane)
        .zip(elements.starts::<BYTES>())
    {
        if let (0, 0xffff, Some(element), Some(cells)) = (
            stretch.stride,
            mask & 0xffff,
            at::<BYTES>(bytes, start),
            cells.first_chunk_mut::<LANES>(),
        ) {
            // One element for all channels.
            *cells = [widen(element); LANES];
            continue;
        }
        let mut from = start;
        for (lane, cell) in lanes.clone().zip(&mut cells[lanes.clone()]) {
            if let (true, Some(element)) = (mask >> lane & 1 != 0, at::<BYTES>(bytes, from)) {
                *cell = widen(element);
            }
            from += stretch.stride;
        }
    }
}

/// The element at a byte.
fn at<const BYTES: usize>(bytes: &[u8], from: usize) -> Option<&[u8; BYTES]> {
    bytes.get(from..)?.first_chunk()
}

/// An element as registers have it, with 0 above.
fn widen<const BYTES: usize, const CELL: usize>(element: &[u8; BYTES]) -> [u8; CELL] {
    let mut cell = [0; CELL];
    for (to, from) in cell.iter_mut().zip(element) {
        *to = *from;
    }
    cell
}

fn write<M: Memory, const BYTES: usize, const CELL: usize>(
    port: &mut Port<'_, M>,
    elements: &Elements,
    offsets: &[u64; LANES],
    mask: u32,
    planes: &[&[[u8; CELL]]],
) -> Result<(), Trap> {
    let span = elements.high - elements.low;
    if let Some(it) = stretch(offsets, mask) {
        let length = (it.last - it.first + 1) * span;
        let begin = offsets[it.first & 15].wrapping_add(elements.low as u64);
        let gapless = span == elements.count * BYTES
            && it.unbroken
            && (it.stride == span || it.first == it.last);
        if gapless && port.contains(begin, length) {
            if let ([plane], true) = (planes, CELL == BYTES) {
                return port.write(begin, plane[it.first..=it.last].as_flattened());
            }
            let mut short = [0; SHORT];
            if let Some(bytes) = short.get_mut(..length) {
                collect::<BYTES, CELL>(&it, span, planes, bytes);
                return port.write(begin, bytes);
            }
            let mut long = [0; LONG];
            if let Some(bytes) = long.get_mut(..length) {
                collect::<BYTES, CELL>(&it, span, planes, bytes);
                return port.write(begin, bytes);
            }
        }
    }
    for lane in (0..LANES).filter(|lane| mask >> lane & 1 != 0) {
        let begin = offsets[lane].wrapping_add(elements.low as u64);
        for (plane, start) in planes.iter().zip(elements.starts::<BYTES>()) {
            let data = &plane[lane][..BYTES];
            port.write(begin.wrapping_add(start as u64), data)?;
        }
    }
    Ok(())
}

/// Puts channels' elements one behind the other.
fn collect<const BYTES: usize, const CELL: usize>(
    stretch: &Stretch,
    span: usize,
    planes: &[&[[u8; CELL]]],
    bytes: &mut [u8],
) {
    for (number, plane) in planes.iter().enumerate() {
        let mut to = number * BYTES;
        for cell in &plane[stretch.first..=stretch.last] {
            if let (Some(element), Some(cell)) =
                (bytes.get_mut(to..to + BYTES), cell.first_chunk::<BYTES>())
            {
                element.copy_from_slice(cell);
            }
            to += span;
        }
    }
}
