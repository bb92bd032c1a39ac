//! Fields of an encoded instruction.

/// A field: its bits from `high` down to `low`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    high: u8,
    low: u8,
}

impl Field {
    /// The bits from `high` down to `low` of 128; at most 64 of them.
    pub(super) const fn new(high: u8, low: u8) -> Self {
        assert!(high < 128 && low <= high && high - low < 64);
        Self { high, low }
    }

    /// A single bit.
    pub(super) const fn bit(number: u8) -> Self {
        Self::new(number, number)
    }

    /// Number of bits.
    pub(super) const fn width(self) -> u32 {
        (self.high - self.low + 1) as u32
    }

    const fn mask(self) -> u128 {
        (1 << self.width()) - 1
    }

    /// Its value in an instruction.
    pub(super) const fn of(self, bits: u128) -> u64 {
        ((bits >> self.low) & self.mask()) as u64
    }

    /// Its value, of a field of at most 8 bits.
    pub(super) const fn byte(self, bits: u128) -> u8 {
        self.of(bits) as u8
    }

    /// Whether a bit of it is set.
    pub(super) const fn is_set(self, bits: u128) -> bool {
        self.of(bits) != 0
    }

    /// An instruction with it set to the low bits of a value.
    pub(super) const fn set(self, bits: u128, value: u64) -> u128 {
        (bits & !(self.mask() << self.low)) | ((value as u128 & self.mask()) << self.low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is set is read, and nothing else changes.
    #[test]
    fn set_and_read() {
        let field = Field::new(70, 58);
        let all = field.set(u128::MAX, 0x1234);
        assert_eq!(field.of(all), 0x1234);
        assert_eq!(field.set(all, u64::MAX), u128::MAX);
        assert_eq!(Field::new(127, 64).of(1 << 127), 1 << 63);
    }
}
