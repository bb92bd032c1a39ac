// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What the daemon gives up before it takes a guest's first byte: files it does not need
//! (Landlock), system calls it does not make (seccomp, [`calls`]), and privileges it might
//! gain. docs/sandbox.md says what is left and why. Knows the kernel's mechanisms; what the
//! daemon needs, it is told.
//!
//! Threads inherit all of it, so it is entered while there is one.

mod calls;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::ValueEnum;
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
};

/// How much of a sandbox there has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// As much as this kernel offers; the log says what it lacks
    Auto,
    /// All of it, or the daemon doesn't start
    Required,
    /// Like auto, but what seccomp would refuse is let through, and the kernel's log names it
    Log,
    /// None
    Off,
}

/// What may still be done with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A device: opened for reading and writing, and its calls made.
    Device,
    /// A file that is there: opened for writing, emptied first.
    Overwrite,
    /// A folder: files in it are made, written and renamed.
    Replace,
    /// A folder: files in it are removed.
    Remove,
}

impl Use {
    fn access(self) -> BitFlags<AccessFs> {
        match self {
            Self::Device => AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev,
            Self::Overwrite => AccessFs::WriteFile | AccessFs::Truncate,
            Self::Replace => {
                AccessFs::WriteFile | AccessFs::Truncate | AccessFs::MakeReg | AccessFs::RemoveFile
            }
            Self::Remove => AccessFs::RemoveFile.into(),
        }
    }
}

/// What the daemon needs once guests come.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    paths: Vec<(PathBuf, Use)>,
    gpu: bool,
}

impl Needs {
    /// A path, which is there.
    pub fn path(&mut self, path: impl Into<PathBuf>, needed: Use) {
        self.paths.push((path.into(), needed));
    }

    /// The folder that a file lies in, or is to lie in.
    pub fn folder_of(&mut self, file: &Path, needed: Use) {
        let folder = file.parent().filter(|folder| *folder != Path::new(""));
        self.path(folder.unwrap_or(Path::new(".")), needed);
    }

    /// A GPU of this machine: calls of DRM devices.
    pub fn gpu(&mut self) {
        self.gpu = true;
    }
}

/// What is in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InForce {
    /// Files are kept from the process.
    pub landlock: bool,
    /// System calls are.
    pub seccomp: bool,
}

impl fmt::Display for InForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.landlock, self.seccomp) {
            (true, true) => "Landlock and seccomp",
            (true, false) => "Landlock",
            (false, true) => "seccomp",
            (false, false) => "nothing",
        })
    }
}

/// Gives up all that is not needed, for good. To be called while the process has one thread;
/// with more, files are kept from the calling one alone. Returns what is in force.
pub fn enter(mode: Mode, needs: &Needs) -> anyhow::Result<InForce> {
    if mode == Mode::Off {
        return Ok(InForce::default());
    }
    let mut lacks = Vec::new();
    let landlock = settle("Landlock", keep_files(needs), mode, &mut lacks)?;
    let refusal = match mode {
        Mode::Log => calls::Refusal::Log,
        _ => calls::Refusal::Errno,
    };
    let seccomp = calls::keep(refusal, needs.gpu);
    let seccomp = settle("seccomp", seccomp, mode, &mut lacks)?;
    if !lacks.is_empty() {
        log::warn!("the sandbox lacks {}", lacks.join(", and "));
    }
    Ok(InForce { landlock, seccomp })
}

/// Whether a mechanism is in force. One that isn't is an error where it has to be, and
/// otherwise one of what is lacking.
fn settle(
    name: &str,
    result: anyhow::Result<()>,
    mode: Mode,
    lacks: &mut Vec<String>,
) -> anyhow::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if mode == Mode::Required => {
            Err(error.context(format!("no sandbox without {name}")))
        }
        Err(error) => {
            lacks.push(format!("{name} ({error:#})"));
            Ok(false)
        }
    }
}

/// Keeps files, the network and other processes from this thread and those it starts.
///
/// The right to files by their path is what Landlock has had from its first version on, and
/// what there has to be. What came later is taken where it is there; without it
/// seccomp has the same effect: no socket can be made, no signal sent, no path truncated.
fn keep_files(needs: &Needs) -> anyhow::Result<()> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .context("this kernel does not offer it")?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V7))?
        .handle_access(AccessNet::from_all(ABI::V7))?
        .scope(Scope::from_all(ABI::V7))?
        .create()?;
    for (path, needed) in &needs.paths {
        let shown = path.display();
        let file = PathFd::new(path).with_context(|| format!("{shown} can't be allowed"))?;
        ruleset = ruleset.add_rule(PathBeneath::new(file, needed.access()))?;
    }
    match ruleset.restrict_self()?.ruleset {
        RulesetStatus::NotEnforced => bail!("this kernel does not enforce it"),
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
    }
}

/// The number of the process's threads, where the kernel tells it.
pub fn threads() -> Option<usize> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    Some(tasks.count())
}
