//! The sampler.

use super::images::Picture;
use super::{Message, Setup, dword, dwords, header};
use crate::isa::SharedFunction::Sampler;
use crate::shared::surface::tests::state;
use crate::small_float::{from_half, to_half};
use proptest::prelude::*;

/// Types of messages.
const LEVEL: u32 = 2;
const LOAD: u32 = 7;
const SIZE: u32 = 10;
const LEVEL_ZERO: u32 = 24;
const LOAD_ZERO: u32 = 26;

const WRAP: u32 = 0;
const MIRROR: u32 = 1;
const CLAMP: u32 = 2;
const BORDER: u32 = 4;

/// A message of 16 channels with sampler 2 and the image at 3.
fn message(kind: u32) -> Message {
    Message {
        descriptor: 2 << 17 | kind << 12 | 2 << 8 | 3,
        ..Message::data(Sampler, 0, 0, 0)
    }
}

/// The same parameter for all channels.
fn floats(values: &[f32]) -> Vec<[u8; 32]> {
    values
        .iter()
        .flat_map(|value| dwords(&[value.to_bits(); 16]))
        .collect()
}

/// The first channel's colour of an answer of 16 channels.
fn colour(answer: &[[u8; 32]]) -> [f32; 4] {
    [0, 16, 32, 48].map(|at| f32::from_bits(dword(answer, at)))
}

/// An image of one float for a texel.
const FLOATS: Picture = Picture {
    kind: 1,
    array: false,
    format: 0xd8,
    tiling: 3,
    size: [13, 9, 1],
    pitch: 128,
    rows: 32,
};

/// Fills it with a number for each texel.
fn fill(setup: &mut Setup, picture: &Picture) {
    setup.bind(3, &picture.state());
    let [width, height, depth] = picture.size.map(|texels| texels as usize);
    for z in 0..depth {
        for y in 0..height {
            for x in 0..width {
                let at = picture.place(4, [x, y, z]) as u64;
                let value = value(x as i64, y as i64, z as i64) as f32;
                setup.data(at)[..4].copy_from_slice(&value.to_le_bytes());
            }
        }
    }
}

fn value(x: i64, y: i64, z: i64) -> f64 {
    (x * 7 + y * y * 3 + z * 50) as f64
}

/// A texel of a row of so many by its edge's rule, none for the border.
fn around(edge: u32, at: i64, size: i64) -> Option<i64> {
    match edge {
        WRAP => Some(at.rem_euclid(size)),
        MIRROR => {
            let at = at.rem_euclid(2 * size);
            Some(if at < size { at } else { 2 * size - 1 - at })
        }
        CLAMP => Some(at.clamp(0, size - 1)),
        _ => (0..size).contains(&at).then_some(at),
    }
}

/// The filtered value of an image of numbers, by textbook.
fn reference(size: [u32; 3], at: [f64; 3], axes: usize, linear: bool, edge: u32) -> f64 {
    let mut sum = 0.0;
    let corners = if linear { 1 << axes } else { 1 };
    for corner in 0..corners {
        let mut weight = 1.0;
        let mut texel = Some([0; 3]);
        for axis in 0..axes {
            let place = if linear { at[axis] - 0.5 } else { at[axis] };
            let mut index = place.floor() as i64;
            let part = place - place.floor();
            if linear {
                weight *= if corner >> axis & 1 != 0 {
                    part
                } else {
                    1.0 - part
                };
                index += corner >> axis & 1;
            }
            let inside = around(edge, index, size[axis].into());
            texel = texel.zip(inside).map(|(mut texel, index)| {
                texel[axis] = index;
                texel
            });
        }
        let value = texel.map_or(-5.0, |[x, y, z]| value(x, y, z));
        sum += weight * value;
    }
    sum
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Nearest and linear filters of one to three dimensions, all edges, normalised or not.
    #[test]
    fn filters(
        u in -3f32..3.0, v in -3f32..3.0, r in -3f32..3.0,
        edge in prop_oneof![Just(WRAP), Just(MIRROR), Just(CLAMP), Just(BORDER)],
        linear in any::<bool>(),
        texels in any::<bool>(),
    ) {
        let pictures = [
            (1, Picture { kind: 0, tiling: 0, size: [13, 1, 1], ..FLOATS }),
            (2, FLOATS),
            (2, Picture { tiling: 0, ..FLOATS }),
            (3, Picture { kind: 2, size: [13, 9, 5], ..FLOATS }),
        ];
        for (axes, picture) in pictures {
            let mut setup = Setup::new(true);
            fill(&mut setup, &picture);
            let filters = if linear { 1 << 14 | 1 << 17 } else { 0 };
            let edges = edge | edge << 3 | edge << 6 | u32::from(texels) << 10;
            let border = (-5f32).to_bits();
            setup.sampler(2, [filters, 0, 0, edges], [border, 0, 0, 0]);
            let scale = picture.size.map(|texels| texels as f32);
            let at = if texels { [u * scale[0], v * scale[1], r * scale[2]] } else { [u, v, r] };
            let answer = setup
                .send(&message(LEVEL_ZERO), &floats(&at[..axes]), &[], 8)
                .expect("good");
            let place: [f64; 3] = std::array::from_fn(|axis| {
                f64::from(at[axis]) * if texels { 1.0 } else { f64::from(scale[axis]) }
            });
            // Where floats can't tell on which side of a texel's edge a point is, both will do.
            let expected = reference(picture.size, place, axes, linear, edge);
            let near = place.map(|place| place + 1e-4);
            let far = place.map(|place| place - 1e-4);
            let found = f64::from(colour(&answer)[0]);
            let good = [place, near, far].iter().any(|place| {
                (reference(picture.size, *place, axes, linear, edge) - found).abs() < 0.05
            });
            prop_assert!(good, "{found} instead of {expected}: {picture:?}");
        }
    }
}

/// Texels by integers, with and without level, in layers; outside 0. The answer's components are
/// as many as there are registers, or those that the header doesn't leave out.
#[test]
fn loads() {
    let picture = Picture {
        array: true,
        size: [13, 9, 3],
        ..FLOATS
    };
    let mut setup = Setup::new(false);
    fill(&mut setup, &picture);
    let lanes: Vec<u32> = (0..16).collect();
    let (v, r) = (dwords(&[4; 16]), dwords(&[2; 16]));
    let payload = [dwords(&lanes), v, r].concat();
    for (registers, split) in [(8, 0), (2, 2), (2, 4)] {
        let (first, second) = payload.split_at(if split == 0 { 6 } else { split });
        let answer = setup
            .send(&message(LOAD_ZERO), first, second, registers)
            .expect("good");
        for lane in 0..16 {
            let found = f32::from_bits(dword(&answer, lane));
            let expected = if lane < 13 {
                value(lane as i64, 4, 2)
            } else {
                0.0
            };
            assert_eq!(f64::from(found), expected);
        }
        if registers == 8 {
            assert_eq!(colour(&answer)[1..], [0.0, 0.0, 1.0]);
        }
    }
    // With level, and with a header that wants alpha only and moves to the right.
    let level = dwords(&[0; 16]);
    let payload = [&payload[..4], &level, &payload[4..]].concat();
    let mut first = vec![header(&[(2, 0xe000 | 1 << 8)])];
    first.extend(&payload);
    let answer = setup
        .send(&message(LOAD).with_header(), &first, &[], 2)
        .expect("good");
    assert_eq!(f64::from(f32::from_bits(dword(&answer, 3))), value(4, 4, 2));
    let first = [&[header(&[(2, 0x7000)])] as &[_], &payload].concat();
    let answer = setup
        .send(&message(LOAD).with_header(), &first, &[], 2)
        .expect("good");
    assert_eq!(dword(&answer, 3), 1f32.to_bits());
}

/// Levels: chosen, rounded, blended, limited.
#[test]
fn levels() {
    // 16 by 16 texels; each level has the level's number for all texels.
    let picture = Picture {
        tiling: 0,
        size: [16, 16, 1],
        ..FLOATS
    };
    let mut setup = Setup::new(true);
    let mut dwords = picture.dwords();
    dwords.push((5, 3));
    setup.bind(3, &state(&dwords));
    let mut paint = |x: u64, y: u64, size: u64, value: f32| {
        for row in y..y + size {
            for column in x..x + size {
                setup.data(row * 128 + column * 4)[..4].copy_from_slice(&value.to_le_bytes());
            }
        }
    };
    paint(0, 0, 16, 0.0);
    paint(0, 16, 8, 1.0);
    paint(8, 16, 4, 2.0);
    paint(8, 20, 4, 3.0);
    let mut level = |between: u32, level: f32, limits: u32| {
        setup.functions = crate::shared::SharedFunctions::new(
            setup.functions.bases,
            setup.functions.memory().clone(),
        );
        setup.sampler(2, [between << 20, limits, 0, 2 << 6 | 2 << 3], [0; 4]);
        let answer = setup
            .send(&message(LEVEL), &floats(&[level, 0.3, 0.6]), &[], 8)
            .expect("good");
        colour(&answer)[0]
    };
    let all = 14 << 16;
    assert_eq!(level(0, 2.0, all), 0.0);
    assert_eq!(level(1, 1.4, all), 1.0);
    assert_eq!(level(1, 1.6, all), 2.0);
    assert_eq!(level(3, 1.25, all), 1.25);
    assert_eq!(level(3, 9.0, all), 3.0);
    assert_eq!(level(3, -9.0, all), 0.0);
    assert_eq!(level(3, 9.0, 0x280 << 8), 2.5);
    assert_eq!(level(3, 0.0, all | 0x180 << 20), 1.5);
    assert_eq!(level(3, f32::NAN, all), 3.0);
}

/// Sizes of levels and how many there are; a buffer's elements.
#[test]
fn sizes() {
    let picture = Picture {
        array: true,
        size: [13, 9, 3],
        ..FLOATS
    };
    let mut setup = Setup::new(false);
    let mut fields = picture.dwords();
    fields.push((5, 2 | 1 << 4));
    setup.bind(3, &state(&fields));
    let mut size = |level: u32| {
        let answer = setup
            .send(&message(SIZE), &dwords(&[level; 16]), &[], 8)
            .expect("good");
        [0, 16, 32, 48].map(|at| dword(&answer, at))
    };
    // Level 0 is the surface's first level.
    assert_eq!(size(0), [6, 4, 3, 3]);
    assert_eq!(size(2), [1, 1, 3, 3]);
    assert_eq!(size(3), [0, 0, 0, 3]);
    let mut setup = Setup::new(false);
    setup.bind(3, &state(&[(0, 4 << 29 | 0xd8 << 18), (2, 99)]));
    let answer = setup
        .send(&message(SIZE), &dwords(&[0; 16]), &[], 2)
        .expect("good");
    assert_eq!(dword(&answer, 0), 100);
}

/// Parameters and answers of 16 bits.
#[test]
fn half_floats() {
    let mut setup = Setup::new(false);
    fill(&mut setup, &FLOATS);
    setup.sampler(2, [0, 0, 0, 2 << 6 | 2 << 3 | 1 << 10], [0; 4]);
    let short = |value: f32| {
        let pair = u32::from(to_half(value)) * 0x1_0001;
        dwords(&[pair; 8])
    };
    for mode in [5u32, 6] {
        let message = Message {
            descriptor: (mode & 3) << 17
                | (mode >> 2) << 29
                | 1 << 30
                | LEVEL_ZERO << 12
                | 2 << 8
                | 3,
            ..message(0)
        };
        let first = [short(3.5), short(2.0)].concat();
        let answer = setup.send(&message, &first, &[], 4).expect("good");
        let found = from_half(dword(&answer, 1) as u16);
        assert_eq!(f64::from(found), value(3, 2, 0));
        assert_eq!(from_half(dword(&answer, 24) as u16), 1.0);
        let last = dword(&answer, 7);
        assert_eq!(last == 0xeeee_eeee, mode == 5);
    }
}

/// Components as the surface selects them; sRGB unless the sampler says otherwise.
#[test]
fn swizzles_and_srgb() {
    let picture = Picture {
        format: 0xc8,
        ..FLOATS
    };
    for (skip, green) in [(0, 0.215_860_5), (2, 128.0 / 255.0)] {
        let mut setup = Setup::new(false);
        let mut fields = picture.dwords();
        fields.push((7, 6 << 25 | 5 << 22 | 1 << 19));
        setup.bind(3, &state(&fields));
        setup.data(0)[..4].copy_from_slice(&[255, 128, 0, 77]);
        setup.sampler(2, [0, 0, skip, 0], [0; 4]);
        let answer = setup
            .send(&message(LEVEL_ZERO), &floats(&[0.01, 0.01]), &[], 8)
            .expect("good");
        let [red, found, blue, alpha] = colour(&answer);
        assert_eq!([red, blue, alpha], [0.0, 1.0, 0.0]);
        assert!((found - green).abs() < 1e-6, "{found}");
    }
}

/// Gathered texels, comparisons, gradients and channels' squares of four.
#[test]
fn other_messages() {
    let mut setup = Setup::new(false);
    fill(&mut setup, &FLOATS);
    // "Less or equal" of texel and reference counts 0.
    let edges = 2 << 6 | 2 << 3 | 1 << 10;
    setup.sampler(2, [0, 4 << 1, 0, edges], [0; 4]);
    let first = [vec![header(&[(3, super::SAMPLERS)])], floats(&[3.0, 2.0])].concat();
    let answer = setup
        .send(&message(8).with_header(), &first, &[], 8)
        .expect("good");
    let expected = [(2, 2), (3, 2), (3, 1), (2, 1)].map(|(x, y)| value(x, y, 0) as f32);
    assert_eq!(colour(&answer), expected);
    // The same, moved by what stands behind the coordinates: six bits of two right, one up.
    let at = floats(&[1.0, 3.0]);
    let moved = [at, dwords(&[2; 16]), dwords(&[0x3f; 16])].concat();
    let answer = setup.send(&message(17), &moved, &[], 8).expect("good");
    assert_eq!(colour(&answer), expected);
    let texel = value(3, 2, 0) as f32;
    for (reference, result) in [(texel - 1.0, 1.0), (texel, 0.0), (texel + 1.0, 0.0)] {
        let answer = setup
            .send(&message(25), &floats(&[reference, 3.5, 2.5]), &[], 8)
            .expect("good");
        assert_eq!(colour(&answer), [result, 0.0, 0.0, 1.0]);
    }
    let gradients = floats(&[3.5, 0.1, 0.0, 2.5, 0.0, 0.1]);
    let answer = setup.send(&message(4), &gradients, &[], 8).expect("good");
    assert_eq!(colour(&answer)[0], texel);
    let answer = setup
        .send(&message(0), &floats(&[3.5, 2.5]), &[], 8)
        .expect("good");
    assert_eq!(colour(&answer)[0], texel);
}

/// The level of steps of four texels and more, with bias and limits.
#[test]
fn level_of_detail() {
    let picture = Picture {
        size: [16, 16, 1],
        ..FLOATS
    };
    let mut setup = Setup::new(false);
    let mut fields = picture.dwords();
    fields.push((5, 3));
    setup.bind(3, &state(&fields));
    let mut detail = |between: u32, step: f32| {
        setup.functions = crate::shared::SharedFunctions::new(
            setup.functions.bases,
            setup.functions.memory().clone(),
        );
        // A bias of a quarter, levels from half to three.
        setup.sampler(
            2,
            [between << 20 | 0x40 << 1, 0x80 << 20 | 0x300 << 8, 0, 0],
            [0; 4],
        );
        let mut across = [0; 16];
        for (lane, at) in across.iter_mut().enumerate() {
            *at = ((lane & 1) as f32 * step / 16.0).to_bits();
        }
        let payload = [dwords(&across), dwords(&[0; 16])].concat();
        let answer = setup.send(&message(9), &payload, &[], 8).expect("good");
        colour(&answer)
    };
    assert_eq!(detail(3, 4.0), [2.25, 2.25, 0.0, 0.0]);
    assert_eq!(detail(1, 4.0), [2.0, 2.25, 0.0, 0.0]);
    assert_eq!(detail(0, 4.0), [0.0, 2.25, 0.0, 0.0]);
    assert_eq!(detail(3, 1.0), [0.5, 0.25, 0.0, 0.0]);
    assert_eq!(detail(3, 64.0), [3.0, 6.25, 0.0, 0.0]);
}

/// Texels in blocks, two of each kind beside each other, in levels that end within one.
#[test]
fn blocks() {
    // BC4 of 13 by 9 texels: 4 by 3 blocks of 8 bytes, aligned to 4; the second level below.
    let picture = Picture {
        format: 0x189,
        tiling: 0,
        ..FLOATS
    };
    let mut setup = Setup::new(true);
    let mut fields = picture.dwords();
    fields.push((5, 1));
    setup.bind(3, &state(&fields));
    setup.sampler(2, [1 << 20, 14 << 16, 0, 2 << 6 | 2 << 3 | 1 << 10], [0; 4]);
    // The second block's texels are 51 / 255 but for the last, which is 0.
    let block = [51, 0, 0, 0, 0, 0, 0, 0b0010_0000];
    setup.data(2 * 128)[..8].fill(0);
    setup.data(2 * 128 + 8)[..8].copy_from_slice(&block);
    setup.data(4 * 128)[..8].copy_from_slice(&[255, 0, 0, 0, 0, 0, 0, 0]);
    let mut at = |level: f32, x: f32, y: f32| {
        let answer = setup
            .send(&message(LEVEL), &floats(&[level, x, y]), &[], 8)
            .expect("good");
        colour(&answer)[0]
    };
    assert_eq!(at(0.0, 4.5, 8.5), 0.2);
    assert_eq!(at(0.0, 3.5, 8.5), 0.0);
    assert_eq!(at(1.0, 2.5, 3.5), 1.0);
    // Nothing but the sampler knows them.
    let read = Message {
        descriptor: 1 << 19 | 5 << 14 | 3,
        ..Message::data(crate::isa::SharedFunction::DataPort1, 0, 0, 0)
    };
    let refused = setup.send(&read, &dwords(&[0; 16])[..2], &[], 4);
    assert!(refused.is_err());
}

/// A cube of six colours: half of what is at an edge is of the next face, if edges are seamless.
#[test]
fn seams() {
    let picture = Picture {
        kind: 3,
        tiling: 0,
        size: [4, 4, 1],
        rows: 4,
        ..FLOATS
    };
    for (seamless, expected) in [(1, 1.0), (0, 0.0)] {
        let mut setup = Setup::new(false);
        setup.bind(3, &picture.state());
        for face in 0..6u64 {
            for texel in 0..16u64 {
                let place = (face * 4 + texel / 4) * 128 + texel % 4 * 4;
                setup.data(place)[..4].copy_from_slice(&(face as f32).to_le_bytes());
            }
        }
        let linear = 1 << 14 | 1 << 17;
        setup.sampler(2, [linear, seamless, 0, 2 << 6 | 2 << 3], [0; 4]);
        // At the edge of the first face, +x, to the third, +y.
        let answer = setup
            .send(
                &message(LEVEL_ZERO),
                &floats(&[1.0, 0.999_999, 0.1]),
                &[],
                8,
            )
            .expect("good");
        let found = colour(&answer)[0];
        assert!((found - expected).abs() < 1e-3, "{found}, not {expected}");
    }
}
