//! How pixels of tiled surfaces lie in memory, for the CPU's side of the tests.

/// A layout of pixels; the numbers are those of XY_FAST_COPY_BLT's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tiling {
    /// Row after row.
    Linear = 0,
    /// Tiles of 512 bytes by 8 rows, row after row within a tile.
    X = 1,
    /// Tiles of 128 bytes by 32 rows, in columns of 16 bytes within a tile.
    Y = 2,
}

/// Bytes of a tile, of either kind.
const TILE: u64 = 4096;

impl Tiling {
    /// The smallest pitch that holds a row of so many bytes.
    pub fn pitch_for(self, row_bytes: u32) -> u32 {
        let unit = match self {
            Tiling::Linear => 64,
            Tiling::X => 512,
            Tiling::Y => 128,
        };
        row_bytes.next_multiple_of(unit)
    }

    /// How many bytes a surface of this pitch and height takes.
    pub fn size_of(self, pitch: u32, height: u32) -> u64 {
        let rows = match self {
            Tiling::Linear => 1,
            Tiling::X => 8,
            Tiling::Y => 32,
        };
        u64::from(pitch) * u64::from(height.next_multiple_of(rows))
    }

    /// Where the byte `x` (in bytes) of row `y` lies.
    pub fn offset(self, pitch: u32, x: u32, y: u32) -> u64 {
        let (x, y, pitch) = (u64::from(x), u64::from(y), u64::from(pitch));
        match self {
            Tiling::Linear => y * pitch + x,
            Tiling::X => {
                let tile = (y / 8) * (pitch / 512) + x / 512;
                tile * TILE + (y % 8) * 512 + x % 512
            }
            Tiling::Y => {
                let tile = (y / 32) * (pitch / 128) + x / 128;
                let column = (x % 128) / 16;
                tile * TILE + column * 512 + (y % 32) * 16 + x % 16
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_a_place_of_its_own() {
        for tiling in [Tiling::Linear, Tiling::X, Tiling::Y] {
            let (pitch, height) = (tiling.pitch_for(1000), 64);
            let mut seen = vec![false; tiling.size_of(pitch, height) as usize];
            for (x, y) in (0..pitch).flat_map(|x| (0..height).map(move |y| (x, y))) {
                let place = &mut seen[tiling.offset(pitch, x, y) as usize];
                assert!(!*place, "{tiling:?}: ({x}, {y}) shares its place");
                *place = true;
            }
            assert!(seen.iter().all(|seen| *seen), "{tiling:?}: no gaps");
        }
    }

    #[test]
    fn neighbours_lie_where_the_manual_draws_them() {
        assert_eq!(Tiling::X.offset(1024, 0, 1), 512);
        assert_eq!(Tiling::X.offset(1024, 512, 0), 4096);
        assert_eq!(Tiling::X.offset(1024, 0, 8), 8192);
        assert_eq!(Tiling::Y.offset(256, 0, 1), 16);
        assert_eq!(Tiling::Y.offset(256, 16, 0), 512);
        assert_eq!(Tiling::Y.offset(256, 128, 0), 4096);
        assert_eq!(Tiling::Y.offset(256, 0, 32), 8192);
    }
}
