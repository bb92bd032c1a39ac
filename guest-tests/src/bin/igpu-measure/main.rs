//! Measures what calls of the uAPI cost, for docs/performance.md. A report, not a test:
//! nothing fails because it is slow.

mod binds;
mod contexts;
mod objects;
mod samples;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use serde::Serialize;

/// Measures what calls of the uAPI cost.
///
/// Everything is measured in rounds: each round measures every call, and a call's cost is
/// given as a ratio to a GETPARAM of the same round. So what slows the machine for a while
/// slows both. Within a round the fastest burst of ten calls counts. Shown are the median
/// over the rounds and, in brackets, the quartiles.
///
/// The program runs on the first CPU. Under emulation the host should run that CPU on a
/// core of its own, and everything else on another one.
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
struct Arguments {
    /// What to measure
    #[command(subcommand)]
    subject: Subject,

    /// How many rounds
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(4..), global = true)]
    rounds: u32,

    /// Where to write the figures, as JSON
    #[arg(long, value_name = "REPORT.json", global = true)]
    report: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Subject {
    /// Contexts: creating, first use, later use, look-up among many; messages and doorbells
    Contexts {
        /// The many contexts, for the cost of a look-up among them
        #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..=120_000))]
        many: u32,
    },
    /// VM_BIND: messages, doorbells and extents; binding and submitting with many mappings;
    /// memory of the driver
    Binds {
        /// The many mappings of an address space
        #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
        many: u32,

        /// Mebibytes of memory in huge pages that are bound at once
        #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(2..=65536))]
        large: u32,
    },
    /// Objects: beside plain shared memory; listed by EXECBUFFER2, one to a thousand
    Objects,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("igpu-measure: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    stay_on_first_cpu().map_err(|errno| format!("cannot stay on the first CPU: {errno}"))?;
    match arguments.subject {
        Subject::Contexts { many } => {
            let report =
                contexts::measure(arguments.rounds, many).map_err(|error| error.to_string())?;
            print!("{report}");
            arguments.save(&report)
        }
        Subject::Binds { many, large } => {
            let report =
                binds::measure(arguments.rounds, many, large).map_err(|error| error.to_string())?;
            print!("{report}");
            arguments.save(&report)
        }
        Subject::Objects => {
            let report = objects::measure(arguments.rounds).map_err(|error| error.to_string())?;
            print!("{report}");
            arguments.save(&report)
        }
    }
}

fn stay_on_first_cpu() -> nix::Result<()> {
    let mut cpus = CpuSet::new();
    cpus.set(0)?;
    sched_setaffinity(Pid::from_raw(0), &cpus)
}

impl Arguments {
    fn save(&self, report: &impl Serialize) -> Result<(), String> {
        let Some(path) = &self.report else {
            return Ok(());
        };
        let text = serde_json::to_string_pretty(report).map_err(|error| error.to_string())?;
        std::fs::write(path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))
    }
}
