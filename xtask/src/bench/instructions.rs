//! Guest instructions, counted by the plugin of `tcg-plugin/` in a guest with one processor:
//! near exact, so that a small rise can be told.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::profile::{self, Symbols};
use super::{Wanted, run_in_guest};
use crate::cli::{GuestArgs, QemuChoice};
use crate::paths::checkout;
use crate::setup;
use crate::tally::Tally;
use crate::vm::Lab;

/// A guest that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(600);

/// A rise by more than this part of the minimum fails.
const TOLERANCE: f64 = 0.02;

/// What the program says of a series of samples.
#[derive(Debug, Deserialize)]
struct Series {
    number: u32,
    name: String,
    what: String,
    peer: bool,
    each: u32,
}

/// One sample, as the plugin writes it.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Sample {
    user: u64,
    kernel: u64,
    notifications: u64,
}

#[derive(Debug, Deserialize)]
struct Samples {
    series: BTreeMap<u32, Vec<Sample>>,
    /// By series and address.
    #[serde(default)]
    profile: BTreeMap<u32, BTreeMap<u64, u64>>,
}

/// What an operation was counted to take, of each of those that a sample has, less what the
/// marks add.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Count {
    /// The fewest instructions, of kernel and user.
    pub(crate) least: f64,
    /// Those of them that are the user's.
    pub(crate) user: f64,
    /// The median.
    pub(crate) median: f64,
    /// Notifications of devices, on average.
    pub(crate) notifications: f64,
    /// Percent of the samples that are within 2 % of the fewest.
    pub(crate) steady: f64,
}

/// An operation's counts on each GPU.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Row {
    /// The operation, as reports call it.
    pub(crate) name: String,
    /// What it is.
    pub(crate) what: String,
    /// On ours.
    pub(crate) ours: Count,
    /// On the other.
    pub(crate) peer: Option<Count>,
    /// On ours, the functions of the guest's kernel that most instructions are executed in,
    /// and how many in each, on average over all samples; if that was counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) functions: Vec<(String, f64)>,
}

/// Functions that a row keeps.
const FUNCTIONS: usize = 12;

/// Whether it is counted in which functions of the guest's kernel instructions are executed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Profile<'a> {
    /// It is not: guests run faster.
    No,
    /// It is; of the operation that is named, all functions are told.
    Of(Option<&'a str>),
}

/// Builds the plugin and has a guest make all samples. Where the named operation's instructions
/// are executed is told as text.
pub(crate) fn measure(
    args: &GuestArgs,
    compare: bool,
    profile: Profile<'_>,
) -> Result<(Vec<Row>, String)> {
    let mut args = args.clone();
    (args.smp, args.no_kvm) = (1, true);
    // The plugin is for the stock QEMU's emulator.
    if args.setup.qemu == QemuChoice::Auto {
        args.setup.qemu = QemuChoice::Stock;
    }
    let lab = Lab::open(&args)?;
    let plugin = build()?;
    let wanted = Wanted {
        arguments: "--instructions".into(),
        compare,
        symbols: matches!(profile, Profile::Of(_)),
        limit: LIMIT,
    };
    let more = match profile {
        Profile::No => "",
        Profile::Of(_) => ",profile=on",
    };
    let ran = run_in_guest(&lab, &wanted, |guest| guest.plugin(&plugin, more))?;
    let counted = ran.finished.instructions;
    let counted = counted.context("the plugin has left no counts")?;
    let series: Vec<Series> =
        serde_json::from_value(ran.report).context("igpu-bench's series are not understood")?;
    let samples: Samples =
        serde_json::from_value(counted).context("the plugin's counts are not understood")?;
    let mut rows = rows(&series, &samples)?;
    let mut text = String::new();
    let Profile::Of(named) = profile else {
        return Ok((rows, text));
    };
    if let Some(name) = named.filter(|name| series.iter().all(|one| one.name != *name)) {
        let names: Vec<&str> = series.iter().map(|one| one.name.as_str()).collect();
        let names = names.join(", ");
        bail!("no operation is called {name}; there are {names}");
    }
    let symbols = Symbols::read(&ran.symbols);
    for one in &series {
        let profile = samples.profile.get(&one.number);
        let Some((profile, samples)) = profile.zip(samples.series.get(&one.number)) else {
            continue;
        };
        let calls = samples.len() as f64 * f64::from(one.each);
        let mut functions = profile::functions(&symbols, profile, calls);
        if named == Some(one.name.as_str()) {
            let gpu = if one.peer { "virtio-gpu" } else { "ours" };
            text.push_str(&format!("\n{}, {gpu}", one.name));
            text.push_str(&profile::text(&functions));
        }
        functions.truncate(FUNCTIONS);
        if let Some(row) = rows
            .iter_mut()
            .find(|row| !one.peer && row.name == one.name)
        {
            row.functions = functions;
        }
    }
    Ok((rows, text))
}

/// The plugin's file.
fn build() -> Result<PathBuf> {
    let mut cargo = setup::cargo(None);
    cargo.args([
        "build",
        "--release",
        "--package",
        "igpu-tcg-plugin",
        "--message-format=json-render-diagnostics",
    ]);
    let output = cargo
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("cargo could not build igpu-tcg-plugin ({})", output.status);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let messages = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut files = messages
        .filter(|message| message["target"]["name"] == "igpu_tcg_plugin")
        .filter_map(|message| message["filenames"][0].as_str().map(PathBuf::from));
    files
        .next()
        .context("cargo names no file of igpu-tcg-plugin")
}

fn rows(series: &[Series], counted: &Samples) -> Result<Vec<Row>> {
    let samples = |series: &Series| {
        let samples = counted.series.get(&series.number).filter(|s| !s.is_empty());
        samples.with_context(|| format!("no samples of {}", series.name))
    };
    let marks = |peer: bool| -> Result<u64> {
        let nothing = series
            .iter()
            .find(|s| s.peer == peer && s.name == "nothing");
        let nothing = samples(nothing.context("the marks alone were not counted")?)?;
        Ok(nothing.iter().map(|s| s.user + s.kernel).min().unwrap_or(0))
    };
    let mut rows: Vec<Row> = Vec::new();
    for one in series.iter().filter(|one| one.name != "nothing") {
        let count = count(samples(one)?, marks(one.peer)?, one.each);
        match rows.iter_mut().find(|row| row.name == one.name) {
            Some(row) => row.peer = Some(count),
            None => rows.push(Row {
                name: one.name.clone(),
                what: one.what.clone(),
                ours: count,
                peer: None,
                functions: Vec::new(),
            }),
        }
    }
    Ok(rows)
}

fn count(samples: &[Sample], marks: u64, each: u32) -> Count {
    let each = f64::from(each);
    let mut totals: Vec<u64> = samples
        .iter()
        .map(|sample| (sample.user + sample.kernel).saturating_sub(marks))
        .collect();
    totals.sort_unstable();
    let least = totals[0];
    let cheapest = samples
        .iter()
        .min_by_key(|sample| sample.user + sample.kernel);
    let near = totals
        .iter()
        .filter(|total| **total as f64 <= least as f64 * (1.0 + TOLERANCE));
    let notifications: u64 = samples.iter().map(|sample| sample.notifications).sum();
    Count {
        least: least as f64 / each,
        user: cheapest.map_or(0, |sample| sample.user.saturating_sub(marks)) as f64 / each,
        median: totals[totals.len() / 2] as f64 / each,
        notifications: notifications as f64 / samples.len() as f64 / each,
        steady: 100.0 * near.count() as f64 / totals.len() as f64,
    }
}

/// The figures as a person reads them in a terminal.
pub(super) fn text(rows: &[Row]) -> String {
    let mut text = format!(
        "\nguest instructions, of each\n{:>9} {:>7} {:>9} {:>7} {:>6} | {:>9} {:>9} {:>6} {:>7}\n",
        "least", "of user", "median", "steady", "kicks", "other's", "median", "kicks", "ratio"
    );
    for row in rows {
        let Count {
            least,
            user,
            median,
            notifications,
            steady,
        } = &row.ours;
        let other = row.peer.as_ref().map_or(String::new(), |peer| {
            format!(
                "{:>9.0} {:>9.0} {:>6.2} {:>7.2}",
                peer.least,
                peer.median,
                peer.notifications,
                least / peer.least
            )
        });
        text.push_str(&format!(
            "{least:>9.0} {user:>7.0} {median:>9.0} {steady:>5.0} % {notifications:>6.2} | {other:>34}  {}\n",
            row.what
        ));
    }
    text
}

/// The minima that are kept, and of which kernel they are.
#[derive(Debug, Deserialize)]
struct Kept {
    kernel: String,
    instructions: BTreeMap<String, f64>,
}

/// Counts, and holds what is kept in `ci/instructions.toml` against it.
pub(crate) fn guard(args: &GuestArgs) -> Result<Tally> {
    let file = checkout().join("ci/instructions.toml");
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let kept: Kept = toml::from_str(&text).with_context(|| format!("{}", file.display()))?;
    let release = setup::run(&args.setup)?.release;
    if kept.kernel != release {
        println!(
            "    ci/instructions.toml is of kernel {}, this is {release}",
            kept.kernel
        );
    }
    let (rows, _) = measure(args, false, Profile::No)?;
    let mut tally = Tally::default();
    for (name, least) in &kept.instructions {
        let row = rows.iter().find(|row| row.name == *name);
        let row = row.with_context(|| format!("ci/instructions.toml: nothing is called {name}"))?;
        let (good, line) = verdict(row, *least);
        println!("{line}");
        tally.merge(Tally::one(good));
    }
    Ok(tally)
}

fn verdict(row: &Row, kept: f64) -> (bool, String) {
    let now = row.ours.least;
    let change = 100.0 * (now / kept - 1.0);
    let good = change <= 100.0 * TOLERANCE;
    let word = if good { "ok" } else { "FAILED" };
    let mut line = format!(
        "    {word}: {}: {now:.0} instructions at least, {kept:.0} are kept: {change:+.1} %",
        row.what
    );
    if change < -100.0 * TOLERANCE {
        line.push_str("; ci/instructions.toml can be lowered");
    }
    (good, line)
}

#[cfg(test)]
mod tests {
    use super::{Row, Samples, Series, rows, verdict};
    use serde_json::json;

    fn counted() -> Vec<Row> {
        let series = json!([
            {"number": 0, "name": "nothing", "what": "", "peer": false, "each": 1},
            {"number": 5, "name": "submit_64", "what": "64", "peer": false, "each": 64},
            {"number": 16, "name": "nothing", "what": "", "peer": true, "each": 1},
            {"number": 21, "name": "submit_64", "what": "64", "peer": true, "each": 64},
        ]);
        let sample =
            |user: u64, kernel: u64| json!({"user": user, "kernel": kernel, "notifications": 32});
        let counted = json!({"series": {
            "0": [sample(4, 0)], "16": [sample(4, 0)],
            "5": [sample(68, 640), sample(68, 6400), sample(68, 640)],
            "21": [sample(132, 1152)],
        }});
        let series: Vec<Series> = serde_json::from_value(series).expect("series");
        let counted: Samples = serde_json::from_value(counted).expect("samples");
        rows(&series, &counted).expect("rows")
    }

    #[test]
    fn a_count_is_of_each_operation_without_the_marks() {
        let rows = counted();
        let ours = &rows[0].ours;
        assert_eq!((ours.least, ours.user, ours.median), (11.0, 1.0, 11.0));
        assert_eq!(ours.notifications, 0.5);
        assert!((ours.steady - 66.7).abs() < 0.1);
        assert_eq!(rows[0].peer.as_ref().map(|peer| peer.least), Some(20.0));
    }

    #[test]
    fn a_rise_beyond_the_tolerance_fails() {
        let rows = counted();
        assert!(verdict(&rows[0], 11.0).0);
        assert!(verdict(&rows[0], 10.8).0);
        let (good, line) = verdict(&rows[0], 10.7);
        assert!(!good && line.contains("+2.8 %"), "{line}");
        assert!(verdict(&rows[0], 20.0).1.contains("can be lowered"));
    }
}
