//! Storage images: formats, dimensions, both tilings. Nothing is put in an image or taken out of
//! it but by shaders and by the host: commands that copy or clear images are `transfers`' subject.

use ash::vk::{Format, FormatFeatureFlags, ImageUsageFlags, ImageViewType};

use super::data::{Random, from_half, half};
use super::{Features, Test, same};
use crate::gpu::{Image, Kernel, Offers, Outcome, Picture, Rig, Slot};

/// The tests.
pub(super) fn tests(offers: &Offers, formats: &dyn Fn(Format) -> Features) -> Vec<Test> {
    let storage = FormatFeatureFlags::STORAGE_IMAGE;
    let typeless = offers.base.shader_storage_image_write_without_format != 0;
    let mut all = Vec::new();
    for it in FORMATS {
        for linear in [false, true] {
            let features = formats(it.format);
            let features = match linear {
                true => features.linear_tiling_features,
                false => features.optimal_tiling_features,
            };
            let name = if linear { "linear" } else { "optimal" };
            let test = Test::new(format!("images::{}::{name}", it.name), move |rig| {
                format(rig, &it, linear)
            });
            let sampled = FormatFeatureFlags::SAMPLED_IMAGE;
            all.push(test.only(features.contains(storage | sampled) && typeless));
        }
    }
    for kind in KINDS {
        let test = Test::new(format!("images::kinds::{}", kind.name), move |rig| {
            kinds(rig, &kind)
        });
        all.push(test.both());
    }
    all.push(Test::new("images::linear_rows", rows));
    all.push(Test::new("images::blur", blur).both().only(typeless));
    all.push(Test::new("images::host_copy", host_copy).only(offers.host_image_copy));
    all
}

/// How a component's bits lie in a texel.
#[derive(Clone, Copy)]
enum Number {
    /// As many bits of an unsigned or signed integer.
    Integer(u32),
    /// From 0 to 1.
    Unsigned(u32),
    /// From -1 to 1.
    Signed(u32),
    /// A float of 16 or 32 bits.
    Half,
    Float,
    /// A positive float with a fraction of so many bits and five of exponent.
    Small(u32),
}

/// A format with its components.
#[derive(Clone, Copy)]
struct Form {
    name: &'static str,
    format: Format,
    /// The letter in the names of shaders for images of its kind.
    letter: &'static str,
    parts: &'static [Number],
}

const FORMATS: [Form; 22] = {
    use Number::{Float, Half, Integer, Signed, Small, Unsigned};
    const fn of(
        name: &'static str,
        letter: &'static str,
        format: Format,
        parts: &'static [Number],
    ) -> Form {
        Form {
            name,
            format,
            letter,
            parts,
        }
    }
    [
        of("r32f", "", Format::R32_SFLOAT, &[Float]),
        of("rg32f", "", Format::R32G32_SFLOAT, &[Float; 2]),
        of("rgba32f", "", Format::R32G32B32A32_SFLOAT, &[Float; 4]),
        of("r16f", "", Format::R16_SFLOAT, &[Half]),
        of("rgba16f", "", Format::R16G16B16A16_SFLOAT, &[Half; 4]),
        of("rgba8", "", Format::R8G8B8A8_UNORM, &[Unsigned(8); 4]),
        of("rgba8_snorm", "", Format::R8G8B8A8_SNORM, &[Signed(8); 4]),
        of("r8", "", Format::R8_UNORM, &[Unsigned(8)]),
        of("rg16", "", Format::R16G16_UNORM, &[Unsigned(16); 2]),
        of(
            "rgb10_a2",
            "",
            Format::A2B10G10R10_UNORM_PACK32,
            &[Unsigned(10), Unsigned(10), Unsigned(10), Unsigned(2)],
        ),
        of(
            "r11f_g11f_b10f",
            "",
            Format::B10G11R11_UFLOAT_PACK32,
            &[Small(6), Small(6), Small(5)],
        ),
        of("r32ui", "u", Format::R32_UINT, &[Integer(32)]),
        of(
            "rgba32ui",
            "u",
            Format::R32G32B32A32_UINT,
            &[Integer(32); 4],
        ),
        of(
            "rgba16ui",
            "u",
            Format::R16G16B16A16_UINT,
            &[Integer(16); 4],
        ),
        of("rgba8ui", "u", Format::R8G8B8A8_UINT, &[Integer(8); 4]),
        of("r8ui", "u", Format::R8_UINT, &[Integer(8)]),
        of("r16ui", "u", Format::R16_UINT, &[Integer(16)]),
        of("rg32ui", "u", Format::R32G32_UINT, &[Integer(32); 2]),
        of(
            "rgb10_a2ui",
            "u",
            Format::A2B10G10R10_UINT_PACK32,
            &[Integer(10), Integer(10), Integer(10), Integer(2)],
        ),
        of("r32i", "i", Format::R32_SINT, &[Integer(32)]),
        of("rgba16i", "i", Format::R16G16B16A16_SINT, &[Integer(16); 4]),
        of("rgba8i", "i", Format::R8G8B8A8_SINT, &[Integer(8); 4]),
    ]
};

/// A texel's component as a shader gets it back, from what another put there. All values are such
/// that the format holds them or rounds them in one way.
fn component(random: &mut Random, part: Number, signed: bool) -> (u32, u32) {
    let float = |value: f32| value.to_bits();
    match part {
        Number::Integer(bits) => {
            let word = random.dword();
            let kept = match (bits, signed) {
                (32, _) => word,
                (bits, false) => word & ((1 << bits) - 1),
                (bits, true) => ((word << (32 - bits)) as i32 >> (32 - bits)) as u32,
            };
            (kept, kept)
        }
        Number::Unsigned(bits) => {
            let most = (1u32 << bits) - 1;
            let step = random.below(most + 1);
            let value = f64::from(step) / f64::from(most);
            // A little off, to be rounded; and sometimes beyond the end.
            let off = f64::from(random.float(-0.3, 0.3)) / f64::from(most);
            let put = match step {
                0 => -0.5,
                step if step == most => 1.5,
                _ => value + off,
            };
            (float(put as f32), float(value as f32))
        }
        Number::Signed(bits) => {
            let most = (1i32 << (bits - 1)) - 1;
            let step = random.below(2 * most as u32 + 1) as i32 - most;
            let value = f64::from(step) / f64::from(most);
            let put = if step == -most { -2.0 } else { value };
            (float(put as f32), float(value as f32))
        }
        Number::Half => {
            let value = from_half(half(f64::from(random.float(-1000.0, 1000.0))));
            (float(value as f32), float(value as f32))
        }
        Number::Float => {
            let value = random.float(-1e6, 1e6);
            (float(value), float(value))
        }
        Number::Small(bits) => {
            let fraction = 1.0 + f64::from(random.below(1 << bits)) / f64::from(1u32 << bits);
            let value = fraction * 2f64.powi(random.below(24) as i32 - 12);
            (float(value as f32), float(value as f32))
        }
    }
}

/// Whether a component came back: floats of fractions by a few units in the last place.
fn came_back(part: Number, got: u32, wanted: u32) -> bool {
    match part {
        Number::Unsigned(_) | Number::Signed(_) => {
            let [got, wanted] = [got, wanted].map(f32::from_bits);
            (got - wanted).abs() <= wanted.abs() * 4.0 * f32::EPSILON
        }
        _ => got == wanted,
    }
}

fn format(rig: &Rig<'_>, form: &Form, linear: bool) -> Outcome {
    let (width, height) = (67u32, 21u32);
    let mut picture = Picture::flat(form.format, width, height);
    picture.linear = linear;
    let (from, to) = (rig.image(picture)?, rig.image(picture)?);
    let signed = form.letter == "i";
    let mut random = Random::new(101);
    let (mut put, mut wanted) = (Vec::new(), Vec::new());
    let one = if form.letter.is_empty() {
        1f32.to_bits()
    } else {
        1
    };
    for _ in 0..width * height {
        let mut texel = [0, 0, 0, one];
        let mut given = [0u32; 4];
        for (place, part) in form.parts.iter().enumerate() {
            (given[place], texel[place]) = component(&mut random, *part, signed);
        }
        put.extend(given);
        wanted.push(texel);
    }
    let kind = format!("{}2d", form.letter);
    upload_as(rig, &from, &kind, &put)?;
    let texels = rig.space((width * height) as usize * 16)?;
    let program = rig.program(
        &Kernel::new(&format!("image_formats.{}", form.name)),
        &[&[
            Slot::Image(from.view),
            Slot::Image(to.view),
            Slot::Storage(texels),
        ]],
    )?;
    let groups = [width.div_ceil(8), height.div_ceil(4), 1];
    rig.run::<u32>(&program, &[], groups)?;
    let check = |what: &str, got: &[u32], wanted: &mut dyn Iterator<Item = &[u32; 4]>| -> Outcome {
        let mut wrong = super::Wrong::default();
        for (number, (got, wanted)) in got.chunks_exact(4).zip(wanted).enumerate() {
            for place in 0..4 {
                let part = form
                    .parts
                    .get(place)
                    .copied()
                    .unwrap_or(Number::Integer(32));
                if !came_back(part, got[place], wanted[place]) {
                    wrong.add(|| format!("{what} {number}: {got:x?}, not {wanted:x?}"));
                    break;
                }
            }
        }
        wrong.verdict()
    };
    check("loaded", &rig.read(&texels), &mut wanted.iter())?;
    let got = download_as(rig, &to, &kind)?;
    check("turned", &got, &mut wanted.iter().rev())
}

/// Puts texels, four dwords each, in an image of that kind.
pub(super) fn upload_as(rig: &Rig<'_>, image: &Image, kind: &str, texels: &[u32]) -> Outcome {
    let [width, height, depth] = extent(image);
    let slots = [Slot::Image(image.view), Slot::Storage(rig.buffer(texels)?)];
    let kernel = Kernel::new(&format!("image_upload.{kind}")).push(12);
    let program = rig.program(&kernel, &[&slots])?;
    let groups = [width.div_ceil(8), height.div_ceil(8), depth];
    rig.run(&program, &[width, height, depth], groups)
}

/// Takes texels, four dwords each, out of an image of that kind.
pub(super) fn download_as(rig: &Rig<'_>, image: &Image, kind: &str) -> Outcome<Vec<u32>> {
    let [width, height, depth] = extent(image);
    let texels = rig.space((width * height * depth) as usize * 16)?;
    let slots = [Slot::Texture(image.view), Slot::Storage(texels)];
    let kernel = Kernel::new(&format!("image_download.{kind}")).push(12);
    let program = rig.program(&kernel, &[&slots])?;
    let groups = [width.div_ceil(8), height.div_ceil(8), depth];
    rig.run(&program, &[width, height, depth], groups)?;
    Ok(rig.read(&texels))
}

/// Width, height, and depth or layers.
fn extent(image: &Image) -> [u32; 3] {
    let [width, height, depth] = image.picture.size;
    [width, height, depth * image.picture.layers]
}

fn letter(image: &Image) -> &'static str {
    match image.picture.format {
        Format::R32_SINT => "i2d",
        _ => "u2d",
    }
}

/// Puts dwords in a flat image of one integer for each texel.
pub(super) fn upload(rig: &Rig<'_>, image: &Image, texels: &[u32]) -> Outcome {
    let all: Vec<u32> = texels.iter().flat_map(|it| [*it, 0, 0, 0]).collect();
    upload_as(rig, image, letter(image), &all)
}

/// Takes them out again.
pub(super) fn download(rig: &Rig<'_>, image: &Image) -> Outcome<Vec<u32>> {
    let texels = download_as(rig, image, letter(image))?;
    Ok(texels.into_iter().step_by(4).collect())
}

/// An image of some dimensions.
#[derive(Clone, Copy)]
struct Dimensions {
    name: &'static str,
    view: ImageViewType,
    size: [u32; 3],
    layers: u32,
}

const KINDS: [Dimensions; 6] = {
    const fn of(
        name: &'static str,
        view: ImageViewType,
        size: [u32; 3],
        layers: u32,
    ) -> Dimensions {
        Dimensions {
            name,
            view,
            size,
            layers,
        }
    }
    [
        of("1d", ImageViewType::TYPE_1D, [77, 1, 1], 1),
        of("2d", ImageViewType::TYPE_2D, [77, 45, 1], 1),
        of("3d", ImageViewType::TYPE_3D, [19, 13, 11], 1),
        of("1d_array", ImageViewType::TYPE_1D_ARRAY, [33, 1, 1], 5),
        of("2d_array", ImageViewType::TYPE_2D_ARRAY, [33, 17, 1], 5),
        of("cube", ImageViewType::CUBE, [18, 18, 1], 6),
    ]
};

fn kinds(rig: &Rig<'_>, kind: &Dimensions) -> Outcome {
    let mut picture = Picture::flat(Format::R32_UINT, 1, 1);
    (picture.view, picture.size, picture.layers) = (kind.view, kind.size, kind.layers);
    let image = rig.image(picture)?;
    let [mut width, mut height, mut depth] = extent(&image);
    if kind.view == ImageViewType::TYPE_1D_ARRAY {
        [width, height, depth] = [width, depth, 1];
    }
    let count = width * height * depth;
    let texels = rig.space(count as usize * 4)?;
    let program = rig.program(
        &Kernel::new(&format!("image_kinds.{}", kind.name)).push(4),
        &[&[Slot::Image(image.view), Slot::Storage(texels)]],
    )?;
    let groups = [width.div_ceil(4), height.div_ceil(4), depth.div_ceil(2)];
    let commands = rig.commands()?;
    commands.bind(&program);
    for phase in [0u32, 1] {
        commands.push(&program, &[phase]);
        commands.dispatch(groups);
        commands.barrier();
    }
    commands.run()?;
    let wanted: Vec<u32> = (0..count)
        .rev()
        .map(|it| it.wrapping_mul(2_654_435_761).wrapping_add(7))
        .collect();
    same("texels", &rig.read::<u32>(&texels), &wanted)
}

/// The host sees what shaders put in a linear image, where the driver says that its rows are.
fn rows(rig: &Rig<'_>) -> Outcome {
    let mut picture = Picture::flat(Format::R32_UINT, 37, 9);
    picture.linear = true;
    let image = rig.image(picture)?;
    let texels = Random::new(102).dwords(37 * 9);
    upload(rig, &image, &texels)?;
    same("rows", &rig.rows::<u32>(&image, 4), &texels)
}

fn blur(rig: &Rig<'_>) -> Outcome {
    let (width, height) = (150i32, 70i32);
    let picture = Picture::flat(Format::R32_SFLOAT, width as u32, height as u32);
    let (from, to) = (rig.image(picture)?, rig.image(picture)?);
    let mut random = Random::new(103);
    let texels: Vec<f32> = (0..width * height)
        .map(|_| random.below(100) as f32)
        .collect();
    let put: Vec<u32> = texels
        .iter()
        .flat_map(|it| [it.to_bits(), 0, 0, 0])
        .collect();
    upload_as(rig, &from, "2d", &put)?;
    let slots = [Slot::Image(from.view), Slot::Image(to.view)];
    let program = rig.program(&Kernel::new("image_blur"), &[&slots])?;
    let groups = [(width as u32).div_ceil(16), (height as u32).div_ceil(8), 1];
    rig.run::<u32>(&program, &[], groups)?;
    let at = |x: i32, y: i32| match (0..width).contains(&x) && (0..height).contains(&y) {
        true => texels[(y * width + x) as usize],
        false => 0.0,
    };
    let mut wanted = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let near = (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (x + dx, y + dy)));
            wanted.push(near.map(|(x, y)| at(x, y)).sum::<f32>());
        }
    }
    let got = download_as(rig, &to, "2d")?;
    let got: Vec<f32> = got
        .iter()
        .step_by(4)
        .map(|it| f32::from_bits(*it))
        .collect();
    same("sums", &got, &wanted)
}

fn host_copy(rig: &Rig<'_>) -> Outcome {
    let mut picture = Picture::flat(Format::R32_UINT, 70, 40);
    picture.usage |= ImageUsageFlags::HOST_TRANSFER_EXT;
    let image = rig.image(picture)?;
    let texels = Random::new(104).dwords(70 * 40);
    let bytes: Vec<u8> = texels.iter().flat_map(|it| it.to_le_bytes()).collect();
    rig.host_copy(&image, &bytes)?;
    same("texels", &download(rig, &image)?, &texels)
}
