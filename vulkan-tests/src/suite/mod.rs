//! The tests: what each shader is given, and what it has to make of it, computed again in plain
//! Rust. It may know `gpu`, and no driver or device.

pub(crate) mod check;
pub(crate) mod data;

mod atomics;
mod buffers;
mod conversions;
mod descriptors;
mod dispatch;
mod floats;
mod flow;
mod images;
mod integers;
mod narrow;
mod programs;
mod sampling;
mod scratch;
mod shared;
mod subgroups;
mod sync;
mod textures;
mod transfers;
mod vectors;

use crate::gpu::{Kernel, Offers, Outcome, Plain, Rig, Slot};
use check::Expected;

/// One test.
pub(crate) struct Test {
    /// Its name, with its group.
    pub(crate) name: String,
    /// Whether the device offers what it needs.
    pub(crate) there: bool,
    /// Whether it runs with buffers that are checked.
    pub(crate) robust: bool,
    /// Whether it is also run on shaders that glslc has not optimised.
    pub(crate) plain: bool,
    /// What it does.
    pub(crate) run: Box<dyn Fn(&Rig<'_>) -> Outcome + Send + Sync>,
}

impl Test {
    /// A test of what every device has.
    pub(crate) fn new(
        name: impl Into<String>,
        run: impl Fn(&Rig<'_>) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            there: true,
            robust: false,
            plain: false,
            run: Box::new(run),
        }
    }

    /// Only where this holds.
    pub(crate) fn only(mut self, there: bool) -> Self {
        self.there &= there;
        self
    }

    /// Also with the shader as glslc makes it without optimising.
    pub(crate) fn both(mut self) -> Self {
        self.plain = true;
        self
    }

    /// On a device with checked buffers.
    pub(crate) fn robust(mut self) -> Self {
        self.robust = true;
        self
    }
}

/// All tests, as this device can run them.
pub(crate) fn all(offers: &Offers, formats: &dyn Fn(ash::vk::Format) -> Features) -> Vec<Test> {
    [
        integers::tests(),
        narrow::tests(offers),
        floats::tests(),
        conversions::tests(),
        vectors::tests(),
        flow::tests(),
        shared::tests(offers),
        atomics::tests(offers, formats),
        subgroups::tests(offers),
        scratch::tests(),
        buffers::tests(offers),
        descriptors::tests(offers),
        dispatch::tests(),
        images::tests(offers, formats),
        sampling::tests(offers, formats),
        textures::tests(offers, formats),
        sync::tests(offers),
        programs::tests(),
        transfers::tests(offers, formats),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What can be done with images of a format, tiled and linear.
pub(crate) type Features = ash::vk::FormatProperties;

/// Runs a shader made of `map.glsl` over elements of so many operands, and holds each result
/// against what `expect` says of the element's operands.
pub(crate) fn map(
    rig: &Rig<'_>,
    shader: &str,
    operands: usize,
    data: &[u32],
    expect: impl Fn(&[u32], &mut Expected),
) -> Outcome {
    let count = data.len() / operands;
    let expected: Vec<Expected> = data
        .chunks_exact(operands)
        .map(|element| {
            let mut expected = Expected::default();
            expect(element, &mut expected);
            expected
        })
        .collect();
    let results = expected.first().map_or(0, |it| it.all.len());
    let output = rig.space(count * results * 4)?;
    let program = rig.program(
        &Kernel::new(shader).push(8),
        &[&[Slot::Storage(rig.buffer(data)?), Slot::Storage(output)]],
    )?;
    let groups = (count as u32).div_ceil(64);
    rig.run(&program, &[count as u32, results as u32], [groups, 1, 1])?;
    let got: Vec<u32> = rig.read(&output);
    let mut wrong = Wrong::default();
    for (number, expected) in expected.iter().enumerate() {
        for (place, (name, expect)) in expected.all.iter().enumerate() {
            let got = got[number * results + place];
            if !expect.takes(got) {
                let operands = &data[number * operands..(number + 1) * operands];
                wrong.add(|| {
                    let float = f32::from_bits(got);
                    format!(
                        "{name} of {}: {got:#010x} ({float:e}), not {expect}",
                        hex(operands)
                    )
                });
            }
        }
    }
    wrong.verdict()
}

fn hex(dwords: &[u32]) -> String {
    let words: Vec<String> = dwords.iter().map(|it| format!("{it:#x}")).collect();
    words.join(", ")
}

/// Holds what a shader made against what it has to make.
pub(crate) fn same<T: Plain + PartialEq + std::fmt::Debug>(
    what: &str,
    got: &[T],
    wanted: &[T],
) -> Outcome {
    if got.len() != wanted.len() {
        let (got, wanted) = (got.len(), wanted.len());
        return Err(format!("{what}: {got} values, not {wanted}").into());
    }
    let mut wrong = Wrong::default();
    for (number, (got, wanted)) in got.iter().zip(wanted).enumerate() {
        if got != wanted {
            wrong.add(|| format!("{what}[{number}]: {got:x?}, not {wanted:x?}"));
        }
    }
    wrong.verdict()
}

/// Wrong values: the first few are told, the others counted.
#[derive(Default)]
pub(crate) struct Wrong {
    count: usize,
    told: Vec<String>,
}

impl Wrong {
    /// One more.
    pub(crate) fn add(&mut self, tell: impl FnOnce() -> String) {
        self.count += 1;
        if self.told.len() < 12 {
            self.told.push(tell());
        }
    }

    /// Good, if there is none.
    pub(crate) fn verdict(self) -> Outcome {
        match self.count {
            0 => Ok(()),
            count => Err(format!("{count} values are wrong:\n{}", self.told.join("\n")).into()),
        }
    }
}
