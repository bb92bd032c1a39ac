//! Stamps: a product is fresh when the digest of what went into it is recorded in it.
//! Products are made in a scratch folder and moved into place whole, so an interrupted
//! step leaves nothing half-made where the next run would trust it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::paths::Cache;

const STAMP: &str = ".stamp";
/// Names what an unfinished product is made from.
const BEGUN: &str = ".begun";

/// Digest of the parts, in hexadecimal. The parts' borders count.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Whether the product folder was made from exactly these inputs.
pub(crate) fn fresh(product: &Path, key: &str) -> bool {
    fs::read_to_string(product.join(STAMP)).is_ok_and(|found| found == key)
}

/// Makes a product: runs `make` on an empty scratch folder, stamps it, moves it into place.
pub(crate) fn publish(
    cache: &Cache,
    name: &str,
    key: &str,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let scratch = cache.scratch().join(name);
    remove(&scratch)?;
    fs::create_dir_all(&scratch).with_context(|| format!("cannot create {}", scratch.display()))?;
    make(&scratch)?;
    move_in(cache, name, key, &scratch)
}

/// As [`publish`], but `make` finds what an interrupted call with the same key left in the
/// scratch folder, and has to know what of it is whole.
pub(crate) fn resume(
    cache: &Cache,
    name: &str,
    key: &str,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let scratch = cache.scratch().join(name);
    let begun = scratch.join(BEGUN);
    if !fs::read_to_string(&begun).is_ok_and(|found| found == key) {
        remove(&scratch)?;
        fs::create_dir_all(&scratch)
            .with_context(|| format!("cannot create {}", scratch.display()))?;
        write_atomically(&begun, key.as_bytes())?;
    }
    make(&scratch)?;
    move_in(cache, name, key, &scratch)
}

/// Stamps a finished product and moves it to its place.
fn move_in(cache: &Cache, name: &str, key: &str, scratch: &Path) -> Result<PathBuf> {
    fs::write(scratch.join(STAMP), key)
        .with_context(|| format!("cannot stamp {}", scratch.display()))?;
    let product = cache.product(name);
    let old = cache.scratch().join(format!("{name}.old"));
    remove(&old)?;
    if product.exists() {
        fs::rename(&product, &old)
            .with_context(|| format!("cannot move the old {} away", product.display()))?;
    }
    fs::rename(scratch, &product)
        .with_context(|| format!("cannot move the new {} into place", product.display()))?;
    remove(&old)?;
    Ok(product)
}

/// Removes a folder tree if it is there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Writes a file whole or not at all.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.new", std::process::id()));
    let temporary = path.with_file_name(name);
    fs::write(&temporary, content)
        .with_context(|| format!("cannot write {}", temporary.display()))?;
    fs::rename(&temporary, path).with_context(|| format!("cannot replace {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn borders_between_parts_count() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_eq!(digest(&["ab", "c"]), digest(&["ab", "c"]));
    }
}
