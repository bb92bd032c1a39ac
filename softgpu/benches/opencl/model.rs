//! Kernels of Intel's compiler on the software GPU, with no guest: their state is laid out in
//! memory as Intel's runtime does, buffers as surfaces.

use std::time::Duration;

use zebin::{Argument, Launch};

use crate::common::engine::{BASE, END, Engine};

/// Bytes of memory.
const MEMORY: u64 = 64 << 20;
/// Where things lie in memory, and what one kernel has of each: whole pages, as base addresses are.
const BATCHES: (u64, u64) = (0, 0x1000);
const CODE: (u64, u64) = (0x1_0000, 0x4000);
const DYNAMIC: (u64, u64) = (0x5_0000, 0x1000);
const INDIRECT: (u64, u64) = (0x6_0000, 0x4000);
const SURFACES: (u64, u64) = (0xa_0000, 0x1000);
const BUFFERS: u64 = 0x10_0000;
/// Bytes of a surface state.
const SURFACE: u64 = 64;
/// Instructions that may be read behind a kernel's end.
const AHEAD: usize = 256;

/// A GPU, and the kernels that are ready to be run on it.
pub(crate) struct Model {
    engine: Engine,
    kernels: u64,
    used: u64,
}

/// A kernel that is ready.
#[derive(Clone, Copy)]
pub(crate) struct Ready {
    batch: u64,
}

impl Model {
    /// Kernels run on so many host threads.
    pub(crate) fn new(threads: usize) -> Self {
        Self {
            engine: Engine::new(threads, MEMORY),
            kernels: 0,
            used: BUFFERS,
        }
    }

    /// A buffer with this in it.
    pub(crate) fn buffer(&mut self, words: &[u32]) -> Argument {
        let (at, length) = (self.used, words.len() as u64 * 4);
        self.used = (at + length).next_multiple_of(4096);
        let buffer = Argument::Buffer {
            address: BASE + at,
            length,
        };
        self.write(buffer, words);
        buffer
    }

    /// Writes a buffer.
    pub(crate) fn write(&self, buffer: Argument, words: &[u32]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        if let Argument::Buffer { address, .. } = buffer {
            self.engine.put_bytes(address - BASE, &bytes);
        }
    }

    /// What a buffer holds.
    pub(crate) fn read(&self, buffer: Argument) -> Vec<u32> {
        let Argument::Buffer { address, length } = buffer else {
            return Vec::new();
        };
        let bytes = self.engine.bytes(address - BASE, length as usize);
        let (words, _) = bytes.as_chunks();
        words.iter().map(|word| u32::from_le_bytes(*word)).collect()
    }

    /// Puts a kernel, its state, and a batch that runs it into memory.
    pub(crate) fn prepare(&mut self, launch: &Launch<'_>) -> Ready {
        let kernel = launch.kernel;
        let place = |(first, each): (u64, u64)| first + self.kernels * each;
        let [batch, code, dynamic, indirect, surfaces] =
            [BATCHES, CODE, DYNAMIC, INDIRECT, SURFACES].map(place);
        self.kernels += 1;
        assert!(
            kernel.code.len() + AHEAD <= CODE.1 as usize,
            "a short kernel"
        );
        self.engine.put_bytes(code, &kernel.code);

        let cross = launch.cross_thread();
        let mut data = cross.clone();
        data.extend((0..launch.threads()).flat_map(|thread| launch.local_ids(thread)));
        self.engine.put_bytes(indirect, &data);

        let states = surfaces + 0x100;
        for &(entry, argument) in &kernel.surfaces {
            let state = states + entry as u64 * SURFACE;
            let entry = surfaces + entry as u64 * 4;
            self.engine.put(entry, &[(state - surfaces) as u32]);
            self.engine.put(state, &surface(launch.arguments[argument]));
        }

        let local = match kernel.local {
            0 => 0,
            // 1 KiB is 1, 2 KiB 2, 4 KiB 3.
            bytes => bytes.next_power_of_two().max(1024).ilog2() - 9,
        };
        let threads = launch.threads();
        let registers = |bytes: u32| bytes.div_ceil(32);
        self.engine.put(
            dynamic,
            &[
                0,
                0,
                0,
                0,
                0,
                registers(kernel.each_thread) << 16,
                threads | local << 16 | u32::from(kernel.barrier) << 21,
                registers(cross.len() as u32),
            ],
        );

        let mut commands = vec![0x6904_0302, 0x6101_0014];
        commands.extend(bases(surfaces, dynamic, indirect, code));
        commands.extend([0x7000_0007, 0, 0, 0, 0, 0, 0, 0, 0]);
        commands.extend([0x7002_0002, 0, 32, 0]);
        let simd = match kernel.simd {
            8 => 0,
            16 => 1,
            _ => 2,
        };
        let [x, y, z] = launch.groups;
        commands.extend([0x7105_000d, 0, data.len() as u32, 0]);
        commands.extend([simd << 30 | (threads - 1), 0, 0, x, 0, 0, y, 0, z]);
        commands.extend([launch.last_mask(), u32::MAX, END]);
        self.engine.put(batch, &commands);
        Ready { batch }
    }

    /// Runs a kernel: from its submission to its completion.
    pub(crate) fn run(&mut self, ready: Ready) -> Duration {
        self.engine.run(ready.batch)
    }
}

/// STATE_BASE_ADDRESS behind its first dword.
fn bases(surfaces: u64, dynamic: u64, indirect: u64, code: u64) -> [u32; 21] {
    let mut dwords = [0; 21];
    for (at, place) in [(4, surfaces), (6, dynamic), (8, indirect), (10, code)] {
        let address = BASE + place;
        dwords[at - 1] = address as u32 | 1;
        dwords[at] = (address >> 32) as u32;
    }
    dwords
}

/// The state of a buffer without format.
fn surface(argument: Argument) -> [u32; 16] {
    let Argument::Buffer { address, length } = argument else {
        panic!("a surface of no buffer");
    };
    let most = (length - 1) as u32;
    let mut dwords = [0; 16];
    dwords[0] = 4 << 29 | 0x1ff << 18;
    dwords[2] = most & 0x7f | (most >> 7 & 0x3fff) << 16;
    dwords[3] = (most >> 21) << 21;
    dwords[8] = address as u32;
    dwords[9] = (address >> 32) as u32;
    dwords
}
