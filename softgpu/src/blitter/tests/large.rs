//! Copies that are large enough to go past the processor's caches, in memory that lies
//! together and in memory that does not, against a loop over all pixels.

use super::layout::{Layout, Plane, TILE_X, TILE_Y};
use super::shapes::Random;
use super::{at, bench_with, bytes_of};
use crate::execute::testing::{BASE, Bench, DATA};
use crate::page_table::{Backing, PAGE_SIZE};

/// Bytes of a surface, and of one of its rows.
const SURFACE: u64 = 6 << 20;
const PITCH: u32 = 4608;
/// Pixels of the rectangle, of 4 bytes each.
const WIDTH: u32 = 1041;
const HEIGHT: u32 = 1030;

const LAYOUTS: [Layout; 3] = [Layout::Linear, TILE_X, TILE_Y];

/// A copy between two layouts: XY_FAST_COPY_BLT's numbers for them, and the corners.
#[derive(Clone, Copy, Debug)]
struct Case {
    from: u32,
    to: u32,
    source: [u32; 2],
    corner: [u32; 2],
}

impl Case {
    /// Executes it.
    fn execute(&self, bench: &mut Bench) {
        let pitch = |tiling| if tiling == 0 { PITCH } else { PITCH / 4 };
        let packed = |[x, y]: [u32; 2]| y << 16 | x;
        let opposite = [self.corner[0] + WIDTH, self.corner[1] + HEIGHT];
        let ([to, to_high], [from, from_high]) = (at(0), at(SURFACE));
        bench.finish(&[
            0x5080_0008 | self.from << 20 | self.to << 13,
            3 << 24 | pitch(self.to),
            packed(self.corner),
            packed(opposite),
            to,
            to_high,
            packed(self.source),
            pitch(self.from),
            from,
            from_high,
        ]);
    }

    /// What memory then holds.
    fn expected(&self, bytes: &[u8]) -> Vec<u8> {
        let plane = |base, layout: u32| Plane {
            base,
            pitch: PITCH.into(),
            layout: LAYOUTS[layout as usize],
            pixel: 4,
        };
        let (to, from) = (plane(DATA, self.to), plane(DATA + SURFACE, self.from));
        let mut out = bytes.to_vec();
        let place = |plane: &Plane, corner: [u32; 2], x: u32, y: u32| {
            (plane.address((corner[0] + x).into(), (corner[1] + y).into()) - DATA) as usize
        };
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let from = place(&from, self.source, x, y);
                let to = place(&to, self.corner, x, y);
                out[to..to + 4].copy_from_slice(&bytes[from..from + 4]);
            }
        }
        out
    }
}

#[test]
fn large_copies_between_layouts() {
    let bytes = Random(9).bytes(2 * SURFACE);
    let aligned = |(from, to)| Case {
        from,
        to,
        source: [4, 2],
        corner: [8, 5],
    };
    let pairs = [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)];
    let askew = [(0, 2), (2, 0), (2, 1)].map(|pair| Case {
        source: [7, 32],
        corner: [3, 0],
        ..aligned(pair)
    });
    for case in pairs.map(aligned).into_iter().chain(askew) {
        let expected = case.expected(&bytes);
        let mut bench = bench_with(&bytes);
        case.execute(&mut bench);
        assert!(bytes_of(&bench, bytes.len()) == expected, "{case:?}");

        // Every other pair of pages the other way round.
        let turned = |bytes: &[u8]| {
            let mut out = bytes.to_vec();
            for pair in out.chunks_exact_mut(2 * PAGE_SIZE as usize).step_by(2) {
                pair.rotate_left(PAGE_SIZE as usize);
            }
            out
        };
        let mut bench = bench_with(&turned(&bytes));
        for pair in (0..2 * SURFACE).step_by(4 * PAGE_SIZE as usize) {
            let page = |offset: u64| {
                let backing = Backing::Memory {
                    address: DATA - BASE + pair + offset,
                    read_only: false,
                };
                (PAGE_SIZE, backing)
            };
            let pages = [page(PAGE_SIZE), page(0)].into_iter();
            let change = |table: &mut crate::page_table::PageTable| table.map(DATA + pair, pages);
            bench.space.update(change).unwrap();
        }
        case.execute(&mut bench);
        let found = turned(&bytes_of(&bench, bytes.len()));
        assert!(found == expected, "scattered: {case:?}");
    }
}
