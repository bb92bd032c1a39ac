//! What objects cost: measured by `igpu-measure objects` in a guest, kept among the figures,
//! shown as a section of the page.

use serde_json::Value;

use super::{Figures, Shown};
use crate::records::Records;

/// What is given with its quartiles, as the program names it, and what it is.
const SPREADS: [(&str, &str); 3] = [
    ("submit", "EXECBUFFER2 that lists one object, in GETPARAMs"),
    ("each_of_100", "each further object up to 100"),
    ("each_of_1000", "each further object up to 1,000"),
];

/// Plain numbers of the report.
const NUMBERS: [&str; 3] = ["rounds", "messages", "bind_messages"];

/// The sizes that are compared with plain memory, in KiB.
const SIZES: [u64; 2] = [64, 4096];

fn ratio(kib: u64) -> String {
    format!("object_to_memfd.{kib}")
}

/// Every number of the report, under names that begin with `objects`.
pub(super) fn keep(records: &mut Records, report: &Value) {
    let mut figures = Figures::renew(records, "objects");
    for (name, _) in SPREADS {
        figures.keep_spread(name, &report[name]);
    }
    for name in NUMBERS {
        figures.keep_value(name, &report[name]);
    }
    let sizes = report["sizes_kib"].as_array().into_iter().flatten();
    let ratios = report["object_to_memfd"].as_array().into_iter().flatten();
    for (size, spread) in sizes.zip(ratios) {
        figures.keep_spread(&ratio(size.as_u64().unwrap_or_default()), spread);
    }
}

/// The section of the page.
pub(super) fn section(records: &Records) -> String {
    let shown = Shown::new(records, "objects");
    let mut page = String::from("\n## Objects and EXECBUFFER2\n\n");
    if shown.figure("rounds").is_none() {
        page.push_str("Not measured: `cargo xtask perf --measure` does.\n");
        return page;
    }
    page.push_str(&format!(
        "`igpu-measure objects` in a guest whose first processor has a core of its own; {} rounds, given \
         are the\nmedian and the quartiles. The objects of a submission are pinned and have not moved.\n\n\
         | what | measured | aim |\n| --- | --- | --- |\n",
        shown.number("rounds", 0)
    ));
    for kib in SIZES {
        page.push_str(&format!(
            "| an object of {kib} KiB made, touched and closed, in the same with memfd and mmap | {} | \
             within 1.5 |\n",
            shown.spread(&ratio(kib))
        ));
    }
    for (name, what) in SPREADS {
        page.push_str(&format!("| {what} | {} | |\n", shown.spread(name)));
    }
    for (name, what, aim) in [
        (
            "messages",
            "messages for an EXECBUFFER2 that lists 1,000 objects",
            "1",
        ),
        ("bind_messages", "of these, page-table updates", "0"),
    ] {
        page.push_str(&format!("| {what} | {} | {aim} |\n", shown.number(name, 2)));
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
            "rounds": 40, "messages": 1.0, "bind_messages": 0.0, "sizes_kib": [64, 4096],
            "object_to_memfd": [
                {"median": 1.2, "low": 1.1, "high": 1.3},
                {"median": 0.9, "low": 0.8, "high": 1.0},
            ],
            "each_of_1000": {"median": 0.25, "low": 0.2, "high": 0.3},
        });
        keep(&mut records, &report);
        let page = section(&records);
        for row in [
            "| an object of 64 KiB made, touched and closed, in the same with memfd and mmap | \
             1.20 (1.10 to 1.30) | within 1.5 |",
            "| each further object up to 1,000 | 0.25 (0.20 to 0.30) | |",
            "| of these, page-table updates | 0.00 | 0 |",
        ] {
            assert!(page.contains(row), "{row}\n{page}");
        }
    }
}
