//! What an idle engine can take begins on the thread that submits it, for a moment.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::thread::{self, ThreadId};
use std::time::Duration;

use common::{BASE, BINDS, END, LENGTH, NOOP, Rig, SPACE, store};
use softgpu::*;

/// A sink that says on which thread each submission's end was reported.
struct Threads(Mutex<Sender<(u64, ThreadId)>>);

impl CompletionSink for Threads {
    fn completed(&self, completion: Completion) {
        if completion.point.timeline != BINDS {
            let told = (completion.point.value, thread::current().id());
            let _ = self.0.lock().unwrap().send(told);
        }
    }

    fn hung(&self, report: HangReport) {
        panic!("{report:?}");
    }
}

#[test]
fn a_short_batch_has_ended_when_it_is_submitted() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Render, 1, 0);
    rig.put(0, &store(0x800, 1));
    for value in 1..=100 {
        rig.put(0x800, &[0]);
        rig.submit(1, 0, &[], value);
        assert_eq!(rig.dword(0x800), 1);
        rig.expect(1, value, Outcome::Completed);
        rig.comes_to_rest();
    }
}

/// A GPU with all its memory bound and a context on two engines, which reports to `sink`.
fn gpu_with(sink: Arc<dyn CompletionSink>) -> (Arc<Gpu>, Memory) {
    let memory = Memory::owned(0, LENGTH).unwrap();
    let config = GpuConfig::new(Platform::TGL, memory.clone(), sink);
    let gpu = Gpu::new(config).unwrap();
    gpu.create_address_space(SPACE, BINDS).unwrap();
    let (va, length) = (BASE, LENGTH);
    let extents = vec![Extent { address: 0, length }];
    gpu.bind(Bind {
        address_space: SPACE,
        va,
        length,
        extents,
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
        slots: vec![slot(EngineClass::Render, 10), slot(EngineClass::Copy, 11)],
    };
    gpu.create_context(ContextId(1), description).unwrap();
    (Arc::new(gpu), memory)
}

fn submission(slot: u16, offset: u64, signal: u64) -> Submission {
    Submission {
        context: ContextId(1),
        slot,
        batches: vec![BASE + offset],
        waits: vec![],
        signal,
        priority: 0,
        sseu: None,
        cancelled: false,
    }
}

#[test]
fn a_long_batch_and_a_blit_are_the_engines_own() {
    let (sender, told) = channel();
    let (gpu, memory) = gpu_with(Arc::new(Threads(Mutex::new(sender))));
    let put = |offset: u64, dwords: &[u32]| {
        for (at, dword) in (offset..).step_by(4).zip(dwords) {
            memory.write_u32(at, *dword).unwrap();
        }
    };
    // XY_COLOR_BLT: four rows of 1 KiB.
    let target = BASE + 0x10_0000;
    let blit = [
        0x5430_0005,
        0x03f0_0400,
        0,
        (4 << 16) | 256,
        target as u32,
        (target >> 32) as u32,
        7,
    ];
    put(0, &[&store(0x800, 1)[..4], &blit, &[END]].concat());
    // More than one thread does for another.
    let stores: Vec<u32> = [&store(0x804, 1)[..4]; 200].concat();
    put(0x1000, &[&stores[..], &[END]].concat());

    let me = thread::current().id();
    for (value, offset) in [(1, 0), (2, 0x1000)] {
        gpu.submit(submission(1, offset, value)).unwrap();
        let (ended, thread) = told.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(ended, value);
        assert_ne!(thread, me);
        while gpu.counters().pending > 0 {
            thread::yield_now();
        }
    }
    let dword = |offset| memory.read_u32(offset).unwrap();
    assert_eq!(dword(0x10_0000 + 0xffc), 7);
    assert_eq!((dword(0x800), dword(0x804)), (1, 1));
}

#[test]
fn an_endless_batch_keeps_nobody_who_submits() {
    let rig = Rig::new();
    rig.context(1, EngineClass::Render, 1, 0);
    rig.context(2, EngineClass::Render, 1, 0);
    rig.context(3, EngineClass::Copy, 1, 0);
    rig.spinner(0x1000, true);
    rig.put(0, &[NOOP, END]);
    rig.submit(1, 0x1000, &[], 1);
    rig.wait_for_dword(0x1f00, 1);
    // Behind it in time slices, and beside it.
    rig.submit(2, 0, &[], 1);
    rig.submit(3, 0, &[], 1);
    let mut ended = [rig.next().point.timeline.0, rig.next().point.timeline.0];
    ended.sort_unstable();
    assert_eq!(ended, [2, 3]);
    rig.end_spinner(0x1000);
    rig.expect(1, 1, Outcome::Completed);
    assert!(rig.hangs.lock().unwrap().is_empty());
}

/// A sink that submits the next batch when one has ended.
struct Relay {
    gpu: OnceLock<Weak<Gpu>>,
    last: u64,
    done: Mutex<Sender<()>>,
}

impl CompletionSink for Relay {
    fn completed(&self, completion: Completion) {
        let value = completion.point.value;
        if completion.point.timeline == BINDS {
            return;
        }
        if value == self.last {
            let _ = self.done.lock().unwrap().send(());
            return;
        }
        if let Some(gpu) = self.gpu.get().and_then(Weak::upgrade) {
            let slot = (value % 2) as u16;
            gpu.submit(submission(slot, 0, value + 1)).unwrap();
        }
    }

    fn hung(&self, report: HangReport) {
        panic!("{report:?}");
    }
}

/// Each begins on the other engine, which may be idle; within the one before, but not within
/// ever more of them.
#[test]
fn a_sink_that_submits_nests_no_deeper_than_there_are_engines() {
    let (sender, done) = channel();
    let relay = Arc::new(Relay {
        gpu: OnceLock::new(),
        last: 50_000,
        done: Mutex::new(sender),
    });
    let (gpu, memory) = gpu_with(relay.clone());
    memory.write_u32(0, END).unwrap();
    assert!(relay.gpu.set(Arc::downgrade(&gpu)).is_ok());
    gpu.submit(submission(1, 0, 1)).unwrap();
    done.recv_timeout(Duration::from_secs(60)).unwrap();
}
