//! The cases: each takes any bytes, and panics if the model does what it must not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use softgpu::command::disassemble;
use softgpu::record::{Replay, ReplayOptions, VERSION};
use softgpu::*;

const CLASSES: [EngineClass; 4] = [
    EngineClass::Render,
    EngineClass::Copy,
    EngineClass::Video,
    EngineClass::VideoEnhance,
];

const SPACE: AddressSpaceId = AddressSpaceId(1);
const BINDS: TimelineId = TimelineId(100);

fn dwords(bytes: &[u8]) -> Vec<u32> {
    let words = bytes.chunks_exact(4);
    let words = words.filter_map(|word| word.try_into().ok());
    words.map(u32::from_le_bytes).collect()
}

/// Any dwords are disassembled to their last one, and every line can be printed.
pub fn decoder(data: &[u8]) {
    let dwords = dwords(data);
    for class in CLASSES {
        let mut next = 0x1000;
        for line in disassemble(&dwords, next, class) {
            assert_eq!(line.address, next);
            assert!(!line.dwords.is_empty());
            next += line.dwords.len() as u64 * 4;
            let _ = line.to_string();
        }
        assert_eq!(next, 0x1000 + dwords.len() as u64 * 4);
    }
}

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
        let _ = report.to_string();
    }
}

/// Memory for a batch, as guest-physical addresses: what is bound, and what is not and must
/// stay as it is.
const BOUND: u64 = 0x2_0000;
const READ_ONLY: u64 = BOUND;
const ALL: u64 = BOUND + 0x2_1000;
/// Where the bound memory stands for the GPU.
const VA: u64 = 0x10_0000;

const GUARD: u8 = 0xa5;

fn extent(address: u64, length: u64) -> Extent {
    Extent { address, length }
}

/// Blits of at most 512 pixels a side: what takes minutes finds nothing else.
fn tame(dwords: &mut [u32]) {
    for at in 0..dwords.len() {
        if dwords[at] >> 29 == 2 {
            for coordinates in dwords.iter_mut().skip(at + 2).take(2) {
                *coordinates &= 0x01ff_01ff;
            }
        }
    }
}

/// Any dwords are executed, on each kind of engine, until they end, hang or have had their
/// time: every batch ends when it is told to, and memory that isn't bound for writing stays
/// as it was. The first byte chooses engine, interleaving and strictness.
pub fn batches(data: &[u8]) {
    let Some((&choice, data)) = data.split_first() else {
        return;
    };
    let mut batch = dwords(data);
    batch.truncate(0x1000);
    tame(&mut batch);
    let bytes: Vec<u8> = batch.iter().flat_map(|dword| dword.to_le_bytes()).collect();
    let class = CLASSES[usize::from(choice & 3)];
    execute(choice, class, Duration::from_millis(2), &[(0, &bytes)]);
}

/// Executes the batch at the beginning of memory that holds these pieces, twice, for so much virtual
/// time.
fn execute(choice: u8, class: EngineClass, time: Duration, pieces: &[(u64, &[u8])]) {
    let Ok(memory) = Memory::owned(0, ALL) else {
        return;
    };
    for (at, bytes) in pieces {
        assert!(memory.write(*at, bytes).is_ok());
    }
    assert!(memory.fill(READ_ONLY, ALL - READ_ONLY, GUARD).is_ok());
    let log = Arc::new(Log::default());
    let config = GpuConfig {
        strict: choice & 4 != 0,
        kernel_threads: 0,
        kernel_patience: 1000,
        ..GpuConfig::new(Platform::TGL, memory.clone(), Arc::clone(&log) as _)
    };
    let mut gpu = Gpu::deterministic(config, u64::from(choice));
    let slot = EngineSlot {
        class,
        instances: u16::MAX,
        timeline: TimelineId(1),
    };
    let description = ContextDescription {
        address_space: SPACE,
        recoverable: true,
        slots: vec![slot],
    };
    let bind = |va, length, extents, read_only, null, signal| Bind {
        address_space: SPACE,
        va,
        length,
        extents,
        read_only,
        null,
        waits: vec![],
        signal,
    };
    let guarded = vec![extent(READ_ONLY, 0x1000)];
    let set_up = gpu
        .create_address_space(SPACE, BINDS)
        .and_then(|()| gpu.create_context(ContextId(1), description))
        .and_then(|()| gpu.bind(bind(VA, BOUND, vec![extent(0, BOUND)], false, false, 1)))
        .and_then(|()| gpu.bind(bind(VA + BOUND, 0x1000, guarded, true, false, 2)))
        .and_then(|()| gpu.bind(bind(VA + BOUND + 0x1000, 0x1000, vec![], false, true, 3)));
    assert!(set_up.is_ok());
    for signal in 1..=2 {
        let bound = Point {
            timeline: BINDS,
            value: 3,
        };
        let submission = Submission {
            context: ContextId(1),
            slot: 0,
            batches: vec![VA],
            waits: vec![Wait::End(bound)],
            signal,
            priority: 0,
            sseu: None,
            cancelled: false,
        };
        assert!(gpu.submit(submission).is_ok());
    }
    if !gpu.run_until_idle(time) {
        gpu.reset_active();
        assert!(
            gpu.run_until_idle(Duration::from_secs(10)),
            "it does not end"
        );
    }
    assert_eq!(log.0.lock().map_or(0, |log| log.len()), 5);
    let mut rest = vec![0; (ALL - READ_ONLY) as usize];
    assert!(memory.read(READ_ONLY, &mut rest).is_ok());
    assert!(
        rest.iter().all(|&byte| byte == GUARD),
        "unbound memory was written"
    );
}

/// Where what a walk needs lies in memory.
const KERNEL: u64 = 0x4000;
const DYNAMIC: u64 = 0x6000;
const SURFACES: u64 = 0x7000;
const BUFFER: u64 = 0x1_0000;

/// A kernel is walked with any state: the commands and what they point to are good ones, of
/// which any dwords have any bits changed. The first byte chooses as in [`batches`]; then come
/// the number of changes, and for each its place and bits; then the kernel.
pub fn walker(data: &[u8]) {
    let [choice, count, data @ ..] = data else {
        return;
    };
    let (changes, code) = data.split_at((usize::from(count & 31) * 5).min(data.len()));
    let media = choice & 8 != 0;
    let low = |offset: u64| (VA + offset) as u32;
    let mut state: Vec<u32> = vec![0, 0, 0, 0x2000, 0x40, 1 << 16, 1 << 16 | 2, 1];
    state.extend([
        0x87fd_4000,
        0x0400_0000,
        0x01ff_007f,
        0,
        0,
        0,
        0,
        0x09c7_0000,
    ]);
    state.extend([low(BUFFER), 0, 0, 0, 0, 0, 0, 0]);
    state.extend([0x80, 0x80, 0, 0]);
    let mut batch = vec![0x6904_0300 | if media { 1 } else { 2 }];
    let mut bases = [0; 19];
    bases[0] = 0x6101_0011;
    for (dword, address) in [
        (1, 0),
        (4, SURFACES),
        (6, DYNAMIC),
        (8, DYNAMIC),
        (10, KERNEL),
    ] {
        bases[dword] = low(address) | 1;
    }
    batch.extend(bases);
    batch.extend([0x7000_0007, 0, 0, 0, 0, 0, 0, 0, 0]);
    batch.extend([0x7001_0002, 0, 0x80, 0x100]);
    batch.extend([0x7002_0002, 0, 32, 0]);
    if media {
        batch.extend([0x7100_0004, 0, 0, 0, 0, 0]);
    } else {
        batch.extend([0x7105_000d, 0, 0, 0, 1]);
        batch.extend([0, 0, 2, 0, 0, 2, 0, 1, u32::MAX, u32::MAX]);
    }
    batch.push(0x0500_0000);
    for change in changes.chunks_exact(5) {
        let bits = u32::from_le_bytes([change[1], change[2], change[3], change[4]]);
        let place = usize::from(change[0]);
        let length = state.len() + batch.len();
        if let Some(dword) = state.iter_mut().chain(&mut batch).nth(place % length) {
            *dword ^= bits;
        }
    }
    let bytes = |dwords: &[u32]| -> Vec<u8> {
        dwords
            .iter()
            .flat_map(|dword| dword.to_le_bytes())
            .collect()
    };
    let code = &code[..code.len().min((DYNAMIC - KERNEL) as usize)];
    execute(
        *choice,
        EngineClass::Render,
        // Instructions of kernels are many in little time.
        Duration::from_micros(50),
        &[
            (0, &bytes(&batch)),
            (KERNEL, code),
            (DYNAMIC, &bytes(&state[..8])),
            (SURFACES + 0x80, &bytes(&state[8..24])),
            (SURFACES + 0x40, &bytes(&state[24..])),
        ],
    );
}

/// Pages that binds are about, in memory and as GPU virtual addresses.
const PAGES: u64 = 32;
const PAGE: u64 = 0x1000;

/// Any binds and unbinds: what a batch reads through them is what a flat map says. Four bytes
/// each: what, where, how many pages, and which memory.
pub fn page_tables(data: &[u8]) {
    // Each page of memory begins with its number; behind them are the batch, and where it
    // puts what it reads.
    let Ok(memory) = Memory::owned(0, (PAGES + 2) * PAGE) else {
        return;
    };
    for page in 0..PAGES {
        assert!(memory.write_u32(page * PAGE, 100 + page as u32).is_ok());
    }
    let log = Arc::new(Log::default());
    let config = GpuConfig::new(Platform::TGL, memory.clone(), Arc::clone(&log) as _);
    let mut gpu = Gpu::deterministic(config, data.len() as u64);
    let slot = EngineSlot {
        class: EngineClass::Copy,
        instances: 1,
        timeline: TimelineId(1),
    };
    let description = ContextDescription {
        address_space: SPACE,
        recoverable: true,
        slots: vec![slot],
    };
    let set_up = gpu
        .create_address_space(SPACE, BINDS)
        .and_then(|()| gpu.create_context(ContextId(1), description));
    assert!(set_up.is_ok());
    let mut flat = [0_u32; PAGES as usize];
    let mut signal = 0;
    let mut submitted = 0;
    let own = PAGES * PAGE;
    let mut bind = |gpu: &Gpu, va, extents: Vec<Extent>, read_only, null| {
        signal += 1;
        let length = extents.iter().map(|extent| extent.length).sum::<u64>();
        let result = if extents.is_empty() {
            Ok(())
        } else {
            gpu.bind(Bind {
                address_space: SPACE,
                va,
                length,
                extents: if null { vec![] } else { extents },
                read_only,
                null,
                waits: vec![],
                signal,
            })
        };
        assert!(result.is_ok());
        signal
    };
    let mut last = bind(&gpu, own, vec![extent(own, 2 * PAGE)], false, false);
    for change in data.chunks_exact(4).take(64) {
        let [what, at, count, from] = [change[0], change[1], change[2], change[3]].map(u64::from);
        let at = at % PAGES;
        let count = 1 + count % (PAGES - at).min(8);
        let pages = at as usize..(at + count) as usize;
        let memory_page = |index: u64| (from + index * (what >> 4)) % PAGES;
        match what % 4 {
            0 | 1 => {
                let extents = (0..count).map(|index| extent(memory_page(index) * PAGE, PAGE));
                last = bind(&gpu, at * PAGE, extents.collect(), what % 4 == 1, false);
                for (index, page) in pages.enumerate() {
                    flat[page] = 100 + memory_page(index as u64) as u32;
                }
            }
            2 => {
                last = bind(&gpu, at * PAGE, vec![extent(0, count * PAGE)], false, true);
                flat[pages].fill(0);
            }
            _ if from % 4 == 0 => {
                // A look in between, while later binds wait in the queue.
                submitted += 1;
                look(&gpu, &memory, last, submitted);
                assert!(gpu.run_until_idle(Duration::from_secs(1)));
                compare(&memory, &flat);
            }
            _ => {
                last += 1;
                let unbind = Unbind {
                    address_space: SPACE,
                    va: at * PAGE,
                    length: count * PAGE,
                    waits: vec![],
                    signal: last,
                };
                assert!(gpu.unbind(unbind).is_ok());
                bind(&gpu, 0, vec![], false, false);
                flat[pages].fill(0);
            }
        }
    }
    look(&gpu, &memory, last, submitted + 1);
    assert!(gpu.run_until_idle(Duration::from_secs(1)));
    compare(&memory, &flat);
}

/// Has a batch copy the first dword of each page to one place.
fn look(gpu: &Gpu, memory: &Memory, bound: u64, signal: u64) {
    let batch = PAGES * PAGE;
    let mut at = batch;
    for page in 0..PAGES {
        // MI_COPY_MEM_MEM.
        let to = (batch + PAGE + page * 4) as u32;
        for dword in [0x1700_0003, to, 0, (page * PAGE) as u32, 0] {
            assert!(memory.write_u32(at, dword).is_ok());
            at += 4;
        }
    }
    assert!(memory.write_u32(at, 0x0500_0000).is_ok());
    let bound = Point {
        timeline: BINDS,
        value: bound,
    };
    let submission = Submission {
        context: ContextId(1),
        slot: 0,
        batches: vec![batch],
        waits: vec![Wait::End(bound)],
        signal,
        priority: 0,
        sseu: None,
        cancelled: false,
    };
    assert!(gpu.submit(submission).is_ok());
}

fn compare(memory: &Memory, flat: &[u32]) {
    for (page, &expected) in flat.iter().enumerate() {
        let at = (PAGES + 1) * PAGE + page as u64 * 4;
        assert_eq!(memory.read_u32(at), Ok(expected), "page {page}");
    }
}

/// Any bytes are replayed as a recording, within limits.
pub fn recordings(data: &[u8]) {
    let mut file = b"IGPUREC\n".to_vec();
    file.extend(VERSION.to_le_bytes());
    file.extend(data);
    let options = ReplayOptions {
        memory_limit: 1 << 20,
        time_limit: Duration::from_millis(2),
        ..ReplayOptions::default()
    };
    let _ = Replay::run(file.as_slice(), &options, |_| {});
}
