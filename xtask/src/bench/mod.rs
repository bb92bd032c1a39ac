//! `cargo xtask bench`: what submissions and buffers cost, measured in a guest beside the
//! same on a virtio-gpu; and what the device costs without a guest.

pub(crate) mod aims;
pub(crate) mod host;
pub(crate) mod instructions;
pub(crate) mod plot;
mod profile;
mod qemus;
pub(crate) mod stages;
pub(crate) mod table;

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::cli::{BenchArgs, GuestArgs, Peer};
use crate::paths::Cache;
use crate::records::Records;
use crate::vm::{Finished, Guest, Lab, load_peer, pass_on};

/// A guest that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(1800);

/// Keeps the guest's console from drawing on the other GPU while it is measured.
const NO_CONSOLE: &str = "drm_client_lib.active=";

/// The names under which the figures are kept.
pub(crate) const GUEST_REPORT: &str = "bench";
pub(crate) const HOST_REPORT: &str = "bench_host";
pub(crate) const INSTRUCTIONS_REPORT: &str = "bench_instructions";
pub(crate) const STAGES_REPORT: &str = "bench_stages";
pub(crate) const QEMUS_REPORT: &str = "bench_qemus";

/// A pair of guests takes a quarter of a minute.
const MOST_PAIRS: u32 = 12;

/// The command.
pub(crate) fn bench(args: &BenchArgs) -> Result<u8> {
    let cache = Cache::open()?;
    let mut all = serde_json::Map::new();
    if args.instructions {
        let profile = instructions::Profile::Of(args.profile.as_deref());
        let (rows, profile) =
            instructions::measure(&guest_args(args), args.compare.is_some(), profile)?;
        print!("{}{profile}", instructions::text(&rows));
        let report = json!({ "rows": rows });
        print!("{}", table::aims(&aims::of_instructions(&report)));
        Records::report(&cache, INSTRUCTIONS_REPORT, report.clone())?;
        all.insert("instructions".into(), report);
        return save(args, &all);
    }
    if args.qemus {
        let report = qemus::measure(&args.guest, args.rounds.min(MOST_PAIRS))?;
        print!("{}", qemus::text(&report));
        Records::report(&cache, QEMUS_REPORT, report.clone())?;
        all.insert("qemus".into(), report);
        return save(args, &all);
    }
    if args.stages {
        let report = stages::measure(&args.guest)?;
        print!("{}", stages::text(&report));
        Records::report(&cache, STAGES_REPORT, report.clone())?;
        all.insert("stages".into(), report);
        return save(args, &all);
    }
    if !args.no_guest {
        let report = guest(args)?;
        print!("{}", table::text(&report));
        print!("{}", table::aims(&aims::of_guest(&report)));
        Records::report(&cache, GUEST_REPORT, report.clone())?;
        all.insert("guest".into(), report);
    }
    let words = host::daemon_words(&args.guest);
    let report = host::measure(&words)?;
    print!("{}", host::text(&report));
    if !words.is_empty() {
        // The page is of the software GPU.
        all.insert("host".into(), report);
        return save(args, &all);
    }
    print!("{}", table::aims(&aims::of_host(&report)));
    Records::report(&cache, HOST_REPORT, report.clone())?;
    all.insert("host".into(), report);
    save(args, &all)
}

fn save(args: &BenchArgs, all: &serde_json::Map<String, Value>) -> Result<u8> {
    if let Some(file) = &args.json {
        let text = serde_json::to_vec_pretty(all).context("cannot encode the figures")?;
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(0)
}

/// What is measured in a guest.
fn guest(args: &BenchArgs) -> Result<Value> {
    let lab = Lab::open(&guest_args(args))?;
    let wanted = Wanted {
        arguments: format!("--rounds {}", args.rounds),
        compare: args.compare.is_some(),
        symbols: false,
        limit: LIMIT,
    };
    let mut report = run_in_guest(&lab, &wanted, |guest| guest)?.report;
    report["compared"] = match args.compare {
        Some(Peer::VirtioGpu) => json!("virtio-gpu"),
        None => Value::Null,
    };
    Ok(report)
}

/// How the guest is made, with another GPU if one is wanted.
fn guest_args(args: &BenchArgs) -> GuestArgs {
    let mut guest = args.guest.clone();
    guest.setup.peer = args.compare.is_some();
    if args.compare.is_some() {
        guest.kernel_args.push(NO_CONSOLE.into());
    }
    guest
}

/// A run of `igpu-bench`.
struct Wanted {
    /// More arguments than where to write and whether to compare.
    arguments: String,
    compare: bool,
    /// Whether the kernel's symbols are wanted.
    symbols: bool,
    limit: Duration,
}

/// What a run of `igpu-bench` came to.
struct Ran {
    report: Value,
    finished: Finished,
    /// The kernel's symbols; empty if they were not wanted.
    symbols: String,
}

/// What `igpu-bench` reports, in a guest that `more` may change.
fn run_in_guest<'a>(
    lab: &'a Lab,
    wanted: &Wanted,
    more: impl FnOnce(Guest<'a>) -> Guest<'a>,
) -> Result<Ran> {
    let share = tempfile::tempdir().context("cannot create a folder for the figures")?;
    let arguments = &wanted.arguments;
    let mut script = format!("igpu-bench {arguments} --report /mnt/share/bench.json");
    let mut guest = lab.guest();
    if wanted.compare {
        script = format!("{} && {script} --compare", load_peer());
        guest = guest.peer()?;
    }
    if wanted.symbols {
        script = format!("cat /proc/kallsyms >/mnt/share/symbols && {script}");
    }
    let finished = more(guest)
        .share(Some(share.path()))
        .command(&["sh", "-c", &script])
        .timeout(Some(wanted.limit))
        .own_core()
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
    let report =
        serde_json::from_slice(&text).context("the figures of igpu-bench are not understood")?;
    let symbols = fs::read_to_string(share.path().join("symbols")).unwrap_or_default();
    Ok(Ran {
        report,
        finished,
        symbols,
    })
}
