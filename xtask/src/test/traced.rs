//! `vm --trace`, tried: a run of submissions must be seen whole, from each call to its fence.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::tally::Tally;
use crate::trace::Trace;
use crate::vm::{Lab, pass_on};

/// A guest that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// What is traced, and how many submissions that makes at least.
const COMMAND: [&str; 3] = [
    "igpu-guest-tests",
    "--test-threads=1",
    "exec3::many_submissions_in_order",
];
const SUBMISSIONS: usize = 500;

/// The clocks' error at most, in microseconds; it is some 100, and more on a busy machine.
const ERROR: f64 = 5000.0;

/// Traces it, and says whether all was seen.
pub(super) fn check(lab: &Lab) -> Result<Tally> {
    let folder = tempfile::tempdir().context("cannot create a folder")?;
    let (file, picture) = (folder.path().join("t.json"), folder.path().join("t.svg"));
    let trace = Trace::prepare(None)?;
    let guest = trace.of(lab.guest(), &COMMAND.map(Into::into));
    let finished = guest
        .timeout(Some(lab.patience(LIMIT)))
        .run(&mut |error, bytes, _| pass_on(error, bytes))?;
    for problem in &finished.problems {
        println!("    {problem}");
    }
    let summary = trace.finish(&file, Some(&picture))?;
    let whole = summary.whole >= SUBMISSIONS && summary.whole == summary.seen;
    let sure = summary.lost == 0 && summary.error() < ERROR;
    let text = std::fs::read(&file).context("the trace")?;
    let events: serde_json::Value = serde_json::from_slice(&text).context("the trace")?;
    let arrows = events["traceEvents"].as_array().map_or(0, |events| {
        events.iter().filter(|event| event["ph"] == "f").count()
    });
    let good = finished.good() && whole && sure && arrows >= SUBMISSIONS && picture.exists();
    if !good {
        println!("    {summary:?}, {arrows} arrows");
    }
    Ok(Tally::one(good))
}
