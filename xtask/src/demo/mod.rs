//! `cargo xtask demo`: the main job from nothing to a picture. Boots a guest, has our
//! program draw on the virtual GPU, and says what it took. Then, in a guest of its own, a kernel
//! on the GPU's shader cores: [`scene`].

mod scene;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::cli::DemoArgs;
use crate::paths::checkout;
use crate::progress::size;
use crate::records::Records;
use crate::vm::{Finished, Lab, pass_on};

/// The picture that comes with the project.
pub(crate) const PICTURE: &str = "ci/demo/picture.png";
/// A guest that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(300);

/// The command.
pub(crate) fn demo(args: &DemoArgs) -> Result<u8> {
    let lab = Lab::open(&args.guest)?;
    let drawn = with(&lab, args)?;
    let computed = scene(args)?;
    let good = drawn && computed != Some(false);
    Ok(if good { 0 } else { 1 })
}

/// Runs the part that draws in a guest of this lab; says whether all went well.
pub(crate) fn with(lab: &Lab, args: &DemoArgs) -> Result<bool> {
    let out = folder(&args.out)?;
    let picture = args
        .picture
        .clone()
        .unwrap_or_else(|| checkout().join(PICTURE));
    fs::copy(&picture, out.join("picture.png"))
        .with_context(|| format!("cannot take the picture {}", picture.display()))?;
    for old in ["sheet.png", "report.json"] {
        let _ = fs::remove_file(out.join(old));
    }
    eprintln!(
        "booting a guest; its GPU is {} on {}",
        args.guest.platform, args.guest.executor
    );
    let words = [
        "igpu-demo",
        "--picture",
        "/mnt/share/picture.png",
        "--out",
        "/mnt/share/sheet.png",
        "--report",
        "/mnt/share/report.json",
    ];
    let finished = part(lab, &out, &words, LIMIT, "device.json")?;
    let report: Option<Value> = fs::read(out.join("report.json"))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if let Some(report) = &report {
        keep_figures(lab, report, &finished)?;
    }
    let sheet = out.join("sheet.png");
    if !sheet.exists() {
        eprintln!("error: the guest made no picture");
        return Ok(false);
    }
    let first = finished
        .first_output
        .map_or(String::new(), |s| format!(", first output after {s:.1} s"));
    println!("the guest ran for {:.1} s{first}", finished.seconds);
    println!("the picture: {}", sheet.display());
    Ok(finished.good())
}

/// Runs a part's program in a guest that has the folder `out`; says what went wrong, shows the
/// device's counters and keeps them in that file.
fn part(
    lab: &Lab,
    out: &Path,
    words: &[&str],
    limit: Duration,
    counters: &str,
) -> Result<Finished> {
    let finished = lab
        .guest()
        .share(Some(out))
        .command(words)
        .timeout(Some(lab.patience(limit)))
        .run(&mut |error, bytes, _| pass_on(error, bytes))?;
    for problem in &finished.problems {
        eprintln!("error: {problem}");
    }
    if let Some(stats) = &finished.stats {
        fs::write(out.join(counters), format!("{stats:#}\n"))
            .context("cannot keep the device's counters")?;
        println!("{}", device_table(stats));
    }
    Ok(finished)
}

/// Runs the part that computes, in a guest with the image that has Intel's OpenCL; says whether
/// all went well, or nothing if it was left out.
pub(crate) fn scene(args: &DemoArgs) -> Result<Option<bool>> {
    if let Some(reason) = scene::left_out(args) {
        println!("the scene is left out: {reason}");
        return Ok(None);
    }
    scene::with(args, &folder(&args.out)?).map(Some)
}

fn folder(out: &Path) -> Result<PathBuf> {
    let out = if out.is_absolute() {
        out.to_path_buf()
    } else {
        std::env::current_dir()?.join(out)
    };
    fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    Ok(out)
}

/// The device's side of the story, from its counters.
fn device_table(stats: &Value) -> String {
    let number = |path: &str| stats.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    let stage = |name: &str| {
        let count = number(&format!("/stages/{name}/count")).max(1);
        format!(
            "{:.0} us",
            number(&format!("/stages/{name}/total_ns")) as f64 / count as f64 / 1000.0
        )
    };
    let rows = [
        ("submissions", number("/submissions").to_string()),
        (
            "binds, unbinds",
            format!("{}, {}", number("/binds"), number("/unbinds")),
        ),
        (
            "extents, bytes bound",
            format!("{}, {}", number("/extents"), size(number("/bytes_bound"))),
        ),
        ("messages", number("/totals/messages").to_string()),
        ("doorbells", number("/totals/doorbells").to_string()),
        ("interrupts", number("/totals/interrupts").to_string()),
        (
            "bytes in, out",
            format!(
                "{}, {}",
                size(number("/totals/bytes_in")),
                size(number("/totals/bytes_out"))
            ),
        ),
        ("queue to executor, mean", stage("queue_to_executor")),
        (
            "bind to its end, mean",
            stage("bind_executor_to_completion"),
        ),
        (
            "submission to its end, mean",
            stage("submit_executor_to_completion"),
        ),
        ("end to used ring, mean", stage("completion_to_used")),
    ];
    let mut table = String::from("the device counted");
    for (name, value) in rows {
        table.push_str(&format!("\n  {name:<28} {value:>16}"));
    }
    table
}

/// Figures for docs/performance.md.
fn keep_figures(lab: &Lab, report: &Value, finished: &Finished) -> Result<()> {
    Records::change(&lab.ready.cache, |records| {
        for name in [
            "messages_per_gem_create",
            "bind_messages_per_vm_bind",
            "submit_messages_per_execbuffer3",
        ] {
            if let Some(value) = report
                .pointer(&format!("/counts/{name}"))
                .and_then(Value::as_f64)
            {
                records.figures.insert(name.to_string(), value);
            }
        }
        records
            .figures
            .insert("demo_guest_seconds".to_string(), finished.seconds);
    })
}

#[cfg(test)]
mod tests {
    use super::device_table;

    #[test]
    fn the_table_shows_counts_and_means() {
        let stats = serde_json::json!({"submissions": 6, "stages": {"queue_to_executor": {"count": 2, "total_ns": 6000}}});
        let table = device_table(&stats);
        assert!(
            table
                .lines()
                .any(|line| line.contains("submissions") && line.ends_with(" 6")),
            "{table}"
        );
        assert!(table.contains("3 us"), "{table}");
    }
}
