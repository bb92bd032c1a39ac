// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Indices from userspace.

/// The index if it is less than `len`, else 0, decided without a branch so that the
/// processor can't guess wrong and read beyond (`include/linux/nospec.h`). The caller has
/// checked the index; this keeps the check from being speculated past.
///
/// In the module it is the kernel's own, which the crate's root lends: what the compiler
/// makes of the code below is the compiler's business, and need not be without a branch.
#[cfg(CONFIG_RUST)]
pub(crate) use crate::index_nospec as clamp_index;

/// The same where there is no kernel, and nobody who could be spied on.
#[cfg(not(CONFIG_RUST))]
pub(crate) fn clamp_index(index: usize, len: usize) -> usize {
    if index < len {
        index
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // array_index_nospec
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
