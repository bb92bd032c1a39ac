//! `igpu-decode`: prints a batch of GPU commands. May know the command table and the
//! command line, and executes nothing.

use std::fs;
use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use softgpu::EngineClass;
use softgpu::command::disassemble;

/// Prints the commands of a Gen12 batch buffer.
///
/// Example: echo '10000002 1000 0 2a 05000000' | igpu-decode --engine rcs
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// File with the batch; standard input if none is given, or "-".
    file: Option<PathBuf>,

    /// Whose commands they are: the same dword can mean different things.
    #[arg(long, short, value_enum, default_value_t = Engine::Rcs)]
    engine: Engine,

    /// How the dwords are written. "auto" takes text of hexadecimal dwords for hex.
    #[arg(long, short, value_enum, default_value_t = Format::Auto)]
    format: Format,

    /// GPU virtual address of the first dword, in hexadecimal.
    #[arg(long, short, default_value = "0", value_parser = hexadecimal)]
    address: u64,

    /// Go on behind MI_BATCH_BUFFER_END, to the last dword.
    #[arg(long)]
    all: bool,
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
    /// Hexadecimal dwords, with or without 0x, between spaces, commas or line breaks.
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
    text.split(|c: char| c.is_whitespace() || c == ',')
        .filter(|word| !word.is_empty())
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

fn print(arguments: &Arguments, dwords: &[u32]) -> io::Result<()> {
    let class = match arguments.engine {
        Engine::Rcs => EngineClass::Render,
        Engine::Bcs => EngineClass::Copy,
        Engine::Vcs => EngineClass::Video,
        Engine::Vecs => EngineClass::VideoEnhance,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    for line in disassemble(dwords, arguments.address, class) {
        writeln!(out, "{line}")?;
        let end = line
            .command
            .is_some_and(|command| command.name == "MI_BATCH_BUFFER_END");
        if end && !arguments.all {
            break;
        }
    }
    out.flush()
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let dwords = read(arguments.file.as_ref())
        .map_err(|error| error.to_string())
        .and_then(|bytes| parse(&bytes, arguments.format));
    let result = dwords.and_then(|dwords| match print(&arguments, &dwords) {
        // Whoever reads our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| error.to_string()),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("igpu-decode: {error}");
            ExitCode::FAILURE
        }
    }
}
