//! An address space: which guest memory stands at which GPU virtual address.
//!
//! The model keeps mapped *extents* in an ordered map, not tables of 512 entries
//! for each level. A range that is contiguous in guest memory is one entry whatever
//! its size, so a 4 KiB, a 64 KiB and a 2 MiB page cost the same, a lone page at any
//! of 2^36 places costs tens of bytes instead of three tables, and a bind costs as
//! much as it has extents. What a batch sees is the same.
//!
//! Engines hold the address space's lock for reading while they execute a few
//! commands, through a [`View`](crate::view::View); a bind takes it for writing. So
//! when a bind returns no engine uses what it replaced. This file may know memory
//! addresses, not memory.

use std::collections::BTreeMap;

use parking_lot::{RwLock, RwLockReadGuard};

use crate::limits::MAX_MAPPED_EXTENTS;

/// Bytes of the smallest page, and the granularity of every range.
pub(crate) const PAGE_SIZE: u64 = 4096;

/// How many invalidated ranges are remembered for translation caches that lag behind.
const LOG_LENGTH: usize = 32;

/// What stands behind an extent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backing {
    /// Guest memory from this guest-physical address on.
    Memory {
        /// Guest-physical address.
        address: u64,
        /// Writes vanish.
        read_only: bool,
    },
    /// Nothing, on purpose: reads give 0 and writes vanish.
    Null,
}

impl Backing {
    /// The same backing, `offset` bytes further on.
    fn advanced(self, offset: u64) -> Self {
        match self {
            Self::Memory { address, read_only } => Self::Memory {
                address: address + offset,
                read_only,
            },
            Self::Null => Self::Null,
        }
    }
}

/// A run of GPU virtual addresses with one backing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// First GPU virtual address.
    pub(crate) start: u64,
    /// First GPU virtual address behind it.
    pub(crate) end: u64,
    /// What stands at `start`.
    pub(crate) backing: Backing,
}

impl Mapping {
    /// The part of the mapping from `address` on, which lies inside.
    pub(crate) fn from(self, address: u64) -> Self {
        Self {
            start: address,
            end: self.end,
            backing: self.backing.advanced(address - self.start),
        }
    }

    fn joins(&self, next: &Self) -> bool {
        self.end == next.start && self.backing.advanced(self.end - self.start) == next.backing
    }
}

/// The mappings of one address space, without the lock.
#[derive(Debug, Default)]
pub(crate) struct PageTable {
    mappings: BTreeMap<u64, (u64, Backing)>,
    /// Counts ranges whose translation changed; the last few stand in `log`.
    changes: u64,
    log: [(u64, u64); LOG_LENGTH],
    closed: bool,
}

/// There would be more than [`MAX_MAPPED_EXTENTS`]; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TableFull;

impl PageTable {
    /// The mapping that `address` lies in.
    pub(crate) fn lookup(&self, address: u64) -> Option<Mapping> {
        let (&start, &(end, backing)) = self.mappings.range(..=address).next_back()?;
        (address < end).then_some(Mapping {
            start,
            end,
            backing,
        })
    }

    /// How many extents are mapped.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.mappings.len()
    }

    /// Every mapping, in order of addresses.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Mapping> + '_ {
        self.mappings
            .iter()
            .map(|(&start, &(end, backing))| Mapping {
                start,
                end,
                backing,
            })
    }

    /// Puts `backings`, each with its length, one behind the other from `start` on,
    /// in place of whatever was there.
    pub(crate) fn map(
        &mut self,
        start: u64,
        backings: impl ExactSizeIterator<Item = (u64, Backing)>,
    ) -> Result<(), TableFull> {
        // Cutting the range out of one mapping can leave two.
        if self.closed || self.mappings.len() + backings.len() + 1 > MAX_MAPPED_EXTENTS {
            return Err(TableFull);
        }
        let backings: Vec<_> = backings.collect();
        let length = backings.iter().map(|&(length, _)| length).sum::<u64>();
        self.cut(start, start + length);
        let mut at = start;
        for (length, backing) in backings {
            self.insert(Mapping {
                start: at,
                end: at + length,
                backing,
            });
            at += length;
        }
        // The last piece may continue in what lies behind the range.
        self.join_at(at);
        Ok(())
    }

    /// Takes away whatever is mapped in `start..end`.
    pub(crate) fn unmap(&mut self, start: u64, end: u64) -> Result<(), TableFull> {
        if self.mappings.len() + 1 > MAX_MAPPED_EXTENTS {
            return Err(TableFull);
        }
        self.cut(start, end);
        Ok(())
    }

    /// Takes everything away.
    pub(crate) fn clear(&mut self) {
        self.mappings.clear();
        self.changed(0, u64::MAX);
    }

    /// Takes everything away and refuses whatever is still to be mapped.
    pub(crate) fn close(&mut self) {
        self.clear();
        self.closed = true;
    }

    /// Adds a mapping where there is none, as part of the one before if it continues it.
    fn insert(&mut self, mapping: Mapping) {
        if let Some((&start, entry)) = self.mappings.range_mut(..mapping.start).next_back() {
            let before = Mapping {
                start,
                end: entry.0,
                backing: entry.1,
            };
            if before.joins(&mapping) {
                entry.0 = mapping.end;
                return;
            }
        }
        self.mappings
            .insert(mapping.start, (mapping.end, mapping.backing));
    }

    /// Joins the mapping that ends at `address` with the one that starts there.
    fn join_at(&mut self, address: u64) {
        let Some(&(end, backing)) = self.mappings.get(&address) else {
            return;
        };
        let next = Mapping {
            start: address,
            end,
            backing,
        };
        if let Some((&start, entry)) = self.mappings.range_mut(..address).next_back()
            && (Mapping {
                start,
                end: entry.0,
                backing: entry.1,
            })
            .joins(&next)
        {
            entry.0 = end;
            self.mappings.remove(&address);
        }
    }

    /// Removes `start..end`, splitting what reaches over its edges. Only a range that
    /// had something in it counts as a change: nothing else can be in a cache.
    fn cut(&mut self, start: u64, end: u64) {
        let mut cut_any = false;
        if let Some((&before, entry)) = self.mappings.range_mut(..start).next_back()
            && entry.0 > start
        {
            let whole = Mapping {
                start: before,
                end: entry.0,
                backing: entry.1,
            };
            entry.0 = start;
            cut_any = true;
            if whole.end > end {
                let rest = whole.from(end);
                self.mappings.insert(rest.start, (rest.end, rest.backing));
            }
        }
        while let Some((&inside, &(inside_end, backing))) = self.mappings.range(start..end).next() {
            cut_any = true;
            self.mappings.remove(&inside);
            if inside_end > end {
                let rest = (Mapping {
                    start: inside,
                    end: inside_end,
                    backing,
                })
                .from(end);
                self.mappings.insert(rest.start, (rest.end, rest.backing));
            }
        }
        if cut_any {
            self.changed(start, end);
        }
    }

    fn changed(&mut self, start: u64, end: u64) {
        self.log[(self.changes % LOG_LENGTH as u64) as usize] = (start, end);
        self.changes += 1;
    }
}

/// A page table that engines read while binds update it.
#[derive(Debug, Default)]
pub(crate) struct AddressSpace {
    table: RwLock<PageTable>,
}

impl AddressSpace {
    /// The table, for reading. Held only for a few commands at a time.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, PageTable> {
        self.table.read()
    }

    /// Changes the table; returns when no engine uses the old state any more.
    pub(crate) fn update<T>(&self, change: impl FnOnce(&mut PageTable) -> T) -> T {
        change(&mut self.table.write())
    }
}

/// How many translations a [`Tlb`] holds.
const TLB_ENTRIES: usize = 16;

/// A cache of translations for one user of one address space at a time. Entries are
/// whole mappings, so a few go a long way.
#[derive(Debug)]
pub(crate) struct Tlb {
    entries: [Option<Mapping>; TLB_ENTRIES],
    next: usize,
    seen_changes: u64,
}

impl Default for Tlb {
    fn default() -> Self {
        Self {
            entries: [None; TLB_ENTRIES],
            next: 0,
            seen_changes: 0,
        }
    }
}

impl Tlb {
    /// Drops what has changed in `table` since this was called last. To be called
    /// each time the table's lock has been taken, always with the same table.
    pub(crate) fn catch_up(&mut self, table: &PageTable) {
        let behind = table.changes - self.seen_changes;
        self.seen_changes = table.changes;
        if behind == 0 {
            return;
        }
        if behind > LOG_LENGTH as u64 {
            self.entries = [None; TLB_ENTRIES];
            return;
        }
        for change in table.changes - behind..table.changes {
            let (start, end) = table.log[(change % LOG_LENGTH as u64) as usize];
            for entry in &mut self.entries {
                if entry.is_some_and(|mapping| mapping.start < end && start < mapping.end) {
                    *entry = None;
                }
            }
        }
    }

    /// The mapping that `address` lies in. Absence is never cached.
    #[inline]
    pub(crate) fn lookup(&mut self, table: &PageTable, address: u64) -> Option<Mapping> {
        for entry in self.entries.iter().flatten() {
            if entry.start <= address && address < entry.end {
                return Some(*entry);
            }
        }
        let mapping = table.lookup(address)?;
        self.entries[self.next] = Some(mapping);
        self.next = (self.next + 1) % TLB_ENTRIES;
        Some(mapping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAGES: u64 = 64;

    #[derive(Clone, Debug)]
    enum Change {
        Map {
            start: u64,
            pieces: Vec<(u64, u64, bool)>,
        },
        Null {
            start: u64,
            pages: u64,
        },
        Unmap {
            start: u64,
            pages: u64,
        },
        Clear,
    }

    fn change() -> impl Strategy<Value = Change> {
        let piece = (1..8u64, 0..4u64, any::<bool>());
        prop_oneof![
            4 => (0..PAGES, prop::collection::vec(piece, 1..4))
                .prop_map(|(start, pieces)| Change::Map { start, pieces }),
            1 => (0..PAGES, 1..20u64).prop_map(|(start, pages)| Change::Null { start, pages }),
            3 => (0..PAGES, 1..20u64).prop_map(|(start, pages)| Change::Unmap { start, pages }),
            1 => Just(Change::Clear),
        ]
    }

    fn memory(page: u64, read_only: bool) -> Backing {
        Backing::Memory {
            address: page * PAGE_SIZE,
            read_only,
        }
    }

    /// Does `change` to the table and, page by page, to a flat map.
    fn apply(table: &mut PageTable, flat: &mut [Option<Backing>], change: &Change) {
        match change {
            Change::Map { start, pieces } => {
                let backings = pieces
                    .iter()
                    .map(|&(pages, at, ro)| (pages * PAGE_SIZE, memory(at, ro)));
                table.map(start * PAGE_SIZE, backings).unwrap();
                let mut page = *start as usize;
                for &(pages, at, ro) in pieces {
                    for offset in 0..pages {
                        flat[page] = Some(memory(at + offset, ro));
                        page += 1;
                    }
                }
            }
            Change::Null { start, pages } => {
                let null = [(pages * PAGE_SIZE, Backing::Null)];
                table.map(start * PAGE_SIZE, null.into_iter()).unwrap();
                flat[*start as usize..(start + pages) as usize].fill(Some(Backing::Null));
            }
            Change::Unmap { start, pages } => {
                table
                    .unmap(start * PAGE_SIZE, (start + pages) * PAGE_SIZE)
                    .unwrap();
                flat[*start as usize..(start + pages) as usize].fill(None);
            }
            Change::Clear => {
                table.clear();
                flat.fill(None);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn table_and_cache_agree_with_a_flat_map(changes in prop::collection::vec(change(), 1..40)) {
            let mut table = PageTable::default();
            let mut flat = vec![None; PAGES as usize + 32];
            let mut tlb = Tlb::default();
            for (number, change) in changes.iter().enumerate() {
                apply(&mut table, &mut flat, change);
                // A cache that looks now and then must still be right.
                if number % 3 != 0 {
                    continue;
                }
                tlb.catch_up(&table);
                for (page, &expected) in flat.iter().enumerate() {
                    let address = page as u64 * PAGE_SIZE;
                    let found = tlb.lookup(&table, address).map(|mapping| mapping.from(address).backing);
                    prop_assert_eq!(found, expected);
                }
                let all: Vec<_> = table.iter().collect();
                prop_assert!(all.windows(2).all(|pair| pair[0].end <= pair[1].start));
            }
        }
    }

    #[test]
    fn contiguous_extents_become_one_mapping() {
        let mut table = PageTable::default();
        let pages = (0..512)
            .map(|page| (PAGE_SIZE, memory(page, false)))
            .collect::<Vec<_>>();
        table.map(0x20_0000, pages.into_iter()).unwrap();
        assert_eq!(table.len(), 1);
        table.unmap(0x20_1000, 0x20_2000).unwrap();
        assert_eq!(table.len(), 2);
        table
            .map(0x20_1000, [(PAGE_SIZE, memory(1, false))].into_iter())
            .unwrap();
        assert_eq!(table.len(), 1);
        assert_eq!(table.lookup(0x40_0000), None);
        assert_eq!(table.lookup(0x3f_ffff).unwrap().end, 0x40_0000);
    }

    #[test]
    fn a_cache_far_behind_forgets_everything() {
        let mut table = PageTable::default();
        let mut tlb = Tlb::default();
        table
            .map(0, [(PAGE_SIZE, memory(1, false))].into_iter())
            .unwrap();
        assert!(tlb.lookup(&table, 0).is_some());
        table.unmap(0, PAGE_SIZE).unwrap();
        for _ in 0..LOG_LENGTH + 1 {
            table
                .map(PAGE_SIZE, [(PAGE_SIZE, Backing::Null)].into_iter())
                .unwrap();
        }
        tlb.catch_up(&table);
        assert_eq!(tlb.lookup(&table, 0), None);
    }

    /// What a mapping costs where none joins another: `cargo test -p softgpu --release
    /// sparse_mappings_cost -- --ignored --nocapture`.
    #[test]
    #[ignore = "a measurement"]
    fn sparse_mappings_cost() {
        const MAPPINGS: u64 = 100_000;
        let resident = || -> u64 {
            let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
            let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
            pages * PAGE_SIZE
        };
        let before = resident();
        let mut table = PageTable::default();
        for index in 0..MAPPINGS {
            let backing = Backing::Memory {
                address: index * 2 * PAGE_SIZE,
                read_only: false,
            };
            // A page in each 1 GiB of the 48 bits, then in the next, as far as they go.
            let start = (index << 30) % (1 << 48) + (index >> 18) * PAGE_SIZE;
            table
                .map(start, std::iter::once((PAGE_SIZE, backing)))
                .unwrap();
        }
        let bytes = resident() - before;
        println!("{} bytes a mapping", bytes / MAPPINGS);
        assert_eq!(table.len() as u64, MAPPINGS);
    }
}
