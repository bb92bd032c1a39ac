//! Tiles of Yf (4 KiB) and Ys (64 KiB), whose shape goes by the size of what they hold: as near to
//! squares and cubes of texels as powers of 2 allow. An image's smallest levels share a tile, the
//! mip tail.
//!
//! The layouts are those of Gen11 and Gen12 (volume 5, Memory Views: "Tiling and Mip Tail for 2D
//! Surfaces", "for 3D Surfaces").

use Axis::{X, Y, Z};

/// Which coordinate a bit of an offset comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Axis {
    /// Bytes from left to right.
    X,
    /// Rows.
    Y,
    /// Slices.
    Z,
}

/// The bits of a tile's offsets from bit 4 on; those below are columns, of bytes. Tiles of 4 KiB
/// have the lower eight. By the logarithm of an element's bytes.
type Layouts = [[Axis; 12]; 5];

const FLAT: Layouts = [
    [Y, Y, Y, Y, Y, X, Y, X, Y, X, Y, X],
    [Y, Y, Y, X, Y, X, Y, X, Y, X, Y, X],
    [Y, Y, Y, X, Y, X, Y, X, Y, X, Y, X],
    [Y, Y, X, X, Y, X, Y, X, Y, X, Y, X],
    [Y, Y, X, X, Y, X, Y, X, Y, X, Y, X],
];
const DEEP: Layouts = [
    [Y, Y, Z, Z, Z, Y, Z, Y, X, Z, Y, X],
    [Y, Y, Z, Z, Z, Y, Z, Y, X, Z, Y, X],
    [Y, Y, Z, Z, Y, X, Z, Y, X, Z, Y, X],
    [Y, Y, Z, Z, X, X, Z, Y, X, Z, Y, X],
    [Y, Y, Z, Z, X, X, Z, Y, X, Z, Y, X],
];

/// Where the levels of a mip tail of a flat image begin in their tile, in elements, from the
/// largest on: by level, then by the logarithm of an element's bytes.
const FLAT_TAIL: [[[u8; 2]; 5]; 15] = [
    [[128, 0], [128, 0], [64, 0], [64, 0], [32, 0]],
    [[0, 128], [0, 64], [0, 64], [0, 32], [0, 32]],
    [[64, 0], [64, 0], [32, 0], [32, 0], [16, 0]],
    [[0, 64], [0, 32], [0, 32], [0, 16], [0, 16]],
    [[32, 0], [32, 0], [16, 0], [16, 0], [8, 0]],
    [[16, 32], [16, 16], [8, 16], [8, 8], [4, 8]],
    [[0, 48], [0, 24], [0, 24], [0, 12], [0, 12]],
    [[0, 32], [0, 16], [0, 16], [0, 8], [0, 8]],
    [[16, 16], [16, 8], [8, 8], [8, 4], [4, 4]],
    [[16, 0], [16, 0], [8, 0], [8, 0], [4, 0]],
    [[0, 16], [0, 8], [0, 8], [0, 4], [0, 4]],
    [[0, 0], [0, 0], [0, 0], [0, 0], [0, 0]],
    [[0, 4], [0, 4], [0, 4], [2, 0], [1, 0]],
    [[0, 8], [8, 0], [4, 0], [4, 0], [2, 0]],
    [[0, 12], [8, 4], [4, 4], [6, 0], [3, 0]],
];
/// The same of a volume.
const DEEP_TAIL: [[[u8; 3]; 5]; 15] = [
    [[32, 0, 0], [16, 0, 0], [16, 0, 0], [16, 0, 0], [8, 0, 0]],
    [[0, 16, 0], [0, 16, 0], [0, 16, 0], [0, 8, 0], [0, 8, 0]],
    [[0, 0, 16], [0, 0, 16], [0, 0, 8], [0, 0, 8], [0, 0, 8]],
    [[16, 0, 0], [8, 0, 0], [8, 0, 0], [8, 0, 0], [4, 0, 0]],
    [[0, 8, 0], [0, 8, 0], [0, 8, 0], [0, 4, 0], [0, 4, 0]],
    [[8, 0, 8], [4, 0, 8], [4, 0, 4], [4, 0, 4], [2, 0, 4]],
    [[0, 4, 8], [0, 4, 8], [0, 4, 4], [0, 2, 4], [0, 2, 4]],
    [[0, 0, 8], [0, 0, 8], [0, 0, 4], [0, 0, 4], [0, 0, 4]],
    [[8, 4, 0], [4, 4, 0], [4, 4, 0], [4, 2, 0], [2, 2, 0]],
    [[8, 0, 0], [4, 0, 0], [4, 0, 0], [4, 0, 0], [2, 0, 0]],
    [[0, 4, 0], [0, 4, 0], [0, 4, 0], [0, 2, 0], [0, 2, 0]],
    [[4, 0, 4], [2, 0, 4], [2, 0, 2], [2, 0, 2], [1, 0, 2]],
    [[0, 0, 4], [0, 0, 4], [0, 0, 2], [0, 0, 2], [0, 0, 2]],
    [[4, 0, 0], [2, 0, 0], [2, 0, 0], [2, 0, 0], [1, 0, 0]],
    [[0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]],
];
/// Levels that only tails of larger tiles have.
const LARGE_LEVELS: usize = 4;

/// What an image's tiles are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StandardTile {
    /// The logarithm of their bytes: 12 or 16.
    bits: u8,
    /// They are of a volume.
    deep: bool,
    /// The logarithm of an element's bytes.
    element: u8,
}

impl StandardTile {
    /// Tiles of 4 KiB or 64 KiB for elements of so many bytes; none for sizes that are no power
    /// of 2.
    pub(super) fn new(large: bool, deep: bool, bytes: u8) -> Option<Self> {
        (bytes.is_power_of_two() && bytes <= 16).then_some(Self {
            bits: if large { 16 } else { 12 },
            deep,
            element: bytes.trailing_zeros() as u8,
        })
    }

    fn layout(&self) -> &'static [Axis] {
        let layouts = if self.deep { &DEEP } else { &FLAT };
        let layout = &layouts[usize::from(self.element) % layouts.len()];
        &layout[..usize::from(self.bits) - 4]
    }

    /// Logarithms of bytes across, rows and slices.
    fn shape(&self) -> [u32; 3] {
        let count = |axis| self.layout().iter().filter(|it| **it == axis).count() as u32;
        [4 + count(X), count(Y), count(Z)]
    }

    /// Elements across and down.
    pub(super) fn extent(&self) -> [u32; 2] {
        let [across, down, _] = self.shape();
        [1 << (across - u32::from(self.element)), 1 << down]
    }

    /// Bytes from an image's beginning to the one that is so many bytes right, rows down and
    /// slices in, with so many bytes from one row to the next and so many rows from the slices of
    /// one tile to those of the next.
    pub(super) fn offset(&self, pitch: u64, step: u64, [x, y, z]: [u64; 3]) -> u64 {
        let [across, down, deep] = self.shape();
        let row = (z >> deep) * (step >> down) + (y >> down);
        let tile = row * (pitch >> across) + (x >> across);
        let mut within = x & 15;
        let mut left = [x >> 4, y, z];
        for (bit, axis) in self.layout().iter().enumerate() {
            let coordinate = &mut left[*axis as usize];
            within |= (*coordinate & 1) << (bit + 4);
            *coordinate >>= 1;
        }
        (tile << self.bits) + within
    }

    /// Elements from the beginning of a mip tail's tile to one of its levels, of which the largest
    /// is 0; none if it has no such level.
    pub(super) fn tail(&self, level: u32) -> Option<[u64; 3]> {
        let skipped = if self.bits == 16 { 0 } else { LARGE_LEVELS };
        let level = usize::try_from(level).ok()? + skipped;
        let element = usize::from(self.element) % 5;
        Some(if self.deep {
            DEEP_TAIL.get(level)?[element].map(u64::from)
        } else {
            let [x, y] = FLAT_TAIL.get(level)?[element].map(u64::from);
            [x, y, 0]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = StandardTile> {
        let kinds = [(false, false), (false, true), (true, false), (true, true)];
        kinds.into_iter().flat_map(|(large, deep)| {
            [1, 2, 4, 8, 16].map(|bytes| StandardTile::new(large, deep, bytes).expect("modelled"))
        })
    }

    /// Each byte of two by two by two tiles has a place of its own, and none is left over.
    #[test]
    fn tiles_are_permutations() {
        for tile in all() {
            let [across, down, deep] = tile.shape().map(|bits| 2_u64 << bits);
            assert_eq!(across * down * deep, 8 << tile.bits);
            let mut seen = vec![false; 8 << tile.bits];
            for z in 0..deep {
                for y in 0..down {
                    for x in 0..across {
                        let at = tile.offset(across, down, [x, y, z]) as usize;
                        assert!(!std::mem::replace(&mut seen[at], true), "{tile:?} {at}");
                    }
                }
            }
        }
    }

    /// The shapes that the manual gives, in elements.
    #[test]
    fn shapes() {
        let shape = |large, deep, bytes| {
            let tile = StandardTile::new(large, deep, bytes).expect("modelled");
            let [x, y] = tile.extent();
            (x, y, 1 << tile.shape()[2])
        };
        assert_eq!(shape(false, false, 1), (64, 64, 1));
        assert_eq!(shape(false, false, 4), (32, 32, 1));
        assert_eq!(shape(true, false, 1), (256, 256, 1));
        assert_eq!(shape(true, false, 2), (256, 128, 1));
        assert_eq!(shape(true, false, 16), (64, 64, 1));
        assert_eq!(shape(true, true, 1), (64, 32, 32));
        assert_eq!(shape(true, true, 2), (32, 32, 32));
        assert_eq!(shape(true, true, 4), (32, 32, 16));
        assert_eq!(shape(true, true, 8), (32, 16, 16));
        assert_eq!(shape(true, true, 16), (16, 16, 16));
        assert_eq!(shape(false, true, 4), (8, 16, 8));
        assert_eq!(StandardTile::new(true, true, 12), None);
    }

    /// Levels of a tail lie inside their tile, and none begins where another does.
    #[test]
    fn tails() {
        for tile in all() {
            let [across, down] = tile.extent().map(u64::from);
            let deep = 1 << tile.shape()[2];
            let begins: Vec<_> = (0..).map_while(|level| tile.tail(level)).collect();
            assert_eq!(begins.len(), if tile.bits == 16 { 15 } else { 11 });
            for (level, begin) in begins.iter().enumerate() {
                let mut inside = begin.iter().zip([across, down, deep]);
                assert!(inside.all(|(begin, size)| *begin < size));
                assert!(!begins[..level].contains(begin), "{tile:?} {level}");
            }
        }
    }
}
