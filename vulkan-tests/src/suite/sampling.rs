//! Sampled images: filters, what is beyond the edges, levels, gathers. Filters work on places with
//! at least eight bits behind the point ([`STEP`]): results are held against the exact ones within that.

use ash::vk::{
    self, BorderColor, Filter, Format, FormatFeatureFlags, ImageViewType, SamplerAddressMode,
    SamplerMipmapMode,
};

use super::data::Random;
use super::images::upload_as;
use super::{Features, Test, Wrong, same};
use crate::gpu::{Image, Kernel, Offers, Outcome, Picture, Rig, Slot};

/// The tests.
pub(super) fn tests(offers: &Offers, formats: &dyn Fn(Format) -> Features) -> Vec<Test> {
    let typeless = offers.base.shader_storage_image_write_without_format != 0;
    let linear =
        FormatFeatureFlags::SAMPLED_IMAGE_FILTER_LINEAR | FormatFeatureFlags::STORAGE_IMAGE;
    let mirror_once = offers.v12.sampler_mirror_clamp_to_edge != 0;
    let mut all = Vec::new();
    for (name, mode, there) in [
        ("repeat", SamplerAddressMode::REPEAT, true),
        ("mirrored_repeat", SamplerAddressMode::MIRRORED_REPEAT, true),
        ("clamp_to_edge", SamplerAddressMode::CLAMP_TO_EDGE, true),
        ("clamp_to_border", SamplerAddressMode::CLAMP_TO_BORDER, true),
        (
            "mirror_clamp_to_edge",
            SamplerAddressMode::MIRROR_CLAMP_TO_EDGE,
            mirror_once,
        ),
    ] {
        for (word, filter) in [("nearest", Filter::NEAREST), ("linear", Filter::LINEAR)] {
            let test = Test::new(format!("sampling::{word}::{name}"), move |rig| {
                addressed(rig, filter, mode)
            });
            all.push(test.only(there));
        }
    }
    for (name, format) in [
        ("rgba8", Format::R8G8B8A8_UNORM),
        ("rgba16f", Format::R16G16B16A16_SFLOAT),
        ("r32f", Format::R32_SFLOAT),
        ("rgba32f", Format::R32G32B32A32_SFLOAT),
    ] {
        let there = formats(format).optimal_tiling_features.contains(linear);
        let test = Test::new(format!("sampling::formats::{name}"), move |rig| {
            filtered(rig, format)
        });
        all.push(test.only(there));
    }
    for (name, border, colour) in [
        ("clear", BorderColor::FLOAT_TRANSPARENT_BLACK, [0.0; 4]),
        (
            "black",
            BorderColor::FLOAT_OPAQUE_BLACK,
            [0.0, 0.0, 0.0, 1.0],
        ),
        ("white", BorderColor::FLOAT_OPAQUE_WHITE, [1.0; 4]),
    ] {
        all.push(Test::new(format!("sampling::border::{name}"), move |rig| {
            bordered(rig, border, colour)
        }));
    }
    all.push(Test::new("sampling::levels", levels).both());
    all.push(Test::new("sampling::fetch", fetch).both());
    all.push(Test::new("sampling::gather", gather).both());
    all.push(Test::new("sampling::apart", apart));
    all.push(Test::new("sampling::1d", |rig| volume(rig, "1d")));
    all.push(Test::new("sampling::3d", |rig| volume(rig, "3d")));
    all.push(Test::new("sampling::2d_array", |rig| {
        volume(rig, "2d_array")
    }));
    all.push(Test::new("sampling::unnormalized", unnormalized));
    all.into_iter().map(|it| it.only(typeless)).collect()
}

/// How far a place may be off, in texels.
const STEP: f64 = 1.0 / 256.0;

/// A texture in plain Rust: of any dimensions, one colour for each texel.
struct Plain {
    size: [i32; 3],
    texels: Vec<[f64; 4]>,
}

impl Plain {
    fn random(seed: u64, size: [i32; 3]) -> Self {
        let mut random = Random::new(seed);
        let count = size.iter().product::<i32>();
        // Eighths of 255: exact in all formats that are used.
        let mut part = || f64::from(random.below(256)) / 255.0;
        let texels = (0..count)
            .map(|_| [part(), part(), part(), part()])
            .collect();
        Self { size, texels }
    }

    /// Rounded as half floats are, where the format is one of them.
    fn halved(mut self) -> Self {
        use super::data::{from_half, half};
        for it in self.texels.iter_mut().flatten() {
            *it = from_half(half(*it));
        }
        self
    }

    fn dwords(&self) -> Vec<u32> {
        let all = self.texels.iter().flatten();
        all.map(|it| (*it as f32).to_bits()).collect()
    }

    fn at(&self, place: [Option<i32>; 3], border: [f64; 4]) -> [f64; 4] {
        match place {
            [Some(x), Some(y), Some(z)] => {
                self.texels[((z * self.size[1] + y) * self.size[0] + x) as usize]
            }
            _ => border,
        }
    }

    /// What linear filtering gives at a place in texels, in these dimensions; the others are whole.
    fn linear(&self, place: [f64; 3], filtered: usize, how: &How) -> [f64; 4] {
        let mut sum = [0.0; 4];
        for corner in 0..1 << filtered {
            let mut weight = 1.0;
            let mut at = [None; 3];
            for axis in 0..3 {
                let size = self.size[axis];
                if axis >= filtered {
                    at[axis] = Some((place[axis] as i32).clamp(0, size - 1));
                    continue;
                }
                let low = (place[axis] - 0.5).floor();
                let part = place[axis] - 0.5 - low;
                let up = corner >> axis & 1;
                weight *= if up == 1 { part } else { 1.0 - part };
                at[axis] = wrap(low as i32 + up, size, how.mode);
            }
            let colour = self.at(at, how.border);
            for (sum, part) in sum.iter_mut().zip(colour) {
                *sum += weight * part;
            }
        }
        sum
    }
}

/// What is beyond the edges.
struct How {
    mode: SamplerAddressMode,
    border: [f64; 4],
}

/// A texel's number by an address mode; none is the border.
fn wrap(at: i32, size: i32, mode: SamplerAddressMode) -> Option<i32> {
    let mirror = |at: i32| if at >= 0 { at } else { -1 - at };
    match mode {
        SamplerAddressMode::REPEAT => Some(at.rem_euclid(size)),
        SamplerAddressMode::MIRRORED_REPEAT => {
            Some(size - 1 - mirror(at.rem_euclid(2 * size) - size))
        }
        SamplerAddressMode::CLAMP_TO_EDGE => Some(at.clamp(0, size - 1)),
        SamplerAddressMode::MIRROR_CLAMP_TO_EDGE => Some(mirror(at).clamp(0, size - 1)),
        _ => (0..size).contains(&at).then_some(at),
    }
}

fn texture(rig: &Rig<'_>, kind: &str, format: Format, plain: &Plain) -> Outcome<Image> {
    let [width, height, depth] = plain.size.map(|it| it as u32);
    let mut picture = Picture::flat(format, width, height);
    match kind {
        "1d" => picture.view = ImageViewType::TYPE_1D,
        "3d" => (picture.view, picture.size[2]) = (ImageViewType::TYPE_3D, depth),
        "2d_array" => (picture.view, picture.layers) = (ImageViewType::TYPE_2D_ARRAY, depth),
        _ => {}
    }
    let image = rig.image(picture)?;
    upload_as(rig, &image, kind, &plain.dwords())?;
    Ok(image)
}

pub(super) fn sampler(filter: Filter, mode: SamplerAddressMode) -> vk::SamplerCreateInfo<'static> {
    vk::SamplerCreateInfo::default()
        .mag_filter(filter)
        .min_filter(filter)
        .address_mode_u(mode)
        .address_mode_v(mode)
        .address_mode_w(mode)
        .border_color(BorderColor::FLOAT_OPAQUE_BLACK)
        .max_lod(vk::LOD_CLAMP_NONE)
}

/// The colours that a sampler gives at places.
pub(super) fn colours(
    rig: &Rig<'_>,
    kind: &str,
    slot: Slot,
    places: &[[f32; 4]],
) -> Outcome<Vec<[f64; 4]>> {
    let given: Vec<f32> = places.iter().flatten().copied().collect();
    let output = rig.space(places.len() * 16)?;
    let slots = [
        slot,
        Slot::Storage(rig.buffer(&given)?),
        Slot::Storage(output),
    ];
    let program = rig.program(&Kernel::new(&format!("sample_points.{kind}")), &[&slots])?;
    rig.run::<u32>(&program, &[], [(places.len() as u32).div_ceil(32), 1, 1])?;
    let got: Vec<f32> = rig.read(&output);
    Ok(got
        .chunks_exact(4)
        .map(|it| [it[0], it[1], it[2], it[3]].map(f64::from))
        .collect())
}

fn addressed(rig: &Rig<'_>, filter: Filter, mode: SamplerAddressMode) -> Outcome {
    let plain = Plain::random(111, [16, 12, 1]);
    let image = texture(rig, "2d", Format::R8G8B8A8_UNORM, &plain)?;
    let sampler = rig.sampler(&sampler(filter, mode))?;
    let mut random = Random::new(112);
    let mut places = Vec::new();
    for _ in 0..400 {
        places.push([random.float(-2.5, 3.5), random.float(-2.5, 3.5), 0.0, 0.0]);
    }
    let got = colours(rig, "2d", Slot::Sampled(image.view, sampler), &places)?;
    let how = How {
        mode,
        border: [0.0, 0.0, 0.0, 1.0],
    };
    held(&got, &places, &plain, filter, 2, &how, 0.0)
}

/// Holds colours against what a texture gives at places.
fn held(
    got: &[[f64; 4]],
    places: &[[f32; 4]],
    plain: &Plain,
    filter: Filter,
    filtered: usize,
    how: &How,
    slack: f64,
) -> Outcome {
    let mut wrong = Wrong::default();
    for (got, place) in got.iter().zip(places) {
        let at: [f64; 3] = std::array::from_fn(|axis| match axis < filtered {
            true => f64::from(place[axis]) * f64::from(plain.size[axis]),
            // Layers are rounded.
            false => f64::from(place[axis]).round_ties_even(),
        });
        let good = match filter {
            Filter::NEAREST => {
                // Near an edge between texels either will do.
                let corners = 0..1 << (2 * filtered);
                corners.into_iter().any(|corner| {
                    let mut number = [None; 3];
                    for axis in 0..3 {
                        let off = [0.0, -STEP, STEP, 0.0][corner >> (2 * axis) & 3];
                        let off = if axis < filtered { off } else { 0.0 };
                        let texel = (at[axis] + off).floor() as i32;
                        number[axis] = match axis < filtered {
                            true => wrap(texel, plain.size[axis], how.mode),
                            false => Some(texel.clamp(0, plain.size[axis] - 1)),
                        };
                    }
                    near(got, &plain.at(number, how.border), 1e-6 + slack)
                })
            }
            _ => {
                // A place that is off by a step makes that part of a difference of 1, by each axis.
                let wanted = plain.linear(at, filtered, how);
                near(got, &wanted, STEP * 1.5 * filtered as f64 + slack)
            }
        };
        if !good {
            let wanted = plain.linear(at, filtered, how);
            wrong.add(|| format!("at {place:?} ({at:?}): {got:.4?}; linear would be {wanted:.4?}"));
        }
    }
    wrong.verdict()
}

fn near(got: &[f64; 4], wanted: &[f64; 4], distance: f64) -> bool {
    let mut pairs = got.iter().zip(wanted);
    pairs.all(|(got, wanted)| (got - wanted).abs() <= distance)
}

fn filtered(rig: &Rig<'_>, format: Format) -> Outcome {
    let mut plain = Plain::random(113, [33, 27, 1]);
    if format == Format::R16G16B16A16_SFLOAT {
        plain = plain.halved();
    }
    let image = texture(rig, "2d", format, &plain)?;
    if format == Format::R32_SFLOAT {
        for it in &mut plain.texels {
            *it = [it[0], 0.0, 0.0, 1.0];
        }
    }
    let mode = SamplerAddressMode::CLAMP_TO_EDGE;
    let mut random = Random::new(114);
    let mut place = || [random.float(-0.1, 1.1), random.float(-0.1, 1.1), 0.0, 0.0];
    let places: Vec<_> = (0..300).map(|_| place()).collect();
    for filter in [Filter::NEAREST, Filter::LINEAR] {
        let sampler = rig.sampler(&sampler(filter, mode))?;
        let got = colours(rig, "2d", Slot::Sampled(image.view, sampler), &places)?;
        let how = How {
            mode,
            border: [0.0; 4],
        };
        held(&got, &places, &plain, filter, 2, &how, 0.0)?;
    }
    Ok(())
}

fn bordered(rig: &Rig<'_>, border: BorderColor, colour: [f64; 4]) -> Outcome {
    let plain = Plain::random(115, [8, 8, 1]);
    let image = texture(rig, "2d", Format::R8G8B8A8_UNORM, &plain)?;
    let mode = SamplerAddressMode::CLAMP_TO_BORDER;
    let mut random = Random::new(116);
    let mut place = || [random.float(-0.4, 1.4), random.float(-0.4, 1.4), 0.0, 0.0];
    let places: Vec<_> = (0..200).map(|_| place()).collect();
    for filter in [Filter::NEAREST, Filter::LINEAR] {
        let sampler = rig.sampler(&sampler(filter, mode).border_color(border))?;
        let got = colours(rig, "2d", Slot::Sampled(image.view, sampler), &places)?;
        let how = How {
            mode,
            border: colour,
        };
        held(&got, &places, &plain, filter, 2, &how, 0.0)?;
    }
    Ok(())
}

fn volume(rig: &Rig<'_>, kind: &str) -> Outcome {
    let (size, filtered) = match kind {
        "1d" => ([40, 1, 1], 1),
        "3d" => ([9, 7, 5], 3),
        _ => ([12, 9, 4], 2),
    };
    let plain = Plain::random(117, size);
    let image = texture(rig, kind, Format::R8G8B8A8_UNORM, &plain)?;
    let mut random = Random::new(118);
    let mut places = Vec::new();
    for number in 0..200 {
        let layer = match kind {
            "2d_array" => (number % 5) as f32 + 0.25,
            _ => random.float(-0.5, 1.5),
        };
        places.push([random.float(-0.5, 1.5), random.float(-0.5, 1.5), layer, 0.0]);
    }
    if kind == "1d" {
        places.iter_mut().for_each(|it| (it[1], it[2]) = (0.0, 0.0));
    }
    let mode = SamplerAddressMode::REPEAT;
    for filter in [Filter::NEAREST, Filter::LINEAR] {
        let sampler = rig.sampler(&sampler(filter, mode))?;
        let got = colours(rig, kind, Slot::Sampled(image.view, sampler), &places)?;
        let how = How {
            mode,
            border: [0.0; 4],
        };
        held(&got, &places, &plain, filter, filtered, &how, 0.0)?;
    }
    Ok(())
}

fn unnormalized(rig: &Rig<'_>) -> Outcome {
    let plain = Plain::random(119, [20, 10, 1]);
    let image = texture(rig, "2d", Format::R8G8B8A8_UNORM, &plain)?;
    let mode = SamplerAddressMode::CLAMP_TO_EDGE;
    let mut random = Random::new(120);
    let mut place = || [random.float(-2.0, 22.0), random.float(-2.0, 12.0), 0.0, 0.0];
    let places: Vec<_> = (0..200).map(|_| place()).collect();
    let create = sampler(Filter::LINEAR, mode)
        .unnormalized_coordinates(true)
        .max_lod(0.0);
    let sampler = rig.sampler(&create)?;
    let got = colours(rig, "2d", Slot::Sampled(image.view, sampler), &places)?;
    let how = How {
        mode,
        border: [0.0; 4],
    };
    let parts: Vec<[f32; 4]> = places
        .iter()
        .map(|it| [it[0] / 20.0, it[1] / 10.0, 0.0, 0.0])
        .collect();
    held(&got, &parts, &plain, Filter::LINEAR, 2, &how, 0.0)
}

/// A flat image of one float for each texel, in levels: `texels` tells the dwords of one of this
/// width and height, four for each texel.
pub(super) fn in_levels(
    rig: &Rig<'_>,
    [width, height]: [u32; 2],
    count: u32,
    mut texels: impl FnMut(u32, [u32; 2]) -> Vec<u32>,
) -> Outcome<Image> {
    let image = rig.image(Picture {
        levels: count,
        ..Picture::flat(Format::R32_SFLOAT, width, height)
    })?;
    for level in 0..count {
        let size = [width, height].map(|it| (it >> level).max(1));
        let view = rig.view(&image, ImageViewType::TYPE_2D, level..level + 1)?;
        let part = image.seen_by(view, [size[0], size[1], 1]);
        upload_as(rig, &part, "2d", &texels(level, size))?;
    }
    Ok(image)
}

/// An image of levels, each with colours of its own, as textures in plain Rust.
fn pyramid(rig: &Rig<'_>, width: u32, height: u32, count: u32) -> Outcome<(Image, Vec<Plain>)> {
    let mut all = Vec::new();
    let image = in_levels(rig, [width, height], count, |level, size| {
        let [width, height] = size.map(|it| it as i32);
        let mut plain = Plain::random(121 + u64::from(level), [width, height, 1]);
        for it in &mut plain.texels {
            *it = [it[0] + f64::from(level), 0.0, 0.0, 1.0];
            it[0] = f64::from(it[0] as f32);
        }
        let dwords = plain.dwords();
        all.push(plain);
        dwords
    })?;
    Ok((image, all))
}

fn levels(rig: &Rig<'_>) -> Outcome {
    let (image, all) = pyramid(rig, 40, 24, 5)?;
    let mode = SamplerAddressMode::CLAMP_TO_EDGE;
    let how = How {
        mode,
        border: [0.0; 4],
    };
    let mut random = Random::new(126);
    for (mip, filter) in [
        (SamplerMipmapMode::NEAREST, Filter::NEAREST),
        (SamplerMipmapMode::NEAREST, Filter::LINEAR),
        (SamplerMipmapMode::LINEAR, Filter::LINEAR),
    ] {
        let (bias, least, most) = (0.25, 0.625, 3.375);
        let create = sampler(filter, mode)
            .mipmap_mode(mip)
            .mip_lod_bias(bias)
            .min_lod(least)
            .max_lod(most);
        let sampler = rig.sampler(&create)?;
        let mut places = Vec::new();
        for _ in 0..300 {
            // Not at the edge between two levels.
            let level = random.below(6) as f32 - 0.5 + random.float(0.3, 0.7);
            places.push([random.float(0.0, 1.0), random.float(0.0, 1.0), 0.0, level]);
        }
        let got = colours(rig, "2d", Slot::Sampled(image.view, sampler), &places)?;
        let mut wrong = Wrong::default();
        for (got, place) in got.iter().zip(&places) {
            let lod = f64::from((place[3] + bias).clamp(least, most));
            let of = |level: usize| {
                let plain = &all[level.min(4)];
                let at = [0, 1].map(|it| f64::from(place[it]) * f64::from(plain.size[it]));
                match filter {
                    Filter::LINEAR => plain.linear([at[0], at[1], 0.0], 2, &how)[0],
                    _ => {
                        let [x, y] =
                            [0, 1].map(|it| wrap(at[it].floor() as i32, plain.size[it], mode));
                        plain.at([x, y, Some(0)], how.border)[0]
                    }
                }
            };
            let (low, part) = (lod.floor(), lod - lod.floor());
            let (wanted, slack) = match mip {
                SamplerMipmapMode::LINEAR => {
                    let (a, b) = (of(low as usize), of(low as usize + 1));
                    (a * (1.0 - part) + b * part, 4.0 * STEP)
                }
                _ => {
                    let level = (lod + 0.5).ceil() - 1.0;
                    (of(level as usize), 3.0 * STEP)
                }
            };
            // Nearest texels next to each other differ without a limit: levels are what is looked at.
            let slack = if filter == Filter::NEAREST {
                edge(place, &all)
            } else {
                slack
            };
            if (got[0] - wanted).abs() > slack {
                wrong.add(|| {
                    format!(
                        "{mip:?} {filter:?} at {place:?}: {:.4}, not {wanted:.4}",
                        got[0]
                    )
                });
            }
        }
        wrong.verdict()?;
    }
    Ok(())
}

/// How far a nearest texel may be off: by any other's near an edge between two.
fn edge(place: &[f32; 4], all: &[Plain]) -> f64 {
    let close = |plain: &Plain| {
        (0..2).any(|axis| {
            let at = f64::from(place[axis]) * f64::from(plain.size[axis]);
            (at - at.round()).abs() < STEP
        })
    };
    if all.iter().any(close) { 1.0 } else { 1e-6 }
}

fn fetch(rig: &Rig<'_>) -> Outcome {
    let count = 4;
    let (image, all) = pyramid(rig, 45, 19, count)?;
    let sampler = rig.sampler(&sampler(Filter::NEAREST, SamplerAddressMode::REPEAT))?;
    let total: usize = all.iter().map(|it| it.texels.len()).sum();
    let (texels, sizes) = (rig.space(total * 4)?, rig.space(count as usize * 16)?);
    let slots = [
        Slot::Sampled(image.view, sampler),
        Slot::Storage(texels),
        Slot::Storage(sizes),
    ];
    let program = rig.program(&Kernel::new("sample_fetch").push(8), &[&slots])?;
    let mut first = 0;
    let (mut wanted, mut wanted_sizes) = (Vec::new(), Vec::new());
    for (level, plain) in (0u32..).zip(&all) {
        rig.run(&program, &[level, first], [6, 3, 1])?;
        first += plain.texels.len() as u32;
        wanted.extend(plain.texels.iter().map(|it| it[0] as f32));
        wanted_sizes.extend([plain.size[0], plain.size[1], count as i32, 0]);
    }
    same("sizes", &rig.read::<i32>(&sizes), &wanted_sizes)?;
    same("texels", &rig.read::<f32>(&texels), &wanted)
}

fn gather(rig: &Rig<'_>) -> Outcome {
    let plain = Plain::random(130, [21, 15, 1]);
    let image = texture(rig, "2d", Format::R8G8B8A8_UNORM, &plain)?;
    let mode = SamplerAddressMode::REPEAT;
    let sampler = rig.sampler(&sampler(Filter::NEAREST, mode))?;
    let mut random = Random::new(131);
    let mut places = Vec::new();
    while places.len() < 96 {
        let texel = [
            random.below(63) as f32 - 21.0,
            random.below(45) as f32 - 15.0,
        ];
        // Away from where the four change.
        let part = [random.float(0.6, 1.4), random.float(0.6, 1.4)];
        if part.iter().any(|it| (it - 1.0).abs() < 0.01) {
            continue;
        }
        places.push([
            (texel[0] + part[0]) / 21.0,
            (texel[1] + part[1]) / 15.0,
            0.0,
            0.0,
        ]);
    }
    let given: Vec<f32> = places.iter().flatten().copied().collect();
    let output = rig.space(places.len() * 64)?;
    let slots = [
        Slot::Sampled(image.view, sampler),
        Slot::Storage(rig.buffer(&given)?),
        Slot::Storage(output),
    ];
    let program = rig.program(&Kernel::new("sample_gather"), &[&slots])?;
    rig.run::<u32>(&program, &[], [(places.len() as u32).div_ceil(32), 1, 1])?;
    let got: Vec<f32> = rig.read(&output);
    let mut wrong = Wrong::default();
    for (got, place) in got.chunks_exact(16).zip(&places) {
        let at = [place[0] * 21.0, place[1] * 15.0].map(f64::from);
        let texel = |x: f64, y: f64| {
            let x = wrap(x as i32, 21, mode);
            let y = wrap(y as i32, 15, mode);
            plain.at([x, y, Some(0)], [0.0; 4])
        };
        let [x, y] = at.map(|it| (it - 0.5).floor());
        let four = |x: f64, y: f64, part: usize| {
            let order = [(0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.0, 0.0)];
            order.map(|(dx, dy)| texel(x + dx, y + dy)[part])
        };
        let wanted = [
            four(x, y, 0),
            four(x, y, 2),
            four(x + 2.0, y - 1.0, 1),
            texel(at[0].floor() - 3.0, at[1].floor() + 2.0),
        ];
        let wanted: Vec<f64> = wanted.into_iter().flatten().collect();
        let good = got
            .iter()
            .zip(&wanted)
            .all(|(got, wanted)| (f64::from(*got) - wanted).abs() < 1e-6);
        if !good {
            wrong.add(|| format!("at {at:?}: {got:.3?}, not {wanted:.3?}"));
        }
    }
    wrong.verdict()
}

fn apart(rig: &Rig<'_>) -> Outcome {
    let plain = Plain::random(132, [4, 1, 1]);
    let image = texture(rig, "2d", Format::R8G8B8A8_UNORM, &plain)?;
    let mode = SamplerAddressMode::CLAMP_TO_EDGE;
    let nearest = rig.sampler(&sampler(Filter::NEAREST, mode))?;
    let linear = rig.sampler(&sampler(Filter::LINEAR, mode))?;
    let output = rig.space(16 * 32)?;
    let slots = [
        Slot::Texture(image.view),
        Slot::Sampler(nearest),
        Slot::Sampler(linear),
        Slot::Storage(output),
    ];
    let program = rig.program(&Kernel::new("sample_apart"), &[&slots])?;
    rig.run::<u32>(&program, &[], [1, 1, 1])?;
    let got: Vec<f32> = rig.read(&output);
    let colours: Vec<[f64; 4]> = got
        .chunks_exact(4)
        .map(|it| [it[0], it[1], it[2], it[3]].map(f64::from))
        .collect();
    let places: Vec<[f32; 4]> = (0..16)
        .map(|i| [(i as f32 + 0.25) / 16.0, 0.5, 0.0, 0.0])
        .collect();
    let how = How {
        mode,
        border: [0.0; 4],
    };
    for (first, filter) in [(0, Filter::NEAREST), (1, Filter::LINEAR)] {
        let own: Vec<_> = colours.iter().skip(first).step_by(2).copied().collect();
        held(&own, &places, &plain, filter, 2, &how, 0.0)?;
    }
    Ok(())
}
