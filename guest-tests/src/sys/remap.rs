//! What a process does to its memory behind the GPU's back: it drops, replaces, moves and
//! withdraws pages of a [`Mapping`] that an object was made of.
//!
//! The addresses stay the mapping's own throughout, so nobody else's memory comes to lie
//! there.

use std::num::NonZeroUsize;
use std::ptr::NonNull;

use nix::errno::Errno;
use nix::libc;
use nix::sys::mman::{MRemapFlags, MapFlags, MmapAdvise, ProtFlags};
use nix::sys::mman::{madvise, mmap_anonymous, mprotect, mremap};

use super::memory::Mapping;

impl Mapping {
    /// Drops the pages of a range; who touches them next finds zeroes. EINVAL if the range
    /// leaves the mapping, here and below.
    pub fn discard(&self, offset: usize, length: usize) -> Result<(), Errno> {
        let start = self.part(offset, length)?;
        // SAFETY: the pages are this mapping's, into which nobody holds references.
        unsafe { madvise(start.cast(), length, MmapAdvise::MADV_DONTNEED) }
    }

    /// Asks for huge pages for a range that has none yet. Whether it gets any is the kernel's
    /// business.
    pub fn want_huge_pages(&self, offset: usize, length: usize) -> Result<(), Errno> {
        let start = self.part(offset, length)?;
        // SAFETY: it changes nothing that is in the memory.
        unsafe { madvise(start.cast(), length, MmapAdvise::MADV_HUGEPAGE) }
    }

    /// Puts fresh zeroed pages in place of a range.
    pub fn renew(&self, offset: usize, length: usize) -> Result<(), Errno> {
        self.replace(offset, length, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE)
    }

    /// Takes the pages of a range away. Until [`Self::renew`] who touches it gets SIGSEGV.
    pub fn withdraw(&self, offset: usize, length: usize) -> Result<(), Errno> {
        self.replace(offset, length, ProtFlags::PROT_NONE)
    }

    /// Lets a range be written, or only read, or neither.
    pub fn set_access(&self, offset: usize, length: usize, access: Access) -> Result<(), Errno> {
        let start = self.part(offset, length)?;
        let protection = match access {
            Access::None => ProtFlags::PROT_NONE,
            Access::Read => ProtFlags::PROT_READ,
            Access::ReadWrite => ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
        };
        // SAFETY: as in `discard`; who writes to what can't be written gets a signal.
        unsafe { mprotect(start.cast(), length, protection) }
    }

    /// Moves all pages of another mapping to `offset`, in place of what is there.
    pub fn move_in(&self, offset: usize, from: Self) -> Result<(), Errno> {
        let to = self.part(offset, from.len())?;
        let old = from.part(0, from.len())?;
        let flags = MRemapFlags::MREMAP_MAYMOVE | MRemapFlags::MREMAP_FIXED;
        // SAFETY: both ranges are mappings' own; what lay in the first goes, and nobody
        // holds references into it.
        unsafe { mremap(old.cast(), from.len(), from.len(), flags, Some(to.cast())) }?;
        // Its pages lie in `self` now, its addresses are free.
        std::mem::forget(from);
        Ok(())
    }

    fn replace(&self, offset: usize, length: usize, protection: ProtFlags) -> Result<(), Errno> {
        let start = self.part(offset, length)?;
        let size = NonZeroUsize::new(length).ok_or(Errno::EINVAL)?;
        let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_FIXED;
        let address = NonZeroUsize::new(start.as_ptr().expose_provenance());
        // SAFETY: the range is this mapping's own, and nobody holds references into it.
        unsafe { mmap_anonymous(address, size, protection, flags) }.map(drop)
    }

    fn part(&self, offset: usize, length: usize) -> Result<NonNull<u8>, Errno> {
        let end = offset.checked_add(length).ok_or(Errno::EINVAL)?;
        if end > self.len() {
            return Err(Errno::EINVAL);
        }
        let address = self.address() as usize + offset;
        let pointer = std::ptr::with_exposed_provenance_mut::<u8>(address);
        NonNull::new(pointer).ok_or(Errno::EFAULT)
    }
}

/// What may be done to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    None,
    /// It may be read.
    Read,
    /// It may be read and written.
    ReadWrite,
}

/// A forked child of this process. Killed and waited for on drop.
#[derive(Debug)]
pub struct Forked(libc::pid_t);

impl Forked {
    /// Forks; the child calls `run` and ends with its result as status. The child has this
    /// thread alone, so `run` must wait for no other and take no lock that one may hold.
    /// So it must not allocate either, unless the process has one thread.
    pub fn run(run: impl FnOnce() -> u8) -> Result<Self, Errno> {
        // SAFETY: the child does nothing but what is asked of it above, and never returns.
        match Errno::result(unsafe { libc::fork() })? {
            0 => {
                let status = run();
                // SAFETY: it ends the child at once; nothing of the parent's is run.
                unsafe { libc::_exit(status.into()) }
            }
            child => Ok(Self(child)),
        }
    }

    /// Waits for its end; its status, or `EINTR` if a signal killed it.
    pub fn wait(self) -> Result<u8, Errno> {
        let pid = self.0;
        std::mem::forget(self);
        let mut status = 0;
        loop {
            // SAFETY: the child is ours and not waited for yet; the status can be written.
            match Errno::result(unsafe { libc::waitpid(pid, &raw mut status, 0) }) {
                Err(Errno::EINTR) => {}
                other => break other.map(drop)?,
            }
        }
        if libc::WIFEXITED(status) {
            Ok(libc::WEXITSTATUS(status) as u8)
        } else {
            Err(Errno::EINTR)
        }
    }
}

impl Drop for Forked {
    fn drop(&mut self) {
        // SAFETY: the child is ours and not waited for yet, so the number is its.
        unsafe { libc::kill(self.0, libc::SIGKILL) };
        // SAFETY: as above; no status is asked for.
        unsafe { libc::waitpid(self.0, std::ptr::null_mut(), 0) };
    }
}
