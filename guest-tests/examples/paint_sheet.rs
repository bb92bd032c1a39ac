//! Paints what the demo should come to, on the CPU alone: to look at the plan without
//! a guest.
//!
//! `cargo run -p virtio-igpu-guest-tests --example paint_sheet -- IN.png OUT.png`

use std::path::Path;
use std::process::ExitCode;

use virtio_igpu_guest_tests::demo::{Picture, Plan, reference};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [picture, out] = arguments.as_slice() else {
        eprintln!("usage: paint_sheet IN.png OUT.png");
        return ExitCode::FAILURE;
    };
    match paint(Path::new(picture), Path::new(out)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn paint(picture: &Path, out: &Path) -> Result<(), String> {
    let picture = Picture::load(picture)?;
    let plan = Plan::new(picture.width, picture.height)?;
    reference::draw(&plan, &picture).save(out)
}
