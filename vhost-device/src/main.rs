// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The program `vhost-device-igpu`: command line and log in, exit status out.

use std::process::ExitCode;

use clap::Parser;
use vhost_device::{cli::Arguments, server};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    env_logger::Builder::new()
        .filter_level(arguments.log_level())
        .parse_default_env()
        .init();
    match server::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vhost-device-igpu: {error:#}");
            ExitCode::FAILURE
        }
    }
}
