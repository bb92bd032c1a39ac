//! What the fuzzer's targets do, without the fuzzer: with the corpus that is kept in
//! `fuzz/corpus`, with random bytes, and with random commands by the hundred million.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[allow(
    unreachable_pub,
    reason = "public in the crate of the fuzzer's targets"
)]
#[path = "../../fuzz/src/cases.rs"]
mod cases;
#[allow(
    unreachable_pub,
    reason = "public in the crate of the fuzzer's targets"
)]
#[path = "../../fuzz/src/kernels.rs"]
mod kernels;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use softgpu::command::{Command, Length, Treatment, commands};
use softgpu::*;

fn each_of(target: &str, run: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let files = std::fs::read_dir(folder.join(target)).unwrap();
    let mut count = 0;
    for file in files {
        run(&std::fs::read(file.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 0, "no corpus for {target}");
}

#[test]
fn the_corpus_is_survived() {
    each_of("decoder", cases::decoder);
    each_of("batches", cases::batches);
    each_of("walker", cases::walker);
    each_of("kernel", kernels::kernel);
    each_of("page_tables", cases::page_tables);
    each_of("recordings", cases::recordings);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..512)) {
        cases::decoder(&data);
        cases::batches(&data);
        cases::walker(&data);
        kernels::kernel(&data);
        cases::page_tables(&data);
        cases::recordings(&data);
    }
}

/// SplitMix64.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

const CLASSES: [EngineClass; 4] = [
    EngineClass::Render,
    EngineClass::Copy,
    EngineClass::Video,
    EngineClass::VideoEnhance,
];
const VA: u64 = 0x10_0000;
const BATCH: u64 = 0x1_0000;
/// Guest-physical memory: bound, and behind it what no batch may touch.
const BOUND: u64 = 0x10_0000;
const GUARDED: u64 = 0x10_0000;
const GUARD: u8 = 0xa5;
const BINDS: TimelineId = TimelineId(100);
const MI_BATCH_BUFFER_END: u32 = 0x0500_0000;

/// A command with random operands: every bit that doesn't tell which it is, but for the
/// length, and with addresses that are bound half of the time.
fn command(numbers: &mut Numbers, command: &Command, out: &mut Vec<u32>) {
    let mut header = command.value | numbers.next() as u32 & !command.mask;
    let mut dwords = 1;
    if let Length::Field {
        bits,
        bias,
        min,
        max,
    } = command.length
    {
        let longest = u64::from(max).min(u64::from(min) + 8);
        dwords = u64::from(min) + numbers.below(longest - u64::from(min) + 1);
        let mask = (1_u32 << bits) - 1;
        header = header & !mask | (dwords as u32).wrapping_sub(u32::from(bias)) & mask;
    }
    let blit = header >> 29 == 2;
    out.push(header);
    for place in 1..dwords {
        let random = numbers.next();
        out.push(match random >> 62 {
            // Coordinates that don't take minutes.
            _ if blit && (2..4).contains(&place) => random as u32 & 0x00ff_00ff,
            0 => random as u32,
            1 => 0,
            _ => (VA + random % (BOUND + 0x4000)) as u32,
        });
    }
}

#[derive(Default)]
struct Hangs {
    /// Where the last one was, if it was within its batch.
    last: Option<u64>,
    ended: u64,
}

struct Sink(Mutex<Hangs>);

impl CompletionSink for Sink {
    fn completed(&self, _: Completion) {
        self.0.lock().unwrap().ended += 1;
    }

    fn hung(&self, report: HangReport) {
        self.0.lock().unwrap().last = report.address.checked_sub(report.batch);
    }
}

/// Executes random commands until that many of their dwords were executed: in batches of a
/// few commands, each of which ends or hangs, on all engines. Nothing panics, everything ends,
/// and memory that isn't bound stays as it was.
fn execute_random_dwords(wanted: u64, seed: u64) {
    let all: Vec<_> = commands()
        .filter(|command| command.treatment() != Treatment::MissingUnit)
        .collect();
    let memory = Memory::owned(0, BOUND + GUARDED).unwrap();
    memory.fill(BOUND, GUARDED, GUARD).unwrap();
    let sink = Arc::new(Sink(Mutex::default()));
    let config = GpuConfig::new(Platform::TGL, memory.clone(), Arc::clone(&sink) as _);
    let mut gpu = Gpu::deterministic(config, seed);
    gpu.create_address_space(AddressSpaceId(1), BINDS).unwrap();
    gpu.bind(Bind {
        address_space: AddressSpaceId(1),
        va: VA,
        length: BOUND,
        extents: vec![Extent {
            address: 0,
            length: BOUND,
        }],
        read_only: false,
        null: false,
        waits: vec![],
        signal: 1,
    })
    .unwrap();
    let slots = CLASSES.iter().zip(0..).map(|(&class, number)| EngineSlot {
        class,
        instances: 1,
        timeline: TimelineId(number),
    });
    let description = ContextDescription {
        address_space: AddressSpaceId(1),
        recoverable: true,
        slots: slots.collect(),
    };
    gpu.create_context(ContextId(1), description).unwrap();
    assert!(gpu.run_until_idle(Duration::from_secs(1)));

    let mut numbers = Numbers(seed);
    let (mut executed, mut batches) = (0, 0_u64);
    let mut batch = Vec::new();
    let on = |class: EngineClass| {
        let has = move |command: &&&Command| command.engines.contains(class);
        all.iter().filter(has).copied().collect::<Vec<_>>()
    };
    let tables = CLASSES.map(on);
    while executed < wanted {
        let slot = (batches % 4) as usize;
        let table = &tables[slot];
        batch.clear();
        for _ in 0..200 {
            if numbers.below(400) == 0 {
                batch.push(numbers.next() as u32);
            }
            let row = table[numbers.below(table.len() as u64) as usize];
            // Those that leave the batch end most batches at once.
            let leaves = matches!(row.value >> 23, 0x0a | 0x31 | 0x36 | 0x1c);
            if !leaves || numbers.below(8) == 0 {
                command(&mut numbers, row, &mut batch);
            }
        }
        batch.push(MI_BATCH_BUFFER_END);
        let bytes: Vec<u8> = batch.iter().flat_map(|dword| dword.to_le_bytes()).collect();
        memory.write(BATCH, &bytes).unwrap();
        sink.0.lock().unwrap().last = None;
        let before = sink.0.lock().unwrap().ended;
        gpu.submit(Submission {
            context: ContextId(1),
            slot: slot as u16,
            batches: vec![VA + BATCH],
            waits: vec![],
            signal: batches / 4 + 1,
            priority: 0,
            sseu: None,
            cancelled: false,
        })
        .unwrap();
        let mut whole = true;
        if !gpu.run_until_idle(Duration::from_micros(500)) {
            // It waits, spins, or goes round.
            whole = false;
            gpu.reset_active();
            assert!(gpu.run_until_idle(Duration::from_secs(60)));
        }
        let hangs = sink.0.lock().unwrap();
        assert_eq!(hangs.ended, before + 1);
        executed += match hangs.last {
            Some(at) => (at / 4 + 1).min(batch.len() as u64),
            None if whole => batch.len() as u64,
            None => 1,
        };
        batches += 1;
        if batches % 4096 == 0 {
            check_guard(&memory);
        }
    }
    check_guard(&memory);
    let commands: u64 = gpu
        .counters()
        .engines
        .iter()
        .map(|engine| engine.commands)
        .sum();
    println!("{executed} random dwords, {commands} commands executed, {batches} batches");
}

fn check_guard(memory: &Memory) {
    let mut guard = vec![0; GUARDED as usize];
    memory.read(BOUND, &mut guard).unwrap();
    assert!(
        guard.iter().all(|&byte| byte == GUARD),
        "unbound memory was written"
    );
}

#[test]
fn random_commands_are_survived() {
    execute_random_dwords(1_000_000, 1);
}

/// `cargo test -p softgpu --test corpus hundred_million -- --ignored --nocapture`.
#[test]
#[ignore = "takes minutes"]
fn a_hundred_million_random_dwords_are_survived() {
    execute_random_dwords(100_000_000, 2);
}
