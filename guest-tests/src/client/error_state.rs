//! The error state: i915's text about the first hang, taken apart as its readers do.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use flate2::read::ZlibDecoder;

use super::setting::{card_folder, debug_folder};
use super::{Error, Result};

/// What the file says while there is no error state.
const NONE: &str = "No error state collected\n";

/// What hung first, and what was in memory then.
#[derive(Debug)]
pub struct ErrorState {
    /// The whole text.
    pub text: String,
    /// The buffers in it.
    pub buffers: Vec<CapturedBuffer>,
}

/// Memory that was captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedBuffer {
    /// The engine it was captured for: `rcs0`.
    pub engine: String,
    /// What it is: `user`, `batch`.
    pub name: String,
    /// Its GPU address.
    pub address: u64,
    /// What was in it.
    pub contents: Vec<u8>,
}

impl ErrorState {
    /// The error state, if there is one.
    pub fn read() -> Result<Option<Self>> {
        match fs::read_to_string(path()?) {
            Ok(text) if text == NONE => Ok(None),
            Ok(text) => Self::parse(text).map(Some),
            Err(source) => Err(Error::File {
                what: "reading the error state".to_owned(),
                source,
            }),
        }
    }

    /// The text of the debugfs file: empty if there is no error state.
    pub fn read_debugfs() -> Result<String> {
        let path = debug_folder()?.join("i915_error_state");
        fs::read_to_string(&path).map_err(|source| Error::File {
            what: format!("reading {}", path.display()),
            source,
        })
    }

    /// Clears it, by writing to the file in sysfs.
    pub fn clear() -> Result<()> {
        fs::write(path()?, "Begone!").map_err(|source| Error::File {
            what: "clearing the error state".to_owned(),
            source,
        })
    }

    /// Takes the text apart.
    pub fn parse(text: String) -> Result<Self> {
        let mut buffers = Vec::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let Some((engine, what)) = line.split_once(" --- ") else {
                continue;
            };
            let bad = || Error::Unexpected(format!("no buffer: {line}"));
            let (name, address) = what.split_once(" = 0x").ok_or_else(bad)?;
            let (high, low) = address.split_once(' ').ok_or_else(bad)?;
            let half = |digits| u64::from_str_radix(digits, 16).map_err(|_| bad());
            buffers.push(CapturedBuffer {
                engine: engine.to_owned(),
                name: name.to_owned(),
                address: half(high)? << 32 | half(low)?,
                contents: contents(lines.next().unwrap_or_default()).ok_or_else(bad)?,
            });
        }
        Ok(Self { text, buffers })
    }

    /// The value of the first line that begins with this, spaces aside.
    pub fn value(&self, name: &str) -> Option<&str> {
        let mut lines = self.text.lines().map(str::trim_start);
        lines.find_map(|line| line.strip_prefix(name).map(str::trim))
    }

    /// The buffer of that name at that address.
    pub fn buffer(&self, name: &str, address: u64) -> Option<&CapturedBuffer> {
        let is_meant = |buffer: &&CapturedBuffer| buffer.name == name && buffer.address == address;
        self.buffers.iter().find(is_meant)
    }

    /// The addresses of the buffers of that name, sorted.
    pub fn addresses(&self, name: &str) -> Vec<u64> {
        let named = self.buffers.iter().filter(|buffer| buffer.name == name);
        let mut addresses: Vec<u64> = named.map(|buffer| buffer.address).collect();
        addresses.sort_unstable();
        addresses
    }
}

fn path() -> Result<PathBuf> {
    Ok(card_folder()?.join("error"))
}

/// The bytes of a line of contents: `:` and a zlib stream in ASCII85, or `~` and the bytes
/// themselves.
fn contents(line: &str) -> Option<Vec<u8>> {
    let (marker, digits) = line.split_at_checked(1)?;
    let bytes = ascii85(digits.as_bytes())?;
    match marker {
        "~" => Some(bytes),
        ":" => {
            let mut contents = Vec::new();
            ZlibDecoder::new(&bytes[..])
                .read_to_end(&mut contents)
                .ok()?;
            Some(contents)
        }
        _ => None,
    }
}

/// Little-endian dwords from ASCII85, in which `z` is short for a zero.
fn ascii85(mut digits: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(digits.len() / 5 * 4);
    while let Some((first, rest)) = digits.split_first() {
        if *first == b'z' {
            bytes.extend_from_slice(&[0; 4]);
            digits = rest;
            continue;
        }
        let (five, rest) = digits.split_first_chunk::<5>()?;
        let mut dword: u64 = 0;
        for digit in five {
            let digit = digit.checked_sub(b'!').filter(|digit| *digit < 85)?;
            dword = dword * 85 + u64::from(digit);
        }
        bytes.extend_from_slice(&u32::try_from(dword).ok()?.to_le_bytes());
        digits = rest;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{ErrorState, ascii85};

    #[test]
    fn ascii85_of_known_dwords() {
        assert_eq!(ascii85(b"!!!!!").unwrap(), [0; 4]);
        assert_eq!(ascii85(b"z!!!!\"").unwrap(), [0, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(ascii85(b"s8W-!").unwrap(), [0xff; 4]);
        assert_eq!(ascii85(b"s8W-\""), None, "more than 32 bits");
        assert_eq!(ascii85(b"!!!"), None, "half a dword");
    }

    #[test]
    fn buffers_are_found() {
        let text = "GPU HANG\n  IPEHR: 0x12345678\nrcs0 --- user = 0x00000001 00002000\n~!!!!\"\ni915.reset=2\n";
        let state = ErrorState::parse(text.to_owned()).unwrap();
        assert_eq!(state.value("IPEHR:"), Some("0x12345678"));
        let buffer = state.buffer("user", 0x1_0000_2000).unwrap();
        assert_eq!(buffer.contents, [1, 0, 0, 0]);
        assert_eq!(buffer.engine, "rcs0");
        assert_eq!(state.addresses("batch"), []);
    }
}
