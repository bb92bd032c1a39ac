//! `cargo xtask`: everything a person types in this project, from set-up to the tests.

mod apt;
mod build;
mod chroot;
mod cli;
mod exec;
mod igt;
mod klog;
mod paths;
mod progress;
mod records;
mod setup;
mod stamp;
mod tally;
mod unpack;
mod vm;
mod test { #[derive(Clone,Copy,Debug,clap::ValueEnum)] pub(crate) enum Kind { Host } }

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let result = exec::catch_interrupts().and_then(|()| match cli.command {
        cli::Action::Setup(args) => setup::run(&args).map(|_| 0),
        cli::Action::Build(args) => setup::run(&args.setup).and_then(|ready| { let built = build::run(&ready, args.module_only)?; if !args.module_only { build::remember(&ready, &built)?; } Ok(0) }),
        cli::Action::Igt(args) => igt::igt(&args),
        cli::Action::Vm(args) => vm::vm(&args),
        _ => anyhow::bail!("not yet"),
    });
    match result {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
