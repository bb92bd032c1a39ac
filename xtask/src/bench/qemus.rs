//! What a submission costs in the stock QEMU and in our own, whose device interrupts for each
//! queue by itself: guests in turn, and the ratio of those that follow each other.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{LIMIT, table};
use crate::cli::{GuestArgs, QemuChoice};
use crate::progress;
use crate::vm::{Lab, pass_on};

/// The operation, by igpu-bench's name for it: a submission that does nothing, and the wait.
const OPERATION: &str = "submit_1";
/// How often it is made in each guest.
const ROUNDS: u32 = 4000;
/// How much less our own QEMU is to take.
const AIM: f64 = 0.9;

/// A guest in each QEMU, `pairs` times in turn.
pub(super) fn measure(args: &GuestArgs, pairs: u32) -> Result<Value> {
    if args.setup.qemu != QemuChoice::Auto {
        bail!("both QEMUs are measured: leave --qemu out");
    }
    let stock = lab(args, QemuChoice::Stock)?;
    let patched = lab(args, QemuChoice::Patched)?;
    let (mut of_stock, mut of_patched, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let step = progress::Step::begin("submissions in both QEMUs");
    step.parts(pairs.into());
    for pair in 0..pairs {
        // Each is first as often as the other.
        let (stock, patched) = if pair % 2 == 0 {
            let stock = median_of(&stock)?;
            (stock, median_of(&patched)?)
        } else {
            let patched = median_of(&patched)?;
            (median_of(&stock)?, patched)
        };
        of_stock.push(stock);
        of_patched.push(patched);
        ratios.push(patched / stock);
        step.at(u64::from(pair) + 1);
    }
    step.done("");
    Ok(json!({
        "pairs": pairs,
        "stock": table::spread_of(of_stock),
        "patched": table::spread_of(of_patched),
        "ratio": table::spread_of(ratios),
        "aim": AIM,
    }))
}

/// As a person reads it in a terminal.
pub(super) fn text(report: &Value) -> String {
    let shown = |name: &str| table::spread(&report[name]).unwrap_or_default();
    let ratio = report["ratio"]["median"].as_f64().unwrap_or(f64::NAN);
    let verdict = if ratio <= AIM { "met" } else { "missed" };
    format!(
        "a submission that does nothing, and the wait for it; {} pairs of guests; microseconds: median (quartiles)\n\
         {:>26}  in the stock QEMU\n{:>26}  in the patched QEMU\n{:>26}  patched / stock; the aim, {AIM} at most, is {verdict}\n",
        report["pairs"],
        shown("stock"),
        shown("patched"),
        shown("ratio"),
    )
}

fn lab(args: &GuestArgs, qemu: QemuChoice) -> Result<Lab> {
    let mut args = args.clone();
    args.setup.qemu = qemu;
    Lab::open(&args)
}

/// The median of the operation in one guest, in microseconds.
fn median_of(lab: &Lab) -> Result<f64> {
    let rounds = ROUNDS.to_string();
    let words = ["igpu-bench", "--only", OPERATION, "--rounds", &rounds];
    let mut output = Vec::new();
    let finished = lab
        .guest()
        .command(&words)
        .timeout(Some(LIMIT))
        .own_core()
        .run(&mut |error, bytes, _| match error {
            true => pass_on(error, bytes),
            false => output.extend_from_slice(bytes),
        })?;
    if !finished.good() {
        let problems = finished.problems.join("; ");
        bail!("igpu-bench ended with {:?}; {problems}", finished.status);
    }
    let output = String::from_utf8_lossy(&output);
    let number = output.split_whitespace().next();
    number
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("igpu-bench said: {output}"))
}
