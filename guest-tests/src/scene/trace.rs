//! What the kernel computes for one pixel, computed by the CPU: the same steps in the same
//! order, so that the two differ by roundings alone.

use super::{Scene, Vector};

/// How many times a ray is followed from where it was mirrored.
const BOUNCES: u32 = 4;
/// Rays for each pixel, and where in it: a square turned so that no two share a row or column.
const RAYS: [[f32; 2]; 4] = [
    [0.375, 0.125],
    [0.875, 0.375],
    [0.125, 0.625],
    [0.625, 0.875],
];
/// Farther than everything.
const FAR: f32 = 1.0e9;
/// How far off a surface its rays begin.
const OFF: f32 = 1.0e-3;
/// The tangent of half the angle under which the sun is seen: it makes the shadows' edges.
const SUN_SIZE: f32 = 0.07;
const SUNLIGHT: Vector = Vector::new(3.4, 2.55, 1.65);
const SKYLIGHT: Vector = Vector::new(0.22, 0.34, 0.58);
const ZENITH: Vector = Vector::new(0.025, 0.10, 0.36);
const HORIZON: Vector = Vector::new(0.98, 0.62, 0.40);

/// A pixel's red, green and blue, 0 to 255.
pub fn color(scene: &Scene, width: u32, height: u32, x: u32, y: u32) -> [u8; 3] {
    let mut sum = Vector::default();
    for [right, down] in RAYS {
        let across = (x as f32 + right) * 2.0 / width as f32 - 1.0;
        let upwards = (height as f32 - 2.0 * (y as f32 + down)) / width as f32;
        let way = scene.ahead + scene.right * across + scene.up * upwards;
        sum = sum + tone(follow(scene, scene.eye, way.normal()));
    }
    let byte = |value: f32| (value * 255.0 / RAYS.len() as f32 + 0.5) as u8;
    [byte(sum.x), byte(sum.y), byte(sum.z)]
}

/// Light as the picture shows it: 0 to 1.
fn tone(light: Vector) -> Vector {
    let shown = light.map(|it| it * (0.9 + it * 0.25) / (1.0 + it * 0.55));
    shown.map(|it| it.clamp(0.0, 1.0).sqrt())
}

/// The light that comes along a ray.
fn follow(scene: &Scene, mut from: Vector, mut way: Vector) -> Vector {
    let mut light = Vector::default();
    let mut weight = Vector::all(1.0);
    for _ in 0..BOUNCES {
        let (distance, hit) = nearest(scene, from, way);
        if distance >= FAR {
            return light + weight * sky(scene, way);
        }
        let place = from + way * distance;
        let (normal, color, mirror) = match hit {
            Some(number) => {
                let it = &scene.spheres[number];
                let normal = (place - it.middle) * (1.0 / it.radius);
                (normal, it.color, it.mirror)
            }
            None => (Vector::new(0.0, 1.0, 0.0), plane(place, distance), 0.04),
        };
        // More is mirrored at a flat angle.
        let flat = (1.0 + way.dot(normal)).clamp(0.0, 1.0);
        let flat2 = flat * flat;
        let share = mirror + (1.0 - mirror) * flat2 * flat2 * flat * 0.8;
        let off = place + normal * OFF;
        let sunlit = scene.sun.dot(normal).max(0.0);
        let seen = if sunlit > 0.0 {
            sun_seen(scene, off)
        } else {
            0.0
        };
        let open = sky_seen(scene, off, normal) * (0.6 + 0.4 * normal.y);
        // A little comes back from the plane, too.
        let below = Vector::new(0.16, 0.12, 0.09) * (0.5 - 0.5 * normal.y);
        let falls = SUNLIGHT * (sunlit * seen) + SKYLIGHT * open + below;
        let mut own = color * falls;
        if hit.is_none() {
            // The plane ends in haze.
            let haze = 1.0 - 1.0 / (1.0 + distance * distance * 0.0011);
            own = own.mix(HORIZON, haze);
        }
        light = light + weight * own * (1.0 - share);
        let tint = if mirror >= 0.5 {
            color
        } else {
            Vector::all(1.0)
        };
        weight = weight * tint * share;
        if weight.x.max(weight.y).max(weight.z) < 0.01 {
            return light;
        }
        way = way - normal * (2.0 * way.dot(normal));
        from = off;
    }
    light
}

/// How far it is to what the ray meets first, and which sphere that is; none: the plane.
fn nearest(scene: &Scene, from: Vector, way: Vector) -> (f32, Option<usize>) {
    let mut distance = FAR;
    let mut hit = None;
    if way.y < -1.0e-4 {
        distance = -from.y / way.y;
    }
    for (number, it) in scene.spheres.iter().enumerate() {
        let to = it.middle - from;
        let along = to.dot(way);
        let inside = it.radius * it.radius - (to.dot(to) - along * along);
        if inside > 0.0 {
            let near = along - inside.sqrt();
            if near > 0.0 && near < distance {
                distance = near;
                hit = Some(number);
            }
        }
    }
    (distance, hit)
}

/// Which part of the sun is seen from a place: 0 to 1. Each sphere covers the more of it the
/// nearer the way to the sun's middle passes, measured against how large the sun is there.
fn sun_seen(scene: &Scene, from: Vector) -> f32 {
    let mut seen = 1.0;
    for it in &scene.spheres {
        let to = it.middle - from;
        let along = to.dot(scene.sun);
        if along > 0.0 {
            let beside = (to.dot(to) - along * along).max(0.0).sqrt() - it.radius;
            let part = (0.5 + beside / (2.0 * SUN_SIZE * along)).clamp(0.0, 1.0);
            seen *= part * part * (3.0 - 2.0 * part);
        }
    }
    seen
}

/// Which part of the sky is seen from a place that faces along `normal`: 0 to 1.
fn sky_seen(scene: &Scene, from: Vector, normal: Vector) -> f32 {
    let mut seen = 1.0;
    for it in &scene.spheres {
        let to = it.middle - from;
        let square = to.dot(to);
        let facing = to.dot(normal).max(0.0) / square.sqrt();
        let covered = facing * it.radius * it.radius / square;
        seen *= 1.0 - covered.min(1.0);
    }
    seen
}

/// The plane's color: chequers, fading with the distance before they become too fine.
fn plane(place: Vector, distance: f32) -> Vector {
    let odd = (place.x.floor() as i32 + place.z.floor() as i32) & 1;
    let strong = 1.0 / (1.0 + distance * distance * 0.0006);
    let value = if odd == 0 {
        0.5 + 0.5 * strong
    } else {
        0.5 - 0.5 * strong
    };
    Vector::new(0.045, 0.06, 0.10).mix(Vector::new(0.74, 0.70, 0.62), value)
}

/// The sky, with the sun in it.
fn sky(scene: &Scene, way: Vector) -> Vector {
    let low = 1.0 - way.y.clamp(0.0, 1.0);
    let low2 = low * low;
    let height = 1.0 - low2 * low2 * low;
    let near = way.dot(scene.sun).max(0.0);
    let near2 = near * near;
    let near4 = near2 * near2;
    let near8 = near4 * near4;
    let near16 = near8 * near8;
    let near32 = near16 * near16;
    let near64 = near32 * near32;
    let near128 = near64 * near64;
    let near256 = near128 * near128;
    let near512 = near256 * near256;
    let glow = near8 * 0.25 + near64 * 0.5 + near512 * 9.0;
    HORIZON.mix(ZENITH, height) + SUNLIGHT * (glow * 0.5)
}
