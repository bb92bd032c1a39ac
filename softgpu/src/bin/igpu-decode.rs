//! `igpu-decode`: prints a batch of GPU commands, and kernels. May know the command table, the
//! shader cores' machine code and the command line, and executes nothing.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use eu::isa;
use softgpu::EngineClass;
use softgpu::command::{Line, Privilege, Treatment, commands, disassemble};

/// Prints the commands of a Gen12 batch buffer, a line each: GPU address, first dword, name,
/// fields; or a kernel. It follows no jumps: what another batch buffer holds is to be decoded by itself.
///
/// Example: echo '10000002 1000 0 2a 05000000' | igpu-decode --engine bcs
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// File with the batch; standard input if none is given, or "-".
    file: Option<PathBuf>,

    /// Where in the input the batch begins: bytes, in hexadecimal.
    #[arg(long, short, default_value = "0", value_parser = hexadecimal)]
    offset: u64,

    /// Whose commands they are: the same dword can mean different things.
    #[arg(long, short, value_enum, default_value_t = Engine::Rcs)]
    engine: Engine,

    /// How the dwords are written. "auto" takes text of hexadecimal dwords for hex.
    #[arg(long, short, value_enum, default_value_t = Format::Auto)]
    format: Format,

    /// GPU virtual address of the input's first dword, in hexadecimal.
    #[arg(long, short, default_value = "0", value_parser = hexadecimal)]
    address: u64,

    /// Go on behind MI_BATCH_BUFFER_END, to the last dword.
    #[arg(long)]
    all: bool,

    /// Print all dwords of each command, too.
    #[arg(long)]
    dwords: bool,

    /// Print no batch but the commands that the engine has: first dword without fields,
    /// length in dwords, name, and what the software GPU does with it.
    #[arg(long)]
    commands: bool,

    /// The input is no batch but a kernel: machine code of the shader cores. It is printed as
    /// Intel's assembler writes it.
    #[arg(long, conflicts_with_all = ["commands", "memory"])]
    kernel: bool,

    /// Memory that the batch's kernels are looked for in: the GPU virtual address of its first
    /// byte, in hexadecimal, and a file with its bytes. Can be given many times. Behind each
    /// MEDIA_INTERFACE_DESCRIPTOR_LOAD the kernels that it names are printed.
    #[arg(long, short, value_name = "ADDRESS=FILE", value_parser = memory)]
    memory: Vec<(u64, PathBuf)>,

    /// Dynamic state base address that the batch begins with, in hexadecimal: where descriptors are.
    #[arg(long, default_value = "0", value_parser = hexadecimal)]
    dynamic_base: u64,

    /// Instruction base address that the batch begins with, in hexadecimal: where kernels are.
    #[arg(long, default_value = "0", value_parser = hexadecimal)]
    instruction_base: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Engine {
    /// Render.
    Rcs,
    /// Copy.
    Bcs,
    /// Video.
    Vcs,
    /// Video enhancement.
    Vecs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Guess.
    Auto,
    /// Hexadecimal dwords, with or without 0x, between spaces, commas or line breaks. Words that
    /// end in a colon are addresses and don't count, nor does what stands behind a #.
    Hex,
    /// Little-endian dwords.
    Binary,
}

fn hexadecimal(text: &str) -> Result<u64, String> {
    let digits = text.trim_start_matches("0x");
    u64::from_str_radix(digits, 16).map_err(|error| error.to_string())
}

fn memory(text: &str) -> Result<(u64, PathBuf), String> {
    let (address, file) = text.split_once('=').ok_or("it has no \"=\"")?;
    Ok((hexadecimal(address)?, file.into()))
}

/// The dwords of a text, or the first word that is none.
fn parse_hex(text: &str) -> Result<Vec<u32>, String> {
    text.lines()
        .map(|line| line.split('#').next().unwrap_or(""))
        .flat_map(|line| line.split(|c: char| c.is_whitespace() || c == ','))
        .filter(|word| !word.is_empty() && !word.ends_with(':'))
        .map(|word| {
            u32::from_str_radix(word.trim_start_matches("0x"), 16)
                .map_err(|_| format!("\"{word}\" is not a hexadecimal dword"))
        })
        .collect()
}

fn parse_binary(bytes: &[u8]) -> Result<Vec<u32>, String> {
    let (dwords, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(format!(
            "{} bytes are not a whole number of dwords",
            bytes.len()
        ));
    }
    Ok(dwords
        .iter()
        .map(|&dword| u32::from_le_bytes(dword))
        .collect())
}

fn parse(bytes: &[u8], format: Format) -> Result<Vec<u32>, String> {
    match (format, std::str::from_utf8(bytes)) {
        (Format::Binary, _) => parse_binary(bytes),
        (Format::Hex, Ok(text)) => parse_hex(text),
        (Format::Hex, Err(_)) => Err("not text".to_owned()),
        (Format::Auto, Ok(text)) => parse_hex(text).or_else(|_| parse_binary(bytes)),
        (Format::Auto, Err(_)) => parse_binary(bytes),
    }
}

fn read(file: Option<&PathBuf>) -> io::Result<Vec<u8>> {
    match file {
        Some(path) if path.as_os_str() != "-" => fs::read(path),
        _ => {
            let mut bytes = Vec::new();
            io::stdin().read_to_end(&mut bytes)?;
            Ok(bytes)
        }
    }
}

impl Engine {
    fn class(self) -> EngineClass {
        match self {
            Self::Rcs => EngineClass::Render,
            Self::Bcs => EngineClass::Copy,
            Self::Vcs => EngineClass::Video,
            Self::Vecs => EngineClass::VideoEnhance,
        }
    }
}

/// Most bytes of a kernel that are looked at.
const KERNEL_MOST: usize = 1 << 20;
/// Bytes of an interface descriptor.
const DESCRIPTOR: usize = 32;

/// Where a batch's kernels are, as its commands say one after the other.
struct Kernels {
    /// Its pieces, with the addresses of their first bytes.
    memory: Vec<(u64, Vec<u8>)>,
    dynamic_base: u64,
    instruction_base: u64,
    /// Those that have been printed, by their addresses.
    printed: BTreeSet<u64>,
}

impl Kernels {
    /// With what the command line says.
    fn new(arguments: &Arguments) -> Result<Self, String> {
        let read = |(address, file): &(u64, PathBuf)| match fs::read(file) {
            Ok(bytes) => Ok((*address, bytes)),
            Err(error) => Err(format!("{}: {error}", file.display())),
        };
        Ok(Self {
            memory: arguments
                .memory
                .iter()
                .map(read)
                .collect::<Result<_, _>>()?,
            dynamic_base: arguments.dynamic_base,
            instruction_base: arguments.instruction_base,
            printed: BTreeSet::new(),
        })
    }

    /// The bytes from an address on to the end of the piece that has it.
    fn bytes(&self, address: u64) -> Option<&[u8]> {
        self.memory.iter().find_map(|(first, bytes)| {
            let offset = usize::try_from(address.checked_sub(*first)?).ok()?;
            bytes.get(offset..).filter(|rest| !rest.is_empty())
        })
    }

    /// Takes in a command, and prints the kernels that it names.
    fn follow(&mut self, line: &Line<'_>, out: &mut impl Write) -> io::Result<()> {
        let dword = |number: usize| line.dwords.get(number).copied().unwrap_or(0);
        match line.command.map(|command| command.name) {
            Some("STATE_BASE_ADDRESS") => {
                let bases = [
                    (&mut self.dynamic_base, 6),
                    (&mut self.instruction_base, 10),
                ];
                for (base, number) in bases {
                    // Bit 0 says that it counts.
                    if dword(number) & 1 != 0 {
                        let low = dword(number) & !0xFFF;
                        *base = u64::from(dword(number + 1)) << 32 | u64::from(low);
                    }
                }
            }
            Some("MEDIA_INTERFACE_DESCRIPTOR_LOAD") => {
                let descriptors = self.dynamic_base.wrapping_add(u64::from(dword(3)));
                // The length has 17 bits.
                for number in 0..u64::from(dword(2) & 0x1_FFFF) / DESCRIPTOR as u64 {
                    let at = descriptors.wrapping_add(number * DESCRIPTOR as u64);
                    self.print_kernel(at, out)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Prints the kernel of the interface descriptor at an address.
    fn print_kernel(&mut self, descriptor: u64, out: &mut impl Write) -> io::Result<()> {
        let start = self
            .bytes(descriptor)
            .and_then(|bytes| bytes.first_chunk::<8>());
        let Some(start) = start else {
            return Ok(());
        };
        // Bits 47:6 from the instruction base on.
        let start = u64::from_le_bytes(*start) & 0xFFFF_FFFF_FFC0;
        let address = self.instruction_base.wrapping_add(start);
        if !self.printed.insert(address) {
            return Ok(());
        }
        let Some(code) = self.bytes(address) else {
            return Ok(());
        };
        let code = &code[..code.len().min(KERNEL_MOST)];
        writeln!(out, "# kernel at {address:#x}")?;
        for line in isa::disassemble_kernel(&code[..kernel_length(code)]).lines() {
            writeln!(out, "    {line}")?;
        }
        Ok(())
    }
}

/// Bytes to the end of a kernel's code: a thread's end that no jump before it leads past. All, if
/// there is none.
fn kernel_length(code: &[u8]) -> usize {
    let mut furthest = 0;
    for line in isa::listing(code) {
        let Ok(instruction) = line.instruction else {
            continue;
        };
        let here = i64::from(line.position);
        for target in [instruction.jip, instruction.uip].into_iter().flatten() {
            furthest = furthest.max(here + i64::from(target));
        }
        let message = instruction.message;
        let end = here + i64::from(instruction.length());
        if message.is_some_and(|message| message.end_of_thread) && furthest < end {
            return usize::try_from(end).unwrap_or(code.len());
        }
    }
    code.len()
}

fn print_listing(dwords: &[u32]) -> io::Result<()> {
    let code: Vec<u8> = dwords
        .iter()
        .flat_map(|dword| dword.to_le_bytes())
        .collect();
    let mut out = BufWriter::new(io::stdout().lock());
    out.write_all(isa::disassemble_kernel(&code).as_bytes())?;
    out.flush()
}

fn print(
    arguments: &Arguments,
    dwords: &[u32],
    address: u64,
    mut kernels: Kernels,
) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for line in disassemble(dwords, address, arguments.engine.class()) {
        writeln!(out, "{line}")?;
        if arguments.dwords {
            for dwords in line.dwords.chunks(8) {
                write!(out, "               ")?;
                for dword in dwords {
                    write!(out, " {dword:08x}")?;
                }
                writeln!(out)?;
            }
        }
        kernels.follow(&line, &mut out)?;
        let end = line
            .command
            .is_some_and(|command| command.name == "MI_BATCH_BUFFER_END");
        if end && !arguments.all {
            break;
        }
    }
    out.flush()
}

fn print_commands(class: EngineClass) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for command in commands().filter(|command| command.engines.contains(class)) {
        let treatment = match command.treatment() {
            Treatment::Executed => "executed",
            Treatment::Ignored => "no effect to show",
            Treatment::State => "state, kept",
            Treatment::MissingUnit => "hangs: no such unit",
            Treatment::Privileged => "privileged: no effect",
        };
        let in_part = matches!(command.privilege, Privilege::UserUnless { .. });
        writeln!(
            out,
            "{:08x} {:>8} {:44} {treatment}{}",
            command.value,
            command.length.to_string(),
            command.name,
            if in_part {
                ", privileged with the global address space"
            } else {
                ""
            }
        )?;
    }
    out.flush()
}

/// Reads and prints; what goes wrong, in a sentence.
fn run(arguments: &Arguments) -> Result<(), String> {
    let result = if arguments.commands {
        print_commands(arguments.engine.class())
    } else {
        let bytes = read(arguments.file.as_ref()).map_err(|error| match &arguments.file {
            Some(path) => format!("{}: {error}", path.display()),
            None => error.to_string(),
        })?;
        let dwords = parse(&bytes, arguments.format)?;
        let offset = arguments.offset;
        let first = usize::try_from(offset / 4).unwrap_or(usize::MAX);
        if !offset.is_multiple_of(4) {
            return Err(format!("offset {offset:#x} is not a multiple of 4"));
        }
        let batch = dwords.get(first..).filter(|batch| !batch.is_empty());
        let batch = batch.ok_or(format!(
            "no dword at offset {offset:#x}: the input has {}",
            dwords.len()
        ))?;
        if arguments.kernel {
            print_listing(batch)
        } else {
            let kernels = Kernels::new(arguments)?;
            let address = arguments.address.wrapping_add(offset);
            print(arguments, batch, address, kernels)
        }
    };
    match result {
        // Whoever reads our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| error.to_string()),
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("igpu-decode: {error}");
            ExitCode::FAILURE
        }
    }
}
