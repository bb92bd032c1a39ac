//! Memory as kernels see it. Implemented by whoever has some: the GPU model by its page
//! tables, tests by a vector.

/// An access that memory refuses; what isn't mapped reads as 0 and swallows writes unless
/// whoever implements [`Memory`] wants to hear of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryFault {
    /// GPU virtual address.
    pub address: u64,
    /// It was a write.
    pub write: bool,
    /// The page is there and may only be read.
    pub read_only: bool,
}

/// Memory by GPU virtual addresses. One implementation serves one host thread; several may
/// reach the same memory at the same time.
pub trait Memory {
    /// Reads bytes into all of `out`.
    fn read(&mut self, address: u64, out: &mut [u8]) -> Result<(), MemoryFault>;

    /// Writes all of `data`.
    fn write(&mut self, address: u64, data: &[u8]) -> Result<(), MemoryFault>;

    /// Replaces the aligned dword at `address` by `change` of it, atomically; returns what it
    /// was. `change` may be called more than once.
    fn update_u32(
        &mut self,
        address: u64,
        change: &mut dyn FnMut(u32) -> u32,
    ) -> Result<u32, MemoryFault>;

    /// As [`Memory::update_u32`], for an aligned qword.
    fn update_u64(
        &mut self,
        address: u64,
        change: &mut dyn FnMut(u64) -> u64,
    ) -> Result<u64, MemoryFault>;

    /// Reads an aligned dword in one access.
    fn read_u32(&mut self, address: u64) -> Result<u32, MemoryFault> {
        let mut bytes = [0; 4];
        self.read(address, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// Writes an aligned dword in one access.
    fn write_u32(&mut self, address: u64, value: u32) -> Result<(), MemoryFault> {
        self.write(address, &value.to_le_bytes())
    }
}
