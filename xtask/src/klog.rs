//! The one judge of a guest's kernel log: lines that fail a run, less what a data file
//! allows with a reason.

use std::fs;

use anyhow::{Context, Result};
use regex::Regex;
use serde::Deserialize;

use crate::paths::checkout;

/// What marks a kernel that is unwell.
const BAD: &str = r"(?x)
    \bWARNING:\ | \bBUG[:\ ] | \bkernel\ BUG\b | \bOops\b | \bKernel\ panic\b | \bCall\ Trace:
    | general\ protection\ fault | unable\ to\ handle | \bnull-ptr-deref\b
    | possible\ (recursive\ locking|circular\ locking|irq\ lock)| inconsistent\ lock\ state | suspicious\ RCU\ usage
    | \block\ held\ when\ returning\b | bad\ unlock\ balance | sleeping\ function\ called\ from\ invalid
    | kmemleak:\ .*\bsuspected\b | unreferenced\ object
    | blocked\ for\ more\ than | \bsoft\ lockup\b | \bhard\ LOCKUP\b | rcu.*\bstall
    | refcount_t: | list_(add|del)\ corruption | Bad\ page | page\ allocation\ failure
    | Objects\ remaining | slab.*\b(corrupt|error)| \bPoison\ overwritten | \bSlab\ .*\ INFO
    | use-after-free | out-of-bounds | double[- ]free | ODEBUG: | UBSAN: | KASAN: | KCSAN:
    | DMA-API:\ .*(leak|not\ freed|error) | \bOut\ of\ memory\b
    | virtio_igpu.*\bleak | rust_kernel:\ panicked | panicked\ at
    | \bscheduling\ while\ atomic\b | \bmodule\ verification\ failed.*Required
";

/// Lines of the log that are shown of the first report.
const EXCERPT: usize = 90;

#[derive(Debug, Default, Deserialize)]
struct AllowFile {
    #[serde(default)]
    allow: Vec<Allow>,
}

#[derive(Debug, Deserialize)]
struct Allow {
    /// Regular expression for a whole line.
    pattern: String,
    /// Why such a line is no failure.
    reason: String,
}

/// The judge with its allowances.
pub(crate) struct Allowances {
    bad: Regex,
    allowed: Vec<Regex>,
}

impl Allowances {
    /// With the project's file of allowances.
    pub(crate) fn read() -> Result<Self> {
        let file = checkout().join("ci/guest/klog-allow.toml");
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", file.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let file: AllowFile = toml::from_str(text).context("not a list of [[allow]] entries")?;
        let mut allowed = Vec::new();
        for entry in file.allow {
            anyhow::ensure!(
                !entry.reason.trim().is_empty(),
                "the allowance {:?} gives no reason",
                entry.pattern
            );
            let pattern = Regex::new(&entry.pattern)
                .with_context(|| format!("the pattern {:?}", entry.pattern))?;
            allowed.push(pattern);
        }
        Ok(Self {
            bad: Regex::new(BAD).context("the checker's own pattern")?,
            allowed,
        })
    }

    /// The log from its first bad line on, as far as a report goes: what the person has to
    /// read. Empty without a bad line.
    pub(crate) fn excerpt(&self, log: &str) -> String {
        let lines: Vec<&str> = log.lines().collect();
        let Some(first) = lines.iter().position(|line| self.is_bad(line)) else {
            return String::new();
        };
        let end = lines.len().min(first + EXCERPT);
        let mut text: String = lines[first..end]
            .iter()
            .map(|line| format!("    {line}\n"))
            .collect();
        if end < lines.len() {
            text.push_str(&format!(
                "    ({} more lines; --keep-logs DIR keeps them)\n",
                lines.len() - end
            ));
        }
        text
    }

    fn is_bad(&self, line: &str) -> bool {
        self.bad.is_match(line) && !self.allowed.iter().any(|a| a.is_match(line))
    }

    /// The lines that fail a run, in their order; at most a screenful.
    pub(crate) fn hits(&self, log: &str) -> Vec<String> {
        log.lines()
            .filter(|line| self.is_bad(line))
            .take(40)
            .map(str::to_string)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Allowances;

    fn judge() -> Allowances {
        Allowances::parse("[[allow]]\npattern = 'BUG: known'\nreason = 'for the test'\n")
            .expect("a judge")
    }

    #[test]
    fn each_kind_of_trouble_is_seen() {
        for line in [
            "[    1.0] WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2",
            "[    1.0] BUG: kernel NULL pointer dereference, address: 0",
            "[    1.0] Oops: Oops: 0000 [#1] SMP",
            "[    1.0] WARNING: possible circular locking dependency detected",
            "[    1.0] INFO: task kworker:1 blocked for more than 60 seconds.",
            "[    1.0] rcu: INFO: rcu_preempt self-detected stall on CPU",
            "[    1.0] general protection fault, probably for non-canonical address",
            "[    1.0] refcount_t: underflow; use-after-free.",
            "[    1.0] BUG kmalloc-8 (Not tainted): Objects remaining in kmalloc-8",
            "[    1.0] Call Trace:",
            "[    1.0] kmemleak: 3 new suspected memory leaks",
            "[    1.0] virtio_igpu: 3 objects leaked",
            "[    1.0] Kernel panic - not syncing: Attempted to kill init!",
            "[    1.0] rust_kernel: panicked at src/lib.rs:1:1",
        ] {
            assert_eq!(judge().hits(line).len(), 1, "{line}");
        }
    }

    #[test]
    fn an_ordinary_boot_and_allowed_lines_are_quiet() {
        let log = "[ 0.0] Linux version 7.2\n[ 0.1] debug: ignoring loglevel\n[ 0.2] BUG: known\n\
                   [ 0.3] Kernel command line: oops=panic hung_task_timeout_secs=60\n[ 0.4] rcu: Hierarchical RCU implementation.\n\
                   [ 0.5] virtio_igpu: module verification failed: signature and/or required key missing - tainting kernel\n";
        assert_eq!(judge().hits(log), Vec::<String>::new());
    }

    #[test]
    fn the_excerpt_begins_with_the_trouble() {
        let log = "[ 0.1] fine\n[ 0.2] BUG: known\n[ 0.3] kmemleak: unreferenced object 0xffff\n[ 0.4] kmemleak:   comm x\n";
        let excerpt = judge().excerpt(log);
        assert!(
            excerpt.starts_with("    [ 0.3] kmemleak: unref"),
            "{excerpt}"
        );
        assert_eq!(excerpt.lines().count(), 2);
        assert_eq!(judge().excerpt("[ 0.1] fine\n"), "");
    }

    #[test]
    fn an_allowance_needs_a_reason() {
        assert!(Allowances::parse("[[allow]]\npattern = 'x'\nreason = ''\n").is_err());
    }
}
