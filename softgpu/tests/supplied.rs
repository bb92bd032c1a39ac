//! Batches in memory for which closures stand: what is executed, read and written there
//! is the same as in plain memory.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use softgpu::*;

const VA: u64 = 0x10_0000;
const BINDS: TimelineId = TimelineId(1);
const SUBMISSIONS: TimelineId = TimelineId(2);

#[derive(Default)]
struct Log(Mutex<Vec<Outcome>>);

impl CompletionSink for Log {
    fn completed(&self, completion: Completion) {
        self.0.lock().unwrap().push(completion.outcome);
    }

    fn hung(&self, report: HangReport) {
        panic!("{report}");
    }
}

/// 8 KiB for which closures stand.
fn closures(base: u64) -> Region {
    let bytes = Arc::new(Mutex::new(vec![0; 0x2000]));
    let reader = Arc::clone(&bytes);
    Region::from_fn(
        base,
        0x2000,
        move |offset, out| {
            let at = offset as usize;
            out.copy_from_slice(&reader.lock().unwrap()[at..at + out.len()]);
        },
        move |offset, data| {
            let at = offset as usize;
            bytes.lock().unwrap()[at..at + data.len()].copy_from_slice(data);
        },
    )
}

/// Runs a batch at the beginning of these 16 KiB; what the memory holds then.
fn run(memory: &Memory, batch: &[u32]) -> Vec<u8> {
    for (number, &dword) in batch.iter().enumerate() {
        memory.write_u32(number as u64 * 4, dword).unwrap();
    }
    let log = Arc::new(Log::default());
    let sink: Arc<dyn CompletionSink> = Arc::clone(&log) as _;
    let config = GpuConfig {
        strict: true,
        ..GpuConfig::new(Platform::TGL, memory.clone(), sink)
    };
    let mut gpu = Gpu::deterministic(config, 0);
    let space = AddressSpaceId(1);
    gpu.create_address_space(space, BINDS).unwrap();
    let slot = EngineSlot {
        class: EngineClass::Copy,
        instances: 1,
        timeline: SUBMISSIONS,
    };
    let description = ContextDescription {
        address_space: space,
        recoverable: false,
        slots: vec![slot],
    };
    gpu.create_context(ContextId(1), description).unwrap();
    let pieces = [(0, 0x2000), (0x2000, 0x2000)];
    gpu.bind(Bind {
        address_space: space,
        va: VA,
        length: 0x4000,
        extents: pieces
            .map(|(address, length)| Extent { address, length })
            .to_vec(),
        read_only: false,
        null: false,
        waits: vec![],
        signal: 1,
    })
    .unwrap();
    let bound = Point {
        timeline: BINDS,
        value: 1,
    };
    gpu.submit(Submission {
        context: ContextId(1),
        slot: 0,
        batches: vec![VA],
        waits: vec![Wait::End(bound)],
        signal: 1,
        priority: 0,
        sseu: None,
        cancelled: false,
    })
    .unwrap();
    assert!(gpu.run_until_idle(Duration::from_secs(1)));
    assert_eq!(*log.0.lock().unwrap(), [Outcome::Completed; 2]);
    let mut image = vec![0; 0x4000];
    memory.read(0, &mut image[..0x2000]).unwrap();
    memory.read(0x2000, &mut image[0x2000..]).unwrap();
    image
}

#[test]
fn batches_execute_in_memory_that_closures_stand_for() {
    let va = VA as u32;
    let mut batch = vec![0, 0];
    // MI_STORE_DATA_IMM, of a dword and of a qword that crosses from one region to the
    // other; MI_ATOMIC, increment, on both; MI_COPY_MEM_MEM; XY_FAST_COPY_BLT of 16 pixels.
    batch.extend([0x1000_0002, va + 0x800, 0, 5]);
    batch.extend([0x1020_0003, va + 0x1ffc, 0, 0x1122_3344, 0x5566_7788]);
    batch.extend([0x1780_0501, va + 0x800, 0, 0x1780_0501, va + 0x2000, 0]);
    batch.extend([0x1700_0003, va + 0x2008, 0, va + 0x800, 0]);
    batch.extend([0x5080_0008, 0x0300_0040, 0, 0x0001_0010]);
    batch.extend([va + 0x2100, 0, 0, 0x40, va + 0x800, 0]);
    // A chain to a command that lies in both regions.
    batch.extend([0x1880_0101, va + 0x1f00, 0]);
    let mut whole = batch.clone();
    whole.resize(0x1f00 / 4, 0);
    whole.extend([0; 16]);
    whole.extend([0x1000_0002, va + 0x3000, 0, 9, 0x0500_0000]);
    let plain = Memory::owned(0, 0x4000).unwrap();
    let expected = run(&plain, &whole);
    assert_eq!(expected[0x3000], 9);
    assert_eq!(expected[0x2008], 6);
    assert_eq!(expected[0x2100], 6);
    let plain = |base| Region::owned(base, 0x2000).unwrap();
    for regions in [
        vec![closures(0), closures(0x2000)],
        vec![plain(0), closures(0x2000)],
        vec![closures(0), plain(0x2000)],
    ] {
        let memory = Memory::new(regions).unwrap();
        assert!(run(&memory, &whole) == expected);
    }
}
