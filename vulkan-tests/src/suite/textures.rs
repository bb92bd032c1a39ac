//! Sampled images that nothing but a sampler reads: compressed ones, cubes across their edges; and
//! what a sampler knows of neighbouring invocations and of offsets.

use ash::vk::{
    Filter, Format, FormatFeatureFlags, ImageUsageFlags, ImageViewType, SamplerAddressMode,
    SamplerMipmapMode,
};

use super::data::Random;
use super::images::upload_as;
use super::sampling::{colours, in_levels, sampler};
use super::{Features, Test, Wrong};
use crate::gpu::{Image, Kernel, Offers, Outcome, Picture, Rectangle, Rig, Slot};

/// The tests.
pub(super) fn tests(offers: &Offers, formats: &dyn Fn(Format) -> Features) -> Vec<Test> {
    let mut all = Vec::new();
    let by_host = offers.host_image_copy;
    for (name, format, make) in FORMATS {
        let features = formats(format).optimal_tiling_features;
        let test = Test::new(format!("textures::{name}"), move |rig| {
            packed(rig, format, make, by_host)
        });
        let filled = by_host || offers.only_computes;
        all.push(test.only(filled && features.contains(FormatFeatureFlags::SAMPLED_IMAGE)));
    }
    let typeless = offers.base.shader_storage_image_write_without_format != 0;
    all.push(Test::new("textures::cube_edges", cube_edges).only(typeless));
    let extended = offers.base.shader_image_gather_extended != 0;
    all.push(Test::new("textures::gather_offsets", gather_offsets).only(typeless && extended));
    let derived = Test::new("textures::derivatives", derivatives);
    all.push(derived.only(typeless && offers.derivatives));
    all
}

/// A block, or one texel, as bytes, and the colours of its texels, row by row.
struct Block {
    bytes: Vec<u8>,
    texels: Vec<[f64; 4]>,
}

type Make = fn(&mut Random) -> Block;

const FORMATS: [(&str, Format, Make); 10] = [
    ("e5b9g9r9", Format::E5B9G9R9_UFLOAT_PACK32, shared_exponent),
    ("bc1", Format::BC1_RGBA_UNORM_BLOCK, bc1),
    ("bc1_black", Format::BC1_RGBA_UNORM_BLOCK, bc1_black),
    ("bc2", Format::BC2_UNORM_BLOCK, bc2),
    ("bc3", Format::BC3_UNORM_BLOCK, bc3),
    ("bc4", Format::BC4_UNORM_BLOCK, bc4),
    ("bc4_snorm", Format::BC4_SNORM_BLOCK, bc4_snorm),
    ("bc5", Format::BC5_UNORM_BLOCK, bc5),
    ("bc6h", Format::BC6H_UFLOAT_BLOCK, bc6h),
    ("bc7", Format::BC7_UNORM_BLOCK, bc7),
];

/// Bits that are put one behind the other, the lowest first.
#[derive(Default)]
struct Bits {
    all: u128,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        self.all |= u128::from(value) << self.count;
        self.count += count;
    }

    fn bytes(&self) -> Vec<u8> {
        self.all.to_le_bytes()[..(self.count / 8) as usize].to_vec()
    }
}

fn shared_exponent(random: &mut Random) -> Block {
    let exponent = 8 + random.below(10);
    let parts = [random.below(512), random.below(512), random.below(512)];
    let bits = parts[0] | parts[1] << 9 | parts[2] << 18 | exponent << 27;
    let [red, green, blue] = parts.map(|it| f64::from(it) * 2f64.powi(exponent as i32 - 24));
    Block {
        bytes: bits.to_le_bytes().to_vec(),
        texels: vec![[red, green, blue, 1.0]],
    }
}

/// Two colours of 16 bits, in the order of their numbers or the other way round.
fn two_colours(random: &mut Random, rising: bool) -> [u32; 2] {
    let (one, two) = (random.below(0x8000), 0x8000 + random.below(0x8000));
    if rising { [one, two] } else { [two, one] }
}

fn colour(bits: u32) -> [f64; 3] {
    let part = |shift: u32, most: u32| f64::from(bits >> shift & most) / f64::from(most);
    [part(11, 31), part(5, 63), part(0, 31)]
}

/// One of two for each of sixteen texels.
fn choices(random: &mut Random) -> Vec<usize> {
    (0..16).map(|_| random.below(2) as usize).collect()
}

/// Colours of which each texel has one of two.
fn colours_block(random: &mut Random) -> Block {
    let two = two_colours(random, false);
    let chosen = choices(random);
    let mut bits = Bits::default();
    two.iter().for_each(|it| bits.put(*it, 16));
    chosen.iter().for_each(|it| bits.put(*it as u32, 2));
    let texel = |it: &usize| {
        let [red, green, blue] = colour(two[*it]);
        [red, green, blue, 1.0]
    };
    Block {
        bytes: bits.bytes(),
        texels: chosen.iter().map(texel).collect(),
    }
}

fn bc1(random: &mut Random) -> Block {
    colours_block(random)
}

/// Both colours, what is between them, and black without alpha.
fn bc1_black(random: &mut Random) -> Block {
    let two = two_colours(random, true);
    let [one, other] = two.map(colour);
    let mut bits = Bits::default();
    two.iter().for_each(|it| bits.put(*it, 16));
    let mut texels = Vec::new();
    for _ in 0..16 {
        let index = random.below(4);
        bits.put(index, 2);
        let [red, green, blue] = match index {
            0 => one,
            1 => other,
            2 => [0, 1, 2].map(|it| (one[it] + other[it]) / 2.0),
            _ => [0.0; 3],
        };
        texels.push([red, green, blue, if index == 3 { 0.0 } else { 1.0 }]);
    }
    Block {
        bytes: bits.bytes(),
        texels,
    }
}

/// Puts one block behind another whose alpha it takes.
fn with_alpha(alpha: &Bits, values: impl Iterator<Item = f64>, colours: Block) -> Block {
    let mut texels = colours.texels;
    for (texel, alpha) in texels.iter_mut().zip(values) {
        texel[3] = alpha;
    }
    Block {
        bytes: [alpha.bytes(), colours.bytes].concat(),
        texels,
    }
}

fn bc2(random: &mut Random) -> Block {
    let alphas: Vec<u32> = (0..16).map(|_| random.below(16)).collect();
    let mut bits = Bits::default();
    alphas.iter().for_each(|it| bits.put(*it, 4));
    let values = alphas.into_iter().map(|it| f64::from(it) / 15.0);
    with_alpha(&bits, values, colours_block(random))
}

/// Two values and six between, and which each texel has.
fn ramp(random: &mut Random) -> (Bits, Vec<f64>) {
    let (low, high) = (random.below(128), 128 + random.below(128));
    let mut bits = Bits::default();
    bits.put(high, 8);
    bits.put(low, 8);
    let mut values = Vec::new();
    for _ in 0..16 {
        let index = random.below(8);
        bits.put(index, 3);
        let part = match index {
            0 => 0,
            1 => 7,
            between => between - 1,
        };
        let sum = f64::from(high) * f64::from(7 - part) + f64::from(low) * f64::from(part);
        values.push(sum / 7.0 / 255.0);
    }
    (bits, values)
}

fn bc3(random: &mut Random) -> Block {
    let (bits, values) = ramp(random);
    with_alpha(&bits, values.into_iter(), colours_block(random))
}

fn bc4(random: &mut Random) -> Block {
    let (bits, values) = ramp(random);
    Block {
        bytes: bits.bytes(),
        texels: values.into_iter().map(|it| [it, 0.0, 0.0, 1.0]).collect(),
    }
}

/// Four values between two, and both extremes.
fn bc4_snorm(random: &mut Random) -> Block {
    let (low, high) = (random.below(128) as i32 - 127, random.below(127) as i32 + 1);
    let mut bits = Bits::default();
    bits.put(low as u32 & 0xff, 8);
    bits.put(high as u32 & 0xff, 8);
    let mut texels = Vec::new();
    for _ in 0..16 {
        let index = random.below(8);
        bits.put(index, 3);
        let between = |part: u32| {
            let sum = low * (5 - part as i32) + high * part as i32;
            f64::from(sum) / 5.0 / 127.0
        };
        let value = match index {
            0 => between(0),
            1 => between(5),
            6 => -1.0,
            7 => 1.0,
            index => between(index - 1),
        };
        texels.push([value, 0.0, 0.0, 1.0]);
    }
    Block {
        bytes: bits.bytes(),
        texels,
    }
}

fn bc5(random: &mut Random) -> Block {
    let (red, green) = (bc4(random), bc4(random));
    let pairs = red.texels.iter().zip(&green.texels);
    Block {
        bytes: [red.bytes, green.bytes].concat(),
        texels: pairs.map(|(r, g)| [r[0], g[0], 0.0, 1.0]).collect(),
    }
}

/// One region of two colours of ten bits for each component (mode 11).
fn bc6h(random: &mut Random) -> Block {
    let mut bits = Bits::default();
    bits.put(0b00011, 5);
    let ends: Vec<u32> = (0..6).map(|_| random.below(700)).collect();
    ends.iter().for_each(|it| bits.put(*it, 10));
    let value = |end: u32| {
        let wide = if end == 0 {
            0
        } else {
            (end * 0x1_0000 + 0x8000) >> 10
        };
        super::data::from_half(((wide * 31) >> 6) as u16)
    };
    let two = [0, 3].map(|first| [0, 1, 2].map(|part| value(ends[first + part])));
    Block {
        texels: ends_chosen(random, &mut bits)
            .map(|it| [two[it][0], two[it][1], two[it][2], 1.0])
            .collect(),
        bytes: bits.bytes(),
    }
}

/// One region of two colours with alpha, of seven bits and one that each end's share (mode 6).
fn bc7(random: &mut Random) -> Block {
    let mut bits = Bits::default();
    bits.put(1 << 6, 7);
    let ends: Vec<u32> = (0..8).map(|_| random.below(128)).collect();
    ends.iter().for_each(|it| bits.put(*it, 7));
    let shared = [random.below(2), random.below(2)];
    shared.iter().for_each(|it| bits.put(*it, 1));
    let two = [0, 1].map(|end: usize| {
        [0, 1, 2, 3].map(|part| f64::from((ends[part * 2 + end] << 1) | shared[end]) / 255.0)
    });
    Block {
        texels: ends_chosen(random, &mut bits).map(|it| two[it]).collect(),
        bytes: bits.bytes(),
    }
}

/// Indices of four bits, each of one end or the other; the first texel's has one bit less.
fn ends_chosen(random: &mut Random, bits: &mut Bits) -> std::vec::IntoIter<usize> {
    let mut chosen = choices(random);
    chosen[0] = 0;
    bits.put(0, 3);
    chosen[1..]
        .iter()
        .for_each(|it| bits.put(15 * *it as u32, 4));
    chosen.into_iter()
}

/// Every texel of an image, at its middle.
fn packed(rig: &Rig<'_>, format: Format, make: Make, by_host: bool) -> Outcome {
    let mut random = Random::new(140);
    let across = 19;
    let blocks: Vec<Block> = (0..across * 11).map(|_| make(&mut random)).collect();
    let side = if blocks[0].texels.len() > 1 { 4 } else { 1 };
    let size = [across * side, 11 * side];
    let bytes: Vec<u8> = blocks.iter().flat_map(|it| it.bytes.clone()).collect();
    let way = match by_host {
        true => ImageUsageFlags::HOST_TRANSFER_EXT,
        false => ImageUsageFlags::TRANSFER_DST,
    };
    let image = rig.image(Picture {
        usage: ImageUsageFlags::SAMPLED | way,
        ..Picture::flat(format, size[0] as u32, size[1] as u32)
    })?;
    fill(rig, &image, &bytes, by_host)?;
    let mode = SamplerAddressMode::CLAMP_TO_EDGE;
    let nearest = rig.sampler(&sampler(Filter::NEAREST, mode))?;
    let places: Vec<[f32; 4]> = (0..size[0] * size[1])
        .map(|it| {
            let (x, y) = ((it % size[0]) as f32, (it / size[0]) as f32);
            let (width, height) = (size[0] as f32, size[1] as f32);
            [(x + 0.5) / width, (y + 0.5) / height, 0.0, 0.0]
        })
        .collect();
    let got = colours(rig, "2d", Slot::Sampled(image.view, nearest), &places)?;
    let mut wrong = Wrong::default();
    for (place, got) in got.iter().enumerate() {
        let (x, y) = (place % size[0], place / size[0]);
        let block = &blocks[y / side * across + x / side];
        let wanted = block.texels[y % side * side + x % side];
        let good = got.iter().zip(wanted).all(|(got, wanted)| {
            (got - wanted).abs() <= (1.5 / 255.0f64).max(wanted.abs() / 1024.0)
        });
        if !good {
            wrong.add(|| format!("texel {x}, {y}: {got:.4?}, not {wanted:.4?}"));
        }
    }
    wrong.verdict()
}

fn fill(rig: &Rig<'_>, image: &Image, bytes: &[u8], by_host: bool) -> Outcome {
    if by_host {
        return rig.host_copy(image, bytes);
    }
    let buffer = rig.buffer(bytes)?;
    let commands = rig.commands()?;
    commands.buffer_to_image(&buffer, 0, image, Rectangle::whole(image));
    commands.barrier();
    commands.run()
}

/// Texels along an edge of the cube.
const EDGE: i32 = 8;

/// The face that a direction leads to, and where on it, from -1 to 1 (Vulkan's specification, "Cube
/// Map Face Selection").
fn face([x, y, z]: [f64; 3]) -> (usize, [f64; 2]) {
    let most = x.abs().max(y.abs()).max(z.abs());
    let (face, right, down) = if z.abs() == most {
        if z > 0.0 { (4, x, -y) } else { (5, -x, -y) }
    } else if y.abs() == most {
        if y > 0.0 { (2, x, z) } else { (3, x, -z) }
    } else if x > 0.0 {
        (0, -z, -y)
    } else {
        (1, z, -y)
    };
    (face, [right / most, down / most])
}

/// Colours across the edges of a cube come from both faces.
fn cube_edges(rig: &Rig<'_>) -> Outcome {
    let image = rig.image(Picture {
        view: ImageViewType::CUBE,
        layers: 6,
        ..Picture::flat(Format::R32_SFLOAT, EDGE as u32, EDGE as u32)
    })?;
    let mut random = Random::new(141);
    let texels: Vec<f32> = (0..6 * EDGE * EDGE)
        .map(|_| random.float(0.0, 1.0))
        .collect();
    let dwords: Vec<u32> = texels
        .iter()
        .flat_map(|it| [it.to_bits(), 0, 0, 0])
        .collect();
    let layers = rig.view(&image, ImageViewType::TYPE_2D_ARRAY, 0..1)?;
    let layers = image.seen_by(layers, image.picture.size);
    upload_as(rig, &layers, "2d_array", &dwords)?;
    let mode = SamplerAddressMode::CLAMP_TO_EDGE;
    let linear = rig.sampler(&sampler(Filter::LINEAR, mode))?;
    let mut places = Vec::new();
    while places.len() < 500 {
        let mut to = [0; 3].map(|_| random.float(-1.0, 1.0));
        // Half of them near an edge of two faces.
        if random.below(2) == 0 {
            let axis = random.below(3) as usize;
            let other = to[(axis + 1) % 3].abs();
            to[axis] = (other + random.float(-0.05, 0.05)).copysign(to[axis]);
        }
        let (_, [right, down]) = face(to.map(f64::from));
        // At corners three texels meet, of which specifications say little.
        let rim = 1.0 - 1.5 / f64::from(EDGE);
        if right.abs().min(down.abs()) < rim && to.iter().any(|it| it.abs() > 0.1) {
            places.push([to[0], to[1], to[2], 0.0]);
        }
    }
    let got = colours(rig, "cube", Slot::Sampled(image.view, linear), &places)?;
    let mut wrong = Wrong::default();
    for (got, place) in got.iter().zip(&places) {
        let wanted = across_edges(&texels, [place[0], place[1], place[2]].map(f64::from));
        if (got[0] - wanted).abs() > 4.0 / 256.0 {
            wrong.add(|| format!("at {place:?}: {:.4}, not {wanted:.4}", got[0]));
        }
    }
    wrong.verdict()
}

/// The linear filter at a direction; what is beyond a face's edge is looked for where the line from
/// the middle to there leads.
fn across_edges(texels: &[f32], to: [f64; 3]) -> f64 {
    let edge = f64::from(EDGE);
    let (number, on_face) = face(to);
    let place = on_face.map(|it| (it + 1.0) / 2.0 * edge - 0.5);
    let mut sum = 0.0;
    for corner in 0..4 {
        let mut weight = 1.0;
        let mut at = [0.0; 2];
        for axis in 0..2 {
            let low = place[axis].floor();
            let part = place[axis] - low;
            let up = corner >> axis & 1;
            weight *= if up == 1 { part } else { 1.0 - part };
            at[axis] = (low + f64::from(up) + 0.5) / edge * 2.0 - 1.0;
        }
        let [right, down] = at;
        let line = match number {
            0 => [1.0, -down, -right],
            1 => [-1.0, -down, right],
            2 => [right, 1.0, down],
            3 => [right, -1.0, -down],
            4 => [right, -down, 1.0],
            _ => [-right, -down, -1.0],
        };
        let (number, on_face) = face(line);
        let [x, y] = on_face.map(|it| (((it + 1.0) / 2.0 * edge) as i32).clamp(0, EDGE - 1));
        let texel = (number as i32 * EDGE + y) * EDGE + x;
        sum += weight * f64::from(texels[texel as usize]);
    }
    sum
}

/// A number below one half for a texel.
fn number(x: u32, y: u32) -> f32 {
    (y * 32 + x) as f32 / 4096.0
}

fn gather_offsets(rig: &Rig<'_>) -> Outcome {
    let (width, height) = (31, 23);
    let image = rig.image(Picture::flat(Format::R32G32_SFLOAT, width, height))?;
    let texels: Vec<u32> = (0..width * height)
        .flat_map(|it| [0, number(it % width, it / width).to_bits(), 0, 0])
        .collect();
    upload_as(rig, &image, "2d", &texels)?;
    let mode = SamplerAddressMode::CLAMP_TO_EDGE;
    let nearest = rig.sampler(&sampler(Filter::NEAREST, mode))?;
    let mut random = Random::new(142);
    let mut given = Vec::new();
    let (mut places, mut offsets) = (Vec::new(), Vec::new());
    for _ in 0..128 {
        // Between four texels.
        let corner = [random.below(width) as i32, random.below(height) as i32];
        let offset = [random.below(16) as i32 - 8, random.below(16) as i32 - 8];
        let size = [width as f32, height as f32];
        let at = [0, 1].map(|axis| (corner[axis] as f32 + random.float(-0.4, 0.4)) / size[axis]);
        places.extend([at[0], at[1], 0.0, 0.0]);
        offsets.extend(offset);
        given.push([corner[0] + offset[0], corner[1] + offset[1]]);
    }
    let output = rig.space(given.len() * 16)?;
    let slots = [
        Slot::Sampled(image.view, nearest),
        Slot::Storage(rig.buffer(&places)?),
        Slot::Storage(rig.buffer(&offsets)?),
        Slot::Storage(output),
    ];
    let program = rig.program(&Kernel::new("sample_offsets"), &[&slots])?;
    rig.run::<u32>(&program, &[], [4, 1, 1])?;
    let got: Vec<f32> = rig.read(&output);
    let mut wrong = Wrong::default();
    for (got, [x, y]) in got.chunks_exact(4).zip(&given) {
        let texel = |dx: i32, dy: i32| {
            let x = (x + dx).clamp(0, width as i32 - 1);
            let y = (y + dy).clamp(0, height as i32 - 1);
            number(x as u32, y as u32)
        };
        let wanted = [texel(-1, 0), texel(0, 0), texel(0, -1), texel(-1, -1)];
        if got != wanted {
            wrong.add(|| format!("round {x}, {y}: {got:?}, not {wanted:?}"));
        }
    }
    wrong.verdict()
}

/// Levels by the steps between invocations: as sampled, and as asked for.
fn derivatives(rig: &Rig<'_>) -> Outcome {
    let (width, height) = (64.0, 32.0);
    // A texel is its level, and a part that tells column and row.
    let image = in_levels(rig, [64, 32], 6, |level, [width, height]| {
        let texel = |it: u32| (level as f32 + number(it % width, it / width)).to_bits();
        let all = 0..width * height;
        all.flat_map(|it| [texel(it), 0, 0, 0]).collect()
    })?;
    let create = sampler(Filter::NEAREST, SamplerAddressMode::REPEAT)
        .mipmap_mode(SamplerMipmapMode::NEAREST);
    let nearest = rig.sampler(&create)?;
    let mut wrong = Wrong::default();
    // In texels: what a step to the right and one down come to.
    for [right, down] in [
        [[1.0, 0.0], [0.0, 1.0]],
        [[4.0, 0.0], [0.0, 1.0]],
        [[0.0, 3.0], [3.0, 0.0]],
        [[6.0, 8.0], [1.0, 0.0]],
        [[0.25, 0.0], [0.0, 0.125]],
        [[0.0, 0.0], [20.0, 0.0]],
    ] {
        let output = rig.space(64 * 32)?;
        let slots = [Slot::Sampled(image.view, nearest), Slot::Storage(output)];
        let program = rig.program(&Kernel::new("sample_derivatives").push(16), &[&slots])?;
        let step = |it: [f32; 2]| [it[0] / width, it[1] / height];
        let push = [step(right), step(down)].concat();
        rig.run(&program, &push, [1, 1, 1])?;
        let length = |it: [f32; 2]| f64::from(it[0]).hypot(f64::from(it[1]));
        let free = length(right).max(length(down)).log2();
        let level = (free.clamp(0.0, 5.0) + 0.5).ceil() - 1.0;
        for (place, got) in rig.read::<f32>(&output).chunks_exact(8).enumerate() {
            let sampled = f64::from(got[0].floor());
            let said = [f64::from(got[4]), f64::from(got[5])];
            if sampled != level || said[0] != level || (said[1] - free).abs() > 1.0 / 64.0 {
                wrong.add(|| {
                    format!(
                        "steps {right:?}, {down:?}, invocation {place}: sampled {}, said {said:?}, \
                         not {level} and {free:.3}",
                        got[0]
                    )
                });
            }
        }
    }
    wrong.verdict()
}
