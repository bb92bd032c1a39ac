//! The host daemon beside a guest: started before QEMU, its socket awaited, its counters
//! read at the end.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::exec::{self, Guarded};

/// A running daemon.
pub(crate) struct Daemon {
    process: Guarded,
    log: PathBuf,
    stats: PathBuf,
}

impl Daemon {
    /// Starts it and waits until its socket is there.
    pub(crate) fn start(
        program: &Path,
        folder: &Path,
        executor: &str,
        platform: &str,
    ) -> Result<Self> {
        if !program.exists() {
            bail!(
                "the daemon {} is not built; run without --no-build",
                program.display()
            );
        }
        let socket = folder.join("igpu.sock");
        let (log, stats) = (folder.join("daemon.log"), folder.join("stats.json"));
        let output = File::create(&log).context("cannot write the daemon's log")?;
        let errors = output
            .try_clone()
            .context("cannot write the daemon's log")?;
        let mut command = exec::command(program);
        command
            .arg("--socket")
            .arg(&socket)
            .args(["--executor", executor, "--platform", platform]);
        command.arg("--stats-file").arg(&stats);
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let mut process = Guarded::spawn("the daemon", &mut command)?;
        let begun = Instant::now();
        while !socket.exists() {
            if let Some(status) = process.ended()? {
                bail!(
                    "the daemon ended at once ({status}):\n{}",
                    exec::tail(&log, 15)
                );
            }
            if begun.elapsed() > Duration::from_secs(10) || exec::interrupted() {
                bail!(
                    "the daemon made no socket {} within 10 s:\n{}",
                    socket.display(),
                    exec::tail(&log, 15)
                );
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(Self {
            process,
            log,
            stats,
        })
    }

    /// Its process.
    pub(crate) fn id(&mut self) -> u32 {
        self.process.child().id()
    }

    /// Ends it hard, as a crash would.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// What is wrong with it while its guest runs: it should not have ended.
    pub(crate) fn complaint(&mut self) -> Result<Option<String>> {
        Ok(self
            .process
            .ended()?
            .filter(|status| !status.success())
            .map(|status| {
                format!(
                    "the daemon ended while the guest was running ({status}):\n{}",
                    exec::tail(&self.log, 15)
                )
            }))
    }

    /// Lets it end after its guest is gone, and reads the counters it left.
    pub(crate) fn finish(mut self) -> Option<Value> {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(300) && !self.stats.exists() {
            std::thread::sleep(Duration::from_millis(10));
        }
        self.process.stop(Duration::from_secs(3));
        fs::read(&self.stats)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
    }
}
