//! Where an access goes, with the bounds and what becomes of accesses outside.

use crate::memory::Memory;
use crate::shared::LocalMemory;
use crate::trap::{StrictFinding, Trap};

/// Bits of a GPU virtual address; those above are a copy of the highest one, or not looked at.
const ADDRESS: u64 = (1 << 48) - 1;

/// A sum of addresses as a GPU virtual address.
#[inline]
pub(super) fn virtual_address(sum: u64) -> u64 {
    sum & ADDRESS
}

/// Bits of an offset in shared local memory. Compilers set one above them to tell a pointer to its
/// beginning from a null pointer.
const LOCAL_OFFSET: u64 = (1 << 28) - 1;

/// The binding table index that strict mode reports for shared local memory.
const LOCAL_INDEX: u32 = 254;

/// What offsets are relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// All memory, from an address on.
    Flat(u64),
    /// A surface's bytes.
    Surface {
        /// GPU virtual address.
        base: u64,
        /// Bytes.
        size: u64,
        /// Its binding table index, for reports.
        index: u32,
    },
    /// Shared local memory.
    Local,
    /// What reads as 0 and swallows writes.
    Null,
}

/// Access to a target by one thread.
#[derive(Debug)]
pub(super) struct Port<'a, M> {
    pub(super) target: Target,
    pub(super) memory: &'a mut M,
    pub(super) local: &'a mut LocalMemory,
    /// The thread's number in its group.
    pub(super) thread: u32,
    /// Accesses outside are trapped.
    pub(super) strict: bool,
}

impl<M: Memory> Port<'_, M> {
    /// What is looked at of an offset.
    fn offset(&self, offset: u64) -> u64 {
        match self.target {
            Target::Local => offset & LOCAL_OFFSET,
            Target::Flat(_) | Target::Surface { .. } | Target::Null => offset,
        }
    }

    /// Whether all of these bytes are there.
    #[inline]
    pub(super) fn contains(&self, offset: u64, length: usize) -> bool {
        let offset = self.offset(offset);
        let limit = match self.target {
            Target::Flat(_) => return true,
            Target::Surface { size, .. } => size,
            Target::Local => u64::from(self.local.size()),
            Target::Null => 0,
        };
        offset
            .checked_add(length as u64)
            .is_some_and(|end| end <= limit)
    }

    /// Whether the target is shared local memory.
    #[inline]
    pub(super) fn is_local(&self) -> bool {
        self.target == Target::Local
    }

    /// An access outside the target: nothing, or a finding.
    pub(super) fn outside(&self, offset: u64, write: bool) -> Result<(), Trap> {
        let offset = self.offset(offset);
        let surface = match self.target {
            Target::Surface { index, .. } => index,
            Target::Local => LOCAL_INDEX,
            Target::Flat(_) | Target::Null => return Ok(()),
        };
        if !self.strict {
            return Ok(());
        }
        Err(Trap::Strict(StrictFinding::OutsideSurface {
            surface,
            offset,
            write,
        }))
    }

    /// Reads an element that is either inside or 0.
    #[inline]
    pub(super) fn read(&mut self, offset: u64, out: &mut [u8]) -> Result<(), Trap> {
        let offset = self.offset(offset);
        if !self.contains(offset, out.len()) {
            out.fill(0);
            return self.outside(offset, false);
        }
        match self.target {
            Target::Flat(base) | Target::Surface { base, .. } => {
                let address = virtual_address(base.wrapping_add(offset));
                if out.len() == 4 && address.is_multiple_of(4) {
                    out.copy_from_slice(&self.memory.read_u32(address)?.to_le_bytes());
                    Ok(())
                } else {
                    Ok(self.memory.read(address, out)?)
                }
            }
            Target::Local => self.local.read(self.thread, offset as u32, out),
            Target::Null => Ok(()),
        }
    }

    /// Writes an element, or nothing if it isn't inside.
    #[inline]
    pub(super) fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), Trap> {
        let offset = self.offset(offset);
        if !self.contains(offset, data.len()) {
            return self.outside(offset, true);
        }
        match self.target {
            Target::Flat(base) | Target::Surface { base, .. } => {
                let address = virtual_address(base.wrapping_add(offset));
                match data.as_array() {
                    Some(dword) if address.is_multiple_of(4) => {
                        Ok(self.memory.write_u32(address, u32::from_le_bytes(*dword))?)
                    }
                    _ => Ok(self.memory.write(address, data)?),
                }
            }
            Target::Local => self.local.write(self.thread, offset as u32, data),
            Target::Null => Ok(()),
        }
    }

    /// Changes the aligned dword at an offset atomically; returns what it was, 0 outside.
    pub(super) fn update_u32(
        &mut self,
        offset: u64,
        change: &mut dyn FnMut(u32) -> u32,
    ) -> Result<u32, Trap> {
        let offset = self.offset(offset) & !3;
        if !self.contains(offset, 4) {
            self.outside(offset, true)?;
            return Ok(0);
        }
        match self.target {
            Target::Flat(base) | Target::Surface { base, .. } => {
                let address = virtual_address(base.wrapping_add(offset)) & !3;
                Ok(self.memory.update_u32(address, change)?)
            }
            Target::Local => {
                let mut bytes = [0; 4];
                self.local
                    .update(self.thread, offset as u32, &mut bytes, |bytes| {
                        change(u32::from_le_bytes(*bytes)).to_le_bytes()
                    })?;
                Ok(u32::from_le_bytes(bytes))
            }
            Target::Null => Ok(0),
        }
    }

    /// As [`Port::update_u32`], for a qword.
    pub(super) fn update_u64(
        &mut self,
        offset: u64,
        change: &mut dyn FnMut(u64) -> u64,
    ) -> Result<u64, Trap> {
        let offset = self.offset(offset) & !7;
        if !self.contains(offset, 8) {
            self.outside(offset, true)?;
            return Ok(0);
        }
        match self.target {
            Target::Flat(base) | Target::Surface { base, .. } => {
                let address = virtual_address(base.wrapping_add(offset)) & !7;
                Ok(self.memory.update_u64(address, change)?)
            }
            Target::Local => {
                let mut bytes = [0; 8];
                self.local
                    .update(self.thread, offset as u32, &mut bytes, |bytes| {
                        change(u64::from_le_bytes(*bytes)).to_le_bytes()
                    })?;
                Ok(u64::from_le_bytes(bytes))
            }
            Target::Null => Ok(0),
        }
    }
}
