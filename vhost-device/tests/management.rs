// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The management socket, over the real socket: who may speak on it, what it answers, what
//! it refuses, and that a guest is not kept waiting.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it fails"
)]

mod frontend;

use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use frontend::daemon::{Daemon, PROGRAM};
use frontend::gpu::{
    BATCH_END, RENDER, create_address_space, create_context, engine, submit, unbind,
};
use frontend::{Guest, OBJECTS};
use protocol::Status;
use serde_json::Value;
use vhost_device::management;
use virtio_igpu_protocol as protocol;

const BATCH: u64 = 0x10_0000;

/// A daemon with a management socket, and that socket's path.
fn managed() -> (Daemon, PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("management");
    let daemon = Daemon::start(&["--management-socket", path.to_str().unwrap()]);
    (daemon, path, folder)
}

/// Sends bytes; what comes back until the other side is done.
fn exchange(path: &Path, request: &str) -> String {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(frontend::PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    // A refusal may come while the request is still being sent.
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn status(answer: &str) -> u16 {
    let line = answer.lines().next().unwrap_or_default();
    let code = line
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3));
    code.and_then(|code| code.parse().ok()).unwrap_or(0)
}

fn get_text(path: &Path, resource: &str) -> String {
    let answer = exchange(path, &format!("GET {resource} HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_eq!(status(&answer), 200, "{answer}");
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

fn get(path: &Path, resource: &str) -> Value {
    serde_json::from_str(&get_text(path, resource)).unwrap()
}

/// Asks until the answer is as it should be: one may be some milliseconds old.
fn get_when(path: &Path, resource: &str, so: impl Fn(&Value) -> bool) -> Value {
    let end = Instant::now() + frontend::PATIENCE;
    loop {
        let value = get(path, resource);
        if so(&value) {
            return value;
        }
        assert!(Instant::now() < end, "{resource} stays {value}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn every_listed_resource_is_there_before_the_first_guest_and_after_the_last() {
    let (daemon, path, _folder) = managed();
    for guest in 0..=1 {
        let index = get_when(&path, "/", |index| index["guest"] == guest);
        let resources = index["resources"].as_array().unwrap();
        assert_eq!(resources.len(), 6);
        for resource in resources {
            let resource = resource.as_str().unwrap();
            let text = get_text(&path, resource);
            match resource {
                "/metrics" => assert!(text.contains(&format!("virtio_igpu_guest {guest}\n"))),
                "/counters" => {
                    let value: Value = serde_json::from_str(&text).unwrap();
                    assert_eq!(value["guests"], guest);
                }
                _ => {
                    let value: Value = serde_json::from_str(&text).unwrap();
                    assert_eq!(
                        (&value["format"], &value["guest"]),
                        (&1.into(), &guest.into())
                    );
                }
            }
        }
        let mut visitor = Guest::connect(&daemon.socket());
        visitor.set_up();
    }
}

#[test]
fn a_guests_work_is_seen_while_it_goes_on() {
    let (daemon, path, _folder) = managed();
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    assert_eq!(guest.status(&create_address_space(7, 70)), Status::Ok);
    guest.bind_now(BATCH, OBJECTS, 0x3000, 1);
    let ticket = guest.send_bind(&unbind(1, BATCH + 0x2000, 0x1000, 2));
    assert_eq!(guest.wait_status(ticket), Status::Ok);
    guest.write_dwords(OBJECTS, &[BATCH_END]);
    for value in 1..=5 {
        let ticket = guest.send_submit(&submit(1, 0, BATCH, &[], value));
        assert_eq!(guest.wait_status(ticket), Status::Ok);
    }
    let counters = get_when(&path, "/counters", |counters| counters["submissions"] == 5);
    assert_eq!(counters["endings"]["done"], 7);
    let engines = get_when(&path, "/engines", |engines| {
        engines["engines"][0]["busy_ns"].as_u64() > Some(0)
    });
    assert_eq!(engines["platform"], "tgl");
    let names: Vec<_> = engines["engines"].as_array().unwrap().iter().collect();
    let names: Vec<_> = names.iter().map(|engine| engine["name"].as_str()).collect();
    assert_eq!(names, ["rcs0", "bcs0", "vcs0", "vcs1", "vecs0"].map(Some));

    let clients = get_when(&path, "/clients", |clients| {
        clients["clients"][0]["contexts"][0]["submissions"] == 5
    });
    assert_eq!(
        (&clients["address_spaces"], &clients["contexts"]),
        (&2.into(), &1.into())
    );
    let [first, second] = &clients["clients"].as_array().unwrap()[..] else {
        panic!("{clients}");
    };
    assert_eq!(
        (&first["address_space"], &first["bytes_bound"]),
        (&1.into(), &0x2000.into())
    );
    assert_eq!(first["contexts"][0]["slots"][0]["class"], 0);
    assert!(first["contexts"][0]["slots"][0]["busy_ns"].as_u64() > Some(0));
    assert_eq!(
        (&second["address_space"], &second["bytes_bound"]),
        (&7.into(), &0.into())
    );
    assert_eq!(second["contexts"], Value::Array(Vec::new()));

    let histograms = get(&path, "/histograms");
    for (stage, count) in [
        ("submit_whole", 5),
        ("submit_executor_to_completion", 5),
        ("bind_whole", 2),
        ("completion_to_used", 7),
    ] {
        let name = stage;
        let stage = &histograms["stages"][name];
        assert_eq!(stage["count"], count, "{histograms}");
        let buckets = stage["buckets"].as_array().unwrap();
        let sum: u64 = buckets
            .iter()
            .map(|bucket| bucket[1].as_u64().unwrap())
            .sum();
        assert_eq!(sum, count);
        assert!(stage["p50_ns"].as_u64() <= stage["p99_ns"].as_u64());
        // An engine may end a submission before it is noted that it has it.
        if name.ends_with("whole") {
            assert!(stage["p99_ns"].as_u64() > Some(0), "{name}: {stage}");
        }
    }
    let metrics = get_text(&path, "/metrics");
    assert!(
        metrics.contains("\nvirtio_igpu_submissions_total 5\n"),
        "{metrics}"
    );
    assert!(
        metrics.contains("_bucket{stage=\"submit_whole\",le=\"+Inf\"} 5\n"),
        "{metrics}"
    );
}

#[test]
fn what_it_does_not_know_is_refused() {
    let (_daemon, path, _folder) = managed();
    let long = "x".repeat(20_000);
    let many: String = (0..100).map(|n| format!("X-{n}: y\r\n")).collect();
    for (request, expected) in [
        ("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 404),
        ("GET /counters/ HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 404),
        (
            "GET /counters?all HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
            404,
        ),
        (
            "GET /../counters HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
            404,
        ),
        ("POST /nothing HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 404),
        ("HEAD /counters HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 405),
        (
            "DELETE /counters HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
            405,
        ),
        (
            "POST /counters HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc".to_owned(),
            405,
        ),
        (
            "GET /counters HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc".to_owned(),
            413,
        ),
        (
            "GET /counters HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            413,
        ),
        ("no such thing\r\n\r\n".to_owned(), 400),
        (format!("GET /{long} HTTP/1.1\r\n\r\n"), 431),
        (format!("GET / HTTP/1.1\r\nX: {long}\r\n\r\n"), 431),
        (format!("GET / HTTP/1.1\r\n{many}\r\n"), 431),
    ] {
        let answer = exchange(&path, &request);
        let begin = &request[..request.len().min(60)];
        // A head that is cut off in the middle may be refused by the connection's end alone.
        let cut = expected >= 414 && answer.is_empty();
        assert!(status(&answer) == expected || cut, "{begin:?}: {answer}");
        if expected == 405 {
            assert!(answer.to_lowercase().contains("allow: get"), "{answer}");
        }
    }
    assert_eq!(get(&path, "/")["guest"], 0);
}

#[test]
fn a_connection_carries_one_request() {
    let (_daemon, path, _folder) = managed();
    let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n";
    let answer = exchange(&path, &request.repeat(3));
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
}

#[test]
fn who_is_slow_is_cut_off_and_who_is_many_waits_for_that() {
    let (_daemon, path, _folder) = managed();
    let begun = Instant::now();
    let mut slow: Vec<_> = (0..management::MAX_CONNECTIONS)
        .map(|_| {
            let mut stream = UnixStream::connect(&path).unwrap();
            stream.write_all(b"GET / HT").unwrap();
            stream
        })
        .collect();
    // The next is served once one of those is cut off, and not before.
    assert_eq!(get(&path, "/")["guest"], 0);
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(1), "{waited:?}");
    assert!(
        waited < management::PATIENCE + Duration::from_secs(5),
        "{waited:?}"
    );
    for stream in &mut slow {
        stream.set_read_timeout(Some(frontend::PATIENCE)).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

#[test]
fn who_does_not_read_is_cut_off() {
    let (daemon, path, _folder) = managed();
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    // More than a socket's buffers hold.
    for number in 0..2000 {
        let slots = [0, 1, 2].map(|slot| engine(RENDER, 1, 1000 + 3 * number + slot));
        let command = create_context(100 + number, 1, &slots);
        assert_eq!(guest.control(&command), Status::Ok);
    }
    let begun = Instant::now();
    let streams: Vec<_> = (0..management::MAX_CONNECTIONS)
        .map(|_| {
            let mut stream = UnixStream::connect(&path).unwrap();
            let request = b"GET /clients HTTP/1.1\r\nHost: x\r\n\r\n";
            stream.write_all(request).unwrap();
            stream
        })
        .collect();
    // The next is served once one of those is cut off, and not before.
    let text = get_text(&path, "/clients");
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(2), "{waited:?}");
    assert!(waited < 2 * management::PATIENCE, "{waited:?}");
    drop(streams);
    assert!(text.len() > 300_000, "{}", text.len());
    let clients: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(clients["contexts"], 2001);
    let told = clients["clients"][0]["contexts"].as_array().unwrap();
    assert_eq!(told.len(), 1024);
}

#[test]
fn the_socket_is_its_users_own_from_its_first_moment() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("management");
        let mut child = Command::new("sh")
            .args(["-c", "umask 0; exec \"$@\"", "sh", PROGRAM, "--socket-path"])
            .arg(folder.path().join("socket"))
            .arg("--management-socket")
            .arg(&path)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let end = Instant::now() + frontend::PATIENCE;
        let mode = loop {
            if let Ok(meta) = std::fs::symlink_metadata(&path) {
                break meta.mode();
            }
            assert!(Instant::now() < end, "there is no management socket");
        };
        assert_eq!(mode & 0o7777, 0o600, "{mode:o}");
        // The mask was for that moment only: the other socket is as the caller asked.
        let other = folder.path().join("socket");
        while UnixStream::connect(&other).is_err() {
            assert!(Instant::now() < end, "the daemon doesn't listen");
            std::thread::sleep(Duration::from_millis(1));
        }
        let mode = std::fs::symlink_metadata(&other).unwrap().mode();
        assert_eq!(mode & 0o7777, 0o777, "{mode:o}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn another_user_who_can_open_it_is_told_nothing() {
    if !rustix::process::geteuid().is_root() {
        // Only root can be somebody else.
        return;
    }
    let (_daemon, path, folder) = managed();
    let open = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    open(folder.path(), 0o755);
    let nobody = rustix::process::Uid::from_raw(65534);
    let as_nobody = |path: PathBuf| {
        let thread = std::thread::spawn(move || {
            rustix::thread::set_thread_uid(nobody).unwrap();
            let mut stream = UnixStream::connect(&path)?;
            let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            Ok::<_, std::io::Error>(answer)
        });
        thread.join().unwrap()
    };
    // Its mode keeps others out; and where somebody has changed that, it still does.
    let refused = as_nobody(path.clone()).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied);
    open(&path, 0o666);
    assert_eq!(as_nobody(path.clone()).unwrap(), b"");
    assert_eq!(get(&path, "/")["guest"], 0);
}

#[test]
fn it_comes_and_goes_with_the_daemon() {
    let (daemon, path, folder) = managed();
    let second = folder.path().join("second");
    let output = Command::new(PROGRAM)
        .arg("--socket-path")
        .arg(&second)
        .arg("--management-socket")
        .arg(&path)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && said.contains("in use"),
        "{said}"
    );
    assert!(!second.exists() && get(&path, "/")["guest"] == 0);
    daemon.signal(rustix::process::Signal::TERM);
    let (status, said) = daemon.end();
    assert!(status.success() && said.is_empty(), "{said}");
    assert!(!path.exists());
}

#[test]
fn many_questions_keep_no_guest_waiting() {
    let (daemon, path, _folder) = managed();
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    guest.bind_now(BATCH, OBJECTS, 0x1000, 1);
    guest.write_dwords(OBJECTS, &[BATCH_END]);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for resource in ["/counters", "/clients", "/histograms", "/metrics"] {
            let (path, stop) = (&path, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    get_text(path, resource);
                }
            });
        }
        let patience = Duration::from_secs(2);
        for value in 1..=200 {
            let ticket = guest.send_submit(&submit(1, 0, BATCH, &[], value));
            assert!(
                guest.try_wait(ticket, patience).is_some(),
                "submission {value}"
            );
        }
        stop.store(true, Ordering::Relaxed);
    });
    get_when(&path, "/counters", |counters| {
        counters["endings"]["done"] == 201
    });
}
