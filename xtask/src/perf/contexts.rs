//! What contexts cost: measured by `igpu-measure contexts` in a guest, kept among the
//! figures, shown as a section of the page.

use serde_json::Value;

use super::{Figures, Shown};
use crate::records::Records;

/// The calls that are timed, as the program names them, and what they are.
const COSTS: [(&str, &str); 8] = [
    ("getparam", "GETPARAM"),
    ("create", "CONTEXT_CREATE"),
    (
        "create_chain",
        "CONTEXT_CREATE with a chain of four: VM, ENGINES, PERSISTENCE, PRIORITY",
    ),
    ("destroy_unused", "CONTEXT_DESTROY, never used"),
    (
        "first_use",
        "first use: address space given, engine map of two",
    ),
    (
        "first_use_plain",
        "first use: address space of its own, all engines",
    ),
    ("later_use", "later use"),
    ("destroy_used", "CONTEXT_DESTROY, used"),
];

/// What the device hears of: as the program names it, what it is, what is wanted for each.
const HEARD: [(&str, &str, &str); 6] = [
    ("create", "CONTEXT_CREATE with a chain of four", "0"),
    ("destroy_unused", "CONTEXT_DESTROY, never used", "0"),
    ("first_use", "first use: address space given", "1"),
    ("later_use", "later use", "0"),
    ("destroy_used", "CONTEXT_DESTROY, used", "1"),
    (
        "first_use_plain",
        "first use: address space of its own",
        "2",
    ),
];

/// Look-ups among the many, as ratios to the same among ten.
const LOOKUPS: [(&str, &str); 2] = [
    ("many_to_few", "a context that was used: GETPARAM"),
    (
        "many_to_few_unused",
        "a context that nobody has used: SETPARAM",
    ),
];

/// Every number of the report, under names that begin with `contexts`.
pub(super) fn keep(records: &mut Records, report: &Value) {
    let mut figures = Figures::renew(records, "contexts");
    for cost in report["costs"].as_array().into_iter().flatten() {
        let name = cost["name"].as_str().unwrap_or_default();
        figures.keep_spread(&format!("{name}.ratio"), &cost["ratio"]);
        figures.keep_spread(&format!("{name}.time"), &cost["time"]);
    }
    for (name, _) in LOOKUPS {
        figures.keep_spread(name, &report[name]);
    }
    let counted = report["contexts_counted"].as_f64().unwrap_or(1.0);
    for heard in report["heard"].as_array().into_iter().flatten() {
        let name = heard["name"].as_str().unwrap_or_default();
        for part in ["messages", "doorbells"] {
            if let Some(number) = heard[part].as_f64() {
                figures.keep(&format!("{name}.{part}"), number / counted);
            }
        }
    }
    for name in ["rounds", "many"] {
        figures.keep_value(name, &report[name]);
    }
}

/// The section of the page.
pub(super) fn section(records: &Records) -> String {
    let shown = Shown::new(records, "contexts");
    let number = |name: &str, digits: usize| shown.number(name, digits);
    let spread = |name: &str| shown.spread(name);
    let mut page = String::from("\n## Contexts\n\n");
    if shown.figure("rounds").is_none() {
        page.push_str("Not measured: `cargo xtask perf --measure` does.\n");
        return page;
    }
    page.push_str(&format!(
        "`igpu-measure contexts` in a guest whose first processor has a core of its own. Each of {} \
         rounds\nmeasures every call, of which the fastest burst of ten counts; given are the median over the \
         rounds and\nthe quartiles. *Use* is a GETPARAM of the context, the cheapest call that needs it.\n\n",
        number("rounds", 0)
    ));
    page.push_str(
        "| call | in GETPARAM ioctls of the same round | microseconds |\n| --- | --- | --- |\n",
    );
    for (name, what) in COSTS {
        let ratio = spread(&format!("{name}.ratio"));
        let time = shown
            .figure(&format!("{name}.time.median"))
            .map_or(String::new(), |nanoseconds| {
                format!("{:.1}", nanoseconds / 1000.0)
            });
        page.push_str(&format!("| {what} | {ratio} | {time} |\n"));
    }
    page.push_str(&format!(
        "\n| looking up one of ten contexts that are spread over {} | to the same among 10 | aim |\n\
         | --- | --- | --- |\n",
        number("many", 0)
    ));
    for (name, what) in LOOKUPS {
        page.push_str(&format!("| {what} | {} | 1 |\n", spread(name)));
    }
    page.push_str("\n| for each, of 100 in a row | messages | wanted | doorbells |\n| --- | --- | --- | --- |\n");
    for (name, what, wanted) in HEARD {
        let messages = number(&format!("{name}.messages"), 2);
        let messages = messages.trim_end_matches('0').trim_end_matches('.');
        let doorbells = number(&format!("{name}.doorbells"), 2);
        page.push_str(&format!(
            "| {what} | {messages} | {wanted} | {doorbells} |\n"
        ));
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
            "rounds": 40, "many": 100_000, "contexts_counted": 100,
            "costs": [{"name": "first_use", "time": {"median": 2500.0, "low": 1.0, "high": 2.0},
                       "ratio": {"median": 19.257, "low": 18.0, "high": 22.5}}],
            "heard": [{"name": "destroy_used", "messages": 150, "doorbells": 17}],
            "many_to_few": {"median": 1.0, "low": 0.98, "high": 1.05},
        });
        keep(&mut records, &report);
        let page = section(&records);
        for row in [
            "| first use: address space given, engine map of two | 19.26 (18.00 to 22.50) | 2.5 |",
            "| a context that was used: GETPARAM | 1.00 (0.98 to 1.05) | 1 |",
            "| CONTEXT_DESTROY, used | 1.5 | 1 | 0.17 |",
            "| later use | not measured |",
        ] {
            assert!(page.contains(row), "{row}\n{page}");
        }
    }
}
