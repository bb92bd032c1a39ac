//! Kernels that were decoded before, for all engines of a GPU.

use std::sync::{Arc, Weak};

use eu::kernel::Kernel;
use eu::memory::Memory;
use eu::trap::Trap;

use crate::page_table::AddressSpace;

/// Most kernels that are kept.
const MOST_KERNELS: usize = 256;
/// Most instructions that are kept of all kernels.
const MOST_INSTRUCTIONS: usize = 1 << 18;

/// A kernel and whose it is.
#[derive(Debug)]
struct Entry {
    space: Weak<AddressSpace>,
    kernel: Arc<Kernel>,
}

/// Decoded kernels, those used last at the end.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    entries: Vec<Entry>,
}

impl Cache {
    /// The kernel `start` bytes behind `base`, decoded if memory no longer holds what was
    /// decoded there before.
    pub(crate) fn kernel(
        &mut self,
        space: &Arc<AddressSpace>,
        memory: &mut impl Memory,
        base: u64,
        start: u32,
    ) -> Result<Arc<Kernel>, Trap> {
        let found = self.entries.iter().rposition(|entry| {
            (entry.kernel.base(), entry.kernel.start()) == (base, start)
                && entry.space.as_ptr() == Arc::as_ptr(space)
        });
        if let Some(index) = found {
            let entry = self.entries.remove(index);
            if entry.kernel.is_current(memory) {
                let kernel = Arc::clone(&entry.kernel);
                self.entries.push(entry);
                return Ok(kernel);
            }
        }
        let kernel = Arc::new(Kernel::load(memory, base, start)?);
        self.make_room(kernel.len());
        if kernel.len() <= MOST_INSTRUCTIONS {
            self.entries.push(Entry {
                space: Arc::downgrade(space),
                kernel: Arc::clone(&kernel),
            });
        }
        Ok(kernel)
    }

    /// How many kernels are kept.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Forgets what has not been used for longest, until there is room for a kernel of so many
    /// instructions.
    fn make_room(&mut self, instructions: usize) {
        // What is gone takes nobody's place.
        self.entries.retain(|entry| entry.space.strong_count() > 0);
        let mut kept = MOST_INSTRUCTIONS.saturating_sub(instructions);
        let first = self
            .entries
            .iter()
            .rposition(|entry| match kept.checked_sub(entry.kernel.len()) {
                Some(rest) => {
                    kept = rest;
                    false
                }
                None => true,
            })
            .map_or(0, |index| index + 1);
        let first = first.max((self.entries.len() + 1).saturating_sub(MOST_KERNELS));
        self.entries.drain(..first);
    }
}
