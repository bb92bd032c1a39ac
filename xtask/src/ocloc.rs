//! Intel's compiler of OpenCL C, `ocloc`, as it stands in the root of the shader tools.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::vm;

/// The program: it has its version in its name.
pub(crate) fn program(root: &Path) -> Result<PathBuf> {
    let folder = root.join("usr/bin");
    fs::read_dir(&folder)
        .with_context(|| format!("cannot list {}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("ocloc-")
        })
        .with_context(|| format!("looked for ocloc-* in {}; found none", folder.display()))
}

/// Compiles a source for Tiger Lake, with options if these are not empty; gives the ELF file,
/// which is also left as `kernels_tgllp.bin` in that folder.
pub(crate) fn compile(root: &Path, source: &Path, options: &str, into: &Path) -> Result<Vec<u8>> {
    let mut ocloc = vm::with_libraries(root);
    ocloc.arg(program(root)?).current_dir(into);
    ocloc.args(["compile", "-q", "-device", "tgllp", "-file"]);
    ocloc.arg(source).args(["-output", "kernels"]);
    if !options.is_empty() {
        ocloc.args(["-options", options]);
    }
    // What it has to say of a source it says on standard output.
    let said = ocloc.output().context("cannot start ocloc")?;
    if !said.status.success() {
        bail!(
            "ocloc failed on {}:\n{}",
            source.display(),
            String::from_utf8_lossy(&said.stdout)
        );
    }
    let file = into.join(OUTPUT);
    fs::read(&file).with_context(|| format!("cannot read {}", file.display()))
}

/// What the compiler's file is called.
pub(crate) const OUTPUT: &str = "kernels_tgllp.bin";
