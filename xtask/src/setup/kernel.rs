//! The guest's kernel: the stock binary, uncompressed; the modules a guest may load; and
//! the source tree prepared for building a module outside of it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{KernelParts, Work};
use crate::chroot::Root;
use crate::progress::{self, Step};
use crate::{exec, stamp, unpack};

/// Modules the initramfs loads to reach the root file system.
pub(crate) const INITRAMFS_MODULES: [&str; 3] = ["virtio_blk", "erofs", "overlay"];

/// Modules in the guest's root, with all that they depend on.
pub(crate) const GUEST_MODULES: [&str; 19] = [
    "virtio_blk",
    "erofs",
    "overlay",
    "9p",
    "9pnet_virtio",
    "virtiofs",
    "drm",
    "drm_exec",
    "drm_gpuvm",
    "gpu-sched",
    "drm_kms_helper",
    "drm_shmem_helper",
    "drm_client_lib",
    "drm_buddy",
    "vgem",
    "udmabuf",
    "virtio-gpu",
    "msr",
    "loop",
];

/// Run in the build root on the unpacked packages in /k/parts: keeps the kernel, its config
/// and symbol list, and the wanted modules with all they need, by the real depmod and
/// modprobe, as plain files (a guest under emulation loads those fastest).
const CHOOSE: &str = r#"
set -e
release=$1; shift
parts=/k/parts; from=$parts/usr/lib/modules/$release; to=/k/lib/modules/$release
ln -sfn usr/lib $parts/lib
mkdir -p "$to"
for file in vmlinuz config; do
    if [ -e "$from/$file" ]; then cp "$from/$file" /k/$file; else cp "$parts/boot/$file-$release" /k/$file; fi
done
cp "$parts/usr/src/linux-headers-$release/Module.symvers" /k/
cp "$from"/modules.builtin* "$from/modules.order" "$to/"
depmod -b $parts "$release"
for name; do modprobe -d $parts -S "$release" --show-depends --ignore-install "$name"; done |
    awk '$1 == "insmod" { print $2 }' | sort -u | while read -r file; do
        plain=$to/kernel/${file#*/kernel/}; plain=${plain%.xz}
        mkdir -p "${plain%/*}"
        case $file in *.xz) xz -dc "$file" >"$plain" ;; *) cp "$file" "$plain" ;; esac
    done
depmod -b /k "$release"
rm -r $parts
"#;

/// Sources that only cost time to unpack: register headers of another vendor's GPUs.
const LEFT_OUT: [&str; 1] = ["*/drivers/gpu/drm/amd/include/asic_reg"];

impl Work<'_> {
    /// The stock kernel with its modules, and the tree that modules are built in.
    pub(super) fn kernel(&mut self, buildroot: &Path) -> Result<KernelParts> {
        let set = self.set("kernel")?.clone();
        let release = set.release.clone();
        let kernel_key = stamp::digest(&["kernel 1", &set.key(), &GUEST_MODULES.join(" ")]);
        let tree_key = stamp::digest(&["tree 2", &set.key(), &self.set("buildroot")?.key()]);
        let fresh = stamp::fresh(&self.cache.product("kernel"), &kernel_key)
            && stamp::fresh(&self.cache.product("kernel-tree"), &tree_key);
        if !fresh {
            self.fetch("kernel")?;
        }
        let kernel = self.product("kernel", &kernel_key, "unpack kernel", |work, into| {
            let step = Step::begin("unpack kernel and modules");
            work.kernel_parts(into, buildroot, &release, &step)?;
            step.done("");
            Ok(())
        })?;
        let parts = kernel.clone();
        let tree = self.product(
            "kernel-tree",
            &tree_key,
            "prepare kernel tree",
            |work, into| work.kernel_tree(into, &parts, buildroot, &release),
        )?;
        Ok(KernelParts {
            tree,
            vmlinux: kernel.join("vmlinux"),
            modules: Some(kernel.join("lib/modules").join(&release)),
            release,
            key: tree_key,
        })
    }

    pub(super) fn kernel_file(&self, name: &str) -> Result<PathBuf> {
        let package = self.set("kernel")?.package(name)?;
        Ok(self.suite("kernel").file(package))
    }

    fn kernel_parts(
        &self,
        into: &Path,
        buildroot: &Path,
        release: &str,
        step: &Step,
    ) -> Result<()> {
        let parts = into.join("parts");
        fs::create_dir(&parts).context("cannot create a folder for the packages")?;
        for part in [
            "linux-base",
            "linux-headers",
            "linux-binary",
            "linux-modules",
        ] {
            step.doing(part);
            unpack::package(
                &self.kernel_file(&format!("{part}-{release}"))?,
                &parts,
                &[],
            )?;
        }
        step.doing("choosing modules");
        let arguments = ["sh", "-c", CHOOSE, "modules", release]
            .into_iter()
            .chain(GUEST_MODULES);
        let mut command = Root::new(buildroot).bind(into, "/k").command(arguments)?;
        exec::logged(
            "choosing kernel modules",
            &mut command,
            &self.cache.logs().join("kernel-modules.log"),
        )?;
        step.doing("uncompressing the kernel");
        let packed = fs::read(into.join("vmlinuz")).context("cannot read vmlinuz")?;
        let offset = zstd_payload(&packed).with_context(|| {
            format!("vmlinuz-{release} holds no zstd payload; was another compression chosen?")
        })?;
        fs::write(into.join("payload.zst"), &packed[offset..])
            .context("cannot write the kernel's payload")?;
        // What follows the payload makes zstd complain at the end: the ELF magic is the judge.
        let script = "zstd -dcqf /k/payload.zst >/k/vmlinux 2>/dev/null || true; rm /k/payload.zst";
        let mut command = Root::new(buildroot)
            .bind(into, "/k")
            .command(["sh", "-c", script])?;
        exec::output("uncompressing the kernel", &mut command)?;
        let vmlinux =
            fs::read(into.join("vmlinux")).context("cannot read the uncompressed kernel")?;
        if !vmlinux.starts_with(b"\x7fELF") || vmlinux.len() < packed.len() {
            bail!("the kernel's payload is no ELF image");
        }
        Ok(())
    }

    /// Unpacks the kernel's source into a folder.
    pub(super) fn kernel_source(&self, into: &Path, buildroot: &Path) -> Result<()> {
        let source = self
            .set("kernel")?
            .packages
            .iter()
            .find(|p| p.wanted.starts_with("linux-source-"))
            .context("the kernel's set has no linux-source")?;
        progress::step("unpack kernel source", |_| {
            let unpacked = into.join("deb");
            fs::create_dir(&unpacked)?;
            unpack::package(
                &self.suite("kernel").file(source),
                &unpacked,
                &["./usr/src/*.tar.xz"],
            )?;
            let script = format!(
                "set -e; xz -T2 -dc /k/deb/usr/src/*.tar.xz | tar -x -C /k --strip-components=1 {}; rm -r /k/deb",
                LEFT_OUT.map(|path| format!("--exclude='{path}'")).join(" ")
            );
            let mut command = Root::new(buildroot)
                .bind(into, "/k")
                .command(["sh", "-c", &script])?;
            exec::logged(
                "unpacking the kernel source",
                &mut command,
                &self.cache.logs().join("kernel-source.log"),
            )
        })
        .map(|_| ())
    }

    fn kernel_tree(
        &self,
        into: &Path,
        kernel: &Path,
        buildroot: &Path,
        release: &str,
    ) -> Result<()> {
        self.kernel_source(into, buildroot)?;
        for (from, to) in [("config", ".config"), ("Module.symvers", "Module.symvers")] {
            fs::copy(kernel.join(from), into.join(to))
                .with_context(|| format!("the kernel's packages left no {from}"))?;
        }
        progress::step("prepare kernel tree", |_| {
            let version = local_version(release);
            let script = format!(
                "set -e; cd /kernel; make LOCALVERSION={version} olddefconfig; \
                 make -j2 LOCALVERSION={version} prepare modules_prepare; \
                 test \"$(cat include/config/kernel.release)\" = {release}"
            );
            let mut command = Root::new(buildroot)
                .bind(into, "/kernel")
                .command(["sh", "-c", &script])?;
            let log = self.cache.logs().join("kernel-prepare.log");
            exec::logged("preparing the kernel tree", &mut command, &log)
        })?;
        let read = |path: &Path| {
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
        };
        let lost = lost_options(
            &read(&kernel.join("config"))?,
            &read(&into.join(".config"))?,
        );
        if !lost.is_empty() {
            bail!(
                "the prepared tree lost options that the stock kernel was built with ({}): a module built in it \
                 would not fit; the build root lacks a tool that the kernel's configuration looks for",
                lost.join(", ")
            );
        }
        Ok(())
    }
}

/// `7.2.12+deb13-amd64` was built with this LOCALVERSION.
pub(crate) fn local_version(release: &str) -> &str {
    release.find(['+', '-']).map_or("", |at| &release[at..])
}

/// Options that are on in the stock configuration and not in the prepared one. The layout
/// of the kernel's structures hangs on them. What only concerns signing is left out: the
/// key is Debian's.
fn lost_options(stock: &str, prepared: &str) -> Vec<String> {
    let on = |text: &str| -> std::collections::BTreeSet<String> {
        text.lines()
            .filter_map(|l| l.strip_suffix("=y").or(l.strip_suffix("=m")))
            .map(str::to_string)
            .collect()
    };
    let prepared = on(prepared);
    let lost = on(stock)
        .into_iter()
        .filter(|name| !prepared.contains(name));
    lost.filter(|name| !name.contains("MODULE_SIG") && !name.contains("OPENSSL"))
        .collect()
}

/// Where the zstd frame begins in a bzImage.
fn zstd_payload(image: &[u8]) -> Option<usize> {
    image
        .windows(4)
        .position(|window| window == [0x28, 0xb5, 0x2f, 0xfd])
}

#[cfg(test)]
mod tests {
    use super::{local_version, lost_options, zstd_payload};

    #[test]
    fn an_option_that_went_is_seen() {
        let stock = "CONFIG_A=y\nCONFIG_B=m\nCONFIG_MODULE_SIG_X=y\n# CONFIG_C is not set\n";
        assert_eq!(lost_options(stock, "CONFIG_B=m\n"), ["CONFIG_A"]);
    }

    #[test]
    fn local_version_is_what_follows_the_numbers() {
        assert_eq!(local_version("7.2.12+deb13-amd64"), "+deb13-amd64");
        assert_eq!(local_version("7.2.12"), "");
    }

    #[test]
    fn payload_is_found_by_its_magic() {
        assert_eq!(zstd_payload(b"xx\x28\xb5\x2f\xfdyy"), Some(2));
        assert_eq!(zstd_payload(b"nothing"), None);
    }
}
