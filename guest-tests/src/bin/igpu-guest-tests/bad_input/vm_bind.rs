//! VM_BIND and VM_UNBIND. Their errors are looked for in a fixed order: the entries stand
//! in it, and those with two faults say which one is found first.

use libtest_mimic::Trial;
use nix::errno::Errno::{E2BIG, EFAULT, EINVAL, ENOENT, EOPNOTSUPP};
use virtio_igpu_guest_tests::client::{AddressSpace, Device, Object, Syncobj, ext_fences};
use virtio_igpu_guest_tests::gpu::canonical;
use virtio_igpu_guest_tests::sys::address_of;
use virtio_igpu_guest_tests::sys::request;
use virtio_igpu_guest_tests::sys::uapi::*;

use super::{NOBODY, UNMAPPED, cases, check};
use crate::rig::{Outcome, PAGE, RCS0, Rig, ensure_eq, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("bad_input": vm_bind, vm_unbind, vm_bind_fences, vm_bind_ops)
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
        "an unknown flag", EINVAL, "CAPTURE is the only one of the RFC", |a| a.flags = 2;
        "a high flag", EINVAL, "it is none of ours", |a| { a.flags = 1 << 63 };
        "a null mapping of an object", EINVAL, "it has none", |a| { a.flags = I915_GEM_VM_BIND_NULL };
        "a null mapping's contents", EINVAL, "it has none",
            |a| (a.handle, a.flags) = (0, I915_GEM_VM_BIND_NULL | u64::from(I915_GEM_VM_BIND_CAPTURE));
        "a read-only null mapping", EINVAL, "NULL is for itself",
            |a| (a.handle, a.flags) = (0, I915_GEM_VM_BIND_NULL | I915_GEM_VM_BIND_READONLY);
        "a null mapping with an offset", EINVAL, "it has no object",
            |a| (a.handle, a.offset, a.flags) = (0, PAGE, I915_GEM_VM_BIND_NULL);
        "a null mapping of nothing", EINVAL, "a mapping has pages",
            |a| (a.handle, a.length, a.flags) = (0, 0, I915_GEM_VM_BIND_NULL);
        "a null mapping past the end", EINVAL, "48 bits",
            |a| (a.handle, a.start, a.flags) = (0, LAST_TWO, I915_GEM_VM_BIND_NULL);
        "an unknown extension", EINVAL, "its name is no extension's",
            |a| a.extensions = virtio_igpu_guest_tests::sys::address_of(&extension);
        "an unreadable extension", EINVAL, "it is no chain", |a| { a.extensions = UNMAPPED };
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

/// The links of a VM_BIND's chain, as a table changes them.
#[derive(Clone, Copy, Default)]
struct Chain {
    bind: drm_i915_gem_vm_bind,
    fences: drm_i915_gem_vm_bind_ext_fences,
    ops: drm_i915_gem_vm_bind_ext_ops,
    op: drm_i915_gem_vm_bind_op,
}

/// More fences: of the chain, after the range and before the argument's own.
fn vm_bind_fences() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_bound, memory) = rig.memory(AT, 4 * PAGE)?;
    let object = Object::create(&device, 4 * PAGE)?;
    let (past, empty) = (
        Syncobj::create_signaled(&device)?,
        Syncobj::create(&device)?,
    );
    let fence = |handle, flags, value| drm_i915_gem_timeline_fence {
        handle,
        flags,
        value,
    };
    let wait = [past.wait_fence(0)];
    let unknown_flag = [fence(past.handle(), WAIT | 4, 0)];
    let nobodys = [past.wait_fence(0), fence(NOBODY, WAIT, 0)];
    let nothing = [empty.wait_fence(0)];
    let later = [empty.wait_fence(7)];
    let both = [fence(past.handle(), WAIT | SIGNAL, 3)];
    let good = || Chain {
        bind: rig.vm.bind_argument(&object, AT, 0, 4 * PAGE),
        fences: ext_fences(&wait, 0),
        ..Default::default()
    };
    let list = |fences: &[drm_i915_gem_timeline_fence]| ext_fences(fences, 0);
    let again = list(&wait);
    let again = address_of(&again);
    let cases = cases! { Chain;
        "a reserved field", EINVAL, "rsvd must be 0", |a| a.fences.rsvd = 1;
        "a reserved field of the link", EINVAL, "rsvd must be 0", |a| { a.fences.base.rsvd[3] = 1 };
        "flags of the link", EINVAL, "none is known", |a| { a.fences.base.flags = 1 };
        "twice", EINVAL, "once is enough", |a| { a.fences.base.next_extension = again };
        "an unreadable next link", EINVAL, "it is no chain", |a| { a.fences.base.next_extension = UNMAPPED };
        "too many", E2BIG, "1024 is the limit", |a| { a.fences.fence_count = 1025 };
        "too many and no VM", E2BIG, "the chain comes first",
            |a| (a.fences.fence_count, a.bind.vm_id) = (1025, NOBODY);
        "an unreadable array and no VM", ENOENT, "the array comes after the VM",
            |a| (a.fences.fences, a.bind.vm_id) = (UNMAPPED, NOBODY);
        "an unreadable array and length 0", EINVAL, "the array comes after the range",
            |a| (a.fences.fences, a.bind.length) = (UNMAPPED, 0);
        "an unreadable array", EFAULT, "it has to be readable", |a| { a.fences.fences = UNMAPPED };
        "an unknown flag", EINVAL, "two are known", |a| { a.fences = list(&unknown_flag) };
        "an unknown syncobj", ENOENT, "no such syncobj", |a| { a.fences = list(&nobodys) };
        "an empty syncobj", EINVAL, "there is nothing to wait for", |a| { a.fences = list(&nothing) };
        "a point not submitted", EINVAL, "there is nothing to wait for", |a| { a.fences = list(&later) };
        "a point for both", EINVAL, "it would wait for itself", |a| { a.fences = list(&both) };
        "the argument's own fence", ENOENT, "no such syncobj", |a| a.bind.fence = fence(NOBODY, SIGNAL, 1);
        "both unknown", EINVAL, "the chain's come first",
            |a| (a.bind.fence, a.fences) = (fence(NOBODY, SIGNAL, 1), list(&nothing));
    };
    let call = |chain: &mut Chain| {
        chain.bind.extensions = address_of(&chain.fences);
        device.call::<request::VmBind>(&mut chain.bind)
    };
    check(good, call, &cases, || still_bound(&rig, &memory))?;

    // VM_UNBIND has the same, and no array of operations.
    let good = || Chain {
        fences: ext_fences(&wait, 0),
        ..Default::default()
    };
    let cases = cases! { Chain;
        "an array of operations", EINVAL, "it belongs to VM_BIND",
            |a| a.fences.base.name = I915_GEM_VM_BIND_EXT_OPS;
        "an unknown syncobj", ENOENT, "no such syncobj", |a| { a.fences = list(&nobodys) };
        "a point not submitted", EINVAL, "there is nothing to wait for", |a| { a.fences = list(&later) };
    };
    let call = |chain: &mut Chain| {
        let mut argument = drm_i915_gem_vm_unbind {
            vm_id: rig.vm.id(),
            start: AT,
            length: 4 * PAGE,
            extensions: address_of(&chain.fences),
            ..Default::default()
        };
        device.call::<request::VmUnbind>(&mut argument)
    };
    rig.vm.bind(&object, AT)?;
    let object_memory = object.map()?;
    check(good, call, &cases, || still_bound(&rig, &object_memory))
}

/// An array of operations: nothing of it is done if anything is wrong with it.
fn vm_bind_ops() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (legacy, other) = (
        AddressSpace::create_legacy(&device)?,
        AddressSpace::create(&device)?,
    );
    let (_bound, memory) = rig.memory(AT, 4 * PAGE)?;
    let object = Object::create(&device, 4 * PAGE)?;
    let foreign = Object::create_private(&device, 4 * PAGE, &other)?;
    let bind = drm_i915_gem_vm_bind_op {
        handle: object.handle(),
        start: AT,
        length: 4 * PAGE,
        ..Default::default()
    };
    let unbind = drm_i915_gem_vm_bind_op {
        op: I915_GEM_VM_BIND_OP_UNBIND,
        start: AT,
        length: PAGE,
        ..Default::default()
    };
    let good = || Chain {
        bind: drm_i915_gem_vm_bind {
            vm_id: rig.vm.id(),
            ..Default::default()
        },
        ops: drm_i915_gem_vm_bind_ext_ops {
            base: i915_user_extension {
                name: I915_GEM_VM_BIND_EXT_OPS,
                ..Default::default()
            },
            op_count: 2,
            ..Default::default()
        },
        op: bind,
        ..Default::default()
    };
    let unbind_with = |change: fn(&mut drm_i915_gem_vm_bind_op)| {
        let mut op = unbind;
        change(&mut op);
        op
    };
    let empty = "the array says all";
    let cases = cases! { Chain;
        "no operation", EINVAL, "an array has entries", |a| a.ops.op_count = 0;
        "too many", E2BIG, "4096 is the limit", |a| { a.ops.op_count = 4097 };
        "a reserved field", EINVAL, "rsvd must be 0", |a| { a.ops.rsvd = 1 };
        "no VM", ENOENT, "no such VM", |a| { a.bind.vm_id = NOBODY };
        "a legacy VM", EOPNOTSUPP, "it is not in bind mode", |a| { a.bind.vm_id = legacy.id() };
        "a handle beside", EINVAL, empty, |a| { a.bind.handle = a.op.handle };
        "a start beside", EINVAL, empty, |a| { a.bind.start = PAGE };
        "an offset beside", EINVAL, empty, |a| { a.bind.offset = PAGE };
        "a length beside", EINVAL, empty, |a| { a.bind.length = PAGE };
        "a flag beside", EINVAL, empty, |a| { a.bind.flags = I915_GEM_VM_BIND_CAPTURE.into() };
        "an unknown fence flag", EINVAL, "two are known", |a| { a.bind.fence.flags = 8 };
        "an unreadable array", EFAULT, "it has to be readable", |a| { a.ops.ops = UNMAPPED };
        "an unknown operation", EINVAL, "there are two", |a| { a.op.op = 2 };
        "a reserved field of an entry", EINVAL, "rsvd must be 0", |a| { a.op.rsvd = 1 };
        "an unknown flag of an entry", EINVAL, "as in the argument", |a| { a.op.flags = 2 };
        "an unknown object", ENOENT, "no such object", |a| { a.op.handle = NOBODY };
        "another VM's private object", EINVAL, "it is bound in its VM alone",
            |a| a.op.handle = foreign.handle();
        "length 0", EINVAL, "a mapping has pages", |a| { a.op.length = 0 };
        "more than the object", EINVAL, "the section must lie in the object", |a| { a.op.length = 5 * PAGE };
        "past the end", EINVAL, "48 bits", |a| { a.op.start = LAST_TWO };
        "a null mapping of an object", EINVAL, "it has none", |a| { a.op.flags = I915_GEM_VM_BIND_NULL };
        "an unbind of an object", EINVAL, "it has none", |a| { a.op = unbind_with(|op| op.handle = 1) };
        "an unbind with an offset", EINVAL, "it has none", |a| { a.op = unbind_with(|op| op.offset = PAGE) };
        "an unbind with a flag", EINVAL, "none is known", |a| { a.op = unbind_with(|op| op.flags = 1) };
        "an unbind of nothing", EINVAL, "a range has pages", |a| { a.op = unbind_with(|op| op.length = 0) };
        "an unknown fence", ENOENT, "no such syncobj",
            |a| (a.bind.fence.handle, a.bind.fence.flags) = (NOBODY, SIGNAL);
    };
    let call = |chain: &mut Chain| {
        // A good one stands in front of the one that may be bad.
        let array = [unbind, chain.op];
        if chain.ops.ops == 0 {
            chain.ops.ops = address_of(&array);
        }
        chain.bind.extensions = address_of(&chain.ops);
        device.call::<request::VmBind>(&mut chain.bind)
    };
    check(good, call, &cases, || still_bound(&rig, &memory))
}
