//! Kernels on the shader cores, seen from outside: what threads find in their registers, what
//! becomes of endless and wrong kernels, and who gets the engine meanwhile.
//!
//! The machine code is assembled by `iga64 -a -p=12p1` from what stands beside it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use std::time::{Duration, Instant};

use common::{BASE, BINDS, END, LENGTH, Rig, at, never_ran, split, store};
use softgpu::*;

/// Where things lie in memory, as offsets.
const BATCH: u64 = 0;
const KERNEL: u64 = 0x1000;
const DYNAMIC: u64 = 0x2000;
const CURBE: u64 = 0x100;
const SURFACES: u64 = 0x3000;
const OTHER_BATCH: u64 = 0x4000;
const BUFFER: u64 = 0x1_0000;

/// Fills 16 bytes of surface 0 at column 16 * group X of row group Y with the lowest byte of r1:
///
/// ```text
/// (W) mov (4|M0) r1.0<1>:ub r1.0<0;1,0>:ub
/// (W) shl (1|M0) r4.0<1>:ud r0.1<0;1,0>:ud 4:uw
/// (W) mov (1|M0) r4.1<1>:ud r0.6<0;1,0>:ud
/// (W) mov (1|M0) r4.2<1>:ud 0xF:ud
/// (W) mov (8|M0) r5.0<1>:ud r1.0<0;1,0>:ud
/// (W) send.dc1 (8|M0) null r4 null 0x0 0x040A8000
/// (W) mov (8|M0) r127.0<1>:ud r0.0<8;8,1>:ud
/// (W) send.ts (1|M0) null r127 null 0x0 0x02000010 {EOT}
/// ```
#[rustfmt::skip]
const FILL_ROW: &[u32] = &[
    0x8002_0061, 0x0105_0000, 0x0000_0104, 0x0000_0000, 0x8000_0169, 0x0405_8220, 0x0100_0024,
    0x0004_0004, 0x8000_0061, 0x0425_0220, 0x0000_00c4, 0x0000_0000, 0x8000_0061, 0x0445_4220,
    0x0000_0000, 0x0000_000f, 0x8003_0461, 0x0505_0220, 0x0000_0104, 0x0000_0000, 0x8003_9031,
    0x0000_0000, 0xc000_0414, 0x02a0_0000, 0x8003_0061, 0x7f05_0220, 0x0046_0005, 0x0000_0000,
    0x8000_0131, 0x0000_0004, 0x7020_7f0c, 0x0000_0000,
];

/// Fills 16 rows of 16 bytes at r2.0 and r2.1 in the same way:
///
/// ```text
/// (W) mov (4|M0) r1.0<1>:ub r1.0<0;1,0>:ub
/// (W) mov (2|M0) r4.0<1>:ud r2.0<2;2,1>:ud
/// (W) mov (1|M0) r4.2<1>:ud 0xF000F:ud
/// (W) mov (16|M0) r5.0<1>:ud r1.0<0;1,0>:ud
/// (W) mov (16|M0) r7.0<1>:ud r1.0<0;1,0>:ud
/// (W) mov (16|M0) r9.0<1>:ud r1.0<0;1,0>:ud
/// (W) mov (16|M0) r11.0<1>:ud r1.0<0;1,0>:ud
/// (W) send.dc1 (16|M0) null r4 null 0x0 0x120A8000
/// (W) mov (8|M0) r127.0<1>:ud r0.0<8;8,1>:ud
/// (W) send.ts (1|M0) null r127 null 0x0 0x02000010 {EOT}
/// ```
#[rustfmt::skip]
const FILL_BLOCK: &[u32] = &[
    0x8002_0061, 0x0105_0000, 0x0000_0104, 0x0000_0000, 0x8001_0061, 0x0405_0220, 0x0022_0205,
    0x0000_0000, 0x8000_0061, 0x0445_4220, 0x0000_0000, 0x000f_000f, 0x8004_0361, 0x0505_0220,
    0x0000_0104, 0x0000_0000, 0x8004_0061, 0x0705_0220, 0x0000_0104, 0x0000_0000, 0x8004_0061,
    0x0905_0220, 0x0000_0104, 0x0000_0000, 0x8004_0061, 0x0b05_0220, 0x0000_0104, 0x0000_0000,
    0x8004_9031, 0x0000_0000, 0xc000_044c, 0x02a0_0000, 0x8003_0061, 0x7f05_0220, 0x0046_0005,
    0x0000_0000, 0x8000_0131, 0x0000_0004, 0x7020_7f0c, 0x0000_0000,
];

/// Goes round for ever:
///
/// ```text
/// L0:
/// (W) add (1|M0) r10.0<1>:ud r10.0<0;1,0>:ud 1:uw
/// (W) jmpi L0
/// ```
#[rustfmt::skip]
const ENDLESS: &[u32] = &[
    0x8000_0040, 0x0a05_8220, 0x0100_0a04, 0x0001_0001, 0x8000_0020, 0x0000_4000, 0x0000_0000,
    0xffff_fff0,
];

/// Counts r1.0 down to 0, then adds 1 to the dword of surface 0 at 4 * group X:
///
/// ```text
/// (W) mov (1|M0) r10.0<1>:ud r1.0<0;1,0>:ud
/// L16:
/// (W) add (1|M0) (ne)f0.0 r10.0<1>:d r10.0<0;1,0>:d -1:w
/// (W&f0.0) jmpi L16
/// (W) shl (1|M0) r11.0<1>:ud r0.1<0;1,0>:ud 2:uw
/// (W) send.dc1 (1|M0) null r11 null 0x0 0x02009500
/// (W) mov (8|M0) r127.0<1>:ud r0.0<8;8,1>:ud
/// (W) send.ts (1|M0) null r127 null 0x0 0x02000010 {EOT}
/// ```
#[rustfmt::skip]
const SLOW: &[u32] = &[
    0x8000_0061, 0x0a05_0220, 0x0000_0104, 0x0000_0000, 0x8000_0040, 0x0a05_8660, 0x2500_0a04,
    0xffff_ffff, 0x8100_0020, 0x0000_4000, 0x0000_0000, 0xffff_fff0, 0x8000_0069, 0x0b05_8220,
    0x0100_0024, 0x0002_0002, 0x8000_9031, 0x0000_0000, 0xca00_0b0c, 0x0024_0000, 0x8003_0061,
    0x7f05_0220, 0x0046_0005, 0x0000_0000, 0x8000_0131, 0x0000_0004, 0x7020_7f0c, 0x0000_0000,
];

/// Writes r0 to r3 to surface 0 from r1.1 bytes on:
///
/// ```text
/// (W) mov (8|M0) r20.0<1>:uw 0x76543210:v
/// (W) mov (8|M0) r21.0<1>:ud r20.0<8;8,1>:uw
/// (W) shl (8|M0) r21.0<1>:ud r21.0<8;8,1>:ud 2:uw
/// (W) add (8|M0) r21.0<1>:ud r21.0<8;8,1>:ud r1.1<0;1,0>:ud
/// (W) send.dc1 (8|M0) null r21 r0 0x40 0x02026E00
/// (W) add (8|M0) r22.0<1>:ud r21.0<8;8,1>:ud 32:uw
/// (W) send.dc1 (8|M0) null r22 r1 0x40 0x02026E00
/// (W) add (8|M0) r23.0<1>:ud r21.0<8;8,1>:ud 64:uw
/// (W) send.dc1 (8|M0) null r23 r2 0x40 0x02026E00
/// (W) add (8|M0) r24.0<1>:ud r21.0<8;8,1>:ud 96:uw
/// (W) send.dc1 (8|M0) null r24 r3 0x40 0x02026E00
/// (W) mov (8|M0) r127.0<1>:ud r0.0<8;8,1>:ud
/// (W) send.ts (1|M0) null r127 null 0x0 0x02000010 {EOT}
/// ```
#[rustfmt::skip]
const DUMP: &[u32] = &[
    0x8003_0061, 0x1405_4410, 0x0000_0000, 0x7654_3210, 0x8003_0161, 0x1505_0120, 0x0046_1405,
    0x0000_0000, 0x8003_0169, 0x1505_8220, 0x0146_1505, 0x0002_0002, 0x8003_0140, 0x1505_0220,
    0x0246_1505, 0x0000_0124, 0x8003_9031, 0x0000_0000, 0xcc00_150c, 0x009a_000c, 0x8003_0040,
    0x1605_8220, 0x0146_1505, 0x0020_0020, 0x8003_9131, 0x0000_0000, 0xcc00_160c, 0x009a_010c,
    0x8003_0040, 0x1705_8220, 0x0146_1505, 0x0040_0040, 0x8003_9231, 0x0000_0000, 0xcc00_170c,
    0x009a_020c, 0x8003_0040, 0x1805_8220, 0x0146_1505, 0x0060_0060, 0x8003_9331, 0x0000_0000,
    0xcc00_180c, 0x009a_030c, 0x8003_0061, 0x7f05_0220, 0x0046_0005, 0x0000_0000, 0x8000_0131,
    0x0000_0004, 0x7020_7f0c, 0x0000_0000,
];

/// A buffer of 64 KiB, read and written as bytes.
const RAW: [u32; 4] = [0x87fd_4000, 0x0400_0000, 0x01ff_007f, 0];
/// An image of 64 by 64 bytes, linear.
const IMAGE: [u32; 4] = [0x2501_4000, 0x0400_0000, 0x003f_003f, 0x3f];

/// What a walk is made of.
#[derive(Clone, Copy)]
struct Walk<'a> {
    kernel: &'a [u32],
    surface: [u32; 4],
    /// Registers of each thread and of all.
    registers: [u32; 2],
    constants: &'a [u32],
    /// Dwords 6 of the interface descriptor but the threads.
    flags: u32,
    /// MEDIA_VFE_STATE's first dword.
    scratch: u32,
    threads: u32,
    first: [u32; 3],
    end: [u32; 3],
}

const WALK: Walk<'_> = Walk {
    kernel: ENDLESS,
    surface: RAW,
    registers: [0, 1],
    constants: &[],
    flags: 0,
    scratch: 0,
    threads: 1,
    first: [0; 3],
    end: [1; 3],
};

/// The state of a walk, as a batch without end; what it points to is put into memory.
fn state(rig: &Rig, walk: &Walk<'_>, pipeline: u32) -> Vec<u32> {
    rig.put(KERNEL, walk.kernel);
    let [each, cross] = walk.registers;
    let descriptor = [
        0,
        0,
        0,
        0x2000,
        0x40,
        each << 16,
        walk.flags | walk.threads,
        cross,
    ];
    rig.put(DYNAMIC, &descriptor);
    rig.put(DYNAMIC + CURBE, walk.constants);
    // The binding table, and the state of surface 0.
    rig.put(SURFACES + 0x40, &[0x80]);
    let [low, high] = split(BASE + BUFFER);
    let mut surface = [0; 16];
    surface[..4].copy_from_slice(&walk.surface);
    surface[7] = 4 << 25 | 5 << 22 | 6 << 19 | 7 << 16;
    (surface[8], surface[9]) = (low, high);
    rig.put(SURFACES + 0x80, &surface);

    let mut bases = [0; 19];
    bases[0] = 0x6101_0011;
    for (dword, address) in [
        (1, 0),
        (4, BASE + SURFACES),
        (6, BASE + DYNAMIC),
        (8, 0),
        (10, BASE + KERNEL),
    ] {
        let [low, high] = split(address);
        (bases[dword], bases[dword + 1]) = (low | 1, high);
    }
    let length = (walk.constants.len() * 4).next_multiple_of(32) as u32;
    let mut batch = vec![0x6904_0300 | pipeline];
    batch.extend(bases);
    batch.extend([0x7000_0007, walk.scratch, 0, 0, 0, 0, 0, 0, 0]);
    batch.extend([0x7001_0002, 0, length, CURBE as u32]);
    batch.extend([0x7002_0002, 0, 32, 0]);
    batch
}

/// Puts the batch that makes a walk at an offset.
fn put_walk(rig: &Rig, offset: u64, walk: &Walk<'_>) {
    let mut batch = state(rig, walk, 2);
    let ([x, y, z], [to_x, to_y, to_z]) = (walk.first, walk.end);
    batch.extend([0x7105_000d, 0, 0, 0, walk.threads - 1]);
    batch.extend([x, 0, to_x, y, 0, to_y, z, to_z, u32::MAX, u32::MAX]);
    batch.push(END);
    rig.put(offset, &batch);
}

/// A GPU with a context on the render engine, and another.
fn rig(change: impl FnOnce(GpuConfig) -> GpuConfig) -> Rig {
    let rig = Rig::configured(Platform::TGL, |config| {
        change(GpuConfig {
            strict: true,
            ..config
        })
    });
    rig.describe(1, EngineClass::Render, 1, 0, true);
    rig.describe(2, EngineClass::Render, 1, 0, true);
    rig
}

/// Has the render engine find silent batches after some milliseconds.
fn short_heartbeat(rig: &Rig) {
    let engine = Platform::TGL.engines[0];
    let timing = EngineTiming {
        heartbeat: Duration::from_millis(10),
        preempt_timeout: Duration::from_millis(10),
        ..engine.timing
    };
    rig.gpu.set_engine_timing(engine.id, timing).unwrap();
}

/// Waits until an engine has executed that many instructions of kernels.
fn wait_for_instructions(rig: &Rig, wanted: u64) {
    let start = Instant::now();
    while rig.gpu.counters().total().eu_instructions < wanted {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_micros(50));
    }
}

fn bytes(rig: &Rig, offset: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    rig.memory.read(offset, &mut bytes).unwrap();
    bytes
}

/// As the i915 test suite's gpgpu_fill: a thread for 16 bytes, the colour in the constants.
#[test]
fn groups_fill_rows() {
    let rig = rig(|config| config);
    let walk = Walk {
        kernel: FILL_ROW,
        surface: IMAGE,
        registers: [1, 0],
        constants: &[0x7a],
        first: [1, 3, 0],
        end: [3, 11, 1],
        ..WALK
    };
    put_walk(&rig, BATCH, &walk);
    rig.submit(1, BATCH, &[], 1);
    rig.expect(1, 1, Outcome::Completed);
    for (row, bytes) in bytes(&rig, BUFFER, 64 * 64).chunks(64).enumerate() {
        for (column, &byte) in bytes.iter().enumerate() {
            let inside = (16..48).contains(&column) && (3..11).contains(&row);
            assert_eq!(byte, if inside { 0x7a } else { 0 }, "{column}, {row}");
        }
    }
    let counters = rig.gpu.counters().total();
    assert_eq!((counters.kernels, counters.thread_groups), (1, 16));
    assert_eq!(counters.eu_instructions, 16 * 8);
}

/// As the i915 test suite's media_fill: an object for 16 by 16 bytes, the place inline.
#[test]
fn media_objects_fill_blocks() {
    let rig = rig(|config| config);
    let walk = Walk {
        kernel: FILL_BLOCK,
        surface: IMAGE,
        registers: [1, 0],
        constants: &[0x5b],
        ..WALK
    };
    let mut batch = state(&rig, &walk, 1);
    for [x, y] in [[0, 16], [16, 32], [32, 0]] {
        batch.extend([0x7100_0006, 0, 0, 0, 0, 0, x, y, 0x7004_0000, 0]);
    }
    batch.push(END);
    rig.put(BATCH, &batch);
    rig.submit(1, BATCH, &[], 1);
    rig.expect(1, 1, Outcome::Completed);
    for (row, bytes) in bytes(&rig, BUFFER, 64 * 64).chunks(64).enumerate() {
        for (column, &byte) in bytes.iter().enumerate() {
            let inside = [[0, 1], [1, 2], [2, 0]].contains(&[column / 16, row / 16]);
            assert_eq!(byte, if inside { 0x5b } else { 0 }, "{column}, {row}");
        }
    }
    assert_eq!(rig.gpu.counters().total().kernels, 3);
}

/// R0, and the order of what is for all threads and for each, with constants.
#[test]
fn threads_find_their_registers() {
    let rig = rig(|config| config);
    // One register for all threads, with the offset that r1.1 is; one for each.
    let mut constants = vec![0xa0, 0x100, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7];
    constants.extend([0xb0; 8]);
    constants.extend([0xc0; 8]);
    let walk = Walk {
        kernel: DUMP,
        registers: [1, 1],
        constants: &constants,
        flags: 1 << 21,
        // 4 KiB for each thread from 0x8000 on.
        scratch: 0x8002,
        threads: 2,
        first: [5, 6, 7],
        end: [6, 7, 8],
        ..WALK
    };
    put_walk(&rig, BATCH, &walk);
    rig.submit(1, BATCH, &[], 1);
    rig.expect(1, 1, Outcome::Completed);
    let register = |number: u64| {
        (0..8)
            .map(|dword| rig.dword(BUFFER + 0x100 + number * 32 + dword * 4))
            .collect::<Vec<_>>()
    };
    // The second thread was the last to write.
    let header = register(0);
    assert_eq!((header[1], header[6], header[7]), (5, 6, 7));
    assert_eq!(header[2] & 0x80ff_ffff, 0);
    assert_eq!(header[3], 0x2002);
    assert_eq!(header[4], 0x40);
    assert_eq!(header[5], 0x9000 | 1);
    assert_eq!(register(1), constants[..8]);
    assert_eq!(register(2), constants[16..]);
    assert_eq!(register(3), [0; 8]);
}

/// The same with indirect data: what is for each thread comes first.
#[test]
fn indirect_data_comes_the_other_way_round() {
    let rig = rig(|config| config);
    let mut data = vec![0xa0; 8];
    data.extend([0xb0, 0x100, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7]);
    data.extend([0xc0, 0x200, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7]);
    let walk = Walk {
        kernel: DUMP,
        registers: [1, 1],
        threads: 2,
        ..WALK
    };
    rig.put(0x5000, &data);
    let mut batch = state(&rig, &walk, 2);
    let [low, high] = split(BASE);
    let mut bases = [0; 19];
    bases[0] = 0x6101_0011;
    (bases[8], bases[9]) = (low | 1, high);
    batch.extend(bases);
    // Sizes come from the registers.
    batch.extend([0x1100_0005, 0x2500, 1, 0x2504, 1, 0x2508, 1]);
    batch.extend([0x7105_040d, 0, 96, 0x5000, 1]);
    batch.extend([0, 0, 0, 0, 0, 0, 0, 0, u32::MAX, u32::MAX, END]);
    rig.put(BATCH, &batch);
    rig.submit(1, BATCH, &[], 1);
    rig.expect(1, 1, Outcome::Completed);
    for (thread, own) in data[8..].chunks(8).enumerate() {
        let register = |number: u64| {
            let offset = 0x100 * (thread as u64 + 1) + number * 32;
            (0..8)
                .map(|dword| rig.dword(BUFFER + offset + dword * 4))
                .collect::<Vec<_>>()
        };
        assert_eq!(register(0)[5], thread as u32);
        assert_eq!(register(1), own);
        assert_eq!(register(2), data[..8]);
    }
}

/// An endless kernel lets others have the engine, and binds the address space; the heartbeat
/// finds it, and says where it was.
#[test]
fn an_endless_kernel_is_found() {
    for threads in [1, 2] {
        let rig = rig(|config| GpuConfig {
            kernel_threads: threads,
            kernel_patience: 2_000_000,
            ..config
        });
        short_heartbeat(&rig);
        let walk = Walk {
            constants: &[0],
            end: [3, 1, 1],
            ..WALK
        };
        put_walk(&rig, BATCH, &walk);
        rig.submit(1, BATCH, &[], 1);
        wait_for_instructions(&rig, 100_000);
        rig.put(OTHER_BATCH, &store(0x6000, 7));
        rig.submit(2, OTHER_BATCH, &[], 1);
        rig.expect(2, 1, Outcome::Completed);
        assert_eq!(rig.dword(0x6000), 7);
        rig.bind(BASE + 0x100_0000, 0, 0x1000, 2);
        assert_eq!(rig.next(), never_ran(at(BINDS, 2), Outcome::Completed));
        rig.expect(1, 1, Outcome::Hung);
        let report = rig.hangs.lock().unwrap().pop().unwrap();
        assert_eq!(report.reason, HangReason::HeartbeatTimeout);
        assert_eq!(report.dword, 0x7105_000d);
        let place = report.kernel.unwrap();
        assert_eq!((place.base, place.kernel), (BASE + KERNEL, 0));
        assert!(place.offset == 0 || place.offset == 16, "{place}");
        let code: Vec<_> = report.code.iter().map(|line| line.text.as_str()).collect();
        assert!(code[0].contains("add (1|M0)"), "{code:?}");
        assert!(code[1].contains("jmpi"), "{code:?}");
        // The context goes on.
        rig.submit(1, OTHER_BATCH, &[], 2);
        rig.expect(1, 2, Outcome::Completed);
        assert_eq!(rig.gpu.counters().total().hangs, 1);
    }
}

/// However long a kernel takes: as long as it is not silent it goes on, whatever the heartbeat.
#[test]
fn a_slow_kernel_is_not_hung() {
    let rig = rig(|config| config);
    short_heartbeat(&rig);
    let walk = Walk {
        kernel: SLOW,
        constants: &[4_000_000],
        end: [2, 1, 1],
        ..WALK
    };
    put_walk(&rig, BATCH, &walk);
    let start = Instant::now();
    rig.submit(1, BATCH, &[], 1);
    wait_for_instructions(&rig, 100_000);
    // Something more important goes first.
    rig.put(OTHER_BATCH, &store(0x6000, 7));
    let urgent = Submission {
        priority: 100,
        ..rig.submission(2, 0, &[OTHER_BATCH], 1)
    };
    rig.gpu.submit(urgent).unwrap();
    rig.expect(2, 1, Outcome::Completed);
    assert_eq!((rig.dword(BUFFER), rig.dword(BUFFER + 4)), (0, 0));
    rig.expect(1, 1, Outcome::Completed);
    assert!(start.elapsed() > Duration::from_millis(50));
    assert_eq!((rig.dword(BUFFER), rig.dword(BUFFER + 4)), (1, 1));
    let counters = rig.gpu.counters().total();
    assert!(counters.preemptions > 0);
    assert_eq!(counters.eu_threads, 2);
    // Each goes round four million times.
    assert_eq!(counters.eu_instructions, 2 * (8_000_000 + 5));
}

#[test]
fn an_endless_kernel_can_be_cancelled() {
    let rig = rig(|config| config);
    put_walk(&rig, BATCH, &WALK);
    rig.submit(1, BATCH, &[], 1);
    wait_for_instructions(&rig, 100_000);
    rig.gpu.cancel_context(ContextId(1)).unwrap();
    rig.expect(1, 1, Outcome::Cancelled);
    // Dropping the GPU ends one that nobody has cancelled.
    rig.submit(2, BATCH, &[], 1);
}

/// What has been cancelled does nothing any more, and memory that was replaced isn't touched,
/// however many host threads are at work.
#[test]
fn threads_are_gone_when_it_is_said_so() {
    let rig = rig(|config| GpuConfig {
        kernel_threads: 3,
        ..config
    });
    let walk = Walk {
        kernel: SLOW,
        constants: &[200],
        end: [0x4000, 1000, 1],
        ..WALK
    };
    put_walk(&rig, BATCH, &walk);
    for context in 10..18 {
        rig.describe(context, EngineClass::Render, 1, 0, true);
        let seen = rig.gpu.counters().total().eu_instructions;
        rig.submit(context, BATCH, &[], 1);
        wait_for_instructions(&rig, seen + 300_000);
        // Other memory with the same in it.
        let old = &rig.memory;
        let new = Memory::owned(0, LENGTH).unwrap();
        let mut all = bytes(&rig, 0, LENGTH as usize);
        new.write(0, &all).unwrap();
        rig.gpu.set_memory(new.clone());
        old.read(0, &mut all).unwrap();
        let seen = rig.gpu.counters().total().eu_instructions;
        wait_for_instructions(&rig, seen + 300_000);
        assert!(bytes(&rig, 0, all.len()) == all);
        rig.gpu.cancel_context(ContextId(context)).unwrap();
        rig.expect(context, 1, Outcome::Cancelled);
        new.read(0, &mut all).unwrap();
        std::thread::sleep(Duration::from_millis(2));
        let mut later = vec![0; all.len()];
        new.read(0, &mut later).unwrap();
        assert!(later == all);
        rig.gpu.set_memory(old.clone());
    }
}

/// Of each way to go wrong the report has the place.
#[test]
fn wrong_kernels_hang() {
    let wrong: [(&[u32], u32, &str); 3] = [
        // An illegal instruction behind a good one.
        (&ENDLESS[..4], 16, "illegal instruction"),
        // A jump to where there is no code.
        (&[0x8000_0020, 0x0000_4000, 0, 0x1000], 0x1000, "outside"),
        // A message to a unit that there is none of: FILL_ROW's, to another.
        (&[0x8003_9031, 0, 0x8000_0414, 0x02a0_0000], 0, "message"),
    ];
    for (kernel, offset, text) in wrong {
        let rig = rig(|config| config);
        rig.memory.fill(KERNEL, 0x1000, 0).unwrap();
        let walk = Walk {
            kernel,
            first: [3, 4, 5],
            end: [4, 5, 6],
            constants: &[0],
            ..WALK
        };
        put_walk(&rig, BATCH, &walk);
        rig.submit(1, BATCH, &[], 1);
        rig.expect(1, 1, Outcome::Hung);
        let report = rig.hangs.lock().unwrap().pop().unwrap();
        let HangReason::Kernel(fault) = report.reason else {
            panic!("{report}");
        };
        if text != "outside" {
            assert_eq!(fault.place.offset, offset, "{report}");
            assert!(fault.to_string().contains(text), "{report}");
        }
        assert_eq!((fault.place.group, fault.place.thread), ([3, 4, 5], 0));
        assert_eq!(report.kernel, Some(fault.place));
        let details = report.details().to_string();
        assert!(details.contains("  kernel at "), "{details}");
    }
}

/// A walk wants its pipeline, a descriptor, and no more than there is.
#[test]
fn wrong_walks_hang() {
    let wrong = [
        Walk {
            registers: [100, 100],
            ..WALK
        },
        Walk {
            threads: 113,
            ..WALK
        },
        Walk {
            flags: 8 << 16,
            ..WALK
        },
    ];
    for walk in wrong {
        let rig = rig(|config| config);
        put_walk(&rig, BATCH, &walk);
        rig.submit(1, BATCH, &[], 1);
        rig.expect(1, 1, Outcome::Hung);
        let report = rig.hangs.lock().unwrap().pop().unwrap();
        assert!(
            matches!(report.reason, HangReason::BadField { .. }),
            "{report}"
        );
        assert_eq!(report.kernel, None);
    }
    // Gen11 has other cores.
    let rig = Rig::with(Platform::ICL, true);
    rig.describe(1, EngineClass::Render, 1, 0, true);
    put_walk(&rig, BATCH, &WALK);
    rig.submit(1, BATCH, &[], 1);
    rig.expect(1, 1, Outcome::Hung);
    let report = rig.hangs.lock().unwrap().pop().unwrap();
    assert_eq!(report.reason, HangReason::MissingUnit);
}

/// A kernel that was decoded is decoded again when its code has changed.
#[test]
fn changed_code_is_noticed() {
    let rig = rig(|config| config);
    let walk = Walk {
        kernel: FILL_ROW,
        surface: IMAGE,
        registers: [1, 0],
        constants: &[0x11],
        ..WALK
    };
    put_walk(&rig, BATCH, &walk);
    rig.submit(1, BATCH, &[], 1);
    rig.expect(1, 1, Outcome::Completed);
    assert_eq!(rig.dword(BUFFER), 0x1111_1111);
    // Row 1 instead of the group's.
    rig.put(KERNEL + 0x20, &[0x8000_0061, 0x0425_4220, 0, 1]);
    rig.submit(1, BATCH, &[], 2);
    rig.expect(1, 2, Outcome::Completed);
    assert_eq!(rig.dword(BUFFER + 64), 0x1111_1111);
}

/// What instructions, groups and walks cost the host, on one of its processors and on all.
#[test]
#[ignore = "a measurement"]
fn what_kernels_cost() {
    for threads in [1, 0] {
        let rig = rig(|config| GpuConfig {
            strict: false,
            kernel_threads: threads,
            ..config
        });
        let mut signal = 0;
        let mut time = |offset: u64| {
            signal += 1;
            let start = Instant::now();
            rig.submit(1, offset, &[], signal);
            rig.expect(1, signal, Outcome::Completed);
            start.elapsed()
        };
        let slow = Walk {
            kernel: SLOW,
            constants: &[100_000],
            end: [64, 1, 1],
            ..WALK
        };
        put_walk(&rig, BATCH, &slow);
        let each = time(BATCH) / (64 * 200_000);
        println!("{threads}: {each:?} for an instruction of one channel");
        let fill = Walk {
            kernel: FILL_ROW,
            surface: IMAGE,
            registers: [1, 0],
            constants: &[1],
            end: [4, 2500, 1],
            ..WALK
        };
        put_walk(&rig, BATCH, &fill);
        println!("{threads}: {:?} for a small group", time(BATCH) / 10_000);
        let fill = Walk {
            end: [1, 1, 1],
            ..fill
        };
        put_walk(&rig, BATCH, &fill);
        println!("{threads}: {:?} for a submission of one", time(BATCH));
        let mut batch = state(&rig, &fill, 2);
        for _ in 0..1000 {
            batch.extend([0x7105_000d, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1]);
            batch.extend([u32::MAX; 2]);
        }
        batch.push(END);
        rig.put(0x2_0000, &batch);
        println!("{threads}: {:?} for a walk of one", time(0x2_0000) / 1000);
    }
}
