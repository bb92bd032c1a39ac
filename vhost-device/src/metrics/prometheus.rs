// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The counters in Prometheus' text format (version 0.0.4): counters end in `_total`, times
//! are in seconds, as is the custom there.

use std::fmt::{self, Display, Write};

use super::{Metrics, Stage};

/// Bucket bounds of the histograms told here: every other power of two from 2^10 ns (a
/// microsecond) to 2^34 ns (17 s).
const BOUNDS: std::ops::RangeInclusive<u32> = 10..=34;

/// The text being written.
struct Text(String);

impl Text {
    /// Begins a metric.
    fn metric(&mut self, name: &str, kind: &str, help: &str) -> fmt::Result {
        writeln!(self.0, "# HELP virtio_igpu_{name} {help}")?;
        writeln!(self.0, "# TYPE virtio_igpu_{name} {kind}")
    }

    /// A value of it. The labels are names of ours: nothing in them is to be escaped.
    fn value(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) -> fmt::Result {
        write!(self.0, "virtio_igpu_{name}")?;
        if !labels.is_empty() {
            let labels: Vec<_> = labels.iter().map(|(k, v)| format!("{k}=\"{v}\"")).collect();
            write!(self.0, "{{{}}}", labels.join(","))?;
        }
        writeln!(self.0, " {value}")
    }

    /// A metric of one value.
    fn single(&mut self, name: &str, kind: &str, help: &str, value: u64) -> fmt::Result {
        self.metric(name, kind, help)?;
        self.value(name, &[], value)
    }

    fn histogram(&mut self, name: &str, stage: &str, values: &Stage) -> fmt::Result {
        let bucket = format!("{name}_bucket");
        for power in BOUNDS.step_by(2) {
            let bound = seconds(1 << power);
            let count = values.histogram.up_to((1 << power) - 1);
            self.value(&bucket, &[("stage", stage), ("le", &bound)], count)?;
        }
        self.value(&bucket, &[("stage", stage), ("le", "+Inf")], values.count)?;
        let labels = [("stage", stage)];
        self.value(&format!("{name}_sum"), &labels, seconds(values.total_ns))?;
        self.value(&format!("{name}_count"), &labels, values.count)
    }
}

/// Nanoseconds as seconds, exactly.
fn seconds(ns: u64) -> String {
    format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000)
}

/// The text: the `guests`-th guest's counts, and each engine's name and busy time.
pub fn to_text(guests: u64, metrics: &Metrics, engines: &[(String, u64)]) -> String {
    let mut text = Text(String::new());
    // A string takes all that is written to it.
    let _ = write_all(&mut text, guests, metrics, engines);
    text.0
}

fn write_all(
    text: &mut Text,
    guests: u64,
    metrics: &Metrics,
    engines: &[(String, u64)],
) -> fmt::Result {
    let counters = [
        (
            "sessions_total",
            "Sessions begun by the guest.",
            metrics.sessions,
        ),
        (
            "submissions_total",
            "Submissions accepted.",
            metrics.submissions,
        ),
        ("batches_total", "Batches in them.", metrics.batches),
        (
            "gangs_total",
            "Submissions of several batches.",
            metrics.gangs,
        ),
        ("binds_total", "Binds accepted.", metrics.binds),
        ("unbinds_total", "Unbinds accepted.", metrics.unbinds),
        ("extents_total", "Extents in binds.", metrics.extents),
        (
            "bound_bytes_total",
            "Bytes of memory in binds.",
            metrics.bytes_bound,
        ),
        ("malformed_total", "Malformed commands.", metrics.malformed),
        (
            "broken_rings_total",
            "Rings broken by the driver.",
            metrics.broken_rings,
        ),
        (
            "events_total",
            "Events given to the driver.",
            metrics.events,
        ),
        (
            "events_lost_total",
            "Events without a buffer.",
            metrics.events_lost,
        ),
        (
            "doorbells_in_vain_total",
            "Doorbells without a command.",
            metrics.doorbells_in_vain,
        ),
        (
            "rests_total",
            "Times the guest was left alone for having asked for too much.",
            metrics.rests,
        ),
    ];
    text.single(
        "guest",
        "gauge",
        "Which guest this is, from 1; 0 before the first.",
        guests,
    )?;
    for (name, help, value) in counters {
        text.single(name, "counter", help, value)?;
    }
    text.metric("commands_total", "counter", "Commands taken, by name.")?;
    for (command, count) in &metrics.commands {
        text.value("commands_total", &[("command", command)], count)?;
    }
    text.metric("refused_total", "counter", "Refused commands, by status.")?;
    for (status, count) in &metrics.refused {
        text.value("refused_total", &[("status", status)], count)?;
    }
    text.metric("endings_total", "counter", "How accepted work ended.")?;
    let endings = &metrics.endings;
    for (ending, count) in [
        ("done", endings.done),
        ("cancelled", endings.cancelled),
        ("hung", endings.hung),
        ("out_of_memory", endings.out_of_memory),
        ("device_lost", endings.device_lost),
    ] {
        text.value("endings_total", &[("ending", ending)], count)?;
    }
    text.single(
        "gpu_lost",
        "gauge",
        "Whether the guest's GPU is gone.",
        metrics.gpu_lost.is_some().into(),
    )?;
    text.metric("resources", "gauge", "What the guest has, by what it is.")?;
    for (name, resource) in &metrics.resources {
        text.value("resources", &[("resource", name)], resource.now)?;
    }
    text.metric("resource_limits", "gauge", "What it may have at most.")?;
    for (name, resource) in &metrics.resources {
        if let Some(limit) = resource.limit {
            text.value("resource_limits", &[("resource", name)], limit)?;
        }
    }
    type Field = fn(&super::QueueCounts) -> u64;
    let fields: [(&str, &str, Field); 6] = [
        (
            "queue_doorbells_total",
            "Notifications from the driver.",
            |q| q.doorbells,
        ),
        ("queue_interrupts_total", "Interrupts to the driver.", |q| {
            q.interrupts
        }),
        ("queue_chains_total", "Descriptor chains taken.", |q| {
            q.chains
        }),
        ("queue_descriptors_total", "Descriptors in them.", |q| {
            q.descriptors
        }),
        ("queue_read_bytes_total", "Bytes read from them.", |q| {
            q.bytes_in
        }),
        ("queue_written_bytes_total", "Bytes written to them.", |q| {
            q.bytes_out
        }),
    ];
    for (name, help, field) in fields {
        text.metric(name, "counter", help)?;
        for (queue, counts) in metrics.queues.each() {
            text.value(name, &[("queue", queue)], field(counts))?;
        }
    }
    let busy = "engine_busy_seconds_total";
    text.metric(
        busy,
        "counter",
        "For how long a batch has been on the engine.",
    )?;
    for (engine, busy_ns) in engines {
        text.value(busy, &[("engine", engine)], seconds(*busy_ns))?;
    }
    let stage = "stage_duration_seconds";
    text.metric(
        stage,
        "histogram",
        "What commands took from one stage to the next.",
    )?;
    for (name, values) in metrics.stages.each() {
        text.histogram(stage, name, values)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;
    use std::time::Duration;

    #[test]
    fn each_sample_has_a_type_and_histograms_add_up() {
        let mut metrics = Metrics::default();
        metrics.command("bind");
        for microseconds in [1, 10, 100, 3_000_000_000] {
            let stage = &mut metrics.stages.submit_whole;
            stage.add(Duration::from_micros(microseconds));
        }
        let text = to_text(1, &metrics, &[("rcs0".into(), 1_500_000_000)]);
        let mut types = HashMap::new();
        let mut samples = HashMap::new();
        for line in text.lines() {
            if let Some(declared) = line.strip_prefix("# TYPE ") {
                let (name, kind) = declared.split_once(' ').unwrap();
                assert!(types.insert(name, kind).is_none(), "{name} twice");
            } else if !line.starts_with("# HELP ") {
                let (sample, value) = line.rsplit_once(' ').unwrap();
                let name = sample.split('{').next().unwrap();
                let family = ["_bucket", "_sum", "_count"]
                    .iter()
                    .filter_map(|part| name.strip_suffix(part))
                    .find(|family| types.get(family) == Some(&"histogram"))
                    .unwrap_or(name);
                let kind = types.get(family).copied().unwrap();
                assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
                let value: f64 = value.parse().unwrap();
                assert!(samples.insert(sample, value).is_none(), "{sample} twice");
            }
        }
        assert_eq!(samples["virtio_igpu_commands_total{command=\"bind\"}"], 1.0);
        let engine = "virtio_igpu_engine_busy_seconds_total{engine=\"rcs0\"}";
        assert_eq!(samples[engine], 1.5);
        let bucket = |le: &str| {
            let stage = "virtio_igpu_stage_duration_seconds_bucket{stage=\"submit_whole\",le=";
            samples[format!("{stage}\"{le}\"}}").as_str()]
        };
        assert_eq!(bucket("0.000001024"), 1.0);
        assert_eq!(bucket("0.000016384"), 2.0);
        assert_eq!(bucket("17.179869184"), 3.0);
        assert_eq!(bucket("+Inf"), 4.0);
    }
}
