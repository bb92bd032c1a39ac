//! Compiles `shaders/*.comp` by `glslc`, each with and without optimisation, and makes a table of
//! them that the program includes. A line `// variant NAME: FLAGS` of a shader makes a variant
//! `SHADER.NAME` of it; a shader without such lines is compiled once, under its own name.
//!
//! `glslc` is that of the root `VIRTIO_IGPU_SHADER_ROOT` (which `cargo xtask` sets up and names), or
//! the one of this machine. Where there is none, or one that is too old, the table is empty: the
//! program says so when it is run.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, process};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=shaders");
    println!("cargo::rerun-if-env-changed={ROOT}");
    let Err(reason) = generate() else {
        return;
    };
    if env::var_os(ROOT).is_some() {
        eprintln!("error: the shaders could not be compiled: {reason}");
        process::exit(1);
    }
    // This machine's own compiler may be older than the shaders.
    let line = reason.lines().next().unwrap_or_default();
    println!("cargo::warning=igpu-vulkan-tests is built without its shaders: {line}");
    if let Err(reason) = write_table("&[]\n") {
        eprintln!("error: {reason}");
        process::exit(1);
    }
}

/// Writes the table that the program includes.
fn write_table(table: &str) -> Result<(), String> {
    let out = PathBuf::from(env::var("OUT_DIR").map_err(|e| e.to_string())?);
    fs::write(out.join("shaders.rs"), table).map_err(|e| e.to_string())
}

/// Names a root of Debian's with `glslc`.
const ROOT: &str = "VIRTIO_IGPU_SHADER_ROOT";

/// The names of the two builds of each shader, and what has them made.
const BUILDS: [(&str, &str); 2] = [("fast", "-O"), ("plain", "-O0")];

fn generate() -> Result<(), String> {
    let out = PathBuf::from(env::var("OUT_DIR").map_err(|e| e.to_string())?);
    let mut table = String::from("&[\n");
    let there = glslc().arg("--version").output().is_ok();
    if !there {
        println!("cargo::warning=no glslc: igpu-vulkan-tests is built without its shaders");
    }
    for file in shaders()? {
        if !there {
            break;
        }
        for (name, flags) in variants(&file)? {
            let mut paths = Vec::new();
            for (build, optimisation) in BUILDS {
                let spirv = out.join(format!("{name}.{build}.spv"));
                compile(&file, optimisation, &flags, &spirv)?;
                paths.push(spirv);
            }
            let _ = writeln!(
                table,
                "    Shader {{ name: {name:?}, fast: include_bytes!({:?}), plain: include_bytes!({:?}) }},",
                paths[0], paths[1]
            );
        }
    }
    table += "]\n";
    write_table(&table)
}

/// The shaders' files, by name.
fn shaders() -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir("shaders").map_err(|e| e.to_string())?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "comp"))
        .collect();
    files.sort();
    Ok(files)
}

/// Names and flags of a shader's variants.
fn variants(file: &Path) -> Result<Vec<(String, Vec<String>)>, String> {
    let text = fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let mut found = Vec::new();
    for line in text.lines().filter_map(|l| l.strip_prefix("// variant ")) {
        let (name, flags) = line
            .split_once(':')
            .ok_or_else(|| format!("{}: `{line}` has no colon", file.display()))?;
        let flags = flags.split_whitespace().map(str::to_string).collect();
        found.push((format!("{stem}.{}", name.trim()), flags));
    }
    if found.is_empty() {
        found.push((stem.into_owned(), Vec::new()));
    }
    Ok(found)
}

/// The compiler: in the root it has its own dynamic linker and libraries.
fn glslc() -> Command {
    let Some(root) = env::var_os(ROOT).map(PathBuf::from) else {
        return Command::new("glslc");
    };
    let mut command = Command::new(root.join("usr/lib64/ld-linux-x86-64.so.2"));
    command
        .arg("--library-path")
        .arg(root.join("usr/lib/x86_64-linux-gnu"))
        .arg(root.join("usr/bin/glslc"));
    command
}

fn compile(file: &Path, optimisation: &str, flags: &[String], to: &Path) -> Result<(), String> {
    let mut command = glslc();
    command
        .args([
            "--target-env=vulkan1.3",
            "-Werror",
            "-std=460",
            optimisation,
        ])
        .args(flags)
        .arg("-o")
        .arg(to)
        .arg(file);
    let output = command.output().map_err(|e| format!("glslc: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{} {flags:?}:\n{}",
        file.display(),
        String::from_utf8_lossy(&output.stderr)
    ))
}
