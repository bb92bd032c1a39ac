//! The device without a guest: the figures of `vhost-device/benches/figures.rs`.

use std::ffi::{OsStr, OsString};

use anyhow::{Context, Result};
use serde_json::Value;

use super::table::{number, spread};
use crate::cli::GuestArgs;
use crate::{exec, setup};

/// Tells the bench how its daemon is started: a word a line.
const DAEMON_WORDS: &str = "VIRTIO_IGPU_BENCH_DAEMON";

/// The words that a daemon needs to execute on what the guests of a command would have; none for
/// what it does by itself.
pub(super) fn daemon_words(args: &GuestArgs) -> Vec<OsString> {
    let mut words = Vec::new();
    if args.executor != "softgpu" {
        words.extend(["--executor".into(), (&args.executor).into()]);
    }
    if let Some(node) = &args.render_node {
        words.extend(["--render-node".into(), node.into()]);
    }
    words
}

/// Runs the bench; on a daemon with words of its own without hostile neighbours.
pub(crate) fn measure(words: &[OsString]) -> Result<Value> {
    let mut cargo = setup::cargo(None);
    if !words.is_empty() {
        cargo.env(DAEMON_WORDS, words.join(OsStr::new("\n")));
    }
    cargo.args([
        "bench",
        "--quiet",
        "-p",
        "vhost-device",
        "--bench",
        "figures",
    ]);
    let output = exec::output("the device's bench", &mut cargo)?;
    serde_json::from_str(&output).context("the bench's figures are not understood")
}

/// The rows: state and name in the report, and what it is.
pub(crate) const ROWS: [(&str, &str, &str); 6] = [
    (
        "awake",
        "ping_pong",
        "two threads, an eventfd each way, back to back",
    ),
    (
        "awake",
        "control",
        "a control command and its answer, both sides looking at the rings",
    ),
    (
        "awake",
        "submission",
        "a submission that does nothing and its answer, likewise",
    ),
    (
        "asleep",
        "ping_pong",
        "two threads, an eventfd each way, after a pause",
    ),
    (
        "asleep",
        "control",
        "a control command and its answer, after a pause, both sides asleep",
    ),
    (
        "asleep",
        "submission",
        "a submission that does nothing and its answer, likewise",
    ),
];

/// The hostile neighbours: whose and which in the report, and what they do.
pub(crate) const NEIGHBOURS: [(&str, &str, &str); 8] = [
    ("guest", "doorbells", "another guest rings without work"),
    (
        "guest",
        "nonsense",
        "another guest sends what is no command",
    ),
    (
        "guest",
        "queries",
        "another guest sends what is answered at once",
    ),
    (
        "guest",
        "submissions",
        "another guest submits batches that do nothing",
    ),
    (
        "guest",
        "unfinished",
        "another guest has 7,168 submissions under way, none of which ends",
    ),
    (
        "guest",
        "waits",
        "another guest has 524,288 waits under way, of which none ends",
    ),
    (
        "context",
        "unfinished",
        "another context of the guest has such submissions under way",
    ),
    (
        "context",
        "waits",
        "another context of the guest has such waits under way",
    ),
];

/// The row of a hostile neighbour.
pub(crate) fn neighbour<'a>(report: &'a Value, of: &str, name: &str) -> &'a Value {
    let mut rows = report["neighbours"].as_array().into_iter().flatten();
    rows.find(|row| row["of"] == of && row["name"] == name)
        .unwrap_or(&Value::Null)
}

/// The figures as a person reads them in a terminal.
pub(super) fn text(report: &Value) -> String {
    let mut text = format!(
        "\nwithout a guest\n{:>26} {:>21}\n",
        "microseconds", "in ping-pongs"
    );
    for (state, name, what) in ROWS {
        let shown = |value: &Value| spread(value).unwrap_or_default();
        text.push_str(&format!(
            "{:>26} {:>21}  {what}\n",
            shown(&report[state][format!("{name}_us")]),
            shown(&report[state][name]),
        ));
    }
    let idle = number(&report["idle_percent"], 3).unwrap_or_default();
    text.push_str(&format!(
        "{idle:>26} {:>21}  percent of a core that the idle daemon uses\n",
        ""
    ));
    if report["neighbours"].is_null() {
        return text;
    }
    text.push_str(&format!(
        "\n{:>26} {:>21}  a submission and its answer, awake and asleep, in the same without\n",
        "awake", "asleep"
    ));
    for (of, name, what) in NEIGHBOURS {
        let row = neighbour(report, of, name);
        text.push_str(&format!(
            "{:>26} {:>21}  {what}\n",
            spread(&row["awake"]).unwrap_or_default(),
            spread(&row["asleep"]).unwrap_or_default(),
        ));
    }
    text
}
