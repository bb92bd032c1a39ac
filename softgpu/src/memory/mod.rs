//! Guest-physical memory: regions at guest-physical addresses, and every access the
//! model makes to them. The only `unsafe` of the crate is here, and it may know nothing
//! of GPUs.
//!
//! The guest's processors change this memory at any moment. Nothing here hands out
//! a reference into it: what is read is read once into owned data, single words by
//! one atomic access where they are aligned, longer pieces by a plain copy whose
//! bytes may be of different moments. All values are little-endian.

mod fill;
mod grid;
mod region;

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::limits::MAX_REGIONS;

pub(crate) use grid::{Grid, PIECE, copy as copy_grid};
pub use region::Region;
use region::{Bytes, Host, Source, Supplier};

/// Why memory could not be put together or reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// An access that does not lie wholly inside regions.
    #[error("{address:#x}+{length:#x} is outside guest memory")]
    Outside {
        /// Guest-physical address of the access.
        address: u64,
        /// Its length in bytes.
        length: u64,
    },
    /// Two regions overlap, or one is empty or wraps around.
    #[error("memory region at {0:#x} is empty, wraps around or overlaps another")]
    BadRegion(u64),
    /// More than [`MAX_REGIONS`].
    #[error("more than {MAX_REGIONS} memory regions")]
    TooManyRegions,
    /// The host has not that much memory.
    #[error("the host cannot give {0} bytes")]
    NoHostMemory(u64),
}

/// A region in the process's memory, as accesses look it up.
struct Mapped {
    base: u64,
    length: u64,
    host: Host,
}

/// A region that closures stand for.
#[derive(Clone)]
struct Supplied {
    base: u64,
    length: u64,
    supplier: Arc<Supplier>,
}

/// All guest-physical memory. Cheap to clone; clones share the memory.
#[derive(Clone, Default)]
pub struct Memory {
    /// Sorted by base; no region overlaps another, of either kind.
    mapped: Arc<[Mapped]>,
    supplied: Arc<[Supplied]>,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ranges()).finish()
    }
}

impl Memory {
    /// Memory made of these regions, in any order.
    pub fn new(mut regions: Vec<Region>) -> Result<Self, MemoryError> {
        if regions.len() > MAX_REGIONS {
            return Err(MemoryError::TooManyRegions);
        }
        regions.sort_by_key(|region| region.base);
        let mut end = 0;
        for region in &regions {
            let region_end = region.base.checked_add(region.length);
            match region_end {
                Some(region_end) if region.base >= end && region.length != 0 => end = region_end,
                _ => return Err(MemoryError::BadRegion(region.base)),
            }
        }
        let (mut mapped, mut supplied) = (Vec::new(), Vec::new());
        for Region {
            base,
            length,
            source,
        } in regions
        {
            match source {
                Source::Host(host) => mapped.push(Mapped { base, length, host }),
                Source::Supplier(supplier) => supplied.push(Supplied {
                    base,
                    length,
                    supplier,
                }),
            }
        }
        Ok(Self {
            mapped: mapped.into(),
            supplied: supplied.into(),
        })
    }

    /// One zeroed region of the process's own memory, for tests and for use of the
    /// model as a library.
    pub fn owned(base: u64, length: u64) -> Result<Self, MemoryError> {
        Self::new(vec![Region::owned(base, length)?])
    }

    /// One region of these bytes; [`Memory::into_bytes`] gives them back.
    pub fn from_vec(base: u64, bytes: Vec<u8>) -> Result<Self, MemoryError> {
        Self::new(vec![Region::from_vec(base, bytes)])
    }

    /// Gives back the bytes of the regions that were made of vectors, with their bases, and
    /// drops the others. If a clone exists, a GPU's for one, the memory itself comes back.
    pub fn into_bytes(mut self) -> Result<Vec<(u64, Vec<u8>)>, Self> {
        let Some(mapped) = Arc::get_mut(&mut self.mapped) else {
            return Err(self);
        };
        let mut all = Vec::new();
        for region in mapped {
            let nothing: Arc<dyn Any + Send + Sync> = Arc::new(());
            let owner = std::mem::replace(&mut region.host.keep_alive, nothing);
            // From here on nobody can reach the region: `self` ends with this call.
            if let Ok(bytes) = owner.downcast::<Bytes>()
                && let Some(bytes) = Arc::into_inner(bytes)
            {
                all.push((region.base, bytes.into_vec()));
            }
        }
        Ok(all)
    }

    /// Base and length of each region.
    pub fn ranges(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let mapped = self
            .mapped
            .iter()
            .map(|region| (region.base, region.length));
        let supplied = self.supplied.iter();
        mapped.chain(supplied.map(|region| (region.base, region.length)))
    }

    /// Whether the whole range lies inside regions, one behind the other.
    pub fn contains(&self, address: u64, length: u64) -> bool {
        self.locate(address, length).is_ok() || self.check(address, length).is_ok()
    }

    /// Host pointer to `length` bytes at `address`: they lie inside one region, so
    /// the pointer is good for all of them while `self` lives.
    ///
    /// The bounds hold for all numbers: the region is one with `base <= address`, so
    /// `offset` does not wrap; `offset <= region.length`, so `region.length - offset` does
    /// not either, and `length` is at most that. So `offset + length <= region.length`,
    /// which is the size of the host's memory behind `pointer` (the contract of
    /// [`Region::new`]).
    #[inline]
    fn locate(&self, address: u64, length: u64) -> Result<*mut u8, MemoryError> {
        let outside = MemoryError::Outside { address, length };
        let after = self.mapped.partition_point(|region| region.base <= address);
        let region = after
            .checked_sub(1)
            .map(|index| &self.mapped[index])
            .ok_or(outside)?;
        let offset = within(region.base, region.length, address, length).ok_or(outside)?;
        Ok(region.host.pointer.as_ptr().wrapping_add(offset as usize))
    }

    /// The closures that stand for `length` bytes at `address`, and the offset there.
    fn supplier(&self, address: u64, length: u64) -> Option<(&Supplier, u64)> {
        self.supplied.iter().find_map(|region| {
            let offset = within(region.base, region.length, address, length)?;
            Some((&*region.supplier, offset))
        })
    }

    /// How many of `length` bytes lie in the region that `address` lies in.
    fn here(&self, address: u64, length: u64) -> Option<u64> {
        self.ranges().find_map(|(base, size)| {
            let offset = within(base, size, address, 1)?;
            Some(length.min(size - offset))
        })
    }

    /// Checks that a range lies inside regions, one behind the other.
    #[cold]
    fn check(&self, address: u64, length: u64) -> Result<(), MemoryError> {
        let outside = MemoryError::Outside { address, length };
        address.checked_add(length).ok_or(outside)?;
        let mut done = 0;
        while done < length {
            done += self.here(address + done, length - done).ok_or(outside)?;
        }
        Ok(())
    }

    /// [`Memory::read`] of what does not lie in one region that is mapped.
    #[cold]
    fn read_elsewhere(&self, address: u64, out: &mut [u8]) -> Result<(), MemoryError> {
        if let Some((supplier, offset)) = self.supplier(address, out.len() as u64) {
            (supplier.read)(offset, out);
            return Ok(());
        }
        self.check(address, out.len() as u64)?;
        let mut done = 0;
        while done < out.len() {
            let at = address + done as u64;
            let outside = MemoryError::Outside {
                address: at,
                length: 1,
            };
            let left = (out.len() - done) as u64;
            let here = self.here(at, left).ok_or(outside)? as usize;
            self.read(at, &mut out[done..done + here])?;
            done += here;
        }
        Ok(())
    }

    /// [`Memory::write`] to what does not lie in one region that is mapped.
    #[cold]
    fn write_elsewhere(&self, address: u64, data: &[u8]) -> Result<(), MemoryError> {
        if let Some((supplier, offset)) = self.supplier(address, data.len() as u64) {
            (supplier.write)(offset, data);
            return Ok(());
        }
        self.check(address, data.len() as u64)?;
        let mut done = 0;
        while done < data.len() {
            let at = address + done as u64;
            let outside = MemoryError::Outside {
                address: at,
                length: 1,
            };
            let left = (data.len() - done) as u64;
            let here = self.here(at, left).ok_or(outside)? as usize;
            self.write(at, &data[done..done + here])?;
            done += here;
        }
        Ok(())
    }

    /// [`Memory::fill`] of what does not lie in one region that is mapped.
    #[cold]
    fn fill_elsewhere(&self, address: u64, length: u64, value: u8) -> Result<(), MemoryError> {
        self.check(address, length)?;
        let piece = [value; 4096];
        for done in (0..length).step_by(piece.len()) {
            let here = (length - done).min(piece.len() as u64);
            self.write(address + done, &piece[..here as usize])?;
        }
        Ok(())
    }

    /// [`Memory::copy`] where a range does not lie in one region that is mapped.
    #[cold]
    fn copy_elsewhere(&self, from: u64, to: u64, length: u64) -> Result<(), MemoryError> {
        self.check(from, length)?;
        self.check(to, length)?;
        let mut buffer = [0; 4096];
        let mut done = 0;
        while done < length {
            let here = (length - done).min(buffer.len() as u64);
            // Overlapping ranges: from the end that is not overwritten.
            let at = if to > from {
                length - done - here
            } else {
                done
            };
            let piece = &mut buffer[..here as usize];
            self.read(from + at, piece)?;
            self.write(to + at, piece)?;
            done += here;
        }
        Ok(())
    }

    /// Copies memory into `out`.
    #[inline]
    pub fn read(&self, address: u64, out: &mut [u8]) -> Result<(), MemoryError> {
        let Ok(from) = self.locate(address, out.len() as u64) else {
            return self.read_elsewhere(address, out);
        };
        // SAFETY: `locate` vouches for `from`; `out` is ours alone and, by the
        // contract of Region::new, no part of guest memory.
        unsafe { std::ptr::copy_nonoverlapping(from, out.as_mut_ptr(), out.len()) };
        Ok(())
    }

    /// Copies `data` into memory.
    #[inline]
    pub fn write(&self, address: u64, data: &[u8]) -> Result<(), MemoryError> {
        let Ok(to) = self.locate(address, data.len() as u64) else {
            return self.write_elsewhere(address, data);
        };
        // SAFETY: as in `read`, the other way round.
        unsafe { std::ptr::copy_nonoverlapping(data.as_ptr(), to, data.len()) };
        Ok(())
    }

    /// Sets `length` bytes to `value`.
    pub fn fill(&self, address: u64, length: u64, value: u8) -> Result<(), MemoryError> {
        let Ok(to) = self.locate(address, length) else {
            return self.fill_elsewhere(address, length, value);
        };
        // SAFETY: `locate` vouches for `length` bytes at `to`.
        unsafe { std::ptr::write_bytes(to, value, length as usize) };
        Ok(())
    }

    /// Copies `length` bytes inside memory, as if through a buffer where they overlap.
    pub fn copy(&self, from: u64, to: u64, length: u64) -> Result<(), MemoryError> {
        let (Ok(from), Ok(to)) = (self.locate(from, length), self.locate(to, length)) else {
            return self.copy_elsewhere(from, to, length);
        };
        // SAFETY: `locate` vouches for `length` bytes at both.
        unsafe { std::ptr::copy(from, to, length as usize) };
        Ok(())
    }

    /// Reads a dword, in one access where it is aligned.
    #[inline]
    pub fn read_u32(&self, address: u64) -> Result<u32, MemoryError> {
        if let Ok(pointer) = self.locate(address, 4)
            && let Some(word) = atomic_u32(pointer)
        {
            return Ok(u32::from_le(word.load(Ordering::Acquire)));
        }
        let mut bytes = [0; 4];
        self.read(address, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// Reads a qword, in one access where it is aligned.
    #[inline]
    pub fn read_u64(&self, address: u64) -> Result<u64, MemoryError> {
        if let Ok(pointer) = self.locate(address, 8)
            && let Some(word) = atomic_u64(pointer)
        {
            return Ok(u64::from_le(word.load(Ordering::Acquire)));
        }
        let mut bytes = [0; 8];
        self.read(address, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Writes a dword, in one access where it is aligned.
    #[inline]
    pub fn write_u32(&self, address: u64, value: u32) -> Result<(), MemoryError> {
        if let Ok(pointer) = self.locate(address, 4)
            && let Some(word) = atomic_u32(pointer)
        {
            word.store(value.to_le(), Ordering::Release);
            return Ok(());
        }
        self.write(address, &value.to_le_bytes())
    }

    /// Writes a qword, in one access where it is aligned.
    #[inline]
    pub fn write_u64(&self, address: u64, value: u64) -> Result<(), MemoryError> {
        if let Ok(pointer) = self.locate(address, 8)
            && let Some(word) = atomic_u64(pointer)
        {
            word.store(value.to_le(), Ordering::Release);
            return Ok(());
        }
        self.write(address, &value.to_le_bytes())
    }

    /// Replaces a dword by `change` of it, atomically where it is aligned; returns
    /// what it was.
    pub fn update_u32(
        &self,
        address: u64,
        mut change: impl FnMut(u32) -> u32,
    ) -> Result<u32, MemoryError> {
        let word = self.locate(address, 4).ok().and_then(atomic_u32);
        let Some(word) = word else {
            let old = self.read_u32(address)?;
            self.write_u32(address, change(old))?;
            return Ok(old);
        };
        let mut old = word.load(Ordering::Acquire);
        loop {
            let new = change(u32::from_le(old)).to_le();
            match word.compare_exchange_weak(old, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(u32::from_le(old)),
                Err(now) => old = now,
            }
        }
    }

    /// Replaces a qword by `change` of it, atomically where it is aligned; returns
    /// what it was.
    pub fn update_u64(
        &self,
        address: u64,
        mut change: impl FnMut(u64) -> u64,
    ) -> Result<u64, MemoryError> {
        let word = self.locate(address, 8).ok().and_then(atomic_u64);
        let Some(word) = word else {
            let old = self.read_u64(address)?;
            self.write_u64(address, change(old))?;
            return Ok(old);
        };
        let mut old = word.load(Ordering::Acquire);
        loop {
            let new = change(u64::from_le(old)).to_le();
            match word.compare_exchange_weak(old, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(u64::from_le(old)),
                Err(now) => old = now,
            }
        }
    }

    /// A range that is checked once and accessed again and again. Refused where it lies in
    /// more than one region, or closures stand for it.
    pub fn window(&self, address: u64, length: u64) -> Result<Window<'_>, MemoryError> {
        let pointer = self.locate(address, length)?;
        Ok(Window {
            pointer,
            length: length as usize,
            memory: PhantomData,
        })
    }
}

/// The offset of `address` into a region, if all of `length` bytes from there on lie inside.
#[inline]
fn within(base: u64, size: u64, address: u64, length: u64) -> Option<u64> {
    let offset = address.checked_sub(base)?;
    (offset <= size && length <= size - offset).then_some(offset)
}

/// Whether `length` bytes at `offset` lie inside `size` bytes.
#[inline]
fn holds(size: usize, offset: usize, length: usize) -> bool {
    offset <= size && length <= size - offset
}

/// The word at `pointer` as an atomic, if it is aligned for one. Private: the
/// pointer comes fresh from `locate` for at least that many bytes.
#[inline]
fn atomic_u32<'a>(pointer: *mut u8) -> Option<&'a AtomicU32> {
    #[expect(clippy::cast_ptr_alignment, reason = "the alignment is checked next")]
    let pointer = pointer.cast::<u32>();
    // SAFETY: aligned, inside a region (see above), and accessed by others only with
    // atomics, raw copies or from outside the process, as Region::new demands.
    pointer
        .is_aligned()
        .then(|| unsafe { AtomicU32::from_ptr(pointer) })
}

/// As [`atomic_u32`], for a qword.
#[inline]
fn atomic_u64<'a>(pointer: *mut u8) -> Option<&'a AtomicU64> {
    #[expect(clippy::cast_ptr_alignment, reason = "the alignment is checked next")]
    let pointer = pointer.cast::<u64>();
    // SAFETY: as in `atomic_u32`.
    pointer
        .is_aligned()
        .then(|| unsafe { AtomicU64::from_ptr(pointer) })
}

/// A range of memory that was checked once; see [`Memory::window`].
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    pointer: *mut u8,
    length: usize,
    memory: PhantomData<&'a Memory>,
}

impl Window<'_> {
    /// The dword at `offset` bytes into the window, if it lies inside.
    #[inline]
    pub fn read_u32(&self, offset: usize) -> Option<u32> {
        if !holds(self.length, offset, 4) {
            return None;
        }
        let pointer = self.pointer.wrapping_add(offset);
        if let Some(word) = atomic_u32(pointer) {
            return Some(u32::from_le(word.load(Ordering::Relaxed)));
        }
        let mut bytes = [0; 4];
        // SAFETY: four bytes at `pointer` lie inside the window, which `locate`
        // vouched for and whose memory outlives it.
        unsafe { std::ptr::copy_nonoverlapping(pointer, bytes.as_mut_ptr(), 4) };
        Some(u32::from_le_bytes(bytes))
    }

    /// How many of the dwords from `offset` on are zero.
    #[inline]
    pub fn zero_dwords(&self, offset: usize) -> usize {
        let mut count = 0;
        while self.read_u32(offset + count * 4) == Some(0) {
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests;
