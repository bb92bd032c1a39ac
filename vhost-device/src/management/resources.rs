// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What the management socket tells: the resources, and their texts. `docs/observing.md`
//! shows each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::device::Device;
use crate::device::snapshot::Snapshot;
use crate::metrics::{self, Metrics, Stage, prometheus};

/// For how long a text is given again to whoever asks: what bounds how often the guest's
/// lock is taken.
pub const FRESH: Duration = Duration::from_millis(20);

/// The format of the JSON resources; raised when the meaning of a field changes.
pub const FORMAT: u32 = 1;

/// A resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// What there is.
    Index,
    /// What is counted: the stats file's content.
    Counters,
    /// The engines.
    Engines,
    /// Who uses them.
    Clients,
    /// Time by stage.
    Histograms,
    /// Counters, engines and histograms for Prometheus.
    Metrics,
}

/// The resources by path.
const RESOURCES: [(&str, Resource); 6] = [
    ("/", Resource::Index),
    ("/counters", Resource::Counters),
    ("/engines", Resource::Engines),
    ("/clients", Resource::Clients),
    ("/histograms", Resource::Histograms),
    ("/metrics", Resource::Metrics),
];

/// The resource of a path.
pub fn find(path: &str) -> Option<Resource> {
    let found = RESOURCES.iter().find(|(known, _)| *known == path);
    found.map(|(_, resource)| *resource)
}

impl Resource {
    /// Its media type.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Metrics => "text/plain; version=0.0.4; charset=utf-8",
            _ => "application/json",
        }
    }
}

/// Where the present guest's device comes from, or the last one's; none before the first.
pub type Source = Box<dyn Fn() -> Option<Arc<Device>> + Send + Sync>;

/// The texts, made when they are asked for.
pub struct Resources {
    source: Source,
    /// Whether faults may be asked for.
    faults: bool,
    begun: Instant,
    made: Mutex<HashMap<Resource, (Instant, Bytes)>>,
}

impl Resources {
    /// Tells of the device that `source` gives; with `faults`, has things go wrong on it.
    pub fn new(source: Source, faults: bool) -> Self {
        Self {
            source,
            faults,
            begun: Instant::now(),
            made: Mutex::default(),
        }
    }

    /// Whether faults may be asked for.
    pub fn takes_faults(&self) -> bool {
        self.faults
    }

    /// Has the GPU vanish. Whether there is a guest that has one.
    pub fn lose_gpu(&self) -> bool {
        let device = (self.source)();
        device.is_some_and(|device| device.lose_gpu("the management socket was asked for it"))
    }

    /// A resource's text, at most [`FRESH`] old.
    pub fn text(&self, resource: Resource) -> Bytes {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, text)) = made.get(&resource)
            && at.elapsed() < FRESH
        {
            return text.clone();
        }
        let text = Bytes::from(self.make(resource));
        made.insert(resource, (Instant::now(), text.clone()));
        text
    }

    fn make(&self, resource: Resource) -> String {
        let device = (self.source)();
        let now = Instant::now();
        let document = |guest: u64, fields: Value| {
            let mut document = Map::new();
            document.insert("format".into(), FORMAT.into());
            document.insert("guest".into(), guest.into());
            let at = now.saturating_duration_since(self.begun).as_nanos();
            document.insert("at_ns".into(), (at as u64).into());
            if let Value::Object(fields) = fields {
                document.extend(fields);
            }
            format!("{:#}\n", Value::Object(document))
        };
        if resource == Resource::Index {
            let paths = RESOURCES.map(|(path, _)| path);
            return document(number(device.as_ref()), json!({ "resources": paths }));
        }
        if resource == Resource::Clients {
            let guest = number(device.as_ref());
            let clients = device.map(|device| device.clients()).unwrap_or_default();
            return document(guest, json!(clients));
        }
        let snapshot = match device {
            Some(device) => device.snapshot(),
            None => Snapshot {
                guest: 0,
                metrics: Metrics::default(),
                executor: Value::Null,
                platform: "".into(),
                engines: Vec::new(),
            },
        };
        let Snapshot { guest, metrics, .. } = &snapshot;
        match resource {
            Resource::Engines => {
                let (platform, engines) = (&snapshot.platform, &snapshot.engines);
                document(*guest, json!({ "platform": platform, "engines": engines }))
            }
            Resource::Histograms => {
                let stages = metrics.stages.each();
                let stages = stages.map(|(name, stage)| (name.to_owned(), histogram(stage)));
                let stages: Map<_, _> = stages.into_iter().collect();
                document(*guest, json!({ "stages": stages }))
            }
            Resource::Metrics => {
                let engines = snapshot.engines.iter();
                let engines: Vec<_> = engines
                    .map(|engine| (engine.name.clone(), engine.busy_ns))
                    .collect();
                prometheus::to_text(*guest, metrics, &engines)
            }
            _ => metrics::to_json(*guest, metrics, &snapshot.executor),
        }
    }
}

fn number(device: Option<&Arc<Device>>) -> u64 {
    device.map_or(0, |device| device.number())
}

fn histogram(stage: &Stage) -> Value {
    let buckets: Vec<_> = stage.histogram.buckets().collect();
    // A bucket reaches farther than what is in it may.
    let quantile = |share| stage.histogram.quantile(share).min(stage.max_ns);
    json!({
        "count": stage.count,
        "total_ns": stage.total_ns,
        "max_ns": stage.max_ns,
        "p50_ns": quantile(0.5),
        "p90_ns": quantile(0.9),
        "p99_ns": quantile(0.99),
        "buckets": buckets,
    })
}
