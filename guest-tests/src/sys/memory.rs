//! Memory that this process shares with the GPU: mappings of objects, and pages of the
//! process that become objects (userptr).
//!
//! The GPU writes while the CPU looks, so nothing hands out references into such memory:
//! it is read and written by value.

use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use nix::errno::Errno;
use nix::sys::mman::{MapFlags, ProtFlags, mmap, mmap_anonymous, mprotect, munmap};

use super::request::Request;
use super::uapi::drm_i915_gem_userptr;
use super::uapi::{IOCTL_I915_GEM_MMAP, IOCTL_I915_GEM_USERPTR, drm_i915_gem_mmap};

/// Mapped memory, unmapped on drop.
#[derive(Debug)]
pub struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the memory belongs to the mapping alone and is accessed by atomic operations
// or copies that promise nothing about concurrent writers.
unsafe impl Send for Mapping {}
// SAFETY: as above: shared access goes by value, through atomics or raw copies.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps `length` bytes of the node or dma-buf from `offset` on, to read and write.
    pub fn of_file(fd: impl AsFd, offset: u64, length: usize) -> Result<Self, Errno> {
        let size = NonZeroUsize::new(length).ok_or(Errno::EINVAL)?;
        let offset = i64::try_from(offset).map_err(|_| Errno::EINVAL)?;
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new mapping at an address that the kernel chooses touches no memory
        // that is in use.
        let start = unsafe { mmap(None, size, protection, MapFlags::MAP_SHARED, fd, offset) }?;
        Ok(Self {
            start: start.cast(),
            length,
        })
    }

    /// Fresh zeroed pages of this process, for userptr objects.
    pub fn anonymous(length: usize) -> Result<Self, Errno> {
        let size = NonZeroUsize::new(length).ok_or(Errno::EINVAL)?;
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: as in `of_file`.
        let start = unsafe { mmap_anonymous(None, size, protection, MapFlags::MAP_PRIVATE) }?;
        Ok(Self {
            start: start.cast(),
            length,
        })
    }

    /// The legacy way: GEM_MMAP maps the object itself and returns the address.
    pub fn of_object(
        fd: BorrowedFd<'_>,
        handle: u32,
        length: usize,
        flags: u64,
    ) -> Result<Self, Errno> {
        let mut argument = drm_i915_gem_mmap {
            handle,
            size: length as u64,
            flags,
            ..Default::default()
        };
        super::request::call::<LegacyMmap>(fd, &mut argument)?;
        let address = usize::try_from(argument.addr_ptr).map_err(|_| Errno::EOVERFLOW)?;
        let start = NonNull::new(std::ptr::with_exposed_provenance_mut::<u8>(address));
        Ok(Self {
            start: start.ok_or(Errno::EFAULT)?,
            length,
        })
    }

    /// Where the mapping lies in this process.
    pub fn address(&self) -> u64 {
        self.start.as_ptr().expose_provenance() as u64
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether it is empty, which it never is.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The u32 at a byte offset.
    ///
    /// # Panics
    ///
    /// Like all accessors, if the offset is outside or not aligned.
    pub fn read_u32(&self, offset: usize) -> u32 {
        self.atomic_u32(offset).load(Ordering::Acquire)
    }

    /// Writes the u32 at a byte offset.
    pub fn write_u32(&self, offset: usize, value: u32) {
        self.atomic_u32(offset).store(value, Ordering::Release);
    }

    /// The u64 at a byte offset.
    pub fn read_u64(&self, offset: usize) -> u64 {
        self.atomic_u64(offset).load(Ordering::Acquire)
    }

    /// Writes the u64 at a byte offset.
    pub fn write_u64(&self, offset: usize, value: u64) {
        self.atomic_u64(offset).store(value, Ordering::Release);
    }

    /// Copies bytes out of the mapping.
    pub fn read(&self, offset: usize, into: &mut [u8]) {
        let from = self.at(offset, into.len(), 1);
        // SAFETY: `at` has checked the range; the target is other memory, exclusively
        // borrowed. The GPU may write meanwhile: then the bytes are old or new ones.
        unsafe { std::ptr::copy_nonoverlapping(from, into.as_mut_ptr(), into.len()) };
    }

    /// Copies bytes into the mapping.
    pub fn write(&self, offset: usize, bytes: &[u8]) {
        let to = self.at(offset, bytes.len(), 1);
        // SAFETY: `at` has checked the range; the source is other memory. Nobody holds
        // references into the mapping.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
    }

    /// All bytes of the mapping.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.length];
        self.read(0, &mut bytes);
        bytes
    }

    /// Writes dwords from a byte offset on.
    pub fn write_dwords(&self, offset: usize, dwords: &[u32]) {
        let bytes: Vec<u8> = dwords
            .iter()
            .flat_map(|dword| dword.to_le_bytes())
            .collect();
        self.write(offset, &bytes);
    }

    /// Writes one value to every u32.
    pub fn fill_u32(&self, value: u32) {
        let bytes: Vec<u8> = value.to_le_bytes().repeat(self.length / 4);
        self.write(0, &bytes);
    }

    fn at(&self, offset: usize, length: usize, align: usize) -> *mut u8 {
        let end = offset.checked_add(length);
        assert!(
            end.is_some_and(|end| end <= self.length),
            "{offset} + {length} is outside"
        );
        assert!(
            offset.is_multiple_of(align),
            "{offset} isn't aligned to {align}"
        );
        self.start.as_ptr().wrapping_add(offset)
    }

    #[allow(clippy::cast_ptr_alignment, reason = "`at` has checked the alignment")]
    fn atomic_u32(&self, offset: usize) -> &AtomicU32 {
        let pointer = self.at(offset, 4, 4).cast::<u32>();
        // SAFETY: in range, aligned, and mapped as long as `self` lives; the CPU
        // accesses it through atomics and the GPU's writes act like another thread's.
        unsafe { AtomicU32::from_ptr(pointer) }
    }

    #[allow(clippy::cast_ptr_alignment, reason = "`at` has checked the alignment")]
    fn atomic_u64(&self, offset: usize) -> &AtomicU64 {
        let pointer = self.at(offset, 8, 8).cast::<u64>();
        // SAFETY: as in `atomic_u32`.
        unsafe { AtomicU64::from_ptr(pointer) }
    }
}

/// A page between two that can't be read or written: whatever is put at an edge of it is
/// cut off there.
#[derive(Debug)]
pub struct Island {
    pages: Mapping,
}

impl Island {
    /// Bytes of the page.
    pub const SIZE: usize = 4096;

    /// A page of zeroes, with its neighbours.
    pub fn new() -> Result<Self, Errno> {
        let pages = Mapping::anonymous(3 * Self::SIZE)?;
        for page in [0, 2] {
            pages.protect(page * Self::SIZE, Self::SIZE, ProtFlags::PROT_NONE)?;
        }
        Ok(Self { pages })
    }

    /// Puts `bytes` so that only the first `readable` of them are there, the others beyond
    /// the page's end; says where they begin.
    ///
    /// # Panics
    ///
    /// If more is to be readable than there is.
    pub fn cut_after(&self, bytes: &[u8], readable: usize) -> u64 {
        let start = 2 * Self::SIZE - readable;
        self.pages.write(start, &bytes[..readable]);
        self.pages.address() + start as u64
    }

    /// Puts `bytes` so that the first `missing` of them are before the page's beginning,
    /// and the others are there; says where they begin.
    ///
    /// # Panics
    ///
    /// If more is to be missing than there is.
    pub fn cut_before(&self, bytes: &[u8], missing: usize) -> u64 {
        self.pages.write(Self::SIZE, &bytes[missing..]);
        self.pages.address() + (Self::SIZE - missing) as u64
    }
}

/// A page that can be read and not written.
#[derive(Debug)]
pub struct ReadOnly {
    page: Mapping,
}

impl ReadOnly {
    /// A page that begins with these bytes.
    ///
    /// # Panics
    ///
    /// If they are more than a page.
    pub fn new(bytes: &[u8]) -> Result<Self, Errno> {
        let page = Mapping::anonymous(Island::SIZE)?;
        page.write(0, bytes);
        page.protect(0, Island::SIZE, ProtFlags::PROT_READ)?;
        Ok(Self { page })
    }

    /// Where it lies.
    pub fn address(&self) -> u64 {
        self.page.address()
    }
}

impl Mapping {
    /// Changes how a range of pages may be accessed. Accessors of a range that has become
    /// inaccessible fault: for owners that know where they write.
    fn protect(&self, offset: usize, length: usize, how: ProtFlags) -> Result<(), Errno> {
        let start = self.at(offset, length, Island::SIZE);
        let start = NonNull::new(start).ok_or(Errno::EFAULT)?;
        // SAFETY: the pages belong to the mapping alone, and nothing refers to them.
        unsafe { mprotect(start.cast(), length, how) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range was mapped by the constructor and nothing refers to it.
        let _ = unsafe { munmap(self.start.cast(), self.length) };
    }
}

/// GEM_MMAP.
#[derive(Debug)]
pub struct LegacyMmap;

// SAFETY: the kernel makes a mapping at a free address and writes that to the argument.
unsafe impl Request for LegacyMmap {
    type Argument = drm_i915_gem_mmap;
    const CODE: u32 = IOCTL_I915_GEM_MMAP;
    const NAME: &'static str = "IOCTL_I915_GEM_MMAP";
}

/// Makes an object of a range of this mapping's pages. The object must not be used by
/// the GPU after the mapping is gone; the kernel sees to that (an MMU notifier takes the
/// pages away), so this can't corrupt other memory.
///
/// # Panics
///
/// If the range leaves the mapping, unless it is larger than any process's memory.
pub fn userptr(
    fd: BorrowedFd<'_>,
    pages: &Mapping,
    offset: usize,
    size: u64,
    flags: u32,
) -> Result<u32, Errno> {
    let inside = (offset as u64)
        .checked_add(size)
        .is_some_and(|end| end <= pages.len() as u64);
    assert!(
        inside || size >= ANY_PROCESS,
        "{offset} + {size} is outside of the mapping"
    );
    let user_ptr = pages.address().wrapping_add(offset as u64);
    userptr_at(fd, user_ptr, size, flags)
}

/// More bytes than the address space of any process has.
const ANY_PROCESS: u64 = 1 << 60;

/// USERPTR with any address: the object may come to cover memory of this process that
/// Rust knows nothing about, so the address has to be one of a [`Mapping`] or one that
/// isn't mapped.
fn userptr_at(fd: BorrowedFd<'_>, user_ptr: u64, user_size: u64, flags: u32) -> Result<u32, Errno> {
    let mut argument = drm_i915_gem_userptr {
        user_ptr,
        user_size,
        flags,
        ..Default::default()
    };
    super::request::call::<Userptr>(fd, &mut argument)?;
    Ok(argument.handle)
}

/// USERPTR at an address that no process can map.
pub fn userptr_unmapped(
    fd: BorrowedFd<'_>,
    kernel: bool,
    user_size: u64,
    flags: u32,
) -> Result<u32, Errno> {
    let user_ptr = if kernel {
        super::request::KERNEL
    } else {
        super::request::UNMAPPED
    };
    userptr_at(fd, user_ptr, user_size, flags)
}

struct Userptr;

// SAFETY: the ioctl itself writes the handle to the argument. What the GPU may write
// to later are the pages of a `Mapping`, by the rule of `userptr_at`.
unsafe impl Request for Userptr {
    type Argument = drm_i915_gem_userptr;
    const CODE: u32 = IOCTL_I915_GEM_USERPTR;
    const NAME: &'static str = "IOCTL_I915_GEM_USERPTR";
}
