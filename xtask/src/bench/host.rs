//! The device without a guest: the figures of `vhost-device/benches/figures.rs`.

use anyhow::{Context, Result};
use serde_json::Value;

use super::table::{number, spread};
use crate::{exec, setup};

/// Runs the bench.
pub(super) fn measure() -> Result<Value> {
    let mut cargo = setup::cargo(None);
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
    text.push_str(&format!(
        "{:>26} {:>21}  percent of a core that the idle daemon uses\n",
        number(&report["idle_percent"], 3).unwrap_or_default(),
        ""
    ));
    text
}
