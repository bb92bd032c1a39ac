// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Records as events of Chrome's JSON trace format, an event a line. Perfetto opens it, and
//! so do tools that read lines; a file that breaks off is still read up to there.
//!
//! Every command that takes time has a number of its own, `flow` in its events' arguments:
//! arrows go from its taking over its run on an engine to its reply.

use std::collections::HashMap;
use std::time::Instant;

use serde_json::{Value, json};
use virtio_igpu_protocol::MAX_PENDING_COMMANDS;

use super::{Label, Owner, Record};
use crate::executor::{Ending, engine_class_name};

/// The daemon's number as a process of the trace.
const PROCESS: u32 = 1;

/// The queues' tracks, from this number on.
const QUEUES: usize = 1;
const QUEUE_NAMES: [&str; 4] = ["control queue", "bind queue", "submit queue", "event queue"];

/// The engines' tracks: class times 16, and the instance, from this number on.
const ENGINES: u32 = 100;

/// Makes events of records.
pub(super) struct Events {
    begun: Instant,
    flows: HashMap<Label, u64>,
    last_flow: u64,
    /// Engine tracks, and until when each is taken, in nanoseconds.
    engines: HashMap<u32, u64>,
}

fn queue_track(queue: usize) -> usize {
    QUEUES + queue.min(QUEUE_NAMES.len() - 1)
}

/// Nanoseconds as the format's microseconds.
fn microseconds(ns: u64) -> f64 {
    ns as f64 / 1000.0
}

fn ending_name(ending: Ending) -> &'static str {
    match ending {
        Ending::Done => "done",
        Ending::Cancelled => "cancelled",
        Ending::Hung => "hung",
        Ending::OutOfMemory => "out of memory",
    }
}

/// A label in the events' arguments and in words.
fn described(label: &Label) -> (Value, String) {
    let value = label.value;
    match label.owner {
        Owner::Slot { context, slot } => (
            json!({ "context": context, "slot": slot, "value": value }),
            format!("context {context} slot {slot} #{value}"),
        ),
        Owner::AddressSpace(id) => (
            json!({ "address_space": id, "value": value }),
            format!("address space {id} #{value}"),
        ),
    }
}

/// The track of the engines of a class that a slot names, and its name.
fn engine_track((class, instances): (u16, u16)) -> (u32, String) {
    let name = engine_class_name(class).unwrap_or("engine");
    let track = ENGINES + u32::from(class) * 17;
    match instances.is_power_of_two() {
        true => {
            let instance = instances.trailing_zeros();
            (track + instance, format!("{name}{instance}"))
        }
        // Which of them, the executor does not tell.
        false => (track + 16, format!("{name} (any)")),
    }
}

impl Events {
    pub(super) fn new(begun: Instant) -> Self {
        Self {
            begun,
            flows: HashMap::new(),
            last_flow: 0,
            engines: HashMap::new(),
        }
    }

    fn ns(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.begun).as_nanos() as u64
    }

    /// What the file begins with.
    pub(super) fn head(&self) -> String {
        let mut text = "[\n".to_owned();
        let process = json!({ "name": "host: vhost-device-igpu" });
        let named = json!({ "ph": "M", "name": "process_name", "pid": PROCESS, "args": process });
        text.push_str(&format!("{named}"));
        for (queue, name) in QUEUE_NAMES.iter().enumerate() {
            text.push_str(&line(thread_name(queue_track(queue) as u32, name)));
        }
        text
    }

    /// What it ends with.
    pub(super) fn tail(&self, dropped: u64) -> String {
        let args = json!({ "dropped": dropped });
        let event = json!({ "ph": "M", "name": "dropped_records", "pid": PROCESS, "args": args });
        line(event) + "\n]\n"
    }

    /// The number of a command's arrows; a new one where it is `taken`.
    fn flow(&mut self, label: Label, taken: bool) -> u64 {
        if taken {
            self.last_flow += 1;
            // There are more only where ends were not recorded, for want of room.
            if self.flows.len() > 2 * MAX_PENDING_COMMANDS as usize {
                self.flows.clear();
            }
            self.flows.insert(label, self.last_flow);
            return self.last_flow;
        }
        // Unknown if its taking was not recorded for want of room: then it has no arrow.
        self.flows.remove(&label).unwrap_or(0)
    }

    /// A record's lines.
    pub(super) fn of(&mut self, record: &Record) -> String {
        match *record {
            Record::Doorbell { queue, at } => self.instant("doorbell", queue, at),
            Record::Interrupt { queue, at } => self.instant("interrupt", queue, at),
            Record::Taken {
                queue,
                name,
                label,
                begun,
                ended,
            } => {
                let track = queue_track(queue) as u32;
                let span = (self.ns(begun), self.ns(ended));
                let Some(label) = label else {
                    return line(slice(track, name, span, json!({})));
                };
                let flow = self.flow(label, true);
                let (mut args, _) = described(&label);
                args["flow"] = flow.into();
                line(slice(track, name, span, args)) + &line(arrow("s", flow, track, span.0))
            }
            Record::Ended { .. } => self.ended(record),
            Record::End => String::new(),
        }
    }

    fn ended(&mut self, record: &Record) -> String {
        let &Record::Ended {
            queue,
            label,
            engine,
            ending,
            busy_ns,
            taken,
            accepted,
            reported,
            replying,
            used,
        } = record
        else {
            return String::new();
        };
        let flow = self.flow(label, false);
        let (mut args, words) = described(&label);
        let [taken, accepted, reported, replying, used] =
            [taken, accepted, reported, replying, used].map(|at| self.ns(at));
        args["flow"] = flow.into();
        args["ending"] = ending_name(ending).into();
        args["busy_us"] = microseconds(busy_ns).into();
        for (stage, at) in [
            ("taken", taken),
            ("accepted", accepted),
            ("reported", reported),
            ("used", used),
        ] {
            args[stage] = microseconds(at).into();
        }
        let mut text = String::new();
        if let Some(engine) = engine.filter(|_| busy_ns > 0) {
            let (track, name) = engine_track(engine);
            if !self.engines.contains_key(&track) {
                text.push_str(&line(thread_name(track, &name)));
            }
            // A run that was interrupted is shown in one piece, as if just before its end; it
            // takes no more of the track than is free.
            let free = self.engines.get(&track).copied().unwrap_or(0);
            let begin = reported.saturating_sub(busy_ns).max(taken).max(free);
            let span = (begin.min(reported), reported);
            self.engines.insert(track, reported);
            text.push_str(&line(slice(track, &words, span, json!({ "flow": flow }))));
            if flow != 0 {
                text.push_str(&line(arrow("t", flow, track, span.0)));
            }
        }
        let track = queue_track(queue) as u32;
        text.push_str(&line(slice(track, "reply", (replying, used), args)));
        if flow != 0 {
            text.push_str(&line(arrow("f", flow, track, replying)));
        }
        text
    }

    fn instant(&self, name: &str, queue: usize, at: Instant) -> String {
        line(json!({
            "ph": "i", "s": "t", "name": name, "cat": "queue", "pid": PROCESS,
            "tid": queue_track(queue), "ts": microseconds(self.ns(at)),
        }))
    }
}

fn thread_name(track: u32, name: &str) -> Value {
    let args = json!({ "name": name });
    json!({ "ph": "M", "name": "thread_name", "pid": PROCESS, "tid": track, "args": args })
}

fn slice(track: u32, name: &str, (begin, end): (u64, u64), args: Value) -> Value {
    json!({
        "ph": "X", "name": name, "cat": "host", "pid": PROCESS, "tid": track,
        "ts": microseconds(begin), "dur": microseconds(end.saturating_sub(begin)), "args": args,
    })
}

/// A piece of a command's arrow: it begins (`s`), passes (`t`) or ends (`f`) here.
fn arrow(phase: &str, flow: u64, track: u32, at: u64) -> Value {
    json!({
        "ph": phase, "bp": "e", "id": flow, "name": "command", "cat": "flow",
        "pid": PROCESS, "tid": track, "ts": microseconds(at),
    })
}

/// An event behind others.
fn line(event: Value) -> String {
    format!(",\n{event}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn records_become_json_with_an_arrow_from_taking_to_reply() {
        let begun = Instant::now();
        let at = |us: u64| begun + Duration::from_micros(us);
        let mut events = Events::new(begun);
        let mut text = events.head();
        let label = Label {
            owner: Owner::Slot {
                context: 3,
                slot: 1,
            },
            value: 7,
        };
        let ended = |from: u64| Record::Ended {
            queue: 2,
            label,
            engine: Some((2, 0b10)),
            ending: Ending::Done,
            busy_ns: 5_000,
            taken: at(from),
            accepted: at(from + 2),
            reported: at(from + 10),
            replying: at(from + 12),
            used: at(from + 14),
        };
        for from in [1, 7] {
            text += &events.of(&Record::Taken {
                queue: 2,
                name: "submit",
                label: Some(label),
                begun: at(from),
                ended: at(from + 2),
            });
            text += &events.of(&ended(from));
        }
        text += &events.of(&Record::Doorbell {
            queue: 0,
            at: at(40),
        });
        text += &events.tail(9);
        let value: Value = serde_json::from_str(&text).unwrap();
        let all = value.as_array().unwrap();
        let of = |phase: &str| -> Vec<&Value> {
            all.iter().filter(|event| event["ph"] == phase).collect()
        };
        assert_eq!((of("s").len(), of("t").len(), of("f").len()), (2, 2, 2));
        assert_eq!(
            (&of("s")[0]["id"], &of("f")[1]["id"]),
            (&1.into(), &2.into())
        );
        let runs: Vec<_> = of("X");
        let runs: Vec<_> = runs.iter().filter(|run| run["tid"] == 135).collect();
        assert_eq!(
            (&runs[0]["ts"], &runs[0]["dur"]),
            (&6.0.into(), &5.0.into())
        );
        // The second run is said to have begun when the first was still there.
        assert_eq!(
            (&runs[1]["ts"], &runs[1]["dur"]),
            (&12.0.into(), &5.0.into())
        );
        let reply = of("X")
            .into_iter()
            .find(|event| event["name"] == "reply")
            .unwrap();
        assert_eq!(
            (&reply["args"]["context"], &reply["args"]["used"]),
            (&3.into(), &15.0.into())
        );
        let names: Vec<_> = of("M")
            .iter()
            .map(|event| event["args"]["name"].clone())
            .collect();
        assert!(names.contains(&"vcs1".into()), "{names:?}");
        assert_eq!(all.last().unwrap()["args"]["dropped"], 9);
    }
}
