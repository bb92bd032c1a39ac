//! The QEMU that guests run in: Debian's, one that a person brought, or one of our own, which
//! is Debian's source with the series in qemu-patches/ applied.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{Work, existing, packages};
use crate::chroot::Root;
use crate::cli::QemuChoice;
use crate::paths::checkout;
use crate::progress::{self, Step};
use crate::{exec, stamp};

/// The name of the product: our own QEMU. Checkouts with different patches, which share the
/// cache, have one each.
fn product_name(key: &str) -> String {
    format!("qemu-patched-{}", &key[..12])
}

/// What QEMU's source is configured with: what our guests and QEMU's own tests of our device
/// need, and what people who try it at home use (KVM, 9p, plugins).
const OPTIONS: &str = "--target-list=x86_64-softmmu --without-default-features --disable-download \
    --disable-install-blobs --disable-docs --enable-tcg --enable-kvm --enable-vhost-user --enable-vhost-kernel \
    --enable-virtfs --enable-attr --enable-pixman --enable-plugins";

/// Run in the build root: the source with our patches. `patch` says which it was that does not
/// apply.
const UNPACK: &str = r#"
set -e; cd /q
mkdir src; xz -T2 -dc /source/"$1" | tar -x -C src --strip-components=1
cd src
for patch in /patches/*.patch; do
    echo "$(basename "$patch")"
    patch -p1 --forward --fuzz=0 --no-backup-if-mismatch <"$patch"
done
"#;

/// Run in the build root.
const CONFIGURE: &str = "
set -e; mkdir /q/src/build; cd /q/src/build
CC=gcc-14 ../configure OPTIONS
";

/// Run in the build root: QEMU, and its tests of devices.
const BUILD: &str = "
set -e; cd /q/src/build
ninja -j$(nproc) qemu-system-x86_64 tests/qtest/vhost-user-igpu-test
";

/// Run in the build root: keeps the programs and the script that checks patches.
const FINISH: &str = r#"
set -e; cd /q
mkdir bin checkpatch
strip -g -o bin/qemu-system-x86_64 src/build/qemu-system-x86_64
strip -g -o bin/vhost-user-igpu-test src/build/tests/qtest/vhost-user-igpu-test
cp src/scripts/checkpatch.pl checkpatch/
cp src/VERSION checkpatch/
rm -r src
"#;

/// A QEMU to run, and which device of ours it has.
#[derive(Clone, Debug)]
pub(crate) struct Qemu {
    /// How it is called.
    pub(crate) program: Program,
    /// What carries our virtqueues.
    pub(crate) device: Device,
}

/// How a QEMU is called.
#[derive(Clone, Debug)]
pub(crate) enum Program {
    /// One unpacked into the cache, run by its own dynamic linker.
    Cached(PathBuf),
    /// The one that we built, and the root with the libraries and firmware it runs with.
    Built {
        /// The program.
        program: PathBuf,
        /// The root of the cached one.
        root: PathBuf,
    },
    /// A person's own.
    Own(PathBuf),
}

/// The device of QEMU's that carries our virtqueues.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Device {
    /// QEMU's generic one, `vhost-user-test-device-pci`, with virtio's identity.
    Generic,
    /// `vhost-user-igpu-pci`, with Intel's identity.
    Igpu,
}

/// What `cargo xtask qemu` leaves.
#[derive(Clone, Debug)]
pub(crate) struct Patched {
    /// The folder with QEMU, its tests of devices, and its script that checks patches.
    pub(crate) product: PathBuf,
    /// Whose libraries and firmware it runs with.
    pub(crate) root: PathBuf,
}

impl Patched {
    /// As a QEMU to run.
    pub(crate) fn qemu(&self) -> Qemu {
        Qemu {
            program: Program::Built {
                program: self.product.join("bin/qemu-system-x86_64"),
                root: self.root.clone(),
            },
            device: Device::Igpu,
        }
    }
}

impl Work<'_> {
    /// The QEMU that was asked for, and our own if it is there or was asked for.
    pub(super) fn qemu(&mut self) -> Result<(Qemu, Option<Patched>)> {
        if let QemuChoice::Path(path) = &self.args.qemu {
            let path = existing(path, "--qemu")?;
            let device = device_of(&path)?;
            let program = Program::Own(path);
            return Ok((Qemu { program, device }, None));
        }
        let root = self.root("qemu")?;
        let stock = Qemu {
            program: Program::Cached(root.clone()),
            device: Device::Generic,
        };
        let wanted = self.args.builds_qemu();
        let patched = match self.patched_key()? {
            Some(key) if wanted || stamp::fresh(&self.cache.product(&product_name(&key)), &key) => {
                let product = self.patched_qemu(&key)?;
                Some(Patched { product, root })
            }
            _ => None,
        };
        let qemu = match (&self.args.qemu, &patched) {
            (QemuChoice::Stock, _) | (_, None) => stock,
            (_, Some(patched)) => patched.qemu(),
        };
        Ok((qemu, patched))
    }

    /// What our own QEMU is made from; `None` if that was never asked for.
    fn patched_key(&self) -> Result<Option<String>> {
        let sets = [packages::QEMU_BUILD_SET, packages::QEMU_SOURCE_SET];
        if sets.iter().any(|set| self.set(set).is_err()) {
            return Ok(None);
        }
        let mut parts = vec!["qemu 1".to_string(), OPTIONS.to_string()];
        for set in sets {
            parts.push(self.set(set)?.key());
        }
        for patch in patches()? {
            let text = fs::read_to_string(&patch);
            parts.push(text.with_context(|| format!("cannot read {}", patch.display()))?);
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        Ok(Some(stamp::digest(&parts)))
    }

    fn patched_qemu(&mut self, key: &str) -> Result<PathBuf> {
        let name = product_name(key);
        if stamp::fresh(&self.cache.product(&name), key) {
            return Ok(self.cache.product(&name));
        }
        let tools = self.root(packages::QEMU_BUILD_SET)?;
        let source = self.fetch(packages::QEMU_SOURCE_SET)?;
        let source = source.first().context("QEMU's source is no file")?.clone();
        self.product(&name, key, "build QEMU", |work, into| {
            work.build_qemu(into, &tools, &source)
        })
    }

    fn build_qemu(&self, into: &Path, tools: &Path, source: &Path) -> Result<()> {
        let folder = source.parent().context("QEMU's source is in no folder")?;
        let name = source.file_name().context("QEMU's source has no name")?;
        let name = name.to_string_lossy();
        let in_root = |script: &str| {
            Root::new(tools)
                .bind(into, "/q")
                .bind(folder, "/source")
                .bind(&patch_folder(), "/patches")
                .command(["sh", "-c", script, "qemu", &name])
        };
        let logs = self.cache.logs();
        progress::step("unpack QEMU and apply qemu-patches/", |_| {
            let log = logs.join("qemu-patch.log");
            exec::logged(
                "applying qemu-patches/ to QEMU",
                &mut in_root(UNPACK)?,
                &log,
            )
        })?;
        progress::step("configure QEMU", |_| {
            let log = logs.join("qemu-configure.log");
            let script = CONFIGURE.replace("OPTIONS", OPTIONS);
            exec::logged("configuring QEMU", &mut in_root(&script)?, &log)
        })?;
        progress::step("build QEMU", |step| {
            let log = logs.join("qemu-build.log");
            let mut command = in_root(BUILD)?;
            exec::logged_with("building QEMU", &mut command, &log, || show(step, &log))
        })?;
        let log = logs.join("qemu-finish.log");
        exec::logged("finishing QEMU", &mut in_root(FINISH)?, &log)
    }
}

/// The folder of our series.
pub(crate) fn patch_folder() -> PathBuf {
    checkout().join("qemu-patches")
}

/// The patches of our series, in their order.
pub(crate) fn patches() -> Result<Vec<PathBuf>> {
    let folder = patch_folder();
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "patch"))
        .collect();
    found.sort();
    if found.is_empty() {
        bail!("{} holds no patch", folder.display());
    }
    Ok(found)
}

/// Which device of ours a person's own QEMU has.
fn device_of(program: &Path) -> Result<Device> {
    let mut command = exec::command(program);
    command.args(["-device", "vhost-user-igpu-pci,help"]);
    let output = command
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    Ok(match output.status.success() {
        true => Device::Igpu,
        false => Device::Generic,
    })
}

/// How far ninja has come, by the end of its log: `[123/2456] ...`.
fn show(step: &Step, log: &Path) {
    let Ok(text) = fs::read_to_string(log) else {
        return;
    };
    if let Some((done, all)) = text.lines().rev().find_map(ninja_progress) {
        step.parts(all);
        step.at(done);
    }
}

fn ninja_progress(line: &str) -> Option<(u64, u64)> {
    let (done, rest) = line.strip_prefix('[')?.split_once('/')?;
    let (all, _) = rest.split_once(']')?;
    Some((done.parse().ok()?, all.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::ninja_progress;

    #[test]
    fn ninja_says_how_far_it_is() {
        assert_eq!(
            ninja_progress("[12/2456] Compiling C object"),
            Some((12, 2456))
        );
        assert_eq!(ninja_progress("ninja: entering"), None);
    }
}
