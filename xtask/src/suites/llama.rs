//! llama.cpp's tests of its operators: what its Vulkan backend computes on Mesa's driver, and so
//! on our GPU, is held by them against what its backend for the processor computes.

use std::fs;

use anyhow::{Context, Result, bail};

use super::{Ended, Job, in_guest, wanted};
use crate::cli::SuiteArgs;
use crate::igt::expected::Expected;
use crate::igt::run::Outcome;
use crate::paths::checkout;
use crate::tally::Tally;
use crate::vm::Lab;

/// The program, as Debian packs it.
const PROGRAM: &str = "/usr/libexec/x86_64-linux-gnu/llama.cpp-tests/test-backend-ops";
/// The backend's name for our GPU.
const BACKEND: &str = "Vulkan0";
/// The operators, and of those with many cases a choice.
const OPERATORS: &str = "ci/llama/operators.list";
/// Operators that don't pass, and why.
const EXPECTED: &str = "ci/llama/expected.toml";
/// How long an operator may take.
const SECONDS: u64 = 1800;

/// Runs the operators, each as a job.
pub(super) fn run(lab: &Lab, args: &SuiteArgs) -> Result<Tally> {
    let file = checkout().join(OPERATORS);
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let seconds = args.timeout.unwrap_or(SECONDS);
    let jobs: Vec<Job> = operators(&text)
        .filter(|(name, _)| wanted(args, name))
        .map(|(name, choice)| job(name, choice, seconds))
        .collect();
    if jobs.is_empty() {
        bail!(
            "no operator in {OPERATORS} has {:?} in its name",
            args.names
        );
    }
    let expected = Expected::read(
        &checkout().join(EXPECTED),
        lab.ready.flavour,
        &args.guest.platform,
    )?;
    let (tally, _) = in_guest(lab, args, &jobs, &expected, judge)?;
    Ok(tally)
}

/// Each operator, with a pattern of the parameters of those cases that are run, if not all are.
fn operators(list: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    list.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| match line.trim().split_once(' ') {
            Some((name, choice)) => (name, Some(choice.trim())),
            None => (line.trim(), None),
        })
}

fn job(name: &str, choice: Option<&str>, seconds: u64) -> Job {
    let choice = choice.map_or(String::new(), |pattern| format!(" -p '{pattern}'"));
    Job {
        name: name.to_string(),
        seconds,
        command: format!("exec {PROGRAM} test -b {BACKEND} -o {name}{choice}"),
    }
}

/// How many cases a run counted.
#[derive(Debug, Default, PartialEq)]
struct Cases {
    passed: u32,
    run: u32,
    /// What the backend says that it doesn't have, on any GPU like this.
    unsupported: usize,
    /// Those that failed, as the program shows them.
    failed: Vec<String>,
}

/// Reads what the program says.
fn cases(output: &str) -> Option<Cases> {
    let plain = output.replace("\x1b[1;32m", "").replace("\x1b[1;31m", "");
    let plain = plain.replace("\x1b[0m", "");
    let mut cases = Cases::default();
    let mut counted = false;
    for line in plain.lines().map(str::trim) {
        if let Some((passed, run)) = line
            .strip_suffix(" tests passed")
            .and_then(|numbers| numbers.split_once('/'))
        {
            cases.passed += passed.parse::<u32>().ok()?;
            cases.run += run.parse::<u32>().ok()?;
            counted = true;
        } else if line.contains("): not supported") {
            cases.unsupported += 1;
        } else if line.ends_with("FAIL") && line.contains('(') {
            cases.failed.push(line.to_string());
        }
    }
    counted.then_some(cases)
}

fn judge(ended: &Ended<'_>) -> (Outcome, String) {
    let Some(cases) = cases(&ended.output) else {
        let outcome = ended.cut_short().unwrap_or(Outcome::Crash);
        let last = ended.output.lines().next_back().unwrap_or_default();
        return (outcome, format!("status {}: {last}", ended.status));
    };
    let mut said = format!("{} of {} cases", cases.passed, cases.run);
    if cases.unsupported > 0 {
        said.push_str(&format!(
            ", {} more that the backend doesn't have here",
            cases.unsupported
        ));
    }
    for failed in &cases.failed {
        said.push_str(&format!("\n    {failed}"));
    }
    let outcome = match (ended.cut_short(), cases.run) {
        (_, 0) => Outcome::Skip,
        (None, _) if cases.passed == cases.run => Outcome::Pass,
        (Some(outcome), _) => outcome,
        (None, _) => Outcome::Fail,
    };
    (outcome, said)
}

#[cfg(test)]
mod tests {
    use super::{Cases, cases, operators};

    #[test]
    fn operators_may_come_with_a_choice_of_cases() {
        let list = "# all of it\nABS\nMUL_MAT type_a=(f32|f16),\n\n";
        let found: Vec<_> = operators(list).collect();
        assert_eq!(
            found,
            [("ABS", None), ("MUL_MAT", Some("type_a=(f32|f16),"))]
        );
    }

    #[test]
    fn cases_are_counted() {
        let output = "  ABS(type=f16,v=0): \x1b[1;32mOK\x1b[0m\n\
                      [ABS] NMSE = 0.1 > 0.0   ABS(type=f16,v=1): \x1b[1;31mFAIL\x1b[0m\n\
                      \x20 ABS(type=bf16,v=0): not supported [Vulkan0] \n  1/2 tests passed\n\
                      \x20 Backend Vulkan0: \x1b[1;31mFAIL\x1b[0m\n";
        let expected = Cases {
            passed: 1,
            run: 2,
            unsupported: 1,
            failed: vec!["[ABS] NMSE = 0.1 > 0.0   ABS(type=f16,v=1): FAIL".into()],
        };
        assert_eq!(cases(output), Some(expected));
        assert_eq!(cases("terminate called"), None);
    }
}
