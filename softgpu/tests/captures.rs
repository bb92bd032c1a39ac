//! Submissions recorded from real drivers (`captures/README.md`), executed from the first
//! command to the last; what they leave in memory against plain Rust of the same kernels.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use softgpu::*;

const SPACE: AddressSpaceId = AddressSpaceId(1);
const BINDS: TimelineId = TimelineId(1);
const SUBMISSIONS: TimelineId = TimelineId(2);
/// Bytes of memory.
const MEMORY: u64 = 0x200_0000;
/// Nothing takes this long unless it is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// A recorded submission.
struct Capture {
    batch: u64,
    objects: Vec<(u64, u64)>,
    pieces: Vec<(u64, Vec<u8>)>,
}

impl Capture {
    fn read(mut bytes: &[u8]) -> Self {
        let mut take = |length: usize| {
            let (taken, rest) = bytes.split_at(length);
            bytes = rest;
            taken
        };
        let mut number = |length: usize| {
            let mut number = [0; 8];
            number[..length].copy_from_slice(take(length));
            u64::from_le_bytes(number)
        };
        let (batch, objects, pieces) = (number(8), number(4), number(4));
        let objects = (0..objects).map(|_| (number(8), number(8))).collect();
        let pieces = (0..pieces)
            .map(|_| {
                let address = number(8);
                let length = number(4) as usize;
                let data = (0..length).map(|_| number(1) as u8).collect();
                (address, data)
            })
            .collect();
        Self {
            batch,
            objects,
            pieces,
        }
    }
}

struct Sink {
    completions: Mutex<Sender<Completion>>,
    hangs: Mutex<Vec<String>>,
}

impl CompletionSink for Sink {
    fn completed(&self, completion: Completion) {
        let _ = self.completions.lock().unwrap().send(completion);
    }

    fn hung(&self, report: HangReport) {
        self.hangs
            .lock()
            .unwrap()
            .push(report.details().to_string());
    }
}

/// What executes captures: with threads, or stepped.
enum Device {
    Threads(Gpu),
    Stepped(DeterministicGpu),
}

struct Rig {
    device: Device,
    memory: Memory,
    sink: Arc<Sink>,
    completions: Receiver<Completion>,
    /// Guest-physical addresses of what is bound, by GPU address, with sizes.
    bound: BTreeMap<u64, (u64, u64)>,
    free: u64,
    binds: u64,
    submissions: u64,
}

/// How a capture is executed: on so many host threads, 0 being stepped.
const HOW: [usize; 3] = [0, 1, 3];

impl Rig {
    fn new(threads: usize) -> Self {
        Self::configured(|config| GpuConfig {
            strict: true,
            kernel_threads: threads,
            ..config
        })
    }

    /// With `kernel_threads` 0 it is stepped.
    fn configured(change: impl FnOnce(GpuConfig) -> GpuConfig) -> Self {
        let memory = Memory::owned(0, MEMORY).unwrap();
        let (sender, completions) = channel();
        let sink = Arc::new(Sink {
            completions: Mutex::new(sender),
            hangs: Mutex::default(),
        });
        let config = GpuConfig::new(Platform::TGL, memory.clone(), Arc::clone(&sink) as _);
        let config = change(config);
        let device = match config.kernel_threads {
            0 => Device::Stepped(Gpu::deterministic(config, 7)),
            _ => Device::Threads(Gpu::new(config).unwrap()),
        };
        let rig = Self {
            device,
            memory,
            sink,
            completions,
            bound: BTreeMap::new(),
            free: 0,
            binds: 0,
            submissions: 0,
        };
        rig.gpu().create_address_space(SPACE, BINDS).unwrap();
        let slot = EngineSlot {
            class: EngineClass::Render,
            instances: 1,
            timeline: SUBMISSIONS,
        };
        let description = ContextDescription {
            address_space: SPACE,
            recoverable: true,
            slots: vec![slot],
        };
        rig.gpu().create_context(ContextId(1), description).unwrap();
        rig
    }

    fn gpu(&self) -> &Gpu {
        match &self.device {
            Device::Threads(gpu) => gpu,
            Device::Stepped(gpu) => gpu,
        }
    }

    /// The next completion.
    fn next(&mut self) -> Completion {
        if let Device::Stepped(gpu) = &mut self.device {
            assert!(gpu.run_until_idle(PATIENCE), "{:?}", self.sink.hangs);
        }
        self.completions.recv_timeout(PATIENCE).unwrap()
    }

    /// Makes memory what it was before the submission.
    fn load(&mut self, capture: &Capture) {
        for &(va, length) in &capture.objects {
            if !self.bound.contains_key(&va) {
                let address = self.free;
                self.free += length;
                self.binds += 1;
                self.bound.insert(va, (address, length));
                self.gpu()
                    .bind(Bind {
                        address_space: SPACE,
                        va,
                        length,
                        extents: vec![Extent { address, length }],
                        read_only: false,
                        null: false,
                        waits: vec![],
                        signal: self.binds,
                    })
                    .unwrap();
                assert_eq!(self.next().outcome, Outcome::Completed);
            }
            let (address, length) = self.bound[&va];
            self.memory.fill(address, length, 0).unwrap();
        }
        for (va, data) in &capture.pieces {
            self.memory.write(self.physical(*va), data).unwrap();
        }
    }

    /// Writes dwords.
    fn put(&self, va: u64, dwords: &[u32]) {
        let start = self.physical(va);
        for (number, &dword) in dwords.iter().enumerate() {
            self.memory
                .write_u32(start + number as u64 * 4, dword)
                .unwrap();
        }
    }

    /// Executes it; it has to end well.
    fn run(&mut self, capture: &Capture) {
        self.submit(capture);
        let completion = self.next();
        let hangs = self.sink.hangs.lock().unwrap();
        assert_eq!(
            completion.outcome,
            Outcome::Completed,
            "{}",
            hangs.join("\n")
        );
    }

    fn submit(&mut self, capture: &Capture) {
        self.submissions += 1;
        self.gpu()
            .submit(Submission {
                context: ContextId(1),
                slot: 0,
                batches: vec![capture.batch],
                waits: vec![],
                signal: self.submissions,
                priority: 0,
                sseu: None,
                cancelled: false,
            })
            .unwrap();
    }

    fn physical(&self, va: u64) -> u64 {
        let (base, (address, length)) = self.bound.range(..=va).next_back().unwrap();
        assert!(va - base < *length, "{va:#x} is not bound");
        address + (va - base)
    }

    fn dwords(&self, va: u64, count: usize) -> Vec<u32> {
        let start = self.physical(va);
        (0..count as u64)
            .map(|number| self.memory.read_u32(start + number * 4).unwrap())
            .collect()
    }

    fn floats(&self, va: u64, count: usize) -> Vec<f32> {
        self.dwords(va, count)
            .into_iter()
            .map(f32::from_bits)
            .collect()
    }

    /// Kernels, groups, threads and instructions.
    fn counted(&self) -> [u64; 4] {
        let total = self.gpu().counters().total();
        [
            total.kernels,
            total.thread_groups,
            total.eu_threads,
            total.eu_instructions,
        ]
    }
}

#[test]
fn a_vector_addition() {
    let capture = Capture::read(include_bytes!("captures/vector_add.bin"));
    for threads in HOW {
        let mut rig = Rig::new(threads);
        rig.load(&capture);
        let a = rig.floats(0x7feb_d2ba_5000, 1024);
        let b = rig.floats(0x7feb_d2ba_3000, 1024);
        rig.run(&capture);
        let sums: Vec<_> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
        assert_eq!(rig.floats(0x7feb_d2ba_1000, 1000)[..], sums[..1000]);
        // The completion tag.
        assert_eq!(rig.dwords(0x7feb_d2ba_b000, 1), [1]);
        assert_eq!(rig.counted()[..3], [1, 8, 32]);
    }
}

#[test]
fn a_tree_reduction_with_barriers() {
    let capture = Capture::read(include_bytes!("captures/reduction.bin"));
    for threads in HOW {
        let mut rig = Rig::new(threads);
        rig.load(&capture);
        let input = rig.floats(0x7f1d_e1ef_f000, 1000);
        rig.run(&capture);
        let sums: Vec<f32> = input
            .chunks(100)
            .map(|group| {
                let mut local = group.to_vec();
                let mut half = local.len() / 2;
                while half > 0 {
                    for number in 0..half {
                        local[number] += local[number + half];
                    }
                    half /= 2;
                }
                local[0]
            })
            .collect();
        assert_eq!(rig.floats(0x5f1d_d42f_e000, 10), sums);
        assert_eq!(rig.counted()[..3], [1, 10, 40]);
    }
}

#[test]
fn an_image_read_and_written() {
    let capture = Capture::read(include_bytes!("captures/image.bin"));
    for threads in HOW {
        let mut rig = Rig::new(threads);
        rig.load(&capture);
        // Both have the same layout: 64 by 64 pixels of 8-bit channels.
        let input: Vec<u32> = (0..0x1000_u32)
            .map(|pixel| pixel.wrapping_mul(0x9e37_79b9))
            .collect();
        rig.put(0x405d_8d7e_c000, &input);
        rig.run(&capture);
        assert_eq!(rig.dwords(0x405d_8d7e_8000, 0x1000), input);
        assert_eq!(rig.counted()[..3], [1, 32, 128]);
    }
}

#[test]
fn the_runtimes_fill_and_copy() {
    let fill = Capture::read(include_bytes!("captures/fill.bin"));
    let copy = Capture::read(include_bytes!("captures/copy.bin"));
    for threads in HOW {
        let mut rig = Rig::new(threads);
        rig.load(&fill);
        rig.run(&fill);
        let filled = rig.dwords(0x7f2a_c96f_f000, 0x4_0000);
        assert!(filled.iter().all(|&dword| dword == 0x1234_5678));
        rig.load(&copy);
        let input = rig.dwords(0x7f2a_c96f_f000, 0x4_0000);
        rig.run(&copy);
        assert_eq!(rig.dwords(0x5f2a_bc2f_f000, 0x4_0000), input);
        assert_eq!(rig.counted()[..3], [2, 0x280, 0x2800]);
    }
}

#[test]
fn a_vulkan_shader() {
    let capture = Capture::read(include_bytes!("captures/vulkan.bin"));
    for threads in HOW {
        let mut rig = Rig::new(threads);
        rig.load(&capture);
        let a: Vec<f32> = (0..1024).map(|number| number as f32 * 0.01 - 3.0).collect();
        let bits: Vec<_> = a.iter().map(|a| a.to_bits()).collect();
        rig.put(0x7ffe_fffe_0000, &bits);
        rig.run(&capture);
        let b = rig.floats(0x7ffe_fffd_0000, 1024);
        for (number, &b) in b.iter().enumerate() {
            let reverse = number / 64 * 64 + 63 - number % 64;
            let expected = match number {
                0..1000 => a[reverse] * 2.0 + a[number].sin(),
                _ => 0.0,
            };
            let error = (b - expected).abs();
            assert!(error < 1e-5, "{number}: {b}, {expected}");
        }
        assert_eq!(rig.counted()[..3], [1, 32, 128]);
    }
}

/// Kernels, descriptors and walkers with wrong bits, in any way and on purpose hostile: all of
/// them end, or go on until they are told to, and what is not bound stays as it was.
#[test]
fn wrong_bits_are_survived() {
    const GUARD: u64 = 0x1234_5678_9abc_def0;
    // Captures with their kernels, their descriptors, and the walker in the batch.
    let captures: [(&[u8], [u64; 3]); 3] = [
        (
            include_bytes!("captures/vector_add.bin"),
            [0x362e_3c3e_f000, 0x7feb_d2b7_f000, 0x7feb_d2b9_0018],
        ),
        (
            include_bytes!("captures/reduction.bin"),
            [0x3557_f73a_f000, 0x7f1d_e5de_c000, 0x7f1d_e5df_d018],
        ),
        (
            include_bytes!("captures/image.bin"),
            [0x35b2_3837_2000, 0x7f18_137a_f000, 0x7f18_137c_0018],
        ),
    ];
    // Numbers by a linear congruence (Knuth's MMIX).
    let mut state = 1_u64;
    let mut below = |end: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % end
    };
    let mut outcomes = [0; 3];
    for strict in [false, true] {
        for (bytes, [kernel, descriptor, walker]) in captures {
            let capture = Capture::read(bytes);
            let mut rig = Rig::configured(|config| GpuConfig {
                strict,
                kernel_threads: 0,
                kernel_patience: 1000,
                ..config
            });
            rig.load(&capture);
            for at in (rig.free..MEMORY).step_by(8) {
                rig.memory.write_u64(at, GUARD).unwrap();
            }
            for _ in 0..150 {
                rig.load(&capture);
                for _ in 0..=below(3) {
                    let (base, length) = match below(8) {
                        0 => (descriptor, 32),
                        1 => (walker + 4, 56),
                        _ => (kernel, 0x200),
                    };
                    let at = rig.physical(base + below(length / 4) * 4);
                    let old = rig.memory.read_u32(at).unwrap();
                    let new = match below(4) {
                        0 => below(1 << 32) as u32,
                        _ => old ^ 1 << below(32),
                    };
                    rig.memory.write_u32(at, new).unwrap();
                }
                rig.submit(&capture);
                let Device::Stepped(gpu) = &mut rig.device else {
                    panic!("it has threads");
                };
                if !gpu.run_until_idle(Duration::from_micros(50)) {
                    gpu.reset_active();
                    assert!(gpu.run_until_idle(Duration::from_secs(1)));
                }
                let completion = rig.completions.try_recv().unwrap();
                outcomes[match completion.outcome {
                    Outcome::Completed => 0,
                    Outcome::Hung => 1,
                    _ => 2,
                }] += 1;
            }
            for at in (rig.free..MEMORY).step_by(8) {
                assert_eq!(rig.memory.read_u64(at).unwrap(), GUARD);
            }
        }
    }
    // Some of each: completed, hung, cancelled.
    assert!(outcomes.iter().all(|&count| count > 0), "{outcomes:?}");
}
