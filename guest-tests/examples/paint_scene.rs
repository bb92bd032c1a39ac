//! Computes the scene of `igpu-scene` on the CPU: what the GPU's picture should come to.
//!
//!     cargo run --release -p virtio-igpu-guest-tests --example paint_scene -- scene.png

use std::path::PathBuf;

use virtio_igpu_guest_tests::demo::Picture;
use virtio_igpu_guest_tests::demo::picture::opaque;
use virtio_igpu_guest_tests::scene::{Scene, color};

fn main() -> Result<(), String> {
    let out = std::env::args_os().nth(1).map(PathBuf::from);
    let out = out.ok_or("say where to write the picture")?;
    let (width, height) = (640, 400);
    let scene = Scene::evening();
    let mut picture = Picture::filled(width, height, 0);
    for y in 0..height {
        for x in 0..width {
            let [red, green, blue] = color(&scene, width, height, x, y);
            picture.set(x, y, opaque(red, green, blue));
        }
    }
    picture.save(&out)
}
