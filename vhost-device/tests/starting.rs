// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The ways the daemon is started in: with a path, with a socket that listens or is connected
//! already, by systemd; what it tells whoever started it, and how it ends. All of it confined,
//! as far as the kernel can.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it fails"
)]

mod frontend;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use frontend::daemon::{Daemon, PROGRAM, has_landlock};
use frontend::gpu::{BATCH_END, store, submit};
use frontend::{Guest, OBJECTS, PATIENCE};
use protocol::Status;
use rustix::process::Signal;
use virtio_igpu_protocol as protocol;

const BATCH: u64 = 0x10_0000;

/// Sandboxed as well as this kernel can.
fn confined() -> &'static str {
    match has_landlock() {
        true => "--sandbox=required",
        false => "--sandbox=auto",
    }
}

/// A program's command line, under a shell that first does what is to be done for it.
fn command(prepare: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("{prepare} exec \"$@\""), "sh", PROGRAM])
        .stderr(Stdio::piped());
    command
}

/// The ways to tell a daemon that there is a socket for it: what the shell does, and arguments.
const WITH_A_SOCKET: [(&str, &[&str]); 2] =
    [("", &["--fd", "3"]), ("LISTEN_FDS=1 LISTEN_PID=$$", &[])];

/// Gives a program a socket, under systemd's first number.
fn pass(command: &mut Command, socket: impl Into<OwnedFd>) {
    let mapping = FdMapping {
        parent_fd: socket.into(),
        child_fd: 3,
    };
    command.fd_mappings(vec![mapping]).unwrap();
}

/// A daemon that is started with a socket.
fn start(way: (&str, &[&str]), socket: impl Into<OwnedFd>) -> Daemon {
    let folder = tempfile::tempdir().unwrap();
    let (prepare, arguments) = way;
    let mut command = command(prepare);
    command
        .arg(confined())
        .arg("--stats-file")
        .arg(folder.path().join("stats.json"))
        .args(arguments);
    pass(&mut command, socket);
    let child = command.spawn().unwrap();
    Daemon { child, folder }
}

/// Has a guest do work, with memory of its own.
fn work(guest: &mut Guest, value: u32) {
    guest.set_up();
    guest.bind_now(BATCH, OBJECTS, 0x1000, 1);
    let batch = [&store(BATCH + 0x800, value)[..], &[BATCH_END]].concat();
    guest.write_dwords(OBJECTS, &batch);
    let ticket = guest.send_submit(&submit(1, 0, BATCH, &[], 1));
    assert_eq!(guest.wait_status(ticket), Status::Ok);
    assert_eq!(guest.read_dword(OBJECTS + 0x800), value);
}

/// Waits for a daemon to end well, with nothing to say.
fn ends_well(daemon: Daemon) {
    let (status, said) = daemon.end();
    assert_eq!((status.code(), &said[..]), (Some(0), ""));
}

#[test]
fn with_a_socket_that_listens_it_serves_guests_and_leaves_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gpu.sock");
    let listener = UnixListener::bind(&path).unwrap();
    for way in WITH_A_SOCKET {
        // Waited for without a guest, and with one.
        let daemon = start(way, listener.try_clone().unwrap());
        daemon.until(|| daemon.folder.path().join("stats.json").exists());
        std::thread::sleep(Duration::from_millis(50));
        daemon.signal(Signal::TERM);
        ends_well(daemon);
        let daemon = start(way, listener.try_clone().unwrap());
        for number in 1..=3 {
            let mut guest = Guest::connect(&path);
            work(&mut guest, number);
            drop(guest);
            daemon.until(|| daemon.stats()["guests"] == number);
        }
        let mut guest = Guest::connect(&path);
        work(&mut guest, 4);
        daemon.signal(Signal::TERM);
        ends_well(daemon);
        assert!(path.exists());
    }
}

#[test]
fn with_a_socket_that_is_connected_it_serves_that_guest_and_ends() {
    for way in WITH_A_SOCKET {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let daemon = start(way, theirs);
        let mut guest = Guest::over(ours);
        work(&mut guest, 1);
        drop(guest);
        ends_well(daemon);
        // Told to end, it ends before its guest does, and the guest learns of it.
        let (ours, theirs) = UnixStream::pair().unwrap();
        let daemon = start(way, theirs);
        let mut end = ours.try_clone().unwrap();
        let mut guest = Guest::over(ours);
        work(&mut guest, 1);
        daemon.signal(Signal::TERM);
        assert_eq!(end.read(&mut [0]).unwrap(), 0);
        ends_well(daemon);
        // One that goes without a word is no reason to wait for another.
        let (ours, theirs) = UnixStream::pair().unwrap();
        drop(ours);
        ends_well(start(way, theirs));
    }
}

/// Runs the program to its end: its exit status, and the lines that it said.
fn run(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn what_guests_cannot_come_from_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gpu.sock");
    let path = path.to_str().unwrap();
    let file = || OwnedFd::from(File::open("/dev/null").unwrap());
    let systemd = "LISTEN_FDS=1 LISTEN_PID=$$";
    for (prepare, arguments, sentence) in [
        ("", vec!["--fd", "3"], "from --fd 3: it is not a socket"),
        ("", vec!["--fd", "77"], "from --fd 77: it is not open"),
        (systemd, vec![], "from systemd's socket: it is not a socket"),
        (
            "LISTEN_FDS=2 LISTEN_PID=$$ 4</dev/null",
            vec![],
            "systemd's unit has 2 sockets where one is taken",
        ),
        (
            "LISTEN_FDS=50 LISTEN_PID=$$",
            vec![],
            "what LISTEN_FDS says is not so",
        ),
        (systemd, vec!["--fd", "3"], "neither --socket-path nor --fd"),
        (
            systemd,
            vec!["--socket-path", path],
            "neither --socket-path nor --fd",
        ),
        // For another process.
        (
            "LISTEN_FDS=1 LISTEN_PID=1",
            vec![],
            "where do guests come from?",
        ),
        ("", vec![], "where do guests come from?"),
    ] {
        let mut command = command(&format!("export LISTEN_FDS LISTEN_PID; {prepare}"));
        command.args(&arguments);
        pass(&mut command, file());
        let (status, said) = run(command);
        assert_eq!(status, Some(1), "{said}");
        assert!(
            said.contains(sentence) && said.lines().count() == 1,
            "{said}"
        );
        assert!(!Path::new(path).exists());
    }
    let mut both = command("");
    both.args(["--socket-path", path, "--fd", "3"]);
    let (status, said) = run(both);
    assert_eq!(status, Some(2));
    assert!(said.contains("cannot be used with"), "{said}");
}

/// What comes over a service manager's socket next.
fn notice(socket: &UnixDatagram) -> String {
    let mut bytes = [0; 256];
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = socket.recv(&mut bytes).unwrap();
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

#[test]
fn the_service_manager_learns_when_guests_can_come_and_that_the_daemon_ends() {
    let folder = tempfile::tempdir().unwrap();
    let address = folder.path().join("notify");
    let manager = UnixDatagram::bind(&address).unwrap();
    let path = folder.path().join("gpu.sock");
    let listener = UnixListener::bind(folder.path().join("passed.sock")).unwrap();
    for passed in [false, true] {
        let mut command = command(if passed { WITH_A_SOCKET[1].0 } else { "" });
        command.env("NOTIFY_SOCKET", &address).arg(confined());
        if passed {
            pass(&mut command, listener.try_clone().unwrap());
        } else {
            command.arg("--socket-path").arg(&path);
        }
        let daemon = Daemon {
            child: command.spawn().unwrap(),
            folder: tempfile::tempdir().unwrap(),
        };
        assert_eq!(notice(&manager), "READY=1");
        let mut guest = match passed {
            true => Guest::connect(&folder.path().join("passed.sock")),
            false => Guest::connect(&path),
        };
        work(&mut guest, 1);
        daemon.signal(Signal::TERM);
        assert_eq!(notice(&manager), "STOPPING=1");
        ends_well(daemon);
        assert!(!path.exists());
    }
}

#[test]
fn a_service_manager_that_is_not_there_is_no_reason_not_to_start() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut command = command("");
    command
        .env("NOTIFY_SOCKET", "/no/where")
        .args(["--fd", "3"]);
    pass(&mut command, theirs);
    let daemon = Daemon {
        child: command.spawn().unwrap(),
        folder: tempfile::tempdir().unwrap(),
    };
    let mut guest = Guest::over(ours);
    work(&mut guest, 1);
    drop(guest);
    let (status, said) = daemon.end();
    assert!(status.success() && said.lines().count() == 1, "{said}");
    assert!(
        said.contains("NOTIFY_SOCKET=/no/where can't be reached"),
        "{said}"
    );
}

#[test]
fn the_journal_gets_priorities_and_a_file_gets_times() {
    let folder = tempfile::tempdir().unwrap();
    let said = |journal: bool, arguments: &[&str]| {
        let path = folder.path().join("said");
        let file = File::create(&path).unwrap();
        let found = file.metadata().unwrap();
        let mut command = Command::new(PROGRAM);
        command.arg("-v").args(arguments).stderr(file);
        if journal {
            let stream = format!("{}:{}", found.dev(), found.ino());
            command.env("JOURNAL_STREAM", stream);
        }
        command.status().unwrap();
        fs::read_to_string(path).unwrap()
    };
    // A log's entry, which -v has it make, and why it ended.
    let path = folder.path().join("gpu.sock");
    let right = ["--once", "--socket-path", path.to_str().unwrap()];
    let guest = || {
        while !path.exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        Guest::connect(&path).hello();
    };
    for journal in [true, false] {
        std::thread::scope(|scope| {
            let entries = scope.spawn(|| said(journal, &right));
            guest();
            let entries = entries.join().unwrap();
            let lines: Vec<_> = entries.lines().collect();
            let prefixes = match journal {
                true => ["<6>", "<4>"],
                false => ["[", "["],
            };
            assert!(!lines.is_empty());
            for line in lines {
                assert!(
                    prefixes.iter().any(|prefix| line.starts_with(prefix)),
                    "{line}"
                );
            }
            assert!(entries.contains("guest 1 has connected"), "{entries}");
        });
    }
    let socket = folder.path().join("no/where");
    let wrong = ["--socket-path", socket.to_str().unwrap()];
    assert!(said(true, &wrong).starts_with("<3>can't listen on "));
    assert!(said(false, &wrong).starts_with("vhost-device-igpu: can't listen on "));
}

#[test]
fn capabilities_are_printed_whatever_else_is_said_and_nothing_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gpu.sock");
    let path = path.to_str().unwrap();
    for arguments in [
        vec!["--print-capabilities"],
        vec!["--socket-path", path, "--print-capabilities"],
        vec!["--print-capabilities", "--fd", "77", "--no-such-thing"],
    ] {
        let output = Command::new(PROGRAM).args(&arguments).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty());
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(said, serde_json::json!({"type": "gpu"}));
    }
    assert!(!Path::new(path).exists());
}

#[test]
fn daemons_side_by_side_serve_a_guest_each() {
    let daemons = [(); 2].map(|()| Daemon::start(&[confined()]));
    let mut guests = daemons
        .each_ref()
        .map(|daemon| Guest::connect(&daemon.socket()));
    // Both are there at once, and neither sees the other's.
    for (guest, value) in guests.iter_mut().zip([11, 22]) {
        work(guest, value);
    }
    for round in 2..20 {
        let tickets = guests
            .each_mut()
            .map(|guest| guest.send_submit(&submit(1, 0, BATCH, &[], round)));
        for (guest, ticket) in guests.iter_mut().zip(tickets) {
            assert_eq!(guest.wait_status(ticket), Status::Ok);
        }
    }
    let values = guests
        .each_ref()
        .map(|guest| guest.read_dword(OBJECTS + 0x800));
    assert_eq!(values, [11, 22]);
    // When one goes, the other one stays.
    let [first, second] = daemons;
    let [_, mut guest] = guests;
    first.signal(Signal::TERM);
    ends_well(first);
    let ticket = guest.send_submit(&submit(1, 0, BATCH, &[], 20));
    assert_eq!(guest.wait_status(ticket), Status::Ok);
    second.signal(Signal::TERM);
    ends_well(second);
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("systemd-analyze");
    command.arg("verify");
    for kind in ["service", "socket"] {
        let unit = format!("virtio-igpu@.{kind}");
        let text = fs::read_to_string(Path::new("dist").join(&unit)).unwrap();
        // Where the program is, here.
        let text = text.replace("/usr/local/bin/vhost-device-igpu", PROGRAM);
        let path = folder.path().join(unit);
        fs::write(&path, text).unwrap();
        command.arg(path);
    }
    let Ok(output) = command.output() else {
        // Past the test harness, which swallows what a test prints.
        let _ = writeln!(io::stderr(), "NOT TESTED: there is no systemd-analyze");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let of_ours = said.contains("virtio-igpu");
    assert!(output.status.success() && !of_ours, "{said}");
}
