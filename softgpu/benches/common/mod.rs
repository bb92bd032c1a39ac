//! A GPU at work, for measuring: what each measurement does once, and how long it took.
//! Benches repeat it.

#![allow(dead_code, reason = "not every bench uses everything")]

pub(crate) mod engine;
pub(crate) mod kernels;
pub(crate) mod rounds;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use softgpu::*;

/// GPU virtual address of the memory, whose guest-physical address is 0.
const BASE: u64 = 0x10_0000_0000;
const BINDS: TimelineId = TimelineId(1000);
const END: u32 = 0x0500_0000;

/// Where things stand in memory: batches for two engines, and where they write.
const BATCHES: [u64; 2] = [0, 0x200_0000];
const DATA: [u64; 2] = [0x400_0000, 0x410_0000];
const MEMORY: u64 = 0x420_0000;

/// Dwords of MI_NOOPs.
pub(crate) const NOOPS: usize = 4 << 20;
/// MI_STORE_DATA_IMMs, of four dwords each.
pub(crate) const STORES: usize = 256 << 10;

/// Wakes whoever waits for completions, who sleeps or spins.
#[derive(Default)]
struct Sink {
    completed: AtomicU64,
    lock: Mutex<u64>,
    woken: Condvar,
}

impl CompletionSink for Sink {
    fn completed(&self, completion: Completion) {
        assert_eq!(completion.outcome, Outcome::Completed, "{completion:?}");
        if let Ok(mut count) = self.lock.lock() {
            *count += 1;
        }
        self.completed.fetch_add(1, Ordering::Release);
        self.woken.notify_one();
    }

    fn hung(&self, report: HangReport) {
        panic!("{report}");
    }
}

/// A GPU with a context on two engines of the same kind.
pub(crate) struct Rig {
    gpu: Gpu,
    memory: Memory,
    sink: Arc<Sink>,
    values: [u64; 2],
    expected: u64,
}

impl Rig {
    /// `spin`: see [`GpuConfig::idle_spin`].
    pub(crate) fn new(spin: Duration) -> Self {
        let memory = Memory::owned(0, MEMORY).expect("64 MiB");
        let sink = Arc::new(Sink::default());
        let gpu = Gpu::new(GpuConfig {
            idle_spin: spin,
            ..GpuConfig::new(Platform::TGL, memory.clone(), Arc::clone(&sink) as _)
        });
        let gpu = gpu.expect("a GPU");
        let space = AddressSpaceId(1);
        gpu.create_address_space(space, BINDS).expect("a space");
        let slot = |instance: u64| EngineSlot {
            class: EngineClass::Video,
            instances: 1 << instance,
            timeline: TimelineId(instance),
        };
        let description = ContextDescription {
            address_space: space,
            recoverable: true,
            slots: vec![slot(0), slot(1)],
        };
        gpu.create_context(ContextId(1), description)
            .expect("a context");
        gpu.bind(Bind {
            address_space: space,
            va: BASE,
            length: MEMORY,
            extents: vec![Extent {
                address: 0,
                length: MEMORY,
            }],
            read_only: false,
            null: false,
            waits: vec![],
            signal: 1,
        })
        .expect("a bind");
        let mut rig = Self {
            gpu,
            memory,
            sink,
            values: [0; 2],
            expected: 1,
        };
        rig.sleep();
        rig
    }

    fn put(&self, at: u64, dwords: &[u32]) {
        let bytes: Vec<u8> = dwords
            .iter()
            .flat_map(|dword| dword.to_le_bytes())
            .collect();
        self.memory.write(at, &bytes).expect("in memory");
    }

    /// Puts MI_NOOPs for the first engine.
    pub(crate) fn put_noops(&self) {
        let mut batch = vec![0; NOOPS];
        batch[NOOPS - 1] = END;
        self.put(BATCHES[0], &batch);
    }

    /// Puts MI_STORE_DATA_IMMs for both engines, each to its own 64 KiB.
    pub(crate) fn put_stores(&self) {
        for engine in 0..2 {
            let mut batch = Vec::with_capacity(STORES * 4 + 1);
            for number in 0..STORES {
                let to = BASE + DATA[engine] + (number as u64 * 4) % 0x1_0000;
                batch.extend([0x1000_0002, to as u32, (to >> 32) as u32, number as u32]);
            }
            batch.push(END);
            self.put(BATCHES[engine], &batch);
        }
    }

    /// Puts an empty batch for the first engine.
    pub(crate) fn put_nothing(&self) {
        self.put(BATCHES[0], &[END]);
    }

    /// Puts a spinner for the first engine, as i915's test-suite makes them: it ends when
    /// [`Rig::end_spinner`] writes to it.
    pub(crate) fn put_spinner(&self) {
        let condition = BASE + 0xff8;
        let start = BASE;
        let mut batch = vec![0x0280_0000];
        batch.resize(0x300, 0);
        batch.extend([0x1b20_0002, END, condition as u32, (condition >> 32) as u32]);
        batch.extend([0x1880_0101, start as u32, (start >> 32) as u32]);
        self.put(0, &batch);
        self.put(0xff8, &[u32::MAX]);
    }

    pub(crate) fn end_spinner(&self) {
        self.put(0xff8, &[END]);
    }

    /// Submits the batch of an engine.
    pub(crate) fn submit(&mut self, engine: usize) {
        self.values[engine] += 1;
        self.expected += 1;
        let submission = Submission {
            context: ContextId(1),
            slot: engine as u16,
            batches: vec![BASE + BATCHES[engine]],
            waits: vec![],
            signal: self.values[engine],
            priority: 0,
            sseu: None,
            cancelled: false,
        };
        self.gpu.submit(submission).expect("a submission");
    }

    /// Sleeps until all that was submitted has ended.
    pub(crate) fn sleep(&mut self) {
        let count = self.sink.lock.lock().expect("no panic");
        let expected = self.expected;
        let count = self.sink.woken.wait_while(count, |count| *count < expected);
        drop(count);
    }

    /// Spins until all that was submitted has ended.
    pub(crate) fn spin(&self) {
        while self.sink.completed.load(Ordering::Acquire) < self.expected {
            std::hint::spin_loop();
        }
    }

    /// How long the first engine, or both at once, take for their batches.
    pub(crate) fn execute(&mut self, engines: usize) -> Duration {
        let start = Instant::now();
        for engine in 0..engines {
            self.submit(engine);
        }
        self.sleep();
        start.elapsed()
    }

    /// From queueing an empty batch to its completion, the engine asleep before.
    pub(crate) fn round_trip(&mut self) -> Duration {
        let start = Instant::now();
        self.submit(0);
        self.sleep();
        start.elapsed()
    }

    /// The same, of an engine that looks out for work, and the waiting thread too.
    pub(crate) fn spinning_round_trip(&mut self) -> Duration {
        let start = Instant::now();
        self.submit(0);
        self.spin();
        start.elapsed()
    }

    /// How long a plain loop takes to copy as many dwords as a batch has.
    pub(crate) fn copy(dwords: usize, buffers: &mut (Vec<u32>, Vec<u32>)) -> Duration {
        let start = Instant::now();
        let (from, to) = (&buffers.0[..dwords], &mut buffers.1[..dwords]);
        for (from, to) in from.iter().zip(to.iter_mut()) {
            *to = *from;
        }
        std::hint::black_box(to);
        start.elapsed()
    }

    /// What [`Rig::copy`] copies.
    pub(crate) fn buffers() -> (Vec<u32>, Vec<u32>) {
        let largest = NOOPS.max(STORES * 4);
        (vec![1; largest], vec![2; largest])
    }
}

/// A thread that sleeps until it is woken, and wakes back: what a submission to a sleeping
/// engine cannot be faster than.
pub(crate) struct Partner {
    shared: Arc<(Mutex<u64>, Condvar, Condvar)>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Partner {
    const STOP: u64 = u64::MAX;

    pub(crate) fn new() -> Self {
        let shared = Arc::new((Mutex::new(0), Condvar::new(), Condvar::new()));
        let its = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let (value, asked, answered) = &*its;
            let Ok(mut guard) = value.lock() else { return };
            loop {
                match *guard {
                    Self::STOP => return,
                    0 => {
                        let Ok(woken) = asked.wait(guard) else { return };
                        guard = woken;
                    }
                    _ => {
                        *guard = 0;
                        answered.notify_one();
                    }
                }
            }
        });
        Self {
            shared,
            thread: Some(thread),
        }
    }

    /// Wakes it and waits until it has woken back.
    pub(crate) fn round_trip(&self) -> Duration {
        let (value, asked, answered) = &*self.shared;
        let start = Instant::now();
        let mut guard = value.lock().expect("no panic");
        *guard = 1;
        asked.notify_one();
        while *guard != 0 {
            guard = answered.wait(guard).expect("no panic");
        }
        start.elapsed()
    }
}

impl Drop for Partner {
    fn drop(&mut self) {
        if let Ok(mut guard) = self.shared.0.lock() {
            *guard = Self::STOP;
            self.shared.1.notify_one();
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
