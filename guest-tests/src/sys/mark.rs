//! Marks in the program's own code, for a plugin of QEMU's that counts instructions: it
//! knows them by their bytes. To a processor they are nothing.

use std::arch::asm;

/// The upper half of a mark's operand: compilers align with the same nop, its operand 0.
const MAGIC: u32 = 0x4967 << 16;

/// The bit of a mark's number that says that it is the second one of its series.
pub const END: u32 = 1 << 15;

/// Executes the mark of that number, of 16 bits: a nop of nine bytes, whose operand is its
/// number. Not inlined, so that each number stands in one place.
#[inline(never)]
#[cfg(target_arch = "x86_64")]
pub fn mark<const NUMBER: u32>() {
    // SAFETY: a nop changes no register and no flag and touches no memory, whatever its
    // operand says. That it is taken to touch memory keeps what is measured between marks.
    unsafe {
        asm!(
            ".byte 0x66, 0x0f, 0x1f, 0x84, 0x00",
            ".long {number}",
            number = const MAGIC | NUMBER,
            options(nostack, preserves_flags),
        );
    }
}

/// Without a plugin for this processor there are no marks.
#[cfg(not(target_arch = "x86_64"))]
pub fn mark<const NUMBER: u32>() {}
