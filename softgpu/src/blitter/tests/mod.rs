//! Tests of the blitter: golden ones, command by command, what becomes of wrong ones, and
//! random blits against a reference.

mod golden;
mod golden_operands;
mod large;
mod layout;
mod outcomes;
mod random;
mod reference;
mod shapes;

use crate::execute::testing::{BASE, Bench, DATA, split};
use crate::platform::EngineClass;

/// A bench whose memory behind `DATA` holds `bytes`.
fn bench_with(bytes: &[u8]) -> Bench {
    let bench = Bench::with_memory(EngineClass::Copy, 0x2_0000 + bytes.len() as u64);
    bench.memory.write(DATA - BASE, bytes).unwrap();
    bench
}

/// What lies behind `DATA`.
fn bytes_of(bench: &Bench, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    bench.memory.read(DATA - BASE, &mut bytes).unwrap();
    bytes
}

/// An address behind `DATA` as two dwords.
fn at(offset: u64) -> [u32; 2] {
    split(DATA + offset)
}
