//! Descriptors of the sampler.

use super::{Binding, Operation, bit, bits};
use crate::trap::Trap;

/// A message to the sampler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// What is wanted.
    pub kind: Sampling,
    /// The first parameter is a reference that texels are compared with.
    pub compare: bool,
    /// The image.
    pub binding: Binding,
    /// Number of the sampler state.
    pub sampler: u8,
    /// Channels: 8 or 16.
    pub lanes: u8,
    /// Parameters have 16 bits.
    pub short_parameters: bool,
    /// Answers have 16 bits.
    pub short_answers: bool,
}

/// What is wanted of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// A filtered colour, of a level by the coordinates of neighbouring channels.
    Implicit,
    /// The same, with a bias (the first parameter).
    Bias,
    /// A filtered colour of a level (the first parameter).
    Level,
    /// A filtered colour of level 0.
    Zero,
    /// A filtered colour, of a level by gradients, two behind each coordinate.
    Gradients,
    /// One component of the four texels that are filtered, of level 0.
    Gather,
    /// The same, with an offset of each channel's own behind its first two coordinates.
    GatherAt,
    /// The level that would be filtered, and what it would be without limits.
    LevelOfDetail,
    /// A texel by integer coordinates; the level is the third parameter.
    Load,
    /// A texel of level 0 by integer coordinates.
    LoadZero,
    /// The size of a level (the parameter), and how many there are.
    Size,
    /// How many samples a texel has.
    Samples,
}

/// A message to the sampler.
pub(super) fn decode(descriptor: u32) -> Result<Operation, Trap> {
    use Sampling::{
        Bias, Gather, GatherAt, Gradients, Implicit, Level, LevelOfDetail, Load, LoadZero, Samples,
        Size, Zero,
    };
    let (kind, compare) = match bits(descriptor, 12, 5) {
        0 => (Implicit, false),
        1 => (Bias, false),
        2 => (Level, false),
        3 => (Implicit, true),
        4 => (Gradients, false),
        5 => (Bias, true),
        6 => (Level, true),
        7 => (Load, false),
        8 => (Gather, false),
        9 => (LevelOfDetail, false),
        10 => (Size, false),
        11 => (Samples, false),
        16 => (Gather, true),
        17 => (GatherAt, false),
        18 => (GatherAt, true),
        20 => (Gradients, true),
        24 => (Zero, false),
        25 => (Zero, true),
        26 => (LoadZero, false),
        _ => return Err(Trap::BadMessage("sampler message that isn't modelled")),
    };
    let (lanes, short_parameters) = match bits(descriptor, 17, 2) | bits(descriptor, 29, 1) << 2 {
        1 => (8, false),
        2 => (16, false),
        5 => (8, true),
        6 => (16, true),
        _ => return Err(Trap::BadMessage("SIMD mode of a sampler message")),
    };
    if kind == GatherAt && short_parameters {
        return Err(Trap::BadMessage("offsets of 16 bits in a sampler message"));
    }
    Ok(Operation::Sample(Sample {
        kind,
        compare,
        binding: Binding::of_image(descriptor)?,
        sampler: bits(descriptor, 8, 4) as u8,
        lanes,
        short_parameters,
        short_answers: bit(descriptor, 30),
    }))
}
