// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A sample from a daemon's management socket (docs/observing.md).

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::model::{Client, Engine, Latency, Memory, Sample};

/// How long the daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(6);

/// Bytes of an answer, at most.
const MAX_ANSWER: u64 = 16 << 20;

/// The format of the daemon's answers that this program reads.
const FORMAT: u32 = 1;

/// The engine classes, by i915's numbers.
const CLASSES: [&str; 4] = ["render", "copy", "video", "video-enhance"];

#[derive(Deserialize)]
struct Engines {
    format: u32,
    guest: u64,
    at_ns: u64,
    platform: String,
    engines: Vec<EngineState>,
}

#[derive(Deserialize)]
struct EngineState {
    name: String,
    class: u16,
    busy_ns: u64,
}

#[derive(Deserialize)]
struct Clients {
    guest: u64,
    address_spaces: u64,
    contexts: u64,
    clients: Vec<ClientState>,
}

#[derive(Deserialize)]
struct ClientState {
    address_space: u32,
    bytes_bound: u64,
    contexts: Vec<ContextState>,
}

#[derive(Deserialize)]
struct ContextState {
    context: u32,
    submissions: u64,
    slots: Vec<SlotState>,
}

#[derive(Deserialize)]
struct SlotState {
    class: u16,
    busy_ns: u64,
}

/// The body of an answer that says that all is well.
fn body(answer: &str) -> Result<&str> {
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .context("the answer is cut off")?;
    let status = head.lines().next().unwrap_or_default();
    ensure!(
        status.starts_with("HTTP/1.1 200"),
        "the answer is {status:?}"
    );
    Ok(body)
}

/// Asks for a resource.
fn get<T: DeserializeOwned>(socket: &Path, resource: &str) -> Result<T> {
    let ask = || -> Result<T> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "GET {resource} HTTP/1.1\r\nHost: igpu\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.take(MAX_ANSWER).read_to_string(&mut answer)?;
        ensure!(
            !answer.is_empty(),
            "the daemon hung up: is it another user's?"
        );
        Ok(serde_json::from_str(body(&answer)?)?)
    };
    ask().with_context(|| format!("{resource} of {}", socket.display()))
}

fn class_name(class: u16) -> String {
    match CLASSES.get(usize::from(class)) {
        Some(name) => (*name).to_owned(),
        None => format!("class {class}"),
    }
}

fn client(state: &ClientState, engines: &[EngineState]) -> Client {
    let mut classes: Vec<u16> = engines.iter().map(|engine| engine.class).collect();
    classes.dedup();
    let busy = |class: u16| {
        let slots = state.contexts.iter().flat_map(|context| &context.slots);
        slots
            .filter(|slot| slot.class == class)
            .map(|slot| slot.busy_ns)
            .sum()
    };
    let used = classes.into_iter().map(|class| Engine {
        name: class_name(class),
        capacity: engines
            .iter()
            .filter(|engine| engine.class == class)
            .count() as u64,
        busy_ns: busy(class),
    });
    let contexts: Vec<_> = state
        .contexts
        .iter()
        .map(|c| c.context.to_string())
        .collect();
    let id = state.address_space.to_string();
    let name = match contexts.len() {
        0 => format!("address space {id}"),
        1..4 => format!("address space {id}, context {}", contexts.join(" ")),
        many => format!("address space {id}, {many} contexts"),
    };
    Client {
        id,
        name,
        engines: used.collect(),
        memory: Memory {
            total: state.bytes_bound,
            resident: state.bytes_bound,
        },
        submissions: Some(
            state
                .contexts
                .iter()
                .map(|context| context.submissions)
                .sum(),
        ),
    }
}

/// The counts that are shown as rates, by where they stand in the counters.
const COUNTS: [(&str, &str); 8] = [
    ("messages", "/totals/messages"),
    ("doorbells", "/totals/doorbells"),
    ("interrupts", "/totals/interrupts"),
    ("submissions", "/submissions"),
    ("binds", "/binds"),
    ("unbinds", "/unbinds"),
    ("bytes in", "/totals/bytes_in"),
    ("bytes out", "/totals/bytes_out"),
];

fn latencies(histograms: &Value) -> Vec<Latency> {
    let stages = histograms["stages"].as_object().into_iter().flatten();
    stages
        .map(|(stage, values)| {
            let number = |name: &str| values[name].as_u64().unwrap_or(0);
            Latency {
                stage: stage.replace("_to_", " > ").replace('_', " "),
                count: number("count"),
                p50_ns: number("p50_ns"),
                p99_ns: number("p99_ns"),
                max_ns: number("max_ns"),
            }
        })
        .collect()
}

fn combine(engines: Engines, clients: &Clients, counters: &Value, histograms: &Value) -> Sample {
    let lost = counters["gpu_lost"].as_str();
    let lost = lost.map_or(String::new(), |why| format!(", its GPU is gone: {why}"));
    let title = match engines.guest {
        0 => "no guest yet".to_owned(),
        guest => format!(
            "guest {guest}, {}, {} address spaces, {} contexts{lost}",
            engines.platform, clients.address_spaces, clients.contexts
        ),
    };
    let count = |(name, at): &(&str, &str)| {
        let value = counters.pointer(at).and_then(Value::as_u64);
        ((*name).to_owned(), value.unwrap_or(0))
    };
    Sample {
        title,
        epoch: engines.guest,
        at: engines.at_ns as f64 / 1e9,
        clients: clients
            .clients
            .iter()
            .map(|state| client(state, &engines.engines))
            .collect(),
        counts: COUNTS.iter().map(count).collect(),
        latencies: latencies(histograms),
        engines: engines
            .engines
            .into_iter()
            .map(|engine| Engine {
                name: engine.name,
                capacity: 1,
                busy_ns: engine.busy_ns,
            })
            .collect(),
    }
}

/// A sample of what a daemon does.
pub(crate) fn sample(socket: &Path) -> Result<Sample> {
    // A guest may go and another come between two questions.
    for _ in 0..3 {
        let engines: Engines = get(socket, "/engines")?;
        if engines.format != FORMAT {
            bail!(
                "the daemon speaks format {}, this program {FORMAT}",
                engines.format
            );
        }
        let counters: Value = get(socket, "/counters")?;
        let histograms: Value = get(socket, "/histograms")?;
        let clients: Clients = get(socket, "/clients")?;
        if clients.guest == engines.guest {
            return Ok(combine(engines, &clients, &counters, &histograms));
        }
    }
    bail!("guests come and go too fast to be looked at")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_daemons_answers_become_a_sample() {
        let engines = json!({
            "format": 1, "guest": 3, "at_ns": 2_500_000_000_u64, "platform": "tgl",
            "engines": [
                { "name": "rcs0", "class": 0, "instance": 0, "busy_ns": 5 },
                { "name": "vcs0", "class": 2, "instance": 0, "busy_ns": 6 },
                { "name": "vcs1", "class": 2, "instance": 1, "busy_ns": 7 },
            ]
        });
        let slots = json!([
            { "class": 0, "instances": 1, "busy_ns": 100 },
            { "class": 2, "instances": 3, "busy_ns": 30 },
            { "class": 2, "instances": 1, "busy_ns": 4 },
        ]);
        let clients = json!({
            "format": 1, "guest": 3, "at_ns": 0, "address_spaces": 1, "contexts": 1,
            "clients": [{
                "address_space": 9, "bytes_bound": 8192, "extents": 2,
                "contexts": [{ "context": 4, "submissions": 11, "slots": slots }],
            }]
        });
        let counters = json!({ "totals": { "messages": 40, "doorbells": 3 }, "submissions": 11 });
        let histograms = json!({ "stages": { "submit_whole": {
            "count": 11, "p50_ns": 900, "p99_ns": 1800, "max_ns": 2000,
        } } });
        let sample = combine(
            serde_json::from_value(engines).unwrap(),
            &serde_json::from_value(clients).unwrap(),
            &counters,
            &histograms,
        );
        assert_eq!((sample.epoch, sample.at), (3, 2.5));
        assert_eq!(sample.engines.len(), 3);
        let client = &sample.clients[0];
        assert_eq!(client.name, "address space 9, context 4");
        assert_eq!((client.memory.total, client.submissions), (8192, Some(11)));
        let used: Vec<_> = client.engines.iter().collect();
        assert_eq!((used[0].name.as_str(), used[0].busy_ns), ("render", 100));
        assert_eq!((used[1].capacity, used[1].busy_ns), (2, 34));
        assert_eq!(sample.counts[0], ("messages".to_owned(), 40));
        assert_eq!(sample.counts[4], ("binds".to_owned(), 0));
        assert_eq!(sample.latencies[0].stage, "submit whole");
    }

    #[test]
    fn only_an_answer_that_all_is_well_has_a_body() {
        assert_eq!(body("HTTP/1.1 200 OK\r\na: b\r\n\r\n{}").unwrap(), "{}");
        for bad in [
            "HTTP/1.1 404 Not Found\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\n",
            "",
        ] {
            assert!(body(bad).is_err(), "{bad}");
        }
    }
}
