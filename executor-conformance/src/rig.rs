// SPDX-License-Identifier: Apache-2.0 OR MIT

//! An executor with guest memory, and a record of everything it reports.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::ValueEnum as _;
use rustix::fs::{MemfdFlags, SealFlags};
use virtio_igpu_executor::{
    Backing, Completion, Context, ContextFlags, Ending, EngineProperties, Executor, Extent,
    Factory, GuestMemory, Hang, Platform, Point, Refused, Sink, Slot, Submission, Timeline, Update,
    Wait,
};
use vm_memory::{Bytes, FileOffset, GuestAddress};

use crate::batch::Batch;
use crate::{Feature, UnderTest};

/// The regions of guest memory: where they begin, and their bytes. They don't touch.
pub(crate) const REGIONS: [(u64, u64); 2] = [(0, 0x80_0000), (1 << 32, 0x10_0000)];
/// GPU address of the first region's first byte, in every space that [`Rig::space`] makes.
pub(crate) const BASE: u64 = 0x10_0000_0000;
/// Bytes of a page.
pub(crate) const PAGE: u64 = 4096;
/// Engine classes, in i915's numbers.
pub(crate) const RENDER: u16 = 0;
/// The blitter.
pub(crate) const COPY: u16 = 1;
/// Video decoding.
pub(crate) const VIDEO: u16 = 2;

/// Where the executor reports.
struct Ears(Mutex<Sender<Report>>);

enum Report {
    Ended(Completion),
    Hung(Hang),
}

impl Sink for Ears {
    fn completed(&self, completion: Completion) {
        self.tell(Report::Ended(completion));
    }

    fn hung(&self, hang: Hang) {
        self.tell(Report::Hung(hang));
    }
}

impl Ears {
    fn tell(&self, report: Report) {
        // A rig that is gone has heard enough.
        if let Ok(sender) = self.0.lock() {
            let _ = sender.send(report);
        }
    }
}

/// An address space: its number and its bind timeline.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Space {
    pub(crate) id: u32,
    pub(crate) timeline: Timeline,
}

/// A context: its number and its slots' timelines.
#[derive(Clone, Debug)]
pub(crate) struct Ctx {
    pub(crate) id: u32,
    pub(crate) timelines: Vec<Timeline>,
}

/// A batch that waits for the CPU.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gate {
    place: u64,
    /// GPU address of the batch.
    pub(crate) batch: u64,
}

/// An executor under test.
pub struct Rig {
    pub(crate) platform: Platform,
    features: Vec<Feature>,
    patience: Duration,
    executor: Option<Box<dyn Executor>>,
    memory: Arc<GuestMemory>,
    reports: Receiver<Report>,
    accepted: HashSet<Point>,
    ended: HashMap<Point, Completion>,
    order: Vec<Point>,
    latest: HashMap<Timeline, u64>,
    hangs: Vec<Hang>,
    values: HashMap<Timeline, u64>,
    next_timeline: Timeline,
    next_id: u32,
    next_place: u64,
}

/// Fresh mappings of the regions' files.
fn map(files: &[(u64, u64, FileOffset)]) -> Arc<GuestMemory> {
    let ranges = files
        .iter()
        .map(|(start, length, file)| (GuestAddress(*start), *length as usize, Some(file.clone())));
    Arc::new(GuestMemory::from_ranges_with_files(ranges).expect("guest memory can be mapped"))
}

fn files() -> Vec<(u64, u64, FileOffset)> {
    REGIONS
        .iter()
        .map(|&(start, length)| {
            let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
            let file = rustix::fs::memfd_create("guest", flags).expect("a memfd");
            rustix::fs::ftruncate(&file, length).expect("its length");
            // As QEMU seals a guest's memory.
            let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
            rustix::fs::fcntl_add_seals(&file, seals).expect("it can be sealed");
            (start, length, FileOffset::new(file.into(), 0))
        })
        .collect()
}

impl Rig {
    /// A fresh executor of whatever is under test.
    pub(crate) fn new(under_test: &dyn UnderTest) -> Self {
        let factory: Arc<dyn Factory> = under_test.factory();
        let memory = map(&files());
        let (sender, reports) = channel();
        let ears = Arc::new(Ears(Mutex::new(sender)));
        let executor = factory
            .start(Arc::clone(&memory), ears)
            .expect("the executor starts");
        let all = Feature::value_variants().iter().copied();
        Self {
            platform: factory.platform().clone(),
            features: all.filter(|&f| under_test.offers(f)).collect(),
            patience: under_test.patience(),
            executor: Some(executor),
            memory,
            reports,
            accepted: HashSet::new(),
            ended: HashMap::new(),
            order: Vec::new(),
            latest: HashMap::new(),
            hangs: Vec::new(),
            values: HashMap::new(),
            next_timeline: 100,
            next_id: 1,
            next_place: PAGE,
        }
    }

    /// The case is over: everything accepted has to have ended, or ends now by being dropped.
    pub(crate) fn finish(mut self) {
        self.executor = None;
        self.listen(Duration::ZERO);
    }

    pub(crate) fn offers(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }

    pub(crate) fn executor(&mut self) -> &mut dyn Executor {
        &mut **self.executor.as_mut().expect("the executor was dropped")
    }

    /// Drops the executor. What it had reported before has been listened to.
    pub(crate) fn drop_executor(&mut self) {
        self.executor = None;
        self.listen(Duration::ZERO);
    }

    // ---- memory

    /// A page of zeros in the first region: its guest-physical address.
    pub(crate) fn place(&mut self) -> u64 {
        self.places(1)
    }

    /// Pages of zeros that follow each other.
    pub(crate) fn places(&mut self, pages: u64) -> u64 {
        let place = self.next_place;
        self.next_place += pages * PAGE;
        assert!(
            self.next_place <= REGIONS[0].1,
            "the case needs more memory"
        );
        place
    }

    pub(crate) fn read(&self, address: u64) -> u32 {
        let address = GuestAddress(address);
        let value = self.memory.load::<u32>(address, Ordering::Acquire);
        value.expect("guest memory")
    }

    pub(crate) fn write(&self, address: u64, value: u32) {
        let address = GuestAddress(address);
        let written = self.memory.store(value, address, Ordering::Release);
        written.expect("guest memory");
    }

    /// Waits until the GPU has written a value.
    pub(crate) fn wait_for(&mut self, address: u64, value: u32) {
        self.wait_until(|rig| rig.read(address) == value);
    }

    /// Waits until something holds of the memory.
    #[track_caller]
    pub(crate) fn wait_until(&mut self, holds: impl Fn(&Self) -> bool) {
        self.executor().flush();
        let start = Instant::now();
        while !holds(self) {
            assert!(start.elapsed() < self.patience, "it never came to hold");
            std::thread::sleep(Duration::from_micros(100));
        }
    }

    /// Gives the executor new mappings of the same memory.
    pub(crate) fn remap(&mut self, files: Vec<(u64, u64, FileOffset)>) {
        let memory = map(&files);
        self.executor()
            .set_memory(Arc::clone(&memory))
            .expect("new memory is taken");
        self.memory = memory;
    }

    /// The files behind the memory.
    pub(crate) fn files(&self) -> Vec<(u64, u64, FileOffset)> {
        use vm_memory::{Address, GuestMemoryBackend, GuestMemoryRegion};
        self.memory
            .iter()
            .map(|region| {
                let file = region.file_offset().expect("memory of a file");
                (region.start_addr().raw_value(), region.len(), file.clone())
            })
            .collect()
    }

    // ---- address spaces

    /// A number and a timeline that nothing else has.
    pub(crate) fn numbers(&mut self) -> (u32, Timeline) {
        self.next_id += 1;
        self.next_timeline += 1;
        (self.next_id, self.next_timeline)
    }

    /// An empty address space.
    pub(crate) fn empty_space(&mut self) -> Space {
        let (id, timeline) = self.numbers();
        self.executor()
            .create_address_space(id, timeline)
            .expect("an address space can be made");
        Space { id, timeline }
    }

    /// An address space with the first region at [`BASE`]; that it is bound has been waited for.
    pub(crate) fn space(&mut self) -> Space {
        let space = self.empty_space();
        let (address, length) = REGIONS[0];
        let point = self.bind(space, BASE, &[(address, length)]);
        self.ends(point, Ending::Done);
        space
    }

    /// The next point of a timeline.
    pub(crate) fn next_point(&mut self, timeline: Timeline) -> Point {
        let value = self.values.entry(timeline).or_default();
        *value += 1;
        let value = *value;
        Point { timeline, value }
    }

    /// Memory, as pairs of guest-physical address and length, at a GPU address.
    pub(crate) fn bind(&mut self, space: Space, address: u64, extents: &[(u64, u64)]) -> Point {
        let backing = memory(extents, false);
        let length = extents.iter().map(|extent| extent.1).sum();
        self.update(space, (address, length), backing, &[])
    }

    pub(crate) fn unbind(&mut self, space: Space, address: u64, length: u64) -> Point {
        self.update(space, (address, length), Backing::Nothing, &[])
    }

    pub(crate) fn update(
        &mut self,
        space: Space,
        (address, length): (u64, u64),
        backing: Backing,
        waits: &[Point],
    ) -> Point {
        let point = self.next_point(space.timeline);
        let update = Update {
            address_space: space.id,
            address,
            length,
            backing,
            waits: waits.to_vec(),
            signal: point.value,
        };
        self.accepted.insert(point);
        self.executor().update(update).expect("an update is taken");
        point
    }

    /// Whether there is a feature. Where there is none, that such an update is refused.
    pub(crate) fn maps(&mut self, feature: Feature, space: Space, backing: Backing) -> bool {
        if self.offers(feature) {
            return true;
        }
        let update = Update {
            address_space: space.id,
            address: 0x50_0000_0000,
            length: PAGE,
            backing,
            waits: vec![],
            signal: 1 << 32,
        };
        let answer = self.executor().update(update);
        assert!(matches!(answer, Err(Refused::Unsupported(_))), "{answer:?}");
        false
    }

    // ---- contexts and submissions

    /// A recoverable context with a slot on the first engine of each of these classes.
    pub(crate) fn context(&mut self, space: Space, classes: &[u16]) -> Ctx {
        self.context_with(space, classes, true)
    }

    pub(crate) fn context_with(&mut self, space: Space, classes: &[u16], recoverable: bool) -> Ctx {
        let slots: Vec<_> = classes.iter().map(|&class| (class, 1)).collect();
        self.context_on(space, &slots, recoverable)
    }

    /// A context with slots of these classes and instances.
    pub(crate) fn context_on(
        &mut self,
        space: Space,
        slots: &[(u16, u16)],
        recoverable: bool,
    ) -> Ctx {
        let (id, _) = self.numbers();
        let mut timelines = Vec::new();
        let slots = slots
            .iter()
            .map(|&(class, instances)| {
                let (_, timeline) = self.numbers();
                timelines.push(timeline);
                Slot {
                    class,
                    instances,
                    timeline,
                }
            })
            .collect();
        let context = Context {
            address_space: space.id,
            flags: flags(recoverable),
            slots,
        };
        self.executor()
            .create_context(id, context)
            .expect("a context can be made");
        Ctx { id, timelines }
    }

    /// What a submission of one batch looks like. Its point is the slot's next.
    pub(crate) fn submission(
        &mut self,
        ctx: &Ctx,
        slot: usize,
        batch: u64,
        waits: &[Point],
    ) -> (Point, Submission) {
        let point = self.next_point(ctx.timelines[slot]);
        let submission = Submission {
            context: ctx.id,
            slot: slot as u16,
            batches: vec![batch].into(),
            waits: waits.iter().map(|&point| end_of(point)).collect(),
            signal: point.value,
            priority: 0,
            sseu: None,
            cancelled: false,
        };
        (point, submission)
    }

    pub(crate) fn submit(&mut self, ctx: &Ctx, slot: usize, batch: u64, waits: &[Point]) -> Point {
        let (point, submission) = self.submission(ctx, slot, batch, waits);
        self.submit_as(point, submission)
            .expect("a submission is taken");
        point
    }

    /// Submits, and remembers the point if it is accepted.
    pub(crate) fn submit_as(
        &mut self,
        point: Point,
        submission: Submission,
    ) -> Result<(), Refused> {
        self.accepted.insert(point);
        let answer = self.executor().submit(submission);
        if answer.is_err() {
            self.accepted.remove(&point);
        }
        answer
    }

    // ---- batches

    /// Puts a batch into memory. Its GPU address.
    pub(crate) fn batch(&mut self, dwords: &[u32]) -> u64 {
        let place = self.places((dwords.len() as u64 * 4).div_ceil(PAGE));
        for (number, &dword) in dwords.iter().enumerate() {
            self.write(place + number as u64 * 4, dword);
        }
        BASE + place
    }

    /// A batch that stores one u32 at a GPU address.
    pub(crate) fn store(&mut self, address: u64, value: u32) -> u64 {
        self.batch(&Batch::new().store(address, value).end())
    }

    /// A batch that runs until [`Rig::open`], and lets others onto its engine meanwhile. With a
    /// store it makes when it goes on.
    pub(crate) fn gate(&mut self, then: Option<(u64, u32)>) -> Gate {
        let place = self.place();
        let mut batch = Batch::new()
            .store(BASE + place + 64, 1)
            .wait_until(BASE + place, 1);
        if let Some((address, value)) = then {
            batch = batch.store(address, value);
        }
        let batch = self.batch(&batch.end());
        Gate { place, batch }
    }

    /// Lets a gate's batch go on.
    pub(crate) fn open(&self, gate: Gate) {
        self.write(gate.place, 1);
    }

    /// Waits until a gate's batch has begun.
    pub(crate) fn begun(&mut self, gate: Gate) {
        self.wait_for(gate.place + 64, 1);
    }

    /// A batch that never ends, and lets nobody else onto its engine. The place is where it
    /// writes 1 when it has begun.
    pub(crate) fn endless(&mut self) -> (u64, u64) {
        let place = self.place();
        let start = Batch::new()
            .no_arbitration()
            .store(BASE + place, 1)
            .endless();
        let batch = BASE + self.next_place;
        let behind = batch + start.len() as u64 * 4;
        let dwords = [start, Batch::new().jump(behind).endless()].concat();
        assert_eq!(self.batch(&dwords), batch);
        (place, batch)
    }

    /// Has hangs found within a fraction of a second, where that can be said.
    pub(crate) fn find_hangs_soon(&mut self) {
        if !self.offers(Feature::EngineProperties) {
            return;
        }
        for engine in self.platform.engines.clone() {
            let properties = EngineProperties {
                class: engine.class,
                instance: engine.instance,
                heartbeat_interval_ms: 100,
                preempt_timeout_ms: 50,
                timeslice_duration_ms: 1,
                hang_detection: true,
            };
            self.executor()
                .set_engine_properties(properties)
                .expect("an engine's timing can be changed");
        }
    }

    // ---- what is reported

    /// Takes what has been reported, waiting up to `time` for something. Whether there was.
    fn listen(&mut self, time: Duration) -> bool {
        let mut any = false;
        let mut time = time;
        loop {
            match self.reports.recv_timeout(time) {
                Ok(report) => self.hear(report),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return any,
            }
            any = true;
            time = Duration::ZERO;
        }
    }

    fn hear(&mut self, report: Report) {
        match report {
            Report::Hung(hang) => self.hangs.push(hang),
            Report::Ended(completion) => {
                let point = completion.point;
                assert!(
                    self.accepted.contains(&point),
                    "{completion:?}, which was never accepted"
                );
                let before = self.latest.insert(point.timeline, point.value);
                assert!(
                    before.is_none_or(|before| before < point.value),
                    "{completion:?} after {before:?}"
                );
                if completion.ending == Ending::Hung {
                    assert!(
                        self.hangs.iter().any(|hang| hang.point == point),
                        "{completion:?} without a hang reported before"
                    );
                }
                self.order.push(point);
                self.ended.insert(point, completion);
            }
        }
    }

    /// Waits for the end of a point.
    pub(crate) fn completion(&mut self, point: Point) -> Completion {
        if self.executor.is_some() {
            self.executor().flush();
        }
        let start = Instant::now();
        loop {
            self.listen(Duration::from_millis(20));
            if let Some(completion) = self.ended.get(&point) {
                return *completion;
            }
            let passed = start.elapsed();
            assert!(passed < self.patience, "{point:?} never ended");
        }
    }

    pub(crate) fn ending(&mut self, point: Point) -> Ending {
        self.completion(point).ending
    }

    /// Waits for the end of a point, which has to be this one.
    #[track_caller]
    pub(crate) fn ends(&mut self, point: Point, ending: Ending) {
        assert_eq!(self.ending(point), ending, "{point:?}");
    }

    /// Whether a point has ended by now.
    pub(crate) fn has_ended(&mut self, point: Point) -> bool {
        self.listen(Duration::ZERO);
        self.ended.contains_key(&point)
    }

    /// That a point does not end while there is time to.
    #[track_caller]
    pub(crate) fn stays(&mut self, point: Point) {
        self.executor().flush();
        std::thread::sleep(Duration::from_millis(30));
        assert!(!self.has_ended(point), "{point:?} has ended");
    }

    /// Which of two points ended first.
    #[track_caller]
    pub(crate) fn ended_before(&self, first: Point, second: Point) {
        let position = |point| self.order.iter().position(|&ended| ended == point);
        assert!(position(first) < position(second), "{:?}", self.order);
    }

    /// The hangs reported until now.
    pub(crate) fn hangs(&self) -> &[Hang] {
        &self.hangs
    }
}

/// A wait for a point's end.
pub(crate) fn end_of(point: Point) -> Wait {
    Wait {
        point,
        start: false,
    }
}

pub(crate) fn flags(recoverable: bool) -> ContextFlags {
    ContextFlags {
        recoverable,
        no_error_capture: false,
    }
}

pub(crate) fn memory(extents: &[(u64, u64)], read_only: bool) -> Backing {
    let extents = extents
        .iter()
        .map(|&(address, length)| Extent { address, length })
        .collect();
    Backing::Memory { extents, read_only }
}
