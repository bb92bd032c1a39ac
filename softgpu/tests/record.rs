//! Recordings: what was recorded from any GPU comes out the same when it is replayed.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io::Write;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use softgpu::record::{Replay, ReplayEvent, ReplayOptions};
use softgpu::*;

const VA: u64 = 0x10_0000;
const LENGTH: u64 = 0x1_0000;
const COUNT: u64 = 0x8000;
const BINDS: TimelineId = TimelineId(100);
const SPACE: AddressSpaceId = AddressSpaceId(1);
const END: u32 = 0x0500_0000;

/// A file that the test can look into.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Vec<u8>>>);

impl Write for Tape {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Tape {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

struct Sink(Mutex<Sender<Completion>>);

impl CompletionSink for Sink {
    fn completed(&self, completion: Completion) {
        let _ = self.0.lock().unwrap().send(completion);
    }

    fn hung(&self, _: HangReport) {}
}

struct Rig {
    config: GpuConfig,
    memory: Memory,
    recorder: Arc<Recorder>,
    tape: Tape,
    completions: Receiver<Completion>,
}

impl Rig {
    fn new() -> Self {
        let memory = Memory::owned(0, LENGTH).unwrap();
        let tape = Tape::default();
        let recorder = Arc::new(Recorder::new(tape.clone()));
        let (sender, completions) = channel();
        let sink = Arc::new(Sink(Mutex::new(sender)));
        let config = GpuConfig {
            recorder: Some(Arc::clone(&recorder)),
            ..GpuConfig::new(Platform::TGL, memory.clone(), sink)
        };
        Self {
            config,
            memory,
            recorder,
            tape,
            completions,
        }
    }

    fn put(&self, offset: u64, dwords: &[u32]) {
        for (number, &dword) in dwords.iter().enumerate() {
            let at = offset + number as u64 * 4;
            self.memory.write_u32(at, dword).unwrap();
        }
    }
}

/// An address space with all memory, and a context on the render and the copy engine.
fn furnish(gpu: &Gpu) {
    gpu.create_address_space(SPACE, BINDS).unwrap();
    gpu.bind(Bind {
        address_space: SPACE,
        va: VA,
        length: LENGTH,
        extents: vec![Extent {
            address: 0,
            length: LENGTH,
        }],
        read_only: false,
        null: false,
        waits: vec![],
        signal: 1,
    })
    .unwrap();
    let slot = |class, timeline| EngineSlot {
        class,
        instances: 1,
        timeline: TimelineId(timeline),
    };
    let description = ContextDescription {
        address_space: SPACE,
        recoverable: true,
        slots: vec![slot(EngineClass::Render, 1), slot(EngineClass::Copy, 2)],
    };
    gpu.create_context(ContextId(1), description).unwrap();
}

fn submission(slot: u16, offset: u64, waits: &[(u64, u64)], signal: u64) -> Submission {
    let wait = |&(timeline, value): &(u64, u64)| {
        Wait::End(Point {
            timeline: TimelineId(timeline),
            value,
        })
    };
    let bound = [(100, 1)];
    Submission {
        context: ContextId(1),
        slot,
        batches: vec![VA + offset],
        waits: bound.iter().chain(waits).map(wait).collect(),
        signal,
        priority: 0,
        sseu: None,
        cancelled: false,
    }
}

/// MI_ATOMIC, increment, and then some that stores what is there elsewhere.
fn count_and_copy(to: u64) -> Vec<u32> {
    let count = (VA + COUNT) as u32;
    let to = (VA + to) as u32;
    vec![0x1780_0501, count, 0, 0x1700_0003, to, 0, count, 0, END]
}

/// Three submissions, each of which counts on from the last, and a batch that the
/// processor writes in between.
fn play(rig: &Rig, gpu: &Gpu, mut wait: impl FnMut()) {
    furnish(gpu);
    rig.put(0x1000, &count_and_copy(0x9000));
    rig.put(COUNT, &[100]);
    gpu.submit(submission(0, 0x1000, &[], 1)).unwrap();
    rig.put(0x2000, &count_and_copy(0x9004));
    gpu.submit(submission(1, 0x2000, &[(1, 1)], 1)).unwrap();
    wait();
    // The same batch again, changed.
    rig.put(0x1000, &count_and_copy(0x9008));
    gpu.submit(submission(0, 0x1000, &[], 2)).unwrap();
    wait();
}

fn replay(tape: &[u8], seed: Option<u64>) -> Replay {
    let options = ReplayOptions {
        seed,
        ..ReplayOptions::default()
    };
    Replay::run(tape, &options, |_| {}).unwrap()
}

fn check(rig: &Rig, image: u64) {
    let bytes = rig.tape.bytes();
    let mut expected = vec![0; LENGTH as usize];
    rig.memory.read(0, &mut expected).unwrap();
    for seed in [None, Some(0), Some(1), Some(77)] {
        let replay = replay(&bytes, seed);
        assert!(replay.agrees(), "{:?}", replay.different);
        assert_eq!((replay.image, replay.refused), (image, 0));
        let mut now = vec![0; LENGTH as usize];
        replay.memory.read(0, &mut now).unwrap();
        assert!(now == expected);
    }
}

#[test]
fn a_recording_from_threads_replays_to_the_same_memory() {
    let rig = Rig::new();
    let gpu = Gpu::new(rig.config.clone()).unwrap();
    let mut left = 5;
    play(&rig, &gpu, || {
        // A bind and two submissions, then one.
        for _ in 0..if left == 5 { 3 } else { 1 } {
            let completion = rig
                .completions
                .recv_timeout(Duration::from_secs(20))
                .unwrap();
            assert_eq!(completion.outcome, Outcome::Completed);
        }
        left = 0;
    });
    assert_eq!(rig.memory.read_u32(0x9008).unwrap(), 103);
    let image = rig.recorder.finish(&rig.memory).unwrap();
    check(&rig, image);
}

#[test]
fn a_recording_without_threads_replays_step_by_step() {
    for seed in 0..20 {
        let rig = Rig::new();
        let gpu = Mutex::new(Gpu::deterministic(rig.config.clone(), seed));
        {
            let mut gpu = gpu.lock().unwrap();
            furnish(&gpu);
            rig.put(0x1000, &count_and_copy(0x9000));
            gpu.submit(submission(0, 0x1000, &[], 1)).unwrap();
            // While it executes, or before, or after: the seed knows.
            for _ in 0..8 {
                gpu.step();
            }
            rig.put(0x2000, &count_and_copy(0x9004));
            gpu.submit(submission(1, 0x2000, &[], 1)).unwrap();
            for _ in 0..3 {
                gpu.step();
            }
            gpu.reset_active();
            gpu.submit(submission(1, 0x2000, &[], 2)).unwrap();
            assert!(gpu.run_until_idle(Duration::from_secs(1)));
        }
        let image = rig.recorder.finish(&rig.memory).unwrap();
        let bytes = rig.tape.bytes();
        let replayed = replay(&bytes, None);
        assert!(replayed.agrees(), "seed {seed}: {:?}", replayed.different);
        assert_eq!(replayed.image, image);
        assert_eq!(replayed.elapsed, gpu.lock().unwrap().elapsed());
    }
}

#[test]
fn another_image_is_told_apart() {
    let rig = Rig::new();
    let mut gpu = Gpu::deterministic(rig.config.clone(), 1);
    furnish(&gpu);
    rig.put(0x1000, &count_and_copy(0x9000));
    gpu.submit(submission(0, 0x1000, &[], 1)).unwrap();
    assert!(gpu.run_until_idle(Duration::from_secs(1)));
    // Behind the recorder's back.
    rig.put(0x9000, &[77]);
    rig.recorder.finish(&rig.memory).unwrap();
    assert!(!replay(&rig.tape.bytes(), None).agrees());
}

#[test]
fn what_the_processor_writes_late_can_be_noted() {
    let rig = Rig::new();
    let mut gpu = Gpu::deterministic(rig.config.clone(), 1);
    furnish(&gpu);
    // MI_SEMAPHORE_WAIT, polling, equal; then count.
    let mut batch = vec![0x0e00_c002, 1, (VA + 0xa000) as u32, 0];
    batch.extend(count_and_copy(0x9000));
    rig.put(0x1000, &batch);
    gpu.submit(submission(0, 0x1000, &[], 1)).unwrap();
    assert!(!gpu.run_until_idle(Duration::from_millis(10)));
    rig.put(0xa000, &[1]);
    rig.recorder.note(&rig.memory);
    assert!(gpu.run_until_idle(Duration::from_secs(1)));
    let image = rig.recorder.finish(&rig.memory).unwrap();
    check(&rig, image);
}

#[test]
fn the_program_says_what_comes_out() {
    let rig = Rig::new();
    let mut gpu = Gpu::deterministic(rig.config.clone(), 1);
    furnish(&gpu);
    rig.put(0x1000, &count_and_copy(0x9000));
    gpu.submit(submission(0, 0x1000, &[], 1)).unwrap();
    rig.put(0x2000, &[0x1f80_0000]);
    gpu.submit(submission(1, 0x2000, &[], 1)).unwrap();
    assert!(gpu.run_until_idle(Duration::from_secs(1)));
    let image = rig.recorder.finish(&rig.memory).unwrap();
    let path = std::env::temp_dir().join(format!("igpu-replay-{}", std::process::id()));
    std::fs::write(&path, rig.tape.bytes()).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_igpu-replay"));
        command.arg(&path).args(arguments).output().unwrap()
    };
    let output = run(&[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("100:1 completed"), "{text}");
    assert!(text.contains("unknown command"), "{text}");
    assert!(text.contains("2:1 hung"), "{text}");
    let verdict = format!("memory {image:#018x}: as recorded");
    assert!(text.contains(&verdict), "{text}");
    assert_eq!(run(&["--quiet"]).stdout.split(|&b| b == b'\n').count(), 3);
    std::fs::write(&path, b"something else").unwrap();
    assert_eq!(run(&[]).status.code(), Some(2));
    std::fs::remove_file(&path).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 300, ..ProptestConfig::default() })]

    /// Damaged recordings are replayed as far as they go, or refused.
    #[test]
    fn any_bytes_are_survived(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let rig = Rig::new();
        let mut gpu = Gpu::deterministic(rig.config.clone(), 1);
        furnish(&gpu);
        rig.put(0x1000, &count_and_copy(0x9000));
        gpu.submit(submission(0, 0x1000, &[], 1)).unwrap();
        gpu.run_until_idle(Duration::from_secs(1));
        rig.recorder.finish(&rig.memory).unwrap();
        let mut bytes = rig.tape.bytes();
        let length = bytes.len() - 12;
        for (at, value) in changes {
            bytes[12 + at.index(length)] = value;
        }
        let options = ReplayOptions {
            memory_limit: 1 << 24,
            time_limit: Duration::from_millis(20),
            ..ReplayOptions::default()
        };
        let mut events: Vec<ReplayEvent> = Vec::new();
        let _ = Replay::run(bytes.as_slice(), &options, |event| events.push(event.clone()));
    }
}
