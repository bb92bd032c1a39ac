//! Between the batch, registers and memory.

use super::*;

#[test]
fn store_data_imm_stores_dwords_and_qwords() {
    let mut bench = render();
    bench.finish(&[0x1000_0002, LO, HI, 42]);
    assert_eq!(bench.qword(DATA), 42);
    bench.finish(&[0x1020_0003, LO + 8, HI, 0x5566_7788, 0x1122_3344]);
    assert_eq!(bench.qword(DATA + 8), 0x1122_3344_5566_7788);
    // More dwords than one; canonical high bits.
    bench.finish(&[0x1000_0004, LO + 16, HI | 0xffff_0000, 1, 2, 3]);
    assert_eq!(
        [16, 20, 24, 28].map(|at| bench.dword(DATA + at)),
        [1, 2, 3, 0]
    );
    assert_eq!(bench.tally.commands, 2);
}

#[test]
fn registers_are_loaded_stored_and_moved() {
    let mut bench = render();
    bench.put(DATA, &[0xcafe]);
    bench.finish(&[
        0x1100_0003,
        0x2600,
        7,
        0x2604,
        8, // LRI two registers
        0x1480_0002,
        0x2608,
        LO,
        HI, // LRM
        0x1500_0001,
        0x2608,
        0x2610, // LRR
        0x1200_0002,
        0x2600,
        LO + 16,
        HI, // SRM
        0x1200_0002,
        0x2604,
        LO + 20,
        HI,
        0x1200_0002,
        0x2610,
        LO + 24,
        HI,
    ]);
    assert_eq!(
        [16, 20, 24].map(|at| bench.dword(DATA + at)),
        [7, 8, 0xcafe]
    );
    assert_eq!(bench.tally.dropped_register_writes, 0);
    bench.finish(&[0x1700_0003, LO + 40, HI, LO, HI]); // MI_COPY_MEM_MEM
    assert_eq!(bench.dword(DATA + 40), 0xcafe);
}
