//! Whether a guest really boots with KVM here: `/dev/kvm` may open and yet be useless, so
//! it is tried once, with a time limit, and the answer is remembered.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::initramfs::Cpio;
use super::qemu;
use crate::exec::{self, Guarded};
use crate::setup::Ready;
use crate::stamp;

const LIMIT: Duration = Duration::from_secs(10);
const SIGN: &str = "virtio-igpu-probe-reached-user-space";

/// Whether to use KVM; says so once when it is there and useless.
pub(crate) fn usable(ready: &Ready) -> Result<bool> {
    if fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/kvm")
        .is_err()
    {
        eprintln!("no usable /dev/kvm: the guest is emulated (TCG), which is slower");
        return Ok(false);
    }
    let host = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let key = stamp::digest(&[
        "kvm 1",
        &ready.key,
        host.trim(),
        &format!("{:?}", ready.qemu),
    ]);
    let file = ready.cache.root().join(format!("kvm-{}", &key[..16]));
    let works = match fs::read_to_string(&file) {
        Ok(answer) => answer == "yes",
        Err(_) => {
            let works = probe(ready)?;
            stamp::write_atomically(&file, if works { b"yes" } else { b"no" })?;
            works
        }
    };
    if !works {
        eprintln!(
            "/dev/kvm is there but no guest boots with it: the guest is emulated (TCG), which is slower"
        );
    }
    Ok(works)
}

fn probe(ready: &Ready) -> Result<bool> {
    let folder = tempfile::Builder::new()
        .prefix("igpu-kvm-")
        .tempdir()
        .context("cannot create a folder for the probe")?;
    let mut cpio = Cpio::default();
    let busybox = fs::read(&ready.busybox).context("cannot read busybox")?;
    cpio.file("bin/busybox", true, &busybox);
    let init = format!("#!/bin/busybox sh\n/bin/busybox echo {SIGN}\n/bin/busybox poweroff -f\n");
    cpio.folder("dev");
    cpio.file("init", true, init.as_bytes());
    fs::write(folder.path().join("initramfs"), cpio.finish())
        .context("cannot write the probe's initramfs")?;
    let console = folder.path().join("console.log");
    let mut command = qemu::program(&ready.qemu);
    command.args([
        "-accel",
        "kvm",
        "-cpu",
        "host",
        "-machine",
        "q35",
        "-m",
        "256M",
        "-nodefaults",
        "-no-user-config",
    ]);
    command
        .args(["-display", "none", "-no-reboot"])
        .arg("-kernel")
        .arg(&ready.vmlinux);
    command.arg("-initrd").arg(folder.path().join("initramfs"));
    command.args(["-append", "console=ttyS0 panic=-1 rdinit=/init"]);
    command
        .arg("-serial")
        .arg(format!("file:{}", console.display()));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    eprintln!(
        "trying once whether a guest boots with KVM (at most {} s)",
        LIMIT.as_secs()
    );
    let mut guest = Guarded::spawn("QEMU", &mut command)?;
    let begun = Instant::now();
    while begun.elapsed() < LIMIT {
        if exec::interrupted() {
            bail!("interrupted");
        }
        if reached(&console) {
            return Ok(true);
        }
        if guest.ended()?.is_some() {
            return Ok(reached(&console));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(false)
}

fn reached(console: &Path) -> bool {
    fs::read(console).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(SIGN))
}
