//! `cargo xtask igt`: subtests of the unmodified IGT programs, their results as they come,
//! and the count.

pub(crate) mod expected;
pub(crate) mod list;
pub(crate) mod run;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

use crate::cli::IgtArgs;
use crate::paths::checkout;
use crate::stamp;
use crate::tally::Tally;
use crate::vm::Lab;
use expected::{Expected, Verdict};
use list::{Pattern, Subtest};
use run::{Outcome, Report};

/// The command.
pub(crate) fn igt(args: &IgtArgs) -> Result<u8> {
    if args.table {
        table::write()?;
        return Ok(0);
    }
    let lab = Lab::open(&args.guest)?;
    let tally = with(&lab, args)?;
    println!("{tally}");
    Ok(tally.exit())
}

/// The lists that every change is held against.
const EVERY_CHANGE: [&str; 7] = [
    "ci/igt/bat.list",
    "ci/igt/first-light.list",
    "ci/igt/contexts.list",
    "ci/igt/error-state.list",
    "ci/igt/engines.list",
    "ci/igt/memory.list",
    "ci/igt/shader-cores.list",
];

/// What each subtest of the lists is expected to do.
pub(crate) fn expected_outcomes() -> PathBuf {
    checkout().join("ci/igt/expected.toml")
}

/// Runs what the arguments name in guests of this lab.
pub(crate) fn with(lab: &Lab, args: &IgtArgs) -> Result<Tally> {
    let mut patterns: Vec<Pattern> = args
        .patterns
        .iter()
        .map(|p| Pattern::parse(p))
        .collect::<Result<_>>()?;
    let default = patterns.is_empty() && args.list.is_none();
    if let Some(file) = &args.list {
        patterns.extend(list::read(file)?);
    } else if default {
        for file in EVERY_CHANGE {
            patterns.extend(list::read(&checkout().join(file))?);
        }
    }
    let expected = match (&args.expected, default) {
        (Some(file), _) => Some(file.clone()),
        (None, true) => Some(expected_outcomes()),
        (None, false) => None,
    };
    let (kernel, platform) = (lab.ready.flavour, &args.guest.platform);
    let expected = expected
        .map(|file| Expected::read(&file, kernel, platform))
        .transpose()?;
    let offered = offered(lab, &patterns)?;
    let chosen = list::choose(&patterns, &offered)?;
    eprintln!("{} subtests", chosen.len());
    let mut tally = Tally::default();
    let limit = lab.patience(Duration::from_secs(args.timeout)).as_secs();
    let (reports, problems) = run::subtests(lab, &chosen, limit, |report| {
        tally.add(show(report, expected.as_ref(), args.verbose));
    })?;
    for problem in &problems {
        println!("the guest's end: FAILED\n    {problem}");
        tally.failed += 1;
    }
    if let Some(expected) = &expected {
        let passed: Vec<String> = reports
            .iter()
            .filter(|r| r.outcome == Outcome::Pass)
            .map(|r| r.subtest.full())
            .collect();
        let proving = expected.proving(passed.iter().map(String::as_str));
        println!(
            "{proving} of the {} passes prove that the engines executed something",
            passed.len()
        );
    }
    if let Some(file) = &args.json {
        write_json(file, &reports)?;
    }
    Ok(tally)
}

/// One line for a subtest, and what is to be known about a bad one.
fn show(report: &Report, expected: Option<&Expected>, verbose: bool) -> Verdict {
    let name = report.subtest.full();
    let (verdict, remark) = match expected {
        Some(expected) => expected.verdict(&name, report.outcome),
        None => match report.outcome {
            Outcome::Pass => (Verdict::Passed, String::new()),
            Outcome::Skip => (Verdict::Skipped, skip_reason(&report.output)),
            _ => (Verdict::Failed, String::new()),
        },
    };
    let remark = if remark.is_empty() {
        remark
    } else {
        format!(": {remark}")
    };
    println!(
        "{name}: {} ({:.2} s){remark}",
        report.outcome, report.seconds
    );
    for complaint in &report.complaints {
        println!("    {complaint}");
    }
    if verbose && verdict == Verdict::Failed {
        for line in report.output.lines().chain(report.log.lines()) {
            println!("    | {line}");
        }
    }
    verdict
}

/// Why IGT says that it skipped: the last it says, since a program may skip others first.
fn skip_reason(output: &str) -> String {
    let reason = output
        .lines()
        .rfind(|line| line.starts_with("Test requirement: "));
    reason.map_or(String::new(), |line| line.trim().to_string())
}

/// The subtests of the programs that the patterns are about; asked of a guest once for each
/// image, and then remembered.
fn offered(lab: &Lab, patterns: &[Pattern]) -> Result<Vec<Subtest>> {
    let cache = lab.ready.cache.root().join(format!(
        "igt-subtests-{}.json",
        &stamp::digest(&[&lab.ready.key])[..16]
    ));
    let mut known: BTreeMap<String, Vec<String>> = fs::read(&cache)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    let programs: Vec<String> = programs(lab)?
        .into_iter()
        .filter(|p| patterns.iter().any(|x| x.wants_program(p)))
        .collect();
    let unknown: Vec<String> = programs
        .iter()
        .filter(|p| !known.contains_key(*p))
        .cloned()
        .collect();
    if !unknown.is_empty() {
        eprintln!("asking {} programs for their subtests", unknown.len());
        for subtest in run::offered(lab, &unknown)? {
            known.entry(subtest.program).or_default().push(subtest.name);
        }
        let text = serde_json::to_vec_pretty(&known).context("cannot encode the subtests")?;
        stamp::write_atomically(&cache, &text)?;
    }
    let of = |program: &String| {
        let names = known.get(program).cloned().unwrap_or_default();
        names
            .into_iter()
            .map(|name| Subtest {
                program: program.clone(),
                name,
            })
            .collect::<Vec<_>>()
    };
    Ok(programs.iter().flat_map(of).collect())
}

/// The programs in the guest's image, noted when it was made.
fn programs(lab: &Lab) -> Result<Vec<String>> {
    let file = lab.ready.rootfs.with_file_name("igt-programs");
    let text = fs::read_to_string(&file).with_context(|| {
        format!(
            "there is no list of IGT programs beside the guest's image: {} (one name a line)",
            file.display()
        )
    })?;
    Ok(text.split_whitespace().map(str::to_string).collect())
}

/// The results in piglit's form, which IGT's own tools read.
fn write_json(file: &Path, reports: &[Report]) -> Result<()> {
    let mut tests = serde_json::Map::new();
    for report in reports {
        let dynamic: serde_json::Map<String, serde_json::Value> = report
            .output
            .lines()
            .filter_map(|l| l.strip_prefix("Dynamic subtest "))
            .filter_map(|l| l.split_once(": "))
            .map(|(name, rest)| {
                (
                    name.to_string(),
                    json!(rest.split(' ').next().unwrap_or_default().to_lowercase()),
                )
            })
            .collect();
        let result = match report.outcome {
            Outcome::Timeout => "timeout".to_string(),
            other => other.to_string(),
        };
        let entry = json!({
            "result": result,
            "out": report.output,
            "err": report.complaints.join("\n"),
            "dmesg": report.log,
            "dynamic": dynamic,
            "time": { "__type__": "TimeAttribute", "start": 0.0, "end": report.seconds },
        });
        tests.insert(format!("igt@{}", report.subtest.full()), entry);
    }
    let all = json!({ "__type__": "TestrunResult", "results_version": 10, "name": "virtio-igpu", "tests": tests });
    let text = serde_json::to_vec_pretty(&all).context("cannot encode the results")?;
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}
