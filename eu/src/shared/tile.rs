//! Where a byte of an image is in memory. Tiles have 4 KiB; a row of them lies one after the
//! other.

use crate::shared::surface::Tiling;

/// Bytes from an image's beginning to the one that is so many bytes right and rows down, with so
/// many bytes from one row to the next; none for tilings that aren't modelled, or go by the texel.
pub(super) fn offset(tiling: Tiling, pitch: u64, x: u64, y: u64) -> Option<u64> {
    let tile = |width: u64, rows: u64| y / rows * rows * pitch + x / width * 4096;
    match tiling {
        Tiling::Linear => Some(y * pitch + x),
        Tiling::X => Some(tile(512, 8) + y % 8 * 512 + x % 512),
        Tiling::Y => Some(tile(128, 32) + x % 128 / 16 * 512 + y % 32 * 16 + x % 16),
        Tiling::Yf | Tiling::Ys | Tiling::Other => None,
    }
}

/// How many bytes from there on lie one after the other.
pub(super) fn run(tiling: Tiling, x: u64) -> u64 {
    match tiling {
        Tiling::Linear => u64::MAX,
        Tiling::X => 512 - x % 512,
        Tiling::Y | Tiling::Yf | Tiling::Ys | Tiling::Other => 16 - x % 16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each byte of an image has a place of its own, and none is left over.
    #[test]
    fn tiles_are_permutations() {
        for (tiling, pitch, rows) in [
            (Tiling::Linear, 1536, 64),
            (Tiling::X, 1536, 64),
            (Tiling::Y, 384, 64),
        ] {
            let mut seen = vec![false; (pitch * rows) as usize];
            for y in 0..rows {
                for x in 0..pitch {
                    let at = offset(tiling, pitch, x, y).expect("modelled") as usize;
                    assert!(!std::mem::replace(&mut seen[at], true));
                    if x + 1 < pitch && run(tiling, x) > 1 {
                        assert_eq!(offset(tiling, pitch, x + 1, y), Some(at as u64 + 1));
                    }
                }
            }
        }
    }

    /// Corners of tiles.
    #[test]
    fn corners() {
        assert_eq!(offset(Tiling::X, 1024, 512, 0), Some(4096));
        assert_eq!(offset(Tiling::X, 1024, 0, 8), Some(8192));
        assert_eq!(offset(Tiling::X, 1024, 3, 1), Some(515));
        assert_eq!(offset(Tiling::Y, 256, 16, 0), Some(512));
        assert_eq!(offset(Tiling::Y, 256, 3, 1), Some(19));
        assert_eq!(offset(Tiling::Y, 256, 128, 0), Some(4096));
        assert_eq!(offset(Tiling::Y, 256, 0, 32), Some(8192));
    }
}
