//! What the figures are meant to be, and whether they are.

use serde_json::Value;

use super::host;
use super::table::{number, spread};

/// A figure beside its aim.
pub(crate) struct Judged {
    /// What was measured.
    pub(crate) what: String,
    /// The figure, as it is shown.
    pub(crate) measured: String,
    /// The aim, in words.
    pub(crate) aim: String,
    /// Whether it was met; `None` if nothing was measured.
    pub(crate) met: Option<bool>,
}

impl Judged {
    /// The aim and whether it was met.
    pub(crate) fn verdict(&self) -> String {
        let Self { aim, met, .. } = self;
        match met {
            Some(true) => format!("{aim}: met"),
            Some(false) => format!("{aim}: **missed**"),
            None => aim.clone(),
        }
    }
}

/// A figure that is to be at most so much: its median counts.
fn at_most(what: impl Into<String>, value: &Value, limit: f64, unit: &str) -> Judged {
    let median = value["median"].as_f64().or(value.as_f64());
    let measured = spread(value).or(number(value, 3));
    Judged {
        what: what.into(),
        measured: measured.unwrap_or_else(|| "not measured".into()),
        aim: format!("at most {limit}{unit}"),
        met: median.map(|median| median <= limit),
    }
}

/// The row of that name in one of a report's lists.
pub(crate) fn row<'a>(report: &'a Value, list: &str, name: &str) -> &'a Value {
    let mut rows = report[list].as_array().into_iter().flatten();
    rows.find(|row| row["name"] == name).unwrap_or(&Value::Null)
}

/// The aims of what is measured in a guest.
pub(crate) fn of_guest(report: &Value) -> Vec<Judged> {
    let operation = |name: &str| row(report, "operations", name);
    let counts = |name: &str| row(report, "counts", name);
    let mut all = vec![
        at_most(
            "a submission and the wait for it, in bare round trips",
            &operation("submit_1")["round_trips"],
            1.3,
            "",
        ),
        at_most(
            "the same, in virtio-gpu's",
            &operation("submit_1")["ratio"],
            0.8,
            "",
        ),
        at_most(
            "each of 64 in flight, in virtio-gpu's",
            &operation("submit_64")["ratio"],
            0.5,
            " (twice as many a second)",
        ),
        at_most(
            "doorbells for each of 64 in flight",
            &counts("submit_64")["doorbells"],
            0.2,
            "",
        ),
        at_most(
            "interrupts for each of 64 in flight",
            &counts("submit_64")["interrupts"],
            0.2,
            "",
        ),
    ];
    for kib in [64, 4096] {
        let name = format!("allocate_{kib}");
        all.push(at_most(
            format!("{kib} KiB made, written and closed, in virtio-gpu's"),
            &operation(&name)["ratio"],
            0.3,
            "",
        ));
        all.push(at_most(
            "messages to the host for it",
            &counts(&name)["messages"],
            0.0,
            "",
        ));
    }
    for kib in [64, 4096] {
        all.push(at_most(
            format!("{kib} KiB made, visible to the GPU and closed, in virtio-gpu's"),
            &operation(&format!("show_{kib}"))["ratio"],
            0.5,
            "",
        ));
    }
    for (name, what, most) in [
        (
            "contexts",
            "a submission and the wait for it, 1,000 contexts",
            1000,
        ),
        (
            "mappings_submit",
            "a submission and the wait for it, 100,000 mappings",
            100_000,
        ),
        (
            "mappings_bind",
            "VM_BIND of a page, 100,000 mappings",
            100_000,
        ),
        (
            "mappings_unbind",
            "VM_UNBIND of a page, 100,000 mappings",
            100_000,
        ),
    ] {
        let rows = report["flat"].as_array().into_iter().flatten();
        let row = rows
            .filter(|row| row["name"] == name)
            .find(|row| row["count"] == most);
        let value = row.map_or(&Value::Null, |row| &row["to_one"]);
        all.push(at_most(
            format!("{what}, in the same with one"),
            value,
            1.1,
            "",
        ));
    }
    all
}

/// The aims of what is counted.
pub(crate) fn of_instructions(report: &Value) -> Vec<Judged> {
    let ratio = |name: &str, figure: &str| {
        let row = row(report, "rows", name);
        let of = |gpu: &str| row[gpu][figure].as_f64();
        of("ours")
            .zip(of("peer"))
            .map_or(Value::Null, |(ours, peer)| (ours / peer).into())
    };
    vec![
        at_most(
            "instructions of a submission's ioctl with an out-fence, in virtio-gpu's, fewest in fewest",
            &ratio("submit_only", "least"),
            0.8,
            "",
        ),
        at_most(
            "instructions of a submission and the wait for it, in virtio-gpu's, fewest in fewest",
            &ratio("submit_1", "least"),
            0.6,
            "",
        ),
        at_most(
            "the same, median in median",
            &ratio("submit_1", "median"),
            0.6,
            "",
        ),
    ]
}

/// The aims of what is measured without a guest.
pub(crate) fn of_host(report: &Value) -> Vec<Judged> {
    let mut all = Vec::new();
    for (state, limit) in [("awake", 0.5), ("asleep", 1.5)] {
        for (name, what) in [
            ("control", "a control command"),
            ("submission", "a submission"),
        ] {
            all.push(at_most(
                format!("{what} and its answer, the device {state}, in eventfd ping-pongs"),
                &report[state][name],
                limit,
                "",
            ));
        }
    }
    for (of, name, what) in host::NEIGHBOURS {
        let row = host::neighbour(report, of, name);
        for state in ["awake", "asleep"] {
            all.push(at_most(
                format!("a submission and its answer, {state}, while {what}, in the same without"),
                &row[state],
                1.1,
                "",
            ));
        }
    }
    all.push(at_most(
        "percent of a core that an idle daemon uses",
        &report["idle_percent"],
        0.5,
        "",
    ));
    all
}

#[cfg(test)]
mod tests {
    use super::{of_guest, of_host};
    use serde_json::json;

    #[test]
    fn medians_are_held_against_the_aims_and_what_is_missing_is_not() {
        let spread = |median: f64| json!({"median": median, "low": 0.0, "high": 9.0});
        let report = json!({
            "operations": [
                {"name": "submit_1", "round_trips": spread(1.2), "ratio": spread(0.81)},
                {"name": "submit_64", "ratio": null},
            ],
            "counts": [{"name": "allocate_64", "messages": 0.0}],
            "flat": [
                {"name": "contexts", "count": 1, "to_one": spread(1.0)},
                {"name": "contexts", "count": 1000, "to_one": spread(1.2)},
            ],
        });
        let judged = of_guest(&report);
        let met = |what: &str| {
            judged
                .iter()
                .find(|one| one.what.contains(what))
                .and_then(|one| one.met)
        };
        assert_eq!(met("in bare round trips"), Some(true));
        assert_eq!(met("the same, in virtio-gpu's"), Some(false));
        assert_eq!(met("each of 64 in flight, in"), None);
        assert_eq!(met("messages to the host"), Some(true));
        assert_eq!(met("1,000 contexts"), Some(false));
        let neighbours = [
            json!({"of": "guest", "name": "waits", "awake": spread(1.05), "asleep": spread(1.2)}),
            json!({"of": "context", "name": "waits", "awake": spread(0.9)}),
        ];
        let host = json!({"awake": {"control": spread(0.4)}, "idle_percent": 0.6,
            "neighbours": neighbours});
        let judged = of_host(&host);
        let (own, others): (Vec<_>, Vec<_>) = judged
            .iter()
            .partition(|one| !one.what.contains(", while another"));
        let met: Vec<_> = own.iter().map(|one| one.met).collect();
        assert_eq!(met, [Some(true), None, None, None, Some(false)]);
        let met: Vec<_> = others.iter().filter_map(|one| one.met).collect();
        assert_eq!((met, others.len()), (vec![true, false, true], 16));
    }
}
