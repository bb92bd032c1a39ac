//! Where memory comes from: what each kind of region is made of, and what becomes of it.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::any::Any;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::Arc;

use super::MemoryError;

/// One piece of guest-physical memory.
pub struct Region {
    pub(super) base: u64,
    pub(super) length: u64,
    pub(super) source: Source,
}

/// What a region is made of.
pub(super) enum Source {
    /// Memory of the host.
    Host(Host),
    /// Somebody's code.
    Supplier(Arc<Supplier>),
}

/// Memory of the host, somewhere.
pub(super) struct Host {
    pub(super) pointer: NonNull<u8>,
    pub(super) keep_alive: Arc<dyn Any + Send + Sync>,
}

// SAFETY: the contract of Region::new, which all other constructors keep, makes the memory
// usable from every thread for as long as the region exists, and all access goes through
// raw pointers.
unsafe impl Send for Host {}
// SAFETY: as for Send; a shared region hands out no references into its memory.
unsafe impl Sync for Host {}

/// Copies bytes from an offset into the region.
type Read = dyn Fn(u64, &mut [u8]) + Send + Sync;
/// Takes bytes for an offset into the region.
type Write = dyn Fn(u64, &[u8]) + Send + Sync;

/// Memory that closures stand for.
pub(super) struct Supplier {
    pub(super) read: Box<Read>,
    pub(super) write: Box<Write>,
}

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
            source: Source::Host(Host {
                pointer,
                keep_alive,
            }),
        }
    }

    /// A zeroed region of the process's own memory, whose pages the host gives when they
    /// are first touched.
    pub fn owned(base: u64, length: u64) -> Result<Self, MemoryError> {
        let allocation = Allocation::new(length)?;
        Ok(Self {
            base,
            length,
            source: Source::Host(Host {
                pointer: allocation.pointer,
                keep_alive: Arc::new(allocation),
            }),
        })
    }

    /// A region of these bytes. [`Memory::into_bytes`](super::Memory::into_bytes) gives
    /// them back. What can be bound of it are whole pages of 4 KiB.
    pub fn from_vec(base: u64, bytes: Vec<u8>) -> Self {
        let mut bytes = ManuallyDrop::new(bytes);
        let length = bytes.len();
        // A vector's pointer is never null.
        let pointer = NonNull::new(bytes.as_mut_ptr()).unwrap_or(NonNull::dangling());
        let bytes = Bytes {
            pointer,
            length,
            capacity: bytes.capacity(),
        };
        Self {
            base,
            length: length as u64,
            source: Source::Host(Host {
                pointer,
                keep_alive: Arc::new(bytes),
            }),
        }
    }

    /// A region of `length` bytes for which two closures stand: `read` fills a buffer from
    /// an offset into the region, `write` takes bytes for one. They are called from every
    /// engine, while memory and mappings are held still: they must not call the GPU.
    ///
    /// Such memory is for registers, sparse data, or watching what a batch does: an access
    /// costs a call, and an atomic operation is a read and a write, during which others may
    /// write. Other memory is as fast with such a region beside it as without.
    pub fn from_fn(
        base: u64,
        length: u64,
        read: impl Fn(u64, &mut [u8]) + Send + Sync + 'static,
        write: impl Fn(u64, &[u8]) + Send + Sync + 'static,
    ) -> Self {
        let supplier = Supplier {
            read: Box::new(read),
            write: Box::new(write),
        };
        Self {
            base,
            length,
            source: Source::Supplier(Arc::new(supplier)),
        }
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

/// Bytes of a page: memory is aligned to one.
const PAGE: usize = 4096;

/// Zeroed pages from the allocator.
struct Allocation {
    allocated: NonNull<u8>,
    layout: Layout,
    /// The first page in it.
    pointer: NonNull<u8>,
}

// SAFETY: it only owns the bytes; it never touches them.
unsafe impl Send for Allocation {}
// SAFETY: as for Send.
unsafe impl Sync for Allocation {}

impl Allocation {
    fn new(length: u64) -> Result<Self, MemoryError> {
        // Asked for such an alignment, the allocator would write the zeros itself; without,
        // the host gives large pieces when they are touched. So there is a page to spare.
        let none = MemoryError::NoHostMemory(length);
        let layout = usize::try_from(length)
            .ok()
            .filter(|&length| length != 0)
            .and_then(|length| length.checked_add(PAGE))
            .and_then(|length| Layout::from_size_align(length, 16).ok())
            .ok_or(none)?;
        // SAFETY: the layout's size was checked not to be zero.
        let allocated = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or(none)?;
        let first = allocated.as_ptr();
        // Less than a page: `length` bytes are left behind it.
        let pointer = first.wrapping_add(first.align_offset(PAGE) % PAGE);
        Ok(Self {
            allocated,
            layout,
            pointer: NonNull::new(pointer).ok_or(none)?,
        })
    }
}

impl Drop for Allocation {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this very layout, and freed only here.
        unsafe { dealloc(self.allocated.as_ptr(), self.layout) };
    }
}

/// What a vector consists of.
pub(super) struct Bytes {
    pointer: NonNull<u8>,
    length: usize,
    capacity: usize,
}

// SAFETY: it only owns the bytes; it never touches them.
unsafe impl Send for Bytes {}
// SAFETY: as for Send.
unsafe impl Sync for Bytes {}

impl Bytes {
    /// The vector again. Nobody may access the bytes through a region any more.
    pub(super) fn into_vec(self) -> Vec<u8> {
        let parts = ManuallyDrop::new(self);
        // SAFETY: the parts are those of a vector that was given up for them; they become
        // one again only here or in `drop`, which ManuallyDrop rules out.
        unsafe { Vec::from_raw_parts(parts.pointer.as_ptr(), parts.length, parts.capacity) }
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        // SAFETY: as in `into_vec`, which does not come here.
        let bytes =
            unsafe { Vec::from_raw_parts(self.pointer.as_ptr(), self.length, self.capacity) };
        drop(bytes);
    }
}
