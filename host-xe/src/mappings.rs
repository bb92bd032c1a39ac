// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What an address space shows of guest memory: asked when that memory moves in this process.

use std::collections::BTreeMap;

use virtio_igpu_executor::{Backing, Extent};

/// A piece of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The memory.
    pub(crate) extent: Extent,
    /// Writes vanish.
    pub(crate) read_only: bool,
}

impl Piece {
    /// Without its first bytes.
    fn skip(self, bytes: u64) -> Self {
        let extent = Extent {
            address: self.extent.address + bytes,
            length: self.extent.length - bytes,
        };
        Self { extent, ..self }
    }

    /// Only its first bytes.
    fn take(self, length: u64) -> Self {
        let extent = Extent {
            length,
            ..self.extent
        };
        Self { extent, ..self }
    }
}

/// Pieces of guest memory by GPU address; none overlaps another.
#[derive(Debug, Default)]
pub(crate) struct Mappings(BTreeMap<u64, Piece>);

impl Mappings {
    /// A range holds something else now.
    pub(crate) fn update(&mut self, address: u64, length: u64, backing: &Backing) {
        self.clear(address, length);
        if let Backing::Memory { extents, read_only } = backing {
            let mut at = address;
            for &extent in extents {
                let read_only = *read_only;
                self.0.insert(at, Piece { extent, read_only });
                at += extent.length;
            }
        }
    }

    fn clear(&mut self, address: u64, length: u64) {
        let end = address + length;
        if let Some((&start, &piece)) = self.0.range(..address).next_back()
            && start + piece.extent.length > address
        {
            self.0.insert(start, piece.take(address - start));
            if start + piece.extent.length > end {
                self.0.insert(end, piece.skip(end - start));
            }
        }
        while let Some((&start, &piece)) = self.0.range(address..end).next() {
            self.0.remove(&start);
            if start + piece.extent.length > end {
                self.0.insert(end, piece.skip(end - start));
            }
        }
    }

    /// All pieces with their addresses.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, Piece)> {
        self.0.iter().map(|(&address, &piece)| (address, piece))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each page by itself, as the mappings have to show them.
    fn pages(mappings: &Mappings) -> BTreeMap<u64, u64> {
        let mut pages = BTreeMap::new();
        for (address, piece) in mappings.iter() {
            for offset in 0..piece.extent.length {
                let before = pages.insert(address + offset, piece.extent.address + offset);
                assert_eq!(before, None, "pieces overlap");
            }
        }
        pages
    }

    #[test]
    fn ranges_are_cut_and_replaced_like_pages() {
        let mut mappings = Mappings::default();
        let mut model = BTreeMap::new();
        let mut seed = 1_u64;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for round in 0..5000 {
            let (address, length) = (random(40), 1 + random(12));
            let first = random(length) + 1;
            let from = 1000 + random(100);
            let lengths = [first, length - first];
            let backing = match random(3) {
                0 => Backing::Nothing,
                1 => Backing::Null,
                _ => Backing::Memory {
                    extents: lengths
                        .iter()
                        .filter(|&&length| length > 0)
                        .map(|&length| Extent {
                            address: from + length * 500,
                            length,
                        })
                        .collect(),
                    read_only: false,
                },
            };
            for page in address..address + length {
                model.remove(&page);
            }
            if let Backing::Memory { extents, .. } = &backing {
                let mut at = address;
                for extent in extents {
                    for offset in 0..extent.length {
                        model.insert(at + offset, extent.address + offset);
                    }
                    at += extent.length;
                }
            }
            mappings.update(address, length, &backing);
            assert_eq!(pages(&mappings), model, "round {round}");
        }
    }
}
