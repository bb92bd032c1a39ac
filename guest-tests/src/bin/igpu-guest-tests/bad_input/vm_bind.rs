//! VM_BIND and VM_UNBIND. Their errors are looked for in a fixed order: the entries stand
//! in it, and those with two faults say which one is found first.

use libtest_mimic::Trial;
use nix::errno::Errno::{EINVAL, ENOENT, EOPNOTSUPP};
use virtio_igpu_guest_tests::client::{AddressSpace, Device, Object, Syncobj};
use virtio_igpu_guest_tests::gpu::canonical;
use virtio_igpu_guest_tests::sys::request;
use virtio_igpu_guest_tests::sys::uapi::*;

use super::{NOBODY, UNMAPPED, cases, check};
use crate::rig::{Outcome, PAGE, RCS0, Rig, ensure_eq, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("bad_input": vm_bind, vm_unbind)
}

const AT: u64 = 0x1_0000_0000;
/// The last page but one of the address space.
const LAST_TWO: u64 = canonical(0xffff_ffff_e000);
/// Where the address space has a hole: between its two canonical halves.
const NOWHERE: u64 = 0x8000_0000_0000;
const WAIT: u32 = I915_TIMELINE_FENCE_WAIT;
const SIGNAL: u32 = I915_TIMELINE_FENCE_SIGNAL;

/// What is bound at [`AT`] is there, and nothing but that.
fn still_bound(rig: &Rig<'_>, memory: &virtio_igpu_guest_tests::sys::memory::Mapping) -> Outcome {
    memory.fill_u32(0);
    rig.run(RCS0, |batch| {
        batch
            .store_u32(AT, 1)
            .store_u32(AT + 3 * PAGE, 2)
            .store_u32(AT + 4 * PAGE, 3);
    })?;
    let got = (memory.read_u32(0), memory.read_u32(3 * PAGE as usize));
    ensure_eq!(got, (1, 2), "what the GPU writes to a mapping made before");
    Ok(())
}

/// VM_BIND.
fn vm_bind() -> Outcome {
    type Argument = drm_i915_gem_vm_bind;
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (legacy, other) = (
        AddressSpace::create_legacy(&device)?,
        AddressSpace::create(&device)?,
    );
    let (_bound, memory) = rig.memory(AT, 4 * PAGE)?;
    let object = Object::create(&device, 4 * PAGE)?;
    let foreign = Object::create_private(&device, 4 * PAGE, &other)?;
    let syncobj = Syncobj::create(&device)?;
    let extension = i915_user_extension::default();
    let fence = |handle, flags| drm_i915_gem_timeline_fence {
        handle,
        flags,
        value: 1,
    };
    let good = || rig.vm.bind_argument(&object, AT, 0, 4 * PAGE);
    let outside = "the section must lie in the object";
    let cases = cases! { Argument;
        "an unknown flag", EINVAL, "CAPTURE is the only one", |a| a.flags = 2;
        "a high flag", EINVAL, "CAPTURE is the only one", |a| { a.flags = 1 << 63 };
        "any extension", EINVAL, "none is known",
            |a| a.extensions = virtio_igpu_guest_tests::sys::address_of(&extension);
        "an unreadable extension", EINVAL, "none is known", |a| { a.extensions = UNMAPPED };
        "a flag and no VM", EINVAL, "flags come first", |a| { (a.flags, a.vm_id) = (2, NOBODY) };
        "VM 0", ENOENT, "no VM has the id 0", |a| a.vm_id = 0;
        "an unknown VM", ENOENT, "no such VM", |a| a.vm_id = NOBODY;
        "no VM and length 0", ENOENT, "the VM comes before the range", |a| (a.vm_id, a.length) = (NOBODY, 0);
        "a legacy VM", EOPNOTSUPP, "it is not in bind mode", |a| { a.vm_id = legacy.id() };
        "a legacy VM and no object", EOPNOTSUPP, "the mode comes before the object",
            |a| (a.vm_id, a.handle) = (legacy.id(), NOBODY);
        "handle 0", ENOENT, "no such object", |a| a.handle = 0;
        "an unknown object", ENOENT, "no such object", |a| { a.handle = NOBODY };
        "no object and length 0", ENOENT, "the object comes before the range",
            |a| (a.handle, a.length) = (NOBODY, 0);
        "length 0", EINVAL, "a mapping has pages", |a| a.length = 0;
        "a start within a page", EINVAL, "alignment", |a| { a.start += 8 };
        "an offset within a page", EINVAL, "alignment", |a| (a.offset, a.length) = (2048, PAGE);
        "a length of half a page", EINVAL, "alignment", |a| { a.length = PAGE + 2048 };
        "a fence to wait for", EINVAL, "it is an out-fence",
            |a| a.fence = fence(syncobj.handle(), WAIT | SIGNAL);
        "only to wait for", EINVAL, "it is an out-fence", |a| { a.fence = fence(syncobj.handle(), WAIT) };
        "an unknown fence flag", EINVAL, "two are known", |a| a.fence = fence(syncobj.handle(), SIGNAL | 4);
        "more than the object", EINVAL, outside, |a| { a.length = 5 * PAGE };
        "over the object's end", EINVAL, outside, |a| { a.offset = PAGE };
        "behind the object's end", EINVAL, outside, |a| { a.offset = 4 * PAGE };
        "offset and length that overflow", EINVAL, outside, |a| { a.offset = !(PAGE - 1) };
        "a length that overflows", EINVAL, outside, |a| { a.length = !(PAGE - 1) };
        "another VM's private object", EINVAL, "it is bound in its VM alone", |a| a.handle = foreign.handle();
        "past the address space's end", EINVAL, "48 bits", |a| { a.start = LAST_TWO };
        "in the hole of the address space", EINVAL, "addresses are canonical", |a| a.start = NOWHERE;
        "above 48 bits", EINVAL, "addresses are canonical", |a| { a.start = 1 << 48 };
        "start and length that overflow", EINVAL, "48 bits", |a| { a.start = !(PAGE - 1) };
        "an unknown fence", ENOENT, "no such syncobj", |a| { a.fence = fence(NOBODY, SIGNAL) };
        "no fence and a bad range", EINVAL, "the range comes before the fence's handle",
            |a| (a.fence, a.start) = (fence(NOBODY, SIGNAL), LAST_TWO);
    };
    let call = |argument: &mut Argument| device.call::<request::VmBind>(argument);
    check(good, call, &cases, || still_bound(&rig, &memory))?;
    rig.vm.bind(&object, AT)?;
    Ok(())
}

/// VM_UNBIND.
fn vm_unbind() -> Outcome {
    type Argument = drm_i915_gem_vm_unbind;
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let legacy = AddressSpace::create_legacy(&device)?;
    let (_bound, memory) = rig.memory(AT, 4 * PAGE)?;
    let syncobj = Syncobj::create(&device)?;
    let fence = |handle, flags| drm_i915_gem_timeline_fence {
        handle,
        flags,
        value: 1,
    };
    let good = || Argument {
        vm_id: rig.vm.id(),
        start: AT,
        length: 4 * PAGE,
        ..Default::default()
    };
    let cases = cases! { Argument;
        "a flag", EINVAL, "none is known", |a| { a.flags = 1 };
        "the reserved field", EINVAL, "rsvd must be 0", |a| { a.rsvd = 1 };
        "an extension", EINVAL, "none is known", |a| { a.extensions = UNMAPPED };
        "the reserved field and no VM", EINVAL, "it comes first", |a| (a.rsvd, a.vm_id) = (1, NOBODY);
        "VM 0", ENOENT, "no VM has the id 0", |a| a.vm_id = 0;
        "an unknown VM", ENOENT, "no such VM", |a| a.vm_id = NOBODY;
        "a legacy VM", EOPNOTSUPP, "it is not in bind mode", |a| { a.vm_id = legacy.id() };
        "length 0", EINVAL, "a range has pages", |a| a.length = 0;
        "a start within a page", EINVAL, "alignment", |a| { a.start += 8 };
        "a length of half a page", EINVAL, "alignment", |a| { a.length += 2048 };
        "a fence to wait for", EINVAL, "it is an out-fence", |a| a.fence = fence(syncobj.handle(), WAIT);
        "an unknown fence flag", EINVAL, "two are known", |a| a.fence = fence(syncobj.handle(), SIGNAL | 8);
        "past the address space's end", EINVAL, "48 bits", |a| { a.start = LAST_TWO };
        "in the hole of the address space", EINVAL, "addresses are canonical", |a| a.start = NOWHERE;
        "start and length that overflow", EINVAL, "48 bits", |a| { a.start = !(PAGE - 1) };
        "an unknown fence", ENOENT, "no such syncobj", |a| { a.fence = fence(NOBODY, SIGNAL) };
    };
    let call = |argument: &mut Argument| device.call::<request::VmUnbind>(argument);
    check(good, call, &cases, || still_bound(&rig, &memory))
}
