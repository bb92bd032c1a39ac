//! The report: what was looked at, how each step went, figures; as Markdown.

use std::path::PathBuf;

use serde_json::Value;

/// What is looked at.
pub(crate) struct Facts {
    /// This checkout.
    pub(crate) version: String,
    /// The kernel's release.
    pub(crate) kernel: String,
    /// The render node.
    pub(crate) node: PathBuf,
    /// What the probe said of it; nothing if it said what is missing.
    pub(crate) gpu: Value,
}

/// How a step went, and what it came to or why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// Well.
    Passed(String),
    /// Not well.
    Failed(String),
    /// It was not made.
    Skipped(String),
}

/// A step.
pub(crate) struct Step {
    /// What is done.
    pub(crate) name: &'static str,
    /// How it went.
    pub(crate) outcome: Outcome,
}

/// All of it.
pub(crate) struct Report {
    /// What was looked at.
    pub(crate) facts: Facts,
    /// The steps, in their order.
    pub(crate) steps: Vec<Step>,
    /// Figures: what, and microseconds.
    pub(crate) figures: Vec<(String, String)>,
}

impl Report {
    /// Whether the node will do: whatever was made passed, the probe with it.
    pub(crate) fn good(&self) -> bool {
        let passed = |step: &Step| matches!(step.outcome, Outcome::Passed(_));
        let failed = |step: &Step| matches!(step.outcome, Outcome::Failed(_));
        self.steps.first().is_some_and(passed) && !self.steps.iter().any(failed)
    }

    /// As Markdown.
    pub(crate) fn markdown(&self) -> String {
        let Facts {
            version,
            kernel,
            node,
            gpu,
        } = &self.facts;
        let word = |name: &str| match &gpu[name] {
            Value::Null => "unknown".to_string(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let engines = gpu["engines"].as_array().map(|engines| {
            let names: Vec<_> = engines.iter().filter_map(Value::as_str).collect();
            names.join(" ")
        });
        let facts = [
            ("virtio-igpu", version.clone()),
            ("kernel", kernel.clone()),
            ("node", node.display().to_string()),
            ("driver", word("driver")),
            (
                "device",
                format!("{}, revision {}", word("device_id"), word("revision")),
            ),
            ("graphics", word("graphics_version")),
            ("engines", engines.unwrap_or_else(|| word("engines"))),
        ];
        let mut text = String::from("\n| hw-check | |\n| --- | --- |\n");
        for (name, value) in facts {
            text.push_str(&format!("| {name} | {} |\n", cell(&value)));
        }
        text.push_str("\n| step | outcome | |\n| --- | --- | --- |\n");
        for Step { name, outcome } in &self.steps {
            let (word, why) = match outcome {
                Outcome::Passed(what) => ("passed", what),
                Outcome::Failed(why) => ("**failed**", why),
                Outcome::Skipped(why) => ("skipped", why),
            };
            text.push_str(&format!("| {name} | {word} | {} |\n", cell(why)));
        }
        if !self.figures.is_empty() {
            text.push_str("\n| microseconds, median (quartiles) | |\n| --- | --- |\n");
            for (what, time) in &self.figures {
                text.push_str(&format!("| {} | {} |\n", cell(what), cell(time)));
            }
        }
        text
    }
}

/// Text that stays in its cell.
fn cell(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcomes: [Outcome; 2], gpu: Value) -> Report {
        let [first, second] = outcomes;
        Report {
            facts: Facts {
                version: "v1".into(),
                kernel: "7.2".into(),
                node: "/dev/dri/renderD128".into(),
                gpu,
            },
            steps: vec![
                Step {
                    name: "one",
                    outcome: first,
                },
                Step {
                    name: "two",
                    outcome: second,
                },
            ],
            figures: vec![("a submission".into(), "5.00 (4.00 to 6.00)".into())],
        }
    }

    #[test]
    fn a_report_shows_what_was_found_and_what_came_of_it() {
        let gpu = serde_json::json!({
            "driver": "xe", "device_id": "0x9a49", "revision": 3,
            "graphics_version": "12.0", "engines": ["rcs0", "bcs0"],
        });
        let outcomes = [
            Outcome::Passed("all".into()),
            Outcome::Failed("a | b\nc".into()),
        ];
        let report = report(outcomes, gpu);
        assert!(!report.good());
        let text = report.markdown();
        for line in [
            "| kernel | 7.2 |",
            "| driver | xe |",
            "| device | 0x9a49, revision 3 |",
            "| engines | rcs0 bcs0 |",
            "| one | passed | all |",
            "| two | **failed** | a \\| b c |",
            "| a submission | 5.00 (4.00 to 6.00) |",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}: {text}");
        }
    }

    #[test]
    fn a_node_that_will_not_do_is_no_success_though_nothing_else_failed() {
        let skipped = || Outcome::Skipped("no node".into());
        let without = report([skipped(), skipped()], Value::Null);
        assert!(!without.good());
        assert!(without.markdown().contains("| driver | unknown |"));
        let passed = || Outcome::Passed(String::new());
        assert!(report([passed(), skipped()], Value::Null).good());
        assert!(!report([Outcome::Failed("x".into()), skipped()], Value::Null).good());
    }
}
