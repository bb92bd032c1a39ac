//! `igpu-replay`: does again what a recording of a GPU says, and compares. May know
//! recordings and the command line.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use softgpu::Outcome;
use softgpu::record::{RecordingError, Replay, ReplayEvent, ReplayOptions};

/// Replays a recording of a GPU, and compares what comes of it.
///
/// Prints what ends, in order, and a hash of all memory that was ever bound. Fails with 1
/// if anything ends otherwise than in the recording, or its memory differs in the end.
///
/// Example: igpu-replay session.igpu
///
/// Recordings are made by softgpu::Recorder (docs/softgpu.md).
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The recording; standard input if it is "-".
    file: PathBuf,

    /// Decides who is next where the recording leaves that open. With another seed than
    /// the recording's own its order is only kept where its completions say so.
    #[arg(long, short)]
    seed: Option<u64>,

    /// Print the result alone.
    #[arg(long, short)]
    quiet: bool,

    /// Write the memory as it is in the end to this file, one region behind the other.
    #[arg(long, value_name = "PATH")]
    memory: Option<PathBuf>,

    /// Most MiB of memory that the recording may want.
    #[arg(long, value_name = "MIB", default_value_t = 16384)]
    memory_limit: u64,

    /// Most seconds of virtual time that the replay may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    time_limit: u64,
}

fn show(event: &ReplayEvent, out: &mut impl Write) -> io::Result<()> {
    match event {
        ReplayEvent::Completed(completion) => {
            let how = match completion.outcome {
                Outcome::Completed => "completed",
                Outcome::Hung => "hung",
                Outcome::Cancelled => "cancelled",
                Outcome::OutOfSpace => "out of space",
            };
            let busy = Duration::from_nanos(completion.busy_ns);
            writeln!(out, "{} {how}, {busy:?} on an engine", completion.point)
        }
        ReplayEvent::Hung(report) => writeln!(out, "{report}"),
    }
}

fn replay(arguments: &Arguments, out: &mut impl Write) -> Result<bool, RecordingError> {
    let input: Box<dyn Read> = if arguments.file.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(&arguments.file)?))
    };
    let options = ReplayOptions {
        seed: arguments.seed,
        memory_limit: arguments.memory_limit.saturating_mul(1 << 20),
        time_limit: Duration::from_secs(arguments.time_limit),
    };
    let mut result = Ok(());
    let replay = Replay::run(input, &options, |event| {
        if !arguments.quiet && result.is_ok() {
            result = show(event, out);
        }
    })?;
    result?;
    if let Some(path) = &arguments.memory {
        write_memory(&replay, path)?;
    }
    for point in &replay.different {
        writeln!(out, "{point} ended otherwise in the recording")?;
    }
    let records = replay.records;
    let elapsed = replay.elapsed;
    let refused = replay.refused;
    writeln!(
        out,
        "{records} records, {refused} calls refused, {elapsed:?} of virtual time"
    )?;
    let verdict = match replay.recorded_image {
        None => "the recording has no end to compare with".to_owned(),
        Some(image) if image == replay.image => "as recorded".to_owned(),
        Some(image) => format!("recorded {image:#018x}"),
    };
    writeln!(out, "memory {:#018x}: {verdict}", replay.image)?;
    out.flush()?;
    Ok(replay.agrees())
}

fn write_memory(replay: &Replay, path: &PathBuf) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut piece = vec![0; 1 << 16];
    for (base, length) in replay.memory.ranges() {
        for at in (0..length).step_by(piece.len()) {
            let here = (length - at).min(piece.len() as u64) as usize;
            let part = &mut piece[..here];
            replay
                .memory
                .read(base + at, part)
                .map_err(io::Error::other)?;
            file.write_all(part)?;
        }
    }
    file.flush()
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match replay(&arguments, &mut BufWriter::new(io::stdout().lock())) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        // Whoever reads has had enough.
        Err(RecordingError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("igpu-replay: {}: {error}", arguments.file.display());
            ExitCode::from(2)
        }
    }
}
