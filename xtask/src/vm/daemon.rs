//! The host daemon beside a guest: started before QEMU, its socket awaited, its counters
//! read at the end.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde_json::Value;

use crate::exec::{self, Guarded};

/// How long an interrupted daemon is stopped, and how long it runs in between: long enough
/// to fill rings, and to empty them.
const STOPPED: Duration = Duration::from_millis(400);
const RUNNING: Duration = Duration::from_millis(150);

/// What a daemon is started as.
pub(crate) struct What<'a> {
    /// The program.
    pub(crate) program: &'a Path,
    /// What executes.
    pub(crate) executor: &'a str,
    /// Which GPU it is.
    pub(crate) platform: &'a str,
    /// More words for its command line.
    pub(crate) more: &'a [OsString],
}

/// A running daemon.
pub(crate) struct Daemon {
    /// Stops and continues it. Ended first: see the fields' order.
    interruptions: Option<Interruptions>,
    process: Guarded,
    command: Command,
    socket: PathBuf,
    log: PathBuf,
    stats: PathBuf,
}

/// The socket of a guest's daemons, by their number, in the run's folder.
pub(super) fn socket(gpu: usize) -> String {
    named("igpu", gpu, "sock")
}

/// The first one's files have plain names.
fn named(name: &str, gpu: usize, extension: &str) -> String {
    match gpu {
        0 => format!("{name}.{extension}"),
        _ => format!("{name}{gpu}.{extension}"),
    }
}

impl Daemon {
    /// Starts the one for this of a guest's devices, and waits until its socket is there.
    pub(crate) fn start(what: &What<'_>, folder: &Path, gpu: usize) -> Result<Self> {
        if !what.program.exists() {
            bail!(
                "the daemon {} is not built; run without --no-build",
                what.program.display()
            );
        }
        let socket = folder.join(socket(gpu));
        let log = folder.join(named("daemon", gpu, "log"));
        let stats = folder.join(named("stats", gpu, "json"));
        let output = File::options().append(true).create(true).open(&log);
        let output = output.context("cannot write the daemon's log")?;
        let errors = output
            .try_clone()
            .context("cannot write the daemon's log")?;
        let mut command = exec::command(what.program);
        command.arg("--socket").arg(&socket).args([
            "--executor",
            what.executor,
            "--platform",
            what.platform,
        ]);
        command.arg("--stats-file").arg(&stats).args(what.more);
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let process = launch(&mut command, &socket, &log)?;
        Ok(Self {
            interruptions: None,
            process,
            command,
            socket,
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
        self.interruptions = None;
        self.process.kill();
    }

    /// Starts it again, as it was started before, after its end.
    pub(crate) fn start_again(&mut self) -> Result<()> {
        self.kill();
        // The one that was killed has left it behind.
        let _ = fs::remove_file(&self.socket);
        self.process = launch(&mut self.command, &self.socket, &self.log)?;
        Ok(())
    }

    /// Stops it again and again from now on, as a host that has no time for it would.
    pub(crate) fn interrupt(&mut self) -> Result<()> {
        if self.interruptions.is_none() {
            let id = self.id();
            let interruptions = Interruptions::begin(id).context("cannot interrupt the daemon")?;
            self.interruptions = Some(interruptions);
        }
        Ok(())
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
        self.interruptions = None;
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

/// Starts a daemon and waits until its socket is there.
fn launch(command: &mut Command, socket: &Path, log: &Path) -> Result<Guarded> {
    let mut process = Guarded::spawn("the daemon", command)?;
    let begun = Instant::now();
    while !socket.exists() {
        if let Some(status) = process.ended()? {
            bail!(
                "the daemon ended at once ({status}):\n{}",
                exec::tail(log, 15)
            );
        }
        if begun.elapsed() > Duration::from_secs(10) || exec::interrupted() {
            bail!(
                "the daemon made no socket {} within 10 s:\n{}",
                socket.display(),
                exec::tail(log, 15)
            );
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(process)
}

/// A thread that stops and continues a process until this is dropped.
struct Interruptions {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Interruptions {
    fn begin(process: u32) -> Result<Self> {
        let process = i32::try_from(process).ok().and_then(Pid::from_raw);
        let process = pidfd_open(process.context("no process")?, PidfdFlags::empty())?;
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            // Both fail when the process has ended.
            while !seen.load(Ordering::Relaxed) {
                let _ = pidfd_send_signal(&process, Signal::STOP);
                std::thread::sleep(STOPPED);
                let _ = pidfd_send_signal(&process, Signal::CONT);
                std::thread::sleep(RUNNING);
            }
        });
        Ok(Self {
            over,
            thread: Some(thread),
        })
    }
}

impl Drop for Interruptions {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It can't panic.
            let _ = thread.join();
        }
    }
}
