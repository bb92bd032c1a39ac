//! From queueing an empty batch to its completion, beside what waking a thread and being
//! woken back takes: `cargo bench -p softgpu --bench submission`.

mod common;

use std::time::Duration;

use common::{Partner, Rig};
use criterion::{Criterion, criterion_group, criterion_main};

fn submission(c: &mut Criterion) {
    let mut group = c.benchmark_group("submission");
    let partner = Partner::new();
    group.bench_function("bare wake-up", |b| {
        b.iter_custom(|times| (0..times).map(|_| partner.round_trip()).sum());
    });
    let mut rig = Rig::new(Duration::ZERO);
    rig.put_nothing();
    group.bench_function("sleeping engine", |b| {
        b.iter_custom(|times| (0..times).map(|_| rig.round_trip()).sum());
    });
    let mut rig = Rig::new(Duration::from_millis(10));
    rig.put_nothing();
    group.bench_function("spinning engine", |b| {
        b.iter_custom(|times| (0..times).map(|_| rig.spinning_round_trip()).sum());
    });
    group.finish();
}

criterion_group!(benches, submission);
criterion_main!(benches);
