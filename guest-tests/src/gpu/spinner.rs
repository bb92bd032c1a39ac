//! A batch that runs until the CPU tells it to end, for tests that need a busy engine.

use super::Batch;
use crate::sys::memory::Mapping;

/// The layout of a spinner in a page of an object: where it stands in the object and at
/// which GPU address it runs.
#[derive(Clone, Copy, Debug)]
pub struct Spinner {
    offset: usize,
    address: u64,
}

/// Bytes that a spinner takes.
const SIZE: u64 = 4096;
/// Where the loop begins: whatever comes once comes before.
const LOOP: u64 = 0x40;
/// The GPU writes 1 here when it has begun.
const STARTED: u64 = 0xf80;
/// The loop goes on as long as this is not 0.
const RUNNING: u64 = 0xfc0;

impl Spinner {
    /// Writes a spinner to `offset` of a mapped object whose first byte is at GPU
    /// address `base`.
    pub fn write(mapping: &Mapping, offset: usize, base: u64) -> Self {
        let address = base + offset as u64;
        let mut batch = Batch::new();
        batch.store_u32(address + STARTED, 1).pad_to(LOOP);
        batch
            .arbitrate()
            .end_unless_greater(address + RUNNING, 0)
            .jump(address + LOOP);
        mapping.write_dwords(offset, &batch.end());
        let spinner = Self { offset, address };
        mapping.write_u32(spinner.at(STARTED), 0);
        mapping.write_u32(spinner.at(RUNNING), 1);
        spinner
    }

    /// Bytes that a spinner takes in the object.
    pub const SIZE: u64 = SIZE;

    /// Where the batch begins.
    pub fn address(&self) -> u64 {
        self.address
    }

    /// Whether the GPU has begun to run it.
    pub fn has_started(&self, mapping: &Mapping) -> bool {
        mapping.read_u32(self.at(STARTED)) == 1
    }

    /// Lets it end, with no call to the kernel.
    pub fn end(&self, mapping: &Mapping) {
        mapping.write_u32(self.at(RUNNING), 0);
    }

    fn at(&self, place: u64) -> usize {
        self.offset + place as usize
    }
}
