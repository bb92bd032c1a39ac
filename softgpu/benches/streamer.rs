//! How fast an engine thread executes commands, and two of them, beside a plain loop that
//! copies the same dwords: `cargo bench -p softgpu --bench streamer`.

mod common;

use std::time::Duration;

use common::{NOOPS, Rig, STORES};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn repeat(times: u64, mut once: impl FnMut() -> Duration) -> Duration {
    (0..times).map(|_| once()).sum()
}

fn noops(c: &mut Criterion) {
    let mut group = c.benchmark_group("noop");
    group.throughput(Throughput::Elements(NOOPS as u64));
    let mut rig = Rig::new(Duration::ZERO);
    rig.put_noops();
    group.bench_function("engine", |b| {
        b.iter_custom(|times| repeat(times, || rig.execute(1)));
    });
    let mut buffers = Rig::buffers();
    group.bench_function("copy", |b| {
        b.iter_custom(|times| repeat(times, || Rig::copy(NOOPS, &mut buffers)));
    });
    group.finish();
}

fn stores(c: &mut Criterion) {
    let mut group = c.benchmark_group("store_data_imm");
    group.throughput(Throughput::Elements(STORES as u64));
    let mut rig = Rig::new(Duration::ZERO);
    rig.put_stores();
    group.bench_function("engine", |b| {
        b.iter_custom(|times| repeat(times, || rig.execute(1)));
    });
    let mut buffers = Rig::buffers();
    group.bench_function("copy", |b| {
        b.iter_custom(|times| repeat(times, || Rig::copy(STORES * 4, &mut buffers)));
    });
    // Twice the work.
    group.throughput(Throughput::Elements(2 * STORES as u64));
    group.bench_function("two engines", |b| {
        b.iter_custom(|times| repeat(times, || rig.execute(2)));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(3));
    targets = noops, stores
}
criterion_main!(benches);
