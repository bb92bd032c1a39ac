// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A daemon that does not answer, or does not start: whoever drives it as an executor finds out.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use virtio_igpu_vhost_frontend::Remote;

const PROGRAM: &str = env!("CARGO_BIN_EXE_vhost-device-igpu");
const PATIENCE: Duration = Duration::from_millis(300);

/// A program that is called like the daemon, and is this test's [`listens_and_is_silent`].
const SCRIPT: &str = "#!/bin/sh\nSOCKET=\"$2\" exec THIS --ignored --exact listens_and_is_silent\n";

/// Not a test: what a daemon that is stuck looks like. Who has started it kills it.
#[test]
#[ignore = "plays a daemon, for another test"]
fn listens_and_is_silent() {
    let path = std::env::var_os("SOCKET").expect("where to listen");
    let listener = UnixListener::bind(path).expect("a socket");
    let _connection = listener.accept().expect("a connection");
    std::thread::sleep(Duration::from_secs(120));
}

#[test]
fn a_daemon_that_is_stuck_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("stuck");
    let this = std::env::current_exe().unwrap();
    fs::write(&script, SCRIPT.replace("THIS", this.to_str().unwrap())).unwrap();
    fs::set_permissions(&script, Permissions::from_mode(0o755)).unwrap();
    let begun = Instant::now();
    let start = || Remote::start(&script, &[], PATIENCE).map(drop);
    let started = catch_unwind(AssertUnwindSafe(start));
    // It is an error, or a panic that says so; it does not start.
    assert!(!matches!(started, Ok(Ok(()))));
    // It was given its time, and no more.
    let passed = begun.elapsed();
    assert!(
        passed >= PATIENCE && passed < Duration::from_secs(60),
        "{passed:?}"
    );
    // And it is gone.
    assert!(!is_running(&this));
}

/// Whether a process of this program plays the daemon.
fn is_running(program: &Path) -> bool {
    let plays = |process: &Path| {
        let words = fs::read(process.join("cmdline")).unwrap_or_default();
        let mut words = words.split(|byte| *byte == 0);
        words.next() == Some(program.as_os_str().as_encoded_bytes())
            && words.any(|word| word == b"listens_and_is_silent")
    };
    let mut processes = fs::read_dir("/proc").unwrap().flatten();
    processes.any(|process| plays(&process.path()))
}

#[test]
fn a_daemon_that_does_not_start_says_why() {
    let begun = Instant::now();
    let words = ["--executor".into(), "host".into()];
    let failed = Remote::start(PROGRAM.as_ref(), &words, Duration::from_secs(20));
    let why = failed.err().map(|error| error.to_string());
    let why = why.unwrap_or_default();
    assert!(why.contains("needs --render-node"), "{why}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}
