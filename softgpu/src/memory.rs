//! Guest-physical memory: regions of host memory at guest-physical addresses, and
//! every access the model makes to them. The only `unsafe` of the crate is here,
//! and it may know nothing of GPUs.
//!
//! The guest's processors change this memory at any moment. Nothing here hands out
//! a reference into it: what is read is read once into owned data, single words by
//! one atomic access where they are aligned, longer pieces by a plain copy whose
//! bytes may be of different moments. All values are little-endian.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::limits::MAX_REGIONS;

/// Why memory could not be put together or reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// An access that does not lie wholly inside one region.
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

/// One piece of guest-physical memory.
pub struct Region {
    base: u64,
    length: u64,
    pointer: NonNull<u8>,
    _keep_alive: Arc<dyn Any + Send + Sync>,
}

// SAFETY: the constructor's contract makes the memory usable from every thread for
// as long as the region exists, and all access goes through raw pointers.
unsafe impl Send for Region {}
// SAFETY: as for Send; a shared region hands out no references into its memory.
unsafe impl Sync for Region {}

impl Region {
    /// A region of `length` bytes at guest-physical address `base`, which the host
    /// sees at `pointer`.
    ///
    /// # Safety
    /// For as long as `keep_alive` lives, `pointer` must be valid for reads and
    /// writes of `length` bytes from any thread, and no Rust reference to any of
    /// these bytes may exist: others may access them only as this module does, by
    /// raw pointers or atomics (or from outside the process).
    pub unsafe fn new(
        base: u64,
        pointer: NonNull<u8>,
        length: usize,
        keep_alive: Arc<dyn Any + Send + Sync>,
    ) -> Self {
        Self {
            base,
            length: length as u64,
            pointer,
            _keep_alive: keep_alive,
        }
    }

    /// A zeroed region of the process's own memory.
    pub fn owned(base: u64, length: u64) -> Result<Self, MemoryError> {
        let allocation = Allocation::new(length)?;
        let pointer = allocation.pointer;
        Ok(Self {
            base,
            length,
            pointer,
            _keep_alive: Arc::new(allocation),
        })
    }

    /// Guest-physical address of its first byte.
    pub fn base(&self) -> u64 {
        self.base
    }

    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({:#x}+{:#x})", self.base, self.length)
    }
}

/// Zeroed pages from the allocator.
struct Allocation {
    pointer: NonNull<u8>,
    layout: Layout,
}

// SAFETY: it only owns the bytes; it never touches them.
unsafe impl Send for Allocation {}
// SAFETY: as for Send.
unsafe impl Sync for Allocation {}

impl Allocation {
    fn new(length: u64) -> Result<Self, MemoryError> {
        let layout = usize::try_from(length)
            .ok()
            .filter(|&length| length != 0)
            .and_then(|length| Layout::from_size_align(length, 4096).ok())
            .ok_or(MemoryError::NoHostMemory(length))?;
        // SAFETY: the layout's size was checked not to be zero.
        let pointer = unsafe { alloc_zeroed(layout) };
        let pointer = NonNull::new(pointer).ok_or(MemoryError::NoHostMemory(length))?;
        Ok(Self { pointer, layout })
    }
}

impl Drop for Allocation {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this very layout, and freed only here.
        unsafe { dealloc(self.pointer.as_ptr(), self.layout) };
    }
}

/// All guest-physical memory. Cheap to clone; clones share the memory.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Sorted by base, not overlapping.
    regions: Arc<[Region]>,
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
        Ok(Self {
            regions: regions.into(),
        })
    }

    /// One zeroed region of the process's own memory, for tests and for use of the
    /// model as a library.
    pub fn owned(base: u64, length: u64) -> Result<Self, MemoryError> {
        Self::new(vec![Region::owned(base, length)?])
    }

    /// The regions, sorted by base.
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// Whether the whole range lies inside one region.
    pub fn contains(&self, address: u64, length: u64) -> bool {
        self.locate(address, length).is_ok()
    }

    /// Host pointer to `length` bytes at `address`: they lie inside one region, so
    /// the pointer is good for all of them while `self` lives.
    #[inline]
    fn locate(&self, address: u64, length: u64) -> Result<*mut u8, MemoryError> {
        let outside = MemoryError::Outside { address, length };
        let after = self
            .regions
            .partition_point(|region| region.base <= address);
        let region = after
            .checked_sub(1)
            .map(|index| &self.regions[index])
            .ok_or(outside)?;
        let offset = address - region.base;
        if offset > region.length || length > region.length - offset {
            return Err(outside);
        }
        Ok(region.pointer.as_ptr().wrapping_add(offset as usize))
    }

    /// Copies memory into `out`.
    #[inline]
    pub fn read(&self, address: u64, out: &mut [u8]) -> Result<(), MemoryError> {
        let from = self.locate(address, out.len() as u64)?;
        // SAFETY: `locate` vouches for `from`; `out` is ours alone and, by the
        // contract of Region::new, no part of guest memory.
        unsafe { std::ptr::copy_nonoverlapping(from, out.as_mut_ptr(), out.len()) };
        Ok(())
    }

    /// Copies `data` into memory.
    #[inline]
    pub fn write(&self, address: u64, data: &[u8]) -> Result<(), MemoryError> {
        let to = self.locate(address, data.len() as u64)?;
        // SAFETY: as in `read`, the other way round.
        unsafe { std::ptr::copy_nonoverlapping(data.as_ptr(), to, data.len()) };
        Ok(())
    }

    /// Sets `length` bytes to `value`.
    pub fn fill(&self, address: u64, length: u64, value: u8) -> Result<(), MemoryError> {
        let to = self.locate(address, length)?;
        // SAFETY: `locate` vouches for `length` bytes at `to`.
        unsafe { std::ptr::write_bytes(to, value, length as usize) };
        Ok(())
    }

    /// Copies `length` bytes inside memory, as if through a buffer where they overlap.
    pub fn copy(&self, from: u64, to: u64, length: u64) -> Result<(), MemoryError> {
        let from = self.locate(from, length)?;
        let to = self.locate(to, length)?;
        // SAFETY: `locate` vouches for `length` bytes at both.
        unsafe { std::ptr::copy(from, to, length as usize) };
        Ok(())
    }

    /// Reads a dword, in one access where it is aligned.
    #[inline]
    pub fn read_u32(&self, address: u64) -> Result<u32, MemoryError> {
        let pointer = self.locate(address, 4)?;
        if let Some(word) = atomic_u32(pointer) {
            return Ok(u32::from_le(word.load(Ordering::Acquire)));
        }
        let mut bytes = [0; 4];
        self.read(address, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// Reads a qword, in one access where it is aligned.
    #[inline]
    pub fn read_u64(&self, address: u64) -> Result<u64, MemoryError> {
        let pointer = self.locate(address, 8)?;
        if let Some(word) = atomic_u64(pointer) {
            return Ok(u64::from_le(word.load(Ordering::Acquire)));
        }
        let mut bytes = [0; 8];
        self.read(address, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Writes a dword, in one access where it is aligned.
    #[inline]
    pub fn write_u32(&self, address: u64, value: u32) -> Result<(), MemoryError> {
        let pointer = self.locate(address, 4)?;
        if let Some(word) = atomic_u32(pointer) {
            word.store(value.to_le(), Ordering::Release);
            return Ok(());
        }
        self.write(address, &value.to_le_bytes())
    }

    /// Writes a qword, in one access where it is aligned.
    #[inline]
    pub fn write_u64(&self, address: u64, value: u64) -> Result<(), MemoryError> {
        let pointer = self.locate(address, 8)?;
        if let Some(word) = atomic_u64(pointer) {
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
        change: impl Fn(u32) -> u32,
    ) -> Result<u32, MemoryError> {
        let pointer = self.locate(address, 4)?;
        let Some(word) = atomic_u32(pointer) else {
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
        change: impl Fn(u64) -> u64,
    ) -> Result<u64, MemoryError> {
        let pointer = self.locate(address, 8)?;
        let Some(word) = atomic_u64(pointer) else {
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

    /// A checked range from which dwords are read again and again.
    pub fn window(&self, address: u64, length: u64) -> Result<Window<'_>, MemoryError> {
        let pointer = self.locate(address, length)?;
        Ok(Window {
            pointer,
            length: length as usize,
            memory: PhantomData,
        })
    }
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
        if offset.checked_add(4)? > self.length {
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
mod tests {
    use super::*;

    fn two_regions() -> Memory {
        Memory::new(vec![
            Region::owned(0x10_000, 0x1000).unwrap(),
            Region::owned(0x1000, 0x2000).unwrap(),
        ])
        .unwrap()
    }

    #[test]
    fn an_access_stays_inside_one_region() {
        let memory = two_regions();
        assert!(memory.contains(0x1000, 0x2000));
        for (address, length) in [
            (0xfff, 1),
            (0xfff, 2),
            (0x2fff, 2),
            (0x3000, 1),
            (u64::MAX, 1),
            (0x1000, u64::MAX),
        ] {
            assert!(
                !memory.contains(address, length),
                "{address:#x}+{length:#x}"
            );
        }
        assert!(memory.read_u64(0x10_ff8).is_ok());
        assert!(memory.read_u64(0x10_ff9).is_err());
        assert!(memory.write(0x2ffe, &[1, 2, 3]).is_err());
        assert!(memory.copy(0x1000, 0x10_001, 0x1000).is_err());
        assert!(memory.fill(0, 4, 0).is_err());
    }

    #[test]
    fn bad_regions_are_refused() {
        let overlap = vec![
            Region::owned(0, 0x2000).unwrap(),
            Region::owned(0x1000, 1).unwrap(),
        ];
        assert_eq!(
            Memory::new(overlap).unwrap_err(),
            MemoryError::BadRegion(0x1000)
        );
        let wrap = vec![Region::owned(u64::MAX, 2).unwrap()];
        assert_eq!(
            Memory::new(wrap).unwrap_err(),
            MemoryError::BadRegion(u64::MAX)
        );
        assert!(matches!(
            Region::owned(0, 0),
            Err(MemoryError::NoHostMemory(0))
        ));
    }

    #[test]
    fn words_are_little_endian_at_any_alignment() {
        let memory = two_regions();
        for address in 0x1000..0x1008 {
            memory.write_u64(address, 0x0807_0605_0403_0201).unwrap();
            assert_eq!(memory.read_u64(address).unwrap(), 0x0807_0605_0403_0201);
            assert_eq!(memory.read_u32(address + 1).unwrap(), 0x0504_0302);
            assert_eq!(
                memory.update_u32(address, |old| old + 1).unwrap(),
                0x0403_0201
            );
            assert_eq!(
                memory.update_u64(address, |old| !old).unwrap(),
                0x0807_0605_0403_0202
            );
            let window = memory.window(address, 4).unwrap();
            assert_eq!(window.read_u32(0), Some(!0x0403_0202));
            assert_eq!(window.read_u32(1), None);
        }
    }

    #[test]
    fn overlapping_copies_are_as_through_a_buffer() {
        let memory = two_regions();
        memory.write(0x1000, &[1, 2, 3, 4, 5]).unwrap();
        memory.copy(0x1000, 0x1002, 5).unwrap();
        let mut out = [0; 7];
        memory.read(0x1000, &mut out).unwrap();
        assert_eq!(out, [1, 2, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn updates_from_two_threads_are_not_lost() {
        let memory = two_regions();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        memory.update_u32(0x1000, |old| old + 1).unwrap();
                    }
                });
            }
        });
        assert_eq!(memory.read_u32(0x1000).unwrap(), 2000);
    }
}
