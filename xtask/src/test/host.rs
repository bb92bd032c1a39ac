//! Tests that need no guest: formatting, lints, and what `cargo test` runs.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};

use crate::exec::{self, Guarded};
use crate::paths::checkout;
use crate::setup::{self, Ready};
use crate::tally::Tally;

/// Formatting of the workspace.
pub(super) fn fmt() -> Result<Tally> {
    let mut cargo = setup::cargo(None);
    run("cargo fmt", cargo.args(["fmt", "--all", "--check"]))
}

/// Formatting of the module, which cargo does not know: file by file, in its edition.
pub(super) fn fmt_module() -> Result<Tally> {
    let root = checkout().join("guest-driver");
    let mut files = Vec::new();
    rust_files(&root.join("src"), &mut files)?;
    let mut bad = Vec::new();
    for file in files {
        let text =
            fs::File::open(&file).with_context(|| format!("cannot read {}", file.display()))?;
        // From standard input, so that rustfmt does not follow the modules it names.
        let mut command = exec::command("rustfmt");
        command
            .current_dir(&root)
            .args(["--check", "--edition", "2021"])
            .stdin(text);
        let output = command.output().context("cannot start rustfmt")?;
        if !output.status.success() {
            bad.push(file);
        }
    }
    for file in &bad {
        println!("not formatted: {}", file.display());
    }
    Ok(Tally::one(bad.is_empty()))
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?
    {
        let path = entry
            .with_context(|| format!("cannot list {}", folder.display()))?
            .path();
        if path.is_dir() {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(())
}

/// Lints of the workspace.
pub(super) fn clippy(ready: &Ready) -> Result<Tally> {
    setup::libclang()?;
    let mut cargo = setup::cargo(Some(ready));
    run(
        "cargo clippy",
        cargo.args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ]),
    )
}

/// `cargo test`, its result lines summed up.
pub(super) fn tests(ready: &Ready) -> Result<Tally> {
    setup::libclang()?;
    let mut cargo = setup::cargo(Some(ready));
    cargo.args(["test", "--workspace", "--no-fail-fast"]);
    Ok(libtest(&mut cargo)?.0)
}

/// Runs a `cargo test`: its result lines summed up, and what it printed, which is passed on.
pub(super) fn libtest(cargo: &mut std::process::Command) -> Result<(Tally, String)> {
    cargo.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut guarded = Guarded::spawn("cargo test", cargo)?;
    let stream = guarded
        .child()
        .stdout
        .take()
        .context("cargo test gave no output")?;
    let reader = std::thread::spawn(move || {
        let mut output = String::new();
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { break };
            println!("{line}");
            output.push_str(&line);
            output.push('\n');
        }
        output
    });
    let status = exec::wait(&mut guarded, || {})?;
    let output = reader.join().unwrap_or_default();
    let mut tally = Tally::of_libtest(&output);
    if !status.success() && tally.failed == 0 {
        println!("cargo test ended with {status}");
        tally.failed += 1;
    }
    Ok((tally, output))
}

/// Runs a command: good if its exit status is.
pub(super) fn run(name: &str, command: &mut std::process::Command) -> Result<Tally> {
    command.stdin(Stdio::null());
    let mut guarded = Guarded::spawn(name, command)?;
    let status = exec::wait(&mut guarded, || {})?;
    Ok(Tally::one(status.success()))
}
