//! OpenCL on the host's processor: PoCL in a root of its own. Its programs, and ours, are run by
//! that root's dynamic linker, without root rights, and see the host's files.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::paths::Cache;
use crate::vm;

/// What the root has PoCL call for a linker, which it looks for in `PATH` as `ld`: the root's own
/// one, with the root's libraries. It stands three folders below the root.
const LINKER: &str = r#"#!/bin/sh
root=${0%/*}/../../..
libraries=$root/usr/lib/x86_64-linux-gnu
for compiler in "$root"/usr/lib/gcc/x86_64-linux-gnu/*; do :; done
exec "$root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$libraries" \
    "$root/usr/bin/x86_64-linux-gnu-ld.bfd" --sysroot="$root" -L "$compiler" -L "$libraries" "$@"
"#;
/// Where it stands.
const LINKERS: &str = "usr/libexec/virtio-igpu";
/// Where piglit has libraries of its own.
const PIGLITS: &str = "usr/lib/x86_64-linux-gnu/piglit/lib";

/// A root with PoCL, and with piglit's tests of OpenCL.
pub(crate) struct Pocl {
    root: PathBuf,
    kernels: PathBuf,
}

impl Pocl {
    /// Makes that root ready.
    pub(super) fn new(cache: &Cache, root: PathBuf) -> Result<Self> {
        let linker = root.join(LINKERS).join("ld");
        if fs::read(&linker).ok().as_deref() != Some(LINKER.as_bytes()) {
            fs::create_dir_all(root.join(LINKERS))
                .and_then(|()| fs::write(&linker, LINKER))
                .and_then(|()| fs::set_permissions(&linker, fs::Permissions::from_mode(0o755)))
                .with_context(|| format!("cannot write {}", linker.display()))?;
        }
        let kernels = cache.product("pocl-kernels");
        fs::create_dir_all(&kernels)
            .with_context(|| format!("cannot create {}", kernels.display()))?;
        Ok(Self { root, kernels })
    }

    /// A command that runs a program, by its path, with the root's libraries; the OpenCL that it
    /// finds is PoCL on the host's processor. Kernels that PoCL has compiled stay in the cache.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let libraries = self.root.join(vm::LIBRARIES);
        let mut path = OsString::from(self.root.join(LINKERS));
        if let Some(others) = std::env::var_os("PATH") {
            path.push(":");
            path.push(others);
        }
        let mut command = vm::with_libraries_of(&self.root, &[vm::LIBRARIES, PIGLITS]);
        command
            .arg(program)
            .env("PATH", path)
            .env("OCL_ICD_VENDORS", libraries.join("libpocl.so.2"))
            .env("POCL_CACHE_DIR", &self.kernels)
            .env("POCL_DEVICES", "cpu");
        command
    }

    /// The root's folder: piglit stands in its `usr/lib/x86_64-linux-gnu/piglit`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
}
