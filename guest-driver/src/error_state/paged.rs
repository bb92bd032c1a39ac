// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Lists that grow page by page, without waiting for memory and without moving.

use super::capture::flags;
use kernel::page::PAGE_SIZE;
use kernel::prelude::*;

/// A list in blocks of a page each.
pub(super) struct Paged<T> {
    blocks: KVec<KVec<T>>,
    length: usize,
}

impl<T> Paged<T> {
    /// Entries of a block.
    const BLOCK: usize = PAGE_SIZE / size_of::<T>();

    /// Nothing.
    pub(super) fn new() -> Self {
        Self {
            blocks: KVec::new(),
            length: 0,
        }
    }

    /// Entries.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Adds one at the end. ENOMEM, without waiting.
    pub(super) fn push(&mut self, entry: T) -> Result {
        if self.length == self.blocks.len() * Self::BLOCK {
            let block = KVec::with_capacity(Self::BLOCK, flags())?;
            self.blocks.push(block, flags())?;
        }
        let block = self.blocks.last_mut().ok_or(ENOMEM)?;
        block.push(entry, flags())?;
        self.length += 1;
        Ok(())
    }

    /// An entry.
    pub(super) fn get(&self, index: usize) -> Option<&T> {
        self.blocks
            .get(index / Self::BLOCK)?
            .get(index % Self::BLOCK)
    }

    /// An entry, to be changed.
    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        let block = self.blocks.get_mut(index / Self::BLOCK)?;
        block.get_mut(index % Self::BLOCK)
    }

    /// How many entries at the front `is_before` says yes to; behind those it says no.
    pub(super) fn partition_point(&self, is_before: impl Fn(&T) -> bool) -> usize {
        let (mut low, mut high) = (0, self.length);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.get(middle).is_some_and(&is_before) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// All entries, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.blocks.iter().flat_map(|block| block.iter())
    }
}

/// Bytes.
pub(super) struct Bytes {
    pages: Paged<KBox<[u8; PAGE_SIZE]>>,
    length: usize,
    limit: usize,
}

impl Bytes {
    /// None, and never more than `limit`.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            pages: Paged::new(),
            length: 0,
            limit,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Room for more, at least one byte; [`Self::fill`] then says how many it has become.
    /// ENOMEM, without waiting; ENOSPC at the limit.
    pub(super) fn room(&mut self) -> Result<&mut [u8]> {
        if self.length >= self.limit {
            return Err(ENOSPC);
        }
        if self.length == self.pages.len() * PAGE_SIZE {
            self.pages
                .push(KBox::init(pin_init::init_zeroed(), flags())?)?;
        }
        let page = self.pages.get_mut(self.length / PAGE_SIZE).ok_or(ENOMEM)?;
        page.get_mut(self.length % PAGE_SIZE..).ok_or(ENOMEM)
    }

    /// The first `count` bytes of the room are bytes now.
    pub(super) fn fill(&mut self, count: usize) {
        self.length += count;
    }

    /// Adds zeroes up to a multiple of four. ENOMEM, ENOSPC as [`Self::room`].
    pub(super) fn align(&mut self) -> Result {
        while self.length % 4 != 0 {
            *self.room()?.first_mut().ok_or(ENOMEM)? = 0;
            self.length += 1;
        }
        Ok(())
    }

    /// Forgets what is behind the first `length`.
    pub(super) fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// The dword at `offset`, a multiple of four.
    pub(super) fn dword(&self, offset: usize) -> u32 {
        let bytes = self
            .pages
            .get(offset / PAGE_SIZE)
            .and_then(|page| page.get(offset % PAGE_SIZE..)?.first_chunk());
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }
}
