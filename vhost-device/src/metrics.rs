// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What the device counts of one guest, and the file it is written to.
//!
//! Plain numbers: whoever does something counts it here. `vhost-device/README.md` says
//! what each means.

pub mod histogram;
pub mod prometheus;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::session::limits::Resource;
use histogram::Histogram;

/// The format of the stats file; raised when the meaning of a field changes.
pub const FORMAT: u32 = 1;

/// Durations, added up and by their size.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Stage {
    /// How many.
    pub count: u64,
    /// Their sum, in nanoseconds.
    pub total_ns: u64,
    /// The longest, in nanoseconds.
    pub max_ns: u64,
    /// How many of each size; not in the stats file.
    #[serde(skip)]
    pub histogram: Histogram,
}

impl Stage {
    /// Adds one.
    pub fn add(&mut self, duration: Duration) {
        let ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.count += 1;
        self.total_ns = self.total_ns.saturating_add(ns);
        self.max_ns = self.max_ns.max(ns);
        self.histogram.add(ns);
    }
}

/// One virtqueue's counts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct QueueCounts {
    /// Notifications from the driver.
    pub doorbells: u64,
    /// Interrupts to the driver.
    pub interrupts: u64,
    /// Descriptor chains taken.
    pub chains: u64,
    /// Descriptors in them.
    pub descriptors: u64,
    /// Bytes read from them.
    pub bytes_in: u64,
    /// Bytes written to them.
    pub bytes_out: u64,
}

/// All virtqueues' counts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Queues {
    /// The control queue.
    pub control: QueueCounts,
    /// The bind queue.
    pub bind: QueueCounts,
    /// The submit queue.
    pub submit: QueueCounts,
    /// The event queue.
    pub event: QueueCounts,
}

impl Queues {
    /// The queue of that index.
    pub fn get(&mut self, index: usize) -> &mut QueueCounts {
        match index {
            0 => &mut self.control,
            1 => &mut self.bind,
            2 => &mut self.submit,
            _ => &mut self.event,
        }
    }

    /// Each with its name.
    pub fn each(&self) -> [(&'static str, &QueueCounts); 4] {
        [
            ("control", &self.control),
            ("bind", &self.bind),
            ("submit", &self.submit),
            ("event", &self.event),
        ]
    }

    fn sum(&self, field: impl Fn(&QueueCounts) -> u64) -> u64 {
        field(&self.control) + field(&self.bind) + field(&self.submit) + field(&self.event)
    }
}

/// Where a command's time goes.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Stages {
    /// From taking a chain off its queue to the executor's having accepted it: all
    /// commands.
    pub queue_to_executor: Stage,
    /// From there to the executor's report: updates.
    pub bind_executor_to_completion: Stage,
    /// From there to the executor's report: submissions.
    pub submit_executor_to_completion: Stage,
    /// From the report to the reply's being in the used ring.
    pub completion_to_used: Stage,
    /// From taking an update off its queue to its reply's being in the used ring.
    pub bind_whole: Stage,
    /// The same of submissions.
    pub submit_whole: Stage,
}

impl Stages {
    /// Each with its name.
    pub fn each(&self) -> [(&'static str, &Stage); 6] {
        [
            ("queue_to_executor", &self.queue_to_executor),
            (
                "bind_executor_to_completion",
                &self.bind_executor_to_completion,
            ),
            (
                "submit_executor_to_completion",
                &self.submit_executor_to_completion,
            ),
            ("completion_to_used", &self.completion_to_used),
            ("bind_whole", &self.bind_whole),
            ("submit_whole", &self.submit_whole),
        ]
    }
}

/// How submissions and updates ended.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Endings {
    /// To their end.
    pub done: u64,
    /// Cancelled.
    pub cancelled: u64,
    /// Hung.
    pub hung: u64,
    /// For want of room.
    pub out_of_memory: u64,
    /// Because the device was lost.
    pub device_lost: u64,
}

/// Everything counted of one guest.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Metrics {
    /// Sessions the guest has begun: one, and one more after each device reset.
    pub sessions: u64,
    /// By virtqueue.
    pub queues: Queues,
    /// Commands taken, by name.
    pub commands: BTreeMap<&'static str, u64>,
    /// Refused commands, by status.
    pub refused: BTreeMap<&'static str, u64>,
    /// Commands that were malformed, and chains that held no command.
    pub malformed: u64,
    /// Rings broken by the driver.
    pub broken_rings: u64,
    /// Submissions accepted.
    pub submissions: u64,
    /// Batches in them.
    pub batches: u64,
    /// Submissions of several batches, which start together.
    pub gangs: u64,
    /// Binds accepted.
    pub binds: u64,
    /// Unbinds accepted.
    pub unbinds: u64,
    /// Extents in those binds.
    pub extents: u64,
    /// Bytes of guest memory in those binds.
    pub bytes_bound: u64,
    /// How accepted work ended.
    pub endings: Endings,
    /// Events given to the driver.
    pub events: u64,
    /// Events for which the driver had no buffer.
    pub events_lost: u64,
    /// Doorbells for which there was no command.
    pub doorbells_in_vain: u64,
    /// How often the guest was left alone for a moment, having asked for too much.
    pub rests: u64,
    /// Why the guest's GPU is gone, if it is.
    pub gpu_lost: Option<String>,
    /// How much the guest has of what is limited, by name.
    pub resources: BTreeMap<&'static str, Resource>,
    /// Time by stage.
    pub stages: Stages,
}

impl Metrics {
    /// Counts a command of that name.
    pub fn command(&mut self, name: &'static str) {
        *self.commands.entry(name).or_default() += 1;
    }

    /// Counts a refusal for that reason.
    pub fn refusal(&mut self, status: &'static str) {
        *self.refused.entry(status).or_default() += 1;
    }
}

/// The stats file's content.
#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    guests: u64,
    totals: Totals,
    #[serde(flatten)]
    metrics: &'a Metrics,
    executor: &'a serde_json::Value,
}

/// The sums people ask for first.
#[derive(Serialize)]
struct Totals {
    messages: u64,
    descriptors: u64,
    doorbells: u64,
    interrupts: u64,
    bytes_in: u64,
    bytes_out: u64,
}

/// The stats file's text: the `guests`-th guest's counts and those of its executor.
pub fn to_json(guests: u64, metrics: &Metrics, executor: &serde_json::Value) -> String {
    let totals = Totals {
        messages: metrics.commands.values().sum(),
        descriptors: metrics.queues.sum(|queue| queue.descriptors),
        doorbells: metrics.queues.sum(|queue| queue.doorbells),
        interrupts: metrics.queues.sum(|queue| queue.interrupts),
        bytes_in: metrics.queues.sum(|queue| queue.bytes_in),
        bytes_out: metrics.queues.sum(|queue| queue.bytes_out),
    };
    let document = Document {
        format: FORMAT,
        guests,
        totals,
        metrics,
        executor,
    };
    // Numbers and names only: there is nothing in it that could fail.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

/// Replaces a file as a whole.
pub fn write_file(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let mut file = fs::File::create(&part)?;
    file.write_all(text.as_bytes())
        .and_then(|()| fs::rename(&part, path))
        .inspect_err(|_| drop(fs::remove_file(&part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_json_with_the_sums_and_leaves_no_part_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stats.json");
        let mut metrics = Metrics::default();
        metrics.command("bind");
        metrics.command("bind");
        metrics.queues.get(1).doorbells = 3;
        metrics.queues.get(3).doorbells = 1;
        metrics
            .stages
            .completion_to_used
            .add(Duration::from_nanos(7));
        for guests in 1..3 {
            let text = to_json(guests, &metrics, &serde_json::json!({ "engines": {} }));
            write_file(&path, &text).unwrap();
        }
        let value: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(value["format"], FORMAT);
        assert_eq!(value["guests"], 2);
        assert_eq!(value["commands"]["bind"], 2);
        assert_eq!(value["totals"]["messages"], 2);
        assert_eq!(value["totals"]["doorbells"], 4);
        assert_eq!(value["stages"]["completion_to_used"]["max_ns"], 7);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_file(Path::new("/nowhere/at/all"), "").is_err());
    }
}
