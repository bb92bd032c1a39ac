// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Objects: creating them, reaching their memory from the CPU, asking whether the GPU is
//! done with them.
//!
//! Each function says what is wrong before the object's handle is looked up, unless it
//! takes something of the object; then it is asked after the look-up, whose failure is
//! `ENOENT`.

use super::address::{is_page_aligned, range_overflows, PAGE_SIZE};
use super::errno::{valid_if, Errno, Result};
use super::platform::PlatformFacts;
use super::uapi_numbers::*;

/// GEM_CREATE's size, rounded up to pages (`gem/i915_gem_create.c`
/// `__i915_gem_object_create_user_ext`, `gem/i915_gem_shmem.c:__create_shmem`): `EINVAL`
/// for none, which is also what a size comes to that wraps when rounded, and `E2BIG` for
/// more than a file may have.
pub const fn check_create(size: u64) -> Result<u64> {
    match size.checked_next_multiple_of(PAGE_SIZE) {
        None | Some(0) => Err(Errno::EINVAL),
        Some(size) if size > i64::MAX as u64 => Err(Errno::E2BIG),
        Some(size) => Ok(size),
    }
}

/// GEM_CREATE_EXT's flags, before its extensions (`i915_gem_create_ext_ioctl`).
pub fn check_create_ext_flags(flags: u32) -> Result {
    valid_if(flags & !I915_GEM_CREATE_EXT_FLAG_NEEDS_CPU_ACCESS == 0)
}

/// GEM_CREATE_EXT's flags, after its extensions: memory that the CPU must reach is a
/// matter of objects with several possible places, and here there is one.
pub fn check_create_ext_placement(flags: u32) -> Result {
    valid_if(flags & I915_GEM_CREATE_EXT_FLAG_NEEDS_CPU_ACCESS == 0)
}

/// The extension of GEM_CREATE_EXT that names memory regions (`set_placements`), but for
/// the regions themselves: how many there are to read. There may be one, as the platform
/// has one and none may be named twice; but each is looked at before that is noticed, and
/// i915 knows seven.
pub fn check_regions(pad: u32, num_regions: u32) -> Result<usize> {
    const KNOWN_REGIONS: u32 = 7;
    valid_if(pad == 0 && (1..=KNOWN_REGIONS).contains(&num_regions))?;
    Ok(num_regions as usize)
}

/// A region named by that extension: `EINVAL` unless it is system memory, and only once.
pub fn check_region(index: usize, class: u16, instance: u16) -> Result {
    valid_if(index == 0 && class == I915_MEMORY_CLASS_SYSTEM && instance == 0)
}

/// The regions as a whole: `EINVAL` if an earlier link of the chain has named some.
pub fn check_regions_once(named_before: bool) -> Result {
    valid_if(!named_before)
}

/// The extension that asks for protected content (`ext_set_protected`).
pub fn check_protected(flags: u32) -> Result {
    valid_if(flags == 0)?;
    Err(Errno::ENODEV)
}

/// The extension that sets the caching by index (`ext_set_pat`): for hardware from Meteor
/// Lake on, and refused elsewhere before it is read.
pub const fn check_pat_index() -> Result {
    Err(Errno::ENODEV)
}

/// How the CPU sees a mapping of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MmapKind {
    /// Through its caches.
    WriteBack,
    /// Writes are combined, reads uncached.
    WriteCombine,
    /// Uncached.
    Uncached,
    /// As the object's memory wants it, on hardware with memory of its own: `ENODEV` once
    /// the handle is found to exist.
    Fixed,
}

impl MmapKind {
    /// Whether an object can be mapped so (`__assign_mmap_offset`): `ENODEV` for the fixed
    /// kind, and for an object whose memory is not ours to map, be it a process's own or
    /// imported.
    pub fn check(self, own_memory: bool) -> Result {
        if self == Self::Fixed || !own_memory {
            return Err(Errno::ENODEV);
        }
        Ok(())
    }
}

/// GEM_MMAP_OFFSET's flags, after its (empty) chain of extensions
/// (`gem/i915_gem_mman.c:i915_gem_mmap_offset_ioctl`). Without an aperture nothing is
/// mapped through it: `ENODEV`.
pub const fn check_mmap_offset(flags: u64) -> Result<MmapKind> {
    match flags {
        I915_MMAP_OFFSET_GTT => Err(Errno::ENODEV),
        I915_MMAP_OFFSET_WC => Ok(MmapKind::WriteCombine),
        I915_MMAP_OFFSET_WB => Ok(MmapKind::WriteBack),
        I915_MMAP_OFFSET_UC => Ok(MmapKind::Uncached),
        I915_MMAP_OFFSET_FIXED => Ok(MmapKind::Fixed),
        _ => Err(Errno::EINVAL),
    }
}

/// The older GEM_MMAP (`i915_gem_mmap_ioctl`).
pub const fn check_mmap(flags: u64) -> Result<MmapKind> {
    match flags {
        0 => Ok(MmapKind::WriteBack),
        I915_MMAP_WC => Ok(MmapKind::WriteCombine),
        _ => Err(Errno::EINVAL),
    }
}

/// The older GEM_MMAP, once the object is known: `ENXIO` for one whose memory is no file
/// of ours (imported, or a process's own), `EINVAL` for a range beyond it.
pub fn check_mmap_object(has_file: bool, object_size: u64, offset: u64, size: u64) -> Result {
    if !has_file {
        return Err(Errno::ENXIO);
    }
    valid_if(!range_overflows(offset, size, object_size))
}

/// GEM_PREAD and GEM_PWRITE (`i915_gem.c:i915_gem_pread_ioctl`): whether there is anything
/// to be done. No bytes are done without a look at the handle; then the caller's range is
/// checked (`EFAULT`), the object looked up, and its range checked
/// ([`check_transfer_range`]). After Tiger Lake both are `EOPNOTSUPP`.
pub const fn has_bytes(size: u64) -> bool {
    size != 0
}

/// The range of a GEM_PREAD or, with `write`, GEM_PWRITE: `EINVAL` beyond the object, or
/// if an object is written that may only be read.
pub fn check_transfer_range(
    object_size: u64,
    offset: u64,
    size: u64,
    write: bool,
    read_only: bool,
) -> Result {
    valid_if(!range_overflows(offset, size, object_size))?;
    valid_if(!(write && read_only))
}

/// The object of a GEM_PREAD or GEM_PWRITE: a process reaches its own memory without
/// (`gem/i915_gem_userptr.c:i915_gem_userptr_pread`), `EINVAL`.
pub fn check_transfer_object(user_memory: bool) -> Result {
    valid_if(!user_memory)
}

/// SET_DOMAIN (`gem/i915_gem_domain.c:i915_gem_set_domain_ioctl`): for what the CPU wants
/// the object; `None` if for nothing, which is done without a look at the handle.
pub fn check_set_domain(read_domains: u32, write_domain: u32) -> Result<Option<CpuAccess>> {
    const GPU_DOMAINS: u32 = I915_GEM_DOMAIN_RENDER
        | I915_GEM_DOMAIN_SAMPLER
        | I915_GEM_DOMAIN_COMMAND
        | I915_GEM_DOMAIN_INSTRUCTION
        | I915_GEM_DOMAIN_VERTEX;
    valid_if((read_domains | write_domain) & GPU_DOMAINS == 0)?;
    valid_if(write_domain == 0 || read_domains == write_domain)?;
    Ok(match (read_domains, write_domain) {
        (0, _) => None,
        (_, 0) => Some(CpuAccess::Read),
        _ => Some(CpuAccess::Write),
    })
}

/// What the CPU is about to do with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CpuAccess {
    /// To read it: who writes it is waited for.
    Read,
    /// To write it: who reads it is waited for too.
    Write,
}

/// SET_CACHING (`i915_gem_set_caching_ioctl`): the level GET_CACHING will answer. Without
/// eDRAM the display's is none.
pub const fn check_set_caching(caching: u32) -> Result<u32> {
    match caching {
        I915_CACHING_NONE | I915_CACHING_DISPLAY => Ok(I915_CACHING_NONE),
        I915_CACHING_CACHED => Ok(I915_CACHING_CACHED),
        _ => Err(Errno::EINVAL),
    }
}

/// SET_CACHING, once the object is known: a process's own memory is cached and stays so;
/// to ask for that is allowed, for anything else `ENXIO`.
pub fn check_set_caching_object(caching: u32, user_memory: bool) -> Result {
    if user_memory && caching != I915_CACHING_CACHED {
        return Err(Errno::ENXIO);
    }
    Ok(())
}

/// The level of an object that was told none: the CPU's and the GPU's caches are one.
pub const DEFAULT_CACHING: u32 = I915_CACHING_CACHED;

/// SET_TILING and GET_TILING (`gem/i915_gem_tiling.c`): without fence registers the kernel
/// has nothing to do with tiling.
pub const fn check_tiling() -> Result {
    Err(Errno::EOPNOTSUPP)
}

/// MADVISE (`i915_gem.c:i915_gem_madvise_ioctl`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// The contents are wanted.
    WillNeed,
    /// The contents may be dropped.
    DontNeed,
}

/// MADVISE's value.
pub const fn check_madvise(advice: u32) -> Result<Advice> {
    match advice {
        I915_MADV_WILLNEED => Ok(Advice::WillNeed),
        I915_MADV_DONTNEED => Ok(Advice::DontNeed),
        _ => Err(Errno::EINVAL),
    }
}

/// What an object's memory has come to. Once dropped, it stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// Wanted.
    Wanted,
    /// May be dropped.
    Unwanted,
    /// Dropped.
    Purged,
}

impl Retention {
    /// What it is after an advice. With [`Retention::Unwanted`] and no pages in use the
    /// caller drops the memory at once and makes it [`Retention::Purged`].
    pub const fn advised(self, advice: Advice) -> Self {
        match (self, advice) {
            (Self::Purged, _) => Self::Purged,
            (_, Advice::WillNeed) => Self::Wanted,
            (_, Advice::DontNeed) => Self::Unwanted,
        }
    }

    /// Whether the memory is still there, MADVISE's answer.
    pub const fn is_retained(self) -> bool {
        !matches!(self, Self::Purged)
    }
}

/// GEM_WAIT (`gem/i915_gem_wait.c:i915_gem_wait_ioctl`).
pub fn check_wait(flags: u32) -> Result {
    valid_if(flags == 0)
}

/// How long GEM_WAIT waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Until it is so: a negative time-out.
    Forever,
    /// So many nanoseconds; for 0 it only looks.
    Nanoseconds(u64),
}

impl Patience {
    /// What a time-out means (`to_wait_timeout`).
    pub const fn from_timeout(timeout_ns: i64) -> Self {
        if timeout_ns < 0 {
            Self::Forever
        } else {
            Self::Nanoseconds(timeout_ns as u64)
        }
    }

    /// What is left of a time-out after a wait of so long.
    pub const fn remaining(timeout_ns: i64, waited_ns: u64) -> i64 {
        if timeout_ns <= 0 || waited_ns >= timeout_ns as u64 {
            if timeout_ns < 0 {
                timeout_ns
            } else {
                0
            }
        } else {
            timeout_ns - waited_ns as i64
        }
    }
}

/// What GEM_BUSY says of an engine's class that reads an object
/// (`gem/i915_gem_busy.c:__busy_read_flag`). A virtual engine has no class of its own.
pub const fn busy_reader(class: u16) -> u32 {
    if class >= 16 {
        0xffff_0000
    } else {
        0x1_0000 << class
    }
}

/// What GEM_BUSY says of an engine's class that writes an object (`__busy_write_id`).
pub const fn busy_writer(class: u16) -> u32 {
    if class >= 16 {
        0xffff_ffff
    } else {
        (class as u32 + 1) | busy_reader(class)
    }
}

/// What GEM_USERPTR is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserMemory {
    /// That the range is memory is to be checked now (`EFAULT`).
    pub probe: bool,
    /// The GPU may only read it.
    pub read_only: bool,
}

/// GEM_USERPTR (`gem/i915_gem_userptr.c:i915_gem_userptr_ioctl`), `is_user_range` saying
/// whether addresses are the caller's at all (`access_ok`). Gen11 and Gen12 have no
/// working read-only pages (`gt/gen8_ppgtt.c:gen8_ppgtt_create`).
pub fn check_userptr(
    facts: &PlatformFacts,
    address: u64,
    size: u64,
    flags: u32,
    is_user_range: impl FnOnce(u64, u64) -> bool,
) -> Result<UserMemory> {
    let known = I915_USERPTR_READ_ONLY | I915_USERPTR_PROBE | I915_USERPTR_UNSYNCHRONIZED;
    valid_if(flags & !known == 0)?;
    valid_if(size != 0)?;
    valid_if(is_page_aligned(address) && is_page_aligned(size))?;
    if !is_user_range(address, size) {
        return Err(Errno::EFAULT);
    }
    if flags & I915_USERPTR_UNSYNCHRONIZED != 0 {
        return Err(Errno::ENODEV);
    }
    let read_only = flags & I915_USERPTR_READ_ONLY != 0;
    if read_only && matches!(facts.graphics_version, 11 | 12) {
        return Err(Errno::ENODEV);
    }
    Ok(UserMemory {
        probe: flags & I915_USERPTR_PROBE != 0,
        read_only,
    })
}

#[cfg(test)]
mod tests {
    use super::super::platform::tiger_lake;
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(check_create(0), Err(Errno::EINVAL));
        assert_eq!(check_create(1), Ok(4096));
        assert_eq!(check_create(4096), Ok(4096));
        assert_eq!(check_create(u64::MAX), Err(Errno::EINVAL));
        assert_eq!(check_create(u64::MAX - 4095), Err(Errno::E2BIG));
        assert_eq!(check_create(!0 << 32), Err(Errno::E2BIG));
        assert_eq!(check_create(1 << 62), Ok(1 << 62));
    }

    // gem/i915_gem_create.c
    #[test]
    fn extensions_of_create() {
        assert_eq!(check_create_ext_flags(2), Err(Errno::EINVAL));
        assert_eq!(check_create_ext_flags(1), Ok(()));
        assert_eq!(check_create_ext_placement(1), Err(Errno::EINVAL));
        assert_eq!(check_regions(1, 1), Err(Errno::EINVAL));
        assert_eq!(check_regions(0, 0), Err(Errno::EINVAL));
        assert_eq!(check_regions(0, 8), Err(Errno::EINVAL));
        assert_eq!(check_regions(0, 2), Ok(2));
        assert_eq!(check_region(0, 0, 0), Ok(()));
        assert_eq!(check_region(1, 0, 0), Err(Errno::EINVAL));
        assert_eq!(check_region(0, 1, 0), Err(Errno::EINVAL));
        assert_eq!(check_region(0, 0, 1), Err(Errno::EINVAL));
        assert_eq!(check_regions_once(true), Err(Errno::EINVAL));
        assert_eq!(check_protected(1), Err(Errno::EINVAL));
        assert_eq!(check_protected(0), Err(Errno::ENODEV));
        assert_eq!(check_pat_index(), Err(Errno::ENODEV));
    }

    // gem/i915_gem_mman.c
    #[test]
    fn mappings() {
        assert_eq!(check_mmap_offset(0), Err(Errno::ENODEV));
        assert_eq!(check_mmap_offset(1), Ok(MmapKind::WriteCombine));
        assert_eq!(check_mmap_offset(2), Ok(MmapKind::WriteBack));
        assert_eq!(check_mmap_offset(3), Ok(MmapKind::Uncached));
        assert_eq!(check_mmap_offset(5), Err(Errno::EINVAL));
        let fixed = check_mmap_offset(4).unwrap();
        assert_eq!(fixed.check(true), Err(Errno::ENODEV));
        assert_eq!(MmapKind::WriteBack.check(true), Ok(()));
        assert_eq!(MmapKind::WriteBack.check(false), Err(Errno::ENODEV));

        assert_eq!(check_mmap(0), Ok(MmapKind::WriteBack));
        assert_eq!(check_mmap(1), Ok(MmapKind::WriteCombine));
        assert_eq!(check_mmap(2), Err(Errno::EINVAL));
        assert_eq!(check_mmap_object(false, 0, 0, 0), Err(Errno::ENXIO));
        assert_eq!(check_mmap_object(true, 4096, 0, 4096), Ok(()));
        assert_eq!(check_mmap_object(true, 4096, 4096, 0), Err(Errno::EINVAL));
        assert_eq!(check_mmap_object(true, 4096, 0, 8192), Err(Errno::EINVAL));
    }

    // i915_gem.c:i915_gem_pread_ioctl, i915_gem_pwrite_ioctl
    #[test]
    fn transfers_stay_inside() {
        assert!(!has_bytes(0) && has_bytes(1));
        assert_eq!(check_transfer_range(4096, 4095, 1, true, false), Ok(()));
        for (offset, size) in [(4096, 1), (0, 4097), (u64::MAX, 2), (1, u64::MAX)] {
            assert_eq!(
                check_transfer_range(4096, offset, size, false, false),
                Err(Errno::EINVAL)
            );
        }
        assert_eq!(
            check_transfer_range(4096, 0, 1, true, true),
            Err(Errno::EINVAL)
        );
        assert_eq!(check_transfer_range(4096, 0, 1, false, true), Ok(()));
    }

    // gem/i915_gem_domain.c
    #[test]
    fn domains_and_caching() {
        assert_eq!(check_set_domain(0, 0), Ok(None));
        assert_eq!(check_set_domain(1, 0), Ok(Some(CpuAccess::Read)));
        assert_eq!(check_set_domain(0x40, 0x40), Ok(Some(CpuAccess::Write)));
        assert_eq!(check_set_domain(0x41, 0x40), Err(Errno::EINVAL));
        assert_eq!(check_set_domain(0, 1), Err(Errno::EINVAL));
        for gpu_domain in [0x02, 0x04, 0x08, 0x10, 0x20] {
            assert_eq!(check_set_domain(gpu_domain, 0), Err(Errno::EINVAL));
        }
        assert_eq!(check_set_caching(2), Ok(0));
        assert_eq!(check_set_caching(3), Err(Errno::EINVAL));
        assert_eq!(check_set_caching_object(1, true), Ok(()));
        assert_eq!(check_set_caching_object(2, true), Err(Errno::ENXIO));
        assert_eq!(check_set_caching_object(0, false), Ok(()));
        assert_eq!(check_tiling(), Err(Errno::EOPNOTSUPP));
    }

    #[test]
    fn what_is_purged_stays_so() {
        let dont_need = check_madvise(1).unwrap();
        let will_need = check_madvise(0).unwrap();
        assert_eq!(check_madvise(2), Err(Errno::EINVAL));
        assert_eq!(Retention::Wanted.advised(dont_need), Retention::Unwanted);
        assert_eq!(Retention::Unwanted.advised(will_need), Retention::Wanted);
        assert_eq!(Retention::Purged.advised(will_need), Retention::Purged);
        assert!(!Retention::Purged.is_retained());
    }

    #[test]
    fn waiting() {
        assert_eq!(check_wait(1), Err(Errno::EINVAL));
        assert_eq!(Patience::from_timeout(-1), Patience::Forever);
        assert_eq!(Patience::from_timeout(0), Patience::Nanoseconds(0));
        assert_eq!(Patience::remaining(10, 4), 6);
        assert_eq!(Patience::remaining(10, 10), 0);
        assert_eq!(Patience::remaining(10, u64::MAX), 0);
        assert_eq!(Patience::remaining(-1, 4), -1);
        assert_eq!(Patience::remaining(0, 4), 0);
    }

    // gem/i915_gem_busy.c
    #[test]
    fn a_writer_is_a_reader_too() {
        assert_eq!(busy_reader(0), 0x1_0000);
        assert_eq!(busy_writer(0), 0x1_0001);
        assert_eq!(busy_writer(3), 0x8_0004);
        assert_eq!(busy_reader(I915_ENGINE_CLASS_INVALID), 0xffff_0000);
        assert_eq!(busy_writer(I915_ENGINE_CLASS_INVALID), 0xffff_ffff);
    }

    // gem/i915_gem_userptr.c
    #[test]
    fn user_memory() {
        let facts = tiger_lake();
        let check = |address, size, flags| {
            check_userptr(&facts, address, size, flags, |address, size| {
                !range_overflows(address, size, 1 << 47)
            })
        };
        assert_eq!(
            check(4096, 4096, I915_USERPTR_PROBE),
            Ok(UserMemory {
                probe: true,
                read_only: false
            })
        );
        assert_eq!(check(4096, 4096, 4), Err(Errno::EINVAL));
        assert_eq!(check(4096, 0, 0), Err(Errno::EINVAL));
        assert_eq!(check(1, 4096, 0), Err(Errno::EINVAL));
        assert_eq!(check(4096, 1, 0), Err(Errno::EINVAL));
        assert_eq!(check(1 << 47, 4096, 1 << 31), Err(Errno::EFAULT));
        assert_eq!(check(4096, 4096, 1 << 31), Err(Errno::ENODEV));
        assert_eq!(check(4096, 4096, 1), Err(Errno::ENODEV));
    }
}
