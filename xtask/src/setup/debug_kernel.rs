//! The debug guest kernel: the stock kernel's source, configured by ci/kernel/debug.config
//! and built by clang, which Kconfig demands for Rust and KASAN together.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{KernelParts, Work};
use crate::chroot::Root;
use crate::paths::checkout;
use crate::progress::{self, Step};
use crate::{exec, stamp};

/// What make is told at every call: a module has to be built as the kernel was.
pub(super) const COMPILER: &str = "CC=clang";

/// Lines that a whole build prints, for the progress bar (one a file, nearly).
const LINES: u64 = 2000;

/// Run in the build root: makes the configuration of our answers. /k/answers is a file of
/// ours, so a changed one makes the build folder stale; an unchanged one is left alone, and
/// make goes on where it was interrupted.
const CONFIGURE: &str = "
set -e; cd /kernel
[ ! -e .config ] || exit 0
make COMPILER KCONFIG_ALLCONFIG=/k/answers allnoconfig
";

/// Run in the build root: the kernel, and what a module is built against.
const BUILD: &str = "
set -e; cd /kernel
make -j$(nproc) COMPILER vmlinux modules
";

/// Run in the build root: what guests boot, and the tree less what no module's build reads.
const FINISH: &str = r#"
set -e; cd /kernel
release=$(cat include/config/kernel.release)
to=/k/lib/modules/$release
mkdir -p "$to/kernel"
cp modules.builtin modules.builtin.modinfo modules.order "$to/"
depmod -b /k "$release"
strip -g -o /k/vmlinux vmlinux
cp .config /k/config
printf %s "$release" >/k/release
find . -path ./scripts -prune -o -path ./tools -prune -o -path ./rust -prune -o -type f \
    '(' -name '*.o' -o -name '*.a' -o -name '.*.cmd' -o -name 'vmlinux*' -o -name '.tmp_vmlinux*' ')' \
    ! -name '*.S' ! -name '*.h' ! -name '*.symvers' -exec rm '{}' +
"#;

impl Work<'_> {
    /// The debug kernel, built if it is not there yet.
    pub(super) fn debug_kernel(&mut self, buildroot: &Path) -> Result<KernelParts> {
        let file = checkout().join("ci/kernel/debug.config");
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let answers = without_comments(&text);
        let key = stamp::digest(&[
            "debug kernel 1",
            &self.set("kernel")?.key(),
            &self.set("buildroot")?.key(),
            COMPILER,
            &answers,
        ]);
        if !stamp::fresh(&self.cache.product("kernel-debug"), &key) {
            self.fetch("kernel")?;
        }
        let product =
            self.resumable("kernel-debug", &key, "build debug kernel", |work, into| {
                work.build_debug_kernel(into, buildroot, &answers)
            })?;
        let release = fs::read_to_string(product.join("release"))
            .context("the debug kernel has no release")?;
        Ok(KernelParts {
            tree: product.join("tree"),
            vmlinux: product.join("vmlinux"),
            modules: Some(product.join("lib/modules").join(&release)),
            release,
            key,
        })
    }

    fn build_debug_kernel(&self, into: &Path, buildroot: &Path, answers: &str) -> Result<()> {
        let tree = into.join("tree");
        let unpacked = into.join("unpacked");
        if !unpacked.exists() {
            stamp::remove(&tree)?;
            fs::create_dir(&tree).context("cannot create the tree's folder")?;
            self.kernel_source(&tree, buildroot)?;
            fs::write(&unpacked, "").context("cannot note that the source is unpacked")?;
        }
        fs::write(into.join("answers"), answers).context("cannot write the configuration")?;
        let logs = self.cache.logs();
        let in_root = |script: &str| {
            Root::new(buildroot)
                .bind(into, "/k")
                .bind(&tree, "/kernel")
                .command(["sh", "-c", &script.replace("COMPILER", COMPILER)])
        };
        exec::logged(
            "configuring the debug kernel",
            &mut in_root(CONFIGURE)?,
            &logs.join("kernel-debug-config.log"),
        )?;
        let config =
            fs::read_to_string(tree.join(".config")).context("the debug kernel has no .config")?;
        let lost = not_as_asked(answers, &config);
        if !lost.is_empty() {
            bail!(
                "ci/kernel/debug.config asks for what this kernel's Kconfig does not give: {}",
                lost.join(", ")
            );
        }
        progress::step("build debug kernel", |step| {
            let log = logs.join("kernel-debug.log");
            exec::logged_with(
                "building the debug kernel",
                &mut in_root(BUILD)?,
                &log,
                || show(step, &log),
            )
        })?;
        exec::logged(
            "finishing the debug kernel",
            &mut in_root(FINISH)?,
            &logs.join("kernel-debug-finish.log"),
        )
    }
}

/// The lines that Kconfig reads: a comment may change and the kernel stays.
fn without_comments(text: &str) -> String {
    text.lines()
        .filter(|line| line.starts_with("CONFIG_") || line.ends_with(" is not set"))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// How far make has come, by the lines of its log.
fn show(step: &Step, log: &Path) {
    let mut bytes = Vec::new();
    if fs::File::open(log)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .is_ok()
    {
        let lines = bytes.iter().filter(|&&byte| byte == b'\n').count() as u64;
        step.parts(LINES.max(lines));
        step.at(lines);
    }
}

/// The answers that did not come out: options named `=...` that stand otherwise in the
/// configuration, and options named off that are on.
fn not_as_asked(answers: &str, config: &str) -> Vec<String> {
    let config: BTreeSet<&str> = config.lines().collect();
    let on: BTreeSet<&str> = config
        .iter()
        .filter_map(|line| line.split_once('=').map(|(name, _)| name))
        .collect();
    let lost = answers.lines().filter(|line| {
        match line
            .strip_prefix("# ")
            .and_then(|rest| rest.strip_suffix(" is not set"))
        {
            Some(name) => on.contains(name),
            None => line.starts_with("CONFIG_") && !config.contains(line),
        }
    });
    lost.map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::{not_as_asked, without_comments};

    #[test]
    fn comments_are_no_answers() {
        let text = "# What for.\nCONFIG_A=y\n\n# CONFIG_B is not set\n";
        assert_eq!(
            without_comments(text),
            "CONFIG_A=y\n# CONFIG_B is not set\n"
        );
    }

    #[test]
    fn answers_that_did_not_come_out_are_named() {
        let answers = "# A comment.\nCONFIG_A=y\nCONFIG_B=17\n# CONFIG_C is not set\nCONFIG_D=y\n# CONFIG_E is not set\n";
        let config = "CONFIG_A=y\nCONFIG_B=16\nCONFIG_C=y\n# CONFIG_D is not set\n";
        assert_eq!(
            not_as_asked(answers, config),
            ["CONFIG_B=17", "# CONFIG_C is not set", "CONFIG_D=y"]
        );
    }
}
