//! Where the reference finds a pixel: address bits spelled out. Shares no code with the
//! blitter.

/// A layout of bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Layout {
    Linear,
    /// The address bits of a tile from the highest down: X across, Y down.
    Tiled(&'static str),
}

pub(super) const TILE_X: Layout = Layout::Tiled("YYYXXXXXXXXX");
pub(super) const TILE_Y: Layout = Layout::Tiled("XXXYYYYYXXXX");

/// Standard tiles of 4 KiB, or of 64 KiB, for pixels of that many bytes.
pub(super) fn standard(pixel: u64, large: bool) -> Layout {
    Layout::Tiled(match (pixel, large) {
        (1, false) => "XYXYYYYYXXXX",
        (2 | 4, false) => "XYXYXYYYXXXX",
        (_, false) => "XYXYXXYYXXXX",
        (1, true) => "XYXYXYXYYYYYXXXX",
        (2 | 4, true) => "XYXYXYXYXYYYXXXX",
        (_, true) => "XYXYXYXYXXYYXXXX",
    })
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Plane {
    pub(super) base: u64,
    /// Bytes.
    pub(super) pitch: i64,
    pub(super) layout: Layout,
    pub(super) pixel: u64,
}

impl Plane {
    /// Address of a pixel.
    pub(super) fn address(&self, x: i64, y: i64) -> u64 {
        let across = x as u64 * self.pixel;
        let Layout::Tiled(bits) = self.layout else {
            return (self.base as i64 + y * self.pitch) as u64 + across;
        };
        let (mut x_bits, mut y_bits, mut inside) = (0, 0, 0);
        for (bit, of) in bits.chars().rev().enumerate() {
            let (value, used) = match of {
                'X' => (across, &mut x_bits),
                _ => (y as u64, &mut y_bits),
            };
            inside |= (value >> *used & 1) << bit;
            *used += 1;
        }
        let tiles_in_row = self.pitch as u64 >> x_bits;
        let tile = (y as u64 >> y_bits) * tiles_in_row + (across >> x_bits);
        (self.base & !0xfff) + (tile << bits.len()) + inside
    }
}
