//! piglit's OpenCL tests: which there are, what PoCL, on the host's processor, makes of each, and
//! those that it passes in a guest.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use regex::Regex;

use super::{Ended, Job, in_guest, wanted};
use crate::cli::SuiteArgs;
use crate::exec;
use crate::igt::expected::Expected;
use crate::igt::run::Outcome;
use crate::paths::checkout;
use crate::setup::{self, Pocl};
use crate::stamp;
use crate::tally::Tally;
use crate::vm::Lab;

/// Where Debian puts piglit.
const FOLDER: &str = "usr/lib/x86_64-linux-gnu/piglit";
/// Its list of OpenCL tests, from there.
const TESTS: &str = "tests/cl.xml.gz";
/// What runs a kernel out of a file, with the values that it has to give.
const RUNS_KERNELS: &str = "cl-program-tester";
/// What PoCL made of each test.
const ON_POCL: &str = "ci/piglit/pocl.list";
/// Of those that PoCL passes: what doesn't pass in the guest, and why.
const EXPECTED: &str = "ci/piglit/expected.toml";
/// What has to pass, of what PoCL passes.
const AIM: f64 = 0.9;
/// How long a test may take: Intel's compiler is slow in an emulated guest.
const SECONDS: u64 = 600;
/// How long on the host.
const SECONDS_ON_HOST: u64 = 60;

/// Runs in the guest what PoCL passes.
pub(super) fn run(lab: &Lab, args: &SuiteArgs) -> Result<Tally> {
    let on_pocl = read(&checkout().join(ON_POCL))?;
    let seconds = args.timeout.unwrap_or(SECONDS);
    let jobs: Vec<Job> = on_pocl
        .iter()
        .filter(|(name, outcome)| *outcome == "pass" && wanted(args, name))
        .map(|(name, _)| job(name, seconds))
        .collect();
    if jobs.is_empty() {
        bail!(
            "none of the tests that {ON_POCL} says PoCL passes has {:?} in its name",
            args.names
        );
    }
    let expected = Expected::read(
        &checkout().join(EXPECTED),
        lab.ready.flavour,
        &args.guest.platform,
    )?;
    let (mut tally, outcomes) = in_guest(lab, args, &jobs, &expected, judge)?;
    let passed = outcomes.iter().filter(|o| **o == Outcome::Pass).count();
    let share = passed as f64 / jobs.len() as f64;
    println!(
        "{passed} of {} that PoCL passes ({:.1} %)",
        jobs.len(),
        100.0 * share
    );
    if args.names.is_empty() {
        tally.merge(Tally::one(share >= AIM));
    }
    Ok(tally)
}

/// A test as the guest's shell runs it.
fn job(name: &str, seconds: u64) -> Job {
    let words = words(name, Path::new("/").join(FOLDER).as_path());
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    Job {
        name: name.to_string(),
        seconds,
        command: format!(
            "cd /{FOLDER} && PIGLIT_SOURCE_DIR=/{FOLDER} exec {}",
            quoted.join(" ")
        ),
    }
}

/// A test's program, and what it is told. Tests are called by their program, or by the file of
/// the kernel that they run.
fn words(name: &str, folder: &Path) -> Vec<String> {
    let path = |below: &str| folder.join(below).display().to_string();
    if name.contains('/') {
        vec![path(&format!("bin/{RUNS_KERNELS}")), path(name)]
    } else {
        vec![path(&format!("bin/{name}"))]
    }
}

/// What a test says of itself, in the line that piglit's own runner looks for.
fn judge(ended: &Ended<'_>) -> (Outcome, String) {
    let Some(word) = result(&ended.output) else {
        let outcome = ended.cut_short().unwrap_or(Outcome::Crash);
        return (outcome, format!("status {}", ended.status));
    };
    match word {
        "pass" => (Outcome::Pass, String::new()),
        "skip" => (Outcome::Skip, String::new()),
        "fail" => (Outcome::Fail, String::new()),
        other => (Outcome::Fail, other.to_string()),
    }
}

/// The result of the whole test; its parts have lines of their own.
fn result(output: &str) -> Option<&str> {
    output
        .lines()
        .filter_map(|line| line.strip_prefix("PIGLIT: {\"result\": \""))
        .next_back()?
        .split('"')
        .next()
}

/// What PoCL made of each test, by the test's name.
fn read(file: &Path) -> Result<BTreeMap<String, String>> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let (outcome, name) = line.split_once(' ').with_context(|| {
                format!("{}: {line:?} is no outcome and a name", file.display())
            })?;
            Ok((name.to_string(), outcome.to_string()))
        })
        .collect()
}

/// `cargo xtask suite piglit --pocl`: all tests on PoCL, and the list of what came of them.
pub(super) fn on_pocl(args: &SuiteArgs) -> Result<u8> {
    if args.suite != super::Suite::Piglit {
        bail!(
            "--pocl goes with piglit alone: llama.cpp's tests compare with the processor themselves"
        );
    }
    let pocl = setup::pocl(&args.guest.setup)?;
    let folder = pocl.root().join(FOLDER);
    let names: Vec<String> = tests(&folder)?
        .into_iter()
        .step_by(args.every as usize)
        .filter(|name| wanted(args, name))
        .collect();
    let limit = Duration::from_secs(args.timeout.unwrap_or(SECONDS_ON_HOST));
    let left = Mutex::new(names.iter());
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..args.at_once)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    while !exec::interrupted() {
                        let next = left.lock().ok().and_then(|mut left| left.next());
                        let Some(name) = next else { break };
                        let (outcome, seconds) = one(&pocl, &folder, name, limit)?;
                        println!("{name}: {outcome} ({seconds:.1} s)");
                        if let Ok(mut done) = done.lock() {
                            done.insert(name.clone(), outcome);
                        }
                    }
                    Ok(())
                })
            })
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| bail!("a worker died")))
    })?;
    if exec::interrupted() {
        return Ok(130);
    }
    let done = done.into_inner().unwrap_or_default();
    let passed = done.values().filter(|outcome| *outcome == "pass").count();
    println!("{passed} of {} pass on PoCL", done.len());
    if args.names.is_empty() {
        let lines: Vec<String> = done
            .iter()
            .map(|(name, outcome)| format!("{outcome} {name}\n"))
            .collect();
        let text = format!(
            "{HEADER}# Every test of number N of the sorted list with N % {} = 0 is here.\n{}",
            args.every,
            lines.concat()
        );
        stamp::write_atomically(&checkout().join(ON_POCL), text.as_bytes())?;
    }
    Ok(0)
}

/// What the list begins with.
const HEADER: &str = "\
# What PoCL makes of piglit's OpenCL tests. Written by `cargo xtask suite piglit --pocl`.
# What passes here is what `cargo xtask suite piglit` runs in a guest.
";

/// Runs a test on PoCL: what came of it, and how long it took.
fn one(pocl: &Pocl, folder: &Path, name: &str, limit: Duration) -> Result<(String, f64)> {
    let begun = Instant::now();
    let words = words(name, folder);
    let output = tempfile::NamedTempFile::new().context("cannot make a file for the output")?;
    let file = output.reopen().context("cannot open the output's file")?;
    let mut command = pocl.command(&PathBuf::from(&words[0]));
    command
        .args(&words[1..])
        .current_dir(folder)
        .env("PIGLIT_SOURCE_DIR", folder)
        .stdin(std::process::Stdio::null())
        .stdout(file)
        .stderr(std::process::Stdio::null());
    let mut child = exec::Guarded::spawn(name, &mut command)?;
    let mut status = None;
    while status.is_none() && begun.elapsed() < limit && !exec::interrupted() {
        std::thread::sleep(Duration::from_millis(10));
        status = child.ended()?;
    }
    child.kill();
    let seconds = begun.elapsed().as_secs_f64();
    let text = fs::read(output.path()).context("cannot read what the test printed")?;
    let outcome = match (status, result(&String::from_utf8_lossy(&text))) {
        (None, _) => "timeout".to_string(),
        (Some(_), Some(word)) => word.to_string(),
        (Some(_), None) => "crash".to_string(),
    };
    Ok((outcome, seconds))
}

/// The names of all OpenCL tests, out of piglit's own list.
fn tests(folder: &Path) -> Result<Vec<String>> {
    let file = folder.join(TESTS);
    let mut unpack = exec::command("gzip");
    unpack.arg("-dc").arg(&file);
    let text = exec::output("gzip", &mut unpack)
        .with_context(|| format!("cannot read piglit's list {}", file.display()))?;
    let mut names = named(&text)?;
    names.sort();
    names.dedup();
    if names.is_empty() {
        bail!("piglit's list {} has no tests", file.display());
    }
    Ok(names)
}

fn named(list: &str) -> Result<Vec<String>> {
    let pattern = Regex::new(r#"name="(?:command|filename)" value="\[?'([^']+)'\]?""#)
        .context("the pattern of a test")?;
    let found = pattern.captures_iter(list);
    Ok(found.map(|found| found[1].to_string()).collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{named, result, words};

    #[test]
    fn piglits_list_names_programs_and_kernels() {
        let list = r#"<Test type="cl" name="api@x"><option name="command" value="['cl-api-x']" /></Test>
            <Test type="cl_prog" name="y"><option name="filename" value="'tests/cl/y+.cl'" /></Test>"#;
        let names = named(list).expect("names");
        assert_eq!(names, ["cl-api-x", "tests/cl/y+.cl"]);
        let folder = Path::new("/p");
        assert_eq!(words(&names[0], folder), ["/p/bin/cl-api-x"]);
        let kernel = ["/p/bin/cl-program-tester", "/p/tests/cl/y+.cl"];
        assert_eq!(words(&names[1], folder), kernel);
    }

    #[test]
    fn the_result_is_that_of_the_whole() {
        let output = "PIGLIT: {\"subtest\": {\"a\" : \"fail\"}}\n# Result:\nPIGLIT: {\"result\": \"warn\" }\n";
        assert_eq!(result(output), Some("warn"));
        assert_eq!(result("PIGLIT: {\"subtest\": {}}"), None);
    }
}
