//! Executes a batch on memory of one's own: a vector that is given to the GPU and comes
//! back, and a region for which closures stand.
//!
//! `cargo run -p softgpu --example own_memory`

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use softgpu::*;

/// Where things stand in guest-physical memory, and, 1 MiB higher, for the GPU.
const VA: u64 = 0x10_0000;
const BATCH: u64 = 0;
const RESULT: u64 = 0x800;
const DOORBELL: u64 = 0x4000;

const SPACE: AddressSpaceId = AddressSpaceId(1);
const CONTEXT: ContextId = ContextId(1);
const BINDS: TimelineId = TimelineId(1);
const SUBMISSIONS: TimelineId = TimelineId(2);

/// Passes completions on to whoever waits for them.
struct Sink(Mutex<Sender<Completion>>);

impl CompletionSink for Sink {
    fn completed(&self, completion: Completion) {
        if let Ok(sender) = self.0.lock() {
            let _ = sender.send(completion);
        }
    }

    fn hung(&self, report: HangReport) {
        eprintln!("{report}");
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // Two MI_STORE_DATA_IMM and MI_BATCH_BUFFER_END, in the first of 16 KiB.
    let batch: [u32; 9] = [
        0x1000_0002,
        (VA + RESULT) as u32,
        0,
        42,
        0x1000_0002,
        (VA + DOORBELL) as u32,
        0,
        7,
        0x0500_0000,
    ];
    let mut bytes = vec![0_u8; 0x4000];
    for (place, dword) in bytes[BATCH as usize..].chunks_exact_mut(4).zip(batch) {
        place.copy_from_slice(&dword.to_le_bytes());
    }

    // Behind it a page that is no memory: it reads as the last number that was written to
    // any place in it.
    let last = Arc::new(AtomicU32::new(0));
    let (reader, writer) = (Arc::clone(&last), Arc::clone(&last));
    let doorbell = Region::from_fn(
        DOORBELL,
        0x1000,
        move |_, out| {
            let dword = reader.load(Ordering::SeqCst).to_le_bytes();
            out.iter_mut()
                .zip(dword.iter().cycle())
                .for_each(|(to, from)| *to = *from);
        },
        move |offset, data| {
            if let Ok(dword) = data.try_into() {
                let value = u32::from_le_bytes(dword);
                println!("the batch wrote {value} to the page at {offset:#x}");
                writer.store(value, Ordering::SeqCst);
            }
        },
    );
    let memory = Memory::new(vec![Region::from_vec(0, bytes), doorbell])?;

    let (sender, completions) = channel();
    let sink = Arc::new(Sink(Mutex::new(sender)));
    let gpu = Gpu::new(GpuConfig {
        strict: true,
        ..GpuConfig::new(Platform::TGL, memory.clone(), sink)
    })?;
    gpu.create_address_space(SPACE, BINDS)?;
    gpu.create_context(
        CONTEXT,
        ContextDescription {
            address_space: SPACE,
            recoverable: false,
            slots: vec![EngineSlot {
                class: EngineClass::Copy,
                instances: 1,
                timeline: SUBMISSIONS,
            }],
        },
    )?;
    let extent = |address, length| Extent { address, length };
    gpu.bind(Bind {
        address_space: SPACE,
        va: VA,
        length: 0x5000,
        extents: vec![extent(0, 0x4000), extent(DOORBELL, 0x1000)],
        read_only: false,
        null: false,
        waits: vec![],
        signal: 1,
    })?;
    let bound = Point {
        timeline: BINDS,
        value: 1,
    };
    gpu.submit(Submission {
        context: CONTEXT,
        slot: 0,
        batches: vec![VA + BATCH],
        waits: vec![Wait::End(bound)],
        signal: 1,
        priority: 0,
        sseu: None,
        cancelled: false,
    })?;
    while completions.recv()?.point.timeline != SUBMISSIONS {}

    // The vector comes back once nobody else has the memory.
    drop(gpu);
    let parts = memory
        .into_bytes()
        .map_err(|_| "somebody has the memory still")?;
    let (_, bytes) = &parts[0];
    println!("the batch stored {}", bytes[RESULT as usize]);
    assert_eq!(bytes[RESULT as usize], 42);
    assert_eq!(last.load(Ordering::SeqCst), 7);
    Ok(())
}

#[test]
fn it_does_what_it_says() {
    main().unwrap();
}
