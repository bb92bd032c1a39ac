// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Counts, in QEMU's emulator, what a guest executes between two marks that the program
//! under test makes: instructions, those of the kernel and of the user apart, and writes to
//! the area where virtio devices are notified. The counts are of the processor that executes
//! both marks: with one processor they are all that the guest did.
//!
//! `qemu-system-x86_64 -plugin libigpu_tcg_plugin.so,out=FILE`: the file is written when
//! QEMU ends. With `profile=on` it also tells how often each of the kernel's instructions was
//! executed between marks, which takes longer. A mark is a nop of nine bytes, `66 0f 1f 84 00` and a little-endian operand,
//! whose upper half is 0x4967 (`guest-tests/src/sys/mark.rs`): a lower half with bit 15 clear
//! begins a sample of the series that it names, the same with bit 15 set ends it.
//!
//! [`api`] is the only part that knows QEMU, and the only one with unsafe code.

// The functions that it calls are QEMU's: a test program has none of them.
#[cfg(not(test))]
mod api;
mod code;
mod series;
