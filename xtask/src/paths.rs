//! Where things live: the checkout, and the one cache folder outside it.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The checkout this `xtask` was built from.
pub(crate) fn checkout() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// The cache folder and the names inside it.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// `$XDG_CACHE_HOME/virtio-igpu`, or `~/.cache/virtio-igpu`; created if missing.
    pub(crate) fn open() -> Result<Self> {
        let base = match env::var_os("XDG_CACHE_HOME").filter(|v| !v.is_empty()) {
            Some(dir) => PathBuf::from(dir),
            None => {
                let home = env::var_os("HOME")
                    .context("neither XDG_CACHE_HOME nor HOME is set: there is no place for the cache; set one of them")?;
                PathBuf::from(home).join(".cache")
            }
        };
        let root = base.join("virtio-igpu");
        std::fs::create_dir_all(&root).with_context(|| {
            format!(
                "cannot create the cache folder {}; set XDG_CACHE_HOME to a folder you may write",
                root.display()
            )
        })?;
        let root = root
            .canonicalize()
            .with_context(|| format!("cannot resolve the cache folder {}", root.display()))?;
        Ok(Self { root })
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Package lists, package files and the private package-manager state.
    pub(crate) fn apt(&self) -> PathBuf {
        self.root.join("apt")
    }

    /// One finished product of a set-up step (a folder).
    pub(crate) fn product(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Unfinished products; safe to delete whenever no set-up runs.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.root.join("unfinished")
    }

    /// Output of the tools that the set-up and the builds call, one file a step.
    pub(crate) fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// Which package versions the set-up settled on.
    pub(crate) fn resolved(&self) -> PathBuf {
        self.root.join("resolved.json")
    }

    /// What the set-up, the build and the runs cost.
    pub(crate) fn records(&self) -> PathBuf {
        self.root.join("records.json")
    }

    /// Build outputs of this checkout (several checkouts may share the cache).
    pub(crate) fn build(&self) -> PathBuf {
        let digest = crate::stamp::digest(&[&checkout().to_string_lossy()]);
        self.root.join("build").join(&digest[..12])
    }
}
