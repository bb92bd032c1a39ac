//! Blits of all kinds, pixel by pixel, in the hardware's order: rows from the top, or
//! from the bottom if source and destination have the same base address and the source
//! lies above; each row is read before it is written, so the order of its pixels doesn't
//! show. What is only a copy or a fill goes a faster way, with the same result.

use super::copy::Copy;
use super::key::{Key, Keyed};
use super::packet::{Area, Depth};
use super::pattern::Pattern;
use super::raster::{combine, needs_destination, needs_source};
use super::source::MonoSource;
use super::surface::{Block, Surface};
use crate::execute::{Machine, Stop};

/// What a blit takes its source from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source<'c> {
    None,
    /// A surface, and the place in it that goes to the rectangle's corner.
    Colour(Surface, (i32, i32)),
    Mono(MonoSource<'c>),
}

/// A blit of a classic command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drawing<'c> {
    pub(super) destination: Surface,
    pub(super) area: Area,
    pub(super) depth: Depth,
    pub(super) raster: u8,
    /// Which bits of a pixel are written.
    pub(super) mask: u32,
    pub(super) pattern: Pattern,
    pub(super) source: Source<'c>,
    pub(super) key: Option<Key>,
}

/// A row's pixels, and room for its bytes.
#[derive(Default)]
struct Row {
    bytes: Vec<u8>,
    source: Vec<u32>,
    destination: Vec<u32>,
    /// Bits of a monochrome source.
    bits: Vec<bool>,
    written: Vec<bool>,
}

impl Drawing<'_> {
    fn pixel(&self) -> u32 {
        self.depth.bytes()
    }

    /// The pixel's bits that exist.
    fn whole(&self) -> u32 {
        u32::MAX >> (32 - 8 * self.pixel())
    }

    /// The destination's part in bytes and rows.
    fn block(&self) -> Block {
        Block {
            x: self.area.x * self.pixel(),
            y: self.area.y,
            width: self.area.width * self.pixel(),
            height: self.area.height,
        }
    }

    /// The source's part.
    fn source_block(&self, corner: (i32, i32)) -> Block {
        let (x, y) = self.area.shifted(corner);
        Block {
            x: x * self.pixel(),
            y,
            ..self.block()
        }
    }

    /// Whether all of its pixels are written, whole, whatever they are.
    fn is_blind(&self) -> bool {
        let opaque_source = !matches!(self.source, Source::Mono(mono) if mono.transparent);
        self.mask & self.whole() == self.whole()
            && self.key.is_none()
            && self.pattern.is_opaque()
            && opaque_source
            && !needs_destination(self.raster)
    }

    /// If it is but a copy: from where.
    fn as_copy(&self) -> Option<Copy> {
        let Source::Colour(source, corner) = self.source else {
            return None;
        };
        (self.raster == 0xcc && self.is_blind()).then(|| Copy {
            from: source,
            from_block: self.source_block(corner),
            to: self.destination,
            to_block: self.block(),
        })
    }

    /// If it is but a fill: of which colour.
    fn as_fill(&self) -> Option<u32> {
        let colour = self.pattern.only_colour()?;
        let fill = self.is_blind() && !needs_source(self.raster);
        fill.then(|| combine(self.raster, colour, 0, 0) & self.whole())
    }

    /// Whether the rows go upwards.
    fn upwards(&self) -> bool {
        match self.source {
            Source::Colour(source, corner) => {
                source.base == self.destination.base && self.area.shifted(corner).1 < self.area.y
            }
            _ => false,
        }
    }

    fn reads_destination(&self) -> bool {
        let keyed = self.key.is_some_and(|key| key.of == Keyed::Destination);
        needs_destination(self.raster) || keyed
    }

    fn reads_source(&self) -> bool {
        let keyed = self.key.is_some_and(|key| key.of == Keyed::Source);
        let mask = matches!(self.source, Source::Mono(mono) if mono.transparent);
        needs_source(self.raster) || keyed || mask
    }

    /// Combines the row's pixels, and says which are to be written.
    fn combine(&self, y: u32, row: &mut Row) {
        let mono = match self.source {
            Source::Mono(mono) => Some(mono),
            _ => None,
        };
        row.written.clear();
        let pixels = row.destination.iter_mut().zip(&row.source).zip(&row.bits);
        for (x, ((destination, &source), &bit)) in (self.area.x..).zip(pixels) {
            let (pattern, opaque) = self.pattern.at(x, y);
            let (source, shown) = match mono {
                Some(mono) if bit => (mono.foreground, true),
                Some(mono) => (mono.background, !mono.transparent),
                None => (source, true),
            };
            let admitted = self.key.is_none_or(|key| key.admits(source, *destination));
            row.written.push(opaque && shown && admitted);
            *destination = combine(self.raster, pattern, source, *destination);
        }
    }

    /// The bytes of a pixel that are written: from which to which.
    fn written_bytes(&self) -> std::ops::Range<usize> {
        let mask = self.mask & self.whole();
        let (low, high) = (mask.trailing_zeros() / 8, (32 - mask.leading_zeros()) / 8);
        low as usize..high as usize
    }
}

/// Pixels of that many bytes.
fn to_pixels(bytes: &[u8], pixel: usize, out: &mut [u32]) {
    for (out, bytes) in out.iter_mut().zip(bytes.chunks_exact(pixel)) {
        let mut whole = [0; 4];
        whole[..pixel].copy_from_slice(bytes);
        *out = u32::from_le_bytes(whole);
    }
}

impl Machine<'_> {
    /// To be called every so often in a long blit: lets binds in, and ends the blit if
    /// the engine is wanted back.
    pub(super) fn breathe(&mut self) -> Result<(), Stop> {
        self.view.yield_to_binds();
        self.check_abort()
    }

    /// Executes a blit.
    pub(super) fn draw(&mut self, drawing: &Drawing<'_>) -> Result<(), Stop> {
        if let Source::Mono(mono) = drawing.source {
            mono.check(&drawing.area)?;
        }
        self.blitted(&drawing.area, drawing.pixel());
        if drawing.mask & drawing.whole() == 0 {
            return Ok(());
        }
        if let Some(copy) = drawing.as_copy() {
            return self.copy_blocks(&copy);
        }
        if let Some(colour) = drawing.as_fill() {
            let colour = &colour.to_le_bytes()[..drawing.pixel() as usize];
            return self.fill_block(drawing.destination, drawing.block(), colour);
        }
        self.draw_rows(drawing)
    }

    fn draw_rows(&mut self, drawing: &Drawing<'_>) -> Result<(), Stop> {
        let (width, height) = (drawing.area.width as usize, drawing.area.height);
        let mut row = Row {
            bytes: Vec::new(),
            source: vec![0; width],
            destination: vec![0; width],
            bits: vec![false; width],
            written: Vec::with_capacity(width),
        };
        let mut since = 0;
        for number in 0..height {
            let number = if drawing.upwards() {
                height - 1 - number
            } else {
                number
            };
            self.read_row(drawing, number, &mut row)?;
            drawing.combine(drawing.area.y + number, &mut row);
            self.write_row(drawing, number, &mut row)?;
            since += width;
            if since >= 16 * 1024 {
                since = 0;
                self.breathe()?;
            }
        }
        Ok(())
    }

    fn read_row(&mut self, drawing: &Drawing<'_>, number: u32, row: &mut Row) -> Result<(), Stop> {
        let pixel = drawing.pixel() as usize;
        let block = |block: Block| Block {
            y: block.y + number,
            height: 1,
            ..block
        };
        let bytes = drawing.area.width as usize * pixel;
        match drawing.source {
            Source::Colour(source, corner) if drawing.reads_source() => {
                row.bytes.resize(bytes, 0);
                let place = block(drawing.source_block(corner));
                source.read(&mut self.view, place, &mut row.bytes, &mut [])?;
                to_pixels(&row.bytes, pixel, &mut row.source);
            }
            Source::Mono(mono) if drawing.reads_source() => {
                let Row { bytes, bits, .. } = row;
                mono.read(&mut self.view, &drawing.area, number, bytes, bits)?;
            }
            _ => {}
        }
        if drawing.reads_destination() {
            row.bytes.resize(bytes, 0);
            let place = block(drawing.block());
            drawing
                .destination
                .read(&mut self.view, place, &mut row.bytes, &mut [])?;
            to_pixels(&row.bytes, pixel, &mut row.destination);
        }
        Ok(())
    }

    /// Writes those of the row's pixels that are to be, and of these just the bytes that
    /// are.
    fn write_row(&mut self, drawing: &Drawing<'_>, number: u32, row: &mut Row) -> Result<(), Stop> {
        let pixel = drawing.pixel() as usize;
        let (y, part) = (drawing.area.y + number, drawing.written_bytes());
        // Pixels of which all bytes are written go together.
        let together = part.len() == pixel;
        let mut done = 0;
        while let Some(skip) = row.written[done..].iter().position(|&written| written) {
            let start = done + skip;
            let run = row.written[start..].iter().take_while(|&&written| written);
            let end = if together {
                start + run.count()
            } else {
                start + 1
            };
            let pixels = &row.destination[start..end];
            row.bytes.clear();
            for pixel in pixels {
                row.bytes.extend(&pixel.to_le_bytes()[part.clone()]);
            }
            let block = Block {
                x: (drawing.area.x as usize + start) as u32 * pixel as u32 + part.start as u32,
                y,
                width: row.bytes.len() as u32,
                height: 1,
            };
            drawing
                .destination
                .write(&mut self.view, block, &row.bytes, &mut [])?;
            done = end;
        }
        Ok(())
    }
}
