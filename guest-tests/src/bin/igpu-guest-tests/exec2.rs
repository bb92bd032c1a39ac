//! EXECBUFFER2 with objects at addresses of userspace's choice, and what the older
//! calls see of its work: GEM_WAIT, GEM_BUSY, implicit order.

use libtest_mimic::Trial;
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{
    Context, Device, Engine, Exec2, Object, Param, Result, Syncobj, sync_file_status,
};
use virtio_igpu_guest_tests::gpu::{Batch, Spinner, canonical};
use virtio_igpu_guest_tests::sys::memory::Mapping;
use virtio_igpu_guest_tests::sys::uapi::*;

use crate::rig::{
    A_WHILE, Outcome, PAGE, PATIENCE, ensure, ensure_eq, expect_errno, trials, wait_until,
};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("exec2":
        softpin, softpin_anywhere, batch_first, batch_start_offset, object_in_two_contexts,
        object_moves, kernel_chooses_addresses, legacy_rings, engine_map, handle_lut,
        fence_array, timeline_fences, fence_out_and_in, wait_and_busy, readers_are_told_apart,
        implicit_order_between_engines, pread_waits_for_the_writer, closed_while_busy,
        throttle, two_clients, overlapping_addresses,
    )
}

pub(crate) const TARGET: u64 = 0x10_0000_0000;
pub(crate) const BATCH: u64 = 0x20_0000_0000;
const RENDER: u32 = I915_EXEC_RENDER;
const BLIT: u32 = I915_EXEC_BLT;
const NANOSECONDS: i64 = 1_000_000_000;

/// An object with a batch in it.
pub(crate) fn program<'d>(
    device: &'d Device,
    commands: impl FnOnce(&mut Batch),
) -> Result<Object<'d>> {
    let object = Object::create(device, PAGE)?;
    let mut batch = Batch::new();
    commands(&mut batch);
    object.map()?.write_dwords(0, &batch.end());
    Ok(object)
}

/// An object with a spinner in it that runs at [`BATCH`].
fn spinner(device: &Device) -> Result<(Object<'_>, Mapping, Spinner)> {
    let object = Object::create(device, Spinner::SIZE)?;
    let memory = object.map()?;
    let spinner = Spinner::write(&memory, 0, BATCH);
    Ok((object, memory, spinner))
}

/// Objects at pinned addresses; the batch is the last one of the list.
fn softpin() -> Outcome {
    let device = Device::open()?;
    let target = Object::create(&device, PAGE)?;
    let batch = program(&device, |batch| {
        batch.store_u32(TARGET + 8, 11);
    })?;
    let mut submission = Exec2::new(vec![target.written_at(TARGET), batch.pinned_at(BATCH)]);
    submission.submit(&device)?;
    ensure_eq!(
        submission.objects[0].offset,
        TARGET,
        "the address that comes back"
    );
    target.wait(-1)?;
    ensure_eq!(target.map()?.read_u32(8), 11, "what the batch writes");
    Ok(())
}

/// Addresses at the borders of the 48 bits, in canonical form.
fn softpin_anywhere() -> Outcome {
    let device = Device::open()?;
    let target = Object::create(&device, PAGE)?;
    for at in [
        0x1000,
        0xffff_f000,
        0x7fff_ffff_f000,
        canonical(0x8000_0000_0000),
    ] {
        let value = (at >> 12) as u32 | 1;
        let batch = program(&device, |batch| {
            batch.store_u32(at, value);
        })?;
        let list = vec![target.written_at(at), batch.pinned_at(BATCH)];
        Exec2::new(list).submit(&device)?;
        target.wait(-1)?;
        ensure_eq!(target.map()?.read_u32(0), value, "at {at:#x}");
    }
    Ok(())
}

/// BATCH_FIRST: the batch is the first one of the list.
fn batch_first() -> Outcome {
    let device = Device::open()?;
    let target = Object::create(&device, PAGE)?;
    let batch = program(&device, |batch| {
        batch.store_u32(TARGET, 12);
    })?;
    let list = vec![batch.pinned_at(BATCH), target.written_at(TARGET)];
    Exec2::new(list)
        .flags(I915_EXEC_BATCH_FIRST)
        .submit(&device)?;
    target.wait(-1)?;
    ensure_eq!(target.map()?.read_u32(0), 12, "what the batch writes");
    Ok(())
}

/// The batch may begin within its object.
fn batch_start_offset() -> Outcome {
    let device = Device::open()?;
    let target = Object::create(&device, PAGE)?;
    let batch = program(&device, |batch| {
        batch
            .store_u32(TARGET, 1)
            .pad_to(0x100)
            .store_u32(TARGET + 4, 2);
    })?;
    let mut submission = Exec2::new(vec![target.written_at(TARGET), batch.pinned_at(BATCH)]);
    submission.argument.batch_start_offset = 0x100;
    submission.argument.batch_len = 32;
    submission.submit(&device)?;
    target.wait(-1)?;
    let memory = target.map()?;
    ensure_eq!(
        (memory.read_u32(0), memory.read_u32(4)),
        (0, 2),
        "what the batch writes"
    );
    Ok(())
}

/// Contexts have address spaces of their own: the same object here and there.
fn object_in_two_contexts() -> Outcome {
    let device = Device::open()?;
    let target = Object::create(&device, PAGE)?;
    let contexts = [Context::create(&device)?, Context::create(&device)?];
    for (index, context) in contexts.iter().enumerate() {
        let at = TARGET + 0x1_0000 * index as u64;
        let batch = program(&device, |batch| {
            batch.store_u32(at + 4 * index as u64, 13 + index as u32);
        })?;
        let list = vec![target.written_at(at), batch.pinned_at(BATCH)];
        Exec2::new(list).context(context).submit(&device)?;
    }
    target.wait(-1)?;
    let memory = target.map()?;
    ensure_eq!(
        (memory.read_u32(0), memory.read_u32(4)),
        (13, 14),
        "what both write"
    );
    Ok(())
}

/// An object that is pinned elsewhere the next time moves, and another takes its place.
fn object_moves() -> Outcome {
    let device = Device::open()?;
    let (one, two) = (
        Object::create(&device, PAGE)?,
        Object::create(&device, PAGE)?,
    );
    let batch = program(&device, |batch| {
        batch.store_u32(TARGET, 15).store_u32(TARGET + PAGE, 16);
    })?;
    let run = |first: &Object<'_>, second: &Object<'_>| {
        let list = vec![
            first.written_at(TARGET),
            second.written_at(TARGET + PAGE),
            batch.pinned_at(BATCH),
        ];
        Exec2::new(list).submit(&device)
    };
    run(&one, &two)?;
    one.wait(-1)?;
    ensure_eq!(
        (one.map()?.read_u32(0), two.map()?.read_u32(0)),
        (15, 16),
        "at first"
    );
    run(&two, &one)?;
    one.wait(-1)?;
    ensure_eq!(
        (one.map()?.read_u32(0), two.map()?.read_u32(0)),
        (16, 15),
        "exchanged"
    );
    Ok(())
}

/// Without PINNED the kernel finds a place, tells it, and keeps it.
fn kernel_chooses_addresses() -> Outcome {
    let device = Device::open()?;
    let (target, batch) = (Object::create(&device, PAGE)?, program(&device, |_| {})?);
    let unpinned = |object: &Object<'_>, offset: u64| drm_i915_gem_exec_object2 {
        flags: 0,
        ..object.pinned_at(offset)
    };
    let mut first = Exec2::new(vec![unpinned(&target, 0), unpinned(&batch, 0)]);
    first.argument.flags &= !u64::from(I915_EXEC_NO_RELOC);
    first.submit(&device)?;
    let (at, batch_at) = (first.objects[0].offset, first.objects[1].offset);
    ensure!(
        at.is_multiple_of(PAGE) && at != batch_at,
        "addresses {at:#x}, {batch_at:#x}"
    );
    ensure!(
        at < 1 << 32,
        "without SUPPORTS_48B_ADDRESS it is below 4 GiB: {at:#x}"
    );
    let second_batch = program(&device, |batch| {
        batch.store_u32(at, 17);
    })?;
    let entry = drm_i915_gem_exec_object2 {
        flags: EXEC_OBJECT_WRITE.into(),
        ..unpinned(&target, at)
    };
    let mut second = Exec2::new(vec![entry, unpinned(&second_batch, 0)]);
    second.submit(&device)?;
    ensure_eq!(second.objects[0].offset, at, "the address the second time");
    target.wait(-1)?;
    ensure_eq!(target.map()?.read_u32(0), 17, "what the batch writes there");
    Ok(())
}

/// Without an engine map the engine is one of the old rings.
fn legacy_rings() -> Outcome {
    let device = Device::open()?;
    let target = Object::create(&device, PAGE)?;
    let rings = [
        I915_EXEC_DEFAULT,
        I915_EXEC_RENDER,
        I915_EXEC_BSD,
        I915_EXEC_BSD | I915_EXEC_BSD_RING1,
        I915_EXEC_BSD | I915_EXEC_BSD_RING2,
        I915_EXEC_BLT,
        I915_EXEC_VEBOX,
    ];
    for (index, ring) in (0..).zip(rings) {
        let batch = program(&device, |batch| {
            batch.store_u32(TARGET + 4 * index, 20 + index as u32);
        })?;
        let list = vec![target.written_at(TARGET), batch.pinned_at(BATCH)];
        Exec2::new(list).engine(ring).submit(&device)?;
        target.wait(-1)?;
        let got = target.map()?.read_u32(4 * index as usize);
        ensure_eq!(got, 20 + index as u32, "ring {ring:#x}");
    }
    Ok(())
}

/// With an engine map the ring number is an index of the map.
fn engine_map() -> Outcome {
    let device = Device::open()?;
    let target = Object::create(&device, PAGE)?;
    let engines = [Engine::VECS0, Engine::NONE, Engine::RCS0];
    let context = Context::with_params(&device, &[Param::engines(&engines)])?;
    let batch = program(&device, |batch| {
        batch.pipe_control(virtio_igpu_guest_tests::gpu::Tail::Write(TARGET, 25));
    })?;
    let run = |index| {
        let list = vec![target.written_at(TARGET), batch.pinned_at(BATCH)];
        Exec2::new(list)
            .context(&context)
            .engine(index)
            .submit(&device)
    };
    run(2)?;
    target.wait(-1)?;
    ensure_eq!(
        target.map()?.read_u64(0),
        25,
        "what the render engine writes"
    );
    expect_errno(run(1), Errno::EINVAL, "an empty place")?;
    expect_errno(run(3), Errno::EINVAL, "a place behind the end")
}

/// HANDLE_LUT: accepted without relocations too; the objects are those of the list.
fn handle_lut() -> Outcome {
    let device = Device::open()?;
    let target = Object::create(&device, PAGE)?;
    let batch = program(&device, |batch| {
        batch.store_u32(TARGET, 26);
    })?;
    let list = vec![target.written_at(TARGET), batch.pinned_at(BATCH)];
    Exec2::new(list)
        .flags(I915_EXEC_HANDLE_LUT)
        .submit(&device)?;
    target.wait(-1)?;
    ensure_eq!(target.map()?.read_u32(0), 26, "what the batch writes");
    Ok(())
}

/// The fence array waits for and signals binary syncobjs.
fn fence_array() -> Outcome {
    let device = Device::open()?;
    let (object, memory, spinner) = spinner(&device)?;
    let target = Object::create(&device, PAGE)?;
    let (first, second) = (Syncobj::create(&device)?, Syncobj::create(&device)?);
    let spinning = Exec2::new(vec![object.pinned_at(BATCH)]).engine(BLIT);
    spinning
        .fence(first.handle(), I915_EXEC_FENCE_SIGNAL)
        .submit(&device)?;
    let batch = program(&device, |batch| {
        batch.store_u32(TARGET, 27);
    })?;
    let list = vec![target.pinned_at(TARGET), batch.pinned_at(BATCH + PAGE)];
    let waiting = Exec2::new(list)
        .engine(RENDER)
        .fence(first.handle(), I915_EXEC_FENCE_WAIT);
    waiting
        .fence(second.handle(), I915_EXEC_FENCE_SIGNAL)
        .submit(&device)?;
    wait_until("the spinner has started", || spinner.has_started(&memory))?;
    expect_errno(
        second.wait(A_WHILE),
        Errno::ETIME,
        "the second while the first runs",
    )?;
    ensure_eq!(
        target.map()?.read_u32(0),
        0,
        "what the second writes, while the first runs"
    );
    spinner.end(&memory);
    second.wait(PATIENCE)?;
    ensure_eq!(target.map()?.read_u32(0), 27, "what the second writes");
    Ok(())
}

/// USE_EXTENSIONS with timeline fences.
fn timeline_fences() -> Outcome {
    let device = Device::open()?;
    let batch = program(&device, |_| {})?;
    let timeline = Syncobj::create(&device)?;
    for point in 1..=3u64 {
        let wait = drm_i915_gem_exec_fence {
            handle: timeline.handle(),
            flags: I915_EXEC_FENCE_WAIT,
        };
        let signal = drm_i915_gem_exec_fence {
            flags: I915_EXEC_FENCE_SIGNAL,
            ..wait
        };
        let (fences, values) = ([signal, wait], [point, point - 1]);
        let count = if point > 1 { 2 } else { 1 };
        let name = DRM_I915_GEM_EXECBUFFER_EXT_TIMELINE_FENCES;
        let extension = drm_i915_gem_execbuffer_ext_timeline_fences {
            base: i915_user_extension {
                name,
                ..Default::default()
            },
            fence_count: count,
            handles_ptr: virtio_igpu_guest_tests::sys::address_of(&fences),
            values_ptr: virtio_igpu_guest_tests::sys::address_of(&values),
        };
        let mut submission = Exec2::new(vec![batch.pinned_at(BATCH)]);
        submission = submission.flags(I915_EXEC_USE_EXTENSIONS);
        submission.argument.cliprects_ptr = virtio_igpu_guest_tests::sys::address_of(&extension);
        submission.submit(&device)?;
    }
    timeline.wait_point(3, PATIENCE)?;
    ensure_eq!(timeline.reached()?, 3, "the timeline");
    Ok(())
}

/// FENCE_OUT gives a sync_file, FENCE_IN waits for one.
fn fence_out_and_in() -> Outcome {
    let device = Device::open()?;
    let (object, memory, spinner) = spinner(&device)?;
    let spinning = Exec2::new(vec![object.pinned_at(BATCH)]).engine(BLIT);
    let first = spinning.submit_with_fence(&device)?;
    ensure_eq!(
        sync_file_status(&first)?,
        0,
        "the first's status while it runs"
    );
    let batch = program(&device, |_| {})?;
    let waiting = Exec2::new(vec![batch.pinned_at(BATCH + PAGE)])
        .engine(RENDER)
        .after(&first);
    let second = waiting.submit_with_fence(&device)?;
    std::thread::sleep(A_WHILE);
    ensure_eq!(
        sync_file_status(&second)?,
        0,
        "the second's status while the first runs"
    );
    spinner.end(&memory);
    let syncobj = Syncobj::create(&device)?;
    syncobj.import_sync_file(&second)?;
    syncobj.wait(PATIENCE)?;
    let status = (sync_file_status(&first)?, sync_file_status(&second)?);
    ensure_eq!(status, (1, 1), "both after the end");
    Ok(())
}

/// GEM_WAIT and GEM_BUSY see the work from the moment EXECBUFFER2 returns to its end.
fn wait_and_busy() -> Outcome {
    let device = Device::open()?;
    let (object, memory, spinner) = spinner(&device)?;
    ensure_eq!(object.busy()?, 0, "BUSY before");
    ensure_eq!(object.wait(0)?, 0, "WAIT before");
    Exec2::new(vec![object.pinned_at(BATCH)])
        .engine(BLIT)
        .submit(&device)?;
    let blitter = 1 << (I915_ENGINE_CLASS_COPY.cast_unsigned() + 16);
    ensure_eq!(object.busy()?, blitter, "BUSY: read by the blitter's class");
    wait_until("the spinner has started", || spinner.has_started(&memory))?;
    expect_errno(object.wait(0), Errno::ETIME, "WAIT with no patience")?;
    expect_errno(
        object.wait(NANOSECONDS / 20),
        Errno::ETIME,
        "WAIT with some patience",
    )?;
    ensure_eq!(object.busy()?, blitter, "BUSY after the waits");
    spinner.end(&memory);
    let left = object.wait(PATIENCE.as_secs() as i64 * NANOSECONDS)?;
    ensure!(left > 0, "WAIT with much patience leaves {left} ns");
    ensure_eq!(object.busy()?, 0, "BUSY after");
    object.wait(-1)?;
    Ok(())
}

/// BUSY: readers by class in the upper half, the writer in the lower.
fn readers_are_told_apart() -> Outcome {
    let device = Device::open()?;
    let (spin, memory, spinner) = spinner(&device)?;
    let (read, written) = (
        Object::create(&device, PAGE)?,
        Object::create(&device, PAGE)?,
    );
    let list = vec![
        read.pinned_at(TARGET),
        written.written_at(TARGET + PAGE),
        spin.pinned_at(BATCH),
    ];
    Exec2::new(list).engine(RENDER).submit(&device)?;
    let render = I915_ENGINE_CLASS_RENDER.cast_unsigned();
    ensure_eq!(read.busy()?, 1 << (render + 16), "what is read");
    let writer = 1 << (render + 16) | (render + 1);
    ensure_eq!(written.busy()?, writer, "what is written");
    spinner.end(&memory);
    written.wait(-1)?;
    ensure_eq!(written.busy()?, 0, "after the end");
    Ok(())
}

/// Work that reads an object runs after the work that writes it, on whatever engine.
fn implicit_order_between_engines() -> Outcome {
    let device = Device::open()?;
    let (spin, memory, spinner) = spinner(&device)?;
    let (shared, result) = (
        Object::create(&device, PAGE)?,
        Object::create(&device, PAGE)?,
    );
    let list = vec![shared.written_at(TARGET), spin.pinned_at(BATCH)];
    Exec2::new(list).engine(BLIT).submit(&device)?;
    let reader = program(&device, |batch| {
        batch.store_u32(TARGET + PAGE, 28);
    })?;
    let list = vec![
        shared.pinned_at(TARGET),
        result.written_at(TARGET + PAGE),
        reader.pinned_at(BATCH + PAGE),
    ];
    Exec2::new(list).engine(RENDER).submit(&device)?;
    wait_until("the spinner has started", || spinner.has_started(&memory))?;
    expect_errno(
        result.wait(NANOSECONDS / 10),
        Errno::ETIME,
        "the reader while the writer runs",
    )?;
    ensure_eq!(
        result.map()?.read_u32(0),
        0,
        "what the reader writes meanwhile"
    );
    spinner.end(&memory);
    result.wait(-1)?;
    ensure_eq!(result.map()?.read_u32(0), 28, "what the reader writes");
    Ok(())
}

/// PREAD returns what the GPU's writer leaves, with no other call in between.
fn pread_waits_for_the_writer() -> Outcome {
    let device = Device::open()?;
    let target = Object::create(&device, PAGE)?;
    for round in 1..=20u32 {
        let batch = program(&device, |batch| {
            for _ in 0..50 {
                batch.store_u32(TARGET, 0);
            }
            batch.store_u32(TARGET, round);
        })?;
        let list = vec![target.written_at(TARGET), batch.pinned_at(BATCH)];
        Exec2::new(list).submit(&device)?;
        let mut dword = [0; 4];
        target.pread(0, &mut dword)?;
        ensure_eq!(u32::from_le_bytes(dword), round, "round {round}");
    }
    Ok(())
}

/// Closing handles while the GPU uses the objects takes nothing away from it.
fn closed_while_busy() -> Outcome {
    let device = Device::open()?;
    let (object, memory, spinner) = spinner(&device)?;
    let target = Object::create(&device, PAGE)?;
    let result = target.map()?;
    let done = Syncobj::create(&device)?;
    let list = vec![target.written_at(TARGET), object.pinned_at(BATCH)];
    Exec2::new(list).engine(BLIT).submit(&device)?;
    let batch = program(&device, |batch| {
        batch.store_u32(TARGET, 29);
    })?;
    let list = vec![target.written_at(TARGET), batch.pinned_at(BATCH + PAGE)];
    let after = Exec2::new(list).engine(BLIT);
    after
        .fence(done.handle(), I915_EXEC_FENCE_SIGNAL)
        .submit(&device)?;
    wait_until("the spinner has started", || spinner.has_started(&memory))?;
    object.close()?;
    target.close()?;
    batch.close()?;
    ensure_eq!(result.read_u32(0), 0, "before the end");
    spinner.end(&memory);
    done.wait(PATIENCE)?;
    ensure_eq!(result.read_u32(0), 29, "after the end");
    Ok(())
}

/// THROTTLE returns 0.
fn throttle() -> Outcome {
    let device = Device::open()?;
    let batch = program(&device, |_| {})?;
    Exec2::new(vec![batch.pinned_at(BATCH)]).submit(&device)?;
    device.call::<virtio_igpu_guest_tests::sys::request::GemThrottle>(&mut [])?;
    Ok(())
}

/// Two clients' objects at the same addresses don't meet.
fn two_clients() -> Outcome {
    let (one, two) = (Device::open()?, Device::open()?);
    let targets = [Object::create(&one, PAGE)?, Object::create(&two, PAGE)?];
    for (index, (device, target)) in [&one, &two].into_iter().zip(&targets).enumerate() {
        let batch = program(device, |batch| {
            batch.store_u32(TARGET, 30 + index as u32);
        })?;
        let list = vec![target.written_at(TARGET), batch.pinned_at(BATCH)];
        Exec2::new(list).submit(device)?;
    }
    for (index, target) in targets.iter().enumerate() {
        target.wait(-1)?;
        ensure_eq!(
            target.map()?.read_u32(0),
            30 + index as u32,
            "client {index}"
        );
    }
    Ok(())
}

/// Two objects of one list can't be pinned at overlapping addresses.
fn overlapping_addresses() -> Outcome {
    let device = Device::open()?;
    let (one, batch) = (
        Object::create(&device, 2 * PAGE)?,
        program(&device, |_| {})?,
    );
    let list = vec![one.pinned_at(TARGET), batch.pinned_at(TARGET + PAGE)];
    expect_errno(
        Exec2::new(list).submit(&device),
        Errno::ENOSPC,
        "an overlap",
    )
}
