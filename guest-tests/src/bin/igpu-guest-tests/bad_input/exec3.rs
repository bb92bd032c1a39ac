//! EXECBUFFER3. The entries stand in the order in which the errors are looked for.

use libtest_mimic::Trial;
use nix::errno::Errno::{EFAULT, EINVAL, ENOENT, EOPNOTSUPP};
use virtio_igpu_guest_tests::client::{
    AddressSpace, Context, Device, Engine, Exec2, Exec3, Object, Param, Syncobj,
};
use virtio_igpu_guest_tests::gpu::Batch;
use virtio_igpu_guest_tests::sys::uapi::*;
use virtio_igpu_guest_tests::sys::{address_of, address_of_slice, request};

use super::{KERNEL, NOBODY, UNMAPPED, cases, check};
use crate::rig::{Outcome, PAGE, RCS0, Rig, ensure_eq, expect_errno, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("bad_input": execbuffer3, execbuffer3_context_without_map, modes_dont_mix)
}

const WAIT: u32 = I915_TIMELINE_FENCE_WAIT;
const SIGNAL: u32 = I915_TIMELINE_FENCE_SIGNAL;

/// EXECBUFFER3.
fn execbuffer3() -> Outcome {
    type Argument = drm_i915_gem_execbuffer3;
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    rig.run(RCS0, |_| {})?;
    let legacy = Context::create(&device)?;
    legacy.get(I915_CONTEXT_PARAM_PRIORITY)?;
    let (empty, full) = (
        Syncobj::create(&device)?,
        Syncobj::create_signaled(&device)?,
    );
    let fence = |handle, flags, value| {
        [drm_i915_gem_timeline_fence {
            handle,
            flags,
            value,
        }]
    };
    let nobody = fence(NOBODY, SIGNAL, 1);
    let unknown = fence(empty.handle(), SIGNAL | 4, 1);
    let no_fence = fence(empty.handle(), WAIT, 0);
    let no_point = fence(empty.handle(), WAIT, 5);
    let both = fence(full.handle(), WAIT | SIGNAL, 3);
    let extension = i915_user_extension::default();
    let batch = rig.write(0, |_| {});
    let good = || Exec3::new(&rig.context, RCS0, batch).argument();
    fn with(fences: &[drm_i915_gem_timeline_fence]) -> impl Fn(&mut Argument) + '_ {
        move |a| {
            (a.fence_count, a.timeline_fences) = (fences.len() as u32, address_of_slice(fences))
        }
    }
    let zero = "it must be 0";
    let cases = cases! { Argument;
        "a flag", EINVAL, zero, |a| a.flags = 1;
        "a high flag", EINVAL, zero, |a| a.flags = 1 << 63;
        "rsvd1", EINVAL, zero, |a| a.rsvd1 = 1;
        "rsvd2", EINVAL, zero, |a| a.rsvd2 = 1;
        "any extension", EINVAL, "none is known", |a| { a.extensions = address_of(&extension) };
        "an unreadable extension", EINVAL, "none is known", |a| { a.extensions = UNMAPPED };
        "a flag and bad fences", EINVAL, "flags come first",
            |a| (a.flags, a.fence_count, a.timeline_fences) = (1, 1, UNMAPPED);
        "fences at null", EFAULT, "they are read", |a| { a.fence_count = 1 };
        "unreadable fences", EFAULT, "they are read", |a| (a.fence_count, a.timeline_fences) = (2, UNMAPPED);
        "fences in the kernel", EFAULT, "they are read", |a| (a.fence_count, a.timeline_fences) = (1, KERNEL);
        "unreadable fences and no context", EFAULT, "fences come first",
            |a| (a.fence_count, a.timeline_fences, a.ctx_id) = (1, UNMAPPED, NOBODY);
        "an unknown fence flag", EINVAL, "two are known", with(&unknown);
        "an unknown fence", ENOENT, "no such syncobj", with(&nobody);
        "a wait for no fence", EINVAL, "nothing to wait for", with(&no_fence);
        "a wait for no point", EINVAL, "nothing to wait for", with(&no_point);
        "one point waited for and signalled", EINVAL, "it would never come", with(&both);
        "an unknown context", ENOENT, "no such context", |a| { a.ctx_id = NOBODY };
        "no context, bad index", ENOENT, "the context comes first",
            |a| (a.ctx_id, a.engine_idx) = (NOBODY, 99);
        "the default context", EOPNOTSUPP, "its VM is a legacy one", |a| a.ctx_id = 0;
        "a legacy context", EOPNOTSUPP, "its VM is a legacy one", |a| a.ctx_id = legacy.id();
        "an index behind the map", EINVAL, "no such place", |a| { a.engine_idx = 5 };
        "the largest index", EINVAL, "no such place", |a| { a.engine_idx = u32::MAX };
        "an unmapped batch", EINVAL, "nothing is mapped there", |a| a.batch_address = 0x7777_0000;
        "batch at 0", EINVAL, "nothing is mapped there", |a| { a.batch_address = 0 };
        "a batch outside the address space", EINVAL, "48 bits", |a| a.batch_address = 1 << 50;
        "a misaligned batch", EINVAL, "batches are made of qwords", |a| a.batch_address += 4;
    };
    // The default context is used before, so that no entry has a first use in it.
    device.call::<request::GetResetStats>(&mut drm_i915_reset_stats::default())?;
    let works = || {
        rig.run(RCS0, |_| {})?;
        ensure_eq!(rig.context.reset_stats()?.guilty, 0, "hangs of the context");
        Ok(())
    };
    check(
        good,
        |a| device.call::<request::GemExecbuffer3>(a),
        &cases,
        works,
    )
}

/// EXECBUFFER3 needs a context with an engine map of the user's.
fn execbuffer3_context_without_map() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let params = [Param::Recoverable(false), Param::Vm(rig.vm.id())];
    let context = Context::with_params(&device, &params)?;
    let batch = rig.write(0, |_| {});
    let result = Exec3::new(&context, 0, batch).submit(&device);
    expect_errno(result, EINVAL, "a context without a map")
}

/// EXECBUFFER2 on a VM in bind mode is EOPNOTSUPP, and a private object in EXECBUFFER2
/// is EINVAL.
fn modes_dont_mix() -> Outcome {
    let device = Device::open()?;
    let vm = AddressSpace::create(&device)?;
    let context = Context::for_vm(&device, &vm, &[Engine::RCS0])?;
    let batch = Object::create(&device, PAGE)?;
    batch.map()?.write_dwords(0, &Batch::new().end());
    let old = Exec2::new(vec![batch.pinned_at(0x4000_0000)])
        .context(&context)
        .submit(&device);
    expect_errno(old, EOPNOTSUPP, "EXECBUFFER2 in bind mode")?;
    let private = Object::create_private(&device, PAGE, &vm)?;
    let list = vec![private.pinned_at(0x5000_0000), batch.pinned_at(0x4000_0000)];
    let mixed = Exec2::new(list).submit(&device);
    expect_errno(mixed, EINVAL, "a private object in EXECBUFFER2")
}
