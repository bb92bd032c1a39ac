//! Pictures: 32-bit pixels, read from and written to PNG files.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

/// A picture; each pixel is its four bytes red, green, blue and alpha as a
/// little-endian number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// Row after row.
    pub pixels: Vec<u32>,
}

impl Picture {
    /// A picture of one color.
    pub fn filled(width: u32, height: u32, color: u32) -> Self {
        Self {
            width,
            height,
            pixels: vec![color; (width * height) as usize],
        }
    }

    /// The pixel at a place.
    pub fn at(&self, x: u32, y: u32) -> u32 {
        self.pixels[self.index(x, y)]
    }

    /// Sets the pixel at a place.
    pub fn set(&mut self, x: u32, y: u32, color: u32) {
        let index = self.index(x, y);
        self.pixels[index] = color;
    }

    /// All bytes, row after row.
    pub fn bytes(&self) -> Vec<u8> {
        self.pixels
            .iter()
            .flat_map(|pixel| pixel.to_le_bytes())
            .collect()
    }

    /// One row's bytes.
    pub fn row_bytes(&self, y: u32) -> Vec<u8> {
        let start = self.index(0, y);
        let row = &self.pixels[start..start + self.width as usize];
        row.iter().flat_map(|pixel| pixel.to_le_bytes()).collect()
    }

    /// A picture from rows of bytes that lie `pitch` bytes apart.
    pub fn from_rows(width: u32, height: u32, pitch: u32, bytes: &[u8]) -> Self {
        let rows = bytes.chunks(pitch as usize).take(height as usize);
        let pixels = rows
            .flat_map(|row| pixels_of(&row[..width as usize * 4]))
            .collect();
        Self {
            width,
            height,
            pixels,
        }
    }

    /// The first place where another picture of the same size differs, and by how many
    /// pixels it does in all.
    pub fn first_difference(&self, other: &Self) -> Option<Difference> {
        let pairs = || self.pixels.iter().zip(&other.pixels).enumerate();
        let (index, (left, right)) = pairs().find(|(_, (left, right))| left != right)?;
        Some(Difference {
            x: index as u32 % self.width,
            y: index as u32 / self.width,
            left: *left,
            right: *right,
            pixels: pairs().filter(|(_, (left, right))| left != right).count(),
        })
    }

    /// Reads a PNG of any color type.
    pub fn load(path: &Path) -> Result<Self, String> {
        let wrong = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
        let file = File::open(path).map_err(|error| wrong(&error))?;
        let mut decoder = png::Decoder::new(BufReader::new(file));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().map_err(|error| wrong(&error))?;
        let size = reader
            .output_buffer_size()
            .ok_or_else(|| wrong(&"too large"))?;
        let mut bytes = vec![0; size];
        let info = reader
            .next_frame(&mut bytes)
            .map_err(|error| wrong(&error))?;
        bytes.truncate(info.buffer_size());
        let pixels = match info.color_type {
            png::ColorType::Rgba => pixels_of(&bytes).collect(),
            png::ColorType::Rgb => bytes
                .chunks_exact(3)
                .map(|p| opaque(p[0], p[1], p[2]))
                .collect(),
            png::ColorType::Grayscale => bytes.iter().map(|g| opaque(*g, *g, *g)).collect(),
            png::ColorType::GrayscaleAlpha => {
                let gray = |p: &[u8]| u32::from_le_bytes([p[0], p[0], p[0], p[1]]);
                bytes.chunks_exact(2).map(gray).collect()
            }
            png::ColorType::Indexed => return Err(wrong(&"an indexed picture was not expanded")),
        };
        Ok(Self {
            width: info.width,
            height: info.height,
            pixels,
        })
    }

    /// Writes an RGBA PNG.
    pub fn save(&self, path: &Path) -> Result<(), String> {
        let wrong = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
        let file = File::create(path).map_err(|error| wrong(&error))?;
        let mut encoder = png::Encoder::new(BufWriter::new(file), self.width, self.height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Balanced);
        let mut writer = encoder.write_header().map_err(|error| wrong(&error))?;
        writer
            .write_image_data(&self.bytes())
            .map_err(|error| wrong(&error))?;
        writer.finish().map_err(|error| wrong(&error))
    }

    fn index(&self, x: u32, y: u32) -> usize {
        assert!(x < self.width && y < self.height, "({x}, {y}) is outside");
        (y * self.width + x) as usize
    }
}

/// Where two pictures differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Column of the first pixel that differs.
    pub x: u32,
    /// Its row.
    pub y: u32,
    /// Its color in the one.
    pub left: u32,
    /// Its color in the other.
    pub right: u32,
    /// How many differ.
    pub pixels: usize,
}

/// An opaque color.
pub const fn opaque(red: u8, green: u8, blue: u8) -> u32 {
    u32::from_le_bytes([red, green, blue, 255])
}

fn pixels_of(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes
        .chunks_exact(4)
        .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}
