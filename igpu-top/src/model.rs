// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What is seen at one moment, and what two of those come to: shares of time and rates.

use serde::Serialize;

/// What a source tells at one moment: everything counts up, but memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sample {
    /// What is looked at, in words.
    pub(crate) title: String,
    /// Counts of another are not to be compared with these: another guest, say.
    pub(crate) epoch: u64,
    /// When, in seconds, on any clock that does not jump.
    pub(crate) at: f64,
    /// The engines, where the source knows them; else they are made of what clients use.
    pub(crate) engines: Vec<Engine>,
    /// Who uses them.
    pub(crate) clients: Vec<Client>,
    /// Counts that people want the rates of, by name.
    pub(crate) counts: Vec<(String, u64)>,
    /// Times by stage.
    pub(crate) latencies: Vec<Latency>,
}

/// An engine, or a class of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Engine {
    /// Its name.
    pub(crate) name: String,
    /// How many there are.
    pub(crate) capacity: u64,
    /// Nanoseconds of work.
    pub(crate) busy_ns: u64,
}

/// Who uses the device.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Client {
    /// Tells it from all others.
    pub(crate) id: String,
    /// For people.
    pub(crate) name: String,
    /// Its work, by engine class.
    pub(crate) engines: Vec<Engine>,
    /// Memory, in bytes.
    pub(crate) memory: Memory,
    /// Submissions, where known.
    pub(crate) submissions: Option<u64>,
}

/// A client's memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Memory {
    /// All of it.
    pub(crate) total: u64,
    /// What has pages; where not known, all.
    pub(crate) resident: u64,
}

/// What a stage took, over the guest's whole time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Latency {
    /// The stage.
    pub(crate) stage: String,
    /// How many.
    pub(crate) count: u64,
    /// Half were no longer.
    pub(crate) p50_ns: u64,
    /// All but a hundredth were no longer.
    pub(crate) p99_ns: u64,
    /// The longest.
    pub(crate) max_ns: u64,
}

/// What is shown: [`rates`] of two samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct View {
    /// What is looked at, in words.
    pub(crate) title: String,
    /// Seconds between the samples; zero: there is nothing to compare yet.
    pub(crate) seconds: f64,
    /// The engines.
    pub(crate) engines: Vec<Load>,
    /// Who uses them, the busiest first.
    pub(crate) clients: Vec<ClientLoad>,
    /// Rates, per second.
    pub(crate) rates: Vec<Rate>,
    /// Times by stage.
    pub(crate) latencies: Vec<Latency>,
}

/// How busy an engine is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Load {
    /// Its name.
    pub(crate) name: String,
    /// How many there are.
    pub(crate) capacity: u64,
    /// Engines kept busy, from 0 to `capacity`.
    pub(crate) busy: f64,
}

/// What a client uses.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ClientLoad {
    /// Tells it from all others.
    pub(crate) id: String,
    /// For people.
    pub(crate) name: String,
    /// Engines of each class kept busy.
    pub(crate) engines: Vec<Load>,
    /// Of all classes together.
    pub(crate) busy: f64,
    /// Memory, in bytes.
    pub(crate) memory: Memory,
    /// Submissions per second, where known.
    pub(crate) submissions: Option<f64>,
}

/// A rate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Rate {
    /// Of what.
    pub(crate) name: String,
    /// Per second.
    pub(crate) per_second: f64,
    /// In all.
    pub(crate) total: u64,
}

/// How much a count has grown, per unit of time.
fn growth(before: Option<u64>, now: u64, time: f64) -> f64 {
    match before {
        Some(before) if time > 0.0 => now.saturating_sub(before) as f64 / time,
        _ => 0.0,
    }
}

fn loads(before: &[Engine], now: &[Engine], nanoseconds: f64) -> Vec<Load> {
    let load = |engine: &Engine| {
        let before = before.iter().find(|other| other.name == engine.name);
        let before = before.map(|before| before.busy_ns);
        let busy = growth(before, engine.busy_ns, nanoseconds);
        Load {
            name: engine.name.clone(),
            capacity: engine.capacity,
            busy: busy.min(engine.capacity.max(1) as f64),
        }
    };
    now.iter().map(load).collect()
}

/// What clients use of each class, where the source knows no engines.
fn summed(clients: &[ClientLoad]) -> Vec<Load> {
    let mut all: Vec<Load> = Vec::new();
    for load in clients.iter().flat_map(|client| &client.engines) {
        match all.iter_mut().find(|known| known.name == load.name) {
            Some(known) => {
                known.capacity = known.capacity.max(load.capacity);
                known.busy = (known.busy + load.busy).min(known.capacity.max(1) as f64);
            }
            None => all.push(load.clone()),
        }
    }
    all
}

/// What went on between two samples. Of what was not in the first, nothing is known yet.
pub(crate) fn rates(before: Option<&Sample>, now: &Sample) -> View {
    let nothing = Sample::default();
    let before = before
        .filter(|before| before.epoch == now.epoch && before.at < now.at)
        .unwrap_or(&nothing);
    let seconds = if *before == nothing {
        0.0
    } else {
        now.at - before.at
    };
    let nanoseconds = seconds * 1e9;
    let mut clients: Vec<_> = now
        .clients
        .iter()
        .map(|client| {
            let before = before.clients.iter().find(|other| other.id == client.id);
            let engines = before.map_or(&[][..], |before| &before.engines);
            let engines = loads(engines, &client.engines, nanoseconds);
            let submitted = before.and_then(|before| before.submissions);
            ClientLoad {
                id: client.id.clone(),
                name: client.name.clone(),
                busy: engines.iter().map(|load| load.busy).sum(),
                engines,
                memory: client.memory,
                submissions: client
                    .submissions
                    .map(|now| growth(submitted, now, seconds)),
            }
        })
        .collect();
    // Of those equally busy, the order they came in.
    clients.sort_by(|one, other| other.busy.total_cmp(&one.busy));
    let engines = match now.engines.is_empty() {
        true => summed(&clients),
        false => loads(&before.engines, &now.engines, nanoseconds),
    };
    let rate = |(name, total): &(String, u64)| {
        let before = before.counts.iter().find(|(other, _)| other == name);
        Rate {
            name: name.clone(),
            per_second: growth(before.map(|(_, total)| *total), *total, seconds),
            total: *total,
        }
    };
    View {
        title: now.title.clone(),
        seconds,
        engines,
        clients,
        rates: now.counts.iter().map(rate).collect(),
        latencies: now.latencies.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(name: &str, capacity: u64, busy_ns: u64) -> Engine {
        Engine {
            name: name.into(),
            capacity,
            busy_ns,
        }
    }

    fn sample(at: f64, busy: [u64; 2], messages: u64) -> Sample {
        let client = |id: &str, busy_ns| Client {
            id: id.into(),
            name: id.into(),
            engines: vec![engine("video", 2, busy_ns)],
            submissions: Some(busy_ns / 1000),
            ..Default::default()
        };
        Sample {
            epoch: 1,
            at,
            clients: vec![client("a", busy[0]), client("b", busy[1])],
            counts: vec![("messages".into(), messages)],
            ..Default::default()
        }
    }

    #[test]
    fn two_samples_make_shares_and_rates_and_the_busiest_comes_first() {
        let before = sample(10.0, [0, 0], 100);
        let now = sample(12.0, [500_000_000, 2_000_000_000], 300);
        let view = rates(Some(&before), &now);
        assert_eq!(view.seconds, 2.0);
        assert_eq!(view.clients[0].id, "b");
        assert_eq!((view.clients[0].busy, view.clients[1].busy), (1.0, 0.25));
        assert_eq!(view.clients[0].submissions, Some(1_000_000.0));
        assert_eq!(view.rates[0].per_second, 100.0);
        // No engines told: they are what clients use of them.
        assert_eq!(view.engines.len(), 1);
        assert_eq!((view.engines[0].busy, view.engines[0].capacity), (1.25, 2));
    }

    #[test]
    fn what_is_new_or_another_guests_has_no_rate_yet() {
        let now = sample(12.0, [500_000_000, 0], 300);
        let mut other_guest = sample(10.0, [0, 0], 100);
        other_guest.epoch = 2;
        let later = sample(13.0, [0, 0], 0);
        for before in [None, Some(&other_guest), Some(&later)] {
            let view = rates(before, &now);
            assert_eq!(view.seconds, 0.0);
            assert_eq!((view.clients[0].busy, view.rates[0].per_second), (0.0, 0.0));
            assert_eq!(view.rates[0].total, 300);
        }
        let mut fewer = sample(10.0, [0, 0], 100);
        fewer.clients.remove(0);
        let view = rates(Some(&fewer), &now);
        assert_eq!(view.clients[0].busy, 0.0);
    }

    #[test]
    fn shares_stay_within_what_there_is_and_counts_that_fall_are_no_rate() {
        let before = sample(10.0, [5, 0], 100);
        let now = sample(11.0, [0, 9_000_000_000], 50);
        let view = rates(Some(&before), &now);
        assert_eq!(
            (view.clients[0].id.as_str(), view.clients[0].busy),
            ("b", 2.0)
        );
        assert_eq!((view.clients[1].busy, view.rates[0].per_second), (0.0, 0.0));
    }
}
