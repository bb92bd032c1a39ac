//! The guest's root file system: Debian packages and a few kernel modules in a
//! compressed read-only image.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Work, packages};
use crate::chroot::Root;
use crate::cli::Image;
use crate::progress;
use crate::{exec, stamp, unpack};

impl Work<'_> {
    /// The image and the busybox out of it.
    pub(super) fn rootfs(
        &mut self,
        image: Image,
        buildroot: &Path,
        modules: Option<&Path>,
        release: &str,
    ) -> Result<(PathBuf, PathBuf)> {
        let kernel = match modules {
            Some(_) => {
                fs::read_to_string(self.cache.product("kernel").join(".stamp")).unwrap_or_default()
            }
            None => "own kernel".to_string(),
        };
        let name = packages::image_set(image);
        let key = stamp::digest(&["rootfs 3", &self.set(name)?.key(), &kernel]);
        let product = self.cache.product(name);
        if !stamp::fresh(&product, &key) {
            let files = self.fetch(name)?;
            let log = self.cache.logs().join("rootfs.log");
            self.product(name, &key, "make guest image", |_, into| {
                let root = into.join("root");
                fs::create_dir(&root).context("cannot create the guest's root")?;
                progress::step(&format!("unpack {name}"), |step| {
                    unpack::root(&files, &root, step)?;
                    packages::finish_root(&root)?;
                    finish_guest(&root, modules, release)
                })?;
                fs::write(into.join("igt-programs"), igt_programs(&root)?)
                    .context("cannot note IGT's programs")?;
                fs::copy(root.join("usr/bin/busybox"), into.join("busybox"))
                    .context("the rootfs has no busybox")?;
                progress::step("compress guest image", |_| {
                    let mut command = Root::new(buildroot).bind(into, "/k").command([
                        "mkfs.erofs",
                        "-zzstd",
                        "-C65536",
                        "-T0",
                        "/k/rootfs.erofs",
                        "/k/root",
                    ])?;
                    exec::logged("mkfs.erofs", &mut command, &log)
                })?;
                stamp::remove(&root)
            })?;
        }
        Ok((product.join("rootfs.erofs"), product.join("busybox")))
    }
}

fn finish_guest(root: &Path, modules: Option<&Path>, release: &str) -> Result<()> {
    if let Some(modules) = modules {
        let into = root.join("usr/lib/modules").join(release);
        fs::create_dir_all(into.parent().unwrap_or(root))
            .context("cannot create the modules' folder")?;
        let mut copy = exec::command("cp");
        copy.arg("-a").arg(modules).arg(&into);
        exec::output("copying kernel modules", &mut copy)?;
    }
    for folder in ["mnt/share", "opt/virtio-igpu", "sys/kernel/debug"] {
        fs::create_dir_all(root.join(folder))
            .with_context(|| format!("cannot create {folder} in the guest's root"))?;
    }
    // A busybox as /bin/sh would run its own modprobe and the like instead of the real ones.
    let _ = fs::remove_file(root.join("usr/bin/sh"));
    symlink("bash", root.join("usr/bin/sh")).context("cannot make bash the guest's shell")?;
    // busybox answers to every name that no package claims; the real kmod tools stay.
    let busybox = root.join("usr/bin/busybox");
    let names = exec::output("busybox --list", exec::command(&busybox).arg("--list"))?;
    for name in names.lines() {
        let (bin, sbin) = (
            root.join("usr/bin").join(name),
            root.join("usr/sbin").join(name),
        );
        if !exists(&bin) && !exists(&sbin) {
            symlink("/usr/bin/busybox", &bin)
                .with_context(|| format!("cannot link {}", bin.display()))?;
        }
    }
    Ok(())
}

/// The names of IGT's test programs, as its own list has them.
fn igt_programs(root: &Path) -> Result<String> {
    let file = root.join("usr/libexec/igt-gpu-tools/test-list.txt");
    let text = fs::read_to_string(&file)
        .with_context(|| format!("IGT's packages have no {}", file.display()))?;
    let names = text
        .split_whitespace()
        .filter(|word| !matches!(*word, "TESTLIST" | "END"));
    Ok(names.map(|name| format!("{name}\n")).collect())
}

/// Whether a name is taken, be it by a dangling link.
fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
