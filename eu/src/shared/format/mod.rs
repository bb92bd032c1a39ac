//! Texel formats: how components lie in a texel, and what their bits mean. Knows numbers only.

mod block;
mod table;

use block::Block;

use crate::small_float::{from_half, to_half, to_unsigned, unsigned};

/// How the bits of a component are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    /// Unsigned, 0 to 1.
    Unorm,
    /// Signed, -1 to 1.
    Snorm,
    /// Unsigned integer.
    Uint,
    /// Signed integer.
    Sint,
    /// Float of 32, 16, 11 or 10 bits.
    Float,
    /// Unsigned, 0 to 1 by the curve of sRGB.
    Srgb,
}

/// A component of a texel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Component {
    /// Its lowest bit in the texel.
    pub(super) shift: u8,
    /// Bits.
    pub(super) bits: u8,
    pub(super) number: Number,
}

/// How the bytes of an element come to components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    /// Each has bits of its own.
    Apart,
    /// Three fractions of nine bits share an exponent of five.
    SharedExponent,
    /// An element is a square of texels.
    Block(Block),
}

/// A texel format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    /// Bytes of an element, which is a texel or a block of them: up to 16.
    pub(super) bytes: u8,
    packing: Packing,
    /// Red, green, blue, alpha. What is missing is 0, alpha 1.
    pub(super) components: [Option<Component>; 4],
    /// Components are integers.
    pub(super) integer: bool,
}

impl Format {
    /// The bits of 1.
    pub(super) fn one(&self) -> u32 {
        if self.integer { 1 } else { 1f32.to_bits() }
    }

    /// The logarithm of how many texels are along each side of an element.
    pub(super) fn side_bits(&self) -> u32 {
        match self.packing {
            Packing::Block(_) => block::SIDE.trailing_zeros(),
            Packing::Apart | Packing::SharedExponent => 0,
        }
    }

    /// Whether each component has bits of its own: others can be sampled, and no more.
    pub(super) fn is_apart(&self) -> bool {
        self.packing == Packing::Apart
    }

    /// Whether its components differ in size: 10, 10, 10 and 2 bits, or 11, 11 and 10.
    pub(super) fn is_uneven(&self) -> bool {
        let mut sizes = self.components.iter().flatten().map(|it| it.bits);
        let first = sizes.next();
        sizes.any(|bits| Some(bits) != first)
    }

    /// The components of a texel in its element: floats, or integers of 32 bits. The texel's column
    /// and row tell its place in a block.
    pub(super) fn texel(&self, element: &[u8; 16], at: [u32; 2]) -> [u32; 4] {
        match self.packing {
            Packing::Apart => self.components_of(element),
            Packing::SharedExponent => shared_exponent(element),
            Packing::Block(block) => block.texel(self, element, at),
        }
    }

    /// The components of a texel in which each has bits of its own.
    pub(super) fn components_of(&self, texel: &[u8; 16]) -> [u32; 4] {
        let texel = u128::from_le_bytes(*texel);
        let mut values = [0, 0, 0, self.one()];
        for (value, component) in values.iter_mut().zip(self.components) {
            if let Some(component) = component {
                *value = component.unpack(texel);
            }
        }
        values
    }

    /// The texel of these components, and which of its bits those of them make that `mask` has.
    pub(super) fn pack(&self, values: &[u32; 4], mask: u8) -> ([u8; 16], [u8; 16]) {
        let (mut texel, mut used) = (0u128, 0u128);
        for (number, component) in self.components.iter().enumerate() {
            if let (Some(component), true) = (component, mask >> number & 1 != 0) {
                let ones = u128::from(component.ones()) << component.shift;
                texel =
                    texel & !ones | u128::from(component.pack(values[number])) << component.shift;
                used |= ones;
            }
        }
        (texel.to_le_bytes(), used.to_le_bytes())
    }

    /// Which components there are, a bit each.
    pub(super) fn mask(&self) -> u8 {
        let there = |number: usize| u8::from(self.components[number].is_some()) << number;
        there(0) | there(1) | there(2) | there(3)
    }
}

/// Red, green and blue of R9G9B9E5: ninths of bits times a power of 2.
fn shared_exponent(texel: &[u8; 16]) -> [u32; 4] {
    let [a, b, c, d, ..] = *texel;
    let bits = u32::from_le_bytes([a, b, c, d]);
    // 15 is the exponent's bias; nine bits lie behind the point.
    let scale = f32::from_bits((127 - 15 - 9 + (bits >> 27)) << 23);
    let part = |shift: u32| ((bits >> shift & 0x1ff) as f32 * scale).to_bits();
    [part(0), part(9), part(18), 1f32.to_bits()]
}

impl Component {
    /// Its greatest unsigned value.
    fn ones(&self) -> u32 {
        u32::MAX >> (32 - u32::from(self.bits))
    }

    fn unpack(&self, texel: u128) -> u32 {
        let bits = (texel >> self.shift) as u32 & self.ones();
        let unused = 32 - u32::from(self.bits);
        let signed = (bits << unused) as i32 >> unused;
        match self.number {
            Number::Uint => return bits,
            Number::Sint => return signed as u32,
            Number::Unorm => (f64::from(bits) / f64::from(self.ones())) as f32,
            Number::Snorm => {
                let most = f64::from(self.ones() >> 1);
                (f64::from(signed) / most).max(-1.0) as f32
            }
            Number::Srgb => from_srgb(bits as f32 / self.ones() as f32),
            Number::Float => match self.bits {
                16 => from_half(bits as u16),
                11 => unsigned(bits, 6),
                10 => unsigned(bits, 5),
                _ => return bits,
            },
        }
        .to_bits()
    }

    fn pack(&self, value: u32) -> u32 {
        let ones = self.ones();
        let float = f32::from_bits(value);
        match self.number {
            Number::Uint => value.min(ones),
            Number::Sint => {
                let most = (ones >> 1) as i32;
                (value as i32).clamp(-most - 1, most) as u32 & ones
            }
            // A cast of what is no number is 0.
            Number::Unorm => {
                (f64::from(float).clamp(0.0, 1.0) * f64::from(ones)).round_ties_even() as u32
            }
            Number::Snorm => {
                let most = f64::from(ones >> 1);
                (f64::from(float).clamp(-1.0, 1.0) * most).round_ties_even() as i32 as u32 & ones
            }
            Number::Srgb => (to_srgb(float.clamp(0.0, 1.0)) * ones as f32).round_ties_even() as u32,
            Number::Float => match self.bits {
                16 => to_half(float).into(),
                11 => to_unsigned(float, 6),
                10 => to_unsigned(float, 5),
                _ => value,
            },
        }
    }
}

/// Light of a value on the curve of sRGB.
fn from_srgb(value: f32) -> f32 {
    if value <= 0.04045 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

/// The value on the curve of sRGB for light.
fn to_srgb(light: f32) -> f32 {
    if light <= 0.003_130_8 {
        light * 12.92
    } else {
        light.powf(1.0 / 2.4) * 1.055 - 0.055
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texel(bytes: &[u8]) -> [u8; 16] {
        let mut texel = [0; 16];
        texel[..bytes.len()].copy_from_slice(bytes);
        texel
    }

    fn floats(code: u16, bytes: &[u8]) -> [f32; 4] {
        let format = Format::of(code).expect("a format");
        assert_eq!(usize::from(format.bytes), bytes.len());
        format.texel(&texel(bytes), [0, 0]).map(f32::from_bits)
    }

    /// Texels by hand.
    #[test]
    fn texels() {
        // R8G8B8A8 and B8G8R8A8 UNORM, SNORM, sRGB.
        assert_eq!(floats(0xc7, &[255, 0, 51, 255]), [1.0, 0.0, 0.2, 1.0]);
        assert_eq!(floats(0xc0, &[255, 0, 51, 0]), [0.2, 0.0, 1.0, 0.0]);
        assert_eq!(floats(0xc9, &[127, 0, 129, 128]), [1.0, 0.0, -1.0, -1.0]);
        let srgb = floats(0xc8, &[255, 0, 188, 128]);
        assert_eq!((srgb[0], srgb[1], srgb[3]), (1.0, 0.0, 128.0 / 255.0));
        assert!((srgb[2] - 0.502_886_5).abs() < 1e-5);
        // R32G32_FLOAT, R16_FLOAT, A8, L8, I8.
        let mut bytes = 1.5f32.to_le_bytes().to_vec();
        bytes.extend((-2f32).to_le_bytes());
        assert_eq!(floats(0x85, &bytes), [1.5, -2.0, 0.0, 1.0]);
        assert_eq!(floats(0x10e, &[0, 0x3c]), [1.0, 0.0, 0.0, 1.0]);
        assert_eq!(floats(0x144, &[255]), [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(floats(0x146, &[51]), [0.2, 0.2, 0.2, 1.0]);
        assert_eq!(floats(0x145, &[51]), [0.2; 4]);
        // R10G10B10A2_UNORM, R11G11B10_FLOAT, B5G6R5.
        let packed = (1023u32 | 341 << 20 | 2 << 30).to_le_bytes();
        assert_eq!(floats(0xc2, &packed), [1.0, 0.0, 1.0 / 3.0, 2.0 / 3.0]);
        let packed = (0x3c0u32 | 0x400 << 11 | 0x1c0 << 22).to_le_bytes();
        assert_eq!(floats(0xd3, &packed), [1.0, 2.0, 0.5, 1.0]);
        assert_eq!(floats(0x100, &[0x1f, 0xf8]), [1.0, 0.0, 1.0, 1.0]);
        // R9G9B9E5_SHAREDEXP: 1, 511 / 256 and 0; the least there is.
        let packed = (256u32 | 511 << 9 | 16 << 27).to_le_bytes();
        assert_eq!(floats(0xed, &packed), [1.0, 511.0 / 256.0, 0.0, 1.0]);
        let least = 2f32.powi(-24);
        assert_eq!(floats(0xed, &[1, 0, 0, 0]), [least, 0.0, 0.0, 1.0]);
        // R16G16B16A16_SINT, R8_UINT.
        let format = Format::of(0x82).expect("a format");
        let bytes = texel(&[0xff, 0xff, 1, 0, 0, 0x80, 0xff, 0x7f]);
        assert_eq!(
            format.components_of(&bytes),
            [u32::MAX, 1, -32768i32 as u32, 32767]
        );
        let format = Format::of(0x143).expect("a format");
        assert_eq!(format.components_of(&texel(&[200])), [200, 0, 0, 1]);
    }

    /// What doesn't fit is clamped, what is no number becomes 0, halves go to the even neighbour.
    #[test]
    fn clamping() {
        let pack = |code, values: [f32; 4]| {
            let format = Format::of(code).expect("a format");
            let (texel, _) = format.pack(&values.map(f32::to_bits), 15);
            u128::from_le_bytes(texel)
        };
        assert_eq!(pack(0xc7, [2.0, -1.0, f32::NAN, 0.5]), 0x8000_00ff);
        assert_eq!(pack(0xc9, [2.0, -2.0, f32::NAN, 0.5]), 0x4000_817f);
        let integers = |code, values: [i32; 4]| {
            let format = Format::of(code).expect("a format");
            let (texel, _) = format.pack(&values.map(|it| it as u32), 15);
            u128::from_le_bytes(texel)
        };
        assert_eq!(integers(0xcb, [300, 1, -1, 255]), 0xffff_01ff);
        assert_eq!(integers(0xca, [300, 1, -300, -1]), 0xff80_017f);
    }

    proptest! {
        /// A texel that is unpacked and packed again is the same, except where it is no number or
        /// one of the two least of signed ones.
        #[test]
        fn round_trips(code in 0..0x400u16, bytes in any::<[u8; 16]>()) {
            let Some(format) = Format::of(code).filter(Format::is_apart) else { return Ok(()); };
            let values = format.components_of(&bytes);
            let (packed, used) = format.pack(&values, 15);
            prop_assert!(used[usize::from(format.bytes)..].iter().all(|byte| *byte == 0));
            prop_assert_eq!(format.components_of(&packed).map(|value| value & 0x7f80_0000 == 0x7f80_0000),
                values.map(|value| value & 0x7f80_0000 == 0x7f80_0000));
            let again = format.components_of(&packed);
            for (one, two) in values.iter().zip(again) {
                let (one, two) = (*one, two);
                let nan = f32::from_bits(one).is_nan() && f32::from_bits(two).is_nan();
                prop_assert!(one == two || nan, "{code:#x}: {one:#x} {two:#x}");
            }
        }
    }
}
