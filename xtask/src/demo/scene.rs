//! The demo's second part: `igpu-scene` in a guest with the image `mesa`, where Intel's unmodified
//! OpenCL driver compiles a kernel of ours and runs it on the virtual GPU's shader cores.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::part;
use crate::cli::{DemoArgs, Image};
use crate::vm::Lab;

/// A guest that takes longer hangs: the driver is loaded and compiles on an emulated processor.
const LIMIT: Duration = Duration::from_secs(600);

/// Why this part is left out; nothing if it isn't.
pub(super) fn left_out(args: &DemoArgs) -> Option<&'static str> {
    let guest = &args.guest;
    if args.no_scene {
        Some("--no-scene was given")
    } else if guest.setup.rootfs.is_some() {
        Some("an image of your own was given, and Intel's OpenCL driver is not looked for in it")
    } else if guest.executor == "null" {
        Some("that executor executes nothing, and Intel's OpenCL driver waits for a result")
    } else if guest.platform != "tgl" {
        Some("Intel's OpenCL driver no longer knows that platform")
    } else {
        None
    }
}

/// Runs it; says whether all went well.
pub(super) fn with(args: &DemoArgs, out: &Path) -> Result<bool> {
    let mut guest = args.guest.clone();
    guest.setup.image = Image::Mesa;
    let lab = Lab::open(&guest)?;
    for old in ["scene.png", "scene.json", "scene-device.json"] {
        let _ = fs::remove_file(out.join(old));
    }
    eprintln!(
        "booting a guest with Intel's OpenCL driver, which compiles a kernel for the GPU's shader cores"
    );
    let words = [
        "igpu-scene",
        "--out",
        "/mnt/share/scene.png",
        "--report",
        "/mnt/share/scene.json",
    ];
    let finished = part(&lab, out, &words, LIMIT, "scene-device.json")?;
    let scene = out.join("scene.png");
    if !scene.exists() {
        eprintln!("error: the guest made no scene");
        return Ok(false);
    }
    println!("the guest ran for {:.1} s", finished.seconds);
    println!("the scene: {}", scene.display());
    Ok(finished.good())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::left_out;
    use crate::cli::{Action, Cli};

    #[test]
    fn the_scene_is_left_out_where_it_cannot_be_computed() {
        let why = |words: &[&str]| {
            let line = ["xtask", "demo"].iter().chain(words);
            match Cli::try_parse_from(line).map(|it| it.command) {
                Ok(Action::Demo(args)) => left_out(&args),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(why(&[]), None);
        assert_eq!(why(&["--image", "mesa"]), None);
        for words in [
            &["--no-scene"][..],
            &["--platform", "icl"],
            &["--executor", "null"],
            &["--rootfs", "/r"],
        ] {
            assert!(why(words).is_some(), "{words:?}");
        }
    }
}
