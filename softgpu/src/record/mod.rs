//! Recordings: what a GPU was told and what it was to work on, in a file, so that the
//! same can be done again without whoever did it first.
//!
//! # The format
//!
//! `IGPUREC` and a line feed, the version as a little-endian dword, then records: the
//! length in bytes as a little-endian dword, and a [`Record`] as `postcard` encodes it
//! (<https://postcard.jamesmunns.com>: integers of more than a byte as variable-length
//! integers, signed ones in zigzag; lists and texts with their length in front; an enum's
//! variant by its number). The first record is [`Record::Start`]. A file may end after any
//! record; one that was finished ends with [`Record::End`].
//!
//! Another version is refused: recordings are for finding what went wrong, not archives.

mod image;
mod recorder;
mod replay;

use std::io::{self, Read, Write};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::completion::{CompletionSink, Outcome};
use crate::gpu::GpuConfig;
use crate::ids::Point;
use crate::memory::Memory;
use crate::platform::{NotSoManyEus, Platform};

pub use image::image_hash;
pub use recorder::Recorder;
pub use replay::{Replay, ReplayEvent, ReplayOptions};

/// How a recording begins.
const MAGIC: &[u8; 8] = b"IGPUREC\n";

/// The format's version. To be raised whenever a type that records hold changes.
pub const VERSION: u32 = 2;

/// Longest record: a bind of as many extents as there may be takes less.
const LONGEST_RECORD: u32 = 32 << 20;

/// What stands in a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// The GPU that was recorded.
    Start(Start),
    /// From here on there is this memory, all zeros: base and length of each region.
    Memory(Vec<(u64, u64)>),
    /// The processor has written this, as far as the next submission can see.
    Write {
        /// Guest-physical address.
        address: u64,
        /// What it has written.
        data: Vec<u8>,
    },
    /// A call, refused or not.
    Call(Call),
    /// A GPU without threads was stepped so often.
    Steps(u64),
    /// Work has ended.
    Completed {
        /// The point it signalled.
        point: Point,
        /// How it ended.
        outcome: Outcome,
    },
    /// The end, with [`image_hash`] of all that was ever bound.
    End {
        /// The hash.
        image: u64,
    },
}

/// The GPU that was recorded, as far as what its work comes to depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Its platform, by [`Platform::name`](crate::Platform::name).
    pub platform: String,
    /// Its execution units.
    pub eus: u32,
    /// Whether it was strict.
    pub strict: bool,
    /// Its [`GpuConfig::kernel_patience`].
    pub kernel_patience: u64,
    /// The seed, of one without threads.
    pub seed: Option<u64>,
}

impl Start {
    /// For a GPU made of this.
    fn of(config: &GpuConfig, seed: Option<u64>) -> Self {
        Self {
            platform: config.platform.name.to_owned(),
            eus: config.platform.topology.eus(),
            strict: config.strict,
            kernel_patience: config.kernel_patience,
            seed,
        }
    }

    /// What a GPU like it is made of, for now without memory.
    fn config(&self, sink: Arc<dyn CompletionSink>) -> Result<GpuConfig, RecordingError> {
        let platform = Platform::by_name(&self.platform)
            .ok_or_else(|| RecordingError::UnknownPlatform(self.platform.clone()))?;
        let platform = platform.with_eus(self.eus)?;
        Ok(GpuConfig {
            strict: self.strict,
            kernel_patience: self.kernel_patience,
            ..GpuConfig::new(platform, Memory::default(), sink)
        })
    }
}

/// What is wrong with a recording, or came in the way of its replay.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// It can't be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It doesn't begin like a recording.
    #[error("this is not a recording of a GPU")]
    NotARecording,
    /// It has another version than [`VERSION`].
    #[error("recording of version {0}; this program reads version {VERSION}")]
    Version(u32),
    /// A record isn't one.
    #[error("record {number} is damaged")]
    Damaged {
        /// Which, counted from 0.
        number: u64,
    },
    /// The first record isn't [`Record::Start`], or another one is.
    #[error("record {number} is out of place")]
    OutOfPlace {
        /// Which, counted from 0.
        number: u64,
    },
    /// There is no such platform.
    #[error("no platform {0:?}")]
    UnknownPlatform(String),
    /// The platform is not made like that.
    #[error(transparent)]
    NotSoManyEus(#[from] NotSoManyEus),
    /// It wants more memory than it may have, or memory that can't be.
    #[error("the recording's memory: {0}")]
    Memory(String),
    /// It takes too long.
    #[error("the replay has come to its time limit at record {number}")]
    TimeLimit {
        /// Where, counted from 0.
        number: u64,
    },
}

/// Reads a recording's records.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    next: u64,
}

impl<R: Read> Reader<R> {
    /// Reads the beginning.
    pub fn new(mut input: R) -> Result<Self, RecordingError> {
        let mut beginning = [0; 12];
        input.read_exact(&mut beginning).map_err(short)?;
        let (magic, version) = beginning.split_at(8);
        if magic != MAGIC {
            return Err(RecordingError::NotARecording);
        }
        let version = version.try_into().map_or(0, u32::from_le_bytes);
        if version != VERSION {
            return Err(RecordingError::Version(version));
        }
        Ok(Self { input, next: 0 })
    }

    /// The next record, with its number; none at the end, also where a record was only half
    /// written.
    pub fn read(&mut self) -> Result<Option<(u64, Record)>, RecordingError> {
        let number = self.next;
        let mut length = [0; 4];
        if !read_whole(&mut self.input, &mut length)? {
            return Ok(None);
        }
        let length = u32::from_le_bytes(length);
        if length > LONGEST_RECORD {
            return Err(RecordingError::Damaged { number });
        }
        // Grows with what is there, not with what the length says.
        let mut bytes = Vec::new();
        let mut input = (&mut self.input).take(length.into());
        if input.read_to_end(&mut bytes)? < length as usize {
            return Ok(None);
        }
        let (record, rest) =
            postcard::take_from_bytes(&bytes).map_err(|_| RecordingError::Damaged { number })?;
        if !rest.is_empty() {
            return Err(RecordingError::Damaged { number });
        }
        self.next += 1;
        Ok(Some((number, record)))
    }
}

/// What ends before it has begun is no recording.
fn short(error: io::Error) -> RecordingError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => RecordingError::NotARecording,
        _ => RecordingError::Io(error),
    }
}

/// Fills a buffer; whether there was enough.
fn read_whole(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn write_beginning(output: &mut impl Write) -> io::Result<()> {
    output.write_all(MAGIC)?;
    output.write_all(&VERSION.to_le_bytes())
}

fn write_record(output: &mut impl Write, record: &Record) -> io::Result<()> {
    let bytes = postcard::to_allocvec(record).map_err(io::Error::other)?;
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    output.write_all(&length.to_le_bytes())?;
    output.write_all(&bytes)
}

#[cfg(test)]
mod tests;
