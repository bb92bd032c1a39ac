//! GPU commands: what programs write into batches. Gen12's encodings, from Intel's
//! public reference manuals.

mod batch;
mod blit;
mod spinner;
pub mod tiling;

pub use batch::{Batch, Compare, Tail};
pub use blit::{Rectangle, Surface};
pub use spinner::Spinner;
pub use tiling::Tiling;

/// A GPU address in canonical form: bits 63 to 48 repeat bit 47.
pub const fn canonical(address: u64) -> u64 {
    (((address << 16).cast_signed()) >> 16).cast_unsigned()
}

/// Registers that batches of these programs name.
pub mod registers {
    /// The first general purpose register of the engine whose registers begin at `base`;
    /// a u64.
    pub const fn general_purpose(base: u32) -> u32 {
        base + 0x600
    }

    /// The timestamp of the engine whose registers begin at `base`.
    pub const fn timestamp(base: u32) -> u32 {
        base + 0x358
    }

    /// Where rcs0's registers begin.
    pub const RCS0: u32 = 0x2000;
    /// Where bcs0's registers begin.
    pub const BCS0: u32 = 0x22000;
}
