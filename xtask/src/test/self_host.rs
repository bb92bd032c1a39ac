//! Self-hosting: a guest of ours is the host of a daemon of its own. In it the conformance suite
//! runs on the daemon's executors, in their own process and over vhost-user through the daemon.
//! With the executor `host` on the guest's render node, our driver, and the GPU behind it, is what
//! a host's i915 would be.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;

use crate::build::Built;
use crate::cli::{Action, Cli};
use crate::hw_check;
use crate::tally::Tally;
use crate::vm::{Lab, shell_quoted};

/// A run of the suite.
struct Row {
    name: &'static str,
    /// For `igpu-conformance`.
    words: &'static [&'static str],
}

/// What the daemon is called in the guest.
const DAEMON: &str = "/opt/virtio-igpu/hosting/vhost-device-igpu";
const SUITE: &str = "/opt/virtio-igpu/hosting/igpu-conformance";
const NODE: &str = "/dev/dri/renderD128";

/// On an executor that needs nothing of the guest but its processors.
const SOFTWARE: [Row; 1] = [Row {
    name: "the software GPU, over vhost-user",
    words: &["--daemon", DAEMON],
}];

/// On the guest's own GPU, as a client of its i915.
const HOST: [Row; 3] = [
    Row {
        name: "i915, in process",
        words: &["--executor", "host", "--render-node", NODE],
    },
    Row {
        name: "i915 with dma-bufs, in process",
        words: &[
            "--executor",
            "host",
            "--render-node",
            NODE,
            "--guest-memory",
            "udmabuf",
        ],
    },
    Row {
        name: "i915, over vhost-user",
        words: &[
            "--executor",
            "host",
            "--render-node",
            NODE,
            "--daemon",
            DAEMON,
        ],
    },
];

/// Has the guest's driver find hangs soon: by its defaults one takes ten seconds and more, which is
/// what most of the suite's time would go to.
const HANGS_SOON: &str = "for engine in /sys/class/drm/card0/engine/*; do \
    echo 500 > $engine/heartbeat_interval_ms; echo 200 > $engine/preempt_timeout_ms; done\n";

/// How many times longer than on this machine something may take in the guest, whose processors
/// are emulated.
const SLOWNESS: u32 = 6;

/// Seconds that a row may take, and all of them with the guest.
const ROW: u64 = 600;
const ALL: Duration = Duration::from_secs(1500);

/// How many cases the suite has.
const CASES: u64 = 93;

/// Runs all rows in one guest.
pub(super) fn all(lab: &Lab) -> Result<Tally> {
    let built = lab.built.as_ref();
    let built = built.context("a guest that hosts needs the device")?;
    let rows: Vec<&Row> = SOFTWARE.iter().chain(&HOST).collect();
    let mut script = String::from(HANGS_SOON);
    for row in &rows {
        let words = String::from_utf8(shell_quoted(row.words)).context("the words are text")?;
        script += &format!(
            "echo '== {name}'; VIRTIO_IGPU_PATIENCE={SLOWNESS} timeout {ROW} {SUITE} {words} -- --test-threads=1 2>&1; echo \"== ended with $?\"\n",
            name = row.name,
        );
    }
    script += &format!(
        "echo '== probe'; timeout {ROW} {SUITE} --executor host --render-node {NODE} --probe 2>&1; echo \"== ended with $?\"\n"
    );
    script += &format!(
        "echo '== overhead'; timeout {ROW} {SUITE} --executor host --render-node {NODE} --overhead 2>&1; echo \"== ended with $?\"\n"
    );
    let mut guest = lab.guest();
    for name in ["vhost-device-igpu", "igpu-conformance"] {
        let file = built.hosting.join(name);
        let content = fs::read(&file);
        let content = content.with_context(|| format!("cannot read {}", file.display()))?;
        guest = guest.file(&format!("hosting/{name}"), true, content);
    }
    let mut output = Vec::new();
    let finished = guest
        .command(&["sh", "-c", &script])
        .timeout(Some(lab.patience(ALL)))
        .run(&mut |_, bytes, _| output.extend_from_slice(bytes))?;
    let output = String::from_utf8_lossy(&output);
    let mut tally = Tally::default();
    let mut sections = output.split("== ended with ");
    let mut section = sections.next().unwrap_or_default();
    for row in &rows {
        let rest = sections.next().unwrap_or_default();
        tally.merge(judge(row.name, section, rest));
        section = rest;
    }
    let rest = sections.next().unwrap_or_default();
    tally.merge(probe(section, rest));
    tally.merge(overhead(rest, sections.next().unwrap_or_default()));
    tally.merge(without_a_gpu(built)?);
    for problem in &finished.problems {
        println!("    {problem}");
    }
    tally.merge(Tally::one(finished.problems.is_empty()));
    Ok(tally)
}

/// The exit status that stands at the beginning of what follows a section.
fn status(rest: &str) -> Option<i32> {
    rest.split_whitespace().next()?.parse().ok()
}

/// A run of the suite: all cases, and no other outcome than that they pass.
fn judge(name: &str, said: &str, rest: &str) -> Tally {
    let mut tally = Tally::of_libtest(said);
    let seconds = said
        .rsplit_once("finished in ")
        .map_or("", |(_, after)| after.trim());
    println!("{name}: {tally} {seconds}");
    let bad = |line: &&str| {
        line.starts_with("test ") && !line.ends_with("ok") && !line.starts_with("test result")
    };
    said.lines()
        .filter(bad)
        .for_each(|line| println!("    {line}"));
    if status(rest) != Some(0) || tally.passed != CASES {
        println!(
            "    {} of {CASES} cases passed; the suite ended with {:?}; the end of what it said:",
            tally.passed,
            status(rest)
        );
        let lines: Vec<_> = said.lines().collect();
        let end = &lines[lines.len().saturating_sub(60)..];
        end.iter().for_each(|line| println!("    {line}"));
        tally.failed = tally.failed.max(1);
    }
    tally
}

/// What is said of the guest's own GPU.
fn probe(said: &str, rest: &str) -> Tally {
    let good = status(rest) == Some(0) && said.contains("\"driver\":\"i915\"");
    println!(
        "test a probe of {NODE} ... {}",
        if good { "ok" } else { "FAILED" }
    );
    if !good {
        said.lines().for_each(|line| println!("    {line}"));
    }
    Tally::one(good)
}

/// What the executor adds to the calls of the guest's i915: told, and no test of a stopwatch's.
fn overhead(said: &str, rest: &str) -> Tally {
    let line = said.lines().find(|line| line.starts_with('{'));
    let figures = line.and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let ratio = |name: &str| figures.as_ref()?[name]["ratio"].as_f64();
    let good = match (ratio("at_once_64"), ratio("at_once_1")) {
        (Some(many), Some(one)) if status(rest) == Some(0) => {
            println!(
                "a batch that does nothing, in the time of its driver's calls alone: {many:.2} with 64 at \
                 once, {one:.2} one by one"
            );
            true
        }
        _ => {
            said.lines().for_each(|line| println!("    {line}"));
            false
        }
    };
    Tally::one(good)
}

/// `hw-check` where there is no GPU: every step says so, and it is no success.
fn without_a_gpu(built: &Built) -> Result<Tally> {
    let words = ["xtask", "hw-check", "--render-node", "/nowhere/renderD128"];
    let Action::HwCheck(args) = Cli::try_parse_from(words)?.command else {
        anyhow::bail!("the command line is not understood");
    };
    let report = hw_check::check(&args, &built.daemon, &built.conformance)?;
    let text = report.markdown();
    let why = "| there is no render node at /nowhere/renderD128 |";
    let good = !report.good() && text.matches(why).count() == 6;
    println!(
        "test hw-check without a GPU ... {}",
        if good { "ok" } else { "FAILED" }
    );
    if !good {
        println!("{text}");
    }
    Ok(Tally::one(good))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_suite_that_passes_is_good() {
        let result = |passed, failed| {
            format!(
                "== x\ntest a ... ok\n\ntest result: ok. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s\n\n"
            )
        };
        assert_eq!(judge("x", &result(CASES, 0), "0\n").failed, 0);
        assert_eq!(judge("x", &result(CASES, 0), "124\n").failed, 1);
        assert_eq!(judge("x", &result(CASES - 1, 0), "0\n").failed, 1);
        assert_eq!(judge("x", &result(CASES - 2, 2), "101\n").failed, 2);
        assert_eq!(judge("x", "", "").failed, 1);
    }
}
