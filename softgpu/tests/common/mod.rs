//! A GPU with memory, one address space, and a record of everything it reports.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use softgpu::*;

/// GPU virtual address of the memory, whose guest-physical address is 0.
pub(crate) const BASE: u64 = 0x10_0000_0000;
pub(crate) const LENGTH: u64 = 0x40_0000;
pub(crate) const SPACE: AddressSpaceId = AddressSpaceId(1);
pub(crate) const BINDS: TimelineId = TimelineId(1000);

pub(crate) const NOOP: u32 = 0;
pub(crate) const END: u32 = 0x0500_0000;
pub(crate) const ARB_CHECK: u32 = 0x0280_0000;

/// Nothing takes this long unless it is broken.
const PATIENCE: Duration = Duration::from_secs(20);

struct Sink {
    completions: Mutex<Sender<Completion>>,
    hangs: Arc<Mutex<Vec<HangReport>>>,
}

impl CompletionSink for Sink {
    fn completed(&self, completion: Completion) {
        let _ = self.completions.lock().unwrap().send(completion);
    }

    fn hung(&self, report: HangReport) {
        self.hangs.lock().unwrap().push(report);
    }
}

pub(crate) struct Rig {
    pub(crate) gpu: Gpu,
    pub(crate) memory: Memory,
    pub(crate) completions: Receiver<Completion>,
    pub(crate) hangs: Arc<Mutex<Vec<HangReport>>>,
    /// Of each context, what its submissions have.
    pub(crate) priorities: Mutex<HashMap<u32, i32>>,
}

#[allow(dead_code, reason = "not every test file uses everything")]
impl Rig {
    pub(crate) fn new() -> Self {
        Self::with_strict(false)
    }

    pub(crate) fn with_strict(strict: bool) -> Self {
        Self::with(Platform::TGL, strict)
    }

    pub(crate) fn with(platform: Platform, strict: bool) -> Self {
        Self::configured(platform, |config| GpuConfig { strict, ..config })
    }

    pub(crate) fn configured(
        platform: Platform,
        change: impl FnOnce(GpuConfig) -> GpuConfig,
    ) -> Self {
        let memory = Memory::owned(0, LENGTH).unwrap();
        let (sender, completions) = channel();
        let hangs = Arc::default();
        let sink = Sink {
            completions: Mutex::new(sender),
            hangs: Arc::clone(&hangs),
        };
        let config = GpuConfig::new(platform, memory.clone(), Arc::new(sink));
        let gpu = Gpu::new(change(config)).unwrap();
        gpu.create_address_space(SPACE, BINDS).unwrap();
        let rig = Self {
            gpu,
            memory,
            completions,
            hangs,
            priorities: Mutex::default(),
        };
        rig.bind(BASE, 0, LENGTH, 1);
        assert_eq!(rig.next(), never_ran(at(BINDS, 1), Outcome::Completed));
        rig
    }

    pub(crate) fn bind(&self, va: u64, address: u64, length: u64, signal: u64) {
        self.gpu
            .bind(Bind {
                address_space: SPACE,
                va,
                length,
                extents: vec![Extent { address, length }],
                read_only: false,
                null: false,
                waits: vec![],
                signal,
            })
            .unwrap();
    }

    /// A context with one slot on one engine; the context's number is also its timeline's.
    pub(crate) fn context(&self, number: u32, class: EngineClass, instances: u16, priority: i32) {
        self.describe(number, class, instances, priority, false);
    }

    pub(crate) fn describe(
        &self,
        number: u32,
        class: EngineClass,
        instances: u16,
        priority: i32,
        recoverable: bool,
    ) {
        let timeline = TimelineId(number.into());
        let slots = vec![EngineSlot {
            class,
            instances,
            timeline,
        }];
        let description = ContextDescription {
            address_space: SPACE,
            recoverable,
            slots,
        };
        self.priorities.lock().unwrap().insert(number, priority);
        self.gpu
            .create_context(ContextId(number), description)
            .unwrap();
    }

    /// A context with a slot on each of these engines, whose timelines are numbered from
    /// ten times the context's number.
    pub(crate) fn wide_context(&self, number: u32, engines: &[(EngineClass, u8)]) {
        let slot = |(index, &(class, instance)): (usize, &(EngineClass, u8))| EngineSlot {
            class,
            instances: 1 << instance,
            timeline: TimelineId(u64::from(number) * 10 + index as u64),
        };
        let description = ContextDescription {
            address_space: SPACE,
            recoverable: true,
            slots: engines.iter().enumerate().map(slot).collect(),
        };
        self.gpu
            .create_context(ContextId(number), description)
            .unwrap();
    }

    /// Puts a batch into memory at an offset.
    pub(crate) fn put(&self, offset: u64, dwords: &[u32]) {
        for (number, &dword) in dwords.iter().enumerate() {
            self.memory
                .write_u32(offset + number as u64 * 4, dword)
                .unwrap();
        }
    }

    /// Queues a batch on a context's first slot.
    pub(crate) fn submit(&self, context: u32, offset: u64, waits: &[Point], signal: u64) {
        let mut submission = self.submission(context, 0, &[offset], signal);
        submission.waits = waits.iter().copied().map(Wait::End).collect();
        self.gpu.submit(submission).unwrap();
    }

    /// A submission that waits for nothing.
    pub(crate) fn submission(
        &self,
        context: u32,
        slot: u16,
        offsets: &[u64],
        signal: u64,
    ) -> Submission {
        let priorities = self.priorities.lock().unwrap();
        Submission {
            context: ContextId(context),
            slot,
            batches: offsets.iter().map(|offset| BASE + offset).collect(),
            waits: vec![],
            signal,
            priority: priorities.get(&context).copied().unwrap_or(0),
            sseu: None,
            cancelled: false,
        }
    }

    pub(crate) fn next(&self) -> Completion {
        self.completions
            .recv_timeout(PATIENCE)
            .expect("a completion in time")
    }

    /// The next completion is that of this point.
    pub(crate) fn expect(&self, context: u32, value: u64, outcome: Outcome) {
        let point = at(TimelineId(context.into()), value);
        let next = self.next();
        assert_eq!((next.point, next.outcome), (point, outcome));
    }

    /// Everything submitted has ended, and soon nothing of it is kept: the scheduler gets a
    /// job back a moment after its completion was reported.
    pub(crate) fn comes_to_rest(&self) -> Counters {
        let start = Instant::now();
        loop {
            let counters = self.gpu.counters();
            if (counters.pending, counters.waits) == (0, 0) {
                return counters;
            }
            assert!(start.elapsed() < PATIENCE, "{counters:?}");
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    pub(crate) fn nothing_completes_for(&self, time: Duration) {
        if let Ok(completion) = self.completions.recv_timeout(time) {
            panic!("{completion:?} completed");
        }
    }

    pub(crate) fn dword(&self, offset: u64) -> u32 {
        self.memory.read_u32(offset).unwrap()
    }

    pub(crate) fn wait_for_dword(&self, offset: u64, value: u32) {
        let start = Instant::now();
        while self.dword(offset) != value {
            assert!(
                start.elapsed() < PATIENCE,
                "{offset:#x} never became {value}"
            );
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    /// A spinner as the i915 test suite makes them, in 4 KiB at `offset`: says that it
    /// runs by writing 1 to `offset` + 0xf00; ends when told by [`Rig::end_spinner`].
    pub(crate) fn spinner(&self, offset: u64, preemptible: bool) {
        self.memory.fill(offset, 0x1000, 0).unwrap();
        let started = split(BASE + offset + 0xf00);
        self.put(offset, &[0x1000_0002, started[0], started[1], 1]);
        self.put(offset + 0x40, &[if preemptible { ARB_CHECK } else { NOOP }]);
        let condition = split(BASE + offset + 0xff8);
        let start = split(BASE + offset + 0x40);
        self.put(
            offset + 0x40 + 960 * 4 - 0x100,
            &[
                0x1b20_0002,
                END,
                condition[0],
                condition[1],
                0x1880_0101,
                start[0],
                start[1],
            ],
        );
        self.put(offset + 0xff8, &[u32::MAX, u32::MAX]);
    }

    pub(crate) fn end_spinner(&self, offset: u64) {
        self.put(offset + 0xff8, &[END]);
    }
}

/// The end of a bind, or of a submission that never had an engine.
pub(crate) fn never_ran(point: Point, outcome: Outcome) -> Completion {
    Completion {
        point,
        outcome,
        busy_ns: 0,
        was_active: false,
    }
}

pub(crate) fn at(timeline: TimelineId, value: u64) -> Point {
    Point { timeline, value }
}

#[allow(dead_code, reason = "not every test file uses everything")]
pub(crate) fn of(context: u32, value: u64) -> Point {
    at(TimelineId(context.into()), value)
}

pub(crate) fn split(address: u64) -> [u32; 2] {
    [address as u32, (address >> 32) as u32]
}

/// A batch that stores a dword at an offset.
#[allow(dead_code, reason = "not every test file uses everything")]
pub(crate) fn store(offset: u64, value: u32) -> [u32; 5] {
    let [low, high] = split(BASE + offset);
    [0x1000_0002, low, high, value, END]
}
