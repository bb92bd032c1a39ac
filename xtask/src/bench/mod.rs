//! `cargo xtask bench`: what submissions and buffers cost, measured in a guest beside the
//! same on a virtio-gpu.

mod table;

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::cli::{BenchArgs, Peer};
use crate::records::Records;
use crate::vm::{Lab, pass_on};

/// A guest that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(1800);

/// Keeps the guest's console from drawing on the other GPU while it is measured.
const NO_CONSOLE: &str = "drm_client_lib.active=";

/// The name under which the figures are kept.
pub(crate) const REPORT: &str = "bench";

/// The command.
pub(crate) fn bench(args: &BenchArgs) -> Result<u8> {
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
    print!("{}", table::text(&report));
    if let Some(file) = &args.json {
        let text = serde_json::to_vec_pretty(&report).context("cannot encode the figures")?;
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Records::report(&lab.ready.cache, REPORT, report)?;
    Ok(0)
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
