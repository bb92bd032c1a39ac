//! What a recording has to know of memory: which of it was ever bound, what of it the
//! processor has changed since it was last looked at, and its hash. Follows the calls;
//! knows no scheduler.

use std::collections::HashMap;

use crate::call::Call;
use crate::gpu::{Bind, Extent};
use crate::ids::{AddressSpaceId, ContextId};
use crate::memory::Memory;
use crate::page_table::{Backing, PAGE_SIZE, PageTable};

const PAGE: usize = PAGE_SIZE as usize;

/// Bytes that are the same between two that differ, for which no new piece is begun: as
/// many as its beginning costs.
const GAP: usize = 16;

/// FNV-1a's offset basis and prime for 64 bits.
const HASH_START: u64 = 0xcbf2_9ce4_8422_2325;
const HASH_PRIME: u64 = 0x0000_0100_0000_01b3;

/// What is bound where, as far as calls say: what has to wait first counts at once.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    spaces: HashMap<AddressSpaceId, PageTable>,
    contexts: HashMap<ContextId, AddressSpaceId>,
    /// What was ever bound.
    ever: Ranges,
}

/// A set of guest-physical addresses. What stands behind them in the table is no matter.
#[derive(Debug, Default)]
struct Ranges(PageTable);

impl Ranges {
    /// Adds a range. There are never as many as there is no room for: each was bound.
    fn add(&mut self, address: u64, length: u64) {
        let _ = self
            .0
            .map(address, std::iter::once((length, Backing::Null)));
    }

    /// The ranges in order: address and length.
    fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let mappings = self.0.iter();
        mappings.map(|mapping| (mapping.start, mapping.end - mapping.start))
    }
}

impl Bindings {
    /// Takes note of a call, made where there is this memory.
    pub(super) fn note(&mut self, call: &Call, address_mask: u64, memory: &Memory) {
        match call {
            Call::DestroyAddressSpace { id } => {
                self.spaces.remove(id);
            }
            Call::CreateContext { id, description } => {
                self.contexts.insert(*id, description.address_space);
            }
            Call::DestroyContext { id } => {
                self.contexts.remove(id);
            }
            Call::Bind(bind) => self.note_bind(bind, address_mask, memory),
            Call::Unbind(unbind) => {
                let start = unbind.va & address_mask;
                if let Some(end) = start.checked_add(unbind.length)
                    && let Some(table) = self.spaces.get_mut(&unbind.address_space)
                {
                    // Where there is no room for the rest of a mapping, it stays whole.
                    let _ = table.unmap(start, end);
                }
            }
            _ => {}
        }
    }

    /// A bind that would be refused leaves things as they are.
    fn note_bind(&mut self, bind: &Bind, address_mask: u64, memory: &Memory) {
        let start = bind.va & address_mask;
        let total = bind
            .extents
            .iter()
            .try_fold(0_u64, |sum, extent| sum.checked_add(extent.length));
        let whole =
            |extent: &Extent| extent.length != 0 && memory.contains(extent.address, extent.length);
        let fits = total == Some(bind.length) || bind.null;
        let end = start.checked_add(bind.length);
        if !fits || end.is_none() || bind.length == 0 || !bind.extents.iter().all(whole) {
            return;
        }
        let table = self.spaces.entry(bind.address_space).or_default();
        // More than there is room for isn't bound by the GPU either.
        if bind.null {
            let _ = table.map(start, std::iter::once((bind.length, Backing::Null)));
            return;
        }
        let backing = |extent: &Extent| {
            let backing = Backing::Memory {
                address: extent.address,
                read_only: false,
            };
            (extent.length, backing)
        };
        let _ = table.map(start, bind.extents.iter().map(backing));
        for extent in &bind.extents {
            self.ever.add(extent.address, extent.length);
        }
    }

    /// The guest-physical ranges that a context sees now, in order: address and length.
    pub(super) fn seen_by(&self, context: ContextId) -> Vec<(u64, u64)> {
        let table = self
            .contexts
            .get(&context)
            .and_then(|space| self.spaces.get(space));
        let mut seen = Ranges::default();
        for mapping in table.into_iter().flat_map(PageTable::iter) {
            if let Backing::Memory { address, .. } = mapping.backing {
                seen.add(address, mapping.end - mapping.start);
            }
        }
        seen.iter().collect()
    }

    /// The guest-physical ranges that were ever bound, in order.
    pub(super) fn ever(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.ever.iter()
    }
}

/// What was last seen in memory.
#[derive(Debug, Default)]
pub(super) struct Shadow {
    /// Pages that were not all zeros, by address.
    pages: HashMap<u64, Box<[u8; PAGE]>>,
}

impl Shadow {
    /// Looks at a range; gives what has changed there, address and bytes.
    pub(super) fn changes(
        &mut self,
        memory: &Memory,
        range: (u64, u64),
        mut change: impl FnMut(u64, &[u8]),
    ) {
        const ZEROS: &[u8; PAGE] = &[0; PAGE];
        let mut now = [0; PAGE];
        for at in pages(memory, range) {
            if memory.read(at, &mut now).is_err() {
                continue;
            }
            let before = self.pages.get(&at).map_or(ZEROS, |page| &**page);
            if *before == now {
                continue;
            }
            differences(before, &now, |from, to| {
                change(at + from as u64, &now[from..to]);
            });
            self.pages.insert(at, Box::new(now));
        }
    }
}

/// The pieces in which two pages differ.
fn differences(before: &[u8; PAGE], now: &[u8; PAGE], mut piece: impl FnMut(usize, usize)) {
    let mut open: Option<(usize, usize)> = None;
    for at in 0..PAGE {
        if before[at] == now[at] {
            continue;
        }
        open = match open {
            Some((from, to)) if at - to <= GAP => Some((from, at + 1)),
            Some((from, to)) => {
                piece(from, to);
                Some((at, at + 1))
            }
            None => Some((at, at + 1)),
        };
    }
    if let Some((from, to)) = open {
        piece(from, to);
    }
}

/// A hash of what memory holds in these ranges (address and length, in whole pages, in
/// order): FNV-1a over the address and the little-endian qwords of each page that is not
/// all zeros. What is not there is passed over.
pub fn image_hash(memory: &Memory, ranges: impl IntoIterator<Item = (u64, u64)>) -> u64 {
    let mut hash = HASH_START;
    let mut mix = |word: u64| hash = (hash ^ word).wrapping_mul(HASH_PRIME);
    let mut page = [0; PAGE];
    for range in ranges {
        for at in pages(memory, range) {
            if memory.read(at, &mut page).is_err() || page.iter().all(|&byte| byte == 0) {
                continue;
            }
            mix(at);
            for word in page.chunks_exact(8) {
                mix(word.try_into().map_or(0, u64::from_le_bytes));
            }
        }
    }
    hash
}

/// The pages of a range that are there, from one region to the next.
fn pages(memory: &Memory, (address, length): (u64, u64)) -> impl Iterator<Item = u64> + '_ {
    let end = address.saturating_add(length);
    let mut there: Vec<_> = memory
        .ranges()
        .map(|(base, size)| (address.max(base), end.min(base.saturating_add(size))))
        .filter(|(from, to)| from < to)
        .collect();
    there.sort_unstable();
    there
        .into_iter()
        .flat_map(|(from, to)| (from..to).step_by(PAGE))
}
