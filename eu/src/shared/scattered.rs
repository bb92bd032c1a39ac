//! Reads and writes at an address of each channel.

use crate::memory::Memory;
use crate::shared::atomic::offsets;
use crate::shared::message::Registers;
use crate::shared::operation::Scattered;
use crate::shared::payload::{LANES, Payload};
use crate::shared::target::Port;
use crate::trap::Trap;

/// Bytes of the longest stretch that is accessed at once: 16 channels with 8 qwords each.
const STRETCH: usize = LANES * 64;

/// The channels' addresses at a constant distance from each other.
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
    if mask == 0 {
        return None;
    }
    let first = mask.trailing_zeros() as usize;
    let last = 31 - mask.leading_zeros() as usize;
    let begin = *offsets.get(first)?;
    let stride = if first == last {
        0
    } else {
        let between = offsets.get(last)?.checked_sub(begin)?;
        let steps = (last - first) as u64;
        if !between.is_multiple_of(steps) {
            return None;
        }
        between / steps
    };
    if stride > 64 {
        return None;
    }
    let count = last - first + 1;
    let unbroken = mask >> first == u32::MAX >> (32 - count);
    let mut different = 0;
    for (lane, offset) in offsets.iter().enumerate().take(last + 1).skip(first) {
        let expected = begin.wrapping_add(stride.wrapping_mul((lane - first) as u64));
        different |= (offset ^ expected) & u64::from(mask >> lane & 1).wrapping_neg();
    }
    (different == 0).then_some(Stretch {
        first,
        last,
        unbroken,
        stride: stride as usize,
    })
}

/// Executes reads or writes of each channel, in their order.
pub(super) fn execute<M: Memory>(
    port: &mut Port<'_, M>,
    what: &Scattered,
    mask: u32,
    mut payload: Payload<'_>,
    answer: &mut Registers,
) -> Result<(), Trap> {
    let lanes = usize::from(what.lanes);
    let mut offsets = offsets(&mut payload, what.addresses, lanes)?;
    if what.untyped {
        // Untyped accesses are of whole dwords.
        for offset in &mut offsets {
            *offset &= !3;
        }
    }
    let count = what.elements.count_ones() as usize;
    let bytes = usize::from(what.bytes);
    let cell = bytes.max(4);
    if what.write {
        let mut data = [&[] as &[u8]; 8];
        for data in &mut data[..count] {
            *data = payload.take(lanes * cell)?;
        }
        return write(port, what, &offsets, mask, &data[..count]);
    }
    let answer = answer.as_flattened_mut();
    if answer.is_empty() {
        return Ok(());
    }
    if answer.len() < count * (lanes * cell).next_multiple_of(32) {
        return Err(Trap::BadMessage("answer too short"));
    }
    read(port, what, &offsets, mask, answer)
}

/// From an address to the first byte of its elements, and to the one behind the last.
fn extent(what: &Scattered) -> (usize, usize) {
    let bytes = usize::from(what.bytes);
    let first = what.elements.trailing_zeros() as usize;
    let end = 8 - what.elements.leading_zeros() as usize;
    (first * bytes, end * bytes)
}

/// The elements that are transferred, in order, as bytes from the address.
fn elements(what: &Scattered) -> impl Iterator<Item = usize> + use<> {
    let (elements, bytes) = (what.elements, usize::from(what.bytes));
    (0..8).filter_map(move |number| (elements >> number & 1 != 0).then_some(number * bytes))
}

fn read<M: Memory>(
    port: &mut Port<'_, M>,
    what: &Scattered,
    offsets: &[u64; LANES],
    mask: u32,
    answer: &mut [u8],
) -> Result<(), Trap> {
    let lanes = usize::from(what.lanes);
    let bytes = usize::from(what.bytes);
    let cell = bytes.max(4);
    let plane = lanes * cell;
    let (low, high) = extent(what);
    if let Some(it) = stretch(offsets, mask) {
        let steps = it.last - it.first;
        let length = steps * it.stride + high - low;
        let begin = offsets[it.first].wrapping_add(low as u64);
        let gapless = it.stride <= high - low && it.unbroken;
        // What lies between is read too, which only shared local memory minds.
        if length <= STRETCH && (gapless || !port.is_local()) && port.contains(begin, length) {
            if what.bytes >= 4 && it.stride == bytes && high - low == bytes && it.unbroken {
                // One element of each channel, side by side in memory as in the registers.
                return port.read(begin, &mut answer[it.first * cell..][..length]);
            }
            let mut stretch = [0; STRETCH];
            let stretch = &mut stretch[..length];
            port.read(begin, stretch)?;
            for (number, element) in elements(what).enumerate() {
                for lane in (it.first..=it.last).filter(|lane| mask >> lane & 1 != 0) {
                    let from = (lane - it.first) * it.stride + element - low;
                    let to = &mut answer[number * plane + lane * cell..][..cell];
                    to[bytes..].fill(0);
                    to[..bytes].copy_from_slice(&stretch[from..][..bytes]);
                }
            }
            return Ok(());
        }
    }
    for lane in (0..lanes).filter(|lane| mask >> lane & 1 != 0) {
        for (number, element) in elements(what).enumerate() {
            let to = &mut answer[number * plane + lane * cell..][..cell];
            to[bytes..].fill(0);
            let offset = offsets[lane].wrapping_add(element as u64);
            port.read(offset, &mut to[..bytes])?;
        }
    }
    Ok(())
}

fn write<M: Memory>(
    port: &mut Port<'_, M>,
    what: &Scattered,
    offsets: &[u64; LANES],
    mask: u32,
    data: &[&[u8]],
) -> Result<(), Trap> {
    let lanes = usize::from(what.lanes);
    let bytes = usize::from(what.bytes);
    let cell = bytes.max(4);
    let (low, high) = extent(what);
    let span = high - low;
    if let Some(it) = stretch(offsets, mask) {
        let length = (it.last - it.first + 1) * span;
        let begin = offsets[it.first].wrapping_add(low as u64);
        let gapless =
            span == data.len() * bytes && it.unbroken && (it.stride == span || it.first == it.last);
        if gapless && length <= STRETCH && port.contains(begin, length) {
            if let ([data], 4..) = (data, what.bytes) {
                return port.write(begin, &data[it.first * cell..][..length]);
            }
            let mut stretch = [0; STRETCH];
            let stretch = &mut stretch[..length];
            for (number, data) in data.iter().enumerate() {
                for lane in it.first..=it.last {
                    stretch[(lane - it.first) * span + number * bytes..][..bytes]
                        .copy_from_slice(&data[lane * cell..][..bytes]);
                }
            }
            return port.write(begin, stretch);
        }
    }
    for lane in (0..lanes).filter(|lane| mask >> lane & 1 != 0) {
        for (data, element) in data.iter().zip(elements(what)) {
            let offset = offsets[lane].wrapping_add(element as u64);
            port.write(offset, &data[lane * cell..][..bytes])?;
        }
    }
    Ok(())
}
