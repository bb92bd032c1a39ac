//! Settings of the driver that are files: engines' properties in sysfs, i915's parameters
//! in debugfs.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Error, Result};

/// A file with a value that can be written. It has its old value back when this is dropped.
#[derive(Debug)]
pub struct Setting {
    path: PathBuf,
    before: String,
}

impl Setting {
    /// A property of an engine (`/sys/class/drm/cardN/engine/NAME/PROPERTY`).
    pub fn engine(name: &str, property: &str) -> Result<Self> {
        Self::open(engine_folder()?.join(name).join(property))
    }

    /// A parameter of i915 (`/sys/kernel/debug/dri/N/i915_params/NAME`).
    pub fn parameter(name: &str) -> Result<Self> {
        Self::open(debug_folder()?.join("i915_params").join(name))
    }

    fn open(path: PathBuf) -> Result<Self> {
        let before = read(&path)?;
        Ok(Self { path, before })
    }

    /// The value now, without the line's end.
    pub fn read(&self) -> Result<String> {
        read(&self.path)
    }

    /// Writes a value, in one call.
    pub fn write(&self, text: &str) -> io::Result<()> {
        write(&self.path, text)
    }

    /// Writes a value that is known to be taken.
    pub fn set(&self, text: &str) -> Result<()> {
        self.write(text).map_err(|source| Error::File {
            what: format!("writing {text:?} to {}", self.path.display()),
            source,
        })
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        // It was the value before, so it is taken; if not, nothing can be done.
        let _ = self.write(&self.before);
    }
}

/// Writes a text to a file in one call.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::options().write(true).open(path)?;
    match file.write(text.as_bytes())? {
        length if length == text.len() => Ok(()),
        length => Err(io::Error::other(format!("only {length} bytes were taken"))),
    }
}

/// What is in a file, without the last line's end.
pub fn read(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path).map_err(|source| Error::File {
        what: format!("reading {}", path.display()),
        source,
    })?;
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}

/// The folder of the first card that shows engines.
pub fn card_folder() -> Result<PathBuf> {
    first_with(Path::new("/sys/class/drm"), "engine")
}

/// The folder with that card's engines.
pub fn engine_folder() -> Result<PathBuf> {
    card_folder().map(|folder| folder.join("engine"))
}

/// The debugfs folder of the first device that has i915's parameters.
pub fn debug_folder() -> Result<PathBuf> {
    first_with(Path::new("/sys/kernel/debug/dri"), "i915_params")
}

/// The first folder in `parent` with something of that name in it.
fn first_with(parent: &Path, name: &str) -> Result<PathBuf> {
    let failed = |source| Error::File {
        what: format!("reading {}", parent.display()),
        source,
    };
    let entries = fs::read_dir(parent).map_err(failed)?;
    let mut folders: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|folder| folder.join(name).exists())
        .collect();
    folders.sort();
    folders
        .into_iter()
        .next()
        .ok_or_else(|| Error::Unexpected(format!("no {name} in {}/*", parent.display())))
}
