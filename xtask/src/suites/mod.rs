//! `cargo xtask suite`: suites of others whose kernels the shader cores execute, in one guest.
//! Each test is a process of its own there; what came of it is held against a list.

mod llama;
mod piglit;

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::ValueEnum;

use crate::answers::{Answer, Stream};
use crate::cli::{GuestArgs, Image, SuiteArgs};
use crate::igt::expected::{Expected, Verdict};
use crate::igt::run::Outcome;
use crate::setup::qemu::Device;
use crate::tally::Tally;
use crate::vm::Lab;

/// The suites.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Suite {
    /// piglit's tests of OpenCL, on Intel's OpenCL driver
    Piglit,
    /// llama.cpp's tests of its operators, on Mesa's Vulkan driver
    Llama,
}

/// The command.
pub(crate) fn suite(args: &SuiteArgs) -> Result<u8> {
    if args.pocl {
        return piglit::on_pocl(args);
    }
    if args.choose {
        let lab = lab(&args.guest, Suite::Llama)?;
        return lab.map_or(Ok(1), |lab| llama::choose(&lab));
    }
    let tally = run(args)?;
    println!("{tally}");
    Ok(tally.exit())
}

/// Runs tests of a suite in a guest.
pub(crate) fn run(args: &SuiteArgs) -> Result<Tally> {
    let Some(lab) = lab(&args.guest, args.suite)? else {
        return Ok(Tally::skip());
    };
    match args.suite {
        Suite::Piglit => piglit::run(&lab, args),
        Suite::Llama => llama::run(&lab, args),
    }
}

/// A lab with the image that has the suites; none where nothing of it could run.
fn lab(guest: &GuestArgs, suite: Suite) -> Result<Option<Lab>> {
    let mut guest = guest.clone();
    if guest.setup.rootfs.is_none() {
        guest.setup.image = Image::Suites;
    }
    guest.setup.with_patched_qemu |= suite == Suite::Llama;
    let lab = Lab::open(&guest)?;
    if suite == Suite::Llama && lab.ready.qemu.device != Device::Igpu {
        println!(
            "this QEMU has no device with Intel's identity: Mesa's Vulkan driver takes no other"
        );
        return Ok(None);
    }
    Ok(Some(lab))
}

/// A test that is to be run in the guest.
#[derive(Clone, Debug)]
struct Job {
    /// What it is called in lists.
    name: String,
    /// When it is ended.
    seconds: u64,
    /// For the guest's shell; one line.
    command: String,
}

/// What came of a job.
struct Ended<'a> {
    job: &'a Job,
    /// Exit status; 128 and more after a signal.
    status: u8,
    /// How long it took, by the guest's clock.
    seconds: f64,
    output: String,
}

impl Ended<'_> {
    /// What a job comes to that said nothing of how it went; none if its exit status is good.
    fn cut_short(&self) -> Option<Outcome> {
        match self.status {
            0 => None,
            124 | 137 if self.seconds >= self.job.seconds as f64 - 0.5 => Some(Outcome::Timeout),
            128.. => Some(Outcome::Crash),
            _ => Some(Outcome::Fail),
        }
    }
}

/// What a suite says of a job: its outcome, and a remark for people.
type Judge = fn(&Ended<'_>) -> (Outcome, String);

/// Runs jobs in one guest, so many at once, shows what came of each as it comes, and counts.
/// What is `expected` of a job is a pass where nothing else is said.
fn in_guest(
    lab: &Lab,
    args: &SuiteArgs,
    jobs: &[Job],
    expected: &Expected,
    judge: Judge,
) -> Result<(Tally, Vec<Outcome>)> {
    eprintln!("{} tests, {} at once", jobs.len(), args.at_once);
    let lines: Vec<String> = jobs
        .iter()
        .map(|job| format!("{} {}\n", job.seconds, job.command))
        .collect();
    let longest = jobs.iter().map(|job| job.seconds).max().unwrap_or(0);
    let patience = lab.patience(Duration::from_secs(longest + 120));
    let mut tally = Tally::default();
    let mut outcomes = vec![None; jobs.len()];
    let mut stream = Stream::default();
    let mut heard = Instant::now();
    let finished = lab
        .guest()
        .for_suites()
        .file("guest/suite-jobs", false, lines.concat().into_bytes())
        .command(&[
            "/opt/virtio-igpu/guest/suite-agent".to_string(),
            args.at_once.to_string(),
        ])
        .run(&mut |error, bytes, orders| {
            if error {
                crate::vm::pass_on(true, bytes);
                return;
            }
            stream.add(bytes);
            while let Some(answer) = stream.next() {
                heard = Instant::now();
                let Answer::Ended {
                    number,
                    status,
                    seconds,
                    output,
                    ..
                } = answer
                else {
                    continue;
                };
                let (Some(job), Some(slot)) = (jobs.get(number), outcomes.get_mut(number)) else {
                    continue;
                };
                let ended = Ended {
                    job,
                    status,
                    seconds,
                    output: String::from_utf8_lossy(&output).into_owned(),
                };
                let (outcome, remark) = judge(&ended);
                *slot = Some(outcome);
                tally.add(show(&ended, outcome, &remark, expected, args.verbose));
            }
            // The agent ends what takes too long; a guest that cannot is ended by us.
            orders.give_up |= heard.elapsed() > patience;
        })?;
    for (job, outcome) in jobs.iter().zip(&outcomes) {
        if outcome.is_none() {
            println!("{}: not run to its end", job.name);
            tally.failed += 1;
        }
    }
    for problem in &finished.problems {
        println!("the guest's end: FAILED\n    {problem}");
    }
    tally.merge(Tally::one(finished.problems.is_empty()));
    let outcomes = outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap_or(Outcome::Crash));
    Ok((tally, outcomes.collect()))
}

/// One line for a test, and what an unexpectedly bad one printed.
fn show(
    ended: &Ended<'_>,
    outcome: Outcome,
    remark: &str,
    expected: &Expected,
    verbose: bool,
) -> Verdict {
    let (verdict, comment) = expected.verdict_or_pass(&ended.job.name, outcome);
    let mut line = format!("{}: {outcome} ({:.1} s)", ended.job.name, ended.seconds);
    for more in [remark, &comment] {
        if !more.is_empty() {
            line.push_str(": ");
            line.push_str(more);
        }
    }
    println!("{line}");
    if verbose && outcome != Outcome::Pass {
        for line in ended.output.lines() {
            println!("    | {line}");
        }
    }
    verdict
}

/// Whether a test is wanted: all are where no name is given.
fn wanted(args: &SuiteArgs, name: &str) -> bool {
    args.names.is_empty() || args.names.iter().any(|text| name.contains(text.as_str()))
}
