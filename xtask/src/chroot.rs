//! Running a program inside an unpacked root, with some folders of the host visible in
//! it. Everything is mounted in a namespace of its own and goes with the program.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::exec;

/// A root to run programs in.
pub(crate) struct Root {
    root: PathBuf,
    binds: Vec<(PathBuf, String)>,
}

/// The script that mounts and enters: root, count of binds, binds, then the command.
const ENTER: &str = r#"
set -e
root=$1; count=$2; shift 2
mount -t proc proc "$root/proc"
for node in null zero full random urandom; do
    [ -e "$root/dev/$node" ] || : >"$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
while [ "$count" -gt 0 ]; do
    mkdir -p "$root$2"
    mount --bind "$1" "$root$2"
    shift 2; count=$((count - 1))
done
exec chroot "$root" "$@"
"#;

impl Root {
    /// The root in this folder.
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            binds: Vec::new(),
        }
    }

    /// Makes a host folder visible under a path inside.
    pub(crate) fn bind(mut self, host: &Path, inside: &str) -> Self {
        self.binds.push((host.to_path_buf(), inside.to_string()));
        self
    }

    /// The command that runs a program inside, with a clean environment.
    pub(crate) fn command<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Command> {
        if !rustix::process::geteuid().is_root() {
            bail!(
                "entering the build root {} needs root: run this as root",
                self.root.display()
            );
        }
        let mut command = exec::command("unshare");
        command.args([
            "--mount",
            "--propagation",
            "private",
            "--",
            "sh",
            "-c",
            ENTER,
            "enter",
        ]);
        command.arg(&self.root).arg(self.binds.len().to_string());
        for (host, inside) in &self.binds {
            command.arg(host).arg(inside);
        }
        command.args(arguments.into_iter().map(|a| OsString::from(a.as_ref())));
        command.env_clear().envs([
            ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            ("HOME", "/root"),
            ("LC_ALL", "C.UTF-8"),
            ("KBUILD_BUILD_USER", "virtio-igpu"),
            ("KBUILD_BUILD_HOST", "build"),
        ]);
        Ok(command)
    }
}
