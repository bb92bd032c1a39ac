//! Products of integers that are wider than a dword, as vectors: `mul` into an accumulator and
//! `mach`, which together make products of 32 bits by 32 bits.

use super::file::RegisterFile;
use super::packed::{BITS, Dwords, put};
use crate::kernel::op::{Op, Target};

/// The integers that an operand's dwords are.
#[inline(always)]
fn integers<const N: usize>(dwords: &Dwords<N>, signed: bool) -> [i64; N] {
    let mask = if signed { -1 } else { 0xffff_ffff };
    let mut lanes = [0; N];
    for channel in 0..N {
        lanes[channel] = i64::from(i32::from_le_bytes(dwords[channel])) & mask;
    }
    lanes
}

/// `mul` into an accumulator, which keeps the whole product.
#[inline(always)]
pub(super) fn multiply_whole<const N: usize>(a: &Dwords<N>, b: &Dwords<N>, op: &Op) -> [i64; N] {
    let [first, second, _] = &op.sources;
    let a = integers(a, first.kind.is_signed());
    let b = integers(b, second.kind.is_signed());
    let mut products = [0; N];
    for channel in 0..N {
        products[channel] = a[channel].wrapping_mul(b[channel]);
    }
    products
}

/// Puts products into the accumulator's elements that an op names.
#[inline(always)]
pub(super) fn put_whole<const N: usize>(
    file: &mut RegisterFile,
    op: &Op,
    products: [i64; N],
    enabled: u32,
) {
    if let Target::Accumulator { element, .. } = op.target {
        accumulate(file, usize::from(element), op.exec_size, products, enabled);
    }
}

/// `mach`: the first source by the second's high half, on top of the product with its low half
/// that the accumulator holds.
#[inline(always)]
pub(super) fn multiply_high<const N: usize>(
    file: &RegisterFile,
    a: &Dwords<N>,
    b: &Dwords<N>,
    op: &Op,
) -> [i64; N] {
    let [first, second, _] = &op.sources;
    let a = integers(a, first.kind.is_signed());
    let b = integers(b, second.kind.is_signed());
    let mut products = [0; N];
    if let Some(elements) = file.accumulators_from::<N>(0) {
        for channel in 0..N {
            let high = a[channel].wrapping_mul(b[channel] >> 16) << 16;
            products[channel] = elements[channel].wrapping_add(high);
        }
    }
    products
}

/// Puts what `mach` gives: the high dword where the accumulator is written too, else the low one.
#[inline(always)]
pub(super) fn put_high<const N: usize>(
    file: &mut RegisterFile,
    op: &Op,
    products: [i64; N],
    enabled: u32,
) {
    let shift = if op.writes_accumulator { 32 } else { 0 };
    let mut lanes = [0; N];
    for channel in 0..N {
        lanes[channel] = (products[channel] >> shift) as u32;
    }
    if op.writes_accumulator {
        accumulate(file, 0, op.exec_size, products, enabled);
    }
    put(file, op, lanes, enabled);
}

/// Sets the accumulator's elements of the channels that are enabled.
#[inline(always)]
fn accumulate<const N: usize>(
    file: &mut RegisterFile,
    first: usize,
    exec_size: u8,
    products: [i64; N],
    enabled: u32,
) {
    let count = usize::from(exec_size).min(N);
    let Some(elements) = file.accumulators.get_mut(first..first + count) else {
        return;
    };
    for (channel, element) in elements.iter_mut().enumerate() {
        if enabled & BITS[channel] != 0 {
            *element = products[channel];
        }
    }
}
