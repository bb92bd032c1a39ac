//! Surface states (RENDER_SURFACE_STATE): what buffers and images are.

use crate::shared::operation::{bit, bits};
use crate::trap::Trap;

/// Bytes of a surface state.
pub(super) const STATE: usize = 64;

/// The format code of buffers of bytes.
const RAW: u16 = 0x1ff;

/// What a surface is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An image of so many dimensions.
    Image(u8),
    /// Six square images.
    Cube,
    /// Elements one after another.
    Buffer,
    /// Elements of any structure.
    Structured,
    /// Nothing: reads as 0, swallows writes.
    Null,
}

/// How texels lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tiling {
    /// Row after row.
    Linear,
    /// Tiles of 512 bytes by 8 rows.
    X,
    /// Tiles of 128 bytes by 32 rows, in columns of 16 bytes.
    Y,
    /// [`StandardTile`](super::standard_tile::StandardTile)s of 4 KiB.
    Yf,
    /// Those of 64 KiB.
    Ys,
    /// Another, which isn't modelled.
    Other,
}

/// Where a component that a shader sees comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Select {
    /// 0.
    Zero,
    /// 1, of the format's kind.
    One,
    /// This component of the texel.
    Component(u8),
}

/// A surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Surface {
    pub(super) kind: Kind,
    /// Of elements, as encoded.
    pub(super) format: u16,
    pub(super) tiling: Tiling,
    /// It has layers.
    pub(super) array: bool,
    /// GPU virtual address.
    pub(super) base: u64,
    /// Texels; of a buffer 1.
    pub(super) width: u32,
    /// Texels.
    pub(super) height: u32,
    /// Texels of a volume, layers of an array, cubes of an array of cubes.
    pub(super) depth: u32,
    /// Elements of a buffer; bytes of one without format.
    pub(super) elements: u64,
    /// Bytes from one row to the next, or from one element of a buffer to the next.
    pub(super) pitch: u32,
    /// Rows from one layer or slice to the next; of blocks, where texels are compressed.
    pub(super) layer_rows: u32,
    /// The first layer.
    pub(super) first_layer: u32,
    /// How many layers or slices may be written.
    pub(super) view_extent: u32,
    /// How many levels a sampler has, less one. (Drivers leave it 0 for typed accesses.)
    pub(super) level: u32,
    /// The level that a sampler, and a typed access, takes for level 0.
    pub(super) first_level: u32,
    /// The first of the levels that share a tile; 15: there are none.
    pub(super) tail: u32,
    /// Levels are multiples of these, in texels, or in blocks of them.
    pub(super) alignment: [u32; 2],
    /// Texels from the base to the image.
    pub(super) offset: [u32; 2],
    /// Samples of a texel.
    pub(super) samples: u32,
    /// What a shader sees of a sampled texel.
    pub(super) select: [Select; 4],
}

impl Surface {
    /// What a state of 16 dwords says.
    pub(super) fn decode(state: &[u8; STATE]) -> Result<Self, Trap> {
        let (dwords, _) = state.as_chunks();
        let dword = |number: usize| {
            dwords
                .get(number)
                .map_or(0, |bytes| u32::from_le_bytes(*bytes))
        };
        let kind = match bits(dword(0), 29, 3) {
            0 => Kind::Image(1),
            1 => Kind::Image(2),
            2 => Kind::Image(3),
            3 => Kind::Cube,
            4 => Kind::Buffer,
            5 => Kind::Structured,
            7 => Kind::Null,
            _ => return Err(Trap::BadMessage("surface of reserved type")),
        };
        let buffer = matches!(kind, Kind::Buffer | Kind::Structured);
        let tiling = match (bits(dword(0), 12, 2), bits(dword(5), 18, 2)) {
            (0, _) => Tiling::Linear,
            (2, 0) => Tiling::X,
            (3, 0) => Tiling::Y,
            (3, 1) => Tiling::Yf,
            (3, 2) => Tiling::Ys,
            _ => Tiling::Other,
        };
        let alignment = |field| if field == 0 { 4 } else { 2u32 << field };
        let (width, height, depth) = (
            bits(dword(2), 0, 14),
            bits(dword(2), 16, 14),
            bits(dword(3), 21, 11),
        );
        // Of buffers the three make one number, of 7, 14 and 11 bits.
        let elements = u64::from(width & 0x7f) | u64::from(height) << 7 | u64::from(depth) << 21;
        let select = |first| match bits(dword(7), first, 3) {
            0 => Select::Zero,
            component @ 4..=7 => Select::Component(component as u8 - 4),
            _ => Select::One,
        };
        Ok(Self {
            kind,
            format: bits(dword(0), 18, 10) as u16,
            tiling: if buffer { Tiling::Linear } else { tiling },
            array: bit(dword(0), 28),
            base: u64::from(dword(8)) | u64::from(dword(9)) << 32,
            width: if buffer { 1 } else { width + 1 },
            height: if buffer { 1 } else { height + 1 },
            depth: if buffer { 1 } else { depth + 1 },
            elements: if buffer { elements + 1 } else { 0 },
            pitch: bits(dword(3), 0, 18) + 1,
            layer_rows: bits(dword(1), 0, 15) * 4,
            first_layer: bits(dword(4), 18, 11),
            view_extent: bits(dword(4), 7, 11) + 1,
            level: bits(dword(5), 0, 4),
            first_level: bits(dword(5), 4, 4),
            tail: bits(dword(5), 8, 4),
            alignment: [
                alignment(bits(dword(0), 14, 2)),
                alignment(bits(dword(0), 16, 2)),
            ],
            offset: [bits(dword(5), 25, 7) * 4, bits(dword(5), 21, 3) * 4],
            samples: 1 << bits(dword(4), 3, 3).min(4),
            select: [select(25), select(22), select(19), select(16)],
        })
    }

    /// Bytes that accesses without a format reach; none if it is nothing.
    pub(super) fn bytes(&self) -> Option<u64> {
        match self.kind {
            Kind::Null => None,
            Kind::Buffer | Kind::Structured if self.format == RAW => Some(self.elements),
            Kind::Buffer | Kind::Structured => Some(self.elements * u64::from(self.pitch)),
            Kind::Image(_) | Kind::Cube => {
                let rows = match self.tiling {
                    Tiling::Linear => self.height,
                    Tiling::X => self.height.next_multiple_of(8),
                    Tiling::Y | Tiling::Other => self.height.next_multiple_of(32),
                    // As high as any of these tiles is.
                    Tiling::Yf => self.height.next_multiple_of(64),
                    Tiling::Ys => self.height.next_multiple_of(256),
                };
                let layers = u64::from(self.depth - 1) * u64::from(self.layer_rows);
                Some((u64::from(rows) + layers) * u64::from(self.pitch))
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A state of these dwords, the others 0.
    pub(in crate::shared) fn state(dwords: &[(usize, u32)]) -> [u8; STATE] {
        let mut state = [0; STATE];
        for (number, dword) in dwords {
            state[number * 4..][..4].copy_from_slice(&dword.to_le_bytes());
        }
        state
    }

    /// A buffer of bytes as drivers make it.
    pub(in crate::shared) fn raw(base: u64, size: u32) -> [u8; STATE] {
        let last = size - 1;
        state(&[
            (0, 4 << 29 | 0x1ff << 18),
            (2, last & 0x7f | (last >> 7 & 0x3fff) << 16),
            (3, last >> 21 << 21),
            (8, base as u32),
            (9, (base >> 32) as u32),
        ])
    }

    /// A buffer's size is spread over three fields.
    #[test]
    fn buffer_sizes() {
        for size in [1, 127, 128, 129, 4096, 1 << 21, (1 << 21) + 1, u32::MAX] {
            let surface = Surface::decode(&raw(0x1234_5678_9abc, size)).expect("a buffer");
            assert_eq!(surface.bytes(), Some(u64::from(size)));
            assert_eq!(surface.base, 0x1234_5678_9abc);
            assert_eq!(surface.kind, Kind::Buffer);
        }
    }

    /// Fields of an image.
    #[test]
    fn images() {
        let surface = Surface::decode(&state(&[
            (
                0,
                1 << 29 | 1 << 28 | 0xc7 << 18 | 1 << 16 | 3 << 14 | 3 << 12,
            ),
            (1, 0x20),
            (2, 99 | 49 << 16),
            (3, 511 | 6 << 21),
            (4, 2 << 18 | 4 << 7),
            (5, 3 | 1 << 4 | 6 << 8 | 1 << 21 | 2 << 25),
            (7, 4 << 25 | 5 << 22 | 6 << 19 | 1 << 16),
            (8, 0x1000),
        ]))
        .expect("an image");
        let expected = Surface {
            kind: Kind::Image(2),
            format: 0xc7,
            tiling: Tiling::Y,
            array: true,
            base: 0x1000,
            width: 100,
            height: 50,
            depth: 7,
            elements: 0,
            pitch: 512,
            layer_rows: 128,
            first_layer: 2,
            view_extent: 5,
            level: 3,
            first_level: 1,
            tail: 6,
            alignment: [16, 4],
            offset: [8, 4],
            samples: 1,
            select: [
                Select::Component(0),
                Select::Component(1),
                Select::Component(2),
                Select::One,
            ],
        };
        assert_eq!(surface, expected);
        assert_eq!(surface.bytes(), Some((64 + 6 * 128) * 512));
    }

    proptest! {
        /// Any bytes are a surface or a malformed message.
        #[test]
        fn any_state_decodes(dwords in proptest::array::uniform16(any::<u32>())) {
            let mut bytes = [0; STATE];
            for (bytes, dword) in bytes.as_chunks_mut().0.iter_mut().zip(dwords) {
                *bytes = dword.to_le_bytes();
            }
            if let Ok(surface) = Surface::decode(&bytes) {
                let _ = surface.bytes();
            }
        }
    }
}
