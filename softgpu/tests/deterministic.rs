//! The GPU without threads: the same seed gives the same, other seeds other orders, and
//! under all of them the rules of timelines hold.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use softgpu::*;

const BASE: u64 = 0x10_0000_0000;
const LENGTH: u64 = 0x10_0000;
const SPACE: AddressSpaceId = AddressSpaceId(1);
const BINDS: TimelineId = TimelineId(1000);
/// Where batches start in memory, and what each of them takes.
const BATCHES: u64 = 0x1_0000;
const ROOM: u64 = 0x200;
/// Where a batch leaves the time of its start and its end: 16 bytes each.
const TIMES: u64 = 0x1000;
/// Where batches count together.
const SHARED: u64 = 0x800;

const END: u32 = 0x0500_0000;
const ARB_CHECK: u32 = 0x0280_0000;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    Completed(Completion),
    Hung(HangReason),
}

#[derive(Default)]
struct Log(Mutex<Vec<Event>>);

impl CompletionSink for Log {
    fn completed(&self, completion: Completion) {
        self.0.lock().unwrap().push(Event::Completed(completion));
    }

    fn hung(&self, report: HangReport) {
        self.0.lock().unwrap().push(Event::Hung(report.reason));
    }
}

struct Rig {
    gpu: DeterministicGpu,
    memory: Memory,
    log: Arc<Log>,
}

impl Rig {
    fn new(seed: u64) -> Self {
        let memory = Memory::owned(0, LENGTH).unwrap();
        let log = Arc::new(Log::default());
        let config = GpuConfig::new(Platform::TGL, memory.clone(), Arc::clone(&log) as _);
        let gpu = Gpu::deterministic(config, seed);
        gpu.create_address_space(SPACE, BINDS).unwrap();
        let rig = Self { gpu, memory, log };
        rig.bind(BASE, 0, LENGTH, &[], 1);
        rig
    }

    fn bind(&self, va: u64, address: u64, length: u64, waits: &[Point], signal: u64) {
        let bind = Bind {
            address_space: SPACE,
            va,
            length,
            extents: vec![Extent { address, length }],
            read_only: false,
            null: false,
            waits: waits.to_vec(),
            signal,
        };
        self.gpu.bind(bind).unwrap();
    }

    /// A context, whose number is also its first timeline's, with a slot on each engine.
    fn context(&self, number: u32, engines: &[(EngineClass, u16)]) {
        let slot = |(index, &(class, instances)): (usize, &(EngineClass, u16))| EngineSlot {
            class,
            instances,
            timeline: TimelineId(u64::from(number) + index as u64),
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

    fn put(&self, offset: u64, dwords: &[u32]) {
        for (number, &dword) in dwords.iter().enumerate() {
            let at = offset + number as u64 * 4;
            self.memory.write_u32(at, dword).unwrap();
        }
    }

    fn submission(context: u32, offsets: &[u64], waits: &[Point], signal: u64) -> Submission {
        Submission {
            context: ContextId(context),
            slot: 0,
            batches: offsets.iter().map(|offset| BASE + offset).collect(),
            waits: waits.iter().copied().map(Wait::End).collect(),
            signal,
            priority: 0,
            sseu: None,
            cancelled: false,
        }
    }

    fn events(&self) -> Vec<Event> {
        self.log.0.lock().unwrap().clone()
    }

    fn completions(&self) -> Vec<Completion> {
        let only = |event: &Event| match event {
            Event::Completed(completion) => Some(*completion),
            Event::Hung(_) => None,
        };
        self.log.0.lock().unwrap().iter().filter_map(only).collect()
    }

    fn image(&self) -> Vec<u8> {
        let mut image = vec![0; LENGTH as usize];
        self.memory.read(0, &mut image).unwrap();
        image
    }
}

fn split(address: u64) -> [u32; 2] {
    [address as u32, (address >> 32) as u32]
}

/// One submission of a workload.
#[derive(Clone, Debug)]
struct Item {
    /// Which of the contexts of `ENGINES`.
    context: usize,
    /// What it waits for, by how many items before it.
    waits: Vec<usize>,
    priority: i32,
    /// How many commands it executes between its two looks at the clock.
    length: usize,
}

/// What each context of a workload may use.
const ENGINES: [(EngineClass, u16); 5] = [
    (EngineClass::Render, 1),
    (EngineClass::Copy, 1),
    (EngineClass::Video, 0b11),
    (EngineClass::Video, 0b10),
    (EngineClass::Render, 1),
];

fn item() -> impl Strategy<Value = Item> {
    (
        0..ENGINES.len(),
        prop::collection::vec(1..6_usize, 0..3),
        -2..3_i32,
        0..40_usize,
    )
        .prop_map(|(context, waits, priority, length)| Item {
            context,
            waits,
            priority,
            length,
        })
}

/// MI_STORE_REGISTER_MEM of an engine's own TIMESTAMP ("add CS MMIO start offset").
fn store_timestamp(offset: u64) -> [u32; 4] {
    let [low, high] = split(BASE + offset);
    [0x1208_0002, 0x358, low, high]
}

/// Does a workload; per item, the point it signals.
fn submit(rig: &Rig, items: &[Item]) -> Vec<Point> {
    for (index, &engines) in ENGINES.iter().enumerate() {
        rig.context(index as u32 + 1, &[engines]);
    }
    let mut points: Vec<Point> = Vec::new();
    let mut values = [0; ENGINES.len()];
    for (number, item) in items.iter().enumerate() {
        let context = item.context as u32 + 1;
        let at = BATCHES + number as u64 * ROOM;
        let times = TIMES + number as u64 * 16;
        let mut batch = store_timestamp(times).to_vec();
        let [low, high] = split(BASE + SHARED);
        for step in 0..item.length {
            match step % 3 {
                // MI_ATOMIC: increment.
                0 => batch.extend([0x1780_0501, low, high]),
                1 => batch.push(0),
                _ => batch.push(ARB_CHECK),
            }
        }
        batch.extend(store_timestamp(times + 8));
        batch.push(END);
        rig.put(at, &batch);
        values[item.context] += 1;
        let point = Point {
            timeline: TimelineId(context.into()),
            value: values[item.context],
        };
        let mut waits = vec![Point {
            timeline: BINDS,
            value: 1,
        }];
        let earlier = |&back: &usize| points.get(number.checked_sub(back)?).copied();
        waits.extend(item.waits.iter().filter_map(earlier));
        let submission = Rig::submission(context, &[at], &waits, point.value);
        rig.gpu
            .submit(Submission {
                priority: item.priority,
                ..submission
            })
            .unwrap();
        points.push(point);
    }
    points
}

/// Start and end of an item's batch, in ticks.
fn times(rig: &Rig, number: usize) -> (u32, u32) {
    let at = TIMES + number as u64 * 16;
    let read = |at| rig.memory.read_u32(at).unwrap();
    (read(at), read(at + 8))
}

fn workload() -> Vec<Item> {
    (0..20)
        .map(|number| Item {
            context: number % ENGINES.len(),
            waits: vec![],
            priority: 0,
            length: 30,
        })
        .collect()
}

fn run(seed: u64, items: &[Item]) -> Rig {
    let mut rig = Rig::new(seed);
    submit(&rig, items);
    assert!(rig.gpu.run_until_idle(LONG));
    let completions = rig.completions();
    let good = |completion: &Completion| completion.outcome == Outcome::Completed;
    assert!(completions.iter().all(good));
    rig
}

#[test]
fn the_same_seed_gives_the_same() {
    let items = workload();
    let (one, other) = (run(7, &items), run(7, &items));
    assert_eq!(one.events(), other.events());
    assert_eq!(one.gpu.elapsed(), other.gpu.elapsed());
    assert_eq!(one.gpu.counters(), other.gpu.counters());
    assert!(one.image() == other.image());
}

#[test]
fn seeds_decide_the_order() {
    let items = workload();
    let order = |seed| {
        let completions = run(seed, &items).completions().into_iter();
        completions
            .map(|completion| completion.point)
            .collect::<Vec<_>>()
    };
    let orders: std::collections::HashSet<_> = (0..8).map(order).collect();
    assert!(orders.len() >= 4, "{} orders under 8 seeds", orders.len());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn order_and_dependencies_hold_under_every_seed(
        items in prop::collection::vec(item(), 1..24),
        seed in any::<u64>(),
    ) {
        let mut rig = Rig::new(seed);
        let points = submit(&rig, &items);
        prop_assert!(rig.gpu.run_until_idle(LONG), "work that ends came to its end");
        let completions = rig.completions();
        prop_assert_eq!(completions.len(), items.len() + 1, "each once");
        prop_assert!(completions.iter().all(|completion| completion.outcome == Outcome::Completed));
        let place = |point| completions.iter().position(|completion| completion.point == point);
        for (number, item) in items.iter().enumerate() {
            let (start, end) = times(&rig, number);
            prop_assert!(start < end);
            let before = item.waits.iter().filter_map(|&back| number.checked_sub(back));
            let same = (0..number).rev().find(|&other| items[other].context == item.context);
            for other in before.chain(same) {
                prop_assert!(times(&rig, other).1 < start, "{other} ended before {number} began");
                prop_assert!(place(points[other]) < place(points[number]));
            }
        }
        let increments: usize = items.iter().map(|item| item.length.div_ceil(3)).sum();
        prop_assert_eq!(rig.memory.read_u32(SHARED).unwrap() as usize, increments);
        prop_assert_eq!(rig.gpu.counters().pending, 0);
    }
}

/// A bind that waits for a batch, and batches before and behind it: each sees the memory
/// that its place in the order says.
#[test]
fn binds_come_between_batches_under_every_seed() {
    for seed in 0..200 {
        let mut rig = Rig::new(seed);
        rig.context(1, &[(EngineClass::Render, 1)]);
        let [low, high] = split(BASE + 0x8_0000);
        rig.put(0x2000, &[0x1000_0002, low, high, 1, END]);
        rig.put(0x3000, &[0x1000_0002, low, high, 2, END]);
        let point = |timeline, value| Point { timeline, value };
        let bound = point(BINDS, 1);
        let submit = |submission| rig.gpu.submit(submission).unwrap();
        submit(Rig::submission(1, &[0x2000], &[bound], 1));
        let first = point(TimelineId(1), 1);
        rig.bind(BASE + 0x8_0000, 0x9_0000, 0x1000, &[first], 2);
        submit(Rig::submission(1, &[0x3000], &[point(BINDS, 2)], 2));
        assert!(rig.gpu.run_until_idle(LONG));
        let read = |at| rig.memory.read_u32(at).unwrap();
        assert_eq!((read(0x8_0000), read(0x9_0000)), (1, 2), "seed {seed}");
    }
}

/// Two gangs over the same engines, and single batches in their way: none waits for ever,
/// and the batches of a gang meet, which they can't unless they run together.
#[test]
fn gangs_start_together_under_every_seed() {
    for seed in 0..200 {
        let mut rig = Rig::new(seed);
        let engines = [(EngineClass::Video, 0b01), (EngineClass::Video, 0b10)];
        rig.context(10, &engines);
        rig.context(20, &engines);
        rig.context(30, &[(EngineClass::Video, 0b11)]);
        // Each says that it is there, and waits for the other.
        for (gang, at) in [(0_u64, 0x2000), (1, 0x4000)] {
            for member in 0..2_u64 {
                let mine = split(BASE + SHARED + gang * 16 + member * 8);
                let other = split(BASE + SHARED + gang * 16 + (1 - member) * 8);
                let meet = [0x1000_0002, mine[0], mine[1], 1];
                // MI_SEMAPHORE_WAIT, polling, equal.
                let wait = [0x0e00_c002, 1, other[0], other[1], END];
                rig.put(at + member * 0x100, &[meet.as_slice(), &wait].concat());
            }
        }
        rig.put(0x6000, &[ARB_CHECK, 0, ARB_CHECK, END]);
        let bound = [Point {
            timeline: BINDS,
            value: 1,
        }];
        for round in 1..=4 {
            let submission = Rig::submission(30, &[0x6000], &bound, round);
            rig.gpu.submit(submission).unwrap();
        }
        for (context, at) in [(10, 0x2000), (20, 0x4000)] {
            let submission = Rig::submission(context, &[at, at + 0x100], &bound, 1);
            rig.gpu.submit(submission).unwrap();
        }
        assert!(rig.gpu.run_until_idle(LONG), "seed {seed}");
        let completions = rig.completions();
        assert_eq!(completions.len(), 7, "seed {seed}: {completions:?}");
        let good = |completion: &Completion| completion.outcome == Outcome::Completed;
        assert!(completions.iter().all(good), "seed {seed}: {completions:?}");
    }
}

/// The heartbeat's time is virtual: what takes 5.6 s on a real engine takes no time here.
#[test]
fn a_hang_is_found_in_virtual_time() {
    let mut rig = Rig::new(3);
    rig.context(1, &[(EngineClass::Copy, 1)]);
    let [low, high] = split(BASE + 0x2000);
    rig.put(0x2000, &[0, 0x1880_0101, low, high]);
    let bound = Point {
        timeline: BINDS,
        value: 1,
    };
    let submission = Rig::submission(1, &[0x2000], &[bound], 1);
    rig.gpu.submit(submission).unwrap();
    assert!(!rig.gpu.run_until_idle(Duration::from_secs(5)));
    assert!(rig.gpu.run_until_idle(Duration::from_secs(2)));
    assert!(
        rig.events()
            .contains(&Event::Hung(HangReason::HeartbeatTimeout))
    );
    let millis = rig.gpu.elapsed().as_millis();
    assert!((5640..5660).contains(&millis), "{millis} ms");
}

/// A batch that waits for memory goes on when the owner changes that between two steps.
#[test]
fn memory_may_change_between_steps() {
    let mut rig = Rig::new(5);
    rig.context(1, &[(EngineClass::Render, 1)]);
    let [low, high] = split(BASE + SHARED);
    rig.put(0x2000, &[0x0e00_c002, 1, low, high, END]);
    let bound = Point {
        timeline: BINDS,
        value: 1,
    };
    let submission = Rig::submission(1, &[0x2000], &[bound], 1);
    rig.gpu.submit(submission).unwrap();
    assert!(!rig.gpu.run_until_idle(Duration::from_millis(20)));
    assert_eq!(rig.completions().len(), 1);
    rig.memory.write_u32(SHARED, 1).unwrap();
    assert!(rig.gpu.run_until_idle(Duration::from_millis(1)));
    assert_eq!(rig.completions().len(), 2);
}

/// A batch that has waited for long is looked at every 700 us, but when semaphores are
/// signalled at once, or 50 us after it was looked at last.
#[test]
fn a_signal_is_heard_at_once_under_every_seed() {
    const SIGNALLER: u64 = 0x1_0000;
    // How much longer the waiting batch takes than the one that does what it waits for.
    let late = |seed: u64, signal: &[u32]| {
        let mut rig = Rig::new(seed);
        rig.context(10, &[(EngineClass::Video, 1)]);
        rig.context(20, &[(EngineClass::Copy, 1)]);
        let [low, high] = split(BASE + SHARED);
        // MI_SEMAPHORE_WAIT, signal mode, equal.
        rig.put(0x2000, &[0x0e00_4002, 1, low, high, END]);
        // At any moment between two looks: a command takes 50 ns.
        let mut batch = vec![ARB_CHECK; 70 * seed as usize];
        batch.extend([0x1000_0002, low, high, 1]);
        batch.extend(signal);
        batch.push(END);
        rig.put(SIGNALLER, &batch);
        let bound = Point {
            timeline: BINDS,
            value: 1,
        };
        let waiter = Rig::submission(10, &[0x2000], &[bound], 1);
        rig.gpu.submit(waiter).unwrap();
        assert!(!rig.gpu.run_until_idle(Duration::from_millis(20)));
        let signaller = Rig::submission(20, &[SIGNALLER], &[], 1);
        rig.gpu.submit(signaller).unwrap();
        let of_signaller = |completion: &Completion| completion.point.timeline.0 == 20;
        while !rig.completions().iter().any(of_signaller) {
            rig.gpu.step();
        }
        let end = rig.gpu.elapsed();
        assert!(rig.gpu.run_until_idle(LONG));
        let good = |completion: &Completion| completion.outcome == Outcome::Completed;
        let completions = rig.completions();
        assert!(completions.len() == 3 && completions.iter().all(good));
        rig.gpu.elapsed() - end
    };
    let signal = [0x0d80_0000, 0];
    let times: Vec<_> = (0..200).map(|seed| late(seed, &signal)).collect();
    let longest = times.iter().max().unwrap();
    assert!(*longest < Duration::from_micros(52), "{longest:?}");
    let soon = |time: &&Duration| **time < Duration::from_micros(2);
    assert!(times.iter().filter(soon).count() > 170, "{times:?}");
    assert!((0..200).all(|seed| late(seed, &signal) == times[seed as usize]));
    let without = (0..200).map(|seed| late(seed, &[])).max().unwrap();
    assert!(without > Duration::from_micros(600), "{without:?}");
}

#[test]
fn what_is_cancelled_is_reported_in_the_same_order() {
    let order = |seed| {
        let mut rig = Rig::new(seed);
        let items = workload();
        submit(&rig, &items);
        for _ in 0..40 {
            rig.gpu.step();
        }
        rig.gpu.reset_active();
        assert!(rig.gpu.run_until_idle(LONG));
        assert_eq!(rig.completions().len(), items.len() + 1);
        rig.events()
    };
    for seed in 0..10 {
        assert_eq!(order(seed), order(seed), "seed {seed}");
    }
}
