//! Random numbers, surfaces and rectangles for the random blits.

/// Bytes of each of the two places where surfaces lie; they are one behind the other.
pub(super) const PLACE: u64 = 0x2_0000;
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }

    pub(super) fn below(&mut self, limit: u32) -> u32 {
        ((u64::from(self.next()) * u64::from(limit)) >> 32) as u32
    }

    pub(super) fn one_in(&mut self, count: u32) -> bool {
        self.below(count) == 0
    }

    pub(super) fn among<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize]
    }

    pub(super) fn bytes(&mut self, count: u64) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Linear,
    X,
    Y,
    Yf,
    Ys,
}

/// A surface of a random blit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plane {
    pub(super) base: u64,
    /// In bytes.
    pub(super) pitch: i32,
    pub(super) kind: Kind,
    /// Pixels and rows that it has room for.
    pub(super) columns: u32,
    pub(super) rows: u32,
}

impl Plane {
    /// A surface that lies inside `room` bytes from `start` on.
    pub(super) fn new(
        random: &mut Random,
        kinds: &[Kind],
        pixel: u32,
        start: u64,
        room: u64,
    ) -> Self {
        let kind = random.among(kinds);
        let (width, height) = match (kind, pixel) {
            (Kind::Linear, _) => (1, 1),
            (Kind::X, _) => (512, 8),
            (Kind::Y, _) => (128, 32),
            (Kind::Yf, 1) => (64, 64),
            (Kind::Yf, 2 | 4) => (128, 32),
            (Kind::Yf, _) => (256, 16),
            (Kind::Ys, 1) => (256, 256),
            (Kind::Ys, 2 | 4) => (512, 128),
            (Kind::Ys, _) => (1024, 64),
        };
        if kind == Kind::Linear {
            // Mostly whole pixels, sometimes negative.
            let unit = if random.one_in(4) { 1 } else { pixel };
            let pitch = (1 + random.below(900 / unit)) * unit + 8 * pixel;
            let rows = (room / 2 / u64::from(pitch)).min(100) as u32;
            let lead = u64::from(random.below(64) / unit * unit);
            let columns = pitch / pixel;
            let (base, pitch) = if random.one_in(8) {
                let last = u64::from(rows - 1) * u64::from(pitch);
                (start + lead + last, -(pitch as i32))
            } else {
                (start + lead, pitch as i32)
            };
            return Self {
                base,
                pitch,
                kind,
                columns,
                rows,
            };
        }
        let tiles = room / u64::from(width * height);
        let across = 1 + random.below(tiles.min(4) as u32);
        let down = (tiles as u32 / across).min(1 + random.below(4)).max(1);
        // The low bits of the address don't count.
        let low = if random.one_in(4) {
            random.below(0x1000)
        } else {
            0
        };
        Self {
            base: start + u64::from(low),
            pitch: (across * width) as i32,
            kind,
            columns: across * width / pixel,
            rows: (down * height).min(300),
        }
    }

    /// What a command's pitch field holds.
    pub(super) fn pitch_field(&self) -> u32 {
        if self.kind == Kind::Linear {
            self.pitch as u32 & 0xffff
        } else {
            self.pitch as u32 / 4
        }
    }

    pub(super) fn tiled(&self) -> u32 {
        u32::from(self.kind != Kind::Linear)
    }

    pub(super) fn address(&self) -> [u32; 2] {
        super::split(self.base)
    }
}

/// Corners of a rectangle and of its source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) corner: u32,
    pub(super) opposite: u32,
    pub(super) source: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

pub(super) fn packed(x: i32, y: i32) -> u32 {
    (y as u32) << 16 | x as u32 & 0xffff
}

/// A rectangle that fits both surfaces; some begin at negative coordinates, of which
/// nothing is drawn.
pub(super) fn places(random: &mut Random, to: &Plane, from: Option<&Plane>) -> Places {
    let limit = |of: fn(&Plane) -> u32| from.map_or(of(to), |from| of(from).min(of(to)));
    let (columns, rows) = (limit(|plane| plane.columns), limit(|plane| plane.rows));
    let (width, height) = match random.below(128) {
        // All of it.
        0 => (columns, rows),
        1..=8 => (
            1 + random.below(columns.min(400)),
            1 + random.below(rows.min(200)),
        ),
        _ => (
            1 + random.below(columns.min(24)),
            1 + random.below(rows.min(12)),
        ),
    };
    let mut start = |of: u32, size: u32| {
        // Often at a tile's corner, as most blits of whole surfaces are.
        let place = random.below(of - size + 1);
        if random.one_in(3) {
            place / 32 * 32
        } else {
            place
        }
    };
    let (x, y) = (start(to.columns, width), start(to.rows, height));
    let (source_x, source_y) = from.map_or((0, 0), |from| {
        (start(from.columns, width), start(from.rows, height))
    });
    let mut shift = || {
        if random.one_in(12) {
            -(random.below(6) as i32)
        } else {
            0
        }
    };
    let (left, above) = (shift(), shift());
    let (x, y) = if left < 0 || above < 0 {
        (left.min(x as i32), above.min(y as i32))
    } else {
        (x as i32, y as i32)
    };
    let (before, over) = (shift(), shift());
    let source_x = if before < 0 { before } else { source_x as i32 };
    let source_y = if over < 0 { over } else { source_y as i32 };
    Places {
        corner: packed(x, y),
        opposite: packed(x + width as i32, y + height as i32),
        source: packed(source_x, source_y),
        width,
        height,
    }
}
