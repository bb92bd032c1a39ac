//! `igpu-decode`: prints a batch of GPU commands. May know the command table and the
//! command line, and executes nothing.

use std::fs;
use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use softgpu::EngineClass;
use softgpu::command::{Privilege, Treatment, commands, disassemble};

/// Prints the commands of a Gen12 batch buffer, a line each: GPU address, first dword, name,
/// fields. It follows no jumps: what another batch buffer holds is to be decoded by itself.
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

fn print(arguments: &Arguments, dwords: &[u32], address: u64) -> io::Result<()> {
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
        print(arguments, batch, arguments.address.wrapping_add(offset))
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
