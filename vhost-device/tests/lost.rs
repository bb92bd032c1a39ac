// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A GPU that vanishes while a guest uses it, as the management socket can have it: what is
//! under way ends as lost, the driver is told why, and the daemon stays.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it fails"
)]

mod frontend;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use frontend::daemon::Daemon;
use frontend::gpu::{BATCH_END, create_address_space, jump, submit};
use frontend::{Guest, OBJECTS};
use protocol::{EventKind, Hello, Queue, Status, SubmitReply};
use vhost::VhostBackend;
use vhost::vhost_user::VhostUserFrontend;
use virtio_igpu_protocol as protocol;
use zerocopy::FromBytes;

const BATCH: u64 = 0x10_0000;
const LOST: &str = "/faults/gpu-lost";

/// A daemon with a management socket there.
fn managed(more: &[&str]) -> (Daemon, PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("management");
    let arguments = ["--management-socket", path.to_str().unwrap()];
    (Daemon::start(&[&arguments, more].concat()), path, folder)
}

/// The answer to a request.
fn ask(path: &Path, method: &str, resource: &str) -> String {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(frontend::PATIENCE)).unwrap();
    write!(stream, "{method} {resource} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_gpu_that_vanishes_ends_all_work_and_the_daemon_stays() {
    let (daemon, path, _folder) = managed(&["--fault-injection"]);
    assert!(ask(&path, "POST", LOST).starts_with("HTTP/1.1 409"));
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    guest.bind_now(BATCH, OBJECTS, 0x1000, 1);
    guest.write_dwords(OBJECTS, &jump(BATCH));
    let event = guest.push(Queue::Event, &[], size_of::<protocol::Event>() as u32);
    let running = guest.send_submit(&submit(1, 0, BATCH, &[], 1));
    let behind = guest.send_submit(&submit(1, 0, BATCH, &[], 2));
    daemon.stats_when(|stats| stats["submissions"] == 2);
    assert_eq!(daemon.stats()["gpu_lost"], serde_json::Value::Null);

    assert!(ask(&path, "GET", LOST).starts_with("HTTP/1.1 405"));
    assert!(ask(&path, "POST", LOST).starts_with("HTTP/1.1 200"));
    for ticket in [running, behind] {
        let reply = guest.wait(ticket);
        let reply = SubmitReply::read_from_bytes(&reply).unwrap();
        assert_eq!(reply.header.status(), Status::DeviceLost);
    }
    let told = protocol::Event::read_from_bytes(&guest.wait(event)).unwrap();
    assert_eq!(told.kind.get(), EventKind::DeviceLost as u32);
    let reason = "the management socket was asked for it";
    assert!(told.reason.starts_with(reason.as_bytes()));
    let again = create_address_space(9, 90);
    assert_eq!(guest.status(&again), Status::DeviceLost);
    let after = guest.send_submit(&submit(1, 0, BATCH, &[], 3));
    assert_eq!(guest.wait_status(after), Status::DeviceLost);
    let stats = daemon.stats_when(|stats| stats["gpu_lost"] == reason);
    assert_eq!(stats["endings"]["device_lost"], 2);
    let metrics = ask(&path, "GET", "/metrics");
    assert!(metrics.contains("\nvirtio_igpu_gpu_lost 1\n"), "{metrics}");

    // It is told once, and a driver that starts anew gets a GPU if there is one.
    guest.frontend.reset_device().unwrap();
    let features = 1 << 32 | 1 << 30 | 1 << 29 | 1 << 28;
    guest.frontend.set_features(features).unwrap();
    guest.start_queues();
    assert_eq!(guest.status(&Hello::new(0)), Status::Ok);
    daemon.stats_when(|stats| stats["gpu_lost"].is_null());
    guest.set_up();
    guest.bind_now(BATCH, OBJECTS, 0x1000, 1);
    guest.write_dwords(OBJECTS, &[BATCH_END]);
    let ticket = guest.send_submit(&submit(1, 0, BATCH, &[], 1));
    assert_eq!(guest.wait_status(ticket), Status::Ok);
    drop(guest);
    daemon.signal(rustix::process::Signal::TERM);
    let (status, said) = daemon.end();
    assert!(status.success());
    let lines: Vec<_> = said.lines().collect();
    assert!(
        lines.len() == 1 && lines[0].contains("the GPU is gone"),
        "{said}"
    );
}

#[test]
fn nobody_has_the_gpu_vanish_whose_daemon_was_not_told_to_allow_it() {
    let (daemon, path, _folder) = managed(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    assert!(ask(&path, "POST", LOST).starts_with("HTTP/1.1 404"));
    assert_eq!(guest.status(&create_address_space(9, 90)), Status::Ok);
}
