//! Measures what submissions and buffers cost, beside the same operations of a virtio-gpu
//! in the same guest, for docs/performance.md. A report, not a test: nothing fails because
//! it is slow.

mod counts;
mod flat;
mod gpu;
mod instructions;
mod operations;
mod ours;
mod samples;
mod virtio_gpu;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use serde::Serialize;
use virtio_igpu_guest_tests::client::Result;

use counts::Counts;
use flat::Flat;
use gpu::Gpu;
use operations::{Operation, Timed};
use ours::Ours;
use virtio_gpu::VirtioGpu;

/// Measures what submissions and buffers cost, here and on a virtio-gpu.
///
/// Everything is measured in rounds: each round makes every operation some times on our GPU
/// and then on the other, and keeps the median of each. So what slows the machine for a
/// while slows both. Shown are the median over the rounds and, in brackets, the quartiles;
/// ratios are taken within a round.
///
/// The program runs on the first CPU. Under emulation the host should run that CPU on a
/// core of its own, and everything else on another one.
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
struct Arguments {
    /// Measure the guest's virtio-gpu too
    #[arg(long)]
    compare: bool,

    /// Measure nothing, but make each operation between marks, for a plugin of QEMU's that
    /// counts instructions; the report says which mark is which operation's
    #[arg(long)]
    instructions: bool,

    /// Make this operation alone, on our GPU, as many times as there are rounds, and print the
    /// median: for a trace, or a look at it with other tools
    #[arg(long, value_name = "OPERATION", conflicts_with_all = ["compare", "instructions"])]
    only: Option<String>,

    /// How many rounds
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(4..))]
    rounds: u32,

    /// Where to write the figures, as JSON
    #[arg(long, value_name = "REPORT.json")]
    report: Option<PathBuf>,
}

/// All that was measured.
#[derive(Debug, Serialize)]
struct Report {
    rounds: u32,
    operations: Vec<Timed>,
    counts: Vec<Counts>,
    flat: Vec<Flat>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("igpu-bench: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> std::result::Result<(), String> {
    stay_on_first_cpu().map_err(|errno| format!("cannot stay on the first CPU: {errno}"))?;
    if arguments.instructions {
        let series = sample(arguments).map_err(|error| error.to_string())?;
        return arguments.save(&series);
    }
    if let Some(name) = &arguments.only {
        let Some(operation) = Operation::named(name) else {
            let names: Vec<String> = Operation::all().map(Operation::name).collect();
            return Err(format!(
                "no operation is called {name}; there are {}",
                names.join(", ")
            ));
        };
        let mut ours = Ours::new().map_err(|error| error.to_string())?;
        let time = operation.repeat(arguments.rounds, &mut ours);
        let time = time.map_err(|error| error.to_string())?;
        println!("{time:.1} microseconds: {}", operation.what());
        return Ok(());
    }
    let report = measure(arguments).map_err(|error| error.to_string())?;
    for line in &report.operations {
        println!("{line}");
    }
    for line in &report.counts {
        println!("{line}");
    }
    for line in &report.flat {
        println!("{line}");
    }
    arguments.save(&report)
}

impl Arguments {
    fn save(&self, report: &impl Serialize) -> std::result::Result<(), String> {
        let Some(path) = &self.report else {
            return Ok(());
        };
        let text = serde_json::to_string_pretty(report).map_err(|error| error.to_string())?;
        std::fs::write(path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))
    }
}

fn sample(arguments: &Arguments) -> Result<Vec<instructions::Series>> {
    let mut all = instructions::sample(&mut Ours::new()?, false)?;
    if arguments.compare {
        all.extend(instructions::sample(&mut VirtioGpu::new()?, true)?);
    }
    Ok(all)
}

fn measure(arguments: &Arguments) -> Result<Report> {
    let mut ours = Ours::new()?;
    let mut peer = match arguments.compare {
        true => Some(VirtioGpu::new()?),
        false => None,
    };
    let operations = operations::measure(arguments.rounds, &mut ours, as_gpu(&mut peer))?;
    let counts = counts::measure(&mut ours, as_gpu(&mut peer))?;
    let flat = flat::measure(arguments.rounds)?;
    Ok(Report {
        rounds: arguments.rounds,
        operations,
        counts,
        flat,
    })
}

fn as_gpu(peer: &mut Option<VirtioGpu>) -> Option<&mut dyn Gpu> {
    peer.as_mut().map(|peer| peer as &mut dyn Gpu)
}

fn stay_on_first_cpu() -> nix::Result<()> {
    let mut cpus = CpuSet::new();
    cpus.set(0)?;
    sched_setaffinity(Pid::from_raw(0), &cpus)
}
