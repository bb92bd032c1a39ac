//! Random blits of every command against the reference: rectangles, layouts, depths,
//! raster operations, clipping, keys, transparency, overlaps. Each function is seeded, so
//! what fails fails again. Together they are 105,000 blits.

use super::reference::Reference;
use super::shapes::{Kind, PLACE, Places, Plane, Random, places};
use super::{at, bench_with, bytes_of};
use crate::execute::Pause;
use crate::execute::testing::{Bench, DATA};

/// All bytes that are compared: behind the surfaces, patterns and monochrome sources.
const AREA: u64 = 2 * PLACE + 0x2000;
/// Where patterns and monochrome sources lie.
const OPERANDS: u64 = 2 * PLACE;

/// A model and the reference with the same memory.
struct Pair {
    bench: Bench,
    reference: Reference,
    done: u32,
}

impl Pair {
    fn new(random: &mut Random) -> Self {
        let bytes = random.bytes(AREA);
        Self {
            bench: bench_with(&bytes),
            reference: Reference::new(DATA, bytes),
            done: 0,
        }
    }

    /// Executes commands on both and compares all of memory.
    fn check(&mut self, random: &mut Random, commands: &[&[u32]]) {
        // What many blits have gone over holds little that differs.
        self.done += 1;
        if self.done.is_multiple_of(512) {
            self.reference.bytes = random.bytes(AREA);
            let fresh = &self.reference.bytes;
            self.bench
                .memory
                .write(DATA - crate::execute::testing::BASE, fresh)
                .unwrap();
        }
        let control = self.reference.control;
        let mut batch = vec![0x1100_0001, 0x2_2200, 3 << 16 | control];
        for command in commands {
            batch.extend(*command);
        }
        assert_eq!(self.bench.run(&batch), Pause::Finished, "{batch:#x?}");
        for command in commands {
            self.reference.execute(command);
        }
        let found = bytes_of(&self.bench, AREA as usize);
        if found != self.reference.bytes {
            let wrong = found.iter().zip(&self.reference.bytes);
            let first = wrong.clone().position(|(found, wanted)| found != wanted);
            let count = wrong.filter(|(found, wanted)| found != wanted).count();
            panic!(
                "blit {}: {count} bytes differ, the first at {first:#x?}: {batch:#x?}",
                self.done
            );
        }
    }

    /// Two surfaces for a copy, and which tiles are Y: separate, or one and the same, or
    /// two that share memory.
    fn planes(&mut self, random: &mut Random, kinds: &[Kind], pixel: u32) -> [Plane; 2] {
        let to = Plane::new(random, kinds, pixel, DATA, PLACE);
        let from = match random.below(8) {
            0 | 1 => to,
            2 => Plane::new(random, kinds, pixel, DATA, PLACE),
            _ => Plane::new(random, kinds, pixel, DATA + PLACE, PLACE),
        };
        let is_y = |plane: Plane| u32::from(plane.kind == Kind::Y);
        self.reference.control = is_y(from) | is_y(to) << 1;
        [to, from]
    }
}

const CLASSIC: &[Kind] = &[Kind::Linear, Kind::X, Kind::Y];
const ALL: &[Kind] = &[Kind::Linear, Kind::X, Kind::Y, Kind::Yf, Kind::Ys];

/// A clip rectangle near a surface's corner.
fn clip(random: &mut Random, to: &Plane) -> [u32; 2] {
    let (x, y) = (random.below(to.columns), random.below(to.rows));
    let (right, bottom) = (x + random.below(60), y + random.below(60));
    [y << 16 | x, bottom << 16 | right]
}

/// Dwords 0 to 5 of most commands, without the opcode and what is the command's own.
struct Head {
    pixel: u32,
    depth: u32,
    mask: u32,
}

impl Head {
    fn new(random: &mut Random) -> Self {
        let depth = random.below(4);
        // All bytes more often than some.
        let mask = if random.one_in(3) { random.below(4) } else { 3 };
        Self {
            pixel: [1, 2, 2, 4][depth as usize],
            depth,
            mask: mask << 20,
        }
    }

    fn dwords(
        &self,
        random: &mut Random,
        opcode: u32,
        to: &Plane,
        places: &Places,
        raster: u32,
    ) -> Vec<u32> {
        let clipped = u32::from(random.one_in(3)) << 30;
        vec![
            2 << 29 | opcode << 22 | self.mask | to.tiled() << 11,
            clipped | self.depth << 24 | raster << 16 | to.pitch_field(),
            places.corner,
            places.opposite,
            to.address()[0],
            to.address()[1],
        ]
    }
}

/// Sets a command's length field.
fn closed(mut command: Vec<u32>) -> Vec<u32> {
    command[0] |= command.len() as u32 - 2;
    command
}

fn setup_clip(random: &mut Random, to: &Plane) -> [u32; 3] {
    let [first, second] = clip(random, to);
    [0x40c0_0001, first, second]
}

/// Raster operations that have no source.
fn sourceless(random: &mut Random) -> u32 {
    if random.one_in(2) {
        return 0xf0;
    }
    // The same for both values of the source's bit.
    let half = random.next();
    (0..8).fold(0, |code, term| {
        let bit = half >> (term & 0b101) & 1;
        code | bit << term
    })
}

#[test]
fn fast_copies() {
    let mut random = Random(1);
    let mut pair = Pair::new(&mut random);
    while pair.done < 25_000 {
        let (depth, pixel) = random.among(&[(0, 1), (1, 2), (3, 4), (4, 8), (5, 16)]);
        let [to, from] = pair.planes(&mut random, ALL, pixel);
        if to.pitch < 0 || from.pitch < 0 {
            continue;
        }
        let places = places(&mut random, &to, Some(&from));
        let method = |plane: &Plane| [0, 1, 2, 2, 3][plane.kind as usize];
        let yf = |plane: &Plane| u32::from(plane.kind == Kind::Yf);
        let command = [
            0x5080_0008 | method(&from) << 20 | method(&to) << 13,
            yf(&from) << 31 | yf(&to) << 30 | depth << 24 | to.pitch_field(),
            places.corner,
            places.opposite,
            to.address()[0],
            to.address()[1],
            places.source,
            from.pitch_field(),
            from.address()[0],
            from.address()[1],
        ];
        pair.check(&mut random, &[&command]);
    }
}

#[test]
fn block_copies_and_fast_fills() {
    let mut random = Random(2);
    let mut pair = Pair::new(&mut random);
    while pair.done < 8_000 {
        let depth = random.below(6);
        let pixel = [1, 2, 4, 8, 12, 16][depth as usize];
        let kinds = if pixel == 12 {
            &[Kind::Linear]
        } else {
            &[Kind::Linear, Kind::Y][..]
        };
        let [to, from] = pair.planes(&mut random, kinds, pixel);
        if to.pitch < 0 || from.pitch < 0 {
            continue;
        }
        let places = places(&mut random, &to, Some(&from));
        let control = |plane: &Plane| plane.tiled() << 30 | (plane.pitch_field() - 1);
        // A part of the corner as the surface's offset.
        let split = |random: &mut Random, corner: u32| {
            let x = random.below((corner as i16).max(0) as u32 + 1);
            let y = random.below(((corner >> 16) as i16).max(0) as u32 + 1);
            y << 16 | x
        };
        let less = |corner: u32, by: u32| {
            let half = |shift: u32| (corner >> shift).wrapping_sub(by >> shift) & 0xffff;
            half(16) << 16 | half(0)
        };
        let (offset, from_offset) = (
            split(&mut random, places.corner),
            split(&mut random, places.source),
        );
        let fills = random.one_in(3);
        let mut command = vec![
            if fills { 0x5100_0000 } else { 0x5040_0000 } | depth << 19,
            control(&to),
            less(places.corner, offset),
            less(places.opposite, offset),
            to.address()[0],
            to.address()[1],
            offset,
        ];
        if fills {
            command.extend((0..4).map(|_| random.next()));
        } else {
            command.extend([
                less(places.source, from_offset),
                control(&from),
                from.address()[0],
                from.address()[1],
                from_offset,
            ]);
        }
        pair.check(&mut random, &[&closed(command)]);
    }
}

#[test]
fn source_copies() {
    let mut random = Random(3);
    let mut pair = Pair::new(&mut random);
    while pair.done < 25_000 {
        let head = Head::new(&mut random);
        let [to, from] = pair.planes(&mut random, CLASSIC, head.pixel);
        let places = places(&mut random, &to, Some(&from));
        let keyed = random.one_in(4);
        let raster = if random.one_in(2) {
            random.below(256)
        } else {
            0xcc
        };
        let opcode = if keyed { 0x73 } else { 0x53 };
        let mut command = head.dwords(&mut random, opcode, &to, &places, raster);
        command[0] |= from.tiled() << 15;
        command.extend([
            places.source,
            from.pitch_field(),
            from.address()[0],
            from.address()[1],
        ]);
        if keyed {
            command[0] |= random.below(8) << 17;
            command.extend([random.next() & 0x7f7f_7f7f, random.next() | 0x8080_8080]);
        }
        let clip = setup_clip(&mut random, &to);
        pair.check(&mut random, &[&clip, &closed(command)]);
    }
}

#[test]
fn fills_and_patterns() {
    let mut random = Random(4);
    let mut pair = Pair::new(&mut random);
    while pair.done < 17_000 {
        let head = Head::new(&mut random);
        let [to, _] = pair.planes(&mut random, CLASSIC, head.pixel);
        let places = places(&mut random, &to, None);
        let opcode = random.among(&[0x50, 0x51, 0x52, 0x59, 0x72, 0x76, 0x77]);
        let raster = sourceless(&mut random);
        let mut command = head.dwords(&mut random, opcode, &to, &places, raster);
        if opcode != 0x50 {
            command[0] |= random.next() & 0x7700;
        }
        let pattern = |random: &mut Random| at(OPERANDS + u64::from(random.below(0x1000)));
        let key = [random.next() & 0x7f7f_7f7f, random.next() | 0x8080_8080];
        let immediate = 16 * head.pixel;
        match opcode {
            // One byte over and over is filled another way.
            0x50 if random.one_in(2) => command.push(random.below(256) * 0x0101_0101),
            0x50 => command.push(random.next()),
            0x51 => command.extend(pattern(&mut random)),
            0x72 => command.extend((0..immediate).map(|_| random.next())),
            0x76 | 0x77 => {
                command[0] |= random.among(&[0, 5, 7]) << 17;
                if opcode == 0x76 {
                    command.extend(pattern(&mut random));
                    command.extend(key);
                } else {
                    command.extend(key);
                    command.extend((0..immediate).map(|_| random.next()));
                }
            }
            _ => {
                command[1] |= random.below(2) << 28;
                command.extend([random.next(), random.next()]);
                if opcode == 0x52 {
                    command.extend([random.next(), random.next()]);
                } else {
                    command[0] |= random.among(&[0, 1, 2, 3, 4, 5, 8, 9, 10, 11]) << 15;
                }
            }
        }
        let clip = setup_clip(&mut random, &to);
        pair.check(&mut random, &[&clip, &closed(command)]);
    }
}

/// Quadwords of a monochrome source of so many bits, as random dwords.
fn mono_data(random: &mut Random, bits: u32) -> Vec<u32> {
    (0..bits.div_ceil(64) * 2).map(|_| random.next()).collect()
}

#[test]
fn monochrome_sources_and_three_operands() {
    let mut random = Random(5);
    let mut pair = Pair::new(&mut random);
    while pair.done < 15_000 {
        let head = Head::new(&mut random);
        let [to, from] = pair.planes(&mut random, CLASSIC, head.pixel);
        let opcode = random.among(&[0x54, 0x71, 0x55, 0x74, 0x56, 0x75, 0x57, 0x58]);
        let coloured = matches!(opcode, 0x55 | 0x74 | 0x57);
        let places = places(&mut random, &to, coloured.then_some(&from));
        let raster = random.below(256);
        let mut command = head.dwords(&mut random, opcode, &to, &places, raster);
        command[0] |= random.next() & 0x7700;
        let immediate = 16 * head.pixel;
        let operand = |random: &mut Random| at(OPERANDS + u64::from(random.below(0x400)));
        if coloured {
            command[0] |= from.tiled() << 15;
            command.extend([from.pitch_field(), places.source]);
            command.extend(from.address());
        } else {
            command[0] |= random.below(8) << 17;
            command[1] |= random.below(2) << 29;
            let first = command[0] >> 17 & 7;
            let stride = (first + places.width).next_multiple_of(16);
            if stride * places.height > 200 * 32 {
                continue;
            }
            if opcode == 0x71 {
                command[0] &= !0x7700;
                command.extend([random.next(), random.next()]);
                command.extend(mono_data(&mut random, stride * places.height));
            } else {
                command.extend(operand(&mut random));
                command.extend([random.next(), random.next()]);
            }
        }
        match opcode {
            0x55 | 0x56 => command.extend(operand(&mut random)),
            0x74 | 0x75 => command.extend((0..immediate).map(|_| random.next())),
            0x57 | 0x58 => {
                command[1] |= random.below(2) << 28 | u32::from(random.one_in(4)) << 31;
                command.extend((0..4).map(|_| random.next()));
            }
            _ => command[0] &= !0x7700,
        }
        let clip = setup_clip(&mut random, &to);
        pair.check(&mut random, &[&clip, &closed(command)]);
    }
}

#[test]
fn pixels_scan_lines_and_text() {
    let mut random = Random(6);
    let mut pair = Pair::new(&mut random);
    while pair.done < 10_000 {
        let head = Head::new(&mut random);
        let [to, _] = pair.planes(&mut random, CLASSIC, head.pixel);
        let opcode = random.among(&[0x24, 0x25, 0x26, 0x31]);
        let raster = if opcode < 0x26 {
            sourceless(&mut random)
        } else {
            random.below(256)
        };
        let places = places(&mut random, &to, None);
        let mono = random.one_in(2);
        let [first, second] = clip(&mut random, &to);
        let setup_opcode = if mono { 0x11 } else { 0x01 };
        let mut setup = head.dwords(&mut random, setup_opcode, &to, &places, raster);
        (setup[2], setup[3]) = (first, second);
        setup[1] |= random.below(2) << 29;
        setup.extend([random.next(), random.next()]);
        if mono {
            setup[1] |= random.below(2) << 28 | u32::from(random.one_in(4)) << 31;
            setup.extend([random.next(), random.next()]);
        } else {
            setup.extend(at(OPERANDS + u64::from(random.below(0x1000))));
        }
        let mut command = vec![2 << 29 | opcode << 22 | to.tiled() << 11, places.corner];
        if opcode == 0x25 {
            command[0] |= random.next() & 0x7700;
        }
        if opcode != 0x24 {
            command.push(places.opposite);
        }
        if opcode > 0x25 {
            let bytes = random.below(2);
            command[0] |= bytes << 16;
            let stride = if bytes != 0 {
                places.width.next_multiple_of(8)
            } else {
                places.width
            };
            if stride * places.height > 200 * 32 {
                continue;
            }
            if opcode == 0x26 {
                command.extend(at(OPERANDS + u64::from(random.below(0x400))));
            } else {
                command.extend(mono_data(&mut random, stride * places.height));
            }
        }
        // Sometimes with a clip rectangle of its own.
        let clip = setup_clip(&mut random, &to);
        let (setup, command) = (closed(setup), closed(command));
        if random.one_in(4) {
            pair.check(&mut random, &[&setup, &clip, &command]);
        } else {
            pair.check(&mut random, &[&setup, &command]);
        }
    }
}

#[test]
fn blits_without_coordinates() {
    let mut random = Random(7);
    let mut pair = Pair::new(&mut random);
    while pair.done < 5_000 {
        let head = Head::new(&mut random);
        let copies = random.one_in(2);
        let width = random.below(200);
        let height = random.below(30);
        let pitch = |random: &mut Random| {
            let pitch = 200 + random.below(100) as i32;
            if random.one_in(4) { -pitch } else { pitch }
        };
        // In the middle of its place, so that pitches of both signs have room.
        let place = |random: &mut Random, start: u64| {
            super::split(start + PLACE / 2 + u64::from(random.below(0x200)))
        };
        let backwards = u32::from(copies && random.one_in(3)) << 30;
        if backwards != 0 && width == 0 {
            continue;
        }
        let raster = if copies {
            random.among(&[0xcc, 0xcc, 0x66, 0xee])
        } else {
            sourceless(&mut random)
        };
        let target_pitch = pitch(&mut random) as u32 & 0xffff;
        let mut command = vec![
            if copies { 0x50c0_0000 } else { 0x5000_0000 } | head.mask,
            backwards | head.depth << 24 | raster << 16 | target_pitch,
            height << 16 | width,
        ];
        let [low, high] = place(&mut random, DATA);
        command.extend([low, high]);
        if copies {
            command.push(pitch(&mut random) as u32 & 0xffff);
            let start = if random.one_in(3) { DATA } else { DATA + PLACE };
            command.extend(place(&mut random, start));
        } else {
            command.push(random.next());
        }
        pair.check(&mut random, &[&closed(command)]);
    }
}
