// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A daemon that no longer does anything: whoever drives it as an executor finds out.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use virtio_igpu_vhost_frontend::Remote;

const PROGRAM: &str = env!("CARGO_BIN_EXE_vhost-device-igpu");
const PATIENCE: Duration = Duration::from_millis(300);

/// Stops the daemon, whose process this shell becomes, when it listens.
const SCRIPT: &str = r#"#!/bin/sh
(until [ -S "$2" ]; do kill -0 $$ || exit; sleep 0.01; done; kill -STOP $$) &
exec "$@"
"#;

#[test]
fn a_daemon_that_is_stuck_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("stuck");
    fs::write(&script, SCRIPT.replace("exec", &format!("exec {PROGRAM}"))).unwrap();
    fs::set_permissions(&script, Permissions::from_mode(0o755)).unwrap();
    let begun = Instant::now();
    // It can be over before it is stopped; not often.
    let stuck = (0..50).any(|_| {
        let started = catch_unwind(|| drop(Remote::start(&script, &[], PATIENCE)));
        let said = started.err().and_then(|why| why.downcast::<String>().ok());
        said.is_some_and(|said| said.starts_with("the daemon "))
    });
    assert!(stuck);
    assert!(begun.elapsed() < Duration::from_secs(60));
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
