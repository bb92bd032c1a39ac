//! Figures kept in the cache: what the set-up downloaded and how long each step took, and
//! what later runs measured. docs/performance.md is made from them.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::paths::Cache;

/// All figures.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Records {
    /// Set-up and build steps by name.
    #[serde(default)]
    pub(crate) steps: BTreeMap<String, Cost>,
    /// Single measured figures by name.
    #[serde(default)]
    pub(crate) figures: BTreeMap<String, f64>,
    /// Whole reports of measuring programs by name.
    #[serde(default)]
    pub(crate) reports: BTreeMap<String, Value>,
}

/// What one step cost when it last ran.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Cost {
    /// Wall-clock seconds.
    pub(crate) seconds: f64,
    /// Bytes fetched over the network.
    #[serde(default)]
    pub(crate) downloaded: u64,
}

impl Records {
    /// Reads the figures; none yet counts as empty.
    pub(crate) fn read(cache: &Cache) -> Self {
        fs::read(cache.records())
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    /// Changes the figures and writes them back.
    pub(crate) fn change(cache: &Cache, change: impl FnOnce(&mut Self)) -> Result<()> {
        let mut records = Self::read(cache);
        change(&mut records);
        let text = serde_json::to_vec_pretty(&records).context("cannot encode the figures")?;
        crate::stamp::write_atomically(&cache.records(), &text)
    }

    /// Notes what a step cost.
    pub(crate) fn step(cache: &Cache, name: &str, seconds: f64, downloaded: u64) -> Result<()> {
        Self::change(cache, |records| {
            records.steps.insert(
                name.to_string(),
                Cost {
                    seconds,
                    downloaded,
                },
            );
        })
    }

    /// Notes one figure.
    pub(crate) fn figure(cache: &Cache, name: &str, value: f64) -> Result<()> {
        Self::change(cache, |records| {
            records.figures.insert(name.to_string(), value);
        })
    }

    /// Keeps a whole report; an earlier one of that name is forgotten.
    pub(crate) fn report(cache: &Cache, name: &str, report: Value) -> Result<()> {
        Self::change(cache, |records| {
            records.reports.insert(name.to_string(), report);
        })
    }
}
