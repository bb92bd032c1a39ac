//! What the software GPU does by itself: measured by its bench `figures` on this machine,
//! kept among the figures, shown as a section of the page.

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Figures, Shown};
use crate::records::Records;
use crate::{exec, setup};

/// What is given with its quartiles: group and name in the report, what it is, and the aim.
const ROWS: [(&str, &str, &str, &str); 16] = [
    (
        "commands",
        "noop_rate",
        "MI_NOOPs an engine thread executes, millions of dwords a second",
        "at least 100",
    ),
    (
        "commands",
        "noop_to_copy",
        "the same, in dwords that a plain loop copies in that time",
        "",
    ),
    (
        "commands",
        "store_rate",
        "MI_STORE_DATA_IMMs, millions a second",
        "at least 5",
    ),
    (
        "commands",
        "store_to_copy",
        "their dwords, in dwords that a plain loop copies in that time",
        "",
    ),
    (
        "commands",
        "two_engines",
        "what two engines do in the time of one (MI_STORE_DATA_IMM)",
        "at least 1.8 on two idle cores",
    ),
    (
        "submission",
        "wake_up_us",
        "a thread woken and waking back, microseconds",
        "",
    ),
    (
        "submission",
        "sleeping_us",
        "an empty batch, from queueing to completion, microseconds",
        "",
    ),
    (
        "submission",
        "sleeping",
        "the same, in bare wake-ups",
        "within 1.3",
    ),
    (
        "submission",
        "spinning_us",
        "an empty batch where engine and caller look out for it, microseconds",
        "",
    ),
    (
        "submission",
        "spinning",
        "the same, in bare wake-ups",
        "within 1.3",
    ),
    (
        "spinner",
        "share",
        "percent of a core that a spinning batch costs",
        "under 5",
    ),
    (
        "spinner",
        "wake_ms",
        "from the write that ends a spinner to its completion, milliseconds",
        "within 1",
    ),
    (
        "kernels",
        "gflops_one",
        "single floats multiplied and added by a kernel on one host thread, GFLOPS",
        "",
    ),
    (
        "kernels",
        "gflops_two",
        "the same on two",
        "at least 3 on two idle cores",
    ),
    (
        "kernels",
        "two_threads",
        "what two host threads do in the time of one",
        "at least 1.8 on two idle cores",
    ),
    (
        "kernels",
        "start_us",
        "a kernel that does nothing, one of many in a batch, microseconds",
        "",
    ),
];

/// Numbers of the report: group, name, what it is, and the aim.
const NUMBERS: [(&str, &str, &str, &str); 2] = [
    (
        "footprint",
        "idle_mib",
        "resident memory of a process with an idle GPU, MiB",
        "under 16",
    ),
    (
        "footprint",
        "mapping",
        "resident bytes for a mapping, over 100,000 of one page",
        "under 100",
    ),
];

/// Runs the bench.
pub(super) fn measure() -> Result<Value> {
    let mut cargo = setup::cargo(None);
    cargo.args(["bench", "--quiet", "-p", "softgpu", "--bench", "figures"]);
    let output = exec::output("the software GPU's bench", &mut cargo)?;
    serde_json::from_str(&output).context("the bench's figures are not understood")
}

/// Every number of the report, under names that begin with `softgpu`.
pub(super) fn keep(records: &mut Records, report: &Value) {
    let mut figures = Figures::renew(records, "softgpu");
    for (group, name, ..) in ROWS {
        figures.keep_spread(name, &report[group][name]);
    }
    for (group, name, ..) in NUMBERS {
        figures.keep_value(name, &report[group][name]);
    }
    figures.keep_value("rounds", &report["rounds"]);
}

/// The section of the page.
pub(super) fn section(records: &Records) -> String {
    let shown = Shown::new(records, "softgpu");
    let mut page = String::from("\n## The software GPU\n\n");
    if shown.figure("rounds").is_none() {
        page.push_str("Not measured: `cargo xtask perf --softgpu` does.\n");
        return page;
    }
    page.push_str(&format!(
        "The model by itself, without a guest (`softgpu/benches/figures.rs`). What is compared is measured in \
         turn in each of\n{} rounds; given are the median and the quartiles.\n\n\
         | what | measured | aim |\n| --- | --- | --- |\n",
        shown.number("rounds", 0)
    ));
    for (_, name, what, aim) in ROWS {
        page.push_str(&format!("| {what} | {} | {aim} |\n", shown.spread(name)));
    }
    for (_, name, what, aim) in NUMBERS {
        page.push_str(&format!("| {what} | {} | {aim} |\n", shown.number(name, 1)));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::{keep, section};
    use crate::records::Records;

    #[test]
    fn what_the_bench_reports_is_what_the_page_shows() {
        let mut records = Records::default();
        assert!(section(&records).contains("Not measured"));
        let report = serde_json::json!({
            "rounds": 40,
            "commands": {"noop_rate": {"median": 890.0, "low": 754.5, "high": 974.0}},
            "footprint": {"idle_mib": 2.78},
        });
        keep(&mut records, &report);
        let page = section(&records);
        for row in [
            "| 890.00 (754.50 to 974.00) | at least 100 |",
            "MiB | 2.8 | under 16 |",
            "costs | not measured | under 5 |",
        ] {
            assert!(page.contains(row), "{row}\n{page}");
        }
    }
}
