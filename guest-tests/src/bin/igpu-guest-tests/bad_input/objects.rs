//! Making, naming and sharing objects.

use libtest_mimic::Trial;
use nix::errno::Errno::{E2BIG, EBADF, EFAULT, EINVAL, ENODEV, ENOENT};
use virtio_igpu_guest_tests::client::{AddressSpace, Device, Object};
use virtio_igpu_guest_tests::sys::uapi::*;
use virtio_igpu_guest_tests::sys::{address_of, request};

use super::{KERNEL, NOBODY, UNMAPPED, cases, check};
use crate::rig::{Outcome, PAGE, ensure_eq, expect_errno, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("bad_input":
        gem_create, gem_create_ext, gem_create_ext_regions, gem_create_ext_private,
        gem_close, prime_export, prime_import, private_objects_stay,
    )
}

/// Objects can still be made.
fn creates(device: &Device) -> Outcome {
    let object = Object::create(device, PAGE)?;
    ensure_eq!(object.map()?.read_u32(0), 0, "a new object");
    Ok(())
}

/// GEM_CREATE.
fn gem_create() -> Outcome {
    let device = Device::open()?;
    let good = || drm_i915_gem_create {
        size: PAGE,
        ..Default::default()
    };
    let cases = cases! { drm_i915_gem_create;
        "size 0", EINVAL, "nothing is left after rounding", |a| a.size = 0;
        "a size that rounds up to 0", EINVAL, "nothing is left after rounding", |a| a.size = u64::MAX;
        "more than a file can have", E2BIG, "MAX_LFS_FILESIZE", |a| a.size = 1 << 63;
        "the largest size", E2BIG, "MAX_LFS_FILESIZE", |a| { a.size = !(PAGE - 1) };
    };
    check(
        good,
        |a| device.call::<request::GemCreate>(a),
        &cases,
        || creates(&device),
    )
}

/// GEM_CREATE_EXT: flags, sizes, the chain.
fn gem_create_ext() -> Outcome {
    let device = Device::open()?;
    let name = |name| i915_user_extension {
        name,
        ..Default::default()
    };
    let unknown = name(77);
    let far = name(I915_GEM_CREATE_EXT_VM_PRIVATE + 1);
    let protected = drm_i915_gem_create_ext_protected_content {
        base: name(I915_GEM_CREATE_EXT_PROTECTED_CONTENT),
        flags: 0,
    };
    let protected_flag = drm_i915_gem_create_ext_protected_content {
        flags: 1,
        ..protected
    };
    let pat = i915_user_extension {
        name: 2,
        ..Default::default()
    };
    let flags = i915_user_extension {
        flags: 1,
        ..Default::default()
    };
    let mut reserved = i915_user_extension::default();
    reserved.rsvd[3] = 1;
    let good = || drm_i915_gem_create_ext {
        size: PAGE,
        ..Default::default()
    };
    let of = |address: u64| move |a: &mut drm_i915_gem_create_ext| a.extensions = address;
    let cases = cases! { drm_i915_gem_create_ext;
        "an unknown flag", EINVAL, "only NEEDS_CPU_ACCESS is one", |a| a.flags = 2;
        "NEEDS_CPU_ACCESS alone", EINVAL, "it needs more than one placement",
            |a| a.flags = I915_GEM_CREATE_EXT_FLAG_NEEDS_CPU_ACCESS;
        "size 0", EINVAL, "as GEM_CREATE", |a| a.size = 0;
        "a huge size", E2BIG, "as GEM_CREATE", |a| a.size = 1 << 63;
        "an unreadable chain", EFAULT, "the chain is read", of(UNMAPPED);
        "a chain in the kernel", EFAULT, "the chain is read", of(KERNEL);
        "an unknown extension", EINVAL, "no such name", of(address_of(&unknown));
        "a name behind the last", EINVAL, "no such name", of(address_of(&far));
        "an extension with a flag", EINVAL, "flags must be 0", of(address_of(&flags));
        "a reserved field", EINVAL, "rsvd must be 0", of(address_of(&reserved));
        "protected content", ENODEV, "no PXP", of(address_of(&protected));
        "protected content's flag", EINVAL, "flags come before PXP", of(address_of(&protected_flag));
        "SET_PAT", ENODEV, "later GPUs alone", of(address_of(&pat));
    };
    check(
        good,
        |a| device.call::<request::GemCreateExt>(a),
        &cases,
        || creates(&device),
    )
}

/// GEM_CREATE_EXT with MEMORY_REGIONS.
fn gem_create_ext_regions() -> Outcome {
    type Regions = drm_i915_gem_create_ext_memory_regions;
    let device = Device::open()?;
    let region = |memory_class, memory_instance| {
        [drm_i915_gem_memory_class_instance {
            memory_class,
            memory_instance,
        }; 2]
    };
    let (system, local, second) = (region(0, 0), region(1, 0), region(0, 1));
    let good = || Regions {
        base: i915_user_extension {
            name: I915_GEM_CREATE_EXT_MEMORY_REGIONS,
            ..Default::default()
        },
        num_regions: 1,
        regions: address_of(&system),
        ..Default::default()
    };
    let cases = cases! { Regions;
        "no region", EINVAL, "num_regions is 0", |a| a.num_regions = 0;
        "padding", EINVAL, "pad must be 0", |a| a.pad = 1;
        "too many regions", EINVAL, "more than there can be", |a| { a.num_regions = 100 };
        "local memory", EINVAL, "a Tiger Lake has none", |a| { a.regions = address_of(&local) };
        "a second system memory", EINVAL, "no such region", |a| { a.regions = address_of(&second) };
        "the same region twice", EINVAL, "a duplicate placement", |a| a.num_regions = 2;
        "an unreadable list", EFAULT, "the list is read", |a| { a.regions = UNMAPPED };
    };
    let call = |extension: &mut Regions| {
        let extensions = address_of(&*extension);
        let mut argument = drm_i915_gem_create_ext {
            size: PAGE,
            extensions,
            ..Default::default()
        };
        device.call::<request::GemCreateExt>(&mut argument)
    };
    check(good, call, &cases, || creates(&device))?;

    let second = good();
    let mut first = good();
    first.base.next_extension = address_of(&second);
    expect_errno(call(&mut first), EINVAL, "placements set twice")
}

/// GEM_CREATE_EXT with VM_PRIVATE.
fn gem_create_ext_private() -> Outcome {
    type Private = drm_i915_gem_create_ext_vm_private;
    let device = Device::open()?;
    let (vm, legacy) = (
        AddressSpace::create(&device)?,
        AddressSpace::create_legacy(&device)?,
    );
    let good = || Private {
        base: i915_user_extension {
            name: I915_GEM_CREATE_EXT_VM_PRIVATE,
            ..Default::default()
        },
        vm_id: vm.id(),
    };
    let cases = cases! { Private;
        "VM 0", ENOENT, "no VM has the id 0", |a| { a.vm_id = 0 };
        "an unknown VM", ENOENT, "no such VM", |a| a.vm_id = NOBODY;
        "a legacy VM", EINVAL, "private objects are for bind mode", |a| a.vm_id = legacy.id();
        "a flag", EINVAL, "flags must be 0", |a| a.base.flags = 1;
        "a reserved field", EINVAL, "rsvd must be 0", |a| { a.base.rsvd[0] = 1 };
    };
    let call = |extension: &mut Private| {
        let extensions = address_of(&*extension);
        let mut argument = drm_i915_gem_create_ext {
            size: PAGE,
            extensions,
            ..Default::default()
        };
        device.call::<request::GemCreateExt>(&mut argument)
    };
    let works = || Ok(Object::create_private(&device, PAGE, &vm).map(drop)?);
    check(good, call, &cases, works)
}

/// GEM_CLOSE.
fn gem_close() -> Outcome {
    let device = Device::open()?;
    let object = Object::create(&device, PAGE)?;
    let good = || drm_gem_close {
        handle: NOBODY,
        pad: 0,
    };
    let cases = cases! { drm_gem_close;
        "handle 0", EINVAL, "DRM's own", |a| { a.handle = 0 };
        "an unknown handle", EINVAL, "DRM's own", |a| { a.handle = NOBODY };
        "the largest handle", EINVAL, "DRM's own", |a| { a.handle = u32::MAX };
    };
    let works = || Ok(object.map().map(drop)?);
    check(good, |a| device.call::<request::GemClose>(a), &cases, works)
}

/// PRIME_HANDLE_TO_FD.
fn prime_export() -> Outcome {
    let device = Device::open()?;
    let object = Object::create(&device, PAGE)?;
    let flags = (nix::libc::O_CLOEXEC | nix::libc::O_RDWR).cast_unsigned();
    let good = || drm_prime_handle {
        handle: object.handle(),
        flags,
        fd: -1,
    };
    let cases = cases! { drm_prime_handle;
        "an unknown handle", ENOENT, "DRM's own", |a| a.handle = NOBODY;
        "unknown flags", EINVAL, "only CLOEXEC and RDWR", |a| { a.flags |= 1 << 30 };
    };
    let works = || Ok(object.export().map(drop)?);
    check(
        good,
        |a| device.call::<request::PrimeHandleToFd>(a),
        &cases,
        works,
    )
}

/// PRIME_FD_TO_HANDLE.
fn prime_import() -> Outcome {
    use std::os::fd::AsRawFd;
    let device = Device::open()?;
    let object = Object::create(&device, PAGE)?;
    let dma_buf = object.export()?;
    let null = std::fs::File::open("/dev/null")?;
    let good = || drm_prime_handle {
        fd: dma_buf.as_raw_fd(),
        ..Default::default()
    };
    let cases = cases! { drm_prime_handle;
        "no descriptor", EBADF, "DRM's own", |a| a.fd = -1;
        "an unused descriptor", EBADF, "DRM's own", |a| { a.fd = 1 << 20 };
        "another file's", EINVAL, "not a dma-buf", |a| { a.fd = null.as_raw_fd() };
    };
    let works = || Ok(object.map().map(drop)?);
    check(
        good,
        |a| device.call::<request::PrimeFdToHandle>(a),
        &cases,
        works,
    )
}

/// A private object can't be exported.
fn private_objects_stay() -> Outcome {
    let device = Device::open()?;
    let vm = AddressSpace::create(&device)?;
    let object = Object::create_private(&device, PAGE, &vm)?;
    expect_errno(object.export(), EINVAL, "exporting a private object")?;
    vm.bind(&object, 0x1_0000_0000)?;
    Ok(())
}
