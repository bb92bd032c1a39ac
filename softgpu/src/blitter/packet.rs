//! What the first dwords of all classic commands mean: BR00, BR13 (BR01 of the setup
//! commands), BR22, BR23 and the surfaces.

use super::surface::Surface;
use super::tile::Tiling;
use crate::command::bits;
use crate::execute::{Machine, Stop, bad_field};

/// Colour depth of the classic commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    Bits8,
    Rgb565,
    Argb1555,
    Bits32,
}

/// A component of a pixel: its lowest bit, and how many it has.
type Component = (u32, u32);

impl Depth {
    /// The depth that bits 25:24 of BR13 say.
    pub(super) fn of(br13: u32) -> Self {
        match bits(br13, 25, 24) {
            0 => Self::Bits8,
            1 => Self::Rgb565,
            2 => Self::Argb1555,
            _ => Self::Bits32,
        }
    }

    /// Bytes of a pixel.
    pub(super) fn bytes(self) -> u32 {
        match self {
            Self::Bits8 => 1,
            Self::Rgb565 | Self::Argb1555 => 2,
            Self::Bits32 => 4,
        }
    }

    /// The components of a pixel, alpha apart.
    pub(super) fn components(self) -> (&'static [Component], Option<Component>) {
        match self {
            Self::Bits8 => (&[(0, 8)], None),
            Self::Rgb565 => (&[(0, 5), (5, 6), (11, 5)], None),
            Self::Argb1555 => (&[(0, 5), (5, 5), (10, 5)], Some((15, 1))),
            Self::Bits32 => (&[(0, 8), (8, 8), (16, 8)], Some((24, 8))),
        }
    }

    /// Dwords of an 8 by 8 pattern.
    pub(super) fn pattern_dwords(self) -> usize {
        16 * self.bytes() as usize
    }
}

/// A signed 16-bit coordinate in the low or high half of a dword.
fn coordinate(dword: u32, high_half: bool) -> i32 {
    let half = if high_half { dword >> 16 } else { dword };
    i32::from(half as u16 as i16)
}

/// A point: x in the low half of a dword, y in the high one.
pub(super) fn point(dword: u32) -> (i32, i32) {
    (coordinate(dword, false), coordinate(dword, true))
}

/// Pixels of the destination that a command writes: those of its rectangle that the clip
/// rectangle and the axes leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Columns and rows of the command's own rectangle that lie left of and above it.
    pub(super) skipped: (u32, u32),
    /// Width of the command's own rectangle.
    pub(super) full_width: u32,
    /// Its height.
    pub(super) full_height: u32,
}

/// The clip rectangle: left, top, right, bottom; the last two are exclusive.
pub(super) type Clip = [i32; 4];

impl Area {
    /// The area between two corners, the second one exclusive. Nothing is drawn where
    /// the destination's or the source's coordinates, counted from its `source` corner,
    /// would be negative. `None`: nothing is drawn at all.
    pub(super) fn new(
        (x1, y1): (i32, i32),
        (x2, y2): (i32, i32),
        source: Option<(i32, i32)>,
        clip: Option<Clip>,
    ) -> Option<Self> {
        if x2 <= x1 || y2 <= y1 {
            return None;
        }
        let (source_x, source_y) = source.unwrap_or((0, 0));
        let (mut left, mut top) = (
            x1.max(0).max(x1 - source_x.min(0)),
            y1.max(0).max(y1 - source_y.min(0)),
        );
        let (mut right, mut bottom) = (x2, y2);
        if let Some([clip_left, clip_top, clip_right, clip_bottom]) = clip {
            left = left.max(clip_left);
            top = top.max(clip_top);
            right = right.min(clip_right);
            bottom = bottom.min(clip_bottom);
        }
        (left < right && top < bottom).then(|| Self {
            x: left as u32,
            y: top as u32,
            width: (right - left) as u32,
            height: (bottom - top) as u32,
            skipped: ((left - x1) as u32, (top - y1) as u32),
            full_width: (x2 - x1) as u32,
            full_height: (y2 - y1) as u32,
        })
    }

    /// Number of its pixels.
    pub(super) fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Where the source's corner has to be for its first pixel to go to the area's.
    pub(super) fn shifted(&self, (x, y): (i32, i32)) -> (u32, u32) {
        // Not negative: `new` saw to it.
        (
            (x + self.skipped.0 as i32) as u32,
            (y + self.skipped.1 as i32) as u32,
        )
    }
}

/// Which surface a tiling bit speaks of: the bit of BCS_SWCTRL that makes its tiles Y.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Source = 0,
    Destination = 1,
}

impl Machine<'_> {
    /// The surface of a classic command: pitches of tiled surfaces are in dwords, of
    /// linear ones in bytes. "Tiled" means X tiles, unless BCS_SWCTRL's bit says Y.
    pub(super) fn classic_surface(
        &self,
        role: Role,
        tiled: bool,
        pitch: u32,
        base: u64,
    ) -> Result<Surface, Stop> {
        let control = self.registers.blitter_control();
        let tiling = match (tiled, control >> role as u32 & 1 != 0) {
            (false, _) => Tiling::Linear,
            (true, false) => Tiling::X,
            (true, true) => Tiling::Y,
        };
        surface(
            self.view.canonical(base),
            i64::from(pitch as u16 as i16),
            tiling,
        )
    }

    /// Notes what a blit wrote.
    pub(super) fn blitted(&mut self, area: &Area, pixel: u32) {
        self.tally.bytes_blitted += area.pixels() * u64::from(pixel);
    }
}

/// A surface, its pitch in the unit that goes with its layout.
pub(super) fn surface(base: u64, pitch: i64, tiling: Tiling) -> Result<Surface, Stop> {
    let Some(tile) = tiling.tile() else {
        return Ok(Surface {
            base,
            pitch,
            tiling,
        });
    };
    let pitch = pitch * 4;
    if pitch <= 0 || pitch % i64::from(tile.width) != 0 {
        return bad_field("pitch of a tiled surface is not in whole tiles");
    }
    // The low bits of a tiled surface's address are not used.
    Ok(Surface {
        base: base & !0xfff,
        pitch,
        tiling,
    })
}
