//! The figures of docs/performance.md: what is to be compared is measured in turn, round by
//! round, so that whatever else the machine does falls on both. Without criterion, whose
//! benches of the same things measure one after the other.
//!
//! `cargo bench -p softgpu --bench figures` prints JSON; `cargo xtask perf --softgpu` makes
//! the page of it.

mod common;

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use common::kernels::{self, Kernels};
use common::rounds::{in_turn, median_of_many, ratios, spread};
use common::{NOOPS, Partner, Rig, STORES};
use serde_json::{Value, json};
use softgpu::*;

const ROUNDS: usize = 40;

fn rates(count: usize, times: &[f64]) -> Vec<f64> {
    times.iter().map(|time| count as f64 / time / 1e6).collect()
}

fn commands() -> Value {
    let mut rig = Rig::new(Duration::ZERO);
    rig.put_noops();
    let mut buffers = Rig::buffers();
    let [noops, copies] = in_turn(
        ROUNDS,
        [&mut || rig.execute(1), &mut || {
            Rig::copy(NOOPS, &mut buffers)
        }],
    );
    let mut one = Rig::new(Duration::ZERO);
    one.put_stores();
    let mut two = Rig::new(Duration::ZERO);
    two.put_stores();
    let [stores, store_copies, both] = in_turn(
        ROUNDS,
        [
            &mut || one.execute(1),
            &mut || Rig::copy(STORES * 4, &mut buffers),
            &mut || two.execute(2),
        ],
    );
    let doubled: Vec<_> = stores.iter().map(|time| 2.0 * time).collect();
    json!({
        "noop_rate": spread(rates(NOOPS, &noops)),
        "noop_to_copy": spread(ratios(&copies, &noops)),
        "store_rate": spread(rates(STORES, &stores)),
        "store_to_copy": spread(ratios(&store_copies, &stores)),
        "two_engines": spread(ratios(&doubled, &both)),
    })
}

fn submission() -> Value {
    let partner = Partner::new();
    let mut sleeping = Rig::new(Duration::ZERO);
    sleeping.put_nothing();
    let mut spinning = Rig::new(Duration::from_millis(10));
    spinning.put_nothing();
    let [bare, asleep, awake] = in_turn(
        ROUNDS,
        [
            &mut || median_of_many(&mut || partner.round_trip()),
            &mut || median_of_many(&mut || sleeping.round_trip()),
            &mut || median_of_many(&mut || spinning.spinning_round_trip()),
        ],
    );
    let micros = |times: &[f64]| spread(times.iter().map(|time| time * 1e6).collect());
    json!({
        "wake_up_us": micros(&bare),
        "sleeping_us": micros(&asleep),
        "spinning_us": micros(&awake),
        "sleeping": spread(ratios(&asleep, &bare)),
        "spinning": spread(ratios(&awake, &bare)),
    })
}

/// What this process's threads have had of processors.
fn processor_time() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux");
    let nanoseconds = tasks.flatten().map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        let first = text.split(' ').next().and_then(|word| word.parse().ok());
        first.unwrap_or(0)
    });
    Duration::from_nanos(nanoseconds.sum())
}

fn spinners() -> Value {
    const TIME: Duration = Duration::from_millis(200);
    let mut rig = Rig::new(Duration::ZERO);
    let (mut shares, mut wakes) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        rig.put_spinner();
        rig.submit(0);
        std::thread::sleep(Duration::from_millis(5));
        let (before, start) = (processor_time(), Instant::now());
        std::thread::sleep(TIME);
        let used = processor_time() - before;
        shares.push(100.0 * used.as_secs_f64() / start.elapsed().as_secs_f64());
        let start = Instant::now();
        rig.end_spinner();
        rig.sleep();
        wakes.push(start.elapsed().as_secs_f64() * 1e3);
    }
    json!({ "share": spread(shares), "wake_ms": spread(wakes) })
}

/// Threads that multiply in one walk, and kernels that do nothing in one batch.
const MULTIPLIERS: u32 = 64;
const STARTS: usize = 1000;

fn kernels() -> Value {
    let (mut one, mut two) = (Kernels::new(1), Kernels::new(2));
    let mut starter = Kernels::new(1);
    let [alone, both, starts] = in_turn(
        ROUNDS,
        [
            &mut || one.multiply(MULTIPLIERS),
            &mut || two.multiply(MULTIPLIERS),
            &mut || starter.start(STARTS),
        ],
    );
    let operations = f64::from(MULTIPLIERS) * kernels::OPERATIONS as f64;
    let gflops = |times: &[f64]| spread(times.iter().map(|time| operations / time / 1e9).collect());
    let micros = starts.iter().map(|time| time / STARTS as f64 * 1e6);
    json!({
        "gflops_one": gflops(&alone),
        "gflops_two": gflops(&both),
        "two_threads": spread(ratios(&alone, &both)),
        "start_us": spread(micros.collect()),
    })
}

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|word| word.parse().ok());
    pages.unwrap_or(0_u64) * 4096
}

struct Quiet;

impl CompletionSink for Quiet {
    fn completed(&self, _: Completion) {}
    fn hung(&self, _: HangReport) {}
}

/// In a process of its own: what an idle GPU takes, and each of many mappings.
fn footprint() {
    const MAPPINGS: u64 = 100_000;
    let memory = Memory::owned(0, 4 << 30).expect("untouched memory");
    let config = GpuConfig::new(Platform::TGL, memory, std::sync::Arc::new(Quiet));
    let gpu = Gpu::new(config).expect("a GPU");
    let space = AddressSpaceId(1);
    gpu.create_address_space(space, TimelineId(1))
        .expect("a space");
    std::thread::sleep(Duration::from_millis(50));
    let idle = resident();
    for number in 0..MAPPINGS {
        let bind = Bind {
            address_space: space,
            // A page in a GiB of its own, as far as 48 bits go, and none beside another.
            va: (number << 31) % (1 << 48) + (number >> 17) * 0x2000,
            length: 0x1000,
            extents: vec![Extent {
                address: number * 0x2000,
                length: 0x1000,
            }],
            read_only: false,
            null: false,
            waits: vec![],
            signal: number + 1,
        };
        gpu.bind(bind).expect("a bind");
    }
    let each = (resident() - idle) as f64 / MAPPINGS as f64;
    println!(
        "{}",
        json!({ "idle_mib": idle as f64 / 1048576.0, "mapping": each })
    );
}

fn main() {
    if std::env::args().any(|argument| argument == "--footprint") {
        footprint();
        return;
    }
    let program = std::env::current_exe().expect("Linux");
    let output = Command::new(program).arg("--footprint").output();
    let output = output.expect("this program, again").stdout;
    let footprint: Value = serde_json::from_slice(&output).expect("its figures");
    let figures = json!({
        "rounds": ROUNDS,
        "trips": common::rounds::TRIPS,
        "commands": commands(),
        "submission": submission(),
        "spinner": spinners(),
        "kernels": kernels(),
        "footprint": footprint,
    });
    println!("{figures:#}");
}
