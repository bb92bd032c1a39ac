// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What an address space shows of guest memory, as objects of i915's.
//!
//! A *section* is a range of GPU addresses with an object of its own: i915 puts an object at
//! one address of an address space, whole. A large piece of guest memory is a section; small
//! ones that follow each other at the GPU's side are gathered into one: mapped one behind the
//! other in this process, or as one dma-buf.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use smallvec::SmallVec;
use virtio_igpu_executor::{Backing, Extent, GuestMemory};
use virtio_igpu_host_executor::{Change, Effect};
use virtio_igpu_host_gpu::DrmFile;
use virtio_igpu_host_gpu::i915::{Object, Objects};
use virtio_igpu_host_gpu::memory::{Gathered, host_address};
use virtio_igpu_host_gpu::udmabuf::{self, Udmabuf};

/// From here on a piece is a section by itself.
const LARGE: u64 = 2 << 20;
/// Bytes of a section: a batch begins less than 4 GiB into its object.
const MAX_SECTION: u64 = 1 << 30;
/// Pieces that are gathered: each takes a mapping of this process, or a place in a dma-buf.
const MAX_GATHERED: usize = udmabuf::MAX_PIECES;

/// How the guest's pages become objects.
#[derive(Clone, Debug)]
pub(crate) enum Pages {
    /// By their addresses in this process.
    Userptr {
        /// Whether they are looked at when the object is made.
        probe: bool,
    },
    /// As pieces of the memory files.
    Udmabuf(Arc<Udmabuf>),
}

type Extents = SmallVec<[Extent; 1]>;

/// A range of GPU addresses with its object.
#[derive(Debug)]
struct Section {
    length: u64,
    /// What it shows.
    extents: Extents,
    /// Where its extents are one behind the other, and how far into that, if they are several.
    gathered: Option<(Arc<Gathered>, u64)>,
    object: Object,
    /// Where the object is in the list.
    place: usize,
}

/// The sections of an address space, none of which overlaps another.
#[derive(Debug)]
pub(crate) struct Sections {
    file: Arc<dyn DrmFile>,
    pages: Pages,
    all: BTreeMap<u64, Section>,
    objects: Objects,
}

/// Part of a list of extents.
fn part(extents: &[Extent], mut skip: u64, mut length: u64) -> Extents {
    let mut part = Extents::new();
    for extent in extents {
        if skip >= extent.length {
            skip -= extent.length;
            continue;
        }
        let taken = (extent.length - skip).min(length);
        if taken == 0 {
            break;
        }
        part.push(Extent {
            address: extent.address + skip,
            length: taken,
        });
        (skip, length) = (0, length - taken);
    }
    part
}

/// Adds an extent to a list, to the last one if it goes on there.
fn add(extents: &mut Extents, extent: Extent) {
    match extents.last_mut() {
        Some(last) if last.address + last.length == extent.address => last.length += extent.length,
        _ => extents.push(extent),
    }
}

/// Extents as the sections that they become: large ones cut, small ones together.
fn plan(extents: &[Extent], max_section: u64) -> Vec<Extents> {
    let mut joined = Extents::new();
    for &extent in extents {
        add(&mut joined, extent);
    }
    let mut plan: Vec<Extents> = Vec::new();
    let mut open = false;
    let mut bytes = 0;
    for extent in joined {
        if extent.length >= LARGE {
            let mut skip = 0;
            while skip < extent.length {
                let length = max_section.min(extent.length - skip);
                let address = extent.address + skip;
                plan.push(SmallVec::from_elem(Extent { address, length }, 1));
                skip += length;
            }
            open = false;
            continue;
        }
        let room = |run: &Extents| run.len() < MAX_GATHERED && bytes + extent.length <= max_section;
        match plan.last_mut().filter(|run| open && room(run)) {
            Some(run) => run.push(extent),
            None => {
                plan.push(SmallVec::from_elem(extent, 1));
                bytes = 0;
            }
        }
        open = true;
        bytes += extent.length;
    }
    plan
}

fn length(extents: &[Extent]) -> u64 {
    extents.iter().map(|extent| extent.length).sum()
}

impl Sections {
    /// None.
    pub(crate) fn new(file: Arc<dyn DrmFile>, pages: Pages) -> Self {
        Self {
            file,
            pages,
            all: BTreeMap::new(),
            objects: Objects::default(),
        }
    }

    /// Makes a change, or none of it.
    pub(crate) fn change(
        &mut self,
        memory: &Arc<GuestMemory>,
        change: &Change<'_>,
    ) -> io::Result<()> {
        let (start, end) = (change.address, change.address + change.length);
        let mut made = Vec::new();
        if let Backing::Memory { extents, .. } = change.backing {
            self.make(memory, start, extents, &mut made)?;
        }
        let overlapped = self.overlapped(start, end);
        for &address in &overlapped {
            let Some(section) = self.all.get(&address) else {
                continue;
            };
            let last = address + section.length;
            if address < start {
                let head = self.cut(memory, section, 0, start - address)?;
                made.push((address, head));
            }
            if end < last {
                let tail = self.cut(memory, section, end - address, last - end)?;
                made.push((end, tail));
            }
        }
        for address in overlapped {
            self.remove(address);
        }
        for (address, section) in made {
            self.insert(address, section);
        }
        Ok(())
    }

    /// Where the sections begin that have something in a range.
    fn overlapped(&self, start: u64, end: u64) -> SmallVec<[u64; 4]> {
        let before = self.all.range(..start).next_back();
        let before = before.filter(|(address, section)| **address + section.length > start);
        let inside = self.all.range(start..end);
        before
            .into_iter()
            .chain(inside)
            .map(|(&at, _)| at)
            .collect()
    }

    /// What a change would do.
    pub(crate) fn effect(&self, change: &Change<'_>) -> Effect {
        let (start, end) = (change.address, change.address + change.length);
        let overlapped = self.overlapped(start, end);
        let whole = |address: &u64| {
            let length = self.all.get(address).map_or(0, |section| section.length);
            *address >= start && *address + length <= end
        };
        match change.backing {
            _ if overlapped.is_empty() => Effect::Adds,
            Backing::Nothing if overlapped.iter().all(whole) => Effect::Removes,
            _ => Effect::Cuts,
        }
    }

    /// Makes the sections of memory that begins at an address.
    fn make(
        &self,
        memory: &Arc<GuestMemory>,
        mut address: u64,
        extents: &[Extent],
        made: &mut Vec<(u64, Section)>,
    ) -> io::Result<()> {
        let max_section = match &self.pages {
            Pages::Userptr { .. } => MAX_SECTION,
            Pages::Udmabuf(_) => udmabuf::MAX_BYTES,
        };
        for run in plan(extents, max_section) {
            let bytes = length(&run);
            let several = run.len() > 1;
            match &self.pages {
                Pages::Udmabuf(_) => made.push((address, self.section(memory, run)?)),
                // Where it can't be done, each is a section by itself.
                Pages::Userptr { probe } if several => match Gathered::new(memory, &run) {
                    Ok(gathered) => {
                        let gathered = Arc::new(gathered);
                        made.push((address, self.gathered(run, gathered, 0, *probe)?));
                    }
                    Err(_) => {
                        let mut at = address;
                        for extent in run {
                            let one = SmallVec::from_elem(extent, 1);
                            made.push((at, self.section(memory, one)?));
                            at += extent.length;
                        }
                    }
                },
                Pages::Userptr { .. } => made.push((address, self.section(memory, run)?)),
            }
            address += bytes;
        }
        Ok(())
    }

    /// A section of one extent, or with dma-bufs of several.
    fn section(&self, memory: &Arc<GuestMemory>, extents: Extents) -> io::Result<Section> {
        let gone = || io::Error::from(io::ErrorKind::InvalidInput);
        let object = match &self.pages {
            Pages::Udmabuf(udmabuf) => {
                let dmabuf = udmabuf.create(memory, &extents)?;
                Object::of_dmabuf(&self.file, &dmabuf)?
            }
            Pages::Userptr { probe } => {
                let &extent = extents.first().ok_or_else(gone)?;
                Object::of_guest(&self.file, memory, extent, *probe)?
            }
        };
        Ok(Section {
            length: length(&extents),
            extents,
            gathered: None,
            object,
            place: 0,
        })
    }

    fn gathered(
        &self,
        extents: Extents,
        gathered: Arc<Gathered>,
        offset: u64,
        probe: bool,
    ) -> io::Result<Section> {
        let length = length(&extents);
        let object = Object::of_gathered(&self.file, &gathered, offset, length, probe)?;
        Ok(Section {
            length,
            extents,
            gathered: Some((gathered, offset)),
            object,
            place: 0,
        })
    }

    /// Part of a section, as one of its own.
    fn cut(
        &self,
        memory: &Arc<GuestMemory>,
        section: &Section,
        skip: u64,
        length: u64,
    ) -> io::Result<Section> {
        let extents = part(&section.extents, skip, length);
        match (&section.gathered, &self.pages) {
            (Some((gathered, offset)), Pages::Userptr { probe }) => {
                self.gathered(extents, Arc::clone(gathered), offset + skip, *probe)
            }
            _ => self.section(memory, extents),
        }
    }

    fn insert(&mut self, address: u64, mut section: Section) {
        section.place = self.objects.push(&section.object, address);
        self.all.insert(address, section);
    }

    fn remove(&mut self, address: u64) {
        let Some(section) = self.all.remove(&address) else {
            return;
        };
        let moved = self.objects.take(section.place);
        if let Some(moved) = moved.and_then(|moved| self.all.get_mut(&moved)) {
            moved.place = section.place;
        }
    }

    /// All objects, that of the batch at an address first, and how far into it the batch
    /// begins. NotFound if nothing is there.
    pub(crate) fn with_batch(&mut self, address: u64) -> io::Result<(&mut Objects, u32)> {
        let nothing = || io::Error::from(io::ErrorKind::NotFound);
        let (&start, section) = self
            .all
            .range_mut(..=address)
            .next_back()
            .ok_or_else(nothing)?;
        let offset = address - start;
        if offset >= section.length {
            return Err(nothing());
        }
        let place = std::mem::take(&mut section.place);
        if place != 0 {
            let first = self.objects.put_first(place);
            if let Some(first) = first.and_then(|first| self.all.get_mut(&first)) {
                first.place = place;
            }
        }
        Ok((&mut self.objects, offset as u32))
    }

    /// Shows the same of other mappings of the guest's memory. What those don't have is gone.
    pub(crate) fn remap(&mut self, memory: &Arc<GuestMemory>) -> io::Result<()> {
        let mut made = Vec::new();
        for (&address, section) in &self.all {
            let there = |extent: &Extent| host_address(memory, *extent).is_some();
            if section.extents.iter().all(there) {
                self.make(memory, address, &section.extents, &mut made)?;
            }
        }
        self.all.clear();
        self.objects = Objects::default();
        for (address, section) in made {
            self.insert(address, section);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: u64 = 4096;

    fn extents(pieces: &[(u64, u64)]) -> Extents {
        let extent = |&(address, length): &(u64, u64)| Extent { address, length };
        pieces.iter().map(extent).collect()
    }

    /// Addresses and lengths of each section's extents.
    fn planned(pieces: &[(u64, u64)], max_section: u64) -> Vec<Vec<(u64, u64)>> {
        let plan = plan(&extents(pieces), max_section);
        let shown = |run: &Extents| run.iter().map(|e| (e.address, e.length)).collect();
        plan.iter().map(shown).collect()
    }

    #[test]
    fn what_goes_on_is_one_piece() {
        let pieces = [(0, PAGE), (PAGE, 2 * PAGE), (8 * PAGE, PAGE)];
        let expected = [vec![(0, 3 * PAGE), (8 * PAGE, PAGE)]];
        assert_eq!(planned(&pieces, MAX_SECTION), expected);
    }

    #[test]
    fn large_pieces_are_by_themselves_and_cut() {
        let pieces = [
            (0, PAGE),
            (16 << 20, LARGE),
            (32 << 20, PAGE),
            (64 << 20, 5 << 20),
        ];
        let expected = [
            vec![(0, PAGE)],
            vec![(16 << 20, LARGE)],
            vec![(32 << 20, PAGE)],
            vec![(64 << 20, 4 << 20)],
            vec![(68 << 20, 1 << 20)],
        ];
        assert_eq!(planned(&pieces, 4 << 20), expected);
    }

    #[test]
    fn small_pieces_fill_a_section_by_number_and_by_bytes() {
        let apart = |count: u64, length: u64| -> Vec<(u64, u64)> {
            (0..count).map(|n| (n * 4 * length, length)).collect()
        };
        let pieces = apart(MAX_GATHERED as u64 + 1, PAGE);
        let counts: Vec<_> = planned(&pieces, MAX_SECTION).iter().map(Vec::len).collect();
        assert_eq!(counts, [MAX_GATHERED, 1]);
        // Of 1 MiB each, four fit into 4 MiB.
        let counts: Vec<_> = planned(&apart(6, 1 << 20), 4 << 20)
            .iter()
            .map(Vec::len)
            .collect();
        assert_eq!(counts, [4, 2]);
    }

    /// Every part of some pieces shows the same pages as the whole at that place.
    #[test]
    fn a_part_shows_what_the_whole_shows_there() {
        let whole = extents(&[(100, 3), (50, 1), (7, 4), (200, 2)]);
        let flat = |extents: &[Extent]| -> Vec<u64> {
            let all = extents.iter();
            all.flat_map(|e| e.address..e.address + e.length).collect()
        };
        let pages = flat(&whole);
        for skip in 0..=10 {
            for length in 0..=10 - skip {
                let shown = flat(&part(&whole, skip, length));
                let expected = &pages[skip as usize..(skip + length) as usize];
                assert_eq!(shown, expected, "{length} from {skip}");
            }
        }
    }
}
