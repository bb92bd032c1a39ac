// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The program `vhost-device-igpu`: command line and log in, exit status out.

use std::process::ExitCode;

use clap::Parser;
use vhost_device::{capabilities, cli::Arguments, logging, server};

fn main() -> ExitCode {
    if capabilities::are_asked_for(std::env::args_os()) {
        return match capabilities::write(std::io::stdout()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let arguments = Arguments::parse();
    logging::start(arguments.log_level());
    match server::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            logging::last_words(&error);
            ExitCode::FAILURE
        }
    }
}
