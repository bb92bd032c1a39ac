//! Kernels at work: what the shader cores do in a time, and what it takes to start them.

use std::time::Duration;

use super::engine::{BASE, END, Engine};

const MEMORY: u64 = 1 << 20;

/// Where things lie in memory.
const BATCH: u64 = 0;
const KERNEL: u64 = 0x8_0000;
const DYNAMIC: u64 = 0x9_0000;

/// Times that [`MULTIPLY`] goes round.
const ROUNDS: u64 = 1000;
/// What a thread of it does: 32 `mad` of 16 channels in each round.
pub(crate) const OPERATIONS: u64 = ROUNDS * 32 * 16 * 2;

/// A chain of multiplications and additions, as programs have them that want to know how fast a
/// GPU is; denormals are kept, as compilers for OpenCL have it. Assembled by `iga64 -a -p=12p1 -Xauto-deps`:
///
/// ```text
///     (W) or (1|M0) cr0.0<1>:ud cr0.0<0;1,0>:ud 0x4C0:uw
///     (W) mov (1|M0) r1.0<1>:ud 1000:ud
/// L1: mad (16|M0) r20.0<1>:f r10.0<8;1>:f r20.0<8;1>:f r12.0<1>:f
///     ... the same with r22, r24, to r34, and all that four times
///     (W) add (1|M0) r1.0<1>:d r1.0<0;1,0>:d -1:d
///     (W) cmp (16|M0) (gt)f0.0 null<1>:d r1.0<0;1,0>:d 0:d
///     (W&f0.0) jmpi L1
///     (W) mov (8|M0) r127.0<1>:ud r0.0<8;8,1>:ud
///     (W) send.ts (1|M0) null r127 null 0x0 0x02000010 {EOT}
/// ```
#[rustfmt::skip]
const MULTIPLY: &[u32] = &[
    0x8000_0166, 0x8001_8220, 0x0100_8000, 0x04c0_04c0, 0x8000_0161, 0x0105_4220, 0x0000_0000,
    0x0000_03e8, 0x0004_005b, 0x1404_0aa8, 0x0a0a_0a05, 0x0c05_1405, 0x0004_005b, 0x1604_0aa8,
    0x0a0a_0a05, 0x0c05_1605, 0x0004_005b, 0x1804_0aa8, 0x0a0a_0a05, 0x0c05_1805, 0x0004_005b,
    0x1a04_0aa8, 0x0a0a_0a05, 0x0c05_1a05, 0x0004_005b, 0x1c04_0aa8, 0x0a0a_0a05, 0x0c05_1c05,
    0x0004_005b, 0x1e04_0aa8, 0x0a0a_0a05, 0x0c05_1e05, 0x0004_005b, 0x2004_0aa8, 0x0a0a_0a05,
    0x0c05_2005, 0x0004_005b, 0x2204_0aa8, 0x0a0a_0a05, 0x0c05_2205, 0x0004_075b, 0x1404_0aa8,
    0x0a0a_0a05, 0x0c05_1405, 0x0004_075b, 0x1604_0aa8, 0x0a0a_0a05, 0x0c05_1605, 0x0004_075b,
    0x1804_0aa8, 0x0a0a_0a05, 0x0c05_1805, 0x0004_075b, 0x1a04_0aa8, 0x0a0a_0a05, 0x0c05_1a05,
    0x0004_075b, 0x1c04_0aa8, 0x0a0a_0a05, 0x0c05_1c05, 0x0004_075b, 0x1e04_0aa8, 0x0a0a_0a05,
    0x0c05_1e05, 0x0004_075b, 0x2004_0aa8, 0x0a0a_0a05, 0x0c05_2005, 0x0004_075b, 0x2204_0aa8,
    0x0a0a_0a05, 0x0c05_2205, 0x0004_075b, 0x1404_0aa8, 0x0a0a_0a05, 0x0c05_1405, 0x0004_075b,
    0x1604_0aa8, 0x0a0a_0a05, 0x0c05_1605, 0x0004_075b, 0x1804_0aa8, 0x0a0a_0a05, 0x0c05_1805,
    0x0004_075b, 0x1a04_0aa8, 0x0a0a_0a05, 0x0c05_1a05, 0x0004_075b, 0x1c04_0aa8, 0x0a0a_0a05,
    0x0c05_1c05, 0x0004_075b, 0x1e04_0aa8, 0x0a0a_0a05, 0x0c05_1e05, 0x0004_075b, 0x2004_0aa8,
    0x0a0a_0a05, 0x0c05_2005, 0x0004_075b, 0x2204_0aa8, 0x0a0a_0a05, 0x0c05_2205, 0x0004_075b,
    0x1404_0aa8, 0x0a0a_0a05, 0x0c05_1405, 0x0004_075b, 0x1604_0aa8, 0x0a0a_0a05, 0x0c05_1605,
    0x0004_075b, 0x1804_0aa8, 0x0a0a_0a05, 0x0c05_1805, 0x0004_075b, 0x1a04_0aa8, 0x0a0a_0a05,
    0x0c05_1a05, 0x0004_075b, 0x1c04_0aa8, 0x0a0a_0a05, 0x0c05_1c05, 0x0004_075b, 0x1e04_0aa8,
    0x0a0a_0a05, 0x0c05_1e05, 0x0004_075b, 0x2004_0aa8, 0x0a0a_0a05, 0x0c05_2005, 0x0004_075b,
    0x2204_0aa8, 0x0a0a_0a05, 0x0c05_2205, 0x8000_0040, 0x0105_8660, 0x0600_0104, 0xffff_ffff,
    0x8004_0170, 0x0001_8660, 0x3600_0104, 0x0000_0000, 0x8100_0120, 0x0000_4000, 0x0000_0000,
    0xffff_fde0, 0x8003_0061, 0x7f05_0220, 0x0046_0005, 0x0000_0000, 0x8000_9031, 0x0000_0004,
    0x7020_7f0c, 0x0000_0000,
];

/// The last two of them.
#[rustfmt::skip]
const NOTHING: &[u32] = &[
    0x8003_0061, 0x7f05_0220, 0x0046_0005, 0x0000_0000, 0x8000_9031, 0x0000_0004, 0x7020_7f0c,
    0x0000_0000,
];

/// A GPU that multiplies, or does nothing.
pub(crate) struct Kernels(Engine);

impl Kernels {
    /// Its kernels run on so many host threads.
    pub(crate) fn new(threads: usize) -> Self {
        Self(Engine::new(threads, MEMORY))
    }

    /// Puts a batch of walks over groups of one thread of 16 channels.
    fn put_walks(&self, kernel: &[u32], groups: u32, walks: usize) {
        self.0.put(KERNEL, kernel);
        self.0.put(DYNAMIC, &[0, 0, 0, 0, 0, 0, 1, 0]);
        let mut bases = [0; 19];
        bases[0] = 0x6101_0011;
        for (dword, address) in [
            (1, 0),
            (4, 0),
            (6, BASE + DYNAMIC),
            (8, 0),
            (10, BASE + KERNEL),
        ] {
            bases[dword] = address as u32 | 1;
            bases[dword + 1] = (address >> 32) as u32;
        }
        let mut batch = vec![0x6904_0302];
        batch.extend(bases);
        batch.extend([0x7000_0007, 0, 0, 0, 0, 0, 0, 0, 0]);
        batch.extend([0x7002_0002, 0, 32, 0]);
        for _ in 0..walks {
            batch.extend([0x7105_000d, 0, 0, 0, 1 << 30, 0, 0, groups]);
            batch.extend([0, 0, 1, 0, 1, u32::MAX, u32::MAX]);
        }
        batch.push(END);
        self.0.put(BATCH, &batch);
    }

    /// Has so many threads multiply.
    pub(crate) fn multiply(&mut self, threads: u32) -> Duration {
        self.put_walks(MULTIPLY, threads, 1);
        self.0.run(BATCH)
    }

    /// Starts so many kernels that do nothing.
    pub(crate) fn start(&mut self, kernels: usize) -> Duration {
        self.put_walks(NOTHING, 1, kernels);
        self.0.run(BATCH)
    }
}
