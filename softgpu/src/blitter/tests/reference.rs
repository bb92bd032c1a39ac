//! What blits should do, said as plainly as possible: a command's dwords are taken apart
//! and every pixel is worked out on its own, bit by bit. Shares no code with the blitter.
//!
//! Memory is a slice that begins at `start`; every access has to lie inside.

use super::layout::{Layout, Plane, TILE_X, TILE_Y, standard};

/// Where a pixel of the source comes from.
enum Origin {
    None,
    Colour {
        plane: Plane,
        x: i64,
        y: i64,
    },
    /// The place of each row's first bit, from the place of the row before; and the bits.
    Mono {
        bytes: Vec<u8>,
        first: u64,
        stride: u64,
        colours: [u32; 2],
        transparent: bool,
    },
}

/// One blit.
struct Blit {
    target: Plane,
    corner: [i64; 2],
    opposite: [i64; 2],
    clip: Option<[i64; 4]>,
    raster: u8,
    /// Bits of the pixel that are written.
    mask: u128,
    origin: Origin,
    /// Colour and visibility of the 8 by 8 pixels.
    pattern: [[(u32, bool); 8]; 8],
    key: Option<(u32, u32, u32, u32)>,
}

/// The state, and memory.
pub(super) struct Reference {
    pub(super) start: u64,
    pub(super) bytes: Vec<u8>,
    /// BCS_SWCTRL.
    pub(super) control: u32,
    setup: Vec<u32>,
    clip: [u32; 2],
}

fn low(dword: u32) -> i64 {
    i64::from(dword as i16)
}

fn high(dword: u32) -> i64 {
    i64::from((dword >> 16) as i16)
}

fn wide(dwords: &[u32]) -> u64 {
    u64::from(dwords[0]) + (u64::from(dwords[1]) << 32)
}

fn in_range(pixel: u32, low: u32, high: u32, depth: u32, alpha: bool) -> bool {
    let mut parts = match depth {
        0 => vec![0xff],
        1 => vec![0x1f, 0x7e0, 0xf800],
        2 => vec![0x1f, 0x3e0, 0x7c00],
        _ => vec![0xff, 0xff00, 0xff_0000],
    };
    if alpha && depth == 2 {
        parts.push(0x8000);
    }
    if alpha && depth == 3 {
        parts.push(0xff00_0000);
    }
    parts
        .iter()
        .all(|part| pixel & part >= low & part && pixel & part <= high & part)
}

impl Reference {
    pub(super) fn new(start: u64, bytes: Vec<u8>) -> Self {
        Self {
            start,
            bytes,
            control: 0,
            setup: vec![0; 10],
            clip: [0; 2],
        }
    }

    fn read(&self, address: u64, count: u64) -> u128 {
        let at = (address - self.start) as usize;
        let bytes = &self.bytes[at..at + count as usize];
        bytes
            .iter()
            .rev()
            .fold(0, |value, &byte| value << 8 | u128::from(byte))
    }

    fn read_bytes(&self, address: u64, count: u64) -> Vec<u8> {
        let at = (address - self.start) as usize;
        self.bytes[at..at + count as usize].to_vec()
    }

    fn draw(&mut self, blit: &Blit) {
        let pixel = blit.target.pixel;
        let rows = blit.corner[1]..blit.opposite[1];
        let mut order: Vec<i64> = rows.collect();
        if let Origin::Colour { plane, y, .. } = &blit.origin
            && plane.base == blit.target.base
            && *y < blit.corner[1]
        {
            order.reverse();
        }
        for y in order {
            let mut row = Vec::new();
            for x in blit.corner[0]..blit.opposite[0] {
                if let Some(value) = self.pixel(blit, x, y) {
                    row.push((x, value));
                }
            }
            for (x, value) in row {
                let at = (blit.target.address(x, y) - self.start) as usize;
                for byte in 0..pixel as usize {
                    if blit.mask >> (byte * 8) & 0xff != 0 {
                        self.bytes[at + byte] = (value >> (byte * 8)) as u8;
                    }
                }
            }
        }
    }

    /// What becomes of a pixel; `None`: it stays.
    fn pixel(&self, blit: &Blit, x: i64, y: i64) -> Option<u128> {
        let visible = blit.clip.is_none_or(|[left, top, right, bottom]| {
            x >= left && x < right && y >= top && y < bottom
        });
        if x < 0 || y < 0 || !visible {
            return None;
        }
        let pixel = blit.target.pixel;
        let (across, down) = (x - blit.corner[0], y - blit.corner[1]);
        let target = self.read(blit.target.address(x, y), pixel);
        let source = match &blit.origin {
            Origin::None => 0,
            Origin::Colour { plane, x, y } => {
                let (x, y) = (x + across, y + down);
                if x < 0 || y < 0 {
                    return None;
                }
                self.read(plane.address(x, y), pixel)
            }
            Origin::Mono {
                bytes,
                first,
                stride,
                colours,
                transparent,
            } => {
                let bit = first + down as u64 * stride + across as u64;
                let set = bytes[(bit / 8) as usize] >> (7 - bit % 8) & 1 != 0;
                if !set && *transparent {
                    return None;
                }
                u128::from(colours[usize::from(set)])
            }
        };
        let (pattern, shown) = blit.pattern[y as usize % 8][x as usize % 8];
        if !shown {
            return None;
        }
        if let Some((mode, low, high, depth)) = blit.key {
            let writes = match mode {
                1 => !in_range(source as u32, low, high, depth, false),
                3 => !in_range(source as u32, low, high, depth, true),
                5 => in_range(target as u32, low, high, depth, true),
                7 => in_range(target as u32, low, high, depth, false),
                _ => true,
            };
            if !writes {
                return None;
            }
        }
        if blit.raster == 0xcc {
            return Some(source);
        }
        let mut value = 0;
        for bit in 0..pixel * 8 {
            let of = |value: u128| (value >> bit & 1) as u8;
            let row = of(pattern.into()) * 4 + of(source) * 2 + of(target);
            value |= u128::from(blit.raster >> row & 1) << bit;
        }
        Some(value)
    }

    /// A surface of a classic command.
    fn plane(&self, tiled: bool, y_bit: u32, pitch: u32, base: u64, depth: u32) -> Plane {
        let pitch = low(pitch);
        let layout = match (tiled, self.control >> y_bit & 1) {
            (false, _) => Layout::Linear,
            (true, 0) => TILE_X,
            (true, _) => TILE_Y,
        };
        Plane {
            base: if tiled { base & !0xfff } else { base },
            pitch: if tiled { pitch * 4 } else { pitch },
            layout,
            pixel: [1, 2, 2, 4][depth as usize],
        }
    }

    /// The classic commands that bring everything along. `d` are its dwords.
    fn classic(&mut self, d: &[u32]) {
        let opcode = d[0] >> 22 & 0x7f;
        let depth = d[1] >> 24 & 3;
        let target = self.plane(d[0] >> 11 & 1 != 0, 1, d[1], wide(&d[4..]), depth);
        let colour = |this: &Self, pitch: u32, corner: u32, at: &[u32]| Origin::Colour {
            plane: this.plane(d[0] >> 15 & 1 != 0, 0, pitch, wide(at), depth),
            x: low(corner),
            y: high(corner),
        };
        let (width, height) = (low(d[3]) - low(d[2]), high(d[3]) - high(d[2]));
        if width <= 0 || height <= 0 {
            return;
        }
        let first = u64::from(d[0] >> 17 & 7);
        let stride = (first + width as u64).div_ceil(16) * 16;
        let mono = |bytes: Vec<u8>, colours: &[u32]| Origin::Mono {
            bytes,
            first,
            stride,
            colours: [colours[0], colours[1]],
            transparent: d[1] >> 29 & 1 != 0,
        };
        let mono_at = |this: &Self, at: &[u32], colours: &[u32]| {
            mono(
                this.read_bytes(wide(at), stride / 8 * height as u64),
                colours,
            )
        };
        let immediate = |dwords: &[u32]| -> Vec<u8> {
            dwords
                .iter()
                .flat_map(|dword| dword.to_le_bytes())
                .collect()
        };
        let solid = [[(d[6], true); 8]; 8];
        let none = [[(0, true); 8]; 8];
        let pixel = target.pixel;
        let coloured = |bytes: &[u8]| self.coloured(d[0], pixel, bytes);
        let pattern_at =
            |this: &Self, at: &[u32]| coloured(&this.read_bytes(wide(at) & !63, 64 * pixel));
        let mono_pattern = |colours: &[u32], data: u64, solid: bool| {
            mono_pattern(d[0], d[1], colours, if solid { 0 } else { data })
        };
        let is_solid = d[1] >> 31 != 0;
        let mut key = None;
        let mode = d[0] >> 17 & 7;
        let (origin, pattern) = match opcode {
            0x50 => (Origin::None, solid),
            0x51 => (Origin::None, pattern_at(self, &d[6..])),
            0x72 => (Origin::None, coloured(&immediate(&d[6..]))),
            0x76 => {
                key = Some((mode, d[8], d[9], depth));
                (Origin::None, pattern_at(self, &d[6..]))
            }
            0x77 => {
                key = Some((mode, d[6], d[7], depth));
                (Origin::None, coloured(&immediate(&d[8..])))
            }
            0x52 => (Origin::None, mono_pattern(&d[6..], wide(&d[8..]), false)),
            0x59 => {
                let data = FIXED[(d[0] >> 15 & 15) as usize];
                (
                    Origin::None,
                    mono_pattern(&d[6..], data.swap_bytes(), false),
                )
            }
            0x53 => (colour(self, d[7], d[6], &d[8..]), none),
            0x73 => {
                key = Some((mode, d[10], d[11], depth));
                (colour(self, d[7], d[6], &d[8..]), none)
            }
            0x54 => (mono_at(self, &d[6..], &d[8..]), none),
            0x71 => (mono(immediate(&d[8..]), &d[6..]), none),
            0x55 => (
                colour(self, d[6], d[7], &d[8..]),
                pattern_at(self, &d[10..]),
            ),
            0x74 => (
                colour(self, d[6], d[7], &d[8..]),
                coloured(&immediate(&d[10..])),
            ),
            0x56 => (mono_at(self, &d[6..], &d[8..]), pattern_at(self, &d[10..])),
            0x75 => (
                mono_at(self, &d[6..], &d[8..]),
                coloured(&immediate(&d[10..])),
            ),
            0x57 => (
                colour(self, d[6], d[7], &d[8..]),
                mono_pattern(&d[10..], wide(&d[12..]), is_solid),
            ),
            0x58 => (
                mono_at(self, &d[6..], &d[8..]),
                mono_pattern(&d[10..], wide(&d[12..]), is_solid),
            ),
            _ => panic!("no such command"),
        };
        self.finish(
            d[1],
            d[0] >> 20,
            &[d[2], d[3]],
            target,
            origin,
            pattern,
            key,
        );
    }

    /// Colours of a pattern, turned by the command's seeds.
    fn coloured(&self, header: u32, pixel: u64, bytes: &[u8]) -> [[(u32, bool); 8]; 8] {
        let mut pattern = [[(0, true); 8]; 8];
        for (y, row) in pattern.iter_mut().enumerate() {
            for (x, place) in row.iter_mut().enumerate() {
                let from_x = (x + (header >> 12 & 7) as usize) % 8;
                let from_y = (y + (header >> 8 & 7) as usize) % 8;
                for byte in (0..pixel as usize).rev() {
                    let at = (from_y * 8 + from_x) * pixel as usize + byte;
                    place.0 = place.0 << 8 | u32::from(bytes[at]);
                }
            }
        }
        pattern
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "each is one thing that a blit has"
    )]
    fn finish(
        &mut self,
        control: u32,
        byte_mask: u32,
        corners: &[u32],
        target: Plane,
        origin: Origin,
        pattern: [[(u32, bool); 8]; 8],
        key: Option<(u32, u32, u32, u32)>,
    ) {
        let mask = if target.pixel == 4 {
            [0, 0x00ff_ffff, 0xff00_0000, 0xffff_ffff][(byte_mask & 3) as usize]
        } else {
            u128::MAX
        };
        let part = |dword: u32, shift: u32| i64::from(dword >> shift & 0x7fff);
        let clip = (control >> 30 & 1 != 0).then(|| {
            let [first, second] = self.clip;
            [
                part(first, 0),
                part(first, 16),
                part(second, 0),
                part(second, 16),
            ]
        });
        self.draw(&Blit {
            target,
            corner: [low(corners[0]), high(corners[0])],
            opposite: [low(corners[1]), high(corners[1])],
            clip,
            raster: (control >> 16) as u8,
            mask,
            origin,
            pattern,
            key,
        });
    }

    /// Pixels, scan lines and text: the rest comes from the setup.
    fn with_setup(&mut self, d: &[u32]) {
        let s = self.setup.clone();
        let depth = s[1] >> 24 & 3;
        let target = self.plane(d[0] >> 11 & 1 != 0, 1, s[1], wide(&s[4..]), depth);
        let none = [[(0, true); 8]; 8];
        let opcode = d[0] >> 22 & 0x7f;
        let opposite = if opcode == 0x24 {
            let (x, y) = (low(d[1]) + 1, high(d[1]) + 1);
            (y as u32) << 16 | x as u32 & 0xffff
        } else {
            d[2]
        };
        let (width, height) = (low(opposite) - low(d[1]), high(opposite) - high(d[1]));
        if width <= 0 || height <= 0 {
            return;
        }
        let stride = if d[0] >> 16 & 1 != 0 {
            (width as u64).div_ceil(8) * 8
        } else {
            width as u64
        };
        let text = |bytes: Vec<u8>| Origin::Mono {
            bytes,
            first: 0,
            stride,
            colours: [s[6], s[7]],
            transparent: s[1] >> 29 & 1 != 0,
        };
        let (origin, pattern) = match opcode {
            0x24 => (Origin::None, [[(s[6], true); 8]; 8]),
            0x25 if s[0] >> 22 & 0x7f == 0x11 => {
                let data = if s[1] >> 31 != 0 { 0 } else { wide(&s[8..]) };
                (Origin::None, mono_pattern(d[0], s[1], &s[6..], data))
            }
            0x25 => {
                let bytes = self.read_bytes(wide(&s[8..]) & !63, 64 * target.pixel);
                (Origin::None, self.coloured(d[0], target.pixel, &bytes))
            }
            0x26 => {
                let bytes = self.read_bytes(wide(&d[3..]), (stride * height as u64).div_ceil(8));
                (text(bytes), none)
            }
            _ => {
                let bytes = d[3..].iter().flat_map(|dword| dword.to_le_bytes());
                (text(bytes.collect()), none)
            }
        };
        let corners = [d[1], opposite];
        self.finish(s[1], s[0] >> 20, &corners, target, origin, pattern, None);
    }

    /// Copies without a raster operation.
    fn copy(&mut self, planes: [Plane; 2], corners: [[i64; 2]; 3]) {
        let [target, plane] = planes;
        self.draw(&Blit {
            target,
            corner: corners[0],
            opposite: corners[1],
            clip: None,
            raster: 0xcc,
            mask: u128::MAX,
            origin: Origin::Colour {
                plane,
                x: corners[2][0],
                y: corners[2][1],
            },
            pattern: [[(0, true); 8]; 8],
            key: None,
        });
    }

    fn fast_copy(&mut self, d: &[u32]) {
        let pixel = [1, 2, 0, 4, 8, 16][(d[1] >> 24 & 7) as usize];
        let plane = |method: u32, standard_bit: u32, pitch: u32, base: u64| {
            let layout = match (method & 3, standard_bit & 1) {
                (0, _) => Layout::Linear,
                (1, _) => TILE_X,
                (2, 0) => TILE_Y,
                (2, _) => standard(pixel, false),
                _ => standard(pixel, true),
            };
            let unit = if layout == Layout::Linear { 1 } else { 4 };
            Plane {
                base: if unit == 1 { base } else { base & !0xfff },
                pitch: i64::from(pitch & 0x7fff) * unit,
                layout,
                pixel,
            }
        };
        let target = plane(d[0] >> 13, d[1] >> 30, d[1], wide(&d[4..]));
        let source = plane(d[0] >> 20, d[1] >> 31, d[7], wide(&d[8..]));
        let corners = [d[2], d[3], d[6]].map(|corner| [low(corner), high(corner)]);
        self.copy([target, source], corners);
    }

    fn block(&mut self, d: &[u32]) {
        let pixel = [1, 2, 4, 8, 12, 16][(d[0] >> 19 & 7) as usize];
        let plane = |control: u32, base: u64| {
            let tiled = control >> 30 == 1;
            Plane {
                base: if tiled { base & !0xfff } else { base },
                pitch: i64::from((control & 0x3_ffff) + 1) * if tiled { 4 } else { 1 },
                layout: if tiled { TILE_Y } else { Layout::Linear },
                pixel,
            }
        };
        let moved = |corner: u32, by: u32| {
            [
                low(corner) + i64::from(by & 0x3fff),
                high(corner) + i64::from(by >> 16 & 0x3fff),
            ]
        };
        let target = plane(d[1], wide(&d[4..]));
        let (corner, opposite) = (moved(d[2], d[6]), moved(d[3], d[6]));
        if d[0] >> 22 & 0x7f == 0x41 {
            let source = plane(d[8], wide(&d[9..]));
            self.copy([target, source], [corner, opposite, moved(d[7], d[11])]);
            return;
        }
        let colour = u128::from(wide(&d[7..])) | u128::from(wide(&d[9..])) << 64;
        for y in corner[1].max(0)..opposite[1] {
            for x in corner[0].max(0)..opposite[0] {
                let at = (target.address(x, y) - self.start) as usize;
                for byte in 0..pixel as usize {
                    self.bytes[at + byte] = (colour >> (byte * 8)) as u8;
                }
            }
        }
    }

    /// COLOR_BLT and SRC_COPY_BLT.
    fn linear(&mut self, d: &[u32]) {
        let depth = d[1] >> 24 & 3;
        let copies = d[0] >> 22 & 0x7f == 0x43;
        let bytes = d[2] & 0xffff;
        let back = if copies && d[1] >> 30 & 1 != 0 {
            u64::from(bytes) - 1
        } else {
            0
        };
        let target = self.plane(false, 1, d[1], wide(&d[3..]) - back, depth);
        let size = d[2] & 0xffff_0000 | (bytes / target.pixel as u32);
        let (origin, colour) = if copies {
            let plane = self.plane(false, 0, d[5], wide(&d[6..]) - back, depth);
            (Origin::Colour { plane, x: 0, y: 0 }, 0)
        } else {
            (Origin::None, d[5])
        };
        let pattern = [[(colour, true); 8]; 8];
        // Bit 30 isn't "clip" here.
        let control = d[1] & !(1 << 30);
        self.finish(
            control,
            d[0] >> 20,
            &[0, size],
            target,
            origin,
            pattern,
            None,
        );
    }

    /// Executes a command.
    pub(super) fn execute(&mut self, d: &[u32]) {
        match d[0] >> 22 & 0x7f {
            0x01 | 0x11 => {
                self.setup = d.to_vec();
                self.clip = [d[2], d[3]];
            }
            0x03 => self.clip = [d[1], d[2]],
            0x24..=0x26 | 0x31 => self.with_setup(d),
            0x40 | 0x43 => self.linear(d),
            0x41 | 0x44 => self.block(d),
            0x42 => self.fast_copy(d),
            _ => self.classic(d),
        }
    }
}

/// Bits of a pattern, the leftmost of a row highest, turned by the command's seeds.
fn mono_pattern(header: u32, control: u32, colours: &[u32], data: u64) -> [[(u32, bool); 8]; 8] {
    let mut pattern = [[(0, true); 8]; 8];
    for (y, row) in pattern.iter_mut().enumerate() {
        for (x, place) in row.iter_mut().enumerate() {
            let from_x = (x as u32 + (header >> 12 & 7)) % 8;
            let from_y = (y as u32 + (header >> 8 & 7)) % 8;
            let set = data >> (from_y * 8 + 7 - from_x) & 1 != 0;
            *place = (colours[usize::from(set)], set || control >> 28 & 1 == 0);
        }
    }
    pattern
}

/// The fixed patterns, row 0 in the highest byte (Sandy Bridge, volume 1 part 5, pages 52
/// to 56). Numbers without a pattern are 0.
const FIXED: [u64; 16] = [
    0x0000_00ff_0000_0000,
    0x0808_0808_0808_0808,
    0x8040_2010_0804_0201,
    0x0102_0408_1020_4080,
    0x0808_08ff_0808_0808,
    0x8142_2418_1824_4281,
    0,
    0,
    0x55aa_55aa_55aa_55aa,
    0xcc33_cc33_cc33_cc33,
    0x8844_2211_8844_2211,
    0x77bb_ddee_77bb_ddee,
    0,
    0,
    0,
    0,
];
