//! Atomic operations: whatever their order, what comes of all of them is known.

use ash::vk::{Format, FormatFeatureFlags};

use super::{Features, Test, same};
use crate::gpu::{Buffer, Kernel, Offers, Outcome, Picture, Rig, Slot};

/// The tests.
pub(super) fn tests(offers: &Offers, formats: &dyn Fn(Format) -> Features) -> Vec<Test> {
    let on_images = |format| {
        let features = formats(format).optimal_tiling_features;
        features.contains(FormatFeatureFlags::STORAGE_IMAGE_ATOMIC)
    };
    let float = &offers.atomic_float;
    vec![
        Test::new("atomics::buffer", buffer).both(),
        Test::new("atomics::shared", shared).both(),
        Test::new("atomics::image_r32ui", |rig| image(rig, Format::R32_UINT))
            .only(on_images(Format::R32_UINT)),
        Test::new("atomics::image_r32i", |rig| image(rig, Format::R32_SINT))
            .only(on_images(Format::R32_SINT)),
        Test::new("atomics::float_add", float_add)
            .only(float.shader_buffer_float32_atomic_add != 0),
        Test::new("atomics::float_exchange", float_exchange)
            .only(float.shader_buffer_float32_atomics != 0),
        Test::new("atomics::int64", long)
            .only(offers.v12.shader_buffer_int64_atomics != 0 && offers.base.shader_int64 != 0),
        Test::new("atomics::list", list).both(),
    ]
}

/// The invocations of a test.
const COUNT: u32 = 1280;

fn mixed(i: u32) -> u32 {
    i.wrapping_mul(2_654_435_761)
}

fn run(rig: &Rig<'_>, shader: &str, groups: u32, buffers: &[Buffer]) -> Outcome {
    let slots: Vec<Slot> = buffers.iter().map(|it| Slot::Storage(*it)).collect();
    let program = rig.program(&Kernel::new(shader), &[&slots])?;
    rig.run::<u32>(&program, &[], [groups, 1, 1])
}

fn buffer(rig: &Rig<'_>) -> Outcome {
    let mut places = [0u32; 16];
    (places[2], places[4], places[7]) = (u32::MAX, u32::MAX, 5000);
    let places = rig.buffer(&places)?;
    let signed = rig.buffer(&[0i32; 4])?;
    let tickets = rig.space(COUNT as usize * 4)?;
    run(
        rig,
        "atomics_buffer",
        COUNT / 64,
        &[places, signed, tickets],
    )?;
    let got: Vec<u32> = rig.read(&places);
    let all = || (0..COUNT).map(mixed);
    let bit = |i: u32| !(1u32 << (i & 31)) | u32::from(i.is_multiple_of(3)) << (i & 31);
    let third = |rest: u32| (0..COUNT).filter(|i| i % 3 == rest).sum::<u32>();
    // What was there last is known by what was seen: each value but that was seen once.
    let last = got[9];
    let winner = got[11];
    let wanted = [
        COUNT,
        all().fold(0, u32::wrapping_add),
        0,
        all().max().unwrap_or(0),
        (0..COUNT).fold(u32::MAX, |all, i| all & bit(i)),
        all().fold(0, |all, it| all | 1 << (it >> 27)),
        all().fold(0, |all, it| all ^ it),
        5000 - COUNT,
        COUNT / 2 * 3,
        last,
        last,
        winner,
        1,
        third(0),
        third(1),
        third(2),
    ];
    same("places", &got, &wanted)?;
    if !(1..=COUNT).contains(&last) || !(1..=COUNT).contains(&winner) {
        return Err(format!("nobody put {last} or {winner} there").into());
    }
    let signed: Vec<i32> = rig.read(&signed);
    let least = all().map(|it| it as i32).min().unwrap_or(0);
    let most = all().map(|it| it as i32).max().unwrap_or(0);
    let sum = -(0..COUNT as i32).sum::<i32>();
    same("signed places", &signed, &[least, most, sum, 0])?;
    let mut tickets: Vec<u32> = rig.read(&tickets);
    tickets.sort_unstable();
    let wanted: Vec<u32> = (0..COUNT).collect();
    same("tickets", &tickets, &wanted)
}

fn shared(rig: &Rig<'_>) -> Outcome {
    let groups = 7u32;
    let results = rig.space(groups as usize * 44 * 4)?;
    run(rig, "atomics_shared", groups, &[results])?;
    let got: Vec<u32> = rig.read(&results);
    for (group, got) in (0u32..).zip(got.chunks_exact(44)) {
        let all: Vec<u32> = (group * 128..(group + 1) * 128).map(mixed).collect();
        let mut wanted = vec![
            all.iter().fold(0u32, |all, it| all.wrapping_add(*it)),
            *all.iter().min().unwrap_or(&0),
            *all.iter().max().unwrap_or(&0),
            0xffff_0000,
            all.iter().fold(0, |all, it| all | 1 << (it >> 27)),
            all.iter().fold(0, |all, it| all ^ it),
            got[7],
            got[7],
            got[8],
            1,
            all.iter().map(|it| *it as i32).min().unwrap_or(0).min(0) as u32,
            all.iter().map(|it| *it as i32).max().unwrap_or(0).max(0) as u32,
        ];
        for bin in 0..32 {
            wanted.push(all.iter().filter(|it| *it >> 27 == bin).count() as u32);
        }
        same(&format!("group {group}"), got, &wanted)?;
        if !(1..=128).contains(&got[7]) || !(1..=128).contains(&got[8]) {
            return Err(format!("nobody put {} or {} there", got[7], got[8]).into());
        }
    }
    Ok(())
}

fn image(rig: &Rig<'_>, format: Format) -> Outcome {
    let signed = format == Format::R32_SINT;
    let name = if signed { "r32i" } else { "r32ui" };
    let picture = Picture::flat(format, 10, 4);
    let image = rig.image(picture)?;
    // Texels begin as what changes nothing.
    let first = [
        0,
        if signed { 0 } else { u32::MAX },
        0,
        u32::MAX,
        0,
        0,
        0,
        0,
        0,
        0,
    ];
    let texels: Vec<u32> = (0..4).flat_map(|_| first).collect();
    super::images::upload(rig, &image, &texels)?;
    let program = rig.program(
        &Kernel::new(&format!("atomics_image.{name}")),
        &[&[Slot::Image(image.view)]],
    )?;
    let groups = 6u32;
    rig.run::<u32>(&program, &[], [groups, 1, 1])?;
    let got = super::images::download(rig, &image)?;
    let mut wanted = Vec::new();
    for (row, got) in (0u32..).zip(got.chunks_exact(10)) {
        let mine: Vec<u32> = (0..groups * 64).filter(|i| i & 3 == row).collect();
        let values: Vec<u32> = mine.iter().map(|i| mixed(*i)).collect();
        let least = match signed {
            true => values.iter().map(|it| *it as i32).min().unwrap_or(0).min(0) as u32,
            false => *values.iter().min().unwrap_or(&0),
        };
        let most = match signed {
            true => values.iter().map(|it| *it as i32).max().unwrap_or(0).max(0) as u32,
            false => *values.iter().max().unwrap_or(&0),
        };
        let winner = got[8];
        wanted.extend([
            values.iter().fold(0u32, |all, it| all.wrapping_add(*it)),
            least,
            most,
            mine.iter().fold(u32::MAX, |all, i| all & !(1 << (i & 31))),
            mine.iter().fold(0, |all, i| all | 1 << (i & 31)),
            values.iter().fold(0, |all, it| all ^ it),
            got[6],
            // All that were put there were seen, but for the last.
            got[6],
            winner,
            1,
        ]);
        if !values.contains(&got[6]) || !values.iter().any(|it| it | 1 == winner) {
            return Err(format!("nobody put {:#x} or {winner:#x} there", got[6]).into());
        }
    }
    same("texels", &got, &wanted)
}

fn float_add(rig: &Rig<'_>) -> Outcome {
    let places = rig.buffer(&[0f32; 4])?;
    run(rig, "atomics_float.add", COUNT / 64, &[places])?;
    let sum: u32 = (0..COUNT).map(|i| i & 15).sum();
    let wanted = [sum as f32, COUNT as f32 * -0.5, 0.0, 0.0];
    same("places", &rig.read::<f32>(&places), &wanted)
}

fn float_exchange(rig: &Rig<'_>) -> Outcome {
    let places = rig.buffer(&[0f32; 4])?;
    run(rig, "atomics_float.exchange", COUNT / 64, &[places])?;
    let got: Vec<f32> = rig.read(&places);
    let known = (1..=COUNT).any(|it| it as f32 == got[2]);
    match known && got[3] == 2.0 {
        true => Ok(()),
        false => Err(format!("{got:?}: nobody put that there").into()),
    }
}

fn long(rig: &Rig<'_>) -> Outcome {
    let mut places = [0u64; 8];
    (places[1], places[3]) = (u64::MAX, u64::MAX);
    let places = rig.buffer(&places)?;
    run(rig, "atomics_long", 1, &[places])?;
    let got: Vec<u64> = rig.read(&places);
    let all = || (0..64u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let wanted = [
        all().fold(0, u64::wrapping_add),
        0,
        all().max().unwrap_or(0),
        0,
        u64::MAX,
        all().fold(0, |all, it| all ^ it),
        got[6],
        1,
    ];
    same("places", &got, &wanted)?;
    match all().any(|it| it | 1 == got[6]) {
        true => Ok(()),
        false => Err(format!("nobody put {:#x} there", got[6]).into()),
    }
}

fn list(rig: &Rig<'_>) -> Outcome {
    let count = 512usize;
    let list = rig.buffer(&vec![0u32; count + 1])?;
    run(rig, "atomics_list", count as u32 / 32, &[list])?;
    let got: Vec<u32> = rig.read(&list);
    let mut seen = vec![false; count];
    let (mut at, mut length) = (got[0] as usize, 0);
    while at != 0 && at <= count && !seen[at - 1] {
        seen[at - 1] = true;
        length += 1;
        at = got[at] as usize;
    }
    match length == count && at == 0 {
        true => Ok(()),
        false => Err(format!("the list has {length} of {count}, and ends at {at}").into()),
    }
}
