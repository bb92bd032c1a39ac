//! The small first file system: busybox, three modules, our scripts and programs, and what
//! this run shall do. Written anew for each run, uncompressed, as a cpio archive.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::build::Built;
use crate::paths::checkout;
use crate::setup::{INITRAMFS_MODULES, Ready};

/// A cpio archive in the "newc" form, as the kernel unpacks it.
#[derive(Default)]
pub(crate) struct Cpio {
    bytes: Vec<u8>,
    entries: u32,
    folders: std::collections::BTreeSet<String>,
}

impl Cpio {
    /// Adds a folder and those it lies in.
    pub(crate) fn folder(&mut self, path: &str) {
        let mut at = 0;
        while let Some(next) = path[at..].find('/') {
            self.one_folder(&path[..at + next]);
            at += next + 1;
        }
        self.one_folder(path);
    }

    fn one_folder(&mut self, path: &str) {
        if !path.is_empty() && self.folders.insert(path.to_string()) {
            self.entry(path, 0o040_755, &[]);
        }
    }

    /// Adds a file with its content.
    pub(crate) fn file(&mut self, path: &str, executable: bool, content: &[u8]) {
        if let Some((folder, _)) = path.rsplit_once('/') {
            self.folder(folder);
        }
        self.entry(
            path,
            if executable { 0o100_755 } else { 0o100_644 },
            content,
        );
    }

    /// Adds a tree of files from this machine, symbolic links followed.
    pub(crate) fn tree(&mut self, from: &Path, to: &str) -> Result<()> {
        self.folder(to);
        let mut entries: Vec<PathBuf> = fs::read_dir(from)
            .with_context(|| format!("cannot list {}", from.display()))?
            .filter_map(|entry| entry.ok().map(|e| e.path()))
            .collect();
        entries.sort();
        for path in entries {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if name.starts_with('.') {
                continue;
            }
            let inside = format!("{to}/{name}");
            let meta =
                fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?;
            if meta.is_dir() {
                self.tree(&path, &inside)?;
            } else {
                let content =
                    fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                self.file(&inside, meta.permissions().mode() & 0o111 != 0, &content);
            }
        }
        Ok(())
    }

    /// Ends the archive.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }

    fn entry(&mut self, path: &str, mode: u32, content: &[u8]) {
        self.entries += 1;
        let fields = [
            self.entries,
            mode,
            0,
            0,
            1,
            0,
            u32::try_from(content.len()).unwrap_or(u32::MAX),
            0,
            0,
            0,
            0,
            u32::try_from(path.len() + 1).unwrap_or(u32::MAX),
            0,
        ];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes
                .extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(path.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(content);
        self.pad();
    }

    fn pad(&mut self) {
        while !self.bytes.len().is_multiple_of(4) {
            self.bytes.push(0);
        }
    }
}

/// What goes into a run's initramfs.
pub(crate) struct Content<'a> {
    /// The set-up's products.
    pub(crate) ready: &'a Ready,
    /// Our programs and module; `None` for a guest without the device.
    pub(crate) built: Option<&'a Built>,
    /// Shell assignments for the guest's init.
    pub(crate) settings: String,
    /// The command, already quoted for a shell; empty for an interactive shell.
    pub(crate) command: Vec<u8>,
    /// More files: path under /opt/virtio-igpu, executable, content.
    pub(crate) files: &'a [(String, bool, Vec<u8>)],
}

impl Content<'_> {
    /// Makes the archive.
    pub(crate) fn archive(&self) -> Result<Vec<u8>> {
        let mut cpio = Cpio::default();
        for folder in ["dev", "proc", "sys", "lower", "upper", "root"] {
            cpio.folder(folder);
        }
        let read =
            |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        cpio.file("bin/busybox", true, &read(&self.ready.busybox)?);
        let scripts = checkout().join("ci/guest");
        cpio.file("init", true, &read(&scripts.join("initramfs-init"))?);
        if let Some(modules) = &self.ready.modules {
            let mut order = String::new();
            for file in module_order(modules)? {
                let name = file
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                order.push_str(&name);
                order.push('\n');
                cpio.file(&format!("modules/{name}"), false, &read(&file)?);
            }
            cpio.file("modules/order", false, order.as_bytes());
        }
        for name in ["init", "igt-agent", "suite-agent", "again", "lib.sh"] {
            let script = read(&scripts.join(name))?;
            cpio.file(&format!("payload/guest/{name}"), true, &script);
        }
        cpio.file("payload/guest/settings", false, self.settings.as_bytes());
        cpio.file("payload/guest/command", false, &self.command);
        for (path, executable, content) in self.files {
            cpio.file(&format!("payload/{path}"), *executable, content);
        }
        if let Some(built) = self.built {
            cpio.tree(&built.programs, "payload/bin")?;
            cpio.tree(&built.modules.join("lib"), "payload-modules")?;
        }
        Ok(cpio.finish())
    }
}

/// The modules of the initramfs with what they need, in the order to load them.
fn module_order(modules: &Path) -> Result<Vec<PathBuf>> {
    let text = fs::read_to_string(modules.join("modules.dep"))
        .with_context(|| format!("no modules.dep in {}", modules.display()))?;
    let built_in = fs::read_to_string(modules.join("modules.builtin")).unwrap_or_default();
    let is = |file: &str, name: &str| file.ends_with(&format!("/{name}.ko"));
    let mut order = Vec::new();
    for name in INITRAMFS_MODULES {
        if built_in.lines().any(|file| is(file, name)) {
            continue;
        }
        let line = text
            .lines()
            .find(|line| line.split(':').next().is_some_and(|file| is(file, name)))
            .with_context(|| format!("the guest kernel has no module {name}"))?;
        let (file, needs) = line.split_once(':').unwrap_or((line, ""));
        // depmod lists needs with the deepest last.
        for file in needs.split_whitespace().rev().chain([file]) {
            let path = modules.join(file);
            if !order.contains(&path) {
                order.push(path);
            }
        }
    }
    Ok(order)
}

/// The words as one shell command that means exactly them.
pub(crate) fn shell_quoted<W: AsRef<OsStr>>(words: &[W]) -> Vec<u8> {
    let mut quoted = Vec::new();
    for word in words {
        if !quoted.is_empty() {
            quoted.push(b' ');
        }
        quoted.push(b'\'');
        for &byte in word.as_ref().as_bytes() {
            if byte == b'\'' {
                quoted.extend_from_slice(b"'\\''");
            } else {
                quoted.push(byte);
            }
        }
        quoted.push(b'\'');
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::{Cpio, shell_quoted};
    use std::process::Command;

    #[test]
    fn quoted_words_reach_a_shell_unchanged() {
        let words = [
            "printf",
            "%s|",
            "a b",
            "it's",
            "\"x\"",
            "line\nbreak",
            "$HOME `id` \\",
            "",
        ];
        let script = String::from_utf8(shell_quoted(&words)).expect("text");
        let output = Command::new("sh")
            .args(["-c", &script])
            .output()
            .expect("a shell");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "a b|it's|\"x\"|line\nbreak|$HOME `id` \\||"
        );
    }

    #[test]
    fn an_archive_is_padded_and_holds_each_folder_once() {
        let mut cpio = Cpio::default();
        cpio.file("a/b/c", true, b"hello");
        cpio.file("a/b/d", false, b"");
        let bytes = cpio.finish();
        assert!(bytes.len().is_multiple_of(4));
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(text.matches("070701").count(), 5);
        assert!(text.contains("TRAILER!!!"));
    }
}
