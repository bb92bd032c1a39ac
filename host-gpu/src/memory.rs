// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Guest memory in this process: where it is, and scattered pieces of it as one.

use std::ffi::c_void;
use std::fs::File;
use std::io;

use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};
use virtio_igpu_executor::{Extent, GuestMemory};
use vm_memory::{Address, GuestAddress, GuestMemoryBackend, GuestMemoryRegion};

/// Where an extent is in this process, if one mapping holds all of it.
pub fn host_address(memory: &GuestMemory, extent: Extent) -> Option<u64> {
    let region = memory.find_region(GuestAddress(extent.address))?;
    let offset = extent.address - region.start_addr().raw_value();
    let room = region.len() - offset;
    (extent.length <= room).then(|| region.as_ptr() as u64 + offset)
}

/// The file that an extent is in, and where in it. Without a file it is `Unsupported`.
pub(crate) fn in_file(memory: &GuestMemory, extent: Extent) -> io::Result<(&File, u64)> {
    let outside = || io::Error::from(io::ErrorKind::InvalidInput);
    let region = memory.find_region(GuestAddress(extent.address));
    let region = region.ok_or_else(outside)?;
    let offset = extent.address - region.start_addr().raw_value();
    if extent.length > region.len() - offset {
        return Err(outside());
    }
    let file = region.file_offset();
    let file = file.ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))?;
    Ok((file.file(), file.start() + offset))
}

/// Scattered pieces of guest memory, mapped once more, one behind the other. Nobody in this
/// process reads or writes there.
#[derive(Debug)]
pub struct Gathered {
    start: *mut c_void,
    length: usize,
}

// SAFETY: it is a range of addresses, which it never accesses.
unsafe impl Send for Gathered {}
// SAFETY: likewise.
unsafe impl Sync for Gathered {}

impl Gathered {
    /// Maps the pieces. They have to be whole pages of memory that a file is behind, or it is
    /// `Unsupported`.
    pub fn new(memory: &GuestMemory, extents: &[Extent]) -> io::Result<Self> {
        let length: u64 = extents.iter().map(|extent| extent.length).sum();
        let length = usize::try_from(length).map_err(io::Error::other)?;
        // SAFETY: new addresses, of the kernel's choice.
        let start = unsafe {
            mmap_anonymous(
                std::ptr::null_mut(),
                length,
                ProtFlags::empty(),
                MapFlags::PRIVATE | MapFlags::NORESERVE,
            )
        }?;
        let gathered = Self { start, length };
        let mut at = 0;
        for extent in extents {
            let (file, offset) = in_file(memory, *extent)?;
            let piece = extent.length as usize;
            // SAFETY: `at + piece` is at most `length`, the sum of the pieces; what is replaced
            // is part of the mapping made above, which nothing else knows.
            unsafe {
                mmap(
                    start.wrapping_byte_add(at),
                    piece,
                    ProtFlags::READ | ProtFlags::WRITE,
                    MapFlags::SHARED | MapFlags::FIXED,
                    file,
                    offset,
                )
            }?;
            at += piece;
        }
        Ok(gathered)
    }

    /// Where it begins.
    pub fn address(&self) -> u64 {
        self.start as u64
    }

    /// Its bytes.
    pub fn length(&self) -> u64 {
        self.length as u64
    }
}

impl Drop for Gathered {
    fn drop(&mut self) {
        // SAFETY: the addresses are this one's alone; what a GPU still uses of the pages behind
        // them, its driver keeps.
        let unmapped = unsafe { munmap(self.start, self.length) };
        debug_assert!(unmapped.is_ok());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use vm_memory::{Bytes, FileOffset};

    const PAGE: u64 = 4096;

    fn memory() -> GuestMemory {
        let file = tempfile::tempfile().unwrap();
        file.set_len(16 * PAGE).unwrap();
        let file = FileOffset::new(file, 4 * PAGE);
        let range = (GuestAddress(0x10_0000), 8 * PAGE as usize, Some(file));
        GuestMemory::from_ranges_with_files([range]).unwrap()
    }

    fn extent(page: u64, pages: u64) -> Extent {
        Extent {
            address: 0x10_0000 + page * PAGE,
            length: pages * PAGE,
        }
    }

    #[test]
    fn pieces_follow_each_other() {
        let memory = memory();
        let extents = [extent(5, 1), extent(0, 2), extent(7, 1)];
        for page in 0..8_u64 {
            let at = GuestAddress(0x10_0000 + page * PAGE);
            memory.write_obj(page + 1, at).unwrap();
        }
        let gathered = Gathered::new(&memory, &extents).unwrap();
        assert_eq!(gathered.length(), 4 * PAGE);
        let shown: Vec<u64> = (0..4_usize)
            .map(|page| {
                let at = gathered.start.wrapping_byte_add(page * PAGE as usize);
                // SAFETY: inside the mapping, page-aligned, and nobody writes there meanwhile.
                unsafe { at.cast::<u64>().read_volatile() }
            })
            .collect();
        assert_eq!(shown, [6, 1, 2, 8]);
    }

    #[test]
    fn what_is_outside_or_has_no_file_is_refused() {
        let inside = memory();
        let past = Gathered::new(&inside, &[extent(7, 2)]).unwrap_err();
        assert_eq!(past.kind(), io::ErrorKind::InvalidInput);
        let range = (GuestAddress(0x10_0000), 8 * PAGE as usize);
        let anonymous = GuestMemory::from_ranges(&[range]).unwrap();
        let refused = Gathered::new(&anonymous, &[extent(0, 1), extent(2, 1)]).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::Unsupported);
    }
}
