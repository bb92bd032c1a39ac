//! Tracks, what lies on them, and the arrows between: what is written for Perfetto, and what
//! a picture is made of. Times are microseconds on the host's clock.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// A track: a process and a thread of the trace.
pub(super) type Track = (u64, u64);

/// Something that takes time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slice {
    pub(super) track: Track,
    pub(super) begin: f64,
    pub(super) end: f64,
    pub(super) name: String,
    pub(super) args: Value,
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    pub(super) track: Track,
    pub(super) at: f64,
    pub(super) name: String,
}

/// Everything.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// The processes' names.
    pub(super) processes: BTreeMap<u64, String>,
    /// The tracks' names.
    pub(super) tracks: BTreeMap<Track, String>,
    pub(super) slices: Vec<Slice>,
    pub(super) marks: Vec<Mark>,
    /// What may overlap on one track: of each its number.
    pub(super) spans: Vec<(u64, Slice)>,
    /// A command's way: the tracks that it passes, and when.
    pub(super) flows: BTreeMap<u64, Vec<(Track, f64)>>,
    /// What is known about the whole.
    pub(super) facts: Vec<(&'static str, String)>,
}

fn metadata(kind: &str, track: Track, name: &str) -> Value {
    let (pid, tid) = track;
    json!({ "ph": "M", "name": kind, "pid": pid, "tid": tid, "args": { "name": name } })
}

impl Timeline {
    /// In Chrome's JSON trace format, an event a line.
    pub(super) fn json(&self) -> String {
        let mut events = Vec::new();
        for (process, name) in &self.processes {
            events.push(metadata("process_name", (*process, 0), name));
            // Guest above host.
            let order = if *process == super::HOST { 1 } else { 0 };
            let args = json!({ "sort_index": order });
            events.push(
                json!({ "ph": "M", "name": "process_sort_index", "pid": process, "args": args }),
            );
        }
        for (track, name) in &self.tracks {
            events.push(metadata("thread_name", *track, name));
        }
        for slice in &self.slices {
            events.push(json!({
                "ph": "X", "name": slice.name, "cat": "stage", "pid": slice.track.0,
                "tid": slice.track.1, "ts": rounded(slice.begin),
                "dur": rounded((slice.end - slice.begin).max(0.0)), "args": slice.args,
            }));
        }
        for mark in &self.marks {
            events.push(json!({
                "ph": "i", "s": "t", "name": mark.name, "cat": "stage", "pid": mark.track.0,
                "tid": mark.track.1, "ts": rounded(mark.at),
            }));
        }
        for (id, span) in &self.spans {
            for (phase, at) in [("b", span.begin), ("e", span.end)] {
                events.push(json!({
                    "ph": phase, "id": id, "name": span.name, "cat": "fence",
                    "pid": span.track.0, "tid": span.track.1, "ts": rounded(at),
                    "args": span.args,
                }));
            }
        }
        for (id, steps) in self.flows.iter().filter(|(_, steps)| steps.len() > 1) {
            for (number, (track, at)) in steps.iter().enumerate() {
                let phase = match number {
                    0 => "s",
                    last if last + 1 == steps.len() => "f",
                    _ => "t",
                };
                events.push(json!({
                    "ph": phase, "bp": "e", "id": id, "name": "command", "cat": "flow",
                    "pid": track.0, "tid": track.1, "ts": rounded(*at),
                }));
            }
        }
        let lines: Vec<_> = events.iter().map(Value::to_string).collect();
        let facts: serde_json::Map<_, _> = self
            .facts
            .iter()
            .map(|(name, value)| ((*name).to_string(), Value::from(value.as_str())))
            .collect();
        let facts = Value::Object(facts);
        format!(
            "{{\"displayTimeUnit\":\"ns\",\"metadata\":{facts},\"traceEvents\":[\n{}\n]}}\n",
            lines.join(",\n")
        )
    }
}

/// To whole nanoseconds.
fn rounded(microseconds: f64) -> f64 {
    (microseconds * 1000.0).round() / 1000.0
}
