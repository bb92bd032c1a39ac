//! What other calls say of a process's memory.

use libtest_mimic::Trial;
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{Device, MmapMode, Object};
use virtio_igpu_guest_tests::sys::memory::{Mapping, userptr, userptr_unmapped};
use virtio_igpu_guest_tests::sys::remap::Forked;
use virtio_igpu_guest_tests::sys::uapi::*;

use super::PAGE_BYTES;
use super::exec2::exec2_store;
use crate::rig::{Outcome, PAGE, ensure_eq, expect_errno, trials};

pub(super) fn tests() -> Vec<Trial> {
    trials!("userptr":
        set_domain_tells_whether_it_is_memory, pread_and_pwrite_are_refused,
        probe_looks_at_mappings,
    )
}

/// SET_DOMAIN takes the pages, as i915's does: userspace asks so whether they are there.
fn set_domain_tells_whether_it_is_memory() -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(2 * PAGE_BYTES)?;
    let object = Object::userptr(&device, &pages)?;
    object.set_domain(I915_GEM_DOMAIN_CPU, 0)?;
    pages.withdraw(0, PAGE_BYTES)?;
    expect_errno(
        object.set_domain(I915_GEM_DOMAIN_CPU, 0),
        Errno::EFAULT,
        "with a page missing",
    )?;
    pages.renew(0, PAGE_BYTES)?;
    object.set_domain(I915_GEM_DOMAIN_CPU, I915_GEM_DOMAIN_CPU)?;
    let child = Forked::run(|| match object.set_domain(I915_GEM_DOMAIN_CPU, 0) {
        Err(error) if error.errno() == Some(Errno::EFAULT) => 0,
        _ => 1,
    })?;
    ensure_eq!(child.wait()?, 0, "whether a child was refused");
    Ok(())
}

/// PREAD and PWRITE of a process's own memory: EINVAL.
fn pread_and_pwrite_are_refused() -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(PAGE_BYTES)?;
    let object = Object::userptr(&device, &pages)?;
    expect_errno(object.pwrite(0, &[1; 8]), Errno::EINVAL, "PWRITE")?;
    let mut bytes = [0; 8];
    expect_errno(object.pread(0, &mut bytes), Errno::EINVAL, "PREAD")
}

/// PROBE looks at what is mapped, not whether it can be written: EFAULT for a hole and for
/// a device's memory.
fn probe_looks_at_mappings() -> Outcome {
    let device = Device::open()?;
    let fd = device.fd();
    let probe = I915_USERPTR_PROBE;
    let made = |handle: u32| drop(Object::from_handle(&device, handle, PAGE));
    let pages = Mapping::anonymous(4 * PAGE_BYTES)?;
    made(userptr(fd, &pages, 0, 4 * PAGE, probe)?);
    pages.withdraw(PAGE_BYTES, PAGE_BYTES)?;
    made(userptr(fd, &pages, 0, 4 * PAGE, probe)?);
    let unmapped = userptr_unmapped(fd, false, PAGE, probe);
    ensure_eq!(unmapped.err(), Some(Errno::EFAULT), "a hole");
    made(userptr_unmapped(fd, false, PAGE, 0)?);

    let own = Object::create(&device, PAGE)?;
    let mapped = Mapping::of_file(fd, own.mmap_offset(MmapMode::WriteBack)?, PAGE_BYTES)?;
    let of_device = userptr(fd, &mapped, 0, PAGE, probe);
    ensure_eq!(of_device.err(), Some(Errno::EFAULT), "a device's memory");
    // Without it the object is there, and finds out when it is used.
    let object = Object::userptr(&device, &mapped)?;
    expect_errno(
        exec2_store(&device, &object, 1),
        Errno::EFAULT,
        "a device's memory, used",
    )
}
