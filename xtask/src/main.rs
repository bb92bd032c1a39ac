//! `cargo xtask`: everything a person types in this project, from set-up to the tests.

mod answers;
mod apt;
mod bench;
mod build;
mod chroot;
mod cli;
mod demo;
mod exec;
mod hw_check;
mod igt;
mod klog;
mod ocloc;
mod paths;
mod perf;
mod progress;
mod records;
mod setup;
mod stamp;
mod suites;
mod tally;
mod test;
mod trace;
mod unpack;
mod vm;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match exec::catch_interrupts().and_then(|()| run(&cli.command)) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(action: &cli::Action) -> Result<u8> {
    match action {
        cli::Action::Demo(args) => demo::demo(args),
        cli::Action::Test(args) => test::test(args),
        cli::Action::Vm(args) => vm::vm(args),
        cli::Action::Igt(args) => igt::igt(args),
        cli::Action::Suite(args) => suites::suite(args),
        cli::Action::Setup(args) => setup::run(args).map(|_| 0),
        cli::Action::Qemu(args) => setup::patched_qemu(args),
        cli::Action::Build(args) => build::build(args),
        cli::Action::Bench(args) => bench::bench(args),
        cli::Action::Perf(args) => perf::perf(args),
        cli::Action::HwCheck(args) => hw_check::hw_check(args),
    }
}
