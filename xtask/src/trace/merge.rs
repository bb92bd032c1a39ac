//! Puts what the guest and the host recorded on one time axis.

use std::collections::{BTreeMap, HashMap, VecDeque};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::HOST;
use super::clock::{self, Fit};
use super::guest::{self, Event, Recorded, What};
use super::stages::{self, Passed};
use super::timeline::{Mark, Slice, Timeline, Track};

/// The guest's interrupts and fences as processes of the trace, and its own processes from
/// that number on.
const INTERRUPTS: u64 = 2;
const FENCES: u64 = 3;
const PROCESSES: u64 = 1000;

/// How far apart signals of one interrupt may be, in microseconds.
const IN_A_ROW: f64 = 2000.0;

/// Whose command, by the numbers on the wire: a context's slot or an address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Owner {
    Slot(u64, u64),
    AddressSpace(u64),
}

type Key = (Owner, u64);

/// What the host noted of a command.
#[derive(Clone, Copy, Debug)]
struct OnHost {
    flow: u64,
    taken: f64,
    reported: f64,
    used: f64,
}

/// What the guest noted of one.
#[derive(Clone, Debug)]
struct InGuest {
    key: Key,
    made: f64,
    process: u32,
    track: Track,
    sent: Option<f64>,
    signalled: Option<(f64, Track)>,
}

/// How a merge went, for people.
#[derive(Debug)]
pub(crate) struct Summary {
    /// Commands seen whole, from call to fence.
    pub(crate) whole: usize,
    /// Commands seen by either side.
    pub(crate) seen: usize,
    /// Events and records that were lost.
    pub(crate) lost: u64,
    /// How the clocks stand to each other.
    pub(super) fit: Fit,
    /// How long each stage of a submission took that its client waited for.
    pub(crate) stages: Option<Value>,
}

impl Summary {
    /// How wrong a guest's time can be, in microseconds.
    pub(crate) fn error(&self) -> f64 {
        self.fit.error
    }
}

fn key_of(args: &Value) -> Option<Key> {
    let number = |name: &str| args[name].as_u64();
    let value = number("value")?;
    match number("address_space") {
        Some(id) => Some((Owner::AddressSpace(id), value)),
        None => Some((Owner::Slot(number("context")?, number("slot")?), value)),
    }
}

/// Reads the daemon's trace, which may have broken off.
fn host_events(text: &str) -> Result<Vec<Value>> {
    let lines = text.lines().map(|line| line.trim_end_matches(','));
    let lines = lines.filter(|line| line.starts_with('{'));
    let mut events = Vec::new();
    for line in lines {
        match serde_json::from_str(line) {
            Ok(event) => events.push(event),
            // The last line of a daemon that was killed.
            Err(error) if error.is_eof() => break,
            Err(error) => return Err(error).context("an event of the daemon's trace"),
        }
    }
    Ok(events)
}

/// Puts the daemon's events on the timeline. Returns the commands that it saw, in their order,
/// and how many records it lost.
fn take_host(timeline: &mut Timeline, events: &[Value]) -> (HashMap<Key, VecDeque<OnHost>>, u64) {
    let mut commands: HashMap<Key, VecDeque<OnHost>> = HashMap::new();
    let mut lost = 0;
    for event in events {
        let number = |name: &str| event[name].as_f64().unwrap_or(0.0);
        let track = (HOST, event["tid"].as_u64().unwrap_or(0));
        let name = event["name"].as_str().unwrap_or_default().to_string();
        let args = &event["args"];
        let given = || args["name"].as_str().unwrap_or_default().to_string();
        match (event["ph"].as_str().unwrap_or_default(), name.as_str()) {
            ("M", "process_name") => {
                timeline.processes.insert(HOST, given());
            }
            ("M", "thread_name") => {
                timeline.tracks.insert(track, given());
            }
            ("M", "dropped_records") => lost = args["dropped"].as_u64().unwrap_or(0),
            ("X", _) => {
                if let (Some(flow), Some(key), "reply") =
                    (args["flow"].as_u64(), key_of(args), name.as_str())
                {
                    let stage = |name: &str| args[name].as_f64().unwrap_or(0.0);
                    commands.entry(key).or_default().push_back(OnHost {
                        flow,
                        taken: stage("taken"),
                        reported: stage("reported"),
                        used: stage("used"),
                    });
                }
                let begin = number("ts");
                timeline.slices.push(Slice {
                    track,
                    begin,
                    end: begin + number("dur"),
                    name,
                    args: args.clone(),
                });
            }
            ("i", _) => timeline.marks.push(Mark {
                track,
                at: number("ts"),
                name,
            }),
            ("s" | "t" | "f", _) => {
                let flow = event["id"].as_u64().unwrap_or(0);
                let steps = timeline.flows.entry(flow).or_default();
                steps.push((track, number("ts")));
            }
            _ => {}
        }
    }
    // Commands end in any order; those of one name in the order in which they were taken.
    for same in commands.values_mut() {
        let same = same.make_contiguous();
        same.sort_by(|one, other| one.taken.total_cmp(&other.taken));
    }
    (commands, lost)
}

fn process_track(event: &Event) -> Track {
    let number = PROCESSES + u64::from(event.process);
    (number, number)
}

fn cpu_track(event: &Event) -> Track {
    (INTERRUPTS, u64::from(event.cpu))
}

/// The guest's commands, in the order in which they were made.
fn guest_commands(events: &[Event]) -> Vec<InGuest> {
    let mut commands: Vec<InGuest> = Vec::new();
    // By timeline and value: the last that was made by that name.
    let mut named = HashMap::new();
    for event in events {
        let made = match event.what {
            What::Submit(context, slot, point) => {
                Some((Owner::Slot(context.into(), slot.into()), point))
            }
            What::Update(id, point) => Some((Owner::AddressSpace(id.into()), point)),
            What::Send(point) => {
                if let Some(&index) = named.get(&point) {
                    let command: &mut InGuest = &mut commands[index];
                    command.sent.get_or_insert(event.at);
                }
                None
            }
            What::Signal(point) => {
                if let Some(&index) = named.get(&point) {
                    let command: &mut InGuest = &mut commands[index];
                    command
                        .signalled
                        .get_or_insert((event.at, cpu_track(event)));
                }
                None
            }
            _ => None,
        };
        if let Some((owner, point)) = made {
            named.insert(point, commands.len());
            commands.push(InGuest {
                key: (owner, point.1),
                made: event.at,
                process: event.process,
                track: process_track(event),
                sent: None,
                signalled: None,
            });
        }
    }
    commands
}

/// What the commands say of the clocks.
fn fit(commands: &[InGuest], on_host: &HashMap<Key, VecDeque<OnHost>>) -> Option<Fit> {
    let mut times: HashMap<Key, usize> = HashMap::new();
    for command in commands {
        *times.entry(command.key).or_default() += 1;
    }
    let (mut least, mut most) = (Vec::new(), Vec::new());
    for command in commands.iter().filter(|command| times[&command.key] == 1) {
        let Some([host]) = on_host.get(&command.key).map(|same| same.as_slices().0) else {
            continue;
        };
        if let Some(sent) = command.sent {
            most.push((sent, host.taken - sent));
        }
        if let Some((at, _)) = command.signalled {
            // The guest's times are cut to whole microseconds.
            least.push((at, host.used - (at + 1.0)));
        }
    }
    clock::fit(&least, &most)
}

/// The calls, interrupts and notifications.
fn take_guest(timeline: &mut Timeline, events: &[Event], host: impl Fn(f64) -> f64) {
    timeline
        .processes
        .insert(INTERRUPTS, "guest: interrupts".into());
    let mut calls: HashMap<u32, (f64, u32)> = HashMap::new();
    let mut interrupts: BTreeMap<u32, Slice> = BTreeMap::new();
    for event in events {
        let at = host(event.at);
        let track = process_track(event);
        let interrupt = interrupts.get_mut(&event.cpu);
        match event.what {
            What::IoctlBegin(command) => {
                calls.insert(event.process, (at, command));
            }
            What::IoctlEnd => {
                let Some((begin, command)) = calls.remove(&event.process) else {
                    continue;
                };
                timeline.slices.push(Slice {
                    track,
                    begin,
                    end: at,
                    name: guest::ioctl_name(command),
                    args: json!({ "command": format!("{command:#x}") }),
                });
            }
            What::Kick(queue) => timeline.marks.push(Mark {
                track,
                at,
                name: format!("kick queue {queue}"),
            }),
            What::Interrupt(queue) => {
                let next = Slice {
                    track: cpu_track(event),
                    begin: at,
                    end: at,
                    name: format!("interrupt of queue {queue}"),
                    args: json!({}),
                };
                timeline
                    .tracks
                    .insert(next.track, format!("cpu {}", event.cpu));
                timeline.slices.extend(interrupts.insert(event.cpu, next));
                continue;
            }
            What::Signal(_) => {
                // Several in a row are of one interrupt.
                if let Some(interrupt) = interrupt.filter(|slice| at < slice.end + IN_A_ROW) {
                    interrupt.end = at;
                    continue;
                }
                let track = cpu_track(event);
                timeline.tracks.insert(track, format!("cpu {}", event.cpu));
                timeline.slices.push(Slice {
                    track,
                    begin: at,
                    end: at,
                    name: "signal".into(),
                    args: json!({}),
                });
                continue;
            }
            What::Submit(..) | What::Update(..) | What::Send(_) => {}
        }
        let name = format!("guest: {} {}", event.name, event.process);
        timeline.processes.entry(track.0).or_insert(name);
        let thread = timeline.tracks.entry(track);
        thread.or_insert_with(|| event.name.clone());
        // Something else has run there: the interrupt is over.
        timeline.slices.extend(interrupts.remove(&event.cpu));
    }
    timeline.slices.extend(interrupts.into_values());
}

/// Puts both on one time axis, the host's.
pub(super) fn merge(host_text: &str, recorded: &Recorded) -> Result<(Timeline, Summary)> {
    let mut timeline = Timeline::default();
    let events = host_events(host_text)?;
    let (mut on_host, dropped) = take_host(&mut timeline, &events);
    let commands = guest_commands(&recorded.events);
    let fit = fit(&commands, &on_host)
        .context("guest and host have seen no command in common: nothing ties their clocks")?;
    take_guest(&mut timeline, &recorded.events, |at| fit.host(at));
    timeline.processes.insert(FENCES, "guest: fences".into());
    let seen_on_host: usize = on_host.values().map(VecDeque::len).sum();
    let mut whole = 0;
    let mut passed = Vec::new();
    let mut unknown = 1_u64 << 40;
    for command in &commands {
        let host = on_host.get_mut(&command.key).and_then(VecDeque::pop_front);
        let flow = host.map_or_else(
            || {
                unknown += 1;
                unknown
            },
            |host| host.flow,
        );
        let steps = timeline.flows.entry(flow).or_default();
        steps.insert(0, (command.track, fit.host(command.made)));
        let Some((signalled, track)) = command.signalled else {
            continue;
        };
        whole += usize::from(host.is_some());
        if let (Some(host), Some(sent), Owner::Slot(..)) = (host, command.sent, command.key.0) {
            passed.push(Passed {
                process: command.process,
                made_in_guest: command.made,
                made: fit.host(command.made),
                sent: fit.host(sent),
                taken: host.taken,
                reported: host.reported,
                used: host.used,
                signalled: fit.host(signalled),
            });
        }
        steps.push((track, fit.host(signalled)));
        let (name, track) = match command.key.0 {
            Owner::Slot(context, slot) => (
                format!("context {context} slot {slot}"),
                (FENCES, context << 8 | slot),
            ),
            Owner::AddressSpace(id) => (format!("address space {id}"), (FENCES, 1 << 40 | id)),
        };
        timeline.spans.push((
            flow,
            Slice {
                track,
                begin: fit.host(command.made),
                end: fit.host(signalled),
                name,
                args: json!({ "value": command.key.1 }),
            },
        ));
    }
    let summary = Summary {
        whole,
        seen: commands.len().max(seen_on_host),
        lost: dropped + recorded.lost,
        stages: stages::of(&passed, &recorded.events, |at| fit.host(at), fit.error),
        fit,
    };
    timeline.facts = vec![
        (
            "time axis",
            "the host's CLOCK_MONOTONIC, from the trace's begin".into(),
        ),
        ("clock error at most (us)", format!("{:.1}", fit.error)),
        ("clock drift (ppm)", format!("{:.1}", fit.drift_ppm())),
        ("records lost", summary.lost.to_string()),
    ];
    if let Some(name) = timeline.processes.get_mut(&INTERRUPTS) {
        *name = format!("{name} (guest times to within {:.1} us)", fit.error);
    }
    Ok((timeline, summary))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A run of one context's submissions, as both sides tell of it; the guest's clock is
    /// seven seconds ahead of the host's.
    pub(in crate::trace) fn run(submissions: u64) -> (String, Recorded) {
        let ahead = 7_000_000.0;
        let mut host = vec!["[".to_string()];
        let mut recorded = Recorded::default();
        let name = json!({ "name": "submit queue" });
        let named = json!({ "ph": "M", "name": "thread_name", "pid": 1, "tid": 3, "args": name });
        host.push(format!("{named},"));
        for value in 1..=submissions {
            let at = 1000.0 * value as f64;
            let mut note = |after: f64, cpu, what| {
                recorded.events.push(Event {
                    at: (at + after + ahead).floor(),
                    process: 143,
                    name: "painter".into(),
                    cpu,
                    what,
                });
            };
            let point = (4, value);
            note(0.0, 0, What::IoctlBegin(0xc038_647f));
            note(10.0, 0, What::Submit(3, 0, point));
            note(20.0, 0, What::Send(point));
            note(21.0, 0, What::Kick(2));
            note(30.0, 0, What::IoctlEnd);
            note(90.0, 1, What::Interrupt(2));
            note(95.0, 1, What::Signal(point));
            let args = json!({
                "context": 3, "slot": 0, "value": value, "flow": value,
                "taken": at + 40.0, "accepted": at + 45.0, "reported": at + 60.0, "used": at + 80.0,
            });
            for (name, begin, end) in [("submit", 40.0, 45.0), ("reply", 70.0, 80.0)] {
                let event = json!({
                    "ph": "X", "name": name, "pid": 1, "tid": 3, "ts": at + begin,
                    "dur": end - begin, "args": args,
                });
                host.push(format!("{event},"));
            }
            for (phase, after) in [("s", 40.0), ("f", 70.0)] {
                let event = json!({
                    "ph": phase, "id": value, "pid": 1, "tid": 3, "ts": at + after,
                });
                host.push(format!("{event},"));
            }
        }
        (host.join("\n"), recorded)
    }

    #[test]
    fn a_command_is_followed_from_its_call_to_its_fence() {
        let (host, recorded) = run(50);
        let (timeline, summary) = merge(&host, &recorded).expect("a trace");
        assert_eq!((summary.whole, summary.seen, summary.lost), (50, 50, 0));
        // Between sending and taking lie 20 us, between using and signalling 15.
        assert!(summary.fit.error <= 19.0, "{summary:?}");
        for (flow, steps) in &timeline.flows {
            let processes: Vec<_> = steps.iter().map(|((process, _), _)| *process).collect();
            assert_eq!(processes, [1143, HOST, HOST, INTERRUPTS], "{flow}");
            assert!(
                steps.is_sorted_by(|one, other| one.1 <= other.1),
                "{steps:?}"
            );
            // Each begins, passes and ends within something on its track.
            for (track, at) in steps {
                let within = |slice: &&Slice| {
                    slice.track == *track && slice.begin <= *at && *at <= slice.end
                };
                assert!(
                    timeline.slices.iter().any(|slice| within(&slice)),
                    "{track:?} {at}"
                );
            }
        }
        assert_eq!(timeline.spans.len(), 50);
        let value: Value = serde_json::from_str(&timeline.json()).expect("JSON");
        let events = value["traceEvents"].as_array().expect("events");
        let count = |phase: &str| events.iter().filter(|event| event["ph"] == phase).count();
        assert_eq!((count("s"), count("t"), count("f")), (50, 100, 50));
        assert_eq!((count("b"), count("e")), (50, 50));
        assert!(value["metadata"]["clock error at most (us)"].is_string());
    }

    #[test]
    fn a_trace_that_broke_off_is_good_up_to_there_and_without_commands_there_is_no_axis() {
        let (host, recorded) = run(10);
        let cut = &host[..host.len() - 40];
        let (_, summary) = merge(cut, &recorded).expect("a trace");
        assert!(summary.whole >= 9, "{summary:?}");
        assert!(merge("[\n", &recorded).is_err());
        assert!(merge(&host, &Recorded::default()).is_err());
    }
}
