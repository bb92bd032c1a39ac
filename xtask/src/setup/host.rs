//! What this machine itself must have: package tools, and libclang for the declarations
//! that the guest's programs are built with. What is missing is named before anything
//! is installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::Ready;
use crate::exec;

/// Names the root with `glslc` for the builds.
const SHADER_ROOT: &str = "VIRTIO_IGPU_SHADER_ROOT";

/// Says what the host lacks before anything is begun.
pub(super) fn ready() -> Result<()> {
    let needed = [
        ("apt-get", "apt"),
        ("apt-cache", "apt"),
        ("dpkg-deb", "dpkg"),
        ("tar", "tar"),
        ("unshare", "util-linux"),
        ("setpriv", "util-linux"),
        ("mount", "mount"),
        ("chroot", "coreutils"),
    ];
    let mut missing: Vec<&str> = needed
        .iter()
        .filter(|(tool, _)| !exec::have(tool))
        .map(|(_, p)| *p)
        .collect();
    missing.dedup();
    if !missing.is_empty() {
        bail!(
            "the set-up needs these Debian packages on this machine: {}; install them first. On another \
             distribution, give your own parts with --qemu, --kernel-tree and --rootfs",
            missing.join(" ")
        );
    }
    if !rustix::process::geteuid().is_root() {
        bail!(
            "the set-up unpacks Debian roots and enters them by chroot, which needs root: run it as root once"
        );
    }
    Ok(())
}

/// Makes sure that cargo's builds find libclang: the one thing that is installed on this
/// machine itself, and only if it is missing.
pub(crate) fn libclang() -> Result<()> {
    if std::env::var_os("LIBCLANG_PATH").is_some() || found() {
        return Ok(());
    }
    let package = "libclang1";
    if !exec::have("apt-get") || !rustix::process::geteuid().is_root() {
        bail!(
            "building the guest's programs needs libclang on this machine: install the package {package} \
             (or set LIBCLANG_PATH to the folder with libclang.so)"
        );
    }
    eprintln!(
        "missing on this machine, and installed now: {package} (bindgen reads C headers with it)"
    );
    let install = || {
        let mut command = exec::command("apt-get");
        command.args(["install", "--yes", "--no-install-recommends", package]);
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null());
        exec::output("apt-get install libclang1", &mut command)
    };
    if install().is_err() {
        // Most likely the machine has no package lists yet.
        let mut update = exec::command("apt-get");
        exec::output("apt-get update", update.arg("update"))?;
        install().with_context(|| format!("the package {package} cannot be installed"))?;
    }
    Ok(())
}

fn found() -> bool {
    let mut folders = vec![
        PathBuf::from("/usr/lib/x86_64-linux-gnu"),
        "/usr/lib64".into(),
        "/usr/lib".into(),
    ];
    if let Ok(entries) = std::fs::read_dir("/usr/lib") {
        let llvm = entries
            .flatten()
            .map(|e| e.path())
            .filter(|p| p.to_string_lossy().contains("/llvm"));
        folders.extend(llvm.map(|path| path.join("lib")));
    }
    folders.iter().any(|folder| holds_libclang(folder))
}

fn holds_libclang(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        (name.starts_with("libclang.so") || name.starts_with("libclang-"))
            && name.contains(".so")
            && !name.contains("cpp")
    })
}

/// cargo, told where the uAPI's headers and the compiler of shaders are: in the set-up's roots,
/// unless the person says else.
pub(crate) fn cargo(ready: Option<&Ready>) -> Command {
    let mut command = exec::command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(crate::paths::checkout());
    let headers = ready
        .and_then(|ready| ready.buildroot.as_deref())
        .map(|root| root.join("usr/include/drm"))
        .filter(|folder| folder.join("i915_drm.h").exists());
    if let Some(headers) = headers
        && std::env::var_os("VIRTIO_IGPU_DRM_HEADERS").is_none()
    {
        command.env("VIRTIO_IGPU_DRM_HEADERS", headers);
    }
    if let Some(ready) = ready
        && std::env::var_os(SHADER_ROOT).is_none()
    {
        command.env(SHADER_ROOT, &ready.shaders);
    }
    // A cargo that runs us sets these for us, not for the packages that we build.
    for name in [
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_PKG_NAME",
        "CARGO_PKG_VERSION",
    ] {
        command.env_remove(name);
    }
    command
}
