//! Ways to an object's memory, and waiting for it.

use libtest_mimic::Trial;
use nix::errno::Errno::{EFAULT, EINVAL, ENODEV, ENOENT};
use virtio_igpu_guest_tests::client::{Device, Error, Object};
use virtio_igpu_guest_tests::sys::address_of_slice;
use virtio_igpu_guest_tests::sys::memory::{self, LegacyMmap, Mapping};
use virtio_igpu_guest_tests::sys::request::{self, Out};
use virtio_igpu_guest_tests::sys::uapi::*;

use super::{KERNEL, NOBODY, UNMAPPED, cases, check};
use crate::rig::{Outcome, PAGE, ensure_eq, expect_errno, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("bad_input":
        gem_mmap_offset, gem_mmap, gem_pread, gem_pread_pointer, gem_pwrite, gem_wait,
        gem_busy, gem_set_domain, gem_sw_finish, gem_userptr, gem_madvise, gem_set_caching,
    )
}

const MARK: u32 = 0x600d_600d;

/// An object with a mark in it.
fn marked(device: &Device) -> Result<Object<'_>, Error> {
    let object = Object::create(device, 2 * PAGE)?;
    object.map()?.fill_u32(MARK);
    Ok(object)
}

/// The object is there, and as it was.
fn is_marked(object: &Object<'_>) -> Outcome {
    let memory = object.map()?;
    let last = 2 * PAGE as usize - 4;
    ensure_eq!(
        (memory.read_u32(0), memory.read_u32(last)),
        (MARK, MARK),
        "the content"
    );
    ensure_eq!(object.busy()?, 0, "BUSY");
    Ok(())
}

/// GEM_MMAP_OFFSET. `pad` and `offset` were never checked and can't be any more.
fn gem_mmap_offset() -> Outcome {
    type Argument = drm_i915_gem_mmap_offset;
    let device = Device::open()?;
    let object = marked(&device)?;
    let extension = i915_user_extension::default();
    let good = || Argument {
        handle: object.handle(),
        flags: I915_MMAP_OFFSET_WB.into(),
        ..Default::default()
    };
    let cases = cases! { Argument;
        "an unknown handle", ENOENT, "no such object", |a| a.handle = NOBODY;
        "an unknown type", EINVAL, "default of the switch", |a| { a.flags = 9 };
        "a flag above the type", EINVAL, "default of the switch", |a| a.flags |= 1 << 40;
        "the aperture", ENODEV, "there is none", |a| { a.flags = I915_MMAP_OFFSET_GTT.into() };
        "a fixed type", ENODEV, "for local memory", |a| { a.flags = I915_MMAP_OFFSET_FIXED.into() };
        "any extension", EINVAL, "none is known",
            |a| a.extensions = virtio_igpu_guest_tests::sys::address_of(&extension);
        "an unreadable extension", EFAULT, "the chain is read", |a| a.extensions = UNMAPPED;
    };
    check(
        good,
        |a| device.call::<request::GemMmapOffset>(a),
        &cases,
        || is_marked(&object),
    )?;
    let mut tolerated = Argument {
        pad: 77,
        offset: 77,
        ..good()
    };
    device.call::<request::GemMmapOffset>(&mut tolerated)?;
    Ok(())
}

/// GEM_MMAP.
fn gem_mmap() -> Outcome {
    type Argument = drm_i915_gem_mmap;
    let device = Device::open()?;
    let object = marked(&device)?;
    let good = || Argument {
        handle: object.handle(),
        size: 2 * PAGE,
        ..Default::default()
    };
    let cases = cases! { Argument;
        "an unknown handle", ENOENT, "no such object", |a| a.handle = NOBODY;
        "an unknown flag", EINVAL, "only WC", |a| a.flags = 2;
        "more than the object", EINVAL, "range_overflows", |a| { a.size += PAGE };
        "behind the object", EINVAL, "range_overflows", |a| { a.offset = 2 * PAGE };
        "a sum that overflows", EINVAL, "range_overflows", |a| { a.offset = !(PAGE - 1) };
        "a flag and an unknown handle", EINVAL, "flags come first", |a| (a.flags, a.handle) = (4, NOBODY);
    };
    check(
        good,
        |a| device.call::<LegacyMmap>(a),
        &cases,
        || is_marked(&object),
    )
}

/// GEM_PREAD.
fn gem_pread() -> Outcome {
    type Argument = drm_i915_gem_pread;
    let device = Device::open()?;
    let object = marked(&device)?;
    let good = || Argument {
        handle: object.handle(),
        size: 64,
        ..Default::default()
    };
    let why = "range_overflows";
    let cases = cases! { Argument;
        "an unknown handle", ENOENT, "no such object", |a| a.handle = NOBODY;
        "over the end", EINVAL, why, |a| a.offset = 2 * PAGE - 63;
        "behind the end", EINVAL, why, |a| a.offset = 2 * PAGE;
        "more than the object", EINVAL, why, |a| { a.size = 2 * PAGE + 1 };
        "a sum that overflows", EINVAL, why, |a| { a.offset = u64::MAX - 3 };
    };
    let mut buffer = vec![0; 4 * PAGE as usize];
    let call = |argument: &mut Argument| {
        device.call_out::<request::GemPread>(argument, Out::Memory(&mut buffer))
    };
    check(good, call, &cases, || is_marked(&object))
}

/// GEM_PREAD to where nothing can be written. The pointer is looked at before the handle
/// if it is the kernel's, after it otherwise.
fn gem_pread_pointer() -> Outcome {
    let device = Device::open()?;
    let object = marked(&device)?;
    let read = |handle, size, out| {
        let mut argument = drm_i915_gem_pread {
            handle,
            size,
            ..Default::default()
        };
        device.call_out::<request::GemPread>(&mut argument, out)
    };
    let handle = object.handle();
    expect_errno(read(handle, 64, Out::Null), EFAULT, "a null pointer")?;
    expect_errno(
        read(handle, 64, Out::Unmapped),
        EFAULT,
        "an unmapped pointer",
    )?;
    expect_errno(
        read(handle, 64, Out::Kernel),
        EFAULT,
        "a pointer to the kernel",
    )?;
    expect_errno(
        read(NOBODY, 64, Out::Kernel),
        EFAULT,
        "the kernel's, and no object",
    )?;
    expect_errno(
        read(NOBODY, 64, Out::Unmapped),
        ENOENT,
        "unmapped, and no object",
    )?;
    expect_errno(
        read(handle, u64::MAX, Out::Unmapped),
        EFAULT,
        "a size beyond all memory",
    )?;
    is_marked(&object)
}

/// GEM_PWRITE.
fn gem_pwrite() -> Outcome {
    type Argument = drm_i915_gem_pwrite;
    let device = Device::open()?;
    let object = marked(&device)?;
    let bytes = vec![0xbb; 4 * PAGE as usize];
    let good = || Argument {
        handle: object.handle(),
        size: 64,
        data_ptr: address_of_slice(&bytes),
        ..Default::default()
    };
    let why = "range_overflows";
    let cases = cases! { Argument;
        "an unknown handle", ENOENT, "no such object", |a| a.handle = NOBODY;
        "over the end", EINVAL, why, |a| a.offset = 2 * PAGE - 63;
        "behind the end", EINVAL, why, |a| a.offset = 2 * PAGE;
        "more than the object", EINVAL, why, |a| { a.size = 2 * PAGE + 1 };
        "a sum that overflows", EINVAL, why, |a| { a.offset = u64::MAX - 3 };
        "a null pointer", EFAULT, "the data is read", |a| { a.data_ptr = 0 };
        "an unmapped pointer", EFAULT, "the data is read", |a| { a.data_ptr = UNMAPPED };
        "a pointer to the kernel", EFAULT, "access_ok", |a| { a.data_ptr = KERNEL };
        "the kernel's, and no object", EFAULT, "access_ok comes first",
            |a| (a.data_ptr, a.handle) = (KERNEL, NOBODY);
        "a size beyond all memory", EFAULT, "access_ok", |a| { a.size = u64::MAX };
    };
    check(
        good,
        |a| device.call::<request::GemPwrite>(a),
        &cases,
        || is_marked(&object),
    )
}

/// GEM_WAIT.
fn gem_wait() -> Outcome {
    type Argument = drm_i915_gem_wait;
    let device = Device::open()?;
    let object = marked(&device)?;
    let good = || Argument {
        bo_handle: object.handle(),
        flags: 0,
        timeout_ns: 0,
    };
    let cases = cases! { Argument;
        "handle 0", ENOENT, "no such object", |a| { a.bo_handle = 0 };
        "an unknown handle", ENOENT, "no such object", |a| { a.bo_handle = NOBODY };
        "a flag", EINVAL, "flags must be 0", |a| a.flags = 1;
        "a flag and no object", EINVAL, "flags come first", |a| (a.flags, a.bo_handle) = (1 << 31, NOBODY);
    };
    check(
        good,
        |a| device.call::<request::GemWait>(a),
        &cases,
        || is_marked(&object),
    )
}

/// GEM_BUSY.
fn gem_busy() -> Outcome {
    let device = Device::open()?;
    let object = marked(&device)?;
    let good = || drm_i915_gem_busy {
        handle: object.handle(),
        busy: 0,
    };
    let cases = cases! { drm_i915_gem_busy;
        "handle 0", ENOENT, "no such object", |a| a.handle = 0;
        "an unknown handle", ENOENT, "no such object", |a| { a.handle = NOBODY };
    };
    check(
        good,
        |a| device.call::<request::GemBusy>(a),
        &cases,
        || is_marked(&object),
    )
}

/// GEM_SET_DOMAIN.
fn gem_set_domain() -> Outcome {
    type Argument = drm_i915_gem_set_domain;
    let device = Device::open()?;
    let object = marked(&device)?;
    let cpu = I915_GEM_DOMAIN_CPU;
    let good = || Argument {
        handle: object.handle(),
        read_domains: cpu,
        write_domain: 0,
    };
    let cases = cases! { Argument;
        "an unknown handle", ENOENT, "no such object", |a| a.handle = NOBODY;
        "a GPU's domain to read", EINVAL, "the CPU's alone", |a| a.read_domains = I915_GEM_DOMAIN_RENDER;
        "a GPU's domain to write", EINVAL, "the CPU's alone",
            |a| (a.read_domains, a.write_domain) = (I915_GEM_DOMAIN_RENDER, I915_GEM_DOMAIN_RENDER);
        "written but not read", EINVAL, "what is written is what is read",
            |a| (a.read_domains, a.write_domain) = (0, cpu);
        "written and read elsewhere too", EINVAL, "what is written is what is read",
            |a| (a.read_domains, a.write_domain) = (cpu | I915_GEM_DOMAIN_GTT, cpu);
    };
    check(
        good,
        |a| device.call::<request::GemSetDomain>(a),
        &cases,
        || is_marked(&object),
    )?;
    let mut nothing = Argument {
        handle: NOBODY,
        read_domains: 0,
        write_domain: 0,
    };
    device.call::<request::GemSetDomain>(&mut nothing)?;
    Ok(())
}

/// GEM_SW_FINISH.
fn gem_sw_finish() -> Outcome {
    let device = Device::open()?;
    let object = marked(&device)?;
    let good = || drm_i915_gem_sw_finish {
        handle: object.handle(),
    };
    let cases = cases! { drm_i915_gem_sw_finish;
        "an unknown handle", ENOENT, "no such object", |a| a.handle = NOBODY;
    };
    check(
        good,
        |a| device.call::<request::GemSwFinish>(a),
        &cases,
        || is_marked(&object),
    )
}

/// GEM_USERPTR: what a call is made with; the address is one of `pages`, or bad.
#[derive(Clone, Copy)]
struct Userptr {
    bad_address: Option<bool>,
    offset: usize,
    size: u64,
    flags: u32,
}

/// GEM_USERPTR.
fn gem_userptr() -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(4 * PAGE as usize).map_err(Error::system("mmap"))?;
    let good = || Userptr {
        bad_address: None,
        offset: 0,
        size: 4 * PAGE,
        flags: 0,
    };
    let cases = cases! { Userptr;
        "an unknown flag", EINVAL, "three flags are known", |a| a.flags = 1 << 4;
        "size 0", EINVAL, "an object has pages", |a| a.size = 0;
        "a size that is not of pages", EINVAL, "offset_in_page", |a| a.size = PAGE + 8;
        "an address within a page", EINVAL, "offset_in_page", |a| (a.offset, a.size) = (64, PAGE);
        "a size beyond all memory", EFAULT, "access_ok", |a| { a.size = 1 << 62 };
        "an address of the kernel's", EFAULT, "access_ok", |a| { a.bad_address = Some(true) };
        "unsynchronised", ENODEV, "it is gone", |a| { a.flags = I915_USERPTR_UNSYNCHRONIZED };
        "read-only", ENODEV, "Gen12's page tables have no such bit", |a| a.flags = I915_USERPTR_READ_ONLY;
        "probing what isn't mapped", EFAULT, "probe_range",
            |a| (a.flags, a.bad_address) = (I915_USERPTR_PROBE, Some(false));
    };
    let call = |a: &mut Userptr| {
        let fd = device.fd();
        let result = match a.bad_address {
            Some(kernel) => memory::userptr_unmapped(fd, kernel, a.size, a.flags),
            None => memory::userptr(fd, &pages, a.offset, a.size, a.flags),
        };
        result
            .map(|handle| drop(Object::from_handle(&device, handle, a.size)))
            .map_err(Error::system("USERPTR"))
    };
    let works = || Ok(Object::userptr(&device, &pages).map(drop)?);
    check(good, call, &cases, works)
}

/// GEM_MADVISE.
fn gem_madvise() -> Outcome {
    type Argument = drm_i915_gem_madvise;
    let device = Device::open()?;
    let object = marked(&device)?;
    let good = || Argument {
        handle: object.handle(),
        madv: I915_MADV_WILLNEED,
        retained: 0,
    };
    let cases = cases! { Argument;
        "an unknown handle", ENOENT, "no such object", |a| a.handle = NOBODY;
        "unknown advice", EINVAL, "default of the switch", |a| { a.madv = 2 };
        "unknown advice, no object", EINVAL, "advice comes first", |a| (a.madv, a.handle) = (2, NOBODY);
    };
    check(
        good,
        |a| device.call::<request::GemMadvise>(a),
        &cases,
        || is_marked(&object),
    )
}

/// GEM_SET_CACHING and GEM_GET_CACHING.
fn gem_set_caching() -> Outcome {
    type Argument = drm_i915_gem_caching;
    let device = Device::open()?;
    let object = marked(&device)?;
    let good = || Argument {
        handle: object.handle(),
        caching: I915_CACHING_CACHED,
    };
    let cases = cases! { Argument;
        "an unknown handle", ENOENT, "no such object", |a| a.handle = NOBODY;
        "an unknown mode", EINVAL, "default of the switch", |a| { a.caching = 7 };
        "an unknown mode, no object", EINVAL, "the mode comes first", |a| (a.caching, a.handle) = (7, NOBODY);
    };
    check(
        good,
        |a| device.call::<request::GemSetCaching>(a),
        &cases,
        || is_marked(&object),
    )?;
    let mut nobody = Argument {
        handle: NOBODY,
        caching: 0,
    };
    expect_errno(
        device.call::<request::GemGetCaching>(&mut nobody),
        ENOENT,
        "GET_CACHING",
    )
}
