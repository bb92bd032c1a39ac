//! EXECBUFFER2, in the order of i915's checks.

use libtest_mimic::Trial;
use nix::errno::Errno::{EFAULT, EINVAL, ENODEV, ENOENT, ENOSPC};
use virtio_igpu_guest_tests::client::{
    Context, Device, Engine, Error, Exec2, ExecObject, Object, Param, Relocation, Syncobj,
};
use virtio_igpu_guest_tests::gpu::Batch;
use virtio_igpu_guest_tests::sys::request::{Out, execbuffer2_bad_list};
use virtio_igpu_guest_tests::sys::uapi::*;
use virtio_igpu_guest_tests::sys::{address_of, address_of_slice};

use super::{NOBODY, UNMAPPED, cases, check};
use crate::rig::{Outcome, PAGE, expect_errno, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("bad_input":
        execbuffer2, execbuffer2_objects, execbuffer2_relocations, execbuffer2_fences, execbuffer2_list,
        execbuffer2_engine_map, legacy_execbuffer_is_gone,
    )
}

const BATCH: u64 = 0x20_0000_0000;
const TARGET: u64 = 0x10_0000_0000;

/// An object with an empty batch.
fn empty_batch(device: &Device) -> Result<Object<'_>, Error> {
    let batch = Object::create(device, PAGE)?;
    batch.map()?.write_dwords(0, &Batch::new().end());
    Ok(batch)
}

/// The batch still runs.
fn runs(device: &Device, batch: &Object<'_>) -> Outcome {
    Exec2::new(vec![batch.pinned_at(BATCH)]).submit(device)?;
    batch.wait(-1)?;
    Ok(())
}

/// EXECBUFFER2: the argument's own fields.
fn execbuffer2() -> Outcome {
    let device = Device::open()?;
    let batch = empty_batch(&device)?;
    runs(&device, &batch)?;
    let good = || Exec2::new(vec![batch.pinned_at(BATCH)]);
    fn flag(flags: u64) -> impl Fn(&mut Exec2) {
        move |e| e.argument.flags |= flags
    }
    let unknown = "__I915_EXEC_ILLEGAL_FLAGS";
    let ring = "eb_select_legacy_ring";
    let cases = cases! { Exec2;
        "a flag that nobody knows", EINVAL, unknown, flag(1 << 40);
        "the first unknown flag", EINVAL, unknown, flag(1 << 22);
        "constants", EINVAL, unknown, flag(I915_EXEC_CONSTANTS_ABSOLUTE.into());
        "the resource streamer", EINVAL, unknown, flag(I915_EXEC_RESOURCE_STREAMER.into());
        "clip rectangles", EINVAL, "a misfeature of old", |e| e.argument.num_cliprects = 1;
        "a pointer to clip rectangles", EINVAL, "a misfeature of old",
            |e| e.argument.cliprects_ptr = UNMAPPED;
        "DR1", EINVAL, "it must be 0", |e| e.argument.DR1 = 1;
        "DR4", EINVAL, "it must be 0", |e| e.argument.DR4 = 1;
        "a start that is not of qwords", EINVAL, "alignment", |e| { e.argument.batch_start_offset = 4 };
        "a length that is not of qwords", EINVAL, "alignment", |e| { e.argument.batch_len = 12 };
        "a secure batch", ENODEV, "not since Gen11", flag(I915_EXEC_SECURE.into());
        "an unknown context", ENOENT, "no such context", |e| { e.argument.rsvd1 = NOBODY.into() };
        "an unknown ring", EINVAL, ring, flag(5);
        "the last ring number", EINVAL, ring, flag(63);
        "a BSD ring of the render engine", EINVAL, ring,
            flag(u64::from(I915_EXEC_RENDER | I915_EXEC_BSD_RING1));
        "a third BSD ring", EINVAL, ring, flag(u64::from(I915_EXEC_BSD) | 3 << 13);
        "SOL_RESET", EINVAL, "Gen7 alone", flag(I915_EXEC_GEN7_SOL_RESET.into());
        "a start behind the object", EINVAL, "out of bounds", |e| e.argument.batch_start_offset = PAGE as u32;
        "a length over the object", EINVAL, "out of bounds", |e| { e.argument.batch_len = PAGE as u32 + 8 };
        "start and length over the object", EINVAL, "out of bounds",
            |e| (e.argument.batch_start_offset, e.argument.batch_len) = (8, PAGE as u32);
        "start and length that overflow", EINVAL, "out of bounds",
            |e| (e.argument.batch_start_offset, e.argument.batch_len) = (8, u32::MAX - 7);
    };
    check(
        good,
        |e| e.submit(&device),
        &cases,
        || runs(&device, &batch),
    )?;
    // UXA left garbage of one kind in DR4, which is forgiven.
    let mut forgiven = good();
    forgiven.argument.DR4 = u32::MAX;
    forgiven.submit(&device)?;
    Ok(())
}

/// EXECBUFFER2: the entries of the list.
fn execbuffer2_objects() -> Outcome {
    let device = Device::open()?;
    let (batch, target) = (empty_batch(&device)?, Object::create(&device, PAGE)?);
    runs(&device, &batch)?;
    let good = || Exec2::new(vec![target.written_at(TARGET), batch.pinned_at(BATCH)]);
    fn entry(change: impl Fn(&mut ExecObject)) -> impl Fn(&mut Exec2) {
        move |e| change(&mut e.objects[0])
    }
    let invalid = "__EXEC_OBJECT_UNKNOWN_FLAGS";
    let cases = cases! { Exec2;
        "an unknown object", ENOENT, "no such object", entry(|o| o.handle = NOBODY);
        "handle 0", ENOENT, "no such object", entry(|o| o.handle = 0);
        "an unknown batch", ENOENT, "no such object", |e| e.objects[1].handle = NOBODY;
        "an unknown flag", EINVAL, invalid, entry(|o| o.flags |= 1 << 20);
        "a high flag", EINVAL, invalid, entry(|o| o.flags |= 1 << 63);
        "NEEDS_GTT", EINVAL, "each context has its own tables",
            entry(|o| { o.flags |= u64::from(EXEC_OBJECT_NEEDS_GTT); });
        "an odd alignment", EINVAL, "a power of two", entry(|o| o.alignment = 12_288);
        "an address within a page", EINVAL, "alignment", entry(|o| o.offset += 64);
        "an address that isn't canonical", EINVAL, "canonical form", entry(|o| o.offset = 1 << 47);
        "an address above 48 bits", EINVAL, "canonical form", entry(|o| o.offset = 1 << 48);
        "an unpinned batch that is written", EINVAL, "no self-modifying batches",
            |e| e.objects[1].flags |= u64::from(EXEC_OBJECT_WRITE);
        "padding to half a page", EINVAL, "whole pages",
            entry(|o| { o.flags |= u64::from(EXEC_OBJECT_PAD_TO_SIZE); o.__bindgen_anon_1.pad_to_size = PAGE + 8; });
        "overlapping addresses", ENOSPC, "both are wanted at once", entry(|o| o.offset = BATCH);
    };
    check(
        good,
        |e| e.submit(&device),
        &cases,
        || runs(&device, &batch),
    )
}

/// EXECBUFFER2: relocations, which Tiger Lake is the last to take.
fn execbuffer2_relocations() -> Outcome {
    let device = Device::open()?;
    let (batch, target) = (empty_batch(&device)?, Object::create(&device, PAGE)?);
    runs(&device, &batch)?;
    let good = || Relocation {
        target_handle: target.handle(),
        offset: 64,
        presumed_offset: u64::MAX,
        read_domains: I915_GEM_DOMAIN_RENDER,
        ..Default::default()
    };
    let submission = || Exec2::new(vec![target.pinned_at(TARGET), batch.pinned_at(BATCH)]);
    // i915 binds before it relocates: so that this tells nobody anything, both are bound.
    submission().submit(&device)?;
    batch.wait(-1)?;
    let outside = "beyond the object's bounds";
    let cases = cases! { Relocation;
        "a target that isn't in the list", ENOENT, "no such object", |r| r.target_handle = NOBODY;
        "target 0", ENOENT, "no such object", |r| r.target_handle = 0;
        "several domains to write", EINVAL, "one writes",
            |r| r.write_domain = I915_GEM_DOMAIN_RENDER | I915_GEM_DOMAIN_SAMPLER;
        "the CPU's domain", EINVAL, "a GPU's domains", |r| r.read_domains = I915_GEM_DOMAIN_CPU;
        "a place over the end", EINVAL, outside, |r| r.offset = PAGE - 4;
        "a place behind the end", EINVAL, outside, |r| r.offset = PAGE;
        "a place far behind the end", EINVAL, outside, |r| r.offset = u64::MAX - 3;
        "a place that isn't of dwords", EINVAL, "alignment", |r| r.offset = 66;
    };
    let call = |r: &mut Relocation| submission().relocate(1, vec![*r]).submit(&device);
    check(good, call, &cases, || runs(&device, &batch))?;
    for (what, at) in [
        ("null", Out::Null),
        ("unmapped", Out::Unmapped),
        ("kernel", Out::Kernel),
    ] {
        let mut unreadable = submission().relocate(1, vec![good()]);
        let result = unreadable.submit_relocations_at(&device, 1, at);
        expect_errno(
            result,
            EFAULT,
            &format!("relocations at a bad address ({what})"),
        )?;
    }
    let mut too_many = submission().relocate(1, vec![good()]);
    too_many.objects[1].relocation_count = u32::MAX;
    let result = too_many.submit_relocations_at(&device, 1, Out::Unmapped);
    expect_errno(
        result,
        EINVAL,
        "more relocations than an int counts bytes of",
    )?;
    runs(&device, &batch)
}

/// EXECBUFFER2: fences of all kinds.
fn execbuffer2_fences() -> Outcome {
    let device = Device::open()?;
    let batch = empty_batch(&device)?;
    runs(&device, &batch)?;
    let empty = Syncobj::create(&device)?;
    let good = || Exec2::new(vec![batch.pinned_at(BATCH)]);
    let fence = |handle, flags| [drm_i915_gem_exec_fence { handle, flags }];
    let (signal, wait) = (I915_EXEC_FENCE_SIGNAL, I915_EXEC_FENCE_WAIT);
    let nobody = fence(NOBODY, signal);
    let unknown = fence(empty.handle(), 4);
    let nothing = fence(empty.handle(), wait);
    let array = u64::from(I915_EXEC_FENCE_ARRAY);
    let extended = u64::from(I915_EXEC_USE_EXTENSIONS);
    fn with(fences: &[drm_i915_gem_exec_fence]) -> impl Fn(&mut Exec2) + '_ {
        move |e| {
            e.argument.flags |= u64::from(I915_EXEC_FENCE_ARRAY);
            e.argument.num_cliprects = fences.len() as u32;
            e.argument.cliprects_ptr = address_of_slice(fences);
        }
    }
    let stray = i915_user_extension {
        name: 7,
        ..Default::default()
    };
    let timeline = |fences: u64, values: u64| drm_i915_gem_execbuffer_ext_timeline_fences {
        base: i915_user_extension {
            name: DRM_I915_GEM_EXECBUFFER_EXT_TIMELINE_FENCES,
            ..Default::default()
        },
        fence_count: 1,
        handles_ptr: fences,
        values_ptr: values,
    };
    let value = [1u64];
    let both = fence(empty.handle(), signal | wait);
    let bad_handles = timeline(UNMAPPED, address_of_slice(&value));
    let bad_values = timeline(address_of_slice(&both), UNMAPPED);
    let no_point = timeline(address_of_slice(&nothing), address_of_slice(&value));
    let wait_and_signal = timeline(address_of_slice(&both), address_of_slice(&value));
    let chain = |address: u64| {
        move |e: &mut Exec2| {
            e.argument.flags |= extended;
            e.argument.cliprects_ptr = address;
        }
    };
    let cases = cases! { Exec2;
        "extensions and an array", EINVAL, "they share a pointer",
            move |e| e.argument.flags |= array | extended;
        "extensions and a count", EINVAL, "they share a pointer",
            move |e| { e.argument.flags |= extended; e.argument.num_cliprects = 1; };
        "unreadable extensions", EFAULT, "the chain is read", chain(UNMAPPED);
        "an unknown extension", EINVAL, "no such name", chain(address_of(&stray));
        "unreadable timeline handles", EFAULT, "they are read", chain(address_of(&bad_handles));
        "unreadable timeline values", EFAULT, "they are read", chain(address_of(&bad_values));
        "a wait for no point", EINVAL, "nothing to wait for", chain(address_of(&no_point));
        "one point waited for and signalled", EINVAL, "it would never come",
            chain(address_of(&wait_and_signal));
        "an unreadable array", EFAULT, "it is read",
            move |e| { e.argument.flags |= array; (e.argument.num_cliprects, e.argument.cliprects_ptr) = (1, UNMAPPED); };
        "an unknown fence flag", EINVAL, "two are known", with(&unknown);
        "an unknown syncobj", ENOENT, "no such syncobj", with(&nobody);
        "a wait for no fence", EINVAL, "nothing to wait for", with(&nothing);
        "an in-fence that is no sync_file", EINVAL, "sync_file_get_fence",
            |e| { e.argument.flags |= u64::from(I915_EXEC_FENCE_IN); e.argument.rsvd2 = 1 << 20; };
        "in-fence and submit-fence", EINVAL, "one or the other",
            |e| e.argument.flags |= u64::from(I915_EXEC_FENCE_IN | I915_EXEC_FENCE_SUBMIT);
    };
    check(
        good,
        |e| e.submit(&device),
        &cases,
        || runs(&device, &batch),
    )
}

/// EXECBUFFER2: the list as such.
fn execbuffer2_list() -> Outcome {
    let device = Device::open()?;
    let batch = empty_batch(&device)?;
    let submit = |buffer_count, flags, out| {
        let mut argument = drm_i915_gem_execbuffer2 {
            buffer_count,
            flags,
            ..Default::default()
        };
        execbuffer2_bad_list(device.fd(), &mut argument, out).map_err(Error::system("EXECBUFFER2"))
    };
    expect_errno(submit(0, 0, Out::Null), EINVAL, "an empty list")?;
    expect_errno(
        submit(u32::MAX, 0, Out::Null),
        EINVAL,
        "a list longer than an int counts",
    )?;
    expect_errno(
        submit(1, 1 << 40, Out::Unmapped),
        EINVAL,
        "a bad flag and an unreadable list",
    )?;
    expect_errno(submit(1, 0, Out::Null), EFAULT, "a list at null")?;
    expect_errno(submit(1, 0, Out::Unmapped), EFAULT, "an unreadable list")?;
    expect_errno(submit(1, 0, Out::Kernel), EFAULT, "a list in the kernel")?;
    runs(&device, &batch)
}

/// EXECBUFFER2 on a context with a map: the ring number is an index.
fn execbuffer2_engine_map() -> Outcome {
    let device = Device::open()?;
    let batch = empty_batch(&device)?;
    let map = Param::engines(&[Engine::RCS0, Engine::NONE]);
    let context = Context::with_params(&device, &[map])?;
    context.get(I915_CONTEXT_PARAM_PRIORITY)?;
    let good = || Exec2::new(vec![batch.pinned_at(BATCH)]).context(&context);
    let cases = cases! { Exec2;
        "an empty place", EINVAL, "no engine there", |e| e.argument.flags |= 1;
        "a place behind the map", EINVAL, "no such place", |e| { e.argument.flags |= 2 };
        "the last index", EINVAL, "no such place", |e| { e.argument.flags |= 63 };
    };
    let works = || Ok(good().submit(&device)?);
    check(good, |e| e.submit(&device), &cases, works)
}

/// EXECBUFFER, the first one, is gone; DRM_AUTH keeps render nodes away from it.
fn legacy_execbuffer_is_gone() -> Outcome {
    use virtio_igpu_guest_tests::sys::request::{call_raw, with_size};
    let device = Device::open()?;
    let code = with_size(
        0x4000_6400 | (DRM_COMMAND_BASE + DRM_I915_GEM_EXECBUFFER),
        40,
    );
    let result = call_raw(device.fd(), code, &mut [0; 40]).map_err(Error::system("EXECBUFFER"));
    expect_errno(
        result,
        nix::errno::Errno::EACCES,
        "EXECBUFFER on a render node",
    )
}
