//! The sampler: images by coordinates, filtered. Knows sampler states and images.

mod filter;
mod state;

use crate::memory::Memory;
use crate::shared::Bases;
use crate::shared::format::{Component, Number};
use crate::shared::image::Image;
use crate::shared::message::{REGISTER, Registers};
use crate::shared::operation::{Sample, Sampling};
use crate::shared::payload::{Header, LANES, Payload};
use crate::shared::surface::Kind;
use crate::shared::target::{Port, virtual_address};
use crate::small_float::{from_half, to_half};
use crate::trap::{StrictFinding, Trap};
use filter::{Filter, Point};
use state::{STATE, Sampler};

/// The most parameters of a channel: reference, four coordinates, six gradients.
const PARAMETERS: usize = 11;

/// Sampler states that are kept.
const KEPT: usize = 64;

/// The sampler states that messages have named, by address.
#[derive(Debug, Default)]
pub(super) struct Samplers {
    known: Vec<(u64, Sampler)>,
}

impl Samplers {
    /// The state of a message's sampler.
    pub(super) fn get<M: Memory>(
        &mut self,
        bases: &Bases,
        memory: &mut M,
        what: &Sample,
        header: Option<Header<'_>>,
    ) -> Result<Option<Sampler>, Trap> {
        if matches!(
            what.kind,
            Sampling::Load | Sampling::LoadZero | Sampling::Size | Sampling::Samples
        ) {
            return Ok(None);
        }
        let (base, samplers) = match header.map(|header| header.dword(3)) {
            None => (bases.dynamic, bases.samplers),
            Some(pointer) if pointer & 1 != 0 => (bases.bindless_sampler, pointer & !31),
            Some(pointer) => (bases.dynamic, pointer & !31),
        };
        let address = virtual_address(
            base.wrapping_add(u64::from(samplers))
                .wrapping_add(u64::from(what.sampler) * STATE),
        );
        if let Some((_, sampler)) = self.known.iter().find(|(at, _)| *at == address) {
            return Ok(Some(*sampler));
        }
        let sampler = Sampler::load(memory, address, bases.dynamic)?;
        if self.known.len() >= KEPT {
            self.known.clear();
        }
        self.known.push((address, sampler));
        Ok(Some(sampler))
    }
}

/// Parameters of all channels, as bits of 32-bit floats or integers.
struct Parameters {
    values: [[u32; LANES]; PARAMETERS],
}

impl Parameters {
    fn take(what: &Sample, payload: &mut Payload<'_>) -> Result<Self, Trap> {
        let lanes = usize::from(what.lanes);
        let mut values = [[0; LANES]; PARAMETERS];
        let registers = if what.short_parameters { 1 } else { lanes / 8 };
        let count = (payload.registers() / registers).min(PARAMETERS);
        let integers = matches!(
            what.kind,
            Sampling::Load | Sampling::LoadZero | Sampling::Size
        );
        for values in &mut values[..count] {
            if !what.short_parameters {
                *values = payload.dwords(lanes)?;
                continue;
            }
            let (shorts, _) = payload.take(REGISTER)?.as_chunks();
            for (value, short) in values.iter_mut().zip(shorts) {
                *value = if integers {
                    i32::from(i16::from_le_bytes(*short)) as u32
                } else {
                    from_half(u16::from_le_bytes(*short)).to_bits()
                };
            }
        }
        Ok(Self { values })
    }

    fn bits(&self, number: usize, lane: usize) -> u32 {
        self.values
            .get(number)
            .and_then(|lanes| lanes.get(lane))
            .map_or(0, |value| *value)
    }

    fn float(&self, number: usize, lane: usize) -> f32 {
        f32::from_bits(self.bits(number, lane))
    }
}

/// What a header says about the answer and the coordinates.
#[derive(Clone, Copy, Debug)]
struct Options {
    /// Components that are left out, a bit each.
    left_out: u32,
    /// Texels to be added.
    offset: [i32; 3],
    /// The component that is gathered.
    gathered: usize,
    /// Behind the components a register tells which channels have hit memory.
    residency: bool,
}

impl Options {
    fn of(header: Option<Header<'_>>) -> Self {
        let dword = header.map_or(0, |header| header.dword(2));
        let signed = |first: u32| (dword << (28 - first)) as i32 >> 28;
        Self {
            left_out: dword >> 12 & 15,
            offset: [signed(8), signed(4), signed(0)],
            gathered: (dword >> 16 & 3) as usize,
            residency: dword >> 23 & 1 != 0,
        }
    }
}

/// Answers a sampler message. The port goes to the image's base.
#[expect(
    clippy::too_many_arguments,
    reason = "one caller, each a thing of its own"
)]
pub(super) fn execute<M: Memory>(
    port: &mut Port<'_, M>,
    image: Option<&Image>,
    index: u32,
    sampler: Option<Sampler>,
    what: &Sample,
    mask: u32,
    header: Option<Header<'_>>,
    mut payload: Payload<'_>,
    answer: &mut Registers,
) -> Result<(), Trap> {
    let parameters = Parameters::take(what, &mut payload)?;
    let options = Options::of(header);
    let sampler = sampler.unwrap_or_else(Sampler::none);
    let image = image.map(|image| as_sampled(image, &sampler));
    for lane in (0..usize::from(what.lanes)).filter(|lane| mask >> lane & 1 != 0) {
        let colour = match &image {
            None => [0; 4],
            Some(image) => {
                let filter = Filter {
                    image,
                    sampler: &sampler,
                };
                sample(port, &filter, index, what, &parameters, &options, lane)?
            }
        };
        put(what, &options, image.as_ref(), lane, &colour, answer);
    }
    if options.residency {
        let size = component_registers(what);
        let behind = (4 - options.left_out.count_ones() as usize) * size;
        if let Some(register) = answer.get_mut(behind) {
            register[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        }
    }
    Ok(())
}

/// The image with the format that a sampler reads it by.
fn as_sampled(image: &Image, sampler: &Sampler) -> Image {
    let mut image = *image;
    if sampler.skip_srgb {
        for component in image.format.components.iter_mut().flatten() {
            if component.number == Number::Srgb {
                *component = Component {
                    number: Number::Unorm,
                    ..*component
                };
            }
        }
    }
    image
}

/// Registers of one component of all channels.
fn component_registers(what: &Sample) -> usize {
    if what.short_answers {
        1
    } else {
        usize::from(what.lanes) / 8
    }
}

/// Puts a channel's colour where the answer has it; what doesn't fit isn't wanted.
fn put(
    what: &Sample,
    options: &Options,
    image: Option<&Image>,
    lane: usize,
    colour: &[u32; 4],
    answer: &mut Registers,
) {
    let size = component_registers(what) * REGISTER;
    let wanted = (0..4).filter(|number| options.left_out >> number & 1 == 0);
    let answer = answer.as_flattened_mut();
    let integer = match what.kind {
        Sampling::Size | Sampling::Samples => true,
        Sampling::LevelOfDetail => false,
        _ => image.is_some_and(|image| image.format.integer),
    };
    for (slot, component) in answer.chunks_exact_mut(size).zip(wanted) {
        let bits: u32 = colour[component];
        if what.short_answers {
            let short = if integer {
                bits as u16
            } else {
                to_half(f32::from_bits(bits))
            };
            slot[lane * 2..][..2].copy_from_slice(&short.to_le_bytes());
        } else {
            slot[lane * 4..][..4].copy_from_slice(&bits.to_le_bytes());
        }
    }
}

/// What one channel gets.
fn sample<M: Memory>(
    port: &mut Port<'_, M>,
    filter: &Filter<'_>,
    index: u32,
    what: &Sample,
    parameters: &Parameters,
    options: &Options,
    lane: usize,
) -> Result<[u32; 4], Trap> {
    match what.kind {
        Sampling::Size => return Ok(size(filter.image, parameters.bits(0, lane))),
        Sampling::Samples => return Ok([filter.image.surface.samples, 0, 0, 0]),
        Sampling::Load => {
            let [u, v, level, r] = [0, 1, 2, 3].map(|number| parameters.bits(number, lane));
            return load(port, filter, index, options, [u, v, r], level);
        }
        Sampling::LoadZero => {
            let at = [0, 1, 2].map(|number| parameters.bits(number, lane));
            return load(port, filter, index, options, at, 0);
        }
        Sampling::Implicit
        | Sampling::Bias
        | Sampling::Level
        | Sampling::Zero
        | Sampling::Gradients
        | Sampling::Gather
        | Sampling::GatherAt
        | Sampling::LevelOfDetail => {}
    }
    // The reference comes first, then what is said of the level, then coordinates.
    let mut number = 0;
    let reference = what.compare.then(|| {
        number += 1;
        parameters.float(0, lane)
    });
    let said = match what.kind {
        Sampling::Bias | Sampling::Level => {
            number += 1;
            parameters.float(number - 1, lane)
        }
        _ => 0.0,
    };
    let step = if what.kind == Sampling::Gradients {
        3
    } else {
        1
    };
    // Two offsets lie between the second coordinate and the third.
    let apart = |axis: usize| match what.kind {
        Sampling::GatherAt if axis > 1 => 2,
        _ => 0,
    };
    let coordinate =
        |axis: usize, lane: usize| parameters.float(number + axis * step + apart(axis), lane);
    let at = [0, 1, 2].map(|axis| coordinate(axis, lane));
    let surface = &filter.image.surface;
    let layer = match surface.kind {
        Kind::Image(1) => at[1],
        Kind::Image(2) => at[2],
        _ => coordinate(3, lane),
    };
    let steps =
        match what.kind {
            Sampling::Implicit | Sampling::Bias | Sampling::LevelOfDetail => {
                // The channels of a square of four: this row's second, the second row's first.
                let corner = lane & !3;
                Some([0, 1, 2].map(|axis| {
                    let origin = coordinate(axis, corner);
                    [1, 2].map(|other| coordinate(axis, corner + other) - origin)
                }))
            }
            Sampling::Gradients => Some([0, 1, 2].map(|axis| {
                [1, 2].map(|which| parameters.float(number + axis * step + which, lane))
            })),
            _ => None,
        };
    let level = steps.map_or(0.0, |steps| match surface.kind {
        Kind::Cube => filter.level_of(&filter::steps_on_face(at, steps)),
        _ => filter.level_of(&steps),
    }) + said;
    let offset = match what.kind {
        // Six bits each, signed.
        Sampling::GatherAt => {
            let signed = |which: usize| (parameters.bits(number + which, lane) << 26) as i32 >> 26;
            [signed(2), signed(3), 0]
        }
        _ => options.offset,
    };
    let point = Point {
        at,
        layer,
        level,
        offset,
        reference,
    };
    match what.kind {
        Sampling::LevelOfDetail => {
            let [level, free] = filter.detail(level);
            Ok([level.to_bits(), free.to_bits(), 0, 0])
        }
        Sampling::Gather | Sampling::GatherAt => filter.gather(port, &point, options.gathered),
        _ => filter.colour(port, &point),
    }
}

/// A texel by integer coordinates; outside the image 0, where the format has components.
fn load<M: Memory>(
    port: &mut Port<'_, M>,
    filter: &Filter<'_>,
    index: u32,
    options: &Options,
    [u, v, r]: [u32; 3],
    level: u32,
) -> Result<[u32; 4], Trap> {
    let image = filter.image;
    let surface = &image.surface;
    let [u, v, r] = match surface.kind {
        Kind::Buffer | Kind::Structured => [u, 0, 0],
        Kind::Image(1) if surface.array => [u, 0, v],
        Kind::Image(1) => [u, 0, 0],
        Kind::Image(2) if !surface.array => [u, v, 0],
        _ => [u, v, r],
    };
    let moves = match surface.kind {
        Kind::Image(1) => [true, false, false],
        Kind::Image(2) => [true, true, false],
        Kind::Image(_) => [true, true, true],
        _ => [false; 3],
    };
    let mut at = [u, v, r];
    for ((at, offset), moves) in at.iter_mut().zip(options.offset).zip(moves) {
        if moves {
            *at = at.wrapping_add_signed(offset);
        }
    }
    let buffer = matches!(surface.kind, Kind::Buffer | Kind::Structured);
    let there = if buffer {
        level == 0
    } else {
        level <= surface.level
    };
    let level = level.saturating_add(if buffer { 0 } else { surface.first_level });
    let size = image.size(level);
    if there && at.iter().zip(size).all(|(at, size)| *at < size) {
        let texel = filter.load(port, level, at)?;
        return Ok(filter.select(texel));
    }
    if port.strict {
        let [width, height, _] = size.map(u64::from);
        let [x, y, z] = at.map(u64::from);
        return Err(Trap::Strict(StrictFinding::OutsideSurface {
            surface: index,
            offset: z
                .wrapping_mul(height)
                .wrapping_add(y)
                .wrapping_mul(width)
                .wrapping_add(x),
            write: false,
        }));
    }
    let mut texel = [0; 4];
    if image.format.components[3].is_none() {
        texel[3] = image.format.one();
    }
    Ok(filter.select(texel))
}

/// The size of a level, and how many levels there are.
fn size(image: &Image, level: u32) -> [u32; 4] {
    let surface = &image.surface;
    if matches!(surface.kind, Kind::Buffer | Kind::Structured) {
        let [elements, ..] = image.size(0);
        return [elements, 0, 0, 0];
    }
    let levels = surface.level + 1;
    if level >= levels {
        return [0, 0, 0, levels];
    }
    let [width, height, deep] = image.size(level.saturating_add(surface.first_level));
    let layers = if surface.array { surface.depth } else { 0 };
    match surface.kind {
        Kind::Image(1) => [width, layers, 0, levels],
        Kind::Image(2) | Kind::Cube => [width, height, layers, levels],
        _ => [width, height, deep, levels],
    }
}
