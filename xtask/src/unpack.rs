//! Unpacking package files into a folder, without running any of their scripts.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};

use crate::exec;
use crate::progress::Step;

/// What no one reads in a root that is only ever run by programs.
const LEFT_OUT: [&str; 6] = [
    "./usr/share/doc",
    "./usr/share/man",
    "./usr/share/locale",
    "./usr/share/info",
    "./usr/share/lintian",
    "./usr/share/bug",
];

/// Unpacks one package; with `members`, only what matches those patterns.
pub(crate) fn package(file: &Path, into: &Path, members: &[&str]) -> Result<()> {
    let mut source = exec::command("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start dpkg-deb; is the package dpkg installed?")?;
    let stream = source.stdout.take().context("dpkg-deb gave no output")?;
    let mut tar = Command::new("tar");
    tar.args([
        "--extract",
        "--keep-directory-symlink",
        "--numeric-owner",
        "--wildcards",
        "--directory",
    ])
    .arg(into);
    tar.args(LEFT_OUT.iter().map(|path| format!("--exclude={path}")));
    tar.args(members).stdin(stream);
    let output = tar.output().context("cannot start tar")?;
    let status = source.wait().context("cannot wait for dpkg-deb")?;
    if !output.status.success() || !status.success() {
        bail!(
            "cannot unpack {}: {}",
            file.display(),
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    Ok(())
}

/// Unpacks a whole root, base-files (which lays the folders) first, then two at a time.
pub(crate) fn root(files: &[PathBuf], into: &Path, step: &Step) -> Result<()> {
    let (first, rest): (Vec<&PathBuf>, Vec<&PathBuf>) = files.iter().partition(|f| {
        f.file_name()
            .is_some_and(|n| n.to_string_lossy().starts_with("base-files_"))
    });
    for link in ["bin", "sbin", "lib", "lib64"] {
        fs::create_dir_all(into.join("usr").join(link))?;
        symlink(format!("usr/{link}"), into.join(link))
            .with_context(|| format!("cannot link {link}"))?;
    }
    step.parts(files.len() as u64);
    for file in first {
        package(file, into, &[])?;
    }
    // The longest first, so that no worker is left with a big one at the end.
    let mut rest = rest;
    rest.sort_by_key(|f| std::cmp::Reverse(fs::metadata(f).map_or(0, |m| m.len())));
    let next = AtomicUsize::new(0);
    let failure = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = rest.get(index) else { return };
                    step.at(index as u64);
                    let result = if exec::interrupted() {
                        Err(anyhow::anyhow!("interrupted"))
                    } else {
                        package(file, into, &[])
                    };
                    if let Err(error) = result {
                        if let Ok(mut slot) = failure.lock() {
                            slot.get_or_insert(error);
                        }
                        return;
                    }
                }
            });
        }
    });
    match failure.into_inner() {
        Ok(Some(error)) => Err(error),
        _ => Ok(()),
    }
}
