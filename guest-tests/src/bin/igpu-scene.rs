//! Computes a picture of spheres on a chequered plane by an OpenCL kernel on the GPU, and holds
//! it against what the CPU computes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use serde::Serialize;
use virtio_igpu_guest_tests::demo::Picture;
use virtio_igpu_guest_tests::scene::{Checked, ENTRY, KERNEL, Scene, check};
use virtio_igpu_guest_tests::sys::opencl::{Argument, Gpu};

/// Rows that one call of the kernel computes: no call is long, and people see it go on.
const ROWS: usize = 16;

/// Computes a picture of spheres on a chequered plane by an OpenCL kernel on the GPU.
///
/// The program asks OpenCL for a GPU of Intel's, has its driver compile the kernel
/// (OpenCL C: guest-tests/kernels/scene.cl) to the GPU's machine code, and calls it for
/// sixteen rows at a time. Each work item follows four rays of one pixel, up to four
/// times mirrored, with the sun's soft shadows. Then the CPU computes some of the rows
/// by itself and compares.
///
/// It takes libOpenCL.so.1, which is loaded when the program runs, Intel's driver for it
/// (Debian: ocl-icd-libopencl1 and intel-opencl-icd), and a render node that this user
/// may open. In our guests the image `mesa` has both:
///
///     cargo xtask vm --image mesa --share . -- igpu-scene --out /mnt/share/scene.png
///
/// Exit status: 0 if the rows agree but for roundings, 1 if they don't or something
/// failed.
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
struct Arguments {
    /// Where to write the picture
    #[arg(long, value_name = "OUT.png")]
    out: PathBuf,

    /// Where to write what was measured, as JSON
    #[arg(long, value_name = "REPORT.json")]
    report: Option<PathBuf>,

    /// Columns of the picture
    #[arg(long, value_name = "PIXELS", default_value_t = 640, value_parser = clap::value_parser!(u32).range(16..=4096))]
    width: u32,

    /// Rows of the picture
    #[arg(long, value_name = "PIXELS", default_value_t = 400, value_parser = clap::value_parser!(u32).range(16..=4096))]
    height: u32,

    /// Compare each so many-th row with the CPU's
    #[arg(long, value_name = "ROWS", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    check_every: u32,
}

/// What the run came to.
#[derive(Debug, Serialize)]
struct Report {
    device: String,
    driver: String,
    size: (u32, u32),
    calls: usize,
    compile_seconds: f64,
    /// From the first call of the kernel to the last one's end.
    kernel_seconds: f64,
    /// The kernel's alone, by the GPU's clock.
    gpu_seconds: f64,
    check_seconds: f64,
    checked_pixels: usize,
    different_pixels: usize,
    off_pixels: usize,
    right: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(reason) => {
            eprintln!("igpu-scene: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the picture is right.
fn run(arguments: &Arguments) -> Result<bool, String> {
    let (width, height) = (arguments.width, arguments.height);
    let gpu = Gpu::open()?;
    let (device, driver) = (gpu.name()?, gpu.driver()?);
    println!("{device}, OpenCL driver {driver}");
    let since = Instant::now();
    let kernel = gpu.compile(KERNEL, ENTRY)?;
    let compile_seconds = since.elapsed().as_secs_f64();
    println!("the driver compiled the kernel in {compile_seconds:.1} s");

    let scene = Scene::evening();
    let words = gpu.filled(&scene.words())?;
    let picture = gpu.empty((width * height) as usize)?;
    let number = |value: usize| i32::try_from(value).map_err(|error| error.to_string());
    let kernel_arguments = [
        Argument::Words(&picture),
        Argument::Fours(&words),
        Argument::Number(number(scene.spheres.len())?),
        Argument::Number(number(width as usize)?),
        Argument::Number(number(height as usize)?),
    ];
    let rows: Vec<usize> = (0..height as usize).step_by(ROWS).collect();
    let since = Instant::now();
    let mut nanoseconds = 0;
    let mut told = 0;
    for (done, row) in (1..).zip(&rows) {
        let count = [width as usize, ROWS.min(height as usize - row)];
        nanoseconds += gpu.run(&kernel, &kernel_arguments, [0, *row], count)?;
        let tenths = done * 10 / rows.len();
        if tenths > told {
            told = tenths;
            let seconds = since.elapsed().as_secs_f64();
            println!("{:3} % of the rows after {seconds:.1} s", tenths * 10);
        }
    }
    let kernel_seconds = since.elapsed().as_secs_f64();
    let picture = Picture {
        width,
        height,
        pixels: gpu.read(&picture)?,
    };
    picture.save(&arguments.out)?;

    let since = Instant::now();
    let checked = check(&scene, &picture, arguments.check_every as usize);
    let report = Report {
        device,
        driver,
        size: (width, height),
        calls: rows.len(),
        compile_seconds,
        kernel_seconds,
        gpu_seconds: nanoseconds as f64 / 1.0e9,
        check_seconds: since.elapsed().as_secs_f64(),
        checked_pixels: checked.pixels,
        different_pixels: checked.different,
        off_pixels: checked.off,
        right: checked.is_right(),
    };
    tell(&report, &checked);
    if let Some(path) = &arguments.report {
        save(&report, path)?;
    }
    Ok(report.right)
}

fn tell(report: &Report, checked: &Checked) {
    let (width, height) = report.size;
    println!(
        "{width} x {height} pixels in {} calls of the kernel: {:.2} s, of it {:.2} s on the GPU's clock",
        report.calls, report.kernel_seconds, report.gpu_seconds
    );
    println!(
        "compared {} pixels with the CPU's in {:.1} s: {} differ, {} by more than roundings do ({})",
        checked.pixels,
        report.check_seconds,
        checked.different,
        checked.off,
        if report.right { "right" } else { "WRONG" },
    );
    if let Some((x, y, found, expected)) = checked.first.filter(|_| !report.right) {
        println!("the first at ({x}, {y}): {found:?} instead of {expected:?}");
    }
}

fn save(report: &Report, path: &Path) -> Result<(), String> {
    let text = serde_json::to_string_pretty(report).map_err(|error| error.to_string())?;
    fs::write(path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))
}
