//! llama.cpp's tests of its operators: what its Vulkan backend computes on Mesa's driver, and so
//! on our GPU, is held by them against what its backend for the processor computes.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{Ended, Job, in_guest, wanted};
use crate::cli::SuiteArgs;
use crate::igt::expected::Expected;
use crate::igt::run::Outcome;
use crate::paths::checkout;
use crate::stamp;
use crate::tally::Tally;
use crate::vm::Lab;

/// The program, as Debian packs it.
const PROGRAM: &str = "/usr/libexec/x86_64-linux-gnu/llama.cpp-tests/test-backend-ops";
/// The backend's name for our GPU.
const BACKEND: &str = "Vulkan0";
/// The cases that are run.
const CASES: &str = "ci/llama/cases.list";
/// How many of them an operator has at most: some have thousands.
const CASES_OF_EACH: usize = 8;
/// Operators that don't pass, and why.
const EXPECTED: &str = "ci/llama/expected.toml";
/// How long an operator may take.
const SECONDS: u64 = 900;

/// Runs the operators, each as a job.
pub(super) fn run(lab: &Lab, args: &SuiteArgs) -> Result<Tally> {
    let file = checkout().join(CASES);
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let seconds = args.timeout.unwrap_or(SECONDS);
    let jobs: Vec<Job> = operators(&text)
        .iter()
        .filter(|(name, _)| wanted(args, name))
        .map(|(name, cases)| job(name, cases, seconds))
        .collect();
    if jobs.is_empty() {
        bail!("no operator in {CASES} has {:?} in its name", args.names);
    }
    let expected = Expected::read(
        &checkout().join(EXPECTED),
        lab.ready.flavour,
        &args.guest.platform,
    )?;
    let (tally, _) = in_guest(lab, args, &jobs, &expected, judge)?;
    Ok(tally)
}

/// Each operator with its cases.
fn operators(list: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let cases = list.lines().filter(|line| !line.starts_with('#'));
    for (case, (operator, _)) in cases.filter_map(|case| Some((case, case.split_once('(')?))) {
        found.entry(operator).or_default().push(case);
    }
    found
}

fn job(operator: &str, cases: &[&str], seconds: u64) -> Job {
    Job {
        name: operator.to_string(),
        seconds,
        command: format!("exec {PROGRAM} test -b {BACKEND} -o '{}'", cases.join(",")),
    }
}

/// `cargo xtask suite llama --choose`: asks the program in a guest which cases it has that the
/// backend can compute, and keeps some of each operator, at equal distances in the program's order.
pub(super) fn choose(lab: &Lab) -> Result<u8> {
    let mut output = Vec::new();
    let finished = lab
        .guest()
        .for_suites()
        .command(&[PROGRAM, "support", "-b", BACKEND, "--output", "csv"])
        .timeout(Some(lab.patience(Duration::from_secs(300))))
        .run(&mut |error, bytes, _| {
            if !error {
                output.extend_from_slice(bytes);
            }
        })?;
    if !finished.good() {
        bail!(
            "{PROGRAM} in the guest ended with {:?}: {}",
            finished.status,
            finished.problems.join("; ")
        );
    }
    let all = supported(&String::from_utf8_lossy(&output));
    let count: usize = all.values().map(Vec::len).sum();
    if count == 0 {
        bail!("{PROGRAM} names no case that the backend {BACKEND} supports");
    }
    let mut text = HEADER.to_string();
    let mut kept = 0;
    for case in all.values().flat_map(|cases| spread(cases)) {
        text.push_str(case);
        text.push('\n');
        kept += 1;
    }
    let file = checkout().join(CASES);
    stamp::write_atomically(&file, text.as_bytes())?;
    println!(
        "{kept} of {count} cases of {} operators: {CASES}",
        all.len()
    );
    Ok(0)
}

/// What the list begins with.
const HEADER: &str = "\
# Cases of llama.cpp's test-backend-ops. Written by `cargo xtask suite llama --choose`: of each
# operator's cases that the Vulkan backend has on this GPU at most eight, at equal distances.
";

/// The cases that are supported, by their operators, out of the program's comma-separated values.
fn supported(output: &str) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in output.lines() {
        let fields: Vec<&str> = line.trim_matches('"').split("\",\"").collect();
        if let [_, operator, parameters, _, "1", ..] = fields.as_slice() {
            let cases = found.entry((*operator).to_string()).or_default();
            let case = format!("{operator}({parameters})");
            if !cases.contains(&case) {
                cases.push(case);
            }
        }
    }
    found
}

/// Some of an operator's cases, each from the middle of an equal part of them.
fn spread(cases: &[String]) -> impl Iterator<Item = &String> {
    let kept = cases.len().min(CASES_OF_EACH);
    (0..kept).map(move |part| &cases[(2 * part + 1) * cases.len() / (2 * kept)])
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
    use super::{Cases, cases, operators, spread, supported};

    #[test]
    fn cases_are_read_by_their_operators() {
        let list = "# all of it\nADD(a=[1,2],b=3)\nABS(v=0)\nADD(a=[2,2],b=3)\n\n";
        let found = operators(list);
        assert_eq!(found.keys().collect::<Vec<_>>(), [&"ABS", &"ADD"]);
        assert_eq!(found["ADD"], ["ADD(a=[1,2],b=3)", "ADD(a=[2,2],b=3)"]);
    }

    #[test]
    fn what_the_backend_has_is_kept() {
        let line = |parameters: &str, has: u8| {
            format!(
                "\"Vulkan0\",\"ABS\",\"{parameters}\",\"support\",\"{has}\",\"yes\",\"Vulkan\"\n"
            )
        };
        let output = format!(
            "Found 1\n{}{}{}",
            line("a=[1,2],v=0", 1),
            line("v=1", 0),
            line("v=2", 1)
        );
        let found = supported(&output);
        assert_eq!(found["ABS"], ["ABS(a=[1,2],v=0)", "ABS(v=2)"]);
    }

    #[test]
    fn a_choice_is_spread_over_all_cases() {
        let cases: Vec<String> = (0..32).map(|number| number.to_string()).collect();
        let kept: Vec<&String> = spread(&cases).collect();
        assert_eq!(kept, ["2", "6", "10", "14", "18", "22", "26", "30"]);
        assert_eq!(spread(&cases[..3]).count(), 3);
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
