//! `cargo xtask bench`: what submissions and buffers cost, measured in a guest beside the
//! same on a virtio-gpu; and what the device costs without a guest.

pub(crate) mod aims;
pub(crate) mod host;
pub(crate) mod plot;
pub(crate) mod table;

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::cli::{BenchArgs, Peer};
use crate::paths::Cache;
use crate::records::Records;
use crate::vm::{Lab, pass_on};

/// A guest that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(1800);

/// Keeps the guest's console from drawing on the other GPU while it is measured.
const NO_CONSOLE: &str = "drm_client_lib.active=";

/// The names under which the figures are kept.
pub(crate) const GUEST_REPORT: &str = "bench";
pub(crate) const HOST_REPORT: &str = "bench_host";

/// The command.
pub(crate) fn bench(args: &BenchArgs) -> Result<u8> {
    let cache = Cache::open()?;
    let mut all = serde_json::Map::new();
    if !args.no_guest {
        let report = guest(args)?;
        print!("{}", table::text(&report));
        print!("{}", table::aims(&aims::of_guest(&report)));
        Records::report(&cache, GUEST_REPORT, report.clone())?;
        all.insert("guest".into(), report);
    }
    let report = host::measure()?;
    print!("{}", host::text(&report));
    print!("{}", table::aims(&aims::of_host(&report)));
    Records::report(&cache, HOST_REPORT, report.clone())?;
    all.insert("host".into(), report);
    if let Some(file) = &args.json {
        let text = serde_json::to_vec_pretty(&all).context("cannot encode the figures")?;
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(0)
}

/// What is measured in a guest.
fn guest(args: &BenchArgs) -> Result<Value> {
    let mut guest = args.guest.clone();
    guest.setup.peer = args.compare.is_some();
    if args.compare.is_some() {
        guest.kernel_args.push(NO_CONSOLE.into());
    }
    let lab = Lab::open(&guest)?;
    let mut report = in_guest(&lab, args)?;
    report["compared"] = match args.compare {
        Some(Peer::VirtioGpu) => json!("virtio-gpu"),
        None => Value::Null,
    };
    Ok(report)
}

/// What `igpu-bench` reports.
fn in_guest(lab: &Lab, args: &BenchArgs) -> Result<Value> {
    let share = tempfile::tempdir().context("cannot create a folder for the figures")?;
    let compare = args.compare.is_some();
    let module = if compare {
        "/usr/sbin/modprobe virtio-gpu && "
    } else {
        ""
    };
    let script = format!(
        "{module}igpu-bench --rounds {} --report /mnt/share/bench.json{}",
        args.rounds,
        if compare { " --compare" } else { "" }
    );
    let finished = lab
        .guest()
        .share(Some(share.path()))
        .command(&["sh", "-c", &script])
        .timeout(Some(LIMIT))
        .own_core()
        .peer(compare)
        .run(&mut |error, bytes, _| {
            // The program's own lines are what the table is made of.
            if error {
                pass_on(error, bytes);
            }
        })?;
    if !finished.good() {
        bail!(
            "igpu-bench ended with {:?}; {}",
            finished.status,
            finished.problems.join("; ")
        );
    }
    let text = fs::read(share.path().join("bench.json")).context("igpu-bench left no figures")?;
    serde_json::from_slice(&text).context("the figures of igpu-bench are not understood")
}
