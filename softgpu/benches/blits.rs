//! How fast the blitter copies and fills 16 MiB, beside memcpy and memset of as much:
//! `cargo bench -p softgpu --bench blits`. Executed on the bench's own thread, so no
//! wake-up is measured; what counts are ratios within a group of one run.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use softgpu::*;

/// Pixels of a side; they have 32 bits.
const SIDE: u32 = 2048;
/// Bytes of a surface.
const BYTES: u64 = SIDE as u64 * SIDE as u64 * 4;
/// Where the surfaces lie in memory, and where the batch.
const TARGET: u64 = 0x1_0000;
const SOURCE: u64 = TARGET + BYTES;
const BATCH: u64 = 0;
/// GPU virtual address of the memory.
const BASE: u64 = 0x10_0000_0000;
const BINDS: TimelineId = TimelineId(1);
const SUBMISSIONS: TimelineId = TimelineId(2);

struct Sink;

impl CompletionSink for Sink {
    fn completed(&self, completion: Completion) {
        assert_eq!(completion.outcome, Outcome::Completed, "{completion:?}");
    }

    fn hung(&self, report: HangReport) {
        panic!("{report}");
    }
}

/// A GPU with a context on its copy engine.
struct Rig {
    gpu: DeterministicGpu,
    memory: Memory,
    submitted: u64,
}

impl Rig {
    fn new() -> Self {
        let length = SOURCE + BYTES;
        let memory = Memory::owned(0, length).expect("memory");
        // Touched, so that no page is missing.
        memory.fill(0, length, 1).expect("in memory");
        let config = GpuConfig {
            strict: true,
            ..GpuConfig::new(Platform::TGL, memory.clone(), Arc::new(Sink))
        };
        let mut gpu = Gpu::deterministic(config, 0);
        gpu.create_address_space(AddressSpaceId(1), BINDS)
            .expect("an address space");
        let description = ContextDescription {
            address_space: AddressSpaceId(1),
            recoverable: false,
            slots: vec![EngineSlot {
                class: EngineClass::Copy,
                instances: 1,
                timeline: SUBMISSIONS,
            }],
        };
        gpu.create_context(ContextId(1), description)
            .expect("a context");
        gpu.bind(Bind {
            address_space: AddressSpaceId(1),
            va: BASE,
            length,
            extents: vec![Extent { address: 0, length }],
            read_only: false,
            null: false,
            waits: vec![],
            signal: 1,
        })
        .expect("a bind");
        gpu.run_until_idle(Duration::from_secs(1));
        Self {
            gpu,
            memory,
            submitted: 0,
        }
    }

    /// Makes the batch of a command, with the register that says which tiles are Y.
    fn put(&self, y_tiles: u32, command: &[u32]) {
        let select = [0x1100_0001, 0x2_2200, 3 << 16 | y_tiles];
        let batch = [&select, command, &[0x0500_0000]].concat();
        for (number, dword) in batch.into_iter().enumerate() {
            self.memory
                .write_u32(BATCH + number as u64 * 4, dword)
                .expect("in memory");
        }
    }

    /// Executes the batch.
    fn execute(&mut self) {
        self.submitted += 1;
        self.gpu
            .submit(Submission {
                context: ContextId(1),
                slot: 0,
                batches: vec![BASE + BATCH],
                waits: vec![],
                signal: self.submitted,
                priority: 0,
                sseu: None,
                cancelled: false,
            })
            .expect("a submission");
        assert!(self.gpu.run_until_idle(Duration::from_secs(3600)));
    }
}

fn split(at: u64) -> [u32; 2] {
    let address = BASE + at;
    [address as u32, (address >> 32) as u32]
}

/// A surface's pitch as commands state it: in dwords if tiled.
fn pitch(tiling: u32) -> u32 {
    if tiling == 0 { SIDE * 4 } else { SIDE }
}

const TILINGS: [&str; 3] = ["linear", "X", "Y"];

fn copies(c: &mut Criterion) {
    let mut group = c.benchmark_group("copy 16 MiB");
    group.throughput(Throughput::Bytes(BYTES));
    let (from, mut to) = (vec![1_u8; BYTES as usize], vec![2_u8; BYTES as usize]);
    group.bench_function("memcpy", |b| {
        b.iter(|| black_box(&mut to).copy_from_slice(black_box(&from)));
    });
    let mut rig = Rig::new();
    let kinds = [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (2, 2)];
    for (from, to) in kinds {
        let (target, source) = (split(TARGET), split(SOURCE));
        let command = [
            0x5080_0008 | from << 20 | to << 13,
            3 << 24 | pitch(to),
            0,
            SIDE << 16 | SIDE,
            target[0],
            target[1],
            0,
            pitch(from),
            source[0],
            source[1],
        ];
        rig.put(0, &command);
        let name = format!("{} to {}", TILINGS[from as usize], TILINGS[to as usize]);
        group.bench_function(name, |b| b.iter(|| rig.execute()));
    }
    group.finish();
}

fn fills(c: &mut Criterion) {
    let mut group = c.benchmark_group("fill 16 MiB");
    group.throughput(Throughput::Bytes(BYTES));
    let mut to = vec![2_u8; BYTES as usize];
    group.bench_function("memset", |b| b.iter(|| black_box(&mut to).fill(7)));
    let mut rig = Rig::new();
    for tiling in 0..3 {
        let target = split(TARGET);
        let command = [
            0x5430_0005 | u32::from(tiling != 0) << 11,
            0x03f0_0000 | pitch(tiling),
            0,
            SIDE << 16 | SIDE,
            target[0],
            target[1],
            0x1234_5678,
        ];
        rig.put((tiling >> 1) << 1, &command);
        let name = format!("{}, 32 bits", TILINGS[tiling as usize]);
        group.bench_function(name, |b| b.iter(|| rig.execute()));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(3));
    targets = copies, fills
}
criterion_main!(benches);
