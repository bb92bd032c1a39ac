//! Memory as a batch sees it: GPU virtual addresses, with the scratch page where
//! nothing is mapped, or a fault in strict mode. May know page tables and memory,
//! not commands.

use std::fmt;

use parking_lot::RwLockReadGuard;

use crate::memory::{Memory, Window};
use crate::page_table::{AddressSpace, Backing, Mapping, PageTable, Tlb};

/// An access that strict mode refuses, or that found guest memory gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// GPU virtual address.
    pub(crate) address: u64,
    /// Why.
    pub(crate) kind: FaultKind,
}

/// Why an access faulted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// Nothing mapped; a read.
    Read,
    /// Nothing mapped; a write.
    Write,
    /// A write to a read-only page.
    ReadOnly,
    /// The mapping leads outside guest memory.
    MemoryGone,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} fault at {:#x}", self.kind, self.address)
    }
}

/// Longest pattern that memory can be filled with.
pub(crate) const MAX_PATTERN: usize = 16;

/// Where a piece of an access ends up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// At a guest-physical address.
    Memory(u64),
    /// Nowhere: zeros, or vanished.
    Scratch,
}

/// An address space held still for a few commands.
pub(crate) struct View<'a> {
    table: RwLockReadGuard<'a, PageTable>,
    tlb: &'a mut Tlb,
    memory: &'a Memory,
    address_mask: u64,
    strict: bool,
    faults: u64,
    changes: u64,
}

impl<'a> View<'a> {
    /// Takes the address space's lock for reading. `tlb` must be used with no
    /// other address space.
    pub(crate) fn new(
        space: &'a AddressSpace,
        tlb: &'a mut Tlb,
        memory: &'a Memory,
        address_mask: u64,
        strict: bool,
    ) -> Self {
        let table = space.read();
        tlb.catch_up(&table);
        Self {
            table,
            tlb,
            memory,
            address_mask,
            strict,
            faults: 0,
            changes: 0,
        }
    }

    /// Lets a waiting bind in, if there is one.
    pub(crate) fn yield_to_binds(&mut self) {
        RwLockReadGuard::bump(&mut self.table);
        self.tlb.catch_up(&self.table);
    }

    /// Does something without the lock: what waits for binds may be waited for.
    pub(crate) fn unlocked<T>(&mut self, act: impl FnOnce() -> T) -> T {
        let result = RwLockReadGuard::unlocked(&mut self.table, act);
        self.tlb.catch_up(&self.table);
        result
    }

    /// Counts a change that was made by other means.
    pub(crate) fn note_change(&mut self) {
        self.changes += 1;
    }

    /// Whether what is wrong hangs at once, also what the hardware lets pass.
    pub(crate) fn is_strict(&self) -> bool {
        self.strict
    }

    /// How many accesses met no mapping, a read-only page or missing memory.
    pub(crate) fn faults(&self) -> u64 {
        self.faults
    }

    /// How many writes changed, or may have changed, memory.
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// Starts to count changes anew.
    pub(crate) fn forget_changes(&mut self) {
        self.changes = 0;
    }

    /// Cuts off the bits above the platform's address width.
    pub(crate) fn canonical(&self, address: u64) -> u64 {
        address & self.address_mask
    }

    /// The mapping at `address`, to execute from.
    pub(crate) fn mapping(&mut self, address: u64) -> Option<Mapping> {
        self.tlb.lookup(&self.table, address)
    }

    /// A window on at most `length` bytes of guest memory at `address`, ending where
    /// the mapping does. `None`: nothing mapped, or no memory behind it.
    pub(crate) fn window(&mut self, address: u64, length: u64) -> Option<(Window<'a>, u64)> {
        let mapping = self.mapping(address)?.from(address);
        let length = length.min(mapping.end - mapping.start);
        match mapping.backing {
            Backing::Memory { address, .. } => {
                Some((self.memory.window(address, length).ok()?, length))
            }
            Backing::Null => None,
        }
    }

    /// A window on exactly these bytes, to read or to write. `None`: they don't lie in one
    /// mapping, or not all in memory, or may not be written, or closures stand for them.
    #[inline]
    pub(crate) fn range(&mut self, address: u64, length: u64, write: bool) -> Option<Window<'a>> {
        let address = self.canonical(address);
        let mapping = self.mapping(address)?;
        match mapping.backing {
            Backing::Memory {
                address: base,
                read_only,
            } if !(read_only && write) && length <= mapping.end - address => {
                self.changes += u64::from(write);
                let physical = base + (address - mapping.start);
                self.memory.window(physical, length).ok()
            }
            _ => None,
        }
    }

    /// The dword at `address`, to execute, from memory that can't give a window because
    /// closures stand for it.
    #[cold]
    pub(crate) fn fetch_supplied(&mut self, address: u64) -> Option<u32> {
        let mapping = self.mapping(address)?.from(address);
        match mapping.backing {
            Backing::Memory { address, .. } if mapping.end - mapping.start >= 4 => {
                self.memory.read_u32(address).ok()
            }
            _ => None,
        }
    }

    /// Where the next piece of an access of `length` bytes goes, and how long it is.
    #[inline]
    fn piece(&mut self, address: u64, length: u64, write: bool) -> Result<(Piece, u64), Fault> {
        let Some(mapping) = self.tlb.lookup(&self.table, address) else {
            return self.unmapped(address, length, write);
        };
        let here = length.min(mapping.end - address);
        match mapping.backing {
            Backing::Memory {
                address: base,
                read_only,
            } => {
                if read_only && write {
                    self.faults += 1;
                    if self.strict {
                        return Err(Fault {
                            address,
                            kind: FaultKind::ReadOnly,
                        });
                    }
                    return Ok((Piece::Scratch, here));
                }
                let physical = base + (address - mapping.start);
                Ok((Piece::Memory(physical), here))
            }
            Backing::Null => Ok((Piece::Scratch, here)),
        }
    }

    #[cold]
    fn unmapped(&mut self, address: u64, length: u64, write: bool) -> Result<(Piece, u64), Fault> {
        self.faults += 1;
        if self.strict {
            let kind = if write {
                FaultKind::Write
            } else {
                FaultKind::Read
            };
            return Err(Fault { address, kind });
        }
        // To the end of the page: what comes next may be mapped again.
        let here =
            length.min(crate::page_table::PAGE_SIZE - address % crate::page_table::PAGE_SIZE);
        Ok((Piece::Scratch, here))
    }

    fn gone(&mut self, address: u64) -> Result<(), Fault> {
        self.faults += 1;
        if self.strict {
            Err(Fault {
                address,
                kind: FaultKind::MemoryGone,
            })
        } else {
            Ok(())
        }
    }

    /// Reads bytes; what isn't mapped reads as 0.
    pub(crate) fn read(&mut self, address: u64, out: &mut [u8]) -> Result<(), Fault> {
        let mut done = 0;
        while done < out.len() {
            let at = self.canonical(address.wrapping_add(done as u64));
            let (piece, length) = self.piece(at, (out.len() - done) as u64, false)?;
            let part = &mut out[done..done + length as usize];
            match piece {
                Piece::Memory(physical) => {
                    if self.memory.read(physical, part).is_err() {
                        self.gone(at)?;
                        part.fill(0);
                    }
                }
                Piece::Scratch => part.fill(0),
            }
            done += length as usize;
        }
        Ok(())
    }

    /// Writes bytes; what isn't mapped vanishes.
    pub(crate) fn write(&mut self, address: u64, data: &[u8]) -> Result<(), Fault> {
        self.changes += 1;
        let mut done = 0;
        while done < data.len() {
            let at = self.canonical(address.wrapping_add(done as u64));
            let (piece, length) = self.piece(at, (data.len() - done) as u64, true)?;
            let part = &data[done..done + length as usize];
            if let Piece::Memory(physical) = piece
                && self.memory.write(physical, part).is_err()
            {
                self.gone(at)?;
            }
            done += length as usize;
        }
        Ok(())
    }

    /// Sets bytes to a pattern of at most [`MAX_PATTERN`] bytes, over and over from its
    /// first on.
    pub(crate) fn fill(&mut self, address: u64, length: u64, pattern: &[u8]) -> Result<(), Fault> {
        self.changes += 1;
        let mut done = 0;
        let mut turned = [0; MAX_PATTERN];
        let turned = &mut turned[..pattern.len()];
        while done < length {
            let at = self.canonical(address.wrapping_add(done));
            let (piece, here) = self.piece(at, length - done, true)?;
            if let Piece::Memory(physical) = piece {
                turned.copy_from_slice(pattern);
                turned.rotate_left((done % pattern.len() as u64) as usize);
                if self.memory.fill_pattern(physical, here, turned).is_err() {
                    self.gone(at)?;
                }
            }
            done += here;
        }
        Ok(())
    }

    /// Copies bytes from a lower piece to the next. Ranges that overlap in guest
    /// memory are copied as if through a buffer only within pieces that both lie
    /// inside one mapping each; the caller takes care of the rest.
    pub(crate) fn copy(&mut self, from: u64, to: u64, length: u64) -> Result<(), Fault> {
        self.changes += 1;
        let mut done = 0;
        while done < length {
            let source = self.canonical(from.wrapping_add(done));
            let target = self.canonical(to.wrapping_add(done));
            let (source_piece, here) = self.piece(source, length - done, false)?;
            let (target_piece, here) = self.piece(target, here, true)?;
            match (source_piece, target_piece) {
                (Piece::Memory(source_at), Piece::Memory(target_at)) => {
                    if self.memory.copy(source_at, target_at, here).is_err() {
                        self.gone(target)?;
                    }
                }
                (Piece::Scratch, Piece::Memory(target_at)) => {
                    if self.memory.fill(target_at, here, 0).is_err() {
                        self.gone(target)?;
                    }
                }
                (_, Piece::Scratch) => {}
            }
            done += here;
        }
        Ok(())
    }

    /// Reads a dword: one access where it is aligned.
    #[inline]
    pub(crate) fn read_u32(&mut self, address: u64) -> Result<u32, Fault> {
        let address = self.canonical(address);
        match self.piece(address, 4, false)? {
            (Piece::Memory(physical), 4) => {
                if let Ok(value) = self.memory.read_u32(physical) {
                    return Ok(value);
                }
            }
            (Piece::Scratch, 4) => return Ok(0),
            _ => {}
        }
        let mut bytes = [0; 4];
        self.read(address, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// Reads a qword: one access where it is aligned.
    #[inline]
    pub(crate) fn read_u64(&mut self, address: u64) -> Result<u64, Fault> {
        let address = self.canonical(address);
        match self.piece(address, 8, false)? {
            (Piece::Memory(physical), 8) => {
                if let Ok(value) = self.memory.read_u64(physical) {
                    return Ok(value);
                }
            }
            (Piece::Scratch, 8) => return Ok(0),
            _ => {}
        }
        let mut bytes = [0; 8];
        self.read(address, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Writes a dword: one access where it is aligned. Writing what is there already
    /// doesn't count as a change.
    #[inline]
    pub(crate) fn write_u32(&mut self, address: u64, value: u32) -> Result<(), Fault> {
        let address = self.canonical(address);
        match self.piece(address, 4, true)? {
            (Piece::Memory(physical), 4) => {
                if let Ok(old) = self.memory.read_u32(physical)
                    && self.memory.write_u32(physical, value).is_ok()
                {
                    self.changes += u64::from(old != value);
                    return Ok(());
                }
            }
            (Piece::Scratch, 4) => return Ok(()),
            _ => {}
        }
        self.write(address, &value.to_le_bytes())
    }

    /// Writes a qword: one access where it is aligned. Writing what is there already
    /// doesn't count as a change.
    #[inline]
    pub(crate) fn write_u64(&mut self, address: u64, value: u64) -> Result<(), Fault> {
        let address = self.canonical(address);
        match self.piece(address, 8, true)? {
            (Piece::Memory(physical), 8) => {
                if let Ok(old) = self.memory.read_u64(physical)
                    && self.memory.write_u64(physical, value).is_ok()
                {
                    self.changes += u64::from(old != value);
                    return Ok(());
                }
            }
            (Piece::Scratch, 8) => return Ok(()),
            _ => {}
        }
        self.write(address, &value.to_le_bytes())
    }

    /// Replaces a dword by `change` of it, atomically where it is aligned and mapped
    /// for writing; returns what it was (0 where nothing is).
    pub(crate) fn update_u32(
        &mut self,
        address: u64,
        mut change: impl FnMut(u32) -> u32,
    ) -> Result<u32, Fault> {
        let address = self.canonical(address);
        self.changes += 1;
        if let (Piece::Memory(physical), 4) = self.piece(address, 4, true)?
            && let Ok(old) = self.memory.update_u32(physical, &mut change)
        {
            return Ok(old);
        }
        let old = self.read_u32(address)?;
        self.write_u32(address, change(old))?;
        Ok(old)
    }

    /// As [`View::update_u32`], for a qword.
    pub(crate) fn update_u64(
        &mut self,
        address: u64,
        mut change: impl FnMut(u64) -> u64,
    ) -> Result<u64, Fault> {
        let address = self.canonical(address);
        self.changes += 1;
        if let (Piece::Memory(physical), 8) = self.piece(address, 8, true)?
            && let Ok(old) = self.memory.update_u64(physical, &mut change)
        {
            return Ok(old);
        }
        let old = self.read_u64(address)?;
        self.write_u64(address, change(old))?;
        Ok(old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: u64 = (1 << 48) - 1;

    fn space() -> (AddressSpace, Memory) {
        let space = AddressSpace::default();
        space.update(|table| {
            let writable = |address| Backing::Memory {
                address,
                read_only: false,
            };
            table
                .map(0x1000, [(0x1000, writable(0x4000))].into_iter())
                .unwrap();
            table
                .map(0x2000, [(0x1000, writable(0x2000))].into_iter())
                .unwrap();
            let read_only = Backing::Memory {
                address: 0x3000,
                read_only: true,
            };
            table
                .map(0x5000, [(0x1000, read_only)].into_iter())
                .unwrap();
            table
                .map(0x6000, [(0x1000, Backing::Null)].into_iter())
                .unwrap();
            table
                .map(0x7000, [(0x1000, writable(0x100_0000))].into_iter())
                .unwrap();
        });
        (space, Memory::owned(0, 0x10_000).unwrap())
    }

    #[test]
    fn an_access_crosses_mappings() {
        let (space, memory) = space();
        let mut tlb = Tlb::default();
        let mut view = View::new(&space, &mut tlb, &memory, MASK, true);
        view.write_u64(0xffff_8000_0000_1ffc & MASK | 0xffff_0000_0000_0000, 0)
            .unwrap_err();
        view.write_u64(0x1ffc | 0xffff_0000_0000_0000, 0x1122_3344_5566_7788)
            .unwrap();
        assert_eq!(memory.read_u32(0x4ffc).unwrap(), 0x5566_7788);
        assert_eq!(memory.read_u32(0x2000).unwrap(), 0x1122_3344);
        assert_eq!(view.read_u64(0x1ffc).unwrap(), 0x1122_3344_5566_7788);
    }

    #[test]
    fn scratch_reads_zero_and_swallows_writes() {
        let (space, memory) = space();
        let mut tlb = Tlb::default();
        let mut view = View::new(&space, &mut tlb, &memory, MASK, false);
        memory.write_u32(0x3000, 7).unwrap();
        for address in [0, 0x5000, 0x6000, 0x7000, 0x9000] {
            view.write_u32(address, 0xdead_beef).unwrap();
        }
        assert_eq!(view.read_u32(0x5000).unwrap(), 7);
        assert_eq!(view.read_u32(0x6000).unwrap(), 0);
        assert_eq!(view.read_u32(0x7000).unwrap(), 0);
        assert_eq!(view.read_u32(0x9000).unwrap(), 0);
        assert!(view.faults() >= 4);
        view.fill(0x2ff0, 0x20, &[0xff]).unwrap();
        assert_eq!(memory.read_u64(0x2ff8).unwrap(), u64::MAX);
        view.copy(0x9000, 0x2ff8, 8).unwrap();
        assert_eq!(memory.read_u64(0x2ff8).unwrap(), 0);
    }

    #[test]
    fn strict_mode_faults() {
        let (space, memory) = space();
        let mut tlb = Tlb::default();
        let mut view = View::new(&space, &mut tlb, &memory, MASK, true);
        let kind = |fault: Result<(), Fault>| fault.unwrap_err().kind;
        assert_eq!(kind(view.write_u32(0x9000, 1)), FaultKind::Write);
        assert_eq!(kind(view.write_u32(0x5000, 1)), FaultKind::ReadOnly);
        assert_eq!(kind(view.write_u32(0x7000, 1)), FaultKind::MemoryGone);
        assert_eq!(kind(view.read(0x2ffe, &mut [0; 4])), FaultKind::Read);
        view.write_u32(0x6000, 1).unwrap();
        assert_eq!(view.read_u32(0x6000), Ok(0));
    }
}
