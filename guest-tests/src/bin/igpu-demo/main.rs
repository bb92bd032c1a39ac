//! The demo: draws a sheet from a picture on the GPU, through VM_BIND and EXECBUFFER3,
//! and checks every pixel of it.

mod report;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use virtio_igpu_guest_tests::demo::{Picture, Plan, reference};

use report::Report;

/// Draws a sheet from a picture on the GPU, and checks every pixel.
///
/// The program opens the render node, makes an address space in VM_BIND mode and a
/// context on it with the render engine and the blitter, and binds the picture, the
/// sheet, two tiled surfaces, room for timestamps and six batches at addresses of its
/// choice, spread over all 48 bits. It waits for none of the binds: six submissions are
/// queued right behind them, on two engines, and a timeline syncobj alone puts them in
/// order. The blitter fills a background, copies the picture to X-tiled and Y-tiled
/// memory and back, lays a mosaic and shifts rows to waves; the render engine sets dots
/// in between. Then the CPU draws the same sheet by itself and compares.
///
/// Exit status: 0 if every pixel is right, 1 if one is wrong or something failed.
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
struct Arguments {
    /// The picture to begin with: a PNG of 64 x 48 pixels or more
    #[arg(long, value_name = "IN.png")]
    picture: PathBuf,

    /// Where to write the sheet
    #[arg(long, value_name = "OUT.png")]
    out: PathBuf,

    /// Where to write what was measured: submissions, binds, messages, doorbells,
    /// interrupts and bytes from the driver's counters, and the time of each stage
    #[arg(long, value_name = "REPORT.json")]
    report: Option<PathBuf>,

    /// The device node (default: the first render node with an i915 driver)
    #[arg(long, value_name = "NODE")]
    device: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(report) => {
            print!("{report}");
            if report.is_right() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(reason) => {
            eprintln!("igpu-demo: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<Report, String> {
    let picture = Picture::load(&arguments.picture)?;
    let plan = Plan::new(picture.width, picture.height)
        .map_err(|reason| format!("{}: {reason}", arguments.picture.display()))?;
    let (sheet, mut report) = work::draw(arguments.device.as_deref(), &plan, &picture)
        .map_err(|error| error.to_string())?;
    sheet.save(&arguments.out)?;
    report.check(&reference::draw(&plan, &picture), &sheet);
    if let Some(path) = &arguments.report {
        report.save(path)?;
    }
    Ok(report)
}
