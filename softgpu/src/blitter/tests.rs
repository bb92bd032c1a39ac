//! Blits against a reference that goes pixel by pixel, byte by byte.

use super::raster::combine;
use super::surface::{Surface, Tiling};
use crate::execute::Pause;
use crate::execute::testing::{BASE, Bench, DATA};
use crate::platform::EngineClass;

const LENGTH: u64 = 0x40_0000;
/// Bytes of the two surfaces' area behind DATA.
const AREA: usize = 0x18_0000;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    fn below(&mut self, limit: u32) -> u32 {
        self.next() % limit
    }
}

/// A rectangle to blit, in pixels.
#[derive(Clone, Copy, Debug)]
struct Case {
    to: Surface,
    from: Surface,
    pixel: u32,
    x: u32,
    y: u32,
    width: u32,
    height: u32,
    source_x: u32,
    source_y: u32,
    raster: u8,
    mask: u8,
}

fn bench(random: &mut Random) -> (Bench, Vec<u8>) {
    let bench = Bench::with_memory(EngineClass::Copy, LENGTH);
    let bytes: Vec<u8> = (0..AREA).map(|_| random.next() as u8).collect();
    bench.memory.write(DATA - BASE, &bytes).unwrap();
    (bench, bytes)
}

fn surface(random: &mut Random, base: u64) -> Surface {
    let tiling = [Tiling::Linear, Tiling::X, Tiling::Y][random.below(3) as usize];
    let pitch = match tiling {
        Tiling::Linear => 1024 + i64::from(random.below(5)) * 16,
        Tiling::X | Tiling::Y => 1024 + i64::from(random.below(3)) * 512,
    };
    let base = if tiling == Tiling::Linear {
        base + u64::from(random.below(4)) * 4
    } else {
        base
    };
    Surface {
        base,
        pitch,
        tiling,
    }
}

fn case(random: &mut Random) -> Case {
    let pixel = 1 << random.below(5);
    let columns = 1024 / pixel;
    let scale = 1 << random.below(11);
    let width = 1 + random.below((columns / 2).min(1 + scale));
    let height = 1 + random.below(80);
    // Often at a tile's corner, as most blits of whole surfaces are.
    let (across, down) = match random.below(4) {
        0 => (128 / pixel, 32),
        1 => (512 / pixel, 8),
        _ => (1, 1),
    };
    let mut one = |limit: u32, unit: u32| random.below(limit) / unit * unit;
    let places = columns - width + 1;
    let (x, source_x) = (one(places, across), one(places, across));
    let (y, source_y) = (one(40, down), one(40, down));
    let to = surface(random, DATA);
    let mut from = surface(random, DATA + 0x8_0000);
    if random.below(4) == 0 {
        // Inside one surface, mostly overlapping.
        from = to;
    }
    Case {
        to,
        from,
        pixel,
        x,
        y,
        width,
        height,
        source_x,
        source_y,
        raster: 0xcc,
        mask: 0xff,
    }
}

/// What the blit should leave in the area.
fn expected(case: &Case, before: &[u8], pattern: Option<u32>) -> Vec<u8> {
    let mut after = before.to_vec();
    for row in 0..case.height {
        for column in 0..case.width {
            for byte in 0..case.pixel {
                let at = |surface: &Surface, x: u32, y: u32| {
                    let across = i64::from((x + column) * case.pixel + byte);
                    (surface.locate(across, i64::from(y + row)).0 - DATA) as usize
                };
                let to = at(&case.to, case.x, case.y);
                let from = at(&case.from, case.source_x, case.source_y);
                let colour = pattern.map_or(0, |value| value.to_le_bytes()[byte as usize % 4]);
                if case.mask & 1 << (byte % 8) != 0 {
                    after[to] = combine(case.raster, colour, before[from], before[to]);
                }
            }
        }
    }
    after
}

fn pitch(surface: &Surface) -> u32 {
    let unit = if surface.tiling == Tiling::Linear {
        1
    } else {
        4
    };
    (surface.pitch / unit) as u32
}

fn corners(case: &Case) -> [u32; 3] {
    let corner = |x: u32, y: u32| y << 16 | x;
    [
        corner(case.x, case.y),
        corner(case.x + case.width, case.y + case.height),
        corner(case.source_x, case.source_y),
    ]
}

fn check(
    bench: &mut Bench,
    case: &Case,
    batch: &[u32],
    before: &mut Vec<u8>,
    pattern: Option<u32>,
) {
    let after = expected(case, before, pattern);
    assert_eq!(bench.run(batch), Pause::Finished, "{case:?}");
    let mut found = vec![0; AREA];
    bench.memory.read(DATA - BASE, &mut found).unwrap();
    if let Some(at) = (0..AREA).find(|&at| found[at] != after[at]) {
        panic!(
            "byte {at:#x} is {:#x}, not {:#x}: {case:?}",
            found[at], after[at]
        );
    }
    *before = after;
}

#[test]
fn fast_copies_agree_with_the_reference() {
    let mut random = Random(1);
    let (mut bench, mut before) = bench(&mut random);
    for _ in 0..700 {
        let case = case(&mut random);
        let tiling = |surface: &Surface| surface.tiling as u32;
        let header = 0x5080_0008 | tiling(&case.from) << 20 | tiling(&case.to) << 13;
        let depth = [0, 1, 3, 4, 5][case.pixel.trailing_zeros() as usize];
        let [first, second, source] = corners(&case);
        let batch = [
            header,
            depth << 24 | pitch(&case.to),
            first,
            second,
            case.to.base as u32,
            (case.to.base >> 32) as u32,
            source,
            pitch(&case.from),
            case.from.base as u32,
            (case.from.base >> 32) as u32,
        ];
        check(&mut bench, &case, &batch, &mut before, None);
    }
}

/// Which Y bits BCS_SWCTRL needs, and the batch's beginning that sets them.
fn select_tiling(case: &Case) -> [u32; 3] {
    let bits =
        u32::from(case.from.tiling == Tiling::Y) | u32::from(case.to.tiling == Tiling::Y) << 1;
    [0x1100_0001, 0x2_2200, 3 << 16 | bits]
}

#[test]
fn source_copies_agree_with_the_reference() {
    let mut random = Random(2);
    let (mut bench, mut before) = bench(&mut random);
    for _ in 0..500 {
        let mut case = case(&mut random);
        case.pixel = case.pixel.min(4);
        if random.below(3) == 0 {
            case.raster = random.next() as u8;
        }
        let write = random.below(4);
        if case.pixel == 4 {
            case.mask = [0, 0b0111, 0b1000, 0b1111][write as usize];
        }
        let tiled = |surface: &Surface| u32::from(surface.tiling != Tiling::Linear);
        let header = 0x54c0_0008 | write << 20 | tiled(&case.from) << 15 | tiled(&case.to) << 11;
        let depth = [0, 1, 3][case.pixel.trailing_zeros() as usize];
        let [first, second, source] = corners(&case);
        let mut batch = select_tiling(&case).to_vec();
        batch.extend([
            header,
            depth << 24 | u32::from(case.raster) << 16 | pitch(&case.to),
            first,
            second,
            case.to.base as u32,
            (case.to.base >> 32) as u32,
            source,
            pitch(&case.from),
            case.from.base as u32,
            (case.from.base >> 32) as u32,
        ]);
        check(&mut bench, &case, &batch, &mut before, None);
    }
}

#[test]
fn fills_agree_with_the_reference() {
    let mut random = Random(3);
    let (mut bench, mut before) = bench(&mut random);
    for round in 0..400 {
        let mut case = case(&mut random);
        case.pixel = case.pixel.min(4);
        // Operations without a source: pattern, its inverse, xor, black, white, not.
        case.raster = [0xf0, 0xf0, 0x0f, 0x5a, 0x00, 0xff, 0x55, 0xa0][round % 8];
        let write = random.below(4);
        if case.pixel == 4 {
            case.mask = [0, 0b0111, 0b1000, 0b1111][write as usize];
        }
        let colour = match random.below(3) {
            0 => 0x0101_0101 * random.below(256),
            _ => random.next() << 1,
        };
        let pattern = match case.pixel {
            1 => colour as u8 as u32 * 0x0101_0101,
            2 => colour as u16 as u32 * 0x1_0001,
            _ => colour,
        };
        let tiled = u32::from(case.to.tiling != Tiling::Linear);
        let header = 0x5400_0005 | write << 20 | tiled << 11;
        let depth = [0, 2, 3][case.pixel.trailing_zeros() as usize];
        let [first, second, _] = corners(&case);
        let mut batch = select_tiling(&case).to_vec();
        batch.extend([
            header,
            depth << 24 | u32::from(case.raster) << 16 | pitch(&case.to),
            first,
            second,
            case.to.base as u32,
            (case.to.base >> 32) as u32,
            colour,
        ]);
        check(&mut bench, &case, &batch, &mut before, Some(pattern));
    }
}

#[test]
fn a_rectangle_without_pixels_is_nothing() {
    let mut random = Random(4);
    let (mut bench, before) = bench(&mut random);
    let base = [DATA as u32, (DATA >> 32) as u32];
    // Second corner above and left of the first.
    bench.finish(&[
        0x5430_0005,
        0x03f0_0400,
        0x0010_0010,
        0x0008_0008,
        base[0],
        base[1],
        0,
    ]);
    bench.finish(&[
        0x5430_0005,
        0x03f0_0400,
        0x0010_0010,
        0x0010_0020,
        base[0],
        base[1],
        0,
    ]);
    let mut after = vec![0; AREA];
    bench.memory.read(DATA - BASE, &mut after).unwrap();
    assert_eq!(before, after);
    assert_eq!(bench.tally.bytes_blitted, 0);
}

#[test]
fn undefined_tilings_and_pitches_hang() {
    let mut bench = Bench::new(EngineClass::Copy);
    let base = [DATA as u32, (DATA >> 32) as u32];
    let mut copy = |header: u32, flags: u32| {
        let corner = 0x0010_0010;
        matches!(
            bench.run(&[
                header, flags, 0, corner, base[0], base[1], 0, 128, base[0], base[1]
            ]),
            Pause::Stopped(_)
        )
    };
    assert!(!copy(0x5080_0008, 0x0300_0080));
    assert!(copy(0x5080_0008, 0x0200_0080), "depth");
    assert!(copy(0x5080_0008 | 3 << 13, 0x0300_0080), "64 KiB tiles");
    assert!(copy(0x5080_0008 | 2 << 13, 0x4300_0080), "Yf");
    assert!(copy(0x5080_0008 | 1 << 13, 0x0300_0081), "pitch");
}

#[test]
#[ignore = "measures rather than tests; meaningful with --release only"]
fn how_fast_tiled_copies_are_beside_linear_ones() {
    const SIDE: u32 = 2048;
    const BYTES: u64 = SIDE as u64 * SIDE as u64 * 4;
    let mut bench = Bench::with_memory(EngineClass::Copy, 2 * BYTES + 0x10_0000);
    let kinds = [Tiling::Linear, Tiling::X, Tiling::Y];
    let mut best = [[u128::MAX; 3]; 3];
    for _ in 0..15 {
        for (from, source) in kinds.into_iter().enumerate() {
            for (to, destination) in kinds.into_iter().enumerate() {
                let pitch = |tiling| SIDE * if tiling == Tiling::Linear { 4 } else { 1 };
                let bases = [DATA, DATA + BYTES].map(crate::execute::testing::split);
                let batch = [
                    0x5080_0008 | (source as u32) << 20 | (destination as u32) << 13,
                    3 << 24 | pitch(destination),
                    0,
                    SIDE << 16 | SIDE,
                    bases[0][0],
                    bases[0][1],
                    0,
                    pitch(source),
                    bases[1][0],
                    bases[1][1],
                ];
                let start = std::time::Instant::now();
                bench.finish(&batch);
                best[from][to] = best[from][to].min(start.elapsed().as_nanos());
            }
        }
    }
    for (from, row) in best.iter().enumerate() {
        for (to, &time) in row.iter().enumerate() {
            let ratio = best[0][0] as f64 / time as f64;
            let rate = BYTES as f64 / time as f64;
            let (from, to) = (kinds[from], kinds[to]);
            eprintln!("{from:?} to {to:?}: {rate:.2} GB/s, {ratio:.2} of linear");
        }
    }
}
