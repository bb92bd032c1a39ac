//! `cargo xtask hw-check`: for a person with an Intel GPU. Looks at a render node, runs the
//! conformance suite on it, the demo and the bench, and makes a table to paste into a report.

mod table;

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::bench::{host, table::spread};
use crate::cli::{DemoArgs, HwCheckArgs};
use crate::exec::{self, Guarded};
use crate::paths::checkout;
use crate::tally::Tally;
use crate::vm::Lab;
use crate::{build, demo};
use table::{Facts, Outcome, Report, Step};

/// A run of the suite that takes longer hangs; it takes half a minute on a software GPU.
const SUITE_LIMIT: Duration = Duration::from_secs(900);
/// So does a look at the node.
const PROBE_LIMIT: Duration = Duration::from_secs(30);

/// The command.
pub(crate) fn hw_check(args: &HwCheckArgs) -> Result<u8> {
    let [daemon, suite] = build::host_programs()?;
    let report = check(args, &daemon, &suite)?;
    let text = report.markdown();
    if let Some(file) = &args.out {
        fs::write(file, &text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    println!("{text}");
    Ok(u8::from(!report.good()))
}

/// All steps, with these programs.
pub(crate) fn check(args: &HwCheckArgs, daemon: &Path, suite: &Path) -> Result<Report> {
    let checked = Checked {
        words: words(args),
        suite,
    };
    let (facts, probe) = checked.probe(args)?;
    let missing = match &probe {
        Outcome::Passed(_) => None,
        Outcome::Failed(why) | Outcome::Skipped(why) => Some(why.clone()),
    };
    let mut steps = vec![Step {
        name: "probe of the node",
        outcome: probe,
    }];
    let mut step = |name, skip: bool, run: &dyn Fn() -> Result<Outcome>| {
        let outcome = match &missing {
            Some(why) => Outcome::Skipped(why.clone()),
            None if skip => Outcome::Skipped("it was not asked for".into()),
            None => {
                eprintln!("{name} ...");
                run().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")))
            }
        };
        if exec::interrupted() {
            bail!("interrupted");
        }
        steps.push(Step { name, outcome });
        Ok(())
    };
    step("conformance suite, in process", false, &|| {
        checked.suite(&[])
    })?;
    step("conformance suite, over vhost-user", false, &|| {
        checked.suite(&["--daemon".into(), daemon.into()])
    })?;
    step("demo in a guest", args.no_guest, &|| demonstrate(args))?;
    let mut figures = Vec::new();
    let measured = std::cell::RefCell::new(&mut figures);
    step("bench of submissions", args.no_bench, &|| {
        let report = host::measure(&checked.words)?;
        measured.borrow_mut().extend(rows(&report));
        Ok(Outcome::Passed(String::new()))
    })?;
    let none = args.no_bench || args.software;
    step("what the executor adds", none, &|| {
        let report = checked.overhead()?;
        measured.borrow_mut().extend(ratios(&report));
        Ok(Outcome::Passed(String::new()))
    })?;
    Ok(Report {
        facts,
        steps,
        figures,
    })
}

/// The daemon's words, and the suite's.
fn words(args: &HwCheckArgs) -> Vec<OsString> {
    let executor = if args.software { "softgpu" } else { "host" };
    let mut words: Vec<OsString> = vec!["--executor".into(), executor.into()];
    if let Some(node) = &args.guest.render_node {
        words.extend(["--render-node".into(), node.into()]);
    }
    words
}

/// What is looked at, and by what.
struct Checked<'a> {
    words: Vec<OsString>,
    suite: &'a Path,
}

impl Checked<'_> {
    /// What the node is, and what it lacks.
    fn probe(&self, args: &HwCheckArgs) -> Result<(Facts, Outcome)> {
        let mut facts = Facts {
            version: version(),
            kernel: rustix::system::uname()
                .release()
                .to_string_lossy()
                .into_owned(),
            node: args.guest.render_node.clone().unwrap_or_default(),
            gpu: Value::Null,
        };
        let said = self.run(&["--probe".into()], PROBE_LIMIT)?;
        if !said.good() {
            let why = said.errors.trim();
            let why = why.strip_prefix("igpu-conformance: ").unwrap_or(why);
            return Ok((facts, Outcome::Failed(why.to_string())));
        }
        facts.gpu = serde_json::from_str(&said.output).context("the probe is not understood")?;
        let engines = facts.gpu["engines"].as_array().map_or(0, Vec::len);
        let found = format!("{engines} engines, and all that the executor needs");
        Ok((facts, Outcome::Passed(found)))
    }

    /// A run of the suite.
    fn suite(&self, more: &[OsString]) -> Result<Outcome> {
        let harness = ["--".into(), "--test-threads=1".into()];
        let said = self.run(&[more, &harness].concat(), SUITE_LIMIT)?;
        Ok(said.judged())
    }

    /// What the executor takes for a batch, and what its driver's calls alone take.
    fn overhead(&self) -> Result<Value> {
        let said = self.run(&["--overhead".into()], SUITE_LIMIT)?;
        if !said.good() {
            bail!("{}", said.errors.trim());
        }
        serde_json::from_str(&said.output).context("the figures are not understood")
    }

    /// Runs the suite's program.
    fn run(&self, more: &[OsString], limit: Duration) -> Result<Said> {
        let folder = tempfile::tempdir().context("cannot create a folder for a run")?;
        let files = ["output", "errors"].map(|name| folder.path().join(name));
        let open = |file: &PathBuf| File::create(file).context("cannot write a run's output");
        let mut command = exec::command(self.suite);
        command.args(&self.words).args(more).stdin(Stdio::null());
        command.stdout(open(&files[0])?).stderr(open(&files[1])?);
        let mut guarded = Guarded::spawn("the conformance suite", &mut command)?;
        let begun = Instant::now();
        let mut status = None;
        while status.is_none() && begun.elapsed() < limit && !exec::interrupted() {
            std::thread::sleep(Duration::from_millis(30));
            status = guarded.ended()?;
        }
        drop(guarded);
        let read = |file| fs::read(file).map(|said| String::from_utf8_lossy(&said).into_owned());
        let [output, errors] = files.map(read);
        Ok(Said {
            status,
            limit,
            output: output.context("cannot read a run's output")?,
            errors: errors.context("cannot read a run's output")?,
        })
    }
}

/// What a program of ours said. No status: it was not over in time.
struct Said {
    status: Option<ExitStatus>,
    limit: Duration,
    output: String,
    errors: String,
}

impl Said {
    fn good(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    /// The outcome of the suite.
    fn judged(&self) -> Outcome {
        let tally = Tally::of_libtest(&self.output);
        if self.good() && tally.passed > 0 && tally.failed == 0 {
            return Outcome::Passed(format!("{} of {} cases", tally.passed, tally.all()));
        }
        let failed = |line: &str| {
            let (name, outcome) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
            (outcome == "FAILED").then(|| name.trim().to_string())
        };
        let failures: Vec<_> = self.output.lines().filter_map(failed).collect();
        let why = match (self.status, failures.as_slice()) {
            (None, _) => format!("it was not over after {} s", self.limit.as_secs()),
            (Some(status), []) => format!("{status}: {}", self.errors.trim()),
            (Some(_), failures) => format!(
                "{} of {} cases: {}",
                failures.len(),
                tally.all(),
                failures.join(", ")
            ),
        };
        Outcome::Failed(why)
    }
}

/// The demo, on what is checked.
fn demonstrate(args: &HwCheckArgs) -> Result<Outcome> {
    let mut guest = args.guest.clone();
    if !args.software {
        guest.executor = "host".into();
    }
    let lab = Lab::open(&guest)?;
    let out = tempfile::tempdir().context("cannot create a folder for the picture")?;
    let demo = DemoArgs {
        guest,
        picture: None,
        out: out.path().to_path_buf(),
        // It takes a driver that knows the GPU, and a larger image.
        no_scene: true,
    };
    Ok(match demo::with(&lab, &demo)? {
        true => Outcome::Passed("every pixel is as it has to be".into()),
        false => Outcome::Failed("see what it says above".into()),
    })
}

/// The figures that are of the node.
fn rows(report: &Value) -> Vec<(String, String)> {
    host::ROWS
        .iter()
        .filter_map(|(state, name, what)| {
            let time = spread(&report[*state][format!("{name}_us")])?;
            Some(((*what).to_string(), time))
        })
        .collect()
}

/// What the executor adds to its driver's calls.
fn ratios(report: &Value) -> Vec<(String, String)> {
    [("at_once_1", "alone"), ("at_once_64", "64 at once")]
        .iter()
        .filter_map(|(name, how)| {
            let [calls, ours, ratio] =
                ["calls_us", "executor_us", "ratio"].map(|figure| report[*name][figure].as_f64());
            let what =
                format!("a batch that does nothing, {how}: the driver's calls, the executor");
            let figures = format!("{:.2}, {:.2} ({:.2} times)", calls?, ours?, ratio?);
            Some((what, figures))
        })
        .collect()
}

/// The checkout, as git names it.
fn version() -> String {
    let mut git = exec::command("git");
    git.current_dir(checkout());
    git.args(["describe", "--always", "--dirty"]);
    let version = exec::output("git", &mut git);
    version.map_or_else(|_| "unknown".into(), |version| version.trim().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    fn said(status: Option<i32>, output: &str) -> Said {
        Said {
            status: status.map(|status| ExitStatus::from_raw(status << 8)),
            limit: Duration::from_secs(9),
            output: output.into(),
            errors: "a sentence\n".into(),
        }
    }

    fn result(passed: u32, failed: u32) -> String {
        format!(
            "test a::b ... ok\ntest c::d    ... FAILED\n\ntest result: x. {passed} passed; {failed} failed; 0 ignored;"
        )
    }

    #[test]
    fn a_suite_is_judged_by_its_cases_and_by_its_end() {
        let judged = said(Some(0), &result(93, 0)).judged();
        assert_eq!(judged, Outcome::Passed("93 of 93 cases".into()));
        let judged = said(Some(101), &result(92, 1)).judged();
        assert_eq!(judged, Outcome::Failed("1 of 93 cases: c::d".into()));
        let judged = said(None, "").judged();
        assert_eq!(judged, Outcome::Failed("it was not over after 9 s".into()));
        let judged = said(Some(1), "").judged();
        let Outcome::Failed(why) = judged else {
            panic!("{judged:?}")
        };
        assert!(why.ends_with(": a sentence"), "{why}");
        assert!(matches!(said(Some(0), "").judged(), Outcome::Failed(_)));
    }

    #[test]
    fn figures_are_those_that_were_measured() {
        let spread = serde_json::json!({ "median": 2.0, "low": 1.0, "high": 3.0 });
        let report = serde_json::json!({ "awake": { "submission_us": spread } });
        let rows = rows(&report);
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].1, "2.00 (1.00 to 3.00)");
        let figure = serde_json::json!({ "calls_us": 10.0, "executor_us": 12.0, "ratio": 1.2 });
        let report = serde_json::json!({ "at_once_64": figure });
        let rows = ratios(&report);
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].1, "10.00, 12.00 (1.20 times)");
    }
}
