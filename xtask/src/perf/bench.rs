//! What submissions and buffers cost, in a guest beside virtio-gpu and without a guest:
//! measured by `cargo xtask bench`, whose reports are kept whole; shown as a section of the
//! page, with a plot.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::bench::aims::{self, Judged};
use crate::bench::table::{number, spread};
use crate::bench::{GUEST_REPORT, HOST_REPORT, INSTRUCTIONS_REPORT, QEMUS_REPORT, STAGES_REPORT};
use crate::bench::{host, plot, stages};
use crate::records::Records;

/// The plot's file in docs/.
const PLOT: &str = "performance-virtio-gpu.svg";

/// Draws the plot, if both GPUs were measured.
pub(super) fn draw(records: &Records, docs: &Path) -> Result<()> {
    let Some(report) = records.reports.get(GUEST_REPORT).filter(|r| compared(r)) else {
        return Ok(());
    };
    let file = docs.join(PLOT);
    let svg = plot::svg(report).context("the plot could not be drawn")?;
    fs::write(&file, svg).with_context(|| format!("cannot write {}", file.display()))
}

fn compared(report: &Value) -> bool {
    !report["compared"].is_null()
}

fn cell(value: &Value) -> String {
    spread(value).unwrap_or_default()
}

fn aims_table(page: &mut String, all: &[Judged]) {
    page.push_str("\n| aim of | measured | aim |\n| --- | --- | --- |\n");
    for judged in all {
        let Judged { what, measured, .. } = judged;
        page.push_str(&format!("| {what} | {measured} | {} |\n", judged.verdict()));
    }
}

/// A submission in both QEMUs.
fn qemus(page: &mut String, report: &Value) {
    page.push_str(&format!(
        "A submission that does nothing, and the wait for it, in {} pairs of guests that follow each\n\
         other, one in Debian's QEMU, with one interrupt for all queues, one in ours, with one for each.\n\
         Microseconds: median (quartiles).\n\n\
         | stock | patched | patched / stock | aim |\n| --- | --- | --- | --- |\n| {} | {} | {} | at most {} |\n",
        report["pairs"],
        cell(&report["stock"]),
        cell(&report["patched"]),
        cell(&report["ratio"]),
        report["aim"],
    ));
}

/// The section of the page.
pub(super) fn section(records: &Records) -> String {
    let mut page = String::from("\n## Submissions and buffers\n\n");
    match records.reports.get(GUEST_REPORT) {
        Some(report) => guest(&mut page, report),
        None => page.push_str("Not measured: `cargo xtask bench --compare virtio-gpu` does.\n"),
    }
    page.push_str("\n### The stock QEMU and our own\n\n");
    match records.reports.get(QEMUS_REPORT) {
        Some(report) => qemus(&mut page, report),
        None => page.push_str("Not measured: `cargo xtask bench --qemus` does.\n"),
    }
    page.push_str("\n### Guest instructions\n\n");
    match records.reports.get(INSTRUCTIONS_REPORT) {
        Some(report) => instructions(&mut page, report),
        None => page.push_str(
            "Not counted: `cargo xtask bench --instructions --compare virtio-gpu` does.\n",
        ),
    }
    page.push_str("\n### Where the time goes\n\n");
    match records.reports.get(STAGES_REPORT) {
        Some(report) => traced(&mut page, report),
        None => page.push_str("Not traced: `cargo xtask bench --stages` does.\n"),
    }
    if let Some(report) = records.reports.get(INSTRUCTIONS_REPORT) {
        by_function(&mut page, report);
    }
    page.push_str(WHY);
    page.push_str("\n### Without a guest\n\n");
    match records.reports.get(HOST_REPORT) {
        Some(report) => without_guest(&mut page, report),
        None => page.push_str("Not measured: `cargo xtask bench` does.\n"),
    }
    page
}

fn guest(page: &mut String, report: &Value) {
    let rows = |name: &str| report[name].as_array().into_iter().flatten();
    page.push_str(&format!(
        "`cargo xtask bench --compare virtio-gpu`: one guest with our device and a virtio-gpu with 3D \
         contexts (virgl, drawing in\nsoftware), whose first processor has a core of its own. Each of {} \
         rounds makes every operation on one GPU, then on the\nother, and keeps the median; given are the \
         median over the rounds and the quartiles. Ratios are taken within a round.\nTimes are of an \
         emulated processor.\n\n",
        report["rounds"]
    ));
    if compared(report) {
        page.push_str(&format!(
            "![Times of each operation, ours beside virtio-gpu's]({PLOT})\n\n"
        ));
    }
    page.push_str(
        "| what | microseconds | virtio-gpu's | ours in its | in bare round trips |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for row in rows("operations") {
        page.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            row["what"].as_str().unwrap_or_default(),
            cell(&row["ours"]),
            cell(&row["peer"]),
            cell(&row["ratio"]),
            cell(&row["round_trips"])
        ));
    }
    page.push_str(
        "\n| for each | messages | doorbells | interrupts | virtio-gpu's interrupts |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for row in rows("counts") {
        let count = |name: &str| number(&row[name], 3).unwrap_or_default();
        page.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            row["what"].as_str().unwrap_or_default(),
            count("messages"),
            count("doorbells"),
            count("interrupts"),
            count("peer_interrupts")
        ));
    }
    page.push_str(
        "\n| with so many | number | microseconds | in the same with one |\n| --- | --- | --- | --- |\n",
    );
    for row in rows("flat") {
        let of = match row["name"].as_str() {
            Some("contexts") => "contexts",
            _ => "mappings",
        };
        page.push_str(&format!(
            "| {of}: {} | {} | {} | {} |\n",
            row["what"].as_str().unwrap_or_default(),
            row["count"],
            cell(&row["time"]),
            cell(&row["to_one"])
        ));
    }
    aims_table(page, &aims::of_guest(report));
}

fn instructions(page: &mut String, report: &Value) {
    page.push_str(
        "`cargo xtask bench --instructions --compare virtio-gpu`: a guest with one processor, whose \
         instructions a plugin of the\nemulator counts between two marks that the program makes \
         (`tcg-plugin/`): programs', kernel's, interrupts' and all. Given are\nthe fewest, which repeat \
         from run to run, and the median; notifications are writes to the devices' notify areas.\n\n\
         | of each | fewest | of them the program's | median | within 2 % of the fewest | notifications | \
         virtio-gpu: fewest | median | notifications | fewest, ours in its |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in report["rows"].as_array().into_iter().flatten() {
        let cell = |gpu: &str, name: &str, digits: usize| {
            number(&row[gpu][name], digits).unwrap_or_default()
        };
        let least = |gpu: &str| row[gpu]["least"].as_f64();
        let ratio = least("ours").zip(least("peer"));
        page.push_str(&format!(
            "| {} | {} | {} | {} | {} % | {} | {} | {} | {} | {} |\n",
            row["what"].as_str().unwrap_or_default(),
            cell("ours", "least", 0),
            cell("ours", "user", 0),
            cell("ours", "median", 0),
            cell("ours", "steady", 0),
            cell("ours", "notifications", 2),
            cell("peer", "least", 0),
            cell("peer", "median", 0),
            cell("peer", "notifications", 2),
            ratio.map_or(String::new(), |(ours, peer)| format!("{:.2}", ours / peer)),
        ));
    }
    aims_table(page, &aims::of_instructions(report));
}

/// What stands between the figures and the aims that are missed. Held against the tables above
/// it whenever these change.
const WHY: &str = "
What that says of the aims that are missed:

- *Instructions of a submission and its wait.* Ours repeat: most samples are within 2 % of the fewest. virtio-gpu's do \
not; its
  fewest are of a few lucky samples, and beside its median the aim is met.
- *64 in flight, and the ioctl's instructions.* The guest's processor is what is busy then; the device is not waited \
for. What
  virtio-gpu does for a submission is less: it copies the commands into a buffer and puts that into the ring, and it \
gives a
  fence only to who asks for one. Here every submission has a fence on its timeline, which the address space's \
reservation
  gets too, follows the page-table updates before it, and is kept track of for hangs, bans, error states and running \
times, as
  i915's are. An ioctl that does nothing (GETPARAM) is a third of what the aim allows.
- *64 KiB made, written and closed, and made visible.* No message is sent for the former. Clearing the memory takes a \
quarter of
  the instructions; the rest is the kernel's: a file in shmem made and evicted, the page cache, five system calls, \
mapping and
  unmapping. virtio-gpu pays all of that and its messages, which 64 KiB do not dwarf as 4 MiB do. What is made visible \
waits
  for the device once, which by then mostly sleeps; virtio-gpu's first message wakes its device before the memory is \
there.
";

fn traced(page: &mut String, report: &Value) {
    page.push_str(&format!(
        "`cargo xtask bench --stages`: {} submissions that do nothing, each waited for, followed through guest and \
         host ([how](tracing.md)).\nBeing traced takes part of each; guest and host are compared to within {} us.\n\n\
         ![Submissions from ioctl to fence](tracing.svg)\n\n\
         | stage | microseconds | of all |\n| --- | --- | --- |\n",
        report["count"],
        number(&report["error_us"], 1).unwrap_or_default()
    ));
    for [what, time, part] in stages::rows(report) {
        page.push_str(&format!("| {what} | {time} | {part} |\n"));
    }
}

/// Where the instructions of what misses its aim are executed.
fn by_function(page: &mut String, report: &Value) {
    let rows = report["rows"].as_array().into_iter().flatten();
    let wanted = |row: &&Value| {
        matches!(
            row["name"].as_str(),
            Some("submit_only" | "allocate_64" | "show_64")
        )
    };
    let mut told = rows
        .filter(wanted)
        .filter(|row| row["functions"].is_array());
    let Some(first) = told.next() else {
        return;
    };
    page.push_str(
        "\nThe functions of the guest's kernel in which most instructions are executed, in each on average, \
         interrupts and other\ntasks meanwhile included (`cargo xtask bench --instructions --profile OPERATION` \
         prints more of them):\n\n| of | functions |\n| --- | --- |\n",
    );
    for row in std::iter::once(first).chain(told) {
        let functions = row["functions"].as_array().into_iter().flatten();
        let functions = functions.filter_map(|pair| {
            let (name, count) = (pair[0].as_str()?, pair[1].as_f64()?);
            // Of a Rust function its own name, not what it is generic over.
            let name = name.split("::<").next().unwrap_or(name);
            Some(format!("`{name}` {count:.0}"))
        });
        let functions: Vec<String> = functions.collect();
        let what = row["what"].as_str().unwrap_or_default();
        page.push_str(&format!("| {what} | {} |\n", functions.join(", ")));
    }
}

fn without_guest(page: &mut String, report: &Value) {
    page.push_str(&format!(
        "The daemon driven over vhost-user by a program on the host (`vhost-device/benches/figures.rs`), \
         beside two threads that\nwake each other by eventfds, in turn in each of {} rounds. The program \
         has the first core, the daemon the others.\n\n\
         | what | microseconds | in ping-pongs |\n| --- | --- | --- |\n",
        report["rounds"]
    ));
    for (state, name, what) in host::ROWS {
        page.push_str(&format!(
            "| {what} | {} | {} |\n",
            cell(&report[state][format!("{name}_us")]),
            cell(&report[state][name])
        ));
    }
    page.push_str(
        "\nThe same submission beside a neighbour that asks for as much as it can, within a round in the same \
         while that does nothing.\nAnother guest has a daemon of its own, on the same cores as the one that is \
         measured; its driver takes little of the first\ncore. What its daemon does is what counts here: what a \
         guest's own processors take, the host has to share out.\n\n\
         | meanwhile | awake, microseconds | in the same without | asleep, microseconds | in the same without |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for (of, name, what) in host::NEIGHBOURS {
        let row = host::neighbour(report, of, name);
        let cell = |name: &str| cell(&row[name]);
        page.push_str(&format!(
            "| {what} | {} | {} | {} | {} |\n",
            cell("awake_us"),
            cell("awake"),
            cell("asleep_us"),
            cell("asleep"),
        ));
    }
    aims_table(page, &aims::of_host(report));
}

#[cfg(test)]
mod tests {
    use super::section;
    use crate::bench::{
        GUEST_REPORT, HOST_REPORT, INSTRUCTIONS_REPORT, QEMUS_REPORT, STAGES_REPORT,
    };
    use crate::records::Records;

    #[test]
    fn what_was_measured_is_shown_beside_its_aim() {
        let mut records = Records::default();
        assert!(section(&records).contains("Not measured"));
        let spread = |median: f64| serde_json::json!({"median": median, "low": 0.5, "high": 2.0});
        let guest = serde_json::json!({
            "rounds": 4, "compared": "virtio-gpu",
            "operations": [{"name": "submit_1", "what": "a submission", "ours": spread(50.0),
                "peer": spread(100.0), "ratio": spread(0.9), "round_trips": spread(1.0)}],
            "counts": [], "flat": [],
        });
        records.reports.insert(GUEST_REPORT.into(), guest);
        let neighbour = serde_json::json!({"of": "guest", "name": "queries",
            "awake_us": spread(12.0), "awake": spread(1.0), "asleep": spread(1.2)});
        let host = serde_json::json!({"rounds": 20, "idle_percent": 0.01,
            "neighbours": [neighbour]});
        records.reports.insert(HOST_REPORT.into(), host);
        let count = |least: f64| {
            serde_json::json!({"least": least, "user": 90.0, "median": 4000.0,
            "steady": 93.0, "notifications": 1.0})
        };
        let rows = serde_json::json!({"rows": [{"name": "submit_only", "what": "the ioctl alone",
            "ours": count(3600.0), "peer": count(4800.0), "functions": [["kfree::<T>", 436.4]]}]});
        records.reports.insert(INSTRUCTIONS_REPORT.into(), rows);
        let stages = serde_json::json!({"count": 9, "error_us": 1.25, "us": spread(80.0),
            "stages": [{"what": "executed", "us": spread(20.0)}]});
        records.reports.insert(STAGES_REPORT.into(), stages);
        let qemus = serde_json::json!({"pairs": 6, "stock": spread(120.0),
            "patched": spread(60.0), "ratio": spread(0.5), "aim": 0.9});
        records.reports.insert(QEMUS_REPORT.into(), qemus);
        let page = section(&records);
        for part in [
            "| 120 (0 to 2) | 60.00 (0.50 to 2.00) | 0.50 (0.50 to 2.00) | at most 0.9 |",
            "| the ioctl alone | 3600 | 90 | 4000 | 93 % | 1 | 4800 | 4000 | 1 | 0.75 |",
            "| at most 0.8: met |",
            "performance-virtio-gpu.svg",
            "| executed | 20.00 (0.50 to 2.00) | 25 % |",
            "| the ioctl alone | `kfree` 436 |",
            "| a submission | 50.00 (0.50 to 2.00) | 100 (0 to 2) | 0.90 (0.50 to 2.00) |",
            "| the same, in virtio-gpu's | 0.90 (0.50 to 2.00) | at most 0.8: **missed** |",
            "| another guest sends what is answered at once | 12.00 (0.50 to 2.00) | 1.00 (0.50 to 2.00) |  | 1.20 (0.50 to 2.00) |",
            "at once, in the same without | 1.20 (0.50 to 2.00) | at most 1.1: **missed** |",
            "| percent of a core that an idle daemon uses | 0.01 | at most 0.5: met |",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
    }
}
