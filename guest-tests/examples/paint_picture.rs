//! Paints the demo's sample picture, `ci/demo/picture.png`: mountains over a lake at
//! dusk, made of nothing but sums of sines and a little noise. In the public domain.
//!
//! `cargo run -p virtio-igpu-guest-tests --example paint_picture -- OUT.png`

use std::path::PathBuf;
use std::process::ExitCode;

use virtio_igpu_guest_tests::demo::Picture;
use virtio_igpu_guest_tests::demo::picture::opaque;

const WIDTH: u32 = 512;
const HEIGHT: u32 = 384;
/// Row of the lake's far shore.
const SHORE: f64 = 262.0;
const SUN: (f64, f64) = (352.0, 176.0);

type Color = [f64; 3];

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: paint_picture OUT.png");
        return ExitCode::FAILURE;
    };
    let mut picture = Picture::filled(WIDTH, HEIGHT, 0);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let [red, green, blue] = at(f64::from(x), f64::from(y));
            let byte = |part: f64| (part.clamp(0.0, 1.0) * 255.0) as u8;
            picture.set(x, y, opaque(byte(red), byte(green), byte(blue)));
        }
    }
    match picture.save(&path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

/// The color of a place: the land and sky above the shore, their mirror image below.
fn at(x: f64, y: f64) -> Color {
    if y < SHORE {
        return scenery(x, y);
    }
    let depth = (y - SHORE) / (f64::from(HEIGHT) - SHORE);
    let ripple = (y * 0.9 + 3.0 * (x * 0.05).sin()).sin() * (1.0 + 5.0 * depth);
    let mirrored = scenery(x + ripple, SHORE - (y - SHORE) * 1.6);
    let water = [0.05, 0.10, 0.20];
    let glint = (y * 1.7 + x * 0.02).sin().max(0.0).powi(6) * 0.10 * (1.0 - depth);
    let mixed = mix(mirrored, water, 0.30 + 0.35 * depth);
    mixed.map(|part| part + glint)
}

/// Sky, sun, and four ranges of mountains, each nearer and darker.
fn scenery(x: f64, y: f64) -> Color {
    let mut color = sky(x, y);
    for range in 0..4 {
        let near = f64::from(range) / 3.0;
        let ridge = ridge(x, range);
        if y > ridge {
            let haze = mix([0.62, 0.42, 0.52], [0.07, 0.08, 0.16], near.sqrt());
            let light = 1.0 + 0.25 * ((y - ridge) / 40.0).min(1.0) * (1.0 - near);
            color = haze.map(|part| part * light);
        }
    }
    color
}

fn sky(x: f64, y: f64) -> Color {
    let height = (y / SHORE).clamp(0.0, 1.0);
    let base = mix([0.10, 0.10, 0.30], [0.98, 0.58, 0.36], height.powf(1.6));
    let distance = ((x - SUN.0).powi(2) + (y - SUN.1).powi(2)).sqrt();
    let glow = (-distance / 70.0).exp();
    let disc = (1.0 - (distance - 22.0).clamp(0.0, 1.5) / 1.5).clamp(0.0, 1.0);
    let cloud = cloud(x, y) * 0.35 * (1.0 - (height - 0.55).abs() * 2.0).max(0.0);
    let star = if speck(x, y) > 0.9985 && height < 0.5 {
        0.7 * (1.0 - 2.0 * height)
    } else {
        0.0
    };
    let with_glow = mix(base, [1.0, 0.86, 0.55], (0.65 * glow + disc).min(1.0));
    let with_cloud = mix(with_glow, [1.0, 0.72, 0.62], cloud);
    with_cloud.map(|part| part + star)
}

/// The height of a range at a column, as a row of the picture.
fn ridge(x: f64, range: i32) -> f64 {
    let near = f64::from(range);
    let base = 168.0 + 26.0 * near;
    let tall = 44.0 - 8.0 * near;
    let mut height = 0.0;
    for octave in 0..6 {
        let frequency = 0.011 * (1.0 + 0.35 * near) * 2f64.powi(octave);
        let phase = near * 1.9 + f64::from(octave) * 1.3;
        height += (1.0 - (x * frequency + phase).sin().abs() * 2.0) * 0.55f64.powi(octave);
    }
    base - tall * 0.5 * height
}

fn cloud(x: f64, y: f64) -> f64 {
    let wave = |fx: f64, fy: f64, phase: f64| (x * fx + y * fy + phase).sin();
    let sum = wave(0.013, 0.11, 0.0) + wave(0.029, 0.17, 1.0) * 0.6 + wave(0.007, 0.06, 2.0);
    (sum / 2.6).max(0.0)
}

/// A number from 0 to 1 that has nothing to do with its neighbours'.
fn speck(x: f64, y: f64) -> f64 {
    let place = (x.floor() as i64 * 374_761_393 + y.floor() as i64 * 668_265_263) as u64;
    let mixed = (place ^ (place >> 13)).wrapping_mul(1_274_126_177);
    ((mixed ^ (mixed >> 16)) & 0xffff) as f64 / 65_535.0
}

fn mix(from: Color, to: Color, part: f64) -> Color {
    let part = part.clamp(0.0, 1.0);
    std::array::from_fn(|index| from[index] * (1.0 - part) + to[index] * part)
}
