//! Shared local memory of a thread group.

/// The shared local memory (SLM) of one thread group. All threads of a group run on one host
/// thread, so that its accesses need no atomics.
#[derive(Clone, Debug, Default)]
pub struct LocalMemory {
    bytes: Vec<u8>,
}

impl LocalMemory {
    /// Shared local memory of so many bytes, at most 64 KiB; zeroed. With `strict` accesses are
    /// watched.
    pub fn new(bytes: u32, strict: bool) -> Self {
        let _ = strict;
        Self {
            bytes: vec![0; bytes as usize],
        }
    }

    /// All threads have passed a barrier: what they did before is no race with what comes.
    pub fn barrier_passed(&mut self) {}

    /// Bytes.
    pub fn size(&self) -> u32 {
        self.bytes.len() as u32
    }
}
