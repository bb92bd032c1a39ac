//! Debian packages without touching the host: `apt-get` with its own sources, lists and
//! folders finds out what a set of packages needs and fetches it into the cache.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};

use crate::exec;
use crate::paths::Cache;
use crate::progress::{self, Step};

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// What the name of a source package begins with, where packages are listed.
const SOURCE: &str = "src:";

/// One package file, as the archive offers it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Package {
    /// `name=version`, as apt wants to hear it.
    pub(crate) wanted: String,
    /// The file's name in the download folder.
    pub(crate) file: String,
    /// Its size in bytes.
    pub(crate) size: u64,
}

/// One Debian suite (with what belongs to it) and our private apt state for it.
pub(crate) struct Suite {
    name: &'static str,
    folder: PathBuf,
    downloads: PathBuf,
    mirror: String,
}

impl Suite {
    /// Trixie with its updates and backports.
    pub(crate) fn trixie(cache: &Cache, mirror: &str) -> Self {
        Self::new(cache, mirror, "trixie")
    }

    /// Forky.
    pub(crate) fn forky(cache: &Cache, mirror: &str) -> Self {
        Self::new(cache, mirror, "forky")
    }

    fn new(cache: &Cache, mirror: &str, name: &'static str) -> Self {
        Self {
            name,
            folder: cache.apt().join(name),
            downloads: cache.apt().join("downloads"),
            mirror: mirror.trim_end_matches('/').to_string(),
        }
    }

    fn sources(&self) -> String {
        let suites = match self.name {
            "trixie" => "trixie trixie-updates trixie-backports",
            other => other,
        };
        format!(
            "Types: deb deb-src\nURIs: {}\nSuites: {suites}\nComponents: main\nArchitectures: amd64\nSigned-By: {KEYRING}\n",
            self.mirror
        )
    }

    fn configuration(&self) -> PathBuf {
        self.folder.join("apt.conf")
    }

    fn write_configuration(&self) -> Result<()> {
        for folder in ["lists/partial", "archives/partial"] {
            let folder = self.folder.join(folder);
            fs::create_dir_all(&folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
        }
        fs::create_dir_all(&self.downloads)
            .with_context(|| format!("cannot create {}", self.downloads.display()))?;
        let here = self.folder.display();
        // Read last (-c), so it wins over the host's settings but keeps its proxies.
        let settings = format!(
            "Dir::State \"{here}\";\nDir::State::status \"{here}/status\";\nDir::State::lists \"{here}/lists\";\n\
             Dir::Cache \"{here}\";\nDir::Cache::archives \"{here}/archives\";\n\
             Dir::Etc::sourcelist \"{here}/debian.sources\";\nDir::Etc::sourceparts \"/dev/null\";\n\
             Dir::Etc::preferences \"/dev/null\";\nDir::Etc::preferencesparts \"/dev/null\";\n\
             APT::Architecture \"amd64\";\nAPT::Architectures {{ \"amd64\"; }};\nAPT::Sandbox::User \"root\";\n\
             APT::Install-Recommends \"false\";\nAPT::Default-Release \"\";\n\
             Acquire::Check-Valid-Until \"false\";\nAcquire::Languages \"none\";\nAcquire::Retries \"3\";\n\
             Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n\
             Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled \"false\";\n\
             #clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n#clear DPkg::Post-Invoke;\n"
        );
        for (name, text) in [
            ("apt.conf", settings),
            ("debian.sources", self.sources()),
            ("status", String::new()),
        ] {
            let file = self.folder.join(name);
            fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(())
    }

    fn tool(&self, tool: &str) -> Command {
        let mut command = exec::command(tool);
        command
            .arg("-c")
            .arg(self.configuration())
            .env("LC_ALL", "C")
            .env("DEBIAN_FRONTEND", "noninteractive");
        command
    }

    /// Fetches the suite's package lists.
    pub(crate) fn update(&self, logs: &Path) -> Result<()> {
        if !Path::new(KEYRING).exists() {
            bail!(
                "the archive's keys {KEYRING} are missing; install the package debian-archive-keyring"
            );
        }
        self.write_configuration()?;
        let mut command = self.tool("apt-get");
        command.args(["update", "--error-on=any"]);
        let log = logs.join(format!("apt-update-{}.log", self.name));
        exec::logged(
            &format!(
                "fetching {}'s package lists from {}",
                self.name, self.mirror
            ),
            &mut command,
            &log,
        )
    }

    /// The names of all packages that begin so.
    pub(crate) fn names(&self, prefix: &str) -> Result<Vec<String>> {
        let text = exec::output(
            "apt-cache pkgnames",
            self.tool("apt-cache").args(["pkgnames", prefix]),
        )?;
        Ok(text.lines().map(str::to_string).collect())
    }

    /// The versions offered of one package, newest first.
    pub(crate) fn versions(&self, package: &str) -> Result<Vec<String>> {
        let text = exec::output(
            "apt-cache madison",
            self.tool("apt-cache").args(["madison", package]),
        )?;
        Ok(text
            .lines()
            .filter_map(|line| line.split('|').nth(1))
            .map(|v| v.trim().to_string())
            .collect())
    }

    /// Everything that must be there for these packages to work, on an empty system.
    pub(crate) fn closure(&self, packages: &[String]) -> Result<Vec<Package>> {
        let mut command = self.tool("apt-get");
        command
            .args([
                "install",
                "--yes",
                "--print-uris",
                "--no-install-recommends",
            ])
            .args(packages);
        self.listed(&mut command, &packages.join(" "))
    }

    /// Just these packages.
    pub(crate) fn exactly(&self, packages: &[String]) -> Result<Vec<Package>> {
        let mut command = self.tool("apt-get");
        command.args(["download", "--print-uris"]).args(packages);
        self.listed(&mut command, &packages.join(" "))
    }

    /// The archive that a source package of this release was made from, without Debian's own
    /// changes.
    pub(crate) fn source(&self, name: &str) -> Result<Vec<Package>> {
        let mut command = self.tool("apt-get");
        let wanted = format!("{name}/{}", self.name);
        command.args(["source", "--tar-only", "--print-uris", &wanted]);
        let (release, mirror) = (self.name, &self.mirror);
        let looked = || format!("looked in {release} at {mirror} for the source of {name}");
        let text = exec::output("apt-get", &mut command).with_context(looked)?;
        let version = text.lines().find_map(|line| {
            let rest = line.strip_prefix("Selected version '")?;
            rest.split('\'').next()
        });
        let version = version.with_context(|| looked() + "; found none")?;
        let wanted = format!("{SOURCE}{name}={version}");
        let of_line = |line| parse_source_uri(line, &wanted);
        Ok(text.lines().filter_map(of_line).collect())
    }

    fn listed(&self, command: &mut Command, what: &str) -> Result<Vec<Package>> {
        let text = exec::output("apt-get", command)
            .with_context(|| format!("looked in {} at {} for: {what}", self.name, self.mirror))?;
        let found: Vec<Package> = text.lines().filter_map(parse_uri).collect();
        if found.is_empty() {
            bail!(
                "looked in {} at {} for: {what}; found nothing",
                self.name,
                self.mirror
            );
        }
        Ok(found)
    }

    /// Fetches what is not there yet; returns the bytes fetched. Resumes half-fetched files.
    pub(crate) fn fetch(&self, packages: &[Package], step: &Step, logs: &Path) -> Result<u64> {
        fs::create_dir_all(&self.downloads)
            .with_context(|| format!("cannot create {}", self.downloads.display()))?;
        let missing: Vec<&Package> = packages.iter().filter(|p| !self.complete(p)).collect();
        let total: u64 = missing.iter().map(|p| p.size).sum();
        if missing.is_empty() {
            return Ok(0);
        }
        step.bytes(total);
        let mut command = self.tool("apt-get");
        let source = missing.iter().find_map(|p| p.wanted.strip_prefix(SOURCE));
        match source {
            Some(wanted) => command.args(["source", "--download-only", "--tar-only", wanted]),
            None => command
                .arg("download")
                .args(missing.iter().map(|p| &p.wanted)),
        };
        command.current_dir(&self.downloads);
        let log = logs.join(format!("apt-download-{}.log", self.name));
        let what = format!(
            "fetching {} packages ({}) from {}",
            missing.len(),
            progress::size(total),
            self.mirror
        );
        exec::logged_with(&what, &mut command, &log, || {
            let here = missing.iter().map(|p| self.length(p).min(p.size)).sum();
            step.at(here);
        })
        .map_err(|error| match exec::interrupted() {
            true => error,
            false => error.context(
                "if the archive has moved on to newer versions, run `cargo xtask setup --upgrade`",
            ),
        })?;
        if let Some(package) = missing.iter().find(|p| !self.complete(p)) {
            bail!(
                "{} did not arrive whole in {}",
                package.file,
                self.downloads.display()
            );
        }
        Ok(total)
    }

    /// Where a fetched package lies.
    pub(crate) fn file(&self, package: &Package) -> PathBuf {
        self.downloads.join(&package.file)
    }

    fn length(&self, package: &Package) -> u64 {
        fs::metadata(self.file(package)).map_or(0, |m| m.len())
    }

    fn complete(&self, package: &Package) -> bool {
        self.length(package) == package.size
    }
}

/// Reads one line of `--print-uris`: `'URI' FILE SIZE [HASH]`.
fn parse_uri(line: &str) -> Option<Package> {
    let (file, size) = printed(line)?;
    let mut parts = file.strip_suffix(".deb")?.split('_');
    let name = parts.next()?;
    let version = parts.next()?.replace("%3a", ":");
    Some(Package {
        wanted: format!("{name}={version}"),
        file,
        size,
    })
}

/// Reads one line of `source --print-uris`: `'URI' FILE SIZE HASH`.
fn parse_source_uri(line: &str, wanted: &str) -> Option<Package> {
    let (file, size) = printed(line)?;
    Some(Package {
        wanted: wanted.to_string(),
        file,
        size,
    })
}

/// File and size of a line that apt prints for a URI.
fn printed(line: &str) -> Option<(String, u64)> {
    let mut words = line.strip_prefix('\'')?.split_whitespace();
    let _uri = words.next()?;
    Some((words.next()?.to_string(), words.next()?.parse().ok()?))
}

/// What the set-up settled on: for each set of packages, the recipe and the files.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Resolved {
    /// The sets by name.
    pub(crate) sets: BTreeMap<String, Set>,
}

/// One set of packages.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Set {
    /// What was asked for, with the suite: a changed recipe is resolved anew.
    pub(crate) recipe: String,
    /// The guest kernel's release, in the kernel's set.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) release: String,
    /// What that came to.
    pub(crate) packages: Vec<Package>,
}

impl Set {
    /// Digest of the resolved versions.
    pub(crate) fn key(&self) -> String {
        let mut parts: Vec<&str> = self.packages.iter().map(|p| p.wanted.as_str()).collect();
        parts.sort_unstable();
        crate::stamp::digest(&parts)
    }

    /// Bytes of all its files.
    pub(crate) fn bytes(&self) -> u64 {
        self.packages.iter().map(|p| p.size).sum()
    }

    /// The package of this name.
    pub(crate) fn package(&self, name: &str) -> Result<&Package> {
        self.packages
            .iter()
            .find(|p| p.wanted.split('=').next() == Some(name))
            .ok_or_else(|| anyhow!("the package {name} is not in the resolved set; run `cargo xtask setup --upgrade`"))
    }
}

impl Resolved {
    /// Reads the record; an absent or unreadable one counts as empty.
    pub(crate) fn read(cache: &Cache) -> Self {
        fs::read(cache.resolved())
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    /// Writes the record.
    pub(crate) fn write(&self, cache: &Cache) -> Result<()> {
        let text =
            serde_json::to_vec_pretty(self).context("cannot encode the resolved versions")?;
        crate::stamp::write_atomically(&cache.resolved(), &text)
    }
}

#[cfg(test)]
mod tests {
    use super::{parse_source_uri, parse_uri};

    #[test]
    fn a_printed_source_uri_gives_file_and_size() {
        let line = "'http://d/qemu_10.0.13%2bds.orig.tar.xz' qemu_10.0.13+ds.orig.tar.xz 40010016 SHA256:6a";
        let package = parse_source_uri(line, "src:qemu=1:10.0.13").expect("a source's line");
        assert_eq!(package.wanted, "src:qemu=1:10.0.13");
        assert_eq!(package.file, "qemu_10.0.13+ds.orig.tar.xz");
        assert_eq!(package.size, 40_010_016);
        assert!(parse_source_uri("Need to get 40.0 MB of source archives.", "").is_none());
    }

    #[test]
    fn a_printed_uri_gives_name_version_and_size() {
        let line = "'http://d/pool/q/qemu_11.1.deb' qemu-system-x86_1%3a11.1.3+ds-1~bpo13+1_amd64.deb 10377056 MD5Sum:9";
        let package = parse_uri(line).expect("a package line");
        assert_eq!(package.wanted, "qemu-system-x86=1:11.1.3+ds-1~bpo13+1");
        assert_eq!(package.size, 10_377_056);
        assert!(parse_uri("Reading package lists...").is_none());
    }
}
