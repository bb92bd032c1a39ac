// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The daemon's sandbox: what a confined process is refused and what it still can, that each of
//! the daemon's threads is confined while it serves a guest, and what it does on a kernel that
//! offers less. The other tests' daemons are confined too, as far as the kernel can.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it fails"
)]

mod frontend;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::net::TcpListener;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use frontend::Guest;
use frontend::daemon::{Daemon, PROGRAM, has_landlock};
use frontend::gpu::{BATCH_END, submit};
use protocol::Status;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use vhost_device::sandbox::{self, Mode, Needs, Use};
use virtio_igpu_protocol as protocol;
use vm_memory::MmapRegion;

/// Says where a child of this program finds its folder; whoever runs the tests has it not.
const FOLDER: &str = "SANDBOX_TEST_FOLDER";

/// Names system calls that a child's kernel is not to have, by number.
const WITHOUT: &str = "SANDBOX_TEST_WITHOUT";

/// Runs a test of this program by itself, as a child: one of those that are ignored.
fn child(test: &str, folder: &Path, without: &str) -> Output {
    command(test, folder, without).output().unwrap()
}

fn command(test: &str, folder: &Path, without: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            test,
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(FOLDER, folder)
        .env(WITHOUT, without);
    command
}

fn errno<T>(result: io::Result<T>) -> Option<i32> {
    result.err().and_then(|error| error.raw_os_error())
}

#[test]
#[ignore = "the child of the test below: it confines its process"]
fn confined_child() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let (known, other) = (folder.join("known"), folder.join("other"));
    let stats = folder.join("stats");
    let listener = std::os::unix::net::UnixListener::bind(folder.join("socket")).unwrap();
    let visitor = UnixStream::connect(folder.join("socket")).unwrap();
    let parent = rustix::process::getppid().unwrap();
    let mut needs = Needs::default();
    needs.path(&known, Use::Overwrite);
    needs.path(&stats, Use::Replace);
    let in_force = sandbox::enter(Mode::Auto, &needs).unwrap();
    assert!(in_force.seccomp);

    // What is refused by the call.
    let eperm = Some(libc::EPERM);
    assert_eq!(errno(TcpListener::bind("127.0.0.1:0")), eperm);
    assert_eq!(errno(UnixDatagram::unbound()), eperm);
    assert_eq!(errno(UnixStream::pair()), eperm);
    assert_eq!(errno(UnixStream::connect(folder.join("socket"))), eperm);
    assert_eq!(Command::new("/bin/true").exec().raw_os_error(), eperm);
    assert_eq!(errno(Command::new("/bin/true").status()), eperm);
    let killed = rustix::process::test_kill_process(parent);
    assert_eq!(errno(killed.map_err(io::Error::from)), eperm);
    assert_eq!(errno(std::os::unix::fs::chroot(folder)), eperm);
    assert_eq!(
        errno(fs::set_permissions(
            &known,
            fs::metadata(&known).unwrap().permissions()
        )),
        eperm
    );
    assert_eq!(errno(fs::create_dir(folder.join("new"))), eperm);
    assert_eq!(
        errno(rustix::process::setsid().map_err(io::Error::from)),
        eperm
    );
    let (private, data) = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, libc::PROT_READ);
    assert!(MmapRegion::<()>::build(None, 4096, data | libc::PROT_EXEC, private).is_err());

    // What is refused by the path.
    let write = |path: &Path| fs::write(path, "text").map_err(|error| error.kind());
    if in_force.landlock {
        let denied = Err(ErrorKind::PermissionDenied);
        assert_eq!(
            File::open("/etc/passwd")
                .map(drop)
                .map_err(|error| error.kind()),
            denied
        );
        assert_eq!(
            File::open(&known).map(drop).map_err(|error| error.kind()),
            denied
        );
        assert_eq!(
            fs::read_dir("/").map(drop).map_err(|error| error.kind()),
            denied
        );
        assert_eq!(write(&other), denied);
        assert_eq!(
            fs::remove_file(&known).map_err(|error| error.kind()),
            denied
        );
    }

    // What goes on.
    assert_eq!(write(&known), Ok(()));
    assert_eq!(write(&stats.join("part")), Ok(()));
    fs::rename(stats.join("part"), stats.join("whole")).unwrap();
    fs::remove_file(stats.join("whole")).unwrap();
    let (mut served, _) = listener.accept().unwrap();
    served.write_all(b"said").unwrap();
    drop(visitor);
    let named = std::thread::Builder::new().name("named".into());
    // A thread is as confined as the one that started it.
    let inherits = named
        .spawn(|| errno(TcpListener::bind("127.0.0.1:0")))
        .unwrap();
    assert_eq!(inherits.join().unwrap(), eperm);
    assert!(MmapRegion::<()>::build(None, 4096, data, private).is_ok());
    assert!(std::panic::catch_unwind(|| panic!("as meant")).is_err());
    println!("confined by {in_force}");
}

#[test]
fn what_the_daemon_does_not_need_is_refused_and_what_it_needs_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["known", "other"] {
        File::create(folder.path().join(name)).unwrap();
    }
    fs::create_dir(folder.path().join("stats")).unwrap();
    let output = child("confined_child", folder.path(), "");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let confined = match has_landlock() {
        true => "confined by Landlock and seccomp",
        false => "confined by seccomp",
    };
    assert!(said.contains(confined), "{said}");
    assert_eq!(
        fs::read_to_string(folder.path().join("known")).unwrap(),
        "text"
    );
}

#[test]
fn each_thread_of_a_daemon_that_serves_a_guest_is_confined() {
    let folder = tempfile::tempdir().unwrap();
    let [management, trace] = ["management", "trace"].map(|name| folder.path().join(name));
    let (management, trace) = (management.to_str().unwrap(), trace.to_str().unwrap());
    let arguments = ["--management-socket", management, "--trace", trace];
    for (mode, filters) in [("auto", "2"), ("off", "0")] {
        let mode = format!("--sandbox={mode}");
        let daemon = Daemon::start(&[&arguments[..], &[&mode]].concat());
        let mut guest = Guest::connect(&daemon.socket());
        guest.set_up();
        guest.bind_now(0x10_0000, frontend::OBJECTS, 0x1000, 1);
        guest.write_dwords(frontend::OBJECTS, &[BATCH_END]);
        let ticket = guest.send_submit(&submit(1, 0, 0x10_0000, &[], 1));
        assert_eq!(guest.wait_status(ticket), Status::Ok);
        // A thread's name is its own doing, soon after it was started.
        let expected = ["management", "trace", "signals", "vring_worker", "rcs0"];
        let named = |name| threads(&daemon).any(|status| status["Name"] == name);
        daemon.until(|| expected.iter().all(|name| named(*name)));
        let privileges = if filters == "0" { "0" } else { "1" };
        for status in threads(&daemon) {
            assert_eq!(status["Seccomp_filters"], filters, "{}", status["Name"]);
            assert_eq!(status["NoNewPrivs"], privileges, "{}", status["Name"]);
        }
    }
}

/// What the kernel says of each of a daemon's threads.
fn threads(daemon: &Daemon) -> impl Iterator<Item = BTreeMap<String, String>> {
    let tasks = fs::read_dir(format!("/proc/{}/task", daemon.child.id())).unwrap();
    tasks.map(|task| {
        let status = fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        let lines = status.lines().filter_map(|line| line.split_once(":\t"));
        lines
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    })
}

#[test]
fn a_daemon_opens_no_file_that_was_not_named() {
    if !has_landlock() {
        return;
    }
    for (mode, written) in [("required", false), ("off", true)] {
        let folder = tempfile::tempdir().unwrap();
        let [record, elsewhere] = ["record", "elsewhere/file"].map(|name| folder.path().join(name));
        fs::create_dir(folder.path().join("elsewhere")).unwrap();
        let sandbox = format!("--sandbox={mode}");
        let daemon = Daemon::start(&["--record", record.to_str().unwrap(), &sandbox]);
        // The name now leads to another file, which the daemon's user may well write.
        let _ = fs::remove_file(&record);
        File::create(&elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &record).unwrap();
        let mut guest = Guest::connect(&daemon.socket());
        guest.set_up();
        drop(guest);
        daemon.stats_when(|stats| stats["sessions"] == 1);
        daemon.signal(rustix::process::Signal::TERM);
        let (status, said) = daemon.end();
        assert!(status.success());
        assert_eq!(said.contains("can't be recorded to"), !written, "{said}");
        assert_eq!(fs::metadata(&elsewhere).unwrap().len() > 0, written);
    }
}

#[test]
#[ignore = "the child of the test below: it becomes a daemon on a kernel that lacks calls"]
fn daemon_child() {
    let (Some(folder), Ok(without)) = (std::env::var_os(FOLDER), std::env::var(WITHOUT)) else {
        return;
    };
    let (mode, calls) = without.split_once(' ').unwrap();
    let calls: BTreeMap<i64, _> = calls
        .split(' ')
        .map(|call| (call.parse().unwrap(), vec![]))
        .collect();
    let missing = SeccompAction::Errno(libc::ENOSYS as u32);
    let target = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, missing, target).unwrap();
    let program: BpfProgram = filter.try_into().unwrap();
    seccompiler::apply_filter(&program).unwrap();
    let error = Command::new(PROGRAM)
        .arg("--socket-path")
        .arg(Path::new(&folder).join("socket"))
        .args(["-v", "--once", "--sandbox", mode])
        .exec();
    panic!("{error}");
}

#[test]
fn a_kernel_that_lacks_it_is_refused_where_it_is_required_and_told_of_in_a_line() {
    let landlock = libc::SYS_landlock_create_ruleset.to_string();
    let both = format!("{landlock} {}", libc::SYS_seccomp);
    let folder = tempfile::tempdir().unwrap();
    for without in [&landlock, &both] {
        let output = child(
            "daemon_child",
            folder.path(),
            &format!("required {without}"),
        );
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(
            said.contains("vhost-device-igpu: no sandbox without Landlock: "),
            "{said}"
        );
        // It leaves nothing behind.
        assert!(!folder.path().join("socket").exists());
    }
    let lacks = [
        (
            &landlock,
            "the sandbox lacks Landlock (",
            "confined by seccomp",
        ),
        (&both, "), and seccomp (", "confined by nothing"),
    ];
    for (without, lacking, confined) in lacks {
        let mut daemon = command("daemon_child", folder.path(), &format!("auto {without}"));
        let daemon = daemon.stderr(Stdio::piped()).spawn().unwrap();
        let end = Instant::now() + frontend::PATIENCE;
        while !folder.path().join("socket").exists() {
            assert!(Instant::now() < end, "it makes no socket");
            std::thread::sleep(Duration::from_millis(5));
        }
        Guest::connect(&folder.path().join("socket")).set_up();
        let output = daemon.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let lines: Vec<_> = said.lines().filter(|line| line.contains("lacks")).collect();
        assert!(lines.len() == 1 && lines[0].contains(lacking), "{said}");
        assert!(said.contains(confined), "{said}");
    }
}
