// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A daemon's process, in a folder that goes with it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How often something is looked at that tells nobody.
const GLANCE: Duration = Duration::from_millis(5);

/// A daemon that listens on a socket. Dropped, it is told to end, and has to end well.
#[derive(Debug)]
pub struct Daemon {
    child: Arc<Mutex<Child>>,
    folder: TempDir,
    patience: Duration,
    over: Option<Sender<()>>,
    watchdog: Option<JoinHandle<()>>,
}

impl Daemon {
    /// Starts a program with more arguments than where to listen, and waits for its socket. No
    /// step may take longer than `patience`; after `life` it is killed, whatever it does then.
    pub fn start(
        program: &Path,
        arguments: &[OsString],
        patience: Duration,
        life: Duration,
    ) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let log = File::create(folder.path().join("log"))?;
        let child = Command::new(program)
            .arg("--socket-path")
            .arg(folder.path().join("socket"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let child = Arc::new(Mutex::new(child));
        let (over, told) = channel();
        let watched = Arc::clone(&child);
        let watchdog = std::thread::Builder::new()
            .name("watchdog".into())
            .spawn(move || {
                if told.recv_timeout(life) == Err(RecvTimeoutError::Timeout) {
                    // It fails if the daemon has ended.
                    let _ = lock(&watched).kill();
                }
            })?;
        let mut daemon = Self {
            child,
            folder,
            patience,
            over: Some(over),
            watchdog: Some(watchdog),
        };
        let begun = Instant::now();
        while !daemon.socket().exists() {
            let ended = daemon.ended()?;
            if ended.is_some() || begun.elapsed() > patience {
                let said = daemon.said();
                daemon.stop(false);
                return Err(io::Error::other(said));
            }
            std::thread::sleep(GLANCE);
        }
        Ok(daemon)
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// How it ended, if it has.
    pub fn ended(&self) -> io::Result<Option<ExitStatus>> {
        lock(&self.child).try_wait()
    }

    /// What it has written to its output, at least that it was nothing.
    pub fn said(&self) -> String {
        let said = fs::read(self.folder.path().join("log")).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        match said.trim() {
            "" => "the daemon said nothing".to_owned(),
            said => said.to_owned(),
        }
    }

    /// Ends it; gently at first, if it may take its time. How it ended, if that was by itself.
    fn stop(&mut self, gently: bool) -> Option<ExitStatus> {
        let id = Pid::from_child(&lock(&self.child));
        let mut status = self.ended().ok().flatten();
        if gently && status.is_none() && kill_process(id, Signal::TERM).is_ok() {
            let begun = Instant::now();
            while status.is_none() && begun.elapsed() < self.patience {
                std::thread::sleep(GLANCE);
                status = self.ended().ok().flatten();
            }
        }
        let mut child = lock(&self.child);
        let _ = child.kill();
        let _ = child.wait();
        drop(child);
        self.over = None;
        if let Some(watchdog) = self.watchdog.take() {
            // It can't panic.
            let _ = watchdog.join();
        }
        status
    }
}

fn lock(child: &Mutex<Child>) -> MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.over.is_none() {
            return;
        }
        let panicking = std::thread::panicking();
        let status = self.stop(!panicking);
        let said = self.said();
        if panicking {
            eprintln!("the daemon: {said}");
            return;
        }
        match status {
            Some(status) if status.success() => {}
            Some(status) => panic!("the daemon ended with {status}: {said}"),
            None => panic!("the daemon did not end when told to: {said}"),
        }
    }
}
