//! Our own QEMU: the patches are fit to be sent, and QEMU's own test of the device passes, with
//! our firmware and libraries.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::chroot::Root;
use crate::setup::{Patched, Ready, qemu};
use crate::tally::Tally;
use crate::vm;

/// Both.
pub(super) fn all(ready: &Ready) -> Result<Tally> {
    let Some(patched) = &ready.patched else {
        println!("a QEMU of your own was given: none is built");
        return Ok(Tally::skip());
    };
    let mut tally = checkpatch(ready, patched)?;
    tally.merge(qtest(patched)?);
    Ok(tally)
}

/// QEMU's script that looks at patches: no error and no warning in any of ours.
fn checkpatch(ready: &Ready, patched: &Patched) -> Result<Tally> {
    let buildroot = ready.buildroot.as_ref();
    let buildroot = buildroot.context("checkpatch needs the perl of the build root")?;
    let mut tally = Tally::default();
    for patch in qemu::patches()? {
        let name = patch.file_name().unwrap_or_default().to_string_lossy();
        let inside = format!("/patches/{name}");
        let words = ["perl", "/q/checkpatch/checkpatch.pl", "--no-tree", &inside];
        let output = Root::new(buildroot)
            .bind(&patched.product, "/q")
            .bind(&qemu::patch_folder(), "/patches")
            .command(words)?
            .output()
            .context("cannot run checkpatch")?;
        let said = String::from_utf8_lossy(&output.stdout);
        let good = output.status.success() && said.contains("total: 0 errors, 0 warnings");
        println!(
            "test checkpatch {name} ... {}",
            if good { "ok" } else { "FAILED" }
        );
        if !good {
            said.lines().for_each(|line| println!("    {line}"));
        }
        tally.merge(Tally::one(good));
    }
    Ok(tally)
}

/// QEMU's test of the device, which starts QEMU by a name that it takes the architecture from.
fn qtest(patched: &Patched) -> Result<Tally> {
    let folder = tempfile::tempdir().context("cannot create a folder for QEMU's test")?;
    let qemu = folder.path().join("qemu-system-x86_64");
    fs::write(&qemu, script(&vm::qemu_program(&patched.qemu())))
        .and_then(|()| fs::set_permissions(&qemu, fs::Permissions::from_mode(0o755)))
        .context("cannot write the script that starts QEMU")?;
    let test = patched.product.join("bin/vhost-user-igpu-test");
    let mut command = vm::with_libraries(&patched.root);
    command
        .arg(&test)
        .env("QTEST_QEMU_BINARY", &qemu)
        .current_dir(folder.path());
    let output = command.output().context("cannot run QEMU's test")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let mut tally = Tally::default();
    for line in said.lines() {
        let good = line.starts_with("ok ");
        if good || line.starts_with("not ok ") {
            println!("test qtest {line}");
            tally.merge(Tally::one(good));
        }
    }
    if !output.status.success() || tally.all() == 0 {
        println!("QEMU's test ended with {}:", output.status);
        let errors = String::from_utf8_lossy(&output.stderr);
        for line in said.lines().chain(errors.lines()) {
            println!("    {line}");
        }
        tally.merge(Tally::one(false));
    }
    Ok(tally)
}

/// A script that becomes this command with its own arguments behind.
fn script(command: &Command) -> Vec<u8> {
    let mut words = vec![command.get_program()];
    words.extend(command.get_args());
    let mut text = b"#!/bin/sh\nexec ".to_vec();
    text.extend(vm::shell_quoted(&words));
    text.extend(b" \"$@\"\n");
    text
}
