//! Where the time of a submission goes that is waited for, by a trace of guest and host.

use std::ffi::OsString;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::Value;

use super::table::spread;
use crate::cli::GuestArgs;
use crate::trace::Trace;
use crate::vm::{Lab, pass_on};

/// A guest that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(300);

/// Submissions that are traced.
const SUBMISSIONS: u32 = 1000;

/// Has a guest make submissions one at a time, and both sides record them.
pub(super) fn measure(args: &GuestArgs) -> Result<Value> {
    let lab = Lab::open(args)?;
    let trace = Trace::prepare(None)?;
    let rounds = SUBMISSIONS.to_string();
    let command = ["igpu-bench", "--only", "submit_1", "--rounds", &rounds];
    let command: Vec<OsString> = command.iter().map(OsString::from).collect();
    let finished = trace
        .of(lab.guest(), &command)
        .timeout(Some(LIMIT))
        .own_core()
        .run(&mut |error, bytes, _| {
            if error {
                pass_on(error, bytes);
            }
        })?;
    if !finished.good() {
        bail!(
            "igpu-bench ended with {:?}; {}",
            finished.status,
            finished.problems.join("; ")
        );
    }
    trace.stages()
}

/// Each stage: what it is, how long it takes, and its part of the whole, as text.
pub(crate) fn rows(report: &Value) -> Vec<[String; 3]> {
    let whole = report["us"]["median"].as_f64().unwrap_or(0.0);
    let stages = report["stages"].as_array().into_iter().flatten();
    let mut rows: Vec<[String; 3]> = stages
        .map(|stage| {
            let what = stage["what"].as_str().unwrap_or_default().to_string();
            let part = stage["us"]["median"].as_f64().unwrap_or(0.0) / whole;
            let time = spread(&stage["us"]).unwrap_or_default();
            [what, time, format!("{:.0} %", 100.0 * part)]
        })
        .collect();
    let all = spread(&report["us"]).unwrap_or_default();
    rows.push(["all".into(), all, "100 %".into()]);
    rows
}

/// The figures as a person reads them in a terminal.
pub(super) fn text(report: &Value) -> String {
    let mut text = format!(
        "\n{} submissions that do nothing, each waited for, traced; microseconds: median (quartiles)\n",
        report["count"]
    );
    for [what, time, part] in rows(report) {
        text.push_str(&format!("{time:>26} {part:>6}  {what}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{rows, text};

    #[test]
    fn stages_are_shown_with_their_parts_of_the_whole() {
        let spread = |median: f64| serde_json::json!({"median": median, "low": 1.0, "high": 90.0});
        let report = serde_json::json!({
            "count": 3, "error_us": 1.0, "us": spread(80.0),
            "stages": [{"what": "executed", "us": spread(20.0)}],
        });
        let shown = ["executed", "20.00 (1.00 to 90.00)", "25 %"];
        assert_eq!(rows(&report)[0], shown.map(String::from));
        assert!(text(&report).contains("25 %  executed\n"));
    }
}
