//! Operations with half floats as vectors: they are computed as single floats of which the nearest
//! half float is that of the exact result. Written as loops that the compiler makes vectors of, as in
//! [`packed`](super::packed).

use super::file::RegisterFile;
use super::operand;
use super::packed::{self, flushed, ordered, put, put_comparison, put_floats};
use super::rounding::FloatMode;
use crate::isa::DataType;
use crate::kernel::op::{Half, Op, Operand, Where};
use crate::kernel::packed::modified;

/// Executes an op for the channels that are enabled; results are rounded to nearest.
#[inline(always)]
pub(super) fn wide<const N: usize>(
    file: &mut RegisterFile,
    mode: FloatMode,
    op: &Op,
    half: Half,
    enabled: u32,
) {
    let [first, second, third] = &op.sources;
    let a: [f32; N] = floats(file, mode, first);
    match half {
        Half::Convert => put_results(file, mode, op, a, enabled),
        Half::Add => {
            let b = floats(file, mode, second);
            put_results(file, mode, op, packed::zip(a, b, |a, b| a + b), enabled);
        }
        Half::Multiply => {
            let b = floats(file, mode, second);
            put_results(file, mode, op, packed::zip(a, b, |a, b| a * b), enabled);
        }
        Half::Mad => {
            let b: [f32; N] = floats(file, mode, second);
            let c: [f32; N] = floats(file, mode, third);
            let mut lanes = a;
            if op.result == DataType::HF {
                for channel in 0..N {
                    // Exact: a product has 22 bits, the last of them at least 2^-48.
                    lanes[channel] = sum_to_odd(b[channel] * c[channel], a[channel]);
                }
            } else {
                for channel in 0..N {
                    lanes[channel] = b[channel].mul_add(c[channel], a[channel]);
                }
            }
            put_results(file, mode, op, lanes, enabled);
        }
        Half::Compare => {
            let b: [f32; N] = floats(file, mode, second);
            let bits = |lanes: [f32; N]| packed::each(lanes, |lane| lane.to_bits().to_le_bytes());
            let holds = ordered(op, &bits(a), &bits(b), f32::from_bits);
            put_comparison::<N>(file, op, holds, enabled);
        }
    }
}

/// A source's floats, half ones exactly.
#[inline(always)]
fn floats<const N: usize>(file: &RegisterFile, mode: FloatMode, source: &Operand) -> [f32; N] {
    let mut lanes = [0_u32; N];
    if source.kind == DataType::HF {
        let mut halves = [0_u16; N];
        match source.place {
            Where::Unit(at) => {
                if let Some(words) = file.words::<N>(usize::from(at)) {
                    halves = packed::each(*words, u16::from_le_bytes);
                }
            }
            Where::Scalar(at) => {
                halves = [u16::from_le_bytes(file.read(usize::from(at))); N];
            }
            Where::Constant(bits) => halves = [bits as u16; N],
            _ => gathered(file, source, &mut halves),
        }
        if !mode.keep_half {
            halves = packed::each(halves, flushed_half);
        }
        lanes = packed::each(halves, widened);
    } else {
        // No packed operand is found by an address register, which is all that can be refused.
        if let Ok(bits) = operand::bits(file, source, N) {
            for (lane, bits) in lanes.iter_mut().zip(bits) {
                *lane = bits;
            }
        }
        if !mode.keep_single {
            lanes = packed::each(lanes, flushed);
        }
    }
    if source.negate || source.absolute {
        for lane in &mut lanes {
            *lane = modified(*lane, source, false);
        }
    }
    packed::each(lanes, f32::from_bits)
}

#[inline(never)]
fn gathered<const N: usize>(file: &RegisterFile, source: &Operand, halves: &mut [u16; N]) {
    if let Ok(bits) = operand::bits(file, source, N) {
        for (half, bits) in halves.iter_mut().zip(bits) {
            *half = bits as u16;
        }
    }
}

/// Puts floats where the results go, rounded to half floats where those are.
#[inline(always)]
fn put_results<const N: usize>(
    file: &mut RegisterFile,
    mode: FloatMode,
    op: &Op,
    mut lanes: [f32; N],
    enabled: u32,
) {
    if op.result != DataType::HF {
        return put_floats(file, op, lanes, enabled, mode.keep_single);
    }
    if op.saturate {
        lanes = packed::each(lanes, packed::clamp);
    }
    let mut halves = packed::each(lanes, |lane| narrowed(lane.to_bits()) as u16);
    if !mode.keep_half {
        halves = packed::each(halves, flushed_half);
    }
    put(file, op, packed::each(halves, u32::from), enabled);
}

/// A half float's bits, those of a denormal as those of 0.
#[inline(always)]
fn flushed_half(half: u16) -> u16 {
    if half & 0x7c00 == 0 {
        half & 0x8000
    } else {
        half
    }
}

/// The bits of a half float as those of a float, exactly.
#[inline(always)]
fn widened(half: u16) -> u32 {
    let half = u32::from(half);
    // The exponents' biases are 112 apart; a product is right for denormals too.
    let scaled = f32::from_bits((half & 0x7fff) << 13) * f32::from_bits((127 + 112) << 23);
    let infinite = if half & 0x7c00 == 0x7c00 {
        0x7f80_0000
    } else {
        0
    };
    scaled.to_bits() | infinite | (half & 0x8000) << 16
}

/// The bits of the half float that is nearest to a float, of two of the even one.
#[inline(always)]
fn narrowed(bits: u32) -> u32 {
    /// What is as large or larger becomes infinite: 65,520.
    const LARGE: u32 = 0x477f_f000;
    /// The least normal half float, 2^-14.
    const NORMAL: u32 = 113 << 23;
    let magnitude = bits & 0x7fff_ffff;
    let rounding = 0xfff + (magnitude >> 13 & 1);
    let normal = magnitude.wrapping_sub(112 << 23).wrapping_add(rounding) >> 13;
    // The last bit of floats from one half on is that of denormals: adding rounds.
    let denormal = (f32::from_bits(magnitude) + 0.5)
        .to_bits()
        .wrapping_sub(0x3f00_0000);
    let mut half = if magnitude < NORMAL { denormal } else { normal };
    if magnitude >= LARGE {
        half = 0x7c00;
    }
    if magnitude > 0x7f80_0000 {
        half = 0x7e00;
    }
    half | bits >> 16 & 0x8000
}

/// A float from which rounding to a half float gives what rounding the sum itself gives: the bits
/// that it has no room for make its last one 1. Of floats far from the largest and the least.
#[inline(always)]
fn sum_to_odd(a: f32, b: f32) -> f32 {
    let sum = a + b;
    // What the sum lacks, exactly (Knuth's two-sum); no number where the sum is infinite.
    let of_b = sum - a;
    let rest = (a - (sum - of_b)) + (b - of_b);
    // Towards zero, then the last bit.
    let beyond = (rest.to_bits() ^ sum.to_bits()) >> 31;
    let odd = sum.to_bits().wrapping_sub(beyond) | 1;
    f32::from_bits(if rest.abs() > 0.0 { odd } else { sum.to_bits() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::small_float::{from_half, to_half};

    /// All half floats, and floats around each of them and between, as the plain conversions have
    /// them.
    #[test]
    fn conversions() {
        for half in 0..=u16::MAX {
            let value = from_half(half);
            if value.is_nan() {
                assert!(f32::from_bits(widened(half)).is_nan());
                assert_eq!(narrowed(widened(half)) & 0x7fff, 0x7e00);
                continue;
            }
            assert_eq!(widened(half), value.to_bits());
            let middle = value.to_bits() + 0x1000;
            for bits in [
                value.to_bits(),
                middle - 1,
                middle,
                middle + 1,
                middle + 0x800,
            ] {
                let float = f32::from_bits(bits);
                if !float.is_nan() {
                    assert_eq!(narrowed(bits), u32::from(to_half(float)), "{float}");
                }
            }
        }
        for bits in (0..=u32::MAX - 997).step_by(997) {
            let float = f32::from_bits(bits);
            if !float.is_nan() {
                assert_eq!(narrowed(bits), u32::from(to_half(float)), "{float}");
            }
        }
    }

    /// What lies beside the middle of two half floats by less than a float shows is not taken
    /// for the middle.
    #[test]
    fn sums_are_rounded_once() {
        let rounded = |a: f32, b: f32| narrowed(sum_to_odd(a, b).to_bits());
        let middle = 1.0 + 2f32.powi(-11);
        let little = 2f32.powi(-40);
        assert_eq!(rounded(middle, 0.0), 0x3c00);
        assert_eq!(rounded(middle, little), 0x3c01);
        assert_eq!(rounded(middle, -little), 0x3c00);
        assert_eq!(rounded(-middle, -little), 0xbc01);
        assert_eq!(rounded(little, -middle), 0xbc00);
        assert_eq!(rounded(1.0, -1.0), 0);
        assert!(sum_to_odd(f32::INFINITY, 1.0).is_infinite());
        assert!(sum_to_odd(f32::INFINITY, f32::NEG_INFINITY).is_nan());
    }
}
