//! Building what a run needs: the daemon and the guest's programs with cargo, the kernel
//! module in the build root against the prepared kernel tree. Nothing of it lands in the
//! checkout except cargo's own target folder.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::chroot::Root;
use crate::cli::BuildArgs;
use crate::paths::checkout;
use crate::progress::Step;
use crate::records::Records;
use crate::setup::{self, Flavour, Ready, local_version};
use crate::{exec, stamp};

/// What the builds left.
#[derive(Clone, Debug)]
pub(crate) struct Built {
    /// The host daemon.
    pub(crate) daemon: PathBuf,
    /// A folder with the guest's programs, stripped.
    pub(crate) programs: PathBuf,
    /// The conformance suite's program.
    pub(crate) conformance: PathBuf,
    /// A folder with the daemon and the suite's program, stripped, for a guest that has a daemon
    /// of its own.
    pub(crate) hosting: PathBuf,
    /// A folder with `lib/modules/RELEASE`: our module and the lists that name it.
    pub(crate) modules: PathBuf,
}

/// The daemon's program, and the conformance suite's; all others that are built are the guest's.
const DAEMON: &str = "vhost-device-igpu";
const CONFORMANCE: &str = "igpu-conformance";

/// Builds everything, as far as it has changed.
pub(crate) fn run(ready: &Ready, only_module: bool) -> Result<Built> {
    let work = ready.cache.build();
    fs::create_dir_all(&work).with_context(|| format!("cannot create {}", work.display()))?;
    let lock =
        File::create(work.join("build.lock")).context("cannot write the build's lock file")?;
    lock.lock().context("cannot lock the build folder")?;
    let mut built = latest(ready);
    if !only_module {
        let programs = cargo_programs(ready)?;
        let hosts = [named(&programs, DAEMON)?, named(&programs, CONFORMANCE)?];
        let guest: Vec<&PathBuf> = programs.iter().filter(|p| !hosts.contains(p)).collect();
        strip_programs(ready, &guest, &built.programs)?;
        strip_programs(ready, &hosts, &built.hosting)?;
        [built.daemon, built.conformance] = hosts.map(PathBuf::clone);
    }
    module(ready, &work)?;
    Ok(built)
}

/// The command.
pub(crate) fn build(args: &BuildArgs) -> Result<u8> {
    let ready = setup::run(&args.setup)?;
    let built = run(&ready, args.module_only)?;
    if !args.module_only {
        remember(&ready, &built)?;
        println!("daemon: {}", built.daemon.display());
        println!("guest programs: {}", built.programs.display());
    }
    println!("module: {}", built.modules.join("virtio_igpu.ko").display());
    Ok(0)
}

/// Builds the daemon and the conformance suite's program, and nothing for guests.
pub(crate) fn host_programs() -> Result<[PathBuf; 2]> {
    let mut cargo = setup::cargo(None);
    cargo.args([
        "build",
        "--release",
        "--message-format=json-render-diagnostics",
        "--package=vhost-device",
        "--package=igpu-conformance",
        "--bins",
    ]);
    let cargo = cargo.stderr(std::process::Stdio::inherit());
    let output = cargo.output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!("cargo could not build the daemon ({})", output.status);
    }
    let programs = executables(&String::from_utf8_lossy(&output.stdout));
    let find = |name| named(&programs, name).cloned();
    Ok([find(DAEMON)?, find(CONFORMANCE)?])
}

/// The program of that name.
fn named<'a>(programs: &'a [PathBuf], name: &str) -> Result<&'a PathBuf> {
    let mut programs = programs.iter();
    let found = programs.find(|p| p.file_name() == Some(OsStr::new(name)));
    found.with_context(|| format!("cargo built no {name}"))
}

/// What was built last, without looking at the sources.
pub(crate) fn latest(ready: &Ready) -> Built {
    let work = ready.cache.build();
    let daemon = PathBuf::from(fs::read_to_string(work.join("daemon")).unwrap_or_default());
    Built {
        conformance: daemon.with_file_name(CONFORMANCE),
        hosting: work.join("hosting"),
        daemon,
        programs: work.join("programs"),
        modules: work.join(format!("modules{}", ready.flavour.suffix())),
    }
}

/// Builds the daemon and the guest's programs; returns the executables.
fn cargo_programs(ready: &Ready) -> Result<Vec<PathBuf>> {
    let begun = Instant::now();
    let packages: Vec<String> = [
        "vhost-device",
        "guest-tests",
        "vulkan-tests",
        "igpu-top",
        "igpu-conformance",
    ]
    .iter()
    .map(|folder| package_name(&checkout().join(folder).join("Cargo.toml")))
    .collect::<Result<_>>()?;
    setup::libclang()?;
    let mut cargo = setup::cargo(Some(ready));
    cargo.args([
        "build",
        "--release",
        "--bins",
        "--message-format=json-render-diagnostics",
    ]);
    cargo.args(
        packages
            .iter()
            .flat_map(|name| ["--package", name.as_str()]),
    );
    let output = cargo
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!(
            "cargo could not build {} ({})",
            packages.join(" and "),
            output.status
        );
    }
    let programs = executables(&String::from_utf8_lossy(&output.stdout));
    if begun.elapsed().as_secs() > 2 {
        eprintln!(
            "ok  build daemon and guest programs ({:.1} s)",
            begun.elapsed().as_secs_f64()
        );
    }
    Ok(programs)
}

/// The executables named in cargo's JSON messages.
fn executables(messages: &str) -> Vec<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .collect()
}

fn package_name(manifest: &Path) -> Result<String> {
    let text = fs::read_to_string(manifest)
        .with_context(|| format!("cannot read {}", manifest.display()))?;
    let manifest_table: toml::Table =
        toml::from_str(&text).with_context(|| format!("{} is not TOML", manifest.display()))?;
    let name = manifest_table
        .get("package")
        .and_then(|p| p.get("name"))
        .and_then(|n| n.as_str());
    name.map(str::to_string)
        .with_context(|| format!("{} names no package", manifest.display()))
}

/// Copies the guest's programs without their debug information, if they have changed.
fn strip_programs(ready: &Ready, programs: &[&PathBuf], into: &Path) -> Result<()> {
    let mut description = String::new();
    for program in programs {
        let meta =
            fs::metadata(program).with_context(|| format!("cannot read {}", program.display()))?;
        let time = meta.modified().context("the file system keeps no times")?;
        description.push_str(&format!("{} {} {time:?}\n", program.display(), meta.len()));
    }
    if stamp::fresh(into, &stamp::digest(&[&description])) {
        return Ok(());
    }
    stamp::remove(into)?;
    fs::create_dir_all(into).with_context(|| format!("cannot create {}", into.display()))?;
    for program in programs {
        let to = into.join(program.file_name().unwrap_or_default());
        fs::copy(program, &to).with_context(|| format!("cannot copy {}", program.display()))?;
    }
    if !programs.is_empty() {
        let script = "strip /k/*";
        let mut command = match &ready.buildroot {
            Some(root) => Root::new(root)
                .bind(into, "/k")
                .command(["sh", "-c", script])?,
            None => {
                let mut command = exec::command("sh");
                command.args(["-c", &script.replace("/k", &into.to_string_lossy())]);
                command
            }
        };
        exec::output("strip", &mut command)?;
    }
    fs::write(into.join(".stamp"), stamp::digest(&[&description]))
        .context("cannot stamp the guest's programs")
}

/// Builds the kernel module, if its sources have changed.
fn module(ready: &Ready, work: &Path) -> Result<()> {
    let source = checkout().join("guest-driver");
    if !source.join("Kbuild").exists() && !source.join("Makefile").exists() {
        bail!(
            "{} has no Kbuild file: there is no module to build (`--no-device` runs a guest without)",
            source.display()
        );
    }
    let suffix = ready.flavour.suffix();
    let mirror = work.join(format!("src{suffix}"));
    // Objects built for a kernel that has since been replaced must not be taken for good.
    let built_for = mirror.join(".kernel");
    if !fs::read_to_string(&built_for).is_ok_and(|key| key == ready.kernel_key) {
        stamp::remove(&mirror)?;
        fs::create_dir_all(&mirror)
            .with_context(|| format!("cannot create {}", mirror.display()))?;
        fs::write(&built_for, &ready.kernel_key).context("cannot note the module's kernel")?;
    }
    let mut changed = false;
    for folder in ["guest-driver", "protocol"] {
        changed |= mirror_tree(&checkout().join(folder), &mirror.join(folder))?;
    }
    let modules = work.join(format!("modules{suffix}"));
    let whole = MODULES.iter().all(|name| modules.join(name).exists());
    if !changed && whole && stamp::fresh(&modules, &ready.kernel_key) {
        return Ok(());
    }
    let _ = fs::remove_file(modules.join(".stamp"));
    let begun = Instant::now();
    let title = match ready.flavour {
        Flavour::Debug => "build kernel module for the debug kernel",
        _ => "build kernel module",
    };
    let step = Step::begin(title);
    let release = release(ready)?;
    let words = match ready.flavour {
        Flavour::Stock => format!("LOCALVERSION={}", local_version(&release)),
        _ => ready.flavour.make_words().to_string(),
    };
    let log = ready.cache.logs().join(format!("module{suffix}.log"));
    let make = |directory: &str| {
        format!("make -j2 -C /kernel {words} M={directory} IGPU_AS_I915=1 modules")
    };
    let mut command = match &ready.buildroot {
        Some(root) => Root::new(root)
            .bind(&ready.tree, "/kernel")
            .bind(&mirror, "/build")
            .command(["sh", "-c", &make("/build/guest-driver")])?,
        None => {
            let mut command = exec::command("make");
            command
                .arg("-C")
                .arg(&ready.tree)
                .arg(format!("M={}", mirror.join("guest-driver").display()))
                .args(["IGPU_AS_I915=1", "modules"]);
            command
        }
    };
    exec::logged("building the kernel module", &mut command, &log)?;
    install_module(ready, &mirror.join("guest-driver"), &modules, &release)?;
    let warnings = module_warnings(&fs::read_to_string(&log).unwrap_or_default());
    fs::write(
        work.join(format!("module-warnings{suffix}")),
        warnings.join("\n"),
    )
    .context("cannot note the module's warnings")?;
    if !warnings.is_empty() {
        eprintln!(
            "the module was built with {} warnings; they are in {}",
            warnings.len(),
            log.display()
        );
    }
    fs::write(modules.join(".stamp"), &ready.kernel_key).context("cannot stamp the module")?;
    let size = fs::metadata(modules.join("virtio_igpu.ko")).map_or(0, |m| m.len());
    step.done(&crate::progress::size(size));
    Records::step(&ready.cache, title, begun.elapsed().as_secs_f64(), 0)
}

/// The compiler's warnings in the log of a module build; what is known harmless is left out.
fn module_warnings(log: &str) -> Vec<String> {
    let harmless = [
        "Skipping BTF generation",
        "the compiler differs from the one used to build the kernel",
    ];
    log.lines()
        .filter(|line| line.to_ascii_lowercase().contains("warning"))
        .filter(|line| !harmless.iter().any(|known| line.contains(known)))
        .map(str::to_string)
        .collect()
}

/// The warnings of the last module build.
pub(crate) fn last_module_warnings(ready: &Ready) -> Vec<String> {
    let name = format!("module-warnings{}", ready.flavour.suffix());
    let file = ready.cache.build().join(name);
    fs::read_to_string(file)
        .unwrap_or_default()
        .lines()
        .map(str::to_string)
        .collect()
}

fn release(ready: &Ready) -> Result<String> {
    if !ready.release.is_empty() {
        return Ok(ready.release.clone());
    }
    let file = ready.tree.join("include/config/kernel.release");
    let text = fs::read_to_string(&file)
        .with_context(|| format!("the kernel tree is not prepared: no {}", file.display()))?;
    Ok(text.trim().to_string())
}

/// The module under its own name, and under the one that IGT loads and unloads.
const MODULES: [&str; 2] = ["virtio_igpu.ko", "i915.ko"];

/// Lays the stripped module, under both its names, beside the stock ones and has depmod list
/// them all.
fn install_module(ready: &Ready, built: &Path, modules: &Path, release: &str) -> Result<()> {
    let lists = modules.join("lib/modules").join(release);
    stamp::remove(modules)?;
    fs::create_dir_all(lists.join("updates"))
        .with_context(|| format!("cannot create {}", lists.display()))?;
    for name in MODULES {
        let from = built.join(name);
        fs::copy(&from, modules.join(name)).with_context(|| {
            format!(
                "cannot copy {}; does the Kbuild file build it?",
                from.display()
            )
        })?;
    }
    let script = r#"
set -e
release=$1; cd /k
strip -g virtio_igpu.ko i915.ko
cp virtio_igpu.ko i915.ko "lib/modules/$release/updates/"
if [ -d /stock ]; then cp -a /stock/kernel /stock/modules.builtin* /stock/modules.order "lib/modules/$release/"; fi
depmod -b /k "$release"
rm -rf "lib/modules/$release/kernel"
"#;
    let mut command = match (&ready.buildroot, &ready.modules) {
        (Some(root), Some(stock)) => Root::new(root)
            .bind(modules, "/k")
            .bind(stock, "/stock")
            .command(["sh", "-c", script, "install", release])?,
        _ => {
            let script = script.replace("/k", &modules.to_string_lossy());
            let mut command = exec::command("sh");
            command.args(["-c", &script, "install", release]);
            command
        }
    };
    exec::output("listing the module with depmod", &mut command).map(|_| ())
}

/// Makes `to` hold the files of `from` (less build outputs), touching only what differs.
/// Files that an earlier mirroring brought and that are gone from `from` are removed; what
/// a build made in `to` stays. Says whether anything changed.
fn mirror_tree(from: &Path, to: &Path) -> Result<bool> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    let mut files = BTreeSet::new();
    list_files(from, Path::new(""), &mut files)?;
    let manifest = to.with_extension("files");
    let before: BTreeSet<PathBuf> = fs::read_to_string(&manifest)
        .unwrap_or_default()
        .lines()
        .map(PathBuf::from)
        .collect();
    let mut changed = before != files;
    for gone in before.difference(&files) {
        let _ = fs::remove_file(to.join(gone));
    }
    for file in &files {
        let (source, target) = (from.join(file), to.join(file));
        let content = match fs::read(&source) {
            Ok(content) => content,
            Err(_) if !source.exists() => continue,
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", source.display()));
            }
        };
        if fs::read(&target).is_ok_and(|old| old == content) {
            continue;
        }
        changed = true;
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot create {}", parent.display()))?;
        }
        fs::write(&target, content)
            .with_context(|| format!("cannot write {}", target.display()))?;
        let mode = fs::metadata(&source)
            .with_context(|| format!("cannot read {}", source.display()))?
            .permissions();
        fs::set_permissions(&target, mode)
            .with_context(|| format!("cannot set the mode of {}", target.display()))?;
    }
    let list: Vec<String> = files
        .iter()
        .map(|f| f.to_string_lossy().into_owned())
        .collect();
    stamp::write_atomically(&manifest, list.join("\n").as_bytes())?;
    Ok(changed)
}

fn list_files(root: &Path, under: &Path, files: &mut BTreeSet<PathBuf>) -> Result<()> {
    let folder = root.join(under);
    for entry in
        fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?
    {
        let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
        let name = entry.file_name();
        let path = under.join(&name);
        if name == "target" || name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            list_files(root, &path, files)?;
        } else {
            files.insert(path);
        }
    }
    Ok(())
}

/// Remembers where the daemon is, for runs that build nothing.
pub(crate) fn remember(ready: &Ready, built: &Built) -> Result<()> {
    stamp::write_atomically(
        &ready.cache.build().join("daemon"),
        built.daemon.as_os_str().as_encoded_bytes(),
    )
}

#[cfg(test)]
mod tests {
    use super::{executables, mirror_tree, module_warnings};
    use std::fs;

    #[test]
    fn executables_come_from_cargos_messages() {
        let messages = "{\"reason\":\"x\",\"executable\":\"/t/release/a\"}\n{\"reason\":\"y\",\"executable\":null}\nnoise\n";
        assert_eq!(
            executables(messages),
            [std::path::PathBuf::from("/t/release/a")]
        );
    }

    #[test]
    fn mirroring_is_quiet_when_nothing_changed_and_removes_what_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        fs::create_dir_all(from.join("sub")).expect("folders");
        fs::write(from.join("sub/x"), "1").expect("a file");
        fs::write(from.join("y"), "2").expect("a file");
        assert!(mirror_tree(&from, &to).expect("first"));
        assert!(!mirror_tree(&from, &to).expect("second"));
        fs::write(to.join("made.o"), "3").expect("an output");
        fs::remove_file(from.join("y")).expect("removal");
        assert!(mirror_tree(&from, &to).expect("third"));
        assert!(!to.join("y").exists() && to.join("made.o").exists() && to.join("sub/x").exists());
    }

    #[test]
    fn harmless_lines_are_no_warnings() {
        let log = "Skipping BTF generation for x: warning\nwarning: unused variable\nfine\n";
        assert_eq!(module_warnings(log), ["warning: unused variable"]);
    }
}
