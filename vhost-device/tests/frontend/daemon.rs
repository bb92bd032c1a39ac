// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The daemon under test, as a child process in a folder of its own.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use landlock::{ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::PATIENCE;

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_vhost-device-igpu");

/// Whether this kernel has Landlock. Said where nobody overlooks it if not: past the test
/// harness, which swallows what a test prints.
pub(crate) fn has_landlock() -> bool {
    let files = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1));
    let has = files.and_then(Ruleset::create).is_ok();
    if !has {
        let _ = writeln!(
            io::stderr(),
            "NOT TESTED: this kernel has no Landlock; of the sandbox, seccomp is tested alone"
        );
    }
    has
}

/// A daemon that listens.
pub(crate) struct Daemon {
    pub(crate) child: Child,
    pub(crate) folder: TempDir,
}

impl Daemon {
    /// Starts one.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new(PROGRAM)
            .arg("--socket-path")
            .arg(folder.path().join("socket"))
            .arg("--stats-file")
            .arg(folder.path().join("stats.json"))
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let daemon = Self { child, folder };
        daemon.until(|| daemon.socket().exists());
        daemon
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Waits until something is so.
    pub(crate) fn until(&self, so: impl Fn() -> bool) {
        let end = Instant::now() + PATIENCE;
        while !so() {
            assert!(Instant::now() < end, "it never came to be so");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The stats file.
    pub(crate) fn stats(&self) -> serde_json::Value {
        let text = std::fs::read_to_string(self.folder.path().join("stats.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// The stats file as written for a SIGUSR1, once it is as it should be.
    pub(crate) fn stats_when(&self, so: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        self.until(|| {
            self.signal(Signal::USR1);
            std::thread::sleep(Duration::from_millis(10));
            so(&self.stats())
        });
        self.stats()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for it to end: its exit status and what it said, but for what it says of the
    /// machine that the tests run on: that it is root's, or that its kernel confines nothing.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let mut said = String::new();
                self.child
                    .stderr
                    .take()
                    .unwrap()
                    .read_to_string(&mut said)
                    .unwrap();
                let of_machine = ["running as root", "the sandbox lacks"];
                let lines = said.split_inclusive('\n');
                let lines = lines.filter(|line| !of_machine.iter().any(|of| line.contains(of)));
                return (status, lines.collect());
            }
            assert!(Instant::now() < end, "the daemon doesn't end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking()
            && let Some(mut output) = self.child.stderr.take()
        {
            let mut said = String::new();
            let _ = output.read_to_string(&mut said);
            eprintln!("the daemon said:\n{said}");
        }
    }
}
