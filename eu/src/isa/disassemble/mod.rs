//! Instructions as text, in the syntax and the columns of Intel's graphics assembler (IGA), so
//! that what it prints can be compared with this.

mod columns;
mod float;
mod message;
mod operand;

use std::collections::BTreeSet;

use columns::Line;

use super::decode::{DecodeError, decode};
use super::instruction::*;
use super::opcode::{Format, Opcode};

/// How jump targets are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Targets {
    /// As they are encoded: bytes from the instruction.
    Relative,
    /// As labels, `L` and the bytes from the kernel's beginning; the instruction is that many
    /// bytes from there.
    Labels(u32),
}

/// Widths of the columns.
const PREDICATION: usize = 7;
const OPCODE: usize = 13;
const CONDITION: usize = 9;
const DESTINATION: usize = 12;
const SOURCE: usize = 16;
const SEND_DESTINATION: usize = 7;
const SEND_SOURCE: usize = 6;
const DESCRIPTOR: usize = 10;

/// An instruction as one line, without its end.
pub fn disassemble(instruction: &Instruction, targets: Targets) -> String {
    Printer {
        instruction,
        targets,
        line: Line::default(),
    }
    .print()
}

/// A line of a kernel's listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Bytes from the kernel's beginning.
    pub position: u32,
    /// The instruction, or why there is none.
    pub instruction: Result<Instruction, DecodeError>,
}

/// The instructions of a kernel one after the other, up to its end. Behind bytes that are no
/// instruction it goes on with the next that could be; less than an instruction at the end is
/// left out.
pub fn listing(code: &[u8]) -> impl Iterator<Item = Listed> {
    let mut position = 0;
    std::iter::from_fn(move || {
        let rest = code.get(position..)?;
        // Bit 29 says how long it is, whatever it is.
        let length = if rest.get(3)? & 0x20 != 0 {
            COMPACTED
        } else {
            NATIVE
        } as usize;
        let bytes = rest.get(..length)?;
        let listed = Listed {
            position: u32::try_from(position).ok()?,
            instruction: decode(bytes),
        };
        position += length;
        Some(listed)
    })
}

/// A kernel's listing with labels where blocks begin, each line ended.
pub fn disassemble_kernel(code: &[u8]) -> String {
    let lines: Vec<Listed> = listing(code).collect();
    let blocks = block_starts(&lines);
    let mut blocks = blocks.into_iter().peekable();
    let mut text = String::new();
    for line in lines {
        if let Some(block) = blocks.next_if(|block| *block <= i64::from(line.position)) {
            text += &format!("{}:\n", label(block));
        }
        match line.instruction {
            Ok(instruction) => text += &disassemble(&instruction, Targets::Labels(line.position)),
            Err(error) => text += &format!("        // {error}"),
        }
        text.push('\n');
    }
    for block in blocks {
        text += &format!("{}:\n", label(block));
    }
    text
}

/// Where blocks begin: at the kernel's beginning, at jumps' targets, behind jumps and where
/// threads end. Bytes from the kernel's beginning.
fn block_starts(lines: &[Listed]) -> BTreeSet<i64> {
    let mut starts = BTreeSet::from([0]);
    for line in lines {
        let Ok(instruction) = &line.instruction else {
            continue;
        };
        let message = instruction.message.as_ref();
        let ends = message.is_some_and(|message| message.end_of_thread);
        if instruction.opcode.is_jump() || ends {
            starts.insert(i64::from(line.position) + i64::from(instruction.length()));
        }
        for target in [instruction.jip, instruction.uip].into_iter().flatten() {
            starts.insert(target_position(instruction, line.position, target));
        }
    }
    starts
}

/// A jump's target in bytes from the kernel's beginning; its own are that many bytes from there.
fn target_position(instruction: &Instruction, position: u32, target: i32) -> i64 {
    let from = match instruction.opcode {
        // Absolute.
        Opcode::Calla => 0,
        _ => i64::from(position),
    };
    from + i64::from(target)
}

fn label(position: i64) -> String {
    match position {
        0.. => format!("L{position}"),
        _ => format!("L_N{}", position.unsigned_abs()),
    }
}

struct Printer<'a> {
    instruction: &'a Instruction,
    targets: Targets,
    line: Line,
}

impl Printer<'_> {
    fn print(mut self) -> String {
        let instruction = self.instruction;
        self.predication();
        self.line.put(" ");
        self.opcode();
        self.line.put(" ");
        self.condition();
        let options = self.options();
        self.destination(!options.is_empty());
        self.sources(!options.is_empty());
        if let Some(message) = &instruction.message {
            self.descriptors(message);
        }
        if !options.is_empty() {
            self.line.put(&format!(" {{{}}}", options.join(",")));
        }
        if let Some(message) = &instruction.message {
            let comment = message::comment(instruction, message);
            self.line.put(&format!(" // {comment}"));
        }
        self.line.into_text()
    }

    fn predication(&mut self) {
        let instruction = self.instruction;
        let mut parts = Vec::new();
        if instruction.mask_disabled {
            parts.push("W".to_owned());
        }
        if let Some(predicate) = instruction.predicate {
            let inverted = if predicate.inverted { "~" } else { "" };
            let control = match predicate.control {
                PredicateControl::Sequential => String::new(),
                PredicateControl::AnyVertical => ".anyv".to_owned(),
                PredicateControl::AllVertical => ".allv".to_owned(),
                PredicateControl::AnyHorizontal(channels) => format!(".any{channels}h"),
                PredicateControl::AllHorizontal(channels) => format!(".all{channels}h"),
            };
            parts.push(format!("{inverted}{}{control}", flag(instruction.flag)));
        }
        self.line.start(PREDICATION);
        if !parts.is_empty() {
            self.line.put(&format!("({})", parts.join("&")));
        }
        self.line.finish();
    }

    fn opcode(&mut self) {
        let instruction = self.instruction;
        self.line.start(OPCODE);
        self.line.put(instruction.opcode.name());
        let function = match (instruction.math, instruction.sync, &instruction.message) {
            (Some(function), _, _) => Some(function.name()),
            (_, Some(function), _) => Some(function.name()),
            (_, _, Some(message)) => Some(message.function.name()),
            _ if instruction.branch_control => Some("b"),
            _ => None,
        };
        if let Some(function) = function {
            self.line.put(&format!(".{function}"));
        }
        self.line.put(" ");
        use Opcode::{Illegal, Jmpi, Nop, Sync};
        if !matches!(instruction.opcode, Illegal | Jmpi | Nop | Sync) {
            self.line.put(&format!(
                "({}|M{})",
                instruction.exec_size, instruction.channel_offset
            ));
        }
        self.line.finish();
    }

    fn condition(&mut self) {
        let instruction = self.instruction;
        self.line.start(CONDITION);
        if let Some(condition) = instruction.condition {
            let condition = condition.name();
            self.line
                .put(&format!("({condition}){}", flag(instruction.flag)));
        }
        self.line.finish();
    }

    fn destination(&mut self, options: bool) {
        let instruction = self.instruction;
        let Some(destination) = &instruction.destination else {
            let nothing_behind = instruction.opcode.info().format == Format::Bare && !options;
            if !nothing_behind {
                self.line.spaces(DESTINATION);
            }
            return;
        };
        self.line.put("  ");
        self.line.start(if instruction.message.is_some() {
            SEND_DESTINATION
        } else {
            DESTINATION
        });
        if instruction.saturate {
            self.line.put("(sat)");
        }
        self.place(destination.place, destination.kind);
        if !self.is_plain() {
            let stride = destination.stride;
            // Macros write <1> and don't say so.
            if !instruction.math.is_some_and(MathFunction::is_macro) || stride != 1 {
                self.line.put(&format!("<{stride}>"));
            }
            self.line.put(&format!(":{}", destination.kind.name()));
        }
        self.line.finish();
    }

    /// Operands of messages and jumps have neither regions nor types.
    fn is_plain(&self) -> bool {
        self.instruction.message.is_some() || self.instruction.opcode.is_jump()
    }

    fn sources(&mut self, options: bool) {
        let instruction = self.instruction;
        let send = instruction.message.is_some();
        match instruction.opcode.info().format {
            Format::Bare => {
                if options {
                    self.line.spaces(SOURCE);
                }
                return;
            }
            Format::Jump | Format::JumpTwo => {
                let targets = [instruction.jip, instruction.uip];
                let printed = targets
                    .into_iter()
                    .flatten()
                    .map(|target| self.target(target))
                    .collect::<Vec<_>>();
                for target in &printed {
                    self.line.put("  ");
                    self.line.start(SOURCE);
                    self.line.put_free(target);
                    self.line.finish();
                }
                self.operands(send, printed.len());
                return;
            }
            Format::Sync => {
                self.line.put("  ");
                self.sync_operand();
                self.line.start(SOURCE);
                self.line.finish();
                return;
            }
            _ => {}
        }
        self.operands(send, 0);
    }

    /// The sources that are there, and a column for a second one that isn't.
    fn operands(&mut self, send: bool, before: usize) {
        let mut count = before;
        for (index, source) in self.instruction.sources.iter().flatten().enumerate() {
            self.line.put("  ");
            self.line.start(if send { SEND_SOURCE } else { SOURCE });
            self.source(index, source);
            self.line.finish();
            count += 1;
        }
        if count == 1 && !send {
            self.line.start(SOURCE);
            self.line.finish();
        }
    }

    fn target(&self, target: i32) -> String {
        let Targets::Labels(position) = self.targets else {
            return target.to_string();
        };
        label(target_position(self.instruction, position, target))
    }

    fn sync_operand(&mut self) {
        let instruction = self.instruction;
        let all = matches!(
            instruction.sync,
            Some(SyncFunction::AllReads | SyncFunction::AllWrites)
        );
        match &instruction.sources[0] {
            Some(Source::Immediate { bits, .. }) if all => {
                let tokens: Vec<String> = (0..32)
                    .filter(|token| bits >> token & 1 != 0)
                    .map(|token| format!("${token}"))
                    .collect();
                self.line.put(&format!("({})", tokens.join(",")));
            }
            source => {
                self.line.start(SOURCE);
                match source {
                    Some(source) => self.source(0, source),
                    None => self.line.put("null"),
                }
                self.line.finish();
            }
        }
    }

    fn descriptors(&mut self, message: &Message) {
        self.line.put("  ");
        self.line.start(DESCRIPTOR);
        match message.extended {
            ExtendedDescriptor::Immediate(bits) => self.line.put_free(&format!("0x{bits:X}")),
            ExtendedDescriptor::Register(dword) => self.line.put(&format!("a0.{dword}")),
        }
        self.line.finish();
        self.line.put("  ");
        self.line.start(DESCRIPTOR);
        match message.descriptor {
            Some(bits) => self.line.put_free(&format!("0x{bits:08X}")),
            None => self.line.put("a0.0"),
        }
        self.line.finish();
    }

    /// What stands in braces.
    fn options(&self) -> Vec<String> {
        let instruction = self.instruction;
        let message = instruction.message.as_ref();
        let options = [
            (instruction.writes_accumulator, "AccWrEn"),
            (instruction.atomic, "Atomic"),
            (instruction.breakpoint, "Breakpoint"),
            (instruction.compacted, "Compacted"),
            (message.is_some_and(|message| message.end_of_thread), "EOT"),
            (message.is_some_and(|message| message.fusion), "Serialize"),
        ];
        options
            .into_iter()
            .filter(|(set, _)| *set)
            .map(|(_, name)| name.to_owned())
            .chain(self.scoreboard())
            .collect()
    }

    /// The scoreboard byte: a distance to wait for, a token to wait for or to set, or both.
    fn scoreboard(&self) -> Option<String> {
        let bits = self.instruction.scoreboard;
        let token = bits & 0xF;
        // What is done out of order sets its token, the others wait for it.
        let format = self.instruction.opcode.info().format;
        let sets = matches!(format, Format::Math | Format::Send);
        match bits >> 4 {
            0 if bits == 0 => None,
            0 => Some(format!("@{bits}")),
            2 => Some(format!("${token}.dst")),
            3 => Some(format!("${token}.src")),
            4 => Some(format!("${token}")),
            high @ 8.. => {
                let waits = if sets { "" } else { ".dst" };
                Some(format!("@{},${token}{waits}", high & 7))
            }
            _ => None,
        }
    }
}

fn flag(flag: Flag) -> String {
    format!("f{}.{}", flag.register, flag.subregister)
}

impl std::fmt::Display for Instruction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(disassemble(self, Targets::Relative).trim_end())
    }
}

impl Condition {
    fn name(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::NotEqual => "ne",
            Self::Greater => "gt",
            Self::GreaterOrEqual => "ge",
            Self::Less => "lt",
            Self::LessOrEqual => "le",
            Self::Overflow => "ov",
            Self::Unordered => "un",
            Self::EarlyOut => "eo",
        }
    }
}

impl MathFunction {
    fn name(self) -> &'static str {
        match self {
            Self::Inverse => "inv",
            Self::Logarithm => "log",
            Self::Exponential => "exp",
            Self::SquareRoot => "sqt",
            Self::InverseSquareRoot => "rsqt",
            Self::Sine => "sin",
            Self::Cosine => "cos",
            Self::FloatDivide => "fdiv",
            Self::Power => "pow",
            Self::IntegerDivide => "idiv",
            Self::IntegerQuotient => "iqot",
            Self::IntegerRemainder => "irem",
            Self::InverseMacro => "invm",
            Self::InverseSquareRootMacro => "rsqtm",
        }
    }
}

impl SyncFunction {
    fn name(self) -> &'static str {
        match self {
            Self::Nop => "nop",
            Self::AllReads => "allrd",
            Self::AllWrites => "allwr",
            Self::Barrier => "bar",
            Self::Host => "host",
        }
    }
}

impl SharedFunction {
    fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Sampler => "smpl",
            Self::Gateway => "gtwy",
            Self::DataPort2 => "dc2",
            Self::RenderCache => "rc",
            Self::Urb => "urb",
            Self::ThreadSpawner => "ts",
            Self::MotionEstimation => "vme",
            Self::ConstantCache => "dcro",
            Self::DataPort0 => "dc0",
            Self::PixelInterpolator => "pixi",
            Self::DataPort1 => "dc1",
            Self::Refinement => "cre",
        }
    }
}
