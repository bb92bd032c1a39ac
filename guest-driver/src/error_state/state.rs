// SPDX-License-Identifier: GPL-2.0 OR MIT

//! An error state as it is kept: text, and the contents of buffers. The text of those is
//! made when it is read.

use super::capture::flags;
use super::paged::{Bytes, Paged};
use crate::drm::Contents;
use crate::rules::error_state::{BufferKind, FixedText, Section};
use core::fmt;
use kernel::prelude::*;

/// A short text.
pub(super) struct Text {
    bytes: KVec<u8>,
}

impl Text {
    /// Most bytes of one.
    const BYTES: usize = 2048;

    /// What `value` shows itself as, cut off after 2 KiB. ENOMEM, without waiting.
    pub(super) fn of(value: &dyn fmt::Display) -> Result<Self> {
        let mut bytes = KVec::from_elem(0, Self::BYTES, flags())?;
        let mut text = FixedText::new(&mut bytes);
        let _ = fmt::write(&mut text, format_args!("{value}"));
        let length = text.length();
        bytes.truncate(length);
        Ok(Self { bytes })
    }
}

/// The name of an engine, as i915 has it.
#[derive(Clone, Copy)]
pub(super) struct EngineName {
    bytes: [u8; 16],
    length: usize,
}

impl EngineName {
    /// From a text of at most 16 bytes.
    pub(super) fn of(value: fmt::Arguments<'_>) -> Self {
        let mut bytes = [0; 16];
        let mut text = FixedText::new(&mut bytes);
        let _ = fmt::write(&mut text, value);
        let length = text.length();
        Self { bytes, length }
    }

    /// The name.
    pub(super) fn as_str(&self) -> &str {
        let name = self.bytes.get(..self.length).unwrap_or(&[]);
        core::str::from_utf8(name).unwrap_or("?")
    }
}

/// A buffer's section.
#[derive(Clone, Copy)]
struct Entry {
    kind: BufferKind,
    /// GPU address.
    address: u64,
    /// Where its dwords begin in the contents.
    first: usize,
    dwords: usize,
    /// Where its text begins behind the head.
    text: u64,
}

/// An error state. Not changed once it can be read.
pub(super) struct ErrorState {
    head: Text,
    tail: Text,
    engine: EngineName,
    /// The contents of buffers are zlib streams.
    compressed: bool,
    entries: Paged<Entry>,
    contents: Bytes,
    /// Bytes of the entries' text.
    entries_text: u64,
}

impl ErrorState {
    /// One without buffers.
    pub(super) fn new(tail: Text, engine: EngineName, compressed: bool, limit: usize) -> Self {
        Self {
            head: Text { bytes: KVec::new() },
            tail,
            engine,
            compressed,
            entries: Paged::new(),
            contents: Bytes::new(limit),
            entries_text: 0,
        }
    }

    /// Its text in front of the buffers.
    pub(super) fn set_head(&mut self, head: Text) {
        self.head = head;
    }

    /// The contents of buffers.
    pub(super) fn contents_mut(&mut self) -> &mut Bytes {
        &mut self.contents
    }

    /// Adds a section for the contents `[first, first + 4 * dwords)`. ENOMEM, without
    /// waiting.
    pub(super) fn add(
        &mut self,
        kind: BufferKind,
        address: u64,
        first: usize,
        dwords: usize,
    ) -> Result {
        let entry = Entry {
            kind,
            address,
            first,
            dwords,
            text: self.entries_text,
        };
        self.entries.push(entry)?;
        self.entries_text += self.section(&entry).text_length();
        Ok(())
    }

    fn section(&self, entry: &Entry) -> Section<'_> {
        Section {
            engine: self.engine.as_str(),
            kind: entry.kind,
            address: entry.address,
            compressed: self.compressed,
            dwords: entry.dwords as u64,
        }
    }

    /// Copies text of the buffers from `offset` behind the head on.
    fn read_entries(&self, offset: u64, to: &mut [u8]) -> usize {
        let next = self.entries.partition_point(|entry| entry.text <= offset);
        let Some(entry) = next.checked_sub(1).and_then(|last| self.entries.get(last)) else {
            return 0;
        };
        self.section(entry).read(offset - entry.text, to, |index| {
            self.contents.dword(entry.first + index as usize * 4)
        })
    }
}

impl Contents for ErrorState {
    fn read(&self, offset: u64, to: &mut [u8]) -> usize {
        let head = self.head.bytes.len() as u64;
        let tail = head + self.entries_text;
        let mut done = 0;
        while done < to.len() {
            let at = offset.saturating_add(done as u64);
            let rest = &mut to[done..];
            let length = if at < head {
                self.head.bytes.read(at, rest)
            } else if at < tail {
                self.read_entries(at - head, rest)
            } else {
                self.tail.bytes.read(at - tail, rest)
            };
            if length == 0 {
                break;
            }
            done += length;
        }
        done
    }
}
