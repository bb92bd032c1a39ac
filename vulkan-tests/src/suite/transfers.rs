//! Commands that copy, fill, clear and scale buffers and images. Drivers may draw for them, on a
//! queue that can: where the GPU can't, they end in a lost device. So these tests are left out on
//! such a queue unless they are asked for (`--ignored transfers`).

use ash::vk::{Filter, Format, FormatFeatureFlags, ImageUsageFlags, ImageViewType};

use super::data::Random;
use super::{Features, Test, Wrong, same};
use crate::gpu::{Image, Kernel, Offers, Outcome, Picture, Rectangle, Rig, Slot};

/// The tests.
pub(super) fn tests(offers: &Offers, formats: &dyn Fn(Format) -> Features) -> Vec<Test> {
    let mut all = vec![
        Test::new("transfers::copy", copy),
        Test::new("transfers::copy_bytes", copy_bytes),
        Test::new("transfers::fill", fill),
        Test::new("transfers::update", update),
        Test::new("transfers::image_parts", image_parts),
        Test::new("transfers::image_copy", image_copy),
        Test::new("transfers::clear_unorm", clear_unorm),
        Test::new("transfers::clear_uint", clear_uint),
        Test::new("transfers::blit_nearest", blit_nearest),
        Test::new("transfers::blit_linear", blit_linear),
    ];
    for (name, format, block) in [
        ("r8", Format::R8_UNORM, Block::texel(1)),
        ("rg8", Format::R8G8_UNORM, Block::texel(2)),
        ("rgba8", Format::R8G8B8A8_UNORM, Block::texel(4)),
        ("rgba16f", Format::R16G16B16A16_SFLOAT, Block::texel(8)),
        ("rgba32ui", Format::R32G32B32A32_UINT, Block::texel(16)),
        ("bc1", Format::BC1_RGBA_UNORM_BLOCK, Block::of_four(8)),
        ("bc7", Format::BC7_UNORM_BLOCK, Block::of_four(16)),
    ] {
        let both = FormatFeatureFlags::TRANSFER_SRC | FormatFeatureFlags::TRANSFER_DST;
        let there = formats(format).optimal_tiling_features.contains(both);
        let test = Test::new(format!("transfers::there_and_back::{name}"), move |rig| {
            there_and_back(rig, format, block)
        });
        all.push(test.only(there));
    }
    let computed = offers.only_computes;
    all.into_iter().map(|it| it.only(computed)).collect()
}

/// Bytes of one buffer into another, between dispatches on both.
fn copy(rig: &Rig<'_>) -> Outcome {
    let (from, to) = (rig.buffer(&vec![3u32; 256])?, rig.buffer(&vec![1u32; 256])?);
    let first = rig.program(&Kernel::new("add").push(8), &[&[Slot::Storage(from)]])?;
    let second = rig.rebound(&first, &[&[Slot::Storage(to)]])?;
    let commands = rig.commands()?;
    commands.bind(&first);
    commands.push(&first, &[5u32, 1]);
    commands.dispatch([4, 1, 1]);
    commands.barrier();
    commands.copy(&from, &to, [16, 64, 200]);
    commands.barrier();
    commands.bind(&second);
    commands.dispatch([4, 1, 1]);
    commands.run()?;
    let wanted: Vec<u32> = (0..256)
        .map(|it| if (16..66).contains(&it) { 81 } else { 6 })
        .collect();
    same("values", &rig.read::<u32>(&to), &wanted)
}

/// Bytes at places and of lengths that no dword begins or ends at, and many.
fn copy_bytes(rig: &Rig<'_>) -> Outcome {
    let mut random = Random::new(7);
    let bytes: Vec<u8> = (0..1 << 20).map(|_| random.dword() as u8).collect();
    let (from, to) = (rig.buffer(&bytes)?, rig.space(bytes.len())?);
    let mut wanted = vec![0xcd; bytes.len()];
    let commands = rig.commands()?;
    for [source, target, length] in [
        [1, 3, 1],
        [5, 9, 13],
        [64, 100, 4099],
        [4096, 8192, 1 << 16],
        [70_001, 80_002, 900_003],
    ] {
        commands.copy(&from, &to, [source, target, length].map(|it| it as u64));
        commands.barrier();
        wanted[target..target + length].copy_from_slice(&bytes[source..source + length]);
    }
    commands.run()?;
    same("bytes", &rig.read::<u8>(&to), &wanted)
}

/// A few bytes and many.
fn fill(rig: &Rig<'_>) -> Outcome {
    let buffer = rig.buffer(&vec![1u32; 1 << 18])?;
    let mut wanted = vec![1; 1 << 18];
    let commands = rig.commands()?;
    for (at, count, value) in [
        (0, 1, 0xffff_fffe),
        (64, 3000, 0x0102_0304),
        (4099, 200_005, 0x8000_0001),
    ] {
        commands.fill(&buffer, at as u64 * 4, count as u64 * 4, value);
        wanted[at..at + count].fill(value);
    }
    commands.barrier();
    commands.run()?;
    same("values", &rig.read::<u32>(&buffer), &wanted)
}

/// Bytes that travel with the commands, and dispatches before and after them.
fn update(rig: &Rig<'_>) -> Outcome {
    let buffer = rig.buffer(&vec![1u32; 256])?;
    let program = rig.program(&Kernel::new("add").push(8), &[&[Slot::Storage(buffer)]])?;
    let commands = rig.commands()?;
    commands.bind(&program);
    commands.push(&program, &[2u32, 1]);
    commands.dispatch([4, 1, 1]);
    commands.barrier();
    let bytes: Vec<u32> = (100..140).collect();
    commands.update(&buffer, 64, &bytes);
    commands.barrier();
    commands.dispatch([4, 1, 1]);
    commands.run()?;
    let wanted: Vec<u32> = (0..256)
        .map(|it| match it {
            16..56 => (it + 84) * 2 + 1,
            _ => 7,
        })
        .collect();
    same("values", &rig.read::<u32>(&buffer), &wanted)
}

/// How a format's texels lie in memory.
#[derive(Clone, Copy)]
struct Block {
    /// Texels along each side.
    side: u32,
    bytes: u32,
}

impl Block {
    const fn texel(bytes: u32) -> Self {
        Self { side: 1, bytes }
    }

    const fn of_four(bytes: u32) -> Self {
        Self { side: 4, bytes }
    }
}

/// An image that commands copy from and to.
fn image(rig: &Rig<'_>, format: Format, [width, height]: [u32; 2]) -> Outcome<Image> {
    rig.image(Picture {
        usage: ImageUsageFlags::TRANSFER_SRC
            | ImageUsageFlags::TRANSFER_DST
            | ImageUsageFlags::SAMPLED,
        ..Picture::flat(format, width, height)
    })
}

/// The dwords of a level of an image whose texels have four bytes.
fn dwords(rig: &Rig<'_>, image: &Image, part: Rectangle) -> Outcome<Vec<u32>> {
    let [width, height] = part.size.map(|it| it as usize);
    let buffer = rig.space(width * height * 4)?;
    let commands = rig.commands()?;
    commands.image_to_buffer(image, part, &buffer, 0);
    commands.barrier();
    commands.run()?;
    Ok(rig.read(&buffer))
}

/// Texels come out of an image as they went in.
fn there_and_back(rig: &Rig<'_>, format: Format, block: Block) -> Outcome {
    let blocks = [37, 29];
    let size = blocks.map(|it| it * block.side);
    let mut random = Random::new(8);
    let count = blocks[0] * blocks[1] * block.bytes;
    let bytes: Vec<u8> = (0..count).map(|_| random.dword() as u8).collect();
    let image = image(rig, format, size)?;
    let (from, to) = (rig.buffer(&bytes)?, rig.space(bytes.len())?);
    let commands = rig.commands()?;
    commands.buffer_to_image(&from, 0, &image, Rectangle::whole(&image));
    commands.barrier();
    commands.image_to_buffer(&image, Rectangle::whole(&image), &to, 0);
    commands.barrier();
    commands.run()?;
    same("bytes", &rig.read::<u8>(&to), &bytes)
}

/// A rectangle of one level of one layer; the others stay as they are.
fn image_parts(rig: &Rig<'_>) -> Outcome {
    let image = rig.image(Picture {
        view: ImageViewType::TYPE_2D_ARRAY,
        layers: 2,
        levels: 3,
        usage: ImageUsageFlags::TRANSFER_SRC | ImageUsageFlags::TRANSFER_DST,
        ..Picture::flat(Format::R8G8B8A8_UINT, 64, 48)
    })?;
    let texels = Random::new(9).dwords(20 * 11);
    let from = rig.buffer(&texels)?;
    let commands = rig.commands()?;
    commands.clear(&image, 0..3, [1, 2, 3, 4]);
    commands.barrier();
    let part = Rectangle {
        level: 1,
        layer: 1,
        at: [5, 7],
        size: [20, 11],
    };
    commands.buffer_to_image(&from, 0, &image, part);
    commands.barrier();
    commands.run()?;
    for (level, layer) in [(0, 0), (1, 0), (1, 1), (2, 1)] {
        let (width, height) = (64 >> level, 48 >> level);
        let whole = Rectangle {
            level,
            layer,
            at: [0, 0],
            size: [width, height],
        };
        let mut wanted = vec![0x0403_0201; (width * height) as usize];
        if (level, layer) == (1, 1) {
            for (row, texels) in texels.chunks_exact(20).enumerate() {
                wanted[(row + 7) * 32 + 5..][..20].copy_from_slice(texels);
            }
        }
        let name = format!("level {level} of layer {layer}");
        same(&name, &dwords(rig, &image, whole)?, &wanted)?;
    }
    Ok(())
}

/// Texels' bits from an image of one format to one of another.
fn image_copy(rig: &Rig<'_>) -> Outcome {
    let texels = Random::new(10).dwords(40 * 30);
    let buffer = rig.buffer(&texels)?;
    let from = image(rig, Format::R8G8B8A8_UNORM, [40, 30])?;
    let to = image(rig, Format::R32_UINT, [50, 32])?;
    let commands = rig.commands()?;
    commands.buffer_to_image(&buffer, 0, &from, Rectangle::whole(&from));
    commands.clear(&to, 0..1, [5; 4]);
    commands.barrier();
    let source = Rectangle {
        at: [3, 2],
        size: [31, 17],
        ..Rectangle::whole(&from)
    };
    let target = Rectangle {
        at: [11, 9],
        ..source
    };
    commands.copy_image((&from, source), (&to, target));
    commands.barrier();
    commands.run()?;
    let mut wanted = vec![5; 50 * 32];
    for row in 0..17 {
        wanted[(row + 9) * 50 + 11..][..31].copy_from_slice(&texels[(row + 2) * 40 + 3..][..31]);
    }
    same("texels", &dwords(rig, &to, Rectangle::whole(&to))?, &wanted)
}

/// A colour as floats, which the image rounds.
fn clear_unorm(rig: &Rig<'_>) -> Outcome {
    let image = image(rig, Format::R8G8B8A8_UNORM, [45, 33])?;
    let commands = rig.commands()?;
    commands.clear(&image, 0..1, [0.2f32, 0.6, -1.0, 2.0].map(f32::to_bits));
    commands.barrier();
    commands.run()?;
    let got = dwords(rig, &image, Rectangle::whole(&image))?;
    same("texels", &got, &[0xff00_9933; 45 * 33])
}

/// A colour as integers, all bits of which count.
fn clear_uint(rig: &Rig<'_>) -> Outcome {
    let image = image(rig, Format::R32_UINT, [45, 33])?;
    let commands = rig.commands()?;
    commands.clear(&image, 0..1, [0x89ab_cdef, 1, 2, 3]);
    commands.barrier();
    commands.run()?;
    let got = dwords(rig, &image, Rectangle::whole(&image))?;
    same("texels", &got, &[0x89ab_cdef; 45 * 33])
}

/// Made larger without a filter: each texel becomes six.
fn blit_nearest(rig: &Rig<'_>) -> Outcome {
    let texels = Random::new(11).dwords(24 * 20);
    let (from, to) = (
        image(rig, Format::R8G8B8A8_UNORM, [24, 20])?,
        image(rig, Format::R8G8B8A8_UNORM, [72, 40])?,
    );
    scaled(rig, &texels, &from, &to, Filter::NEAREST)?;
    let wanted: Vec<u32> = (0..40)
        .flat_map(|y| (0..72).map(move |x| (x, y)))
        .map(|(x, y)| texels[y / 2 * 24 + x / 3])
        .collect();
    same("texels", &dwords(rig, &to, Rectangle::whole(&to))?, &wanted)
}

/// Made half as large with a filter: each texel is the middle of four.
fn blit_linear(rig: &Rig<'_>) -> Outcome {
    let texels = Random::new(12).dwords(32 * 24);
    let (from, to) = (
        image(rig, Format::R8G8B8A8_UNORM, [32, 24])?,
        image(rig, Format::R8G8B8A8_UNORM, [16, 12])?,
    );
    scaled(rig, &texels, &from, &to, Filter::LINEAR)?;
    let got = dwords(rig, &to, Rectangle::whole(&to))?;
    let mut wrong = Wrong::default();
    for (place, got) in got.iter().enumerate() {
        let (x, y) = (place % 16 * 2, place / 16 * 2);
        let four = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(right, down)| {
            let at: usize = (y + down) * 32 + x + right;
            texels[at].to_le_bytes()
        });
        for (component, got) in got.to_le_bytes().into_iter().enumerate() {
            let sum: u32 = four.iter().map(|it| u32::from(it[component])).sum();
            let exact = f64::from(sum) / 4.0;
            if (f64::from(got) - exact).abs() > 1.0 {
                wrong.add(|| format!("component {component} of texel {place}: {got}, not {exact}"));
            }
        }
    }
    wrong.verdict()
}

/// Puts texels in one image, and scales all of it to all of another.
fn scaled(rig: &Rig<'_>, texels: &[u32], from: &Image, to: &Image, filter: Filter) -> Outcome {
    let buffer = rig.buffer(texels)?;
    let commands = rig.commands()?;
    commands.buffer_to_image(&buffer, 0, from, Rectangle::whole(from));
    commands.barrier();
    let (source, target) = (Rectangle::whole(from), Rectangle::whole(to));
    commands.blit((from, source), (to, target), filter);
    commands.barrier();
    commands.run()
}
