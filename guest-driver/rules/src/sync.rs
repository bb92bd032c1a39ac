// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Indices from userspace.

use core::hint::black_box;

/// The index if it is less than `len`, else 0, decided without a branch so that the
/// processor can't guess wrong and read beyond (`include/linux/nospec.h`). The caller has
/// checked the index; this keeps the check from being speculated past.
pub fn clamp_index(index: usize, len: usize) -> usize {
    // Out of the optimiser's sight: it would otherwise see the caller's check and drop it.
    let index = black_box(index);
    let outside = (index | len.wrapping_sub(1).wrapping_sub(index)) as isize;
    // All ones if the top bit is clear, which it is for an index inside.
    let mask = !(outside >> (isize::BITS - 1)) as usize;
    index & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_outside_is_zero() {
        for len in [1, 2, 5, 64] {
            for index in 0..70 {
                assert_eq!(clamp_index(index, len), if index < len { index } else { 0 });
            }
            assert_eq!(clamp_index(usize::MAX, len), 0);
        }
        assert_eq!(clamp_index(0, 0), 0);
    }
}
