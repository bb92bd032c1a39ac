//! Accesses to texels and media blocks.

use super::{DATA, Message, Setup, dword, dwords, header};
use crate::isa::SharedFunction::{DataPort1, RenderCache};
use crate::shared::surface::tests::state;
use crate::trap::{StrictFinding, Trap};
use proptest::prelude::*;

/// A state of an image of the data: type and array bit, format, tiling, size, pitch, rows between
/// layers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Picture {
    pub(super) kind: u32,
    pub(super) array: bool,
    pub(super) format: u32,
    pub(super) tiling: u32,
    pub(super) size: [u32; 3],
    pub(super) pitch: u32,
    pub(super) rows: u32,
}

impl Picture {
    pub(super) fn dwords(&self) -> Vec<(usize, u32)> {
        let [width, height, depth] = self.size.map(|texels| texels - 1);
        vec![
            (
                0,
                self.kind << 29
                    | u32::from(self.array) << 28
                    | self.format << 18
                    | 1 << 16
                    | 1 << 14
                    | self.tiling << 12,
            ),
            (1, self.rows / 4),
            (2, width | height << 16),
            (3, (self.pitch - 1) | depth << 21),
            (4, depth << 7),
            (7, 4 << 25 | 5 << 22 | 6 << 19 | 7 << 16),
            (8, DATA as u32),
        ]
    }

    pub(super) fn state(&self) -> [u8; 64] {
        state(&self.dwords())
    }

    /// Bytes from the data's beginning to a texel of so many bytes, by what tiles look like.
    pub(super) fn place(&self, bytes: usize, [x, y, z]: [usize; 3]) -> usize {
        let pitch = self.pitch as usize;
        let (x, y) = (x * bytes, y + z * self.rows as usize);
        match self.tiling {
            0 => y * pitch + x,
            2 => (y / 8 * (pitch / 512) + x / 512) * 4096 + y % 8 * 512 + x % 512,
            _ => {
                let tile = (y / 32 * (pitch / 128) + x / 128) * 4096;
                tile + x % 128 / 16 * 512 + y % 32 * 16 + x % 16
            }
        }
    }
}

/// A two-dimensional image of R8G8B8A8_UINT.
const PLAIN: Picture = Picture {
    kind: 1,
    array: false,
    format: 0xcb,
    tiling: 0,
    size: [100, 40, 1],
    pitch: 512,
    rows: 40,
};

fn kinds() -> Vec<Picture> {
    let mut kinds = Vec::new();
    for tiling in [0, 2, 3] {
        kinds.push(Picture { tiling, ..PLAIN });
        kinds.push(Picture {
            tiling,
            array: true,
            size: [60, 20, 3],
            rows: 32,
            ..PLAIN
        });
        kinds.push(Picture {
            tiling,
            kind: 2,
            size: [60, 20, 3],
            rows: 32,
            ..PLAIN
        });
    }
    kinds.push(Picture {
        kind: 0,
        size: [100, 1, 1],
        ..PLAIN
    });
    kinds
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Texels of all kinds of images are read and written where tiles have them; outside they are
    /// 0 with alpha 1, and nothing.
    #[test]
    fn typed_reads_and_writes(
        at in proptest::array::uniform24(0..110u32),
        values in proptest::array::uniform32(0..300u32),
        mask in any::<u32>(),
        components in 1..16u32,
    ) {
        for picture in kinds() {
            let mut setup = Setup::new(false);
            setup.bind(3, &picture.state());
            let mut memory = setup.data(0).to_vec();
            let x: Vec<u32> = at[..8].to_vec();
            let y: Vec<u32> = at[8..16].iter().map(|y| y % 45).collect();
            let z: Vec<u32> = at[16..].iter().map(|z| z % 4).collect();
            let place = |lane: usize| {
                let y = if picture.kind == 0 { 0 } else { y[lane] };
                let z = if picture.kind == 2 || picture.array { z[lane] } else { 0 };
                let texel = [x[lane], y, z];
                let inside = texel.iter().zip(picture.size).all(|(at, size)| *at < size);
                inside.then(|| picture.place(4, texel.map(|at| at as usize)))
            };
            let coordinates = dwords(&[x.clone(), y.clone(), z.clone()].concat());
            let control = !components & 15 | 1 << 4;
            let read = Message::data(DataPort1, 5, control, 3).masked(mask);
            let count = components.count_ones() as usize;
            let answer = setup.send(&read, &coordinates, &[], count).expect("good");
            let wanted: Vec<usize> = (0..4).filter(|at| components >> at & 1 != 0).collect();
            for lane in 0..8 {
                for (register, component) in wanted.iter().enumerate() {
                    let expected = match place(lane) {
                        _ if mask >> lane & 1 == 0 => 0xeeee_eeee,
                        Some(place) => u32::from(memory[place + component]),
                        None => u32::from(*component == 3),
                    };
                    prop_assert_eq!(dword(&answer, register * 8 + lane), expected);
                }
            }
            // A write, with its first coordinate apart from the rest, as compilers send them.
            let data = dwords(&values[..count * 8]);
            let rest = [&coordinates[1..], &data].concat();
            let write = Message::data(DataPort1, 13, control, 3).masked(mask);
            setup.send(&write, &coordinates[..1], &rest, 0).expect("good");
            for lane in (0..8).filter(|lane| mask >> lane & 1 != 0) {
                if let Some(place) = place(lane) {
                    for (register, component) in wanted.iter().enumerate() {
                        memory[place + component] = values[register * 8 + lane].min(255) as u8;
                    }
                }
            }
            prop_assert!(setup.data(0) == memory, "{picture:?}");
        }
    }

    /// Media blocks are rectangles; writes outside are dropped, reads repeat the edge.
    #[test]
    fn media_blocks(
        left in -20..120i32, top in -10..50i32, width in 1..=64usize, height in 1..=64usize,
        cache in any::<bool>(),
    ) {
        let pitch = width.next_power_of_two().max(4);
        let height = height.min(256 / pitch);
        for tiling in [0, 2, 3] {
            // A width of 25, which these messages take for 25 dwords.
            let bytes = Picture { format: 0x140, tiling, size: [25, 40, 1], ..PLAIN };
            let picture = Picture { size: [100, 40, 1], ..bytes };
            let mut setup = Setup::new(false);
            setup.bind(3, &bytes.state());
            let mut memory = setup.data(0).to_vec();
            let header = header(&[
                (0, left as u32),
                (1, top as u32),
                (2, (width as u32 - 1) | (height as u32 - 1) << 16),
            ]);
            let function = if cache { RenderCache } else { DataPort1 };
            let read = Message::data(function, 4, 0, 3).with_header();
            let answer = setup.send(&read, &[header], &[], 8).expect("good");
            let place = |x: i32, y: i32| picture.place(1, [x as usize, y as usize, 0]);
            for row in 0..height {
                for column in 0..width {
                    let x = (left + column as i32).clamp(0, 99);
                    let y = (top + row as i32).clamp(0, 39);
                    let found = answer.as_flattened()[row * pitch + column];
                    prop_assert_eq!(found, memory[place(x, y)]);
                }
            }
            let data: [[u8; 32]; 8] = std::array::from_fn(|register| {
                std::array::from_fn(|byte| (register * 32 + byte) as u8)
            });
            let write = Message::data(function, 10, 0, 3).with_header();
            let payload = [&[header] as &[_], &data].concat();
            setup.send(&write, &payload, &[], 0).expect("good");
            for row in 0..height {
                for column in 0..width {
                    let (x, y) = (left + column as i32, top + row as i32);
                    if (0..100).contains(&x) && (0..40).contains(&y) {
                        memory[place(x, y)] = (row * pitch + column) as u8;
                    }
                }
            }
            prop_assert!(setup.data(0) == memory);
        }
    }
}

/// Atomics on texels answer what was there.
#[test]
fn typed_atomics() {
    let mut setup = Setup::new(false);
    let picture = Picture {
        format: 0xd7,
        tiling: 3,
        ..PLAIN
    };
    setup.bind(3, &picture.state());
    let place = picture.place(4, [37, 20, 0]);
    setup.data(place as u64)[..4].copy_from_slice(&100u32.to_le_bytes());
    let mut first = dwords(&[37; 8]);
    first.extend(dwords(&[20, 20, 20, 20, 20, 20, 20, 40]));
    let add = Message::data(DataPort1, 6, 7 | 0x20, 3);
    let answer = setup.send(&add, &first, &dwords(&[5; 8]), 1).expect("good");
    let found: Vec<u32> = (0..8).map(|lane| dword(&answer, lane)).collect();
    assert_eq!(found, [100, 105, 110, 115, 120, 125, 130, 0]);
    assert_eq!(setup.data(place as u64)[..4], 135u32.to_le_bytes());
}

/// Components of different sizes are written apart, and read as one.
#[test]
fn uneven_texels() {
    let mut setup = Setup::new(false);
    // R10G10B10A2_UINT.
    let picture = Picture {
        format: 0xc4,
        ..PLAIN
    };
    setup.bind(3, &picture.state());
    let place = picture.place(4, [5, 6, 0]);
    let at = dwords(&[[5; 8], [6; 8]].concat());
    let texel: Vec<u32> = [0x155, 0x2aa, 0x3ff, 2].map(|it| [it; 8]).concat();
    let write = Message::data(DataPort1, 13, 1 << 4, 3).masked(1);
    setup.send(&write, &at, &dwords(&texel), 0).expect("good");
    let bits: u32 = 0x155 | 0x2aa << 10 | 0x3ff << 20 | 2 << 30;
    assert_eq!(setup.data(place as u64)[..4], bits.to_le_bytes());
    let read = Message::data(DataPort1, 5, 0xe | 1 << 4, 3).masked(1);
    let answer = setup.send(&read, &at, &[], 1).expect("good");
    assert_eq!(dword(&answer, 0), bits);
}

/// Texels of a buffer, through the bindless surface that the extended descriptor names.
#[test]
fn texel_buffers() {
    let mut setup = Setup::new(true);
    // 20 elements of R16G16_SINT.
    setup.bind(
        3,
        &state(&[(0, 4 << 29 | 0xce << 18), (2, 19), (3, 3), (8, DATA as u32)]),
    );
    setup.data(4 * 7)[..4].copy_from_slice(&[0xff, 0xff, 2, 0]);
    let message = Message {
        extended: 3 << 12,
        ..Message::data(DataPort1, 5, 0x10, 252)
    };
    let answer = setup
        .send(&message.masked(1), &dwords(&[7; 8]), &[], 4)
        .expect("good");
    let texel = [0, 8, 16, 24].map(|at| dword(&answer, at));
    assert_eq!(texel, [u32::MAX, 2, 0, 1]);
    let outside = setup.send(&message, &dwords(&[20; 8]), &[], 4);
    let finding = StrictFinding::OutsideSurface {
        surface: 3,
        offset: 20,
        write: false,
    };
    assert_eq!(outside, Err(Trap::Strict(finding)));
}
