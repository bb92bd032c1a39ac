//! Sampler states (SAMPLER_STATE): how images are filtered.

use crate::memory::Memory;
use crate::shared::operation::{bit, bits};
use crate::shared::target::virtual_address;
use crate::trap::Trap;

/// Bytes of a sampler state.
pub(super) const STATE: u64 = 16;

/// What is taken for coordinates outside an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    /// The image again.
    Wrap,
    /// The image again, every other time mirrored.
    Mirror,
    /// The texel at the edge.
    Clamp,
    /// The border colour.
    Border,
    /// The image mirrored once, then the texel at the edge.
    MirrorOnce,
    /// Mirrored at the middle of the texel at the edge.
    MirrorAtTexel,
}

/// How a comparison filter compares a texel with the reference; what holds counts 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Comparison(u8);

impl Comparison {
    /// 1 or 0 for a texel and a reference.
    pub(super) fn result(self, texel: f32, reference: f32) -> f32 {
        let holds = match self.0 {
            0 => true,
            1 => false,
            2 => texel < reference,
            3 => texel == reference,
            4 => texel <= reference,
            5 => texel > reference,
            6 => texel != reference,
            _ => texel >= reference,
        };
        if holds { 0.0 } else { 1.0 }
    }
}

/// Between levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Between {
    /// Always the first level.
    First,
    /// The nearest level.
    Nearest,
    /// The two nearest levels.
    Linear,
}

/// How an image is filtered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::shared) struct Sampler {
    /// Colours are what is between the nearest texels, where an image is made smaller, and where
    /// it isn't.
    pub(super) linear: [bool; 2],
    pub(super) between: Between,
    /// Added to levels.
    pub(super) bias: f32,
    /// The least and the greatest level.
    pub(super) levels: [f32; 2],
    /// Across, down, deep.
    pub(super) edges: [Edge; 3],
    pub(super) comparison: Comparison,
    /// What is beyond an edge of a cube's face is on the next face.
    pub(super) seamless: bool,
    /// Coordinates are texels, not parts of the image.
    pub(super) texels: bool,
    /// sRGB formats are read as if they were linear.
    pub(super) skip_srgb: bool,
    /// The bits of a border's components.
    pub(super) border: [u32; 4],
}

impl Sampler {
    /// What a state of four dwords says, but for the border colour.
    pub(super) fn decode(state: [u32; 4]) -> Self {
        // The mode of cubes, or one that makes all others that of cubes.
        let seamless = bits(state[3], 6, 3) == 3 || bit(state[1], 0);
        let edge = |first| match bits(state[3], first, 3) {
            0 => Edge::Wrap,
            1 => Edge::Mirror,
            4 | 6 => Edge::Border,
            5 => Edge::MirrorOnce,
            7 => Edge::MirrorAtTexel,
            _ => Edge::Clamp,
        };
        // Anisotropic filters are taken for linear ones.
        let linear = |first| matches!(bits(state[0], first, 3), 1 | 2);
        let bias = (bits(state[0], 1, 13) << 19) as i32 >> 19;
        Self {
            linear: [linear(14), linear(17)],
            between: match bits(state[0], 20, 2) {
                1 => Between::Nearest,
                3 => Between::Linear,
                _ => Between::First,
            },
            bias: bias as f32 / 256.0,
            levels: [
                bits(state[1], 20, 12) as f32 / 256.0,
                bits(state[1], 8, 12) as f32 / 256.0,
            ],
            edges: [edge(6), edge(3), edge(0)],
            comparison: Comparison(bits(state[1], 1, 3) as u8),
            seamless,
            texels: bit(state[3], 10),
            skip_srgb: bit(state[2], 1),
            border: [0; 4],
        }
    }

    /// Reads the state at an address, with a border colour relative to another.
    pub(super) fn load<M: Memory>(
        memory: &mut M,
        address: u64,
        dynamic: u64,
    ) -> Result<Self, Trap> {
        let dwords = |memory: &mut M, address: u64| -> Result<[u32; 4], Trap> {
            let mut bytes = [0; 16];
            memory.read(virtual_address(address), &mut bytes)?;
            let value = u128::from_le_bytes(bytes);
            Ok([0, 32, 64, 96].map(|shift| (value >> shift) as u32))
        };
        let state = dwords(memory, address)?;
        let mut sampler = Self::decode(state);
        if sampler.edges.contains(&Edge::Border) {
            let border = dynamic.wrapping_add(u64::from(state[2] & !63));
            sampler.border = dwords(memory, border)?;
        }
        Ok(sampler)
    }

    /// The sampler of accesses that need none.
    pub(super) fn none() -> Self {
        Self::decode([0; 4])
    }
}

/// The texel that stands for one at an index that may be outside; none for the border.
pub(super) fn index(edge: Edge, index: i64, size: u32) -> Option<u32> {
    let size = i64::from(size.max(1));
    let last = size - 1;
    let inside = match edge {
        Edge::Wrap => index.rem_euclid(size),
        Edge::Mirror => {
            let twice = index.rem_euclid(2 * size);
            twice.min(2 * size - 1 - twice)
        }
        Edge::Clamp => index.clamp(0, last),
        Edge::Border if (0..size).contains(&index) => index,
        Edge::Border => return None,
        Edge::MirrorOnce => if index < 0 { -1 - index } else { index }.clamp(0, last),
        Edge::MirrorAtTexel => {
            let twice = index.rem_euclid((2 * last).max(1));
            twice.min(2 * last - twice).max(0)
        }
    };
    Some(inside as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rows of three texels and what is around them.
    #[test]
    fn edges() {
        let row = |edge| -> Vec<Option<u32>> { (-4..7).map(|at| index(edge, at, 3)).collect() };
        let texels =
            |text: &str| -> Vec<Option<u32>> { text.chars().map(|it| it.to_digit(10)).collect() };
        assert_eq!(row(Edge::Wrap), texels("20120120120"));
        assert_eq!(row(Edge::Mirror), texels("22100122100"));
        assert_eq!(row(Edge::Clamp), texels("00000122222"));
        assert_eq!(row(Edge::Border), texels("----012----"));
        assert_eq!(row(Edge::MirrorOnce), texels("22100122222"));
        assert_eq!(row(Edge::MirrorAtTexel), texels("01210121012"));
    }

    /// Fields of a state.
    #[test]
    fn fields() {
        let sampler = Sampler::decode([
            1 << 14 | 3 << 20 | 0x1f80 << 1,
            0x100 << 20 | 0xe00 << 8 | 4 << 1,
            1 << 1,
            2 << 6 | 1 << 3 | 1 << 10,
        ]);
        assert_eq!(sampler.linear, [true, false]);
        assert_eq!(sampler.between, Between::Linear);
        assert_eq!(sampler.bias, -0.5);
        assert_eq!(sampler.levels, [1.0, 14.0]);
        assert_eq!(sampler.edges, [Edge::Clamp, Edge::Mirror, Edge::Wrap]);
        assert!(sampler.texels && sampler.skip_srgb && !sampler.seamless);
        assert!(Sampler::decode([0, 1, 0, 0]).seamless);
        assert!(Sampler::decode([0, 0, 0, 3 << 6 | 3 << 3 | 3]).seamless);
        assert_eq!(sampler.comparison.result(0.5, 0.5), 0.0);
        assert_eq!(sampler.comparison.result(0.6, 0.5), 1.0);
    }

    proptest! {
        /// No edge leads outside.
        #[test]
        fn edges_stay_inside(at in any::<i32>(), size in 1..20_000u32, edge in 0..6usize) {
            let edge = [
                Edge::Wrap, Edge::Mirror, Edge::Clamp, Edge::Border, Edge::MirrorOnce,
                Edge::MirrorAtTexel,
            ][edge];
            if let Some(index) = index(edge, at.into(), size) {
                prop_assert!(index < size);
                if (0..i64::from(size)).contains(&at.into()) {
                    prop_assert_eq!(i64::from(index), i64::from(at));
                }
            }
        }
    }
}
