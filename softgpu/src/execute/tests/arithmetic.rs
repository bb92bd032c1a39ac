//! MI_MATH and MI_ATOMIC.

use super::*;

#[test]
fn arithmetic_works_on_the_general_purpose_registers() {
    let mut bench = render();
    let set = |register: u32, value: u64| {
        [
            0x1100_0003,
            0x2600 + register * 8,
            value as u32,
            0x2604 + register * 8,
            (value >> 32) as u32,
        ]
    };
    let load = |target: u32, register: u32| 0x080 << 20 | target << 10 | register;
    let store = |register: u32, source: u32| 0x180 << 20 | register << 10 | source;
    let (a, b, accumulator, zero, carry) = (0x20, 0x21, 0x31, 0x32, 0x33);
    let mut batch = Vec::new();
    batch.extend(set(0, u64::MAX));
    batch.extend(set(1, 1));
    batch.extend([
        0x0d00_0000 | 5, // six instructions
        load(a, 0),
        load(b, 1),
        0x100 << 20, // add
        store(2, accumulator),
        store(3, carry),
        store(4, zero),
        0x0d00_0000 | 3,
        load(a, 1),
        load(b, 0),
        0x101 << 20, // subtract
        store(5, accumulator),
    ]);
    bench.finish(&batch);
    let registers = [2, 3, 4, 5].map(|register| bench.execution.registers.gpr(register));
    assert_eq!(registers, [0, u64::MAX, u64::MAX, 2]);
    let unknown = bench.run(&[0x0d00_0000, 0x7ff << 20]);
    assert!(matches!(reason(unknown), HangReason::BadField { .. }));
}

#[test]
fn atomics_do_what_their_operations_say() {
    let mut bench = render();
    // Inline dwords: operation, old, operands, new.
    for (operation, old, first, second, new) in [
        (0x1, 0b1100, 0b1010, 0, 0b1000),
        (0x2, 0b1100, 0b1010, 0, 0b1110),
        (0x3, 0b1100, 0b1010, 0, 0b0110),
        (0x4, 1, 2, 0, 2),
        (0x5, u32::MAX, 0, 0, 0),
        (0x6, 0, 0, 0, u32::MAX),
        (0x7, 5, 6, 0, 11),
        (0x8, 5, 6, 0, u32::MAX),
        (0x9, 5, 6, 0, 1),
        (0xa, u32::MAX, 1, 0, 1),
        (0xb, u32::MAX, 1, 0, u32::MAX),
        (0xc, u32::MAX, 1, 0, u32::MAX),
        (0xd, u32::MAX, 1, 0, 1),
        (0xe, 5, 5, 9, 9),
        (0xe, 5, 6, 9, 5),
    ] {
        bench.put(DATA, &[old, 0xaaaa]);
        let header = 0x1780_0009 | 1 << 18 | 1 << 16 | operation << 8;
        bench.finish(&[header, LO, HI, first, second, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bench.dword(DATA), new, "operation {operation:#x}");
        assert_eq!(bench.dword(DATA + 4), 0xaaaa);
        assert_eq!(bench.execution.registers.gpr(4), u64::from(old));
    }
    // A qword from registers.
    bench.execution.registers.set_gpr(0, 1 << 40);
    bench.put(DATA, &[3, 0]);
    bench.finish(&[0x1780_0001 | 1 << 19 | 0x27 << 8, LO, HI]);
    assert_eq!(bench.qword(DATA), 1 << 40 | 3);
}
