//! What VM_BIND costs: measured by `igpu-measure binds` in a guest, kept among the figures,
//! shown as a section of the page.

use serde_json::Value;

use super::{Figures, Shown};
use crate::records::Records;

/// What is given with its quartiles, as the program names it.
const SPREADS: [&str; 8] = [
    "messages_each",
    "doorbells_each",
    "bind",
    "unbind",
    "submit",
    "bind_many_to_one",
    "unbind_many_to_one",
    "submit_many_to_one",
];

/// Plain numbers of the report.
const NUMBERS: [&str; 8] = [
    "rounds",
    "many",
    "queued",
    "large_mib",
    "large_huge_mib",
    "large_extents",
    "large_messages",
    "bytes_each",
];

/// Every number of the report, under names that begin with `binds`.
pub(super) fn keep(records: &mut Records, report: &Value) {
    let mut figures = Figures::renew(records, "binds");
    for name in SPREADS {
        figures.keep_spread(name, &report[name]);
    }
    for name in NUMBERS {
        figures.keep_value(name, &report[name]);
    }
}

/// The section of the page.
pub(super) fn section(records: &Records) -> String {
    let shown = Shown::new(records, "binds");
    let mut page = String::from("\n## VM_BIND\n\n");
    if shown.figure("rounds").is_none() {
        page.push_str("Not measured: `cargo xtask perf --measure` does.\n");
        return page;
    }
    let (many, queued) = (shown.number("many", 0), shown.number("queued", 0));
    page.push_str(&format!(
        "`igpu-measure binds` in a guest whose first processor has a core of its own; {} rounds, given are \
         the median\nand the quartiles.\n\n",
        shown.number("rounds", 0)
    ));
    let (mib, huge) = (
        shown.number("large_mib", 0),
        shown.number("large_huge_mib", 0),
    );
    let large = format!("extents of a bind of {mib} MiB, {huge} MiB of them in huge pages");
    let rows = [
        (
            format!("messages for a bind, {queued} queued back to back"),
            shown.spread("messages_each"),
            "1",
        ),
        (
            format!("doorbells for a bind, {queued} queued back to back"),
            shown.spread("doorbells_each"),
            "under 0.1",
        ),
        (large, shown.number("large_extents", 0), "under 600"),
        (
            "messages of that bind".into(),
            shown.number("large_messages", 0),
            "1",
        ),
        (
            format!("bytes in the driver's slabs for a mapping, over {many} of one page"),
            shown.number("bytes_each", 0),
            "at most 256",
        ),
        (
            format!("VM_BIND with {many} mappings, in the same with one"),
            shown.spread("bind_many_to_one"),
            "within 2",
        ),
        (
            format!("VM_UNBIND with {many} mappings, in the same with one"),
            shown.spread("unbind_many_to_one"),
            "within 2",
        ),
        (
            format!("EXECBUFFER3 with {many} private objects bound, in the same with one"),
            shown.spread("submit_many_to_one"),
            "within 1.1",
        ),
        (
            "VM_BIND of a page, not waited for, in GETPARAMs".into(),
            shown.spread("bind"),
            "",
        ),
        (
            "VM_UNBIND of a page, not waited for, in GETPARAMs".into(),
            shown.spread("unbind"),
            "",
        ),
        (
            "EXECBUFFER3, in GETPARAMs".into(),
            shown.spread("submit"),
            "",
        ),
    ];
    page.push_str("| what | measured | aim |\n| --- | --- | --- |\n");
    for (what, measured, aim) in rows {
        page.push_str(&format!("| {what} | {measured} | {aim} |\n"));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::{keep, section};
    use crate::records::Records;

    #[test]
    fn what_the_program_reports_is_what_the_page_shows() {
        let mut records = Records::default();
        assert!(section(&records).contains("Not measured"));
        let report = serde_json::json!({
            "rounds": 40, "many": 100_000, "queued": 64, "large_mib": 1024,
            "large_huge_mib": 1020, "large_extents": 514, "large_messages": 1,
            "bytes_each": 199.6,
            "doorbells_each": {"median": 0.03125, "low": 0.015, "high": 0.047},
            "submit_many_to_one": {"median": 1.01, "low": 0.98, "high": 1.05},
        });
        keep(&mut records, &report);
        let page = section(&records);
        for row in [
            "| doorbells for a bind, 64 queued back to back | 0.03 (0.01 to 0.05) | under 0.1 |",
            "| extents of a bind of 1024 MiB, 1020 MiB of them in huge pages | 514 | under 600 |",
            "| bytes in the driver's slabs for a mapping, over 100000 of one page | 200 | at most 256 |",
            "| VM_BIND with 100000 mappings, in the same with one | not measured | within 2 |",
        ] {
            assert!(page.contains(row), "{row}\n{page}");
        }
    }
}
