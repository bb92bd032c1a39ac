//! What a message says, as the comment behind a `send`: registers written and read, and in words
//! what its descriptor asks for.

use super::super::instruction::*;

/// A field of a descriptor: so many bits from this one on.
fn field(descriptor: u32, low: u32, bits: u32) -> u32 {
    descriptor >> low & ((1 << bits) - 1)
}

/// The comment.
pub(super) fn comment(instruction: &Instruction, message: &Message) -> String {
    let no_payload = |source: &Option<Source>| {
        matches!(
            source,
            Some(Source::Register {
                place: Place::Direct {
                    register: Register::Architecture(ArchitectureRegister::Null),
                    ..
                },
                ..
            })
        )
    };
    let second = match message.extended {
        ExtendedDescriptor::Immediate(bits) => field(bits, 6, 5).to_string(),
        ExtendedDescriptor::Register(_) if no_payload(&instruction.sources[1]) => "0".to_owned(),
        ExtendedDescriptor::Register(dword) => format!("a0.{dword}[10:6]"),
    };
    let Some(descriptor) = message.descriptor else {
        let first = if no_payload(&instruction.sources[0]) {
            "0"
        } else {
            "a0.0[28:25]"
        };
        return format!("wr:{first}+{second}, rd:a0.0[24:20]");
    };
    let first = field(descriptor, 25, 4);
    let header = if field(descriptor, 19, 1) != 0 {
        "h"
    } else {
        ""
    };
    let answer = field(descriptor, 20, 5);
    let about = Descriptor {
        bits: descriptor,
        exec_size: instruction.exec_size,
    }
    .describe(message.function);
    let text = if about.text.is_empty() {
        "?"
    } else {
        &about.text
    };
    let coordinates = match about.coordinates {
        Some(channels) if first > 0 => {
            let each = (channels * 32 / 256).max(1);
            match first / each {
                0 => "; ?",
                1 => "; u",
                2 => "; u,v",
                3 => "; u,v,r",
                4 => "; u,v,r,lod",
                _ => "; ???",
            }
        }
        _ => "",
    };
    format!("wr:{first}{header}+{second}, rd:{answer}; {text}{coordinates}")
}

/// What a descriptor asks for.
#[derive(Default)]
struct About {
    /// In words, nothing if it is not known.
    text: String,
    /// The first payload are coordinates, of so many channels.
    coordinates: Option<u32>,
}

impl From<String> for About {
    fn from(text: String) -> Self {
        Self {
            text,
            coordinates: None,
        }
    }
}

impl From<&str> for About {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

struct Descriptor {
    bits: u32,
    exec_size: u8,
}

impl Descriptor {
    fn field(&self, low: u32, bits: u32) -> u32 {
        field(self.bits, low, bits)
    }

    fn bit(&self, low: u32) -> bool {
        self.field(low, 1) != 0
    }

    fn describe(&self, function: SharedFunction) -> About {
        match function {
            SharedFunction::ConstantCache => self.constant_cache().into(),
            SharedFunction::DataPort0 => self.data_port_0().into(),
            SharedFunction::DataPort1 => self.data_port_1(),
            SharedFunction::Sampler => self.sampler().into(),
            SharedFunction::Gateway => self.gateway().into(),
            SharedFunction::RenderCache => self.render_cache().into(),
            SharedFunction::Urb => self.urb().into(),
            SharedFunction::ThreadSpawner if self.field(0, 3) == 0 => "end of thread".into(),
            _ => About::default(),
        }
    }

    /// The type of a message to the data ports.
    fn kind(&self) -> u32 {
        self.field(14, 5)
    }

    /// `text` with the number of owords of a block.
    fn owords(&self, text: &str) -> String {
        let count = match self.field(8, 3) {
            0 => "1",
            1 => "1H",
            2 => "2",
            3 => "4",
            4 => "8",
            5 => "16",
            _ => "0",
        };
        format!("{text} x{count}")
    }

    /// `text` with the number of hwords (32 bytes) of a block, from `low` on.
    fn hwords(&self, text: &str, low: u32, bits: u32) -> String {
        format!("{text} x{}", 1u64 << self.field(low, bits))
    }

    /// `text` with the number of bytes of an element.
    fn bytes(&self, text: &str) -> String {
        let size = match self.field(10, 2) {
            0 => " 8b",
            1 => " 16b",
            2 => " 32b",
            _ => "",
        };
        format!("{text}{size}")
    }

    /// `text` with the components that are accessed; set bits are those that aren't.
    fn components(&self, text: &str) -> String {
        let components: String = "xyzw"
            .chars()
            .enumerate()
            .filter(|(number, _)| !self.bit(8 + *number as u32))
            .map(|(_, component)| component)
            .collect();
        format!("{text} with {components}")
    }

    fn constant_cache(&self) -> String {
        match self.kind() {
            0x00 => self.owords("constant oword block read"),
            0x01 => self.owords("constant aligned oword block read"),
            0x03 => "constant dword gathering read".to_owned(),
            _ => String::new(),
        }
    }

    fn data_port_0(&self) -> String {
        let times = |text: &str| match self.field(10, 2) {
            0 => text.to_owned(),
            count => format!("{text} x{}", 1 << count),
        };
        match self.kind() {
            0x00 => self.owords("oword block read"),
            0x01 => self.owords("oword aligned block read"),
            0x08 => self.owords("oword block write"),
            0x09 => self.owords("hword aligned block write"),
            0x02 => "oword dual block read".to_owned(),
            0x0A => "oword dual block write".to_owned(),
            0x03 => times("dword gathering read"),
            0x0B => times("dword scattering write"),
            0x04 => self.bytes("byte gathering read"),
            0x0C => self.bytes("byte scattering write"),
            0x05 => "qword gathering read".to_owned(),
            0x0D => "qword scattering write".to_owned(),
            0x07 => self.fence(),
            _ if self.bit(18) && self.bit(17) => self.hwords("hword scratch block write", 12, 2),
            _ if self.bit(18) => self.hwords("hword scratch block read", 12, 2),
            _ => String::new(),
        }
    }

    fn fence(&self) -> String {
        let mut text = String::new();
        if self.bit(13) {
            text += "synchronized ";
        }
        match self.field(0, 8) {
            0xFE => text += "SLM fence",
            0 => {
                text += "global fence flushing";
                if self.bit(8) {
                    text += " L1";
                }
                text += &self.flushed();
            }
            _ => {}
        }
        text
    }

    /// The parts of the third level cache that a fence flushes.
    fn flushed(&self) -> String {
        match self.field(9, 4) {
            0 => return String::new(),
            0xF => return " all L3 data".to_owned(),
            _ => {}
        }
        let mut text = " L3".to_owned();
        if self.bit(12) {
            text += " r/w data";
        }
        let others = [(11, "constant"), (10, "texture"), (9, "instruction")];
        let flushed = others.into_iter().filter(|(bit, _)| self.bit(*bit));
        for (number, (_, name)) in flushed.enumerate() {
            text += if number > 0 { ", " } else { " " };
            text += name;
            text += " data";
        }
        text
    }

    fn data_port_1(&self) -> About {
        let kind = self.kind();
        match kind {
            0x01 => self.components("untyped surface read").into(),
            0x09 => self.components("untyped surface write").into(),
            0x11 => self.components("a64 untyped surface read").into(),
            0x19 => self.components("a64 untyped surface write").into(),
            0x10 => self.scattered("a64", "gathering read").into(),
            0x1A => self.scattered("a64", "scattering write").into(),
            0x14 => self.block("read").into(),
            0x15 => self.block("write").into(),
            0x1D => self.float_atomic("a64 float atomic", 32).into(),
            0x1B => self.float_atomic("float atomic", 32).into(),
            0x1E => self
                .float_atomic("a64 untyped half-float atomic", 16)
                .into(),
            0x1C => self.float_atomic("untyped half-float atomic", 16).into(),
            0x12 if self.bit(12) => self.atomic("untyped a64 atomic int64").into(),
            0x12 => self.atomic("untyped a64 atomic int32").into(),
            0x02 => self.atomic("untyped atomic int32").into(),
            0x13 => self.atomic("untyped a64 atomic int16").into(),
            0x03 => self.atomic("untyped atomic int16").into(),
            0x04 => self.media("read").into(),
            0x0A => self.media("write").into(),
            0x05 => self.typed("typed surface read", ""),
            0x0E => self.typed("typed surface read", " returning status"),
            0x0D => self.typed("typed surface write", ""),
            0x0B => self.counter("typed atomic 32-bit counter"),
            0x0C => self.counter("typed atomic 16-bit counter"),
            0x06 => self.slot_group_atomic("typed atomic 32-bit integer").into(),
            0x07 => About {
                text: self.slot_group_atomic("typed atomic 16-bit integer"),
                coordinates: Some(self.channels(8)),
            },
            _ => About::default(),
        }
    }

    /// Channels of a message that has at most so many.
    fn channels(&self, most: u32) -> u32 {
        most.min(u32::from(self.exec_size))
    }

    fn typed(&self, text: &str, status: &str) -> About {
        let group = if self.field(12, 2) == 2 {
            " (high slot group)"
        } else {
            ""
        };
        About {
            text: self.components(&format!("{text}{group}{status}")),
            coordinates: Some(self.channels(8)),
        }
    }

    fn counter(&self, text: &str) -> About {
        About {
            text: self.atomic(text),
            coordinates: Some(self.channels(if self.bit(12) { 8 } else { 16 })),
        }
    }

    fn slot_group_atomic(&self, text: &str) -> String {
        if self.bit(12) {
            let text = text.replacen("typed", "typed_sgh", 1);
            self.atomic(&format!("{text} (slot group high)"))
        } else {
            self.atomic(text)
        }
    }

    fn scattered(&self, address: &str, access: &str) -> String {
        match self.field(8, 2) {
            1 => format!("{address} dword {access}"),
            2 => format!("{address} qword {access}"),
            _ => self.bytes(&format!("{address} byte {access}")),
        }
    }

    fn block(&self, access: &str) -> String {
        match self.field(11, 2) {
            0 => self.owords(&format!("a64 unaligned oword block {access}")),
            1 => self.owords(&format!("a64 aligned oword block {access}")),
            3 => self.hwords(&format!("a64 unaligned hword block {access}"), 8, 3),
            _ => format!("a64 dual block  {access}"),
        }
    }

    fn media(&self, access: &str) -> String {
        let mut text = format!("media block {access}");
        let (overridden, skip) = (self.bit(9), self.bit(8));
        if self.field(8, 3) != 0 {
            text += " with vertical line stride ";
        }
        text += match (overridden, skip) {
            (false, false) => "",
            (false, true) => " and skip",
            (true, false) => "override and offset",
            (true, true) => "override,skip, and offset",
        };
        text
    }

    fn float_atomic(&self, text: &str, bits: u32) -> String {
        let (operation, bits) = match self.field(8, 3) {
            1 => ("max", bits),
            2 => ("min", bits),
            3 => ("fp-compare and swap ", bits),
            4 => ("add", bits),
            5 => ("subtract", bits),
            6 => ("64b add", 64),
            7 => ("64b subtract", 64),
            _ => return String::new(),
        };
        let returns = if self.bit(13) { " with return" } else { "" };
        format!("{text} {operation} ({bits}b){returns}")
    }

    fn atomic(&self, text: &str) -> String {
        let operation = match self.field(8, 4) {
            0x0 => "64b integer compare and swap",
            0x1 => "logical AND",
            0x2 => "logical OR",
            0x3 => "logical XOR",
            0x4 => "store",
            0x5 => "integer increment",
            0x6 => "integer decrement",
            0x7 => "integer add",
            0x8 => "integer subtract",
            0x9 => "commuted integer subtract",
            0xA => "signed-integer max",
            0xB => "signed-integer min",
            0xC => "unsigned-integer max",
            0xD => "unsigned-integer min",
            0xE => "integer compare and swap",
            _ => "integer pre-decrement (returns pre-decrement value)",
        };
        format!("{text} {operation}")
    }

    fn gateway(&self) -> &'static str {
        match self.field(0, 4) {
            0 => "end of thread",
            1 => "signal event",
            2 => "monitor event",
            3 => "unmonitor event",
            4 => "signal barrier",
            6 => "wait for event",
            _ => "",
        }
    }

    fn sampler(&self) -> String {
        let mode = self.field(17, 2) | self.field(29, 1) << 2;
        let channels = match mode {
            1 => "simd8",
            2 => "simd16",
            3 => "simd32/64",
            5 => "simd8 half with precision parameters",
            6 => "simd16 with half precision parameters",
            7 => "",
            _ => "unknown simd mode",
        };
        let short = if self.bit(30) { " 16b" } else { "" };
        let operation = self.field(12, 5) | self.field(31, 1) << 5;
        let operation = if mode == 3 {
            sampler_media(operation)
        } else {
            sampler_operation(operation)
        };
        let index = self.field(8, 4);
        format!("{channels}{short} {operation} using sampler index {index}")
    }

    fn render_cache(&self) -> String {
        let kind = self.field(14, 4);
        let (write, name) = match kind {
            0xC => (true, "render target write"),
            0xD => (false, "render target read"),
            _ => (false, "unknown render target op"),
        };
        let precision = if self.bit(30) { "half" } else { "full" };
        let mut text = format!("{precision}-precision {name}");
        text += match (kind, self.field(8, 3)) {
            (0xC, 0) | (0xD, 0) => " SIMD16",
            (0xC, 1) => " replicated SIMD16",
            (0xC, 2) => " of low SIMD8",
            (0xC, 3) => " of high SIMD8",
            (0xC, 4) | (0xD, 1) => " SIMD8",
            (0xC, _) => "unknown write subop",
            (0xD, _) => "unknown read subop",
            _ => "",
        };
        if write && self.bit(18) {
            text += " with Per-Coarse Pixel PS outputs enable";
        }
        if self.bit(13) {
            text += " with Per-Sample Pixel PS outputs enable";
        }
        if write && self.bit(12) {
            text += "; last render target";
        }
        if self.bit(11) {
            text += " slot group high";
        }
        format!("{text} to surface {}", self.field(0, 8))
    }

    fn urb(&self) -> String {
        let mut text = match self.field(0, 4) {
            7 if self.bit(15) => "urb dword masked write",
            7 => "urb dword write",
            8 => "urb dword read",
            9 => return "urb fence".to_owned(),
            _ => return String::new(),
        }
        .to_owned();
        if self.bit(17) {
            text += " with per-slot offset enabled";
        }
        text
    }
}

fn sampler_operation(operation: u32) -> &'static str {
    match operation {
        0x00 => "sample",
        0x01 => "sample+LOD bias",
        0x02 => "sample override LOD",
        0x03 => "sample compare",
        0x04 => "sample gradient",
        0x05 => "sample compare+LOD bias",
        0x06 => "sample compare+override LOD",
        0x07 => "sample load",
        0x08 => "sample gather4",
        0x09 => "sample override lod",
        0x0A => "sample res info",
        0x0B => "sample info",
        0x0C => "sample+killpix",
        0x10 => "sample gather4+compare",
        0x11 => "sample gather4+pixel offset",
        0x12 => "sample gather4 pixel offset+compare",
        0x14 => "sample derivatives+compare",
        0x16 => "sample min",
        0x17 => "sample max",
        0x18 => "sample with lod forced to 0",
        0x19 => "sample compare+with lod forced to 0",
        0x1A => "sample load with lod forced to 0",
        0x1C => "sample ld2 multi-sample wide",
        0x1D => "sample load mcs auxiliary data",
        0x1E => "sample load multi-sample",
        0x1F => "sample multi-sample without mcs",
        _ => "?",
    }
}

fn sampler_media(operation: u32) -> &'static str {
    match operation {
        0x00 => "sample unorm",
        0x02 => "sample unorm+killpix",
        0x08 => "sample deinterlace",
        0x0A => "sample unorm+killpix for media",
        0x0B => "sample 8x8",
        0x0C => "sample unorm for media",
        0x1F => "sampler cache flush",
        _ => "?",
    }
}
