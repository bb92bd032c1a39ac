//! The scene of `igpu-scene`: spheres on a chequered plane under an evening sky, whose rays the
//! GPU follows. Here is what stands in it, as the kernel reads it ([`Scene`]), the kernel's
//! source ([`KERNEL`]), the same computed by the CPU ([`trace`]), and how the two are held
//! against each other ([`check`]).

mod check;
mod trace;
mod vector;

pub use check::{Checked, check};
pub use trace::color;
pub use vector::Vector;

/// The OpenCL C source that the GPU's compiler is given; the entry is [`ENTRY`].
pub const KERNEL: &str = include_str!("../../kernels/scene.cl");
/// The kernel's name in [`KERNEL`].
pub const ENTRY: &str = "scene";

/// A sphere and what it is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sphere {
    /// Its middle.
    pub middle: Vector,
    /// Its radius.
    pub radius: f32,
    /// Its color: how much of red, green and blue it throws back, 0 to 1.
    pub color: Vector,
    /// How much of the light it mirrors, seen from straight above; from 0.5 on it is metal and
    /// gives what it mirrors its color.
    pub mirror: f32,
}

/// Where the picture is seen from, what shines, and what stands there.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// The eye.
    pub eye: Vector,
    /// From the picture's middle to its right edge, where `ahead` ends.
    pub right: Vector,
    /// The same length upwards.
    pub up: Vector,
    /// Where the eye looks; of length 1.
    pub ahead: Vector,
    /// Where the sun stands; of length 1.
    pub sun: Vector,
    /// What stands on the plane, which is at height 0.
    pub spheres: Vec<Sphere>,
}

impl Scene {
    /// The scene that the demo shows.
    pub fn evening() -> Self {
        let eye = Vector::new(-1.0, 2.0, -6.6);
        let ahead = (Vector::new(0.05, 0.72, 0.0) - eye).normal();
        let right = Vector::new(0.0, 1.0, 0.0).cross(ahead).normal();
        let up = ahead.cross(right);
        let half_width = 0.62;
        let mut spheres = vec![
            sphere([0.0, 1.15, 0.35], 1.15, [0.96, 0.97, 1.0], 0.86),
            sphere([-2.15, 0.8, -0.35], 0.8, [0.80, 0.06, 0.05], 0.06),
            sphere([2.05, 0.72, -0.55], 0.72, [1.0, 0.72, 0.28], 0.7),
            sphere([1.75, 0.95, 2.6], 0.95, [0.04, 0.16, 0.62], 0.08),
            sphere([-2.3, 1.25, 3.4], 1.25, [0.05, 0.42, 0.34], 0.06),
            sphere([-0.75, 0.34, -1.75], 0.34, [0.93, 0.88, 0.80], 0.05),
            sphere([0.95, 0.3, -1.95], 0.3, [0.95, 0.55, 0.45], 0.72),
        ];
        // A row of small ones goes round the large one, in all colors.
        let count = 15;
        for number in 0..count {
            let part = number as f32 / count as f32;
            let (sine, cosine) = (part * std::f32::consts::TAU).sin_cos();
            let away = 2.75 + 0.25 * (part * 3.0 * std::f32::consts::TAU).sin();
            let radius = 0.15 + 0.03 * (number % 3) as f32;
            let place = [away * cosine, radius, 0.2 + away * sine];
            spheres.push(sphere(place, radius, hue(part), 0.05));
        }
        Self {
            eye,
            right: right * half_width,
            up: up * half_width,
            ahead,
            sun: Vector::new(-0.80, 0.50, -0.12).normal(),
            spheres,
        }
    }

    /// As the kernel reads it: eye, right, up, ahead and sun, then two for each sphere: middle
    /// and radius, color and mirror.
    pub fn words(&self) -> Vec<[f32; 4]> {
        let four = |it: Vector, last: f32| [it.x, it.y, it.z, last];
        let view = [self.eye, self.right, self.up, self.ahead, self.sun];
        let spheres = self
            .spheres
            .iter()
            .flat_map(|it| [four(it.middle, it.radius), four(it.color, it.mirror)]);
        view.map(|it| four(it, 0.0))
            .into_iter()
            .chain(spheres)
            .collect()
    }
}

fn sphere(middle: [f32; 3], radius: f32, color: [f32; 3], mirror: f32) -> Sphere {
    let vector = |[x, y, z]: [f32; 3]| Vector::new(x, y, z);
    Sphere {
        middle: vector(middle),
        radius,
        color: vector(color),
        mirror,
    }
}

/// A strong color; 0 and 1 are red.
fn hue(part: f32) -> [f32; 3] {
    [0.0, 2.0 / 3.0, 1.0 / 3.0].map(|shift| {
        let wave = 0.5 + 0.5 * ((part + shift) * std::f32::consts::TAU).cos();
        0.03 + 0.85 * wave * wave
    })
}
