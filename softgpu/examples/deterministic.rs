//! Two contexts count in the same place without an atomic operation, on a GPU without
//! threads: which increments are lost depends on the seed alone.
//!
//! `cargo run -p softgpu --example deterministic`

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use softgpu::*;

const VA: u64 = 0x10_0000;
const COUNT: u64 = 0x8000;
const ROUNDS: usize = 40;
const SPACE: AddressSpaceId = AddressSpaceId(1);
const BINDS: TimelineId = TimelineId(100);

/// Keeps what is reported.
#[derive(Default)]
struct Log(Mutex<Vec<Completion>>);

impl CompletionSink for Log {
    fn completed(&self, completion: Completion) {
        if let Ok(mut log) = self.0.lock() {
            log.push(completion);
        }
    }

    fn hung(&self, report: HangReport) {
        eprintln!("{report}");
    }
}

/// Increments the count by hand, again and again.
fn batch() -> Vec<u32> {
    let count = (VA + COUNT) as u32;
    let mut batch = Vec::new();
    for _ in 0..ROUNDS {
        // MI_LOAD_REGISTER_MEM into a general purpose register, MI_MATH that adds what
        // MI_LOAD_REGISTER_IMM has put into another, MI_STORE_REGISTER_MEM. With "add CS
        // MMIO start offset", so that every engine uses its own.
        batch.extend([0x1488_0002, 0x600, count, 0]);
        batch.extend([0x1108_0005, 0x604, 0, 0x608, 1, 0x60c, 0]);
        batch.extend([
            0x0d00_0003,
            0x0800_8000,
            0x0800_8401,
            0x1000_0000,
            0x1800_0031,
        ]);
        batch.extend([0x1208_0002, 0x600, count, 0]);
    }
    batch.push(0x0500_0000);
    batch
}

fn run(seed: u64) -> Result<(u32, Vec<Completion>), Box<dyn Error>> {
    let memory = Memory::owned(0, 0x1_0000)?;
    for (number, dword) in batch().into_iter().enumerate() {
        memory.write_u32(number as u64 * 4, dword)?;
    }
    let log = Arc::new(Log::default());
    let sink: Arc<dyn CompletionSink> = Arc::clone(&log) as _;
    let config = GpuConfig::new(Platform::TGL, memory.clone(), sink);
    let mut gpu = Gpu::deterministic(config, seed);
    gpu.create_address_space(SPACE, BINDS)?;
    gpu.bind(Bind {
        address_space: SPACE,
        va: VA,
        length: 0x1_0000,
        extents: vec![Extent {
            address: 0,
            length: 0x1_0000,
        }],
        read_only: false,
        null: false,
        waits: vec![],
        signal: 1,
    })?;
    for (number, class) in [(1, EngineClass::Render), (2, EngineClass::Copy)] {
        let timeline = TimelineId(number);
        let slot = EngineSlot {
            class,
            instances: 1,
            timeline,
        };
        let context = ContextId(number as u32);
        let description = ContextDescription {
            address_space: SPACE,
            recoverable: false,
            slots: vec![slot],
        };
        gpu.create_context(context, description)?;
        let bound = Point {
            timeline: BINDS,
            value: 1,
        };
        gpu.submit(Submission {
            context,
            slot: 0,
            batches: vec![VA],
            waits: vec![Wait::End(bound)],
            signal: 1,
            priority: 0,
            sseu: None,
            cancelled: false,
        })?;
    }
    // A second of virtual time: no time at all.
    assert!(gpu.run_until_idle(Duration::from_secs(1)));
    let completions = log.0.lock().map_err(|_| "a sink panicked")?.clone();
    Ok((memory.read_u32(COUNT)?, completions))
}

fn main() -> Result<(), Box<dyn Error>> {
    for seed in 0..8 {
        let (count, completions) = run(seed)?;
        let last = completions.last().ok_or("nothing completed")?;
        println!(
            "seed {seed}: {count:2} of {} increments, {} ended last",
            2 * ROUNDS,
            last.point
        );
        let again = run(seed)?;
        assert_eq!((count, completions), again);
    }
    Ok(())
}

#[test]
fn it_does_what_it_says() {
    main().unwrap();
}
