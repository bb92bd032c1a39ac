//! Marks in the program's own code, for a plugin of QEMU's that counts instructions: it
//! knows them by their bytes. To a processor they are nothing.

use std::arch::asm;

/// The bytes of a mark before its number: a nop of nine bytes, `nopw NUMBER(%rax,%rax)`.
pub const NOP: [u8; 5] = [0x66, 0x0f, 0x1f, 0x84, 0x00];

/// Executes the mark of that number. Not inlined, so that each number stands in one place.
#[inline(never)]
#[cfg(target_arch = "x86_64")]
pub fn mark<const NUMBER: u32>() {
    // SAFETY: a nop changes no register and no flag and touches no memory, whatever its
    // operand says. That it is taken to touch memory keeps what is measured between marks.
    unsafe {
        asm!(
            ".byte 0x66, 0x0f, 0x1f, 0x84, 0x00",
            ".long {number}",
            number = const NUMBER,
            options(nostack, preserves_flags),
        );
    }
}

/// Without a plugin for this processor there are no marks.
#[cfg(not(target_arch = "x86_64"))]
pub fn mark<const NUMBER: u32>() {}
