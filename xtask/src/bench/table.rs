//! The figures as a person reads them in a terminal.

use serde_json::{Value, json};

use super::aims::Judged;

/// Median and quartiles of these, which are some, as [`spread`] shows them.
pub(crate) fn spread_of(mut values: Vec<f64>) -> Value {
    values.sort_by(f64::total_cmp);
    let at = |part: f64| values[((values.len() - 1) as f64 * part).round() as usize];
    json!({ "median": at(0.5), "low": at(0.25), "high": at(0.75) })
}

/// Median and quartiles, if there are any.
pub(crate) fn spread(value: &Value) -> Option<String> {
    let part = |name: &str| value[name].as_f64();
    let (median, low, high) = (part("median")?, part("low")?, part("high")?);
    let digits = if median < 100.0 { 2 } else { 0 };
    Some(format!(
        "{median:.digits$} ({low:.digits$} to {high:.digits$})"
    ))
}

/// A plain number, if it is one.
pub(crate) fn number(value: &Value, digits: usize) -> Option<String> {
    let text = format!("{:.digits$}", value.as_f64()?);
    match text.contains('.') {
        true => Some(text.trim_end_matches('0').trim_end_matches('.').to_string()),
        false => Some(text),
    }
}

fn shown(value: &Value) -> String {
    spread(value).unwrap_or_else(|| "-".to_string())
}

/// The aims, each met or missed.
pub(super) fn aims(all: &[Judged]) -> String {
    let mut text = String::from("\naims\n");
    for judged in all {
        let verdict = judged.verdict().replace("**", "");
        let Judged { what, measured, .. } = judged;
        text.push_str(&format!("{measured:>26}  {what}; {verdict}\n"));
    }
    text
}

/// All tables of what was measured in a guest.
pub(super) fn text(report: &Value) -> String {
    let rows = |name: &str| report[name].as_array().cloned().unwrap_or_default();
    let peer = report["compared"].as_str().unwrap_or("other");
    let mut text = format!(
        "{} rounds; microseconds: median (quartiles)\n{:>26} {:>26} {:>21} {:>21}\n",
        report["rounds"], "ours", peer, "ours / other", "ours / round trip"
    );
    for row in rows("operations") {
        text.push_str(&format!(
            "{:>26} {:>26} {:>21} {:>21}  {}\n",
            shown(&row["ours"]),
            shown(&row["peer"]),
            shown(&row["ratio"]),
            shown(&row["round_trips"]),
            row["what"].as_str().unwrap_or_default()
        ));
    }
    for row in rows("operations") {
        let name = row["name"].as_str().unwrap_or_default();
        if let Some(count) = name
            .strip_prefix("submit_")
            .and_then(|n| n.parse::<u32>().ok())
        {
            let rate = |value: &Value| {
                value["median"]
                    .as_f64()
                    .map_or("-".to_string(), |us| format!("{:.0}", 1e6 / us))
            };
            text.push_str(&format!(
                "{:>26} {:>26} {:>21} {:>21}  submissions a second, {count} in flight\n",
                rate(&row["ours"]),
                rate(&row["peer"]),
                "",
                ""
            ));
        }
    }
    text.push_str(&format!(
        "\nfor each\n{:>10} {:>10} {:>10} {:>22}\n",
        "messages",
        "doorbells",
        "interrupts",
        format!("interrupts, {peer}")
    ));
    for row in rows("counts") {
        let number = |name: &str| {
            row[name]
                .as_f64()
                .map_or("-".to_string(), |value| format!("{value:.3}"))
        };
        text.push_str(&format!(
            "{:>10} {:>10} {:>10} {:>22}  {}\n",
            number("messages"),
            number("doorbells"),
            number("interrupts"),
            number("peer_interrupts"),
            row["what"].as_str().unwrap_or_default()
        ));
    }
    text.push_str(&format!(
        "\nwith so much else there\n{:>10} {:>26} {:>21}\n",
        "number", "microseconds", "in the same with one"
    ));
    for row in rows("flat") {
        let of = if row["name"] == "contexts" {
            "contexts"
        } else {
            "mappings"
        };
        text.push_str(&format!(
            "{:>10} {:>26} {:>21}  {of}: {}\n",
            row["count"].to_string(),
            shown(&row["time"]),
            shown(&row["to_one"]),
            row["what"].as_str().unwrap_or_default()
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn every_row_is_shown_with_what_was_measured_of_it() {
        let spread = serde_json::json!({"median": 50.0, "low": 40.0, "high": 60.0});
        let report = serde_json::json!({
            "rounds": 4, "compared": null,
            "operations": [{"name": "submit_64", "what": "each of 64", "ours": spread, "peer": null,
                "ratio": null, "round_trips": spread}],
            "counts": [{"name": "submit_64", "what": "each submission", "messages": 1.0,
                "doorbells": 0.0156, "interrupts": 0.02, "peer_interrupts": null}],
            "flat": [{"name": "contexts", "what": "a submission", "count": 1000, "time": spread,
                "to_one": spread}],
        });
        let text = text(&report);
        for part in [
            "50.00 (40.00 to 60.00)",
            "20000",
            "0.016",
            "contexts: a submission",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
}
