//! The GPU's picture held against the CPU's. They agree but for roundings: the GPU's roots and
//! divisions are a bit less exact, and it rounds a product and a sum once. That moves a color by
//! a step here and there; where a ray passes an edge within a rounding's width, one of the
//! pixel's four rays may meet something else.

use super::{Scene, color};
use crate::demo::Picture;

/// Steps of 255 by which a color may be off anywhere.
const STEPS: u8 = 2;
/// One pixel of so many may be off by more.
const ONE_OF: usize = 1000;

/// What the comparison came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// How many pixels were compared.
    pub pixels: usize,
    /// How many of them are not exactly the CPU's.
    pub different: usize,
    /// How many are off by more than roundings explain.
    pub off: usize,
    /// The first of these: column, row, the GPU's color, the CPU's.
    pub first: Option<(u32, u32, [u8; 3], [u8; 3])>,
}

impl Checked {
    /// Whether the picture is as it has to be: few pixels are off, as at edges.
    pub fn is_right(&self) -> bool {
        self.pixels > 0 && self.off * ONE_OF <= self.pixels
    }
}

/// Computes every `step`th row of the picture on the CPU, and compares.
pub fn check(scene: &Scene, picture: &Picture, step: usize) -> Checked {
    let mut checked = Checked {
        pixels: 0,
        different: 0,
        off: 0,
        first: None,
    };
    for y in (0..picture.height).step_by(step.max(1)) {
        for x in 0..picture.width {
            let [red, green, blue, alpha] = picture.at(x, y).to_le_bytes();
            let found = [red, green, blue];
            let expected = color(scene, picture.width, picture.height, x, y);
            let mut pairs = found.iter().zip(&expected);
            checked.pixels += 1;
            checked.different += usize::from(found != expected || alpha != 255);
            if alpha != 255 || pairs.any(|(a, b)| a.abs_diff(*b) > STEPS) {
                checked.off += 1;
                checked.first = checked.first.or(Some((x, y, found, expected)));
            }
        }
    }
    checked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::picture::opaque;
    use crate::scene::KERNEL;

    const WIDTH: u32 = 64;
    const HEIGHT: u32 = 40;

    fn painted() -> (Scene, Picture) {
        let scene = Scene::evening();
        let mut picture = Picture::filled(WIDTH, HEIGHT, 0);
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let [red, green, blue] = color(&scene, WIDTH, HEIGHT, x, y);
                picture.set(x, y, opaque(red, green, blue));
            }
        }
        (scene, picture)
    }

    #[test]
    fn the_picture_shows_sky_plane_and_spheres() {
        let (_, picture) = painted();
        let at = |x, y| picture.at(x, y).to_le_bytes();
        // The sky's upper edge is darker than the haze over the horizon, which is warm.
        let (top, horizon) = (at(2, 0), at(2, 10));
        assert!(
            top[0] < horizon[0] && horizon[0] > horizon[2] + 40,
            "{top:?} {horizon:?}"
        );
        // The plane has light and dark chequers near the eye.
        let near: Vec<u8> = (0..WIDTH).map(|x| at(x, HEIGHT - 1)[1]).collect();
        let (dark, light) = (near.iter().min(), near.iter().max());
        assert!(dark < Some(&90) && light > Some(&180), "{near:?}");
        // The red sphere is red, the gold one has little blue.
        let (red, gold) = (at(14, 17), at(50, 18));
        assert!(red[0] > 100 && red[0] > 2 * red[2], "{red:?}");
        assert!(gold[0] > gold[2] + 40, "{gold:?}");
    }

    #[test]
    fn the_same_picture_is_right_and_roundings_are_forgiven() {
        let (scene, mut picture) = painted();
        let checked = check(&scene, &picture, 1);
        assert_eq!(
            (checked.pixels, checked.different),
            ((WIDTH * HEIGHT) as usize, 0)
        );
        assert!(checked.is_right());
        for pixel in &mut picture.pixels {
            *pixel ^= 1;
        }
        let checked = check(&scene, &picture, 8);
        assert_eq!((checked.different, checked.off), (checked.pixels, 0));
        assert!(checked.is_right());
    }

    #[test]
    fn a_wrong_picture_is_told() {
        let (scene, mut picture) = painted();
        // Some wrong pixels may be edges, a wrong row is none.
        for x in 0..2 {
            picture.set(x, 8, opaque(0, 0, 0));
        }
        assert!(check(&scene, &picture, 1).is_right());
        for x in 2..WIDTH {
            picture.set(x, 8, opaque(0, 0, 0));
        }
        let checked = check(&scene, &picture, 1);
        assert_eq!(checked.off, WIDTH as usize);
        assert_eq!(checked.first.map(|(x, y, ..)| (x, y)), Some((0, 8)));
        assert!(!checked.is_right());
        assert!(!check(&scene, &Picture::filled(WIDTH, HEIGHT, 0), 1).is_right());
    }

    /// The kernel counts on how the scene is laid out, and on its own copy of some numbers.
    #[test]
    fn kernel_and_reference_share_their_numbers() {
        let words = Scene::evening().words();
        assert_eq!(words.len(), 5 + 2 * Scene::evening().spheres.len());
        assert!(KERNEL.contains("#define SPHERES 5\n"));
        let reference = include_str!("trace.rs");
        let names = ["SUNLIGHT", "SKYLIGHT", "ZENITH", "HORIZON"];
        for name in names {
            let after = |text: &str, mark: String| {
                let (_, rest) = text.split_once(&mark)?;
                let inner = rest.split_once(')')?.0;
                Some(inner.replace('f', ""))
            };
            let kernel = after(KERNEL, format!("#define {name} ((float3)("));
            let here = after(reference, format!("const {name}: Vector = Vector::new("));
            assert!(
                kernel.is_some() && kernel == here,
                "{name}: {kernel:?}, {here:?}"
            );
        }
    }
}
