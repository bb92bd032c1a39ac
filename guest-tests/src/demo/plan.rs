//! What the demo draws, as shapes: no addresses, no commands, no pixels.
//!
//! A sheet with four panels of the picture's size: the picture by way of an X-tiled
//! copy, the same by way of a Y-tiled one, a mosaic of its pieces in another order, and
//! the picture with its rows shifted to waves. Behind them a gradient of bars; around
//! each a frame; and between frame and edge dots that the render engine sets.

use super::picture::opaque;
use crate::gpu::Rectangle;

/// Pixels between the panels and around them.
const MARGIN: u32 = 24;
/// Pixels of a frame's line.
const LINE: u32 = 3;
/// Bars of the background.
const BARS: u32 = 40;
/// Pieces of the mosaic, across and down.
const PIECES: (u32, u32) = (8, 6);
/// Pixels between the mosaic's pieces.
const GAP: u32 = 2;
/// Rows that move together in the waves.
const STRIP: u32 = 4;
/// Dots along an edge of the sheet.
const DOTS: u32 = 32;

/// The smallest picture that has enough pixels for the mosaic.
pub const SMALLEST: (u32, u32) = (64, 48);
/// The largest picture whose sheet the blitter can address: a row of a linear surface
/// has at most 32,767 bytes, and there are as many rows.
pub const LARGEST: (u32, u32) = (4032, 8192);

/// A rectangle of one color.
#[derive(Clone, Copy, Debug)]
pub struct Fill {
    /// Where, on the sheet.
    pub area: Rectangle,
    /// Its color.
    pub color: u32,
}

/// A rectangle that is taken from the picture.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// Where it goes, on the sheet.
    pub area: Rectangle,
    /// Its left edge in the picture.
    pub x: u32,
    /// Its upper edge in the picture.
    pub y: u32,
}

/// A pixel of one color.
#[derive(Clone, Copy, Debug)]
pub struct Dot {
    /// Its column on the sheet.
    pub x: u32,
    /// Its row on the sheet.
    pub y: u32,
    /// Its color.
    pub color: u32,
}

/// A rectangle of the sheet that is copied within the sheet.
#[derive(Clone, Copy, Debug)]
pub struct Echo {
    /// Where it goes.
    pub area: Rectangle,
    /// Left edge of what is copied.
    pub x: u32,
    /// Upper edge of what is copied.
    pub y: u32,
}

/// All that is drawn, in the order in which later things cover earlier ones.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The picture's size.
    pub picture: (u32, u32),
    /// The sheet's size.
    pub sheet: (u32, u32),
    /// First: bars and frames.
    pub background: Vec<Fill>,
    /// Second: dots along the upper edge, over the bars.
    pub dots: Vec<Dot>,
    /// Third: the strip with the dots, once more at the lower edge.
    pub echo: Echo,
    /// Fourth: where the picture goes that went through an X-tiled copy.
    pub through_x: Rectangle,
    /// And where the one goes that went through a Y-tiled copy.
    pub through_y: Rectangle,
    /// Fifth: the mosaic.
    pub mosaic: Vec<Piece>,
    /// Sixth: the waves.
    pub waves: Vec<Piece>,
    /// Last: a seal in the middle, set dot by dot.
    pub seal: Vec<Dot>,
}

impl Plan {
    /// The plan for a picture of this size.
    pub fn new(width: u32, height: u32) -> Result<Self, String> {
        let fits = width >= SMALLEST.0 && height >= SMALLEST.1;
        if !fits || width > LARGEST.0 || height > LARGEST.1 {
            return Err(format!(
                "the picture has {width} x {height} pixels; it needs at least {} x {} and at \
                 most {} x {}",
                SMALLEST.0, SMALLEST.1, LARGEST.0, LARGEST.1
            ));
        }
        let sheet = (2 * width + 3 * MARGIN, 2 * height + 3 * MARGIN);
        let panel = |column: u32, row: u32| Rectangle {
            x: MARGIN + column * (width + MARGIN),
            y: MARGIN + row * (height + MARGIN),
            width,
            height,
        };
        let panels = [panel(0, 0), panel(1, 0), panel(0, 1), panel(1, 1)];
        let mut background = bars(sheet);
        background.extend(panels.iter().flat_map(|panel| frame(*panel)));
        Ok(Self {
            picture: (width, height),
            sheet,
            background,
            dots: edge_dots(sheet),
            echo: Echo {
                area: Rectangle {
                    x: 0,
                    y: sheet.1 - MARGIN + LINE,
                    width: sheet.0,
                    height: MARGIN - LINE,
                },
                x: 0,
                y: 0,
            },
            through_x: panels[0],
            through_y: panels[1],
            mosaic: mosaic(panels[2]),
            waves: waves(panels[3]),
            seal: seal(sheet),
        })
    }
}

/// The background: bars from top to bottom, from dusk to night.
fn bars(sheet: (u32, u32)) -> Vec<Fill> {
    let edge = |bar: u32| bar * sheet.1 / BARS;
    let shade = |bar: u32, from: u32, to: u32| {
        let part = from * (BARS - 1 - bar) + to * bar;
        (part / (BARS - 1)) as u8
    };
    (0..BARS)
        .map(|bar| Fill {
            area: Rectangle {
                x: 0,
                y: edge(bar),
                width: sheet.0,
                height: edge(bar + 1) - edge(bar),
            },
            color: opaque(shade(bar, 96, 14), shade(bar, 70, 18), shade(bar, 120, 44)),
        })
        .collect()
}

/// A frame around a panel, and what shows through the mosaic's gaps.
fn frame(panel: Rectangle) -> [Fill; 2] {
    let outer = Rectangle {
        x: panel.x - LINE,
        y: panel.y - LINE,
        width: panel.width + 2 * LINE,
        height: panel.height + 2 * LINE,
    };
    [
        Fill {
            area: outer,
            color: opaque(236, 214, 160),
        },
        Fill {
            area: panel,
            color: opaque(24, 20, 32),
        },
    ]
}

/// Dots along the upper edge.
fn edge_dots(sheet: (u32, u32)) -> Vec<Dot> {
    let at = |dot: u32| (2 * dot + 1) * sheet.0 / (2 * DOTS);
    let dot = |index: u32| {
        let color = opaque(255, 255 - (index * 6) as u8, 64 + (index * 5) as u8);
        let y = MARGIN / 2 - 2 + index % 3;
        [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(x, down)| Dot {
            x: at(index) + x,
            y: y + down,
            color,
        })
    };
    (0..DOTS).flat_map(dot).collect()
}

/// The picture's pieces, each at another piece's place.
fn mosaic(panel: Rectangle) -> Vec<Piece> {
    let (across, down) = PIECES;
    let (width, height) = (panel.width / across, panel.height / down);
    let count = across * down;
    (0..count)
        .map(|place| {
            // 29 has no factor in common with 48, so every piece is used once.
            let piece = (place * 29 + 7) % count;
            Piece {
                area: Rectangle {
                    x: panel.x + place % across * width,
                    y: panel.y + place / across * height,
                    width: width - GAP,
                    height: height - GAP,
                },
                x: piece % across * width,
                y: piece / across * height,
            }
        })
        .collect()
}

/// The picture in strips that are shifted to the right, with what falls off coming back
/// at the left.
fn waves(panel: Rectangle) -> Vec<Piece> {
    let strips = panel.height.div_ceil(STRIP);
    (0..strips)
        .flat_map(|strip| {
            let y = strip * STRIP;
            let height = STRIP.min(panel.height - y);
            let shift = shift(strip, panel.width);
            let right = Piece {
                area: Rectangle {
                    x: panel.x + shift,
                    y: panel.y + y,
                    width: panel.width - shift,
                    height,
                },
                x: 0,
                y,
            };
            let left = Piece {
                area: Rectangle {
                    x: panel.x,
                    y: panel.y + y,
                    width: shift,
                    height,
                },
                x: panel.width - shift,
                y,
            };
            [right, left]
        })
        .filter(|piece| piece.area.width > 0)
        .collect()
}

/// How far a strip is shifted: a wave of 32 strips.
fn shift(strip: u32, width: u32) -> u32 {
    let phase = f64::from(strip % 32) / 32.0 * std::f64::consts::TAU;
    let depth = f64::from(width) / 24.0;
    (depth * (1.0 + phase.sin())) as u32
}

/// A small diamond where the panels meet.
fn seal(sheet: (u32, u32)) -> Vec<Dot> {
    let (x, y, radius) = (sheet.0 / 2, sheet.1 / 2, 7i64);
    let inside = |dx: i64, dy: i64| dx.abs() + dy.abs() <= radius;
    let places = (-radius..=radius).flat_map(|dy| (-radius..=radius).map(move |dx| (dx, dy)));
    places
        .filter(|(dx, dy)| inside(*dx, *dy))
        .map(|(dx, dy)| Dot {
            x: (i64::from(x) + dx) as u32,
            y: (i64::from(y) + dy) as u32,
            color: opaque(255, (120 + 16 * dx.abs()) as u8, (60 + 16 * dy.abs()) as u8),
        })
        .collect()
}
