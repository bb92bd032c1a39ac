//! The classic commands that draw rectangles: what their dwords mean. Names of registers
//! (BR00 and so on) are those of the manual's "BLT Engine Instruction Field Definitions".

use super::draw::{Drawing, Source};
use super::key::{Key, Keyed};
use super::packet::{Area, Depth, Role, point};
use super::pattern::{Pattern, SIDE, fixed};
use super::raster::{needs_pattern, needs_source};
use super::source::{Bits, MonoSource, Packing};
use crate::command::bits;
use crate::completion::HangReason;
use crate::execute::{Flow, Machine, Stop, address, bad_field};

/// The first dwords of a command, as they are laid out in most: BR00, BR13, two corners
/// and the destination's address.
#[derive(Clone, Copy)]
struct Head {
    br00: u32,
    br13: u32,
    corner: (i32, i32),
    opposite: (i32, i32),
    destination: u64,
    /// Which bytes of 32-bit pixels are written: bit 1 alpha, bit 0 colour.
    byte_mask: u32,
}

impl Head {
    fn new(dwords: &[u32]) -> Self {
        Self {
            br00: dwords[0],
            br13: dwords[1],
            corner: point(dwords[2]),
            opposite: point(dwords[3]),
            destination: address(dwords[4], dwords[5], 0),
            byte_mask: bits(dwords[0], 21, 20),
        }
    }

    fn depth(&self) -> Depth {
        Depth::of(self.br13)
    }

    fn raster(&self) -> u8 {
        bits(self.br13, 23, 16) as u8
    }

    /// Which bits of a pixel are written.
    fn mask(&self) -> u32 {
        if self.depth() != Depth::Bits32 {
            return u32::MAX;
        }
        let alpha = if self.byte_mask & 2 != 0 {
            0xff00_0000
        } else {
            0
        };
        let colour = if self.byte_mask & 1 != 0 {
            0x00ff_ffff
        } else {
            0
        };
        alpha | colour
    }

    fn area(&self, machine: &Machine<'_>, source: Option<(i32, i32)>) -> Option<Area> {
        let clipped = bits(self.br13, 30, 30) != 0;
        let clip = clipped.then(|| machine.registers.blitter_setup().clip());
        Area::new(self.corner, self.opposite, source, clip)
    }

    /// The pattern with the command's seeds.
    fn seeded(&self, pattern: Pattern) -> Pattern {
        pattern.seeded(bits(self.br00, 14, 12), bits(self.br00, 10, 8))
    }

    /// A monochrome pattern: its bits, and its colours. `has_solid`: bit 31 of the command's
    /// BR13 says "solid".
    fn mono_pattern(&self, data: [u8; SIDE], colours: [u32; 2], has_solid: bool) -> Pattern {
        let solid = has_solid && bits(self.br13, 31, 31) != 0;
        let data = if solid { [0; SIDE] } else { data };
        let pattern = Pattern::mono(data, colours[0], colours[1]);
        let pattern = if bits(self.br13, 28, 28) != 0 {
            pattern.masked(data)
        } else {
            pattern
        };
        self.seeded(pattern)
    }

    /// A colour pattern that stands in the command: exactly one, of the command's depth.
    fn immediate_pattern(&self, dwords: &[u32]) -> Result<Pattern, Stop> {
        if dwords.len() != self.depth().pattern_dwords() {
            return Err(HangReason::BadLength.into());
        }
        let bytes: Vec<u8> = dwords
            .iter()
            .flat_map(|dword| dword.to_le_bytes())
            .collect();
        Ok(self.seeded(Pattern::coloured(self.depth(), &bytes)))
    }

    /// A monochrome source.
    fn mono_source<'c>(&self, bits_at: Bits<'c>, colours: &[u32]) -> Source<'c> {
        Source::Mono(MonoSource {
            bits: bits_at,
            packing: Packing::Words {
                first: bits(self.br00, 19, 17),
            },
            background: colours[0],
            foreground: colours[1],
            transparent: bits(self.br13, 29, 29) != 0,
        })
    }
}

/// The bytes of a monochrome pattern: BR20 and BR21.
fn mono_bits(dwords: &[u32]) -> [u8; SIDE] {
    (u64::from(dwords[0]) | u64::from(dwords[1]) << 32).to_le_bytes()
}

impl Machine<'_> {
    /// A colour pattern from memory, if the raster operation needs it. The low bits of
    /// its address aren't used.
    fn memory_pattern(&mut self, head: &Head, at: u64) -> Result<Pattern, Stop> {
        let mut bytes = [0; SIDE * SIDE * 4];
        let bytes = &mut bytes[..head.depth().pattern_dwords() * 4];
        if needs_pattern(head.raster()) {
            self.view.read(at, bytes)?;
        }
        Ok(head.seeded(Pattern::coloured(head.depth(), bytes)))
    }

    /// A colour source: its pitch, its corner, its address.
    fn colour_source<'c>(
        &self,
        head: &Head,
        pitch: u32,
        corner: u32,
        at: u64,
    ) -> Result<Source<'c>, Stop> {
        let tiled = bits(head.br00, 15, 15) != 0;
        let surface = self.classic_surface(Role::Source, tiled, pitch, at)?;
        Ok(Source::Colour(surface, point(corner)))
    }

    /// Draws what a command says.
    fn draw_classic(
        &mut self,
        head: &Head,
        source: Source<'_>,
        pattern: Pattern,
        key: Option<Key>,
    ) -> Result<Flow, Stop> {
        let tiled = bits(head.br00, 11, 11) != 0;
        let destination =
            self.classic_surface(Role::Destination, tiled, head.br13, head.destination)?;
        let from_source = key.is_some_and(|key| key.of == Keyed::Source);
        if source == Source::None && (needs_source(head.raster()) || from_source) {
            return bad_field("raster operation or key with a source, and there is none");
        }
        let corner = match source {
            Source::Colour(_, corner) => Some(corner),
            _ => None,
        };
        if let Some(area) = head.area(self, corner) {
            self.draw(&Drawing {
                destination,
                area,
                depth: head.depth(),
                raster: head.raster(),
                mask: head.mask(),
                pattern,
                source,
                key,
            })?;
        }
        Ok(Flow::Next)
    }
}

/// The operand of commands that have no pattern, should their raster operation ask for one.
fn no_pattern() -> Pattern {
    Pattern::solid(0)
}

/// XY_COLOR_BLT: a rectangle of one colour, or combined with it.
pub(crate) fn color(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let head = Head::new(dwords);
    machine.draw_classic(&head, Source::None, Pattern::solid(dwords[6]), None)
}

/// XY_PAT_BLT: a colour pattern from memory.
pub(crate) fn pattern(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let head = Head::new(dwords);
    let pattern = machine.memory_pattern(&head, address(dwords[6], dwords[7], 6))?;
    machine.draw_classic(&head, Source::None, pattern, None)
}

/// XY_PAT_BLT_IMMEDIATE: a colour pattern in the command.
pub(crate) fn pattern_immediate(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let head = Head::new(dwords);
    let pattern = head.immediate_pattern(&dwords[6..])?;
    machine.draw_classic(&head, Source::None, pattern, None)
}

fn key(head: &Head, colours: &[u32]) -> Option<Key> {
    Key::new(
        bits(head.br00, 19, 17),
        colours[0],
        colours[1],
        head.depth(),
    )
}

/// XY_PAT_CHROMA_BLT: a colour pattern from memory, by a key.
pub(crate) fn pattern_chroma(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let head = Head::new(dwords);
    let pattern = machine.memory_pattern(&head, address(dwords[6], dwords[7], 6))?;
    let key = key(&head, &dwords[8..]);
    machine.draw_classic(&head, Source::None, pattern, key)
}

/// XY_PAT_CHROMA_BLT_IMMEDIATE: a colour pattern in the command, by a key.
pub(crate) fn pattern_chroma_immediate(
    machine: &mut Machine<'_>,
    dwords: &[u32],
) -> Result<Flow, Stop> {
    let head = Head::new(dwords);
    let pattern = head.immediate_pattern(&dwords[8..])?;
    let key = key(&head, &dwords[6..]);
    machine.draw_classic(&head, Source::None, pattern, key)
}

/// XY_MONO_PAT_BLT: a monochrome pattern in the command.
pub(crate) fn mono_pattern(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let head = Head::new(dwords);
    let data = mono_bits(&dwords[8..]);
    let pattern = head.mono_pattern(data, [dwords[6], dwords[7]], false);
    machine.draw_classic(&head, Source::None, pattern, None)
}

/// XY_MONO_PAT_FIXED_BLT: one of the monochrome patterns that the hardware knows.
pub(crate) fn mono_pattern_fixed(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let head = Head::new(dwords);
    let Some(data) = fixed(bits(head.br00, 18, 15)) else {
        return bad_field("fixed pattern");
    };
    let pattern = head.mono_pattern(data, [dwords[6], dwords[7]], false);
    machine.draw_classic(&head, Source::None, pattern, None)
}

/// XY_SRC_COPY_BLT: a rectangle copied, or combined with the destination.
pub(crate) fn source_copy(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let head = Head::new(dwords);
    let at = address(dwords[8], dwords[9], 0);
    let source = machine.colour_source(&head, dwords[7], dwords[6], at)?;
    machine.draw_classic(&head, source, no_pattern(), None)
}

/// XY_SRC_COPY_CHROMA_BLT: the same by a key.
pub(crate) fn source_copy_chroma(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let head = Head::new(dwords);
    let at = address(dwords[8], dwords[9], 0);
    let source = machine.colour_source(&head, dwords[7], dwords[6], at)?;
    let key = key(&head, &dwords[10..]);
    machine.draw_classic(&head, source, no_pattern(), key)
}

/// XY_MONO_SRC_COPY_BLT: a monochrome source from memory.
pub(crate) fn mono_source_copy(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let head = Head::new(dwords);
    let at = Bits::Memory(address(dwords[6], dwords[7], 0));
    let source = head.mono_source(at, &dwords[8..]);
    machine.draw_classic(&head, source, no_pattern(), None)
}

/// XY_MONO_SRC_COPY_IMMEDIATE_BLT: a monochrome source in the command.
pub(crate) fn mono_source_copy_immediate(
    machine: &mut Machine<'_>,
    dwords: &[u32],
) -> Result<Flow, Stop> {
    let head = Head::new(dwords);
    let source = head.mono_source(Bits::Command(&dwords[8..]), &dwords[6..]);
    machine.draw_classic(&head, source, no_pattern(), None)
}

/// XY_FULL_BLT: a colour source and a colour pattern, both from memory.
pub(crate) fn full(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let head = Head::new(dwords);
    let at = address(dwords[8], dwords[9], 0);
    let source = machine.colour_source(&head, dwords[6], dwords[7], at)?;
    let pattern = machine.memory_pattern(&head, address(dwords[10], dwords[11], 6))?;
    machine.draw_classic(&head, source, pattern, None)
}

/// XY_FULL_IMMEDIATE_PATTERN_BLT: the pattern stands in the command.
pub(crate) fn full_immediate_pattern(
    machine: &mut Machine<'_>,
    dwords: &[u32],
) -> Result<Flow, Stop> {
    let head = Head::new(dwords);
    let at = address(dwords[8], dwords[9], 0);
    let source = machine.colour_source(&head, dwords[6], dwords[7], at)?;
    let pattern = head.immediate_pattern(&dwords[10..])?;
    machine.draw_classic(&head, source, pattern, None)
}

/// XY_FULL_MONO_SRC_BLT: a monochrome source and a colour pattern, both from memory.
pub(crate) fn full_mono_source(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let head = Head::new(dwords);
    let at = Bits::Memory(address(dwords[6], dwords[7], 0));
    let source = head.mono_source(at, &dwords[8..]);
    let pattern = machine.memory_pattern(&head, address(dwords[10], dwords[11], 6))?;
    machine.draw_classic(&head, source, pattern, None)
}

/// XY_FULL_MONO_SRC_IMMEDIATE_PATTERN_BLT: the pattern stands in the command.
pub(crate) fn full_mono_source_immediate_pattern(
    machine: &mut Machine<'_>,
    dwords: &[u32],
) -> Result<Flow, Stop> {
    let head = Head::new(dwords);
    let at = Bits::Memory(address(dwords[6], dwords[7], 0));
    let source = head.mono_source(at, &dwords[8..]);
    let pattern = head.immediate_pattern(&dwords[10..])?;
    machine.draw_classic(&head, source, pattern, None)
}

/// XY_FULL_MONO_PATTERN_BLT: a colour source and a monochrome pattern.
pub(crate) fn full_mono_pattern(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let head = Head::new(dwords);
    let at = address(dwords[8], dwords[9], 0);
    let source = machine.colour_source(&head, dwords[6], dwords[7], at)?;
    let data = mono_bits(&dwords[12..]);
    let pattern = head.mono_pattern(data, [dwords[10], dwords[11]], true);
    machine.draw_classic(&head, source, pattern, None)
}

/// XY_FULL_MONO_PATTERN_MONO_SRC_BLT: both are monochrome.
pub(crate) fn full_mono_pattern_mono_source(
    machine: &mut Machine<'_>,
    dwords: &[u32],
) -> Result<Flow, Stop> {
    let head = Head::new(dwords);
    let at = Bits::Memory(address(dwords[6], dwords[7], 0));
    let source = head.mono_source(at, &dwords[8..]);
    let data = mono_bits(&dwords[12..]);
    let pattern = head.mono_pattern(data, [dwords[10], dwords[11]], true);
    machine.draw_classic(&head, source, pattern, None)
}

/// The head of a command that leaves the rest to the setup.
fn set_up(machine: &Machine<'_>, dwords: &[u32], opposite: (i32, i32)) -> Head {
    let setup = machine.registers.blitter_setup();
    Head {
        br00: dwords[0],
        br13: setup.control,
        corner: point(dwords[1]),
        opposite,
        destination: setup.destination,
        byte_mask: setup.byte_mask,
    }
}

/// XY_PIXEL_BLT: one pixel of the setup's background colour.
pub(crate) fn pixel(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let (x, y) = point(dwords[1]);
    let head = set_up(machine, dwords, (x + 1, y + 1));
    let colour = Pattern::solid(machine.registers.blitter_setup().background);
    machine.draw_classic(&head, Source::None, colour, None)
}

/// XY_SCANLINES_BLT: rows of the setup's pattern.
pub(crate) fn scanlines(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    let head = set_up(machine, dwords, point(dwords[2]));
    let setup = *machine.registers.blitter_setup();
    let pattern = if setup.mono_pattern {
        let colours = [setup.background, setup.foreground];
        head.mono_pattern(mono_bits(&setup.pattern), colours, true)
    } else {
        machine.memory_pattern(&head, setup.pattern_address)?
    };
    machine.draw_classic(&head, Source::None, pattern, None)
}

fn text(machine: &mut Machine<'_>, dwords: &[u32], bits_at: Bits<'_>) -> Result<Flow, Stop> {
    let head = set_up(machine, dwords, point(dwords[2]));
    let setup = machine.registers.blitter_setup();
    let source = Source::Mono(MonoSource {
        bits: bits_at,
        packing: if bits(head.br00, 16, 16) != 0 {
            Packing::Bytes
        } else {
            Packing::Bits
        },
        background: setup.background,
        foreground: setup.foreground,
        transparent: bits(head.br13, 29, 29) != 0,
    });
    machine.draw_classic(&head, source, no_pattern(), None)
}

/// XY_TEXT_BLT: a glyph from memory, in the setup's colours.
pub(crate) fn text_from_memory(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    text(
        machine,
        dwords,
        Bits::Memory(address(dwords[3], dwords[4], 0)),
    )
}

/// XY_TEXT_IMMEDIATE_BLT: a glyph in the command.
pub(crate) fn text_immediate(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    text(machine, dwords, Bits::Command(&dwords[3..]))
}
