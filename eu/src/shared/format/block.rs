//! Compressed formats: squares of four by four texels that are decoded together. What a block's
//! bits mean the crate `bcdec_rs` knows.

use super::Format;

/// Texels along each side of a block.
pub(super) const SIDE: u32 = 4;

/// How a block is compressed (BC1 to BC7; Direct3D 11's functional specification, 19.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::shared) enum Block {
    /// Two colours and two between them; or one between, and black without alpha.
    Bc1,
    /// Colours as in BC1, alpha of four bits.
    Bc2,
    /// Colours as in BC1, alpha as in BC4.
    Bc3,
    /// One component: two values and six between, or four and the extremes.
    Bc4 {
        /// From -1 to 1.
        signed: bool,
    },
    /// Two components, each as in BC4.
    Bc5 {
        /// From -1 to 1.
        signed: bool,
    },
    /// Three half floats.
    Bc6 {
        /// They can be negative.
        signed: bool,
    },
    /// Colours with or without alpha, in one of eight ways.
    Bc7,
}

impl Block {
    /// Bytes of a block.
    pub(super) const fn bytes(self) -> u8 {
        match self {
            Self::Bc1 | Self::Bc4 { .. } => 8,
            Self::Bc2 | Self::Bc3 | Self::Bc5 { .. } | Self::Bc6 { .. } | Self::Bc7 => 16,
        }
    }

    /// The components of a block's texel, of a format that has those of the colours' eight bits.
    pub(super) fn texel(self, format: &Format, block: &[u8; 16], at: [u32; 2]) -> [u32; 4] {
        let [x, y] = at.map(|it| (it % SIDE) as usize);
        let place = y * SIDE as usize + x;
        match self {
            Self::Bc1 => colour(format, bcdec_rs::bc1, block, place),
            Self::Bc2 => colour(format, bcdec_rs::bc2, block, place),
            Self::Bc3 => colour(format, bcdec_rs::bc3, block, place),
            Self::Bc7 => colour(format, bcdec_rs::bc7, block, place),
            Self::Bc4 { signed } => floats::<16>(bcdec_rs::bc4_float, block, signed, place),
            Self::Bc5 { signed } => floats::<32>(bcdec_rs::bc5_float, block, signed, place),
            Self::Bc6 { signed } => floats::<48>(bcdec_rs::bc6h_float, block, signed, place),
        }
    }
}

/// A texel of a block that is decoded to four components of eight bits.
fn colour(
    format: &Format,
    decode: impl Fn(&[u8], &mut [u8], usize),
    block: &[u8; 16],
    place: usize,
) -> [u32; 4] {
    let mut texels = [0; 64];
    decode(block, &mut texels, 16);
    let mut texel = [0; 16];
    let (all, _) = texels.as_chunks::<4>();
    if let Some(bytes) = all.get(place) {
        texel[..4].copy_from_slice(bytes);
    }
    format.components_of(&texel)
}

/// A texel of a block that is decoded to `FLOATS / 16` floats for each.
fn floats<const FLOATS: usize>(
    decode: impl Fn(&[u8], &mut [f32], usize, bool),
    block: &[u8; 16],
    signed: bool,
    place: usize,
) -> [u32; 4] {
    let mut texels = [0.0; FLOATS];
    let count = FLOATS / 16;
    decode(block, &mut texels, count * SIDE as usize, signed);
    let mut values = [0.0, 0.0, 0.0, 1.0];
    if let Some(texel) = texels.chunks_exact(count).nth(place) {
        values[..count].copy_from_slice(texel);
    }
    values.map(f32::to_bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texel(code: u16, block: &[u8], at: [u32; 2]) -> [f32; 4] {
        let format = Format::of(code).expect("a format");
        assert_eq!(usize::from(format.bytes), block.len());
        let mut bytes = [0; 16];
        bytes[..block.len()].copy_from_slice(block);
        format.texel(&bytes, at).map(f32::from_bits)
    }

    /// Blocks by hand: two colours, what is between, and which texel has which.
    #[test]
    fn blocks() {
        // BC1: red and blue, the first row of all four kinds; then with black behind.
        let block = [0x00, 0xf8, 0x1f, 0x00, 0b11_10_01_00, 0, 0, 0];
        assert_eq!(texel(0x186, &block, [0, 0]), [1.0, 0.0, 0.0, 1.0]);
        assert_eq!(texel(0x186, &block, [1, 0]), [0.0, 0.0, 1.0, 1.0]);
        let [red, _, blue, alpha] = texel(0x186, &block, [2, 0]);
        assert!((red - 2.0 / 3.0).abs() < 0.01 && (blue - 1.0 / 3.0).abs() < 0.01);
        assert_eq!(alpha, 1.0);
        let block = [0x1f, 0x00, 0x00, 0xf8, 0b11_10_01_00, 0, 0, 0];
        assert_eq!(texel(0x186, &block, [3, 0]), [0.0; 4]);
        assert_eq!(texel(0x191, &block, [3, 0]), [0.0, 0.0, 0.0, 1.0]);
        // As sRGB the middle is darker.
        let linear = texel(0x186, &block, [2, 0]);
        let curved = texel(0x18b, &block, [2, 0]);
        assert!((linear[0] - 0.5).abs() < 0.01 && (curved[0] - 0.21).abs() < 0.02);
        // BC4: 1 and 0, six between; signed ones from -1.
        let indices: u64 = (0..8).map(|texel| texel << (3 * texel)).sum();
        let mut ramp = [255, 0, 0, 0, 0, 0, 0, 0];
        ramp[2..].copy_from_slice(&indices.to_le_bytes()[..6]);
        let row = |code, block: &[u8]| -> Vec<f32> {
            (0..4).map(|x| texel(code, block, [x, 0])[0]).collect()
        };
        assert_eq!(row(0x189, &ramp), [1.0, 0.0, 6.0 / 7.0, 5.0 / 7.0]);
        assert_eq!(texel(0x189, &ramp, [3, 1])[0], 1.0 / 7.0);
        let mut signed = ramp;
        signed[..2].copy_from_slice(&[127, 0x80]);
        assert_eq!(row(0x199, &signed)[..2], [1.0, -1.0]);
        // BC5 has two of them, nothing else.
        let both: Vec<u8> = ramp.iter().chain(&ramp).copied().collect();
        assert_eq!(texel(0x18a, &both, [0, 0]), [1.0, 1.0, 0.0, 1.0]);
        // BC2's alpha has four bits.
        let mut block = vec![0xf0, 0, 0, 0, 0, 0, 0, 0];
        block.extend([0xff, 0xff, 0, 0, 0, 0, 0, 0]);
        assert_eq!(texel(0x187, &block, [0, 0]), [1.0, 1.0, 1.0, 0.0]);
        assert_eq!(texel(0x187, &block, [1, 0]), [1.0; 4]);
        // BC3's is BC4's. BC7's mode 6: both ends white.
        let block: Vec<u8> = ramp.iter().chain(&block[8..]).copied().collect();
        assert_eq!(texel(0x188, &block, [1, 0]), [1.0, 1.0, 1.0, 0.0]);
        let mut white = [0xff; 16];
        white[0] = 0xc0;
        assert_eq!(texel(0x1a2, &white, [2, 2]), [1.0; 4]);
    }

    proptest! {
        /// Any bytes are some colour, within what the format can say.
        #[test]
        fn any_block(code in 0x180..0x1c4u16, bytes in any::<[u8; 16]>(), x in 0..9u32, y in 0..9u32) {
            let Some(format) = Format::of(code) else { return Ok(()); };
            let [red, green, blue, alpha] = format.texel(&bytes, [x, y]).map(f32::from_bits);
            for value in [red, green, blue, alpha] {
                let most = if matches!(code, 0x1a1 | 0x1a4) { 65504.0 } else { 1.0 };
                prop_assert!((-most..=most).contains(&value), "{code:#x}: {value}");
            }
        }
    }
}
