//! Colour keys: "transparency range" of the commands with CHROMA in their names.

use super::packet::Depth;

/// Whose pixels are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyed {
    /// The source's: what lies in the range isn't written.
    Source,
    /// The destination's: only what lies in the range is written.
    Destination,
}

/// A range of colours that decides which pixels are written. Every component of a pixel
/// is compared on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) of: Keyed,
    /// The alpha component is compared too.
    pub(super) alpha: bool,
    pub(super) low: u32,
    pub(super) high: u32,
    pub(super) depth: Depth,
}

impl Key {
    /// The key of a "transparency range mode"; `None`: there is no key (its lowest bit
    /// says so).
    pub(super) fn new(mode: u32, low: u32, high: u32, depth: Depth) -> Option<Self> {
        let (of, alpha) = match mode {
            0b001 => (Keyed::Source, false),
            0b011 => (Keyed::Source, true),
            0b101 => (Keyed::Destination, true),
            0b111 => (Keyed::Destination, false),
            _ => return None,
        };
        Some(Self {
            of,
            alpha,
            low,
            high,
            depth,
        })
    }

    /// Whether the pixel may be written.
    pub(super) fn admits(&self, source: u32, destination: u32) -> bool {
        match self.of {
            Keyed::Source => !self.holds(source),
            Keyed::Destination => self.holds(destination),
        }
    }

    fn holds(&self, pixel: u32) -> bool {
        let (colours, alpha) = self.depth.components();
        let alpha = alpha.filter(|_| self.alpha);
        colours.iter().chain(&alpha).all(|&(shift, width)| {
            let component = |value: u32| value >> shift & ((1 << width) - 1);
            (component(self.low)..=component(self.high)).contains(&component(pixel))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_compared_one_by_one() {
        let key = |mode, depth| Key::new(mode, 0x4020_2020, 0x8060_6060, depth).unwrap();
        let source = key(1, Depth::Bits32);
        assert!(!source.admits(0x0040_4040, 0));
        // As a number it lies between, green doesn't.
        assert!(source.admits(0x0040_7040, 0));
        // Alpha counts only if asked for.
        assert!(key(3, Depth::Bits32).admits(0x0040_4040, 0));
        assert!(!key(3, Depth::Bits32).admits(0x5040_4040, 0));
        assert!(key(7, Depth::Bits32).admits(0, 0x0040_4040));
        assert!(!key(5, Depth::Bits32).admits(0, 0x0040_4040));
        let green = Key::new(1, 0x0100, 0x0200, Depth::Rgb565).unwrap();
        assert!(!green.admits(0x0180, 0));
        assert!(green.admits(0x0181, 0), "blue");
        assert_eq!(Key::new(2, 0, 0, Depth::Bits8), None);
    }
}
