//! `cargo xtask vm`: a guest for a person.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::{Finished, Lab, console};
use crate::cli::VmArgs;
use crate::records;
use crate::trace::Trace;

/// The command.
pub(crate) fn vm(args: &VmArgs) -> Result<u8> {
    let begun = Instant::now();
    let lab = Lab::open(&args.guest)?;
    let prepared = begun.elapsed().as_secs_f64();
    let limit = (args.timeout > 0).then(|| Duration::from_secs(args.timeout));
    let mut guest = lab.guest().share(args.share.as_deref());
    if let Some(path) = &args.management_socket {
        guest = guest.daemon_args(["--management-socket".into(), path.into()]);
    }
    let wanted = args.trace.is_some();
    let trace = wanted.then(|| Trace::prepare(args.share.as_deref()));
    let trace = trace.transpose()?;
    let shell = args.command.is_empty();
    let guest = if shell && console::present() {
        guest
    } else {
        // Without a terminal a shell reads its commands from standard input.
        let command = if shell {
            vec![OsString::from("sh")]
        } else {
            args.command.clone()
        };
        let guest = match &trace {
            Some(trace) => trace.of(guest, &command),
            None => guest.command(&command),
        };
        guest.timeout(limit).stdin(!std::io::stdin().is_terminal())
    };
    let finished = guest.run(&mut |error, bytes, orders| {
        let written = if error {
            std::io::stderr().write_all(bytes)
        } else {
            let mut out = std::io::stdout();
            out.write_all(bytes).and_then(|()| out.flush())
        };
        // Nobody reads our output any more: nothing is left to run for.
        orders.give_up |= written.is_err();
    })?;
    if let Some(seconds) = finished.first_output {
        records::Records::figure(
            &lab.ready.cache,
            "vm_first_output_seconds",
            prepared + seconds,
        )?;
    }
    if args.stats {
        eprintln!("run: {}", times(prepared, &finished));
        if let Some(stats) = &finished.stats {
            eprintln!("{stats:#}");
        }
    }
    for problem in &finished.problems {
        eprintln!("error: {problem}");
    }
    if let (Some(trace), Some(file)) = (trace, &args.trace) {
        trace.finish(file, args.trace_picture.as_deref())?;
    }
    Ok(finished.exit())
}

fn times(prepared: f64, finished: &Finished) -> String {
    let first = finished.first_output.map_or("none".to_string(), |s| {
        format!("after {:.2} s", prepared + s)
    });
    format!(
        "checks {prepared:.2} s, guest {:.2} s, first output {first}",
        finished.seconds
    )
}
