// SPDX-License-Identifier: GPL-2.0 OR MIT

//! GPU addresses and ranges of them.

use super::errno::{Errno, Result};

/// Bytes of a GPU page, the unit of every range.
pub const PAGE_SIZE: u64 = 4096;

/// Bits of an address the hardware looks at.
const HARDWARE_BITS: u32 = 48;
const HARDWARE_MASK: u64 = (1 << HARDWARE_BITS) - 1;

/// The address in canonical form: bit 47 repeated above (`i915_gem_gtt.h` and
/// `intel_gtt.h:gen8_canonical_addr`).
pub const fn canonical(address: u64) -> u64 {
    (((address << (64 - HARDWARE_BITS)) as i64) >> (64 - HARDWARE_BITS)) as u64
}

/// The 48 bits of the address that the driver and the device work with
/// (`gen8_noncanonical_addr`).
pub const fn noncanonical(address: u64) -> u64 {
    address & HARDWARE_MASK
}

/// Whether the address is written in canonical form.
pub const fn is_canonical(address: u64) -> bool {
    canonical(address) == address
}

/// Whether the address or length is a whole number of GPU pages.
pub const fn is_page_aligned(value: u64) -> bool {
    value % PAGE_SIZE == 0
}

/// Whether `[start, start + size)` leaves `[0, limit)`: `range_overflows` of
/// `include/linux/overflow.h`, which also refuses a start at the limit with size 0.
pub const fn range_overflows(start: u64, size: u64, limit: u64) -> bool {
    start >= limit || size > limit - start
}

/// A range of GPU addresses that is page aligned, not empty and does not wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    start: u64,
    length: u64,
}

impl Range {
    /// The range `[start, start + length)`, in 48-bit form: `EINVAL` if it is empty,
    /// misaligned or wraps.
    pub const fn new(start: u64, length: u64) -> Result<Self> {
        if length == 0
            || !is_page_aligned(start)
            || !is_page_aligned(length)
            || start.checked_add(length).is_none()
        {
            return Err(Errno::EINVAL);
        }
        Ok(Self { start, length })
    }

    /// The first address.
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// The number of bytes, never 0.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The first address behind the range.
    pub const fn end(&self) -> u64 {
        self.start + self.length
    }

    /// Whether the two have an address in common.
    pub const fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end() && other.start < self.end()
    }

    /// Whether the address lies in the range.
    pub const fn contains(&self, address: u64) -> bool {
        self.start <= address && address < self.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_form_repeats_bit_47() {
        assert_eq!(canonical(0x7fff_ffff_f000), 0x7fff_ffff_f000);
        assert_eq!(canonical(0x8000_0000_0000), 0xffff_8000_0000_0000);
        assert_eq!(noncanonical(0xffff_8000_0000_0000), 0x8000_0000_0000);
        assert!(is_canonical(0));
        assert!(!is_canonical(1 << 47));
        assert!(!is_canonical(1 << 48));
    }

    #[test]
    fn range_overflows_is_the_kernels() {
        assert!(!range_overflows(0, 4096, 4096));
        assert!(range_overflows(4096, 0, 4096));
        assert!(range_overflows(1, u64::MAX, 4096));
        assert!(!range_overflows(0, 0, 1));
    }

    #[test]
    fn a_range_is_aligned_nonempty_and_does_not_wrap() {
        assert_eq!(Range::new(0, 0), Err(Errno::EINVAL));
        assert_eq!(Range::new(1, 4096), Err(Errno::EINVAL));
        assert_eq!(Range::new(0, 1), Err(Errno::EINVAL));
        assert_eq!(Range::new(u64::MAX - 4095, 4096), Err(Errno::EINVAL));
        let range = Range::new(4096, 8192).unwrap();
        assert!(range.overlaps(&Range::new(8192, 4096).unwrap()));
        assert!(!range.overlaps(&Range::new(12288, 4096).unwrap()));
        assert!(range.contains(4096) && !range.contains(12288));
    }
}
