//! Expected outcomes: data in a file, each deviation from a pass with its reason.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::run::Outcome;
use crate::setup::Flavour;

/// What is expected of one subtest.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expectation {
    /// The outcome.
    pub(crate) expect: Outcome,
    /// Why it is not a pass.
    #[serde(default)]
    pub(crate) reason: String,
    /// False where the subtest also passes on an engine that executes nothing.
    #[serde(default = "yes")]
    pub(crate) proves_execution: bool,
}

fn yes() -> bool {
    true
}

/// The expectations by subtest.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    #[serde(default)]
    subtests: BTreeMap<String, Expectation>,
    /// What is otherwise on the debug kernel, which has what the stock kernel lacks.
    #[serde(default)]
    debug: BTreeMap<String, Expectation>,
    /// What is otherwise on the platform `icl`.
    #[serde(default)]
    icl: BTreeMap<String, Expectation>,
}

/// How an outcome counts against what was expected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// Good.
    Passed,
    /// Bad, or better than the file says.
    Failed,
    /// Not run, or known not to pass.
    Skipped,
}

impl Expected {
    /// Reads the file, for runs on this kernel and platform.
    pub(crate) fn read(file: &Path, kernel: Flavour, platform: &str) -> Result<Self> {
        let text =
            fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let expected = Self::parse(&text).with_context(|| format!("in {}", file.display()))?;
        Ok(expected.on(kernel, platform))
    }

    fn on(mut self, kernel: Flavour, platform: &str) -> Self {
        let debug = std::mem::take(&mut self.debug);
        let icl = std::mem::take(&mut self.icl);
        if kernel == Flavour::Debug {
            self.subtests.extend(debug);
        }
        if platform == "icl" {
            self.subtests.extend(icl);
        }
        self
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        let expected: Self = toml::from_str(text).context("not a table of expected outcomes")?;
        let all = expected.subtests.iter().chain(&expected.debug);
        for (name, entry) in all.chain(&expected.icl) {
            if entry.expect != Outcome::Pass && entry.reason.trim().is_empty() {
                bail!("{name} is expected to {} without a reason", entry.expect);
            }
        }
        Ok(expected)
    }

    /// What is expected of a subtest, if the file knows it.
    pub(crate) fn get(&self, name: &str) -> Option<&Expectation> {
        self.subtests.get(name)
    }

    /// How many of these names a pass of proves that the engine executed something.
    pub(crate) fn proving<'a>(&self, names: impl Iterator<Item = &'a str>) -> usize {
        names
            .filter(|name| {
                self.subtests
                    .get(*name)
                    .is_some_and(|entry| entry.proves_execution)
            })
            .count()
    }

    /// As [`Expected::verdict`], where what the file doesn't know has to pass.
    pub(crate) fn verdict_or_pass(&self, name: &str, outcome: Outcome) -> (Verdict, String) {
        match (self.get(name), outcome) {
            (Some(_), _) => self.verdict(name, outcome),
            (None, Outcome::Pass) => (Verdict::Passed, String::new()),
            (None, _) => (Verdict::Failed, "a pass was expected".to_string()),
        }
    }

    /// The verdict on an outcome, with a remark where one is due.
    pub(crate) fn verdict(&self, name: &str, outcome: Outcome) -> (Verdict, String) {
        let Some(entry) = self.subtests.get(name) else {
            return (
                Verdict::Failed,
                format!("{outcome}, but the file of expected outcomes does not know it"),
            );
        };
        match (entry.expect, outcome) {
            (Outcome::Pass, Outcome::Pass) => (Verdict::Passed, String::new()),
            (expected, found) if expected == found => (Verdict::Skipped, entry.reason.clone()),
            (Outcome::Fail, Outcome::Crash | Outcome::Timeout) => {
                (Verdict::Skipped, entry.reason.clone())
            }
            (expected, Outcome::Pass) => (
                Verdict::Failed,
                format!(
                    "UNEXPECTED PASS: {expected} was expected ({}); update the file",
                    entry.reason
                ),
            ),
            (expected, found) => (Verdict::Failed, format!("{found}, {expected} was expected")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Expected, Flavour, Outcome, Verdict};

    const FILE: &str = "[subtests]\n\"a@x\" = { expect = \"pass\", proves_execution = false }\n\
                        \"a@y\" = { expect = \"skip\", reason = \"no aperture\" }\n";

    #[test]
    fn deviations_fail_in_both_directions() {
        let expected = Expected::parse(FILE).expect("a file");
        assert_eq!(expected.verdict("a@x", Outcome::Pass).0, Verdict::Passed);
        assert_eq!(expected.verdict("a@x", Outcome::Skip).0, Verdict::Failed);
        assert_eq!(expected.verdict("a@y", Outcome::Skip).0, Verdict::Skipped);
        assert_eq!(expected.verdict("a@y", Outcome::Pass).0, Verdict::Failed);
        assert_eq!(expected.verdict("a@z", Outcome::Pass).0, Verdict::Failed);
        assert_eq!(expected.proving(["a@x", "a@y"].into_iter()), 1);
    }

    #[test]
    fn the_debug_kernel_has_outcomes_of_its_own() {
        let text = format!("{FILE}[debug]\n\"a@y\" = {{ expect = \"pass\" }}\n");
        let on = |kernel| Expected::parse(&text).expect("a file").on(kernel, "tgl");
        let verdict = |kernel| on(kernel).verdict("a@y", Outcome::Pass).0;
        assert_eq!(verdict(Flavour::Stock), Verdict::Failed);
        assert_eq!(verdict(Flavour::Debug), Verdict::Passed);
        let verdict = |kernel| on(kernel).verdict("a@x", Outcome::Pass).0;
        assert_eq!(verdict(Flavour::Debug), Verdict::Passed);
    }

    #[test]
    fn anything_but_a_pass_needs_a_reason() {
        assert!(Expected::parse("[subtests]\n\"a\" = { expect = \"fail\" }\n").is_err());
    }
}
