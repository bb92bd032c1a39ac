//! Tiles: which bits of an address inside a tile come from a byte's place across, which
//! from its row (volume 5 of the Tiger Lake manual, "Tiling"; Intel's GmmLib,
//! `CpuSwizzleBlt.c`, has the same tables). Nothing here knows surfaces.
//!
//! No bit of an address is swizzled by the memory controller's channels ("bit 6
//! swizzling") since Gen8; a Tiger Lake reports none, and the layouts here are final.

/// How a surface lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tiling {
    Linear,
    /// 4 KiB: 512 bytes by 8 rows, row by row.
    X,
    /// 4 KiB: 128 bytes by 32 rows, in columns of 16 bytes.
    Y,
    /// 4 KiB "standard" tiles, nearly square in pixels; their shape hangs on the pixel.
    Yf(Grain),
    /// 64 KiB "standard" tiles.
    Ys(Grain),
}

/// Classes of pixels that have the same standard tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grain {
    /// 1 byte.
    Fine,
    /// 2 and 4 bytes.
    Medium,
    /// 8 and 16 bytes.
    Coarse,
}

impl Grain {
    /// The class of pixels of `bytes`.
    pub(super) fn of(bytes: u32) -> Self {
        match bytes {
            1 => Self::Fine,
            2 | 4 => Self::Medium,
            _ => Self::Coarse,
        }
    }
}

/// Bytes of a column: what lies together in a row of every tile.
pub(super) const COLUMN: u32 = 16;
/// Most columns of a tile.
const COLUMNS: usize = 64;
/// Most rows of a tile.
const ROWS: usize = 256;

/// A kind of tile.
#[derive(Debug)]
pub(super) struct Tile {
    /// Bytes across, a power of two.
    pub(super) width: u32,
    /// Rows, a power of two.
    pub(super) height: u32,
    /// Bytes across that lie next to each other, from a multiple of as many.
    pub(super) run: u32,
    /// Offset of each column of 16 bytes, in columns.
    columns: [u16; COLUMNS],
    /// Offset of each row, in columns.
    rows: [u16; ROWS],
}

impl Tile {
    /// The tile whose offsets have their bits from across and from the row as these two
    /// masks say.
    const fn new(across: u16, down: u16) -> Self {
        let (width, height) = (1 << across.count_ones(), 1 << down.count_ones());
        let mut columns = [0; COLUMNS];
        let mut column = 0;
        while column < (width / COLUMN) as usize {
            columns[column] = deposit(column as u16 * COLUMN as u16, across) / COLUMN as u16;
            column += 1;
        }
        let mut rows = [0; ROWS];
        let mut row = 0;
        while row < height as usize {
            rows[row] = deposit(row as u16, down) / COLUMN as u16;
            row += 1;
        }
        Self {
            width,
            height,
            run: 1 << across.trailing_ones(),
            columns,
            rows,
        }
    }

    /// Bytes of the tile.
    pub(super) fn bytes(&self) -> u32 {
        self.width * self.height
    }

    /// How much it matters that a block is whole tiles of this kind: large tiles hold
    /// whole small ones, and short runs are the slowest to go through singly.
    pub(super) fn weight(&self) -> u32 {
        self.bytes() / self.run
    }

    /// Offset of the byte at (`x`, `y`) of the tile.
    #[inline]
    pub(super) fn offset(&self, x: u32, y: u32) -> u32 {
        let column = self.columns[(x / COLUMN) as usize % COLUMNS];
        u32::from(column + self.rows[y as usize % ROWS]) * COLUMN + x % COLUMN
    }

    /// Columns of 16 bytes of a row.
    pub(super) fn columns(&self) -> usize {
        (self.width / COLUMN) as usize
    }

    /// Offsets of the columns and of the rows, in columns.
    #[inline]
    pub(super) fn places(&self) -> (&[u16], &[u16]) {
        (
            &self.columns[..self.columns()],
            &self.rows[..self.height as usize],
        )
    }
}

/// The bits of `value` spread over those of `mask`, lowest first.
const fn deposit(value: u16, mask: u16) -> u16 {
    let (mut result, mut left, mut bit) = (0, mask, 0);
    while left != 0 {
        let lowest = left & left.wrapping_neg();
        if value >> bit & 1 != 0 {
            result |= lowest;
        }
        left &= left - 1;
        bit += 1;
    }
    result
}

static X: Tile = Tile::new(0x01ff, 0x0e00);
static Y: Tile = Tile::new(0x0e0f, 0x01f0);
static YF: [Tile; 3] = [
    Tile::new(0x0a0f, 0x05f0),
    Tile::new(0x0a8f, 0x0570),
    Tile::new(0x0acf, 0x0530),
];
static YS: [Tile; 3] = [
    Tile::new(0xaa0f, 0x55f0),
    Tile::new(0xaa8f, 0x5570),
    Tile::new(0xaacf, 0x5530),
];

impl Tiling {
    /// Its tiles.
    pub(super) fn tile(self) -> Option<&'static Tile> {
        match self {
            Self::Linear => None,
            Self::X => Some(&X),
            Self::Y => Some(&Y),
            Self::Yf(grain) => Some(&YF[grain as usize]),
            Self::Ys(grain) => Some(&YS[grain as usize]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Tiling; 8] = [
        Tiling::X,
        Tiling::Y,
        Tiling::Yf(Grain::Fine),
        Tiling::Yf(Grain::Medium),
        Tiling::Yf(Grain::Coarse),
        Tiling::Ys(Grain::Fine),
        Tiling::Ys(Grain::Medium),
        Tiling::Ys(Grain::Coarse),
    ];

    #[test]
    fn every_byte_of_a_tile_has_a_place_of_its_own() {
        for tiling in ALL {
            let tile = tiling.tile().unwrap();
            let mut seen = vec![false; tile.bytes() as usize];
            for y in 0..tile.height {
                for x in 0..tile.width {
                    let place = &mut seen[tile.offset(x, y) as usize];
                    assert!(!*place, "{tiling:?}: ({x}, {y})");
                    *place = true;
                }
            }
        }
    }

    /// Shapes in pixels as the manual's table of standard tiles gives them.
    #[test]
    fn standard_tiles_have_the_manuals_shapes() {
        let shapes = [
            (1, (64, 64), (256, 256)),
            (2, (64, 32), (256, 128)),
            (4, (32, 32), (128, 128)),
            (8, (32, 16), (128, 64)),
            (16, (16, 16), (64, 64)),
        ];
        for (pixel, small, large) in shapes {
            let shape = |tiling: Tiling| {
                let tile = tiling.tile().unwrap();
                (tile.width / pixel, tile.height)
            };
            assert_eq!(shape(Tiling::Yf(Grain::of(pixel))), small);
            assert_eq!(shape(Tiling::Ys(Grain::of(pixel))), large);
        }
    }
}
