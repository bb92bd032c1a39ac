//! Tests of the software GPU that need tools of their own: the fuzzer and Miri.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};

use crate::paths::checkout;
use crate::tally::Tally;
use crate::{exec, setup};

/// The fuzzer's targets, as `fuzz/Cargo.toml` names them.
const TARGETS: [&str; 6] = [
    "decoder",
    "batches",
    "walker",
    "kernel",
    "page_tables",
    "recordings",
];

/// Seconds that each target is fuzzed for.
const SECONDS: u32 = 20;

/// What has the compiler count what is executed, as `cargo fuzz --sanitizer none` does. The
/// stable compiler knows these.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1 \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Cllvm-args=-simplifycfg-branch-fold-threshold=0";

/// The target triple: with one, the flags are not for build scripts.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// Fuzzes each target for a while, from the corpus that is kept.
pub(super) fn fuzz() -> Result<Tally> {
    if !exec::have("c++") {
        println!("there is no C++ compiler, which the fuzzer is built with: not fuzzed");
        return Ok(Tally::skip());
    }
    let folder = checkout().join("target/fuzz");
    let mut cargo = setup::cargo(None);
    cargo
        .args(["build", "--release", "--quiet", "--target", TRIPLE])
        .args(["--manifest-path", "fuzz/Cargo.toml", "--target-dir"])
        .arg(&folder)
        .env("RUSTFLAGS", COVERAGE)
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    let mut tally = super::host::run("cargo build of the fuzzer", &mut cargo)?;
    if tally.failed > 0 {
        return Ok(tally);
    }
    for target in TARGETS {
        println!("--- {target}, {SECONDS} s");
        tally.merge(fuzz_target(&folder, target)?);
    }
    Ok(tally)
}

fn fuzz_target(folder: &Path, target: &str) -> Result<Tally> {
    let found = made(&folder.join("found").join(target))?;
    let failures = made(&folder.join("failures"))?;
    let program = folder.join(TRIPLE).join("release").join(target);
    let mut fuzzer = exec::command(program);
    // What it finds goes to the first folder.
    fuzzer
        .arg(format!("-max_total_time={SECONDS}"))
        .args(["-timeout=60", "-rss_limit_mb=2048", "-print_final_stats=1"])
        .arg(format!("-artifact_prefix={}/{target}-", failures.display()))
        .arg(found)
        .arg(checkout().join("fuzz/corpus").join(target));
    super::host::run(target, &mut fuzzer)
}

fn made(folder: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder.to_path_buf())
}

/// The library's tests that Miri executes in reasonable time, by the beginnings of their
/// names.
const MIRI_TESTS: [&str; 6] = [
    "memory::",
    "page_table::tests::",
    "view::tests::",
    "record::tests::",
    "execute::program::",
    "heartbeat::",
];

/// The model's memory accessor and what lies next to it, under Miri: undefined behaviour, data
/// races and leaks.
pub(super) fn miri() -> Result<Tally> {
    let mut version = exec::command("cargo");
    version
        .args(["+nightly", "miri", "--version"])
        .stdin(Stdio::null());
    let there = version.output().is_ok_and(|output| output.status.success());
    if !there {
        println!(
            "there is no Miri (rustup toolchain install nightly -c miri -c rust-src): not run"
        );
        return Ok(Tally::skip());
    }
    let mut cargo = exec::command("cargo");
    cargo
        .current_dir(checkout())
        .args(["+nightly", "miri", "test", "-p", "softgpu", "--lib"])
        .args(["--target-dir", "target/miri", "--"])
        .args(MIRI_TESTS)
        .env("MIRIFLAGS", "-Zmiri-disable-isolation")
        .env("PROPTEST_CASES", "4")
        // Whatever toolchain runs us.
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO")
        .env_remove("RUSTC");
    super::host::run("cargo miri", &mut cargo)
}
